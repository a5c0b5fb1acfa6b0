"""The exercises of notebook 06, on the size of the validation set."""

import math

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging

# --- 1: rows for a margin -------------------------------------------------------------------------


def _solve_rows_for(accuracy, margin):
    # two standard errors are at most the margin: 2 sqrt(p (1 - p) / n) <= margin
    return math.ceil(4 * accuracy * (1 - accuracy) / margin**2)


@judging.judge(_solve_rows_for)
def _verify_rows_for(answer):
    # The last six are binary fractions, and their numbers of rows whole without rounding.
    for accuracy, margin in (
        (0.83, 0.03), (0.72, 0.017), (0.61, 0.045), (0.9, 0.011), (0.97, 0.6), (0.08, 2.5),
        (0.5, 0.25), (0.25, 0.125), (0.75, 0.25), (0.5, 0.0625), (0.5, 1), (0.5, 0.03125),
    ):  # fmt: skip
        got = _number_of_rows(answer(accuracy, margin))
        wanted = _solve_rows_for(accuracy, margin)
        if got == wanted:
            continue
        where = f"for an accuracy of {accuracy} and a margin of {margin}"
        variance = accuracy * (1 - accuracy)
        exact = 4 * variance / margin**2
        if got == 0:
            raise Wrong(f"{where} you return no row at all; with {wanted} the margin is kept.")
        if exact == wanted and got == wanted + 1:
            raise Wrong(
                f"{where} {wanted} rows are enough: two standard errors are then the margin "
                "itself, and at most the margin is what is asked."
            )
        if got == math.floor(exact) or got == round(exact):
            raise Wrong(f"{where} {got:.0f} rows are just too few. Round up.")
        for wrong, reason in (
            (exact, "rows come whole. Round up."),
            (variance / margin**2, "that is for one standard error; two must fit."),
            (2 * variance / margin**2, "the 2 must be squared, because rows stand under a root."),
            (1.96**2 * variance / margin**2, "use two standard errors, not 1.96."),
            (4 * variance / margin, "the margin in the denominator is squared."),
            (2 * math.sqrt(variance) / margin, "square the whole: rows stand under a root."),
            (1 / margin**2, "that is for an accuracy of 0.5. Use the accuracy given."),
            (4 * accuracy / margin**2, "one row's variance is accuracy times (1 - accuracy)."),
            (16 * variance / margin**2, "the margin is two standard errors, not half of it."),
        ):
            if wanted > 1 and got in (wrong, math.ceil(wrong)):
                raise Wrong(f"{where}: {reason}")
        raise Wrong(f"{where} you return {got:g} rows; it takes {wanted}.")


def _number_of_rows(got):
    if got is None:
        raise Wrong("your function returns None. Is there a `return`?")
    if isinstance(got, (bool, np.bool_, str, tuple, list)):
        raise Wrong(f"the answer must be a number of rows, not {type(got).__name__}.")
    if np.size(got) != 1:
        raise Wrong(f"the answer must be one number, not an array of shape {np.shape(got)}.")
    try:
        got = float(np.ravel(got)[0])
    except (TypeError, ValueError):
        raise Wrong(f"the answer must be a number of rows, not {type(got).__name__}.") from None
    if not math.isfinite(got):
        raise Wrong("the answer is NaN or infinite.")
    return got


# --- 2: which of two models to keep ---------------------------------------------------------------


def _solve_verdict(right_a, right_b):
    lead = right_a.astype(float) - right_b  # 1, 0 or -1 for each row
    d, q = lead.mean(), (lead != 0).mean()
    error = np.sqrt((q - d**2) / len(lead))
    if d > 2 * error:
        return "A"
    if d < -2 * error:
        return "B"
    return "more rows"


def _pair(rows, only_a, only_b, both):
    """Rows on which A alone is right, B alone, both, and neither."""
    right_a, right_b = np.zeros((2, rows), bool)
    right_a[: only_a + both] = True
    right_b[only_a : only_a + both + only_b] = True
    return right_a, right_b


_PAIRS = (
    (1_000, 40, 10, 700),  # clear on the same rows; not clear if other rows are assumed
    (1_000, 10, 40, 700),
    (200, 14, 10, 150),
    (200, 0, 0, 160),  # the two agree everywhere
    (4, 2, 0, 0),  # exactly two standard errors, in binary fractions
    (4, 0, 2, 1),
    (100, 4, 0, 80),  # two standard errors are 0.039; without subtracting d squared 0.04
    (100, 0, 4, 80),
    (30, 30, 0, 0),  # a standard error of 0
    (10, 3, 0, 4),  # clear; not with the standard deviation of n - 1
    (10, 0, 3, 4),
    (400, 20, 17, 0),
    (400, 60, 90, 100),
    (50, 3, 2, 40),
)


@judging.judge(_solve_verdict)
def _verify_verdict(answer):
    shuffle = np.random.default_rng(0)
    for counts in _PAIRS:
        order = shuffle.permutation(counts[0])
        asked = tuple(right[order] for right in _pair(*counts))
        given = tuple(right.copy() for right in asked)
        got = answer(*given)
        judging.unchanged("its arguments", given, asked)
        wanted = _solve_verdict(*asked)
        if isinstance(got, str) and got == wanted:
            continue
        if got is None:
            raise Wrong("your function returns None. Is there a `return` in every case?")
        if not isinstance(got, str) or got not in ("A", "B", "more rows"):
            raise Wrong(f'return "A", "B" or "more rows", not {got!r:.40}.')
        rows, only_a, only_b, _ = counts
        d, q = (only_a - only_b) / rows, (only_a + only_b) / rows
        errors = 2 * math.sqrt((q - d**2) / rows)
        where = (
            f"on {rows} rows A alone is right {only_a} times and B alone {only_b} times, so d is "
            f"{d:.3g}, q {q:.3g} and two standard errors {errors:.2g}"
        )
        if {got, wanted} == {"A", "B"}:
            raise Wrong(f"{where}. You keep the other one: d is the share right of A minus B.")
        if abs(d) == errors:
            raise Wrong(f"{where}. That is not more than two standard errors.")
        raise Wrong(f'{where}. You return "{got}"; it should be "{wanted}".')


# --- 3: what the winner's score is worth ----------------------------------------------------------


def _solve_winners_flattery(validation, test):
    winner = validation.argmax(axis=1)
    runs = np.arange(len(validation))
    return validation[runs, winner] - test[runs, winner]


@judging.judge(_solve_winners_flattery)
def _verify_flattery(answer):
    rng = np.random.default_rng(3)
    for runs, models in ((6, 9), (4, 5)):
        validation, test = rng.random((2, runs, models))
        test[1] += 1  # a winner that does better on the test set
        _check_flattery(answer, validation, test)
    validation, test = rng.integers(0, 3, (2, 8, 6)) / 4  # ties
    _check_flattery(answer, validation, test)
    _check_flattery(answer, *rng.integers(40, 90, (2, 3, 4)))  # whole numbers
    _check_flattery(answer, *rng.random((2, 3, 1)))


def _check_flattery(answer, validation, test):
    given = validation.copy(), test.copy()
    got = expect_array(answer(*given), (len(test),), "one difference per run")
    judging.unchanged("its arguments", given, (validation, test))
    right = _solve_winners_flattery(validation, test)
    if np.allclose(got, right):
        return
    runs = np.arange(len(test))
    column = validation.mean(axis=0).argmax()
    last = validation.shape[1] - 1 - validation[:, ::-1].argmax(axis=1)
    for wrong, reason in (
        (-right, "the sign is the other way round: it is validation minus test."),
        (
            validation.max(axis=1) - test[runs, last],
            "where several models have the best validation accuracy, the first of them wins.",
        ),
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
        if np.allclose(got, wrong):
            raise Wrong(reason)
    ties = (validation == validation.max(axis=1, keepdims=True)).sum(axis=1) > 1
    if ties.any() and np.allclose(got[~ties], right[~ties]):
        raise Wrong("where several models have the best validation accuracy, the first wins.")
    raise Wrong("the shape is right, but the values are not those of the winner.")


rows_for = Exercise(
    _solve_rows_for,
    _verify_rows_for,
    [
        "Write down two standard errors of an accuracy p on n rows, and set them to the margin.",
        "2 sqrt(p (1 - p) / n) = margin: square both sides and solve for n.",
        "n = 4 p (1 - p) / margin², rounded up with `math.ceil` or `np.ceil`.",
    ],
)
verdict = Exercise(
    _solve_verdict,
    _verify_verdict,
    [
        "On which rows do the two differ, and in which direction?",
        "`right_a.astype(float) - right_b` is 1, 0 or -1 for each row; d is its mean, and q the "
        "share that is not 0.",
        "Compare d with 2 * np.sqrt((q - d**2) / len(right_a)), and -d with the same.",
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
