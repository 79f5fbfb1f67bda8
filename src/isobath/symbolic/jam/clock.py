"""The clock of a jam: positions in sixteenths against seconds.

Position 0 is the first bar line after the count-in. The clock is a list of stretches of one tempo; a time
is worked out from the beginning of its stretch and never added up, so it does not drift. Seconds are those
of whoever plays: the audio clock, where there is one. No thread and no waiting here.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from statistics import median

import msgspec

from isobath.errors import UsageError
from isobath.symbolic.bars import STEPS_PER_BAR

SLOWEST_BPM, FASTEST_BPM = 40.0, 300.0
TICKS_PER_STEP = 6
"""Of MIDI's clock: 24 to a quarter."""
STEPS_PER_BEAT = 4
TAPS, TAP_PAUSE_SECONDS = 5, 2.0


class Stretch(msgspec.Struct, frozen=True):
    """From this position, at this time, the clock goes at this tempo."""

    position: float
    seconds: float
    bpm: float


def checked_bpm(bpm: float) -> float:
    """A tempo. Raises UsageError."""
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise UsageError(f"{bpm:g} beats a minute: a jam has {SLOWEST_BPM:g} to {FASTEST_BPM:g}.")
    return float(bpm)


class BarClock:
    """Bars of 4/4 from a moment on."""

    def __init__(self, bpm: float, start: float = 0.0, count_in_bars: int = 1, begin: int = 0) -> None:
        """start: seconds at which the count-in begins; begin: position of the bar line after it."""
        self._stretches = [Stretch(begin - STEPS_PER_BAR * count_in_bars, start, checked_bpm(bpm))]

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """All that was played, in order."""
        return tuple(self._stretches)

    def recall(self, stretches: list[Stretch]) -> None:
        """Be another clock, from all it has played."""
        self._stretches = list(stretches)

    def position(self, seconds: float) -> float:
        """Sixteenths since the first bar line, negative in the count-in."""
        at = self._stretches[max(0, bisect_right(self._stretches, seconds, key=lambda s: s.seconds) - 1)]
        return at.position + (seconds - at.seconds) * at.bpm / 15.0

    def seconds(self, position: float) -> float:
        """When this position is."""
        at = self._stretches[max(0, bisect_right(self._stretches, position, key=lambda s: s.position) - 1)]
        return at.seconds + (position - at.position) * 15.0 / at.bpm

    def bpm(self, seconds: float) -> float:
        """The tempo then."""
        at = bisect_right(self._stretches, seconds, key=lambda s: s.seconds) - 1
        return self._stretches[max(0, at)].bpm

    def change(self, bpm: float, now: float) -> float:
        """Another tempo from the next bar line on; its position. One that has not begun is replaced."""
        bpm = checked_bpm(bpm)
        line = (math.floor(self.position(now) / STEPS_PER_BAR + 1e-9) + 1) * STEPS_PER_BAR
        self._forget_after(now)
        if self._stretches[-1].bpm != bpm:
            self._stretches.append(Stretch(line, self.seconds(line), bpm))
        return float(line)

    def steer(self, position: float, seconds: float, now: float) -> None:
        """Be at a position at a time to come, going there evenly from now; for another clock that leads.

        What cannot be reached at a tempo that a jam has is jumped to: a later position at once, an earlier
        one by waiting as slowly as there is. Before the count-in begins nothing is steered.
        """
        if now <= self._stretches[0].seconds:
            return
        here = self.position(now)
        self._forget_after(now)
        if self._stretches[-1].seconds == now:
            self._stretches.pop()
        ahead = max(seconds - now, 1e-3)
        bpm = 15.0 * (position - here) / ahead
        if bpm > FASTEST_BPM:
            here, bpm = position - FASTEST_BPM / 15.0 * ahead, FASTEST_BPM
        self._stretches.append(Stretch(here, now, max(bpm, SLOWEST_BPM)))

    def _forget_after(self, now: float) -> None:
        while len(self._stretches) > 1 and self._stretches[-1].seconds > now:
            self._stretches.pop()

    def ticks(self, since: float, until: float) -> list[float]:
        """Times of MIDI clock's ticks after `since` and up to `until`, from the first bar line on."""
        first = max(0, math.floor(self.position(since) * TICKS_PER_STEP + 1e-9) + 1)
        last = math.floor(self.position(until) * TICKS_PER_STEP + 1e-9)
        return [self.seconds(n / TICKS_PER_STEP) for n in range(first, last + 1)]


class Tap:
    """A tempo from taps, a quarter each."""

    def __init__(self) -> None:
        self._taps: list[float] = []

    def tap(self, seconds: float) -> float | None:
        """Beats a minute so far; None after the first. A pause begins anew, one slip changes little."""
        if self._taps and not 0.0 < seconds - self._taps[-1] < TAP_PAUSE_SECONDS:
            self._taps = []
        self._taps = [*self._taps[-TAPS + 1 :], seconds]
        if len(self._taps) < 2:
            return None
        between = median(b - a for a, b in zip(self._taps, self._taps[1:], strict=False))
        return min(FASTEST_BPM, max(SLOWEST_BPM, 60.0 / between))


class ClockFollower:
    """MIDI clock of another machine: when its ticks are, without their jitter.

    A loop of second order: each tick moves phase and period by a part of how far off it was. A tick more
    than half a period off is a jump of tempo: the loop begins anew there. Ticks that stop leave the tempo.
    """

    PHASE, PERIOD = 0.08, 0.0033
    """Shares of an error; critically damped (period = phase² / 2 / (1 - phase / 2))."""

    def __init__(self) -> None:
        self.tick = 0
        """Number of the next tick."""
        self.running = True
        """Not known to stand: one that ticks before it said start is in the middle of its music."""
        self.placed = False
        """It was told where its bars are; until then it has beats at best."""
        self._ahead: float | None = None
        self._expected = 0.0
        self._period = 0.0
        self._seen = 0
        self._last = 0.0

    def start(self) -> None:
        """From the beginning, with the next tick."""
        self.tick, self.running, self.placed, self._ahead = 0, True, True, None

    def go_on(self) -> None:
        """From where it is."""
        self.running, self._ahead = True, None

    def stop(self) -> None:
        """The other machine stands."""
        self.running = False

    def locate(self, sixteenths: int) -> None:
        """Song position: sixteenths from the beginning."""
        self.tick, self.placed, self._ahead = max(0, sixteenths) * TICKS_PER_STEP, True, None

    def hear(self, seconds: float) -> None:
        """A tick came."""
        if not self.running:
            return
        between = seconds - self._last
        self._last = seconds
        if self._seen == 0 or not 0.0 < between < 60.0 / SLOWEST_BPM / 6.0:
            self._seen, self._expected = 1, seconds
        elif self._seen == 1 or abs(seconds - self._expected) > 0.5 * self._period:
            self._seen, self._period = 2, between
            self._expected = seconds + between
        else:
            error = seconds - self._expected
            # quickly at first, then steadily
            share = max(self.PHASE, 1.0 / (self._seen + 1))
            self._period += max(self.PERIOD, share * share / 2.0) * error
            self._expected += share * error + self._period
            self._seen += 1
        self.tick += 1

    @property
    def bpm(self) -> float | None:
        """Its tempo; None before two ticks."""
        return 2.5 / self._period if self._seen >= 2 and self._period > 0 else None

    def lead(self, clock: BarClock, now: float, ahead_steps: int = 4) -> None:
        """Take a bar clock along: so many sixteenths ahead, its bars are those of this clock."""
        if self._seen < 6 or not self.running or now - self._last > 0.5:
            return
        # the next tick to be heard is `tick`, and is expected at `_expected`
        steps = self.tick / TICKS_PER_STEP
        if self._ahead is None:
            every = STEPS_PER_BAR if self.placed else STEPS_PER_BEAT
            self._ahead = every * math.floor((clock.position(self._expected) - steps) / every + 0.5)
        steps += self._ahead + ahead_steps
        clock.steer(steps, self._expected + ahead_steps * TICKS_PER_STEP * self._period, now)
