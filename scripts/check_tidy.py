#!/usr/bin/env python3
"""Runs clang-tidy over the project's sources, skipping what passed before with the same content.

Tests and benchmarks are left out unless --all is given, and the analyzer's search is shallow: a deep
one takes twice as long.
A file counts as unchanged when its text, the text of every project header it includes, the sizes
of all other headers, its compile command, .clang-tidy and clang-tidy's version are unchanged.
What passed is remembered in the user's cache folder, so a fresh clone profits too.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUR_FOLDERS = ("src", "examples", "python", "bench", "fuzz", "tests", "tools")
SHIPPED_FOLDERS = ("src", "examples", "python")
SHALLOW = [f"--extra-arg={word}"
           for word in ("-Xclang", "-analyzer-config", "-Xclang", "mode=shallow")]


def tidy_program():
    # Not the distribution's: older ones take five times as long over other people's headers.
    for name in (os.environ.get("CLANG_TIDY"), ROOT / ".deps" / "clang-tidy" / "bin" / "clang-tidy"):
        if name and shutil.which(name):
            return shutil.which(name)
    sys.exit("check_tidy: there is no clang-tidy; run scripts/setup.sh --lint")


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "frontalis" / "tidy"


def is_checked(inside, everything):
    if everything:
        return inside.parts[0] in OUR_FOLDERS
    return inside.parts[0] in SHIPPED_FOLDERS and not inside.stem.endswith("_test")


def compile_commands(build, everything):
    """(source, command, output) of our own sources; a source built twice is checked once."""
    seen = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = Path(entry["directory"], entry["file"]).resolve()
        try:
            inside = source.relative_to(ROOT)
        except ValueError:
            continue
        if is_checked(inside, everything) and source not in seen:
            command = entry.get("command") or shlex.join(entry["arguments"])
            words = shlex.split(command)
            output = entry.get("output") or words[words.index("-o") + 1]
            output = os.path.relpath(os.path.join(entry["directory"], output), build)
            seen[source] = (source, command, output)
    return list(seen.values())


def ninja_headers(build):
    """Object -> the files its last compilation read, as ninja recorded them."""
    run = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], stdout=subprocess.PIPE,
                         text=True, check=True)
    headers, current = {}, None
    for line in run.stdout.splitlines():
        if line.startswith("    "):
            if current is not None:
                current.append(line.strip())
        elif ": #deps" in line:
            current = headers.setdefault(line.split(": #deps")[0], [])
        else:
            current = None
    return headers


class Keys:
    """Content keys, remembering files shared by many sources."""

    def __init__(self, build, common):
        self.build, self.common, self.known = build, common, {}

    def of_file(self, name):
        if name not in self.known:
            path = Path(os.path.normpath(self.build / name))
            try:
                inside = path.relative_to(ROOT)
                ours = inside.parts[0] in OUR_FOLDERS + ("include", "build")
            except ValueError:
                inside, ours = path, False
            try:
                self.known[name] = (f"{inside} {hashlib.sha256(path.read_bytes()).hexdigest()}"
                                    if ours else f"{inside} {path.stat().st_size}")
            except OSError:
                self.known[name] = f"{inside} absent"
        return self.known[name]

    def of_source(self, source, command, headers):
        lines = [self.common, command.replace(str(ROOT), "."), self.of_file(str(source))]
        lines += sorted(self.of_file(header) for header in headers)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release",
                        help="build folder with compile_commands.json")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--all", action="store_true", help="tests and benchmarks too")
    options = parser.parse_args()
    build = options.build.resolve()
    if not (build / "compile_commands.json").is_file():
        sys.exit(f"check_tidy: no compile_commands.json in {build}; build first")

    program = tidy_program()
    version = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    common = f"{version} {options.all} " + (ROOT / ".clang-tidy").read_text(encoding="utf-8")
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    keys, headers = Keys(build, common), ninja_headers(build)

    todo, skipped = [], 0
    for source, command, output in compile_commands(build, options.all):
        passed = cache / keys.of_source(source, command, headers.get(output, []))
        if output in headers and passed.is_file():
            skipped += 1
        else:
            todo.append((source, passed))

    def check(job):
        source, passed = job
        run = subprocess.run(
            [program, "--quiet", f"-p={build}", "--warnings-as-errors=*",
             "--extra-arg=-Wno-unknown-warning-option", *([] if options.all else SHALLOW),
             str(source)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if run.returncode == 0:
            passed.touch()
            return None
        return (source, run.stdout.strip() or run.stderr.strip())

    began, failed = time.monotonic(), 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        for result in pool.map(check, todo):
            if result is not None:
                failed += 1
                print(f"\n{result[0].relative_to(ROOT)}\n{result[1]}", file=sys.stderr)
    print(f"check_tidy: {len(todo)} files checked in {time.monotonic() - began:.0f} s, "
          f"{skipped} unchanged, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
