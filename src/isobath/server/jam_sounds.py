"""What the models of sound make of hits and notes, for a jam in the page, which has only our own kit and
string of itself."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isobath.errors import UsageError
from isobath.sound import kit, pluck
from isobath.symbolic.jam import latent_sounds
from isobath.symbolic.jam.settings import Who
from isobath.symbolic.jam.sounding import DEGREES, TUNES

LOWEST_RATE, HIGHEST_RATE = 22050, 96000
A_DAY = 86400


class JamSoundRoutes:
    """Routes below /jam/sounds."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "isobath-jam-sounds")

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/jam/sounds/{who}/hit/{piece:int}/{degree:int}/{rate:int}", self.hit, methods=["GET"]),
            Route("/jam/sounds/note/{pitch:int}/{degree:int}/{rate:int}", self.note, methods=["GET"]),
        ]

    def close(self) -> None:
        """Make no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hit(self, request: Request) -> Response:
        """GET /jam/sounds/WHO/hit/PIECE/DEGREE/RATE: a hit by the model `drums`, as 32-bit floats."""
        asked = request.path_params
        who, piece, force, rate = asked["who"], asked["piece"], asked["degree"] / DEGREES, asked["rate"]
        if who not in TUNES or not 0 <= piece < kit.PIECES:
            raise UsageError(f"Nobody plays piece {piece} of a kit; there are 0 to {kit.PIECES - 1}.")
        tune = TUNES[cast("Who", who)]
        _check(force, rate)
        made = self._pool.submit(latent_sounds.hit, piece, force, rate, tune)
        return _told(await asyncio.wrap_future(made))

    async def note(self, request: Request) -> Response:
        """GET /jam/sounds/note/PITCH/DEGREE/RATE?seconds=S: a note by the model `guitar`, likewise."""
        asked = request.path_params
        pitch, force, rate = asked["pitch"], asked["degree"] / DEGREES, asked["rate"]
        try:
            seconds = round(float(request.query_params.get("seconds", "1")), 2)
        except ValueError:
            seconds = 0.0
        if not 21 <= pitch <= 108 or not 0.02 <= seconds <= pluck.LONGEST_SECONDS:
            raise UsageError("A note is one of 21 to 108, and lasts up to six seconds.")
        _check(force, rate)
        made = self._pool.submit(latent_sounds.note, pitch, force, seconds, rate)
        return _told(await asyncio.wrap_future(made))


def _check(force: float, rate: int) -> None:
    if not 0 < force <= 1 or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UsageError(
            f"A sound has a force of 1 to {DEGREES} and a rate of {LOWEST_RATE} to {HIGHEST_RATE} Hz."
        )


def _told(sound: kit.Samples) -> Response:
    data = np.ascontiguousarray(sound, "<f4").tobytes()
    headers = {"cache-control": f"private, max-age={A_DAY}"}
    return Response(data, media_type="application/octet-stream", headers=headers)
