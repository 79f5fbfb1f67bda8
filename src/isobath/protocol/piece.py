"""A piece: everything a person makes and keeps.

These structs are what is saved, what travels between server and page, and what the page's
TypeScript copy is generated from. Every field has a default, so that an older piece opens in
a newer Isobath; `format` counts the changes that need more than a default.
"""

from typing import Any, Literal

import msgspec

from isobath.protocol.controllers import Input, Trigger
from isobath.protocol.world import World

PIECE_FORMAT = 1

Id = str
"""Short random identifier, made where the thing is made (page or server)."""

MappingData = dict[str, Any]
"""A fitted mapping as plain values (see docs/mapping-format.md)."""

Algorithm = Literal[
    "gp",
    "perceptron",
    "neighbours",
    "inverse_distance",
    "thin_plate",
    "linear",
    "polynomial",
    "ridge",
    "terrain",
    "direct",
]


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One axis of the performance space, 0..1."""

    id: Id
    name: str
    rest: float = 0.5
    """Where the axis lies when nobody touches it."""


class Pad(msgspec.Struct, frozen=True, kw_only=True):
    """A surface for two axes. `pressure` names a third one, moved by pen pressure or touch force."""

    x: Id
    y: Id
    pressure: Id | None = None


class Demonstration(msgspec.Struct, frozen=True, kw_only=True):
    """This place should reach that sound (paper 000, Our Approach, steps 1 and 2)."""

    id: Id
    point: tuple[float, ...]
    """One value per axis, 0..1."""
    latent: tuple[float, ...]
    """One value per latent dimension of the voice's model."""
    label: str = ""
    colour: str = "#7fb2ff"
    weight: float = 1.0
    muted: bool = False


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A sound kept on the shelf, not yet placed."""

    id: Id
    latent: tuple[float, ...]
    label: str = ""
    colour: str = "#7fb2ff"


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """How one latent dimension is learned, as Wekinator allows per output."""

    mode: Literal["learned", "locked", "off"] = "learned"
    """locked: stays at `value`; off: leaves the dimension to the sliders."""
    value: float = 0.0
    axes: tuple[int, ...] | None = None
    """Indices of the axes this dimension listens to; None: all of them."""


class MappingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How demonstrations become a mapping."""

    algorithm: Algorithm = "gp"
    trust: float = 1.0
    """1: the demonstrations are exact; towards 0: smoother (gp, thin_plate, ridge, terrain)."""
    neighbours: int = 3
    power: float = 2.0
    degree: int = 2
    hidden: int = 16
    layers: int = 1
    seed: int = 0
    detail: float = 1.0
    """About how many hills a terrain has along an axis."""
    reach: float = 3.0
    """direct: the latent at either end of an axis, in the latent's own units."""
    clamp: bool = False
    """Keep every latent within what was demonstrated for it, and a tenth more."""
    outputs: tuple[Output, ...] = ()
    """Empty: every dimension learned from every axis."""


class Shaping(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to latents between mapping and decoder; lists are empty or one value per dimension."""

    hold: tuple[float, ...] = ()
    held: tuple[float, ...] = ()
    """1 takes the slider (`hold`), 0 what the mapping says."""
    scale: tuple[float, ...] = ()
    bias: tuple[float, ...] = ()
    noise: tuple[float, ...] = ()
    """Standard deviations of fresh noise each frame."""
    drift: float = 0.0
    drift_seconds: float = 4.0
    smoothing_seconds: float = 0.02
    clamp: float = 1.0
    """0..1: how firmly latents are kept inside what the model knows."""


SourceKind = Literal["gesture", "input", "sound", "voice", "prior"]

Manner = Literal["follow", "absolute", "bias", "scale"]

SoundId = str
"""A sound kept in the library: the SHA-256 of its file's content, 64 letters and digits."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a voice's latents come from besides the performer, and how the two meet (docs/engine.md)."""

    kind: SourceKind = "gesture"
    """gesture: the performer alone, by mapping and sliders; input: what comes in live (microphone or line);
    sound: a sound of the library, looped; voice: another voice's sound; prior: a prior dreams."""
    sound: SoundId | None = None
    """For `sound`: which one."""
    title: str = ""
    """What its file was called."""
    loudness: float | None = None
    """LUFS of the whole sound, as the library measured it; None: not known."""
    voice: Id | None = None
    """For `voice`: whose sound is heard, before its gain and pan, even where that voice is muted."""
    gain_db: float = 0.0
    """Of what comes in, before everything else."""
    match: bool = True
    """What the encoder hears is brought to the loudness of the model's training set (paper 002, 5)."""
    wet: float = 1.0
    """0 what came in, delayed until it meets the model's sound; 1 the model alone."""
    temperature: float = 1.0
    """For `prior`: 0 its likeliest path, 1 as it learned, more is wilder."""
    seed: int = 1
    """For `prior`: the same seed dreams the same."""
    manner: tuple[Manner, ...] = ()
    """Per dimension, how the performer's latent meets the source's: follow the source as it is; absolute, the
    performer replaces it; bias, added to it; scale, multiplies it. A shorter list goes on with follow."""
    amount: tuple[float, ...] = ()
    """Per dimension, how much of that: 0 leaves the source as it is. A shorter list goes on with 1."""


class SafetyMap(msgspec.Struct, frozen=True, kw_only=True):
    """How loud and how rough a voice is over the performance space, measured by playing it, and what to take
    off before it is heard (docs/engine.md, "Foresight"). Whole numbers, so that it stays small."""

    axes: int
    shape: tuple[int, ...] = ()
    """Nodes along each axis, the first and last on its ends; the last axis runs fastest. Empty: scattered."""
    points: tuple[tuple[int, ...], ...] = ()
    """Where it was measured, when scattered: one value per axis, in thousandths."""
    nearness: float = 0.0
    """Of scattered points: 1 / (2 width²) of the kernel that is laid over them."""
    slopes: tuple[tuple[float, ...], ...] = ()
    """Of scattered points: how loudness, roughness, trim and loud_from change along each axis."""
    loudness: tuple[int, ...] = ()
    """Tenths of LUFS, K-weighted, before the voice's gain and pan, held still."""
    roughness: tuple[int, ...] = ()
    """Hundredths of an asper."""
    trim: tuple[int, ...] = ()
    """Tenths of dB, 0 or negative: what foresight takes off in full."""
    loud_from: tuple[int, ...] = ()
    """Tenths of LUFS: as loud as this place may be, by the demonstrations around it."""
    rough_from: int = 0
    """Hundredths of an asper: rougher than this is told."""
    of: str = ""
    """Fingerprint of what was measured; another one: measure again."""


class BarsPlayed(msgspec.Struct, frozen=True, kw_only=True):
    """How a voice on a model of bars plays, in the tempo of its piece (docs/symbolic.md)."""

    every: Literal["step", "beat", "bar", "phrase"] = "bar"
    """How often the phrase at the voice's latent is read anew."""
    sounds: Literal["own", "latent"] = "own"
    """own: a kit and a string worked out from formulas; latent: the models `drums` and `guitar` play them."""


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """One model being played."""

    id: Id
    model: str
    gain_db: float = 0.0
    pan: float = 0.0
    muted: bool = False
    solo: bool = False
    """While any voice has this, only those that have it are heard; the others play on unheard."""
    seed: int = 1
    source: Source = msgspec.field(default_factory=Source)
    follows: Id | None = None
    """Another voice, whose latents this one follows instead of its own mapping: one mapping for all."""
    bars: BarsPlayed = msgspec.field(default_factory=BarsPlayed)
    """Where its model is one of bars."""
    shaping: Shaping = msgspec.field(default_factory=Shaping)
    demonstrations: tuple[Demonstration, ...] = ()
    mapping: MappingSettings = msgspec.field(default_factory=MappingSettings)
    other: MappingSettings | None = None
    """The second of two algorithms compared live (A/B)."""
    side: Literal["a", "b"] = "a"
    fitted: MappingData | None = None
    """The mapping as fitted (docs/mapping-format.md), kept so that a piece opened again sounds the same."""
    fitted_other: MappingData | None = None
    foresight: float = 1.0
    """0..1: how much of what is known to be too loud is turned down before it is heard; 0: off."""
    safety: SafetyMap | None = None
    """Of the chosen side, as last measured; None: nothing is turned down."""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the voices to come back to: mappings, shaping, levels, sources (docs/engine.md)."""

    id: Id
    name: str
    morph_seconds: float = 4.0
    """0..60: how long the sound takes to become this one."""
    voices: tuple[Voice, ...] = ()
    """As they were; a voice of the piece that is not among them is silent."""


class SceneChange(msgspec.Struct, frozen=True, kw_only=True):
    """A scene recalled while a take was recorded."""

    frame: int
    """Of the take, from which on it becomes this scene."""
    scene: Id
    seconds: float = 0.0
    """How long that takes."""


class Tempo(msgspec.Struct, frozen=True, kw_only=True):
    """The beat of a piece."""

    bpm: float = 120.0
    """Beats a minute, 20..300."""
    beats: int = 4
    """In a bar, 1..16."""
    synchronised: bool = False
    """Takes begin and end on the bar."""
    bars: int = 0
    """How long a take gets, in bars; 0: until it is stopped."""


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded gesture. Row i of `points` holds from latent frame `frames[i]` of voice 0 to the next."""

    id: Id
    name: str
    hop: int
    sample_rate: int
    length: int
    """Frames in all."""
    axes: tuple[Id, ...]
    frames: tuple[int, ...]
    points: tuple[tuple[float, ...], ...]
    seed: int = 1
    """The voices start fresh with this seed, so that the take sounds the same every time."""
    loop: bool = False
    muted: bool = False
    over: Id | None = None
    """The take this one was overdubbed onto."""
    input: SoundId | None = None
    """What came in live while it was recorded, from its first sample on, at the take's rate."""
    seconds: float = 0.0
    """How long a round of the loop lasts, where bars say so; 0: `length` frames."""
    scenes: tuple[SceneChange, ...] = ()
    """Scenes it goes through; empty: it is played with the voices as they are."""


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """The last things before the ear."""

    gain_db: float = 0.0
    ceiling_db: float = -1.0
    """True peak, dBTP, -1 at most."""
    guard_db: float = 8.0
    """Largest rise of loudness within a second; 0 switches the guard off."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Voices, axes, demonstrations, mapping, takes."""

    format: int = PIECE_FORMAT
    id: Id
    name: str
    about: str = ""
    axes: tuple[Axis, ...] = ()
    pads: tuple[Pad, ...] = ()
    """Axes on no pad are shown as faders."""
    inputs: tuple[Input, ...] = ()
    """Controllers that move the axes."""
    triggers: tuple[Trigger, ...] = ()
    """Buttons, keys and notes that make something happen."""
    voices: tuple[Voice, ...] = ()
    shelf: tuple[Kept, ...] = ()
    takes: tuple[Take, ...] = ()
    master: Master = msgspec.field(default_factory=Master)
    scenes: tuple[Scene, ...] = ()
    """In the order in which they are played."""
    scene: Id | None = None
    """The one recalled last."""
    recalls: int = 0
    """Grows with each recall: whoever plays the piece goes over to it in the scene's time."""
    tempo: Tempo = msgspec.field(default_factory=Tempo)
    world: World | None = None
    """Where it is walked; None: not yet."""
    refit: Literal["always", "button"] = "always"
