"""The pieces that come with the instrument can be played, and sound like music rather than accidents."""

import numpy as np
import pytest

from isobath.engine import render_piece
from isobath.engine.foresight import fits_together
from isobath.engine.land import land_fingerprint
from isobath.engine.surveying import fingerprint
from isobath.library.examples import examples, read_example
from isobath.library.load import load_voice
from isobath.mapping import Mapping
from isobath.models.coder import bundled
from isobath.symbolic import BUNDLED

NAMES = [line.id for line in examples()]


def test_there_are_five_to_steer_and_four_to_walk():
    assert [read_example(name).world is not None for name in NAMES] == [False] * 5 + [True] * 4
    models = {voice.model for name in NAMES for voice in read_example(name).voices}
    assert models & set(BUNDLED)


@pytest.mark.parametrize("name", NAMES)
def test_the_mapping_of_an_example_meets_its_demonstrations(name):
    for voice in read_example(name).voices:
        assert voice.model in (*bundled(), *BUNDLED)
        mapping = Mapping.from_plain(voice.fitted)
        assert mapping.dims == load_voice(voice.model).dims
        if voice.mapping.algorithm == "direct":
            continue
        points = np.array([d.point for d in voice.demonstrations])
        latents = np.array([d.latent for d in voice.demonstrations])
        np.testing.assert_allclose(mapping(points), latents, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_was_measured_as_it_is_so_that_its_first_playing_is_as_every_later_one(name):
    """Where this fails after an example was changed: python examples/measure.py."""
    piece = read_example(name)
    for voice in piece.voices:
        assert voice.follows is None
        if voice.model in BUNDLED:  # what plays in bars has no loudness of a place
            assert voice.safety is None
            continue
        assert voice.safety is not None
        assert voice.safety.of == fingerprint(voice, None, len(piece.axes))
        assert fits_together(voice.safety)
    if piece.world is None:
        return
    ids = tuple(axis.id for axis in piece.axes)
    rest = tuple(0.5 if axis.id == piece.world.axes.y else axis.rest for axis in piece.axes)
    assert piece.world.land is not None
    assert piece.world.land.of == land_fingerprint(piece.voices[0], None, piece.world, ids, rest)


@pytest.mark.parametrize("name", NAMES)
def test_the_take_of_an_example_is_heard_and_changes(name):
    piece = read_example(name)
    audio = render_piece(piece, piece.takes[0], load_voice)
    level = np.sqrt(np.mean(audio**2))
    assert 10 ** (-36 / 20) < level < 10 ** (-12 / 20)
    assert np.abs(audio).max() <= 10 ** (-1 / 20)
    moments = audio[0][: len(audio[0]) // 50 * 50].reshape(50, -1)
    spectra = np.abs(np.fft.rfft(moments, axis=1))
    shapes = spectra / np.linalg.norm(spectra, axis=1, keepdims=True)
    assert (shapes @ shapes.T).min() < 0.8
