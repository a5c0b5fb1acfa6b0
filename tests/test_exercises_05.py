"""Answers to the exercises of notebook 05; test_exercises.py checks them."""

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from scipy import stats
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.neighbors import NearestNeighbors

from helpers import evidence
from helpers.exercises import smote as exercises

# --- right answers --------------------------------------------------------------------------------


def rows_by_choice(x, n, rng, k):
    made = np.empty((n, x.shape[1]))
    for place in range(n):
        start = x[rng.choice(len(x))]
        order = np.linalg.norm(x - start, axis=1).argsort(kind="stable")
        end = x[rng.choice(order[1 : k + 1])]
        made[place] = np.average([start, end], axis=0, weights=(w := rng.uniform(), 1 - w))
    return made


def rows_by_loop(x, n, rng, k=5):
    near = NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x, return_distance=False)[:, 1:]
    made = []
    for _ in range(n):
        i = rng.integers(len(x))
        j = rng.choice(near[i])
        made.append(x[i] + rng.uniform() * (x[j] - x[i]))
    return made


def rows_by_weights(x, n, rng, k):
    order = np.linalg.norm(x[:, None] - x, axis=-1).argsort(axis=1)
    i = rng.choice(len(x), size=n)
    j = order[i, 1 + rng.choice(k, size=n)]
    w = rng.uniform(size=n)[:, None]
    return (1 - w) * x[i] + w * x[j]


def cost_by_loop(y, said, miss, alarm):
    total = 0
    for truth, guess in zip(y, said, strict=True):
        total += miss if truth and not guess else alarm if guess and not truth else 0
    return total


def threshold_by_loop(y, p, miss, alarm):
    best, found = np.inf, None
    for t in [*p, 2.0]:
        if (cost := cost_by_loop(y, p >= t, miss, alarm)) < best:
            best, found = cost, t
    return found


def threshold_between(y, p, miss, alarm):
    levels = np.unique(p)
    between = [levels[0] - 1, *(levels[1:] + levels[:-1]) / 2, levels[-1] + 1]
    costs = []
    for t in between:
        (_, false_positives), (false_negatives, _) = confusion_matrix(y, p > t, labels=[0, 1])
        costs.append(miss * false_negatives + alarm * false_positives)
    return between[np.argmin(costs)]


def threshold_by_sorting(y, p, miss, alarm):
    order = np.argsort(-p, kind="stable")
    cost = miss * y.sum() - np.cumsum(np.where(y[order] == 1, miss, -alarm))
    ends = np.append(p[order][1:] != p[order][:-1], True)  # ties stand or fall together
    if miss * y.sum() < cost[ends].min():
        return np.inf
    return np.array([p[order][ends][cost[ends].argmin()]])


def choose_with_evidence(gains, least):
    mean, low, _ = evidence.interval(gains)
    best = -1
    for j in range(gains.shape[1]):
        if low[j] >= least and (best < 0 or mean[j] > mean[best]):
            best = j
    return best


def choose_with_scipy(gains, least):
    low = gains.mean(0) + stats.t.ppf(0.025, len(gains) - 1) * stats.sem(gains)
    fits = [(-m, j) for j, (m, a) in enumerate(zip(gains.mean(0), low, strict=True)) if a >= least]
    return min(fits)[1] if fits else -1


def choose_by_claims(gains, least):
    made = [evidence.claim("mine", g, "It pays.", threshold=least) for g in gains.T]
    held = [j for j, claim in enumerate(made) if claim.verdict == "supported"]
    return np.array([max(held, key=lambda j: made[j].estimate)]) if held else -1


RIGHT = {
    "synthetic_rows": [rows_by_loop, rows_by_weights, rows_by_choice],
    "cheapest_threshold": [threshold_by_loop, threshold_between, threshold_by_sorting],
    "choose": [choose_with_evidence, choose_with_scipy, choose_by_claims],
}

# --- wrong answers --------------------------------------------------------------------------------


def nearest(x):
    distance = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    return distance.argsort(axis=1)


def rows_with(pick_row=None, pick_neighbour=None, pick_share=None):
    """Return a solution in which one of the three draws is replaced."""

    def answer(x, n, rng, k):
        i = rng.integers(len(x), size=n) if pick_row is None else pick_row(x, n, rng)
        j = (
            nearest(x)[i, 1 + rng.integers(k, size=n)]
            if pick_neighbour is None
            else pick_neighbour(x, i, rng, k)
        )
        w = rng.random((n, 1)) if pick_share is None else pick_share(x, n, rng)
        return x[i] + w * (x[j] - x[i])

    return answer


solved = exercises.synthetic_rows._solution


def in_place(x, n, rng, k):
    made = solved(x, n, rng, k)
    x += 1
    return made


def with_nan(x, n, rng, k):
    made = solved(x, n, rng, k)
    made[3, 1] = np.nan
    return made


def own_generator(x, n, rng, k):
    return solved(x, n, np.random.default_rng(np.random.randint(2**31)), k)


def with_inf(p):
    return np.append(np.unique(p), np.inf)


def costs(y, p, miss, alarm):
    return np.array([cost_by_loop(y, p >= t, miss, alarm) for t in with_inf(p)])


def cheapest(y, p, miss, alarm):
    return with_inf(p)[costs(y, p, miss, alarm).argmin()]


def among_p(y, p, miss, alarm):
    return np.unique(p)[costs(y, p, miss, alarm)[:-1].argmin()]


def on_a_grid(y, p, miss, alarm):
    grid = np.arange(0, 1.03, 0.02)
    return grid[np.argmin([cost_by_loop(y, p >= t, miss, alarm) for t in grid])]


def on_a_fine_grid(y, p, miss, alarm):
    grid = np.arange(0, 1.003, 0.001)
    return grid[np.argmin([cost_by_loop(y, p >= t, miss, alarm) for t in grid])]


def with_greater(y, p, miss, alarm):
    levels = np.append(-1.0, np.unique(p))
    return levels[np.argmin([cost_by_loop(y, p > t, miss, alarm) for t in levels])]


def never_everybody(y, p, miss, alarm):
    return with_inf(p)[1:][costs(y, p, miss, alarm)[1:].argmin()]


def best_f1(y, p, miss, alarm):
    levels = np.sort(p)
    return levels[np.argmax([f1_score(y, p >= t) for t in levels])]


def sorts_in_place(y, p, miss, alarm):
    found = cheapest(y, p, miss, alarm)
    p.sort()
    return found


def choose_by(low=None, usable=lambda low, least: low >= least, best=np.argmax):
    """Return a solution of `choose` in which one part is replaced."""

    def answer(gains, least):
        mean, ends, _ = evidence.interval(gains)
        fits = usable(ends if low is None else low(gains), least)
        return int(best(np.where(fits, mean, -np.inf))) if fits.any() else -1

    return answer


def normal_low(gains):
    return gains.mean(0) - 1.96 * gains.std(0, ddof=1) / np.sqrt(len(gains))


def population_low(gains):
    return gains.mean(0) - stats.t.ppf(0.975, len(gains) - 1) * gains.std(0) / np.sqrt(len(gains))


def one_sided_low(gains):
    error = gains.std(0, ddof=1) / np.sqrt(len(gains))
    return gains.mean(0) - stats.t.ppf(0.95, len(gains) - 1) * error


def subtracts_in_place(gains, least):
    found = choose_with_evidence(gains, least)
    gains -= least
    return found


def r_degrees_low(gains):
    return gains.mean(0) + stats.t.ppf(0.025, len(gains)) * stats.sem(gains)


def highest_start(gains, least):
    low = evidence.interval(gains)[1]
    return int(low.argmax()) if low.max() >= least else -1


def zero_for_unsure(gains, least):
    mean, low, _ = evidence.interval(gains)
    return int((mean * (low >= least)).argmax()) if low.max() >= least else -1


def highest_median(gains, least):
    fits = evidence.interval(gains)[1] >= least
    return int(np.where(fits, np.median(gains, 0), -np.inf).argmax()) if fits.any() else -1


def last_of_equal(means):
    return len(means) - 1 - np.argmax(means[::-1])


WRONG = {
    "synthetic_rows": {
        "none": [(nothing, "return")],
        "nan": [(with_nan, "NaN"), (not_a_number, "shape")],
        "shape": [
            (lambda x, n, rng, k: solved(x, n, rng, k).T, "shape"),
            (
                rows_with(pick_share=lambda x, n, rng: rng.random((n, 3))[:, : x.shape[1]]),
                "no straight line",
            ),
        ],
        "off by one": [
            (lambda x, n, rng, k: solved(x, n + 1, rng, k), "shape"),
            (lambda x, n, rng, k: solved(x, n, rng, k + 1), "4 nearest"),
            (lambda x, n, rng, k: solved(x, n, rng, max(k - 1, 1)), "not drawn evenly"),
            (rows_with(pick_neighbour=lambda x, i, rng, k: nearest(x)[i, 0]), "copies"),
            (
                rows_with(
                    pick_neighbour=lambda x, i, rng, k: nearest(x)[i, rng.integers(k, size=len(i))]
                ),
                "its own neighbour",
            ),
            (rows_with(pick_neighbour=lambda x, i, rng, k: nearest(x)[i, 1]), "not drawn evenly"),
            (rows_with(pick_neighbour=lambda x, i, rng, k: nearest(x)[i, k]), "not drawn evenly"),
        ],
        "constant": [
            (first_answer(solved), "another rng"),
            (lambda x, n, rng, k: solved(x, n, np.random.default_rng(0), k), "another rng"),
            (lambda x, n, rng, k: np.zeros((n, x.shape[1])), "no straight line"),
            (rows_with(pick_share=lambda x, n, rng: 0.5), "spread evenly"),
            (rows_with(pick_share=lambda x, n, rng: rng.random()), "spread evenly"),
            (rows_with(pick_share=lambda x, n, rng: 0.5 * rng.random((n, 1))), "spread evenly"),
            (rows_with(pick_share=lambda x, n, rng: rng.random((n, 1)) ** 2), "spread evenly"),
            (rows_with(pick_share=lambda x, n, rng: np.linspace(0, 1, n)[:, None]), "share grows"),
        ],
        "neighbour": neighbours(exercises, {
            "cheapest_threshold": "takes them as y, p, miss and alarm",
            "choose": "function is called with x, n, rng and k",
        }),
        "other": [
            (3.0, "should be a function"),
            (lambda x, n, rng, k: "rows", "should return numbers"),
            (lambda x, n, rng, k: np.vstack([x, solved(x, n, rng, k)]), "the new rows alone"),
            (in_place, "changes x in place"),
            (lambda x, n, rng, k: x[rng.integers(len(x), size=n)], "copies"),
            (
                lambda x, n, rng, k: (
                    x[rng.integers(len(x), size=n)] + rng.normal(size=(n, x.shape[1]))
                ),
                "no straight line",
            ),
            (rows_with(pick_share=lambda x, n, rng: 1 + rng.random((n, 1))), "beyond"),
            (
                rows_with(
                    pick_neighbour=lambda x, i, rng, k: (
                        (i + rng.integers(1, len(x), len(i))) % len(x)
                    )
                ),
                "nearest",
            ),
            (rows_with(pick_row=lambda x, n, rng: rng.integers(5, size=n)), "not drawn evenly"),
            (rows_with(pick_row=lambda x, n, rng: np.arange(n) % len(x)), "in turn"),
            (rows_with(pick_row=lambda x, n, rng: np.sort(rng.choice(len(x), n))), "in turn"),
            (own_generator, "the same rng"),
        ],
    },
    "cheapest_threshold": {
        "none": [(nothing, "return")],
        "nan": [(lambda y, p, miss, alarm: np.nan, "NaN")],
        "shape": [(lambda y, p, miss, alarm: p, "one number")],
        "off by one": [
            (among_p, "above every p"),
            (never_everybody, "exchanged"),
            (with_greater, "p > threshold"),
            (lambda y, p, *c: 1.0 + costs(y, p, *c).argmin(), "another threshold"),
        ],
        "constant": [
            (first_answer(exercises.cheapest_threshold._solution), "another threshold"),
            (lambda y, p, miss, alarm: 0.5, "another threshold"),
            (lambda y, p, miss, alarm: 1.0, "another threshold"),
            (lambda y, p, miss, alarm: np.inf, "another threshold"),
            (lambda y, p, miss, alarm: y.mean(), "another threshold"),
            (lambda y, p, miss, alarm: alarm / (alarm + miss), "another threshold"),
        ],
        "neighbour": neighbours(exercises, {
            "synthetic_rows": "takes them as x, n, rng and k",
            "choose": "function is called with y, p, miss and alarm",
        }),
        "other": [
            (0.3, "should be a function"),
            (lambda y, p, miss, alarm: "0.3", "one number"),
            (lambda y, p, miss, alarm: True, "one number"),
            (lambda y, p, *c: costs(y, p, *c).min(), "the lowest cost"),
            (lambda y, p, miss, alarm: cheapest(y, p, alarm, miss), "exchanged"),
            (lambda y, p, miss, alarm: cheapest(y, p, 1, 1), "fewest mistakes"),
            (on_a_grid, "values of p"),
            (on_a_fine_grid, "dearest"),
            (best_f1, "another threshold"),
            (lambda y, p, miss, alarm: cheapest(y, p, int(miss), int(alarm)), "cost 2.25"),
            (lambda y, p, *c: with_inf(p)[costs(y, p, *c).argmax()], "dearest"),
            (sorts_in_place, "changes y or p in place"),
        ],
    },
    "choose": {
        "none": [(nothing, "return")],
        "nan": [(lambda gains, least: np.nan, "NaN")],
        "shape": [(lambda gains, least: gains.mean(axis=0), "one number")],
        "off by one": [
            (lambda gains, least: 1 + choose_with_evidence(gains, least), "whole number"),
            (choose_by(usable=lambda low, least: low > least), "leave the rows alone"),
            (choose_by(best=last_of_equal), "take the first"),
            (choose_by(population_low), "begins at"),
        ],
        "constant": [
            (first_answer(exercises.choose._solution), "whole number"),
            (lambda gains, least: 0, "higher mean"),
            (lambda gains, least: -1, "leave the rows alone"),
        ],
        "neighbour": neighbours(exercises, {
            "synthetic_rows": "function is called with gains and least",
            "cheapest_threshold": "function is called with gains and least",
        }),
        "other": [
            (2, "should be a function"),
            (lambda gains, least: "0", "one number"),
            (lambda gains, least: True, "one number"),
            (lambda gains, least: 0.5, "whole number"),
            (lambda gains, least: np.inf, "whole number"),
            (lambda gains, least: int(gains.mean(axis=0).argmax()), "highest mean alone"),
            (choose_by(lambda gains: gains.mean(axis=0)), "begins at"),
            (choose_by(normal_low), "R - 1"),
            (choose_by(one_sided_low), "begins at"),
            (choose_by(r_degrees_low), "begins at"),
            (highest_start, "higher mean"),
            (zero_for_unsure, "begins at"),
            (highest_median, "higher mean"),
            (choose_by(best=lambda means: np.flatnonzero(means > -np.inf)[0]), "higher mean"),
            (choose_by(usable=lambda low, least: low >= 0), "begins at"),
            (subtracts_in_place, "changes gains in place"),
        ],
    },
}  # fmt: skip
