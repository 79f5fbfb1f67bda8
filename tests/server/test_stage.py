"""The stage as pages see it, over a real socket, on a clock instead of a device."""

import time

import msgspec
import pytest

from isobath.protocol.messages import (
    Change,
    DoOnStage,
    MoveOnStage,
    Problem,
    Saved,
    StageHeard,
    StageNow,
    StageTook,
    StartStage,
    StopStage,
    WatchStage,
)
from isobath.protocol.piece import Demonstration
from isobath.protocol.stage import StageSettings

NULL = StageSettings(device="null", block=512, ahead=512, spare=False)


def until(page, kind, true, seconds=20.0):
    """The first message of a kind for which something holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        message = page.hear(kind, timeout=seconds)
        if true(message):
            return message
    pytest.fail(f"no {kind.__name__} as it should be")


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


def test_a_page_starts_plays_changes_and_stops_the_stage(served):
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

        quiet = msgspec.structs.replace(piece, master=msgspec.structs.replace(piece.master, gain_db=-100.0))
        page.ask(Change(number=2, piece=quiet, label="Quiet"), Saved)
        until(page, StageHeard, lambda heard: heard.rms[0] < 1e-4)

        page.say(DoOnStage(request=2, action="record", seed=5))
        page.say(MoveOnStage(axes=axes, values=(0.25,) * len(axes)))
        until(page, StageNow, lambda each: each.state.recording)
        page.say(DoOnStage(request=3, action="finish", take="new", name="A take"))
        took = page.hear(StageTook).take
        assert (took.id, took.name, took.seed, took.axes) == ("new", "A take", 5, axes)

        page.say(StopStage(request=4))
        assert until(page, StageNow, lambda each: each.state.condition == "off").state.sentence == ""


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
        page.say(StartStage(request=1, settings=NULL))
        until(page, StageNow, lambda each: each.state.condition == "playing")
    with served.page("another") as page:
        assert page.ask(WatchStage(watching=True), StageNow).state.condition == "playing"
        page.say(StopStage(request=2))
        until(page, StageNow, lambda each: each.state.condition == "off")
