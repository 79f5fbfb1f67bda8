"""Voices that the server makes for a page: the door, and the process behind it (docs/streaming.md).

A page asks at `/stream/voice`, passes the same guard as every socket, and is greeted here. Then its socket
is handed to another process (`isobath.server.pump`), which makes the sound. This event loop has no part
in that: it may be learning a mapping or reading a library while the voice plays.
"""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from isobath.errors import IsobathError, UsageError
from isobath.library.bars import bars_path
from isobath.library.foreign import ForeignModels
from isobath.library.library import Library
from isobath.protocol.stream import Trouble
from isobath.server.desk import Desk
from isobath.server.handing import Asked
from isobath.server.relay import decrypted

MOST_A_PAGE = 8
"""Streamed voices of one page: all that it has."""

MOST_PAGES = 4
"""Pages with streamed voices at once."""

MOST_STREAMS = 16
"""Streamed voices in all."""

LEFT_PAGES, LEFT_STREAMS = 1, 8
"""Of those, what walkers who were invited leave to the host."""

TRANSPORT = "isobath.transport"
PAGE = re.compile(r"[A-Za-z0-9_-]{1,64}")
IDLE_SECONDS = 60.0
"""So long the pump stays when nobody streams."""


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which tells the application what it stands on, to hand it over."""

    async def run_asgi(self) -> None:
        """Run the application."""
        extensions = dict(self.scope.get("extensions") or {})
        extensions[TRANSPORT] = self.transport  # type: ignore[assignment]
        self.scope["extensions"] = extensions
        await super().run_asgi()


def place_of(library: Library, name: str) -> tuple[Path, bool]:
    """A model's file, and whether it is another program's.

    Raises:
        ModelUnknown: there is none of this name.
    """
    found = library.models.find(name)
    if found is not None:
        return found.path, False
    foreign = ForeignModels(library.home, library.models).find(name)
    if foreign is not None:
        return foreign.path, True
    bars = bars_path(name)
    return (bars or library.models.get(name).path), False


class Streams:
    """The pump and what it is doing. Lives in the server's event loop."""

    def __init__(self, command: Callable[[int], list[str]] | None = None) -> None:
        self._command = command or (lambda at: [sys.executable, "-m", "isobath.server.pump", str(at)])
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._pages: dict[int, str] = {}
        self._number = 0
        self._words = b""
        self._idle: asyncio.TimerHandle | None = None

    @property
    def count(self) -> int:
        """Voices that are made now."""
        return len(self._pages)

    @property
    def pid(self) -> int:
        """Of the pump; 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    def refuse(self, page: str, guest: bool = False) -> str | None:
        """Why a page may not have another voice; None if it may."""
        voices = Counter(self._pages.values())
        if guest and (
            (page not in voices and len(voices) >= MOST_PAGES - LEFT_PAGES)
            or self.count >= MOST_STREAMS - LEFT_STREAMS
        ):
            return (
                "The voices of this piece are made by the host's machine, and it makes them for as many "
                "walkers as it can already. You walk on and see the others; this voice is silent for you."
            )
        if voices[page] >= MOST_A_PAGE:
            return f"This page streams {MOST_A_PAGE} voices already, which is the most. Remove one."
        if page not in voices and len(voices) >= MOST_PAGES:
            return f"{MOST_PAGES} pages stream voices already, which is the most. Close one of them."
        if self.count >= MOST_STREAMS:
            return f"The server makes {MOST_STREAMS} voices already, which is the most. Remove one."
        return None

    def hand_over(self, handle: int, page: str, name: str, place: tuple[Path, bool]) -> None:
        """Let the pump make a voice for this socket, which is closed here.

        Raises:
            UsageError: the pump does not start.
        """
        path, foreign = place
        self._hand_over([handle], page, Asked(self._next(), name, str(path), foreign))

    def let_listen(self, handle: int, page: str, memory: int) -> None:
        """Let the pump send the stage with this memory to this socket; both are closed here.

        Raises:
            UsageError: the pump does not start.
        """
        self._hand_over([handle, memory], page, Asked(self._next(), "stage", stage=True))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _hand_over(self, handles: list[int], page: str, asked: Asked) -> None:
        line = msgspec.json.encode(asked) + b"\n"
        try:
            for attempt in (1, 2):
                try:
                    socket.send_fds(self._running(), [line], handles)
                    break
                except OSError as error:
                    self._gone()
                    if attempt == 2:
                        raise UsageError(
                            f"The process that makes streamed voices did not start ({error.strerror}). "
                            "Start Isobath again."
                        ) from error
        finally:
            for handle in handles:
                os.close(handle)
        self._pages[asked.id] = page
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _running(self) -> socket.socket:
        if self._line is not None and self._process is not None and self._process.poll() is None:
            return self._line
        self._gone()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                self._command(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C in the terminal ends the server, and that ends it
            )
        ours.setblocking(False)
        self._line, self._words = ours, b""
        asyncio.get_running_loop().add_reader(ours, self._ended, ours)
        return ours

    def _ended(self, line: socket.socket) -> None:
        """The pump says whose voice has ended, or is gone itself."""
        try:
            data = line.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._gone()
            return
        *ended, self._words = (self._words + data).split(b"\n")
        for number in ended:
            self._pages.pop(int(number), None)
        if not self._pages and self._idle is None:
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._rest)

    def _rest(self) -> None:
        self._idle = None
        if not self._pages:
            self._gone()

    def _gone(self) -> None:
        """No pump any more; pages find their sockets closed and come back."""
        line, process, self._line, self._process = self._line, self._process, None, None
        self._pages.clear()
        if line is not None:
            with suppress(RuntimeError):
                asyncio.get_running_loop().remove_reader(line)
            line.close()
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.0 if process.poll() is not None else 0.2)
            if process.poll() is None:
                _REST.append(process)
        _REST[:] = [each for each in _REST if each.poll() is None]

    def stop(self) -> None:
        """End the pump; it closes its sockets first."""
        process = self._process
        self._gone()
        if process is not None:
            try:
                process.wait(3.0)
            except subprocess.TimeoutExpired:
                process.kill()


_REST: list["subprocess.Popen[bytes]"] = []
"""Pumps that are about to end, kept until they have."""


class StreamRoutes:
    """All sockets below /stream."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.streams = Streams()

    def routes(self) -> list[WebSocketRoute]:
        """In the order they are tried."""
        return [
            WebSocketRoute("/stream/voice", self.voice),
            WebSocketRoute("/stream/stage", self.stage),
        ]

    async def stage(self, websocket: WebSocket) -> None:
        """/stream/stage?page=ID: what goes to the stage's device, while it plays."""
        page = websocket.query_params.get("page", "")
        await websocket.accept()
        try:
            if not PAGE.fullmatch(page):
                raise UsageError("The page did not say who it is. Reload it.")
            full = self.streams.refuse(page)
            if full is not None:
                raise UsageError(full)
            memory = self._desk.stage.memory()
            try:
                handle = await _taken(websocket)
            except UsageError:
                os.close(memory)
                raise
        except IsobathError as error:
            await _refuse(websocket, str(error))
            return
        with suppress(UsageError):  # the socket is closed; the page asks again
            self.streams.let_listen(handle, page, memory)

    async def voice(self, websocket: WebSocket) -> None:
        """/stream/voice?model=NAME&page=ID: one voice of that model, made here."""
        name = websocket.query_params.get("model", "")[:128]
        page = websocket.query_params.get("page", "")
        await websocket.accept()
        try:
            if not PAGE.fullmatch(page):
                raise UsageError("The page did not say who it is. Reload it.")
            guest = bool(websocket.state.guest)
            page = f"guest {page}" if guest else page  # who was invited cannot take up a host's place
            place = await self._desk.ask(place_of, self._desk.library, name)
            full = self.streams.refuse(page, guest)
            if full is not None:
                raise UsageError(full)
            handle = await _taken(websocket)
        except IsobathError as error:
            await _refuse(websocket, str(error))
            return
        try:
            self.streams.hand_over(handle, page, name, place)
        except UsageError:
            return  # the socket is closed; the page asks again and says so


async def _taken(websocket: WebSocket) -> int:
    """The descriptor under a socket that was just greeted; nobody here reads or writes it any more.

    Raises:
        UsageError: it cannot be had on this system.
    """
    transport = (websocket.scope.get("extensions") or {}).get(TRANSPORT)
    if not isinstance(transport, asyncio.Transport) or os.name == "nt" or transport.get_write_buffer_size():
        raise UsageError(
            "Voices cannot be streamed on this system yet. Choose a model that plays in the page."
        )
    if transport.get_extra_info("sslcontext") is not None:
        try:
            return await decrypted(transport)
        except OSError as error:
            raise UsageError(
                f"No more voices can be streamed ({error.strerror}). Close a page that streams some."
            ) from error
    transport.pause_reading()
    handle = os.dup(transport.get_extra_info("socket").fileno())
    transport.abort()
    return handle


async def _refuse(websocket: WebSocket, sentence: str) -> None:
    with suppress(WebSocketDisconnect, RuntimeError, OSError):
        await websocket.send_text(msgspec.json.encode(Trouble(sentence=sentence, lasting=True)).decode())
        await websocket.close(1008)
