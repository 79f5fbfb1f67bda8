"""The same weights in PyTorch, streaming, beside the kernel in one run.

Eager is the module of streaming.py called as it is; TorchScript the same module traced at the
block's length, as live hosts run it. One thread, calls in turn, medians. `isobath bench kernel`
prints the ratios.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from isobath.models.bench import interleaved, listener_of, player_of
from isobath.models.coder import Model, load
from isobath.models.kernel import KernelModel

from .rave_shapes import FAMILY, family_model
from .settings import Shape
from .streaming import Streaming


@dataclass(frozen=True)
class Comparison:
    """One model at one block: medians in milliseconds of calls taken in turn."""

    model: str
    coder: str
    parameters: int
    block: int
    kernel: float
    eager: float
    torchscript: float
    times_real_time: float
    kernel_megabytes: float


def torch_players(model: Model, frames: int, *, encoder: bool = False) -> list[Callable[[], Any]]:
    """Eager and TorchScript, each a call that plays or hears one block."""
    eager = Streaming(model, encoder=encoder).eval()
    for parameter in eager.parameters():
        parameter.requires_grad_(False)
    shape = (1, model.channels, frames * model.hop) if encoder else (1, model.dims, frames)
    block = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * (0.1 if encoder else 1.0)
    with torch.no_grad():
        trace: Callable[..., Any] = torch.jit.trace
        traced = trace(copy.deepcopy(eager), block, check_trace=False)

    def player(module: Any) -> Callable[[], Any]:
        def play() -> Any:
            with torch.inference_mode():
                return module(block)

        return play

    return [player(eager), player(traced)]


def compare(model: Model, frames: int = 1, calls: int = 200, *, encoder: bool = False) -> Comparison:
    """Kernel, eager and TorchScript in turn, one thread each."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ours = listener_of(model, frames) if encoder else player_of(model, frames)
    try:
        kernel, eager, script = interleaved([ours, *torch_players(model, frames, encoder=encoder)], calls)
    finally:
        torch.set_num_threads(threads)
    operations = (model.description.encoder or []) if encoder else model.description.decoder
    used = {name for o in operations for name in (o.weight, o.bias) if name}
    return Comparison(
        model=model.name,
        coder="encoder" if encoder else "decoder",
        parameters=sum(model.tensors[name].size for name in used),
        block=frames * model.hop,
        kernel=kernel,
        eager=eager,
        torchscript=script,
        times_real_time=frames * model.hop / model.sample_rate * 1e3 / kernel,
        kernel_megabytes=KernelModel(model.blob(encoder=encoder, decoder=not encoder)).bytes / 1e6,
    )


@dataclass(frozen=True)
class FamilyRow:
    """One model of the RAVE family's size at one block; milliseconds, medians of calls in turn.

    half, swift: the kernel with weights in half precision and with whole numbers; the ratios are
    TorchScript's time by theirs. below_db: how far under the sound the two differ.
    """

    model: str
    what: str
    block: int
    torchscript: float
    half: float
    swift: float
    torchscript_by_half: float
    torchscript_by_swift: float
    below_db: float


def below_db(exact: Model, swift: Model, frames: int) -> float:
    """Level of the sound over that of the difference between two arithmetics, dB."""
    z = np.random.default_rng(0).standard_normal((exact.dims, frames)).astype(np.float32)
    wanted = exact.decode(z).astype(np.float64)
    difference = float(np.mean((swift.decode(z) - wanted) ** 2))
    return 10 * math.log10(float(np.mean(wanted**2)) / max(difference, 1e-30))


def _in_a_row(hear: Callable[[], Any], play: Callable[[], Any]) -> Callable[[], Any]:
    def both() -> Any:
        hear()
        return play()

    return both


def family_rows(name: str, blocks: Sequence[int], seconds: float = 2.0) -> list[FamilyRow]:
    """Decode, encode and both, block by block, one thread; `seconds`: about how long for each."""
    half = family_model(name)
    swift = Model(half.description, half.tensors, swift=True)
    below = below_db(half, swift, max(4, 16384 // half.hop))
    threads, rows = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for block in blocks:
            frames = block // half.hop
            play = [torch_players(half, frames)[1], player_of(half, frames), player_of(swift, frames)]
            hear = [torch_players(half, frames, encoder=True)[1], listener_of(half, frames)]
            hear.append(listener_of(swift, frames))
            forward = [_in_a_row(a, b) for a, b in zip(hear, play, strict=True)]
            for what, players in (("decode", play), ("encode", hear), ("forward", forward)):
                once = sum(interleaved(players, 1, warm=2)) / 1e3
                calls = int(min(200, max(8, seconds / once)))
                script, ours, fast = interleaved(players, calls, warm=3)
                ratios = script / ours, script / fast
                rows.append(FamilyRow(name, what, block, script, ours, fast, *ratios, below))
    finally:
        torch.set_num_threads(threads)
    return rows


def compare_family(seconds: float = 2.0) -> list[FamilyRow]:
    """Every published size at its hop, at 2,048 and at 8,192 samples."""
    rows = []
    for name, family in FAMILY.items():
        rows += family_rows(name, sorted({family.hop, 2048, 8192}), seconds)
    return rows


SIZES = {
    "hop 128": Shape(hop=128, step=128, ratios=(4, 2)),
    "hop 256": Shape(),
    "hop 512": Shape(hop=512, step=512, ratios=(4, 4, 2), decoder_width=256, widths=(128, 96, 64)),
    "hop 2048": Shape(hop=2048, step=2048, ratios=(4, 4, 4, 2), decoder_width=256, widths=(192, 128, 96, 64)),
    "hop 2048, large": Shape(
        hop=2048, step=2048, ratios=(4, 4, 4, 2), decoder_width=1024, widths=(512, 256, 128, 64)
    ),
}


def compare_sizes(folder: Path, calls: int = 200) -> list[Comparison]:
    """Random models of several sizes, one block a call; written to `folder` on the way."""
    from .export import random_model

    rows = []
    for name, shape in SIZES.items():
        path = folder / f"{name}.safetensors"
        random_model(path, shape, 1)
        for encoder in (False, True):
            result = compare(load(path), 1, calls, encoder=encoder)
            rows.append(replace(result, model=name))
    return rows
