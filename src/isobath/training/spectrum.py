"""The ear of the encoder: a causal, log-spaced spectrum that has no phase.

Each bin is a complex sinusoid under a window that rises within `attack` samples and
falls over the rest of its length, so that a low bin is both precise in pitch (some
`cycles` periods long) and quick to notice an onset. Only the power is kept: a steady
tone is a steady reading, which is what makes a held latent mean something
(docs/decisions/0002-held-latents.md).
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .settings import Shape

FLOOR = 1e-8
DECADES = 9.2103404  # ln(10^4): 40 dB reads 1


def bins(shape: Shape) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Frequencies (Hz) and window lengths (samples) of the bins."""
    octaves = np.log2(shape.highest_hz / shape.lowest_hz)
    n = int(np.floor(octaves * shape.bins_per_octave)) + 1
    frequencies = shape.lowest_hz * 2.0 ** (np.arange(n) / shape.bins_per_octave)
    lengths = np.round(shape.cycles * shape.sample_rate / frequencies)
    return frequencies.astype(np.float32), np.clip(lengths, shape.shortest, shape.longest).astype(np.int32)


def window(length: int, attack: int) -> NDArray[np.float64]:
    """Weights by age: w[0] belongs to the newest sample. Sums to 2, so a unit sinusoid reads 1."""
    rise = min(attack, length // 2)
    j = np.arange(length)
    up = np.sin(np.pi / 2 * (j + 0.5) / rise) ** 2
    down = np.cos(np.pi / 2 * (j - rise + 0.5) / (length - rise)) ** 2
    w = np.where(j < rise, up, down)
    return np.asarray(2.0 * w / w.sum())


class Groups:
    """The bins' kernels, padded to powers of two and grouped so each group is one product."""

    def __init__(
        self,
        frequencies: NDArray[np.float32],
        lengths: NDArray[np.int32],
        attack: int,
        sample_rate: int,
    ) -> None:
        self.count = len(frequencies)
        self.kernels: list[tuple[int, list[int], Tensor]] = []
        sizes = [1 << int(np.ceil(np.log2(max(int(n), 2)))) for n in lengths]
        for size in sorted(set(sizes)):
            members = [i for i, s in enumerate(sizes) if s == size]
            kernel = np.zeros((size, 2 * len(members)))
            for column, i in enumerate(members):
                length = int(lengths[i])
                turn = 2 * np.pi * float(frequencies[i]) / sample_rate * np.arange(length)
                w = window(length, attack)
                kernel[size - length :, 2 * column] = (w * np.cos(turn))[::-1]
                kernel[size - length :, 2 * column + 1] = (w * np.sin(turn))[::-1]
            self.kernels.append((size, members, torch.from_numpy(kernel.astype(np.float32))))

    def power(self, audio: Tensor, step: int) -> Tensor:
        """|bin|^2 of (rows, samples) -> (rows, bins, samples // step); row t ends at its last sample."""
        rows, samples = audio.shape
        frames = samples // step
        out = audio.new_zeros(rows, self.count, frames)
        for size, members, kernel in self.kernels:
            kernel = kernel.to(audio.device)
            padded = F.pad(audio, (max(size - step, 0), 0))
            segments = padded.unfold(1, size, step)[:, :frames]
            for start in range(0, frames, 512):
                z = segments[:, start : start + 512] @ kernel
                z = z.reshape(rows, -1, len(members), 2).square().sum(-1)
                out[:, members, start : start + 512] = z.transpose(1, 2)
        return out


def compress(power: Tensor) -> Tensor:
    """Power to the reading the network sees: ln(power + floor) / ln(1e4) + 1."""
    return torch.log(power + FLOOR) / DECADES + 1.0
