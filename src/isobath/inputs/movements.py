"""Recorded movements of a piece's axes, found again whoever moves them.

A piece keeps them as sources (`GestureSource`) of its buttons and inputs. Where its axes are is looked at 30
times a second while they move and a little longer, in a thread of its own; a movement that has ended is a
value under the key ("gesture", piece, name), up at once and down again 0.2 s later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from isobath.gesture.recognising import Floats, Recogniser
from isobath.inputs.keys import Key
from isobath.protocol.controllers import GestureSource
from isobath.protocol.piece import Piece

PERIOD = 1 / 30
"""Seconds between two looks; the page records at the same pace."""
REST_SECONDS = 1.5
"""After the last move it is looked on: a path that stands still at its end has ended."""
DOWN_SECONDS = 0.2
OWN_SECONDS = 0.3
"""An axis that a controller moved so recently is where that says, whatever a page tells of it."""
MOST_RECORDINGS = 64
"""Of a piece; what goes beyond is left out."""
MOST_FRAMES = 600
MUTED_SECONDS = 30.0
"""A page that records and is never heard of again mutes for no longer."""

Say = Callable[[Key, float], None]


@dataclass(eq=False)
class _Group:
    """Movements of the same axes, which are told from each other."""

    axes: tuple[str, ...]
    names: tuple[str, ...]
    recogniser: Recogniser


@dataclass(eq=False)
class _Watched:
    """A piece whose axes are looked at."""

    made_of: tuple[GestureSource, ...]
    values: dict[str, float]
    groups: tuple[_Group, ...] | None = None
    """None: they are still to be compared with each other, which takes a moment."""
    moved: float = -1e12
    """When an axis moved last."""
    own: dict[str, float] = field(default_factory=dict)
    """When a controller moved an axis last."""
    muted: float = -1e12
    """Until when nothing is looked for."""


class Movements:
    """Those of all pieces that are played. Its thread begins with the first piece that has some."""

    def __init__(self, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        """say: called with 1 when a movement has ended, and with 0 a little later, in a thread of its own."""
        self._say, self._clock = say, clock
        self._watched: dict[str, _Watched] = {}
        self._down: list[tuple[float, Key]] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._running = True
        self._thread: threading.Thread | None = None

    def show(self, piece: Piece) -> None:
        """A piece is played, or has changed."""
        heeded = [each.source for each in piece.triggers if not each.muted]
        heeded += [each.source for each in piece.inputs if not each.muted]
        sources = tuple(each for each in heeded if isinstance(each, GestureSource))
        with self._lock:
            before = self._watched.get(piece.id)
        if not sources:
            self.hide(piece.id)
            return
        values = {axis.id: axis.rest for axis in piece.axes}
        if before is not None and before.made_of == sources and before.values.keys() == values.keys():
            return
        watched = _Watched(sources, values)
        if before is not None:
            watched.values |= {id: value for id, value in before.values.items() if id in values}
        with self._lock:
            self._watched[piece.id] = watched
            if self._thread is None and self._running:
                self._thread = threading.Thread(target=self._run, name="isobath-movements", daemon=True)
                self._thread.start()
        self._wake.set()

    def hide(self, piece: str) -> None:
        """A piece is no longer played, or has none."""
        with self._lock:
            self._watched.pop(piece, None)

    def moved(self, piece: str, axes: Sequence[str], values: Sequence[float]) -> None:
        """Controllers moved axes."""
        self._put(piece, axes, values, own=True)

    def told(self, piece: str, axes: Sequence[str], values: Sequence[float], *, recording: bool) -> None:
        """A page tells where a hand put axes. recording: it records a movement, so none is looked for."""
        self._put(piece, axes, values, own=False, recording=recording)

    def _put(
        self, piece: str, axes: Sequence[str], values: Sequence[float], *, own: bool, recording: bool = False
    ) -> None:
        watched = self._watched.get(piece)
        if watched is None:
            return
        now = self._clock()
        with self._lock:
            for axis, value in zip(axes, values, strict=False):
                if axis not in watched.values:
                    continue
                if own:
                    watched.own[axis] = now
                elif now - watched.own.get(axis, -1e12) < OWN_SECONDS:
                    continue
                if watched.values[axis] != value:
                    watched.values[axis] = value
                    watched.moved = now
            if not own:
                watched.muted = now + MUTED_SECONDS if recording else -1e12
        self._wake.set()

    def step(self, now: float) -> bool:
        """Look once. Whether there will be something to look at."""
        for each in list(self._watched.values()):
            if each.groups is None:
                each.groups = _grouped(each.made_of, set(each.values))
        with self._lock:
            looked = [
                (piece, watched, dict(watched.values))
                for piece, watched in self._watched.items()
                if now - watched.moved < REST_SECONDS
            ]
            over = [down for until, down in self._down if until <= now]
            self._down = [waits for waits in self._down if waits[0] > now]
        for key in over:
            self._say(key, 0.0)
        for piece, watched, values in looked:
            for group in watched.groups or ():
                if now < watched.muted:
                    group.recogniser.reset()
                    continue
                found = group.recogniser.put([values[axis] for axis in group.axes])
                if found is not None:
                    made: Key = ("gesture", piece, group.names[found])
                    self._say(made, 1.0)
                    self._down.append((now + DOWN_SECONDS, made))
        return bool(looked or self._down)

    def stop(self) -> None:
        """Look no more."""
        self._running = False
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(5.0)

    def _run(self) -> None:
        due = self._clock()
        while self._running:
            now = self._clock()
            due = max(due + PERIOD, now)
            if not self.step(now):
                self._wake.wait()
                due = self._clock()
            self._wake.clear()
            time.sleep(max(0.0, due - self._clock()))


def _grouped(sources: Sequence[GestureSource], here: set[str]) -> tuple[_Group, ...]:
    """The sources by the axes that they are of; those of the same name are one movement."""
    left = MOST_RECORDINGS
    known: dict[tuple[str, ...], dict[str, list[Floats]]] = {}
    for source in sources:
        if not source.axes or not here.issuperset(source.axes):
            continue
        examples = [np.array(each[:MOST_FRAMES]) for each in source.examples if _fits(each, source)][:left]
        named = known.setdefault(source.axes, {}).setdefault(source.name, [])
        if not named:
            named += examples
            left -= len(examples)
    return tuple(
        _Group(axes, tuple(named), Recogniser(list(named.values()))) for axes, named in known.items()
    )


def _fits(example: Sequence[Sequence[float]], source: GestureSource) -> bool:
    return bool(example) and all(len(point) == len(source.axes) for point in example)
