"""A worker of the stage: a process that plays a whole piece ahead of the device.

    python -m isobath.server.stage_worker AREA NUMBER

The main thread makes sound whenever the shared memory asks for it, and waits otherwise. Everything that
takes time (models, mappings) is got ready in the thread that reads the orders. A third one watches the
other worker, and calls for help when its process ends.
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
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.engine.dreaming import dreams
from isobath.engine.live import Live, Prepared, Way, prepare
from isobath.engine.sources import Heard
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


class Worker:
    """One of the two."""

    def __init__(self, area: Area, number: int) -> None:
        self._area, self._number = area, number
        self._board = area.board.workers[number]
        self._orders: deque[Callable[[], None]] = deque()
        self._live: Live | None = None
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
        self._models = Models()
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
        block = self._entering(self._mixed(live.step()), live)
        if self._playing is not None and live.take is None:  # in this step, or in one that nobody heard
            self._say(wire.Ended(self._playing))
            self._playing = None
        if block.shape[1] == 0:
            return
        if not self._area.write(self._number, block):
            return
        spent = (time.perf_counter() - started) * live.rate / block.shape[1]
        self._board.load += _LOAD_SHARE * (spent - self._board.load)
        self._board.position = max(0, live.place)
        if started - self._reported > REPORT_SECONDS:
            self._reported = started
            self._report(live)

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
                live.step()

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
        """In the reading thread: get ready what takes time, and put the rest in line."""
        try:
            if isinstance(order, wire.Load):
                self._load(order)
            elif isinstance(order, wire.Change):
                self._change(order)
            else:
                way = None if self._live is None else _way(self._live, order)
                recorded = None if self._live is None else _recorded(self._live, order)
                self._put(lambda: self._do(order, way, recorded))
        except (IsobathError, OSError, ValueError) as error:
            self._say(wire.Failed(getattr(order, "revision", -1), str(error)))

    def _load(self, order: wire.Load) -> None:
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
        way, recorded = _way(live, order.under_way), _recorded(live, order.under_way)
        self._board.input_missing = 0
        if self._live is None:
            settle()
            stay_in_memory()
        spent = time.perf_counter() - started

        def take_over() -> None:
            old, self._live = self._live, live
            self._board.revision, self._board.state = order.revision, READY
            self._board.load = 0.0
            at = 0
            if old is not None and self._asked:
                at = old.place if order.under_way is not None else 0
                self._tail = _fading(old)
                self._anchor(live)
                live.begin()
            if order.under_way is not None:  # before anybody asks for sound
                self._resume(live, order.under_way, at, way, recorded)
            self._ready(order.revision, live, spent)

        self._put(take_over)

    def _resume(
        self,
        live: Live,
        under_way: wire.Play | wire.Record,
        at: int,
        way: Way | None,
        recorded: Heard | None,
    ) -> None:
        """Go on with what is played or recorded, from its sample `at` on."""
        self._kept_at = -1
        self._recording = under_way.number if isinstance(under_way, wire.Record) else 0
        self._playing = under_way.take.id if isinstance(under_way, wire.Play) else None
        try:
            if isinstance(under_way, wire.Record):
                live.record(under_way.seed, at, under_way.over, under_way.takes, way, recorded)
            else:
                take, takes, hands = under_way.take, under_way.takes, under_way.hands
                live.play(take, takes, at, hands=hands, way=way, recorded=recorded)
        except IsobathError as error:
            self._say(wire.Failed(-1, str(error)))

    def _change(self, order: wire.Change) -> None:
        live = self._live
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

    def _do(self, order: wire.ToWorker, way: Way | None, recorded: Heard | None) -> None:
        live = self._live
        if live is None:
            return
        try:
            if isinstance(order, wire.Play | wire.Record):
                self._anchor(live)
                at = round(order.at * live.rate) if isinstance(order, wire.Play) else 0
                self._resume(live, order, at, way, recorded)
            elif isinstance(order, wire.Stop):
                self._playing = None
                live.stop()
            elif isinstance(order, wire.Finish):
                self._recording = 0
                take, over = live.as_recorded(order.id, order.name)
                if take is not None and order.seconds > 0.0:
                    take = msgspec.structs.replace(take, seconds=order.seconds, loop=True)
                if self._asked:
                    self._say(wire.Recorded(take, over))
            elif isinstance(order, wire.Panic):
                live.panic()
            elif isinstance(order, wire.Freeze):
                if order.on and not self._asked:
                    self._keep_warm(live)  # what is held is what sounds elsewhere just now
                live.freeze(order.on)
            elif isinstance(order, wire.Fade):
                self._fade = order
            elif isinstance(order, wire.Direct):
                live.direct(order.voice, order.latent)
            elif isinstance(order, wire.Begin):
                self._anchor(live)
                live.begin(order.seed)
        except IsobathError as error:
            self._say(wire.Failed(-1, str(error)))

    def _put(self, act: Callable[[], None]) -> None:
        self._orders.append(act)
        self._area.wake()

    def _say(self, message: wire.FromWorker) -> None:
        with suppress(OSError):
            sys.stdout.buffer.write(wire.packed(message))
            sys.stdout.buffer.flush()


def _way(live: Live, under_way: wire.ToWorker | None) -> Way | None:
    """Through scenes, of the take that an order plays."""
    take = _played(under_way)
    return None if take is None or not take.scenes else live.way_of(take)


def _recorded(live: Live, under_way: wire.ToWorker | None) -> Heard | None:
    """The input of the take that an order plays. One that cannot be read is tried again, and told of, when
    the take's turn comes."""
    take = _played(under_way)
    if take is None or not isinstance(under_way, wire.Play | wire.Record):
        return None
    with suppress(IsobathError):
        return live.input_of(take, under_way.takes)
    return None


def _played(under_way: wire.ToWorker | None) -> Take | None:
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
    bound_runaway()
    worker.run()


if __name__ == "__main__":
    main(sys.argv[1:])
