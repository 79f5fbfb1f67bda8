"""The door for phones: the same application, encrypted, on this machine's address in its network.

Beside the page's own server, which only this machine can reach. What lets a phone in is what lets any
browser in: the newest one-time link, which is shown as a QR code in the terminal and in the page, and
the cookie it is exchanged for (docs/decisions/0020-outside.md).
"""

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isobath.errors import UsageError
from isobath.server.access import Access
from isobath.server.certificate import MISSING, Certificate
from isobath.server.page import way_to

PORT = 4643
"""Where phones come in if nothing else is asked for."""

AUTHORITY = "/isobath.crt"
"""Where a phone finds what it may be told to trust. Anybody may read it; it is no secret."""

QUIET = 4
"""Modules of nothing around a QR code (ISO 18004)."""


@dataclass(frozen=True)
class PhoneDoor:
    """Where phones come in."""

    listener: socket.socket
    names: tuple[str, ...]
    """Under which this machine is known there; the first is in the link."""
    certificate: Certificate
    way: str = ""
    """What is added to the link: the piece, and the way of playing it."""

    @property
    def port(self) -> int:
        """The one it listens on."""
        return int(self.listener.getsockname()[1])

    def link(self, token: str) -> str:
        """What the QR code says."""
        name = f"[{self.names[0]}]" if ":" in self.names[0] else self.names[0]
        return f"https://{name}:{self.port}/?token={token}{self.way}"


def _code(text: str) -> Any:
    try:
        import segno
    except ImportError as error:
        raise UsageError(MISSING) from error
    return segno.make(text, error="l", micro=False, boost_error=False)


def in_terminal(text: str) -> str:
    """A QR code made of half blocks, for a terminal dark or light."""
    written = io.StringIO()
    _code(text).terminal(out=written, border=QUIET // 2, compact=True)
    return written.getvalue()


def as_svg(text: str) -> str:
    """A QR code as one path, dark on white whatever the page looks like: some phones read nothing else."""
    rows = [list(row) for row in _code(text).matrix]
    side = len(rows) + 2 * QUIET
    path = "".join(
        f"M{QUIET + start} {QUIET + y}h{length}v1h-{length}z"
        for y, row in enumerate(rows)
        for start, length in _runs(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path d="{path}" fill="#000"/></svg>'
    )


def _runs(row: list[int]) -> Iterator[tuple[int, int]]:
    """Where dark modules begin, and how many follow each other."""
    x = 0
    while x < len(row):
        start = x
        while x < len(row) and row[x]:
            x += 1
        if x > start:
            yield start, x - start
        x += 1


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of GET /phone."""

    link: str | None = None
    """The newest link; None: Isobath was started without --phone."""
    svg: str = ""
    """The same as a QR code."""


class PhoneRoutes:
    """What the page shows to let a phone in."""

    def __init__(self, access: Access, door: PhoneDoor | None) -> None:
        self._access = access
        self._door = door

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/phone", self.shown, methods=["GET"]),
            Route(AUTHORITY, self.authority, methods=["GET"]),
        ]

    async def shown(self, request: Request) -> Response:
        """GET /phone?piece=ID&way=WAY: the newest link, to that, and its QR code."""
        shown = Shown()
        if self._door is not None:
            piece, way = way_to(request.query_params)
            asked = (f"&piece={piece}" if piece else "") + (f"&way={way}" if way else "")
            link = replace(self._door, way=asked or self._door.way).link(self._access.token)
            shown = Shown(link=link, svg=as_svg(link))
        return Response(
            msgspec.json.encode(shown), media_type="application/json", headers={"cache-control": "no-store"}
        )

    async def authority(self, request: Request) -> Response:  # noqa: ARG002
        """GET /isobath.crt: what a phone may be told to trust."""
        if self._door is None:
            return Response("There is no door for phones here.", 404, media_type="text/plain")
        return Response(
            self._door.certificate.authority,
            media_type="application/x-x509-ca-cert",
            headers={
                "content-disposition": 'attachment; filename="isobath.crt"',
                "cache-control": "no-store",
            },
        )


@contextmanager
def closing(door: PhoneDoor | None) -> Iterator[None]:
    """The door is closed at the end."""
    try:
        yield
    finally:
        if door is not None:
            door.listener.close()
