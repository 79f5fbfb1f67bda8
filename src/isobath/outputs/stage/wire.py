"""What the stage's engine and its workers say to each other, over pipes: a length, then MessagePack."""

from __future__ import annotations

import struct
from typing import BinaryIO

import msgspec

from isobath.errors import KernelError
from isobath.protocol.piece import Id, Piece, Take

MOST_BYTES = 256 * 1024 * 1024


class Change(msgspec.Struct, frozen=True, tag="change"):
    """The same piece, of the same structure, with other values. Answered by Ready or Failed."""

    revision: int
    piece: Piece


class Play(msgspec.Struct, frozen=True, tag="play"):
    """Play a take."""

    take: Take
    takes: tuple[Take, ...] = ()
    """Those below it."""
    hands: bool = True
    """Axes that a hand is on are the performer's meanwhile."""
    at: float = 0.0
    """Seconds into it at which it begins."""
    begins: int | None = None
    """Frame of the stage at which its first sample is heard, or was to be: then it goes on from where it is
    by now. None: at once."""


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """The performer's gestures are heard again."""

    ended: bool = False
    """The take has come to its end by itself: what waits for its bar begins all the same."""


class Record(msgspec.Struct, frozen=True, tag="record"):
    """Keep what the performer does, from a fresh past with this seed."""

    seed: int
    number: int = 0
    """Of the recording, with which its rows are written down (rows.py)."""
    over: Take | None = None
    """An overdub: this take plays meanwhile, but for the axes that a hand is on."""
    takes: tuple[Take, ...] = ()
    """Those below that one."""
    begins: int | None = None
    """As in Play."""


class Finish(msgspec.Struct, frozen=True, tag="finish"):
    """The recording is over. Answered by Recorded."""

    id: Id
    name: str
    seconds: float = 0.0
    """How long a round of it lasts; 0: as many frames as were recorded."""
    ends: int | None = None
    """Frame of the stage before which it ends; None: at once."""


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Get ready to play this piece, from its models on. Answered by Ready or Failed."""

    revision: int
    piece: Piece
    """Without its takes."""
    under_way: Play | Record | None = None
    """What is played or recorded just now: it goes on with it, before it says that it is ready."""
    coming: tuple[Play | Record | Finish, ...] = ()
    """What waits for its frame."""


class Panic(msgspec.Struct, frozen=True, tag="panic"):
    """Silence within 64 samples."""


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """From a fresh past."""

    seed: int = 1


class Freeze(msgspec.Struct, frozen=True, tag="freeze"):
    """Hold the latents, or glide on to what the gesture means."""

    on: bool


class Fade(msgspec.Struct, frozen=True, tag="fade"):
    """The master on its way out, or in again: 0 to 1, of its gain's square root."""

    start: float
    to: float
    seconds: float
    began: float
    """By time.monotonic, so that whoever takes over goes on where it is."""

    def at(self, now: float) -> float:
        """Where it is now."""
        gone = 1.0 if self.seconds <= 0.0 else min(1.0, max(0.0, (now - self.began) / self.seconds))
        return self.start + gone * (self.to - self.start)


class Direct(msgspec.Struct, frozen=True, tag="direct"):
    """A voice plays a latent that is looked at, instead of its mapping; None: its mapping again."""

    voice: Id
    latent: tuple[float, ...] | None


class Quit(msgspec.Struct, frozen=True, tag="quit"):
    """The process ends."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """It plays, or can play, this revision."""

    revision: int
    listens: bool
    seconds: float
    """That getting ready took."""
    dims: int = 0
    """Of the first voice's latent."""
    frame: int = 0
    """Of the take that is played or recorded, from which on it plays it."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It could not be done; what was played before goes on."""

    revision: int
    sentence: str


class Recorded(msgspec.Struct, frozen=True, tag="recorded"):
    """A take as it was recorded (takes.finished); None where none was."""

    take: Take | None
    over: Take | None = None
    """The one that played meanwhile."""


class Began(msgspec.Struct, frozen=True, tag="began"):
    """What was to be played or recorded is heard."""

    frame: int
    """Of the stage, at which its first sample is heard, or would have been."""
    take: Id | None = None
    """That is played; None: one is recorded."""
    number: int = 0
    """Of the recording."""


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A take has been played to its end."""

    take: Id


ToWorker = Load | Change | Play | Stop | Record | Finish | Panic | Begin | Freeze | Fade | Direct | Quit
FromWorker = Ready | Failed | Recorded | Began | Ended

_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def packed(message: ToWorker | FromWorker) -> bytes:
    """A message as it travels."""
    data = msgspec.msgpack.encode(message)
    return struct.pack("<I", len(data)) + data


def read_order(source: BinaryIO) -> ToWorker | None:
    """What the engine says next; None at the end."""
    data = _read(source)
    return None if data is None else _to_worker.decode(data)


def read_answer(source: BinaryIO) -> FromWorker | None:
    """What a worker says next; None at the end."""
    data = _read(source)
    return None if data is None else _from_worker.decode(data)


def _read(source: BinaryIO) -> bytes | None:
    head = source.read(4)
    if len(head) < 4:
        return None
    size = struct.unpack("<I", head)[0]
    if size > MOST_BYTES:
        raise KernelError(f"A process of the stage said {size} bytes at once. Start the stage again.")
    data = source.read(size)
    return data if len(data) == size else None
