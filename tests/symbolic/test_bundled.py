"""The models that come along: small enough, and they play what they hear."""

import numpy as np
import pytest

from isobath.symbolic import BUNDLED, Drums, drums_of_hits, load
from isobath.symbolic.model import symbolic_path

MOST_BYTES = 10_000_000


def rock(steps):
    """Eighths on the hi-hat, kick on 1 and 3, snare on 2 and 4, a little late."""
    hits = []
    for s in range(0, steps, 2):
        hits.append((s + 0.03, 2, 0.5 + 0.1 * (s % 4 == 0)))
        if s % 8 == 0:
            hits.append((float(s), 0, 0.8))
        if s % 8 == 4:
            hits.append((s + 0.05, 1, 0.9))
    return drums_of_hits(hits, steps=steps)


def test_they_are_small():
    assert sum(symbolic_path(name).stat().st_size for name in BUNDLED) <= MOST_BYTES


@pytest.mark.parametrize("name", [n for n in BUNDLED if n.startswith("drums")])
def test_a_plain_beat_comes_back_as_it_was_played(name):
    model = load(name)
    bars = rock(model.steps)
    back = model.decode(model.encode(bars))
    assert isinstance(back, Drums)
    assert back.changed(bars) <= bars.hits.sum() // 6
    assert model.about.licence == "CC BY 4.0"
    assert "Groove MIDI" in model.about.credit


@pytest.mark.parametrize("name", BUNDLED)
def test_near_and_between(name):
    model = load(name)
    rng = np.random.default_rng(0)
    places = model.statistics.phrases
    counts = [
        model.decode(z).changed(model.decode(model.sample_near(z, rng, changed_hits=8))) for z in places[:24]
    ]
    assert np.mean(counts) == pytest.approx(8, rel=0.15)
    phrases = model.morph(places[0], places[-1], 8)
    assert len(phrases) == 8
    assert model.decode(model.sample(rng)).steps == model.steps


@pytest.mark.parametrize("name", BUNDLED)
def test_density_can_be_asked_for(name):
    model = load(name)
    z = model.statistics.mean
    more, less = (model.decode(model.moved(z, density=d)) for d in (5, -5))

    def count(bars):
        return int(bars.hits.sum() if isinstance(bars, Drums) else (bars.tokens >= 2).sum())

    assert count(more) > count(less)


@pytest.mark.parametrize("name", BUNDLED)
def test_what_is_seen_of_a_latent_keeps_its_distances(name):
    """Three directions at right angles, each of length 1: the view is a turn."""
    model = load(name)
    view = model.statistics.view.astype(np.float64)
    np.testing.assert_allclose(view @ view.T, np.eye(3), atol=2e-3)
    step = 3.0 * view[0] - 4.0 * view[2]  # seen from the side, none of it is lost
    a, b = model.view((model.statistics.mean + np.stack([np.zeros_like(step), step])).astype(np.float32))
    assert np.linalg.norm(b - a) == pytest.approx(5.0, rel=2e-3)
