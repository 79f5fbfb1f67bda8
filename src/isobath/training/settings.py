"""Every setting of an audio model and of its training, as frozen values.

Two things: `Shape` says what the model is (and is written into the file it becomes),
`Course` says how it is trained. What the constructors show is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isobath.errors import ModelNewer


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


@dataclass(frozen=True)
class Family:
    """A model of the RAVE family, in its causal form: filter bank, strided convolutions, and back.

    Sizes are those of the paper and of published figures. Causal convolutions alone, so that
    what streams is what was trained: the delay is the filter bank's and nothing else.

    capacity: channels after the first convolution; they double at every ratio.
    ratios: strides of the encoder, and backwards those of the decoder;
        hop = bands x product(ratios).
    dilations: of the residual units, one tuple for each ratio (v2). Empty: plain strided
        convolutions in the encoder and stacks of `stacks` in the decoder (v1).
    activation: `leaky` or `snake`. normalise: the decoder's stages are normalised.
    noise: shaped noise in the sub-bands, from rows `noise_ratios` times slower, by gains of
        `noise_bands` bands each; `noise_width`: channels on the way there, 0: as many as come in;
        `noise_late`: heard from phase 2 on, when the spectra are there.
    bottleneck: `variational`, `wasserstein`, `spherical` or `discrete`.
    noise_channels: of normal noise that the decoder hears beside the latent.
    codebooks, codes: of the discrete bottleneck.
    """

    sample_rate: int = 44100
    channels: int = 1
    hop: int = 2048
    dims: int = 128
    delay: int = 240
    bands: int = 16
    taps: int = 256
    capacity: int = 96
    ratios: tuple[int, ...] = (4, 4, 4, 2)
    dilations: tuple[tuple[int, ...], ...] = ((1, 3, 9), (1, 3, 9), (1, 3, 9), (1, 3))
    stacks: tuple[int, ...] = (1, 3, 5)
    activation: str = "leaky"
    normalise: bool = False
    noise: bool = False
    noise_ratios: tuple[int, ...] = (2, 2, 2)
    noise_bands: int = 5
    noise_width: int = 0
    noise_late: bool = False
    bottleneck: str = "variational"
    noise_channels: int = 0
    codebooks: int = 16
    codes: int = 1024

    @property
    def front(self) -> str:
        """What the encoder hears: the sub-bands of the filter bank."""
        return "bands"

    @property
    def strides(self) -> tuple[int, ...]:
        """The encoder's strides."""
        return self.ratios


@dataclass(frozen=True)
class Adopted:
    """A model out of a file, whose own operations go on learning (adoption.py).

    adopted: the model file, kept beside the checkpoints. rows: of the encoder's front in a
    frame. front: `spectrum`, or `bands` for any that hears the sound itself. look_back: samples
    a spectrum needs before its first row.
    """

    adopted: str
    sample_rate: int
    channels: int
    hop: int
    dims: int
    delay: int
    front: str
    rows: int
    look_back: int = 0

    @property
    def strides(self) -> tuple[int, ...]:
        """From the front to the latent."""
        return (self.rows,)


AnyShape = Shape | Family | Adopted
"""What a model may be."""

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
    context: frames of a crop that are heard before the loss begins; 0: all that the model hears
        at once. Fewer are a stream that has just begun, from silence.
    crop: if not 0, samples of one crop with the receptive field in it, instead of `frames`.
    accumulate: parts in which a batch is heard, one after the other, to save memory.
    fall: how the learning rate falls over phase 1, `cosine` or `linear`.
    beta_start: if not 0, beta rises from here in even ratios; else from 0 in even steps.
    spectral_weight: weight of the spectral distance, the mean of its scales.
    log_floor: magnitude added to each bin before its logarithm is taken; a unit sinusoid has 1.
    together: the spectral distance's error is squared and relative to the power of all crops that
        are heard at once; else it is each crop's own, and not squared.
    band_weight: weight of the spectral distance between sub-bands (a `bands` front only).
    commitment: how firmly a discrete encoder is drawn to its codes.
    relative_matching: feature matching relative to the size of the feature.
    critics: which discriminators: `spectra` (complex spectra), `scales` (the sound at three
        rates), `periods` (folded by 2, 3, 5, 7, 11) and `bands` (complex spectra by band).
    augment: what is done to the crops, in this order (augment.py); `levels` plays them quieter.
    validation_clips: how many stretches of the validation side are measured at a checkpoint.
    average: how much of the averaged weights stays at each step, once the training is old; at step
        s no more than s / (s + average_rise).
    frozen_encoder: the encoder stays as it is in phase 1, too (when going on from a model).
    plateau: phase 2 begins when the validation distance has not fallen for so many
        checkpoints; 0: at step `steps`.
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
    average_rise: int = 10
    beta: float = 2e-3
    beta_warmup: int = 2000
    wave_weight: float = 0.05
    slowness: float = 0.02
    held_share: float = 0.25
    scales: tuple[int, ...] = (4096, 2048, 1024, 512, 256, 128)
    alternate: int = 2
    context: int = 0
    crop: int = 0
    accumulate: int = 1
    fall: str = "cosine"
    beta_start: float = 0.0
    spectral_weight: float = 1.0
    log_floor: float = 2e-5
    together: bool = False
    band_weight: float = 0.0
    commitment: float = 1.0
    critics: tuple[str, ...] = ("spectra",)
    relative_matching: bool = True
    augment: tuple[str, ...] = ("levels",)
    plateau: int = 0
    validation_clips: int = 8
    frozen_encoder: bool = False
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


def _tuple(value: Any) -> Any:
    return tuple(_tuple(v) for v in value) if isinstance(value, (list, tuple)) else value


def _tuples(stored: dict[str, Any]) -> dict[str, Any]:
    return {k: _tuple(v) for k, v in stored.items()}


def shape_from(stored: dict[str, Any]) -> AnyShape:
    """The shape as a checkpoint or a model file keeps it."""
    kind: type[AnyShape] = Family if "capacity" in stored else Shape
    if "adopted" in stored:
        kind = Adopted
    unknown = sorted(set(stored) - set(kind.__dataclass_fields__))
    if unknown:
        raise ModelNewer(
            f"The model was trained by a newer Isobath: this one does not know {', '.join(unknown)}. "
            "Upgrade with: pip install -U 'isobath[train]'"
        )
    return kind(**_tuples(stored))


def course_from(stored: dict[str, Any]) -> Course:
    """The course as a checkpoint keeps it; settings that are no more are left out."""
    known = Course.__dataclass_fields__
    return Course(**_tuples({k: v for k, v in stored.items() if k in known}))
