"""Walkers who were let in by an invitation: what they may ask for, and their half of the page's conversation.

They see the one piece whose world it is, with the models and sounds in it, and change nothing unless the host
lets them; then they change this piece and no other.
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.types import Scope
from starlette.websockets import WebSocket

from isobath.protocol.messages import (
    PROTOCOL,
    Acted,
    Change,
    ControllersNow,
    Fit,
    FromPage,
    FromServer,
    Heard,
    Hello,
    History,
    Models,
    Opened,
    PieceChanged,
    Pieces,
    Ping,
    Problem,
    Redo,
    StageHeard,
    StageNow,
    Survey,
    SurveyLand,
    Undo,
    Welcome,
)
from isobath.server.desk import Desk
from isobath.server.making import MakingWatch
from isobath.server.rooms import Rooms
from isobath.server.session import Session

PLACES = frozenset(
    {"/", "/health", "/ws", "/room", "/index.html", "/sw.js", "/manifest.webmanifest", "/licences.txt"}
)
PAGE = re.compile(r"/(?:assets/.+|icon[a-z0-9-]*\.(?:svg|png))\Z")
MODEL = re.compile(r"/models/([^/]+)(?:/(?:(?:decoder|both)(?:/sent)?|prior))?\Z")
SOUND = re.compile(r"/sounds/([A-Za-z0-9_-]+)/[0-9]+\Z")

STREAM = "/stream/voice"
"""Where a voice that the server makes is asked for: by a walker, one whose model is in the piece."""

CLOSED = "Walkers do not change this piece. Its host can let them, in the list of walkers."


def admits_guest(rooms: Rooms | None, scope: Scope) -> bool:
    """Whether somebody invited may ask for this."""
    if rooms is None or (scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}):
        return False
    path = scope["path"]
    if path == STREAM and scope["type"] == "websocket":
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("model", [""])
        return asked[0] in rooms.models
    if path in PLACES or PAGE.match(path) or (rooms.crowd is not None and rooms.crowd.admits(scope)):
        return True
    model, sound = MODEL.match(path), SOUND.match(path)
    return bool(model and model[1] in rooms.models) or bool(sound and sound[1] in rooms.sounds)


class GuestSession(Session):
    """A page of somebody invited."""

    def __init__(self, socket: WebSocket, desk: Desk, making: MakingWatch) -> None:
        super().__init__(socket, desk, making)
        assert desk.rooms is not None
        self._rooms = desk.rooms

    def tell(self, message: FromServer) -> None:
        """Put a message in line, if it is a walker's business."""
        match message:
            case Pieces() | Models() | StageNow() | StageHeard() | Acted() | ControllersNow():
                return  # what the host has, and what the host's hands do
            case PieceChanged():
                if message.opened.piece.id != self._rooms.piece:
                    return
                message = msgspec.structs.replace(message, opened=_without_past(message.opened))
            case _:
                pass
        super().tell(message)

    def move(self, axes: Sequence[str], values: Sequence[float]) -> None:
        """The host's controllers move the host: everybody walks for themselves."""

    async def _act(self, message: FromPage) -> None:
        match message:
            case Hello():
                await self._greet(message)
            case Ping():
                await super()._act(message)
            case Fit() if self._rooms.room.editing:
                await super()._act(message)
            case Change() if self._rooms.room.editing and message.piece.id == self._rooms.piece:
                await super()._act(message)
            case Undo() | Redo() if (
                self._rooms.room.editing and message.id == self._rooms.piece and message.piece is not None
            ):
                await super()._act(message)
            case Fit() | Survey() | SurveyLand() | Heard():
                pass  # what the host's page has learned and measured is in the piece
            case _:
                await self._refuse(message)

    async def _refuse(self, message: Any) -> None:
        """Say so, and show the piece as it is, so that the page does not go on with what it changed."""
        request, number = getattr(message, "request", None), getattr(message, "number", None)
        if number is None:
            if request is not None:
                self.tell(Problem(sentence=CLOSED, kind="piece", request=request))
            return
        self.tell(Problem(sentence=CLOSED, kind="piece", number=number))
        opened = await self._desk.ask(self._library.pieces.look, self._rooms.piece)
        self.tell(PieceChanged(opened=opened, label="", page=self.page, at=0.0))

    async def _greet(self, hello: Hello) -> None:
        self.page, self.piece = hello.page, self._rooms.piece
        opened = await self._desk.ask(self._library.pieces.look, self._rooms.piece)
        playable = await self._desk.ask(self._library.playable)
        self._greeted = True
        self.tell(
            Welcome(
                version=self._desk.version,
                protocol=PROTOCOL,
                acknowledged=await self._desk.ask(self._library.pieces.acknowledged, hello.page),
                models=tuple(each for each in playable if each.name in self._rooms.models),
                pieces=(),
                opened=_without_past(opened),
                room=self._rooms.here(guest=True),
            )
        )


def _without_past(opened: Opened) -> Opened:
    """The piece alone: how it came to be is the host's."""
    return msgspec.structs.replace(opened, history=History())
