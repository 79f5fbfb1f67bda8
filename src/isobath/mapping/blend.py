"""One mapping becoming the next, without a click.

For `BLEND_SECONDS` both mappings are played and their latents crossfaded in a straight line. A
mapping that arrives meanwhile waits for the end, and of those that wait only the newest is kept: a
demonstration that is dragged refits sixty times a second, and the sound follows it in steps of 50 ms
that join without a corner cut. The page has the same class with the same numbers (mapping.ts).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from isobath.mapping.mapping import Mapping
from isobath.mapping.terms import Floats

BLEND_SECONDS = 0.05


@dataclass(frozen=True, eq=False)
class Blend:
    """Between `old` (position 0) and `current` (position 1); None leaves every dimension as it is."""

    current: Mapping | None = None
    old: Mapping | None = None
    position: float = 1.0
    waiting: tuple[Mapping | None, ...] = ()
    """At most one: what comes after `current`."""

    def towards(self, mapping: Mapping | None) -> "Blend":
        """From now on towards `mapping`."""
        if self.position < 1.0:
            return replace(self, waiting=(mapping,))
        return Blend(mapping, self.current, 0.0)

    def advanced(self, amount: float) -> "Blend":
        """`amount` (frame / BLEND_SECONDS) further along, to be called after each frame."""
        position = min(1.0, self.position + amount)
        if position < 1.0:
            return replace(self, position=position)
        arrived = Blend(self.current)
        return arrived.towards(self.waiting[0]) if self.waiting else arrived

    def __call__(self, point: ArrayLike, base: ArrayLike) -> Floats:
        """Latents (dims,) at one point (axes,); `base` (dims,) is what no mapping decides."""
        before = np.asarray(base, dtype=np.float64)
        new = self.current(point, before) if self.current is not None else before.copy()
        if self.position >= 1.0:
            return new
        old = self.old(point, before) if self.old is not None else before
        return old + self.position * (new - old)
