"""Where what is heard may go, and several such places at once."""

from collections.abc import Sequence
from typing import Protocol

from isobath.protocol.messages import Heard


class Outlet(Protocol):
    """Another program, or an instrument."""

    def send(self, heard: Heard) -> None:
        """Tell what is heard now; never waits, never fails."""

    def close(self) -> None:
        """Tell no more."""


class Outlets:
    """All of them, as one."""

    def __init__(self, outlets: Sequence[Outlet]) -> None:
        self._outlets = tuple(outlets)

    def send(self, heard: Heard) -> None:
        """Tell every one."""
        for each in self._outlets:
            each.send(heard)

    def close(self) -> None:
        """Close every one."""
        for each in self._outlets:
            each.close()
