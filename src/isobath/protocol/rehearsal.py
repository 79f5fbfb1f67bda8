"""What is told of the loud and rough places of a piece, and of a model by itself."""

import msgspec


class RehearsedRise(msgspec.Struct, frozen=True, kw_only=True):
    """One thing played."""

    rise_lu: float
    """Steepest rise of momentary loudness within a second."""
    loudest_lufs: float
    at_seconds: float
    """Where the rise ends."""
    guard_db: float
    """Deepest reduction by the guard, 0 or negative; limiter: beyond that."""
    limiter_db: float


class LoudPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the performance space."""

    voice: str
    """Name of its model."""
    point: tuple[float, ...]
    """One value per axis."""
    near: str
    """Label of the nearest demonstration; empty where none has one."""
    lufs: float
    """Held still, before the voice's gain."""
    over_lu: float
    """Louder than the demonstrations around it, and 3 LU, by so much; negative: quieter."""
    asper: float
    trim_db: float
    """What foresight takes off there, at the voice's own amount."""
    jump: tuple[RehearsedRise, ...] = ()
    """Going there from the nearest demonstration at once: with the limiter alone, with the guard, with guard
    and foresight."""


class SteepStep(msgspec.Struct, frozen=True, kw_only=True):
    """Two neighbouring places of different loudness."""

    voice: str
    quiet: tuple[float, ...]
    loud: tuple[float, ...]
    lu: float


class RehearsedTake(msgspec.Struct, frozen=True, kw_only=True):
    """A take, played whole: with the limiter alone, with the guard, with guard and foresight."""

    name: str
    seconds: float
    played: tuple[RehearsedRise, ...]
    point: tuple[float, ...]
    """Where the performer is at the steepest rise."""


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """The report on a piece."""

    piece: str
    axes: tuple[str, ...]
    loudest: tuple[LoudPlace, ...]
    roughest: tuple[LoudPlace, ...]
    steps: tuple[SteepStep, ...]
    takes: tuple[RehearsedTake, ...]
    notes: tuple[str, ...] = ()


class HazardPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A latent of a model, held still."""

    latent: tuple[float, ...]
    lufs: float
    asper: float
    """How rough it is."""
    far: tuple[int, ...]
    """Dimensions that lie furthest from the model's mean, counted from 0, the furthest first."""
    deviations: tuple[float, ...]
    """How far, in standard deviations of the model's own, one for each of `far`."""


class HazardDimension(msgspec.Struct, frozen=True, kw_only=True):
    """What a dimension does by itself, from two deviations below the mean to two above."""

    dimension: int
    """Counted from 0."""
    label: str
    """What it carries, as measured."""
    low_lufs: float
    high_lufs: float
    low_asper: float
    high_asper: float


class Hazards(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model is loud or rough, within what it knows: the answer of GET /models/NAME/hazards, as
    JSON."""

    model: str
    usual_lufs: float
    """Half of its sounds are louder."""
    loud_lufs: float
    """One in twenty is louder."""
    usual_asper: float
    loudest: tuple[HazardPlace, ...]
    """Apart from each other, the worst first."""
    roughest: tuple[HazardPlace, ...]
    dimensions: tuple[HazardDimension, ...]
    """Those that change loudness most."""
