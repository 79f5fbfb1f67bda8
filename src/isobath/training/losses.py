"""What the training minimises in its first phase.

Distances between short-time magnitude spectra at several resolutions: neither the phase
of the source nor that of the free-running tones can be heard in them. Per scale:
error relative to the target's level, plus the mean difference of logarithms
(Engel et al. 2020, DDSP, section 4.2.1; Caillon & Esling 2021, RAVE, section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isobath.evaluation import distances

from . import native_spectra, parallel

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


PIECE = 1 << 17
"""Bins that a CPU works on at once, so that they stay in its caches from one pass to the next."""


def _pieces(rows: int, frames: int, bins: int, most: int, whole: bool) -> Iterator[tuple[slice, slice]]:
    """All rows and frames in pieces of about `most` bins; whole: a row is never cut."""
    if whole or frames * bins <= most:
        step = max(1, most // (frames * bins))
        for row in range(0, rows, step):
            yield slice(row, min(row + step, rows)), slice(0, frames)
        return
    step = max(1, most // bins)
    for row in range(rows):
        for frame in range(0, frames, step):
            yield slice(row, row + 1), slice(frame, min(frame + step, frames))


def _spectra(audio: Tensor, piece: tuple[slice, slice], w: Tensor) -> Tensor:
    """(rows, samples) -> (rows, frames, bins) of a piece, complex."""
    n, (rows, frames) = w.shape[0], piece
    heard = audio[rows, frames.start * n // 4 : (frames.stop - 1) * n // 4 + n]
    spectra: Tensor = torch.fft.rfft(heard.unfold(-1, n, n // 4) * w)
    return spectra


def _overlapped(towards: Tensor, w: Tensor) -> Tensor:
    """What spectra (rows, frames, bins) of a gradient are in samples, (rows, (frames + 3) n/4)."""
    n, (rows, frames, _) = w.shape[0], towards.shape
    framed = torch.fft.irfft(towards, n).mul_(w * n).view(rows, frames, 4, n // 4)
    whole: Tensor = framed.new_zeros(rows, frames + 3, n // 4)
    for quarter in range(4):
        whole[:, quarter : quarter + frames] += framed[:, :, quarter]
    return whole.view(rows, -1)


class _Distance(torch.autograd.Function):
    """`scale_distance` with its gradient written out, and found on the way there.

    What autograd makes of the formula takes more than twice as long: a dozen passes over
    (rows, frames, bins) that each do one multiplication, and all of them kept for the way back.
    A piece at a time, all that is kept is the gradient, as large as the sound.
    """

    @staticmethod
    def forward(ctx: Any, out: Tensor, target: Tensor, n: int, floor: float, together: bool) -> Tensor:
        if native_spectra.fits(out, n):
            return _natively(ctx, out, target, n, floor, together)
        w = _window(n, str(out.device)) * (4.0 / n)
        rows, frames, bins = out.shape[0], (out.shape[-1] - n) // (n // 4) + 1, n // 2 + 1
        most = PIECE if out.device.type == "cpu" else rows * frames * bins
        pieces = list(_pieces(rows, frames, bins, most, whole=not together))
        sizes, powers = out.new_empty(rows, frames, bins), out.new_zeros(rows)
        for piece in pieces:
            sizes[piece] = b = _size(_spectra(target, piece, w))
            powers[piece[0]] += b.square_().sum(dim=(1, 2))
        count = frames * bins
        energy = powers / count + ENERGY_FLOOR / n
        if together:
            energy = parallel.mean_of_all(energy).expand_as(energy)
        errors, apart = out.new_zeros(rows), out.new_zeros(rows)
        gradient = torch.zeros_like(out) if ctx.needs_input_grad[0] else None
        for piece in pieces:
            here, start = piece[0], piece[1].start * n // 4
            z = _spectra(out, piece, w)
            a, b = _size(z).clamp_(min=1e-9), sizes[piece]
            error = a - b
            errors[here] += error.square().sum(dim=(1, 2))
            above = a + floor
            logs = above.log().sub_(b.add_(floor).log_())
            apart[here] += logs.abs().sum(dim=(1, 2))
            if gradient is None:
                continue
            slope = logs.sign_().div_(above)
            weight = _slope(errors[here] / count, energy[here], together)[:, None, None]
            slope.addcmul_(error, (1 / weight).expand_as(error)).div_(a)
            slope[..., 1:-1] *= 0.5  # a real signal hears the bins between twice
            heard = _overlapped(z * slope, w)
            gradient[here, start : start + heard.shape[1]] += heard
        if gradient is not None:
            ctx.save_for_backward(gradient.div_(count))
        errors /= count
        # The root keeps one quiet crop from outweighing the batch.
        relative = errors / energy if together else torch.sqrt(errors / energy + 1e-8)
        return relative + apart / count

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * grads[0][:, None], None, None, None, None


def _natively(ctx: Any, out: Tensor, target: Tensor, n: int, floor: float, together: bool) -> Tensor:
    """The same in the compiled kernel."""
    found = native_spectra.apart(out, target, n, floor, gradient=ctx.needs_input_grad[0])
    count = ((out.shape[-1] - n) // (n // 4) + 1) * (n // 2 + 1)
    energy = (found.power / count + ENERGY_FLOOR / n).float()
    if together:
        energy = parallel.mean_of_all(energy).expand_as(energy)
    error, logs = (found.error / count).float(), (found.logs / count).float()
    if found.to_error is not None and found.to_logs is not None:
        weight = _slope(error, energy, together)[:, None]
        ctx.save_for_backward(found.to_error.div_(weight).add_(found.to_logs).div_(count))
    return (error / energy if together else torch.sqrt(error / energy + 1e-8)) + logs


def _slope(error: Tensor, energy: Tensor, together: bool) -> Tensor:
    """By what the error of a bin is divided in the gradient of the relative error."""
    return 0.5 * energy if together else energy * torch.sqrt(error / energy + 1e-8)


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
