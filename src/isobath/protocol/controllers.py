"""What moves an axis besides the hand on the page: where a value comes from, and what is done to it.

A piece keeps one `Input` per controller and axis. `isobath.gesture` does what `Conditioning` says, in
Python and, with the same numbers, in web/src/gesture/conditioning.ts. The guide is
docs/guide/controllers.md.
"""

from typing import Literal

import msgspec


class Conditioning(msgspec.Struct, frozen=True, kw_only=True):
    """From what a controller says to a place on an axis, in this order."""

    lo: float = 0.0
    """What the controller says at one end. Above `hi` turns it round, as `invert` does."""
    hi: float = 1.0
    """What it says at the other end; beyond either end is the end."""
    invert: bool = False
    deadzone: float = 0.0
    """0..0.49 of the axis to either side of `deadzone_at` that counts as being there."""
    deadzone_at: float = 0.5
    """Where the controller rests: 0.5 for a stick, 0 for a pedal."""
    curve: float = 0.0
    """-0.98..0.98: above 0 moves most near the low end, below 0 most near the high end, 0 straight."""
    cutoff_hz: float = 0.0
    """One-euro filter (Casiez, Roussel and Vogel 2012): how much it steadies a hand that rests; less is
    steadier. 0: no filter."""
    beta: float = 4.0
    """How much the filter lets go as the hand gets faster, Hz for each axis' length a second."""
    slew_seconds: float = 0.0
    """The shortest time from one end to the other. 0: as quick as the hand."""
    hold_seconds: float = 1.0
    """How long the axis stays once the controller is gone or let go, before it glides to its rest.
    Below 0: for ever."""
    silence_seconds: float = 0.0
    """A controller that says nothing for so long counts as gone. 0: it may be silent."""


class OscSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="osc"):
    """An argument of the messages to an address."""

    address: str
    """May be a pattern: `?`, `*`, `[a-z]`, `{one,two}`."""
    argument: int = 0
    """Which of the message's values, from 0; those of arrays are counted through."""


MidiMessage = Literal[
    "control",
    "control14",
    "nrpn",
    "rpn",
    "bend",
    "pressure",
    "key_pressure",
    "note",
    "velocity",
    "key",
    "program",
]
"""control14: controllers 0 to 31 with their fine halves 32 to 63; note: 1 while it is down; velocity and key:
how hard and which the newest note is, let go with the last one."""


class MidiSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="midi"):
    """Values of a MIDI message, 0..1 from its least to its most."""

    message: MidiMessage
    number: int | None = None
    """Controller, parameter, note or program; None: any."""
    channel: int | None = None
    """1..16; 0: the one of the newest note (MPE); None: all of them."""
    port: str = ""
    """Part of the port's name; empty: every port. A whole name is the first that is called so, `NAME #2` the
    second."""


class GamepadSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="gamepad"):
    """A stick, trigger or button, 0..1 from its least to its most; a stick rests at 0.5."""

    part: Literal["axis", "button"] = "axis"
    index: int = 0
    device: str = ""
    """Part of the device's name; empty: every gamepad. A whole name is the first that is called so, `NAME #2`
    the second."""


class HidSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="hid"):
    """An axis of a device that is read as it is, 0..1 from its least to its most."""

    device: Literal["gametrak", "gametrak #2"] = "gametrak"
    index: int = 0
    """Gametrak: left x, y, length, right x, y, length."""


class ClockSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="clock"):
    """Moves by itself."""

    shape: Literal["sine", "triangle", "saw", "square", "walk", "steps"] = "sine"
    """walk: a smooth random walk; steps: the list of `steps`, one after the other."""
    rate: float = 0.25
    """Rounds a second, or a beat where `tempo` is above 0; of a walk, turns."""
    tempo: float = 0.0
    """Beats a minute; 0: `rate` counts seconds."""
    phase: float = 0.0
    """0..1 of a round ahead."""
    steps: tuple[float, ...] = ()
    """0..1 each."""
    seed: int = 1
    """Of the walk."""


class SoundSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="sound"):
    """What is heard of the live input, 0..1."""

    descriptor: Literal["loudness", "brightness", "onset", "pitch"] = "loudness"


class ProgramSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="program"):
    """A value that another program sends by name over a WebSocket."""

    name: str


class OrientationSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="orientation"):
    """How the device is held that the page is on: a phone in the hand. 0..1 from its least to its most."""

    part: Literal["turn", "tilt", "roll"] = "tilt"
    """turn: like a compass; tilt: top up or down; roll: left or right side up. Lying flat is 0.5."""


class PenSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="pen"):
    """A pen on the page's playing surface, or a finger whose force the screen feels; let go when lifted."""

    part: Literal["pressure", "tilt_x", "tilt_y", "twist"] = "pressure"
    """0..1 from least to most; upright is 0.5 of both tilts, to the right and to the top are more."""


class KeySource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="key"):
    """A key of the keyboard where the page is: 1 while it is down. It then does nothing else."""

    code: str
    """Its place as browsers name it, whatever is printed on it: `KeyQ`, `Digit1`, `F8`."""


class GestureSource(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="gesture"):
    """A recorded movement of axes: 1 for a moment whenever it has been made again, at whatever pace between
    two fifths and two and a half times its own."""

    name: str
    axes: tuple[str, ...] = ()
    """Ids of those that it moves."""
    examples: tuple[tuple[tuple[float, ...], ...], ...] = ()
    """Recordings of it: places of `axes`, 0..1, 30 a second. Three or more say best how exact it has to be;
    64 of a piece are heeded, and 600 places of each."""


InputSource = (
    OscSource
    | MidiSource
    | GamepadSource
    | HidSource
    | ClockSource
    | SoundSource
    | ProgramSource
    | OrientationSource
    | PenSource
    | KeySource
    | GestureSource
)


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """A controller on an axis. Of several on one axis the one moved last is heard."""

    id: str
    axis: str
    """Id of the axis; an input of an axis that is not there moves nothing."""
    source: InputSource
    conditioning: Conditioning = msgspec.field(default_factory=Conditioning)
    muted: bool = False


Action = Literal[
    "demonstrate",
    "keep",
    "record",
    "play",
    "panic",
    "undo",
    "next",
    "previous",
    "hold",
    "freeze",
    "fade",
    "tap",
]
"""record and play: a take; next and previous: a scene; hold: average the gesture while it is down; freeze:
the latents stay, or go on; fade: the master out, or in; tap: the tempo."""


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happens once when a value rises past the middle (0.5)."""

    id: str
    source: InputSource
    action: Action
    muted: bool = False
