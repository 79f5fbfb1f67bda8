"""The operations of format 2 in PyTorch, whole signals at a time, gradients and all.

docs/model-format.md defines each. Registers are (batch, channels, rows). What rounds
(`quantize`, `lookup`) passes no gradient: training puts its own straight-through step there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

_WORD = 0xFFFFFFFF
_TURN = 2.0 * math.pi / 2.0**32


class Chance(Protocol):
    """Where noise comes from while training."""

    def uniform(self, shape: torch.Size, device: torch.device) -> Tensor:
        """0 to 1."""
        ...

    def normal(self, shape: torch.Size, device: torch.device) -> Tensor:
        """Standard normal."""
        ...


class AnyChance:
    """Torch's own generator."""

    def uniform(self, shape: torch.Size, device: torch.device) -> Tensor:
        """0 to 1."""
        return torch.rand(shape, device=device)

    def normal(self, shape: torch.Size, device: torch.device) -> Tensor:
        """Standard normal."""
        return torch.randn(shape, device=device)


ANY = AnyChance()


def gate(x: Tensor) -> Tensor:
    """RAVE's amplitude curve: 2 sigmoid(x)^2.3 + 1e-7, so 0 < g < 2."""
    return 2.0 * torch.sigmoid(x.float()).pow(2.3) + 1e-7


def exact(words: Tensor) -> Tensor:
    """Whole numbers in double precision, which Apple's graphics do not have: there, on the CPU."""
    return (words.cpu() if words.device.type == "mps" else words).double()


def late(x: Tensor, rows: int) -> Tensor:
    """The same signal so many rows later, silence in front."""
    return F.pad(x, (rows, 0))[..., : x.shape[-1]] if rows else x


def hash_words(rows: Tensor, channels: Tensor, seed: int) -> Tensor:
    """The 32-bit hash of absolute rows and channels, as int64: (channels, rows)."""
    x = (rows[None] * 0x9E3779B1 + channels[:, None] * 0x85EBCA77 + seed) & _WORD
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & _WORD
    x = ((x ^ (x >> 15)) * 0x846CA68B) & _WORD
    return x ^ (x >> 16)


def hash_noise(rows: Tensor, channels: int, seed: int) -> Tensor:
    """Uniform noise in [-1, 1) of absolute rows: (channels, rows), all in 32-bit integers."""
    x = hash_words(rows, torch.arange(channels, device=rows.device), seed)
    signed = torch.where(x >= 2**31, x - 2**32, x)
    return (exact(signed) / 2.0**31).float().to(rows.device)


def hash_normal(rows: Tensor, channels: int, seed: int) -> Tensor:
    """Standard normal noise of absolute rows, by Box and Muller from two hashes."""
    even = 2 * torch.arange(channels, device=rows.device)
    a = exact((hash_words(rows, even, seed) >> 8) + 1) / 2.0**24
    b = exact(hash_words(rows, even + 1, seed)) * _TURN
    return (torch.sqrt(-2 * torch.log(a)) * torch.cos(b)).float().to(rows.device)


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """x + sin^2(alpha x) / alpha, alpha one a channel (Ziyin et al. 2020)."""
    a = alpha[:, None]
    return x + torch.sin(a * x).square() / (a + 1e-9)


_ACTS: dict[str, Callable[[Tensor], Tensor]] = {
    "leaky": lambda x: F.leaky_relu(x, 0.2),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gate": gate,
}


def activate(x: Tensor, act: str, alpha: Tensor | None, bias: Tensor | None) -> Tensor:
    """One value at a time; `snake` and `affine` with numbers a channel."""
    if alpha is None:
        return _ACTS[act](x)
    if act == "snake":
        return snake(x, alpha)
    scaled = alpha[:, None] * x
    return scaled if bias is None else scaled + bias[:, None]


def multiply(x: Tensor, by: Tensor, by_late: int) -> Tensor:
    """x times another register of fewer channels or rows, each repeated."""
    factor = by.repeat_interleave(x.shape[-1] // by.shape[-1], dim=-1)
    return x * late(factor, by_late).repeat(1, x.shape[1] // by.shape[1], 1)


def noise(x: Tensor, filters: Tensor, row: int, seed: int | None, chance: Chance = ANY) -> Tensor:
    """Frames of uniform noise, each through the filter its row of gains adds up to.

    row: the absolute row of `x`. A frame's filter never reaches out of the frame.
    """
    bands, frame = filters.shape
    batch, wide, rows = x.shape
    channels = wide // bands
    gains = gate(x).reshape(batch, channels, bands, rows)
    response = torch.einsum("bckt,kn->bctn", gains, filters)
    if seed is None:
        u = chance.uniform(torch.Size((batch, channels, rows, frame)), x.device) * 2 - 1
    else:
        at = torch.arange(rows * frame, device=x.device) + row * frame
        u = hash_noise(at, channels, seed).reshape(1, channels, rows, frame).expand(batch, -1, -1, -1)
    size = 2 * frame
    y: Tensor = torch.fft.irfft(torch.fft.rfft(u, size) * torch.fft.rfft(response, size), size)
    return y[..., :frame].reshape(batch, channels, rows * frame)


def normal(x: Tensor, channels: int, row: int, seed: int | None, chance: Chance = ANY) -> Tensor:
    """(batch, channels, rows) of standard normal noise."""
    batch, _, rows = x.shape
    if seed is None:
        return chance.normal(torch.Size((batch, channels, rows)), x.device)
    return hash_normal(torch.arange(rows, device=x.device) + row, channels, seed).expand(batch, -1, -1)


def quantize(x: Tensor, codes: Tensor) -> Tensor:
    """(batch, D, rows) -> code numbers (batch, Q, rows) of a residual vector quantiser."""
    left = x.transpose(1, 2)
    found = []
    for book in codes:
        score = left @ book.T - 0.5 * book.square().sum(1)
        best = score.argmax(-1)
        left = left - book[best]
        found.append(best)
    return torch.stack(found, 1).to(x.dtype)


def lookup(x: Tensor, codes: Tensor) -> Tensor:
    """Code numbers (batch, Q, rows) -> the sum of their vectors (batch, D, rows)."""
    number = torch.floor(x + 0.5).clamp(0, codes.shape[1] - 1).long()
    return torch.stack([codes[q][number[:, q]] for q in range(codes.shape[0])]).sum(0).transpose(1, 2)


def sphere(x: Tensor) -> Tensor:
    """Angles (batch, D-1, rows) within -1..1 -> unit vectors (batch, D, rows)."""
    phi = torch.pi * torch.cat(((x[:, :-1] + 1) / 2, x[:, -1:] + 1), dim=1)
    ones = torch.ones_like(phi[:, :1])
    return torch.cat((torch.cos(phi), ones), 1) * torch.cat((ones, torch.cumprod(torch.sin(phi), 1)), 1)


def angles(x: Tensor) -> Tensor:
    """The inverse of `sphere`, of vectors of any length but 0."""
    behind = x.square().flip(1).cumsum(1).flip(1).sqrt()  # |x[k:]|
    phi = torch.atan2(behind[:, 1:-1], x[:, :-2])
    last = torch.remainder(torch.atan2(x[:, -1:], x[:, -2:-1]) / torch.pi, 2)
    return torch.cat((2 * phi / torch.pi, last), 1) - 1
