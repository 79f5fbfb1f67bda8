"""The server as a process: a port found, a line printed, signals heard, the library closed."""

import asyncio
import errno
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from isobath.errors import UsageError
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.outputs.outlet import Outlet
from isobath.protocol.messages import MESSAGE_BYTES
from isobath.server.access import Access, Address, read_secret
from isobath.server.app import create_app
from isobath.server.controllers import Controllers
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


def bind(doorway: Doorway) -> socket.socket:
    """A listening socket.

    Raises:
        UsageError: the port is taken or not allowed, or the host is not this machine.
    """
    first = PORT if doorway.port is None else doorway.port
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


def _own_addresses() -> tuple[str, ...]:
    """The address this machine has in its network. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return (str(probe.getsockname()[0]),)
        except OSError:
            return ()


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    return host in {*LOOPBACK, "::1"}


def _end_quietly() -> None:
    """uvicorn raises the signal that ended it once more; to be asked to end is no failure."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: None)


def configuration(app: Starlette) -> uvicorn.Config:
    """How the application is served."""
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
        lifespan="on",
    )


def serve(
    home: Home,
    doorway: Doorway,
    version: str,
    ready: Callable[[str, Library], None],
    renewed: Callable[[str], None],
    osc: Outlet | None = None,
    controllers: Controllers | None = None,
    stage: Stage | None = None,
) -> None:
    """Open the library, listen, call `ready` with the link, and serve until told to stop. Each time a
    link has been used, `renewed` is called with the next one. What is heard goes to `osc`; what
    `controllers` say moves the axes, and those of what `stage` plays.

    SIGTERM and Ctrl-C end it gracefully: the save in progress is finished and the library closed.

    Raises:
        UsageError: it cannot listen there.
        SaveError, PieceNewer: the library cannot be opened.
    """
    listener = bind(doorway)
    try:
        port = int(listener.getsockname()[1])
        library = Library.open(home)
        shown = "127.0.0.1" if is_local(doorway.host) or doorway.host in {"0.0.0.0", "::"} else doorway.host

        def link(token: str) -> str:
            return f"http://{shown}:{port}/?token={token}"

        access = Access(
            Address.of(names_of(doorway.host), port),
            read_secret(home.secret),
            port,
            renewed=lambda token: renewed(link(token)),
        )
        here = is_local(doorway.host)
        app = create_app(library, access, version, here=here, osc=osc, controllers=controllers, stage=stage)
        config = configuration(app)
        ready(link(access.token), library)
        _end_quietly()
        with suppress(KeyboardInterrupt):
            asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
    finally:
        listener.close()
