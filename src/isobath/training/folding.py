"""A trained model's coders as the format has them.

What served training alone goes: normalisations are folded into the convolutions before them,
weights learned as direction and length are multiplied out, the bottleneck is written out as
operations, registers that nobody reads are left out.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from .autoencoder import Model
from .coder import Coder
from .plan import Operation

TRAINED = ("weight", "bias", "alpha", "codes")
"""Fields of an operation that name a trained tensor."""


def rebuilt(coder: Coder, operations: list[Operation], weights: dict[str, Tensor]) -> Coder:
    """A coder of these operations, with the tensors they name and no others."""
    trained = {o[key] for o in operations for key in TRAINED if o.get(key)}
    named = {value for o in operations for value in o.values() if isinstance(value, str)}
    constants = {name: value for name, value in coder.constants.items() if name in named}
    kept = {name: value.detach().cpu() for name, value in weights.items() if name in trained}
    return Coder(operations, kept, constants, coder.sample_rate, coder.hop)


def _folded(coder: Coder) -> tuple[list[Operation], dict[str, Tensor]]:
    """Without `normalise`: its scale and shift are the convolution's before it."""
    weights = {name: value.detach().clone() for name, value in coder.named_parameters()}
    weights.update({name: coder.weight(name).detach().clone() for name in coder.normed})
    operations: list[Operation] = []
    for o in copy.deepcopy(coder.operations):
        if o["op"] != "normalise":
            operations.append(o)
            continue
        before = next(p for p in operations if p["out"] == o["in"])
        mean, variance = (x.to(weights[o["alpha"]].device) for x in coder.statistics(o))
        scale = weights[o["alpha"]] * torch.rsqrt(variance + 1e-5)
        shift = weights[o["bias"]] - mean * scale
        along = (slice(None), None, None) if before["op"] == "conv" else (None, slice(None), None)
        weights[before["weight"]] = weights[before["weight"]] * scale[along]
        if before.get("bias"):
            shift = weights[before["bias"]] * scale + shift
        before["bias"] = before.get("bias") or f"{before['weight']}_bias"
        weights[before["bias"]] = shift
        before["out"] = o["out"]
    return operations, weights


def _needed(operations: list[Operation], end: str) -> list[Operation]:
    """Those that lead to the register `end`."""
    wanted, kept = {end}, []
    for o in reversed(operations):
        if o["out"] in wanted:
            kept.append(o)
            wanted |= {o[key] for key in ("in", "add", "by") if o.get(key)}
    return kept[::-1]


def _renamed(operations: list[Operation], key: str, old: str, new: str) -> None:
    for o in operations:
        if o[key] == old:
            o[key] = new


def playable(model: Model) -> tuple[Coder, Coder]:
    """Encoder (audio to mean) and decoder (latent to audio) in the format's own operations."""
    listens, heard = _folded(model.encoder)
    speaks, said = _folded(model.decoder)
    listens, speaks = _needed(listens, "mean"), _needed(speaks, "audio")
    if model.kind == "spherical":
        _renamed(listens, "out", "mean", "e_point")
        listens.append({"op": "angles", "in": "e_point", "out": "mean"})
        _renamed(speaks, "in", "latent", "d_point")
        speaks.insert(0, {"op": "sphere", "in": "latent", "out": "d_point"})
    if model.quantiser is not None:
        codes = model.quantiser.codes
        _renamed(listens, "out", "mean", "e_point")
        tensors: dict[str, Any] = {"codes": "e_codes"}
        listens.append({"op": "quantize", "in": "e_point", "out": "e_numbers", **tensors})
        listens.append({"op": "lookup", "in": "e_numbers", "out": "e_chosen", **tensors})
        # A convolution that does nothing yet: the principal axes are folded into it.
        turn = {"weight": "e_turn_weight", "bias": "e_turn_bias"}
        listens.append({"op": "conv", "in": "e_chosen", "out": "mean", **turn})
        heard["e_codes"] = codes
        heard["e_turn_weight"] = torch.eye(codes.shape[2])[:, :, None]
        heard["e_turn_bias"] = torch.zeros(codes.shape[2])
    return rebuilt(model.encoder, listens, heard), rebuilt(model.decoder, speaks, said)
