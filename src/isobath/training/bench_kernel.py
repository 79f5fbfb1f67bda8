"""The same weights in PyTorch, streaming, beside the kernel in one run.

Every convolution keeps its past in a buffer, as models exported for live use do; eager is
that module called as it is, TorchScript the same module traced at the block's length. One
thread. `isobath bench kernel` prints the ratios.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isobath.models.bench import interleaved, player_of
from isobath.models.coder import Model, load
from isobath.models.description import Operation

from .coder import gate
from .settings import Shape

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

    def __init__(self, filters: Tensor, channels: int) -> None:
        super().__init__()
        bands, taps = filters.shape
        kernel = bands * filters.reshape(bands, taps // bands, bands).flip(1).permute(2, 0, 1)
        self.kernel = nn.Parameter(kernel.repeat(channels, 1, 1))
        self.past, self.channels = Past(channels * bands, taps // bands - 1), channels

    def forward(self, x: Tensor) -> Tensor:
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


class Streaming(nn.Module):
    """The decoder of a model as a streaming module: latents (1, dims, frames) -> audio."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.operations = model.description.decoder
        self.steps = nn.ModuleList()
        channels, rows = {"latent": model.dims}, {"latent": 1}
        for o in self.operations:
            self.steps.append(self._step(model, o, channels, rows))

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
        if o.kind == "synthesis":
            filters = tensor(o.filters)
            channels[o.out], rows[o.out] = wide // filters.shape[0], many * filters.shape[0]
            return Synthesis(filters, channels[o.out])
        increments = tensor(o.increments)
        channels[o.out], rows[o.out] = wide // len(increments), model.hop
        return Tones(increments, tensor(o.offsets), model.hop // many, channels[o.out])

    def forward(self, latent: Tensor) -> Tensor:
        reg: Registers = {"latent": latent}
        for o, step in zip(self.operations, self.steps, strict=True):
            y = step(reg[o.source])
            reg[o.out] = y + reg[o.add] if o.add else y
        return reg["audio"]


@dataclass(frozen=True)
class Comparison:
    """One model at one block: medians in milliseconds of calls taken in turn, and ratios."""

    model: str
    parameters: int
    block: int
    kernel: float
    eager: float
    torchscript: float
    times_real_time: float
    kernel_megabytes: float

    @property
    def faster_than_torchscript(self) -> float:
        """How many times the kernel's speed is TorchScript's."""
        return self.torchscript / self.kernel


def torch_players(model: Model, frames: int) -> list[Callable[[], Any]]:
    """Eager and TorchScript, each a call that decodes one block."""
    eager = Streaming(model).eval()
    for parameter in eager.parameters():
        parameter.requires_grad_(False)
    latent = torch.randn(1, model.dims, frames, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        trace: Callable[..., Any] = torch.jit.trace
        traced = trace(copy.deepcopy(eager), latent, check_trace=False)

    def player(module: Any) -> Callable[[], Any]:
        def play() -> Any:
            with torch.inference_mode():
                return module(latent)

        return play

    return [player(eager), player(traced)]


def compare(model: Model, frames: int = 1, calls: int = 200) -> Comparison:
    """Kernel, eager and TorchScript in turn, one thread each."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        players = [player_of(model, frames), *torch_players(model, frames)]
        kernel, eager, script = interleaved(players, calls)
    finally:
        torch.set_num_threads(threads)
    used = {name for o in model.description.decoder for name in (o.weight, o.bias) if name}
    parameters = sum(model.tensors[name].size for name in used)
    seconds = frames * model.hop / model.sample_rate
    return Comparison(
        model.name, parameters, frames * model.hop, kernel, eager, script,
        seconds * 1e3 / kernel, Model(model.description, model.tensors).kernel.bytes / 1e6,
    )  # fmt: skip


SIZES = {
    "hop 128": Shape(hop=128, step=128, ratios=(4, 2)),
    "hop 256": Shape(),
    "hop 512": Shape(hop=512, step=512, ratios=(4, 4, 2), decoder_width=256, widths=(128, 96, 64)),
    "hop 2048": Shape(hop=2048, step=2048, ratios=(4, 4, 4, 2), decoder_width=256, widths=(192, 128, 96, 64)),
    "hop 2048, large": Shape(
        hop=2048, step=2048, ratios=(4, 4, 4, 2), decoder_width=1024, widths=(512, 256, 128, 64)
    ),
}


def compare_sizes(folder: Path, calls: int = 200) -> list[dict[str, Any]]:
    """Random models of several sizes, one block a call; written to `folder` on the way."""
    from .export import random_model

    rows = []
    for name, shape in SIZES.items():
        path = folder / f"{name}.safetensors"
        random_model(path, shape, 1)
        result = compare(load(path), 1, calls)
        rows.append({**asdict(result), "ratio": result.faster_than_torchscript})
    return rows
