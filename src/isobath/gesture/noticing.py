"""Which of many controllers is moved right now: "move a knob".

Some of them say the same all the time, some tremble, some send thirty values a second of a body that
stands still. At first each is only watched; then the first one that goes clearly further than it trembled
is the one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

WATCHED_SECONDS = 0.4
ENOUGH = 4
"""Values it takes to be sure; a button has fewer, and they are far apart."""

FURTHER = 6.0
"""Times as far as it trembled."""

FAR = 0.08
"""Share of the largest value it has said."""

Name = TypeVar("Name")


@dataclass
class _Watched:
    lo: float
    hi: float
    trembled: float = 0.0
    largest: float = 1e-9
    values: set[float] = field(default_factory=set)


class Noticing(Generic[Name]):
    """Hears every value with the name of its controller."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._watched: dict[Name, _Watched] = {}

    def hear(self, name: Name, value: float, now: float) -> tuple[Name, float, float] | None:
        """A controller says a value. Its name and range so far, if it is the one that is moved."""
        if value != value or abs(value) > 1e9:
            return None
        watched = self._watched.get(name)
        if watched is None:
            if len(self._watched) < 10_000:
                self._watched[name] = _Watched(value, value, 0.0, max(abs(value), 1e-9), {value})
            return None
        watched.lo, watched.hi = min(watched.lo, value), max(watched.hi, value)
        watched.largest = max(watched.largest, abs(value))
        if len(watched.values) < ENOUGH:
            watched.values.add(value)
        width = watched.hi - watched.lo
        if now - self._began < WATCHED_SECONDS:
            watched.trembled = width
            return None
        sure = len(watched.values) >= ENOUGH or width > 0.5 * watched.largest
        if sure and width > FURTHER * watched.trembled and width > FAR * watched.largest:
            return name, watched.lo, watched.hi
        return None
