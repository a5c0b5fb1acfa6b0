"""What the teaching material takes from the notebooks: cells, sections, minutes, definitions."""

import ast
import functools
from pathlib import Path

import nbformat

from tools import dress

ROOT = Path(__file__).resolve().parents[2]
CLASS = ROOT / "class"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def number(path):
    """Return a notebook's number, such as "02b"."""
    return path.stem.split("_")[0]


def by_number(wanted):
    """Return the path of the notebook of that number, or raise KeyError."""
    return {number(path): path for path in NOTEBOOKS}[wanted]


@functools.cache
def _parts(wanted):
    return dress.split(nbformat.read(by_number(wanted), as_version=4).cells)


def core(wanted):
    """Return the cells of the core of the notebook of that number."""
    return _parts(wanted)[0]


def further(wanted):
    """Return the cells that follow the core of the notebook of that number."""
    return _parts(wanted)[1]


def tags(cell):
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def cell(wanted, name):
    """Return the core's cell of that id, or raise KeyError."""
    return {c["id"]: c for c in core(wanted)}[name]


def sections(wanted):
    """Return a core's cells by section.

    Parameters
    ----------
    wanted : str
        Number of the notebook.

    Returns
    -------
    dict of str to list of NotebookNode
        By the text of a heading of the first or second level, in order. The title and all cells up
        to the next heading are "top".
    """
    found, heading = {"top": []}, "top"
    for c in core(wanted):
        if c.cell_type == "markdown" and c.source.startswith("## "):
            heading = c.source.splitlines()[0][3:]
        found.setdefault(heading, []).append(c)
    return found


def definitions(wanted):
    """Run a core's imports, its settings and its functions, and nothing else.

    Parameters
    ----------
    wanted : str
        Number of the notebook.

    Returns
    -------
    dict
        The names that they make. What a notebook teaches is thus called, not copied.
    """
    names = {}
    for c in core(wanted):
        if c.cell_type != "code":
            continue
        body = ast.parse(c.source).body
        if "parameters" not in tags(c):
            kept = (ast.Import, ast.ImportFrom, ast.FunctionDef)
            body = [node for node in body if isinstance(node, kept)]
        exec(compile(ast.Module(body, []), f"{wanted}, {c['id']}", "exec"), names)
    return names


def run(wanted, cells, changes=(), **settings):
    """Run some cells of a core after its imports, settings and functions.

    Parameters
    ----------
    wanted : str
        Number of the notebook.
    cells : sequence of str
        Their ids, in order.
    changes : sequence of tuple (old, new)
        Pieces of code to replace. Each must stand in these cells.
    **settings
        New values for names of the settings cell.

    Returns
    -------
    dict
        The names that there are afterwards.

    Raises
    ------
    ValueError
        A piece of code is not there.
    """
    names = definitions(wanted) | settings
    code = "\n".join(cell(wanted, name).source for name in cells)
    for old, new in changes:
        if old not in code:
            raise ValueError(f"{old!r} stands in none of the cells {cells} of {wanted}")
        code = code.replace(old, new)
    exec(compile(code, f"{wanted}, {cells}", "exec"), names)
    return names
