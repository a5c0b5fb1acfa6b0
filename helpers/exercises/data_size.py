"""The exercises of notebook 03."""

import math

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_law_above_floor(sizes, errors, floor):
    slope, intercept = np.polyfit(np.log(sizes), np.log(errors - floor), 1)
    return np.exp(intercept), -slope


@judging.judge(_solve_law_above_floor)
def _verify_law_above_floor(answer):
    sizes = np.array([20, 40, 80, 160, 320, 640])
    wobble = np.array([1.1, 0.93, 1.04, 0.9, 1.02, 1.05])
    cases = (2.0, 0.5, 0.1, 1.0), (0.9, 0.8, 0.2, 1.0), (1.5, 0.6, 0.05, wobble)
    for a, b, floor, factors in cases:
        excess = a * sizes**-b * factors
        errors = excess + floor
        a, b = _solve_law_above_floor(sizes, errors, floor)
        got = expect_array(answer(sizes.copy(), errors.copy(), floor), (2,), "a and b")
        two_points = np.log(excess[0] / excess[-1]) / np.log(sizes[-1] / sizes[0])
        slope, intercept = np.polyfit(np.log(excess), np.log(sizes), 1)
        ignored, too_much = (_solve_law_above_floor(sizes, errors, f) for f in (0, -floor))
        for wrong, reason in (
            (ignored, "the floor is still in the errors: subtract it before the logarithm."),
            (
                (ignored[0] - floor, ignored[1]),
                "subtract the floor from the errors, before the fit, not from a.",
            ),
            (too_much, "you add the floor; subtract it."),
            ((a, -b), "b has the wrong sign: the exponent of the law is -b, so b is positive."),
            ((b, a), "a and b are swapped: return a first."),
            ((-b, a), "that is the slope and then a. Return a, then b, which is minus the slope."),
            ((-b, np.log(a)), "that is slope and intercept as they come: a is exp(intercept)."),
            ((np.log(a), b), "that is the logarithm of a. Take exp of the intercept."),
            ((np.log(a), -b), "take exp of the intercept, and turn the sign of the slope."),
            ((np.log10(a), b), "that is the base-10 logarithm of a: raise 10 to its power."),
            ((np.exp(np.log10(a)), b), "you took log10 and then exp: raise 10 to its power."),
            ((10 ** np.log(a), b), "you took log and then a power of 10: exp undoes log."),
            (
                (np.exp(intercept), -slope),
                "the axes are swapped: the logarithm of the error depends on that of the size.",
            ),
            (
                (excess[0] * sizes[0] ** two_points, two_points),
                "the line must use all sizes, not the first and the last alone.",
            ),
            (
                tuple(np.polyfit(sizes, excess, 1)[::-1] * (1, -1)),
                "that is a straight line through the values; take the logarithms of both.",
            ),
            (
                (excess.mean(), b),
                "that is the mean error, not a. a is the error the law gives for one row.",
            ),
        ):
            if np.allclose(got, wrong) and not np.allclose(wrong, (a, b)):
                raise Wrong(reason)
        if not np.allclose(got, (a, b), rtol=1e-3):
            raise Wrong(
                f"for errors that follow {floor:g} + {a:.3g} * n ** -{b:.3g} you return "
                f"{got[0]:.3g} and {got[1]:.3g}. Fit a straight line to the logarithms of the "
                "sizes and of what the errors have above the floor."
            )


def _solve_rows_needed(a, b, target):
    return int(np.ceil((a / target) ** (1 / b)))


@judging.judge(_solve_rows_needed)
def _verify_rows_needed(answer):
    for a, b, target in ((1.5, 0.61, 0.0507), (0.9, 0.8, 0.011), (2.0, 0.5, 0.3)):
        right = _solve_rows_needed(a, b, target)
        got = float(expect_array(answer(a, b, target), (), "one number of rows"))
        said = f"for a = {a}, b = {b} and the target {target} you return {got:.6g}"
        exact = (a / target) ** (1 / b)
        if got == right:
            continue
        for wrong, reason in (
            (right - 1, "with so few rows the law is still above the target. Round up."),
            (right + 1, "one row fewer would do."),
            (exact, "that is the right place, but rows come whole: round up."),
            (a * target**-b, "that puts the target in the place of n. Solve for n."),
            ((a / target) ** b, "the exponent is 1 / b, not b."),
            ((target / a) ** (1 / b), "the ratio is turned round: it is a / target."),
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
    for rows, folds in ((30, 5), (23, 4)):
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

        got = float(
            expect_array(answer(fit_and_score, x.copy(), y.copy(), folds), (), "the mean score")
        )
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
    if max(sizes) - min(sizes) > 2:
        raise Wrong(f"the folds must be about equally large; yours hold {sizes} rows.")


law_above_floor = Exercise(
    _solve_law_above_floor,
    _verify_law_above_floor,
    [
        "Only what lies above the floor follows the law: errors - floor = a * sizes ** -b.",
        "log(errors - floor) = log(a) - b * log(sizes), a straight line. `np.polyfit(x, y, 1)` "
        "fits one.",
        "`slope, intercept = np.polyfit(np.log(sizes), np.log(errors - floor), 1)`; a is `np.exp` "
        "of the intercept, b is minus the slope.",
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
