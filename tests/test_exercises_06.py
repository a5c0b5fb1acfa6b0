"""Answers to the exercises of notebook 06; test_exercises.py checks them."""

import math

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing

from helpers.exercises import validation_set_size as exercises

# --- right answers --------------------------------------------------------------------------------


def rows_by_search(accuracy, margin):
    rows = 1
    while 2 * math.sqrt(accuracy * (1 - accuracy) / rows) > margin:
        rows += 1
    return rows


def verdict_by_counts(right_a, right_b):
    rows = len(right_a)
    only_a = np.sum(right_a & ~right_b)
    only_b = np.sum(~right_a & right_b)
    d, q = (only_a - only_b) / rows, (only_a + only_b) / rows
    if abs(d) <= 2 * math.sqrt((q - d * d) / rows):
        return "more rows"
    return "A" if d > 0 else "B"


def verdict_by_spread(right_a, right_b):
    """As for the mean of any numbers: the standard deviation of the leads over the root of n."""
    lead = np.subtract(right_a, right_b, dtype=float)
    low, high = lead.mean() + np.array([-2, 2]) * lead.std() / np.sqrt(lead.size)
    return "A" if low > 0 else "B" if high < 0 else "more rows"


def verdict_by_loop(right_a, right_b):
    leads = [int(a) - int(b) for a, b in zip(right_a, right_b, strict=True)]
    d, q = sum(leads) / len(leads), sum(map(abs, leads)) / len(leads)
    error = ((q - d**2) / len(leads)) ** 0.5
    sign = (d > 2 * error) - (-d > 2 * error)
    return ("more rows", "A", "B")[sign]


def flattery_by_loop(validation, test):
    return [v[np.argmax(v)] - t[np.argmax(v)] for v, t in zip(validation, test, strict=True)]


def flattery_by_take(validation, test):
    winner = np.argmax(validation, axis=1)[:, None]
    return (np.take_along_axis(validation - test, winner, axis=1))[:, 0]


RIGHT = {
    "rows_for": [
        rows_by_search,
        lambda p, m: np.ceil(p * (1 - p) / (m / 2) ** 2),
        lambda p, m: -int(-4 * (p - p**2) // m**2),
    ],
    "verdict": [verdict_by_counts, verdict_by_spread, verdict_by_loop],
    "flattery": [
        flattery_by_loop,
        flattery_by_take,
        lambda v, t: np.array([(v - t)[i, row.argmax()] for i, row in enumerate(v)]),
    ],
}

# --- wrong answers --------------------------------------------------------------------------------


def exact(p, m):
    return 4 * p * (1 - p) / m**2


def verdict(error, strict=True):
    def answer(a, b):
        d, q, n = a.mean() - b.mean(), (a != b).mean(), len(a)
        clear = abs(d) > error(d, q, n, a, b) if strict else abs(d) >= error(d, q, n, a, b)
        return ("A" if d > 0 else "B") if clear else "more rows"

    return answer


def paired(d, q, n, a, b):
    return 2 * math.sqrt(max(q - d**2, 0) / n)


def unpaired(d, q, n, a, b):
    return 2 * math.sqrt((a.var() + b.var()) / n)


def changing(right_a, right_b):
    right_a &= ~right_b
    return exercises.verdict._solution(right_a, right_b)


def chosen(array, winner):
    return array[np.arange(len(array)), winner]


def in_place(validation, test):
    validation -= test
    return validation.max(axis=1)


WRONG = {
    "rows_for": {
        "none": [(nothing, "None")],
        "nan": [(not_a_number, "NaN"), (lambda p, m: math.inf, "infinite")],
        "shape": [
            (lambda p, m: np.array([1, 2]), "one number"),
            (lambda p, m: [rows_by_search(p, m)], "not list"),
        ],
        "off by one": [
            (lambda p, m: math.floor(exact(p, m)) + 1, "are enough"),
            (lambda p, m: math.floor(exact(p, m)), "too few"),
            (lambda p, m: round(exact(p, m)), "too few"),
            (lambda p, m: max(round(exact(p, m)), 1), "too few"),
            (lambda p, m: rows_by_search(p, m) - 1, "too few"),
            (exact, "Round up"),
            (lambda p, m: max(rows_by_search(p, m), 2), "2 rows; it takes 1"),
        ],
        "constant": [
            (first_answer(exercises.rows_for._solution), "it takes"),
            (lambda p, m: 200, "it takes"),
        ],
        "neighbour": neighbours(exercises, {
            "verdict": "takes them as right_a and right_b",
            "flattery": "takes them as validation and test",
        }),
        "other": [
            (lambda p, m: math.ceil(p * (1 - p) / m**2), "one standard error"),
            (lambda p, m: math.ceil(2 * p * (1 - p) / m**2), "squared"),
            (lambda p, m: math.ceil(1.96**2 * p * (1 - p) / m**2), "not 1.96"),
            (lambda p, m: math.ceil(4 * p * (1 - p) / m), "denominator"),
            (lambda p, m: math.ceil(2 * math.sqrt(p * (1 - p)) / m), "root"),
            (lambda p, m: math.ceil(1 / m**2), "accuracy given"),
            (lambda p, m: math.ceil(4 * p / m**2), "times (1 - accuracy)"),
            (lambda p, m: math.ceil(16 * p * (1 - p) / m**2), "not half"),
            (lambda p, m: "many", "not str"),
            (lambda p, m: {"rows": 1}, "not dict"),
            (lambda p, m: True, "not bool"),
            (lambda p, m: 1 / 0, "ZeroDivisionError"),
        ],
    },
    "verdict": {
        "none": [(nothing, "None")],
        "nan": [(not_a_number, "not nan")],
        "shape": [
            (lambda a, b: ["A"] * len(a), 'return "A"'),
            (lambda a, b: a.mean() - b.mean(), 'return "A"'),
        ],
        "off by one": [
            (verdict(paired, strict=False), "not more than two standard errors"),
            (verdict(lambda d, q, n, a, b: paired(d, q, n / 4, a, b)), "it should be"),
            (verdict(lambda d, q, n, a, b: paired(d, q, n, a, b) / 2), "not more than two"),
        ],
        "constant": [
            (first_answer(exercises.verdict._solution), "the other one"),
            (lambda a, b: "more rows", 'should be "A"'),
            (lambda a, b: "A" if a.mean() > b.mean() else "B", "it should be"),
        ],
        "neighbour": neighbours(exercises, {
            "rows_for": "takes them as accuracy and margin",
            "flattery": "takes them as validation and test",
        }),
        "other": [
            (lambda a, b: exercises.verdict._solution(b, a), "the other one"),
            (lambda a, b: exercises.verdict._solution(a, b).lower(), 'return "A"'),
            (verdict(unpaired), "it should be"),
            (verdict(lambda d, q, n, a, b: 2 * math.sqrt(q / n)), "it should be"),
            (verdict(lambda d, q, n, a, b: 2 * math.sqrt(0.25 / n)), "it should be"),
            (verdict(lambda d, q, n, a, b: 0.02), "two standard errors"),
            (verdict(lambda d, q, n, a, b: paired(d, q, n - 1, a, b)), "on 10 rows"),
            (changing, "changes its arguments"),
            (lambda a, b: "A" if a.sum() - b.sum() > 2 else "more rows", "it should be"),
            (lambda a, b: a.nonsense, "AttributeError"),
        ],
    },
    "flattery": {
        "none": [(nothing, "None")],
        "nan": [(lambda v, t: v.max(1) * math.nan, "NaN")],
        "shape": [
            (lambda v, t: flattery_by_take(v, t).mean(), "shape"),
            (lambda v, t: v.max(0) - t.max(0), "shape"),
            (lambda v, t: (v - t)[:, v.mean(0).argmax()], "axis 1"),
        ],
        "off by one": [
            (lambda v, t: chosen(v - t, v.argmax(1) - 1), "not those of the winner"),
            (lambda v, t: flattery_by_take(v, t)[1:], "not (5,)"),
        ],
        "constant": [
            (first_answer(exercises.flattery._solution), "shape (4,)"),
            (lambda v, t: np.zeros(len(v)), "values are not"),
            (lambda v, t: np.full(len(v), flattery_by_take(v, t).mean()), "not their mean"),
        ],
        "neighbour": neighbours(exercises, {
            "verdict": "not str",
            "rows_for": "takes them as accuracy and margin",
        }),
        "leak": [
            (lambda v, t: flattery_by_take(t, v) * -1, "on the test set"),
            (lambda v, t: v.max(1) - t.max(1), "another model"),
            (lambda v, t: (v - t).max(1), "first choose"),
        ],
        "other": [
            (lambda v, t: -np.array(flattery_by_take(v, t)), "sign"),
            (lambda v, t: v.max(1) - t.mean(1), "mean of all models"),
            (lambda v, t: v.max(1) - v.mean(1), "not used"),
            (lambda v, t: v.max(1), "Subtract"),
            (lambda v, t: chosen(t, v.argmax(1)), "alone"),
            (lambda v, t: v[:, 0] - t[:, 0], "first model"),
            (lambda v, t: chosen(v, v.argmin(1)) - chosen(t, v.argmin(1)), "worst"),
            (lambda v, t: (v - t).mean(1), "choose one"),
            (lambda v, t: np.abs(flattery_by_take(v, t)), "negative"),
            (
                lambda v, t: np.where(v == v.max(axis=1, keepdims=True), v - t, 0).sum(axis=1),
                "the first",
            ),
            (lambda v, t: flattery_by_take(v[:, ::-1], t[:, ::-1]), "the first"),
            (lambda v, t: chosen(v - t, np.lexsort((t, v))[:, -1]), "the first"),
            (in_place, "changes its arguments"),
            (lambda v, t: v.nonsense, "AttributeError"),
        ],
    },
}  # fmt: skip
