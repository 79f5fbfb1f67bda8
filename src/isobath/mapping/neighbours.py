"""Collage: every place sounds like a mix of the demonstrations near it.

Exact at every demonstration and never beyond their range. `neighbours` hears the nearest few,
`inverse_distance` all of them (Shepard 1968); see Nearest in `terms` for the weights.
"""

import numpy as np

from isobath.mapping.learning import Learned, Lesson
from isobath.mapping.terms import Nearest


def learn_neighbours(lesson: Lesson) -> Learned:
    """The nearest `neighbours` demonstrations, faded out before they leave."""
    return _collage(lesson, lesson.settings.neighbours)


def learn_inverse_distance(lesson: Lesson) -> Learned:
    """All demonstrations, weighted by distance to the power of -`power`."""
    return _collage(lesson, 0)


def _collage(lesson: Lesson, count: int) -> Learned:
    term = Nearest(count, lesson.settings.power, lesson.u, lesson.y)
    return Learned(np.zeros(lesson.y.shape[1]), (term,))
