"""A prior dreams: given the latents so far, it says what may come next, and draws from that.

A small causal transformer over *patches*, short runs of latent frames, so that a model of 172
frames a second is dreamt in some 29 steps a second. What each step says, and how the next patch is
drawn from it, depends on what the model's latents are: numbers, or the codes of a discrete model
(models/saying.py). Attention reaches a fixed number of steps back, so a dream of hours needs no more
memory than one of seconds.

The numbers drawn are a function of seed, step and index alone, and all arithmetic is in double
precision. What goes in again is on a grid, or whole codes; so this and the page's copy
(web/src/audio/prior.ts) dream the same.

Sources: Vaswani et al. 2017 (attention), Su et al. 2021 (rotary positions), Zhang & Sennrich 2019
(RMSNorm); priors over the latents of an audio autoencoder as in Caillon & Esling 2021, section 6.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from isobath.errors import ModelDamaged, ModelMismatch, ModelNewer, ModelUnknown
from isobath.models.description import Description, write_whole
from isobath.models.saying import Codes, Floats, Numbers, Speech, normed

FORMAT = 2
"""Newest that is read; a prior over numbers is written as 1."""
SUFFIX = ".prior"
ROTARY_BASE = 10000.0
LARGEST_FILE = 64 << 20


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a prior is and what it was learned from.

    model, dims, hop, sample_rate: the model it dreams for. patch: frames a step. width, layers,
    heads, window (steps it looks back), mixtures: the network. codes: how many each dimension's book
    holds, where the latents are codes; 0: they are numbers.
    """

    format: int
    model: str
    dims: int
    hop: int
    sample_rate: int
    patch: int
    width: int
    layers: int
    heads: int
    window: int
    mixtures: int
    codes: int = 0
    credit: str = ""
    licence: str = ""
    training: dict[str, Any] = {}
    quality: dict[str, Any] = {}

    @property
    def values(self) -> int:
        """Numbers in a patch."""
        return self.patch * self.dims

    @property
    def steps_a_second(self) -> float:
        """How often the network is asked."""
        return self.sample_rate / (self.hop * self.patch)


def codes_of(description: Description, tensors: Mapping[str, NDArray[Any]]) -> int:
    """How many codes each dimension of a model's latents chooses from; 0: its latents are numbers."""
    for operation in description.decoder:
        if operation.kind == "lookup" and operation.codes is not None:
            return int(tensors[operation.codes].shape[1])
    return 0


def shapes(about: About) -> dict[str, tuple[int, ...]]:
    """Every tensor of a prior file and its shape."""
    w, v = about.width, about.values
    found: dict[str, tuple[int, ...]] = {"in_bias": (w,), "norm": (w,)}
    if about.codes:
        each = v * about.codes
        found |= {"in": (each, w), "within": (w, w), "out": (each, w), "out_bias": (each,)}
    else:
        said = about.mixtures * (1 + 2 * v)
        found |= {
            "mean": (about.dims,), "std": (about.dims,), "basis": (v, v), "spread": (v,), "in": (w, v),
            "out": (said, w), "out_bias": (said,),
        }  # fmt: skip
    for i in range(about.layers):
        found |= {
            f"{i}.norm_a": (w,), f"{i}.qkv": (3 * w, w), f"{i}.join": (w, w),
            f"{i}.norm_b": (w,), f"{i}.up": (4 * w, w), f"{i}.down": (w, 4 * w),
        }  # fmt: skip
    return found


class Prior:
    """A prior, ready to dream; read-only, every dream has its own memory."""

    def __init__(self, about: About, tensors: dict[str, NDArray[Any]]) -> None:
        self.about = about
        for name, shape in shapes(about).items():
            if name not in tensors or tensors[name].shape != shape:
                got = tensors[name].shape if name in tensors else "missing"
                raise ModelDamaged(f"The prior of {about.model} is damaged: {name} is {got}, not {shape}.")
        self._t = {name: np.asarray(value, dtype=np.float64) for name, value in tensors.items()}
        for name, value in self._t.items():
            if not np.all(np.isfinite(value)):
                raise ModelDamaged(f"The prior of {about.model} is damaged: {name} holds what is no number.")

        a = about
        self.speech: Speech = (
            Codes(self._t, a.dims, a.patch, a.codes)
            if a.codes
            else Numbers(self._t, a.dims, a.patch, a.mixtures)
        )

    def dream(
        self, seed: int, temperature: float = 1.0, after: NDArray[np.floating] | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Latents (dims,), frame after frame, for ever.

        temperature: 0 the likeliest path, 1 as it learned. after: latents (dims, frames) to go on from.
        """
        memory, patch = _Memory(self.about), None
        for heard in self._recent(after):
            self.think(memory, patch)
            patch = heard
        step = 0
        while True:
            patch = self.speech.draw(self.think(memory, patch), seed, step, temperature)
            for row in self.speech.latents(patch):
                yield row.astype(np.float32)
            step += 1

    def _recent(self, after: NDArray[np.floating] | None) -> Floats:
        if after is None:
            return np.zeros((0, self.about.values))
        if after.shape[0] != self.about.dims:
            raise ModelMismatch(
                f"The prior of {self.about.model} dreams {self.about.dims} dimensions, these latents "
                f"have {after.shape[0]}. Encode the recording with {self.about.model}."
            )
        reach = self.about.window * self.about.layers
        frames = after.shape[1] // self.about.patch * self.about.patch
        return self.speech.patches(after[:, after.shape[1] - frames :])[-reach:]

    def think(self, memory: _Memory, patch: Floats | None) -> Floats:
        """One step of the network after a patch (None: at the beginning): what comes out, (width,)."""
        t = self._t
        x = self.speech.enter(patch)
        for i in range(self.about.layers):
            x = x + t[f"{i}.join"] @ memory.attend(i, t[f"{i}.qkv"] @ normed(x, t[f"{i}.norm_a"]))
            h = t[f"{i}.up"] @ normed(x, t[f"{i}.norm_b"])
            x = x + t[f"{i}.down"] @ (h / (1.0 + np.exp(-h)))
        memory.position += 1
        return x


class _Memory:
    """What each layer remembers: keys and values of the last `window` steps, in a ring."""

    def __init__(self, about: About) -> None:
        size = about.width // about.heads
        self.heads, self.window, self.position = about.heads, about.window, 0
        self.keys = np.zeros((about.layers, about.window, about.heads, size))
        self.values = np.zeros((about.layers, about.window, about.heads, size))
        self.turns = ROTARY_BASE ** (-np.arange(size // 2) / (size // 2))

    def _rotated(self, x: Floats) -> Floats:
        angle = self.position * self.turns
        c, s = np.cos(angle), np.sin(angle)
        half = x.shape[1] // 2
        a, b = x[:, :half], x[:, half:]
        return np.concatenate((a * c - b * s, a * s + b * c), axis=1)

    def attend(self, layer: int, qkv: Floats) -> Floats:
        q, k, v = qkv.reshape(3, self.heads, -1)
        slot = self.position % self.window
        self.keys[layer, slot], self.values[layer, slot] = self._rotated(k), v
        known = min(self.position + 1, self.window)
        scores = np.einsum("whs,hs->hw", self.keys[layer, :known], self._rotated(q)) / np.sqrt(q.shape[1])
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        heard: Floats = np.einsum("hw,whs->hs", weights, self.values[layer, :known])
        return heard.reshape(-1)


def prior_path(model: Path) -> Path:
    """Where the prior of a model file is kept: beside it, with the ending `.prior`."""
    return model.with_suffix(SUFFIX)


def read_prior(path: Path) -> Prior:
    """A prior file, checked; reading it never runs code.

    Raises:
        ModelUnknown, ModelDamaged, ModelNewer.
    """
    if not path.is_file():
        raise ModelUnknown(f"There is no prior at {path}. Train one with: isobath prior MODEL SET")
    if path.stat().st_size > LARGEST_FILE:
        raise ModelDamaged(f"{path.name} has {path.stat().st_size} bytes; no prior is so large.")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {})["isobath_prior"]
            names = list(file.keys())
            if json.loads(text).get("format", 0) > FORMAT:
                raise ModelNewer(
                    f"{path.name} was written by a newer Isobath. Update: pip install -U isobath"
                )
            about = msgspec.json.decode(text, type=About)
            _check(path, about)
            tensors = {name: file.get_tensor(name) for name in names if name in shapes(about)}
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, msgspec.MsgspecError) as error:
        raise ModelDamaged(f"{path.name} is not a whole prior ({error}). Train it again.") from error
    return Prior(about, tensors)


def _check(path: Path, about: About) -> None:
    limits = {
        "dims": 128, "hop": 65536, "patch": 256, "width": 1024, "layers": 32, "heads": 64,
        "window": 4096, "mixtures": 64, "codes": 16384,
    }  # fmt: skip
    for name, most in limits.items():
        if not (name != "codes") <= getattr(about, name) <= most:
            raise ModelDamaged(f"{path.name} is damaged: its {name} is {getattr(about, name)}.")
    if about.width % (2 * about.heads) or about.values > 4096:
        raise ModelDamaged(f"{path.name} is damaged: {about.heads} heads do not share {about.width} values.")


def write_prior(path: Path, about: About, tensors: dict[str, NDArray[Any]]) -> None:
    """Write a prior file, whole or not at all; matrices in half precision."""
    kept = {
        k: np.asarray(v, np.float16 if v.ndim == 2 and k != "basis" else np.float32)
        for k, v in tensors.items()
    }
    data = save(kept, {"isobath_prior": msgspec.json.encode(about).decode()})
    write_whole(path, data)
