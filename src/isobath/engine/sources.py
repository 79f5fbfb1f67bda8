"""What comes in to a voice besides gestures: a sound, a recorded input, another voice, a dream.

The kernel does the listening; here is only what a host writes into it, sample by sample, so that
the page's worklet (web/src/audio/loop.ts) can write the same (docs/engine.md, Sound as input).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isobath.engine.apart import Apart, is_ours
from isobath.engine.controls import Controls
from isobath.engine.listening import OWN, listens
from isobath.engine.player import Player
from isobath.engine.resampling import Resampler
from isobath.engine.space import Placing, placing_of
from isobath.engine.takes import layers, round_of, samples_of
from isobath.engine.voices import Played, rate_of
from isobath.errors import PieceError
from isobath.models.coder import Model
from isobath.protocol.piece import Id, Piece, SoundId, Source, Take, Voice
from isobath.types import Audio

LoadSound = Callable[[SoundId, int], Audio]
"""A sound of the library at a sample rate in Hz, (1 or 2 channels, samples)."""

Dream = Iterator[NDArray[np.floating]]
"""Latents (dims,), frame after frame, for ever."""

DreamOf = Callable[[str, Source], Dream]
"""What a model's prior dreams, by the model's name, from the beginning."""

Heard = Callable[[int, int], Audio]
"""(first sample since the reset, how many) -> what comes in there, (2, samples)."""


def quantised(audio: NDArray[np.floating]) -> Audio:
    """Live input as it is heard and kept: rounded to 24 bits, what is no number is silence."""
    scaled = np.floor(np.asarray(audio, dtype=np.float64) * 8388608.0 + 0.5)
    whole = np.clip(np.nan_to_num(scaled, nan=0.0), -8388608, 8388607)
    return np.asarray(whole / 8388608.0, dtype=np.float32)


def both_sides(audio: Audio) -> Audio:
    """One channel on both sides; of more than two, the first two."""
    return np.repeat(audio, 2, axis=0) if audio.shape[0] == 1 else audio[:2]


@dataclass(frozen=True, eq=False)
class Looped:
    """A sound, over and over."""

    audio: Audio
    """(2, samples), at least one."""

    def __call__(self, start: int, samples: int) -> Audio:
        at = np.arange(start, start + samples) % self.audio.shape[1]
        return self.audio[:, at]


@dataclass(frozen=True, eq=False)
class Recorded:
    """What came in while a take was recorded; silence after its end."""

    audio: Audio
    """(2, samples)."""
    length: float
    """Samples of the take; of a loop in time they are seldom whole."""
    loop: bool = False
    """It begins again with the take."""

    def __call__(self, start: int, samples: int) -> Audio:
        at = np.arange(start, start + samples)
        if self.loop and self.length > 0:
            at = np.floor(at % self.length).astype(np.int64)
        there = at < self.audio.shape[1]
        out = np.zeros((2, samples), dtype=np.float32)
        out[:, there] = self.audio[:, at[there]]
        return out


class Brought:
    """What comes in, at another rate: heard in order, from the beginning on, a resampler's delay late."""

    def __init__(self, heard: Heard, rate: int, to: int) -> None:
        self._heard, self._resampler, self._taken = heard, Resampler(rate, to, 2), 0

    def __call__(self, start: int, samples: int) -> Audio:
        if start == 0:
            self._resampler.reset()
            self._taken = 0
        wanted = self._resampler.wanted(samples)
        came = self._heard(self._taken, wanted)
        self._taken += wanted
        return self._resampler(came, samples)


def silence(_start: int, samples: int) -> Audio:
    """Nothing comes in."""
    return np.zeros((2, samples), dtype=np.float32)


def recorded_input(
    take: Take, takes: Sequence[Take], rate: int, load_sound: LoadSound | None, loop: bool = False
) -> Heard | None:
    """The input of a take, or of the nearest take below it that has one; None where none has. `loop`:
    the take itself is played over and over."""
    for below, each in enumerate(layers(take, takes)):
        if each.input is None:
            continue
        if load_sound is None:
            raise PieceError(f'The take "{take.name}" plays with recorded sound, which is not here.')
        length = round_of(each, rate) or samples_of(each, rate)
        return Recorded(both_sides(load_sound(each.input, rate)), length, each.loop if below > 0 else loop)
    return None


@dataclass(frozen=True, eq=False)
class Sources:
    """Everything that comes in, by slot."""

    heard: dict[int, Heard]
    """Voices that hear something written by the host: at the player's rate; those made apart, at their
    model's."""
    others: dict[int, int]
    """Voices that hear another one, and its slot."""
    dreams: dict[int, Callable[[], Dream]]
    aparts: dict[int, Apart] = field(default_factory=dict)
    """Voices whose models no kernel plays: their hops are made apart and fed."""
    placing: Placing | None = None
    """Where everything stands, in a world that places it."""

    def attach(self, player: Player, controls: Controls) -> None:
        """Give every voice that listens its ear, set those that are fed, and place them. Before the player's
        controls."""
        if self.placing is not None:
            player.place(self.placing)
        for slot, apart in self.aparts.items():
            apart.set(controls.voices[slot])
        for slot in self.heard.keys() - self.aparts.keys():
            player.listen(slot, OWN)
        for slot, other in self.others.items():
            player.listen(slot, other)


NOBODY = Sources({}, {}, {})


def sources_of(
    piece: Piece,
    take: Take,
    voices: Sequence[Played],
    load_sound: LoadSound | None,
    dream_of: DreamOf | None,
    sample_rate: int | None = None,
) -> Sources:
    """Where the voices of a piece listen while a take is played.

    sample_rate: the player's, Hz; None: the piece's own.
    Raises PieceError where a sound, a voice or a prior that is listened to is not there.
    """
    rate = sample_rate or rate_of(voices)
    slots: dict[Id, int] = {}
    for slot, voice in enumerate(piece.voices):
        slots.setdefault(voice.id, slot)
    lead = voices[0].model if voices else None
    frame = 0.0 if lead is None else lead.hop / lead.sample_rate
    found = Sources({}, {}, {}, placing=placing_of(piece, frame, rate, load_sound))
    for slot, voice in enumerate(piece.voices):
        kind = voice.source.kind
        if kind == "sound":
            found.heard[slot] = _sound(voice, rate, load_sound)
        elif kind == "input":
            found.heard[slot] = recorded_input(take, piece.takes, rate, load_sound) or silence
        elif kind == "voice" and voice.source.voice in slots:
            found.others[slot] = slots[voice.source.voice]
        elif kind == "prior":
            found.dreams[slot] = _dream(voice, dream_of)
        elif listens(voice.source):
            found.heard[slot] = silence
        if slot in found.heard:
            found.heard[slot] = heard_by(voices[slot].model, found.heard[slot], rate)
        if not is_ours(voices[slot].model):
            found.aparts[slot] = _apart(voices[slot], voice)
    return found


def heard_by(model: Model, heard: Heard, rate: int) -> Heard:
    """What a model hears of what comes in at the player's rate: made apart, it hears it at its own."""
    return heard if is_ours(model) or model.sample_rate == rate else Brought(heard, rate, model.sample_rate)


def _apart(played: Played, voice: Voice) -> Apart:
    if voice.source.kind == "voice":
        raise PieceError(
            f"A voice on {played.model.name} cannot listen to another voice, for its model is another "
            "program's. Import the model into Isobath's own format, or choose another source."
        )
    return Apart(played.model)


def _sound(voice: Voice, rate: int, load_sound: LoadSound | None) -> Heard:
    if voice.source.sound is None:
        return silence
    if load_sound is None:
        raise PieceError(
            f"A voice of this piece plays with the sound {voice.source.title}, which is not here."
        )
    audio = both_sides(load_sound(voice.source.sound, rate))
    return Looped(audio) if audio.shape[1] else silence


def _dream(voice: Voice, dream_of: DreamOf | None) -> Callable[[], Dream]:
    if dream_of is None:
        raise PieceError(
            f"A voice of this piece is dreamed by the prior of {voice.model}, and there is none here. "
            "Train one with isobath prior, or choose another source."
        )
    source = voice.source
    return lambda: dream_of(voice.model, source)
