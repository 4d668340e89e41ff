"""How well two tables of the same video agree."""

from pathlib import Path

from ._errors import InvalidArgument


def icc31(a, b):
    """ICC(3,1), two-way mixed, single rater, consistency (Shrout & Fleiss 1979)."""
    import numpy
    x = numpy.stack([numpy.asarray(a, float), numpy.asarray(b, float)], axis=1)
    n, k = x.shape
    if n < 2:
        return float("nan")
    total = ((x - x.mean()) ** 2).sum()
    rows = k * ((x.mean(axis=1) - x.mean()) ** 2).sum()
    columns = n * ((x.mean(axis=0) - x.mean()) ** 2).sum()
    between = rows / (n - 1)
    error = max(total - rows - columns, 0.0) / ((n - 1) * (k - 1))
    whole = between + (k - 1) * error
    return (between - error) / whole if whole > 0 else float("nan")


def _pearson(a, b):
    import numpy
    if len(a) < 2 or numpy.std(a) == 0 or numpy.std(b) == 0:
        return float("nan")
    return float(numpy.corrcoef(a, b)[0, 1])


def _load(table):
    import pandas
    if isinstance(table, pandas.DataFrame):
        return table
    path = Path(table)
    if path.suffix in (".parquet", ".feather"):
        from .tables import read
        return read(path)
    from .fex import read_fex
    return read_fex(path)


def align(a, b):
    """Pairs of rows of the same moment and face: two arrays of row numbers.

    On time, to the nearest row within half a frame of the coarser table; on frame numbers where a
    table has no times. Only rows with success. `face_id`s must be equal where both have several.
    """
    import numpy
    import pandas

    def prepared(table, key):
        ok = table["success"].to_numpy(bool) if "success" in table else numpy.ones(len(table), bool)
        face = table["face_id"] if "face_id" in table else 0
        out = pandas.DataFrame({"key": table[key].to_numpy(float), "face": face,
                                "row": numpy.arange(len(table))})
        return out[ok & out["key"].notna()].sort_values("key", kind="stable")

    timed = all("timestamp" in t and t["timestamp"].notna().any() for t in (a, b))
    key = "timestamp" if timed else "frame"
    left, right = prepared(a, key), prepared(b, key)
    if left.empty or right.empty:
        return numpy.empty(0, int), numpy.empty(0, int)

    def step(table):
        gaps = numpy.diff(numpy.unique(table["key"].to_numpy()))
        return float(numpy.median(gaps)) if len(gaps) else 0.0

    by = {}
    if left["face"].nunique() > 1 and right["face"].nunique() > 1:
        left["face"], right["face"] = left["face"].astype("int64"), right["face"].astype("int64")
        by = {"by": "face"}
    tolerance = max(step(left), step(right)) * 0.5 if timed else 0.0
    # Rounded times (OpenFace prints milliseconds) still meet.
    tolerance = max(tolerance * (1 + 1e-9), 1e-9)
    merged = pandas.merge_asof(left, right, on="key", direction="nearest", tolerance=tolerance,
                               suffixes=("_a", "_b"), **by)
    merged = merged[merged["row_b"].notna()]
    # The coarser table's row belongs to one row of the other only: the nearest.
    position = dict(zip(right["row"], right["key"]))
    merged["gap"] = (merged["key"] - merged["row_b"].map(position)).abs()
    merged = merged.sort_values("gap", kind="stable").drop_duplicates("row_b").sort_values("row_a")
    return merged["row_a"].to_numpy(int), merged["row_b"].to_numpy(int)


class Comparison:
    """What `compare` found. `table`: a row for each action unit that both have, with kind ("r"
    intensity, "c" presence, "p" probability against intensity: then only r means something), n
    (pairs), r (Pearson), icc31, mae, bias (mean of b - a), low and high (limits of agreement,
    bias -+ 1.96 SD), agreement (share of equal presences). `pairs`: AU -> (values of a, of b)."""

    def __init__(self, table, pairs, names):
        self.table, self.pairs, self.names = table, pairs, names

    def __repr__(self):
        return f"{self.names[0]} and {self.names[1]}\n{self.table.round(3).to_string()}"

    def plot(self, path=None, aus=None):
        """Bland-Altman plots: difference over mean for each intensity, bias and limits of
        agreement. Returns the matplotlib Figure; with `path` it is saved there too."""
        import numpy
        from matplotlib.figure import Figure
        shown = [au for au in (aus or self.pairs) if self.table.loc[au, "kind"] == "r"]
        if not shown:
            raise InvalidArgument("there is no intensity to plot", "Compare tables with AUxx_r")
        columns = min(4, len(shown))
        rows = -(-len(shown) // columns)
        figure = Figure(figsize=(3 * columns, 2.6 * rows), layout="constrained")
        axes = numpy.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True)).ravel()
        for axis, au in zip(axes, shown):
            a, b = self.pairs[au]
            values = self.table.loc[au]
            axis.scatter((a + b) / 2, b - a, s=4, alpha=0.4, linewidths=0, color="tab:blue")
            axis.axhline(values["bias"], color="black", linewidth=1)
            for limit in (values["low"], values["high"]):
                axis.axhline(limit, color="black", linewidth=1, linestyle="--")
            axis.set_title(f"{au[:4]}  r {values['r']:.2f}  ICC {values['icc31']:.2f}", fontsize=9)
        for axis in axes[len(shown):]:
            axis.set_visible(False)
        figure.supxlabel("mean of both")
        figure.supylabel(f"{self.names[1]} minus {self.names[0]}")
        if path is not None:
            from .tables import _appearing
            path = Path(path)
            with _appearing(path) as name:
                figure.savefig(name, format=path.suffix.lstrip(".") or "png")
        return figure


def compare(a, b):
    """Compares two tables of the same video, aligned on time.

    a, b : DataFrames (of `extract`, `read`, `read_fex`), or files (.csv of OpenFace, pyfaceau,
        py-feat or Frontalis; .parquet, .feather)

    Returns a `Comparison`: r, ICC(3,1) and MAE for each action unit, and `plot()`.
    """
    import numpy
    import pandas
    names = [str(Path(t).name) if not isinstance(t, pandas.DataFrame) else label
             for t, label in ((a, "a"), (b, "b"))]
    a, b = _load(a), _load(b)
    rows_a, rows_b = align(a, b)
    if len(rows_a) == 0:
        raise InvalidArgument("the tables have no moment with a face in common",
                              "Check that they are of the same video, and their time stamps")
    found, pairs = {}, {}
    aus = sorted({n[:4] for n in a.columns if n[:2] == "AU" and n[4:] in ("_r", "_c", "_p")})
    for au in aus:
        options = [("r", "_r", "_r"), ("c", "_c", "_c"), ("p", "_p", "_p")]
        if not (au + "_r" in a and au + "_r" in b):
            options += [("p", "_r", "_p"), ("p", "_p", "_r")]
        for kind, of_a, of_b in options:
            if au + of_a not in a or au + of_b not in b:
                continue
            x = a[au + of_a].to_numpy(float)[rows_a]
            y = b[au + of_b].to_numpy(float)[rows_b]
            both = numpy.isfinite(x) & numpy.isfinite(y)
            x, y = x[both], y[both]
            difference = y - x
            same_scale = of_a == of_b
            bias = float(difference.mean()) if len(x) and same_scale else float("nan")
            spread = (1.96 * float(difference.std(ddof=1)) if len(x) > 1 and same_scale
                      else float("nan"))
            name = au + of_a if same_scale else f"{au}{of_a}/{of_b[1:]}"
            pairs[name] = (x, y)
            found[name] = {
                "kind": kind, "n": len(x), "r": _pearson(x, y),
                "icc31": icc31(x, y) if same_scale else float("nan"),
                "mae": float(numpy.abs(difference).mean()) if len(x) and same_scale
                else float("nan"),
                "bias": bias, "low": bias - spread, "high": bias + spread,
                "agreement": float((x == y).mean()) if kind == "c" and len(x) else float("nan")}
    if not found:
        raise InvalidArgument("the tables have no action unit in common")
    table = pandas.DataFrame.from_dict(found, orient="index")
    table.index.name = "au"
    return Comparison(table, pairs, names)
