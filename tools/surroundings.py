"""Run a notebook where little is as it should be: no network, no room, no rights, odd letters.

Linux alone offers all of this without another machine: namespaces, bind mounts, control groups.
"""

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

from tools import store_notebooks

try:
    import fcntl
except ImportError:  # Windows: `run` refuses before it is needed
    fcntl = None

ROOT = Path(__file__).resolve().parents[1]
CONDITIONS = {
    "network": "no network",
    "read-only": "a notebooks folder that cannot be written to",
    "path": "a path with spaces and letters beyond ASCII",
    "locale C": "the locale C",
    "locale tr_TR": "a Turkish locale, in which i is not the small letter of I",
    "memory": "1.5 GB of memory",
}
MEGABYTES = 1_500
FOLDER = "cours d'été – ćwiczenia"


class NotPossibleError(Exception):
    """A condition that the machine cannot make; the message says why."""


def run(path, conditions, folder):
    """Run a copy of a notebook, and of the course around it, under conditions.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.
    conditions : collection of str
        Keys of `CONDITIONS`.
    folder : pathlib.Path
        An empty folder for the copy.

    Returns
    -------
    dict
        ``verdicts`` (by the claims' ids), ``seconds`` and ``megabytes``; or ``error``, the last
        line of what went wrong.

    Raises
    ------
    NotPossibleError
        The machine does not offer what a condition needs.
    """
    if unknown := set(conditions) - set(CONDITIONS):
        raise ValueError(f"conditions must be among {list(CONDITIONS)}, got {sorted(unknown)}")
    if not sys.platform.startswith("linux"):
        raise NotPossibleError("only Linux can do this")
    copy = folder / (FOLDER if "path" in conditions else "course")
    for name in ("helpers", "notebooks", "tools"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("course.py", "requirements.lock"):
        shutil.copy(ROOT / name, copy)
    env = {k: v for k, v in os.environ.items() if k not in ("LANG", "LC_ALL", "PYTHONUTF8")}
    env.update({"TQDM_DISABLE": "1", "PYTHONPATH": str(copy), "LC_ALL": "C.UTF-8"})
    for condition in conditions:
        if condition.startswith("locale"):
            env.update(_locale(condition.split()[1], folder))
    with _memory_group() if "memory" in conditions else contextlib.nullcontext() as group:
        done = subprocess.run(
            [*_namespaces(conditions), sys.executable, "-m", "tools.surroundings",
             str(copy / "notebooks" / path.name), str(group or ""), *conditions],
            cwd=copy, env=env, capture_output=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
        return {"error": f"exit code {done.returncode}: {lines[-1]}"}
    return json.loads(done.stdout.splitlines()[-1])


def _namespaces(conditions):
    wanted = {"read-only": "--mount", "network": "--net"}
    flags = [flag for condition, flag in wanted.items() if condition in conditions]
    if not flags:
        return []
    if os.geteuid() != 0:
        flags.append("--map-root-user")
    try:
        subprocess.run(["unshare", *flags, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise NotPossibleError("unshare may not make namespaces here") from None
    return ["unshare", *flags]


def _locale(name, folder):
    if name == "C":
        return {"LC_ALL": "C"}
    made = folder / "locales"
    made.mkdir(exist_ok=True)
    command = ["localedef", "-i", name, "-f", "UTF-8", str(made / f"{name}.UTF-8")]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise NotPossibleError(f"localedef cannot make the locale {name}") from None
    return {"LC_ALL": f"{name}.UTF-8", "LOCPATH": str(made)}


@contextlib.contextmanager
def _memory_group():
    """Make a control group that may hold `MEGABYTES`, version 2 or 1 of the interface."""
    base = Path("/sys/fs/cgroup")
    old = (base / "memory").is_dir()
    group = base / ("memory" if old else "") / f"course-{os.getpid()}"
    limit = group / ("memory.limit_in_bytes" if old else "memory.max")
    try:
        group.mkdir()
        limit.write_text(str(MEGABYTES * 1_000_000))
    except OSError:
        raise NotPossibleError(
            "this user may not make a control group with a memory limit"
        ) from None
    try:
        yield group
    finally:
        group.rmdir()


def _inside(path, group, conditions):
    """Be the process in the namespaces: make what is left to make, then run the notebook."""
    if "read-only" in conditions:
        for options in (["--bind"], ["-o", "remount,ro,bind"]):
            subprocess.run(["mount", *options, path.parent, path.parent], check=True)
    if "network" in conditions:
        _loopback_up()  # the kernel is spoken to over it
    join = f"open({group + '/cgroup.procs'!r}, 'w').write('0')" if group else ""
    notebook, _, _, seconds, megabytes, _ = store_notebooks.execute(path, join)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    claims = [output.get("data", {}).get(store_notebooks.MEDIA_TYPE) for output in outputs]
    verdicts = {claim["id"]: claim["verdict"] for claim in claims if claim}
    print(json.dumps({"verdicts": verdicts, "seconds": seconds, "megabytes": megabytes}))


def _loopback_up():
    up, request = 0x1, 0x8914  # IFF_UP and SIOCSIFFLAGS of <linux/if.h>
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, request, struct.pack("16sh14x", b"lo", up))


if __name__ == "__main__":
    _inside(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
