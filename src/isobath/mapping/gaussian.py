"""A Gaussian process whose kernel all latent dimensions share, and the pin that makes it exact.

Between demonstrations the map is the posterior mean of a Gaussian process with a Matérn-5/2 kernel
(Rasmussen & Williams 2006, ch. 2); far from all of them it returns to their mean. Length and noise
are chosen by marginal likelihood on a fixed geometric grid, one eigendecomposition per length
serving every noise (ch. 5.4.1). The process smooths what it takes for an unsteady hand; the *pin*,
a second, shorter-range kernel through the residuals, then makes every demonstration exact without
disturbing the map elsewhere.

The grid is absolute, not relative to the data, and a choice is only left for a clearly better one:
adding a demonstration must not re-roll the map (see docs/decisions/0004-mapping.md).
"""

from dataclasses import dataclass

import numpy as np

from isobath.mapping.learning import Learned, Lesson
from isobath.mapping.mapping import Confidence
from isobath.mapping.terms import Floats, Radial, matern52, squared_distances

LENGTHS, NOISES = 12, 14
STEP = 2.0**0.5
"""Ratio of neighbouring lengths of the grid."""
NOISE = np.geomspace(1e-4, 1.0, NOISES)
"""Noise variances tried, relative to the variance of the map."""
KEEP = 0.02
"""Nats per number by which another choice must be better to be taken."""
CHOOSERS = 160
"""At most so many places vote on length and noise; all of them shape the map."""
PIN = 0.5
"""Length of the pin, relative to the distance between neighbouring demonstrations."""
JITTER = 1e-9


@dataclass(frozen=True, eq=False)
class Choice:
    """Hyper-parameters: kernel length in half-ranges, and noise variance relative to the map's."""

    length: float
    noise: float


def learn(lesson: Lesson) -> Learned:
    """Choose, fit and pin."""
    squared = squared_distances(lesson.u, lesson.u)
    return fit(lesson, squared, choose(lesson, squared))


def fit(lesson: Lesson, squared: Floats, choice: Choice) -> Learned:
    """The map for given hyper-parameters; `squared` are the distances between the places."""
    mean = np.average(lesson.y, axis=0, weights=lesson.weights)
    noise = noise_of(choice, lesson)
    kernel = matern52(squared / choice.length**2)
    body = np.linalg.solve(kernel + np.diag(noise), lesson.y - mean)
    lengths, weights = [choice.length], [body]
    pin = pin_strength(lesson.settings.trust)
    if pin > 0:
        length = pin_length(squared, choice.length)
        residual = lesson.y - mean - kernel @ body
        lengths.append(length)
        weights.append(pin * interpolate(squared, length, residual))
    term = Radial("matern52", tuple(lengths), lesson.u, np.stack(weights))
    return Learned(mean, (term,), Confidence(choice.length, noise, choice.noise))


def noise_of(choice: Choice, lesson: Lesson) -> Floats:
    """Noise variance of each demonstration: more where it weighs less, or is trusted less."""
    return (choice.noise + (1.0 - lesson.settings.trust) ** 2) / lesson.weights


def pin_strength(trust: float) -> float:
    """How much of what the smooth map misses is added back: all at trust 1, nothing from 0.5 down."""
    return max(0.0, 2.0 * trust - 1.0)


def pin_length(squared: Floats, longest: float) -> float:
    """Range of the pin: a share of the middle distance from a demonstration to its nearest one."""
    n = len(squared)
    nearest = np.sqrt((squared + np.diag(np.full(n, np.inf))).min(axis=1))
    return float(np.clip(PIN * np.median(nearest), 1e-3, longest))


def interpolate(squared: Floats, length: float, residual: Floats) -> Floats:
    """Weights of a kernel of this length through the residuals, refined once against rounding."""
    kernel = matern52(squared / length**2)
    kernel[np.diag_indices_from(kernel)] += JITTER
    weights = np.linalg.solve(kernel, residual)
    return weights + np.linalg.solve(kernel, residual - kernel @ weights)  # type: ignore[no-any-return]


def lengths_for(squared: Floats) -> Floats:
    """Twelve steps of the absolute grid around the typical distance between demonstrations."""
    n = len(squared)
    typical = np.sqrt(squared.sum() / max(1, n * (n - 1)))
    middle = round(float(np.log(max(typical, 1e-6)) / np.log(STEP)))
    return STEP ** np.arange(middle - 3, middle - 3 + LENGTHS, dtype=np.float64)


def choose(lesson: Lesson, squared: Floats) -> Choice:
    """Length and noise of greatest marginal likelihood, or the previous ones if nearly as good."""
    if len(squared) > CHOOSERS:
        some = np.linspace(0, len(squared) - 1, CHOOSERS).astype(np.intp)
        lesson = Lesson(
            lesson.u[some], lesson.y[some], lesson.weights[some], lesson.settings, lesson.previous
        )
        squared = squared[np.ix_(some, some)]
    lengths = lengths_for(squared)
    evidence = _evidence(lesson, squared, lengths)
    best = np.unravel_index(int(evidence.argmax()), evidence.shape)
    before = lesson.previous
    if before is not None:
        i = int(np.abs(np.log(lengths / before.length)).argmin())
        j = int(np.abs(np.log(NOISE / before.level)).argmin())
        same = abs(lengths[i] / before.length - 1) < 1e-6
        if same and evidence[best] - evidence[i, j] < max(2.0, KEEP * lesson.y.size):
            best = (i, j)
    return Choice(float(lengths[best[0]]), float(NOISE[best[1]]))


def _evidence(lesson: Lesson, squared: Floats, lengths: Floats) -> Floats:
    """Log marginal likelihood (lengths, noises), the variance of the map profiled out.

    With W the weights, K + noise/W has the determinant and inverse of W½KW½ + noise between two
    diagonal matrices that do not depend on the choice.
    """
    n, outputs = lesson.y.shape
    root = np.sqrt(lesson.weights)
    mean = np.average(lesson.y, axis=0, weights=lesson.weights)
    spread = lesson.y.std(axis=0)
    z = root[:, None] * (lesson.y - mean) / np.where(spread > 1e-12, spread, 1.0)
    kernels = matern52(squared / lengths[:, None, None] ** 2) * (root[:, None] * root)
    values, vectors = np.linalg.eigh(kernels)
    energy = ((vectors.transpose(0, 2, 1) @ z) ** 2).sum(axis=2)
    total = np.maximum(values, 0.0)[:, None, :] + NOISE[None, :, None]
    quadratic = np.maximum((energy[:, None, :] / total).sum(axis=2) / (n * outputs), 1e-300)
    return -0.5 * outputs * (n * np.log(quadratic) + np.log(total).sum(axis=2))  # type: ignore[no-any-return]
