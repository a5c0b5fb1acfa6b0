"""The exercises of notebook 04."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_choose_patience(losses, share):
    needed = []
    for run in np.asarray(losses):
        longest, lowest, best = 1, run[0], 0
        for epoch, loss in enumerate(run):
            if loss < lowest:
                longest = max(longest, epoch - best)
                lowest, best = loss, epoch
        needed.append(longest)
    # A patience serves every run that needs no more than it.
    for patience in sorted(needed):
        if np.mean([need <= patience for need in needed]) >= share:
            return patience


def _with_waits(*needed, epochs=16):
    """Make one run per number: the patience that its lowest loss needs."""
    runs = []
    for wait in needed:
        run = np.full(epochs, 9.0) + np.arange(epochs) / 10
        run[:2] = 10.0, 8.0
        run[1 + wait :] = 5.0 + np.arange(epochs - 1 - wait) / 10
        runs.append(run)
    return np.array(runs)


_FALLING = np.arange(12.0, 0.0, -1.0)
_TIED = np.array([5.0, 3.0, 4.0, 3.0, 4.0, 4.0, 3.0, 6.0, 6.0, 6.0, 6.0, 6.0])
_EARLY = np.array([1.0, *np.arange(2.0, 13.0)])
_TIED_BEFORE = np.array([9.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 1.0, 2.0, 2.0, 2.0, 2.0])
_TWO_HUMPS = np.array([9.0, 6.0, 7.0, 7.0, 5.0, 6.0, 6.0, 6.0, 6.0, 4.0, 8.0, 3.5])
_LATE = np.array([9.0, 5.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 1.0])
_HIGH_BUMP = np.array([9.0, 5.0, 8.0, 7.0, 6.0, 4.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0])
_PATIENCE_CASES = (
    (_with_waits(1, 3, 4, 7), 0.5, ""),
    (_with_waits(1, 3, 4, 7), 1.0, "with the share 1 every run counts: "),
    (_with_waits(2, 2, 6, 9), 0.75, "three of four runs are a share of 0.75, which is enough: "),
    (_with_waits(6, 2, 9, 2), 0.75, "the runs may stand in any order: "),
    (_with_waits(3, 5), 0.25, "one run of two is more than a quarter: "),
    (_with_waits(1, 9), 0.75, "one run of two is less than three quarters: "),
    (_FALLING[None], 1.0, "a loss that always falls needs no more than patience 1: "),
    (_EARLY[None], 1.0, "the first epoch may be the lowest; patience is at least 1: "),
    (_TIED[None], 1.0, "an equal loss is no improvement, and the first lowest epoch counts: "),
    (_TIED_BEFORE[None], 1.0, "an equal loss is no improvement, before the lowest too: "),
    (_TWO_HUMPS[None], 1.0, "the longest wait before the lowest loss decides: "),
    (_LATE[None], 1.0, "the lowest loss may come last: "),
    (_HIGH_BUMP[None], 1.0, "the wait is counted from the lowest loss so far, not the last: "),
    (_with_waits(2, 4, 4) / 1_000, 1.0, "losses may have any size: "),
    (-_with_waits(2, 4, 4)[:, ::-1], 1.0, "losses may be negative: "),
    (_with_waits(2, 5, 8).round().astype(int), 1.0, "losses may be whole numbers: "),
)


@judging.judge(_solve_choose_patience)
def _verify_choose_patience(answer):
    for losses, share, rule in _PATIENCE_CASES:
        given = losses.copy()
        got = _whole(answer(given, share))
        judging.unchanged("`losses`", given, losses)
        right = _solve_choose_patience(losses, share)
        if got == right:
            continue
        if len(losses) == 1:
            case = f"the single run {losses[0].tolist()}"
        else:
            needed = [_solve_choose_patience(run[None], 1.0) for run in losses]
            case = f"{len(losses)} runs that need the patiences {needed}, and the share {share:g},"
        raise Wrong(f"{rule}for {case} the smallest patience is {right}; you say {got:g}.")


def _whole(value):
    if value is None:
        raise Wrong("your function returns None. Is there a `return`?")
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iuf" or array.ndim:
            raise TypeError
    except (TypeError, ValueError):
        raise Wrong(f"the patience must be one whole number, not {value!r:.60}.") from None
    if not np.isfinite(array) or array % 1:
        raise Wrong(f"the patience must be a whole number, not {float(array):g}.")
    return int(array)


def _solve_three_way_split(x, y, seed):
    order = np.random.default_rng(seed).permutation(len(x))
    train, stop, report = np.split(order, [len(x) * 6 // 10, len(x) * 8 // 10])
    return (x[train], y[train]), (x[stop], y[stop]), (x[report], y[report])


_PARTS = ("training", "stopping", "reporting")


@judging.judge(_solve_three_way_split)
def _verify_three_way_split(answer):
    for rows in (100, 60, 101, 53, 99, 17):
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
    given = x.copy(), y.copy()
    parts = answer(*given, 0)
    if parts is None:
        raise Wrong("your function returns None. Is there a `return`?")
    if not hasattr(parts, "__len__"):
        raise Wrong(f"return three pairs, (x, y) for each part, not {type(parts).__name__}.")
    if len(parts) == 6:
        raise Wrong("return three pairs, (x, y) for each part, not six arrays.")
    if len(parts) != 3:
        raise Wrong(f"return three parts, not {len(parts)}.")
    seen = []
    for name, part, tenths in zip(_PARTS, parts, (6, 2, 2), strict=True):
        try:
            part_x, part_y = (np.asarray(values, float) for values in part)
        except (TypeError, ValueError):
            raise Wrong(f"the {name} part must be a pair (x, y).") from None
        if part_y.ndim != 1 or part_x.shape != (len(part_y), 3):
            raise Wrong(
                f"the {name} part has x of shape {part_x.shape} and y of shape {part_y.shape}; "
                "x needs one row, with all columns, for each label."
            )
        # Two rows: each call of `train_test_split` rounds up.
        if abs(10 * len(part_y) - tenths * rows) > (20 if tenths * rows % 10 else 0):
            raise Wrong(
                f"the {name} part has {len(part_y)} of {rows} rows; {tenths}0% are "
                f"{tenths * rows / 10:g}."
                + (
                    " A share taken of what is left is not a share of the whole."
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
    # Three rows may be neighbours by chance, ten hardly.
    blocks = [part for part in seen if len(part) >= 10 and (np.diff(np.sort(part)) == 1).all()]
    if (together == y).all() or blocks:
        raise Wrong("the rows were not shuffled: sorted data would give three different worlds.")
    judging.unchanged("x or y", given, (x, y))


def _solve_not_worse(few, many):
    return few - many, -0.02


@judging.judge(_solve_not_worse)
def _verify_not_worse(answer):
    rng = np.random.default_rng(5)
    for runs in (30, 45):
        many = 0.7 + 0.04 * rng.standard_normal(runs)
        few = many - 0.01 + 0.03 * rng.standard_normal(runs)
        given = few.copy(), many.copy()
        values, threshold = _pair(answer(*given))
        judging.unchanged("the accuracies", given, (few, many))
        values = expect_array(values, (runs,), "one value per run")
        _verify_values(values, few, many)
        if threshold is None:
            raise Wrong("the threshold is None; it must be a number.")
        threshold = float(expect_array(threshold, (), "the threshold"))
        if np.isclose(threshold, 0.02, atol=1e-6):
            raise Wrong(
                "with the threshold 0.02 the claim says that 20 rows are at least 2 points "
                "*better*. 2 points worse is a difference of -0.02."
            )
        if np.isclose(threshold, -2):
            raise Wrong("accuracies run from 0 to 1: 2 points are 0.02, not 2.")
        if not np.isclose(threshold, -0.02, atol=1e-6):
            raise Wrong(
                f"your threshold is {threshold:g}; 2 points worse is a difference of -0.02."
            )


def _pair(answer):
    if answer is None:
        raise Wrong("your function returns None. Is there a `return`?")
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Wrong("return two things: the values, one per run, and the threshold.")
    return answer


def _verify_values(values, few, many):
    def are(other):
        return np.allclose(values, other, atol=1e-6)

    if are(many - few):
        raise Wrong(
            "your values are the cost, 200 rows minus 20. A claim is supported where the values "
            "are large, so take the gain: a cost of at most 2 points is a gain of at least -2."
        )
    if are(np.abs(few - many)):
        raise Wrong("without its sign a gain counts as a cost. Leave the sign.")
    if are(np.sort(few) - np.sort(many)):
        raise Wrong("compare within a run: sorting tears the pairs apart.")
    if are(few - many.mean()):
        raise Wrong("subtract the accuracy of the same run, not the mean of all.")
    if are(few - many >= -0.02):
        raise Wrong(
            "those are 0 and 1: their mean is a share of runs. The sentence is about the mean "
            "difference."
        )
    if not are(few - many):
        raise Wrong("the values must be, run by run, the accuracy on 20 rows minus that on 200.")


choose_patience = Exercise(
    _solve_choose_patience,
    _verify_choose_patience,
    [
        "What does one run need? Its longest wait from one improvement to the next, up to the "
        "lowest loss.",
        "Or try: for patience 1, 2, 3, ... `training.early_stopping(losses, patience=patience)` "
        "gives the restored epoch of each run. `losses.argmin(axis=1) + 1` is where it should be.",
        "Return the first patience at which the mean of `restored == wanted` is at least `share`.",
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
not_worse = Exercise(
    _solve_not_worse,
    _verify_not_worse,
    [
        "A claim is supported if its mean lies at or above the threshold. Which difference is "
        "large when 20 rows are enough?",
        "`few - many`, run by run: 0 is no difference, -0.02 is 2 points worse.",
        "`return few - many, threshold`, with the threshold for 2 points worse.",
    ],
)
