"""JupyterHub for one class on one machine, without The Littlest JupyterHub.

    python3 -m venv /opt/hub
    /opt/hub/bin/pip install --require-hashes -r class/server/requirements.txt
    npm install -g configurable-http-proxy
    export PATH=/opt/hub/bin:$PATH COURSE_REPOSITORY=https://...
    jupyterhub -f class/server/jupyterhub_config.py

It needs root, systemd (for the limits) and a server in front of it that speaks HTTPS. README.md in
this folder says how the shared course is made.

Settings checked on 2026-11-22 against JupyterHub 5.5, jupyterhub-idle-culler 1.4 and
jupyterhub-systemdspawner 1.0. tests/test_hub.py runs this file with another authenticator and
another spawner; PAM, systemd, its limits and HTTPS were never run.
"""

import os
import sys

c = get_config()  # noqa: F821 - JupyterHub provides it
load_subconfig("course_hub.py", path=os.path.dirname(__file__))  # noqa: F821

c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.Authenticator.allow_all = True  # whoever has an account on this machine
c.Authenticator.admin_users = {"teacher"}

# Two notebooks open at once take about 2 GB. README.md has the table of sizes.
c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
c.Spawner.mem_limit = "3G"
c.JupyterHub.active_server_limit = 40
c.JupyterHub.concurrent_spawn_limit = 10
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120

# A server whose learner has gone. Its kernels have ended before: see jupyter_server_config.json.
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [
            *(sys.executable, "-m", "jupyterhub_idle_culler"),
            *("--timeout=3600", "--cull-every=300"),
        ],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    }
]
