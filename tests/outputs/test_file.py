from pathlib import Path

import numpy as np
import pytest

from isobath.engine import render_piece, rendering
from isobath.outputs.file import write_rendering
from isobath.sound.files import read_audio
from tests.engine.pieces import circle, load_model, piece


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_rendered_take_is_in_the_file_sample_by_sample(tmp_path: Path, ending: str) -> None:
    take = circle(length=700)
    made = piece(take=take)
    told: list[float] = []
    samples = write_rendering(tmp_path / f"a.{ending}", rendering(made, take, load_model), told.append)
    heard, rate = read_audio(tmp_path / f"a.{ending}")
    assert (samples, rate) == (700 * 64, 48000)
    np.testing.assert_allclose(heard, render_piece(made, take, load_model), atol=2**-23)
    assert told[-1] == 1.0
