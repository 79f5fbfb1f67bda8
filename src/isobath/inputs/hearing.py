"""A live sound as controller: its loudness, brightness, onsets and pitch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from isobath.errors import UsageError
from isobath.inputs.keys import Key
from isobath.sound.descriptors import SNAPSHOTS_A_SECOND, Descriptors, spectra
from isobath.sound.pitch import pitch, place
from isobath.types import Audio

MISSING = "Sound that moves axes needs sounddevice: pip install 'isobath[stage]', or leave --sound-in away."

Say = Callable[[Key, float], None]

LONGEST_PERIODS = 3
ONSET_SECONDS = 0.15
"""An onset falls to nothing in so long."""


class Hearing:
    """Says what it hears 30 times a second."""

    def __init__(self, say: Say, sample_rate: int) -> None:
        self._say = say
        self._rate = sample_rate
        self._descriptors = Descriptors(sample_rate)
        self._waiting: list[Audio] = []
        self._spectra = spectra(self._blocks(), sample_rate)
        self._heard = np.zeros(sample_rate * LONGEST_PERIODS // 55, dtype=np.float32)
        self._onset = 0.0
        self._samples = 0
        self._told = 0

    def hear(self, block: Audio) -> None:
        """The next samples, (channels, samples)."""
        block = np.nan_to_num(np.asarray(block, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        self._waiting.append(block)
        mono = block.mean(axis=0)
        self._heard = np.concatenate((self._heard, mono))[-len(self._heard) :]
        self._samples += block.shape[1]
        # A spectrum is due at each thirtieth of a second; asking earlier would end the generator.
        while round((self._told + 1) * self._rate / SNAPSHOTS_A_SECOND) <= self._samples:
            self._told += 1
            self._tell(next(self._spectra))

    def _blocks(self) -> Any:
        while True:
            block = self._waiting.pop(0) if self._waiting else np.zeros((1, 0), dtype=np.float32)
            yield block

    def _tell(self, spectrum: Any) -> None:
        snapshot = self._descriptors.hear(spectrum)
        fall = 1.0 / (ONSET_SECONDS * SNAPSHOTS_A_SECOND)
        self._onset = max(snapshot.onset, self._onset - fall, 0.0)
        self._say(("sound", "loudness"), snapshot.loudness)
        if snapshot.loudness > 0.0:
            self._say(("sound", "brightness"), snapshot.brightness)
        self._say(("sound", "onset"), self._onset)
        hz = pitch(self._heard, self._rate)
        if hz is not None:
            self._say(("sound", "pitch"), place(hz))


class SoundIn:
    """A Hearing of a sound device, in threads of its own."""

    def __init__(self, say: Say, device: str = "") -> None:
        """device: part of its name, or its number; empty: the system's usual one.

        Raises:
            UsageError: sounddevice is missing, or there is no such device.
        """
        try:
            import sounddevice
        except (ImportError, OSError) as error:  # OSError: the module is there, PortAudio is not
            raise UsageError(MISSING) from error
        wanted = int(device) if device.isdigit() else device or None
        try:
            found: Any = sounddevice.query_devices(wanted, "input")
            rate = int(found["default_samplerate"])
            self._hearing = Hearing(say, rate)
            self._stream: Any = sounddevice.InputStream(
                samplerate=rate, device=wanted, channels=1, callback=self._came, latency="low"
            )
        except Exception as error:  # PortAudio's own, and ValueError for a name that is none
            raise UsageError(f"There is no sound to listen to ({error}). Leave --sound-in away.") from error
        self.name = str(found["name"])
        self._blocks: list[Audio] = []
        self._news = threading.Event()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="isobath-hearing", daemon=True)
        self._thread.start()
        self._stream.start()

    def close(self) -> None:
        """Listen no more."""
        self._open = False
        self._news.set()
        with suppress(Exception):  # a device that is gone already
            self._stream.abort()
        self._thread.join(2.0)

    def _came(self, block: Any, frames: int, time: Any, status: Any) -> None:  # noqa: ARG002
        if len(self._blocks) < 200:
            self._blocks.append(block.T.copy())
        self._news.set()

    def _run(self) -> None:
        while self._open:
            self._news.wait()
            self._news.clear()
            blocks, self._blocks = self._blocks, []
            for block in blocks:
                self._hearing.hear(block)
