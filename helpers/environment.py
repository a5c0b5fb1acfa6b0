"""Check that a kernel has what the course needs. Standard library alone: it must always import."""

import os
import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_PYTHONS = ((3, 11), (3, 13))
_PACKAGES = (
    "keras", "numpy", "scipy", "pandas", "scikit-learn", "imbalanced-learn", "matplotlib",
    "ipywidgets", "tqdm",
)  # fmt: skip
_REINSTALL = "Close JupyterLab and start it with `python3 course.py lab`, which mends this."


def check(root=_ROOT, version=None, installed=metadata.version):
    """Print one line for each thing the course needs: good, or what to do.

    Parameters
    ----------
    root : str or pathlib.Path
        The folder of the course.
    version : tuple of int or None
        Python's version, at least two numbers; by default that of this kernel.
    installed : callable
        Takes a package's name and returns its version, or raises
        `importlib.metadata.PackageNotFoundError`.

    Returns
    -------
    bool
        Whether everything is good.
    """
    if not isinstance(root, (str, os.PathLike)):
        raise TypeError(f"root must be a path, got {type(root).__name__}")
    version = sys.version_info[:2] if version is None else version
    if not isinstance(version, tuple) or [type(part) for part in version[:2]] != [int, int]:
        raise TypeError(f"version must be a tuple of two or more int, got {type(version).__name__}")
    if not callable(installed):
        raise TypeError(f"installed must be callable, got {type(installed).__name__}")
    root = Path(root)
    found = [
        _python(version),
        _packages(root, installed),
        _backend(),
        _folder(),
    ]
    for name, problem in found:
        print(f"{name}: {'good' if problem is None else 'NOT GOOD. ' + problem}")
    return all(problem is None for _, problem in found)


def _python(version):
    low, high = _PYTHONS
    if low <= version[:2] <= high:
        return "Python", None
    return "Python", (
        f"This kernel runs Python {version[0]}.{version[1]}, the course needs 3.11 to 3.13. "
        "Choose the kernel 'Python 3' of the course (menu Kernel, Change Kernel), or install one "
        "of these versions and start `course.py lab` with it."
    )


def _packages(root, installed):
    try:
        lock = (root / "requirements.lock").read_text(encoding="utf-8")
    except OSError:
        return "Packages", f"requirements.lock is missing from {root}. Download the course again."
    problems = []
    for package in (*_PACKAGES, "tensorflow"):
        pinned = set(re.findall(rf"^{package}(?:-cpu)?==([^ \\\n]+)", lock, re.MULTILINE))
        try:
            found = installed(package)
        except metadata.PackageNotFoundError:
            try:  # Linux on x86-64 has TensorFlow under this name
                found = installed(f"{package}-cpu")
            except metadata.PackageNotFoundError:
                problems.append(f"{package} is missing")
                continue
        if found not in pinned:
            problems.append(f"{package} is {found}, tested with {' or '.join(sorted(pinned))}")
    return "Packages", f"{'; '.join(problems)}. {_REINSTALL}" if problems else None


def _backend():
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend == "tensorflow":
        return "Keras backend", None
    return "Keras backend", (
        f"KERAS_BACKEND is {backend!r}, the course needs 'tensorflow'. Remove the variable and "
        "restart the kernel."
    )


def _folder():
    """Look at the kernel's folder: where the notebook lies, `workbook` or `notebooks`."""
    try:
        with tempfile.TemporaryFile(dir=os.curdir):
            return "Folder", None
    except OSError:
        return "Folder", (
            "The folder of this notebook cannot be written to: it runs, but nothing you change is "
            "kept. Copy the course to a folder of your own."
        )
