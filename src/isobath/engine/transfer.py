"""Timbre transfer: a sound of any length, heard by a model and played by it again (paper 002, 4.2 and 4.4).

Everything is a stream: blocks come in, are brought to a model's rate, encoded hop by hop, altered,
decoded, brought to the rate of the result, and mixed. The memory needed does not grow with the sound.
The models' own delay is taken out, so that the result lies exactly under the original:

    work = transfer(blocks, samples, sample_rate, channels, [Part(model)], Transfer(bias={0: 1.0}))
    for block in work.blocks: ...

It is the same encoding, altering and decoding that a voice with a source does live; what differs is
that there the loudness is followed as it comes, and here it is known beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.listening import MOST_MATCH_DB
from isobath.engine.player import Player
from isobath.engine.rendering import Rendering
from isobath.errors import ModelMismatch, UsageError
from isobath.models.coder import USUAL_LUFS
from isobath.protocol.piece import Master
from isobath.sound.loudness import Gated
from isobath.sound.resampling import Resampling
from isobath.types import Audio
from isobath.units import SILENCE_DB, db_to_gain

LOWEST_RATE, HIGHEST_RATE = 8000, 192_000
_FRAMES = 64
_HOP = 512
"""Samples that pass the limiter at once."""


Coder = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Sound (channels, samples) in whole hops -> latents (dims, frames), or back."""


class Heard(Protocol):
    """The face of a model that a transfer needs: ours, and those that play in a confined process."""

    name: str
    dims: int
    hop: int
    sample_rate: int
    channels: int
    delay: int

    @property
    def can_encode(self) -> bool:
        """Whether it has an encoder."""

    def encoder(self) -> Coder:
        """One with an empty past."""

    def decoder(self, *, seed: int = 0) -> Coder:
        """One with an empty past."""


def hears(model: Heard) -> int:
    """Channels that a model's encoder takes."""
    return int(getattr(model, "input_channels", model.channels))


@dataclass(frozen=True)
class Part:
    """One model of a mix."""

    model: Heard
    gain_db: float = 0.0


@dataclass(frozen=True)
class Transfer:
    """What is done on the way. Dimensions are counted from 0."""

    input_gain_db: float = 0.0
    match: bool = True
    """Bring what the encoders hear to the loudness of their training sets."""
    loudness: float | None = None
    """LUFS of the whole input (`loudness_of`), for `match`."""
    wet: float = 1.0
    """0 the input, 1 the models."""
    scale: Mapping[int, float] = field(default_factory=dict)
    """Distance from the model's mean, multiplied; first."""
    bias: Mapping[int, float] = field(default_factory=dict)
    """Added, in the model's own units (one standard deviation is about 1); second."""
    replace: Mapping[int, float] = field(default_factory=dict)
    """The value itself, whatever the sound says; last."""
    seed: int = 0
    sample_rate: int | None = None
    """Of the result, Hz; None: the input's."""


@dataclass(frozen=True)
class Measured:
    """What a first walk through a sound tells."""

    loudness: float | None
    """LUFS, gated, mean over channels; None where there is nothing but silence."""
    samples: int
    clipped: int
    """Places where three samples or more stay at full scale."""


def measured(blocks: Iterable[Audio], sample_rate: int, progress: Callable[[int], None] | None) -> Measured:
    """Walk through a sound once. `progress` is told the samples so far."""
    gated, samples, clipped = Gated(sample_rate), 0, 0
    for block in blocks:
        gated.hear(block)
        samples += block.shape[1]
        clipped += _flat_tops(block)
        if progress is not None:
            progress(samples)
    found = gated.integrated()
    return Measured(None if found <= SILENCE_DB else found, samples, clipped)


def _flat_tops(block: Audio) -> int:
    full = np.abs(block) >= 0.9999
    three = full[:, 2:] & full[:, 1:-1] & full[:, :-2]
    starts = three & ~np.pad(three, ((0, 0), (1, 0)))[:, :-1]
    return int(starts.sum())


def matching_db(model: Heard, settings: Transfer) -> float:
    """What the encoder's input is brought up by, beyond the input gain."""
    if not settings.match or settings.loudness is None:
        return 0.0
    target = getattr(model, "match_lufs", USUAL_LUFS)
    wanted = target - (settings.loudness + settings.input_gain_db)
    return float(min(max(wanted, -MOST_MATCH_DB), MOST_MATCH_DB))


def _check(parts: Sequence[Part], channels: int, settings: Transfer) -> None:
    if not parts:
        raise UsageError("A transfer needs at least one model.")
    for part in parts:
        model = part.model
        if not model.can_encode:
            raise ModelMismatch(
                f"{model.name} has no encoder: it can play latents, but not listen to sound. Choose another."
            )
        if channels > hears(model) > 1:
            raise ModelMismatch(
                f"The sound has {channels} channels, {model.name} hears {hears(model)}. Mix it down first."
            )
        for dimension in (*settings.scale, *settings.bias, *settings.replace):
            if not 0 <= dimension < model.dims:
                raise UsageError(
                    f"{model.name} has the dimensions 0 to {model.dims - 1}; there is no {dimension}."
                )
    values = [*settings.scale.values(), *settings.bias.values(), *settings.replace.values()]
    if not all(math.isfinite(each) for each in values):
        raise UsageError("A dimension can be changed by numbers only.")
    if not 0.0 <= settings.wet <= 1.0:
        raise UsageError(f"Wet is between 0 (the input) and 1 (the model), not {settings.wet}.")


def fit_channels(audio: Audio, channels: int) -> Audio:
    """One becomes all, many become one by their mean."""
    if audio.shape[0] == channels:
        return audio
    one: Audio = audio if audio.shape[0] == 1 else audio.mean(axis=0, keepdims=True, dtype=np.float32)
    return np.repeat(one, channels, axis=0)


class _Altering:
    """Scale, bias, replace: as numbers per dimension."""

    def __init__(self, model: Heard, settings: Transfer) -> None:
        statistics = getattr(getattr(model, "description", None), "latent", None)
        mean = np.zeros(model.dims) if statistics is None else np.array(statistics.mean)
        scale, bias = np.ones(model.dims), np.zeros(model.dims)
        for d, value in settings.scale.items():
            scale[d] = value
        for d, value in settings.bias.items():
            bias[d] = value
        for d, value in settings.replace.items():
            scale[d], bias[d] = 0.0, value - mean[d]
        self._scale = scale[:, None].astype(np.float32)
        self._shift = (mean * (1.0 - scale) + bias)[:, None].astype(np.float32)
        self._nothing = not (settings.scale or settings.bias or settings.replace)

    def __call__(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """(dims, frames)."""
        if self._nothing:
            return latent
        altered: NDArray[np.float32] = latent * self._scale + self._shift
        return altered


class Branch:
    """One model listening and playing, from the input's rate to the result's."""

    def __init__(self, part: Part, settings: Transfer, sample_rate: int, to: int) -> None:
        model = part.model
        self.model, self._gain = model, db_to_gain(part.gain_db)
        self._heard = db_to_gain(settings.input_gain_db + matching_db(model, settings))
        self._alter = _Altering(model, settings)
        self._in = Resampling(sample_rate, model.sample_rate, hears(model))
        self._out = Resampling(model.sample_rate, to, model.channels)
        self._encoder, self._decoder = model.encoder(), model.decoder(seed=settings.seed)
        self._waiting = np.zeros((hears(model), 0), dtype=np.float32)
        self._late = model.delay
        self._came = self._went = 0

    def push(self, audio: Audio) -> Audio:
        """The next of the input; what of the result is ready."""
        heard = fit_channels(audio, hears(self.model)) * np.float32(self._heard)
        return self._out(self._play(self._in(heard)))

    def finish(self) -> Audio:
        """The end of the result."""
        parts = [self._play(self._in.finish())]
        missing = self._came + self.model.delay - self._went - self._waiting.shape[1]
        silence = np.zeros((hears(self.model), max(0, missing) + self.model.hop), dtype=np.float32)
        came = self._came
        parts.append(self._play(silence))
        kept = np.concatenate(parts, axis=1)
        over = max(0, self._went - self.model.delay - came)
        kept = kept[:, : kept.shape[1] - over]
        return np.concatenate([self._out(kept), self._out.finish()], axis=1)

    def _play(self, audio: Audio) -> Audio:
        """At the model's rate: whole hops through encoder and decoder, the delay dropped."""
        model = self.model
        self._came += audio.shape[1]
        waiting = np.concatenate([self._waiting, audio], axis=1)
        whole = waiting.shape[1] // model.hop * model.hop
        self._waiting = waiting[:, whole:]
        parts = [np.zeros((model.channels, 0), dtype=np.float32)]
        for start in range(0, whole, _FRAMES * model.hop):
            heard = np.ascontiguousarray(waiting[:, start : min(whole, start + _FRAMES * model.hop)])
            parts.append(self._decoder(self._alter(self._encoder(heard))))
        sound = np.concatenate(parts, axis=1)
        self._went += sound.shape[1]
        drop = min(self._late, sound.shape[1])
        self._late -= drop
        return sound[:, drop:] * np.float32(self._gain)


class _Dry:
    """The input itself, at the result's rate."""

    def __init__(self, channels: int, settings: Transfer, sample_rate: int, to: int) -> None:
        self._gain = np.float32(db_to_gain(settings.input_gain_db) * (1.0 - settings.wet))
        self._resampling = Resampling(sample_rate, to, channels)

    def push(self, audio: Audio) -> Audio:
        return self._resampling(audio * self._gain)

    def finish(self) -> Audio:
        return self._resampling.finish()


class _Limited:
    """The kernel's limiter at -1 dBTP: what stays below comes out as it is."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._player, self._channels = Player(sample_rate, channels), channels
        self._player.feed(0, channels, _HOP)
        self._player.set(Controls((VoiceControls(),), Master(guard_db=0.0)))
        self._player.reset(1)
        self._waiting = np.zeros((channels, 0), dtype=np.float32)
        before = -(-sample_rate // 100 // _HOP) * _HOP  # the player fades its first 10 ms in
        self._drop = before + self._player.delay
        self.push(np.zeros((channels, before), dtype=np.float32))

    def push(self, audio: Audio) -> Audio:
        waiting = np.concatenate([self._waiting, audio], axis=1)
        whole = waiting.shape[1] // _HOP * _HOP
        self._waiting = waiting[:, whole:]
        parts = [np.zeros((self._channels, 0), dtype=np.float32)]
        for start in range(0, whole, _HOP):
            self._player.fill(0, waiting[:, start : start + _HOP])
            parts.append(self._player.render(_HOP))
        sound = np.concatenate(parts, axis=1)
        drop = min(self._drop, sound.shape[1])
        self._drop -= drop
        return sound[:, drop:]

    def finish(self) -> Audio:
        return self.push(np.zeros((self._channels, self._player.delay + _HOP), dtype=np.float32))


def _mixed(blocks: Iterable[Audio], branches: Sequence[Branch | _Dry], channels: int) -> Iterator[Audio]:
    """The branches added up, as far as all of them are ready."""
    queues = [np.zeros((channels, 0), dtype=np.float32) for _ in branches]

    def ready() -> Audio:
        size = min(queue.shape[1] for queue in queues)
        out = np.zeros((channels, size), dtype=np.float32)
        for i, queue in enumerate(queues):
            out += queue[:, :size]
            queues[i] = queue[:, size:]
        return out

    for block in blocks:
        for i, branch in enumerate(branches):
            queues[i] = np.concatenate([queues[i], fit_channels(branch.push(block), channels)], axis=1)
        yield ready()
    for i, branch in enumerate(branches):
        queues[i] = np.concatenate([queues[i], fit_channels(branch.finish(), channels)], axis=1)
    longest = max(queue.shape[1] for queue in queues)
    for i, queue in enumerate(queues):
        queues[i] = np.pad(queue, ((0, 0), (0, longest - queue.shape[1])))
    yield ready()


def _finished(mix: Iterator[Audio], limited: _Limited, samples: int) -> Iterator[Audio]:
    """Limited, and exactly so many samples."""
    left = samples
    for block in mix:
        sound = limited.push(block)[:, :left]
        left -= sound.shape[1]
        if sound.shape[1]:
            yield sound
    while left > 0:
        sound = limited.finish()[:, :left]
        left -= sound.shape[1]
        yield sound


def transfer(
    blocks: Iterable[Audio],
    samples: int,
    sample_rate: int,
    channels: int,
    parts: Sequence[Part],
    settings: Transfer = Transfer(),
) -> Rendering:
    """Get ready to transfer a sound of so many samples; nothing is heard until the blocks are asked for.

    blocks: (channels, any) each, values that are numbers. The result has the input's length, and two
    sides where a model or the dry share has two.
    Raises ModelMismatch or UsageError where models, sound and settings do not belong together.
    """
    _check(parts, channels, settings)
    to = settings.sample_rate or sample_rate
    if not LOWEST_RATE <= to <= HIGHEST_RATE:
        raise UsageError(
            f"The result would have {to} Hz; choose a rate from {LOWEST_RATE} to {HIGHEST_RATE} Hz (--rate)."
        )
    sides = max(part.model.channels for part in parts)
    branches: list[Branch | _Dry] = []
    if settings.wet > 0.0:
        level = 20 * math.log10(settings.wet)
        branches += [
            Branch(Part(part.model, part.gain_db + level), settings, sample_rate, to) for part in parts
        ]
    if settings.wet < 1.0:
        sides = max(sides, channels)
        branches.append(_Dry(channels, settings, sample_rate, to))
    sides = min(sides, 2)
    length = math.ceil(samples * to / sample_rate)
    sound = _finished(_mixed(blocks, branches, sides), _Limited(to, sides), length)
    return Rendering(to, sides, length, sound)
