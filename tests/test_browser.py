"""The notebooks under a learner's hands: JupyterLab as `course.py lab` starts it, in chromium.

A notebook is read back from the file that JupyterLab saves, because the page itself holds only
the cells near the window. Sliders and exercises are read from the page.
"""

import ast
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import nbformat
import pytest
from playwright.sync_api import sync_playwright

import course
from tools import compare, store_notebooks

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
LOCAL = re.compile(r"(blob:|data:|about:|(blob:)?(http|ws)://127\.0\.0\.1[:/])")
RUN_SECONDS = 1800  # to run a notebook from top to bottom; a minute on two idle cores
WAIT_SECONDS = 120  # for anything else; a slider that trains needs a few
DIRTY = ".lm-DockPanel-tabBar .jp-mod-dirty"  # the mark of a notebook with changes not yet saved

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no chromium found; install one (Debian and Ubuntu: sudo apt install chromium) to "
    "test the notebooks in a browser",
)

SCROLL = """(outer, index) => {
    const view = outer.getBoundingClientRect();
    const past = [...outer.querySelectorAll("[data-windowed-list-index]")].some(cell => {
        const {top, bottom} = cell.getBoundingClientRect();
        const shown = top < bottom && top < view.bottom && bottom > view.top;
        return shown && Number(cell.dataset.windowedListIndex) > index;
    });
    outer.scrollTop += (past ? -0.8 : 0.8) * outer.clientHeight;
}"""
PICTURE = """async image => {
    await image.decode();  // fails for what is no picture
    const bytes = await (await fetch(image.src)).arrayBuffer();
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    return new Uint8Array(digest).join();
}"""
CHECK = re.compile(r"^((exercises\.\w+)\.check\(\w+\))$", re.MULTILINE)


# --- JupyterLab and chromium ----------------------------------------------------------------------


class Lab:
    """A running JupyterLab whose files lie in `root`."""

    def __init__(self, root, port, token):
        self.root, self.token, self.url = root, token, f"http://127.0.0.1:{port}"

    def ask(self, path, method="GET"):
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        # No proxy of the environment may stand between the test and this computer.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as reply:
            return json.loads(reply.read() or "null")

    def is_up(self):
        try:
            return bool(self.ask("/api/status"))
        except OSError:
            return False

    def end_kernels(self):
        for session in self.ask("/api/sessions"):
            self.ask(f"/api/sessions/{session['id']}", "DELETE")


def copy_of_the_course(folder):
    """Copy what a kernel needs, but for the notebook."""
    shutil.copytree(
        ROOT / "helpers", folder / "helpers", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "requirements.lock", folder)
    (folder / "notebooks").mkdir()
    return folder


def copy_of_the_notebook(stem, folder, quick):
    """Copy a notebook without its counts: one in the copy means that this test ran the cell."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    for cell in code_cells(notebook).values():
        cell.execution_count = None
        if quick and "parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace("QUICK = False", "QUICK = True")
    nbformat.write(notebook, folder / "notebooks" / f"{stem}.ipynb")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    home = tmp_path_factory.mktemp("jupyter")
    lab = Lab(
        copy_of_the_course(tmp_path_factory.mktemp("course")), free_port(), secrets.token_hex()
    )
    python = Path(sys.executable)
    # A learner's progress bars are on, whatever the tests' own command says.
    environ = {key: value for key, value in os.environ.items() if key != "TQDM_DISABLE"}
    env = course.course_environ(python, "lab", environ)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR",
                 "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):  # fmt: skip
        env[name] = str(home / name.lower())
    options = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port_retries=0",
    ]
    options += [f"--ServerApp.port={lab.url.rpartition(':')[2]}"]
    options += [f"--IdentityProvider.token={lab.token}"]
    command = course.command_line("lab", python, lab.root, options)
    log = home / "jupyterlab.log"
    with log.open("w") as sink:
        server = subprocess.Popen(command, cwd=lab.root, env=env, stdout=sink, stderr=sink)
    try:
        deadline = monotonic() + WAIT_SECONDS
        while not lab.is_up():
            if server.poll() is not None or monotonic() > deadline:
                pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
            sleep(0.2)
        yield lab
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser
        browser.close()


class Visit:
    """One notebook, open in a page of its own that records what it complains of and asks for."""

    def __init__(self, browser, lab, stem):
        self.lab, self.stem = lab, stem
        self.path = lab.root / "notebooks" / f"{stem}.ipynb"
        self.complaints, self.outside = [], []
        self.context = browser.new_context(viewport={"width": 1280, "height": 1000})
        self.context.set_default_timeout(WAIT_SECONDS * 1000)
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda event: self.complaints.append(str(event.error)))
        self.context.on("request", lambda request: self._on_request(request.url))
        self.context.route(lambda url: not LOCAL.match(url), lambda route: route.abort())
        self.page = self.context.new_page()
        self.page.on("websocket", lambda socket: self._on_request(socket.url))

    def _on_console(self, message):
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_request(self, url):
        if not LOCAL.match(url):
            self.outside.append(url)

    def open(self):
        # The first notebook is what `course.py lab` opens by itself.
        place = f"/lab/workspaces/{self.stem}/tree/notebooks/{self.stem}.ipynb"
        first = self.stem == Path(course.START).stem
        self.page.goto(f"{self.lab.url}{'/' if first else place}?token={self.lab.token}")
        self.page.get_by_text("| Idle").wait_for()
        title = self.page.locator(".lm-DockPanel-tabBar .lm-mod-current").inner_text()
        assert title.strip() == self.path.name, f"{title!r} was opened"

    def until(self, find, failure):
        """Poll `find` until it returns something true; `failure` is called for the message."""
        deadline = monotonic() + WAIT_SECONDS
        while not (found := find()):
            if monotonic() > deadline:
                pytest.fail(f"{self.stem}: after {WAIT_SECONDS} s {failure()}")
            self.page.wait_for_timeout(100)  # unlike sleep, it lets the page's events come in
        return found

    def saved(self):
        """Save with the keyboard and return what lies on the disk then."""
        before = self.path.stat().st_mtime_ns

        def read():
            if self.page.locator(DIRTY).count():  # changed since: the last cell's word comes late
                self.page.keyboard.press("ControlOrMeta+s")
                self.page.wait_for_timeout(500)
                return None
            if self.path.stat().st_mtime_ns == before:
                return None
            try:
                return nbformat.read(self.path, as_version=4)
            except nbformat.reader.NotJSONError:  # still being written
                return None

        self.page.keyboard.press("ControlOrMeta+s")
        return self.until(read, lambda: "the notebook was not saved")

    def run_all(self):
        """Run every cell and return the notebook as saved when the last one has ended."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        deadline = monotonic() + RUN_SECONDS
        while True:
            for _ in range(10):
                idle = self.page.get_by_text("| Idle").count()
                self.page.wait_for_timeout(200)
                if not idle:
                    break
            else:
                notebook = self.saved()
                cells = code_cells(notebook)
                waiting = [i for i, cell in cells.items() if cell.execution_count is None]
                if not waiting or any(errors(cell) for cell in cells.values()):
                    return notebook
            if monotonic() > deadline:
                pytest.fail(f"{self.stem}: the cells had not all run after {RUN_SECONDS} s")

    def cell(self, index):
        """Scroll to a cell, which is what makes JupyterLab put it into the page."""
        found = self.page.locator(f'.jp-Notebook-cell[data-windowed-list-index="{index}"]')
        window = self.page.locator(".jp-WindowedPanel-outer").first

        def scrolled_to():
            if not found.is_visible():
                window.evaluate(SCROLL, index)
            return found.is_visible()

        self.until(scrolled_to, lambda: f"cell {index} was not found by scrolling")
        found.scroll_into_view_if_needed()
        return found

    def execute(self, index, source):
        """Type `source` over a cell, run it, and return the text of its outputs."""
        cell = self.cell(index)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")
        self.until(
            lambda: (
                prompt.inner_text() != before and re.fullmatch(r"\[\d+\]:", prompt.inner_text())
            ),
            lambda: (
                f"cell {index} with\n{source}\nhad not run; its prompt is {prompt.inner_text()}"
            ),
        )
        texts = cell.locator(".jp-OutputArea-output")
        self.until(texts.count, lambda: f"cell {index} with\n{source}\nhad printed nothing")
        return "\n".join(texts.all_inner_texts())


@contextmanager
def visit(browser, lab, stem, tmp_path):
    """Open a notebook; take a screenshot if what is done with it fails."""
    seen = Visit(browser, lab, stem)
    try:
        seen.open()
        yield seen
    except BaseException as error:
        picture = tmp_path / f"{stem}.png"
        seen.page.screenshot(path=picture)
        error.add_note(f"{stem}: the page is shown in {picture}")
        error.add_note(f"{stem}: the page's console: {seen.complaints or 'no error'}")
        raise
    finally:
        seen.context.close()
        lab.end_kernels()


# --- What a notebook holds ------------------------------------------------------------------------


def code_cells(notebook):
    return {i: cell for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"}


def errors(cell):
    """Return what a cell complains of: exceptions and everything on stderr."""
    raised = [o for o in cell.outputs if o.output_type == "error"]
    warned = [o for o in cell.outputs if o.get("name") == "stderr"]
    return [f"{o.ename}: {o.evalue}" for o in raised] + [o.text for o in warned]


def verdicts(path):
    return {claim["id"]: claim["verdict"] for claim in store_notebooks.claims_of(path)}


class Task:
    """An exercise's cell, taken apart: a stub, and `exercises.<name>.check(<stub>)` below it."""

    def __init__(self, source):
        self.check, self.exercise = CHECK.search(source).groups()
        kinds = ast.FunctionDef | ast.Assign
        stub = next(node for node in ast.parse(source).body if isinstance(node, kinds))
        if isinstance(stub, ast.FunctionDef):
            self.head = f"def {stub.name}({ast.unparse(stub.args)}):\n    return"
        else:
            self.head = f"{stub.targets[0].id} ="

    def wrong(self):
        return f"{self.head} -1.0\n\n\n{self.check}\n{self.exercise}.hint()"

    def right(self, shown):
        """Put the solution that the page shows in the place of the stub."""
        return f"{shown}\n\n\n{self.check}"


# --- What a learner does --------------------------------------------------------------------------


def check_the_run(seen, notebook, quick):
    for i, cell in code_cells(notebook).items():
        assert not errors(cell), f"{seen.stem}: cell {i} complains: {errors(cell)}"
        assert cell.execution_count, f"{seen.stem}: cell {i} has not run"
    found, stored = verdicts(seen.path), verdicts(ROOT / "notebooks" / f"{seen.stem}.ipynb")
    if quick:
        found = {name: stored[name] if v == "undecided" else v for name, v in found.items()}
    assert found == stored, f"{seen.stem}: other verdicts than the stored ones"


def move_to_both_ends(seen, index, frames):
    """Move the slider of a cell with Home and End, and look at figure and read-out each time.

    `frames` is what the site says for each setting of this slider, or None.
    """
    cell = seen.cell(index)
    handle, status, image = map(cell.locator, (".noUi-handle", "[role=status]", "img"))
    assert handle.count() == 1, f"{seen.stem}: cell {index} shows {handle.count()} sliders"
    handle.focus()
    at, low, high = (
        float(handle.get_attribute(f"aria-value{key}")) for key in ("now", "min", "max")
    )
    ends = [("Home", low), ("End", high)]
    for key, end in reversed(ends) if at == low else ends:
        where = f"{seen.stem}: cell {index} after {key}"
        before, drawn = status.inner_text(), image.evaluate(PICTURE)
        seen.page.keyboard.press(key)
        seen.until(
            # While a figure is being drawn, the read-out is no status but says "working".
            lambda before=before: status.count() and status.inner_text() != before,
            lambda key=key: f"{key} has not changed cell {index}: {cell.inner_text()[-300:]}",
        )
        at = float(handle.get_attribute("aria-valuenow"))
        assert at == end, f"{where} stands at {at} of {low} to {high}"
        said, label = status.inner_text(), cell.locator(".widget-label").first.text_content()
        assert label and said.startswith(f"{label} = "), f"{where} says {said!r} of {label!r}"
        same = image.evaluate(PICTURE) == drawn
        assert not same, f"{where} shows the picture of before, and says {said!r}"
        if frames:
            told = "{} = {}. {}".format(label, *frames["settings"][0 if key == "Home" else -1])
            said = said.rpartition(" (")[0]  # seconds
            assert compare.same_text(told, said), f"{where} says {said!r}, on the site {told!r}"


def answer(seen, index, task):
    """Answer an exercise wrong, take the hint, read the solution, type it, and be right."""
    where = f"{seen.stem}: cell {index}, {task.exercise}"
    said = seen.execute(index, task.wrong())
    assert said.startswith("Not yet: "), f"{where}: a wrong answer gives {said!r}"
    assert "\nHint 1 of " in said, f"{where}: the hint is {said!r}"
    shown = seen.execute(index, f"{task.exercise}.solution()")
    assert shown.startswith("def "), f"{where}: the solution is shown as {shown!r}"
    said = seen.execute(index, task.right(shown))
    assert said.strip() == "Right.", f"{where}: its own solution gives {said!r}"


def check_nothing_unsaved(seen):
    seen.page.wait_for_timeout(2000)  # the kernel's facts reach the metadata after "Idle"
    assert not seen.page.locator(DIRTY).count(), f"{seen.stem}: opened, and already unsaved"


# The ordinary test takes two notebooks that are soon through, in the quick setting: one without and
# one with sliders and exercises. `-m slow` takes all as they are.
@pytest.mark.parametrize(
    ("stem", "quick"),
    [(stem, True) for stem in ("00_start_here", "02b_ridge_and_lasso")]
    + [pytest.param(path.stem, False, marks=pytest.mark.slow) for path in NOTEBOOKS],
)
def test_a_learner_works_through_the_notebook(stem, quick, browser, lab, tmp_path):
    copy_of_the_notebook(stem, lab.root, quick)
    with visit(browser, lab, stem, tmp_path) as seen:
        check_nothing_unsaved(seen)
        notebook = seen.run_all()
        check_the_run(seen, notebook, quick)
        cells = code_cells(notebook)
        sliders = [i for i, cell in cells.items() if "explore.Slider(" in cell.source]
        exercises = {i: Task(cell.source) for i, cell in cells.items() if CHECK.search(cell.source)}
        # Notebook 00 checks the computer: it has neither.
        if stem[:2] == "00":
            assert not sliders and not exercises
        else:
            assert sliders and len(exercises) >= 3
        for index in sliders:
            frames = store_notebooks.FRAMES / stem / cells[index]["id"] / "said.json"
            known = frames.exists() and not quick
            move_to_both_ends(seen, index, json.loads(frames.read_text()) if known else None)
        for index, task in exercises.items():
            answer(seen, index, task)
        assert seen.outside == [], f"{stem}: requests that leave the machine"
        assert seen.complaints == [], f"{stem}: errors in the page's console"
