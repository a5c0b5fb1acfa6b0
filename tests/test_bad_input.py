"""Every public helper against arguments that are wrong, one argument at a time.

`HELPERS` says for each helper one valid call and, argument by argument, which values its docstring
allows. An allowed value must be accepted and give a valid result; any other must be refused with an
error that names the argument. Neither may change what it was given.
"""

import contextlib
import importlib
import inspect
import io
import os
import pkgutil
import warnings
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import helpers
from helpers import checks, data, diagnosis, environment, evidence, exercises, explore, training

# --- what a docstring can allow ---------------------------------------------------------------


def whole(low, high=10_000_000):
    return lambda v: isinstance(v, Integral) and not isinstance(v, bool) and low <= v <= high


def real(low=-1e100, high=1e100, ends=True):
    def allows(v):
        if isinstance(v, bool) or not isinstance(v, Real):
            return False
        return low <= v <= high if ends else low < v < high

    return allows


def array(fits, low=-1e100, high=1e100):
    """Allow finite numbers whose shape `fits`."""

    def allows(v):
        if isinstance(v, range) and len(v) > 10**6:
            return False
        try:
            v = np.asarray(v)
        except (TypeError, ValueError, OverflowError):
            return False
        if v.dtype.kind not in "biuf" or not 0 < v.size < 10**9 or not fits(v.shape):
            return False
        return bool(np.isfinite(v).all() and low <= v.min() and v.max() <= high)

    return allows


def exactly(*shapes):
    return lambda shape: shape in shapes


def both(*rules):
    return lambda v: all(rule(v) for rule in rules)


def optional(rule):
    return lambda v: v is None or rule(v)


def wholes(low, high, most=100_000, distinct=False):
    """Allow a sequence of whole numbers."""

    def allows(v):
        if not isinstance(v, (list, tuple, range)) and np.ndim(v) != 1 or isinstance(v, dict):
            return False
        if not 0 < len(v) <= most or not all(map(whole(low, high), v)):
            return False
        return not distinct or len(set(v)) == len(v)

    return allows


def one_of(*words):
    return lambda v: isinstance(v, str) and v in words


def text(v):
    return isinstance(v, str) and len(v) <= 1_000


def hyphenated(v):
    """Allow lower-case words and numbers joined by hyphens."""
    return text(v) and all(
        word.isascii() and word.isalnum() and word == word.lower() for word in v.split("-")
    )


def labels(v):
    """Allow a sequence of numbers and texts."""
    is_sequence = isinstance(v, (list, tuple, range)) or np.ndim(v) == 1
    return is_sequence and 0 < len(v) <= 80 and all(text(part) or real()(part) for part in v)


def texts(length):
    return lambda v: isinstance(v, (list, tuple)) and len(v) == length and all(map(text, v))


def flag(v):
    return isinstance(v, (bool, np.bool_))


def of(kind):
    return lambda v: isinstance(v, kind)


def anything(v):
    return True


def nothing_else(v):
    """Of the values tried here none is allowed; the valid call shows one that is."""
    return False


def rising(v):
    return v[0] < v[1]


# --- the helpers ------------------------------------------------------------------------------


@dataclass
class Helper:
    """How to call one helper, what it allows, and what a valid result is.

    `allows` gives the rule of each argument. `parts` are arguments inside an argument ("train x"):
    how to put a value there, and its rule. `errors` holds an argument whose refusal is another
    error than TypeError or ValueError. `call` is only given where the arguments are not passed
    by name. Lists of `named` say what a message may call an argument instead of its own name.
    """

    function: object
    valid: object
    allows: dict
    result: object = anything
    parts: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)
    named: dict = field(default_factory=dict)
    call: object = None

    def rules(self):
        return {**self.allows, **{name: rule for name, (_, rule) in self.parts.items()}}

    def arguments(self, name, value):
        arguments = self.valid()
        if name in self.parts:
            put, _ = self.parts[name]
            return {**arguments, **put(arguments, value)}
        return {**arguments, name: value}

    def __call__(self, arguments):
        return (self.call or self.function)(**arguments)


def is_finite(*arrays):
    return all(np.isfinite(np.asarray(a, float)).all() for a in arrays)


def ordered(found):
    middle, low, high = found
    return bool(np.all(low <= middle) and np.all(middle <= high))


def build_model():
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    return model


def anything_at_all(*args, **kwargs):
    return 0


def draw_circle(rng):
    return data.circle(4, rng)


def rng():
    return np.random.default_rng(0)


def said(value):
    return text(value) and not (value == "" or value.isspace())


def is_verdict(found):
    return found.verdict in ("supported", "refuted", "undecided") and is_finite(found.estimate)


FLOAT32 = {"low": -1e38, "high": 1e38}
ROWS, REPLICATES = 4, 2


def training_rows():
    return np.linspace(0, 1, 2 * ROWS).reshape(ROWS, 2), np.arange(ROWS) % 2


def part_of_split(split, place):
    def put(arguments, value):
        rows = list(training_rows())
        rows[place] = value
        return {split: tuple(rows)}

    return put


def splits(split):
    x_shapes, y_shapes = [(ROWS, 2)], [(ROWS,), (ROWS, 1)]
    return {
        f"{split} x": (part_of_split(split, 0), array(exactly(*x_shapes), **FLOAT32)),
        f"{split} y": (part_of_split(split, 1), array(exactly(*y_shapes), **FLOAT32)),
    }


def slider(**changed):
    values = {"draw": anything_at_all, "values": [1, 2], "start": 1, "label": "size"}
    return explore.Slider(**{**values, **changed})


def quiet(function):
    def call(**arguments):
        with contextlib.redirect_stdout(io.StringIO()):
            return function(**arguments)

    return call


HELPERS = [
    Helper(
        data.circle,
        lambda: {"rows": 5, "rng": rng(), "flip": 0.1},
        {"rows": whole(1), "rng": of(np.random.Generator), "flip": real(0, 0.5)},
        lambda found: found[0].shape == (len(found[1]), 2) and is_finite(*found),
    ),
    Helper(
        data.line,
        lambda: {"rows": 5, "rng": rng(), "noise": 1.0},
        {"rows": whole(1), "rng": of(np.random.Generator), "noise": real(0)},
        lambda found: is_finite(*found),
    ),
    Helper(
        data.unrelated,
        lambda: {"rows": 5, "features": 2, "rng": rng(), "positives": 3},
        {
            "rows": whole(3),
            "features": whole(1),
            "rng": of(np.random.Generator),
            "positives": optional(whole(0, 5)),
        },
        lambda found: is_finite(*found),
        named={"rows": ["rows", "positives"]},
    ),
    Helper(
        data.per_seed,
        lambda: {"draw": draw_circle, "seeds": [1, 2]},
        {"draw": nothing_else, "seeds": wholes(0, 2**32 - 1)},
        lambda found: len(found) == 2 and is_finite(*found),
    ),
    Helper(
        data.cut,
        lambda: {"x": np.ones((2, 5, 3)), "y": np.ones((2, 5)), "rows": 2},
        {
            "x": array(lambda shape: len(shape) == 3 and shape[:2] == (2, 5)),
            "y": array(exactly((2, 5))),
            "rows": whole(1, 5),
        },
        lambda found: all(is_finite(x, y) for x, y in found),
        named={"x": ["x must", "y must"]},
        call=lambda x, y, rows: data.cut(x, y, rows),
    ),
    Helper(
        data.resplit,
        lambda: {"x": np.eye(5), "y": np.arange(5), "rows": (2, 2), "seeds": [1, 2]},
        {
            "x": array(lambda shape: len(shape) == 2 and shape[0] == 5),
            "y": array(exactly((5,))),
            "rows": both(wholes(1, 5), lambda v: sum(v) <= 5),
            "seeds": wholes(0, 2**32 - 1),
        },
        lambda found: all(is_finite(x, y) for x, y in found),
        named={"x": ["x must", "y must"]},
    ),
    Helper(
        training.fit_replicas,
        lambda: {
            "build_model": build_model,
            "train": training_rows(),
            "validation": training_rows(),
            "epochs": 1,
            "seeds": [1, 2],
            "batch_size": 32,
            "test": training_rows(),
            "shuffle": True,
            "test_freq": 1,
        },
        {
            "build_model": nothing_else,
            "train": nothing_else,
            "validation": optional(nothing_else),
            "epochs": whole(1, 1_000_000),
            "seeds": wholes(0, 2**32 - 1, distinct=True),
            "batch_size": whole(1),
            "test": optional(nothing_else),
            "shuffle": flag,
            "test_freq": whole(1),
        },
        lambda found: is_finite(*found.weights),
        parts={**splits("train"), **splits("validation"), **splits("test")},
        named={f"{split} x": [f"{split} x", f"{split} y"] for split in ("train", "test")}
        | {"validation x": ["validation x", "validation y"]},
    ),
    Helper(
        training.batch_orders,
        lambda: {"seeds": [1, 2], "rows": 3, "epochs": 2, "shuffle": True},
        {
            "seeds": wholes(0, 2**32 - 1, distinct=True),
            "rows": whole(1),
            "epochs": whole(1, 1_000_000),
            "shuffle": flag,
        },
        lambda found: (np.sort(found, axis=-1) == np.arange(found.shape[-1])).all(),
    ),
    Helper(
        training.early_stopping,
        lambda: {
            "values": [[3.0, 2.0, 2.5]],
            "patience": 1,
            "mode": "max",
            "min_delta": 0.1,
            "start_from_epoch": 1,
        },
        {
            "values": array(lambda shape: len(shape) in (1, 2)),
            "patience": whole(0),
            "mode": one_of("min", "max"),
            "min_delta": real(),
            "start_from_epoch": whole(0),
        },
        lambda found: np.min(found) >= 1 and np.all(found[1] <= found[0]),
    ),
    Helper(
        evidence.interval,
        lambda: {"values": [1.0, 2.0, 4.0], "confidence": 0.9, "split_rows": (4, 2)},
        {
            "values": array(lambda shape: len(shape) > 0 and shape[0] > 1),
            "confidence": real(0, 1, ends=False),
            "split_rows": optional(nothing_else),
        },
        ordered,
        parts={
            f"split_rows[{i}]": (
                lambda arguments, value, i=i: {"split_rows": ((value, 2), (4, value))[i]},
                whole(1),
            )
            for i in (0, 1)
        },
    ),
    Helper(
        evidence.proportion,
        lambda: {"count": 3, "n": 5, "confidence": 0.9},
        {"count": whole(0, 5), "n": whole(3), "confidence": real(0, 1, ends=False)},
        lambda found: ordered(found) and found[1] >= 0 and found[2] <= 1,
        named={"n": ["n must", "count must"]},
    ),
    Helper(
        evidence.claim,
        lambda: {
            "id": "a-b",
            "values": [1.0, 2.0, 4.0],
            "sentence": "It holds.",
            "threshold": 1.0,
            "program": "1.1",
            "origin": "given",
            "why": "Less would not matter.",
            "quantity": "gain",
            "no_effect": 0.0,
            "method": "student",
            "split_rows": None,
        },
        {
            "id": hyphenated,
            "sentence": said,
            "values": array(lambda shape: len(shape) == 1 and shape[0] > 1),
            "threshold": real(),
            "program": optional(nothing_else),
            "origin": optional(nothing_else),
            "why": optional(said),
            "quantity": optional(said),
            "no_effect": lambda v: v is None or (isinstance(v, str) and v == "none") or real()(v),
            "method": optional(nothing_else),
            "split_rows": optional(nothing_else),
        },
        is_verdict,
    ),
    Helper(
        explore.Prediction,
        lambda: {"question": "How many?", "choices": None, "low": 0, "high": 1, "step": 0.01},
        {
            "question": said,
            "choices": optional(
                lambda v: isinstance(v, (list, tuple)) and 0 < len(v) <= 20 and all(map(text, v))
            ),
            "low": real(-1e100, 0.99, ends=False),
            "high": real(0.01, 1e100, ends=False),
            "step": real(0, 1, ends=False),
        },
        lambda found: found.answer is None,
        named={"low": ["low", "step"], "high": ["high", "step"]},
    ),
    Helper(
        explore.Prediction.compare,
        lambda: {"measured": 0.5},
        {"measured": real()},
        call=quiet(lambda measured: explore.Prediction("How many?").compare(measured)),
    ),
    Helper(
        explore.Slider,
        lambda: {"draw": anything_at_all, "values": [1, 2], "start": 1, "label": "size"},
        {
            "draw": callable,
            "values": both(labels, lambda v: 1 in v),
            "start": lambda v: isinstance(v, Real) and v in (1, 2),
            "label": text,
        },
        # The values no longer hold the start.
        named={"values": ["values", "start"]},
    ),
    Helper(
        explore.Slider.show,
        lambda: {"value": 2},
        {"value": lambda v: isinstance(v, Real) and v in (1, 2)},
        call=lambda value: slider().show(value),
    ),
    Helper(
        environment.check,
        lambda: {"root": Path(), "version": (3, 12), "installed": anything_at_all},
        {
            "root": of((str, os.PathLike)),
            "version": optional(
                lambda v: isinstance(v, tuple) and [type(part) for part in v[:2]] == [int, int]
            ),
            "installed": callable,
        },
        lambda found: found in (True, False),
        call=quiet(environment.check),
    ),
    Helper(
        exercises.Exercise,
        lambda: {"solution": draw_circle, "verify": draw_circle, "hints": ["Think."]},
        {
            "solution": callable,
            "verify": callable,
            "hints": lambda v: (
                isinstance(v, (list, tuple)) and 0 < len(v) <= 20 and texts(len(v))(v)
            ),
            "value": flag,
        },
    ),
    Helper(
        exercises.Exercise.check,
        lambda: {"answer": 3},
        {"answer": anything},
        call=quiet(lambda answer: exercises.Exercise(len, len, ["Think."]).check(answer)),
    ),
    Helper(
        diagnosis.diagnose,
        lambda: {"history": {"loss": [0.7, 0.6] * 9, "val_loss": [0.7, 0.65] * 9}},
        {
            "history": nothing_else,
            "train": optional(nothing_else),
            "validation": optional(nothing_else),
            "test": optional(nothing_else),
            "seeds": anything,  # these three belong to the second form
            "epochs": anything,
            "batch_size": anything,
            "validation_rows": optional(whole(1)),
        },
        lambda found: len(found.findings) > 1,
        named={"history": ["history", "the file", "train"]},
    ),
    Helper(
        exercises.is_untouched,
        lambda: {"answer": ...},
        {"answer": anything},
        lambda found: found in (True, False),
    ),
    Helper(
        exercises.expect_array,
        lambda: {"value": [1.0, 2.0], "shape": (2,), "meaning": "one per run"},
        {
            "value": array(exactly((2,)), -np.inf, np.inf),
            "shape": nothing_else,
            "meaning": text,
        },
        lambda found: found.shape == (2,) and is_finite(found),
        errors={"value": exercises.Wrong, "shape": (TypeError, ValueError, exercises.Wrong)},
        named={"value": ["answer", "function"], "shape": ["shape"]},
    ),
]
KNOWN = {helper.function.__qualname__: helper for helper in HELPERS}

# Not called by a notebook: the compiled program behind `training`, the checks themselves, and what
# IPython calls.
MACHINERY = {"batched", "checks", "order"}
# Called by the bench of `diagnosis`, by itself, and by notebook 10 on the bench's record.
INSIDE = {
    "answers", "ask_copies", "ask_shift", "ask_underfit", "bench", "by_situation", "enough_rows",
    "features", "fingerprint", "main", "measured", "measured_replicates", "measured_rows",
    "read_history", "rows_of_steps", "rules_of_thumb", "score", "shown",
}  # fmt: skip
# The cases of notebook 10, which alone calls them; test_clinic.py tries them.
HIDDEN = {"clinic"}
# Leaves to matplotlib what matplotlib refuses itself; test_figures.py tries what it would not.
DRAWING = {"plotting"}
# What `evidence.claim` and `fit_replicas` make, and what a check raises.
MADE_ELSEWHERE = {"Claim", "Diagnosis", "Finding", "Runs", "Wrong"}
WITHOUT_ARGUMENTS = {"Exercise.hint", "Exercise.solution", "Slider.frames"}


def public():
    """Yield every public function, class and method of the helpers' own, with its name."""
    for module in pkgutil.iter_modules(helpers.__path__):
        if module.name in MACHINERY | DRAWING | HIDDEN:
            continue
        module = importlib.import_module(f"helpers.{module.name}")
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
                continue
            if name in MADE_ELSEWHERE | INSIDE or not (
                inspect.isfunction(value) or inspect.isclass(value)
            ):
                continue
            yield name, value
            if inspect.isclass(value):
                for method, function in vars(value).items():
                    if inspect.isfunction(function) and not method.startswith("_"):
                        yield f"{name}.{method}", function


def test_every_public_helper_is_in_the_table_with_every_argument():
    found = dict(public())
    assert found.keys() - WITHOUT_ARGUMENTS == KNOWN.keys()
    for name, function in found.items():
        parameters = inspect.signature(function).parameters.values()
        asked = {p.name for p in parameters if p.kind != p.VAR_KEYWORD} - {"self"}
        if name in WITHOUT_ARGUMENTS:
            assert not asked
        else:
            assert asked <= KNOWN[name].allows.keys(), name


# --- arguments are left as they are -----------------------------------------------------------


def copied(value):
    """Return what there is to compare of a value afterwards."""
    if isinstance(value, np.ndarray):
        return value.copy() if value.size < 10**6 else value
    if isinstance(value, dict):
        return {key: copied(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(copied, value))
    return value


def same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and repr(a) == repr(b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a is b or a == b


def state(arguments):
    """Return what a refused call must leave alone besides: the random numbers and the figures."""
    generators = [v for v in arguments.values() if isinstance(v, np.random.Generator)]
    return [g.bit_generator.state for g in generators], plt.get_fignums()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def judge(helper, name, value):
    """Assert that a value is accepted if it is allowed, and else refused by name."""
    arguments = helper.arguments(name, value)
    before, untouched = copied(arguments), state(arguments)
    allowed = helper.rules()[name](value)
    said = f"{helper.function.__qualname__}, {name} = {checks.short(value)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = helper(arguments)
    except helper.errors.get(name, (TypeError, ValueError)) as error:
        assert not allowed, f"{said} is allowed, but refused: {error}"
        names = helper.named.get(name, [name])
        assert any(n in str(error) for n in names), f"{said}: no name in {error!r}"
        assert state(arguments) == untouched, f"{said} is refused too late"
    else:
        assert allowed, f"{said} is not allowed, but accepted"
        assert helper.result(result), f"{said} gives {checks.short(result)}"
        plt.close("all")
    assert same(before, arguments), f"{said} was changed"


CASES = [(helper, name) for helper in HELPERS for name in helper.rules()]
NAMES = [f"{helper.function.__qualname__}: {name}" for helper, name in CASES]


@pytest.mark.parametrize("name", KNOWN)
def test_a_valid_call_is_accepted_and_changes_nothing(name):
    helper = KNOWN[name]
    arguments = helper.valid()
    before = copied(arguments)
    assert helper.result(helper(arguments))
    assert same(before, arguments)


# --- what is tried ----------------------------------------------------------------------------

POOL = {
    "None": lambda: None,
    "True": lambda: True,
    "NaN": lambda: float("nan"),
    "infinity": lambda: -np.inf,
    "NumPy's NaN": lambda: np.float32("nan"),
    "negative": lambda: -1,
    "a fraction": lambda: 2.5,
    "2**40": lambda: 2**40,
    "10**12": lambda: np.int64(10**12),
    "10**30": lambda: 10**30,
    "10**5000": lambda: 10**5000,
    "1e9": lambda: 1e9,
    "1e308": lambda: 1e308,
    "complex": lambda: 1j,
    "nothing": lambda: "",
    "text": lambda: "text",
    "digits": lambda: "3",
    "long text": lambda: "long" * 10_000,
    "bytes": lambda: b"train",
    "an object": object,
    "a function": lambda: anything_at_all,
    "an empty list": list,
    "an empty tuple": tuple,
    "an empty dict": dict,
    "a set": lambda: {1, 2},
    "a generator": lambda: (i for i in (1, 2)),
    "a dict": lambda: {"train": 3},
    "curves of unequal lengths": lambda: {"train": [1, 2], "test": [1, 2, 3]},
    "a list of None": lambda: [None, None],
    "a list of texts": lambda: ["1", "2"],
    "numbers and a text": lambda: [1.0, "a", 3.0],
    "a list with NaN": lambda: [1.0, float("nan"), 3.0],
    "unequal rows": lambda: [[1, 2], [3]],
    "nested": lambda: [[[1]]],
    "a huge entry": lambda: [1, 10**400],
    "negative entries": lambda: [-1, 2],
    "the same twice": lambda: [7, 7],
    "a seed of 2**40": lambda: [1, 2**40],
    "falling": lambda: (3.0, 1.0),
    "an endless range": lambda: range(10**12),
    "an array without entries": lambda: np.zeros((0, 2)),
    "rows without entries": lambda: np.zeros((4, 0)),
    "an array with NaN": lambda: np.full((4, 2), np.nan),
    "an array of 1e308": lambda: np.full((4, 2), 1e308),
    "an array of text": lambda: np.full((4, 2), "1"),
    "an array of objects": lambda: np.full((4, 2), None),
    "a complex array": lambda: np.full((4, 2), 1j),
    "dates": lambda: np.zeros(3, "datetime64[s]"),
    "four axes": lambda: np.ones((2, 5, 3, 1)),
    "a single number": lambda: np.array(1.0),
    "a huge view": lambda: np.broadcast_to(1.0, (10**7, 10**7)),
    "rows of another width": lambda: np.ones((4, 3)),
    "fewer rows": lambda: np.ones((3, 2)),
    "other replicates": lambda: np.ones((3, 4, 2)),
    "two splits": lambda: (np.ones((4, 2)), np.ones(3)),
    "half a split": lambda: (np.ones((4, 2)),),
}


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_wrong_value_is_refused_by_name(case):
    for value in POOL.values():
        judge(*case, value())


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
TYPES = ("float64", "float32", "float16", "int64", "uint8", "bool", "complex128", "U2")
ARRAYS = st.sampled_from(TYPES).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6))
)
VALUES = SCALARS | ARRAYS | st.lists(SCALARS, max_size=4) | st.dictionaries(SCALARS, ARRAYS)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@settings(derandomize=True, deadline=None, max_examples=15, database=None)
@given(value=VALUES)
def test_any_value_is_allowed_or_refused_by_name(case, value):
    judge(*case, value)


# --- several arguments together, and functions that are given ------------------------------------


def rows_of(replicates):
    return np.ones((replicates, 4, 2)), np.ones((replicates, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.unrelated(10**7, 100, rng()), "rows times features must be"),
        (lambda: data.resplit(np.ones((10**4, 20)), np.ones(10**4), (9,), range(10**4)), "seeds"),
        (lambda: data.cut(np.ones((5, 2)), np.ones(5)), "rows must give the size of at least one"),
        (lambda: data.per_seed(lambda: 0, [1]), "draw must be callable with 1 arguments"),
        (lambda: data.per_seed(lambda rng: np.ones(3), [1]), "draw must be a function that"),
        (lambda: data.per_seed(lambda rng: (), [1]), "draw must return at least one array"),
        (
            lambda: data.per_seed(lambda rng: (rng.random(rng.integers(1, 99)),), range(5)),
            "draw must return .* of the same shape for every seed",
        ),
        (lambda: training.batch_orders(range(100), 10**5, 10**5), "seeds times rows times epochs"),
        (
            lambda: training.fit_replicas(
                build_model, rows_of(2), epochs=10**6, seeds=range(10**4)
            ),
            "epochs times seeds must be",
        ),
        (
            lambda: training.fit_replicas(
                build_model, rows_of(2), rows_of(3), epochs=1, seeds=[1, 2]
            ),
            r"validation x must have shape \(n, 2\) or \(2, n, 2\), got .* \(3, 4, 2\)",
        ),
        (
            lambda: training.fit_replicas(
                build_model, rows_of(2), test=(np.ones((4, 3)), np.ones(4)), epochs=1, seeds=[1, 2]
            ),
            r"test x must have shape \(n, 2\)",
        ),
        (
            lambda: training.fit_replicas(lambda size: 0, rows_of(1), epochs=1, seeds=[1]),
            "build_model must be callable with 0 arguments",
        ),
        (lambda: exercises.Exercise(len, lambda: 0, ["."]), "verify must be callable with 1"),
        (lambda: slider(draw=lambda: 0), "draw must be callable with 1"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
    assert not plt.get_fignums()
