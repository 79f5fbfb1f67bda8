"""What a page and the server say to each other about one voice that the server makes (docs/streaming.md).

Text frames are JSON, the structs here; binary frames are latents one way and sound the other. Numbers are
little-endian, a head of 32-bit words and then 32-bit floats:

    latents   epoch, frame, dims, 1 if a given latent follows, samples heard
              latent [dims]   given [dims]   heard [2][samples]
    sound     epoch, frame, dims, channels, samples, microseconds it took to make
              latent as shaped [dims]   sound [channels][samples]

A sound frame says nothing of voices: whoever has sound to stream may send it with `dims` 0, and the ring
in the page (web/src/audio/ring.ts) plays it.
"""

import struct
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.protocol.piece import BarsPlayed, Shaping, Source

FRAME_BYTES = 128 * 1024
"""The most that a page sends at once: a latent, a given one, two channels of the longest hop; or a source."""

MOST_DIMS = 128
LATENTS = struct.Struct("<5I")
SOUND = struct.Struct("<6I")

Floats = NDArray[np.float32]


class Control(msgspec.Struct, frozen=True, kw_only=True, tag="control", tag_field="type"):
    """How latents are shaped, and what the voice listens to. The levels stay with the page."""

    shaping: Shaping = Shaping()
    source: Source = Source()
    bars: BarsPlayed = BarsPlayed()
    bpm: float = 120.0
    """The tempo of the piece, heard by voices on models of bars."""


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin", tag_field="type"):
    """From a fresh past. Frames of another epoch are not answered."""

    epoch: int
    seed: int = 1


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready", tag_field="type"):
    """The model runs; frames may come."""

    name: str
    sample_rate: int
    channels: int
    hop: int
    dims: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True, tag="trouble", tag_field="type"):
    """Something was not made, and why, in a sentence for the musician."""

    sentence: str
    lasting: bool = False
    """Whether asking again is in vain."""


@dataclass(frozen=True)
class Latents:
    """One frame of a voice, asked for."""

    epoch: int
    frame: int
    latent: Floats
    given: Floats | None = None
    """What a prior dreams."""
    heard: Floats | None = None
    """What came in during the hop before, (2, samples)."""


@dataclass(frozen=True)
class Sound:
    """One hop of sound, made."""

    epoch: int
    frame: int
    latent: Floats
    """As it was decoded, after shaping; empty where there is none."""
    audio: Floats
    """(channels, samples)."""
    microseconds: int = 0


_page: msgspec.json.Decoder[Control | Begin] = msgspec.json.Decoder(Control | Begin)
_server: msgspec.json.Decoder[Ready | Trouble] = msgspec.json.Decoder(Ready | Trouble)


def said(text: bytes) -> Control | Begin:
    """A text frame of a page.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    return _page.decode(text)


def told(text: bytes) -> Ready | Trouble:
    """A text frame of the server, for clients written in Python."""
    return _server.decode(text)


def write_latents(asked: Latents) -> bytes:
    """A frame asked for, as bytes."""
    samples = 0 if asked.heard is None else asked.heard.shape[1]
    head = LATENTS.pack(asked.epoch, asked.frame, len(asked.latent), asked.given is not None, samples)
    parts = (asked.latent, asked.given, asked.heard)
    return head + b"".join(np.ascontiguousarray(p, "<f4").tobytes() for p in parts if p is not None)


def read_latents(data: bytes) -> Latents:
    """A frame asked for.

    Raises:
        ValueError: the bytes are none.
    """
    if len(data) < LATENTS.size:
        raise ValueError(f"{len(data)} bytes are no frame")
    epoch, frame, dims, given, samples = LATENTS.unpack_from(data)
    count = dims * (1 + bool(given)) + 2 * samples
    if dims > MOST_DIMS or len(data) != LATENTS.size + 4 * count:
        raise ValueError(f"{len(data)} bytes for {dims} dimensions and {samples} samples")
    floats = np.frombuffer(data, "<f4", offset=LATENTS.size)
    return Latents(
        epoch,
        frame,
        floats[:dims],
        floats[dims : 2 * dims] if given else None,
        floats[count - 2 * samples :].reshape(2, samples) if samples else None,
    )


def write_sound(made: Sound) -> bytes:
    """A hop made, as bytes."""
    channels, samples = made.audio.shape
    dims = len(made.latent)
    head = SOUND.pack(made.epoch, made.frame, dims, channels, samples, min(made.microseconds, 2**32 - 1))
    return head + b"".join(np.ascontiguousarray(p, "<f4").tobytes() for p in (made.latent, made.audio))


def read_sound(data: bytes) -> Sound:
    """A hop made, for clients written in Python.

    Raises:
        ValueError: the bytes are none.
    """
    epoch, frame, dims, channels, samples, microseconds = SOUND.unpack_from(data)
    floats = np.frombuffer(data, "<f4", offset=SOUND.size)
    return Sound(epoch, frame, floats[:dims], floats[dims:].reshape(channels, samples), microseconds)
