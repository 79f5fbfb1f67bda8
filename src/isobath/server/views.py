"""What a page has before it: from which piece it makes its changes, so that nobody's are lost."""

import itertools
import time

import msgspec

from isobath.protocol.messages import Change, Opened
from isobath.protocol.piece import Piece

KEPT = 8
"""Pieces told that a page may yet say it shows."""

_serials = itertools.count(time.time_ns() // 1_000_000)


class Views:
    """One per page."""

    def __init__(self) -> None:
        self._told: dict[int, Piece] = {}
        self._seen = -1
        self._mine: Piece | None = None
        """What the page sent last, from what it had `_seen`."""
        self.diverged = False
        """The library has others' changes that the page has not said it shows."""

    def told(self, opened: Opened) -> Opened:
        """The same, numbered."""
        serial = next(_serials)
        self._told[serial] = opened.piece
        while len(self._told) > KEPT:
            del self._told[next(iter(self._told))]
        return msgspec.structs.replace(opened, serial=serial)

    def base(self, change: Change) -> Piece | None:
        """What the page changed; None where nobody knows, and the change is all that counts."""
        if change.seen != self._seen:
            self.diverged = False
            self._mine = self._told.get(change.seen)
            self._seen = change.seen
        same = self._mine is not None and self._mine.id == change.piece.id
        return self._mine if same else None

    def sent(self, change: Change, diverged: bool) -> None:
        """The page has this now."""
        self._mine = change.piece
        self.diverged = self.diverged or diverged

    def stepped(self, piece: Piece) -> None:
        """The page went back or forth in its history."""
        self._mine, self.diverged = piece, False
