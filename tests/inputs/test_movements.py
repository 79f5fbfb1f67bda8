"""Movements of axes are found again, whoever moves them."""

import math

import msgspec
import pytest

from isobath.inputs.hub import Hub
from isobath.inputs.movements import DOWN_SECONDS, PERIOD, Movements
from isobath.inputs.osc.packets import AT_ONCE, Message
from isobath.protocol.controllers import GestureSource, Input, Trigger
from isobath.protocol.piece import Axis, Piece

AXES = (Axis(id="x", name="x"), Axis(id="y", name="y"), Axis(id="z", name="z"))


def circle(looks):
    return [
        (0.5 + 0.4 * math.sin(2 * math.pi * i / looks), 0.5 + 0.4 * math.cos(2 * math.pi * i / looks))
        for i in range(looks)
    ]


def wave(looks):
    return [(i / looks, 0.5 + 0.3 * math.sin(4 * math.pi * i / looks)) for i in range(looks)]


def movement(name, path, axes=("x", "y")):
    return GestureSource(name=name, axes=axes, examples=(tuple(path(30)), tuple(path(38))))


PIECE = Piece(
    id="p",
    name="p",
    axes=AXES,
    triggers=(
        Trigger(id="c", source=movement("Circle", circle), action="next"),
        Trigger(id="w", source=movement("Wave", wave), action="panic"),
    ),
)


class Hands:
    """Movements on a clock of the test's own."""

    def __init__(self, piece=PIECE):
        self.now, self.said = 0.0, []
        self.movements = Movements(
            lambda key, value: self.said.append((key[2], value)), clock=lambda: self.now
        )
        self.movements._running = False  # no thread: the test takes the steps
        self.movements.show(piece)

    def go(self, path, told=None, rest=30):
        told = told or (lambda axes, values: self.movements.moved("p", axes, values))
        for i in range(len(path) + rest):
            told(("x", "y"), path[min(i, len(path) - 1)])
            self.movements.step(self.now)
            self.now += PERIOD

    def found(self):
        said, self.said = self.said, []
        return [name for name, value in said if value == 1.0]


@pytest.mark.parametrize("looks", [20, 33, 60])
def test_a_movement_is_found_once_at_whatever_pace(looks):
    hands = Hands()
    hands.go(circle(looks))
    assert hands.found() == ["Circle"]
    hands.go(wave(looks))
    assert hands.found() == ["Wave"]


def test_it_is_up_for_a_moment():
    hands = Hands()
    hands.go(circle(30))
    up, down = hands.said
    assert (up, down) == (("Circle", 1.0), ("Circle", 0.0))
    assert DOWN_SECONDS > PERIOD


def test_what_a_page_tells_counts_unless_a_controller_moves_the_axis_or_one_is_recorded():
    hands = Hands()

    def told(recording):
        return lambda axes, values: hands.movements.told("p", axes, values, recording=recording)

    hands.go(circle(30), told(recording=False))
    assert hands.found() == ["Circle"]
    hands.go(circle(30), told(recording=True))
    assert hands.found() == []
    hands.movements.told("p", (), (), recording=False)
    hands.go(circle(30), told(recording=False))
    assert hands.found() == ["Circle"]

    def both(axes, values):
        hands.movements.moved("p", axes, values)
        hands.movements.told("p", axes, (0.1, 0.9), recording=False)

    hands.go(circle(30), both)
    assert hands.found() == ["Circle"]


def test_other_movements_and_other_axes_are_none():
    hands = Hands()
    hands.go([(i / 30, i / 30) for i in range(30)])
    hands.go(circle(30), lambda _, values: hands.movements.moved("p", ("z", "x"), values))
    hands.go(circle(30), lambda axes, values: hands.movements.moved("another", axes, values))
    assert hands.found() == []


def test_what_is_no_movement_is_left_out():
    odd = (
        GestureSource(name="none"),
        GestureSource(name="of a gone axis", axes=("gone",), examples=(((0.0,), (0.5,), (1.0,)),)),
        GestureSource(name="uneven", axes=("x", "y"), examples=(((0.0,), (0.5, 0.1), (1.0,)), ())),
    )
    triggers = tuple(Trigger(id=each.name, source=each, action="panic") for each in odd)
    hands = Hands(msgspec.structs.replace(PIECE, triggers=(*triggers, *PIECE.triggers)))
    hands.go(circle(30))
    assert hands.found() == ["Circle"]


def test_controllers_make_it_and_the_piece_s_button_and_axis_hear_of_it():
    """By OSC, through the hub: what a movement does in one piece it does not do in another."""
    now, acted, at = [0.0], [], {}
    hub = Hub(clock=lambda: now[0])
    hub.movements._running = False
    hub.tell(
        lambda piece, axes, values: at.update({(piece, a): v for a, v in zip(axes, values, strict=True)}),
        lambda *what: acted.append(what),
    )
    lamp = Input(id="i", axis="z", source=movement("Circle", circle))
    hub.show(msgspec.structs.replace(PIECE, inputs=(lamp,)))
    hub.show(msgspec.structs.replace(PIECE, id="other", axes=AXES[2:], inputs=(), triggers=PIECE.triggers))
    highest = 0.0
    for point in (*circle(30), *[circle(30)[-1]] * 30):
        hub.osc(Message("/isobath/axis/x", (point[0],), AT_ONCE))
        hub.osc(Message("/isobath/axis/y", (point[1],), AT_ONCE))
        for _ in range(4):
            hub.step(now[0])
            now[0] += PERIOD / 4
        hub.movements.step(now[0])
        highest = max(highest, at.get(("p", "z"), 0.0))
    assert acted == [("p", "next", True), ("p", "next", False)]
    assert highest > 0.9
    assert at["p", "z"] == 0.0
