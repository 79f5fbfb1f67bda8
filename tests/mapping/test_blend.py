"""One mapping into the next."""

import numpy as np

from isobath.mapping import Blend, Output, Settings, fit

A = fit([[0.1], [0.9]], [[0.0, 0.0], [1.0, 2.0]])
B = fit([[0.1], [0.9]], [[5.0, 5.0], [9.0, 7.0]])
BASE = [3.0, 4.0]


def test_it_goes_in_a_straight_line():
    blend = Blend(A).towards(B)
    for position in (0.0, 0.25, 0.5):
        expected = A([0.4]) + position * (B([0.4]) - A([0.4]))
        np.testing.assert_allclose(blend([0.4], BASE), expected)
        blend = blend.advanced(0.25)
    assert blend.advanced(0.3).position == 1.0
    np.testing.assert_array_equal(blend.advanced(0.3)([0.4], BASE), B([0.4]))


def test_dragging_a_demonstration_never_makes_a_jump():
    rng = np.random.default_rng(0)
    blend, heard = Blend(A), []
    for frame in range(400):
        if frame % 3 == 0:
            blend = blend.towards(fit([[0.1], [0.9]], [[0.0, 0.0], 10 * rng.normal(size=2)]))
        heard.append(blend([0.7], BASE))
        blend = blend.advanced(1 / 9)
    # Straight lines over nine frames: no frame moves more than a ninth of the widest way.
    assert np.abs(np.diff(heard, axis=0)).max() <= np.ptp(heard, axis=0).max() / 9 + 1e-9


def test_of_those_that_wait_the_newest_follows():
    blend = Blend(A).towards(B).advanced(0.5).towards(None).towards(A)
    np.testing.assert_allclose(blend([0.4], BASE), (A([0.4]) + B([0.4])) / 2)
    blend = blend.advanced(0.5)
    np.testing.assert_array_equal(blend([0.4], BASE), B([0.4]))
    np.testing.assert_array_equal(blend.advanced(1.0)([0.4], BASE), A([0.4]))


def test_nothing_leaves_the_sliders_alone():
    np.testing.assert_array_equal(Blend()([0.4], BASE), BASE)
    blend = Blend().towards(A).advanced(0.5)
    np.testing.assert_allclose(blend([0.4], BASE), (np.array(BASE) + A([0.4])) / 2)


def test_a_dimension_switched_off_glides_to_its_slider():
    off = fit(
        [[0.1], [0.9]], [[5.0, 5.0], [9.0, 7.0]], settings=Settings(outputs=(Output(), Output(mode="off")))
    )
    blend = Blend(A).towards(off).advanced(0.5)
    assert blend([0.4], BASE)[1] == (A([0.4])[1] + 4.0) / 2
