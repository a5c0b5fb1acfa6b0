"""Answers to the exercises of notebook 05; test_exercises.py checks them."""

import numpy as np
import pytest
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline as sklearn_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted

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
    for t in p:
        if (cost := cost_by_loop(y, p >= t, miss, alarm)) < best:
            best, found = cost, t
    return found


def threshold_between(y, p, miss, alarm):
    levels = np.sort(p)
    between = (levels[1:] + levels[:-1]) / 2
    costs = []
    for t in between:
        (_, false_positives), (false_negatives, _) = confusion_matrix(y, p > t)
        costs.append(miss * false_negatives + alarm * false_positives)
    return between[np.argmin(costs)]


def threshold_by_sorting(y, p, miss, alarm):
    order = np.argsort(-p)
    cost = miss * (y.sum() - np.cumsum(y[order])) + alarm * np.cumsum(1 - y[order])
    return np.array([p[order][cost.argmin()]])


NAMED = [("scale", StandardScaler()), ("smote", SMOTE()), ("model", LogisticRegression())]
RIGHT = {
    "synthetic_rows": [rows_by_loop, rows_by_weights, rows_by_choice],
    "pipeline": [
        exercises.pipeline._solution(),
        Pipeline(NAMED),
        lambda: Pipeline(NAMED),
        make_pipeline(StandardScaler(), SMOTE(k_neighbors=3), LogisticRegression(C=10)),
    ],
    "cheapest_threshold": [threshold_by_loop, threshold_between, threshold_by_sorting],
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


def built(*steps):
    return make_pipeline(*steps)


EVERYTHING = make_classification(n_samples=300, weights=[0.8], random_state=0)  # before any split


def costs(y, p, miss, alarm):
    levels = np.sort(p)
    return levels, np.array([cost_by_loop(y, p >= t, miss, alarm) for t in levels])


def cheapest(y, p, miss, alarm):
    levels, cost = costs(y, p, miss, alarm)
    return levels[cost.argmin()]


def shifted(y, p, miss, alarm):
    levels, cost = costs(y, p, miss, alarm)
    return levels[cost.argmin() - 1] - 1e-6


def dearest(y, p, miss, alarm):
    levels, cost = costs(y, p, miss, alarm)
    return levels[cost.argmax()]


def best_f1(y, p, miss, alarm):
    levels = np.sort(p)
    return levels[np.argmax([f1_score(y, p >= t) for t in levels])]


def sorts_in_place(y, p, miss, alarm):
    found = cheapest(y, p, miss, alarm)
    p.sort()
    return found


WRONG = {
    "synthetic_rows": {
        "none": [(nothing, "return")],
        "nan": [(with_nan, "NaN"), (not_a_number, "shape")],
        "shape": [
            (lambda x, n, rng, k: solved(x, n, rng, k).T, "shape"),
            (
                rows_with(pick_share=lambda x, n, rng: rng.random((n, 3))[:, : x.shape[1]]),
                "no straigh",
            ),
        ],
        "off by one": [
            (lambda x, n, rng, k: solved(x, n + 1, rng, k), "shape"),
            (lambda x, n, rng, k: solved(x, n, rng, k + 1), "4 nearest"),
            (rows_with(pick_neighbour=lambda x, i, rng, k: nearest(x)[i, 0]), "copies"),
            (rows_with(pick_neighbour=lambda x, i, rng, k: nearest(x)[i, 1]), "only"),
        ],
        "constant": [
            (first_answer(solved), "another rng"),
            (lambda x, n, rng, k: solved(x, n, np.random.default_rng(0), k), "another rng"),
            (lambda x, n, rng, k: np.zeros((n, x.shape[1])), "no straight line"),
            (rows_with(pick_share=lambda x, n, rng: 0.5), "half-way"),
            (rows_with(pick_share=lambda x, n, rng: rng.random()), "same share"),
        ],
        "neighbour": neighbours(exercises, {
            "pipeline": "x, n, rng and k, and takes no argument",
            "cheapest_threshold": "takes them as y, p, miss and alarm",
        }) + [(exercises.pipeline._solution(), "function of x, n, rng and k")],
        "other": [
            (3.0, "should be a function"),
            (lambda x, n, rng, k: "rows", "should return numbers"),
            (lambda x, n, rng, k: np.vstack([x, solved(x, n, rng, k)]), "the new rows alone"),
            (in_place, "changed"),
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
            (rows_with(pick_row=lambda x, n, rng: rng.integers(8, size=n)), "never serve"),
            (own_generator, "the same rng"),
        ],
    },
    "pipeline": {
        "none": [(nothing, "should be a Pipeline"), (None, "should be a Pipeline")],
        "nan": [(np.nan, "should be a Pipeline")],
        "shape": [
            ([StandardScaler(), SMOTE(), LogisticRegression()], "should be a Pipeline"),
            (built(SMOTE(), StandardScaler(), LogisticRegression()), "scale first"),
        ],
        "off by one": [
            (built(StandardScaler(), SMOTE(), SMOTE(), LogisticRegression()), "more than once"),
            (built(StandardScaler(), SMOTE()), "should be a LogisticRegression"),
            (
                built(StandardScaler(), StandardScaler(), SMOTE(), LogisticRegression()),
                "three steps",
            ),
        ],
        "constant": [
            (
                built(StandardScaler(), SMOTE(sampling_strategy={1: 179}), LogisticRegression()),
                "fit one data set and not another",
            ),
            (0.5, "should be a Pipeline"),
        ],
        "neighbour": neighbours(exercises, {
            "synthetic_rows": "is a function of (x, n, rng, k=5)",
            "cheapest_threshold": "is a function of (y, p, miss, alarm)",
        }),
        "leak": [
            (
                built(
                    FrozenEstimator(StandardScaler().fit(EVERYTHING[0])),
                    SMOTE(),
                    LogisticRegression(),
                ),
                "fitted before the split",
            ),
            (SMOTE(random_state=0).fit_resample(*EVERYTHING), "should be a Pipeline"),
        ],
        "other": [
            ("SMOTE", "should be a Pipeline"),
            (Pipeline, "class"),
            (LogisticRegression(), "should be a Pipeline"),
            (sklearn_pipeline(StandardScaler(), LogisticRegression()), "imblearn"),
            (built(StandardScaler(), LogisticRegression()), "none of the steps is SMOTE"),
            (
                built(StandardScaler(), RandomOverSampler(), LogisticRegression()),
                "none of the steps is SMOTE",
            ),
            (
                built(StandardScaler(), SMOTE(), DecisionTreeClassifier()),
                "should be a LogisticRegression",
            ),
            (built(SMOTE(), LogisticRegression()), "StandardScaler is missing"),
            (
                built(StandardScaler(), SMOTE(), LogisticRegression(class_weight="balanced")),
                "twice",
            ),
            (
                built(StandardScaler(), SMOTE(sampling_strategy={}), LogisticRegression()),
                "no added row",
            ),
            (
                built(StandardScaler(), SMOTE(sampling_strategy={}), LogisticRegression(C=10)),
                "no added row",
            ),
        ],
    },
    "cheapest_threshold": {
        "none": [(nothing, "return")],
        "nan": [(lambda y, p, miss, alarm: np.nan, "NaN")],
        "shape": [(lambda y, p, miss, alarm: p, "one number")],
        "off by one": [
            (shifted, "another threshold"),
            (lambda y, p, *c: 1.0 + costs(y, p, *c)[1].argmin(), "no probability"),
        ],
        "constant": [
            (first_answer(exercises.cheapest_threshold._solution), "another threshold"),
            (lambda y, p, miss, alarm: 0.5, "another threshold"),
            (lambda y, p, miss, alarm: 1.0, "another threshold"),
            (lambda y, p, miss, alarm: y.mean(), "another threshold"),
            (lambda y, p, miss, alarm: alarm / (alarm + miss), "true probability"),
        ],
        "neighbour": neighbours(exercises, {
            "synthetic_rows": "takes them as x, n, rng and k",
            "pipeline": "y, p, miss and alarm, and takes no argument",
        }) + [(exercises.pipeline._solution(), "function of y, p, miss and alarm")],
        "other": [
            (0.3, "should be a function"),
            (lambda y, p, miss, alarm: "0.3", "one number"),
            (lambda y, p, miss, alarm: True, "one number"),
            (lambda y, p, *c: costs(y, p, *c)[1].min(), "the lowest cost"),
            (lambda y, p, *c: costs(y, p, *c)[1].min() / len(y), "lowest cost"),
            (lambda y, p, miss, alarm: cheapest(y, p, alarm, miss), "exchanged"),
            (lambda y, p, miss, alarm: cheapest(y, p, 1, 1), "fewest mistakes"),
            (best_f1, "best F1"),
            (dearest, "dearest"),
            (sorts_in_place, "changed"),
        ],
    },
}  # fmt: skip


def test_the_learners_pipeline_stays_unfitted(said):
    answer = exercises.pipeline._solution()
    assert said(exercises.pipeline, answer) == "Right."
    with pytest.raises(Exception, match="not fitted"):
        check_is_fitted(answer.steps[-1][1])
