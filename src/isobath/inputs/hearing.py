"""A live sound as controller: its loudness, brightness, onsets and pitch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
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
SILENT_SECONDS = 1.0
"""A device from which nothing has come for so long, not even silence, is gone."""
KEYS: tuple[Key, ...] = tuple(("sound", what) for what in ("loudness", "brightness", "onset", "pitch"))


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
    """A Hearing of a sound device, in threads of its own; one that goes is opened again once it is back."""

    def __init__(self, say: Say, lose: Callable[[Iterable[Key]], None], device: str = "") -> None:
        """lose: is told of what is no longer heard where the device goes. device: part of its name, or its
        number; empty: the system's usual one.

        Raises:
            UsageError: sounddevice is missing, or there is no such device.
        """
        self._say = say
        self._lose = lose
        self._device: int | str | None = int(device) if device.isdigit() else device or None
        self._blocks: list[Audio] = []
        self._news = threading.Event()
        self._open = True
        self.lost = False
        """The device is gone."""
        try:
            self._listen()
        except (ImportError, OSError) as error:  # OSError: the module is there, PortAudio is not
            raise UsageError(MISSING) from error
        except Exception as error:  # PortAudio's own, and ValueError for a name that is none
            raise UsageError(f"There is no sound to listen to ({error}). Leave --sound-in away.") from error
        self._thread = threading.Thread(target=self._run, name="isobath-hearing", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        import sounddevice

        found: Any = sounddevice.query_devices(self._device, "input")
        rate = int(found["default_samplerate"])
        self.name = str(found["name"])
        self._hearing = Hearing(self._say, rate)
        self._stream: Any = sounddevice.InputStream(
            samplerate=rate, device=self._device, channels=1, callback=self._came, latency="low"
        )
        self._stream.start()

    def close(self) -> None:
        """Listen no more."""
        self._open = False
        self._news.set()
        self._thread.join(2.0)
        with suppress(Exception):  # a device that is gone already
            self._stream.abort()
            self._stream.close()

    def _came(self, block: Any, frames: int, time: Any, status: Any) -> None:  # noqa: ARG002
        if len(self._blocks) < 200:
            self._blocks.append(block.T.copy())
        self._news.set()

    def _run(self) -> None:
        while self._open:
            if not self._news.wait(SILENT_SECONDS):
                self._look_after()
            self._news.clear()
            blocks, self._blocks = self._blocks, []
            for block in blocks:
                self.lost = False
                self._hearing.hear(block)

    def _look_after(self) -> None:
        """Nothing has come for a while: let go of what it moved, and open the device anew."""
        if not self.lost:
            self.lost = True
            self._lose(KEYS)
        with suppress(Exception):  # it may be gone altogether
            self._stream.close()
        with suppress(Exception):  # it is not back yet
            self._listen()
