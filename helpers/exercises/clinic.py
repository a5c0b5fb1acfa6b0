"""The exercises of notebook 10."""

import math

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_rising(val_loss, last):
    return (val_loss[:, -last:] > val_loss.min(axis=1, keepdims=True)).all(axis=1)


_RUNS = np.array(
    [
        [5, 4, 3, 2, 1, 0],  # falls to the end
        [5, 1, 2, 3, 4, 5],  # rises since epoch 2
        [5, 4, 1, 3, 1, 3],  # equals its best in epoch 5
        [5, 4, 3, 1, 2, 2],  # two epochs above its best
        [2, 2, 2, 2, 2, 2],
        [1, 9, 8, 7, 6, 5],  # falls, but never below its first epoch
        [5, 3, 1, 2, 3, 1],  # back at its best in the last epoch
    ],
    dtype=float,
)
_RISING_CASES = (
    (_RUNS, 3, ""),
    (_RUNS, 2, ""),
    (_RUNS, 1, "with `last` = 1 the last epoch alone counts: "),
    (_RUNS, 6, "with `last` = 6 the best epoch is among them, so nothing is rising: "),
    (_RUNS[1:2], 4, "one run alone: "),
    (_RUNS[:, :4] / 1_000, 2, "losses may have any size: "),
    (_RUNS.astype(int), 3, "losses may be whole numbers: "),
    (1 + _RUNS / 1_000, 3, "a little above the best is above it: "),
    (_RUNS[:, :2], 1, "a run may have two epochs: "),
)


@judging.judge(_solve_rising)
def _verify_rising(answer):
    for losses, last, rule in _RISING_CASES:
        given = losses.copy()
        said = answer(given, last)
        judging.unchanged("`val_loss`", given, losses)
        got = expect_array(said, (len(losses),), "True or False for each run")
        if not np.isin(got, (0, 1)).all():
            raise Wrong("answer True or False for each run.")
        right = _solve_rising(losses, last)
        for run, a, b in zip(losses, got, right, strict=True):
            if a != b:
                shown = ", ".join(f"{loss:g}" for loss in run)
                raise Wrong(
                    f"{rule}for the run [{shown}] and `last` = {last} the answer is {bool(b)}; you "
                    f"say {bool(a)}."
                )


def _solve_cheapest_rule(rules, share, missed, alarm):
    def cost(name):
        heard, alarms = rules[name]
        return share * (1 - heard) * missed + (1 - share) * alarms * alarm

    return min(rules, key=cost)


_RULES = {"loud": (0.9, 0.3), "quiet": (0.5, 0.02), "middle": (0.75, 0.1), "poor": (0.4, 0.4)}
_RULE_CASES = (
    (_RULES, 0.5, 1.0, 1.0, ""),
    (_RULES, 0.05, 1.0, 1.0, "where few runs overfit, false alarms decide: "),
    (_RULES, 0.9, 1.0, 1.0, "where most runs overfit, missed ones decide: "),
    (_RULES, 0.1, 50.0, 1.0, "a missed run may cost much more than an alarm: "),
    (_RULES, 0.5, 1.0, 20.0, "an alarm may cost much more than a missed run: "),
    ({"quiet": (0.5, 0.02), "loud": (0.9, 0.3)}, 0.3, 1.0, 1.0, "two rules alone: "),
    ({"a": (0.5, 0.25), "b": (0.75, 0.5)}, 0.5, 1.0, 1.0, "of two equal costs the first: "),
    ({"b": (0.75, 0.5), "a": (0.5, 0.25)}, 0.5, 1.0, 1.0, "of two equal costs the first: "),
    ({"mute": (0.0, 0.0), "siren": (1.0, 1.0)}, 0.25, 1.0, 1.0, "a rule may always be silent: "),
    (_RULES, 0.0, 1.0, 1.0, "the share may be 0: "),
    (_RULES, 1.0, 1.0, 1.0, "the share may be 1: "),
    ({"z": (0.8, 0.2), "y": (0.6, 0.1)}, 0.25, 2.0, 1.0, ""),
    ({"z": (0.8, 0.2), "y": (0.75, 0.05)}, 0.5, 1.0, 1.0, "both kinds of error count: "),
    ({"z": (0.8, 0.2), "best": (1.0, 0.0)}, 0.5, 1.0, 1.0, "a rule may cost nothing: "),
    (_RULES, 0.5, 100.0, 100.0, "errors may cost much: "),
    (_RULES, 0.5, 0.001, 0.001, "errors may cost little: "),
)


@judging.judge(_solve_cheapest_rule)
def _verify_cheapest_rule(answer):
    for rules, share, missed, alarm, rule in _RULE_CASES:
        given = dict(rules)
        got = answer(given, share, missed, alarm)
        if given != rules:
            raise Wrong("your code changes `rules` in place. Work on a copy.")
        if got is None:
            raise Wrong("your function returns None. Is there a `return`?")
        if not isinstance(got, str) or got not in rules:
            raise Wrong(f"return one of the names {', '.join(rules)}, not {got!r:.60}.")
        right = _solve_cheapest_rule(rules, share, missed, alarm)
        if got != right:
            raise Wrong(
                f"{rule}with {rules}, share {share:g}, missed {missed:g} and alarm {alarm:g} the "
                f"cheapest is {right!r}; you say {got!r}."
            )


def _solve_flatters(reported, used):
    return reported - used, 0.05


@judging.judge(_solve_flatters)
def _verify_flatters(answer):
    rng = np.random.default_rng(3)
    for runs in (30, 45):
        used = 0.8 + 0.04 * rng.standard_normal(runs)
        reported = used + 0.03 + 0.05 * rng.standard_normal(runs)
        given = reported.copy(), used.copy()
        said = answer(*given)
        judging.unchanged("the accuracies", given, (reported, used))
        if said is None:
            raise Wrong("your function returns None. Is there a `return`?")
        if not isinstance(said, (tuple, list)) or len(said) != 2:
            raise Wrong("return two things: the values, one per run, and the threshold.")
        values = expect_array(said[0], (runs,), "one value per run")
        _verify_values(values, reported, used)
        if said[1] is None:
            raise Wrong("the threshold is None; it must be a number.")
        threshold = float(expect_array(said[1], (), "the threshold"))
        if math.isclose(threshold, 5):
            raise Wrong("accuracies run from 0 to 1: 5 points are 0.05, not 5.")
        if not math.isclose(threshold, 0.05, abs_tol=1e-6):
            raise Wrong(f"your threshold is {threshold:g}; at least 5 points is 0.05.")


def _verify_values(values, reported, used):
    def are(other):
        return np.allclose(values, other, atol=1e-6)

    if are(used - reported):
        raise Wrong(
            "your values are in use minus reported. The sentence is supported where the values are "
            "large, so take reported minus in use."
        )
    if are(np.abs(reported - used)):
        raise Wrong("without its sign a report that is too low counts as flattery. Leave the sign.")
    if are(100 * (reported - used)):
        raise Wrong("keep the unit of the accuracies, from 0 to 1: do not multiply by 100.")
    if are(np.sort(reported) - np.sort(used)):
        raise Wrong("compare within a run: sorting tears the pairs apart.")
    if are(reported - used.mean()):
        raise Wrong("subtract the accuracy of the same run, not the mean of all.")
    if are(reported - used >= 0.05):
        raise Wrong(
            "those are 0 and 1: their mean is a share of runs. The sentence is about the mean "
            "difference."
        )
    if not are(reported - used):
        raise Wrong("the values must be, run by run, the accuracy reported minus that in use.")


rising = Exercise(
    _solve_rising,
    _verify_rising,
    [
        "The best of each run is `val_loss.min(axis=1, keepdims=True)`, of shape (R, 1).",
        "`val_loss[:, -last:] > best` compares the last epochs with it.",
        "The rule wants all of them: `.all(axis=1)`.",
    ],
)
cheapest_rule = Exercise(
    _solve_cheapest_rule,
    _verify_cheapest_rule,
    [
        "Of all runs, `share` are overfit; the rule misses 1 - heard of these.",
        "The expected cost of a run is `share * (1 - heard) * missed` plus the same for alarms: "
        "`(1 - share) * alarms * alarm`.",
        "`min(rules, key=cost)` returns the first name of the lowest cost.",
    ],
)
flatters = Exercise(
    _solve_flatters,
    _verify_flatters,
    [
        "A claim is supported if its mean lies at or above the threshold. Which difference is "
        "large when the report flatters?",
        "`reported - used`, run by run.",
        "`return reported - used, threshold`, with the threshold for 5 points.",
    ],
)
