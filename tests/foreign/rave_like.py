"""Small random nets with the parts, names and caches of RAVE's exports, to import in tests.

Written from what such files hold (names, shapes, sizes of caches) and do; scripted and saved by
the tests themselves. Whatever is random in RAVE rests at its mean here, so that the file and the
imported model can be held against each other to the last digit.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

BANDS = 4
TAPS = 24


class CachedPadding1d(nn.Module):
    """The last rows put in front; with `crop`, a delay."""

    def __init__(self, channels: int, padding: int, crop: bool = False) -> None:
        super().__init__()
        self.padding, self.crop = padding, crop
        self.register_buffer("pad", torch.zeros(1, channels, padding))

    def forward(self, x: Tensor) -> Tensor:
        if self.padding == 0:
            return x
        x = torch.cat([self.pad, x], dim=2)
        self.pad = x[:, :, x.shape[2] - self.padding :]
        return x[:, :, : x.shape[2] - self.padding] if self.crop else x


class CachedConv1d(nn.Conv1d):
    """Streaming. `late`: the file's delay before a stride; bias sometimes, to test it."""

    def __init__(
        self,
        cin: int,
        cout: int,
        k: int,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        late: int = 0,
        past: int | None = None,
        bias: bool = False,
    ) -> None:
        super().__init__(cin, cout, k, stride=stride, dilation=dilation, groups=groups, bias=bias)
        self.cache = CachedPadding1d(cin, (k - 1) * dilation if past is None else past)
        self.downsampling_delay = CachedPadding1d(cin, late, crop=True)
        self.cumulative_delay = 1

    def forward(self, x: Tensor) -> Tensor:
        x = self.cache(self.downsampling_delay(x))
        return F.conv1d(x, self.weight, self.bias, self.stride, (0,), self.dilation, self.groups)


class CachedConvTranspose1d(nn.ConvTranspose1d):
    """Its tail is added to the next block."""

    def __init__(self, cin: int, cout: int, stride: int) -> None:
        super().__init__(cin, cout, 2 * stride, stride=stride, bias=False)
        self.register_buffer("cache", torch.zeros(1, cout, stride))
        self.rows = stride

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv_transpose1d(x, self.weight, None, self.stride)
        y = torch.cat([y[:, :, : self.rows] + self.cache, y[:, :, self.rows :]], dim=2)
        self.cache = y[:, :, y.shape[2] - self.rows :]
        return y[:, :, : y.shape[2] - self.rows]


class Conv1d(nn.Conv1d):
    """The same in a file that does not stream: silence around every call."""

    def __init__(self, of: CachedConv1d) -> None:
        super().__init__(
            of.in_channels, of.out_channels, of.kernel_size, of.stride, 0, of.dilation, of.groups,
            bias=of.bias is not None,
        )  # fmt: skip
        self.load_state_dict({k: v for k, v in of.state_dict().items() if k in ("weight", "bias")})
        past = of.cache.padding
        self._pad = (past // 2, past - past // 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, self._pad)
        return F.conv1d(x, self.weight, self.bias, self.stride, (0,), self.dilation, self.groups)


class ConvTranspose1d(nn.ConvTranspose1d):
    def __init__(self, of: CachedConvTranspose1d) -> None:
        super().__init__(of.in_channels, of.out_channels, of.kernel_size, of.stride, of.rows // 2, bias=False)
        self.weight = of.weight


class CachedSequential(nn.Sequential):
    pass


class AlignBranches(nn.Module):
    """Branches of one signal, each as late as the latest."""

    def __init__(self, branches: list[nn.Module], waits: list[int], channels: list[int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        pads = [CachedPadding1d(c, w, crop=True) for c, w in zip(channels, waits, strict=True)]
        self.paddings = nn.ModuleList(pads)

    def forward(self, x: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        for branch, pad in zip(self.branches, self.paddings):  # noqa: B905  (TorchScript has no strict)
            found.append(pad(branch(x)))
        return found


class Branches(nn.Module):
    def __init__(self, of: AlignBranches) -> None:
        super().__init__()
        self.branches = of.branches

    def forward(self, x: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        for branch in self.branches:
            found.append(branch(x))  # noqa: PERF401  (TorchScript wants a typed list)
        return found


def offline(module: nn.Module) -> nn.Module:
    """The net as a file that does not stream."""
    for name, each in module.named_children():
        made = offline(each)
        if isinstance(each, CachedConv1d):
            made = Conv1d(each)
        elif isinstance(each, CachedConvTranspose1d):
            made = ConvTranspose1d(each)
        elif isinstance(each, AlignBranches):
            made = Branches(each)
        setattr(module, name, made)
    return module


class Residual(nn.Module):
    def __init__(self, branch: nn.Module, channels: int, wait: int) -> None:
        super().__init__()
        self.aligned = AlignBranches([branch, nn.Identity()], [0, wait], [channels, channels])

    def forward(self, x: Tensor) -> Tensor:
        a = self.aligned(x)
        return a[0] + a[1]


class ResidualStack(nn.Module):
    def __init__(self, branches: list[nn.Module], channels: int) -> None:
        super().__init__()
        self.net = AlignBranches(branches, [0] * len(branches), [channels] * len(branches))

    def forward(self, x: Tensor) -> Tensor:
        total = torch.zeros_like(x)
        for each in self.net(x):
            total = total + each
        return total


class DilatedUnit(nn.Module):
    def __init__(self, channels: int, dilation: int, acts: list[nn.Module]) -> None:
        super().__init__()
        first = CachedConv1d(channels, channels, 3, dilation=dilation)
        self.net = CachedSequential(acts[0], first, acts[1], CachedConv1d(channels, channels, 1, bias=True))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Snake(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.rand(1, channels, 1) + 0.3)

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sin(self.alpha * x).square() / (self.alpha + 1e-9)


class AdaptiveInstanceNormalization(nn.Module):
    """Once it has learned: one mean and deviation for another."""

    def __init__(self, channels: int, learned: bool) -> None:
        super().__init__()
        for name in ("mean_x", "mean_y"):
            self.register_buffer(name, torch.randn(1, channels, 1) * 0.3)
        for name in ("std_x", "std_y"):
            self.register_buffer(name, torch.rand(1, channels, 1) + 0.5)
        for name in ("num_update_x", "num_update_y"):
            self.register_buffer(name, torch.ones(1) if learned else torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        if float(self.num_update_x) == 0.0:
            return x
        return (x - self.mean_x) / (self.std_x + 1e-5) * self.std_y + self.mean_y


class CachedPQMF(nn.Module):
    """A bank of random filters: not perfect, but of the right shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.n_channels = channels
        inner = torch.hann_window(TAPS)[None] * torch.randn(BANDS, TAPS)
        filters = F.pad(inner, (5, 4))  # as the file's are padded to a power of two
        self.forward_conv = CachedConv1d(1, BANDS, filters.shape[1], stride=BANDS)
        self.forward_conv.weight.data = filters[:, None]
        rows = TAPS // BANDS
        self.inverse_conv = CachedConv1d(BANDS, BANDS, rows + 3)
        self.inverse_conv.weight.data = F.pad(torch.randn(BANDS, BANDS, rows), (2, 1)) / rows

    def turned(self, x: Tensor) -> Tensor:
        signs = torch.ones(x.shape[1], x.shape[2])
        signs[1::2, ::2] = -1.0
        return x * signs

    def forward(self, x: Tensor) -> Tensor:
        return self.turned(self.forward_conv(x))

    @torch.jit.export
    def inverse(self, x: Tensor) -> Tensor:
        y = self.inverse_conv(self.turned(x)) * x.shape[1]
        return y.flip(1).transpose(1, 2).reshape(x.shape[0], 1, -1)


class NoiseGenerator(nn.Module):
    """Gains and frames of noise; the noise itself rests at 0."""

    def __init__(self, channels: int, stride: int, late: int) -> None:
        super().__init__()
        self.net = CachedSequential(
            CachedConv1d(channels, 6, 3, stride=stride, late=late), nn.LeakyReLU(0.2),
            CachedConv1d(6, BANDS * 5, 3, stride=stride, late=late),
        )  # fmt: skip
        self.register_buffer("target_size", torch.tensor(stride * stride))
        self.rows, self.bands = stride * stride, BANDS

    def forward(self, x: Tensor) -> Tensor:
        gains = self.net(x)
        return 0.0 * gains[:, : self.bands].repeat_interleave(self.rows, dim=2)


class Generator(nn.Module):
    """Of the first generation: tanh(wave) x loudness + noise."""

    def __init__(self, net: nn.Module, channels: int) -> None:
        super().__init__()
        self.net, self.use_noise, self.loud_stride = net, True, 1
        self.register_buffer("warmed_up", torch.tensor(1))
        parts: list[nn.Module] = [
            CachedConv1d(channels, BANDS, 7), CachedConv1d(channels, 1, 3), NoiseGenerator(channels, 2, 1),
        ]  # fmt: skip
        self.synth = AlignBranches(parts, [3, 5, 0], [BANDS, 1, BANDS])

    def forward(self, z: Tensor) -> Tensor:
        parts = self.synth(self.net(z))
        loud = 2.0 * torch.sigmoid(parts[1]).pow(2.3) + 1e-7
        return torch.tanh(parts[0]) * loud + parts[2]


class GeneratorV2(nn.Module):
    """Of the second: wave x its gate, tanh."""

    def __init__(self, net: nn.Module, channels: int) -> None:
        super().__init__()
        self.net, self.amplitude_modulation, self.bands = net, True, BANDS
        self.waveform_module = CachedConv1d(channels, 2 * BANDS, 7)
        self.noise_module = NoiseGenerator(channels, 2, 0)

    def forward(self, z: Tensor) -> Tensor:
        x = self.net(z)
        y = self.waveform_module(x)
        return torch.tanh(y[:, : self.bands] * torch.sigmoid(y[:, self.bands :]) + self.noise_module(x))


class EncoderV2(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class VariationalEncoder(nn.Module):
    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x)


class WasserteinEncoder(VariationalEncoder):
    def __init__(self, encoder: nn.Module, beside: int) -> None:
        super().__init__(encoder)
        self.noise_augmentation = beside


class SphericalEncoder(VariationalEncoder):
    pass


class EuclideanCodebook(nn.Module):
    def __init__(self, codes: int, size: int) -> None:
        super().__init__()
        self.register_buffer("embed", torch.randn(codes, size) * 0.5)


class VectorQuantization(nn.Module):
    def __init__(self, codes: int, size: int) -> None:
        super().__init__()
        self._codebook = EuclideanCodebook(codes, size)


class ResidualVectorQuantization(nn.Module):
    def __init__(self, books: int, codes: int, size: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([VectorQuantization(codes, size) for _ in range(books)])


class DiscreteEncoder(nn.Module):
    def __init__(self, encoder: nn.Module, books: int, codes: int, size: int, beside: int) -> None:
        super().__init__()
        self.encoder, self.num_quantizers, self.noise_augmentation = encoder, books, beside
        self.rvq = ResidualVectorQuantization(books, codes, size)

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x)


class ScriptedRAVE(nn.Module):
    """What all exports have in common."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, full: int, size: int, channels: int) -> None:
        super().__init__()
        self.pqmf, self.encoder, self.decoder = CachedPQMF(channels), encoder, decoder
        self.sr, self.n_channels, self.latent_size, self.full_latent_size = 22050, channels, size, full
        self.register_buffer("latent_pca", torch.linalg.qr(torch.randn(full, full))[0])
        self.register_buffer("latent_mean", torch.randn(full) * 0.3)
        self.register_buffer("fidelity", 1 - torch.exp(-torch.arange(full).float()))
        self.register_buffer("encode_params", torch.tensor([channels, 1, size, 32]))
        self.register_buffer("decode_params", torch.tensor([size, 32, channels, 1]))


class VariationalScriptedRAVE(ScriptedRAVE):
    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        mean = self.encoder(self.pqmf(x))[:, : self.full_latent_size]
        z = F.conv1d(mean - self.latent_mean[None, :, None], self.latent_pca[:, :, None])
        return z[:, : self.latent_size]

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        z = F.pad(z, (0, 0, 0, self.full_latent_size - self.latent_size))
        z = F.conv1d(z, self.latent_pca.t()[:, :, None]) + self.latent_mean[None, :, None]
        return self.pqmf.inverse(self.decoder(z))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class WassersteinScriptedRAVE(ScriptedRAVE):
    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(self.pqmf(x))

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        z = F.pad(z, (0, 0, 0, self.encoder.noise_augmentation))
        return self.pqmf.inverse(self.decoder(z))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class SphericalScriptedRAVE(ScriptedRAVE):
    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        v = self.encoder(self.pqmf(x))
        v = v / torch.sqrt((v * v).sum(1, keepdim=True) + 1e-30)
        behind = torch.sqrt((v * v).flip(1).cumsum(1).flip(1))
        phi = torch.atan2(behind[:, 1:-1], v[:, :-2])
        last = torch.atan2(v[:, -1:], v[:, -2:-1]) / math.pi
        last = torch.where(last < 0, last + 2.0, last)
        return torch.cat([2.0 * phi / math.pi, last], 1) - 1.0

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        phi = math.pi * torch.cat([(z[:, :-1] + 1.0) / 2.0, z[:, -1:] + 1.0], 1)
        ones = torch.ones_like(phi[:, :1])
        v = torch.cat([torch.cos(phi), ones], 1) * torch.cat([ones, torch.cumprod(torch.sin(phi), 1)], 1)
        return self.pqmf.inverse(self.decoder(v))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class DiscreteScriptedRAVE(ScriptedRAVE):
    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        left = self.encoder(self.pqmf(x)).transpose(1, 2)
        found: list[Tensor] = []
        for layer in self.encoder.rvq.layers:
            book = layer._codebook.embed
            best = torch.cdist(left, book[None]).argmin(-1)
            left = left - book[best]
            found.append(best)
        return torch.stack(found, 1).float()

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        total = torch.zeros(z.shape[0], z.shape[2], self.full_latent_size)
        for q, layer in enumerate(self.encoder.rvq.layers):
            total = total + layer._codebook.embed[z[:, q].long()]
        v = F.pad(total.transpose(1, 2), (0, 0, 0, self.encoder.noise_augmentation))
        return self.pqmf.inverse(self.decoder(v))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


def encoder_one(outputs: int) -> nn.Module:
    """BatchNorm, strides with waiting, the last convolution in two groups."""
    norm = nn.BatchNorm1d(8)
    norm.running_mean.normal_(0, 0.2)
    norm.running_var.uniform_(0.5, 1.5)
    return EncoderV2(CachedSequential(
        CachedConv1d(BANDS, 8, 7), norm, nn.LeakyReLU(0.2),
        CachedConv1d(8, 12, 5, stride=2, late=1), nn.LeakyReLU(0.2),
        CachedConv1d(12, 16, 9, stride=4, late=2), nn.LeakyReLU(0.2),
        CachedConv1d(16, outputs, 5, groups=2),
    ))  # fmt: skip


def encoder_two(outputs: int, acts: Any) -> nn.Module:
    """Dilated units; a cache shorter than the span, as a stride's is."""
    return EncoderV2(CachedSequential(
        CachedConv1d(BANDS, 8, 7),
        Residual(DilatedUnit(8, 1, [acts(8), acts(8)]), 8, 1),
        Residual(DilatedUnit(8, 3, [acts(8), acts(8)]), 8, 3), acts(8),
        CachedConv1d(8, 12, 4, stride=2, past=3),
        Residual(DilatedUnit(12, 1, [acts(12), acts(12)]), 12, 1), acts(12),
        CachedConv1d(12, 16, 8, stride=4, past=7), acts(16),
        CachedConv1d(16, outputs, 3),
    ))  # fmt: skip


def decoder_one(size: int) -> nn.Module:
    def branch() -> nn.Module:
        return CachedSequential(Residual(
            CachedSequential(nn.LeakyReLU(0.2), CachedConv1d(12, 12, 3), nn.LeakyReLU(0.2),
                             CachedConv1d(12, 12, 3)), 12, 2))  # fmt: skip

    return Generator(CachedSequential(
        CachedConv1d(size, 16, 7), nn.LeakyReLU(0.2), CachedConvTranspose1d(16, 12, 4),
        ResidualStack([branch(), branch()], 12), nn.LeakyReLU(0.2),
        CachedConvTranspose1d(12, 8, 2),
    ), 8)  # fmt: skip


def decoder_two(size: int, acts: Any, learned: bool = False) -> nn.Module:
    return GeneratorV2(CachedSequential(
        CachedConv1d(size, 16, 3), acts(16), CachedConvTranspose1d(16, 12, 4),
        AdaptiveInstanceNormalization(12, learned),
        Residual(DilatedUnit(12, 3, [acts(12), acts(12)]), 12, 3), acts(12),
        CachedConvTranspose1d(12, 8, 2), acts(8),
    ), 8)  # fmt: skip


def leaky(_: int) -> nn.Module:
    return nn.LeakyReLU(0.2)


def make(name: str) -> nn.Module:
    """One of NAMES, random."""
    torch.manual_seed(3)
    if name == "v1":
        return VariationalScriptedRAVE(VariationalEncoder(encoder_one(12)), decoder_one(6), 6, 4, 1)
    if name == "discrete":
        listens = DiscreteEncoder(encoder_two(6, leaky), 3, 32, 6, 5)
        return DiscreteScriptedRAVE(listens, decoder_two(11, leaky), 6, 3, 1)
    if name == "wasserstein":
        listens = WasserteinEncoder(encoder_two(6, leaky), 5)
        return WassersteinScriptedRAVE(listens, decoder_two(11, leaky), 6, 6, 1)
    if name == "spherical":
        listens = SphericalEncoder(encoder_two(6, leaky))
        return SphericalScriptedRAVE(listens, decoder_two(6, leaky), 6, 5, 1)
    acts = Snake if name == "v3" else leaky
    listens = VariationalEncoder(encoder_two(12, acts))
    return VariationalScriptedRAVE(listens, decoder_two(6, acts, learned=name == "v3"), 6, 4, 1)


NAMES = ("v1", "v2", "v3", "discrete", "wasserstein", "spherical")


def save(name: str, folder: Path, *, streaming: bool = True) -> Path:
    """The scripted file."""
    path = folder / f"{name}{'_streaming' if streaming else ''}.ts"
    made = make(name).eval()
    torch.jit.script(made if streaming else offline(made)).save(str(path))
    return path


def streamed(path: Path, method: str, data: np.ndarray[Any, Any], block: int) -> np.ndarray[Any, Any]:
    """What the file itself makes of (channels, rows), block by block."""
    module = torch.jit.load(str(path)).eval()
    parts = []
    with torch.no_grad():
        for start in range(0, data.shape[1], block):
            x = torch.from_numpy(data[None, :, start : start + block].copy())
            parts.append(getattr(module, method)(x)[0].numpy())
    return np.concatenate(parts, axis=1)


__all__ = ["NAMES", "make", "save", "streamed"]
