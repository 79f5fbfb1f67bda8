"""Hertz, decibels, samples and seconds."""

import math

SILENCE_DB = -120.0
"""What we call silence when a level must be a number."""


def db_to_gain(db: float) -> float:
    """Linear amplitude of a level in decibels."""
    return float(10.0 ** (db / 20.0))


def gain_to_db(gain: float) -> float:
    """Level in decibels of a linear amplitude, never below SILENCE_DB."""
    return max(SILENCE_DB, 20.0 * math.log10(gain)) if gain > 0 else SILENCE_DB


def seconds_to_samples(seconds: float, sample_rate: int) -> int:
    """The nearest whole sample."""
    return round(seconds * sample_rate)


def samples_to_seconds(samples: int, sample_rate: int) -> float:
    """Duration of so many samples, in seconds."""
    return samples / sample_rate


def hz_to_midi(hz: float) -> float:
    """MIDI note number (69 = A4 = 440 Hz), fractional."""
    return 69.0 + 12.0 * math.log2(hz / 440.0)


def midi_to_hz(midi: float) -> float:
    """Frequency of a MIDI note number in Hz."""
    return float(440.0 * 2.0 ** ((midi - 69.0) / 12.0))
