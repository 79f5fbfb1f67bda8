"""A worker of the stage: a process that plays a whole piece ahead of the device.

    python -m isobath.server.stage_worker AREA NUMBER

The main thread makes sound whenever the shared memory asks for it, and waits otherwise. A second one reads
the orders: silence, the fade and what else must not wait is handed on at once, while everything that takes
time (models, mappings, recordings) is got ready by a third, in its turn. A fourth watches the other worker,
and calls for help when its process ends.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.engine.dreaming import dreams
from isobath.engine.live import Live, Prepared, Way, prepare
from isobath.engine.sources import Heard, silence
from isobath.engine.takes import TakeReader
from isobath.errors import IsobathError
from isobath.library.home import find_home
from isobath.library.load import load_prior, load_voice
from isobath.library.sounds import Sounds
from isobath.outputs.stage import wire
from isobath.outputs.stage.area import NOBODY, READY, WORKERS, Area
from isobath.outputs.stage.priority import (
    WORKER_PRIORITY,
    bound_runaway,
    calm,
    hurry,
    settle,
    stay_in_memory,
)
from isobath.symbolic.playing import PlayedBars
from isobath.types import Audio

if TYPE_CHECKING:
    from isobath.models.coder import Model
    from isobath.protocol.piece import Id, Piece, Take

REPORT_SECONDS = 1 / 60
_NAP = 0.1
_WARM_SECONDS = 0.25
_WARM_STEPS = 4
_BREATHLESS = 0.5
"""Seconds without a rest after which a worker is no longer first in line,"""
_RECOVERED = 5.0
"""and after which it is again."""
_LOAD_SHARE = 0.02
_REHEARSED = 24
"""Steps made before a piece counts as ready, so that the first that matter are as quick as the others."""
_BETWEEN = 0.0002
"""Seconds after which the callback is no longer between its two counts."""


class Models:
    """Models by name, each read once."""

    def __init__(self) -> None:
        self._kept: dict[str, Model] = {}

    def __call__(self, name: str) -> Model:
        if name not in self._kept:
            found = self._kept[name] = cast("Model", load_voice(name))
            if isinstance(found, PlayedBars):
                found.live = True
        return self._kept[name]


@dataclass(frozen=True)
class _Ends:
    """How often something came to an end: what is got ready meanwhile must not bring it back."""

    given_up: int = 0
    """Everything that was to begin."""
    stopped: int = 0
    """The take that was played."""


@dataclass(frozen=True, eq=False)
class _Ready:
    """What is played, recorded or ended, with everything that takes time."""

    order: wire.Play | wire.Record | wire.Finish
    way: Way | None = None
    recorded: Heard | None = None
    reader: TakeReader | None = None

    @property
    def frame(self) -> int | None:
        """Of the stage, at which its turn is; None: now."""
        return self.order.ends if isinstance(self.order, wire.Finish) else self.order.begins


class Worker:
    """One of the two."""

    def __init__(self, area: Area, number: int) -> None:
        self._area, self._number = area, number
        self._board = area.board.workers[number]
        self._orders: deque[Callable[[], None]] = deque()
        self._line: SimpleQueue[tuple[wire.ToWorker, _Ends]] = SimpleQueue()
        """To be got ready, each with the ends there had been before."""
        self._ends = _Ends()
        self._newest: Live | None = None
        """The one that was got ready last; it plays once its turn has come."""
        self._live: Live | None = None
        self._coming: list[_Ready] = []
        """Waits for its frame: first what begins, then what ends."""
        self._next_frame = 0
        """Of the stage, for the next sample that is written."""
        self._silent = self._frozen = False
        self._hushed = 0
        """Samples that are not heard."""
        self._directs: dict[Id, tuple[float, ...]] = {}
        self._recording = 0
        """Its number; 0: nothing is recorded."""
        self._playing: Id | None = None
        """The take whose end is still to be told."""
        self._asked = False
        self._called = False
        """It was asked before."""
        self._tail: Audio | None = None
        self._gesture: NDArray[np.float64] = np.zeros(0)
        self._input_base = 0
        self._kept_at = -1
        """Sample of the stretch of input that was kept last: several voices may hear it."""
        self._entered: int | None = None
        """Samples since it came after another one; None: long ago."""
        self._reported = 0.0
        self._models, self._saying = Models(), threading.Lock()
        self._fade = wire.Fade(1.0, 1.0, 0.0, 0.0)
        self._faded: tuple[Live, Piece, float] | None = None
        """Whose master was told last, as of which piece, and how far it was out."""

    # ------------------------------------------------------------------------------ the loop

    def run(self) -> None:
        """Make sound while somebody asks for it, for ever."""
        area, board = self._area, self._board
        warmed = 0.0
        rested, hurried = time.monotonic(), hurry(WORKER_PRIORITY)
        while True:
            tick = area.board.tick
            board.beat += 1
            while self._orders:
                self._orders.popleft()()
            lacking = area.wanted(self._number) if self._live is not None else 0
            if lacking > 0:
                self._make()
                if hurried and time.monotonic() - rested > _BREATHLESS:
                    calm()  # too slow, or as fast as it can into a file: the machine is not ours alone
                    hurried, rested = False, time.monotonic()
                continue
            if lacking == 0 and self._live is not None:
                board.state = READY
            if lacking == 0:
                self._rest()
                self._rest_along()
                if self._live is not None and time.monotonic() - warmed > _WARM_SECONDS:
                    self._keep_warm(self._live)
                    warmed = time.monotonic()
            area.wait(tick, _NAP)
            if hurried or time.monotonic() - rested > _RECOVERED:
                hurried, rested = hurried or hurry(WORKER_PRIORITY), time.monotonic()

    def _make(self) -> None:
        live = self._live
        assert live is not None
        if not self._asked:
            self._asked = True
            self._begin(live)
        self._turn(live)
        started = time.perf_counter()
        block = self._entering(self._mixed(self._step(live, self._come(live))), live)
        if self._playing is not None and live.take is None:  # in this step, or in one that nobody heard
            self._say(wire.Ended(self._playing))
            self._playing = None
        if block.shape[1] == 0:
            return
        if not self._area.write(self._number, block):
            return
        self._next_frame += block.shape[1]
        spent = (time.perf_counter() - started) * live.rate / block.shape[1]
        self._board.load += _LOAD_SHARE * (spent - self._board.load)
        self._board.position = max(0, live.place)
        if started - self._reported > REPORT_SECONDS:
            self._reported = started
            self._report(live)

    def _step(self, live: Live, most: int | None = None) -> Audio:
        block = live.step(most)
        if self._silent and live.position == block.shape[1]:  # it has just begun, which ends a panic
            live.panic()
            self._hushed = live.rate // 50
        if self._silent and self._hushed > 0:  # nor is it heard before it is silent again
            self._hushed -= block.shape[1]
            return np.zeros_like(block)
        return block

    def _rest(self) -> None:
        """Not asked any more: what was written for nobody must not be heard later."""
        if self._asked:
            self._asked = False
            if self._area.board.active != self._number:
                self._area.clear(self._number)

    def _turn(self, live: Live) -> None:
        """The master to where its fade is."""
        share = self._fade.at(time.monotonic())
        before, self._faded = self._faded, (live, live.piece, share)
        same = before is not None and before[0] is live and before[1] is live.piece and before[2] == share
        if not same:
            live.player.master(live.piece.master, share * share)

    def _begin(self, live: Live) -> None:
        """Asked after a rest: what was written then is stale. A take goes on where the other one is."""
        area = self._area
        if area.board.active != self._number:
            area.clear(self._number)
        # Heard already, but asked only now: it was gone over to for what it had written at an earlier call.
        first = area.board.active == NOBODY or (area.board.active == self._number and not self._called)
        self._called = True
        self._entered = None if first else 0
        at = 0 if first else self._place(live)
        if live.joins and not first:
            live.join(at)
            return
        self._anchor(live)
        self._kept_at = -1
        live.rest()
        live.begin(live.take.seed if live.take is not None else 1, at)

    # ------------------------------------------------------------------ what waits for its frame

    def _frame(self) -> int:
        """Of the stage, at which the next sample that is written will be heard."""
        found = int(self._area.board.heard) + self._area.fill(self._number)
        if found != self._next_frame:  # the callback may have taken it and not counted it yet
            time.sleep(_BETWEEN)
            found = int(self._area.board.heard) + self._area.fill(self._number)
        self._next_frame = found
        return found

    def _come(self, live: Live) -> int | None:
        """Let begin and end whose turn has come; samples until the next turn, None where nobody waits.

        What is made now is heard the limiter's delay after it is written, so turns are that much earlier."""
        while self._coming:
            ready = self._coming[0]
            assert ready.frame is not None
            left = ready.frame - live.player.delay - self._frame()
            if left > 0:
                return left
            self._coming.pop(0)
            self._do(live, ready, -left)
        return None

    def _rest_along(self) -> None:
        """At rest: what the other one has begun meanwhile is under way here as well."""
        live = self._live
        while live is not None and self._coming:
            late = int(self._area.board.heard) - cast("int", self._coming[0].frame)
            if late < 0:
                return
            self._do(live, self._coming.pop(0), late)

    def _await(self, ready: _Ready) -> None:
        """Its turn comes with its frame; another beginning takes the place of everything that waited."""
        if not isinstance(ready.order, wire.Finish):
            self._coming = [ready]
        else:
            self._coming = [each for each in self._coming if not isinstance(each.order, wire.Finish)] + [
                ready
            ]

    def _give_up(self) -> None:
        """What waits to begin does not begin any more; what ends does end."""
        if self._coming and not isinstance(self._coming[0].order, wire.Finish):
            self._coming = []

    # --------------------------------------------------------------------------- where it is

    def _noted(self, frame: int, row: tuple[float, ...]) -> None:
        """A row of a recording: only what is heard counts."""
        if self._asked and self._recording:
            self._area.rows.append(self._recording, frame, row)

    def _place(self, live: Live) -> int:
        """Where the other worker is in the take that is played or recorded, as it is heard; or was."""
        other = WORKERS - 1 - self._number
        if self._area.board.active == NOBODY or not (live.take is not None or self._recording):
            return 0
        return max(0, int(self._area.board.workers[other].position) - self._area.fill(other))

    def _keep_warm(self, live: Live) -> None:
        """Play a little, unheard, where the performer is: so that its memory is that of the sound, and the
        way through the code is trodden, when it is called for."""
        if live.joins:
            self._turn(live)
            live.join(self._place(live))
            for _ in range(_WARM_STEPS):
                self._step(live)

    def _entering(self, block: Audio, live: Live) -> Audio:
        """Coming after another worker: from nothing, over 10 ms. Where it begins anew it is without the
        limiter's silence; the player's own fade has come some way when that ends."""
        if self._entered is None:
            return block
        delay, fade = 0 if live.joins else live.player.delay, live.rate // 100
        at = self._entered + np.arange(block.shape[1]) - delay
        self._entered += block.shape[1]
        if at[-1] >= fade:
            self._entered = None
        share = np.clip((at + 1) / fade, 0.0, 1.0).astype(np.float32)
        return np.asarray((block * share)[:, at >= 0], dtype=np.float32)

    def _mixed(self, block: Audio) -> Audio:
        """With what the Live before it would have played, fading out."""
        if self._tail is None:
            return block
        both = min(block.shape[1], self._tail.shape[1])
        block = block.copy()
        block[:, :both] += self._tail[:, :both]
        self._tail = self._tail[:, both:] if both < self._tail.shape[1] else None
        return block

    def _report(self, live: Live) -> None:
        board, meters = self._board, live.meters()
        board.peak[:], board.rms[:] = meters.peak, meters.rms
        board.limiter_db, board.guard_db = meters.limiter_db, meters.guard_db
        board.clamped, board.scrubbed = meters.clamped, meters.scrubbed
        latents = live.latents()
        board.latent_sequence += 1
        board.voices = len(latents)
        for slot, latent in enumerate(latents):
            at = ctypes.addressof(board.latents) + slot * 512
            ctypes.memmove(at, latent.ctypes.data, min(latent.nbytes, 512))
        board.latent_sequence += 1
        self._area.showing.show(self._number, live.heard, live.meant(), live.said(), live.ears())

    # -------------------------------------------------------------------------- what comes in

    def _now(self) -> NDArray[np.float64]:
        held = self._area.held()
        if held is not None:
            self._gesture = held[0]
        return self._gesture

    def _touched(self) -> NDArray[np.bool_]:
        return self._area.showing.hands > time.monotonic()

    def _lead(self, live: Live) -> int:
        """Frames that may be asked for before they are heard."""
        hop = max(each.model.hop * live.rate // each.model.sample_rate + 1 for each in live.voices)
        return int(self._area.board.block + self._area.board.ahead + hop)

    def _anchor(self, live: Live) -> None:
        """Which frame of the input belongs to sample 0: as late as it may be, for all to be there in time."""
        ahead = self._lead(live) - self._area.fill(self._number)
        self._input_base = int(self._area.board.captured) - ahead

    def _comes_in(self, start: int, samples: int) -> Audio:
        live = self._live
        sound, there = self._area.came(self._input_base + start, samples)
        if there < samples:
            self._board.input_missing += samples - there
        late = int(self._area.board.captured) - (self._input_base + start + samples)
        if live is not None and late > 2 * self._lead(live):  # the device went on while nothing was heard
            self._input_base += late - self._lead(live)
        if live is not None and self._asked and self._recording and start != self._kept_at:
            self._kept_at = start
            self._area.incoming.append(self._recording, start + live.place - live.position, sound)
        return sound

    # ------------------------------------------------------------------------------- orders

    def obey(self, order: wire.ToWorker) -> None:
        """In the reading thread, which never waits: hand on what is done at once, put the rest in line."""
        stops, silences = isinstance(order, wire.Stop), isinstance(order, wire.Panic)
        if stops or silences:
            gives_up = silences or (isinstance(order, wire.Stop) and not order.ended)
            self._ends = _Ends(self._ends.given_up + gives_up, self._ends.stopped + stops)
        if isinstance(order, wire.Load | wire.Change | wire.Play | wire.Record | wire.Finish):
            self._line.put((order, self._ends))
        else:
            self._put(lambda: self._act(order))

    def get_ready(self, block: bool = True) -> None:
        """In a thread of its own: everything of the next order in line that takes time.

        Raises queue.Empty where nothing is in line and it should not wait.
        """
        order, ends = self._line.get(block)
        try:
            if isinstance(order, wire.Load):
                self._load(order, ends)
            elif isinstance(order, wire.Change):
                self._change(order)
            elif isinstance(order, wire.Play | wire.Record | wire.Finish):
                ready = self._made_ready(self._newest, order)
                self._put(lambda: self._take_up(ready, ends))
        except (IsobathError, OSError, ValueError) as error:
            self._say(wire.Failed(getattr(order, "revision", -1), str(error)))

    def _made_ready(self, live: Live | None, order: wire.Play | wire.Record | wire.Finish) -> _Ready:
        """Its way through scenes and its input. One that cannot be read is silent, and told of."""
        take = _played(order)
        if live is None or take is None or isinstance(order, wire.Finish):
            return _Ready(order)
        reader, way = live.reader_of(take, order.takes), live.way_of(take) if take.scenes else None
        try:
            return _Ready(order, way, live.input_of(take, order.takes), reader)
        except IsobathError as error:
            self._say(wire.Failed(-1, str(error)))
            return _Ready(order, way, silence, reader)

    def _take_up(self, ready: _Ready, ends: _Ends) -> None:
        """In the main thread: at once, or with its frame."""
        live, given_up = self._live, ends.given_up != self._ends.given_up
        if live is None or (given_up and not isinstance(ready.order, wire.Finish)):
            return
        if ready.frame is not None:
            self._await(ready)
            return
        if not isinstance(ready.order, wire.Finish):
            self._coming = []
        self._do(live, ready)

    def _load(self, order: wire.Load, ends: _Ends) -> None:
        started = time.perf_counter()
        live = Live(
            order.piece,
            self._models,
            self._now,
            touched=self._touched,
            comes_in=self._comes_in,
            load_sound=Sounds(find_home()).load,
            dream_of=dreams(load_prior),
            sample_rate=int(self._area.board.rate),  # a later piece may have another of its own
        )
        live.noted = self._noted
        for _ in range(_REHEARSED):
            live.step()
        under_way = None if order.under_way is None else self._made_ready(live, order.under_way)
        coming = [self._made_ready(live, each) for each in order.coming]
        self._board.input_missing = 0
        if self._newest is None:
            settle()
            stay_in_memory()
        self._newest = live
        spent = time.perf_counter() - started

        def take_over() -> None:
            old, self._live = self._live, live
            self._board.revision, self._board.state = order.revision, READY
            self._board.load = 0.0
            at = 0
            if old is not None and self._asked:
                at = old.place if under_way is not None else 0
                self._tail = _fading(old)
                self._anchor(live)
                live.begin()
            records = isinstance(order.under_way, wire.Record)
            if under_way is not None and (records or ends.stopped == self._ends.stopped):
                self._resume(live, under_way, at)  # before anybody asks for sound
            self._coming = []
            for each in coming:
                self._take_up(each, ends)
            self._as_before(live)
            self._ready(order.revision, live, spent)

        self._put(take_over)

    def _as_before(self, live: Live) -> None:
        """What was asked of the one before holds for the next."""
        for voice, latent in self._directs.items():
            live.direct(voice, latent)
        if self._frozen:
            self._freeze(live)
        if self._silent:
            live.panic()

    def _resume(self, live: Live, ready: _Ready, at: int) -> None:
        """Go on with what is played or recorded, from its sample `at` on."""
        order = ready.order
        assert not isinstance(order, wire.Finish)
        self._kept_at = -1
        self._recording = order.number if isinstance(order, wire.Record) else 0
        self._playing = order.take.id if isinstance(order, wire.Play) else None
        try:
            if isinstance(order, wire.Record):
                live.record(order.seed, at, order.over, order.takes, ready.way, ready.recorded, ready.reader)
            else:
                live.play(
                    order.take,
                    order.takes,
                    at,
                    hands=order.hands,
                    way=ready.way,
                    recorded=ready.recorded,
                    reader=ready.reader,
                )
        except IsobathError as error:
            self._say(wire.Failed(-1, str(error)))

    def _change(self, order: wire.Change) -> None:
        live = self._newest
        if live is None:
            return
        started = time.perf_counter()
        prepared: Prepared = prepare(order.piece, live)
        spent = time.perf_counter() - started

        def take_over() -> None:
            if self._live is live:
                live.change(prepared)
                self._board.revision = order.revision
            self._ready(order.revision, live, spent)

        self._put(take_over)

    def _ready(self, revision: int, live: Live, spent: float) -> None:
        place = live.place if self._asked else self._place(live)
        dims = live.voices[0].model.dims
        self._say(wire.Ready(revision, live.listens, spent, dims, live.frame_at(max(0, place))))

    def _do(self, live: Live, ready: _Ready, late: int = 0) -> None:
        """Play, record or end it; late: samples that it should have begun before now."""
        order = ready.order
        if isinstance(order, wire.Finish):
            self._finish(live, order)
            return
        self._silent = False
        self._anchor(live)
        at = late + (round(order.at * live.rate) if isinstance(order, wire.Play) else 0)
        self._resume(live, ready, at)
        if self._asked:
            began = self._frame() + live.player.delay - at
            if isinstance(order, wire.Record):
                self._say(wire.Began(began, number=order.number))
            else:
                self._say(wire.Began(began, take=order.take.id))

    def _finish(self, live: Live, order: wire.Finish) -> None:
        self._recording = 0
        take, over = live.as_recorded(order.id, order.name)
        if take is not None and order.seconds > 0.0:
            take = msgspec.structs.replace(take, seconds=order.seconds, loop=True)
        if self._asked:
            self._say(wire.Recorded(take, over))

    def _act(self, order: wire.ToWorker) -> None:
        """What waits for nothing."""
        live = self._live
        if isinstance(order, wire.Fade):
            self._fade = order
        elif isinstance(order, wire.Stop):
            self._playing = None
            if not order.ended:
                self._give_up()
            if live is not None:
                live.stop()
        elif isinstance(order, wire.Panic):
            self._silent = True
            self._give_up()
            if live is not None:
                live.panic()
        elif isinstance(order, wire.Freeze):
            self._frozen = order.on
            if live is not None:
                self._freeze(live)
        elif isinstance(order, wire.Direct):
            self._directs.pop(order.voice, None)
            if order.latent is not None:
                self._directs[order.voice] = order.latent
            if live is not None:
                live.direct(order.voice, order.latent)
        elif isinstance(order, wire.Begin) and live is not None:
            self._silent = False
            self._anchor(live)
            live.begin(order.seed)

    def _freeze(self, live: Live) -> None:
        if self._frozen and not self._asked:
            self._keep_warm(live)  # what is held is what sounds elsewhere just now
        live.freeze(self._frozen)

    def _put(self, act: Callable[[], None]) -> None:
        self._orders.append(act)
        self._area.wake()

    def _say(self, message: wire.FromWorker) -> None:
        with suppress(OSError), self._saying:
            sys.stdout.buffer.write(wire.packed(message))
            sys.stdout.buffer.flush()


def _played(under_way: wire.ToWorker) -> Take | None:
    """The take that an order plays."""
    if isinstance(under_way, wire.Play):
        return under_way.take
    return under_way.over if isinstance(under_way, wire.Record) else None


def _fading(live: Live) -> Audio:
    """The next 10 ms of what will not be played any more, fading out."""
    wanted = live.rate // 100
    blocks: list[Audio] = []
    while sum(block.shape[1] for block in blocks) < wanted:
        blocks.append(live.step())
    sound = np.concatenate(blocks, axis=1)[:, :wanted]
    return np.asarray(sound * (1.0 - np.arange(1, wanted + 1) / wanted), dtype=np.float32)


# ------------------------------------------------------------------------------ the process


def _read(worker: Worker) -> None:
    while True:
        order = wire.read_order(sys.stdin.buffer)
        if order is None or isinstance(order, wire.Quit):
            os._exit(0)
        worker.obey(order)


def _get_ready(worker: Worker) -> None:
    while True:
        worker.get_ready()


def _watch(area: Area, other: int) -> None:
    """Call for help as soon as the other worker's process ends. Where the system cannot say (it is asked
    by number), the engine's own watch does, a little later."""
    if not hasattr(os, "pidfd_open"):
        return
    hurry(WORKER_PRIORITY)
    while True:
        pid = area.board.workers[other].pid
        try:
            handle = os.pidfd_open(pid) if pid > 0 else -1
        except OSError:
            handle = -1
        if handle < 0:
            time.sleep(0.2)
            continue
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        while area.board.workers[other].pid == pid:
            if poll.poll(500):
                area.alarm(other)
                break
        os.close(handle)


def main(arguments: list[str]) -> None:
    """Play until the engine's end of the pipe is closed."""
    area, number = Area.of(arguments[0]), int(arguments[1])
    if not 0 <= number < WORKERS:
        raise SystemExit(f"There is no worker {number}.")
    gc.disable()
    sys.setswitchinterval(1e-4)
    worker = Worker(area, number)
    board = area.board.workers[number]
    board.state, board.pid = 1, os.getpid()
    threading.Thread(target=_watch, args=(area, 1 - number), daemon=True).start()
    threading.Thread(target=_read, args=(worker,), daemon=True).start()
    threading.Thread(target=_get_ready, args=(worker,), daemon=True).start()
    bound_runaway()
    worker.run()


if __name__ == "__main__":
    main(sys.argv[1:])
