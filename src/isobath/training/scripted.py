"""The operations of docs/model-format.md as modules that TorchScript can hold (training/torchscript.py).

Each keeps its past in buffers, so that it streams: any block size, any batch, no clicks. Tones and
noise count in integers, as in the kernel.
"""

from typing import List  # noqa: UP035  TorchScript reads these annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isobath.models.description import Operation

from .spectrum import DECADES, FLOOR, Groups

WORD = 0xFFFFFFFF
TURN = 2.0 * np.pi / 2.0**32


class Past(nn.Module):
    """The last `rows` rows of a signal, put in front of the next block."""

    kept: Tensor

    def __init__(self, channels: int, rows: int) -> None:
        super().__init__()
        self.channels, self.rows = channels, rows
        self.register_buffer("kept", torch.zeros(1, channels, rows))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, n) -> (batch, channels, rows + n)."""
        if self.rows == 0:
            return x
        x = torch.cat([self.kept, x], dim=-1)
        self.kept = x[:, :, x.size(2) - self.rows :].clone()
        return x

    def restart(self, batch: int) -> None:
        """Silence before the first row."""
        self.kept = torch.zeros([batch, self.channels, self.rows], device=self.kept.device)


class Clock(nn.Module):
    """How many rows have passed, and the seed of what is random."""

    at: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("at", torch.zeros(1, dtype=torch.int64))
        self.seed = 0

    def forward(self, rows: int) -> Tensor:
        """Numbers of the next rows, in 32 bits."""
        numbers = (self.at + torch.arange(rows, device=self.at.device)) & 0xFFFFFFFF
        self.at = (self.at + rows) & 0xFFFFFFFF
        return numbers

    def words(self, numbers: Tensor, channels: Tensor, batch: int) -> Tensor:
        """The format's hash, (batch, channels, rows): voice v draws from seed + v."""
        seeds = self.seed + torch.arange(batch, device=numbers.device)
        x = numbers * 0x9E3779B1 + channels[:, None] * 0x85EBCA77 + seeds[:, None, None]
        x = x & 0xFFFFFFFF
        x = ((x ^ (x >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
        x = ((x ^ (x >> 15)) * 0x846CA68B) & 0xFFFFFFFF
        return x ^ (x >> 16)

    def uniform(self, rows: int, channels: int, batch: int) -> Tensor:
        """(batch, channels, rows) within -1..1."""
        words = self.words(self.forward(rows), torch.arange(channels, device=self.at.device), batch)
        return signed(words).float() * (1.0 / 2147483648.0)

    def restart(self) -> None:
        """Back to row 0."""
        self.at = torch.zeros_like(self.at)


def signed(words: Tensor) -> Tensor:
    """32 bits read as a signed number."""
    return words - ((words >> 31) << 32)


def gate(x: Tensor) -> Tensor:
    """RAVE's amplitude curve."""
    return 2.0 * torch.sigmoid(x).pow(2.3) + 1e-7


class Sounding(nn.Module):
    """What every operation answers to; those with a memory say how it begins again."""

    def restart(self, batch: int) -> None:
        """Forget the past."""

    def sow(self, seed: int) -> None:
        """Take a seed for what is random."""


class Convolution(Sounding):
    """`conv`."""

    weight: Tensor

    def __init__(self, o: Operation, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.leaky, self.stride, self.dilation, self.groups = bool(o.act), o.stride, o.dilation, o.groups
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias if bias is not None else torch.zeros(weight.shape[0]))
        self.bias: Tensor
        reach = (weight.shape[2] - 1) * o.dilation - (o.stride - 1)
        self.skip = max(-reach, 0)
        self.past = Past(weight.shape[1] * o.groups, max(reach, 0))

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        if self.leaky:
            x = F.leaky_relu(x, 0.2)
        x = self.past(x)
        if self.skip > 0:
            x = x[:, :, self.skip :]
        return torch.conv1d(x, self.weight, self.bias, [self.stride], [0], [self.dilation], self.groups)

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.past.restart(batch)


class Upsampling(Sounding):
    """`conv_transpose`."""

    weight: Tensor
    bias: Tensor

    def __init__(self, o: Operation, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.leaky, self.stride = bool(o.act), o.stride
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias if bias is not None else torch.zeros(weight.shape[1]))
        self.past = Past(weight.shape[0], 1)

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        if self.leaky:
            x = F.leaky_relu(x, 0.2)
        y = torch.conv_transpose1d(self.past(x), self.weight, self.bias, [self.stride])
        return y[:, :, self.stride : y.size(2) - self.stride]

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.past.restart(batch)


class Amplitude(Sounding):
    """`amplitude`."""

    def __init__(self, channels: int, noise: bool) -> None:
        super().__init__()
        self.channels, self.noise, self.clock = channels, noise, Clock()

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        n = self.channels
        y = torch.tanh(x[:, :n]) * torch.sigmoid(x[:, n : 2 * n])
        if self.noise:
            y = y + gate(x[:, 2 * n :]) * self.clock.uniform(x.size(2), n, x.size(0))
        return y

    def restart(self, batch: int) -> None:  # noqa: ARG002
        """Back to row 0."""
        self.clock.restart()

    def sow(self, seed: int) -> None:
        """Take a seed for what is random."""
        self.clock.seed = seed


class Alternating(nn.Module):
    """Odd bands times (-1)^t; a block has an even number of rows."""

    signs: Tensor

    def __init__(self, bands: int, channels: int, active: bool) -> None:
        super().__init__()
        self.active = active
        signs = torch.ones(bands, 2)
        signs[1::2, 1] = -1
        self.register_buffer("signs", signs.repeat(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels * bands, rows)."""
        return x * self.signs.repeat(1, x.size(2) // 2) if self.active else x


class Synthesis(Sounding):
    """`synthesis` as one convolution."""

    kernel: Tensor

    def __init__(self, o: Operation, filters: Tensor, channels: int) -> None:
        super().__init__()
        bands, taps = filters.shape
        kernel = bands * filters.reshape(bands, taps // bands, bands).flip(1).permute(2, 0, 1)
        self.register_buffer("kernel", kernel.contiguous())
        self.past, self.channels, self.bands = Past(channels * bands, taps // bands - 1), channels, bands
        self.alternate = Alternating(bands, channels, o.alternate)

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        batch = x.size(0)
        x = self.past(self.alternate(x))
        y = torch.conv1d(x.reshape(batch * self.channels, self.bands, x.size(2)), self.kernel)
        return y.transpose(1, 2).reshape(batch, self.channels, -1)

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.past.restart(batch)


class Analysis(Sounding):
    """`analysis` as one strided convolution."""

    kernel: Tensor

    def __init__(self, o: Operation, filters: Tensor, channels: int) -> None:
        super().__init__()
        self.bands, taps = filters.shape
        self.register_buffer("kernel", filters.flip(1)[:, None].contiguous())
        self.past, self.channels = Past(channels, taps - self.bands), channels
        self.alternate = Alternating(self.bands, channels, o.alternate)

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        batch = x.size(0)
        x = self.past(x)
        y = torch.conv1d(x.reshape(batch * self.channels, 1, x.size(2)), self.kernel, None, [self.bands])
        flipped: Tensor = self.alternate(y.reshape(batch, self.channels * self.bands, y.size(2)))
        return flipped

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.past.restart(batch)


class Tones(Sounding):
    """`tones`: phases counted in integers, met by a fixed basis over the row's samples."""

    increments: Tensor
    offsets: Tensor
    basis: Tensor

    def __init__(self, increments: Tensor, offsets: Tensor, r: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("increments", increments)
        self.register_buffer("offsets", offsets)
        self.count, self.r, self.channels = len(increments), r, channels
        self.past, self.clock = Past(channels * self.count, 1), Clock()
        j = torch.arange(r)
        turn = ((increments[:, None] * j[None]) & WORD).double() * TURN
        c, s, up = turn.cos(), turn.sin(), (j + 1).double() / r
        basis = torch.cat((c * (1 - up), -s * (1 - up), c * up, -s * up))
        self.register_buffer("basis", basis.float())
        # Before the first row the gate is 0, not gate(0): what is kept are gates, not inputs.

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        batch, rows = x.size(0), x.size(2)
        g = self.past(gate(x)).reshape(batch, self.channels, self.count, rows + 1)
        starts = (self.clock(rows) * self.r) & 0xFFFFFFFF
        phase = (self.increments[:, None] * starts + self.offsets[:, None]) & 0xFFFFFFFF
        theta = signed(phase).float() * 1.4629180792671596e-09
        cos, sin = torch.cos(theta), torch.sin(theta)
        was, now = g[:, :, :, :-1], g[:, :, :, 1:]
        features = torch.cat([was * cos, was * sin, now * cos, now * sin], dim=2)
        return torch.matmul(features.transpose(2, 3), self.basis).reshape(batch, self.channels, -1)

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.past.restart(batch)
        self.clock.restart()


class Band(nn.Module):
    """The bins of one window size: power of each."""

    kernel: Tensor

    def __init__(self, size: int, step: int, kernel: Tensor) -> None:
        super().__init__()
        self.size, self.step, self.bins = size, step, kernel.shape[1] // 2
        self.register_buffer("kernel", kernel)

    def forward(self, x: Tensor, rows: int) -> Tensor:
        """(batch, samples) -> (batch, rows, bins)."""
        start = x.size(1) - (rows - 1) * self.step - self.size
        z = torch.matmul(x[:, start:].unfold(1, self.size, self.step), self.kernel)
        return z.reshape(x.size(0), rows, self.bins, 2).pow(2).sum(dim=-1)


class Hearing(Sounding):
    """`spectrum`."""

    order: Tensor

    def __init__(self, o: Operation, frequencies: Tensor, lengths: Tensor, rate: int, channels: int) -> None:
        super().__init__()
        groups = Groups(frequencies.numpy(), lengths.int().numpy(), o.attack, rate)
        self.bands = nn.ModuleList([Band(size, o.step, kernel) for size, _, kernel in groups.kernels])
        members = [i for _, some, _ in groups.kernels for i in some]
        self.register_buffer("order", torch.argsort(torch.tensor(members)))
        longest = max(size for size, _, _ in groups.kernels)
        self.step, self.channels, self.floor, self.decades = o.step, channels, FLOOR, DECADES
        self.past = Past(channels, max(longest - o.step, 0))

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        batch, rows = x.size(0), x.size(2) // self.step
        x = self.past(x)
        x = x.reshape(batch * self.channels, x.size(2))
        powers: List[Tensor] = []  # noqa: UP006
        for band in self.bands:
            powers.append(band(x, rows))  # noqa: PERF401  TorchScript has no comprehension over modules
        read = torch.log(torch.cat(powers, dim=-1)[:, :, self.order] + self.floor) / self.decades + 1.0
        return read.transpose(1, 2).reshape(batch, -1, rows)

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.past.restart(batch)


class Activation(Sounding):
    """`activate`."""

    alpha: Tensor
    bias: Tensor

    def __init__(self, o: Operation, alpha: Tensor | None, bias: Tensor | None) -> None:
        super().__init__()
        self.act = o.act or ""
        empty = torch.zeros(1)
        self.register_buffer("alpha", empty if alpha is None else alpha[:, None])
        self.register_buffer("bias", empty if bias is None else bias[:, None])

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        if self.act == "leaky":
            return F.leaky_relu(x, 0.2)
        if self.act == "tanh":
            return torch.tanh(x)
        if self.act == "sigmoid":
            return torch.sigmoid(x)
        if self.act == "gate":
            return gate(x)
        if self.act == "snake":
            return x + torch.sin(self.alpha * x).pow(2) / (self.alpha + 1e-9)
        return self.alpha * x + self.bias


class Multiplying(Sounding):
    """`multiply`."""

    def __init__(self, channels: int, of: int, repeat: int, late: int) -> None:
        super().__init__()
        self.each, self.repeat, self.late = of // channels, repeat, late
        self.past = Past(channels, late)

    def forward(self, x: Tensor, by: Tensor) -> Tensor:
        factor = self.past(by.repeat_interleave(self.repeat, dim=2))[:, :, : x.size(2)]
        y: Tensor = x * factor.repeat(1, self.each, 1)
        return y

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.past.restart(batch)


class ShapedNoise(Sounding):
    """`noise`: each frame convolved with its own short filter, tap by tap."""

    filters: Tensor
    places: Tensor

    def __init__(self, filters: Tensor, channels: int) -> None:
        super().__init__()
        used = torch.nonzero(filters.abs().sum(0))[:, 0]
        used = used if len(used) else torch.zeros(1, dtype=torch.int64)
        self.bands, self.frame, self.channels = filters.shape[0], filters.shape[1], channels
        self.register_buffer("filters", filters[:, used].contiguous())
        # places[j, i]: where tap `used[i]` of output j finds its noise, behind a frame of zeros
        self.register_buffer("places", self.frame + torch.arange(self.frame)[:, None] - used[None])
        self.clock = Clock()

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        batch, rows = x.size(0), x.size(2)
        gains = gate(x).reshape(batch, self.channels, self.bands, rows)
        taps = torch.matmul(gains.transpose(2, 3), self.filters)
        u = self.clock.uniform(rows * self.frame, self.channels, batch)
        u = F.pad(u.reshape(batch, self.channels, rows, self.frame), [self.frame, 0])
        heard = u[:, :, :, self.places]
        return torch.matmul(heard, taps[:, :, :, :, None])[:, :, :, :, 0].reshape(batch, self.channels, -1)

    def restart(self, batch: int) -> None:  # noqa: ARG002
        """Back to row 0."""
        self.clock.restart()

    def sow(self, seed: int) -> None:
        """Take a seed for what is random."""
        self.clock.seed = seed


class Normal(Sounding):
    """`normal`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels, self.clock = channels, Clock()

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        batch, numbers = x.size(0), self.clock(x.size(2))
        even = 2 * torch.arange(self.channels, device=x.device)
        a = ((self.clock.words(numbers, even, batch) >> 8) + 1).float() * (1.0 / 16777216.0)
        b = signed(self.clock.words(numbers, even + 1, batch)).float() * 1.4629180792671596e-09
        return torch.sqrt(-2.0 * torch.log(a)) * torch.cos(b)

    def restart(self, batch: int) -> None:  # noqa: ARG002
        """Back to row 0."""
        self.clock.restart()

    def sow(self, seed: int) -> None:
        """Take a seed for what is random."""
        self.clock.seed = seed


class Quantizing(Sounding):
    """`quantize`."""

    codes: Tensor

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        left = x.transpose(1, 2)
        found: List[Tensor] = []  # noqa: UP006
        for q in range(self.codes.size(0)):
            book = self.codes[q]
            best = torch.argmax(torch.matmul(left, book.t()) - 0.5 * book.pow(2).sum(dim=1), dim=-1)
            left = left - book[best]
            found.append(best)
        return torch.stack(found, 1).to(x.dtype)


class Lookup(Sounding):
    """`lookup`."""

    codes: Tensor

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        number = torch.floor(x + 0.5).clamp(0, self.codes.size(1) - 1).long()
        y = self.codes[0][number[:, 0]]
        for q in range(1, self.codes.size(0)):
            y = y + self.codes[q][number[:, q]]
        return y.transpose(1, 2)


class Sphere(Sounding):
    """`sphere`."""

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        phi = 3.141592653589793 * torch.cat([(x[:, :-1] + 1) / 2, x[:, -1:] + 1], dim=1)
        ones = torch.ones_like(phi[:, :1])
        behind = torch.cat([ones, torch.cumprod(torch.sin(phi), 1)], 1)
        return torch.cat([torch.cos(phi), ones], 1) * behind


class Angles(Sounding):
    """`angles`."""

    def forward(self, x: Tensor, by: Tensor) -> Tensor:  # noqa: ARG002
        behind = x.pow(2).flip([1]).cumsum(1).flip([1]).sqrt()
        phi = torch.atan2(behind[:, 1:-1], x[:, :-2])
        last = torch.remainder(torch.atan2(x[:, -1:], x[:, -2:-1]) / 3.141592653589793, 2.0)
        return torch.cat([2 * phi / 3.141592653589793, last], 1) - 1
