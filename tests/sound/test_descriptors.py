"""What a drawing follows is what is heard, and the same as in the page."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from isobath.sound.descriptors import SNAPSHOTS_A_SECOND, Descriptors, spectra

GOLDEN = Path(__file__).parents[1] / "golden" / "descriptors.json"
RATE = 44100


def heard(audio: np.ndarray, cuts: int = 5000) -> Descriptors:
    found = Descriptors(RATE)
    for spectrum in spectra((audio[None, i : i + cuts] for i in range(0, len(audio), cuts)), RATE):
        found.hear(spectrum)
    return found


def tone(hz: float, seconds: float, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def test_a_higher_tone_is_brighter_and_a_quieter_one_quieter() -> None:
    low, high, quiet = (heard(x).past[-1] for x in (tone(300, 1), tone(4000, 1), tone(300, 1, 0.01)))
    assert low.brightness < 0.4 < high.brightness
    assert np.argmax(low.bands) < np.argmax(high.bands)
    assert quiet.loudness < low.loudness - 0.3


def test_onsets_are_where_things_begin() -> None:
    silence = np.zeros(RATE // 2, np.float32)
    dying = np.exp(-np.arange(int(0.2 * RATE)) / (0.03 * RATE)).astype(np.float32)
    audio = np.concatenate([silence, tone(440, 0.2) * dying, silence, tone(880, 0.2) * dying, silence])
    found = heard(audio)
    begins = [i / SNAPSHOTS_A_SECOND for i, each in enumerate(found.past) if each.onset > 0]
    assert len(begins) == 2
    assert begins == pytest.approx([0.5, 1.2], abs=0.1)


def test_however_the_sound_is_cut_the_same_is_seen() -> None:
    audio = np.random.default_rng(1).standard_normal(RATE).astype(np.float32) / 10
    one, other = heard(audio, 777), heard(audio, 30000)
    assert one.count == other.count == SNAPSHOTS_A_SECOND
    assert np.array_equal(one.past[-1].bands, other.past[-1].bands)


def test_silence_is_nothing() -> None:
    last = heard(np.zeros(RATE, np.float32)).past[-1]
    assert (last.loudness, last.brightness, last.onset, last.bands.max()) == (0.0, 0.0, 0.0, 0.0)


def test_descriptors_are_those_the_page_is_held_to() -> None:
    random = np.random.default_rng(2)
    slope = -30 - 40 * np.arange(256) / 256
    frames = [np.round(slope + 20 * np.sin(0.4 * i) + random.normal(0, 6, 256), 3) for i in range(30)]
    found = Descriptors(RATE)
    for frame in frames:
        found.hear(frame)
    said = [[*each.bands.round(9), each.loudness, each.brightness, each.onset] for each in found.past]
    if os.environ.get("ISOBATH_GOLDEN"):
        text = {"sample_rate": RATE, "spectra": [f.tolist() for f in frames], "descriptors": said}
        GOLDEN.write_text(json.dumps(text))
    golden = json.loads(GOLDEN.read_text())
    assert np.allclose(said, golden["descriptors"], atol=1e-9)
