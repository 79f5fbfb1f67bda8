"""What is known of another program's model once it was tried: what it says and what was measured.

Kept beside the file in the library, so that a model is tried once.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from isobath.errors import ModelDamaged, ModelNewer
from isobath.models.description import LatentStatistics, Percentiles

from .wire import Attribute, Method

FORMAT = 1
"""Version of this description."""


class Tried(msgspec.Struct, frozen=True):
    """A method and how it behaves."""

    method: Method
    works: bool
    why: str = ""
    """Why it does not work, as far as the model says."""

    block: int = 0
    """Samples of the smallest block it takes (frames times ratio)."""

    exact: bool = False
    """Whether it takes blocks of this size alone."""

    streams: bool = True
    """Whether blocks join without seams: it keeps its past, or needs none."""

    arrays: int = 1
    """How many arrays it gives; the one that its ratios describe is used."""

    random: bool = False
    """Whether it draws random numbers."""


class Description(msgspec.Struct, frozen=True):
    """A model of another program."""

    name: str
    sample_rate: int
    channels: int
    """Of the sound it makes."""
    input_channels: int
    """Of the sound it listens to."""
    dims: int
    """Latent dimensions that its decoder listens to; 0 when none turns latents into sound."""
    hop: int
    """Samples a latent frame; 1 when there are no latents."""
    delay: int
    """Samples from a sound to its reconstruction, measured; blocks that must be filled included."""
    methods: tuple[Tried, ...]
    attributes: tuple[Attribute, ...] = ()
    numbers: dict[str, float] = {}
    encode: str = ""
    """The method that listens, or none."""
    decode: str = ""
    """The method that plays latents, or none."""
    codes: int = 0
    """Latents are whole numbers 0 to `codes - 1`; 0 when they are not."""
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    """Where most latents of the test sounds lie (5 % and 95 %), by dimension; a hint."""
    mean: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    """Mean and standard deviation of the same latents."""
    operations: tuple[str, ...] = ()
    """What its program uses."""
    confined: bool = False
    warning: str = ""
    notes: tuple[str, ...] = ()
    torch: str = ""
    bytes: int = 0
    sha256: str = ""
    format: int = FORMAT

    @property
    def latent(self) -> LatentStatistics:
        """The latents as our own models describe theirs, from the test sounds alone."""
        dims = range(self.dims)
        mean = list(self.mean) or [0.0 for _ in dims]
        std = list(self.spread) or [1.0 for _ in dims]
        low = self.low or tuple(m - 1.645 * s for m, s in zip(mean, std, strict=True))
        high = self.high or tuple(m + 1.645 * s for m, s in zip(mean, std, strict=True))
        return LatentStatistics(
            mean=mean,
            std=std,
            covariance=[[std[i] ** 2 if i == j else 0.0 for j in dims] for i in dims],
            percentiles=Percentiles([5.0, 95.0], [[a, b] for a, b in zip(low, high, strict=True)]),
            explained=[1.0 / self.dims for _ in dims],
            labels=["" for _ in dims],
            known_radius=3.0,
        )


def write(description: Description) -> bytes:
    """The description as JSON."""
    return msgspec.json.format(msgspec.json.encode(description), indent=1)


def read(path: Path) -> Description:
    """The description that lies beside a model.

    Raises:
        ModelDamaged, ModelNewer: it cannot be read.
    """
    try:
        text = path.read_bytes()
        version = msgspec.json.decode(text, type=_Version).format
        if version > FORMAT:
            raise ModelNewer(
                f"{path.name} was written by a newer Isobath (description {version}). Update Isobath."
            )
        return msgspec.json.decode(text, type=Description)
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise ModelDamaged(f"{path.name} cannot be read ({error}). Import the model again.") from error


class _Version(msgspec.Struct):
    format: int = 1
