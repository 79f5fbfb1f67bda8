"""Recordings in memory, and the random crops a training step listens to.

The spectrum has no weights, so its power is computed once per recording; loudness
augmentation is then an addition in the logarithm. Which crops a step hears depends on
the seed and the step's number only, so a resumed run hears what it would have heard.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from isobath.corpora import Set
from isobath.errors import AudioError, UsageError

from . import augment, spectrum
from .coder import Coder
from .plan import Operation
from .settings import Adopted, AnyShape, Course, Shape

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

    front: the network's input, (batch, features, rows), or None where `audio` is to be heard.
    audio: (batch, channels, lead + samples), for a front that is taken on the training device.
    target: what it should say: the sound, `delay` samples late, (batch, channels, samples).
    lead: samples of `audio` before the first frame, for spectra that look back.
    """

    front: Tensor | None
    target: Tensor
    audio: Tensor | None = None
    lead: int = 0


def front_operation(coder: Coder) -> Operation | None:
    """The encoder's spectrum, if it has one."""
    first = coder.operations[0]
    return first if first["op"] == "spectrum" else None


def listen(path: Path, shape: AnyShape, encoder: Coder) -> Recording:
    """Read a recording and take its spectrum."""
    return recording(path.name, read(path, shape.sample_rate, shape.channels), shape, encoder)


def recording(name: str, sound: NDArray[np.float32], shape: AnyShape, encoder: Coder) -> Recording:
    """A sound (channels, samples) and its spectrum; a last part of a hop is left out."""
    audio = torch.from_numpy(np.nan_to_num(sound, posinf=1.0, neginf=-1.0))
    audio = audio[:, : audio.shape[1] // shape.hop * shape.hop]
    operation = front_operation(encoder)
    power = None
    if operation is not None:
        power = encoder.spectrum_groups(operation).power(audio, operation["step"])
        power = torch.log(power + 1e-13).reshape(-1, power.shape[-1]).T.contiguous().half()
    return Recording(name, audio, power)


def _gain(rng: np.random.Generator, course: Course, peak: float) -> float:
    """Mostly as recorded; often quieter, down to nearly nothing; sometimes nothing."""
    throw = rng.random()
    if throw < course.silent_share:
        return 0.0
    low = course.quietest_db if throw < course.silent_share + course.quiet_share else -6.0
    db = rng.uniform(low, 6.0)
    return float(min(10 ** (db / 20), 0.98 / max(peak, 1e-3)))


def crop_frames(shape: AnyShape, course: Course, warm: int) -> int:
    """Frames in one crop, the `warm` ones of receptive field among them."""
    if not course.crop:
        return warm + course.frames
    frames = course.crop // shape.hop
    if frames <= warm:
        raise UsageError(
            f"A crop of {course.crop} samples is no longer than what the model hears at once "
            f"({warm * shape.hop}). Choose longer crops."
        )
    return frames


class Source(Protocol):
    """Where a step's crops come from."""

    def batch(self, shape: AnyShape, course: Course, warm: int, step: int, share: range) -> Batch:
        """The crops of this step with these numbers (0 to batch - 1), by seed, step and number only."""
        ...


def chance(course: Course, step: int, number: int) -> np.random.Generator:
    """The random choices of one crop: those of seed, step and number, whoever hears it."""
    return np.random.default_rng((course.seed, step, number))


class Recordings:
    """Recordings in memory as a source; a spectral front comes from their stored power."""

    def __init__(self, recordings: list[Recording]) -> None:
        self.recordings = recordings

    def batch(self, shape: AnyShape, course: Course, warm: int, step: int, share: range) -> Batch:
        """`warm` frames of past and the heard ones, of each crop."""
        length = crop_frames(shape, course, warm) * shape.hop
        usable = [r for r in self.recordings if r.audio.shape[1] >= length]
        if not usable:
            raise AudioError(
                f"Every recording is shorter than one crop of {length / shape.sample_rate:.1f} s. "
                "Join short files, or train with fewer frames."
            )
        weights = np.array([r.weight * (r.audio.shape[1] - length + shape.hop) for r in usable])
        fronts, targets = [], []
        for number in share:
            rng = chance(course, step, number)
            r = usable[int(rng.choice(len(usable), p=weights / weights.sum()))]
            start = int(rng.integers(0, (r.audio.shape[1] - length) // shape.hop + 1)) * shape.hop
            crop = r.audio[:, start : start + length]
            gain = _gain(rng, course, float(crop.abs().max())) if "levels" in course.augment else 1.0
            late = torch.zeros_like(crop)
            first = max(start - shape.delay, 0)
            late[:, -(start + length - shape.delay - first) :] = r.audio[
                :, first : start + length - shape.delay
            ]
            targets.append(late * gain)
            fronts.append(_front(r, start, length, shape, gain))
        return Batch(torch.stack(fronts), torch.stack(targets))


def _front(r: Recording, start: int, length: int, shape: AnyShape, gain: float) -> Tensor:
    if r.power is None:
        return r.audio[:, start : start + length] * gain
    step = shape.hop // math.prod(shape.strides)
    rows = r.power[start // step : (start + length) // step].float()
    shift = 2 * float(np.log(gain)) if gain > 0 else _SILENT
    return spectrum.compress(torch.exp(rows + shift)).T


class Prepared:
    """A prepared set as a source: crops are read from the disk where they are wanted.

    Nothing is kept in memory; any crop of the ring of training sound may be heard, at any
    sample. Spectra are taken from the crop, with as much sound before it as they look back.
    """

    def __init__(self, sounds: Set) -> None:
        self.sounds = sounds

    def batch(self, shape: AnyShape, course: Course, warm: int, step: int, share: range) -> Batch:
        """Each crop augmented as the course says, its aim cut from the same sound."""
        length = crop_frames(shape, course, warm) * shape.hop
        lead = look_back(shape)
        past = max(lead, shape.delay)
        heard, targets = [], []
        for number in share:
            rng = chance(course, step, number)
            start = int(rng.integers(0, self.sounds.samples("train") or 1))
            sound = self.sounds.crop("train", start, past + length)
            sound = augment.augmented(course.augment, rng, sound, shape.sample_rate)
            if "levels" in course.augment:
                sound = sound * np.float32(_gain(rng, course, float(np.abs(sound).max())))
            whole = torch.from_numpy(np.ascontiguousarray(sound))
            heard.append(whole[:, past - lead :])
            targets.append(whole[:, past - shape.delay : past - shape.delay + length])
        return Batch(None, torch.stack(targets), torch.stack(heard), lead)


def look_back(shape: AnyShape) -> int:
    """Samples that a spectral front needs before its first row, in whole rows."""
    if isinstance(shape, Adopted):
        return shape.look_back
    if not isinstance(shape, Shape) or shape.front != "spectrum":
        return 0
    size = 1 << math.ceil(math.log2(shape.longest))
    return -(-size // shape.step) * shape.step
