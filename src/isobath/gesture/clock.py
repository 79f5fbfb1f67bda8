"""Movement without a hand: waves, steps and a smooth random walk, each a pure function of rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from isobath.gesture.conditioning import clip, eased

Shape = Literal["sine", "triangle", "saw", "square", "walk", "steps"]


def place(shape: Shape, rounds: float, steps: Sequence[float] = (), seed: int = 1) -> float:
    """0..1 after so many rounds. Waves begin at 0, rise and are at their highest in the middle of a round;
    a walk turns once a round; steps share a round evenly."""
    if not math.isfinite(rounds):
        return 0.5
    within = rounds - math.floor(rounds)
    match shape:
        case "sine":
            return 0.5 - 0.5 * math.cos(2.0 * math.pi * within)
        case "triangle":
            return 1.0 - abs(2.0 * within - 1.0)
        case "saw":
            return within
        case "square":
            return 0.0 if within < 0.5 else 1.0
        case "walk":
            turn = math.floor(rounds)
            here, there = chance(seed, turn), chance(seed, turn + 1)
            return here + eased(within) * (there - here)
        case "steps":
            if not steps:
                return 0.5
            return clip(steps[min(int(within * len(steps)), len(steps) - 1)], 0.0, 1.0)


def chance(seed: int, turn: int) -> float:
    """0..1, the same for the same seed and turn (an integer hash; no generator to keep)."""
    x = (seed * 0x9E3779B1 + turn * 0x85EBCA77 + 0x165667B1) & 0xFFFFFFFF
    for _ in range(2):
        x = ((x ^ x >> 15) * 0x2C1B3C6D) & 0xFFFFFFFF
        x = ((x ^ x >> 12) * 0x297A2D39) & 0xFFFFFFFF
    return (x ^ x >> 15) / 4294967295.0
