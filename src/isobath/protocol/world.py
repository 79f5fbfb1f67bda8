"""A world: the performance space as a place that one can walk through (paper 004).

The walker's position is the gesture. `WalkAxes` says which axes of the piece it moves, so that the
same mapping, takes, rendering and OSC serve a walk as any other way of playing: a walk recorded is
a take, and replays to the sample.

Metres, right-handed: x to the east, y up, z to the south; the origin lies in the middle of the
ground. Azimuth 0 looks north (towards -z) and grows clockwise, to the east at a quarter turn.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Place = Annotated[float, Meta(ge=-100_000, le=100_000)]
"""A coordinate, in metres."""

Extent = Annotated[float, Meta(gt=0, le=100_000)]
"""A length, in metres."""

Name = Annotated[str, Meta(max_length=200)]

Id = Annotated[str, Meta(max_length=64)]

Colour = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")]


class WalkAxes(msgspec.Struct, frozen=True, kw_only=True):
    """Which axis of the piece each part of the walker's pose moves; None: none."""

    x: Id | None = None
    y: Id | None = None
    z: Id | None = None
    azimuth: Id | None = None
    """0 and 1 look north, 0.25 east, 0.5 south, 0.75 west."""
    elevation: Id | None = None
    """0 looks straight down, 0.5 at the horizon, 1 straight up."""


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What sounds from where a landmark stands; the sixteen first of a world, the eight loudest at once."""

    kind: Literal["sound", "voice"] = "sound"
    """sound: one of the library, looped from the beginning of the take on; voice: one of the piece."""
    sound: Annotated[str, Meta(max_length=64)] | None = None
    """For `sound`: which one (a SoundId)."""
    title: Name = ""
    """What its file was called."""
    voice: Id | None = None
    """For `voice`: which one. It stands where the first landmark that carries it does."""
    gain_db: Annotated[float, Meta(ge=-60, le=24)] = 0.0
    """Of a sound; a voice has its own."""
    reference: Annotated[float, Meta(ge=0.1, le=10_000)] = 4.0
    """Metres within which distance takes nothing off."""
    rolloff: Annotated[float, Meta(ge=0, le=100)] = 1.0
    """Further away its gain is reference / (reference + rolloff (distance - reference)); 0: the same
    everywhere."""


class Landmark(msgspec.Struct, frozen=True, kw_only=True):
    """Something to see and to walk towards: an ellipsoid."""

    id: Id
    label: Name = ""
    position: tuple[Place, Place, Place] = (0.0, 0.0, 0.0)
    """Its centre: x, y, z."""
    size: tuple[Extent, Extent, Extent] = (1.0, 1.0, 1.0)
    """Its diameters along x, y, z."""
    stands: bool = False
    """Its height is meant above the ground where it is, and follows it."""
    colour: Colour = "#d9d4c5"
    beacon: bool = False
    """It is heard as well as seen: a quiet tone from where it stands, for whoever walks without sight."""
    carries: Carried | None = None
    """What sounds from there."""


Sounding = Literal["flat", "loudness", "brightness", "novelty"]


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """The ground; its height and colour can come from the sound that is heard there."""

    shown: bool = True
    height: Sounding = "flat"
    colour: Sounding = "flat"
    relief: Annotated[float, Meta(ge=0, le=10_000)] = 12.0
    """Metres between the lowest and the highest ground."""


Share = Annotated[float, Meta(ge=0, le=1)]
"""A value of an axis."""

Wave = Literal["sine", "triangle", "rise"]


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """Time moves an axis, over minutes, hours or a year: what is learned over it drifts (paper 004, 4.1)."""

    axis: Id
    seconds: Annotated[float, Meta(gt=0, le=31_622_400)] = 600.0
    """From one beginning to the next."""
    wave: Wave = "sine"
    """sine and triangle go from `low` to `high` and back, rise goes up and falls at once."""
    clock: bool = False
    """It follows the clock of the day, from midnight on; otherwise it begins with the walk."""
    low: Share = 0.0
    high: Share = 1.0
    light: bool = False
    """The light of the world follows it, dark at 0."""


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever enters it moves an axis: a mapping over that axis switches, or bends (paper 004, 4.1)."""

    id: Id
    label: Name = ""
    position: tuple[Place, Place, Place] = (0.0, 0.0, 0.0)
    size: tuple[Extent, Extent, Extent] = (20.0, 20.0, 20.0)
    """Diameters of the ellipsoid that it is."""
    axis: Id = ""
    value: Share = 1.0
    """Of the axis inside; outside, the axis is at rest."""
    stands: bool = False
    """Its height is meant above the ground where it is, and follows it."""
    fade: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    """Metres over which it is entered; 0: at one step."""
    colour: Colour = "#8fb6b0"
    shown: bool = True


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The ground remembers who stood on it: an axis grows where one has been."""

    axis: Id
    cell: Annotated[float, Meta(ge=0.5, le=1000)] = 4.0
    """Metres across one place."""
    seconds: Annotated[float, Meta(gt=0, le=86_400)] = 20.0
    """How long one stands in a place until it is wholly known."""
    forgets: Annotated[float, Meta(gt=0, le=31_622_400)] = 3600.0
    """Seconds after which half is forgotten."""


class LandSurvey(msgspec.Struct, frozen=True, kw_only=True):
    """What the ground of a world sounds like, measured by playing it; whole numbers, so that it stays small.
    Rows run from north to south, columns from west to east, the outer ones on the edges."""

    columns: int
    rows: int
    loudness: tuple[int, ...] = ()
    """Tenths of LUFS."""
    brightness: tuple[int, ...] = ()
    """Spectral centroid, in hundredths of an octave above 50 Hz."""
    novelty: tuple[int, ...] = ()
    """How much the sound changes from here on: hundredths of a dB a metre, in thirds of octaves."""
    of: str = ""
    """Fingerprint of what was measured; another one: measure again."""


Placement = Literal["none", "turn", "head"]


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A place with walls: whoever walks in hears everything through its filter and its reverberation."""

    id: Id
    label: Name = ""
    position: tuple[Place, Place, Place] = (0.0, 0.0, 0.0)
    """Its middle."""
    size: tuple[Extent, Extent, Extent] = (20.0, 12.0, 20.0)
    """Of the cuboid that it is."""
    stands: bool = False
    """Its height is meant above the ground where it is, and follows it."""
    fade: Annotated[float, Meta(ge=0, le=1000)] = 4.0
    """Metres before its walls over which it is entered."""
    wet: Annotated[float, Meta(ge=0, le=1)] = 0.4
    """0 no reverberation, 1 nothing else; between boxes that overlap, everything is mixed."""
    decay: Annotated[float, Meta(ge=0.1, le=30)] = 2.5
    """Seconds until it has died away by 60 dB."""
    brightness: Annotated[float, Meta(ge=200, le=20_000)] = 5000.0
    """Hz, above which it dies away sooner."""
    predelay: Annotated[float, Meta(ge=0, le=0.25)] = 0.02
    """Seconds."""
    filter: Literal["none", "low", "high", "band"] = "none"
    """What is let through: what lies below, above or around `frequency`."""
    frequency: Annotated[float, Meta(ge=20, le=20_000)] = 900.0
    resonance: Annotated[float, Meta(ge=0.3, le=8)] = 0.7
    colour: Colour = "#a99a86"
    shown: bool = True


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the world is heard: quieter, darker, and a low tone from afar."""

    metres: Annotated[float, Meta(ge=0, le=10_000)] = 8.0
    """Before the end of the axes, over which it comes; 0: that end is not heard."""
    known: bool = True
    """So is the end of what the models of all voices know of (their known radius; the clamp lies beyond)."""
    hum_db: Annotated[float, Meta(ge=-100, le=-20)] = -36.0
    """The tone at the very end, dBFS; -100: none."""


class Air(msgspec.Struct, frozen=True, kw_only=True):
    """Light and distance."""

    sky: Colour = "#c9d3d4"
    ground: Colour = "#b9bdae"
    light: Annotated[float, Meta(ge=0, le=4)] = 1.0
    sight: Extent = 160.0
    """How far one sees before everything is fog."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A place outside that is this world: whoever walks there with a phone walks here."""

    latitude: Annotated[float, Meta(ge=-89, le=89)] = 0.0
    """Degrees, WGS 84."""
    longitude: Annotated[float, Meta(ge=-180, le=180)] = 0.0
    x: Place = 0.0
    """The spot of the world that lies there."""
    z: Place = 0.0
    turn: float = 0.0
    """Where the world's north points outside, in turns clockwise from north."""
    scale: Annotated[float, Meta(ge=0.01, le=100)] = 1.0
    """Metres of the world for a metre outside."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Where the piece is walked."""

    about: Name = ""
    axes: WalkAxes = msgspec.field(default_factory=WalkAxes)
    size: tuple[Extent, Extent, Extent] = (120.0, 60.0, 120.0)
    """Metres from one end of an axis to the other, along x, y, z; the middle of each axis lies at the
    origin."""
    start: tuple[Place, Place, Place] = (0.0, 0.0, 24.0)
    """Where a walk begins, the walker's eyes."""
    facing: float = 0.0
    """The azimuth that a walk begins with, in turns."""
    speed: Annotated[float, Meta(gt=0, le=1000)] = 5.0
    """Metres a second, walking; running and creeping are multiples."""
    flying: bool = True
    """Whether one may leave the ground."""
    landmarks: Annotated[tuple[Landmark, ...], Meta(max_length=2000)] = ()
    cycles: Annotated[tuple[Cycle, ...], Meta(max_length=16)] = ()
    zones: Annotated[tuple[Zone, ...], Meta(max_length=200)] = ()
    memory: Memory | None = None
    stones: bool = True
    """Demonstrations stand in the world as stones."""
    ground: Ground = msgspec.field(default_factory=Ground)
    land: LandSurvey | None = None
    """The ground as it was measured."""
    air: Air = msgspec.field(default_factory=Air)
    site: Site | None = None
    """Where outside it can be walked; None: not tied to a place."""
    placement: Placement = "none"
    """What turning the head does. turn: two speakers stay in the north, and each is panned at constant power;
    head: binaural, for headphones. What landmarks carry is placed in the same way."""
    spread: Annotated[float, Meta(ge=0, le=180)] = 90.0
    """Degrees between the two speakers."""
    boxes: Annotated[tuple[Box, ...], Meta(max_length=16)] = ()
    edge: Edge | None = None
