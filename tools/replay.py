"""Run a notebook's own cells in this process: changed, left out, or in another order.

Whoever wants to know whether a claim hangs on its cause, or what a learner sees who skips a cell,
runs the cells that the learner reads. No experiment is written a second time.
"""

import ast
import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from helpers import evidence, order

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
_CLAIM = re.compile(r'^[^#\n]*evidence\.claim\(\s*"([\w-]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What one cell came to.

    Attributes
    ----------
    place : int
        Which code cell, counted from 0.
    claim : dict or None
        The claim that the cell decided.
    advice : str or None
        The line that a learner reads if a name was missing.
    error : str or None
        Any other error.
    """

    place: int
    claim: dict | None = None
    advice: str | None = None
    error: str | None = None


class Replay:
    """The code cells of one notebook, with some of their text changed.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.
    changes : sequence of tuple (old, new)
        Pieces of code to replace. Each must stand in the notebook exactly once.
    **settings
        New values for names of the settings cell, such as ``QUICK=True`` or ``SEED=1_000``.

    Raises
    ------
    ValueError
        A piece of code or a setting is not there, or not once.
    """

    def __init__(self, path, changes=(), **settings):
        self.path = path
        self._stored = [source for _, source in order.code_cells(path)]
        self.sources = list(self._stored)
        for old, new in changes:
            self._replace(re.escape(old), new, old)
        for name, value in settings.items():
            self._replace(rf"(?m)^{name} = .*?(?=  #|$)", f"{name} = {value!r}", f"{name} = ")

    def _replace(self, pattern, new, shown):
        found = [i for i, text in enumerate(self.sources) for _ in re.finditer(pattern, text)]
        if len(found) != 1:
            raise ValueError(
                f"{shown!r} must stand once in {self.path.name}, not {len(found)} times"
            )
        place = found[0]
        self.sources[place] = re.sub(pattern, lambda _: new, self.sources[place])

    def places_of_claims(self):
        """Return the place of the cell of every claim, by the claim's id."""
        found = {}
        for place, text in enumerate(self._stored):
            for name in _CLAIM.findall(text):
                found[name] = place
        return found

    def needed_for(self, claims):
        """Return the places of the cells that these claims hang on, from top to bottom.

        Parameters
        ----------
        claims : iterable of str
            Ids.

        Returns
        -------
        list of int
        """
        uses = [order.names(text) for text in self.sources]
        places = self.places_of_claims()
        wanted, found = [places[name] for name in claims], set()
        while wanted:
            place = wanted.pop()
            if place not in found:
                found.add(place)
                needed = uses[place][1]
                wanted += [i for i, (made, _) in enumerate(uses) if i < place and made & needed]
        return sorted(found)

    def run(self, places=None):
        """Run cells in one new namespace, as a kernel that starts afresh would.

        Parameters
        ----------
        places : iterable of int or None
            Which cells, in which order; None runs all from top to bottom.

        Yields
        ------
        Outcome
            After each cell.
        """
        matplotlib.use("agg")  # no windows; an environment variable would reach kernels as well
        space, ran = {"__name__": "__main__"}, []
        for place in range(len(self.sources)) if places is None else places:
            ran.append(self._stored[place])
            claim = advice = failure = None
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    shown = _execute(self.sources[place], space)
                claim = shown.record() if isinstance(shown, evidence.Claim) else None
            except (NameError, ModuleNotFoundError) as error:
                advice = order.advice(error, ran, space, self.path.parent)
                failure = None if advice else f"{type(error).__name__}: {error}"
            except Exception as error:  # a cell may raise anything: that is what is asked here
                failure = f"{type(error).__name__}: {error}"
            plt.close("all")
            yield Outcome(place, claim, advice, failure)


def _execute(source, space):
    """Run a cell and return what a notebook would show: the value of its last expression."""
    body = ast.parse(source)
    last = body.body.pop() if isinstance(body.body[-1], ast.Expr) else None
    exec(compile(body, "<cell>", "exec"), space)
    if last is not None:
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)
