"""The exercises of notebook 03."""

import math
import tomllib

import numpy as np

from helpers import evidence
from helpers.exercises import Exercise, Wrong, expect_array, judging

_REGISTER = tomllib.loads(evidence.REGISTER.read_text(encoding="utf-8"))


def _solve_shortage(train, test, wanted):
    if np.mean(test) >= wanted:
        return "nothing"
    return "rows" if np.mean(train) >= wanted else "model"


@judging.judge(_solve_shortage)
def _verify_shortage(answer):
    cases = [
        ([0.75, 1.0], [0.5, 0.75], 0.75),
        ([0.5, 0.75], [0.5, 0.5], 0.75),
        ([1.0, 1.0], [0.75, 1.0], 0.75),
        ([1.0, 0.5], [0.5, 0.5], 0.75),  # the training mean equals what is wanted
        ([1.0, 1.0], [1.0, 0.5], 0.75),  # the test mean does
        ([0.5, 0.5], [1.0, 0.5], 0.625),  # fresh rows may do better than the training rows
        ([1, 1], [0, 1], 1),
        # Where the mean is not the median, an extreme, or one of the runs.
        ([0.25, 1.0, 1.0, 0.25, 1.0], [0.5, 0.5, 0.5, 0.5, 0.5], 0.75),
        ([0.5, 1.0, 1.0, 0.5, 0.5], [0.25, 0.5, 0.25, 0.5, 0.5], 0.625),
        ([1.0, 1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.25, 1.0], 0.75),
        ([1.0, 1.0, 1.0, 1.0, 1.0], [0.5, 1.0, 1.0, 0.5, 0.5], 0.625),
        ([1.0, 1.0, 1.0, 1.0], [0.5, 0.5, 0.5, 1.0], 0.5625),
        ([1.0, 1.0, 1.0, 1.0], [1.0, 0.5, 0.5, 0.5], 0.5625),
        ([0.5, 0.5, 0.5, 1.0], [0.5, 0.5, 0.5, 0.5], 0.5625),
        ([1.0, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5], 0.5625),
        # Where half-way between the extremes is not the mean, and where the gap is narrow.
        ([1.0, 1.0, 1.0, 1.0], [0.5, 1.0, 1.0, 1.0], 0.8),
        ([0.5, 1.0, 1.0, 1.0], [0.5, 0.5, 0.5, 0.5], 0.8),
        ([0.75, 0.75], [0.7, 0.7], 0.75),
        # Where rounding would decide.
        ([1.0, 1.0], [0.756, 0.756], 0.758),
        ([0.756, 0.756], [0.5, 0.5], 0.758),
    ]
    for train, test, wanted in cases:
        given = {"train": np.array(train), "test": np.array(test)}
        kept = {name: values.copy() for name, values in given.items()}
        got = answer(*given.values(), wanted)
        for name, before in kept.items():
            judging.unchanged(name, given[name], before)
        if got is None:
            raise Wrong("your function returns None. Is there a `return` in every case?")
        if not isinstance(got, str) or got not in ("nothing", "rows", "model"):
            raise Wrong(f'return "nothing", "rows" or "model" as a text, not {got!r:.60}.')
        right = _solve_shortage(train, test, wanted)
        if got != right:
            means = np.mean(train), np.mean(test)
            raise Wrong(
                "with a mean training accuracy of {:g}, a mean test accuracy of {:g} and {:g} "
                "wanted you return {!r}. ".format(*means, wanted, got)
                + _reason(*means, wanted)
            )


def _reason(train, test, wanted):
    if test >= wanted:
        return "The test accuracy is enough, so nothing is missing."
    if train >= wanted:
        return "The training rows are learned well enough and the fresh ones are not: rows."
    return "Not even the training rows are learned well enough: model."


def _solve_doubling(few, many):
    return evidence.claim(
        "doubling-improves-circle",
        many - few,
        "With 200 points the network is at least 3 points more accurate than with 100.",
        threshold=0.03,
    )


@judging.judge(_solve_doubling)
def _verify_doubling(answer):
    thresholds = set()
    for runs, gain in ((30, 0.04), (12, 0.0), (2, -0.1)):
        rng = np.random.default_rng(runs)
        few = 0.85 + 0.05 * rng.random(runs)
        given = {"few": few, "many": few + gain + 0.04 * (rng.random(runs) - 0.5)}
        kept = {name: values.copy() for name, values in given.items()}
        claim = answer(*given.values())
        for name, before in kept.items():
            judging.unchanged(name, given[name], before)
        if claim is None:
            raise Wrong("your function returns None. Is there a `return`?")
        if not isinstance(claim, evidence.Claim):
            raise Wrong(f"return what evidence.claim gives, not {type(claim).__name__}.")
        if claim.id in _REGISTER:
            raise Wrong(f"{claim.id} is a claim of the course. Choose an id of your own.")
        _check_gains(claim, kept["few"], kept["many"])
        if not 0 < claim.threshold <= 0.2:
            raise Wrong(
                f"your threshold is {claim.threshold:g}. It is a gain in accuracy that would "
                "matter, above 0 and at most 0.2."
            )
        if claim.no_effect != 0:
            raise Wrong("no effect is a gain of 0, which is what no_effect is if you leave it out.")
        if claim.method != "student":
            raise Wrong('the runs are independent and no shares: leave the method "student".')
        thresholds.add(claim.threshold)
    if len(thresholds) > 1:
        raise Wrong("your threshold depends on the data. Fix it as a number before you look.")


def _check_gains(claim, few, many):
    got, right = claim.values, many - few
    if got.shape != right.shape:
        raise Wrong(f"there are {len(right)} runs and your claim has {len(got)} values.")
    for wrong, reason in (
        (few - many, "your values are few minus many; a gain is many minus few."),
        (many, "your values are the accuracies with many points; take the gain over few."),
        (few, "your values are the accuracies with few points; take the gain of many over few."),
        (right / few, "your values are relative gains; take the plain difference."),
        (100 * right, "your values are percentage points; accuracies run from 0 to 1, so the gain "
                      "is the plain difference."),
        (abs(right), "your values have lost their sign: a run may also lose."),
        (np.full(len(right), right.mean()), "hand over the gain of each run, not their mean."),
    ):  # fmt: skip
        if np.allclose(got, wrong) and not np.allclose(got, right):
            raise Wrong(reason)
    if not np.allclose(got, right):
        if np.allclose(np.sort(got), np.sort(right)):
            return
        raise Wrong("your values are not the gain of each run, many minus few.")


def _solve_rows_needed(a, b, target):
    return int(np.ceil((a / target) ** (1 / b)))


@judging.judge(_solve_rows_needed)
def _verify_rows_needed(answer):
    cases = (
        (1.5, 0.61, 0.0507), (0.9, 0.8, 0.011), (2.0, 0.5, 0.3),
        # Whole numbers that come out exactly in every way to compute them.
        (1.0, 0.5, 0.25), (2, 1.0, 0.25), (4.0, 1.0, 1.0), (0.5, 0.7, 0.5),
        (0.2, 0.5, 0.9),  # met before the first row
        (0.9, 0.45, 0.012),  # more than 10,000 rows
        (1.0, 0.1, 0.6),  # many rows for a target close to a
        (1.2, 0.75, 0.055660371),  # 60.004 rows
    )  # fmt: skip
    for a, b, target in cases:
        exact = (a / target) ** (1 / b)
        right = _solve_rows_needed(a, b, target)
        got = float(expect_array(answer(a, b, target), (), "one number of rows"))
        said = f"for a = {a}, b = {b} and the target {target} you return {got:.6g}"
        if got == right:
            continue
        if got == right + 1 == exact + 1:
            raise Wrong(
                f"{said}: with one row fewer the law meets the target exactly, which is enough."
            )
        if got < 1:
            raise Wrong(f"{said}: at least 1 row is asked for.")
        for wrong, reason in (
            (right - 1, "with so few rows the law is still above the target. Round up."),
            (right + 1, "one row fewer would do."),
            (exact, "that is the right place, but rows come whole: round up."),
            (a * target**-b, "that puts the target in the place of n. Solve for n."),
            ((a / target) ** b, "the exponent is 1 / b, not b."),
            ((target / a) ** (1 / b), "the ratio is upside down: it is a / target."),
            (a / target, "you left out the exponent 1 / b."),
        ):
            if any(np.isclose(got, f(wrong), rtol=1e-9) for f in (float, math.ceil, math.floor)):
                raise Wrong(f"{said}: {reason}")
        raise Wrong(f"{said}. Solve a * n ** -b = target for n, then round up.")


def _solve_cross_validate(fit_and_score, x, y, folds):
    parts = np.array_split(np.arange(len(x)), folds)
    scores = []
    for test in parts:
        train = np.setdiff1d(np.arange(len(x)), test)
        scores.append(fit_and_score(x[train], y[train], x[test], y[test]))
    return np.mean(scores)


@judging.judge(_solve_cross_validate)
def _verify_cross_validate(answer):
    for rows, folds in ((30, 5), (23, 4), (26, 6)):
        rng = np.random.default_rng(rows)
        x = np.arange(rows)[:, None] + rng.random((rows, 2)) / 2
        y = rng.permutation(np.arange(rows) % 2).astype(float)
        calls = []

        def fit_and_score(x_train, y_train, x_test, y_test, x=x, y=y, calls=calls):
            parts = [np.asarray(part, float) for part in (x_train, y_train, x_test, y_test)]
            score = 0.5 + 0.3 * np.sin(parts[2].sum() + 5)
            calls.append((_which_rows(parts[0], parts[1], x, y, "training"),
                          _which_rows(parts[2], parts[3], x, y, "test"), score))  # fmt: skip
            return score

        given = {"x": x.copy(), "y": y.copy()}
        got = float(
            expect_array(answer(fit_and_score, *given.values(), folds), (), "the mean score")
        )
        judging.unchanged("x or y", [*given.values()], [x, y])
        _check_calls(calls, rows, folds)
        scores = np.array([score for *_, score in calls])
        sizes = np.array([len(test) for _, test, _ in calls])
        if np.isclose(got, scores.mean()) or np.isclose(got, np.average(scores, weights=sizes)):
            continue
        for wrong, reason in (
            (scores.sum(), "that is the sum of the scores, not their mean."),
            (scores.max(), "that is the best score. Choosing the best flatters; take the mean."),
            (scores.min(), "that is the worst score; take the mean."),
            (scores[0], "that is the score of the first fold alone; take the mean of all."),
            (scores[-1], "that is the score of the last fold alone; take the mean of all."),
            (np.median(scores), "that is the median of the scores; take the mean."),
            (scores.std(), "that is the spread of the scores; return their mean."),
            (scores.std(ddof=1), "that is the spread of the scores; return their mean."),
        ):
            if np.isclose(got, wrong):
                raise Wrong(reason)
        raise Wrong("the folds are right, but what you return is not the mean of their scores.")


def _which_rows(x_part, y_part, x, y, name):
    if x_part.ndim != 2 or x_part.shape[1] != x.shape[1]:
        raise Wrong(f"the {name} rows must have shape (n, {x.shape[1]}), not {x_part.shape}.")
    if y_part.shape != (len(x_part),):
        raise Wrong(f"the {name} part has {len(x_part)} rows but labels of shape {y_part.shape}.")
    if not len(x_part):
        raise Wrong(f"the {name} part of a fold is empty.")
    if not np.isin(x_part, x).all():
        raise Wrong(f"the {name} part holds rows that are not in x. Hand them over as they are.")
    which = np.floor(x_part[:, 0]).astype(int)
    if not np.array_equal(y[which], y_part):
        raise Wrong(f"the labels of the {name} part do not belong to its rows.")
    return which


def _check_calls(calls, rows, folds):
    if len(calls) != folds:
        raise Wrong(f"with {folds} folds, fit and score {folds} times, not {len(calls)} times.")
    for train, test, _ in calls:
        if np.isin(test, train).any():
            raise Wrong("a row is in the training and in the test part of the same fold.")
        if len(train) + len(test) < rows:
            raise Wrong(
                f"a fold uses {len(train) + len(test)} of the {rows} rows: train on all that are "
                "not in its test part."
            )
        if len(test) > len(train):
            raise Wrong("training and test part are swapped: train on the other folds together.")
    tested = np.bincount(np.concatenate([test for _, test, _ in calls]), minlength=rows)
    if (tested != 1).any():
        raise Wrong(
            f"each row must be tested exactly once; {np.sum(tested == 0)} of the {rows} rows are "
            f"never tested, {np.sum(tested > 1)} more than once."
        )
    sizes = [len(test) for _, test, _ in calls]
    if max(sizes) - min(sizes) > 1:
        raise Wrong(f"the sizes of the folds may differ by one at most; yours hold {sizes} rows.")


shortage = Exercise(
    _solve_shortage,
    _verify_shortage,
    [
        "Compare two means with `wanted`, the test accuracy's first.",
        "`np.mean(test) >= wanted` says whether anything is missing at all.",
        "If something is missing, `np.mean(train) >= wanted` tells rows from model.",
    ],
)
doubling = Exercise(
    _solve_doubling,
    _verify_doubling,
    [
        "A claim about a comparison takes one difference per run.",
        "The values are `many - few`. The threshold is your own: from which gain on would you buy?",
        '`evidence.claim("doubling-improves-circle", many - few, "...", threshold=0.03)`, with a '
        "sentence that says the threshold.",
    ],
)
rows_needed = Exercise(
    _solve_rows_needed,
    _verify_rows_needed,
    [
        "Where is the law exactly at the target? Solve a * n ** -b = target for n.",
        "n = (a / target) ** (1 / b). Rows come whole, and the error falls with n.",
        "`np.ceil((a / target) ** (1 / b))`.",
    ],
)
cross_validate = Exercise(
    _solve_cross_validate,
    _verify_cross_validate,
    [
        "Cut the row numbers into as many parts as there are folds. Each part is the test once.",
        "`np.array_split(np.arange(len(x)), folds)` cuts; scikit-learn's `KFold(folds).split(x)` "
        "gives the training rows too.",
        "For each `train, test` of the split: `fit_and_score(x[train], y[train], x[test], "
        "y[test])`. Return the mean of the scores.",
    ],
)
