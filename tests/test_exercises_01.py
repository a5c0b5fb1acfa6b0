"""The exercises of notebook 01, and what all exercises have in common."""

import numpy as np
import pytest

from helpers.exercises import Exercise, Wrong, is_untouched, overfit_mlp


def reply(exercise, answer, capsys):
    exercise.check(answer)
    return capsys.readouterr().out.strip()


def stub(train, test): ...


def documented_stub(train, test):
    """Return the gap."""
    ...


def returns_none(train, test):
    return None


@pytest.mark.parametrize("answer", [..., stub, documented_stub, returns_none])
def test_an_untouched_stub_is_not_attempted(answer, capsys):
    assert is_untouched(answer)
    assert reply(overfit_mlp.gap, answer, capsys).startswith("Not attempted yet.")


@pytest.mark.parametrize("answer", [0, None, lambda a, b: 0, lambda a, b: a, len, np.mean])
def test_an_attempt_is_not_a_stub(answer):
    assert not is_untouched(answer)


def test_the_learners_own_error_is_told_and_not_raised(capsys):
    def broken(train, test):
        return undefined_name  # noqa: F821

    said = reply(overfit_mlp.gap, broken, capsys)
    assert said == "Not yet: your code stops with NameError: name 'undefined_name' is not defined"


def test_hints_come_one_by_one_and_the_last_one_stays(capsys):
    exercise = Exercise(lambda: 1, lambda answer: None, ["first", "second"])
    for _ in range(3):
        exercise.hint()
    assert capsys.readouterr().out.splitlines() == [
        "Hint 1 of 2: first",
        "Hint 2 of 2: second",
        "Hint 2 of 2: second",
    ]


def test_the_solution_is_shown_as_source(capsys):
    overfit_mlp.verdict.solution()
    assert 'return "undecided"' in capsys.readouterr().out


GAP = {
    "right": [
        overfit_mlp.gap._solution,
        lambda a, b: [p - q for p, q in zip(a[:, -1], b[:, -1], strict=True)],
        lambda a, b: (a - b).T[-1],
        lambda a, b: np.subtract(a, b)[:, a.shape[1] - 1],
    ],
    "wrong": [
        lambda a, b: b[:, -1] - a[:, -1],
        lambda a, b: a[:, 0] - b[:, 0],
        lambda a, b: a[:, -2] - b[:, -2],
        lambda a, b: a[-1] - b[-1],
        lambda a, b: a - b,
        lambda a, b: (a - b).mean(),
        lambda a, b: (a - b).mean(axis=1),
        lambda a, b: abs(a[:, -1] - b[:, -1]),
        lambda a, b: a.max(axis=1) - b.max(axis=1),
        lambda a, b: np.full(5, np.nan),
        lambda a, b: np.zeros(5),
        lambda a, b: a[:, -1],
        lambda a, b: "0.1",
        lambda a, b: {"gap": 1},
        lambda a: a,
        3.0,
        None,
    ],
}
FALL = {
    "right": [
        overfit_mlp.honest_fall._solution,
        lambda c, early: [row[early - 1] - row[-1] for row in c],
        lambda c, early: -(c.T[-1] - c.T[early - 1]),
    ],
    "wrong": [
        lambda c, early: c[:, -1] - c[:, early - 1],
        lambda c, early: c[:, early] - c[:, -1],
        lambda c, early: c[:, min(early, 8)] - c[:, -1],
        lambda c, early: c.max(axis=1) - c[:, -1],
        lambda c, early: c[:, early - 1 :].max(axis=1) - c[:, -1],
        lambda c, early: c[:, 2] - c[:, -1],
        lambda c, early: c[early - 1] - c[-1],
        lambda c, early: (c[:, early - 1] - c[:, -1]).mean(),
        lambda c, early: c[:, early - 1] - c[:, -2],
        lambda c, early: np.full(4, np.nan),
        lambda c, early: np.zeros(4),
        overfit_mlp.gap._solution,
    ],
}
VERDICT = {
    "right": [
        overfit_mlp.verdict._solution,
        lambda low, high, t: (
            "Supported" if not low < t else "undecided" if not high < t else "refuted"
        ),
        lambda low, high, t: ["undecided", "supported", "refuted"][(low >= t) + 2 * (high < t)],
    ],
    "wrong": [
        lambda low, high, t: "supported" if low > t else "refuted" if high < t else "undecided",
        lambda low, high, t: "supported" if low >= t else "refuted" if high <= t else "undecided",
        lambda low, high, t: "supported" if high >= t else "refuted",
        lambda low, high, t: "supported" if low >= t else "refuted",
        lambda low, high, t: "supported" if (low + high) / 2 >= t else "refuted",
        lambda low, high, t: "supported" if low >= 0 else "refuted" if high < 0 else "undecided",
        lambda low, high, t: "undecided",
        lambda low, high, t: "supported",
        lambda low, high, t: low >= t,
        lambda low, high, t: ("supported",),
        lambda low, high, t: np.nan,
        lambda low, high: "supported",
    ],
}
CASES = [
    (exercise, kind, i, answer)
    for exercise, cases in (
        (overfit_mlp.gap, GAP),
        (overfit_mlp.honest_fall, FALL),
        (overfit_mlp.verdict, VERDICT),
    )
    for kind, answers in cases.items()
    for i, answer in enumerate(answers)
]


@pytest.mark.parametrize(("exercise", "kind", "i", "answer"), CASES)
def test_answers(exercise, kind, i, answer, capsys):
    said = reply(exercise, answer, capsys)
    assert said == "Right." if kind == "right" else said.startswith("Not yet: "), said


def test_a_check_does_not_hand_out_its_own_arrays(capsys):
    def greedy(a, b):
        a[:] = b[:] = 0
        return a[:, -1]

    assert reply(overfit_mlp.gap, greedy, capsys).startswith("Not yet")


def test_wrong_is_an_exception_of_its_own():
    assert issubclass(Wrong, Exception)
