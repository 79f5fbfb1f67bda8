"""What a value that comes in is called, and whether an input of a piece means it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from isobath.inputs.alike import means_device, port_name
from isobath.inputs.osc.patterns import is_pattern
from isobath.inputs.osc.patterns import matches as means
from isobath.protocol.controllers import (
    Action,
    GamepadSource,
    GestureSource,
    HidSource,
    InputSource,
    MidiMessage,
    MidiSource,
    OscSource,
    ProgramSource,
    SoundSource,
)
from isobath.protocol.piece import Axis

Key = tuple[str | int, ...]
"""("osc", address, argument), ("midi", port, channel, message, number), with channel 0 for that of
the newest note, ("gamepad", device, part, index),
("hid", device, index), ("sound", descriptor), ("program", name), ("gesture", piece, name)."""

ACTIONS: tuple[Action, ...] = get_args(Action)
MESSAGES: tuple[MidiMessage, ...] = get_args(MidiMessage)

OWN = "/isobath/"
"""Addresses that need no input in the piece begin so."""


def matches(source: InputSource, key: Key) -> bool:
    """Whether the values of a key are this source's."""
    match source, key:
        case OscSource(address=wanted, argument=argument), ("osc", str(address), at):
            return at == argument and means_address(wanted, address)
        case MidiSource() as wanted, ("midi", str(port), channel, message, number):
            return (
                message == wanted.message
                and means_device(wanted.port, port)
                and (channel != 0 if wanted.channel is None else wanted.channel == channel)
                and wanted.number in (None, number)
            )
        case GamepadSource() as wanted, ("gamepad", str(device), part, index):
            found = part == wanted.part and index == wanted.index
            return found and means_device(wanted.device, device)
        case HidSource() as wanted, ("hid", device, index):
            return device == wanted.device and index == wanted.index
        case SoundSource() as wanted, ("sound", descriptor):
            return descriptor == wanted.descriptor
        case ProgramSource() as wanted, ("program", name):
            return name == wanted.name
        case GestureSource() as wanted, ("gesture", _, name):
            return name == wanted.name
        case _:
            return False


def means_address(wanted: str, address: str) -> bool:
    """Whether what comes in under an address is wanted; either may be a pattern."""
    return means(wanted, address) or (is_pattern(address) and means(address, wanted))


def source_of(key: Key) -> InputSource | None:
    """The source that means a key's values: what `learn` puts into a piece."""
    match key:
        case ("osc", str(address), int(argument)):
            return OscSource(address=address, argument=argument)
        case ("midi", str(port), int(channel), str(message), int(number)):
            known = next((each for each in MESSAGES if each == message), None)
            if known is None:
                return None
            any_number = known in {"velocity", "key"}
            return MidiSource(
                message=known, number=None if any_number else number, channel=channel, port=port_name(port)
            )
        case ("gamepad", str(device), "axis", int(index)):
            return GamepadSource(part="axis", index=index, device=device)
        case ("gamepad", str(device), "button", int(index)):
            return GamepadSource(part="button", index=index, device=device)
        case ("hid", "gametrak", int(index)):
            return HidSource(device="gametrak", index=index)
        case ("hid", "gametrak #2", int(index)):
            return HidSource(device="gametrak #2", index=index)
        case ("program", str(name)):
            return ProgramSource(name=name)
        case _:
            return None


Kind = Literal["osc", "midi", "gamepad", "hid", "sound", "program"]


def kind_of(key: Key) -> Kind | None:
    """What sort of controller says this."""
    match key[0]:
        case "osc" | "midi" | "gamepad" | "hid" | "sound" | "program" as kind:
            return kind
        case _:
            return None


def words_for(key: Key) -> str:
    """A key for people."""
    match key:
        case ("osc", address, argument):
            return f"{address}, value {int(argument) + 1}"
        case ("midi", port, channel, message, number):
            where = f"channel {channel}" if channel else "the newest note"
            return f"{str(message).replace('_', ' ')} {number}, {where}, {port_name(str(port))}"
        case ("gamepad", device, part, index):
            return f"{part} {index}, {device}"
        case ("hid", device, index):
            return f"{str(device).capitalize()} {GAMETRAK[int(index)]}"
        case (_, name):
            return str(name)
        case _:
            return " ".join(map(str, key))


GAMETRAK = ("left x", "left y", "left length", "right x", "right y", "right length")


def own_axes(axes: Sequence[Axis]) -> Callable[[str], list[tuple[int, int]]]:
    """Which argument of an address means which axis without any input: `/isobath/axis/1` or
    `/isobath/axis/NAME`, and `/isobath/axes` with one value for each."""
    names = {axis.name.replace(" ", "_"): i for i, axis in reversed(list(enumerate(axes)))}
    names |= {str(i + 1): i for i in range(len(axes))}

    def own(address: str) -> list[tuple[int, int]]:
        if address == OWN + "axes":
            return [(i, i) for i in range(len(axes))]
        if address.startswith(OWN + "axis/"):
            wanted = address.removeprefix(OWN + "axis/")
            if not is_pattern(wanted):
                return [(0, names[wanted])] if wanted in names else []
            return [(0, i) for i in sorted({i for name, i in names.items() if means(wanted, name)})]
        return []

    return own


def own_action(address: str) -> Action | None:
    """What an address means to happen without any trigger in the piece: `/isobath/panic` and the like."""
    if not address.startswith(OWN):
        return None
    return next((each for each in ACTIONS if OWN + each == address), None)
