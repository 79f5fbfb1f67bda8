"""What stands between encoder and decoder while training, and what it costs.

`variational`: a Gaussian a dimension (Kingma & Welling 2014). `wasserstein`: the encoder's
point, all points together drawn to N(0, 1) by maximum mean discrepancy (Tolstikhin et al.
2018). `spherical`: a point on the unit sphere. `discrete`: a residual vector quantiser whose
codes follow what they are used for (van den Oord et al. 2017; Zeghidour et al. 2021), begin
at k-means of the first batch, and are revived where nothing uses them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import losses, parallel


@dataclass(frozen=True)
class Between:
    """latent (batch, dims, frames); price: what it costs, one number a crop (batch)."""

    latent: Tensor
    price: Tensor


def normal_discrepancy(points: Tensor, drawn: Tensor) -> Tensor:
    """Maximum mean discrepancy of two clouds (n, dims) under exp(-mean squared distance / dims)."""
    d = points.shape[1]

    def likeness(a: Tensor, b: Tensor) -> Tensor:
        squared = a.square().sum(1)[:, None] + b.square().sum(1)[None] - 2 * a @ b.T
        near: Tensor = torch.exp(-squared.clamp_min(0.0) / d**2)
        return near

    within: Tensor = likeness(points, points).mean() + likeness(drawn, drawn).mean()
    across: Tensor = likeness(points, drawn).mean()
    distance: Tensor = within - 2.0 * across
    return distance


def unit(x: Tensor) -> Tensor:
    """Vectors of length 1 along dims."""
    # Small enough that a point a new encoder makes of quiet sound is on the sphere, as it will be played.
    return x * torch.rsqrt(x.square().sum(dim=1, keepdim=True) + 1e-16)


class Quantiser(nn.Module):
    """Codebooks one after the other, each for what the ones before left over.

    codes [Q, N, D] follow by moving averages (decay .99); `uses` counts; a code used less than
    `dead` times on average a batch is put where the batch is. No codebook is trained by gradient.
    """

    codes: Tensor
    sums: Tensor
    uses: Tensor
    begun: Tensor

    def __init__(self, books: int, codes: int, dims: int, decay: float = 0.99, dead: float = 2.0) -> None:
        super().__init__()
        self.decay, self.dead = decay, dead
        self.register_buffer("codes", torch.zeros(books, codes, dims))
        self.register_buffer("sums", torch.zeros(books, codes, dims))
        self.register_buffer("uses", torch.zeros(books, codes))
        self.register_buffer("begun", torch.zeros((), dtype=torch.bool))

    def nearest(self, book: int, points: Tensor) -> Tensor:
        """Index of the nearest code for each of (n, dims)."""
        codes = self.codes[book]
        score: Tensor = points @ codes.T - 0.5 * codes.square().sum(1)
        return score.argmax(dim=1)

    @torch.no_grad()
    def begin(self, points: Tensor, random: torch.Generator, rounds: int = 10) -> None:
        """k-means on the points of a first batch, book after book."""
        left = points
        for q in range(len(self.codes)):
            pick = torch.randint(0, len(left), (self.codes.shape[1],), generator=random)
            self.codes[q] = left[pick.to(left.device)]
            for _ in range(rounds):
                owner = self.nearest(q, left)
                count = torch.zeros_like(self.uses[q]).index_add_(0, owner, torch.ones_like(left[:, 0]))
                total = torch.zeros_like(self.codes[q]).index_add_(0, owner, left)
                used = count > 0
                self.codes[q][used] = total[used] / count[used, None]
            owner = self.nearest(q, left)
            self.uses[q] = self.dead + 1.0
            self.sums[q] = self.codes[q] * self.uses[q][:, None]
            left = left - self.codes[q][owner]
        self.begun.fill_(True)

    @torch.no_grad()
    def follow(self, book: int, points: Tensor, owner: Tensor, random: torch.Generator) -> None:
        """Codes move to the mean of what they stood for; the unused ones to points of the batch."""
        count = torch.zeros_like(self.uses[book]).index_add_(0, owner, torch.ones_like(points[:, 0]))
        total = torch.zeros_like(self.sums[book]).index_add_(0, owner, points)
        parallel.add_up(count, total)
        self.uses[book].lerp_(count, 1 - self.decay)
        self.sums[book].lerp_(total, 1 - self.decay)
        self.codes[book] = self.sums[book] / self.uses[book].clamp_min(1e-5)[:, None]
        # The points of all processes, so that every one of them revives the same codes.
        everyone = parallel.gathered(points)
        dead = torch.nonzero(self.uses[book] < self.dead * min(1.0, len(everyone) / self.uses.shape[1] / 4))[
            :, 0
        ]
        if len(dead):
            pick = torch.randint(0, len(everyone), (len(dead),), generator=random).to(points.device)
            self.codes[book][dead] = everyone[pick]
            self.uses[book][dead] = self.dead + 1.0
            self.sums[book][dead] = everyone[pick] * (self.dead + 1.0)

    def forward(self, x: Tensor, random: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """(batch, D, rows) -> nearest sums of codes, gradient passed straight through; commitment.

        random: given while training, when codes follow; commitment: (batch).
        """
        points = x.detach().transpose(1, 2).reshape(-1, x.shape[1]).float()
        if random is not None and not self.begun:
            self.begin(parallel.gathered(points), random)
        left, made = points, torch.zeros_like(points)
        for q in range(len(self.codes)):
            owner = self.nearest(q, left)
            chosen = self.codes[q][owner]
            if random is not None:
                self.follow(q, left, owner, random)
            left, made = left - chosen, made + chosen
        found = made.reshape(x.shape[0], -1, x.shape[1]).transpose(1, 2)
        commitment = F.mse_loss(x, found, reduction="none").mean(dim=(1, 2))
        return x + (found - x).detach(), commitment


def variational(mean: Tensor, std: Tensor, chance: Tensor) -> Between:
    """A draw from the posterior; its divergence from N(0, 1)."""
    return Between(mean + std * chance, losses.divergences(mean, std))


def wasserstein(mean: Tensor, chance: Tensor, most: int = 1024) -> Between:
    """The point itself; the discrepancy of the whole batch's points from N(0, 1)."""
    points = parallel.gathered_live(mean.transpose(1, 2).reshape(-1, mean.shape[1]))
    drawn = parallel.gathered(chance.transpose(1, 2).reshape(-1, mean.shape[1]))
    every = max(1, -(-len(points) // most))
    distance = normal_discrepancy(points[::every], drawn[::every])
    return Between(mean, distance.expand(len(mean)))
