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
from isobath.protocol.messages import LandSurveyed, Survey, Surveyed, SurveyLand
from isobath.protocol.piece import Axis, Piece, SafetyMap, Voice
from isobath.protocol.world import LandSurvey
from isobath.server.problems import told

if TYPE_CHECKING:
    from isobath.models.coder import Model

LoadModel = Callable[[str], "Model"]

GIVING_WAY = 10
"""How much later than others threads and processes that measure get their turn."""
_MODELS = 4
"""Models that are kept open."""


def low_priority_pool() -> ThreadPoolExecutor:
    """One thread that gives way to everything, where the system lets threads have a priority of their own."""
    return ThreadPoolExecutor(1, "isobath-survey", initializer=_step_back)


def _step_back() -> None:
    if hasattr(os, "setpriority") and hasattr(threading, "get_native_id"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVING_WAY)


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

    def rest(self) -> None:
        """End what runs in a process of its own; it is started anew when it is needed again."""
        for name, model in list(self._kept.items()):
            close = getattr(model, "close", None)
            if close is not None:
                del self._kept[name]
                close()


def measure(
    survey: Survey | SurveyLand, load: LoadModel, cancelled: Callable[[], bool]
) -> Surveyed | LandSurveyed | None:
    """One survey; None where it was cancelled. Never raises: the answer says what went wrong."""
    from isobath.engine.surveying import SurveyCancelled

    try:
        if isinstance(survey, SurveyLand):
            return LandSurveyed(request=survey.request, land=_land(survey, load, cancelled))
        return Surveyed(request=survey.request, voice=survey.voice, safety=_measured(survey, load, cancelled))
    except SurveyCancelled:
        return None
    except Exception as error:  # the page must get an answer whatever happened
        sentence = str(error) if isinstance(error, IsobathError) else told(error, "measuring the map")[0]
        if isinstance(survey, SurveyLand):
            return LandSurveyed(request=survey.request, sentence=sentence)
        return Surveyed(request=survey.request, voice=survey.voice, sentence=sentence)


def _asked(survey: Survey | SurveyLand) -> tuple[int, Voice | None]:
    """Which of the voices is meant, and whom it follows."""
    from isobath.engine.voices import leaders

    slot = next((i for i, each in enumerate(survey.voices) if each.id == survey.voice), None)
    if slot is None:
        raise PieceError("The voice to be measured was not sent along. Reload the page.")
    ahead = leaders(survey.voices).get(survey.voice)
    return slot, next((each for each in survey.voices if each.id == ahead), None)


def _land(survey: SurveyLand, load: LoadModel, cancelled: Callable[[], bool]) -> LandSurvey | None:
    from isobath.engine.land import COLUMNS, ROWS, land_fingerprint, survey_land
    from isobath.engine.voices import voices_of

    slot, leader = _asked(survey)
    if len(survey.ids) != survey.axes or len(survey.rest) != survey.axes:
        raise PieceError(f"A ground of {survey.axes} axes needs as many names and values. Reload the page.")
    voice, world = survey.voices[slot], survey.world
    known = world.land
    of = land_fingerprint(voice, leader, world, survey.ids, survey.rest)
    if known is not None and known.of == of and len(known.novelty) == COLUMNS * ROWS:
        return known
    axes = tuple(Axis(id=id, name=id) for id in survey.ids)
    ready = voices_of(Piece(id="survey", name="", axes=axes, voices=survey.voices), load)
    return survey_land(voice, ready[slot], world, survey.ids, survey.rest, leader, cancelled)


def _measured(survey: Survey, load: LoadModel, cancelled: Callable[[], bool]) -> SafetyMap | None:
    from isobath.engine.foresight import fits_together
    from isobath.engine.surveying import fingerprint, surveyed
    from isobath.engine.voices import voices_of

    slot, leader = _asked(survey)
    voice = survey.voices[slot]
    known = voice.safety
    if known is not None and known.of == fingerprint(voice, leader, survey.axes) and fits_together(known):
        return voice.safety
    axes = tuple(Axis(id=str(i), name=str(i)) for i in range(survey.axes))
    ready = voices_of(Piece(id="survey", name="", axes=axes, voices=survey.voices), load)
    return surveyed(survey.voices, ready, slot, survey.axes, cancelled)


class Surveyor:
    """The surveys of one page."""

    def __init__(
        self, pool: Executor, load: LoadModel, answer: Callable[[Surveyed | LandSurveyed], Awaitable[None]]
    ) -> None:
        self._pool, self._load, self._answer = pool, load, answer
        self._newest: dict[tuple[type, str], int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def ask(self, survey: Survey | SurveyLand) -> None:
        """Put a survey in line; an older one of the same kind and voice ends."""
        self._newest[type(survey), survey.voice] = survey.request
        task = asyncio.create_task(self._work(survey))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, survey: Survey | SurveyLand) -> None:
        def old() -> bool:
            return self._stopped or self._newest.get((type(survey), survey.voice)) != survey.request

        def work() -> Surveyed | LandSurveyed | None:
            try:
                return None if old() else measure(survey, self._load, old)
            finally:
                if isinstance(self._load, KeptModels):
                    self._load.rest()

        with suppress(RuntimeError):  # the pool is closed: the server ends
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, work)
            if answer is not None:
                await self._answer(answer)

    def stop(self) -> None:
        """Nobody listens any more."""
        self._stopped = True
        for task in list(self._tasks):
            task.cancel()
