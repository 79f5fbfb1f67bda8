"""What the performer has set, as one frozen snapshot. The newest is heard; nobody queues old ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from isobath.protocol.piece import Master, Piece, Shaping, Voice
from isobath.units import db_to_gain


@dataclass(frozen=True)
class VoiceControls:
    """One voice: shaping of its latents, level and place."""

    shaping: Shaping = field(default_factory=Shaping)
    gain_db: float = 0.0
    pan: float = 0.0
    """-1 left, 1 right."""
    muted: bool = False

    @property
    def gain(self) -> float:
        """Linear; 0 when muted."""
        return 0.0 if self.muted else db_to_gain(self.gain_db)

    @staticmethod
    def of(voice: Voice) -> VoiceControls:
        """The controls a piece keeps for a voice."""
        return VoiceControls(voice.shaping, voice.gain_db, voice.pan, voice.muted)


@dataclass(frozen=True)
class Controls:
    """All voices by slot, and the last things before the ear."""

    voices: tuple[VoiceControls, ...] = ()
    master: Master = field(default_factory=Master)

    @staticmethod
    def of(piece: Piece) -> Controls:
        """The controls a piece keeps."""
        return Controls(tuple(VoiceControls.of(voice) for voice in piece.voices), piece.master)
