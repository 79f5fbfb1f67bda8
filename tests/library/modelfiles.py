"""Model files small enough to make in a blink."""

import tempfile
from pathlib import Path

import msgspec

from isobath.models.description import write
from tests.models.small_models import small_model


def model_bytes(name="whale", seed=0, **changes):
    """A whole model file."""
    description, tensors = small_model(seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        write(path, msgspec.structs.replace(description, name=name, title=name.title(), **changes), tensors)
        return path.read_bytes()
