"""Loud zones and absurd latents: whatever a model is asked for, ears are safe."""

from collections.abc import Callable

import numpy as np
import pytest

from isobath.models.coder import Model, bundled, load
from isobath.protocol.piece import Master, Shaping
from isobath.sound.loudness import momentary, steepest_rise
from isobath.sound.peaks import true_peak_db

from .loudspeaker import Sound, player_of, steer, whistle

HELD = 4
"""Frames for which each latent stays."""
FREE_LUFS = -15.0


def adversarial(model: Model, count: int) -> np.ndarray:
    """Latents (dims, frames): ordinary, far, huge, no numbers at all, and the corners in between."""
    random = np.random.default_rng(11)
    latents = random.standard_normal((count, model.dims)) * 10 ** random.uniform(-2, 3, (count, 1))
    latents[::7] = random.choice([-1.0, 1.0], (len(latents[::7]), model.dims)) * 6
    latents[::11] = random.choice(
        [np.nan, np.inf, -np.inf, 1e30, -1e30, 3e38, 0.0], (len(latents[::11]), model.dims)
    )
    latents[::13, random.integers(model.dims)] = np.nan
    return np.repeat(latents, HELD, axis=0).T


def heard(model: Model, count: int, clamp: float) -> Sound:
    shaping = Shaping(smoothing_seconds=0.0, clamp=clamp)
    player = player_of(model, shaping=shaping, master=Master(gain_db=12.0))
    return steer(player, adversarial(model, count))


def real_model() -> Model:
    names = bundled()
    if not names:
        pytest.skip("No model is bundled yet")
    return load(next(iter(names.values())))


@pytest.mark.parametrize(
    "make", [lambda: whistle(channels=2, loudness=5.0), real_model], ids=["loud", "bundled"]
)
@pytest.mark.parametrize("clamp", [0.0, 1.0])
def test_a_thousand_wild_latents_stay_finite_under_the_ceiling_and_do_not_jump(
    make: Callable[[], Model], clamp: float
) -> None:
    model = make()
    sound = heard(model, 1100, clamp)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 10 ** (-1 / 20)
    loudest = int(np.abs(sound).max(axis=0).argmax())
    around = sound[:, max(0, loudest - 40_000) : loudest + 40_000]
    from_ends = np.minimum(np.arange(around.shape[1]), np.arange(around.shape[1])[::-1])
    faded = around * np.minimum(1.0, from_ends / 2000)  # a cut would have peaks of its own
    assert true_peak_db(np.pad(faded, ((0, 0), (0, 200))), 4) <= -1.0
    assert steepest_rise(momentary(sound, model.sample_rate), floor=FREE_LUFS - 8) <= 8.0


def test_ten_thousand_wild_latents_stay_finite_and_under_the_ceiling() -> None:
    sound = heard(whistle(loudness=5.0), 10_000, 0.0)
    assert np.isfinite(sound).all()
    assert 0.3 < np.abs(sound).max() <= 10 ** (-1 / 20)


def test_the_clamp_tames_what_lies_outside_the_known_region() -> None:
    """The clamp alone, without guard: wild latents become about as loud as the edge of the known."""
    model = whistle(loudness=0.1)
    far = np.full((4, 100), 1e6)
    edge = far / np.linalg.norm(far[:, 0]) * model.description.latent.known_radius * 1.25
    clamped, known = (
        steer(player_of(model, shaping=Shaping(smoothing_seconds=0, clamp=1.0)), path) for path in (far, edge)
    )
    assert np.std(clamped[:, 960:]) == pytest.approx(np.std(known[:, 960:]), rel=0.25)
