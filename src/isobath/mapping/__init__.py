"""Mapping: from the performance space to the latent space, learned from demonstrations."""

from isobath.mapping.fitting import fit
from isobath.mapping.mapping import Mapping
from isobath.mapping.settings import ALGORITHMS, Output, Settings

__all__ = ["ALGORITHMS", "Mapping", "Output", "Settings", "fit"]
