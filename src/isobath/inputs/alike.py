"""Devices of one name: the second is called `NAME #2`, so that two equal controllers are two.

web/src/gesture/alike.ts tells the page's own ones apart in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_NUMBERED = re.compile(r"^(.*\S) #([1-9]\d*)$", re.DOTALL)


def port_name(port: str) -> str:
    """A port's name without the numbers that change when it is plugged in again."""
    return re.sub(r"(?:\s+\d+:\d+|\s*\(\d+\))$", "", port).strip()


def told_apart(name: str, taken: Collection[str]) -> str:
    """What a device that has just come is called among those that are there; the first keeps its name."""
    names = {port_name(each) for each in taken}
    plain = port_name(name)
    if plain not in names:
        return name
    number = 2
    while f"{plain} #{number}" in names:
        number += 1
    return f"{plain} #{number}"


def means_device(wanted: str, device: str) -> bool:
    """Whether a piece means this device. Nothing means every one, a part of a name all that have it, a whole
    name the first that is called so, and `NAME #2` the second; case does not count."""
    wanted, device = wanted.casefold(), device.casefold()
    plain, number = _split(port_name(device))
    part, asked = _split(wanted)
    if asked is not None:
        return (number or 1) == asked and part in plain
    if wanted == plain:
        return number is None
    return wanted in device


def _split(name: str) -> tuple[str, int | None]:
    """A name and which of several it is; None: the only one, or the first."""
    found = _NUMBERED.match(name)
    return (name, None) if found is None else (found[1], int(found[2]))
