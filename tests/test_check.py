"""`environment.check` names a remedy for each failure."""

import sys
from importlib import metadata
from pathlib import Path

import pytest

from helpers import environment

ROOT = Path(__file__).parents[1]


def test_the_environment_of_the_tests_is_good(capsys):
    assert environment.check()
    assert capsys.readouterr().out.splitlines() == [
        "Python: good",
        "Packages: good",
        "Keras backend: good",
        "Folder: good",
    ]


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_another_python(version, capsys):
    assert not environment.check(version=version)
    assert (
        f"runs Python {version[0]}.{version[1]}, the course needs 3.11" in capsys.readouterr().out
    )


def test_a_missing_and_an_untested_package(capsys):
    def installed(package):
        if package == "scikit-learn" or package.startswith("tensorflow"):
            raise metadata.PackageNotFoundError(package)
        return "0.1" if package == "keras" else metadata.version(package)

    assert not environment.check(installed=installed)
    out = capsys.readouterr().out
    assert "keras is 0.1, tested with 3." in out
    assert "scikit-learn is missing" in out and "tensorflow is missing" in out
    assert "start it with `python3 course.py lab`, which mends this." in out


def test_another_backend(capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert not environment.check()
    assert "KERAS_BACKEND is 'jax', the course needs 'tensorflow'" in capsys.readouterr().out


def test_a_course_without_its_lock(capsys, tmp_path):
    assert not environment.check(root=tmp_path)
    assert "requirements.lock is missing" in capsys.readouterr().out


@pytest.mark.skipif(
    sys.platform != "linux", reason="/proc: not even the administrator writes there"
)
def test_a_folder_that_cannot_be_written_to(capsys, monkeypatch):
    monkeypatch.chdir("/proc")
    assert not environment.check()
    assert "The folder of this notebook cannot be written to" in capsys.readouterr().out
