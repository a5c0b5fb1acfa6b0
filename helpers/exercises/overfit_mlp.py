"""The exercises of notebook 01."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging

_WORDS = ("overfits", "still learning", "settled", "cannot tell")
_EPOCHS = 300
_MARGIN = 0.02  # of the lowest mean error


# --- read four figures ----------------------------------------------------------------------------


def four_curves():
    """Return learning curves to read: by title, those of the training and the validation rows."""
    rng, t = np.random.default_rng(1), np.arange(1, 101)

    def many(mean):
        noise = rng.normal(0, 0.015, (30, 1)) + rng.normal(0, 0.006, (30, 100))
        return np.clip(mean + noise, 0, 1)

    rise = 1 - np.exp(-t / 12)
    slow = 0.5 + 0.45 * (1 - np.exp(-t / 110))
    one = rng.binomial(20, 0.5 + 0.35 * (1 - np.exp(-t / 5))) / 20
    return {
        "A: 30 runs, 2,000 rows": {
            "train": many(0.5 + 0.47 * (1 - np.exp(-t / 16))),
            "validation": many(0.5 + 0.35 * rise - 0.0022 * np.maximum(t - 35, 0)),
        },
        "B: 30 runs, 2,000 rows": {"train": many(slow), "validation": many(slow - 0.03)},
        "C: 30 runs, 2,000 rows": {
            "train": many(0.5 + 0.45 * rise),
            "validation": many(0.5 + 0.35 * rise),
        },
        "D: 1 run, 20 rows": {"train": 0.5 + 0.4 * (1 - np.exp(-t / 6)), "validation": one},
    }


def _solve_reading():
    return {"A": "overfits", "B": "still learning", "C": "settled", "D": "cannot tell"}


_LOOK = {
    "A": "follow the validation mean from epoch 40 to the end, and the training mean meanwhile.",
    "B": "look at the last 20 epochs. What would more epochs do to both means?",
    "C": "look at both means after epoch 60. A gap alone is no fall.",
    "D": "one run on 20 rows, in steps of 5 percentage points. Would 20 other rows agree?",
}


@judging.judge(_solve_reading)
def _verify_reading(answer):
    got = answer()
    if not isinstance(got, dict):
        raise Wrong(f"return a dictionary with a word for each of A, B, C and D, not {got!r:.60}.")
    if set(got) != set(_LOOK):
        raise Wrong(f"the dictionary must have the keys A, B, C and D, not {list(got)!r:.60}.")
    for figure, look in _LOOK.items():
        word = got[figure].strip().lower() if isinstance(got[figure], str) else got[figure]
        if not isinstance(word, str) or word not in _WORDS:
            raise Wrong(f"the word for {figure} must be one of {_WORDS}, not {got[figure]!r:.60}.")
        if word != _solve_reading()[figure]:
            raise Wrong(f"{figure} is not {word!r}: {look}")


# --- the largest part of an error -----------------------------------------------------------------


def _solve_largest_part(fits, truth, noise):
    parts = {
        "squared bias": ((np.mean(fits, axis=0) - truth) ** 2).mean(),
        "variance": np.var(fits, axis=0).mean(),
        "noise": noise**2,
    }
    return max(parts, key=parts.get)


def _parts_cases():
    """Return (fits, truth, noise): each is decided wrongly by one of the usual slips."""
    up = np.array([[1.0], [-1.0]])
    line = np.linspace(0, 10, 5)
    return [
        (line + 3.0 + 0.3 * up, line, 1.0),  # squared bias
        (line + 3**0.5 + 0.1 * up, line, 2.0),  # noise, if squared
        (line + 0.6 + 0.1 * up, line, 0.5),  # squared bias, not noise
        (line + 1.0 * up, line, 1.5**0.5),  # noise; with R - 1 in the variance not
        (line + np.array([2.0, -2.0, 2.0, -2.0, 0.0]) + 0.1 * up, line, 1.5),  # bias, both signs
        (line + 0.5 * up, line, 0.6),  # noise; not where a standard deviation stands for variance
        (line + 3**0.5 + 2.0 * up, line, 1.0),  # variance; not where its root is taken
        (line + 0.01 * up, line, 0.3),  # noise; not where places are mixed with networks
        (line + 1.0 + 2.0 * up, line, 0.5),  # variance; not where the whole error is the bias
        (line + 0.6 + 0.1 * up, line, 0.7),  # noise; not where the bias is not squared
        (np.array([[3, 5]]), np.array([1, 3]), 1),  # one network, whole numbers
        (line[None] + np.array([[0.0], [0.0], [6.0]]), line, 1.0),  # variance 8, squared bias 4
        (line[None] + np.array([[1.0], [1.0], [4.0]]), line, 1.5),  # bias; noise with the median
        (line + 3.0 * (line == 0) + 2.0 * up * (line == 10), line, 1.5),  # noise; not by maxima
    ]


@judging.judge(_solve_largest_part)
def _verify_largest_part(answer):
    for fits, truth, noise in _parts_cases():
        given = fits.copy(), truth.copy()
        got = answer(*given, noise)
        if not isinstance(got, str):
            raise Wrong(f"the answer must be the name of a part, not {got!r:.60}.")
        judging.unchanged("what it is given", given, (fits, truth))
        right = _solve_largest_part(fits, truth, noise)
        if got.strip().lower() != right:
            bias = ((fits.mean(axis=0) - truth) ** 2).mean()
            raise Wrong(
                f"for {len(fits)} networks at {len(truth)} places and noise={noise:.3g} you say "
                f"{got!r:.60}. The squared bias is {bias:.3g}, the variance "
                f"{fits.var(axis=0).mean():.3g}, and noise of standard deviation {noise:.3g} adds "
                f"{noise**2:.3g}."
            )


# --- an honest fall -------------------------------------------------------------------------------


def _solve_honest_fall(curves):
    half = len(curves) // 2
    choosing, others = np.asarray(curves)[:half], np.asarray(curves)[half:]
    epoch = choosing.mean(axis=0).argmax()
    return others[:, epoch] - others[:, -1]


def _slips(curves):
    """Return wrong falls, each with what is wrong."""
    half = len(curves) // 2
    choosing, others = curves[:half], curves[half:]
    rows = np.arange(len(others))
    means = choosing.mean(axis=0)
    latest = len(means) - 1 - means[::-1].argmax()
    return [
        (-_solve_honest_fall(curves), "the sign is flipped: a fall is positive."),
        (
            others[rows, others.argmax(axis=1)] - others[:, -1],
            "each run chooses its own best epoch, so chance is counted as a fall.",
        ),
        (
            others[:, curves.mean(axis=0).argmax()] - others[:, -1],
            "all runs choose the epoch; the runs that are measured must not.",
        ),
        (
            others[:, others.mean(axis=0).argmax()] - others[:, -1],
            "the runs that are measured choose the epoch; the first half should.",
        ),
        (
            others[:, latest] - others[:, -1],
            "of several epochs that are equally good, take the earliest.",
        ),
        (
            others[:, choosing.max(axis=0).argmax()] - others[:, -1],
            "a single run chooses the epoch; take the mean of the first half.",
        ),
    ]


@judging.judge(_solve_honest_fall)
def _verify_honest_fall(answer):
    rng = np.random.default_rng(581)  # all slips give different falls
    # Eighths: their sums are exact, in whatever order, so that ties are ties.
    tied = np.array([[1, 6, 2, 6, 1], [3, 5, 6, 5, 3], [4, 3, 1, 2, 0], [5, 3, 3, 2, 2]]) / 8
    whole = np.array([[0, 1, 0], [1, 0, 0], [1, 1, 0]])
    # The best median is another epoch.
    skewed = np.array([[3, 1, 0], [3, 1, 0], [3, 8, 0], [5, 4, 1], [2, 6, 1], [5, 4, 0]]) / 8
    rising = np.arange(20).reshape(5, 4) / 4  # the last epoch is the best
    for curves in (rng.random((6, 9)), rng.random((7, 5)), tied, whole, skewed, rising):
        given = curves.copy()
        right = _solve_honest_fall(curves)
        got = expect_array(answer(given), right.shape, "one fall for each run of the second half")
        judging.unchanged("what it is given", given, curves)
        if np.allclose(got, right):
            continue
        for wrong, reason in _slips(curves):
            if np.allclose(got, wrong):
                raise Wrong(reason)
        raise Wrong(
            f"for curves of shape {curves.shape} the values are not the falls of the runs from "
            f"number {len(curves) // 2 + 1} on."
        )


# --- when to stop ---------------------------------------------------------------------------------


def _errors(runs, rng):
    t = np.arange(1, _EPOCHS + 1)
    rise = rng.gamma(4, 0.1, (runs, 1)) * (t / _EPOCHS) ** 1.2
    wander = np.cumsum(rng.normal(0, 0.01, (runs, _EPOCHS)), axis=1)
    noise = rng.normal(0, 0.08, (runs, _EPOCHS))
    return 0.8 + 0.9 * np.exp(-t / 25) + 1.2 * rise + wander + noise


def twenty_runs():
    """Return the validation errors of 20 runs, shape (20, 300)."""
    return _errors(20, np.random.default_rng(3))


def _solve_stopping_epoch():
    from helpers.exercises import overfit_mlp

    return int(overfit_mlp.twenty_runs().mean(axis=0).argmin()) + 1


@judging.judge(_solve_stopping_epoch)
def _verify_stopping_epoch(answer):
    got = float(expect_array(answer(), (), "one number of epochs"))
    if got != int(got) or not 1 <= got <= _EPOCHS:
        raise Wrong(f"the answer must be a whole number from 1 to {_EPOCHS}, not {got:g}.")
    # The mean without its noise is known; the 500 runs scatter around it.
    errors = _errors(500, np.random.default_rng(4)).mean(axis=0)
    best = errors.argmin()
    share = errors[int(got) - 1] / errors[best] - 1
    if share > _MARGIN:
        side = "late" if got - 1 > best else "early"
        raise Wrong(
            f"on 500 other runs the mean error after epoch {int(got)} is {share:.1%} above the "
            f"lowest one: that is too {side}."
        )


reading = Exercise(
    _solve_reading,
    _verify_reading,
    [
        "Overfitting: training still gains, and fresh rows lose. Compare two epochs.",
        "One figure shows a single run on few rows; what can it tell?",
        "A loses on fresh rows, B gains on both, C does nothing any more, D is one run.",
    ],
)
largest_part = Exercise(
    _solve_largest_part,
    _verify_largest_part,
    [
        "Three numbers: compute each, then take the name of the largest.",
        "Squared bias: the networks' mean minus the truth, squared, then the mean over places.",
        "Variance: `np.var(fits, axis=0).mean()`. Noise: its standard deviation, squared.",
    ],
)
honest_fall = Exercise(
    _solve_honest_fall,
    _verify_honest_fall,
    [
        "Two groups of runs: one chooses the epoch, the other is measured.",
        "`curves[:len(curves) // 2].mean(axis=0).argmax()` is the epoch, as a column.",
        "From the other runs take that column minus the last one.",
    ],
)
stopping_epoch = Exercise(
    _solve_stopping_epoch,
    _verify_stopping_epoch,
    [
        "A single run's best epoch is mostly chance. What do all 20 say together?",
        "Take the mean over the runs first, `exercises.twenty_runs().mean(axis=0)`.",
        "Its lowest column plus one, since epochs count from 1.",
    ],
)
