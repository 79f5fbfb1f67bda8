"""Bars as MIDI files, byte by byte as they were when this was written, and a file by another hand.

tests/golden/bars.json holds what a set of bars becomes; `python -m tests.symbolic.test_golden_bars` writes it
anew, which is only right where the files are meant to change.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from isobath.symbolic.bars import Drums, Melody, drums_of, melody_of, to_midi
from isobath.symbolic.midi import read_midi

GOLDEN = Path(__file__).parents[1] / "golden" / "bars.json"


def beat(bars):
    """Every piece of the kit, soft and hard, early, late and on the step."""
    made = Drums.silence(16 * bars)
    for step in range(16 * bars):
        for piece in range(9):
            if (5 * step + 3 * piece) % 11 == 0:
                made.hits[step, piece] = True
                made.velocity[step, piece] = (1 + (37 * step + 11 * piece) % 127) / 127
                made.offset[step, piece] = ((23 * step + 7 * piece) % 119 - 59) / 60
    return made


def tune(bars):
    """Notes that are held, let go, and end at the next."""
    tokens = np.zeros(16 * bars, np.uint8)
    for at, token in enumerate((45, 0, 1, 52, 50, 0, 0, 1)):
        tokens[at::8] = token
    tokens[8::16] = 89
    tokens[3] = 2
    return Melody(tokens)


CASES = {
    "drums, 2 bars": beat(2),
    "drums, 4 bars": beat(4),
    "melody, 2 bars": tune(2),
    "melody, 4 bars": tune(4),
}


def written(bars):
    return to_midi(bars, bpm=97.0, lead_in_bars=1, title="golden")


@pytest.mark.parametrize("name", CASES)
def test_bars_are_the_files_they_were_and_come_back(name):
    bars = CASES[name]
    data = bytes.fromhex(json.loads(GOLDEN.read_text())[name])
    assert written(bars) == data
    score = read_midi(data)
    assert score.bpm == pytest.approx(97.0, rel=1e-5)
    if isinstance(bars, Melody):
        assert np.array_equal(melody_of(score, steps=bars.steps, first=16).tokens, bars.tokens)
        return
    back = drums_of(score, steps=bars.steps, first=16)
    assert np.array_equal(back.hits, bars.hits)
    assert np.array_equal(back.velocity, bars.velocity)
    np.testing.assert_allclose(back.offset, bars.offset, atol=1e-6)


def test_a_file_by_another_hand_is_what_it_says():
    """96 ticks a quarter, running status, notes let go by velocity 0, alternative pitches of a kit."""
    track = bytes.fromhex(
        "00ff58040402180800992364"  # 4/4; the lower kick, on the step
        "1a1640"  # the hi-hat's edge, two ticks late
        "44257f002814"  # the snare's rim two ticks early, and a softer hit of the snare on the same step
        "0064500a23000016000025000028000064"  # a pitch of no drum; then all are let go
        "0000ff2f00"
    )
    data = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track
    bars = drums_of(read_midi(data))
    assert np.argwhere(bars.hits).tolist() == [[0, 0], [1, 2], [4, 1]]
    np.testing.assert_allclose(bars.velocity[bars.hits], np.array([100, 64, 127]) / 127)
    np.testing.assert_allclose(bars.offset[bars.hits], [0, -1 / 6, 1 / 6], atol=1e-6)


if __name__ == "__main__":
    GOLDEN.write_text(
        json.dumps({name: written(bars).hex() for name, bars in CASES.items()}, indent=0) + "\n"
    )
