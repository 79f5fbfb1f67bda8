"""A model whose latents are its samples: whatever is asked for comes out of the decoder as it is.

So the whole player can be tested with any sound, through the same calls that play real models.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isobath.engine.controls import VoiceControls
from isobath.engine.player import Player
from isobath.models.coder import Model
from isobath.models.description import Description, LatentStatistics, Operation, Percentiles
from isobath.protocol.piece import Shaping

RATE = 48000
RAW = Shaping(smoothing_seconds=0.0, clamp=0.0)
"""No shaping at all."""


def statistics(dims: int, radius: float = 3.0, std: float = 1.0) -> LatentStatistics:
    return LatentStatistics(
        mean=[0.0] * dims,
        std=[std] * dims,
        covariance=(np.eye(dims) * std**2).tolist(),
        percentiles=Percentiles([50], [[0.0]] * dims),
        explained=[1 / dims] * dims,
        labels=[""] * dims,
        known_radius=radius,
    )


def loudspeaker(channels: int = 1, hop: int = 32, std: float = 1e3, rate: int = RATE) -> Model:
    """Latent d is sample d of the hop (then of the second channel)."""
    dims = channels * hop
    weight = np.zeros((dims, channels, 2 * hop), np.float32)
    for d in range(dims):
        weight[d, d // hop, d % hop] = 1.0
    description = Description(
        format=1, name="loudspeaker", sample_rate=rate, channels=channels, hop=hop, dims=dims, delay=0,
        decoder=[Operation("conv_transpose", "latent", "audio", weight="w", stride=hop)],
        latent=statistics(dims, std=std),
    )  # fmt: skip
    return Model(description, {"w": weight})


def player_of(model: Model, channels: int = 2, seed: int = 1, **controls: float) -> Player:
    player = Player(model.sample_rate, channels)
    player.put(0, model)
    player.shape(0, VoiceControls(RAW, **controls))  # type: ignore[arg-type]
    player.reset(seed)
    return player


def play(player: Player, sound: NDArray[np.float32], slot: int = 0) -> NDArray[np.float32]:
    """What comes out of the player while `sound` (channels, samples) comes out of the decoder."""
    hop = player.models[slot].hop
    parts = []
    for start in range(0, sound.shape[1] - hop + 1, hop):
        player.incoming(slot, sound[:, start : start + hop].ravel())
        parts.append(player.render(hop))
    return np.concatenate(parts, axis=1)


__all__ = ["RATE", "RAW", "Path", "loudspeaker", "play", "player_of", "statistics"]
