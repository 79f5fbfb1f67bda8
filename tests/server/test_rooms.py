"""A room over real sockets: walkers who come, walk, lose their connection, and some who mean no good."""

import asyncio
import io
import json
import time
from contextlib import contextmanager, suppress

import httpx
import msgspec
import numpy as np
import pytest
import soundfile
from websockets.exceptions import ConnectionClosed, InvalidStatus

from isobath.errors import ModelUnknown
from isobath.library.library import Library
from isobath.protocol.connection import read_answer, write
from isobath.protocol.messages import (
    Acted,
    Change,
    Hello,
    ListPieces,
    PieceChanged,
    Ping,
    Pong,
    Problem,
    Saved,
    Welcome,
)
from isobath.protocol.piece import Axis, Piece, Voice
from isobath.protocol.poses import read_frame, write_pose
from isobath.protocol.room import (
    RoomCame,
    RoomDo,
    RoomJoin,
    RoomJoined,
    RoomLeft,
    RoomNow,
    RoomRefused,
    told_by_room,
)
from isobath.protocol.world import WalkAxes, World
from isobath.server.crowds import Crowds
from isobath.server.guests import GuestSession
from isobath.server.rooms import RoomAsked, Rooms
from isobath.server.streams import Streams
from isobath.world.room import JUMP_SECONDS
from tests.server.serving import serving

SOON = 10.0


class Walking:
    """A page's end of the room."""

    def __init__(self, socket):
        self.socket = socket
        self.poses = {}

    def say(self, message):
        self.socket.send(msgspec.json.encode(message).decode())

    def walk(self, x, z, state=0):
        self.socket.send(write_pose((x, 0.5, z, 0.25, 0.0), state))

    def hear(self, kind, check=lambda _: True, timeout=SOON):
        end = time.monotonic() + timeout
        while True:
            found = self.socket.recv(max(0.0, end - time.monotonic()))
            if isinstance(found, bytes):
                self.poses.update(read_frame(found)[1])
            else:
                told = told_by_room(found.encode())
                if isinstance(told, kind) and check(told):
                    return told

    def see(self, number, check, timeout=SOON):
        """Until a walker is where `check` wants them."""
        end = time.monotonic() + timeout
        while number not in self.poses or not check(self.poses[number]):
            found = self.socket.recv(max(0.0, end - time.monotonic()))
            if isinstance(found, bytes):
                self.poses.update(read_frame(found)[1])
        return self.poses[number]

    def ended(self):
        """The sentence with which the socket was closed."""
        refused = self.hear(RoomRefused)
        self.closed()
        return refused

    def closed(self):
        """Until the socket is closed."""
        with suppress(ConnectionClosed):
            while True:
                self.socket.recv(SOON)


class Served:
    """A server with a room, and who may come in."""

    def __init__(self, served, room):
        self.served, self.piece = served, room.piece
        self.invitation = served.access.invite()

    def guest(self):
        """The cookie of another browser that follows the invitation."""
        answer = httpx.get(f"{self.served.origin}/?token={self.invitation}&way=walk")
        assert answer.status_code == 200
        return answer.headers["set-cookie"].partition(";")[0]

    @contextmanager
    def walker(self, name="", key=None, cookie=None, joined=True):
        with self.served.socket(path="/room", cookie=cookie or self.guest()) as socket:
            walking = Walking(socket)
            walking.say(RoomJoin(key=key or "0123456789abcdef" + name.strip()[:1].encode().hex(), name=name))
            if joined:
                walking.joined = walking.hear(RoomJoined)
                walking.you = walking.joined.you
            yield walking

    def host(self, name="Host"):
        return self.walker(name, cookie=self.served.cookie)


@contextmanager
def opened(home, static, osc=None, **asked):
    from tests.server.conftest import _with_model

    library = Library.open(_with_model(home))
    piece = Piece(
        id="shore",
        name="The shore",
        axes=(Axis(id="x", name="x"), Axis(id="z", name="z")),
        voices=(Voice(id="v", model="whale"),),
        world=World(axes=WalkAxes(x="x", z="z"), size=(100.0, 20.0, 100.0), speed=5.0),
    )
    library.pieces.add(piece, "Begin")
    library.close()
    room = RoomAsked("The room", "shore", **asked)
    with serving(home, static, room=room, invitation=lambda: "the link", osc=osc) as served:
        yield Served(served, room)


@pytest.fixture
def room(home, static):
    with opened(home, static) as found:
        yield found


def test_two_walkers_see_each_other_come_walk_and_go(room):
    with room.host("Ada") as ada:
        assert ada.joined.host
        assert ada.joined.invitation == "the link"
        with room.walker("  Béla\u202e \n<b>B</b> ") as bela:
            came = ada.hear(RoomCame, lambda told: told.walker.id == bela.you).walker
            assert came.name == "Béla <b>B</b>"  # as text; the page shows it as such
            assert not bela.joined.host
            assert bela.joined.invitation == ""
            assert {each.name for each in bela.joined.walkers} == {"Ada", "Béla <b>B</b>"}
            bela.walk(0.51, 0.48)
            seen = ada.see(bela.you, lambda pose: pose[0] > 0.505)
            assert seen[:5] == pytest.approx((0.51, 0.5, 0.48, 0.25, 0.0), abs=1e-3)
            ada.walk(0.45, 0.5)
            bela.see(ada.you, lambda pose: pose[0] < 0.46)
        away = ada.hear(RoomCame, lambda told: told.walker.away).walker
        assert away.id == bela.you


def test_who_comes_back_in_time_is_the_same_walker_and_knows_it_all_again(room):
    cookie = room.guest()
    with room.host() as host:
        host.walk(0.48, 0.5)
        with room.walker("Béla", cookie=cookie) as bela:
            bela.walk(0.53, 0.5)
            host.see(bela.you, lambda pose: pose[0] > 0.52)
        with room.walker("Béla", cookie=cookie) as again:
            assert again.you == bela.you
            again.see(host.you, lambda pose: pose[0] < 0.49)
            mine = next(each for each in again.joined.walkers if each.id == again.you)
            assert not mine.away


def test_the_host_mutes_locks_and_removes(room):
    cookie = room.guest()
    with room.host() as host, room.walker("Béla", cookie=cookie) as bela:
        bela.say(RoomDo(tool="lock"))  # no tool of hers
        host.say(RoomDo(tool="mute", walker=bela.you))
        assert bela.hear(RoomCame, lambda told: told.walker.muted).walker.id == bela.you
        host.say(RoomDo(tool="lock"))
        assert bela.hear(RoomNow).state.locked
        with room.walker("Clara", joined=False) as clara:
            assert "locked" in clara.ended().sentence
        host.say(RoomDo(tool="remove", walker=bela.you))
        refused = bela.ended()
        assert refused.lasting
        assert host.hear(RoomLeft).id == bela.you
        host.say(RoomDo(tool="lock", on=False))
        host.hear(RoomNow, lambda told: not told.state.locked)
        with room.walker("Béla", key="another-key-0123456789", cookie=cookie, joined=False) as bela:
            assert "removed" in bela.ended().sentence


class Heeded:
    """Another program that is sent OSC."""

    def __init__(self):
        self.said = {}

    def send(self, heard):
        pass

    def say(self, address, values):
        self.said[address] = values

    def close(self):
        pass


def test_other_programs_are_told_where_everybody_is(home, static):
    heeded = Heeded()
    with opened(home, static, osc=heeded) as room, room.host() as host, room.walker("Béla") as bela:
        bela.walk(0.6, 0.4)
        host.see(bela.you, lambda pose: pose[0] > 0.59)
        x, y, z, azimuth, elevation = heeded.said[f"/isobath/pose/{bela.you}"]
        assert (x, y, z) == pytest.approx((10.0, 0.0, -10.0), abs=1e-3)  # metres
        assert (azimuth, elevation) == pytest.approx((0.25, 0.0), abs=1e-3)  # turns
        assert f"/isobath/pose/{host.you}" not in heeded.said


def test_a_full_room_says_so(home, static):
    with opened(home, static, most=1) as room, room.walker("Ada"), room.walker("Béla", joined=False) as bela:
        assert "full" in bela.ended().sentence
        with room.host() as host:  # a host always gets in
            assert host.joined.most == 1


def test_nobody_runs_a_million_metres_a_second(room):
    with room.host() as host, room.walker("Béla") as bela:
        bela.walk(0.5, 0.5)
        bela.walk(1.0, 0.5)
        seen = host.see(bela.you, lambda pose: pose[0] > 0.501)
        assert seen[0] < 0.95  # 50 m in no time
        time.sleep(JUMP_SECONDS + 0.1)
        bela.walk(1.0, 0.5, state=1)  # a jump says so
        host.see(bela.you, lambda pose: pose[0] > 0.99)


def flood(socket, pose):
    for _ in range(200_000):
        socket.send(pose)


def test_ten_thousand_messages_are_counted_and_end_it_and_nobody_else_notices(room):
    cookie = room.guest()
    with room.host() as host, room.walker("Béla") as bela:
        with room.walker("Loud", cookie=cookie) as loud:
            pose = write_pose((0.5, 0.5, 0.5, 0.0, 0.0))
            with pytest.raises(ConnectionClosed):
                flood(loud.socket, pose)
        bela.walk(0.52, 0.5)
        host.see(bela.you, lambda seen: seen[0] > 0.51)
        with room.walker("Loud", cookie=cookie, joined=False) as loud:
            assert "Wait" in loud.ended().sentence


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"\x01",
        b"\x02" + bytes(11),
        bytes(300),
        "{}",
        '{"type":"do"}',
        "x" * 5000,
        '{"type":"join","key":"a"}',
    ],
)
def test_nonsense_is_left_out(room, nonsense):
    with room.host() as host, room.walker("Béla") as bela:
        bela.socket.send(nonsense)
        bela.walk(0.52, 0.5)
        host.see(bela.you, lambda seen: seen[0] > 0.51)


@pytest.mark.parametrize("first", ["{}", "[", "x" * 5000, b"\x01", '{"type": "join", "key": "short"}'])
def test_who_does_not_say_who_they_are_is_sent_away(room, first):
    with room.served.socket(path="/room", cookie=room.guest()) as socket:
        socket.send(first)
        assert Walking(socket).ended().lasting


def test_a_browser_walks_four_times_at_most(room):
    cookie = room.guest()
    with (
        room.walker("a", cookie=cookie),
        room.walker("b", cookie=cookie),
        room.walker("c", cookie=cookie),
        room.walker("d", cookie=cookie),
        room.walker("e", cookie=cookie, joined=False) as fifth,
    ):
        assert "Close one" in fifth.ended().sentence


# ---------------------------------------------------------------------------------------- the guard


def test_a_forged_or_old_invitation_opens_nothing(room):
    old = room.guest()
    served = room.served
    for cookie in ("", f"{served.access.cookie_name}=1.a.b", old[:-2] + "xx"):
        with pytest.raises(InvalidStatus), served.socket(path="/room", cookie=cookie):
            pass
    assert httpx.get(f"{served.origin}/?token={room.invitation}x").status_code == 403
    served.access.invite()  # from now on the old one is void
    with pytest.raises(InvalidStatus), served.socket(path="/room", cookie=old):
        pass
    assert httpx.get(f"{served.origin}/?token={room.invitation}").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/assets/main-abc.js", 200),
        ("GET", "/models/whale", 200),
        ("GET", "/models/whale/decoder", 200),
        ("GET", "/models", 401),
        ("GET", "/models/guitar", 401),
        ("GET", "/models/../pieces/shore/export", 401),
        ("GET", "/pieces/shore/export", 401),
        ("POST", "/pieces/import", 401),
        ("POST", "/models/whale/encode", 401),
        ("GET", "/making/sets", 401),
    ],
)
def test_somebody_invited_gets_what_walking_needs_and_no_more(room, method, path, status):
    headers = {"cookie": room.guest(), "origin": room.served.origin, "content-type": "application/json"}
    assert httpx.request(method, room.served.origin + path, headers=headers).status_code == status
    with pytest.raises(InvalidStatus), room.served.socket(path="/stream/voice", cookie=room.guest()):
        pass


def test_somebody_invited_hears_voices_that_the_server_makes_of_this_piece_alone(room):
    place = "/stream/voice?page=walker&model="
    for other in ("guitar", "whale2", ""):
        with pytest.raises(InvalidStatus), room.served.socket(path=f"{place}{other}", cookie=room.guest()):
            pass
    with room.served.socket(path=f"{place}whale", cookie=room.guest()) as socket:
        assert json.loads(socket.recv(20))["type"] == "ready"


def test_walkers_leave_the_host_some_of_the_voices_that_the_server_makes():
    streams = Streams()
    streams._pages = {k: f"guest {k % 3}" for k in range(6)}
    assert streams.refuse("guest 1", guest=True) is None
    assert "silent for you" in (streams.refuse("guest 9", guest=True) or "")
    assert streams.refuse("host") is None
    streams._pages = {k: f"guest {k % 2}" for k in range(8)}
    assert "silent for you" in (streams.refuse("guest 1", guest=True) or "")
    assert streams.refuse("host") is None


def test_an_invitation_does_not_make_a_guest_of_the_host(room):
    headers = {"cookie": room.served.cookie}
    answer = httpx.get(f"{room.served.origin}/?token={room.invitation}", headers=headers)
    assert "set-cookie" not in answer.headers


class Page:
    def __init__(self, socket):
        self.socket = socket

    def ask(self, message, kind):
        self.socket.send(write(message))
        return self.hear(kind)

    def hear(self, kind):
        while True:
            found = read_answer(self.socket.recv(SOON))
            if isinstance(found, kind):
                return found


def test_walkers_change_nothing_until_they_may(room):
    with room.served.socket(cookie=room.guest()) as socket, room.host() as host:
        page = Page(socket)
        welcome = page.ask(Hello(page="guest", piece="another"), Welcome)
        assert welcome.room.guest
        assert [each.name for each in welcome.models] == ["whale"]
        assert welcome.pieces == ()
        piece = welcome.opened.piece
        assert piece.id == "shore"
        mine = msgspec.structs.replace(piece, name="Mine")
        refused = page.ask(Change(number=1, piece=mine, label="rename"), Problem)
        assert refused.number == 1
        assert page.hear(PieceChanged).opened.piece.name == "The shore"
        assert "Walkers" in page.ask(ListPieces(request=5), Problem).sentence
        host.say(RoomDo(tool="edit"))
        host.hear(RoomNow)
        page.ask(Change(number=2, piece=mine, label="rename"), Saved)
        other = msgspec.structs.replace(mine, id="other")
        assert page.ask(Change(number=3, piece=other, label="steal"), Problem).number == 3
        assert page.ask(Ping(sent=1.0), Pong).sent == 1.0
    assert room.served.library.pieces.read("shore").name == "Mine"
    assert not room.served.library.pieces.holds("other")


def test_what_a_host_controls_is_told_to_no_walker():
    page = object.__new__(GuestSession)
    page._greeted, page._moves, page._out = True, {}, asyncio.Queue()
    page.tell(Acted(action="demonstrate", begins=True))
    page.move(("x",), (1.0,))
    assert page._out.empty()
    page.tell(Pong(sent=1.0))
    assert page._out.get_nowait() == Pong(sent=1.0)


# ---------------------------------------------------------------------------------------- the crowd


def test_one_sound_follows_everybody_and_is_heard_without_a_page(room):
    with room.host() as host, room.walker("Béla") as bela:
        host.walk(0.4, 0.5)
        bela.walk(0.6, 0.5)
        address = room.served.origin + host.joined.state.listening
        assert httpx.get(address).status_code == 404  # nobody sings yet
        host.say(RoomDo(tool="crowd"))
        assert bela.hear(RoomNow).state.crowd
        end = time.monotonic() + 30.0
        crowd = []
        while not crowd and time.monotonic() < end:
            found = bela.socket.recv(SOON)
            if isinstance(found, bytes):
                _, _, crowd = read_frame(found)
        assert len(crowd) == 1
        assert np.isfinite(crowd[0].astype(float)).all()
        assert httpx.get(address.partition("?")[0]).status_code == 401
        assert httpx.get(f"{address}x").status_code == 401
        data = b""
        with httpx.stream("GET", address, timeout=30.0) as stream:
            assert stream.headers["content-type"] == "audio/ogg"
            for part in stream.iter_bytes():
                data += part
                if len(data) > 6_000:
                    break
        audio, rate = soundfile.read(io.BytesIO(data))
        assert rate == 22_050
        assert len(audio) > rate // 4
        assert audio.shape[1] == 2
        host.say(RoomDo(tool="crowd", on=False))
        assert not bela.hear(RoomNow, lambda told: not told.state.crowd).state.crowd


def test_why_there_is_no_one_sound_is_told():
    def nowhere(_name):
        raise ModelUnknown("There is no model of this name.")

    piece = Piece(id="p", name="p", voices=(Voice(id="v", model="gone"),), world=World())
    rooms = Rooms(RoomAsked("The room", "p"), piece)
    crowd = rooms.crowd = Crowds(piece, nowhere)
    rooms.tick()
    rooms.room.news.take()
    crowd._tell_piece()
    assert rooms.state.sentence == "There is no model of this name."
    rooms.tick()
    assert rooms.room.news.state, "everybody hears of it"
    crowd.stop()
    assert rooms.state.sentence == ""


def test_without_a_room_there_is_no_room(shared):
    with pytest.raises(InvalidStatus), shared.socket(path="/room"):
        pass
