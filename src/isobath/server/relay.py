"""From an encrypted socket to a process that speaks plainly: what comes here goes there, and back.

A voice that the server makes is made by another process, which is handed the page's socket. A socket behind
TLS cannot be handed over, since its keys stay here; so this event loop decrypts for it. That costs what the
loop is late by, which is what a phone's radio is late by anyway.
"""

import asyncio
import socket
from typing import cast

_MOST_WAITING = 1 << 18
"""Bytes in line for a side that does not read; then the other side is not read either."""


class _Gone(asyncio.Transport):
    """What a protocol is left with whose transport was taken away."""

    def close(self) -> None:
        """Done already."""

    def abort(self) -> None:
        """Done already."""

    def write(self, data: object) -> None:
        """To nobody."""

    def is_closing(self) -> bool:
        """Yes."""
        return True

    def resume_reading(self) -> None:
        """From nobody."""

    def pause_reading(self) -> None:
        """From nobody."""


class _End(asyncio.Protocol):
    """One of the two sides."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it up."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(_MOST_WAITING)

    def data_received(self, data: bytes) -> None:
        """On to the other side."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """This side takes no more for now."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """It takes again."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Where one side ends, so does the other."""
        other, self.other, self.transport = self.other, None, None
        if other is not None and other.transport is not None:
            other.transport.close()


async def decrypted(transport: asyncio.Transport) -> int:
    """A plain descriptor that stands for an encrypted transport, which nobody else reads or writes any more.

    Raises:
        OSError: the system has no more of them.
    """
    transport.pause_reading()
    loop = asyncio.get_running_loop()
    near, far = socket.socketpair()
    with far:
        near.setblocking(False)
        page, voice = _End(), _End()
        page.other, voice.other = voice, page
        await loop.create_unix_connection(lambda: voice, sock=near)
        before = transport.get_protocol()
        # The protocol of the greeting believes that its page is gone: no more pings, no good-bye.
        before.connection_lost(ConnectionAbortedError())
        before.transport = _Gone()  # type: ignore[attr-defined]
        transport.set_protocol(page)
        page.connection_made(transport)
        transport.resume_reading()
        return far.detach()
