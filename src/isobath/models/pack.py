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
VERSION = 2
HEADER_WORDS = 32
OPERATION_WORDS = 20
ALIGN = 64
KINDS = {
    "conv": 1,
    "conv_transpose": 2,
    "amplitude": 3,
    "synthesis": 4,
    "analysis": 5,
    "tones": 6,
    "spectrum": 7,
    "activate": 8,
    "multiply": 9,
    "noise": 10,
    "normal": 11,
    "quantize": 12,
    "lookup": 13,
    "sphere": 14,
    "angles": 15,
}
ACTS = {"leaky": 1, "tanh": 2, "sigmoid": 3, "gate": 4, "snake": 5, "affine": 6}
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


@dataclass(frozen=True)
class _Reads:
    """The registers an operation reads, by number; -1: none."""

    source: int
    add: int
    by: int


@dataclass
class _Fields:
    """What the words of an operation say beyond its registers."""

    weight: int = -1
    bias: int = -1
    second: int = -1
    outputs: int = 0
    taps: int = 0


def _convolution(blob: _Blob, operation: Operation) -> _Fields:
    shape = blob.shape(operation.weight, 3, "weight")
    found = _Fields(weight=blob.number(operation.weight or "", _FLOATS), taps=shape[2])
    if operation.bias is not None:
        blob.shape(operation.bias, 1, "bias")
        found.bias = blob.number(operation.bias, _FLOATS)
    found.outputs = shape[0] if operation.kind == "conv" else shape[1]
    if operation.kind == "conv_transpose" and found.taps != 2 * operation.stride:
        raise ModelDamaged(
            f"Model {blob.model}: {operation.out} has {found.taps} taps at stride {operation.stride}; "
            "it must be twice as many."
        )
    return found


def _vectors(blob: _Blob, first: tuple[str | None, str], second: tuple[str | None, str]) -> _Fields:
    """Two tensors of one axis each, whole numbers but for frequencies."""
    found = _Fields()
    (found.outputs,) = blob.shape(first[0], 1, first[1])
    blob.shape(second[0], 1, second[1])
    found.weight = blob.number(first[0] or "", ("float32",) if first[1] == "frequencies" else _WORDS)
    found.second = blob.number(second[0] or "", _WORDS)
    return found


def _coefficients(blob: _Blob, operation: Operation) -> _Fields:
    """`activate`: numbers a channel, where its curve has any."""
    found = _Fields()
    if operation.alpha is not None:
        (found.outputs,) = blob.shape(operation.alpha, 1, "alpha")
        found.weight = blob.number(operation.alpha, _FLOATS)
    if operation.bias is not None:
        blob.shape(operation.bias, 1, "bias")
        found.bias = blob.number(operation.bias, _FLOATS)
    return found


def _fields(blob: _Blob, operation: Operation) -> _Fields:
    """The tensors of one operation and their sizes."""
    match operation.kind:
        case "conv" | "conv_transpose":
            return _convolution(blob, operation)
        case "synthesis" | "analysis" | "noise":
            outputs, taps = blob.shape(operation.filters, 2, "filters")
            return _Fields(weight=blob.number(operation.filters or "", _FLOATS), outputs=outputs, taps=taps)
        case "tones":
            return _vectors(blob, (operation.increments, "increments"), (operation.offsets, "offsets"))
        case "spectrum":
            return _vectors(blob, (operation.frequencies, "frequencies"), (operation.lengths, "lengths"))
        case "quantize" | "lookup":
            books, codes, size = blob.shape(operation.codes, 3, "codes")
            return _Fields(
                weight=blob.number(operation.codes or "", _FLOATS), outputs=books, taps=codes, second=size
            )
        case "activate":
            return _coefficients(blob, operation)
        case "normal":
            return _Fields(outputs=operation.outputs)
    return _Fields()


def _act(blob: _Blob, operation: Operation) -> int:
    known = list(ACTS) if operation.kind == "activate" else [None, "leaky"]
    if operation.act not in known:
        raise ModelDamaged(f"Model {blob.model} asks for the unknown activation {operation.act!r}.")
    return ACTS[operation.act] if operation.act else 0


def _words(blob: _Blob, operation: Operation, reads: _Reads) -> list[int]:
    """The twenty words of one operation."""
    if operation.kind not in KINDS:
        raise ModelDamaged(f"Model {blob.model} asks for the unknown operation {operation.kind!r}.")
    act, o = _act(blob, operation), operation
    f = _fields(blob, operation)
    words = [
        KINDS[o.kind], reads.source, reads.add, act, f.weight, f.bias,
        f.outputs, f.taps, o.stride, o.dilation, o.groups, f.second, int(o.noise), o.attack, o.step,
        o.late, o.add_late, reads.by, o.by_late, int(o.alternate),
    ]  # fmt: skip
    if not all(-(1 << 31) <= word < 1 << 31 for word in words):
        raise ModelDamaged(f"Model {blob.model}: {operation.out} has a number that is far too large.")
    return words


def _list(blob: _Blob, operations: list[Operation], start: str) -> tuple[bytes, dict[str, int]]:
    """A coder's operations as bytes, and the register each name ends up in."""
    registers = {start: 0}
    data = b""
    for index, operation in enumerate(operations):
        for name in (operation.source, operation.add, operation.by):
            if name is not None and name not in registers:
                raise ModelDamaged(
                    f"Model {blob.model}: {operation.out} reads {name!r}, which nothing writes before it."
                )
        add, by = (-1 if name is None else registers[name] for name in (operation.add, operation.by))
        reads = _Reads(registers[operation.source], add, by)
        data += struct.pack(f"<{OPERATION_WORDS}i", *_words(blob, operation, reads))
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


def pack(
    description: Description,
    tensors: Tensors,
    *,
    encoder: bool = True,
    decoder: bool = True,
    swift: bool = False,
) -> bytes:
    """The blob of a model, with either coder or both. The page gets the very same bytes.

    swift: ask the kernel for products of whole numbers where they gain (kernel/whole.h).
    """
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
    table, data = b"", list[bytes | memoryview]()
    for array in blob.arrays:
        gap = -at % ALIGN
        little = array.astype(array.dtype.newbyteorder("<"), copy=False).reshape(-1)
        raw = little.view(np.uint8).data
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
        mean, std, white, int(swift),
    ]  # fmt: skip
    header += [0] * (HEADER_WORDS - len(header))
    return b"".join((struct.pack(f"<{HEADER_WORDS}i", *header), table, encoder_list, decoder_list, *data))
