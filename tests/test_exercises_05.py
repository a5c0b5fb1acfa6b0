"""The exercises of notebook 05: right spellings pass, wrong answers are refused with a reason."""

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline as sklearn_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from helpers.exercises import smote as exercises

ALL = ("synthetic_rows", "pipeline", "cheapest_threshold")


def said(capsys, exercise, answer):
    capsys.readouterr()
    getattr(exercises, exercise).check(answer)
    return capsys.readouterr().out


# --- right answers --------------------------------------------------------------------------------


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
RIGHT = [
    ("synthetic_rows", exercises.synthetic_rows._solution),
    ("synthetic_rows", rows_by_loop),
    ("synthetic_rows", rows_by_weights),
    ("pipeline", exercises.pipeline._solution()),
    ("pipeline", exercises.pipeline._solution),
    ("pipeline", Pipeline(NAMED)),
    (
        "pipeline",
        make_pipeline(StandardScaler(), SMOTE(k_neighbors=3), LogisticRegression(C=10)),
    ),
    ("cheapest_threshold", exercises.cheapest_threshold._solution),
    ("cheapest_threshold", threshold_by_loop),
    ("cheapest_threshold", threshold_between),
    ("cheapest_threshold", threshold_by_sorting),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_right_answers_pass(exercise, answer, capsys):
    assert said(capsys, exercise, answer) == "Right.\n"


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


WRONG_ROWS = {
    "no function": (3.0, "should be a function"),
    "returns None": (lambda x, n, rng, k: print(end=""), "return"),
    "text": (lambda x, n, rng, k: "rows", "should return numbers"),
    "with the real rows": (
        lambda x, n, rng, k: np.vstack([x, solved(x, n, rng, k)]),
        "the new rows alone",
    ),
    "one too many": (lambda x, n, rng, k: solved(x, n + 1, rng, k), "shape"),
    "transposed": (lambda x, n, rng, k: solved(x, n, rng, k).T, "shape"),
    "NaN": (with_nan, "NaN"),
    "changes x": (in_place, "changed"),
    "copies": (lambda x, n, rng, k: x[rng.integers(len(x), size=n)], "copies"),
    "own neighbour": (
        rows_with(pick_neighbour=lambda x, i, rng, k: nearest(x)[i, 0]),
        "copies",
    ),
    "zeros": (lambda x, n, rng, k: np.zeros((n, 3)), "no straight line"),
    "share per feature": (rows_with(pick_share=lambda x, n, rng: rng.random((n, 3))), "no straigh"),
    "noise": (
        lambda x, n, rng, k: x[rng.integers(len(x), size=n)] + rng.normal(size=(n, 3)),
        "no straight line",
    ),
    "beyond": (rows_with(pick_share=lambda x, n, rng: 1 + rng.random((n, 1))), "beyond"),
    "any neighbour": (
        rows_with(pick_neighbour=lambda x, i, rng, k: (i + rng.integers(1, len(x), len(i))) % 30),
        "nearest",
    ),
    "always the nearest": (rows_with(pick_neighbour=lambda x, i, rng, k: nearest(x)[i, 1]), "only"),
    "half-way": (rows_with(pick_share=lambda x, n, rng: 0.5), "half-way"),
    "one share for all": (rows_with(pick_share=lambda x, n, rng: rng.random()), "same share"),
    "first rows only": (
        rows_with(pick_row=lambda x, n, rng: rng.integers(8, size=n)),
        "never serve",
    ),
    "own seed": (
        lambda x, n, rng, k: solved(x, n, np.random.default_rng(0), k),
        "another rng",
    ),
    "neighbouring exercise": (exercises.cheapest_threshold._solution, "TypeError"),
}


def built(*steps):
    return make_pipeline(*steps)


WRONG_PIPELINES = {
    "a number": (0.5, "should be a Pipeline"),
    "text": ("SMOTE", "should be a Pipeline"),
    "NaN": (np.nan, "should be a Pipeline"),
    "a list": ([StandardScaler(), SMOTE(), LogisticRegression()], "should be a Pipeline"),
    "the class": (Pipeline, "class"),
    "the model alone": (LogisticRegression(), "should be a Pipeline"),
    "scikit-learn's": (sklearn_pipeline(StandardScaler(), LogisticRegression()), "imblearn"),
    "no SMOTE": (built(StandardScaler(), LogisticRegression()), "none of the steps is SMOTE"),
    "other sampler": (
        built(StandardScaler(), RandomOverSampler(), LogisticRegression()),
        "none of the steps is SMOTE",
    ),
    "twice": (built(StandardScaler(), SMOTE(), SMOTE(), LogisticRegression()), "more than once"),
    "other model": (
        built(StandardScaler(), SMOTE(), DecisionTreeClassifier()),
        "should be a LogisticRegression",
    ),
    "no model": (built(StandardScaler(), SMOTE()), "should be a LogisticRegression"),
    "no scaler": (built(SMOTE(), LogisticRegression()), "StandardScaler is missing"),
    "scaler too late": (built(SMOTE(), StandardScaler(), LogisticRegression()), "scale first"),
    "class weights too": (
        built(StandardScaler(), SMOTE(), LogisticRegression(class_weight="balanced")),
        "twice",
    ),
    "adds nothing": (
        built(StandardScaler(), SMOTE(sampling_strategy={}), LogisticRegression()),
        "no added row",
    ),
    "scaled twice": (
        built(StandardScaler(), StandardScaler(), SMOTE(), LogisticRegression()),
        "three steps",
    ),
    "neighbouring exercise": (exercises.cheapest_threshold._solution, "TypeError"),
}


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


WRONG_THRESHOLDS = {
    "no function": (0.3, "should be a function"),
    "returns None": (lambda y, p, miss, alarm: print(end=""), "return"),
    "NaN": (lambda y, p, miss, alarm: np.nan, "NaN"),
    "text": (lambda y, p, miss, alarm: "0.3", "one number"),
    "an array": (lambda y, p, miss, alarm: p, "one number"),
    "True": (lambda y, p, miss, alarm: True, "one number"),
    "the place": (lambda y, p, *c: 1.0 + costs(y, p, *c)[1].argmin(), "no probability"),
    "the cost": (lambda y, p, *c: costs(y, p, *c)[1].min(), "the lowest cost"),
    "the cost per row": (lambda y, p, *c: costs(y, p, *c)[1].min() / len(y), "lowest cost"),
    "one half": (lambda y, p, miss, alarm: 0.5, "another threshold"),
    "one": (lambda y, p, miss, alarm: 1.0, "another threshold"),
    "the prior": (lambda y, p, miss, alarm: y.mean(), "another threshold"),
    "off by one": (shifted, "another threshold"),
    "costs exchanged": (lambda y, p, miss, alarm: cheapest(y, p, alarm, miss), "exchanged"),
    "fewest mistakes": (lambda y, p, miss, alarm: cheapest(y, p, 1, 1), "fewest mistakes"),
    "best F1": (best_f1, "best F1"),
    "dearest": (dearest, "dearest"),
    "the formula": (lambda y, p, miss, alarm: alarm / (alarm + miss), "true probability"),
    "changes p": (sorts_in_place, "changed"),
    "neighbouring exercise": (exercises.synthetic_rows._solution, "Error"),
}
WRONG = [
    (exercise, *case)
    for exercise, cases in zip(ALL, (WRONG_ROWS, WRONG_PIPELINES, WRONG_THRESHOLDS), strict=True)
    for case in cases.values()
]


@pytest.mark.parametrize(("exercise", "answer", "reason"), WRONG)
def test_wrong_answers_are_refused_with_a_reason(exercise, answer, reason, capsys):
    output = said(capsys, exercise, answer)
    assert output.startswith("Not yet: ")
    assert reason in output


# --- the rest -------------------------------------------------------------------------------------


def stub(x, n, rng, k=5): ...


@pytest.mark.parametrize("exercise", ALL)
@pytest.mark.parametrize("untouched", [..., stub])
def test_an_untouched_stub_is_no_mistake(exercise, untouched, capsys):
    assert said(capsys, exercise, untouched).startswith("Not attempted yet")


@pytest.mark.parametrize("exercise", ALL)
def test_hints_and_the_solution_are_shown(exercise, capsys):
    getattr(exercises, exercise).hint()
    getattr(exercises, exercise).solution()
    output = capsys.readouterr().out
    assert output.startswith("Hint 1 of 3")
    assert f"def _{exercise}(" in output
