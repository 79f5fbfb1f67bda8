"""Every setting of an audio model and of its training, as frozen values.

Two things: `Shape` says what the model is (and is written into the file it becomes),
`Course` says how it is trained. What the constructors show is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """What the model is. Defaults: the low-latency instrument, hop 256 at 44.1 kHz.

    hop: samples per latent frame; equals `step` x product(`strides`) in the encoder and
        `bands` x product(`ratios`) in the decoder.
    delay: samples by which the decoded sound lags the input (the training alignment).
    """

    sample_rate: int = 44100
    channels: int = 1
    hop: int = 256
    dims: int = 8
    delay: int = 320
    # filter bank
    bands: int = 16
    taps: int = 256
    # encoder
    front: str = "spectrum"  # or "bands": filter bank and strided convolutions
    bins_per_octave: int = 24
    lowest_hz: float = 55.0
    highest_hz: float = 15000.0
    cycles: float = 27.0
    longest: int = 8192
    shortest: int = 512
    attack: int = 256
    step: int = 256
    strides: tuple[int, ...] = ()
    encoder_width: int = 128
    encoder_dilations: tuple[int, ...] = (1, 2, 1)
    # decoder
    decoder_width: int = 192
    decoder_dilations: tuple[int, ...] = (1, 2, 4, 1)
    ratios: tuple[int, ...] = (4, 4)
    widths: tuple[int, ...] = (96, 64)
    tones: int = 256
    tones_per_octave: int = 36
    tones_lowest_hz: float = 55.0
    tones_stage: int = 0  # upsampling stages before the tones are read off
    noise: bool = True


SHAPES = {
    "instrument": Shape(),
    "bands": Shape(front="bands", strides=(4, 4)),
    "slow": Shape(hop=2048, strides=(8,), ratios=(8, 4, 4), widths=(128, 96, 64), tones_stage=1),
}
"""Shapes by name: the low-latency instrument (hop 256); the same with a learned front, which
hears phase; and hop 2048, whose latents move 21 times a second. `replace(shape, channels=2)`
makes any of them stereo."""


@dataclass(frozen=True)
class Course:
    """How a model is trained.

    steps / adversarial_steps: length of phase 1 (spectral) and phase 2 (adversarial,
        encoder frozen).
    frames: latent frames heard by the loss in one crop; the receptive field is added.
    beta: weight of the Kullback-Leibler term after `beta_warmup` steps.
    wave_weight: price of the network's own waveform, which repeats under a held latent.
    held_share: share of each batch whose latent is held from some frame on, and compared
        with how the source sounded at that frame.
    slowness: price of the latent's movement from one frame to the next.
    alternate: each step measures every alternate-th of the scales, in turn.
    """

    seed: int = 1
    batch: int = 8
    frames: int = 96
    steps: int = 12000
    adversarial_steps: int = 2000
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-4
    warmup: int = 200
    betas: tuple[float, float] = (0.8, 0.99)
    clip: float = 1.0
    average: float = 0.999
    beta: float = 2e-3
    beta_warmup: int = 2000
    wave_weight: float = 0.05
    slowness: float = 0.02
    held_share: float = 0.25
    scales: tuple[int, ...] = (4096, 2048, 1024, 512, 256, 128)
    alternate: int = 2
    quiet_share: float = 0.4
    quietest_db: float = -60.0
    silent_share: float = 0.04
    discriminator_learning_rate: float = 2e-4
    discriminator_width: int = 24
    discriminator_scales: tuple[int, ...] = (2048, 1024, 512)
    discriminator_every: int = 2
    adversarial_weight: float = 0.05
    matching_weight: float = 0.5
    half: bool = True  # bfloat16 autocast
    threads: int = 2
    device: str = "cpu"
    checkpoint_every: int = 500
    log_every: int = 50


def _tuples(stored: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}


def shape_from(stored: dict[str, Any]) -> Shape:
    """The shape as a checkpoint or a model file keeps it."""
    return Shape(**_tuples(stored))


def course_from(stored: dict[str, Any]) -> Course:
    """The course as a checkpoint keeps it; settings that are no more are left out."""
    known = Course.__dataclass_fields__
    return Course(**_tuples({k: v for k, v in stored.items() if k in known}))
