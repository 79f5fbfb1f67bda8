"""What the stage plays and records, and what waits: for its bar line, or for voices that are being loaded.

Frames are counted as the device was given them; so a bar line is a sample, whoever asked for it and whenever
that is told. Where a line was is kept with what began on it: whoever goes on, goes on from there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from isobath.outputs.stage import wire
from isobath.outputs.stage.beat import Beat
from isobath.protocol.piece import Id, Take

Beginning = wire.Play | wire.Record


@dataclass(frozen=True)
class Asked:
    """A take that is to be played or recorded."""

    order: Beginning
    on_bar: bool = False
    onward: bool = False
    """Played on from where its recording ended, as a loop in time."""
    bars: int = 0
    """After which its recording ends by itself; 0: it does not."""
    id: Id = ""
    """That it gets then."""
    name: str = ""


def take_of(order: Beginning | None) -> Take | None:
    """The take that is played meanwhile."""
    return order.take if isinstance(order, wire.Play) else None if order is None else order.over


class Course:
    """From one order to the next. Not for several threads at once."""

    def __init__(self, beat: Beat, rate: int) -> None:
        self.beat, self._rate = beat, rate
        self.under_way: Beginning | None = None
        self.coming: Beginning | None = None
        """Waits for its frame."""
        self.ending: wire.Finish | None = None
        """Of what is recorded, or comes."""
        self.awaits: Asked | None = None
        """Waits for voices that are being loaded."""
        self._round: tuple[Id, int] | None = None
        """The loop in time that was recorded last, and where it began."""

    @property
    def waiting(self) -> tuple[Beginning | wire.Finish, ...]:
        """For its frame."""
        return tuple(each for each in (self.coming, self.ending) if each is not None)

    @property
    def take(self) -> Take | None:
        """The take whose scenes are needed: of what is asked for last."""
        asked = None if self.awaits is None else self.awaits.order
        return take_of(asked or self.coming or self.under_way)

    @property
    def playing(self) -> Id | None:
        """The take that is heard."""
        take = take_of(self.under_way)
        return None if take is None else take.id

    @property
    def recording(self) -> bool:
        """One is recorded, or is to be."""
        return self._record is not None or (
            self.awaits is not None and isinstance(self.awaits.order, wire.Record)
        )

    @property
    def _record(self) -> wire.Record | None:
        newest = self.coming or self.under_way
        return newest if isinstance(newest, wire.Record) else None

    # ------------------------------------------------------------------------------- orders

    def timed(self, asked: Asked, now: int) -> tuple[wire.ToWorker, ...]:
        """Its orders, asked for when frame `now` is heard."""
        order, begins = asked.order, None
        if asked.onward and self._round is not None and isinstance(order, wire.Play):
            id, began = self._round
            begins = began if id == order.take.id else None
        if begins is None and asked.on_bar:
            begins = self.beat.next_bar(now)
        order = msgspec.structs.replace(order, begins=begins)
        if begins is None or asked.bars == 0 or not isinstance(order, wire.Record):
            return (order,)
        return (order, self._end(begins, asked.bars, asked.id, asked.name))

    def finish(self, id: Id, name: str, seconds: float, on_bar: bool, now: int) -> wire.Finish:
        """The end of what is recorded: with its bar, where it is known when it began."""
        record = self._record
        if not on_bar or record is None or record.begins is None:
            return wire.Finish(id, name, seconds)
        return self._end(record.begins, self.beat.bars_since(record.begins, now), id, name)

    def _end(self, begins: int, bars: int, id: Id, name: str) -> wire.Finish:
        length = bars * self.beat.bar
        return wire.Finish(id, name, length / self._rate, begins + math.ceil(length - 1e-9))

    def told(self, order: wire.ToWorker, now: int) -> None:
        """The workers hear this order when frame `now` is heard."""
        if isinstance(order, wire.Play | wire.Record):
            self.awaits = self.ending = self.coming = None
            if order.begins is not None and order.begins > now:
                self.coming = order
            else:
                self.under_way = order
        elif isinstance(order, wire.Finish) and order.ends is not None:
            self.awaits, self.ending = None, order
        elif isinstance(order, wire.Finish):
            self.awaits = self.ending = self.coming = self.under_way = None
        elif isinstance(order, wire.Panic | wire.Stop):
            self._give_up(order)

    def _give_up(self, order: wire.Panic | wire.Stop) -> None:
        if not (isinstance(order, wire.Stop) and order.ended):
            self.awaits = None
            if self.coming is not None:
                self.coming = self.ending = None
        if isinstance(order, wire.Stop) and isinstance(self.under_way, wire.Play):
            self.under_way = None

    # ------------------------------------------------------------------------------ answers

    def began(self, answer: wire.Began) -> bool:
        """It is heard from this frame on; whether it had waited for that."""
        coming = self.coming
        if coming is not None and _same(coming, answer) and answer.frame >= _known(coming.begins):
            self.under_way, self.coming = coming, None
            return True
        if self.under_way is not None and _same(self.under_way, answer):
            self.under_way = msgspec.structs.replace(self.under_way, begins=answer.frame)
        return False

    def recorded(self, take: Take) -> None:
        """A recording is over."""
        ending, record = self.ending, self.under_way
        if ending is None or ending.id != take.id or not isinstance(record, wire.Record):
            return
        self._round = None if record.begins is None else (take.id, record.begins)
        self.under_way = self.ending = None

    def overdue(self, now: int) -> None:
        """Whoever was to say that it began, or is over, has ended: then it is taken to be so."""
        late = now - self._rate
        if self.coming is not None and _known(self.coming.begins) < late:
            self.under_way, self.coming = self.coming, None
        if self.ending is not None and _known(self.ending.ends) < late - self._rate:
            self.under_way = self.ending = None


def _same(order: Beginning, answer: wire.Began) -> bool:
    if isinstance(order, wire.Record):
        return order.number == answer.number
    return order.take.id == answer.take


def _known(frame: int | None) -> int:
    """Of what waits for one."""
    return 0 if frame is None else frame
