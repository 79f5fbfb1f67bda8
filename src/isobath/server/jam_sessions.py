"""Sessions of the jam over HTTP: kept, listed, opened, and taken away as MIDI and as sound."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from isobath.errors import SessionUnknown
from isobath.library.jams import JamKept, Jams
from isobath.protocol.jam import (
    JamPlayed,
    JamSession,
    JamSessionKept,
    JamSetting,
    JamStretch,
    JamTurn,
)
from isobath.server.desk import Desk
from isobath.server.jamming import bars_of, model_named, read_body, rows, settings_of, told_phrase
from isobath.symbolic.jam import Turn
from isobath.symbolic.jam.capture import Played
from isobath.symbolic.jam.clock import Stretch
from isobath.symbolic.jam.keeping import (
    FORMAT,
    KeptJam,
    KeptTurn,
    check,
    clock_of,
    kept_turn,
    session_events,
    session_midi,
)
from isobath.symbolic.jam.keeping import (
    bars_of as kept_bars,
)
from isobath.symbolic.jam.sounding import blocks, length_of

MOST_BYTES = 32 << 20
RATE = 48000
PARTS = {
    "human": ("human",), "machine": ("machine", "second"), "both": ("human", "machine", "second")
}  # fmt: skip


class JamSessionRoutes:
    """All routes below /jam/sessions."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._jams = desk, Jams(desk.library.home)

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/jam/sessions", self.all, methods=["GET"]),
            Route("/jam/sessions/{id}", self.get, methods=["GET"]),
            Route("/jam/sessions/{id}", self.keep, methods=["POST"]),
            Route("/jam/sessions/{id}/delete", self.delete, methods=["POST"]),
            Route("/jam/sessions/{id}/sound.wav", self.sound, methods=["GET"]),
            Route("/jam/sessions/{id}/{part}.mid", self.midi, methods=["GET"]),
        ]

    async def _told(self, act: Callable[[], object]) -> Response:
        answer = await self._desk.ask(act)
        headers = {"cache-control": "no-store"}
        return Response(msgspec.json.encode(answer), media_type="application/json", headers=headers)

    async def all(self, request: Request) -> Response:  # noqa: ARG002
        """GET /jam/sessions: those that are kept, the newest first."""
        return await self._told(lambda: [told_row(each) for each in self._jams.all()])

    async def get(self, request: Request) -> Response:
        """GET /jam/sessions/ID: all of one."""
        id = request.path_params["id"]
        return await self._told(lambda: told_session(self._jams.get(id).session))

    async def keep(self, request: Request) -> Response:
        """POST /jam/sessions/ID: a session in, its line of the list out."""
        id = request.path_params["id"]
        told = await read_body(request, JamSession, MOST_BYTES, "session")
        return await self._told(lambda: told_row(self._jams.keep(id, session_of(told))))

    async def delete(self, request: Request) -> Response:
        """POST /jam/sessions/ID/delete: it is gone."""
        id = request.path_params["id"]
        return await self._told(lambda: self._jams.delete(id))

    async def midi(self, request: Request) -> Response:
        """GET /jam/sessions/ID/human.mid, machine.mid or both.mid."""
        id, part = request.path_params["id"], request.path_params["part"]
        if part not in PARTS:
            raise SessionUnknown(f"There is no part {part[:40]}; there is human, machine and both.")
        kept = await self._desk.ask(self._jams.get, id)
        data = await asyncio.to_thread(session_midi, kept.session, PARTS[part])
        return Response(data, media_type="audio/midi", headers=_named(f"{_title(kept)}-{part}.mid"))

    async def sound(self, request: Request) -> Response:
        """GET /jam/sessions/ID/sound.wav: both parts on our own instruments, made as it is sent."""
        kept = await self._desk.ask(self._jams.get, request.path_params["id"])
        events = await asyncio.to_thread(session_events, kept.session)
        samples = length_of(events, RATE)

        def sent() -> Iterator[bytes]:
            yield _wav_header(samples)
            for block in blocks(events, RATE, kept.session.latent):
                scaled = np.ascontiguousarray(np.round(np.clip(block.T, -1.0, 1.0) * 8388607.0), "<i4")
                yield scaled.view(np.uint8).reshape(*scaled.shape, 4)[:, :, :3].tobytes()

        headers = {**_named(f"{_title(kept)}.wav"), "content-length": str(_HEADER + 6 * samples)}
        return StreamingResponse(sent(), media_type="audio/wav", headers=headers)


_HEADER = 44


def _wav_header(samples: int) -> bytes:
    """RIFF WAVE, two channels of 24 bits."""
    size = 6 * samples
    form = b"fmt \x10\0\0\0\x01\0\x02\0" + RATE.to_bytes(4, "little") + (6 * RATE).to_bytes(4, "little")
    data = b"\x06\0\x18\0data" + size.to_bytes(4, "little")
    return b"RIFF" + (size + 36).to_bytes(4, "little") + b"WAVE" + form + data


def _title(kept: JamKept) -> str:
    day = time.strftime("%Y-%m-%d-%H-%M", time.localtime(kept.at))
    return re.sub(r"[^A-Za-z0-9_-]+", "-", kept.session.name).strip("-")[:60] or f"jam-{day}"


def _named(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}


def told_row(kept: JamKept) -> JamSessionKept:
    """A session as the list tells it."""
    session = kept.session
    kind: Literal["drums", "melody"] = "drums" if session.kind == "drums" else "melody"
    return JamSessionKept(
        id=kept.id,
        name=session.name or time.strftime("%d %B %Y, %H:%M", time.localtime(kept.at)),
        model=session.model,
        kind=kind,
        bpm=session.settings.bpm,
        phrases=len(session.turns),
        seconds=max(0.0, clock_of(session).seconds(session.end)),
        at=kept.at,
    )


def told_session(session: KeptJam) -> JamSession:
    """All of it, as the page has it."""
    settings = msgspec.convert(
        {name: getattr(session.settings, name) for name in JamSetting.__struct_fields__}, JamSetting
    )
    return JamSession(
        name=session.name,
        model=session.model,
        settings=settings,
        clock=tuple(JamStretch(position=s.position, seconds=s.seconds, bpm=s.bpm) for s in session.clock),
        played=tuple(
            JamPlayed(position=n.position, pitch=n.pitch, velocity=n.velocity, length=n.length)
            for n in session.played
        ),
        turns=tuple(_told_turn(turn) for turn in session.turns),
        missed=session.missed,
        latent=tuple(session.latent),
    )


def _told_turn(turn: KeptTurn) -> JamTurn:
    place = None if not turn.place else np.asarray(turn.place, np.float32)
    return JamTurn(
        who=turn.who,
        position=turn.position,
        phrase=told_phrase(kept_bars(turn)),
        place=rows(place),
        repeated=turn.repeated,
    )


def session_of(told: JamSession) -> KeptJam:
    """What a page tells as a session to keep. Raises ModelUnknown, ScoreError, UsageError."""
    kind = model_named(told.model).kind
    turns = []
    for turn in told.turns:
        bars = bars_of(turn.phrase, kind)
        assert bars is not None
        even = len({len(row) for row in turn.place}) == 1
        place = np.asarray(turn.place, np.float32) if even else None
        turns.append(kept_turn(Turn(turn.who, turn.position, bars, place, turn.repeated)))
    session = KeptJam(
        format=FORMAT,
        name=told.name,
        model=told.model,
        kind=kind,
        settings=settings_of(told.settings),
        clock=[Stretch(s.position, s.seconds, s.bpm) for s in told.clock],
        played=[Played(n.position, n.pitch, n.velocity, n.length) for n in told.played],
        turns=turns,
        missed=told.missed,
        latent=list(told.latent),
    )
    check(session, "This session")
    return session
