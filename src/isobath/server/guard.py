"""The guard stands before every route and socket, so that no route can forget to ask."""

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isobath.protocol.messages import ProblemKind, Refusal
from isobath.server.access import Access
from isobath.server.phone import AUTHORITY

UNKNOWN = "This browser has not been let in yet. Open the link that Isobath printed in the terminal."
FOR_HOSTS = "An invitation is for walking; this belongs to the host."

OPEN = frozenset({"/", "/health", AUTHORITY})
"""Paths that need no cookie: the page, which then says where the link is, a sign of life, and the
certificate that a phone may be told to trust."""

PROGRAMS = "/controllers"
"""Where other programs come in."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
}


def refusal(status: int, sentence: str, kind: ProblemKind = "server") -> Response:
    """An answer that is not what was asked for, as the page shows it."""
    body = msgspec.json.encode(Refusal(sentence=sentence, kind=kind))
    return Response(body, status, media_type="application/json")


def cookie_of(headers: Headers, name: str) -> str | None:
    """The value of a cookie in a request."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return None if found is None else found.value


class Guard:
    """Refuses what `Access` refuses, and puts the security headers on every answer."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        programs: Callable[[Scope, Headers], bool],
        guests: Callable[[Scope], bool] = lambda _: False,
        listeners: Callable[[Scope], bool] = lambda _: False,
    ) -> None:
        """programs: whether one may open a socket at PROGRAMS; it has a key instead of a cookie. guests:
        whether somebody who was let in by an invitation may ask for this. listeners: whether this is sound
        that is asked for with its key.
        """
        self._app = app
        self._access = access
        self._programs = programs
        self._guests = guests
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        socket = scope["type"] == "websocket"
        if socket and scope["path"] == PROGRAMS:
            if self._programs(scope, headers):
                await self._app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            return
        secure = scope.get("scheme") in {"https", "wss"}
        method = "GET" if socket else scope["method"]
        refused = self._access.refuse(method, headers, socket=socket, secure=secure)
        cookie = cookie_of(headers, self._access.cookie_name)
        known = refused is None and self._access.knows(cookie)
        guest = refused is None and not known and self._access.invited(cookie)
        scope.setdefault("state", {}).update(known=known, guest=guest, who=cookie if known or guest else "")
        if guest:
            known = self._guests(scope)
        if socket:
            if refused is not None or not known:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if refused is not None:
            await refusal(refused.status, refused.sentence)(scope, receive, answer)
        elif not known and scope["path"] not in OPEN and not self._listeners(scope):
            await refusal(401, FOR_HOSTS if guest else UNKNOWN)(scope, receive, answer)
        else:
            await self._app(scope, receive, answer)
