"""Lines of equal height: where they run, and that each is one line."""

import numpy as np

from isobath.outputs.drawing.isobaths import isobaths

ROWS, COLUMNS = np.mgrid[0:21, 0:31].astype(float)


def test_a_cone_has_rings_and_a_slope_has_lines() -> None:
    cone = -np.hypot(ROWS - 10, COLUMNS - 15)
    (ring,) = isobaths(cone, -6.0)
    assert np.array_equal(ring[0], ring[-1])
    np.testing.assert_allclose(np.hypot(ring[:, 1] - 10, ring[:, 0] - 15), 6.0, atol=0.05)
    (line,) = isobaths(COLUMNS + 0.25 * ROWS, 10.0)
    np.testing.assert_allclose(line[:, 0] + 0.25 * line[:, 1], 10.0, atol=1e-9)
    assert {float(line[0, 1]), float(line[-1, 1])} == {0.0, 20.0}, "from border to border"


def test_two_hills_have_two_rings_and_a_saddle_is_cut() -> None:
    hills = np.maximum(-np.hypot(ROWS - 10, COLUMNS - 7), -np.hypot(ROWS - 10, COLUMNS - 23))
    assert len(isobaths(hills, -4.0)) == 2
    saddle = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert len(isobaths(saddle, 0.5)) == 2
    assert isobaths(np.zeros((4, 4)), 1.0) == []
