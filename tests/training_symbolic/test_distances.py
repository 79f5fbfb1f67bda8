"""Distances of pairs and changes along lines, against closed forms in double precision."""

import pytest
import torch

from isobath.training_symbolic import distances, flat


def test_an_isometry_has_no_stress_at_any_scale():
    q = torch.linalg.qr(torch.randn(12, 4, dtype=torch.float64))[0]
    z = torch.randn(9, 4, dtype=torch.float64)
    assert float(distances.stress(z, 7.0 * z @ q.T)) < 1e-12


def test_stress_is_the_mean_square_of_relative_differences():
    z = torch.tensor([[0.0], [1.0], [3.0]], dtype=torch.float64)  # distances 1, 3, 2
    far = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]], dtype=torch.float64)  # 2, 2, √8
    ratio = torch.tensor([1 / 2, 3 / 2, 2 / 8**0.5], dtype=torch.float64)
    wanted = (ratio / ratio.mean() - 1).square().mean()
    assert float(distances.stress(z, far)) == pytest.approx(float(wanted))


def test_stress_moves_the_latents_too():
    z = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    torch.autograd.backward(distances.stress(z, torch.randn(6, 8, dtype=torch.float64)))
    assert float(z.grad.norm()) > 0


def thresholds(places, steep):
    """A decoder of one step of drums whose hits begin at these places of a line."""
    at = torch.tensor(places, dtype=torch.float64)
    return lambda z: torch.nn.functional.pad(steep * (z - at), (0, 27 - len(places)), value=-50.0)[:, None]


def test_hits_that_flip_one_after_the_other_are_even_and_those_that_flip_at_once_are_not():
    ends = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    spread = [(i + 0.5) / 9 for i in range(9)]
    even = float(distances.unevenness("drums", thresholds(spread, 5.0), ends))
    at_once = float(distances.unevenness("drums", thresholds([0.5] * 9, 200.0), ends))
    steps = distances.POINTS - 1
    assert even < 0.2
    assert at_once == pytest.approx(steps - 1, rel=1e-3)  # all in one of 19: (19 − 1)²/19 + 18/19


def test_a_hit_that_comes_and_goes_is_a_detour():
    def there_and_back(z):
        logit = 60.0 * (0.25 - (z - 0.5).abs())  # on between 0.25 and 0.75
        rising = 5.0 * (z - torch.tensor([(i + 0.5) / 8 for i in range(8)], dtype=z.dtype))
        return torch.nn.functional.pad(torch.cat((rising, logit), 1), (0, 18))[:, None]

    ends = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    plain = thresholds([(i + 0.5) / 8 for i in range(8)], 5.0)
    more = distances.unevenness("drums", there_and_back, ends) - distances.unevenness("drums", plain, ends)
    assert float(more) > 0.2


def test_a_step_of_a_melody_counts_once():
    def tokens(z):
        return 400.0 * torch.cat((0.5 - z, z - 0.5, torch.full((len(z), 88), -9.0)), 1)[:, None].expand(
            -1, 4, -1
        )

    ends = torch.tensor([[0.0], [1.0]])
    found = float(distances.unevenness("melody", tokens, ends))
    assert found == pytest.approx(distances.POINTS - 2, rel=1e-3)


def test_the_condition_is_stein_s_loss_of_the_exact_metric():
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(4, 20), torch.nn.Tanh(), torch.nn.Linear(20, 11)).double()
    z = torch.randn(5, 4, dtype=torch.float64)
    jacobians = torch.stack([torch.autograd.functional.jacobian(net, each) for each in z])
    exact = jacobians.transpose(1, 2) @ jacobians
    torch.testing.assert_close(flat.metric(net, z, 1e-6), exact, rtol=1e-4, atol=1e-7)
    shares = torch.linalg.eigvalsh(exact)
    shares = shares / shares.mean(1, keepdim=True)
    wanted = -shares.log().mean(1)
    torch.testing.assert_close(flat.condition(exact), wanted, rtol=0.02, atol=0.01)


def test_the_condition_has_no_scale_and_a_direction_that_does_nothing_costs_most():
    even = torch.eye(6, dtype=torch.float64)[None]
    assert float(flat.condition(9.0 * even)) == pytest.approx(0.0, abs=1e-12)
    dead = even.clone()
    dead[0, 0, 0] = 0.0
    assert float(flat.condition(dead)) > 0.9
    raw, c2 = flat.of_metric(dead)
    assert float(flat.scaled(raw, c2, 6)) < 0.25
