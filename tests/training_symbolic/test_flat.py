"""The flat loss against exact Jacobians in double precision."""

import pytest
import torch

from isobath.training_symbolic import flat

DIMS, OUT, POINTS = 5, 12, 6


@pytest.fixture
def decoder():
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(DIMS, 20), torch.nn.Tanh(), torch.nn.Linear(20, OUT)).double()
    z = torch.randn(POINTS, DIMS, dtype=torch.float64)
    return net, z


def exact(net, z):
    """‖JᵀJ − c²I‖² of each point and c², by torch's own Jacobian."""
    jacobians = torch.stack([torch.autograd.functional.jacobian(net, each) for each in z])
    metric = jacobians.transpose(1, 2) @ jacobians
    c2 = metric.diagonal(dim1=1, dim2=2).sum(-1).mean() / DIMS
    return (metric - c2 * torch.eye(DIMS)).square().sum((1, 2)), c2


def test_taylor_is_the_exact_loss(decoder):
    net, z = decoder
    loss, c2 = flat.taylor(net, z, 1e-6)
    truth, c2_truth = exact(net, z)
    torch.testing.assert_close(loss, truth, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(c2, c2_truth.detach(), rtol=1e-5, atol=0)


def test_pairwise_is_unbiased_for_the_exact_loss(decoder):
    net, z = decoder
    truth, c2_truth = (each.detach() for each in exact(net, z))
    torch.manual_seed(0)
    directions = torch.randn(1200, POINTS, DIMS, dtype=torch.float64)
    sums, c2s = [], []
    for part in directions.split(4):
        loss, c2 = flat.pairwise(net, z, part, 1e-6)
        sums.append(loss.mean().detach())
        c2s.append(c2)
    found, spread = torch.stack(sums).mean(), torch.stack(sums).std() / len(sums) ** 0.5
    # c² of a batch stands in the loss of that batch, which adds a little of its own variance
    assert abs(float(found - truth.mean())) < 4 * float(spread) + 0.04 * float(truth.mean())
    assert float(torch.stack(c2s).mean()) == pytest.approx(float(c2_truth), rel=0.03)


def test_equation_8_comes_near_only_with_many_directions(decoder):
    net, z = decoder
    truth, c2_truth = (each.detach() for each in exact(net, z))
    torch.manual_seed(1)
    _, c2_few = flat.nesterov(net, z, torch.randn(8, POINTS, DIMS, dtype=torch.float64), 1e-6)
    many, c2_many = flat.nesterov(net, z, torch.randn(20000, POINTS, DIMS, dtype=torch.float64), 1e-6)
    assert float(many.mean()) == pytest.approx(float(truth.mean()), rel=0.1)
    assert float(c2_many) == pytest.approx(float(c2_truth), rel=0.05)
    assert float(c2_few) > 1.2 * float(c2_truth)


def test_gradients_are_those_of_the_exact_loss(decoder):
    net, z = decoder
    truth, c2 = exact_with_graph(net, z)
    wanted = torch.autograd.grad(truth.mean(), net[0].weight, retain_graph=True)[0]
    got = torch.autograd.grad(flat.taylor(net, z, 1e-5)[0].mean(), net[0].weight)[0]
    torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-5)
    assert float(c2) > 0


def exact_with_graph(net, z):
    jacobians = torch.stack([torch.autograd.functional.jacobian(net, each, create_graph=True) for each in z])
    metric = jacobians.transpose(1, 2) @ jacobians
    c2 = (metric.diagonal(dim1=1, dim2=2).sum(-1).mean() / DIMS).detach()
    return (metric - c2 * torch.eye(DIMS)).square().sum((1, 2)), c2


def test_an_isometry_costs_nothing_however_large():
    q = torch.linalg.qr(torch.randn(OUT, DIMS, dtype=torch.float64))[0]
    z = torch.randn(POINTS, DIMS, dtype=torch.float64)
    for scale in (0.1, 10.0):
        loss, c2 = flat.taylor(lambda x, s=scale: s * x @ q.T, z, 1e-4)
        assert float(c2) == pytest.approx(scale**2, rel=1e-6)
        assert float(flat.scaled(loss, c2, DIMS)) < 1e-8


def test_the_scaled_loss_has_no_scale_and_no_one_point_rules_it():
    loss, c2 = torch.tensor([2.0, 1e9]), torch.tensor(1.0)
    assert float(flat.scaled(loss, c2, DIMS)) <= flat.LARGEST_TERM
    one = flat.scaled(torch.tensor([3.0]), torch.tensor(2.0), DIMS)
    other = flat.scaled(torch.tensor([3.0 * 16]), torch.tensor(8.0), DIMS)
    torch.testing.assert_close(one, other)


def test_the_scaled_loss_does_not_push_the_decoder_s_size(decoder):
    net, z = decoder
    size = torch.ones((), dtype=torch.float64, requires_grad=True)
    for held, pushes in ((True, True), (False, False)):
        loss, c2 = flat.taylor(lambda x: size * net(x), z, 1e-5, held=held)
        (push,) = torch.autograd.grad(flat.scaled(loss, c2, DIMS), size)
        assert (abs(float(push)) > 0.1) == pushes


def test_mixed_points_lie_on_lines_a_little_beyond_both_ends():
    z = torch.tensor([[0.0], [1.0]])
    order = torch.tensor([1, 0])
    assert flat.mixed(z, 0.2, order, torch.tensor([0.0, 1.0])).flatten().tolist() == pytest.approx(
        [-0.2, -0.2]
    )
