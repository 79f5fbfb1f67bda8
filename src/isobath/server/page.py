"""The page itself: handed out with the cookie, or the words that say how to get it."""

import html
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from isobath.server.access import COOKIE_SECONDS, GUEST_SECONDS, Access

PIECE = re.compile(r"[A-Za-z0-9_-]{1,64}")
WAYS = ("walk", "look", "make", "jam")
"""What the page can show first besides the surface."""

PRESSED = {"br": ".br", "gzip": ".gz"}
"""Codings, the smallest first, and how their files end."""

WORDS = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="dark light"><link rel="icon" href="data:,">{head}<title>Isobath</title>
<style>body{{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem}}</style>
<h1>Isobath</h1><p>{sentence}</p></html>
"""


def static_folder() -> Path:
    """Where the built page lies."""
    return Path(str(resources.files("isobath.server") / "static"))


def way_to(query: Mapping[str, str]) -> tuple[str, str]:
    """The piece and the way of playing that an address asks for; empty where it asks for none there is."""
    piece, way = query.get("piece", ""), query.get("way", "")
    return piece if PIECE.fullmatch(piece) else "", way if way in WAYS else ""


def words(sentence: str, status: int = 200, head: str = "") -> HTMLResponse:
    """A page of one sentence."""
    text = WORDS.format(sentence=html.escape(sentence), head=head)
    return HTMLResponse(text, status, headers={"cache-control": "no-store"})


def pressed_beside(path: Path, accepted: str) -> tuple[Path | None, str]:
    """The compressed file beside this one that a browser takes, and its coding; None: there is none."""
    asked = accepted.lower().replace(" ", "").split(",")
    takes = {each.partition(";")[0] for each in asked if not each.endswith(";q=0")}
    for coding, ending in PRESSED.items():
        pressed = path.with_name(path.name + ending)
        if coding in takes and pressed.is_file():
            return pressed, coding
    return None, ""


class Page:
    """The route `/`."""

    def __init__(self, access: Access, static: Path | None = None) -> None:
        self._access = access
        self._index = (static or static_folder()) / "index.html"

    async def show(self, request: Request) -> Response:
        token = request.query_params.get("token")
        if token is not None and not request.state.known:
            return self._enter(request, token)
        if token is not None:
            return self._forward(request)
        if not (request.state.known or request.state.guest):
            return words(
                "This browser has not been let in yet. Open the link that Isobath printed in the terminal; "
                "each link works once, and a new one is printed after it.",
                403,
            )
        if not self._index.is_file():
            return words(
                "The server runs, but its page has not been built. With Node 20 or newer: "
                "cd web && npm ci && npm run build. Then reload.",
                503,
            )
        return FileResponse(self._index, headers={"cache-control": "no-cache"})

    def _enter(self, request: Request, token: str) -> Response:
        """Exchange a token for the cookie."""
        answer = self._access.use_token(token, "" if request.client is None else request.client.host)
        if answer == "too many":
            return words("Too many wrong links were tried. Wait half a minute, then use the newest one.", 429)
        if answer == "wrong":
            return words(
                "This link was used before, or is not from here. Use the newest one from the terminal.", 403
            )
        response = self._forward(request)
        guest = answer == "guest"
        if guest and request.state.guest:
            return response
        response.set_cookie(
            self._access.cookie_name,
            self._access.guest_cookie() if guest else self._access.cookie(),
            max_age=int(GUEST_SECONDS if guest else COOKIE_SECONDS),
            path="/",
            httponly=True,
            secure=request.url.scheme == "https",
            samesite="strict",
        )
        return response

    def _forward(self, request: Request) -> Response:
        """On to the page, with the token gone from the address. By the page's own hand and not by a
        redirect: a Strict cookie would not be sent along if the link was clicked on another site."""
        piece, way = way_to(request.query_params)
        target = (f"/?piece={piece}" if piece else "/") + (f"#{way}" if way else "")
        return words("Opening the instrument …", head=f'<meta http-equiv="refresh" content="0;url={target}">')


class Assets(StaticFiles):
    """The built files. Their names carry their content, except at the top. Where one lies there compressed
    (web/press.js) and the browser takes that, it gets that."""

    async def check_config(self) -> None:
        """A page that is not built has no files; that is no mistake of the server."""

    def file_response(self, full_path, stat_result, scope: Scope, status_code: int = 200) -> Response:  # type: ignore[no-untyped-def]
        pressed, coding = pressed_beside(Path(full_path), Headers(scope=scope).get("accept-encoding", ""))
        if pressed is None:
            response = super().file_response(full_path, stat_result, scope, status_code)
        else:
            response = super().file_response(pressed, pressed.stat(), scope, status_code)
            response.headers["content-encoding"] = coding
        response.headers["vary"] = "accept-encoding"
        named_by_content = scope["path"].startswith("/assets/")
        response.headers["cache-control"] = "max-age=31536000, immutable" if named_by_content else "no-cache"
        return response
