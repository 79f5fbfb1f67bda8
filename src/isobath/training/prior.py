"""Training a prior: a small transformer learns what latents follow which (models/prior.py plays it).

The set is encoded once; what is learned from is the latents alone, which is why a few minutes
on a laptop are enough. A crop may begin at any frame, noise is added to what goes in (some codes are
swapped for others) so that the dream does not lose its way, and training stops when the validation
side is understood no better.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from isobath.corpora import Set
from isobath.errors import ModelMismatch, SetError
from isobath.foreign.torchscript import ForeignModel
from isobath.models.coder import Model
from isobath.models.prior import ROTARY_BASE, About, Prior, codes_of, read_prior, write_prior
from isobath.models.saying import WIDEST

from . import saving

Floats = NDArray[np.floating[Any]]
STEPS_A_SECOND = 30.0
"""About how often a prior is asked."""
MOST_CLASSES = 32768
"""Codes times values that a step tells apart at most."""
_ENCODE_SECONDS = 20.0
_APART_SECONDS = 2.0
"""The same for models in another process, which is given little time for a block."""


@dataclass(frozen=True)
class PriorCourse:
    """How a prior is trained. crop: patches in a sequence; noise: deviations added to what goes in;
    swap: share of the codes that go in as any other; patience: checks without improvement before it
    stops; check_every: steps."""

    steps: int = 4000
    minutes: float = 20.0
    batch: int = 16
    crop: int = 128
    learning_rate: float = 1.5e-3
    warmup: int = 100
    noise: float = 0.15
    swap: float = 0.05
    dropout: float = 0.1
    seed: int = 1
    check_every: int = 200
    patience: int = 5
    width: int = 80
    layers: int = 3
    heads: int = 4
    window: int = 64
    mixtures: int = 6


class Network(nn.Module):
    """The network of models/prior.py, over whole sequences: (batch, steps, values) -> (…, width)."""

    turns: Tensor

    def __init__(self, about: About, dropout: float) -> None:
        super().__init__()
        w = about.width
        self.about, self.dropout = about, dropout
        self.speech: Mixture | Classes = Classes(about) if about.codes else Mixture(about)
        self.layers = nn.ModuleList(_Layer(about, dropout) for _ in range(about.layers))
        size = w // about.heads
        self.register_buffer("turns", ROTARY_BASE ** (-torch.arange(size // 2) / (size // 2)))

    def forward(self, before: Tensor) -> Tensor:
        """before: the patch before each step; that of the first is not looked at."""
        steps = before.shape[1]
        angle = torch.arange(steps)[:, None] * self.turns
        back = torch.arange(steps)[:, None] - torch.arange(steps)[None]
        near = (back >= 0) & (back < self.about.window)
        x: Tensor = self.speech.enter(before)
        for layer in self.layers:
            x = layer(x, angle.cos(), angle.sin(), near)
        return x


class Mixture(nn.Module):
    """A mixture of Gaussians over the next patch, in principal axes (models/saying.py, Numbers)."""

    def __init__(self, about: About) -> None:
        super().__init__()
        self.mixtures = about.mixtures
        self.into = nn.Linear(about.values, about.width)
        self.gain = nn.Parameter(torch.ones(about.width))
        self.say = nn.Linear(about.width, about.mixtures * (1 + 2 * about.values))
        nn.init.normal_(self.say.weight, std=0.02)

    def enter(self, before: Tensor) -> Tensor:
        begun = F.pad(before[:, 1:], (0, 0, 1, 0))
        entered: Tensor = self.into(begun)
        return entered

    def said(self, x: Tensor) -> Tensor:
        said: Tensor = self.say(_normed(x, self.gain))
        return said

    def surprise(self, x: Tensor, truth: Tensor) -> Tensor:
        return surprise(self.said(x), truth, self.mixtures)

    def disturbed(self, before: Tensor, course: PriorCourse) -> Tensor:
        return before + course.noise * torch.randn_like(before)

    def tensors(self) -> dict[str, Tensor]:
        return {
            "in": self.into.weight, "in_bias": self.into.bias, "norm": self.gain,
            "out": self.say.weight, "out_bias": self.say.bias,
        }  # fmt: skip


class Classes(nn.Module):
    """A class for every code of the next patch, knowing those before it (models/saying.py, Codes)."""

    rows: Tensor

    def __init__(self, about: About) -> None:
        super().__init__()
        w, v, n = about.width, about.values, about.codes
        self.codes = n
        self.table = nn.Parameter(torch.randn(v * n, w) / math.sqrt(v))
        self.bias = nn.Parameter(torch.zeros(w))
        self.gain = nn.Parameter(torch.ones(w))
        self.within = nn.Linear(w, w, bias=False)
        self.say = nn.Parameter(0.02 * torch.randn(v * n, w))
        self.say_bias = nn.Parameter(torch.zeros(v * n))
        self.register_buffer("rows", torch.arange(v) * n)

    def _told(self, patches: Tensor) -> Tensor:
        """(batch, steps, values) -> (…, values, width)."""
        return F.embedding(patches.long() + self.rows, self.table)

    def enter(self, before: Tensor) -> Tensor:
        begun = self._told(before[:, 1:]).sum(-2)
        return F.pad(begun, (0, 0, 1, 0)) + self.bias

    def logits(self, x: Tensor, truth: Tensor) -> Tensor:
        """(batch, steps, values, codes), each knowing the true codes before it."""
        known = self.within(self._told(truth)).cumsum(-2)
        x = x.unsqueeze(-2) + F.pad(known[..., :-1, :], (0, 0, 1, 0))
        say = self.say.reshape(-1, self.codes, x.shape[-1])
        said: Tensor = torch.einsum("bsvw,vnw->bsvn", _normed(x, self.gain), say)
        return said + self.say_bias.reshape(-1, self.codes)

    def surprise(self, x: Tensor, truth: Tensor) -> Tensor:
        return F.cross_entropy(self.logits(x, truth).flatten(0, -2), truth.long().flatten())

    def disturbed(self, before: Tensor, course: PriorCourse) -> Tensor:
        other = torch.randint_like(before, self.codes)
        return torch.where(torch.rand_like(before) < course.swap, other, before)

    def tensors(self) -> dict[str, Tensor]:
        return {
            "in": self.table, "in_bias": self.bias, "norm": self.gain, "within": self.within.weight,
            "out": self.say, "out_bias": self.say_bias,
        }  # fmt: skip


class _Layer(nn.Module):
    def __init__(self, about: About, dropout: float) -> None:
        super().__init__()
        w = about.width
        self.heads, self.dropout = about.heads, dropout
        self.gain_a, self.gain_b = nn.Parameter(torch.ones(w)), nn.Parameter(torch.ones(w))
        self.qkv = nn.Linear(w, 3 * w, bias=False)
        self.join = nn.Linear(w, w, bias=False)
        self.up, self.down = nn.Linear(w, 4 * w, bias=False), nn.Linear(4 * w, w, bias=False)
        for last in (self.join, self.down):
            nn.init.normal_(last.weight, std=0.02 / math.sqrt(2 * about.layers))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, near: Tensor) -> Tensor:
        batch, steps, width = x.shape
        qkv = self.qkv(_normed(x, self.gain_a)).reshape(batch, steps, 3, self.heads, -1)
        q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))
        heard = F.scaled_dot_product_attention(
            _rotated(q, cos, sin), _rotated(k, cos, sin), v, attn_mask=near
        )
        x = x + self._drop(self.join(heard.transpose(1, 2).reshape(batch, steps, width)))
        return x + self._drop(self.down(F.silu(self.up(_normed(x, self.gain_b)))))

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


def _normed(x: Tensor, gain: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * gain


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def surprise(said: Tensor, truth: Tensor, mixtures: int) -> Tensor:
    """Mean negative log-likelihood of the truth, nats a value."""
    v = truth.shape[-1]
    logits = said[..., :mixtures].log_softmax(-1)
    spans = said[..., mixtures:].reshape(*truth.shape[:-1], 2, mixtures, v)
    means, logs = spans[..., 0, :, :], spans[..., 1, :, :].clamp(-5.0, 2.0)
    each = -0.5 * ((truth.unsqueeze(-2) - means) * torch.exp(-logs)).square() - logs
    together = logits + (each - 0.5 * math.log(2 * math.pi)).sum(-1)
    return torch.neg(together.logsumexp(-1).mean() / v)


def encoded(
    model: Model | ForeignModel, sounds: Set, split: str, progress: Callable[[float], None]
) -> list[Floats]:
    """Latents of every entry of one side, (frames, dims) each, in pieces as they come from the encoder."""
    found = []
    rate = sounds.sample_rate
    total, done = sounds.samples(split), 0  # type: ignore[arg-type]
    for entry in sounds.entries(split):  # type: ignore[arg-type]
        pieces, encoder = [], model.encoder()
        piece = int((_ENCODE_SECONDS if isinstance(model, Model) else _APART_SECONDS) * rate)
        if model.sample_rate != rate:
            pieces.append(model.encode(sounds.audio(entry), rate))
            done += entry.samples
        else:
            piece = piece // model.hop * model.hop
            for start in range(0, entry.samples, piece):
                sound = sounds.audio(entry, start, min(piece, entry.samples - start))
                pieces.append(encoder(model.prepare(sound)))
                done += sound.shape[1]
                progress(done / max(1, total))
        found.append(np.concatenate(pieces, axis=1).T)
    return found


@dataclass(frozen=True)
class Material:
    """Latents file by file, (frames, dims): in deviations, or as codes."""

    train: list[Floats]
    validation: list[Floats]
    patch: int
    axes: Axes | None
    """Of the patches; None: the latents are codes."""


@dataclass(frozen=True)
class Axes:
    """What latents are in deviations of, and the principal axes of their patches."""

    mean: Floats
    std: Floats
    basis: Floats
    spread: Floats


def material(train: list[Floats], validation: list[Floats], about: About) -> Material:
    """What is learned from; deviations and principal axes come from the training side."""
    if about.codes:
        whole = [[np.rint(z) for z in side] for side in (train, validation)]
        return Material(whole[0], whole[1], about.patch, None)
    patch = about.patch
    everything = np.concatenate(train)
    mean, std = everything.mean(axis=0), np.maximum(everything.std(axis=0), 1e-4)

    def ready(z: Floats) -> Floats:
        return np.asarray(np.clip((z - mean) / std, -WIDEST, WIDEST))

    sides = [ready(z) for z in train], [ready(z) for z in validation]
    starts = range(0, patch, max(1, patch // 3))
    rows = [_patches(z[o:], patch) for z in sides[0] for o in starts if len(z) - o >= patch]
    if not rows:
        raise SetError("These recordings are too short to dream from. Prepare a few seconds at least.")
    values, vectors = np.linalg.eigh(np.cov(np.concatenate(rows).T).reshape(rows[0].shape[1], -1))
    order = np.argsort(values)[::-1]
    spread = np.sqrt(np.maximum(values[order], 1e-6))
    return Material(*sides, patch, Axes(mean, std, vectors[:, order].T, spread))


def _patches(z: Floats, patch: int) -> Floats:
    return z[: len(z) // patch * patch].reshape(-1, z.shape[1] * patch)


def _turned(rows: Floats, m: Material) -> Floats:
    """Patches as the network sees them: in principal axes, or codes as they are."""
    return rows if m.axes is None else rows @ m.axes.basis.T / m.axes.spread


def _crop(side: list[Floats], m: Material, steps: int, random: np.random.Generator) -> Floats:
    """A sequence of patches from anywhere, as the network sees them; short files go on with others."""
    need, gathered = steps * m.patch, 0
    parts: list[Floats] = []
    chances = np.array([len(z) for z in side], dtype=np.float64)
    while gathered < need:
        z = side[random.choice(len(side), p=chances / chances.sum())]
        start = int(random.integers(0, max(1, len(z) - need + gathered + 1)))
        parts.append(z[start : start + need - gathered])
        gathered += len(parts[-1])
    return _turned(np.concatenate(parts).reshape(steps, -1), m)


def _batch(side: list[Floats], m: Material, course: PriorCourse, random: np.random.Generator) -> Tensor:
    return torch.from_numpy(
        np.stack([_crop(side, m, course.crop, random) for _ in range(course.batch)]).astype(np.float32)
    )


def _asked(network: Network, truth: Tensor, course: PriorCourse, *, disturbed: bool) -> Tensor:
    before = truth.roll(1, dims=1)
    if disturbed:
        before = network.speech.disturbed(before, course)
    return network.speech.surprise(network(before), truth)


@torch.no_grad()
def _checked(network: Network, m: Material, course: PriorCourse) -> float:
    network.eval()
    random = np.random.default_rng(12345)
    side = m.validation or m.train
    found = [
        float(_asked(network, _batch(side, m, course, random), course, disturbed=False)) for _ in range(4)
    ]
    network.train()
    return float(np.mean(found))


def baseline(m: Material, codes: int) -> float:
    """Nats a value of what a prior must beat: a linear Gaussian guess of the next patch from the last;
    of codes, how frequent each is."""
    return _by_frequency(m, codes) if codes else _linear(m)


def _by_frequency(m: Material, codes: int) -> float:
    known, asked = (np.concatenate(side).astype(np.int64) for side in (m.train, m.validation or m.train))
    found = []
    for book in range(known.shape[1]):
        counts = np.bincount(known[:, book], minlength=codes) + 1.0  # every code might come
        found.append(-np.log(counts / counts.sum())[asked[:, book]].mean())
    return float(np.mean(found))


def _linear(m: Material) -> float:
    def pairs(side: list[Floats]) -> tuple[Floats, Floats]:
        rows = [_turned(_patches(z, m.patch), m) for z in side if len(z) >= 2 * m.patch]
        return np.concatenate([r[:-1] for r in rows]), np.concatenate([r[1:] for r in rows])

    x, y = pairs(m.train)
    ridge = x.T @ x + 1e-3 * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(ridge, x.T @ y)
    spread = np.log(np.maximum((y - x @ weights).std(axis=0), 1e-3))
    x, y = pairs(m.validation or m.train)
    each = 0.5 * ((y - x @ weights) / np.exp(spread)) ** 2 + spread + 0.5 * math.log(2 * math.pi)
    return float(each.mean())


def about_prior(model: Model | ForeignModel, course: PriorCourse) -> About:
    """The prior that fits a model: patches of so many frames that it is asked 30 times a second.

    Raises:
        ModelMismatch: it cannot hear sound as the latents that it plays.
    """
    if not model.can_encode or not model.dims:
        raise ModelMismatch(
            f"{model.name} cannot dream: it does not turn sound into latents that it plays. Choose a model "
            "with an encoder and a decoder."
        )
    patch = max(1, round(model.sample_rate / model.hop / STEPS_A_SECOND))
    if isinstance(model, Model):
        said = model.description
        codes, credit, licence = codes_of(said, model.tensors), said.credit, said.licence
    else:
        codes, credit, licence = model.description.codes, "", ""
    patch = max(1, min(patch, MOST_CLASSES // (codes * model.dims) if codes else 512 // model.dims))
    return About(
        format=2 if codes else 1, model=model.name, dims=model.dims, hop=model.hop,
        sample_rate=model.sample_rate, patch=patch, width=course.width, layers=course.layers,
        heads=course.heads, window=course.window, mixtures=1 if codes else course.mixtures, codes=codes,
        credit=credit, licence=licence,
    )  # fmt: skip


def tensors_of(network: Network, m: Material) -> dict[str, NDArray[Any]]:
    """As models/prior.py names them."""
    found: dict[str, Any] = dict(network.speech.tensors())
    if m.axes is not None:
        found |= {
            "mean": m.axes.mean, "std": m.axes.std, "basis": m.axes.basis, "spread": m.axes.spread,
        }  # fmt: skip
    for i, layer in enumerate(network.layers):
        assert isinstance(layer, _Layer)
        found |= {
            f"{i}.norm_a": layer.gain_a, f"{i}.qkv": layer.qkv.weight, f"{i}.join": layer.join.weight,
            f"{i}.norm_b": layer.gain_b, f"{i}.up": layer.up.weight, f"{i}.down": layer.down.weight,
        }  # fmt: skip
    return {k: v.detach().numpy() if isinstance(v, Tensor) else np.asarray(v) for k, v in found.items()}


@dataclass(frozen=True)
class Progress:
    """How far a prior is: nats a value, of the last step and of the validation side at its best."""

    step: int
    surprise: float
    best: float
    seconds_left: float


def train_prior(
    about: About, m: Material, course: PriorCourse, checkpoint: Path, stop: Callable[[], bool]
) -> Iterator[Progress]:
    """Train, a report every few steps; the best weights so far are in `checkpoint`, to go on from."""
    torch.manual_seed(course.seed)
    network = Network(about, course.dropout)
    optimiser = torch.optim.AdamW(
        network.parameters(), course.learning_rate, betas=(0.9, 0.98), weight_decay=0.05
    )
    step, best, behind, spent = 0, math.inf, 0, 0.0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        shape = (state["about"], state["width"], state.get("codes", 0))
        if shape == (about.values, about.width, about.codes) and "speech.gain" in state["network"]:
            network.load_state_dict(state["network"])
            optimiser.load_state_dict(state["optimiser"])
            step, best, behind, spent = state["step"], state["best"], state["behind"], state["spent"]
    began = time.monotonic() - spent
    while step < course.steps and behind < course.patience and not stop():
        through = max(step / course.steps, (time.monotonic() - began) / (60 * course.minutes))
        if through >= 1:
            break
        random = np.random.default_rng((course.seed, step))
        torch.manual_seed(course.seed * 1_000_003 + step)
        rise = min(1.0, (step + 1) / course.warmup)
        for group in optimiser.param_groups:
            group["lr"] = (
                course.learning_rate * rise * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * through)))
            )
        loss = _asked(network, _batch(m.train, m, course, random), course, disturbed=True)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % course.check_every == 0 or step == course.steps:
            found = _checked(network, m, course)
            behind = 0 if found < best - 1e-3 else behind + 1
            best = min(best, found)
            _save(
                checkpoint,
                about,
                network,
                optimiser,
                step,
                best,
                behind,
                time.monotonic() - began,
                behind == 0,
            )
        if step % 20 == 0:
            left = (time.monotonic() - began) * (1 / max(through, 1e-6) - 1)
            yield Progress(step, float(loss.detach()), best, left)
    if step and not checkpoint.is_file():
        found = _checked(network, m, course)
        _save(checkpoint, about, network, optimiser, step, found, 0, time.monotonic() - began, True)
    elif step % course.check_every:  # stopped between two checks
        spent = time.monotonic() - began
        _save(checkpoint, about, network, optimiser, step, best, behind, spent, False)


def _save(
    path: Path, about: About, network: Network, optimiser: torch.optim.Optimizer,
    step: int, best: float, behind: int, spent: float, better: bool,
) -> None:  # fmt: skip
    kept = network.state_dict()
    if not better and path.is_file():
        kept = torch.load(path, weights_only=True)["best_network"]
    state = {
        "about": about.values, "width": about.width, "codes": about.codes,
        "network": network.state_dict(), "best_network": kept,
        "optimiser": optimiser.state_dict(), "step": step, "best": best, "behind": behind, "spent": spent,
    }  # fmt: skip
    with saving.whole(path) as file:
        torch.save(state, file)


def finish(
    about: About, m: Material, course: PriorCourse, checkpoint: Path, out: Path, heard: dict[str, Any]
) -> Prior:
    """The best weights as a prior file, with how it was made and how well it foretells."""
    state = torch.load(checkpoint, weights_only=True)
    network = Network(about, 0.0)
    network.load_state_dict(state["best_network"])
    made = {
        "steps": int(state["step"]),
        "seed": course.seed,
        "seconds": round(float(state["spent"])),
        **heard,
        "surprise": round(float(state["best"]), 4),
        "surprise_of_counts" if about.codes else "surprise_of_linear": round(baseline(m, about.codes), 4),
    }
    whole = About(**{**{f: getattr(about, f) for f in about.__struct_fields__}, "training": made})
    write_prior(out, whole, tensors_of(network, m))
    return read_prior(out)
