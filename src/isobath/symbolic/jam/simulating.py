"""A jam without waiting: a score plays the human, and time is only counted.

For rehearsing, for rendering, and for tests: the very machine of a live session, with thinking that takes
as long as is said.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Sequence

from isobath.errors import IsobathError
from isobath.symbolic.jam.answering import Answerer
from isobath.symbolic.jam.session import Jam
from isobath.symbolic.jam.settings import Answer, Ask, Event, Heard, Who

Line = Sequence[tuple[float, float, int, float]]
"""Notes of a score: position and length in sixteenths, pitch, velocity 0 to 1."""

Delay = Callable[[Ask], float]


def no_time(ask: Ask) -> float:  # noqa: ARG001
    """Thinking takes no time."""
    return 0.0


class Simulation:
    """One jam in counted time."""

    def __init__(
        self,
        jam: Jam,
        answerers: dict[Who, Answerer],
        line: Line = (),
        delay: Delay = no_time,
        tick: float = 0.005,
    ) -> None:
        """line: what the human plays, in turn, from its beginning again where it ends. delay: seconds that
        thinking takes. tick: seconds between two looks at the clock, as in a live session."""
        self.jam, self.events = jam, list[Event]()
        self.failures: list[str] = []
        self._answerers, self._delay, self._tick = answerers, delay, tick
        self._line = sorted(line)
        self._length = _whole_bars(line)
        self._read = 0.0
        self._human: list[tuple[float, int, int, float]] = []
        self._order = 0
        self._thought: list[tuple[float, int, Ask, Answer | None]] = []
        self._planned = -1.0
        self._now = jam.clock.stretches[0].seconds

    def run(self, until: float) -> list[Event]:
        """Play until a position; everything that sounded, in order."""
        while self.jam.clock.position(self._now) < until:
            self._take_in()
            events, asks = self.jam.advance(self._now)
            self.events += events
            for ask in asks:
                self._order += 1
                heapq.heappush(
                    self._thought, (self._now + self._delay(ask), self._order, ask, self._think(ask))
                )
            self._plan()
            self._now = max(self._now + self._tick * 0.01, min(self._now + self._tick, self._due()))
        self.events.sort(key=lambda event: event.seconds)
        return self.events

    def _due(self) -> float:
        times = [self.jam.wants()]
        if self._thought:
            times.append(self._thought[0][0])
        if self._human:
            times.append(self.jam.clock.seconds(self._human[0][0]))
        return min(times)

    def _think(self, ask: Ask) -> Answer | None:
        try:
            return self._answerers[ask.who].answer(ask)
        except (IsobathError, ArithmeticError, ValueError, KeyError) as error:
            self.failures.append(str(error))
            return None

    def _take_in(self) -> None:
        while self._human and self.jam.clock.seconds(self._human[0][0]) <= self._now:
            position, _, pitch, velocity = heapq.heappop(self._human)
            sounds = self.jam.hear(Heard(self.jam.clock.seconds(position), pitch, velocity))
            if sounds is not None:
                self.events.append(sounds)
        while self._thought and self._thought[0][0] <= self._now:
            _, _, ask, answer = heapq.heappop(self._thought)
            self.jam.give(ask, answer, self._now)

    def _plan(self) -> None:
        """The human reads the next phrase of the score, where it is the human's turn."""
        coming = self.jam.coming
        if coming is None or coming[0] == self._planned or "human" not in coming[2] or not self._length:
            return
        self._planned, steps, _ = coming
        first, at = self._read, self._planned
        while first < self._read + steps:  # a short score goes round within one phrase
            last = min(self._read + steps, (first // self._length + 1) * self._length)
            start = first % self._length
            for position, length, pitch, velocity in self._between(start - 0.5, start + last - first - 0.5):
                self._order += 1
                begins = at + position - start
                heapq.heappush(self._human, (begins, self._order, pitch, velocity))
                heapq.heappush(self._human, (begins + max(0.1, length), self._order, pitch, 0.0))
            at += last - first
            first = last
        self._read = (self._read + steps) % self._length

    def _between(self, first: float, last: float) -> Line:
        begin = bisect_left(self._line, first, key=lambda each: each[0])
        return self._line[begin : bisect_left(self._line, last, key=lambda each: each[0])]


def _whole_bars(line: Line) -> float:
    """Sixteenths until the line begins again: whole bars."""
    return -(-(max((each[0] for each in line), default=-0.5) + 0.5) // 16) * 16
