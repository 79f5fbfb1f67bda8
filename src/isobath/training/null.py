"""Whether an exported file plays what the kernel plays: the same latents, blocks of several sizes.

A null test subtracts one from the other. What is left is told as a share of the loudest sample, so
that it does not depend on how loud a model is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isobath.errors import ModelDamaged
from isobath.models.coder import Model

MOST = 1e-4
"""A larger difference is no rounding: the file is not kept."""

FRAMES = (1, 2, 5, 8, 16)
"""Blocks in turn, in frames."""

SEED = 7
BATCH = 2
HOST_SAMPLES, HOST_BATCHES = 8192, (1, 4)
"""What a host tries when it opens a file."""

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
        coded = any(o.kind == "quantize" for o in model.description.encoder or [])
        heard = _disagreeing(pairs) if coded else _left(pairs)
    worst = max(left, heard or 0.0)
    if worst > MOST:
        raise ModelDamaged(
            f"The export of {model.name} does not play what the kernel plays (off by {worst:.1e} of its "
            "loudest sample), so it was not kept. Please report it with the model."
        )
    return Null(left, heard)


def _left(pairs: list[tuple[Floats, Floats]]) -> float:
    peak = max(float(np.abs(a).max()) for a, _ in pairs)
    worst = max(float(np.abs(a - b).max()) for a, b in pairs)
    return worst / max(peak, 1e-9) if np.isfinite(worst) else float("inf")


def _disagreeing(pairs: list[tuple[Floats, Floats]]) -> float:
    """Of code numbers, how many frames differ; where two codes are as near, rounding may choose."""
    wrong = sum(int((a != b).any(axis=1).sum()) for a, b in pairs)
    whole = sum(a.shape[0] * a.shape[2] for a, _ in pairs)
    return 0.0 if wrong <= 0.02 * whole else wrong / whole


def torchscript_null(model: Model, path: Path) -> Null:
    """Open a TorchScript file as a host does, and compare it.

    Raises:
        ModelDamaged: a method's answer has another shape than its params say, or it differs.
    """
    module: Any = torch.jit.load(str(path))  # type: ignore[no-untyped-call]
    # Optimising takes seconds for each block size and changes rounding at most.
    with torch.no_grad(), torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
        register(model, module)
        module.set_seed(SEED)
        module.set_reset(True)
        encode = (lambda x: module.encode(torch.from_numpy(x)).numpy()) if model.can_encode else None
        return compared(model, lambda z: module.decode(torch.from_numpy(z)).numpy(), encode)


def register(model: Model, module: Any) -> None:
    """Call every method as a host does when it opens a file.

    Raises:
        ModelDamaged: an answer has another shape than the params say.
    """
    for method in module.get_methods():
        inputs, input_ratio, outputs, output_ratio = getattr(module, f"{method}_params").tolist()
        samples = max(HOST_SAMPLES, model.hop)
        for batch in HOST_BATCHES:
            answer = getattr(module, method)(torch.zeros(batch, inputs, samples // input_ratio))
            wanted = (batch, outputs, samples // output_ratio)
            if tuple(answer.shape) != wanted:
                raise ModelDamaged(
                    f"The export of {model.name} does not work: {method} answers {tuple(answer.shape)} "
                    f"instead of {wanted}. Please report it with the model."
                )
