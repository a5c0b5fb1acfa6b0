"""What surrounds every check: it judges alike each time and leaves nothing changed."""

import contextlib
import functools
import inspect
import io
import random

import numpy as np

from helpers import checks
from helpers.exercises import Wrong

_SEED = 1
_CHARACTERS = 1_000  # of what the learner's code prints


def judge(solution=None):
    """Make a decorator for a check.

    The check runs with random states of its own: code that draws from Python's or NumPy's global
    generator is judged alike each time, and both states are put back afterwards (Keras takes the
    seeds of layers and initialisers from Python's). What the learner's code prints is cut after
    1,000 characters, so the verdict stays in sight.

    Parameters
    ----------
    solution : callable, optional
        A right answer. Its parameters are what the check calls the learner's function with; an
        answer that cannot be called so is refused. Leave it out where the answer may be another
        thing than a function.

    Returns
    -------
    callable
        Takes a check and returns one that raises the same, and `Wrong` for `SystemExit`.
        `KeyboardInterrupt` passes.

    Raises
    ------
    TypeError
        `solution` is neither left out nor callable.
    """
    asked = None if solution is None else _parameters(checks.function("solution", solution))

    def decorate(verify):
        @functools.wraps(verify)
        def judged(answer):
            if asked is not None:
                _check_call(answer, asked)
            with _own_randomness(), _short_output():
                try:
                    verify(answer)
                except Wrong:
                    raise
                except SystemExit:
                    raise Wrong(
                        "your code ends Python with exit(). Hand the answer back with `return`."
                    ) from None
                except Exception as error:
                    # Under the names asked for, the error speaks for itself.
                    if asked is None or _parameters(answer) in (None, asked):
                        raise
                    text = str(error).rstrip(".")
                    raise Wrong(
                        f"your code stops with {type(error).__name__}: {text}. Is it the answer "
                        f"to this exercise? It is called with {_listed(asked)}, and takes them as "
                        f"{_listed(_parameters(answer))}."
                    ) from error

        return judged

    return decorate


def _parameters(function):
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # no function, or one written in C
        return None


def _listed(names):
    if not names:
        return "no argument"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _check_call(answer, asked):
    if not callable(answer):
        raise Wrong(f"this should be a function of {_listed(asked)}, and is {answer!r:.60}.")
    takes = _parameters(answer)
    if takes is None:
        return
    try:
        inspect.signature(answer).bind(*asked)
    except TypeError:
        raise Wrong(
            f"your function is called with {_listed(asked)}, and takes {_listed(takes)}."
        ) from None


def unchanged(what, given, kept):
    """Refuse an answer that changed what it was given.

    Parameters
    ----------
    what : str
        What the learner's function was given, for the message: "x or y".
    given, kept : numpy.ndarray, or sequence of them
        After the call, and as they were before it.

    Raises
    ------
    Wrong
        They differ.
    """
    single = isinstance(given, np.ndarray)
    pairs = [(given, kept)] if single else zip(given, kept, strict=True)
    if not all(np.array_equal(after, before) for after, before in pairs):
        raise Wrong(f"your code changes {what} in place. Work on a copy.")


@contextlib.contextmanager
def _own_randomness():
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(_SEED)
    np.random.seed(_SEED)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


class _Cut(io.StringIO):
    """Keep the first characters and count the others."""

    lost = 0

    def write(self, text):
        kept = text[: max(_CHARACTERS - self.tell(), 0)]
        self.lost += len(text) - len(kept)
        super().write(kept)
        return len(text)


@contextlib.contextmanager
def _short_output():
    printed = _Cut()
    try:
        with contextlib.redirect_stdout(printed):
            yield
    finally:
        if text := printed.getvalue().rstrip("\n"):
            print(text)
        if printed.lost:
            print(f"(Your code prints {printed.lost:,} characters more.)")
