"""Convolutions in bfloat16 are those in floats, but for rounding."""

import pytest
import torch
from torch import Tensor

from isobath.training import coder, convolution, native

pytestmark = pytest.mark.skipif(not convolution.able(), reason="this processor multiplies no bfloat16")


def near(found: Tensor, expected: Tensor) -> None:
    """Within what seven bits of fraction lose."""
    assert found.shape == expected.shape
    assert (found.float() - expected).norm() < 0.01 * expected.norm()


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def gradients(y: Tensor, of: list[Tensor]) -> list[Tensor]:
    y.float().mul(drawn(*y.shape, seed=9)).sum().backward()
    found = [each.grad for each in of]
    for each in of:
        each.grad = None
    assert all(each is not None for each in found)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("product", [0, 1 << 30], ids=["product", "convolution"])
@pytest.mark.parametrize(
    ("taps", "stride", "dilation", "act", "bias"),
    [(3, 1, 3, "leaky", False), (1, 1, 1, "leaky", True), (7, 1, 1, None, False), (8, 4, 1, "leaky", False),
     (9, 4, 1, None, True)],
)  # fmt: skip
def test_a_convolution_and_its_gradients(
    product: int, taps: int, stride: int, dilation: int, act: str | None, bias: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(convolution, "PRODUCT", product)
    x = drawn(2, 24, 40, seed=1).requires_grad_()
    direction = drawn(20, 24, taps, seed=2).requires_grad_()
    length = (drawn(20, 1, 1, seed=3).abs() + 0.5).requires_grad_()
    offset = drawn(20, seed=4).requires_grad_() if bias else None
    learnt = [x, direction, length, *([] if offset is None else [offset])]
    o = {"stride": stride, "dilation": dilation, "act": act}
    expected = coder.conv(x, o, torch._weight_norm(direction, length), offset)
    ways = gradients(expected, learnt)
    weight = convolution.played(direction, length, taps)
    found = convolution.convolution(x, weight, offset, stride, dilation, act is not None)
    near(found, expected)
    for way, its in zip(gradients(found, learnt), ways, strict=True):
        near(way, its)


@pytest.mark.parametrize("rows", [3, 40], ids=["few", "many"])
def test_a_transposed_convolution_and_its_gradients(rows: int) -> None:
    x = drawn(2, 24, rows, seed=1).requires_grad_()
    direction = drawn(24, 10, 8, seed=2).requires_grad_()
    length = (drawn(24, 1, 1, seed=3).abs() + 0.5).requires_grad_()
    weight = torch._weight_norm(direction, length)
    bias = drawn(10, seed=4).requires_grad_()
    expected = coder.conv_transpose(x, {"stride": 4, "act": "leaky"}, weight, bias)
    ways = gradients(expected, [x, direction, length, bias])
    found = convolution.raised(x, direction, length, bias, 4, True)
    near(found, expected)
    for way, its in zip(gradients(found, [x, direction, length, bias]), ways, strict=True):
        near(way, its)


def test_one_after_the_other_they_move_nothing() -> None:
    x = drawn(2, 16, 32, seed=1)
    weight = convolution.played(drawn(16, 16, 3, seed=2), None, 3)
    y = convolution.convolution(x, weight, None, 1, 1, True)
    assert y.dtype == torch.bfloat16
    assert y.transpose(1, 2).is_contiguous()


def test_weights_are_rounded_to_the_nearest_by_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    direction = drawn(7, 5, 6, seed=1)
    alone = convolution.played(direction, None, 6)
    assert alone.equal(direction.transpose(1, 2).to(torch.bfloat16))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    monkeypatch.setattr(convolution, "_SHARED", 1)
    native._hands.cache_clear()
    assert convolution.played(direction, None, 6).equal(alone)
    native._hands.cache_clear()
