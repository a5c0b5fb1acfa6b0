"""The exercises of notebook 09."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging

# --- name the leak --------------------------------------------------------------------------------

_WORDS = ("Pipeline", "GroupKFold", "TimeSeriesSplit", "sound")
_LOOK = {
    "A": "the first line looks at all labels, those of the rows that judge later too.",
    "B": "what stands on both sides of the shuffled split? Each plant has three rows.",
    "C": "the scaler is in the pipeline. Which days train, and which day is judged?",
    "D": "the choice is made anew in each fold, and each customer has one row.",
    "E": "after the first line each customer has two rows that are nearly the same.",
}


def _solve_name_the_leaks():
    return {
        "A": "Pipeline",
        "B": "GroupKFold",
        "C": "TimeSeriesSplit",
        "D": "sound",
        "E": "GroupKFold",
    }


@judging.judge(_solve_name_the_leaks)
def _verify_name_the_leaks(answer):
    got = answer()
    if not isinstance(got, dict):
        raise Wrong(f"return a dictionary with a word for each of A to E, not {got!r:.60}.")
    if set(got) != set(_LOOK):
        raise Wrong(f"the dictionary must have the keys A, B, C, D and E, not {list(got)!r:.60}.")
    words = {word.lower(): word for word in _WORDS}
    for program, right in _solve_name_the_leaks().items():
        word = got[program].strip().lower() if isinstance(got[program], str) else None
        if word not in words:
            raise Wrong(
                f"the word for {program} must be one of {_WORDS}, not {got[program]!r:.60}."
            )
        if words[word] != right:
            raise Wrong(f"{program} is not {words[word]!r}: {_LOOK[program]}")


# --- a group split --------------------------------------------------------------------------------


def _solve_group_split(groups, count, seed):
    names = np.unique(groups)
    drawn = np.random.default_rng(seed).choice(names, count, replace=False)
    is_test = np.isin(groups, drawn)
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


_LARGE_AND_SMALL = np.repeat(["e", "a", "c", "b", "d"], [12, 1, 5, 1, 6])[
    np.random.default_rng(0).permutation(25)
]
_GROUPS = (
    (np.repeat(np.arange(6), 4), 2),
    (np.tile([30, -7, 4, 11], 3), 1),
    (_LARGE_AND_SMALL, 3),
    (_LARGE_AND_SMALL, 4),
)


@judging.judge(_solve_group_split)
def _verify_group_split(answer):
    for groups, count in _GROUPS:
        for seed in range(5):
            first = _drawn_groups(answer, groups, count, seed)
        if _drawn_groups(answer, groups, count, seed) != first:
            raise Wrong("the same seed draws other groups the second time: use `seed`.")
    seeds = 300
    drawn = [_drawn_groups(answer, _LARGE_AND_SMALL, 2, seed) for seed in range(seeds)]
    if len(set(drawn)) == 1:
        raise Wrong("every seed draws the same groups: use `seed`.")
    # Two of five: 0.4, with a standard error of 0.03.
    for name in np.unique(_LARGE_AND_SMALL):
        share = np.mean([name in found for found in drawn])
        if abs(share - 0.4) > 0.12:
            raise Wrong(
                "not each group is as likely as any other: over 300 seeds, two of five groups, a "
                f"group of size {(_LARGE_AND_SMALL == name).sum()} is drawn in {share:.0%} of the "
                "cases instead of 40%."
            )
    if len(set(drawn)) < 10:
        raise Wrong(
            "not each choice is as likely as any other: over 300 seeds, two of five groups, only "
            f"{len(set(drawn))} of the 10 pairs are drawn."
        )


def _drawn_groups(answer, groups, count, seed):
    """Return the names of the groups in the test part of one split that is as asked for."""
    given = groups.copy()
    train, test = _two_parts(answer(given, count, seed), len(groups))
    if not np.array_equal(given, groups):
        raise Wrong("your function changes `groups`. Work on a copy.")
    together = np.concatenate([train, test])
    if len(np.unique(together)) < len(together):
        raise Wrong("a row number turns up twice.")
    sides = [set(groups[part].tolist()) for part in (train, test)]
    if sides[0] & sides[1]:
        raise Wrong(
            f"the group {min(sides[0] & sides[1])!r} stands on both sides: all rows of a group "
            "belong to one part."
        )
    if len(together) < len(groups):
        raise Wrong(f"only {len(together)} of {len(groups)} rows are used.")
    if len(sides[1]) != count:
        swapped = " Training rows come first." if len(sides[0]) == count else ""
        raise Wrong(f"{len(sides[1])} groups test where `count` is {count}.{swapped}")
    return frozenset(sides[1])


def _two_parts(parts, rows):
    if parts is None:
        raise Wrong("your function returns None. Is there a `return`?")
    if not hasattr(parts, "__len__") or len(parts) != 2:
        raise Wrong("return two arrays of row numbers: those that train, those that test.")
    found = []
    for name, part in zip(("training", "test"), parts, strict=True):
        try:
            array = np.asarray(part)
            if array.dtype.kind not in "iuf" or array.ndim != 1:
                raise TypeError
        except (TypeError, ValueError):
            raise Wrong(f"the {name} part must be row numbers in one dimension.") from None
        if not len(array):
            raise Wrong(f"the {name} part is empty.")
        if not np.isin(array, np.arange(rows)).all():
            raise Wrong(
                f"the {name} part must hold row numbers from 0 to {rows - 1} for {rows} rows."
            )
        found.append(array.astype(int))
    return found


# --- weights --------------------------------------------------------------------------------------


def _solve_world_weights(p, here, there):
    return p / (1 - p) * here / there


_WEIGHT_CASES = (
    (np.array([0.2, 0.5, 0.75, 0.9]), 200, 200, "with as many rows of both places"),
    (np.array([0.4, 0.1, 0.5]), 300, 100, "with 300 rows here and 100 there"),
    (np.array([0.6, 0.8]), 50, 1_000, "with 50 rows here and 1,000 there"),
    (np.array([0.0, 0.25]), 100, 40, "where one p is 0"),
    (np.array([0, 0, 0]), 100, 40, "where all p are 0, as whole numbers"),
    (np.array([0.999]), 400, 200, "for a single row"),
)


@judging.judge(_solve_world_weights)
def _verify_world_weights(answer):
    for p, here, there, case in _WEIGHT_CASES:
        given = p.copy()
        got = expect_array(answer(given, here, there), p.shape, "one weight for each row")
        if not np.array_equal(given, p):
            raise Wrong("your function changes `p`. Work on a copy.")
        right = _solve_world_weights(p, here, there)
        if np.allclose(got, right, rtol=1e-4, atol=1e-9):
            continue
        for wrong, reason in _weight_slips(p, here, there, right):
            if np.allclose(got, wrong, rtol=1e-4, atol=1e-9):
                raise Wrong(f"{case}: {reason}")
        raise Wrong(
            f"{case} the weights for p = {np.round(p, 3).tolist()} are "
            f"{[float(f'{w:.4g}') for w in right]}; yours are {[float(f'{w:.4g}') for w in got]}."
        )


def _weight_slips(p, here, there, right):
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            (p, "that is p itself; a weight compares the two places: p against 1 - p."),
            ((1 - p) / p, "those are the odds of *here*; a weight is large where p is large."),
            (p / (1 - p), "a place with more rows wins more often; divide that out."),
            (p / (1 - p) * there / here, "the ratio of the numbers of rows is upside down."),
            (p / (1 - p) / (here + there), "the ratio of the two numbers is asked for."),
            (right / right.mean(), "do not scale the weights to a mean of 1."),
            (right / right.sum(), "do not scale the weights to a sum of 1."),
        ]


# --- a claim of one's own -------------------------------------------------------------------------


def _solve_my_claim(score):
    from helpers import evidence

    pairs = np.array([score(seed) for seed in range(30)])
    return evidence.claim(
        "my-split-claim",
        pairs[:, 1] - pairs[:, 0],
        "The cross-validation flatters by at most 2 points.",
        threshold=-0.02,
    )


def _pair_of(seed):
    rng = np.random.default_rng([seed, 9])
    fresh = 0.7 + 0.05 * rng.standard_normal()
    return fresh + 0.01 + 0.03 * rng.standard_normal(), fresh


@judging.judge(_solve_my_claim)
def _verify_my_claim(answer):
    called = []

    def score(seed):
        called.append(int(seed))
        return _pair_of(int(seed))

    mine = answer(score)
    if mine is None:
        raise Wrong("your function returns None. Is there a `return`?")
    if any(not hasattr(mine, name) for name in ("values", "threshold", "verdict", "id")):
        raise Wrong(f"the answer must be what evidence.claim returns, not {type(mine).__name__}.")
    if sorted(set(called)) != list(range(30)):
        raise Wrong(f"the seeds must be 0 to 29; you ask for {len(set(called))} different ones.")
    if len(mine.values) != 30:
        raise Wrong(f"the claim must hold one value for each of 30 seeds, not {len(mine.values)}.")
    promised, fresh = np.array([_pair_of(seed) for seed in range(30)]).T
    values = np.sort(mine.values)
    for wrong, reason in (
        (promised - fresh, "the sign: a claim is supported where its values are large."),
        (promised, "these are the promised scores; the difference is asked for."),
        (fresh, "these are the true accuracies; the difference is asked for."),
        (np.abs(promised - fresh), "leave the sign: a score that is too low does not flatter."),
        (np.sort(fresh) - np.sort(promised), "sorting tears the pairs of a run apart."),
        (fresh - promised.mean(), "subtract the score of the same run, not the mean of all."),
        (promised - fresh <= 0.02, "count no runs: the sentence is about the mean difference."),
        (100 * (fresh - promised), "scores run from 0 to 1: leave them so."),
    ):
        if np.allclose(values, np.sort(wrong)):
            raise Wrong(reason)
    if not np.allclose(values, np.sort(fresh - promised), rtol=1e-4):
        raise Wrong("the values must be, run by run, true accuracy minus promised score.")
    if not np.isclose(mine.threshold, -0.02, atol=1e-6):
        raise Wrong(
            f"your threshold is {mine.threshold:g}. A score that is 2 points too high gives a "
            "difference of -0.02."
        )
    if mine.id != "my-split-claim":
        raise Wrong(f"the id must be 'my-split-claim', not {mine.id!r}.")


name_the_leaks = Exercise(
    _solve_name_the_leaks,
    _verify_name_the_leaks,
    [
        "Ask of each line before the split: which rows, and which labels, has it seen?",
        "Then ask what two rows on both sides of the split may have in common.",
        "One program is sound. Two need the same splitter.",
    ],
)
group_split = Exercise(
    _solve_group_split,
    _verify_group_split,
    [
        "Draw names of groups, not rows; each name once: `np.unique(groups)`.",
        "`np.random.default_rng(seed).choice(names, count, replace=False)`.",
        "`np.isin(groups, drawn)` says which rows test; `np.flatnonzero` gives their numbers.",
    ],
)
world_weights = Exercise(
    _solve_world_weights,
    _verify_world_weights,
    [
        "With as many rows of both places the weight is p / (1 - p).",
        "With three times as many rows here, the classifier calls a row *there* three times less "
        "often, in odds.",
        "Multiply the odds by here / there.",
    ],
)
my_claim = Exercise(
    _solve_my_claim,
    _verify_my_claim,
    [
        "A claim is supported if its mean lies at or above the threshold. Which difference is "
        "large where the score does not flatter?",
        "True accuracy minus promised score: 0 is honest, -0.02 is 2 points too high.",
        'Return `evidence.claim("my-split-claim", values, "a sentence", threshold=-0.02)`.',
    ],
)
