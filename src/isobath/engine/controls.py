"""What the performer has set, as one frozen snapshot. The newest is heard; nobody queues old ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from isobath.protocol.piece import BarsPlayed, Master, Piece, Shaping, Source, Voice
from isobath.units import db_to_gain


@dataclass(frozen=True)
class VoiceControls:
    """One voice: shaping of its latents, level and place, and how it meets its source."""

    shaping: Shaping = field(default_factory=Shaping)
    gain_db: float = 0.0
    pan: float = 0.0
    """-1 left, 1 right."""
    muted: bool = False
    source: Source = field(default_factory=Source)
    bars: BarsPlayed = field(default_factory=BarsPlayed)
    bpm: float = 120.0
    """Of the piece; heard by voices on models of bars."""

    @property
    def gain(self) -> float:
        """Linear; 0 when muted."""
        return 0.0 if self.muted else db_to_gain(self.gain_db)

    @staticmethod
    def of(voice: Voice, somebody_solo: bool = False, bpm: float = 120.0) -> VoiceControls:
        """The controls a piece keeps for a voice; `somebody_solo`: only voices that have solo are heard."""
        muted = voice.muted or (somebody_solo and not voice.solo)
        return VoiceControls(voice.shaping, voice.gain_db, voice.pan, muted, voice.source, voice.bars, bpm)


@dataclass(frozen=True)
class Controls:
    """All voices by slot, and the last things before the ear."""

    voices: tuple[VoiceControls, ...] = ()
    master: Master = field(default_factory=Master)

    @staticmethod
    def of(piece: Piece) -> Controls:
        """The controls a piece keeps."""
        solo = any(voice.solo for voice in piece.voices)
        bpm = piece.tempo.bpm
        return Controls(tuple(VoiceControls.of(voice, solo, bpm) for voice in piece.voices), piece.master)
