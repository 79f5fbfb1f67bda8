"""The kinds of model that can be trained, in words for the *Make* page.

What they are is `isobath.training.configurations`; here is what each is for, and how large the model
becomes that is played (counted once; a test counts again).
"""

from collections.abc import Mapping
from typing import Any

from isobath.protocol.making import Configuration

WORDS: dict[str, tuple[str, str]] = {
    "instrument": (
        "Instrument",
        "For playing: answers at once, and holds a sound for as long as you stay. Begin here.",
    ),
    "slow": (
        "Slow water",
        "Its latent moves 21 times a second: gestures become broad, and textures calmer.",
    ),
    "low_latency": ("Low latency", "The smallest delay of the RAVE family, for live sound and percussion."),
    "v1": ("RAVE 1", "The first generation of RAVE at its published size."),
    "v2": ("RAVE 2", "The second generation: large, rich, and slow to train without a graphics card."),
    "v2_small": ("RAVE 2, small", "Half the channels and a quarter of the hop: quicker, a little coarser."),
    "v3": ("RAVE 3", "The second generation with Snake activations and style normalisation."),
    "raspberry": ("RAVE for small computers", "Light enough for a Raspberry Pi; no noise branch."),
    "onnx": ("RAVE, middle size", "The first generation at half width, without noise."),
    "discrete": ("RAVE, discrete", "Latents are codes of a learned book: for priors that speak in tokens."),
    "wasserstein": ("RAVE, Wasserstein", "16 latents that together follow a normal distribution."),
    "spherical": ("RAVE, spherical", "Latents lie on a sphere: every direction is a sound, none is louder."),
}

FIRST = tuple(WORDS)
"""The order in which they are offered."""


PARAMETERS = {
    "instrument": 905_168,
    "slow": 1_298_768,
    "low_latency": 3_245_664,
    "v1": 12_769_552,
    "v2": 15_467_520,
    "v2_small": 3_811_328,
    "v3": 15_480_480,
    "raspberry": 969_008,
    "onnx": 3_413_600,
    "discrete": 14_877_696,
    "wasserstein": 15_541_248,
    "spherical": 15_467_520,
}
"""Numbers in the decoder that is played, counted at 44.1 kHz and in mono."""


def configurations(paces: Mapping[str, float]) -> tuple[Configuration, ...]:
    """All of them, with the seconds a step takes where this machine has trained one."""
    from isobath.training.configurations import CONFIGURATIONS, DEFAULT

    found = sorted(CONFIGURATIONS.values(), key=lambda each: _place(each.name))
    return tuple(_told(each, paces.get(each.name), each.name == DEFAULT) for each in found)


def _place(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _told(found: Any, pace: float | None, default: bool) -> Configuration:
    shape, course = found.shape, found.course
    title, about = WORDS.get(found.name, (found.name, f"{found.about}."))
    return Configuration(
        name=found.name,
        title=title,
        about=about,
        delay_ms=1000.0 * shape.delay / shape.sample_rate,
        frames_a_second=shape.sample_rate / shape.hop,
        dims=shape.dims,
        parameters=PARAMETERS.get(found.name, 0),
        phase1_steps=course.steps,
        phase2_steps=course.adversarial_steps,
        seconds_a_step=pace,
        default=default,
    )
