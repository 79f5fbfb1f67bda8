"""How far the posterior is from the prior: the importance-weighted bound of the hierarchical prior.

Paper 003, equation 2 (Klushyn et al. 2019; Burda et al. 2015).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .networks import HierarchicalPrior

_HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


def log_normal(x: Tensor, mean: Tensor, log_sigma: Tensor) -> Tensor:
    """Log density of a diagonal Gaussian, summed over the last axis."""
    return (-0.5 * ((x - mean) * torch.exp(-log_sigma)).square() - log_sigma - _HALF_LOG_TAU).sum(-1)


def standard(x: Tensor) -> Tensor:
    """Log density of N(0, I)."""
    return (-0.5 * x.square() - _HALF_LOG_TAU).sum(-1)


def kl_to_standard(mean: Tensor, log_sigma: Tensor) -> Tensor:
    """KL(N(mean, sigma) || N(0, I)) in nats, (n,): closed form."""
    return 0.5 * (mean.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma).sum(-1)


def log_prior(prior: HierarchicalPrior, z: Tensor, noise: Tensor) -> Tensor:
    """Lower bound of log p(z), (n,), from K draws of ζ; noise: (K, n, dims) standard normal."""
    mean, log_sigma = prior.split(prior.infer(z))
    zeta = mean + log_sigma.exp() * noise
    weights = (
        log_normal(z, *prior.split(prior.generate(zeta))) + standard(zeta) - log_normal(zeta, mean, log_sigma)
    )
    return weights.logsumexp(0) - math.log(len(noise))


def distance(prior: HierarchicalPrior, z: Tensor, mean: Tensor, log_sigma: Tensor, noise: Tensor) -> Tensor:
    """F of equation 2, nats, (n,): log q(z | x) less the bound of log p(z)."""
    return log_normal(z, mean, log_sigma) - log_prior(prior, z, noise)
