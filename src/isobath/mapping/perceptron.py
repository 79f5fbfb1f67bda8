# mypy: disable-error-code="no-any-return"
"""One shallow perceptron per latent dimension, all trained together (paper 000, Our Approach).

Each latent dimension has its own network of tanh units, as in the paper (Wekinator, FluCoMa), but
none is trained by gradient descent. They share one random start; each read-out is solved in closed
form; then a few Levenberg-Marquardt steps move every weight of every network at once (Levenberg
1944, Marquardt 1963; Hagan & Menhaj 1994 for networks). With n demonstrations and many more weights
the step is solved in its dual, n x n form,

    step = Jᵀ (JJᵀ + (penalty + damping) I)⁻¹ (r + a J w) - a w,   a = penalty / (penalty + damping),

which minimises |r - J step|² + penalty |w + step|² + damping |step|². JJᵀ needs no Jacobian: for a
layer with inputs A and back-propagated slopes B it is (B Bᵀ) ∘ (A Aᵀ + 1), summed over layers.
Damping is kept per output: a network that got worse takes its step back and treads more carefully.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isobath.mapping.learning import Learned, Lesson
from isobath.mapping.terms import Network

Singles = NDArray[np.float32]

STEPS, ENOUGH = (5, 12), 4.2e5
"""Fewest and most steps, and how many numbers all steps together may solve for: the largest sets of
networks settle for a little less, so that no one waits."""
GAIN, OFFSET = 1.5, 0.75
"""Size of the first random weights (over the root of the axes) and of all random offsets."""
PENALTY = 1e-2
DAMPING, BOLDER, SHYER = 0.3, 0.2, 5.0


@dataclass(eq=False)
class _Nets:
    """All networks' layers: weights (outputs, rows, columns), biases (outputs, rows)."""

    weights: list[Singles]
    biases: list[Singles]

    def plus(self, step: "_Nets") -> "_Nets":
        """One step further."""
        return _Nets(
            [w + d for w, d in zip(self.weights, step.weights, strict=True)],
            [b + d for b, d in zip(self.biases, step.biases, strict=True)],
        )

    def cost(self) -> Singles:
        """Squared length of each output's weights."""
        return sum(
            (np.einsum("grc,grc->g", w, w) + np.einsum("gr,gr->g", b, b))
            for w, b in zip(self.weights, self.biases, strict=True)
        )


def learn(lesson: Lesson) -> Learned:
    """Standardise the targets, start from one random layer, take a few steps."""
    mean = np.average(lesson.y, axis=0, weights=lesson.weights)
    spread = lesson.y.std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    root = np.sqrt(lesson.weights).astype(np.float32)
    u = lesson.u.astype(np.float32)
    target = (((lesson.y - mean) / spread).T).astype(np.float32)  # (outputs, n)
    nets = _start(u, target, root, lesson)
    nets = _train(nets, u, target, root)
    weights = [layer.astype(np.float64) for layer in nets.weights]
    biases = [layer.astype(np.float64) for layer in nets.biases]
    weights[-1] *= spread[:, None, None]
    biases[-1] *= spread[:, None]
    return Learned(mean, (Network(tuple(weights), tuple(biases)),))


def _start(u: Singles, target: Singles, root: Singles, lesson: Lesson) -> _Nets:
    """The same random hidden layers for every output, and each output's read-out by ridge regression."""
    outputs = len(target)
    rng = np.random.default_rng(lesson.settings.seed)
    hidden, columns = lesson.settings.hidden, u.shape[1]
    weights, biases, signal = [], [], u
    for layer in range(lesson.settings.layers):
        gain = GAIN if layer == 0 else 1.0
        matrix = (gain * rng.normal(size=(hidden, columns)) / np.sqrt(columns)).astype(np.float32)
        bias = (OFFSET * rng.normal(size=hidden)).astype(np.float32)
        signal = np.tanh(signal @ matrix.T + bias)
        weights.append(np.repeat(matrix[None], outputs, axis=0))
        biases.append(np.repeat(bias[None], outputs, axis=0))
        columns = hidden
    known = root[:, None] * np.column_stack([signal, np.ones(len(u), np.float32)])
    gram = known.T @ known + PENALTY * np.eye(columns + 1, dtype=np.float32)
    readout = np.linalg.solve(gram, known.T @ (root[:, None] * target.T)).T
    weights.append(np.ascontiguousarray(readout[:, None, :columns]))
    biases.append(np.ascontiguousarray(readout[:, columns:]))
    return _Nets(weights, biases)


def _train(nets: _Nets, u: Singles, target: Singles, root: Singles) -> _Nets:
    damping = np.full(len(target), DAMPING, dtype=np.float32)
    signals = _forward(nets, u)
    residual = root * (target - signals[-1])
    cost = (residual**2).sum(axis=1) + PENALTY * nets.cost()
    for _ in range(int(np.clip(ENOUGH / target.shape[0] / target.shape[1] ** 2, *STEPS))):
        moved = nets.plus(_step(nets, signals, residual, root, damping))
        heard = _forward(moved, u)
        missed = root * (target - heard[-1])
        price = (missed**2).sum(axis=1) + PENALTY * moved.cost()
        better = price < cost
        damping = np.clip(np.where(better, damping * BOLDER, damping * SHYER), 1e-6, 1e6)
        worse = np.flatnonzero(~better)
        if len(worse):
            old = [*nets.weights, *nets.biases, *signals[1:], residual, cost]
            new = [*moved.weights, *moved.biases, *heard[1:], missed, price]
            for back, forth in zip(old, new, strict=True):
                forth[worse] = back[worse]
        nets, signals, residual, cost = moved, heard, missed, price
    return nets


def _forward(nets: _Nets, u: Singles) -> list[Singles]:
    """Input (n, axes), each hidden layer (outputs, n, units), and the values (outputs, n)."""
    signals = [u]
    for weights, biases in zip(nets.weights[:-1], nets.biases[:-1], strict=True):
        signals.append(np.tanh(np.matmul(signals[-1], weights.transpose(0, 2, 1)) + biases[:, None, :]))
    values = np.matmul(signals[-1], nets.weights[-1].transpose(0, 2, 1))[:, :, 0] + nets.biases[-1]
    return [*signals, values]


def _step(nets: _Nets, signals: list[Singles], residual: Singles, root: Singles, damping: Singles) -> _Nets:
    """The Levenberg-Marquardt step of every network, in its dual form."""
    slopes = _slopes(nets, signals, root)
    n = residual.shape[1]
    gram = np.zeros((len(residual), n, n), dtype=np.float32)
    along = np.zeros_like(residual)  # J w
    for layer, slope in enumerate(slopes):
        source = signals[layer]
        inner = np.matmul(source, np.swapaxes(source, -1, -2)) + 1.0
        if slope.shape[2] == 1:  # the read-out, whose slope is the same for every output
            inner *= np.outer(root, root)
        else:
            inner = inner * np.matmul(slope, slope.transpose(0, 2, 1))
        gram += inner
        pre = np.matmul(source, nets.weights[layer].transpose(0, 2, 1)) + nets.biases[layer][:, None, :]
        along += (slope * pre).sum(axis=2)
    total = PENALTY + damping
    share = (PENALTY / total).astype(np.float32)
    diagonal = np.arange(n)
    gram[:, diagonal, diagonal] += total[:, None]
    dual = np.linalg.solve(gram, (residual + share[:, None] * along)[:, :, None])
    weights, biases = [], []
    for layer, slope in enumerate(slopes):
        pull = slope * dual
        weights.append(
            np.matmul(pull.transpose(0, 2, 1), signals[layer]) - share[:, None, None] * nets.weights[layer]
        )
        biases.append(pull.sum(axis=1) - share[:, None] * nets.biases[layer])
    return _Nets(weights, biases)


def _slopes(nets: _Nets, signals: list[Singles], root: Singles) -> list[Singles]:
    """Slope of each demonstration's value with respect to each unit's input: (outputs, n, rows)."""
    outputs = len(nets.weights[0])
    slope = np.broadcast_to(root[None, :, None], (outputs, len(root), 1))
    slopes = [slope]
    for layer in range(len(nets.weights) - 1, 0, -1):
        slope = np.matmul(slope, nets.weights[layer]) * (1.0 - signals[layer] ** 2)
        slopes.insert(0, slope)
    return slopes
