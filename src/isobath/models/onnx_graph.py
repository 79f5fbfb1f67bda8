"""A coder as an ONNX graph whose memory is an input and an output.

Inputs: `latent` (batch, dims, frames) or `audio` (batch, channels, frames * hop), `state` (batch, n),
`clock` (1,), `seed` (1,). Outputs: `audio` or `latent`, and `new_state`, `new_clock`, to be handed in
with the next block. A state of zeros and a clock of 0 are silence before the first frame. Any number of
frames and voices; clock counts frames, and voice v draws its noise from seed + v, as in the kernel.

The graph is written node by node from the operations of docs/model-format.md, in opset 18, without
PyTorch. Whole numbers stay below 2^63, so that no runtime needs to overflow.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from isobath.errors import ModelMismatch, SaveError, UsageError

from .coder import Model
from .description import Operation
from .null import BATCH, SEED, Null, compared

OPSET, IR_VERSION = 18, 9
WORD = 0xFFFFFFFF
TURN = np.float32(2 * np.pi / 2.0**32)
FLOOR, DECADES = np.float32(1e-8), np.float32(9.2103404)
END = np.iinfo(np.int64).max

Array = NDArray[Any]


class Graph:
    """Nodes and constants; each method adds a node and answers the name of what it makes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[bytes, onnx.TensorProto] = {}
        self._kept: list[tuple[str, int]] = []
        self.state = 0

    def op(self, kind: str, *inputs: str, **fields: Any) -> str:
        """One node of one output."""
        out = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **fields))
        return out

    def constant(self, value: Array | np.number[Any]) -> str:
        """Equal constants are stored once; half-precision weights as they are."""
        array = np.asarray(value)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        key = repr((array.dtype.str, array.shape)).encode() + array.tobytes()
        if key not in self.constants:
            name = f"c{len(self.constants)}"
            self.constants[key] = numpy_helper.from_array(array.copy(), name)
        name = self.constants[key].name
        return self.op("Cast", name, to=TensorProto.FLOAT) if array.dtype == np.float16 else name

    def add(self, a: str, b: str) -> str:
        """Sum."""
        return self.op("Add", a, b)

    def mul(self, a: str, b: str) -> str:
        """Product."""
        return self.op("Mul", a, b)

    def reshape(self, x: str, *shape: int) -> str:
        """0 keeps a dimension, -1 is what is left."""
        return self.op("Reshape", x, self.constant(np.array(shape, np.int64)))

    def cut(self, x: str, start: int, end: int, axis: int) -> str:
        """A slice."""
        bounds = (self.constant(np.array([each], np.int64)) for each in (start, end, axis))
        return self.op("Slice", x, *bounds)

    def size(self, x: str, axis: int) -> str:
        """A dimension as a tensor of one whole number."""
        return self.cut(self.op("Shape", x), axis, axis + 1, 0)

    def count(self, size: str) -> str:
        """0, 1, ... up to a size."""
        scalar = self.op("Squeeze", size)
        return self.op("Range", self.constant(np.int64(0)), scalar, self.constant(np.int64(1)))

    def past(self, x: str, channels: int, rows: int) -> str:
        """The last `rows` rows of what came before, and then x."""
        if rows == 0:
            return x
        begins, length = self.state, channels * rows
        self.state += length
        before = self.reshape(self.cut("state", begins, begins + length, 1), 0, channels, rows)
        both = self.op("Concat", before, x, axis=2)
        self._kept.append((self.reshape(self.cut(both, -rows, END, 2), 0, length), begins))
        return both

    def late(self, x: str, channels: int, rows: int) -> str:
        """The same, so many rows late."""
        return self.cut(self.past(x, channels, rows), 0, -rows, 2) if rows else x

    def finish(self) -> str:
        """The state to hand in next time."""
        if not self._kept:
            self.state = 1
            return self.op("Identity", "state")
        return self.op("Concat", *(name for name, _ in self._kept), axis=1)

    def leaky(self, x: str) -> str:
        """Slope 0.2."""
        return self.op("LeakyRelu", x, alpha=0.2)

    def gate(self, x: str) -> str:
        """RAVE's amplitude curve."""
        power = self.op("Pow", self.op("Sigmoid", x), self.constant(np.float32(2.3)))
        return self.add(self.mul(power, self.constant(np.float32(2))), self.constant(np.float32(1e-7)))

    def word(self, x: str) -> str:
        """The lower 32 bits."""
        return self.op("BitwiseAnd", x, self.constant(np.int64(WORD)))

    def shifted(self, x: str, bits: int) -> str:
        """To the right; x is not negative."""
        return self.op("Div", x, self.constant(np.int64(1 << bits)))

    def product(self, x: str, factor: Array | int) -> str:
        """Of two 32-bit numbers, its lower 32 bits: the upper half of x apart, so that nothing overflows."""
        by = self.constant(np.asarray(factor, np.int64))
        low = self.mul(self.op("BitwiseAnd", x, self.constant(np.int64(0xFFFF))), by)
        high = self.op("BitwiseAnd", self.mul(self.shifted(x, 16), by), self.constant(np.int64(0xFFFF)))
        return self.word(self.add(low, self.mul(high, self.constant(np.int64(1 << 16)))))

    def signed(self, x: str) -> str:
        """32 bits read as a signed number, as float."""
        negative = self.op("GreaterOrEqual", x, self.constant(np.int64(1 << 31)))
        less = self.op("Sub", x, self.constant(np.int64(1 << 32)))
        return self.op("Cast", self.op("Where", negative, less, x), to=TensorProto.FLOAT)

    def rows(self, x: str, each: int) -> str:
        """Absolute numbers of x's rows, `each` a frame, in 32 bits."""
        first = self.mul("clock", self.constant(np.int64(each)))
        return self.word(self.add(first, self.count(self.size(x, 2))))

    def words(self, numbers: str, channels: Array, like: str) -> str:
        """The format's hash: (batch, channels, rows)."""
        column = self.constant((channels.astype(np.uint64) * 0x85EBCA77 & WORD).astype(np.int64)[:, None])
        seeds = self.reshape(self.add("seed", self.count(self.size(like, 0))), -1, 1, 1)
        x = self.word(self.add(self.add(self.product(numbers, 0x9E3779B1), column), seeds))
        x = self.product(self.op("BitwiseXor", x, self.shifted(x, 16)), 0x7FEB352D)
        x = self.product(self.op("BitwiseXor", x, self.shifted(x, 15)), 0x846CA68B)
        return self.op("BitwiseXor", x, self.shifted(x, 16))

    def uniform(self, numbers: str, channels: int, like: str) -> str:
        """Noise within -1..1: (batch, channels, rows)."""
        words = self.signed(self.words(numbers, np.arange(channels), like))
        return self.mul(words, self.constant(np.float32(2.0**-31)))


class Coder:
    """One side of a model on its way into a graph. channels, rows: of each register, rows a frame."""

    def __init__(self, model: Model, encoder: bool) -> None:
        self.model, self.g = model, Graph()
        self.start, self.end = ("audio", "mean") if encoder else ("latent", "audio")
        self.channels = {self.start: model.channels if encoder else model.dims}
        self.rows = {self.start: model.hop if encoder else 1}
        self.names = {self.start: self.start}
        for o in (model.description.encoder or []) if encoder else model.description.decoder:
            if not (encoder and o.out == "deviation"):
                self._step(o)

    def _tensor(self, name: str | None) -> Array:
        array: Array = self.model.tensors[name or ""]
        if array.dtype.kind in "ui":
            return array.astype(np.int64)
        return array if array.dtype == np.float16 else array.astype(np.float32)

    def _step(self, o: Operation) -> None:
        does = _OPERATIONS.get(o.kind)
        if does is None:
            raise ModelMismatch(f"{self.model.name} uses the operation {o.kind}, which ONNX cannot play yet.")
        x = self.g.late(self.names[o.source], self.channels[o.source], o.late)
        y, self.channels[o.out], self.rows[o.out] = does(self, o, x)
        if o.add:
            y = self.g.add(y, self.g.late(self.names[o.add], self.channels[o.add], o.add_late))
        self.names[o.out] = y


Made = tuple[str, int, int]
"""The register's name in the graph, its channels and its rows a frame."""


def _conv(c: Coder, o: Operation, x: str) -> Made:
    g, weight = c.g, c._tensor(o.weight)
    x = g.leaky(x) if o.act else x
    reach = (weight.shape[2] - 1) * o.dilation - (o.stride - 1)
    x = g.past(x, c.channels[o.source], max(reach, 0))
    x = g.cut(x, -reach, END, 2) if reach < 0 else x
    biases = [g.constant(c._tensor(o.bias))] if o.bias else []
    y = g.op(
        "Conv", x, g.constant(weight), *biases, strides=[o.stride], dilations=[o.dilation], group=o.groups,
        kernel_shape=[weight.shape[2]],
    )  # fmt: skip
    return y, weight.shape[0], c.rows[o.source] // o.stride


def _conv_transpose(c: Coder, o: Operation, x: str) -> Made:
    g, weight = c.g, c._tensor(o.weight)
    x = g.past(g.leaky(x) if o.act else x, c.channels[o.source], 1)
    biases = [g.constant(c._tensor(o.bias))] if o.bias else []
    y = g.op("ConvTranspose", x, g.constant(weight), *biases, strides=[o.stride])
    return g.cut(y, o.stride, -o.stride, 2), weight.shape[1], c.rows[o.source] * o.stride


def _amplitude(c: Coder, o: Operation, x: str) -> Made:
    g, rows = c.g, c.rows[o.source]
    n = c.channels[o.source] // (3 if o.noise else 2)
    y = g.mul(g.op("Tanh", g.cut(x, 0, n, 1)), g.op("Sigmoid", g.cut(x, n, 2 * n, 1)))
    if o.noise:
        u = g.uniform(g.rows(x, rows), n, x)
        y = g.add(y, g.mul(g.gate(g.cut(x, 2 * n, 3 * n, 1)), u))
    return y, n, rows


def _alternated(g: Graph, x: str, bands: int, channels: int) -> str:
    signs = np.ones((channels * bands, 1, 2), np.float32)
    signs[np.arange(channels * bands) % bands % 2 == 1, 0, 1] = -1
    pairs = g.mul(g.reshape(x, 0, channels * bands, -1, 2), g.constant(signs))
    return g.reshape(pairs, 0, channels * bands, -1)


def _synthesis(c: Coder, o: Operation, x: str) -> Made:
    g, filters = c.g, c._tensor(o.filters).astype(np.float32)
    bands, taps = filters.shape
    channels = c.channels[o.source] // bands
    x = _alternated(g, x, bands, channels) if o.alternate else x
    kernel = bands * filters.reshape(bands, taps // bands, bands)[:, ::-1].transpose(2, 0, 1)
    x = g.past(x, channels * bands, taps // bands - 1)
    y = g.op("Conv", x, g.constant(np.tile(kernel, (channels, 1, 1))), group=channels)
    y = g.op("Transpose", g.reshape(y, 0, channels, bands, -1), perm=[0, 1, 3, 2])
    return g.reshape(y, 0, channels, -1), channels, c.rows[o.source] * bands


def _analysis(c: Coder, o: Operation, x: str) -> Made:
    g, filters = c.g, c._tensor(o.filters).astype(np.float32)
    (bands, taps), channels = filters.shape, c.channels[o.source]
    x = g.past(x, channels, taps - bands)
    kernel = g.constant(np.tile(filters[:, ::-1][:, None], (channels, 1, 1)))
    y = g.op("Conv", x, kernel, group=channels, strides=[bands])
    y = _alternated(g, y, bands, channels) if o.alternate else y
    return y, channels * bands, c.rows[o.source] // bands


def _tones(c: Coder, o: Operation, x: str) -> Made:
    g, increments, offsets = c.g, c._tensor(o.increments), c._tensor(o.offsets)
    k, r = len(increments), c.model.hop // c.rows[o.source]
    channels = c.channels[o.source] // k
    gates = g.reshape(g.past(g.gate(x), channels * k, 1), 0, channels, k, -1)
    starts = g.product(g.rows(x, c.rows[o.source]), r)
    phase = g.word(g.add(g.product(starts, increments[:, None]), g.constant(offsets[:, None])))
    theta = g.mul(g.signed(phase), g.constant(TURN))
    cos, sin = g.op("Cos", theta), g.op("Sin", theta)
    was, now = g.cut(gates, 0, -1, 3), g.cut(gates, 1, END, 3)
    parts = [g.mul(a, b) for a in (was, now) for b in (cos, sin)]
    j = np.arange(r)
    turn = (increments[:, None] * j % 2**32) * (2 * np.pi / 2**32)
    up = (j + 1) / r
    basis = [np.cos(turn) * (1 - up), -np.sin(turn) * (1 - up), np.cos(turn) * up, -np.sin(turn) * up]
    features = g.op("Transpose", g.op("Concat", *parts, axis=2), perm=[0, 1, 3, 2])
    y = g.op("MatMul", features, g.constant(np.concatenate(basis)))
    return g.reshape(y, 0, channels, -1), channels, c.model.hop


def _bins(hz: Array, lengths: Array, attack: int, rate: int) -> list[tuple[int, list[int], Array]]:
    """Kernels of bins whose windows fill the same power of two: size, which, (2 * bins, 1, size)."""
    sizes = [1 << max(int(n) - 1, 1).bit_length() for n in lengths]
    groups = []
    for size in sorted(set(sizes)):
        members = [i for i, each in enumerate(sizes) if each == size]
        kernel = np.zeros((2 * len(members), 1, size), np.float32)
        for row, i in enumerate(members):
            length = int(lengths[i])
            rise, j = min(attack, length // 2), np.arange(length)
            falling = np.cos(np.pi / 2 * (j - rise + 0.5) / (length - rise)) ** 2
            rising = np.sin(np.pi / 2 * (j + 0.5) / max(rise, 1)) ** 2
            w = np.where(j < rise, rising, falling)
            wave = 2 * w / w.sum() * np.exp(2j * np.pi * float(hz[i]) / rate * j)
            kernel[2 * row, 0, size - length :] = wave.real[::-1]
            kernel[2 * row + 1, 0, size - length :] = wave.imag[::-1]
        groups.append((size, members, kernel))
    return groups


def _spectrum(c: Coder, o: Operation, x: str) -> Made:
    g, channels = c.g, c.channels[o.source]
    lengths = c._tensor(o.lengths)
    groups = _bins(c._tensor(o.frequencies), lengths, o.attack, c.model.sample_rate)
    rows = max(groups[-1][0] - o.step, 0)
    x = g.past(x, channels, rows)
    powers = []
    for size, members, kernel in groups:
        begins = g.cut(x, rows + o.step - size, END, 2) if rows + o.step > size else x
        weight = g.constant(np.tile(kernel, (channels, 1, 1)))
        z = g.op("Conv", begins, weight, strides=[o.step], group=channels)
        z = g.reshape(g.mul(z, z), 0, channels, len(members), 2, -1)
        powers.append(g.op("ReduceSum", z, g.constant(np.array([3], np.int64)), keepdims=0))
    order = np.argsort([i for _, members, _ in groups for i in members])
    power = g.op("Gather", g.op("Concat", *powers, axis=2), g.constant(order.astype(np.int64)), axis=2)
    read = g.op("Div", g.op("Log", g.add(power, g.constant(FLOOR))), g.constant(DECADES))
    read = g.add(read, g.constant(np.float32(1)))
    wide = channels * len(lengths)
    return g.reshape(read, 0, wide, -1), wide, c.rows[o.source] // o.step


def _activate(c: Coder, o: Operation, x: str) -> Made:
    g, wide, rows = c.g, c.channels[o.source], c.rows[o.source]
    plain: dict[str, Callable[[str], str]] = {
        "leaky": g.leaky,
        "gate": g.gate,
        "tanh": lambda x: g.op("Tanh", x),
        "sigmoid": lambda x: g.op("Sigmoid", x),
    }
    if o.act in plain:
        return plain[o.act](x), wide, rows
    alpha = c._tensor(o.alpha).astype(np.float32)[:, None]
    if o.act == "snake":
        wave = g.op("Sin", g.mul(x, g.constant(alpha)))
        return g.add(x, g.mul(g.mul(wave, wave), g.constant(1 / (alpha + np.float32(1e-9))))), wide, rows
    y = g.mul(x, g.constant(alpha))
    return (g.add(y, g.constant(c._tensor(o.bias)[:, None])) if o.bias else y), wide, rows


def _multiply(c: Coder, o: Operation, x: str) -> Made:
    g, by = c.g, o.by or ""
    few, wide, rows = c.channels[by], c.channels[o.source], c.rows[o.source]
    factor = c.names[by]
    if rows != c.rows[by]:
        tiles = g.constant(np.array([1, 1, 1, rows // c.rows[by]], np.int64))
        factor = g.reshape(g.op("Tile", g.reshape(factor, 0, few, -1, 1), tiles), 0, few, -1)
    factor = g.late(factor, few, o.by_late)
    if wide != few:
        factor = g.op("Tile", factor, g.constant(np.array([1, wide // few, 1], np.int64)))
    return g.mul(x, factor), wide, rows


def _noise(c: Coder, o: Operation, x: str) -> Made:
    g, filters = c.g, c._tensor(o.filters).astype(np.float32)
    bands, frame = filters.shape
    channels, rows = c.channels[o.source] // bands, c.rows[o.source]
    used = np.flatnonzero(np.abs(filters).sum(axis=0))
    used = used if len(used) else np.zeros(1, np.int64)
    gains = g.op("Transpose", g.reshape(g.gate(x), 0, channels, bands, -1), perm=[0, 1, 3, 2])
    taps = g.reshape(g.op("MatMul", gains, g.constant(filters[:, used])), 0, channels, -1, len(used), 1)
    frames = g.mul(g.size(x, 2), g.constant(np.array([frame], np.int64)))
    first = g.mul("clock", g.constant(np.int64(rows * frame)))
    u = g.uniform(g.word(g.add(first, g.count(frames))), channels, x)
    u = g.reshape(u, 0, channels, -1, frame)
    u = g.op("Pad", u, g.constant(np.array([0, 0, 0, frame, 0, 0, 0, 0], np.int64)))
    places = (frame + np.arange(frame)[:, None] - used[None]).astype(np.int64)
    y = g.op("MatMul", g.op("Gather", u, g.constant(places), axis=3), taps)
    return g.reshape(y, 0, channels, -1), channels, rows * frame


def _normal(c: Coder, o: Operation, x: str) -> Made:
    g, rows = c.g, c.rows[o.source]
    numbers, even = g.rows(x, rows), 2 * np.arange(o.outputs)
    high = g.add(g.shifted(g.words(numbers, even, x), 8), g.constant(np.int64(1)))
    a = g.mul(g.op("Cast", high, to=TensorProto.FLOAT), g.constant(np.float32(2.0**-24)))
    b = g.mul(g.signed(g.words(numbers, even + 1, x)), g.constant(TURN))
    radius = g.op("Sqrt", g.mul(g.op("Log", a), g.constant(np.float32(-2))))
    return g.mul(radius, g.op("Cos", b)), o.outputs, rows


def _quantize(c: Coder, o: Operation, x: str) -> Made:
    g, codes = c.g, c._tensor(o.codes).astype(np.float32)
    left, found = g.op("Transpose", x, perm=[0, 2, 1]), []
    for book in codes:
        score = g.op("MatMul", left, g.constant(np.ascontiguousarray(book.T)))
        score = g.op("Sub", score, g.constant(0.5 * (book**2).sum(axis=1)))
        best = g.op("ArgMax", score, axis=-1, keepdims=0)
        left = g.op("Sub", left, g.op("Gather", g.constant(book), best, axis=0))
        found.append(g.op("Unsqueeze", best, g.constant(np.array([1], np.int64))))
    y = g.op("Cast", g.op("Concat", *found, axis=1), to=TensorProto.FLOAT)
    return y, len(codes), c.rows[o.source]


def _lookup(c: Coder, o: Operation, x: str) -> Made:
    g, codes = c.g, c._tensor(o.codes).astype(np.float32)
    whole = g.op("Floor", g.add(x, g.constant(np.float32(0.5))))
    last = g.constant(np.float32(codes.shape[1] - 1))
    number = g.op("Cast", g.op("Clip", whole, g.constant(np.float32(0)), last), to=TensorProto.INT64)
    y = ""
    for q, book in enumerate(codes):
        vector = g.op("Gather", g.constant(book), g.op("Gather", number, g.constant(np.int64(q)), axis=1))
        y = g.add(y, vector) if y else vector
    return g.op("Transpose", y, perm=[0, 2, 1]), codes.shape[2], c.rows[o.source]


def _sphere(c: Coder, o: Operation, x: str) -> Made:
    g, n = c.g, c.channels[o.source]
    slopes = np.full((n, 1), np.pi / 2, np.float32)
    slopes[-1] = np.pi
    phi = g.mul(g.add(x, g.constant(np.float32(1))), g.constant(slopes))
    cos, sin = g.op("Cos", phi), g.op("Sin", phi)
    out, behind = [], ""
    for k in range(n):
        each = g.cut(cos, k, k + 1, 1)
        out.append(g.mul(each, behind) if behind else each)
        each = g.cut(sin, k, k + 1, 1)
        behind = g.mul(behind, each) if behind else each
    return g.op("Concat", *out, behind, axis=1), n + 1, c.rows[o.source]


def _angles(c: Coder, o: Operation, x: str) -> Made:
    g, n = c.g, c.channels[o.source]
    quarter = g.constant(np.float32(np.pi / 2))

    def above(height: str, along: str) -> str:
        """The angle of a point whose height is not negative, 0 where both are 0 (ONNX has no atan2)."""
        along = g.add(along, g.constant(np.float32(1e-30)))
        steep = g.op("Div", along, g.op("Max", height, g.constant(np.float32(1e-37))))
        return g.op("Sub", quarter, g.op("Atan", steep))

    parts = []
    if n > 2:
        whole = g.op("CumSum", g.mul(x, x), g.constant(np.int64(1)), reverse=1)
        behind = g.cut(g.op("Sqrt", whole), 1, -1, 1)
        phi = g.mul(above(behind, g.cut(x, 0, -2, 1)), g.constant(np.float32(2 / np.pi)))
        parts.append(g.op("Sub", phi, g.constant(np.float32(1))))
    last = g.cut(x, n - 1, n, 1)
    turned = g.op("Less", last, g.constant(np.float32(0)))
    half = g.mul(above(g.op("Abs", last), g.cut(x, n - 2, n - 1, 1)), g.constant(np.float32(1 / np.pi)))
    one = g.constant(np.float32(1))
    parts.append(g.op("Where", turned, g.op("Sub", one, half), g.op("Sub", half, one)))
    return g.op("Concat", *parts, axis=1), n - 1, c.rows[o.source]


_OPERATIONS: dict[str, Callable[[Coder, Operation, str], Made]] = {
    "conv": _conv, "conv_transpose": _conv_transpose, "amplitude": _amplitude, "synthesis": _synthesis,
    "analysis": _analysis, "tones": _tones, "spectrum": _spectrum, "activate": _activate,
    "multiply": _multiply, "noise": _noise, "normal": _normal, "quantize": _quantize, "lookup": _lookup,
    "sphere": _sphere, "angles": _angles,
}  # fmt: skip


def graph(model: Model, *, encoder: bool = False) -> onnx.ModelProto:
    """One side of a model as an ONNX model."""
    coder = Coder(model, encoder)
    g = coder.g
    final, new_state = coder.names[coder.end], g.finish()
    output = "latent" if encoder else "audio"
    g.nodes.append(helper.make_node("Identity", [final], [output]))
    g.nodes.append(helper.make_node("Identity", [new_state], ["new_state"]))
    frames = g.size(coder.start, 2)
    if encoder:
        frames = g.op("Div", frames, g.constant(np.array([model.hop], np.int64)))
    g.nodes.append(helper.make_node("Add", ["clock", frames], ["new_clock"]))
    first: Sequence[str | int] = ["batch", coder.channels[coder.start], "samples" if encoder else "frames"]
    last: Sequence[str | int] = ["batch", coder.channels[coder.end], "frames" if encoder else "samples"]
    whole, real = TensorProto.INT64, TensorProto.FLOAT
    made = helper.make_graph(
        g.nodes,
        model.name,
        [
            helper.make_tensor_value_info(coder.start, real, first),
            helper.make_tensor_value_info("state", real, ["batch", g.state]),
            helper.make_tensor_value_info("clock", whole, [1]),
            helper.make_tensor_value_info("seed", whole, [1]),
        ],
        [
            helper.make_tensor_value_info(output, real, last),
            helper.make_tensor_value_info("new_state", real, ["batch", g.state]),
            helper.make_tensor_value_info("new_clock", whole, [1]),
        ],
        list(g.constants.values()),
    )
    proto = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="isobath", ir_version=IR_VERSION
    )
    d = model.description
    helper.set_model_props(
        proto,
        {
            "name": d.name, "title": d.title, "about": d.about, "licence": d.licence, "credit": d.credit,
            "sample_rate": str(d.sample_rate), "channels": str(d.channels), "hop": str(d.hop),
            "dims": str(d.dims), "delay": str(d.delay), "state": str(g.state),
            "labels": json.dumps(d.latent.labels), "mean": json.dumps(d.latent.mean),
            "std": json.dumps(d.latent.std),
        },
    )  # fmt: skip
    onnx.checker.check_model(proto)
    return proto


class Player:
    """An ONNX coder under onnxruntime, keeping its state from block to block."""

    def __init__(self, path: Path, batch: int, seed: int) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise UsageError("Playing ONNX here needs onnxruntime: pip install 'isobath[onnx]'") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input, state, *_ = self._session.get_inputs()
        self._state = np.zeros((batch, state.shape[1]), np.float32)
        self._clock, self._seed = np.zeros(1, np.int64), np.array([seed], np.int64)

    def __call__(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next block, (batch, channels, n)."""
        given = {self._input.name: block, "state": self._state, "clock": self._clock, "seed": self._seed}
        out, self._state, self._clock = self._session.run(None, given)
        return np.asarray(out, np.float32)


def coder_paths(model: Model, path: Path) -> dict[str, Path]:
    """Which files a model is written to: NAME.decoder.onnx and, if it listens, NAME.encoder.onnx."""
    stem = path.name.removesuffix(".onnx")
    sides = ["decoder", "encoder"] if model.can_encode else ["decoder"]
    return {side: path.with_name(f"{stem}.{side}.onnx") for side in sides}


def write(model: Model, path: Path) -> tuple[list[Path], Null]:
    """Write a model's coders as files, tried under onnxruntime, or not at all.

    Raises:
        ModelDamaged: what was written does not play what the kernel plays.
        UsageError: onnxruntime is missing.
        SaveError: the disk refuses.
    """
    targets = coder_paths(model, path)
    partial = {side: to.with_name(f".{to.name}.{os.getpid()}.partial") for side, to in targets.items()}
    try:
        for side, file in partial.items():
            file.write_bytes(graph(model, encoder=side == "encoder").SerializeToString())
        play = {side: Player(file, BATCH, SEED) for side, file in partial.items()}
        null = compared(model, play["decoder"], play.get("encoder"))
        for side, file in partial.items():
            file.replace(targets[side])
    except OSError as error:
        raise SaveError(
            f"{path} could not be written ({error.strerror}). Make room, or choose another place."
        ) from error
    finally:
        for file in partial.values():
            file.unlink(missing_ok=True)
    return list(targets.values()), null
