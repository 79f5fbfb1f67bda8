"""One walker's socket in a room: what waits to be sent to them, and what comes from them at what pace.

A walker who reads slowly gets fewer poses, the newest ones, and holds up nobody. One who sends faster than is
any use is heard at the agreed pace, the rest is counted, and one who does not stop is let go for a while.
"""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from isobath.errors import RoomRefusal
from isobath.protocol.connection import Pace
from isobath.protocol.room import ROOM_MESSAGE_BYTES, RoomJoin, RoomRefused, said_by_walker
from isobath.world.room import Walker

if TYPE_CHECKING:
    from isobath.server.rooms import Rooms

MESSAGES_PER_SECOND = 40.0
"""That one walker may send: poses come at 15."""

PATIENCE = 300
"""Messages beyond that pace until a walker is let go; one of ten is forgotten each second."""

HELLO_SECONDS = 10.0
"""So long a socket may take to say who it is."""

MOST_WAITING = 4000
"""Messages in line for somebody who does not read; then they are let go and come back."""


@dataclass(eq=False)
class Visitor:
    """One socket."""

    rooms: "Rooms"
    socket: WebSocket
    walker: Walker | None = None
    _texts: deque[str] = field(default_factory=deque)
    _frame: bytes | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _over: str | None = None
    _excess: float = 0.0

    def __post_init__(self) -> None:
        state = self.socket.scope.get("state", {})
        self.host = not state.get("guest", False)
        self.browser = str(state.get("who", ""))
        self._pace = Pace(MESSAGES_PER_SECOND, self.rooms._clock)
        self._heard_at = self.rooms._clock()

    # ------------------------------------------------------------------------------- to them

    def tell(self, text: str) -> None:
        """Put a message in line; never waits."""
        if len(self._texts) >= MOST_WAITING:
            self.end("You were not heard of for too long.")
            return
        self._texts.append(text)
        self._wake.set()

    def show(self, frame: bytes) -> bool:
        """The newest poses; False: those before have not left yet."""
        if self._frame is not None:
            return False
        self._frame = frame
        self._wake.set()
        return True

    def end(self, sentence: str, *, lasting: bool = False) -> None:
        """Say why, and close."""
        if self._over is None:
            self._over = msgspec.json.encode(RoomRefused(sentence=sentence, lasting=lasting)).decode()
        self._wake.set()

    async def _send(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError, OSError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._texts:
                    await self.socket.send_text(self._texts.popleft())
                if self._frame is not None:
                    await self.socket.send_bytes(self._frame)
                    self._frame = None
                if self._over is not None:
                    await self.socket.send_text(self._over)
                    await self.socket.close(1008)
                    return

    # ----------------------------------------------------------------------------- from them

    async def run(self) -> None:
        """Until either side ends it."""
        await self.socket.accept()
        sender = asyncio.create_task(self._send())
        listener = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({sender, listener}, return_when=asyncio.FIRST_COMPLETED)
            if self._over is not None:
                await asyncio.wait({sender}, timeout=1.0)
        finally:
            self.rooms.lost(self)
            for task in (listener, sender):
                task.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError, OSError):
                await self.socket.close()

    async def _listen(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError, OSError):
            try:
                async with asyncio.timeout(HELLO_SECONDS):
                    frame = await self.socket.receive()
            except TimeoutError:
                self.end("The page did not say who it is. Reload it.")
                return
            self._greet(frame.get("text"))
            while self._over is None:
                frame = await self.socket.receive()
                if frame["type"] == "websocket.disconnect":
                    return
                self._heard(frame.get("bytes"), frame.get("text"))

    def _greet(self, text: str | None) -> None:
        try:
            if text is None or len(text) > ROOM_MESSAGE_BYTES:
                raise RoomRefusal("The page did not say who it is. Reload it.", lasting=True)
            asked = said_by_walker(text.encode())
            if not isinstance(asked, RoomJoin):
                raise RoomRefusal("The page did not say who it is. Reload it.", lasting=True)
            self.walker = self.rooms.admit(self, asked)
        except msgspec.MsgspecError:
            self.end("The page said something that is no message. Reload it.", lasting=True)
        except RoomRefusal as refusal:
            self.end(str(refusal), lasting=refusal.lasting)
        else:
            self.tell(msgspec.json.encode(self.rooms.welcome(self, self.walker)).decode())

    def _heard(self, data: bytes | None, text: str | None) -> None:
        now = self.rooms._clock()
        self._excess = max(0.0, self._excess - 0.1 * PATIENCE * (now - self._heard_at))
        self._heard_at = now
        if self._pace.take() > 0.0 or not self._acted(data, text):
            self.rooms.figures.dropped += 1
            self._excess += 1.0
            if self._excess > PATIENCE:
                self.rooms.let_go(self)
                self.end("Too much came from this page at once, so it was let go.")

    def _acted(self, data: bytes | None, text: str | None) -> bool:
        """Whether it was a message, and has been acted upon."""
        assert self.walker is not None
        if data is not None:
            return self.rooms.move(self.walker, data)
        if text is None or len(text) > ROOM_MESSAGE_BYTES:
            return False
        try:
            said = said_by_walker(text.encode())
        except msgspec.MsgspecError:
            return False
        if isinstance(said, RoomJoin):
            self.rooms.rename(self.walker, said.name)
        elif self.host:
            self.rooms.do(said)
        return True
