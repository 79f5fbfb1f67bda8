"""Settings outside their range are a sentence."""

import pytest

from isobath.errors import MappingError
from isobath.mapping import Output, Settings, fit

POINTS, LATENTS = [[0.1, 0.2], [0.7, 0.4]], [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(algorithm="magic"), "no mapping algorithm called 'magic'"),
        (Settings(trust=1.5), "trust is 1.5; it goes from 0 to 1"),
        (Settings(trust=float("nan")), "trust is nan"),
        (Settings(neighbours=0), "neighbours is 0"),
        (Settings(power=-1), "power is -1"),
        (Settings(degree=99), "degree is 99"),
        (Settings(hidden=0), "hidden is 0"),
        (Settings(layers=5), "layers is 5"),
        (Settings(seed=-1), "seed is -1"),
        (Settings(outputs=(Output(), Output())), "describe 2 outputs, but the demonstrations have 1"),
        (Settings(outputs=(Output(axes=(2,)),)), "listens to axis 3, but there are 2 axes"),
        (Settings(outputs=(Output(mode="gone"),)), "Output 1 is 'gone'"),
        (Settings(outputs=(Output(mode="locked", value=float("inf")),)), "locked at inf"),
    ],
)
def test_a_setting_outside_its_range_is_a_sentence(settings, sentence):
    with pytest.raises(MappingError, match=sentence):
        fit(POINTS, LATENTS, settings=settings)
