#!/usr/bin/env python3
"""Does a process that works for long grow? Runs `frontalis extract` on a long 1080p video, then on
many short files in one process, and fits memory and open descriptors over the work done.

    bench/long_run.py --frames 20000 --files 2000
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FACE = ROOT / ".deps" / "samples" / "single_face.mp4"
FRAMES_IN_FACE = 72
INTERVAL = 0.5  # s between samples


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def resident_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None


def watch(command, work_done):
    """(work, MB, descriptors) while the command runs; `work_done()`: how far it is."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True)
    samples = []
    while process.poll() is None:
        try:
            memory = resident_mb(process.pid)
            descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
            if memory:
                samples.append((work_done(process.pid), memory, descriptors))
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(INTERVAL)
    errors = process.communicate()[1]
    if process.returncode != 0:
        sys.exit(f"long_run: exit code {process.returncode}: {errors}")
    return samples


def slope(samples, column):
    """Least squares over the last three quarters: the start fills caches and pools."""
    samples = samples[len(samples) // 4:]
    n = len(samples)
    if n < 4:
        sys.exit("long_run: too few samples, give it more to do")
    mean_x = sum(s[0] for s in samples) / n
    mean_y = sum(s[column] for s in samples) / n
    spread = sum((s[0] - mean_x) ** 2 for s in samples)
    if spread == 0:
        sys.exit("long_run: no progress was seen")
    return sum((s[0] - mean_x) * (s[column] - mean_y) for s in samples) / spread


def report(what, samples, unit, per):
    last = samples[len(samples) // 4:]
    print(f"{what}: {len(samples)} samples, memory {min(s[1] for s in last):.0f} to "
          f"{max(s[1] for s in last):.0f} MB, {slope(samples, 1) * per:+.2f} MB per {per} {unit}; "
          f"descriptors {min(s[2] for s in last)} to {max(s[2] for s in last)}, "
          f"{slope(samples, 2) * per:+.2f} per {per} {unit}", flush=True)


def read_position(path):
    """How far a process is in a file, from the largest of its descriptors' offsets."""
    def position(pid):
        best = 0
        for entry in os.listdir(f"/proc/{pid}/fd"):
            try:
                if os.readlink(f"/proc/{pid}/fd/{entry}") != str(path):
                    continue
                info = Path(f"/proc/{pid}/fdinfo/{entry}").read_text()
                best = max(best, int(info.split("pos:")[1].split()[0]))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return best
    return position


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "frontalis")
    parser.add_argument("--frames", type=int, default=20000, help="of the 1080p video")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--options", default="", help="more options of extract, e.g. '--threads 1'")
    options = parser.parse_args()
    more = options.options.split()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.frames > 0:
            ffmpeg("-i", FACE, "-vf", "scale=1920:1080", "-c:v", "libx264", "-preset", "veryfast",
                   "-an", folder / "loop.mp4")
            rounds = -(-options.frames // FRAMES_IN_FACE)
            long = folder / "long.mp4"
            ffmpeg("-stream_loop", rounds - 1, "-i", folder / "loop.mp4", "-c", "copy", long)
            frames, size = rounds * FRAMES_IN_FACE, long.stat().st_size
            position = read_position(long)
            samples = watch([options.program, "extract", "-q", "--online", *more, long,
                             "-o", folder / "long.csv"],
                            lambda pid: position(pid) * frames / size)
            rows = sum(1 for _ in open(folder / "long.csv")) - 1
            report(f"{rows} frames of 1080p, --online {options.options}".rstrip(), samples,
                   "frames", 10000)
        if options.files > 0:
            ffmpeg("-i", FACE, "-frames:v", "8", "-c:v", "libx264", "-an", folder / "short.mp4")
            inputs = [folder / f"{k}.mp4" for k in range(options.files)]
            for path in inputs:
                path.symlink_to(folder / "short.mp4")
            out = folder / "out"
            out.mkdir()
            samples = watch([options.program, "extract", "-q", *more, *inputs, "-o", f"{out}/"],
                            lambda pid: len(list(out.glob("*.csv"))))
            report(f"{options.files} files of 8 frames, one process", samples, "files", 1000)


if __name__ == "__main__":
    main()
