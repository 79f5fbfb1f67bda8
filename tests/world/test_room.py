"""Who is in a room and where, whatever happens in whatever order."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from isobath.errors import RoomRefusal
from isobath.world.naming import LONGEST, tidy
from isobath.world.room import GRACE_SECONDS, HOSTS, HURRY, SLACK, Room

KEYS = [f"key-{i}" for i in range(6)]
anything = st.floats(allow_nan=True, allow_infinity=True)


class Rooms(RuleBasedStateMachine):
    """A room, and beside it what is known of it."""

    @initialize(most=st.integers(1, 4))
    def begin(self, most):
        self.room = Room("r", (100.0, 10.0, 50.0), speed=2.0, most=most)
        self.now = 0.0
        self.mine = {}
        self.removed = set()
        self.told = {}

    @rule(seconds=st.floats(0.0, 20.0))
    def wait(self, seconds):
        self.now += seconds
        self.room.pass_time(self.now)
        self.mine = {key: id for key, id in self.mine.items() if id in self.room.walkers}

    @rule(key=st.sampled_from(KEYS), name=st.text(max_size=100), host=st.booleans())
    def come(self, key, name, host):
        before = dict(self.room.walkers)
        try:
            walker = self.room.join(key, name, self.now, host=host)
        except RoomRefusal:
            assert self.room.walkers == before
            assert key not in self.mine
            full = len(before) >= self.room.most
            assert key in self.removed or self.room.locked or full
            return
        assert key not in self.removed or key in self.mine
        assert self.mine.get(key, walker.id) == walker.id  # who comes back is who they were
        assert not walker.away
        self.mine[key] = walker.id

    @rule(key=st.sampled_from(KEYS))
    def lose(self, key):
        if key in self.mine:
            self.room.lose(self.mine[key], self.now)

    @rule(key=st.sampled_from(KEYS), place=st.tuples(*[anything] * 5), jumps=st.booleans())
    def walk(self, key, place, jumps):
        if key not in self.mine:
            return
        walker = self.room.walkers[self.mine[key]]
        old, then, placed, jumped = walker.place, walker.moved_at, walker.placed, walker.jumped_at
        self.room.move(walker.id, place, self.now, jumps=jumps)
        metres = math.dist(
            [a * b for a, b in zip(old[:3], self.room.size, strict=True)],
            [a * b for a, b in zip(walker.place[:3], self.room.size, strict=True)],
        )
        if placed and walker.jumped_at == jumped:
            assert metres <= HURRY * self.room.speed * min(self.now - then + SLACK, 10.0) + 1e-6

    @rule(key=st.sampled_from(KEYS), on=st.booleans(), weight=anything)
    def host(self, key, on, weight):
        number = self.mine.get(key, 12345)
        self.room.mute(number, on)
        self.room.weigh(number, weight)
        self.room.lock(on)

    @rule(key=st.sampled_from(KEYS))
    def remove(self, key):
        if key in self.mine and not self.room.walkers[self.mine[key]].host:
            self.room.remove(self.mine.pop(key))
            self.removed.add(key)

    @precondition(lambda self: hasattr(self, "room"))
    @rule()
    def listen(self):
        """Whoever is told all the news knows who is here."""
        news = self.room.news.take()
        for number in news.left:
            self.told.pop(number, None)
        self.told |= {number: walker.name for number, walker in news.came.items()}
        assert self.told == {number: walker.name for number, walker in self.room.walkers.items()}

    @invariant()
    def all_is_well(self):
        if not hasattr(self, "room"):
            return
        room = self.room
        assert set(self.mine.values()) == set(room.walkers)
        assert len(room.walkers) <= room.most + HOSTS
        for walker in room.walkers.values():
            assert all(0.0 <= each <= 1.0 for each in walker.place[:4])
            assert -0.25 <= walker.place[4] <= 0.25
            assert 0.0 <= walker.weight <= 8.0
            assert 1 <= len(walker.name) <= LONGEST


TestRooms = Rooms.TestCase
TestRooms.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


@given(st.text(max_size=300))
def test_a_name_is_one_line_that_can_be_shown(name):
    found = tidy(name, 7)
    assert 1 <= len(found) <= LONGEST
    assert found.isprintable() or not any(each in found for each in "\n\r\t\u202e\u200f\0")
    assert tidy(found, 7) == found or len(found) == LONGEST


def test_a_name_of_nothing_is_a_number():
    assert tidy("\u202e\0\n", 7) == "walker 7"


def test_a_place_is_kept_for_a_while_and_then_given_away():
    room = Room("r", most=1)
    ada = room.join("ada", "Ada", 0.0)
    room.lose(ada.id, 1.0)
    with pytest.raises(RoomRefusal, match="full"):
        room.join("bela", "Béla", 2.0)
    room.pass_time(1.0 + GRACE_SECONDS + 0.1)
    bela = room.join("bela", "Béla", 40.0)
    assert bela.id != ada.id
