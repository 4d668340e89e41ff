#!/usr/bin/env python3
"""Does a process that works for long grow or slow down?

    bench/long_run.py hour 640x360 --options "--threads 1"
    bench/long_run.py hour 1080p --options "--threads 1 --pack openface --landmarks pfld"
    bench/long_run.py batch --files 10000 --options "--pack openface --landmarks pfld"
    bench/long_run.py files --files 2000

`hour`: a face that rests, blinks and smiles (scripts/make_bench_inputs.sh), copied one after the
other until the video is an hour long, through `frontalis extract`; 1080p is scaled from it, without
noise, so that decoding is not all there is to measure. `batch`: many short files, a process each. `files`: the same
through one `extract`. Each fits memory and open descriptors over the work done, the first quarter
left out, as it fills caches and pools; `hour` compares the processor time per frame of each minute, and
that of its last sixth with a second run of the same video that begins then, side by side.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ROOT / "build" / "bench_inputs"
FACE = ROOT / ".deps" / "samples" / "single_face.mp4"
FRAMES_PER_S = 30
TICKS = os.sysconf("SC_CLK_TCK")


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def sample(pid):
    """Resident MB, open descriptors, processor seconds; None when the process has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        resident = next((line for line in status.splitlines() if line.startswith("VmRSS:")), None)
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    if resident is None:
        return None
    return {"at": time.monotonic(), "mb": int(resident.split()[1]) / 1024,
            "descriptors": descriptors, "cpu": (int(fields[11]) + int(fields[12])) / TICKS}


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class Log:
    """Samples, kept in a file as they come: a run that is cut short is not lost."""

    def __init__(self, path):
        self.samples = []
        self.file = open(path, "w", buffering=1) if path else None

    def add(self, done, values):
        if values is None:
            return
        self.samples.append({"done": done, **values})
        if self.file:
            print(json.dumps(self.samples[-1]), file=self.file)


def slope(samples, column):
    """Least squares over all but the first quarter of the work."""
    points = [(s["done"], s[column]) for s in samples if s["done"] > samples[-1]["done"] / 4]
    if len(points) < 4:
        sys.exit("long_run: too few samples, give it more to do")
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return (sum((x - mean_x) * (y - mean_y) for x, y in points) /
            sum((x - mean_x) ** 2 for x, _ in points))


def report(what, samples, unit, per):
    late = [s for s in samples if s["done"] > samples[-1]["done"] / 4]
    print(f"{what}: memory {min(s['mb'] for s in late):.0f} to {max(s['mb'] for s in late):.0f} MB, "
          f"{slope(samples, 'mb') * per:+.2f} MB per {per} {unit}; "
          f"descriptors {min(s['descriptors'] for s in late)} to "
          f"{max(s['descriptors'] for s in late)}", flush=True)


def processor_at(samples, frame):
    for before, after in zip(samples, samples[1:]):
        if before["done"] <= frame <= after["done"] and after["done"] > before["done"]:
            share = (frame - before["done"]) / (after["done"] - before["done"])
            return before["cpu"] + share * (after["cpu"] - before["cpu"])
    return samples[-1]["cpu"]


def report_minutes(samples):
    """Processor time per frame, minute by minute of the video, start-up left out."""
    samples = [s for s in samples if s["done"] > 0]
    minute = 60 * FRAMES_PER_S
    first, last = samples[0]["done"], samples[-1]["done"]
    minutes = []
    while first + minute <= last:
        spent = processor_at(samples, first + minute) - processor_at(samples, first)
        minutes.append(1000 * spent / minute)
        first += minute
    if len(minutes) < 2:
        sys.exit("long_run: too short to compare minutes")
    ordered = sorted(minutes)
    print(f"  processor ms a frame: first minute {minutes[0]:.3f}, last {minutes[-1]:.3f} "
          f"({100 * (minutes[-1] / minutes[0] - 1):+.1f} %), all {len(minutes)} minutes "
          f"{ordered[0]:.3f} to {ordered[-1]:.3f}, median {ordered[len(ordered) // 2]:.3f}",
          flush=True)


def report_beside(old, young):
    """Processor time per frame of the old run's end and of a run that has just begun, while both
    worked side by side: whatever else the machine did, it did to both."""
    begin, end = young[0]["at"], min(old[-1]["at"], young[-1]["at"])

    def cost(samples):
        window = [s for s in samples if begin <= s["at"] <= end]
        return (1000 * (window[-1]["cpu"] - window[0]["cpu"]) /
                (window[-1]["done"] - window[0]["done"]), window[-1]["done"] - window[0]["done"])

    (late, late_frames), (early, early_frames) = cost(old), cost(young)
    print(f"  beside a run just begun: {late:.3f} ms a frame ({late_frames} frames), that one "
          f"{early:.3f} ({early_frames}): {100 * (late / early - 1):+.1f} %", flush=True)


class Extract:
    """`frontalis extract` on one video, sampled whenever it reports progress."""

    def __init__(self, options, video, table, log=None):
        reader, writer = os.pipe()
        self.process = subprocess.Popen(
            [options.program, "extract", "-q", *options.options.split(), video, "-o", table,
             "--report-fd", str(writer)], pass_fds=[writer], stdout=subprocess.DEVNULL)
        os.close(writer)
        self.log = Log(log)
        self.thread = threading.Thread(target=self.follow, args=[reader])
        self.thread.start()

    def follow(self, reader):
        with os.fdopen(reader) as events:
            for line in events:
                event = json.loads(line)
                if event["event"] == "progress":
                    self.log.add(event["frames"], sample(self.process.pid))

    @property
    def samples(self):
        return self.log.samples

    def frames(self):
        return self.samples[-1]["done"] if self.samples else 0

    def running(self):
        if self.thread.is_alive():
            return True
        if self.process.wait() != 0:
            sys.exit(f"long_run: exit code {self.process.returncode}")
        return False

    def stop(self):
        self.process.terminate()
        self.thread.join()
        self.process.wait()


def hour(options, folder):
    subprocess.run([ROOT / "scripts" / "make_bench_inputs.sh"], check=True, stdout=sys.stderr)
    base, frames = INPUTS / "640x360.mp4", 2880
    if options.size == "1080p":
        scaled = folder / "scaled.mp4"
        frames = 720
        ffmpeg("-i", base, "-frames:v", frames, "-vf", "scale=1920:1080", "-c:v", "libx264",
               "-preset", "veryfast", "-tune", "fastdecode", "-crf", 26, "-g", 60, "-an", scaled)
        base = scaled
    rounds = -(-60 * options.minutes * FRAMES_PER_S // frames)
    video = folder / "long.mp4"
    ffmpeg("-stream_loop", rounds - 1, "-i", base, "-c", "copy", video)
    late = rounds * frames * 5 // 6
    old = Extract(options, video, folder / "long.csv", options.log)
    young = None
    while old.running():
        if young is None and old.frames() >= late:
            young = Extract(options, video, folder / "young.csv")
        time.sleep(0.1)
    if young is None:
        sys.exit("long_run: over before the second run could begin, give more --minutes")
    young.stop()
    rows = sum(1 for _ in open(folder / "long.csv")) - 1
    report(f"{rows} frames of {options.size}, extract {options.options}", old.samples, "frames",
           10000)
    report_minutes(old.samples)
    report_beside(old.samples, [s for s in young.samples if s["done"] >= frames])


def short_files(options, folder):
    ffmpeg("-i", FACE, "-frames:v", "8", "-c:v", "libx264", "-an", folder / "short.mp4")
    inputs = folder / "in"
    inputs.mkdir()
    for k in range(options.files):
        (inputs / f"{k}.mp4").hardlink_to(folder / "short.mp4")
    return inputs


def tables(folder):
    return sum(path.name != "summary.csv" for path in folder.glob("*.csv"))


def watch(options, command, done):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log = Log(options.log)
    workers_mb = 0
    while process.poll() is None:
        log.add(done(), sample(process.pid))
        workers = [sample(child) for child in children(process.pid)]
        workers_mb = max([workers_mb, *(w["mb"] for w in workers if w)])
        time.sleep(1)
    errors = process.stderr.read().decode(errors="replace")
    if process.returncode != 0:
        sys.exit(f"long_run: exit code {process.returncode}: {errors[-2000:]}")
    return log.samples, workers_mb


def batch(options, folder):
    inputs = short_files(options, folder)
    out = folder / "out"
    samples, workers_mb = watch(options, [options.program, "batch", "-q", *options.options.split(),
                                          inputs, "-o", out],
                                lambda: tables(out))
    report(f"batch of {options.files} files of 8 frames, {tables(out)} tables, the parent", samples,
           "files", 1000)
    print(f"  each worker at most {workers_mb:.0f} MB", flush=True)


def files(options, folder):
    inputs = short_files(options, folder)
    out = folder / "out"
    out.mkdir()
    samples, _ = watch(options, [options.program, "extract", "-q", *options.options.split(),
                                 *sorted(inputs.iterdir()), "-o", f"{out}/"],
                       lambda: tables(out))
    report(f"{options.files} files of 8 frames in one process", samples, "files", 1000)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["hour", "batch", "files"])
    parser.add_argument("size", nargs="?", choices=["640x360", "1080p"], default="640x360")
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "frontalis")
    parser.add_argument("--minutes", type=int, default=60, help="of `hour`")
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--options", default="", help="of the program, e.g. '--threads 1'")
    parser.add_argument("--log", type=Path, help="where the samples go, as JSON lines")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        {"hour": hour, "batch": batch, "files": files}[options.what](options, Path(folder))


if __name__ == "__main__":
    main()
