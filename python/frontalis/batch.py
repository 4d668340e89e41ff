"""Many videos over Dask: the same folder, manifest and resume as `frontalis batch` (docs/batch.md).

    from dask.distributed import Client
    frontalis.batch.run("videos/", "results/", client=Client("scheduler:8786"), sides=True)

Each video is extracted by a process of its own on a worker's machine, so that a broken one takes
nothing else with it. OUT has to be on a file system that all workers see.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from . import _native
from ._errors import BY_CODE, InvalidArgument, NotFound
from ._progress import progress_bar

# Options of `extract` that change what is written, in the order of its help, and their keywords
# here. A manifest names them in this order.
_ARGUMENTS = {
    "format": "format", "pack": "pack", "landmarks": "landmarks", "faces": "faces",
    "landmarks-2d": "landmarks_2d", "landmarks-3d": "landmarks_3d", "blendshapes": "blendshapes", "sides": "sides",
    "aligned-size": "aligned_size", "aligned-scale": "aligned_scale", "no-mask": "no_mask",
    "detect-every": "detect_every", "detect-size": "detect_size", "neutral": "neutral",
    "static": "static_models",
    "online": "online", "runtime": "runtime", "device": "device",
    "runtime-strict": "runtime_strict", "prepare-limit": "prepare_limit_s",
    "run-limit": "run_limit_s", "hog": "hog", "aligned": "aligned", "features": "features"}
_FLAGS = {"landmarks-2d", "landmarks-3d", "blendshapes", "no-mask", "static", "online",
          "runtime-strict", "hog", "aligned", "features"}
_SILENCE_LIMIT = 600  # s without a sign of progress


def _arguments(options):
    """Keyword arguments as a manifest names them: ["--sides", "--format=jsonl"]."""
    options = dict(options)
    if not options.pop("aligned_mask", True):
        options["no_mask"] = True
    unknown = sorted(set(options) - set(_ARGUMENTS.values()))
    if unknown:
        raise InvalidArgument(f"there is no option \"{unknown[0]}\"",
                              "Choose among " + ", ".join(_ARGUMENTS.values()))
    out = []
    for name, keyword in _ARGUMENTS.items():
        value = options.get(keyword)
        if value is None or value is False:
            continue
        if name in _FLAGS:
            out.append("--" + name)
            continue
        text = os.fspath(value) if isinstance(value, os.PathLike) else str(value)
        if name == "sides" and value in (True, "face"):
            out.append("--sides")
            continue
        if name == "neutral" and not isinstance(value, str):
            text = "-".join(repr(float(end)).removesuffix(".0") for end in value)
        if name in ("pack", "landmarks") and ("/" in text or text.endswith(".csv")):
            text = os.path.abspath(text) + ("/" if text.endswith("/") else "")
        out.append(f"--{name}={text}")
    return out


def _value(arguments, name, otherwise):
    for argument in arguments:
        if argument.startswith(f"--{name}="):
            return argument.split("=", 1)[1]
    return otherwise


def _path_text(path):
    """A path for JSON, whatever its bytes (docs/batch.md)."""
    raw = os.fsencode(path)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "hex:" + raw.hex()
    return "hex:" + raw.hex() if text.startswith("hex:") else text


def _path_of(text):
    return Path(os.fsdecode(bytes.fromhex(text[4:])) if text.startswith("hex:") else text)


def _now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _state_of(path):
    """(bytes, mtime_ns), or None where the file is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _bytes_at(path):
    if path.is_dir():
        return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    try:
        return path.stat().st_size
    except OSError:
        return -1


# ------------------------------------------------------------------------ on a worker's machine


def _extract_one(job):
    """Extracts one video into a folder of its own below OUT/.work; returns what came of it.

    Nothing outside that folder is touched, so a second try, wherever it runs, does no harm.
    """
    from .__main__ import PROGRAM
    from ._runtime import find_openvino
    began = time.monotonic()
    said = {"worker": f"{socket.gethostname()}:{os.getpid()}", "code": "", "message": "",
            "state": "", "frames": 0, "frames_with_face": 0, "sha256": "", "warnings": [],
            "seconds": 0.0, "peak_mb": 0, "staging": ""}
    if job["version"] != _native.version():
        said.update(code="invalid_argument", message=f"{said['worker']} has frontalis "
                    f"{_native.version()}, the batch is of {job['version']}. Install the same")
        return said
    work = Path(job["out"], ".work")
    try:
        work.mkdir(parents=True, exist_ok=True)
        staging = work / f"{os.getpid()}-{time.time_ns():x}-{os.urandom(4).hex()}"
        staging.mkdir()
    except OSError as error:
        said.update(code="unwritable", message=f"{work}: {error.strerror}. Every worker must be "
                    "able to write there")
        return said
    said["staging"] = str(staging)
    find_openvino()
    output = Path(job["output"])
    stem = staging / output.stem
    arguments = [str(PROGRAM), "extract", "--quiet", f"--threads={job['threads']}"]
    for argument in job["arguments"]:
        arguments.append({"--hog": f"--hog={stem}.hog", "--aligned": f"--aligned={stem}_aligned",
                          "--features": f"--features={staging}"}.get(argument, argument))
    read, write = os.pipe()
    arguments += [f"--report-fd={write}", f"--output={staging / output.name}", "--", job["input"]]
    errors = open(staging.with_suffix(".stderr"), "w+b")
    try:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=errors,
                                   stderr=errors, pass_fds=[write])
    finally:
        os.close(write)
    gave_up = _listen(read, process, said, began, job["timeout"])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    os.close(read)
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 2000))
    last_errors = errors.read().decode(errors="replace").strip()
    errors.close()
    staging.with_suffix(".stderr").unlink(missing_ok=True)
    said["seconds"] = round(time.monotonic() - began, 3)
    said["peak_mb"] = usage.ru_maxrss // 1024 if sys.platform != "darwin" else usage.ru_maxrss >> 20
    if gave_up:
        said.update(state="", code="timeout",
                    message=f"{job['input']} took longer than it may and was given up")
    elif process.returncode not in (0, 3) or not said["state"]:
        said["state"] = ""
        if process.returncode < 0 or not said["code"]:
            how = (f"was ended by signal {-process.returncode}" if process.returncode < 0
                   else f"ended with code {process.returncode}")
            said.update(code="crashed", message=f"{job['input']}: its process {how}"
                        + (f": {last_errors}" if last_errors else ""))
    if not said["state"]:
        shutil.rmtree(staging, ignore_errors=True)
    return said


def _listen(descriptor, process, said, began, timeout):
    """Takes in what the process says until it ends; True when it was given up."""
    import select
    text = b""
    last_sign = time.monotonic()
    while True:
        ready, _, _ = select.select([descriptor], [], [], 0.5)
        now = time.monotonic()
        if ready:
            block = os.read(descriptor, 65536)
            if not block:
                return False
            last_sign = now
            text += block
            *lines, text = text.split(b"\n")
            for line in lines:
                with contextlib.suppress(ValueError):
                    event = json.loads(line)
                    said.update({key: value for key, value in event.items() if key in said})
        if (timeout and now - began > timeout) or now - last_sign > _SILENCE_LIMIT:
            process.kill()
            return True


# ---------------------------------------------------------------------------- where it is run


class BatchReport:
    """What came of a batch. `videos`: the last record of each video (docs/batch.md); `counts`:
    state -> how many; `earlier`: of these, how many an earlier run had finished; `broken`: why it
    had to stop, or None."""

    def __init__(self, videos, earlier, broken, warnings):
        self.videos, self.earlier, self.broken, self.warnings = videos, earlier, broken, warnings
        self.counts = {}
        for video in videos:
            state = video["state"] if video["attempt"] else "waiting"
            self.counts[state] = self.counts.get(state, 0) + 1

    def __repr__(self):
        counts = ", ".join(f"{n} {state}" for state, n in sorted(self.counts.items()))
        return f"<frontalis.batch.BatchReport {len(self.videos)} videos: {counts}>"

    def to_pandas(self):
        import pandas
        return pandas.DataFrame(self.videos)

    @property
    def exit_code(self):
        """As `frontalis batch` ends with it."""
        done, damaged = self.counts.get("done", 0), self.counts.get("damaged", 0)
        if isinstance(self.broken, InvalidArgument):
            return 2
        if self.broken or done + damaged == 0:
            return 1
        return 0 if done == len(self.videos) else 3


class _Batch:
    def __init__(self, manifest, out, run, options):
        self.manifest, self.out, self.run, self.options = manifest, out, run, options
        self.records = {}    # input (text) -> its last record of this run, or as it was
        self.outputs = {}    # input (text) -> output
        self.earlier = 0
        self.broken = None
        self.wrote_any = False

    # Planning ------------------------------------------------------------------------------

    def finished(self, record, state):
        if state is None:
            return False
        same = (record["bytes"], record["mtime_ns"]) == state
        if record["state"] == "failed":
            return (_native.fails_for_good(record["code"]) and not self.options["retry_failed"]
                    and same)
        if record["state"] not in ("done", "damaged") or record["bytes"] != state[0]:
            return False
        if not record["files"] or any(_bytes_at(self.out / _path_of(f["path"])) != f["bytes"]
                                      for f in record["files"]):
            return False
        return same or _sha256(_path_of(record["input"])) == record["sha256"]

    def plan(self, inputs):
        last = {} if self.run.get("redo") else {
            record["input"]: record for record in map(json.loads, self.manifest.videos)}
        given = [(_path_of(r["input"]), _path_of(r["output"])) for r in last.values()]
        names = _native.output_names(
            inputs, "." + _value(self.run["arguments"], "format", "csv"), given)
        jobs = []
        for (path, _), output in zip(inputs, names):
            key = _path_text(path)
            state = _state_of(path)
            before = last.get(key)
            self.outputs[key] = output
            if before and self.finished(before, state):
                self.earlier += 1
                self.records[key] = before
                continue
            job = {"input": path, "key": key, "output": output, "state": state or (0, 0),
                   "earlier": before["attempt"] if before else 0, "tries": 0, "not_before": 0.0}
            if state is None:
                job["tries"] = 1
                self.append(self.record(job, "failed", code="not_found", message=f"{path}: no such "
                                        "file. Check the name and the folder"))
                continue
            jobs.append(job)
        jobs.sort(key=lambda job: -job["state"][0])
        return jobs

    def record(self, job, state, **more):
        record = {"record": "video", "input": job["key"], "output": _path_text(job["output"]),
                  "state": state, "attempt": job["earlier"] + job["tries"], "time": _now(),
                  "bytes": job["state"][0], "mtime_ns": job["state"][1],
                  "worker": f"{socket.gethostname()}:{os.getpid()}", "sha256": "", "files": [],
                  "frames": 0, "frames_with_face": 0, "seconds": 0.0, "peak_mb": 0, "code": "",
                  "message": "", "warnings": []}
        record.update(more)
        return record

    def append(self, record):
        self.manifest.append(json.dumps(record) + "\n")
        self.records[record["input"]] = record

    # Working -------------------------------------------------------------------------------

    def work(self, jobs, client, tell):
        from dask.distributed import CancelledError, KilledWorker, TimeoutError, wait
        waiting, running, total = list(jobs), {}, len(self.outputs)
        submitted = 0
        try:
            while (waiting or running) and not self.broken:
                # A little more than the workers can hold, so that none waits for us. Not all at
                # once: the manifest says "running" of what runs.
                room = max(1, sum(client.nthreads().values()) * 2) - len(running)
                now = time.monotonic()
                for job in [j for j in waiting if j["not_before"] <= now][:max(room, 0)]:
                    waiting.remove(job)
                    job["tries"] += 1
                    self.append(self.record(job, "running"))
                    submitted += 1
                    future = client.submit(
                        _extract_one,
                        {"input": os.fspath(job["input"]), "output": os.fspath(job["output"]),
                         "out": str(self.out), "arguments": self.run["arguments"],
                         "threads": self.run["threads"], "timeout": self.options["timeout"],
                         "version": self.run["frontalis"]},
                        key=f"frontalis-{os.urandom(8).hex()}", pure=False, priority=-submitted)
                    running[future] = job
                if running:
                    with contextlib.suppress(TimeoutError):
                        wait(list(running), timeout=0.2, return_when="FIRST_COMPLETED")
                else:
                    time.sleep(0.2)
                for future in [f for f in running if f.done()]:
                    job = running.pop(future)
                    try:
                        said = future.result()
                    except (KilledWorker, CancelledError) as error:
                        said = {"code": "crashed", "state": "", "staging": "",
                                "message": f"{job['input']}: its worker was lost: {error}"}
                    except Exception as error:
                        said = {"code": "internal", "state": "", "staging": "",
                                "message": f"{job['input']}: {type(error).__name__}: {error}"}
                    if self.settle(job, said):
                        waiting.append(job)
                    ended = total - len(waiting) - len(running)
                    if tell:
                        tell(ended, total)
        finally:
            for future, job in running.items():
                self.append(self.record(job, "interrupted", code="cancelled",
                                        message="the batch was stopped"))
            with contextlib.suppress(Exception):
                client.cancel(list(running))

    def settle(self, job, said):
        """Puts files into place and writes the record; True when the video is to be tried again."""
        staging = said.pop("staging", "")
        record = self.record(job, "failed", **{k: v for k, v in said.items() if k != "state"})
        try:
            if said["state"]:
                state = _state_of(job["input"])
                if state != job["state"]:
                    job["state"] = state or (0, 0)
                    record.update(code="unreadable", sha256="",
                                  message=f"{job['input']} was changed while it was read")
                else:
                    record["files"] = self.put_into_place(Path(staging), job["output"].parent)
                    record["state"] = said["state"]
        except OSError as error:
            full = error.errno == 28
            record.update(state="failed", files=[], code="disk_full" if full else "unwritable",
                          message=f"cannot put {job['output']} into place: {error.strerror}")
        if record["state"] == "failed":
            record["sha256"] = ""
        if staging:
            shutil.rmtree(staging, ignore_errors=True)
        self.append(record)
        if record["state"] in ("done", "damaged"):
            self.wrote_any = True
            return False
        code = record["code"]
        if (code in ("disk_full", "unwritable", "model_missing", "model_corrupt")
                or (code == "invalid_argument" and not self.wrote_any)):
            self.broken = BY_CODE[code](record["message"])
            return False
        if _native.may_pass(code) and job["tries"] <= self.options["retries"]:
            job["not_before"] = time.monotonic() + 2 ** min(job["tries"] - 1, 6)
            return True
        return False

    def put_into_place(self, staging, folder):
        (self.out / folder).mkdir(parents=True, exist_ok=True)
        files = []
        for entry in sorted(staging.iterdir()):
            for path in (entry.rglob("*") if entry.is_dir() else [entry]):
                if path.is_file():
                    _flush(path)
            files.append({"path": _path_text(folder / entry.name), "bytes": _bytes_at(entry)})
        for entry in sorted(staging.iterdir()):
            target = self.out / folder / entry.name
            if entry.is_dir() and target.is_dir():
                shutil.rmtree(target)
            os.replace(entry, target)
        _flush(self.out / folder)
        return files

    def report(self, warnings):
        videos = []
        for key, output in self.outputs.items():
            record = self.records.get(key)
            if record is None or record["state"] == "running":
                record = self.record({"key": key, "output": output, "state": (0, 0), "earlier": 0,
                                      "tries": 0}, "interrupted")
            videos.append(record)
        videos.sort(key=lambda record: record["output"])
        from .tables import write_text
        write_text(self.out / "summary.csv", _native.summary_csv(
            [json.dumps(record) + "\n" for record in videos]))
        return BatchReport(videos, self.earlier, self.broken, warnings)


def _flush(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path):
    import hashlib
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def run(inputs, out, client, *, resume=False, retry_failed=False, redo=False, retries=1,
        timeout=None, threads=1, progress=True, **options):
    """Extracts many videos on the workers of a Dask cluster.

    Parameters
    ----------
    inputs : path or list of paths
        videos, folders searched for videos, or .txt lists; None with `resume`: the manifest's
    out : folder for tables, manifest.jsonl and summary.csv, seen by every worker
    client : dask.distributed.Client
    resume : go on in a folder that has a manifest, of this function or of `frontalis batch`
    retry_failed, redo : also try again what failed for good; do everything again
    retries : further attempts after a crash, a timeout or a read error
    timeout : s after which a video is given up
    threads : busy threads a video
    **options : of `extract`, and format="csv" or "jsonl", hog, aligned, features (bool)

    Returns a `BatchReport`. One bad video never stops the rest. Killed at any moment, `resume`
    loses nothing finished and repeats nothing. Raises frontalis.Timeout when another batch is at
    work in the folder, InvalidArgument when the folder holds another batch.
    """
    out = Path(os.path.abspath(out))
    if isinstance(inputs, (str, os.PathLike)):
        inputs = [inputs]
    given = [Path(os.path.abspath(path)) for path in inputs or []]
    if not given and not resume:
        raise InvalidArgument("no videos are named", "Name videos, a folder or a list; or resume")
    if resume and not given and not (out / "manifest.jsonl").exists():
        raise NotFound(f"{out / 'manifest.jsonl'}: there is no batch to go on with",
                       "Name the folder it was begun in")
    manifest = _native.Manifest(out)
    try:
        return _run(manifest, given, out, client, resume, redo, progress,
                    {"retry_failed": retry_failed, "retries": retries, "timeout": timeout},
                    threads, _arguments(options))
    finally:
        manifest.close()


def _run(manifest, given, out, client, resume, redo, progress, options, threads, arguments):
    before = json.loads(manifest.run) if manifest.run else None
    if before and not resume and not redo:
        done = sum(json.loads(line)["state"] in ("done", "damaged") for line in manifest.videos)
        raise InvalidArgument(f"{out} already holds a batch ({done} of {len(manifest.videos)} "
                              "videos seen are done)", "Go on with resume, do everything again "
                              "with redo, or choose another folder")
    if before and not redo and not arguments:
        arguments = before["arguments"]
    if not given:
        if not before:
            raise InvalidArgument(f"{out / 'manifest.jsonl'} does not say what was to be done",
                                  "Name the videos again")
        given = [_path_of(text) for text in before["inputs"]]
    inputs, warnings = _native.find_inputs(given, out)
    name, version, sha256 = _native.pack_of(_value(arguments, "pack", "open"))
    run_record = {"record": "run", "format": 1, "time": _now(), "frontalis": _native.version(),
                  "pack": {"name": name, "version": version, "sha256": sha256},
                  "arguments": arguments, "inputs": [_path_text(path) for path in given],
                  "jobs": max(1, sum(client.nthreads().values())), "threads": threads}
    if redo and before:
        run_record["redo"] = True
    elif before:
        for what in ("arguments", "frontalis", "pack"):
            if before[what] != run_record[what]:
                raise InvalidArgument(
                    f"{out} was begun with other {what}: {before[what]}; now {run_record[what]}",
                    "Go on as it was begun, choose another folder, or do everything again (redo)")
    manifest.append(json.dumps(run_record) + "\n")
    shutil.rmtree(out / ".work", ignore_errors=True)
    batch = _Batch(manifest, out, run_record, options)
    jobs = batch.plan(inputs)
    try:
        with progress_bar(progress, out.name, "videos") as tell:
            batch.work(jobs, client, tell)
    finally:
        shutil.rmtree(out / ".work", ignore_errors=True)
        report = batch.report(list(manifest.warnings) + warnings)
    return report


def main(arguments=None):
    """`frontalis-dask`: `frontalis batch` over the workers of a Dask cluster."""
    import argparse
    parser = argparse.ArgumentParser(
        prog="frontalis-dask", description="Many videos on the workers of a Dask cluster; same "
        "folder and manifest as `frontalis batch`. Options of `frontalis extract` are passed on.")
    parser.add_argument("input", nargs="*", help="videos, folders searched for videos, .txt lists")
    parser.add_argument("-o", "--output", required=True,
                        help="folder for tables and manifest, seen by every worker")
    parser.add_argument("--scheduler", help="address, as tcp://host:8786; without it workers are "
                        "started on this machine")
    parser.add_argument("--scheduler-file", help="file that dask-scheduler wrote")
    parser.add_argument("--workers", type=int, help="workers to start here [one per core]")
    parser.add_argument("--threads", type=int, default=1, help="busy threads a video [1]")
    parser.add_argument("--retries", type=int, default=1,
                        help="further attempts after a crash, a timeout or a read error [1]")
    parser.add_argument("--timeout", type=float, help="seconds after which a video is given up")
    parser.add_argument("--resume", action="store_true", help="go on with what is in the folder")
    parser.add_argument("--retry-failed", action="store_true",
                        help="with --resume: try again what failed for good")
    parser.add_argument("--redo", action="store_true", help="do everything again")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    group = parser.add_argument_group("as of `frontalis extract`")
    for name, keyword in _ARGUMENTS.items():
        if name in _FLAGS:
            group.add_argument("--" + name, dest=keyword, action="store_true", default=None)
        elif name == "sides":
            group.add_argument("--sides", nargs="?", const="face", choices=["face", "mirror"])
        else:
            group.add_argument("--" + name, dest=keyword)
    given = parser.parse_args(arguments)
    options = {k: getattr(given, k) for k in _ARGUMENTS.values() if getattr(given, k) is not None}

    from dask.distributed import Client, LocalCluster

    from ._errors import Error
    with contextlib.ExitStack() as stack:
        if given.scheduler or given.scheduler_file:
            client = stack.enter_context(Client(address=given.scheduler,
                                                scheduler_file=given.scheduler_file))
        else:
            workers = given.workers or os.cpu_count()
            cluster = stack.enter_context(LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None))
            client = stack.enter_context(Client(cluster))
        try:
            report = run(given.input, given.output, client, resume=given.resume,
                         retry_failed=given.retry_failed, redo=given.redo, retries=given.retries,
                         timeout=given.timeout, threads=given.threads, progress=not given.quiet,
                         **options)
        except Error as error:
            print(f"error: {error}", file=sys.stderr)
            return 2 if isinstance(error, InvalidArgument) else 1
        except KeyboardInterrupt:
            print(f"go on with: frontalis-dask --resume -o {given.output}", file=sys.stderr)
            return 130
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for video in report.videos:
        if video["state"] in ("failed", "damaged"):
            print(f"{video['state']:8} {video['message'] or video['input']}")
    for state, count in sorted(report.counts.items()):
        print(f"{state:24} {count:10}")
    print(Path(given.output) / "summary.csv")
    if report.broken:
        print(f"error: {report.broken}", file=sys.stderr)
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
