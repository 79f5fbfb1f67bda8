"""One page and the controllers: what it is told of them while it looks, and how they are taught."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from isobath.protocol.messages import (
    CalibrateInputs,
    ControllerNoticed,
    ControllersNow,
    FromServer,
    NoticeController,
)
from isobath.server.controllers import Controllers, Wiggling

LOOK_SECONDS = 0.2
"""Between two looks at what controllers say, for a page that looks."""

GLANCE_SECONDS = 1.0
"""Between two looks for something that is ignored, for a page that does not."""


class Page(Protocol):
    """Whom it is told."""

    piece: str | None

    def tell(self, message: FromServer) -> None:
        """Put a message in line; never waits."""


class Hands:
    """One per page."""

    def __init__(self, page: Page, controllers: Controllers) -> None:
        self._page = page
        self._controllers = controllers
        self._watching = False
        self._told: ControllersNow | None = None
        self._warned = controllers.troubles()
        self._wiggling: Wiggling | None = None
        self._end_noticing: Callable[[], None] = lambda: None
        self._task = asyncio.create_task(self._look())

    def watch(self, watching: bool) -> None:
        """The page looks, or no longer does."""
        self._watching, self._told = watching, None
        if watching:
            self._tell()

    def notice(self, message: NoticeController) -> None:
        """Tell the next controller that is moved, or stop waiting for it."""
        self._end_noticing()
        if message.on:
            self._end_noticing = self._controllers.notice(message.request, self._noticed)

    def _noticed(self, noticed: ControllerNoticed) -> None:
        self._page.tell(noticed)

    def calibrate(self, message: CalibrateInputs) -> None:
        """Learn ranges from now on, or be done with it."""
        if self._wiggling is not None:
            self._page.tell(self._wiggling.ranges(done=True))
            self._wiggling.end()
            self._wiggling = None
        if message.on and self._page.piece is not None:
            self._wiggling = Wiggling(self._controllers, self._page.piece, message.request, message.inputs)

    def stop(self) -> None:
        """The page is gone."""
        self._task.cancel()
        self._end_noticing()
        if self._wiggling is not None:
            self._wiggling.end()

    async def _look(self) -> None:
        while True:
            busy = self._watching or self._wiggling is not None
            await asyncio.sleep(LOOK_SECONDS if busy else GLANCE_SECONDS)
            if self._wiggling is not None:
                self._page.tell(self._wiggling.ranges())
            if self._watching:
                self._tell()
            else:
                self._warn()

    def _tell(self) -> None:
        now = self._controllers.now(self._page.piece)
        if now != self._told:
            self._told = now
            self._page.tell(now)

    def _warn(self) -> None:
        """Tell a page that does not look, once, that something begins to be ignored."""
        troubles, warned = self._controllers.troubles(), self._warned
        begins = [
            found > 0 and before == 0
            for found, before in (
                (troubles.malformed, warned.malformed),
                (troubles.ignored, warned.ignored),
                (troubles.dropped, warned.dropped),
                (troubles.pulls, warned.pulls),
            )
        ]
        if any(begins):
            self._warned = troubles
            self._page.tell(self._controllers.now(self._page.piece))
