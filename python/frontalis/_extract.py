import json
import os
from pathlib import Path

from . import _native
from ._errors import InvalidArgument
from ._progress import progress_bar
from .tables import to_pandas

_GROUPS = ("landmarks_2d", "landmarks_3d", "blendshapes", "sides")
_OPTIONS = ("pack", "landmarks", "faces", "detect_every", "detect_size", "threads", "online",
            "static_models", "neutral", "features", "aligned_size", "aligned_scale", "aligned_mask",
            "runtime", "device", "runtime_strict", "prepare_limit_s", "run_limit_s")


def _settings(options):
    """Keyword arguments as (Config, Columns)."""
    config, columns = _native.Config(), _native.Columns()
    for name, value in options.items():
        if name in _GROUPS:
            setattr(columns, name, bool(value))
            if name == "sides":
                if value not in (True, False, "face", "mirror"):
                    raise InvalidArgument(f"sides={value!r}", "Choose True or \"mirror\"")
                config.mirror_sides = value == "mirror"
        elif name in _OPTIONS:
            try:
                setattr(config, name, os.fspath(value) if isinstance(value, os.PathLike) else value)
            except TypeError:
                raise InvalidArgument(f"{name}={value!r} is of the wrong type",
                                      "See help(frontalis.extract)") from None
        else:
            raise InvalidArgument(f"there is no option \"{name}\"",
                                  "Choose among " + ", ".join(_GROUPS + _OPTIONS))
    return config, columns


def extract_table(input, *, progress=True, **options):
    """As `extract`, but gives a pyarrow.Table whose buffers are those that the engine filled.

    The schema's metadata holds the record of how it was made under the key b"frontalis" (JSON);
    fields with a unit say so in their own metadata.
    """
    import pyarrow
    config, columns = _settings(options)
    with progress_bar(progress, Path(input).name, "frames") as tell:
        table = _native.extract(Path(input), config, columns, tell)
    return pyarrow.Table.from_batches([pyarrow.record_batch(table)])


def extract(input, *, progress=True, **options):
    """Action units, head pose and landmarks of a video, an image, or a folder of images.

    Parameters
    ----------
    input : path
    pack : "open" (default), "openface", or the folder of a pack of your own
    landmarks : where landmarks come from; default: the pack's own
    landmarks_2d, landmarks_3d : bool
        columns x_0..y_67 (px), X_0..Z_67 (camera mm); the openface pack always gives them
    blendshapes : bool
        52 coefficients 0..1 (open pack)
    sides : bool or "mirror"
        AUxx_r_left and _right of the person: an indication (open pack), or with "mirror" measured
        on the mirrored halves
    faces : int
        followed at a time; with more than one a frame has a row for each, face_id stays
    detect_every, detect_size : int
        frames between checks by the detector; longer side of the picture it sees, px
    threads : int
        busy threads at most; 0 = one a core
    online : bool
        rows as a live stream would have them: the person's neutral grows with the frames
    neutral : (from, to)
        seconds in which the face is neutral (open pack); default: looked for in the whole video
    static_models : bool
        without the person's neutral
    features : bool
        the free face model too (open pack), for `Extractor` and `extract_to_file(geometry=)`
    aligned_size, aligned_scale, aligned_mask : int, float, bool
        of the aligned faces that `extract_to_file(aligned=)` writes: px, px per mm (0: 0.7 at
        112 px and in proportion), black outside the face
    runtime, device : str
        what runs the networks, and where; runtime_strict: its failure is an error
    prepare_limit_s, run_limit_s : float
        seconds in which a network must be ready, and a run end (0: 20 times the first ones)
    progress : bool or function(frames, expected)
        tqdm's bar where tqdm is installed

    Returns
    -------
    pandas.DataFrame
        One row a frame: frame (from 1), face_id, timestamp (s), confidence, success (bool),
        pose_Tx..pose_Tz (mm), pose_Rx..pose_Rz (rad), AUxx_r (0..5), AUxx_c (0 or 1), float32
        with NaN where there is no face, as views of Arrow's memory. `.attrs` is the record: input
        and its SHA-256, models, options, frames, warnings, times.

    Raises frontalis.Error or one of its kinds. Ctrl-C stops within a frame.
    """
    return to_pandas(extract_table(input, progress=progress, **options))


def extract_to_file(input, output, *, hog="", aligned="", geometry="", progress=True, **options):
    """As `frontalis extract INPUT -o OUTPUT`: the same bytes, and OUTPUT's .meta.json.

    `output` ends in .csv or .jsonl (written row by row, whatever the video's length), .parquet or
    .feather. `hog`, `aligned`, `geometry`: files and folder of the descriptors (.csv, .jsonl).
    It appears under its name only when complete. Returns a dict: output, meta, input_sha256,
    frames, frames_with_face, damaged, interrupted, warnings.
    """
    from . import tables
    output = Path(output)
    if output.suffix in tables.COLUMNAR:
        if hog or aligned or geometry:
            raise InvalidArgument("descriptors are written beside a .csv or .jsonl only",
                                  f"Leave hog, aligned and geometry out, or {output.stem}.csv")
        table = extract_table(input, progress=progress, **options)
        tables.write(table, output)
        meta = tables.meta_of(table)
        meta["output"] = output.name
        meta_path = output.with_suffix(".meta.json")
        tables.write_text(meta_path, json.dumps(meta, indent=2) + "\n")
        frames = meta["frames"]
        return {"output": output, "meta": meta_path, "frames": frames["read"],
                "input_sha256": meta["input"].get("sha256", ""),
                "frames_with_face": frames["with_face"],
                "damaged": meta["truncated"] or frames["decode_errors"] > 0,
                "interrupted": meta["interrupted"], "warnings": meta["warnings"]}
    if output.suffix not in (".csv", ".jsonl"):
        raise InvalidArgument(f"{output}: no table format has the suffix \"{output.suffix}\"",
                              "Use .csv, .jsonl, .parquet or .feather")
    config, columns = _settings(options)
    with progress_bar(progress, Path(input).name, "frames") as tell:
        return _native.extract_to_file(
            Path(input), output, config, columns, output.suffix == ".jsonl", os.fspath(hog),
            os.fspath(aligned), os.fspath(geometry), tell)


class Extractor:
    """Rows of one input, in order: `for row in frontalis.Extractor("clip.mp4"): row["AU12_r"]`.

    Takes the options of `extract`. Unless `online`, the whole input is read at the first row, as
    the person's neutral comes from all of it; memory stays bounded. Each row is a `Row`.
    """

    def __init__(self, input, *, progress=False, **options):
        config, columns = _settings(options)
        self._name = Path(input).name
        self._progress = progress
        self._begun = False
        self._native = _native.Extractor(Path(input), config, columns)

    @property
    def input(self):
        """InputInfo: size, rotation, codec, expected frames."""
        return self._native.input

    @property
    def columns(self):
        """Names of the values that rows have."""
        return self._native.value_names

    @property
    def meta(self):
        """The record of what was done so far, as `DataFrame.attrs` of `extract` has it."""
        return json.loads(self._native.meta())

    def __iter__(self):
        return self

    def __next__(self):
        if self._begun or not self._progress:
            return next(self._native)
        self._begun = True
        with progress_bar(self._progress, self._name, "frames") as tell:
            self._native.on_progress(tell)
            try:
                return next(self._native)
            finally:
                self._native.on_progress(None)


class Pipeline:
    """Rows of pictures that you have: a camera's, or another decoder's.

    Takes the options of `extract`. Each row is final when given; the person's neutral grows with
    the pictures. One object is for one video at a time; threads that share it wait for each other.
    """

    def __init__(self, **options):
        self._native = _native.Pipeline(*_settings(options))

    @property
    def columns(self):
        """Names of the values that rows have."""
        return self._native.value_names

    def process(self, picture, t, format="bgr", rotation=0, mirrored=False):
        """The next picture's row.

        picture : uint8[height, width, 3], or uint8[height, width] for grey. Not copied, also when
            it is a crop or has rows or channels reversed (`a[..., ::-1]`).
        t : s, greater than the last one's
        format : "bgr" or "rgb"
        rotation, mirrored : how it lies: first mirrored, then 0, 90, 180 or 270 degrees clockwise

        Returns a `Row`; no face is no error (`row.success`).
        """
        return self._native.process(picture, t, format, rotation, mirrored)

    def reset(self):
        """Another video or person: forgets all pictures and counts frames from 1 again."""
        self._native.reset()


class RowTable:
    """Collects rows of an Extractor or Pipeline without a Python object for each value."""

    def __init__(self):
        self._native = _native.RowTable()

    def append(self, row):
        self._native.append(row)

    def __len__(self):
        return len(self._native)

    def to_arrow(self):
        """A pyarrow.Table that takes over what was collected; the collection is empty again."""
        import pyarrow
        full, self._native = self._native, _native.RowTable()
        return pyarrow.Table.from_batches([pyarrow.record_batch(full)])

    def to_pandas(self):
        """A DataFrame, as `extract` gives it."""
        return to_pandas(self.to_arrow())
