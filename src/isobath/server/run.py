"""The server as a process: a port found, a line printed, signals heard, the library closed."""

import asyncio
import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TextIO

import uvicorn
from starlette.applications import Starlette

from isobath.errors import UsageError
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.outputs.outlet import Outlet
from isobath.protocol.messages import MESSAGE_BYTES
from isobath.server.access import Access, Address, read_secret
from isobath.server.app import create_app
from isobath.server.certificate import certify
from isobath.server.controllers import Controllers
from isobath.server.phone import PORT as PHONE_PORT
from isobath.server.phone import PhoneDoor, closing
from isobath.server.rooms import RoomAsked
from isobath.server.stage import Stage
from isobath.server.streams import Socket

PORT = 4600
"""Where the instrument is found if nothing else is asked for."""

TRIED = 20
"""Ports tried after PORT if it is taken."""

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Doorway:
    """Where the server listens."""

    host: str = "127.0.0.1"
    port: int | None = None
    """None: PORT, or the next free one after it. 0: any free one."""


@dataclass(frozen=True)
class Links:
    """What lets one browser in: the newest token, in the addresses it may be used at."""

    page: str
    phone: str | None = None
    """None: phones are not let in."""

    @property
    def widest(self) -> str:
        """The one that reaches farthest."""
        return self.phone or self.page


def bind(doorway: Doorway, usual: int | None = None) -> socket.socket:
    """A listening socket; `usual` is tried where no port is asked for, else PORT.

    Raises:
        UsageError: the port is taken or not allowed, or the host is not this machine.
    """
    first = doorway.port if doorway.port is not None else PORT if usual is None else usual
    ports = range(first, first + TRIED) if doorway.port is None else (first,)
    family = socket.AF_INET6 if ":" in doorway.host else socket.AF_INET
    for port in ports:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((doorway.host, port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE and doorway.port is None:
                continue
            raise UsageError(_unbindable(doorway.host, port, error)) from error
        listener.set_inheritable(False)
        return listener
    raise UsageError(
        f"The ports {first} to {first + TRIED - 1} are all taken. Choose another one with --port."
    )


def _unbindable(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Leave --port away to get a free one."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than yours. Choose one above 1023."
    return f"Cannot listen on {host}:{port} ({error.strerror}). Leave --host away to play on this machine."


def names_of(host: str) -> tuple[str, ...]:
    """The names under which a browser may ask for a server bound to `host`."""
    if host in {*LOOPBACK, "::1"}:
        return (*LOOPBACK, "::1") if host == "::1" else LOOPBACK
    if host not in {"0.0.0.0", "::"}:
        return (host,)
    own = socket.gethostname().lower()
    return (*LOOPBACK, own, f"{own}.local", *_own_addresses())


ELSEWHERE = ("192.0.2.1", "192.168.1.1", "10.0.0.1", "172.16.0.1", "224.0.0.251")
"""Asked for the way to, to learn which address leads there: the internet, and the usual small networks."""


def _own_addresses() -> tuple[str, ...]:
    """The addresses this machine has in its networks, the one towards the internet first. Nothing is sent."""
    found: dict[str, None] = {}
    for place in ELSEWHERE:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.connect((place, 9))
            address = str(probe.getsockname()[0])
            if not address.startswith("127.") and address != "0.0.0.0":
                found[address] = None
    return tuple(found)


def phone_names(host: str) -> tuple[str, ...]:
    """The names under which a phone may ask for this machine, the one for the link first.

    host: the address to be reached at, or one of this machine's own names for all it has.

    Raises:
        UsageError: it is in no network.
    """
    if host not in {*LOOPBACK, "::1", "0.0.0.0", "::"}:
        return (host,)
    addresses = _own_addresses()
    if not addresses:
        raise UsageError(
            "This machine is in no network that a phone could be in, too. Join one, or name this machine's "
            "address in it with --host."
        )
    own = socket.gethostname().lower()
    return (
        *addresses,
        *dict.fromkeys((own, f"{own.removesuffix('.local')}.local", "localhost", "127.0.0.1")),
    )


def open_phone_door(home: Home, host: str = "127.0.0.1", port: int | None = None) -> PhoneDoor:
    """Listen for phones, with a certificate of this machine's own.

    Raises:
        UsageError: a package is missing, there is no network, or it cannot listen there.
        SaveError: the certificate cannot be kept.
    """
    names = phone_names(host)
    certificate = certify(home.phone, names)
    listener = bind(Doorway(names[0] if len(names) == 1 else "0.0.0.0", port), PHONE_PORT)
    return PhoneDoor(listener, names, certificate)


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    return host in {*LOOPBACK, "::1"}


def _end_quietly() -> None:
    """uvicorn raises the signal that ended it once more; to be asked to end is no failure."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: None)


def configuration(app: Starlette, phone: PhoneDoor | None = None) -> uvicorn.Config:
    """How the application is served; `phone`: beside the one that began it, and encrypted."""
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws=Socket,
        ws_max_size=MESSAGE_BYTES + 1024,
        ws_max_queue=8,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=5,
        lifespan="on" if phone is None else "off",
        ssl_certfile=None if phone is None else phone.certificate.chain,
        ssl_keyfile=None if phone is None else phone.certificate.key,
    )


class _Beside(uvicorn.Server):
    """A second door to the same application; the first one hears the signals, and ends both."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of them."""
        yield


async def _serve(app: Starlette, listener: socket.socket, phone: PhoneDoor | None) -> None:
    """Until told to stop."""
    first = uvicorn.Server(configuration(app))
    if phone is None:
        await first.serve(sockets=[listener])
        return
    beside = _Beside(configuration(app, phone))

    async def follow() -> None:
        while not first.started:
            await asyncio.sleep(0.02)
        await beside.serve(sockets=[phone.listener])

    following = asyncio.create_task(follow())
    try:
        await first.serve(sockets=[listener])
    finally:
        beside.should_exit = True
        if not beside.started:
            following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def serve(
    home: Home,
    doorway: Doorway,
    version: str,
    ready: Callable[[Links, Library], None],
    renewed: Callable[[Links], None],
    osc: Outlet | None = None,
    controllers: Controllers | None = None,
    stage: Stage | None = None,
    phone: PhoneDoor | None = None,
    wanted: Callable[[Library], str] = lambda _: "",
    room: Callable[[Library], RoomAsked] | None = None,
    invited: Callable[[Links], None] = lambda _: None,
    typed: tuple[TextIO, Callable[[str], None]] | None = None,
) -> None:
    """Open the library, listen, call `ready` with the links, and serve until told to stop. Each time a
    link has been used, `renewed` is called with the next ones. What is heard goes to `osc`; what
    `controllers` say moves the axes, and those of what `stage` plays. Phones come in by `phone`.
    `wanted` says what the links open, as the end of their address. `room`: others may walk here too, and
    `invited` is called with the links for them; what is `typed` are the host's tools, and what answers them.

    SIGTERM and Ctrl-C end it gracefully: the save in progress is finished and the library closed.

    Raises:
        UsageError: it cannot listen there.
        SaveError, PieceNewer: the library cannot be opened.
    """
    listener = bind(doorway)
    with closing(phone), listener:
        port = int(listener.getsockname()[1])
        library = Library.open(home)
        shown = "127.0.0.1" if is_local(doorway.host) or doorway.host in {"0.0.0.0", "::"} else doorway.host
        asked = None if room is None else room(library)
        way = wanted(library)
        address = Address.of(names_of(doorway.host), port)
        if phone is not None:
            phone = replace(phone, way=way)
            address = address.and_secure(phone.names, phone.port)

        def links(token: str) -> Links:
            page = f"http://{shown}:{port}/?token={token}{way}"
            return Links(page, None if phone is None else phone.link(token))

        access = Access(address, read_secret(home.secret), port, renewed=lambda token: renewed(links(token)))
        here = is_local(doorway.host) and phone is None
        app = create_app(
            library,
            access,
            version,
            here=here,
            osc=osc,
            controllers=controllers,
            stage=stage,
            phone=phone,
            room=asked,
            invitation=lambda: links(access.invitation or "").widest,
            typed=typed,
        )
        ready(links(access.token), library)
        if asked is not None:
            access.invite()
            invited(links(access.invitation or ""))
        _end_quietly()
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(app, listener, phone))
