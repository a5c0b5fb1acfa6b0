"""The exercises of notebook 01."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_gap(train, test):
    return np.asarray(train)[:, -1] - np.asarray(test)[:, -1]


@judging.judge(_solve_gap)
def _verify_gap(answer):
    for runs, epochs in ((5, 7), (3, 4)):
        _check_gap(answer, *np.random.default_rng(1).random((2, runs, epochs)))


def _check_gap(answer, train, test):
    got = expect_array(answer(train.copy(), test.copy()), (len(train),), "one gap per run")
    for wrong, reason in (
        (_solve_gap(test, train), "the sign is turned round: it is training minus test."),
        (train[:, 0] - test[:, 0], "that is the first epoch. The last column is the last epoch."),
        (train[:, -2] - test[:, -2], "that is the last epoch but one."),
        ((train - test).mean(axis=1), "that is the mean over all epochs; take the last one."),
        (np.abs(train[:, -1] - test[:, -1]), "a gap can be negative: leave its sign."),
        (train.max(axis=1) - test.max(axis=1), "take the last epoch, not the best one."),
    ):
        if np.allclose(got, wrong):
            raise Wrong(reason)
    if not np.allclose(got, _solve_gap(train, test)):
        raise Wrong("the shape is right, but the values are not training minus test at the end.")


def _solve_honest_fall(curves, early):
    return np.asarray(curves)[:, early - 1] - np.asarray(curves)[:, -1]


@judging.judge(_solve_honest_fall)
def _verify_honest_fall(answer):
    for shape, early in (((4, 9), 3), ((4, 9), 1), ((4, 9), 9), ((3, 6), 2)):
        curves = np.random.default_rng(2).random(shape)
        curves[0, 0] = 1.0  # one run is best before `early`
        got = expect_array(answer(curves.copy(), early), shape[:1], "one fall per run")
        for wrong, reason in (
            (-_solve_honest_fall(curves, early), "the sign is turned round: a fall is positive."),
            (
                curves[:, min(early, shape[1] - 1)] - curves[:, -1],
                "epochs count from 1 and columns from 0: epoch 3 is column 2.",
            ),
            (
                curves.max(axis=1) - curves[:, -1],
                "the best epoch is chosen by looking at the curve; take epoch `early`.",
            ),
            (
                curves[:, early - 1 :].max(axis=1) - curves[:, -1],
                "the best epoch from `early` on is still chosen by looking at the curve.",
            ),
        ):
            right = _solve_honest_fall(curves, early)
            if np.allclose(got, wrong) and not np.allclose(wrong, right):
                raise Wrong(reason)
        if not np.allclose(got, _solve_honest_fall(curves, early)):
            raise Wrong(f"with early={early} the values are not the fall to the last epoch.")


def _solve_verdict(low, high, threshold):
    if low >= threshold:
        return "supported"
    if high < threshold:
        return "refuted"
    return "undecided"


@judging.judge(_solve_verdict)
def _verify_verdict(answer):
    for low, high, threshold in (
        (0.2, 0.4, 0.1),
        (-0.2, 0.05, 0.1),
        (0.0, 0.4, 0.1),
        (0.1, 0.4, 0.1),
        (0.0, 0.1, 0.1),
        (-3.0, -2.0, -2.5),
        (-2.0, -1.0, -2.5),
    ):
        right = _solve_verdict(low, high, threshold)
        got = answer(low, high, threshold)
        if not isinstance(got, str):
            raise Wrong(f"the answer must be a word, not {got!r}.")
        if got.strip().lower() != right:
            raise Wrong(
                f"for the interval {low} to {high} and the threshold {threshold} you say {got!r}. "
                "Supported means that all of the interval lies at or above the threshold, refuted "
                "that all of it lies below."
            )


gap = Exercise(
    _solve_gap,
    _verify_gap,
    [
        "Rows are runs, columns are epochs. Which index picks the last column of every row?",
        "`curves[:, -1]` is the last epoch of all runs.",
        "Subtract the last column of `test` from the last column of `train`.",
    ],
)
honest_fall = Exercise(
    _solve_honest_fall,
    _verify_honest_fall,
    [
        "A fall is where it was minus where it is.",
        "Epoch 1 is column 0, so epoch `early` is column `early - 1`.",
        "`curves[:, early - 1]` minus the last column.",
    ],
)
verdict = Exercise(
    _solve_verdict,
    _verify_verdict,
    [
        "If the lower end is not below the threshold, nothing of the interval is.",
        "Three cases: low at or above the threshold; high below it; neither.",
        "`if low >= threshold: return 'supported'`, then the same for `high < threshold`.",
    ],
)
