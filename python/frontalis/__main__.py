"""`frontalis` of the wheel: the program itself, and the commands that are written in Python."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "bin" / "frontalis"


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] == "train":
        from .train import main as train
        return train(arguments[1:])
    from ._runtime import find_openvino
    find_openvino()
    if arguments in (["--help"], ["-h"]):
        code = subprocess.run([PROGRAM, *arguments], check=False).returncode
        print("  train                       A pack of one's own from coded videos")
        return code
    os.execv(PROGRAM, [str(PROGRAM), *arguments])


if __name__ == "__main__":
    sys.exit(main())
