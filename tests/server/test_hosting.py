"""The host's tools as lines."""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from isobath.protocol.piece import Piece
from isobath.protocol.world import World
from isobath.server.hosting import HELP, listen, obey
from isobath.server.rooms import RoomAsked, Rooms


@pytest.fixture
def rooms():
    found = Rooms(RoomAsked("The room", "p", most=5), Piece(id="p", name="p", world=World()))
    found.room.join("ada", "Ada", 0.0, host=True)
    found.room.join("bela", "Béla", 0.0)
    return found


def test_lines_do_what_they_say(rooms):
    assert obey(rooms, "  ") == ""
    assert obey(rooms, "what?") == obey(rooms, "mute") == obey(rooms, "mute Béla") == HELP
    assert obey(rooms, "mute 1\n") == "Béla is muted."
    assert rooms.room.walkers[1].muted
    assert obey(rooms, "weigh 1 0.5") == "Béla counts 0.5."
    assert "0 to 8" in obey(rooms, "weigh 1 nan")
    assert "    1  Béla  (muted, counts 0.5)" in obey(rooms, "list")
    assert obey(rooms, "unmute 1") == "Béla is heard again."
    assert "locked" in obey(rooms, "lock")
    assert "open" in obey(rooms, "unlock")
    assert obey(rooms, "edit").endswith("may change the piece, everybody their own sound.")
    assert rooms.room.editing
    assert "one sound" in obey(rooms, "crowd")
    assert obey(rooms, "remove 0") == "Ada is a host, and stays."
    assert obey(rooms, "remove 1") == "Béla is out."
    assert "Nobody" in obey(rooms, "remove 1")
    assert set(rooms.room.walkers) == {0}


def test_what_is_typed_is_obeyed_in_the_loop(rooms):
    said = []

    async def run():
        listen(rooms, io.StringIO("lock\nlist\n"), said.append)
        while len(said) < 2:
            await asyncio.sleep(0.01)

    with ThreadPoolExecutor(1) as beside:  # a browser's test may have a loop of its own in this thread
        beside.submit(asyncio.run, asyncio.wait_for(run(), 10)).result()
    assert rooms.room.locked
    assert "2 of 5" in said[1]
