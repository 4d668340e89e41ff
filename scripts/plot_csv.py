#!/usr/bin/env python3
"""Draws action units of a Frontalis (or OpenFace) CSV over time, as SVG. Standard library only.

    scripts/plot_csv.py OUT.csv -o OUT.svg [--aus 6,12,25,45]

One strip an AU: the curve is AUxx_r (0 to 5), the shaded times are those with AUxx_c = 1.
"""

import argparse
import csv
import html
import math
from pathlib import Path

NAMES = {1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser",
         6: "cheek raiser", 7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser",
         12: "lip corner puller", 14: "dimpler", 15: "lip corner depressor", 17: "chin raiser",
         20: "lip stretcher", 23: "lip tightener", 25: "lips part", 26: "jaw drop", 45: "blink"}
COLOURS = ["#1b6ca8", "#c2571a", "#2f7d4f", "#7a4da0", "#a03a4a", "#6b6b2b"]
WIDTH, LEFT, RIGHT, TOP, STRIP, GAP = 860, 150, 20, 44, 74, 16
MAX_INTENSITY = 5.0


def number(row, name):
    text = row.get(name)
    if not text:
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def read(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return [{(key or "").strip(): (value or "").strip() for key, value in row.items()
                 if isinstance(value, str)} for row in csv.DictReader(stream)]


def runs(points):
    """Consecutive points that have a value: a frame without a face interrupts the curve."""
    run = []
    for point in points:
        if point[1] is not None:
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def tick_step(seconds):
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600):
        if seconds / step <= 10:
            return step
    return seconds / 10


def draw(rows, aus, title):
    times = [number(row, "timestamp") or 0.0 for row in rows]
    last = max(times[-1], 1e-3)
    height = TOP + len(aus) * (STRIP + GAP) + 34

    def x(seconds):
        return LEFT + seconds / last * (WIDTH - LEFT - RIGHT)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
           f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13" '
           'fill="#222">',
           f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
           f'<text x="{LEFT}" y="26" font-size="15">{html.escape(title)}</text>']
    for place, au in enumerate(aus):
        top = TOP + place * (STRIP + GAP)
        colour = COLOURS[place % len(COLOURS)]

        def y(value, top=top):
            return top + STRIP * (1 - min(max(value, 0), MAX_INTENSITY) / MAX_INTENSITY)

        half = (times[1] - times[0]) / 2 if len(times) > 1 else 0
        present = [(t, 1 if number(row, f"AU{au:02d}_c") == 1 else None)
                   for t, row in zip(times, rows)]
        for run in runs(present):
            begin, end = max(run[0][0] - half, 0), min(run[-1][0] + half, last)
            out.append(f'<rect x="{x(begin):.1f}" y="{top}" width="{x(end) - x(begin):.1f}" '
                       f'height="{STRIP}" fill="{colour}" opacity="0.13"/>')
        for level in (0, MAX_INTENSITY):
            out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(level):.1f}" '
                       f'y2="{y(level):.1f}" stroke="#ddd"/>'
                       f'<text x="{LEFT - 6}" y="{y(level) + 4:.1f}" text-anchor="end" '
                       f'font-size="11" fill="#777">{level:.0f}</text>')
        for run in runs([(t, number(row, f"AU{au:02d}_r")) for t, row in zip(times, rows)]):
            points = " ".join(f"{x(t):.1f},{y(value):.1f}" for t, value in run)
            out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" '
                       'stroke-width="2" stroke-linejoin="round"/>')
        middle = top + STRIP / 2
        out.append(f'<text x="12" y="{middle - 2:.1f}" font-weight="bold" fill="{colour}">'
                   f'AU{au:02d}</text><text x="12" y="{middle + 15:.1f}" font-size="12">'
                   f'{NAMES.get(au, "")}</text>')
    bottom = TOP + len(aus) * (STRIP + GAP)
    step = tick_step(last)
    for tick in range(int(last / step) + 1):
        out.append(f'<text x="{x(tick * step):.1f}" y="{bottom + 8}" text-anchor="middle" '
                   f'font-size="11" fill="#777">{tick * step:g} s</text>')
    return "\n".join(out + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("csv", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--aus", default="6,12,25,45", help="numbers, with commas between")
    parser.add_argument("--title", help="default: the table's name")
    options = parser.parse_args()
    aus = [int(number) for number in options.aus.split(",")]
    rows = read(options.csv)
    if not rows:
        parser.error(f"{options.csv} has no rows")
    absent = [au for au in aus if f"AU{au:02d}_r" not in rows[0]]
    if absent:
        parser.error(f"{options.csv} has no column AU{absent[0]:02d}_r")
    options.output.write_text(draw(rows, aus, options.title or options.csv.stem), encoding="utf-8")


if __name__ == "__main__":
    main()
