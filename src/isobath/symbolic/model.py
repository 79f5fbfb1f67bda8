"""A model of bars, playing: encode, decode, wander near, morph, and ask for more or less of something.

The small twin of paper 003's flat-manifold VAE (training_symbolic/networks.py trains it), in numpy
alone: a handful of matrix products. Files are `.safetensors` with a description; reading one never
runs code. Weights of the decoder are kept in half precision, those of the encoder in whole numbers
of 8 bits with a scale for each row. docs/symbolic.md tells of every method.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from isobath.errors import ModelDamaged, ModelMismatch, ModelNewer, ModelUnknown, UsageError
from isobath.models.description import write_whole
from isobath.symbolic.attributes import OF_KIND
from isobath.symbolic.bars import DRUM_VALUES, LOWEST_PITCH, STEPS_PER_BAR, TOKENS, Bars, Drums, Melody
from isobath.symbolic.morphing import evenly, schedule

FORMAT = 1
KEY = "isobath_symbolic"
BUNDLED = ("drums-2", "drums-4", "melody")
LARGEST_FILE = 64 << 20
_RATHER_MORE = 0.01
_SHARES, _FURTHEST_SHARE = 13, 3.0
"""Points tried along a step to change attributes by what was asked, and how far beyond it."""
_UNASKED = 0.3
"""What an attribute weighs that nobody asked to change."""
_FINER = 16
"""Points of a line that are looked at, for each that is wanted."""
_RADII = 9
"""Points tried along a direction to change as many hits as was asked."""

Floats = NDArray[np.float32]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a model of bars is.

    kind: drums or melody. bars, dims: of a phrase and of its latent. bar_width, width, prior_width:
    of the network; token_width: numbers a token is read as, 0 for none. attributes: names, in the
    head's order. quality: measured on bars never heard.
    """

    format: int
    name: str
    kind: str
    bars: int
    dims: int
    bar_width: int
    width: int
    token_width: int = 0
    prior_width: int
    attributes: tuple[str, ...]
    title: str = ""
    credit: str = ""
    licence: str = ""
    training: dict[str, Any] = {}
    quality: dict[str, Any] = {}

    @property
    def steps(self) -> int:
        """Sixteenths of a phrase."""
        return self.bars * STEPS_PER_BAR

    @property
    def values(self) -> int:
        """Values of a step."""
        return DRUM_VALUES if self.kind == "drums" else TOKENS


CALIBRATED = 24
"""Radii at which the mean number of changed hits is known."""
PHRASES = 512
"""Training phrases whose places are kept, at most."""


def shapes(about: About) -> dict[str, tuple[int, ...]]:
    """Every tensor of a file and its shape; `phrases` has any number of rows up to PHRASES."""
    e, h, n, p, a = about.bar_width, about.width, about.dims, about.prior_width, len(about.attributes)
    bar = STEPS_PER_BAR * (about.token_width or about.values)
    found: dict[str, tuple[int, ...]] = {}
    if about.token_width:
        w, v = about.token_width, about.values
        found |= {"listen.weight": (w, v), "speak.weight": (v, w), "speak.bias": (v,)}
    for name, out, into in (
        ("read_bar", e, bar), ("join", h, about.bars * e), ("think", h, h), ("posterior", 2 * n, h),
        ("enter", h, n), ("plan", h, h), ("part", about.bars * e, h), ("write_bar", bar, e),
        ("head", a, n), ("prior_a", p, n), ("prior_b", p, p), ("prior_c", 2 * n, p),
    ):  # fmt: skip
        found |= {f"{name}.weight": (out, into), f"{name}.bias": (out,)}
    return found | {
        "attribute_mean": (a,), "attribute_deviation": (a,), "latent_mean": (n,), "latent_deviation": (n,),
        "latent_low": (n,), "latent_high": (n,), "posterior_deviation": (n,), "view": (3, n),
        "view_share": (3,), "vectors": (a, n), "calibrated_radius": (CALIBRATED,),
        "calibrated_changes": (CALIBRATED,), "response": (a, a),
    }  # fmt: skip


@dataclass(frozen=True)
class Statistics:
    """Where the model's phrases lie.

    mean, deviation, low, high: of each axis, (dims,). view: three directions that show most of it,
    (3, dims), and view_share, of the variance. vectors: (attributes, dims), from the lower quarter of
    an attribute to the upper. phrases: latents of training phrases, (n, dims).
    attribute_mean, attribute_deviation: over the training side, in the attribute's own units.
    """

    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats
    view: Floats
    view_share: Floats
    vectors: Floats
    phrases: Floats
    attribute_mean: Floats
    attribute_deviation: Floats


class SymbolicModel:
    """A model of bars; read-only, so that many threads may play it."""

    def __init__(self, about: About, tensors: dict[str, NDArray[Any]]) -> None:
        tensors = {"response": np.eye(len(about.attributes), dtype=np.float32)} | tensors
        for name, shape in shapes(about).items():
            got = tensors[name].shape if name in tensors else "missing"
            if got != shape:
                raise ModelDamaged(f"{about.name} is damaged: {name} is {got}, not {shape}.")
        phrases = tensors.get("phrases")
        if phrases is None or phrases.ndim != 2 or phrases.shape[1] != about.dims or len(phrases) > PHRASES:
            raise ModelDamaged(f"{about.name} is damaged: its phrases are not latents.")
        self.about = about
        self._t = {k: np.ascontiguousarray(v, dtype=np.float32) for k, v in tensors.items()}
        if not all(np.all(np.isfinite(v)) for v in self._t.values()):
            raise ModelDamaged(f"{about.name} is damaged: it holds what is no number.")

    @property
    def name(self) -> str:
        """Its name."""
        return self.about.name

    @property
    def kind(self) -> str:
        """drums or melody."""
        return self.about.kind

    @property
    def steps(self) -> int:
        """Sixteenths of a phrase."""
        return self.about.steps

    @property
    def dims(self) -> int:
        """Dimensions of the latent."""
        return self.about.dims

    @cached_property
    def statistics(self) -> Statistics:
        """Where its phrases lie."""
        t = self._t
        return Statistics(
            t["latent_mean"], t["latent_deviation"], t["latent_low"], t["latent_high"], t["view"],
            t["view_share"], t["vectors"], t["phrases"], t["attribute_mean"], t["attribute_deviation"],
        )  # fmt: skip

    def silence(self) -> Bars:
        """A phrase without a note."""
        return (Drums if self.kind == "drums" else Melody).silence(self.steps)

    def encode(self, bars: Bars) -> Floats:
        """The place of a phrase, (dims,). Shorter phrases are repeated to fill the model's bars.

        Raises:
            ModelMismatch: drums given to a melody model or the other way, or too many bars.
        """
        if bars.kind != self.kind:
            raise ModelMismatch(f"{self.name} hears {self.kind}, these bars are {bars.kind}.")
        if not 0 < bars.steps <= self.steps:
            raise ModelMismatch(f"{self.name} hears {self.about.bars} bars, these are {bars.steps / 16:g}.")
        tensor = bars.tensor
        if bars.steps < self.steps:
            tensor = np.tile(tensor, (-(-self.steps // bars.steps), 1))[: self.steps]
        return np.asarray(self.encode_tensors(tensor[None])[0][0])

    def encode_tensors(self, tensors: Floats) -> tuple[Floats, Floats]:
        """(n, steps, values) -> mean and standard deviation of the posterior, (n, dims) each."""
        n = len(tensors)
        if self.about.token_width:
            tensors = tensors @ self._t["listen.weight"].T
        bars = _silu(self._linear("read_bar", tensors.reshape(n * self.about.bars, -1)))
        h = _silu(self._linear("join", bars.reshape(n, -1)))
        h = h + _silu(self._linear("think", h))
        mean, log_sigma = np.split(self._linear("posterior", h), 2, axis=1)
        return mean, np.exp(np.clip(log_sigma, -6.0, 2.0))

    def logits(self, z: Floats) -> Floats:
        """(n, dims) -> (n, steps, values) before activation."""
        h = _silu(self._linear("enter", z))
        h = h + _silu(self._linear("plan", h))
        bars = _silu(self._linear("part", h)).reshape(len(z) * self.about.bars, -1)
        written = self._linear("write_bar", bars).reshape(len(z), self.steps, -1)
        return self._linear("speak", written) if self.about.token_width else written

    def decode_soft(self, z: Floats) -> Floats:
        """(n, dims) -> (n, steps, values): chances of hits, velocities, offsets; or of tokens."""
        logits = self.logits(z)
        if self.kind == "drums":
            logits[..., :18] = _sigmoid(logits[..., :18])
            logits[..., 18:] = np.tanh(logits[..., 18:])
            return logits
        chances = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(chances / chances.sum(axis=-1, keepdims=True))

    def bars_of(self, soft: Floats) -> Bars:
        """One soft decoding (steps, values) as bars."""
        return Drums.of(soft) if self.kind == "drums" else Melody.of(soft)

    def decode(self, z: Floats) -> Bars:
        """The phrase at a place (dims,)."""
        return self.bars_of(self.decode_soft(self._row(z))[0])

    def attributes(self, z: Floats) -> dict[str, float]:
        """What the phrase at a place has of each attribute, in its own units, told by the affine head."""
        told = self._linear("head", self._row(z))[0]
        values = told * self._t["attribute_deviation"] + self._t["attribute_mean"]
        return {name: float(v) for name, v in zip(self.about.attributes, values, strict=True)}

    def moved(self, z: Floats, **amounts: float) -> Floats:
        """A place moved so that attributes change by these amounts, in their own units, and no other does.

        The direction is `towards`; how far along it the phrase at z answers so is heard, as hits come and
        go one at a time, and what nobody asked for is then taken back where it can be.

        Raises:
            UsageError: an attribute that the model has not.
        """
        wanted = self._wanted(amounts)
        here: Floats = self._row(z)[0]
        if not wanted.any():
            return here
        goal = self._heard(here[None])[0] + wanted
        care: Floats = np.where(wanted != 0, np.float32(1.0), np.float32(_UNASKED))
        care = care / self._t["attribute_deviation"]
        moved = here
        for weights in (care * (wanted != 0).astype(np.float32), care):
            step = self._step(goal - self._heard(moved[None])[0])
            moved = np.asarray(moved + self._heard_share(moved, step, goal, weights) * step)
        return moved

    def _heard(self, z: Floats) -> Floats:
        """Attributes of the phrases at places (n, dims), as symbolic/attributes.py counts them, but of
        logits, and only where there are hits: it is asked for while somebody waits."""
        logits = self.logits(z)
        if self.kind == "drums":
            on = logits[..., :9] > 0.0
            row = np.nonzero(on)[0]
            count = np.count_nonzero(on, axis=(1, 2))
            each = (_sigmoid(logits[..., 9:18][on]), np.tanh(logits[..., 18:][on]))
            means = [np.bincount(row, values, len(z)) / np.maximum(count, 1) for values in each]
            return np.stack([count, *means], axis=1).astype(np.float32)
        tokens = logits.argmax(axis=-1)
        onsets = tokens >= 2
        count = onsets.sum(axis=1)
        pitch = ((tokens - 2 + LOWEST_PITCH) * onsets).sum(axis=1) / np.maximum(count, 1)
        return np.stack([count, np.where(count > 0, pitch, 60)], axis=1).astype(np.float32)

    def towards(self, **amounts: float) -> Floats:
        """The step (dims,) that changes attributes by these amounts for most phrases, and no other.

        The decoder does less than the head tells; how much was measured (`response`), and the step is so
        much longer.

        Raises:
            UsageError: an attribute that the model has not.
        """
        return self._step(self._wanted(amounts))

    def _step(self, wanted: Floats) -> Floats:
        return np.asarray(self._steps @ wanted, dtype=np.float32)

    @cached_property
    def _steps(self) -> Floats:
        """For each attribute the step that changes it by one, (dims, attributes)."""
        weight = self._t["head.weight"] * self._t["attribute_deviation"][:, None]
        along = self._t["vectors"].T @ np.linalg.pinv(weight @ self._t["vectors"].T)
        return np.asarray(along @ np.linalg.pinv(self._t["response"]), dtype=np.float32)

    def _wanted(self, amounts: dict[str, float]) -> Floats:
        wanted = np.zeros(len(self.about.attributes), np.float32)
        for name, amount in amounts.items():
            if name not in self.about.attributes:
                raise UsageError(f"{self.name} knows no {name}; it knows {', '.join(self.about.attributes)}.")
            wanted[self.about.attributes.index(name)] = amount
        return wanted

    def _heard_share(self, z: Floats, step: Floats, goal: Floats, weights: Floats) -> np.float32:
        """How much of a step brings the attributes of the phrase nearest to a goal. Heard twice, as
        `_heard_radius` is."""
        shares = np.linspace(0.0, _FURTHEST_SHARE, _SHARES, dtype=np.float32)
        best = self._nearest_share(z, step, shares, goal, weights)
        low, high = shares[max(0, best - 1)], shares[min(len(shares) - 1, best + 1)]
        finer = np.linspace(low, high, _RADII, dtype=np.float32)
        return np.float32(finer[self._nearest_share(z, step, finer, goal, weights)])

    def _nearest_share(self, z: Floats, step: Floats, shares: Floats, goal: Floats, weights: Floats) -> int:
        off = (self._heard(z + shares[:, None] * step) - goal) * weights
        return int(np.argmin((off**2).sum(axis=1)))

    def responding(self, response: NDArray[Any]) -> SymbolicModel:
        """The same model, taken to answer so when attributes are asked for (measures.response)."""
        return SymbolicModel(self.about, self._t | {"response": response})

    def sample(self, rng: np.random.Generator) -> Floats:
        """A place drawn from the learned prior."""
        h = np.maximum(self._linear("prior_a", rng.standard_normal((1, self.dims), np.float32)), 0)
        said = self._linear("prior_c", np.maximum(self._linear("prior_b", h), 0))[0]
        mean, log_sigma = np.split(said, 2)
        sigma = np.exp(np.clip(log_sigma, -6.0, 3.0))
        return np.asarray(mean + sigma * rng.standard_normal(self.dims, np.float32))

    def sample_near(
        self, z: Floats, rng: np.random.Generator, *, sigma: float | None = None,
        changed_hits: float | None = None,
    ) -> Floats:  # fmt: skip
        """A place drawn from a Gaussian around another (paper 003, section 4.4).

        sigma: its deviation on every axis; or changed_hits: how many hits (steps of a melody) are to
        differ from the phrase at z. The direction is drawn; how far along it is looked up, then heard.

        Raises:
            UsageError: neither or both are given.
        """
        if (sigma is None) == (changed_hits is None):
            raise UsageError("Say either sigma or changed_hits: how far away the answer is to be.")
        z = self._row(z)[0]
        direction = rng.standard_normal(self.dims, np.float32)
        if sigma is not None:
            return z + np.float32(sigma) * direction
        assert changed_hits is not None
        if changed_hits <= 0:
            return z
        direction /= np.linalg.norm(direction)
        likely = self.radius_of(changed_hits)
        return np.asarray(z + self._heard_radius(z, direction, likely, changed_hits) * direction)

    def radius_of(self, changed_hits: float) -> float:
        """The distance at which so many hits differ on average, over directions and phrases."""
        changes, radii = self._t["calibrated_changes"], self._t["calibrated_radius"]
        if changed_hits <= changes[-1]:
            return float(np.interp(changed_hits, np.append(0, changes), np.append(0, radii)))
        return float(radii[-1] * changed_hits / max(changes[-1], 1e-6))

    def _heard_radius(self, z: Floats, direction: Floats, likely: float, wanted: float) -> np.float32:
        """The radius along a direction at which the number of changes is nearest to what is wanted.

        Heard twice: widely around what is likely, then between the neighbours of the nearest.
        """
        radii = np.geomspace(0.1, 4.0, _RADII, dtype=np.float32) * np.float32(likely)
        best = self._nearest(z, direction, radii, wanted)
        finer = np.linspace(
            radii[max(0, best - 1)], radii[min(_RADII - 1, best + 1)], _RADII, dtype=np.float32
        )
        return np.float32(finer[self._nearest(z, direction, finer, wanted)])

    def _nearest(self, z: Floats, direction: Floats, radii: Floats, wanted: float) -> int:
        """Which of these radii changes nearest to so many; of several, the middle one."""
        points = np.concatenate([z[None], z + radii[:, None] * direction])
        heard = self.pattern(self.decode_soft(points))
        counts = np.count_nonzero((heard[1:] != heard[:1]).reshape(len(radii), -1), axis=1)
        off = np.abs(counts - wanted) + _RATHER_MORE * (counts < wanted)
        nearest = np.flatnonzero(off == off.min())
        return int(nearest[len(nearest) // 2])

    def sounding(self, soft: Floats) -> Floats:
        """Soft decodings as bars' tensors: what is played of them."""
        if self.kind != "drums":
            return soft
        hits = soft[..., :9] > 0.5
        return np.concatenate([hits, soft[..., 9:18] * hits, soft[..., 18:] * hits], axis=-1)

    def pattern(self, soft: Floats) -> NDArray[Any]:
        """What is counted when phrases are compared: hits, or tokens."""
        return soft[..., :9] > 0.5 if self.kind == "drums" else soft.argmax(axis=-1)

    def morph(self, first: Floats, last: Floats, count: int, *, budgeted: bool = True) -> list[Bars]:
        """`count` phrases from one place to another, both included, at `places` of the straight line.

        budgeted: what both ends share stays, and what they do not changes evenly, at most
        ⌈H/(count - 1)⌉ hits at a time, H the hits that differ in all; without it, each phrase is
        what is decoded there.

        Raises:
            UsageError: fewer than two phrases.
        """
        soft = self.decode_soft(self.places(first, last, count))
        if not budgeted:
            return [self.bars_of(s) for s in soft]
        pattern = schedule(self.pattern(soft), self._confidence(soft))
        return [self._with(s, p) for s, p in zip(soft, pattern, strict=True)]

    def places(self, first: Floats, last: Floats, count: int) -> Floats:
        """`count` places on the straight line between two, (count, dims), both included, so that as much
        changes from each to the next: hits bunch in the middle of a line, and there the steps are short.

        Raises:
            UsageError: fewer than two.
        """
        if count < 2:
            raise UsageError(f"A morph has 2 phrases at least, not {count}.")
        a, b = self._row(first), self._row(last)
        share = np.linspace(0, 1, _FINER * (count - 1) + 1, dtype=np.float32)[:, None]
        soft = self.decode_soft((1 - share) * a + share * b)
        at = share[evenly(self.pattern(soft), soft, count)]
        return np.asarray((1 - at) * a + at * b)

    def _confidence(self, soft: Floats) -> Floats:
        return np.asarray(soft[..., :9]) if self.kind == "drums" else np.asarray(soft.max(axis=-1))

    def _with(self, soft: Floats, pattern: NDArray[Any]) -> Bars:
        if self.kind == "melody":
            return Melody(pattern.astype(np.uint8))
        return Drums.of(np.concatenate([pattern.astype(np.float32), soft[:, 9:]], axis=1))

    def view(self, z: Floats) -> Floats:
        """Places (n, dims) or (dims,) as a person sees them, (n, 3) or (3,): a turn, so distances in
        what is seen are those of the latent, less what the three directions do not show."""
        return np.asarray((z - self._t["latent_mean"]) @ self._t["view"].T)

    def _linear(self, name: str, x: Floats) -> Floats:
        return np.asarray(x @ self._t[f"{name}.weight"].T + self._t[f"{name}.bias"])

    def _row(self, z: Floats) -> Floats:
        z = np.asarray(z, dtype=np.float32)
        if z.shape != (self.dims,):
            raise ModelMismatch(f"{self.name} has {self.dims} dimensions; this latent has shape {z.shape}.")
        return z[None]


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5)


def _silu(x: Floats) -> Floats:
    return x * _sigmoid(x)


def symbolic_path(name: str) -> Path:
    """The file of a bundled model, or the path that was given."""
    if name in BUNDLED:
        return Path(str(resources.files("isobath.symbolic") / "bundled" / f"{name}.safetensors"))
    return Path(name)


def is_bars(path: Path) -> bool:
    """Whether a file says that it is a model of bars."""
    try:
        with safe_open(path, framework="numpy") as file:
            return KEY in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def load(name: str | Path) -> SymbolicModel:
    """A bundled model by name, or any by its file.

    Raises:
        ModelUnknown, ModelDamaged, ModelNewer.
    """
    path = symbolic_path(str(name))
    if not path.is_file():
        raise ModelUnknown(f"There is no model of bars {name}. There are: {', '.join(BUNDLED)}, or a file.")
    if path.stat().st_size > LARGEST_FILE:
        raise ModelDamaged(f"{path.name} has {path.stat().st_size} bytes; no model of bars is so large.")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {})[KEY]
            if json.loads(text).get("format", 0) > FORMAT:
                raise ModelNewer(
                    f"{path.name} was written by a newer Isobath. Update: pip install -U isobath"
                )
            about = msgspec.json.decode(text, type=About)
            _check(path, about)
            wanted = {*shapes(about), *_SCALES, "phrases"}
            tensors = _unpacked({k: file.get_tensor(k) for k in file.keys() if k in wanted})  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, msgspec.MsgspecError) as error:
        raise ModelDamaged(f"{path.name} is not a whole model of bars ({error}).") from error
    return SymbolicModel(about, tensors)


def _check(path: Path, about: About) -> None:
    limits = {"bars": 16, "dims": 1024, "bar_width": 4096, "width": 4096, "prior_width": 4096}
    for name, most in limits.items():
        if not 1 <= getattr(about, name) <= most:
            raise ModelDamaged(f"{path.name} is damaged: {name} is {getattr(about, name)}, not 1 to {most}.")
    if not 0 <= about.token_width <= 1024:
        raise ModelDamaged(f"{path.name} is damaged: token_width is {about.token_width}.")
    if OF_KIND.get(about.kind) != about.attributes:
        raise ModelDamaged(f"{path.name} is damaged: {about.kind} has no such attributes.")


_WHOLE = ("read_bar.weight", "join.weight", "think.weight")
_SCALES = tuple(f"{name}.scale" for name in _WHOLE)


def _unpacked(kept: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Tensors as they play; whole numbers times the scale of their row."""
    found = {k: v for k, v in kept.items() if k not in _SCALES}
    for name in _WHOLE:
        if name in kept and kept[name].dtype == np.int8:
            found[name] = kept[name].astype(np.float32) * kept[f"{name}.scale"][:, None]
    return found


def _packed(name: str, value: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if name in _WHOLE:
        scale = np.maximum(np.abs(value).max(axis=1), 1e-12).astype(np.float32) / 127
        return {name: np.rint(value / scale[:, None]).astype(np.int8), f"{name}.scale": scale}
    half = name.endswith(".weight") or name == "phrases"
    return {name: np.ascontiguousarray(value, dtype=np.float16 if half else np.float32)}


def write_model(path: Path, about: About, tensors: dict[str, NDArray[Any]]) -> None:
    """A model of bars as a file. Raises SaveError."""
    kept = {k: v for name, value in tensors.items() for k, v in _packed(name, value).items()}
    SymbolicModel(about, _unpacked(kept))
    write_whole(path, save(kept, metadata={KEY: msgspec.json.encode(about).decode()}))
