"""The RAVE family written down as operations, every convolution causal.

Two generations of coders (Caillon & Esling 2021; the second as its authors later published
its sizes): the first has normalised strided convolutions one way and stacks of pairs of
convolutions the other, the second the same dilated residual units both ways. What stands
here for training only (`normalise`, the bottleneck) is folded away or written out as
operations of the format when a model is exported.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from . import filterbank
from .plan import Builder, Operation
from .settings import Family


class _Coder(Builder):
    """A builder that knows the family's activation and normalisation."""

    def __init__(self, prefix: str, random: torch.Generator, shape: Family) -> None:
        super().__init__(prefix, random)
        self.shape = shape
        # The first generation's encoder has normalised stages instead.
        self.normed_here = prefix == "d" or bool(shape.dilations)

    def plain(
        self, source: str, out: str, cin: int, cout: int, k: int, *, act: bool = False,
        add: str | None = None, stride: int = 1, dilation: int = 1,
    ) -> str:  # fmt: skip
        """A causal convolution as PyTorch begins one, uniform within 1 / sqrt(fan-in), without a bias.

        Each of them lowers the level by 5 dB, so a new model plays some 40 dB below its
        latents: low enough to learn upwards from, and without a bias there is no sound but the
        latents'.
        """
        self.conv(source, out, cin, cout, k, act=act, add=add, stride=stride, dilation=dilation)
        return self._begun(self.operations[-1], cin * k)

    def _begun(self, operation: Operation, fan_in: int) -> str:
        del self.weights[operation.pop("bias")]
        name = operation["weight"]
        self.weights[name] = self._uniform(tuple(self.weights[name].shape), 1 / math.sqrt(fan_in))
        if self.normed_here:
            self.normed.add(name)
        return str(operation["out"])

    def active(self, source: str, out: str, cin: int, cout: int, k: int, *,
               add: str | None = None, stride: int = 1, dilation: int = 1) -> str:  # fmt: skip
        """Activation, then a convolution."""
        leaky = self.shape.activation == "leaky"
        if not leaky:
            source = self.snake(source, f"{out}_s", cin)
        return self.plain(source, out, cin, cout, k, act=leaky, add=add, stride=stride, dilation=dilation)

    def upsampled(self, source: str, out: str, cin: int, cout: int, ratio: int) -> str:
        """Activation, then a transposed convolution; a plain one where there is nothing to raise."""
        if ratio == 1:
            return self.active(source, out, cin, cout, 3)
        leaky = self.shape.activation == "leaky"
        if not leaky:
            source = self.snake(source, f"{out}_s", cin)
        self.conv_transpose(source, out, cin, cout, ratio)
        if not leaky:
            del self.operations[-1]["act"]
        return self._begun(self.operations[-1], 2 * ratio * cout)

    def snake(self, source: str, out: str, channels: int) -> str:
        """x + sin^2(alpha x) / alpha, alpha trained (Ziyin et al. 2020)."""
        alpha = self._name("alpha")
        self.weights[alpha] = torch.ones(channels)
        self.operations.append({"op": "activate", "in": source, "out": out, "act": "snake", "alpha": alpha})
        return out

    def normalised(self, source: str, channels: int) -> str:
        """Training only: unit variance a channel, then a trained scale; folded when exported."""
        alpha, bias = self._name("alpha"), self._name("bias")
        self.weights[alpha], self.weights[bias] = torch.ones(channels), torch.zeros(channels)
        out = f"{source}_n"
        self.operations.append({"op": "normalise", "in": source, "out": out, "alpha": alpha, "bias": bias})
        return out

    def residual(self, name: str, width: int, dilations: tuple[int, ...], source: str) -> str:
        """Second generation: x + conv1(act(conv3(act(x)))), dilated."""
        for i, dilation in enumerate(dilations):
            inner = self.active(source, f"{name}{i}a", width, width, 3, dilation=dilation)
            source = self.active(inner, f"{name}{i}", width, width, 1, add=source)
        return source

    def stack(self, name: str, width: int, dilations: tuple[int, ...], source: str) -> str:
        """First generation: x + conv3(act(conv3(act(x)))), the first of each pair dilated."""
        for i, dilation in enumerate(dilations):
            inner = self.active(source, f"{name}{i}a", width, width, 3, dilation=dilation)
            source = self.active(inner, f"{name}{i}", width, width, 3, add=source)
        return source


def encoder(shape: Family, random: torch.Generator) -> Builder:
    """audio -> mean (and deviation, for a variational bottleneck)."""
    b = _Coder("e", random, shape)
    name = b.constant("filters", filterbank.filters(shape.bands, shape.taps)[0])
    b.operations.append({"op": "analysis", "in": "audio", "out": "front", "filters": name})
    width = shape.capacity
    top = b.plain("front", "e_in", shape.channels * shape.bands, width, 7)
    first = not shape.dilations
    for i, ratio in enumerate(shape.ratios):
        if first:
            top = b.normalised(top, width)
        else:
            top = b.residual(f"e_u{i}_", width, shape.dilations[i], top)
        if first and i == len(shape.ratios) - 1:
            break
        k = 2 * ratio + 1 if first else 2 * ratio
        top = b.active(top, f"e_down{i}", width, 2 * width, k, stride=ratio)
        width *= 2
    if first:
        _apart(b, top, width, shape.ratios[-1])
    else:
        _together(b, top, width)
    return b


def _together(b: _Coder, top: str, width: int) -> None:
    """Second generation: mean and deviation hear the same."""
    b.active(top, "mean", width, b.shape.dims, 3)
    if b.shape.bottleneck == "variational":
        b.active(top, "deviation", width, b.shape.dims, 3)


def _apart(b: _Coder, top: str, width: int, ratio: int) -> None:
    """First generation: mean and deviation have a half of the last stage each."""
    for out in ("mean", "deviation") if b.shape.bottleneck == "variational" else ("mean",):
        half = b.active(top, f"e_last_{out}", width, width, 2 * ratio + 1, stride=ratio)
        b.active(half, out, width, b.shape.dims, 5)


def decoder(shape: Family, random: torch.Generator) -> Builder:
    """latent -> audio: the encoder's mirror, then gated sub-bands and, if asked, shaped noise."""
    b = _Coder("d", random, shape)
    width = shape.capacity << len(shape.ratios)
    first = not shape.dilations
    source = "latent"
    add = None
    if shape.noise_channels:
        b.operations.append(
            {"op": "normal", "in": "latent", "out": "chance", "outputs": shape.noise_channels}
        )
        add = b.plain("chance", "d_chance", shape.noise_channels, width, 7 if first else 3)
    top = b.plain(source, "d_in", shape.dims, width, 7 if first else 3, add=add)
    # The first generation upsamples in the encoder's order, the second in the mirrored one.
    stages = list(enumerate(shape.ratios))
    for i, ratio in stages if first else stages[::-1]:
        top = b.upsampled(top, f"d_up{i}", width, width // 2, ratio)
        width //= 2
        if shape.normalise:
            top = b.normalised(top, width)
        if first:
            top = b.stack(f"d_u{i}_", width, shape.stacks, top)
        else:
            top = b.residual(f"d_u{i}_", width, shape.dilations[i], top)
    _sound(b, top, width)
    return b


def _sound(b: _Coder, top: str, width: int) -> None:
    shape = b.shape
    rows = shape.channels * shape.bands
    wave = _loudened(b, top, width, rows) if not shape.dilations else _gated(b, top, width, rows)
    if shape.noise:
        _noise(b, top, width, rows)
    source = "d_rows" if shape.noise else wave
    filters = b.constant("filters", filterbank.filters(shape.bands, shape.taps)[1])
    b.operations.append({"op": "synthesis", "in": source, "out": "audio", "filters": filters})


def _loudened(b: _Coder, top: str, width: int, rows: int) -> str:
    """First generation: the sub-bands' waves, times one loudness for all of them."""
    b.plain(top, "d_form", width, rows, 7)
    b.operations.append({"op": "activate", "in": "d_form", "out": "d_shape", "act": "tanh"})
    b.plain(top, "d_level", width, 1, 3)
    b.operations.append({"op": "activate", "in": "d_level", "out": "d_loud", "act": "gate"})
    b.operations.append({"op": "multiply", "in": "d_shape", "by": "d_loud", "out": "d_wave"})
    return "d_wave"


def _gated(b: _Coder, top: str, width: int, rows: int) -> str:
    """Second generation: every sub-band's wave has a gate of its own."""
    b.active(top, "d_bands", width, 2 * rows, 7)
    b.operations.append({"op": "amplitude", "in": "d_bands", "out": "d_wave", "noise": False})
    return "d_wave"


def _noise(b: _Coder, top: str, width: int, rows: int) -> None:
    shape = b.shape
    inner = shape.noise_width or max(width, 8)
    for i, ratio in enumerate(shape.noise_ratios):
        wide = rows * shape.noise_bands if i == len(shape.noise_ratios) - 1 else inner
        k = 2 * ratio if shape.dilations else 3
        top = b.active(top, f"d_n{i}", width, wide, k, stride=ratio)
        width = wide
    name = b.operations[-1]["bias"] = f"{b.operations[-1]['weight']}_bias"
    b.weights[name] = torch.full((width,), -5.0)  # begins in silence
    filters = b.constant("noise", noise_filters(shape.noise_bands, math.prod(shape.noise_ratios)))
    b.operations.append({"op": "noise", "in": top, "out": "d_rows", "filters": filters, "add": "d_wave"})


def noise_filters(bands: int, frame: int) -> NDArray[np.float32]:
    """[bands, frame]: the impulse response that each band's gain adds, Hann-windowed and causal.

    A frame too short for so many bands holds the middle of their responses: neighbours blur, and
    every band is still heard.
    """
    size = 2 * (bands - 1)
    taps = min(size, frame)
    centred = np.roll(np.fft.irfft(np.eye(bands), size, axis=1), taps // 2, axis=1)[:, :taps]
    found = np.zeros((bands, frame), np.float32)
    found[:, :taps] = centred * np.hanning(taps + 1)[:taps]
    return found
