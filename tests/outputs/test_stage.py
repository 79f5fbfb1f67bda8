"""The stage's engine: the callback by hand, whole processes in lock-step, workers that end and hang."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from isobath.engine import rendering
from isobath.engine.rendering import render_piece
from isobath.engine.scenes import recalled
from isobath.engine.sources import quantised
from isobath.engine.takes import finished
from isobath.errors import AudioError, UsageError
from isobath.library.sounds import Sounds
from isobath.models.coder import Model, bundled, load
from isobath.outputs.file import write_rendering
from isobath.outputs.stage import wire
from isobath.outputs.stage.area import NOBODY, RING, Area
from isobath.outputs.stage.engine import StageEngine
from isobath.outputs.stage.incoming import BYTES as incoming_bytes
from isobath.outputs.stage.incoming import Incoming, IncomingLog
from isobath.outputs.stage.processes import WorkerProcess
from isobath.outputs.stage.recorder import Recorder
from isobath.outputs.stage.rows import Recording
from isobath.outputs.stage.status import Settings
from isobath.protocol.messages import Heard
from isobath.protocol.piece import Demonstration, Scene, SceneChange, Source, Take
from isobath.server.stage_sounds import as_flac
from isobath.server.stage_telling import StageTeller
from tests.outputs.stage_pair import BLOCK, MODEL, Pair, pair, piece, take, until

__all__ = ["pair"]

RATE = 48000


def area(ahead: int = 128) -> Area:
    made = Area.new(RATE, ahead, BLOCK)
    made.board.workers[0].pid = made.board.workers[1].pid = 1
    return made


def tone(frames: int, start: int = 0) -> np.ndarray:
    at = np.arange(start, start + frames)
    return np.stack([0.4 * np.sin(at / 30), 0.4 * np.cos(at / 30)]).astype(np.float32)


def steps(sound: np.ndarray) -> float:
    """The largest step from one sample to the next."""
    return float(np.abs(np.diff(sound, axis=0)).max())


# ----------------------------------------------------------------------------- the callback


def test_what_a_worker_writes_is_heard_bit_for_bit() -> None:
    stage, sound = area(), tone(4096)
    stage.board.wish = 0
    stage.write(0, sound)
    heard = np.concatenate([stage.run(n) for n in (64, 256, 1000, 776, 2000)])
    np.testing.assert_array_equal(heard, sound.T)
    assert stage.board.underruns == 0


def test_what_is_heard_is_recorded(tmp_path: Path) -> None:
    stage, sound = area(), tone(8192)
    stage.board.wish = 0
    stage.run(BLOCK)  # before: not in the file
    recorder = Recorder(tmp_path / "stage.wav", stage)
    for start in (0, 4096):
        stage.write(0, sound[:, start : start + 4096])
        stage.run(4096)
    recorder.end()
    kept, rate = soundfile.read(tmp_path / "stage.wav", always_2d=True)
    assert (rate, kept.shape, recorder.missing, recorder.sentence) == (RATE, (8192, 2), 0, "")
    heard, there = stage.heard(BLOCK, 8192)
    assert there == 8192
    np.testing.assert_allclose(kept.T, heard, atol=2.0**-22)
    with pytest.raises(UsageError, match="no kind of file"):
        Recorder(tmp_path / "stage.mp3", stage)


def test_a_recording_goes_on_with_another_stage(tmp_path: Path) -> None:
    """Nothing of either is left out; what has another rate is a file of its own."""
    stages, sound = [area(), area()], tone(3000)
    recorder = Recorder(tmp_path / "stage.flac", stages[0])
    for stage in stages:
        stage.board.wish = 0
        stage.write(0, sound)
        stage.run(3000)
        recorder.follow(stage)
    slower = Area.new(44100, 128, BLOCK)
    slower.board.workers[0].pid, slower.board.wish = 1, 0
    slower.write(0, sound)
    slower.run(3000)
    recorder.follow(slower)
    recorder.end()
    assert [path.name for path in recorder.paths] == ["stage.flac", "stage-2.flac"]
    lengths = [(soundfile.info(path).samplerate, soundfile.info(path).frames) for path in recorder.paths]
    assert lengths == [(48000, 6000), (44100, 3000)]
    assert (recorder.missing, recorder.sentence) == (0, "")


def test_silence_before_anybody_plays() -> None:
    stage = area()
    assert not stage.run(BLOCK).any()
    assert (stage.board.active, stage.board.underruns, stage.board.missing) == (NOBODY, 0, 0)


@pytest.mark.parametrize("left", [0, 1, 40, 64, 200])
def test_a_ring_that_runs_dry_fades_out_and_in_again(left: int) -> None:
    stage = area()
    stage.board.wish = 0
    stage.write(0, tone(BLOCK + left))
    out = np.concatenate([stage.run(BLOCK), stage.run(BLOCK), stage.run(BLOCK)])
    silent = np.flatnonzero(np.abs(out).max(axis=1) > 0)[-1] + 1
    assert silent <= BLOCK + max(left, 64)
    assert steps(out) <= 2 * steps(tone(4096).T)
    assert stage.board.underruns == 1
    stage.write(0, tone(BLOCK, BLOCK + left))
    back = np.concatenate([out, stage.run(BLOCK)])
    assert np.abs(back[-16:]).max() > 0.3, "the whole block that was there is heard"
    assert steps(back) <= 2 * steps(tone(4096).T)


def test_a_worker_that_is_late_is_replaced_without_a_gap() -> None:
    stage = area()
    stage.board.wish = 0
    stage.write(0, tone(BLOCK + 300))
    stage.run(BLOCK)
    assert stage.wanted(1) == 0, "a resting worker is left alone"
    stage.run(BLOCK)  # nothing was written meanwhile: alarm
    assert stage.wanted(1) > 0
    fresh = np.concatenate([np.linspace(0, 1, 480), np.ones(800)]) * tone(1280)
    stage.write(1, fresh.astype(np.float32))
    out = np.concatenate([stage.run(BLOCK), stage.run(BLOCK)])
    assert stage.board.active == 1
    assert (stage.board.takeovers, stage.board.underruns, stage.board.missing) == (1, 0, 0)
    assert steps(out) <= 2 * steps(tone(4096).T)


def test_a_worker_that_comes_back_in_time_is_kept() -> None:
    stage = area()
    stage.board.wish = 0
    stage.write(0, tone(BLOCK + 300))
    stage.run(BLOCK)
    stage.run(BLOCK)
    assert stage.board.alarm
    stage.write(0, tone(1024, BLOCK + 300))
    stage.run(BLOCK)
    assert not stage.board.alarm
    assert stage.wanted(1) == 0
    assert stage.board.active == 0


def test_a_worker_whose_process_has_ended_is_left_while_it_still_sounds() -> None:
    stage = area()
    stage.board.wish = 0
    stage.write(0, tone(2000))
    stage.run(BLOCK)
    stage.alarm(0)
    stage.write(1, tone(1024))
    out = stage.run(BLOCK)
    assert stage.board.active == 1
    assert np.abs(out).max() < 0.9
    assert stage.board.missing == 0


def test_what_is_no_number_never_reaches_the_device() -> None:
    stage, sound = area(), tone(BLOCK)
    sound[0, 7], sound[1, 9], sound[0, 11] = np.nan, np.inf, 1e9
    stage.board.wish = 0
    stage.write(0, sound)
    out = stage.run(BLOCK)
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= 0.99
    assert (stage.board.scrubbed, stage.board.clipped) == (2, 1)


def test_a_ring_that_is_full_takes_nothing_more() -> None:
    stage = area()
    assert stage.write(0, tone(RING))
    assert not stage.write(0, tone(1))


def test_gestures_are_whole_and_the_newest() -> None:
    stage = area()
    stage.gesture(np.array([0.25, 0.5]), 7, 123)
    held = stage.held()
    assert held is not None
    assert (held[0].tolist(), held[1], held[2]) == ([0.25, 0.5], 7, 123)


def test_what_came_in_can_be_read_where_it_is_still_there() -> None:
    stage = area()
    stage.open(RATE, 2, 2)
    came = tone(BLOCK).T.copy()
    stage.run(BLOCK, came)
    found, there = stage.came(0, BLOCK)
    assert there == BLOCK
    np.testing.assert_array_equal(found.T, came)
    assert stage.came(BLOCK - 10, 20)[1] == 10


@pytest.mark.parametrize("device", [8000, 44100, 96000])
def test_a_device_of_another_rate_hears_the_same(device: int) -> None:
    stage = area()
    delay = stage.open(device, 1, 2)
    stage.board.wish = 0
    sound = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    came = 0.5 * np.sin(2 * np.pi * 440 * np.arange(device) / device)
    out, written, block = [], 0, 200
    while len(out) * block + block <= device // 2:
        while stage.fill(0) < 2048 and written + 1024 <= RATE:
            stage.write(0, np.tile(sound[written : written + 1024], (2, 1)))
            written += 1024
        start = len(out) * block
        out.append(stage.run(block, came[start : start + block, None].astype(np.float32)))
    heard = np.concatenate(out)[:, 0]
    at = np.arange(len(heard)) / device - delay
    settled = at > 0.02
    ideal = 0.5 * np.sin(2 * np.pi * 440 * at[settled])
    np.testing.assert_allclose(heard[settled], ideal, atol=2e-4)
    assert stage.board.underruns == 0
    captured = stage.board.captured
    assert abs(captured - len(heard) * RATE / device) < 0.003 * RATE
    inside = stage.came(captured - 4000, 4000)[0][0]
    spectrum = np.abs(np.fft.rfft(inside * np.hanning(4000)))
    assert abs(np.argmax(spectrum) * RATE / 4000 - 440) < RATE / 4000


# ------------------------------------------------------------------------- whole processes


@pytest.fixture(scope="module")
def model() -> Model:
    return load(bundled()[MODEL])


def test_a_take_into_a_file_is_bit_for_bit_that_of_render(model: Model, tmp_path: Path) -> None:
    played, path = piece(model), tmp_path / "stage.wav"
    written = write_rendering(tmp_path / "render.wav", rendering(played, take(model), lambda _: model))
    engine = StageEngine(
        played, model.sample_rate, Settings(f"file:{path}", samples=written, block=300, spare=False)
    )
    engine.play(take(model))
    engine.start()
    assert engine.wait(60.0)
    engine.stop()
    assert engine.status.sentence == ""
    assert path.read_bytes() == (tmp_path / "render.wav").read_bytes()


@pytest.mark.parametrize("turn", range(6))
def test_a_change_of_worker_makes_no_step_that_the_sound_has_not(model: Model, pair: Pair, turn: int) -> None:
    """Both workers in this process, ended at all sorts of moments, with more or less left in the ring."""
    shared, second = pair.area, pair.workers[1]
    pair.tell(wire.Load(1, piece(model)))
    shared.board.wish = 0
    out = [pair.run(40)]
    pair.make()
    out.append(shared.run(60 + 37 * turn))
    own = steps(np.concatenate(out)[2000:])
    assert second._live is not None
    second._keep_warm(second._live)
    shared.alarm(0)
    before = sum(map(len, out))
    out.append(pair.run(12, 1))
    assert (shared.board.takeovers, shared.board.underruns) == (1, 0)
    after = np.concatenate(out)[before - 2 :]
    assert steps(after) <= 1.2 * own
    assert int((np.abs(after).max(axis=1) < 1e-7).sum()) <= 0.005 * model.sample_rate


def test_learning_anew_on_a_stage_neither_clicks_nor_moves_what_did_not_change(
    model: Model, pair: Pair
) -> None:
    """While the hand rests on a demonstration, another one joins far away."""
    played = piece(model)
    voice, at = played.voices[0], np.array(played.voices[0].demonstrations[0].point)
    pair.tell(wire.Load(1, played))
    pair.area.board.wish = 0
    pair.area.gesture(at, 1, 0)
    live = pair.workers[0]._live
    assert live is not None
    pair.run(100)
    usual, before = steps(pair.run(200)), live.latents()[0].copy()
    new = Demonstration(id="new", point=tuple(1.0 - at), latent=(2.0,) * model.dims)
    taught = msgspec.structs.replace(voice, demonstrations=(*voice.demonstrations, new))
    pair.tell(wire.Change(2, msgspec.structs.replace(played, voices=(taught,))))
    pair.area.gesture(at, 2, 0)
    after = pair.run(200)
    assert pair.workers[0]._live is live
    assert np.abs(live.latents()[0] - before).max() < 1e-3
    assert steps(after) <= 1.2 * usual
    pair.area.gesture(1.0 - at, 2, 0)
    pair.run(400)
    np.testing.assert_allclose(live.latents()[0], new.latent, atol=0.1)


def test_whoever_answers_a_change_tells_where_the_recording_is(model: Model, pair: Pair) -> None:
    pair.tell(wire.Load(1, piece(model)), wire.Record(5, number=1))
    pair.area.board.wish = 0
    pair.run(200)
    pair.said.clear()
    pair.tell(wire.Change(2, msgspec.structs.replace(piece(model), about="else")))
    frames = [answer.frame for answer in pair.said if isinstance(answer, wire.Ready)]
    heard = 200 * BLOCK // model.hop
    assert len(frames) == 2
    assert all(abs(frame - heard) * model.hop < 0.1 * model.sample_rate for frame in frames), (frames, heard)


def test_a_scene_is_kept_in_the_take_though_what_follows_it_is_answered_first(model: Model) -> None:
    engine = StageEngine(piece(model), model.sample_rate, Settings("null"))
    engine.record(1)
    here = piece(model)
    scenes = tuple(Scene(id=id, name=id, voices=here.voices) for id in ("a", "b"))
    here = msgspec.structs.replace(here, scenes=scenes)
    for scene in scenes:
        engine.set_piece(here := recalled(here, scene))
    engine.set_piece(msgspec.structs.replace(here, about="else"))
    with subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE) as process:
        worker = WorkerProcess(0, process)
        engine._hear(worker, wire.Ready(engine._revision, False, 0.0, 2, 40))
        engine._hear(worker, wire.Ready(engine._revision, False, 0.0, 2, 50))
        worker.say(None)
    assert [(each.scene, each.frame) for each in engine._keeping.scenes] == [("b", 40)]
    engine.stop()


@pytest.mark.parametrize("rests", [True, False])
def test_a_take_goes_on_where_it_was_however_the_spare_is_gone_over_to(
    model: Model, pair: Pair, rests: bool
) -> None:
    """Called in vain once, the spare has sound in its ring that may be heard at the next call before it knows
    of that call."""
    shared, spare = pair.area, pair.workers[1]
    pair.tell(wire.Load(1, piece(model), wire.Play(take(model))))
    shared.board.wish = 0
    pair.run(20)
    shared.board.alarm = 1
    pair.make(1)
    shared.board.alarm = 0
    if rests:
        spare._rest()
        assert shared.fill(1) == 0
    else:
        spare._asked = False  # between the look and the clearing it is gone over to
    pair.run(20)
    assert shared.board.active == 0
    shared.alarm(0)
    if not rests:
        for _ in range(3):
            shared.run(BLOCK)
        assert shared.board.active == 1
    spare._make()
    assert spare._live is not None
    assert abs(spare._live.place - 40 * BLOCK) < 6 * BLOCK


@pytest.fixture
def stage(model: Model) -> Iterator[StageEngine]:
    engine = StageEngine(piece(model), model.sample_rate, Settings("null", block=512, ahead=512))
    engine.start()
    assert until(lambda: engine.status.spare)
    yield engine
    engine.stop()
    assert engine.area.handles == (), "the system gets the memory back"
    assert engine.heard(0, 64)[0].shape == (2, 64), "and whoever still looks at it may"


def test_a_worker_that_reads_nothing_holds_up_nobody(model: Model) -> None:
    large = msgspec.structs.replace(piece(model), about="x" * 1_000_000)
    command = [sys.executable, "-c", "import sys, time; time.sleep(1); sys.stdin.buffer.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        worker, began = WorkerProcess(0, process), time.monotonic()
        for revision in range(20):
            worker.say(wire.Change(revision, large))
        worker.say(wire.Panic())
        assert time.monotonic() - began < 0.5
        assert len(worker.waiting) <= 2, "of changes the newest is enough"
        assert until(lambda: not worker.waiting)
        worker.say(None)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_workers_that_end_or_hang_are_replaced(stage: StageEngine, tmp_path: Path) -> None:
    recorder, first = Recorder(tmp_path / "all.wav", stage.area), stage.area.board.heard
    for signal_sent in (signal.SIGKILL, signal.SIGSTOP):
        active = stage.area.board.active
        takeovers, missing = stage.status.takeovers, stage.status.missing_ms
        os.kill(stage.area.board.workers[active].pid, signal_sent)
        assert until(lambda takeovers=takeovers: stage.status.takeovers > takeovers, 2.0)
        assert stage.area.board.active == 1 - active
        assert stage.status.missing_ms - missing < 150.0
        assert until(lambda: stage.status.spare, 15.0), "there is a spare again"
    recorder.end()
    kept, _ = soundfile.read(tmp_path / "all.wav", always_2d=True)
    assert recorder.missing == 0, "what went to the device is recorded, whoever made it"
    assert len(kept) <= stage.area.board.heard - first < len(kept) + 2 * stage.area.board.rate


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_frozen_and_faded_it_stays_so_whoever_plays(stage: StageEngine) -> None:
    def held() -> list[float]:
        return [round(float(each), 4) for each in stage.latents()[0][:8]]

    stage.gesture([0.9, 0.1])
    assert until(lambda: stage.meters().rms[0] > 0.02)
    stage.freeze(True)
    time.sleep(0.3)
    here = held()
    stage.gesture([0.1, 0.9])
    time.sleep(0.4)
    assert held() == here, "the hand is somewhere else"
    stage.fade(0.0, 0.2)
    assert until(lambda: stage.meters().rms[0] < 1e-5)
    assert (stage.status.frozen, stage.status.faded) == (True, True)
    os.kill(stage.area.board.workers[stage.area.board.active].pid, signal.SIGKILL)
    assert until(lambda: stage.status.takeovers == 1 and stage.status.spare, 15.0)
    stage.meters()
    time.sleep(0.3)
    assert max(stage.meters().peak) < 1e-5, "the spare is no louder"
    assert held() == here
    stage.fade(1.0, 0.1)
    assert until(lambda: stage.meters().rms[0] > 0.02)
    stage.freeze(False)
    assert until(lambda: held() != here), "it glides to the hand"
    stage.panic_or_begin()
    assert until(lambda: stage.meters().rms[0] < 1e-5)
    stage.gesture([0.9, 0.1])
    stage.panic_or_begin()
    assert until(lambda: stage.meters().rms[0] > 0.02), "pressed again it sounds"


def test_another_structure_is_gone_over_to_and_values_at_once(stage: StageEngine, model: Model) -> None:
    missing, active = stage.status.missing_ms, stage.area.board.active
    stage.set_piece(piece(model, gain_db=-60.0))
    assert until(lambda: stage.meters().rms[0] < 1e-2)
    assert stage.area.board.active == active
    two = piece(model)
    second = msgspec.structs.replace(two.voices[0], id="w", pan=-1.0)
    stage.set_piece(msgspec.structs.replace(two, voices=(*two.voices, second)))
    assert until(lambda: len(stage.meters().latents) == 2)
    assert stage.area.board.active == 1 - active
    assert stage.status.missing_ms == missing
    assert until(lambda: stage.status.spare)
    # A voice listens to the line from now on: the device is opened again, with its inputs.
    host = stage._hosting.process
    listening = msgspec.structs.replace(second, source=Source(kind="input"))
    stage.set_piece(msgspec.structs.replace(two, voices=(*two.voices, listening)))
    assert until(lambda: stage._hosting.process not in (host, None) and stage.status.state == "playing")
    assert stage._hosting.inputs == 2


def test_what_is_played_is_recorded_and_comes_back(stage: StageEngine) -> None:
    kept: list[Take] = []
    stage._recorded = kept.append
    stage.command(wire.Record(7))
    for x in (0.1, 0.5, 0.9):
        stage.gesture([x, 1 - x])
        assert until(lambda x=x: stage.shown().gesture[0] == x), "however busy the machine is"
        time.sleep(0.1)
    stage.finish_recording("new", "three places")
    assert until(lambda: bool(kept))
    assert kept[0].seed == 7
    assert (0.9, pytest.approx(0.1)) == kept[0].points[-1]
    assert len(kept[0].points) >= 3
    stage.play(kept[0])
    assert stage.status.take == "new"
    assert until(lambda: stage.status.take is None), "it ends by itself"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_recording_goes_on_when_its_worker_ends(stage: StageEngine) -> None:
    kept: list[Take] = []
    stage._recorded = kept.append
    stage.command(wire.Record(7))
    places = [0.1, 0.2, 0.3, 0.6, 0.7, 0.8]
    began = time.monotonic()
    for x in places:
        stage.gesture([x, 1 - x])
        assert until(lambda x=x: stage.shown().gesture[0] == x), "however busy the machine is"
        time.sleep(0.12)
        if x == 0.3:
            os.kill(stage.area.board.workers[stage.area.board.active].pid, signal.SIGKILL)
    lasted = time.monotonic() - began
    stage.finish_recording("new", "six places")
    assert until(lambda: bool(kept))
    assert stage.status.takeovers == 1
    found = list(dict.fromkeys(point[0] for point in kept[0].points))
    assert found[-6:] == pytest.approx(places)
    assert list(kept[0].frames) == sorted(set(kept[0].frames))
    model_frames = lasted * kept[0].sample_rate / kept[0].hop
    assert 0.7 * model_frames < kept[0].length < 1.5 * model_frames


def test_an_overdub_keeps_what_a_hand_was_on_whoever_sounded() -> None:
    """Rows hold, behind the values, 1 for each axis that a hand was on."""
    recording = Recording()
    number = recording.begin()
    first = [(number, 0, (0.5, 0.4, 0.0, 0.0)), (number, 9, (0.1, 0.4, 1.0, 0.0)), (number, 20, (0.2,) * 4)]
    recording.take_in(first)
    recording.take_in([(number, 15, (0.3, 0.6, 0.0, 0.0)), (number, 30, (0.3, 0.4, 0.0, 0.0))])  # the spare's
    under = Take(
        id="u", name="u", hop=256, sample_rate=44100, length=9, axes=("x", "y"), frames=(), points=()
    )
    frames, points = tuple(recording.frames), tuple(recording.points)
    raw = msgspec.structs.replace(under, id="o", length=40, frames=frames, points=points)
    made = finished(raw, under)
    assert (made.axes, made.over, made.length) == (("x",), "u", 40)
    assert (made.frames, made.points) == ((0, 9, 15), ((0.5,), (0.1,), (0.3,)))


def test_what_the_device_is_given_is_told_to_other_programs(stage: StageEngine, model: Model) -> None:
    class Programs:
        def __init__(self) -> None:
            self.heard: list[Heard] = []

        def send(self, heard: Heard) -> None:
            self.heard.append(heard)

        def close(self) -> None: ...

    programs = Programs()
    teller = StageTeller(programs)
    stage.gesture([0.25, 0.75])
    teller.follow(stage)
    try:
        assert until(lambda: any(max(each.bands) > 0.0 for each in programs.heard))
    finally:
        teller.end()
    newest = programs.heard[-1]
    assert (len(newest.latent), len(newest.bands), newest.axes) == (model.dims, 32, (0.25, 0.75))
    count = len(programs.heard)
    time.sleep(0.1)
    assert len(programs.heard) == count, "no more is told"


def test_a_worker_has_the_take_before_it_says_that_it_is_ready(
    model: Model, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, said = pair.workers[0], []
    monkeypatch.setattr(
        worker, "_say", lambda message: said.append((message, worker._live and worker._live.take))
    )
    pair.tell(wire.Load(1, piece(model), wire.Play(take(model))), to=(0,))
    [(answer, playing)] = said
    assert isinstance(answer, wire.Ready)
    assert playing == take(model)


def test_what_came_in_with_a_take_is_loaded_before_its_turn_and_heard_from_where_it_goes_on(
    model: Model, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = 120
    ramp = np.repeat(np.arange(frames * model.hop, dtype=np.float32)[None] / 1e6, 2, axis=0)
    loaded: list[str] = []
    monkeypatch.setattr(Sounds, "load", lambda *given: (loaded.append(given[1]), ramp)[1])
    worker = pair.workers[0]
    played = msgspec.structs.replace(take(model, frames), input="heard", loop=True)
    pair.tell(wire.Load(1, piece(model, source=Source(kind="input"))), to=(0,))
    worker.obey(wire.Play(played, at=0.5))
    pair.get_ready(0)
    assert loaded == ["heard"]
    pair.act(0)
    assert loaded == ["heard"], "nothing is read where sound is made"
    live = worker._live
    assert live is not None
    half = live.rate // 2
    np.testing.assert_array_equal(live._inputs[0].now(0, 64), ramp[:, half : half + 64])
    again = frames * model.hop - half
    np.testing.assert_array_equal(live._inputs[0].now(again, 64), ramp[:, :64])
    live.stop()
    assert live._inputs[0].now is live._inputs[0].live


def test_what_comes_in_while_a_take_is_recorded_is_kept_and_replays_it(
    model: Model, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, worker = pair.area, pair.workers[0]
    shared.open(model.sample_rate, 2, 2)
    here = piece(model, source=Source(kind="input", wet=1.0))
    noise = (0.2 * np.random.default_rng(3).standard_normal((260 * BLOCK, 2))).astype(np.float32)
    pair.tell(wire.Load(1, here), to=(0,))
    shared.board.wish = 0
    pair.run(60, came=noise)
    pair.tell(wire.Record(5, number=4), to=(0,))
    live, base = worker._live, worker._input_base
    assert live is not None
    made: list[np.ndarray] = []
    step = live.step
    monkeypatch.setattr(live, "step", lambda *most: (made.append(step(*most)), made[-1])[1])
    pair.run(200, came=noise[60 * BLOCK :])
    pair.tell(wire.Finish("new", "heard"), to=(0,))
    pair.run(4, came=noise)
    [ended] = [each.take for each in pair.said if isinstance(each, wire.Recorded)]
    assert ended is not None
    incoming = Incoming(model.sample_rate)
    incoming.begin(4)
    incoming.take_in(shared.incoming.fetch())
    came = incoming.whole()
    assert came is not None
    assert came.shape[1] <= ended.length * model.hop
    assert came.shape[1] > 195 * BLOCK
    np.testing.assert_array_equal(came, noise[base : base + came.shape[1]].T)
    kept, rate = soundfile.read(io.BytesIO(as_flac(came, model.sample_rate)), dtype="float32")
    np.testing.assert_array_equal(kept.T, quantised(came))
    assert rate == model.sample_rate
    ended = msgspec.structs.replace(ended, input="kept")
    replayed = render_piece(here, ended, lambda _: model, load_sound=lambda *_: kept.T)
    heard = np.concatenate(made, axis=1)[:, live.player.delay :]
    settled = model.sample_rate // 2
    both = min(heard.shape[1], replayed.shape[1]) - 8 * BLOCK
    np.testing.assert_allclose(heard[:, settled:both], replayed[:, settled:both], atol=1e-6)


def test_of_what_came_in_the_latest_holds_and_other_recordings_do_not() -> None:
    log = IncomingLog(np.zeros(incoming_bytes, np.uint8))
    log.append(1, 0, np.ones((2, 9), np.float32))
    log.append(2, 0, np.full((2, 600), 0.25, np.float32))
    log.append(2, 500, np.full((2, 300), 0.5, np.float32))
    known = Incoming(RATE)
    known.begin(2)
    known.take_in(log.fetch())
    assert log.fetch() == []
    found = known.whole()
    assert found is not None
    np.testing.assert_array_equal(found[0], np.repeat(np.float32([0.25, 0.5]), [500, 300]))
    known.begin(3)
    assert known.whole() is None


def test_which_scenes_a_take_is_played_without_is_told(model: Model) -> None:
    here = piece(model)
    own = here.voices[0]
    other = msgspec.structs.replace(own, source=Source(kind="prior"))
    scenes = (Scene(id="a", name="Dark", voices=(own,)), Scene(id="b", name="Dream", voices=(other,)))
    here = msgspec.structs.replace(here, scenes=scenes)
    changes = (SceneChange(frame=0, scene="a"), SceneChange(frame=9, scene="b"))
    through = msgspec.structs.replace(take(model), scenes=changes)
    engine = StageEngine(here, model.sample_rate, Settings("null"))
    engine.play(through)
    assert 'without its scene "Dream"' in engine.status.sentence
    engine.play(take(model))
    assert engine.status.sentence == ""
    engine.stop()


def test_a_take_that_ends_where_nobody_hears_it_is_told_to_have_ended(model: Model, pair: Pair) -> None:
    """The spare, which plays a little ahead to keep warm, is called for just before the end of a take."""
    shared, worker, said = pair.area, pair.workers[0], pair.said
    played = take(model)
    pair.tell(wire.Load(1, piece(model), wire.Play(played)), to=(0,))
    live = worker._live
    assert live is not None
    while live.take is not None:
        live.step()
    assert wire.Ended(played.id) not in said
    shared.board.wish = 0
    shared.run(BLOCK)
    assert shared.wanted(0) > 0
    worker._asked = True
    worker._make()
    assert said.count(wire.Ended(played.id)) == 1
    worker._make()
    assert said.count(wire.Ended(played.id)) == 1


def test_rows_of_a_recording_outlive_who_wrote_them() -> None:
    shared, recording = area(), Recording()
    number = recording.begin()
    for frame, x in ((0, 0.1), (3, 0.2), (9, 0.3)):
        shared.rows.append(number, frame, [x, x])
    shared.rows.append(number + 1, 2, [0.9, 0.9])  # another recording's
    recording.take_in(shared.rows.fetch())
    shared.rows.append(number, 7, [0.25, 0.25])  # from whom took over: what was at 9 was never heard
    recording.take_in(shared.rows.fetch())
    assert recording.frames == [0, 3, 7]
    assert [point[0] for point in recording.points] == [0.1, 0.2, 0.25]
    for frame in range(3000):
        shared.rows.append(number, frame, [frame % 2])
    assert len(shared.rows.fetch()) == 2048


def test_a_piece_that_cannot_be_played_says_why(model: Model) -> None:
    nowhere = piece(model)
    nowhere = msgspec.structs.replace(
        nowhere, voices=(msgspec.structs.replace(nowhere.voices[0], model="nobody"),)
    )
    with pytest.raises(AudioError, match="nobody"):
        StageEngine(nowhere, model.sample_rate, Settings("null", spare=False)).start()


def test_a_device_that_offers_only_8_khz_is_played(model: Model) -> None:
    settings = Settings("null", rate=8000, block=128, ahead=512, spare=False)
    engine = StageEngine(piece(model), model.sample_rate, settings)
    engine.start()
    try:
        assert until(lambda: engine.meters().rms[0] > 1e-3)
        assert (engine.status.device_rate, engine.status.rate) == (8000, model.sample_rate)
    finally:
        engine.stop()


def test_a_host_whose_device_never_closes_ends_all_the_same() -> None:
    """As when the sound server died, and then who had started the host."""
    script = """
import sys, time
from isobath.outputs.stage import host
from isobath.outputs.stage.devices import Opened
host._CLOSING = 0.2
host._open = lambda *_: (Opened("lost", "null", 48000, 256, 0, 2, 0.0), lambda: time.sleep(60))
host.main(sys.argv[1:])
"""
    shared = area()
    command = [sys.executable, "-c", script, shared.word, '{"device": "lost"}']
    begun = subprocess.run(
        command, input=b"", stdout=subprocess.PIPE, pass_fds=shared.handles, timeout=30, check=True
    )
    assert b"lost" in begun.stdout


def test_a_device_that_is_not_there_is_told(model: Model) -> None:
    engine = StageEngine(piece(model), model.sample_rate, Settings("No such thing", spare=False))
    with pytest.raises(AudioError, match=r"no sound device|did not|not installed"):
        engine.start()
