"""Who is in a room and where: joining, walking, going away for a moment, leaving, and the host's tools.

Every change is a method that is told the time; what others have to hear of is left in `news`. Places are
shares of the world's size (0..1 along x, y, z), azimuth in turns, elevation in turns from the horizon. No
walker moves faster than the world allows: whoever claims to is held back, and only a jump that says so, now
and then, is somewhere else at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isobath.errors import RoomRefusal
from isobath.world.naming import colour_of, tidy

GRACE_SECONDS = 30.0
"""So long the place of somebody is kept whose connection is lost."""

HURRY = 12.0
"""A walker is at most so many times as fast as the world's pace; running is four times."""

SLACK = 0.35
"""Seconds of movement that may have piled up on the way."""

HOSTS = 32
"""Places beside those for walkers."""

JUMP_SECONDS = 0.5
"""Between two jumps."""

Place = tuple[float, float, float, float, float]
"""x, y, z as shares; azimuth and elevation in turns."""

START: Place = (0.5, 0.5, 0.5, 0.0, 0.0)


@dataclass(eq=False)
class Walker:
    """Somebody."""

    id: int
    key: str
    name: str
    colour: str
    host: bool = False
    muted: bool = False
    weight: float = 1.0
    away_since: float | None = None
    """The connection has been lost since; None: it stands."""
    place: Place = START
    placed: bool = False
    """They have said where they are."""
    moved_at: float = -math.inf
    jumped_at: float = -math.inf
    held_back: int = 0
    """Moves that were too fast, shortened."""
    senseless: int = 0
    """Moves that were no place at all, left out."""

    @property
    def away(self) -> bool:
        """Nobody is connected as this walker."""
        return self.away_since is not None


@dataclass
class News:
    """What others have not been told yet."""

    came: dict[int, Walker] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)
    state: bool = False
    """What holds for all has changed."""

    def take(self) -> "News":
        """All of it; nothing is left."""
        taken = News(self.came, self.left, self.state)
        self.came, self.left, self.state = {}, [], False
        return taken


class Room:
    """One room."""

    def __init__(
        self, name: str, size: Sequence[float] = (120.0, 60.0, 120.0), speed: float = 5.0, most: int = 200
    ) -> None:
        """size: metres along x, y, z. speed: of walking, metres a second. most: walkers that fit."""
        self.name = name
        self.most = most
        self.locked = False
        self.editing = False
        self.crowd = False
        self.news = News()
        self.walkers: dict[int, Walker] = {}
        self._keys: dict[str, int] = {}
        self._banned: set[str] = set()
        self._next = 0
        self.measure(size, speed)

    def measure(self, size: Sequence[float], speed: float) -> None:
        """The world is another: metres along x, y, z, and metres a second."""
        self.size = tuple(max(1e-3, float(each)) for each in size)
        self.speed = float(speed)

    # ------------------------------------------------------------------------- coming and going

    def join(self, key: str, name: str, now: float, *, host: bool = False) -> Walker:
        """Somebody comes, or comes back.

        Raises:
            RoomRefusal: the room is full or locked, or this walker was removed.
        """
        known = self._keys.get(key)
        if known is not None:
            walker = self.walkers[known]
            walker.away_since = None
            walker.host = host
            if name:
                walker.name = tidy(name, walker.id + 1)
            self.news.came[walker.id] = walker
            return walker
        self._refuse(key, host)
        number = self._free()
        walker = Walker(number, key, tidy(name, number + 1), colour_of(number), host=host, moved_at=now)
        self.walkers[number] = walker
        self._keys[key] = number
        self.news.came[number] = walker
        return walker

    def _refuse(self, key: str, host: bool) -> None:
        if key in self._banned:
            raise RoomRefusal(f'The host has removed you from the room "{self.name}".', lasting=True)
        if host and len(self.walkers) < self.most + HOSTS:
            return
        if self.locked and not host:
            raise RoomRefusal(f'The room "{self.name}" is locked. Ask its host to open it, and try again.')
        if len(self.walkers) >= self.most:
            raise RoomRefusal(
                f'The room "{self.name}" is full: {self.most} walk in it. Try again when somebody has left.'
            )

    def _free(self) -> int:
        """A number that was not somebody else's a moment ago."""
        while self._next in self.walkers:
            self._next = (self._next + 1) % 65536
        number = self._next
        self._next = (self._next + 1) % 65536
        return number

    def rename(self, number: int, name: str) -> None:
        """Somebody is called something else."""
        walker = self.walkers.get(number)
        if walker is not None and tidy(name, number + 1) != walker.name:
            walker.name = tidy(name, number + 1)
            self.news.came[number] = walker

    def lose(self, number: int, now: float) -> None:
        """The connection is lost; the place is kept for a while."""
        walker = self.walkers.get(number)
        if walker is not None and walker.away_since is None:
            walker.away_since = now
            self.news.came[number] = walker

    def leave(self, number: int) -> None:
        """Gone, and the place is free."""
        walker = self.walkers.pop(number, None)
        if walker is not None:
            del self._keys[walker.key]
            self.news.came.pop(number, None)
            self.news.left.append(number)

    def pass_time(self, now: float) -> None:
        """Let those go who have been away for too long."""
        for walker in list(self.walkers.values()):
            if walker.away_since is not None and now - walker.away_since > GRACE_SECONDS:
                self.leave(walker.id)

    # --------------------------------------------------------------------------------- walking

    def move(self, number: int, place: Sequence[float], now: float, *, jumps: bool = False) -> bool:
        """Somebody says where they are. False: it was not so, and they are as far as they could have come."""
        walker = self.walkers.get(number)
        if walker is None or walker.away:
            return False
        if len(place) != 5 or not all(map(math.isfinite, place)):
            walker.senseless += 1
            return False
        x, y, z = (min(max(float(each), 0.0), 1.0) for each in place[:3])
        azimuth, elevation = float(place[3]) % 1.0, min(max(float(place[4]), -0.25), 0.25)
        passed = max(0.0, now - walker.moved_at)
        walker.moved_at = max(now, walker.moved_at)
        if not walker.placed or (jumps and now - walker.jumped_at >= JUMP_SECONDS):
            walker.jumped_at, walker.placed = now, True
            walker.place = (x, y, z, azimuth, elevation)
            return True
        share = self._reached(walker.place, (x, y, z), passed + SLACK)
        old = walker.place
        walker.place = (
            old[0] + share * (x - old[0]),
            old[1] + share * (y - old[1]),
            old[2] + share * (z - old[2]),
            azimuth,
            elevation,
        )
        walker.held_back += share < 1.0
        return share == 1.0

    def _reached(self, old: Place, new: tuple[float, float, float], seconds: float) -> float:
        """What share of the way can have been gone in so many seconds."""
        metres = math.dist(
            [each * size for each, size in zip(old[:3], self.size, strict=True)],
            [each * size for each, size in zip(new, self.size, strict=True)],
        )
        could = HURRY * self.speed * min(seconds, 10.0)
        return 1.0 if metres <= could else could / metres

    # ------------------------------------------------------------------------------ the host

    def mute(self, number: int, on: bool) -> None:
        """Nobody hears this walker, or everybody does again."""
        walker = self.walkers.get(number)
        if walker is not None:
            walker.muted = on
            self.news.came[number] = walker

    def weigh(self, number: int, weight: float) -> None:
        """How much this walker counts in the crowd."""
        walker = self.walkers.get(number)
        if walker is not None and math.isfinite(weight):
            walker.weight = min(max(weight, 0.0), 8.0)
            self.news.came[number] = walker

    def remove(self, number: int) -> None:
        """Out, and not in again."""
        walker = self.walkers.get(number)
        if walker is not None and not walker.host:
            self._banned.add(walker.key)
            self.leave(number)

    def lock(self, on: bool) -> None:
        """Nobody new comes in."""
        self.locked, self.news.state = on, True

    def let_edit(self, on: bool) -> None:
        """Walkers may change the piece."""
        self.editing, self.news.state = on, True

    def gather(self, on: bool) -> None:
        """All hear one sound that follows everybody."""
        self.crowd, self.news.state = on, True

    # ----------------------------------------------------------------------------- as arrays

    def here(self) -> list[Walker]:
        """Everybody whose connection stands."""
        return [each for each in self.walkers.values() if not each.away]

    def metres(self, walkers: Sequence[Walker]) -> NDArray[np.float32]:
        """Where they are, (n, 3)."""
        shares = np.array([each.place[:3] for each in walkers], dtype=np.float32).reshape(len(walkers), 3)
        return (shares - np.float32(0.5)) * np.array(self.size, dtype=np.float32)
