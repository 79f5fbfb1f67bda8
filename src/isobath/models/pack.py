"""From a model file to the blob the kernel reads (kernel/blob.h), natively and in the browser.

Names become numbers: operation i writes register i + 1, register 0 is what comes in. Weights
are passed on as they are (float16 or float32); the kernel lays them out for its machine.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.errors import ModelDamaged

from .description import Description, Operation, Tensors

MAGIC = 0x424F5349
VERSION = 1
HEADER_WORDS = 32
OPERATION_WORDS = 16
ALIGN = 64
KINDS = {
    "conv": 1,
    "conv_transpose": 2,
    "amplitude": 3,
    "synthesis": 4,
    "analysis": 5,
    "tones": 6,
    "spectrum": 7,
}
_TYPES = {"float32": 0, "float16": 1, "uint32": 2, "int32": 2}


@dataclass
class _Blob:
    """Tensors gathered so far; a tensor named twice is stored once."""

    tensors: Tensors
    model: str
    arrays: list[NDArray[Any]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, array: NDArray[Any]) -> int:
        self.arrays.append(np.ascontiguousarray(array))
        return len(self.arrays) - 1

    def shape(self, name: str | None, axes: int, what: str) -> tuple[int, ...]:
        """Shape of a named tensor, which must have so many axes."""
        if name is None or name not in self.tensors:
            raise ModelDamaged(f"Model {self.model} is incomplete: its {what} tensor {name!r} is missing.")
        found = self.tensors[name].shape
        if len(found) != axes:
            raise ModelDamaged(f"Model {self.model}: tensor {name} has {len(found)} axes instead of {axes}.")
        return found

    def number(self, name: str, kinds: tuple[str, ...]) -> int:
        """Index of a named tensor in the blob's table."""
        array = self.tensors[name]
        if array.dtype.name not in kinds:
            raise ModelDamaged(f"Model {self.model}: tensor {name} holds {array.dtype.name}, not {kinds[0]}.")
        if name not in self.numbers:
            self.numbers[name] = self.add(array)
        return self.numbers[name]


_FLOATS = ("float32", "float16")
_WORDS = ("uint32", "int32")


def _words(blob: _Blob, operation: Operation, source: int, add: int) -> list[int]:
    """The sixteen words of one operation."""
    if operation.kind not in KINDS:
        raise ModelDamaged(f"Model {blob.model} asks for the unknown operation {operation.kind!r}.")
    if operation.act not in (None, "leaky"):
        raise ModelDamaged(f"Model {blob.model} asks for the unknown activation {operation.act!r}.")
    w = dict.fromkeys(("weight", "bias", "second"), -1)
    outputs = taps = attack = step = 0
    stride, dilation, groups = operation.stride, operation.dilation, operation.groups
    if operation.kind in ("conv", "conv_transpose"):
        shape = blob.shape(operation.weight, 3, "weight")
        w["weight"] = blob.number(operation.weight or "", _FLOATS)
        if operation.bias is not None:
            blob.shape(operation.bias, 1, "bias")
            w["bias"] = blob.number(operation.bias, _FLOATS)
        outputs, taps = (shape[0], shape[2]) if operation.kind == "conv" else (shape[1], shape[2])
        if operation.kind == "conv_transpose" and taps != 2 * stride:
            raise ModelDamaged(
                f"Model {blob.model}: {operation.out} has {taps} taps at stride {stride}; "
                "it must be twice as many."
            )
    elif operation.kind in ("synthesis", "analysis"):
        outputs, taps = blob.shape(operation.filters, 2, "filters")
        w["weight"] = blob.number(operation.filters or "", _FLOATS)
    elif operation.kind == "tones":
        (outputs,) = blob.shape(operation.increments, 1, "increments")
        blob.shape(operation.offsets, 1, "offsets")
        w["weight"], w["second"] = (
            blob.number(n or "", _WORDS) for n in (operation.increments, operation.offsets)
        )
    elif operation.kind == "spectrum":
        (outputs,) = blob.shape(operation.frequencies, 1, "frequencies")
        blob.shape(operation.lengths, 1, "lengths")
        w["weight"] = blob.number(operation.frequencies or "", ("float32",))
        w["second"] = blob.number(operation.lengths or "", _WORDS)
        attack, step = operation.attack, operation.step
    words = [
        KINDS[operation.kind], source, add, int(operation.act is not None), w["weight"], w["bias"],
        outputs, taps, stride, dilation, groups, w["second"], int(operation.noise), attack, step, 0,
    ]  # fmt: skip
    if not all(-(1 << 31) <= word < 1 << 31 for word in words):
        raise ModelDamaged(f"Model {blob.model}: {operation.out} has a number that is far too large.")
    return words


def _list(blob: _Blob, operations: list[Operation], start: str) -> tuple[bytes, dict[str, int]]:
    """A coder's operations as bytes, and the register each name ends up in."""
    registers = {start: 0}
    data = b""
    for index, operation in enumerate(operations):
        for name in (operation.source, operation.add):
            if name is not None and name not in registers:
                raise ModelDamaged(
                    f"Model {blob.model}: {operation.out} reads {name!r}, which nothing writes before it."
                )
        add = -1 if operation.add is None else registers[operation.add]
        data += struct.pack(
            f"<{OPERATION_WORDS}i", *_words(blob, operation, registers[operation.source], add)
        )
        registers[operation.out] = index + 1
    return data, registers


def whitening(description: Description) -> NDArray[np.float32]:
    """W with W (z - mean) of unit covariance, symmetric; directions without variance are kept finite."""
    values, vectors = np.linalg.eigh(np.asarray(description.latent.covariance, dtype=np.float64))
    floor = max(float(values.max()), 1e-12) * 1e-6
    return np.asarray((vectors / np.sqrt(np.maximum(values, floor))) @ vectors.T, dtype=np.float32)


def _ends(registers: dict[str, int], name: str, model: str) -> int:
    if name not in registers:
        raise ModelDamaged(f"Model {model}: no operation writes {name!r}.")
    return registers[name]


def pack(description: Description, tensors: Tensors, *, encoder: bool = True, decoder: bool = True) -> bytes:
    """The blob of a model, with either coder or both. The page gets the very same bytes."""
    blob = _Blob(tensors, description.name)
    latent = description.latent
    mean = blob.add(np.asarray(latent.mean, dtype=np.float32))
    std = blob.add(np.asarray(latent.std, dtype=np.float32))
    white = blob.add(whitening(description))
    listening = (description.encoder or []) if encoder else []
    sounding = description.decoder if decoder else []
    encoder_list, encoder_names = _list(blob, listening, "audio")
    decoder_list, decoder_names = _list(blob, sounding, "latent")
    table_at = HEADER_WORDS * 4
    encoder_at = table_at + 16 * len(blob.arrays)
    decoder_at = encoder_at + len(encoder_list)
    at = decoder_at + len(decoder_list)
    table, data = b"", list[bytes]()
    for array in blob.arrays:
        gap = -at % ALIGN
        raw = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        table += struct.pack("<4I", _TYPES[array.dtype.name], array.size, at + gap, 0)
        data += (bytes(gap), raw)
        at += gap + len(raw)
    radius = struct.unpack("<i", struct.pack("<f", latent.known_radius))[0]
    header = [
        MAGIC, VERSION, at, description.sample_rate, description.channels, description.hop, description.dims,
        description.delay, radius, len(blob.arrays), table_at, len(listening), encoder_at,
        _ends(encoder_names, "mean", description.name) if listening else 0,
        encoder_names.get("deviation", -1),
        len(sounding), decoder_at, _ends(decoder_names, "audio", description.name) if sounding else 0,
        mean, std, white,
    ]  # fmt: skip
    header += [0] * (HEADER_WORDS - len(header))
    return b"".join((struct.pack(f"<{HEADER_WORDS}i", *header), table, encoder_list, decoder_list, *data))
