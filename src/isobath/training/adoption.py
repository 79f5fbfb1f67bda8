"""A model file goes on learning: its own operations, whoever made it.

The file stays beside the checkpoints of the training, since its fixed tensors (filters,
frequencies) are needed again each time. An encoder that ends in a convolution is given a
deviation beside its mean, so that its latents can be kept in order; one that ends otherwise
(angles, codes) learns as it is. A latent of another size is cut, or grown with axes that
begin at nothing.
"""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from isobath.errors import ModelDamaged, ModelMismatch

from .plan import Builder, Operation
from .settings import Adopted

TRAINED = ("weight", "bias", "alpha", "codes")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with safe_open(path, framework="numpy") as file:
            description = json.loads((file.metadata() or {})["isobath"])
            return description, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ModelDamaged(
            f"{path} is not a whole model ({error!r}). A training goes on from .safetensors models, and "
            "from the folders of other trainings."
        ) from error


def adopt(path: Path, dims: int | None = None) -> Adopted:
    """The shape of a model file, with as many latents as asked for."""
    d, tensors = _read(path)
    if not d.get("encoder"):
        raise ModelMismatch(f"{path.name} has no encoder to go on with. Choose a model that encodes.")
    first = d["encoder"][0]
    rows = d["hop"]
    if first["op"] == "analysis":
        rows = d["hop"] // len(tensors[first["filters"]])
    elif first["op"] == "spectrum":
        rows = d["hop"] // first["step"]
    look_back = 0
    if first["op"] == "spectrum":
        longest = 1 << math.ceil(math.log2(int(tensors[first["lengths"]].max())))
        look_back = -(-longest // first["step"]) * first["step"]
    spectral = first["op"] == "spectrum" and first["out"] == "front"
    shape = Adopted(
        str(path.resolve()), d["sample_rate"], d["channels"], d["hop"], dims or d["dims"], d["delay"],
        "spectrum" if spectral else "bands", rows, look_back if spectral else 0,
    )  # fmt: skip
    coders(shape)  # refuses a latent that cannot be of another size
    return shape


def coders(shape: Adopted) -> tuple[Builder, Builder]:
    """Encoder and decoder of the file, ready to learn."""
    d, tensors = _read(Path(shape.adopted))
    ears, voice = (_taken(side[0], d[side], tensors) for side in ("encoder", "decoder"))
    if shape.dims != d["dims"]:
        _resize(ears, voice, shape.dims)
    _deviate(ears)
    return ears, voice


def _taken(prefix: str, operations: list[Operation], tensors: dict[str, NDArray[Any]]) -> Builder:
    found = Builder(prefix, torch.Generator(), copy.deepcopy(operations))
    for o in found.operations:
        for value in (v for key, v in o.items() if key not in ("op", "in", "out", "add", "by", "act")):
            if not isinstance(value, str) or value not in tensors:
                continue
            if any(o.get(key) == value for key in TRAINED):
                found.weights[value] = torch.from_numpy(tensors[value].astype(np.float32))
            else:
                found.constants[value] = tensors[value]
    return found


def _last(ears: Builder) -> Operation:
    return next(o for o in ears.operations if o["out"] == "mean")


def _deviate(ears: Builder) -> None:
    """A deviation beside the mean, small at first, where the mean is a convolution's."""
    last = _last(ears)
    if last["op"] != "conv" or any(o["out"] == "deviation" for o in ears.operations):
        return
    weight = ears.weights[last["weight"]]
    made = {**last, "out": "deviation", "weight": "e_deviation_weight", "bias": "e_deviation_bias"}
    made.pop("add", None)
    ears.operations.append(made)
    ears.weights[made["weight"]] = torch.zeros_like(weight)
    ears.weights[made["bias"]] = torch.full((len(weight),), -2.0)


def _fit(x: Tensor, axis: int, size: int) -> Tensor:
    """Cut to a size along an axis, or grown with small numbers."""
    if x.shape[axis] >= size:
        return x.narrow(axis, 0, size).clone()
    more = list(x.shape)
    more[axis] = size - x.shape[axis]
    random = torch.Generator().manual_seed(size)
    fan = max(1, math.prod(x.shape[1:]))
    return torch.cat((x, torch.randn(more, generator=random) * 0.1 / math.sqrt(fan)), dim=axis)


def _resize(ears: Builder, voice: Builder, dims: int) -> None:
    last = _last(ears)
    readers = [o for o in voice.operations if o["in"] == "latent" and o["op"] != "normal"]
    if last["op"] != "conv" or any(o["op"] != "conv" or o.get("groups", 1) > 1 for o in readers):
        raise ModelMismatch(
            "The latents of this model cannot be of another number than they are. Leave --dims out."
        )
    for o in (o for o in ears.operations if o["out"] in ("mean", "deviation")):
        for name in (o["weight"], o.get("bias")):
            if name:
                ears.weights[name] = _fit(ears.weights[name], 0, dims)
    for o in readers:
        voice.weights[o["weight"]] = _fit(voice.weights[o["weight"]], 1, dims)
