import contextlib


@contextlib.contextmanager
def progress_bar(progress, what, unit):
    """A function (done, expected) that shows how far something is: tqdm's bar if tqdm is there.

    `progress`: True, False, or such a function of the caller's own.
    """
    if callable(progress):
        yield progress
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        tqdm = None
    if not progress or tqdm is None:
        yield None
        return
    with tqdm(desc=what, unit=unit, unit_scale=True, leave=False) as bar:
        def tell(done, expected):
            if expected:
                bar.total = max(expected, done)
            bar.n = done
            bar.refresh()
        yield tell
