"""Recordings in memory, and the random crops a training step listens to.

The spectrum has no weights, so its power is computed once per recording; loudness
augmentation is then an addition in the logarithm. Which crops a step hears depends on
the seed and the step's number only, so a resumed run hears what it would have heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from isobath.errors import AudioError

from . import spectrum
from .coder import Coder
from .plan import Operation
from .settings import Course, Shape

_SILENT = -32.0  # ln(power) of nothing at all


def read(path: Path, sample_rate: int, channels: int) -> NDArray[np.float32]:
    """A recording as (channels, samples) at the model's rate; mono is spread, stereo averaged."""
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise AudioError(f"{path} cannot be read as sound ({error}). Use WAV, FLAC, OGG or MP3.") from error
    if len(audio) == 0:
        raise AudioError(f"{path} holds no samples. Leave it out of the set.")
    if rate != sample_rate:
        audio = soxr.resample(audio, rate, sample_rate)
    if channels == 1:
        audio = audio.mean(axis=1, keepdims=True)
    elif audio.shape[1] == 1:
        audio = np.repeat(audio, channels, axis=1)
    return np.ascontiguousarray(audio[:, :channels].T, dtype=np.float32)


@dataclass(frozen=True)
class Recording:
    """One file: sound (channels, samples) and, for a spectral front, ln power (rows, bins).

    weight: how often it is heard, for its length, relative to the others.
    """

    name: str
    audio: Tensor
    power: Tensor | None
    weight: float = 1.0


@dataclass(frozen=True)
class Batch:
    """What one step hears.

    front: the network's input, (batch, features, rows), or audio for a `bands` front.
    target: what it should say: the sound, `delay` samples late, (batch, channels, samples).
    """

    front: Tensor
    target: Tensor


def front_operation(coder: Coder) -> Operation | None:
    """The encoder's spectrum, if it has one."""
    first = coder.operations[0]
    return first if first["op"] == "spectrum" else None


def listen(path: Path, shape: Shape, encoder: Coder) -> Recording:
    """Read a recording and take its spectrum."""
    audio = torch.from_numpy(read(path, shape.sample_rate, shape.channels))
    audio = audio[:, : audio.shape[1] // shape.hop * shape.hop]
    operation = front_operation(encoder)
    power = None
    if operation is not None:
        power = encoder.spectrum_groups(operation).power(audio, operation["step"])
        power = torch.log(power + 1e-13).reshape(-1, power.shape[-1]).T.contiguous().half()
    return Recording(path.name, audio, power)


def _gain(rng: np.random.Generator, course: Course, peak: float) -> float:
    """Mostly as recorded; often quieter, down to nearly nothing; sometimes nothing."""
    throw = rng.random()
    if throw < course.silent_share:
        return 0.0
    low = course.quietest_db if throw < course.silent_share + course.quiet_share else -6.0
    db = rng.uniform(low, 6.0)
    return float(min(10 ** (db / 20), 0.98 / max(peak, 1e-3)))


def batch(recordings: list[Recording], shape: Shape, course: Course, warm: int, step: int) -> Batch:
    """The crops of one step: `warm` frames of past and `course.frames` heard ones."""
    rng = np.random.default_rng((course.seed, step))
    frames = warm + course.frames
    length = frames * shape.hop
    usable = [r for r in recordings if r.audio.shape[1] >= length]
    if not usable:
        raise AudioError(
            f"Every recording is shorter than one crop of {length / shape.sample_rate:.1f} s. "
            "Join short files, or train with fewer frames."
        )
    weights = np.array([r.weight * (r.audio.shape[1] - length + shape.hop) for r in usable])
    fronts, targets = [], []
    for pick in rng.choice(len(usable), size=course.batch, p=weights / weights.sum()):
        r = usable[pick]
        start = int(rng.integers(0, (r.audio.shape[1] - length) // shape.hop + 1)) * shape.hop
        crop = r.audio[:, start : start + length]
        gain = _gain(rng, course, float(crop.abs().max()))
        late = torch.zeros_like(crop)
        first = max(start - shape.delay, 0)
        late[:, -(start + length - shape.delay - first) :] = r.audio[:, first : start + length - shape.delay]
        targets.append(late * gain)
        fronts.append(_front(r, start, length, shape, gain))
    return Batch(torch.stack(fronts), torch.stack(targets))


def _front(r: Recording, start: int, length: int, shape: Shape, gain: float) -> Tensor:
    if r.power is None:
        return r.audio[:, start : start + length] * gain
    rows = r.power[start // shape.step : (start + length) // shape.step].float()
    shift = 2 * float(np.log(gain)) if gain > 0 else _SILENT
    return spectrum.compress(torch.exp(rows + shift)).T
