"""The sounds a person plays with: sources of voices, and what came in while takes were recorded.

Each is kept once, as FLAC of 24 bits, under the hash of its content; pieces name it by that. A file
of 24 bits or fewer keeps its very samples, so that a take with live input replays to the sample.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from isobath.errors import AudioError, SaveError
from isobath.library.files import keep_by_content
from isobath.library.home import Home
from isobath.protocol.messages import SoundKept
from isobath.sound.files import open_sound, read_audio, read_blocks
from isobath.sound.loudness import Gated
from isobath.sound.resampling import resample
from isobath.types import Audio

SECONDS = 600.0
"""The longest sound that is kept: a page holds it whole in its memory."""

_BLOCK = 65536
_EXACT = {"PCM_S8", "PCM_U8", "PCM_16", "PCM_24"}
"""How files hold whole numbers of 24 bits or fewer."""
_HIGHEST_RATE = 192_000


class Sounds:
    """All sounds of one library."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def path(self, id: str) -> Path:
        """Where a sound is kept, if it is."""
        return self._home.heard / f"{id}.flac"

    def holds(self, id: str) -> bool:
        """Whether a sound is here."""
        return self.path(id).is_file()

    def take_in(self, source: Path) -> SoundKept:
        """Keep a sound file, its first two channels, at its own rate; `source` is left as it is.

        Raises:
            AudioError: it is no sound file, holds nothing, or is too long.
            SaveError: the disk refuses.
        """
        with source.open("rb") as file:  # open, so that no sentence names an upload's own file
            with open_sound(file) as sound:
                rate, channels = int(sound.samplerate), min(2, int(sound.channels))
                seconds, exact = sound.frames / rate, sound.subtype in _EXACT
            _check(seconds, rate)
            file.seek(0)
            gain = 1.0 if exact else _headroom(file)
            file.seek(0)
            part = self._part()
            try:
                with part.open("wb") as target:
                    _convert(file, target, rate, channels, None if exact else gain)
                return self.adopt(part)
            finally:
                part.unlink(missing_ok=True)

    def adopt(self, part: Path) -> SoundKept:
        """Keep a FLAC file as it is; what the sound is.

        Raises:
            AudioError: it is no sound.
            SaveError: the disk refuses.
        """
        with part.open("rb") as file:
            with open_sound(file) as sound:
                rate, channels, kind = int(sound.samplerate), int(sound.channels), sound.format
                _check(sound.frames / rate, rate)
            if kind != "FLAC" or channels > 2:
                raise AudioError(f"A sound is kept as FLAC of one or two channels, not {kind} of {channels}.")
            file.seek(0)
            gated, samples = Gated(rate), 0
            for block, _ in read_blocks(file):
                gated.hear(block)
                samples += block.shape[1]
        kept = keep_by_content(part, self._home.heard, ".flac")
        return SoundKept(
            id=kept.stem,
            seconds=samples / rate,
            sample_rate=rate,
            channels=channels,
            samples=samples,
            loudness=gated.integrated(),
        )

    def adopt_bytes(self, data: bytes) -> SoundKept:
        """The same for a file in memory."""
        part = self._part()
        try:
            part.write_bytes(data)
            return self.adopt(part)
        except OSError as error:
            raise SaveError(f"The sound could not be kept ({error.strerror}). Make room.") from error
        finally:
            part.unlink(missing_ok=True)

    def load(self, id: str, sample_rate: int) -> Audio:
        """A sound at a rate, (1 or 2 channels, samples).

        Raises:
            AudioError: it is not here, or damaged.
        """
        if not self.holds(id):
            raise AudioError(
                f"The sound {id[:8]} is not in this library. Choose another one as the source, or import "
                "the piece again from its .isobath file."
            )
        audio, rate = read_audio(self.path(id))
        return resample(audio, rate, sample_rate)

    def keep_only(self, named: set[str], now: float | None = None) -> None:
        """Delete the sounds that are not named and were not brought today: a page may be about to."""
        day_ago = (time.time() if now is None else now) - 86400
        for path in self._home.heard.glob("*.flac"):
            with suppress(OSError):
                if path.stem not in named and path.stat().st_mtime < day_ago:
                    path.unlink()

    def _part(self) -> Path:
        try:
            handle, name = tempfile.mkstemp(suffix=".part", dir=self._home.incoming)
        except OSError as error:
            raise SaveError(
                f"The sound could not be taken in ({error.strerror}). Make room and try again."
            ) from error
        os.close(handle)
        return Path(name)


def _check(seconds: float, rate: int) -> None:
    if seconds > SECONDS:
        raise AudioError(
            f"This sound lasts {seconds / 60:.1f} minutes; {SECONDS / 60:.0f} are the most that a voice can "
            "play with. Cut it, or use isobath transfer."
        )
    if rate > _HIGHEST_RATE:
        raise AudioError(f"This sound has {rate} Hz; {_HIGHEST_RATE} are the most. Save it at a lower rate.")


def _headroom(file: object) -> float:
    """The gain under which nothing is clipped; 1 where nothing is anyway."""
    peak = max((float(np.abs(block).max(initial=0.0)) for block, _ in read_blocks(file)), default=0.0)  # type: ignore[arg-type]
    return 1.0 / peak if peak > 1.0 else 1.0


def _convert(source: object, target: object, rate: int, channels: int, gain: float | None) -> None:
    """Write FLAC of 24 bits; with a gain from floats, without one the very numbers."""
    try:
        with soundfile.SoundFile(target, "w", rate, channels, "PCM_24", format="FLAC") as out:
            for block in _whole_numbers(source) if gain is None else _rounded(source, gain):
                out.write(np.ascontiguousarray(block[:, :channels]))
    except (OSError, soundfile.LibsndfileError) as error:
        raise SaveError(f"The sound could not be kept ({error}). Make room and try again.") from error


def _whole_numbers(source: object) -> Iterator[NDArray[np.int32]]:
    with suppress(soundfile.LibsndfileError), soundfile.SoundFile(source) as sound:
        while len(block := sound.read(_BLOCK, "int32", always_2d=True)):
            yield block


def _rounded(source: object, gain: float) -> Iterator[NDArray[np.int32]]:
    for block, _ in read_blocks(source):  # type: ignore[arg-type]
        scaled = np.floor(block.T.astype(np.float64) * (gain * 8388608.0) + 0.5)
        yield (np.clip(scaled, -8388608, 8388607) * 256).astype(np.int32)
