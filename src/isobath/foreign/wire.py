"""What the instrument and a confined process say to each other.

Requests and answers are JSON behind their length, over two pipes; sound and latents lie in memory
that both share, float32, the question in its first half and the answer in the second. The answers come
from a process that a stranger's model may have taken over, so they are checked like a stranger's.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

AREA = 1 << 26
"""Bytes of each half of the shared memory; pages that are not used cost nothing."""

MOST_MESSAGE = 8 << 20
"""Bytes of one message."""

_LENGTH = struct.Struct("<I")


class Load(msgspec.Struct, tag=True, frozen=True):
    """The first request: a model of this many bytes follows at once."""

    size: int
    threads: int = 1


class Open(msgspec.Struct, tag=True, frozen=True):
    """Another copy of the model with an empty past, or with the past of `like`."""

    like: int | None = None
    seed: int = 0


class Close(msgspec.Struct, tag=True, frozen=True):
    """A copy is no longer needed."""

    instance: int


class Call(msgspec.Struct, tag=True, frozen=True):
    """Run a method on the (batch, channels, frames) in the shared memory."""

    instance: int
    method: str
    shape: tuple[int, int, int]
    seed: int | None = None
    """Of the random numbers of this call; None goes on from the last."""


class Get(msgspec.Struct, tag=True, frozen=True):
    """The value of an attribute."""

    instance: int
    name: str


class Set(msgspec.Struct, tag=True, frozen=True):
    """Give an attribute new values."""

    instance: int
    name: str
    values: list[Any]


Request = Load | Open | Close | Call | Get | Set


class Method(msgspec.Struct, frozen=True):
    """A method as the file declares it. A ratio is samples a frame."""

    name: str
    in_channels: int
    in_ratio: int
    out_channels: int
    out_ratio: int
    input_labels: tuple[str, ...] = ()
    output_labels: tuple[str, ...] = ()


class Attribute(msgspec.Struct, frozen=True):
    """A setting of the model: the kinds of its values (bool, int, float, str, tensor, buffer)."""

    name: str
    kinds: tuple[str, ...]
    readable: bool = True
    writable: bool = True


class Facts(msgspec.Struct, tag=True, frozen=True):
    """What a loaded model says of itself."""

    methods: tuple[Method, ...]
    attributes: tuple[Attribute, ...] = ()
    numbers: dict[str, float] = {}
    """Plain numbers of the model by the names other programs use: `sr`, `latent_size`, …"""
    files_fenced: bool = False
    calls_fenced: bool = False
    limited: bool = False
    torch: str = ""
    notes: tuple[str, ...] = ()


class Opened(msgspec.Struct, tag=True, frozen=True):
    """The number of the new copy."""

    instance: int


class Called(msgspec.Struct, tag=True, frozen=True):
    """The shapes of the arrays in the shared memory, one behind the other."""

    shapes: tuple[tuple[int, ...], ...]
    seconds: float


class Value(msgspec.Struct, tag=True, frozen=True):
    """An attribute's values; a tensor is {"shape": …, "numbers": …}."""

    values: list[Any]


class Done(msgspec.Struct, tag=True, frozen=True):
    """It was done, or the model said no."""

    accepted: bool = True


class Failed(msgspec.Struct, tag=True, frozen=True):
    """It could not be done; why, as far as the model says."""

    why: str


Answer = Facts | Opened | Called | Value | Done | Failed

_requests = msgspec.json.Decoder(Request)
_answers = msgspec.json.Decoder(Answer)


def packed(message: Request | Answer) -> bytes:
    """A message as it goes through the pipe."""
    text = msgspec.json.encode(message)
    return _LENGTH.pack(len(text)) + text


def length(head: bytes) -> int:
    """How long the message behind these four bytes is."""
    size: int = _LENGTH.unpack(head)[0]
    return size


def request(text: bytes) -> Request:
    """The instrument's message."""
    found: Request = _requests.decode(text)
    return found


def answer(text: bytes) -> Answer:
    """The model's message.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    found: Answer = _answers.decode(text)
    return found
