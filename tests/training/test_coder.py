"""PyTorch plays the operations as the format says: causal, stepwise, repeatable."""

import numpy as np
import pytest
import torch

from isobath.training.autoencoder import Model
from isobath.training.coder import Coder, conv, conv_transpose, tones
from isobath.training.elements import gate, hash_noise
from isobath.training.settings import Shape

from .small import BANDS, LONG_HOP, SHAPE, STEREO, plucks

SHAPES = [SHAPE, STEREO, BANDS, LONG_HOP]
NAMES = ["spectrum", "stereo", "bands", "hop 2048"]


def both(shape: Shape) -> tuple[Coder, Coder]:
    model = Model(shape, 3)
    return model.encoder, model.decoder


def test_a_convolution_follows_its_formula() -> None:
    torch.manual_seed(0)
    x, w = torch.randn(1, 3, 12), torch.randn(2, 3, 4)
    stride, dilation, k = 2, 2, 4
    out = conv(x, {"stride": stride, "dilation": dilation}, w, None)
    for t in range(6):
        total = torch.zeros(2)
        for i in range(k):
            at = t * stride + stride - 1 - (k - 1 - i) * dilation
            if at >= 0:
                total += w[:, :, i] @ x[0, :, at]
        torch.testing.assert_close(out[0, :, t], total)


def test_a_transposed_convolution_follows_its_formula() -> None:
    torch.manual_seed(0)
    x, w = torch.randn(1, 3, 5), torch.randn(3, 2, 8)
    out = conv_transpose(x, {"stride": 4}, w, None)
    assert out.shape[-1] == 20
    for t in range(5):
        for j in range(4):
            total = w[:, :, j].T @ x[0, :, t]
            if t > 0:
                total = total + w[:, :, j + 4].T @ x[0, :, t - 1]
            torch.testing.assert_close(out[0, :, t * 4 + j], total)


def test_tones_follow_their_formula_far_from_the_start() -> None:
    torch.manual_seed(0)
    gates = torch.randn(1, 3, 4)
    inc = torch.tensor([12345678, 3000000001, 77])
    off = torch.tensor([5, 2**32 - 1, 2**31])
    r, clock = 8, 3_999_999_997
    out = tones(gates, inc, off, r, clock)[0, 0].double()
    g = gate(gates)[0].double()
    for t in range(4):
        for j in range(r):
            n = clock + t * r + j
            now = 0.0
            for k in range(3):
                before = g[k, t - 1] if t else 0.0
                level = before * (1 - (j + 1) / r) + g[k, t] * (j + 1) / r
                phase = (int(inc[k]) * n + int(off[k])) % 2**32
                now += float(level) * np.cos(2 * np.pi * phase / 2**32)
            assert float(out[t * r + j]) == pytest.approx(now, abs=1e-5)


def test_noise_is_the_hash_of_row_channel_and_seed() -> None:
    u = hash_noise(torch.tensor([0, 1, 4_000_000_000]), 2, 7)

    def one(n: int, c: int, s: int) -> float:
        x = (n * 0x9E3779B1 + c * 0x85EBCA77 + s) % 2**32
        x = ((x ^ (x >> 16)) * 0x7FEB352D) % 2**32
        x = ((x ^ (x >> 15)) * 0x846CA68B) % 2**32
        x ^= x >> 16
        return float(np.float32((x - 2**32 if x >= 2**31 else x) / 2.0**31))

    for c in range(2):
        for i, n in enumerate((0, 1, 4_000_000_000)):
            assert u[c, i].item() == one(n, c, 7)


def test_noise_is_uniform_and_white() -> None:
    u = hash_noise(torch.arange(20000), 3, 1)
    assert abs(u.mean().item()) < 0.01
    assert u.square().mean().item() == pytest.approx(1 / 3, rel=0.02)
    assert abs((u[:, 1:] * u[:, :-1]).mean().item()) < 0.01
    assert abs((u[0] * u[1]).mean().item()) < 0.01


@pytest.mark.parametrize("shape", SHAPES, ids=NAMES)
def test_the_future_cannot_be_heard(shape: Shape) -> None:
    encoder, decoder = both(shape)
    frames = 12
    x = plucks(2.0, shape.sample_rate, shape.channels)[None, :, : frames * shape.hop]
    changed = x.clone()
    changed[..., 6 * shape.hop :] = 0.5
    with torch.no_grad():
        z, other = (encoder({"audio": a})["mean"] for a in (x, changed))
        assert torch.equal(z[..., :6], other[..., :6])
        assert not torch.equal(z[..., 6:], other[..., 6:])
        later = z.clone()
        later[..., 6:] += 1.0
        y, after = (decoder({"latent": a}, seed=1)["audio"] for a in (z, later))
    assert y.shape == (1, shape.channels, frames * shape.hop)
    assert torch.equal(y[..., : 6 * shape.hop], after[..., : 6 * shape.hop])
    assert not torch.equal(y[..., 6 * shape.hop :], after[..., 6 * shape.hop :])


@pytest.mark.parametrize("shape", SHAPES, ids=NAMES)
def test_memory_is_no_longer_than_declared(shape: Shape) -> None:
    model = Model(shape, 3)
    frames = model.warm + 6
    torch.manual_seed(0)
    z = torch.randn(1, shape.dims, frames)
    other = z.clone()
    other[..., :2] += 1.0
    with torch.no_grad():
        y, after = (model.decoder({"latent": a}, seed=1)["audio"] for a in (z, other))
    tail = (2 + model.warm + 1) * shape.hop  # + a frame for the ramp of tones and the filter bank
    torch.testing.assert_close(y[..., tail:], after[..., tail:], rtol=0, atol=1e-6)


def test_a_decode_is_repeatable_and_seeds_differ() -> None:
    _, decoder = both(SHAPE)
    z = torch.zeros(1, SHAPE.dims, 8)
    with torch.no_grad():
        a, b, c = (decoder({"latent": z}, seed=s)["audio"] for s in (5, 5, 6))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_the_spectrum_of_a_steady_tone_is_steady_and_reads_one_at_its_bin() -> None:
    encoder, _ = both(SHAPE)
    hz = 110.0 * 2.0
    t = torch.arange(SHAPE.sample_rate) / SHAPE.sample_rate
    front = encoder({"audio": torch.sin(2 * np.pi * hz * t)[None, None]})["front"][0]
    settled = front[:, 20:]
    assert settled[6].mean().item() == pytest.approx(1.0, abs=0.02)
    assert settled[6].std().item() < 0.01
    assert settled.mean(dim=1).argmax().item() == 6
