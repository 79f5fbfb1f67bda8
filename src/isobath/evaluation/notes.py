"""Whether notes are still in tune after a model: labelled ones, or those a tracker hears."""

from __future__ import annotations

import numpy as np

from isobath.types import Audio

from .hearing import pitch
from .player import Player, hold
from .recordings import Note, Recording

CENTS = 50.0
_CLEAR = 0.15
"""Aperiodicity below which a frame of the source counts as pitched."""


def alone(notes: tuple[Note, ...], shortest: float = 0.12) -> list[Note]:
    """Notes long enough to have a pitch, while nothing else sounds."""
    long = [n for n in notes if n.end - n.start > shortest]
    return [n for n in long if not any(_overlap(n, other) for other in notes if other is not n)]


def _overlap(note: Note, other: Note) -> bool:
    return other.start < note.end - 0.03 and other.end > note.start + 0.03


def error_cents(audio: Audio, sample_rate: int, note: Note) -> float | None:
    """How far a note is out of tune: the median of its pitched frames from 30 ms after the onset, at
    most a second; None where fewer than a fifth of the frames are pitched."""
    start, end = int((note.start + 0.03) * sample_rate), int(min(note.end, note.start + 1.0) * sample_rate)
    hz, _ = pitch(audio[:, start:end].mean(axis=0), sample_rate, hop=256)
    return _off(hz, note.midi)


def _off(hz: np.ndarray, midi: float) -> float | None:
    pitched = hz[hz > 0]
    if len(pitched) < max(1, len(hz) // 5):
        return None
    return float(1200 * abs(np.log2(float(np.median(pitched)) / 440) + (69 - midi) / 12))


def held_errors(
    model: Player, recording: Recording, latent: np.ndarray, at: float = 0.25
) -> list[float | None]:
    """The same for one latent, taken `at` seconds after a note's onset and held alone for 0.8 s."""
    notes = [n for n in alone(recording.notes or ()) if n.end - n.start > at]
    picks = [int((n.start + at) * model.sample_rate / model.hop) for n in notes]
    kept = [(n, p) for n, p in zip(notes, picks, strict=True) if p < latent.shape[1]]
    if not kept:
        return []
    sounds = hold(model, latent.T[[p for _, p in kept]], 0.8)
    settled = int(0.3 * model.sample_rate)
    found = []
    for (note, _), audio in zip(kept, sounds, strict=True):
        hz, _ = pitch(audio[:, settled:].mean(axis=0), model.sample_rate, hop=512)
        found.append(_off(hz, note.midi))
    return found


def frame_errors(source: Audio, out: Audio, sample_rate: int) -> np.ndarray:
    """Without labels: cents between the two at each clearly pitched frame of the source (nan: lost)."""
    hop = 1024
    true, doubt = pitch(source.mean(axis=0), sample_rate, hop)
    made, _ = pitch(out.mean(axis=0), sample_rate, hop)
    n = min(len(true), len(made))
    level = np.array([np.mean(source[:, i * hop : (i + 2) * hop] ** 2) for i in range(n)])
    clear = (true[:n] > 0) & (doubt[:n] < _CLEAR) & (level > 1e-5)
    with np.errstate(divide="ignore", invalid="ignore"):
        cents = 1200 * np.abs(np.log2(made[:n] / true[:n]))
    return np.where(np.isfinite(cents), cents, np.nan)[clear]
