"""How a model of bars is built and trained: the paper's own configuration, and small twins of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from isobath.errors import UsageError

Kind = Literal["drums", "melody"]


@dataclass(frozen=True)
class Shape:
    """A network.

    network: `twin`, products of matrices, a bar at a time, decoded all at once; `paper`, paper 003's
    table 3: two bidirectional GRUs, conductor, bar decoder. dims: of the latent. bar_width, width:
    of the twin's layers; token_width: numbers that a step's token is first turned into, in every step
    the same, 0 to read steps as they are. encoder, conductor, decoder: units of the paper's networks;
    feedback: whether its bar decoder hears its own last step (`autoregressive`) or where it is in the
    bar (`parallel`). prior_width: of both networks of the hierarchical prior.
    """

    kind: Kind
    bars: int
    dims: int = 32
    network: Literal["twin", "paper"] = "twin"
    bar_width: int = 384
    token_width: int = 0
    width: int = 512
    encoder: int = 1024
    conductor: int = 512
    decoder: int = 512
    feedback: Literal["parallel", "autoregressive"] = "parallel"
    prior_width: int = 256


@dataclass(frozen=True)
class Course:
    """How it is trained.

    prior: `vhp`, learned (Klushyn et al. 2019), or `normal`. samples: K, of its importance weights.
    constraint: how the multiplier moves (multiplier.py), or `fixed`. bound: κ², the error to be
    reached (objective.py says of what). beta: of `fixed`, and where the others begin. gain: ν.
    flat: η; flat_scaled: of the loss without scale, or as the paper's equation 5 has it; estimator: of
    the flat loss (flat.py); directions: M; reach: α0 of mix-up; step: μ.
    condition: weight of Stein's loss of G, 0 for none; with it, flatness is of the exact G at
    exact_batch points instead of an estimate. stress: weight of distances between stress_batch
    phrases; even: of even changes along so many lines (distances.py). attributes: weight of the
    affine head. flat_from, flat_rise: steps before geometry begins, and until it weighs all it does.
    noise: share of steps the encoder does not hear. transposed: semitones that melodies are moved by,
    at most.
    """

    steps: int = 3000
    batch: int = 128
    learning_rate: float = 3e-3
    lowest_rate: float = 2e-5
    warmup: int = 100
    clip: float = 1.0
    average: float = 0.998
    seed: int = 1
    prior: Literal["vhp", "normal"] = "vhp"
    samples: int = 4
    constraint: Literal["relative", "geco", "rewo", "fixed"] = "relative"
    bound: float = 0.042
    beta: float = 0.05
    gain: float = 0.05
    free_nats: float = 0.0
    flat: float = 1.0
    flat_scaled: bool = True
    estimator: Literal["pairwise", "nesterov", "taylor"] = "pairwise"
    directions: int = 3
    reach: float = 0.2
    step: float = 0.02
    flat_batch: int = 32
    flat_from: int = 0
    flat_rise: int = 500
    attributes: float = 4.0
    condition: float = 0.0
    exact_batch: int = 6
    stress: float = 0.0
    stress_batch: int = 64
    even: float = 0.0
    lines: int = 8
    noise: float = 0.05
    transposed: int = 88
    check_every: int = 500
    save_seconds: float = 120.0


@dataclass(frozen=True)
class Configuration:
    """A name, a network and a course; of which set, by which sides."""

    name: str
    shape: Shape
    course: Course


_DISTANCES: dict[str, Any] = {"condition": 15.0, "stress": 80.0, "even": 10.0, "attributes": 5.0}
_NO_DISTANCES: dict[str, Any] = {"condition": 0.0, "stress": 0.0, "even": 0.0}


def _twin(name: str, shape: Shape, **course: Any) -> Configuration:
    return Configuration(name, shape, Course(**(_DISTANCES | course)))


def _paper(name: str, shape: Shape, *, bound: float, flat: float, samples: int) -> Configuration:
    """Paper 003's table 3. Batch, steps and what its κ² is of are not stated there."""
    course = Course(
        batch=512, learning_rate=5e-4, bound=bound, flat=flat, flat_scaled=False, samples=samples,
        attributes=0.0, constraint="rewo", gain=1.0, average=0.0, steps=25000,
    )  # fmt: skip
    return Configuration(name, shape, course)


CONFIGURATIONS = {
    c.name: c
    for c in (
        _twin("drums-2", Shape("drums", 2, 32, bar_width=256, width=384)),
        _twin("drums-4", Shape("drums", 4, 32, bar_width=256, width=384), bound=0.05),
        _twin(
            "melody",
            Shape("melody", 2, 64, bar_width=256, width=384, token_width=28),
            bound=0.5,
            transposed=1,
            flat=0.3,
            condition=3.0,
            exact_batch=3,
            stress=20.0,
            even=1.0,
            lines=6,
            flat_from=500,
            flat_rise=1500,
            attributes=4.0,
            noise=0.0,
            steps=4000,
        ),
        _paper("paper-drums-2", Shape("drums", 2, 32, "paper"), bound=0.0225, flat=2500.0, samples=16),
        _paper("paper-drums-4", Shape("drums", 4, 32, "paper"), bound=0.0225, flat=2500.0, samples=16),
        _paper("paper-piano", Shape("melody", 2, 64, "paper"), bound=0.0009, flat=2000.0, samples=8),
        _paper("paper-cello", Shape("melody", 4, 64, "paper"), bound=0.0036, flat=2000.0, samples=8),
    )
}
"""The shipped twins, and paper 003's table 3 as it stands (its η is of the loss unscaled)."""

VARIANTS: dict[str, dict[str, Any]] = {
    "ours": {},
    "paper-objective": {"attributes": 0.0, **_NO_DISTANCES},
    "no-flat": {"flat": 0.0, "attributes": 0.0, **_NO_DISTANCES},
    "normal-prior": {"prior": "normal", "attributes": 0.0, **_NO_DISTANCES},
    "baseline": {"prior": "normal", "flat": 0.0, "attributes": 0.0, **_NO_DISTANCES},
}
"""Ablations: what the paper's full objective is, and what is left out of it. `baseline` is a VAE as
MusicVAE's, tuned by the same constraint."""


def variant(configuration: Configuration, name: str) -> Configuration:
    """A configuration with an ablation's settings.

    Raises:
        UsageError: there is no such ablation.
    """
    if name not in VARIANTS:
        raise UsageError(f"There is no variant {name}. There are: {', '.join(VARIANTS)}.")
    return replace(configuration, course=replace(configuration.course, **VARIANTS[name]))
