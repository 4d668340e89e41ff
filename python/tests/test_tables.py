import numpy
import pandas
import pyarrow
import pyarrow.parquet
import pytest

import frontalis
from frontalis.comparison import icc31


@pytest.fixture(scope="module")
def table(lost):
    return frontalis.extract(lost, progress=False)


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_columnar_files_come_back(table, tmp_path, suffix):
    path = tmp_path / ("table" + suffix)
    frontalis.write(table, path)
    again = frontalis.read(path)
    pandas.testing.assert_frame_equal(again, table)
    assert again.attrs == table.attrs
    if suffix == ".parquet":
        schema = pyarrow.parquet.read_schema(path)
        assert schema.field("AU12_c").type == pyarrow.int8()
        assert schema.field("pose_Tz").metadata[b"unit"] == b"mm"
        nulls = pyarrow.parquet.read_table(path)["AU12_r"].null_count
        assert nulls == (~table.success).sum() > 0


def test_csv_has_the_printed_digits(table, tmp_path):
    frontalis.write(table, tmp_path / "t.csv")
    again = frontalis.read(tmp_path / "t.csv")
    assert list(again) == list(table)
    assert numpy.allclose(again["AU12_r"], table["AU12_r"], atol=0.00501, equal_nan=True)
    assert (again["frame"] == table["frame"]).all()
    assert not list(tmp_path.glob(".*"))
    with pytest.raises(frontalis.InvalidArgument):
        frontalis.write(table, tmp_path / "t.xlsx")


def test_extract_to_parquet(clip, tmp_path):
    done = frontalis.extract_to_file(clip, tmp_path / "clip.parquet", progress=False, sides=True)
    assert done["frames"] == 24 and done["meta"].exists()
    again = frontalis.read(tmp_path / "clip.parquet")
    assert "AU12_r_left" in again and again.attrs["frames"]["read"] == 24


OPENFACE = """frame, face_id, timestamp, confidence, success, pose_Rx, AU01_r, AU12_r, AU12_c
1, 0, 0.000, 0.98, 1, 0.1, 0.00, 1.50, 1.00
2, 0, 0.033, 0.10, 0, 0.1, 0.00, 0.00, 0.00
3, 0, 0.067, 0.98, 1, 0.2, 0.25, 2.50, 1.00
"""
PYFACEAU = """frame,timestamp,success,AU01_r,AU12_r
0,0.0,True,0.0,1.25
1,0.0333,False,,
2,0.0667,True,0.5,2.25
"""
PYFEAT = """frame,FaceRectX,FaceScore,x_0,AU01,AU12,AU43,Pitch,Roll,Yaw,anger,input
0,10,0.99,5.5,0.1,0.9,0.0,90,180,0,0.1,/data/clip.mp4
0,90,0.97,5.5,0.2,0.1,0.0,0,0,0,0.1,/data/clip.mp4
2,10,,,,,,,,,,/data/clip.mp4
"""


def test_other_programs_tables_have_one_schema(tmp_path):
    for name, text in (("of", OPENFACE), ("pf", PYFACEAU), ("feat", PYFEAT)):
        (tmp_path / f"{name}.csv").write_text(text)
    of = frontalis.read_fex(tmp_path / "of.csv")
    pf = frontalis.read_fex(tmp_path / "pf.csv")
    feat = frontalis.read_fex(tmp_path / "feat.csv", fps=30)
    assert [t.attrs["program"] for t in (of, pf, feat)] == ["openface", "pyfaceau", "py-feat"]
    for table in (of, pf, feat):
        for name in ("frame", "face_id", "timestamp", "confidence", "success"):
            assert name in table
        assert table.success.dtype == bool and table.frame.dtype == "int64"
    assert list(of.frame) == list(pf.frame) == [1, 2, 3]
    assert list(of.success) == list(pf.success) == [True, False, True]
    assert list(feat.frame) == [1, 1, 3] and list(feat.face_id) == [0, 1, 0]
    assert list(feat.success) == [True, True, False]
    assert feat["pose_Rx"][0] == pytest.approx(numpy.pi / 2)
    assert feat["pose_Rz"][0] == pytest.approx(numpy.pi)
    assert feat["timestamp"][2] == pytest.approx(2 / 30)
    assert feat["AU12_p"][0] == pytest.approx(0.9) and list(feat["AU12_c"][:2]) == [1, 0]
    assert feat["file"][0] == "clip.mp4"
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(frontalis.Corrupt):
        frontalis.read_fex(tmp_path / "other.csv")


def test_icc_of_the_textbook():
    """Shrout & Fleiss 1979, table 2: six targets; ICC(3,1) of all four judges is .71. Of the first
    and the third judge it follows from their mean squares by hand."""
    ratings = numpy.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9],
                           [6, 2, 4, 7]], float)
    a, b = ratings[:, 0], ratings[:, 2]
    covariance = numpy.cov(a, b)
    # For two raters ICC(3,1) = 2 cov / (var a + var b).
    assert icc31(a, b) == pytest.approx(
        2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1]))
    assert icc31(a, a + 3) == pytest.approx(1)


def test_compare_aligns_on_time(tmp_path):
    random = numpy.random.default_rng(1)
    time = numpy.arange(300) / 30
    truth = 2 + 2 * numpy.sin(time)
    a = pandas.DataFrame({"frame": range(1, 301), "timestamp": time, "success": True,
                          "AU12_r": truth, "AU12_c": (truth > 2).astype(float)})
    noise = random.normal(0, 0.1, 300)
    b = a.assign(timestamp=a.timestamp.round(3), AU12_r=truth + 0.5 + noise)[::2]  # every second
    b = b.sample(frac=1, random_state=1)
    b.loc[b.index[:5], "success"] = False
    result = frontalis.compare(a, b)
    row = result.table.loc["AU12_r"]
    assert row["n"] == 145
    kept = numpy.sort(b.index[5:])
    assert row["r"] == pytest.approx(
        numpy.corrcoef(truth[kept], (truth + noise)[kept])[0, 1], abs=1e-9)
    assert row["bias"] == pytest.approx(0.5 + noise[kept].mean())
    assert row["mae"] == pytest.approx(numpy.abs(0.5 + noise[kept]).mean())
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * noise[kept].std(ddof=1))
    assert result.table.loc["AU12_c", "agreement"] == 1
    result.plot(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert "AU12_r" in repr(result)
    shifted = b.assign(timestamp=b.timestamp + 1000)
    with pytest.raises(frontalis.InvalidArgument):
        frontalis.compare(a, shifted)


def test_compare_different_scales_gives_r_only(tmp_path):
    (tmp_path / "of.csv").write_text(OPENFACE.replace("0.10, 0,", "0.98, 1,"))
    (tmp_path / "feat.csv").write_text(
        "frame,FaceScore,AU12\n0,0.9,0.1\n1,0.9,0.0\n2,0.9,0.9\n")
    result = frontalis.compare(tmp_path / "of.csv", frontalis.read_fex(tmp_path / "feat.csv"))
    row = result.table.loc["AU12_r/p"]
    assert row["n"] == 3 and row["r"] > 0.5 and numpy.isnan(row["mae"])
