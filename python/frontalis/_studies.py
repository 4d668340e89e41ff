import os
from pathlib import Path

from . import _native
from ._extract import _settings
from ._progress import progress_bar


def mirror(video, folder, *, measure=True, videos=True, debug_video=True, overwrite=False,
           max_yaw=5.0, hardware_encoder=True, progress=True, **options):
    """From one video of a face to two, each of one half with its own mirror image, and to the
    action units of each (as `frontalis mirror`; right and left are the patient's).

    folder : for <stem>_right_mirrored.mp4, _left_mirrored.mp4, _debug.mp4, the CSVs of both halves,
        <stem>_asymmetry.csv and <stem>_mirror.html
    measure, videos, debug_video : which of them to make
    max_yaw : degrees beyond which a frame counts as unusable

    Returns a dict: files, usability ("good", "fair", "poor", "unusable"), usable_share, reasons,
    aus (DataFrame: peaks 0..5 and asymmetry -1..1 of each AU), synkinesis (DataFrame), frames,
    warnings, kept (everything was there already).
    """
    import pandas
    config, _ = _settings(options)
    with progress_bar(progress, Path(video).name, "frames") as tell:
        out = _native.mirror(Path(video), Path(folder), config, measure, videos, debug_video,
                             overwrite, max_yaw, hardware_encoder, tell)
    out["aus"] = pandas.DataFrame(out["aus"])
    out["synkinesis"] = pandas.DataFrame(out["synkinesis"])
    return out


def report(tables, path, *, videos=None, title="", embed_video=False, progress=True):
    """Charts of one or more tables over time as one HTML file (as `frontalis report`).

    tables : a path, or a list of paths, or {name: path}; CSV of Frontalis or OpenFace
    videos : of which each table is; one path, a list, or {name: path}; pictures of the peaks
    embed_video : the videos as part of the page, instead of a link

    Returns the path.
    """
    if isinstance(tables, (str, os.PathLike)):
        tables = [tables]
    if not isinstance(tables, dict):
        tables = {str(number): table for number, table in enumerate(tables)}
        named = False
    else:
        named = True
    if videos is None:
        videos = {}
    elif isinstance(videos, (str, os.PathLike)):
        videos = {next(iter(tables)): videos}
    elif not isinstance(videos, dict):
        videos = dict(zip(tables, videos))
    series = [(name if named else "", Path(table), os.fspath(videos.get(name, "")))
              for name, table in tables.items()]
    with progress_bar(progress, Path(path).name, "frames") as tell:
        _native.report(series, title, embed_video, Path(path), tell)
    return Path(path)
