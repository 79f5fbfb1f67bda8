"""Gamepads and joysticks through SDL, also while no window is in front.

SDL is asked 250 times a second; every stick, trigger and button says its value when it changes. Anything a
system takes for a joystick comes this way, a converted Gametrak too. Of two that are called the same the
second is `NAME #2` for as long as it is there.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

from isobath.errors import UsageError
from isobath.inputs.alike import told_apart
from isobath.inputs.keys import Key

PERIOD = 0.004

MISSING = "Gamepads need SDL: pip install 'isobath[stage]', or leave --gamepads away."

Say = Callable[[Key, float], None]
Let = Callable[[list[Key]], None]


def place(value: int) -> float:
    """0..1 of a stick's -32768..32767; its middle, 0, is exactly 0.5."""
    return 0.5 + value / 65536.0 if value < 0 else 0.5 + value / 65534.0


class Gamepads:
    """Reads all of them until it is closed."""

    def __init__(self, say: Say, let: Let) -> None:
        """say: called with each value; let: with the keys of one that is gone; both in a thread of its own.

        Raises:
            UsageError: SDL is missing.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import sdl2
        except ImportError as error:
            raise UsageError(MISSING) from error
        self._sdl: Any = sdl2
        self._say, self._let = say, let
        self._open: dict[int, tuple[Any, str, dict[Key, float]]] = {}
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="isobath-gamepads", daemon=True)
        self._thread.start()
        self._ready.wait(10.0)
        if self._problem:
            raise UsageError(f"Gamepads cannot be read ({self._problem}). Leave --gamepads away to play.")

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are there."""
        return tuple(name for _, name, _ in list(self._open.values()))

    def close(self) -> None:
        """Read no more."""
        self._stop.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        sdl = self._sdl
        sdl.SDL_SetHint(b"SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", b"1")
        if sdl.SDL_InitSubSystem(sdl.SDL_INIT_JOYSTICK) != 0:
            self._problem = sdl.SDL_GetError().decode(errors="replace")
            self._ready.set()
            return
        self._ready.set()
        while not self._stop.wait(PERIOD):
            sdl.SDL_JoystickUpdate()
            self._meet()
            for pad, name, known in self._open.values():
                self._read(pad, name, known)
        for id in list(self._open):
            self._leave(id)
        sdl.SDL_QuitSubSystem(sdl.SDL_INIT_JOYSTICK)

    def _meet(self) -> None:
        sdl = self._sdl
        count = sdl.SDL_NumJoysticks()
        there = {int(sdl.SDL_JoystickGetDeviceInstanceID(i)): i for i in range(count)}
        for id in [id for id in self._open if id not in there]:
            self._leave(id)
        for id, i in there.items():
            if id in self._open or id < 0:
                continue
            pad = sdl.SDL_JoystickOpen(i)
            if pad:
                name = (sdl.SDL_JoystickName(pad) or b"gamepad").decode(errors="replace")
                self._open[id] = (pad, told_apart(name, self.names), {})

    def _leave(self, id: int) -> None:
        pad, _, known = self._open.pop(id)
        self._sdl.SDL_JoystickClose(pad)
        if known:
            self._let(list(known))

    def _read(self, pad: Any, name: str, known: dict[Key, float]) -> None:
        sdl = self._sdl
        for i in range(sdl.SDL_JoystickNumAxes(pad)):
            self._changed(("gamepad", name, "axis", i), place(sdl.SDL_JoystickGetAxis(pad, i)), known)
        for i in range(sdl.SDL_JoystickNumButtons(pad)):
            self._changed(("gamepad", name, "button", i), float(sdl.SDL_JoystickGetButton(pad, i)), known)

    def _changed(self, key: Key, value: float, known: dict[Key, float]) -> None:
        before = known.get(key)
        known[key] = value
        # What it says when it is plugged in is no movement: nobody has touched it yet.
        if before is not None and before != value:
            self._say(key, value)
