"""Model packs: what is there, installing and importing.

    frontalis.models.list()                       # a DataFrame, one row a file
    frontalis.models.install("openface", accept_licence=True)
"""

from . import _native
from ._progress import progress_bar


def list(pack="", hashes=False):
    """Every file of a pack, or of all packs.

    Returns a DataFrame with pack, part, purpose, optional, file, path, bytes, licence, state
    ("installed", "unverified", "missing", "corrupt") and problem. With `hashes` every file is read
    and its SHA-256 compared; else only its size.
    """
    import pandas
    return pandas.DataFrame(_native.models_list(pack, hashes))


def licence(pack):
    """What has to be agreed to before `install(pack)`: gist, origin, and where the text is."""
    return _native.models_licence(pack)


def install(pack, accept_licence=False, progress=True):
    """Downloads what is missing of "openface" or "pfld" from its origin; returns how many files.

    Nothing is loaded without consent: `accept_licence=True` after reading `licence(pack)`, or
    OPENFACE_MODELS_ACCEPT_LICENSE=1 in the environment. Raises Cancelled without it.
    """
    with progress_bar(progress, f"{pack} models", "B") as tell:
        return _native.models_install(pack, accept_licence, tell)


def import_(path):
    """Files model files found in a file or folder, known by their SHA-256; returns how many."""
    return _native.models_import(path)
