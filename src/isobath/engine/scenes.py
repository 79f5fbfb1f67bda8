"""Scenes: what a piece becomes when one is recalled, and the way of a take through them.

The page does the same (web/src/state/scenes.ts); docs/engine.md, "Scenes", is what the two agree on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from isobath.engine.player import VOICES
from isobath.protocol.piece import Id, Piece, Scene, Take, Voice

LONGEST_MORPH = 60.0
"""Seconds."""


def find_scene(piece: Piece, scene: Id | None) -> Scene | None:
    """A scene of a piece."""
    return next((each for each in piece.scenes if each.id == scene), None)


def neighbour(piece: Piece, step: int) -> Scene | None:
    """The scene that a step, 1 or -1, leads to; None at the end."""
    at = next((i for i, each in enumerate(piece.scenes) if each.id == piece.scene), None)
    if at is None:
        return piece.scenes[0] if piece.scenes and step > 0 else None
    return piece.scenes[at + step] if 0 <= at + step < len(piece.scenes) else None


def recalled(piece: Piece, scene: Scene) -> Piece:
    """The piece with the voices of a scene. None is taken away: those that the scene lacks are muted, and
    those that the piece lacks are added, as far as there is room, so that one fades while another comes."""
    kept = {voice.id: voice for voice in scene.voices if _fits(voice, piece)}
    voices = [
        kept.pop(voice.id)
        if voice.id in kept and kept[voice.id].model == voice.model
        else msgspec.structs.replace(voice, muted=True, solo=False)
        for voice in piece.voices
    ]
    taken = {voice.id for voice in voices}
    for voice in kept.values():
        if voice.id not in taken and len(voices) < VOICES:
            voices.append(voice)
    return msgspec.structs.replace(piece, voices=tuple(voices), scene=scene.id, recalls=piece.recalls + 1)


def _fits(voice: Voice, piece: Piece) -> bool:
    """A scene from before an axis came or went plays what it still can: its mapping is learned anew."""
    return all(len(each.point) == len(piece.axes) for each in voice.demonstrations)


def morph_seconds(before: Piece, after: Piece) -> float | None:
    """How long the way from one piece to the next takes; None where no scene was recalled."""
    if before.recalls == after.recalls:
        return None
    scene = find_scene(after, after.scene)
    return 0.0 if scene is None else min(max(scene.morph_seconds, 0.0), LONGEST_MORPH)


@dataclass(frozen=True)
class Station:
    """From a frame of the take on, the piece as it then is, reached in so many seconds."""

    frame: int
    piece: Piece
    seconds: float


def stations(piece: Piece, take: Take) -> tuple[Station, ...]:
    """The way of a take through scenes, all with the same voices in the same order, the first at frame 0;
    empty where it has none. Scenes that are gone are passed over."""
    changes = sorted(take.scenes, key=lambda each: each.frame)
    found: list[Station] = []
    now = piece
    for change in changes:
        scene = find_scene(piece, change.scene)
        if scene is None:
            continue
        now = recalled(now, scene)
        found.append(Station(max(0, change.frame), now, change.seconds))
    if not found:
        return ()
    if found[0].frame > 0:
        found.insert(0, Station(0, piece, 0.0))
    return tuple(
        Station(each.frame, msgspec.structs.replace(each.piece, voices=_all(each.piece, now)), each.seconds)
        for each in found
    )


def widened(piece: Piece, take: Take) -> Piece:
    """The piece with all voices that a take's way through scenes brings, silent: what one player has to hold
    for the whole of it."""
    way = stations(piece, take)
    return piece if not way else msgspec.structs.replace(piece, voices=_all(piece, way[-1].piece))


def _all(piece: Piece, last: Piece) -> tuple[Voice, ...]:
    """The voices of a piece, and, silent, those that come later."""
    later = last.voices[len(piece.voices) :]
    return (*piece.voices, *(msgspec.structs.replace(each, muted=True, solo=False) for each in later))


def station_at(way: Sequence[Station], frame: int) -> int:
    """Index of the station that holds at a frame."""
    return max(0, bisect_right([each.frame for each in way], frame) - 1)
