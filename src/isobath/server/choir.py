"""The process that makes one sound of everybody in a room: `python -m isobath.server.choir`. What it is
told and what it tells is in `isobath.server.singing`.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import BinaryIO

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from isobath.engine.apart import statistics_of
from isobath.engine.controls import Controls
from isobath.engine.loop import player_of, sound
from isobath.engine.voices import Played, rate_of, translated, voices_of
from isobath.errors import IsobathError
from isobath.models.coder import Model, load
from isobath.protocol.poses import write_crowd
from isobath.protocol.room import POSES_PER_SECOND
from isobath.server.ogg import OggWriter
from isobath.server.singing import Sung, parts_of, write_part
from isobath.types import Audio, Gesture
from isobath.world.crowd import Crowd, shared

AHEAD_SECONDS = 0.2
"""Sound made before its time: what a stall may take."""

BEHIND_SECONDS = 1.0
"""What a stall took beyond this is not made up for."""

BLOCK = 2048


class Singing:
    """A voice that the whole crowd plays."""

    def __init__(self, voice: Played, crowd: Crowd, leader: "Singing | None" = None) -> None:
        self.model, self.now = voice.model, voice.base
        self._voice, self._crowd, self._leader = voice, crowd, leader
        mean, spread = statistics_of(voice.model)
        self._mean, self._spread = mean.astype(np.float64), spread.astype(np.float64)

    def trim(self, _gesture: Gesture) -> float:
        """Guard and limiter are all that holds it back."""
        return 1.0

    def latent(self, gesture: Gesture) -> NDArray[np.float64]:
        """What everybody's places mean together."""
        voice = self._voice
        if self._leader is not None:
            led = self._leader.latent(gesture)
            self.now = translated(led, self._leader.model, self.model, voice.base)
        elif voice.mapping is not None:
            points, weights = self._crowd.members()
            if points.shape[1:] == (voice.mapping.axes,):
                latents = np.asarray(voice.mapping(points, voice.base), dtype=np.float64)
                self.now = shared(latents, weights, self._mean, self._spread)
        return self.now


class Choir:
    """One piece, sung."""

    def __init__(self, sung: Sung, crowd: Crowd) -> None:
        """Raises IsobathError where its parts do not fit together."""
        models: dict[str, Model] = {}

        def model_of(name: str) -> Model:
            if name not in models:
                models[name] = load(Path(sung.places[name]))
            return models[name]

        found = voices_of(sung.piece, model_of)
        self.rate = rate_of(found)
        self._crowd = crowd
        alone = {id(each): Singing(each, crowd) for each in found if each.leader is None}
        self.voices = [
            alone.get(id(each)) or Singing(each, crowd, alone.get(id(each.leader))) for each in found
        ]
        self._player = player_of(found, Controls.of(sung.piece), 2, sample_rate=self.rate)
        self._at = 0
        self._stretches = sound(self._player, self.voices, self._gesture, 1)

    def _gesture(self, sample: int) -> Gesture:
        """A new one with every frame: the crowd has moved."""
        self._crowd.step(max(0, sample - self._at) / self.rate)
        self._at = sample
        return np.zeros(1)

    def step(self) -> Audio:
        """The sound up to the next frame, (2, samples)."""
        return next(self._stretches)

    def latents(self) -> bytes:
        """What all hear now."""
        return write_crowd([voice.now for voice in self.voices])


class Recital:
    """Everything this process does."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._crowd = Crowd()
        self._choir: Choir | None = None
        self._pages = OggWriter()
        self._encoder: soundfile.SoundFile | None = None
        self.asked: SimpleQueue[tuple[bytes, bytes]] = SimpleQueue()

    def run(self) -> None:
        """Until the server is gone."""
        began, made, told = time.monotonic(), 0.0, 0.0
        while True:
            try:
                self._hear()
            except EOFError:
                return
            if self._choir is None:
                time.sleep(0.02)
                began, made = time.monotonic(), 0.0
                continue
            late = time.monotonic() - began - made
            if late < -AHEAD_SECONDS:
                time.sleep(min(0.02, -AHEAD_SECONDS - late + 0.02))
                continue
            if late > BEHIND_SECONDS:
                began += late
            block = self._choir.step()
            made += block.shape[1] / self._choir.rate
            self._encode(block, self._choir.rate)
            if made - told >= 1.0 / POSES_PER_SECOND or made < told:
                told = made
                write_part(self._out, b"L", self._choir.latents())

    def _encode(self, block: Audio, rate: int) -> None:
        if self._encoder is None or self._encoder.samplerate != rate:
            self._encoder = soundfile.SoundFile(self._pages, "w", rate, 2, "VORBIS", format="OGG")
        self._encoder.write(block.T)
        pages = self._pages.taken()
        if pages:
            write_part(self._out, b"O", pages)

    def _hear(self) -> None:
        while True:
            try:
                letter, data = self.asked.get_nowait()
            except Empty:
                return
            if letter == b"P":
                self._sing(data)
            elif letter == b"W":
                self._follow(data)
            else:
                raise EOFError

    def _sing(self, data: bytes) -> None:
        try:
            self._choir = Choir(msgspec.json.decode(data, type=Sung), self._crowd)
        except (IsobathError, OSError, KeyError) as error:
            self._choir = None
            write_part(self._out, b"T", str(error).encode())

    def _follow(self, data: bytes) -> None:
        count = int.from_bytes(data[:4], "little")
        if count == 0:
            self._crowd.follow(())
            return
        rows = np.frombuffer(data, "<f4", offset=4).reshape(count, -1).astype(np.float64)
        self._crowd.follow((int(row[0]), row[2:], float(row[1])) for row in rows)


def main() -> None:
    """Read, sing, and end with the server."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever prints goes elsewhere
    recital = Recital(out)

    def listen() -> None:
        for part in parts_of(sys.stdin.buffer):
            recital.asked.put(part)
        recital.asked.put((b"", b""))

    threading.Thread(target=listen, daemon=True).start()
    with suppress(BrokenPipeError):
        recital.run()
    os._exit(0)  # without waiting for a thread that reads what nobody writes any more


if __name__ == "__main__":
    main()
