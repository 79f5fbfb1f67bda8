"""What is heard, as MIDI for a sequencer or a synthesizer: latents, axes and descriptors as controllers.

Only what changed is sent. Latents leave with 14 bits, as the controllers 0 to 31 and their fine halves
32 to 63 (MIDI 1.0 detailed specification, control change), so steps are too small to be heard; what
goes by the coarse half alone works as well. python-rtmidi (`pip install 'isobath[stage]'`) finds the
ports; what the messages are is decided without it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from isobath.errors import UsageError
from isobath.protocol.messages import Heard

LATENTS, AXES, HEARD = 0, 1, 2
"""Channels, counted from 0: latents on 1, axes on 2, loudness, brightness and onsets on 3."""
REACH = 4.0
"""The latent at either end of a controller's range: nearly all of what models are trained to have."""
FULL = 16383
CONTROLLERS = 32
LOUDNESS, BRIGHTNESS, ONSET = 7, 74, 60
"""Controllers, and the note that an onset is."""
VIRTUAL = "Isobath"

Write = Callable[[Sequence[int]], None]


def fourteen(value: float, low: float, high: float) -> int:
    """A value between `low` and `high` as a whole number of 14 bits; what is no number is the middle."""
    share = (value - low) / (high - low)
    return FULL // 2 + 1 if share != share else round(min(max(share, 0.0), 1.0) * FULL)


class MidiOutput:
    """Sends to one port; the same value is not sent twice."""

    def __init__(self, write: Write, close: Callable[[], None] = lambda: None) -> None:
        """`write` takes one message, as bytes."""
        self._write = write
        self._close = close
        self._last: dict[tuple[int, int], int] = {}
        self._sounding = False

    def send(self, heard: Heard) -> None:
        """Tell what is heard now. A port that is gone loses it."""
        try:
            for number, value in enumerate(heard.latent[:CONTROLLERS]):
                self._fine(LATENTS, number, fourteen(value, -REACH, REACH))
            for number, value in enumerate(heard.axes[:CONTROLLERS]):
                self._fine(AXES, number, fourteen(value, 0.0, 1.0))
            self._coarse(HEARD, LOUDNESS, fourteen(heard.loudness, 0.0, 1.0) >> 7)
            self._coarse(HEARD, BRIGHTNESS, fourteen(heard.brightness, 0.0, 1.0) >> 7)
            self._onset(heard.onset)
        except (OSError, RuntimeError, ValueError):
            self._last.clear()  # all of it again, once the port is back

    def say(self, _address: str, _values: Sequence[float | str]) -> None:
        """Messages of a room have no counterpart in MIDI."""

    def _fine(self, channel: int, number: int, value: int) -> None:
        """Coarse, then fine: whoever combines the two takes the value with the fine half."""
        before = self._last.get((channel, number))
        if value == before:
            return
        self._last[channel, number] = value
        if before is None or before >> 7 != value >> 7:
            self._write((0xB0 | channel, number, value >> 7))
        self._write((0xB0 | channel, number + 32, value & 127))

    def _coarse(self, channel: int, number: int, value: int) -> None:
        if self._last.get((channel, number)) != value:
            self._last[channel, number] = value
            self._write((0xB0 | channel, number, value))

    def _onset(self, strength: float) -> None:
        if self._sounding:
            self._sounding = False
            self._write((0x80 | HEARD, ONSET, 0))
        if strength > 0.0:
            self._sounding = True
            self._write((0x90 | HEARD, ONSET, max(1, fourteen(strength, 0.0, 1.0) >> 7)))

    def close(self) -> None:
        """No more messages; a note that sounds ends."""
        if self._sounding:
            self._onset(0.0)
        self._close()


def open_midi(wanted: str) -> MidiOutput:
    """A port for what is heard; `open_port` says which. Raises UsageError."""
    return MidiOutput(*open_port(wanted))


def open_port(wanted: str) -> tuple[Write, Callable[[], None]]:
    """How to write to a port, and how to close it: the one whose name holds `wanted`; where there is none
    and the system can, one of our own called so.

    Raises:
        UsageError: there is no such port, or python-rtmidi is missing.
    """
    try:
        import rtmidi
    except ModuleNotFoundError as error:
        raise UsageError("MIDI needs python-rtmidi: pip install 'isobath[stage]'.") from error
    there: list[str] = []
    why = "no system for MIDI"
    for new in (False, True):  # a port that is there, wherever it is, goes before a new one
        for api in rtmidi.get_compiled_api():  # such as ALSA, and JACK where ALSA is missing
            try:
                port = rtmidi.MidiOut(api, name=VIRTUAL)
                names: list[str] = port.get_ports()
                at = next((i for i, name in enumerate(names) if wanted.casefold() in name.casefold()), None)
                if new:
                    port.open_virtual_port(wanted)
                elif at is not None:
                    port.open_port(at, VIRTUAL)
                else:
                    there += names
                    port.delete()
                    continue
            except Exception as error:  # rtmidi's own errors, one for each system
                why = str(error)
                continue
            return port.send_message, partial(_close, port)
    listed = ", ".join(f'"{name}"' for name in there) or "none"
    raise UsageError(f'There is no MIDI port "{wanted}" ({why}). There is: {listed}.')


def _close(port: Any) -> None:
    port.close_port()
    port.delete()
