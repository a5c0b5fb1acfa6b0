"""The exercises of notebook 05, on SMOTE."""

import numpy as np
from scipy import stats

from helpers.exercises import Exercise, Wrong, judging

_RARE_CHANCE = 1e-6  # a right answer is refused by chance about as often as this

# --- 1: the threshold -----------------------------------------------------------------------------


def _solve_cheapest_threshold(y, p, miss, alarm):
    levels = np.append(np.unique(p), np.inf)  # the last one calls no row rare
    said = p >= levels[:, None]  # a line per threshold, a column per row
    missed = (~said & (y == 1)).sum(axis=1)
    alarms = (said & (y == 0)).sum(axis=1)
    return levels[(miss * missed + alarm * alarms).argmin()]


def _cases():
    """Yield labels, probabilities and both costs. All p are exact in single precision."""
    for seed in range(1, 9):
        rng = np.random.default_rng(seed)
        y = (rng.permutation(200) < 30 + seed).astype(float)
        p = 1 / (1 + np.exp(-(rng.normal(size=200) + 1.5 * y - 1.0)))
        yield y, np.round(p * 1024) / 1024, 7.0, 2.0
    few = np.array([0.25, 0.75])
    yield np.array([1, 0]), few, 1, 3  # nobody
    yield np.array([1, 0]), few, 3, 1  # everybody
    yield np.array([0, 1, 0, 0]), np.array([1.0, 0.5, 0.25, 0.75]), 1, 2  # nobody, and p holds 1
    yield np.array([1, 0, 1, 0]), np.array([0.5, 0.5, 0.75, 0.5]), 1, 1  # ties in p
    yield np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 0.5]), 5, 1  # p holds 0
    yield np.array([0, 1]), np.array([0.5, 0.5 + 2**-20]), 1, 1  # no grid of thresholds fits
    yield np.array([0, 0, 1, 0]), np.array([0.25, 0.5, 0.75, 1.0]), 2.5, 0.75  # no whole numbers


@judging.judge(_solve_cheapest_threshold)
def _verify_cheapest_threshold(answer):
    for y, p, miss, alarm in _cases():
        given = y.copy(), p.copy()
        found = answer(*given, miss, alarm)
        judging.unchanged("y or p", given, (y, p))
        _check_threshold(y, p, miss, alarm, found)


def _number(found, asked):
    """Return what should be one number, or say what it is."""
    if found is None:
        raise Wrong("your function returns None. Is there a `return`?")
    try:
        if isinstance(found, (bool, np.bool_, str)) or np.shape(found) not in ((), (1,)):
            raise TypeError
        found = float(np.ravel(found)[0])
    except (TypeError, ValueError):
        raise Wrong(f"{asked} is one number, and your function returns {found!r:.60}.") from None
    if np.isnan(found):
        raise Wrong(f"your function returns NaN, and {asked} is a number.")
    return found


def _check_threshold(y, p, miss, alarm, found):
    found = _number(found, "the threshold")

    def cost(said, miss=miss, alarm=alarm):
        return miss * (said < y).sum() + alarm * (said > y).sum()

    levels = np.append(np.unique(p), np.inf)
    costs = np.array([cost(p >= t) for t in levels])
    mine, lowest = cost(p >= found), costs.min()
    if mine <= lowest:
        return
    if cost(p > found) <= lowest:
        raise Wrong(
            f"{found:g} would be cheapest with p > threshold. Here a row is called rare where "
            "p >= threshold."
        )
    shown = f" For y = {y.tolist()}, p = {p.tolist()}, miss = {miss}, alarm = {alarm}: "
    shown = shown if len(y) < 10 else " "
    if costs[-1] <= lowest:
        raise Wrong(
            f"it can be cheapest to call no row rare, with a threshold above every p.{shown}"
            f"that costs {lowest:g}, and your threshold {found:g} costs {mine:g}."
        )
    if lowest > 1 and np.isclose(found, lowest):
        raise Wrong("that is the lowest cost. Return the threshold at which it is reached.")
    for rule, reason in (
        (lambda said: cost(said, alarm, miss), "is cheapest with the two costs exchanged."),
        (lambda said: cost(said, 1, 1), "makes the fewest mistakes, whatever they cost."),
        (lambda said: -cost(said), "is the dearest, not the cheapest."),
    ):
        if rule(p >= found) <= min(rule(p >= t) for t in levels):
            raise Wrong(f"{found:g} {reason}{shown}".rstrip(": "))
    raise Wrong(
        f"with your threshold {found:g} these rows cost {mine:g}, and another threshold reaches "
        f"{lowest:g}. Have all values of p been tried?{shown}".rstrip(": ")
    )


cheapest_threshold = Exercise(
    _solve_cheapest_threshold,
    _verify_cheapest_threshold,
    [
        "Only the values in p matter as thresholds: between two of them nothing changes. One more, "
        "above all of them, calls no row rare.",
        "For each threshold t: said = p >= t. A miss is y == 1 and not said, a false alarm y == 0 "
        "and said.",
        "Keep the t with the lowest miss * misses + alarm * alarms: np.argmin over a list.",
    ],
)

# --- 2: the treatment -----------------------------------------------------------------------------


def _solve_choose(gains, least):
    from scipy import stats

    runs = len(gains)
    mean, spread = gains.mean(axis=0), gains.std(axis=0, ddof=1)
    low = mean - stats.t.ppf(0.975, runs - 1) * spread / np.sqrt(runs)
    if not (low >= least).any():
        return -1
    return int(np.where(low >= least, mean, -np.inf).argmax())


def _trials():
    """Yield gains and the least that matters. No interval ends within rounding of it by chance."""
    steps = np.resize([-1.0, 1.0], 8)  # mean 0, standard deviation 1.069

    def columns(*pairs):
        return np.stack([mean + spread * steps for mean, spread in pairs], axis=1)

    yield columns((0.25, 0.03125), (0.5, 1.0), (0.375, 0.0625)), 0.125  # the highest is unsure
    yield columns((0.0, 0.125), (0.125, 0.125)), 0.125  # none: both reach below
    yield columns((-0.5, 0.0625), (-0.25, 0.0625)), 0.0625  # none: harm
    yield columns((0.0, 0.5), (0.25, 0.0)), 0.25  # begins exactly at the least
    yield columns((0.25, 0.0625), (0.5, 0.125), (0.5, 0.125)), 0.125  # equal means
    yield columns((0.5, 0.0625), (0.25, 0.0625)), 0.0625  # the first column
    yield columns((0.5, 0.0625)), 0.0625  # a single one
    # Student's interval with 7 degrees of freedom reaches 2.36 standard errors down: with 8 it
    # reaches 2.31, with R in the spread's denominator 2.21, a normal one 1.96.
    error = steps.std(ddof=1) / np.sqrt(8)
    yield columns((2.15 * error, 1.0), (-1.0, 1.0)), 0.0
    yield columns((2.335 * error, 1.0), (-1.0, 1.0)), 0.0
    yield columns((2.45 * error, 1.0), (-1.0, 1.0)), 0.0  # just above
    yield columns((-0.125, 0.03125), (-0.0625, 0.03125)), -0.25  # a margin
    yield columns((0.375, 0.0625), (0.5, 0.25)), 0.125  # the highest mean, not the highest start
    yield columns((-0.125, 1.0), (-0.25, 0.0625)), -0.5  # a mean below 0, the other unsure
    rare_gain = np.array([0.25] * 7 + [0.75])  # mean 0.3125, median 0.25
    yield np.stack([rare_gain, 0.28125 + 0.03125 * steps], axis=1), 0.0625


@judging.judge(_solve_choose)
def _verify_choose(answer):
    for gains, least in _trials():
        given = gains.copy()
        found = answer(given, least)
        judging.unchanged("gains", given, gains)
        _check_choice(gains, least, found)


def _check_choice(gains, least, found):
    found = _number(found, "the number of the column")
    runs, k = gains.shape
    mean = gains.mean(axis=0)
    half = stats.t.ppf(0.975, runs - 1) * gains.std(axis=0, ddof=1) / np.sqrt(runs)
    sure = mean - half >= least
    case = f"least = {least:g} and {k} column{'s' * (k > 1)} of {runs} runs"
    if not np.isfinite(found) or found != round(found) or not -1 <= found < k:
        raise Wrong(f"for {case} the answer is a whole number from -1 to {k - 1}, not {found:g}.")
    found = int(found)
    if found == -1:
        if sure.any():
            column = int(sure.argmax())
            raise Wrong(
                f"for {case} you leave the rows alone, and the interval of column {column} lies at "
                f"or above least: from {mean[column] - half[column]:.4g}."
            )
        return
    if not sure[found]:
        reason = (
            f"for {case} the interval of column {found} begins at {mean[found] - half[found]:.4g}, "
            "below least."
        )
        if mean[found] >= mean.max():
            reason += " The highest mean alone is not enough."
        raise Wrong(reason + " Student's interval has R - 1 degrees of freedom.")
    if (mean[sure] > mean[found]).any():
        raise Wrong(
            f"for {case} column {found} may be used, and another one that may be used has a higher "
            "mean."
        )
    if (sure & (mean == mean[found]))[:found].any():
        raise Wrong(f"for {case} an earlier column than {found} has the same mean: take the first.")


choose = Exercise(
    _solve_choose,
    _verify_choose,
    [
        "mean, low, high = evidence.interval(gains) gives one interval per column.",
        "low >= least says which columns may be used. With none of them the answer is -1.",
        "np.where(low >= least, mean, -np.inf).argmax() is the one with the highest mean, the "
        "first of equal ones.",
    ],
)

# --- 3: one synthetic row after another -----------------------------------------------------------


def _solve_synthetic_rows(x, n, rng, k=5):
    distance = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)  # a row is not its own neighbour
    nearest = distance.argsort(axis=1)[:, :k]
    row = rng.integers(len(x), size=n)
    neighbour = nearest[row, rng.integers(k, size=n)]
    share = rng.random((n, 1))  # one share per new row, not one per feature
    return x[row] + share * (x[neighbour] - x[row])


@judging.judge(_solve_synthetic_rows)
def _verify_synthetic_rows(answer):
    _check_rows(answer, np.random.default_rng(0).normal(size=(30, 3)) * [1.0, 2.0, 0.5], 2_000, 4)
    _check_rows(answer, np.random.default_rng(5).normal(size=(20, 2)) * [1.0, 3.0], 1_500, 3)
    _check_rows(answer, np.random.default_rng(6).normal(size=(6, 2)), 300, 1)
    _made(answer, np.eye(3), 1, 2)


def _made(answer, x, n, k, seed=1):
    """Return the rows that an answer makes, or say why they are none."""
    given = x.copy()
    made = answer(given, n, np.random.default_rng(seed), k)
    if made is None:
        raise Wrong("your function returns None. Is there a `return`?")
    try:
        made = np.array(made, float)
    except (TypeError, ValueError):
        raise Wrong(f"the function should return numbers, and returns {made!r:.60}.") from None
    if made.shape == (len(x) + n, x.shape[1]):
        raise Wrong("return the new rows alone, without the rows of x.")
    if made.shape != (n, x.shape[1]):
        raise Wrong(
            f"for n = {n} and {x.shape[1]} features the shape should be ({n}, {x.shape[1]}), not "
            f"{made.shape}."
        )
    if not np.isfinite(made).all():
        raise Wrong("some of the new rows hold NaN or an infinity.")
    judging.unchanged("x", given, x)
    return made


def _check_rows(answer, x, n, k):
    made = _made(answer, x, n, k)
    distance = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    near = np.zeros(distance.shape, bool)
    np.put_along_axis(near, distance.argsort(axis=1)[:, :k], True, axis=1)
    _check_copies(x, made)
    _check_places(x, made, near, k)
    _check_draws(x, made, near, k)
    if np.array_equal(made, _made(answer, x, n, k, seed=2)):
        raise Wrong("another rng gives the same rows. Draw with `rng`.")
    if not np.array_equal(made, _made(answer, x, n, k)):
        raise Wrong("the same rng gives other rows the second time. Draw with `rng` alone.")


def _check_copies(x, made):
    copies = (np.abs(made[:, None] - x).max(axis=-1).min(axis=1) < 1e-6).mean()
    if copies > 0.01:
        raise Wrong(
            f"{copies:.0%} of the new rows are copies of rows of x. Move each towards a neighbour, "
            "and do not count a row as its own neighbour."
        )


def _on_segments(x, made, i, j):
    """Return for each new row and pair of rows the share of the way, and whether it is on line."""
    step = x[j] - x[i]
    share = ((made[:, None] - x[i]) * step).sum(axis=-1) / (step**2).sum(axis=-1)
    off = np.abs(made[:, None] - (x[i] + share[..., None] * step)).max(axis=-1)
    return share, off < 1e-5


def _check_places(x, made, near, k):
    """Refuse new rows that lie on no segment between a row and one of its k nearest."""
    share, on_line = _on_segments(x, made, *np.nonzero(np.triu(near | near.T)))
    between = on_line & (share > -1e-5) & (share < 1 + 1e-5)
    lost = ~between.any(axis=1)
    if not lost.any():
        return
    share, on_line = _on_segments(x, made[lost], *np.triu_indices(len(x), 1))
    if not on_line.any(axis=1).all():
        raise Wrong(
            "some new rows lie on no straight line between two rows of x. Take one share of the "
            "way for all features of a new row."
        )
    if not (on_line & (share > -1e-5) & (share < 1 + 1e-5)).any(axis=1).all():
        raise Wrong("some new rows lie beyond the two rows they come from. The share is in 0 to 1.")
    raise Wrong(f"some new rows lie between rows that are not among each other's {k} nearest.")


def _check_draws(x, made, near, k):
    """Compare what was drawn with even draws: pairs by chi-squared, shares by Kolmogorov's test."""
    i, j = np.nonzero(np.triu(near | near.T))
    share, on_line = _on_segments(x, made, i, j)
    pair = (on_line & (share > -1e-5) & (share < 1 + 1e-5)).argmax(axis=1)
    share = share[np.arange(len(made)), pair]
    expected = len(made) * (near[i, j] * 1.0 + near[j, i]) / (len(x) * k)
    count = np.bincount(pair, minlength=len(i))
    # Pairs of mutual neighbours do not tell which row was the start. The others do.
    forward, one_way = near[i, j][pair], (near[i, j] != near[j, i])[pair]
    start = np.where(forward, i[pair], j[pair])[one_way]
    known = np.where(forward, share, 1 - share)[one_way]
    if stats.chisquare(count, expected * count.sum() / expected.sum()).pvalue < _RARE_CHANCE:
        raise Wrong(
            "the rows are not drawn evenly. Each row of x starts as often as the others, and goes "
            f"as often to each of its {k} nearest."
        )
    if stats.kstest(known, "uniform").pvalue < _RARE_CHANCE:
        raise Wrong(
            "the shares of the way do not spread evenly from 0 to 1 (0 at the row drawn first). "
            "Draw one for each new row."
        )
    _check_order(len(x), len(made), np.flatnonzero(one_way), start, known)


def _check_order(rows, n, places, start, share):
    blocks = places // rows
    repeats = any(
        len(np.unique(start[blocks == b])) < (blocks == b).sum() for b in range(n // rows)
    )
    if not repeats or (np.diff(start) >= 0).all():
        raise Wrong("the rows of x start in turn or in order. Draw one at random for each new row.")
    if (np.diff(share) >= 0).all():
        raise Wrong("the share grows from each new row to the next. Draw it at random.")


synthetic_rows = Exercise(
    _solve_synthetic_rows,
    _verify_synthetic_rows,
    [
        "Three draws per new row: a real row, one of its k nearest, a share of the way.",
        "Distances between all rows: ((x[:, None] - x[None]) ** 2).sum(axis=-1). Its diagonal is "
        "0: a row is nearest to itself, so leave that one out.",
        "row + share * (neighbour - row), with share of shape (n, 1).",
    ],
)
