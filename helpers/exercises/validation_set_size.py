"""The exercises of notebook 06, on the size of the validation set."""

import math

import numpy as np
from scipy import stats

from helpers.exercises import Exercise, Wrong, expect_array, judging

# --- 1: the interval of an accuracy ---------------------------------------------------------------


def _solve_interval(right, rows):
    z = 1.96
    share = right / rows
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return middle - half, middle + half


@judging.judge(_solve_interval)
def _verify_interval(answer):
    for right, rows in ((12, 20), (100, 200), (0, 10), (10, 10), (190, 200)):
        given = answer(right, rows)
        if isinstance(given, (tuple, list)) and len(given) == 3:
            raise Wrong("return two numbers, low and high, without the share itself.")
        if hasattr(given, "low") and hasattr(given, "high"):
            given = given.low, given.high
        low, high = got = expect_array(given, (2,), "low and high")
        where = f"for {right} right of {rows}"
        if low > high:
            raise Wrong("low comes first, then high.")
        if np.allclose(got, _solve_interval(right, rows), atol=1e-3, rtol=0):
            continue
        share = right / rows
        error = math.sqrt(share * (1 - share) / rows)
        low_exact, high_exact = stats.binomtest(right, rows).proportion_ci(method="exact")
        z = 1.96
        centre = (right + z**2 / 2) / (rows + z**2)
        coull = z * math.sqrt(centre * (1 - centre) / (rows + z**2))
        for ends, reason in (
            ((share - error, share + error), "that is one standard error to each side, not 1.96."),
            (
                np.clip((share - z * error, share + z * error), 0, 1),
                "that is the share plus and minus 1.96 standard errors. It has width 0 when all "
                "rows are right. Use Wilson's interval.",
            ),
            (
                (share - z * error, share + z * error),
                "that is the share plus and minus 1.96 standard errors. It has width 0 when all "
                "rows are right. Use Wilson's interval.",
            ),
            ((low_exact, high_exact), "that is the exact interval of Clopper and Pearson."),
            ((centre - coull, centre + coull), "that is the interval of Agresti and Coull."),
            (_wilson(right, rows, 1.0), "z is 1 there; for 95 % it is 1.96."),
            (_wilson(right, rows, 1.645), "that is the 90 % interval; for 95 % z is 1.96."),
            (_wilson(right, rows, 2.576), "that is the 99 % interval; for 95 % z is 1.96."),
            (
                stats.binomtest(right, rows).proportion_ci(method="wilsoncc"),
                "leave the continuity correction out.",
            ),
            (
                np.multiply(_solve_interval(right, rows), 100),
                "return shares between 0 and 1, not percent.",
            ),
            (
                np.multiply(_solve_interval(right, rows), rows),
                "those are numbers of rows; return shares between 0 and 1.",
            ),
        ):
            if np.allclose(got, ends, atol=1e-4, rtol=1e-3):
                raise Wrong(f"{where}: {reason}")
        if not (low <= share <= high):
            raise Wrong(f"{where} the interval {low:.3f} to {high:.3f} leaves out the share.")
        wanted = _solve_interval(right, rows)
        raise Wrong(
            f"{where} you return {low:.3f} to {high:.3f}; Wilson's interval is "
            f"{wanted[0]:.3f} to {wanted[1]:.3f}."
        )


def _wilson(right, rows, z):
    share = right / rows
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return middle - half, middle + half


# --- 2: what the winner's score is worth ----------------------------------------------------------


def _solve_winners_flattery(validation, test):
    winner = validation.argmax(axis=1)
    runs = np.arange(len(validation))
    return validation[runs, winner] - test[runs, winner]


@judging.judge(_solve_winners_flattery)
def _verify_flattery(answer):
    for runs, models in ((6, 9), (4, 5)):
        validation, test = np.random.default_rng(3).random((2, runs, models))
        test[1] += 1  # a winner that does better on the test set
        _check_flattery(answer, validation, test)


def _check_flattery(answer, validation, test):
    given = validation.copy(), test.copy()
    got = expect_array(answer(*given), (len(test),), "one difference per run")
    if not (np.array_equal(given[0], validation) and np.array_equal(given[1], test)):
        raise Wrong("your function changes its arguments. Leave them as they are.")
    right = _solve_winners_flattery(validation, test)
    runs = np.arange(len(test))
    column = validation.mean(axis=0).argmax()
    for wrong, reason in (
        (-right, "the sign is turned round: it is validation minus test."),
        (
            validation.max(axis=1) - test.max(axis=1),
            "the best test score may belong to another model. Take the test score of the model "
            "that won on validation.",
        ),
        (
            validation[runs, test.argmax(axis=1)] - test.max(axis=1),
            "you choose the winner on the test set. Choose it on validation.",
        ),
        (
            validation.max(axis=1) - test.mean(axis=1),
            "compare with the winner's own test score, not with the mean of all models.",
        ),
        (validation.max(axis=1) - validation.mean(axis=1), "the test scores are not used."),
        (
            validation.max(axis=1) - validation[runs, test.argmax(axis=1)],
            "both scores are validation scores; one must be the test score.",
        ),
        (validation.max(axis=1), "that is the winner's score. Subtract its test score."),
        (test[runs, validation.argmax(axis=1)], "that is the winner's test score alone."),
        (validation[:, 0] - test[:, 0], "that is the first model of each run, not the winner."),
        (
            validation[runs, validation.argmin(axis=1)] - test[runs, validation.argmin(axis=1)],
            "you choose the worst model on validation.",
        ),
        (
            validation[:, column] - test[:, column],
            "each run has a winner of its own: look for the maximum along axis 1.",
        ),
        ((validation - test).max(axis=1), "first choose on validation alone, then subtract."),
        ((validation - test).mean(axis=1), "that is the mean over all models; choose one."),
        (np.abs(right), "the difference can be negative: leave its sign."),
        (np.full(len(test), right.mean()), "one difference per run, not their mean."),
    ):
        if np.allclose(got, wrong) and not np.allclose(wrong, right):
            raise Wrong(reason)
    if not np.allclose(got, right):
        raise Wrong("the shape is right, but the values are not those of the winner.")


# --- 3: how many rows -----------------------------------------------------------------------------


def _solve_rows_for(difference, disagreement):
    variance = disagreement - difference**2  # of one row's contribution to the difference
    return int(np.ceil(1.96**2 * variance / difference**2))


@judging.judge(_solve_rows_for)
def _verify_rows_needed(answer):
    for difference, disagreement in ((0.02, 0.1), (0.05, 0.2), (0.01, 0.05), (0.1, 0.3)):
        got = answer(difference, disagreement)
        where = f"for a difference of {difference} and a disagreement of {disagreement}"
        if got is None:
            raise Wrong("your function returns None. Is there a `return`?")
        if isinstance(got, (bool, str, tuple, list)):
            raise Wrong(f"the answer must be a number of rows, not {type(got).__name__}.")
        if np.size(got) != 1:
            raise Wrong(f"the answer must be one number, not an array of shape {np.shape(got)}.")
        try:
            got = float(np.ravel(got)[0])
        except (TypeError, ValueError):
            raise Wrong(f"the answer must be a number of rows, not {type(got).__name__}.") from None
        if not math.isfinite(got):
            raise Wrong("the answer is NaN or infinite.")
        if got == _solve_rows_for(difference, disagreement):
            continue
        variance = disagreement - difference**2
        exact = 1.96**2 * variance / difference**2
        if math.isclose(got, exact, rel_tol=1e-4):
            raise Wrong(f"{where}: rows come whole. Round {got:.1f} up.")
        if got == math.floor(exact):
            raise Wrong(f"{where}: {got:.0f} rows are just too few. Round up, not down.")
        if got == math.floor(exact) + 2:
            raise Wrong(f"{where}: that is one row too many.")
        for wrong, reason in (
            (variance / difference**2, "that is one standard error; the difference must be 1.96."),
            (1.96 * variance / difference**2, "the 1.96 must be squared."),
            (4 * variance / difference**2, "use 1.96 standard errors, not 2."),
            (1.645**2 * variance / difference**2, "use 1.96, not 1.645."),
            (1.96**2 * variance / difference, "the difference in the denominator is squared."),
            (1.96 * math.sqrt(variance) / difference, "square the whole: rows stand under a root."),
            (
                1.96**2 * disagreement / difference**2,
                "the variance of one row is the disagreement minus the squared difference.",
            ),
            (
                1.96**2 * disagreement * (1 - disagreement) / difference**2,
                "the variance of one row is the disagreement minus the squared difference: a row "
                "counts +1, 0 or -1.",
            ),
            (
                1.96**2 * 0.25 / difference**2,
                "that is for one accuracy near 0.5. Two models on the same rows differ only where "
                "they disagree.",
            ),
            (
                1.96**2 * 0.5 / difference**2,
                "that is for two models on different rows. Here both see the same rows.",
            ),
            (
                (1.96 + 0.8416) ** 2 * variance / difference**2,
                "that holds the power of 80 % too. Here the difference is just 1.96 errors.",
            ),
        ):
            if abs(got - wrong) <= 1 or math.isclose(got, wrong, rel_tol=1e-3):
                raise Wrong(f"{where}: {reason}")
        wanted = _solve_rows_for(difference, disagreement)
        raise Wrong(f"{where} you return {got:g}; it takes {wanted}.")


interval = Exercise(
    _solve_interval,
    _verify_interval,
    [
        "The notebook has used this interval above: which helper, and what does it return?",
        "`evidence.proportion(right, rows)` returns the share, low and high.",
        "By hand: with z = 1.96 the middle is (share + z²/2n) / (1 + z²/n), and the half width is "
        "z / (1 + z²/n) times the root of share (1 - share) / n + z² / 4n².",
    ],
)
flattery = Exercise(
    _solve_winners_flattery,
    _verify_flattery,
    [
        "Rows are runs, columns are models. Who wins each run, and by which score?",
        "`validation.argmax(axis=1)` is the winner's column in every run.",
        "`test[np.arange(len(test)), winner]` picks one column from each row.",
    ],
)
rows_needed = Exercise(
    _solve_rows_for,
    _verify_rows_needed,
    [
        "The standard error of the difference is the root of (disagreement - difference²) / n.",
        "Set the difference equal to 1.96 of these errors, square both sides, and solve for n.",
        "n = 1.96² (disagreement - difference²) / difference², rounded up with `np.ceil`.",
    ],
)
