"""The eight cases of notebook 10. Reading on spoils them.

A case is a program with one thing wrong, or with nothing, and the same program mended. The notebook
holds the network that they share; here stand their rows and settings, and what is said when a case
is opened. NumPy, scikit-learn's data, and three siblings: `data` makes the rows, `diagnosis` and
`evidence` judge the runs.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from sklearn import datasets

from helpers import checks, data, diagnosis, evidence

OVERFIT = "it memorises its training rows (overfitting)"
TOO_FAST = "the learning rate is too high"
TOO_SLOW = "the learning rate is too low"
TOO_SMALL = "the network is too small"
COPIES = "copies of rows stand on both sides of the split"
GIVEAWAY = "a column gives the label away"
NO_SKILL = "no skill: it answers with the larger class"
ELSEWHERE = "validation rows come from elsewhere than the rows in use"
HEALTHY = "nothing is wrong"
DIAGNOSES = (
    OVERFIT, TOO_FAST, TOO_SLOW, TOO_SMALL, COPIES, GIVEAWAY, NO_SKILL, ELSEWHERE, HEALTHY,
)  # fmt: skip

ROWS, FRESH = 200, 2_000  # training rows, as many validation rows; rows in use


# --- rows: functions of a generator that return x and y: training, validation, in use -------------


def sum_rule(rows, rng, flip=0.0, above=1.0):
    """Draw ten uniform columns; class 1 where the first two add up to more than `above`."""
    x = rng.random((rows, 10))
    return x, ((x[:, 0] + x[:, 1] > above) ^ (rng.random(rows) < flip)).astype(float)


def some_wrong(rng):
    """Draw rows a fifth of which have the wrong label."""
    return sum_rule(2 * ROWS + FRESH, rng, flip=0.2)


def few_wrong(rng):
    """Draw rows a tenth of which have the wrong label."""
    return sum_rule(2 * ROWS + FRESH, rng, flip=0.1)


def clean(rng):
    """Draw rows whose labels are right."""
    return sum_rule(2 * ROWS + FRESH, rng)


def _fourfold(rng, order):
    x, y = sum_rule(ROWS // 2, rng, flip=0.2)
    x, y = np.repeat(x, 4, axis=0), np.repeat(y, 4)
    x = x + 0.01 * rng.standard_normal(x.shape)
    fresh = sum_rule(FRESH, rng, flip=0.2)
    return np.concatenate([x[order], fresh[0]]), np.concatenate([y[order], fresh[1]])


def fourfold_then_split(rng):
    """Measure each row four times, mix, and split only then."""
    return _fourfold(rng, rng.permutation(2 * ROWS))


def fourfold_kept_together(rng):
    """Measure each row four times; all four stay on one side of the split."""
    return _fourfold(rng, np.concatenate([rng.permutation(ROWS), ROWS + rng.permutation(ROWS)]))


def rare(rng):
    """Draw rows of which one in ten belongs to class 1."""
    return sum_rule(2 * ROWS + FRESH, rng, above=2 - np.sqrt(0.2))


def rare_shuffled(rng):
    """Draw them, and sort the labels that train and validate as if they belonged to other rows."""
    x, y = rare(rng)
    y[: 2 * ROWS] = rng.permutation(y[: 2 * ROWS])
    return x, y


def circle(rng):
    """Draw the course's circle, and eight empty columns: one compiled program serves all cases."""
    x, y = data.circle(2 * ROWS + FRESH, rng)
    return np.pad(x, ((0, 0), (0, 8))), y


def circle_left(rng):
    """Draw it, but where one trains and validates, 19 in 20 rows of the right half are missing."""
    x, y = data.circle(10 * ROWS + FRESH, rng)
    x = np.pad(x, ((0, 0), (0, 8)))
    here = np.flatnonzero((x[:, 0] < 0.5) | (rng.random(len(y)) < 0.05))
    here = np.concatenate([here[here < 10 * ROWS][: 2 * ROWS], np.arange(10 * ROWS, len(y))])
    return x[here], y[here]


TUMOUR_ROWS = (412, 100, 57)
TUMOUR_COLUMNS = [1, 4, 8, 9]  # mean texture, smoothness, symmetry and fractal dimension


def tumours_empty(seeds):
    """Split the Wisconsin tumours once per seed: four measurements, and an empty column."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    parts = data.resplit(x[:, TUMOUR_COLUMNS], y, TUMOUR_ROWS, seeds)
    return [(np.concatenate([x, np.zeros((*y.shape, 1))], axis=2), y) for x, y in parts]


def tumours_treated(seeds):
    """Fill the column with the treatment: it follows the diagnosis, and is not known in use."""
    parts = tumours_empty(seeds)
    for x, y in parts[:2]:
        x[..., -1] = 2 * y - 1
    return parts


# --- programs and cases ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """Rows and settings of one training.

    Attributes
    ----------
    rows : callable
        Where the rows come from. Takes a generator; with `splits`, the seeds.
    epochs : int
    rate, l2 : float
        Adam's learning rate, and the strength of L2 on the hidden layers.
    widths : tuple of int
        Of the hidden layers.
    validation_rows : int
    splits : bool
        Whether the rows of all runs are splits of one data set.
    """

    rows: Callable
    epochs: int
    rate: float = 0.003
    l2: float = 0.0
    widths: tuple = (64, 64)
    validation_rows: int = ROWS
    splits: bool = False

    def parts(self, seeds):
        """Return the rows that train, validate and are met in use.

        Parameters
        ----------
        seeds : sequence of int
            One per run, R in all.

        Returns
        -------
        list of tuple (x, y), shapes (R, rows, d) and (R, rows)
            Few validation rows are each there several times: losses and accuracies stay what they
            are, and one compiled program serves all cases.
        """
        seeds = checks.seeds(seeds)
        if self.splits:
            return self.rows(seeds)
        train, (x, y), fresh = data.cut(*data.per_seed(self.rows, seeds), ROWS, ROWS)
        few, times = self.validation_rows, ROWS // self.validation_rows
        return [train, (np.tile(x[:, :few], (1, times, 1)), np.tile(y[:, :few], times)), fresh]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes
    ----------
    complaint : str
        What its owner says.
    program, mended : Program
    truth : str
        One of `DIAGNOSES`.
    why : str
        What was wrong, and what mends it.
    """

    complaint: str
    program: Program
    mended: Program
    truth: str
    why: str

    def changed(self):
        """Return what the cure changes, as "rate, from 0.3 to 0.001"."""
        pairs = [
            (f.name, getattr(self.program, f.name), getattr(self.mended, f.name))
            for f in fields(Program)
        ]
        return ", ".join(f"{n}, from {_named(a)} to {_named(b)}" for n, a, b in pairs if a != b)


def votes(runs, validation_rows):
    """Count the runs that each rule calls overfit, and what `diagnose` says of them.

    Parameters
    ----------
    runs : training.Runs
    validation_rows : int

    Returns
    -------
    dict of str to int
        By rule of thumb, and by "diagnose: " and the finding that it answers with "yes".
    """
    curves = [runs[s, m] for m in ("loss", "accuracy") for s in ("train", "validation")]
    found = {n: int(called.sum()) for n, called in diagnosis.rules_of_thumb(*curves).items()}
    answers = [diagnosis.answers(*pair, validation_rows) for pair in zip(*curves[:2], strict=True)]
    for name in answers[0]:
        found[f"diagnose: {name}"] = sum(answer[name] == "yes" for answer in answers)
    return found


def opened(number, runs):
    """Return what was wrong with a case and what mends it, and who called how many runs what.

    Parameters
    ----------
    number : int
        Of the case.
    runs : training.Runs
        Of its program as it came.

    Returns
    -------
    str
    """
    case = CASES[checks.one_of("number", number, tuple(CASES))]
    found = votes(runs, case.program.validation_rows)
    rules = ", ".join(f"{n} {k}" for n, k in found.items() if ":" not in n)
    said = ", ".join(f"{n.partition(': ')[2]} {k}" for n, k in found.items() if ":" in n)
    return "\n".join(
        [
            f"{case.why} Changed: {case.changed()}.",
            f"Of {len(runs.seeds)} runs, called overfit: {rules}.",
            f"diagnose, from each history: {said}.",
        ]
    )


def accuracies(came, mended):
    """Return the accuracy that was reported and the one in use, as a case came and mended.

    Parameters
    ----------
    came, mended : training.Runs
        With validation rows, and rows in use as test rows.

    Returns
    -------
    names : list of str
    low, mean, high : numpy.ndarray, shape (4,)
        The mean at the last epoch, and its 95 % interval.
    """
    found = {
        f"{name}, {when}": runs[split, "accuracy"][:, -1]
        for when, runs in (("as it came", came), ("mended", mended))
        for name, split in (("reported", "validation"), ("in use", "test"))
    }
    mean, low, high = evidence.interval(np.stack(list(found.values()), axis=1))
    return list(found), low, mean, high


def history(runs, place=0):
    """Return one run as ``model.fit`` would report it.

    Parameters
    ----------
    runs : training.Runs
    place : int, default 0
        Which run.

    Returns
    -------
    dict of str to numpy.ndarray, shape (epochs,)
    """
    prefixes = {"train": "", "validation": "val_"}
    return {p + m: runs[s, m][place] for s, p in prefixes.items() for m in runs.metrics}


def _named(value):
    return getattr(value, "__name__", value)


def _case(complaint, truth, why, program, **cure):
    return Case(complaint, program, replace(program, **cure), truth, why)


CASES = {
    1: _case(
        "On its own rows it is nearly perfect. On others one answer in three is wrong.",
        OVERFIT,
        "A fifth of the labels is wrong, and the network has learned each of them by heart. A "
        "penalty makes that expensive.",
        Program(some_wrong, 100, rate=0.01),
        l2=0.01,
    ),
    2: _case(
        "The curve jumps. And each time I train, I get something else: 95 % once, then 50 %.",
        TOO_FAST,
        "The steps are so long that the network leaps out of what it has found, in some runs for "
        "good.",
        Program(clean, 60, rate=0.2),
        rate=0.001,
    ),
    3: _case(
        "More than nine in ten on validation rows. Our users do not believe it.",
        COPIES,
        "Each row was measured four times, and the split tore the four apart: a network that has "
        "memorised one of them knows the others.",
        Program(fourfold_then_split, 60),
        rows=fourfold_kept_together,
    ),
    4: _case(
        "I validate on 20 rows. The validation loss was lower before. Should I have stopped?",
        HEALTHY,
        "Twenty validation rows say little: the curve moves with them, not with the network. Take "
        "more of them, and leave the network as it is.",
        Program(few_wrong, 60, l2=0.01, validation_rows=20),
        validation_rows=ROWS,
    ),
    5: _case(
        "Seven in ten, on training rows as on others. More epochs change nothing.",
        TOO_SMALL,
        "Two units in a row cannot draw a border around a circle.",
        Program(circle, 100, rate=0.01, widths=(2, 2)),
        widths=(64, 64),
    ),
    6: _case(
        "Every tumour of the validation rows is right. In the clinic it is far from that.",
        GIVEAWAY,
        "One column is the treatment, which is chosen when the diagnosis is known. A new patient "
        "has none yet.",
        Program(tumours_treated, 40, splits=True, validation_rows=TUMOUR_ROWS[1]),
        rows=tumours_empty,
    ),
    7: _case(
        "Nine in ten from the first epoch on, and it never gets better.",
        NO_SKILL,
        "The labels were sorted and the rows were not: they do not belong together, so the best "
        "answer is the larger class.",
        Program(rare_shuffled, 20),
        rows=rare,
    ),
    8: _case(
        "Training and validation nearly agree. Where we use it, it is worse.",
        ELSEWHERE,
        "Nearly all training and validation rows come from the left half of the square. It is used "
        "in both.",
        Program(circle_left, 60),
        rows=circle,
    ),
}
