"""The exercises of notebook 04."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_stop_rule(losses, patience):
    lowest, best, wait = float("inf"), 0, 0
    for epoch, loss in enumerate(losses, start=1):
        wait += 1
        if loss < lowest:
            lowest, best, wait = loss, epoch, 0
        elif wait >= patience:
            return epoch, best
    return len(losses), best


_STOP_CASES = (
    ([5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 2.0, 1.0], 3, ""),
    ([5.0, 4.0, 3.0, 3.5, 2.9, 3.1, 3.3, 3.0, 1.0], 3, "an improvement sets the wait to 0 again: "),
    ([5.0, 4.0, 4.0, 4.0, 3.0], 2, "an equal loss is no improvement: "),
    ([5.0, 4.0, 3.0, 2.0, 1.0], 2, "a training that always improves ends at its last epoch: "),
    ([5.0, 1.0, 2.0, 3.0, 2.5, 2.4, 2.3, 0.5], 4, "compare with the lowest loss, not the last: "),
    ([3.0, 3.5, 3.6, 1.0], 1, "with patience 1 the first epoch without improvement is the last: "),
    ([2.0, 3.0, 4.0], 5, "a training that is too short to stop ends at its last epoch: "),
    ([2.0, 3.0, 4.0, 5.0, 1.0], 3, "the first epoch may be the best: "),
)


@judging.judge(_solve_stop_rule)
def _verify_stop(answer):
    for losses, patience, rule in _STOP_CASES:
        got = expect_array(
            answer(list(losses), patience), (2,), "the last epoch and the best epoch"
        )
        stopped, best = _solve_stop_rule(losses, patience)
        if tuple(got) == (stopped, best):
            continue
        if tuple(got) == (stopped - 1, best - 1):
            raise Wrong("epochs count from 1: the first loss belongs to epoch 1, not 0.")
        if tuple(got) == (best, stopped) and best != stopped:
            raise Wrong("the order is turned round: first the last epoch trained, then the best.")
        raise Wrong(
            f"{rule}for the losses {losses} and patience {patience} you say that training ends "
            f"at epoch {got[0]:g} and the best epoch is {got[1]:g}, but it ends at {stopped} and "
            f"the best is {best}."
        )


def _solve_flattery(val_loss, val_accuracy, test_accuracy):
    rows = np.arange(len(val_loss))
    chosen = np.argmin(val_loss, axis=1)
    return np.asarray(val_accuracy)[rows, chosen] - np.asarray(test_accuracy)[rows, chosen]


@judging.judge(_solve_flattery)
def _verify_flattery(answer):
    for runs, epochs in ((6, 9), (4, 7)):
        curves = np.random.default_rng(3).random((3, runs, epochs))
        # The best epoch of all runs together must not be that of each run.
        curves[0, 0, 4] = -1.0
        _check_flattery(answer, *curves)


def _check_flattery(answer, val_loss, val_accuracy, test_accuracy):
    got = expect_array(
        answer(val_loss.copy(), val_accuracy.copy(), test_accuracy.copy()),
        (len(val_loss),),
        "one value per run",
    )
    right = _solve_flattery(val_loss, val_accuracy, test_accuracy)
    runs = np.arange(len(val_loss))
    lowest = val_loss.argmin(axis=1)
    highest = val_accuracy.argmax(axis=1)
    gap = val_accuracy - test_accuracy
    for wrong, reason in (
        (-right, "the sign is turned round: it is the validation score minus the test score."),
        (gap[:, -1], "that is the last epoch; take the epoch of the lowest validation loss."),
        (
            val_accuracy.max(axis=1) - test_accuracy.max(axis=1),
            "each curve is at its own best there. Choose one epoch, read both curves at it.",
        ),
        (
            val_accuracy.max(axis=1) - test_accuracy[runs, lowest],
            "read the validation accuracy at the chosen epoch too, not at its maximum.",
        ),
        (
            gap[runs, highest],
            "that epoch was chosen by the validation accuracy; choose it by the validation loss.",
        ),
        (
            gap[runs, val_loss.argmax(axis=1)],
            "that is the epoch of the highest validation loss; take the lowest.",
        ),
        (
            gap[runs, test_accuracy.argmax(axis=1)],
            "that epoch was chosen by looking at the test rows, which nobody may do.",
        ),
        (
            gap[:, val_loss.mean(axis=0).argmin()],
            "that is one epoch for all runs; every run has its own best epoch.",
        ),
        (
            gap[:, np.unravel_index(val_loss.argmin(), val_loss.shape)[1]],
            "that is one epoch for all runs; every run has its own best epoch.",
        ),
        (
            gap[runs, np.minimum(lowest + 1, gap.shape[1] - 1)],
            "that is the epoch after the chosen one: `argmin` gives a column, which counts from 0.",
        ),
        (
            gap[runs, lowest - 1],
            "that is the epoch before the chosen one: `argmin` gives a column already.",
        ),
        (gap.mean(axis=1), "that is the mean over all epochs; take the chosen epoch alone."),
        (val_accuracy[runs, lowest], "that is the validation score alone; subtract the test's."),
        (test_accuracy[runs, lowest], "that is the test score alone."),
        (
            val_loss[runs, lowest] - test_accuracy[runs, lowest],
            "that subtracts an accuracy from a loss. Choose by the loss, compare accuracies.",
        ),
        (np.abs(right), "a score can also be unlucky: leave the sign of the difference."),
    ):
        if np.allclose(got, wrong) and not np.allclose(wrong, right):
            raise Wrong(reason)
    if not np.allclose(got, right):
        raise Wrong(
            "the shape is right, but the values are not validation minus test accuracy at the "
            "epoch of each run's lowest validation loss."
        )


def _solve_three_way_split(x, y, seed):
    order = np.random.default_rng(seed).permutation(len(x))
    train, stop, report = np.split(order, [len(x) * 6 // 10, len(x) * 8 // 10])
    return (x[train], y[train]), (x[stop], y[stop]), (x[report], y[report])


_PARTS = ("training", "stopping", "reporting")


@judging.judge(_solve_three_way_split)
def _verify_three_way_split(answer):
    for rows in (100, 60):
        _verify_parts(answer, rows)
    x, y = _marked_rows(100)
    first, other, again = (
        [np.asarray(part[1], float).tolist() for part in answer(x.copy(), y.copy(), seed)]
        for seed in (1, 2, 1)
    )
    if first != again:
        raise Wrong("the same seed gives another split the second time: use `seed`.")
    if first == other:
        raise Wrong("two seeds give the same split: use `seed` to shuffle.")


def _marked_rows(rows):
    """Make rows that can be told apart: each label is the number of its row."""
    y = np.arange(rows, dtype=float)
    return np.column_stack([y, -y, y % 7]), y


def _verify_parts(answer, rows):
    x, y = _marked_rows(rows)
    parts = answer(x.copy(), y.copy(), 0)
    if parts is None:
        raise Wrong("your function returns None. Is there a `return`?")
    if not hasattr(parts, "__len__"):
        raise Wrong(f"return three pairs, (x, y) for each part, not {type(parts).__name__}.")
    if len(parts) == 6:
        raise Wrong("return three pairs, (x, y) for each part, not six arrays.")
    if len(parts) != 3:
        raise Wrong(f"return three parts, not {len(parts)}.")
    shares, seen = (0.6, 0.2, 0.2), []
    for name, part, share in zip(_PARTS, parts, shares, strict=True):
        try:
            part_x, part_y = (np.asarray(values, float) for values in part)
        except (TypeError, ValueError):
            raise Wrong(f"the {name} part must be a pair (x, y).") from None
        if part_y.ndim != 1 or part_x.shape != (len(part_y), 3):
            raise Wrong(
                f"the {name} part has x of shape {part_x.shape} and y of shape {part_y.shape}; "
                "x needs one row, with all columns, for each label."
            )
        if abs(len(part_y) - share * rows) > 1:
            raise Wrong(
                f"the {name} part has {len(part_y)} of {rows} rows; it should have {share:.0%}. "
                + (
                    "A share taken of what is left is not a share of the whole."
                    if name != "training"
                    else ""
                )
            )
        if not (part_x[:, 0] == part_y).all() or not (part_x[:, 1] == -part_y).all():
            raise Wrong(f"in the {name} part rows of x no longer stand beside their own labels.")
        seen.append(part_y)
    together = np.concatenate(seen)
    if len(np.unique(together)) < len(together):
        raise Wrong(
            "a row turns up twice. What has trained the network or chosen the epoch "
            "must not be in the part that reports."
        )
    if len(together) != rows:
        raise Wrong(f"only {len(together)} of {rows} rows are used.")
    if (together == y).all() or any((np.diff(np.sort(part)) == 1).all() for part in seen):
        raise Wrong("the rows were not shuffled: sorted data would give three different worlds.")


stop = Exercise(
    _solve_stop_rule,
    _verify_stop,
    [
        "Walk through the losses and keep three things: the lowest so far, its epoch, the wait.",
        "Each epoch adds 1 to the wait. A loss below the lowest so far sets it to 0.",
        "If the loss is no improvement and the wait has reached `patience`, this epoch is the "
        "last one. If that never happens, the last epoch is `len(losses)`.",
    ],
)
flattery = Exercise(
    _solve_flattery,
    _verify_flattery,
    [
        "Which epoch does each run choose? `argmin` along the epochs gives a column per run.",
        "`curves[np.arange(len(curves)), chosen]` picks one column for every row.",
        "Pick the chosen column from both accuracies and subtract the test's.",
    ],
)
three_way_split = Exercise(
    _solve_three_way_split,
    _verify_three_way_split,
    [
        "Shuffle the row numbers once, then cut them into three. Use them for x and for y.",
        "`order = np.random.default_rng(seed).permutation(len(x))`.",
        "`np.split(order, [len(x) * 6 // 10, len(x) * 8 // 10])` cuts at 60 % and at 80 %.",
    ],
)
