# mypy: disable-error-code="no-any-return"
"""A Gaussian process whose kernel all latent dimensions share, and the pin that makes it exact.

Between demonstrations the map is the posterior mean of a Gaussian process with a Matérn-5/2 kernel
(Rasmussen & Williams 2006, ch. 2); far from all of them it returns to their mean. Length and noise
are chosen by marginal likelihood on a fixed geometric grid, one eigendecomposition per length
serving every noise (ch. 5.4.1). The process smooths what it takes for an unsteady hand; the *pin*,
an exponential kernel through the residuals, then makes every demonstration exact. Of the kernels
tried only the exponential never overshoots: two different sounds placed almost at one spot do not
throw the map into a third one beside them (see docs/decisions/0004-mapping.md).

The grid is absolute, not relative to the data, and a choice is only left for a clearly better one:
adding a demonstration must not re-roll the map.
"""

from dataclasses import dataclass

import numpy as np

from isobath.mapping.learning import Learned, Lesson
from isobath.mapping.mapping import Confidence
from isobath.mapping.terms import Floats, Layer, Radial, exponential, matern52, squared_distances

LENGTHS, NOISES = 12, 14
STEP = 2.0**0.5
"""Ratio of neighbouring lengths of the grid."""
NOISE = np.geomspace(1e-4, 0.1, NOISES)
"""Noise variances tried, relative to the variance of the map. No more than a tenth: people mean what
they show, even where no smooth map explains it; the pin and `trust` see to the rest."""
KEEP = 0.02
"""Nats per number by which another choice must be better to be taken."""
CHOOSERS = 120
"""At most so many places vote on length and noise; all of them shape the map."""
PIN = 2.0
"""Length of the pin, relative to the distance between neighbouring demonstrations."""
IMAGINED, USUAL, LEASH = 1.0, 2.0, 2.0
"""Before any evidence, the variance of the map is that of the demonstrations (worth one of them), and
the length is about twice their typical distance (a Gaussian on its logarithm, of precision 2 per
output): two or three demonstrations must not talk the map into a cliff."""
JITTER = 1e-9


@dataclass(frozen=True, eq=False)
class Choice:
    """Hyper-parameters: kernel length in half-ranges, noise variance relative to the map's, and the
    pin's length, None until the map is fitted."""

    length: float
    noise: float
    pin: float | None = None


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
    layers = [Layer("matern52", choice.length, body)]
    pin = pin_length(squared, choice.pin)
    strength = pin_strength(lesson.settings.trust)
    if strength > 0:
        weights = interpolate(squared, pin, strength * (lesson.y - mean - kernel @ body))
        layers.append(Layer("exponential", pin, weights))
    confidence = Confidence(choice.length, noise, choice.noise, pin)
    return Learned(mean, (Radial(lesson.u, tuple(layers)),), confidence)


def noise_of(choice: Choice, lesson: Lesson) -> Floats:
    """Noise variance of each demonstration: more where it weighs less, or is trusted less."""
    return (choice.noise + (1.0 - lesson.settings.trust) ** 2) / lesson.weights


def pin_strength(trust: float) -> float:
    """How much of what the smooth map misses is added back: all at trust 1, nothing from 0.5 down."""
    return max(0.0, 2.0 * trust - 1.0)


def pin_length(squared: Floats, before: float | None) -> float:
    """Reach of the pin: twice the middle distance from a demonstration to its nearest one.

    The length of before stays until it is off by half an octave.
    """
    nearest = np.sqrt((squared + np.diag(np.full(len(squared), np.inf))).min(axis=1))
    length = PIN * max(float(np.median(nearest)), 1e-3)
    return before if before is not None and 1 / STEP < length / before < STEP else length


def interpolate(squared: Floats, length: float, residual: Floats) -> Floats:
    """Weights of the pin through the residuals, refined once against rounding."""
    kernel = exponential(squared / length**2)
    kernel[np.diag_indices_from(kernel)] += JITTER
    weights = np.linalg.solve(kernel, residual)
    return weights + np.linalg.solve(kernel, residual - kernel @ weights)


def lengths_for(squared: Floats) -> Floats:
    """Twelve steps of the absolute grid around the typical distance between demonstrations."""
    middle = round(float(np.log(typical_distance(squared)) / np.log(STEP)))
    return STEP ** np.arange(middle - 3, middle - 3 + LENGTHS, dtype=np.float64)


def typical_distance(squared: Floats) -> float:
    """Root mean square distance between two demonstrations."""
    n = len(squared)
    return max(1e-6, float(np.sqrt(squared.sum() / max(1, n * (n - 1)))))


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
    best = divmod(int(evidence.argmax()), NOISES)
    before = lesson.previous
    if before is not None:
        i = int(np.abs(np.log(lengths / before.length)).argmin())
        j = int(np.abs(np.log(NOISE / before.level)).argmin())
        same = abs(lengths[i] / before.length - 1) < 1e-6
        if same and evidence[best] - evidence[i, j] < max(2.0, KEEP * lesson.y.size):
            best = (i, j)
    return Choice(float(lengths[best[0]]), float(NOISE[best[1]]), None if before is None else before.pin)


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
    # The profiled variance and the length are held by a few imagined demonstrations, so that two or
    # three real ones do not talk the map into a cliff.
    quadratic = ((energy[:, None, :] / total).sum(axis=2) / outputs + IMAGINED) / (n + IMAGINED)
    fit = (n + IMAGINED) * np.log(quadratic) + np.log(total).sum(axis=2)
    typical = np.log(lengths / (USUAL * typical_distance(squared)))
    return -0.5 * outputs * (fit + LEASH * typical[:, None] ** 2)
