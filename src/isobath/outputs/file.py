"""Sound into a file, as it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from isobath.engine.rendering import Rendering
from isobath.sound.files import write_blocks
from isobath.types import Audio

Progress = Callable[[float], None]


def write_rendering(path: str | Path, work: Rendering, progress: Progress | None = None) -> int:
    """Render a take into a WAV or FLAC file (24 bits), block by block; returns its samples.

    The file appears whole or not at all. Raises AudioError or SaveError.
    """
    return write_blocks(path, _watched(work, progress), work.sample_rate, work.channels)


def _watched(work: Rendering, progress: Progress | None) -> Iterator[Audio]:
    done = 0
    for block in work.blocks:
        yield block
        done += block.shape[1]
        if progress is not None:
            progress(done / work.samples)
