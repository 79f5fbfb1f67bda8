"""Fits, away from the event loop: numpy works in a thread while messages keep flowing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from isobath.errors import IsobathError, MappingError
from isobath.protocol.messages import Fit, FitFailed, Fitted
from isobath.protocol.piece import MappingData, MappingSettings
from isobath.server.problems import told

if TYPE_CHECKING:
    from isobath.mapping import Settings


FARTHEST = 1e6
"""Largest value of a point or a latent that is learned from."""


def learn(fit: Fit) -> Fitted | FitFailed:
    """One fit, start to end. Never raises: the answer says what went wrong."""
    started = time.perf_counter()
    try:
        mapping, errors, warnings = _learned(fit)
    except Exception as error:  # the page must get an answer whatever happened
        sentence, _ = told(error, "learning the mapping")
        return FitFailed(request=fit.request, slot=fit.slot, sentence=sentence)
    return Fitted(
        request=fit.request,
        slot=fit.slot,
        mapping=mapping,
        errors=errors,
        warnings=warnings,
        milliseconds=1000.0 * (time.perf_counter() - started),
    )


def _learned(fit: Fit) -> tuple[MappingData, tuple[float, ...], tuple[str, ...]]:
    from isobath.mapping import Mapping
    from isobath.mapping import fit as fit_mapping

    _check_shapes(fit)
    previous = None
    if fit.kept is not None:
        with suppress(IsobathError):  # a mapping that cannot be read only costs the hyper-parameters
            previous = Mapping.from_plain(fit.kept)
    shown = fit.demonstrations
    mapping = fit_mapping(
        np.array([each.point for each in shown]).reshape(len(shown), fit.axes),
        np.array([each.latent for each in shown]).reshape(len(shown), fit.dims),
        settings=settings_of(fit.settings),
        weights=[each.weight for each in shown],
        muted=[each.muted for each in shown],
        labels=[each.label for each in shown],
        previous=previous,
    )
    return mapping.to_plain(), mapping.errors, mapping.warnings


def _check_shapes(fit: Fit) -> None:
    """Raises MappingError for a demonstration with another number of axes or dimensions, or one that
    lies so far away that learning from it would overflow."""
    for each in fit.demonstrations:
        if any(abs(value) > FARTHEST for value in (*each.point, *each.latent)):
            raise MappingError(
                f'The demonstration "{each.label or each.id}" lies beyond anything that can be played '
                f"(more than {FARTHEST:g}). Place it again, or delete it."
            )
        for what, found, wanted in (
            ("axes", len(each.point), fit.axes),
            ("latent dimensions", len(each.latent), fit.dims),
        ):
            if found != wanted:
                raise MappingError(
                    f'The demonstration "{each.label or each.id}" has {found} {what}, but {wanted} are '
                    "played. Place it again, or delete it."
                )


def settings_of(settings: MappingSettings) -> "Settings":
    """The same choices in the mapping's own words."""
    from isobath.mapping import Settings

    return msgspec.convert(msgspec.to_builtins(settings), type=Settings)


class Learner:
    """The fits of one page: one at a time per slot, and of those that wait only the newest."""

    def __init__(self, pool: Executor, answer: Callable[[Fitted | FitFailed], Awaitable[None]]) -> None:
        self._pool = pool
        self._answer = answer
        self._waiting: dict[str, Fit] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def ask(self, fit: Fit) -> None:
        """Put a fit in line, in the place of an older one of the same slot."""
        self._waiting[fit.slot] = fit
        if fit.slot not in self._running:
            self._running[fit.slot] = asyncio.create_task(self._work(fit.slot))

    async def _work(self, slot: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (fit := self._waiting.pop(slot, None)) is not None:
                await self._answer(await loop.run_in_executor(self._pool, learn, fit))
        finally:
            del self._running[slot]

    def stop(self) -> None:
        """Forget what waits; nobody listens any more."""
        self._waiting.clear()
        for task in list(self._running.values()):
            task.cancel()
