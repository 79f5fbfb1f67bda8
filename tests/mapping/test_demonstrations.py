"""Which demonstrations count as one place, and how axes are measured."""

import numpy as np

from isobath.mapping.demonstrations import SAME_SPOT, average, gather, spread


def test_axes_within_zero_and_one_keep_their_range():
    centre, scale, u = spread(np.array([[0.2, 0.9], [0.4, 1.0]]))
    np.testing.assert_array_equal(centre, [0.5, 0.5])
    np.testing.assert_array_equal(scale, [2.0, 2.0])
    np.testing.assert_allclose(u, [[-0.6, 0.8], [-0.2, 1.0]])


def test_other_axes_are_brought_to_one_by_their_own_range():
    _, _, u = spread(np.array([[100.0, -1e308], [300.0, 1e308], [200.0, 0.0]]))
    np.testing.assert_allclose(u, [[-1, -1], [1, 1], [0, 0]])


def test_an_axis_that_never_moves_is_left_as_it_is():
    _, scale, u = spread(np.array([[7.0], [7.0]]))
    np.testing.assert_array_equal(u, 0)
    assert scale[0] == 1


def test_only_the_same_spot_is_one_place():
    u = np.array([[0.0, 0.0], [0.5, 0.5], [0.0, 0.5 * SAME_SPOT], [0.0, 3 * SAME_SPOT]])
    np.testing.assert_array_equal(gather(u), [0, 1, 0, 2])


def test_crowds_are_gathered_into_few_places_that_cover_everything():
    u = np.random.default_rng(0).uniform(-1, 1, (700, 2))
    group = gather(u, most=50)
    assert sorted(np.unique(group)) == list(range(50))
    places, totals = average(group, u, np.ones(700))
    assert totals.sum() == 700
    assert np.linalg.norm(u - places[group], axis=1).max() < 0.4
    np.testing.assert_array_equal(group, gather(u, most=50))


def test_averages_are_weighted():
    values, totals = average(np.array([0, 1, 0]), np.array([[1.0], [5.0], [4.0]]), np.array([1.0, 1.0, 2.0]))
    np.testing.assert_allclose(values, [[3.0], [5.0]])
    np.testing.assert_allclose(totals, [3.0, 1.0])
