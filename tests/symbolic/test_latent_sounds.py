"""The models `drums` and `guitar` as instruments: on their sample, loud and bright as struck, in tune."""

import numpy as np
import pytest

from isobath.sound import kit
from isobath.sound.pitch import pitch as pitch_of
from isobath.symbolic.jam import Event, latent_sounds
from isobath.symbolic.jam.sounding import Sounds, blocks

RATE = 44100


def loudness(sound):
    return 10 * np.log10(np.mean(np.square(sound, dtype=np.float64)))


def brightness(sound):
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float((power * np.fft.rfftfreq(len(sound), 1 / RATE)).sum() / power.sum())


@pytest.mark.parametrize("piece", [kit.KICK, kit.SNARE, kit.CLOSED])
def test_a_hit_is_louder_the_harder_and_begins_on_its_sample(piece):
    made = [latent_sounds.hit(piece, force, RATE) for force in (0.25, 0.5, 1.0)]
    loud = [loudness(each) for each in made]
    assert loud[0] + 6 < loud[1] < loud[2] - 5
    assert max(np.abs(each).max() for each in made) <= latent_sounds.PEAK * 1.01
    if piece != kit.KICK:  # whose pitch falls deeper from a harder hit
        assert brightness(made[2]) > brightness(made[0])
    for each in made:
        heard = np.sqrt(np.convolve(each.astype(np.float64) ** 2, np.ones(64) / 64, "valid"))
        attack = np.argmax(heard > 0.25 * heard.max()) / RATE
        assert attack < 0.006
        assert np.abs(each[-8:]).max() < 0.01


def test_notes_are_in_tune_where_the_model_is_not():
    for pitch in (55, 64):
        made = latent_sounds.note(pitch, 0.75, 0.4, RATE)
        hertz = pitch_of(made[3000:8000], RATE)
        assert hertz is not None
        assert abs(1200 * np.log2(hertz / (440 * 2 ** ((pitch - 69) / 12)))) < 30
        assert abs(len(made) / RATE - 0.4 - 6 * 0.07) < 0.05


def test_a_player_has_the_instrument_that_is_wanted():
    events = [Event(0.1 * i, who, "drum", 1, 0.5) for i, who in enumerate(("human", "machine"))]
    own = np.concatenate(list(blocks(events, RATE)), axis=1)
    other = np.concatenate(list(blocks(events, RATE, ("machine",))), axis=1)
    first = round(0.1 * RATE)
    assert np.array_equal(own[:, :first], other[:, :first])
    assert not np.allclose(own[:, first:], other[:, first:], atol=0.01)
    live = Sounds(RATE, ("machine",))
    waited = live.of(Event(0.0, "machine", "note", 60, 0.7, 0.3), wait=False)  # not made yet: our own string
    assert np.abs(waited.sound).max() > 0.05
