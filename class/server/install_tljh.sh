#!/usr/bin/env bash
# One machine: The Littlest JupyterHub with the course. On a fresh Ubuntu server, as root:
#
#     bash install_tljh.sh ADMIN https://.../overfitting-course.git [BRANCH]
#
# Then log in as ADMIN, choose a password and add the learners in the admin panel.
# Commands and settings checked on 2026-11-22 against the documentation of The Littlest JupyterHub
# 2.0. This script was never run: it needs a machine of its own with systemd.
set -euo pipefail

if [ "$#" -lt 2 ] || [ "$(id -u)" != 0 ]; then
    echo "usage, as root: bash install_tljh.sh ADMIN REPOSITORY [BRANCH]" >&2
    exit 2
fi
admin=$1 repository=$2 branch=${3:-main}
shared=/srv/overfitting-course
snippets=/opt/tljh/config/jupyterhub_config.d
config=/opt/tljh/hub/bin/tljh-config

apt-get update
apt-get install --yes curl git python3 python3-venv
curl --fail --silent --show-error --location https://tljh.jupyter.org/bootstrap.py |
    python3 - --version 2 --admin "$admin"

# The environment that every learner's kernel shares: made once, read by all, written by root.
git clone --branch "$branch" "$repository" "$shared"
(cd "$shared" && python3 course.py class slides)
chmod -R a+rX,go-w "$shared"

mkdir -p "$snippets"
# Snippets are read in the order of their names: this one first.
python3 - "$repository" "$branch" > "$snippets/00_course_settings.py" <<'PYTHON'
import sys
print("import os")
print(f"os.environ.update(COURSE_REPOSITORY={sys.argv[1]!r}, COURSE_BRANCH={sys.argv[2]!r})")
PYTHON
cp "$shared/class/server/course_hub.py" "$snippets/course_hub.py"

"$config" set user_environment.default_app jupyterlab
"$config" set limits.memory 3G
"$config" set services.cull.timeout 3600
"$config" set services.cull.every 300
"$config" reload
