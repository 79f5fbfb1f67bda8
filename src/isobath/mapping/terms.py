# mypy: disable-error-code="no-any-return"
"""The few shapes every mapping is a sum of.

Whatever learned them, all mappings are evaluated by five kinds of term, so that the page has
five small loops to agree with and a new algorithm usually needs none. A term takes a place `u`
(own axes, -1..1, see `Part`) and gives one value per output it serves. `one` is the path of the
sound, called once per latent frame; `many` is for drawing and measuring.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Profile = Literal["matern52", "exponential", "thin_plate"]
Activation = Literal["identity", "tanh", "sigmoid", "relu", "sine"]


class Term(Protocol):
    """A function of place, several outputs at once."""

    def one(self, u: Floats) -> Floats:
        """Values (outputs,) at one place."""

    def many(self, u: Floats) -> Floats:
        """Values (n, outputs) at places (n, inputs)."""

    def plain(self) -> dict[str, Any]:
        """As JSON holds it (docs/mapping-format.md)."""


def squared_distances(a: Floats, b: Floats) -> Floats:
    """(n, m) squared distances between rows.

    By |a|² + |b|² - 2ab, and once more by differences where that cancels: the exponential profile
    has a corner at 0 and would show it.
    """
    squares = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)[None, :]
    squared = squares - 2.0 * (a @ b.T)
    rows, columns = np.nonzero(squared < 1e-5 * squares)
    squared[rows, columns] = ((a[rows] - b[columns]) ** 2).sum(axis=1)
    return squared


def matern52(squared: Floats) -> Floats:
    """Matérn kernel of smoothness 5/2 over squared distances already divided by length².

    Rasmussen & Williams, Gaussian Processes for Machine Learning, eq. 4.17.
    """
    t2 = 5.0 * squared
    t = np.sqrt(t2)
    return (1.0 + t + t2 / 3.0) * np.exp(-t)


def thin_plate(squared: Floats) -> Floats:
    """r² log r, from r²; 0 at 0 (Duchon 1977)."""
    return 0.5 * squared * np.log(np.maximum(squared, 1e-300))


def exponential(squared: Floats) -> Floats:
    """exp(-r): the Matérn kernel of smoothness 1/2 (Rasmussen & Williams, eq. 4.18)."""
    return np.exp(-np.sqrt(squared))


PROFILES: dict[Profile, Callable[[Floats], Floats]] = {
    "matern52": matern52,
    "exponential": exponential,
    "thin_plate": thin_plate,
}


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), by way of tanh, which overflows nowhere."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def rectify(x: Floats) -> Floats:
    """What is above 0."""
    return np.maximum(x, 0.0)


def identity(x: Floats) -> Floats:
    """As it is."""
    return x


ACTIVATIONS: dict[Activation, Callable[[Floats], Floats]] = {
    "identity": identity,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": rectify,
    "sine": np.sin,
}


@dataclass(frozen=True, eq=False)
class Layer:
    """One height per centre and output, spread by a profile of distance / length."""

    profile: Profile
    length: float
    weights: Floats  # (n, outputs)


@dataclass(frozen=True, eq=False)
class Radial:
    """Bumps around centres, in layers of different reach: sum of weight · profile(distance / length)."""

    centres: Floats  # (n, inputs)
    layers: tuple[Layer, ...]

    @cached_property
    def _plan(self) -> tuple[Floats, Floats, tuple[tuple[Profile, slice], ...]]:
        """What turns squared distances into each layer's, all weights, and each layer's rows."""
        n = len(self.centres)
        scales = [(5.0 if layer.profile == "matern52" else 1.0) / layer.length**2 for layer in self.layers]
        spans = tuple((layer.profile, slice(n * i, n * (i + 1))) for i, layer in enumerate(self.layers))
        return np.array(scales)[:, None], np.concatenate([layer.weights for layer in self.layers]), spans

    def one(self, u: Floats) -> Floats:
        scales, weights, spans = self._plan
        offsets = self.centres - u
        t2 = (scales * np.einsum("ij,ij->i", offsets, offsets)).ravel()
        if spans[0][0] == "thin_plate":
            return thin_plate(t2).dot(weights)
        t = np.sqrt(t2)
        heights = np.exp(-t)
        for profile, span in spans:
            if profile == "matern52":
                polynomial = t2[span]
                polynomial *= 1.0 / 3.0
                polynomial += t[span]
                polynomial += 1.0
                heights[span] *= polynomial
        return heights.dot(weights)

    def many(self, u: Floats) -> Floats:
        squared = squared_distances(u, self.centres)
        total = np.zeros((len(u), self.layers[0].weights.shape[1]))
        for layer in self.layers:
            total += PROFILES[layer.profile](squared / layer.length**2) @ layer.weights
        return total

    def plain(self) -> dict[str, Any]:
        layers = [
            {"profile": layer.profile, "length": layer.length, "weights": layer.weights.tolist()}
            for layer in self.layers
        ]
        return {"kind": "radial", "centres": self.centres.tolist(), "layers": layers}


@dataclass(frozen=True, eq=False)
class Network:
    """Layers of tanh units and a linear read-out, in one group for all outputs or one group each.

    Layer k holds weights (groups, rows, columns) and biases (groups, rows). With one group the last
    layer's rows are the outputs; with a group per output its last layer has one row.
    """

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def one(self, u: Floats) -> Floats:
        first, bias = self.weights[0], self.biases[0]
        groups, rows, columns = first.shape
        signal = first.reshape(groups * rows, columns).dot(u).reshape(groups, rows)
        signal += bias
        for weights, biases in zip(self.weights[1:], self.biases[1:], strict=True):
            np.tanh(signal, out=signal)
            signal = np.matmul(weights, signal[:, :, None])[:, :, 0]
            signal += biases
        return signal.reshape(-1)

    def many(self, u: Floats) -> Floats:
        signal = np.broadcast_to(u, (self.weights[0].shape[0], *u.shape))
        for index, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            source = np.tanh(signal) if index else signal
            signal = np.matmul(source, weights.transpose(0, 2, 1)) + biases[:, None, :]
        outputs = signal.shape[0] * signal.shape[2]
        return np.ascontiguousarray(signal.transpose(1, 0, 2)).reshape(len(u), outputs)

    def plain(self) -> dict[str, Any]:
        return {
            "kind": "network",
            "weights": [layer.tolist() for layer in self.weights],
            "biases": [layer.tolist() for layer in self.biases],
        }


@dataclass(frozen=True, eq=False)
class Layered:
    """One network for all outputs, whose layers each have their own activation.

    Layer k: signal = activation(weights · signal + bias), weights (rows, columns), bias (rows); the
    last layer's rows are the outputs. What a terrain is made of, and what other programs' networks
    are read into.
    """

    activations: tuple[Activation, ...]
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def one(self, u: Floats) -> Floats:
        signal = u
        for activation, weights, bias in zip(self.activations, self.weights, self.biases, strict=True):
            signal = weights.dot(signal)
            signal += bias
            signal = ACTIVATIONS[activation](signal)
        return signal

    def many(self, u: Floats) -> Floats:
        signal = u
        for activation, weights, bias in zip(self.activations, self.weights, self.biases, strict=True):
            signal = ACTIVATIONS[activation](signal @ weights.T + bias)
        return signal

    def plain(self) -> dict[str, Any]:
        return {
            "kind": "layers",
            "activations": list(self.activations),
            "weights": [layer.tolist() for layer in self.weights],
            "biases": [layer.tolist() for layer in self.biases],
        }


@dataclass(frozen=True, eq=False)
class Nearest:
    """A weighted mean of the nearest demonstrations' values.

    `count` of them, each weighted by (1/r - 1/R)^power, where R is the distance of the next one:
    its pull has faded to nothing when it leaves the circle, so there is no step (Franke and
    Little's form of Shepard's weights). `count` 0 means all of them, weighted by r^-power.
    """

    count: int
    power: float
    centres: Floats  # (n, inputs)
    values: Floats  # (n, outputs)

    def one(self, u: Floats) -> Floats:
        offsets = self.centres - u
        return self._pull(np.sqrt(np.einsum("ij,ij->i", offsets, offsets))).dot(self.values)

    def many(self, u: Floats) -> Floats:
        return np.stack([self.one(place) for place in u]) if len(u) else np.zeros((0, self.values.shape[1]))

    def _pull(self, r: Floats) -> Floats:
        """Weights (n,), summing to 1."""
        nearest = r.min()
        if nearest < 1e-12:
            here = (r < 1e-12).astype(np.float64)
            return here / here.sum()
        inverse = nearest / r  # relative to the nearest, so that no power overflows
        if 0 < self.count < len(r):
            edge = nearest / np.partition(r, self.count)[self.count]
            inverse = np.maximum(inverse - edge, 0.0)
            if not inverse.max() > 1e-12:  # more than `count` at the same distance
                inverse = (r <= nearest * (1.0 + 1e-9)).astype(np.float64)
            inverse /= inverse.max()
        pull = inverse**self.power
        return pull / pull.sum()

    def plain(self) -> dict[str, Any]:
        return {
            "kind": "nearest",
            "count": self.count,
            "power": self.power,
            "centres": self.centres.tolist(),
            "values": self.values.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Polynomial:
    """Sum of weight · product of coordinates; `factors` lists each product's coordinates."""

    factors: tuple[tuple[int, ...], ...]
    weights: Floats  # (products, outputs)

    @cached_property
    def _indices(self) -> NDArray[np.intp]:
        """Factors as (degree, products), padded with the index of a coordinate that is 1."""
        degree = max((len(product) for product in self.factors), default=0)
        table = np.full((degree, len(self.factors)), -1, dtype=np.intp)
        for column, product in enumerate(self.factors):
            table[: len(product), column] = product
        return table

    def one(self, u: Floats) -> Floats:
        known = np.append(u, 1.0)
        return known[self._indices].prod(axis=0).dot(self.weights)

    def many(self, u: Floats) -> Floats:
        known = np.column_stack([u, np.ones(len(u))])
        return known[:, self._indices].prod(axis=1) @ self.weights

    def plain(self) -> dict[str, Any]:
        return {
            "kind": "polynomial",
            "factors": [list(product) for product in self.factors],
            "weights": self.weights.tolist(),
        }
