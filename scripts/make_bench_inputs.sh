#!/bin/sh
# The standard inputs of `frontalis bench`, made by FFmpeg from the sample video, once:
#   scripts/make_bench_inputs.sh [FOLDER]      (default: build/bench_inputs)
# 640x360 as it was filmed; 1920x1080 at 12 Mbit/s with a camera's noise; 3840x2160. Each shows the
# 72 frames of a face that rests, blinks and smiles again and again, with a key frame every 2 s.
set -eu
cd "$(dirname "$0")/.."
sample=.deps/samples/single_face.mp4
folder=${1:-build/bench_inputs}
[ -f "$sample" ] || { echo "$sample is missing. Run make setup" >&2; exit 1; }
command -v ffmpeg > /dev/null || { echo "ffmpeg is missing. Run make setup" >&2; exit 1; }
mkdir -p "$folder"

# make NAME TIMES FILTER ENCODER-OPTIONS: forwards and backwards by turns, so that nothing jumps.
make() {
  name=$1 times=$2 filter=$3
  shift 3
  [ -f "$folder/$name" ] && return
  echo "$folder/$name"
  ffmpeg -v error -nostdin -y -i "$sample" -filter_complex \
    "[0:v]split[a][b];[b]reverse[c];[a][c]concat,loop=loop=$times:size=144,setpts=N/30/TB,$filter" \
    -r 30 -an -pix_fmt yuv420p -c:v libx264 -g 60 "$@" "$folder/part.$name"
  mv "$folder/part.$name" "$folder/$name"
}
make 640x360.mp4 19 null -preset medium -crf 20
make 1080p.mp4 4 "scale=1920:1080,noise=alls=12:allf=t" \
  -preset medium -b:v 12M -maxrate 14M -bufsize 24M
make 4k.mp4 1 "scale=3840:2160,noise=alls=6:allf=t" -preset veryfast -b:v 40M
