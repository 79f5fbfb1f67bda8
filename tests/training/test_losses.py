"""The distances are what their formulas say."""

import math

import pytest
import torch

from isobath.training import losses


def test_a_full_scale_sine_reads_one() -> None:
    t = torch.arange(8192) / 8192
    sine = torch.sin(2 * math.pi * 1024 * t)[None]
    assert losses.magnitudes(sine, 1024).amax().item() == pytest.approx(1.0, abs=0.01)


def test_the_distance_of_a_sound_to_itself_is_zero_and_grows_with_error() -> None:
    torch.manual_seed(1)
    x = 0.1 * torch.randn(2, 1, 8192)
    scales = (1024, 256)
    nothing = losses.spectral_distance(x, x, scales).item()
    little = losses.spectral_distance(1.1 * x, x, scales).item()
    much = losses.spectral_distance(2.0 * x, x, scales).item()
    assert nothing < 1e-3 < little < much


def test_doubling_a_loud_sound_costs_one_plus_the_logarithm_of_two() -> None:
    torch.manual_seed(2)
    x = torch.randn(1, 1, 16384)
    assert losses.spectral_distance(2 * x, x, (512,)).item() == pytest.approx(1 + math.log(2), abs=0.01)


def test_polarity_and_phase_cost_nothing() -> None:
    torch.manual_seed(3)
    x = 0.1 * torch.randn(1, 1, 8192)
    assert losses.spectral_distance(-x, x, (512,)).item() < 1e-3


def test_the_divergence_of_a_standard_normal_is_zero() -> None:
    mean, std = torch.zeros(3, 5, 7), torch.ones(3, 5, 7)
    assert losses.divergence(mean, std).item() == pytest.approx(0.0, abs=1e-6)


def test_the_divergence_sums_dimensions_and_averages_the_rest() -> None:
    mean, std = torch.full((3, 5, 7), 2.0), torch.full((3, 5, 7), 0.5)
    each = 4.0 + 0.25 - 2 * math.log(0.5) - 1
    assert losses.divergence(mean, std).item() == pytest.approx(5 * each, rel=1e-5)


def test_log_mel_hears_six_decibels_as_six_decibels() -> None:
    torch.manual_seed(4)
    x = 0.3 * torch.randn(1, 16000)
    change = (losses.log_mel(2 * x, 16000) - losses.log_mel(x, 16000)) * 20 / math.log(10)
    assert change.mean().item() == pytest.approx(6.02, abs=0.05)


def test_a_steady_tone_held_is_at_no_distance_from_its_moment_and_another_tone_is() -> None:
    t = torch.arange(16384) / 16000
    tone = 0.3 * torch.sin(2 * math.pi * 500 * t)[None, None]
    other = 0.3 * torch.sin(2 * math.pi * 1500 * t)[None, None]
    same = losses.held_distance(tone, tone, 4000, 8000, 16000).item()
    assert same < 0.05 < 0.5 < losses.held_distance(other, tone, 4000, 8000, 16000).item()
