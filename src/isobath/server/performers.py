"""Several performers on one piece: who they are, where their hands are, and whose an axis is.

An axis belongs to the hand that came first, until it lets go; what another moves on it meanwhile does not
reach the stage. A hand that says nothing for a while has let go, so that a page that is gone holds nothing.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from isobath.protocol.messages import FromServer, HandsSeen, PerformersHere
from isobath.protocol.performers import HANDS_PER_SECOND, HandSeen, PerformerHere
from isobath.world.naming import colour_of, tidy

HELD_SECONDS = 0.5
"""Without a word from a hand, its axes are free after so long; pages repeat themselves more often."""


class Page(Protocol):
    """Where a performer sits."""

    piece: str | None

    def tell(self, message: FromServer) -> None:
        """Put a message in line; never waits."""

    def see(self, hands: Sequence[HandSeen]) -> None:
        """Tell where others' hands are; what is still in line is told at once with it."""


@dataclass
class _Performer:
    number: int
    name: str
    piece: str
    axes: tuple[str, ...] = ()
    point: tuple[float, ...] = ()
    moved: bool = False


@dataclass
class _Holds:
    """Which performer has each axis of a piece, and when it was last said."""

    of: dict[str, tuple[int, float]] = field(default_factory=dict)

    def claim(self, number: int, axes: Sequence[str], now: float) -> tuple[str, ...]:
        """Those of the axes that are this performer's, of which the free ones become so."""
        got = []
        for axis in axes:
            owner, said = self.of.get(axis, (number, now))
            if owner == number or now - said > HELD_SECONDS:
                self.of[axis] = (number, now)
                got.append(axis)
        return tuple(got)

    def free(self, number: int, but: Sequence[str] = ()) -> None:
        """This performer has let go of all others."""
        self.of = {axis: held for axis, held in self.of.items() if held[0] != number or axis in but}


class Performers:
    """Those of all pieces; one per desk. To be called from the event loop alone."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._here: dict[Page, _Performer] = {}
        self._holds: dict[str, _Holds] = {}
        self._names: dict[Page, str] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}

    def enter(self, page: Page) -> None:
        """A page has a piece open now, another one perhaps than before."""
        known = self._here.get(page)
        if known is not None and known.piece == page.piece:
            return
        self._go(page)
        if page.piece is None:
            return
        taken = {each.number for each in self._here.values() if each.piece == page.piece}
        number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        name = tidy(self._names.get(page, ""), number, "Performer")
        self._here[page] = _Performer(number, name, page.piece)
        if taken:
            self._introduce(page.piece)
            page.see([self._seen(each) for other, each in self._others(page) if each.point])

    def leave(self, page: Page) -> None:
        """A page is gone."""
        self._go(page)
        self._names.pop(page, None)

    def _go(self, page: Page) -> None:
        gone = self._here.pop(page, None)
        if gone is None:
            return
        self._holds.get(gone.piece, _Holds()).free(gone.number)
        if any(each.piece == gone.piece for each in self._here.values()):
            self._introduce(gone.piece)
        else:
            self._holds.pop(gone.piece, None)

    def first(self, piece: str) -> Page | None:
        """Who does what is to be done once: the performer with the lowest number; None: nobody is there."""
        there = [(each.number, page) for page, each in self._here.items() if each.piece == piece]
        return min(there, key=lambda each: each[0])[1] if there else None

    def rename(self, page: Page, name: str) -> None:
        """A performer says what they are called."""
        self._names[page] = name
        performer = self._here.get(page)
        if performer is None:
            return
        called = tidy(name, performer.number, "Performer")
        if called != performer.name:
            performer.name = called
            self._introduce(performer.piece)

    def show(self, page: Page, axes: Sequence[str], point: Sequence[float]) -> None:
        """A hand is here, and on these axes."""
        performer = self._here.get(page)
        if performer is None:
            return
        holds = self._holds.setdefault(performer.piece, _Holds())
        holds.free(performer.number, axes)
        performer.axes = holds.claim(performer.number, axes, self._now())
        performer.point, performer.moved = tuple(point), True
        if performer.piece not in self._telling:
            task = asyncio.get_running_loop().create_task(self._tell(performer.piece))
            self._telling[performer.piece] = task

    def own(
        self, page: Page, axes: Sequence[str], values: Sequence[float]
    ) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Of moves of a page, those on axes that no other hand has."""
        performer = self._here.get(page)
        if performer is None:
            return tuple(axes), tuple(values)
        holds = self._holds.setdefault(performer.piece, _Holds())
        got = set(holds.claim(performer.number, axes, self._now()))
        kept = [(axis, value) for axis, value in zip(axes, values, strict=False) if axis in got]
        return tuple(axis for axis, _ in kept), tuple(value for _, value in kept)

    async def _tell(self, piece: str) -> None:
        await asyncio.sleep(1 / HANDS_PER_SECOND)
        del self._telling[piece]
        there = [(page, each) for page, each in self._here.items() if each.piece == piece]
        moved = [each for _, each in there if each.moved]
        for page, each in there:
            seen = [self._seen(other) for other in moved if other is not each]
            if seen:
                page.see(seen)
        for each in moved:
            each.moved = False

    @staticmethod
    def _seen(performer: _Performer) -> HandSeen:
        return HandSeen(number=performer.number, axes=performer.axes, point=performer.point)

    def _others(self, page: Page) -> list[tuple[Page, _Performer]]:
        me = self._here[page]
        return [
            (other, each) for other, each in self._here.items() if each.piece == me.piece and each is not me
        ]

    def _introduce(self, piece: str) -> None:
        """Tell everybody on a piece who is there."""
        there = {page: each for page, each in self._here.items() if each.piece == piece}
        who = tuple(
            PerformerHere(number=each.number, name=each.name, colour=colour_of(each.number - 1))
            for each in sorted(there.values(), key=lambda each: each.number)
        )
        for page, each in there.items():
            page.tell(PerformersHere(performers=who, me=each.number))


def told_once(hands: dict[int, HandSeen]) -> HandsSeen:
    """What is in line for a page, as it is when its turn comes."""
    seen = HandsSeen(hands=tuple(hands.values()))
    hands.clear()
    return seen
