"""Bars become MIDI and come back exactly; what cannot be played says so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isobath.errors import ScoreError
from isobath.symbolic.attributes import attributes
from isobath.symbolic.bars import (
    CLASS_OF,
    OFF,
    Drums,
    Melody,
    drums_of,
    drums_of_hits,
    melody_of,
    to_midi,
)
from isobath.symbolic.midi import Note, midi_bytes, read_midi

TD_11 = (36, 38, 40, 37, 48, 50, 45, 47, 43, 58, 46, 26, 42, 22, 44, 49, 55, 57, 52, 51, 59, 53)


def drums(seed, steps=32):
    random = np.random.default_rng(seed)
    hits = random.random((steps, 9)) < 0.2
    velocity = np.where(hits, random.integers(1, 128, hits.shape) / 127, 0)
    offset = np.where(hits, random.integers(-59, 61, hits.shape) / 60, 0)
    return Drums(hits, velocity.astype(np.float32), offset.astype(np.float32))


@given(st.integers(0, 1000))
def test_drums_go_to_midi_and_back_exactly(seed):
    bars = drums(seed)
    score = read_midi(to_midi(bars, lead_in_bars=1))
    back = drums_of(score, steps=32, first=16)
    np.testing.assert_array_equal(back.hits, bars.hits)
    np.testing.assert_array_equal(back.velocity, bars.velocity)
    np.testing.assert_allclose(back.offset, bars.offset, atol=1e-6)
    assert to_midi(back, lead_in_bars=1) == to_midi(bars, lead_in_bars=1)


@given(st.integers(0, 1000))
def test_a_melody_goes_to_midi_and_back(seed):
    random = np.random.default_rng(seed)
    pieces = [(int(s), int(random.integers(1, 4)), int(random.integers(30, 90))) for s in range(0, 32, 4)]
    first = melody_of(read_midi(midi_bytes([Note(120 * s, 120 * n, p, 80) for s, n, p in pieces])))
    assert np.count_nonzero(first.tokens >= 2) == 8
    assert np.count_nonzero(first.tokens == OFF) == 8 - (pieces[-1][0] + pieces[-1][1] >= first.steps)
    again = melody_of(read_midi(to_midi(first)), steps=first.steps)
    np.testing.assert_array_equal(again.tokens, first.tokens)


def test_every_pitch_of_the_kit_has_its_class():
    assert set(TD_11) <= set(CLASS_OF)
    assert len(set(CLASS_OF.values())) == 9


def test_a_hit_belongs_to_the_nearest_step_and_tells_how_early_it_was():
    bars = drums_of_hits([(3.75, 1, 1.0), (8.25, 0, 0.5), (8.4, 0, 0.4)], steps=16)
    assert bars.hits[4, 1]
    assert bars.offset[4, 1] == pytest.approx(0.5)
    assert bars.offset[8, 0] == pytest.approx(-0.5)
    assert bars.velocity[8, 0] == pytest.approx(0.5)  # the louder of two stays


def test_notes_outside_the_map_and_other_channels_are_passed_by():
    notes = [Note(0, 9, 36, 99, 9), Note(0, 9, 60, 99, 9), Note(0, 9, 38, 99, 0)]
    bars = drums_of(read_midi(midi_bytes(notes)))
    assert bars.hits.sum() == 1
    assert not drums_of(read_midi(midi_bytes([]))).steps


def test_two_hundred_hits_in_a_bar_stay_on_the_grid():
    bars = drums_of_hits([(i * 0.08, 1, 0.5) for i in range(200)], steps=16)
    assert bars.hits.sum() == 16
    assert np.abs(bars.offset).max() <= 1


def test_an_endless_score_is_refused():
    with pytest.raises(ScoreError, match="sixteenths"):
        drums_of(read_midi(midi_bytes([Note(1 << 27, 1, 36, 9, 9)], ticks=4)))


def test_melodies_move_as_long_as_they_stay_on_the_piano():
    melody = Melody(np.array([2 + 60 - 21, 0, OFF, 0], np.uint8))
    assert melody.transposed(12).tokens[0] == 2 + 72 - 21
    assert melody.transposed(12).tokens[2] == OFF
    with pytest.raises(ScoreError, match="leaves the piano"):
        melody.transposed(60)


def test_attributes_are_what_they_say():
    bars = drums_of_hits([(0, 0, 0.5), (4.5, 1, 1.0)], steps=32)
    assert attributes("drums", bars.tensor[None]) == pytest.approx(np.array([[2, 0.75, 0.5]]))
    assert attributes("drums", Drums.silence(32).tensor[None]) == pytest.approx(np.zeros((1, 3)))
    melody = Melody(np.array([2, 0, 4, 1], np.uint8))
    assert attributes("melody", melody.tensor[None]) == pytest.approx(np.array([[2, 22]]))


def test_tensors_have_the_shapes_of_the_paper():
    assert drums(1).tensor.shape == (32, 27)
    assert Melody.silence(64).tensor.shape == (64, 90)
    assert Drums.of(drums(3).tensor).changed(drums(3)) == 0
