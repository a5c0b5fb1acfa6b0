"""Answers to the exercises of notebook 09; test_exercises.py checks them."""

import random

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, train_test_split

from helpers import evidence
from helpers.exercises import leakage_and_shift as exercises

# --- 1: name the leak -----------------------------------------------------------------------------

WORDS = {
    "A": "Pipeline", "B": "GroupKFold", "C": "TimeSeriesSplit", "D": "sound", "E": "GroupKFold",
}  # fmt: skip


def words(**changed):
    return lambda: WORDS | changed


# --- 2: a group split -----------------------------------------------------------------------------


def split_by_sklearn(groups, count, seed):
    splitter = GroupShuffleSplit(1, test_size=count, random_state=seed)
    return next(splitter.split(groups, groups=groups))


def split_by_python(groups, count, seed):
    drawn = set(random.Random(seed).sample(sorted(set(groups.tolist())), count))
    is_test = [name in drawn for name in groups.tolist()]
    rows = range(len(groups))
    return [i for i in rows if not is_test[i]], [i for i in rows if is_test[i]]


def split_by_order(groups, count, seed):
    """Shuffle the names and take the first; rows in reverse order."""
    np.random.seed(seed)
    names = np.random.permutation(np.unique(groups))[:count]
    rows = np.arange(len(groups))[::-1]
    is_test = np.isin(groups, names)[::-1]
    return rows[~is_test].astype(np.int32), rows[is_test].astype(float)


def by_names(draw):
    """Split by a function that draws names, given groups, count and a generator."""

    def answer(groups, count, seed):
        drawn = draw(groups, count, np.random.default_rng(seed))
        is_test = np.isin(groups, drawn)
        return np.flatnonzero(~is_test), np.flatnonzero(is_test)

    return answer


def drawn_by_size(groups, count, rng):
    """Draw rows until there are enough groups: a large one is more likely."""
    order = groups[rng.permutation(len(groups))]
    _, first = np.unique(order, return_index=True)
    return order[np.sort(first)[:count]]


def largest_groups(groups, count, rng):
    names, sizes = np.unique(groups, return_counts=True)
    return names[np.argsort(-sizes, kind="stable")[:count]]


def split_rows(groups, count, seed):
    return train_test_split(np.arange(len(groups)), test_size=count, random_state=seed)


def split_by_folds(groups, count, seed):
    folds = GroupKFold(len(np.unique(groups)) // count, shuffle=True, random_state=seed)
    return next(folds.split(groups, groups=groups))


def split_in_place(groups, count, seed):
    np.random.default_rng(seed).shuffle(groups)
    return split_by_sklearn(groups, count, seed)


def changed(change):
    """Change the two parts of a right split."""
    return lambda groups, count, seed: change(*split_by_sklearn(groups, count, seed))


def groups_by_sklearn(groups, count, seed):
    train, test = split_by_sklearn(groups, count, seed)
    return groups[train], groups[test]


# --- 4: weights -----------------------------------------------------------------------------------


def weights_by_loop(p, here, there):
    return [value / (1 - value) * (here / there) for value in p]


def weights_by_bayes(p, here, there):
    """Divide the two densities, each up to the same factor."""
    return (p / there) / ((1 - p) / here)


def weights_by_logs(p, here, there):
    with np.errstate(divide="ignore"):
        return np.exp(np.log(p) - np.log1p(-p) + np.log(here) - np.log(there))


def weights_in_place(p, here, there):
    right = weights_by_bayes(p, here, there)
    p *= 0
    return right


# --- 3: a claim -----------------------------------------------------------------------------------


def gains(score, seeds=range(30), make=lambda promised, fresh: fresh - promised):
    return [make(*score(seed)) for seed in seeds]


def stated(values, threshold=-0.02, id="my-split-claim"):
    return evidence.claim(id, values, "It flatters by at most 2 points.", threshold=threshold)


def mine(threshold=-0.02, id="my-split-claim", **changed):
    return lambda score: stated(gains(score, **changed), threshold, id)


def mine_backwards(score):
    pairs = {seed: score(seed) for seed in reversed(range(30))}
    return stated(np.array([b - a for a, b in pairs.values()]), -2 / 100)


def mine_by_arrays(score):
    promised, fresh = np.transpose([score(seed) for seed in range(30)])
    return stated(-(promised - fresh))


def unpaired(score):
    return stated([score(seed)[1] - score((seed + 1) % 30)[0] for seed in range(30)])


def of_the_mean(score):
    promised, fresh = np.transpose([score(seed) for seed in range(30)])
    return stated(fresh - promised.mean())


def of_sorted(score):
    promised, fresh = np.transpose([score(seed) for seed in range(30)])
    return stated(np.sort(fresh) - np.sort(promised))


# --- all ------------------------------------------------------------------------------------------

RIGHT = {
    "name_the_leaks": [
        lambda: {name: word.lower() for name, word in WORDS.items()},
        lambda: dict(reversed(WORDS.items())),
        lambda: {name: f" {word} " for name, word in WORDS.items()},
    ],
    "group_split": [
        split_by_sklearn, split_by_python, split_by_order,
        by_names(lambda g, n, rng: rng.permutation(sorted(set(g.tolist())))[:n]),
    ],
    "world_weights": [weights_by_loop, weights_by_bayes, weights_by_logs],
    "my_claim": [mine(), mine_backwards, mine_by_arrays],
}  # fmt: skip
WRONG = {
    "name_the_leaks": {
        "none": [(nothing, "not None"), (None, "function of no argument")],
        "nan": [(lambda: np.nan, "not nan"), (words(B=np.nan), "word for B")],
        "shape": [
            (lambda: list(WORDS.values()), "return a dictionary"),
            (lambda: {"A": "Pipeline"}, "keys A, B, C, D and E"),
            (lambda: {"a": "Pipeline"} | WORDS, "keys A, B, C, D and E"),
        ],
        "constant": [
            (lambda: dict.fromkeys("ABCDE", "Pipeline"), "B is not 'Pipeline'"),
            (lambda: dict.fromkeys("ABCDE", "sound"), "A is not 'sound'"),
            (lambda: "GroupKFold", "return a dictionary"),
        ],
        "neighbour": neighbours(exercises, {
            "group_split": "takes groups, count and seed",
            "world_weights": "takes p, here and there", "my_claim": "takes score",
        }),
        "other": [
            (words(A="sound"), "looks at all labels"),
            (words(B="sound"), "Each plant has three rows"),
            (words(C="sound"), "Which days train"),
            (words(C="GroupKFold"), "Which days train"),
            (words(D="Pipeline"), "anew in each fold"),
            (words(E="Pipeline"), "nearly the same"),
            (words(A="pipe"), "must be one of"),
            (words(A=["Pipeline"]), "must be one of"),
        ],
    },
    "group_split": {
        "none": [(nothing, "returns None")],
        "nan": [
            (not_a_number, "two arrays of row numbers"),
            (changed(lambda a, b: (a, b * np.nan)), "row numbers from 0"),
        ],
        "shape": [
            (changed(lambda a, b: a), "two arrays"),
            (changed(lambda a, b: (a[:, None], b)), "one dimension"),
            (changed(lambda a, b: np.concatenate([a, b])), "two arrays"),
        ],
        "off by one": [
            (changed(lambda a, b: (a + 1, b + 1)), "row numbers from 0"),
            (changed(lambda a, b: (a[1:], b)), "rows are used"),
            (lambda g, n, s: split_by_sklearn(g, n + 1, s), "3 groups test where `count` is 2"),
        ],
        "constant": [
            (first_answer(split_by_sklearn), "row numbers from 0 to 11"),
            (lambda g, n, s: split_by_sklearn(g, n, 0), "every seed draws the same groups"),
            (by_names(lambda g, n, rng: np.unique(g)[:n]), "every seed draws the same groups"),
            (by_names(largest_groups), "every seed draws the same groups"),
        ],
        "neighbour": neighbours(exercises, {
            "name_the_leaks": "called with groups, count and seed, and takes no argument",
            "world_weights": "two arrays", "my_claim": "and takes score",
        }),
        "leak": [
            (split_rows, "stands on both sides"),
            (changed(lambda a, b: (np.append(a, b[0]), b)), "turns up twice"),
            (changed(lambda a, b: (np.append(a, b[0]), b[1:])), "both sides"),
        ],
        "other": [
            (changed(lambda a, b: (b, a)), "Training rows come first"),
            (by_names(drawn_by_size), "as likely as any other"),
            (by_names(lambda g, n, rng: rng.choice(np.unique(g), n)), "groups test where"),
            (by_names(lambda g, n, rng: np.roll(np.unique(g), rng.integers(99))[:n]), "10 pairs"),
            (by_names(lambda g, n, rng: np.random.permutation(np.unique(g))[:n]), "second time"),
            (split_by_folds, "stops with"),
            (split_in_place, "changes `groups`"),
            (groups_by_sklearn, "turns up twice"),
            (changed(lambda a, b: (np.isin(np.arange(len(a) + len(b)), a), b)), "row numbers"),
            (changed(lambda a, b: (a, [])), "part is empty"),
            (lambda g, n, s: g / "a", "stops with"),
        ],
    },
    "world_weights": {
        "none": [(nothing, "returns None")],
        "nan": [
            (lambda p, a, b: p * np.nan, "NaN"),
            (lambda p, a, b: np.full(p.shape, np.inf), "infinity"),
        ],
        "shape": [
            (lambda p, a, b: weights_by_bayes(p, a, b)[:, None], "shape"),
            (lambda p, a, b: weights_by_bayes(p, a, b).mean(), "shape"),
        ],
        "off by one": [
            (lambda p, a, b: p / (1 - p) * (a + 1) / b, "with as many rows"),
            (lambda p, a, b: weights_by_bayes(p, a, b)[1:], "shape"),
        ],
        "constant": [
            (lambda p, a, b: np.ones(p.shape), "yours are [1.0, 1.0"),
            (first_answer(weights_by_bayes), "shape"),
        ],
        "neighbour": neighbours(exercises, {
            "name_the_leaks": "p, here and there, and takes no argument",
            "group_split": "stops with", "my_claim": "and takes score",
        }),
        "other": [
            (lambda p, a, b: p, "p itself"),
            (lambda p, a, b: p / (1 - p), "a place with more rows"),
            (lambda p, a, b: (1 - p) / p, "odds of *here*"),
            (lambda p, a, b: p / (1 - p) * b / a, "upside down"),
            (lambda p, a, b: p / (1 - p) / (a + b), "ratio of the two numbers"),
            (lambda p, a, b: weights_by_bayes(p, a, b) / weights_by_bayes(p, a, b).mean(), "mean"),
            (lambda p, a, b: weights_by_bayes(p, a, b) / weights_by_bayes(p, a, b).sum(), "sum"),
            (lambda p, a, b: (p > 0.5) * 1.0, "with as many rows"),
            (lambda p, a, b: np.clip(weights_by_bayes(p, a, b), 0, 10), "for a single row"),
            (lambda p, a, b: np.sort(weights_by_bayes(p, a, b)), "with 300 rows here"),
            (weights_in_place, "changes `p`"),
            (lambda p, a, b: p / "a", "stops with"),
        ],
    },
    "my_claim": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda score: stated([np.nan] * 30), "NaN")],
        "shape": [
            (lambda score: gains(score), "what evidence.claim returns"),
            (lambda score: stated(gains(score) * 2), "not 60"),
        ],
        "off by one": [
            (mine(seeds=range(29)), "0 to 29"),
            (mine(seeds=range(1, 31)), "0 to 29"),
            (mine(seeds=[0] * 30), "1 different ones"),
            (lambda score: stated(gains(score)[1:]), "not 29"),
        ],
        "constant": [
            (lambda score: stated(np.full(30, 0.3)), "0 to 29"),
            (lambda score: stated([gains(score)[0]] * 30), "run by run"),
        ],
        "neighbour": neighbours(exercises, {
            "name_the_leaks": "called with score, and takes no argument",
            "group_split": "called with score, and takes groups",
            "world_weights": "called with score, and takes p",
        }),
        "leak": [(mine(make=lambda promised, fresh: promised), "promised scores")],
        "other": [
            (mine(make=lambda promised, fresh: promised - fresh), "the sign"),
            (mine(0.02, make=lambda promised, fresh: promised - fresh), "the sign"),
            (mine(make=lambda promised, fresh: fresh), "true accuracies"),
            (mine(make=lambda promised, fresh: abs(fresh - promised)), "leave the sign"),
            (mine(make=lambda promised, fresh: float(promised - fresh <= 0.02)), "count no runs"),
            (mine(-2, make=lambda promised, fresh: 100 * (fresh - promised)), "from 0 to 1"),
            (mine(0.02), "threshold is 0.02"),
            (mine(0.0), "threshold is 0."),
            (mine(-2), "threshold is -2"),
            (mine(id="another-claim"), "my-split-claim"),
            (unpaired, "run by run"),
            (of_the_mean, "of the same run"),
            (of_sorted, "tears the pairs"),
            (7, "function of score"),
        ],
    },
}  # fmt: skip
