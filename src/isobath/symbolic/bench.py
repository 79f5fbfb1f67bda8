"""How long the models of bars take to answer: every one that comes along, in turn, on one core.

`isobath bench bars` prints this. What is timed is what the jam does between the end of a phrase and the bar
line: read it, wander near it, write the answer; and the whole of an answer as the jam asks for it, knobs
included. Goals: of a hundred answers the slowest within 10 ms for two bars, within 20 ms for four.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from isobath.symbolic.jam import Answerer, Ask, JamSettings
from isobath.symbolic.jam.answering import one_thread
from isobath.symbolic.model import BUNDLED, SymbolicModel, load

if TYPE_CHECKING:
    from collections.abc import Iterator

GOALS_MS = {2: 10.0, 4: 20.0}
"""By bars: 99 of 100 answers are to be there within this."""
CHANGED = 6.0
TURNED = {
    "drums": JamSettings(density=4.0, velocity=0.1, offset=0.1, changed_hits=CHANGED),
    "melody": JamSettings(density=2.0, pitch=3.0, changed_hits=CHANGED),
}
_FIRST = 10
"""Rounds that are not counted: what is made once is made in them."""

_PAUSE_SECONDS = 0.002
"""Between rounds: others get the core, as they do between two phrases."""


@dataclass(frozen=True)
class Thinking:
    """Milliseconds that one way of answering took, by the clock and by the processor; goal, of p99_ms."""

    model: str
    answer: str
    p50_ms: float
    p99_ms: float
    most_ms: float
    processor_p99_ms: float
    goal_ms: float
    met: bool


def thinking(rounds: int = 400, names: tuple[str, ...] = BUNDLED) -> list[Thinking]:
    """Every model and way of answering, taking turns round by round on one core and one thread."""
    ways = [way for name in names for way in _ways(load(name))]
    spent: list[list[tuple[float, float]]] = [[] for _ in ways]
    with _one_core(), one_thread():
        for turn in range(rounds + _FIRST):
            time.sleep(_PAUSE_SECONDS)
            for (_, _, act), times in zip(ways, spent, strict=True):
                wall, own = time.perf_counter(), time.thread_time()
                act()
                if turn >= _FIRST:
                    times.append((time.perf_counter() - wall, time.thread_time() - own))
    return [_told(model, words, times) for (model, words, _), times in zip(ways, spent, strict=True)]


def _ways(model: SymbolicModel) -> Iterator[tuple[SymbolicModel, str, Callable[[], object]]]:
    rng = np.random.default_rng(0)
    phrases = [model.decode(z) for z in model.statistics.phrases[:64]]
    drawn = [0]

    def phrase() -> int:
        drawn[0] = (drawn[0] + 1) % len(phrases)
        return drawn[0]

    def near() -> object:
        z = model.encode(phrases[phrase()])
        return model.decode(model.sample_near(z, rng, sigma=1.0))

    def changed() -> object:
        z = model.encode(phrases[phrase()])
        return model.decode(model.sample_near(z, rng, changed_hits=CHANGED))

    answerer = Answerer(model, 1)
    settings = msgspec.structs.replace(TURNED[model.kind], bars=model.about.bars)

    def whole() -> object:
        return answerer.answer(Ask(1, "machine", 0.0, settings, phrases[phrase()]))

    yield model, "read, draw near, write", near
    yield model, f"the same, {CHANGED:g} hits changed", changed
    yield model, "whole, every knob turned", whole


def _told(model: SymbolicModel, words: str, times: list[tuple[float, float]]) -> Thinking:
    wall, own = 1000 * np.asarray(times).T
    p99, goal = float(np.percentile(wall, 99)), GOALS_MS[model.about.bars]
    return Thinking(
        model.name, words, float(np.median(wall)), p99, float(wall.max()), float(np.percentile(own, 99)),
        goal, p99 <= goal,
    )  # fmt: skip


@contextmanager
def _one_core() -> Iterator[None]:
    """Keep the calling thread on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
