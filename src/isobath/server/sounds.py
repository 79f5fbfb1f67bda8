"""Sound the page recorded, made smaller without loss."""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

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
        return [Route("/sounds/flac", self.flac, methods=["POST"])]

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


def _convert(source: Path, target: Path) -> None:
    with source.open("rb") as file:  # open, so that no sentence names the upload's own file
        with open_sound(file) as sound:
            rate, channels = int(sound.samplerate), int(sound.channels)
        file.seek(0)
        write_blocks(target, (block for block, _ in read_blocks(file)), rate, channels)
