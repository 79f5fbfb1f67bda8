"""The soft attributes against the counted ones, and the attribute vectors."""

import numpy as np
import pytest
import torch

from isobath.symbolic.attributes import attributes
from isobath.training_symbolic import head


def test_soft_attributes_are_the_counted_ones_where_the_decoder_is_sure():
    random = np.random.default_rng(0)
    hits = random.random((4, 32, 9)) < 0.2
    velocity, offset = random.random(hits.shape) * hits, (2 * random.random(hits.shape) - 1) * hits
    x = np.concatenate([hits, velocity, offset], axis=2).astype(np.float32)
    logits = torch.from_numpy(np.where(hits, 9.0, -9.0).astype(np.float32))
    logits = torch.cat((logits, torch.zeros(4, 32, 18)), dim=2)
    found = head.soft_attributes("drums", logits, torch.from_numpy(x))
    np.testing.assert_allclose(found.numpy(), attributes("drums", x), rtol=1e-3, atol=1e-3)


def test_soft_attributes_of_melodies():
    tokens = np.random.default_rng(1).integers(0, 90, (4, 32))
    x = np.eye(90, dtype=np.float32)[tokens]
    found = head.soft_attributes("melody", torch.from_numpy(9.0 * x), torch.from_numpy(x))
    np.testing.assert_allclose(found.numpy(), attributes("melody", x), rtol=1e-3)


def test_a_vector_leads_from_the_lower_quarter_to_the_upper():
    z = torch.arange(8.0)[:, None] * torch.tensor([[1.0, 0.0]])
    of = torch.arange(8.0)[:, None]
    assert head.vectors(z, of).tolist() == [[6.0, 0.0]]


def test_a_head_that_is_right_costs_nothing():
    assert float(head.told(torch.ones(3, 2), torch.ones(3, 2))) == pytest.approx(0.0)


def test_the_head_is_the_least_squares_of_what_was_heard():
    torch.manual_seed(0)
    weight, bias = torch.randn(2, 4), torch.randn(2)
    moments, linear = head.Moments(4, 2), torch.nn.Linear(4, 2)
    for _ in range(60):
        z = torch.randn(50, 4)
        moments.hear(z, z @ weight.T + bias)
    moments.solve(linear)
    torch.testing.assert_close(linear.weight, weight, atol=0.02, rtol=0.01)
    torch.testing.assert_close(linear.bias, bias, atol=0.02, rtol=0.01)
