"""The flat-manifold loss: how far the decoder is from keeping distances, at points between the data.

G = JᵀJ of the activated outputs; loss = ‖G − c²I‖² (Frobenius), c² = mean tr G / dims (paper 003,
equations 6 and 7; Chen et al. 2020), divided by c⁴·dims so that it has no scale. Three estimators:

- pairwise: for random directions u_m, the products Ju_m·Ju_n − c² u_m·u_n are unbiased for it,
  from M + 1 decodings.
- taylor: the paper's for few dimensions: a difference along every axis, dims + 1 decodings.
- nesterov: the paper's equation 8 for many: J is averaged over random directions first, which
  makes the loss and c² too large by what the average has not yet settled.

The paper holds c² fixed when it takes gradients. Then the gradient along J's own size is
2‖G − c²I‖², never negative: every step makes J smaller, and where the prior is learned nothing
stops it. Our scaled loss lets the gradient pass through c², which takes that direction away.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Decoder = Callable[[Tensor], Tensor]
LEAST_EIGENVALUE = 1e-3
"""Of the mean one: what a direction that does nothing is taken for."""
LARGEST_TERM = 50.0
"""What one point's scaled loss is held below: a kink must not throw the decoder."""


def mixed(z: Tensor, reach: float, order: Tensor, share: Tensor) -> Tensor:
    """Points on the lines between latents and others of the batch; share in -reach..1 + reach."""
    alpha = share * (1 + 2 * reach) - reach
    return (1 - alpha[:, None]) * z + alpha[:, None] * z[order]


def differences(decode: Decoder, z: Tensor, directions: Tensor, step: float) -> Tensor:
    """J u for each direction, (M, n, outputs); directions: (M, n, dims)."""
    count = len(directions)
    moved = decode((z + step * directions).reshape(-1, z.shape[-1])).reshape(count, len(z), -1)
    return (moved - decode(z).reshape(len(z), -1)) / step


def pairwise(
    decode: Decoder, z: Tensor, directions: Tensor, step: float, *, held: bool = True
) -> tuple[Tensor, Tensor]:
    """(‖G − c²I‖² of each point, (n,); c², 0-d), from random directions (M, n, dims), M of 2 or more.

    held: no gradient passes through c², as in the paper's equation 6.
    """
    moved = differences(decode, z, directions, step)
    c2 = moved.square().sum(-1).mean() / z.shape[-1]
    first, second = torch.triu_indices(len(directions), len(directions), 1)
    seen = (moved[first] * moved[second]).sum(-1)
    wanted = (directions[first] * directions[second]).sum(-1)
    c2 = c2.detach() if held else c2
    return (seen - c2 * wanted).square().mean(0), c2


def metric(decode: Decoder, z: Tensor, step: float) -> Tensor:
    """G of each point, (n, dims, dims), from a difference along every axis."""
    axes = torch.eye(z.shape[-1], dtype=z.dtype, device=z.device)[:, None].expand(-1, len(z), -1)
    return _products(differences(decode, z, axes, step))


def taylor(decode: Decoder, z: Tensor, step: float, *, held: bool = True) -> tuple[Tensor, Tensor]:
    """The same from a difference along every axis."""
    return of_metric(metric(decode, z, step), held=held)


def nesterov(
    decode: Decoder, z: Tensor, directions: Tensor, step: float, *, held: bool = True
) -> tuple[Tensor, Tensor]:
    """The same from equation 8: J is the mean over directions of (Ju) uᵀ."""
    moved = differences(decode, z, directions, step)
    columns = torch.einsum("mno,mnd->dno", moved, directions) / len(directions)
    return of_metric(_products(columns), held=held)


def _products(columns: Tensor) -> Tensor:
    return torch.einsum("ano,bno->nab", columns, columns)


def of_metric(metric: Tensor, *, held: bool = True) -> tuple[Tensor, Tensor]:
    """(‖G − c²I‖² of each point, c²) from G, (n, dims, dims)."""
    dims = metric.shape[-1]
    c2 = metric.diagonal(dim1=1, dim2=2).sum(-1).mean() / dims
    c2 = c2.detach() if held else c2
    eye = torch.eye(dims, dtype=metric.dtype, device=metric.device)
    return (metric - c2 * eye).square().sum((1, 2)), c2


def condition(metric: Tensor) -> Tensor:
    """(tr G/s − log det (G/s) − dims) / dims of each point, (n,), s = tr G/dims of that point.

    Stein's loss: 0 where G = sI. ‖G − c²I‖² sees a direction that does nothing as one part in dims;
    here it costs without end, as it does in a condition number. metric: (n, dims, dims).
    """
    dims = metric.shape[-1]
    size = metric.diagonal(dim1=1, dim2=2).mean(-1).clamp(min=1e-12)
    eye = torch.eye(dims, dtype=metric.dtype, device=metric.device)
    even = (metric / size[:, None, None] + LEAST_EIGENVALUE * eye) / (1 + LEAST_EIGENVALUE)
    volume: Tensor = torch.linalg.slogdet(even).logabsdet
    return -volume / dims


def scaled(loss: Tensor, c2: Tensor, dims: int, least: float = 0.0) -> Tensor:
    """Mean over points of loss / (c⁴ dims), each held below the largest; c² not taken below `least`."""
    each = loss / (c2.clamp(min=least).square() * dims)
    return (each / (1 + each / LARGEST_TERM)).mean()
