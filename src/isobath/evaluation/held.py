"""What a latent does when it rests, which is what a performer hears between two gestures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.types import Audio

from .distances import decibels, log_mel
from .figures import Figures, figure
from .player import Player, hold

Floats = NDArray[np.floating[Any]]


def comb_share(audio: Floats, period: int) -> float:
    """Share of energy that is periodic in `period` samples: energy of the mean period."""
    whole = audio[: len(audio) // period * period].reshape(-1, period).astype(np.float64)
    return float(np.mean(whole.mean(axis=0) ** 2) / (np.mean(whole**2) + 1e-20))


def buzz(model: Player, bases: Floats) -> Figures:
    """How much of a held latent repeats every hop, which is heard as a buzz at the frame rate."""
    sounds = hold(model, bases, 1.0)[:, 0, model.sample_rate // 4 :]
    share = float(np.mean([comb_share(sound, model.hop) for sound in sounds]))
    return {"hop_buzz": figure(share, "share of energy that repeats every hop")}


def silence(model: Player, seconds: float = 2.0) -> Figures:
    """Level of what is made of nothing, after the network has settled (0.3 s)."""
    audio = np.zeros((model.channels, int(seconds * model.sample_rate)), np.float32)
    out = model.decode(model.encode(audio))[:, int(0.3 * model.sample_rate) :]
    return {"silence": figure(10 * np.log10(np.mean(out**2) + 1e-20), "dBFS RMS")}


def stillness(model: Player, audio: Audio, latent: Floats, every: float = 1.0) -> list[float]:
    """dB of log-mel between latents held and the moments they were taken from, audible ones only."""
    rate, hop, size = model.sample_rate, model.hop, 2048
    last = latent.shape[1] - int(0.5 * rate / hop)
    picks = np.arange(int(0.5 * rate / hop), last, max(1, int(every * rate / hop)))
    moments = []
    for pick in picks:
        middle = pick * hop + hop // 2 - model.delay
        moments.append(audio[:, max(0, middle - size // 2) : max(0, middle + size // 2)])
    kept = [i for i, m in enumerate(moments) if m.shape[1] == size and np.mean(m**2) >= 1e-6]
    if not kept:
        return []
    sounds = hold(model, latent.T[picks[kept]], 0.5)[:, :, rate // 4 :]
    found = []
    for i, sound in zip(kept, sounds, strict=True):
        made = 0.5 * np.log(np.exp(2 * log_mel(sound, rate)).mean(axis=2))
        found.append(decibels(log_mel(moments[i], rate).mean(axis=2) - made))
    return found
