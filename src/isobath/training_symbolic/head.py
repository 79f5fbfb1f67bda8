"""The affine head: A(z) = Wz + b tells the attributes, and the decoder is made to do what it tells.

W and b are not learned by steps: they are the least squares of the last batches. Learned by steps
they began small, and the encoder made up for it by stretching the latent along the attributes, to
three times what keeps distances.

Ours, not the paper's: with it density, velocity, offset and pitch are linear in the latent, so that
an attribute vector moves the music by what it says. Attributes are in deviations of the data.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isobath.symbolic.bars import LOWEST_PITCH

MEMORY = 0.98
RIDGE = 1e-3
"""Of the latent's mean square: less than the noise of the last batches."""
SHARPNESS = 4.0
"""How sharply a soft hit is counted: as sigmoid(4 · logit), near to counting what is over a half."""


def soft_attributes(kind: str, logits: Tensor, activated: Tensor) -> Tensor:
    """Attributes of decoded bars, (n, attributes), as symbolic/attributes.py counts, but smooth."""
    if kind == "drums":
        counted = (SHARPNESS * logits[..., :9]).sigmoid()
        density = counted.sum((1, 2))
        safe = density.clamp(min=1.0)
        velocity = (activated[..., 9:18] * counted).sum((1, 2)) / safe
        offset = (activated[..., 18:] * counted).sum((1, 2)) / safe
        return torch.stack((density, velocity, offset), dim=1)
    sharp = (SHARPNESS * logits).softmax(-1)
    onsets = sharp[..., 2:]
    density = onsets.sum((1, 2))
    pitches = torch.arange(onsets.shape[-1], device=logits.device, dtype=logits.dtype) + LOWEST_PITCH
    pitch = (onsets * pitches).sum((1, 2)) / density.clamp(min=0.5)
    return torch.stack((density, pitch), dim=1)


class Moments(nn.Module):
    """What least squares need of the last batches: second moments of latents with attributes."""

    within: Tensor
    across: Tensor

    def __init__(self, dims: int, attributes: int) -> None:
        super().__init__()
        self.register_buffer("within", torch.zeros(dims + 1, dims + 1))
        self.register_buffer("across", torch.zeros(dims + 1, attributes))

    @torch.no_grad()
    def hear(self, z: Tensor, of: Tensor) -> None:
        """A batch: latents (n, dims), attributes (n, attributes)."""
        row = F.pad(z, (0, 1), value=1.0)
        keep = MEMORY if bool(self.within[-1, -1] > 0) else 0.0
        self.within.lerp_(row.T @ row / len(z), 1 - keep)
        self.across.lerp_(row.T @ of / len(z), 1 - keep)

    @torch.no_grad()
    def solve(self, head: nn.Linear) -> None:
        """Put the least squares into a head."""
        ridge = RIDGE * self.within.diagonal().mean() * torch.eye(len(self.within), device=self.within.device)
        solved = torch.linalg.solve(self.within + ridge, self.across)
        head.weight.copy_(solved[:-1].T)
        head.bias.copy_(solved[-1])


def vectors(z: Tensor, of: Tensor) -> Tensor:
    """An attribute's vector each, (attributes, dims): the mean of the upper quarter of the latents
    z (n, dims) less that of the lower, by the attributes `of` (n, attributes)."""
    quarter = max(1, len(of) // 4)
    order = of.argsort(dim=0)
    return torch.stack(
        [z[order[-quarter:, a]].mean(0) - z[order[:quarter, a]].mean(0) for a in range(of.shape[1])]
    )


def told(head: Tensor, truth: Tensor) -> Tensor:
    """Smooth absolute error, summed over attributes."""
    return F.smooth_l1_loss(head, truth, beta=0.5, reduction="none").sum(-1).mean()
