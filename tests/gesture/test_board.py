"""Several axes, several controllers."""

from itertools import pairwise

import pytest

from isobath.gesture.board import GLIDE_SECONDS, HOME_SECONDS, Board, Given
from isobath.gesture.conditioning import Conditioning


class Played:
    """A board with a clock."""

    def __init__(self, *given, rests=(0.5, 0.5)):
        self.board = Board(rests, given)
        self.slots = {slot.id: slot for slot in self.board.slots}
        self.now = 0.0
        self.path = []

    def put(self, slot, value):
        self.slots[slot].put(value)

    def go(self, seconds, dt=0.005):
        for _ in range(round(seconds / dt)):
            self.now += dt
            self.board.step(self.now)
            self.path.append(self.board.values[0])
        return self.board.values[0]

    @property
    def largest_step(self):
        return max(abs(b - a) for a, b in pairwise(self.path))


def test_a_controller_takes_an_axis_in_a_glide_and_is_then_followed_at_once():
    played = Played(Given("a", 0))
    played.put("a", 1.0)
    assert played.go(0.01) < 0.6
    assert played.go(0.2) == 1.0
    played.put("a", 0.2)
    assert played.go(0.005) == 0.2
    assert played.board.idle
    assert played.board.values[1] == 0.5


def test_of_two_controllers_the_one_moved_last_is_heard_and_trembling_is_no_move():
    played = Played(Given("a", 0), Given("b", 0))
    played.put("a", 0.9)
    played.put("b", 0.1)
    played.go(0.2)
    assert played.board.moved_by(0) == "b"
    for i in range(50):
        played.put("a", 0.9 + 0.01 * (i % 2))
        assert played.go(0.01) == pytest.approx(0.1)
    played.put("a", 0.8)
    played.go(0.2)
    assert (played.board.moved_by(0), played.board.values[0]) == ("a", 0.8)
    assert (played.board.takeovers, played.board.pulls) == (2, 2)
    assert played.largest_step < 0.1


def test_a_controller_that_is_gone_holds_and_glides_home():
    played = Played(Given("a", 0, Conditioning(hold_seconds=0.5)))
    played.put("a", 1.0)
    played.go(0.3)
    played.board.lose(played.board.slots, played.now)
    assert played.go(0.45) == 1.0
    assert not played.board.idle or played.board.waiting
    assert 0.5 < played.go(0.05 + HOME_SECONDS / 2) < 1.0
    assert played.go(HOME_SECONDS) == 0.5
    assert played.largest_step < 0.05
    played.put("a", 1.0)
    assert played.go(0.2) == 1.0


def test_one_that_comes_back_in_time_glides_to_where_it_is():
    played = Played(Given("a", 0))
    played.put("a", 1.0)
    played.go(0.3)
    played.board.lose(played.board.slots, played.now)
    played.go(0.2)
    played.put("a", 0.0)
    assert played.go(0.01) > 0.9
    assert played.go(0.2) == 0.0


def test_held_for_ever_is_for_ever():
    played = Played(Given("a", 0, Conditioning(hold_seconds=-1.0)))
    played.put("a", 1.0)
    played.go(0.3)
    played.board.lose(played.board.slots, played.now)
    assert played.go(5.0) == 1.0


def test_silence_counts_as_gone_where_it_is_asked_for():
    played = Played(Given("a", 0, Conditioning(silence_seconds=0.2, hold_seconds=0.1)))
    played.put("a", 1.0)
    for _ in range(20):
        played.put("a", 1.0)
        played.go(0.05)
    assert played.board.values[0] == 1.0
    assert played.go(0.2 + 0.1 + HOME_SECONDS + 0.1) == 0.5


def test_the_hand_goes_before_and_the_next_move_takes_over():
    played = Played(Given("a", 0))
    played.put("a", 1.0)
    played.go(0.3)
    played.board.hand(0, 0.1, played.now)
    assert played.go(0.5) == 0.1
    played.put("a", 1.0)
    assert played.go(0.5) == 0.1
    played.put("a", 0.9)
    assert played.go(0.01) < 0.3
    assert played.go(0.2) == 0.9


def test_a_frozen_axis_stays_and_thaws_in_a_glide():
    played = Played(Given("a", 0))
    played.put("a", 0.2)
    played.go(0.3)
    played.board.freeze(0, True)
    played.put("a", 0.9)
    assert played.go(1.0) == 0.2
    played.board.freeze(0, False)
    assert played.go(GLIDE_SECONDS / 2) < 0.9
    assert played.go(GLIDE_SECONDS) == 0.9
    assert played.largest_step < 0.1


def test_another_board_goes_on_where_this_one_is():
    played = Played(Given("a", 0), Given("b", 1))
    played.put("a", 0.2)
    played.put("b", 0.7)
    played.go(0.3)
    after = Board((0.5, 0.5, 0.5), [Given("b", 2), Given("a", 1, Conditioning(invert=True)), Given("c", 0)])
    after.go_on(played.board, [1, 2])
    assert after.values == [0.5, 0.2, 0.7]
    assert [after.moved_by(i) for i in range(3)] == [None, "a", "b"]
    after.step(played.now + 0.01)
    assert after.values == [0.5, 0.8, 0.7]


def test_what_moves_by_itself_leaves_the_axis_to_whoever_moves_it():
    played = Played(Given("clock", 0, yields=True), Given("a", 0))

    def tick(seconds):
        for i in range(round(seconds / 0.01)):
            played.put("clock", i / 10 % 1)
            played.go(0.01)

    tick(1.0)
    assert played.board.moved_by(0) == "clock"
    played.put("a", 0.9)
    tick(1.5)
    assert (played.board.moved_by(0), played.board.values[0]) == ("a", 0.9)
    tick(1.0)
    assert played.board.moved_by(0) == "clock"
    played.board.hand(0, 0.1, played.now)
    tick(1.5)
    assert played.board.values[0] == 0.1
    tick(1.0)
    assert played.board.moved_by(0) == "clock"


def test_what_is_let_go_between_two_steps_is_still_heard_and_then_gone():
    played = Played(Given("a", 0, Conditioning(hold_seconds=0.2)))
    played.put("a", 1.0)
    played.board.lose(played.board.slots, played.now)
    assert played.go(0.15) == 1.0
    assert played.go(2.0) == 0.5
