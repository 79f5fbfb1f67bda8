"""What all connections share: the library, its one writing thread, and the pages that are here.

The library is asked in a thread of its own, one request after another, so that a slow disk never
stops a message and the order of operations is the order of their arrival.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

from isobath.library.library import Library
from isobath.protocol.messages import FromServer, Models, Pieces

P = ParamSpec("P")
T = TypeVar("T")


class Listener(Protocol):
    """A page that can be told something."""

    page: str
    piece: str | None

    def tell(self, message: FromServer) -> None:
        """Put a message in line; never waits."""


class Desk:
    """One per server."""

    def __init__(self, library: Library, version: str) -> None:
        self.library = library
        self.version = version
        self.listeners: set[Listener] = set()
        self.fits = ThreadPoolExecutor(2, "isobath-fit")
        self._librarian = ThreadPoolExecutor(1, "isobath-library")

    async def ask(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the library do something, after everything asked before. Once begun it is finished,
        even if nobody waits for it any more."""
        job = asyncio.get_running_loop().run_in_executor(self._librarian, lambda: act(*args, **kwargs))
        return await asyncio.shield(job)

    def others(self, piece: str, here: Listener) -> list[Listener]:
        """The other pages on a piece."""
        return [each for each in self.listeners if each is not here and each.piece == piece]

    async def tell_pieces(self) -> None:
        """Tell every page that the list of pieces reads differently."""
        if self.listeners:
            message = Pieces(pieces=await self.ask(self.library.list))
            for listener in list(self.listeners):
                listener.tell(message)

    async def tell_models(self) -> None:
        """Tell every page that there is another model."""
        message = Models(models=await self.ask(self.library.models.all))
        for listener in list(self.listeners):
            listener.tell(message)

    def close(self) -> None:
        """Finish what was begun, then close the library."""
        self.fits.shutdown(wait=False, cancel_futures=True)
        self._librarian.shutdown(wait=True)
        self.library.close()
