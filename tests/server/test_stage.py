"""The stage as pages see it, over a real socket, on a clock instead of a device."""

import io
import threading
import time

import msgspec
import numpy as np
import pytest
import soundfile
from websockets.exceptions import ConnectionClosed

from isobath.engine.scenes import recalled
from isobath.errors import AudioError
from isobath.protocol.messages import (
    Change,
    DoOnStage,
    ExploreOnStage,
    MoveOnStage,
    PerformersHere,
    Ping,
    Pong,
    Problem,
    Saved,
    ShowHand,
    StageHeard,
    StageNow,
    StageTook,
    StartStage,
    StopStage,
    WatchStage,
)
from isobath.protocol.piece import Demonstration, Piece, Scene, Take, Tempo, Voice
from isobath.protocol.stage import StageSettings
from isobath.protocol.stream import Ready, Trouble, read_sound, told
from isobath.server.stage import MOST_LEFT, Stage

NULL = StageSettings(device="null", block=512, ahead=512, spare=False)


def until(page, kind, true, seconds=20.0):
    """The first message of a kind for which something holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        message = page.hear(kind, timeout=seconds)
        if true(message):
            return message
    pytest.fail(f"no {kind.__name__} as it should be")


def ends(ear, messages=2000):
    """Whether the other side hangs up after so many messages at most."""
    try:
        for _ in range(messages):
            ear.recv(20.0)
    except ConnectionClosed:
        return True
    return False


def demonstrated(piece):
    """Two places: silence-like and far from it."""
    voice = piece.voices[0]
    dims = 8
    shown = tuple(
        Demonstration(id=str(x), point=(x,) * len(piece.axes), latent=(2.0 * x - 1.0,) * dims)
        for x in (0.0, 1.0)
    )
    return msgspec.structs.replace(
        piece, voices=(msgspec.structs.replace(voice, model="guitar", demonstrations=shown),)
    )


def test_a_page_starts_plays_changes_and_stops_the_stage(served, monkeypatch):
    monkeypatch.setattr("isobath.server.performers.HELD_SECONDS", 60.0)  # however busy the machine is
    with served.page() as page:
        page.say(WatchStage(watching=True))
        assert page.hear(StageNow).state.condition == "off"
        piece = demonstrated(page.welcome.opened.piece)
        page.ask(Change(number=1, piece=piece, label="Demonstrate"), Saved)
        page.say(StartStage(request=1, settings=NULL))
        now = until(page, StageNow, lambda each: each.state.condition == "playing")
        assert now.state.piece == piece.id
        assert now.state.sample_rate == 44100
        assert any(device.name == "null" for device in now.devices)

        axes = tuple(axis.id for axis in piece.axes)
        for where, sign in ((1.0, 1), (0.0, -1)):
            page.say(MoveOnStage(axes=axes, values=(where,) * len(axes)))
            until(page, StageHeard, lambda heard, sign=sign: sign * heard.latents[0][0] > 0.5)

        # What is drawn: where the axes are, what the map says, the spectrum.
        heard = until(page, StageHeard, lambda heard: heard.spectrum is not None)
        assert (heard.gesture, len(heard.latents[0]), len(heard.spectrum)) == ((0.0,) * len(axes), 8, 1024)
        assert max(heard.spectrum) > 2 * (127.5 - 80.0), "louder than -80 dB somewhere"
        # A sound that is looked for is played, and left again.
        page.say(ExploreOnStage(slot=0, latent=(0.5,) * 8))
        until(page, StageHeard, lambda heard: np.allclose(heard.meant[0], 0.5))
        page.say(ExploreOnStage(slot=7, latent=(0.5,) * 8))  # no such voice
        page.say(ExploreOnStage(slot=0, latent=None))
        until(page, StageHeard, lambda heard: heard.meant[0][0] < -0.5)

        # A second performer: an axis is heard of the hand that came first, until that one lets go.
        with served.page("second") as second:
            page.say(ShowHand(axes=axes[:1], point=(0.5, 0.5)))  # it has let go of the other axis
            page.say(MoveOnStage(axes=axes[:1], values=(0.25,), hands=axes[:1]))
            until(page, StageHeard, lambda heard: heard.gesture == (0.25, 0.0))
            second.say(MoveOnStage(axes=axes, values=(0.75, 0.5), hands=axes))
            until(page, StageHeard, lambda heard: heard.gesture == (0.25, 0.5))
            page.say(ShowHand(axes=(), point=(0.5, 0.5)))
            page.ask(Ping(sent=1.0), Pong)
            second.say(MoveOnStage(axes=axes[:1], values=(0.75,), hands=axes))
            until(page, StageHeard, lambda heard: heard.gesture == (0.75, 0.5))
        until(page, PerformersHere, lambda each: len(each.performers) == 1)

        quiet = msgspec.structs.replace(piece, master=msgspec.structs.replace(piece.master, gain_db=-100.0))
        page.ask(Change(number=2, piece=quiet, label="Quiet"), Saved)
        until(page, StageHeard, lambda heard: heard.rms[0] < 1e-4)

        page.say(DoOnStage(request=2, action="record", seed=5))
        page.say(MoveOnStage(axes=axes, values=(0.25,) * len(axes)))
        until(page, StageNow, lambda each: each.state.recording)
        scene = Scene(id="s", name="s", morph_seconds=0.0, voices=quiet.voices)
        quiet = msgspec.structs.replace(quiet, scenes=(scene,))
        page.ask(Change(number=3, piece=recalled(quiet, scene), label="Scene"), Saved)
        until(page, StageHeard, lambda heard: heard.gesture == (0.25, 0.25))
        page.say(DoOnStage(request=3, action="finish", take="new", name="A take", seconds=2.0))
        took = page.hear(StageTook).take
        assert (took.id, took.name, took.seed, took.axes) == ("new", "A take", 5, axes)
        assert (took.seconds, took.loop) == (2.0, True)
        assert [(each.scene, 0 <= each.frame <= took.length) for each in took.scenes] == [("s", True)]
        with served.page("another") as other:  # whoever comes while no page has kept it gets it
            assert other.hear(StageTook) == StageTook(take=took, left=True)

        # Over that take, with a hand on one axis; the other is the take's meanwhile.
        looped = msgspec.structs.replace(took, loop=True)
        page.ask(Change(number=4, piece=msgspec.structs.replace(quiet, takes=(looped,)), label="Keep"), Saved)
        page.say(DoOnStage(request=4, action="record", take="new"))
        assert until(page, StageNow, lambda each: each.state.recording).state.take == "new"
        page.say(MoveOnStage(axes=axes, values=(0.9, 0.9), hands=axes[:1]))
        until(page, StageHeard, lambda heard: heard.gesture == (0.9, 0.25))
        page.say(DoOnStage(request=5, action="finish", take="over", name="Overdub"))
        took = page.hear(StageTook).take
        assert (took.id, took.over, took.loop, took.seed, took.axes) == ("over", "new", True, 5, axes[:1])
        assert {0.9} <= {point[0] for point in took.points}
        page.say(DoOnStage(request=6, action="record", take="gone"))
        assert "not in this piece" in page.hear(Problem).sentence

        page.say(StopStage(request=7))
        assert until(page, StageNow, lambda each: each.state.condition == "off").state.sentence == ""


def test_what_is_edited_while_the_stage_starts_is_played(monkeypatch):
    piece = Piece(id="p", name="before", axes=(), voices=(Voice(id="v", model="guitar"),))
    edited = [msgspec.structs.replace(piece, name=name) for name in ("while it starts", "afterwards")]
    played = []

    class Engine:
        def __init__(self, *_, **__):
            played.append(piece.name)

        def start(self):
            stage.changed(msgspec.structs.replace(edited[0], id="another"))
            stage.changed(edited[0])

        def set_piece(self, newest):
            played.append(newest.name)

        def stop(self):
            pass

    monkeypatch.setattr("isobath.outputs.stage.engine.StageEngine", Engine)
    stage = Stage(lambda _: 44100)
    stage.followers.clear()
    stage.open(piece, NULL)
    assert played == ["before", "while it starts"]
    stage.changed(edited[1])
    stage.end()
    assert played == ["before", "while it starts", "afterwards"]


def test_a_take_is_left_until_its_piece_holds_it():
    piece = Piece(id="p", name="p", axes=(), voices=(Voice(id="v", model="guitar"),))
    takes = [
        Take(id=str(n), name="", hop=256, sample_rate=44100, length=0, axes=(), frames=(), points=())
        for n in range(MOST_LEFT + 1)
    ]
    stage = Stage(lambda _: 44100)
    stage._piece = piece
    for take in takes:
        stage._took(take)
    assert [take.id for take in stage.left("p")] == [take.id for take in takes[1:]]
    assert stage.left("another") == ()
    stage.changed(msgspec.structs.replace(piece, takes=tuple(takes[2:])))
    assert [take.id for take in stage.left("p")] == ["1"]
    stage.end()


def test_what_came_in_with_a_take_is_kept_and_the_take_without_it_where_it_cannot_be():
    take = Take(id="t", name="", hop=256, sample_rate=44100, length=4, axes=(), frames=(), points=())
    stage, came = Stage(lambda _: 44100), np.full((2, 1024), 0.25, np.float32)
    stage._piece = Piece(id="p", name="p", axes=(), voices=(Voice(id="v", model="guitar"),))
    given = []

    def keep(data):
        given.append(soundfile.read(io.BytesIO(data), dtype="float32"))
        if len(given) > 1:
            raise AudioError("It is too long.")
        return "sound"

    stage.keep = keep
    stage._keep_with(take, came, 44100)
    [found] = stage.left("p")
    assert found.input == "sound"
    np.testing.assert_array_equal(given[0][0].T, came)
    assert given[0][1] == 44100
    stage._keep_with(take, came, 44100)
    assert stage.left("p") == (take,)
    stage.end()


def test_silence_and_hands_wait_for_nothing_that_the_library_does(served, monkeypatch):
    busy, may, did = threading.Event(), threading.Event(), []
    change = served.library.pieces.change
    monkeypatch.setattr(Stage, "do", lambda _, asked, _page: did.append(asked.action))
    monkeypatch.setattr(Stage, "gesture", lambda *_: did.append("move"))

    def slowly(*given, **more):
        busy.set()
        may.wait(20.0)
        return change(*given, **more)

    with served.page() as page:
        piece = page.welcome.opened.piece
        monkeypatch.setattr(served.library.pieces, "change", slowly)
        page.say(Change(number=1, piece=piece, label="Save"))
        assert busy.wait(20.0)
        for action in ("play", "stop", "freeze", "panic"):
            page.say(DoOnStage(request=1, action=action))
        page.say(MoveOnStage(axes=(), values=()))
        end = time.monotonic() + 20.0
        while did != ["freeze", "panic", "move"] and time.monotonic() < end:
            time.sleep(0.01)
        assert did == ["freeze", "panic", "move"], "and nothing that the library has to be asked for"
        may.set()
        page.hear(Saved)
        page.ask(WatchStage(watching=True), StageNow)
        assert did == ["freeze", "panic", "move", "stop"], "what was to begin before the panic does not"


def test_what_cannot_be_done_is_told(served):
    with served.page() as page:
        assert "Start it first" in page.ask(DoOnStage(request=7, action="panic"), Problem).sentence
        page.say(StartStage(request=8, settings=StageSettings(device="No such device", spare=False)))
        told = page.hear(Problem)
        assert told.request == 8
        page.ask(WatchStage(watching=True), StageNow)


def test_a_page_that_leaves_lets_the_stage_play_on(served):
    with served.page() as page:
        page.say(WatchStage(watching=True))
        piece = page.welcome.opened.piece
        fast = msgspec.structs.replace(piece, tempo=Tempo(bpm=120.0, beats=2, synchronised=True))
        page.ask(Change(number=1, piece=fast, label="Tempo"), Saved)
        page.say(StartStage(request=1, settings=NULL))
        until(page, StageNow, lambda each: each.state.condition == "playing")
        page.say(DoOnStage(request=2, action="record", on_bar=True, bars=1, makes="alone", name="Bar"))
        until(page, StageNow, lambda each: each.state.recording)
    with served.page("another") as page:
        assert page.ask(WatchStage(watching=True), StageNow).state.condition == "playing"
        took = page.hear(StageTook)  # it ends by itself, and whoever is here keeps it
        assert (took.left, took.take.id, took.take.name, took.take.seconds) == (True, "alone", "Bar", 1.0)
        assert until(page, StageHeard, lambda heard: heard.beat > 2.0)
        page.say(StopStage(request=2))
        until(page, StageNow, lambda each: each.state.condition == "off")


def test_a_page_listens_to_what_the_device_is_given(served):
    listening = "/stream/stage?page=one"
    with served.socket(path=listening) as deaf:
        assert told(deaf.recv(20.0).encode()) == Trouble(
            sentence="The stage does not play, so there is nothing to hear. Start it first.", lasting=True
        )
    with served.page() as page:
        page.say(WatchStage(watching=True))
        piece = demonstrated(page.welcome.opened.piece)
        page.ask(Change(number=1, piece=piece, label="Demonstrate"), Saved)
        page.say(StartStage(request=1, settings=NULL))
        until(page, StageNow, lambda each: each.state.condition == "playing")
        with served.socket(path=listening) as ear:
            assert told(ear.recv(20.0).encode()) == Ready(
                name="stage", sample_rate=44100, channels=2, hop=256, dims=0
            )
            began = time.monotonic()
            page.say(MoveOnStage(axes=tuple(axis.id for axis in piece.axes), values=(1.0,) * len(piece.axes)))
            assert served.post("/stage/sound/end", b"").status_code == 415, "nothing is recorded yet"
            assert served.post("/stage/sound?kind=mp3", b"").status_code == 400
            assert served.post("/stage/sound?kind=flac", b"").status_code == 204
            until(page, StageNow, lambda each: each.state.sound)
            made, recorded = [], time.monotonic()
            while len(made) < 120 or time.monotonic() - recorded < 0.6:  # some lay here already
                made.append(read_sound(ear.recv(20.0)))
            lasted = time.monotonic() - began
            assert [each.frame for each in made] == list(range(len(made)))
            assert {(each.epoch, each.audio.shape) for each in made} == {(0, (2, 256))}
            sound = np.concatenate([each.audio for each in made], axis=1)
            assert np.abs(sound).max() > 1e-3
            assert lasted > 0.5 * len(made) * 256 / 44100, "at the pace of the device"
            page.say(StopStage(request=2))
            assert ends(ear), "with the stage"
        until(page, StageNow, lambda each: each.state.condition == "off" and each.state.sound)
        kept = served.post("/stage/sound/end", b"")  # after the stage has ended, too
        sound, rate = soundfile.read(io.BytesIO(kept.content), always_2d=True)
        assert (kept.headers["content-type"], rate) == ("audio/flac", 44100)
        assert len(sound) > 60 * 256
        assert np.abs(sound).max() > 1e-3
        until(page, StageNow, lambda each: not each.state.sound)
        assert served.post("/stage/sound", b"").status_code == 400, "nothing plays"
