"""What stands between the coders does what its name says."""

import pytest
import torch

from isobath.training import bottleneck
from isobath.training.bottleneck import Quantiser


def points(n: int, dims: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, dims, generator=torch.Generator().manual_seed(seed))


def test_the_discrepancy_is_small_for_a_normal_cloud_and_large_for_another() -> None:
    drawn = points(800, seed=1)
    same = bottleneck.normal_discrepancy(points(800), drawn).item()
    moved = bottleneck.normal_discrepancy(points(800) + 2.0, drawn).item()
    narrow = bottleneck.normal_discrepancy(0.05 * points(800), drawn).item()
    assert same < 0.01 < moved
    assert narrow > 3 * same


def test_a_quantiser_begins_at_its_points_and_gets_nearer_to_them() -> None:
    quantiser, random = Quantiser(2, 16, 4), torch.Generator().manual_seed(0)
    x = points(400).T[None]
    assert not quantiser.begun
    quantiser(x, random)
    assert quantiser.begun
    assert quantiser.codes.abs().sum(dim=(1, 2)).min() > 0  # no book stays at nothing
    before = quantiser(x, random)[1].item()
    for _ in range(200):
        quantiser(x, random)
    assert quantiser(x, None)[1].item() <= before
    assert quantiser(x, None)[1].item() < 0.5 * x.square().mean().item()


def test_codes_that_nothing_uses_are_revived() -> None:
    quantiser, random = Quantiser(1, 8, 4, decay=0.5), torch.Generator().manual_seed(0)
    x = points(400).T[None]
    quantiser(x, random)
    quantiser.codes[0, 3] = 1e3
    quantiser.sums[0, 3] = 1e3
    for _ in range(20):
        quantiser(x, random)
    used = set(quantiser.nearest(0, x[0].T).tolist())
    assert used == set(range(8))


def test_codes_stay_where_they_are_outside_of_training() -> None:
    quantiser, random = Quantiser(1, 8, 4), torch.Generator().manual_seed(0)
    quantiser(points(100).T[None], random)
    before = quantiser.codes.clone()
    quantiser(points(100, seed=5).T[None], None)
    assert torch.equal(before, quantiser.codes)


def test_the_gradient_passes_straight_through() -> None:
    quantiser = Quantiser(1, 8, 4)
    quantiser.begin(points(100), torch.Generator().manual_seed(0))
    x = points(20).T[None].requires_grad_()
    quantiser(x, None)[0].sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.ones_like(x))


def test_the_variational_price_is_that_of_the_posterior_and_its_draw_is_the_given_one() -> None:
    mean, std, chance = torch.full((2, 3, 4), 0.5), torch.full((2, 3, 4), 2.0), torch.ones(2, 3, 4)
    between = bottleneck.variational(mean, std, chance)
    assert torch.equal(between.latent, mean + std)
    each = 0.25 + 4.0 - 2 * torch.log(torch.tensor(2.0)).item() - 1
    assert between.price.tolist() == pytest.approx([3 * each] * 2)
