"""The first notebook where little is as it should be: it works all the same.

`python3 course.py prove surroundings` does it for every notebook, all conditions at once.
"""

from pathlib import Path

import nbformat
import pytest

import course
from tools import store_notebooks, surroundings

START = Path(__file__).parents[1] / course.START


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(name, marks=[] if name == "path" else [pytest.mark.slow])
        for name in surroundings.CONDITIONS
    ],
)
def test_the_first_notebook_works_with(condition, tmp_path):
    try:
        found = surroundings.run(START, [condition], tmp_path)
    except surroundings.NotPossibleError as error:
        pytest.skip(f"{surroundings.CONDITIONS[condition]}: {error}")
    stored = {claim["id"]: claim["verdict"] for claim in store_notebooks.claims_of(START)}
    assert found.get("error") is None
    assert found["verdicts"] == stored


@pytest.mark.slow
@pytest.mark.parametrize("code, condition, complaint", [
    ("import socket; socket.create_connection(('192.0.2.1', 9), timeout=5)", "network", "OSError"),
    ("open('mine.txt', 'w')", "read-only", "OSError"),
    ("import os; assert os.getcwd().isascii()", "path", "AssertionError"),
    ("import locale; assert locale.setlocale(locale.LC_ALL, '') == 'C'", "locale C", None),
    ("import locale; assert 'tr_TR' in locale.setlocale(locale.LC_ALL, '')", "locale tr_TR", None),
    ("import numpy; numpy.ones(10**9)", "memory", "DeadKernelError"),
])  # fmt: skip
def test_the_conditions_are_what_they_say(code, condition, complaint, tmp_path, monkeypatch):
    """A condition that is not there would let every notebook pass."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    for name in ("helpers", "tools", "notebooks"):
        (tmp_path / "root" / name).mkdir(parents=True)
    for name in ("course.py", "requirements.lock"):
        (tmp_path / "root" / name).touch()
    for path in (surroundings.ROOT / "tools").glob("*.py"):
        (tmp_path / "root" / "tools" / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "root" / "notebooks" / "one.ipynb"
    nbformat.write(notebook, path)
    monkeypatch.setattr(surroundings, "ROOT", tmp_path / "root")
    (tmp_path / "copy").mkdir()
    try:
        found = surroundings.run(path, [condition], tmp_path / "copy")
    except surroundings.NotPossibleError as error:
        pytest.skip(f"{surroundings.CONDITIONS[condition]}: {error}")
    if complaint is None:
        assert "error" not in found
    else:
        assert complaint in found["error"]


def test_an_unknown_condition_is_named(tmp_path):
    with pytest.raises(ValueError, match="conditions must be among .*, got .'flood'."):
        surroundings.run(START, ["flood"], tmp_path)
