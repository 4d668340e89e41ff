#!/usr/bin/env python3
"""Writes a float TensorFlow Lite network as ONNX, which ONNX Runtime reads.

Made for the open pack's networks: the operators they have, in float32 with weights in 16 or 32
bits, shapes fixed. Inputs and outputs keep order and shape. Standard library only, Python 3.8 or
later. Field numbers are those of TensorFlow Lite's schema.fbs (version 3) and of onnx.proto.

    scripts/tflite_to_onnx.py face_blendshapes.tflite face_blendshapes.onnx
"""

import struct
import sys
from pathlib import Path

OPSET, IR_VERSION = 13, 8
FLOAT, INT64 = 1, 7  # ONNX's element types
TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)  # channels: after the batch, at the end
NAMES = {0: "ADD", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 6: "DEQUANTIZE",
         14: "LOGISTIC", 17: "MAX_POOL_2D", 18: "MUL", 19: "RELU", 22: "RESHAPE", 34: "PAD",
         39: "TRANSPOSE", 40: "MEAN", 41: "SUB", 42: "DIV", 45: "STRIDED_SLICE", 54: "PRELU",
         59: "NEG", 74: "SUM", 75: "SQRT", 76: "RSQRT", 99: "SQUARED_DIFFERENCE"}
ELEMENTWISE = {"LOGISTIC": "Sigmoid", "NEG": "Neg", "RELU": "Relu", "SQRT": "Sqrt", "ADD": "Add",
               "SUB": "Sub", "MUL": "Mul", "DIV": "Div"}
# Where the options of an operator say which activation it ends with.
ACTIVATION = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "MAX_POOL_2D": 5, "ADD": 0, "MUL": 0, "SUB": 0,
              "DIV": 0, "CONCATENATION": 1}


class ConversionError(Exception):
    pass


class Table:
    """A FlatBuffers table; fields by number."""

    def __init__(self, data, at):
        self.data, self.at = data, at
        self.slots = at - self.read("<i", at)
        self.size = self.read("<H", self.slots)

    def read(self, kind, at):
        return struct.unpack_from(kind, self.data, at)[0]

    def place(self, field):
        slot = 4 + 2 * field
        offset = self.read("<H", self.slots + slot) if slot < self.size else 0
        return self.at + offset if offset else None

    def number(self, field, kind="<i", default=0):
        place = self.place(field)
        return default if place is None else self.read(kind, place)

    def table(self, field):
        place = self.place(field)
        return None if place is None else Table(self.data, place + self.read("<I", place))

    def vector(self, field):
        """Where its elements begin, and how many there are."""
        place = self.place(field)
        if place is None:
            return 0, 0
        start = place + self.read("<I", place)
        return start + 4, self.read("<I", start)

    def numbers(self, field):
        start, count = self.vector(field)
        return list(struct.unpack_from(f"<{count}i", self.data, start))

    def bytes(self, field):
        start, count = self.vector(field)
        return self.data[start:start + count]

    def tables(self, field):
        start, count = self.vector(field)
        places = range(start, start + 4 * count, 4)
        return [Table(self.data, place + self.read("<I", place)) for place in places]


def message(*fields):
    """A protobuf message of (number, value): integers, text, bytes (also a message)."""
    def varint(value):
        out = bytearray()
        value &= (1 << 64) - 1
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
        return bytes(out)

    out = []
    for number, value in fields:
        if isinstance(value, int):
            out.append(varint(number << 3) + varint(value))
        else:
            value = value.encode() if isinstance(value, str) else value
            out.append(varint(number << 3 | 2) + varint(len(value)) + value)
    return b"".join(out)


def attribute(name, value):
    if isinstance(value, int):
        return message((1, name), (3, value), (20, 2))
    return message((1, name), *((8, v) for v in value), (20, 7))


def port(name, shape):
    extents = message(*((1, message((1, extent))) for extent in shape))
    return message((1, name), (2, message((1, message((1, FLOAT), (2, extents))))))


class Converter:
    """Pictures pass through convolutions with their channels first, as ONNX wants them; where
    something else needs them last, they are turned back."""

    def __init__(self, data):
        if data[4:8] != b"TFL3":
            raise ConversionError("this is no TensorFlow Lite file")
        model = Table(data, struct.unpack_from("<I", data)[0])
        self.codes = [max(code.number(0, "<b"), code.number(3)) for code in model.tables(1)]
        graph = model.tables(2)[0]
        self.tensors, self.operators = graph.tables(0), graph.tables(3)
        self.inputs, self.outputs = graph.numbers(1), graph.numbers(2)
        self.buffers = model.tables(4)
        self.nodes, self.constants = [], []
        self.first, self.last = {}, {}  # names by tensor: channels first, as in the file
        self.rectified = False  # whether the operator in hand ends with a RELU
        self.weights = {}  # constants that an operator unpacks, by tensor

    # What the file says of a tensor.

    def shape(self, tensor):
        return self.tensors[tensor].numbers(0)

    def values(self, tensor):
        """A constant's numbers; None when it is none."""
        if tensor in self.weights:
            return self.weights[tensor]
        content = self.buffers[self.tensors[tensor].number(2, "<I")].bytes(0)
        if not content:
            return None
        kind = {0: "f", 1: "e", 2: "i"}.get(self.tensors[tensor].number(1, "<b"))
        if kind is None:
            raise ConversionError(f"tensor {tensor} is of an element type that is not handled")
        return list(struct.unpack(f"<{len(content) // struct.calcsize(kind)}{kind}", content))

    # What is written.

    def emit(self, kind, inputs, output, **attributes):
        self.nodes.append(message(
            *((1, name) for name in inputs), (2, output), (3, f"{kind}_{len(self.nodes)}"),
            (4, kind), *((5, attribute(name, value)) for name, value in attributes.items())))
        return output

    def constant(self, shape, values, kind=FLOAT):
        name = f"constant_{len(self.constants)}"
        raw = struct.pack(f"<{len(values)}{'f' if kind == FLOAT else 'q'}", *values)
        self.constants.append(message(*((1, extent) for extent in shape), (2, kind), (8, name),
                                      (9, raw)))
        return name

    def integers(self, values):
        return self.constant([len(values)], values, INT64)

    def name(self, tensor):
        if tensor in self.inputs:
            return f"input_{self.inputs.index(tensor)}"
        if tensor in self.outputs:
            return f"output_{self.outputs.index(tensor)}"
        return f"tensor_{tensor}"

    def as_filed(self, tensor):
        if tensor not in self.last:
            values = self.values(tensor)
            if values is not None:
                self.last[tensor] = self.constant(self.shape(tensor), values)
            elif tensor in self.first:
                self.last[tensor] = self.emit("Transpose", [self.first[tensor]], self.name(tensor),
                                              perm=TO_LAST)
            else:
                raise ConversionError(f"nothing makes tensor {tensor}")
        return self.last[tensor]

    def channels_first(self, tensor):
        if tensor not in self.first:
            self.first[tensor] = self.emit("Transpose", [self.as_filed(tensor)],
                                           self.name(tensor) + "_first", perm=TO_FIRST)
        return self.first[tensor]

    def make(self, kind, inputs, output, **attributes):
        self.last[output] = self.finish(kind, inputs, self.name(output), **attributes)

    def make_first(self, kind, inputs, output, **attributes):
        self.first[output] = self.finish(kind, inputs, self.name(output) + "_first", **attributes)

    def finish(self, kind, inputs, output, **attributes):
        """An operator's last node, and the activation it ends with."""
        if not self.rectified:
            return self.emit(kind, inputs, output, **attributes)
        linear = self.emit(kind, inputs, output + "_linear", **attributes)
        return self.emit("Relu", [linear], output)

    # Operators.

    def elementwise(self, kind, inputs, output):
        if all(i in self.first and self.shape(i) == self.shape(output) for i in inputs):
            return self.make_first(kind, [self.first[i] for i in inputs], output)
        return self.make(kind, [self.as_filed(i) for i in inputs], output)

    def window(self, options, source, output, kernel, dilation=(1, 1)):
        """Strides and padding of a window that moves over a picture; options as all have them."""
        strides = [options.number(2), options.number(1)]
        before, after = [0, 0], [0, 0]
        if options.number(0, "<b") == 0:  # SAME
            for axis in (0, 1):
                reach = (kernel[axis] - 1) * dilation[axis] + 1
                total = max(0, (self.shape(output)[1 + axis] - 1) * strides[axis] + reach -
                            self.shape(source)[1 + axis])
                before[axis], after[axis] = total // 2, total - total // 2
        return {"strides": strides, "pads": before + after, "kernel_shape": kernel}

    def convolve(self, options, inputs, output, depthwise):
        source, weights = inputs[0], self.values(inputs[1])
        if weights is None:
            raise ConversionError("a convolution's weights are not constant")
        a, rows, columns, b = self.shape(inputs[1])  # out, h, w, in; depthwise: 1, h, w, out
        dilation = [options.number(6 if depthwise else 5, default=1),
                    options.number(5 if depthwise else 4, default=1)]
        if depthwise:
            shape, order = [b, 1, rows, columns], (
                (y * columns + x) * b + c
                for c in range(b) for y in range(rows) for x in range(columns))
        else:
            shape, order = [a, b, rows, columns], (
                ((o * rows + y) * columns + x) * b + c
                for o in range(a) for c in range(b) for y in range(rows) for x in range(columns))
        named = [self.channels_first(source), self.constant(shape, [weights[k] for k in order])]
        if len(inputs) > 2 and inputs[2] >= 0:
            named.append(self.as_filed(inputs[2]))
        groups = self.shape(source)[3] if depthwise else 1
        self.make_first("Conv", named, output, group=groups, dilations=dilation,
                        **self.window(options, source, output, [rows, columns], dilation))

    def slice(self, options, inputs, output):
        begin_mask, end_mask, ellipsis, new_axis, drop = (options.number(k) for k in range(5))
        if ellipsis or new_axis:
            raise ConversionError("STRIDED_SLICE with an ellipsis or a new axis")
        begin, end, step = (self.values(k) for k in inputs[1:4])
        for axis in range(len(begin)):
            if begin_mask >> axis & 1:
                begin[axis] = 0
            if end_mask >> axis & 1 or (drop >> axis & 1 and begin[axis] == -1):
                end[axis] = 1 << 31
            elif drop >> axis & 1:
                end[axis] = begin[axis] + 1
        sliced = self.emit("Slice", [self.as_filed(inputs[0]), self.integers(begin),
                                     self.integers(end), self.integers(range(len(begin))),
                                     self.integers(step)], self.name(output) + "_sliced")
        self.make("Reshape", [sliced, self.integers(self.shape(output))], output)

    def convert_one(self, name, options, inputs, output):
        if name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            return self.convolve(options, inputs, output, name != "CONV_2D")
        if name == "DEQUANTIZE":
            self.weights[output] = self.values(inputs[0])
            if self.weights[output] is None:
                raise ConversionError("DEQUANTIZE of what is no constant")
            return None
        if name == "MAX_POOL_2D":
            kernel = [options.number(4), options.number(3)]
            return self.make_first("MaxPool", [self.channels_first(inputs[0])], output,
                                   **self.window(options, inputs[0], output, kernel))
        if name == "PRELU":
            slope = self.values(inputs[1])
            return self.make_first("PRelu", [self.channels_first(inputs[0]),
                                             self.constant([len(slope), 1, 1], slope)], output)
        if name == "PAD":
            pads = self.values(inputs[1])
            pads = [(pads[2 * axis], pads[2 * axis + 1]) for axis in TO_FIRST]
            pads = self.integers([before for before, _ in pads] + [after for _, after in pads])
            return self.make_first("Pad", [self.channels_first(inputs[0]), pads], output)
        if name == "SQUARED_DIFFERENCE":
            difference = self.emit("Sub", [self.as_filed(i) for i in inputs],
                                   self.name(output) + "_root")
            return self.make("Mul", [difference, difference], output)
        if name in ELEMENTWISE:
            return self.elementwise(ELEMENTWISE[name], inputs, output)
        source = self.as_filed(inputs[0])
        if name == "RSQRT":
            root = self.emit("Sqrt", [source], self.name(output) + "_root")
            return self.make("Reciprocal", [root], output)
        if name == "RESHAPE":
            return self.make("Reshape", [source, self.integers(self.shape(output))], output)
        if name == "TRANSPOSE":
            return self.make("Transpose", [source], output, perm=self.values(inputs[1]))
        if name == "CONCATENATION":
            return self.make("Concat", [self.as_filed(i) for i in inputs], output,
                             axis=options.number(0))
        kept = options.number(0, "<b")
        if name == "MEAN":
            return self.make("ReduceMean", [source], output, axes=self.values(inputs[1]),
                             keepdims=kept)
        if name == "SUM":
            return self.make("ReduceSum", [source, self.integers(self.values(inputs[1]))], output,
                             keepdims=kept)
        return self.slice(options, inputs, output)

    def convert(self):
        for tensor in self.inputs:
            self.last[tensor] = self.name(tensor)
        for operator in self.operators:
            code = self.codes[operator.number(0, "<I")]
            if code not in NAMES:
                raise ConversionError(f"operator {code} is not handled")
            name, options = NAMES[code], operator.table(4)
            inputs, outputs = operator.numbers(1), operator.numbers(2)
            activation = options.number(ACTIVATION[name], "<b") if name in ACTIVATION else 0
            if activation not in (0, 1):  # none, RELU
                raise ConversionError(f"{name} with activation {activation} is not handled")
            self.rectified = activation == 1
            self.convert_one(name, options, inputs, outputs[0])
        for tensor in self.outputs:
            self.as_filed(tensor)
        graph = message(
            *((1, node) for node in self.nodes), (2, "network"),
            *((5, constant) for constant in self.constants),
            *((11, port(self.name(tensor), self.shape(tensor))) for tensor in self.inputs),
            *((12, port(self.name(tensor), self.shape(tensor))) for tensor in self.outputs))
        return message((1, IR_VERSION), (2, "Frontalis"), (7, graph),
                       (8, message((1, ""), (2, OPSET))))


def to_onnx(data):
    """The same network as ONNX. Errors: ConversionError."""
    try:
        return Converter(data).convert()
    except (struct.error, IndexError, TypeError, AttributeError, ValueError) as error:
        raise ConversionError(f"malformed file ({error})") from error


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        Path(sys.argv[2]).write_bytes(to_onnx(Path(sys.argv[1]).read_bytes()))
    except (ConversionError, OSError) as error:
        print(f"tflite_to_onnx: {sys.argv[1]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
