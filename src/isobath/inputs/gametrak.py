"""A Gametrak as six axes, read from the system's raw reports.

Two strings on two sticks: for each hand where it points (x, y) and how far it is (length), 12 bits each. Its
reports have 16 bytes: six numbers of two bytes, least first, in the order left x, y, length, right x, y,
length, then buttons. The console version is silent until it is converted or woken; one that is converted
is an ordinary joystick as well, so `gamepad` axes 0 to 5 are the same six.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from isobath.inputs.keys import Key

VENDOR, PRODUCT = 0x14B7, 0x0982
AXES = 6
MOST = 4095
LOOK_SECONDS = 1.0

Say = Callable[[Key, float], None]
Let = Callable[[list[Key]], None]


def read_report(report: bytes) -> tuple[float, ...] | None:
    """Six axes, 0..1 each; None: this is no report of a Gametrak."""
    if len(report) < 2 * AXES:
        return None
    values: tuple[int, ...] = struct.unpack_from(f"<{AXES}H", report)
    if max(values) > MOST or max(values) == 0:
        return None
    return tuple(value / MOST for value in values)


class Device(Protocol):
    """Something that is read from."""

    def read(self, size: int) -> bytes:
        """The next report; empty: it is gone, or nothing came for a while."""

    def close(self) -> None:
        """Read no more."""


def find() -> Device | None:
    """A Gametrak that is plugged in: through Linux' hidraw, elsewhere through the module hid."""
    for folder in sorted(Path("/sys/class/hidraw").glob("hidraw*")):
        with suppress(OSError):
            identity = (folder / "device" / "uevent").read_text()
            if f"{VENDOR:08X}:{PRODUCT:08X}" in identity.upper():
                return (Path("/dev") / folder.name).open("rb", buffering=0)
    with suppress(Exception):  # not installed, or no such device
        import hid

        device: Any = hid.device()
        device.open(VENDOR, PRODUCT)
        return _Hid(device)
    return None


class _Hid:
    """The module's device with bytes instead of lists."""

    def __init__(self, device: Any) -> None:
        self._device = device

    def read(self, size: int) -> bytes:
        return bytes(self._device.read(size, 1000))

    def close(self) -> None:
        self._device.close()


class Gametrak:
    """Reads one for as long as it is there, and looks for it again when it is not."""

    def __init__(
        self,
        say: Say,
        let: Let,
        find: Callable[[], Device | None] = find,
        seconds: float = LOOK_SECONDS,
    ) -> None:
        """say: called with each value; let: with the keys once it is gone; both in a thread of its own."""
        self._say, self._let, self._find, self._seconds = say, let, find, seconds
        self.there = False
        self.garbage = 0
        """Reports that were none."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="isobath-gametrak", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read no more. A read that waits for a silent device ends with it."""
        self._stop.set()
        self._thread.join(1.5)

    def _run(self) -> None:
        while not self._stop.is_set():
            device = self._find()
            if device is not None:
                self._follow(device)
            self._stop.wait(self._seconds)

    def _follow(self, device: Device) -> None:
        keys: list[Key] = [("hid", "gametrak", i) for i in range(AXES)]
        self.there = True
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
            self.there = False
            device.close()
            self._let(keys)
