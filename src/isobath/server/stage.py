"""The stage beside the pages: who started it, what reaches it, and what pages are told of it.

Gestures go straight on, from whichever thread they come. Everything that may take a moment (processes,
pieces) is done in a thread of its own, in the order in which it was asked for.
"""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.errors import IsobathError, PieceError, UsageError
from isobath.protocol.controllers import Action
from isobath.protocol.messages import (
    DoOnStage,
    ExploreOnStage,
    FromServer,
    Problem,
    StageHeard,
    StageNow,
    StageTook,
)
from isobath.protocol.piece import Piece, Take
from isobath.protocol.stage import StageCondition, StageDevice, StageEar, StageSettings, StageState
from isobath.server.stage_sounds import StageSound, as_flac
from isobath.sound.descriptors import SIZE, Listening
from isobath.types import Audio

if TYPE_CHECKING:
    from isobath.outputs.stage.engine import Clock, StageEngine

HEARD_SECONDS = 1 / 30
STATE_SECONDS = 0.25
FADE_SECONDS = 4.0
"""Of a controller's fade where no page says how long."""
LINGER_SECONDS = 0.4
"""A controller has no hand that lets go: its axis counts as touched so long after a move, as in the page."""
MOST_LEFT = 16
"""Takes that wait for a page to keep them; of more the oldest are given up."""
_QUIETEST_DB = -127.5


class Watcher(Protocol):
    """A page that looks at the stage."""

    piece: str | None
    """That is open there."""

    def tell(self, message: FromServer) -> None:
        """Put a message in line; never waits."""


RateOf = Callable[[str], int]
"""Hz of a model by its name."""


class Stage:
    """One per server; off until somebody starts it."""

    def __init__(self, rate_of: RateOf) -> None:
        self._rate_of = rate_of
        self._pool = ThreadPoolExecutor(1, "isobath-stage")
        self._lock = threading.Lock()
        self._engine: StageEngine | None = None
        self._piece: Piece | None = None
        self._newest: Piece | None = None
        """Waits to be played."""
        self._opening: Piece | None = None
        """That it is being started with."""
        self._settings = StageSettings()
        self._starting = False
        self._sentence = ""
        self._left: dict[str, tuple[str, Take]] = {}
        """Takes that no page has kept yet, by their ids, with the ids of their pieces."""
        self._values: dict[str, float] = {}
        self._lingers: dict[str, float] = {}
        """Until when an axis counts as touched that a controller has moved."""
        self._hands: dict[Watcher, tuple[str, ...]] = {}
        """Axes that hands are on, by page."""
        self._recorder: Watcher | None = None
        """The page that waits for what is recorded."""
        self._explorers: dict[str, Watcher] = {}
        """Which page looks for a sound with a voice."""
        self._listening = Listening()
        self._watchers: set[Watcher] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._listing: asyncio.Task[None] | None = None
        self._devices: tuple[StageDevice, ...] = ()
        self.followers: list[Callable[[StageEngine], None]] = []
        """Are told each engine that begins: they record it or send it on."""
        self.sound = StageSound()
        """What a page has recorded."""
        self.followers.append(self.sound.follow)
        self.keep: Callable[[bytes], str] | None = None
        """Keeps a FLAC file in the library, and says its id; None: what comes in with takes is not kept."""
        self.clock: Clock | None = None
        """Beats in the tempo of what plays."""

    @property
    def engine(self) -> StageEngine | None:
        """What plays."""
        return self._engine

    @property
    def plays(self) -> str | None:
        """The id of the piece that it plays."""
        return self._piece.id if self._engine is not None and self._piece is not None else None

    # ------------------------------------------------------------------------ start and stop

    def open(self, piece: Piece, settings: StageSettings) -> None:
        """Start, or start again with another piece or device; returns when it sounds.

        Raises IsobathError with what is the matter.
        """
        with self._lock:
            self._opening, self._newest = piece, None
        try:
            self._open(piece, settings)
            self._change()  # what was edited while it started
        finally:
            with self._lock:
                self._opening = None

    def _open(self, piece: Piece, settings: StageSettings) -> None:
        from isobath.outputs.stage.engine import StageEngine
        from isobath.outputs.stage.status import Settings

        self.close()
        if not piece.voices:
            raise PieceError("This piece has no voices, so there is nothing to hear. Add one.")
        self._starting, self._sentence = True, ""
        try:
            engine = StageEngine(
                piece,
                max(self._rate_of(voice.model) for voice in piece.voices),
                Settings(settings.device, settings.rate, settings.block, settings.ahead, settings.spare),
                recorded=self._took,
                recorded_with=self._took_with,
                clock=self.clock,
            )
            engine.start()
        except IsobathError as error:
            self._sentence = str(error)
            raise
        finally:
            self._starting = False
        with self._lock:
            self._engine, self._piece, self._settings = engine, piece, settings
            self._values, self._lingers, self._explorers = {}, {}, {}
            self._recorder = None
            self._listening = Listening()
        for follow in self.followers:
            follow(engine)

    def close(self) -> None:
        """Fade out and end it, if it plays."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.stop()
        self._sentence = ""

    def end(self) -> None:
        """The server ends."""
        for task in (self._task, self._listing):
            if task is not None:
                task.cancel()
        self._pool.submit(self.close).result()
        self.sound.drop()
        self._pool.shutdown(wait=True)

    # ------------------------------------------------------------------------------- playing

    def gesture(
        self,
        piece: str,
        axes: Sequence[str],
        values: Sequence[float],
        hands: Sequence[str] = (),
        page: Watcher | None = None,
    ) -> None:
        """Axes of a piece were moved, by a controller, or by a page whose hands lie on `hands`; from any
        thread."""
        with self._lock:
            engine, playing = self._engine, self._piece
            if engine is None or playing is None or playing.id != piece:
                return
            self._values.update(zip(axes, values, strict=False))
            if page is None:
                until = time.monotonic() + LINGER_SECONDS
                self._lingers.update((axis, until) for axis in axes)
            else:
                self._hands[page] = tuple(hands)
            engine.gesture(self._vector(playing), touched=self._touched(playing))

    def _touched(self, piece: Piece) -> NDArray[np.float64]:
        """Until when each of its axes counts as touched, in its order."""
        held = {axis for hands in self._hands.values() for axis in hands}
        return np.array(
            [math.inf if axis.id in held else self._lingers.get(axis.id, 0.0) for axis in piece.axes]
        )

    def explore(self, piece: str, asked: ExploreOnStage, page: Watcher) -> None:
        """A page looks for a sound with a voice of a piece, or no longer."""
        with self._lock:
            engine, playing = self._engine, self._piece
        if engine is None or playing is None or playing.id != piece or asked.slot >= len(playing.voices):
            return
        voice = playing.voices[asked.slot].id
        if asked.latent is None:
            self._explorers.pop(voice, None)
        else:
            self._explorers[voice] = page
        engine.direct(voice, asked.latent)

    def where(self, piece: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Axes of a piece that were moved on the stage, and where to; none where another piece plays."""
        with self._lock:
            if self._engine is None or self._piece is None or self._piece.id != piece:
                return (), ()
            known = {axis.id for axis in self._piece.axes}
            moved = {axis: value for axis, value in self._values.items() if axis in known}
        return tuple(moved), tuple(moved.values())

    def _vector(self, piece: Piece) -> NDArray[np.float64]:
        """Where its axes are, in its order."""
        return np.array([self._values.get(axis.id, axis.rest) for axis in piece.axes])

    def act(self, piece: str, action: Action, begins: bool) -> None:
        """A button, a key or another program wants something to happen; from any thread."""
        engine = self._engine
        if not begins or engine is None or piece != self.plays:
            return
        if action == "panic" and self._watchers:
            engine.panic()  # a page that plays it lets it sound again
        elif action == "panic":
            engine.panic_or_begin()
        elif self._watchers:
            return  # a page that plays it does the rest, and shows it
        elif action == "freeze":
            engine.freeze(not engine.status.frozen)
        elif action == "fade":
            engine.fade(1.0 if engine.status.faded else 0.0, FADE_SECONDS)

    def changed(self, piece: Piece) -> None:
        """A piece was changed; the stage follows if it is the one it plays, or is about to."""
        with self._lock:
            for take in piece.takes:
                self._left.pop(take.id, None)
            meant = self._opening or (self._piece if self._engine is not None else None)
            if meant is None or meant.id != piece.id:
                return
            waiting, self._newest = self._newest is not None or self._opening is not None, piece
        if not waiting:  # of those that come while one is under way, the newest is enough
            self._pool.submit(self._change)

    def _change(self) -> None:
        with self._lock:
            engine, piece, self._newest = self._engine, self._newest, None
            if piece is None or engine is None or piece.id != self.plays:
                return
            moved = self._piece is None or self._piece.axes != piece.axes
            self._piece = piece
        engine.set_piece(piece)
        if moved:
            with self._lock:
                engine.gesture(self._vector(piece), touched=self._touched(piece))

    def do(self, asked: DoOnStage, page: Watcher | None = None) -> None:
        """What a page wants to happen. Raises UsageError where the stage does not play, PieceError for a take
        that is not there."""
        from isobath.outputs.stage import wire

        with self._lock:  # what was just edited may still be on its way to those who play it
            engine, piece = self._engine, self._newest or self._piece
        if engine is None or piece is None:
            raise UsageError("The stage does not play. Start it first.")
        if asked.on_bar:
            engine.set_tempo(piece.tempo)
        if asked.action == "play":
            take = next((each for each in piece.takes if each.id == asked.take), None)
            if take is None:
                raise PieceError("The take that should be played is not in this piece. Open the piece again.")
            engine.play(
                take,
                piece.takes,
                hands=asked.hands,
                at=asked.seconds,
                on_bar=asked.on_bar,
                onward=asked.onward,
            )
        elif asked.action == "record":
            over = next((each for each in piece.takes if each.id == asked.take), None)
            if asked.take is not None and over is None:
                raise PieceError("The take to record over is not in this piece. Open the piece again.")
            self._recorder = page
            engine.record(
                asked.seed if over is None else over.seed,
                over,
                piece.takes,
                on_bar=asked.on_bar,
                bars=asked.bars,
                id=asked.makes or uuid4().hex,
                name=asked.name,
            )
        elif asked.action == "finish":
            self._recorder = page
            engine.finish_recording(asked.take or uuid4().hex, asked.name, asked.seconds, on_bar=asked.on_bar)
        elif asked.action == "beat":
            engine.set_beat(asked.bpm, asked.beat)
        elif asked.action == "panic":
            engine.panic()
        elif asked.action in ("freeze", "thaw"):
            engine.freeze(asked.action == "freeze")
        elif asked.action == "fade":
            engine.fade(asked.to, asked.seconds)
        else:
            engine.command(wire.Stop() if asked.action == "stop" else wire.Begin(asked.seed))

    def _took(self, take: Take) -> None:
        with self._lock:
            if self._piece is not None:
                self._left[take.id] = (self._piece.id, take)
            while len(self._left) > MOST_LEFT:
                del self._left[next(iter(self._left))]
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._tell_taken, take)

    def _tell_taken(self, take: Take) -> None:
        """Every page hears of it, and one keeps it: who asked for it, or, where that one is gone, another."""
        others = [each for each in self._watchers if self._piece is not None and each.piece == self._piece.id]
        keeper = None if self._recorder is not None else next(iter(others), None)
        for watcher in list(self._watchers):
            watcher.tell(StageTook(take=take, left=watcher is keeper))

    def _took_with(self, take: Take, came: Audio) -> None:
        """Sound came in with it: it is kept first, beside what the engine has to hear meanwhile."""
        engine = self._engine
        rate = 0 if engine is None else int(engine.area.board.rate)
        threading.Thread(target=self._keep_with, args=(take, came, rate), name="isobath-stage-take").start()

    def _keep_with(self, take: Take, came: Audio, rate: int) -> None:
        try:
            if self.keep is not None and rate > 0:
                take = msgspec.structs.replace(take, input=self.keep(as_flac(came, rate)))
        except (IsobathError, OSError, RuntimeError) as error:
            sentence = f"{error} The take is kept without the sound that came in."
            loop = self._loop
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(self._tell, Problem(sentence=sentence, kind="audio"))
        self._took(take)

    def left(self, piece: str) -> tuple[Take, ...]:
        """Takes of a piece that no page has kept: whoever recorded them was gone when they were ready."""
        with self._lock:
            return tuple(take for owner, take in self._left.values() if owner == piece)

    def memory(self) -> int:
        """A descriptor of its own of the memory in which it keeps what is heard; the caller's to close.

        Raises UsageError where the stage does not play, or its memory cannot be shared.
        """
        with self._lock:
            engine = self._engine
            if engine is None:
                raise UsageError("The stage does not play, so there is nothing to hear. Start it first.")
            if not engine.area.handles:
                raise UsageError("The stage cannot be listened to from a page on this system yet.")
            return os.dup(engine.area.handles[0])

    # ------------------------------------------------------------------------------- telling

    @property
    def state(self) -> StageState:
        """How it stands."""
        engine, piece = self._engine, self._piece
        if engine is None or piece is None:
            condition: StageCondition = "starting" if self._starting else "off"
            return StageState(condition=condition, sentence=self._sentence, sound=self.sound.there)
        now = engine.status
        return StageState(
            condition="lost" if now.state == "lost" else "playing",
            sentence=now.sentence,
            piece=piece.id,
            settings=self._settings,
            device=now.device,
            sample_rate=now.rate,
            device_rate=now.device_rate,
            block=now.block,
            latency_ms=round(now.latency_ms, 1),
            load=round(now.load, 3),
            underruns=now.underruns,
            missing_ms=round(now.missing_ms, 1),
            takeovers=now.takeovers,
            xruns=now.xruns,
            spare=now.spare,
            take=now.take,
            recording=now.recording,
            frozen=now.frozen,
            faded=now.faded,
            sound=self.sound.there,
        )

    async def ask(self, act: Callable[[], None]) -> None:
        """Do something that may take a moment, after everything asked before. Raises what it raises."""
        self._tell(self.now)
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, act)
        finally:
            self._tell(self.now)

    async def watch(self, watcher: Watcher, watching: bool) -> None:
        """A page looks at the stage, or no longer does."""
        self._loop = asyncio.get_running_loop()
        if not watching:
            self._watchers.discard(watcher)
            return
        self._watchers.add(watcher)
        watcher.tell(self.now)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_telling())
        if self._listing is None or self._listing.done():  # a sound system may take seconds to answer
            self._listing = asyncio.create_task(self._list())

    async def _list(self) -> None:
        with suppress(IsobathError, OSError, subprocess.TimeoutExpired):
            self._devices = await asyncio.get_running_loop().run_in_executor(None, _devices)
        self._tell(self.now)

    def forget(self, watcher: Watcher) -> None:
        """A page is gone, with its hands and with the sound it looked for."""
        self._watchers.discard(watcher)
        if self._recorder is watcher:
            self._recorder = None
        engine, piece = self._engine, self._piece
        with self._lock:
            lay = self._hands.pop(watcher, ())
            if lay and engine is not None and piece is not None:
                engine.gesture(self._vector(piece), touched=self._touched(piece))
        for voice in [voice for voice, page in self._explorers.items() if page is watcher]:
            del self._explorers[voice]
            if engine is not None:
                engine.direct(voice, None)

    async def _keep_telling(self) -> None:
        told, waited = self.state, 0.0
        while self._watchers:
            await asyncio.sleep(HEARD_SECONDS)
            waited += HEARD_SECONDS
            engine = self._engine
            if engine is not None:
                self._tell(_heard(engine, self._listening))
            if waited >= STATE_SECONDS:
                state, waited = self.state, 0.0
                if state != told:
                    told = state
                    self._tell(self.now)

    @property
    def now(self) -> StageNow:
        """How it stands, as pages are told."""
        return StageNow(state=self.state, devices=self._devices)

    def _tell(self, message: FromServer) -> None:
        for watcher in list(self._watchers):
            watcher.tell(message)


def _heard(engine: StageEngine, listening: Listening) -> StageHeard:
    found, shown = engine.meters(), engine.shown()
    sound, _ = engine.area.heard(max(0, int(engine.area.board.heard) - SIZE), SIZE)
    spectrum = np.clip(np.rint(2.0 * (listening.hear(sound) - _QUIETEST_DB)), 0.0, 255.0)
    dims = (*shown.dims, *[128] * (len(found.latents) - len(shown.dims)))
    return StageHeard(
        peak=found.peak,
        rms=found.rms,
        limiter_db=found.limiter_db,
        guard_db=found.guard_db,
        clamped=found.clamped,
        scrubbed=found.scrubbed,
        input_peak=found.input_peak,
        latents=tuple(tuple(row[:n].tolist()) for row, n in zip(found.latents, dims, strict=False)),
        position=found.position,
        gesture=tuple(shown.gesture.tolist()),
        meant=tuple(tuple(row.tolist()) for row in shown.meant),
        said=tuple(None if row is None else tuple(row.tolist()) for row in shown.said),
        ears=tuple(
            None if ear is None else StageEar(peak=ear[0], lufs=ear[1], match_db=ear[2]) for ear in shown.ears
        ),
        spectrum=spectrum.astype(np.uint8).tobytes() if spectrum.any() else None,
        beat=engine.beat,
    )


def _devices() -> tuple[StageDevice, ...]:
    from isobath.outputs.stage.hosting import devices

    return tuple(
        StageDevice(
            name=each.name,
            api=each.api,
            inputs=each.inputs,
            outputs=each.outputs,
            rate=each.rate,
            default=each.default,
        )
        for each in devices()
    )


def from_options(device: str, rate: int, block: int, ahead: int, spare: bool) -> StageSettings:
    """Settings as the command line gives them. Raises UsageError."""
    try:
        return msgspec.convert(
            {"device": device, "rate": rate, "block": block, "ahead": ahead, "spare": spare}, StageSettings
        )
    except msgspec.ValidationError as error:
        raise UsageError(f"The stage cannot run so ({error}).") from error
