"""Pieces over HTTP: out of the library as a file, and into it."""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isobath.server.alone import as_zip, export_alone
from isobath.server.desk import Desk
from isobath.server.uploads import MEGABYTE, upload

PIECE_BYTES = 512 * MEGABYTE


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of POST /pieces/import."""

    id: str
    notes: tuple[str, ...]


class PieceRoutes:
    """All routes below /pieces."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._exporting = asyncio.Semaphore(1)

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/pieces/import", self.import_, methods=["POST"]),
            Route("/pieces/{id}/export", self.export, methods=["GET"]),
            Route("/pieces/{id}/alone", self.alone, methods=["GET"]),
        ]

    async def export(self, request: Request) -> Response:
        """GET /pieces/ID/export: the piece as one .isobath file."""
        library = self._desk.library
        id = request.path_params["id"]
        data = await self._desk.ask(library.export, id, self._desk.version)
        headers = {"content-disposition": f'attachment; filename="{id}.isobath"', "cache-control": "no-store"}
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def alone(self, request: Request) -> Response:
        """GET /pieces/ID/alone: the piece as a folder that needs no server, in a zip."""
        library = self._desk.library
        id = request.path_params["id"]
        piece = await self._desk.ask(library.read, id)
        async with self._exporting:
            contents = export_alone(library, piece, self._desk.version)
            data = await asyncio.to_thread(as_zip, contents)
        headers = {"content-disposition": f'attachment; filename="{id}.zip"', "cache-control": "no-store"}
        return Response(data, media_type="application/zip", headers=headers)

    async def import_(self, request: Request) -> Response:
        """POST /pieces/import: a .isobath file in, the new piece's id out."""
        library = self._desk.library
        async with upload(request, library.home.incoming, PIECE_BYTES) as part:
            with part.open("rb") as file:
                piece, notes = await self._desk.ask(library.import_, file)
        await self._desk.tell_pieces()
        await self._desk.tell_models()
        return Response(
            msgspec.json.encode(Imported(id=piece.id, notes=notes)), media_type="application/json"
        )
