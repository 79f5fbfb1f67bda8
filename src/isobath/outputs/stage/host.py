"""The audio host: a process with a stream whose callback is the kernel's, and nothing else.

    python -m isobath.outputs.stage.host AREA ASKED     opens and plays until its input ends
    python -m isobath.outputs.stage.host --list         says which devices there are

It says one line of JSON: an `Opened`, or {"failed": sentence}. Closing the stream of a lost device can hang
for half a minute, or for ever; then the process is ended by who started it, or by itself.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from isobath.errors import AudioError, IsobathError
from isobath.outputs.stage.area import NOBODY, Area
from isobath.outputs.stage.devices import FILE, NULL, Asked, Device, Opened
from isobath.outputs.stage.priority import HOST_PRIORITY, hurry, settle, stay_in_memory

IDLE = Device(backend="null", name=NULL, api="a clock, nobody listens")
Ready = tuple[Opened, Callable[[], None]]
"""What plays, and how to close it."""
_PATIENCE = 60.0
"""Seconds that a file waits for a block."""
_CLOSING = 30.0
"""Seconds that a device may take to be closed: who started this may be gone, and nobody else would end it."""


def main(arguments: list[str]) -> None:
    """Open what is asked for, and stay."""
    if arguments == ["--list"]:
        _say(all_devices())
        _leave(0)
    area, asked = Area.of(arguments[0]), msgspec.json.decode(arguments[1], type=Asked)
    settle()
    stay_in_memory()
    try:
        opened, close = _open(area, asked)
    except IsobathError as error:
        _say({"failed": str(error)})
        _leave(1)
    _say(opened)
    if asked.device.startswith(FILE):
        return
    while os.read(0, 4096):
        pass
    leaves = threading.Timer(_CLOSING, _leave, (0,))
    leaves.daemon = True
    leaves.start()
    close()
    _leave(0)


def _open(area: Area, asked: Asked) -> Ready:
    if asked.device == NULL:
        return _clock(area, asked), lambda: None
    if asked.device.startswith(FILE):
        return _file(area, asked), lambda: None
    return _backends(area, asked)


def _backends(area: Area, asked: Asked) -> Ready:
    """PortAudio; where it is missing, miniaudio."""
    from isobath.outputs.stage import miniaudio, portaudio

    if portaudio.find_library() is None and miniaudio.is_there():
        return miniaudio.open_device(area, asked)
    found = portaudio.PortAudio()
    return found.open(area, asked), found.close


def all_devices() -> list[Device]:
    """Every device of this machine that can play, and the one that is no device."""
    from isobath.outputs.stage import miniaudio, portaudio

    try:
        if portaudio.find_library() is None and miniaudio.is_there():
            found = miniaudio.devices()
        else:
            found = portaudio.PortAudio().devices()
    except AudioError:
        found = []
    return [*found, IDLE]


# ----------------------------------------------------------------------- without a device


def _clock(area: Area, asked: Asked) -> Opened:
    """Blocks at the device's pace, to nobody."""
    rate = asked.rate or area.board.rate
    delay = area.open(rate, 0, 2)
    threading.Thread(target=_tick, args=(area, asked.block, rate), daemon=True).start()
    return Opened(IDLE.title, "null", rate, asked.block, 0, 2, delay)


def _tick(area: Area, block: int, rate: int) -> None:
    hurry(HOST_PRIORITY)
    due = time.monotonic()
    while True:
        area.run(block)
        due += block / rate
        now = time.monotonic()
        if now < due:
            time.sleep(due - now)
        elif now - due > 1.0:  # the machine slept
            due = now


def _file(area: Area, asked: Asked) -> Opened:
    """Every block as soon as it is there, into a sound file; ends when it is full."""
    path = Path(asked.device.removeprefix(FILE))
    rate = area.board.rate
    area.open(rate, 0, 2)
    threading.Thread(target=_write, args=(area, path, asked, rate)).start()
    return Opened(str(path), "file", rate, asked.block, 0, 2, 0.0)


def _write(area: Area, path: Path, asked: Asked, rate: int) -> None:
    from isobath.sound.files import write_blocks
    from isobath.types import Audio

    def blocks() -> Iterator[Audio]:
        left, skip = asked.samples, asked.skip
        while left > 0:
            _await(area, asked.block)
            block = area.run(asked.block)[skip:][:left]
            skip = max(0, skip - asked.block)
            left -= len(block)
            yield block.T

    try:
        samples = write_blocks(path, blocks(), rate, 2)
    except IsobathError as error:
        _say({"failed": str(error)})
        _leave(1)
    _say({"written": samples})
    _leave(0)


def _await(area: Area, block: int) -> None:
    """Until whoever is heard has a whole block."""
    end, tick = time.monotonic() + _PATIENCE, 0
    while True:
        active, wish = area.board.active, area.board.wish
        if active != NOBODY and active == wish and area.fill(active) >= block:
            return
        if wish not in (active, NOBODY) and area.fill(wish) >= block:
            return
        if time.monotonic() > end:
            raise AudioError(f"The piece made no sound for {_PATIENCE:g} s, so the file was not written.")
        tick = area.wait(tick, 0.01)


def _say(message: object) -> None:
    sys.stdout.write(msgspec.json.encode(message).decode() + "\n")
    sys.stdout.flush()


def _leave(code: int) -> None:
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
