"""MIDI files in and out; strangers' files become notes or a sentence."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isobath.errors import ScoreError
from isobath.symbolic.midi import LARGEST_FILE, Note, midi_bytes, read_midi, write_midi

notes = st.lists(
    st.builds(
        Note,
        start=st.integers(0, 100_000),
        length=st.integers(1, 5000),
        pitch=st.integers(0, 127),
        velocity=st.integers(1, 127),
        channel=st.integers(0, 15),
    ),
    max_size=30,
    unique_by=lambda n: (n.pitch, n.channel),
)


@given(notes)
def test_notes_come_back_as_they_were(some):
    score = read_midi(midi_bytes(some, bpm=97.0))
    assert sorted(score.notes, key=repr) == sorted(some, key=repr)
    assert score.bpm == pytest.approx(97.0, rel=1e-5)
    assert score.in_metre(4, 4)


@given(st.binary(max_size=200), notes)
def test_damaged_files_never_do_more_than_tell(noise, some):
    whole = bytearray(midi_bytes(some))
    for i, byte in enumerate(noise):
        whole[(i * 7919) % len(whole)] ^= byte
    for data in (noise, bytes(whole), bytes(whole)[: len(noise)]):
        with contextlib.suppress(ScoreError):
            read_midi(data)


def test_running_status_and_a_note_that_never_ends():
    track = bytes((0, 0x99, 36, 100, 60, 38, 90, 60, 36, 0, 30, 0xFF, 0x2F, 0))
    data = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track
    score = read_midi(data)
    assert score.notes == (Note(0, 120, 36, 100, 9), Note(60, 90, 38, 90, 9))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a MIDI file"),
        (b"MThd", "head is not whole"),
        (b"MThd\0\0\0\6\0\2\0\1\0\x60", "format 2"),
        (b"MThd\0\0\0\6\0\0\0\1\xe7\x28", "film frames"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60", "no track"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\xff\xff\0", "middle of a track"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\2\0\x20", "no sense"),
    ],
)
def test_what_is_no_score_is_refused(data, said):
    with pytest.raises(ScoreError, match=said):
        read_midi(data, "x.mid")


def test_a_file_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.mid"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(ScoreError, match=r"large\.mid has"):
        read_midi(path)
    with pytest.raises(ScoreError, match="cannot be read"):
        read_midi(tmp_path / "none.mid")


def test_written_files_are_read_by_others(tmp_path):
    mido = pytest.importorskip("mido")
    some = [Note(0, 60, 36, 100, 9), Note(120, 60, 38, 1, 9)]
    write_midi(tmp_path / "a.mid", midi_bytes(some, title="two hits"))
    read = mido.MidiFile(tmp_path / "a.mid")
    on = [(m.note, m.velocity) for m in read.tracks[0] if m.type == "note_on"]
    assert on == [(36, 100), (38, 1)]
