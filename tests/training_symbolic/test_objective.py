"""What is minimised, term by term in double precision, and that the whole is their sum."""

import numpy as np
import pytest
import torch

from isobath.symbolic.pieces import Piece
from isobath.symbolic.sets import open_scores, write_set
from isobath.training_symbolic import head
from isobath.training_symbolic.material import Material
from isobath.training_symbolic.objective import errors, units
from isobath.training_symbolic.settings import Configuration, Course, Shape, variant
from isobath.training_symbolic.trainer import Trainer
from tests.symbolic import small


def test_the_error_of_drums_is_cross_entropy_and_squares_over_27():
    random = np.random.default_rng(0)
    logits = random.normal(size=(3, 32, 27))
    hits = (random.random((3, 32, 9)) < 0.3).astype(float)
    truth = np.concatenate([hits, hits * random.random(hits.shape), hits * random.normal(size=hits.shape)], 2)
    chance = 1 / (1 + np.exp(-logits))
    bits = -(hits * np.log(chance[..., :9]) + (1 - hits) * np.log(1 - chance[..., :9]))
    squares = (chance[..., 9:18] - truth[..., 9:18]) ** 2 + (np.tanh(logits[..., 18:]) - truth[..., 18:]) ** 2
    found = errors("drums", torch.from_numpy(logits), torch.from_numpy(truth))
    np.testing.assert_allclose(found, (bits.sum((1, 2)) + squares.sum((1, 2))) / (32 * 27), rtol=1e-12)
    # that mean times the units is what a window weighs in nats
    np.testing.assert_allclose(units("drums", 32, 27) * found, bits.sum((1, 2)) + squares.sum((1, 2)))


def test_the_error_of_melodies_is_the_cross_entropy_of_a_step():
    random = np.random.default_rng(1)
    logits, tokens = random.normal(size=(4, 32, 90)), random.integers(0, 90, (4, 32))
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    nats = -np.log(np.take_along_axis(chances, tokens[..., None], 2))[..., 0]
    found = errors("melody", torch.from_numpy(logits), torch.from_numpy(np.eye(90)[tokens]))
    np.testing.assert_allclose(found, nats.mean(1), rtol=1e-12)
    np.testing.assert_allclose(units("melody", 32, 90) * found, nats.sum(1))


def test_what_a_head_tells_wrong_costs_its_square_and_then_its_size():
    off = torch.tensor([[0.25, -0.5], [2.0, 0.0]], dtype=torch.float64)
    wanted = ((0.25**2 + 0.25) + (2.0 - 0.25)) / 2  # half a deviation is where squares end
    assert float(head.told(off, torch.zeros(2, 2, dtype=torch.float64))) == pytest.approx(wanted)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objective")
    write_set(folder, "groove", "drums", [Piece(f"{i}", small.beat(i, bars=4)) for i in range(20)])
    return Material.of(open_scores(folder), 2)


def asked(material, model, **course):
    """The trainer of a small network, and a batch."""
    shape = Shape("drums", 2, 6, bar_width=16, width=24, prior_width=16)
    usual = {"steps": 40, "batch": 16, "flat_batch": 8, "flat_from": 0, "flat_rise": 4, "samples": 2}
    trainer = Trainer(variant(Configuration("tiny", shape, Course(**(usual | course))), model), material)
    return trainer, material.batch(16, 1, 0)


OURS = {"condition": 15.0, "stress": 60.0, "even": 10.0, "exact_batch": 3, "stress_batch": 8, "lines": 2}


@pytest.mark.parametrize("model", ["ours", "paper-objective", "no-flat", "normal-prior", "baseline"])
def test_the_loss_is_the_sum_of_its_terms_by_their_weights(material, model):
    trainer, (x, attributes) = asked(material, model, flat=2.0, attributes=4.0, **OURS)
    course, beta, step = trainer.configuration.course, 0.3, 3
    torch.manual_seed(5)
    loss, told = trainer.objective(x, attributes, beta, step)
    rises = step / 4
    wanted = (
        32 * 27 * told["error"]
        + beta * told["distance"]
        + rises * course.flat * told.get("flat", 0.0)
        + rises * told.get("turned", 0.0)
        + rises * (course.stress * told.get("stress", 0.0) + course.even * told.get("even", 0.0))
        + course.attributes * (told.get("learned", 0.0) + told.get("followed", 0.0))
    )
    assert float(loss.detach()) == pytest.approx(wanted, rel=1e-5)
    assert ("followed" in told) == ("even" in told) == (model == "ours")


def test_flatness_moves_the_decoder_alone(material):
    def gradients(flat):
        trainer, (x, attributes) = asked(material, "paper-objective", flat=flat, noise=0.0)
        torch.manual_seed(5)
        loss, _ = trainer.objective(x, attributes, 0.3, 9)
        torch.autograd.backward(loss)
        network = trainer.network
        return [
            p.grad.clone() for p in (network.posterior.weight, network.read_bar.weight, network.enter.weight)
        ]

    (posterior, read, enter), (posterior_flat, read_flat, enter_flat) = gradients(0.0), gradients(50.0)
    torch.testing.assert_close(posterior_flat, posterior)
    torch.testing.assert_close(read_flat, read)
    assert float((enter_flat - enter).norm()) > 1e-3 * float(enter.norm())
