"""The rules by which a fresh run of a notebook equals the stored one, alone and in nbval."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from helpers import evidence
from tools import compare

ROOT = Path(__file__).parents[1]
CELL = """from helpers import evidence
claim = evidence.claim(
    "a-b", [0.06, 0.07, 0.08, 0.066], "It falls.", threshold=0.05, program="own",
    origin="planned", why="Less is noise.", quantity="fall",
)
claim"""
STORED = {
    "id": "circle-validation-falls", "estimate": 0.069, "low": 0.058, "high": 0.08, "runs": 100,
    "threshold": 0.05, "verdict": "supported", "kind": None, "method": "student",
}  # fmt: skip


@pytest.mark.parametrize("estimate", [0.069, 0.0705, 0.058, 0.057, 0.081])
def test_an_estimate_inside_the_stored_interval_is_the_same_claim(estimate):
    assert (
        compare.moved(STORED, {**STORED, "estimate": estimate, "low": 0.05, "high": 0.09}) is None
    )


@pytest.mark.parametrize(
    "change",
    [{"estimate": 0.055}, {"estimate": 0.0825}, {"runs": 99}, {"kind": "none"},
     {"verdict": "refuted"}, {"threshold": 0.04}, {"method": "wilson"}, {"origin": "given"}],
)  # fmt: skip
def test_anything_else_is_told_with_both_sets_of_numbers(change):
    told = compare.moved(STORED, {**STORED, **change})
    assert "circle-validation-falls" in told and f"Different: {next(iter(change))}." in told
    assert "stored: estimate 0.069, 95 % interval 0.058 to 0.08" in told
    assert f"fresh: estimate {change.get('estimate', 0.069)}" in told


def test_runs_that_agree_must_agree_again():
    stored = {**STORED, "estimate": 0.9, "low": 0.9, "high": 0.9}
    assert compare.moved(stored, {**stored, "estimate": 0.900001}) is None
    assert "estimate" in compare.moved(stored, {**stored, "estimate": 0.9001})


@pytest.mark.parametrize(
    ("stored", "fresh", "same"),
    [
        ("lowest at epoch 172, at 1.43", "lowest at epoch 180, at 1.40", True),
        ("lowest at epoch 172", "lowest at epoch 200", False),
        ("3 of 100 runs", "5 of 100 runs", True),
        ("3 of 100 runs", "6 of 100 runs", False),
        ("goes by -0.001", "goes by 0.010", True),
        ("accuracy 0.50", "accuracy 0.56", False),
        ("[ 0.1 -0.3]", "[0.11 -0.31]", True),  # white space follows the numbers' width
        ("1,000 rows", "1,900 rows", False),
        ("at most 1.0e-07", "at most 1.0e-01", False),
        ("supported: 5", "refuted: 5", False),
        ("1 of 2", "1 of", False),
        ("rows2 hold", "rows3 hold", False),  # a digit in a word is no number
    ],
)
def test_words_are_equal_and_numbers_near(stored, fresh, same):
    assert compare.same_text(stored, fresh) == compare.same_text(fresh, stored) == same


def test_nbval_fails_where_a_stored_claim_or_text_has_moved(tmp_path):
    """In the way that the course's own test command runs notebooks, on two processes."""
    values = {}
    exec(CELL, values)
    bundle = values["claim"]._repr_mimebundle_()

    def write(name, printed, **change):
        data = {**bundle, evidence.MEDIA_TYPE: {**bundle[evidence.MEDIA_TYPE], **change}}
        claim = nbformat.v4.new_output("execute_result", data, execution_count=1)
        text = nbformat.v4.new_output("stream", text=printed)
        cells = [
            nbformat.v4.new_code_cell(CELL, execution_count=1, outputs=[claim]),
            nbformat.v4.new_code_cell("print('epoch 172')", execution_count=2, outputs=[text]),
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")

    write("equal", "epoch 180\n")
    write("moved", "epoch 200\n", estimate=0.05, low=0.045, high=0.055)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "equal.ipynb", "moved.ipynb"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert "2 failed, 2 passed" in found, found
    assert "FAILED equal.ipynb" not in found, found
    assert "The claim a-b is no longer the stored one. Different: estimate." in found, found
    assert "stored: estimate 0.05, 95 % interval 0.045 to 0.055" in found
    assert f"fresh: estimate {np.mean([0.06, 0.07, 0.08, 0.066]):.3f}" in found
