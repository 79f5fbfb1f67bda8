"""Thinking of an answer: from the human's phrase to the machine's, with a model of bars.

The phrase is encoded, moved towards what is asked for, and a place is drawn near it (paper 003, section
4.4) where so many hits differ. Phrases longer than the model's are thought of part by part.
"""

from __future__ import annotations

from collections import deque
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from isobath.symbolic.bars import STEPS_PER_BAR, Bars, Drums, Melody
from isobath.symbolic.jam.capture import is_silent
from isobath.symbolic.jam.settings import Answer, Ask, JamSettings
from isobath.symbolic.model import SymbolicModel

TRIES = 4
"""Draws until an answer is none of the last ones."""
DRAWS_FROM_NOTHING = 6

Places = NDArray[np.float32]


@cache
def _pools() -> Any:
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Products so small are slowed down by company, and on a busy machine tenfold."""
    limited: AbstractContextManager[Any] = _pools().limit(limits=1, user_api="blas")
    return limited


class Answerer:
    """Thinks for one machine. Not for two threads at once."""

    def __init__(self, model: SymbolicModel, seed: int = 0) -> None:
        self.model = model
        self._rng = np.random.default_rng(seed)
        self._place: Places | None = None
        self._said: deque[bytes] = deque(maxlen=64)

    def recall(self, place: Places | None) -> None:
        """Go on from a session that was kept; a place of another model, or none, is passed by."""
        fits = place is not None and place.ndim == 2 and len(place) and place.shape[1] == self.model.dims
        self._place = place if fits else None

    def answer(self, ask: Ask) -> Answer:
        """The phrase that is asked for. A draft is forgotten."""
        if ask.draft:
            return self.ahead(msgspec.structs.replace(ask, draft=False))
        with one_thread():
            return self._answer(ask)

    def ahead(self, ask: Ask) -> Answer:
        """What the answer would be, were the phrase whole already; nothing of it is remembered, so that the
        answer to the same phrase is the same."""
        before = self._rng.bit_generator.state, self._place, self._said.copy()
        try:
            return self.answer(ask)
        finally:
            self._rng.bit_generator.state, self._place, self._said = before

    def _answer(self, ask: Ask) -> Answer:
        if ask.other is not None and ask.phrase is not None:
            return self._morph(ask.phrase, ask.other, ask)
        steps = ask.settings.steps
        count = max(1, -(-steps // self.model.steps))
        heard = None if ask.phrase is None or is_silent(ask.phrase) else self.places(ask.phrase)
        base = self._base(heard, count, ask.settings)
        bars, place = self._draw(base, steps, ask.settings)
        for _ in range(TRIES - 1):
            if not self._repeats(bars, ask.settings):
                break
            bars, place = self._draw(base, steps, ask.settings)
        self._said.append(_print(bars))
        self._place = place
        return Answer(bars, place, heard)

    def places(self, bars: Bars) -> Places:
        """Where a phrase lies, (parts, dims)."""
        return np.stack([self.model.encode(part) for part in parts(bars, self.model.steps)])

    def _base(self, heard: Places | None, count: int, settings: JamSettings) -> Places:
        """Where the answer begins: at the human's phrase, the machine's last one, or between; nothing was
        played: from the last one on, or from nothing."""
        own = self._place
        if heard is None:
            base = own if own is not None else np.stack([self._from_nothing() for _ in range(count)])
        elif own is not None and settings.lead > 0:
            own = own[np.arange(len(heard)) % len(own)]
            base = (1 - np.float32(settings.lead)) * heard + np.float32(settings.lead) * own
        else:
            base = heard
        base = base[np.arange(count) % len(base)]
        return np.stack([self._pulled(z, settings) for z in base])

    def _from_nothing(self) -> Places:
        for _ in range(DRAWS_FROM_NOTHING):
            z = self.model.sample(self._rng)
            if not is_silent(self.model.decode(z)):
                return z
        return z

    def _pulled(self, z: Places, settings: JamSettings) -> Places:
        pulls = {
            name: getattr(settings, name)
            for name in self.model.about.attributes
            if getattr(settings, name, 0.0) != 0.0
        }
        return self.model.moved(z, **pulls) if pulls else z

    def _draw(self, base: Places, steps: int, settings: JamSettings) -> tuple[Bars, Places]:
        # a phrase shorter than the model's is heard in part, and so are its changes
        share = settings.changed_hits / len(base) * max(1.0, self.model.steps / steps)
        place = np.stack([self.model.sample_near(z, self._rng, changed_hits=share) for z in base])
        return joined([self.model.decode(z) for z in place], steps), place

    def _repeats(self, bars: Bars, settings: JamSettings) -> bool:
        guard = settings.repeat_guard
        return guard > 0 and settings.changed_hits > 0 and _print(bars) in list(self._said)[-guard:]

    def _morph(self, first: Bars, last: Bars, ask: Ask) -> Answer:
        count = ask.settings.morph_phrases
        at = round(ask.share * (count - 1))
        steps = np.arange(max(1, -(-ask.settings.steps // self.model.steps)))
        found = (self.places(phrase) for phrase in (first, last))
        ends = [places[steps % len(places)] for places in found]  # they may be longer, or shorter, than it
        phrases = [self.model.morph(a, b, count)[at] for a, b in zip(*ends, strict=True)]
        place = np.stack([self.model.places(a, b, count)[at] for a, b in zip(*ends, strict=True)])
        return Answer(joined(phrases, ask.settings.steps), place)


def parts(bars: Bars, steps: int) -> list[Bars]:
    """A phrase cut into what a model of so many steps can hear."""
    return [part(bars, first, min(steps, bars.steps - first)) for first in range(0, bars.steps, steps)]


def part(bars: Bars, first: int, steps: int) -> Bars:
    """Some of a phrase."""
    if isinstance(bars, Melody):
        return Melody(bars.tokens[first : first + steps])
    cut = slice(first, first + steps)
    return Drums(bars.hits[cut], bars.velocity[cut], bars.offset[cut])


def joined(phrases: list[Bars], steps: int) -> Bars:
    """Phrases one after the other, as long as is wanted."""
    assert steps % STEPS_PER_BAR == 0
    tokens = [each.tokens for each in phrases if isinstance(each, Melody)]
    if tokens:
        return Melody(np.concatenate(tokens)[:steps])
    drums = [each for each in phrases if isinstance(each, Drums)]
    return Drums(
        np.concatenate([each.hits for each in drums])[:steps],
        np.concatenate([each.velocity for each in drums])[:steps],
        np.concatenate([each.offset for each in drums])[:steps],
    )


def _print(bars: Bars) -> bytes:
    return bars.hits.tobytes() if isinstance(bars, Drums) else bars.tokens.tobytes()
