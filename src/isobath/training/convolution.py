"""Convolutions in bfloat16 on a CPU, gradients and all.

Registers are (batch, channels, rows) as everywhere, but here the channels of a row lie side by
side in memory, from one convolution to the next: a product then reads them as they lie, where
PyTorch's own convolution sorts both sounds and weights each time. Long and narrow ones are left
to oneDNN; wide ones of few rows are one matrix product. The activation before a convolution, and
its context, are written in one pass.
"""

from __future__ import annotations

import ctypes
from ctypes import c_int64, c_void_p
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from . import native

_SHARED = 1 << 18
"""Weights from which on threads share the work of sorting them."""
PRODUCT = 140_000
"""Weights from which on a convolution is a matrix product over copied windows."""
_SLOPE = 0.2


@cache
def able() -> bool:
    """Whether this processor multiplies bfloat16, and the kernel is there."""
    try:
        multiplies = bool(torch.cpu._is_avx512_bf16_supported())
    except AttributeError:  # a PyTorch that does not say
        return False
    return multiplies and native.library() is not None


class _Weights(ctypes.Structure):
    """ib_weights."""

    _fields_ = [("direction", c_void_p), ("length", c_void_p), ("inner", c_int64), ("taps", c_int64)]


class _Played(torch.autograd.Function):
    """Weights as they are multiplied: see `played`."""

    @staticmethod
    def forward(ctx: Any, direction: Tensor, length: Tensor | None, taps: int) -> Tensor:
        rows, size = len(direction), direction[0].numel()
        out = direction.new_empty(rows, taps, size // taps, dtype=torch.bfloat16)
        norms = direction.new_empty(rows)
        ctx.said = _Weights(
            direction.data_ptr(), None if length is None else length.data_ptr(), size // taps, taps
        )
        library = native.library()
        assert library is not None

        def some(part: range) -> None:
            library.ib_weights_play(
                ctypes.byref(ctx.said), part.start, len(part), out.data_ptr(), norms.data_ptr()
            )

        native.spread(some, rows, alone=direction.numel() < _SHARED)
        ctx.save_for_backward(direction, length, norms)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None]:
        direction, length, norms = ctx.saved_tensors
        slope = grads[0].to(torch.bfloat16).contiguous()
        to_direction = torch.empty_like(direction)
        to_length = None if length is None else torch.empty_like(length)
        library = native.library()
        assert library is not None

        def some(part: range) -> None:
            library.ib_weights_learn(
                ctypes.byref(ctx.said), part.start, len(part), slope.data_ptr(), norms.data_ptr(),
                to_direction.data_ptr(), None if to_length is None else to_length.data_ptr(),
            )  # fmt: skip

        native.spread(some, len(direction), alone=direction.numel() < _SHARED)
        return to_direction, to_length, None


def played(direction: Tensor, length: Tensor | None, taps: int) -> Tensor:
    """(rows, inner, taps) floats -> (rows, taps, inner) bfloat16.

    length: (rows, 1, 1), what a row measures as it is played (weight normalisation); None: as it is.
    taps: 1 leaves the order within a row alone.
    """
    made: Tensor = _Played.apply(direction.contiguous(), length, taps)  # type: ignore[no-untyped-call]
    return made


def _opened(x: Tensor, left: int, leaky: bool) -> Tensor:
    """(batch, channels, rows) -> (batch, left + rows, channels) in bfloat16, silence in front, activated."""
    batch, channels, rows = x.shape
    across = x.transpose(1, 2)
    if not left and not leaky:
        return across.to(torch.bfloat16).contiguous()
    h = x.new_empty(batch, left + rows, channels, dtype=torch.bfloat16)
    h[:, :left] = 0
    if leaky and x.dtype == torch.bfloat16:
        torch.ops.aten.leaky_relu.out(across, _SLOPE, out=h[:, left:])
        return h
    h[:, left:] = across
    if leaky:
        F.leaky_relu_(h[:, left:], _SLOPE)
    return h


def _closed(to: Tensor, h: Tensor, left: int, leaky: bool, dtype: torch.dtype) -> Tensor:
    """The gradient before `_opened` from that after it, (batch, channels, rows)."""
    to = to[:, left:]
    if leaky:
        to = torch.ops.aten.leaky_relu_backward(to, h[:, left:], _SLOPE, True)
    return to.transpose(1, 2).to(dtype)


def _windows(h: Tensor, rows: int, taps: int, stride: int, dilation: int) -> Tensor:
    """(batch * rows, taps * channels): all that each row of a convolution sees."""
    batch, whole, channels = h.shape
    if taps == 1 and stride == 1:
        return h.view(batch * rows, channels)
    strides = (whole * channels, stride * channels, dilation * channels, 1)
    return h.as_strided((batch, rows, taps, channels), strides).reshape(batch * rows, taps * channels)


def _unwindowed(x: Tensor, like: Tensor, rows: int, taps: int, stride: int, dilation: int) -> Tensor:
    """Windows added up where they came from."""
    batch, whole, channels = like.shape
    if taps == 1 and stride == 1:
        return x.view(batch, rows, channels)
    seen = x.view(batch, rows, taps, channels)
    to = like.new_zeros(batch, whole, channels)
    for tap in range(taps):
        start = tap * dilation
        to[:, start : start + (rows - 1) * stride + 1 : stride] += seen[:, :, tap]
    return to


def _flat(x: Tensor) -> Tensor:
    """(batch, rows, channels) as a picture one row high, (batch, channels, 1, rows), nothing moved."""
    return x.unsqueeze(1).permute(0, 3, 1, 2)


class _Convolution(torch.autograd.Function):
    """See `convolution`."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, left: int, stride: int, dilation: int,
        leaky: bool,
    ) -> Tensor:  # fmt: skip
        h = _opened(x, left, leaky)
        outputs, taps, _ = weight.shape
        rows = (h.shape[1] - (taps - 1) * dilation - 1) // stride + 1
        ctx.save_for_backward(h, weight)
        ctx.shape = (left, stride, dilation, leaky, x.dtype, rows)
        add = None if bias is None else bias.to(torch.bfloat16)
        if weight.numel() >= PRODUCT:
            seen = _windows(h, rows, taps, stride, dilation)
            y = F.linear(seen, weight.view(outputs, -1), add).view(len(h), rows, outputs)
            return y.transpose(1, 2)
        y = F.conv2d(_flat(h), _flat(weight), add, stride=(1, stride), dilation=(1, dilation))
        return y.squeeze(2)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        h, weight = ctx.saved_tensors
        left, stride, dilation, leaky, dtype, rows = ctx.shape
        outputs, taps, _ = weight.shape
        slope = grads[0].transpose(1, 2).to(torch.bfloat16).contiguous()
        wanted, biased = ctx.needs_input_grad[0], ctx.needs_input_grad[2]
        to: Tensor | None = None
        to_bias: Tensor | None = None
        if weight.numel() >= PRODUCT:
            flat = slope.view(-1, outputs)
            to_weight = (flat.t() @ _windows(h, rows, taps, stride, dilation)).view(weight.shape)
            if wanted:
                to = _unwindowed(flat @ weight.view(outputs, -1), h, rows, taps, stride, dilation)
            to_bias = flat.sum(0, dtype=torch.float32) if biased else None
        else:
            to, picture, to_bias = torch.ops.aten.convolution_backward(
                _flat(slope), _flat(h), _flat(weight), [outputs], (1, stride), (0, 0), (1, dilation), False,
                (0, 0), 1, (wanted, True, biased),
            )  # fmt: skip
            to_weight = picture.permute(0, 2, 3, 1).reshape(weight.shape)
            to = None if to is None else to.permute(0, 2, 3, 1).squeeze(1)
            to_bias = None if to_bias is None else to_bias.float()
        to_x = None if to is None else _closed(to, h, left, leaky, dtype)
        return to_x, to_weight, to_bias, None, None, None, None


def convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, dilation: int, leaky: bool
) -> Tensor:
    """A causal convolution (coder.conv) with weights that are `played`, (outputs, taps, inputs).

    leaky: of x activated. The sum is in bfloat16, whatever x is.
    """
    left = (weight.shape[1] - 1) * dilation - (stride - 1)
    y: Tensor = _Convolution.apply(x, weight, bias, left, stride, dilation, leaky)  # type: ignore[no-untyped-call]
    return y


class _Raised(torch.autograd.Function):
    """A transposed convolution by few rows of many inputs: see `raised`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, leaky: bool) -> Tensor:
        h = _opened(x, 0, leaky)
        batch, rows, inputs = h.shape
        ctx.save_for_backward(h, weight)
        ctx.shape = (stride, leaky, x.dtype)
        each = (h.view(-1, inputs) @ weight).view(batch, rows, -1, 2, stride)
        y = each[:, :, :, 0].transpose(2, 3).contiguous()
        y[:, 1:] += each[:, :-1, :, 1].transpose(2, 3)
        return y.view(batch, rows * stride, -1).transpose(1, 2)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        h, weight = ctx.saved_tensors
        stride, leaky, dtype = ctx.shape
        batch, rows, inputs = h.shape
        slope = grads[0].transpose(1, 2).to(torch.bfloat16).reshape(batch, rows, stride, -1).transpose(2, 3)
        each = slope.new_zeros(batch, rows, slope.shape[2], 2, stride)
        each[:, :, :, 0] = slope
        each[:, :-1, :, 1] = slope[:, 1:]
        flat = each.view(batch * rows, -1)
        to = (flat @ weight.t()).view(h.shape)
        return _closed(to, h, 0, leaky, dtype), h.view(-1, inputs).t() @ flat, None, None


def raised(
    x: Tensor, direction: Tensor, length: Tensor | None, bias: Tensor | None, stride: int, leaky: bool
) -> Tensor:
    """A transposed convolution (coder.conv_transpose) of kernel 2 stride, weights (inputs, outputs, taps)."""
    inputs, outputs, _ = direction.shape
    weight = played(direction, length, 1).view(inputs, -1)
    batch, _, rows = x.shape
    if inputs > batch * rows:
        y: Tensor = _Raised.apply(x, weight, stride, leaky)  # type: ignore[no-untyped-call]
        return y if bias is None else y + bias.to(torch.bfloat16)[:, None]
    # Every input row makes `stride` output rows, and hears the row before: a plain convolution.
    now, next_one = weight.view(inputs, outputs, 2, stride).permute(2, 3, 1, 0)
    apart = torch.stack((next_one, now), dim=2).view(stride * outputs, 2, inputs)
    plain = convolution(x, apart, None if bias is None else bias.repeat(stride), 1, 1, leaky)
    return plain.transpose(1, 2).reshape(batch, rows * stride, outputs).transpose(1, 2)
