"""A model made by hand that answers at once: an organ of sixteen partials behind three latents.

Latent 0 opens everything (far below zero it is silent), latent 1 shifts weight to the upper partials,
latent 2 to the odd ones. Without filters or memory, so what is heard follows the latent within a hop.
"""

import msgspec
import numpy as np

from isobath.models.description import Description, Operation, Tensors
from tests.models.small_models import small_model, statistics

SAMPLE_RATE, HOP, DIMS, PARTIALS = 44100, 256, 3, 16
FUNDAMENTAL = 165.0  # Hz


def organ(name: str = "organ", sample_rate: int = SAMPLE_RATE) -> tuple[Description, Tensors]:
    """The description and tensors of the model `organ`, or of one like it of another rate."""
    k = np.arange(1, PARTIALS + 1)
    weight = np.stack([np.ones(PARTIALS), (k - 8.5) / 8.0, np.where(k % 2 == 1, 0.6, -0.6)], axis=1)
    tensors: Tensors = {
        "gates_weight": weight[:, :, None].astype(np.float32),
        "gates_bias": (-3.4 - 0.16 * k).astype(np.float32),
        "increments": np.round(k * FUNDAMENTAL / sample_rate * 2.0**32).astype(np.uint32),
        "offsets": (k * 0x3C6EF372 % 2**32).astype(np.uint32),
    }
    description = Description(
        format=1,
        name=name,
        title=name.capitalize(),
        about="Sixteen partials, for tests.",
        sample_rate=sample_rate,
        channels=1,
        hop=HOP,
        dims=DIMS,
        delay=0,
        decoder=[
            Operation(kind="conv", source="latent", out="gates", weight="gates_weight", bias="gates_bias"),
            Operation(kind="tones", source="gates", out="audio", increments="increments", offsets="offsets"),
        ],
        latent=statistics(DIMS),
        licence="CC0",
    )
    return description, tensors


def cathedral(width: int = 1850) -> tuple[Description, Tensors]:
    """The organ behind a decoder of more than ten million numbers, whose breath is far below its partials."""
    description, tensors = organ("cathedral")
    random = np.random.default_rng(5)
    sizes = {"nave": (width, DIMS, 1), "vault": (width, width, 3), "breath": (PARTIALS, width, 1)}
    for name, (cout, cin, taps) in sizes.items():
        weight = random.standard_normal((cout, cin, taps), dtype=np.float32) / np.sqrt(cin * taps)
        tensors[f"{name}_weight"] = (weight * (0.1 if name == "breath" else 1.0)).astype(np.float16)
    inner = [
        Operation(kind="conv", source="latent", out="nave", weight="nave_weight"),
        Operation(kind="conv", source="nave", out="vault", weight="vault_weight", act="leaky"),
        Operation(kind="conv", source="vault", out="breath", weight="breath_weight", act="leaky"),
    ]
    gates, tones = description.decoder
    decoder = [*inner, msgspec.structs.replace(gates, add="breath"), tones]
    return msgspec.structs.replace(description, decoder=decoder), tensors


def pebble() -> tuple[Description, Tensors]:
    """A small random model with every operation, noise included, of hop 96 and two channels."""
    description, tensors = small_model(3, channels=2, dims=2, bands=24)
    return msgspec.structs.replace(description, name="pebble", sample_rate=SAMPLE_RATE), tensors
