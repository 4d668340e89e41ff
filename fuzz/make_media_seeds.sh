#!/usr/bin/env bash
# Small pictures and videos as seeds, made by the ffmpeg program: make_media_seeds.sh FOLDER
set -euo pipefail
images=$1/image
videos=$1/video
mkdir -p "$images" "$videos"
make() { ffmpeg -v error -nostdin -y -f lavfi -i "testsrc=size=32x24:rate=25:duration=$1" "${@:2}"; }
for kind in png jpg bmp tif webp ppm pgm; do
  make 0.1 -frames:v 1 "$images/picture.$kind" 2>/dev/null || rm -f "$images/picture.$kind"
done
for codec in libx264:mp4 mpeg4:avi mpeg4:mov libvpx:webm mjpeg:mkv mpeg2video:ts flv1:flv \
  mpeg1video:mpg ffv1:nut gif:gif libtheora:ogv msmpeg4v2:asf; do
  make 0.2 -c:v "${codec%:*}" -b:v 20k "$videos/video.${codec#*:}" 2>/dev/null ||
    rm -f "$videos/video.${codec#*:}" # this ffmpeg has no such encoder
done
make 0.2 -f lavfi -i sine=duration=0.5 -c:v mpeg4 -c:a pcm_s16le -ar 8000 "$videos/sound.mov"
ls "$images" "$videos" | grep -q . || { echo "make_media_seeds: ffmpeg made nothing" >&2; exit 1; }
find "$images" "$videos" -size +16k -delete
