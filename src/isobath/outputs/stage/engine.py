"""The stage's engine: one audio host, a worker that sounds and one that is ready to, tended by two threads.

    engine = StageEngine(piece, rate, Settings())
    engine.start()
    engine.gesture([0.2, 0.8])
    engine.set_piece(changed)
    engine.status, engine.meters()
    engine.stop()

Nothing that sounds waits for this process: the callback and the workers agree among themselves
(kernel/stage.h). What is done here: processes that ended or hang are started again, a lost device is
opened again, a piece of another structure is got ready by the worker that rests and then gone over to.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Protocol, cast

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from isobath.engine.live import passed_over, same_structure
from isobath.engine.player import Player
from isobath.engine.scenes import morph_seconds
from isobath.engine.takes import finished
from isobath.errors import AudioError, IsobathError
from isobath.outputs.stage import wire
from isobath.outputs.stage.area import NOBODY, READY, WORKERS, Area, now
from isobath.outputs.stage.devices import FILE, Asked, Device, Opened
from isobath.outputs.stage.incoming import Incoming
from isobath.outputs.stage.processes import end_now, farewell, line_of, told_by
from isobath.outputs.stage.rows import Recording
from isobath.outputs.stage.showing import Shown
from isobath.protocol.piece import Id, Piece, SceneChange, Take
from isobath.types import Audio

State = Literal["starting", "playing", "lost", "stopped"]

HOST_COMMAND = (sys.executable, "-m", "isobath.outputs.stage.host")
WORKER_COMMAND = (sys.executable, "-m", "isobath.server.stage_worker")
"""By name: workers open the library, which lies above this floor."""

_LOOK_SECONDS = 0.1
_SILENT_SECONDS = 0.5
"""A device that has not asked for sound for so long is lost."""
_HUNG_SECONDS = 1.0
"""A worker that has not gone round its loop for so long is ended."""
_OPEN_SECONDS = 10.0
_AGAIN_SECONDS = 0.4
_STEADY_SECONDS = 30.0
_MOST_FALLS = 6
_PAUSE_SECONDS = 10.0


@dataclass(frozen=True)
class Settings:
    """How a stage runs."""

    device: str = ""
    """Its name, part of it, `null` or `file:PATH`; empty: the default one."""
    rate: int = 0
    """Of the device, Hz; 0: the piece's."""
    block: int = 256
    """Frames the device asks for at once; JACK decides itself."""
    ahead: int = 128
    """Frames that the workers are ahead of the next block, against what holds them up."""
    spare: bool = True
    """A second worker, ready to take over."""
    samples: int = 0
    """For a file: its length."""


@dataclass(frozen=True)
class Status:
    """The stage at one moment."""

    state: State
    sentence: str
    """What is the matter, for the musician; empty where nothing is."""
    device: str
    rate: int
    """Of the piece, Hz."""
    device_rate: int
    block: int
    latency_ms: float
    """From a gesture to the ear: the next frame, what lies ahead, the limiter, the device; without the
    wait for the frame."""
    load: float
    """Share of the time that making the sound takes, 0..1."""
    underruns: int
    takeovers: int
    xruns: int
    missing_ms: float
    """Silence because nobody had sound ready, in all."""
    spare: bool
    """The second worker is ready."""
    seconds: float
    """Played."""
    take: Id | None = None
    """The one that is played."""
    frozen: bool = False
    faded: bool = False
    """The master is out, or on its way."""


@dataclass(frozen=True, eq=False)
class StageMeters:
    """What is heard, newest first."""

    peak: tuple[float, float]
    """Of what went to the device since last read."""
    rms: tuple[float, float]
    limiter_db: float
    guard_db: float
    clamped: float
    scrubbed: int
    input_peak: tuple[float, float]
    latents: tuple[NDArray[np.float32], ...]
    """(128,) per voice, zeros beyond its model's dimensions."""
    position: int
    """Samples since the last beginning."""


@dataclass(eq=False)
class _Worker:
    """A worker's process, as seen from here."""

    number: int
    process: subprocess.Popen[bytes]
    loaded: int = -1
    """Revision it was asked for."""
    ready: int = -1
    beat: int = -1
    seen: float = field(default_factory=time.monotonic)
    news: threading.Condition = field(default_factory=threading.Condition)
    waiting: deque[wire.ToWorker | None] = field(default_factory=deque)

    def __post_init__(self) -> None:
        threading.Thread(target=self._write, name="isobath-stage-orders", daemon=True).start()

    def say(self, message: wire.ToWorker | None) -> None:
        """Tell it, or nobody where it has ended; None: nothing more. Never waits: a worker that is getting
        ready reads nothing meanwhile, and a piece may be larger than what a pipe holds."""
        with self.news:
            last = self.waiting[-1] if self.waiting else None
            if isinstance(message, wire.Change) and isinstance(last, wire.Change):
                self.waiting.pop()  # of values that follow each other the newest are enough
            self.waiting.append(message)
            self.news.notify()

    def _write(self) -> None:
        with suppress(OSError, ValueError):
            while True:
                with self.news:
                    self.news.wait_for(lambda: self.waiting)
                    message = self.waiting.popleft()
                if message is None:
                    return
                assert self.process.stdin is not None
                self.process.stdin.write(wire.packed(message))
                self.process.stdin.flush()


class Clock(Protocol):
    """What other machines follow (isobath.outputs.midi_clock)."""

    def tempo(self, bpm: float) -> None:
        """So many beats a minute."""
        ...

    def start(self) -> None:
        """From the beginning."""
        ...

    def stop(self) -> None:
        """Silence."""
        ...

    def go_on(self) -> None:
        """After a silence."""
        ...


class StageEngine:
    """A piece on a device. Methods may be called from any thread."""

    def __init__(
        self,
        piece: Piece,
        rate: int,
        settings: Settings = Settings(),
        *,
        told: Callable[[], None] = lambda: None,
        recorded: Callable[[Take], None] = lambda _: None,
        recorded_with: Callable[[Take, Audio], None] | None = None,
        clock: Clock | None = None,
        worker_command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        """rate: the piece's, Hz. told: is called, in another thread, when the state has changed.
        recorded: is given each take that has been recorded. recorded_with: is given those instead with which
        sound came in, and that sound, (2, samples) at the piece's rate. clock: what beats in the piece's
        tempo; it is the caller's to close.

        Raises UsageError where rate or settings are out of range.
        """
        self.settings, self._told, self._recorded = settings, told, recorded
        self._recorded_with = recorded_with
        self._command, self._clock = tuple(worker_command), clock
        self._piece, self._revision = _bare(piece), 1
        self._structure = 1
        """The revision whose structure the newest one shares."""
        self.area = Area.new(rate, settings.ahead, settings.block)
        self.dims = 0
        """Of the first voice's latent."""
        self._delay = Player(rate).delay
        self._lock, self._gestures = threading.RLock(), threading.Lock()
        self._workers: dict[int, _Worker] = {}
        self._falls: list[float] = []
        self._falls_until = 0.0
        self._host: subprocess.Popen[bytes] | None = None
        self._opened: Opened | None = None
        self._inputs = 0
        """That the device was asked for."""
        self._state: State = "starting"
        self._sentence = ""
        self._trouble = ""
        self._passed = ""
        """What was said of scenes that the take which plays cannot go through."""
        self._callbacks, self._heard_at, self._retry_at = 0, 0.0, 0.0
        self._stopping = threading.Event()
        self._written = threading.Event()
        self._tender = threading.Thread(target=self._tend, name="isobath-stage", daemon=True)
        self._under_way: wire.Play | wire.Record | None = None
        self._freeze = wire.Freeze(False)
        self._fade = wire.Fade(1.0, 1.0, 0.0, 0.0)
        self._directs: dict[Id, wire.Direct] = {}
        self._scenes: list[SceneChange] = []
        """That the take went over to that is recorded."""
        self._first_scene: Id | None = None
        """At which it began."""
        self._recalled: dict[int, tuple[Id, float]] = {}
        """Scenes that a recording went over to, by revision, until a worker says at which frame."""
        self._recording, self._incoming = Recording(), Incoming(rate)
        self._rows = threading.Lock()

    # ------------------------------------------------------------------------- start and stop

    def start(self, patience: float = 30.0) -> None:
        """Start the workers, then the device; returns when the first worker sounds or has failed.

        Raises AudioError or another IsobathError with what failed.
        """
        for number in range(WORKERS if self.settings.spare else 1):
            self._start_worker(number)
        end = time.monotonic() + patience
        while (first := self._first_ready()) is None:
            if self._trouble:
                sentence = self._trouble
                self.stop()
                raise AudioError(sentence)
            if all(each.process.poll() is not None for each in list(self._workers.values())):
                self.stop()
                raise AudioError("The sound's processes ended before they were ready. Try a smaller model.")
            if time.monotonic() > end:
                self.stop()
                raise AudioError(f"The piece was not ready after {patience:g} s. Try a smaller model.")
            time.sleep(0.01)
        self.area.board.wish = first
        self.area.wake()
        try:
            self._open_host()
        except IsobathError:
            self.stop()
            raise
        self._tender.start()
        if self._clock is not None:
            self._clock.tempo(self._piece.tempo.bpm)
            self._clock.start()

    def _first_ready(self) -> int | None:
        with self._lock:
            return next((each.number for each in self._workers.values() if each.ready >= 0), None)

    def stop(self) -> None:
        """Fade out and end all processes."""
        self._stopping.set()
        if self._clock is not None:
            self._clock.stop()
        if self._host is not None and self._host.poll() is None:
            self._broadcast(wire.Panic())
            time.sleep(0.05)
            farewell(self._host)
        with self._lock:
            for each in [self._host, *(worker.process for worker in self._workers.values())]:
                if each is not None:
                    end_now(each)
            self._workers.clear()
            self._host = None
            self._state = "stopped"
        self.area.end()
        if self._tender.is_alive() and threading.current_thread() is not self._tender:
            self._tender.join(_OPEN_SECONDS)  # it may be starting a process that inherits the memory
        self.area.close()
        self._told()

    def wait(self, seconds: float | None = None) -> bool:
        """For a file: until it is written; whether it is."""
        return self._written.wait(seconds)

    # -------------------------------------------------------------------------------- playing

    def gesture(self, values: ArrayLike, stamp: int | None = None, touched: ArrayLike | None = None) -> None:
        """Where the performer is: one value 0..1 per axis of the piece, in its order. touched: until when
        each counts as touched, by time.monotonic; a take that plays leaves those to the performer."""
        with self._gestures:  # never the other lock: it is held while pieces travel
            if touched is not None:
                until, hands = np.asarray(touched, dtype=np.float64), self.area.showing.hands
                hands[: len(until)] = until[: len(hands)]
            self.area.gesture(
                np.atleast_1d(np.asarray(values, dtype=np.float64)),
                self._revision,
                now() if stamp is None else stamp,
            )

    def set_piece(self, piece: Piece) -> None:
        """Play this from now on. Values change at once; another structure is got ready beside what sounds."""
        with self._lock:
            bare = _bare(piece)
            alike = same_structure(bare, self._piece)
            if self._clock is not None:
                self._clock.tempo(piece.tempo.bpm)
            seconds = morph_seconds(self._piece, bare)
            self._piece, self._revision = bare, self._revision + 1
            if isinstance(self._under_way, wire.Record) and seconds is not None and bare.scene is not None:
                self._recalled[self._revision] = (bare.scene, seconds)
            if alike:
                for worker in self._workers.values():
                    if worker.loaded >= self._structure:
                        worker.loaded = self._revision
                        worker.say(wire.Change(self._revision, bare))
            else:
                self._structure = self._revision
                resting = [each for each in self._workers.values() if each.number != self.area.board.active]
                for worker in resting or list(self._workers.values()):
                    self._load(worker)

    def command(self, message: wire.ToWorker) -> None:
        """Whatever happens to what plays: told to both workers, so that either can go on."""
        with self._lock:
            if isinstance(message, wire.Record):
                with self._rows:
                    message = msgspec.structs.replace(message, number=self._recording.begin())
                    self._incoming.begin(message.number)
            if isinstance(message, wire.Record):
                self._recalled, self._scenes, self._first_scene = {}, [], self._piece.scene
            if isinstance(message, wire.Play | wire.Record):
                self._under_way = message
                self._say_passed(message.take if isinstance(message, wire.Play) else message.over)
            elif isinstance(message, wire.Stop | wire.Finish):
                self._under_way = None
            elif isinstance(message, wire.Freeze):
                self._freeze = message
            elif isinstance(message, wire.Fade):
                self._fade = message
            elif isinstance(message, wire.Direct):
                self._directs.pop(message.voice, None)
                if message.latent is not None:
                    self._directs[message.voice] = message
            self._broadcast(message)
        if self._clock is not None:
            if isinstance(message, wire.Play | wire.Record):
                self._clock.start()
            elif isinstance(message, wire.Panic):
                self._clock.stop()
            elif isinstance(message, wire.Begin):
                self._clock.go_on()

    def play(self, take: Take, takes: Sequence[Take] = (), *, hands: bool = True, at: float = 0.0) -> None:
        """Play a take; `takes`: all those of the piece. hands: axes that are touched are the performer's
        meanwhile. at: seconds into it at which it begins."""
        self.command(wire.Play(take, tuple(takes), hands, at))

    def record(self, seed: int, over: Take | None = None, takes: Sequence[Take] = ()) -> None:
        """Record a take from a fresh past, over another one that plays meanwhile; `takes`: all those of the
        piece. It comes to `recorded` once it is finished."""
        self.command(wire.Record(seed, over=over, takes=tuple(takes) if over is not None else ()))

    def _say_passed(self, take: Take | None) -> None:
        """Which scenes a take is played without; it is said until another one is played."""
        before, gone = self._passed, () if take is None else passed_over(self._piece, take)
        self._passed = (
            ""
            if take is None or not gone
            else (
                f'The take "{take.name}" is played without its scene "{gone[0].name}", which brings voices '
                "or sources that do not play now. Recall the scene, then play the take again."
            )
        )
        if self._sentence in ("", before):
            self._sentence = self._passed

    def direct(self, voice: Id, latent: Sequence[float] | None) -> None:
        """Let a voice play a latent that is looked at, or its mapping again."""
        self.command(wire.Direct(voice, None if latent is None else tuple(latent)))

    def panic(self) -> None:
        """Silence within 64 samples, until something begins."""
        self.command(wire.Panic())

    def freeze(self, on: bool) -> None:
        """Hold the latents where they are, or glide on from there to what the gesture means."""
        self.command(wire.Freeze(on))

    def fade(self, to: float, seconds: float) -> None:
        """The master to 0 or 1 of its gain, from where it is."""
        moment = time.monotonic()
        with self._lock:
            self.command(wire.Fade(self._fade.at(moment), to, seconds, moment))

    def finish_recording(self, id: Id, name: str, seconds: float = 0.0) -> None:
        """What was recorded comes to `recorded`. seconds: how long a round of it lasts, as a loop; 0: as many
        frames as were recorded."""
        self.command(wire.Finish(id, name, seconds))

    def _broadcast(self, message: wire.ToWorker) -> None:
        with self._lock:
            for worker in self._workers.values():
                worker.say(message)

    # ------------------------------------------------------------------------------ telling

    @property
    def status(self) -> Status:
        """How it stands."""
        board, opened = self.area.board, self._opened
        active = board.active
        load = board.workers[active].load if active != NOBODY else 0.0
        ahead = self.area.fill(active) if active != NOBODY else 0
        delay = self._delay / board.rate + (opened.seconds if opened is not None else 0.0)
        spare = active != NOBODY and any(
            number != active and board.workers[number].state == READY and worker.process.poll() is None
            for number, worker in list(self._workers.items())
        )
        return Status(
            state=self._state,
            sentence=self._sentence,
            device=opened.name if opened is not None else self.settings.device,
            rate=board.rate,
            device_rate=board.device_rate,
            block=board.block,
            latency_ms=1e3 * (max(ahead, board.block) / board.rate + delay),
            load=load,
            underruns=board.underruns,
            takeovers=board.takeovers,
            xruns=board.xruns,
            missing_ms=1e3 * board.missing / board.rate,
            spare=spare,
            seconds=board.frames / max(1, board.device_rate),
            take=self._taken,
            frozen=self._freeze.on,
            faded=self._fade.to < 1.0,
        )

    @property
    def _taken(self) -> Id | None:
        under_way = self._under_way
        if isinstance(under_way, wire.Record):
            return None if under_way.over is None else under_way.over.id
        return None if under_way is None else under_way.take.id

    def shown(self) -> Shown:
        """Where its voices are, for drawing."""
        return self.area.showing.shown(max(0, int(self.area.board.active)))

    def meters(self) -> StageMeters:
        """What is heard; reading starts the peaks anew."""
        board = self.area.board
        worker = board.workers[max(0, board.active)]
        peak, came = (board.peak[0], board.peak[1]), (board.input_peak[0], board.input_peak[1])
        board.peak[:] = board.input_peak[:] = (0.0, 0.0)
        return StageMeters(
            peak,
            (worker.rms[0], worker.rms[1]),
            worker.limiter_db,
            worker.guard_db,
            worker.clamped,
            worker.scrubbed,
            came,
            tuple(self.latents()),
            worker.position,
        )

    def latents(self) -> list[NDArray[np.float32]]:
        """What each voice's decoder was last given, (128,) each, zeros beyond its dimensions."""
        board = self.area.board
        worker = board.workers[max(0, board.active)]
        for _ in range(4):
            sequence = worker.latent_sequence
            rows = np.ctypeslib.as_array(worker.latents).reshape(-1, 128)[: worker.voices].copy()
            if sequence % 2 == 0 and worker.latent_sequence == sequence:
                break
        return list(rows)

    def heard(self, start: int, frames: int) -> tuple[Audio, int]:
        """What went to the device, frames counted since the beginning: for recording and streaming."""
        return self.area.heard(start, frames)

    # ------------------------------------------------------------------------------- workers

    def _start_worker(self, number: int) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [*self._command, self.area.word, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=self.area.handles,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us to hear
        )
        worker = _Worker(number, process)
        with self._lock:
            self._workers[number] = worker
            self._load(worker)
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
        if self._stopping.is_set():  # just now: nobody would end it any more
            end_now(process)

    def _load(self, worker: _Worker) -> None:
        worker.loaded = self._revision
        worker.say(wire.Load(self._revision, self._piece, self._under_way))
        worker.say(self._fade)
        if self._freeze.on:
            worker.say(self._freeze)
        for direct in self._directs.values():
            worker.say(direct)

    def _listen(self, worker: _Worker) -> None:
        """A worker's answers, until it ends; then it is missed at once."""
        source = cast(BinaryIO, worker.process.stdout)
        with suppress(IsobathError, msgspec.MsgspecError, OSError, ValueError):
            while (answer := wire.read_answer(source)) is not None:
                self._hear(worker, answer)
        worker.process.wait()
        worker.say(None)
        if not self._stopping.is_set():
            self.area.board.workers[worker.number].state = 0
            self.area.alarm(worker.number)

    def _hear(self, worker: _Worker, answer: wire.FromWorker) -> None:
        if isinstance(answer, wire.Recorded):
            if answer.take is not None:
                take = finished(self._whole(answer.take), answer.over)
                came = self._came_in()
                if came is None or self._recorded_with is None:
                    self._recorded(take)
                else:
                    self._recorded_with(take, came)
        elif isinstance(answer, wire.Ended):
            with self._lock:
                playing = self._under_way
                if isinstance(playing, wire.Play) and playing.take.id == answer.take:
                    self.command(wire.Stop())
            self._told()
        elif isinstance(answer, wire.Failed):
            with self._lock:
                self._recalled.pop(answer.revision, None)
            self._trouble = self._sentence = answer.sentence
            self._told()
        else:
            with self._lock:
                self.dims = answer.dims
                self._keep_scene(answer)
                worker.ready = max(worker.ready, answer.revision)
                self._go_on(worker)

    def _keep_scene(self, answer: wire.Ready) -> None:
        """In the take that is recorded; changes that follow each other at once are answered together."""
        due = sorted(each for each in self._recalled if each <= answer.revision)
        for revision in due:
            scene, seconds = self._recalled.pop(revision)
            if revision == due[-1]:
                self._scenes.append(SceneChange(scene=scene, frame=answer.frame, seconds=seconds))

    def _whole(self, take: Take) -> Take:
        """A take with the rows of those who sounded before the one that ended its recording."""
        with self._rows:
            self._recording.take_in(self.area.rows.fetch())
            kept = self._recording
            if self._scenes:
                first = self._first_scene
                begins = () if first is None else (SceneChange(frame=0, scene=first),)
                take = msgspec.structs.replace(take, scenes=(*begins, *self._scenes))
            if not kept.frames or not take.points or len(kept.points[0]) != len(take.points[0]):
                return take
            return msgspec.structs.replace(take, frames=tuple(kept.frames), points=tuple(kept.points))

    def _came_in(self) -> Audio | None:
        """With the take that has just ended."""
        with self._rows:
            self._incoming.take_in(self.area.incoming.fetch())
            return self._incoming.whole()

    def _go_on(self, worker: _Worker) -> None:
        """A worker is ready: if it alone plays the newest structure it is heard next; the other follows."""
        board = self.area.board
        other = self._workers.get(1 - worker.number)
        if worker.ready < self._structure or self._state == "stopped":
            return
        behind = other is None or other.ready < self._structure
        if board.active not in (NOBODY, worker.number) and behind:
            board.wish = worker.number
            self.area.wake()
        if other is not None and other.loaded < self._structure:
            self._load(other)
        if self._sentence == self._trouble:
            self._sentence = ""
        self._trouble = ""

    def _tend_workers(self) -> None:
        board, moment = self.area.board, time.monotonic()
        for number, worker in list(self._workers.items()):
            seen = board.workers[number]
            if worker.process.poll() is not None:
                self._fell(number)
            elif worker.ready >= 0 and seen.beat == worker.beat:
                if moment - worker.seen > _HUNG_SECONDS:
                    worker.process.kill()
            else:
                worker.beat, worker.seen = seen.beat, moment

    def _fell(self, number: int) -> None:
        """Start a worker again; after a pause where it falls over and over."""
        moment = time.monotonic()
        if moment < self._falls_until:
            return
        self._falls = [each for each in self._falls if moment - each < _STEADY_SECONDS] + [moment]
        if len(self._falls) > _MOST_FALLS:
            told = "The sound's processes end again and again; the next try is in 10 s. Choose another model."
            self._falls, self._falls_until = [], moment + _PAUSE_SECONDS
            self._say(self._state, told)
            return
        self._start_worker(number)

    # ---------------------------------------------------------------------------------- host

    def _open_host(self) -> None:
        """Start the audio host and let it open the device. Raises AudioError."""
        asked = Asked(
            device=self.settings.device,
            rate=self.settings.rate,
            block=self.settings.block,
            inputs=self._listens_to,
            samples=self.settings.samples,
            skip=self._delay if self.settings.samples else 0,
        )
        self._inputs = asked.inputs
        command = [*HOST_COMMAND, self.area.word, msgspec.json.encode(asked).decode()]
        host = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # sound systems print what they tried
            pass_fds=self.area.handles,
            start_new_session=True,
        )
        self._host = host
        if self._stopping.is_set():  # just now: nobody would end it any more
            end_now(host)
            raise AudioError("The stage was stopped.")
        line = line_of(host, _OPEN_SECONDS)
        if line is None or b'"failed"' in line[:12]:
            end_now(host)
            raise AudioError(told_by(line))
        self._opened = msgspec.json.decode(line, type=Opened)
        self._callbacks, self._heard_at = self.area.board.callbacks, time.monotonic()
        if self.settings.device.startswith(FILE):
            threading.Thread(target=self._await_file, args=(host,), daemon=True).start()
        self._say("playing", "")

    def _await_file(self, host: subprocess.Popen[bytes]) -> None:
        line = cast(BinaryIO, host.stdout).readline()
        if b'"failed"' in line[:12]:
            self._sentence = told_by(line)
        self._written.set()

    def _tend(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            with suppress(OSError):  # the system has no process for us just now: it is asked again
                self._tend_workers()
            with self._rows:
                self._recording.take_in(self.area.rows.fetch())
                self._incoming.take_in(self.area.incoming.fetch())
            if not self.settings.device.startswith(FILE):
                self._tend_host()

    def _tend_host(self) -> None:
        moment, callbacks = time.monotonic(), self.area.board.callbacks
        if self._listens_to > self._inputs and self._host is not None:
            farewell(self._host)  # a voice listens to the line since: the device is opened with it
            end_now(self._host)
            self._host = None
        elif callbacks != self._callbacks:
            self._callbacks, self._heard_at = callbacks, moment
            return
        host = self._host
        if host is not None and host.poll() is None and moment - self._heard_at < _SILENT_SECONDS:
            return
        if host is not None:
            end_now(host)
            self._host = None
            self._say("lost", f"The sound device {self._named()} is gone. It is opened once it is back.")
        if moment < self._retry_at:
            return
        try:
            self._open_host()
        except (AudioError, OSError, ValueError, msgspec.MsgspecError):  # whatever it is: tried again
            self._host = None
            self._retry_at = time.monotonic() + _AGAIN_SECONDS

    @property
    def _listens_to(self) -> int:
        """Inputs of the device that the piece needs."""
        return 2 if any(voice.source.kind == "input" for voice in self._piece.voices) else 0

    def _named(self) -> str:
        return self._opened.name if self._opened is not None else "that was playing"

    def _say(self, state: State, sentence: str) -> None:
        if self._stopping.is_set():
            return
        self._state, self._sentence = state, sentence
        self._told()


def devices() -> list[Device]:
    """Every sound device of this machine that can play, asked for in a process of its own."""
    asked = subprocess.run(
        [*HOST_COMMAND, "--list"], capture_output=True, timeout=_OPEN_SECONDS * 2, check=False
    )
    try:
        return msgspec.json.decode(asked.stdout.strip() or b"[]", type=list[Device])
    except msgspec.DecodeError as error:
        raise AudioError("The sound system gives no answer. Unplug what may be stuck.") from error


def _bare(piece: Piece) -> Piece:
    """Takes are sent when they are played."""
    return msgspec.structs.replace(piece, takes=(), shelf=())
