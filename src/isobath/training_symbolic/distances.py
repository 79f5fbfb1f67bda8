"""Distances further than one point sees: between phrases, and along the lines between them.

The flat loss looks at the decoder's Jacobian, one point at a time, and teaches the decoder alone.
Two things of a flat latent it cannot reach: which phrases lie far apart, which is the encoder's
doing, and how the hits that flip along a line are spread over it. Both are ours, not paper 003's.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

POINTS = 20
"""Of a line, ends included: as many as paper 003's figure 2 looks at."""
SHARPNESS = 8.0
"""How sharply a soft hit is counted here: as sigmoid(8 · logit), so that it flips at a place."""
_LEAST_SQUARE = 1e-4


def stress(z: Tensor, decoded: Tensor) -> Tensor:
    """How far the distances of all pairs of z (n, dims) are from decoded ones, relative, squared; 0-d.

    decoded: (n, ...). At the scale that fits, which has no gradient: only shares of distances count.
    """
    near, far = _pairs(z), _pairs(decoded.flatten(1))
    usual = (near / far).mean().detach()
    return (near / (usual * far) - 1).square().mean()


def _pairs(x: Tensor) -> Tensor:
    """Distances of all pairs of rows, (n (n − 1) / 2,)."""
    i, j = torch.triu_indices(len(x), len(x), 1, device=x.device)
    square = x.square().sum(-1)
    apart = (square[:, None] + square[None] - 2 * x @ x.T)[i, j]
    return apart.clamp(min=_LEAST_SQUARE).sqrt()


def unevenness(kind: str, logits: Callable[[Tensor], Tensor], ends: Tensor) -> Tensor:
    """How unevenly hits (or tokens) change along lines between the halves of `ends` (2n, dims); 0-d.

    The squared coefficient of variation of the changes of a step of a line, and how much longer the
    line is than what its ends differ in, as a share of it: 0 where all steps change alike and
    nothing changes twice.
    """
    half = len(ends) // 2
    share = torch.linspace(0, 1, POINTS, device=ends.device, dtype=ends.dtype)[None, :, None]
    first, last = ends[:half, None], ends[half : 2 * half, None]
    said = logits((first + share * (last - first)).flatten(0, 1))
    if kind == "drums":
        sharp = (SHARPNESS * said[..., :9]).sigmoid()
    else:
        sharp = (SHARPNESS * said).softmax(-1) / 2  # a step that changes leaves one token for another
    sharp = sharp.reshape(half, POINTS, -1)
    hops = sharp.diff(dim=1).abs().sum(-1)
    differ = (sharp[:, -1] - sharp[:, 0]).abs().sum(-1).clamp(min=1.0)
    varies = hops / hops.mean(1, keepdim=True).clamp(min=0.1) - 1
    return varies.square().mean() + (hops.sum(1) / differ - 1).mean()
