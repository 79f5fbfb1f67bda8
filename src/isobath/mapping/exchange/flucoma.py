"""FluCoMa's JSON: data sets, scalers and regressors (fluid.dataset~, fluid.normalize~, fluid.standardize~,
fluid.robustscale~, fluid.mlpregressor~).

A regressor read here is evaluated in double precision by the mapping's own terms; with the scalers
that stood before and behind it, they are folded into its first and last layer, and it gives the
numbers that it gave there.
"""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np

from isobath.errors import MappingError
from isobath.mapping.exchange.examples import Examples
from isobath.mapping.mapping import Mapping, Part
from isobath.mapping.terms import Activation, Floats, Layered, Network, Polynomial

Kind = Literal["dataset", "regressor", "scaler"]
ACTIVATIONS: tuple[Activation, ...] = ("identity", "sigmoid", "relu", "tanh")
MOST_LAYERS = 8
MOST_SIZE = 4096
LARGEST = 1e9
FINE = 2.0**20
"""Inputs are made so much smaller and the first weights so much larger (a power of two: nothing is
rounded), because a mapping keeps its coordinates within 100 half-ranges, and a regressor has no range."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Named rows, in the order of their names as text, as FluCoMa keeps them."""

    ids: tuple[str, ...]
    rows: Floats  # (n, cols)


@dataclass(frozen=True, eq=False)
class Scaler:
    """y = x · scale + shift, per column."""

    scale: Floats
    shift: Floats

    def inverse(self) -> "Scaler":
        """x of y. A column that was made constant stays at what it was made from."""
        safe = np.where(self.scale == 0.0, 1.0, self.scale)
        return Scaler(np.where(self.scale == 0.0, 0.0, 1.0 / safe), -self.shift / safe)


def parse(name: str, text: str | bytes) -> dict[str, Any]:
    """The JSON object in a file. Raises MappingError."""
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MappingError(f"{name} is no JSON that can be read ({error}).") from error
    if not isinstance(data, dict):
        raise MappingError(f"{name} holds no JSON object, so it is nothing that FluCoMa wrote.")
    return data


def kind_of(data: dict[str, Any]) -> Kind | None:
    """What FluCoMa object this is; None: none that is read here."""
    if isinstance(data.get("layers"), list):
        return "regressor"
    if {"data_min", "mean", "median"} & data.keys():
        return "scaler"
    if isinstance(data.get("cols"), int) and isinstance(data.get("data", {}), dict) and "format" not in data:
        return "dataset"
    return None


# ---------------------------------------------------------------------------------------- reading


def read_dataset(name: str, data: dict[str, Any]) -> DataSet:
    """A fluid.dataset~. Raises MappingError."""
    rows = data.get("data", {})
    if not isinstance(rows, dict):
        raise MappingError(f"{name} holds no FluCoMa data set.")
    columns = _count(name, data, "cols")
    table = np.zeros((len(rows), columns))
    for at, (label, row) in enumerate(rows.items()):
        table[at] = _floats(name, f'row "{label[:40]}"', row, (columns,))
    return DataSet(tuple(rows), table)


def read_scaler(name: str, data: dict[str, Any]) -> Scaler:
    """A fluid.normalize~, fluid.standardize~ or fluid.robustscale~. Raises MappingError."""
    columns = _count(name, data, "cols")

    def column(key: str) -> Floats:
        return _floats(name, key, data.get(key), (columns,))

    if "data_min" in data:
        low, high = column("data_min"), column("data_max")
        bottom, top = _float(name, data, "min"), _float(name, data, "max")
        reach = np.where(high == low, 1.0, high - low)
        scale = (top - bottom) / reach
        return Scaler(scale, bottom - low * scale)
    middle, spread = ("median", "range") if "median" in data else ("mean", "std")
    width = column(spread)
    scale = 1.0 / np.where(width == 0.0, 1.0, width)
    return Scaler(scale, -column(middle) * scale)


def read_regressor(
    name: str, data: dict[str, Any], before: Scaler | None = None, behind: Scaler | None = None
) -> Mapping:
    """A fluid.mlpregressor~ as a mapping from its inputs to its outputs.

    `before` scales what goes into it; `behind` is undone to what comes out, as
    inversetransform does. Raises MappingError.
    """
    layers = data.get("layers")
    if not isinstance(layers, list) or not 1 <= len(layers) <= MOST_LAYERS:
        raise MappingError(f"{name} does not have 1 to {MOST_LAYERS} layers, so it is not read.")
    activations, weights, biases = [], [], []
    rows = None
    for index, layer in enumerate(layers):
        what = f"layer {index + 1}"
        if not isinstance(layer, dict):
            raise MappingError(f"{name} holds something else than an object as {what}.")
        own, columns = _count(name, layer, "rows"), _count(name, layer, "cols")
        if rows is not None and own != rows:
            raise MappingError(f"{name} has {own} rows in {what}, but the layer before it gives {rows}.")
        kind = layer.get("activation")
        if isinstance(kind, bool) or not isinstance(kind, int) or not 0 <= kind < len(ACTIVATIONS):
            raise MappingError(f"{name} has the activation {str(kind)[:20]} in {what}; there are 0 to 3.")
        activations.append(ACTIVATIONS[kind])
        weights.append(_floats(name, f"the weights of {what}", layer.get("weights"), (own, columns)).T)
        biases.append(_floats(name, f"the biases of {what}", layer.get("biases"), (columns,)))
        rows = columns
    inputs, outputs = weights[0].shape[1], len(biases[-1])
    if before is not None:
        _fits(name, "inputs", inputs, before)
        biases[0] = biases[0] + weights[0] @ before.shift
        weights[0] = weights[0] * before.scale
    if behind is not None:
        _fits(name, "outputs", outputs, behind)
        undo = behind.inverse()
        if activations[-1] == "identity":
            weights[-1] = undo.scale[:, None] * weights[-1]
            biases[-1] = undo.scale * biases[-1] + undo.shift
        elif len(weights) < MOST_LAYERS:
            activations.append("identity")
            weights.append(np.diag(undo.scale))
            biases.append(undo.shift)
        else:
            raise MappingError(f"{name} has too many layers for a scaler behind its last activation.")
    if not all((np.abs(one) < LARGEST).all() for one in (*weights, *biases)):
        raise MappingError(f"{name} has weights beyond {LARGEST:g} once the scalers are folded in.")
    weights[0] = weights[0] * FINE
    term = Layered(tuple(activations), tuple(weights), tuple(biases))
    part = Part(
        tuple(range(inputs)),
        tuple(range(outputs)),
        np.zeros(inputs),
        np.full(inputs, 1.0 / FINE),
        np.zeros(outputs),
        (term,),
    )
    return Mapping("flucoma", inputs, outputs, (True,) * outputs, np.zeros(outputs), (part,))


def _fits(name: str, what: str, columns: int, scaler: Scaler) -> None:
    if len(scaler.scale) != columns:
        raise MappingError(f"{name} has {columns} {what}, but the scaler for them has {len(scaler.scale)}.")


def join(points: DataSet, targets: DataSet) -> Examples:
    """Rows of the same name in two data sets. Raises MappingError where there are none."""
    rows = {one: at for at, one in enumerate(targets.ids)}
    both = [(at, rows[one]) for at, one in enumerate(points.ids) if one in rows]
    if not both:
        raise MappingError("The two data sets have no name in common, so nothing belongs together.")
    left, right = np.array(both).T
    alone = len(points.ids) + len(targets.ids) - 2 * len(both)
    notes = (f"{alone} rows are in one data set only, and are left out.",) if alone else ()
    dims = targets.rows.shape[1]
    return Examples(
        tuple(f"inputs-{i + 1}" for i in range(points.rows.shape[1])),
        tuple(f"outputs-{i + 1}" for i in range(dims)),
        points.rows[left],
        targets.rows[right],
        (0,) * dims,
        (1,) * len(both),
        notes,
    )


def _count(name: str, data: dict[str, Any], key: str) -> int:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_SIZE:
        raise MappingError(f"{name} has {str(value)[:20]} as {key}; it goes from 1 to {MOST_SIZE}.")
    return value


def _float(name: str, data: dict[str, Any], key: str) -> float:
    return float(_floats(name, key, data.get(key), ()))


def _floats(name: str, what: str, values: Any, shape: tuple[int, ...]) -> Floats:
    try:
        array = np.asarray(values)
    except ValueError:
        raise MappingError(f"{name} has rows of different lengths in {what}.") from None
    if array.dtype.kind not in "if" or array.shape != shape:
        raise MappingError(f"{name} does not have {' x '.join(map(str, shape)) or 'one'} numbers as {what}.")
    if not (np.abs(array) < 1e12).all():
        raise MappingError(f"{name} has a number in {what} that is not finite, or absurdly large.")
    floats: Floats = array.astype(np.float64)
    return floats


# ---------------------------------------------------------------------------------------- writing


def write_dataset(rows: Floats, ids: tuple[str, ...] | None = None) -> bytes:
    """A fluid.dataset~; rows are named p-1, p-2, ... unless `ids` names them."""
    names = ids or tuple(f"p-{i + 1}" for i in range(len(rows)))
    data = dict(sorted(zip(names, rows.tolist(), strict=True)))
    return _json({"cols": rows.shape[1], **({"data": data} if data else {})})


def write_normalize(rows: Floats, low: float = 0.0, high: float = 1.0) -> bytes:
    """A fluid.normalize~ fitted to rows."""
    return _json(
        {
            "cols": rows.shape[1],
            "data_max": rows.max(axis=0).tolist(),
            "data_min": rows.min(axis=0).tolist(),
            "max": high,
            "min": low,
        }
    )


def write_standardize(rows: Floats) -> bytes:
    """A fluid.standardize~ fitted to rows."""
    return _json(
        {"cols": rows.shape[1], "mean": rows.mean(axis=0).tolist(), "std": rows.std(axis=0).tolist()}
    )


def write_robustscale(rows: Floats, low: float = 25.0, high: float = 75.0) -> bytes:
    """A fluid.robustscale~ fitted to rows, between two percentiles."""
    bottom, top = np.percentile(rows, [low, high], axis=0)
    return _json(
        {
            "cols": rows.shape[1],
            "data_high": top.tolist(),
            "data_low": bottom.tolist(),
            "high": high,
            "low": low,
            "median": np.median(rows, axis=0).tolist(),
            "range": (top - bottom).tolist(),
        }
    )


def write_regressor(mapping: Mapping) -> bytes:
    """A fluid.mlpregressor~ that gives what the mapping gives, within 100 half-ranges of its axes.

    Perceptrons (all outputs' networks side by side), straight lines, and whatever was read from
    FluCoMa fit into one. Raises MappingError for any other mapping, and for clamped ones.
    """
    if mapping.low is not None:
        raise MappingError("A regressor of FluCoMa cannot be clamped. Fit again without the clamp.")
    if not all(mapping.active):
        raise MappingError("A regressor of FluCoMa gives every output; switch those that are off to locked.")
    nets = [_net(part, mapping.axes) for part in mapping.parts]
    shape = {net.hidden for net in nets if net.hidden or net.weights[-1].any()}
    if len(shape) > 1:
        raise MappingError("Outputs that are learned in different ways do not fit into one regressor.")
    hidden = shape.pop() if shape else ()
    weights, biases = _side_by_side(mapping, nets, len(hidden))
    layers = [
        {
            "activation": ACTIVATIONS.index(activation),
            "biases": bias.tolist(),
            "cols": len(bias),
            "rows": matrix.shape[1],
            "weights": matrix.T.tolist(),
        }
        for activation, matrix, bias in zip((*hidden, "identity"), weights, biases, strict=True)
    ]
    return _json({"layers": layers})


@dataclass(frozen=True, eq=False)
class _Net:
    """A part's layers over all axes: hidden activations, weights and biases, read-out last."""

    hidden: tuple[Activation, ...]
    weights: list[Floats]
    biases: list[Floats]


def _net(part: Part, axes: int) -> _Net:
    gather = np.zeros((len(part.inputs), axes))
    gather[np.arange(len(part.inputs)), list(part.inputs)] = part.scale
    shift = -part.centre * part.scale
    if not part.terms:
        return _Net((), [np.zeros((len(part.outputs), axes))], [part.bias.copy()])
    term = part.terms[0]
    if len(part.terms) == 1 and isinstance(term, Polynomial) and all(len(one) == 1 for one in term.factors):
        slopes = np.zeros((len(part.outputs), len(part.inputs)))
        for weights, (column,) in zip(term.weights, term.factors, strict=True):
            slopes[:, column] += weights
        return _Net((), [slopes @ gather], [slopes @ shift + part.bias])
    if len(part.terms) == 1 and isinstance(term, Network):
        weights, biases = _blocks(term)
        tanh: Activation = "tanh"
        hidden = (tanh,) * (len(weights) - 1)
    elif len(part.terms) == 1 and isinstance(term, Layered) and _speaks(term):
        weights, biases = [one.copy() for one in term.weights], [one.copy() for one in term.biases]
        hidden = tuple(term.activations[:-1])
    else:
        raise MappingError(
            "Only perceptrons and straight lines fit into a regressor of FluCoMa. Choose the algorithm "
            "perceptron (or linear), or write the demonstrations as data sets and fit them there."
        )
    biases[0] = biases[0] + weights[0] @ shift
    weights[0] = weights[0] @ gather
    biases[-1] = biases[-1] + part.bias
    return _Net(hidden, weights, biases)


def _speaks(term: Layered) -> bool:
    return term.activations[-1] == "identity" and not set(term.activations) - set(ACTIVATIONS)


def _blocks(term: Network) -> tuple[list[Floats], list[Floats]]:
    """One network whose layers hold each group's along their diagonal."""
    weights: list[Floats] = []
    for index, layer in enumerate(term.weights):
        groups, rows, columns = layer.shape
        if index == 0:
            weights.append(layer.reshape(groups * rows, columns))
            continue
        block = np.zeros((groups * rows, groups * columns))
        for group in range(groups):
            block[group * rows : (group + 1) * rows, group * columns : (group + 1) * columns] = layer[group]
        weights.append(block)
    return weights, [bias.reshape(-1) for bias in term.biases]


def _side_by_side(mapping: Mapping, nets: list[_Net], hidden: int) -> tuple[list[Floats], list[Floats]]:
    """All parts as one network, its outputs in the mapping's order, the locked ones as biases."""
    deep = [net for net in nets if len(net.hidden) == hidden]
    weights: list[Floats] = []
    biases: list[Floats] = []
    for layer in range(hidden):
        blocks = [net.weights[layer] for net in deep]
        weights.append(np.concatenate(blocks) if layer == 0 else _diagonal(blocks))
        biases.append(np.concatenate([net.biases[layer] for net in deep]))
    columns = len(biases[-1]) if hidden else mapping.axes
    readout, bias = np.zeros((mapping.dims, columns)), mapping.values.astype(np.float64).copy()
    at = 0
    for part, net in zip(mapping.parts, nets, strict=True):
        rows = list(part.outputs)
        bias[rows] = net.biases[-1]
        if len(net.hidden) == hidden:
            width = net.weights[-1].shape[1]
            start = at if hidden else 0
            readout[rows, start : start + width] = net.weights[-1]
            at += width
    return [*weights, readout], [*biases, bias]


def _diagonal(blocks: list[Floats]) -> Floats:
    whole = np.zeros((sum(len(one) for one in blocks), sum(one.shape[1] for one in blocks)))
    row = column = 0
    for block in blocks:
        whole[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return whole


def _json(data: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(data), indent=4) + b"\n"
