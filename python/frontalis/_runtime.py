"""Where OpenVINO lies: the engine opens its C library by path, and the pip package brings it."""

import importlib.util
import os
from pathlib import Path


def find_openvino():
    """Names pip's OpenVINO to the engine, unless the user named one."""
    if os.environ.get("FRONTALIS_OPENVINO"):
        return
    spec = importlib.util.find_spec("openvino")  # looks, does not import
    for place in (spec.submodule_search_locations or []) if spec else []:
        libraries = sorted(Path(place, "libs").glob("libopenvino_c.*"))
        if libraries:
            os.environ["FRONTALIS_OPENVINO"] = str(libraries[0])
            return
