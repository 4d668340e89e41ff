import json
import struct
import subprocess

import numpy
import pandas
import pyarrow.parquet
import pytest
from conftest import SAMPLES, cli

import frontalis
from frontalis import train

SUBJECTS, FRAMES = 6, 50


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """Faces whose descriptions are known: 12 directions at random, what they are worth for an AU,
    and for each person a neutral of their own that has nothing to do with it."""
    random = numpy.random.default_rng(3)
    directions = random.normal(0, 0.02, (12, train.WIDTH))
    directions[:, train.FHOG:] *= 50  # mm
    worth = random.uniform(0.2, 0.6, 12)
    folder = tmp_path_factory.mktemp("train")
    pdm, triangles = train._free_shape()
    schema = train._schema({"frontalis": "x", "pdm": pdm, "triangles": triangles, "shape": "free",
                            "shape_error_mm": None, "step": 1})
    labels = []
    with pyarrow.parquet.ParquetWriter(folder / "features.parquet", schema) as writer:
        for subject in range(SUBJECTS):
            amounts = numpy.abs(random.normal(0, 1, (FRAMES, 12)))
            amounts[: FRAMES // 2 + 3] = 0  # mostly at rest, so that the median is the neutral
            static, dynamic = amounts[:, :6] @ worth[:6], amounts[:, 6:] @ worth[6:]
            # The person's neutral hides the second half of the directions.
            neutral = 0.1 + random.normal(0, 3, 6) @ directions[6:]
            x = neutral + amounts @ directions
            seen = {"frame": numpy.arange(1, FRAMES + 1), "timestamp": numpy.arange(FRAMES) / 30,
                    "success": numpy.arange(FRAMES) % 10 != 9,
                    "fhog": x[:, :train.FHOG].astype(numpy.float32),
                    "geometry": x[:, train.FHOG:], "neutral": neutral}
            writer.write_table(train._rows(schema, f"{subject}.mp4", str(subject), seen))
            labels.append(pandas.DataFrame({
                "video": f"{subject}.mp4", "frame": seen["frame"],
                "AU12_r": numpy.clip(static, 0, 5), "AU04_r": numpy.clip(dynamic, 0, 5),
                "AU12_c": (static > 0.5).astype(int)}))
    pandas.concat(labels).to_csv(folder / "labels.csv", index=False)
    return folder


def test_known_answer_is_found(synthetic, tmp_path):
    report = train.train(synthetic / "features.parquet", synthetic / "labels.csv",
                         tmp_path / "pack", progress=False)
    table = report.table
    assert list(table.index) == ["AU12_c", "AU04_r", "AU12_r"]
    assert table.loc["AU04_r", "model"] == "dynamic"  # the neutral hides it
    assert table.loc["AU04_r", "icc31"] > 0.85 and table.loc["AU12_r", "icc31"] > 0.85
    assert table.loc["AU12_c", "f1"] > 0.85
    assert (table.subjects == SUBJECTS).all() and (table.frames == SUBJECTS * FRAMES * 0.9).all()
    manifest = json.loads((tmp_path / "pack" / "manifest.json").read_text())
    assert {f["role"] for f in manifest["files"]} == {
        "", "au-models", "au-models-static", "pdm", "triangulation"}
    # The file itself, read by hand, predicts what the labels say.
    data = (tmp_path / "pack" / "svr_video" / "AU_4.dat").read_bytes()
    kind, cutoff = struct.unpack_from("<id", data)
    assert kind == 1 and (cutoff == -1 or 0 <= cutoff <= 1)
    means = numpy.frombuffer(data, "<f8", train.WIDTH, 12 + 12)
    weights = numpy.frombuffer(data, "<f8", train.WIDTH, 12 + 24 + 8 * train.WIDTH)
    bias = struct.unpack_from("<d", data, len(data) - 8)[0]
    seen = train._Data(synthetic / "features.parquet", synthetic / "labels.csv")
    predicted = (seen.x - seen.neutral - means) @ weights + bias
    truth = seen.rows["AU04_r"].to_numpy()
    assert numpy.corrcoef(numpy.clip(predicted, 0, 5), truth)[0, 1] > 0.95


def test_noise_is_not_learned(synthetic, tmp_path):
    labels = pandas.read_csv(synthetic / "labels.csv")[["video", "frame"]]
    labels["AU01_r"] = numpy.random.default_rng(5).uniform(0, 5, len(labels))
    report = train.train(synthetic / "features.parquet", labels, tmp_path / "pack",
                         grid=(0.01, 1.0), progress=False)
    assert report.table.loc["AU01_r", "icc31"] < 0.3


def test_what_cannot_be_trained_is_said(synthetic, tmp_path):
    labels = pandas.read_csv(synthetic / "labels.csv")
    for wrong, what in ((labels.drop(columns="video"), "lack a column"),
                        (labels.assign(video="x.mp4"), "no frame"),
                        (labels.rename(columns={"AU12_r": "AU99_r"}), "AU99"),
                        (labels.assign(subject="one"), "1 subject")):
        with pytest.raises(frontalis.InvalidArgument, match=what):
            train.train(synthetic / "features.parquet", wrong, tmp_path / "pack", progress=False)
    assert not (tmp_path / "pack" / "manifest.json").exists()


def test_from_videos_to_a_pack_that_extract_uses(tmp_path):
    """Labels that are a known function of what is measured come back from `extract --pack`."""
    videos = []
    for name, start in (("single_face.mp4", 0), ("face_noface.mov", 0),
                        ("WolfgangLanger_Pexels.mp4", 1)):
        path = tmp_path / (name.split(".")[0] + ".mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-ss", str(start), "-i", SAMPLES / name,
                        "-frames:v", "24", "-an", "-vf", "scale=480:-2", "-c:v", "libx264", "-pix_fmt",
                        "yuv420p", path], check=True)
        videos.append(path)
    train.features(videos, tmp_path / "f.parquet", shape="learn", progress=False)
    table = pyarrow.parquet.read_table(tmp_path / "f.parquet")
    rows = table.select(["video", "frame", "timestamp", "success"]).to_pandas()
    assert (rows.frame == 0).sum() == 3 and rows.success.sum() > 60
    meta = json.loads(table.schema.metadata[b"frontalis_features"])
    assert meta["pdm"] != train._free_shape()[0] and 0 < meta["shape_error_mm"] < 5
    geometry = numpy.concatenate([c.flatten().to_numpy() for c in table["geometry"].chunks])
    geometry = geometry.reshape(len(rows), train.GEOMETRY)
    # How far the mouth's corners are apart in the face's own shape, by the person's rest.
    wide = geometry[:, 54] - geometry[:, 48]
    ok = rows.success & (rows.frame > 0)
    level = (wide[ok] - wide[ok].mean()) / wide[ok].std()
    labels = rows[ok].assign(AU12_r=numpy.clip(2.5 + level, 0, 5))
    labels[["video", "timestamp", "AU12_r"]].to_csv(tmp_path / "labels.csv", index=False)
    done = cli("train", tmp_path / "f.parquet", tmp_path / "labels.csv", "-o", tmp_path / "mine")
    assert done.returncode == 0, done.stderr
    assert "AU12_r" in done.stdout
    frame = frontalis.extract(videos[2], pack=f"{tmp_path / 'mine'}/", progress=False)
    assert frame.attrs["pack"]["name"] == "mine"
    both = frame.merge(labels[labels.video == videos[2].name], on="frame")
    assert len(both) > 15
    assert numpy.corrcoef(both["AU12_r_x"], both["AU12_r_y"])[0, 1] > 0.8
    assert (frame["AU01_r"] == 0).all()
    assert cli("extract", "-q", "--pack", f"{tmp_path / 'mine'}/", SAMPLES / "single_face.jpg",
               "-o", tmp_path / "image.csv").returncode == 0
