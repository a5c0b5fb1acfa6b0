"""Check the arguments of the helpers: one wording for every refusal. NumPy alone.

Besides `batched`, this is the one module that other helpers import. The reason: all of them refuse
the same things, and six copies of a check would drift apart. It knows nothing of those that import
it. Each check takes the argument's name first, and raises a TypeError or a ValueError that gives
the name, what is allowed and what came instead.
"""

import inspect
import re
import reprlib
import sys
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np

MOST = 10_000_000
MOST_NUMBERS = 1_000_000_000
LARGEST = 1e100  # its square is still a number
_LONGEST = 1_000

_SHORT = reprlib.Repr()
_SHORT.maxother = _SHORT.maxstring = 60


def short(value):
    """Describe a value in a few words, whatever it is."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        empty = "an empty " if 0 in shape else ""
        return f"{empty}{type(value).__name__} of shape {shape}"
    try:
        return _SHORT.repr(value)
    except ValueError:  # Python writes no whole number of thousands of digits
        return f"{type(value).__name__} that is too long to write"


def whole(name, value, least=1, most=MOST):
    """Return a whole number of `least` to `most` as an int."""
    allowed = f"{name} must be a whole number from {least:,} to {most:,}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{allowed}, got {short(value)}")
    if not least <= value <= most:
        raise ValueError(f"{allowed}, got {short(value)}")
    return int(value)


def number(name, value, low=-LARGEST, high=LARGEST, *, ends=True):
    """Return a number of `low` to `high` as a float; without `ends` these two are refused."""
    allowed = f"{name} must be a number from {low:g} to {high:g}{'' if ends else ', both excluded'}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{allowed}, got {short(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = np.inf
    if not low <= found <= high or (not ends and found in (low, high)):
        raise ValueError(f"{allowed}, got {short(value)}")
    return found


def numbers(name, values, *shapes, low=-LARGEST, high=LARGEST):
    """Return values as an array of numbers of `low` to `high`, not copied where it is one.

    A shape is a tuple; an entry that is text ("n") allows any length but 0, and `...` at its end
    any further axes. Without shapes all are allowed.
    """
    if length(values) > MOST_NUMBERS:
        raise ValueError(f"{name} must hold at most {MOST_NUMBERS:,} numbers, got {short(values)}")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):  # rows of unequal lengths, for example
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of numbers, got {short(values)}")
    shaped(name, array, *shapes)
    # Without temporary copies; a NaN makes both of them NaN.
    smallest, largest = float(array.min()), float(array.max())
    if not (low <= smallest and largest <= high):
        problem = "NaN" if np.isnan(smallest) else f"{smallest:g} to {largest:g}"
        raise ValueError(f"{name} must hold finite numbers from {low:g} to {high:g}, got {problem}")
    return array


def shaped(name, array, *shapes):
    """Return an array that has one of the shapes, described as for `numbers`."""
    if not 0 < array.size <= MOST_NUMBERS:
        raise ValueError(f"{name} must hold 1 to {MOST_NUMBERS:,} numbers, got {short(array)}")
    if shapes and not any(_fits(array.shape, shape) for shape in shapes):
        wanted = " or ".join(map(_written, shapes))
        raise ValueError(f"{name} must have shape {wanted}, got {short(array)}")
    return array


def length(values):
    """Return how many entries a value has, 0 if it has no length."""
    try:
        return len(values)
    except TypeError:
        return 0
    except OverflowError:
        return sys.maxsize


def _written(shape):
    entries = ["..." if entry is ... else str(entry) for entry in shape]
    return f"({', '.join(entries)}{',' if len(entries) == 1 else ''})"


def _fits(shape, wanted):
    if wanted and wanted[-1] is ...:
        wanted = wanted[:-1]
        shape = shape[: len(wanted)]
    return len(shape) == len(wanted) and all(
        isinstance(entry, str) or entry == length
        for entry, length in zip(wanted, shape, strict=True)
    )


def sequence(name, values, what, least=1, most=100_000):
    """Return a sequence of `least` to `most` entries as a list; `what` says what they are."""
    allowed = f"{name} must be a sequence of {least:,} to {most:,} {what}"
    if isinstance(values, (str, bytes)) or not (
        isinstance(values, Sequence) or getattr(values, "ndim", None) == 1
    ):
        raise TypeError(f"{allowed}, got {short(values)}")
    if not least <= length(values) <= most:
        raise ValueError(f"{allowed}, got {short(values)}")
    return list(values)


def texts(name, values, most):
    """Return a sequence of texts as a list."""
    return [
        text(f"{name}[{i}]", value)
        for i, value in enumerate(sequence(name, values, "texts", most=most))
    ]


def labels(name, values, most):
    """Return a sequence of numbers and texts as a list."""
    values = sequence(name, values, "numbers or texts", most=most)
    for i, value in enumerate(values):
        (text if isinstance(value, str) else number)(f"{name}[{i}]", value)
    return values


def seeds(values, *, distinct=False):
    """Return the argument `seeds` as a list of int, each below 2**32."""
    found = [
        whole(f"seeds[{i}]", seed, 0, 2**32 - 1)
        for i, seed in enumerate(sequence("seeds", values, "whole numbers"))
    ]
    if distinct and len(set(found)) < len(found):
        raise ValueError(f"seeds must hold no number twice, got {short(found)}")
    return found


def one_of(name, value, allowed):
    """Return a text or a number that is one of those allowed."""
    if not isinstance(value, (str, Real)) or value not in allowed:
        raise ValueError(f"{name} must be one of {list(allowed)}, got {short(value)}")
    return value


def text(name, value, pattern=".*", allowed="text"):
    """Return a text that fits a pattern; `allowed` says in words what fits."""
    allowed = f"{name} must be {allowed}, at most {_LONGEST:,} characters"
    if not isinstance(value, str):
        raise TypeError(f"{allowed}, got {short(value)}")
    if len(value) > _LONGEST or not re.fullmatch(pattern, value, re.DOTALL):
        raise ValueError(f"{allowed}, got {short(value)}")
    return value


def flag(name, value):
    """Return True or False as a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {short(value)}")
    return bool(value)


def instance(name, value, kind, allowed):
    """Return an object of a class; `allowed` says in words what it is."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {allowed}, got {short(value)}")
    return value


def function(name, value, arguments=None):
    """Return a callable that can take so many arguments; None leaves their number open."""
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {short(value)}")
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):  # some built-in functions do not tell
        return value
    try:
        if arguments is not None:
            signature.bind(*[None] * arguments)
    except TypeError:
        raise TypeError(
            f"{name} must be callable with {arguments} arguments, got one that takes {signature}"
        ) from None
    return value
