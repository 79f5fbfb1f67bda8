"""Straight lines and low polynomials through the demonstrations, by least squares.

All products of up to `degree` coordinates. With fewer demonstrations than products the smallest
polynomial that fits is taken (a trace of ridge), so nothing explodes that need not.
"""

from itertools import combinations_with_replacement
from math import comb

import numpy as np

from isobath.mapping.learning import Learned, Lesson
from isobath.mapping.terms import Polynomial

RIDGE = 1e-6
MOST_PRODUCTS = 1000
"""More would make a frame late. Nine axes reach degree 4, sixty-four only degree 1."""


def learn_linear(lesson: Lesson) -> Learned:
    """Degree 1."""
    return _learn(lesson, 1)


def learn_polynomial(lesson: Lesson) -> Learned:
    """`degree`, or the highest that many axes can afford."""
    return _learn(lesson, lesson.settings.degree)


def _learn(lesson: Lesson, degree: int) -> Learned:
    inputs = lesson.u.shape[1]
    affordable = degree
    while affordable > 1 and comb(inputs + affordable, affordable) > MOST_PRODUCTS:
        affordable -= 1
    warnings: tuple[str, ...] = ()
    if affordable < degree:
        warnings = (
            f"A polynomial of degree {degree} over {inputs} axes has too many products to play; "
            f"degree {affordable} is used. Give the outputs fewer axes, or choose another algorithm.",
        )
    factors = tuple(
        product
        for power in range(1, affordable + 1)
        for product in combinations_with_replacement(range(inputs), power)
    )
    # Products matter less the higher they are, so that an undecided polynomial stays calm.
    calm = np.array([0.5 ** (len(product) - 1) for product in factors])
    values = Polynomial(factors, np.eye(len(factors))).many(lesson.u) * calm
    root = np.sqrt(lesson.weights)[:, None]
    value_mean = np.average(values, axis=0, weights=lesson.weights)
    mean = np.average(lesson.y, axis=0, weights=lesson.weights)
    a, b = root * (values - value_mean), root * (lesson.y - mean)
    n, products = a.shape
    trace = RIDGE * n
    if products <= n:
        solved = np.linalg.solve(a.T @ a + trace * np.eye(products), a.T @ b)
    else:
        solved = a.T @ np.linalg.solve(a @ a.T + trace * np.eye(n), b)
    weights = calm[:, None] * solved
    return Learned(mean - value_mean @ solved, (Polynomial(factors, weights),), warnings=warnings)
