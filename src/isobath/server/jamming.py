"""Thinking for jams in the page, over HTTP. The page keeps the clock; here is nothing but the model."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isobath.errors import ModelMismatch, ModelUnknown, UsageError
from isobath.inputs.urgent import hurry
from isobath.protocol.jam import (
    JamAnswer,
    JamAsk,
    JamHit,
    JamModel,
    JamPhrase,
    JamPlace,
    JamSetting,
    JamSpace,
)
from isobath.symbolic import BUNDLED, Bars, Drums, Melody, SymbolicModel, load
from isobath.symbolic.jam import Answerer, Ask, JamSettings
from isobath.symbolic.jam.answering import joined

MOST_BYTES = 1 << 20
REACH = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Changed hits whose distance the page is told."""
FURTHEST = 100.0
"""Of a latent that somebody else names."""
SESSIONS = 32
"""Whose last answers are remembered; the one asked longest ago goes."""

T = TypeVar("T")


@lru_cache(maxsize=4)
def model_named(name: str) -> SymbolicModel:
    """A bundled model of bars. Raises ModelUnknown: pages name no files."""
    if name not in BUNDLED:
        raise ModelUnknown(f"There is no model of bars {name[:40]}. There are: {', '.join(BUNDLED)}.")
    return load(name)


class JamRoutes:
    """All routes below /jam."""

    def __init__(self) -> None:
        self._answerers: OrderedDict[tuple[str, str, str], Answerer] = OrderedDict()
        self._pool = ThreadPoolExecutor(1, "isobath-jam-thinks", initializer=hurry)

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/jam/models", self.models),
            Route("/jam/space", self.space),
            Route("/jam/answer", self.answer, methods=["POST"]),
            Route("/jam/phrase", self.phrase, methods=["POST"]),
        ]

    def close(self) -> None:
        """Think no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def models(self, request: Request) -> Response:  # noqa: ARG002
        """GET /jam/models: what can be played with."""
        return await self._told(lambda: [told_model(model_named(name)) for name in BUNDLED])

    async def space(self, request: Request) -> Response:
        """GET /jam/space?model=NAME: its training phrases, as the view shows them."""
        name = request.query_params.get("model", BUNDLED[0])
        return await self._told(lambda: space_of(model_named(name)))

    async def answer(self, request: Request) -> Response:
        """POST /jam/answer: a phrase in, an answer out."""
        ask = await read_body(request, JamAsk)
        return await self._told(lambda: self._answer(ask))

    async def phrase(self, request: Request) -> Response:
        """POST /jam/phrase: a place in, its phrase out."""
        asked = await read_body(request, JamPlace)
        return await self._told(lambda: phrase_at(model_named(asked.model), asked))

    async def _told(self, act: Callable[[], object]) -> Response:
        answer = await asyncio.get_running_loop().run_in_executor(self._pool, act)
        return Response(msgspec.json.encode(answer), media_type="application/json")

    def _answer(self, ask: JamAsk) -> JamAnswer:
        begun = time.perf_counter()
        model = model_named(ask.model)
        key = (ask.session, ask.model, ask.who)
        answerer = self._answerers.pop(key, None)
        if answerer is None:
            answerer = Answerer(model, secrets.randbits(32))
            if len({len(row) for row in ask.last}) == 1:
                answerer.recall(np.clip(np.asarray(ask.last, np.float32), -FURTHEST, FURTHEST))
        self._answerers[key] = answerer
        while len(self._answerers) > SESSIONS:
            self._answerers.popitem(last=False)
        asked = Ask(
            0, ask.who, 0.0, settings_of(ask.settings), bars_of(ask.phrase, model.kind),
            bars_of(ask.other, model.kind), ask.share,
        )  # fmt: skip
        found = answerer.ahead(asked) if ask.ahead else answerer.answer(asked)
        return JamAnswer(
            phrase=told_phrase(found.bars),
            place=rows(found.place),
            seen=_seen(model, found.place),
            heard=rows(found.heard),
            heard_seen=_seen(model, found.heard),
            milliseconds=1000 * (time.perf_counter() - begun),
        )


async def read_body(request: Request, kind: type[T], most: int = MOST_BYTES, what: str = "phrase") -> T:
    """What a page sent, as what it should be. Raises UsageError."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise UsageError(f"A {what} has {most} bytes at most.")
    try:
        return msgspec.json.decode(bytes(data), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"This is no {what} of a jam ({error}).") from error


def settings_of(told: JamSetting) -> JamSettings:
    """Settings as the jam has them. Raises UsageError."""
    return JamSettings(**msgspec.structs.asdict(told))


def told_model(model: SymbolicModel) -> JamModel:
    """A model as the page lists it."""
    about = model.about
    kind: Literal["drums", "melody"] = "drums" if model.kind == "drums" else "melody"
    return JamModel(
        name=model.name, kind=kind, bars=about.bars, dims=about.dims, attributes=tuple(about.attributes)
    )


def space_of(model: SymbolicModel) -> JamSpace:
    """Its training phrases where the view shows them."""
    statistics = model.statistics
    return JamSpace(
        model=model.name,
        phrases=_seen(model, statistics.phrases),
        places=rows(statistics.phrases),
        shares=_three(statistics.view_share),
        mean=tuple(float(v) for v in statistics.mean),
        view=rows(statistics.view),
        reach=tuple((float(hits), model.radius_of(float(hits))) for hits in REACH),
    )


def phrase_at(model: SymbolicModel, asked: JamPlace) -> JamAnswer:
    """What is heard at a place. Raises UsageError, ModelMismatch."""
    place = np.asarray([row for row in asked.place if len(row) == model.dims], np.float32)
    if len(place) != len(asked.place) or not len(place):
        raise ModelMismatch(f"A place of {model.name} has {model.dims} numbers in each part.")
    place = np.clip(np.nan_to_num(place), -FURTHEST, FURTHEST)
    steps = min(64, model.steps * len(place))
    phrase = joined([model.decode(z) for z in place], steps)
    return JamAnswer(phrase=told_phrase(phrase), place=rows(place), seen=_seen(model, place))


def bars_of(told: JamPhrase | None, kind: str) -> Bars | None:
    """A phrase of the page as bars. Raises UsageError."""
    if told is None:
        return None
    if told.steps % 16 or any(hit.step >= told.steps for hit in told.hits):
        raise UsageError(f"A phrase has 16, 32 or 64 sixteenths, and its hits in it, not {told.steps}.")
    if kind == "melody":
        if len(told.tokens) not in (0, told.steps):
            raise UsageError(f"A melody of {told.steps} sixteenths has so many tokens.")
        return Melody(np.asarray(told.tokens or [0] * told.steps, np.uint8))
    bars = Drums.silence(told.steps)
    for hit in told.hits:
        if hit.velocity > bars.velocity[hit.step, hit.piece]:
            bars.hits[hit.step, hit.piece] = True
            bars.velocity[hit.step, hit.piece] = hit.velocity
            bars.offset[hit.step, hit.piece] = hit.offset
    return bars


def told_phrase(bars: Bars) -> JamPhrase:
    """Bars as the page has them."""
    if isinstance(bars, Melody):
        return JamPhrase(steps=bars.steps, tokens=tuple(bars.tokens.tolist()))
    hits = [
        JamHit(
            step=int(s), piece=int(c), velocity=float(bars.velocity[s, c]), offset=float(bars.offset[s, c])
        )
        for s, c in zip(*bars.hits.nonzero(), strict=True)
    ]
    return JamPhrase(steps=bars.steps, hits=tuple(hits))


def rows(place: NDArray[np.float32] | None) -> tuple[tuple[float, ...], ...]:
    return () if place is None else tuple(tuple(round(float(v), 5) for v in row) for row in place)


def _seen(model: SymbolicModel, place: NDArray[np.float32] | None) -> tuple[tuple[float, float, float], ...]:
    return () if place is None else tuple(_three(row) for row in model.view(place))


def _three(row: NDArray[np.float32]) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 5) for v in row)
    return x, y, z
