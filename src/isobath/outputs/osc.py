"""What is heard, as Open Sound Control for other programs: lights, pictures, another synthesizer.

Each `Heard` of a page becomes one bundle, to be taken at once, and leaves as one UDP packet for the
one address that was given. The format is that of OSC 1.0 (https://opensoundcontrol.org/spec-1_0):
big-endian, every part padded with zeros to a multiple of four bytes.
"""

import socket
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress

from isobath.errors import UsageError
from isobath.protocol.messages import Heard

LARGEST = 3.4028234e38
"""Of a 32-bit float."""

AT_ONCE = 1
"""The time tag that means immediately."""


def encode_text(text: str) -> bytes:
    """An OSC string: ASCII, ended and padded by zeros."""
    data = text.encode("ascii")
    return data + b"\0" * (4 - len(data) % 4)


def encode_message(address: str, values: Sequence[float]) -> bytes:
    """One message whose arguments are all 32-bit floats."""
    return (
        encode_text(address) + encode_text("," + "f" * len(values)) + struct.pack(f">{len(values)}f", *values)
    )


def encode_mixed(address: str, values: Sequence[float | str]) -> bytes:
    """One message of 32-bit floats and texts; signs beyond ASCII become `?`, numbers beyond 32 bits the
    largest there are."""
    if not any(isinstance(one, str) for one in values):
        return encode_message(address, [_within(float(one)) for one in values])
    tags = "".join("s" if isinstance(one, str) else "f" for one in values)
    body = b"".join(
        encode_text(one.encode("ascii", "replace").decode().replace("\0", "?"))
        if isinstance(one, str)
        else struct.pack(">f", _within(one))
        for one in values
    )
    return encode_text(address) + encode_text("," + tags) + body


def _within(value: float) -> float:
    return min(max(value, -LARGEST), LARGEST)


def encode_bundle(messages: Iterable[bytes]) -> bytes:
    """Messages that belong to one moment."""
    parts = (struct.pack(">i", len(message)) + message for message in messages)
    return encode_text("#bundle") + struct.pack(">Q", AT_ONCE) + b"".join(parts)


def encode_heard(heard: Heard) -> bytes:
    """One moment as a bundle; `/isobath/onset` is in it only where something begins,
    `/isobath/axes` and `/isobath/pose` only where there are any."""
    messages = [
        encode_message("/isobath/loudness", (heard.loudness,)),
        encode_message("/isobath/brightness", (heard.brightness,)),
    ]
    if heard.onset > 0.0:
        messages.append(encode_message("/isobath/onset", (heard.onset,)))
    messages.append(encode_message("/isobath/bands", heard.bands))
    messages.append(encode_message("/isobath/latent", heard.latent))
    if heard.axes:
        messages.append(encode_message("/isobath/axes", heard.axes))
    if heard.pose:
        messages.append(encode_message("/isobath/pose", heard.pose))
    return encode_bundle(messages)


def read_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; an IPv6 address stands in brackets, as in `[::1]:9000`.

    Raises:
        UsageError: it reads differently.
    """
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise UsageError(f'Put the IPv6 address in brackets: --osc "[{host}]:{port}".')
    if not host or not port.isascii() or not port.isdigit():
        raise UsageError(f'OSC needs a host and a port, as in --osc 127.0.0.1:9000, not "{text}".')
    if len(port) > 5 or not 1 <= int(port) <= 65535:
        raise UsageError(f"OSC cannot be sent to port {port}. Ports go from 1 to 65535.")
    return host, int(port)


class OscOutput:
    """Sends to one address, never waits and never fails: a packet that cannot leave is lost."""

    def __init__(self, host: str, port: int) -> None:
        """Find the host.

        Raises:
            UsageError: there is none of this name.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise UsageError(f'There is no host "{host}" to send OSC to. Check the name.') from error
        family, kind, protocol, _, address = found[0]
        self._address: tuple[object, ...] = address
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)

    def send(self, heard: Heard) -> None:
        """Tell what is heard now."""
        self._leave(encode_heard(heard))

    def say(self, address: str, values: Sequence[float | str]) -> None:
        """Send one message."""
        self._leave(encode_mixed(address, values))

    def _leave(self, packet: bytes) -> None:
        with suppress(OSError):
            self._socket.sendto(packet, self._address)

    def close(self) -> None:
        """No more packets; what is sent afterwards is lost."""
        self._socket.close()
