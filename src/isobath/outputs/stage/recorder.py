"""What went to the device, as a file: read from the shared memory while it plays, so that nothing that
sounds waits for a disk."""

from __future__ import annotations

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

    def __init__(self, path: Path, area: Area) -> None:
        """path: `.wav` or `.flac` with 24 bits, or `.ogg`; at the piece's rate.

        Raises:
            UsageError: another kind of file.
            AudioError: it cannot be written there.
        """
        kind = FORMATS.get(path.suffix.lower())
        if kind is None:
            raise UsageError(f"{path.name} is no kind of file to record. Name a .wav, .flac or .ogg file.")
        self._area, self._path = area, path
        try:
            self._file = soundfile.SoundFile(path, "w", int(area.board.rate), 2, kind[1], format=kind[0])
        except (OSError, soundfile.LibsndfileError) as error:
            raise AudioError(f"{path} cannot be written ({error}). Choose another place.") from error
        self._at = int(area.board.heard)
        self.missing = 0
        """Frames that were gone from memory before they could be written; silence in their place."""
        self.sentence = ""
        """Why it ended early; empty where it did not."""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="isobath-recorder", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Write what is left and close the file."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._file:
                while not self._ending.wait(_LOOK_SECONDS):
                    self._write()
                self._write()
        except (OSError, soundfile.LibsndfileError) as error:
            self.sentence = f"{self._path} is no longer written ({error}). What plays goes on."

    def _write(self) -> None:
        until = int(self._area.board.heard)
        while self._at < until:
            frames = min(_BLOCK, until - self._at)
            sound, there = self._area.heard(self._at, frames)
            self.missing += frames - there
            self._file.write(sound.T)
            self._at += frames
