"""Tables on disk: CSV, Parquet, Feather. The record of how a table was made goes with it."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from . import _native
from ._errors import InvalidArgument, NotFound

COLUMNAR = (".parquet", ".feather")
_KEY = b"frontalis"


def meta_of(table):
    """The record in a pyarrow.Table's or Schema's metadata; empty when it has none."""
    schema = getattr(table, "schema", table)
    return json.loads((schema.metadata or {}).get(_KEY, b"{}"))


def to_pandas(table):
    """A pyarrow.Table as a DataFrame that looks into the same memory; the record in `.attrs`."""
    frame = table.to_pandas(split_blocks=True)
    frame.attrs = meta_of(table)
    return frame


def _to_arrow(table):
    import pyarrow
    if isinstance(table, pyarrow.Table):
        return table
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    metadata = dict(arrow.schema.metadata or {})
    if table.attrs:
        metadata[_KEY] = json.dumps(table.attrs).encode()
    return arrow.replace_schema_metadata(metadata)


def _typed(table):
    """Missing values as nulls, presences as small integers, and units, for files."""
    import pyarrow
    import pyarrow.compute as pc
    columns, fields = [], []
    for field, column in zip(table.schema, table.columns):
        if pyarrow.types.is_floating(field.type):
            column = pc.if_else(pc.is_nan(column), pyarrow.scalar(None, field.type), column)
            if field.name.startswith("AU") and field.name.endswith("_c"):
                column = column.cast(pyarrow.int8())
        unit = _native.unit_of(field.name)
        fields.append(pyarrow.field(field.name, column.type,
                                    metadata={"unit": unit} if unit else None))
        columns.append(column)
    return pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(fields, table.schema.metadata))


@contextlib.contextmanager
def _appearing(path):
    """A temporary name in the same folder that becomes `path` when all went well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.part-", dir=path.parent)
    os.close(handle)
    try:
        yield name
        with open(name, "rb") as stream:
            os.fsync(stream.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def write_text(path, text):
    """The whole file or nothing."""
    with _appearing(path) as name:
        Path(name).write_text(text, encoding="utf-8")


def _csv(table, stream):
    import csv
    import io

    import numpy
    import pyarrow
    names = table.column_names
    stream.write((",".join(names) + "\n").encode())
    texts = [n for n in names if not pyarrow.types.is_primitive(table.schema.field(n).type)]
    if texts and texts != names[:len(texts)]:
        raise InvalidArgument(f"column {texts[-1]} is text between numbers", "Put it first")
    decimals = []
    for name in names[len(texts):]:
        kind = table.schema.field(name).type
        whole = pyarrow.types.is_integer(kind) or pyarrow.types.is_boolean(kind)
        known = _native.decimals_of(name)
        decimals.append(known if known >= 0 else -2 if whole else -1)
    keeps_state = meta_of(table).get("pack", {}).get("name") not in (None, "open")
    if keeps_state and "timestamp" in names:  # OpenFace's own three decimals
        decimals[names.index("timestamp") - len(texts)] = 3
    for start in range(0, table.num_rows, 8192):
        part = table.slice(start, 8192)
        first = []
        if texts:
            for values in zip(*(part[name].to_pylist() for name in texts)):
                line = io.StringIO()
                csv.writer(line, lineterminator="").writerow(values)
                first.append(line.getvalue())
        numbers = [numpy.ascontiguousarray(
            part[name].cast(pyarrow.float64()).to_numpy(), dtype=numpy.float64)
            if not pyarrow.types.is_boolean(part[name].type) else
            part[name].to_numpy().astype(numpy.float64) for name in names[len(texts):]]
        stream.write(_native.csv_lines(first, numbers, decimals))


def write(table, path):
    """Writes a DataFrame or pyarrow.Table; the suffix tells how.

    .parquet, .feather : typed columns, missing values as nulls, units in the fields, the record in
        the schema under b"frontalis"
    .csv : OpenFace's names and decimals, as `frontalis extract` writes it; without the record
    """
    path = Path(path)
    table = _to_arrow(table)
    with _appearing(path) as name:
        if path.suffix == ".parquet":
            import pyarrow.parquet
            pyarrow.parquet.write_table(_typed(table), name, compression="zstd")
        elif path.suffix == ".feather":
            import pyarrow.feather
            pyarrow.feather.write_feather(_typed(table), name)
        elif path.suffix == ".csv":
            with open(name, "wb") as stream:
                _csv(table, stream)
        else:
            raise InvalidArgument(f"{path}: no table format has the suffix \"{path.suffix}\"",
                                  "Use .csv, .parquet or .feather")


def read(path):
    """A DataFrame of what `write`, `extract_to_file` or `frontalis extract` wrote.

    `.attrs` is the record, of a .csv that of the .meta.json beside it.
    """
    import pandas
    path = Path(path)
    if not path.exists():
        raise NotFound(f"{path}: no such file")
    if path.suffix == ".parquet":
        import pyarrow.parquet
        table = pyarrow.parquet.read_table(path)
    elif path.suffix == ".feather":
        import pyarrow.feather
        table = pyarrow.feather.read_table(path)
    elif path.suffix == ".csv":
        frame = pandas.read_csv(path, skipinitialspace=True)
        if "success" in frame:
            frame["success"] = frame["success"].astype(bool)
        meta = path.with_suffix(".meta.json")
        frame.attrs = json.loads(meta.read_text(encoding="utf-8")) if meta.exists() else {}
        return frame
    else:
        raise InvalidArgument(f"{path}: no table format has the suffix \"{path.suffix}\"",
                              "Use .csv, .parquet or .feather")
    frame = to_pandas(table)
    for name in frame.columns:
        if name.startswith("AU") and name.endswith("_c"):
            frame[name] = frame[name].astype("float32")
    return frame
