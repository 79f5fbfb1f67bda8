"""Models of sound as the instruments of a jam: `drums` plays the kit, `guitar` the melody.

A hit of our own kit is the prototype: its encoder says which way through the latents such a hit takes, as
hard as it was, and what the decoder makes of that way is the sound. It begins on its sample, for the way is
known from its beginning to its end, and is as loud as its prototype. A guitar that learned some pitches
better than others is asked for the nearest one it plays in tune, and that is brought to the pitch wanted.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isobath.models.coder import Model, load
from isobath.sound import kit, pluck
from isobath.sound.kit import FADE_SECONDS, Samples
from isobath.sound.pitch import pitch as pitch_of
from isobath.sound.resampling import resample

DRUMS, MELODY = "drums", "guitar"
BEFORE_SECONDS, AFTER_SECONDS = 0.1, 0.2
"""Silence that the models hear around a prototype."""
BEGIN_SECONDS = 0.0005
"""In which a sound comes up on its sample."""
END_SHARE = 0.25
"""Of a sound, in which it dies away to nothing."""
QUIETER, LOUDER = 0.25, 8.0
"""What a sound is brought to its prototype's loudness by, at most."""
PEAK = 1.2
"""No sound is beyond this, however short its beginning: the mixer bends what is over 0.95."""
NEIGHBOURS = (0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5)
"""Semitones away at which a prototype is looked for."""
IN_TUNE_CENTS = 700.0
"""A prototype that is played this far off is none: the octave above or below is another note."""
STEADY_CENTS = 25.0
LOWEST, HIGHEST = 33, 91
"""MIDI pitches that are looked for; beyond, the nearest is bent further."""
HELD_SECONDS = 2.5


@lru_cache(maxsize=2)
def instrument(name: str) -> Model:
    """A bundled model of sound."""
    return load(Path(str(resources.files("isobath.models") / "bundled" / f"{name}.safetensors")))


@lru_cache(maxsize=512)
def hit(piece: int, force: float, rate: int, tune: float = 1.0) -> Samples:
    """A hit as the drums' model plays it, (samples,), as `kit.hit` gives its own."""
    model = instrument(DRUMS)
    own = kit.hit(piece, force, model.sample_rate, tune)
    return _at_rate(_ended(_played(model, own), model.sample_rate), model.sample_rate, rate)


@lru_cache(maxsize=256)
def note(pitch: int, force: float, seconds: float, rate: int, tune: float = 1.0) -> Samples:
    """A note as the guitar's model plays it, (samples,), as `pluck.note` gives its own."""
    held = min(max(seconds, 0.02), HELD_SECONDS)
    whole = _string(pitch, force, tune)
    native = instrument(MELODY).sample_rate
    t = np.arange(min(len(whole), int((held + 6 * pluck.RELEASE_SECONDS) * native))) / native
    sound = whole[: len(t)].astype(np.float64) * np.exp(-np.maximum(t - held, 0.0) / pluck.RELEASE_SECONDS)
    return _at_rate(_ended(sound, native, 0.0), native, rate)


@lru_cache(maxsize=64)
def _string(pitch: int, force: float, tune: float) -> Samples:
    """A string that is held, at the model's rate, in tune."""
    wanted = 440.0 * 2.0 ** ((pitch - 69) / 12.0) * tune
    best: tuple[float, Samples, float] | None = None
    for away in NEIGHBOURS:
        found = _prototype(min(HIGHEST, max(LOWEST, pitch + away)), force)
        if found is None:
            continue
        sound, hertz = found
        bent = abs(1200.0 * np.log2(hertz / wanted))
        if best is None or bent < best[0]:
            best = float(bent), sound, hertz
        if bent < 100.0:
            break
    if best is None:  # nothing near has a pitch: our own string
        return pluck.note(pitch, force, HELD_SECONDS, instrument(MELODY).sample_rate, tune)
    _, sound, hertz = best
    native = instrument(MELODY).sample_rate
    return np.array(resample(sound[None], native, round(native * hertz / wanted))[0], np.float32)


@lru_cache(maxsize=256)
def _prototype(pitch: int, force: float) -> tuple[Samples, float] | None:
    """What the guitar makes of a string of ours, and its pitch in Hz; None where it has none of its own."""
    model = instrument(MELODY)
    rate = model.sample_rate
    sound = _played(model, pluck.note(pitch, force, HELD_SECONDS, rate))
    told = [pitch_of(sound[at : at + rate // 12], rate) for at in range(rate // 20, rate // 2, rate // 20)]
    heard = [each for each in told if each is not None]
    if len(heard) < 5:
        return None
    hertz = float(np.median(heard))
    cents = 1200.0 * np.abs(np.log2(np.asarray(heard) / hertz))
    off = abs(1200.0 * np.log2(hertz / (440.0 * 2.0 ** ((pitch - 69) / 12.0))))
    if np.median(cents) >= STEADY_CENTS or off >= IN_TUNE_CENTS:
        return None
    return sound.astype(np.float32), hertz


def _played(model: Model, own: Samples) -> NDArray[np.float64]:
    """What a model makes of a sound, from its first sample on, as loud as it."""
    rate = model.sample_rate
    before, after = round(BEFORE_SECONDS * rate), round(AFTER_SECONDS * rate)
    heard = np.concatenate([np.zeros(before), own, np.zeros(after)]).astype(np.float32)
    made = np.atleast_2d(model.decode(model.encode(heard, rate)))[0].astype(np.float64)
    first = before + model.delay
    sound = made[first : first + len(own)]
    loud = float(np.sqrt(np.mean(np.square(own, dtype=np.float64))))
    made_loud = float(np.sqrt(np.mean(np.square(sound)))) if len(sound) else 0.0
    gain = min(LOUDER, max(QUIETER, loud / max(made_loud, 1e-9)))
    peak = float(np.abs(sound).max(initial=0.0))
    return np.asarray(sound * min(gain, PEAK / max(peak, 1e-9)))


def _ended(sound: NDArray[np.float64], rate: int, share: float = END_SHARE) -> NDArray[np.float64]:
    """It comes up on its sample, and dies away."""
    begin, fade = max(1, int(BEGIN_SECONDS * rate)), max(int(FADE_SECONDS * rate), int(share * len(sound)))
    ended = sound.copy()
    ended[:begin] *= np.arange(1, begin + 1)[: len(ended)] / begin
    ended[-fade:] *= (1.0 - np.arange(1, fade + 1) / fade)[-len(ended) :]
    return ended


def _at_rate(sound: NDArray[np.float64], native: int, rate: int) -> Samples:
    made = np.array(resample(sound.astype(np.float32)[None], native, rate)[0], np.float32)
    made.flags.writeable = False
    return made
