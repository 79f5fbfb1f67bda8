"""Controllers beside the pages: who listens for them, and how what they move reaches the event loop."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Literal

from isobath.gesture.calibration import Calibration
from isobath.gesture.noticing import Noticing
from isobath.inputs.gamepads import Gamepads
from isobath.inputs.gametrak import Gametrak
from isobath.inputs.hearing import SoundIn
from isobath.inputs.hub import Hub
from isobath.inputs.keys import Key, source_of, words_for
from isobath.inputs.link import LinkWatch
from isobath.inputs.midi.clock import Beat
from isobath.inputs.midi.ports import MidiPorts
from isobath.inputs.midi.watching import Api
from isobath.inputs.osc.receiver import OscReceiver
from isobath.protocol.controllers import Action
from isobath.protocol.messages import (
    ControllerNoticed,
    ControllersNow,
    InputHeard,
    InputRange,
    InputsCalibrated,
    Troubles,
)
from isobath.protocol.piece import Piece

Move = Callable[[str, Sequence[str], Sequence[float]], None]
Act = Callable[[str, Action, bool], None]
Noticed = Callable[[ControllerNoticed], None]


PAGE_PERIOD = 0.005
"""Seconds between two times that pages hear of axes, at least."""


class _Gathered:
    """Where axes went, told to an event loop: at once after a rest, else as often as pages are to hear of it,
    which is less often than a stage."""

    def __init__(self, loop: asyncio.AbstractEventLoop, move: Move) -> None:
        self._loop, self._move = loop, move
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[str, float]] = {}
        self._told = -PAGE_PERIOD

    def put(self, piece: str, axes: Sequence[str], values: Sequence[float]) -> None:
        """From whatever thread."""
        with self._lock:
            first = not self._waiting
            self._waiting.setdefault(piece, {}).update(zip(axes, values, strict=True))
        if first and not self._loop.is_closed():
            with suppress(RuntimeError):  # it was closed just now
                self._loop.call_soon_threadsafe(self._plan)

    def _plan(self) -> None:
        left = self._told + PAGE_PERIOD - self._loop.time()
        if left > 0.0:
            self._loop.call_later(left, self._tell)
        else:
            self._tell()

    def _tell(self) -> None:
        self._told = self._loop.time()
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for piece, axes in waiting.items():
            self._move(piece, tuple(axes), tuple(axes.values()))


class Controllers:
    """One per server."""

    def __init__(
        self,
        osc: tuple[str, int] | None = None,
        *,
        dates: bool = True,
        midi: Api | None = None,
        gamepads: bool = False,
        sound: str | None = None,
        programs: bool = False,
        link: tuple[str, int] | None = None,
    ) -> None:
        """osc: host and port on which OSC comes in. dates: its bundles wait for theirs. midi: from which
        system MIDI comes. gamepads: they are read, and a Gametrak. sound: device whose sound moves axes;
        `default` is the usual one. programs: they may come in by WebSocket with `key`. link: where Carabiner
        is, which says the beat of a Link session. Whatever is None or false is left alone.

        Raises:
            UsageError: one of them cannot be listened to.
        """
        self.hub = Hub()
        self.osc = None
        if osc is not None:
            self.osc = OscReceiver(*osc, self.hub.osc, dates=dates, gone=self._program_gone)
        self._beat: Callable[[Beat], None] = lambda _: None
        self.midi = None
        if midi is not None:
            self.midi = MidiPorts(self.hub.say, self.hub.lose, midi, beat=lambda beat: self._beat(beat))
        self.link = None if link is None else LinkWatch(lambda beat: self._beat(beat), *link)
        self.gamepads = Gamepads(self.hub.say, self.hub.lose) if gamepads else None
        self.gametrak = Gametrak(self.hub.say, self.hub.lose) if gamepads else None
        self.sound = None
        if sound is not None:
            self.sound = SoundIn(self.hub.say, self.hub.lose, "" if sound == "default" else sound)
        self.key = secrets.token_urlsafe(24) if programs else None
        """What a program must know to come in; another one with every start."""
        self.watchers: list[Callable[[Piece], None]] = []
        """Are shown each piece that is played, whenever it changes."""
        self._shown: set[str] = set()

    def start(self, move: Move, act: Act, beat: Callable[[Beat], None] = lambda _: None) -> None:
        """Begin, and have the event loop that runs now told."""
        loop = asyncio.get_running_loop()

        def beats(heard: Beat) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(beat, heard)

        self._beat = beats

        gathered = _Gathered(loop, move)

        def acted(piece: str, action: Action, begins: bool) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(act, piece, action, begins)

        self.hub.tell(gathered.put, acted)
        self.hub.start()

    def _program_gone(self, addresses: Mapping[str, int]) -> None:
        self.hub.lose([("osc", address, i) for address, values in addresses.items() for i in range(values)])

    # --------------------------------------------------------------------------- the pieces

    def only(self, pieces: set[str]) -> list[str]:
        """These pieces are played, and no others. Those of them that are not shown yet."""
        for gone in self._shown - pieces:
            self.hub.hide(gone)
        self._shown &= pieces
        return sorted(pieces - self._shown)

    def show(self, piece: Piece) -> None:
        """A piece that is played, as it is now."""
        self._shown.add(piece.id)
        self.hub.show(piece)
        for watcher in self.watchers:
            watcher(piece)

    def changed(self, piece: Piece) -> None:
        """A piece was changed; if nobody plays it, nothing happens."""
        if piece.id in self._shown:
            self.show(piece)

    def freeze(self, piece: str, axes: Iterable[str], on: bool) -> None:
        """Let axes of a piece stay where they are, or follow their controllers again."""
        self.hub.freeze(piece, axes, on)

    # ------------------------------------------------------------------------ looking at them

    def now(self, piece: str | None) -> ControllersNow:
        """What controllers say, and which of them are heard in a piece."""
        surface = None if piece is None else self.hub.surface(piece)
        troubles = self.troubles()
        return ControllersNow(
            doors=self.doors(),
            heeded=tuple(self.hub.heeded()),
            heard=() if surface is None else _heard(surface.heard()),
            troubles=troubles,
            sentence=self._sentence(troubles),
        )

    @property
    def reads(self) -> tuple[Literal["midi", "gamepad"], ...]:
        """What a page need not read itself."""
        midi: tuple[Literal["midi"], ...] = () if self.midi is None else ("midi",)
        gamepads: tuple[Literal["gamepad"], ...] = () if self.gamepads is None else ("gamepad",)
        return (*midi, *gamepads)

    def doors(self) -> tuple[str, ...]:
        """What is listened to."""
        found = []
        if self.osc is not None:
            found.append("OSC on {}:{}".format(*self.osc.address))
        if self.midi is not None:
            found += self.midi.names
        if self.gamepads is not None:
            found += self.gamepads.names
        if self.gametrak is not None:
            found += [name.capitalize() for name in self.gametrak.names]
        if self.link is not None and self.link.connected:
            found.append("Ableton Link")
        if self.sound is not None and not self.sound.lost:
            found.append(f"sound of {self.sound.name}")
        if self.key is not None:
            found.append("programs by WebSocket")
        return tuple(found)

    def troubles(self) -> Troubles:
        """What was ignored so far."""
        counts = None if self.osc is None else self.osc.counts
        ignored, outside, pulls = self.hub.counts()
        garbage = [each.garbage for each in (self.midi, self.gametrak) if each is not None]
        return Troubles(
            malformed=(0 if counts is None else counts.malformed) + sum(garbage),
            dropped=0 if counts is None else counts.dropped,
            ignored=ignored,
            outside=outside,
            pulls=pulls,
            unheard=self.hub.unheard,
        )

    def _sentence(self, troubles: Troubles) -> str:
        told = []
        if troubles.malformed:
            why = "" if self.osc is None or not self.osc.counts.reason else f" ({self.osc.counts.reason})"
            told.append(f"{troubles.malformed} packets that could not be read{why}")
        if troubles.ignored:
            told.append(f"{troubles.ignored} values that are no numbers")
        if troubles.dropped:
            told.append(f"{troubles.dropped} messages dated ahead for which there is no room")
        sentences = [f"Ignored from controllers: {', '.join(told)}."] if told else []
        if troubles.pulls:
            times = "once" if troubles.pulls == 1 else f"{troubles.pulls} times"
            sentences.append(f"Two controllers pulled at one axis {times}; the one moved last is heard.")
        return " ".join(sentences)

    # ---------------------------------------------------------------------- teaching them

    def notice(self, request: int, told: Noticed) -> Callable[[], None]:
        """Have the event loop that runs now told of the next controller that is moved, once. What ends it."""
        loop = asyncio.get_running_loop()
        noticing: Noticing[Key] = Noticing(time.monotonic())

        def end() -> None:
            self.hub.listeners = tuple(each for each in self.hub.listeners if each is not hear)

        def hear(key: Key, value: float) -> None:
            found = noticing.hear(key, value, time.monotonic())
            source = None if found is None else source_of(key)
            if found is None or source is None:
                return
            end()
            _, lo, hi = found
            name = words_for(key)
            noticed = ControllerNoticed(request=request, source=source, lo=lo, hi=hi, name=name)
            if not loop.is_closed():
                loop.call_soon_threadsafe(told, noticed)

        self.hub.listeners = (*self.hub.listeners, hear)
        return end

    def close(self) -> None:
        """Listen no more."""
        if self.osc is not None:
            self.osc.close()
        for door in (self.midi, self.link, self.gamepads, self.gametrak, self.sound):
            if door is not None:
                door.close()
        self.hub.stop()


class Wiggling:
    """Inputs of a piece whose ranges are being learned."""

    def __init__(self, controllers: Controllers, piece: str, request: int, inputs: Iterable[str]) -> None:
        self.request = request
        self._hub = controllers.hub
        self._piece = piece
        self._calibrations = {each: Calibration() for each in inputs}
        self._hub.tap(piece, {each: found.hear for each, found in self._calibrations.items()})

    def ranges(self, *, done: bool = False) -> InputsCalibrated:
        """How far they were moved so far."""
        found = [(each, calibration.range) for each, calibration in self._calibrations.items()]
        ranges = tuple(InputRange(input=each, lo=r[0], hi=r[1]) for each, r in found if r is not None)
        return InputsCalibrated(request=self.request, ranges=ranges, done=done)

    def end(self) -> None:
        """Listen no more."""
        self._hub.tap(self._piece, {})


def _heard(found: Iterable[tuple[str, str]]) -> tuple[InputHeard, ...]:
    return tuple(InputHeard(axis=axis, input=input) for axis, input in found)
