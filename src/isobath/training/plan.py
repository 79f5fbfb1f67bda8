"""A model is two lists of operations over tensors: here the lists are written down.

The same lists are played by PyTorch while training (`coder.py`) and by the C kernel
while playing; docs/model-format.md defines every operation. `Builder` collects the
operations, the trainable tensors (with their first values) and the fixed ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isobath.errors import UsageError

from . import filterbank, spectrum
from .settings import Adopted, AnyShape, Family, Shape

Operation = dict[str, Any]


@dataclass
class Builder:
    """Collects one coder: its operations, weights and constants, in order.

    normed: weights that are learned as a direction and a length (`coder.py`).
    """

    prefix: str
    random: torch.Generator
    operations: list[Operation] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    normed: set[str] = field(default_factory=set)

    def _name(self, what: str) -> str:
        return f"{self.prefix}{len(self.operations):02d}_{what}"

    def _uniform(self, shape: tuple[int, ...], bound: float) -> Tensor:
        return (torch.rand(shape, generator=self.random) * 2 - 1) * bound

    def conv(
        self, source: str, out: str, cin: int, cout: int, k: int, *, gain: float = 1.0,
        act: bool = False, add: str | None = None, stride: int = 1, dilation: int = 1,
    ) -> str:  # fmt: skip
        """A causal convolution; weights of variance gain^2 / fan-in (He, when `act`)."""
        operation: Operation = {"op": "conv", "in": source, "out": out}
        operation["weight"], operation["bias"] = self._name("weight"), self._name("bias")
        bound = gain * math.sqrt((6.0 if act else 3.0) / (cin * k))
        self.weights[operation["weight"]] = self._uniform((cout, cin, k), bound)
        self.weights[operation["bias"]] = torch.zeros(cout)
        if stride != 1:
            operation["stride"] = stride
        if dilation != 1:
            operation["dilation"] = dilation
        if act:
            operation["act"] = "leaky"
        if add:
            operation["add"] = add
        self.operations.append(operation)
        return out

    def conv_transpose(self, source: str, out: str, cin: int, cout: int, ratio: int) -> str:
        """Causal upsampling by `ratio`, kernel 2 x ratio."""
        operation: Operation = {"op": "conv_transpose", "in": source, "out": out}
        operation["weight"], operation["bias"] = self._name("weight"), self._name("bias")
        operation.update(stride=ratio, act="leaky")
        bound = math.sqrt(6.0 / (cin * 2))
        self.weights[operation["weight"]] = self._uniform((cin, cout, 2 * ratio), bound)
        self.weights[operation["bias"]] = torch.zeros(cout)
        self.operations.append(operation)
        return out

    def units(self, name: str, width: int, dilations: tuple[int, ...], source: str) -> str:
        """Residual units: x + conv1(act(conv3(act(x)))), dilated, the branch starting small."""
        for i, dilation in enumerate(dilations):
            inner = self.conv(source, f"{name}{i}a", width, width, 3, act=True, dilation=dilation)
            source = self.conv(inner, f"{name}{i}", width, width, 1, act=True, add=source, gain=0.3)
        return source

    def constant(self, what: str, value: NDArray[Any]) -> str:
        """A fixed tensor, kept in full precision."""
        name = self._name(what)
        self.constants[name] = value
        return name


def check(shape: AnyShape) -> None:
    """Refuse a shape whose rates do not meet."""
    if isinstance(shape, Adopted):
        return
    spectral = isinstance(shape, Shape) and shape.front == "spectrum"
    enc = (shape.step if isinstance(shape, Shape) and spectral else shape.bands) * math.prod(shape.strides)
    dec = shape.bands * math.prod(shape.ratios)
    if isinstance(shape, Family) and shape.dilations and len(shape.dilations) != len(shape.ratios):
        raise UsageError(
            f"There are {len(shape.dilations)} lists of dilations for {len(shape.ratios)} ratios. "
            "Give one for each ratio."
        )
    if enc != shape.hop or dec != shape.hop:
        raise UsageError(
            f"The encoder makes one latent every {enc} samples and the decoder {dec} samples of "
            f"each, but the hop is {shape.hop}. Choose strides and ratios that multiply to it."
        )
    if shape.taps % shape.bands:
        raise UsageError(f"{shape.taps} filter taps are not a multiple of {shape.bands} bands.")


def encoder(shape: Shape, random: torch.Generator) -> Builder:
    """audio -> mean, deviation."""
    b = Builder("e", random)
    if shape.front == "spectrum":
        frequencies, lengths = spectrum.bins(shape)
        features = shape.channels * len(frequencies)
        names = b.constant("frequencies", frequencies), b.constant("lengths", lengths)
        b.operations.append(
            {"op": "spectrum", "in": "audio", "out": "front", "frequencies": names[0],
             "lengths": names[1], "attack": shape.attack, "step": shape.step}
        )  # fmt: skip
    else:
        features = shape.channels * shape.bands
        name = b.constant("filters", filterbank.filters(shape.bands, shape.taps)[0])
        b.operations.append({"op": "analysis", "in": "audio", "out": "front", "filters": name})
    width = shape.encoder_width
    if shape.front != "spectrum":  # narrow where rows are many, wide where they are few
        width = max(width >> len(shape.strides), 8)
    top = b.conv("front", "e_in", features, width, 3)
    for i, stride in enumerate(shape.strides):
        top = b.units(f"e_s{i}_", width, (1, 3), top)
        wider = min(2 * width, shape.encoder_width)
        top = b.conv(top, f"e_down{i}", width, wider, 2 * stride, act=True, stride=stride)
        width = wider
    top = b.units("e_r", width, shape.encoder_dilations, top)
    b.conv(top, "mean", width, shape.dims, 1, act=True, gain=0.7)
    b.conv(top, "deviation", width, shape.dims, 1, act=True, gain=0.1)
    b.weights[b.operations[-1]["bias"]] -= 1.0
    return b


def _tones(b: Builder, shape: Shape, top: str, width: int) -> None:
    gates = b.conv(top, "gates", width, shape.channels * shape.tones, 1, act=True, gain=0.3)
    b.weights[b.operations[-1]["bias"]] -= 3.0
    hz = shape.tones_lowest_hz * 2.0 ** (np.arange(shape.tones) / shape.tones_per_octave)
    increments = np.round(hz / shape.sample_rate * 2.0**32).astype(np.uint32)
    offsets = torch.randint(0, 2**32, (shape.tones,), generator=b.random).numpy().astype(np.uint32)
    names = b.constant("increments", increments), b.constant("offsets", offsets)
    b.operations.append(
        {"op": "tones", "in": gates, "out": "tones", "increments": names[0], "offsets": names[1]}
    )


def decoder(shape: Shape, random: torch.Generator) -> Builder:
    """latent -> audio: tones + synthesis(wave and noise)."""
    b = Builder("d", random)
    width = shape.decoder_width
    top = b.conv("latent", "d_in", shape.dims, width, 3)
    top = b.units("d_r", width, shape.decoder_dilations, top)
    if shape.tones and shape.tones_stage == 0:
        _tones(b, shape, top, width)
    for i, (ratio, wider) in enumerate(zip(shape.ratios, shape.widths, strict=True)):
        top = b.conv_transpose(top, f"d_up{i}", width, wider, ratio)
        width = wider
        top = b.units(f"d_u{i}_", width, (1,), top)
        if shape.tones and shape.tones_stage == i + 1:
            _tones(b, shape, top, width)
    parts = 3 if shape.noise else 2
    part = shape.channels * shape.bands
    b.conv(top, "d_bands", width, parts * part, 3, act=True, gain=0.3)
    bias = b.weights[b.operations[-1]["bias"]]
    bias[part:] -= 3.0
    b.operations.append({"op": "amplitude", "in": "d_bands", "out": "d_rows", "noise": shape.noise})
    filters = b.constant("filters", filterbank.filters(shape.bands, shape.taps)[1])
    synthesis = {"op": "synthesis", "in": "d_rows", "out": "audio", "filters": filters}
    if shape.tones:
        synthesis["add"] = "tones"
    b.operations.append(synthesis)
    return b


def receptive_frames(operations: list[Operation], shape: AnyShape, weights: dict[str, Tensor]) -> int:
    """Latent frames of past that a coder's trainable operations can hear (rounded up)."""
    rate: dict[str, float] = {"latent": 1.0}
    past: dict[str, float] = {"latent": 0.0}
    for o in operations:
        if o["op"] in ("analysis", "spectrum"):
            rate[o["out"]], past[o["out"]] = float(math.prod(shape.strides)), 0.0
        if o["in"] not in rate or o["op"] in ("analysis", "spectrum", "synthesis", "tones"):
            continue
        r, p = rate[o["in"]], past[o["in"]] + o.get("late", 0) / rate[o["in"]]
        rate[o["out"]] = r
        if o["op"] in ("conv", "conv_transpose"):
            k = weights[o["weight"]].shape[-1]
            up = o["stride"] if o["op"] == "conv_transpose" else 1 / o.get("stride", 1)
            p += 1.0 / r if up > 1 else (k - 1) * o.get("dilation", 1) / r
            rate[o["out"]] = r * up
        others = [past.get(o.get(key, ""), 0.0) for key in ("add", "by")]
        past[o["out"]] = max(p, *others)
    return math.ceil(max(past.values()))
