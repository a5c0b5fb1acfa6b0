"""Answers to the exercises of notebook 06; test_exercises.py checks them."""

import math

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from scipy import stats

from helpers import evidence
from helpers.exercises import validation_set_size as exercises

# --- right answers --------------------------------------------------------------------------------


def wilson_by_roots(right, rows):
    """Solve |share - p| = z * sqrt(p (1 - p) / n) for p."""
    z, share = stats.norm.ppf(0.975), right / rows
    return sorted(np.roots([1 + z**2 / rows, -2 * share - z**2 / rows, share**2]).real)


def flattery_by_loop(validation, test):
    return [v[np.argmax(v)] - t[np.argmax(v)] for v, t in zip(validation, test, strict=True)]


def flattery_by_take(validation, test):
    winner = np.argmax(validation, axis=1)[:, None]
    return (np.take_along_axis(validation - test, winner, axis=1))[:, 0]


def rows_by_search(difference, disagreement):
    rows = 1
    while 1.96 * math.sqrt((disagreement - difference**2) / rows) > difference:
        rows += 1
    return rows


def rows_by_scipy(difference, disagreement):
    z = stats.norm.ppf(0.975)
    return np.ceil((z / difference) ** 2 * (disagreement - difference**2))


RIGHT = {
    "interval": [
        lambda right, rows: evidence.proportion(right, rows)[1:],
        wilson_by_roots,
        lambda k, n: stats.binomtest(k, n).proportion_ci(method="wilson"),
        lambda k, n: np.array(evidence.proportion(k, n))[[1, 2]],
    ],
    "flattery": [
        flattery_by_loop,
        flattery_by_take,
        lambda v, t: np.where(v == v.max(axis=1, keepdims=True), v - t, 0).sum(axis=1),
    ],
    "rows_needed": [
        rows_by_search,
        rows_by_scipy,
        lambda d, q: int(1.96**2 * (q / d**2 - 1)) + 1,
    ],
}

# --- wrong answers --------------------------------------------------------------------------------


def wald(k, n, z=1.96):
    half = z * math.sqrt(k / n * (1 - k / n) / n)
    return k / n - half, k / n + half


def chosen(array, winner):
    return array[np.arange(len(array)), winner]


def in_place(validation, test):
    validation -= test
    return validation.max(axis=1)


WRONG = {
    "interval": {
        "none": [(nothing, "None")],
        "nan": [(lambda k, n: (math.nan, math.nan), "NaN"), (not_a_number, "shape (2,)")],
        "shape": [
            (lambda k, n: k / n, "shape"),
            (lambda k, n: evidence.proportion(k, n), "two numbers"),
        ],
        "off by one": [
            (lambda k, n: evidence.proportion(k, n - 1)[1:] if k < n else (0.9, 1.0), "you return"),
            (lambda k, n: evidence.proportion(min(k + 1, n), n)[1:], "Wilson's interval is"),
            (lambda k, n: wald(k + 2, n + 4), "Wilson's interval is"),
        ],
        "constant": [
            (first_answer(exercises.interval._solution), "for 100 right of 200"),
            (lambda k, n: (0.7, 0.9), "leaves out"),
            (lambda k, n: (0.0, 1.0), "Wilson's interval is"),
        ],
        "neighbour": neighbours(exercises, {
            "flattery": "takes them as validation and test", "rows_needed": "shape",
        }),
        "other": [
            (wald, "width 0"),
            (lambda k, n: np.clip(wald(k, n), 0, 1), "width 0"),
            (lambda k, n: wald(k, n, 1), "one standard error"),
            (lambda k, n: stats.binomtest(k, n).proportion_ci(), "Clopper"),
            (lambda k, n: stats.binomtest(k, n).proportion_ci(method="wilsoncc"), "continuity"),
            (lambda k, n: evidence.proportion(k, n, 0.9)[1:], "90 %"),
            (lambda k, n: evidence.proportion(k, n, 0.99)[1:], "99 %"),
            (lambda k, n: evidence.proportion(k, n)[:0:-1], "low comes first"),
            (lambda k, n: 100 * np.array(evidence.proportion(k, n)[1:]), "percent"),
            (lambda k, n: n * np.array(evidence.proportion(k, n)[1:]), "numbers of rows"),
            (lambda k, n: evidence.proportion(n - k, n)[1:], "Wilson's interval is"),
            (lambda k, n: "wide", "numbers"),
            (lambda k, n: 1 / 0, "ZeroDivisionError"),
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
            "interval": "not (2, 6, 9)",
            "rows_needed": "takes them as difference and disagreement",
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
            (in_place, "changes its arguments"),
            (lambda v, t: v.nonsense, "AttributeError"),
        ],
    },
    "rows_needed": {
        "none": [(nothing, "None")],
        "nan": [(lambda d, q: math.nan, "NaN"), (lambda d, q: math.inf, "infinite")],
        "shape": [
            (lambda d, q: np.array([1, 2]), "one number"),
            (lambda d, q: [rows_by_search(d, q)], "not list"),
        ],
        "off by one": [
            (lambda d, q: 1.96**2 * (q - d**2) / d**2, "Round"),
            (lambda d, q: math.floor(1.96**2 * (q - d**2) / d**2), "too few"),
            (lambda d, q: rows_by_search(d, q) + 1, "too many"),
        ],
        "constant": [
            (first_answer(exercises.rows_needed._solution), "it takes"),
            (lambda d, q: 200, "it takes"),
        ],
        "neighbour": neighbours(exercises, {
            "interval": "not tuple", "flattery": "takes them as validation and test",
        }),
        "other": [
            (lambda d, q: math.ceil((q - d**2) / d**2), "one standard error"),
            (lambda d, q: math.ceil(1.96 * (q - d**2) / d**2), "squared"),
            (lambda d, q: math.ceil(4 * (q - d**2) / d**2), "not 2"),
            (lambda d, q: math.ceil(1.645**2 * (q - d**2) / d**2), "1.645"),
            (lambda d, q: math.ceil(1.96**2 * (q - d**2) / d), "denominator"),
            (lambda d, q: math.ceil(1.96 * math.sqrt(q - d**2) / d), "root"),
            (lambda d, q: math.ceil(1.96**2 * q / d**2), "minus the squared"),
            (lambda d, q: math.ceil(1.96**2 * q * (1 - q) / d**2), "minus the squared"),
            (lambda d, q: math.ceil(1.96**2 * 0.25 / d**2), "one accuracy"),
            (lambda d, q: math.ceil(1.96**2 * 0.5 / d**2), "different rows"),
            (lambda d, q: math.ceil(2.8016**2 * (q - d**2) / d**2), "power"),
            (lambda d, q: "many", "not str"),
            (lambda d, q: {"rows": 1}, "not dict"),
            (lambda d, q: True, "not bool"),
        ],
    },
}  # fmt: skip
