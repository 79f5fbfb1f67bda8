"""Rooms over two nodes of a Ray cluster on this machine. Ray is an extra and too large for every run of the
tests: this one runs where it is installed (`pip install 'isobath[cluster]'`)."""

import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx
import msgspec
import pytest
from websockets.sync.client import connect

from isobath import __version__
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.protocol.room import RoomJoin, RoomJoined, told_by_room

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'isobath[cluster]'")


def piece():
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Home(Path(folder) / "home"))
        try:
            return library.export(library.own("example-walk-2"), __version__)
        finally:
            library.close()


def join(place, name):
    """Walk into a room by its invitation; the room's first answer."""
    answer = httpx.get(place.walkers)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    origin = place.walkers.partition("/?")[0]
    address = origin.replace("http://", "ws://") + "/room"
    with connect(address, origin=origin, additional_headers={"Cookie": cookie}, compression=None) as socket:
        socket.send(msgspec.json.encode(RoomJoin(key="0123456789abcdef", name=name)).decode())
        while True:
            found = socket.recv(20)
            if isinstance(found, str):
                return told_by_room(found.encode())


def test_rooms_stand_on_both_nodes_and_one_that_is_lost_opens_anew():
    from ray.cluster_utils import Cluster as Nodes

    from isobath.server.cluster import Cluster, Place, Plan

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes.add_node(num_cpus=1)
    data = piece()
    rooms = Cluster([Plan(name, data, host="127.0.0.1") for name in ("one", "two")], nodes.address)
    try:
        places = rooms.places()
        assert all(isinstance(place, Place) for place in places.values()), places
        assert places["one"].machine != places["two"].machine
        for name, place in places.items():
            joined = join(place, "Ada")
            assert isinstance(joined, RoomJoined)
            assert joined.room == name
            assert len(joined.walkers) == 1  # rooms know nothing of each other
        ray.kill(rooms._actors["one"], no_restart=False)
        end = time.monotonic() + 120
        again = places["one"]
        while again == places["one"] and time.monotonic() < end:
            with suppress(AssertionError):
                again = rooms.places()["one"]
                assert isinstance(again, Place)
            time.sleep(0.5)
        assert isinstance(again, Place)
        assert again.walkers != places["one"].walkers
        assert join(again, "Ada").room == "one"
    finally:
        rooms.close()
        nodes.shutdown()
