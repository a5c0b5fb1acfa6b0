"""course.py: what it refuses, how it makes and mends the environment, how it prints claims.

The installations here are real but tiny: a wheel made on the spot stands in for the lock's
packages, and holds a fake `pytest` and `jupyterlab` that report how they were called.
"""

import ast
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path

import pytest

import course

SOURCE = Path(course.__file__)
REPORT = """
import json, os, sys
names = ["KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS", "PYTHONPATH", "PYTHONUTF8", "TQDM_DISABLE"]
print("REPORT" + json.dumps({
    "arguments": sys.argv[1:],
    "environ": {name: os.environ.get(name) for name in names},
    "cwd": os.getcwd(),
    "prefix": sys.prefix,
}))
sys.exit(7)
"""
# Builds the fake course. It waits for as long as the file `hold` is there, but not for ever.
BACKEND = """
import pathlib, shutil, time
def build_editable(folder, config_settings=None, metadata_directory=None):
    deadline = time.monotonic() + 20
    while pathlib.Path("hold").exists():
        pathlib.Path("held").touch()
        time.sleep(0.02)
        assert time.monotonic() < deadline
    return shutil.copy(next(pathlib.Path("wheels").glob("fake_course-*")), folder).split("/")[-1]
"""


def make_wheel(folder, name, files):
    """Write a wheel of version 1.0 and return the line that locks it."""
    info = f"{name}-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files = {**files, **metadata}
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}==1.0 --hash=sha256:{digest}\n"


@pytest.fixture
def root(tmp_path):
    """A course as cloned, in a folder whose name is difficult, with a lock of two wheels."""
    root = tmp_path / "der Kurs über ✓"
    wheels = root / "wheels"
    wheels.mkdir(parents=True)
    shutil.copy(SOURCE, root)
    make_wheel(wheels, "fake_course", {"fake_course.pth": "\n"})
    needed = {"pytest.py": REPORT, "jupyterlab.py": REPORT, "needed/deep/module.py": ""}
    lock = make_wheel(wheels, "needed", needed) + make_wheel(wheels, "extra", {"extra.py": ""})
    (root / "requirements.lock").write_text("--no-index\n-f wheels\n" + lock)
    (root / "backend.py").write_text(BACKEND)
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    return root


def start(root, *arguments, **environ):
    """Start course.py as a user would."""
    return subprocess.Popen(
        [sys.executable, "course.py", *arguments],
        cwd=root, env={**os.environ, **environ}, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def call(root, *arguments, **environ):
    """Run course.py to its end; return exit code, stdout and stderr."""
    process = start(root, *arguments, **environ)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def report(out):
    """Return what the fake pytest or JupyterLab reported."""
    return json.loads(re.search("^REPORT(.*)", out, re.MULTILINE)[1])


def wait_for(path):
    """Wait until `path` exists."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.02)


def packages(root):
    """Return the environment's site-packages."""
    return next((root / ".venv").glob("lib/python*/site-packages"))


posix = pytest.mark.skipif(os.name == "nt", reason="signals and paths as on Linux and macOS")


# --- refusals ------------------------------------------------------------------------------


def test_an_old_python_can_parse_it_and_needs_nothing_installed():
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 6))
    nodes = list(ast.walk(tree))
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10, 13), (3, 14), (4, 0)])
def test_other_pythons_are_refused(version):
    with pytest.raises(course.CourseError, match=r"3\.11, 3\.12 or 3\.13") as caught:
        course.check_computer(version=version)
    assert caught.value.code == 2
    assert "\n" not in str(caught.value)
    assert ".".join(map(str, version[:2])) in str(caught.value)


@pytest.mark.parametrize(
    ("system", "machine", "largest"),
    [
        ("darwin", "x86_64", 2**63 - 1),
        ("win32", "AMD64", 2**31 - 1),
        ("win32", "ARM64", 2**63 - 1),
        ("linux", "i686", 2**31 - 1),
    ],
)
def test_computers_without_tensorflow_are_refused(system, machine, largest):
    with pytest.raises(course.CourseError, match="no build for this Python") as caught:
        course.check_computer((3, 12), system, machine, largest)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("system", "machine"),
    [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64")],
)
def test_computers_with_tensorflow_pass(system, machine):
    for version in course.PYTHONS:
        course.check_computer(version, system, machine, 2**63 - 1)


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_missing_venv_module_names_the_package(missing):
    with pytest.raises(course.CourseError, match=r"apt install python3\.\d+-venv"):
        course.check_venv_module(find_spec=lambda name: None if name == missing else object())
    course.check_venv_module()


@pytest.mark.parametrize(
    "arguments", [[], ["tests"], ["claims", "--yaml"], ["site", "x"], ["--help"]]
)
def test_anything_else_prints_the_usage(arguments, capsys):
    code = course.main(arguments)
    assert code == (0 if arguments == ["--help"] else 2)
    assert capsys.readouterr().out.startswith("usage: python3 course.py lab")


# --- the environment, for real -------------------------------------------------------------


@posix
def test_the_first_call_installs_the_second_starts_at_once_a_new_lock_starts_anew(
    root, monkeypatch
):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)  # these tests run under course.py, too
    astray = {"PYTHONPATH": str(root / "nowhere"), "PIP_USER": "1", "KERAS_BACKEND": "jax"}
    astray.update(PIP_DRY_RUN="1", PIP_ROOT=str(root / "nowhere"), PIP_NO_BINARY=":all:")
    astray.update(PIP_PYTHON="nowhere", PIP_CONSTRAINT="nowhere", PIP_REPORT=str(root / "report"))
    code, out, err = call(root, "test", "-k", "a b", LC_ALL="C", **astray)
    assert (code, err) == (7, "")
    assert "[1/3]" in out and "[3/3]" in out
    got = report(out)
    assert got["arguments"] == ["-k", "a b"]
    assert Path(got["cwd"]) == root
    assert Path(got["prefix"]) == root / ".venv"
    assert got["environ"]["KERAS_BACKEND"] == "tensorflow"
    assert got["environ"]["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert got["environ"]["PYTHONPATH"] is None
    assert got["environ"]["TQDM_DISABLE"] == "1"
    page = json.loads((root / ".venv/etc/jupyter/labconfig/page_config.json").read_text())
    assert page["disabledExtensions"]["@jupyterlab/apputils-extension:announcements"]
    assert "helpers.order" in (root / ".venv/etc/ipython/ipython_config.py").read_text()

    code, out, err = call(root, "lab", "--no-browser", "--port=1234", TF_ENABLE_ONEDNN_OPTS="1")
    assert (code, err) == (7, "")
    assert "Setting up" not in out
    got = report(out)
    assert got["arguments"][-2:] == ["--no-browser", "--port=1234"]
    assert f"--LabApp.default_url=/lab/tree/{course.START}" in got["arguments"]
    assert got["environ"]["TF_ENABLE_ONEDNN_OPTS"] == "1"
    assert got["environ"]["TQDM_DISABLE"] is None

    assert (packages(root) / "extra.py").exists()
    lock = (root / "requirements.lock").read_text().splitlines(keepends=True)
    (root / "requirements.lock").write_text("".join(lock[:-1]))
    code, out, _ = call(root, "test")
    assert code == 7 and "Setting up" in out
    assert not (packages(root) / "extra.py").exists()


@posix
def test_a_configuration_that_leads_packages_elsewhere_is_noticed(root):
    (root / "pip.conf").write_text(f"[install]\ndry-run = true\nroot = {root / 'elsewhere'}\n")
    code, _, err = call(root, "test", PIP_CONFIG_FILE=str(root / "pip.conf"))
    assert code == 1 and err.count("\n") == 1
    assert "needed==1.0 is not in the environment. `pip config list` shows settings" in err
    assert not (root / ".venv/stamp.json").exists()


def test_what_says_where_packages_come_from_is_kept():
    told = {"PIP_INDEX_URL": "i", "PIP_PROXY": "p", "PIP_CERT": "c", "PIP_CACHE_DIR": "d"}
    assert told.items() <= course.clean_environ({**told, "PIP_TARGET": "t"}).items()


@posix
def test_killed_while_installing_then_called_again(root):
    (root / "hold").touch()
    first = start(root, "test")
    wait_for(root / "held")
    first.kill()
    first.communicate()
    # pip lives on. The next call must not meet it in the same folder.
    second = start(root, "test")
    while "Waiting" not in (line := second.stdout.readline()):
        assert line
    (root / "hold").unlink()
    out, err = second.communicate(timeout=120)
    assert (second.returncode, err) == (7, "")
    assert "Setting up" in out


@posix
def test_two_calls_at_once_install_once(root):
    (root / "hold").touch()
    first = start(root, "test")
    wait_for(root / "held")
    second = start(root, "test")
    while "Waiting" not in (line := second.stdout.readline()):
        assert line
    (root / "hold").unlink()
    assert "Setting up" in first.communicate(timeout=120)[0]
    assert "Setting up" not in second.communicate(timeout=120)[0]
    assert first.returncode == second.returncode == 7


@posix
def test_ctrl_c_while_installing_is_one_line(root):
    (root / "hold").touch()
    process = start(root, "test")
    wait_for(root / "held")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "course.py: stopped. The next call goes on from here.\n"


@posix
def test_the_site_has_an_environment_of_its_own(root):
    (root / "site").mkdir()
    lock = (root / "requirements.lock").read_text().splitlines(keepends=True)
    (root / "site/requirements.lock").write_text("".join(lock[:-1]))
    (root / "site/build.py").write_text(REPORT)
    code, out, err = call(root, "site", "--no-open")
    assert (code, err) == (7, "")
    assert "Installing 1 packages" in out
    got = report(out)
    assert got["arguments"] == ["--no-open"]
    assert Path(got["prefix"]) == root / ".venv-site"
    assert not (root / ".venv").exists()
    names = {path.name for path in (root / ".venv-site").rglob("*")}
    assert "needed" in names and not names & {"extra.py", "fake_course.pth"}
    assert "Setting up" not in call(root, "site", "--serve")[1]
    with (root / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert "Setting up" not in call(root, "site")[1]
    (root / "site/requirements.lock").write_text("".join(lock))
    assert "Setting up" in call(root, "site")[1]


@posix
def test_a_wrong_hash_is_refused(root):
    lock = (root / "requirements.lock").read_text()
    (root / "requirements.lock").write_text(re.sub("sha256:.{8}", "sha256:00000000", lock))
    code, _, err = call(root, "test")
    assert code == 1
    assert "not the one named in requirements.lock" in err
    assert err.count("\n") == 1
    assert not (packages(root) / "needed").exists()


# --- the environment, with the steps faked -------------------------------------------------


def fake_step(command, root, descriptor=None, log=None, total=0, *, done=None, stop_at=None):
    """Do what a step leaves behind. `done` collects the commands."""
    if done is not None:
        done.append(command)
        if len(done) == stop_at:
            raise KeyboardInterrupt
    venv = root / ".venv"
    if "venv" in command:
        shutil.rmtree(venv, ignore_errors=True)
        python = course.venv_python(venv)
        python.parent.mkdir(parents=True)
        python.symlink_to(sys.executable)
        (venv / "lib/python3.11/site-packages").mkdir(parents=True)
    elif "--require-hashes" in command:
        for folder in ["numpy/core", "numpy-2.0.dist-info", "google/protobuf"]:
            (venv / "lib/python3.11/site-packages" / folder).mkdir(parents=True)
        (venv / "share/jupyter/kernels/python3").mkdir(parents=True)


def ensure(root, **options):
    """Call ensure_environment with the faked steps; return the commands that it ran."""
    done = []
    run = partial(fake_step, done=done, **options)
    course.ensure_environment(root, install=partial(course.install, run=run))
    return done


@posix
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_interrupted_in_any_step_then_called_again(root, step):
    ensure(root)
    (root / "requirements.lock").write_text("# changed\n")
    with pytest.raises(course.CourseError, match="next call goes on") as caught:
        ensure(root, stop_at=step)
    assert caught.value.code == 130
    assert not (root / ".venv/stamp.json").exists()
    assert ensure(root)
    assert ensure(root) == []


@posix
@pytest.mark.parametrize(
    "lost",
    [
        "lib/python3.11/site-packages/numpy",
        "lib/python3.11/site-packages/numpy/core",
        "lib/python3.11/site-packages/numpy-2.0.dist-info",
        "lib/python3.11/site-packages/google/protobuf",
        "share/jupyter/kernels",
        "bin",
        "stamp.json",
        "",
    ],
)
def test_what_was_deleted_is_mended(root, lost):
    ensure(root)
    path = root / ".venv" / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert ensure(root)
    assert ensure(root) == []


@posix
def test_a_python_that_does_not_run_is_mended(root):
    ensure(root)
    python = root / ".venv/bin/python"
    for target in ["/nowhere/python3", shutil.which("false")]:
        python.unlink()
        python.symlink_to(target)
        assert ensure(root)


@posix
@pytest.mark.parametrize("content", ["", "{", "null", "[]", "{}"])
def test_a_spoilt_stamp_is_mended(root, content):
    ensure(root)
    (root / ".venv/stamp.json").write_text(content)
    assert ensure(root)


@posix
def test_changes_are_noticed_and_additions_are_not(root, monkeypatch):
    ensure(root)
    (root / ".venv/lib/python3.11/site-packages/users_own").mkdir()
    assert ensure(root) == []
    for name in ["requirements.lock", "pyproject.toml"]:
        with (root / name).open("a") as file:
            file.write("# changed\n")
        assert ensure(root), name
    monkeypatch.setattr(sys, "version_info", (3, 99))
    assert not course.is_ready(root, root / ".venv")


@posix
def test_a_moved_folder_is_noticed(root):
    ensure(root)
    moved = root.rename(root.parent / "elsewhere")
    assert not course.is_ready(moved, moved / ".venv")
    assert ensure(moved)


def test_an_operating_system_error_is_one_line(root):
    def install(*_):
        raise OSError(30, "Read-only file system", str(root / ".venv"))

    with pytest.raises(course.CourseError, match="copy the course to a folder of your own"):
        course.ensure_environment(root, install=install)


# What pip and venv print, shortened.
REFUSED = """\
WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by
'NewConnectionError(': Failed to establish a new connection: [Errno 111] Connection refused')'
ERROR: Could not find a version that satisfies the requirement absl-py==2.5.1 (from versions: none)
ERROR: No matching distribution found for absl-py==2.5.1
"""
NO_NAME = "Retrying (Retry(total=4)) after [Errno -3] Temporary failure in name resolution\n"
TIMED_OUT = (
    "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(): Read timed out."
)
FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
DENIED = "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'\n"
UNTRUSTED = "Retrying (Retry(total=0)) SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED')\n"
ABSENT = "ERROR: No matching distribution found for tensorflow-cpu==2.21.0\n"
OTHER = "Collecting x\nERROR: something new\nnotice: unrelated\n"


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        (REFUSED, "Check the network"),
        (NO_NAME, "Check the network"),
        (TIMED_OUT, "Check the network"),
        (FULL, "Free about 3 GB"),
        (NO_NAME + FULL, "Free about 3 GB"),
        (DENIED, "folder of your own"),
        (UNTRUSTED, "PIP_CERT"),
        (ABSENT, "has no tensorflow-cpu==2.21.0 for this computer"),
        (OTHER, "ERROR: something new"),
        ("", "no reason was given"),
    ],
)
def test_failures_are_explained(output, remedy):
    assert remedy in course.explain(output)
    assert "\n" not in course.explain(output)


def test_a_failed_step_keeps_the_whole_output(tmp_path):
    program = "import sys; print('one'); print('ERROR: two', file=sys.stderr); sys.exit(3)"
    log = tmp_path / "install.log"
    with pytest.raises(course.CourseError, match="the installation failed: ERROR: two"):
        course.run_step([sys.executable, "-c", program], tmp_path, log=log)
    assert sorted(log.read_text().split("\n")) == ["", "ERROR: two", "one"]


@posix
def test_the_exit_code_of_a_killed_child_is_the_shell_s(tmp_path):
    program = "import os; os.kill(os.getpid(), 9)"
    before = signal.getsignal(signal.SIGTERM)
    assert course.run_child([sys.executable, "-c", program], tmp_path, dict(os.environ)) == 137
    assert signal.getsignal(signal.SIGTERM) == before


@posix
@pytest.mark.parametrize(("send", "code"), [("SIGINT", 5), ("SIGTERM", 143)])
def test_signals_end_the_child_and_not_course_py_alone(send, code):
    child = (
        "import signal, sys, time; signal.signal(signal.SIGINT, lambda *_: sys.exit(5));"
        "print('up', flush=True); time.sleep(60)"
    )
    parent = (
        "import course, os, sys;"
        f"sys.exit(course.run_child([sys.executable, '-c', {child!r}], '.', dict(os.environ)))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent],
        cwd=SOURCE.parent,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout.readline() == b"up\n"
    if send == "SIGINT":  # as a terminal does, to all of them
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == code


@posix
def test_an_interrupt_at_the_child_s_end_does_not_lose_its_code(tmp_path, monkeypatch):
    wait = os.waitpid

    def interrupted(*args):
        ended = wait(*args)
        signal.raise_signal(signal.SIGINT)  # after the child is gone, before its code is kept
        return ended

    monkeypatch.setattr(os, "waitpid", interrupted)
    program = [sys.executable, "-c", "raise SystemExit(5)"]
    assert course.run_child(program, tmp_path, dict(os.environ)) == 5


# --- claims --------------------------------------------------------------------------------


def claim(name, **changes):
    """Return a claim as claims.json holds it."""
    record = {
        "id": name, "notebook": "01_first", "cell": "c", "program": "1.1", "sentence": "It falls.",
        "quantity": "fall", "estimate": 0.01234, "low": -0.002, "high": 0.0301, "threshold": 0.05,
        "no_effect": 0.0, "runs": 45, "method": "student", "verdict": "refuted", "kind": "none",
        "origin": "given", "why": "So.",
    }  # fmt: skip
    return {**record, **changes}


def store(root, *claims):
    (root / "claims.json").write_text(json.dumps(claims), encoding="utf-8")


def test_claims_as_json(tmp_path, capsys):
    store(tmp_path, claim("z", more="ignored", sentence="ü"), claim("a"))
    assert course.main(["claims", "--json"], root=tmp_path) == 0
    assert json.loads(capsys.readouterr().out) == [claim("z", sentence="ü"), claim("a")]


def test_claims_as_a_table(tmp_path, capsys):
    other = claim("mse", estimate=1235.4, low=None, verdict="supported", kind=None)
    store(tmp_path, claim("short"), other)
    assert course.main(["claims"], root=tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "id     nb  prog  estimate     95 % interval  threshold  runs  verdict",
        "short  01  1.1     0.0123  -0.002 to 0.0301       0.05    45  refuted, none",
        "mse    01  1.1       1235       - to 0.0301       0.05    45  supported",
    ]


def test_claims_as_markdown(tmp_path, capsys):
    store(tmp_path, claim("a", sentence="It | falls."))
    assert course.main(["claims", "--markdown"], root=tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "| claim | mean | 95 % interval | threshold | runs | verdict |",
        "|---|---|---|---|---|---|",
        "| [01](notebooks/01_first.ipynb) It \\| falls. `a` | 0.0123 | -0.002 to 0.0301 | 0.05 "
        "| 45 | **refuted, none** |",
    ]


def test_the_widest_claim_of_the_course_fits_110_columns(tmp_path):
    name = "regularization-lowers-loss-on-random-labels"
    store(tmp_path, claim(name, estimate=-0.0123, kind="opposite"))
    lines = course.claims_table(course.read_claims(tmp_path)).splitlines()
    assert max(map(len, lines)) <= 110
    assert lines[0].index("verdict") == lines[1].index("refuted")


@pytest.mark.parametrize("text", ["{", "[1]", '[{"id": "half"}]', None])
def test_what_is_wrong_with_the_claims_is_one_line(tmp_path, capsys, text):
    if text:
        (tmp_path / "claims.json").write_text(text, encoding="utf-8")
    assert course.main(["claims"], root=tmp_path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "claims.json" in err and err.count("\n") == 1
