"""Safety maps, measured while nothing more urgent is to be done.

One thread that gives way to all others plays voices nobody hears. A newer request for a voice ends the one
under way within a batch of notes, so a performer who keeps moving demonstrations never waits for old maps.
"""

import asyncio
import os
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from isobath.errors import IsobathError, PieceError
from isobath.protocol.messages import Survey, Surveyed
from isobath.protocol.piece import Axis, Piece, SafetyMap
from isobath.server.problems import told

if TYPE_CHECKING:
    from isobath.models.coder import Model

LoadModel = Callable[[str], "Model"]

_GIVING_WAY = 10
_MODELS = 4
"""Models that are kept open."""


def low_priority_pool() -> ThreadPoolExecutor:
    """One thread that gives way to everything, where the system lets threads have a priority of their own."""
    return ThreadPoolExecutor(1, "isobath-survey", initializer=_step_back)


def _step_back() -> None:
    if hasattr(os, "setpriority") and hasattr(threading, "get_native_id"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _GIVING_WAY)


class KeptModels:
    """Loads models by name, the last few once only; they change when the library says so."""

    def __init__(self, load: LoadModel) -> None:
        self._load = load
        self._kept: OrderedDict[str, Model] = OrderedDict()

    def __call__(self, name: str) -> "Model":
        """The model of this name."""
        if name not in self._kept:
            self._kept[name] = self._load(name)
            while len(self._kept) > _MODELS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return self._kept[name]

    def forget(self) -> None:
        """Load anew from now on."""
        self._kept.clear()


def measure(survey: Survey, load: LoadModel, cancelled: Callable[[], bool]) -> Surveyed | None:
    """One survey; None where it was cancelled. Never raises: the answer says what went wrong."""
    from isobath.engine.surveying import SurveyCancelled

    try:
        return Surveyed(request=survey.request, voice=survey.voice, safety=_measured(survey, load, cancelled))
    except SurveyCancelled:
        return None
    except IsobathError as error:
        return Surveyed(request=survey.request, voice=survey.voice, sentence=str(error))
    except Exception as error:  # the page must get an answer whatever happened
        sentence, _ = told(error, "measuring how loud the map is")
        return Surveyed(request=survey.request, voice=survey.voice, sentence=sentence)


def _measured(survey: Survey, load: LoadModel, cancelled: Callable[[], bool]) -> SafetyMap | None:
    from isobath.engine.foresight import fits_together
    from isobath.engine.surveying import fingerprint, surveyed
    from isobath.engine.voices import leaders, voices_of

    slot = next((i for i, each in enumerate(survey.voices) if each.id == survey.voice), None)
    if slot is None:
        raise PieceError("The voice to be measured was not sent along. Reload the page.")
    voice = survey.voices[slot]
    ahead = leaders(survey.voices).get(voice.id)
    leader = next((each for each in survey.voices if each.id == ahead), None)
    known = voice.safety
    if known is not None and known.of == fingerprint(voice, leader, survey.axes) and fits_together(known):
        return voice.safety
    axes = tuple(Axis(id=str(i), name=str(i)) for i in range(survey.axes))
    ready = voices_of(Piece(id="survey", name="", axes=axes, voices=survey.voices), load)
    return surveyed(survey.voices, ready, slot, survey.axes, cancelled)


class Surveyor:
    """The surveys of one page."""

    def __init__(
        self, pool: Executor, load: LoadModel, answer: Callable[[Surveyed], Awaitable[None]]
    ) -> None:
        self._pool, self._load, self._answer = pool, load, answer
        self._newest: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def ask(self, survey: Survey) -> None:
        """Put a survey in line; an older one of the same voice ends."""
        self._newest[survey.voice] = survey.request
        task = asyncio.create_task(self._work(survey))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, survey: Survey) -> None:
        def old() -> bool:
            return self._stopped or self._newest.get(survey.voice) != survey.request

        def work() -> Surveyed | None:
            return None if old() else measure(survey, self._load, old)

        with suppress(RuntimeError):  # the pool is closed: the server ends
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, work)
            if answer is not None:
                await self._answer(answer)

    def stop(self) -> None:
        """Nobody listens any more."""
        self._stopped = True
        for task in list(self._tasks):
            task.cancel()
