"""What is known here of the take that is recorded: its rows, the scenes it went through, what came in.

All of it stands in the shared memory or is told as it happens, so a worker that ends takes nothing along.
"""

from __future__ import annotations

import threading

import msgspec

from isobath.engine.takes import finished
from isobath.outputs.stage import wire
from isobath.outputs.stage.area import Area
from isobath.outputs.stage.incoming import Incoming
from isobath.outputs.stage.rows import Recording
from isobath.protocol.piece import Id, SceneChange, Take
from isobath.types import Audio


class Keeping:
    """One recording after another."""

    def __init__(self, area: Area) -> None:
        self._area = area
        self._recording, self._incoming = Recording(), Incoming(int(area.board.rate))
        self._lock = threading.Lock()
        self.scenes: list[SceneChange] = []
        """That it went over to."""
        self._first: Id | None = None
        """Scene at which it began."""
        self._recalled: dict[int, tuple[Id, float]] = {}
        """Scenes that it goes over to, by revision, until a worker says at which frame."""

    def begin(self) -> int:
        """Forget the one before; the number of the new one."""
        with self._lock:
            number = self._recording.begin()
            self._incoming.begin(number)
            self._recalled, self.scenes = {}, []
        return number

    def begins_with(self, scene: Id | None) -> None:
        """It begins in this scene."""
        self._first = scene

    def look(self) -> None:
        """Fetch what was written lately."""
        with self._lock:
            self._fetch()

    def _fetch(self) -> None:
        self._recording.take_in(self._area.rows.fetch())
        self._incoming.take_in(self._area.incoming.fetch())

    def recall(self, revision: int, scene: Id, seconds: float) -> None:
        """With this revision it goes over to a scene."""
        self._recalled[revision] = (scene, seconds)

    def failed(self, revision: int) -> None:
        """It does not."""
        self._recalled.pop(revision, None)

    def reached(self, answer: wire.Ready) -> None:
        """A worker plays a revision; changes that follow each other at once are answered together."""
        due = sorted(each for each in self._recalled if each <= answer.revision)
        for revision in due:
            scene, seconds = self._recalled.pop(revision)
            if revision == due[-1]:
                self.scenes.append(SceneChange(scene=scene, frame=answer.frame, seconds=seconds))

    def whole(self, take: Take, over: Take | None) -> tuple[Take, Audio | None]:
        """A take as it is kept, with the rows of those who sounded before the one that ended its recording;
        and what came in with it, (2, samples), None where nobody listened."""
        with self._lock:
            self._fetch()
            kept = self._recording
            if self.scenes:
                begins = () if self._first is None else (SceneChange(frame=0, scene=self._first),)
                take = msgspec.structs.replace(take, scenes=(*begins, *self.scenes))
            if kept.frames and take.points and len(kept.points[0]) == len(take.points[0]):
                take = msgspec.structs.replace(take, frames=tuple(kept.frames), points=tuple(kept.points))
            if take.frames and take.frames[0] > 0:  # it began a little after its line
                take = msgspec.structs.replace(take, frames=(0, *take.frames[1:]))
            return finished(take, over), self._incoming.whole()
