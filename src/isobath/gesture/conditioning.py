"""What is done to one controller's values: range, deadzone, curve, filter, slew.

Only additions, products and quotients, in one order, so that web/src/gesture/conditioning.ts gives the
same numbers to the last bit; tests/golden/conditioning.json holds both to it.

Times are seconds of any one clock. A controller's values come whenever it sends them (`feed`); the axis
is asked for regularly (`step`), because a filter goes on moving after the last value.
"""

from __future__ import annotations

from dataclasses import dataclass

TURN = 6.283185307179586
SPEED_HZ = 1.0
"""Cutoff of the filter that smooths the speed of a hand (Casiez et al. 2012)."""

LONGEST_STEP = 0.05
"""Seconds that one step counts at most: a hand that moves after a rest is filtered as one that moves on."""

NEAR = 1e-5
"""A filter so close to its goal has arrived."""

BEYOND = 0.05
"""So far outside its range, in ranges, a value counts as outside; it is taken as the end either way."""

LARGEST = 1e9
"""A value of more is no gesture."""


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """See `isobath.protocol.controllers.Conditioning`, which has the same fields."""

    lo: float = 0.0
    hi: float = 1.0
    invert: bool = False
    deadzone: float = 0.0
    deadzone_at: float = 0.5
    curve: float = 0.0
    cutoff_hz: float = 0.0
    beta: float = 4.0
    slew_seconds: float = 0.0
    hold_seconds: float = 1.0
    silence_seconds: float = 0.0


def clip(x: float, lo: float, hi: float) -> float:
    """x, or the end it lies beyond."""
    return lo if x < lo else hi if x > hi else x


def ranged(x: float, c: Conditioning) -> float:
    """0..1 within the calibrated range, or beyond it as far as x is; an empty range is its middle."""
    width = c.hi - c.lo
    return 0.5 if width == 0.0 else (x - c.lo) / width


def deadened(x: float, width: float, at: float) -> float:
    """Within `width` of `at` exactly there, and the rest stretched so that both ends are still reached."""
    width = clip(width, 0.0, 0.49)
    at = clip(at, 0.0, 1.0)
    if width == 0.0:
        return x
    if x > at + width:
        return at + (x - at - width) * (1.0 - at) / (1.0 - at - width)
    if x < at - width:
        return at - (at - width - x) * at / (at - width)
    return at


def curved(x: float, curve: float) -> float:
    """Schlick's bias: 0 and 1 stay, the middle goes to (1 + curve) / 2."""
    if curve == 0.0:
        return x
    b = 0.5 + 0.5 * clip(curve, -0.98, 0.98)
    return x / ((1.0 / b - 2.0) * (1.0 - x) + 1.0)


def goal(x: float, c: Conditioning) -> float:
    """Where on its axis, 0..1, a controller's value means, before filter and slew."""
    y = clip(ranged(x, c), 0.0, 1.0)
    if c.invert:
        y = 1.0 - y
    return clip(curved(deadened(y, c.deadzone, c.deadzone_at), c.curve), 0.0, 1.0)


def share(seconds: float, hz: float) -> float:
    """How far a first-order low-pass of this cutoff goes towards its goal in a step."""
    return 1.0 / (1.0 + 1.0 / (TURN * hz * seconds))


class Conditioner:
    """One controller on one axis."""

    def __init__(self, conditioning: Conditioning) -> None:
        self.conditioning = conditioning
        self.raw = 0.0
        """What was said last."""
        self.goal = 0.0
        """Where that means, 0..1."""
        self.value = 0.0
        """Where the axis is, 0..1."""
        self.heard = False
        """Something was said."""
        self.ignored = 0
        """Values that were no gesture: not finite, or absurd."""
        self.outside = 0
        """Values beyond the calibrated range."""
        self._speed = 0.0

    def feed(self, raw: float) -> bool:
        """The controller says a value; False if it is none."""
        if not -LARGEST <= raw <= LARGEST:
            self.ignored += 1
            return False
        place = ranged(raw, self.conditioning)
        if place < -BEYOND or place > 1.0 + BEYOND:
            self.outside += 1
        self.raw = raw
        self.goal = goal(raw, self.conditioning)
        if not self.heard:
            self.heard = True
            self.value = self.goal
        return True

    def step(self, seconds: float) -> float:
        """Where the axis is, so long after the last step."""
        dt = clip(seconds, 0.0, LONGEST_STEP)
        if dt == 0.0 or self.value == self.goal:
            return self.value
        self.value = self._slewed(self._filtered(dt), dt)
        if abs(self.value - self.goal) <= NEAR:
            self.value, self._speed = self.goal, 0.0
        return self.value

    @property
    def settled(self) -> bool:
        """Nothing moves until the controller does."""
        return self.value == self.goal

    def recondition(self, conditioning: Conditioning) -> None:
        """Other settings for the same controller; the axis goes to where they say."""
        self.conditioning = conditioning
        if self.heard:
            self.goal = goal(self.raw, conditioning)

    def _filtered(self, dt: float) -> float:
        c = self.conditioning
        if c.cutoff_hz <= 0.0:
            return self.goal
        speed = (self.goal - self.value) / dt
        self._speed += share(dt, SPEED_HZ) * (speed - self._speed)
        cutoff = c.cutoff_hz + max(0.0, c.beta) * abs(self._speed)
        return self.value + share(dt, cutoff) * (self.goal - self.value)

    def _slewed(self, to: float, dt: float) -> float:
        slew = self.conditioning.slew_seconds
        if slew <= 0.0:
            return to
        most = dt / slew
        return self.value + clip(to - self.value, -most, most)


def eased(x: float) -> float:
    """0..1 with a soft beginning and end."""
    return x * x * (3.0 - 2.0 * x)
