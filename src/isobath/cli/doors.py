"""The options by which a command lets controllers in, the same wherever something is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from isobath.inputs.midi.watching import Api
    from isobath.server.controllers import Controllers


@dataclass(frozen=True)
class Doors:
    """Which controllers are listened to."""

    osc_in: str | None = None
    osc_now: bool = False
    midi: Api | str = "off"
    gamepads: bool = False
    sound_in: str | None = None
    programs: bool = False
    link: str | None = None

    def open(self) -> Controllers:
        """Listen to them.

        Raises:
            UsageError: one of them cannot be listened to.
        """
        from isobath.inputs.osc.receiver import read_doorway
        from isobath.server.controllers import Controllers

        return Controllers(
            osc=None if self.osc_in is None else read_doorway(self.osc_in),
            dates=not self.osc_now,
            midi=self._midi(),
            gamepads=self.gamepads,
            sound=self.sound_in,
            programs=self.programs,
            link=None if self.link is None else read_doorway(self.link),
        )

    def _midi(self) -> Api | None:
        from isobath.inputs.midi.ports import is_here

        match self.midi:
            case "auto":
                return "auto" if is_here() else None
            case "alsa" | "jack" | "core" | "windows" as api:
                return api
            case _:
                return None


OPTIONS = (
    click.option(
        "--osc-in",
        metavar="[HOST:]PORT",
        help="Let other programs move the axes, as OSC over UDP or TCP; without HOST only those of this "
        "machine.",
    ),
    click.option("--osc-now", is_flag=True, help="Take OSC at once, whatever date its bundles have."),
    click.option(
        "--midi",
        type=click.Choice(["auto", "off", "alsa", "jack", "core", "windows"]),
        default="auto",
        show_default=True,
        help="Listen to every MIDI port of this system; auto does where python-rtmidi is installed.",
    ),
    click.option(
        "--gamepads",
        is_flag=True,
        help="Read gamepads, joysticks and a Gametrak, whatever window is in front.",
    ),
    click.option(
        "--sound-in",
        metavar="DEVICE",
        help="Let the loudness, brightness, onsets and pitch of a sound device move axes; `default` is the "
        "usual one.",
    ),
    click.option(
        "--link",
        metavar="[HOST:]PORT",
        is_flag=False,
        flag_value="17000",
        help="Follow the beat of an Ableton Link session, as Carabiner says it at this port (17000).",
    ),
)

PROGRAMS = click.option(
    "--programs", is_flag=True, help="Let programs in by WebSocket; prints the address with its key."
)


def doors(programs: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command these options; it gets them as `doors`. programs: there is a server for them."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def called(
            *arguments: Any,
            osc_in: str | None,
            osc_now: bool,
            midi: str,
            gamepads: bool,
            sound_in: str | None,
            link: str | None,
            programs: bool = False,
            **others: Any,
        ) -> Any:
            return command(
                *arguments, doors=Doors(osc_in, osc_now, midi, gamepads, sound_in, programs, link), **others
            )

        for option in reversed((*OPTIONS, PROGRAMS) if programs else OPTIONS):
            called = option(called)
        return called

    return decorate
