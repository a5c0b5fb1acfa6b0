"""Make a folder from which the course installs without a network.

    python3 course.py class kit --to DIR [--platforms NAME ...] [--python VERSION ...]

The folder holds the course, the wheels that `requirements.lock` names for the chosen computers,
each checked by its hash, and a page that says what to type. The packages of the tests stay out.
pip fetches from the index that it is configured for.
"""

import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
WHEELS = "wheelhouse"  # where course.py looks for them
PYTHONS = ("3.11", "3.12", "3.13")
# pip knows the tags of the running computer alone. Older ones suit a newer system.
_MANYLINUX = [f"manylinux_2_{minor}" for minor in range(28, 4, -1)]
_MANYLINUX += ["manylinux2014", "manylinux2010", "manylinux1", "linux"]
_MACOS = [f"macosx_{major}_0" for major in (12, 11)]
PLATFORMS = {
    "linux-x86_64": {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix"},
    "linux-aarch64": {"sys_platform": "linux", "platform_machine": "aarch64", "os_name": "posix"},
    "macos-arm64": {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix"},
    "windows-amd64": {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt"},
}
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
_LEFT_OUT = (".git", ".venv", ".venv.lock", "workbook", "build", "__pycache__", "*.egg-info")
_LEFT_OUT += (".ipynb_checkpoints", ".*_cache", ".hypothesis", "tests", WHEELS, "class-check.txt")
_ENTRY = re.compile(r"^(?P<pin>[\w.-]+==[^\\\n]+).*\n(?:[ #].*\n)*", re.MULTILINE)

PAGE = """\
The course, for a room without a network
========================================

You need Python {pythons} (64 bit) on one of: {platforms}.
You need 3 GB of disk.

1. Copy the folder "course" to your computer.
2. Open a terminal in that folder and type

       python3 course.py lab         on Linux and macOS
       py course.py lab              on Windows

The first call takes one to five minutes and needs no network: everything comes
from the folder "{wheels}", and each file is checked by its hash. Later calls
start at once. When it has worked you may delete "{wheels}".

The tests of the course are not in this folder.
"""


def here():
    """Return the name of this computer's platform, or None if there are no wheels for it."""
    for name, markers in PLATFORMS.items():
        if (markers["sys_platform"], markers["platform_machine"].lower()) == (
            sys.platform,
            platform.machine().lower(),
        ):
            return name
    return None


def entries(lock):
    """Split a lock into its entries.

    Parameters
    ----------
    lock : str
        As `uv pip compile` writes it, with the comments that say what asks for each package.

    Returns
    -------
    list of tuple (Requirement, set of str, str)
        Each pin, the names of the packages that ask for it, and its lines.
    """
    found = []
    for match in _ENTRY.finditer(lock):
        asked = re.findall(r"^ +#(?: via|  ) +(\S+)", match[0], re.MULTILINE)
        found.append((Requirement(match["pin"].strip()), set(asked), match[0]))
    return found


def without_tests(lock, project):
    """Return the lines of a lock that the course needs to run.

    Parameters
    ----------
    lock, project : str
        Text of requirements.lock and of pyproject.toml.

    Returns
    -------
    str
    """
    settings = tomllib.loads(project)
    asked = settings["project"]["dependencies"] + settings["build-system"]["requires"]
    needed = {canonicalize_name(Requirement(line).name) for line in asked}
    pins = entries(lock)
    while True:
        more = {pin.name for pin, by, _ in pins if by & needed} - needed
        if not more:
            return "".join(lines for pin, _, lines in pins if pin.name in needed)
        needed |= more


def pins_for(lock, name, python):
    """Return the lines of a lock for one platform and one Python, by the Python's full version.

    A package may have one version for 3.11.0 and another for a later 3.11: the second group holds
    what is different in the latest.
    """
    system = PLATFORMS[name]
    groups = {}
    for micro in ("0", "99"):
        markers = {
            **system,
            "python_version": python,
            "python_full_version": f"{python}.{micro}",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "platform_system": _SYSTEMS[system["sys_platform"]],
        }
        for pin, _, lines in entries(lock):
            if pin.marker is None or pin.marker.evaluate(markers):
                groups.setdefault(micro, []).append(re.sub(r" ; [^\\\n]+", " ", lines, count=1))
    later = [lines for lines in groups["99"] if lines not in groups["0"]]
    found = {f"{python}.0": "".join(groups["0"]), f"{python}.99": "".join(later)}
    return {version: group for version, group in found.items() if group}


def download(lock, name, python, to, run=subprocess.run):
    """Fetch the wheels of a lock for one platform and one Python.

    Raises
    ------
    SystemExit
        pip failed. It says why.
    """
    machine = PLATFORMS[name]["platform_machine"].lower()
    kinds = {"linux": _MANYLINUX, "darwin": _MACOS}.get(PLATFORMS[name]["sys_platform"], ["win"])
    tags = [f"{kind}_{machine}" for kind in kinds]
    tags += [tag.replace(machine, "universal2") for tag in tags if tag.startswith("macosx")]
    if "darwin" in PLATFORMS[name].values():
        tags += [f"macosx_10_{minor}_universal2" for minor in range(16, 8, -1)]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-qq"]
    command += ["--dest", str(to), "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--implementation", "cp"]
    command += [part for tag in tags for part in ("--platform", tag)]
    minor = int(python.split(".")[1])
    abis = [f"cp3{minor}", "abi3", "none"]
    command += [part for abi in abis for part in ("--abi", abi)]
    for version, group in pins_for(lock, name, python).items():
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "wanted.txt"
            wanted.write_text(group, encoding="utf-8")
            if run([*command, "--python-version", version, "-r", str(wanted)]).returncode:
                sys.exit(f"kit: pip could not fetch the wheels for {name}, Python {python}")


def make(root, to, platforms, pythons, run=subprocess.run):
    """Write the kit into a new or empty folder and return the size of its wheels in bytes."""
    if to.exists() and any(to.iterdir()):
        sys.exit(f"kit: --to must be a new or an empty folder, and {to} holds something")
    if root in (to.resolve(), *to.resolve().parents):
        sys.exit(f"kit: --to must be outside the course's own folder, {root}")
    course = to / "course"
    shutil.copytree(root, course, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    lock = without_tests(
        (root / "requirements.lock").read_text(encoding="utf-8"),
        (root / "pyproject.toml").read_text(encoding="utf-8"),
    )
    (course / "requirements.lock").write_text(lock, encoding="utf-8")
    for name in platforms:
        for python in pythons:
            print(f"Fetching the wheels for {name}, Python {python}", flush=True)
            download(lock, name, python, course / WHEELS, run)
    text = PAGE.format(pythons=" or ".join(pythons), platforms=", ".join(platforms), wheels=WHEELS)
    (to / "READ_ME_FIRST.txt").write_text(text, encoding="utf-8")
    return sum(path.stat().st_size for path in (course / WHEELS).glob("*.whl"))


def add_command(commands):
    """Add the command "kit" to a parser's."""
    said = "make a folder from which the course installs without a network"
    parser = commands.add_parser("kit", help=said, description=f"{said.capitalize()}.")
    parser.add_argument("--to", type=Path, required=True, help="a new folder")
    own = here()
    parser.add_argument(
        "--platforms", nargs="+", choices=PLATFORMS, default=[own] if own else None,
        required=own is None, help="for which computers; this one's by default",
    )  # fmt: skip
    parser.add_argument(
        "--python", nargs="+", choices=PYTHONS, help="for which Pythons; this one by default",
        default=[".".join(map(str, sys.version_info[:2]))],
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _run(options):
    size = make(ROOT, options.to, options.platforms, options.python)
    print(f"{options.to}: {size / 1e6:.0f} MB of wheels. READ_ME_FIRST.txt says what to type.")
