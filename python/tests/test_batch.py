import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import cli

import frontalis
import frontalis.batch


def tables(out):
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*.csv"))
            if p.name != "summary.csv"}


def records(out):
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def cluster():
    from dask.distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True,
                      dashboard_address=None) as cluster, Client(cluster) as client:
        yield client


def test_a_killed_worker_changes_nothing(cluster, videos, tmp_path):
    sequential = tmp_path / "sequential"
    assert cli("batch", videos, "-o", sequential, "--jobs", "1", "-q").returncode == 3
    pids = list(cluster.run(os.getpid).values())
    out = tmp_path / "out"

    def kill_one_at_work():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if len(list((out / ".work").glob("*/"))) >= 1:
                os.kill(pids[0], signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill_one_at_work)
    killer.start()
    report = frontalis.batch.run(videos, out, cluster, progress=False)
    killer.join()
    assert pids[0] not in cluster.run(os.getpid).values()
    assert report.counts == {"done": 4, "failed": 1} and report.exit_code == 3
    assert tables(out) == tables(sequential) and len(tables(out)) == 4
    done = [r["input"] for r in records(out) if r.get("state") == "done"]
    assert len(done) == len(set(done)) == 4
    assert not (out / ".work").exists()
    # Either program goes on with it, and has nothing to do.
    before = len(records(out))
    again = frontalis.batch.run(None, out, cluster, resume=True, progress=False)
    assert again.earlier == 5 and len(records(out)) == before + 1
    assert cli("batch", "--resume", "-o", out, "-q").returncode == 3
    assert len(records(out)) == before + 2


def test_resume_does_what_is_missing(cluster, videos, tmp_path):
    out = tmp_path / "out"
    frontalis.batch.run([videos / "a.mp4", videos / "b.mp4"], out, cluster, sides=True,
                        progress=False)
    (out / "b.csv").write_text("cut")
    lines = (out / "manifest.jsonl").read_bytes()
    (out / "manifest.jsonl").write_bytes(lines + b'{"record": "video", "inp')  # torn
    with pytest.raises(frontalis.InvalidArgument, match="already holds"):
        frontalis.batch.run(videos, out, cluster, sides=True)
    with pytest.raises(frontalis.InvalidArgument, match="other arguments"):
        frontalis.batch.run(videos, out, cluster, resume=True, blendshapes=True)
    report = frontalis.batch.run([videos / "a.mp4", videos / "b.mp4"], out, cluster, resume=True,
                                 progress=False)
    assert report.earlier == 1 and report.counts == {"done": 2}
    assert "AU12_r_left" in (out / "b.csv").read_text().splitlines()[0]


def test_a_worker_process_that_dies_is_tried_again(cluster, videos, tmp_path):
    """The extraction's own process is killed: the video is recorded as crashed, then done."""
    out = tmp_path / "out"

    def kill_extraction():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for link in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    command = link.read_bytes().split(b"\0")
                except OSError:
                    continue
                if b"extract" in command and os.fsencode(videos / "a.mp4") in command:
                    os.kill(int(link.parent.name), signal.SIGKILL)
                    return
            time.sleep(0.005)

    killer = threading.Thread(target=kill_extraction)
    killer.start()
    report = frontalis.batch.run(videos / "a.mp4", out, cluster, progress=False)
    killer.join()
    states = [(r["state"], r["attempt"], r.get("code", "")) for r in records(out)[1:]]
    assert states == [("running", 1, ""), ("failed", 1, "crashed"), ("running", 2, ""),
                      ("done", 2, "")]
    assert report.exit_code == 0


def test_the_folder_is_held_alone(cluster, videos, tmp_path):
    import frontalis._native
    held = frontalis._native.Manifest(tmp_path / "out")
    try:
        with pytest.raises(frontalis.Timeout):
            frontalis.batch.run(videos, tmp_path / "out", cluster)
    finally:
        held.close()


def test_command_line_and_option_order(videos, tmp_path):
    help_text = cli("batch", "--help").stdout
    known = [name for name in frontalis.batch._ARGUMENTS if name not in
             ("hog", "aligned", "features")]
    in_help = re.findall(r"^ +--([a-z0-9-]+)", help_text, re.MULTILINE)
    assert [name for name in in_help if name in known] == known
    program = Path(sys.executable).parent / "frontalis-dask"
    done = subprocess.run([program, videos / "a.mp4", "-o", tmp_path / "out", "--workers", "1",
                           "--sides=face", "-q"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert records(tmp_path / "out")[0]["arguments"] == ["--sides"]
    assert (tmp_path / "out" / "a.csv").exists()


def test_either_program_resumes_the_others_options(cluster, videos, tmp_path):
    done = cli("batch", videos / "a.mp4", "-o", tmp_path / "a", "--sides", "--neutral", "0-0.2",
               "--landmarks-2d", "-q")
    assert done.returncode == 0, done.stderr
    options = {"sides": True, "neutral": (0, 0.2), "landmarks_2d": True}
    report = frontalis.batch.run(videos / "a.mp4", tmp_path / "a", cluster, resume=True,
                                 progress=False, **options)
    assert report.earlier == 1
    frontalis.batch.run(videos / "a.mp4", tmp_path / "b", cluster, progress=False, **options)
    assert records(tmp_path / "b")[0]["arguments"] == records(tmp_path / "a")[0]["arguments"]
    done = cli("batch", "--resume", "-o", tmp_path / "b", "--sides", "--neutral", "0-0.2",
               "--landmarks-2d", "-q")
    assert done.returncode == 0, done.stderr
