"""Mappings as JSON, out and in (docs/mapping-format.md).

Reading trusts nothing: every number must be finite and every shape must fit, so that a damaged
piece is a sentence and not a bang.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from isobath.errors import MappingError
from isobath.mapping.mapping import Confidence, Mapping, Part
from isobath.mapping.terms import (
    ACTIVATIONS,
    PROFILES,
    Floats,
    Layer,
    Layered,
    Nearest,
    Network,
    Polynomial,
    Radial,
    Term,
)

MAPPING_FORMAT = 1
MOST = 1e15
"""No number in a mapping is larger, so that nothing it computes can overflow."""
MOST_LAYERS = 8
"""Of a term of kind `layers`: with more, unbounded activations could overflow after all."""


_WAY_OUT = "Fit the demonstrations again."


class _Damaged(Exception):
    """Why the text is not a mapping; becomes a MappingError with the way out."""


def write(mapping: Mapping) -> str:
    """One line of JSON."""
    return msgspec.json.encode(plain(mapping)).decode()


def plain(mapping: Mapping) -> dict[str, Any]:
    """Numbers, strings, lists and dictionaries; an error that is not a number is None."""
    return {
        "format": MAPPING_FORMAT,
        "algorithm": mapping.algorithm,
        "axes": mapping.axes,
        "dims": mapping.dims,
        "active": list(mapping.active),
        "values": mapping.values.tolist(),
        "low": None if mapping.low is None else mapping.low.tolist(),
        "high": None if mapping.high is None else mapping.high.tolist(),
        "parts": [_plain_part(part) for part in mapping.parts],
        "errors": [None if error != error else error for error in mapping.errors],
        "warnings": list(mapping.warnings),
    }


def _plain_part(part: Part) -> dict[str, Any]:
    sure = part.confidence
    return {
        "inputs": list(part.inputs),
        "outputs": list(part.outputs),
        "centre": part.centre.tolist(),
        "scale": part.scale.tolist(),
        "bias": part.bias.tolist(),
        "terms": [term.plain() for term in part.terms],
        "confidence": None if sure is None else _plain_confidence(sure),
    }


def _plain_confidence(sure: Confidence) -> dict[str, Any]:
    return {"length": sure.length, "level": sure.level, "pin": sure.pin, "noise": sure.noise.tolist()}


def read(text: str | bytes) -> Mapping:
    """A mapping from its JSON. Raises MappingError."""
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise MappingError(f"This is not a mapping Isobath can read: {problem}. {_WAY_OUT}") from problem
    return from_plain(data)


def from_plain(data: Any) -> Mapping:
    """A mapping from plain values. Raises MappingError."""
    try:
        return _mapping(data)
    except _Damaged as problem:
        raise MappingError(f"This is not a mapping Isobath can read: {problem}. {_WAY_OUT}") from problem


def _mapping(data: Any) -> Mapping:
    if not isinstance(data, dict):
        raise _Damaged("it is not a JSON object")
    if data.get("format") != MAPPING_FORMAT:
        raise _Damaged(f"its format is {data.get('format')!r}, and this Isobath reads {MAPPING_FORMAT}")
    axes, dims = _whole(data, "axes", 0, 1024), _whole(data, "dims", 1, 4096)
    active = _get(data, "active", list)
    if len(active) != dims or not all(isinstance(one, bool) for one in active):
        raise _Damaged("'active' is not one true or false per dimension")
    low = None if data.get("low") is None else _floats(data, "low", (dims,))
    high = None if data.get("high") is None else _floats(data, "high", (dims,))
    if (low is None) != (high is None):
        raise _Damaged("it has only one of 'low' and 'high'")
    return Mapping(
        algorithm=_get(data, "algorithm", str),
        axes=axes,
        dims=dims,
        active=tuple(active),
        values=_floats(data, "values", (dims,)),
        parts=tuple(_part(part, axes, dims) for part in _get(data, "parts", list)),
        low=low,
        high=high,
        errors=tuple(_errors(data.get("errors", []))),
        warnings=tuple(str(line) for line in _get(data, "warnings", list)),
    )


def _errors(values: Any) -> list[float]:
    if not isinstance(values, list):
        raise _Damaged("'errors' is not a list")
    known = [0.0 if value is None else value for value in values]
    errors = _floats({"errors": known}, "errors", (None,))
    errors[[value is None for value in values]] = np.nan
    return errors.tolist()  # type: ignore[no-any-return]


def _part(data: Any, axes: int, dims: int) -> Part:
    if not isinstance(data, dict):
        raise _Damaged("one of its parts is not an object")
    inputs, outputs = _indices(data, "inputs", axes), _indices(data, "outputs", dims)
    ins, outs = len(inputs), len(outputs)
    terms = []
    for term in _get(data, "terms", list):
        kind = term.get("kind") if isinstance(term, dict) else None
        if not isinstance(kind, str) or kind not in _READERS:
            raise _Damaged(f"it has a term of kind {kind!r}, which this Isobath does not know")
        terms.append(_READERS[kind](term, ins, outs))
    confidence = None
    if data.get("confidence") is not None:
        if not terms or not isinstance(terms[0], Radial):
            raise _Damaged("its confidence has no demonstrations to stand on")
        noise = _floats(data["confidence"], "noise", (len(terms[0].centres),))
        length, level = _positive(data["confidence"], "length"), _positive(data["confidence"], "level")
        confidence = Confidence(length, noise, level, _positive(data["confidence"], "pin"))
    return Part(
        inputs,
        outputs,
        _floats(data, "centre", (ins,)),
        _floats(data, "scale", (ins,)),
        _floats(data, "bias", (outs,)),
        tuple(terms),
        confidence,
    )


def _radial(data: dict[str, Any], ins: int, outs: int) -> Radial:
    centres = _floats(data, "centres", (None, ins))
    layers = [_layer(layer, len(centres), outs) for layer in _get(data, "layers", list)]
    if not layers or ("thin_plate" in {layer.profile for layer in layers} and len(layers) > 1):
        raise _Damaged("its bumps have no layers, or more than one of thin plates")
    return Radial(centres, tuple(layers))


def _layer(data: Any, n: int, outs: int) -> Layer:
    profile = data.get("profile") if isinstance(data, dict) else None
    if not isinstance(profile, str) or profile not in PROFILES:
        raise _Damaged(f"it has a profile {profile!r}, which this Isobath does not know")
    return Layer(profile, _positive(data, "length"), _floats(data, "weights", (n, outs)))


def _network(data: dict[str, Any], ins: int, outs: int) -> Network:
    layers, offsets = _get(data, "weights", list), _get(data, "biases", list)
    if not layers or len(layers) != len(offsets):
        raise _Damaged("its network has no layers, or not one bias per layer")
    weights, biases = [], []
    columns, groups = ins, None
    for layer, offset in zip(layers, offsets, strict=True):
        matrix = _floats({"weights": layer}, "weights", (groups, None, columns))
        groups, columns = matrix.shape[0], matrix.shape[1]
        weights.append(matrix)
        biases.append(_floats({"biases": offset}, "biases", (groups, columns)))
    if (groups, columns) not in ((outs, 1), (1, outs)):
        raise _Damaged(f"its network ends in {groups} x {columns} values for {outs} outputs")
    return Network(tuple(weights), tuple(biases))


def _layers(data: dict[str, Any], ins: int, outs: int) -> Layered:
    activations = _get(data, "activations", list)
    layers, offsets = _get(data, "weights", list), _get(data, "biases", list)
    if not 1 <= len(layers) <= MOST_LAYERS or not len(layers) == len(offsets) == len(activations):
        raise _Damaged(
            f"its network does not have 1 to {MOST_LAYERS} layers, with a bias and an activation for each"
        )
    weights, biases = [], []
    columns = ins
    for activation, layer, offset in zip(activations, layers, offsets, strict=True):
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            raise _Damaged(f"it has an activation {activation!r}, which this Isobath does not know")
        matrix = _floats({"weights": layer}, "weights", (None, columns))
        columns = len(matrix)
        if not columns:
            raise _Damaged("a layer of its network is empty")
        weights.append(matrix)
        biases.append(_floats({"biases": offset}, "biases", (columns,)))
    if columns != outs:
        raise _Damaged(f"its network ends in {columns} values for {outs} outputs")
    return Layered(tuple(activations), tuple(weights), tuple(biases))


def _nearest(data: dict[str, Any], ins: int, outs: int) -> Nearest:
    centres = _floats(data, "centres", (None, ins))
    if not len(centres):
        raise _Damaged("it has no demonstrations to be near to")
    values = _floats(data, "values", (len(centres), outs))
    return Nearest(_whole(data, "count", 0, 2**31), _positive(data, "power"), centres, values)


def _polynomial(data: dict[str, Any], ins: int, outs: int) -> Polynomial:
    products = [_indices({"factors": one}, "factors", ins) for one in _get(data, "factors", list)]
    return Polynomial(tuple(products), _floats(data, "weights", (len(products), outs)))


_READERS: dict[str, Callable[[dict[str, Any], int, int], Term]] = {
    "radial": _radial,
    "network": _network,
    "layers": _layers,
    "nearest": _nearest,
    "polynomial": _polynomial,
}


def _get(data: dict[str, Any], key: str, kind: type) -> Any:
    value = data.get(key)
    if not isinstance(value, kind):
        raise _Damaged(f"'{key}' is missing or not a {kind.__name__}")
    return value


def _whole(data: dict[str, Any], key: str, low: int, high: int) -> int:
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _Damaged(f"'{key}' is {value!r}, not a whole number from {low} to {high}")
    return value


def _positive(data: Any, key: str) -> float:
    value = data.get(key) if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1e-9 <= value <= 1e9:
        raise _Damaged(f"'{key}' is {value!r}, not a number from 1e-9 to 1e9")
    return float(value)


def _indices(data: dict[str, Any], key: str, below: int) -> tuple[int, ...]:
    values = _get(data, key, list)
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < below:
            raise _Damaged(f"'{key}' holds {value!r}, not an index below {below}")
    return tuple(values)


def _floats(data: Any, key: str, shape: tuple[int | None, ...]) -> Floats:
    """Finite numbers of the given shape; None stands for any length."""
    value = data.get(key) if isinstance(data, dict) else None
    try:
        array = np.asarray(value)
    except ValueError:
        raise _Damaged(f"'{key}' has rows of different lengths") from None
    if array.size == 0:
        array = np.zeros(tuple(0 if length is None else length for length in shape))
    if array.dtype.kind not in "if" or array.ndim != len(shape):
        raise _Damaged(f"'{key}' is not a {len(shape)}-dimensional list of numbers")
    if any(want is not None and want != got for want, got in zip(shape, array.shape, strict=True)):
        raise _Damaged(f"'{key}' has shape {array.shape}, which does not fit the rest")
    array = array.astype(np.float64)
    if not (np.abs(array) < MOST).all():
        raise _Damaged(f"'{key}' holds a number that is not finite, or absurdly large")
    return array
