"""Answers to the exercises of notebook 10; test_exercises.py checks them."""

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing

from helpers.exercises import clinic as exercises

# --- 1: the rule of rising loss -------------------------------------------------------------------


def rising_loop(val_loss, last):
    return [all(loss > min(run) for loss in run[-last:]) for run in val_loss.tolist()]


def rising_by_lowest(val_loss, last):
    return val_loss[:, -last:].min(axis=1) > val_loss.min(axis=1)


def rising_by_place(val_loss, last):
    """Ask where the best epoch stands for the last time."""
    place = val_loss.shape[1] - 1 - val_loss[:, ::-1].argmin(axis=1)
    return place < val_loss.shape[1] - last


def rising_in_place(val_loss, last):
    val_loss -= val_loss.min(axis=1, keepdims=True)
    return (val_loss[:, -last:] > 0).all(axis=1)


# --- 2: the cheapest rule -------------------------------------------------------------------------


def costs(rules, share, missed, alarm):
    return {
        name: share * (1 - heard) * missed + (1 - share) * alarms * alarm
        for name, (heard, alarms) in rules.items()
    }


def cheapest_sorted(rules, share, missed, alarm):
    found = costs(rules, share, missed, alarm)
    return sorted(rules, key=found.get)[0]


def cheapest_array(rules, share, missed, alarm):
    heard, alarms = np.array(list(rules.values())).T
    expected = share * (1 - heard) * missed + (1 - share) * alarms * alarm
    return list(rules)[expected.argmin()]


def cheapest_loop(rules, share, missed, alarm):
    best, lowest = None, np.inf
    for name, cost in costs(rules, share, missed, alarm).items():
        if cost < lowest:
            best, lowest = name, cost
    return best


def by(cost, pick=min):
    """Pick by a cost of (share, sensitivity, alarms, missed, alarm)."""

    def answer(rules, share, missed, alarm):
        return pick(rules, key=lambda name: cost(share, *rules[name], missed, alarm))

    return answer


def cheapest_last(rules, share, missed, alarm):
    return cheapest_loop(dict(reversed(rules.items())), share, missed, alarm)


def cheapest_in_place(rules, share, missed, alarm):
    best = cheapest_loop(rules, share, missed, alarm)
    rules.clear()
    return best


# --- 3: a claim -----------------------------------------------------------------------------------


def claim_loop(reported, used):
    return [a - b for a, b in zip(reported, used, strict=True)], 5 / 100


def claim_array(reported, used):
    return np.subtract(reported, used).astype("float32"), np.float32(0.05)


def claim_negative(reported, used):
    return -(used - reported), 0.05


def claiming(values, threshold=0.05):
    return lambda reported, used: (values(reported, used), threshold)


def claim_in_place(reported, used):
    reported -= used
    return reported, 0.05


# --- all ------------------------------------------------------------------------------------------

RIGHT = {
    "rising": [rising_loop, rising_by_lowest, rising_by_place],
    "cheapest_rule": [cheapest_sorted, cheapest_array, cheapest_loop],
    "flatters": [claim_loop, claim_array, claim_negative],
}
WRONG = {
    "rising": {
        "none": [(nothing, "returns None")],
        "nan": [(not_a_number, "shape (7,)"), (lambda v, n: v[:, 0] * np.nan, "NaN")],
        "shape": [
            (lambda v, n: rising_by_lowest(v, n)[:, None], "shape (7,)"),
            (lambda v, n: rising_by_lowest(v, n).all(), "shape (7,)"),
        ],
        "off by one": [
            (lambda v, n: rising_by_lowest(v, n + 1), "the answer is"),
            (lambda v, n: rising_by_lowest(v, max(n - 1, 1)), "the answer is"),
            (lambda v, n: rising_by_lowest(v[:, :-1], n), "the answer is"),
        ],
        "constant": [
            (first_answer(exercises.rising._solution), "the answer is"),
            (lambda v, n: np.zeros(len(v)), "the answer is"),
        ],
        "neighbour": neighbours(exercises, {
            "cheapest_rule": "val_loss and last, and takes rules, share, missed and alarm",
            "flatters": "True or False for each run, not tuple",
        }),
        "other": [
            (lambda v, n: (v[:, -n:] >= v.min(axis=1, keepdims=True)).all(axis=1), "answer is"),
            (lambda v, n: (v[:, -n:] > v.min(axis=1, keepdims=True)).any(axis=1), "answer is"),
            (lambda v, n: (np.diff(v, axis=1)[:, -n:] > 0).all(axis=1), "the answer is"),
            (lambda v, n: v[:, -1] > v.min(axis=1), "the answer is"),
            (lambda v, n: v.argmin(axis=1) < v.shape[1] - n, "the answer is"),
            (lambda v, n: (v[:, -n:] > v.min()).all(axis=1), "the answer is"),
            (lambda v, n: v.min(axis=1), "True or False for each run"),
            (lambda v, n: v[:, -n:].min(axis=1) > 1.05 * v.min(axis=1), "a little above"),
            (lambda v, n: rising_by_lowest(v, n) & (v.shape[1] > 2), "two epochs"),
            (rising_in_place, "changes `val_loss`"),
        ],
    },
    "cheapest_rule": {
        "none": [(nothing, "returns None")],
        "nan": [(not_a_number, "one of the names")],
        "shape": [
            (lambda r, s, m, a: [cheapest_loop(r, s, m, a)], "one of the names"),
            (lambda r, s, m, a: min(costs(r, s, m, a).values()), "one of the names"),
            (lambda r, s, m, a: r[cheapest_loop(r, s, m, a)], "one of the names"),
        ],
        "constant": [
            (first_answer(exercises.cheapest_rule._solution), "you say"),
            (lambda r, s, m, a: next(iter(r)), "you say"),
        ],
        "neighbour": neighbours(exercises, {
            "rising": "missed and alarm, and takes val_loss and last",
            "flatters": "missed and alarm, and takes reported and used",
        }),
        "other": [
            (by(lambda s, h, f, m, a: h, max), "you say"),
            (by(lambda s, h, f, m, a: f), "you say"),
            (by(lambda s, h, f, m, a: h - f, max), "you say"),
            (by(lambda s, h, f, m, a: s * (1 - h) + (1 - s) * f), "cost much more"),
            (by(lambda s, h, f, m, a: (1 - h) * m + f * a), "you say"),
            (by(lambda s, h, f, m, a: s * h * m + (1 - s) * f * a), "you say"),
            (by(lambda s, h, f, m, a: (1 - s) * (1 - h) * m + s * f * a), "you say"),
            (by(lambda s, h, f, m, a: s * (1 - h) * m + (1 - s) * f * a, max), "you say"),
            (by(lambda s, h, f, m, a: s * (1 - h) * a + (1 - s) * f * m), "you say"),
            (by(lambda s, h, f, m, a: max(s * (1 - h) * m, (1 - s) * f * a)), "both kinds"),
            (by(lambda s, h, f, m, a: (s * (1 - h) * m + (1 - s) * f * a) or 9), "cost nothing"),
            (by(lambda s, h, f, m, a: min(s * (1 - h) * m + (1 - s) * f * a, 1)), "cost much"),
            (by(lambda s, h, f, m, a: round(s * (1 - h) * m + (1 - s) * f * a, 2)), "little"),
            (cheapest_last, "the first"),
            (cheapest_in_place, "changes `rules`"),
            (lambda r, s, m, a: "best", "one of the names"),
        ],
    },
    "flatters": {
        "none": [(nothing, "returns None")],
        "nan": [(claiming(lambda a, b: a * np.nan), "NaN"), (not_a_number, "return two things")],
        "shape": [
            (lambda a, b: a - b, "return two things"),
            (claiming(lambda a, b: (a - b).mean()), "shape (30,)"),
        ],
        "off by one": [(claiming(lambda a, b: a[1:] - b[:-1]), "shape (30,)")],
        "constant": [
            (first_answer(exercises.flatters._solution), "shape (45,)"),
            (claiming(lambda a, b: np.zeros(len(a))), "run by run"),
        ],
        "neighbour": neighbours(exercises, {
            "rising": "stops with",
            "cheapest_rule": "reported and used, and takes rules, share, missed and alarm",
        }),
        "leak": [(claiming(lambda a, b: a), "run by run")],
        "other": [
            (claiming(lambda a, b: b - a), "in use minus reported"),
            (claiming(lambda a, b: b - a, -0.05), "in use minus reported"),
            (claiming(lambda a, b: a - b, -0.05), "your threshold is -0.05"),
            (claiming(lambda a, b: a - b, 0.0), "your threshold is 0"),
            (claiming(lambda a, b: a - b, 5), "5 points are 0.05"),
            (claiming(lambda a, b: a - b, None), "threshold is None"),
            (claiming(lambda a, b: 100 * (a - b), 5), "keep the unit"),
            (claiming(lambda a, b: np.abs(a - b)), "Leave the sign"),
            (claiming(lambda a, b: np.sort(a) - np.sort(b)), "tears the pairs apart"),
            (claiming(lambda a, b: a - b.mean()), "the same run"),
            (claiming(lambda a, b: (a - b >= 0.05).astype(float)), "a share of runs"),
            (claiming(lambda a, b: a / b), "run by run"),
            (claim_in_place, "changes the accuracies"),
        ],
    },
}  # fmt: skip
