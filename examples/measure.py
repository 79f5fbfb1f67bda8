"""Measures the examples that come with Isobath, so that the first playing of one sounds as every later one.

    python examples/measure.py

Adds to each piece what the page has measured once a piece was opened: the safety map of every voice that
does not play in bars, and the ground of a world. What is there already and still holds is kept.
"""

import time
from pathlib import Path

import msgspec

from isobath.engine.foresight import fits_together
from isobath.engine.land import land_fingerprint, survey_land
from isobath.engine.surveying import fingerprint, surveyed
from isobath.engine.voices import leaders, voices_of
from isobath.library.load import load_voice
from isobath.protocol.piece import Piece, Voice
from isobath.protocol.world import WalkAxes

HERE = Path(__file__).parents[1] / "src" / "isobath" / "library" / "examples"


def leader_of(piece: Piece, voice: Voice) -> Voice | None:
    """Whom a voice follows in the end."""
    ahead = leaders(piece.voices).get(voice.id)
    return next((each for each in piece.voices if each.id == ahead), None)


def with_maps(piece: Piece) -> Piece:
    """The piece with a safety map for every voice that can have one."""
    played, voices = voices_of(piece, load_voice), []
    for slot, voice in enumerate(piece.voices):
        of = fingerprint(voice, leader_of(piece, voice), len(piece.axes))
        known = voice.safety
        if known is None or known.of != of or not fits_together(known):
            known = surveyed(piece.voices, played, slot, len(piece.axes))
        voices.append(msgspec.structs.replace(voice, safety=known))
    return msgspec.structs.replace(piece, voices=tuple(voices))


def resting(piece: Piece, along: WalkAxes) -> tuple[float, ...]:
    """Where the axes lie while the ground is measured: the height in its middle, the others at rest."""
    return tuple(0.5 if axis.id == along.y else axis.rest for axis in piece.axes)


def with_land(piece: Piece) -> Piece:
    """The piece with its ground measured, by the first voice."""
    world = piece.world
    if world is None:
        return piece
    voice, ids, rest = (
        piece.voices[0],
        tuple(axis.id for axis in piece.axes),
        resting(piece, world.axes),
    )
    leader = leader_of(piece, voice)
    if world.land is not None and world.land.of == land_fingerprint(voice, leader, world, ids, rest):
        return piece
    found = survey_land(voice, voices_of(piece, load_voice)[0], world, ids, rest, leader)
    return msgspec.structs.replace(piece, world=msgspec.structs.replace(world, land=found))


def main() -> None:
    """Every example, in place."""
    for path in sorted(HERE.glob("*.json")):
        began = time.perf_counter()
        piece = msgspec.json.decode(path.read_bytes(), type=Piece)
        measured = with_land(with_maps(piece))
        path.write_bytes(msgspec.json.encode(measured) + b"\n")
        print(f"{path.name}: {time.perf_counter() - began:.1f} s, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
