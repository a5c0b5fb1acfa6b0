"""Answers to the exercises of notebook 07; test_exercises.py checks them."""

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split

from helpers.exercises import imbalanced_validation as exercises

# --- right answers --------------------------------------------------------------------------------


def by_class(y, predicted):
    return np.array(
        [np.mean([np.mean(row[y == label] == label) for label in (0, 1)]) for row in predicted]
    )


def by_sklearn(y, predicted):
    return [balanced_accuracy_score(y, row) for row in predicted]


def by_sums(y, predicted):
    hits = predicted @ y / y.sum()
    rejections = (1 - predicted) @ (1 - y) / (1 - y).sum()
    return 0.5 * hits + 0.5 * rejections


def split_by_sklearn(y, share, rng):
    rows = np.arange(len(y))
    return train_test_split(
        rows, test_size=share, stratify=y, random_state=int(rng.integers(2**31))
    )


def split_by_permutation(y, share, rng):
    held_out, kept = [], []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        count = round(share * len(rows))
        held_out += list(rows[:count])
        kept += list(rows[count:])
    return kept, held_out


def precision_by_counting(recall, false_alarms, share):
    rows = 10_000
    true = rows * share * recall
    false = rows * (1 - share) * false_alarms
    return true / (true + false)


def precision_by_odds(recall, false_alarms, share):
    return np.float32(1) * (recall * share) / np.sum([recall * share, false_alarms * (1 - share)])


def split_by_shuffle_split(y, share, rng):
    splitter = StratifiedShuffleSplit(1, test_size=share, random_state=rng.integers(2**31))
    return next(splitter.split(y[:, None], y))


RIGHT = {
    "balanced_accuracy": [by_class, by_sklearn, by_sums],
    "stratified_split": [split_by_sklearn, split_by_permutation, split_by_shuffle_split],
    "precision_in_the_world": [
        precision_by_counting,
        precision_by_odds,
        lambda r, f, s: 1 / (1 + f * (1 - s) / (r * s)) if r else 0.0,
    ],
}

# --- wrong answers --------------------------------------------------------------------------------


def changed(change):
    """Split rightly and hand back something else."""
    return lambda y, s, rng: [change(rows) for rows in split_by_sklearn(y, s, rng)]


WRONG = {
    "balanced_accuracy": {
        "none": [(nothing, "None"), (lambda y, p: {}.get(0), "None")],
        "nan": [
            (lambda y, p: np.full(len(p), np.nan), "NaN"),
            (lambda y, p: (p @ y) / p.sum(axis=1), "NaN"),
            (not_a_number, "shape (5,)"),
        ],
        "shape": [
            (lambda y, p: (p == y).mean(axis=0), "shape (5,)"),
            (lambda y, p: (p == y).mean(), "shape (5,)"),
        ],
        "off by one": [
            (lambda y, p: by_class(y[1:], p[:, :-1]), "not the mean"),
            (lambda y, p: by_class(y, p)[1:], "not (4,)"),
            (lambda y, p: by_class(y, p) + 0.01, "0.510"),
        ],
        "constant": [
            (first_answer(exercises.balanced_accuracy._solution), "shape (3,)"),
            (lambda y, p: np.full(len(p), 0.5), "constant"),
        ],
        "neighbour": neighbours(exercises, {
            "stratified_split": "y and predicted, and takes y, share and rng",
            "precision_in_the_world": "y and predicted, and takes recall",
        }),
        "other": [
            (lambda y, p: (p == y).mean(axis=1), "plain accuracy"),
            (lambda y, p: (p[:, y == 1] == 1).mean(axis=1), "class 1 alone"),
            (lambda y, p: (p[:, y == 0] == 0).mean(axis=1), "class 0 alone"),
            (lambda y, p: 1 - by_class(y, p), "1 minus"),
            (lambda y, p: 2 * by_class(y, p), "divide by 2"),
            (lambda y, p: 2 * by_class(y, p) - 1, "chance"),
            (lambda y, p: 2 * (p @ y) / (p.sum(axis=1) + y.sum()), "F1"),
            (lambda y, p: by_class(y, 1 - p), "1 minus"),
            (lambda y, p: (p == y).all(axis=1), "not the mean"),
            (lambda y, p: "half", "numbers"),
            (
                lambda y, p: by_class(y, p) if y.mean() < 0.3 else (p == y).mean(axis=1) + 0.1,
                "another",
            ),
            (lambda y, p: by_class(p, y), "IndexError"),
            (3.0, "function of y and predicted"),
        ],
    },
    "stratified_split": {
        "none": [(nothing, "None"), (lambda y, s, rng: {}.get(0), "None")],
        "nan": [
            (lambda y, s, rng: (split_by_sklearn(y, s, rng)[0], [np.nan]), "whole"),
            (not_a_number, "two arrays"),
        ],
        "shape": [
            (lambda y, s, rng: split_by_sklearn(y, s, rng)[1], "two arrays"),
            (changed(lambda rows: np.asarray(rows)[:, None]), "flat"),
            (changed(lambda rows: [[1], rows]), "flat"),
            (lambda y, s, rng: 0.2, "two arrays"),
        ],
        "off by one": [
            (changed(lambda rows: rows + 1), "rows go from 0"),
            (changed(lambda rows: rows[1:]), "neither part"),
            (changed(lambda rows: rows + 0.5), "whole"),
        ],
        "constant": [
            (first_answer(exercises.stratified_split._solution), "rows go from 0 to 59"),
            (lambda y, s, rng: split_by_sklearn(y, s, np.random.default_rng(0)), "not random"),
        ],
        "neighbour": neighbours(exercises, {
            "balanced_accuracy": "y, share and rng, and takes y and predicted",
            "precision_in_the_world": "takes them as recall",
        }),
        "leak": [
            (lambda y, s, rng: (np.arange(len(y)), split_by_sklearn(y, s, rng)[1]), "both parts"),
            (changed(lambda rows: np.arange(30)), "both parts"),
        ],
        "other": [
            (
                lambda y, s, rng: np.split(rng.permutation(len(y)), [round((1 - s) * len(y))]),
                "each class by itself",
            ),
            (lambda y, s, rng: split_by_sklearn(y, s, rng)[::-1], "exchanged"),
            (lambda y, s, rng: split_by_sklearn(y, s / 2, rng), "held out"),
            (lambda y, s, rng: split_by_sklearn(y, s, np.random.default_rng()), "same `rng`"),
            (lambda y, s, rng: (np.arange(0), split_by_sklearn(y, s, rng)[1]), "neither part"),
            (
                lambda y, s, rng: [
                    np.isin(np.arange(len(y)), rows) for rows in split_by_sklearn(y, s, rng)
                ],
                "mask",
            ),
            (
                lambda y, s, rng: [y[rows] for rows in split_by_sklearn(y, s, rng)],
                "both parts",
            ),
            (
                lambda y, s, rng: [
                    rng.choice(rows, len(rows)) for rows in split_by_sklearn(y, s, rng)
                ],
                "twice",
            ),
            (7, "function of y, share and rng"),
        ],
    },
    "precision_in_the_world": {
        "none": [(nothing, "None"), (lambda r, f, s: {}.get(0), "None")],
        "nan": [(lambda r, f, s: np.nan, "NaN")],
        "shape": [(lambda r, f, s: [precision_by_counting(r, f, s)], "shape ()")],
        "constant": [
            (first_answer(exercises.precision_in_the_world._solution), "precision is not"),
            (lambda r, f, s: 0.3077, "precision is not"),
            (lambda r, f, s: 0.0, "precision is not"),
        ],
        "neighbour": neighbours(exercises, {
            "balanced_accuracy": "recall, false_alarms and share, and takes y",
            "stratified_split": "takes them as y, share and rng",
        }),
        "other": [
            (lambda r, f, s: r / (r + f), "rebalanced"),
            (lambda r, f, s: precision_by_counting(r, f, 1 - s), "negatives"),
            (lambda r, f, s: r * s, "Divide"),
            (lambda r, f, s: r * s / (r * s + f), "negatives only"),
            (lambda r, f, s: r, "recall"),
            (lambda r, f, s: s, "everything"),
            (lambda r, f, s: 1 - precision_by_counting(r, f, s), "1 minus"),
            (lambda r, f, s: 100 * precision_by_counting(r, f, s), "per cent"),
            (lambda r, f, s: precision_by_counting(f, r, s), "precision is not"),
            (lambda r, f, s: "31 %", "numbers"),
            (lambda r, f, s: r * s / (r * s + f * (1 - s) + 0.01), "precision is not"),
            (0.31, "function of recall"),
        ],
    },
}  # fmt: skip
