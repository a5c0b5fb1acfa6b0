"""Measure how often `helpers.diagnosis` is right, where the truth is known.

    python benchmarks/diagnosis.py first     train and judge the half that chooses the rules
    python benchmarks/diagnosis.py second    the half that chose nothing: writes diagnosis.json

Thirty-six situations in two halves, 100 runs each. Every run draws its own rows, initial weights
and batch order. The second half was fixed before anything was trained, and is opened once, when the
rules are done. Curves are not stored: the seeds make them again, and the folder ``build/bench``
keeps them for the next call.

The rule of truth, written before any run
-----------------------------------------
A run is trained for twice the epochs that its history shows. Its loss and accuracy on fresh rows
are measured at 20 evenly spaced epochs of the part shown and at 20 after it. Fresh rows are drawn
from where the model is used: 2,000 of them, or all rows left over of a real data set. The curve is
smoothed with a running mean over three measurements, so that one lucky step counts for little.

- *End* is the last smoothed value of the part shown, *best* the lowest smoothed loss (highest
  accuracy) of that part.
- A difference of loss matters if it exceeds 5 % of the loss at its best and 1 % of the loss of a
  constant prediction (the share of each class, the mean of y, in the fresh rows). A difference of
  accuracy matters if it exceeds 2 points. Both are about three standard errors of a paired
  difference on 2,000 rows, so truth itself is not a matter of luck.
- A run is **worse** if end is worse than best by a difference that matters, in loss or in accuracy.
  It is **overfit** if it is worse and its training loss is lower at the end than around the best
  epoch, and **unstable** (it went back) if its training loss is not lower. Without accuracy the
  loss alone decides.
- A run is **unfinished** if it is not worse, and training on to twice the epochs lowers its fresh
  loss by a difference that matters.
- A run has **no skill** if its best fresh loss is not 2 % below that of a constant prediction.

There is no grey zone: every run is overfit or not, unstable or not, and so on. A run that is not
overfit and is called overfit is a false alarm, whatever else is wrong with it.

In the situations *leak* and *shift* the validation rows are not rows of the world, so no rule on
curves can see what fresh rows would show. They stand in the table, and the pooled figures are given
with and without them.

What came after
---------------
Six situations were added to the first half after a first look at it, before the second was opened.
All its healthy runs were still learning, its overfit runs came from few situations, and few runs
went back. They are *clouds, linear*, *noisy circle, 300 rows, L2*, *noisy circle, 80 rows, longer*,
*noisy circle, 40 rows*, *circle, Adam at 0.5* and *tumours, SGD at 2*. The rule of truth and the
second half are as they were written before any run.

The first form has no finding for *no skill*: rules for it, tried on the first half, missed most
such runs, since a history does not hold the shares of the classes. The second form has one.

With replicates, 20 data sets a situation are split five times each, for the time it takes.

Sought of the second half and not reached: an F1 of 0.9 from one history where silence counts as
missed (it is reached among the runs that get an answer), and one of 0.97 from replicates. The runs
that are missed come from few situations. Of *noisy moons* and *coin labels, RMSprop* a minority is
overfit, by little more than the margin. In *clouds, Adam at 0.3* the validation loss explodes while
the training loss falls little; the rule says nothing there, or names another fault. In *circle,
linear* and *moons, SGD at 0.01* accuracy falls and the loss does not, and the rule looks at losses
alone. Two of the three situations with 2,000 validation rows are *noisy moons* and *coin labels,
RMSprop*.
"""

import hashlib
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn import datasets

from helpers import data, diagnosis

ROOT = Path(__file__).resolve().parents[1]
RUNS = 100
POINTS = 20  # measurements on fresh rows in the part shown, and as many after it
FRESH = 2_000
LOSS_MARGIN = 0.05
FLOOR = 0.01
ACCURACY_MARGIN = 0.02
SKILL = 0.02


# --- worlds: functions of (rows, rng) that return x and y -----------------------------------------


def circle(flip=0.0):
    """Return the course's circle."""
    return lambda rows, rng: data.circle(rows, rng, flip)


def unrelated(features):
    """Return labels by coin toss."""
    return lambda rows, rng: data.unrelated(rows, features, rng)


def moons(noise, flip=0.0):
    """Return two interleaved half circles, scikit-learn's `make_moons`."""

    def draw(rows, rng):
        x, y = datasets.make_moons(rows, noise=noise, random_state=int(rng.integers(2**31)))
        return x, (y ^ (rng.random(rows) < flip)).astype(float)

    return draw


def clouds(features, distance, share=0.5):
    """Return two normal clouds whose centres lie `distance` standard deviations apart."""

    def draw(rows, rng):
        y = (rng.random(rows) < share).astype(float)
        x = rng.standard_normal((rows, features))
        return x + y[:, None] * distance / np.sqrt(features), y

    return draw


def friedman(noise):
    """Return scikit-learn's `make_friedman1`, y in units of about its standard deviation."""

    def draw(rows, rng):
        seed = int(rng.integers(2**31))
        x, y = datasets.make_friedman1(rows, noise=noise, random_state=seed)
        return x, (y - 14) / 5

    return draw


# --- where the rows of a run come from: (rng) -> [train, validation, fresh] -----------------------


def sound(world, rows, validation):
    """Draw all rows from one world."""

    def draw(seeds):
        drawn = data.per_seed(lambda rng: world(rows + validation + FRESH, rng), seeds)
        return data.cut(*drawn, rows, validation)

    return draw


def copies(world, rows, validation, noise):
    """Draw rows, copy each four times with a little noise, and split only then: a leak."""

    def one(rng):
        x, y = world((rows + validation) // 4, rng)
        x, y = np.repeat(x, 4, axis=0), np.repeat(y, 4)
        order = rng.permutation(len(x))
        x = (x + noise * rng.standard_normal(x.shape))[order]
        fresh = world(FRESH, rng)
        return np.concatenate([x, fresh[0]]), np.concatenate([y[order], fresh[1]])

    return lambda seeds: data.cut(*data.per_seed(one, seeds), rows, validation)


def shifted(world, rows, validation, keep):
    """Draw training and validation rows where the right half of the world is rare."""

    def one(rng):
        x, y = world(20 * (rows + validation), rng)
        kept = (x[:, 0] < np.median(x[:, 0])) | (rng.random(len(x)) < keep)
        fresh = world(FRESH, rng)
        first = [values[kept][: rows + validation] for values in (x, y)]
        return tuple(np.concatenate(pair) for pair in zip(first, fresh, strict=True))

    return lambda seeds: data.cut(*data.per_seed(one, seeds), rows, validation)


def real(load, rows, validation, flip=0.0, target=None):
    """Split a data set of scikit-learn's at random; what is left over are the fresh rows."""

    def draw(seeds):
        x, y = load(return_X_y=True)
        y = y.astype(float) if target is None else target(y)
        left = len(x) - rows - validation
        parts = data.resplit(x, y, [rows, validation, left], seeds)
        rng = np.random.default_rng(seeds[0])
        return [
            (x, np.where(rng.random(y.shape) < flip, 1 - y, y) if flip else y) for x, y in parts
        ]

    return draw


def standardized(y):
    """Return y with mean 0 and standard deviation 1."""
    return (y - y.mean()) / y.std()


def odd(y):
    """Return whether a digit is odd."""
    return (y % 2).astype(float)


# --- the situations -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Situation:
    """A program and its data. `kind` says what it was made to show; truth is measured."""

    name: str
    kind: str
    draw: object
    epochs: int
    widths: tuple = (64, 64)
    outputs: int = 1
    regression: bool = False
    optimizer: str = "adam"
    rate: float = 0.001
    l2: float = 0.0
    dropout: float = 0.0
    batch_size: int = 32
    sizes: tuple = (20, 200)  # validation rows
    half: str = field(default="first", compare=False)

    def build_model(self, features):
        """Return the compiled network."""
        import keras

        penalty = keras.regularizers.L2(self.l2) if self.l2 else None
        layers = [keras.layers.Input((features,))]
        for width in self.widths:
            layers.append(keras.layers.Dense(width, "relu", kernel_regularizer=penalty))
            if self.dropout:
                layers.append(keras.layers.Dropout(self.dropout))
        kind = ("linear", "mse") if self.regression else ("sigmoid", "binary_crossentropy")
        if self.outputs > 1:
            kind = ("softmax", "sparse_categorical_crossentropy")
        model = keras.Sequential([*layers, keras.layers.Dense(self.outputs, kind[0])])
        optimizer = keras.optimizers.get(
            {"class_name": self.optimizer, "config": {"learning_rate": self.rate}}
        )
        metrics = None if self.regression else ["accuracy"]
        model.compile(optimizer=optimizer, loss=kind[1], metrics=metrics)
        return model


THREE = (20, 200, 2_000)
DIGITS, TUMOURS, DIABETES = (
    datasets.load_digits, datasets.load_breast_cancer, datasets.load_diabetes,
)  # fmt: skip
_S = Situation
FIRST = [
    _S("circle, 500 rows", "healthy", sound(circle(), 500, 2000), 60, sizes=THREE),
    _S("friedman, 500 rows", "healthy", sound(friedman(1.0), 500, 200), 60, (32, 32),
       regression=True),
    _S("clouds, dropout and L2", "healthy", sound(clouds(10, 2.0), 200, 200), 60, (32,), l2=0.01,
       dropout=0.3),
    _S("circle, 80 rows", "overfit", sound(circle(), 80, 200), 200),
    _S("noisy circle, 80 rows", "overfit", sound(circle(0.2), 80, 2000), 100, (128, 128),
       sizes=THREE),
    _S("digits, 300 rows", "overfit?", real(DIGITS, 300, 200), 60, (64,), 10),
    _S("tumours, 100 rows", "overfit?", real(TUMOURS, 100, 200), 100),
    _S("diabetes, 120 rows", "overfit", real(DIABETES, 120, 200, target=standardized), 100,
       regression=True),
    _S("coin labels, 100 features", "noise", sound(unrelated(100), 200, 2000), 60, (64,),
       sizes=THREE),
    _S("circle, widths 2 and 2", "underfit", sound(circle(), 500, 200), 60, (2, 2)),
    _S("circle, Adam at 0.0001", "too slow", sound(circle(), 500, 200), 60, (32, 32),
       rate=0.0001),
    _S("circle, 80 rows, Adam at 0.1", "too fast", sound(circle(), 80, 200), 100, rate=0.1),
    _S("clouds, one row in ten", "imbalance", sound(clouds(10, 2.0, 0.1), 300, 200), 60, (32,)),
    _S("noisy circle, copies", "leak", copies(circle(0.2), 80, 200, 0.01), 100, (128, 128)),
    _S("clouds, linear", "healthy", sound(clouds(10, 2.0), 300, 200), 100, (), rate=0.01),
    _S("noisy circle, 300 rows, L2", "healthy", sound(circle(0.2), 300, 200), 100, (32,), l2=0.01,
       rate=0.01),
    _S("noisy circle, 80 rows, longer", "overfit", sound(circle(0.2), 80, 200), 300, (128, 128)),
    _S("noisy circle, 40 rows", "overfit", sound(circle(0.1), 40, 200), 100, rate=0.003,
       batch_size=8),
    _S("circle, Adam at 0.5", "too fast", sound(circle(), 200, 200), 60, (32, 32), rate=0.5),
    _S("tumours, SGD at 2", "too fast", real(TUMOURS, 100, 200), 100, (32, 32), optimizer="sgd",
       rate=2.0),
    _S("circle, right half rare", "shift", shifted(circle(0.1), 200, 200, 0.1), 60),
]  # fmt: skip
SECOND = [
    _S("moons, 500 rows, SGD at 0.1", "healthy", sound(moons(0.2), 500, 2000), 60, (32, 32),
       optimizer="sgd", rate=0.1, batch_size=64, sizes=THREE),
    _S("digits, 600 rows, dropout", "healthy", real(DIGITS, 600, 200), 40, (64,), 10, dropout=0.3),
    _S("tumours, dropout", "healthy", real(TUMOURS, 100, 200), 60, (32,), dropout=0.5),
    _S("diabetes, L2", "healthy", real(DIABETES, 120, 200, target=standardized), 60, (16,),
       regression=True, l2=0.1),
    _S("noisy moons, 100 rows", "overfit", sound(moons(0.2, 0.2), 100, 2000), 150, sizes=THREE),
    _S("clouds, 20 features, 100 rows", "overfit", sound(clouds(20, 2.0), 100, 200), 100, (128,)),
    _S("friedman, 60 rows", "overfit", sound(friedman(2.0), 60, 200), 200, (64, 64),
       regression=True),
    _S("odd digits, wrong labels", "overfit", real(DIGITS, 300, 200, 0.2, odd), 60, (128,)),
    _S("coin labels, RMSprop", "noise", sound(unrelated(10), 200, 2000), 100, (128,),
       optimizer="rmsprop", sizes=THREE),
    _S("circle, linear", "underfit", sound(circle(), 300, 200), 60, ()),
    _S("moons, SGD at 0.01", "too slow", sound(moons(0.2), 200, 200), 60, (32,), optimizer="sgd",
       rate=0.01),
    _S("clouds, Adam at 0.3", "too fast", sound(clouds(10, 2.0), 200, 200), 60, (32, 32),
       rate=0.3),
    _S("clouds, one row in twenty", "imbalance", sound(clouds(5, 2.5, 0.05), 400, 200), 80, (64,),
       batch_size=128),
    _S("clouds, copies", "leak", copies(clouds(5, 1.0), 100, 200, 0.05), 100, (128, 128)),
    _S("moons, right half rare", "shift", shifted(moons(0.3), 200, 200, 0.1), 60),
]  # fmt: skip
HALVES = {"first": FIRST, "second": SECOND}
UNSOUND = ("leak", "shift")


# --- training -------------------------------------------------------------------------------------


def train(situation, seeds=range(RUNS)):
    """Train a situation; return its curves, by (validation rows, name) and ("fresh", name).

    The validation curves of one training are those of the first 20 and 200 rows of the largest
    validation set: the training is repeated for each, with the same seeds.
    """
    from helpers import training

    parts = situation.draw(seeds)
    (x, _), (xv, yv), fresh = parts
    every = situation.epochs // POINTS
    curves = {}
    for rows in situation.sizes:
        first = rows == situation.sizes[0]
        runs = training.fit_replicas(
            lambda: situation.build_model(x.shape[-1]),
            parts[0],
            (xv[:, :rows], yv[:, :rows]),
            test=fresh if first else None,
            test_freq=every,
            epochs=situation.epochs * (2 if first else 1),
            seeds=seeds,
            batch_size=situation.batch_size,
        )
        for name in runs.metrics:
            shown = slice(0, situation.epochs)
            curves["train", name] = runs["train", name][:, shown]
            curves[rows, name] = runs["validation", name][:, shown]
            if first:
                curves["fresh", name] = runs["test", name][:, every - 1 :: every]
    curves["fresh", "constant"] = constant(fresh[1], situation)
    return curves


def constant(y, situation):
    """Return the loss of a constant prediction on the fresh rows of each run, shape (R, 1)."""
    if situation.regression:
        return y.var(axis=1, keepdims=True)
    shares = np.stack([(y == c).mean(axis=1) for c in np.unique(y)])
    return -(shares * np.log(np.maximum(shares, 1e-9))).sum(axis=0)[:, None]


SETS, SPLITS = 20, 5


def replicates(situation):
    """Train a situation as the second form does: 20 data sets, five splits of each.

    Returns
    -------
    dict of str, str to numpy.ndarray
        As `train` returns it, for 200 validation rows, but the mean over the splits of each set.
    """
    from helpers import training

    (x, y), (xv, yv), (xf, yf) = situation.draw(range(SETS))
    rows = y.shape[1]
    xv, yv = xv[:, :200], yv[:, :200]
    x, y = np.concatenate([x, xv], axis=1), np.concatenate([y, yv], axis=1)
    seeds = range(SETS * SPLITS)
    orders = np.stack([np.random.default_rng(seed).permutation(y.shape[1]) for seed in seeds])
    own = np.arange(SETS).repeat(SPLITS)[:, None]
    parts = [(x[own, part], y[own, part]) for part in (orders[:, :rows], orders[:, rows:])]
    every = situation.epochs // POINTS
    runs = training.fit_replicas(
        lambda: situation.build_model(x.shape[-1]),
        *parts,
        test=(xf[own[:, 0]], yf[own[:, 0]]),
        test_freq=every,
        epochs=situation.epochs,
        seeds=seeds,
        batch_size=situation.batch_size,
    )
    curves = {}
    for name in runs.metrics:
        curves["train", name], curves[200, name] = runs["train", name], runs["validation", name]
        fresh = runs["test", name][:, every - 1 :: every]
        # Nothing is asked of the epochs after those shown.
        later = fresh[:, -1:].repeat(POINTS, axis=1)
        curves["fresh", name] = np.concatenate([fresh, later], axis=1)
    mean = {k: v.reshape(SETS, SPLITS, -1).mean(axis=1) for k, v in curves.items()}
    mean["fresh", "constant"] = constant(yf, situation)
    return mean


def curves_of(situation):
    """Return the curves of a situation."""
    return kept(situation.name, lambda: train(situation))


def kept(name, make):
    """Return curves that ``build/bench`` keeps, until this file changes above the rule of truth."""
    source = Path(__file__).read_text(encoding="utf-8").partition("# --- truth")[0]
    key = hashlib.sha256((name + source.partition("# --- worlds")[2]).encode()).hexdigest()[:16]
    path = ROOT / "build" / "bench" / f"{key}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"/".join(map(str, k)): v.astype("float32") for k, v in make().items()}
        np.savez_compressed(path, **arrays)
    with np.load(path) as stored:
        return {
            tuple(int(p) if p.isdigit() else p for p in name.split("/")): stored[name].astype(float)
            for name in stored
        }


# --- truth ----------------------------------------------------------------------------------------


def smooth(values):
    """Return the running mean over three measurements, shape (R, points - 2)."""
    return (values[:, :-2] + values[:, 1:-1] + values[:, 2:]) / 3


def truth(situation, curves):
    """Say of each run what is true of it, by the rule at the top: dict of bool, shape (R,)."""
    loss, no_skill = curves["fresh", "loss"], curves["fresh", "constant"][:, 0]
    shown, later = smooth(loss[:, :POINTS]), smooth(loss[:, POINTS:])
    best, end = shown.min(axis=1), shown[:, -1]
    margin = np.maximum(LOSS_MARGIN * best, FLOOR * no_skill)
    worse_loss = end - best > margin
    place = shown.argmin(axis=1)
    worse_accuracy = np.zeros_like(worse_loss)
    if ("fresh", "accuracy") in curves:
        accuracy = smooth(curves["fresh", "accuracy"][:, :POINTS])
        worse_accuracy = accuracy.max(axis=1) - accuracy[:, -1] > ACCURACY_MARGIN
        place = np.where(worse_loss, place, accuracy.argmax(axis=1))
    every = situation.epochs // POINTS
    training = curves["train", "loss"][:, : every * POINTS].reshape(len(loss), POINTS, every)
    training = smooth(training.mean(axis=2))
    lower = training[:, -1] < np.take_along_axis(training, place[:, None], axis=1)[:, 0]
    worse = worse_loss | worse_accuracy
    # A training that diverged has no finite loss at its end: it is worse, and went back.
    lost = ~np.isfinite(end)
    return {
        "overfit": worse & lower & ~lost,
        "overfit in loss": worse_loss & lower & ~lost,
        "overfit in accuracy": worse_accuracy & lower & ~lost,
        "unstable": (worse & ~lower) | lost,
        "unfinished": ~worse & ~lost & (end - later.min(axis=1) > margin),
        "no skill": best > (1 - SKILL) * no_skill,
    }


# --- judging --------------------------------------------------------------------------------------

NAMES = ("overfit", "unstable", "unfinished")
ANSWERS = ("yes", diagnosis.NOT_ENOUGH, "no")
RESAMPLED = 2_000


def table_of_replicates(half):
    """Judge the means of replicates; return the pooled figures, and those of each situation."""
    parts, single = [], []
    for situation in HALVES[half]:
        if situation.kind in UNSOUND:
            continue
        curves = kept(f"replicates/{situation.name}", lambda s=situation: replicates(s))
        true = truth(situation, curves)
        rows = 200 + situation_rows(situation)
        answer = judged(curves["train", "loss"], curves[200, "loss"], rows)["overfit"]
        parts.append((true["overfit"], answer, np.full(SETS, situation.name)))
        single.append(of_one(situation, true, {"diagnose": answer}, 200))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return {"200": {"all": {"overfit": figures(*columns)}}}, single


def situation_rows(situation):
    """Return the number of training rows."""
    return situation.draw(range(1))[0][1].shape[1]


def rows_judged(half):
    """Ask the second form's questions about rows of each situation: copies, and a shift."""
    counts = {}
    for situation in HALVES[half]:
        for name, kind, draws in (("copies", "leak", RUNS), ("shift", "shift", SETS)):
            (x, _), (xv, _), (xf, _) = situation.draw(range(draws))
            said = 0
            for one, validation, fresh in zip(x, xv[:, :200], xf[:, :200], strict=True):
                if name == "copies":
                    finding = diagnosis.ask_copies(one, validation)
                else:
                    finding = diagnosis.ask_shift(one, fresh, "test")
                said += finding.answer == "yes"
            true = situation.kind == kind
            f = counts.setdefault(name, {"runs": 0, "true": 0, "heard": 0, "false alarms": 0})
            f["runs"] += draws
            f["true"] += draws * true
            f["heard" if true else "false alarms"] += said
    return counts


def judged(loss, val_loss, rows):
    """Return what `diagnose` answers to each run: dict of arrays of text, shape (R,).

    `diagnose` refuses a history that holds NaN and says that the training diverged: it went back.
    """
    pairs = zip(loss, val_loss, strict=True)
    diverged = {name: "yes" if name == "unstable" else "no" for name in NAMES}
    answers = [
        diagnosis.answers(*pair, rows) if np.isfinite(pair).all() else diverged for pair in pairs
    ]
    return {name: np.array([found[name] for found in answers]) for name in NAMES}


def f1(true, called):
    """Return the F1 score of a call."""
    return 2 * (true & called).sum() / max(true.sum() + called.sum(), 1)


def figures(true, answer, situations):
    """Return one line of the table.

    Parameters
    ----------
    true : numpy.ndarray of bool, shape (n,)
    answer : numpy.ndarray of text, shape (n,)
    situations : numpy.ndarray, shape (n,)
        Which situation a run belongs to. The interval of F1 resamples situations, not runs: one
        wants to know it for a new situation.

    Returns
    -------
    dict
        ``f1`` counts a run without an answer as not called; ``f1 of the answered`` leaves it out.
    """
    called, answered = answer == "yes", answer != diagnosis.NOT_ENOUGH
    rng = np.random.default_rng(0)
    places = [np.flatnonzero(situations == s) for s in np.unique(situations)]
    drawn = [
        np.concatenate([places[i] for i in rng.integers(len(places), size=len(places))])
        for _ in range(RESAMPLED)
    ]
    low, high = np.quantile([f1(true[i], called[i]) for i in drawn], [0.025, 0.975])
    counts = {
        a: [int((true & (answer == a)).sum()), int((~true & (answer == a)).sum())] for a in ANSWERS
    }
    return {
        "counts": counts,
        "runs": len(true),
        "share": round(float(true.mean()), 3),
        "sensitivity": round(float((true & called).sum() / max(true.sum(), 1)), 3),
        "false alarms": round(float((~true & called).sum() / max((~true).sum(), 1)), 3),
        "abstentions": round(float(1 - answered.mean()), 3),
        "f1": round(float(f1(true, called)), 3),
        "f1 low": round(float(low), 3),
        "f1 high": round(float(high), 3),
        "f1 of the answered": round(float(f1(true[answered], called[answered])), 3),
    }


OR_MORE = "200 or more"  # validation rows


def table(half):
    """Judge every run of a half; return the pooled figures by size, and those of each situation."""
    pooled, single = {}, []
    for situation in HALVES[half]:
        curves = curves_of(situation)
        found = truth(situation, curves)
        for rows in situation.sizes:
            answers = judged(curves["train", "loss"], curves[rows, "loss"], rows)
            thumbs = diagnosis.rules_of_thumb(
                *(curves.get((s, n)) for n in ("loss", "accuracy") for s in ("train", rows))
            )
            thumbs = {k: np.where(v, "yes", "no") for k, v in thumbs.items()}
            place = np.full(RUNS, situation.name)
            for name, answer in [*answers.items(), *thumbs.items()]:
                true = found.get(name, found["overfit"])
                for pool in ("all", "sound")[: 1 + (situation.kind not in UNSOUND)]:
                    for size in (str(rows), OR_MORE)[: 1 + (rows >= 200)]:
                        key = (size, pool, name)
                        pooled.setdefault(key, []).append((true, answer, place))
            single.append(
                of_one(situation, found, {"diagnose": answers["overfit"], **thumbs}, rows)
            )
    result = {}
    for size in sorted({key[0] for key in pooled}, key=lambda size: (len(size), size)):
        for (one, pool, name), parts in pooled.items():
            if one == size:
                columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
                result.setdefault(size, {}).setdefault(pool, {})[name] = figures(*columns)
    return result, single


def of_one(situation, found, answers, rows):
    """Return what was true of a situation's runs, and who called which of them overfit.

    A run is healthy if it is neither overfit nor unstable. `called` counts, for `diagnose` and for
    each rule of thumb, the calls among overfit, healthy and unstable runs.
    """
    groups = {"overfit": found["overfit"], "unstable": found["unstable"]}
    groups["healthy"] = ~(found["overfit"] | found["unstable"])
    return {
        "situation": situation.name,
        "kind": situation.kind,
        "rows": rows,
        **{name: int(group.sum()) for name, group in groups.items()},
        "unfinished": int(found["unfinished"].sum()),
        "no answer": int((answers["diagnose"] == diagnosis.NOT_ENOUGH).sum()),
        "called": {
            who: {name: int((group & (answer == "yes")).sum()) for name, group in groups.items()}
            for who, answer in answers.items()
        },
    }


def fit():
    """Fit the rules to the sound situations of the first half; print and return their numbers.

    Each situation has the same weight, whatever the number of its sizes.
    """
    from sklearn.linear_model import LogisticRegression

    measured, weights, true = [], [], {name: [] for name in NAMES}
    for situation in FIRST:
        if situation.kind in UNSOUND:
            continue
        curves = curves_of(situation)
        found = truth(situation, curves)
        for rows in situation.sizes:
            pairs = list(zip(curves["train", "loss"], curves[rows, "loss"], strict=True))
            finite = np.isfinite(pairs).all(axis=(1, 2))
            measured += [diagnosis.features(*pairs[i], rows) for i in np.flatnonzero(finite)]
            weights += [1 / len(situation.sizes)] * int(finite.sum())
            for name in NAMES:
                true[name].append(found[name][finite])
    models = {}
    for name in NAMES:
        used = [k for k in diagnosis.RULES["models"][name] if k != "constant"]
        x = np.array([[f[u] for u in used] for f in measured])
        model = LogisticRegression(C=10, max_iter=1000)
        model.fit(x, np.concatenate(true[name]), sample_weight=weights)
        numbers = [model.intercept_[0], *model.coef_[0]]
        models[name] = {
            k: round(float(v), 3) for k, v in zip(["constant", *used], numbers, strict=True)
        }
    return models


def main(half):
    """Print a half's table; the second half's call writes ``benchmarks/diagnosis.json``."""
    began = time.perf_counter()
    rules = diagnosis.fingerprint()  # before somebody edits the file
    if half == "first":
        print(json.dumps(fit(), indent=4))
    result, single = table(half)
    print(diagnosis.shown(result), flush=True)
    if half == "second":
        chosen, chosen_single = table("first")
        replicated, replicated_single = table_of_replicates("second")
        print(diagnosis.shown(replicated, "all"), flush=True)
        record = {
            "rules": rules,
            "one history": result,
            "situations": single,
            "replicates": replicated,
            "situations of replicates": replicated_single,
            "rows": rows_judged("second"),
            "half that chose the rules": {"one history": chosen, "situations": chosen_single},
        }
        diagnosis.BENCH.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    if sys.argv[1:2] not in (["first"], ["second"]):
        sys.exit(__doc__)
    main(sys.argv[1])
