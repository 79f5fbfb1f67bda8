"""The critic of phase 2: small convolutional nets over complex spectra.

One net per resolution sees the real and imaginary parts of a short-time spectrum
(Defossez et al. 2022, EnCodec, section 3.4), level-normalised with a soft power law so
that quiet detail is seen too. Their features serve feature matching.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@lru_cache(maxsize=16)
def _window(n: int, device: str) -> Tensor:
    return torch.hann_window(n, device=device)


def complex_spectrum(audio: Tensor, n: int) -> Tensor:
    """Real and imaginary parts as channels, (batch, 2 x channels, bins, frames), level-normalised."""
    batch, channels, samples = audio.shape
    window = _window(n, str(audio.device))
    z = torch.stft(
        audio.reshape(-1, samples), n, n // 4, window=window, center=False, return_complex=True
    ) * (4.0 / n)  # fmt: skip
    # |z|^0.3: 60 dB of level become 18.
    soft = (z.real.square() + z.imag.square() + 1e-9).pow(-0.35)
    x = torch.stack((z.real * soft, z.imag * soft), dim=1)
    return x.reshape(batch, 2 * channels, *z.shape[1:])


Heard = tuple[list[Tensor], list[Tensor]]
"""Verdicts, and the features that matching compares."""


def through(layers: nn.ModuleList, verdict: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What a stack of layers says of x, and all that it saw on the way; in half precision."""
    features = []
    with torch.autocast(x.device.type, torch.bfloat16):
        for layer in layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return verdict(x), features


def gathered(heard: Iterable[tuple[Tensor, list[Tensor]]]) -> Heard:
    """What several nets said and saw, one after the other."""
    verdicts: list[Tensor] = []
    features: list[Tensor] = []
    for verdict, seen in heard:
        verdicts.append(verdict)
        features.extend(seen)
    return verdicts, features


class _Scale(nn.Module):
    def __init__(self, channels: int, width: int, n: int) -> None:
        super().__init__()
        self.n = n
        sizes = [(2 * channels, width), (width, width), (width, 2 * width), (2 * width, 2 * width)]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (7, 3), stride=(3, 1), padding=(3, 1)) for a, b in sizes)
        self.verdict = nn.Conv2d(2 * width, 1, 3, padding=1)

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        verdict, features = through(self.layers, self.verdict, complex_spectrum(audio, self.n))
        return verdict.float(), [each.float() for each in features]


class Discriminator(nn.Module):
    """Verdicts (higher = more real) and features at every scale."""

    def __init__(self, channels: int, width: int, scales: tuple[int, ...], seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.scales = nn.ModuleList(_Scale(channels, width, n) for n in scales)

    def forward(self, audio: Tensor) -> Heard:
        return gathered(scale(audio) for scale in self.scales)
