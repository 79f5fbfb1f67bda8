"""The thread that listens for OSC: UDP and, on the same port, TCP.

Nothing in here waits for anybody: a packet is read, its messages are handed on, and what is no OSC is
counted. A bundle dated ahead waits in a queue of its own while everything else passes it by. The kernel is
asked for room for some 50,000 packets, so that a pause of ours loses none.
"""

from __future__ import annotations

import errno
import heapq
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from isobath.errors import UsageError
from isobath.inputs.osc.packets import AT_ONCE, Malformed, Message, read_packet, seconds_of
from isobath.inputs.osc.streams import Overlong, Unframer
from isobath.inputs.urgent import Urgency

ROOM = 20 * 1024 * 1024
"""Bytes the kernel keeps for us (SO_RCVBUF): a packet of a few bytes takes some 400 of them."""

SO_RCVBUFFORCE = 33
"""Linux' own number; Python has no name for it."""

BATCH = 512
"""Packets read before anything else is looked at."""

DATED = 1024
"""Messages that may wait for their date."""

AHEAD_SECONDS = 60.0
"""A bundle dated further ahead comes from a clock that is wrong: it is taken at once."""

CONNECTIONS = 16
TRIES = 20
"""To find a port that is free in both ways."""
ADDRESSES = 256
"""Of one connection, remembered to know what ends with it."""
LONGEST = 1 << 16

Take = Callable[[Message], None]


@dataclass
class OscCounts:
    """What came in so far."""

    packets: int = 0
    messages: int = 0
    malformed: int = 0
    dated: int = 0
    """Waited for their date."""
    dropped: int = 0
    """Dated messages for which there was no room."""
    wrong_clock: int = 0
    """Dated so far ahead that they were taken at once."""
    reason: str = ""
    """Of the last malformed one."""


@dataclass
class _Connection:
    """One program over TCP."""

    socket: socket.socket
    unframer: Unframer = field(default_factory=Unframer)
    addresses: dict[str, int] = field(default_factory=dict)
    """With the values they had."""


def read_doorway(text: str) -> tuple[str, int]:
    """Host and port of `[HOST:]PORT`; without a host, only this machine is listened to.

    Raises:
        UsageError: it reads differently.
    """
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise UsageError(f'Put the IPv6 address in brackets: --osc-in "[{host}]:{port}".')
    if not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 <= int(port) <= 65535:
        raise UsageError(f'OSC comes in on a port, as in --osc-in 9001 or 0.0.0.0:9001, not "{text}".')
    return host or "127.0.0.1", int(port)


class OscReceiver:
    """Listens on one port until it is closed."""

    def __init__(
        self,
        host: str,
        port: int,
        take: Take,
        *,
        dates: bool = True,
        gone: Callable[[Mapping[str, int]], None] | None = None,
    ) -> None:
        """take: called with each message, in the receiver's thread. dates: bundles wait for theirs.
        gone: called when a TCP connection has ended, with the addresses it used and how many values each
        had.

        Raises:
            UsageError: this port, or this host, cannot be listened on.
        """
        self.counts = OscCounts()
        self._take = take
        self._dates = dates
        self._gone = gone
        self._later: list[tuple[float, int, Message]] = []
        self._order = count()
        self._udp, self._tcp = _open(host, port)
        self.address: tuple[str, int] = self._udp.getsockname()[:2]
        self._wake, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for each in (self._udp, self._tcp, self._wake):
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ)
        self._open = True
        self._thread = threading.Thread(target=self._run, name="isobath-osc", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        if self._open:
            self._open = False
            with suppress(OSError):
                self._waker.send(b"\0")
            self._thread.join(5.0)

    # ---------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        urgency = Urgency()
        try:
            while self._open:
                urgency.watch()
                for key, _ in self._selector.select(self._patience()):
                    self._read(key)
                self._deliver()
        finally:
            for key in list(self._selector.get_map().values()):
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.close()
            self._waker.close()
            self._selector.close()

    def _patience(self) -> float | None:
        if not self._later:
            return None
        return max(0.0, self._later[0][0] - time.time())

    def _read(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._udp:
            self._read_udp()
        elif key.fileobj is self._tcp:
            self._accept()
        elif isinstance(key.data, _Connection):
            self._read_tcp(key.data)

    def _read_udp(self) -> None:
        receive, packet = self._udp.recv, self.packet
        for _ in range(BATCH):
            try:
                data = receive(LONGEST)
            except OSError:  # nothing more; or, on Windows, an answer to something we never sent
                return
            packet(data)

    def packet(self, data: bytes, seen: dict[str, int] | None = None) -> None:
        """Take in one packet; note in `seen` which addresses it has."""
        counts = self.counts
        counts.packets += 1
        try:
            for message in read_packet(data):
                if seen is not None and (len(seen) < ADDRESSES or message.address in seen):
                    seen[message.address] = len(message.values)
                if message.date == AT_ONCE or not self._dates:
                    counts.messages += 1
                    self._take(message)
                else:
                    self._date(message)
        except Malformed as fault:
            counts.malformed += 1
            counts.reason = str(fault)

    def _date(self, message: Message) -> None:
        now, due = time.time(), seconds_of(message.date)
        if due - now > AHEAD_SECONDS:
            self.counts.wrong_clock += 1
        if due <= now or due - now > AHEAD_SECONDS:
            self.counts.messages += 1
            self._take(message)
        elif len(self._later) >= DATED:
            self.counts.dropped += 1
        else:
            self.counts.dated += 1
            heapq.heappush(self._later, (due, next(self._order), message))

    def _deliver(self) -> None:
        now = time.time()
        while self._later and self._later[0][0] <= now:
            self.counts.messages += 1
            self._take(heapq.heappop(self._later)[2])

    # ------------------------------------------------------------------------------- TCP

    def _accept(self) -> None:
        try:
            connection, _ = self._tcp.accept()
        except OSError:
            return
        if len(self._selector.get_map()) >= CONNECTIONS + 3:
            connection.close()
            return
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ, _Connection(connection))

    def _read_tcp(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(LONGEST)
            for packet in connection.unframer.feed(data):
                self.packet(packet, connection.addresses)
        except (BlockingIOError, InterruptedError):
            return
        except Overlong as fault:
            self.counts.malformed += 1
            self.counts.reason = str(fault)
            data = b""
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            if self._gone is not None:
                self._gone(connection.addresses)


def _make_room(udp: socket.socket) -> None:
    """As much as the system lets us have: beyond its usual most if we may, else that."""
    with suppress(OSError):
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    if sys.platform == "linux":
        with suppress(OSError):
            udp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)


def _open(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on the same port.

    Raises:
        UsageError: there is none to be had.
    """
    left = TRIES
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            left -= 1
            taken = error.errno == errno.EADDRINUSE
            if taken and port == 0 and left:  # the port that is free for one is not for the other
                continue
            if taken:
                sentence = f"Port {port} is taken by another program. Choose another one for --osc-in."
            else:
                sentence = f"OSC cannot come in on {host}:{port} ({error.strerror}). Choose another address."
            raise UsageError(sentence) from error


def _bound(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    tcp = socket.socket(family, socket.SOCK_STREAM)
    try:
        _make_room(udp)
        udp.bind((host, port))
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((host, udp.getsockname()[1]))
        tcp.listen(CONNECTIONS)
    except OSError:
        udp.close()
        tcp.close()
        raise
    return udp, tcp
