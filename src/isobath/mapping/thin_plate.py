"""Thin-plate splines: the surface of least bending through the demonstrations (Duchon 1977).

r² log r around every demonstration plus a plane. `trust` below 1 lets the plate miss them (Wahba
1990, ch. 2). The plane lives in the directions the demonstrations span, so that demonstrations in a
row, or fewer of them than axes, are no special case.
"""

import numpy as np

from isobath.mapping.learning import Learned, Lesson
from isobath.mapping.terms import Floats, Layer, Polynomial, Radial, squared_distances, thin_plate

RANK = 1e-6


def learn(lesson: Lesson) -> Learned:
    """Solve for the plate and the plane at once."""
    n, inputs = lesson.u.shape
    middle = lesson.u.mean(axis=0)
    plane, to_axes = _plane(lesson.u - middle)
    plate = thin_plate(squared_distances(lesson.u, lesson.u))
    plate[np.diag_indices(n)] += (10.0 * (1.0 - lesson.settings.trust) ** 2 + 1e-10) / lesson.weights
    size = n + plane.shape[1]
    system = np.zeros((size, size))
    system[:n, :n], system[:n, n:], system[n:, :n] = plate, plane, plane.T
    right = np.zeros((size, lesson.y.shape[1]))
    right[:n] = lesson.y
    solved = np.linalg.lstsq(system, right, rcond=1e-13)[0]
    slope = to_axes @ solved[n + 1 :]
    bias = solved[n] / np.sqrt(n) - middle @ slope
    factors = tuple((axis,) for axis in range(inputs))
    return Learned(
        bias, (Radial(lesson.u, (Layer("thin_plate", 1.0, solved[:n]),)), Polynomial(factors, slope))
    )


def _plane(centred: Floats) -> tuple[Floats, Floats]:
    """An orthonormal basis (n, 1 + rank) of planes over the demonstrations, and the way back to axes."""
    n = len(centred)
    left, values, right = np.linalg.svd(centred, full_matrices=False)
    kept = values > RANK * max(1.0, values[0])
    basis = np.column_stack([np.full(n, 1.0 / np.sqrt(n)), left[:, kept]])
    return basis, right[kept].T / values[kept]
