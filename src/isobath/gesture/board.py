"""All axes of a piece and what moves each of them.

Of several controllers on one axis the one moved last is heard. When another one takes over, or one comes
back, the axis glides to it; when the one that is heard is gone, the axis stays for a while and then glides
to its rest. web/src/gesture/board.ts does the same with the same numbers.

Values may be put from any thread, one writer to a controller: the newest is what counts at the next step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from isobath.gesture.conditioning import Conditioner, Conditioning, clip, eased

GLIDE_SECONDS = 0.08
"""From one controller to another."""

HOME_SECONDS = 1.0
"""To rest."""

MOVED = 0.02
"""A controller that is not heard has moved once it is so far from where it was."""

PULLING_SECONDS = 2.0
"""A take-over from a controller that moved so recently: two of them pull at the axis."""

NEVER = -1e12


@dataclass(frozen=True)
class Given:
    """One controller on one axis, as the piece says."""

    id: str
    axis: int
    conditioning: Conditioning = field(default_factory=Conditioning)
    yields: bool = False
    """It moves by itself, and leaves the axis to whoever else moved it within two seconds."""


class Slot:
    """Where a controller puts its values."""

    __slots__ = (
        "_anchor",
        "_leaving",
        "_said",
        "axis",
        "conditioner",
        "gone",
        "id",
        "moved",
        "said",
        "taps",
        "yields",
    )

    def __init__(self, given: Given) -> None:
        self.id = given.id
        self.axis = given.axis
        self.yields = given.yields
        self.conditioner = Conditioner(given.conditioning)
        self.taps: tuple[Callable[[float], None], ...] = ()
        """Who hears every value as it comes: calibration."""
        self._said: float | None = None
        self._leaving = False
        self._anchor = NEVER
        self.moved = NEVER
        """When it moved last."""
        self.said = NEVER
        """When it said something last."""
        self.gone: float | None = None
        """Since when; None: it is there."""

    def put(self, value: float) -> None:
        """The controller says a value."""
        self._said = value
        self._leaving = False
        if self.taps:
            for tap in self.taps:
                tap(value)

    @property
    def waiting(self) -> bool:
        """Something was said since the last step."""
        return self._said is not None

    def take(self, now: float) -> str:
        """Take over what was said: "" nothing, "said" the same as before, "moved"."""
        value, self._said = self._said, None
        if value is None or not self.conditioner.feed(value):
            return ""
        self.said, self.gone = now, now if self._leaving else None
        if abs(self.conditioner.goal - self._anchor) < MOVED:
            return "said"
        return "moved"

    def leave(self, now: float) -> None:
        """The controller is gone, or was let go."""
        if self.waiting:
            self._leaving = True
        elif self.gone is None and self.conditioner.heard:
            self.gone = now

    def anchor(self) -> None:
        """From here on it has to move again."""
        self._anchor = self.conditioner.goal

    def go_on(self, old: Slot) -> None:
        """Be the controller that another board had."""
        conditioning = self.conditioner.conditioning
        self.conditioner = old.conditioner
        self.conditioner.recondition(conditioning)
        self.taps, self._said, self._leaving = old.taps, old._said, old._leaving
        self._anchor, self.moved, self.said, self.gone = old._anchor, old.moved, old.said, old.gone

    def forget(self) -> None:
        """Whatever it says next counts as moving."""
        self._anchor = NEVER


class _Lane:
    """One axis."""

    def __init__(self, rest: float) -> None:
        self.rest = rest
        self.value = rest
        self.owner: Slot | None = None
        self.frozen = False
        self.thawing = False
        self.handled = NEVER
        """When the performer's hand was on it last."""
        self._from = rest
        self._since = NEVER
        self._long = GLIDE_SECONDS

    def go_on(self, old: _Lane, owner: Slot | None) -> None:
        """Be the axis that another board had, moved by `owner`."""
        self.value, self.owner, self.handled = old.value, owner, old.handled
        self.frozen, self.thawing = old.frozen, old.thawing
        self._from, self._since, self._long = old._from, old._since, old._long

    def glide(self, now: float, seconds: float) -> None:
        """From where the axis is now."""
        self._from, self._since, self._long = self.value, now, seconds

    @property
    def gliding(self) -> bool:
        return self._since != NEVER

    def go(self, now: float, to: float) -> None:
        """One step towards where its owner, or its rest, says."""
        if self._since != NEVER:
            done = (now - self._since) / self._long
            if done < 1.0:
                to = self._from + eased(clip(done, 0.0, 1.0)) * (to - self._from)
            else:
                self._since = NEVER
        self.value = to

    def stand(self, at: float) -> None:
        """Be somewhere at once."""
        self.value, self._since = at, NEVER


class Board:
    """Axes by index, controllers by id."""

    def __init__(self, rests: Sequence[float], given: Sequence[Given]) -> None:
        """rests: where each axis lies when nothing moves it, 0..1."""
        self._lanes = [_Lane(clip(rest, 0.0, 1.0)) for rest in rests]
        self.slots = [Slot(each) for each in given if 0 <= each.axis < len(rests)]
        self._then: float | None = None
        self._ignored = self._outside = 0
        """Counted by controllers that another board had."""
        self.takeovers = 0
        """How often one controller took an axis from another."""
        self.pulls = 0
        """How often it did while the other one was moving."""

    # ------------------------------------------------------------------------ what happens

    def lose(self, slots: Sequence[Slot], now: float) -> None:
        """These controllers are gone, or were let go."""
        for slot in slots:
            slot.leave(now)

    def hand(self, axis: int, value: float, now: float) -> None:
        """The performer's hand put an axis somewhere: it is there, and whatever moves next takes over."""
        if 0 <= axis < len(self._lanes) and 0.0 <= value <= 1.0:
            lane = self._lanes[axis]
            lane.stand(value)
            lane.handled = now
            if lane.owner is not None:
                lane.owner.anchor()
            lane.owner = None

    def freeze(self, axis: int, on: bool) -> None:
        """Let an axis stay where it is, whatever its controllers say."""
        if 0 <= axis < len(self._lanes):
            lane = self._lanes[axis]
            lane.thawing = lane.thawing or (lane.frozen and not on)
            lane.frozen = on

    def go_on(self, before: Board, places: Sequence[int | None]) -> None:
        """Take over from the board before this one: its axis i is now at `places[i]`, if anywhere, and a
        controller of the same id goes on where it was."""
        olds = {slot.id: slot for slot in before.slots}
        slots = {slot.id: slot for slot in self.slots}
        for slot in self.slots:
            old = olds.get(slot.id)
            if old is not None and places[old.axis] == slot.axis:
                slot.go_on(old)
        for i, place in enumerate(places):
            if place is not None:
                old_lane = before._lanes[i]
                owner = None if old_lane.owner is None else slots.get(old_lane.owner.id)
                self._lanes[place].go_on(old_lane, owner if owner and owner.axis == place else None)
        self._then = before._then
        self.takeovers, self.pulls = before.takeovers, before.pulls
        kept = {slot.conditioner for slot in self.slots}
        dropped = [slot.conditioner for slot in before.slots if slot.conditioner not in kept]
        self._ignored = before._ignored + sum(each.ignored for each in dropped)
        self._outside = before._outside + sum(each.outside for each in dropped)

    def step(self, now: float) -> list[int]:
        """Move on to `now`. Indices of the axes whose value is another."""
        dt = 0.0 if self._then is None else max(0.0, now - self._then)
        self._then = now
        before = [lane.value for lane in self._lanes]
        for slot in self.slots:
            self._hear(slot, now)
            slot.conditioner.step(dt)
        for lane in self._lanes:
            self._move(lane, now)
        return [i for i, lane in enumerate(self._lanes) if lane.value != before[i]]

    def _hear(self, slot: Slot, now: float) -> None:
        gone = slot.gone is not None
        happened = slot.take(now)
        if not happened:
            silence = slot.conditioner.conditioning.silence_seconds
            if silence > 0.0 and not gone and now - slot.said > silence:
                self.lose((slot,), now)
            return
        lane = self._lanes[slot.axis]
        if lane.owner is slot:
            if gone:
                lane.glide(now, GLIDE_SECONDS)
        elif happened == "moved" and not (slot.yields and _busy(lane, now)):
            self._hand_over(lane, slot, now)
        if happened == "moved":
            slot.moved = now
            slot.anchor()

    def _hand_over(self, lane: _Lane, slot: Slot, now: float) -> None:
        if lane.owner is not None:
            self.takeovers += 1
            self.pulls += now - lane.owner.moved < PULLING_SECONDS
            lane.owner.anchor()
        lane.owner = slot
        lane.glide(now, GLIDE_SECONDS)

    def _move(self, lane: _Lane, now: float) -> None:
        if lane.frozen:
            return
        if lane.thawing:
            lane.thawing = False
            lane.glide(now, GLIDE_SECONDS)
        owner = lane.owner
        if owner is None:
            if lane.gliding:
                lane.go(now, lane.rest)
            return
        hold = owner.conditioner.conditioning.hold_seconds
        if owner.gone is not None and hold >= 0.0 and now - owner.gone >= hold:
            owner.forget()
            lane.owner = None
            lane.glide(now, HOME_SECONDS)
        lane.go(now, lane.rest if lane.owner is None else owner.conditioner.value)

    # -------------------------------------------------------------------------- what it says

    @property
    def values(self) -> list[float]:
        """Where each axis is."""
        return [lane.value for lane in self._lanes]

    def moved_by(self, axis: int) -> str | None:
        """Id of the controller that is heard on an axis."""
        owner = self._lanes[axis].owner
        return None if owner is None else owner.id

    @property
    def idle(self) -> bool:
        """Nothing will move until a controller says something or has been gone for long enough."""
        return all(map(_still, self._lanes)) and not any(slot.waiting for slot in self.slots)

    @property
    def waiting(self) -> bool:
        """Something may move although no controller says anything: one is gone, or may fall silent."""
        return any(
            slot.conditioner.conditioning.hold_seconds >= 0.0
            and self._lanes[slot.axis].owner is slot
            and (slot.gone is not None or slot.conditioner.conditioning.silence_seconds > 0.0)
            for slot in self.slots
        )

    @property
    def ignored(self) -> int:
        """Values that were no gesture."""
        return self._ignored + sum(slot.conditioner.ignored for slot in self.slots)

    @property
    def outside(self) -> int:
        """Values beyond a calibrated range."""
        return self._outside + sum(slot.conditioner.outside for slot in self.slots)


def _still(lane: _Lane) -> bool:
    if lane.frozen:
        return True
    if lane.gliding or lane.thawing:
        return False
    return lane.owner is None or lane.owner.conditioner.settled


def _busy(lane: _Lane, now: float) -> bool:
    """Whether a hand or a controller moved an axis just now."""
    moved = NEVER if lane.owner is None else lane.owner.moved
    return now - max(moved, lane.handled) < PULLING_SECONDS
