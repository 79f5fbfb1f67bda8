"""PyTorch plays the list of operations: for training, and as the reference for the kernel.

Registers are (batch, channels, rows). With `clock` and `seed` given, tones and noise are
the exact integer sequences of docs/model-format.md, so that a decode is repeatable to the
sample; while training, both start anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import convolution, elements, parallel, spectrum
from .elements import ANY, Chance, gate, hash_noise
from .plan import Builder, Operation

_WORD = 0xFFFFFFFF
_TURN = 2.0 * np.pi / 2.0**32


ONEDNN = 9_000
"""Weights from which on a kernel of 1 is called dilated on a CPU. It is the same convolution, but on one
thread PyTorch leaves what is neither dilated nor strided to a product that takes half as long again."""


def conv(x: Tensor, o: Operation, weight: Tensor, bias: Tensor | None) -> Tensor:
    """out[t] sees in[t*stride + stride-1] and before, never after."""
    stride, dilation = o.get("stride", 1), o.get("dilation", 1)
    if o.get("act"):
        x = F.leaky_relu(x, 0.2)
    left = (weight.shape[-1] - 1) * dilation - (stride - 1)
    x = F.pad(x, (left, 0))  # a negative pad drops rows no output needs
    groups = o.get("groups", 1)
    if weight.shape[-1] == 1 and weight.numel() >= ONEDNN and x.device.type == "cpu":
        dilation = 2
    return F.conv1d(x, weight, bias, stride=stride, dilation=dilation, groups=groups)


def conv_transpose(x: Tensor, o: Operation, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Kernel 2r, stride r; the half frame that would reach into the future is not taken."""
    if o.get("act"):
        x = F.leaky_relu(x, 0.2)
    out = F.conv_transpose1d(x, weight, bias, stride=o["stride"])
    return out[..., : x.shape[-1] * int(o["stride"])]


def alternated(x: Tensor, bands: int, row: int = 0) -> Tensor:
    """Odd bands times (-1)^t, t the absolute row: (batch, channels*M, rows)."""
    signs = torch.ones(bands, x.shape[-1], device=x.device, dtype=x.dtype)
    signs[1::2, 1 - row % 2 :: 2] = -1
    return x * signs.repeat(x.shape[1] // bands, 1)


def synthesis(x: Tensor, filters: Tensor) -> Tensor:
    """Sub-bands (batch, channels*M, rows) -> (batch, channels, rows*M)."""
    bands, taps = filters.shape
    batch, _, rows = x.shape
    channels = x.shape[1] // bands
    x = x.reshape(batch * channels, bands, rows)
    # One convolution with M outputs: W[j, m, i] = M h_m[(taps/M - 1 - i) M + j].
    kernel = bands * filters.reshape(bands, taps // bands, bands).flip(1).permute(2, 0, 1)
    out = F.conv1d(F.pad(x, (taps // bands - 1, 0)), kernel)
    return out.transpose(1, 2).reshape(batch, channels, rows * bands)


def analysis(x: Tensor, filters: Tensor) -> Tensor:
    """Audio (batch, channels, rows*M) -> sub-bands (batch, channels*M, rows)."""
    bands, taps = filters.shape
    batch, channels, samples = x.shape
    x = F.pad(x.reshape(batch * channels, 1, samples), (taps - bands, 0))
    out = F.conv1d(x, filters.flip(1)[:, None], stride=bands)
    return out.reshape(batch, channels * bands, -1)


def tones(gates: Tensor, increments: Tensor, offsets: Tensor, r: int, clock: int) -> Tensor:
    """Free-running oscillators under ramped gates, as one matrix product per frame.

    cos(theta + w j) = cos(theta) cos(w j) - sin(theta) sin(w j): the row's phases meet the
    gates, a fixed basis [4K, r] holds the rest (two ramps, cosine and sine).
    """
    batch, wide, rows = gates.shape
    k = increments.shape[0]
    channels = wide // k
    g = gate(gates).reshape(batch, channels, k, rows)
    before = F.pad(g, (1, 0))[..., :-1]
    starts = (clock + torch.arange(rows, device=gates.device) * r) & _WORD
    phase = (increments[:, None] * starts[None] + offsets[:, None]) & _WORD
    theta = elements.exact(phase) * _TURN
    cos, sin = (x.float().to(gates.device) for x in (theta.cos(), theta.sin()))
    features = torch.cat((before * cos, before * sin, g * cos, g * sin), dim=2)
    j = torch.arange(r, device=gates.device)
    turn = elements.exact((increments[:, None] * j[None]) & _WORD) * _TURN
    c, s = (x.float().to(gates.device) for x in (turn.cos(), turn.sin()))
    up = ((j + 1) / r).float()
    basis = torch.cat((c * (1 - up), -s * (1 - up), c * up, -s * up))
    out = features.transpose(2, 3).reshape(batch, channels, rows, 4 * k) @ basis
    return out.reshape(batch, channels, rows * r)


WIDE = 24_000
"""Weights from which on a convolution is faster in bfloat16 on a CPU: below, the copies cost more."""
NARROW = 2_000
"""The same, where rows lie side by side from one convolution to the next (convolution.py)."""
LENGTH = "_length"
"""What a weight's length is called behind its name (weight normalisation, Salimans & Kingma 2016)."""
PLAIN = {"sphere": elements.sphere, "angles": elements.angles}
CODED = {"quantize": elements.quantize, "lookup": elements.lookup}


def _within(operations: list[Operation]) -> frozenset[str]:
    """Registers that only convolutions and what belongs to them read: nobody hears those rounded."""
    readers: dict[str, list[bool]] = {}
    for o in operations:
        inner = o["op"] in ("conv", "conv_transpose", "normalise") or o.get("act") == "snake"
        for key in ("in", "add", "by"):
            if key in o:
                readers.setdefault(o[key], []).append(inner)
    return frozenset(name for name, kinds in readers.items() if all(kinds))


class Coder(nn.Module):
    """One list of operations with its tensors."""

    def __init__(
        self, operations: list[Operation], weights: Mapping[str, Tensor],
        constants: Mapping[str, np.ndarray[Any, Any]], sample_rate: int, hop: int,
        normed: Set[str] = frozenset(),
    ) -> None:  # fmt: skip
        """normed: weights learned as a direction and, for each of their first axis, a length."""
        super().__init__()
        self.operations = operations
        self.sample_rate, self.hop = sample_rate, hop
        self.constants = dict(constants)
        self.normed = frozenset(normed)
        for name, value in weights.items():
            self.register_parameter(name, nn.Parameter(value.clone().float()))
            if name in normed:
                length = torch.linalg.vector_norm(value.float(), dim=(1, 2), keepdim=True)
                self.register_parameter(f"{name}{LENGTH}", nn.Parameter(length))
        for name, array in constants.items():
            wide = array.astype(np.int64) if array.dtype == np.uint32 else array
            self.register_buffer(name, torch.from_numpy(wide.copy()), persistent=False)
        for o in operations:
            if o["op"] == "normalise":
                count = weights[o["alpha"]].shape[0]
                self.register_buffer(f"{o['alpha']}_mean", torch.zeros(count))
                self.register_buffer(f"{o['alpha']}_variance", torch.ones(count))
                self.register_buffer(f"{o['alpha']}_heard", torch.zeros(()))
        self._within = _within(operations)
        self.noiseless = False  # while training: shaped noise is left out
        self._groups: dict[int, spectrum.Groups] = {}

    @classmethod
    def built(cls, builder: Builder, sample_rate: int, hop: int) -> Coder:
        """From a plan."""
        return cls(builder.operations, builder.weights, builder.constants, sample_rate, hop, builder.normed)

    def _tensor(self, name: str | None) -> Tensor | None:
        return None if name is None else getattr(self, name)

    def weight(self, name: str) -> Tensor:
        """A convolution's weight as it is played: of its direction and its length, where it has one."""
        own = self.get_parameter(name)
        return torch._weight_norm(own, self.get_parameter(name + LENGTH)) if name in self.normed else own

    def spectrum_groups(self, o: Operation) -> spectrum.Groups:
        """The kernels of a `spectrum` operation, made once."""
        if id(o) not in self._groups:
            frequencies, lengths = self.constants[o["frequencies"]], self.constants[o["lengths"]]
            self._groups[id(o)] = spectrum.Groups(frequencies, lengths, o["attack"], self.sample_rate)
        return self._groups[id(o)]

    def forward(
        self, registers: Mapping[str, Tensor], *, clock: int = 0, seed: int | None = None,
        row: int = 0, skip_front: bool = False, half: bool = False, chance: Chance = ANY,
    ) -> dict[str, Tensor]:  # fmt: skip
        """Play the list. `seed` None: noise from `chance`; else the exact hash.

        clock, row: absolute sample and sub-band row of the first one here.
        skip_front: `front` is already in the registers (the spectrum has no weights).
        half: bfloat16 for the convolutions (on a CPU the wide ones); filter bank, gates and tones stay whole.
        """
        reg = dict(registers)
        for o in self.operations:
            if skip_front and o["out"] == "front":
                continue
            x = elements.late(reg[o["in"]], o.get("late", 0))
            if half and self._brisk(o, x):
                y = self._briskly(o, x)
            elif o["op"] in ("conv", "conv_transpose"):
                weight, bias = self.weight(o["weight"]), self._tensor(o.get("bias"))
                play = conv if o["op"] == "conv" else conv_transpose
                swift = half and (weight.numel() >= WIDE or x.device.type != "cpu")
                with torch.autocast(x.device.type, torch.bfloat16, enabled=swift):
                    y = play(x if swift else x.float(), o, weight, bias)
            else:
                y = self._fixed(o, x, reg, clock, row, seed, chance)
            if "add" in o:
                y = y + elements.late(reg[o["add"]], o.get("add_late", 0))
            reg[o["out"]] = y
        return reg

    def _brisk(self, o: Operation, x: Tensor) -> bool:
        """Whether a convolution is one for convolution.py."""
        if o["op"] not in ("conv", "conv_transpose") or x.device.type != "cpu" or not convolution.able():
            return False
        weight = self.get_parameter(o["weight"])
        if o["op"] == "conv_transpose":
            possible = weight.shape[2] == 2 * o["stride"]
        else:
            left = (weight.shape[2] - 1) * o.get("dilation", 1) - (o.get("stride", 1) - 1)
            possible = o.get("groups", 1) == 1 and left >= 0
        return possible and weight.numel() >= (NARROW if o["out"] in self._within else WIDE)

    def _briskly(self, o: Operation, x: Tensor) -> Tensor:
        direction = self.get_parameter(o["weight"])
        length = self.get_parameter(o["weight"] + LENGTH) if o["weight"] in self.normed else None
        bias, leaky = self._tensor(o.get("bias")), bool(o.get("act"))
        if o["op"] == "conv_transpose":
            return convolution.raised(x, direction, length, bias, o["stride"], leaky)
        weight = convolution.played(direction, length, direction.shape[2])
        return convolution.convolution(x, weight, bias, o.get("stride", 1), o.get("dilation", 1), leaky)

    def _fixed(
        self, o: Operation, x: Tensor, reg: dict[str, Tensor], clock: int, row: int,
        seed: int | None, chance: Chance,
    ) -> Tensor:  # fmt: skip
        """The operations without weights, in full precision."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            if o["op"] == "amplitude":
                return self._amplitude(o, x, reg, row, seed, chance)
            if o["op"] == "synthesis":
                filters = getattr(self, o["filters"])
                flipped = alternated(x, len(filters)) if o.get("alternate") else x
                return synthesis(flipped, filters)
            if o["op"] == "analysis":
                filters = getattr(self, o["filters"])
                y = analysis(x, filters)
                return alternated(y, len(filters)) if o.get("alternate") else y
            if o["op"] == "normalise":
                return self._normalise(o, x)
            if o["op"] in PLAIN:
                return PLAIN[o["op"]](x)
            if o["op"] in CODED:
                return CODED[o["op"]](x, getattr(self, o["codes"]))
            if o["op"] == "activate":
                return elements.activate(
                    x, o["act"], self._tensor(o.get("alpha")), self._tensor(o.get("bias"))
                )
            if o["op"] == "multiply":
                return elements.multiply(x, reg[o["by"]], o.get("by_late", 0))
            rows_a_frame = x.shape[-1] // reg["latent"].shape[-1] if "latent" in reg else 1
            first = clock // self.hop * rows_a_frame
            if o["op"] == "noise" and self.noiseless:
                filters = getattr(self, o["filters"])
                return x.new_zeros(x.shape[0], x.shape[1] // filters.shape[0], x.shape[2] * filters.shape[1])
            if o["op"] == "noise":
                return elements.noise(x, getattr(self, o["filters"]), first, seed, chance)
            if o["op"] == "normal":
                return elements.normal(x, o["outputs"], first, seed, chance)
            if o["op"] == "tones":
                increments, offsets = getattr(self, o["increments"]), getattr(self, o["offsets"])
                return tones(x, increments, offsets, self.hop // rows_a_frame, clock)
            batch, _, samples = x.shape
            power = self.spectrum_groups(o).power(x.reshape(-1, samples), o["step"])
            return spectrum.compress(power).reshape(batch, -1, power.shape[-1])

    def statistics(self, o: Operation) -> tuple[Tensor, Tensor]:
        """Mean and variance that a `normalise` has come to, a channel each."""
        return self.get_buffer(f"{o['alpha']}_mean"), self.get_buffer(f"{o['alpha']}_variance")

    def _normalise(self, o: Operation, x: Tensor) -> Tensor:
        """Training only: by the batch's mean and variance while learning, then by those it came to."""
        mean, variance = self.statistics(o)
        if self.training and torch.is_grad_enabled():
            mean, variance = parallel.moments(x)
            with torch.no_grad():
                # What they were set to is no sound's: a sub-band's variance may be a thousandth of it.
                heard = self.get_buffer(f"{o['alpha']}_heard")
                heard += 1
                follow = torch.clamp(2 / (heard + 1), min=0.02)
                for kept, new in zip(self.statistics(o), (mean, variance), strict=True):
                    kept.lerp_(new, follow)
        gain, offset = self.get_parameter(o["alpha"]), self.get_parameter(o["bias"])
        scale = gain * torch.rsqrt(variance + 1e-5)
        return x * scale[:, None] + (offset - mean * scale)[:, None]

    def _amplitude(
        self, o: Operation, x: Tensor, reg: dict[str, Tensor], row: int, seed: int | None, chance: Chance
    ) -> Tensor:
        parts = x.chunk(3 if o["noise"] else 2, dim=1)
        wave = torch.tanh(parts[0]) * torch.sigmoid(parts[1])
        reg["wave"] = wave
        if not o["noise"]:
            return wave
        if seed is None:
            u = chance.uniform(wave.shape, wave.device) * 2 - 1
        else:
            rows = torch.arange(wave.shape[-1], device=wave.device) + row
            u = hash_noise(rows, wave.shape[1], seed)
        return wave + gate(parts[2]) * u
