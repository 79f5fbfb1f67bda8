"""The stage on a real JACK server, with a client that records what it plays, while things go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from isobath.engine import render_piece
from isobath.models.coder import Model, bundled, load
from isobath.outputs.midi_clock import START, STOP, TICK, MidiClock
from isobath.outputs.stage import bench, jack
from isobath.outputs.stage.engine import StageEngine
from isobath.outputs.stage.status import Settings
from isobath.protocol.piece import Axis, Demonstration, Master, Piece, Shaping, Source, Take, Voice
from tests.outputs.stage_pair import six_places, until

pytestmark = [
    pytest.mark.stage,
    pytest.mark.skipif(not jack.is_there(), reason=jack.MISSING),
]
MODEL = "guitar"
SECONDS = float(os.environ.get("ISOBATH_STAGE_SECONDS", "3"))
"""Of the take that is compared sample by sample."""
MOST_XRUNS_A_MINUTE = 6
"""Of our own, told by JACK beside everything else that a test run does."""
KILLS = int(os.environ.get("ISOBATH_STAGE_KILLS", "2"))
BLOCK, AHEAD = 256, 1024
FOLLOWER = """
import os, sys, time, rtmidi
port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="follower")
port.ignore_types(timing=False)
port.set_callback(lambda event, _: print(event[0][0], time.monotonic(), flush=True))
port.open_virtual_port("clock here")
print("ready", flush=True)
sys.stdin.read()
os._exit(0)
"""
"""In a process of its own, which JACK's threads may outlive."""
LEAST_SAME = 0.9
"""Of the samples of a take, whatever the machine does."""


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
    axes = (Axis(id="x", name="x"), Axis(id="y", name="y"))
    voice = Voice(id="v", model=MODEL, demonstrations=six_places(model, 2))
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


@pytest.mark.timeout(300)
def test_a_take_is_captured_sample_by_sample(server: jack.DummyServer, model: Model) -> None:
    """What breaks off does so because the machine stood still, as a canary on each processor saw; all else is
    the file of `isobath render` to the last bit."""
    played, gesture = piece(model), take(model, SECONDS)
    reference = render_piece(played, gesture, lambda _: model)
    counts, window, deep = bench.windows(BLOCK, AHEAD, model.sample_rate)
    for _ in range(3):
        with bench.Canaries() as canaries:
            heard, engine, told = captured(played, gesture, model.sample_rate, BLOCK, server)
        stalls, noted = canaries.stalls(counts), engine.area.events()
        # A worker that the machine held up too long is left for the spare, whose past is another one.
        if not any(kind == "takeover" for kind, _ in noted):
            break
        longest = max([end - begin for begin, end in stalls], default=0) * 1e-6
        print(f"the spare took over; the machine stood still for up to {longest:.0f} ms")
    found = jack.compared(heard, reference)
    ours = bench.own(noted, "underrun", stalls, deep), bench.own(noted, "xrun", stalls, window)
    print(f"{found}, own underruns and xruns {[len(each) for each in ours]}, stalls {len(stalls)}, {told}")
    assert ours[0] == [], f"{found}, {told}"
    assert len(ours[1]) <= MOST_XRUNS_A_MINUTE * max(1.0, SECONDS / 60), f"{found}, {told}"
    assert found.breaks == 0 or told, f"{found}: the sound is not that of render"
    assert found.same >= LEAST_SAME * found.whole, f"{found}, {told}"


def captured(
    played: Piece, gesture: Take, rate: int, block: int, server: jack.DummyServer, *, spare: bool = True
) -> tuple[np.ndarray, StageEngine, str]:
    """What another client is handed of a take; and what went wrong meanwhile, if something did."""
    engine = StageEngine(played, rate, Settings("JACK", block=block, ahead=AHEAD, spare=spare))
    engine.start()
    assert until(lambda: engine.status.spare or not spare, 30.0)
    recorder = jack.Recorder(rate, block)
    try:
        engine.panic()
        time.sleep(0.2)
        start, calm = recorder.moment()[0], (server.xruns(), recorder.xruns)
        engine.play(gesture)
        seconds = gesture.length * gesture.hop / gesture.sample_rate
        assert until(lambda: engine.status.take is None, seconds + 10)
        time.sleep(0.2)
        status = engine.status
        stalled = (server.xruns(), recorder.xruns) != calm or status.underruns > 0
    finally:
        engine.stop()
        recorder.close()
    told = f"{status}, {server.xruns()}" if stalled or recorder.lost else ""
    return recorder.sound()[:, max(0, start - block) :], engine, told


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
    listener = subprocess.Popen(
        [sys.executable, "-c", FOLLOWER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert listener.stdout is not None
    assert listener.stdout.readline() == "ready\n"

    def follow(lines: Iterable[str]) -> None:
        for line in lines:
            status, at = line.split()
            heard.append((int(status), float(at)))

    following = threading.Thread(target=follow, args=(listener.stdout,), daemon=True)
    following.start()
    clock = MidiClock("clock here", 150.0)
    try:
        clock.start()
        assert until(lambda: sum(status == TICK for status, _ in heard) >= 120)
        late = np.array(clock.late())
    finally:
        clock.close()
    stopped = until(lambda: heard[-1][0] == STOP)
    assert listener.stdin is not None
    listener.stdin.close()
    listener.wait(5.0)
    assert stopped
    began = next(i for i, (status, _) in enumerate(heard) if status == START)
    ticks = np.array([at for status, at in heard[began:] if status == TICK])
    lasting = (ticks[100] - ticks[0]) / 100
    assert lasting == pytest.approx(60 / 150 / 24, rel=0.05)
    assert float(np.median(late)) < 0.003, "as the process itself sends them"


def envelope(sound: np.ndarray, rate: int) -> np.ndarray:
    """Level every 10 ms."""
    step = rate // 100
    whole = sound[: len(sound) // step * step].reshape(-1, step)
    return np.asarray(np.sqrt((whole**2).mean(axis=1)))


@pytest.mark.usefixtures("server")
def test_voices_hear_the_line_and_each_other(model: Model) -> None:
    """What comes in goes through an encoder and a decoder; another voice listens to that one."""
    heard = Voice(id="v", model=MODEL, source=Source(kind="input", match=False), pan=-1.0)
    listens = Voice(id="w", model=MODEL, source=Source(kind="voice", voice="v", match=False), pan=1.0)
    played = Piece(
        id="p",
        name="transfer",
        axes=(Axis(id="x", name="x"),),
        voices=(heard, listens),
        master=Master(gain_db=-6.0, guard_db=0.0),
    )
    rate = model.sample_rate
    engine = StageEngine(played, rate, Settings("JACK", block=BLOCK, ahead=1024, spare=False))
    engine.start()
    line = jack.Source(rate, BLOCK)
    recorder = jack.Recorder(rate, BLOCK)
    bursts = np.repeat([0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0], rate // 4)
    tone = 0.3 * np.sign(np.sin(2 * np.pi * 196.0 * np.arange(len(bursts)) / rate)) * bursts
    try:
        first = recorder.moment()[0]
        line.play(np.stack([tone, tone]).astype(np.float32))
        time.sleep(0.6)
        came = engine.meters().input_peak[0]
    finally:
        engine.stop()
        line.close()
        recorder.close()
    assert came > 0.2, "the line reached the stage"
    wanted = envelope(bursts, rate)
    sound = recorder.sound()[:, first:]
    for side in sound:
        level = envelope(side, rate)
        match = np.correlate(level - level.mean(), wanted - wanted.mean(), "full")
        lag = int(np.argmax(match)) - len(wanted) + 1
        again = np.corrcoef(level[lag : lag + len(wanted)], wanted[: len(level) - lag])[0, 1]
        assert lag >= 0
        assert again > 0.6, f"{again:.2f} at {10 * lag} ms"


def test_a_model_of_another_program_plays_on_the_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its confined process, behind the stage's worker: JACK is given what `isobath render` makes."""
    torch = pytest.importorskip("torch")
    from isobath.library.foreign import ForeignModels
    from isobath.library.home import Home
    from tests.foreign import fixtures

    home = Home(tmp_path / "home")
    home.make()
    monkeypatch.setenv("ISOBATH_HOME", str(home.root))
    path = tmp_path / "apart.ts"
    torch.jit.script(fixtures.RaveTwo(hop=1024).eval()).save(str(path))
    ForeignModels(home).take_in(path)
    made = jack.DummyServer(f"isobath-apart-{os.getpid()}", fixtures.RATE, 512)
    made.start(tmp_path / "jackd.log")
    try:
        with ForeignModels(home).open("apart") as foreign:
            voice = Voice(id="v", model="apart", shaping=Shaping(clamp=0.0))
            axes = (Axis(id="x", name="x"), Axis(id="y", name="y"))
            shown = tuple(
                Demonstration(id=str(i), point=(i / 3, 1 - i / 3), latent=(i - 1.0, 1.5 - i, 0.5, -i))
                for i in range(4)
            )
            played = Piece(
                id="p", name="p", axes=axes, voices=(msgspec.structs.replace(voice, demonstrations=shown),)
            )
            gesture = take(foreign, 2.0)
            reference = render_piece(played, gesture, lambda _: foreign)
        heard, _, stalled = captured(played, gesture, fixtures.RATE, 512, made, spare=False)
    finally:
        made.stop()
    broken = jack.first_break(heard, reference)
    if broken is not None and stalled:
        pytest.skip(f"The machine stalled, so the sound broke off after {broken} samples.")
    assert np.abs(heard).max() > 1e-3
    assert broken is None


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
