"""Whatever comes in, a jam gives a musical answer or a clear sentence: each row of the list of bad input.

Those that need a model that hangs or a tempo that jumps in the middle are in tests/symbolic/test_jam.py and
tests/server/test_jam.py.
"""

import json

import pytest

from isobath import symbolic
from isobath.symbolic.jam.keeping import bars_of, read_session
from isobath.symbolic.midi import DRUM_CHANNEL, Note, midi_bytes


def score(path, notes, **more):
    """Notes (tick of 480, pitch) as a file."""
    line = [Note(tick, 60, pitch, 90, DRUM_CHANNEL) for tick, pitch in notes]
    path.write_bytes(midi_bytes(line, bpm=120, **more))
    return path


@pytest.fixture
def jam(run, tmp_path):
    """Answers of the machine to a file."""

    def play(path, *more):
        folder = tmp_path / "kept"
        said = run(
            "jam", "--human", path, "--bpm", 300, "--minutes", 0.1, "-o", folder, "--seed", 3, "--json", *more
        )
        assert said.exit_code == 0, said.stderr
        assert json.loads(said.stdout)["repeated"] == 0
        return said, [bars_of(t) for t in read_session(folder).turns if t.who == "machine"]

    return play


def musical(answers):
    assert answers
    assert any(each.hits.any() for each in answers)
    assert all(each.hits.sum() <= 9 * each.steps for each in answers)


def test_silence_for_two_bars(jam, tmp_path):
    _, answers = jam(score(tmp_path / "late.mid", [(480 * 16, 36)]))
    musical(answers)


def test_a_roll_of_200_hits(jam, tmp_path):
    _, answers = jam(score(tmp_path / "roll.mid", [(19 * n, 38) for n in range(200)]))
    musical(answers)


def test_notes_outside_the_map(jam, tmp_path):
    _, answers = jam(
        score(tmp_path / "odd.mid", [(240 * n, 36 if n % 4 == 0 else 90 + n % 30) for n in range(16)])
    )
    musical(answers)


def test_another_metre(jam, tmp_path):
    waltz = score(tmp_path / "waltz.mid", [(480 * n, 36 if n % 3 == 0 else 42) for n in range(24)])
    data = waltz.read_bytes()
    metre = b"\x00\xff\x58\x04\x04\x02\x18\x08"
    if metre in data:
        data = data.replace(metre, b"\x00\xff\x58\x04\x03\x02\x18\x08")
    else:
        at = data.index(b"MTrk")
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        three = b"\x00\xff\x58\x04\x03\x02\x18\x08"
        data = data[: at + 4] + (length + len(three)).to_bytes(4, "big") + three + data[at + 8 :]
    waltz.write_bytes(data)
    said, answers = jam(waltz)
    assert "3/4" in said.stderr
    musical(answers)


def test_a_stuck_note(jam, tmp_path):
    stuck = [Note(0, 480 * 4000, 36, 90, DRUM_CHANNEL), Note(480, 60, 38, 90, DRUM_CHANNEL)]
    path = tmp_path / "stuck.mid"
    path.write_bytes(midi_bytes(stuck, bpm=120))
    musical(jam(path)[1])


def test_a_file_of_three_hours(jam, tmp_path):
    path = score(tmp_path / "long.mid", [(480 * n, 36 if n % 2 == 0 else 38) for n in range(120 * 60 * 3)])
    musical(jam(path)[1])


@pytest.mark.parametrize("cut", [0, 3, 13, 20, -1])
def test_a_corrupt_file(run, tmp_path, cut):
    path = score(tmp_path / "cut.mid", [(480 * n, 36) for n in range(8)])
    path.write_bytes(path.read_bytes()[:cut])
    said = run("jam", "--human", path)
    assert said.exit_code != 0
    assert "cut.mid" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_file_with_no_drums(run, tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(symbolic.to_midi(symbolic.Melody.silence(16)))
    assert "has no drums" in run("jam", "--human", path).stderr
    assert "no melody" in run("jam", "--human", path, "--model", "melody").stderr
