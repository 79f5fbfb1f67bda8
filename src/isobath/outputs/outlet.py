"""Where what is heard may go, and several such places at once."""

from collections.abc import Sequence
from typing import Protocol

from isobath.protocol.messages import Heard


class Outlet(Protocol):
    """Another program, or an instrument."""

    def send(self, heard: Heard) -> None:
        """Tell what is heard now; never waits, never fails."""

    def say(self, address: str, values: Sequence[float | str]) -> None:
        """Send one message of its own, where the other side understands such; never waits, never fails."""

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

    def say(self, address: str, values: Sequence[float | str]) -> None:
        """Send every one a message."""
        for each in self._outlets:
            each.say(address, values)

    def close(self) -> None:
        """Close every one."""
        for each in self._outlets:
            each.close()
