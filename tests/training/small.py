"""Signals and shapes small enough to train in a blink."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import torch

from isobath.corpora import Wishes, prepare
from isobath.training.autoencoder import Model
from isobath.training.corpus import Recording, front_operation
from isobath.training.settings import AnyShape, Course, Family, Shape

SHAPE = Shape(
    sample_rate=16000, dims=4, bins_per_octave=6, lowest_hz=110.0, highest_hz=6000.0,
    longest=2048, encoder_width=16, encoder_dilations=(1,), decoder_width=16,
    decoder_dilations=(1, 2), widths=(12, 8), tones=48, tones_per_octave=12,
    tones_lowest_hz=110.0,
)  # fmt: skip
STEREO = replace(SHAPE, channels=2)
BANDS = replace(SHAPE, front="bands", strides=(4, 4))
LONG_HOP = replace(SHAPE, hop=2048, strides=(8,), ratios=(8, 4, 4), widths=(12, 8, 8), tones_stage=1)
COURSE = Course(
    batch=2, frames=16, steps=4, adversarial_steps=4, warmup=2, beta_warmup=2,
    scales=(512, 128), discriminator_width=4, discriminator_scales=(256,), half=False,
    threads=1, checkpoint_every=2, log_every=2,
)  # fmt: skip


def plucks(seconds: float, sample_rate: int, channels: int = 1, seed: int = 0) -> torch.Tensor:
    """Decaying tones of random pitch, one every quarter second, (channels, samples)."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(0.25 * sample_rate)) / sample_rate
    notes = []
    for _ in range(int(seconds * 4)):
        hz = 110 * 2 ** (rng.integers(0, 24) / 12)
        wave = sum(np.sin(2 * np.pi * hz * k * t) / k for k in (1, 2, 3))
        notes.append(0.3 * wave * np.exp(-6 * t) * rng.uniform(0.3, 1))
    mono = np.concatenate(notes).astype(np.float32)
    gains = np.linspace(1.0, 0.5, channels, dtype=np.float32)[:, None]
    return torch.from_numpy(gains * mono)


def recording(shape: Shape, seconds: float = 4.0, seed: int = 0) -> Recording:
    """Plucks as the corpus would hold them."""
    encoder = Model(shape, 0).encoder
    audio = plucks(seconds, shape.sample_rate, shape.channels, seed)
    audio = audio[:, : audio.shape[1] // shape.hop * shape.hop]
    operation = front_operation(encoder)
    power = None
    if operation is not None:
        power = encoder.spectrum_groups(operation).power(audio, operation["step"])
        power = torch.log(power + 1e-13).flatten(0, 1).T.contiguous().half()
    return Recording(f"plucks_{seed}", audio, power)


FAMILY = Family(
    sample_rate=16000, hop=128, dims=4, capacity=8, ratios=(4, 2), dilations=((1, 3), (1,)),
    codebooks=2, codes=8,
)  # fmt: skip
FAMILY_COURSE = replace(
    COURSE, frames=0, crop=8192, band_weight=1.0, scales=(512, 128), discriminator_width=2,
    critics=("scales",), augment=("allpass", "dither"), wave_weight=0.0, held_share=0.0,
    together=True,
)  # fmt: skip


def prepared(folder: Path, shape: AnyShape = SHAPE, seconds: float = 4.0) -> Path:
    """A prepared set of three small files."""
    sounds, out = folder / "sounds", folder / "set"
    sounds.mkdir(parents=True)
    for i in range(3):
        audio = plucks(seconds, shape.sample_rate, shape.channels, i).numpy()
        soundfile.write(sounds / f"plucks_{i}.wav", audio.T, shape.sample_rate)
    prepare(sounds, out, Wishes(sample_rate=shape.sample_rate, channels=shape.channels))
    return out
