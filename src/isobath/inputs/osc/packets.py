"""Packets of OSC 1.0 and 1.1 as messages (https://opensoundcontrol.org/spec-1_0).

Whatever comes over a network may be anything, so reading never trusts a length, and a packet that is none
raises `Malformed` with the reason. Messages that look the same up to their values are read with the same
prepared `struct`: the second one of an address costs a look-up and an unpacking.

Every type that means a number is one: i h f d c t are, T is 1, F is 0, I (a bang) is 1, and the values
of arrays count like any others. N, strings, blobs, colours and MIDI messages stay what they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

Value = float | int | str | bytes | None

DEEPEST = 16
"""Bundles in bundles."""

KEPT = 2048
"""Layouts that are remembered; more addresses than that are no patch but a storm."""

LONGEST_KEPT = 512
"""Bytes of address and types that are remembered."""

AT_ONCE = 1
"""The time tag that means immediately."""

EPOCH = 2_208_988_800
"""Seconds from 1900, where OSC counts from, to 1970."""

_CODES = {"i": "i", "h": "q", "f": "f", "d": "d", "c": "I", "t": "Q", "r": "4s", "m": "4s"}
_GIVEN: dict[str, Value] = {"T": 1, "F": 0, "I": 1, "N": None}


class Malformed(ValueError):
    """This is no OSC; the reason is for people."""


class Message(NamedTuple):
    """One message."""

    address: str
    values: tuple[Value, ...]
    date: int
    """The time tag of its bundle; AT_ONCE where it has none."""


class _Layout(NamedTuple):
    """How the messages of one address and one list of types are read."""

    address: str
    start: int
    read: struct.Struct
    constants: tuple[tuple[int, Value], ...]
    """Places and values of what takes no bytes."""


_layouts: dict[bytes, _Layout] = {}


def seconds_of(date: int) -> float:
    """A time tag as seconds since 1970."""
    return (date >> 32) - EPOCH + (date & 0xFFFFFFFF) / 4294967296.0


def read_packet(data: bytes) -> Iterator[Message]:
    """The messages of a packet, in order.

    Raises:
        Malformed: it is none. Messages before the fault have been given already.
    """
    if data[:1] == b"/":
        yield read_message(data, AT_ONCE)
    else:
        yield from _read_bundle(data, 0)


def read_message(data: bytes, date: int = AT_ONCE) -> Message:
    """One message.

    Raises:
        Malformed: it is none.
    """
    comma = data.find(b",")
    layout = _layouts.get(data[: data.find(b"\0", comma)]) if comma > 0 else None
    if layout is None:
        return _read_slowly(data, date)
    try:
        values = layout.read.unpack_from(data, layout.start)
    except struct.error:
        raise Malformed(f"{layout.address} ends before its values do") from None
    if layout.constants:
        values = _with_constants(values, layout.constants)
    return Message(layout.address, values, date)


def _with_constants(values: tuple[Value, ...], constants: tuple[tuple[int, Value], ...]) -> tuple[Value, ...]:
    row = list(values)
    for at, value in constants:
        row.insert(at, value)
    return tuple(row)


def _read_bundle(data: bytes, depth: int) -> Iterator[Message]:
    if data[:8] != b"#bundle\0" or len(data) < 16:
        raise Malformed("it begins neither with / nor with #bundle")
    if depth >= DEEPEST:
        raise Malformed(f"its bundles are nested more than {DEEPEST} deep")
    (date,) = struct.unpack_from(">Q", data, 8)
    at = 16
    while at < len(data):
        if at + 4 > len(data):
            raise Malformed("its bundle ends within a length")
        (size,) = struct.unpack_from(">i", data, at)
        at += 4
        if size <= 0 or at + size > len(data):
            raise Malformed(f"a part of its bundle claims {size} bytes")
        part = data[at : at + size]
        at += size
        if part[:1] == b"/":
            yield read_message(part, date)
        else:
            yield from _read_bundle(part, depth + 1)


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A string and where the next part begins."""
    end = data.find(b"\0", at)
    if end < 0:
        raise Malformed("a text in it has no end")
    following = (end // 4 + 1) * 4
    if following > len(data):
        raise Malformed("a text in it is not filled up to four bytes")
    return data[at:end].decode("utf-8", "replace"), following


def _read_slowly(data: bytes, date: int) -> Message:
    if data[:1] != b"/":
        raise Malformed("a message in it does not begin with /")
    address, types_at = _text(data, 0)
    if not address.isprintable():
        raise Malformed("its address has signs that are none")
    if types_at == len(data):
        return Message(address, (), date)  # some senders leave the types away where there is nothing
    if data[types_at : types_at + 1] != b",":
        raise Malformed(f"{address[:60]} does not say the types of its values")
    types, start = _text(data, types_at)
    types = types[1:].replace("[", "").replace("]", "")
    if len(types) <= 256 and all(each in _CODES or each in _GIVEN for each in types):
        layout = _Layout(
            address,
            start,
            struct.Struct(">" + "".join(_CODES.get(each, "") for each in types)),
            tuple((i, _GIVEN[each]) for i, each in enumerate(types) if each in _GIVEN),
        )
        # Only where the first comma begins the types do the bytes before the values tell the layout.
        if data.find(b",") == types_at and start <= LONGEST_KEPT:
            if len(_layouts) >= KEPT:
                _layouts.clear()
            _layouts[data[: data.find(b"\0", types_at)]] = layout
            return read_message(data, date)
    return Message(address, tuple(_values(data, start, types, address)), date)


def _values(data: bytes, at: int, types: str, address: str) -> Iterator[Value]:
    """Values one by one, where texts and blobs are among them."""
    for kind in types:
        if kind in _GIVEN:
            yield _GIVEN[kind]
        elif kind in "sS":
            text, at = _text(data, at)
            yield text
        elif kind == "b":
            blob, at = _blob(data, at)
            yield blob
        elif kind in _CODES:
            read = struct.Struct(">" + _CODES[kind])
            if at + read.size > len(data):
                raise Malformed(f"{address[:60]} ends before its values do")
            yield read.unpack_from(data, at)[0]
            at += read.size
        else:
            raise Malformed(f"{address[:60]} has a value of the unknown type {kind!r}")


def _blob(data: bytes, at: int) -> tuple[bytes, int]:
    if at + 4 > len(data):
        raise Malformed("it ends within a length")
    (size,) = struct.unpack_from(">i", data, at)
    end = at + 4 + size
    if size < 0 or end > len(data):
        raise Malformed(f"a blob in it claims {size} bytes")
    return data[at + 4 : end], (end + 3) // 4 * 4
