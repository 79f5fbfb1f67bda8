"""Controllers beside the pages: who listens for them, and how what they move reaches the event loop."""

import asyncio
from collections.abc import Callable, Sequence

from isobath.inputs.hub import Hub
from isobath.inputs.osc.receiver import OscReceiver
from isobath.protocol.controllers import Action
from isobath.protocol.piece import Piece

Move = Callable[[str, Sequence[str], Sequence[float]], None]
Act = Callable[[str, Action, bool], None]


class Controllers:
    """One per server."""

    def __init__(self, osc: tuple[str, int] | None = None) -> None:
        """osc: host and port on which OSC comes in; None: it does not.

        Raises:
            UsageError: nobody can listen there.
        """
        self.hub = Hub()
        self.osc = None if osc is None else OscReceiver(*osc, self.hub.osc)
        self.watchers: list[Callable[[Piece], None]] = []
        """Are shown each piece that is played, whenever it changes."""
        self._shown: set[str] = set()

    def start(self, move: Move, act: Act) -> None:
        """Begin, and have the event loop that runs now told."""
        loop = asyncio.get_running_loop()

        def moved(piece: str, axes: Sequence[str], values: Sequence[float]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(move, piece, axes, values)

        def acted(piece: str, action: Action, begins: bool) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(act, piece, action, begins)

        self.hub.tell(moved, acted)
        self.hub.start()

    def only(self, pieces: set[str]) -> list[str]:
        """These pieces are played, and no others. Those of them that are not shown yet."""
        for gone in self._shown - pieces:
            self.hub.hide(gone)
        self._shown &= pieces
        return sorted(pieces - self._shown)

    def show(self, piece: Piece) -> None:
        """A piece that is played, as it is now."""
        self._shown.add(piece.id)
        self.hub.show(piece)
        for watcher in self.watchers:
            watcher(piece)

    def changed(self, piece: Piece) -> None:
        """A piece was changed; if nobody plays it, nothing happens."""
        if piece.id in self._shown:
            self.show(piece)

    def close(self) -> None:
        """Listen no more."""
        if self.osc is not None:
            self.osc.close()
        self.hub.stop()
