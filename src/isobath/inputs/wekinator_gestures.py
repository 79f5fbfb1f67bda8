"""Gestures that Wekinator's messages record and that are recognised from its inputs, and their file.

These are JSON (Wekinator's own are brought to it by isobath.mapping.exchange.wekinator):
`{"inputs": 2, "gestures": [{"name": "output_1", "examples": [[[0.1, 0.2], …], …]}, …]}`.
"""

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from isobath.errors import MappingError
from isobath.gesture.recognising import FEWEST, MOST_EXAMPLES, Recogniser

MOST_GESTURES = 64
LONGEST = 10_000
"""Frames of a recording; what is longer is cut."""
FARTHEST = 1000.0
"""What is told of a gesture that is nowhere near."""

_Number = Annotated[float, Meta(ge=-1e9, le=1e9)]
_Path = Annotated[tuple[tuple[_Number, ...], ...], Meta(max_length=LONGEST)]


class Gesture(msgspec.Struct, frozen=True):
    """One, with its recordings: a point (inputs,) for each message that came."""

    name: str
    examples: Annotated[tuple[_Path, ...], Meta(max_length=MOST_EXAMPLES)] = ()


class GestureFile(msgspec.Struct, frozen=True):
    """What lies in the file."""

    inputs: int
    gestures: Annotated[tuple[Gesture, ...], Meta(max_length=MOST_GESTURES)] = ()


def read_gestures(data: bytes) -> GestureFile:
    """Raises MappingError where it is none."""
    try:
        found = msgspec.json.decode(data, type=GestureFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"gestures.json cannot be read ({error}).") from error
    sizes = {len(point) for each in found.gestures for path in each.examples for point in path}
    if sizes - {found.inputs}:
        raise MappingError(
            f"gestures.json has points of {sorted(sizes)} inputs, but says it has {found.inputs}."
        )
    return found


class Gestures:
    """Recorded and recognised; handed points from one thread."""

    def __init__(self, known: GestureFile | None = None, names: Sequence[str] = ()) -> None:
        """names: of gestures that have no recordings yet."""
        self._known: list[tuple[str, list[list[tuple[float, ...]]]]] = [
            (each.name, [list(path) for path in each.examples]) for each in (known.gestures if known else ())
        ]
        self._known += [(name, []) for name in names[len(self._known) : MOST_GESTURES]]
        self.inputs = known.inputs if known else 0
        self.recording: int | None = None
        self._path: list[tuple[float, ...]] = []
        self._recogniser = Recogniser([])
        self._learn()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all gestures."""
        return tuple(name for name, _ in self._known)

    @property
    def recorded(self) -> int:
        """Recordings of all gestures together."""
        return sum(len(paths) for _, paths in self._known)

    @property
    def file(self) -> GestureFile:
        """What is to be kept."""
        gestures = tuple(Gesture(name, tuple(map(tuple, paths))) for name, paths in self._known)
        return GestureFile(self.inputs, gestures)

    def start(self, number: int) -> None:
        """Record gesture `number`, from 1; one beyond the last makes room for itself."""
        while len(self._known) < number:
            self._known.append((f"output_{len(self._known) + 1}", []))
        self.recording, self._path = number - 1, []

    def stop(self) -> str:
        """It is over. What to tell."""
        if self.recording is None:
            return ""
        name, paths = self._known[self.recording]
        path, self.recording = self._path, None
        if len(path) < FEWEST:
            return f"{name}: {len(path)} inputs came in; a gesture needs {FEWEST}. It is left out."
        if self.recorded >= MOST_EXAMPLES:
            return f"There are {MOST_EXAMPLES} recordings, which is the most. Delete some."
        if self.recorded and self.inputs != len(path[0]):
            return f"{name}: {len(path[0])} inputs, but the recordings have {self.inputs}. It is left out."
        self.inputs = len(path[0])
        paths.append(path)
        self._learn()
        return f"{name}: {len(paths)} recordings."

    def clear(self, number: int | None = None) -> None:
        """Forget the recordings of one gesture, from 1, or of all."""
        for at, (_, paths) in enumerate(self._known):
            if number in (None, at + 1):
                paths.clear()
        self._learn()

    def put(self, point: Sequence[float]) -> str | None:
        """A point came in: it is recorded, or the name of the gesture that has just ended is told."""
        if self.recording is not None:
            same = not self._path or len(self._path[0]) == len(point)
            if same and len(self._path) < LONGEST and all(map(math.isfinite, point)):
                self._path.append(tuple(float(each) for each in point))
            return None
        found = self._recogniser.put(point)
        return None if found is None else self._known[found][0]

    @property
    def distances(self) -> list[float]:
        """How far what came in last is from each gesture; 1: as far as it is still taken for it."""
        return [min(float(each), FARTHEST) for each in self._recogniser.distances]

    def _learn(self) -> None:
        self._recogniser = Recogniser([[np.array(path) for path in paths] for _, paths in self._known])
