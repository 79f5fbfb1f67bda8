"""The benchmark measures the same sound on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isobath.models.bench import bench_first, bench_kernel, interleaved
from isobath.models.coder import Model

from .small_models import small_model


def test_torch_streams_what_the_kernel_streams() -> None:
    torch = pytest.importorskip("torch")
    from isobath.training.streaming import Streaming

    model = Model(*small_model(channels=2, noise=False))
    streaming, decoder = Streaming(model).eval(), model.decoder()
    z = np.random.default_rng(0).standard_normal((model.dims, 12)).astype(np.float32)
    for start in (0, 4, 8):
        block = z[:, start : start + 4]
        with torch.no_grad():
            wanted = streaming(torch.from_numpy(block[None].copy()))[0].numpy()
        found = decoder(block)
        assert np.max(np.abs(found - wanted)) <= 1e-4 * np.max(np.abs(wanted))


@pytest.mark.parametrize("variant", [{"channels": 2}, {"front": "spectrum"}], ids=str)
def test_torch_hears_what_the_kernel_hears(variant: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    from isobath.training.streaming import Streaming

    model = Model(*small_model(**variant))
    streaming, encoder = Streaming(model, encoder=True).eval(), model.encoder()
    x = np.random.default_rng(0).standard_normal((model.channels, 12 * model.hop)).astype(np.float32) * 0.1
    for start in range(0, x.shape[1], 4 * model.hop):
        block = x[:, start : start + 4 * model.hop]
        with torch.no_grad():
            wanted = streaming(torch.from_numpy(block[None].copy()))[0].numpy()
        assert np.max(np.abs(encoder(block) - wanted)) <= 1e-4 * np.max(np.abs(wanted))


def test_kernel_and_torchscript_are_compared_in_one_run() -> None:
    pytest.importorskip("torch")
    from isobath.training.bench_kernel import compare

    result = compare(Model(*small_model()), calls=5)
    assert result.block == 32
    assert result.torchscript / result.kernel > 0
    assert result.kernel > 0


def test_each_figure_is_a_median_of_calls_made_in_turn() -> None:
    order: list[str] = []
    medians = interleaved([lambda: order.append("a"), lambda: order.append("b")], calls=3, warm=1)
    assert order == ["a", "b", *("a", "b") * 3]
    assert len(medians) == 2


def test_every_build_and_the_encoder_are_measured() -> None:
    model = Model(*small_model())
    figures = bench_kernel(model, frames=2, calls=5)
    assert [f.player for f in figures][-2:] == ["kernel, 8 voices", "kernel, encode"]
    assert all(f.block == 64 and f.milliseconds > 0 and f.megabytes > 0 for f in figures)
    seconds = 64 / model.sample_rate
    assert figures[0].times_real_time == pytest.approx(seconds * 1e3 / figures[0].milliseconds)


def test_the_first_block_is_measured_beside_later_ones() -> None:
    model = Model(*small_model())
    decoder, encoder = bench_first(model, times=2)
    assert (decoder.coder, encoder.coder) == ("decoder", "encoder")
    assert decoder.first_by_later == pytest.approx(decoder.first / decoder.later)


def test_a_published_size_is_measured_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from isobath.training import bench_kernel as beside
    from isobath.training import rave_shapes

    tiny = rave_shapes.Family(32, (2, 1), ((1, 3), (2,)), bands=4, taps=32, dims=8)
    monkeypatch.setitem(rave_shapes.FAMILY, "tiny", tiny)
    rows = beside.family_rows("tiny", [8, 32], seconds=0.01)
    assert [(row.what, row.block) for row in rows[:4]] == [
        ("decode", 8),
        ("encode", 8),
        ("forward", 8),
        ("decode", 32),
    ]
    assert all(row.below_db >= 60 and row.torchscript_by_half > 0 for row in rows)
