import json

import numpy
import pytest
from conftest import cli

import frontalis


def test_mirror(clip, tmp_path):
    seen = []
    found = frontalis.mirror(clip, tmp_path, debug_video=False,
                             progress=lambda frames, expected: seen.append(frames))
    assert found["frames"] == found["frames_with_face"] == 24 and seen
    names = {path.name for path in found["files"]}
    assert {"clip_right_mirrored.mp4", "clip_left_mirrored.csv", "clip_asymmetry.csv"} <= names
    assert all(path.exists() for path in found["files"])
    assert list(found["aus"].au) == frontalis.INTENSITY_AUS
    assert found["usability"] in ("good", "fair", "poor", "unusable")
    right = frontalis.read(tmp_path / "clip_right_mirrored.csv")
    assert len(right) == 24
    assert frontalis.mirror(clip, tmp_path, debug_video=False, progress=False)["kept"]


def test_report(lost, tmp_path):
    frontalis.extract_to_file(lost, tmp_path / "a.csv", progress=False)
    page = frontalis.report({"mine": tmp_path / "a.csv"}, tmp_path / "page.html", videos=lost,
                            progress=False)
    text = page.read_text()
    assert "mine" in text and "AU12" in text
    with pytest.raises(FileNotFoundError):
        frontalis.report(tmp_path / "none.csv", tmp_path / "page.html", progress=False)


def test_compare_is_the_command_lines(clip, tmp_path):
    for name, online in (("a.csv", False), ("b.csv", True)):
        frontalis.extract_to_file(clip, tmp_path / name, progress=False, online=online)
    done = cli("compare", tmp_path / "a.csv", tmp_path / "b.csv", "--json")
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    ours = frontalis.compare(tmp_path / "a.csv", tmp_path / "b.csv").table
    checked = 0
    for one in theirs["intensity"]:
        row = ours.loc[one["column"]]
        for mine, name in (("n", "pairs"), ("r", "r"), ("icc31", "icc31"), ("mae", "mae"),
                           ("bias", "bias")):
            value = one[name]
            if value is None:
                assert numpy.isnan(row[mine])
            else:
                assert row[mine] == pytest.approx(value, abs=1e-6)
                checked += 1
    assert checked > 20
