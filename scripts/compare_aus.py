#!/usr/bin/env python3
"""Compares two OpenFace-format CSVs of one video, column by column. Standard library only.

    scripts/compare_aus.py REFERENCE.csv[.gz] OTHER.csv[.gz] [--all] [--csv]

Rows are matched by frame number; only frames where both report success count. Per AUxx_r and
pose_* column: Pearson's r ("-" where one side is constant), mean absolute difference, mean
difference (other - reference), standard deviation of both. Per AUxx_c column: share of equal
frames, and Cohen's kappa. --all: every numeric column both files have. --csv: the same as CSV.

A high r with a small range says little, and so does a low one: read the deviations first.
"""

import argparse
import csv
import gzip
import math
import re
import sys

CHOSEN = re.compile(r"(AU\d\d_[rc]|pose_[TR][xyz])$")
NOT_VALUES = {"frame", "face_id", "timestamp", "confidence", "success", "face"}


def read(path):
    """{frame number: {column: text}} of the rows with success; the columns in order."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream, skipinitialspace=True)
        names = [name.strip() for name in reader.fieldnames or []]
        if "frame" not in names:
            sys.exit(f"{path}: no column \"frame\": not an OpenFace-format CSV of a video")
        reader.fieldnames = names
        rows = {}
        for row in reader:
            if row.get("success") in (None, "", "0"):
                continue
            frame = int(row["frame"])
            if frame in rows:
                sys.exit(f"{path}: frame {frame} twice: more than one face, compare them apart")
            rows[frame] = row
        return rows, names


def numbers(rows, frames, name):
    """The column's values; None where a cell is empty or no number."""
    values = []
    for frame in frames:
        try:
            value = float(rows[frame][name])
        except (TypeError, ValueError):
            value = math.nan
        values.append(value if math.isfinite(value) else None)
    return values


def mean(values):
    return math.fsum(values) / len(values)


def deviation(values):
    middle = mean(values)
    return math.sqrt(mean([(v - middle) ** 2 for v in values]))


def pearson(a, b):
    """None where either side is constant."""
    spread = deviation(a) * deviation(b)
    if spread < 1e-12:
        return None
    mean_a, mean_b = mean(a), mean(b)
    return mean([(x - mean_a) * (y - mean_b) for x, y in zip(a, b)]) / spread


def kappa(a, b):
    """Cohen's kappa of two 0/1 columns; None where chance alone would agree always."""
    share_a, share_b = mean(a), mean(b)
    agree = mean([float(x == y) for x, y in zip(a, b)])
    chance = share_a * share_b + (1 - share_a) * (1 - share_b)
    return None if chance > 1 - 1e-12 else (agree - chance) / (1 - chance)


def compare(name, a, b):
    pairs = [(x, y) for x, y in zip(a, b) if x is not None and y is not None]
    if not pairs:
        return None
    a, b = [p[0] for p in pairs], [p[1] for p in pairs]
    if name.endswith("_c"):
        return {"column": name, "frames": len(a), "equal": mean([float(x == y) for x, y in pairs]),
                "kappa": kappa(a, b), "on_reference": mean(a), "on_other": mean(b)}
    return {"column": name, "frames": len(a), "r": pearson(a, b),
            "mae": mean([abs(x - y) for x, y in pairs]),
            "bias": mean(b) - mean(a), "sd_reference": deviation(a), "sd_other": deviation(b)}


def text(value):
    if value is None:
        return "-"
    return str(value) if isinstance(value, (str, int)) else f"{value:.3f}"


def table(results, keys, as_csv):
    chosen = [[text(result.get(key)) for key in keys] for result in results]
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([keys] + chosen)
        return
    widths = [max(len(row[i]) for row in [keys] + chosen) for i in range(len(keys))]
    for row in [keys] + chosen:
        print("  ".join([row[0].ljust(widths[0])] +
                        [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("reference")
    parser.add_argument("other")
    parser.add_argument("--all", action="store_true", help="every numeric column both files have")
    parser.add_argument("--csv", action="store_true", help="print CSV")
    options = parser.parse_args()

    (rows_a, names_a), (rows_b, names_b) = read(options.reference), read(options.other)
    frames = sorted(rows_a.keys() & rows_b.keys())
    if not frames:
        sys.exit("no frame has success in both files")
    if not options.csv:
        print(f"{len(frames)} frames; success: {len(rows_a)} in the reference, {len(rows_b)} in the "
              "other\n")
    names = [name for name in names_a if name in set(names_b) - NOT_VALUES and
             (options.all or CHOSEN.match(name))]
    results = [compare(name, numbers(rows_a, frames, name), numbers(rows_b, frames, name))
               for name in names]
    results = [result for result in results if result is not None]
    continuous = [result for result in results if "mae" in result]
    presence = [result for result in results if "equal" in result]
    if continuous:
        table(continuous, ["column", "frames", "r", "mae", "bias", "sd_reference", "sd_other"],
              options.csv)
    if presence:
        print()
        table(presence, ["column", "frames", "equal", "kappa", "on_reference", "on_other"],
              options.csv)
    if not results:
        sys.exit("the files have no AU or pose column in common")


if __name__ == "__main__":
    main()
