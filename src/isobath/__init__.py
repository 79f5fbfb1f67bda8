"""Isobath: a playable instrument for latent models of sound."""

__version__ = "0.1.0"
