"""The exercises of notebook 07."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_balanced_accuracy(y, predicted):
    y, predicted = np.asarray(y), np.asarray(predicted)
    recalls = [(predicted[:, y == label] == label).mean(axis=1) for label in (0, 1)]
    return (recalls[0] + recalls[1]) / 2


@judging.judge(_solve_balanced_accuracy)
def _verify_balanced_accuracy(answer):
    rng = np.random.default_rng(3)
    y = rng.permutation(np.arange(30) < 6).astype(float)
    predicted = (rng.random((5, 30)) < 0.3).astype(float)
    predicted[0] = 0.0  # never calls class 1
    got = expect_array(answer(y.copy(), predicted.copy()), (5,), "one score per run")
    right = predicted == y
    hits, precision_rows = right[:, y == 1], predicted.sum(axis=1)
    f1 = 2 * hits.sum(axis=1) / (precision_rows + y.sum())
    for wrong, reason in (
        (right.mean(axis=1), "that is plain accuracy: every row counts the same."),
        (hits.mean(axis=1), "that is the recall of class 1 alone. Class 0 has one too."),
        (right[:, y == 0].mean(axis=1), "that is the recall of class 0 alone."),
        (1 - _solve_balanced_accuracy(y, predicted), "that is the balanced error, 1 minus it."),
        (2 * _solve_balanced_accuracy(y, predicted), "a mean of two: divide by 2."),
        (2 * _solve_balanced_accuracy(y, predicted) - 1, "leave the scale: chance is at 0.5."),
        (np.full(5, 0.5), "0.5 is right for a constant prediction only."),
        (f1, "that is F1. Balanced accuracy is the mean of two recalls."),
    ):
        if np.allclose(got, wrong):
            raise Wrong(reason)
    if not np.allclose(got, _solve_balanced_accuracy(y, predicted)):
        raise Wrong(
            "the shape is right, but the values are not the mean of the two classes' recalls. "
            f"For a run that always says 0 it is 0.5, yours is {got[0]:.3f}."
        )
    y = (np.arange(20) < 10).astype(float)
    predicted = np.zeros((3, 20))
    predicted[1, :15] = 1.0
    got = expect_array(answer(y.copy(), predicted.copy()), (3,), "one score per run")
    if not np.allclose(got, _solve_balanced_accuracy(y, predicted)):
        raise Wrong("right on one set of labels, wrong on another with half of them positive.")


def _solve_stratified_split(y, share, rng):
    held_out = np.concatenate(
        [
            rng.choice(rows, round(share * len(rows)), replace=False)
            for rows in (np.flatnonzero(np.asarray(y) == label) for label in (0, 1))
        ]
    )
    return np.setdiff1d(np.arange(len(y)), held_out), held_out


def _row_numbers(rows, name, n):
    try:
        rows = np.asarray(rows)
    except ValueError:
        raise Wrong(f"{name} must be a flat array of row numbers.") from None
    if rows.dtype == bool:
        raise Wrong(f"{name} is a mask of True and False; return row numbers (np.flatnonzero).")
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.number):
        raise Wrong(f"{name} must be a flat array of row numbers, not of shape {rows.shape}.")
    if not np.isfinite(rows).all() or (rows != np.round(rows)).any():
        raise Wrong(f"{name} must hold whole row numbers.")
    if len(rows) and (rows.min() < 0 or rows.max() >= n):
        raise Wrong(f"{name} holds {rows.min():g} to {rows.max():g}; rows go from 0 to {n - 1}.")
    return rows.astype(int)


def _split_of(answer, y, share, seed):
    got = answer(y.copy(), share, np.random.default_rng(seed))
    if got is None:
        raise Wrong("your function returns None. Is there a `return`?")
    try:
        training, held_out = got
    except (TypeError, ValueError):
        raise Wrong("return two arrays: the training rows and the held-out rows.") from None
    training = _row_numbers(training, "the first array", len(y))
    held_out = _row_numbers(held_out, "the second array", len(y))
    both = np.concatenate([training, held_out])
    if len(np.intersect1d(training, held_out)):
        raise Wrong("some rows are in both parts: the validation score would be flattered.")
    if len(np.unique(both)) < len(both):
        raise Wrong("some rows occur twice in one part: draw without replacement.")
    if len(both) < len(y):
        raise Wrong(f"{len(y) - len(both)} of {len(y)} rows are in neither part.")
    return training, held_out


@judging.judge(_solve_stratified_split)
def _verify_stratified_split(answer):
    for n, positives, share in ((100, 10, 0.2), (60, 15, 0.2), (40, 8, 0.5)):
        y = np.random.default_rng(n).permutation(np.arange(n) < positives).astype(float)
        for seed in range(5):
            training, held_out = _split_of(answer, y, share, seed)
            wanted = round(share * n), round(share * positives)
            found = len(held_out), int(y[held_out].sum())
            if found == (n - wanted[0], positives - wanted[1]) and found != wanted:
                raise Wrong("the two parts are exchanged: return the training rows first.")
            if found[0] != wanted[0]:
                raise Wrong(f"of {n} rows {wanted[0]} must be held out, not {found[0]}.")
            if found[1] != wanted[1]:
                raise Wrong(
                    f"of {positives} positives {wanted[1]} must be held out, not {found[1]}. "
                    "Draw from each class by itself."
                )
    y = np.random.default_rng(100).permutation(np.arange(100) < 10).astype(float)
    if any(
        set(_split_of(answer, y, 0.2, seed)[1]) != set(_split_of(answer, y, 0.2, seed)[1])
        for seed in range(3)
    ):
        raise Wrong("the same `rng` must give the same split: draw from the `rng` you are given.")
    drawn = np.bincount(np.concatenate([_split_of(answer, y, 0.2, s)[1] for s in range(120)]))
    never = 100 - np.count_nonzero(drawn)
    if never or drawn.max() > 60:
        raise Wrong(
            "the split is not random: over 120 generators some rows are held out nearly always "
            "and others never. Draw the rows of each class with `rng`."
        )


def _solve_precision_in_the_world(recall, false_alarms, share):
    true = recall * share
    return true / (true + false_alarms * (1 - share))


@judging.judge(_solve_precision_in_the_world)
def _verify_precision_in_the_world(answer):
    for recall, false_alarms, share in (
        (0.8, 0.3, 0.1),
        (0.6, 0.05, 0.01),
        (0.9, 0.3, 0.5),
        (0.5, 0.0, 0.2),
        (0.0, 0.1, 0.3),
    ):
        got = float(expect_array(answer(recall, false_alarms, share), (), "one number"))
        right = _solve_precision_in_the_world(recall, false_alarms, share)
        if np.isclose(got, right):
            continue
        for wrong, reason in (
            (
                recall / max(recall + false_alarms, 1e-9),
                "that is the precision on the rebalanced set, half of each class.",
            ),
            (
                _solve_precision_in_the_world(recall, false_alarms, 1 - share),
                "`share` is the share of positives; you gave it to the negatives.",
            ),
            (
                recall * share,
                "that is the share of all rows that are found. Divide by the share called 1.",
            ),
            (
                recall * share / (recall * share + false_alarms),
                "false alarms happen among negatives only: multiply by their share.",
            ),
            (recall, "that is the recall: the share of positives that are called 1."),
            (share, "that is the share of positives: the precision of calling everything 1."),
            (1 - right, "that is 1 minus the precision: the share of false calls."),
            (100 * right, "give a share between 0 and 1, not per cent."),
        ):
            if np.isclose(got, wrong):
                raise Wrong(reason)
        raise Wrong(
            f"with recall {recall}, false alarms {false_alarms} and {share:.0%} positives the "
            f"precision is not {got:.3f}. Count per row of the world: how many are called 1 "
            "rightly, how many wrongly?"
        )


balanced_accuracy = Exercise(
    _solve_balanced_accuracy,
    _verify_balanced_accuracy,
    [
        "The recall of a class is the share of its rows that are called by its name.",
        "`predicted[:, y == 1]` are the columns of the positives, for all runs.",
        "Take the mean over axis 1 of `predicted[:, y == label] == label` for both labels; "
        "then the mean of the two.",
    ],
)
stratified_split = Exercise(
    _solve_stratified_split,
    _verify_stratified_split,
    [
        "Hold out the same share of each class: two draws, not one.",
        "`np.flatnonzero(y == 1)` are the row numbers of the positives.",
        "`rng.choice(rows, round(share * len(rows)), replace=False)` for each class; the training "
        "rows are all others (`np.setdiff1d`).",
    ],
)
precision_in_the_world = Exercise(
    _solve_precision_in_the_world,
    _verify_precision_in_the_world,
    [
        "Precision: of the rows called 1, the share that are 1.",
        "Of all rows in the world, `recall * share` are called 1 rightly.",
        "Of all rows, `false_alarms * (1 - share)` are called 1 wrongly.",
    ],
)
