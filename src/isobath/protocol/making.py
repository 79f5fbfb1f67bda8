"""What the *Make* page shows: sets of recordings, trainings, and how far each has come.

A set begins as recordings that lie together, and is *ready* once `isobath prepare` has read them.
A training is a folder that `isobath train` writes; the server reads along and starts, stops and
resumes it. Both outlive the page and the server.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MakingId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\Z")]
"""The folder of a set or of a training: letters, digits, `.`, `_` and `-`, no dot in front."""

SetState = Literal["gathering", "preparing", "ready", "failed"]
"""gathering: recordings lie ready to be prepared; failed: `message` says why."""

RunState = Literal["waiting", "starting", "training", "stopping", "stopped", "finished", "failed"]
"""waiting: another training is under way; starting: no step has been written down yet."""


class SetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of sets."""

    id: MakingId
    name: str
    state: SetState
    files: int = 0
    """Recordings in it; while it is gathered, recordings that lie ready."""
    seconds: float = 0.0
    """Of sound, once it is prepared."""
    left_out: int = 0
    """Recordings that could not be used."""
    sample_rate: int = 0
    channels: int = 0
    waiting: int = 0
    """Recordings that were brought after it was prepared."""
    share: float = 0.0
    """How much of the preparing is done, 0 to 1."""
    message: str = ""
    """A sentence, where there is something to say."""
    folder: str = ""
    """Where the recordings lie, if they were not brought through the page."""
    changed: float = 0.0
    """When, as seconds since 1970."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One recording of a prepared set."""

    name: str
    seconds: float
    split: Literal["train", "validation", "both"]
    """Of `both`, a stretch is for validation only."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that is not in the set."""

    name: str
    why: str


class SetDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of GET /making/sets/ID."""

    id: MakingId
    recordings: tuple[Recording, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    gathered: tuple[str, ...] = ()
    """Names of the recordings that were brought through the page."""
    peaks: tuple[float, ...] = ()
    """The set from its first recording to its last: the highest magnitude of each stretch, 0 to 1."""
    held_out: tuple[tuple[float, float], ...] = ()
    """Stretches, in seconds from the beginning of the set, that are never trained on."""


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of model that can be trained."""

    name: str
    title: str
    about: str
    """What it is for, in a sentence."""
    delay_ms: float
    """By which the decoded sound lags the input."""
    frames_a_second: float
    """Latent frames: how often its sound can be steered."""
    dims: int
    """Latent dimensions it is trained with."""
    parameters: int
    """Trained numbers of the model that is played."""
    phase1_steps: int
    phase2_steps: int
    seconds_a_step: float | None = None
    """As measured on this machine; None: nothing like it was trained here yet."""
    default: bool = False


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of trainings."""

    id: MakingId
    name: str
    state: RunState
    config: str = ""
    set: str = ""
    """Id of its set, or the set's folder if it lies elsewhere."""
    base: str = ""
    """Name of the model it started from; empty: from nothing."""
    phase: int = 1
    step: int = 0
    phase1_steps: int = 0
    phase2_steps: int = 0
    seconds_a_step: float = 0.0
    seconds_left: float = 0.0
    device: str = ""
    started: float = 0.0
    """When, as seconds since 1970."""
    message: str = ""
    """A sentence, where there is something to say."""
    saved: bool = False
    """There is a checkpoint: it can be resumed, and a model made of it."""
    model: str = ""
    """Name of the model in the library that was made of it last; empty: none yet."""


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One figure over the steps of a training."""

    name: str
    steps: tuple[float, ...]
    values: tuple[float, ...]


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What can be listened to after so many steps."""

    step: int
    pairs: int
    """Recordings it was tried on: GET /making/runs/ID/listen/STEP/source-0.flac and reconstruction-0.flac."""


class BringSet(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /making/sets: a new set."""

    name: str
    folder: str = ""
    """A folder of this machine; only where page and server are on the same one."""


class PrepareSet(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /making/sets/ID/prepare. A set that was prepared before is brought up to date in the way
    it was made, whatever is said here."""

    remove_silence: bool = False
    normalise: Literal["none", "peak", "loudness"] = "none"
    sample_rate: Literal[22050, 32000, 44100, 48000] = 44100
    channels: Literal[0, 1, 2] = 0
    """0: as most of the recordings have it."""


class StartRun(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /making/runs: a new training."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    set: MakingId
    config: str
    base: str = ""
    """Name of a model of the library to start from."""
    share: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    """So much of the configuration's steps."""
