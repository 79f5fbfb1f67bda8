"""From another program's message to the page's axis, over real sockets."""

import json
import math
import socket
import time
from contextlib import suppress

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from isobath.cli.group import isobath
from isobath.inputs.osc.packets import AT_ONCE, Message
from isobath.protocol.controllers import (
    Conditioning,
    GestureSource,
    Input,
    OscSource,
    ProgramSource,
    Trigger,
)
from isobath.protocol.messages import (
    Acted,
    CalibrateInputs,
    Change,
    ControllerNoticed,
    ControllersNow,
    InputsCalibrated,
    Mime,
    Mimed,
    Moved,
    MoveOnStage,
    NewPiece,
    NoticeController,
    PieceOpened,
    Ping,
    Pong,
    Problem,
    Saved,
    ShowMovement,
    WatchControllers,
)
from isobath.protocol.piece import Demonstration, Scene, Take
from isobath.server.controllers import Controllers
from isobath.server.stage import Stage
from tests.inputs.packets import message
from tests.server.serving import serving

QUICK = Conditioning(hold_seconds=0.0)


def where(page, axis, value, seconds=5.0):
    """Hear until an axis is at a value."""
    end = time.monotonic() + seconds
    at = None
    while time.monotonic() < end:
        moved = page.hear(Moved, timeout=seconds)
        at = dict(zip(moved.axes, moved.values, strict=True)).get(axis, at)
        if at == value:
            return
    raise AssertionError(f"{axis} is at {at}")


def test_another_program_moves_the_axes_of_the_piece_that_is_open(home, static):
    controllers = Controllers(osc=("127.0.0.1", 0))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        serving(home, static, controllers=controllers) as served,
        served.page() as page,
    ):
        other.connect(controllers.osc.address)
        piece = page.welcome.opened.piece
        x, y = (axis.id for axis in piece.axes)
        other.send(message("/isobath/axis/1", "f", 0.25))
        where(page, x, 0.25)
        other.send(message("/isobath/axes", "dd", 0.75, 0.125))
        where(page, y, 0.125)
        bound = msgspec.structs.replace(
            piece,
            inputs=(
                Input(
                    id="i",
                    axis=y,
                    source=OscSource(address="/hand/*", argument=1),
                    conditioning=Conditioning(lo=-1.0, hi=1.0, invert=True),
                ),
            ),
            triggers=(Trigger(id="t", source=OscSource(address="/foot"), action="panic"),),
        )
        page.ask(Change(number=1, piece=bound, label="Bind"), Saved)
        other.send(message("/hand/left", "if", 7, 0.5))
        where(page, y, 0.25)
        other.send(message("/foot", "T"))
        assert page.hear(Acted) == Acted(action="panic", begins=True)
        page.ask(NewPiece(request=1, name="another"), PieceOpened)
        other.send(message("/hand/left", "if", 7, 0.0))
        assert page.ask(Ping(sent=1.0), Pong) == Pong(sent=1.0)
        other.send(message("/isobath/axis/2", "f", 1.0))
        assert page.hear(Moved).values[0] > 0.5


class Silent(Stage):
    """A stage that says it plays, and remembers what."""

    def __init__(self):
        super().__init__(lambda _: 48000)
        self.playing, self.pieces = None, []

    @property
    def plays(self):
        return self.playing

    def changed(self, piece):
        self.pieces.append(piece)


def test_a_pedal_goes_through_the_scenes_of_a_stage_that_no_page_shows(home, static):
    controllers, stage = Controllers(), Silent()

    def press(action):
        controllers.hub.osc(Message(f"/isobath/{action}", (), AT_ONCE))

    def until(true):
        end = time.monotonic() + 10.0
        while not true():
            assert time.monotonic() < end
            time.sleep(0.01)

    with serving(home, static, controllers=controllers, stage=stage) as served:
        with served.page() as page:
            piece = page.welcome.opened.piece
            scenes = tuple(Scene(id=id, name=id, voices=piece.voices) for id in ("a", "b"))
            kept = msgspec.structs.replace(piece, scenes=scenes)
            page.ask(Change(number=1, piece=kept, label="Keep"), Saved)
            press("next")
            assert page.hear(Acted).action == "next", "a page that is there does it itself"
        until(lambda: controllers.hub.surface(piece.id) is None)
        stage.playing = piece.id
        with served.page("another") as other:
            other.ask(NewPiece(request=1, name="another"), PieceOpened)
            until(lambda: controllers.hub.surface(piece.id) is not None)
            for action, scene in (("next", "a"), ("next", "b"), ("previous", "a")):
                press(action)
                until(lambda scene=scene: stage.pieces[-1].scene == scene)
        with served.page("later", piece=piece.id) as page:
            assert page.welcome.opened.piece.scene == "a"


def test_of_two_performers_one_does_what_is_to_be_done_once(home, static):
    controllers, stage = Controllers(), Silent()
    with (
        serving(home, static, controllers=controllers, stage=stage) as served,
        served.page("one") as one,
        served.page("two") as two,
    ):
        one.ask(Ping(sent=1.0), Pong)

        def told(actions):
            for action in actions:
                controllers.hub.osc(Message(f"/isobath/{action}", (), AT_ONCE))
            heard = []
            for page in (one, two):
                heard.append([])
                while heard[-1][-1:] != ["panic"]:
                    acted = page.hear(Acted)
                    heard[-1] += [acted.action] if acted.begins else []
            return heard

        actions = ["demonstrate", "next", "freeze", "panic"]
        assert told(actions) == [actions, ["freeze", "panic"]]
        stage.playing = one.welcome.opened.piece.id
        assert told(actions) == [actions, ["panic"]]


def test_on_a_stage_a_controller_that_trembles_takes_nothing_from_a_hand(home, static):
    controllers = Controllers()
    hub = controllers.hub
    with serving(home, static, controllers=controllers) as served, served.page() as page:
        piece = page.welcome.opened.piece
        x, y = (axis.id for axis in piece.axes)

        def say(number, value):
            hub.osc(Message(f"/isobath/axis/{number}", (value,), AT_ONCE))
            hub.osc(Message(f"/isobath/axis/{3 - number}", (value,), AT_ONCE))

        say(1, 0.75)
        where(page, y, 0.75)
        page.say(MoveOnStage(axes=(x, y), values=(0.25, 0.25), hands=(x,)))
        page.ask(Ping(sent=1.0), Pong)
        say(1, 0.76)
        where(page, y, 0.76)
        assert hub.values(piece.id) == [0.25, 0.76]
        say(1, 0.875)
        where(page, x, 0.875)


def test_nobody_plays_nobody_is_moved(home, static):
    controllers = Controllers(osc=("127.0.0.1", 0))
    with serving(home, static, controllers=controllers) as served:
        with served.page() as page:
            piece = page.welcome.opened.piece.id
            assert controllers.hub.surface(piece) is not None
        end = time.monotonic() + 5
        while controllers.hub.surface(piece) is not None and time.monotonic() < end:
            time.sleep(0.01)
        assert controllers.hub.surface(piece) is None


def test_a_port_that_is_none_is_a_wrong_use():
    answer = CliRunner().invoke(isobath, ["play", "--osc-in", "here"])
    assert answer.exit_code == 2
    assert answer.stderr.startswith("isobath: OSC comes in on a port, as in --osc-in 9001")


@pytest.fixture
def played(home, static):
    """A page, a program that talks to it, and the piece."""
    controllers = Controllers(osc=("127.0.0.1", 0))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        serving(home, static, controllers=controllers) as served,
        served.page() as page,
    ):
        other.connect(controllers.osc.address)
        yield page, other, page.welcome.opened.piece


def test_the_next_controller_that_is_moved_is_learned(played):
    page, other, _ = played
    page.say(NoticeController(request=5))
    noticed, moved, end = None, 20.0, time.monotonic() + 20
    while noticed is None and time.monotonic() < end:
        moved += 1.0
        other.send(message("/still", "f", 1.0))
        other.send(message("/slider", "sf", "name", moved if moved > 60.0 else 20.0))
        with suppress(TimeoutError):
            noticed = page.hear(ControllerNoticed, timeout=0.02)
    assert (noticed.request, noticed.source) == (5, OscSource(address="/slider", argument=1))
    assert noticed.name == "/slider, value 2"
    assert noticed.lo == 20.0
    assert noticed.hi > 60.0


def test_an_input_is_calibrated_by_wiggling(played):
    page, other, piece = played
    bound = msgspec.structs.replace(
        piece, inputs=(Input(id="i", axis=piece.axes[0].id, source=OscSource(address="/w")),)
    )
    page.ask(Change(number=1, piece=bound, label="Bind"), Saved)
    page.ask(CalibrateInputs(request=6, inputs=("i",)), InputsCalibrated)
    for i in range(101):
        other.send(message("/w", "i", 300 + abs(50 - i)))
    while not (found := page.hear(InputsCalibrated)).ranges or found.ranges[0].hi < 345:
        assert not found.done
    done = page.ask(CalibrateInputs(request=6, on=False), InputsCalibrated)
    while not done.done:
        done = page.hear(InputsCalibrated)
    assert done.ranges[0].lo == pytest.approx(300, abs=3)
    assert done.ranges[0].hi == pytest.approx(350, abs=3)


def test_a_page_that_looks_sees_what_comes_in_and_one_that_does_not_hears_of_trouble_once(played):
    page, other, piece = played
    page.say(WatchControllers(watching=True))
    other.send(message("/isobath/axis/1", "f", 0.9))
    other.send(message("/nobody", "f", 0.1))
    now = page.hear(ControllersNow)
    while len(now.heeded) < 2 or not now.heard:
        now = page.hear(ControllersNow)
    assert [(each.name, each.moves) for each in now.heeded] == [("/isobath/axis/1", True), ("/nobody", False)]
    assert now.heard[0].axis == piece.axes[0].id
    assert now.doors[0].startswith("OSC on 127.0.0.1:")
    assert now.sentence == ""
    page.say(WatchControllers(watching=False))
    other.send(message("/isobath/axis/1", "f", math.nan))
    other.send(b"nothing at all")
    while not (now := page.hear(ControllersNow)).sentence:
        pass
    assert now.sentence == (
        "Ignored from controllers: 1 packets that could not be read (it begins neither with / nor with "
        "#bundle), 1 values that are no numbers."
    )


def test_a_movement_of_a_hand_on_the_page_presses_a_button(played):
    page, _, piece = played
    x = piece.axes[0].id
    path = tuple((0.5 + 0.4 * math.sin(i / 3),) for i in range(12))
    source = GestureSource(name="Shake", axes=(x,), examples=(path, path))
    bound = msgspec.structs.replace(piece, triggers=(Trigger(id="t", source=source, action="next"),))
    page.ask(Change(number=1, piece=bound, label="Record a movement"), Saved)
    end = time.monotonic() + 20
    acted = None
    while acted is None and time.monotonic() < end:  # a busy machine may make it another movement
        for (value,) in (*path, *[path[-1]] * 10):
            page.say(ShowMovement(axes=(x,), values=(value,)))
            time.sleep(1 / 30)
        page.say(Ping(sent=1.0))
        while not isinstance(message := page.hear(), Pong):
            acted = message if isinstance(message, Acted) and acted is None else acted
    assert acted == Acted(action="next", begins=True)


def test_a_take_that_is_mimed_becomes_demonstrations(played):
    page, _, piece = played
    voice = piece.voices[0]
    dims = 8
    shown = tuple(
        Demonstration(id=f"d{i}", point=(x, y), latent=tuple(2 * x - y + k / 9 for k in range(dims)))
        for i, (x, y) in enumerate(((0.1, 0.1), (0.9, 0.2), (0.5, 0.9)))
    )
    model = next(each for each in page.welcome.models if each.name == voice.model)
    shown = tuple(msgspec.structs.replace(each, latent=each.latent[:1] * model.dims) for each in shown)
    take = Take(
        id="t",
        name="t",
        hop=model.hop,
        sample_rate=model.sample_rate,
        length=4000,
        axes=tuple(axis.id for axis in piece.axes),
        frames=tuple(range(0, 4000, 40)),
        points=tuple((0.5 + 0.4 * math.sin(i / 9), 0.5 + 0.4 * math.cos(i / 14)) for i in range(100)),
    )
    taught = msgspec.structs.replace(
        piece, voices=(msgspec.structs.replace(voice, demonstrations=shown),), takes=(take,)
    )
    page.ask(Change(number=1, piece=taught, label="Teach"), Saved)
    rate = model.sample_rate / model.hop
    moves = [(frame / rate, (y, x)) for frame, (x, y) in zip(take.frames, take.points, strict=True)]
    asked = Mime(
        request=3,
        voice=voice.id,
        take="t",
        seconds=tuple(when for when, _ in moves),
        points=tuple(point for _, point in moves),
        most=16,
    )
    answer = page.ask(asked, Mimed)
    assert 3 < len(answer.demonstrations) <= 16
    assert answer.lag_seconds == 0.0
    assert all(len(each.latent) == model.dims for each in answer.demonstrations)
    heard = np.zeros((50, model.dims), "<f4")
    heard[25:] = 2.0
    sound = msgspec.structs.replace(
        asked, take="", latents=heard.tobytes(), hop=model.hop, sample_rate=model.sample_rate
    )
    assert page.ask(sound, Mimed).demonstrations
    problem = page.ask(msgspec.structs.replace(asked, points=((0.5,),) * len(moves)), Problem)
    assert problem.request == 3


def test_another_program_comes_in_by_websocket_with_its_key_and_no_other(home, static):
    controllers = Controllers(programs=True)
    with serving(home, static, controllers=controllers) as served, served.page() as page:
        piece = page.welcome.opened.piece
        x, y = (axis.id for axis in piece.axes)
        bound = msgspec.structs.replace(
            piece,
            inputs=(Input(id="i", axis=y, source=ProgramSource(name="hand x"), conditioning=QUICK),),
        )
        page.ask(Change(number=1, piece=bound, label="Bind"), Saved)
        address = f"ws://{served.host}/controllers"
        for wrong in (
            {"uri": f"{address}?key=guess"},
            {"uri": address},
            {"uri": f"{address}?key={controllers.key}", "origin": "http://evil.example"},
        ):
            with pytest.raises(InvalidStatus), connect(**wrong):
                pass
        with connect(address, additional_headers={"Authorization": f"Bearer {controllers.key}"}) as program:
            assert json.loads(program.recv(5))["axes"] == [axis.name for axis in piece.axes]
            program.send(json.dumps({"axes": [0.125], "values": {"hand x": 0.75}}))
            where(page, x, 0.125)
            program.send(json.dumps({"axes": {piece.axes[0].name: 0.25}, "values": {"hand x": 0.875}}))
            where(page, y, 0.875)
            program.send(json.dumps({"do": "panic"}))
            assert page.hear(Acted).action == "panic"
            for bad in ("{", "[]", '{"axes": ["a"]}', '{"values": 3}', '{"do": "explode"}', '{"x": 1}', "{"):
                program.send(bad)
            problems = [json.loads(program.recv(5))["problem"] for _ in range(6)]
            assert len(set(problems)) == 6
        where(page, y, piece.axes[1].rest)


def test_programs_stay_outside_unless_they_are_asked_in(shared):
    with pytest.raises(InvalidStatus), connect(f"ws://{shared.host}/controllers?key="):
        pass
