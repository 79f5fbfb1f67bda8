"""Two small models to test the player with.

The loudspeaker's latents are its samples: whatever is asked for comes out of the decoder as it is, so
that the whole player can be tested with any sound, through the calls that play real models. The
whistle has layers, memory and noise of its own, like a real one, from fixed random weights.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import Player
from isobath.models.coder import Model
from isobath.models.description import Description, LatentStatistics, Operation, Percentiles
from isobath.protocol.piece import Master, Shaping

RATE = 48000
RAW = Shaping(smoothing_seconds=0.0, clamp=0.0)
"""No shaping at all."""

Sound = NDArray[np.float32]


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


def loudspeaker(
    channels: int = 1, hop: int = 32, std: float = 1e3, rate: int = RATE, gain: float = 1.0
) -> Model:
    """Latent d is sample d of the hop (then of the second channel). Nothing up to 64 std is touched."""
    dims = channels * hop
    weight = np.zeros((dims, channels, 2 * hop), np.float32)
    for d in range(dims):
        weight[d, d // hop, d % hop] = gain
    description = Description(
        format=1, name="loudspeaker", sample_rate=rate, channels=channels, hop=hop, dims=dims, delay=0,
        decoder=[Operation("conv_transpose", "latent", "audio", weight="w", stride=hop)],
        latent=statistics(dims, std=std),
    )  # fmt: skip
    return Model(description, {"w": weight})


def whistle(channels: int = 1, seed: int = 0, rate: int = RATE, loudness: float = 1.0) -> Model:
    """Four latents, hop 64."""
    random = np.random.default_rng(seed)
    tensors = {
        "open": (random.standard_normal((4, 16, 16)) * 0.5).astype(np.float32),
        "grow": (random.standard_normal((16, 3 * channels, 16)) * 0.4 * loudness).astype(np.float32),
        "level": np.repeat(np.float32([0.0, -1.0, -2.0]), channels),
    }
    decoder = [
        Operation("conv_transpose", "latent", "wide", weight="open", stride=8),
        Operation("conv_transpose", "wide", "parts", weight="grow", bias="level", stride=8, act="leaky"),
        Operation("amplitude", "parts", "audio", noise=True),
    ]
    description = Description(
        format=1, name="whistle", sample_rate=rate, channels=channels, hop=64, dims=4, delay=0,
        decoder=decoder, latent=statistics(4),
    )  # fmt: skip
    return Model(description, tensors)


def player_of(
    model: Model,
    channels: int = 2,
    seed: int = 1,
    shaping: Shaping = RAW,
    master: Master | None = None,
    gain_db: float = 0.0,
    pan: float = 0.0,
) -> Player:
    """A fresh player with one voice; the guard is off unless `master` says otherwise."""
    player = Player(model.sample_rate, channels)
    player.put(0, model)
    player.set(Controls((VoiceControls(shaping, gain_db, pan),), master or Master(guard_db=0.0)))
    player.reset(seed)
    return player


def play(player: Player, sound: NDArray[np.floating], slot: int = 0) -> Sound:
    """What comes out while `sound` (channels, samples) comes out of the loudspeaker."""
    hop = player.models[slot].hop
    parts = []
    for start in range(0, sound.shape[1] - hop + 1, hop):
        player.incoming(slot, sound[:, start : start + hop].ravel())
        parts.append(player.render(hop))
    return np.concatenate(parts, axis=1)


def steer(player: Player, latents: NDArray[np.floating], slot: int = 0) -> Sound:
    """What comes out while a voice is given latents (dims, frames), one each hop."""
    hop = player.models[slot].hop
    parts = []
    for latent in latents.T:
        player.incoming(slot, latent)
        parts.append(player.render(hop))
    return np.concatenate(parts, axis=1)


def sine(hz: float, seconds: float, level: float = 0.5, rate: int = RATE) -> NDArray[np.float64]:
    """(1, samples)."""
    return level * np.sin(2 * np.pi * hz / rate * np.arange(round(seconds * rate)))[None]


def quiet_noise(lufs: float, seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    """Noise of this loudness when heard on both sides, (1, samples)."""
    from isobath.sound.loudness import momentary

    noise = np.random.default_rng(5).standard_normal((1, round(seconds * rate)))
    loud = float(momentary(np.repeat(noise, 2, axis=0), rate).max())
    return noise * 10 ** ((lufs - loud) / 20)


def repeater(channels: int = 1, hop: int = 32, delay: int = 0, rate: int = RATE, std: float = 1e3) -> Model:
    """A loudspeaker with an encoder that hears exactly what it would play: it repeats, a hop late."""
    speaker = loudspeaker(channels, hop, std, rate)
    dims = channels * hop
    weight = np.zeros((dims, channels, hop), np.float32)
    for d in range(dims):
        weight[d, d // hop, d % hop] = 1.0
    description = msgspec.structs.replace(
        speaker.description,
        name="repeater",
        delay=delay,
        encoder=[Operation("conv", "audio", "mean", weight="e", stride=hop)],
    )
    return Model(description, {**speaker.tensors, "e": weight})


def listener(channels: int = 1, seed: int = 2, rate: int = RATE) -> Model:
    """A whistle with an encoder of fixed random weights: four latents, hop 64."""
    player = whistle(channels, seed, rate, loudness=0.5)
    random = np.random.default_rng(seed + 100)
    weight = (random.standard_normal((4, channels, 96)) * 0.3).astype(np.float32)
    description = msgspec.structs.replace(
        player.description,
        name="listener",
        delay=7,
        encoder=[Operation("conv", "audio", "mean", weight="e", stride=64)],
    )
    return Model(description, {**player.tensors, "e": weight})
