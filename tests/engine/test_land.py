"""The ground of a world, measured by playing it."""

import numpy as np
import pytest

from isobath.engine import land as subject
from isobath.engine.land import COLUMNS, ROWS, brightness, novelty, places, survey_land
from isobath.engine.voices import played
from isobath.protocol.piece import MappingSettings, Shaping, Voice
from isobath.protocol.world import WalkAxes, World
from tests.engine.test_foresight import hummer

WORLD = World(axes=WalkAxes(x="east", z="north"), size=(40.0, 10.0, 40.0))


def test_rows_run_from_north_to_south_and_columns_from_west_to_east() -> None:
    points = places(0, 2, (0.5, 0.25, 0.5)).reshape(ROWS, COLUMNS, 3)
    np.testing.assert_allclose(points[0, 0], [0.0, 0.25, 1.0])
    np.testing.assert_allclose(points[-1, -1], [1.0, 0.25, 0.0])


def test_a_step_in_the_sound_is_new_where_it_lies_and_nowhere_else() -> None:
    levels = np.full((ROWS, COLUMNS, 8), -40.0)
    levels[:, COLUMNS // 2 :] = -30.0
    found = novelty(levels.reshape(-1, 8), WORLD).reshape(ROWS, COLUMNS)
    metres = 40.0 / (COLUMNS - 1)
    np.testing.assert_allclose(found[:, 2], 0.0)
    # One neighbour of four differs by 10 dB; on the border of the world one of three.
    np.testing.assert_allclose(found[5, COLUMNS // 2], 10 / metres / 4)
    np.testing.assert_allclose(found[0, COLUMNS // 2 - 1], 10 / metres / 3)


def test_brightness_is_where_the_energy_lies() -> None:
    low, high = np.full((1, 24), -70.0), np.full((1, 24), -70.0)
    low[0, 3], high[0, 15] = -20.0, -20.0
    assert brightness(low)[0] == pytest.approx(3.5 / 3, abs=0.01)
    assert brightness(high)[0] - brightness(low)[0] == pytest.approx(4.0, abs=0.01)


def test_the_ground_is_as_loud_as_what_is_played_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "ROWS", 3)
    monkeypatch.setattr(subject, "COLUMNS", 5)
    model = hummer()
    voice = Voice(
        id="v", model="m", mapping=MappingSettings(algorithm="direct", reach=2.0), shaping=Shaping(clamp=0.0)
    )
    found = survey_land(voice, played(voice, model, 2), WORLD, ("east", "north"), (0.5, 0.5))
    assert found is not None
    loudness = np.array(found.loudness).reshape(3, 5)
    # The latent is the level: silent in the middle, and twice as far is 6 dB louder, either way.
    assert (loudness[:, 2] == -700).all()
    np.testing.assert_allclose(loudness[:, [0, 4]] - loudness[:, [1, 3]], 60, atol=2)
    assert np.ptp(loudness, axis=0).max() <= 1  # alike from north to south
    assert survey_land(voice, played(voice, model, 2), World(), ("east", "north"), (0.5, 0.5)) is None
