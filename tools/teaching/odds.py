"""How often a figure from one run shows what the teacher is about to say.

A core shows some figures of one run. Each `Demonstration` below repeats such a run under 200 seeds,
with the notebook's own functions, and measures the quantity that the sentence is about. The first
seed is that of the run that the notebook stores.

The share is measured with `training.fit_replicas`. Which seed to type is found with the notebook's
own cells, where these call `model.fit`.

    python -m tools.teaching.odds            measure all and write class/odds.json
    python -m tools.teaching.odds 01-fall    measure these alone and keep the others
"""

import argparse
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from helpers import evidence
from tools.teaching import lesson

matplotlib.use("Agg")
SEEDS = 200
ODDS = lesson.CLASS / "odds.json"


@dataclass(frozen=True)
class Demonstration:
    """A figure or a line that comes from one run.

    Attributes
    ----------
    cell : str
        Id of the notebook's cell that shows it.
    says : str
        What the teacher is about to say of it.
    measure : callable
        Takes the notebook's names and a list of seeds; returns one value per seed.
    shows : callable
        Takes the values and says which of them show it.
    change : str
        What to type to see seed K.
    first : int, default 0
        Seed of the run that the notebook stores.
    once : callable, optional
        Takes a seed, runs the notebook's own cells with it and returns the value. Needed where the
        notebook calls `model.fit`: it draws other batch orders from a seed than `fit_replicas`.
    """

    cell: str
    says: str
    measure: Callable
    shows: Callable
    change: str
    first: int = 0
    once: Callable | None = None


def _circle(names, seeds, build, every, epochs=200):
    data = names["data"]
    parts = data.cut(*data.per_seed(lambda rng: data.circle(100, rng), seeds), 80)
    runs = names["training"].fit_replicas(build, *parts, epochs=epochs, seeds=seeds)
    return [runs[split, "accuracy"][:, every - 1 :: every] for split in ("train", "validation")]


def fall(names, seeds):
    """Program 1.1, measured after every 20th epoch: best validation accuracy minus the last."""
    _, validation = _circle(names, seeds, names["build_model"], 20)
    return validation.max(axis=1) - validation[:, -1]


def training_end(names, seeds):
    """Program 1.1: training accuracy after the last epoch."""
    return _circle(names, seeds, names["build_model"], 20)[0][:, -1]


def l2_fall(names, seeds):
    """Program 1.2, 150 epochs, every 25th: fall of validation accuracy, or the gap if larger."""
    train, validation = _circle(names, seeds, lambda: names["build_network"](2, 0.01), 25, 150)
    falls = validation.max(axis=1) - validation[:, -1]
    return np.maximum(falls, train[:, -1] - validation[:, -1])


def _toss_fit(names, seed, model):
    x, y = names["data"].unrelated(100, 10, np.random.default_rng(seed))
    return model.fit(x[:80], y[:80]), x[80:], y[80:]


def ridge_right(names, seeds):
    """Program 2.1: of 20 held-out tosses, those that the rounded Ridge gets right."""
    fits = (_toss_fit(names, seed, names["Ridge"](alpha=1)) for seed in seeds)
    return np.array([(np.round(fit.predict(x)) == y).sum() for fit, x, y in fits])


def lasso_kept(names, seeds):
    """Program 2.1: weights of the Lasso that are not zero."""
    fits = (_toss_fit(names, seed, names["Lasso"](alpha=1)) for seed in seeds)
    return np.array([(fit.coef_ != 0).sum() for fit, *_ in fits])


def corner(names, seeds):
    """Two budgets: zeros among Lasso's two weights minus zeros among Ridge's."""
    values = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        pair = rng.standard_normal((50, 2))
        answer = pair @ [1.0, 0.3] + rng.standard_normal(50)
        ridge = names["Ridge"](alpha=25, fit_intercept=False).fit(pair, answer).coef_
        lasso = names["Lasso"](alpha=0.5, fit_intercept=False).fit(pair, answer).coef_
        values.append((lasso == 0).sum() - (ridge == 0).sum())
    return np.array(values)


def disc(names, seeds):
    """Program 1.3, 25 epochs: share of a grid on which the network and the circle agree."""
    data = names["data"]
    x, y = data.per_seed(lambda rng: data.circle(1_000, rng), seeds)
    train = x[:, :800], y[:, :800]
    runs = names["training"].fit_replicas(names["build_model"], train, epochs=25, seeds=seeds)
    square = names["plotting"].grid(40)
    return _agreement(square, runs.predict(square)[..., 0])


def _agreement(square, probability):
    inside = ((square - 0.5) ** 2).sum(axis=1) < 0.1  # as `data.circle` draws it
    return ((probability > 0.5) == inside).mean(axis=-1)


def restored(names, seeds):
    """Program 5.3: the epoch that the callback restores."""
    data = names["data"]
    rows = data.per_seed(lambda rng: names["coins"](1_000, rng), seeds)
    train, watched = data.cut(*rows, 800)
    runs = names["training"].fit_replicas(
        lambda: names["build_model"](64), train, watched, epochs=names["EPOCHS"], seeds=seeds
    )
    return runs.early_stopping(patience=names["PATIENCE"])[1]


def smote_added(names, seeds):
    """Program 2.3: rows that SMOTE adds."""
    return np.array([names["added_rows"](seed) for seed in seeds])


def leak(names, seeds):
    """SMOTE before the split: validation F1 minus test F1."""
    names["SEEDS"], names["draws"] = seeds, [names["draw"](seed) for seed in seeds]
    scores = [names["f1"](y, p >= 0.5) for y, p in names["answers"](names["smote_first"], 32)]
    return scores[0] - scores[1]


def _late(names, seeds):
    data = names["data"]
    both = data.per_seed(lambda rng: names["task"](1_200, rng), seeds)
    train, validation = data.cut(*both, names["TRAIN_ROWS"])
    return names["training"].fit_replicas(
        names["build_model"], train, validation, epochs=names["EPOCHS"], seeds=seeds
    )


def late_drop(names, seeds):
    """One run of 06: largest fall of the validation accuracy between two epochs after 20."""
    late = _late(names, seeds)["validation", "accuracy"][:, names["SETTLED"] :]
    return -np.diff(late, axis=1).min(axis=1)


def five_heights(names, seeds):
    """One network on five sets of 200 rows: highest minus lowest accuracy at the end."""
    networks, values = _late(names, seeds).weights, []
    for i, seed in enumerate(seeds):
        x, y = names["task"](names["LARGE"], np.random.default_rng(seed + 1))
        hit = (names["probability"]([w[i][None] for w in networks], x) > 0.5) == (y == 1)
        values.append(np.ptp(names["in_sets"](hit[0, :1_000], 200)))
    return np.array(values)


def untrained(names, seeds):
    """Program 4.3: accuracy of an untrained network on 180 rows of class 0 and 20 of class 1."""
    called, positive = np.swapaxes([names["untrained_run"](seed) for seed in seeds], 0, 1)
    return (called == positive).mean(axis=1)


def unskilled(names, seeds):
    """Program 5.1: validation accuracy after the last epoch."""
    data = names["data"]
    draws = data.per_seed(lambda rng: data.unrelated(100, 10, rng, positives=10), seeds)
    runs = names["training"].fit_replicas(
        lambda: names["build"](10, 64), *data.cut(*draws, 80), epochs=names["EPOCHS"], seeds=seeds
    )
    return runs["validation", "accuracy"][:, -1]


def _typed(wanted, cells, seed):
    """Run cells with the seed that a teacher types in them."""
    changes = [(f"{name}(0)", f"{name}({seed})") for name in ("default_rng", "set_random_seed")]
    if wanted == "06":
        changes.append(("default_rng(1)", f"default_rng({seed + 1})"))
    names = lesson.run(wanted, cells, changes)
    plt.close("all")
    return names


def _circle_once(seed):
    return _typed("01", ["cell-05", "cell-10"], seed)["history"]


def _near_100_once(seed):
    return _circle_once(seed)["accuracy"][-1]


def _fall_once(seed):
    curve = _circle_once(seed)["val_accuracy"]
    return max(curve) - curve[-1]


def _l2_once(seed):
    history = _typed("02", ["cell-08", "cell-11"], seed)["history"]
    train, curve = history["accuracy"], history["val_accuracy"]
    return max(max(curve), train[-1]) - curve[-1]


def _disc_once(seed):
    names = _typed("03", ["cell-05", "cell-10"], seed)
    return _agreement(names["square"], names["probability"][:, 0])


def _restored_once(seed):
    names = lesson.run("04", ["cell-10", "cell-12"], SEED=seed)
    plt.close("all")
    return names["best"]


def _late_once(seed):
    names = _typed("06", ["task", "one", "five", "five-figure"], seed)
    return names["history"]["val_accuracy"][names["SETTLED"] :], names["five_sets"][:, -1]


def _drop_once(seed):
    return -np.diff(_late_once(seed)[0]).min()


def _heights_once(seed):
    return np.ptp(_late_once(seed)[1])


_BOTH = "`default_rng(K)` where the points are drawn, `set_random_seed(K)` before the training"
_EPSILON = 1e-6  # accuracies are kept in single precision
DEMONSTRATIONS = {
    "01-near-100": Demonstration(
        "cell-10",
        "Training accuracy gets near 100 %: 95 % or more.",
        training_end,
        lambda v: v > 0.95 - _EPSILON,
        _BOTH,
        once=_near_100_once,
    ),
    "01-fall": Demonstration(
        "cell-10",
        "Validation accuracy peaks and then falls, by a row of the twenty or more.",
        fall,
        lambda v: v > 0.05 - _EPSILON,
        _BOTH,
        once=_fall_once,
    ),
    "02-no-overfitting": Demonstration(
        "cell-11",
        "With L2 there is no sign of overfitting: no fall and no gap above 5 points.",
        l2_fall,
        lambda v: v < 0.05 + _EPSILON,
        _BOTH,
        once=_l2_once,
    ),
    "02b-coin": Demonstration(
        "r-program",
        "The rounded Ridge is right on about half of the tosses: 8 to 12 of 20.",
        ridge_right,
        lambda v: abs(v - 10) <= 2,
        "`default_rng(K)`",
    ),
    "02b-zeros": Demonstration(
        "r-program",
        "Every weight of the Lasso is zero.",
        lasso_kept,
        lambda v: v == 0,
        "`default_rng(K)`",
    ),
    "02b-corner": Demonstration(
        "r-geometry",
        "Lasso makes one of the two weights exactly zero, Ridge none.",
        corner,
        lambda v: v == 1,
        "`default_rng(K)`",
        first=1,
    ),
    "03-disc": Demonstration(
        "cell-10",
        "The network has found the disc: both agree on 95 % of the square or more.",
        disc,
        lambda v: v > 0.95 - _EPSILON,
        _BOTH,
        once=_disc_once,
    ),
    "04-early": Demonstration(
        "cell-12",
        "The callback restores an early epoch, one of the first twenty.",
        restored,
        lambda v: v <= 20,
        "`SEED = K`, then the cells from the settings to the figure",
        once=_restored_once,
    ),
    "05-nothing-added": Demonstration(
        "cell-10",
        "SMOTE adds no row: there is nothing to balance.",
        smote_added,
        lambda v: v == 0,
        "`random_state=K`, twice",
        first=42,
    ),
    "05-leak": Demonstration(
        "cell-23",
        "The same network has a far better F1 on its validation rows: by 0.2 or more.",
        leak,
        lambda v: v > 0.2,
        "`SEED = K - 500`, then the cells from the settings to the figure",
        first=500,
    ),
    "06-fluctuates": Demonstration(
        "one",
        "Late, the validation curve still falls by a point or more between two epochs.",
        late_drop,
        lambda v: v > 0.01 - _EPSILON,
        _BOTH,
        once=_drop_once,
    ),
    "06-heights": Demonstration(
        "five-figure",
        "The five curves of one network end at other heights, 3 points apart or more.",
        five_heights,
        lambda v: v > 0.03 - _EPSILON,
        _BOTH + ", `default_rng(K + 1)` for the rows of the five sets",
        once=_heights_once,
    ),
    "07-ninety": Demonstration(
        "cell-10",
        "The untrained network scores about 90 %: 85 % or more.",
        untrained,
        lambda v: v > 0.85 - _EPSILON,
        _BOTH,
    ),
    "07-flat": Demonstration(
        "cell-26",
        "Without skill the validation accuracy is about 90 %: 85 % or more.",
        unskilled,
        lambda v: v > 0.85 - _EPSILON,
        "`SEED = K`, then the cells from the settings to the figure",
    ),
}


def measured(name, seeds):
    """Return a demonstration's values, one per seed, with four decimals."""
    demonstration = DEMONSTRATIONS[name]
    names = lesson.definitions(name.split("-")[0])
    return np.round(np.asarray(demonstration.measure(names, list(seeds)), float), 4)


def record(name):
    """Measure one demonstration under all seeds and return what class/odds.json keeps of it."""
    shown = DEMONSTRATIONS[name]
    seeds = range(shown.first, shown.first + SEEDS)
    values = measured(name, seeds)
    kept = {"first": shown.first, "values": values.tolist()}
    if shown.once:
        kept["typed"] = _tried(shown, seeds, shown.shows(values))
    return kept


def _tried(shown, seeds, shows, most=6):
    """Type seeds into the notebook's cells: the stored one, then until both outcomes were seen."""
    values = {seeds[0]: _typed_value(shown, seeds[0])}
    for wanted in (True, False):
        for seed in np.asarray(seeds)[shows == wanted][:most].tolist():
            if any(bool(shown.shows(value)) == wanted for value in values.values()):
                break
            values[seed] = _typed_value(shown, seed)
    return {str(seed): value for seed, value in values.items()}


def _typed_value(shown, seed):
    return round(float(shown.once(seed)), 4)


@functools.cache
def read():
    """Return the odds of each demonstration.

    Returns
    -------
    dict of str to dict
        `shows`, how many of the `runs` show what is said; `low` and `high`, Wilson's 95 % interval
        of the share; `stored`, whether the run in the notebook shows it; `see` and `not_see`, the
        first seeds, typed into the notebook, that do and do not, or None.
    """
    found = {}
    for name, kept in json.loads(ODDS.read_text(encoding="utf-8")).items():
        shown, values = DEMONSTRATIONS[name], kept["values"]
        shows = np.asarray(shown.shows(np.array(values)))
        _, low, high = evidence.proportion(int(shows.sum()), len(shows))
        typed = kept.get("typed") or {kept["first"] + i: v for i, v in enumerate(values)}
        typed = {int(seed): bool(shown.shows(value)) for seed, value in typed.items()}
        found[name] = {
            "shows": int(shows.sum()),
            "runs": len(shows),
            "low": low,
            "high": high,
            "stored": typed[kept["first"]],
            "see": next((seed for seed, does in typed.items() if does), None),
            "not_see": next((seed for seed, does in typed.items() if not does), None),
        }
    return found


def main():
    """Measure the demonstrations named on the command line, or all, and write the odds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of DEMONSTRATIONS")
    names = parser.parse_args().names
    kept = json.loads(ODDS.read_text(encoding="utf-8")) if names else {}
    for name in names or DEMONSTRATIONS:
        kept[name] = record(name)
        print(name, DEMONSTRATIONS[name].shows(np.array(kept[name]["values"])).sum(), flush=True)
    text = ",\n".join(f'"{name}": {json.dumps(kept[name])}' for name in DEMONSTRATIONS)
    ODDS.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
