#!/usr/bin/env python3
"""Says in five lines what a Frontalis (or OpenFace) CSV holds. Standard library only."""

import csv
import math
import re
import sys
from pathlib import Path

BLINK_INTENSITY = 1.0  # AU45_r from which a frame counts as a blink where AU45_c is absent


def number(row, name):
    """The value of a cell, or None where it is absent or empty."""
    text = row.get(name)
    if text is None or text == "":
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def read(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return [{(key or "").strip(): (value or "").strip() for key, value in row.items()
                 if isinstance(value, str)}
                for row in csv.DictReader(stream)]


def span(rows, name, scale):
    values = [number(row, name) for row in rows]
    values = [value * scale for value in values if value is not None]
    return f"{min(values):.0f} to {max(values):.0f}" if values else "unknown"


def blinks(rows):
    """Time at which each closing of the eyes begins."""
    times, closed = [], False
    for row in rows:
        presence, intensity = number(row, "AU45_c"), number(row, "AU45_r")
        now = presence >= 0.5 if presence is not None else (intensity or 0) >= BLINK_INTENSITY
        if now and not closed:
            times.append(number(row, "timestamp") or 0.0)
        closed = now
    return times


def summary(path):
    rows = read(path)
    frames = list({row.get("frame"): row for row in rows}.values())
    if not frames:
        return [f"{path.name}: no frames"]
    found = [row for row in rows if (number(row, "success") or 0) >= 0.5]
    found_frames = len({row.get("frame") for row in found})
    times = [number(row, "timestamp") or 0.0 for row in frames]
    length = times[-1] - times[0]
    rate = f", {(len(frames) - 1) / length:.2f} frames/s" if length > 0 else ""
    lines = [f"Video: {len(frames)} frames, {length:.2f} s{rate}"]

    sure = [value for value in (number(row, "confidence") for row in found) if value is not None]
    mean = f", mean confidence {sum(sure) / len(sure):.2f}" if sure else ""
    lines.append(f"Face: found in {found_frames} of {len(frames)} frames "
                 f"({100 * found_frames / len(frames):.0f} %){mean}")

    peaks = []
    for name in rows[0]:
        if re.fullmatch(r"AU\d\d_r", name) and name != "AU45_r":
            scored = [(number(row, name), number(row, "timestamp") or 0.0) for row in found]
            scored = [pair for pair in scored if pair[0] is not None]
            if scored:
                value, when = max(scored, key=lambda pair: pair[0])
                peaks.append((value, name[:4], when))
    peaks.sort(key=lambda peak: -peak[0])
    shown = ", ".join(f"{au} {value:.1f} at {when:.2f} s" for value, au, when in peaks[:4])
    lines.append(f"Strongest action units (0 to 5): {shown or 'none'}")

    closings = blinks(found)
    when = ", at " + ", ".join(f"{t:.2f} s" for t in closings[:6]) if closings else ""
    more = " ..." if len(closings) > 6 else ""
    lines.append(f"Blinks (AU45): {len(closings)}{when}{more}")

    degrees = 180 / math.pi
    lines.append(f"Head: pitch {span(found, 'pose_Rx', degrees)}, "
                 f"yaw {span(found, 'pose_Ry', degrees)}, "
                 f"roll {span(found, 'pose_Rz', degrees)} degrees; "
                 f"distance {span(found, 'pose_Tz', 1)} mm")
    return lines


def main():
    if len(sys.argv) != 2:
        print("usage: summarize_csv.py FILE.csv", file=sys.stderr)
        return 2
    try:
        print("\n".join(summary(Path(sys.argv[1]))))
    except (OSError, ValueError, csv.Error) as error:
        print(f"summarize_csv: {sys.argv[1]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
