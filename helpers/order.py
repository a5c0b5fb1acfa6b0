"""Tell a learner which cell to run first. Standard library alone; IPython loads it.

A cell that needs a name which no cell has made yet ends in one line instead of a traceback. The
notebook is read from the kernel's folder, which is where JupyterLab starts a kernel. It may be the
learner's own copy, with cells changed or half typed.
"""

import builtins
import dis
import json
import os
import re
import types
from contextlib import suppress
from pathlib import Path

_MODULES = (
    "keras", "tensorflow", "numpy", "scipy", "pandas", "sklearn", "imblearn", "matplotlib",
    "ipywidgets", "tqdm",
)  # fmt: skip
_REPAIR = (
    "Choose the kernel 'Python 3' of the course (menu Kernel, Change Kernel), or close JupyterLab "
    "and start it with `python3 course.py lab`, which mends what is missing."
)


def names(source):
    """Say which names a cell makes and which it needs from cells before it.

    Lines that begin with `%`, `!` or `?` are IPython's and count as nothing. So does a whole cell
    that is no Python without them.

    Parameters
    ----------
    source : str
        Python code of one cell.

    Returns
    -------
    made, needed : set of str
        Names assigned at the top level, and names that are read before this cell assigns them or
        read in a function of it, less Python's own.
    """
    code = compile("", "<cell>", "exec")
    for text in (source, re.sub(r"^(\s*)[%!?].*", r"\1pass", source, flags=re.MULTILINE)):
        with suppress(SyntaxError, ValueError):  # ValueError: a null character
            code = compile(text, "<cell>", "exec")
            break
    made, needed = set(), set()
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME":
            made.add(step.argval)
        elif step.opname == "LOAD_NAME" and step.argval not in made:
            needed.add(step.argval)
    return made, (needed | _read_inside(code) - made) - set(dir(builtins))


def _read_inside(code):
    found = set()
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            steps = list(dis.get_instructions(inner))
            stored = {step.argval for step in steps if step.opname == "STORE_NAME"}  # of a class
            read = {s.argval for s in steps if s.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
            found |= (read - stored) | _read_inside(inner)
    return found


def code_cells(path):
    """Return the code cells of a notebook file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    list of tuple (heading, source)
        The last Markdown heading above each cell, and its code.
    """
    heading, found = "", []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            found.append((heading, source))
        elif headings := re.findall(r"^#+ +(.+)$", source, re.MULTILINE):
            heading = headings[-1]
    return found


def first_cell(cells, name, known):
    """Find the first cell that has to be run before `name` can be had.

    Parameters
    ----------
    cells : list of tuple (heading, source)
        The notebook's code cells from top to bottom.
    name : str
        The name that is missing.
    known : collection of str
        Names that exist already.

    Returns
    -------
    int or None
        The place in `cells`; None if no cell makes the name.
    """
    uses = [names(source) for _, source in cells]

    def maker(name):
        return next((i for i, (made, _) in enumerate(uses) if name in made), None)

    place, seen = maker(name), set()
    while place is not None and place not in seen:
        seen.add(place)
        earlier = {maker(other) for other in uses[place][1] - set(known)} - {None, *seen}
        if not earlier:
            return place
        place = min(earlier)
    return place


def advice(error, ran, known, folder):
    """Say in one line what to do about a name or a package that is missing.

    Parameters
    ----------
    error : NameError or ModuleNotFoundError
    ran : list of str
        Code of the cells that this kernel has run, in their order, the failing one last.
    known : collection of str
        Names that exist in the kernel.
    folder : pathlib.Path
        Where the kernel runs.

    Returns
    -------
    str or None
        None if the course has nothing to say: the name or the package is the learner's own.
    """
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").split(".")[0]
        return f"this kernel has no {package}. {_REPAIR}" if package in _MODULES else None
    cells = _notebook(folder, ran)
    place = first_cell(cells, error.name, known)
    if place is None:
        return None
    heading, source = cells[place]
    line = next(line for line in source.splitlines() if line and not line.startswith("#"))
    return (
        f"{error.name} does not exist yet. Run this cell first: the one in the section "
        f'"{heading}" that begins with `{line}` (or all cells above: menu Run, Run All Above '
        "Selected Cell). Then run this one again."
    )


def _notebook(folder, ran):
    """Return the cells of the kernel's notebook, or of the one that shares most with what was run.

    JupyterLab names the notebook in JPY_SESSION_NAME; other programs do not, and a notebook may
    have been renamed since.
    """
    named = folder / Path(os.environ.get("JPY_SESSION_NAME", "")).name
    if named.suffix != ".ipynb" or not named.exists():
        named = None
    best, most = [], 0
    for path in [named] if named else sorted(folder.glob("*.ipynb")):
        try:
            cells = code_cells(path)
        except (OSError, ValueError, LookupError, TypeError):
            continue  # not a notebook: none of our business here
        shared = len({source for _, source in cells} & set(ran))
        if shared > most or path == named:
            best, most = cells, shared
    return best


def load_ipython_extension(shell):
    """Have a kernel answer a missing name or package with `advice`, where there is one.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """

    def explain(shell, kind, error, trace, tb_offset=None):
        line = advice(error, shell.user_ns["In"], shell.user_ns, Path.cwd())
        if line is not None:
            error._render_traceback_ = lambda: [f"{kind.__name__}: {line}"]  # IPython asks for it
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    shell.set_custom_exc((NameError, ModuleNotFoundError), explain)
