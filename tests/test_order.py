"""The order of the cells: nothing may depend on it, and who leaves one out is told."""

import ast
import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import course
from helpers import order

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
CHANGING = {"append", "extend", "insert", "pop", "remove", "clear", "update", "sort", "reverse"}
CHANGING |= {"setdefault", "add", "discard", "shuffle", "fill", "resize", "put", "partition"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_name_that_a_cell_needs_is_made_by_one_cell_above(path):
    """Then no order of running can bring a stale value: a cell finds the right one or none."""
    uses = [order.names(source) for _, source in order.code_cells(path)]
    for place, (_, needed) in enumerate(uses):
        for name in needed:
            makers = [i for i, (made, _) in enumerate(uses) if name in made]
            assert len(makers) == 1 and makers[0] < place, f"cell {place + 1}: {name} {makers}"


def changes(node, own=frozenset()):
    """Yield each global name whose object a piece of code changes, with the code that does it."""
    if isinstance(node, ast.FunctionDef):
        inside = list(ast.walk(node))
        own |= {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        own |= {n.arg for n in inside if isinstance(n, ast.arg)}
    changed = []
    if isinstance(node, (ast.Assign, ast.Delete)):
        changed = [t for t in node.targets if isinstance(t, (ast.Subscript, ast.Attribute))]
    elif isinstance(node, ast.AugAssign):
        changed = [node.target]
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in CHANGING:
        changed = [node.func]
    for target in changed:
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name) and target.id not in own:
            yield target.id, ast.unparse(node)
    for child in ast.iter_child_nodes(node):
        yield from changes(child, own)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_changes_what_another_made_or_will_read(path):
    """A cell that fails or is interrupted midway then leaves nothing half made to the others."""
    cells = [source for _, source in order.code_cells(path)]
    needed = set().union(*(order.names(source)[1] for source in cells))
    for source in cells:
        for name, code in changes(ast.parse(source)):
            assert name not in needed, code


def test_names_of_a_cell():
    made, needed = order.names("import numpy as np\na = [b for b in c]\nd = e = np.sum(a)\ne += f")
    assert (made, needed) == ({"np", "a", "d", "e"}, {"c", "f"})
    assert order.names("def f(x):\n    return g(x) + len(y)\n\n\ng = f") == ({"f", "g"}, {"y"})
    assert order.names("a = a + 1") == ({"a"}, {"a"})
    assert order.names("class A:\n    b = 1\n    c = b + d") == ({"A"}, {"d"})
    magic = order.names("%matplotlib inline\nif a:\n    !ls\n    b = a\n?c")
    assert magic == ({"b"}, {"a"})
    assert order.names("a = 1\nb = a +") == order.names("a = 1 \0") == (set(), set())


CELLS = [("Set-up", "a = 1"), ("Next", "b = a"), ("Next", "c = b\nd = b"), ("Last", "print(d)")]
MINE = ("Mine", "%%bash\nhalf (typed")


@pytest.mark.parametrize(
    "name, known, place",
    [("d", {}, 0), ("d", {"a"}, 1), ("d", {"a", "b"}, 2), ("a", {}, 0), ("z", {}, None)],
)
def test_the_first_cell_to_run(name, known, place):
    assert order.first_cell([*CELLS, MINE], name, known) == place


def test_advice_names_the_cell_of_the_notebook_that_was_run(tmp_path, monkeypatch):
    for name, cells in (("one", [*CELLS, MINE]), ("two", [*CELLS[1:], ("Else", "a = 2")])):
        notebook = nbformat.v4.new_notebook()
        for heading, source in cells:
            notebook.cells.append(nbformat.v4.new_markdown_cell(f"# {heading}"))
            notebook.cells.append(nbformat.v4.new_code_cell(source))
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    (tmp_path / "three.ipynb").write_text("no notebook at all")
    error = NameError("name 'd' is not defined", name="d")
    line = order.advice(error, ["a = 1", "print(d)"], {"a"}, tmp_path)
    assert line.startswith("d does not exist yet. Run this cell first: the one in the section ")
    assert '"Next" that begins with `b = a`' in line and "\n" not in line
    assert order.advice(error, ["something of the learner's own"], {}, tmp_path) is None
    monkeypatch.setenv("JPY_SESSION_NAME", "workbook/two.ipynb")  # JupyterLab says which it is
    assert '"Next" that begins with `b = a`' in order.advice(error, ["mine"], {"a"}, tmp_path)
    assert '"Else" that begins with `a = 2`' in order.advice(error, ["a = 1"], {}, tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", "workbook/renamed since.ipynb")
    assert '"Set-up"' in order.advice(error, ["a = 1", "print(d)"], {}, tmp_path)
    assert order.advice(NameError("mine", name="mine"), ["a = 1"], {}, tmp_path) is None
    assert order.advice(ModuleNotFoundError("no", name="torch"), [], {}, tmp_path) is None


def in_kernel(cells, folder, tmp_path, **lines):
    """Run cells in a kernel with the settings that course.py gives it; return their errors."""
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    text = course.SETTINGS["etc/ipython/ipython_config.py"]
    for name, value in lines.items():
        text += f"c.InteractiveShellApp.{name} = {value!r}\n"
    (profile / "ipython_config.py").write_text(text)
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    client = NotebookClient(
        notebook, kernel_name="python3", allow_errors=True, timeout=600,
        resources={"metadata": {"path": folder}},
    )  # fmt: skip
    environ = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    client.execute(env=environ)
    errors = []
    for cell in notebook.cells:
        found = [o.traceback for o in cell.outputs if o.output_type == "error"]
        errors.append(found[0] if found else None)
    return errors


def test_a_kernel_names_the_cell_that_was_left_out(tmp_path):
    path = NOTEBOOKS[1]
    cells = [source for _, source in order.code_cells(path)]
    needing = next(i for i, cell in enumerate(cells) if "circle-memorised" in cell)
    errors = in_kernel(
        [cells[needing], cells[0], cells[needing], "mine", "def f():\n    return mine\n\n\nf()"],
        path.parent,
        tmp_path,
    )
    first, fine, second, mine, inside = errors
    assert fine is None
    imports = 'in the section "01 · The overfit network" that begins with `from helpers import data'
    assert len(first) == 1 and imports in first[0]
    assert len(second) == 1 and "Run this cell first" in second[0] and "`QUICK = " in second[0]
    assert len(mine) > 1 and len(inside) > 1, "a learner's own name gets Python's own traceback"


@pytest.mark.parametrize("package", ["keras", "sklearn"])
def test_a_kernel_says_what_to_do_about_a_missing_package(package, tmp_path):
    cells = [source for _, source in order.code_cells(NOTEBOOKS[1])]
    missing = f"import sys; sys.modules[{package!r}] = None"
    errors = in_kernel(
        [cells[0], "import nowhere"], NOTEBOOKS[1].parent, tmp_path, exec_lines=[missing]
    )
    assert len(errors[0]) == 1
    assert (
        f"this kernel has no {package}. Choose the kernel 'Python 3' of the course" in errors[0][0]
    )
    assert "python3 course.py lab" in errors[0][0]
    assert len(errors[1]) > 1


def test_the_settings_cell_offers_the_quick_setting_and_the_seed():
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = [c for c in cells if "parameters" in c["metadata"].get("tags", [])]
        lines = "".join(tagged[0]["source"]).splitlines()
        assert lines[0].startswith("QUICK = False  # True: fewer runs"), path.name
        assert lines[1].startswith("SEED = 0 "), path.name
