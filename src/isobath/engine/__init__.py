"""The engine: voices, controls and the one loop from gesture to sound."""

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import Meters, Player
from isobath.engine.rendering import Rendering, find_take, render_piece, rendering

__all__ = [
    "Controls",
    "Meters",
    "Player",
    "Rendering",
    "VoiceControls",
    "find_take",
    "render_piece",
    "rendering",
]
