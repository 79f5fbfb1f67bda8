"""The same numbers as ever, here and on the page (web/src/steer/mapping.test.ts reads the same files)."""

import numpy as np
import pytest

from isobath.mapping import fit

from .golden import SETTINGS, demonstrations, read


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_saved_mapping_gives_the_same_latents(name):
    mapping, data = read(name)
    np.testing.assert_allclose(
        mapping(data["places"], base=data["base"]), data["latents"], rtol=1e-9, atol=1e-9
    )
    one = np.stack([mapping(place, base=data["base"]) for place in data["places"]])
    np.testing.assert_allclose(one, data["latents"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_saved_mapping_is_as_unsure_as_ever(name):
    mapping, data = read(name)
    unsure = mapping.uncertainty(data["places"])
    if unsure is None:
        assert np.isnan(data["uncertainty"]).all()
    else:
        np.testing.assert_allclose(unsure, data["uncertainty"], atol=1e-6)


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_the_same_demonstrations_still_make_the_same_map(name):
    _, data = read(name)
    inside = np.nanmax(np.abs(data["places"]), axis=1) < 2
    heard = fit(*demonstrations(), settings=SETTINGS[name])(data["places"][inside], base=data["base"])
    tolerance = 1e-3 if "perceptron" in name else 1e-6  # single precision, and a path of steps
    np.testing.assert_allclose(heard, data["latents"][inside], atol=tolerance)
