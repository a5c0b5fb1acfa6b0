"""Answers to the exercises of notebook 01; test_exercises.py checks them."""

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing

from helpers.exercises import overfit_mlp as exercises

WORDS = exercises._solve_reading()


def words(**other):
    return lambda: WORDS | other


def part(bias=None, variance=None, noise=None):
    """Choose the largest of three parts, some of them computed by another formula."""

    def answer(fits, truth, sd):
        miss = fits.mean(axis=0) - truth
        parts = {
            "squared bias": (miss**2).mean() if bias is None else bias(fits, truth, miss),
            "variance": fits.var(axis=0).mean() if variance is None else variance(fits),
            "noise": sd**2 if noise is None else noise(sd),
        }
        return max(parts, key=parts.get)

    return answer


def part_in_place(fits, truth, noise):
    name = exercises._solve_largest_part(fits, truth, noise)
    fits -= fits
    return name


def part_with_loops(fits, truth, noise):
    rows, places = fits.shape
    bias = variance = 0.0
    for j in range(places):
        mean = sum(fits[:, j]) / rows
        bias += (mean - truth[j]) ** 2 / places
        variance += sum((value - mean) ** 2 for value in fits[:, j]) / rows / places
    largest = max(bias, variance, noise * noise)
    return {bias: " Squared Bias", variance: "VARIANCE"}.get(largest, "noise")


def part_by_subtraction(fits, truth, noise):
    error = np.mean((fits - truth) ** 2)
    bias = np.mean((np.average(fits, axis=0) - truth) ** 2)
    names = ["squared bias", "variance", "noise"]
    return names[int(np.argmax([bias, error - bias, np.square(noise)]))]


def falls(choosing=slice(None), how=np.argmax, measured=None):
    """Measure falls where other runs choose the epoch, or choose it in another way."""

    def answer(curves):
        half = len(curves) // 2
        epoch = how(curves[choosing if choosing != "first" else slice(half)].mean(axis=0))
        rows = curves[half:] if measured is None else curves[measured]
        return rows[:, epoch] - rows[:, -1]

    return answer


def latest(means):
    return len(means) - 1 - means[::-1].argmax()


def measured_half(curves):
    rows = curves[len(curves) // 2 :]
    return rows[:, rows.mean(axis=0).argmax()] - rows[:, -1]


def own_best(curves):
    rows = curves[len(curves) // 2 :]
    return rows.max(axis=1) - rows[:, -1]


def larger_half(curves):
    half = (len(curves) + 1) // 2
    return curves[half:, curves[:half].mean(axis=0).argmax()] - curves[half:, -1]


def single_run(curves):
    half = len(curves) // 2
    return curves[half:, curves[:half].max(axis=0).argmax()] - curves[half:, -1]


def median_run(curves):
    half = len(curves) // 2
    return curves[half:, np.median(curves[:half], axis=0).argmax()] - curves[half:, -1]


def falls_in_place(curves):
    found = exercises._solve_honest_fall(curves)
    curves *= 0
    return found


def falls_by_loop(curves):
    half = len(curves) // 2
    best = 0
    for epoch in range(curves.shape[1]):
        if sum(curves[:half, epoch]) > sum(curves[:half, best]):
            best = epoch
    return [run[best] - run[-1] for run in curves[half:]]


RIGHT = {
    "reading": [
        lambda: {name: word.upper() for name, word in WORDS.items()},
        lambda: dict(reversed(WORDS.items())),
        lambda: {name: f" {word} " for name, word in WORDS.items()},
    ],
    "largest_part": [
        part(),
        part_with_loops,
        part_by_subtraction,
        part(variance=lambda fits: (fits**2).mean(axis=0).mean() - (fits.mean(axis=0) ** 2).mean()),
        part(bias=lambda fits, truth, miss: miss @ miss / len(miss), noise=lambda sd: sd * sd),
    ],
    "honest_fall": [
        falls("first"),
        falls_by_loop,
        falls("first", how=lambda means: int(np.flatnonzero(means == means.max())[0])),
        lambda c: -(c.T[-1] - c.T[c[: len(c) // 2].sum(axis=0).argmax()])[len(c) // 2 :],
    ],
    "stopping_epoch": [
        lambda: int(np.median(exercises.twenty_runs().argmin(axis=1))) + 1,
        lambda: exercises.twenty_runs().mean(axis=0).argmin() + 1,
        lambda: np.median(exercises.twenty_runs(), axis=0).argmin() + 1,
        lambda: 80,
        lambda: 75.0,
    ],
}
WRONG = {
    "reading": {
        "none": [(nothing, "not None"), (None, "function of no argument")],
        "nan": [(lambda: np.nan, "not nan"), (words(B=np.nan), "word for B")],
        "shape": [
            (lambda: list(WORDS.values()), "return a dictionary"),
            (lambda: {"A": "overfits"}, "keys A, B, C and D"),
            (lambda: {"a": "overfits"} | WORDS, "keys A, B, C and D"),
        ],
        "constant": [
            (lambda: dict.fromkeys("ABCD", "overfits"), "B is not 'overfits'"),
            (lambda: dict.fromkeys("ABCD", "cannot tell"), "A is not 'cannot tell'"),
            (lambda: "overfits", "return a dictionary"),
        ],
        "neighbour": neighbours(exercises, {
            "largest_part": "takes fits, truth and noise", "honest_fall": "takes curves",
            "stopping_epoch": "return a dictionary",
        }),
        "other": [
            (words(A="settled"), "validation mean from epoch 40"),
            (words(B="overfits"), "the last 20 epochs"),
            (words(C="overfits"), "A gap alone"),
            (words(D="overfits"), "20 other rows"),
            (words(D="overfit"), "must be one of"),
            (words(D=["cannot tell"]), "must be one of"),
        ],
    },
    "largest_part": {
        "none": [(nothing, "not None"), (None, "function of fits, truth and noise")],
        "nan": [(not_a_number, "name of a part, not nan")],
        "shape": [
            (lambda f, t, s: ("noise",), "name of a part"),
            (lambda f, t, s: np.array([0.0, 1.0]), "name of a part"),
            (part(variance=lambda fits: fits.var(axis=1).mean()), "you say 'variance'"),
            (part(variance=np.var), "you say 'variance'"),
        ],
        "off by one": [
            (part(variance=lambda fits: fits.var(axis=0, ddof=min(1, len(fits) - 1)).mean()),
             "you say 'variance'"),
        ],
        "constant": [
            (lambda f, t, s: "noise", "you say 'noise'"),
            (lambda f, t, s: "variance", "you say 'variance'"),
            (lambda f, t, s: "squared bias", "you say 'squared bias'"),
            (first_answer(exercises.largest_part._solution), "adds 4"),
        ],
        "neighbour": neighbours(exercises, {
            "reading": "called with fits, truth and noise", "honest_fall": "takes curves",
            "stopping_epoch": "called with fits, truth and noise",
        }),
        "other": [
            (part(noise=lambda sd: sd), "you say 'squared bias'"),
            (part(noise=lambda sd: 25), "you say 'noise'"),
            (part(bias=lambda f, t, m: abs(m).mean()), "squared bias is"),
            (part(bias=lambda f, t, m: m.mean() ** 2), "you say 'noise'"),
            (part(bias=lambda f, t, m: ((f - t) ** 2).mean()), "squared bias is"),
            (part(bias=lambda f, t, m: ((np.median(f, axis=0) - t) ** 2).mean(),
                  variance=lambda f: f.std(axis=0).mean()), "the variance"),
            (part(variance=lambda fits: fits.std(axis=0).mean()), "the variance"),
            (part(bias=lambda f, t, m: ((np.median(f, axis=0) - t) ** 2).mean()),
             "you say 'noise'"),
            (part(bias=lambda f, t, m: (m**2).max()), "you say 'squared bias'"),
            (part(variance=lambda fits: fits.var(axis=0).max()), "you say 'variance'"),
            (lambda f, t, s: "bias", "you say 'bias'"),
            (part_in_place, "changes what it is given"),
        ],
    },
    "honest_fall": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda c: np.full(len(c) - len(c) // 2, np.nan), "NaN"),
                (not_a_number, "shape (3,)")],
        "shape": [
            (falls("first", measured=slice(None)), "not (6,)"),
            (lambda c: exercises._solve_honest_fall(c).mean(), "not ()"),
            (lambda c: c[:, 0] - c[:, -1], "not (6,)"),
        ],
        "off by one": [
            (larger_half, "must have shape (4,)"),
            (falls("first", how=lambda m: min(m.argmax() + 1, len(m) - 1)), "not the falls"),
            (falls("first", how=lambda m: m[:-1].argmax()), "not the falls"),
        ],
        "constant": [
            (first_answer(exercises.honest_fall._solution), "shape (4,)"),
            (lambda c: np.zeros(len(c) - len(c) // 2), "not the falls"),
        ],
        "neighbour": neighbours(exercises, {
            "reading": "called with curves", "largest_part": "takes fits, truth and noise",
            "stopping_epoch": "called with curves",
        }),
        "leak": [
            (measured_half, "runs that are measured choose"),
            (falls(), "all runs choose"),
            (own_best, "chance is counted"),
        ],
        "other": [
            (lambda c: -exercises._solve_honest_fall(c), "sign is flipped"),
            (falls("first", how=latest), "take the earliest"),
            (single_run, "a single run chooses"),
            (median_run, "not the falls"),
            (falls("first", how=np.argmin), "not the falls"),
            (falls_in_place, "changes what it is given"),
        ],
    },
    "stopping_epoch": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda: np.nan, "NaN"), (lambda: np.inf, "infinity")],
        "shape": [
            (lambda: [80], "shape ()"),
            (lambda: exercises.twenty_runs().argmin(axis=1) + 1, "not (20,)"),
            (lambda: "80", "not str"),
        ],
        "off by one": [
            (lambda: 0, "from 1 to 300"),
            (lambda: 301, "from 1 to 300"),
            (lambda: 80.5, "whole number"),
        ],
        "constant": [(lambda: 300, "too late"), (lambda: 1, "too early")],
        "neighbour": neighbours(exercises, {
            "reading": "not dict", "largest_part": "takes fits, truth and noise",
            "honest_fall": "takes curves",
        }),
        "leak": [
            (lambda: exercises.twenty_runs().argmin() % 300 + 1, "too late"),
            (lambda: exercises.twenty_runs()[0].argmin() + 1, "too early"),
        ],
        "other": [
            (lambda: exercises.twenty_runs().mean(axis=0).argmax() + 1, "too early"),
            (lambda: -80, "from 1 to 300"),
            (lambda: 150, "too late"),
        ],
    },
}  # fmt: skip
