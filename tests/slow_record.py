"""Remember when all slow tests last passed, in a file that is committed with the release.

Only `python3 course.py test -m slow`, with no other option, writes it: fewer tests prove less.
"""

import json
import platform
import subprocess
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = Path(__file__).with_name("slow_passed.json")


def pytest_report_header():
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
    except OSError:
        return "slow tests: no record that they passed"
    return "slow tests last passed on {date}: {tests} tests, version {version}, {commit}".format(
        **record
    )


def pytest_sessionfinish(session, exitstatus):
    """Write the record if all slow tests ran and passed; a skipped test did not run."""
    config = session.config
    if (
        hasattr(config, "workerinput")
        or exitstatus
        or config.invocation_params.args != ("-m", "slow")
    ):
        return
    stats = config.pluginmanager.get_plugin("terminalreporter").stats
    if stats.get("skipped") or not stats.get("passed"):
        return
    record = {
        "date": time.strftime("%Y-%m-%d"),
        "version": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        "commit": _commit(),
        "tests": len(stats["passed"]),
        "python": platform.python_version(),
        "system": platform.system(),
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _commit():
    """Return git's name for what was tested: `-dirty` at its end means changes not committed."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    try:
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "commit not known"
    return "commit " + found.stdout.strip()
