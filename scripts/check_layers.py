#!/usr/bin/env python3
"""Checks the layering: a folder under src/ includes only itself and the folders before it.

The public headers in include/frontalis may be included by all, and include only each other and
the standard library, so that no third-party type shows in them.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["util", "image", "video", "inference", "models", "shape", "face", "appearance", "au",
         "pipeline", "output", "batch", "cli"]
SUFFIXES = {".h", ".hpp", ".c", ".cc", ".cpp", ".mm"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(path):
    """Yields (line number, '<' or '\"', included path)."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def sources(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)


def source_problem(path, included):
    """What is wrong with a file under src/ including `included`, or None."""
    parts = included.split("/")
    if ".." in parts or parts[0] == "src":
        return "include by the path below src/, as in \"util/time.h\""
    layer = path.relative_to(ROOT / "src").parts[0]
    if parts[0] in ORDER and (ROOT / "src" / included).is_file():
        if ORDER.index(parts[0]) > ORDER.index(layer):
            return (f"{layer}/ must not include {parts[0]}/: only itself and the folders before "
                    f"it in: {' '.join(ORDER)}")
    return None


def public_problem(mark, included):
    """What is wrong with a public header including `included`, or None."""
    if included.startswith("frontalis/"):
        return None
    if mark == "<" and re.fullmatch(r"[a-z0-9_]+", included):
        return None  # the standard library's headers have neither folder nor suffix
    return "a public header includes only frontalis/... and the standard library"


def main():
    problems = []
    for path in sources(ROOT / "src"):
        parts = path.relative_to(ROOT / "src").parts
        if len(parts) < 2 or parts[0] not in ORDER:
            problems.append((path, 1, f"src/{parts[0]} is not a layer; the layers are: "
                                      f"{' '.join(ORDER)}"))
            continue
        for number, _, included in includes(path):
            problem = source_problem(path, included)
            if problem:
                problems.append((path, number, f"#include {included}: {problem}"))
    for path in sources(ROOT / "include"):
        for number, mark, included in includes(path):
            problem = public_problem(mark, included)
            if problem:
                problems.append((path, number, f"#include {included}: {problem}"))
    for path, number, problem in problems:
        print(f"{path.relative_to(ROOT)}:{number}: {problem}", file=sys.stderr)
    if problems:
        return 1
    print("check_layers: all includes go one way")
    return 0


if __name__ == "__main__":
    sys.exit(main())
