"""A model file as a PyTorch module that streams: every convolution keeps its past in a buffer.

What models exported for live use do, written for comparison with the kernel: the same weights,
the same blocks, the same samples (but for the noise). One voice, one channel of spectrum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isobath.models.coder import Model
from isobath.models.description import Operation

from . import elements
from .coder import CODED, PLAIN, alternated
from .elements import gate
from .spectrum import Groups, compress

Registers = dict[str, Tensor]


class Past(nn.Module):
    """The last `rows` rows of a signal, put in front of the next block."""

    kept: Tensor

    def __init__(self, channels: int, rows: int) -> None:
        super().__init__()
        self.rows = rows
        self.register_buffer("kept", torch.zeros(1, channels, rows))

    def forward(self, x: Tensor) -> Tensor:
        if self.rows == 0:
            return x
        x = torch.cat((self.kept, x), dim=-1)
        self.kept.copy_(x[..., -self.rows :])
        return x


class Convolution(nn.Module):
    """`conv` of the model format, streaming."""

    def __init__(self, o: Operation, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.o, self.weight, self.bias = o, nn.Parameter(weight), None if bias is None else nn.Parameter(bias)
        rows = (weight.shape[2] - 1) * o.dilation - (o.stride - 1)
        self.past = Past(weight.shape[1] * o.groups, max(rows, 0))

    def forward(self, x: Tensor) -> Tensor:
        if self.o.act:
            x = F.leaky_relu(x, 0.2)
        o = self.o
        return F.conv1d(self.past(x), self.weight, self.bias, o.stride, 0, o.dilation, o.groups)


class Upsampling(nn.Module):
    """`conv_transpose` of the model format, streaming."""

    def __init__(self, o: Operation, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.o, self.weight, self.bias = o, nn.Parameter(weight), None if bias is None else nn.Parameter(bias)
        self.past = Past(weight.shape[0], 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.o.act:
            x = F.leaky_relu(x, 0.2)
        r = self.o.stride
        return F.conv_transpose1d(self.past(x), self.weight, self.bias, stride=r)[..., r:-r]


class Amplitude(nn.Module):
    """`amplitude` of the model format."""

    def __init__(self, o: Operation) -> None:
        super().__init__()
        self.parts = 3 if o.noise else 2

    def forward(self, x: Tensor) -> Tensor:
        parts = x.chunk(self.parts, dim=1)
        y = torch.tanh(parts[0]) * torch.sigmoid(parts[1])
        return y + gate(parts[2]) * (torch.rand_like(y) * 2 - 1) if self.parts == 3 else y


class Synthesis(nn.Module):
    """`synthesis` of the model format as one convolution, streaming."""

    def __init__(self, filters: Tensor, channels: int, alternate: bool) -> None:
        super().__init__()
        bands, taps = filters.shape
        self.bands, self.alternate = bands, alternate
        kernel = bands * filters.reshape(bands, taps // bands, bands).flip(1).permute(2, 0, 1)
        self.kernel = nn.Parameter(kernel.repeat(channels, 1, 1))
        self.past, self.channels = Past(channels * bands, taps // bands - 1), channels

    def forward(self, x: Tensor) -> Tensor:
        x = alternated(x, self.bands) if self.alternate else x
        y = F.conv1d(self.past(x), self.kernel, groups=self.channels)
        return y.reshape(1, self.channels, -1, y.shape[-1]).transpose(2, 3).reshape(1, self.channels, -1)


class Tones(nn.Module):
    """`tones` of the model format: phases met by a fixed basis, as in training."""

    increments: Tensor
    phase: Tensor
    kept: Tensor
    basis: Tensor

    def __init__(self, increments: Tensor, offsets: Tensor, r: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("increments", increments)
        self.register_buffer("phase", offsets.clone())
        self.register_buffer("kept", torch.zeros(1, channels * len(increments), 1))
        self.r, self.channels = r, channels
        j = torch.arange(r)
        turn = ((increments[:, None] * j[None]) & 0xFFFFFFFF).double() * (2 * np.pi / 2**32)
        c, s, up = turn.cos().float(), turn.sin().float(), ((j + 1) / r).float()
        self.register_buffer("basis", torch.cat((c * (1 - up), -s * (1 - up), c * up, -s * up)))

    def forward(self, x: Tensor) -> Tensor:
        count, rows = self.increments.shape[0], x.shape[-1]
        g = torch.cat((self.kept, gate(x)), dim=-1)
        self.kept.copy_(g[..., -1:])
        g = g.reshape(1, self.channels, count, rows + 1)
        starts = self.phase[:, None] + self.increments[:, None] * (torch.arange(rows) * self.r)
        self.phase.copy_((self.phase + self.increments * (rows * self.r)) & 0xFFFFFFFF)
        theta = (starts & 0xFFFFFFFF).double() * (2 * np.pi / 2**32)
        cos, sin = theta.cos().float(), theta.sin().float()
        was, now = g[..., :-1], g[..., 1:]
        features = torch.cat((was * cos, was * sin, now * cos, now * sin), dim=2)
        return (features.transpose(2, 3) @ self.basis).reshape(1, self.channels, -1)


class Analysis(nn.Module):
    """`analysis` of the model format as one strided convolution, streaming."""

    def __init__(self, filters: Tensor, channels: int, alternate: bool) -> None:
        super().__init__()
        self.bands, taps = filters.shape
        self.alternate = alternate
        self.kernel = nn.Parameter(filters.flip(1)[:, None].repeat(channels, 1, 1))
        self.past, self.channels = Past(channels, taps - self.bands), channels

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv1d(self.past(x), self.kernel, stride=self.bands, groups=self.channels)
        return alternated(y, self.bands) if self.alternate else y


class Hearing(nn.Module):
    """`spectrum` of the model format: the kernels of training/spectrum.py, streaming, one channel."""

    def __init__(self, o: Operation, frequencies: Tensor, lengths: Tensor, rate: int) -> None:
        super().__init__()
        groups = Groups(frequencies.numpy(), lengths.numpy(), o.attack, rate)
        self.sizes = [size for size, _, _ in groups.kernels]
        self.kernels = nn.ParameterList([kernel for _, _, kernel in groups.kernels])
        members = [i for _, some, _ in groups.kernels for i in some]
        self.register_buffer("order", torch.argsort(torch.tensor(members)))
        self.order: Tensor
        self.step, self.past = o.step, Past(1, max(*self.sizes, o.step) - o.step)

    def forward(self, x: Tensor) -> Tensor:
        x = self.past(x)[:, 0]
        newest = x.shape[-1]
        rows = (newest - self.past.rows) // self.step
        powers = []
        for size, kernel in zip(self.sizes, self.kernels, strict=True):
            start = newest - (rows - 1) * self.step - size
            segments = x[:, start:].unfold(1, size, self.step)
            powers.append((segments @ kernel).reshape(1, rows, -1, 2).square().sum(-1))
        return compress(torch.cat(powers, dim=-1)[..., self.order]).transpose(1, 2)


class Late(nn.Module):
    """A signal so many rows late."""

    def __init__(self, channels: int, rows: int) -> None:
        super().__init__()
        self.past = Past(channels, rows)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.past(x)[..., : x.shape[-1]]
        return y


class Element(nn.Module):
    """An operation of format 2 without a past of its own; its noise is torch's."""

    def __init__(self, o: Operation, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        self.o = o
        for name, value in tensors.items():
            self.register_buffer(name, value)

    def _given(self, name: str) -> Any:
        return getattr(self, name, None)

    def forward(self, x: Tensor) -> Tensor:
        o = self.o
        if o.kind == "activate":
            return elements.activate(x, o.act or "", self._given("alpha"), self._given("bias"))
        if o.kind == "noise":
            return elements.noise(x, self._given("filters"), 0, None)
        if o.kind == "normal":
            return elements.normal(x, o.outputs, 0, None)
        if o.kind in CODED:
            return CODED[o.kind](x, self._given("codes"))
        return PLAIN[o.kind](x)


class Factor(nn.Module):
    """The other register of `multiply`, repeated to the rows of the first, and late."""

    def __init__(self, channels: int, repeat: int, rows: int) -> None:
        super().__init__()
        self.repeat, self.late = repeat, Late(channels, rows)

    def forward(self, by: Tensor) -> Tensor:
        y: Tensor = self.late(by.repeat_interleave(self.repeat, dim=-1))
        return y


class Streaming(nn.Module):
    """One coder of a model as a streaming module: latents -> audio, or audio -> means."""

    def __init__(self, model: Model, *, encoder: bool = False) -> None:
        super().__init__()
        self.operations = (model.description.encoder or []) if encoder else model.description.decoder
        self.start, self.end = ("audio", "mean") if encoder else ("latent", "audio")
        self.steps, self.lates, self.adds = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        channels = {self.start: model.channels if encoder else model.dims}
        rows = {self.start: model.hop if encoder else 1}
        for o in self.operations:
            self.lates.append(Late(channels[o.source], o.late))
            self.steps.append(self._step(model, o, channels, rows))
            self.adds.append(Late(channels[o.out], o.add_late))

    def _step(self, model: Model, o: Operation, channels: dict[str, int], rows: dict[str, int]) -> nn.Module:
        def tensor(name: str | None) -> Tensor:
            array = model.tensors[name or ""]
            return torch.from_numpy(array.astype(np.int64 if array.dtype.kind in "ui" else np.float32))

        wide, many = channels[o.source], rows[o.source]
        if o.kind in ("conv", "conv_transpose"):
            weight, bias = tensor(o.weight), tensor(o.bias) if o.bias else None
            forward = o.kind == "conv"
            channels[o.out] = weight.shape[0] if forward else weight.shape[1]
            rows[o.out] = many // o.stride if forward else many * o.stride
            return (Convolution if forward else Upsampling)(o, weight, bias)
        if o.kind == "amplitude":
            channels[o.out], rows[o.out] = wide // (3 if o.noise else 2), many
            return Amplitude(o)
        if o.kind in ("synthesis", "analysis"):
            filters = tensor(o.filters)
            bands = filters.shape[0]
            if o.kind == "synthesis":
                channels[o.out], rows[o.out] = wide // bands, many * bands
                return Synthesis(filters, channels[o.out], o.alternate)
            channels[o.out], rows[o.out] = wide * bands, many // bands
            return Analysis(filters, wide, o.alternate)
        if o.kind == "spectrum":
            frequencies, lengths = tensor(o.frequencies), tensor(o.lengths)
            channels[o.out], rows[o.out] = len(lengths), many // o.step
            return Hearing(o, frequencies, lengths, model.sample_rate)
        if o.newer and o.kind != "tones":
            return self._element(o, tensor, channels, rows)
        increments = tensor(o.increments)
        channels[o.out], rows[o.out] = wide // len(increments), model.hop
        return Tones(increments, tensor(o.offsets), model.hop // many, channels[o.out])

    def _element(
        self,
        o: Operation,
        tensor: Callable[[str | None], Tensor],
        channels: dict[str, int],
        rows: dict[str, int],
    ) -> nn.Module:
        wide, many = channels[o.source], rows[o.source]
        channels[o.out], rows[o.out] = wide, many
        if o.kind == "multiply":
            by = o.by or ""
            return Factor(channels[by], many // rows[by], o.by_late)
        names = ("alpha", "bias", "filters", "codes")
        given = {name: tensor(getattr(o, name)) for name in names if getattr(o, name)}
        if o.kind == "noise":
            bands, frame = given["filters"].shape
            channels[o.out], rows[o.out] = wide // bands, many * frame
        elif o.kind == "normal":
            channels[o.out] = o.outputs
        elif o.kind in CODED:
            channels[o.out] = given["codes"].shape[0 if o.kind == "quantize" else 2]
        elif o.kind in PLAIN:
            channels[o.out] = wide + (1 if o.kind == "sphere" else -1)
        return Element(o, given)

    def forward(self, x: Tensor) -> Tensor:
        reg: Registers = {self.start: x}
        steps = zip(self.operations, self.lates, self.steps, self.adds, strict=True)
        for o, late, step, add in steps:
            x = late(reg[o.source])
            y = elements.multiply(x, step(reg[o.by]), 0) if o.by else step(x)
            reg[o.out] = y + add(reg[o.add]) if o.add else y
        return reg[self.end]
