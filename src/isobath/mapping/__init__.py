"""Mapping: from the performance space to the latent space, learned from demonstrations."""

from isobath.mapping.blend import BLEND_SECONDS, Blend
from isobath.mapping.fitting import fit
from isobath.mapping.learner import Learner
from isobath.mapping.mapping import Mapping
from isobath.mapping.settings import ALGORITHMS, Output, Settings

__all__ = ["ALGORITHMS", "BLEND_SECONDS", "Blend", "Learner", "Mapping", "Output", "Settings", "fit"]
