#!/usr/bin/env python3
"""Start the course: make its environment once, then open it or test it.

Standard library only, and no syntax newer than Python 3.6, so that an old Python gets a
message instead of a SyntaxError.
"""

import hashlib
import importlib.util
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

USAGE = """\
usage: python3 course.py lab [JupyterLab options]   open your copies of the notebooks, in workbook/
       python3 course.py lab --stored               open the notebooks as stored, with outputs
       python3 course.py test [pytest options]      run every test and every notebook
       python3 course.py claims [--json|--markdown] print what the notebooks found out
       python3 course.py diagnose FILE [ROWS]       say what is wrong with a training: FILE is its
                                                    history, CSV or JSON, ROWS its validation rows
       python3 course.py prove [-h]                 take causes away, change seeds, shuffle cells
       python3 course.py site [--serve] [--no-open] build the course as web pages, in build/site
       python3 course.py class check                say whether this computer will do, in one page
       python3 course.py class pages|slides         write a teacher's pages, or slides alone
       python3 course.py class kit [-h]             make a folder that installs without a network

The first call of lab, test, diagnose, prove or class makes the folder .venv with everything the
course needs. That of site makes the folder .venv-site."""

ROOT = Path(__file__).resolve().parent
START = "notebooks/00_start_here.ipynb"
# What JupyterLab would write into a notebook that it opens, and then mark it as not saved.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3}, "file_extension": ".py",
        "mimetype": "text/x-python", "name": "python", "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3", "version": platform.python_version(),
    },
}  # fmt: skip
# By the folder of an environment: its lock, and how much that is.
ENVIRONMENTS = {
    ".venv": ("requirements.lock", "550 MB to fetch, 2.3 GB on disk, 1 to 5 minutes"),
    ".venv-site": ("site/requirements.lock", "45 MB to fetch, 210 MB on disk, half a minute"),
}
PYTHONS = [(3, 11), (3, 12), (3, 13)]
TENSORFLOW_BUILDS = ["linux x86_64", "linux aarch64", "darwin arm64", "win32 amd64"]
CLAIM_KEYS = ["id", "notebook", "cell", "program", "sentence", "quantity", "estimate", "low"]
CLAIM_KEYS += ["high", "threshold", "no_effect", "runs", "method", "verdict", "kind"]
CLAIM_KEYS += ["origin", "why"]

# Settings of the programs in the environment, by path.
SETTINGS = {
    # JupyterLab would ask whether it may fetch news, in front of the first notebook.
    "etc/jupyter/labconfig/page_config.json":
        '{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}',
    # A kernel tells which cell to run first from its start on, not only after the import.
    "etc/ipython/ipython_config.py":
        "c = get_config()\nc.InteractiveShellApp.extensions = ['helpers.order']\n",
}  # fmt: skip

# pip's variables about where packages come from. The others may change where they go, or whether.
PIP_FETCHING = (
    "INDEX_URL", "EXTRA_INDEX_URL", "NO_INDEX", "FIND_LINKS", "TRUSTED_HOST", "PROXY", "CERT",
    "CLIENT_CERT", "CACHE_DIR", "NO_CACHE_DIR", "TIMEOUT", "DEFAULT_TIMEOUT", "RETRIES",
    "RESUME_RETRIES", "KEYRING_PROVIDER", "USE_FEATURE", "USE_DEPRECATED", "CONFIG_FILE",
)  # fmt: skip

# Run by the new environment: a configuration file of pip's may have led the packages elsewhere.
VERIFY = r"""
import re, sys
from importlib import metadata
from pip._vendor.packaging.requirements import Requirement
lock = open(sys.argv[1], encoding="utf-8").read()
for line in re.findall(r"^[\w.-]+==[^\\\n]+", lock, re.MULTILINE):
    pin = Requirement(line.split("--hash")[0])
    if pin.marker is None or pin.marker.evaluate():
        found = [package.version for package in metadata.distributions(name=pin.name)]
        if not any(pin.specifier.contains(version, prereleases=True) for version in found):
            sys.exit("%s is not in the environment. `pip config list` shows settings of pip that "
                     "may have led it elsewhere." % pin)
"""

# What a failed step says, and what we say. The first match counts. The network comes late:
# pip reports troubles that it overcame, too.
REMEDIES = {
    r"No space left|Errno 28|quota exceeded|WinError 112":
        "the disk is full. Free about 3 GB and call again.",
    r"DO NOT MATCH THE HASHES":
        "a file that was fetched is not the one named in requirements.lock. Nothing from it was "
        "installed. Call again; if it stays so, tell us.",
    r"Read-only file system|Permission denied|Access is denied|WinError (5|32)\b":
        "this folder cannot be written to. Close what uses it, or copy the course to a folder "
        "of your own, and call again.",
    r"CERTIFICATE_VERIFY_FAILED":
        "the package index shows a certificate that pip does not trust. Set PIP_CERT to your "
        "network's certificate file and call again.",
    r"Retrying \(Retry|Max retries|ConnectionError|name resolution|getaddrinfo|timed out":
        "the package index cannot be reached. Check the network and call again.",
    r"No matching distribution found for (?P<package>\S+)":
        "the package index cannot be reached, or it has no {package} for this computer ("
        + platform.platform() + "). Check the network and pip's configuration.",
}  # fmt: skip


class CourseError(Exception):
    """A failure that one line explains. `code` is the exit code."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


def say(text):
    """Print a line at once, and do not fail for a letter that the terminal lacks."""
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


# --- Can this computer run the course? -----------------------------------------------------


def check_computer(version=None, system=None, machine=None, largest=None):
    """Refuse a Python for which TensorFlow has no build. The arguments are for tests."""
    major, minor = (version or sys.version_info)[:2]
    if (major, minor) not in PYTHONS:
        raise CourseError(
            "the course needs Python 3.11, 3.12 or 3.13, and this is %d.%d. Install one of them "
            "and start the course with it, for example: python3.12 course.py lab" % (major, minor),
            code=2,
        )
    build = (system or sys.platform) + " " + (machine or platform.machine()).lower()
    if build not in TENSORFLOW_BUILDS or (largest or sys.maxsize) < 2**32:
        raise CourseError(
            "TensorFlow has no build for this Python (%s, %d bit). The course needs 64-bit Linux "
            "or Windows, or a Mac with Apple silicon and a Python made for it."
            % (build, 64 if (largest or sys.maxsize) > 2**32 else 32),
            code=2,
        )


def check_venv_module(find_spec=importlib.util.find_spec):
    """Refuse a Python whose `venv` module was split off by the distribution."""
    if not (find_spec("venv") and find_spec("ensurepip")):
        raise CourseError(
            "this Python lacks its venv module. On Debian and Ubuntu, run: "
            "sudo apt install python%d.%d-venv" % sys.version_info[:2]
        )


# --- Files ---------------------------------------------------------------------------------


def write_whole(path, text):
    """Write a file so that nobody ever sees half of it."""
    part = path.with_name("." + path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(str(part), str(path))


@contextmanager
def only_one(path):
    """Let one process at a time in. The system frees the lock when its holders have died."""
    with open(str(path), "a") as handle:
        waiting = False
        while True:
            try:
                if os.name == "nt":
                    import msvcrt

                    handle.seek(0)
                    msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
                else:
                    import fcntl

                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except (BlockingIOError, PermissionError):
                if not waiting:
                    say("Another call is setting up the course. Waiting for it.")
                waiting = True
                time.sleep(0.2)
        yield handle.fileno()


# --- Is the environment there, and whole? --------------------------------------------------


def holds_the_course(venv):
    """Tell whether the course runs in `venv`. In that of the site it is only read."""
    return venv.name == ".venv"


def venv_python(venv):
    """Return the path of the environment's Python."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(root, venv):
    """Return a digest of all that makes an environment stale when it changes."""
    digest = hashlib.sha256(repr((str(root), sys.version_info[:2], SETTINGS)).encode())
    names = [ENVIRONMENTS[venv.name][0]] + ["pyproject.toml"] * holds_the_course(venv)
    for name in names:
        digest.update(b"\0" + (root / name).read_bytes())
    return digest.hexdigest()


def inventory(venv):
    """List the packages' files and folders, two levels deep."""
    tops = [*venv.glob("lib/python*/site-packages"), venv / "Lib" / "site-packages"]
    tops.append(venv / "share" / "jupyter")
    found = (path for top in tops for depth in ("*", "*/*") for path in top.glob(depth))
    return sorted({str(p.relative_to(venv)) for p in found if "__pycache__" not in p.parts})


def is_ready(root, venv):
    """Tell whether `venv` was completed for this course and is still whole."""
    try:
        stamp = json.loads((venv / "stamp.json").read_text(encoding="utf-8"))
        return (
            stamp["fingerprint"] == fingerprint(root, venv)
            and set(stamp["inventory"]) <= set(inventory(venv))
            # -S leaves site-packages out: 10 ms.
            and subprocess.call([str(venv_python(venv)), "-I", "-S", "-c", ""]) == 0
        )
    except (OSError, ValueError, LookupError, TypeError):
        return False


# --- Making the environment ----------------------------------------------------------------


def clean_environ(environ=os.environ):
    """Return the environment variables without those that lead Python or pip astray."""
    env = {
        key: value
        for key, value in environ.items()
        if key not in ("PYTHONPATH", "PYTHONHOME")
        and (not key.startswith("PIP_") or key[4:] in PIP_FETCHING)
    }
    env.update(PIP_USER="0", PIP_DRY_RUN="0")  # stronger than pip's configuration files
    env.setdefault("PYTHONUTF8", "1")
    return env


def explain(output):
    """Turn the output of a failed step into one line with a remedy."""
    for pattern, remedy in REMEDIES.items():
        match = re.search(pattern, output, re.IGNORECASE)
        if match:
            return remedy.format(**match.groupdict())
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no reason was given."])[-1]


def run_step(command, root, descriptor=None, log=None, total=0):
    """Run one step of the installation, show how far it is, and raise CourseError if it fails.

    Parameters
    ----------
    command : list of str
    root : Path
        Folder to run it in.
    descriptor : int, optional
        The installation's lock. The step inherits it: if this process is killed, the lock stays
        until pip has ended too.
    log : Path, optional
        File that receives the whole output.
    total : int, optional
        Number of packages to count up to.
    """
    inherit = {} if os.name == "nt" or descriptor is None else {"pass_fds": [descriptor]}
    output, count = [], 0
    with subprocess.Popen(
        command, cwd=str(root), env=clean_environ(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        **inherit
    ) as process:  # fmt: skip
        for line in process.stdout:
            output.append(line)
            if total and re.match(r"(Collecting|Processing) ", line):
                count += 1
                if count % 20 == 0:
                    say("      %d of about %d" % (count, total))
            elif total and line.startswith("Installing collected"):
                say("      all there; unpacking them takes half a minute or more, without news")
            large = re.match(r" +Downloading (\w+)-.*(\(\d\d[.\d]* [MG]B\))", line)
            if large:
                say("      fetching %s %s" % large.groups())
    if log:
        log.write_text("".join(output), encoding="utf-8")
    if process.returncode:
        raise CourseError("the installation failed: " + explain("".join(output)))


def install(root, venv, descriptor=None, run=run_step):
    """Make `venv` from nothing. The stamp goes first and comes back last.

    From nothing, because that is right in every case: no package survives half deleted, at
    another version, or after it left the lock. pip keeps what it fetched.
    """
    check_venv_module()
    name, size = ENVIRONMENTS[venv.name]
    lock = (root / name).read_text(encoding="utf-8")
    total = len(set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)))
    python, log = str(venv_python(venv)), venv / "install.log"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    pip += ["--progress-bar", "off"]
    if (root / "wheelhouse").is_dir():  # put there by `class kit`, for a room without a network
        pip += ["--no-index", "-f", str(root / "wheelhouse")]

    say("Setting up the course in %s. This happens once." % venv)
    say("[1/3] Making the environment")
    if (venv / "stamp.json").exists():
        (venv / "stamp.json").unlink()
    run([sys.executable, "-m", "venv", "--clear", str(venv)], root, descriptor)
    say("[2/3] Installing %d packages: %s" % (total, size))
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", name]
    run(pip + locked, root, descriptor, log, total)
    if holds_the_course(venv):
        say("[3/3] Installing the course's helpers")
        run(pip + ["--no-deps", "--no-build-isolation", "--editable", "."], root, descriptor, log)
        for path, text in SETTINGS.items():
            (venv / path).parent.mkdir(parents=True, exist_ok=True)
            (venv / path).write_text(text, encoding="utf-8")
    else:
        say("[3/3] Checking them")
    run([python, "-I", "-c", VERIFY, name], root, descriptor)

    stamp = {"fingerprint": fingerprint(root, venv), "inventory": inventory(venv)}
    write_whole(venv / "stamp.json", json.dumps(stamp))


def ensure_environment(root, install=install, name=".venv"):
    """Make or mend an environment of `ENVIRONMENTS` if needed, and return its Python."""
    venv = root / name
    try:
        if not is_ready(root, venv):
            with only_one(root / (name + ".lock")) as descriptor:
                if not is_ready(root, venv):  # another call may have made it meanwhile
                    install(root, venv, descriptor)
    except OSError as error:
        raise CourseError("the installation failed: " + explain(str(error))) from error
    except KeyboardInterrupt:
        raise CourseError("stopped. The next call goes on from here.", code=130) from None
    return venv_python(venv)


# --- The learner's copies ------------------------------------------------------------------


def blank(text):
    """Return a notebook without outputs and counts: a prediction made beside them is none."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    notebook["metadata"] = NOTEBOOK_METADATA
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def digest_of_work(text):
    """Return a digest of what a learner writes: a notebook's cells, or all of another file."""
    try:
        work = [
            [cell["cell_type"], "".join(cell["source"]), cell.get("attachments", {})]
            for cell in json.loads(text)["cells"]
        ]
    except (ValueError, LookupError, TypeError, AttributeError):
        work = text
    return hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()


def put_aside(path):
    """Rename a learner's file to a free name and return that."""
    day, count = time.strftime("%Y-%m-%d"), 1
    aside = path.with_name("%s (my copy %s)%s" % (path.stem, day, path.suffix))
    while aside.exists():
        count += 1
        aside = path.with_name("%s (my copy %s, %d)%s" % (path.stem, day, count, path.suffix))
    path.rename(aside)
    return aside.name


def update_copies(stored, folder):
    """Bring every copy in `folder` up to date that the learner has not changed.

    A copy that the learner has changed stays as long as the course's notebook does; then it is
    renamed. Running cells is no change. The record holds a digest of each file as delivered;
    without it every copy that differs from the course counts as changed.
    """
    record = folder / ".delivered.json"
    try:
        delivered = dict(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        delivered = {}
    renewed = []
    pages = sorted(path for kind in ("*.ipynb", "*.md") for path in stored.glob(kind))
    for path in [*pages, stored / "helpers.py"]:
        text, copy = path.read_text(encoding="utf-8"), folder / path.name
        try:
            text = blank(text) if path.suffix == ".ipynb" else text
        except (ValueError, LookupError, TypeError, AttributeError):
            say("%s is damaged and was left out." % path)
            continue
        new, mine = digest_of_work(text), None
        if copy.exists():
            mine = digest_of_work(copy.read_text(encoding="utf-8", errors="backslashreplace"))
        if mine not in (None, new):
            if mine == delivered.get(path.name):
                renewed.append(path.name)
            elif new == delivered.get(path.name):
                continue
            else:
                aside = put_aside(copy)
                say("%s changed, and so did your copy. Yours is now '%s'." % (path.name, aside))
        if mine != new:
            write_whole(copy, text)
        if delivered.get(path.name) != new:
            delivered[path.name] = new
            write_whole(record, json.dumps(delivered, indent=1))
    if renewed:
        say(
            "Brought up to date, without outputs: %s. You had not changed them."
            % ", ".join(renewed)
        )


def working_copies(root):
    """Bring `workbook/` up to date and return the page to open: the stored one if that fails."""
    folder = root / "workbook"
    try:
        folder.mkdir(exist_ok=True)
        with only_one(folder / ".lock"):
            update_copies(root / "notebooks", folder)
    except OSError as error:
        say("Your copies in %s were not brought up to date: %s" % (folder, explain(str(error))))
    copy = "workbook/" + Path(START).name
    return copy if (root / copy).exists() else START


# --- lab, test and prove -------------------------------------------------------------------


def xla_flags(venv):
    """Return TensorFlow's option to keep compiled programs on disk: half of a first call's time.

    They fit one kind of processor, and the folder may be shared between computers. Past 500 MB the
    kept ones go.
    """
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = platform.processor()
    kind = "\n".join(sorted(set(re.findall(r"(?m)^(?:flags|Features).*$", text)))) or text
    folder = venv / "xla" / hashlib.sha256(kind.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = list(folder.iterdir())
        if sum(path.stat().st_size for path in kept) > 500e6:
            for path in kept:
                path.unlink()
    except OSError:
        return ""
    if not os.access(str(folder), os.W_OK):
        return ""
    return "--tf_xla_persistent_cache_directory=" + str(folder)


def course_environ(python, command, environ=os.environ):
    """Return the environment variables for JupyterLab or pytest."""
    env = clean_environ(environ)
    env["KERAS_BACKEND"] = "tensorflow"
    env["VIRTUAL_ENV"] = str(python.parent.parent)
    env["PATH"] = str(python.parent) + os.pathsep + env.get("PATH", os.defpath)
    env.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # same results on more CPUs, fewer messages
    env.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # More threads than free cores make scikit-learn's many small fits a hundred times slower.
    env.setdefault("OPENBLAS_NUM_THREADS", "1")
    env.setdefault("OMP_NUM_THREADS", "1")
    env.setdefault("TF_XLA_FLAGS", xla_flags(python.parent.parent))
    env.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # before a kernel "python3" of the user's own
    if command in ("test", "prove"):
        env["TQDM_DISABLE"] = "1"  # the stored notebooks hold no progress bar to compare with
    return env


def command_line(command, python, root, options, page=START):
    """Return what a command runs, with the user's options last."""
    modules = {"test": "pytest", "prove": "tools.prove", "diagnose": "helpers.diagnosis"}
    modules["class"] = "tools.teaching"
    if command in modules:
        return [str(python), "-m", modules[command], *options]
    start = ["--ServerApp.root_dir=" + str(root), "--LabApp.default_url=/lab/tree/" + page]
    return [str(python), "-m", "jupyterlab", *start, *options]


def run_child(command, root, env):
    """Run `command` to its end, leave Ctrl-C to it, and return its exit code.

    Ctrl-C does nothing here, rather than raise: an exception between the child's end and the
    line that keeps its code would lose the code, and `subprocess` then reports 0.
    """
    before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None)}
    try:
        with subprocess.Popen(command, cwd=str(root), env=env) as child:
            before[signal.SIGTERM] = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
            code = child.wait()
        return code if code >= 0 else 128 - code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


# --- claims --------------------------------------------------------------------------------


def read_claims(root):
    """Return the claims that claims.json holds: dicts with the keys `CLAIM_KEYS`."""
    path = root / "claims.json"
    try:
        claims = json.loads(path.read_text(encoding="utf-8"))
        return [{key: claim[key] for key in CLAIM_KEYS} for claim in claims]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CourseError("cannot read the claims in %s: %r" % (path, error)) from error


def number(value):
    """Write a number with three significant digits, or all digits of its whole part."""
    if not isinstance(value, (int, float)):
        return "-"
    return "%.0f" % value if abs(value) >= 1000 else "%.3g" % value


def numbers(claim):
    """Write a claim's estimate, interval and threshold."""
    estimate, low, high, threshold = (
        number(claim[key]) for key in ("estimate", "low", "high", "threshold")
    )
    return estimate, "%s to %s" % (low, high), threshold


def verdict(claim):
    """Write a claim's verdict, and how a refuted one fails."""
    return claim["verdict"] + (", " + claim["kind"] if claim["kind"] else "")


def claims_markdown(claims):
    """Lay the claims out as a table for a page."""
    lines = ["| claim | mean | 95 % interval | threshold | runs | verdict |"]
    lines.append("|---|---|---|---|---|---|")
    for claim in claims:
        link = "[%s](notebooks/%s.ipynb)" % (claim["notebook"].split("_")[0], claim["notebook"])
        sentence = "%s %s `%s`" % (link, claim["sentence"].replace("|", "\\|"), claim["id"])
        cells = [sentence, *numbers(claim), str(claim["runs"]), "**%s**" % verdict(claim)]
        lines.append("| %s |" % " | ".join(cells))
    return "\n".join(lines)


def claims_table(claims, width=110):
    """Lay the claims out as aligned text, with narrower gaps if it exceeds `width` columns."""
    rows = [["id", "nb", "prog", "estimate", "95 % interval", "threshold", "runs", "verdict"]]
    for claim in claims:
        row = [claim["id"], claim["notebook"].split("_")[0], claim["program"], *numbers(claim)]
        rows.append([str(cell) for cell in [*row, claim["runs"], verdict(claim)]])
    widths = [max(len(row[i]) for row in rows) for i in range(8)]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= width else " "
    template = gap.join("{:%s%d}" % ("<<<>>>><"[i], widths[i]) for i in range(8))
    return "\n".join(template.format(*row).rstrip() for row in rows)


def claims_json(claims):
    """Write the claims as a list of objects."""
    return json.dumps(claims, indent=2)


CLAIM_FORMATS = {
    (): claims_table,
    ("--json",): claims_json,
    ("--markdown",): claims_markdown,
}


def main(arguments, root=ROOT):
    """Run the command line and return the exit code."""
    command, options = (arguments or [None])[0], arguments[1:]
    try:
        if command == "diagnose" and len(options) not in (1, 2):
            raise CourseError("diagnose wants one file: python3 course.py diagnose FILE [ROWS]", 2)
        if command == "class" and options[:1] == ["check"]:
            # It also says why an environment could not be made, so it must not need one.
            return subprocess.call([sys.executable, "-m", "tools.teaching.precheck"], cwd=str(root))
        if command in ("lab", "test", "prove", "diagnose", "class"):
            check_computer()
            python = ensure_environment(root)
            page = START
            if command == "lab" and "--stored" in options:
                options.remove("--stored")
            elif command == "lab":
                page = working_copies(root)
            elif command == "diagnose":
                options[0] = os.path.abspath(options[0])
            elif "--to" in options[:-1]:
                place = options.index("--to") + 1
                options[place] = os.path.abspath(options[place])
            child = command_line(command, python, root, options, page)
            return run_child(child, root, course_environ(python, command))
        if command == "site" and set(options) <= {"--serve", "--no-open"}:
            check_computer()
            python = ensure_environment(root, name=".venv-site")
            return run_child([str(python), "site/build.py", *options], root, clean_environ())
        if command == "claims" and tuple(options) in CLAIM_FORMATS:
            say(CLAIM_FORMATS[tuple(options)](read_claims(root)))
            return 0
    except CourseError as error:
        print("course.py: %s" % error, file=sys.stderr)
        return error.code
    say(USAGE)
    return 0 if command in ("-h", "--help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
