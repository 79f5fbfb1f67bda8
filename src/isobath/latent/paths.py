"""Paths through a latent space, for `model.decode` without a gesture."""

import numpy as np
from numpy.typing import ArrayLike

from isobath.errors import UsageError
from isobath.types import Latent


def glide(latents: ArrayLike, frames: int) -> Latent:
    """A path (dims, frames) that visits the latents (n, dims) in turn, in straight lines at an even pace.

    It starts at the first and ends at the last; equal neighbours are passed without a stop.
    """
    rows = np.atleast_2d(np.asarray(latents, dtype=np.float64))
    if frames < 1 or not rows.size or not np.isfinite(rows).all():
        raise UsageError(
            f"A path needs at least one frame and finite latents; it was given {frames} frames and "
            f"{len(rows)} latents."
        )
    lengths = np.linalg.norm(np.diff(rows, axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(lengths)])
    asked = np.linspace(0.0, travelled[-1], frames)
    path = np.stack([np.interp(asked, travelled, column) for column in rows.T])
    path[:, -1] = rows[-1] if frames > 1 else rows[0]
    return path.astype(np.float32)
