"""The exercises of notebook 05, on SMOTE."""

import inspect
import warnings

import numpy as np
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline, make_pipeline
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from helpers.exercises import Exercise, Wrong, judging

# --- 1: one synthetic row after another -----------------------------------------------------------


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
    _check_rows(answer, np.random.default_rng(0).normal(size=(30, 3)) * [1.0, 2.0, 0.5], 400, 4)
    _check_rows(answer, np.random.default_rng(5).normal(size=(20, 2)) * [1.0, 3.0], 300, 3)


def _check_rows(answer, x, n, k):
    given = x.copy()
    made = answer(given, n, np.random.default_rng(1), k)
    if made is None:
        raise Wrong("the function returns None. Is the `return` missing?")
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
    if not np.array_equal(x, given):
        raise Wrong("x itself has changed. Leave the real rows as they are.")
    _check_places(x, made, k)
    again, other = (
        np.array(answer(x.copy(), n, np.random.default_rng(seed), k), float) for seed in (1, 2)
    )
    if np.array_equal(made, other):
        raise Wrong("another rng gives the same rows. Draw with `rng`.")
    if not np.array_equal(made, again):
        raise Wrong("the same rng gives other rows the second time. Draw with `rng` alone.")


def _check_places(x, made, k):
    """Find for each made row the pair of real rows on whose segment it lies."""
    distance = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    near = distance.argsort(axis=1)[:, :k]
    if (np.abs(made[:, None] - x[None]).max(axis=-1).min(axis=1) < 1e-9).mean() > 0.5:
        raise Wrong(
            "the new rows are copies of old ones: that is random oversampling. Move each towards "
            "a neighbour, and do not count a row as its own neighbour."
        )
    step = x[None] - x[:, None]  # from row i to row j
    length = (step**2).sum(axis=-1)
    np.fill_diagonal(length, 1.0)
    share = ((made[:, None, None] - x[None, :, None]) * step).sum(axis=-1) / length
    off = np.abs(made[:, None, None] - (x[None, :, None] + share[..., None] * step)).max(axis=-1)
    on_line = off < 1e-5
    on_line[:, np.arange(len(x)), np.arange(len(x))] = False
    if not on_line.any(axis=(1, 2)).all():
        raise Wrong(
            "some new rows lie on no straight line between two real rows. One share of the way "
            "for all features of a new row."
        )
    between = on_line & (share > -1e-6) & (share < 1 + 1e-6)
    if not between.any(axis=(1, 2)).all():
        raise Wrong("some new rows lie beyond the two rows they come from. The share is in 0 to 1.")
    allowed = np.zeros((len(x), len(x)), bool)
    np.put_along_axis(allowed, near, True, axis=1)
    found = between & allowed
    if not found.any(axis=(1, 2)).all():
        raise Wrong(f"some new rows lie between rows that are not among each other's {k} nearest.")
    # Where a segment joins mutual neighbours, either end may be its start: count it for both.
    starts = found.any(axis=2).any(axis=0)
    if starts.mean() < 0.8:
        raise Wrong("most rows of x never serve as a start. Draw the row at random each time.")
    rank = np.where(found, distance.argsort(axis=1).argsort(axis=1), len(x)).min(axis=(1, 2))
    if (rank >= 2).mean() < 0.05:
        raise Wrong(f"only the very nearest rows are used. Draw one of the {k} nearest each time.")
    shares = share[found]
    if (np.abs(shares - 0.5) < 0.02).mean() > 0.5:
        raise Wrong("the new rows lie half-way. Draw the share of the way at random, from 0 to 1.")
    if len(np.unique(shares.round(4))) < len(made) // 4:
        raise Wrong("many new rows go the same share of the way. Draw a share for each new row.")


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

# --- 2: the pipeline ------------------------------------------------------------------------------


def _solve_pipeline():
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), SMOTE(random_state=0), LogisticRegression())


@judging.judge()
def _verify_pipeline(answer):
    if isinstance(answer, type):
        raise Wrong("this is a class. Make an object of it.")
    if inspect.isroutine(answer):
        takes = inspect.signature(answer)
        try:
            takes.bind()
        except TypeError:
            raise Wrong(f"this should be a Pipeline, and is a function of {takes}.") from None
        answer = answer()
    if not hasattr(answer, "steps"):
        raise Wrong(f"this should be a Pipeline of imbalanced-learn, and is {answer!r:.60}.")
    if not isinstance(answer, Pipeline):
        raise Wrong("this is scikit-learn's Pipeline. Take that of imblearn.pipeline.")
    steps = [step for _, step in answer.steps]
    kinds = [type(step) for step in steps]
    if SMOTE not in kinds:
        raise Wrong(f"none of the steps is SMOTE: they are {_listed(kinds)}.")
    if kinds.count(SMOTE) > 1:
        raise Wrong("SMOTE stands there more than once.")
    if not isinstance(steps[-1], LogisticRegression):
        raise Wrong(f"the last step should be a LogisticRegression, not {_listed(kinds[-1:])}.")
    if steps[-1].class_weight is not None:
        raise Wrong("class weights besides SMOTE would count the rare class twice.")
    if FrozenEstimator in kinds:
        raise Wrong(
            "a frozen step was fitted before the split, on rows that are tested later. Let the "
            "pipeline fit it."
        )
    if StandardScaler not in kinds:
        raise Wrong("the StandardScaler is missing: SMOTE measures distances.")
    if kinds.index(StandardScaler) > kinds.index(SMOTE):
        raise Wrong(
            "the scaler comes after SMOTE. SMOTE measures distances, so scale first, on real rows."
        )
    if len(steps) > 3:
        raise Wrong(f"three steps are enough, and these are {_listed(kinds)}.")
    scaler, sampler, classifier = steps
    for rows in (200, 3_000):
        x, y = make_classification(n_samples=rows, n_features=4, weights=[0.9], random_state=0)
        try:
            fitted = clone(answer).fit(x, y)
        except ValueError as error:
            if not isinstance(sampler.sampling_strategy, dict):
                raise
            raise Wrong(
                "your SMOTE asks for counts, which fit one data set and not another: leave "
                f"sampling_strategy as it is. ({error})"
            ) from None
        plain = clone(classifier).fit(clone(scaler).fit_transform(x), y)
        if np.allclose(fitted.steps[-1][1].coef_, plain.coef_):
            raise Wrong("the classifier has seen no added row. What does your SMOTE do?")


def _listed(kinds):
    return ", ".join(kind.__name__ for kind in kinds)


pipeline = Exercise(
    _solve_pipeline,
    _verify_pipeline,
    [
        "imblearn.pipeline has a make_pipeline of its own.",
        "The steps run in the order in which they stand: scale, then add rows, then classify.",
        "make_pipeline(StandardScaler(), SMOTE(), ...), with StandardScaler from "
        "sklearn.preprocessing.",
    ],
    value=True,
)

# --- 3: the threshold -----------------------------------------------------------------------------


def _solve_cheapest_threshold(y, p, miss, alarm):
    levels = np.unique(p)
    said = p >= levels[:, None]  # a row per threshold, a column per case
    missed = (~said & (y == 1)).sum(axis=1)
    alarms = (said & (y == 0)).sum(axis=1)
    return levels[(miss * missed + alarm * alarms).argmin()]


@judging.judge(_solve_cheapest_threshold)
def _verify_cheapest_threshold(answer):
    for seed in range(1, 9):
        rng = np.random.default_rng(seed)
        y = (rng.permutation(200) < 30 + seed).astype(float)
        p = 1 / (1 + np.exp(-(rng.normal(size=200) + 1.5 * y - 1.0)))
        given = y.copy(), p.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = answer(*given, 7.0, 2.0)
        if not (np.array_equal(y, given[0]) and np.array_equal(p, given[1])):
            raise Wrong("y or p has changed. Leave them as they are.")
        _check_threshold(y, p, 7.0, 2.0, found)


def _check_threshold(y, p, miss, alarm, found):
    if found is None:
        raise Wrong("the function returns None. Is the `return` missing?")
    if isinstance(found, (bool, str)) or np.shape(found) not in ((), (1,)):
        raise Wrong(f"the function should return one number, and returns {found!r:.60}.")
    found = float(np.ravel(found)[0])
    if np.isnan(found):
        raise Wrong("the function returns NaN, and a threshold is asked for.")
    levels = np.unique(p)
    costs = np.array([_cost(y, p >= t, miss, alarm) for t in levels])
    if abs(found - costs.min()) < 1e-9 or abs(found - costs.min() / len(y)) < 1e-9:
        raise Wrong("that is the lowest cost. Return the threshold at which it is reached.")
    if not 0 <= found <= 1:
        raise Wrong(
            f"{found:g} is no probability. Return the threshold itself, not its place in an array."
        )
    nearest = levels[np.abs(levels - found).argmin()]
    if abs(nearest - found) <= np.spacing(np.float32(found)):
        found = nearest  # rounded to single precision
    mine = _lowest(y, p, found, lambda said: _cost(y, said, miss, alarm))
    if mine < costs.min() + 1e-9:
        return
    for cost, reason in (
        (lambda said: _cost(y, said, alarm, miss), "is cheapest with the two costs exchanged."),
        (lambda said: _cost(y, said, 1, 1), "makes the fewest mistakes, whatever they cost."),
        (lambda said: -_f1(y, said), "has the best F1. Here the costs decide."),
        (lambda said: -_cost(y, said, miss, alarm), "is the dearest, not the cheapest."),
    ):
        if _lowest(y, p, found, cost) < min(cost(p >= t) for t in levels) + 1e-9:
            raise Wrong(f"that threshold {reason}")
    if abs(found - alarm / (alarm + miss)) < 1e-9:
        raise Wrong(
            "alarm / (alarm + miss) is right where p is a true probability, and this p is not. "
            "Try all the values of p on these rows."
        )
    raise Wrong(
        f"with {found:.3f} the cost is {mine:g}, and another threshold reaches {costs.min():g}. "
        "Have all values of p been tried?"
    )


def _lowest(y, p, threshold, cost):
    """Count `p > threshold` and `p >= threshold` as the same answer."""
    return min(cost(p > threshold), cost(p >= threshold))


def _cost(y, said, miss, alarm):
    return miss * (y * ~said).sum() + alarm * ((1 - y) * said).sum()


def _f1(y, said):
    return 2 * (y * said).sum() / max(y.sum() + said.sum(), 1)


cheapest_threshold = Exercise(
    _solve_cheapest_threshold,
    _verify_cheapest_threshold,
    [
        "Only the values in p matter as thresholds: between two of them nothing changes.",
        "For each t of p: said = p >= t. A miss is y == 1 and not said, an alarm y == 0 and said.",
        "Keep the t with the lowest miss * misses + alarm * alarms: np.argmin over a list.",
    ],
)
