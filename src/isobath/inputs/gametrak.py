"""A Gametrak as six axes, read from the system's raw reports.

Two strings on two sticks: for each hand where it points (x, y) and how far it is (length), 12 bits each. Its
reports have 16 bytes: six numbers of two bytes, least first, in the order left x, y, length, right x, y,
length, then buttons. The console version is silent until it is converted or woken; one that is converted
is an ordinary joystick as well, so `gamepad` axes 0 to 5 are the same six. The second of two is
`gametrak #2`.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from isobath.inputs.alike import told_apart
from isobath.inputs.keys import Key

VENDOR, PRODUCT = 0x14B7, 0x0982
AXES = 6
HIGHEST = 4095
MOST = 2
"""That are read at once."""
LOOK_SECONDS = 1.0

Say = Callable[[Key, float], None]
Let = Callable[[list[Key]], None]


def read_report(report: bytes) -> tuple[float, ...] | None:
    """Six axes, 0..1 each; None: this is no report of a Gametrak."""
    if len(report) < 2 * AXES:
        return None
    values: tuple[int, ...] = struct.unpack_from(f"<{AXES}H", report)
    if max(values) > HIGHEST or max(values) == 0:
        return None
    return tuple(value / HIGHEST for value in values)


class Device(Protocol):
    """Something that is read from."""

    def read(self, size: int) -> bytes:
        """The next report; empty: it is gone, or nothing came for a while."""

    def close(self) -> None:
        """Read no more."""


class Finder:
    """Finds those that are plugged in and not read yet: through Linux' hidraw, elsewhere through the module
    hid. Called from one thread; what it found may be closed in any."""

    def __init__(self, folder: Path = Path("/sys/class/hidraw"), devices: Path = Path("/dev")) -> None:
        """folder: where the system lists them; devices: where they are read."""
        self._folder, self._devices = folder, devices
        self._read: set[str] = set()

    def __call__(self) -> Device | None:
        """The next one; None: there is no other."""
        for path in sorted(self._folder.glob("hidraw*")):
            with suppress(OSError):
                identity = (path / "device" / "uevent").read_text()
                if path.name not in self._read and f"{VENDOR:08X}:{PRODUCT:08X}" in identity.upper():
                    file = (self._devices / path.name).open("rb", buffering=0)
                    return self._found(path.name, file.read, file.close)
        with suppress(Exception):  # not installed, or no such device
            import hid

            for each in hid.enumerate(VENDOR, PRODUCT):
                name = str(each["path"])
                if name not in self._read:
                    return self._opened(name, each["path"], hid.device())
        return None

    def _opened(self, name: str, path: bytes, device: Any) -> Device:
        device.open_path(path)
        return self._found(name, lambda size: bytes(device.read(size, 1000)), device.close)

    def _found(self, name: str, read: Callable[[int], bytes | None], close: Callable[[], object]) -> Device:
        def closed() -> None:
            self._read.discard(name)
            close()

        self._read.add(name)
        return _Found(read, closed)


class _Found:
    """One that was found."""

    def __init__(self, read: Callable[[int], bytes | None], close: Callable[[], None]) -> None:
        self._read, self._close = read, close

    def read(self, size: int) -> bytes:
        return self._read(size) or b""

    def close(self) -> None:
        self._close()


class Gametrak:
    """Reads each for as long as it is there, and looks for others meanwhile."""

    def __init__(
        self,
        say: Say,
        let: Let,
        find: Callable[[], Device | None] | None = None,
        seconds: float = LOOK_SECONDS,
    ) -> None:
        """say: called with each value; let: with the keys of one that is gone; both in a thread for each.
        find: opens one that is not read yet. seconds: between two looks for others."""
        self._say, self._let, self._find, self._seconds = say, let, find or Finder(), seconds
        self._followed: dict[str, threading.Thread] = {}
        self.garbage = 0
        """Reports that were none."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="isobath-gametrak", daemon=True)
        self._thread.start()

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are there: `gametrak`, `gametrak #2`."""
        return tuple(self._followed)

    def close(self) -> None:
        """Read no more. A read that waits for a silent device ends with it."""
        self._stop.set()
        for thread in (self._thread, *list(self._followed.values())):
            thread.join(1.5)

    def _run(self) -> None:
        while not self._stop.is_set():
            for _ in range(MOST - len(self._followed)):
                device = self._find()
                if device is None:
                    break
                name = told_apart("gametrak", self._followed)
                thread = threading.Thread(target=self._follow, args=(name, device), daemon=True)
                self._followed[name] = thread
                thread.start()
            self._stop.wait(self._seconds)

    def _follow(self, name: str, device: Device) -> None:
        keys: list[Key] = [("hid", name, i) for i in range(AXES)]
        try:
            while not self._stop.is_set() and (report := device.read(16)):
                values = read_report(report)
                if values is None:
                    self.garbage += 1
                    continue
                for key, value in zip(keys, values, strict=True):
                    self._say(key, value)
        except OSError:
            pass
        finally:
            device.close()
            self._let(keys)
            del self._followed[name]
