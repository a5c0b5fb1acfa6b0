"""The lock, pyproject.toml and environment.yml say the same, and kernels find the helpers."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from jupyter_client.manager import start_new_kernel
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import course

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
# One string per package: the requirement, its hashes, its comments.
ENTRIES = re.findall(r"^\S.*(?:\n[ ].*)*", LOCK, re.MULTILINE)
PINS = [Requirement(entry.split("\\\n")[0].strip()) for entry in ENTRIES]
PYTHONS = ["3.11.0", "3.11.5", "3.12.1", "3.13.0"]
COMPUTERS = [
    ("linux", "x86_64", "posix"),
    ("linux", "aarch64", "posix"),
    ("darwin", "arm64", "posix"),
    ("win32", "AMD64", "nt"),
]


def declared():
    """Return every requirement that pyproject.toml states, of the build and of tests too."""
    project = PROJECT["project"]
    texts = project["dependencies"] + PROJECT["build-system"]["requires"]
    texts += sum(project["optional-dependencies"].values(), [])
    return [Requirement(text) for text in texts]


def applying(requirements, python, computer):
    """Return those of `requirements` that hold for one Python on one kind of computer."""
    system, machine, os_name = computer
    environment = {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": system,
        "platform_machine": machine,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        "os_name": os_name,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    return [r for r in requirements if r.marker is None or r.marker.evaluate(environment)]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("computer", COMPUTERS, ids=" ".join)
def test_the_lock_fulfils_pyproject(python, computer):
    pins = {}
    for pin in applying(PINS, python, computer):
        name = canonicalize_name(pin.name)
        assert name not in pins, f"{name} is locked twice"
        pins[name] = next(iter(pin.specifier)).version
    requirements = applying(declared(), python, computer)
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} is not in requirements.lock"
        assert pins[name] in requirement.specifier, f"{name} {pins[name]} is not {requirement}"


def test_the_lock_holds_what_pyproject_asks_for_and_nothing_older():
    """A package that left pyproject.toml leaves the lock: its comments name who wants it."""
    wanted = {canonicalize_name(r.name) for r in declared()}
    direct = {
        canonicalize_name(pin.name)
        for pin, entry in zip(PINS, ENTRIES, strict=True)
        if "(pyproject.toml)" in entry
    }
    assert direct == wanted


def test_the_lock_is_exact_and_hashed_and_names_no_host():
    assert len(PINS) > 100
    for pin, entry in zip(PINS, ENTRIES, strict=True):
        assert re.fullmatch(r"==[\w.!+]+", str(pin.specifier)), pin
        assert pin.url is None, pin
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), pin
    assert "://" not in LOCK
    assert not re.search(r"^-", LOCK, re.MULTILINE)


def test_every_requirement_is_a_range():
    for requirement in declared():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == {">=", "<"}, requirement


def test_the_pythons_are_the_same_everywhere():
    supported = SpecifierSet(PROJECT["project"]["requires-python"])
    inside = [minor for minor in range(30) if f"3.{minor}.0" in supported]
    assert [(3, minor) for minor in inside] == course.PYTHONS
    assert {tuple(map(int, python.split(".")[:2])) for python in PYTHONS} == set(course.PYTHONS)


# --- continuous integration ----------------------------------------------------------------


def workflow(name):
    return yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))


def steps(name):
    """Return the commands of a workflow, and the versions of Python and kinds of computer."""
    commands, pythons, systems = set(), set(), set()
    for job in workflow(name)["jobs"].values():
        matrix = job.get("strategy", {}).get("matrix", {})
        pythons |= set(matrix.get("python", []))
        systems |= set(matrix.get("os", [])) | {job["runs-on"]}
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
            for value in matrix.get("command", [None]):
                command = step.get("run", "").replace("${{ matrix.command }}", value or "")
                commands.add(command.replace("python course.py", "python3 course.py"))
            pythons.add(step.get("with", {}).get("python-version"))
    return commands, {python for python in pythons if python and python[0] == "3"}, systems


def test_the_workflows_run_what_the_pages_say_on_every_python():
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")]
    readme, contributing = (re.sub(r"\s*\\\n\s*", " ", page) for page in pages)
    commands, pythons, systems = steps("test")
    assert pythons == {f"{major}.{minor}" for major, minor in course.PYTHONS}
    assert {"ubuntu-latest", "macos-latest", "windows-latest"} <= systems
    assert "python3 course.py test" in commands and "    python3 course.py test " in readme
    nightly = {c.replace("${{ github.run_number }}", "K") for c in steps("nightly")[0]}
    (lock,) = (command for command in nightly if command.startswith("uv "))
    assert lock.removesuffix(" --upgrade") in contributing and lock.endswith(" --upgrade")
    own = {command for command in commands | nightly if "course.py" in command}
    assert len(own) == 4
    for command in own - {"python3 course.py test tests"}:
        assert command in contributing, command


def test_the_packages_are_those_in_the_folder():
    found = {path.parent.relative_to(ROOT) for path in ROOT.glob("helpers/**/__init__.py")}
    assert (
        sorted(".".join(path.parts) for path in found) == PROJECT["tool"]["setuptools"]["packages"]
    )


# --- environment.yml -----------------------------------------------------------------------


def conda():
    """Return environment.yml: its conda packages and its pip section."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = (item["pip"] for item in content["dependencies"] if isinstance(item, dict))
    packages = [item for item in content["dependencies"] if isinstance(item, str)]
    return content, packages, pip


def test_conda_installs_the_lock():
    content, packages, pip = conda()
    assert content["name"] == PROJECT["project"]["name"]
    assert pip == ["-r requirements.lock"]
    python, extra = packages
    assert extra == "pip"
    name, version = python.split("=")
    assert name == "python"
    assert f"{version}.0" in SpecifierSet(PROJECT["project"]["requires-python"])
    assert not (ROOT / "binder").exists(), "Binder would ignore environment.yml"


def test_conda_sets_the_variables_that_course_py_sets():
    content, _, _ = conda()
    variables = course.course_environ(Path("x/bin/python"), "lab", environ={})
    assert content["variables"] == {name: variables[name] for name in content["variables"]}
    assert "TF_ENABLE_ONEDNN_OPTS" in content["variables"]


# --- kernels that start beside their notebook ----------------------------------------------


def run_in_kernel(code, cwd):
    """Run code in a new kernel started in `cwd`, and return what it printed."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(cwd))
    try:
        printed = []
        reply = client.execute_interactive(
            code,
            timeout=60,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def other_course(tmp_path):
    """A folder laid out as the course, whose helpers are not those installed."""
    for folder in ["notebooks", "helpers/exercises"]:
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "notebooks/helpers.py", tmp_path / "notebooks")
    (tmp_path / "helpers/__init__.py").write_text("import os\nos.environ['SEEN'] = __name__\n")
    (tmp_path / "helpers/training.py").write_text("answer = 42\n")
    (tmp_path / "helpers/exercises/__init__.py").write_text("from helpers import training\n")
    return tmp_path


@pytest.mark.parametrize("folder", ["notebooks", "workbook"])
def test_a_kernel_finds_helpers_that_are_not_installed(folder, other_course):
    course.working_copies(other_course)
    code = """if True:
        import os
        from helpers import training
        import helpers.exercises
        print(training.answer, os.environ["SEEN"], helpers.exercises.training is training)
        print(helpers.__file__, training.__name__)
    """
    printed = run_in_kernel(code, other_course / folder).split()
    package = other_course / "helpers/__init__.py"
    assert printed == ["42", "helpers", "True", str(package), "helpers.training"]


def test_a_kernel_beside_the_notebooks_gets_the_real_package():
    printed = run_in_kernel("import helpers; print(helpers.__file__)", ROOT / "notebooks")
    assert Path(printed.strip()) == ROOT / "helpers/__init__.py"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="paths as on Linux and macOS")
def test_the_pip_section_installs_in_an_empty_environment(tmp_path):
    """As conda does: the section becomes a file beside environment.yml, given to one pip call."""
    for name in ["requirements.lock", "environment.yml"]:
        shutil.copy(ROOT / name, tmp_path)
    for name in ["helpers", "notebooks"]:
        shutil.copytree(ROOT / name, tmp_path / name)
    _, _, pip = conda()
    (tmp_path / "condaenv.txt").write_text("\n".join(pip))
    python = tmp_path / "env/bin/python"
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*command, cwd=tmp_path):
        result = subprocess.run(
            command, cwd=cwd, env=environ, text=True, capture_output=True, timeout=900
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    run(sys.executable, "-m", "venv", str(tmp_path / "env"))
    run(str(python), "-m", "pip", "install", "-r", "condaenv.txt")
    assert "overfitting" not in run(str(python), "-m", "pip", "list")
    program = tmp_path / "program.py"
    program.write_text("from helpers import training; print(training.__file__)")
    kernel = [str(python), "-m", "jupyter_client.runapp", str(program)]
    printed = run(*kernel, cwd=tmp_path / "notebooks")
    assert Path(printed.strip()) == tmp_path / "helpers/training.py"


@pytest.mark.slow
def test_a_program_found_on_disk_gives_the_same_and_prints_nothing(tmp_path):
    """XLA says much about a program that it reads; a learner would see it in red."""
    code = """if True:
        from helpers import data, training
        import keras

        def build_model():
            model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            return model

        train = data.per_seed(lambda rng: data.circle(8, rng), [1, 2])
        print(training.fit_replicas(build_model, train, epochs=2, seeds=[1, 2])["train", "loss"])
    """
    python = Path(sys.executable)
    environ = course.course_environ(python, "test", {**os.environ, "TF_XLA_FLAGS": ""})
    environ["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={tmp_path}"
    for name in ("TF_CPP_MIN_LOG_LEVEL", "PYTHONWARNINGS"):
        environ.pop(name, None)  # what `helpers` sets is what counts in conda and Binder
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environ, text=True, capture_output=True
        )
        for _ in range(2)
    )
    assert list(tmp_path.iterdir())
    assert first.stdout == second.stdout != ""
    assert (first.stderr, second.stderr) == ("", "")
