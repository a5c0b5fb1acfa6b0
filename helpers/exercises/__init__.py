"""Exercises with `check`, `hint` and `solution`; one module per notebook."""

import dis
import inspect

import numpy as np

from helpers import checks


class Wrong(Exception):  # noqa: N818 - it is an answer, not an error of the program
    """Raised by a check: the answer is wrong, and this says what is wrong with it."""


class Exercise:
    """One exercise of a notebook.

    Parameters
    ----------
    solution : callable
        The answer, as a function whose name is ``_solve_`` and the name in the notebook. Its
        source is what `solution` shows.
    verify : callable
        Takes the learner's answer and raises `Wrong` with a sentence if it is not right.
    hints : sequence of str
        Shown one after the other, from a nudge to nearly everything. At least one.
    value : bool, default False
        Whether the answer is what `solution` returns, instead of the function.
    """

    def __init__(self, solution, verify, hints, *, value=False):
        self._solution = checks.function("solution", solution)
        self._verify = checks.function("verify", verify, 1)
        self._hints = checks.texts("hints", hints, most=20)
        self._value = checks.flag("value", value)
        self._shown = 0

    def check(self, answer):
        """Print whether `answer` is right; if not, what is wrong with it. Raises nothing."""
        if is_untouched(answer):
            print("Not attempted yet. Replace the ... with your code, run the cell, check again.")
            return
        try:
            self._verify(answer)
        except Wrong as reason:
            print(f"Not yet: {reason}")
        except Exception as error:  # the learner's own code may raise anything
            print(f"Not yet: your code stops with {type(error).__name__}: {error}")
        else:
            print("Right.")

    def hint(self):
        """Print the next hint."""
        print(f"Hint {self._shown + 1} of {len(self._hints)}: {self._hints[self._shown]}")
        self._shown = min(self._shown + 1, len(self._hints) - 1)

    def solution(self):
        """Print the source of one right answer, to be put in the place of the stub."""
        name = self._solution.__name__.removeprefix("_solve_")
        source = inspect.getsource(self._solution).replace(self._solution.__name__, name)
        print(f"{source}\n\n{name} = {name}()" if self._value else source)


def is_untouched(answer):
    """Say whether an answer is still the stub: `...` itself, or a function that does nothing else.

    Parameters
    ----------
    answer : object

    Returns
    -------
    bool
    """
    if answer is ...:
        return True
    if not inspect.isfunction(answer):
        return False
    body = [step for step in dis.get_instructions(answer) if step.opname not in _EMPTY]
    return all(step.argval is None or step.argval is ... for step in body) and all(
        step.opname in ("LOAD_CONST", "RETURN_CONST") for step in body
    )


_EMPTY = ("RESUME", "NOP", "RETURN_VALUE")


def expect_array(value, shape, meaning):
    """Turn an answer into an array of the shape that is asked for, or say why it is not one.

    Parameters
    ----------
    value : object
        What the learner's function returned.
    shape : tuple of int
        The shape asked for.
    meaning : str
        What the entries are, for the message: "one gap per run".

    Returns
    -------
    numpy.ndarray of float

    Raises
    ------
    Wrong
        The answer is None, not numeric, of another shape, or holds NaN or an infinity.
    TypeError, ValueError
        `shape` or `meaning` is not as above: the exercise is wrong, not the answer.
    """
    for length in checks.instance("shape", shape, tuple, "a tuple of whole numbers"):
        checks.whole("shape", length)
    checks.text("meaning", meaning)
    if value is None:
        raise Wrong("your function returns None. Is there a `return`?")
    try:
        if checks.length(value) > checks.MOST_NUMBERS:
            raise ValueError
        array = np.asarray(value)
        # NumPy would drop a part of complex numbers, and read text as numbers.
        if array.size > checks.MOST_NUMBERS or array.dtype.kind in "cSU":
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise Wrong(f"the answer must be numbers, {meaning}, not {type(value).__name__}.") from None
    if array.shape != shape:
        raise Wrong(f"the answer must have shape {shape}, {meaning}, not {array.shape}.")
    if not np.isfinite(array).all():
        raise Wrong("the answer holds NaN or an infinity.")
    return array
