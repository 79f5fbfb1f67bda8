"""A real server on a real port, and a page that talks to it."""

import threading
from contextlib import contextmanager

import httpx
import uvicorn
from websockets.sync.client import connect

from isobath.library.library import Library
from isobath.protocol.connection import read_answer, write
from isobath.protocol.messages import MESSAGE_BYTES, Hello
from isobath.server.access import Access, Address, read_secret
from isobath.server.app import create_app
from isobath.server.run import Doorway, bind, configuration, names_of


class Served:
    """Where a server is, and what lets one in."""

    def __init__(self, port, access, library):
        self.port = port
        self.access = access
        self.library = library
        self.host = f"127.0.0.1:{port}"
        self.origin = f"http://{self.host}"

    @property
    def cookie(self):
        return f"{self.access.cookie_name}={self.access.cookie()}"

    def client(self, **headers):
        """A browser that was let in."""
        return httpx.Client(base_url=self.origin, headers={"cookie": self.cookie, **headers}, timeout=20)

    def post(self, path, content, kind="application/octet-stream", **headers):
        given = {"origin": self.origin, "content-type": kind, **headers}
        with self.client() as client:
            return client.post(path, content=content, headers=given)

    def socket(self, origin=None, cookie=None, host=None, path="/ws"):
        """A WebSocket as a browser would open it."""
        headers = {"Cookie": self.cookie if cookie is None else cookie}
        if host is not None:
            headers["Host"] = host
        return connect(
            f"ws://{self.host}{path}",
            origin=self.origin if origin is None else origin or None,
            additional_headers=headers,
            max_size=MESSAGE_BYTES,
            open_timeout=10,
            compression=None,
        )

    @contextmanager
    def page(self, name="page", **hello):
        """A page that has greeted."""
        with self.socket() as socket:
            page = TestPage(socket)
            page.welcome = page.ask(Hello(page=name, **hello))
            yield page


class TestPage:
    """Says messages and hears the answers."""

    __test__ = False

    def __init__(self, socket):
        self.socket = socket
        self.welcome = None

    def say(self, message):
        self.socket.send(write(message))

    def hear(self, kind=None, timeout=10):
        """The next message, or the next of a kind."""
        while True:
            message = read_answer(self.socket.recv(timeout))
            if kind is None or isinstance(message, kind):
                return message

    def ask(self, message, kind=None):
        self.say(message)
        return self.hear(kind)


@contextmanager
def serving(home, static=None, **options):
    """The application on a free port, in a thread, until the block ends."""
    listener = bind(Doorway(port=0))
    port = listener.getsockname()[1]
    library = Library.open(home)
    access = Access(Address.of(names_of("127.0.0.1"), port), read_secret(home.secret), port)
    config = configuration(create_app(library, access, "0.1.0", static, **options))
    config.timeout_graceful_shutdown = 2
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Served(port, access, library)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
