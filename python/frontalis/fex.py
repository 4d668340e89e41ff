"""Tables of other programs in Frontalis's columns, so that results can be compared."""

import math
from pathlib import Path

from ._errors import Corrupt, NotFound

_PYFEAT_POSE = {"Pitch": "pose_Rx", "Yaw": "pose_Ry", "Roll": "pose_Rz"}
_ID = ["file", "frame", "face_id", "timestamp", "confidence", "success"]


def _is_au(name):
    return len(name) == 4 and name.startswith("AU") and name[2:].isdigit()


def _from_openface(frame):
    if "face" in frame and "face_id" not in frame:  # a single image
        frame = frame.rename(columns={"face": "face_id"})
    return frame, "openface"


def _from_pyfaceau(frame):
    frame = frame.copy()
    frame["frame"] = frame["frame"] + 1  # it counts from 0
    return frame, "pyfaceau"


def _from_pyfeat(frame):
    frame = frame.rename(columns={"FaceScore": "confidence", **_PYFEAT_POSE})
    for name in _PYFEAT_POSE.values():
        if name in frame:
            frame[name] = frame[name].astype(float) * (math.pi / 180)
    # Its action units are probabilities (0 to 1), not intensities.
    frame = frame.rename(columns={name: name + "_p" for name in frame.columns if _is_au(name)})
    for name in [n for n in frame.columns if n.startswith("AU") and n.endswith("_p")]:
        present = (frame[name] >= 0.5).astype("float32")
        frame[name[:-2] + "_c"] = present.where(frame[name].notna())
    if "frame" in frame:
        frame["frame"] = frame["frame"].astype("int64") + 1
        keys = [name for name in ("input", "frame") if name in frame]
        frame["face_id"] = frame.groupby(keys, dropna=False).cumcount()
    if "input" in frame:
        frame = frame.rename(columns={"input": "file"})
        frame["file"] = frame["file"].map(lambda path: Path(str(path)).name)
    frame["success"] = frame["confidence"].notna() if "confidence" in frame else True
    return frame, "py-feat"


def read_fex(path, fps=None):
    """A CSV of OpenFace, pyfaceau, py-feat or Frontalis as one kind of DataFrame.

    Columns, as far as the file has them, in Frontalis's names and units: file, frame (from 1),
    face_id (from 0), timestamp (s), confidence, success (bool), pose_Tx.. (mm), pose_Rx.. (rad),
    x_0.. (px), AUxx_r (0 to 5), AUxx_c (0 or 1), and AUxx_p: py-feat's probabilities, from which
    its AUxx_c are made (p >= 0.5). Other columns stay as they are. `.attrs["program"]` says whose
    file it is.

    fps : for files without times (py-feat's); without it their timestamp is missing
    """
    import pandas
    path = Path(path)
    if not path.exists():
        raise NotFound(f"{path}: no such file")
    try:
        frame = pandas.read_csv(path, skipinitialspace=True, low_memory=False)
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise Corrupt(f"{path} is not a CSV table: {error}") from None
    frame.columns = [str(name).strip() for name in frame.columns]
    names = set(frame.columns)
    frame = frame.drop(columns=[n for n in frame.columns if n.startswith("Unnamed:")])
    if "FaceScore" in names or any(_is_au(name) for name in names):
        frame, program = _from_pyfeat(frame)
    elif "success" in names and "confidence" not in names and "face_id" not in names:
        frame, program = _from_pyfaceau(frame)
    elif "confidence" in names and any(name.startswith("AU") for name in names):
        frame, program = _from_openface(frame)
    else:
        raise Corrupt(f"{path} has not the columns of OpenFace, pyfaceau, py-feat or Frontalis",
                      "Give a table with action units")
    if "frame" not in frame:
        frame["frame"] = range(1, len(frame) + 1)
    if "face_id" not in frame:
        frame["face_id"] = 0
    if "timestamp" not in frame:
        frame["timestamp"] = (frame["frame"] - 1) / fps if fps else float("nan")
    if "success" not in frame:
        frame["success"] = True
    if "confidence" not in frame:
        frame["confidence"] = float("nan")
    frame["success"] = frame["success"].map(
        lambda value: value is True or str(value).strip().lower() in ("1", "1.0", "true"))
    for name in frame.columns:
        if name.startswith("AU") and name[-2:] in ("_r", "_c", "_p"):
            frame[name] = frame[name].astype("float32")
    frame = frame.astype({"frame": "int64", "face_id": "int64", "timestamp": "float64",
                          "success": bool})
    first = [name for name in _ID if name in frame]
    frame = frame[first + [name for name in frame.columns if name not in first]].copy()
    frame.attrs = {"program": program, "path": str(path)}
    return frame
