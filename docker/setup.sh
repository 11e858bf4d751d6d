#!/usr/bin/env bash
# Makes the environment: system packages, a virtual environment from the lock, this project. Used by `make env` and by the images.
#
#   docker/setup.sh FOLDER      (FOLDER: the virtual environment, for example .venv)
#
# A second run with the same lock does nothing. Takes pip's own settings (PIP_INDEX_URL, PIP_FIND_LINKS, …): a machine that offers a CPU build
# of torch under the same version gets that one.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:?usage: docker/setup.sh FOLDER}
torch=2.13.0
stamp=$(cat docker/lock.txt docker/setup.sh pyproject.toml | sha256sum | cut -d' ' -f1)
[ "$(cat "$venv/.ready" 2>/dev/null)" = "$stamp" ] && exit 0

wanted=()
need() { wanted+=("$1"); }
command -v ffmpeg >/dev/null || need ffmpeg
command -v gcc >/dev/null || need build-essential
ldconfig -p | grep -q 'libEGL\.so\.1' || need libegl1
ldconfig -p | grep -q 'libGLESv2\.so\.2' || need libgles2
python=$(command -v python3.11 || true)
[ -n "$python" ] || { need python3.11; need python3.11-venv; need python3.11-dev; }
[ -z "$python" ] || "$python" -c 'import ensurepip, venv' 2>/dev/null || need python3.11-venv
[ -z "$python" ] || "$python" -c 'import sysconfig, os, sys; sys.exit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))' || need python3.11-dev
if [ ${#wanted[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing ${wanted[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
  else
    echo "setup: system packages are missing; run: sudo apt-get install ${wanted[*]}" >&2
    exit 2
  fi
fi

[ -x "$venv/bin/python" ] || python3.11 -m venv "$venv"
pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check)
echo "setup: torch $torch"
"${pip[@]}" "torch==$torch" 2> >(grep -v '^WARNING: Location' >&2 || true)
echo "setup: $(grep -c == docker/lock.txt) locked packages"
"${pip[@]}" --no-deps -r docker/lock.txt 2> >(grep -v '^WARNING: Location' >&2 || true)
"${pip[@]}" --no-deps --no-build-isolation -e . 2> >(grep -v '^WARNING: Location' >&2 || true)
echo "$stamp" > "$venv/.ready"
echo "setup: ready; the command is $venv/bin/cinedub"
