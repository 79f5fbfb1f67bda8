"""Sounds the page recorded, made smaller without loss, and sounds of the library that voices play with."""

from pathlib import Path

import msgspec
import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isobath.errors import AudioError
from isobath.library.sounds import Sounds
from isobath.library.stored import VALID_SOUND
from isobath.protocol.messages import SoundData
from isobath.server.desk import Desk
from isobath.server.uploads import MEGABYTE, upload
from isobath.sound.files import open_sound, read_blocks, write_blocks

SOUND_BYTES = 2048 * MEGABYTE
"""Two hours of 24-bit stereo."""


class SoundRoutes:
    """All routes below /sounds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/sounds/flac", self.flac, methods=["POST"]),
            Route("/sounds", self.keep, methods=["POST"]),
            Route("/sounds/{id}/{rate:int}", self.at_rate, methods=["GET"]),
        ]

    async def keep(self, request: Request) -> Response:
        """POST /sounds: keep a sound file in the library; what it is, as JSON."""
        library = self._desk.library
        async with upload(request, library.home.incoming, SOUND_BYTES) as part:
            kept = await run_in_threadpool(library.sounds.take_in, part)
        return Response(msgspec.json.encode(kept), media_type="application/json")

    async def at_rate(self, request: Request) -> Response:
        """GET /sounds/ID/RATE: a sound of the library at a sample rate, resampled as for rendering."""
        id, rate = request.path_params["id"], request.path_params["rate"]
        if not VALID_SOUND.fullmatch(id):
            raise AudioError("That is no id of a sound. Choose the sound again.")
        data = await run_in_threadpool(resampled, self._desk.library.sounds, id, rate)
        return Response(data, media_type="application/vnd.msgpack")

    async def flac(self, request: Request) -> Response:
        """POST /sounds/flac: a WAV in, the same samples as 24-bit FLAC out."""
        folder = self._desk.library.home.incoming
        async with upload(request, folder, SOUND_BYTES) as part:
            small = part.with_suffix(".flac")
            try:
                await run_in_threadpool(_convert, part, small)
                data = await run_in_threadpool(small.read_bytes)
            finally:
                small.unlink(missing_ok=True)
        return Response(data, media_type="audio/flac", headers={"cache-control": "no-store"})


def resampled(sounds: Sounds, id: str, rate: int) -> bytes:
    """A sound of the library at a sample rate in Hz, as pages are given it: `SoundData`."""
    audio = sounds.load(id, rate)
    return msgspec.msgpack.encode(
        SoundData(
            id=id,
            sample_rate=rate,
            channels=audio.shape[0],
            samples=audio.shape[1],
            audio=np.ascontiguousarray(audio, dtype="<f4").tobytes(),
        )
    )


def _convert(source: Path, target: Path) -> None:
    with source.open("rb") as file:  # open, so that no sentence names the upload's own file
        with open_sound(file) as sound:
            rate, channels = int(sound.samplerate), int(sound.channels)
        file.seek(0)
        write_blocks(target, (block for block, _ in read_blocks(file)), rate, channels)
