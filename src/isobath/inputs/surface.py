"""One piece that is played: its axes on a board, and which controller's values go where."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from isobath.gesture.board import Board, Given, Slot
from isobath.gesture.clock import place
from isobath.gesture.conditioning import Conditioning
from isobath.inputs.keys import Key, matches, means_address, own_action, own_axes
from isobath.protocol.controllers import Action, ClockSource, Input, OscSource
from isobath.protocol.piece import Piece

MIDDLE = 0.5

Put = Callable[[float], None]
Act = Callable[[Action, bool], None]


class Gate:
    """Something happens when a value is past the middle, and it is over when the value falls again."""

    def __init__(self, action: Action, act: Act, *, again: bool = False) -> None:
        """again: it happens with every value past the middle, not only with the first."""
        self._action, self._act, self._again = action, act, again
        self._down = False

    def put(self, value: float) -> None:
        """The controller says a value."""
        if value > MIDDLE:
            if self._again or not self._down:
                self._act(self._action, True)
            self._down = True
        elif self._down:
            self._down = False
            self._act(self._action, False)


class Surface:
    """Made anew whenever axes or inputs of the piece change; what stays keeps its place."""

    def __init__(self, piece: Piece, act: Act, before: Surface | None = None) -> None:
        self.piece = piece.id
        self.axes = tuple(axis.id for axis in piece.axes)
        self.names = tuple(axis.name for axis in piece.axes)
        self.made_of = (piece.axes, piece.inputs, piece.triggers)
        at = {axis.id: i for i, axis in enumerate(piece.axes)}
        self.inputs: tuple[Input, ...] = tuple(
            each for each in piece.inputs if each.axis in at and not each.muted
        )
        given = [
            Given(
                each.id,
                at[each.axis],
                Conditioning(**msgspec.structs.asdict(each.conditioning)),
                yields=isinstance(each.source, ClockSource),
            )
            for each in self.inputs
        ]
        given += [Given(f"/{i}", i) for i in range(len(piece.axes))]
        self.board = Board([axis.rest for axis in piece.axes], given)
        self.slots: tuple[Slot, ...] = tuple(self.board.slots[: len(self.inputs)])
        """One for each of `inputs`."""
        self._own_slots = self.board.slots[len(self.inputs) :]
        self._own_axes = own_axes(piece.axes)
        self._act = act
        self._gates = [(each.source, Gate(each.action, act)) for each in piece.triggers if not each.muted]
        self._osc = [
            (source.address, source.argument, put)
            for source, put in (
                *((each.source, slot.put) for each, slot in zip(self.inputs, self.slots, strict=True)),
                *((source, gate.put) for source, gate in self._gates),
            )
            if isinstance(source, OscSource)
        ]
        self._clocks = [
            (each.id, each.source, slot)
            for each, slot in zip(self.inputs, self.slots, strict=True)
            if isinstance(each.source, ClockSource)
        ]
        self._rounds: dict[str, float] = {} if before is None else before._rounds
        self._then: float | None = None if before is None else before._then
        if before is not None:
            self.board.go_on(before.board, [at.get(axis) for axis in before.axes])

    def tick(self, now: float) -> bool:
        """Let what moves by itself move on to `now`; whether anything does."""
        then, self._then = self._then, now
        for id, clock, slot in self._clocks:
            beats = clock.tempo / 60.0 if clock.tempo > 0.0 else 1.0
            rounds = self._rounds.get(id, 0.0)
            if then is not None:
                rounds += (now - then) * clock.rate * beats
            self._rounds[id] = rounds
            slot.put(place(clock.shape, rounds + clock.phase, clock.steps, clock.seed))
        return bool(self._clocks)

    def heard(self) -> list[tuple[str, str]]:
        """Axes that are moved by a controller, each with the id of its input; empty: of none."""
        found = [(axis, self.board.moved_by(i)) for i, axis in enumerate(self.axes)]
        return [(axis, "" if by.startswith("/") else by) for axis, by in found if by is not None]

    def puts(self, key: Key) -> list[Put]:
        """Where the values of a key go. OSC has `ways`."""
        if key[0] == "osc":
            return [put for argument, put in self.ways(str(key[1])) if argument == key[2]]
        if key[0] == "gesture" and key[1] != self.piece:
            return []
        found: list[Put] = [
            slot.put for each, slot in zip(self.inputs, self.slots, strict=True) if matches(each.source, key)
        ]
        return found + [gate.put for source, gate in self._gates if matches(source, key)]

    def ways(self, address: str) -> list[tuple[int, Put]]:
        """Which argument of an address' messages goes where."""
        found: list[tuple[int, Put]] = [
            (argument, put) for source, argument, put in self._osc if means_address(source, address)
        ]
        found += [(i, self._own_slots[axis].put) for i, axis in self._own_axes(address)]
        action = own_action(address)
        if action is not None:
            found.append((0, Gate(action, self._act, again=True).put))
        return found
