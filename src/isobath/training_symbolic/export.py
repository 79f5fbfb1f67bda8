"""A trained twin as a file that plays without PyTorch, with what the instrument needs to know of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isobath.errors import UsageError
from isobath.symbolic.attributes import OF_KIND, attributes
from isobath.symbolic.measures import calibration, response
from isobath.symbolic.model import CALIBRATED, FORMAT, PHRASES, About, SymbolicModel, load, write_model
from isobath.symbolic.sets import Windows

from .material import Material
from .networks import Twin
from .trainer import Trainer

LEARNED = 20000
"""Training windows that statistics are of, at most."""
_LAYERS = ("read_bar", "join", "think", "posterior", "enter", "plan", "part", "write_bar", "head")


def tensors_of(trainer: Trainer) -> dict[str, NDArray[Any]]:
    """The weights of a trained twin, as symbolic/model.py names them."""
    network, prior = trainer.best
    if not isinstance(network, Twin):
        raise UsageError(
            "Only the twins play without PyTorch; the paper's networks stay in their checkpoint."
        )
    found: dict[str, torch.Tensor] = {}
    if network.shape.token_width:
        speak = network.speak
        found |= {
            "listen.weight": network.listen.weight,
            "speak.weight": speak.weight,
            "speak.bias": speak.bias,
        }
    for name in _LAYERS:
        layer = getattr(network, name)
        found |= {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}
    for name, place in (("prior_a", 0), ("prior_b", 2), ("prior_c", 4)):
        inner = prior.generate[place]
        found |= {f"{name}.weight": inner.weight, f"{name}.bias": inner.bias}  # type: ignore[dict-item]
    return {k: v.detach().cpu().numpy() for k, v in found.items()}


def finish(
    trainer: Trainer, path: Path, *, title: str = "", quality: dict[str, Any] | None = None
) -> SymbolicModel:
    """Write the averaged networks with their statistics and calibration. Raises SaveError."""
    shape, about = trainer.configuration.shape, trainer.material.scores.about
    tensors = tensors_of(trainer)
    latents, told = learned(trainer)
    tensors |= statistics(latents, told)
    tensors |= affine(
        latents, trainer.scales(torch.from_numpy(told).float().to(trainer.device)).cpu().numpy()
    )
    tensors |= {
        "attribute_mean": trainer.scales.mean.cpu().numpy(),
        "attribute_deviation": trainer.scales.deviation.cpu().numpy(),
        "phrases": _phrases(trainer),
        "posterior_deviation": _posterior_deviation(trainer),
        "calibrated_radius": np.ones(CALIBRATED),
        "calibrated_changes": np.ones(CALIBRATED),
    }
    described = About(
        format=FORMAT, name=path.stem, kind=shape.kind, bars=shape.bars, dims=shape.dims,
        bar_width=shape.bar_width, token_width=shape.token_width, width=shape.width,
        prior_width=shape.prior_width,
        attributes=OF_KIND[shape.kind], title=title, credit=about.credit, licence=about.licence,
        training={
            "set": about.name, "windows": len(trainer.material.train), "steps": trainer.step,
            "seconds": round(trainer.spent), "seed": trainer.configuration.course.seed,
            "bound": trainer.configuration.course.bound, "flat": trainer.configuration.course.flat,
        },
        quality=quality or {},
    )  # fmt: skip
    model = SymbolicModel(described, tensors)
    tensors |= {**calibration(model, latents), "response": response(model, latents)}
    write_model(path, described, tensors)
    return load(path)


@torch.no_grad()
def encoded(trainer: Trainer, tensors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Posterior means (n, dims) of windows (n, steps, values)."""
    network, _ = trainer.best
    parts = [network.encode(torch.from_numpy(part).to(trainer.device))[0] for part in _parts(tensors)]
    return torch.cat(parts).cpu().numpy()


def _parts(tensors: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [tensors[i : i + 1024] for i in range(0, len(tensors), 1024)]


def learned(trainer: Trainer) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Latents of training windows and their attributes."""
    material = trainer.material
    tensors = material.sampled(material.train, LEARNED)
    return encoded(trainer, tensors), attributes(material.scores.kind, tensors)


def affine(latents: NDArray[np.float32], scaled: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """The affine head as least squares over the training windows; attributes in deviations."""
    row = np.concatenate([latents, np.ones((len(latents), 1))], axis=1).astype(np.float64)
    ridge = 1e-6 * np.trace(row.T @ row) / row.shape[1] * np.eye(row.shape[1])
    solved = np.linalg.solve(row.T @ row + ridge, row.T @ scaled)
    return {"head.weight": solved[:-1].T, "head.bias": solved[-1]}


def statistics(latents: NDArray[np.float32], told: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Where latents lie, the three directions that show most, and the vectors of attributes."""
    mean, deviation = latents.mean(0), latents.std(0)
    values, turned = np.linalg.eigh(np.cov(latents.T))
    order = np.argsort(values)[::-1][:3]
    return {
        "latent_mean": mean, "latent_deviation": np.maximum(deviation, 1e-6), "latent_low": latents.min(0),
        "latent_high": latents.max(0), "view": turned[:, order].T, "view_share": values[order] / values.sum(),
        "vectors": attribute_vectors(latents, told),
    }  # fmt: skip


def attribute_vectors(latents: NDArray[np.float32], told: NDArray[np.float64]) -> NDArray[np.float32]:
    """Paper 003, section 4.3: mean latent of the upper quarter less that of the lower, (attributes, dims)."""
    found = []
    for values in told.T:
        low, high = np.quantile(values, (0.25, 0.75))
        found.append(latents[values >= high].mean(0) - latents[values <= low].mean(0))
    return np.stack(found)


def _phrases(trainer: Trainer) -> NDArray[np.float32]:
    """Places of training phrases as they were played, for the view."""
    material: Material = trainer.material
    side: Windows = material.train.only(material.train.shifts == 0)
    return encoded(trainer, material.sampled(side, PHRASES))


@torch.no_grad()
def _posterior_deviation(trainer: Trainer) -> NDArray[np.float32]:
    network, _ = trainer.best
    tensors = trainer.material.sampled(trainer.material.train, 2048)
    log_sigma = network.encode(torch.from_numpy(tensors).to(trainer.device))[1]
    return log_sigma.exp().mean(0).cpu().numpy()
