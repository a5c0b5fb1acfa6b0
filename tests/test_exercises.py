"""Every exercise accepts each right answer and says what is wrong with the others.

The answers stand in test_exercises_01 to 09: RIGHT holds other spellings than the stored
solution, WRONG the wrong answers by the kind of mistake, each with words of what is said to it.
"""

import copy
import importlib
import pkgutil
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import helpers.exercises
from helpers.exercises import Exercise, Wrong, is_untouched, judging, overfit_mlp

TABLES = [
    importlib.import_module(path.stem)
    for path in sorted(Path(__file__).parent.glob("test_exercises_[0-9]*.py"))
]
EXERCISES = {
    (table, name): exercise
    for table in TABLES
    for name, exercise in vars(table.exercises).items()
    if isinstance(exercise, Exercise)
}
KINDS = {"none", "nan", "shape", "off by one", "constant", "neighbour", "leak"}
# Where a kind of mistake cannot be made, and why.
EXEMPT = {
    ("regularization", "build_sparse"): {"leak"},  # no data at all
    ("regularization", "pick_strength"): {"leak"},  # validation losses alone
    ("overfit_mlp", "reading"): {"leak", "off by one"},  # four words
    ("overfit_mlp", "largest_part"): {"leak"},  # no choice is made on any rows
    ("data_size", "shortage"): {"leak"},  # measured accuracies
    ("ridge_and_lasso", "soft_threshold"): {"leak"},  # weights alone
    ("ridge_and_lasso", "stable_columns"): {"leak"},  # fits that were made before
    ("data_size", "rows_needed"): {"leak"},
    ("early_stopping", "choose_patience"): {"leak"},  # validation losses alone
    ("smote", "synthetic_rows"): {"leak"},  # rows of one part
    ("smote", "cheapest_threshold"): {"leak"},  # the threshold is for these very rows
    ("smote", "choose"): {"leak"},  # finished measurements
    ("validation_set_size", "rows_for"): {"leak"},  # two numbers
    ("validation_set_size", "verdict"): {"leak"},  # the same rows for both
    ("capacity_and_learning_rate", "what_happened"): {"leak"},  # one training curve
    ("capacity_and_learning_rate", "cosine"): {"leak"},  # no data at all
    ("imbalanced_validation", "beats_no_skill"): {"leak"},  # one reported number
    ("imbalanced_validation", "rows_for_recall"): {"leak"},  # no rows yet
    ("imbalanced_validation", "precision_in_the_world"): {"leak", "off by one"},  # three shares
    ("leakage_and_shift", "name_the_leaks"): {"leak", "off by one"},  # five words
    ("leakage_and_shift", "world_weights"): {"leak"},  # probabilities alone
    ("clinic", "rising"): {"leak"},  # validation losses alone
    ("clinic", "cheapest_rule"): {"leak", "off by one"},  # shares and costs
}


def topic(table):
    return table.exercises.__name__.rpartition(".")[2]


def each(exercises):
    return pytest.mark.parametrize(
        "exercise", exercises.values(), ids=[f"{topic(table)}-{name}" for table, name in exercises]
    )


def answers(rows):
    """Parametrise over (table, name, label, answer and reason)."""
    return [
        pytest.param(EXERCISES[table, name], *rest, id=f"{topic(table)}-{name}-{label}")
        for table, name, label, rest in rows
    ]


every_exercise = each(EXERCISES)
# Whose answers are words or claims, and no numbers.
WORDS = (
    "verdict",
    "shortage",
    "doubling",
    "reading",
    "largest_part",
    "what_happened",
    "name_the_leaks",
    "cheapest_rule",
)
NO_NUMBERS = ("build_sparse", "pipeline", "my_claim")  # a model, a pipeline, a claim
functions = {key: e for key, e in EXERCISES.items() if key[1] not in NO_NUMBERS}


# --- the tables are complete ----------------------------------------------------------------------


def test_every_module_of_exercises_has_its_tables():
    found = {
        module.name
        for module in pkgutil.iter_modules(helpers.exercises.__path__)
        if any(
            isinstance(value, Exercise)
            for value in vars(importlib.import_module(f"helpers.exercises.{module.name}")).values()
        )
    }
    assert {topic(table) for table in TABLES} == found
    for table in TABLES:
        names = {name for other, name in EXERCISES if other is table}
        assert set(table.RIGHT) == set(table.WRONG) == names
        assert len(names) >= 3
    assert set(EXEMPT) <= {(topic(table), name) for table, name in EXERCISES}


@pytest.mark.parametrize(("table", "name"), EXERCISES)
def test_an_exercise_has_enough_answers_of_every_kind(table, name):
    right, wrong = table.RIGHT[name], table.WRONG[name]
    solution = EXERCISES[table, name]._solution
    assert len(right) >= 3 and solution not in right
    assert sum(map(len, wrong.values())) >= 10
    missing = EXEMPT.get((topic(table), name), set())
    assert {kind for kind, given in wrong.items() if given} == (KINDS - missing) | {"other"}
    others = {e._solution for (t, n), e in EXERCISES.items() if t is table and n != name}
    assert {answer for answer, _ in wrong["neighbour"]} >= others
    assert all(len(reason) > 1 for given in wrong.values() for _, reason in given)


# --- answers --------------------------------------------------------------------------------------


@every_exercise
def test_the_stored_solution_is_right(exercise, said):
    assert said(exercise, exercise._solution) == "Right."


@pytest.mark.parametrize(
    ("exercise", "answer"),
    answers(
        (table, name, i, [answer])
        for table, name in EXERCISES
        for i, answer in enumerate(table.RIGHT[name])
    ),
)
def test_right_answers_in_other_spellings_are_accepted(exercise, answer, said):
    assert said(exercise, answer) == "Right."


@pytest.mark.parametrize(
    ("exercise", "answer", "reason"),
    answers(
        (table, name, f"{kind}-{i}", case)
        for table, name in EXERCISES
        for kind, cases in table.WRONG[name].items()
        for i, case in enumerate(cases)
    ),
)
def test_wrong_answers_are_refused_with_a_reason(exercise, answer, reason, said):
    text = said(exercise, answer)
    assert text.startswith("Not yet: ")
    assert reason in text
    assert len(text.split()) > 6


def stub(*arguments): ...


def documented_stub(*arguments):
    """Return the gap."""
    ...


def returns_none(*arguments):
    return None


@every_exercise
@pytest.mark.parametrize("answer", [..., stub, documented_stub, returns_none])
def test_an_untouched_stub_is_not_attempted(exercise, answer, said):
    assert is_untouched(answer)
    assert said(exercise, answer).startswith("Not attempted yet.")


@pytest.mark.parametrize("answer", [0, None, lambda a, b: 0, lambda a, b: a, len, np.mean])
def test_an_attempt_is_not_a_stub(answer):
    assert not is_untouched(answer)


# --- right numbers of any type --------------------------------------------------------------------


def tensor(values):
    import tensorflow as tf

    return tf.constant(values)


def frame(values):
    return pd.Series(values) if np.ndim(values) == 1 else pd.DataFrame(values)


TYPES = {
    "list": (np.ndarray.tolist, False),
    "tuple": (lambda values: tuple(values.tolist()), False),
    "pandas": (frame, False),
    "float32": (lambda values: values.astype(np.float32)[()], True),
    "an array": (np.asarray, True),
    "tensor": (tensor, True),
}


def converted(value, convert, also_numbers):
    """Turn arrays, tuples of numbers, and arrays in nested tuples into another type."""
    if isinstance(value, tuple) and isinstance(value[0], (tuple, np.ndarray)):
        return tuple(converted(part, convert, also_numbers) for part in value)
    return convert(np.asarray(value)) if np.ndim(value) or also_numbers else value


@each({key: e for key, e in functions.items() if key[1] not in WORDS})
@pytest.mark.parametrize("kind", TYPES)
def test_right_numbers_of_any_type_are_accepted(exercise, kind, said):
    def answer(*arguments):
        return converted(exercise._solution(*arguments), *TYPES[kind])

    assert said(exercise, answer) == "Right."


# --- a learner's code that does more than it should -----------------------------------------------


def raising(error):
    def answer(*arguments):
        raise error

    return answer


def endless(*arguments):
    return endless(*arguments)


@every_exercise
def test_code_that_ends_python_is_told_to_return(exercise, said):
    assert "Not yet: your code ends Python" in said(exercise, raising(SystemExit(1)))
    assert "RecursionError" in said(exercise, endless)
    assert "Not yet: your code stops with KeyError" in said(exercise, raising(KeyError("row")))


@every_exercise
def test_an_interruption_passes(exercise, said):
    with pytest.raises(KeyboardInterrupt):
        said(exercise, raising(KeyboardInterrupt))


@every_exercise
def test_much_printing_does_not_hide_the_verdict(exercise, said):
    def talkative(*arguments):
        print("one line of many\n" * 1_000)
        return exercise._solution(*arguments)

    text = said(exercise, talkative)
    assert text.startswith("one line of many\n") and text.endswith(" characters more.)\nRight.")
    assert len(text) < 1_100


@each(functions)
@pytest.mark.parametrize("first", [True, False])
def test_a_check_does_not_hand_out_its_own_arrays(exercise, first, said):
    """Overwriting the arguments before the answer never makes it right, and afterwards never spoils
    another thing than the answer itself."""
    spoilt = []

    def answer(*arguments):
        made = None if first else exercise._solution(*arguments)
        inner = arguments[0] if arguments and type(arguments[0]) is list else []
        for array in [*arguments, *inner]:
            if isinstance(array, np.ndarray):
                array[...] = 0
                spoilt.append(array)
        return exercise._solution(*arguments) if first else made

    text = said(exercise, answer)
    if not spoilt:
        assert text == "Right."
    elif first:
        assert text.startswith("Not yet: ")
    else:
        assert text == "Right." or "change" in text


def under_seeds(said, exercise, answer):
    for seed in range(3):
        random.seed(seed)
        np.random.seed(seed)
        yield said(exercise, answer)


@every_exercise
def test_random_answers_are_judged_alike_under_every_seed(exercise, said):
    def drawn(*arguments):
        return np.random.random(), random.random()

    (text,) = set(under_seeds(said, exercise, drawn))
    assert text.startswith("Not yet: ")


def test_a_check_draws_the_same_under_every_seed(said):
    @judging.judge()
    def verify(answer):
        raise Wrong(f"{random.random()} and {np.random.random()}")

    assert len(set(under_seeds(said, Exercise(lambda: 1, verify, ["a hint"]), 3))) == 1


def test_the_learners_own_error_is_told_and_not_raised(said):
    def broken(curves):
        return undefined_name  # noqa: F821

    text = said(overfit_mlp.honest_fall, broken)
    assert text == "Not yet: your code stops with NameError: name 'undefined_name' is not defined"


def test_a_check_is_judged_by_a_solution_or_by_none():
    with pytest.raises(TypeError, match="solution must be callable"):
        judging.judge(3)


def test_wrong_is_an_exception_of_its_own():
    assert issubclass(Wrong, Exception)


# --- help -----------------------------------------------------------------------------------------


def test_hints_come_one_by_one_and_the_last_one_stays(capsys):
    exercise = Exercise(lambda: 1, lambda answer: None, ["first", "second"])
    for _ in range(3):
        exercise.hint()
    assert capsys.readouterr().out.splitlines() == [
        "Hint 1 of 2: first",
        "Hint 2 of 2: second",
        "Hint 2 of 2: second",
    ]


@every_exercise
def test_hints_end_and_the_solution_is_source(exercise, capsys):
    fresh = copy.copy(exercise)
    fresh._shown = 0
    for _ in range(5):
        fresh.hint()
    hints = capsys.readouterr().out
    assert hints.startswith("Hint 1 of 3") and hints.count("Hint 3 of 3") == 3
    fresh.solution()
    source = capsys.readouterr().out
    prefix, name = exercise._solution.__name__.split("_solve_")
    assert prefix == "" and source.startswith(f"def {name}(") and "return" in source
    assert "_solve_" not in source


def test_the_solution_is_shown_as_source(capsys):
    overfit_mlp.reading.solution()
    assert 'return {"A": "overfits"' in capsys.readouterr().out
