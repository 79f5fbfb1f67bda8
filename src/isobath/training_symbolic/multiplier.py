"""The Lagrange multiplier: the prior is weighed as little as the error needs to reach its bound.

What is minimised is error + β·distance, with β = 1/λ of paper 003's equation 3. All rules hear a
running mean of the error C and its bound κ².

- relative: log β falls by gain·(C − κ²)/κ² a step; it locks within some hundred steps.
- geco: log λ rises by ν·(C − κ²) (Rezende & Viola 2018).
- rewo: β moves by exp(ν f δ), f = −1 above the bound, tanh(τ(β − 1)) below, and the prior rests
  until the bound is first met (Klushyn et al. 2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

LOWEST, HIGHEST = 0.02, 1.0
MEMORY = 0.99
_TAU = 1.0
_FASTEST = 1.0


@dataclass
class Multiplier:
    """β and what it has heard. met: whether the error was ever below its bound."""

    rule: Literal["relative", "geco", "rewo", "fixed"]
    bound: float
    gain: float
    beta: float
    heard: float = math.nan
    met: bool = False

    def hear(self, error: float) -> None:
        """One step's error."""
        self.heard = error if math.isnan(self.heard) else MEMORY * self.heard + (1 - MEMORY) * error
        over = self.heard - self.bound
        self.met = self.met or over < 0
        if self.rule == "fixed":
            return
        if self.rule == "relative":
            move = -self.gain * max(-_FASTEST, min(_FASTEST, over / self.bound))
        elif self.rule == "geco":
            move = -self.gain * over
        else:
            move = self.gain * (-1.0 if over >= 0 else math.tanh(_TAU * (self.beta - 1))) * over
        self.beta = min(HIGHEST, max(LOWEST, self.beta * math.exp(max(-_FASTEST, min(_FASTEST, move)))))

    @property
    def prior_rests(self) -> bool:
        """Whether the prior is not trained yet (rewo's first phase)."""
        return self.rule == "rewo" and not self.met
