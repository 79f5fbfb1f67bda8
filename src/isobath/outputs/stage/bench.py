"""The stage measured on a real JACK server: from gesture to captured sample, and a soak.

A machine that is not ours alone stands still now and then, and nothing that runs on it can sound
meanwhile. So a canary on each processor, first in line before everything, writes down when that was; what
went wrong without it, from three periods and 2 ms and what lies in the rings before, is our *own* doing.
"""

from __future__ import annotations

import ctypes
import gc
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isobath.engine.voices import settings_of
from isobath.errors import AudioError
from isobath.mapping import fit
from isobath.models.description import Description, LatentStatistics, Operation, Percentiles, write
from isobath.outputs.stage import jack
from isobath.outputs.stage.area import library, now
from isobath.outputs.stage.engine import StageEngine
from isobath.outputs.stage.priority import hurry
from isobath.outputs.stage.status import Settings
from isobath.protocol.piece import Axis, MappingSettings, Master, Piece, Shaping, Voice
from isobath.types import Audio

RATE = 48000
_CANARY_PRIORITY = 88
_CANARY_PERIOD = 500
_CANARY_LATE = 1000
"""Microseconds; less is the ordinary dispatch of a processor that sleeps."""


@dataclass(frozen=True)
class Latency:
    """From the moment a gesture is written to the moment its sound is captured by another client."""

    hop: int
    block: int
    ahead: int
    gestures: int
    p50_ms: float
    p95_ms: float
    most_ms: float
    underruns: int


@dataclass(frozen=True)
class Soak:
    """What went wrong in so many minutes."""

    minutes: float
    block: int
    ahead: int
    underruns: int
    own_underruns: int
    xruns: int
    own_xruns: int
    takeovers: int
    missing_ms: float
    stalls: int
    """Of the machine, beyond a fifth of a period."""
    longest_stall_ms: float
    stalled: float
    """Share of the time that an event counts as the machine's."""
    load: float


@dataclass(frozen=True)
class Fault:
    """What was heard of something that was made to go wrong, so many times."""

    fault: str
    times: int
    silence_ms: float
    """The most that went missing at one."""
    own_silence_ms: float
    """The same without those at which the machine had stood still before, as a soak counts."""
    told_ms: float
    """The longest until the stage was with somebody else, or said that the device is gone."""
    back_ms: float
    """The longest from the device's return to sound."""
    step: float
    """The largest step from sample to sample while it happened, beside the sound's own."""


# ----------------------------------------------------------------------------- what is played


def probe_model(path: Path, hop: int, rate: int = RATE) -> None:
    """A model that is silent at latent 0 and sounds at once at any other: what a gesture does can be seen in
    the first sample it reaches."""
    weight = np.zeros((1, 1, 2 * hop), np.float32)
    weight[0, 0, :hop] = 0.1 * np.sign(np.sin(2 * np.pi * (np.arange(hop) + 0.5) / 32))
    statistics = LatentStatistics(
        mean=[0.0],
        std=[1.0],
        covariance=[[1.0]],
        percentiles=Percentiles([50], [[0.0]]),
        explained=[1.0],
        labels=[""],
        known_radius=1e3,
    )
    description = Description(
        format=1,
        name=path.stem,
        sample_rate=rate,
        channels=1,
        hop=hop,
        dims=1,
        delay=0,
        decoder=[Operation("conv_transpose", "latent", "audio", weight="w", stride=hop)],
        latent=statistics,
    )
    write(path, description, {"w": weight})


def probe_piece(path: Path, axes: int = 1) -> Piece:
    """The first axis: 0 is silence, 1 is sound. What others do is not heard."""
    settings = settings_of(MappingSettings(algorithm="linear"))
    points = [[x, *([y] * (axes - 1))] for x in (0.0, 1.0) for y in ((0.0, 1.0) if axes > 1 else (0.0,))]
    mapping = fit(points, [point[:1] for point in points], settings=settings).to_plain()
    voice = Voice(id="v", model=str(path), fitted=mapping, shaping=Shaping(smoothing_seconds=0.0, clamp=0.0))
    return Piece(
        id="probe",
        name="probe",
        axes=tuple(Axis(id=name, name=name, rest=0.0) for name in "xyzuvw"[:axes]),
        voices=(voice,),
        master=Master(guard_db=0.0),
    )


# ------------------------------------------------------------------------------ the machine


class Canaries:
    """One on each processor."""

    def __init__(self) -> None:
        self._stop = ctypes.c_int32(0)
        self._logs: list[NDArray[np.uint64]] = []
        self._counts: list[int] = []
        self._threads: list[threading.Thread] = []
        self.allowed = True

    def __enter__(self) -> Canaries:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        for core in cores:
            log = np.zeros(2 * 200_000, np.uint64)
            self._logs.append(log)
            thread = threading.Thread(target=self._watch, args=(core, log), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def _watch(self, core: int, log: NDArray[np.uint64]) -> None:
        with suppress(AttributeError, OSError):
            os.sched_setaffinity(0, {core})
        self.allowed = hurry(_CANARY_PRIORITY) and self.allowed
        library().ib_stage_canary(
            log.ctypes.data, len(log) // 2, ctypes.addressof(self._stop), _CANARY_PERIOD, _CANARY_LATE
        )

    def __exit__(self, *_: object) -> None:
        self._stop.value = 1
        for thread in self._threads:
            thread.join()

    def stalls(self, over_ns: float) -> list[tuple[int, int]]:
        """From when to when some processor stood still for longer, in order."""
        found = []
        for log in self._logs:
            ends, late = log[0::2], log[1::2]
            there = (ends > 0) & (late > over_ns)
            found += [
                (int(end - lateness), int(end))
                for end, lateness in zip(ends[there], late[there], strict=True)
            ]
        return sorted(found)


def own(
    noted: list[tuple[str, int]], kind: str, stalls: list[tuple[int, int]], window_ns: float
) -> list[int]:
    """When something of a kind went wrong (`Area.events`) without the machine having stood still before."""
    return [moment for what, moment in noted if what == kind and _is_own(moment, stalls, window_ns)]


def windows(block: int, ahead: int, rate: int) -> tuple[float, float, float]:
    """Nanoseconds: a stall that counts, how long one excuses an xrun, and how long an underrun."""
    period = block / rate
    window = (3 * period + 0.002) * 1e9
    return 0.2 * period * 1e9, window, window + (ahead + block) / rate * 1e9


def _is_own(moment: int, stalls: list[tuple[int, int]], window_ns: float) -> bool:
    return not any(begin <= moment and end >= moment - window_ns for begin, end in stalls)


def _share(stalls: list[tuple[int, int]], window_ns: float, whole_ns: float) -> float:
    """How much of the time an event would be the machine's: each stall and the window after it."""
    covered, until = 0.0, 0.0
    for begin, end in stalls:
        last = end + window_ns
        covered += max(0.0, last - max(begin, until))
        until = max(until, last)
    return min(1.0, covered / whole_ns)


@contextmanager
def pressure() -> Iterator[None]:
    """In this process, which tends the stage: two threads that never let go of the interpreter, a million
    objects, and a garbage collector that walks through them."""
    stop = threading.Event()
    held = [[i] for i in range(1_000_000)]

    def spin() -> None:
        x = 0
        while not stop.is_set():
            x = (x * 31 + 7) % 1000003

    def collect() -> None:
        while not stop.is_set():
            ring: list[object] = [[] for _ in range(1000)]
            ring.append(ring)
            gc.collect()
            time.sleep(0.2)

    threads = [threading.Thread(target=each, daemon=True) for each in (spin, spin, collect)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        held.clear()


@contextmanager
def busy(cores: int) -> Iterator[None]:
    """Other programs that leave no processor idle."""
    code = "while True: pass"
    others = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(cores)]
    try:
        yield
    finally:
        for each in others:
            each.kill()
            each.wait()


# ------------------------------------------------------------------------------ measurements


@contextmanager
def _server(rate: int, block: int) -> Iterator[jack.DummyServer]:
    if not jack.is_there():
        raise AudioError(jack.MISSING)
    before = {name: os.environ.get(name) for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")}
    with tempfile.TemporaryDirectory() as folder:
        server = jack.DummyServer(f"isobath-bench-{os.getpid()}", rate, block)
        try:
            server.start(Path(folder) / "jackd.log")
            yield server
        finally:
            server.stop()
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


Say = Callable[[float], int]
"""Puts the first axis somewhere; says when it was told to, in monotonic nanoseconds."""


@contextmanager
def by_hand(engine: StageEngine, _: Piece) -> Iterator[Say]:
    """Gestures as the server writes them."""

    def say(value: float) -> int:
        stamp = now()
        engine.gesture([value], stamp)
        return stamp

    yield say


def latency(
    hop: int,
    block: int,
    ahead: int,
    gestures: int = 60,
    *,
    axes: int = 1,
    by: Callable[[StageEngine, Piece], AbstractContextManager[Say]] = by_hand,
) -> Latency:
    """Gestures at moments that have nothing to do with the device's, each seen in the capture. by: the way
    they come.

    Raises AudioError where JACK is missing.
    """
    random = np.random.default_rng(hop)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = folder / f"probe-{hop}.safetensors"
        probe_model(path, hop)
        stack.enter_context(_server(RATE, block))
        piece = probe_piece(path, axes)
        engine = StageEngine(piece, RATE, Settings("JACK", block=block, ahead=ahead, spare=False))
        engine.start()
        stack.callback(engine.stop)
        say = stack.enter_context(by(engine, piece))
        recorder = jack.Recorder(RATE, block)
        stack.callback(recorder.close)
        say(0.0)
        time.sleep(0.5)
        underruns = engine.status.underruns
        told, moments = [], []
        for _ in range(gestures):
            told.append(say(1.0))
            time.sleep(0.06)
            moments.append(recorder.moment())
            say(0.0)
            time.sleep(0.14 + 0.02 * float(random.random()))
        time.sleep(0.2)
        underruns = engine.status.underruns - underruns
        recorder.close()
        found = _seen(recorder.sound()[0], told, moments, block)
    ms = np.sort(np.array(found) * 1e3)
    return Latency(
        hop,
        block,
        ahead,
        len(ms),
        float(np.percentile(ms, 50)),
        float(np.percentile(ms, 95)),
        float(ms[-1]),
        underruns,
    )


def _seen(
    sound: NDArray[np.float32], told: list[int], moments: list[tuple[int, int]], block: int
) -> list[float]:
    """Seconds from each gesture to the callback in which the recorder was handed its first sample."""
    loud = np.abs(sound) > 1e-4
    found = []
    for stamp, (frames, clock) in zip(told, moments, strict=True):
        start = max(0, frames - int((clock - stamp) * 1e-9 * RATE) - RATE // 100)
        after = np.flatnonzero(loud[start : frames + RATE // 5])
        if len(after):
            blocks = math.ceil((start + int(after[0]) + 1 - frames) / block)
            found.append((clock - stamp) * 1e-9 + blocks * block / RATE)
    return found


def soak(
    model: str = "guitar",
    minutes: float = 1.0,
    block: int = 256,
    ahead: int = 512,
    *,
    stressed: bool = True,
    busy_cores: int = 1,
    beside: Callable[[StageEngine, Piece], AbstractContextManager[object]] = lambda *_: nullcontext(),
    progress: Callable[[float], None] = lambda _: None,
) -> Soak:
    """A bundled model for so many minutes, beside programs that leave no processor idle, tended by a process
    whose interpreter is never free. beside: what else happens. Raises AudioError where JACK is missing."""
    from isobath.models.coder import bundled, load

    played = load(bundled()[model])
    piece = Piece(
        id="soak",
        name="soak",
        axes=(Axis(id="x", name="x"), Axis(id="y", name="y")),
        voices=(Voice(id="v", model=model, shaping=Shaping(drift=1.0, drift_seconds=1.0)),),
    )
    rate = played.sample_rate
    with ExitStack() as stack:
        server = stack.enter_context(_server(rate, block))
        engine = StageEngine(piece, rate, Settings("JACK", block=block, ahead=ahead))
        engine.start()
        stack.callback(engine.stop)
        recorder = jack.Recorder(rate, block)
        stack.callback(recorder.close)
        end = time.monotonic() + 20.0
        while not engine.status.spare and time.monotonic() < end:
            time.sleep(0.05)
        canaries = Canaries()
        with ExitStack() as loads:
            loads.enter_context(canaries)
            if stressed:
                loads.enter_context(pressure())
            loads.enter_context(busy(busy_cores))
            loads.enter_context(beside(engine, piece))
            time.sleep(1.0)
            began, before, told = now(), engine.status, server.xruns()
            while (past := (now() - began) * 1e-9) < minutes * 60.0:
                progress(past / (minutes * 60.0))
                time.sleep(0.5)
            ended, after, late = now(), engine.status, server.xruns()
            noted = [each for each in engine.area.events() if began <= each[1] <= ended]
    counts, window, deep = windows(block, ahead, rate)
    stalls = [each for each in canaries.stalls(counts) if began <= each[1] <= ended]
    return Soak(
        minutes=(ended - began) / 60e9,
        block=block,
        ahead=ahead,
        underruns=after.underruns - before.underruns,
        own_underruns=len(own(noted, "underrun", stalls, deep)),
        xruns=max(after.xruns - before.xruns, late[0] - told[0] + late[1] - told[1]),
        own_xruns=len(own(noted, "xrun", stalls, window)),
        takeovers=after.takeovers - before.takeovers,
        missing_ms=after.missing_ms - before.missing_ms,
        stalls=len(stalls),
        longest_stall_ms=max([(end - begin) * 1e-6 for begin, end in stalls], default=0.0),
        stalled=_share(stalls, deep, ended - began),
        load=after.load if math.isfinite(after.load) else 0.0,
    )


def faults(
    model: str = "guitar",
    kills: int = 15,
    hangs: int = 3,
    losses: int = 5,
    block: int = 256,
    ahead: int = 128,
) -> list[Fault]:
    """Workers that are ended and stopped, and a sound server that is ended and comes back, while a bundled
    model plays. Raises AudioError where JACK is missing."""
    from isobath.models.coder import bundled, load

    rate = load(bundled()[model]).sample_rate
    voice = Voice(id="v", model=model, shaping=Shaping(drift=1.0, drift_seconds=1.0))
    piece = Piece(id="faults", name="faults", axes=(Axis(id="x", name="x"),), voices=(voice,))
    found = []
    counts, _, deep = windows(block, ahead, rate)
    with ExitStack() as stack:
        server = stack.enter_context(_server(rate, block))
        engine = StageEngine(piece, rate, Settings("JACK", block=block, ahead=ahead))
        engine.start()
        stack.callback(engine.stop)
        _until(lambda: engine.status.spare, 30.0)
        recorder = jack.Recorder(rate, block)
        stack.callback(recorder.close)
        time.sleep(2.0)
        for name, sent, times in (("worker killed", "SIGKILL", kills), ("worker stopped", "SIGSTOP", hangs)):
            begin = recorder.moment()[0]
            with Canaries() as canaries:
                gone = [_without_worker(engine, getattr(signal, sent), recorder) for _ in range(times)]
            time.sleep(0.2)
            step = _step(recorder.sound(), begin, [frames for *_, frames in gone])
            stalls, noted = canaries.stalls(counts), engine.area.events()
            ours = [
                silence
                for silence, _, (first, last), _ in gone
                if own([each for each in noted if first <= each[1] <= last], "underrun", stalls, deep)
            ]
            most, told = max(silence for silence, *_ in gone), max(told for _, told, *_ in gone)
            found.append(Fault(name, times, most, max(ours, default=0.0), told, 0.0, step))
        recorder.close()
        lost = [_without_device(engine, server) for _ in range(losses)]
        found.append(
            Fault("jackd killed", losses, 0.0, 0.0, max(a for a, _ in lost), max(b for _, b in lost), 0.0)
        )
    return found


def _without_worker(
    engine: StageEngine, sent: signal.Signals, recorder: jack.Recorder
) -> tuple[float, float, tuple[int, int], tuple[int, int]]:
    """Milliseconds of silence when the one who sounded is gone, and until another one sounds; from when to
    when this was watched, and in which frames of the recording it is heard."""
    _until(lambda: engine.status.spare, 30.0)
    time.sleep(0.3)
    before, missing = engine.status.takeovers, engine.status.missing_ms
    began, frame = now(), recorder.moment()[0]
    os.kill(engine.area.board.workers[engine.area.board.active].pid, sent)
    _until(lambda: engine.status.takeovers > before, 5.0)
    told = 1e-6 * (now() - began)
    time.sleep(0.2)
    return engine.status.missing_ms - missing, told, (began, now()), (frame, recorder.moment()[0])


def _without_device(engine: StageEngine, server: jack.DummyServer) -> tuple[float, float]:
    """Milliseconds until the stage says that the device is gone, and from its return to sound."""
    began = time.monotonic()
    server.kill()
    _until(lambda: engine.status.state == "lost", 10.0)
    told = time.monotonic() - began
    time.sleep(0.5)
    server.restart()
    back, frames = time.monotonic(), engine.status.seconds
    _until(lambda: engine.status.state == "playing" and engine.status.seconds > frames, 20.0)
    heard = time.monotonic() - back
    time.sleep(1.0)
    return 1e3 * told, 1e3 * heard


def _until(true: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AudioError(
                f"The stage did not do in {seconds:g} s what is to be measured. Is the machine busy?"
            )
        time.sleep(0.001)


def _step(sound: Audio, start: int, meanwhile: list[tuple[int, int]]) -> float:
    """The largest step from sample to sample in these frames, beside that in all others from `start` on."""
    steps = np.abs(np.diff(sound, axis=1)).max(axis=0)
    inside = np.zeros(len(steps), bool)
    for first, last in meanwhile:
        inside[first:last] = True
    others = steps[start:][~inside[start:]]
    return float(steps[inside].max() / others.max())
