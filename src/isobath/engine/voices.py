"""What a voice plays: a model, and the latent that a gesture means to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.engine.apart import statistics_of
from isobath.engine.foresight import Foresight
from isobath.errors import MappingError, ModelMismatch
from isobath.mapping import Mapping, Settings, fit
from isobath.models.coder import Model
from isobath.protocol.piece import Demonstration, Id, MappingSettings, Piece, Voice
from isobath.types import Gesture

LoadModel = Callable[[str], Model]
"""A model by the name a piece calls it."""


@dataclass(frozen=True, eq=False)
class Played:
    """A model with the mapping in front of it.

    `base` (dims,) is heard without a mapping, and on the dimensions that the mapping leaves alone.
    With a `leader` it is the leader's latent that is heard, in units of spread. `foresight`: what to turn
    down before it is heard.
    """

    model: Model
    base: NDArray[np.float64]
    mapping: Mapping | None = None
    leader: Played | None = None
    foresight: Foresight | None = None

    def trim(self, gesture: Gesture) -> float:
        """What the voice is turned down by at a gesture (axes,), linear, 0..1."""
        return 1.0 if self.foresight is None else self.foresight.gain(gesture)

    def latent(self, gesture: Gesture) -> NDArray[np.float64]:
        """The latent (dims,) that a gesture (axes,) means."""
        if self.leader is not None:
            return translated(self.leader.latent(gesture), self.leader.model, self.model, self.base)
        if self.mapping is None:
            return self.base
        return np.asarray(self.mapping(gesture, self.base), dtype=np.float64)


def translated(
    latent: NDArray[np.float64], leader: Model, model: Model, base: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A leader's latent in another model: as many deviations from the mean, dimension by dimension; what
    the leader does not have stays at the base."""
    (their_mean, their_std), (mean, std) = statistics_of(leader), statistics_of(model)
    both = min(leader.dims, model.dims)
    spread = np.maximum(their_std[:both], 1e-9)
    found = base.copy()
    found[:both] = mean[:both] + std[:both] * (latent[:both] - their_mean[:both]) / spread
    return found


def leaders(voices: Sequence[Voice]) -> dict[Id, Id]:
    """Whom each voice follows in the end, directly or along a chain; nobody who plays their own."""
    known = {voice.id: voice for voice in voices}
    found: dict[Id, Id] = {}
    for voice in voices:
        seen, at = {voice.id}, voice
        while at.follows is not None and at.follows in known and at.follows not in seen:
            at = known[at.follows]
            seen.add(at.id)
        if at is not voice and at.follows is None:
            found[voice.id] = at.id
    return found


def played(voice: Voice, model: Model, axes: int) -> Played:
    """A voice of a piece, ready to be asked for latents.

    The mapping kept in the piece is used as it is, so that an old piece sounds the same; where
    there is none yet, the demonstrations are learned now.
    Raises ModelMismatch or MappingError where mapping, model and axes do not belong together.
    """
    base = statistics_of(model)[0].astype(np.float64)
    given = np.asarray(voice.shaping.hold[: model.dims], dtype=np.float64)
    base[: len(given)] = np.where(np.isfinite(given), given, base[: len(given)])
    mapping = _kept(voice) or _learned(voice, axes, model.dims)
    if mapping is not None and mapping.dims != model.dims:
        raise ModelMismatch(
            f"{model.name} listens to {model.dims} latent dimensions, but this voice's mapping gives "
            f"{mapping.dims}. Learn it again, or choose a {mapping.dims}-dimensional model."
        )
    if mapping is not None and mapping.axes != axes:
        raise MappingError(
            f"This voice's mapping was learned with {mapping.axes} axes; the piece now has {axes}. "
            "Learn it again."
        )
    return Played(model, base, mapping, foresight=Foresight.of(voice, axes))


def _kept(voice: Voice) -> Mapping | None:
    kept = voice.fitted if voice.side == "a" else voice.fitted_other
    return None if kept is None else Mapping.from_plain(kept)


def _learned(voice: Voice, axes: int, dims: int) -> Mapping | None:
    shown = [each for each in voice.demonstrations if not each.muted]
    settings = voice.mapping if voice.side == "a" else voice.other or voice.mapping
    if not shown and settings.algorithm != "direct":
        return None
    _check(shown, axes)
    return fit(
        np.array([each.point for each in shown]).reshape(len(shown), axes),
        np.array([each.latent for each in shown]).reshape(len(shown), -1 if shown else dims),
        settings=settings_of(settings),
        weights=[each.weight for each in shown],
        labels=[each.label for each in shown],
    )


def _check(shown: Sequence[Demonstration], axes: int) -> None:
    for each in shown:
        if len(each.point) != axes:
            raise MappingError(
                f'The demonstration "{each.label or each.id}" has {len(each.point)} axes, but the piece '
                f"has {axes}. Place it again, or delete it."
            )


def settings_of(settings: MappingSettings) -> Settings:
    """A piece's choices in the mapping's own words."""
    return msgspec.convert(msgspec.to_builtins(settings), type=Settings)


def voices_of(piece: Piece, load_model: LoadModel) -> tuple[Played, ...]:
    """Every voice of a piece."""
    own = [played(voice, load_model(voice.model), len(piece.axes)) for voice in piece.voices]
    known = {voice.id: each for voice, each in zip(piece.voices, own, strict=True)}
    follow = leaders(piece.voices)
    return tuple(
        replace(each, leader=known[follow[voice.id]]) if voice.id in follow else each
        for voice, each in zip(piece.voices, own, strict=True)
    )


def rate_of(voices: Sequence[Played]) -> int:
    """The rate a piece is played at, Hz: the highest of its models', so that none loses anything."""
    return max((each.model.sample_rate for each in voices), default=0)
