"""The exercises of notebook 04 accept every right answer and say what is wrong with the others."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from helpers.exercises import early_stopping as exercises


def said(exercise, answer, capsys):
    exercise.check(answer)
    return capsys.readouterr().out


# --- 1: the rule ----------------------------------------------------------------------------------


def stop_from_best(losses, patience):
    """Compare each epoch with the epoch of the lowest loss up to it."""
    for epoch in range(1, len(losses) + 1):
        best = int(np.argmin(losses[:epoch])) + 1
        if epoch - best >= patience:
            break
    return epoch, best


def stop_as_array(losses, patience):
    low = np.minimum.accumulate(losses)
    best = np.array([losses.index(value) + 1 for value in low])
    epochs = np.arange(1, len(losses) + 1)
    late = np.flatnonzero(epochs - best >= patience)
    end = late[0] if len(late) else len(losses) - 1
    return np.array([epochs[end], best[end]])


def stop_wrongly(reset=True, equal=False, previous=False, late=0, start=1):
    def answer(losses, patience):
        lowest, best, wait = np.inf, start, 0
        for epoch, loss in enumerate(losses, start=start):
            wait += 1
            if loss < lowest or (equal and loss == lowest):
                lowest, best, wait = loss, epoch, 0 if reset else wait
            elif wait >= patience + late:
                return epoch, best
            if previous:
                lowest = loss
        return len(losses) - 1 + start, best

    return answer


RIGHT_STOPS = [exercises.stop._solution, stop_from_best, stop_as_array, stop_wrongly()]
WRONG_STOPS = {
    "from zero": (stop_wrongly(start=0), "count from 1"),
    "turned round": (lambda a, p: stop_from_best(a, p)[::-1], "order is turned round"),
    "no reset": (stop_wrongly(reset=False), "ends at epoch"),
    "equal is better": (stop_wrongly(equal=True), "an equal loss is no improvement"),
    "against the last": (stop_wrongly(previous=True), "ends at epoch"),
    "one late": (stop_wrongly(late=1), "ends at epoch"),
    "one early": (stop_wrongly(late=-1), "ends at epoch"),
    "best of all": (
        lambda a, p: (stop_from_best(a, p)[0], int(np.argmin(a)) + 1),
        "ends at epoch",
    ),
    "never stops": (lambda a, p: (len(a), int(np.argmin(a)) + 1), "ends at epoch"),
    "best twice": (lambda a, p: (stop_from_best(a, p)[1],) * 2, "ends at epoch"),
    "one number": (lambda a, p: stop_from_best(a, p)[0], "shape (2,)"),
    "constant": (lambda a, p: (6, 3), "ends at epoch"),
    "nan": (lambda a, p: (np.nan, 1), "NaN"),
    "none": (lambda a, p: print(end=""), "returns None"),
    "a word": (lambda a, p: "early", "must be numbers"),
    "the neighbour's": (lambda a, p: exercises.flattery._solution(a, p, a), "stops with"),
    "raises": (lambda a, p: a[99], "IndexError"),
}


@pytest.mark.parametrize("answer", RIGHT_STOPS)
def test_every_right_stop_is_accepted(answer, capsys):
    assert said(exercises.stop, answer, capsys) == "Right.\n"


@pytest.mark.parametrize("name", WRONG_STOPS)
def test_a_wrong_stop_is_refused_with_a_reason(name, capsys):
    answer, reason = WRONG_STOPS[name]
    output = said(exercises.stop, answer, capsys)
    assert output.startswith("Not yet: ") and reason in output


# --- 2: the flattery ------------------------------------------------------------------------------


def flattery_loop(val_loss, val_accuracy, test_accuracy):
    found = []
    for loss, seen, fresh in zip(val_loss, val_accuracy, test_accuracy, strict=True):
        best = min(range(len(loss)), key=loss.__getitem__)
        found.append(seen[best] - fresh[best])
    return found


def flattery_take(val_loss, val_accuracy, test_accuracy):
    best = val_loss.argmin(axis=-1)[:, None]
    return np.take_along_axis(val_accuracy - test_accuracy, best, axis=1).ravel()


def at(choose):
    """Read the gap between the accuracies at columns that `choose` names."""
    return lambda a, b, c: (b - c)[np.arange(len(a)), choose(a, b, c)]


def low(a, b, c):
    return a.argmin(axis=1)


RIGHT_FLATTERIES = [exercises.flattery._solution, flattery_loop, flattery_take]
WRONG_FLATTERIES = {
    "sign": (lambda a, b, c: flattery_take(a, c, b), "sign is turned round"),
    "last epoch": (lambda a, b, c: b[:, -1] - c[:, -1], "last epoch"),
    "two maxima": (lambda a, b, c: b.max(axis=1) - c.max(axis=1), "read both curves at it"),
    "one maximum": (
        lambda a, b, c: b.max(axis=1) - c[np.arange(len(a)), low(a, b, c)],
        "at the chosen epoch too",
    ),
    "by accuracy": (at(lambda a, b, c: b.argmax(axis=1)), "choose it by the validation loss"),
    "highest loss": (at(lambda a, b, c: a.argmax(axis=1)), "take the lowest"),
    "by the test": (at(lambda a, b, c: c.argmax(axis=1)), "looking at the test rows"),
    "mean curve": (lambda a, b, c: (b - c)[:, a.mean(axis=0).argmin()], "its own best epoch"),
    "flat argmin": (
        lambda a, b, c: (b - c)[:, np.unravel_index(a.argmin(), a.shape)[1]],
        "its own best epoch",
    ),
    "one late": (at(lambda a, b, c: np.minimum(low(a, b, c) + 1, 8)), "counts from 0"),
    "one early": (at(lambda a, b, c: low(a, b, c) - 1), "a column already"),
    "mean": (lambda a, b, c: (b - c).mean(axis=1), "mean over all epochs"),
    "validation alone": (lambda a, b, c: b[np.arange(len(a)), low(a, b, c)], "subtract"),
    "test alone": (lambda a, b, c: c[np.arange(len(a)), low(a, b, c)], "test score alone"),
    "loss": (lambda a, b, c: flattery_take(a, a, c), "compare accuracies"),
    "absolute": (lambda a, b, c: np.abs(flattery_take(a, b, c)), "leave the sign"),
    "wrong axis": (lambda a, b, c: (b - c)[a.argmin(axis=0), np.arange(9)], "shape (6,)"),
    "one number": (lambda a, b, c: flattery_take(a, b, c).mean(), "shape (6,)"),
    "nan": (lambda a, b, c: np.full(6, np.nan), "NaN"),
    "zeros": (lambda a, b, c: np.zeros(6), "the values are not"),
    "none": (lambda a, b, c: print(end=""), "returns None"),
    "the neighbour's": (lambda a, b, c: stop_from_best(a[0], 3), "shape (6,)"),
}


@pytest.mark.parametrize("answer", RIGHT_FLATTERIES)
def test_every_right_flattery_is_accepted(answer, capsys):
    assert said(exercises.flattery, answer, capsys) == "Right.\n"


@pytest.mark.parametrize("name", WRONG_FLATTERIES)
def test_a_wrong_flattery_is_refused_with_a_reason(name, capsys):
    answer, reason = WRONG_FLATTERIES[name]
    output = said(exercises.flattery, answer, capsys)
    assert output.startswith("Not yet: ") and reason in output


# --- 3: the three-way split -----------------------------------------------------------------------


def split_twice(x, y, seed):
    x_rest, x_report, y_rest, y_report = train_test_split(x, y, test_size=0.2, random_state=seed)
    x_train, x_stop, y_train, y_stop = train_test_split(
        x_rest, y_rest, test_size=0.25, random_state=seed
    )
    return [(x_train, y_train), (x_stop, y_stop), (x_report, y_report)]


def split_in_place(x, y, seed):
    rows = np.column_stack([x, y])
    np.random.default_rng(seed).shuffle(rows)
    ends = round(0.6 * len(rows)), round(0.8 * len(rows))
    parts = rows[: ends[0]], rows[ends[0] : ends[1]], rows[ends[1] :]
    return tuple((part[:, :-1], part[:, -1]) for part in parts)


def split_as_lists(x, y, seed):
    return tuple((a.tolist(), b.tolist()) for a, b in split_twice(x, y, seed))


def by_order(order, cuts=(0.6, 0.8)):
    """Split by a function of the number of rows and the seed."""

    def answer(x, y, seed):
        rows = order(len(x), seed)
        first, second = (int(len(x) * share) for share in cuts)
        parts = rows[:first], rows[first:second], rows[second:]
        return tuple((x[part], y[part]) for part in parts)

    return answer


def mixed(n, seed):
    return np.random.default_rng(seed).permutation(n)


def split_labels_alone(x, y, seed):
    np.random.default_rng(seed).shuffle(y)
    return split_in_place(x, y, seed)


def split_overlapping(x, y, seed):
    x_train, x_stop, y_train, y_stop = train_test_split(x, y, test_size=0.2, random_state=seed)
    return (x_train[: len(x) * 6 // 10], y_train[: len(x) * 6 // 10]), *[(x_stop, y_stop)] * 2


def split_with_quarter_of_whole(x, y, seed):
    a, b, c, d = train_test_split(x, y, test_size=0.2, random_state=seed)
    e, f, g, h = train_test_split(a, c, test_size=0.2, random_state=seed)
    return (e, g), (f, h), (b, d)


RIGHT_SPLITS = [
    exercises.three_way_split._solution, split_twice, split_in_place, split_as_lists,
    by_order(mixed),
]  # fmt: skip
WRONG_SPLITS = {
    "not shuffled": (by_order(lambda n, s: np.arange(n)), "not shuffled"),
    "backwards": (by_order(lambda n, s: np.arange(n)[::-1]), "not shuffled"),
    "no seed": (by_order(lambda n, s: np.random.permutation(n)), "another split the second time"),
    "fixed seed": (by_order(lambda n, s: mixed(n, 0)), "two seeds give the same split"),
    "80/10/10": (by_order(mixed, (0.8, 0.9)), "training part has 80 of 100"),
    "thirds": (by_order(mixed, (1 / 3, 2 / 3)), "should have 60%"),
    "a fifth of the rest": (split_with_quarter_of_whole, "training part has 64"),
    "labels alone": (split_labels_alone, "beside their own labels"),
    "stop is report": (split_overlapping, "turns up twice"),
    "with repetition": (
        by_order(lambda n, s: np.random.default_rng(s).integers(0, n, n)),
        "turns up twice",
    ),
    "two parts": (lambda x, y, s: split_twice(x, y, s)[:2], "three parts, not 2"),
    "six arrays": (lambda x, y, s: [v for p in split_twice(x, y, s) for v in p], "three pairs"),
    "rows lost": (
        lambda x, y, s: [(a[1:], b[1:]) for a, b in split_twice(x, y, s)],
        "rows are used",
    ),
    "features alone": (lambda x, y, s: [a for a, _ in split_twice(x, y, s)], "must be a pair"),
    "wrong axis": (
        lambda x, y, s: [(a.T, b) for a, b in split_twice(x, y, s)],
        "one row, with all columns",
    ),
    "one column": (lambda x, y, s: [(a[:, 0], b) for a, b in split_twice(x, y, s)], "all columns"),
    "none": (lambda x, y, s: print(end=""), "returns None"),
    "raises": (lambda x, y, s: x / "a", "stops with"),
}


@pytest.mark.parametrize("answer", RIGHT_SPLITS)
def test_every_right_split_is_accepted(answer, capsys):
    assert said(exercises.three_way_split, answer, capsys) == "Right.\n"


@pytest.mark.parametrize("name", WRONG_SPLITS)
def test_a_wrong_split_is_refused_with_a_reason(name, capsys):
    answer, reason = WRONG_SPLITS[name]
    output = said(exercises.three_way_split, answer, capsys)
    assert output.startswith("Not yet: ") and reason in output


# --- all ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stop", "flattery", "three_way_split"])
def test_an_untouched_stub_is_no_answer_and_the_help_is_there(name, capsys):
    exercise = getattr(exercises, name)

    def stub(a, b, c=None): ...

    assert said(exercise, stub, capsys).startswith("Not attempted yet.")
    for _ in exercise._hints:
        exercise.hint()
    exercise.solution()
    output = capsys.readouterr().out
    assert "Hint 3 of 3" in output and f"def _solve_{name}" in output
