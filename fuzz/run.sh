#!/usr/bin/env bash
# Runs every fuzz target for some seconds: fuzz/run.sh BUILD SECONDS [NAME...]
# Inputs that find something new are kept in BUILD/fuzz/found; what crashes, leaks or takes too long
# is written to BUILD/fuzz/crashes, and the exit code is 1.
set -euo pipefail
build=$(cd "$1" && pwd)
seconds=$2
shift 2
cd "$(dirname "$0")"

jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
seeds=$build/fuzz/seeds
crashes=$build/fuzz/crashes
mkdir -p "$crashes"
[ $# -gt 0 ] || set -- $(cd "$build/fuzz" && ls | sed -n 's/^fuzz_\([a-z_]*\)$/\1/p')
if [ ! -e "$seeds/complete" ]; then
  "$build/fuzz/make_seeds" "$seeds"
  ./make_media_seeds.sh "$seeds"
  touch "$seeds/complete"
fi

one() {
  local name=$1 folders=() size=16384
  case $name in linear_model | validator) size=131072 ;; esac
  mkdir -p "$build/fuzz/found/$name"
  for folder in "$build/fuzz/found/$name" "$seeds/${name/pipe/video}" "corpus/$name"; do
    [ ! -d "$folder" ] || folders+=("$folder")
  done
  if "$build/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=$size -timeout=30 \
    -rss_limit_mb=5000 -malloc_limit_mb=2000 -print_final_stats=1 \
    -artifact_prefix="$crashes/$name-" "${folders[@]}" >"$build/fuzz/$name.log" 2>&1; then
    sed -n "s/^stat::number_of_executed_units: */ok    $name, inputs run: /p" "$build/fuzz/$name.log"
  else
    echo "FAILED $name: $build/fuzz/$name.log"
    grep -E "ERROR|SUMMARY|runtime error|broken promise|Test unit written" "$build/fuzz/$name.log" |
      head -n 6
    return 1
  fi
}
export -f one
export build seconds seeds crashes
printf '%s\n' "$@" | xargs -P "$jobs" -I{} bash -c 'one {}' || exit 1
