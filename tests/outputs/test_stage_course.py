"""What the stage plays and records and when: on its own bars, with its own or live input, with voices that
come with a scene, and with nothing in the way of a panic."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from isobath.engine.rendering import render_piece
from isobath.library.sounds import Sounds
from isobath.models.coder import Model, bundled, load
from isobath.outputs.stage import wire
from isobath.outputs.stage.beat import Beat
from isobath.outputs.stage.course import Asked, Course
from isobath.outputs.stage.engine import StageEngine
from isobath.outputs.stage.processes import WorkerProcess
from isobath.outputs.stage.status import Settings
from isobath.protocol.piece import Piece, Scene, SceneChange, Source, Take, Tempo
from tests.outputs.stage_pair import BLOCK, MODEL, Pair, pair, piece, take, until

__all__ = ["pair"]


@pytest.fixture(scope="module")
def model() -> Model:
    return load(bundled()[MODEL])


# ------------------------------------------------------------------------------- on the bar


@pytest.mark.parametrize("number", [0, 1])
def test_a_take_begins_with_its_frame_to_the_sample(model: Model, pair: Pair, number: int) -> None:
    """Whichever worker sounds then, and wherever in its own frames it is."""
    here, line = piece(model), 12345
    pair.tell(wire.Load(1, here))
    pair.area.board.wish = 0
    heard = [pair.run(20)]
    pair.tell(wire.Play(take(model), begins=line))
    if number == 1:
        pair.area.alarm(0)
        pair.make(1)
    heard.append(pair.run(60, number))
    whole = np.concatenate(heard)
    rendered = render_piece(here, take(model), lambda _: model).T
    settled = model.sample_rate // 50  # behind the fade that every beginning has
    both = len(whole) - line
    np.testing.assert_array_equal(whole[line + settled :], rendered[settled:both])
    assert wire.Began(line, take="t") in pair.said
    assert pair.area.board.missing == 0


def test_a_take_of_bars_is_as_long_as_they_are_and_goes_on_in_step(model: Model, pair: Pair) -> None:
    begins, ends = 9001, 9001 + 22050
    pair.tell(wire.Load(1, piece(model)))
    pair.area.board.wish = 0
    pair.run(10)
    pair.tell(wire.Record(5, number=1, begins=begins), wire.Finish("new", "bar", 0.5, ends))
    pair.run(130)
    [ended] = [each.take for each in pair.said if isinstance(each, wire.Recorded)]
    assert ended is not None
    assert (ended.length, ended.seconds, ended.loop) == (-(-(ends - begins) // model.hop), 0.5, True)
    looped = msgspec.structs.replace(ended, length=ended.length + 1)
    pair.tell(wire.Play(looped, begins=begins))
    pair.run(1)
    live = pair.workers[0]._live
    assert live is not None
    here = int(pair.area.board.heard) + pair.area.fill(0)
    assert live.place == here - begins + live.player.delay, "as if it had been played ever since"


def test_what_waits_for_its_bar_is_given_up_with_a_panic_and_not_with_another_take_s_end(
    model: Model, pair: Pair
) -> None:
    pair.tell(wire.Load(1, piece(model)))
    pair.area.board.wish = 0
    pair.tell(wire.Play(take(model), begins=9000), wire.Stop(ended=True))
    assert len(pair.workers[0]._coming) == 1
    pair.tell(wire.Panic())
    pair.run(60)
    assert not any(isinstance(each, wire.Began) for each in pair.said)
    assert not pair.run(4).any()


def test_bars_are_counted_in_the_stage_s_own_frames() -> None:
    beat = Beat(48000, Tempo(bpm=120.0, beats=4))
    assert (beat.bar, beat.next_bar(0), beat.next_bar(1)) == (96000.0, 0, 96000)
    beat.set(Tempo(bpm=60.0, beats=3), 48000)
    assert beat.at(48000) == 2.0
    beat.set(Tempo(bpm=60.0, beats=3), 1000, 0.5)
    assert beat.next_bar(1000) == 1000 + 120000
    course = Course(Beat(48000), 48000)
    record, end = course.timed(Asked(wire.Record(1), True, bars=2, id="a", name="A"), 500)
    assert isinstance(record, wire.Record)
    assert (record.begins, end) == (96000, wire.Finish("a", "A", 4.0, 96000 + 192000))
    course.told(record, 500)
    course.told(end, 501)
    assert (course.recording, course.under_way, course.waiting) == (True, None, (record, end))
    assert course.finish("b", "B", 0.0, True, 96000 + 96001) == wire.Finish("b", "B", 2.0, 192000)
    assert course.began(wire.Began(96000, number=0))
    assert not course.began(wire.Began(96000, number=0))
    made = Take(id="a", name="", hop=1, sample_rate=1, length=1, axes=(), frames=(), points=())
    course.recorded(made)
    assert (course.recording, course.under_way, course.waiting) == (False, None, ())
    [onward] = course.timed(Asked(wire.Play(made), True, onward=True), 300000)
    assert isinstance(onward, wire.Play)
    assert onward.begins == 96000
    course.told(wire.Play(made, begins=400000), 300000)
    course.overdue(500000)
    assert course.playing == "a", "whoever began it ended before it could say so"


# ------------------------------------------------------------------------------- what comes in


def test_live_input_is_heard_under_a_take_that_has_none_of_its_own(
    model: Model, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sounds, "load", lambda *_: np.zeros((2, 100), np.float32))
    pair.area.open(model.sample_rate, 2, 2)
    pair.tell(wire.Load(1, piece(model, source=Source(kind="input", wet=0.0))))
    pair.area.board.wish = 0
    noise = (0.2 * np.random.default_rng(3).standard_normal((60 * BLOCK, 2))).astype(np.float32)
    own = msgspec.structs.replace(take(model), input="kept")
    for played, heard in ((own, False), (take(model), True)):
        pair.tell(wire.Play(played))
        pair.run(30, came=noise)
        out = pair.run(30, came=noise[30 * BLOCK :])
        assert (np.abs(out).max() > 0.05) == heard


# --------------------------------------------------------------------------- nothing in the way


def test_a_panic_waits_for_nothing_that_is_read_and_what_was_asked_before_stays_silent(
    model: Model, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, may = threading.Event(), threading.Event()

    def load(*_: object) -> np.ndarray:
        reading.set()
        may.wait(10.0)
        return np.zeros((2, 100), np.float32)

    monkeypatch.setattr(Sounds, "load", load)
    pair.tell(wire.Load(1, piece(model, source=Source(kind="input"))), to=(0,))
    pair.area.board.wish = 0
    pair.run(10)
    worker = pair.workers[0]
    worker.obey(wire.Play(msgspec.structs.replace(take(model), input="long")))
    reader = threading.Thread(target=worker.get_ready)
    reader.start()
    assert reading.wait(10.0)
    began = time.perf_counter()
    for order in (wire.Freeze(True), wire.Fade(1.0, 0.0, 0.0, 0.0), wire.Panic()):
        worker.obey(order)
    assert len(worker._orders) == 3
    assert time.perf_counter() - began < 0.05
    pair.act(0)
    assert not pair.run(6)[-2 * BLOCK :].any()
    may.set()
    reader.join()
    pair.act(0)
    assert not pair.run(10).any()
    assert worker._live is not None
    assert worker._live.take is None


def test_silent_frozen_and_looked_for_it_stays_so_with_another_structure(model: Model, pair: Pair) -> None:
    pair.tell(wire.Load(1, piece(model, source=Source(kind="input"))), to=(0,))
    pair.area.board.wish = 0
    pair.run(10)
    looked_for = (0.5,) * model.dims
    pair.tell(wire.Panic(), wire.Freeze(True), wire.Direct("v", looked_for), to=(0,))
    pair.run(2)
    pair.tell(wire.Load(2, piece(model)), to=(0,))
    assert not pair.run(10).any()
    live = pair.workers[0]._live
    assert live is not None
    assert (live.voices[0].frozen, live.voices[0]._is_direct) == (True, True)
    pair.tell(wire.Begin(), to=(0,))
    assert pair.run(20).any()


# ------------------------------------------------------------------------ voices that a scene brings


def with_choir(model: Model) -> tuple[Piece, Take]:
    """A piece of one voice, and a take that goes to a scene with a second one."""
    here = piece(model)
    [own] = here.voices
    more = msgspec.structs.replace(own, id="w", pan=-1.0)
    scenes = (Scene(id="a", name="Dark", voices=(own,)), Scene(id="b", name="Choir", voices=(own, more)))
    changes = (SceneChange(frame=0, scene="a"), SceneChange(frame=30, scene="b"))
    return msgspec.structs.replace(here, scenes=scenes), msgspec.structs.replace(take(model), scenes=changes)


@pytest.fixture
def stage(model: Model) -> Iterator[StageEngine]:
    here, _ = with_choir(model)
    settings = Settings("null", block=512, ahead=4096)  # however busy the machine is
    engine = StageEngine(
        msgspec.structs.replace(here, tempo=Tempo(bpm=240.0, beats=1)), model.sample_rate, settings
    )
    engine.start()
    yield engine
    engine.stop()


def test_a_take_waits_for_the_voices_of_its_scenes_and_bars_need_nobody(
    model: Model, stage: StageEngine
) -> None:
    _, through = with_choir(model)
    assert until(lambda: stage.status.spare, 20.0)
    missing, active = stage.status.missing_ms, stage.area.board.active
    stage.play(through, on_bar=True)
    assert "being loaded" in stage.status.sentence
    assert stage.status.take is None
    assert until(lambda: stage.status.take == "t", 20.0)
    assert stage.area.board.active == 1 - active
    assert (stage.status.sentence, len(stage.meters().latents)) == ("", 2)
    assert stage.status.missing_ms == missing
    kept: list[Take] = []
    stage._recorded = kept.append
    stage.record(7, on_bar=True, bars=2, id="new", name="two")
    assert stage.status.recording
    assert until(lambda: bool(kept), 20.0)
    assert (kept[0].id, kept[0].seconds, kept[0].loop, kept[0].frames[0]) == ("new", 0.5, True, 0)
    assert until(lambda: not stage.status.recording, 20.0)


def test_voices_that_cannot_be_loaded_are_told_of_and_the_take_is_played_without(model: Model) -> None:
    here, through = with_choir(model)
    engine = StageEngine(here, model.sample_rate, Settings("null"))
    with subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE) as process:
        worker = engine._workers[0] = WorkerProcess(0, process)
        engine._hear(worker, wire.Ready(1, False, 0.0, 2, 0))
        engine.play(through)
        assert [voice.muted for voice in engine._played.voices] == [False, True]
        assert engine.status.take is None
        engine._hear(worker, wire.Failed(engine._structure, "There is no such model."))
        assert engine.status.take == "t"
        assert engine.status.sentence == "There is no such model."
        engine._hear(worker, wire.Ready(engine._structure, False, 0.0, 2, 0))
        assert 'without its scene "Choir"' in engine.status.sentence
        worker.say(None)
        engine._workers.clear()
    engine.stop()
