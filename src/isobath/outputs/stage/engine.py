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
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO, Protocol, cast

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from isobath.engine.live import passed_over, same_structure
from isobath.engine.player import VOICES, Player
from isobath.engine.scenes import morph_seconds, widened
from isobath.errors import AudioError, IsobathError
from isobath.outputs.stage import wire
from isobath.outputs.stage.area import NOBODY, READY, WORKERS, Area, now
from isobath.outputs.stage.beat import Beat
from isobath.outputs.stage.course import Asked as AskedFor
from isobath.outputs.stage.course import Course, take_of
from isobath.outputs.stage.devices import FILE
from isobath.outputs.stage.hosting import Hosting
from isobath.outputs.stage.keeping import Keeping
from isobath.outputs.stage.processes import WorkerProcess, end_now
from isobath.outputs.stage.showing import Shown
from isobath.outputs.stage.status import Settings, StageMeters, State, Status
from isobath.protocol.piece import Id, Piece, Take, Tempo, Voice
from isobath.types import Audio

WORKER_COMMAND = (sys.executable, "-m", "isobath.server.stage_worker")
"""By name: workers open the library, which lies above this floor."""

_LOOK_SECONDS = 0.1
_HUNG_SECONDS = 1.0
"""A worker that has not gone round its loop for so long is ended."""
_OPEN_SECONDS = 10.0
_STEADY_SECONDS = 30.0
_MOST_FALLS = 6
_PAUSE_SECONDS = 10.0


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
        self._played = self._piece
        """The piece with the voices that takes go to, silent."""
        self._extras: tuple[Voice, ...] = ()
        """These."""
        self._structure = 1
        """The revision whose structure the newest one shares."""
        self.area = Area.new(rate, settings.ahead, settings.block)
        self.dims = 0
        """Of the first voice's latent."""
        self._delay = Player(rate).delay
        self._lock, self._gestures = threading.RLock(), threading.Lock()
        self._workers: dict[int, WorkerProcess] = {}
        self._falls: list[float] = []
        self._falls_until = 0.0
        self._state: State = "starting"
        self._sentence = ""
        self._trouble = ""
        self._noted = ""
        """What was said of scenes of the take that plays: that they are loaded, or cannot be gone through."""
        self._stopping = threading.Event()
        self._hosting = Hosting(self.area, settings, self._delay, self._stopping, self._say)
        self._tender = threading.Thread(target=self._tend, name="isobath-stage", daemon=True)
        self._tempo = piece.tempo
        self._course = Course(Beat(rate, piece.tempo), rate)
        self._silent = False
        self._freeze = wire.Freeze(False)
        self._fade = wire.Fade(1.0, 1.0, 0.0, 0.0)
        self._directs: dict[Id, wire.Direct] = {}
        self._keeping = Keeping(self.area)

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
            self._hosting.open(self._listens_to)
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
        if self._hosting.plays:
            self._broadcast(wire.Panic())
            time.sleep(0.05)
            self._hosting.farewell()
        with self._lock:
            self._hosting.end()
            for worker in self._workers.values():
                end_now(worker.process)
            self._workers.clear()
            self._state = "stopped"
        self.area.end()
        if self._tender.is_alive() and threading.current_thread() is not self._tender:
            self._tender.join(_OPEN_SECONDS)  # it may be starting a process that inherits the memory
        self.area.close()
        self._told()

    def wait(self, seconds: float | None = None) -> bool:
        """For a file: until it is written; whether it is."""
        return self._hosting.written.wait(seconds)

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
            bare, before = _bare(piece), self._piece
            self.set_tempo(bare.tempo)
            seconds = morph_seconds(before, bare)
            self._piece, played = bare, self._with_extras(bare)
            if not same_structure(played, self._played):
                take = self._course.take
                self._restructure(bare if take is None else widened(bare, take))
            else:
                self._played, self._revision = played, self._revision + 1
                for worker in self._workers.values():
                    if worker.loaded >= self._structure:
                        worker.loaded = self._revision
                        worker.say(wire.Change(self._revision, played))
            recording = isinstance(self._course.under_way, wire.Record)
            if recording and seconds is not None and bare.scene is not None:
                self._keeping.recall(self._revision, bare.scene, seconds)

    def _with_extras(self, bare: Piece) -> Piece:
        """With the silent voices that are held besides, as far as there is room: a scene may bring them."""
        known = {voice.id for voice in bare.voices}
        more = tuple(voice for voice in self._extras if voice.id not in known)
        return msgspec.structs.replace(bare, voices=(*bare.voices, *more)[: max(VOICES, len(bare.voices))])

    def _restructure(self, played: Piece) -> None:
        """Let whoever rests get this ready; it is gone over to then."""
        self._played, self._revision = played, self._revision + 1
        self._extras = played.voices[len(self._piece.voices) :]
        self._structure = self._revision
        resting = [each for each in self._workers.values() if each.number != self.area.board.active]
        for worker in resting or list(self._workers.values()):
            self._load(worker)

    @property
    def _heard(self) -> int:
        """The frame that the device is given next."""
        return int(self.area.board.heard)

    def command(self, message: wire.ToWorker) -> None:
        """Whatever happens to what plays: told to both workers, so that either can go on."""
        with self._lock:
            if isinstance(message, wire.Record):
                message = msgspec.structs.replace(message, number=self._keeping.begin())
                self._keeping.begins_with(self._piece.scene)
            awaited = self._course.awaits
            self._course.told(message, self._heard)
            waits = self._course.coming is not None
            if awaited is not None and self._course.awaits is None:
                self._note("")
            if isinstance(message, wire.Play | wire.Record):
                self._silent = False
                self._note(self._passed(take_of(message)))
            elif isinstance(message, wire.Begin):
                self._silent = False
            elif isinstance(message, wire.Panic):
                self._silent = True
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
            if isinstance(message, wire.Play | wire.Record) and not waits:
                self._clock.start()
            elif isinstance(message, wire.Panic):
                self._clock.stop()
            elif isinstance(message, wire.Begin):
                self._clock.go_on()

    def play(
        self,
        take: Take,
        takes: Sequence[Take] = (),
        *,
        hands: bool = True,
        at: float = 0.0,
        on_bar: bool = False,
        onward: bool = False,
    ) -> None:
        """Play a take; `takes`: all those of the piece. hands: axes that are touched are the performer's
        meanwhile. at: seconds into it at which it begins. on_bar: with the next bar line. onward: a loop in
        time that has just been recorded goes on as if it had begun then."""
        self._ask(AskedFor(wire.Play(take, tuple(takes), hands, at), on_bar, onward))

    def record(
        self,
        seed: int,
        over: Take | None = None,
        takes: Sequence[Take] = (),
        *,
        on_bar: bool = False,
        bars: int = 0,
        id: Id = "",
        name: str = "",
    ) -> None:
        """Record a take from a fresh past, over another one that plays meanwhile; `takes`: all those of the
        piece. It comes to `recorded` once it is finished. on_bar: from the next bar line on, and, with
        `bars`, for so many, with this id and name then."""
        order = wire.Record(seed, over=over, takes=tuple(takes) if over is not None else ())
        self._ask(AskedFor(order, on_bar, bars=bars if on_bar else 0, id=id, name=name))

    def _ask(self, asked: AskedFor) -> None:
        """At once or with its bar; where it goes through scenes with voices that are not held, once they
        are."""
        with self._lock:
            take = take_of(asked.order)
            wide = self._piece if take is None else widened(self._piece, take)
            if self._workers and not self._holds(wide):
                self._course.awaits = asked
                self._note(f'The voices that the take "{cast(Take, take).name}" goes to are being loaded.')
                self._restructure(wide)
            else:
                if not self._workers:  # they begin with it
                    self._played, self._extras = wide, wide.voices[len(self._piece.voices) :]
                self._begin(asked)

    def _holds(self, wide: Piece) -> bool:
        """Whether what is loaded has these voices on these slots; more than these are silent."""
        first = self._played.voices[: len(wide.voices)]
        return same_structure(msgspec.structs.replace(self._played, voices=first), wide)

    def _begin(self, asked: AskedFor) -> None:
        for order in self._course.timed(asked, self._heard):
            self.command(order)

    def _note(self, sentence: str) -> None:
        """Said until another take is played."""
        before, self._noted = self._noted, sentence
        if self._sentence in ("", before):
            self._sentence = sentence

    def _passed(self, take: Take | None) -> str:
        """Which scenes a take is played without."""
        gone = () if take is None else passed_over(self._played, take)
        if take is None or not gone:
            return ""
        return (
            f'The take "{take.name}" is played without its scene "{gone[0].name}", which brings other '
            f"sources than those that play now, or more than {VOICES} voices. Recall the scene, then play "
            "the take again."
        )

    def set_tempo(self, tempo: Tempo) -> None:
        """The piece has this one: known before the rest of what was changed with it is ready."""
        with self._lock:
            if tempo == self._tempo:
                return
            self._tempo = tempo
            self._course.beat.set(tempo, self._heard)
            if self._clock is not None:
                self._clock.tempo(tempo.bpm)

    def set_beat(self, bpm: float, phase: float | None = None) -> None:
        """Another tempo from now on, in the same beat; with a `phase` (beats), at that one."""
        with self._lock:
            tempo = msgspec.structs.replace(self._tempo, bpm=bpm)
            self._course.beat.set(tempo, self._heard, phase)

    @property
    def beat(self) -> float:
        """Beats since the first bar."""
        return self._course.beat.at(self._heard)

    def direct(self, voice: Id, latent: Sequence[float] | None) -> None:
        """Let a voice play a latent that is looked at, or its mapping again."""
        self.command(wire.Direct(voice, None if latent is None else tuple(latent)))

    def panic(self) -> None:
        """Silence within 64 samples, until something begins."""
        self.command(wire.Panic())

    def panic_or_begin(self) -> None:
        """What a panic button does that nobody else looks after: silence, and pressed again sound."""
        self.command(wire.Begin() if self._silent else wire.Panic())

    def freeze(self, on: bool) -> None:
        """Hold the latents where they are, or glide on from there to what the gesture means."""
        self.command(wire.Freeze(on))

    def fade(self, to: float, seconds: float) -> None:
        """The master to 0 or 1 of its gain, from where it is."""
        moment = time.monotonic()
        with self._lock:
            self.command(wire.Fade(self._fade.at(moment), to, seconds, moment))

    def finish_recording(self, id: Id, name: str, seconds: float = 0.0, *, on_bar: bool = False) -> None:
        """What was recorded comes to `recorded`. seconds: how long a round of it lasts, as a loop; 0: as many
        frames as were recorded. on_bar: it ends with the bar, and is a loop of whole ones."""
        with self._lock:
            self.command(self._course.finish(id, name, seconds, on_bar, self._heard))

    def _broadcast(self, message: wire.ToWorker) -> None:
        with self._lock:
            for worker in self._workers.values():
                worker.say(message)

    # ------------------------------------------------------------------------------ telling

    @property
    def status(self) -> Status:
        """How it stands."""
        board, opened = self.area.board, self._hosting.opened
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
            take=self._course.playing,
            recording=self._course.recording,
            frozen=self._freeze.on,
            faded=self._fade.to < 1.0,
        )

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
        worker = WorkerProcess(number, process)
        with self._lock:
            self._workers[number] = worker
            self._load(worker)
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
        if self._stopping.is_set():  # just now: nobody would end it any more
            end_now(process)

    def _load(self, worker: WorkerProcess) -> None:
        worker.loaded = self._revision
        worker.say(wire.Load(self._revision, self._played, self._course.under_way, self._course.waiting))
        worker.say(self._fade)
        if self._silent:
            worker.say(wire.Panic())
        if self._freeze.on:
            worker.say(self._freeze)
        for direct in self._directs.values():
            worker.say(direct)

    def _listen(self, worker: WorkerProcess) -> None:
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

    def _hear(self, worker: WorkerProcess, answer: wire.FromWorker) -> None:
        if isinstance(answer, wire.Recorded):
            if answer.take is not None:
                self._keep(answer.take, answer.over)
        elif isinstance(answer, wire.Began):
            with self._lock:
                waited = self._course.began(answer)
                if waited:
                    self._keeping.begins_with(self._piece.scene)
            if waited and self._clock is not None:
                self._clock.start()
            self._told()
        elif isinstance(answer, wire.Ended):
            with self._lock:
                playing = self._course.under_way
                if isinstance(playing, wire.Play) and playing.take.id == answer.take:
                    self.command(wire.Stop(ended=True))
            self._told()
        elif isinstance(answer, wire.Failed):
            self._trouble = self._sentence = answer.sentence
            with self._lock:
                self._keeping.failed(answer.revision)
                if answer.revision == self._structure:
                    self._do_without()
            self._told()
        else:
            with self._lock:
                self.dims = answer.dims
                self._keeping.reached(answer)
                worker.ready = max(worker.ready, answer.revision)
                self._go_on(worker)

    def _keep(self, raw: Take, over: Take | None) -> None:
        with self._lock:
            self._course.recorded(raw)
        take, came = self._keeping.whole(raw, over)
        if came is None or self._recorded_with is None:
            self._recorded(take)
        else:
            self._recorded_with(take, came)

    def _do_without(self) -> None:
        """The voices that a take goes to cannot be loaded: it is played without them."""
        asked, self._course.awaits = self._course.awaits, None
        if asked is not None:
            self._restructure(self._piece)
            self._begin(asked)

    def _go_on(self, worker: WorkerProcess) -> None:
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
            self._sentence = self._noted
        self._trouble = ""
        asked, self._course.awaits = self._course.awaits, None
        if asked is not None:
            self._begin(asked)

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

    # --------------------------------------------------------------------------------- tending

    def _tend(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            with suppress(OSError):  # the system has no process for us just now: it is asked again
                self._tend_workers()
            self._keeping.look()
            with self._lock:
                self._course.overdue(self._heard)
            if not self.settings.device.startswith(FILE):
                self._hosting.tend(self._listens_to)

    @property
    def _listens_to(self) -> int:
        """Inputs of the device that the piece or one of its scenes needs: opened later, they were a gap."""
        scenes = [voice for scene in self._piece.scenes for voice in scene.voices]
        return 2 if any(voice.source.kind == "input" for voice in (*self._played.voices, *scenes)) else 0

    def _say(self, state: State, sentence: str) -> None:
        if self._stopping.is_set():
            return
        self._state, self._sentence = state, sentence
        self._told()


def _bare(piece: Piece) -> Piece:
    """Takes are sent when they are played."""
    return msgspec.structs.replace(piece, takes=(), shelf=())
