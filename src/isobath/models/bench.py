"""How fast the kernel plays: calls of one block each, one thread, medians.

Times are the processor's, not the clock's: what else the machine does in between is not counted.

`isobath bench kernel` prints this. Where torch is installed, `isobath.training.bench_kernel`
runs the same weights through PyTorch, call by call in turn with ours, so that both meet the
same machine in the same moment.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .coder import Model
from .kernel import levels, library

now = time.perf_counter if sys.platform == "win32" else time.thread_time
"""Seconds this thread has worked; on Windows, where such a clock is too coarse, seconds gone by."""


PAUSE = 0.003
"""Seconds between two blocks that come live."""


@dataclass(frozen=True)
class Figure:
    """One way of playing one model: milliseconds a block, and what that means live."""

    player: str
    model: str
    block: int
    milliseconds: float
    times_real_time: float
    megabytes: float


def interleaved(players: Sequence[Callable[[], Any]], calls: int, warm: int = 20) -> list[float]:
    """Median milliseconds of each player, called in turn so that all share the machine's moods."""
    for player in players:
        for _ in range(warm):
            player()
    times = np.empty((calls, len(players)))
    for i in range(calls):
        for j, player in enumerate(players):
            before = now()
            player()
            times[i, j] = now() - before
    return [float(each) for each in np.median(times, axis=0) * 1e3]


@dataclass(frozen=True)
class First:
    """The first block of a coder just made, beside a later one; milliseconds, medians of several."""

    model: str
    coder: str
    block: int
    first: float
    later: float
    first_by_later: float


def player_of(model: Model, frames: int, batch: int = 1) -> Callable[[], Any]:
    """A call that decodes one block of fresh latents."""
    decoder = model.decoder(batch=batch, frames=frames)
    rng = np.random.default_rng(0)
    blocks = [rng.standard_normal((batch, frames, model.dims)).astype(np.float32) for _ in range(8)]
    count = 0

    def play() -> Any:
        nonlocal count
        count += 1
        return decoder.state.decode(blocks[count % 8])

    return play


def listener_of(model: Model, frames: int) -> Callable[[], Any]:
    """A call that encodes one block of noise."""
    encoder = model.encoder(frames=frames)
    rng = np.random.default_rng(0)
    sound = (rng.standard_normal((1, model.channels, frames * model.hop)) * 0.1).astype(np.float32)
    return lambda: encoder.state.encode(sound)


def figure(player: str, model: Model, frames: int, milliseconds: float, size: int) -> Figure:
    """A measurement in the units of a musician."""
    samples = frames * model.hop
    seconds = samples / model.sample_rate
    return Figure(player, model.name, samples, milliseconds, seconds * 1e3 / milliseconds, size / 1e6)


def bench_kernel(model: Model, frames: int = 1, calls: int = 300) -> list[Figure]:
    """Every build this processor can run, whole numbers, eight voices at once, and the encoder."""
    able = [n for n in levels() if n <= int(library().ib_level())]
    builds = [Model(model.description, model.tensors, n) for n in able]
    swift = Model(model.description, model.tensors, swift=True)
    names = [f"kernel, level {n}" for n in able]
    names += ["kernel, swift", "kernel, swift, 8 voices", "kernel, 8 voices"]
    players = [player_of(each, frames) for each in (*builds, swift)]
    players += [player_of(swift, frames, 8), player_of(model, frames, 8)]
    if model.can_encode:
        names.append("kernel, encode")
        players.append(listener_of(model, frames))
    sizes = [each.kernel.bytes for each in (*builds, swift, swift, model, model)]
    medians = interleaved(players, calls)
    return [
        figure(name, model, frames, ms, size)
        for name, ms, size in zip(names, medians, sizes[: len(names)], strict=True)
    ]


def bench_first(model: Model, times: int = 15) -> list[First]:
    """Models unpacked afresh, coders made afresh: the first block, and later ones as they come live,
    with a pause in which the machine does something else."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((1, 1, model.dims)).astype(np.float32)
    sound = (rng.standard_normal((1, model.channels, model.hop)) * 0.1).astype(np.float32)
    found = []
    for coder in ("decoder", "encoder") if model.can_encode else ("decoder",):
        first, later = [], []
        for _ in range(times):
            fresh = Model(model.description, model.tensors)
            spent = []
            if coder == "decoder":
                decoder = fresh.decoder(frames=1).state
                play = partial(decoder.decode, latent)
            else:
                encoder = fresh.encoder(frames=1).state
                play = partial(encoder.encode, sound)
            for _ in range(8):
                before = now()
                play()
                spent.append((now() - before) * 1e3)
                time.sleep(PAUSE)
            first.append(spent[0])
            later += spent[3:]
        a, b = float(np.median(first)), float(np.median(later))
        found.append(First(model.name, coder, model.hop, a, b, a / b))
    return found
