"""OSC over TCP: where one packet ends and the next begins.

Two manners are about: a length before each packet (OSC 1.0), and SLIP with an END on both sides (1.1).
The first byte tells which: a length below 16 MB begins with 0, SLIP does not.
"""

from __future__ import annotations

from collections.abc import Iterator

END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE = 0xC0, 0xDB, 0xDC, 0xDD
LONGEST = 1 << 16
"""Bytes of a packet, as many as over UDP."""


class Overlong(ValueError):
    """Nothing that comes on this connection can be read any more."""


class Unframer:
    """Bytes as they come in, packets out."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._slip: bool | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that are whole now.

        Raises:
            Overlong: a packet claims to be larger than any may be.
        """
        self._kept += data
        if self._slip is None and self._kept:
            self._slip = self._kept[0] != 0
        yield from self._slipped() if self._slip else self._sized()

    def _sized(self) -> Iterator[bytes]:
        while len(self._kept) >= 4:
            size = int.from_bytes(self._kept[:4], "big")
            if size > LONGEST:
                raise Overlong(f"A packet claims {size} bytes.")
            if len(self._kept) < 4 + size:
                return
            packet = bytes(self._kept[4 : 4 + size])
            del self._kept[: 4 + size]
            if packet:
                yield packet

    def _slipped(self) -> Iterator[bytes]:
        while (end := self._kept.find(END)) >= 0:
            packet = bytes(self._kept[:end])
            del self._kept[: end + 1]
            if packet:
                escaped = packet.replace(bytes((ESCAPE, ESCAPED_END)), bytes((END,)))
                yield escaped.replace(bytes((ESCAPE, ESCAPED_ESCAPE)), bytes((ESCAPE,)))
        if len(self._kept) > 2 * LONGEST:
            raise Overlong(f"A packet is longer than {LONGEST} bytes.")
