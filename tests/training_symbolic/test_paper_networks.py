"""The paper's own configurations are its table 3, size by size."""

import pytest
import torch

from isobath.symbolic.attributes import OF_KIND
from isobath.training_symbolic.networks import HierarchicalPrior, network_of
from isobath.training_symbolic.settings import CONFIGURATIONS

TABLE_3 = [  # steps, values, latents, κ, K, η
    ("paper-drums-4", 64, 27, 32, 0.15, 16, 2500.0),
    ("paper-piano", 32, 90, 64, 0.03, 8, 2000.0),
    ("paper-cello", 64, 90, 64, 0.06, 8, 2000.0),
]


@pytest.mark.parametrize(
    ("name", "steps", "values", "dims", "kappa", "samples", "eta"), TABLE_3, ids=[row[0] for row in TABLE_3]
)
def test_the_paper_s_networks_are_those_of_table_3(name, steps, values, dims, kappa, samples, eta):
    shape, course = CONFIGURATIONS[name].shape, CONFIGURATIONS[name].course
    with torch.device("meta"):  # sizes without their memory
        network = network_of(shape, len(OF_KIND[shape.kind]))
        prior = HierarchicalPrior(dims, shape.prior_width)
    sizes = {key: tuple(weight.shape) for key, weight in network.named_parameters()}
    assert (network.steps, network.values, shape.dims) == (steps, values, dims)
    for end in ("", "_reverse"):  # two BiGRUs of 1024, one upon the other
        assert sizes[f"encoder.weight_ih_l0{end}"] == (3 * 1024, values)
        assert sizes[f"encoder.weight_ih_l1{end}"] == (3 * 1024, 2 * 1024)
    assert sizes["posterior.weight"] == (2 * dims, 2 * 1024)
    assert sizes["conductor.weight_hh_l0"] == (3 * 512, 512)
    assert sizes["within.weight_ih_l0"] == (3 * 512, values + 512)
    assert sizes["within.weight_hh_l1"] == (3 * 512, 512)
    assert sizes["say.weight"] == (values, 512)
    for net in (prior.generate, prior.infer):  # FC 256, 256, ReLU
        assert [layer.out_features for layer in net if isinstance(layer, torch.nn.Linear)] == [
            256,
            256,
            2 * dims,
        ]
        assert sum(isinstance(layer, torch.nn.ReLU) for layer in net) == 2
    assert course.bound == pytest.approx(kappa**2)
    assert (course.samples, course.flat, course.learning_rate) == (samples, eta, 5e-4)
    assert (course.prior, course.constraint, course.gain) == ("vhp", "rewo", 1.0)
    assert 28e6 < sum(weight.numel() for weight in network.parameters()) < 34e6
