"""The exercises of notebook 08."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_choose_width(widths, errors):
    errors = np.asarray(errors)
    means = errors.mean(axis=0)
    best = means.argmin()  # the first, so the narrowest, of several
    standard_error = errors[:, best].std(ddof=1) / len(errors) ** 0.5
    return widths[np.flatnonzero(means <= means[best] + standard_error)[0]]


def _columns(means, spreads, runs=4):
    """Make errors with these means; every second run lies one spread above, the others below."""
    signs = np.where(np.arange(runs) % 2, 1.0, -1.0)[:, None]
    return np.array(means) + signs * np.array(spreads)


# Without spread the limit is the best mean itself, and quarters are exact in binary.
_FLAT = np.array([[0.5, 0.25, 0.25, 0.375]] * 4)
_WIDTH_CASES = (
    ([2, 8, 32, 128], _columns([0.3, 0.2, 0.18, 0.17], [0.01, 0.01, 0.01, 0.04]), ""),
    ([2, 8, 32, 128], _columns([0.3, 0.1, 0.2, 0.25], [0.05] * 4), "the best may lie between: "),
    ([4, 16, 64], _columns([0.4, 0.3, 0.1], [0.01] * 3), "the widest may be the only one: "),
    ([4, 16, 64], _columns([0.1, 0.3, 0.4], [0.01] * 3), "the narrowest may be the best: "),
    ([2, 8, 32, 128], _FLAT, "equally good widths without spread: the narrowest is taken: "),
    (
        [1, 2, 4], _columns([0.5, 0.25, 0.25], [0.0, 0.0, 0.5]),
        "of two equally good widths the narrower is best, with its own standard error: ",
    ),
    (
        [8, 16], np.array([[0.25, 0.375]] * 3 + [[1.0, 0.375]]),
        "best is the lowest mean, not the lowest median: ",
    ),
    (
        [1, 2, 4], _columns([0.30, 0.21, 0.2], [0.2, 0.2, 0.001]),
        "the standard error is that of the best width: ",
    ),
    (
        [1, 2, 4], _columns([0.4, 0.27, 0.2], [0.01, 0.01, 0.1], runs=16),
        "the standard error is the standard deviation by the root of the number of runs: ",
    ),
    (
        [1, 2, 4], _columns([0.4, 0.2542, 0.2], [0.01, 0.01, 0.1]),
        "with `ddof=1` the standard error is a little larger: ",
    ),
    (
        [1, 2, 4], _columns([0.25, 0.5, 0.24], [0.01, 0.01, 0.1]),
        "a narrower width counts also if one between is too bad: ",
    ),
    ([8, 16], _columns([0.35, 0.3], [0.02, 0.1], runs=6), "there may be any number of widths: "),
)  # fmt: skip


@judging.judge(_solve_choose_width)
def _verify_choose_width(answer):
    for widths, errors, rule in _WIDTH_CASES:
        given = errors.copy()
        got = float(expect_array(answer(np.array(widths), given), (), "one width"))
        if not np.array_equal(given, errors):
            raise Wrong("your function changes `errors`. Work on a copy: `errors.copy()`.")
        if got not in widths:
            raise Wrong(f"return one of the widths {widths}, not {got:g}.")
        right = _solve_choose_width(widths, errors)
        if got != right:
            means = errors.mean(axis=0).round(4).tolist()
            raise Wrong(
                f"{rule}of the widths {widths}, with mean errors {means} over {len(errors)} runs, "
                f"the rule takes {right}; you say {got:g}."
            )


def _solve_what_happened(curve, guessing):
    if max(curve) < guessing + 10:
        return "never rose"
    return "went back" if abs(curve[-1] - guessing) <= 2 else "holds"


_FATES = ("never rose", "went back", "holds")
_CURVE_CASES = (
    ([60, 70, 85, 95], 65, ""),
    ([60, 70, 85, 66], 65, ""),
    ([60, 65, 66, 65], 65, ""),
    ([60, 75, 70, 70], 65, "exactly 10 above guessing is a rise: "),
    ([60, 74, 74, 65], 65, "9 above guessing is no rise: "),
    ([60, 80, 67], 65, "exactly 2 above guessing is back: "),
    ([60, 80, 63], 65, "exactly 2 below guessing is back: "),
    ([60, 80, 68], 65, "3 above guessing is not back: "),
    ([60, 80, 62], 65, "3 below guessing is not back: "),
    ([90, 60, 55, 54], 55, "the first epoch may be the highest: "),
    ([50, 58, 52, 70], 60, "the last epoch may be the highest: "),
    ([80, 66, 65, 90], 65, "the last epoch decides whether it is back, no other: "),
    ([60, 80, 66, 70], 65, "the last epoch decides whether it is back, no other: "),
    ([30, 40, 45, 45], 60, "accuracy may stay below guessing: "),
    ([70], 60, "a curve may have one epoch: "),
    ([60, 95, 97, 80], 65, "a fall that ends far above guessing is none that goes back: "),
    ([40, 60, 70, 42], 65, "what counts is guessing, not the first epoch: "),
)


@judging.judge(_solve_what_happened)
def _verify_what_happened(answer):
    for values, guessing, rule in _CURVE_CASES:
        for kind in (int, float):
            curve = np.array(values, kind)
            got = answer(curve, guessing)
            if curve.tolist() != values:
                raise Wrong("your function changes `curve`. Work on a copy: `curve.copy()`.")
            if got is None:
                raise Wrong("your function returns None. Is there a `return` for every case?")
            if not isinstance(got, str) or got not in _FATES:
                words = '", "'.join(_FATES)
                raise Wrong(f'return one of "{words}", as text, not {got!r:.60}.')
            right = _solve_what_happened(values, guessing)
            if got != right:
                raise Wrong(
                    f"{rule}the curve {values} with guessing at {guessing} is {right!r}; "
                    f"you say {got!r}."
                )


def _solve_cosine(step, steps, rate):
    return rate * (1 + np.cos(np.pi * min(step / steps, 1))) / 2


_COSINE_CASES = (
    (0, 600, 0.1, "at the first step the rate is whole: "),
    (600, 600, 0.1, "at the last step it is 0: "),
    (300, 600, 0.1, "half-way it is half: "),
    (150, 600, 0.1, "after a quarter little is gone: "),
    (450, 600, 0.01, "after three quarters little is left: "),
    (601, 600, 0.1, "after the last step it stays 0: "),
    (1_100, 600, 0.1, "after the last step it does not rise again: "),
    (1, 3, 2.0, "rates and steps may be any: "),
    (0, 1, 1.0, "there may be one step: "),
)


@judging.judge(_solve_cosine)
def _verify_cosine(answer):
    for step, steps, rate, rule in _COSINE_CASES:
        got = float(expect_array(answer(step, steps, rate), (), "one rate"))
        right = _solve_cosine(step, steps, rate)
        if not np.isclose(got, right, rtol=1e-4, atol=1e-6 * rate):
            raise Wrong(
                f"{rule}at step {step} of {steps}, from {rate:g}, it is {right:.4g}; "
                f"you say {got:.4g}."
            )


def _solve_stuck_claim(curves, guessing):
    return (curves.max(axis=1) < guessing + 0.1).astype(float), 1 / 3


@judging.judge(_solve_stuck_claim)
def _verify_stuck_claim(answer):
    rng = np.random.default_rng(8)
    for runs in (30, 42):
        guessing = rng.integers(52, 60, runs) / 80
        rise = rng.choice([0.05, 0.09, 0.2, 0.3], runs)  # 0.09 is more than a tenth of guessing
        rise[:2] = 0.2  # in the first epoch alone, and in the last alone
        highest = guessing + rise
        curves = highest[:, None] - 0.15 - 0.15 * rng.random((runs, 20))
        curves[np.arange(runs), [0, 19, *rng.integers(0, 20, runs - 2)]] = highest
        given = curves.copy(), guessing.copy()
        found = answer(*given)
        if not (np.array_equal(given[0], curves) and np.array_equal(given[1], guessing)):
            raise Wrong("your function changes the curves or shares it was given.")
        if found is None:
            raise Wrong("your function returns None. Is there a `return`?")
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise Wrong("return two things: 0 or 1 for each run, and the threshold.")
        values = expect_array(found[0], (runs,), "0 or 1 for each run")
        _verify_stuck(values, curves, guessing)
        if found[1] is None:
            raise Wrong("the threshold is None; it must be a number.")
        threshold = float(expect_array(found[1], (), "the threshold"))
        if not np.isclose(threshold, 1 / 3, atol=0.004):
            raise Wrong(
                f"your threshold is {threshold:g}. The mean of 0 and 1 is a share of runs, from 0 "
                "to 1; the sentence asks for a third of them."
            )


def _verify_stuck(values, curves, guessing):
    stuck = curves.max(axis=1) < guessing + 0.1
    if not np.isin(values, (0, 1)).all():
        raise Wrong("the values must be 0 or 1: whether a run never rose. Their mean is a share.")
    if np.array_equal(values, ~stuck):
        raise Wrong("1 should stand for the runs that never rise; yours stands for the others.")
    if np.array_equal(values, curves[:, -1] < guessing + 0.1):
        raise Wrong("*never* is about the highest epoch of a run, not about the last one.")
    if not np.array_equal(values, stuck):
        raise Wrong(
            f"of {len(values)} runs {stuck.sum()} never reach their own guessing plus 0.1; "
            f"your values are not 1 for these and 0 for the others."
        )


choose_width = Exercise(
    _solve_choose_width,
    _verify_choose_width,
    [
        "Three numbers: the mean error of each width, which is best, and the best one's standard "
        "error.",
        "`errors.mean(axis=0)`; `argmin` gives the first of equal ones; "
        "`errors[:, best].std(ddof=1) / len(errors) ** 0.5`.",
        "`np.flatnonzero(means <= limit)[0]` is the place of the first width at or below the "
        "limit.",
    ],
)
what_happened = Exercise(
    _solve_what_happened,
    _verify_what_happened,
    [
        "Ask about the highest epoch first, then about the last one.",
        "`max(curve) < guessing + 10` is no rise: exactly 10 is one.",
        "`abs(curve[-1] - guessing) <= 2` is back, above or below.",
    ],
)
cosine = Exercise(
    _solve_cosine,
    _verify_cosine,
    [
        "Half a wave of the cosine, from 1 to -1, lifted and halved so that it runs from 1 to 0.",
        "`(1 + np.cos(np.pi * share)) / 2`, with the share of the steps that are done.",
        "The share is `min(step / steps, 1)`: without the minimum the rate would rise again.",
    ],
)
stuck_claim = Exercise(
    _solve_stuck_claim,
    _verify_stuck_claim,
    [
        "A claim about a share of the runs: 1 where the run is stuck, else 0. The mean is the "
        "share.",
        "A run never rises if its highest epoch, `curves.max(axis=1)`, lies below its own guessing "
        "plus 0.1.",
        "`return values, threshold`, with the threshold for a third.",
    ],
)
