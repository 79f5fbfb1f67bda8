"""Where a model by itself is loud or rough: what one may run into before anything is demonstrated.

Latents are drawn as the model's own lie, none beyond its known radius, and each dimension is moved by itself;
all are held still and measured as a safety map is (surveying.py). What a piece makes of them is said by a
rehearsal (rehearsing.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isobath.engine.apart import InTime, is_ours, statistics_of
from isobath.engine.surveying import Cancelled, Measured, held
from isobath.errors import ModelMismatch
from isobath.models.coder import Model
from isobath.protocol.rehearsal import HazardDimension, HazardPlace, Hazards

Floats = NDArray[np.float64]

DRAWN, DRAWN_APART = 192, 64
"""Latents that are drawn; fewer where another program makes the sound, one after the other."""
MOVED_APART = 16
"""Of such a model's dimensions, those that go furthest."""
PLACES = 5
DIMENSIONS = 4
_DEVIATIONS = 2.0
_MOST_FAR = 3
_SEED = 1


def hazards(model: Model, cancelled: Cancelled = lambda: False) -> Hazards:
    """The report on a model; the same at every call.

    Raises ModelMismatch where it plays in bars, SurveyCancelled as soon as `cancelled` says so.
    """
    ours = is_ours(model)
    if not ours and isinstance(model.decoder(), InTime):
        raise ModelMismatch(
            f"{model.name} plays in bars, so its sounds cannot be measured one by one. Rehearse the piece "
            "instead."
        )
    mean, std = (np.asarray(each, dtype=np.float64) for each in statistics_of(model))
    moved = np.argsort(-std, kind="stable")[: model.dims if ours else MOVED_APART]
    drawn, ends = _drawn(model, mean, std, DRAWN if ours else DRAWN_APART), _ends(mean, std, moved)
    found = held(model, np.concatenate([drawn, ends]), cancelled)
    count = len(drawn)
    loud, rough = found.loudness[:count], found.roughness[:count]
    spread = np.maximum(std, 1e-9)
    apart = 0.5 * float(np.sqrt(model.dims))
    return Hazards(
        model=model.name,
        usual_lufs=round(float(np.median(loud)), 1),
        loud_lufs=round(float(np.percentile(loud, 95)), 1),
        usual_asper=round(float(np.median(rough)), 2),
        loudest=_places(drawn, mean, spread, found, loud, apart),
        roughest=_places(drawn, mean, spread, found, rough, apart),
        dimensions=_dimensions(model, found, count, moved),
    )


def _drawn(model: Model, mean: Floats, std: Floats, count: int) -> Floats:
    """Latents as the model's own lie (count, dims), those beyond the known radius brought back to it. Of
    another program's model no more is known than how far each dimension goes."""
    statistics = getattr(model.description, "latent", None)
    steps = np.random.default_rng(_SEED).standard_normal((count, model.dims))
    if statistics is None:
        return np.asarray(mean + np.clip(steps, -_DEVIATIONS, _DEVIATIONS) * std, dtype=np.float64)
    values, vectors = np.linalg.eigh(np.asarray(statistics.covariance, dtype=np.float64))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    radius = np.linalg.norm(steps, axis=1, keepdims=True)
    steps *= np.minimum(1.0, statistics.known_radius / np.maximum(radius, 1e-9))
    return np.asarray(mean + steps @ root.T, dtype=np.float64)


def _ends(mean: Floats, std: Floats, moved: NDArray[np.intp]) -> Floats:
    """Dimensions at both ends, the others at the mean: (2 moved, dims), low and high in turn."""
    ends = np.repeat(mean[None], 2 * len(moved), axis=0)
    for i, d in enumerate(moved):
        ends[2 * i, d] -= _DEVIATIONS * std[d]
        ends[2 * i + 1, d] += _DEVIATIONS * std[d]
    return ends


def _places(
    drawn: Floats, mean: Floats, spread: Floats, found: Measured, score: Floats, apart: float
) -> tuple[HazardPlace, ...]:
    whitened = (drawn - mean) / spread
    chosen: list[int] = []
    for i in np.argsort(-score, kind="stable").tolist():
        if all(np.linalg.norm(whitened[i] - whitened[k]) >= apart for k in chosen):
            chosen.append(i)
        if len(chosen) == PLACES:
            break
    return tuple(_place(drawn[i], whitened[i], found, i) for i in chosen)


def _place(latent: Floats, deviations: Floats, found: Measured, i: int) -> HazardPlace:
    far = np.argsort(-np.abs(deviations), kind="stable")[:_MOST_FAR]
    return HazardPlace(
        latent=tuple(np.round(latent, 4).tolist()),
        lufs=round(float(found.loudness[i]), 1),
        asper=round(float(found.roughness[i]), 2),
        far=tuple(far.tolist()),
        deviations=tuple(np.round(deviations[far], 1).tolist()),
    )


def _dimensions(
    model: Model, found: Measured, first: int, moved: NDArray[np.intp]
) -> tuple[HazardDimension, ...]:
    statistics = getattr(model.description, "latent", None)
    labels = [] if statistics is None else statistics.labels
    told = []
    for i, d in enumerate(moved.tolist()):
        low, high = first + 2 * i, first + 2 * i + 1
        told.append(
            HazardDimension(
                dimension=d,
                label=labels[d] if d < len(labels) else "",
                low_lufs=round(float(found.loudness[low]), 1),
                high_lufs=round(float(found.loudness[high]), 1),
                low_asper=round(float(found.roughness[low]), 2),
                high_asper=round(float(found.roughness[high]), 2),
            )
        )
    return tuple(sorted(told, key=lambda each: -abs(each.high_lufs - each.low_lufs))[:DIMENSIONS])


def report(found: Hazards) -> str:
    """The report as text."""
    lines = [
        f"{found.model}: half of its sounds are louder than {found.usual_lufs:.1f} LUFS, one in twenty "
        f"louder than {found.loud_lufs:.1f}; {found.usual_asper:.2f} asper as a rule.",
    ]
    for heading, places in (("Loudest", found.loudest), ("Roughest", found.roughest)):
        lines += ["", f"{heading} places that it knows"]
        lines += [f"  {place.lufs:6.1f} LUFS  {place.asper:5.2f} asper  {_far(place)}" for place in places]
    lines += ["", "Dimensions that change loudness most, from two deviations below the mean to two above"]
    for each in found.dimensions:
        label = f" ({each.label})" if each.label else ""
        lines.append(
            f"  {each.dimension + 1}{label}: {each.low_lufs:.1f} to {each.high_lufs:.1f} LUFS, "
            f"{each.low_asper:.2f} to {each.high_asper:.2f} asper"
        )
    return "\n".join(lines) + "\n"


def _far(place: HazardPlace) -> str:
    parts = zip(place.far, place.deviations, strict=True)
    return "dimensions " + ", ".join(f"{d + 1} at {by:+.1f}" for d, by in parts)
