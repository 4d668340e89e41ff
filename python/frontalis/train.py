"""A pack of one's own from one's own FACS-coded videos, free of anyone's licence.

    frontalis.train.features(["s01.mp4", "s02.mp4", ...], "features.parquet", shape="learn")
    frontalis.train.train("features.parquet", "labels.csv", "mypack/")
    frontalis.extract("new.mp4", pack="mypack/")

On the command line: `frontalis train features VIDEOS -o features.parquet`, then `frontalis train
features.parquet labels.csv -o mypack/`. docs/train.md says what is computed.
"""

import contextlib
import hashlib
import json
import os
import shutil
import struct
import sys
import tempfile
from pathlib import Path

from . import _native
from ._errors import Corrupt, InvalidArgument
from ._progress import progress_bar
from .tables import _appearing, write_text

FHOG, GEOMETRY = 4464, 238
WIDTH = FHOG + GEOMETRY
_KEY = b"frontalis_features"
_FACES_A_VIDEO = 60  # of which a face shape is learned


# ------------------------------------------------------------------------------- files of a pack


def _model_bytes(presence, dynamic, means, weights, bias, cutoff=-1.0):
    """A linear model as packs hold it: kind, cutoff, means, weights, bias, classes."""
    import numpy

    def matrix(rows, columns, values):
        values = numpy.ascontiguousarray(values, "<f8")
        return struct.pack("<iii", rows, columns, 6) + values.tobytes()

    kind = (4 if presence else 0) + (1 if dynamic else 0)
    out = struct.pack("<i", kind)
    if dynamic and not presence:
        out += struct.pack("<d", cutoff)
    out += matrix(1, len(means), means) + matrix(len(weights), 1, weights)
    out += struct.pack("<d", bias)
    return out + struct.pack("<dd", 1.0, 0.0) if presence else out


def _write_pack(folder, name, models, shape, provenance):
    """`models`: {(au, presence): (dynamic model, static model)}, the bytes of each."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = []

    def add(path, data, role=""):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        data = data.encode() if isinstance(data, str) else data
        with _appearing(target) as temporary:
            Path(temporary).write_bytes(data)
        files.append({"path": path, "bytes": len(data), "role": role,
                      "sha256": hashlib.sha256(data).hexdigest()})

    lists = {"video": [], "static": []}
    for (au, presence), pair in sorted(models.items(), key=lambda item: (not item[0][1], item[0])):
        for kind, data in zip(lists, pair):
            path = f"{'svm' if presence else 'svr'}_{kind}/AU_{au}.dat"
            add(path, data)
            lists[kind].append(f"{path} AU{au:02d}\n")
    add("pdm.txt", shape[0], "pdm")
    add("triangles.txt", shape[1], "triangulation")
    for kind, role in (("video", "au-models"), ("static", "au-models-static")):
        add(f"predictors_{kind}.txt", "".join(lists[kind]))
        add(f"main_{kind}.txt", f"AUPredictor predictors_{kind}.txt\nPDM pdm.txt\n"
            "Triangulation triangles.txt\n", role)
    # The manifest last: with it the folder counts as a pack.
    write_text(folder / "manifest.json", json.dumps(
        {"name": name, "version": "1", "made_by": f"frontalis {_native.version()}",
         "training": provenance, "files": files}, indent=2) + "\n")


def _nothing(presence):
    """A model of an AU without labels: always 0, never present."""
    import numpy
    zeros = numpy.zeros(WIDTH)
    return _model_bytes(presence, False, zeros, zeros, -1.0 if presence else 0.0)


def _shape_only_pack(folder, shape):
    models = {(au, False): (_nothing(False),) * 2 for au in _native.INTENSITY_AUS}
    _write_pack(folder, "shape", models, shape, {})


# ------------------------------------------------------------------------------------- features


def _free_shape():
    folder = Path(__file__).parent / "share" / "frontalis" / "data" / "face68"
    return (folder / "pdm.txt").read_text(), (folder / "triangles.txt").read_text()


def learn_shape(videos, progress=True, people=None):
    """Learns the shape of faces (PDM) from the 3D meshes of videos: (model, triangles, error).

    `people`: who is in each video, names of any kind; by default each is a person. Generalised
    Procrustes analysis and principal components, left and right alike; `error` is how far a person
    left out is from the model that the others make, mm (None with one person).
    """
    import numpy

    from ._extract import extract_table
    faces = {}
    for video, person in zip(videos, people or videos):
        table = extract_table(video, progress=progress, landmarks_3d=True)
        points = numpy.stack([numpy.stack([table[f"{axis}_{i}"].to_numpy() for axis in "XYZ"], 1)
                              for i in range(68)], 1)
        points = points[table["success"].to_numpy(zero_copy_only=False)]
        if len(points):
            chosen = numpy.linspace(0, len(points) - 1, min(_FACES_A_VIDEO, len(points)))
            faces.setdefault(str(person), []).append(points[chosen.astype(int)])
    if not faces:
        raise InvalidArgument("there is no face in these videos")
    model, triangles, error = _native.learn_shape(
        [numpy.ascontiguousarray(numpy.concatenate(f), numpy.float32) for f in faces.values()])
    return model, triangles, None if error < 0 else error


def _schema(meta):
    import pyarrow
    return pyarrow.schema([
        ("video", pyarrow.string()), ("subject", pyarrow.string()), ("frame", pyarrow.int64()),
        ("timestamp", pyarrow.float64()), ("success", pyarrow.bool_()),
        ("fhog", pyarrow.list_(pyarrow.float32(), FHOG)),
        ("geometry", pyarrow.list_(pyarrow.float64(), GEOMETRY))], {_KEY: json.dumps(meta)})


def _rows(schema, video, subject, seen):
    """One video's rows, its neutral first. `seen`: arrays frame, timestamp, success, fhog,
    geometry, and neutral (float64[4702])."""
    import numpy
    import pyarrow
    n = len(seen["frame"]) + 1

    def block(name, width, neutral):
        rows = numpy.concatenate([neutral[None].astype(seen[name].dtype), seen[name]])
        return pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows.ravel()), width)

    return pyarrow.Table.from_arrays([
        pyarrow.array([video] * n), pyarrow.array([subject] * n),
        pyarrow.array(numpy.concatenate([[0], seen["frame"]])),
        pyarrow.array(numpy.concatenate([[0.0], seen["timestamp"]])),
        pyarrow.array(numpy.concatenate([[False], seen["success"].astype(bool)])),
        block("fhog", FHOG, seen["neutral"][:FHOG]),
        block("geometry", GEOMETRY, seen["neutral"][FHOG:])], schema=schema)


def features(videos, out, *, shape="free", subjects=None, step=1, progress=True, **options):
    """Measures what models are trained on: a row for each `step`-th frame of each video.

    videos : paths; their file names are what labels call them
    out : .parquet file: video, subject, frame (from 1; 0 holds the video's neutral, the median of
        all its frames), timestamp (s), success, fhog (float32[4464]), geometry (float64[238])
    shape : "free", the shape model that comes with Frontalis; "learn", one learned from these
        videos; or a folder with pdm.txt and triangles.txt
    subjects : {file name: subject}; by default every video is a subject of its own
    """
    import pyarrow.parquet

    from ._extract import _settings
    videos = [Path(video) for video in ([videos] if isinstance(videos, (str, os.PathLike))
                                        else videos)]
    names = [video.name for video in videos]
    if not videos or len(set(names)) < len(names):
        raise InvalidArgument("the videos' file names are not all different" if videos
                              else "no videos are named")
    subjects = {str(k): str(v) for k, v in (subjects or {}).items()}
    people = [subjects.get(name, name) for name in names]
    error = None
    if shape == "learn":
        model, triangles, error = learn_shape(videos, progress, people)
    elif shape == "free":
        model, triangles = _free_shape()
    else:
        model, triangles = ((Path(shape) / f"{n}.txt").read_text() for n in ("pdm", "triangles"))
    meta = {"frontalis": _native.version(), "pdm": model, "triangles": triangles,
            "shape": str(shape), "shape_error_mm": error, "step": step}
    schema = _schema(meta)
    with tempfile.TemporaryDirectory() as folder, _appearing(out) as temporary:
        _shape_only_pack(folder, (model, triangles))
        config, _ = _settings(dict(options, pack=folder + "/", landmarks="mesh68"))
        with pyarrow.parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for video, name, person in zip(videos, names, people):
                with progress_bar(progress, name, "frames") as tell:
                    seen = _native.features(video, config, step, tell)
                writer.write_table(_rows(schema, name, person, seen))
    return Path(out)


class _Data:
    """Features and labels of the same frames, side by side."""

    def __init__(self, path, labels):
        import numpy
        import pandas
        import pyarrow.parquet
        table = pyarrow.parquet.read_table(path)
        if _KEY not in (table.schema.metadata or {}):
            raise Corrupt(f"{path} was not written by frontalis.train.features")
        self.meta = json.loads(table.schema.metadata[_KEY])
        rows = table.select(["video", "subject", "frame", "timestamp", "success"]).to_pandas()

        def block(name, width):
            parts = [chunk.flatten().to_numpy() for chunk in table[name].chunks]
            return numpy.concatenate(parts).reshape(-1, width).astype(numpy.float64)

        x = numpy.concatenate([block("fhog", FHOG), block("geometry", GEOMETRY)], axis=1)
        neutral = {rows.video[i]: x[i] for i in numpy.flatnonzero(rows.frame == 0)}
        labels = _read_labels(labels)
        rows["at"] = numpy.arange(len(rows))
        rows = rows[(rows.frame > 0) & rows.success]
        if "frame" in labels:
            joined = rows.merge(labels, on=["video", "frame"], how="inner",
                                suffixes=("", "_label"))
        else:
            parts = []
            for video, of_video in rows.sort_values("timestamp").groupby("video"):
                there = labels[labels.video == video].sort_values("timestamp")
                if len(there):
                    gap = numpy.median(numpy.diff(of_video.timestamp)) if len(of_video) > 1 else 1
                    parts.append(pandas.merge_asof(
                        of_video, there.drop(columns="video"), on="timestamp",
                        direction="nearest", tolerance=float(gap) / 2, suffixes=("", "_label")))
            joined = pandas.concat(parts, ignore_index=True) if parts else rows.iloc[:0]
        if "subject_label" in joined:
            joined["subject"] = joined["subject_label"].fillna(joined["subject"]).astype(str)
        self.rows = joined
        if joined.empty:
            raise InvalidArgument("no frame with a face has a label",
                                  "Check the names of videos and the frame numbers (from 1)")
        self.x = x[joined["at"].to_numpy()]
        self.neutral = numpy.stack([neutral[video] for video in joined["video"]])
        self.subjects = joined["subject"].to_numpy()


def _read_labels(labels):
    """A table video, frame (from 1) or timestamp (s), [subject], AUxx or AUxx_r, AUxx_c."""
    import pandas
    if not isinstance(labels, pandas.DataFrame):
        labels = pandas.read_csv(labels, skipinitialspace=True)
    labels = labels.rename(columns={n: n + "_r" for n in labels.columns
                                    if len(n) == 4 and n.startswith("AU") and n[2:].isdigit()})
    aus = [n for n in labels.columns if n.startswith("AU")]
    known = {f"AU{au:02d}_r" for au in _native.INTENSITY_AUS} | {
        f"AU{au:02d}_c" for au in _native.PRESENCE_AUS}
    if "video" not in labels or not {"frame", "timestamp"} & set(labels.columns) or not aus:
        raise InvalidArgument("the labels lack a column: video, frame (or timestamp), and action "
                              "units such as AU12_r (0 to 5) or AU12_c (0 or 1)")
    strange = sorted(set(aus) - known)
    if strange:
        raise InvalidArgument(f"no pack has an action unit {strange[0]}",
                              "Known are " + ", ".join(sorted(known)))
    labels = labels.assign(video=labels["video"].map(lambda name: Path(str(name)).name))
    if "subject" in labels:
        labels["subject"] = labels["subject"].astype(str)
    return labels


# ------------------------------------------------------------------------------------- training


class _Space:
    """Centred, scaled features in as many directions as they have: the solution of a linear SVM or
    SVR lies in the span of the rows, so nothing is lost."""

    def __init__(self, x):
        import numpy
        self.means = x.mean(axis=0)
        centred = x - self.means
        # One scale for all of FHOG and one for geometry (mm): as they are, mm would win.
        self.scale = numpy.ones(WIDTH)
        for part in (slice(0, FHOG), slice(FHOG, WIDTH)):
            spread = numpy.sqrt((centred[:, part] ** 2).sum(axis=1).mean())
            self.scale[part] = 1 / spread if spread > 0 else 0
        scaled = centred * self.scale
        # Rows are fewer than columns mostly: the small Gram matrix has all that is needed.
        gram = scaled @ scaled.T if len(x) <= WIDTH else scaled.T @ scaled
        values, vectors = numpy.linalg.eigh(gram)
        keep = values > values[-1] * 1e-10
        values, vectors = values[keep], vectors[:, keep]
        self.basis = (scaled.T @ vectors / numpy.sqrt(values) if len(x) <= WIDTH else vectors)
        self.rows = scaled @ self.basis

    def weights(self, coefficients):
        """Of the features as they are: y = (f - means) . w + b."""
        return (self.basis @ coefficients) * self.scale


def _estimator(presence, c):
    from sklearn.svm import LinearSVC, LinearSVR
    if presence:
        return LinearSVC(C=c, class_weight="balanced", dual="auto", max_iter=20000, random_state=0)
    return LinearSVR(C=c, loss="squared_epsilon_insensitive", epsilon=0.0, dual="auto",
                     max_iter=20000, random_state=0)


def _corrected(values, videos, cutoff):
    """The end of a video (spec 8.4): a video's quantile is its zero; then 0 to 5."""
    import numpy
    out = values.copy()
    if cutoff >= 0:
        for video in numpy.unique(videos):
            of = videos == video
            ordered = numpy.sort(values[of])
            out[of] -= ordered[min(int(len(ordered) * cutoff), len(ordered) - 1)]
    return numpy.clip(out, 0, 5)


def _score(presence, truth, predicted):
    from sklearn.metrics import f1_score

    from .comparison import icc31
    return f1_score(truth, predicted, zero_division=0.0) if presence else icc31(truth, predicted)


class _Column:
    """One action unit's labels, and what models of it say of subjects left out."""

    def __init__(self, data, name):
        import numpy
        self.name, self.presence = name, name.endswith("_c")
        self.au = int(name[2:4])
        self.labelled = data.rows[name].notna().to_numpy()
        self.y = data.rows[name].to_numpy(float)
        if self.presence:
            self.y = (self.y > 0.5).astype(float)
        self.predicted = {}  # (dynamic, C) -> a value a frame; NaN: not predicted
        subjects, values = (len(set(data.subjects[self.labelled])),
                            len(numpy.unique(self.y[self.labelled])))
        if subjects < 2 or values < 2:
            raise InvalidArgument(f"{name} has labels of {subjects} subject(s) and {values} "
                                  "value(s)", "Give two subjects and two values at least")
        self.row = {"au": name, "kind": "presence" if self.presence else "intensity",
                    "frames": int(self.labelled.sum()), "subjects": subjects,
                    "positive": int((self.y[self.labelled] > 0.5).sum())}

    def validate(self, space, x, train, test, dynamic, c):
        import numpy
        there = self.labelled[train]
        y = self.y[train][there]
        if len(y) == 0 or (self.presence and len(numpy.unique(y)) < 2):
            return
        model = _estimator(self.presence, c).fit(space.rows[there], y)
        out = self.predicted.setdefault((dynamic, c), numpy.full(len(self.y), numpy.nan))
        out[test] = model.decision_function(x) if self.presence else model.predict(x)

    def choose(self, videos, warn):
        """The best model, and the best of the static ones: (dynamic, C, cutoff) each."""
        import numpy

        from .comparison import _pearson, icc31
        candidates = []
        for (dynamic, c), predicted in self.predicted.items():
            seen = self.labelled & numpy.isfinite(predicted)
            for cutoff in ([-1.0] + [q / 10 for q in range(1, 10)]
                           if dynamic and not self.presence else [-1.0]):
                of = ((predicted[seen] > 0).astype(float) if self.presence
                      else _corrected(predicted[seen], videos[seen], cutoff))
                score = _score(self.presence, self.y[seen], of)
                candidates.append((score if numpy.isfinite(score) else -1.0, (dynamic, c, cutoff),
                                   self.y[seen], of))
        if not any(not choice[0] for _, choice, _, _ in candidates):
            raise InvalidArgument(f"{self.name} cannot be cross-validated: the subjects of every "
                                  "fold lack a class", "Give labels of more subjects")

        def rank(candidate):  # of equals the simplest: static, no cutoff, small C
            score, (dynamic, c, cutoff), _, _ = candidate
            return round(score, 6), not dynamic, cutoff < 0, -c

        score, choice, truth, of = max(candidates, key=rank)
        dynamic, c, cutoff = choice
        self.row.update(model="dynamic" if dynamic else "static", C=c, cutoff=cutoff)
        if self.presence:
            self.row.update(f1=score, agreement=float((of == truth).mean()))
        else:
            self.row.update(icc31=icc31(truth, of), pcc=_pearson(truth, of),
                            mae=float(numpy.abs(truth - of).mean()))
        if score < 0.2:
            warn(f"{self.name} is hardly learned: {'F1' if self.presence else 'ICC(3,1)'} "
                 f"{score:.2f} on subjects left out")
        static = max((m for m in candidates if not m[1][0]), key=rank)[1]
        return choice, static

    def final(self, space, dynamic, c, cutoff):
        import numpy
        model = _estimator(self.presence, c).fit(space.rows[self.labelled],
                                                 self.y[self.labelled])
        return _model_bytes(self.presence, dynamic, space.means,
                            space.weights(numpy.ravel(model.coef_)),
                            float(numpy.ravel(model.intercept_)[0]), cutoff)


def _learn(data, names, grid, warn, tell):
    """(au, presence) -> (bytes for videos, bytes for images), and a report a column."""
    from sklearn.model_selection import GroupKFold
    columns = [_Column(data, name) for name in names]
    folds = list(GroupKFold(min(5, len(set(data.subjects)))).split(
        data.x, groups=data.subjects))
    steps, done = 2 * (len(folds) + 1), 0

    def described(dynamic):
        return data.x - data.neutral if dynamic else data.x

    def step():
        nonlocal done
        done += 1
        if tell:
            tell(done, steps)

    for dynamic in (False, True):
        x = described(dynamic)
        for train, test in folds:  # subjects apart
            space = _Space(x[train])
            beyond = ((x[test] - space.means) * space.scale) @ space.basis
            for column in columns:
                for c in grid:
                    column.validate(space, beyond, train, test, dynamic, c)
            step()
    videos = data.rows["video"].to_numpy()
    chosen = [column.choose(videos, warn) for column in columns]
    models = {}
    for dynamic in (False, True):
        space = _Space(described(dynamic))
        for column, choices in zip(columns, chosen):
            for place, choice in enumerate(choices):
                if choice[0] == dynamic:
                    models.setdefault((column.au, column.presence), {})[place] = column.final(
                        space, *choice)
        step()
    return {key: (pair[0], pair[1]) for key, pair in models.items()}, [c.row for c in columns]


class TrainReport:
    """What was learned. `table`: a row for each column of labels: model (static, or dynamic: the
    neutral is subtracted), C, cutoff, and on subjects left out ICC(3,1), PCC, MAE or F1."""

    def __init__(self, folder, table, warnings):
        self.folder, self.table, self.warnings = folder, table, warnings

    def __repr__(self):
        return f"{self.folder}\n{self.table.round(3).to_string()}"


def train(features, labels, out, *, name=None, grid=(0.001, 0.01, 0.1, 1.0), progress=True):
    """Makes a pack of linear models from features and labels.

    features : file of `features`
    labels : .csv file or DataFrame: video (file name), frame (from 1) or timestamp (s), AUxx_r
        (0 to 5), AUxx_c (0 or 1), and, where videos share people, subject; empty: not coded
    out : folder of the pack, for `extract(..., pack=out)`; report.csv in it is the report
    grid : C of the SVMs, chosen by subject-wise cross-validation

    Action units without labels are 0 and never present. Returns a `TrainReport`.
    """
    import pandas
    out = Path(out)
    if (out / "manifest.json").exists() and "training" not in json.loads(
            (out / "manifest.json").read_text()):
        raise InvalidArgument(f"{out} holds a pack that was not made here", "Name another folder")
    data = _Data(features, labels)
    columns = sorted((n for n in data.rows.columns
                      if n.startswith("AU") and data.rows[n].notna().any()),
                     key=lambda n: (n[4:], n))
    models = {(au, False): (_nothing(False),) * 2 for au in _native.INTENSITY_AUS}
    if any(n.endswith("_c") for n in columns):
        models.update({(au, True): (_nothing(True),) * 2 for au in _native.PRESENCE_AUS})
    warnings = []
    with progress_bar(progress, "training", "steps") as tell:
        learned, rows = _learn(data, columns, grid, warnings.append, tell)
    models.update(learned)
    table = pandas.DataFrame(rows).set_index("au")
    provenance = {key: data.meta[key] for key in ("frontalis", "shape", "shape_error_mm", "step")}
    provenance["report"] = json.loads(table.reset_index().to_json(orient="records"))
    if out.exists():
        with contextlib.suppress(FileNotFoundError):
            (out / "manifest.json").unlink()
        for old in ("svr_video", "svr_static", "svm_video", "svm_static"):
            shutil.rmtree(out / old, ignore_errors=True)
    _write_pack(out, name or out.name or "own", models, (data.meta["pdm"], data.meta["triangles"]),
                provenance)
    write_text(out / "report.csv", table.to_csv())
    return TrainReport(out, table, warnings)


def main(arguments):
    """`frontalis train`."""
    import argparse

    from ._errors import Error
    try:
        if arguments and arguments[0] == "features":
            parser = argparse.ArgumentParser(
                prog="frontalis train features", description="What models are trained on")
            parser.add_argument("video", nargs="+")
            parser.add_argument("-o", "--output", required=True, help="a .parquet file")
            parser.add_argument("--shape", default="free",
                                help="free [default], learn (from these videos), or a folder with "
                                "pdm.txt and triangles.txt")
            parser.add_argument("--subjects", help="CSV: video, subject")
            parser.add_argument("--step", type=int, default=1, help="each N-th frame [1]")
            given = parser.parse_args(arguments[1:])
            subjects = None
            if given.subjects:
                import pandas
                table = pandas.read_csv(given.subjects, dtype=str)
                subjects = dict(zip(table["video"], table["subject"]))
            features(given.video, given.output, shape=given.shape, subjects=subjects,
                     step=given.step)
            return 0
        parser = argparse.ArgumentParser(
            prog="frontalis train", description="A pack of one's own from features and labels; "
            "`frontalis train features --help` says how features come about")
        parser.add_argument("features", help="file of `frontalis train features`")
        parser.add_argument("labels", help="CSV: video, frame, [subject], AU12_r, AU12_c, ...")
        parser.add_argument("-o", "--output", required=True, help="folder of the pack")
        parser.add_argument("--name", help="of the pack [the folder's]")
        given = parser.parse_args(arguments)
        report = train(given.features, given.labels, given.output, name=given.name)
    except (Error, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(report)
    return 0
