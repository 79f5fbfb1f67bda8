"""What the training minimises in its first phase.

Distances between short-time magnitude spectra at several resolutions: neither the phase
of the source nor that of the free-running tones can be heard in them. Per scale:
error relative to the target's level, plus the mean difference of logarithms
(Engel et al. 2020, DDSP, section 4.2.1; Caillon & Esling 2021, RAVE, section 3.1).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from isobath.evaluation import distances

from . import parallel

LOG_FLOOR = 2e-5
"""Magnitudes below this (-94 dBFS a bin) are all silence to the loss."""
ENERGY_FLOOR = 1e-6


@lru_cache(maxsize=32)
def _window(n: int, device: str) -> Tensor:
    return torch.hann_window(n, device=device)


def magnitudes(audio: Tensor, n: int) -> Tensor:
    """(rows, samples) -> (rows, bins, frames): a unit sinusoid reads about 1; hop n/4."""
    w = _window(n, str(audio.device))
    z = torch.stft(audio, n, n // 4, window=w, center=False, return_complex=True)
    power = z.real.square() + z.imag.square()
    return torch.sqrt(power + 1e-12) * (4.0 / n)


def _size(z: Tensor) -> Tensor:
    """|z|, in two fifths of the time that `abs` or a norm of pairs takes on a CPU."""
    return z.real.square().addcmul_(z.imag, z.imag).sqrt_()


class _Distance(torch.autograd.Function):
    """`scale_distance` with its gradient written out.

    Half the time of what autograd makes of the same formula: half of a small model's
    step were passes over (rows, frames, bins) that each did one multiplication.
    """

    @staticmethod
    def forward(ctx: Any, out: Tensor, target: Tensor, n: int, floor: float, together: bool) -> Tensor:
        w = _window(n, str(out.device)) * (4.0 / n)
        z = torch.fft.rfft(out.unfold(-1, n, n // 4) * w)
        a = _size(z).clamp_(min=1e-9)
        heard = torch.fft.rfft(target.unfold(-1, n, n // 4) * w)
        b = _size(heard)
        energy = b.square().mean(dim=(1, 2)) + ENERGY_FLOOR / n
        error = a - b
        if together:
            energy = parallel.mean_of_all(energy).expand_as(energy)
            relative: Tensor = error.square().mean(dim=(1, 2)) / energy
            slope = 0.5 * energy
        else:
            # The root keeps one quiet crop from outweighing the batch.
            relative = torch.sqrt(error.square().mean(dim=(1, 2)) / energy + 1e-8)
            slope = energy * relative
        logs = torch.log(a + floor).sub_(b.add_(floor).log_())
        ctx.save_for_backward(z, a, error, logs, slope, w)
        ctx.n, ctx.samples, ctx.floor = n, out.shape[-1], floor
        return relative + logs.abs().mean(dim=(1, 2))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None, None]:
        z, a, error, logs, weight, w = ctx.saved_tensors
        n, rows, frames = ctx.n, a.shape[0], a.shape[1]
        each = grads[0] / (frames * a.shape[2])
        slope = logs.sign().div_(a + ctx.floor).mul_(each[:, None, None])
        slope.addcmul_(error, (each / weight)[:, None, None].expand_as(error)).div_(a)
        towards = z * slope
        towards[..., 1:-1] *= 0.5  # a real signal hears the bins between twice
        framed = torch.fft.irfft(towards, n).mul_(w * n).view(rows, frames, 4, n // 4)
        whole = framed.new_zeros(rows, frames + 3, n // 4)
        for quarter in range(4):
            whole[:, quarter : quarter + frames] += framed[:, :, quarter]
        flat = whole.view(rows, -1)
        return F.pad(flat, (0, ctx.samples - flat.shape[1])), None, None, None, None


def scale_distance(
    out: Tensor, target: Tensor, n: int, floor: float = LOG_FLOOR, together: bool = False
) -> Tensor:
    """One resolution of the spectral distance, one number a row; the target learns nothing.

    floor: magnitude that is added before the logarithm. together: the squared error relative to
    the power of all rows, those of other processes too; else its root, relative to each row's own.
    """
    distance: Tensor = _Distance.apply(out.float(), target.detach().float(), n, floor, together)  # type: ignore[no-untyped-call]
    return distance


def spectral_distances(
    out: Tensor, target: Tensor, scales: tuple[int, ...], floor: float = LOG_FLOOR, together: bool = False
) -> Tensor:
    """Mean over scales, (batch), none longer than the sound; audio (batch, channels, samples)."""
    batch, longest = out.shape[0], 1 << (out.shape[-1].bit_length() - 1)
    fit = dict.fromkeys(min(n, longest) for n in scales)
    out, target = out.flatten(0, 1), target.flatten(0, 1)
    each = torch.stack([scale_distance(out, target, n, floor, together) for n in fit])
    return each.mean(dim=0).reshape(batch, -1).mean(dim=1)


def spectral_distance(out: Tensor, target: Tensor, scales: tuple[int, ...]) -> Tensor:
    """The mean of all crops."""
    return spectral_distances(out, target, scales).mean()


def held_distance(out: Tensor, target: Tensor, at: int, settled: int, sample_rate: int) -> Tensor:
    """The mean of `held_distances` over all crops."""
    return held_distances(out, target, at, settled, sample_rate).mean()


def held_distances(out: Tensor, target: Tensor, at: int, settled: int, sample_rate: int) -> Tensor:
    """How far a held latent's steady sound is from the source at the moment it was taken, (batch).

    Log-spectrum and log-mel of `out` from sample `settled` on, averaged over time, against
    the target's around sample `at`. Audio (batch, channels, samples).
    """
    batch = out.shape[0]
    n = 2048
    now = target.flatten(0, 1)[:, max(at - n // 2, 0) :][:, :n]
    steady = magnitudes(out.flatten(0, 1)[:, settled:], n).square().mean(dim=2)
    moment = magnitudes(now, n).square().mean(dim=2)
    fine = (torch.log(steady + LOG_FLOOR**2) - torch.log(moment + LOG_FLOOR**2)).abs().mean(dim=1)
    mel = mel_matrix(sample_rate, n).to(out.device).T
    coarse = torch.log(steady @ mel + LOG_FLOOR**2) - torch.log(moment @ mel + LOG_FLOOR**2)
    return (0.5 * (fine + coarse.abs().mean(dim=1))).reshape(batch, -1).mean(dim=1)


def divergences(mean: Tensor, std: Tensor) -> Tensor:
    """Kullback-Leibler distance to N(0, 1) without the half, (batch): summed over dims, else averaged."""
    each = mean.square() + std.square() - 2 * torch.log(std) - 1
    return each.sum(dim=1).mean(dim=1)


def divergence(mean: Tensor, std: Tensor) -> Tensor:
    """The mean of all crops."""
    return divergences(mean, std).mean()


@lru_cache(maxsize=8)
def mel_matrix(sample_rate: int, n: int, bands: int = 80) -> Tensor:
    """The filters that models are measured with, (bands, bins)."""
    return torch.from_numpy(distances.mel_matrix(sample_rate, n, bands).astype(np.float32))


def log_mel(audio: Tensor, sample_rate: int, n: int = 2048) -> Tensor:
    """Log-mel spectrum (natural log of magnitude) of (rows, samples)."""
    mel = mel_matrix(sample_rate, n).to(audio.device)
    power = mel @ magnitudes(audio, n).square()
    return 0.5 * torch.log(power + LOG_FLOOR**2)
