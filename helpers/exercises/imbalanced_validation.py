"""The exercises of notebook 07."""

import math

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_beats_no_skill(score, value, share):
    best = {
        "accuracy": max(share, 1 - share),
        "balanced accuracy": 0.5,
        "F1": max(2 * share / (1 + share), 2 * share / (2 * share + 1)),
        "average precision": share,
        "ROC AUC": 0.5,
    }
    return value > best[score]


# Score, value, share, and what to say where only this one is wrong. Equal values are exact in
# binary, whatever the order of the operations.
_REPORTS = [
    ("accuracy", 0.85, 0.1, "Saying 0 every time scores 0.9."),
    ("accuracy", 0.95, 0.1, "Saying 0 every time scores 0.9, and this is higher."),
    ("accuracy", 0.85, 0.9, "Nine rows in ten are positive: saying 1 every time scores 0.9."),
    ("accuracy", 0.95, 0.9, "Saying 1 every time scores 0.9, and this is higher."),
    ("accuracy", 0.7, 0.4, "Saying 0 every time scores 0.6, and this is higher."),
    ("accuracy", 0.55, 0.5, "Nothing without skill scores more than 0.5 here."),
    ("accuracy", 0.75, 0.25, "It is equal to saying 0 every time. Equal is not higher."),
    ("accuracy", 0.75, 0.75, "It is equal to saying 1 every time. Equal is not higher."),
    ("balanced accuracy", 0.6, 0.1, "Without skill it is 0.5, whatever the share."),
    ("balanced accuracy", 0.6, 0.9, "Without skill it is 0.5, whatever the share."),
    ("balanced accuracy", 0.45, 0.1, "Without skill it is 0.5, whatever the share."),
    ("balanced accuracy", 0.5, 0.25, "0.5 is what models without skill get. Equal is not higher."),
    ("F1", 0.15, 0.1, "Saying 1 every time gets more."),
    ("F1", 0.17, 0.1, "A fair coin gets less, but saying 1 every time gets more."),
    ("F1", 0.25, 0.1, "None of the three gets as much. F1 has a no-skill value of its own."),
    ("F1", 0.184, 0.1, "Saying 1 every time gets 0.1818, a little less."),
    ("F1", 0.9, 0.9, "Where most rows are positive, saying 1 every time gets more."),
    ("F1", 0.97, 0.9, "Saying 1 every time gets a little less."),
    ("F1", 0.66, 0.5, "Saying 1 every time gets two thirds."),
    ("F1", 0.68, 0.5, "Saying 1 every time gets two thirds, and this is higher."),
    ("F1", 0.4, 0.25, "It is equal to saying 1 every time. Equal is not higher."),
    ("average precision", 0.2, 0.1, "Without skill it is the share of positives."),
    ("average precision", 0.6, 0.75, "Without skill it is the share of positives."),
    ("average precision", 0.25, 0.25, "It is equal to the share of positives, and not higher."),
    ("ROC AUC", 0.6, 0.9, "Without skill it is 0.5, whatever the share."),
    ("ROC AUC", 0.55, 0.1, "Without skill it is 0.5, whatever the share."),
    ("ROC AUC", 0.3, 0.1, "Without skill it is 0.5, whatever the share."),
    ("ROC AUC", 0.5, 0.125, "0.5 is what models without skill get. Equal is not higher."),
]


@judging.judge(_solve_beats_no_skill)
def _verify_beats_no_skill(answer):
    said = []
    for score, value, share, _ in _REPORTS:
        got = float(expect_array(answer(score, value, share), (), "True or False"))
        if got not in (0, 1):
            raise Wrong(f"return True or False, not {got:g}.")
        said.append(bool(got))
    right = [_solve_beats_no_skill(*report[:3]) for report in _REPORTS]
    if len(set(said)) == 1:
        raise Wrong(f"your function says {said[0]} to all of {len(said)} reports; some differ.")
    if all(a != b for a, b in zip(said, right, strict=True)):
        raise Wrong("all answers are exchanged: True means higher than without skill.")
    for (score, value, share, reason), mine, truth in zip(_REPORTS, said, right, strict=True):
        if mine != truth:
            raise Wrong(
                f"to {score} = {value:g} with a share of positives of {share:g} your function says "
                f"{mine}. {reason}"
            )


def _solve_rows_for_recall(share, width):
    k = max(1, math.ceil(1.96**2 * (1 / width**2 - 1)))
    return math.ceil(k / share)


@judging.judge(_solve_rows_for_recall)
def _verify_rows_for_recall(answer):
    z = 1.96
    for share, width in (
        (0.1, 0.2),
        (0.1, 0.3),
        (0.25, 0.2),
        (0.5, 0.05),
        (0.125, 0.45),
        (0.02, 0.25),
        (0.3, 0.335),
        (0.75, 0.35),
        (1.0, 0.15),
        (0.5, 0.9),
        (0.0625, 0.99),
    ):
        got = float(expect_array(answer(share, width), (), "one number of rows"))
        right = _solve_rows_for_recall(share, width)
        if got == right:
            continue
        k = z**2 * (1 / width**2 - 1)
        plain = (z / width) ** 2
        wholes = {math.floor(k): "one positive too few: round up", math.ceil(k) + 1: "one too many"}
        for wrong, reason in (
            ([k, math.ceil(k)], "that is the number of positives. Which share of the rows is it?"),
            ([k / share], "rows are whole, and so are positives: round both up."),
            (
                [math.ceil(plain / share), math.ceil(math.ceil(plain) / share)],
                "that is what z / sqrt(k) gives; take the formula of the text, z / sqrt(k + z²).",
            ),
            (
                [math.ceil(math.ceil(k / 4 - 3 * z**2 / 4) / share)],
                "`width` is the whole interval, from end to end, and not half of it.",
            ),
            (
                [math.ceil(math.ceil(4 / width**2 * z**2 - z**2) / share)],
                "that makes the interval half as wide as asked.",
            ),
            ([math.ceil(k) * share], "divide by the share: the rows are more than the positives."),
            (
                [math.ceil(math.ceil(k) / (1 - share))] if share < 1 else [],
                "`share` is the share of positives; you divided by that of the others.",
            ),
            (
                [math.ceil(k / share), math.floor(k / share)],
                "positives are whole: round their number up first, then the number of rows.",
            ),
        ):
            if any(np.isclose(got, value) for value in wrong):
                raise Wrong(f"with a share of {share:g} and a width of {width:g}: {reason}")
        for whole, reason in wholes.items():
            if got == math.ceil(whole / share):
                raise Wrong(f"with a share of {share:g} and a width of {width:g}: {reason}.")
        if got == right + 1:
            raise Wrong(
                f"with a share of {share:g} and a width of {width:g} one row fewer is enough. "
                "Where a number is whole already, rounding up leaves it."
            )
        if math.ceil(k) - 1 < got * share < math.ceil(k):
            raise Wrong(
                f"with a share of {share:g} and a width of {width:g} it takes {math.ceil(k)} "
                f"positives. A share of {share:g} of {got:g} rows is fewer: round the rows up."
            )
        raise Wrong(
            f"with a share of {share:g} and a width of {width:g} it is not {got:g} rows. Solve "
            "z / sqrt(k + z²) = width for k, or try k = 1, 2, 3 and so on."
        )


def _solve_precision_in_the_world(recall, false_alarms, share):
    true = recall * share
    return true / (true + false_alarms * (1 - share))


@judging.judge(_solve_precision_in_the_world)
def _verify_precision_in_the_world(answer):
    for recall, false_alarms, share in (
        (0.8, 0.3, 0.1),
        (0.6, 0.05, 0.01),
        (0.9, 0.3, 0.5),
        (0.7, 0.4, 0.8),
        (0.5, 0.0, 0.2),
        (0.0, 0.1, 0.3),
        (1.0, 1.0, 0.25),
    ):
        got = float(expect_array(answer(recall, false_alarms, share), (), "one number"))
        right = _solve_precision_in_the_world(recall, false_alarms, share)
        if np.isclose(got, right, atol=1e-6):
            continue
        for wrong, reason in (
            (
                recall / max(recall + false_alarms, 1e-9),
                "that is the precision on the rebalanced set, half of each class.",
            ),
            (
                _solve_precision_in_the_world(recall, false_alarms, 1 - share),
                "`share` is the share of positives; you gave it to the negatives.",
            ),
            (
                recall * share,
                "that is the share of all rows that are found. Divide by the share called 1.",
            ),
            (
                recall * share / (recall * share + false_alarms),
                "false alarms happen among negatives only: multiply by their share.",
            ),
            (recall, "that is the recall: the share of positives that are called 1."),
            (share, "that is the share of positives: the precision of calling everything 1."),
            (
                1 - right if 0 < right < 1 else np.nan,
                "that is 1 minus the precision: the share of false calls.",
            ),
            (100 * right, "give a share between 0 and 1, not per cent."),
        ):
            if np.isclose(got, wrong, atol=1e-6):
                raise Wrong(reason)
        if np.isclose(got, right, atol=0.005):
            raise Wrong("that is close, but not equal. Return the precision unrounded.")
        raise Wrong(
            f"with recall {recall}, false alarms {false_alarms} and {share:.0%} positives the "
            f"precision is not {got:.3f}. Per row of the world: how many are called 1 and are, "
            "how many are called 1 and are not?"
        )


beats_no_skill = Exercise(
    _solve_beats_no_skill,
    _verify_beats_no_skill,
    [
        "For each score, take the largest number of its line in the table.",
        "For accuracy that is `max(share, 1 - share)`. For F1 it is what saying 1 every time gets.",
        "Put the five numbers into a dictionary by the score's name, and return "
        "`value > best[score]`.",
    ],
)
rows_for_recall = Exercise(
    _solve_rows_for_recall,
    _verify_rows_for_recall,
    [
        "First the positives, then the rows.",
        "`z / sqrt(k + z**2) <= width` says `k >= z**2 * (1 / width**2 - 1)`; `math.ceil` rounds "
        "up.",
        "`k = max(1, math.ceil(1.96**2 * (1 / width**2 - 1)))`, and the rows are `k / share`, "
        "rounded up.",
    ],
)
precision_in_the_world = Exercise(
    _solve_precision_in_the_world,
    _verify_precision_in_the_world,
    [
        "Precision: of the rows called 1, the share that are 1.",
        "Of all rows in the world, `recall * share` are called 1 and are positive.",
        "Of all rows, `false_alarms * (1 - share)` are called 1 and are not.",
    ],
)
