import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy
import pyarrow
import pytest
from conftest import ROOT, SAMPLES, cli

import frontalis
import frontalis.batch


def test_wheel_stands_alone():
    package = Path(frontalis.__file__).parent
    assert ROOT / "python" not in package.parents
    assert (package / "py.typed").exists() and (package / "_native.pyi").exists()
    files = frontalis.models.list("open", hashes=True)
    assert (files.state == "installed").all()
    assert all(package in Path(path).parents for path in files.path)
    assert "site-packages" in os.environ["FRONTALIS_OPENVINO"]


@pytest.mark.parametrize("groups", [[], ["landmarks_2d", "landmarks_3d", "blendshapes", "sides"]])
def test_table_is_the_command_lines_to_the_last_digit(lost, tmp_path, groups):
    flags = ["--" + group.replace("_", "-") for group in groups]
    done = cli("extract", "-q", lost, "-o", tmp_path / "cli.csv", *flags)
    assert done.returncode == 0, done.stderr
    frame = frontalis.extract(lost, progress=False, **{group: True for group in groups})
    assert len(frame) == 20 and 8 <= frame.success.sum() < 20
    frontalis.write(frame, tmp_path / "written.csv")
    assert (tmp_path / "written.csv").read_bytes() == (tmp_path / "cli.csv").read_bytes()
    frontalis.extract_to_file(lost, tmp_path / "file.csv", progress=False,
                              **{group: True for group in groups})
    assert (tmp_path / "file.csv").read_bytes() == (tmp_path / "cli.csv").read_bytes()
    meta = json.loads((tmp_path / "cli.meta.json").read_text())
    for key in ("frontalis", "pack", "models", "frames"):
        assert frame.attrs[key] == meta[key]
    assert frame.attrs["input"]["sha256"] == meta["input"]["sha256"]


def test_another_device_runs_in_the_wheels_own_helper(clip, tmp_path, monkeypatch):
    helper = Path(frontalis.__file__).parent / "lib" / "frontalis" / "frontalis-inference"
    assert os.access(helper, os.X_OK)
    options = {"device": "AUTO", "runtime_strict": True, "prepare_limit_s": 170, "run_limit_s": 60}
    helped = frontalis.extract(clip, progress=False, **options)
    assert helped.attrs["incidents"] == []
    here = frontalis.extract(clip, progress=False)
    assert numpy.allclose(helped.filter(like="AU"), here.filter(like="AU"), atol=0.1)
    flags = frontalis.batch._arguments(options)  # as workers of a batch get them
    assert len(flags) == len(options)
    done = cli("extract", "-q", clip, "-o", tmp_path / "cli.csv", *flags)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "cli.meta.json").read_text())["incidents"] == []

    monkeypatch.setenv("FRONTALIS_INFERENCE", "/no/helper")
    with pytest.raises(frontalis.InferenceError):
        frontalis.extract(clip, progress=False, **options)
    alone = frontalis.extract(clip, progress=False, **options | {"runtime_strict": False})
    assert len(alone.attrs["incidents"]) == 1 and alone.equals(here)


def test_table_is_typed_and_not_copied(lost):
    table = frontalis.extract_table(lost, progress=False, landmarks_2d=True)
    assert table.schema.field("AU12_r").type == pyarrow.float32()
    assert table.schema.field("success").type == pyarrow.bool_()
    assert table.schema.field("x_0").metadata == {b"unit": b"px"}
    frame = frontalis.tables.to_pandas(table)
    for name in ("AU12_r", "x_67", "timestamp", "frame"):
        buffer = table[name].chunk(0).buffers()[1]
        array = frame[name].to_numpy()
        assert array.__array_interface__["data"][0] == buffer.address
    gone = ~frame.success
    assert gone.any() and frame.loc[gone, "AU12_r"].isna().all()
    assert frame.loc[frame.success, "AU12_r"].between(0, 5).all()


def test_folder_of_images_has_their_names(tmp_path):
    (tmp_path / "photos").mkdir()
    for name in ("0-f1-su-ph.jpg", "single_face.jpg"):
        (tmp_path / "photos" / name).write_bytes((SAMPLES / name).read_bytes())
    frame = frontalis.extract(tmp_path / "photos", progress=False)
    assert list(frame["file"]) == ["0-f1-su-ph.jpg", "single_face.jpg"]
    frontalis.write(frame, tmp_path / "py.csv")
    cli("extract", "-q", tmp_path / "photos", "-o", tmp_path / "cli.csv")
    assert (tmp_path / "py.csv").read_bytes() == (tmp_path / "cli.csv").read_bytes()


def test_rows_are_those_of_the_table(clip):
    frame = frontalis.extract(clip, progress=False, landmarks_2d=True)
    extractor = frontalis.Extractor(clip)
    assert extractor.input.width == 640 and extractor.input.is_video
    rows = list(extractor)
    assert len(rows) == len(frame) == extractor.meta["frames"]["read"]
    collected = frontalis.RowTable()
    for row in rows:
        collected.append(row)
    for name in ("AU45_r", "pose_Tz", "AU25_c", "timestamp", "success"):
        assert [row[name] for row in rows] == frame[name].tolist()
    row = rows[5]
    assert row.landmarks.shape == (68, 2) and row.landmarks.dtype == numpy.float32
    assert row.landmarks[30, 1] == frame["y_30"][5]
    assert row.intensity.base is not None and not row.intensity.flags.writeable
    with pytest.raises(KeyError):
        row["AU99_r"]
    both = collected.to_pandas()
    assert both["AU12_r"].equals(frame["AU12_r"]) and len(collected) == 0
    kept = row.landmarks.copy()
    view = row.landmarks
    del rows, row, extractor
    assert (view == kept).all()  # the view keeps the row


def test_pipeline_takes_pictures_as_they_lie(clip):
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", clip, "-frames:v", "6", "-f", "rawvideo",
                          "-pix_fmt", "bgr24", "-"], check=True, capture_output=True).stdout
    pictures = numpy.frombuffer(raw, numpy.uint8).reshape(6, 360, 640, 3)

    def values(arrays, **how):
        pipeline = frontalis.Pipeline(threads=1)
        rows = [pipeline.process(a, t / 30, **how) for t, a in enumerate(arrays)]
        return [[row[name] for name in pipeline.columns] for row in rows]

    expected = values(pictures)
    assert numpy.isfinite(expected).all()
    rgb = numpy.ascontiguousarray(pictures[..., ::-1])
    assert values(rgb, format="rgb") == expected
    assert values(rgb[..., ::-1]) == expected                        # channels reversed by a view
    assert values(pictures[:, ::-1].copy()[:, ::-1]) == expected      # rows from the bottom
    wide = numpy.zeros((6, 360, 700, 3), numpy.uint8)
    wide[:, :, 30:670] = pictures
    assert values(wide[:, :, 30:670]) == expected                    # a crop of something larger
    assert values(numpy.asfortranarray(pictures[0])[None]) == expected[:1]  # needs a copy
    upright = frontalis.Pipeline().process(pictures[0], 0.0).landmarks
    turned = frontalis.Pipeline().process(numpy.rot90(pictures[0]), 0.0, rotation=90).landmarks
    assert numpy.abs(upright - turned).max() < 0.5
    pipeline = frontalis.Pipeline()
    gray = pipeline.process(pictures[0, :, :, 1], 0.0)
    assert gray.success
    for bad in (pictures[0, :, :, :2], pictures):
        with pytest.raises(frontalis.InvalidArgument):
            pipeline.process(bad, 1.0)
    with pytest.raises(TypeError):
        pipeline.process(pictures[0].astype(float), 1.0)
    with pytest.raises(frontalis.InvalidArgument, match="not after"):
        pipeline.process(pictures[0], 0.0)
    pipeline.reset()
    assert pipeline.process(pictures[0], 0.0).frame == 1


def test_many_interleaved_extractors_agree(clip):
    expected = [row["AU45_r"] for row in frontalis.Extractor(clip, threads=1)]
    results, errors = {}, []

    def work(number):
        try:
            pair = [frontalis.Extractor(clip, threads=1) for _ in range(2)]
            values = [[], []]
            for rows in zip(*pair):  # turn by turn
                for place, row in zip(values, rows):
                    place.append(row["AU45_r"])
            results[number] = values
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert all(values == expected for pair in results.values() for values in pair)


def test_one_extractor_is_shared_by_threads(clip):
    extractor = frontalis.Extractor(clip, online=True)
    frames, lock = [], threading.Lock()

    def work():
        for row in extractor:
            with lock:
                frames.append(row.frame)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(frames) == list(range(1, 25))


def test_other_python_threads_go_on(clip):
    ticks, done = 0, threading.Event()
    thread = threading.Thread(
        target=lambda: (frontalis.extract(clip, progress=False), done.set()))
    thread.start()
    while not done.wait(0.005):
        ticks += 1
    thread.join()
    assert ticks > 5


def test_a_neutral_that_is_given():
    smile = (1.5, 2.4)  # s of this video; then it is what all else is measured from
    video = SAMPLES / "single_face.mp4"
    frame = frontalis.extract(video, neutral=smile, progress=False)
    assert frame.attrs["options"]["neutral"] == list(smile)
    assert frame.AU12_r[45:70].mean() < 0.5
    rows = list(frontalis.Extractor(video, neutral=smile, online=True))
    assert numpy.mean([row["AU12_r"] for row in rows[38:44]]) > 3  # not known yet
    assert numpy.mean([row["AU12_r"] for row in rows[50:70]]) < 0.5
    with pytest.raises(frontalis.InvalidArgument, match="no span of time"):
        frontalis.extract(video, neutral=(2, 1), progress=False)


def test_errors_have_types(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        frontalis.extract(tmp_path / "missing.mp4", progress=False)
    assert isinstance(missing.value, frontalis.NotFound) and missing.value.code == "not_found"
    assert "missing.mp4" in str(missing.value) and missing.value.remedy
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(frontalis.NotAVideo):
        frontalis.extract(tmp_path / "text.mp4", progress=False)
    with pytest.raises(frontalis.InvalidArgument, match="no option"):
        frontalis.extract("a.mp4", colour=True)
    with pytest.raises(frontalis.InvalidArgument, match="threads='two'"):
        frontalis.extract("a.mp4", threads="two")
    with pytest.raises(frontalis.InvalidArgument, match="beside a .csv"):
        frontalis.extract_to_file("a.mp4", tmp_path / "a.parquet", hog=tmp_path / "a.hog")
    with pytest.raises(frontalis.ModelError):
        frontalis.extract(SAMPLES / "single_face.mp4", pack="pfld", progress=False)
    import pickle
    again = pickle.loads(pickle.dumps(missing.value))
    assert type(again) is frontalis.NotFound and str(again) == str(missing.value)


def test_progress_and_its_errors(clip):
    seen = []
    frontalis.extract(clip, progress=lambda frames, expected: seen.append((frames, expected)))
    assert seen[-1][0] == 24 and seen == sorted(seen)

    def stop(frames, expected):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        frontalis.extract(clip, progress=stop)


def test_ctrl_c_stops_soon(tmp_path):
    long = tmp_path / "long.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "60", "-i",
                    SAMPLES / "single_face.mp4", "-c", "copy", long], check=True)
    # Python has no KeyboardInterrupt where its parent ignores SIGINT, as a job in the background does.
    code = ("import signal, frontalis\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "def tell(frames, expected):\n"
            "    print(frames, flush=True)\n"
            f"frontalis.extract({str(long)!r}, progress=tell)\n")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert process.returncode == -signal.SIGINT
    assert time.monotonic() - began < 20


def test_large_table_costs_little(clip):
    """100,000 rows of 200 columns: the time is printed, the bound is a generous one."""
    row = next(frontalis.Extractor(clip))
    collected = frontalis.RowTable()
    append = collected.append
    began = time.process_time()
    for _ in range(100_000):
        append(row)
    frame = collected.to_pandas()
    spent = time.process_time() - began
    print(f"{frame.shape}: {spent:.3f} s of processor time")
    assert frame.shape[0] == 100_000 and frame.shape[1] >= 200
    assert not any(dtype == object for dtype in frame.dtypes)
    assert spent < 5
