"""The kit, the string and the mixer: what force does, and numbers that the page has, too.

`python -m tests.sound.test_kit` writes tests/golden/kit.json anew.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from isobath.sound import kit, pluck
from isobath.sound.mixing import Mixer

GOLDEN = Path(__file__).parents[1] / "golden" / "kit.json"
HITS = [
    *((piece, velocity, 44100, 1.0, 0) for piece in range(9) for velocity in (0.25, 1.0)),
    (1, 0.7, 48000, 0.86, 5),
    (8, 0.7, 48000, 1.14, 2),
]
NOTES = [(60, 0.3, 0.2, 44100), (60, 1.0, 0.2, 44100), (97, 0.8, 0.05, 48000), (33, 0.5, 0.4, 48000)]
SOUNDS = [
    {"piece": 3, "velocity": 0.9, "at": 100, "pan": -0.35, "group": "hats", "chokes": "hats"},
    {"piece": 0, "velocity": 1.0, "at": 257, "pan": 0.0, "group": "", "chokes": ""},
    {"piece": 2, "velocity": 0.5, "at": 3001, "pan": 0.35, "group": "", "chokes": "hats"},
    {"piece": 7, "velocity": 1.0, "at": 3001, "pan": 1.0, "group": "", "chokes": ""},
]
RATE, BLOCK, BLOCKS = 44100, 128, 50


def every(sound):
    """Some forty values of a sound, at steps that meet every phase of it."""
    return max(1, len(sound) // 40) | 1


def values(sound, step):
    return [round(float(v), 7) for v in sound[::step]]


def mixed():
    mixer = Mixer(RATE)
    for each in SOUNDS:
        sound = kit.hit(each["piece"], each["velocity"], RATE)
        mixer.add(sound, each["at"], pan=each["pan"], group=each["group"], chokes=each["chokes"])
    return np.concatenate([mixer.mix(BLOCK) for _ in range(BLOCKS)], axis=1)


def made():
    index = np.array([0, 1, 2, 1000, 123456, 7])
    hits, notes = [], []
    for piece, velocity, rate, tune, variant in HITS:
        sound = kit.hit(piece, velocity, rate, tune, variant)
        hits.append(
            {"piece": piece, "velocity": velocity, "rate": rate, "tune": tune, "variant": variant,
             "samples": len(sound), "every": every(sound), "values": values(sound, every(sound))}
        )  # fmt: skip
    for pitch, velocity, seconds, rate in NOTES:
        sound = pluck.note(pitch, velocity, seconds, rate)
        notes.append(
            {"pitch": pitch, "velocity": velocity, "seconds": seconds, "rate": rate,
             "samples": len(sound), "every": every(sound), "values": values(sound, every(sound))}
        )  # fmt: skip
    left, right = mixed()
    return {
        "noise": [[int(i), s, float(kit.noise(np.array([i]), s)[0])] for i in index for s in (0, 17)],
        "hits": hits,
        "notes": notes,
        "mix": {"rate": RATE, "block": BLOCK, "sounds": SOUNDS, "every": 67,
                "left": values(left, 67), "right": values(right, 67)},
    }  # fmt: skip


def near(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(near(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(near, a, b))
    return a == b if isinstance(a, str) else abs(a - b) < 1e-5


def test_it_sounds_as_it_did():
    assert near(made(), json.loads(GOLDEN.read_text()))


@pytest.mark.parametrize("piece", range(9))
def test_harder_is_louder_and_brighter_and_all_end_in_silence(piece):
    def centre(sound):
        power = np.abs(np.fft.rfft(sound))
        return (power * np.arange(len(power))).sum() / power.sum() / len(sound)

    soft, hard = kit.hit(piece, 0.3, 44100), kit.hit(piece, 1.0, 44100)
    assert np.abs(hard).max() > 3 * np.abs(soft).max()
    assert centre(hard) > centre(soft)
    for sound in (soft, hard):
        assert np.all(np.isfinite(sound))
        assert sound[-1] == 0.0
        assert np.abs(sound).max() <= 1.01


def test_a_note_has_its_pitch_and_ends_when_it_is_let_go():
    sound = pluck.note(69, 0.8, 0.5, 48000)
    spectrum = np.abs(np.fft.rfft(sound[:24000] * np.hanning(24000)))
    assert abs(int(spectrum[:1200].argmax()) * 2 - 440) <= 2
    assert np.abs(sound[round(0.9 * 48000) :]).max() < 0.01 * np.abs(sound).max()
    hard, soft = (pluck.note(60, v, 0.3, 48000) for v in (1.0, 0.3))
    assert np.abs(hard).max() > 3 * np.abs(soft).max()


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(made()) + "\n")
