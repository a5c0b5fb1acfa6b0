"""Answers to the exercises of notebook 08; test_exercises.py checks them."""

import math

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from scipy import stats

from helpers.exercises import capacity_and_learning_rate as exercises

# --- 1: choose a width ----------------------------------------------------------------------------


def width_by_loop(widths, errors):
    means = [float(np.mean(column)) for column in errors.T]
    best = means.index(min(means))
    limit = means[best] + stats.sem(errors[:, best])
    for width, mean in zip(widths, means, strict=True):
        if mean <= limit:
            return width


def width_from_mask(widths, errors):
    means, spreads = errors.mean(axis=0), errors.std(axis=0, ddof=1)
    best = np.argmin(means)
    good = means <= means[best] + spreads[best] / np.sqrt(errors.shape[0])
    return np.asarray(widths)[good].min()


def width_from_lists(widths, errors):
    return float(width_by_loop(list(widths), np.array(errors.tolist())))


def width_wrongly(ddof=1, root=0.5, times=1.0, own=False, last=False, place=False, centre=np.mean):
    def answer(widths, errors):
        means = centre(errors, axis=0)
        spreads = times * errors.std(axis=0, ddof=ddof) / len(errors) ** root
        best = means.argmin()
        limit = means[best] + (spreads if own else spreads[best])
        found = np.flatnonzero(means <= limit)[-1 if last else 0]
        return found if place else widths[found]

    return answer


def width_next_to_the_best(widths, errors):
    """Walk down from the best width, and stop at the first that is too bad."""
    means = errors.mean(axis=0)
    place = best = means.argmin()
    while place and means[place - 1] <= means[best] + stats.sem(errors[:, best]):
        place -= 1
    return widths[place]


def width_of_the_last_tie(widths, errors):
    """Take the widest of several that are equally good for the best."""
    means = errors.mean(axis=0)
    best = len(means) - 1 - means[::-1].argmin()
    return widths[(means <= means[best] + stats.sem(errors[:, best])).argmax()]


def width_spoiling(widths, errors):
    found = width_by_loop(widths, errors)
    errors -= errors.min()
    return found


# --- 2: what happened -----------------------------------------------------------------------------


def happened_by_any(curve, guessing):
    if not any(value - guessing >= 10 for value in curve):
        return "never rose"
    return "went back" if guessing - 2 <= curve[-1] <= guessing + 2 else "holds"


def happened_by_numpy(curve, guessing):
    above = np.subtract(curve, guessing)
    if (above < 10).all():
        return "never rose"
    return ("holds", "went back")[int(-2 <= above[-1] <= 2)]


def happened_in_a_table(curve, guessing):
    rose, back = np.max(curve) >= guessing + 10, abs(curve[-1] - guessing) < 2.5
    return {(False, False): "never rose", (False, True): "never rose",
            (True, True): "went back", (True, False): "holds"}[bool(rose), bool(back)]  # fmt: skip


def happened(rise=10, near=2, rose=np.greater_equal, back=np.less_equal, from_=None, low=True):
    def answer(curve, guessing):
        base = guessing if from_ is None else from_(curve)
        if not rose(np.max(curve), base + rise):
            return "never rose"
        away = curve[-1] - base
        return "went back" if back(abs(away) if low else away, near) else "holds"

    return answer


def happened_at_the_lowest(curve, guessing):
    if max(curve) < guessing + 10:
        return "never rose"
    return "went back" if min(abs(curve - guessing)) <= 2 else "holds"


def happened_since_the_top(curve, guessing):
    if max(curve) < guessing + 10:
        return "never rose"
    return "went back" if min(abs(curve[curve.argmax() :] - guessing)) <= 2 else "holds"


def happened_back_first(curve, guessing):
    if abs(curve[-1] - guessing) <= 2:
        return "went back"
    return "never rose" if max(curve) < guessing + 10 else "holds"


def happened_spoiling(curve, guessing):
    found = happened_by_any(curve, guessing)
    curve -= guessing
    return found


# --- 3: the schedule ------------------------------------------------------------------------------


def cosine_by_math(step, steps, rate):
    return 0.5 * rate * (1 + math.cos(math.pi * min(step, steps) / steps))


def cosine_by_square(step, steps, rate):
    """Use cos²(a / 2) = (1 + cos a) / 2."""
    return rate * np.cos(np.pi / 2 * np.clip(step / steps, 0, 1)) ** 2


def cosine_by_keras(step, steps, rate):
    from keras.optimizers.schedules import CosineDecay

    return float(CosineDecay(rate, steps)(step))


def scaled(times, shift=0):
    def answer(step, steps, rate):
        return times * cosine_by_math(step + shift, steps, rate)

    return answer


# --- 4: a claim -----------------------------------------------------------------------------------


def stuck_by_loop(curves, guessing):
    return [
        int(all(value < share + 0.1 for value in curve))
        for curve, share in zip(curves, guessing, strict=True)
    ], 1 / 3


def stuck_by_difference(curves, guessing):
    rise = np.max(np.asarray(curves) - np.asarray(guessing)[:, None], axis=1)
    return np.where(rise < 0.1, 1, 0), np.float32(0.333)


def stuck_as_truth(curves, guessing):
    return ~(curves >= guessing[:, None] + 0.1).any(axis=1), 0.33


def stuck(values, threshold=1 / 3):
    return lambda curves, guessing: (values(curves, guessing), threshold)


def never(curves, guessing):
    return (curves.max(axis=1) < guessing + 0.1).astype(float)


def stuck_spoiling(curves, guessing):
    found = never(curves, guessing)
    curves -= guessing[:, None]
    return found, 1 / 3


# --- all ------------------------------------------------------------------------------------------

RIGHT = {
    "choose_width": [width_by_loop, width_from_mask, width_from_lists],
    "what_happened": [happened_by_any, happened_by_numpy, happened_in_a_table],
    "cosine": [cosine_by_math, cosine_by_square, cosine_by_keras],
    "stuck_claim": [stuck_by_loop, stuck_by_difference, stuck_as_truth],
}
WRONG = {
    "choose_width": {
        "none": [(nothing, "returns None")],
        "nan": [(not_a_number, "NaN")],
        "shape": [
            (lambda w, e: w, "one width"),
            (lambda w, e: [width_by_loop(w, e)], "one width"),
            (lambda w, e: "8", "one width"),
        ],
        "off by one": [
            (width_wrongly(ddof=0), "a little larger"),
            (lambda w, e: w[min(list(w).index(width_by_loop(w, e)) + 1, len(w) - 1)], "you say"),
            (lambda w, e: width_by_loop(w, e) + 1, "one of the widths"),
        ],
        "constant": [
            (first_answer(exercises.choose_width._solution), "you say"),
            (lambda w, e: w[0], "you say 2"),
            (lambda w, e: w[-1], "you say 128"),
            (lambda w, e: 8, "you say 8"),
        ],
        "neighbour": neighbours(exercises, {
            "what_happened": "takes them as curve and guessing",
            "cosine": "widths and errors, and takes step, steps and rate",
            "stuck_claim": "takes them as curves and guessing",
        }),
        "leak": [(lambda w, e: w[e[0].argmin()], "you say")],
        "other": [
            (lambda w, e: w[e.mean(axis=0).argmin()], "you say"),
            (width_wrongly(root=0), "you say"),
            (width_wrongly(root=1), "you say"),
            (width_wrongly(times=2), "you say"),
            (width_wrongly(times=1.96), "you say"),
            (width_wrongly(own=True), "you say"),
            (width_wrongly(last=True), "you say"),
            (width_wrongly(place=True), "you say 2"),
            (lambda w, e: width_by_loop(w, -e), "you say"),
            (lambda w, e: width_by_loop(w[::-1], e[:, ::-1]), "you say"),
            (width_next_to_the_best, "one between is too bad"),
            (width_of_the_last_tie, "the narrower is best"),
            (width_wrongly(centre=np.median), "not the lowest median"),
            (width_spoiling, "changes `errors`"),
            (lambda w, e: w[99], "IndexError"),
        ],
    },
    "what_happened": {
        "none": [(nothing, "returns None")],
        "nan": [(not_a_number, "as text")],
        "shape": [
            (lambda c, g: [happened_by_any(c, g)], "as text"),
            (lambda c, g: True, "as text"),
            (lambda c, g: "Went back", "as text"),
        ],
        "off by one": [
            (happened(rise=9), "9 above guessing is no rise"),
            (happened(rise=11), "exactly 10 above"),
            (happened(rose=np.greater), "exactly 10 above"),
            (happened(back=np.less), "exactly 2 above"),
            (happened(near=3), "3 above guessing is not back"),
        ],
        "constant": [
            (first_answer(exercises.what_happened._solution), "you say"),
            (lambda c, g: "went back", "you say"),
            (lambda c, g: "never rose", "you say"),
        ],
        "neighbour": neighbours(exercises, {
            "choose_width": "takes them as widths and errors",
            "cosine": "curve and guessing, and takes step, steps and rate",
            "stuck_claim": "takes them as curves and guessing",
        }),
        "other": [
            (happened(from_=lambda c: c[0]), "you say"),
            (happened(low=False), "3 below guessing is not back"),
            (happened_at_the_lowest, "you say"),
            (happened_back_first, "you say 'went back'"),
            (happened_since_the_top, "the last epoch decides"),
            (happened(rise=0.1, near=0.02), "you say"),
            (lambda c, g: "holds" if c[-1] >= g + 10 else "went back", "you say"),
            (lambda c, g: "went back" if c[-1] < max(c) else "holds", "you say"),
            (happened_spoiling, "changes `curve`"),
        ],
    },
    "cosine": {
        "none": [(nothing, "returns None")],
        "nan": [(not_a_number, "NaN")],
        "shape": [
            (lambda i, n, r: [cosine_by_math(i, n, r)], "one rate"),
            (lambda i, n, r: np.linspace(r, 0, n + 1), "one rate"),
        ],
        "off by one": [(scaled(1, shift=1), "you say"), (scaled(1, shift=-1), "you say")],
        "constant": [
            (first_answer(exercises.cosine._solution), "at the last step it is 0"),
            (lambda i, n, r: r, "at the last step it is 0"),
        ],
        "neighbour": neighbours(exercises, {
            "choose_width": "step, steps and rate, and takes widths and errors",
            "what_happened": "step, steps and rate, and takes curve and guessing",
            "stuck_claim": "step, steps and rate, and takes curves and guessing",
        }),
        "other": [
            (lambda i, n, r: r * (1 + np.cos(np.pi * i / n)) / 2, "stays 0"),
            (lambda i, n, r: r * (1 + np.cos(2 * np.pi * i / n)) / 2, "at the last step"),
            (lambda i, n, r: r * np.cos(np.pi / 2 * min(i / n, 1)), "half-way"),
            (lambda i, n, r: r * (1 - min(i / n, 1)), "after a quarter"),
            (lambda i, n, r: r * (1 + np.cos(180 * min(i / n, 1))) / 2, "at the last step"),
            (lambda i, n, r: r * (1 - np.cos(np.pi * min(i / n, 1))) / 2, "at the first step"),
            (lambda i, n, r: r * (1 + np.cos(np.pi * min(i // n, 1))) / 2, "half-way"),
            (scaled(2), "at the first step"),
            (scaled(10), "at the first step"),
        ],
    },
    "stuck_claim": {
        "none": [(nothing, "returns None")],
        "nan": [
            (not_a_number, "return two things"),
            (stuck(lambda c, g: never(c, g) * np.nan), "NaN"),
        ],
        "shape": [
            (lambda c, g: never(c, g), "return two things"),
            (stuck(lambda c, g: never(c, g).mean()), "0 or 1 for each run"),
            (stuck(lambda c, g: c < g[:, None] + 0.1), "0 or 1 for each run"),
        ],
        "off by one": [(stuck(lambda c, g: never(c, g)[1:]), "0 or 1 for each run")],
        "constant": [
            (first_answer(exercises.stuck_claim._solution), "0 or 1 for each run"),
            (stuck(lambda c, g: np.zeros(len(c))), "never reach their own"),
            (stuck(lambda c, g: np.ones(len(c))), "never reach their own"),
        ],
        "neighbour": neighbours(exercises, {
            "choose_width": "takes them as widths and errors",
            "what_happened": "takes them as curve and guessing",
            "cosine": "curves and guessing, and takes step, steps and rate",
        }),
        "leak": [(stuck(lambda c, g: c.max(axis=1) < g.mean() + 0.1), "their own guessing")],
        "other": [
            (stuck(lambda c, g: 1 - never(c, g)), "stands for the others"),
            (stuck(lambda c, g: c[:, -1] < g + 0.1), "not about the last one"),
            (stuck(lambda c, g: c.max(axis=1) - g), "must be 0 or 1"),
            (stuck(lambda c, g: c.max(axis=1) < g + 10), "never reach their own"),
            (stuck(lambda c, g: c.min(axis=1) < g + 0.1), "never reach their own"),
            (stuck(lambda c, g: c.max(axis=1) < 1.1 * g), "never reach their own"),
            (stuck(lambda c, g: c[:, 1:].max(axis=1) < g + 0.1), "never reach their own"),
            (stuck(lambda c, g: c[:, :-1].max(axis=1) < g + 0.1), "never reach their own"),
            (stuck(never, 0.1), "your threshold is 0.1"),
            (stuck(never, 33), "from 0 to 1"),
            (stuck(never, 3), "from 0 to 1"),
            (stuck(never, 0.5), "your threshold is 0.5"),
            (stuck(never, 0.3), "your threshold is 0.3"),
            (stuck(never, None), "threshold is None"),
            (stuck_spoiling, "changes the curves"),
        ],
    },
}  # fmt: skip
