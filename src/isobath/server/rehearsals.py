"""Rehearsals for pages: the loudest and roughest places of a piece, found while nothing more urgent is to be
done, in one thread that gives way to all others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing, suppress

from isobath.errors import IsobathError
from isobath.protocol.messages import FromServer, Rehearsed, Rehearsing
from isobath.protocol.piece import Piece
from isobath.server.problems import told

_TELL_SECONDS = 0.2


def rehearsed(
    request: int, piece: Piece, takes: bool, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> Rehearsed | None:
    """Go through a piece; None where it was cancelled. Never raises: the answer says what went wrong."""
    from isobath.engine.dreaming import dreams
    from isobath.engine.rehearsing import rehearse, report
    from isobath.engine.surveying import SurveyCancelled
    from isobath.library.home import find_home
    from isobath.library.load import Loader, load_prior
    from isobath.library.sounds import Sounds

    try:
        with closing(Loader()) as load:
            found = rehearse(
                piece,
                load,
                takes=takes,
                load_sound=Sounds(find_home()).load,
                dream_of=dreams(load_prior),
                progress=progress,
                cancelled=cancelled,
            )
        return Rehearsed(request=request, rehearsal=found, text=report(found))
    except SurveyCancelled:
        return None
    except Exception as error:  # the page must get an answer whatever happened
        sentence = str(error) if isinstance(error, IsobathError) else told(error, "rehearsing the piece")[0]
        return Rehearsed(request=request, sentence=sentence)


class Rehearser:
    """The rehearsals of one page; at most one at a time."""

    def __init__(self, pool: Executor, answer: Callable[[FromServer], None]) -> None:
        """answer: is called in the server's loop."""
        self._pool, self._answer = pool, answer
        self._newest = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, request: int, piece: Piece, takes: bool) -> None:
        """Begin, and end the one that is under way."""
        self._newest = request
        task = asyncio.create_task(self._work(request, piece, takes))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Nobody waits for it any more."""
        self._newest = 0

    async def _work(self, request: int, piece: Piece, takes: bool) -> None:
        loop, last = asyncio.get_running_loop(), [0.0]

        def old() -> bool:
            return self._newest != request

        def progress(share: float) -> None:
            if time.monotonic() - last[0] > _TELL_SECONDS and not old():
                last[0] = time.monotonic()
                answer = Rehearsing(request=request, share=min(1.0, share))
                with suppress(RuntimeError):  # the loop is closed: the server ends
                    loop.call_soon_threadsafe(self._answer, answer)

        def work() -> Rehearsed | None:
            return None if old() else rehearsed(request, piece, takes, progress, old)

        self._answer(Rehearsing(request=request, share=0.0))
        with suppress(RuntimeError):  # the pool is closed
            answer = await loop.run_in_executor(self._pool, work)
            if answer is not None and not old():
                self._answer(answer)
