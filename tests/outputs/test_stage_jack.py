"""The stage on a real JACK server, with a client that records what it plays, while things go wrong."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from isobath.engine import render_piece
from isobath.models.coder import Model, bundled, load
from isobath.outputs.midi_clock import START, STOP, TICK, MidiClock
from isobath.outputs.stage import jack
from isobath.outputs.stage.engine import Settings, StageEngine
from isobath.protocol.piece import Axis, Demonstration, Master, Piece, Take, Voice

pytestmark = [
    pytest.mark.stage,
    pytest.mark.skipif(not jack.is_there(), reason=jack.MISSING),
]
MODEL = "guitar"
SECONDS = float(os.environ.get("ISOBATH_STAGE_SECONDS", "3"))
"""Of the take that is compared sample by sample."""
KILLS = int(os.environ.get("ISOBATH_STAGE_KILLS", "2"))
BLOCK = 256


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


@pytest.fixture(scope="module")
def model() -> Model:
    return load(bundled()[MODEL])


@pytest.fixture
def server(tmp_path: Path, model: Model) -> Iterator[jack.DummyServer]:
    made = jack.DummyServer(f"isobath-test-{os.getpid()}", model.sample_rate, BLOCK)
    made.start(tmp_path / "jackd.log")
    yield made
    made.stop()


def piece(model: Model) -> Piece:
    random = np.random.default_rng(2)
    shown = tuple(
        Demonstration(
            id=str(i),
            point=tuple(random.random(2).tolist()),
            latent=tuple(random.standard_normal(model.dims).tolist()),
        )
        for i in range(6)
    )
    axes = (Axis(id="x", name="x"), Axis(id="y", name="y"))
    voice = Voice(id="v", model=MODEL, demonstrations=shown)
    return Piece(id="p", name="a stage", axes=axes, voices=(voice,), master=Master(gain_db=-6.0))


def take(model: Model, seconds: float) -> Take:
    frames = int(seconds * model.sample_rate / model.hop)
    turns = [0.5 + 0.4 * np.array([np.sin(i / 40), np.cos(i / 30)]) for i in range(frames)]
    return Take(
        id="t",
        name="round",
        hop=model.hop,
        sample_rate=model.sample_rate,
        length=frames,
        axes=("x", "y"),
        frames=tuple(range(frames)),
        points=tuple(tuple(point.tolist()) for point in turns),
    )


def on_stage(piece: Piece, model: Model, **settings: int) -> StageEngine:
    engine = StageEngine(piece, model.sample_rate, Settings("JACK", block=BLOCK, **settings))
    engine.start()
    assert until(lambda: engine.status.spare)
    return engine


def longest_silence(sound: np.ndarray) -> int:
    """Samples in a row that are nothing."""
    loud = np.flatnonzero(np.abs(sound).max(axis=0) > 1e-7)
    return int(np.diff(loud).max()) - 1


def test_a_take_is_captured_sample_by_sample(server: jack.DummyServer, model: Model) -> None:
    """Whatever the machine's own stalls did, it says so: what nobody missed is the same to the last bit."""
    played, gesture = piece(model), take(model, SECONDS)
    engine = on_stage(played, model, ahead=1024)
    recorder = jack.Recorder(model.sample_rate, BLOCK)
    try:
        reference = render_piece(played, gesture, lambda _: model)
        engine.panic()
        time.sleep(0.2)
        start, calm = recorder.moment()[0], (server.xruns(), recorder.xruns)
        engine.play(gesture)
        assert until(lambda: engine.status.take is None, SECONDS + 10)
        time.sleep(0.2)
        stalled = (server.xruns(), recorder.xruns) != calm or engine.status.underruns > 0
    finally:
        engine.stop()
        recorder.close()
    heard = recorder.sound()[:, max(0, start - BLOCK) :]
    broken = jack.first_break(heard, reference)
    if broken is not None and (stalled or recorder.lost):
        pytest.skip(f"The machine stalled ({engine.status}), so the sound broke off after {broken} samples.")
    assert broken is None


@pytest.mark.usefixtures("server")
def test_workers_ended_and_hung_are_not_heard(model: Model) -> None:
    engine = on_stage(piece(model), model, ahead=512)
    recorder = jack.Recorder(model.sample_rate, BLOCK)
    silences: dict[signal.Signals, list[float]] = {signal.SIGKILL: [], signal.SIGSTOP: []}
    try:
        time.sleep(0.3)
        for sent in [signal.SIGKILL] * KILLS + [signal.SIGSTOP]:
            assert until(lambda: engine.status.spare, 20.0)
            time.sleep(0.1)
            active, before = engine.area.board.active, engine.status.takeovers
            missing = engine.status.missing_ms
            os.kill(engine.area.board.workers[active].pid, sent)
            assert until(lambda before=before: engine.status.takeovers > before, 2.0)
            time.sleep(0.1)
            silences[sent].append(engine.status.missing_ms - missing)
    finally:
        engine.stop()
        recorder.close()
    heard = recorder.sound()
    sounding = np.flatnonzero(np.abs(heard).max(axis=0) > 1e-4)
    heard = heard[:, sounding[0] : sounding[-1]]
    assert np.isfinite(heard).all()
    assert min(silences[signal.SIGKILL]) <= 5.0, silences  # the machine's own stalls may add to one of them
    assert max(silences[signal.SIGSTOP]) <= 150.0, silences


@pytest.mark.usefixtures("server")
def test_a_clock_beats_for_other_machines() -> None:
    """Through a real port: JACK hands MIDI on once a block, so moments are as coarse as that."""
    rtmidi = pytest.importorskip("rtmidi")
    if rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        pytest.skip("This python-rtmidi knows no JACK.")
    heard: list[tuple[int, float]] = []
    listener = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="follower")
    listener.ignore_types(timing=False)
    listener.set_callback(lambda event, _: heard.append((event[0][0], time.monotonic())))
    listener.open_virtual_port("clock here")
    clock = MidiClock("clock here", 150.0)
    try:
        clock.start()
        assert until(lambda: sum(status == TICK for status, _ in heard) >= 120)
        late = np.array(clock.late())
    finally:
        clock.close()
    assert until(lambda: heard[-1][0] == STOP)
    listener.close_port()
    listener.delete()
    began = next(i for i, (status, _) in enumerate(heard) if status == START)
    ticks = np.array([at for status, at in heard[began:] if status == TICK])
    lasting = (ticks[100] - ticks[0]) / 100
    assert lasting == pytest.approx(60 / 150 / 24, rel=0.05)
    assert float(np.median(late)) < 0.003, "as the process itself sends them"


def test_a_server_that_ends_is_told_and_its_return_is_heard(
    server: jack.DummyServer, model: Model, tmp_path: Path
) -> None:
    engine = on_stage(piece(model), model)
    try:
        server.kill()
        ended = time.monotonic()
        assert until(lambda: engine.status.state == "lost", 3.0)
        told = time.monotonic() - ended
        assert "gone" in engine.status.sentence
        time.sleep(0.5)
        server.start(tmp_path / "again.log")
        back, frames = time.monotonic(), engine.status.seconds
        assert until(lambda: engine.status.state == "playing" and engine.status.seconds > frames, 10.0)
        heard = time.monotonic() - back
    finally:
        engine.stop()
    assert told <= 1.5, told  # 1.0 s on a machine that is not busy with other tests
    assert heard <= 4.0, heard  # 3.0 s
