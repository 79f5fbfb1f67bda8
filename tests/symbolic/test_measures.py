"""The measures on models whose answers are known."""

import numpy as np
import pytest

from isobath.symbolic import measures
from isobath.symbolic.attributes import attributes

from . import small


@pytest.fixture(scope="module")
def model():
    return small.model()


@pytest.fixture(scope="module")
def places():
    return np.random.default_rng(0).standard_normal((120, 6)).astype(np.float32)


class Line:
    """A decoder whose hits come one after the other along its only dimension; drums, two bars."""

    kind, dims = "drums", 1

    def decode_soft(self, z):
        order = np.arange(32 * 9).reshape(32, 9) + 0.5
        hits = 1 / (1 + np.exp(order[None] - z[:, 0, None, None] * 19))
        return np.concatenate([hits, hits * 0.5, hits * 0.0], axis=2)

    def pattern(self, soft):
        return soft[..., :9] > 0.5

    def places(self, first, last, count):
        share = np.linspace(0, 1, count)[:, None]
        return (1 - share) * first + share * last


def test_an_even_decoder_is_as_smooth_as_can_be():
    found = measures.smoothness(Line(), np.array([[0.0], [1.0]], np.float32), pairs=4)
    assert found["different"] == pytest.approx(19, abs=1)
    assert found["ratio"] == pytest.approx(1.0, abs=0.12)
    assert found["path"] == 1.0


def test_the_morph_never_goes_beyond_its_budget(model, places):
    found = measures.smoothness(model, places, pairs=40)
    assert found["morph"] <= found["largest"]
    assert found["morph_ratio"] < 1.8
    assert len(found["quartiles"]) == 5


def test_reconstruction_counts_what_is_wrong(model):
    x = np.stack([small.beat(i).tensor for i in range(8)])
    found = measures.reconstruction(model, x)
    soft = model.decode_soft(model.encode_tensors(x)[0])
    assert found["wrong"] == pytest.approx(np.mean((soft[..., :9] > 0.5) != (x[..., :9] > 0.5)))
    assert found["offset"] == pytest.approx(np.mean((soft[..., 18:] - x[..., 18:]) ** 2) / 4, rel=1e-4)


def test_geometry_of_an_isometry():
    class Flat:
        kind, dims = "drums", 4
        turn = np.linalg.qr(np.random.default_rng(1).standard_normal((32 * 27, 4)))[0]

        def decode_soft(self, z):
            return (3.0 * z @ self.turn.T).reshape(len(z), 32, 27)

    z = np.random.default_rng(2).standard_normal((50, 4)).astype(np.float32)
    found = measures.geometry(Flat(), z, points=10)
    assert found["condition"] == pytest.approx(1, abs=0.01)
    assert found["magnification"] == pytest.approx(0, abs=0.01)
    assert found["distances"] == pytest.approx(1, abs=1e-4)


def test_steering_is_told_in_every_reading(model, places):
    told = attributes("drums", np.stack([small.beat(i).tensor for i in range(40)]))
    found = measures.steering(model, places, told, count=200)
    assert set(found) == {"density", "velocity", "offset"}
    assert all(-1 <= found["density"][key] <= 1 for key in ("absolute", "change", "mean_base", "ceiling"))


def test_changes_answer_for_every_asked_number(model, places):
    found = measures.changes(model, places, each=10)
    assert list(found) == [1, 2, 4, 8, 12, 16, 20]
    assert found[16] > found[2]


def test_a_correlation_with_what_does_not_vary_is_none():
    assert measures.correlation(np.arange(5.0), np.ones(5)) == 0
