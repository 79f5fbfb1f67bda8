"""The named configurations of `isobath train`: a shape and the course it is trained by.

`instrument` and `slow` are our own. The others are the RAVE family (Caillon & Esling 2021
and what came of it) at its published sizes, in causal form: see docs/guide/training.md for
a table with delays and memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from isobath.errors import UsageError

from .settings import SHAPES, AnyShape, Course, Family, Shape


@dataclass(frozen=True)
class Configuration:
    """What `--config NAME` stands for."""

    name: str
    about: str
    shape: AnyShape
    course: Course


_CROP = 131072
# Published weights of divergence, critics and features go with the sum of five scales, not with
# their mean: hence 5.0 twice.
_FAMILY = Course(
    crop=_CROP, steps=1_000_000, adversarial_steps=1_000_000, warmup=0, fall="linear", betas=(0.5, 0.9),
    clip=10.0, beta=0.05, beta_start=1e-6, beta_warmup=20_000, wave_weight=0.0, held_share=0.0, slowness=0.0,
    scales=(2048, 1024, 512, 256, 128), alternate=1, spectral_weight=5.0, band_weight=5.0,
    log_floor=1e-9, together=True, average_rise=100,
    discriminator_learning_rate=1e-4,
    adversarial_weight=1.0, matching_weight=20.0, discriminator_every=4, critics=("scales", "periods"),
    augment=("allpass", "dither"),
)  # fmt: skip
_V1 = replace(
    _FAMILY, beta=0.1, beta_start=0.0, beta_warmup=1, matching_weight=10.0, discriminator_every=2,
    critics=("scales",), relative_matching=False,
)  # fmt: skip
_V2 = Family()
_V1_SHAPE = Family(capacity=64, dilations=(), noise=True, noise_ratios=(4, 4, 4), noise_late=True)
_SMALL = Family(
    hop=512, capacity=48, ratios=(4, 2, 2, 2), noise=True, noise_bands=32, noise_width=64
)  # fmt: skip
_OURS = Course()


def _all() -> list[Configuration]:
    return [
        Configuration("instrument", "our own: 256-sample hop, 320 samples of delay", Shape(), _OURS),
        Configuration("slow", "our own with latents 21 times a second", SHAPES["slow"],
                      replace(_OURS, frames=24)),
        Configuration("v1", "RAVE's first generation", _V1_SHAPE, _V1),
        Configuration("v2", "RAVE's second generation", _V2, _FAMILY),
        Configuration("v2_small", "v2 with half the channels and a hop of 512", _SMALL,
                      replace(_FAMILY, beta=0.01, beta_start=0.0, beta_warmup=1, discriminator_every=2)),
        Configuration("v3", "v2 with Snake, normalised stages and multi-band critics",
                      replace(_V2, activation="snake", normalise=True),
                      replace(_FAMILY, critics=("periods", "bands"))),
        Configuration("raspberry", "v1 for small computers, without noise",
                      replace(_V1_SHAPE, capacity=16, noise=False), _V1),
        Configuration("onnx", "v1 of middle size, without noise",
                      replace(_V1_SHAPE, capacity=32, noise=False), _V1),
        Configuration("discrete", "v2 with a residual vector quantiser",
                      replace(_V2, hop=1024, ratios=(4, 4, 2, 2), bottleneck="discrete", noise_channels=128),
                      replace(_FAMILY, steps=200_000, beta=0.1, beta_start=0.0, beta_warmup=1)),
        Configuration("wasserstein", "v2 with 16 latents matched to a normal distribution",
                      replace(_V2, dims=16, bottleneck="wasserstein", noise_channels=128),
                      replace(_FAMILY, steps=200_000, beta=100.0, beta_start=0.0, beta_warmup=1)),
        Configuration("spherical", "v2 with latents on a sphere",
                      replace(_V2, bottleneck="spherical"), replace(_FAMILY, beta=0.0, beta_start=0.0)),
        Configuration("low_latency", "v1-like with a hop of 128, the size of BRAVE",
                      Family(hop=128, capacity=32, ratios=(2, 2, 2, 1), dilations=(), stacks=(3, 9, 27, 36)),
                      _V1),
    ]  # fmt: skip


CONFIGURATIONS = {c.name: c for c in _all()}
DEFAULT = "instrument"


def configuration(name: str, channels: int = 1, sample_rate: int = 44100) -> Configuration:
    """A named configuration for a set's channels and rate."""
    if name not in CONFIGURATIONS:
        raise UsageError(f"There is no configuration {name}. Choose one of: {', '.join(CONFIGURATIONS)}.")
    found = CONFIGURATIONS[name]
    shape = replace(found.shape, channels=channels, sample_rate=sample_rate)
    if isinstance(shape, Shape):
        shape = replace(shape, highest_hz=min(shape.highest_hz, 0.45 * sample_rate))
    return replace(found, shape=shape)
