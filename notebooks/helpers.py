"""Let a kernel that starts in this folder import the course's helpers, installed or not.

Kernels start beside their notebook. `course.py` installs the package, but conda and Binder
cannot: a list of hashed requirements has no place for `-e .`. This module replaces itself with
the package in the folder above.
"""

import importlib.util
import sys
from pathlib import Path

_package = Path(__file__).resolve().parent.parent / "helpers" / "__init__.py"
_spec = importlib.util.spec_from_file_location(__name__, _package)
sys.modules[__name__] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules[__name__])
