"""kernel/shaping.c: latents between mapping and decoder."""

import numpy as np
import pytest

from isobath.engine.controls import VoiceControls
from isobath.engine.player import Player
from isobath.protocol.piece import Shaping

from .loudspeaker import RAW, loudspeaker, player_of, statistics, steer, whistle

SPEAKER = loudspeaker(hop=8, std=1.0)
FRAME = 8 / 48000


def shaped(shaping: Shaping, latents: np.ndarray, seed: int = 1) -> np.ndarray:
    """What the decoder is given, (dims, frames), for latents likewise."""
    player = player_of(SPEAKER, shaping=shaping, seed=seed)
    given = []
    for latent in latents.T:
        player.incoming(0, latent)
        player.render(8)
        given.append(player.latent(0))
    return np.stack(given, axis=1)


def steady(value: float = 0.5, frames: int = 5) -> np.ndarray:
    return np.full((8, frames), value)


def test_without_shaping_the_latent_passes() -> None:
    latents = np.random.default_rng(0).uniform(-3, 3, (8, 20)).astype(np.float32)
    np.testing.assert_array_equal(shaped(RAW, latents), latents)


def test_a_held_dimension_follows_its_slider_and_the_others_the_mapping() -> None:
    shaping = Shaping(hold=(2.0, 2.0, 2.0), held=(1.0, 0.5, 0.0), smoothing_seconds=0, clamp=0)
    np.testing.assert_allclose(shaped(shaping, steady())[:, -1], [2.0, 1.25, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])


def test_scale_comes_before_bias() -> None:
    shaping = Shaping(scale=(2.0, -1.0), bias=(0.25,), smoothing_seconds=0, clamp=0)
    np.testing.assert_allclose(shaped(shaping, steady())[:3, -1], [1.25, -0.5, 0.5])


def test_noise_is_as_wide_as_asked_and_fresh_each_frame() -> None:
    shaping = Shaping(noise=(0.5, 0.0), smoothing_seconds=0, clamp=0)
    given = shaped(shaping, steady(0.0, 4000))
    assert given[0].std() == pytest.approx(0.5, rel=0.05)
    assert abs(given[0].mean()) < 0.03
    assert abs(np.corrcoef(given[0, 1:], given[0, :-1])[0, 1]) < 0.05
    assert not given[1].any()


def test_drift_wanders_slowly_and_stays_bounded() -> None:
    seconds = 0.05
    shaping = Shaping(drift=1.0, drift_seconds=seconds, smoothing_seconds=0, clamp=0)
    given = shaped(shaping, steady(0.0, round(4.0 / FRAME)))
    late = given[:, round(0.5 / FRAME) :]
    assert late.std() == pytest.approx(0.9, abs=0.25)
    assert np.abs(given).max() < 3.0
    assert np.abs(np.diff(late, axis=1)).max() < 0.05, "it wanders, it does not jump"
    assert abs(given[0, 0]) < 0.01, "it begins where the mapping is"


def test_the_same_seed_wanders_the_same_way_and_another_does_not() -> None:
    shaping = Shaping(drift=1.0, drift_seconds=0.02, noise=(0.1,) * 8, smoothing_seconds=0, clamp=0)
    first, again, other = (shaped(shaping, steady(frames=500), seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_smoothing_goes_63_percent_of_the_way_in_its_time() -> None:
    frames = 120
    seconds = 100 * FRAME
    latents = np.concatenate([steady(0.0, 1), steady(1.0, frames)], axis=1)
    given = shaped(Shaping(smoothing_seconds=seconds, clamp=0), latents)
    assert given[0, 100] == pytest.approx(1 - np.exp(-1), abs=1e-3)


def test_the_first_latent_is_taken_as_it_is() -> None:
    np.testing.assert_allclose(shaped(Shaping(smoothing_seconds=10.0, clamp=0), steady(1.5, 2))[:, 0], 1.5)


def radii(amount: float, distances: np.ndarray) -> np.ndarray:
    latents = np.zeros((8, len(distances)))
    latents[3] = distances
    return np.abs(shaped(Shaping(smoothing_seconds=0, clamp=amount), latents)[3])


def test_a_firm_clamp_keeps_within_a_quarter_beyond_the_known_region() -> None:
    known = statistics(8).known_radius
    assert radii(1.0, np.array([10.0, 60.0, 1e4, 1e30, 3e38])).max() <= 1.25 * known * (1 + 1e-6)


def test_inside_the_known_region_the_clamp_does_nothing() -> None:
    inside = np.linspace(0, 2.99, 20)
    np.testing.assert_allclose(radii(1.0, inside), inside, rtol=1e-6)


def test_the_knee_is_soft_and_never_turns_back() -> None:
    bent = radii(1.0, np.linspace(2.5, 20, 400))
    slopes = np.diff(bent) / (17.5 / 399)
    assert (slopes > 0).all()
    assert np.abs(np.diff(slopes)).max() < 0.15


def test_a_loose_clamp_goes_part_of_the_way_and_none_goes_none() -> None:
    far = np.array([12.0])
    assert radii(0.0, far)[0] == pytest.approx(12.0)
    assert radii(0.5, far)[0] == pytest.approx((12.0 + radii(1.0, far)[0]) / 2)


def test_even_without_a_clamp_nothing_beyond_64_standard_deviations_reaches_the_decoder() -> None:
    assert radii(0.0, np.array([1e30]))[0] == pytest.approx(64.0)


def test_values_that_are_no_numbers_become_the_last_good_one_and_are_counted() -> None:
    player = player_of(SPEAKER)
    steer(player, steady(0.75, 2))
    before = player.meters().scrubbed
    for bad in (np.nan, np.inf, -np.inf):
        steer(player, steady(bad, 1))
        np.testing.assert_allclose(player.latent(0), 0.75)
    assert player.meters().scrubbed - before == 3 * 8


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1e38])
def test_controls_that_are_no_numbers_do_no_harm(bad: float) -> None:
    shaping = Shaping(
        hold=(bad,) * 8, held=(bad,) * 8, scale=(bad,) * 8, bias=(bad,) * 8, noise=(bad,) * 8,
        drift=bad, drift_seconds=bad, smoothing_seconds=bad, clamp=bad,
    )  # fmt: skip
    given = shaped(shaping, steady(0.5, 50))
    assert np.isfinite(given).all()
    assert np.abs(given).max() <= 64.0


WILD = [np.nan, np.inf, -np.inf, 1e30, -1e30, 3e38, 1e-45, 65504.0]


@pytest.mark.parametrize("bad", WILD)
@pytest.mark.parametrize("clamp", [0.0, 1.0])
def test_after_one_bad_frame_the_sound_is_normal_within_four_hops(bad: float, clamp: float) -> None:
    """One bad frame would poison the decoder's memory for most of a second if it got there. (Played
    softly, so that the limiter is not what is heard.)"""
    calm = np.random.default_rng(4).standard_normal((4, 40)) * 0.5
    hurt = calm.copy()
    hurt[:, 20] = bad
    shaping = Shaping(smoothing_seconds=0, clamp=clamp)
    good, wild = (steer(player_of(whistle(), shaping=shaping, gain_db=-30), path) for path in (calm, hurt))
    assert np.isfinite(wild).all()
    after = 24 * 64 + 128  # four hops, and the limiter's delay
    np.testing.assert_allclose(wild[:, after:], good[:, after:], atol=1e-4)


def test_a_snapshot_reaches_the_kernel() -> None:
    player = Player(48000)
    player.put(0, SPEAKER)
    player.shape(0, VoiceControls(Shaping(hold=(1.0,) * 200, held=(1.0,) * 200, smoothing_seconds=0)))
    player.reset(1)
    player.render(8)
    np.testing.assert_allclose(player.latent(0), 1.0)
