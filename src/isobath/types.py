"""Arrays, named once, with their axes."""

import numpy as np
from jaxtyping import Float32, Float64

Gesture = Float64[np.ndarray, "axes"]
"""Where the performer is, each axis 0..1."""

Gestures = Float64[np.ndarray, "frames axes"]
"""A gesture over time, one row per latent frame."""

Points = Float64[np.ndarray, "n axes"]
"""Demonstrated places in the performance space."""

Targets = Float64[np.ndarray, "n dims"]
"""Demonstrated latents, one row per demonstration."""

Latent = Float32[np.ndarray, "dims frames"]
"""A path through a model's latent space, in the model's own units (unit variance each)."""

Audio = Float32[np.ndarray, "channels samples"]
"""Sound, -1..1."""
