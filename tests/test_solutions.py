"""The stored solutions, put where the stubs stand, turn every answer of a notebook to "Right."."""

import ast
import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0[1-7]*_*.ipynb"))
STUB = "Not attempted yet"


def asks(cell):
    return cell.cell_type == "code" and ".check(" in cell.source


def modules(cells):
    """Find what a notebook's cells import from helpers.exercises, by the name they use."""
    for cell in cells:
        if cell.cell_type == "code" and "helpers.exercises" in cell.source:
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.ImportFrom) and node.module == "helpers.exercises":
                    for name in node.names:
                        module = importlib.import_module(f"helpers.exercises.{name.name}")
                        yield name.asname or name.name, module


def solved(cell, exercises):
    """Put the solution, as it is printed, in the place of the stub."""
    lines = cell.source.splitlines()
    tree = ast.parse(cell.source).body
    (called,) = [
        node.value
        for node in tree
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    name, (answer,) = called.func.value.attr, (argument.id for argument in called.args)
    (place,) = [
        node
        for node in tree
        if getattr(node, "name", None) == answer
        or isinstance(node, ast.Assign) and node.targets[0].id == answer
    ]  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        getattr(exercises, name).solution()
    lines[place.lineno - 1 : place.end_lineno] = printed.getvalue().rstrip().splitlines()
    return "\n".join(lines)


def imports_needed(cell, words):
    """Keep of a cell's imports those that bring one of the words; another cell stays as it is."""
    body = ast.parse(cell.source).body
    if not all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body):
        return cell.source
    for node in body:
        node.names = [n for n in node.names if (n.asname or n.name.split(".")[0]) in words]
    return "\n".join(ast.unparse(node) for node in body if node.names)


def is_start(cell):
    """Say whether a cell is what the exercises start from: imports, or the settings."""
    if cell.cell_type != "code":
        return False
    body = ast.parse(cell.source).body
    only_imports = all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body)
    return only_imports or "parameters" in cell.metadata.get("tags", [])


def prepared(path, solve=solved, whole=False):
    """Read a notebook, with solutions put in, whole or without what the exercises do not need."""
    notebook = nbformat.read(path, as_version=4)
    ((_, exercises),) = modules(notebook.cells)
    for cell in filter(asks, notebook.cells):
        assert cell.outputs[0].text.startswith(STUB)
        cell.source = solve(cell, exercises)
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="Right.\n")]
    if not whole:
        words = set(re.findall(r"\w+", "\n".join(c.source for c in notebook.cells if asks(c))))
        notebook.cells = [c for c in notebook.cells if asks(c) or is_start(c)]
        for cell in notebook.cells:
            cell.source = imports_needed(cell, words)
    return notebook


def run(notebook, folder):
    """Run a notebook under nbval in a process of its own, with the project's settings."""
    nbformat.write(notebook, folder / "solved.ipynb")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"),
            *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)),
            str(folder / "solved.ipynb"),
        ],
        cwd=ROOT,
        # The kernel starts in the folder; a progress bar would be one output more where it is slow.
        env=os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=1_800,
    )


def count(notebook):
    return sum(cell.cell_type == "code" for cell in notebook.cells)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("whole", [False, True])
def test_a_notebook_with_the_solutions_put_in_passes(path, whole, tmp_path):
    notebook = prepared(path, whole=whole)
    assert sum(map(asks, notebook.cells)) >= 3
    done = run(notebook, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{count(notebook)} passed", done.stdout, re.MULTILINE), done.stdout


def test_a_stub_and_a_wrong_answer_do_not_pass(tmp_path):
    def solve(cell, exercises):
        if "exercises.honest_fall." in cell.source:
            return cell.source  # the stub stays
        source = solved(cell, exercises)
        return source.replace('"settled"', '"overfits"')

    notebook = prepared(NOTEBOOKS[0], solve)
    assert sum('"C": "overfits"' in cell.source for cell in notebook.cells) == 1
    done = run(notebook, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"2 failed, {count(notebook) - 2} passed" in done.stdout
    assert STUB in done.stdout and "Not yet: C is not" in done.stdout
