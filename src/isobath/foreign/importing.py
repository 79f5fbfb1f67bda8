"""From a file of another program to a model of ours, statistics and all; and its latent cut anew."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.errors import ModelMismatch
from isobath.models.coder import Model
from isobath.models.description import Description, LoudnessTensors, Operation, Tensors

from . import rave, survey
from .archive import Archive
from .rave import BASIS, CENTRE, Imported

Progress = Callable[[float], None]
ENOUGH_DB = 60.0
"""Half-precision weights are kept where their error lies so far below the signal."""


@dataclass(frozen=True)
class Wishes:
    """What the musician says about an import; the rest is found.

    dims: latent size; the file's own if None. chance: latent dimensions left out vary by chance.
    """

    name: str = ""
    title: str = ""
    dims: int | None = None
    chance: bool = False
    licence: str = ""
    credit: str = ""


def quiet(_: float) -> None:
    """No progress wanted."""


def import_rave(archive: Archive, wishes: Wishes, progress: Progress = quiet) -> tuple[Description, Tensors]:
    """A RAVE file as a model.

    Raises:
        Unfamiliar: a part of it is not known; the file can still be played by running it, confined.
        ModelMismatch: it cannot have so many dimensions.
    """
    imported = rave.convert(archive, wishes.dims, chance=wishes.chance)
    name = wishes.name or re.sub(r"(_streaming)?$", "", archive.path.stem)
    kind = f"{imported.generation}, {imported.dims} of {imported.most_dims} latent dimensions"
    description = Description(
        format=2,
        name=name,
        title=wishes.title or name.replace("_", " ").strip().capitalize(),
        about=f"Imported from {archive.path.name} ({kind}).",
        sample_rate=imported.sample_rate,
        channels=imported.channels,
        hop=imported.hop,
        dims=imported.dims,
        delay=imported.delay,
        encoder=imported.encoder,
        decoder=imported.decoder,
        latent=survey.statistics(imported),
        licence=wishes.licence,
        credit=wishes.credit,
        training={"imported_from": archive.path.name, "generation": imported.generation,
                  "latent": imported.latent, "most_dims": imported.most_dims,
                  "statistics": "latents drawn as the training asked for, not the training's own"},
    )  # fmt: skip
    tensors = _halved(description, imported.tensors)
    return _listened(description, tensors, imported, progress)


def _listened(
    description: Description, tensors: Tensors, imported: Imported, progress: Progress
) -> tuple[Description, Tensors]:
    """With the loudness and brightness of held latents, and dimensions named after them."""
    points = survey.draw(imported, survey.POINTS, seed=1)
    if imported.latent == "continuous":  # some farther out than the training went
        points[::4] *= 1.5
    model = Model(description, tensors)
    settle = description.delay + 2 * description.hop
    db, hz = survey.listen(model, points, settle, progress)
    labels = survey.named(points, db, hz)
    return (
        msgspec.structs.replace(
            description,
            latent=survey.statistics(imported, labels),
            loudness=LoudnessTensors("loudness_points", "loudness_db", "loudness_brightness"),
        ),
        {**tensors, **survey.loudness_tensors(points, db, hz)},
    )


def _weights(description: Description) -> set[str]:
    operations = [*(description.encoder or []), *description.decoder]
    return {o.weight for o in operations if o.weight and o.kind in ("conv", "conv_transpose")}


def _halved(description: Description, tensors: Tensors) -> Tensors:
    """Weights in half precision, where that leaves the sound and the latents as they were."""
    names = _weights(description)
    if any(np.abs(tensors[n]).max(initial=0) > 6e4 for n in names):
        return tensors
    half = {n: t.astype(np.float16) if n in names else t for n, t in tensors.items()}
    whole, other = Model(description, tensors), Model(description, half)
    rng = np.random.default_rng(0)
    frames = max(8, math.ceil(0.4 * whole.sample_rate / whole.hop)) + 2 * whole.delay // whole.hop
    z = rng.standard_normal((whole.dims, frames)).astype(np.float32)
    x = (0.1 * rng.standard_normal((whole.channels, frames * whole.hop))).astype(np.float32)
    same = _error_db(whole.decode(z), other.decode(z)) <= -ENOUGH_DB
    if same and not any(o.kind == "quantize" for o in description.encoder or []):
        same = _error_db(whole.encode(x), other.encode(x)) <= -ENOUGH_DB
    return half if same else tensors


def _error_db(wanted: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    power = float(np.mean(wanted.astype(np.float64) ** 2))
    error = float(np.mean((found.astype(np.float64) - wanted) ** 2))
    return 10 * math.log10(max(error, 1e-30) / max(power, 1e-30))


def recut(
    description: Description, tensors: Tensors, dims: int, progress: Progress = quiet
) -> tuple[Description, Tensors]:
    """An imported model with another latent size, up to all the axes that its file had.

    Raises:
        ModelMismatch: it was not imported, or has not so many.
    """
    basis, centre = tensors.get(BASIS), tensors.get(CENTRE)
    heard = next((o for o in description.encoder or [] if o.out == "mean"), None)
    turned = next((o for o in description.decoder if o.source == "latent" and o.kind == "conv"), None)
    if basis is None or centre is None or heard is None or turned is None:
        raise ModelMismatch(
            f"{description.name} does not keep the axes of another program's model, so its latent size of "
            f"{description.dims} is fixed. Choose the size when importing the .ts file."
        )
    most = min(len(centre), 128)
    if not 1 <= dims <= most:
        raise ModelMismatch(
            f"{description.name} has {most} latent dimensions at most; {dims} cannot be chosen."
        )
    if any(o.kind == "normal" for o in description.decoder):
        raise ModelMismatch(
            f"{description.name} was imported with chance in what was left out. Import the .ts file again."
        )
    return _cut(description, tensors, dims, (heard, turned), progress)


def _cut(
    description: Description,
    tensors: Tensors,
    dims: int,
    ends: tuple[Operation, Operation],
    progress: Progress,
) -> tuple[Description, Tensors]:
    basis, centre = tensors[BASIS].astype(np.float32), tensors[CENTRE].astype(np.float32)
    heard, turned = ends
    kept = {n: t for n, t in tensors.items() if not n.startswith("loudness_")}
    kept[heard.weight or ""] = basis[:dims, :, None].copy()
    kept[heard.bias or ""] = -basis[:dims] @ centre
    kept[turned.weight or ""] = np.ascontiguousarray(basis[:dims].T[:, :, None])
    was: dict[str, Any] = description.training
    about = re.sub(r"\d+ of (\d+) latent", rf"{dims} of \1 latent", description.about)
    imported = Imported(
        sample_rate=description.sample_rate, channels=description.channels, hop=description.hop, dims=dims,
        most_dims=min(len(centre), 128), delay=description.delay, latent="continuous",
        encoder=description.encoder or [], decoder=description.decoder, tensors=kept,
        generation=str(was.get("generation", "")), fidelity=[],
    )  # fmt: skip
    bare = msgspec.structs.replace(
        description, dims=dims, about=about, latent=survey.statistics(imported), loudness=None
    )
    return _listened(bare, kept, imported, progress)
