"""The distances are what their formulas say."""

import math

import pytest
import torch

from isobath.models import kernel
from isobath.training import losses, native, native_spectra


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


def _by(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the compiled kernel (0), or in PyTorch a piece at a time."""
    monkeypatch.setattr(losses, "PIECE", piece)
    if piece:
        monkeypatch.setattr(native_spectra, "fits", lambda _made, _n: False)
    else:
        assert native_spectra.fits(torch.zeros(1, 512), 512)


@pytest.mark.parametrize("piece", [0, 1, 3000, losses.PIECE])
def test_the_distance_and_its_slope_are_those_of_its_formula(
    piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _by(piece, monkeypatch)
    draw = torch.Generator().manual_seed(5)
    out = (0.1 * torch.randn(3, 3000, generator=draw)).requires_grad_()
    target = 0.1 * torch.randn(3, 3000, generator=draw)
    a, b = losses.magnitudes(out, 512), losses.magnitudes(target, 512)
    energy = b.square().mean(dim=(1, 2)) + losses.ENERGY_FLOOR / 512
    relative = torch.sqrt((a - b).square().mean(dim=(1, 2)) / energy + 1e-8)
    logs = (torch.log(a + losses.LOG_FLOOR) - torch.log(b + losses.LOG_FLOOR)).abs().mean(dim=(1, 2))
    weights = torch.tensor([1.0, 0.3, 2.0])
    (slope,) = torch.autograd.grad(((relative + logs) * weights).sum(), out)
    distance = losses.scale_distance(out, target, 512)
    (found,) = torch.autograd.grad((distance * weights).sum(), out)
    torch.testing.assert_close(distance, relative + logs)
    assert (found - slope).norm() < 1e-3 * slope.norm()


@pytest.mark.parametrize("piece", [0, 1, 3000, losses.PIECE])
def test_heard_together_a_quiet_row_weighs_what_it_sounds(
    piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _by(piece, monkeypatch)
    draw = torch.Generator().manual_seed(6)
    target = torch.randn(2, 3000, generator=draw) * torch.tensor([[0.1], [0.001]])
    out = (target + 0.02 * torch.randn(2, 3000, generator=draw)).requires_grad_()
    a, b = losses.magnitudes(out, 256), losses.magnitudes(target, 256)
    floor = losses.ENERGY_FLOOR / 256
    relative = (a - b).square().mean(dim=(1, 2)) / (b.square().mean() + floor)
    logs = (torch.log(a + 1e-9) - torch.log(b + 1e-9)).abs().mean(dim=(1, 2))
    (slope,) = torch.autograd.grad((relative + logs).sum(), out)
    distance = losses.scale_distance(out, target, 256, 1e-9, together=True)
    (found,) = torch.autograd.grad(distance.sum(), out)
    torch.testing.assert_close(distance, relative + logs, rtol=1e-3, atol=1e-4)
    assert (found - slope).norm() < 1e-2 * slope.norm()


@pytest.mark.parametrize("n", [64, 128, 2048])
@pytest.mark.parametrize("level", kernel.levels())
def test_the_kernel_of_every_level_says_what_pytorch_says(
    level: int, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if level > kernel.library().ib_level():
        pytest.skip("this processor cannot run it")
    found = native.library(level)
    monkeypatch.setattr(native, "library", lambda: found)
    draw = torch.Generator().manual_seed(7)
    made, aim = (0.1 * torch.randn(3, n + 21 * n // 4 + 5, generator=draw) for _ in range(2))
    made[1, : 3 * n] = 0.0  # silent frames
    says = []
    for fits in (True, False):
        monkeypatch.setattr(native_spectra, "fits", lambda _made, _n, fits=fits: fits)
        out = made.clone().requires_grad_()
        distance = losses.scale_distance(out, aim, n)
        says.append((distance, *torch.autograd.grad(distance.sum(), out)))
    (distance, slope), (expected, its_slope) = says
    torch.testing.assert_close(distance, expected)
    assert (slope - its_slope).norm() < 1e-3 * its_slope.norm()


def test_what_is_no_number_is_told() -> None:
    made = torch.zeros(1, 512)
    made[0, 100] = math.nan
    made.requires_grad_()
    distance = losses.scale_distance(made, torch.zeros(1, 512), 256)
    (slope,) = torch.autograd.grad(distance.sum(), made)
    assert distance.isnan().all()
    assert slope.isnan().any()


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
