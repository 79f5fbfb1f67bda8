from typing import Any

import numpy as np
import pytest

from isobath.errors import MappingError
from isobath.mapping import Mapping, Output, Settings, fit


def direct(axes: int, dims: int, **settings: Any) -> Mapping:
    return fit(np.zeros((0, axes)), np.zeros((0, dims)), settings=Settings(algorithm="direct", **settings))


def test_three_positions_are_the_first_three_latents_and_the_rest_is_nought() -> None:
    mapping = direct(3, 8, reach=4.0)
    np.testing.assert_allclose(mapping([0.5, 0.5, 0.5]), np.zeros(8), atol=1e-12)
    np.testing.assert_allclose(mapping([1.0, 0.0, 0.75]), [4.0, -4.0, 2.0, 0, 0, 0, 0, 0], atol=1e-12)


def test_more_axes_than_dimensions_are_left_over() -> None:
    np.testing.assert_allclose(direct(5, 2)([1, 1, 0, 0, 0]), [3.0, 3.0], atol=1e-12)


def test_an_output_chooses_its_axis_or_stays_where_it_is_locked() -> None:
    outputs = (Output(axes=(2,)), Output(mode="locked", value=1.5), Output(mode="off"))
    mapping = direct(3, 4, outputs=outputs)
    np.testing.assert_allclose(mapping([0, 0, 1])[:2], [3.0, 1.5], atol=1e-12)
    assert mapping.active == (True, True, False, True)


def test_demonstrations_are_not_learned_from_but_their_misses_are_told() -> None:
    points, latents = [[0.5, 0.5], [1.0, 1.0]], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    mapping = fit(points, latents, settings=Settings(algorithm="direct"))
    assert mapping.errors[0] == pytest.approx(0.0)
    assert mapping.errors[1] == pytest.approx(np.sqrt(18 / 3))


def test_survives_being_written_down() -> None:
    mapping = direct(3, 5)
    again = Mapping.from_plain(mapping.to_plain())
    np.testing.assert_array_equal(again([0.1, 0.2, 0.3]), mapping([0.1, 0.2, 0.3]))


def test_a_reach_out_of_range_is_refused() -> None:
    with pytest.raises(MappingError, match="reach"):
        direct(2, 2, reach=1000.0)
