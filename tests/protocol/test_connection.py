"""The server's half of a conversation, without sockets."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isobath.protocol.connection import Connection, Refused, write
from isobath.protocol.messages import (
    MESSAGE_BYTES,
    MESSAGES_PER_SECOND,
    PROTOCOL,
    Change,
    Hello,
    ListPieces,
    Ping,
    Pong,
)
from isobath.protocol.piece import Piece
from isobath.protocol.world import Landmark, World, Zone


class Clock:
    """Time that passes when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def open_connection():
    connection = Connection()
    connection.receive(write(Hello(page="page-1")))
    return connection


def test_a_page_that_greets_is_heard(open_connection):
    assert open_connection.hello == Hello(page="page-1")
    assert open_connection.receive(write(Ping(sent=1.0))) == Ping(sent=1.0)


def test_a_page_that_does_not_greet_is_not_heard():
    connection = Connection()
    event = connection.receive(write(ListPieces(request=1)))
    assert isinstance(event, Refused)
    assert event.ends
    assert connection.over


def test_a_second_greeting_ends_it(open_connection):
    assert open_connection.receive(write(Hello(page="other"))).ends


def test_a_page_of_another_version_is_asked_to_reload():
    event = Connection().receive(write(Hello(page="a", protocol=PROTOCOL + 1)))
    assert event.ends
    assert "Reload" in event.answer.sentence


def test_what_only_a_server_says_is_refused_from_a_page(open_connection):
    assert isinstance(open_connection.receive(write(Pong(sent=1.0))), Refused)


def test_one_message_that_makes_no_sense_does_not_end_the_conversation(open_connection):
    assert not open_connection.receive(b"\xc1nonsense").ends
    assert open_connection.receive(write(Ping(sent=2.0))) == Ping(sent=2.0)


@pytest.mark.parametrize(
    "world",
    [
        World(landmarks=(Landmark(id="l"),) * 2001),
        World(landmarks=(Landmark(id="l", label="x" * 201),)),
        World(landmarks=(Landmark(id="l", position=(1e6, 0.0, 0.0)),)),
        World(zones=(Zone(id="z"),) * 201),
        World(speed=1e6),
    ],
)
def test_a_world_that_is_too_much_is_one_change_that_is_not_saved_and_nothing_else(open_connection, world):
    change = Change(number=7, piece=Piece(id="p", name="p", world=world), label="Too much")
    event = open_connection.receive(write(change))
    assert isinstance(event, Refused)
    assert not event.ends
    assert (event.answer.kind, event.answer.number) == ("piece", 7)
    assert "not saved" in event.answer.sentence
    assert open_connection.receive(write(Ping(sent=2.0))) == Ping(sent=2.0)


def test_a_change_cut_off_or_before_a_greeting_is_no_message(open_connection):
    whole = write(Change(number=7, piece=Piece(id="p", name="p", world=World(speed=1e6)), label="x"))
    for connection, data in ((open_connection, whole[:-3]), (Connection(), whole)):
        assert connection.receive(data).answer.number is None


def test_a_message_that_is_too_large_ends_it(open_connection):
    assert open_connection.receive(b"\x00" * (MESSAGE_BYTES + 1)).ends


def test_text_ends_it(open_connection):
    assert open_connection.refuse_text().ends


@given(st.binary(max_size=300))
def test_no_bytes_make_it_stumble(data):
    connection = Connection()
    connection.receive(write(Hello(page="p")))
    event = connection.receive(data)
    assert isinstance(event, Refused | msgspec.Struct)


def test_nesting_without_end_is_refused(open_connection):
    assert isinstance(open_connection.receive(b"\x91" * 100_000), Refused)


def test_a_burst_passes_and_a_flood_is_slowed_down_but_not_refused():
    clock = Clock()
    connection = Connection(clock)
    connection.receive(write(Hello(page="p")))
    ping = write(Ping(sent=0.0))
    for _ in range(4 * MESSAGES_PER_SECOND - 1):
        connection.receive(ping)
    assert connection.wait == 0.0
    waited = 0.0
    for _ in range(5 * MESSAGES_PER_SECOND):
        assert connection.receive(ping) == Ping(sent=0.0)
        waited += connection.wait
        clock.now += connection.wait
    assert waited == pytest.approx(5.0, rel=0.01)
