"""What any JupyterHub needs for the course: its files, its kernel, its first page.

Load it from a jupyterhub_config.py (this folder has one), or copy it to the folder for snippets of
The Littlest JupyterHub (install_tljh.sh does).

COURSE_REPOSITORY  git repository that learners get a copy of, and its changes at each start
COURSE_BRANCH      its branch, main by default
COURSE_SHARED      the course as root has cloned it, with its .venv: read by all, written by root

Settings checked on 2026-11-22 against JupyterHub 5.5, nbgitpuller 1.3 and Jupyter Server 2.21.
Run by tests/test_hub.py on one Linux machine, and nowhere else.
"""

import os
from urllib.parse import urlencode

c = get_config()  # noqa: F821 - JupyterHub provides it

_shared = os.environ.get("COURSE_SHARED", "/srv/overfitting-course")
_jupyter = os.path.join(_shared, "class", "server", "jupyter")
# nbgitpuller takes what the course changed and keeps what the learner did. Without `branch` it
# would look for `master`.
_pull = {
    "repo": os.environ["COURSE_REPOSITORY"],
    "branch": os.environ.get("COURSE_BRANCH", "main"),
    "targetpath": "overfitting-course",
    "urlpath": "lab/tree/overfitting-course/notebooks/00_start_here.ipynb",
}
c.Spawner.default_url = "/git-pull?" + urlencode(_pull)
# The kernel runs in the course's own environment, which every learner shares; the server does not.
# Kernels that are idle for half an hour end, also those with an open tab.
c.Spawner.environment = {"JUPYTER_PATH": _jupyter, "JUPYTER_CONFIG_PATH": _jupyter}
