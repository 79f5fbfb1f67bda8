"""A room: many walkers in one world (docs/walk.md, "Together").

One WebSocket for each walker, at `/room`. Text frames are JSON, the structs here, told apart by `type`; the
first thing a page says is `RoomJoin`. Binary frames are poses, little-endian:

    page      1, pose without whose it is                                11 bytes
    server    2, walkers n, 16 bits that count ticks, n poses            4 + 12 n bytes
              then, where a crowd is heard: voices v, dims of each (v bytes), 16-bit floats of all

A pose is 12 bytes. Coordinates are shares of the world's size, so that they cannot leave it and cannot be
anything but numbers:

    32 bits   x (20 high bits; 0 west, all ones east), azimuth (12; a turn)
    32 bits   z (20; 0 north, all ones south), elevation (10; straight down to straight up), 2 of state
    16 bits   y (0 lowest, all ones highest)
    16 bits   whose it is

State: 1 the walker is somewhere else at once (no way between), 2 nobody hears this walker. What reads and
writes them is `isobath.protocol.poses`, and in the page `web/src/net/poses.ts`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

POSES_PER_SECOND = 15
"""At which poses are sent, each way."""

POSE_BYTES = 12
"""Of one walker, in a frame of the server."""

ROOM_BYTES_PER_SECOND = 5000
"""The most that goes to one walker, headers of TCP and IP included."""

ROOM_MESSAGE_BYTES = 2048
"""Largest message that a walker may send."""

WALKER_NAME = 40
"""Characters of a walker's name; what is longer is cut."""

JUMPS = 1
"""A state of a pose: there was no way to here."""

MUTED = 2
"""A state of a pose: nobody hears this walker."""

RoomTool = Literal["mute", "remove", "weigh", "lock", "edit", "crowd"]


class RoomHere(msgspec.Struct, frozen=True, kw_only=True):
    """In `Welcome`: there is a room, and where."""

    name: str
    piece: str
    """The id of the piece whose world it is."""
    guest: bool = False
    """The page was let in by an invitation: it walks, and sees this piece alone."""


class RoomWalker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the room."""

    id: int
    """In poses."""
    name: str
    colour: str
    """#rrggbb"""
    host: bool = False
    muted: bool = False
    """Nobody hears this walker, and the crowd goes on without."""
    away: bool = False
    """The connection is lost; the place is kept for a while."""
    weight: float = 1.0
    """In the crowd."""


class RoomJoin(msgspec.Struct, frozen=True, kw_only=True, tag="join", tag_field="type"):
    """The first message of a walker; a later one changes the name. Answered by `RoomJoined` or
    `RoomRefused`."""

    key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,64}\Z")]
    """Made by the page and told to nobody else: who comes back with it is the same walker."""
    name: Annotated[str, Meta(max_length=400)] = ""


class RoomDo(msgspec.Struct, frozen=True, kw_only=True, tag="do", tag_field="type"):
    """What only hosts may do."""

    tool: RoomTool
    """mute, remove, weigh: a walker. lock: nobody new comes in. edit: walkers may change the piece. crowd:
    all hear one sound that follows everybody."""
    on: bool = True
    walker: Annotated[int, Meta(ge=0, le=65535)] | None = None
    weight: Annotated[float, Meta(ge=0, le=8)] = 1.0
    """weigh: of this walker in the crowd."""


class RoomState(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all."""

    locked: bool = False
    editing: bool = False
    """Walkers may change the piece."""
    crowd: bool = False
    """One sound follows everybody."""
    listening: str = ""
    """Path at which the crowd is heard without a page; empty: nowhere."""
    sentence: str = ""
    """Why one sound for all cannot be had; empty: it can."""


class RoomJoined(msgspec.Struct, frozen=True, kw_only=True, tag="joined", tag_field="type"):
    """You are in."""

    room: str
    you: int
    """Your id."""
    host: bool
    """You have the host's tools."""
    walkers: tuple[RoomWalker, ...]
    """Everybody, you included."""
    state: RoomState
    invitation: str = ""
    """To hosts: the link for walkers."""
    most: int = 0
    """Walkers that the room holds."""


class RoomCame(msgspec.Struct, frozen=True, kw_only=True, tag="came", tag_field="type"):
    """Somebody came, came back, or is called something else."""

    walker: RoomWalker


class RoomLeft(msgspec.Struct, frozen=True, kw_only=True, tag="left", tag_field="type"):
    """Somebody is gone."""

    id: int


class RoomNow(msgspec.Struct, frozen=True, kw_only=True, tag="now", tag_field="type"):
    """What holds for all has changed."""

    state: RoomState


class RoomRefused(msgspec.Struct, frozen=True, kw_only=True, tag="refused", tag_field="type"):
    """You are not in, or no longer, and why; the socket closes."""

    sentence: str
    lasting: bool = False
    """Asking again is in vain."""


FromWalker = RoomJoin | RoomDo
FromRoom = RoomJoined | RoomCame | RoomLeft | RoomNow | RoomRefused

_walker: msgspec.json.Decoder[FromWalker] = msgspec.json.Decoder(FromWalker)
_room: msgspec.json.Decoder[FromRoom] = msgspec.json.Decoder(FromRoom)


def said_by_walker(text: bytes) -> FromWalker:
    """A text frame of a page.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    return _walker.decode(text)


def told_by_room(text: bytes) -> FromRoom:
    """A text frame of the server, for clients written in Python."""
    return _room.decode(text)
