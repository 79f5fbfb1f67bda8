"""Decibels."""

SILENCE_DB = -120.0
"""What we call silence when a level must be a number."""


def db_to_gain(db: float) -> float:
    """Linear amplitude of a level in decibels."""
    return float(10.0 ** (db / 20.0))
