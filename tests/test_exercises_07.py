"""Answers to the exercises of notebook 07; test_exercises.py checks them."""

import math

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from sklearn.metrics import f1_score

from helpers.evidence import proportion
from helpers.exercises import imbalanced_validation as exercises

# --- right answers --------------------------------------------------------------------------------


def by_cases(score, value, share):
    if score == "accuracy":
        return value > share and value > 1 - share
    if score == "F1":
        precision, recall = share, 1
        return value > 2 * precision * recall / (precision + recall)
    if score == "average precision":
        return not value <= share
    return value > 0.5


def by_lines_of_the_table(score, value, share):
    table = {
        "accuracy": (1 - share, share, 0.5),
        "balanced accuracy": (0.5, 0.5, 0.5),
        "F1": (0, 2 * share / (1 + share), 2 * share / (2 * share + 1)),
        "average precision": (share, share, share),
        "ROC AUC": (0.5, 0.5, 0.5),
    }
    return np.all(value > np.array(table[score]))


def by_counting_rows(score, value, share):
    y = (np.arange(400) < round(400 * share)).astype(int)
    best = {
        "accuracy": max(y.mean(), 1 - y.mean()),
        "F1": f1_score(y, np.ones(400)),
        "average precision": y.mean(),
    }
    return int(value > best.get(score, 0.5))


def rows_by_search(share, width):
    k = 1
    while 1.96 / np.sqrt(k + 1.96**2) > width:
        k += 1
    rows = k
    while share * rows < k:
        rows += 1
    return rows


def rows_by_numpy(share, width):
    k = np.maximum(1, np.ceil((1.96 / width) ** 2 - 1.96**2))
    return int(np.ceil(k / share))


def rows_by_wilson(share, width):
    """Interpolate between two of Wilson's intervals."""
    counts = np.array([2, 4_000])  # 1 over the squared width is a line
    widths = np.array([np.diff(proportion(int(n) // 2, int(n))[1:])[0] for n in counts])
    k = math.ceil(np.interp(1 / width**2, 1 / widths**2, counts)) if width < widths[0] else 1
    return -int(-k // share)


def precision_by_counting(recall, false_alarms, share):
    rows = 10_000
    true = rows * share * recall
    false = rows * (1 - share) * false_alarms
    return true / (true + false)


def precision_by_odds(recall, false_alarms, share):
    return np.float32(1) * (recall * share) / np.sum([recall * share, false_alarms * (1 - share)])


RIGHT = {
    "beats_no_skill": [by_cases, by_lines_of_the_table, by_counting_rows],
    "rows_for_recall": [rows_by_search, rows_by_numpy, rows_by_wilson],
    "precision_in_the_world": [
        precision_by_counting,
        precision_by_odds,
        lambda r, f, s: 1 / (1 + f * (1 - s) / (r * s)) if r else 0.0,
    ],
}

# --- wrong answers --------------------------------------------------------------------------------


def skill(change):
    """Replace the no-skill values of some scores: a function of the share by the score's name."""
    kept = {
        "accuracy": lambda s: max(s, 1 - s),
        "balanced accuracy": lambda s: 0.5,
        "F1": lambda s: 2 * s / (1 + s),
        "average precision": lambda s: s,
        "ROC AUC": lambda s: 0.5,
    } | change
    return lambda score, value, share: value > kept[score](share)


def k_of(width):
    return 1.96**2 * (1 / width**2 - 1)


WRONG = {
    "beats_no_skill": {
        "none": [(nothing, "None"), (lambda score, value, share: {}.get(0), "None")],
        "nan": [(not_a_number, "NaN")],
        "shape": [
            (lambda score, value, share: [by_cases(score, value, share)], "shape ()"),
            (lambda score, value, share: (score, value), "numbers"),
        ],
        "off by one": [
            (lambda score, value, share: value >= max(share, 1 - share), "says"),
            (
                lambda score, value, share: (
                    by_cases(score, value, share) or (score, value) == ("ROC AUC", 0.5)
                ),
                "Equal is not higher",
            ),
            (
                lambda score, value, share: (
                    by_cases(score, value, share) or (score == "F1" and value == 0.4)
                ),
                "Equal is not higher",
            ),
            (
                lambda score, value, share: (
                    by_cases(score, value, share) or (score == "accuracy" and value == share)
                ),
                "equal to saying 1",
            ),
        ],
        "constant": [
            (first_answer(exercises.beats_no_skill._solution), "says False to all"),
            (lambda score, value, share: True, "says True to all"),
        ],
        "neighbour": neighbours(exercises, {
            "rows_for_recall": "score, value and share, and takes share and width",
            "precision_in_the_world": "score, value and share, and takes them as recall",
        }),
        "other": [
            (skill({"accuracy": lambda s: 1 - s}), "saying 1 every time"),
            (skill({"accuracy": lambda s: s}), "Saying 0 every time"),
            (skill({"accuracy": lambda s: 0.5}), "Saying 0 every time"),
            (skill({"accuracy": lambda s: 0.9}), "this is higher"),
            (skill({"F1": lambda s: 0}), "Saying 1 every time"),
            (skill({"F1": lambda s: 0.5}), "None of the three"),
            (skill({"F1": lambda s: s}), "Saying 1 every time"),
            (skill({"F1": lambda s: 2 * s / (2 * s + 1)}), "fair coin"),
            (skill({"F1": lambda s: 2 * s / (1 + s) + 0.005}), "a little less"),
            (skill({"average precision": lambda s: 0.5}), "share of positives"),
            (skill({"average precision": lambda s: 0.1}), "share of positives"),
            (skill({"ROC AUC": lambda s: s}), "Without skill it is 0.5"),
            (skill({"ROC AUC": lambda s: 1 - s}), "Without skill it is 0.5"),
            (skill({"balanced accuracy": lambda s: 1 - s}), "Without skill it is 0.5"),
            (lambda score, value, share: not by_cases(score, value, share), "exchanged"),
            (lambda score, value, share: value > 0.5, "says"),
            (lambda score, value, share: value - share, "True or False"),
            (lambda score, value, share: "yes", "True or False"),
            (True, "function of score, value and share"),
        ],
    },
    "rows_for_recall": {
        "none": [(nothing, "None"), (lambda s, w: {}.get(0), "None")],
        "nan": [(not_a_number, "NaN"), (lambda s, w: np.inf, "infinity")],
        "shape": [
            (lambda s, w: [rows_by_numpy(s, w)], "shape ()"),
            (lambda s, w: (k_of(w), rows_by_numpy(s, w)), "shape ()"),
        ],
        "off by one": [
            (lambda s, w: rows_by_numpy(s, w) + 1, "one row fewer"),
            (lambda s, w: rows_by_numpy(s, w) - 1, "round the rows up"),
            (lambda s, w: math.ceil(math.floor(k_of(w)) / s), "positive too few"),
            (lambda s, w: math.floor(max(1, math.ceil(k_of(w))) / s) + 1, "one row fewer"),
            (lambda s, w: math.ceil((math.ceil(k_of(w)) + 1) / s), "one too many"),
            (lambda s, w: math.floor(max(1, math.ceil(k_of(w))) / s), "round the rows up"),
            (lambda s, w: round(math.ceil(k_of(w)) / s), "round the rows up"),
            (lambda s, w: math.ceil(min(math.ceil(k_of(w)), 1_000) / s), "it is not"),
            (lambda s, w: math.ceil(k_of(w) / s), "positives are whole"),
            (lambda s, w: round(round(k_of(w)) / s), "too few"),
            (lambda s, w: k_of(w) / s, "rows are whole"),
        ],
        "constant": [
            (first_answer(exercises.rows_for_recall._solution), "not 930"),
            (lambda s, w: 1_000, "not 1000"),
        ],
        "neighbour": neighbours(exercises, {
            "beats_no_skill": "share and width, and takes score",
            "precision_in_the_world": "share and width, and takes recall",
        }),
        "other": [
            (lambda s, w: math.ceil(k_of(w)), "number of positives"),
            (lambda s, w: k_of(w), "number of positives"),
            (lambda s, w: math.ceil(math.ceil((1.96 / w) ** 2) / s), "sqrt(k + z²)"),
            (lambda s, w: math.ceil(math.ceil(k_of(2 * w)) / s), "end to end"),
            (lambda s, w: math.ceil(math.ceil(k_of(w / 2)) / s), "half as wide"),
            (lambda s, w: math.ceil(k_of(w)) * s, "divide by the share"),
            (lambda s, w: math.ceil(math.ceil(k_of(w)) / (1 - s)), "that of the others"),
            (lambda s, w: math.ceil(math.ceil(1.64**2 * (1 / w**2 - 1)) / s), "it is not"),
            (lambda s, w: math.ceil(math.ceil(2**2 * (1 / w**2 - 1)) / s), "it is not"),
            (lambda s, w: math.ceil(math.ceil(k_of(w)) / (min(s, 1 - s) or 1)), "of the others"),
            (lambda s, w: rows_by_numpy(w, s), "it is not"),
            (lambda s, w: "930", "numbers"),
            (930, "function of share and width"),
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
            "beats_no_skill": "takes them as score, value and share",
            "rows_for_recall": "recall, false_alarms and share, and takes share and width",
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
            (lambda r, f, s: precision_by_counting(r, f, s) if f else 0, "precision is not"),
            (lambda r, f, s: round(precision_by_counting(r, f, s), 3), "unrounded"),
            (lambda r, f, s: "31 %", "numbers"),
            (lambda r, f, s: r * s / (r * s + f * (1 - s) + 0.01), "precision is not"),
            (0.31, "function of recall"),
        ],
    },
}  # fmt: skip
