"""Several performers on one piece: names, colours, hands, and whose an axis is."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from isobath.protocol.messages import (
    CallMe,
    ChangeSetList,
    HandsSeen,
    Moved,
    MoveOnStage,
    NewPiece,
    PerformersHere,
    PieceOpened,
    Ping,
    Pong,
    SetListNow,
    ShowHand,
)
from isobath.protocol.performers import HANDS_PER_SECOND
from isobath.server.performers import HELD_SECONDS, Performers
from isobath.server.stage import Stage
from tests.server.serving import serving


class Page:
    """A page that remembers what it is told."""

    def __init__(self, piece="p"):
        self.piece, self.told, self.seen = piece, [], []

    def tell(self, message):
        self.told.append(message)

    def see(self, hands):
        self.seen += hands

    @property
    def names(self):
        return [each.name for each in self.told[-1].performers]


def in_a_loop(play):
    """In a thread: where browser tests ran before, this one has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(play())).result()


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def two(performers):
    pages = Page(), Page()
    for page in pages:
        performers.enter(page)
    return pages


def test_one_alone_is_told_nothing_and_two_are_told_of_each_other():
    performers, one, other = Performers(), Page(), Page()
    performers.enter(one)
    assert one.told == []
    performers.enter(other)
    assert one.names == other.names == ["Performer 1", "Performer 2"]
    assert (one.told[-1].me, other.told[-1].me) == (1, 2)
    colours = [each.colour for each in one.told[-1].performers]
    assert len(set(colours)) == 2
    performers.leave(other)
    assert one.names == ["Performer 1"]
    performers.enter(third := Page())
    assert third.told[-1].me == 2, "the number is free again"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada \n\t Lovelace ", "Ada Lovelace"),
        ("<b>Ada</b>", "<b>Ada</b>"),
        ("\u202eadA\x07", "adA"),
        ("", "Performer 2"),
        ("a" * 500, "a" * 40),
    ],
    ids=["plain", "spaces", "markup is letters", "no signs that turn the writing", "none", "long"],
)
def test_names_are_one_short_line_of_text(said, shown):
    performers = Performers()
    one, other = two(performers)
    performers.rename(other, said)
    assert one.names == ["Performer 1", shown]


def test_a_name_goes_along_to_another_piece():
    performers = Performers()
    _, other = two(performers)
    performers.rename(other, "Ada")
    performers.enter(there := Page("q"))
    other.piece = "q"
    performers.enter(other)
    assert there.names == ["Performer 1", "Ada"]


def test_an_axis_is_whose_hand_came_first_until_it_lets_go():
    async def play():
        clock = Clock()
        performers = Performers(clock)
        one, other = two(performers)
        performers.show(one, ["x"], [0.2, 0.2])
        performers.show(other, ["x", "y"], [0.8, 0.8])
        assert performers.own(one, ["x"], [0.3]) == (("x",), (0.3,))
        assert performers.own(other, ["x", "y"], [0.8, 0.9]) == (("y",), (0.9,))
        performers.show(one, [], [0.3, 0.2])
        assert performers.own(other, ["x", "y"], [0.8, 0.9]) == (("x", "y"), (0.8, 0.9))
        # Who says nothing more has let go.
        clock.now += HELD_SECONDS + 0.01
        assert performers.own(one, ["x"], [0.1]) == (("x",), (0.1,))

    in_a_loop(play)


def test_whoever_is_gone_holds_nothing():
    async def play():
        performers = Performers()
        one, other = two(performers)
        performers.show(one, ["x"], [0.2, 0.2])
        performers.leave(one)
        assert performers.own(other, ["x"], [0.8]) == (("x",), (0.8,))

    in_a_loop(play)


def test_a_flood_of_hands_is_passed_on_thirty_times_a_second_and_to_the_others_alone():
    async def play():
        performers = Performers()
        one, other = two(performers)
        elsewhere = Page("q")
        performers.enter(elsewhere)
        for n in range(500):
            performers.show(one, ["x"], [n / 500, 0.5])
        await asyncio.sleep(0.1)
        assert [each.point for each in other.seen] == [(499 / 500, 0.5)]
        assert other.seen[0].axes == ("x",)
        assert one.seen == elsewhere.seen == []

    in_a_loop(play)


def test_hands_travel_between_pages(served):
    with served.page("one") as one, served.page("two") as two_:
        here = one.hear(PerformersHere)
        assert [each.number for each in here.performers] == [1, 2]
        two_.say(CallMe(name="Ada"))
        assert [each.name for each in one.hear(PerformersHere).performers] == ["Performer 1", "Ada"]
        two_.say(ShowHand(axes=("x",), point=(0.25, 0.75)))
        (hand,) = one.hear(HandsSeen).hands
        assert (hand.number, hand.axes, hand.point) == (2, ("x",), (0.25, 0.75))
        # On another piece nobody sees it.
        two_.ask(NewPiece(request=1, name="apart"), PieceOpened)
        assert len(one.hear(PerformersHere).performers) == 1
        two_.say(ShowHand(axes=("x",), point=(0.5, 0.5)))
        two_.ask(Ping(sent=1.0), Pong)
        time.sleep(2 / HANDS_PER_SECOND)
        one.say(Ping(sent=2.0))
        while not isinstance(message := one.hear(), Pong):
            assert not isinstance(message, HandsSeen)


def test_the_set_list_is_the_librarys(served):
    with served.page("one") as one, served.page("two") as two_:
        assert one.welcome.set_list == ()
        one.say(ChangeSetList(before=(), pieces=("a", "b")))
        assert one.hear(SetListNow).pieces == two_.hear(SetListNow).pieces == ("a", "b")
        two_.say(ChangeSetList(before=("a", "b"), pieces=("b", "a")))
        assert one.hear(SetListNow).pieces == ("b", "a")
    with served.page("three") as three:
        assert three.welcome.set_list == ("b", "a")


class Told(Stage):
    """A stage that remembers where axes were put, and makes no sound."""

    def __init__(self):
        super().__init__(lambda _: 48000)
        self.put, self.at = [], (("x",), (0.25,))

    def gesture(self, _piece, axes, values, *_):
        if axes:
            self.put.append((axes, values))

    def where(self, _piece):
        return self.at


def test_on_the_stage_an_axis_is_heard_of_one_hand_at_a_time(home, static, monkeypatch):
    monkeypatch.setattr("isobath.server.performers.HELD_SECONDS", 60.0)  # however busy the machine is
    stage = Told()
    with serving(home, static, stage=stage) as served, served.page("one") as one, served.page("two") as two_:
        # Whoever comes is told where the axes of the stage are, and puts them nowhere.
        for page in (one, two_):
            moved = page.hear(Moved)
            assert (moved.axes, moved.values) == (("x",), (0.25,))
        one.say(MoveOnStage(axes=("x",), values=(0.5,)))
        one.ask(Ping(sent=1.0), Pong)
        two_.say(MoveOnStage(axes=("x", "y"), values=(0.9, 0.8)))
        two_.ask(Ping(sent=1.0), Pong)
        assert stage.put == [(("x",), (0.5,)), (("y",), (0.8,))]
        one.say(ShowHand(axes=(), point=(0.5, 0.5)))
        one.ask(Ping(sent=1.0), Pong)
        two_.say(MoveOnStage(axes=("x",), values=(0.9,)))
        two_.ask(Ping(sent=1.0), Pong)
        assert stage.put[-1] == (("x",), (0.9,))
