"""The bound of the hierarchical prior against closed forms."""

import math

import pytest
import torch

from isobath.training_symbolic.bound import distance, kl_to_standard, log_normal, log_prior, standard
from isobath.training_symbolic.networks import HierarchicalPrior

DIMS = 3


def linear_prior(slope, sigma, infer_sigma=None):
    """p(z|ζ) = N(slope·ζ, sigma²), with the exact posterior q(ζ|z) unless told otherwise."""
    prior = HierarchicalPrior(DIMS, 4).double()
    for net in (prior.generate, prior.infer):
        net.requires_grad_(False)
    variance = 1 / (1 + slope**2 / sigma**2)
    gain = variance * slope / sigma**2
    width = math.sqrt(variance) if infer_sigma is None else infer_sigma

    class Affine(torch.nn.Module):
        def __init__(self, a, s):
            super().__init__()
            self.a, self.s = a, s

        def forward(self, x):
            return torch.cat((self.a * x, torch.full_like(x, math.log(self.s))), dim=-1)

    prior.generate, prior.infer = Affine(slope, sigma), Affine(gain, width)
    return prior


def marginal(slope, sigma, z):
    s = torch.full_like(z, 0.5 * math.log(slope**2 + sigma**2))
    return log_normal(z, torch.zeros_like(z), s)


def test_densities_are_those_of_torch():
    x, mean, log_sigma = torch.randn(3, 4, DIMS, dtype=torch.float64)
    truth = torch.distributions.Normal(mean, log_sigma.exp()).log_prob(x).sum(-1)
    torch.testing.assert_close(log_normal(x, mean, log_sigma), truth)
    torch.testing.assert_close(standard(x), log_normal(x, torch.zeros_like(x), torch.zeros_like(x)))


def test_kl_is_that_of_torch():
    mean, log_sigma = torch.randn(2, 4, DIMS, dtype=torch.float64)
    q = torch.distributions.Normal(mean, log_sigma.exp())
    p = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    truth = torch.distributions.kl_divergence(q, p).sum(-1)
    torch.testing.assert_close(kl_to_standard(mean, log_sigma), truth)


def test_with_the_exact_inference_one_draw_gives_the_exact_prior():
    z = torch.randn(7, DIMS, dtype=torch.float64)
    found = log_prior(linear_prior(0.8, 0.6), z, torch.randn(1, 7, DIMS, dtype=torch.float64))
    torch.testing.assert_close(found, marginal(0.8, 0.6, z))


def test_more_draws_bring_the_bound_nearer_and_never_beyond():
    torch.manual_seed(0)
    z = torch.randn(300, DIMS, dtype=torch.float64)
    prior, truth = linear_prior(0.8, 0.6, infer_sigma=1.0), marginal(0.8, 0.6, z)
    gaps = [
        float((truth - log_prior(prior, z, torch.randn(k, 300, DIMS, dtype=torch.float64))).mean())
        for k in (1, 4, 16, 256)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.1
    assert abs(gaps[-1]) < 0.02


def test_the_distance_is_the_kl_where_the_prior_is_normal():
    torch.manual_seed(1)
    mean, log_sigma = torch.zeros(20000, DIMS, dtype=torch.float64), torch.full((20000, DIMS), -0.5).double()
    z = mean + log_sigma.exp() * torch.randn_like(mean)
    noise = torch.randn(1, 20000, DIMS, dtype=torch.float64)
    found = distance(linear_prior(0.8, 0.6), z, mean, log_sigma, noise).mean()
    assert float(found) == pytest.approx(float(kl_to_standard(mean, log_sigma)[0]), abs=0.05)
