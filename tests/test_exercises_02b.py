"""Answers to the exercises of notebook 02b; test_exercises.py checks them."""

import numpy as np
import pandas as pd
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from sklearn.linear_model import LinearRegression, Ridge

from helpers import evidence
from helpers.exercises import ridge_and_lasso as exercises

SENTENCE = "Ridge has a lower squared error."


def soft_by_where(z, l1):
    return np.where(z > l1, z - l1, np.where(z < -l1, z + l1, 0.0))


def soft_by_loop(z, l1):
    shrunk = []
    for value in np.ravel(z):
        size = abs(value) - l1
        shrunk.append(0.0 if size <= 0 else size if value > 0 else -size)
    return np.reshape(shrunk, np.shape(z))


def soft_by_clip(z, l1):
    return z - np.clip(z, -l1, l1)


def soft_in_place(z, l1):
    z[...] = z - np.clip(z, -l1, l1)
    return z


def soft_in_whole_numbers(z, l1):
    out = np.zeros_like(z)
    out[...] = soft_by_where(z, l1)
    return out


def stable_by_loop(kept, share):
    return [bool(sum(column) / len(column) >= share) for column in kept.T.tolist()]


def stable_by_pandas(kept, share):
    return (pd.DataFrame(kept).mean() >= share).to_numpy()


def stable_by_count(kept, share):
    return np.count_nonzero(kept, axis=0) >= share * len(kept)


def stable_in_place(kept, share):
    answer = stable_by_count(kept, share)
    kept[...] = False
    return answer


def gains(draw, seeds=range(30), alpha=10, train=False, make=lambda plain, ridge: plain - ridge):
    values = []
    for seed in seeds:
        x, y, new_x, new_y = draw(seed)
        at, truth = (x, y) if train else (new_x, new_y)
        models = LinearRegression().fit(x, y), Ridge(alpha=alpha).fit(x, y)
        values.append(make(*(np.mean((model.predict(at) - truth) ** 2) for model in models)))
    return values


def stated(values, threshold=0.05, id="my-ridge-claim"):
    return evidence.claim(id, values, SENTENCE, threshold=threshold)


def mine(threshold=0.05, id="my-ridge-claim", **changed):
    def my_claim(draw):
        return stated(gains(draw, **changed), threshold, id)

    return my_claim


def mine_by_arrays(draw):
    drawn = [draw(seed) for seed in range(30)]
    errors = [
        [((make().fit(x, y).predict(a) - b) ** 2).mean() for x, y, a, b in drawn]
        for make in (LinearRegression, lambda: Ridge(alpha=10.0))
    ]
    return stated(np.subtract(*errors), 1)


def mine_by_sklearn(draw):
    from sklearn.metrics import mean_squared_error

    values = {}
    for seed in reversed(range(30)):
        x, y, a, b = draw(seed)
        plain = mean_squared_error(b, LinearRegression().fit(x, y).predict(a))
        values[seed] = plain - mean_squared_error(b, Ridge(10).fit(x, y).predict(a))
    return stated(list(values.values()), 1e-3)


def unpaired(draw):
    def error(model, seed):
        x, y, a, b = draw(seed)
        return np.mean((model.fit(x, y).predict(a) - b) ** 2)

    return stated(
        [error(LinearRegression(), s) - error(Ridge(alpha=10), (s + 1) % 30) for s in range(30)]
    )


RIGHT = {
    "soft_threshold": [soft_by_where, soft_by_loop, soft_by_clip],
    "stable_columns": [stable_by_loop, stable_by_pandas, stable_by_count],
    "my_claim": [mine(), mine(threshold=0.2), mine_by_arrays, mine_by_sklearn],
}
WRONG = {
    "soft_threshold": {
        "none": [(nothing, "returns None"), (lambda z, l1: z.sort(), "returns None")],
        "nan": [(lambda z, l1: np.full(z.shape, np.nan), "NaN")],
        "shape": [
            (lambda z, l1: soft_by_where(z, l1).sum(), "shape"),
            (lambda z, l1: soft_by_where(z, l1).ravel(), "shape"),
        ],
        "off by one": [
            (lambda z, l1: np.where(np.abs(z) >= l1, z, 0.0), "as they are"),
            (lambda z, l1: np.where(np.abs(z) < l1, 0, z - 0.5 * np.sign(z)), "l1 = 0.0"),
        ],
        "constant": [
            (lambda z, l1: np.zeros(z.shape), "zeros everywhere"),
            (lambda z, l1: soft_by_where(z, 0.5), "l1 = 0.0"),
            (lambda z, l1: z + 0, "as it is"),
        ],
        "neighbour": neighbours(exercises, {
            "stable_columns": "shape",
            "my_claim": "called with z and l1, and takes draw",
        }),
        "other": [
            (not_a_number, "shape"),
            (lambda z, l1: z - l1 * np.sign(z), "jump over zero"),
            (lambda z, l1: np.where(np.abs(z) > l1, z, 0), "l1 nearer"),
            (lambda z, l1: np.maximum(np.abs(z) - l1, 0), "must stay negative"),
            (lambda z, l1: np.maximum(z - l1, 0), "shrunk too"),
            (lambda z, l1: z / (1 + l1), "L2"),
            (lambda z, l1: soft_by_where(z, l1 / 2), "l1 itself"),
            (lambda z, l1: soft_by_where(z, 2 * l1), "not twice"),
            (lambda z, l1: np.clip(z, -l1, l1), "clips"),
            (soft_in_place, "changes z"),
            (lambda z, l1: soft_by_where(z, l1).astype(int), "you return"),
            (soft_in_whole_numbers, "l1 = 0.5"),
            (0.5, "function of z and l1"),
        ],
    },
    "stable_columns": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda kept, share: np.full(kept.shape[1], np.nan), "NaN")],
        "shape": [
            (lambda kept, share: kept.mean(axis=1) >= share, "shape"),
            (lambda kept, share: np.flatnonzero(kept.mean(axis=0) >= share), "shape"),
            (lambda kept, share: kept, "shape"),
        ],
        "off by one": [
            (lambda kept, share: kept.mean(axis=0) > share, "exactly the share"),
            (lambda kept, share: kept[1:].mean(axis=0) >= share, "you say"),
            (lambda kept, share: kept.sum(axis=0) >= share * len(kept) - 1, "you say"),
        ],
        "constant": [
            (lambda kept, share: np.ones(kept.shape[1]), "always say True"),
            (lambda kept, share: np.zeros(kept.shape[1], bool), "always say False"),
            (first_answer(exercises.stable_columns._solution), "column"),
        ],
        "neighbour": neighbours(exercises, {
            "soft_threshold": "takes them as z and l1",
            "my_claim": "called with kept and share, and takes draw",
        }),
        "other": [
            (lambda kept, share: kept.mean(axis=0), "True and False alone"),
            (lambda kept, share: kept.sum(axis=0), "True and False alone"),
            (lambda kept, share: kept.mean(axis=0) < share, "swapped"),
            (lambda kept, share: kept.any(axis=0), "at least once"),
            (lambda kept, share: kept.all(axis=0), "in all runs"),
            (lambda kept, share: kept[0], "first run"),
            (lambda kept, share: kept.mean(axis=0) >= 0.5, "always a half"),
            (lambda kept, share: kept.mean(axis=0) >= kept.mean(), "mean over all columns"),
            (lambda kept, share: kept.sum(axis=0) >= round(share * len(kept)), "7 of 24"),
            (lambda kept, share: kept.mean(axis=0) >= share * kept.mean(axis=0).max(), "you say"),
            (stable_in_place, "changes `kept`"),
            (3, "function of kept and share"),
        ],
    },
    "my_claim": {
        "none": [(nothing, "returns None"), (lambda draw: gains(draw) and None, "returns None")],
        "nan": [(lambda draw: stated([np.nan] * 30), "NaN")],
        "shape": [
            (lambda draw: gains(draw), "what evidence.claim returns"),
            (lambda draw: stated(gains(draw) * 2), "not 60"),
        ],
        "off by one": [
            (mine(seeds=range(29)), "0 to 29"),
            (mine(seeds=range(1, 31)), "0 to 29"),
            (mine(seeds=[0] * 30), "seed 0 alone"),
            (lambda draw: stated(gains(draw)[1:]), "not 29"),
        ],
        "constant": [
            (lambda draw: stated(np.full(30, 0.3)), "0 to 29"),
            (lambda draw: stated([gains(draw)[0]] * 30), "some of your values"),
        ],
        "neighbour": neighbours(exercises, {
            "soft_threshold": "called with draw, and takes z and l1",
            "stable_columns": "called with draw, and takes kept and share",
        }),
        "leak": [
            (mine(train=True), "training rows"),
        ],
        "other": [
            (mine(make=lambda plain, ridge: ridge - plain), "the sign"),
            (mine(make=lambda plain, ridge: ridge), "errors of Ridge"),
            (mine(make=lambda plain, ridge: plain), "errors of least squares"),
            (mine(make=lambda plain, ridge: 1 - ridge / plain), "share of the error"),
            (mine(make=lambda plain, ridge: float(plain > ridge)), "count no wins"),
            (mine(make=lambda plain, ridge: plain**0.5 - ridge**0.5), "roots"),
            (mine(alpha=1), "alpha=10"),
            (mine(threshold=0), "at or below 0"),
            (mine(threshold=-0.1), "at or below 0"),
            (mine(id="another-claim"), "my-ridge-claim"),
            (unpaired, "same rows"),
            (7, "function of draw"),
        ],
    },
}  # fmt: skip
