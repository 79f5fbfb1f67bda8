"""How a stage is to run, how it stands, and what its meters say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isobath.protocol.piece import Id

State = Literal["starting", "playing", "lost", "stopped"]


@dataclass(frozen=True)
class Settings:
    """How a stage runs."""

    device: str = ""
    """Its name, part of it, `null` or `file:PATH`; empty: the default one."""
    rate: int = 0
    """Of the device, Hz; 0: the piece's."""
    block: int = 256
    """Frames the device asks for at once; JACK decides itself."""
    ahead: int = 128
    """Frames that the workers are ahead of the next block, against what holds them up."""
    spare: bool = True
    """A second worker, ready to take over."""
    samples: int = 0
    """For a file: its length."""


@dataclass(frozen=True)
class Status:
    """The stage at one moment."""

    state: State
    sentence: str
    """What is the matter, for the musician; empty where nothing is."""
    device: str
    rate: int
    """Of the piece, Hz."""
    device_rate: int
    block: int
    latency_ms: float
    """From a gesture to the ear: the next frame, what lies ahead, the limiter, the device; without the
    wait for the frame."""
    load: float
    """Share of the time that making the sound takes, 0..1."""
    underruns: int
    takeovers: int
    xruns: int
    missing_ms: float
    """Silence because nobody had sound ready, in all."""
    spare: bool
    """The second worker is ready."""
    seconds: float
    """Played."""
    take: Id | None = None
    """The one that is played."""
    recording: bool = False
    """One is recorded, or waits for its bar."""
    frozen: bool = False
    faded: bool = False
    """The master is out, or on its way."""


@dataclass(frozen=True, eq=False)
class StageMeters:
    """What is heard, newest first."""

    peak: tuple[float, float]
    """Of what went to the device since last read."""
    rms: tuple[float, float]
    limiter_db: float
    guard_db: float
    clamped: float
    scrubbed: int
    input_peak: tuple[float, float]
    latents: tuple[NDArray[np.float32], ...]
    """(128,) per voice, zeros beyond its model's dimensions."""
    position: int
    """Samples since the last beginning."""
