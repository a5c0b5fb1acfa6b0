"""Answers to the exercises of notebook 03; test_exercises.py checks them."""

import math

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from scipy import stats
from sklearn.model_selection import KFold, StratifiedKFold

from helpers.exercises import data_size as exercises


def law_by_regression(sizes, errors, floor):
    fit = stats.linregress(np.log10(sizes), np.log10(errors - floor))
    return [10**fit.intercept, -fit.slope]


def law_by_hand(sizes, errors, floor):
    u, v = np.log2(sizes), np.log2(errors - floor)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return np.array([2 ** (v.mean() - slope * u.mean()), -slope])


def law_by_least_squares(sizes, errors, floor):
    design = np.column_stack([np.ones(len(sizes)), -np.log(sizes)])
    (log_a, b), *_ = np.linalg.lstsq(design, np.log(errors - floor))
    return math.exp(log_a), b


def rows_needed_in_numpy(a, b, target):
    return np.ceil(np.exp((np.log(a) - np.log(target)) / b))


def rows_needed_by_search(a, b, target):
    n = 1
    while a * n**-b > target:
        n += 1
    return n


def folded(splits):
    """Make an answer from a way to split."""

    def answer(fit_and_score, x, y, folds):
        scores = [fit_and_score(x[a], y[a], x[b], y[b]) for a, b in splits(x, y, folds)]
        return sum(scores) / len(scores)

    return answer


def every_kth(x, y, folds):
    for k in range(folds):
        test = np.arange(len(x)) % folds == k
        yield ~test, test


def weighted(fit_and_score, x, y, folds):
    total = 0
    for a, b in KFold(folds, shuffle=True, random_state=3).split(x):
        total += len(b) * fit_and_score(x[a], y[a], x[b], y[b])
    return total / len(x)


RIGHT = {
    "law_above_floor": [law_by_regression, law_by_hand, law_by_least_squares],
    "rows_needed": [
        rows_needed_in_numpy,
        rows_needed_by_search,
        lambda a, b, target: np.int64(math.floor((target / a) ** (-1 / b)) + 1),
    ],
    "cross_validate": [
        folded(lambda x, y, k: KFold(k).split(x)),
        folded(lambda x, y, k: KFold(k, shuffle=True, random_state=0).split(x)),
        folded(lambda x, y, k: StratifiedKFold(k).split(x, y)),
        folded(every_kth),
        weighted,
    ],
}


def line_through_logs(sizes, errors, floor):
    return np.polyfit(np.log(sizes), np.log(errors - floor), 1)


def spoilt(spoil):
    """Make an answer from the right a and b, in another order or of another kind."""
    return lambda *data: spoil(*law_by_hand(*data))


def raises(*arguments):
    raise KeyError("no such row")


def with_scores(summary):
    """Make an answer that folds rightly and returns something else than the mean."""

    def answer(fit_and_score, x, y, folds):
        return summary([fit_and_score(x[a], y[a], x[b], y[b]) for a, b in KFold(folds).split(x)])

    return answer


def parts(choose):
    """Make an answer that hands other parts of a fold over than it should."""

    def answer(fit_and_score, x, y, folds):
        return np.mean([fit_and_score(*choose(x, y, a, b)) for a, b in list(KFold(folds).split(x))])

    return answer


def exact_rows(a, b, target):
    return (a / target) ** (1 / b)


solved = exercises.cross_validate._solution
WRONG = {
    "law_above_floor": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda sizes, errors, floor: (np.nan, 0.5), "NaN"), (not_a_number, "shape (2,)")],
        "shape": [
            (lambda sizes, errors, floor: 2.0, "shape (2,)"),
            (spoilt(lambda a, b: a), "shape (2,)"),
            (lambda *data: np.array([law_by_hand(*data)]), "not (1, 2)"),
        ],
        "off by one": [
            (lambda sizes, errors, floor: law_by_hand(sizes[1:], errors[1:], floor), "for errors"),
            (lambda sizes, errors, floor: law_by_hand(sizes - 1, errors, floor), "for errors"),
        ],
        "constant": [
            (first_answer(exercises.law_above_floor._solution), "for errors that follow 0.2"),
            (lambda sizes, errors, floor: (1.0, 0.5), "for errors that follow"),
        ],
        "neighbour": neighbours(exercises, {
            "rows_needed": "takes them as a, b and target",
            "cross_validate": "takes fit_and_score, x, y and folds",
        }),
        "other": [
            (lambda sizes, errors, floor: "a, b", "numbers"),
            (lambda sizes, errors, floor: law_by_hand(sizes, errors, 0), "floor is still in"),
            (lambda sizes, errors, floor: law_by_hand(sizes, errors, -floor), "add the floor"),
            (
                lambda sizes, errors, floor: law_by_hand(sizes, errors, 0) - (floor, 0),
                "before the fit, not from a",
            ),
            (
                lambda sizes, errors, floor: law_by_hand(sizes[[0, -1]], errors[[0, -1]], floor),
                "first and the last alone",
            ),
            (lambda sizes, errors, floor: np.polyfit(sizes, errors - floor, 1), "for errors"),
            (
                lambda sizes, errors, floor: np.polyfit(sizes, errors - floor, 1)[::-1] * (1, -1),
                "straight line through the values",
            ),
            (
                lambda n, errors, floor: np.exp(line_through_logs(errors - floor, n, 0))[::-1],
                "for errors",
            ),
            (line_through_logs, "slope and intercept as they come"),
            (lambda *data: line_through_logs(*data)[::-1], "turn the sign of the slope"),
            (spoilt(lambda a, b: (a, -b)), "wrong sign"),
            (spoilt(lambda a, b: (b, a)), "swapped"),
            (spoilt(lambda a, b: (-b, a)), "minus the slope"),
            (spoilt(lambda a, b: (np.log10(a), b)), "base-10"),
            (spoilt(lambda a, b: (np.exp(np.log10(a)), b)), "log10 and then exp"),
            (spoilt(lambda a, b: (10 ** np.log(a), b)), "exp undoes log"),
            (spoilt(lambda a, b: (1.05 * a, b)), "for errors"),
            (raises, "KeyError: 'no such row'"),
            ((2.0, 0.5), "function of sizes, errors and floor"),
        ],
    },
    "rows_needed": {
        "none": [(nothing, "returns None")],
        "nan": [
            (lambda a, b, target: float("nan"), "NaN"),
            (lambda a, b, target: float("inf"), "infinity"),
        ],
        "shape": [(lambda a, b, target: [math.ceil(exact_rows(a, b, target))], "shape ()")],
        "off by one": [
            (exact_rows, "round up"),
            (lambda a, b, target: round(exact_rows(a, b, target)), "Round up"),
            (lambda a, b, target: math.floor(exact_rows(a, b, target)), "still above"),
            (lambda a, b, target: math.ceil(exact_rows(a, b, target)) + 1, "one row fewer"),
        ],
        "constant": [
            (first_answer(exercises.rows_needed._solution), "Solve a * n ** -b"),
            (lambda a, b, target: 45, "Solve a * n ** -b"),
        ],
        "neighbour": neighbours(exercises, {
            "law_above_floor": "takes them as sizes, errors and floor",
            "cross_validate": "takes fit_and_score, x, y and folds",
        }),
        "other": [
            (lambda a, b, target: math.ceil((a / target) ** b), "1 / b, not b"),
            (lambda a, b, target: math.ceil(a / target), "left out the exponent"),
            (lambda a, b, target: math.ceil((target / a) ** (1 / b)), "ratio is turned round"),
            (lambda a, b, target: a * target**-b, "in the place of n"),
            (lambda a, b, target: -math.ceil(exact_rows(a, b, target)), "Solve a * n ** -b"),
            (lambda a, b, target: "many", "numbers"),
            (raises, "KeyError: 'no such row'"),
        ],
    },
    "cross_validate": {
        "none": [(nothing, "returns None")],
        "nan": [(with_scores(lambda scores: np.nan), "NaN")],
        "shape": [
            (with_scores(list), "shape ()"),
            (parts(lambda x, y, a, b: (x[a, 0], y[a], x[b, 0], y[b])), "shape (n, 2)"),
            (parts(lambda x, y, a, b: (x[a].T, y[a], x[b].T, y[b])), "shape (n, 2)"),
            (parts(lambda x, y, a, b: (x[a], y[b], x[b], y[b])), "labels of shape"),
        ],
        "off by one": [
            (lambda fit, x, y, folds: solved(fit, x, y, folds + 1), "not 6 times"),
            (lambda fit, x, y, folds: solved(fit, x, y, folds - 1), "not 4 times"),
            (parts(lambda x, y, a, b: (x[a[1:]], y[a[1:]], x[b], y[b])), "train on all"),
            (with_scores(lambda scores: np.mean(scores[1:])), "not the mean of their scores"),
        ],
        "constant": [
            (first_answer(exercises.cross_validate._solution), "not 0 times"),
            (lambda fit_and_score, x, y, folds: 0.5, "not 0 times"),
            (lambda fit, x, y, folds: solved(fit, x, y, 5), "with 4 folds"),
        ],
        "neighbour": neighbours(exercises, {
            "law_above_floor": "fit_and_score, x, y and folds, and takes sizes",
            "rows_needed": "fit_and_score, x, y and folds, and takes a, b",
        }),
        "leak": [
            (parts(lambda x, y, a, b: (x, y, x[b], y[b])), "training and in the test part"),
            (
                parts(lambda x, y, a, b: (x[a], y[a], x[a], y[a])),
                "training and in the test part",
            ),
            (with_scores(max), "best flatters"),
            (
                lambda fit, x, y, folds: solved(fit, x - x.mean(axis=0), y, folds),
                "rows that are not in x",
            ),
        ],
        "other": [
            (with_scores(sum), "sum of the scores"),
            (with_scores(min), "worst score"),
            (with_scores(np.std), "spread"),
            (with_scores(lambda scores: np.std(scores, ddof=1)), "spread"),
            (with_scores(np.median), "median"),
            (with_scores(lambda scores: scores[0]), "first fold alone"),
            (with_scores(lambda scores: scores[-1]), "last fold alone"),
            (parts(lambda x, y, a, b: (x[b], y[b], x[a], y[a])), "swapped"),
            (parts(lambda x, y, a, b: (x[a], y[a], x[b], y[a[: len(b)]])), "do not belong"),
            (parts(lambda x, y, a, b: (x[a], y[a], x[b[:0]], y[b[:0]])), "is empty"),
            (parts(lambda x, y, a, b: (x[5:], y[5:], x[:5], y[:5])), "never tested"),
            (lambda fit, x, y, folds: fit(x[:20], y[:20], x[20:], y[20:]), "not 1 times"),
            (raises, "KeyError: 'no such row'"),
        ],
    },
}  # fmt: skip
