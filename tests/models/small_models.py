"""Models small enough to check by hand, with every operation of the format in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from isobath.models.description import Description, LatentStatistics, Operation, Percentiles, Tensors


def statistics(dims: int) -> LatentStatistics:
    levels = [0.0, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 100.0]
    values = [[-4.0, -2.3, -1.6, -0.7, 0.0, 0.7, 1.6, 2.3, 4.0]] * dims
    return LatentStatistics(
        mean=[0.0] * dims,
        std=[1.0] * dims,
        covariance=np.eye(dims).tolist(),
        percentiles=Percentiles(at=levels, values=values),
        explained=[1.0 / dims] * dims,
        labels=[""] * dims,
        known_radius=4.0,
    )


class Sketch:
    """Writes operations and their random tensors down, one after another."""

    def __init__(self, prefix: str, rng: np.random.Generator, tensors: Tensors, half: bool) -> None:
        self.prefix, self.rng, self.tensors, self.half = prefix, rng, tensors, half
        self.operations: list[Operation] = []

    def keep(self, what: str, value: Any) -> str:
        name = f"{self.prefix}{len(self.operations)}_{what}"
        self.tensors[name] = value
        return name

    def weight(self, *shape: int) -> str:
        fan = shape[-1] * shape[0]
        value = self.rng.standard_normal(shape) / np.sqrt(fan)
        return self.keep("weight", value.astype(np.float16 if self.half else np.float32))

    def add(self, kind: str, source: str, out: str, **fields: Any) -> str:
        self.operations.append(Operation(kind=kind, source=source, out=out, **fields))
        return out

    def conv(self, source: str, out: str, cin: int, cout: int, k: int, **fields: Any) -> str:
        groups = int(fields.get("groups", 1))
        bias = self.keep("bias", (self.rng.standard_normal(cout) * 0.1).astype(np.float32))
        weight = self.weight(cout, cin // groups, k)
        return self.add("conv", source, out, weight=weight, bias=bias, **fields)

    def filters(self, bands: int, taps: int) -> str:
        return self.keep("filters", (self.rng.standard_normal((bands, taps)) / taps).astype(np.float32))


def encoder(s: Sketch, channels: int, dims: int, bands: int, front: str) -> None:
    if front == "spectrum":
        hz = s.keep("hz", np.geomspace(100, 9000, 19).astype(np.float32))
        lengths = s.keep("lengths", np.geomspace(300, 33, 19).astype(np.int32))
        s.add("spectrum", "audio", "front", frequencies=hz, lengths=lengths, attack=16, step=2 * bands)
        top, width, stride = "front", 19 * channels, 2
    else:
        top = s.add("analysis", "audio", "front", filters=s.filters(bands, 6 * bands))
        width, stride = bands * channels, 4
    top = s.conv(top, "down", width, 24, 5, stride=stride)
    inner = s.conv(top, "inner", 24, 24, 3, act="leaky", dilation=3, groups=2)
    top = s.conv(inner, "wide", 24, 24, 1, act="leaky", add=top)
    s.conv(top, "mean", 24, dims, 1, act="leaky")
    s.conv(top, "deviation", 24, dims, 2)


def decoder(
    s: Sketch, channels: int, dims: int, bands: int, noise: bool, with_tones: bool, width: int
) -> None:
    top = s.conv("latent", "in", dims, width, 3)
    inner = s.conv(top, "a", width, width, 3, act="leaky", dilation=2)
    top = s.conv(inner, "b", width, width, 1, act="leaky", add=top)
    weight = s.weight(width, 20, 8)
    top = s.add("conv_transpose", top, "up", weight=weight, stride=4, act="leaky")
    fields: dict[str, Any] = {}
    if with_tones:
        s.conv(top, "gates", 20, 5 * channels, 1, act="leaky")
        increments = s.keep("increments", (np.geomspace(0.001, 0.3, 5) * 2.0**32).astype(np.uint32))
        offsets = s.keep("offsets", s.rng.integers(0, 1 << 32, 5, dtype=np.uint32))
        fields["add"] = s.add("tones", "gates", "tones", increments=increments, offsets=offsets)
    parts = (3 if noise else 2) * bands * channels
    s.conv(top, "bands", 20, parts, 3)
    s.add("amplitude", "bands", "rows", noise=noise)
    s.add("synthesis", "rows", "audio", filters=s.filters(bands, 4 * bands), **fields)


def small_model(
    seed: int = 0,
    *,
    channels: int = 1,
    dims: int = 3,
    bands: int = 8,
    noise: bool = True,
    tones: bool = True,
    half: bool = True,
    front: str = "analysis",
    width: int = 70,
) -> tuple[Description, Tensors]:
    """A random model of hop 4 * bands; its widths are awkward on purpose."""
    rng = np.random.default_rng(seed)
    tensors: Tensors = {}
    listens, sounds = Sketch("e", rng, tensors, half), Sketch("d", rng, tensors, half)
    encoder(listens, channels, dims, bands, front)
    decoder(sounds, channels, dims, bands, noise, tones, width)
    description = Description(
        format=1,
        name="small",
        sample_rate=22050,
        channels=channels,
        hop=4 * bands,
        dims=dims,
        delay=0,
        encoder=listens.operations,
        decoder=sounds.operations,
        latent=statistics(dims),
    )
    return description, tensors


def newer_encoder(s: Sketch, channels: int, dims: int, bands: int, coded: str) -> None:
    """Branches of different delay, an alternating bank, a curve with a number a channel."""
    rng, width = s.rng, 19
    s.add("analysis", "audio", "front", filters=s.filters(bands, 5 * bands), alternate=True, late=3)
    s.conv("front", "down", bands * channels, width, 7, stride=4, late=2)
    alpha = s.keep("alpha", rng.uniform(0.3, 3, width).astype(np.float32))
    s.add("activate", "down", "curved", act="snake", alpha=alpha)
    s.conv("curved", "inner", width, width, 3, dilation=2, act="leaky", add="down", add_late=3)
    alpha = s.keep("alpha", rng.uniform(0.3, 3, width).astype(np.float32))
    bias = s.keep("bias", rng.standard_normal(width).astype(np.float32))
    s.add("activate", "inner", "fixed", act="affine", alpha=alpha, bias=bias, late=1)
    if coded == "quantize":
        codes = s.keep("codes", rng.standard_normal((dims, 37, width)).astype(np.float32))
        s.add("quantize", "fixed", "mean", codes=codes)
    elif coded == "sphere":
        s.conv("fixed", "vector", width, dims + 1, 1)
        s.add("angles", "vector", "mean")
    else:
        s.conv("fixed", "mean", width, dims, 1)


def newer_decoder(s: Sketch, channels: int, dims: int, bands: int, coded: str) -> None:
    """A latent of some kind, noise beside it, wave times loudness plus shaped noise."""
    rng, width = s.rng, 21
    top, wide = "latent", dims
    if coded == "quantize":
        codes = s.keep("codes", rng.standard_normal((dims, 37, 17)).astype(np.float32))
        top, wide = s.add("lookup", "latent", "vector", codes=codes), 17
    elif coded == "sphere":
        top, wide = s.add("sphere", "latent", "vector"), dims + 1
    s.add("normal", "latent", "chance", outputs=7)
    s.conv("chance", "opened", 7, width, 1)
    s.conv(top, "in", wide, width, 3, add="opened", add_late=1)
    s.add("conv_transpose", "in", "up", weight=s.weight(width, width, 8), stride=4, act="leaky", late=2)
    s.conv("up", "wave", width, bands * channels, 3, act="leaky")
    s.conv("up", "level", width, channels, 4, stride=2, act="leaky", late=1)
    s.add("activate", "level", "loud", act="gate")
    s.conv("in", "gains", width, bands * channels * 3, 1)
    filters = np.zeros((3, 4), np.float32)
    filters[:, [0, 1, 3]] = rng.standard_normal((3, 3))
    s.add("noise", "gains", "hiss", filters=s.keep("filters", filters))
    s.add("activate", "wave", "soft", act="tanh", add="hiss", add_late=5)
    by_late = 3 if channels == 1 else 0
    s.add("multiply", "soft", "rows", by="loud", by_late=by_late, add="hiss")
    s.add("synthesis", "rows", "sum", filters=s.filters(bands, 4 * bands), alternate=True)
    s.add("activate", "sum", "audio", act="tanh")


def newer_model(
    seed: int = 0, *, channels: int = 1, dims: int = 5, bands: int = 8, coded: str = ""
) -> tuple[Description, Tensors]:
    """A random model of every operation that came with format 2; hop 4 * bands."""
    rng = np.random.default_rng(seed)
    tensors: Tensors = {}
    listens, sounds = Sketch("e", rng, tensors, False), Sketch("d", rng, tensors, False)
    newer_encoder(listens, channels, dims, bands, coded)
    newer_decoder(sounds, channels, dims, bands, coded)
    description = Description(
        format=2, name="newer", sample_rate=22050, channels=channels, hop=4 * bands, dims=dims, delay=0,
        encoder=listens.operations, decoder=sounds.operations, latent=statistics(dims),
    )  # fmt: skip
    return description, tensors
