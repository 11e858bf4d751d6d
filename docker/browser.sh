#!/usr/bin/env bash
# Installs what the browser tests need beside the environment: Chromium from Debian, and its driver from a lock of its own.
#
#   docker/browser.sh FOLDER      (FOLDER: the virtual environment, for example .venv)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:?usage: docker/browser.sh FOLDER}
if ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "browser: installing chromium"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null
  else
    echo "browser: chromium is missing; run: sudo apt-get install chromium" >&2
    exit 2
  fi
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r docker/browser.txt 2> >(grep -v '^WARNING: Location' >&2 || true)
