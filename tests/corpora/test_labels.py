"""What tables say of the sounds rides along, to where the sounds are in the set."""

import numpy as np
import pytest

from isobath.corpora import Wishes, open_set, prepare
from tests.corpora.sounds import RATE, noise, write


@pytest.fixture
def folder(tmp_path):
    sound = noise(4.0, 1, 2 * RATE, 0.4)
    sound[2 * RATE : 6 * RATE] = 0  # silent from 1 s to 3 s
    write(tmp_path / "in" / "a.wav", sound, 2 * RATE)
    for i in range(3):
        write(tmp_path / "in" / "deep" / f"{i}.wav", noise(0.3, 5 + i))
    (tmp_path / "in" / "notes.csv").write_text(
        "file,onset,offset,midi,velocity\na.wav,3.5,3.75,60,99\na.wav,0.5,0.75,57,80\n"
        "a.wav,1.8,2.2,58,1\na.wav,0.9,1.1,59,1\ndeep/1.wav,0.1,0.2,61.5,7\ngone.wav,0,1,2,3\n"
    )
    (tmp_path / "in" / "deep" / "hits.csv").write_text("file,onset,midi_note\n0.wav,0.05,38\n")
    (tmp_path / "in" / "deep" / "index.csv").write_text("file,style,bpm\n0.wav,funk,95\n")
    (tmp_path / "in" / "other.csv").write_text("a;b\n1;2\n")
    return tmp_path / "in"


def labels_of(found, name):
    entry = next(e for e in found.entries("train") if e.name == name)
    return [(round(v.start / RATE, 3), v.end and round(v.end / RATE, 3), v.midi) for v in found.labels(entry)]


def test_times_become_places_in_the_set(folder, tmp_path):
    report = prepare(folder, tmp_path / "set", Wishes(sample_rate=RATE, validation=0))
    found = open_set(tmp_path / "set")
    assert labels_of(found, "a.wav") == [
        (0.5, 0.75, 57),
        (0.9, 1.1, 59),
        (1.8, 2.2, 58),
        (3.5, 3.75, 60),
    ]
    assert labels_of(found, "deep/1.wav") == [(0.1, 0.2, 61.5)]
    assert labels_of(found, "deep/0.wav") == [(0.05, None, 38)]
    (file,) = [f for f in found.files if f.name == "deep/0.wav"]
    assert file.facts == {"style": "funk", "bpm": "95"}
    assert found.files[0].labels[0].more == {"velocity": "80"}
    assert found.about.totals.labels == 6
    assert "notes.csv: 1 rows speak of files that are not here" in report.notes
    assert any(note.startswith("other.csv: no column named file") for note in report.notes)


def test_removed_silence_moves_them_and_takes_its_own_along(folder, tmp_path):
    wishes = Wishes(sample_rate=RATE, validation=0, remove_silence=True, keep_before=0.1, keep_after=0.3)
    prepare(folder, tmp_path / "set", wishes)
    found = open_set(tmp_path / "set")
    (_, stops), (goes_on, _) = found.files[0].kept  # the resampler rings a little into the silence
    assert stops / RATE == pytest.approx(1.3, abs=0.021)
    assert goes_on / RATE == pytest.approx(2.9, abs=0.021)
    (*two, (start, end, midi)) = labels_of(found, "a.wav")
    assert two == [(0.5, 0.75, 57), (0.9, 1.1, 59)]
    assert (start, end, midi) == (
        pytest.approx(3.5 - (goes_on - stops) / RATE),
        pytest.approx(start + 0.25),
        60,
    )


def test_a_new_table_is_read_without_decoding_again(folder, tmp_path):
    prepare(folder, tmp_path / "set", Wishes(sample_rate=RATE, validation=0))
    (folder / "notes.csv").write_text("file,start,end,text\na.wav,0,4,all of it\n")
    report = prepare(folder, tmp_path / "set")
    assert report.done == []
    (label,) = open_set(tmp_path / "set").files[0].labels
    assert (label.start, label.end, label.text) == (0, 4 * RATE, "all of it")


@pytest.mark.parametrize(
    "table", [b"file,onset\na.wav,soon\n", b"file,onset\na.wav,inf\n", b"file\n\xff\xfe\n", b"\0\0"]
)
def test_a_damaged_table_is_told_and_the_sounds_are_kept(folder, tmp_path, table):
    (folder / "notes.csv").write_bytes(table)
    report = prepare(folder, tmp_path / "set", Wishes(sample_rate=RATE, validation=0))
    assert any(n.startswith("notes.csv: ") and n.endswith("its labels are not used") for n in report.notes)
    assert len(report.done) == 4


def test_labels_follow_a_file_that_is_split_by_time(tmp_path):
    write(tmp_path / "a.wav", np.asarray(noise(10.0, 1)))
    (tmp_path / "a.csv").write_text("file,start,end\na.wav,1,2\na.wav,8.5,9.5\na.wav,9.5,10\n")
    prepare(tmp_path / "a.wav", tmp_path / "set", Wishes(sample_rate=RATE))
    found = open_set(tmp_path / "set")
    (train,), (held,) = found.entries("train"), found.entries("validation")
    assert [(v.start, v.end) for v in found.labels(train)] == [(RATE, 2 * RATE), (17 * RATE // 2, 9 * RATE)]
    assert [(v.start, v.end) for v in found.labels(held)] == [(0, RATE // 2), (RATE // 2, RATE)]
