"""Answers to the exercises of notebook 03; test_exercises.py checks them."""

import math

import numpy as np
from exercise_answers import first_answer, neighbours, not_a_number, nothing
from sklearn.model_selection import KFold, StratifiedKFold

from helpers import evidence
from helpers.exercises import data_size as exercises


def shortage_by_cases(train, test, wanted):
    if sum(test) / len(test) < wanted:
        return ["model", "rows"][int(sum(train) / len(train) >= wanted)]
    return "nothing"


def shortage_by_match(train, test, wanted):
    match (bool(test.mean() >= wanted), bool(train.mean() >= wanted)):
        case (True, _):
            return "nothing"
        case (False, True):
            return "rows"
    return "model"


def shortage_in_numpy(train, test, wanted):
    return np.select([test.mean() >= wanted, train.mean() >= wanted], ["nothing", "rows"], "model")[
        ()
    ]


def shortage(train_of=np.mean, test_of=np.mean, *, words=("nothing", "rows", "model")):
    """Make an answer from two summaries of the runs."""

    def answer(train, test, wanted):
        if test_of(test) >= wanted:
            return words[0]
        return words[1] if train_of(train) >= wanted else words[2]

    return answer


def claimed(values=lambda few, many: many - few, threshold=0.03, **options):
    """Make an answer from the values of a claim."""

    def answer(few, many):
        at = threshold(few, many) if callable(threshold) else threshold
        return evidence.claim(
            "twice-the-points", values(few, many), "Twice is better.", threshold=at, **options
        )

    return answer


def changed(name, answer):
    """Make a right answer that overwrites one of its arguments."""

    def answered(*arguments):
        found = answer(*arguments)
        arguments[name][...] = 0
        return found

    return answered


def rows_needed_in_numpy(a, b, target):
    return np.ceil(np.exp((np.log(a) - np.log(target)) / b))


def rows_needed_by_search(a, b, target):
    n = 1
    while a * n**-b > target:
        n += 1
    return n


def folded(splits):
    """Make an answer from a way to split."""

    def answer(fit_and_score, x, y, folds):
        scores = [fit_and_score(x[a], y[a], x[b], y[b]) for a, b in splits(x, y, folds)]
        return sum(scores) / len(scores)

    return answer


def every_kth(x, y, folds):
    for k in range(folds):
        test = np.arange(len(x)) % folds == k
        yield ~test, test


def rounded_up(x, y, folds):
    size = -(-len(x) // folds)
    for k in range(folds):
        test = np.arange(len(x)) // size == k
        yield ~test, test


def weighted(fit_and_score, x, y, folds):
    total = 0
    for a, b in KFold(folds, shuffle=True, random_state=3).split(x):
        total += len(b) * fit_and_score(x[a], y[a], x[b], y[b])
    return total / len(x)


RIGHT = {
    "shortage": [shortage_by_cases, shortage_by_match, shortage_in_numpy],
    "doubling": [
        claimed(),
        claimed(threshold=0.2),
        claimed(lambda few, many: (many - few).tolist(), 0.01, why="A point is worth the price."),
        claimed(lambda few, many: -(few - many), no_effect=0.0, origin="planned"),
    ],
    "rows_needed": [
        rows_needed_in_numpy,
        rows_needed_by_search,
        lambda a, b, target: np.int64(-math.floor(-((target / a) ** (-1 / b)))),
    ],
    "cross_validate": [
        folded(lambda x, y, k: KFold(k).split(x)),
        folded(lambda x, y, k: KFold(k, shuffle=True, random_state=0).split(x)),
        folded(lambda x, y, k: StratifiedKFold(k).split(x, y)),
        folded(every_kth),
        weighted,
    ],
}


def raises(*arguments):
    raise KeyError("no such row")


def with_scores(summary):
    """Make an answer that folds rightly and returns something else than the mean."""

    def answer(fit_and_score, x, y, folds):
        return summary([fit_and_score(x[a], y[a], x[b], y[b]) for a, b in KFold(folds).split(x)])

    return answer


def parts(choose):
    """Make an answer that hands other parts of a fold over than it should."""

    def answer(fit_and_score, x, y, folds):
        return np.mean([fit_and_score(*choose(x, y, a, b)) for a, b in list(KFold(folds).split(x))])

    return answer


def exact_rows(a, b, target):
    return (a / target) ** (1 / b)


solved = exercises.cross_validate._solution
WRONG = {
    "shortage": {
        "none": [(nothing, "returns None"), (
            lambda train, test, wanted: "rows" if train.mean() >= wanted else None, "in every case",
        )],
        "nan": [(not_a_number, "as a text, not nan")],
        "shape": [
            (lambda *data: [shortage()(*data)], "as a text, not ['rows']"),
            (lambda *data: (shortage()(*data), 0.1), "as a text"),
        ],
        "off by one": [
            (shortage(lambda v: v.mean() - 1e-9), "0.75 wanted you return 'model'"),
            (shortage(test_of=lambda v: v.mean() - 1e-9), "so nothing is missing"),
            (shortage(lambda v: v[1:].mean()), "you return"),
            (shortage(test_of=lambda v: v[:-1].mean()), "you return"),
            (shortage(lambda v: v[:-1].mean()), "you return"),
            (shortage(test_of=lambda v: v[1:].mean()), "you return"),
        ],
        "constant": [
            (first_answer(exercises.shortage._solution), "you return 'rows'"),
            (lambda train, test, wanted: "rows", "you return 'rows'"),
            (lambda train, test, wanted: "nothing", "you return 'nothing'"),
            (lambda train, test, wanted: "model", "you return 'model'"),
        ],
        "neighbour": neighbours(exercises, {
            "doubling": "called with train, test and wanted",
            "rows_needed": "takes them as a, b and target",
            "cross_validate": "called with train, test and wanted",
        }),
        "other": [
            (shortage(np.median), "Not even the training rows"),
            (shortage(np.max), "Not even the training rows"),
            (shortage(np.min), "The training rows are learned well enough"),
            (shortage(test_of=np.max), "you return 'nothing'"),
            (shortage(test_of=np.median), "you return 'nothing'"),
            (shortage(test_of=np.min), "so nothing is missing"),
            (shortage(lambda v: v[0]), "you return"),
            (shortage(test_of=lambda v: v[-1]), "you return"),
            (shortage(lambda v: round(v.mean(), 2)), "0.758 wanted"),
            (shortage(test_of=lambda v: round(v.mean(), 2)), "0.758 wanted"),
            (shortage(words=("nothing", "model", "rows")), "you return 'model'"),
            (shortage(words=("Nothing", "Rows", "Model")), "as a text, not 'Rows'"),
            (
                lambda train, test, wanted: shortage()(test, train, wanted),
                "you return 'nothing'",
            ),
            (
                lambda train, test, wanted: "model" if train.mean() < wanted
                else shortage()(train, test, wanted),
                "so nothing is missing",
            ),
            (
                lambda train, test, wanted: "rows" if train.mean() - test.mean() > 0.05
                else shortage()(train, test, wanted),
                "you return 'rows'",
            ),
            (shortage(lambda v: (v.min() + v.max()) / 2), "you return"),
            (shortage(test_of=lambda v: (v.min() + v.max()) / 2), "you return"),
            (
                lambda train, test, wanted: "model"
                if train.mean() - test.mean() < 0.1 and test.mean() < wanted
                else shortage()(train, test, wanted),
                "0.75 wanted you return 'model'",
            ),
            (changed(0, shortage()), "your code changes train in place"),
            (changed(1, shortage()), "your code changes test in place"),
            (lambda train, test, wanted: train.mean() >= wanted, "as a text, not"),
            (raises, "KeyError: 'no such row'"),
        ],
    },
    "doubling": {
        "none": [(nothing, "returns None")],
        "nan": [
            (not_a_number, "not float"),
            (claimed(lambda few, many: few * np.nan), "ValueError"),
            (claimed(threshold=np.nan), "threshold"),
        ],
        "shape": [
            (claimed(lambda few, many: many - few[:, None]), "ValueError"),
            (claimed(lambda few, many: np.concatenate([few, many])), "60 values"),
            (claimed(lambda few, many: (many - few).mean()), "values must"),
        ],
        "off by one": [
            (claimed(lambda few, many: (many - few)[1:]), "29 values"),
            (claimed(lambda few, many: many - np.roll(few, 1)), "not the gain of each run"),
            (claimed(threshold=0.0), "above 0"),
            (claimed(threshold=0.2001), "at most 0.2"),
        ],
        "constant": [
            (first_answer(exercises.doubling._solution), "12 runs"),
            (claimed(lambda few, many: few * 0 + 0.05), "not the gain of each run"),
        ],
        "neighbour": neighbours(exercises, {
            "shortage": "called with few and many",
            "rows_needed": "called with few and many",
            "cross_validate": "called with few and many",
        }),
        "leak": [
            (claimed(threshold=lambda few, many: abs(np.mean(many - few)) + 0.01), "before you"),
            (claimed(threshold=lambda few, many: few.std()), "depends on the data"),
        ],
        "other": [
            (claimed(lambda few, many: few - many), "few minus many"),
            (claimed(lambda few, many: many), "take the gain over few"),
            (claimed(lambda few, many: few), "accuracies with few points"),
            (claimed(lambda few, many: many / few - 1), "relative gains"),
            (claimed(lambda few, many: 100 * (many - few)), "percentage points"),
            (claimed(lambda few, many: abs(many - few)), "lost their sign"),
            (
                claimed(lambda few, many: np.full(len(few), (many - few).mean())),
                "not their mean",
            ),
            (claimed(lambda few, many: many - few > 0), "not the gain of each run"),
            (claimed(threshold=3), "your threshold is 3"),
            (claimed(threshold=-0.03), "your threshold is -0.03"),
            (claimed(no_effect=0.5), "a gain of 0"),
            (claimed(method="nadeau-bengio", split_rows=(80, 20)), "the runs are independent"),
            (
                lambda few, many: evidence.claim("more-data-improves-circle", many - few),
                "id of your own",
            ),
            (lambda few, many: many - few, "not ndarray"),
            (lambda few, many: "supported", "not str"),
            (changed(0, claimed()), "your code changes few in place"),
            (changed(1, claimed()), "your code changes many in place"),
            (raises, "KeyError: 'no such row'"),
        ],
    },
    "rows_needed": {
        "none": [(nothing, "returns None")],
        "nan": [
            (lambda a, b, target: float("nan"), "NaN"),
            (lambda a, b, target: float("inf"), "infinity"),
        ],
        "shape": [(lambda a, b, target: [math.ceil(exact_rows(a, b, target))], "shape ()")],
        "off by one": [
            (exact_rows, "round up"),
            (lambda a, b, target: round(exact_rows(a, b, target)), "Round up"),
            (lambda a, b, target: math.floor(exact_rows(a, b, target)), "still above"),
            (lambda a, b, target: math.ceil(exact_rows(a, b, target)) + 1, "one row fewer"),
            (lambda a, b, target: math.floor(exact_rows(a, b, target)) + 1, "target exactly"),
            (
                lambda a, b, target: max(1, math.ceil(exact_rows(a, b, target) - 0.01)),
                "still above",
            ),
            (
                lambda a, b, target: min(10_000, rows_needed_by_search(a, b, target)),
                "you return 10000",
            ),
        ],
        "constant": [
            (first_answer(exercises.rows_needed._solution), "Solve a * n ** -b"),
            (lambda a, b, target: 45, "Solve a * n ** -b"),
        ],
        "neighbour": neighbours(exercises, {
            "shortage": "must be numbers",
            "doubling": "takes few and many",
            "cross_validate": "takes fit_and_score, x, y and folds",
        }),
        "other": [
            (lambda a, b, target: math.ceil((a / target) ** b), "1 / b, not b"),
            (lambda a, b, target: math.ceil(a / target), "left out the exponent"),
            (lambda a, b, target: math.ceil((target / a) ** (1 / b)), "ratio is upside down"),
            (lambda a, b, target: a * target**-b, "in the place of n"),
            (
                lambda a, b, target: 1 if 2 * target >= a else math.ceil(exact_rows(a, b, target)),
                "the target 0.6 you return 1",
            ),
            (lambda a, b, target: -math.ceil(exact_rows(a, b, target)), "at least 1 row"),
            (lambda a, b, target: "many", "numbers"),
            (raises, "KeyError: 'no such row'"),
        ],
    },
    "cross_validate": {
        "none": [(nothing, "returns None")],
        "nan": [(with_scores(lambda scores: np.nan), "NaN")],
        "shape": [
            (with_scores(list), "shape ()"),
            (parts(lambda x, y, a, b: (x[a, 0], y[a], x[b, 0], y[b])), "shape (n, 2)"),
            (parts(lambda x, y, a, b: (x[a].T, y[a], x[b].T, y[b])), "shape (n, 2)"),
            (parts(lambda x, y, a, b: (x[a], y[b], x[b], y[b])), "labels of shape"),
        ],
        "off by one": [
            (lambda fit, x, y, folds: solved(fit, x, y, folds + 1), "not 6 times"),
            (lambda fit, x, y, folds: solved(fit, x, y, folds - 1), "not 4 times"),
            (parts(lambda x, y, a, b: (x[a[1:]], y[a[1:]], x[b], y[b])), "train on all"),
            (with_scores(lambda scores: np.mean(scores[1:])), "not the mean of their scores"),
        ],
        "constant": [
            (first_answer(exercises.cross_validate._solution), "not 0 times"),
            (lambda fit_and_score, x, y, folds: 0.5, "not 0 times"),
            (lambda fit, x, y, folds: solved(fit, x, y, 5), "with 4 folds"),
        ],
        "neighbour": neighbours(exercises, {
            "shortage": "fit_and_score, x, y and folds, and takes train",
            "doubling": "fit_and_score, x, y and folds, and takes few",
            "rows_needed": "fit_and_score, x, y and folds, and takes a, b",
        }),
        "leak": [
            (parts(lambda x, y, a, b: (x, y, x[b], y[b])), "training and in the test part"),
            (
                parts(lambda x, y, a, b: (x[a], y[a], x[a], y[a])),
                "training and in the test part",
            ),
            (with_scores(max), "best flatters"),
            (
                lambda fit, x, y, folds: solved(fit, x - x.mean(axis=0), y, folds),
                "rows that are not in x",
            ),
        ],
        "other": [
            (with_scores(sum), "sum of the scores"),
            (with_scores(min), "worst score"),
            (with_scores(np.std), "spread"),
            (with_scores(lambda scores: np.std(scores, ddof=1)), "spread"),
            (with_scores(np.median), "median"),
            (with_scores(lambda scores: scores[0]), "first fold alone"),
            (with_scores(lambda scores: scores[-1]), "last fold alone"),
            (parts(lambda x, y, a, b: (x[b], y[b], x[a], y[a])), "swapped"),
            (parts(lambda x, y, a, b: (x[a], y[a], x[b], y[a[: len(b)]])), "do not belong"),
            (parts(lambda x, y, a, b: (x[a], y[a], x[b[:0]], y[b[:0]])), "is empty"),
            (parts(lambda x, y, a, b: (x[5:], y[5:], x[:5], y[:5])), "never tested"),
            (folded(rounded_up), "yours hold [5, 5, 5, 5, 5, 1] rows"),
            (lambda fit, x, y, folds: fit(x[:20], y[:20], x[20:], y[20:]), "not 1 times"),
            (raises, "KeyError: 'no such row'"),
        ],
    },
}  # fmt: skip
