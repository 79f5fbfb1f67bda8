"""The sound of a set: one long row of 16-bit samples, cut into files of at most 512 MB.

A position is a number of samples from the beginning of the first file; a source file may begin in
one shard and end in the next. 16 bits keep what the usual recordings hold, at half the size of
floats; sources of 16 bits come back bit for bit.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isobath.corpora.index import refused
from isobath.errors import SetError
from isobath.types import Audio

SHARD_BYTES = 512 * 10**6
FULL_SCALE = 32768.0

Samples = NDArray[np.int16]


def shard_path(folder: Path, shard: int) -> Path:
    """Where a shard lies."""
    return folder / f"audio-{shard:04d}.i16"


class Place:
    """Where positions lie in shards of so many channels. shard_samples: samples in a full shard."""

    def __init__(self, channels: int, shard_samples: int | None = None) -> None:
        self.channels = channels
        self.shard_samples = shard_samples or SHARD_BYTES // (2 * channels)

    def position(self, shard: int, start: int) -> int:
        """Samples from the beginning of the first shard."""
        return shard * self.shard_samples + start

    def pieces(self, position: int, samples: int) -> list[tuple[int, int, int]]:
        """(shard, start, samples) of each shard that this stretch touches."""
        found = []
        while samples > 0:
            shard, start = divmod(position, self.shard_samples)
            here = min(samples, self.shard_samples - start)
            found.append((shard, start, here))
            position, samples = position + here, samples - here
        return found


class Writer:
    """Appends sound behind `end`; what a killed preparation left behind that is cut off first."""

    def __init__(self, folder: Path, place: Place, end: int) -> None:
        self.folder, self.place, self.end = folder, place, end
        try:
            self._forget_behind(end)
        except OSError as error:
            raise refused(folder, error) from error

    def _forget_behind(self, end: int) -> None:
        shard, start = divmod(end, self.place.shard_samples)
        for path in self.folder.glob("audio-*.i16"):
            number = int(path.stem.removeprefix("audio-"))
            if number > shard or (number == shard and start == 0):
                path.unlink()
            elif number == shard and path.stat().st_size > (size := start * 2 * self.place.channels):
                os.truncate(path, size)

    def append(self, audio: Audio) -> None:
        """Write a block (channels, samples) at the end; beyond full scale it is clipped.

        Raises:
            SaveError: the disk refuses.
        """
        whole = np.rint(audio * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype("<i2").T
        try:
            for shard, start, samples in self.place.pieces(self.end, len(whole)):
                path = shard_path(self.folder, shard)
                with path.open("r+b" if path.exists() else "wb") as file:
                    file.seek(start * 2 * self.place.channels)
                    file.write(np.ascontiguousarray(whole[:samples]).data)
                whole = whole[samples:]
                self.end += samples
        except OSError as error:
            raise refused(self.folder, error) from error

    def settle(self, since: int) -> None:
        """See everything appended since that position onto the disk."""
        try:
            for shard, _, _ in self.place.pieces(since, self.end - since):
                with shard_path(self.folder, shard).open("rb+") as file:
                    os.fsync(file.fileno())
        except OSError as error:
            raise refused(self.folder, error) from error


class Reader:
    """Reads stretches from shards that are mapped, not loaded."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder, self.place = folder, place
        self._maps: dict[int, Samples] = {}

    def _map(self, shard: int) -> Samples:
        if shard not in self._maps:
            path = shard_path(self.folder, shard)
            try:
                flat = np.memmap(path, "<i2", "r")
            except (OSError, ValueError) as error:
                raise SetError(
                    f"{path} is missing or cannot be read. Prepare the sounds again: isobath prepare"
                ) from error
            self._maps[shard] = flat[: len(flat) // self.place.channels * self.place.channels].reshape(
                -1, self.place.channels
            )
        return self._maps[shard]

    def read(self, position: int, samples: int) -> Audio:
        """(channels, samples) from there.

        Raises:
            SetError: a shard is missing or too short.
        """
        out = np.empty((self.place.channels, samples), np.float32)
        done = 0
        for shard, start, here in self.place.pieces(position, samples):
            part = self._map(shard)[start : start + here]
            if len(part) < here:
                raise SetError(
                    f"{shard_path(self.folder, shard)} ends too early. Prepare the sounds again into "
                    "another folder."
                )
            np.multiply(part.T, np.float32(1 / FULL_SCALE), out=out[:, done : done + here])
            done += here
        return out

    def __getstate__(self) -> dict[str, object]:
        """Maps are not sent to other processes; each makes its own."""
        return {**self.__dict__, "_maps": {}}
