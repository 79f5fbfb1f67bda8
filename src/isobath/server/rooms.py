"""A room at the server: the sockets of its walkers, and the beat at which all are told where the others are.

Who is in it and what they may do is `isobath.world`, each socket is `isobath.server.visitor`; here is the
clock.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import numpy as np
from starlette.routing import Route
from starlette.types import Scope
from starlette.websockets import WebSocket

from isobath.errors import RoomRefusal
from isobath.outputs.outlet import Outlet
from isobath.protocol.piece import Piece
from isobath.protocol.poses import HEAD_BYTES, MOST_IN_FRAME, read_pose, write_frame, write_poses
from isobath.protocol.room import (
    JUMPS,
    MUTED,
    POSE_BYTES,
    POSES_PER_SECOND,
    ROOM_BYTES_PER_SECOND,
    FromRoom,
    RoomCame,
    RoomDo,
    RoomHere,
    RoomJoin,
    RoomJoined,
    RoomLeft,
    RoomNow,
    RoomState,
    RoomWalker,
)
from isobath.server.problems import told
from isobath.server.visitor import Visitor
from isobath.world.interest import Interest
from isobath.world.room import HOSTS, Room, Walker

MOST_A_BROWSER = 4
"""Walkers of one browser that was let in by an invitation: pages, and those that were just closed."""

REST_SECONDS = 10.0
"""So long a browser that was let go stays outside."""

PACKET_BYTES = 20 + 32 + 4
"""Headers of a packet: IP, TCP with its time stamps, the frame's own."""

PoseTold = Callable[[Walker, tuple[float, float, float], float, float], None]
"""A walker, metres, azimuth and elevation in turns."""


def pose_teller(outlet: Outlet | None) -> PoseTold | None:
    """Sends everybody's pose on, as `/isobath/pose/3` with x, y, z in metres, azimuth and elevation in
    turns."""
    if outlet is None:
        return None

    def tell(walker: Walker, metres: tuple[float, float, float], azimuth: float, elevation: float) -> None:
        outlet.say(f"/isobath/pose/{walker.id}", (*metres, azimuth, elevation))

    return tell


@dataclass(frozen=True)
class RoomAsked:
    """What the person who starts the server wants."""

    name: str
    piece: str
    """Id of a piece in the library."""
    most: int = 200
    editing: bool = False


@dataclass
class Figures:
    """What a room has done since it was opened, for `isobath bench walk` and the host."""

    ticks: int = 0
    late: int = 0
    """Ticks that came more than half a tick late."""
    bytes_out: int = 0
    """Without the headers of packets."""
    poses_out: int = 0
    skipped: int = 0
    """Frames that were left out because the one before had not left yet."""
    dropped: int = 0
    """Messages that came too fast or were none."""
    held_back: int = 0
    let_go: int = 0
    tick_seconds: float = 0.0
    """All ticks together."""


def _seen(walker: Walker) -> RoomWalker:
    return RoomWalker(
        id=walker.id,
        name=walker.name,
        colour=walker.colour,
        host=walker.host,
        muted=walker.muted,
        away=walker.away,
        weight=walker.weight,
    )


def _named(part: Any) -> set[tuple[str, str]]:
    """All models and sounds that a part of a piece speaks of, wherever."""
    if isinstance(part, dict):
        own = {(key, part[key]) for key in ("model", "sound") if isinstance(part.get(key), str)}
        return own.union(*(_named(each) for each in part.values() if isinstance(each, dict | list | tuple)))
    if not part or isinstance(part[0], int | float | str):
        return set()
    return set().union(*(_named(each) for each in part if isinstance(each, dict | list | tuple)))


class Rooms:
    """The room of a server: one, in the world of one piece."""

    def __init__(
        self,
        asked: RoomAsked,
        piece: Piece,
        invitation: Callable[[], str] = lambda: "",
        poses: PoseTold | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """invitation: the link for walkers, as it is now. poses: is told where everybody goes."""
        self.piece = asked.piece
        self.room = Room(asked.name, most=asked.most)
        self.room.editing = asked.editing
        self.figures = Figures()
        self.invitation = invitation
        self.crowd: Crowd | None = None
        """What all sound like together."""
        self._poses = poses
        self._clock = clock
        self._visitors: dict[int, Visitor] = {}
        self._places: dict[int, int] = {}
        self._free = deque(range(asked.most + HOSTS))
        self._interest = Interest(asked.most + HOSTS)
        self._browsers: Counter[str] = Counter()
        self._resting: dict[str, float] = {}
        self._banned: set[str] = set()
        self.models: frozenset[str] = frozenset()
        self.sounds: frozenset[str] = frozenset()
        """What is in the piece, and so what walkers may fetch."""
        self._why = ""
        """That there is no one sound, as everybody was told."""
        self._tick = 0
        self._beat: asyncio.Task[None] | None = None
        self.changed(piece)

    def changed(self, piece: Piece) -> None:
        """The piece whose world it is may be another."""
        if piece.id != self.piece:
            return
        found = _named(msgspec.to_builtins((piece.voices, piece.scenes, piece.world)))
        self.models = frozenset(name for key, name in found if key == "model")
        self.sounds = frozenset(name for key, name in found if key == "sound")
        if piece.world is not None:
            self.room.measure(piece.world.size, piece.world.speed)
            if self.crowd is not None:
                self.crowd.changed(piece)

    def here(self, guest: bool) -> RoomHere:
        """What a page is told of it."""
        return RoomHere(name=self.room.name, piece=self.piece, guest=guest)

    @property
    def state(self) -> RoomState:
        """What holds for all."""
        room = self.room
        heard, sentence = ("", "") if self.crowd is None else (self.crowd.path, self.crowd.sentence)
        return RoomState(
            locked=room.locked, editing=room.editing, crowd=room.crowd, listening=heard, sentence=sentence
        )

    # --------------------------------------------------------------------------------- sockets

    async def door(self, socket: WebSocket) -> None:
        """One walker, from the first byte to the last."""
        await Visitor(self, socket).run()

    def admit(self, visitor: Visitor, asked: RoomJoin) -> Walker:
        """Let somebody in.

        Raises:
            RoomRefusal: not now, or not at all.
        """
        now = self._clock()
        if visitor.browser in self._banned:
            raise RoomRefusal(f'The host has removed you from the room "{self.room.name}".', lasting=True)
        if now < self._resting.get(visitor.browser, 0.0):
            raise RoomRefusal(
                f"Too much came from here at once. Wait {REST_SECONDS:.0f} seconds, then try again."
            )
        if not visitor.host and self._browsers[visitor.browser] >= MOST_A_BROWSER:
            raise RoomRefusal(f"{MOST_A_BROWSER} pages of this browser walk here already. Close one of them.")
        key = f"{'host' if visitor.host else visitor.browser}:{asked.key}"
        walker = self.room.join(key, asked.name, now, host=visitor.host)
        if visitor.host:
            walker.host = True
        other = self._visitors.get(walker.id)
        if other is not None:
            other.end("This walk goes on in another page.", lasting=True)
            self._gone(other)
        if walker.id not in self._places:
            self._places[walker.id] = self._free.popleft()
        place = self._places[walker.id]
        if walker.id in self.room.news.came and other is None:
            self._interest.forget_told(place)
        self._visitors[walker.id] = visitor
        self._browsers[visitor.browser] += 1
        return walker

    def welcome(self, visitor: Visitor, walker: Walker) -> RoomJoined:
        """The first answer."""
        return RoomJoined(
            room=self.room.name,
            you=walker.id,
            host=visitor.host,
            walkers=tuple(_seen(each) for each in self.room.walkers.values()),
            state=self.state,
            invitation=self.invitation() if visitor.host else "",
            most=self.room.most,
        )

    def lost(self, visitor: Visitor) -> None:
        """A socket is gone; the walker may come back."""
        walker = visitor.walker
        if walker is not None and self._visitors.get(walker.id) is visitor:
            self._gone(visitor)
            self.room.lose(walker.id, self._clock())

    def _gone(self, visitor: Visitor) -> None:
        assert visitor.walker is not None
        self._visitors.pop(visitor.walker.id, None)
        self._browsers[visitor.browser] -= 1
        if self._browsers[visitor.browser] <= 0:
            del self._browsers[visitor.browser]

    def let_go(self, visitor: Visitor) -> None:
        """Somebody sends and sends."""
        self.figures.let_go += 1
        self._resting[visitor.browser] = self._clock() + REST_SECONDS
        if visitor.walker is not None and self._visitors.get(visitor.walker.id) is visitor:
            self._gone(visitor)
            self.room.leave(visitor.walker.id)

    # ----------------------------------------------------------------------------------- acts

    def move(self, walker: Walker, data: bytes) -> bool:
        """A pose came in; False: it was none."""
        try:
            place, state = read_pose(data)
        except ValueError:
            return False
        self.room.move(walker.id, place, self._clock(), jumps=bool(state & JUMPS))
        return True

    def rename(self, walker: Walker, name: str) -> None:
        """Somebody is called something else."""
        self.room.rename(walker.id, name)

    def do(self, asked: RoomDo) -> None:
        """A host's tool."""
        room, number = self.room, -1 if asked.walker is None else asked.walker
        match asked.tool:
            case "mute":
                room.mute(number, asked.on)
            case "weigh":
                room.weigh(number, asked.weight)
            case "remove":
                self.remove(number)
            case "lock":
                room.lock(asked.on)
            case "edit":
                room.let_edit(asked.on)
            case "crowd":
                room.gather(asked.on)
                if self.crowd is not None:
                    self.crowd.gather(asked.on)

    def remove(self, number: int) -> None:
        """Out, with the browser that it came from."""
        visitor, walker = self._visitors.get(number), self.room.walkers.get(number)
        if walker is None or walker.host:
            return
        self.room.remove(number)
        if visitor is not None:
            self._banned.add(visitor.browser)
            self._gone(visitor)
            visitor.end(f'The host has removed you from the room "{self.room.name}".', lasting=True)

    # --------------------------------------------------------------------------------- the beat

    def start(self) -> None:
        """Begin to tell."""
        self._beat = asyncio.create_task(self._run())

    def stop(self) -> None:
        """No more."""
        if self._beat is not None:
            self._beat.cancel()
        if self.crowd is not None:
            self.crowd.stop()

    async def _run(self) -> None:
        every = 1.0 / POSES_PER_SECOND
        due = self._clock()
        while True:
            due += every
            wait = due - self._clock()
            if wait < -0.5 * every:
                self.figures.late += 1
                due = self._clock()
            await asyncio.sleep(max(0.0, wait))
            began = time.perf_counter()
            try:
                self.tick()
            except Exception as error:  # one tick that fails must not end the room
                told(error, "telling walkers where the others are")
            self.figures.tick_seconds += time.perf_counter() - began

    def tick(self) -> None:
        """Tell everybody what is new."""
        self._tick += 1
        self.figures.ticks += 1
        now = self._clock()
        self.room.pass_time(now)
        self._tell_news()
        walkers = self.room.here()
        crowd = b"" if self.crowd is None or not self.room.crowd else self.crowd.frame()
        if self.crowd is not None and self.crowd.sentence != self._why:
            self._why, self.room.news.state = self.crowd.sentence, True  # told with the next tick
        if walkers:
            self._tell_poses(walkers, crowd)
        if self.crowd is not None and self.room.crowd:
            self.crowd.follow([each for each in walkers if each.placed and not each.muted])

    def _tell_news(self) -> None:
        news = self.room.news.take()
        for number in news.left:
            place = self._places.pop(number, None)
            if place is not None:
                self._interest.forget(place)
                self._free.append(place)
        messages: list[FromRoom] = [RoomLeft(id=number) for number in news.left]
        messages += [RoomCame(walker=_seen(walker)) for walker in news.came.values()]
        if news.state:
            messages.append(RoomNow(state=self.state))
        for message in messages:
            text = msgspec.json.encode(message).decode()
            for visitor in self._visitors.values():
                visitor.tell(text)

    def _tell_poses(self, walkers: list[Walker], crowd: bytes) -> None:
        shares = np.array([each.place for each in walkers], dtype=np.float64)
        states = np.array([MUTED if each.muted else 0 for each in walkers], dtype=np.uint8)
        ids = np.array([each.id for each in walkers], dtype=np.uint16)
        places = np.array([self._places[each.id] for each in walkers], dtype=np.intp)
        poses = write_poses(shares, states, ids)
        budget = ROOM_BYTES_PER_SECOND // POSES_PER_SECOND - PACKET_BYTES - HEAD_BYTES - len(crowd)
        room = max(4, min(MOST_IN_FRAME, budget // POSE_BYTES))
        shown = np.array([each.placed for each in walkers], dtype=np.bool_)
        chosen = self._interest.choose(self._tick, places, shares, self.room.metres(walkers), room, shown)
        for walker, others in zip(walkers, chosen, strict=True):
            visitor = self._visitors.get(walker.id)
            if visitor is None or (len(others) == 0 and not crowd):
                continue
            frame = write_frame(self._tick, poses[others].tobytes(), crowd)
            if visitor.show(frame):
                self.figures.bytes_out += len(frame)
                self.figures.poses_out += len(others)
            else:
                self.figures.skipped += 1
                self._interest.forget_told(self._places[walker.id])
        if self._poses is not None:
            for walker, metres in zip(walkers, self.room.metres(walkers), strict=True):
                if not walker.placed:
                    continue
                x, y, z = (float(each) for each in metres)
                self._poses(walker, (x, y, z), walker.place[3], walker.place[4])


class Crowd(Protocol):
    """What `Rooms` asks of whoever makes one sound of everybody (`isobath.server.crowds`)."""

    path: str
    """Where it is heard without a page, with its key."""
    sentence: str
    """Why there is none; empty: there is, or nobody asked."""

    def changed(self, piece: Piece) -> None:
        """The piece is another."""

    def gather(self, on: bool) -> None:
        """Begin, or end."""

    def follow(self, walkers: list[Walker]) -> None:
        """Where everybody is now."""

    def frame(self) -> bytes:
        """The shared latents, as `write_crowd` makes them."""

    def stop(self) -> None:
        """For good."""

    def admits(self, scope: Scope) -> bool:
        """Whether a request for its sound has the key."""

    def routes(self) -> list[Route]:
        """Where it is heard."""
