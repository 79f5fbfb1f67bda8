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


def late(x: Rows, rows: int) -> Rows:
    return np.pad(x, ((0, 0), (rows, 0)))[:, : x.shape[1]]


def alternated(x: Rows, bands: int) -> Rows:
    band, row = np.meshgrid(np.arange(len(x)) % bands, np.arange(x.shape[1]), indexing="ij")
    return x * np.where(band % 2 * (row % 2), -1.0, 1.0)


def activate(x: Rows, o: Operation, alpha: Rows, bias: Rows) -> Rows:
    if o.act == "snake":
        return x + np.sin(alpha * x) ** 2 / (alpha + 1e-9)
    if o.act == "affine":
        return alpha * x + bias
    if o.act == "leaky":
        return np.where(x > 0, x, 0.2 * x)
    return {"tanh": np.tanh, "sigmoid": sigmoid, "gate": curve}[o.act or ""](x)


def multiply(x: Rows, by: Rows, by_late: int) -> Rows:
    each = x.shape[1] // by.shape[1]
    y = np.zeros(x.shape)
    for c in range(x.shape[0]):
        for t in range(by_late, x.shape[1]):
            y[c, t] = x[c, t] * by[c % by.shape[0], (t - by_late) // each]
    return y


def shaped_noise(x: Rows, filters: Rows, seed: int) -> Rows:
    bands, frame = filters.shape
    channels, rows = x.shape[0] // bands, x.shape[1]
    u = noise(rows * frame, channels, seed)
    y = np.zeros(u.shape)
    for c in range(channels):
        for t in range(rows):
            response = curve(x[c * bands : (c + 1) * bands, t]) @ filters
            whole = np.convolve(response, u[c, t * frame : (t + 1) * frame])
            y[c, t * frame : (t + 1) * frame] = whole[:frame]
    return y


def normal(rows: int, channels: int, seed: int) -> Rows:
    words = np.round(noise(rows, 2 * channels, seed) * 2.0**31) % 2.0**32
    a = (words[0::2] // 256 + 1) / 2.0**24
    return np.sqrt(-2 * np.log(a)) * np.cos(2 * np.pi * words[1::2] / 2.0**32)


def quantize(x: Rows, codes: Rows) -> Rows:
    y = np.zeros((len(codes), x.shape[1]))
    for t in range(x.shape[1]):
        left = x[:, t].copy()
        for q, book in enumerate(codes):
            y[q, t] = np.argmin(((book - left) ** 2).sum(1))
            left -= book[int(y[q, t])]
    return y


def lookup(x: Rows, codes: Rows) -> Rows:
    number = np.clip(np.floor(x + 0.5), 0, codes.shape[1] - 1).astype(int)
    return np.stack([sum(codes[q, number[q, t]] for q in range(len(codes))) for t in range(x.shape[1])], 1)


def sphere(x: Rows) -> Rows:
    phi = np.concatenate((np.pi * (x[:-1] + 1) / 2, np.pi * (x[-1:] + 1)))
    y = np.ones((len(x) + 1, x.shape[1]))
    for k in range(len(y)):
        for i in range(min(k, len(phi))):
            y[k] *= np.sin(phi[i])
        if k < len(phi):
            y[k] *= np.cos(phi[k])
    return y


def angles(x: Rows) -> Rows:
    y = np.zeros((len(x) - 1, x.shape[1]))
    for k in range(len(y) - 1):
        y[k] = 2 / np.pi * np.arctan2(np.sqrt((x[k + 1 :] ** 2).sum(0)), x[k]) - 1
    y[-1] = np.mod(np.arctan2(x[-1], x[-2]) / np.pi, 2) - 1
    return y


def element(o: Operation, x: Rows, reg: dict[str, Rows], tensors: Tensors, seed: int) -> Rows:
    """The operations of format 2."""

    def given(name: str | None, empty: float = 0.0) -> Rows:
        return tensors[name].astype(np.float64) if name else np.full(1, empty)

    if o.kind == "activate":
        return activate(x, o, given(o.alpha)[:, None], given(o.bias)[:, None])
    if o.kind == "multiply":
        return multiply(x, reg[o.by or ""], o.by_late)
    if o.kind == "noise":
        return shaped_noise(x, given(o.filters), seed)
    if o.kind == "normal":
        return normal(x.shape[1], o.outputs, seed)
    if o.kind in ("quantize", "lookup"):
        return (quantize if o.kind == "quantize" else lookup)(x, given(o.codes))
    return (sphere if o.kind == "sphere" else angles)(x)


def play(
    d: Description, tensors: Tensors, operations: list[Operation], start: Rows, name: str, seed: int = 0
) -> dict[str, Rows]:
    """All registers of a coder whose input register is `name`."""
    reg = {name: start.astype(np.float64)}
    samples = start.shape[1] * (d.hop if name == "latent" else 1)
    for o in operations:
        x = late(reg[o.source], o.late)
        if o.act and o.kind != "activate":
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
            filters = tensors[o.filters or ""].astype(np.float64)
            y = synthesis(alternated(x, len(filters)) if o.alternate else x, filters)
        elif o.kind == "analysis":
            filters = tensors[o.filters or ""].astype(np.float64)
            y = analysis(x, filters)
            y = alternated(y, len(filters)) if o.alternate else y
        elif o.kind == "tones":
            y = tones(x, tensors[o.increments or ""], tensors[o.offsets or ""], samples // x.shape[1])
        elif o.kind != "spectrum":
            y = element(o, x, reg, tensors, seed)
        else:
            y = spectrum(x, o, tensors[o.frequencies or ""], tensors[o.lengths or ""], d.sample_rate)
        if o.bias and o.kind != "activate":
            y = y + tensors[o.bias].astype(np.float64)[:, None]
        if o.add:
            y = y + late(reg[o.add], o.add_late)
        reg[o.out] = y
    return reg
