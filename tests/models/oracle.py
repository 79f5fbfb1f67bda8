"""docs/model-format.md played in plain numpy: slow, obvious, in double precision.

Independent of the kernel and of PyTorch. Registers are (channels, rows), the whole signal at
once; causality is a pad on the left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.models.description import Description, Operation, Tensors

Rows = NDArray[np.float64]


def sigmoid(x: Rows) -> Rows:
    return 1.0 / (1.0 + np.exp(-x))


def curve(x: Rows) -> Rows:
    return 2.0 * sigmoid(x) ** 2.3 + 1e-7


def noise(rows: int, channels: int, seed: int) -> Rows:
    out = np.zeros((channels, rows))
    word = 0xFFFFFFFF
    for c in range(channels):
        for n in range(rows):
            x = (n * 0x9E3779B1 + c * 0x85EBCA77 + seed) & word
            x ^= x >> 16
            x = x * 0x7FEB352D & word
            x ^= x >> 15
            x = x * 0x846CA68B & word
            x ^= x >> 16
            out[c, n] = (x - (1 << 32) if x >> 31 else x) / 2.0**31
    return out


def past(x: Rows, row: int) -> Rows:
    """One row, or zeros before the first."""
    return x[:, row] if row >= 0 else np.zeros(x.shape[0])


def conv(x: Rows, o: Operation, w: Rows) -> Rows:
    cout, inner, taps = w.shape
    rows, each = x.shape[1] // o.stride, cout // o.groups
    y = np.zeros((cout, rows))
    for t in range(rows):
        for k in range(taps):
            column = past(x, t * o.stride + o.stride - 1 - (taps - 1 - k) * o.dilation)
            for g in range(o.groups):
                outs = slice(g * each, (g + 1) * each)
                y[outs, t] += w[outs, :, k] @ column[g * inner : (g + 1) * inner]
    return y


def conv_transpose(x: Rows, o: Operation, w: Rows) -> Rows:
    r = o.stride
    y = np.zeros((w.shape[1], x.shape[1] * r))
    for t in range(x.shape[1]):
        for j in range(r):
            y[:, t * r + j] = w[:, :, j].T @ past(x, t) + w[:, :, j + r].T @ past(x, t - 1)
    return y


def synthesis(x: Rows, h: Rows) -> Rows:
    bands, taps = h.shape
    channels = x.shape[0] // bands
    y = np.zeros((channels, x.shape[1] * bands))
    for c in range(channels):
        for t in range(x.shape[1]):
            for i in range(taps // bands):
                column = past(x, t - i)[c * bands : (c + 1) * bands]
                y[c, t * bands : (t + 1) * bands] += bands * column @ h[:, i * bands : (i + 1) * bands]
    return y


def analysis(x: Rows, h: Rows) -> Rows:
    bands, taps = h.shape
    padded = np.pad(x, ((0, 0), (taps, 0)))
    rows = x.shape[1] // bands
    y = np.zeros((x.shape[0] * bands, rows))
    for c in range(x.shape[0]):
        for t in range(rows):
            newest = taps + t * bands + bands - 1
            y[c * bands : (c + 1) * bands, t] = h @ padded[c, newest - taps + 1 : newest + 1][::-1]
    return y


def tones(x: Rows, increments: NDArray[Any], offsets: NDArray[Any], r: int) -> Rows:
    count = len(increments)
    channels, rows = x.shape[0] // count, x.shape[1]
    gains = curve(x)
    before = np.pad(gains, ((0, 0), (1, 0)))[:, :-1]
    n = np.arange(rows * r, dtype=np.uint64)
    share = (np.arange(r) + 1) / r
    y = np.zeros((channels, rows * r))
    for c in range(channels):
        for k in range(count):
            phase = (np.uint64(increments[k]) * n + np.uint64(offsets[k])) & np.uint64(0xFFFFFFFF)
            i = c * count + k
            gain = before[i][:, None] * (1 - share) + gains[i][:, None] * share
            y[c] += gain.ravel() * np.cos(2 * np.pi * phase / 2.0**32)
    return y


def spectrum(x: Rows, o: Operation, hz: NDArray[Any], lengths: NDArray[Any], rate: int) -> Rows:
    rows, longest = x.shape[1] // o.step, int(lengths.max())
    padded = np.pad(x, ((0, 0), (longest, 0)))
    y = np.zeros((x.shape[0] * len(hz), rows))
    for i, (frequency, length) in enumerate(zip(hz, lengths, strict=True)):
        length, rise = int(length), min(o.attack, int(length) // 2)
        j = np.arange(length)
        falling = np.cos(np.pi / 2 * (j - rise + 0.5) / (length - rise)) ** 2
        w = np.where(j < rise, np.sin(np.pi / 2 * (j + 0.5) / rise) ** 2, falling)
        kernel = 2 * w / w.sum() * np.exp(2j * np.pi * float(frequency) / rate * j)
        for c in range(x.shape[0]):
            for t in range(rows):
                newest = longest + (t + 1) * o.step - 1
                power = abs(kernel @ padded[c, newest - length + 1 : newest + 1][::-1]) ** 2
                y[c * len(hz) + i, t] = np.log(power + 1e-8) / 9.2103404 + 1
    return y


def play(
    d: Description, tensors: Tensors, operations: list[Operation], start: Rows, name: str, seed: int = 0
) -> dict[str, Rows]:
    """All registers of a coder whose input register is `name`."""
    reg = {name: start.astype(np.float64)}
    samples = start.shape[1] * (d.hop if name == "latent" else 1)
    for o in operations:
        x = reg[o.source]
        if o.act:
            x = np.where(x > 0, x, 0.2 * x)
        w = tensors[o.weight].astype(np.float64) if o.weight else np.zeros(0)
        if o.kind == "conv":
            y = conv(x, o, w)
        elif o.kind == "conv_transpose":
            y = conv_transpose(x, o, w)
        elif o.kind == "amplitude":
            parts = np.split(x, 3 if o.noise else 2)
            y = np.tanh(parts[0]) * sigmoid(parts[1])
            if o.noise:
                y += curve(parts[2]) * noise(x.shape[1], len(y), seed)
        elif o.kind == "synthesis":
            y = synthesis(x, tensors[o.filters or ""].astype(np.float64))
        elif o.kind == "analysis":
            y = analysis(x, tensors[o.filters or ""].astype(np.float64))
        elif o.kind == "tones":
            y = tones(x, tensors[o.increments or ""], tensors[o.offsets or ""], samples // x.shape[1])
        else:
            y = spectrum(x, o, tensors[o.frequencies or ""], tensors[o.lengths or ""], d.sample_rate)
        if o.bias:
            y = y + tensors[o.bias].astype(np.float64)[:, None]
        if o.add:
            y = y + reg[o.add]
        reg[o.out] = y
    return reg
