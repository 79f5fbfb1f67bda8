# mypy: disable-error-code="no-any-return"
"""What a model knows of its own latent space, as a cloud with a mean, a shape and an edge.

The page's copy is web/src/steer/knowledge.ts; the kernel's clamp pulls latents back inside it while
playing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike

from isobath.errors import UsageError

Rows = Float64[np.ndarray, "n dims"]


@dataclass(frozen=True)
class Known:
    """The `latent` statistics of docs/model-format.md, ready to be asked.

    `mean` (dims,), `covariance` (dims, dims); `radius`: the Mahalanobis distance within which 99 % of
    the training latents lie. Give `description.latent.mean`, `.covariance` and `.known_radius`.
    """

    mean: Sequence[float]
    covariance: Sequence[Sequence[float]]
    radius: float

    @cached_property
    def _factor(self) -> Float64[np.ndarray, "dims dims"]:
        """Lower Cholesky factor; a dimension that never moved gets a trace of room."""
        covariance = np.asarray(self.covariance, dtype=np.float64)
        return np.linalg.cholesky(covariance + 1e-6 * np.eye(len(covariance)))

    def distance(self, latents: ArrayLike) -> Float64[np.ndarray, "n"]:
        """Mahalanobis distances of latents (n, dims), or of one (dims,); `radius` is the edge."""
        rows = np.atleast_2d(np.asarray(latents, dtype=np.float64))
        if rows.shape[-1] != len(self.mean):
            raise UsageError(
                f"This model has {len(self.mean)} latent dimensions; the latents given have {rows.shape[-1]}."
            )
        return np.linalg.norm(np.linalg.solve(self._factor, (rows - np.asarray(self.mean)).T), axis=0)

    def knows(self, latents: ArrayLike) -> np.ndarray:
        """True for each latent within the edge."""
        return self.distance(latents) <= self.radius

    def throw(self, n: int, seed: int, width: float = 1.0) -> Rows:
        """`n` latents as the training audio might have had them; `width` > 1 throws farther."""
        rng = np.random.default_rng(seed)
        thrown = rng.normal(size=(n, len(self.mean))) @ self._factor.T
        return np.asarray(self.mean) + width * thrown
