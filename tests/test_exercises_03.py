"""The exercises of notebook 03: right answers of any spelling pass, wrong ones hear why."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.model_selection import KFold, StratifiedKFold

from helpers.exercises import data_size


def law_by_regression(sizes, errors, floor):
    fit = stats.linregress(np.log10(sizes), np.log10(errors - floor))
    return [10**fit.intercept, -fit.slope]


def law_by_hand(sizes, errors, floor):
    u, v = np.log2(sizes), np.log2(errors - floor)
    slope = ((u - u.mean()) * (v - v.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return np.array([2 ** (v.mean() - slope * u.mean()), -slope])


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


def weighted(fit_and_score, x, y, folds):
    total = 0
    for a, b in KFold(folds, shuffle=True, random_state=3).split(x):
        total += len(b) * fit_and_score(x[a], y[a], x[b], y[b])
    return total / len(x)


RIGHT = {
    "law_above_floor": [data_size._solve_law_above_floor, law_by_regression, law_by_hand],
    "rows_needed": [
        data_size._solve_rows_needed,
        rows_needed_in_numpy,
        rows_needed_by_search,
        lambda a, b, target: np.int64(math.floor((target / a) ** (-1 / b)) + 1),
    ],
    "cross_validate": [
        data_size._solve_cross_validate,
        folded(lambda x, y, k: KFold(k).split(x)),
        folded(lambda x, y, k: KFold(k, shuffle=True, random_state=0).split(x)),
        folded(lambda x, y, k: StratifiedKFold(k).split(x, y)),
        folded(every_kth),
        weighted,
    ],
}


def line_through_logs(sizes, errors, floor):
    return np.polyfit(np.log(sizes), np.log(errors - floor), 1)


def spoilt(spoil):
    """Make an answer from the right a and b, in another order or of another kind."""
    return lambda *data: spoil(*law_by_hand(*data))


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


WRONG = {
    "law_above_floor": [
        lambda sizes, errors, floor: print(end=""),
        lambda sizes, errors, floor: (1.0, 0.5),
        lambda sizes, errors, floor: (np.nan, 0.5),
        lambda sizes, errors, floor: 2.0,
        lambda sizes, errors, floor: "a, b",
        lambda sizes, errors, floor: law_by_hand(sizes, errors, 0),
        lambda sizes, errors, floor: law_by_hand(sizes, errors, -floor),
        lambda sizes, errors, floor: law_by_hand(sizes, errors, 0) - (floor, 0),
        lambda sizes, errors, floor: law_by_hand(sizes[[0, -1]], errors[[0, -1]], floor),
        lambda sizes, errors, floor: law_by_hand(sizes[1:], errors[1:], floor),
        lambda sizes, errors, floor: np.polyfit(sizes, errors - floor, 1),
        lambda sizes, errors, floor: np.polyfit(sizes, errors - floor, 1)[::-1] * (1, -1),
        lambda sizes, errors, floor: np.exp(line_through_logs(errors - floor, sizes, 0))[::-1],
        line_through_logs,
        lambda *data: line_through_logs(*data)[::-1],
        spoilt(lambda a, b: (a, -b)),
        spoilt(lambda a, b: (b, a)),
        spoilt(lambda a, b: (-b, a)),
        spoilt(lambda a, b: (np.log10(a), b)),
        spoilt(lambda a, b: (np.exp(np.log10(a)), b)),
        spoilt(lambda a, b: (10 ** np.log(a), b)),
        spoilt(lambda a, b: (1.05 * a, b)),
        spoilt(lambda a, b: a),
        data_size._solve_rows_needed,
        raises,
        (2.0, 0.5),
    ],
    "rows_needed": [
        lambda a, b, target: print(end=""),
        lambda a, b, target: 45,
        lambda a, b, target: float("nan"),
        lambda a, b, target: float("inf"),
        lambda a, b, target: (a / target) ** (1 / b),
        lambda a, b, target: round((a / target) ** (1 / b)),
        lambda a, b, target: math.floor((a / target) ** (1 / b)),
        lambda a, b, target: math.ceil((a / target) ** (1 / b)) + 1,
        lambda a, b, target: math.ceil((a / target) ** b),
        lambda a, b, target: math.ceil(a / target),
        lambda a, b, target: math.ceil((target / a) ** (1 / b)),
        lambda a, b, target: a * target**-b,
        lambda a, b, target: -math.ceil((a / target) ** (1 / b)),
        lambda a, b, target: [math.ceil((a / target) ** (1 / b))],
        lambda a, b, target: "many",
        data_size._solve_law_above_floor,
        raises,
    ],
    "cross_validate": [
        lambda fit_and_score, x, y, folds: print(end=""),
        lambda fit_and_score, x, y, folds: 0.5,
        with_scores(list),
        with_scores(sum),
        with_scores(max),
        with_scores(min),
        with_scores(np.std),
        with_scores(lambda scores: np.std(scores, ddof=1)),
        with_scores(np.median),
        with_scores(lambda scores: scores[0]),
        with_scores(lambda scores: scores[-1]),
        with_scores(lambda scores: np.mean(scores[1:])),
        with_scores(lambda scores: np.nan),
        parts(lambda x, y, a, b: (x, y, x[b], y[b])),
        parts(lambda x, y, a, b: (x[a], y[a], x[a], y[a])),
        parts(lambda x, y, a, b: (x[b], y[b], x[a], y[a])),
        parts(lambda x, y, a, b: (x[a], y[a], x[b], y[a[: len(b)]])),
        parts(lambda x, y, a, b: (x[a], y[b], x[b], y[b])),
        parts(lambda x, y, a, b: (x[a[1:]], y[a[1:]], x[b], y[b])),
        parts(lambda x, y, a, b: (x[a, 0], y[a], x[b, 0], y[b])),
        parts(lambda x, y, a, b: (x[a], y[a], x[b[:0]], y[b[:0]])),
        parts(lambda x, y, a, b: (x[5:], y[5:], x[:5], y[:5])),
        lambda fit, x, y, folds: data_size._solve_cross_validate(fit, x, y, folds + 1),
        lambda fit, x, y, folds: data_size._solve_cross_validate(fit, x, y, 5),
        lambda fit, x, y, folds: fit(x[:20], y[:20], x[20:], y[20:]),
        data_size._solve_law_above_floor,
        raises,
    ],
}
CASES = {
    kind: [(n, a) for n in d for a in d[n]] for kind, d in (("right", RIGHT), ("wrong", WRONG))
}


@pytest.mark.parametrize(("name", "answer"), CASES["right"])
def test_right_answers_of_any_spelling_are_accepted(name, answer, capsys):
    getattr(data_size, name).check(answer)
    assert capsys.readouterr().out == "Right.\n"


@pytest.mark.parametrize(("name", "answer"), CASES["wrong"])
def test_wrong_answers_are_refused_with_a_reason(name, answer, capsys):
    getattr(data_size, name).check(answer)
    said = capsys.readouterr().out
    assert said.startswith("Not yet: ")
    assert len(said.split()) > 6


@pytest.mark.parametrize("name", RIGHT)
def test_an_untouched_stub_is_not_attempted(name, capsys):
    def stub(*arguments): ...

    for answer in (stub, ...):
        getattr(data_size, name).check(answer)
        assert capsys.readouterr().out.startswith("Not attempted yet")


@pytest.mark.parametrize("name", RIGHT)
def test_hints_and_solution_are_shown(name, capsys):
    exercise = getattr(data_size, name)
    for _ in range(4):
        exercise.hint()
    exercise.solution()
    said = capsys.readouterr().out
    assert "Hint 1 of 3" in said
    assert f"def _solve_{name}" in said
    for neighbour in set(RIGHT) - {name}:
        exercise.check(getattr(data_size, f"_solve_{neighbour}"))
        assert capsys.readouterr().out.startswith("Not yet")
