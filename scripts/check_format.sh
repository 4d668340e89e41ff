#!/usr/bin/env bash
# Checks the format of all our C++ sources, or with --fix formats them in place.
# Another clang-format may be named in CLANG_FORMAT; Debian 12's version 14 is the one that counts.
set -euo pipefail
cd "$(dirname "$0")/.."

format=${CLANG_FORMAT:-}
[ -n "$format" ] || format=$(command -v clang-format-14 || command -v clang-format) || {
  echo 'check_format: there is no clang-format; run scripts/setup.sh --lint' >&2
  exit 1
}
version=$("$format" --version | sed 's/.*version \([0-9]*\).*/\1/')
[ "$version" = 14 ] ||
  echo "check_format: clang-format $version may differ from version 14, which decides" >&2

mode=(--dry-run -Werror)
[ "${1:-}" != --fix ] || mode=(-i)

# Files of the work tree that git knows or would take: never a build's or .deps' files.
sources() {
  git ls-files -z --cached --others --exclude-standard -- \
    '*.h' '*.hpp' '*.c' '*.cc' '*.cpp' '*.mm' | while IFS= read -r -d '' file; do
    [ -f "$file" ] && printf '%s\0' "$file"
  done
}
sources | xargs -0 -n 20 -P 2 "$format" --style=file "${mode[@]}" || {
  echo 'check_format: run `make format`' >&2
  exit 1
}
