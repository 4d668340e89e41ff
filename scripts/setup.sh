#!/usr/bin/env bash
# Sets up everything that a build of Frontalis needs, and does nothing where all is there:
# system packages (apt or Homebrew), then the private prefix .deps (scripts/fetch_deps.py).
#   scripts/setup.sh          what build, tests, benchmarks and the demo need
#   scripts/setup.sh --test   also ONNX Runtime, the browser that the tests of the pages drive, and
#                             what Debian's own Python lacks to build the Python package
#   scripts/setup.sh --lint   also what `make check` and `make format` need
#   scripts/setup.sh --clang  also clang with its sanitizers and libFuzzer (presets asan and fuzz)
# FRONTALIS_SKIP_SYSTEM=1     leaves the system packages to you
set -euo pipefail
cd "$(dirname "$0")/.."

lint=0 test=0 clang=0
case "${1:-}" in
  '') ;;
  --lint) lint=1 ;;
  --clang) clang=1 ;;
  --test) test=1 ;;
  *) sed -n '2,8s/^# //p' "$0"; exit 2 ;;
esac

fail() { # step, why, what to do
  printf "\nsetup: step '%s' failed: %s\nWhat to do: %s\n" "$1" "$2" "$3" >&2
  exit 1
}

debian=(cmake ninja-build ccache pkg-config g++ libavformat-dev libavcodec-dev libavutil-dev
  libswscale-dev libavdevice-dev libavfilter-dev ffmpeg libeigen3-dev libcli11-dev libspdlog-dev
  nlohmann-json3-dev libgtest-dev libbenchmark-dev libdlib-dev libopencv-core-dev
  libopencv-imgproc-dev zlib1g-dev libcurl4-openssl-dev libcpp-httplib-dev
  libssl-dev libbrotli-dev)
debian_lint=(clang-format)
debian_test=(chromium chromium-driver)
debian_clang=(clang libclang-rt-dev)
command -v npm >/dev/null || debian+=(npm)
brew=(cmake ninja ccache pkg-config ffmpeg eigen cli11 spdlog nlohmann-json googletest
  google-benchmark dlib opencv node cpp-httplib)
brew_lint=(clang-format)
brew_test=(onnxruntime)
if [ "$lint" = 1 ]; then
  debian+=("${debian_lint[@]}")
  brew+=("${brew_lint[@]}")
fi
[ "$test" = 0 ] || brew+=("${brew_test[@]}")
[ "$clang" = 0 ] || debian+=("${debian_clang[@]}")
# Ubuntu has Chromium as a snap only: there the tests of the pages say that they were skipped.
if [ "$test" = 1 ] && grep -qs '^ID=debian' /etc/os-release; then
  debian+=("${debian_test[@]}")
fi

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail python "there is no $python" "install Python 3.8 or later"
"$python" -S -c 'import sys; sys.exit(sys.version_info < (3, 8))' ||
  fail python "$("$python" --version) is too old" "install Python 3.8 or later, or set PYTHON"

# The tests of the Python package: Debian keeps headers and venv of its own Python apart.
if [ "$test" = 1 ] && [ "$("$python" -S -c 'import sys; print(sys.prefix)')" = /usr ]; then
  debian+=(python3-dev python3-venv)
fi

missing_debian() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null |
    sed -n 's/^ii  *//p' | sort -u)
  printf '%s\n' "$@" | sort -u | comm -23 - <(printf '%s\n' "$installed")
}

system_debian() {
  # pip only downloads here; any pip will do, so Debian's comes only where there is none.
  local has_pip='import importlib.util, sys; sys.exit(importlib.util.find_spec("pip") is None)'
  "$python" -c "$has_pip" || /usr/bin/python3 -c "$has_pip" 2>/dev/null || debian+=(python3-pip)
  local missing
  mapfile -t missing < <(missing_debian "${debian[@]}")
  [ "${#missing[@]}" -gt 0 ] || return 0

  local root=() log=.deps/logs/apt.log install
  install="apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail 'system packages' \
      'packages are missing, and there is neither root nor sudo' "as root, run: $install"
    root=(sudo)
  fi
  mkdir -p .deps/logs
  echo "setup: installing ${#missing[@]} system packages: ${missing[*]}"
  local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  if ! "${apt[@]}" update >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail 'system packages' "apt-get update failed (whole log: $log)" \
      'check the network and the apt sources, then run it again'
  fi
  if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    tail -n 8 "$log" >&2
    fail 'system packages' "apt-get install failed (whole log: $log)" \
      "check the network and the apt sources, or do it by hand: $install"
  fi
  echo 'setup: system packages ready'
}

system_brew() {
  command -v brew >/dev/null || fail 'system packages' 'there is no Homebrew' \
    "install Homebrew, or these by other means and set FRONTALIS_SKIP_SYSTEM=1: ${brew[*]}"
  local prefix missing=() name
  prefix=$(brew --prefix)
  for name in "${brew[@]}"; do
    [ -e "$prefix/opt/$name" ] || missing+=("$name")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  echo "setup: installing with Homebrew: ${missing[*]}"
  brew install "${missing[@]}" || fail 'system packages' 'brew install failed' \
    "repair it by hand (brew install ${missing[*]}), then run it again"
}

if [ "${FRONTALIS_SKIP_SYSTEM:-0}" != 1 ]; then
  if [ "$(uname -s)" = Darwin ]; then
    system_brew
  elif command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    system_debian
  else
    fail 'system packages' 'this system has neither apt nor Homebrew' \
      "install what these Debian packages hold, then set FRONTALIS_SKIP_SYSTEM=1 and run it again:
  ${debian[*]} python3-pip"
  fi
fi

"$python" -B scripts/fetch_deps.py
[ "$test" = 0 ] || "$python" -B scripts/fetch_deps.py onnxruntime
[ "$lint" = 0 ] || "$python" -B scripts/fetch_deps.py clang-tidy
