"""What a learner runs the day before: one page that says whether this computer will do.

    python3 course.py class check

Standard library only, since the environment may be what is wrong. It installs the course if that
was not done yet, trains for about half a minute and writes class-check.txt to be sent back. The
page names no person, no folder and no address.
"""

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import course

PAGE = "class-check.txt"
DISK, MEMORY = 3.0, 2.0  # GB: what the README says, and two kernels
PATIENCE = 2.0  # times as long as the computer of the README's table: QUICK is advised
TRAINING = """
import json, time
start = time.perf_counter()
import keras, numpy as np
from helpers import data, training
from tools.teaching import lesson
names = lesson.definitions("01")
imported = time.perf_counter()
seeds = range(100)
parts = data.cut(*data.per_seed(lambda rng: data.circle(100, rng), seeds), 80)
training.fit_replicas(names["build_model"], *parts, epochs=200, seeds=seeds)
many = time.perf_counter()
(x, y), validation = ((a[0], b[0]) for a, b in parts)
names["build_model"]().fit(x, y, validation_data=validation, epochs=200, verbose=0)
one = time.perf_counter()
print("SECONDS" + json.dumps([imported - start, many - imported, one - many]))
"""


def python():
    """Say whether this Python can run the course."""
    course.check_computer()
    course.check_venv_module()
    return f"{platform.python_version()}, {platform.platform()}"


def disk(root):
    """Say how much room there is."""
    free = shutil.disk_usage(str(root)).free / 1e9
    if free < DISK and not course.is_ready(root, root / ".venv"):
        raise course.CourseError(f"{free:.1f} GB are free. Free {DISK:.0f} GB and call again.")
    return f"{free:.1f} GB free"


def free_memory():
    """Return the free memory in GB, or all there is where the system does not say, or None."""
    if sys.platform == "linux":
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable"):
                return int(line.split()[1]) / 1e6
    if sys.platform == "darwin":
        return int(subprocess.check_output(["sysctl", "-n", "hw.memsize"])) / 1e9
    if sys.platform == "win32":
        import ctypes

        status = (ctypes.c_ulonglong * 8)(64)  # MEMORYSTATUSEX: length, load, then sizes
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return status[2] / 1e9
    return None


def memory():
    """Say how much memory there is."""
    free = free_memory()
    if free is None:
        return "not known"
    if free < MEMORY:
        raise course.CourseError(
            f"{free:.1f} GB are free. Close other programs: a notebook needs 1.1 GB."
        )
    return f"{free:.1f} GB free"


def ports():
    """Say whether programs on this computer may speak to each other, as Jupyter's do."""
    with socket.socket() as server:
        server.settimeout(5)
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection(server.getsockname(), timeout=5):
            server.accept()[0].close()
    return "the loopback answers"


def environment(root):
    """Install the course if need be."""
    course.ensure_environment(root)
    return "installed"


def training(root):
    """Train as notebook 01 does, once and a hundred times, and compare with the README's table."""
    env = course.course_environ(course.venv_python(root / ".venv"), "test")
    command = [str(course.venv_python(root / ".venv")), "-c", TRAINING]
    done = subprocess.run(
        command, cwd=str(root), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace", timeout=600, check=False,
    )  # fmt: skip
    if done.returncode or "SECONDS" not in done.stdout:
        raise course.CourseError("it stops: " + course.explain(done.stdout))
    imported, many, one = json.loads(done.stdout.split("SECONDS")[-1])
    said = f"import {imported:.0f} s, 100 runs {many:.0f} s, one run of model.fit {one:.0f} s"
    usual = json.loads((root / "benchmarks" / "notebooks.json").read_text(encoding="utf-8"))["fit"]
    if one > PATIENCE * usual:
        said += ". Slow: set QUICK = True in the settings of a notebook"
    return said


def check(root, steps=None):
    """Run all steps and print and write the page.

    Returns
    -------
    bool
        Whether all is good.
    """
    steps = steps or {
        "Python": python,
        "Disk": lambda: disk(root),
        "Memory": memory,
        "Ports": ports,
        "Environment": lambda: environment(root),
        "Training": lambda: training(root),
    }
    lines = [f"The course, checked on {time.strftime('%Y-%m-%d')}", ""]
    bad = []
    for name, step in steps.items():
        if name in ("Environment", "Training") and bad:
            said, good = "not tried: see above", False
        else:
            try:
                said, good = step(), True
            except (course.CourseError, OSError, ValueError, subprocess.SubprocessError) as error:
                said, good = str(error).replace(str(root), "this folder"), False
        bad += [] if good else [name]
        lines.append(f"{name:<12} {'good' if good else 'BAD':<5} {said}")
        course.say(lines[-1])
    lines += ["", "All is good." if not bad else f"To be mended: {', '.join(bad)}."]
    course.say(lines[-1])
    try:
        course.write_whole(root / PAGE, "\n".join(lines) + "\n")
        course.say(f"Send the file {PAGE} to your teacher.")
    except OSError:
        course.say("Send these lines to your teacher.")
    return not bad


if __name__ == "__main__":
    os.chdir(str(course.ROOT))
    sys.exit(0 if check(course.ROOT) else 1)
