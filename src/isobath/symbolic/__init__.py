"""Music as notes: bars of drums and melodies, MIDI files, and the models that play them (paper 003)."""

from isobath.symbolic.bars import Bars, Drums, Melody, drums_of, drums_of_hits, melody_of, to_midi
from isobath.symbolic.midi import read_midi
from isobath.symbolic.model import BUNDLED, SymbolicModel, is_bars, load

__all__ = [
    "BUNDLED", "Bars", "Drums", "Melody", "SymbolicModel", "drums_of", "drums_of_hits",
    "is_bars", "load", "melody_of", "read_midi", "to_midi",
]  # fmt: skip
