"""Answers to the exercises of notebook 04; test_exercises.py checks them."""

import random

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from sklearn.model_selection import ShuffleSplit, train_test_split

from helpers import training
from helpers.exercises import early_stopping as exercises

# --- 1: how patient -------------------------------------------------------------------------------


def patience_by_trying(losses, share):
    """Read off every history what each patience would have restored."""
    wanted = losses.argmin(axis=1) + 1
    for patience in range(1, losses.shape[1] + 1):
        _, best = training.early_stopping(losses, patience=patience)
        if (best == wanted).mean() >= share:
            return patience


def needs(losses):
    """Return the longest wait of each run: between new lows, up to the lowest."""
    lows = np.minimum.accumulate(losses, axis=1)
    found = []
    for low in lows:
        at = np.flatnonzero(np.append(True, low[1:] < low[:-1]))
        found.append(max([1, *np.diff(at)]))
    return np.sort(found)


def patience_by_order(losses, share):
    return needs(losses)[int(np.ceil(share * len(losses))) - 1]


def patience_by_quantile(losses, share):
    return int(np.quantile(needs(losses), share, method="inverted_cdf"))


def patience_from_lists(losses, share):
    return float(patience_by_trying(np.array(losses.tolist()), share))


def patience_wrongly(share_of=np.greater_equal, equal=False, first=1, last=False):
    def answer(losses, share):
        for patience in range(first, losses.shape[1] + 2):
            _, best = training.early_stopping(losses, patience=max(patience, 1))
            wanted = losses.argmin(axis=1) + 1
            if last:
                wanted = losses.shape[1] - losses[:, ::-1].argmin(axis=1)
            if equal:
                good = losses[np.arange(len(losses)), best - 1] == losses[:, 0]
            else:
                good = best == wanted
            if share_of(good.mean(), share):
                return patience
        return losses.shape[1]

    return answer


def patience_by_gaps(losses, share, lower=np.less, rank=np.ceil):
    """Go through each run by hand; `lower` tells an improvement, `rank` rounds the share."""
    needed = []
    for run in losses:
        longest, best = 1, 0
        for epoch in range(1, run.argmin() + 1):
            if lower(run[epoch], run[best]):
                longest, best = max(longest, epoch - best), epoch
        needed.append(longest)
    return int(np.sort(needed)[max(int(rank(share * len(needed))), 1) - 1])


def patience_within_a_hundredth(losses, share):
    for patience in range(1, losses.shape[1] + 1):
        _, best = training.early_stopping(losses, patience=patience)
        restored = losses[np.arange(len(losses)), best - 1]
        if (restored <= losses.min(axis=1) + 0.01).mean() >= share:
            return patience


def patience_spoiling(losses, share):
    found = patience_by_trying(losses, share)
    losses -= losses.min()
    return found


# --- 2: the three-way split -----------------------------------------------------------------------


def split_twice(x, y, seed):
    x_rest, x_report, y_rest, y_report = train_test_split(x, y, test_size=0.2, random_state=seed)
    x_train, x_stop, y_train, y_stop = train_test_split(
        x_rest, y_rest, test_size=len(y_report), random_state=seed
    )
    return [(x_train, y_train), (x_stop, y_stop), (x_report, y_report)]


def split_by_quarter(x, y, seed):
    """Take a quarter of the rest, as the documentation of scikit-learn shows it."""
    x_rest, x_report, y_rest, y_report = train_test_split(x, y, test_size=0.2, random_state=seed)
    x_train, x_stop, y_train, y_stop = train_test_split(
        x_rest, y_rest, test_size=0.25, random_state=seed
    )
    return (x_train, y_train), (x_stop, y_stop), (x_report, y_report)


def split_joined(x, y, seed):
    rows = np.column_stack([x, y])
    np.random.default_rng(seed).shuffle(rows)
    ends = round(0.6 * len(rows)), round(0.8 * len(rows))
    parts = rows[: ends[0]], rows[ends[0] : ends[1]], rows[ends[1] :]
    return tuple((part[:, :-1], part[:, -1]) for part in parts)


def split_as_lists(x, y, seed):
    return tuple((a.tolist(), b.tolist()) for a, b in split_twice(x, y, seed))


def by_order(order, cuts=(0.6, 0.8)):
    """Split by a function of the number of rows and the seed."""

    def answer(x, y, seed):
        rows = order(len(x), seed)
        first, second = (int(len(x) * share) for share in cuts)
        parts = rows[:first], rows[first:second], rows[second:]
        return tuple((x[part], y[part]) for part in parts)

    return answer


def mixed(n, seed):
    return np.random.default_rng(seed).permutation(n)


def shuffled_by_python(n, seed):
    """With seed 0, three of 17 rows are neighbours by chance."""
    rows = list(range(n))
    random.Random(seed).shuffle(rows)
    return rows


def split_losing_rows(x, y, seed):
    """Round each part down, and forget what is left over."""
    rows, n = mixed(len(x), seed), len(x)
    ends = int(0.6 * n), int(0.6 * n) + int(0.2 * n), int(0.6 * n) + 2 * int(0.2 * n)
    parts = rows[: ends[0]], rows[ends[0] : ends[1]], rows[ends[1] : ends[2]]
    return tuple((x[part], y[part]) for part in parts)


def split_in_place(x, y, seed):
    rows = mixed(len(x), seed)
    x[:], y[:] = x[rows], y[rows]
    return by_order(lambda n, s: np.arange(n))(x, y, seed)


def split_labels_alone(x, y, seed):
    np.random.default_rng(seed).shuffle(y)
    return split_joined(x, y, seed)


def split_overlapping(x, y, seed):
    x_train, x_stop, y_train, y_stop = train_test_split(x, y, test_size=0.2, random_state=seed)
    return (x_train[: len(x) * 6 // 10], y_train[: len(x) * 6 // 10]), *[(x_stop, y_stop)] * 2


def split_with_fifth_of_rest(x, y, seed):
    a, b, c, d = train_test_split(x, y, test_size=0.2, random_state=seed)
    e, f, g, h = train_test_split(a, c, test_size=0.2, random_state=seed)
    return (e, g), (f, h), (b, d)


def split_by_shuffle_split(x, y, seed):
    ((rest, report),) = ShuffleSplit(1, test_size=0.2, random_state=seed).split(x)
    stop = rest[: len(x) // 5]
    return [(x[rows], y[rows]) for rows in (rest[len(x) // 5 :], stop, report)]


def split_with_nan(x, y, seed):
    (a, b), *others = split_twice(x, y, seed)
    return ((a, b * np.nan), *others)


# --- 3: a claim -----------------------------------------------------------------------------------


def claim_loop(few, many):
    return [a - b for a, b in zip(few, many, strict=True)], -2 / 100


def claim_array(few, many):
    return np.subtract(few, many).astype("float32"), np.float32(-0.02)


def claim_from_cost(few, many):
    cost = many - few
    return -cost, -0.02


def claiming(values, threshold=-0.02):
    return lambda few, many: (values(few, many), threshold)


def claim_in_place(few, many):
    few -= many
    return few, -0.02


# --- all ------------------------------------------------------------------------------------------

RIGHT = {
    "choose_patience": [
        patience_by_trying, patience_by_order, patience_by_quantile, patience_from_lists,
        patience_by_gaps,
    ],
    "three_way_split": [
        split_twice, split_by_quarter, split_joined, split_as_lists, by_order(mixed),
        split_by_shuffle_split, by_order(shuffled_by_python),
    ],
    "not_worse": [claim_loop, claim_array, claim_from_cost],
}  # fmt: skip
WRONG = {
    "choose_patience": {
        "none": [(nothing, "returns None")],
        "nan": [(not_a_number, "must be a whole number")],
        "shape": [
            (lambda a, s: needs(a), "one whole number"),
            (lambda a, s: [patience_by_order(a, s)], "one whole number"),
            (lambda a, s: "10", "one whole number"),
        ],
        "off by one": [
            (lambda a, s: patience_by_order(a, s) + 1, "the smallest patience is"),
            (lambda a, s: patience_by_order(a, s) - 1, "the smallest patience is"),
            (lambda a, s: max([1, patience_by_order(a, s) - 1]), "the smallest patience is"),
            (patience_wrongly(first=0), "the smallest patience is 1; you say 0"),
        ],
        "constant": [
            (first_answer(exercises.choose_patience._solution), "the smallest patience is"),
            (lambda a, s: 10, "the smallest patience is"),
            (lambda a, s: a.shape[1], "the smallest patience is"),
        ],
        "neighbour": neighbours(exercises, {
            "three_way_split": "losses and share, and takes x, y and seed",
            "not_worse": "one whole number",
        }),
        "other": [
            (patience_wrongly(np.greater), "the smallest patience is"),
            (patience_wrongly(last=True), "an equal loss is no improvement"),
            (lambda a, s: needs(a).max(), "the smallest patience is"),
            (lambda a, s: int(np.median(needs(a))), "with the share 1"),
            (lambda a, s: int(needs(a).mean()), "the smallest patience is"),
            (lambda a, s: max(1, int(a.argmin(axis=1).max())), "the smallest patience is"),
            (lambda a, s: needs(a[:1])[0], "the smallest patience is"),
            (lambda a, s: patience_by_trying(a.mean(axis=0)[None], s), "the smallest patience"),
            (lambda a, s: patience_by_order(a, s) + 0.5, "must be a whole number"),
            (lambda a, s: patience_by_gaps(a, s, np.less_equal), "before the lowest too"),
            (lambda a, s: patience_by_gaps(a, s, rank=np.floor), "less than three quarters"),
            (lambda a, s: int(np.quantile(needs(a), s)), "less than three quarters"),
            (patience_within_a_hundredth, "any size"),
            (patience_spoiling, "changes `losses`"),
            (lambda a, s: a[99], "IndexError"),
        ],
    },
    "three_way_split": {
        "none": [(nothing, "returns None")],
        "nan": [(not_a_number, "three pairs"), (split_with_nan, "beside their own labels")],
        "shape": [
            (lambda x, y, s: [(a.T, b) for a, b in split_twice(x, y, s)], "with all columns"),
            (lambda x, y, s: [(a[:, 0], b) for a, b in split_twice(x, y, s)], "all columns"),
        ],
        "off by one": [
            (lambda x, y, s: split_twice(x, y, s)[:2], "three parts, not 2"),
            (lambda x, y, s: [(a[1:], b[1:]) for a, b in split_twice(x, y, s)], "of 100 rows"),
            (split_losing_rows, "rows are used"),
        ],
        "constant": [
            (first_answer(exercises.three_way_split._solution), "60 of 60"),
            (by_order(lambda n, s: mixed(n, 0)), "two seeds give the same split"),
        ],
        "neighbour": neighbours(exercises, {
            "choose_patience": "x, y and seed, and takes losses and share",
            "not_worse": "x, y and seed, and takes few and many",
        }),
        "leak": [
            (split_overlapping, "turns up twice"),
            (by_order(lambda n, s: np.random.default_rng(s).integers(0, n, n)), "turns up twice"),
        ],
        "other": [
            (by_order(lambda n, s: np.arange(n)), "not shuffled"),
            (by_order(lambda n, s: np.arange(n)[::-1]), "not shuffled"),
            (by_order(lambda n, s: np.roll(np.arange(n), s + 5)), "not shuffled"),
            (
                by_order(lambda n, s: np.random.permutation(n)),
                "another split the second time",
            ),
            (by_order(mixed, (0.8, 0.9)), "training part has 80 of 100"),
            (by_order(mixed, (1 / 3, 2 / 3)), "60% are 60"),
            (by_order(mixed, (0.6, 0.78)), "stopping part has 18 of 100"),
            (split_with_fifth_of_rest, "training part has 64"),
            (split_labels_alone, "beside their own labels"),
            (split_in_place, "changes x or y"),
            (lambda x, y, s: [v for p in split_twice(x, y, s) for v in p], "three pairs"),
            (lambda x, y, s: [a for a, _ in split_twice(x, y, s)], "must be a pair"),
            (lambda x, y, s: x / "a", "stops with"),
        ],
    },
    "not_worse": {
        "none": [(nothing, "returns None")],
        "nan": [(claiming(lambda a, b: a * np.nan), "NaN"), (not_a_number, "return two things")],
        "shape": [
            (lambda a, b: a - b, "return two things"),
            (claiming(lambda a, b: (a - b).mean()), "shape (30,)"),
            (claiming(lambda a, b: np.stack([a, b])), "shape (30,)"),
        ],
        "off by one": [(claiming(lambda a, b: a[1:] - b[:-1]), "shape (30,)")],
        "constant": [
            (first_answer(exercises.not_worse._solution), "shape (45,)"),
            (claiming(lambda a, b: np.zeros(len(a))), "run by run"),
        ],
        "neighbour": neighbours(exercises, {
            "choose_patience": "stops with",
            "three_way_split": "few and many, and takes x, y and seed",
        }),
        "leak": [(claiming(lambda a, b: a), "run by run")],
        "other": [
            (claiming(lambda a, b: b - a), "200 rows minus 20"),
            (claiming(lambda a, b: b - a, 0.02), "200 rows minus 20"),
            (claiming(lambda a, b: a - b, 0.02), "*better*"),
            (claiming(lambda a, b: a - b, 0.0), "your threshold is 0"),
            (claiming(lambda a, b: a - b, -2), "2 points are 0.02"),
            (claiming(lambda a, b: a - b, -0.2), "your threshold is -0.2"),
            (claiming(lambda a, b: a - b, None), "threshold is None"),
            (claiming(lambda a, b: np.abs(a - b)), "Leave the sign"),
            (claiming(lambda a, b: np.sort(a) - np.sort(b)), "tears the pairs apart"),
            (claiming(lambda a, b: a - b.mean()), "the same run"),
            (claiming(lambda a, b: (a - b >= -0.02).astype(float)), "a share of runs"),
            (claiming(lambda a, b: a / b), "run by run"),
            (claiming(lambda a, b: a - b + 0.02, 0.0), "run by run"),
            (claiming(lambda a, b: 100 * (a - b), -2), "run by run"),
            (claim_in_place, "changes the accuracies"),
        ],
    },
}  # fmt: skip
