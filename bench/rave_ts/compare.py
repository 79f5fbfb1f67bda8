"""RAVE files as nn~ runs them beside the same files imported, block by block in turn, one thread.

    python bench/rave_ts/compare.py SECONDS FILE.ts ...

Runs the files' own code through torch: give it only files you exported yourself. SECONDS: about
how long each of the nine comparisons of a file may take. Prints one JSON list: medians and minima
in milliseconds of the processor's time, and how far the arithmetics differ. Calls are made in turn,
so that all players share the machine's moods.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from isobath.foreign.archive import read
from isobath.foreign.importing import Wishes, import_rave
from isobath.models.bench import now
from isobath.models.coder import Model
from isobath.training.bench_kernel import below_db

Player = Callable[[], Any]


def in_turn(players: dict[str, Player], seconds: float) -> dict[str, dict[str, float]]:
    """Median and minimum milliseconds of each, called in turn."""
    for player in players.values():
        player()
        player()
    spent: dict[str, list[float]] = {name: [] for name in players}
    start = time.perf_counter()
    while time.perf_counter() - start < seconds or len(spent["torchscript"]) < 8:
        for name, player in players.items():
            before = now()
            player()
            spent[name].append((now() - before) * 1e3)
    return {name: {"median": float(np.median(t)), "minimum": min(t)} for name, t in spent.items()}


def script_player(method: Callable[[torch.Tensor], torch.Tensor], block: torch.Tensor) -> Player:
    def play() -> None:
        with torch.no_grad():
            method(block)

    return play


def model_players(model: Model, frames: int) -> dict[str, Player]:
    """Decode, encode, and one after the other, each with its own past."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((1, frames, model.dims)).astype(np.float32)
    sound = (rng.standard_normal((1, model.channels, frames * model.hop)) * 0.1).astype(np.float32)
    decoder, encoder = model.decoder(frames=frames).state, model.encoder(frames=frames).state
    return {
        "decode": lambda: decoder.decode(latent),
        "encode": lambda: encoder.encode(sound),
        "forward": lambda: decoder.decode(encoder.encode(sound)),
    }


def compare(path: Path, seconds: float) -> list[dict[str, Any]]:
    script = torch.jit.load(path).eval()
    description, tensors = import_rave(read(path), Wishes())
    half, swift = Model(description, tensors), Model(description, tensors, swift=True)
    below, rows = below_db(half, swift, max(4, 16384 // half.hop)), []
    for block in sorted({half.hop, 2048, 8192}):
        frames = block // half.hop
        latent, sound = torch.randn(1, half.dims, frames), torch.randn(1, half.channels, block) * 0.1
        calls = {
            "decode": script_player(script.decode, latent),
            "encode": script_player(script.encode, sound),
            "forward": script_player(script.forward, sound),
        }
        ours, fast = model_players(half, frames), model_players(swift, frames)
        for what in ("decode", "encode", "forward"):
            found = in_turn({"torchscript": calls[what], "half": ours[what], "swift": fast[what]}, seconds)
            rows.append({
                "file": path.name, "megabytes": path.stat().st_size / 1e6, "kernel": half.kernel.bytes / 1e6,
                "block": block, "what": what, "swift_below_db": below, **found,
            })  # fmt: skip
    return rows


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(
        json.dumps(
            [row for name in sys.argv[2:] for row in compare(Path(name), float(sys.argv[1]))], indent=1
        )
    )
