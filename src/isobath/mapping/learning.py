"""What every algorithm is given and gives back."""

from collections.abc import Callable
from dataclasses import dataclass

from isobath.mapping.mapping import Confidence
from isobath.mapping.settings import Settings
from isobath.mapping.terms import Floats, Term


@dataclass(frozen=True, eq=False)
class Lesson:
    """Places and the sounds there, ready to be learned: distinct places, finite numbers, n >= 2."""

    u: Floats  # (n, inputs), about -1..1
    y: Floats  # (n, outputs)
    weights: Floats  # (n,), above 0, mean 1
    settings: Settings
    previous: Confidence | None = None
    """What was chosen last time, kept unless another choice is clearly better."""


@dataclass(frozen=True, eq=False)
class Learned:
    """An algorithm's answer: bias (outputs,) plus terms."""

    bias: Floats
    terms: tuple[Term, ...]
    confidence: Confidence | None = None
    warnings: tuple[str, ...] = ()


Algorithm = Callable[[Lesson], Learned]
