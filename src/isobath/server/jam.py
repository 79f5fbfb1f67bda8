"""A live jam: the machine of turns with a clock that is heard, players that come in, and a model that thinks
in a thread of its own.

One thread keeps the time. What comes in is stamped where it comes from and put in line; what goes out is put
on the line of samples, or sent as MIDI, at its time. Whatever thinking does, that thread never waits for it.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from isobath.errors import IsobathError
from isobath.inputs.midi.playing import MidiSaid
from isobath.inputs.urgent import hurry
from isobath.outputs.band import Band
from isobath.outputs.stage import priority
from isobath.symbolic.bars import PITCHES
from isobath.symbolic.jam import Answer, Answerer, Ask, ClockFollower, Event, Heard, Jam, JamSettings, Turn
from isobath.symbolic.jam.keeping import (
    KeptJam,
    Snapshot,
    gone_on,
    kept,
    last_place,
    snapshot,
    write_session,
)
from isobath.symbolic.jam.settings import Who
from isobath.symbolic.jam.sounding import DEGREES, Sounds
from isobath.symbolic.midi import DRUM_CHANNEL
from isobath.symbolic.model import SymbolicModel

START_SECONDS = 0.5
"""From here to the count-in."""
LOOK_SECONDS = 2.0
"""Between two looks whether the sound device is there."""
PRIORITY = 5
"""Among real-time threads: below those of sound."""
PATIENCE = 0.02
"""Seconds between two looks, at most."""
CLOCK_AHEAD = 0.02
MOST_WAITING = 8192

Send = Callable[[tuple[int, ...]], None]
Told = Callable[[Turn], None]


def go_first() -> None:
    """Have the calling thread run before all ordinary ones, as far as the system lets us. What keeps time and
    what thinks are both done in a few milliseconds."""
    hurry()
    priority.hurry(PRIORITY)


@dataclass(frozen=True)
class LiveOptions:
    """What a live jam does beside playing. latency: seconds that the human's notes come late.
    monitor: let the human's own notes sound. follow_clock: another machine's MIDI clock leads. latent:
    players whose instruments are models of sound."""

    latency: float = 0.0
    monitor: bool = True
    follow_clock: bool = False
    send_clock: bool = False
    folder: Path | None = None
    latent: frozenset[Who] = frozenset()


class LiveJam:
    """One session, from `start` to `close`."""

    def __init__(
        self,
        model: SymbolicModel,
        settings: JamSettings,
        band: Band,
        options: LiveOptions = LiveOptions(),
        *,
        seed: int = 0,
        before: KeptJam | None = None,
        send: Send | None = None,
        notes: Callable[[Event], None] | None = None,
        told: Told = lambda _: None,
    ) -> None:
        """send: takes MIDI messages that go out; notes: the machine's notes, each when it sounds. told: hears
        each phrase, in the thread that keeps time."""
        self.model, self.band, self.options, self.before = model, band, options, before
        self.answerers: dict[Who, Answerer] = {
            "machine": Answerer(model, seed), "second": Answerer(model, seed + 1)
        }  # fmt: skip
        self._sounds = Sounds(band.mixer.rate, options.latent)
        if band.heard:
            self._sounds.warm(kind=model.kind)
        spare = self.answerers["second"].answer(Ask(0, "second", 0.0, settings)).bars
        begin = band.now() + START_SECONDS
        if before is None:
            self.jam = Jam(model.kind, settings, begin, spare)
        else:
            self.jam = gone_on(before, begin, settings)
            self.answerers["machine"].recall(last_place(before))
        self.failures = 0
        self.sentence = ""
        self._send, self._notes, self._told = send, notes, told
        self._in: deque[MidiSaid] = deque(maxlen=MOST_WAITING)
        self._thought: deque[tuple[Ask, Answer | None]] = deque()
        self._settings: deque[JamSettings] = deque()
        self._follower = ClockFollower()
        self._ticked = begin - 1e-3
        self._out: list[tuple[float, int, tuple[int, ...]]] = []
        self._noted: list[tuple[float, int, Event]] = []
        self._writing: Future[None] | None = None
        self._order = 0
        self._kept_turns = 0
        self._looked = begin
        self._wake = threading.Event()
        self._running = False
        self._pool = ThreadPoolExecutor(1, "isobath-jam-thinks", initializer=go_first)
        self._keeper = ThreadPoolExecutor(1, "isobath-jam-keeps", initializer=hurry)
        self._thread = threading.Thread(target=self._run, name="isobath-jam", daemon=True)

    # ------------------------------------------------------------------------- from other threads

    def start(self) -> None:
        """Count in."""
        self._running = True
        self._thread.start()
        if self.band.heard:
            self._keeper.submit(
                self._sounds.warm, ("human", "machine"), range(DEGREES, 0, -1), self.model.kind
            )

    def hear(self, said: MidiSaid) -> None:
        """Something came in; from any thread."""
        self._in.append(said)
        self._wake.set()

    def change(self, settings: JamSettings) -> None:
        """Other settings; from any thread."""
        self._settings.append(settings)
        self._wake.set()

    def close(self) -> KeptJam:
        """End it; the session as it was."""
        self._running = False
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._keeper.shutdown(wait=True)
        for _, _, message in self._out:  # no note may hang
            if message[0] & 0xF0 == 0x80:
                self._say(message)
        self._out.clear()
        session = self.session()
        if self.options.folder is not None:
            write_session(self.options.folder, session)
        return session

    def session(self) -> KeptJam:
        """All of it so far."""
        return self._session(snapshot(self.jam))

    def _session(self, now: Snapshot) -> KeptJam:
        session = kept(now, self.model.name, self.before)
        return msgspec.structs.replace(session, latent=sorted(self.options.latent))

    # --------------------------------------------------------------------- the thread of the time

    def _run(self) -> None:
        go_first()
        while self._running:
            try:
                wait = self.step(self.band.now())
            except Exception as error:  # whatever it is, the clock goes on
                self.failures, wait = self.failures + 1, PATIENCE
                self.sentence = f"A moment of the jam failed ({error})."
            self._wake.wait(max(0.0005, min(PATIENCE, wait)))
            self._wake.clear()

    def step(self, now: float) -> float:
        """Do what is due. Seconds until something is again."""
        while self._settings:
            self.jam.change(self._settings.popleft(), now)
        while self._in:
            self._take(self._in.popleft(), now)
        while self._thought:
            ask, answer = self._thought.popleft()
            self.jam.give(ask, answer, now)
        events, asks = self.jam.advance(now)
        for ask in asks:
            self._pool.submit(self._think, ask).add_done_callback(partial(self._came, ask))
        for event in events:
            self._sound(event)
        self._send_due(now)
        self._tell()
        if self.band.heard and now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._keeper.submit(self.band.look_after)
        due = self.jam.wants()
        waiting = [each[0][0] for each in (self._out, self._noted) if each]
        return min(due, *waiting, due) - now

    def _take(self, said: MidiSaid, now: float) -> None:
        at = self.band.of(said.seconds)
        if said.kind == "note":
            event = self.jam.hear(Heard(at - self.options.latency, said.number, said.velocity))
            if event is not None and self.options.monitor:
                self._put(event, now)
        elif said.kind == "lost":
            self.jam.capture.lost(self.jam.clock.position(at))
        elif self.options.follow_clock:
            self._follow(said, at, now)

    def _follow(self, said: MidiSaid, at: float, now: float) -> None:
        follower = self._follower
        if said.kind == "tick":
            follower.hear(at)
            if follower.tick % 24 == 0:
                follower.lead(self.jam.clock, now)
        elif said.kind == "locate":
            follower.locate(said.number)
        else:
            {"start": follower.start, "go_on": follower.go_on, "stop": follower.stop}[said.kind]()

    def _think(self, ask: Ask) -> Answer:
        return self.answerers[ask.who].answer(ask)

    def _came(self, ask: Ask, future: Future[Answer]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:  # whatever it is, the session goes on
            self.failures += 1
            self.sentence = str(error) if isinstance(error, IsobathError) else f"The model failed ({error})."
        self._thought.append((ask, None if error is not None else future.result()))
        self._wake.set()

    def _sound(self, event: Event) -> None:
        self._put(event, event.seconds)
        if self._notes is not None and event.kind != "click":
            self._order += 1
            heapq.heappush(self._noted, (event.seconds, self._order, event))
        if self._send is None or event.kind == "click":
            return
        drum = event.kind == "drum"
        channel = DRUM_CHANNEL if drum else 1
        pitch = PITCHES[event.pitch][0] if drum else event.pitch
        loud = max(1, min(127, round(event.velocity * 127)))
        self._later(event.seconds, (0x90 | channel, pitch, loud))
        self._later(event.seconds + max(0.02, event.length), (0x80 | channel, pitch, 0))

    def _put(self, event: Event, seconds: float) -> None:
        if self.band.heard:
            sound = self._sounds.of(event, wait=False)
            self.band.put(lambda mixer: sound.put(mixer, seconds))

    def _later(self, seconds: float, message: tuple[int, ...]) -> None:
        self._order += 1
        heapq.heappush(self._out, (seconds, self._order, message))

    def _send_due(self, now: float) -> None:
        while self._notes is not None and self._noted and self._noted[0][0] <= now:
            self._notes(heapq.heappop(self._noted)[2])
        if self._send is None:
            return
        if self.options.send_clock:
            if self._ticked < self.jam.clock.seconds(0) <= now + CLOCK_AHEAD:
                self._later(self.jam.clock.seconds(0) - 0.001, (0xFA,))
            for at in self.jam.clock.ticks(self._ticked, now + CLOCK_AHEAD):
                self._later(at, (0xF8,))
            self._ticked = max(self._ticked, now + CLOCK_AHEAD)
        while self._out and self._out[0][0] <= now:
            self._say(heapq.heappop(self._out)[2])

    def _say(self, message: tuple[int, ...]) -> None:
        if self._send is not None:
            with suppress(Exception):  # the port is gone: rtmidi's own errors
                self._send(message)

    def _tell(self) -> None:
        turns = self.jam.turns
        while self._kept_turns < len(turns):
            self._told(turns[self._kept_turns])
            self._kept_turns += 1
            if self.options.folder is not None and (self._writing is None or self._writing.done()):
                self._writing = self._keeper.submit(self._keep, snapshot(self.jam))

    def _keep(self, now: Snapshot) -> None:
        """Write it, in a thread that nobody waits for."""
        assert self.options.folder is not None
        write_session(self.options.folder, self._session(now))
