"""Where everything that moves an axis meets: every controller says its values here, in its own thread,
and the pieces that are played are told where their axes are, at most 500 times a second.

A value that comes in is put where it belongs and nothing else; only the newest of each controller counts.
One thread then takes the steps (`isobath.gesture.board`), as long as something moves, and tells.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from isobath.inputs.keys import Key, kind_of, words_for
from isobath.inputs.movements import Movements
from isobath.inputs.osc.packets import Message, Value
from isobath.inputs.surface import Put, Surface
from isobath.inputs.urgent import Urgency
from isobath.protocol.controllers import Action
from isobath.protocol.messages import Heeded
from isobath.protocol.piece import Piece

PERIOD = 0.002
"""Seconds between two steps, at least."""

PATIENCE = 0.05
"""Seconds between two steps while nothing moves, but something may end."""

ROUTES = 4096
"""Keys whose ways are remembered; more are a storm, and are looked up again."""

WIDEST = 256
"""Arguments of a message that are looked at."""

NUMBERS = frozenset((float, int))
"""Exactly what packets hold; asking so is a third of isinstance."""

SHOWN, SHOWN_VALUES, LONGEST_NAME = 64, 64, 120
"""Of what came in, how much is told."""

ACTIONS = 256
"""Actions that wait to be told."""

Moved = Callable[[str, Sequence[str], Sequence[float]], None]
"""Piece, axes that moved, where they are."""

Acted = Callable[[str, Action, bool], None]
"""Piece, what happens, begins or ends."""


@dataclass(eq=False)
class Route:
    """Messages of one address."""

    ways: tuple[tuple[int, Put], ...]
    """Argument and where it goes."""
    count: int = 0
    values: tuple[Value, ...] = ()
    """Of the last message."""


@dataclass(eq=False)
class Way:
    """Values of one key."""

    puts: tuple[Put, ...]
    count: int = 0
    value: float = 0.0
    """The last."""


class Hub:
    """One per server, and one per stage."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._surfaces: dict[str, Surface] = {}
        self._lock = threading.Lock()
        self._osc: dict[str, Route] = {}
        self._ways: dict[Key, Way] = {}
        self._actions: deque[tuple[str, Action, bool]] = deque(maxlen=ACTIONS)
        self._moved: list[Moved] = []
        self._acted: list[Acted] = []
        self._wake = threading.Event()
        self._running = False
        self._thread: threading.Thread | None = None
        self.listeners: tuple[Callable[[Key, float], None], ...] = ()
        """Hear every value of every controller with its key; none, most of the time."""
        self._before = (0, 0, 0)
        """Counts of pieces that are no longer played."""
        self.unheard = 0
        """Messages that moved nothing."""
        self.movements = Movements(self.say, clock)
        """Recorded ones, found again while axes move."""

    # --------------------------------------------------------------------------- the pieces

    def show(self, piece: Piece) -> None:
        """A piece is played, or has changed."""
        self.movements.show(piece)
        with self._lock:
            before = self._surfaces.get(piece.id)
            if before is not None and before.made_of == (piece.axes, piece.inputs, piece.triggers):
                return

            def act(action: Action, begins: bool) -> None:
                self._actions.append((piece.id, action, begins))
                self.wake()

            self._surfaces[piece.id] = Surface(piece, act, before)
            self._osc, self._ways = {}, {}
        self.wake()

    def hide(self, piece: str) -> None:
        """A piece is no longer played."""
        self.movements.hide(piece)
        with self._lock:
            gone = self._surfaces.pop(piece, None)
            if gone is not None:
                ignored, outside, pulls = self._before
                board = gone.board
                self._before = (ignored + board.ignored, outside + board.outside, pulls + board.pulls)
                self._osc, self._ways = {}, {}

    def surface(self, piece: str) -> Surface | None:
        """The axes of a piece that is played."""
        return self._surfaces.get(piece)

    def values(self, piece: str) -> list[float]:
        """Where the axes of a piece are."""
        surface = self._surfaces.get(piece)
        return [] if surface is None else surface.board.values

    def axes(self) -> list[str]:
        """Names of the axes of the pieces that are played."""
        return [name for surface in list(self._surfaces.values()) for name in surface.names]

    def tell(self, moved: Moved, acted: Acted) -> None:
        """Have somebody told, in the hub's own thread, so they must not wait."""
        self._moved.append(moved)
        self._acted.append(acted)

    def hand(self, piece: str, axis: str, value: float) -> None:
        """The performer's hand put an axis somewhere on a page."""
        with self._lock:
            surface = self._surfaces.get(piece)
            if surface is not None and axis in surface.axes:
                surface.board.hand(surface.axes.index(axis), value, self._clock())

    def freeze(self, piece: str, axes: Iterable[str], on: bool) -> None:
        """Let axes stay where they are, whatever their controllers say, or follow them again."""
        with self._lock:
            surface = self._surfaces.get(piece)
            for axis in axes:
                if surface is not None and axis in surface.axes:
                    surface.board.freeze(surface.axes.index(axis), on)
        self.wake()

    def tap(self, piece: str, taps: Mapping[str, Callable[[float], None]]) -> None:
        """Let somebody hear every value of these inputs of a piece, and nobody those of its others."""
        with self._lock:
            surface = self._surfaces.get(piece)
            if surface is not None:
                for slot in surface.board.slots:
                    slot.taps = (taps[slot.id],) if slot.id in taps else ()

    def counts(self) -> tuple[int, int, int]:
        """Values ignored, values outside, and times that two controllers pulled at an axis."""
        boards = [surface.board for surface in list(self._surfaces.values())]
        sums = [sum(each) for each in zip(*((b.ignored, b.outside, b.pulls) for b in boards), strict=True)]
        before = self._before
        return (before[0] + sums[0], before[1] + sums[1], before[2] + sums[2]) if sums else before

    def lose(self, keys: Iterable[Key]) -> None:
        """Controllers are gone, or were let go."""
        puts = {put for key in keys for put in self._puts(key)}
        now = self._clock()
        with self._lock:
            for surface in self._surfaces.values():
                surface.board.lose([slot for slot in surface.board.slots if slot.put in puts], now)
        self.wake()

    # ---------------------------------------------------------------------- what comes in

    def say(self, key: Key, value: float) -> None:
        """A controller says a value."""
        ways = self._ways
        found = ways.get(key)
        if found is None:
            if len(ways) >= ROUTES:
                ways.clear()
            found = ways[key] = Way(self._puts(key))
        found.count += 1
        found.value = value
        for put in found.puts:
            put(value)
        if not found.puts:
            self.unheard += 1
        elif not self._wake.is_set():
            self._wake.set()
        for listener in self.listeners:
            listener(key, value)

    def osc(self, message: Message) -> None:
        """A message came in."""
        address, values, _ = message
        routes = self._osc
        route = routes.get(address)
        if route is None:
            if len(routes) >= ROUTES:
                routes.clear()
            route = routes[address] = self._route(address)
        route.count += 1
        route.values = values
        here = len(values)
        for argument, put in route.ways:
            if argument < here:
                value = values[argument]
                if value.__class__ in NUMBERS:
                    put(value)  # type: ignore[arg-type]
            elif argument == 0:  # a message without values: it happens, and it is over
                put(1.0)
                put(0.0)
        if not route.ways:
            self.unheard += 1
        elif not self._wake.is_set():
            self._wake.set()
        for listener in self.listeners:
            for argument, value in enumerate(values[:WIDEST]):
                if isinstance(value, float | int):
                    listener(("osc", address, argument), value)

    def hears(self, address: str) -> bool:
        """Whether messages to an address move anything."""
        route = self._osc.get(address)
        return bool((route or self._route(address)).ways)

    def heeded(self) -> list[Heeded]:
        """What came in since the pieces last changed, what moves something first."""
        found = [
            Heeded(
                kind="osc",
                name=address[:LONGEST_NAME],
                values=tuple(float(v) for v in route.values[:SHOWN_VALUES] if isinstance(v, float | int)),
                count=route.count,
                moves=bool(route.ways),
            )
            for address, route in list(self._osc.items())
        ]
        found += [
            Heeded(
                kind=kind,
                name=words_for(key)[:LONGEST_NAME],
                values=(way.value,),
                count=way.count,
                moves=bool(way.puts),
            )
            for key, way in list(self._ways.items())
            if (kind := kind_of(key)) is not None
        ]
        return sorted(found, key=lambda each: not each.moves)[:SHOWN]

    def _route(self, address: str) -> Route:
        with self._lock:
            return Route(tuple(way for each in self._surfaces.values() for way in each.ways(address)))

    def _puts(self, key: Key) -> tuple[Put, ...]:
        with self._lock:
            return tuple(put for surface in self._surfaces.values() for put in surface.puts(key))

    # ------------------------------------------------------------------------ the thread

    def start(self) -> None:
        """Begin to take steps."""
        if self._thread is None:
            self._running = True
            self._thread = threading.Thread(target=self._run, name="isobath-hub", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Take no more steps."""
        self.movements.stop()
        self._running = False
        self.wake()
        if self._thread is not None:
            self._thread.join(5.0)
            self._thread = None

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def _run(self) -> None:
        urgency = Urgency()
        wait: float | None = None
        while self._running:
            urgency.watch()
            self._wake.wait(wait)
            self._wake.clear()
            if not self._running:
                return
            began = self._clock()
            wait = self.step(began)
            left = PERIOD - (self._clock() - began)
            if left > 0.0:
                time.sleep(left)

    def step(self, now: float) -> float | None:
        """Let every piece take a step, and tell what moved. Seconds until the next one is due; None: when
        something comes in."""
        told: list[tuple[str, list[str], list[float]]] = []
        wait: float | None = None
        with self._lock:
            for piece, surface in self._surfaces.items():
                board = surface.board
                alive = surface.tick(now)
                moved = board.step(now)
                if moved:
                    values = board.values
                    told.append((piece, [surface.axes[i] for i in moved], [values[i] for i in moved]))
                if alive or not board.idle:
                    wait = 0.0
                elif board.waiting and wait is None:
                    wait = PATIENCE
        for piece, axes, values in told:
            self.movements.moved(piece, axes, values)
            for moved_to in self._moved:
                moved_to(piece, axes, values)
        with suppress(IndexError):
            while True:
                piece, action, begins = self._actions.popleft()
                for acted in self._acted:
                    acted(piece, action, begins)
        return wait
