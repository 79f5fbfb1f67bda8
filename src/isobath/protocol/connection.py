"""The server's half of a conversation, without a socket: bytes in, messages or refusals out.

A connection is *new* until the page has said `Hello`, then *open*; after a refusal that ends it,
*over*. Bytes that are no message, a message of the wrong kind or one that is too large never
reach the rest of the server. A page that sends too fast is slowed down, not refused, because
what it sends may be an hour of work done while the connection was away: `wait` says how long to
leave the next bytes unread.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from isobath.protocol.messages import (
    MESSAGE_BYTES,
    MESSAGES_PER_SECOND,
    PROTOCOL,
    FromPage,
    FromServer,
    Hello,
    Problem,
)

_page: msgspec.msgpack.Decoder[FromPage] = msgspec.msgpack.Decoder(FromPage)
_server: msgspec.msgpack.Decoder[FromServer] = msgspec.msgpack.Decoder(FromServer)


@dataclass(frozen=True)
class Refused:
    """Bytes that are not acted upon."""

    answer: Problem
    ends: bool
    """The connection is over once the answer is sent."""


def write(message: FromServer | FromPage) -> bytes:
    """One message as one frame."""
    return msgspec.msgpack.encode(message)


def read_answer(data: bytes) -> FromServer:
    """What the server said, for clients written in Python.

    Raises:
        msgspec.DecodeError: it is no message of ours.
    """
    return _server.decode(data)


class Pace:
    """How fast messages may come: a sustained rate and bursts of four seconds of it."""

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._rate = per_second
        self._most = 4.0 * per_second
        self._left = self._most
        self._clock = clock
        self._then = clock()

    def take(self) -> float:
        """Count one message. Returns the seconds to wait before the next one is read."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._then) * self._rate)
        self._then = now
        self._left -= 1.0
        return max(0.0, -self._left / self._rate)


class Connection:
    """One page, as the server sees it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = Pace(MESSAGES_PER_SECOND, clock)
        self.hello: Hello | None = None
        """What the page said first; None while the connection is new."""
        self.over = False
        self.wait = 0.0
        """Seconds to leave the next bytes unread."""

    def receive(self, data: bytes) -> FromPage | Refused:
        """Understand one binary frame."""
        self.wait = self._pace.take()
        if len(data) > MESSAGE_BYTES:
            return self._refuse(
                f"The page sent {len(data) / 2**20:.0f} MB at once; {MESSAGE_BYTES // 2**20} MB is the most. "
                "Delete takes that are not needed, or split the piece in two.",
                ends=True,
            )
        try:
            message = _page.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            number = _numbered(data) if isinstance(error, msgspec.ValidationError) else None
            if number is not None and self.hello is not None:
                sentence = f"The change was not saved: no piece may be like that ({error}). Undo it."
                return Refused(Problem(sentence=sentence, kind="piece", number=number), ends=False)
            return self._refuse(
                f"The page sent something that is no message ({error}). Reload it.", ends=False
            )
        if isinstance(message, Hello):
            return self._greet(message)
        if self.hello is None:
            return self._refuse("The page did not say who it is. Reload it.", ends=True)
        return message

    def refuse_text(self) -> Refused:
        """A text frame came; messages are binary."""
        self.wait = self._pace.take()
        return self._refuse("The page sent text where a message was due. Reload it.", ends=True)

    def _greet(self, hello: Hello) -> Hello | Refused:
        if self.hello is not None:
            return self._refuse("The page greeted twice. Reload it.", ends=True)
        if hello.protocol != PROTOCOL:
            return self._refuse(
                "The page belongs to another version of Isobath than the one that runs. Reload it; "
                "what it has not saved yet is kept.",
                ends=True,
            )
        self.hello = hello
        return hello

    def _refuse(self, sentence: str, *, ends: bool) -> Refused:
        self.over = self.over or ends
        return Refused(Problem(sentence=sentence, kind="protocol"), ends)


def _numbered(data: bytes) -> int | None:
    """The number of a change whose piece is none: what one hand too many has made of a world is no reason
    to stop listening to the page. None: it is no change."""
    try:
        raw = msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    match raw:
        case {"type": "change", "number": int(number)} if 0 < number < 2**53:
            return number
    return None
