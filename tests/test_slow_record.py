"""The record of the slow tests: written when all of them ran and passed, and only then."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import slow_record

TESTS = """
import pytest
def test_ordinary(): assert False
@pytest.mark.slow
def test_one(): pass
@pytest.mark.slow
def test_two(): {two}
"""


@pytest.mark.parametrize(
    ("options", "two", "written"),
    [
        (["-m", "slow"], "pass", True),
        (["-m", "slow"], "assert False", False),
        (["-m", "slow"], "pytest.skip()", False),
        (["-m", "slow", "-k", "one"], "assert False", False),
    ],
)
def test_only_all_slow_tests_passed_are_a_record(options, two, written, tmp_path):
    (tmp_path / "tests").mkdir()
    shutil.copy(slow_record.__file__, tmp_path / "tests")
    (tmp_path / "tests/conftest.py").write_text('pytest_plugins = ["slow_record"]\n')
    (tmp_path / "tests/test_it.py").write_text(TESTS.format(two=two))
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nversion = "3.2.1"\n[tool.pytest.ini_options]\nmarkers = ["slow"]\n'
        'testpaths = ["tests"]\naddopts = ["-p", "xdist", "-n", "1"]\n'
    )

    def run():
        command = [sys.executable, "-m", "pytest", *options]
        environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # they take seconds
        return subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True
        ).stdout

    assert "slow tests: no record" in run()
    record = tmp_path / "tests" / Path(slow_record.RECORD).name
    assert record.exists() == written
    if written:
        assert json.loads(record.read_text())["tests"] == 2
        assert "slow tests last passed on 20" in run()
