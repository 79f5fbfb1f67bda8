"""Sound files in and out.

Files come from strangers: anything that cannot be read becomes a sentence, and a long file is read
block by block and only as far as it was asked for, so that it never fills the memory.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from isobath.errors import AudioError, SaveError
from isobath.types import Audio

Source = str | Path | bytes | BinaryIO
"""A path, a file's bytes, or a file open for reading."""

MOST_CHANNELS = 64
LOWEST_RATE, HIGHEST_RATE = 1000, 768_000
_BLOCK = 65536
_KINDS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24")}
_FLAC_RATE = 655_350
_LITTLE_BYTES = 1 << 20
"""Of room: a disk that has less takes no more sound."""


def _name(source: Source) -> str:
    return Path(source).name if isinstance(source, str | Path) else "This sound"


def _unreadable(name: str, why: str) -> AudioError:
    return AudioError(f"{name} cannot be read as a sound: {why}. Give a WAV, FLAC, OGG, MP3 or AIFF file.")


def _size(source: Source) -> int | None:
    if isinstance(source, bytes):
        return len(source)
    if isinstance(source, str | Path):
        try:
            return Path(source).stat().st_size
        except OSError as error:
            raise AudioError(f"{_name(source)} cannot be opened ({error.strerror}).") from error
    return None


def open_sound(source: Source) -> soundfile.SoundFile:
    """The file, open for reading and its header believed only within reason. Raises AudioError."""
    name = _name(source)
    if _size(source) == 0:
        raise AudioError(f"{name} is empty (0 bytes). Choose another file.")
    try:
        file = soundfile.SoundFile(BytesIO(source) if isinstance(source, bytes) else source)
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError, OSError) as error:
        raise _unreadable(name, "it is not an audio file, or a damaged one") from error
    if not 1 <= file.channels <= MOST_CHANNELS or not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
        file.close()
        raise _unreadable(name, f"it claims {file.channels} channels at {file.samplerate} Hz")
    return file


def read_blocks(source: Source, limit_seconds: float | None = None) -> Iterator[tuple[Audio, int]]:
    """The sound in blocks (channels, up to 65536) with its sample rate in Hz, up to the limit.

    Values that are no numbers become 0. A file that breaks off is read as far as it goes.
    Raises AudioError, also in the middle, where nothing at all could be read.
    """
    name = _name(source)
    with open_sound(source) as file:
        left = None if limit_seconds is None else int(limit_seconds * file.samplerate)
        nothing = True
        while left is None or left > 0:
            try:
                block = file.read(_BLOCK if left is None else min(_BLOCK, left), "float32", always_2d=True)
            except (soundfile.LibsndfileError, RuntimeError) as error:
                if nothing:
                    raise _unreadable(name, "its sound is damaged from the beginning") from error
                return
            if len(block) == 0:
                break
            nothing = False
            left = None if left is None else left - len(block)
            yield np.nan_to_num(block.T, nan=0.0, posinf=0.0, neginf=0.0), int(file.samplerate)
    if nothing and limit_seconds != 0:
        raise AudioError(f"{name} holds no sound (0 samples). Choose another file.")


def read_audio(source: Source, limit_seconds: float | None = None) -> tuple[Audio, int]:
    """The sound (channels, samples), at most so many seconds of it, and its sample rate in Hz.

    Raises AudioError where it is empty, no audio, or damaged from the beginning.
    """
    blocks, rate = [], 0
    for block, rate in read_blocks(source, limit_seconds):  # noqa: B007
        blocks.append(block)
    if not blocks:
        raise AudioError(f"{_name(source)}: {limit_seconds} seconds were asked for, which is no sound.")
    return np.ascontiguousarray(np.concatenate(blocks, axis=1)), rate


def write_blocks(path: str | Path, blocks: Iterable[Audio], sample_rate: int, channels: int) -> int:
    """Write a WAV or FLAC file (24 bits) block by block, whole or not at all; returns its samples.

    What lies beyond full scale is clipped and what is no number written as silence.
    Raises AudioError for another ending, SaveError where the disk refuses.
    """
    path = Path(path)
    kind, form = _kind(path)
    if kind == "FLAC" and (sample_rate > _FLAC_RATE or channels > 8):
        raise AudioError(f"FLAC holds at most 8 channels at {_FLAC_RATE} Hz. Write {path.stem}.wav instead.")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    samples = 0
    if path.exists() and not path.is_file():
        raise SaveError(f"{path} is there already, and it is no file to replace. Choose another name.")
    try:
        partial.touch()  # where that fails, the system says why; libsndfile would not
        with soundfile.SoundFile(partial, "w", sample_rate, channels, form, format=kind) as file:
            for block in blocks:
                file.write(np.clip(np.nan_to_num(block, nan=0.0), -1.0, 1.0).T)
                samples += block.shape[1]
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise SaveError(
            f"{path} could not be written ({_why(error, path)}). Make room, or choose another place."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return samples


def _why(error: OSError | soundfile.LibsndfileError, path: Path) -> str:
    """What the system says; libsndfile knows nothing of a full disk, so its room is asked."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    full = shutil.disk_usage(path.parent).free < _LITTLE_BYTES
    return "no space left on the disk" if full else str(error).rstrip(".")


def _kind(path: Path) -> tuple[str, str]:
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise AudioError(
            f"A sound is written as .wav or .flac, not {path.suffix or 'without an ending'}: {path.name}."
        )
    return kind


def write_audio(path: str | Path, audio: Audio, sample_rate: int) -> None:
    """A whole sound (channels, samples) as WAV or FLAC, 24 bits."""
    write_blocks(path, [np.atleast_2d(audio)], sample_rate, np.atleast_2d(audio).shape[0])
