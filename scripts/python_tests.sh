#!/usr/bin/env bash
# Tests of the Python package, in a virtual environment that knows neither checkout nor .deps.
#   scripts/python_tests.sh prepare        makes build/python/venv (pinned packages from PyPI)
#   scripts/python_tests.sh wheel BUILD    builds the wheel against the library built in BUILD
#   scripts/python_tests.sh run            installs the wheel there and runs pytest
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
work=build/python
venv=$work/venv
stamp=$venv/requirements.sha256

fail() { printf '\npython: %s\nWhat to do: %s\n' "$1" "$2" >&2; exit 1; }

prepare() {
  local want
  want=$( (cat python/requirements-test.txt; "$python" --version) | sha256sum)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return
  rm -rf "$venv"
  mkdir -p "$work"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$("$python" --version) is too old for the package" 'install Python 3.10, or set PYTHON'
  "$python" -m venv "$venv" 2>"$work/venv.log" ||
    fail "a virtual environment cannot be made: $(tail -n 2 "$work/venv.log")" \
      'install the venv module (Debian: python3-venv)'
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --find-links .deps/downloads --requirement python/requirements-test.txt >"$work/pip.log" 2>&1 ||
    fail "pip failed: $(tail -n 4 "$work/pip.log")" 'check the network and pip, then run it again'
  echo "$want" >"$stamp"
}

wheel() {
  local build=$1 prefix=$PWD/$work/prefix
  rm -rf "$prefix" "$work/wheel"
  cmake --install "$build" --prefix "$prefix" >/dev/null
  "$venv/bin/pip" wheel . --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "$work/wheel" -C build-dir="$work/build" -C cmake.source-dir=python \
    -C cmake.define.frontalis_DIR="$prefix/lib/cmake/frontalis"
}

run() {
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-index \
    --force-reinstall "$work"/wheel/frontalis-*.whl
  # One thread for linear algebra: on a busy machine more wait for each other.
  OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 "$venv/bin/python" -m pytest -q -p no:cacheprovider python/tests "$@"
}

case "${1:-}" in
  prepare | wheel | run) "$@" ;;
  *) sed -n '2,6s/^# //p' "$0"; exit 2 ;;
esac
