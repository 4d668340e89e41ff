import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / ".deps" / "samples"

# The package has to find its models and its runtime by itself.
for name in ("FRONTALIS_OPENVINO", "FRONTALIS_HOME", "LD_LIBRARY_PATH", "PYTHONPATH"):
    os.environ.pop(name, None)

import frontalis  # noqa: E402

PROGRAM = Path(frontalis.__file__).parent / "bin" / "frontalis"


def cli(*arguments):
    """The command that the wheel installs."""
    program = Path(os.sys.executable).parent / "frontalis"
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, cwd="/")


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """24 frames of a face, after the blink has begun."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", SAMPLES / "single_face.mp4", "-frames:v", "24",
                    "-c", "copy", path], check=True)
    return path


@pytest.fixture(scope="session")
def lost(tmp_path_factory):
    """10 frames with a face, then 10 without."""
    path = tmp_path_factory.mktemp("clip") / "lost.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", SAMPLES / "single_face.mp4", "-filter_complex",
         "[0:v]trim=end_frame=10,setpts=PTS-STARTPTS[a];"
         "color=c=gray:s=640x360:r=30:d=0.34[b];[a][b]concat=n=2:v=1", "-frames:v", "20",
         "-c:v", "libx264", "-pix_fmt", "yuv420p", path], check=True)
    return path


@pytest.fixture
def videos(tmp_path, clip):
    folder = tmp_path / "videos"
    (folder / "more").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4", "more/a.mp4", "c.mp4"):
        shutil.copy(clip, folder / name)
    (folder / "broken.mp4").write_text("no video")
    return folder
