"""Facial action units (FACS) from video, frame by frame.

    import frontalis
    table = frontalis.extract("interview.mp4")      # a pandas.DataFrame, one row a frame
    table.plot(x="timestamp", y=["AU12_r", "AU45_r"])

`extract` gives a table, `Extractor` row after row, `Pipeline` takes pictures of your own. Column
names are OpenFace 2.2's. Lengths are px or mm, angles rad, times s; intensities 0 to 5.
"""

from ._runtime import find_openvino as _find_openvino

_find_openvino()

from . import models  # noqa: E402
from ._errors import (  # noqa: E402
    Cancelled, Corrupt, DiskFull, Error, InferenceError, InternalError, InvalidArgument,
    ModelCorrupt, ModelError, ModelMissing, NoFrames, NotAVideo, NotFound, NoVideoStream,
    OutOfMemory, Timeout, Unreadable, Unsupported, Unwritable, VideoError)
from ._extract import (  # noqa: E402
    Extractor, Pipeline, RowTable, extract, extract_table, extract_to_file)
from ._native import INTENSITY_AUS, PRESENCE_AUS, InputInfo, Row  # noqa: E402
from ._native import version as _version  # noqa: E402
from ._studies import mirror, report  # noqa: E402
from .fex import read_fex  # noqa: E402
from .tables import read, write  # noqa: E402

__version__ = _version()

__all__ = [
    "Cancelled", "Corrupt", "DiskFull", "Error", "Extractor", "INTENSITY_AUS", "InferenceError",
    "InputInfo", "InternalError", "InvalidArgument", "ModelCorrupt", "ModelError", "ModelMissing",
    "NoFrames", "NoVideoStream", "NotAVideo", "NotFound", "OutOfMemory", "PRESENCE_AUS", "Pipeline",
    "Row", "RowTable", "Timeout", "Unreadable", "Unsupported", "Unwritable", "VideoError", "batch",
    "compare", "extract", "extract_table", "extract_to_file", "mirror", "models", "read",
    "read_fex", "report", "train", "write"]


def __getattr__(name):
    # Loaded when used: they need packages that not everybody has.
    import importlib
    if name == "compare":
        from .comparison import compare
        return compare
    if name in ("batch", "train"):
        return importlib.import_module(f"frontalis.{name}")
    raise AttributeError(f"module 'frontalis' has no attribute '{name}'")
