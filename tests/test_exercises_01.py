"""Answers to the exercises of notebook 01; test_exercises.py checks them."""

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing

from helpers.exercises import overfit_mlp as exercises


def returns_none(train, test):
    return {}.get("gap")


def gap_in_place(train, test):
    train[:] = test[:] = 0
    return train[:, -1]


RIGHT = {
    "gap": [
        lambda a, b: [p - q for p, q in zip(a[:, -1], b[:, -1], strict=True)],
        lambda a, b: (a - b).T[-1],
        lambda a, b: np.subtract(a, b)[:, a.shape[1] - 1],
    ],
    "honest_fall": [
        lambda c, early: [row[early - 1] - row[-1] for row in c],
        lambda c, early: -(c.T[-1] - c.T[early - 1]),
        lambda c, early: -np.diff(c[:, early - 1 :], axis=1).sum(axis=1),
    ],
    "verdict": [
        lambda low, high, t: (
            "Supported" if not low < t else "undecided" if not high < t else "refuted"
        ),
        lambda low, high, t: ["undecided", "supported", "refuted"][(low >= t) + 2 * (high < t)],
        lambda low, high, t: (
            np.select([low >= t, high < t], ["supported", "refuted"], "undecided")
            .astype(str)
            .item()
        ),
    ],
}
WRONG = {
    "gap": {
        "none": [(nothing, "returns None"), (returns_none, "returns None"), (None, "function of")],
        "nan": [(lambda a, b: np.full(len(a), np.nan), "NaN"), (not_a_number, "shape (5,)")],
        "shape": [
            (lambda a, b: a[-1] - b[-1], "not (7,)"),
            (lambda a, b: a - b, "not (5, 7)"),
            (lambda a, b: (a - b).mean(), "not ()"),
        ],
        "off by one": [
            (lambda a, b: a[:, -2] - b[:, -2], "last epoch but one"),
            (lambda a, b: a[:, 6] - b[:, 6], "out of bounds"),
        ],
        "constant": [
            (first_answer(exercises.gap._solution), "shape (3,)"),
            (lambda a, b: np.zeros(len(a)), "not training minus test"),
        ],
        "neighbour": neighbours(exercises, {
            "honest_fall": "called with train and test", "verdict": "train and test, and takes low",
        }),
        "other": [
            (lambda a, b: b[:, -1] - a[:, -1], "sign is turned round"),
            (lambda a, b: a[:, 0] - b[:, 0], "first epoch"),
            (lambda a, b: (a - b).mean(axis=1), "mean over all epochs"),
            (lambda a, b: abs(a[:, -1] - b[:, -1]), "can be negative"),
            (lambda a, b: a.max(axis=1) - b.max(axis=1), "not the best one"),
            (lambda a, b: a[:, -1], "not training minus test"),
            (lambda a, b: "0.1", "not str"),
            (lambda a, b: {"gap": 1}, "not dict"),
            (lambda a: a, "called with train and test, and takes a"),
            (3.0, "function of train and test"),
            (gap_in_place, "not training minus test"),
        ],
    },
    "honest_fall": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda c, early: np.full(len(c), np.nan), "NaN"), (not_a_number, "shape (4,)")],
        "shape": [
            (lambda c, early: c[early - 1] - c[-1], "not (9,)"),
            (lambda c, early: (c[:, early - 1] - c[:, -1]).mean(), "not ()"),
        ],
        "off by one": [
            (lambda c, early: c[:, early] - c[:, -1], "columns from 0"),
            (lambda c, early: c[:, min(early, c.shape[1] - 1)] - c[:, -1], "columns from 0"),
            (lambda c, early: c[:, min(early, 8)] - c[:, -1], "columns from 0"),
            (lambda c, early: c[:, early - 1] - c[:, -2], "with early=3"),
            (lambda c, early: c[:, early - 1] - c[:, 8], "out of bounds"),
        ],
        "constant": [
            (first_answer(exercises.honest_fall._solution), "with early=1"),
            (lambda c, early: c[:, 2] - c[:, -1], "with early=1"),
            (lambda c, early: np.zeros(len(c)), "with early=3"),
        ],
        "neighbour": neighbours(exercises, {
            "gap": "called with curves and early", "verdict": "curves and early, and takes low",
        }),
        "leak": [
            (lambda c, early: c.max(axis=1) - c[:, -1], "chosen by looking at the curve"),
            (lambda c, early: c[:, early - 1 :].max(axis=1) - c[:, -1], "from `early` on"),
        ],
        "other": [(lambda c, early: c[:, -1] - c[:, early - 1], "sign is turned round")],
    },
    "verdict": {
        "none": [(nothing, "not None")],
        "nan": [(lambda low, high, t: np.nan, "must be a word, not nan")],
        "shape": [(lambda low, high, t: ("supported",), "must be a word")],
        "off by one": [
            (
                lambda low, high, t: (
                    "supported" if low > t else "refuted" if high < t else "undecided"
                ),
                "at or above",
            ),
            (
                lambda low, high, t: (
                    "supported" if low >= t else "refuted" if high <= t else "undecided"
                ),
                "interval 0.0 to 0.1",
            ),
        ],
        "constant": [
            (first_answer(exercises.verdict._solution), "interval -0.2 to 0.05"),
            (lambda low, high, t: "undecided", "interval 0.2 to 0.4"),
            (lambda low, high, t: "supported", "interval -0.2 to 0.05"),
        ],
        "neighbour": neighbours(exercises, {
            "gap": "low, high and threshold, and takes train and test",
            "honest_fall": "low, high and threshold, and takes curves and early",
        }),
        "other": [
            (lambda low, high, t: "supported" if high >= t else "refuted", "interval 0.0 to 0.4"),
            (lambda low, high, t: "supported" if low >= t else "refuted", "interval 0.0 to 0.4"),
            (
                lambda low, high, t: "supported" if (low + high) / 2 >= t else "refuted",
                "interval 0.0 to 0.4",
            ),
            (
                lambda low, high, t: (
                    "supported" if low >= 0 else "refuted" if high < 0 else "undecided"
                ),
                "interval -0.2 to 0.05",
            ),
            (lambda low, high, t: low >= t, "must be a word, not True"),
            (lambda low, high: "supported", "and takes low and high"),
        ],
    },
}  # fmt: skip
