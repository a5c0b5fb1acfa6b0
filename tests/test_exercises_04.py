"""Answers to the exercises of notebook 04; test_exercises.py checks them."""

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from sklearn.model_selection import ShuffleSplit, train_test_split

from helpers.exercises import early_stopping as exercises

# --- 1: the rule ----------------------------------------------------------------------------------


def stop_from_best(losses, patience):
    """Compare each epoch with the epoch of the lowest loss up to it."""
    for epoch in range(1, len(losses) + 1):
        best = int(np.argmin(losses[:epoch])) + 1
        if epoch - best >= patience:
            break
    return epoch, best


def stop_as_array(losses, patience):
    low = np.minimum.accumulate(losses)
    best = np.array([losses.index(value) + 1 for value in low])
    epochs = np.arange(1, len(losses) + 1)
    late = np.flatnonzero(epochs - best >= patience)
    end = late[0] if len(late) else len(losses) - 1
    return np.array([epochs[end], best[end]])


def stop_wrongly(reset=True, equal=False, previous=False, late=0, start=1):
    def answer(losses, patience):
        lowest, best, wait = np.inf, start, 0
        for epoch, loss in enumerate(losses, start=start):
            wait += 1
            if loss < lowest or (equal and loss == lowest):
                lowest, best, wait = loss, epoch, 0 if reset else wait
            elif wait >= patience + late:
                return epoch, best
            if previous:
                lowest = loss
        return len(losses) - 1 + start, best

    return answer


# --- 2: the flattery ------------------------------------------------------------------------------


def flattery_loop(val_loss, val_accuracy, test_accuracy):
    found = []
    for loss, seen, fresh in zip(val_loss, val_accuracy, test_accuracy, strict=True):
        best = min(range(len(loss)), key=loss.__getitem__)
        found.append(seen[best] - fresh[best])
    return found


def flattery_take(val_loss, val_accuracy, test_accuracy):
    best = val_loss.argmin(axis=-1)[:, None]
    return np.take_along_axis(val_accuracy - test_accuracy, best, axis=1).ravel()


def at(choose):
    """Read the gap between the accuracies at columns that `choose` names."""
    return lambda a, b, c: (b - c)[np.arange(len(a)), choose(a, b, c)]


def low(a, b, c):
    return a.argmin(axis=1)


def flattery_by_mask(val_loss, val_accuracy, test_accuracy):
    lowest = val_loss == val_loss.min(axis=1, keepdims=True)
    return (val_accuracy - test_accuracy)[lowest]


# --- 3: the three-way split -----------------------------------------------------------------------


def split_twice(x, y, seed):
    x_rest, x_report, y_rest, y_report = train_test_split(x, y, test_size=0.2, random_state=seed)
    x_train, x_stop, y_train, y_stop = train_test_split(
        x_rest, y_rest, test_size=0.25, random_state=seed
    )
    return [(x_train, y_train), (x_stop, y_stop), (x_report, y_report)]


def split_in_place(x, y, seed):
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


def split_labels_alone(x, y, seed):
    np.random.default_rng(seed).shuffle(y)
    return split_in_place(x, y, seed)


def split_overlapping(x, y, seed):
    x_train, x_stop, y_train, y_stop = train_test_split(x, y, test_size=0.2, random_state=seed)
    return (x_train[: len(x) * 6 // 10], y_train[: len(x) * 6 // 10]), *[(x_stop, y_stop)] * 2


def split_with_quarter_of_whole(x, y, seed):
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


# --- all ------------------------------------------------------------------------------------------

RIGHT = {
    "stop": [stop_from_best, stop_as_array, stop_wrongly()],
    "flattery": [flattery_loop, flattery_take, flattery_by_mask],
    "three_way_split": [
        split_twice, split_in_place, split_as_lists, by_order(mixed), split_by_shuffle_split,
    ],
}  # fmt: skip
WRONG = {
    "stop": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda a, p: (np.nan, 1), "NaN")],
        "shape": [
            (lambda a, p: stop_from_best(a, p)[0], "shape (2,)"),
            (lambda a, p: [stop_from_best(a, p)], "not (1, 2)"),
        ],
        "off by one": [
            (stop_wrongly(start=0), "count from 1"),
            (stop_wrongly(late=1), "ends at epoch"),
            (stop_wrongly(late=-1), "ends at epoch"),
        ],
        "constant": [
            (first_answer(exercises.stop._solution), "ends at epoch"),
            (lambda a, p: (6, 3), "ends at epoch"),
        ],
        "neighbour": neighbours(exercises, {
            "flattery": "losses and patience, and takes val_loss",
            "three_way_split": "losses and patience, and takes x, y and seed",
        }) + [(lambda a, p: exercises.flattery._solution(a, p, a), "stops with")],
        "other": [
            (lambda a, p: stop_from_best(a, p)[::-1], "order is turned round"),
            (stop_wrongly(reset=False), "ends at epoch"),
            (stop_wrongly(equal=True), "an equal loss is no improvement"),
            (stop_wrongly(previous=True), "ends at epoch"),
            (lambda a, p: (stop_from_best(a, p)[0], int(np.argmin(a)) + 1), "ends at epoch"),
            (lambda a, p: (len(a), int(np.argmin(a)) + 1), "ends at epoch"),
            (lambda a, p: (stop_from_best(a, p)[1],) * 2, "ends at epoch"),
            (lambda a, p: "early", "must be numbers"),
            (lambda a, p: a[99], "IndexError"),
        ],
    },
    "flattery": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda a, b, c: np.full(len(a), np.nan), "NaN"), (not_a_number, "shape (6,)")],
        "shape": [
            (lambda a, b, c: (b - c)[a.argmin(axis=0), np.arange(9)], "shape (6,)"),
            (lambda a, b, c: flattery_take(a, b, c).mean(), "shape (6,)"),
        ],
        "off by one": [
            (at(lambda a, b, c: np.minimum(low(a, b, c) + 1, 8)), "counts from 0"),
            (at(lambda a, b, c: low(a, b, c) - 1), "a column already"),
        ],
        "constant": [
            (first_answer(exercises.flattery._solution), "shape (4,)"),
            (lambda a, b, c: np.zeros(len(a)), "the values are not"),
        ],
        "neighbour": neighbours(exercises, {
            "stop": "val_loss, val_accuracy and test_accuracy, and takes losses",
            "three_way_split": "takes them as x, y and seed",
        }) + [(lambda a, b, c: stop_from_best(a[0], 3), "shape (6,)")],
        "leak": [
            (at(lambda a, b, c: c.argmax(axis=1)), "looking at the test rows"),
            (lambda a, b, c: b.max(axis=1) - c.max(axis=1), "read both curves at it"),
        ],
        "other": [
            (lambda a, b, c: flattery_take(a, c, b), "sign is turned round"),
            (lambda a, b, c: b[:, -1] - c[:, -1], "last epoch"),
            (
                lambda a, b, c: b.max(axis=1) - c[np.arange(len(a)), low(a, b, c)],
                "at the chosen epoch too",
            ),
            (at(lambda a, b, c: b.argmax(axis=1)), "choose it by the validation loss"),
            (at(lambda a, b, c: a.argmax(axis=1)), "take the lowest"),
            (lambda a, b, c: (b - c)[:, a.mean(axis=0).argmin()], "its own best epoch"),
            (
                lambda a, b, c: (b - c)[:, np.unravel_index(a.argmin(), a.shape)[1]],
                "its own best epoch",
            ),
            (lambda a, b, c: (b - c).mean(axis=1), "mean over all epochs"),
            (lambda a, b, c: b[np.arange(len(a)), low(a, b, c)], "subtract"),
            (lambda a, b, c: c[np.arange(len(a)), low(a, b, c)], "test score alone"),
            (lambda a, b, c: flattery_take(a, a, c), "compare accuracies"),
            (lambda a, b, c: np.abs(flattery_take(a, b, c)), "leave the sign"),
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
            (lambda x, y, s: [(a[1:], b[1:]) for a, b in split_twice(x, y, s)], "rows are used"),
        ],
        "constant": [
            (first_answer(exercises.three_way_split._solution), "60 of 60"),
            (by_order(lambda n, s: mixed(n, 0)), "two seeds give the same split"),
        ],
        "neighbour": neighbours(exercises, {
            "stop": "x, y and seed, and takes losses and patience",
            "flattery": "takes them as val_loss",
        }),
        "leak": [
            (split_overlapping, "turns up twice"),
            (by_order(lambda n, s: np.random.default_rng(s).integers(0, n, n)), "turns up twice"),
        ],
        "other": [
            (by_order(lambda n, s: np.arange(n)), "not shuffled"),
            (by_order(lambda n, s: np.arange(n)[::-1]), "not shuffled"),
            (
                by_order(lambda n, s: np.random.permutation(n)),
                "another split the second time",
            ),
            (by_order(mixed, (0.8, 0.9)), "training part has 80 of 100"),
            (by_order(mixed, (1 / 3, 2 / 3)), "should have 60%"),
            (split_with_quarter_of_whole, "training part has 64"),
            (split_labels_alone, "beside their own labels"),
            (lambda x, y, s: [v for p in split_twice(x, y, s) for v in p], "three pairs"),
            (lambda x, y, s: [a for a, _ in split_twice(x, y, s)], "must be a pair"),
            (lambda x, y, s: x / "a", "stops with"),
        ],
    },
}  # fmt: skip
