"""A take of a piece as sound, without a browser: what the page plays, to 1e-4."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from isobath.engine.controls import Controls
from isobath.engine.loop import aligned, player_of, sound
from isobath.engine.path import Path
from isobath.engine.scenes import stations
from isobath.engine.sources import DreamOf, LoadSound, sources_of
from isobath.engine.takes import TakeReader
from isobath.engine.voices import LoadModel, voices_of
from isobath.errors import PieceError
from isobath.protocol.piece import Id, Piece, Take
from isobath.types import Audio

Progress = Callable[[float], None]
"""Called with the share that is done, 0..1."""
_BLOCK = 16384


@dataclass(frozen=True)
class Rendering:
    """A take being rendered: what it will be, and its sound block by block."""

    sample_rate: int
    channels: int
    samples: int
    blocks: Iterator[Audio]
    """(channels, up to 16384) each; can be walked once."""


def find_take(piece: Piece, wanted: Id | str | None = None) -> Take:
    """A take of a piece by id or name; None: the last one recorded. Raises PieceError."""
    if not piece.takes:
        raise PieceError(f'"{piece.name}" has no takes yet. Record one in the page: Play, then Record take.')
    if wanted is None:
        return piece.takes[-1]
    found = next((each for each in piece.takes if each.id == wanted), None) or next(
        (each for each in reversed(piece.takes) if each.name == wanted), None
    )
    if found is None:
        names = ", ".join(f'"{each.name}"' for each in piece.takes)
        raise PieceError(f'"{piece.name}" has no take called "{wanted}". It has: {names}.')
    return found


def rendering(
    piece: Piece,
    take: Take,
    load_model: LoadModel,
    channels: int = 2,
    load_sound: LoadSound | None = None,
    dream_of: DreamOf | None = None,
) -> Rendering:
    """Get ready to render a take once through; nothing sounds until its blocks are asked for.

    The piece is played as it is now: its voices, mappings, shaping, sources and master. `load_sound`
    and `dream_of` are needed only where a voice listens to a sound or dreams.
    Raises PieceError, ModelError, AudioError or MappingError where its parts do not fit together.
    """
    way = stations(piece, take)
    piece = way[0].piece if way else piece
    voices = voices_of(piece, load_model)
    sources = sources_of(piece, take, voices, load_sound, dream_of)
    player = player_of(voices, Controls.of(piece), channels, sources)
    gesture = TakeReader(take, piece.axes, player.sample_rate, piece.takes)
    if len(way) > 1:
        path = Path(way, [voices, *(voices_of(each.piece, load_model) for each in way[1:])])
        made = path.sound(player, gesture, take, sources)
    else:
        made = sound(player, voices, gesture, take.seed, sources)
    stretches = aligned(made, player.delay, gesture.samples)
    return Rendering(player.sample_rate, channels, gesture.samples, gathered(stretches))


def gathered(stretches: Iterator[Audio]) -> Iterator[Audio]:
    """The same sound in larger blocks."""
    kept: list[Audio] = []
    size = 0
    for stretch in stretches:
        kept.append(stretch)
        size += stretch.shape[1]
        if size >= _BLOCK:
            yield np.concatenate(kept, axis=1)
            kept, size = [], 0
    if kept:
        yield np.concatenate(kept, axis=1)


def render_piece(
    piece: Piece,
    take: Take,
    load_model: LoadModel,
    progress: Progress | None = None,
    load_sound: LoadSound | None = None,
    dream_of: DreamOf | None = None,
) -> Audio:
    """A whole take, (2, samples). For long ones walk `rendering(...)` and write as you go."""
    work = rendering(piece, take, load_model, load_sound=load_sound, dream_of=dream_of)
    blocks: list[Audio] = [np.zeros((work.channels, 0), dtype=np.float32)]
    done = 0
    for block in work.blocks:
        blocks.append(block)
        done += block.shape[1]
        if progress is not None:
            progress(done / work.samples)
    return np.concatenate(blocks, axis=1)
