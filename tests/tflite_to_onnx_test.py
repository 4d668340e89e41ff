"""scripts/tflite_to_onnx.py on files that are damaged: each is converted or refused with one line.
That what it writes computes the same is tested with the runtimes (OnnxRuntimeTest)."""

import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import tflite_to_onnx  # noqa: E402

PACK = Path(sys.argv.pop()) if len(sys.argv) > 1 else ROOT / ".deps" / "packs" / "open"
NETWORK = (PACK / "face_blendshapes.tflite").read_bytes()


class Conversion(unittest.TestCase):
    def convert(self, data):
        """Whether it could be converted; anything but a ConversionError is a failure."""
        try:
            self.assertIsInstance(tflite_to_onnx.to_onnx(data), bytes)
            return True
        except tflite_to_onnx.ConversionError:
            return False

    def test_the_pack_holds_what_is_written(self):
        for name in ("face_landmarks_detector", "face_blendshapes", "face_detector"):
            written = tflite_to_onnx.to_onnx((PACK / f"{name}.tflite").read_bytes())
            self.assertEqual(written, (PACK / f"{name}.onnx").read_bytes(), name)

    def test_truncated(self):
        for size in [*range(0, 64), *range(64, len(NETWORK), len(NETWORK) // 8)]:
            self.convert(NETWORK[:size])
        self.assertFalse(self.convert(b""))
        self.assertFalse(self.convert(b"no network at all" * 9))

    def test_damaged(self):
        dice = random.Random(1)
        refused = 0
        for _ in range(30):
            damaged = bytearray(NETWORK)
            for _ in range(dice.choice((1, 4, 30, 200))):  # at the end, where the graph is
                damaged[-dice.randrange(1, 60000)] = dice.randrange(256)
            refused += not self.convert(bytes(damaged))
        self.assertGreater(refused, 5)

    def test_command(self):
        with tempfile.TemporaryDirectory() as folder:
            source, made = Path(folder) / "a.tflite", Path(folder) / "a.onnx"
            source.write_bytes(NETWORK[:1000])
            command = [sys.executable, "-B", ROOT / "scripts" / "tflite_to_onnx.py", source, made]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
            self.assertIn(str(source), done.stderr)
            self.assertFalse(made.exists())
            source.write_bytes(NETWORK)
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(made.read_bytes(), (PACK / "face_blendshapes.onnx").read_bytes())


if __name__ == "__main__":
    unittest.main()
