"""What a voice plays: a model, and the latent that a gesture means to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.errors import MappingError, ModelMismatch
from isobath.mapping import Mapping, Settings, fit
from isobath.models.coder import Model
from isobath.protocol.piece import Demonstration, MappingSettings, Piece, Voice
from isobath.types import Gesture

LoadModel = Callable[[str], Model]
"""A model by the name a piece calls it."""


@dataclass(frozen=True, eq=False)
class Played:
    """A model with the mapping in front of it.

    `base` (dims,) is heard without a mapping, and on the dimensions that the mapping leaves alone.
    """

    model: Model
    base: NDArray[np.float64]
    mapping: Mapping | None = None

    def latent(self, gesture: Gesture) -> NDArray[np.float64]:
        """The latent (dims,) that a gesture (axes,) means."""
        if self.mapping is None:
            return self.base
        return np.asarray(self.mapping(gesture, self.base), dtype=np.float64)


def played(voice: Voice, model: Model, axes: int) -> Played:
    """A voice of a piece, ready to be asked for latents.

    The mapping kept in the piece is used as it is, so that an old piece sounds the same; where
    there is none yet, the demonstrations are learned now.
    Raises ModelMismatch or MappingError where mapping, model and axes do not belong together.
    """
    base = np.array(model.description.latent.mean, dtype=np.float64)
    given = np.asarray(voice.shaping.hold[: model.dims], dtype=np.float64)
    base[: len(given)] = np.where(np.isfinite(given), given, base[: len(given)])
    mapping = _kept(voice) or _learned(voice, axes)
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
    return Played(model, base, mapping)


def _kept(voice: Voice) -> Mapping | None:
    kept = voice.fitted if voice.side == "a" else voice.fitted_other
    return None if kept is None else Mapping.from_plain(kept)


def _learned(voice: Voice, axes: int) -> Mapping | None:
    shown = [each for each in voice.demonstrations if not each.muted]
    if not shown:
        return None
    _check(shown, axes)
    settings = voice.mapping if voice.side == "a" else voice.other or voice.mapping
    return fit(
        [each.point for each in shown],
        [each.latent for each in shown],
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
    """Every voice of a piece. Raises ModelMismatch where their sample rates differ."""
    found = tuple(played(voice, load_model(voice.model), len(piece.axes)) for voice in piece.voices)
    rates = {each.model.sample_rate: each.model.name for each in found}
    if len(rates) > 1:
        told = " and ".join(f"{name} at {rate} Hz" for rate, name in rates.items())
        raise ModelMismatch(
            f"The voices of a piece sound at one rate, but here are {told}. Use models of one rate."
        )
    return found
