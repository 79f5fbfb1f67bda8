"""The crowd of a room: a process that sings (`isobath.server.choir`), what it is told, and who listens.

Listeners without a screen get Ogg Vorbis at `/crowd.ogg`, from any player, with the key that is in the
address.
"""

import asyncio
import contextlib
import hmac
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from isobath.errors import IsobathError
from isobath.protocol.piece import Piece
from isobath.server.guard import refusal
from isobath.server.ogg import OggPages
from isobath.server.singing import HEAD, Sung
from isobath.world.room import Walker

LISTEN = "/crowd.ogg"
MOST_LISTENERS = 200
MOST_WAITING = 200
"""Parts in line for a listener who reads too slowly; then the line is cut."""

CHANGE_SECONDS = 0.5
"""Changes of the piece are gathered so long."""

UNREAD_BYTES = 64 * 1024


class Crowds:
    """One per room."""

    def __init__(self, piece: Piece, place_of: Callable[[str], str]) -> None:
        """place_of: the file of a model. Raises ModelUnknown."""
        self.key = secrets.token_urlsafe(12)
        self.path = f"{LISTEN}?key={self.key}"
        self.sentence = ""
        self._piece, self._place_of = piece, place_of
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._latents = b""
        self._pages = OggPages()
        self._listeners: set[asyncio.Queue[bytes | None]] = set()

    # ------------------------------------------------------------------------ for the room

    def gather(self, on: bool) -> None:
        """Begin, or end."""
        if on and self._task is None:
            self.sentence = ""
            self._task = asyncio.get_running_loop().create_task(self._run())
        elif not on:
            self.stop()

    def stop(self) -> None:
        """No more."""
        if self._task is not None:
            self._task.cancel()
        self._task = None
        self._latents, self.sentence = b"", ""
        for listener in self._listeners:
            _put(listener, None)

    def changed(self, piece: Piece) -> None:
        """The piece is another: sung in a moment."""
        self._piece = piece
        if self._process is not None and self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(CHANGE_SECONDS, self._tell_piece)

    def follow(self, walkers: list[Walker]) -> None:
        """Where everybody is now."""
        rows = [[each.id, each.weight, *gesture_of(self._piece, each)] for each in walkers]
        data = np.array(rows, dtype="<f4").reshape(len(rows), -1) if rows else np.zeros((0, 2), "<f4")
        self._tell(b"W", len(rows).to_bytes(4, "little") + data.tobytes())

    def frame(self) -> bytes:
        """The shared latents, as all are told them."""
        return self._latents

    # ------------------------------------------------------------------------- the process

    async def _run(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "isobath.server.choir",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal ends the server, and that ends it
        )
        self._process = process
        assert process.stdout is not None
        try:
            self._tell_piece()
            while True:
                letter, length = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
                self._heard(letter, await process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            self._latents = b""
            self.sentence = "The process that sings ended. Turn the one sound off and on again."
        finally:
            self._process = None
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()

    def _tell(self, letter: bytes, data: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        if letter == b"W" and process.stdin.transport.get_write_buffer_size() > UNREAD_BYTES:
            return  # a newer one comes
        process.stdin.write(HEAD.pack(letter, len(data)) + data)

    def _tell_piece(self) -> None:
        self._telling = None
        piece = msgspec.structs.replace(self._piece, takes=(), scenes=())
        try:
            places = {voice.model: self._place_of(voice.model) for voice in piece.voices}
        except IsobathError as error:  # it is gone, or of another program
            self._latents, self.sentence = b"", str(error)
            return
        self.sentence = ""
        self._tell(b"P", msgspec.json.encode(Sung(piece, places)))

    def _heard(self, letter: bytes, data: bytes) -> None:
        if letter == b"L":
            self._latents = data
        elif letter == b"T":
            self._latents, self.sentence = b"", data.decode()
        elif letter == b"O":
            pages = self._pages.take(data)
            if pages:
                for listener in list(self._listeners):
                    _put(listener, pages)

    # ----------------------------------------------------------------------- who listens

    def admits(self, scope: Scope) -> bool:
        """Whether a request for the stream has its key."""
        if scope["path"] != LISTEN:
            return False
        given = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1")).get("key", [""])[0]
        return hmac.compare_digest(given.encode(), self.key.encode())

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [Route(LISTEN, self.listen, methods=["GET"])]

    async def listen(self, request: Request) -> Response:  # noqa: ARG002
        """The stream, from now on."""
        if self._task is None:
            return refusal(404, "Nobody sings: the host has not gathered the room to one sound.")
        if len(self._listeners) >= MOST_LISTENERS:
            return refusal(503, f"{MOST_LISTENERS} listen already, which is the most. Try again later.")
        return StreamingResponse(
            self._stream(), media_type="audio/ogg", headers={"cache-control": "no-store"}
        )

    async def _stream(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)
        self._listeners.add(queue)
        headed = False
        try:
            while (pages := await queue.get()) is not None:
                if not headed:
                    headed = True
                    yield self._pages.head
                yield pages
        finally:
            self._listeners.discard(queue)


def _put(listener: "asyncio.Queue[bytes | None]", pages: bytes | None) -> None:
    if listener.full():
        while not listener.empty():
            listener.get_nowait()
        pages = None
    listener.put_nowait(pages)


def gesture_of(piece: Piece, walker: Walker) -> list[float]:
    """One value an axis: what a walker's place means, the other axes at rest."""
    if piece.world is None:
        return [axis.rest for axis in piece.axes]
    x, y, z, azimuth, elevation = walker.place
    axes = piece.world.axes
    found = {
        axes.x: x,
        axes.y: y,
        axes.z: 1.0 - z,
        axes.azimuth: azimuth,
        axes.elevation: 2 * elevation + 0.5,
    }
    return [found.get(axis.id, axis.rest) for axis in piece.axes]
