"""The application: a function of the library and of who may enter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TextIO

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from isobath.errors import AudioError, IsobathError, ModelUnknown, PieceUnknown, SaveError, SessionUnknown
from isobath.library.library import Library
from isobath.outputs.outlet import Outlet
from isobath.server.access import Access
from isobath.server.controllers import Controllers
from isobath.server.demonstrations import DemonstrationRoutes
from isobath.server.desk import Desk
from isobath.server.guard import PROGRAMS, Guard, refusal
from isobath.server.guests import GuestSession, admits_guest
from isobath.server.hosting import listen
from isobath.server.jam_sessions import JamSessionRoutes
from isobath.server.jam_sounds import JamSoundRoutes
from isobath.server.jamming import JamRoutes
from isobath.server.making import MakingRoutes, MakingWatch
from isobath.server.models import ModelRoutes
from isobath.server.page import Assets, Page, static_folder
from isobath.server.phone import PhoneDoor, PhoneRoutes
from isobath.server.pieces import PieceRoutes
from isobath.server.problems import told
from isobath.server.programs import Program, admits
from isobath.server.rooms import RoomAsked
from isobath.server.session import Session
from isobath.server.sounds import SoundRoutes
from isobath.server.stage import Stage
from isobath.server.stage_sounds import StageSoundRoutes
from isobath.server.streams import StreamRoutes
from isobath.server.workbench import COMMAND

BACKUP_SECONDS = 300.0
"""How often the library is copied while something changes."""


async def _health(request: Request) -> Response:  # noqa: ARG001
    return JSONResponse({"ok": True})


async def _refused(request: Request, error: Exception) -> Response:
    """Any error as a sentence with a fitting status."""
    if isinstance(error, HTTPException):
        return refusal(error.status_code, f"There is nothing at {request.url.path}.")
    sentence, kind = told(error, f"answering {request.url.path}")
    if isinstance(error, PieceUnknown | ModelUnknown | SessionUnknown):
        return refusal(404, sentence, kind)
    if isinstance(error, SaveError):
        return refusal(507, sentence, kind)
    if isinstance(error, AudioError):
        return refusal(415, sentence, kind)
    return refusal(500 if kind == "server" else 400, sentence, kind)


async def _back_up_regularly(desk: Desk) -> None:
    while True:
        await asyncio.sleep(BACKUP_SECONDS)
        with suppress(SaveError):
            await desk.ask(desk.library.back_up)


def create_app(
    library: Library,
    access: Access,
    version: str,
    static: Path | None = None,
    *,
    here: bool = False,
    command: Sequence[str] = COMMAND,
    osc: Outlet | None = None,
    controllers: Controllers | None = None,
    stage: Stage | None = None,
    phone: PhoneDoor | None = None,
    room: RoomAsked | None = None,
    invitation: Callable[[], str] = lambda: "",
    typed: tuple[TextIO, Callable[[str], None]] | None = None,
) -> Starlette:
    """Everything the server answers. The library and `osc` are closed when the application ends.

    here: only this machine can reach the server, so a page may name folders of it.
    command: how `isobath` is run, for preparing and training.
    osc: where what is heard goes. controllers: what moves axes; stage: what plays on a device. Both are
    closed with the application. phone: where phones come in, to be shown. room: others may walk here too,
    with a link that `invitation` gives; what its host has typed is obeyed.
    """
    desk = Desk(library, version, osc, controllers, stage)
    if room is not None:
        desk.open_room(room, invitation)
    rooms = desk.rooms
    crowd = None if rooms is None else rooms.crowd
    making = MakingWatch(desk, here=here, command=command)
    streaming = StreamRoutes(desk)
    jamming = JamRoutes()
    jam_sounds = JamSoundRoutes()
    folder = static or static_folder()

    async def socket(websocket: WebSocket) -> None:
        guest = bool(websocket.state.guest)
        await (GuestSession if guest else Session)(websocket, desk, making).run()

    async def walkers(websocket: WebSocket) -> None:
        if rooms is None:
            await websocket.close(1008)
        else:
            await rooms.door(websocket)

    async def program(websocket: WebSocket) -> None:
        await Program(websocket, desk.controllers.hub).run()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001
        making.start()
        desk.controllers.hub.tell(desk.stage.gesture, desk.stage.act)  # without a detour by this loop
        desk.controllers.start(desk.move, desk.act, desk.beat)
        await desk.attend()
        if rooms is not None:
            rooms.start()
            if typed is not None:
                listen(rooms, *typed)
        backups = asyncio.create_task(_back_up_regularly(desk))
        try:
            yield
        finally:
            backups.cancel()
            making.stop()
            if rooms is not None:
                rooms.stop()
            jamming.close()
            jam_sounds.close()
            streaming.streams.stop()
            desk.stage.end()
            with suppress(SaveError):
                await desk.ask(library.back_up)
            desk.close()

    routes = [
        Route("/", Page(access, folder).show),
        Route("/health", _health),
        WebSocketRoute("/ws", socket),
        WebSocketRoute(PROGRAMS, program),
        WebSocketRoute("/room", walkers),
        *([] if crowd is None else crowd.routes()),
        *streaming.routes(),
        *ModelRoutes(desk).routes(),
        *PieceRoutes(desk).routes(),
        *DemonstrationRoutes(desk).routes(),
        *SoundRoutes(desk).routes(),
        *StageSoundRoutes(desk).routes(),
        *MakingRoutes(making).routes(),
        *jamming.routes(),
        *JamSessionRoutes(desk).routes(),
        *jam_sounds.routes(),
        *PhoneRoutes(access, phone).routes(),
        Mount("/", Assets(directory=folder, check_dir=False)),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(
                Guard,
                access=access,
                programs=partial(admits, access, desk.controllers),
                guests=partial(admits_guest, rooms),
                listeners=lambda scope: crowd is not None and crowd.admits(scope),
            )
        ],
        exception_handlers={IsobathError: _refused, HTTPException: _refused, Exception: _refused},
        lifespan=lifespan,
    )
