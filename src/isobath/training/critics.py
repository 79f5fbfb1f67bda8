"""Critics beside the complex spectra of discriminator.py, and all of them as one.

`scales`: strided convolutions over the sound at three rates (Kumar et al. 2019, MelGAN).
`periods`: the sound folded into rows of 2, 3, 5, 7 and 11 samples (Kong et al. 2020, HiFi-GAN).
`bands`: complex spectra, each band with its own convolutions (Kumar et al. 2023, DAC).
A critic gives verdicts (higher = more real) and the features that matching compares.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isobath.errors import UsageError

from .discriminator import Discriminator, Heard, complex_spectrum, gathered, through

PERIODS = (2, 3, 5, 7, 11)
BANDS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)


class _Rate(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        sizes = [channels, width, 2 * width, 4 * width, 8 * width]
        pairs = itertools.pairwise(sizes)
        self.layers = nn.ModuleList(nn.Conv1d(a, b, 15, stride=4, padding=7) for a, b in pairs)
        self.verdict = nn.Conv1d(sizes[-1], 1, 3, padding=1)

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        return through(self.layers, self.verdict, audio)


class Scales(nn.Module):
    """The sound, at its rate, half and a quarter of it."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.rates = nn.ModuleList(_Rate(channels, width) for _ in range(3))

    def forward(self, audio: Tensor) -> Heard:
        return gathered(
            rate(audio if i == 0 else F.avg_pool1d(audio, 2**i)) for i, rate in enumerate(self.rates)
        )


class _Period(nn.Module):
    def __init__(self, channels: int, width: int, period: int) -> None:
        super().__init__()
        self.period = period
        sizes = [channels, width, 2 * width, 4 * width, 8 * width]
        pairs = itertools.pairwise(sizes)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (5, 1), stride=(3, 1), padding=(2, 0)) for a, b in pairs)
        self.verdict = nn.Conv2d(sizes[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        audio = F.pad(audio, (0, -audio.shape[-1] % self.period))
        return through(self.layers, self.verdict, audio.reshape(*audio.shape[:2], -1, self.period))


class Periods(nn.Module):
    """The sound folded by each period."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.periods = nn.ModuleList(_Period(channels, width, p) for p in PERIODS)

    def forward(self, audio: Tensor) -> Heard:
        return gathered(period(audio) for period in self.periods)


class _Bands(nn.Module):
    def __init__(self, channels: int, width: int, n: int) -> None:
        super().__init__()
        self.n = n
        self.edges = [round(share * (n // 2 + 1)) for share in BANDS]
        self.stacks = nn.ModuleList(self._stack(channels, width) for _ in BANDS[1:])
        self.verdict = nn.Conv2d(width, 1, 3, padding=1)

    @staticmethod
    def _stack(channels: int, width: int) -> nn.ModuleList:
        sizes = [2 * channels, width, width, width]
        pairs = itertools.pairwise(sizes)
        return nn.ModuleList(nn.Conv2d(a, b, (9, 3), stride=(2, 1), padding=(4, 1)) for a, b in pairs)

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = complex_spectrum(audio, self.n)
        ends, features = [], []
        with torch.autocast(audio.device.type, torch.bfloat16):
            for stack, low, high in zip(self.stacks, self.edges, self.edges[1:], strict=False):
                part = x[:, :, low:high]
                assert isinstance(stack, nn.ModuleList)
                for layer in stack:
                    part = F.leaky_relu(layer(part), 0.2)
                    features.append(part)
                ends.append(part)
            return self.verdict(torch.cat(ends, dim=2)), features


class MultiBand(nn.Module):
    """Complex spectra of three sizes, each in five bands."""

    def __init__(self, channels: int, width: int, scales: tuple[int, ...]) -> None:
        super().__init__()
        self.sizes = nn.ModuleList(_Bands(channels, width, n) for n in scales)

    def forward(self, audio: Tensor) -> Heard:
        return gathered(size(audio) for size in self.sizes)


class Critics(nn.Module):
    """The chosen critics, heard together. names: `spectra`, `scales`, `periods`, `bands`."""

    def __init__(
        self, names: tuple[str, ...], channels: int, width: int, scales: tuple[int, ...], seed: int
    ) -> None:
        super().__init__()
        makers: dict[str, Callable[[], nn.Module]] = {
            "spectra": lambda: Discriminator(channels, width, scales, seed),
            "scales": lambda: Scales(channels, width),
            "periods": lambda: Periods(channels, width),
            "bands": lambda: MultiBand(channels, width, scales),
        }
        for name in names:
            if name not in makers:
                raise UsageError(f"There is no critic {name}. Choose from: {', '.join(makers)}.")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.each = nn.ModuleDict({name: makers[name]() for name in names})

    def forward(self, audio: Tensor) -> Heard:
        """Verdicts and features of (batch, channels, samples)."""
        verdicts: list[Tensor] = []
        features: list[Tensor] = []
        for critic in self.each.values():
            said, seen = critic(audio)
            verdicts += [v.float() for v in said]
            features += [f.float() for f in seen]
        return verdicts, features
