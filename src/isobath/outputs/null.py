"""Sound to nobody: rendered, counted and forgotten. For measuring how fast the engine is."""

from __future__ import annotations

from time import perf_counter

from isobath.engine.rendering import Rendering


def times_real_time(work: Rendering) -> float:
    """Seconds of sound made per second of work."""
    started = perf_counter()
    samples = sum(block.shape[1] for block in work.blocks)
    return float(samples / work.sample_rate / max(1e-9, perf_counter() - started))
