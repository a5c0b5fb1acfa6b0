"""A real JupyterHub from class/server: learners get the course, work, are updated, culled, return.

The hub runs class/server/jupyterhub_config.py with users that need no account on this computer, on
free ports. Its programs come from the index: class/server/requirements.txt and, by npm, the proxy.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import nbformat
import pytest
import websocket

from tools import dress

ROOT = Path(__file__).parents[1]
SERVER = ROOT / "class" / "server"
USERS = ("ada", "ben")
NOTEBOOK = "overfitting-course/notebooks/00_start_here.ipynb"
CULLED_AFTER = 60  # seconds: longer than a cell that trains and prints nothing
CONFIG = """
import os
c = get_config()
load_subconfig("jupyterhub_config.py", path={server!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {token!r}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {home!r}
c.Spawner.args = ["--allow-root"]
c.Spawner.environment["JUPYTERHUB_ACTIVITY_INTERVAL"] = "2"
c.JupyterHub.last_activity_interval = 2
c.JupyterHub.services[0]["command"][-2:] = ["--timeout={culled}", "--cull-every=3"]
c.JupyterHub.services += [{{"name": "tester", "api_token": {token!r}}}]
c.JupyterHub.load_roles += [{{
    "name": "tester", "services": ["tester"],
    "scopes": ["admin:users", "admin:servers", "access:servers"],
}}]
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="JupyterHub does not run on Windows"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="the proxy needs npm"),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def git(folder, *arguments):
    who = ["-c", "user.name=Course", "-c", "user.email=course@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Install the hub and its proxy; return what PATH needs."""
    folder = tmp_path_factory.mktemp("programs")
    subprocess.run([sys.executable, "-m", "venv", folder / "hub"], check=True)
    pip = [folder / "hub/bin/python", "-m", "pip", "install", "-q", "--require-hashes", "-r"]
    subprocess.run([*pip, SERVER / "requirements.txt"], check=True)
    npm = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder]
    subprocess.run([*npm, "configurable-http-proxy@5"], check=True, capture_output=True)
    return f"{folder}/hub/bin{os.pathsep}{folder}/node_modules/.bin"


class Hub:
    """A running hub, asked with a service's token."""

    def __init__(self, port, token):
        self.token, self.url = token, f"http://127.0.0.1:{port}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path, method="GET", content=None):
        body = None if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with self.opener.open(request, timeout=120) as reply:
            return reply.read().decode()

    def is_up(self):
        try:
            return bool(self.ask("/hub/api/"))
        except OSError:
            return False

    def server(self, user):
        return json.loads(self.ask(f"/hub/api/users/{user}"))["servers"].get("")

    def start(self, user):
        """Start a learner's server anew: an idle one may be culled at any moment."""
        server = f"/hub/api/users/{user}/server"
        with contextlib.suppress(urllib.error.HTTPError):  # it does not run, or is being stopped
            self.ask(server, "DELETE")
        wait(lambda: not self.server(user), f"the end of {user}'s server", 120)
        self.ask(server, "POST")
        wait(lambda: (self.server(user) or {}).get("ready"), f"{user}'s server", 120)

    def pull(self, user, repository):
        """Fetch the course, or its changes, as the first page of a server does."""
        page = {"repo": str(repository), "branch": "main", "targetpath": "overfitting-course"}
        said = self.ask(f"/user/{user}/git-pull/api?{urllib.parse.urlencode(page)}")
        assert '"phase": "finished"' in said, said

    def notebook(self, user, changed=None):
        path = f"/user/{user}/api/contents/{NOTEBOOK}"
        if changed is not None:
            self.ask(path, "PUT", {"type": "notebook", "format": "json", "content": changed})
        return json.loads(self.ask(path))["content"]


def wait(ready, what, seconds):
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what}: not after {seconds} s"
        time.sleep(0.5)


@pytest.fixture
def repository(tmp_path):
    """The course in a repository, and root's clone of it with the environment that all share."""
    origin, shared = tmp_path / "origin", tmp_path / "shared"
    for name in ("helpers", "notebooks", "class/server"):
        shutil.copytree(ROOT / name, origin / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.lock", "pyproject.toml", "claims.json"):
        shutil.copy(ROOT / name, origin)
    git(origin, "init", "--quiet", "--initial-branch", "main")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "The course")
    git(tmp_path, "clone", "--quiet", origin, shared)
    (shared / ".venv").symlink_to(sys.prefix)
    return origin


@pytest.fixture
def hub(programs, repository, tmp_path):
    token, port, folder = uuid.uuid4().hex, free_port(), tmp_path / "run"
    folder.mkdir()
    settings = CONFIG.format(
        server=str(tmp_path / "shared/class/server"), port=port, hub_port=free_port(),
        api_port=free_port(), token=token, home=f"{tmp_path}/home/{{username}}",
        culled=CULLED_AFTER,
    )  # fmt: skip
    (folder / "config.py").write_text(settings, encoding="utf-8")
    lost = ("PYTHONPATH", "KERAS_BACKEND", "VIRTUAL_ENV", "JUPYTER_PREFER_ENV_PATH")
    env = {key: value for key, value in os.environ.items() if key not in lost}
    env |= {
        "PATH": programs + os.pathsep + env["PATH"],
        "COURSE_REPOSITORY": str(repository),
        "COURSE_SHARED": str(tmp_path / "shared"),
        "HOME": str(tmp_path / "home"),
        "TQDM_DISABLE": "1",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["jupyterhub", "-f", "config.py"], cwd=folder, env=env, stdout=log, stderr=log
        )
        hub = Hub(port, token)
        try:
            wait(lambda: hub.is_up() or process.poll() is not None, "the hub", 120)
            assert process.poll() is None, (folder / "log").read_text()
            yield hub
        finally:
            process.terminate()
            process.wait(60)
    print((folder / "log").read_text()[-3000:])


def run_cells(hub, user, sources):
    """Run cells in a kernel of the learner's server; return what they print."""
    kernel = json.loads(
        hub.ask(f"/user/{user}/api/kernels", "POST", {
            "name": "python3", "path": "overfitting-course/notebooks",
        })
    )["id"]  # fmt: skip
    channel = websocket.create_connection(
        f"{hub.url.replace('http', 'ws')}/user/{user}/api/kernels/{kernel}/channels",
        header=[f"Authorization: token {hub.token}"], timeout=300, http_no_proxy=["127.0.0.1"],
    )  # fmt: skip
    printed = []
    for source in sources:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "s"}
        header |= {"username": "", "version": "5.3", "date": "2026-01-01T00:00:00Z"}
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        channel.send(json.dumps(message | {"channel": "shell"}))
        while True:
            reply = json.loads(channel.recv())
            if reply["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            kind, content = reply["msg_type"], reply["content"]
            assert kind != "error", (source, content["ename"], content["evalue"])
            if kind == "stream":
                printed.append(content["text"])
            if kind in ("display_data", "execute_result"):
                printed.append(content["data"].get("text/plain", ""))
            if kind == "status" and content["execution_state"] == "idle":
                break
    channel.close()
    hub.ask(f"/user/{user}/api/kernels/{kernel}", "DELETE")
    return "\n".join(printed)


def code(stem):
    """Return the code cells of a notebook's core."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    return [c.source for c in dress.split(notebook.cells)[0] if c.cell_type == "code"]


def test_learners_get_the_course_work_are_updated_culled_and_come_back(hub, repository, tmp_path):
    where = "import sys, helpers; print('AT', sys.prefix, helpers.__file__)"
    for user in USERS:
        hub.ask(f"/hub/api/users/{user}", "POST")
        hub.start(user)
        hub.pull(user, repository)
        spec = json.loads(hub.ask(f"/user/{user}/api/kernelspecs"))["kernelspecs"]["python3"]
        assert spec["spec"]["env"]["KERAS_BACKEND"] == "tensorflow"
        printed = run_cells(hub, user, [where, *code("00_start_here")])
        assert f"AT {tmp_path}/shared/.venv {tmp_path}/home/{user}/overfitting-course" in printed
        assert "Packages: good" in printed and "REFUTED" in printed
        printed = run_cells(hub, user, code("02b_ridge_and_lasso"))
        assert "SUPPORTED: lasso-beats-ridge-when-few-matter" in printed

    # A learner changes a cell; the course changes another of the same notebook.
    hub.start("ada")
    changed = hub.notebook("ada")
    cell = next(c for c in changed["cells"] if c["id"] == "cell-09")
    cell["source"] = "# what Ada wrote\n" + cell["source"]
    hub.notebook("ada", changed)
    path = repository / "notebooks/00_start_here.ipynb"
    course = nbformat.read(path, as_version=4)
    course.cells[1].source += "\n\nA correction."
    nbformat.write(course, path)
    git(repository, "commit", "--all", "--quiet", "--message", "A correction")
    for user in USERS:
        hub.start(user)
        hub.pull(user, repository)
        text = json.dumps(hub.notebook(user))
        assert "A correction." in text
        assert ("what Ada wrote" in text) == (user == "ada")

    wait(lambda: not any(map(hub.server, USERS)), "culling", CULLED_AFTER + 120)
    with pytest.raises(urllib.error.HTTPError):
        hub.notebook("ada")
    hub.start("ada")
    assert "what Ada wrote" in json.dumps(hub.notebook("ada"))
