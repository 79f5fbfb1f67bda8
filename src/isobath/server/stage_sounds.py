"""What the stage plays, recorded for a page: it asks for it to begin, and takes the file away at the end.

The recorder is that of `isobath stage --record`: it reads what went to the device from the shared memory, so
nothing that sounds waits for it. One recording at a time; any page may end it, also after the stage has.
"""

from __future__ import annotations

import io
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from isobath.engine.sources import quantised
from isobath.errors import AudioError, UsageError
from isobath.types import Audio

if TYPE_CHECKING:
    from isobath.outputs.stage.engine import StageEngine
    from isobath.outputs.stage.recorder import Recorder
    from isobath.server.desk import Desk

MOST_SECONDS = 2 * 3600.0
"""A recording that nobody ends stops here."""

_KINDS = {"wav": "audio/wav", "flac": "audio/flac"}


class StageSound:
    """The recording that is under way, or waits to be fetched."""

    def __init__(self) -> None:
        self._recorder: Recorder | None = None
        self._rate = 0
        self._lock = threading.Lock()

    @property
    def there(self) -> bool:
        """Whether there is one."""
        return self._recorder is not None

    def begin(self, engine: StageEngine | None, folder: Path, kind: str) -> None:
        """Record what an engine plays, as `wav` or `flac`, from now on; what is recorded already goes on.

        Raises UsageError where nothing plays, AudioError where it cannot be written.
        """
        from isobath.outputs.stage.recorder import Recorder

        if engine is None:
            raise UsageError("The stage does not play, so there is nothing to record. Start it first.")
        if kind not in _KINDS:
            raise UsageError(f"A recording is wav or flac, not {kind[:20]}.")
        with self._lock:
            if self._recorder is not None:
                return
            handle, name = tempfile.mkstemp(prefix="stage-", suffix=f".{kind}", dir=folder)
            os.close(handle)
            self._recorder = Recorder(Path(name), engine.area, MOST_SECONDS)
            self._rate = engine.area.board.rate

    def follow(self, engine: StageEngine) -> None:
        """Another engine plays: it goes on there, at the same rate; of another rate it ends here."""
        with self._lock:
            recorder = self._recorder
            if recorder is not None and engine.area.board.rate == self._rate:
                recorder.follow(engine.area)

    def end(self) -> Path:
        """Write the rest; the file is the caller's. Raises AudioError where nothing is recorded."""
        with self._lock:
            recorder, self._recorder = self._recorder, None
        if recorder is None:
            raise AudioError("The stage is not being recorded. Record it, then end the recording.")
        recorder.end()
        return recorder.paths[0]

    def drop(self) -> None:
        """The server ends: what nobody fetched goes."""
        if self.there:
            self.end().unlink(missing_ok=True)


def as_flac(came: Audio, rate: int) -> bytes:
    """What came in with a take, (2, samples) at a rate, as a file of the very numbers its voices heard."""
    whole = (quantised(came).astype(np.float64) * 8388608.0).astype(np.int32) * 256
    file = io.BytesIO()
    soundfile.write(file, whole.T, rate, "PCM_24", format="FLAC")
    return file.getvalue()


class StageSoundRoutes:
    """All routes below /stage."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/stage/sound", self.begin, methods=["POST"]),
            Route("/stage/sound/end", self.end, methods=["POST"]),
        ]

    async def begin(self, request: Request) -> Response:
        """POST /stage/sound?kind=flac: record from now on; `wav` where no kind is named."""
        stage, folder = self._desk.stage, self._desk.library.home.incoming
        kind = request.query_params.get("kind", "wav")
        await run_in_threadpool(stage.sound.begin, stage.engine, folder, kind)
        self._desk.tell_stage()
        return Response(status_code=204)

    async def end(self, _: Request) -> Response:
        """POST /stage/sound/end: the file, with 24 bits at the piece's rate."""
        path = await run_in_threadpool(self._desk.stage.sound.end)
        self._desk.tell_stage()
        return FileResponse(
            path,
            media_type=_KINDS[path.suffix[1:]],
            headers={"cache-control": "no-store"},
            background=BackgroundTask(path.unlink, missing_ok=True),
        )
