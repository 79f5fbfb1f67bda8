"""Whether an exported file plays what the kernel plays: the same latents, blocks of several sizes.

A null test subtracts one from the other. What is left is told as a share of the loudest sample, so
that it does not depend on how loud a model is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isobath.errors import ModelDamaged

from .coder import Model

MOST = 1e-4
"""A larger difference is no rounding: the file is not kept."""

FRAMES = (1, 2, 5, 8, 16)
"""Blocks in turn, in frames."""

SEED = 7
BATCH = 2
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Null:
    """The largest difference, as a share of the loudest sample; encode is None without an encoder."""

    decode: float
    encode: float | None


def trial(model: Model) -> tuple[list[Floats], list[Floats]]:
    """Latents and sounds to try, in blocks: (batch, dims, frames) and (batch, channels, samples)."""
    random = np.random.default_rng(SEED)
    kinds = {o.kind for o in model.description.decoder}
    latents, sounds = [], []
    for frames in FRAMES:
        z = random.standard_normal((BATCH, model.dims, frames))
        if "lookup" in kinds:
            z = random.integers(0, 64, z.shape).astype(np.float64)
        elif "sphere" in kinds:
            z = random.uniform(-1, 1, z.shape)
        latents.append(z.astype(np.float32))
        x = 0.2 * random.standard_normal((BATCH, model.channels, frames * model.hop))
        sounds.append(x.astype(np.float32))
    return latents, sounds


def compared(
    model: Model, decode: Callable[[Floats], Floats], encode: Callable[[Floats], Floats] | None
) -> Null:
    """Play the trial with both. decode, encode: keep their past from call to call, seed `SEED`.

    Raises:
        ModelDamaged: they differ by more than `MOST`.
    """
    latents, sounds = trial(model)
    kernel = model.decoder(batch=BATCH, seed=SEED)
    left = _left([(kernel(z), decode(z)) for z in latents])
    heard = None
    if encode is not None:
        listener = model.encoder(batch=BATCH)
        pairs = [(listener(x), encode(x)) for x in sounds]
        kinds = {o.kind for o in model.description.encoder or []}
        coded = "quantize" in kinds
        if "angles" in kinds:
            pairs = [(a, _near(a, b)) for a, b in pairs]
        heard = _disagreeing(pairs) if coded else _left(pairs)
    worst = max(left, heard or 0.0)
    if worst > MOST:
        raise ModelDamaged(
            f"The export of {model.name} does not play what the kernel plays (off by {worst:.1e} of its "
            "loudest sample), so it was not kept. Please report it with the model."
        )
    return Null(left, heard)


def _near(a: Floats, b: Floats) -> Floats:
    """b with its last angle, which goes round from 1 to -1, taken on the side where a's is."""
    b = b.copy()
    b[:, -1] += 2 * np.round((a[:, -1] - b[:, -1]) / 2)
    return b


def _left(pairs: list[tuple[Floats, Floats]]) -> float:
    peak = max(float(np.abs(a).max()) for a, _ in pairs)
    worst = max(float(np.abs(a - b).max()) for a, b in pairs)
    return worst / max(peak, 1e-9) if np.isfinite(worst) else float("inf")


def _disagreeing(pairs: list[tuple[Floats, Floats]]) -> float:
    """Of code numbers, how many frames differ; where two codes are as near, rounding may choose."""
    wrong = sum(int((a != b).any(axis=1).sum()) for a, b in pairs)
    whole = sum(a.shape[0] * a.shape[2] for a, _ in pairs)
    return 0.0 if wrong <= 0.02 * whole else wrong / whole
