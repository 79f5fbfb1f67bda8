"""What went to the device, as a file: read from the shared memory while it plays, so that nothing that
sounds waits for a disk."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import soundfile

from isobath.errors import AudioError, UsageError
from isobath.outputs.stage.area import Area

FORMATS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS")}
_LOOK_SECONDS = 0.25
_BLOCK = 4096


class Recorder:
    """Writes what an area's device is given, from now on, until `end`."""

    def __init__(self, path: Path, area: Area, most_seconds: float = math.inf) -> None:
        """path: `.wav` or `.flac` with 24 bits, or `.ogg`; at the piece's rate. It is written no further than
        `most_seconds`.

        Raises:
            UsageError: another kind of file.
            AudioError: it cannot be written there.
        """
        if path.suffix.lower() not in FORMATS:
            raise UsageError(f"{path.name} is no kind of file to record. Name a .wav, .flac or .ogg file.")
        self._path, self._left = path, most_seconds * area.board.rate
        self.paths: list[Path] = []
        """Files begun: another one for each other rate of what plays."""
        self._area, self._at = area, int(area.board.heard)
        self._file = self._open(int(area.board.rate))
        self.missing = 0
        """Frames that were gone from memory before they could be written; silence in their place."""
        self.sentence = ""
        """Why it ended early; empty where it did not."""
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="isobath-recorder", daemon=True)
        self._thread.start()

    def follow(self, area: Area) -> None:
        """Go on with another stage, from its beginning."""
        with self._lock:
            if area is self._area or self.sentence or self._ending.is_set():
                return
            try:
                self._write()
                self._area, self._at = area, 0
                if int(area.board.rate) != self._file.samplerate:
                    self._file.close()
                    self._file = self._open(int(area.board.rate))
            except (AudioError, OSError, soundfile.LibsndfileError) as error:
                self._give_up(error)

    def end(self) -> None:
        """Write what is left and close the file."""
        self._ending.set()
        self._thread.join()

    def _open(self, rate: int) -> soundfile.SoundFile:
        count = len(self.paths) + 1
        path = self._path if count == 1 else self._path.with_stem(f"{self._path.stem}-{count}")
        kind, subtype = FORMATS[path.suffix.lower()]
        try:
            file = soundfile.SoundFile(path, "w", rate, 2, subtype, format=kind)
        except (OSError, soundfile.LibsndfileError) as error:
            raise AudioError(f"{path} cannot be written ({error}). Choose another place.") from error
        self.paths.append(path)
        return file

    def _run(self) -> None:
        ends = False
        while not ends:
            ends = self._ending.wait(_LOOK_SECONDS)
            with self._lock:
                try:
                    if not self.sentence:
                        self._write()
                    if ends:
                        self._file.close()
                except (OSError, soundfile.LibsndfileError) as error:
                    self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.sentence = f"{self.paths[-1]} is no longer written ({error}). What plays goes on."

    def _write(self) -> None:
        until = int(self._area.board.heard)
        while self._at < until and self._left > 0:
            frames = math.ceil(min(_BLOCK, until - self._at, self._left))
            sound, there = self._area.heard(self._at, frames)
            self.missing += frames - there
            self._file.write(sound.T)
            self._at += frames
            self._left -= frames
