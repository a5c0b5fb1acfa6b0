import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split

from helpers.exercises import imbalanced_validation as exercises

NAMES = ("balanced_accuracy", "stratified_split", "precision_in_the_world")


def said(name, answer, capsys):
    getattr(exercises, name).check(answer)
    return capsys.readouterr().out.strip()


def by_class(y, predicted):
    return np.array(
        [np.mean([np.mean(row[y == label] == label) for label in (0, 1)]) for row in predicted]
    )


def by_sklearn(y, predicted):
    return [balanced_accuracy_score(y, row) for row in predicted]


def by_sums(y, predicted):
    hits = predicted @ y / y.sum()
    rejections = (1 - predicted) @ (1 - y) / (1 - y).sum()
    return 0.5 * hits + 0.5 * rejections


def split_by_sklearn(y, share, rng):
    rows = np.arange(len(y))
    return train_test_split(
        rows, test_size=share, stratify=y, random_state=int(rng.integers(2**31))
    )


def split_by_permutation(y, share, rng):
    held_out, kept = [], []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        count = round(share * len(rows))
        held_out += list(rows[:count])
        kept += list(rows[count:])
    return kept, held_out


def precision_by_counting(recall, false_alarms, share):
    rows = 10_000
    true = rows * share * recall
    false = rows * (1 - share) * false_alarms
    return true / (true + false)


def precision_by_odds(recall, false_alarms, share):
    return np.float32(1) * (recall * share) / np.sum([recall * share, false_alarms * (1 - share)])


@pytest.mark.parametrize(
    "name, answer",
    [
        *[(name, getattr(exercises, name)._solution) for name in NAMES],
        *[("balanced_accuracy", answer) for answer in (by_class, by_sklearn, by_sums)],
        *[("stratified_split", answer) for answer in (split_by_sklearn, split_by_permutation)],
        *[
            ("precision_in_the_world", answer)
            for answer in (precision_by_counting, precision_by_odds)
        ],
    ],
)
def test_right_answers_are_accepted(name, answer, capsys):
    assert said(name, answer, capsys) == "Right."


WRONG = {
    "balanced_accuracy": [
        (lambda y, p: (p == y).mean(axis=1), "plain accuracy"),
        (lambda y, p: (p == y).mean(axis=0), "shape (5,)"),
        (lambda y, p: (p == y).mean(), "shape (5,)"),
        (lambda y, p: (p[:, y == 1] == 1).mean(axis=1), "class 1 alone"),
        (lambda y, p: (p[:, y == 0] == 0).mean(axis=1), "class 0 alone"),
        (lambda y, p: 1 - by_class(y, p), "1 minus"),
        (lambda y, p: 2 * by_class(y, p), "divide by 2"),
        (lambda y, p: 2 * by_class(y, p) - 1, "chance"),
        (lambda y, p: np.full(len(p), 0.5), "constant"),
        (lambda y, p: 2 * (p @ y) / (p.sum(axis=1) + y.sum()), "F1"),
        (lambda y, p: np.full(len(p), np.nan), "NaN"),
        (lambda y, p: {}.get(0), "None"),
        (lambda y, p: by_class(y, 1 - p), "1 minus"),
        (lambda y, p: (p @ y) / p.sum(axis=1), "NaN"),
        (lambda y, p: by_class(y, p) + 0.01, "0.510"),
        (lambda y, p: (p == y).all(axis=1), "not the mean"),
        (lambda y, p: "half", "numbers"),
        (
            lambda y, p: by_class(y, p) if y.mean() < 0.3 else (p == y).mean(axis=1) + 0.1,
            "another",
        ),
        (lambda y, p: by_class(p, y), "IndexError"),
        (3.0, "TypeError"),
    ],
    "stratified_split": [
        (lambda y, s, rng: tuple(np.split(rng.permutation(len(y)), [round((1 - s) * len(y))])),
         "each class by itself"),
        (lambda y, s, rng: split_by_sklearn(y, s, rng)[::-1], "exchanged"),
        (lambda y, s, rng: split_by_sklearn(y, s / 2, rng), "held out"),
        (lambda y, s, rng: split_by_sklearn(y, s, np.random.default_rng(0)), "not random"),
        (lambda y, s, rng: split_by_sklearn(y, s, np.random.default_rng()), "same `rng`"),
        (lambda y, s, rng: (np.arange(len(y)), split_by_sklearn(y, s, rng)[1]), "both parts"),
        (lambda y, s, rng: (np.arange(0), split_by_sklearn(y, s, rng)[1]), "neither part"),
        (lambda y, s, rng: [np.isin(np.arange(len(y)), rows)
                            for rows in split_by_sklearn(y, s, rng)], "mask"),
        (lambda y, s, rng: split_by_sklearn(y, s, rng)[1], "two arrays"),
        (lambda y, s, rng: {}.get(0), "None"),
        (lambda y, s, rng: [y[rows] for rows in split_by_sklearn(y, s, rng)], "both parts"),
        (lambda y, s, rng: [rows + 1 for rows in split_by_sklearn(y, s, rng)], "rows go from 0"),
        (lambda y, s, rng: [rows + 0.5 for rows in split_by_sklearn(y, s, rng)], "whole"),
        (lambda y, s, rng: (split_by_sklearn(y, s, rng)[0], [np.nan]), "whole"),
        (lambda y, s, rng: [rng.choice(rows, len(rows))
                            for rows in split_by_sklearn(y, s, rng)], "twice"),
        (lambda y, s, rng: [np.asarray(rows)[:, None]
                            for rows in split_by_sklearn(y, s, rng)], "flat"),
        (lambda y, s, rng: 0.2, "two arrays"),
        (7, "TypeError"),
    ],
    "precision_in_the_world": [
        (lambda r, f, s: r / (r + f), "rebalanced"),
        (lambda r, f, s: precision_by_counting(r, f, 1 - s), "negatives"),
        (lambda r, f, s: r * s, "Divide"),
        (lambda r, f, s: r * s / (r * s + f), "negatives only"),
        (lambda r, f, s: r, "recall"),
        (lambda r, f, s: s, "everything"),
        (lambda r, f, s: 1 - precision_by_counting(r, f, s), "1 minus"),
        (lambda r, f, s: 100 * precision_by_counting(r, f, s), "per cent"),
        (lambda r, f, s: precision_by_counting(f, r, s), "precision is not"),
        (lambda r, f, s: np.nan, "NaN"),
        (lambda r, f, s: {}.get(0), "None"),
        (lambda r, f, s: 0.3077, "precision is not"),
        (lambda r, f, s: [precision_by_counting(r, f, s)], "shape ()"),
        (lambda r, f, s: 0.0, "precision is not"),
        (lambda r, f, s: "31 %", "numbers"),
        (lambda r, f, s: r * s / (r * s + f * (1 - s) + 0.01), "precision is not"),
        (0.31, "TypeError"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "name, answer, reason",
    [(name, answer, reason) for name, cases in WRONG.items() for answer, reason in cases],
)
def test_wrong_answers_are_refused_with_a_reason(name, answer, reason, capsys):
    with np.errstate(all="ignore"):
        words = said(name, answer, capsys)
    assert words.startswith("Not yet: ")
    assert reason in words


@pytest.mark.parametrize("name", NAMES)
def test_a_stub_is_not_an_answer(name, capsys):
    def stub(*arguments): ...

    assert said(name, stub, capsys).startswith("Not attempted yet")
    assert said(name, ..., capsys).startswith("Not attempted yet")


@pytest.mark.parametrize("name", NAMES)
def test_answers_of_the_neighbours_are_refused(name, capsys):
    for other in NAMES:
        if other != name:
            answer = getattr(exercises, other)._solution
            assert said(name, answer, capsys).startswith("Not yet: ")


@pytest.mark.parametrize("name", NAMES)
def test_hints_end_with_the_last_one_and_the_solution_is_source(name, capsys):
    exercise = getattr(exercises, name)
    for _ in range(5):
        exercise.hint()
    assert "Hint 3 of 3" in capsys.readouterr().out
    exercise.solution()
    assert capsys.readouterr().out.startswith("def _solve_")
