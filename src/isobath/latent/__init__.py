"""Latent space: what a model knows of it, and paths through it."""
