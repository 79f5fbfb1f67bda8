"""Any sound file as blocks of samples, never the whole of it.

libsndfile reads WAV, FLAC, OGG, MP3, AIFF and their kin. What it cannot read, such as M4A or the
sound of a film, is read by PyAV (`isobath[media]`), where that is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from isobath.corpora.finding import PLAIN
from isobath.errors import AudioError
from isobath.sound.files import open_sound
from isobath.types import Audio

BLOCK = 65536
"""Samples at a time."""

_CAREFUL = 1024

MEDIA = "pip install 'isobath[media]'"


@dataclass(frozen=True)
class Probe:
    """What a file's header says. seconds may be a guess, or 0 where nothing is said."""

    sample_rate: int
    channels: int
    seconds: float
    by_media: bool


def probe(path: Path) -> Probe:
    """Look at a file's header.

    Raises:
        AudioError: it holds no sound that can be decoded here.
    """
    try:
        with open_sound(path) as file:
            return Probe(int(file.samplerate), int(file.channels), len(file) / file.samplerate, False)
    except AudioError as refused:
        try:
            with _media(path) as container:
                stream = container.streams.audio[0]
                seconds = float(container.duration or 0) / 1e6
                return Probe(int(stream.rate), int(stream.channels), seconds, True)
        except AudioError:
            raise
        except ImportError:
            if path.suffix.lower() in PLAIN:
                raise refused from None
            raise AudioError(f"{path.name} cannot be read without PyAV: {MEDIA}") from None
        except Exception as error:  # PyAV's errors share no root that every version has
            raise AudioError(str(refused)) from error


def _media(path: Path) -> Any:
    import av

    container = av.open(str(path), metadata_errors="ignore")
    if not container.streams.audio:
        container.close()
        raise AudioError(f"{path.name} holds no sound")
    return container


def blocks(path: Path, head: Probe) -> Iterator[Audio]:
    """The sound in blocks (channels, up to 65536), at the file's own rate, values as they are.

    A file that breaks off is read as far as it goes.

    Raises:
        AudioError: nothing of it can be decoded.
    """
    source = _media_blocks(path) if head.by_media else _plain_blocks(path)
    heard = False
    for block in source:
        heard = heard or block.shape[1] > 0
        yield block
    if not heard:
        raise AudioError(f"{path.name} holds no sound (0 samples).")


def _plain_blocks(path: Path) -> Iterator[Audio]:
    done = 0
    for size in (BLOCK, _CAREFUL):  # a block that cannot be read whole is read in small pieces
        try:
            with open_sound(path) as file:
                file.seek(done)
                while len(block := file.read(size, "float32", always_2d=True)):
                    done += len(block)
                    yield np.ascontiguousarray(block.T)
            return
        except (soundfile.LibsndfileError, RuntimeError):
            continue


def _media_blocks(path: Path) -> Iterator[Audio]:
    import av

    waiting: list[Audio] = []
    count = 0
    with _media(path) as container:
        resampler = av.AudioResampler(format="fltp")
        try:
            for frame in container.decode(audio=0):
                for plain in resampler.resample(frame):
                    waiting.append(plain.to_ndarray())
                    count += waiting[-1].shape[1]
                if count >= BLOCK:
                    yield np.concatenate(waiting, axis=1)
                    waiting, count = [], 0
        except av.error.FFmpegError:
            pass  # what was heard up to here counts
    if waiting:
        yield np.concatenate(waiting, axis=1)
