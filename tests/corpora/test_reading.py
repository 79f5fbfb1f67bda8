"""A set is read at any place; short files are joined, not lost."""

import pickle

import numpy as np
import pytest

from isobath.corpora import Wishes, open_set, prepare, shards
from isobath.errors import SetError
from tests.corpora.sounds import RATE, noise, tone, write


@pytest.fixture
def made(tmp_path):
    for i in range(5):
        write(tmp_path / "in" / f"{i}.wav", 0.1 * (i + 1) + np.zeros(400 + i))
    prepare(tmp_path / "in", tmp_path / "set", Wishes(sample_rate=RATE, validation=0))
    return open_set(tmp_path / "set")


def test_around_an_entry_there_is_silence(made):
    entry = made.entries("train")[0]
    audio = made.audio(entry, -10, 500)
    assert audio.shape == (1, 500)
    assert not audio[0, :10].any()
    assert not audio[0, 410:].any()
    np.testing.assert_allclose(audio[0, 10:410], 0.1, atol=2**-15)


def test_the_ring_joins_files_without_a_click_and_comes_round(made):
    whole = made.samples("train")
    assert whole == sum(400 + i for i in range(5))
    once = made.crop("train", 0, whole)
    np.testing.assert_array_equal(made.crop("train", 0, 3 * whole), np.tile(once, 3))
    assert np.abs(np.diff(np.concatenate((once[0], once[0])))).max() < 0.5 / 40
    assert once[0, 600] == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize(("start", "samples"), [(0, 1), (390, 20), (395, 900), (79, 1), (2009, 5), (5000, 7)])
def test_any_crop_of_the_ring_is_a_part_of_it(made, start, samples):
    whole = np.tile(made.crop("train", 0, made.samples("train")), 5)
    np.testing.assert_array_equal(made.crop("train", start, samples), whole[:, start : start + samples])


def test_a_set_goes_to_another_process(made):
    made.crop("train", 0, 10)
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again.crop("train", 5, 100), made.crop("train", 5, 100))


def test_an_entry_may_lie_in_several_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 2 * 2 * 1000)
    sound = np.stack((noise(0.3, 1), noise(0.3, 2)), axis=1)
    write(tmp_path / "in" / "a.wav", sound, subtype="FLOAT")
    write(tmp_path / "in" / "b.wav", sound[:, ::-1], subtype="FLOAT")
    prepare(tmp_path / "in", tmp_path / "set", Wishes(sample_rate=RATE, validation=0))
    assert len(list((tmp_path / "set").glob("audio-*.i16"))) == 10
    assert all(p.stat().st_size <= 4000 for p in (tmp_path / "set").glob("audio-*.i16"))
    found = open_set(tmp_path / "set")
    a, b = found.entries("train")
    np.testing.assert_allclose(found.audio(a), sound.T, atol=2**-16 + 1e-7)
    np.testing.assert_array_equal(found.audio(b), found.audio(a)[::-1])


def test_the_split_is_by_content_and_has_two_sides(tmp_path):
    for i in range(30):
        write(tmp_path / "in" / f"{i}.wav", noise(0.1, i))
    prepare(tmp_path / "in", tmp_path / "set", Wishes(sample_rate=RATE, validation=0.2))
    held = {e.file.sha for e in open_set(tmp_path / "set").entries("validation")}
    assert 2 <= len(held) <= 12
    for i in range(30):
        (tmp_path / "in" / f"{i}.wav").rename(tmp_path / "in" / f"renamed {i}.wav")
    prepare(tmp_path / "in", tmp_path / "again", Wishes(sample_rate=RATE, validation=0.2))
    assert {e.file.sha for e in open_set(tmp_path / "again").entries("validation")} == held


def test_three_files_have_one_for_validation(tmp_path):
    for i in range(3):
        write(tmp_path / "in" / f"{i}.wav", noise(0.1, i))
    prepare(tmp_path / "in", tmp_path / "set", Wishes(sample_rate=RATE, validation=0.01))
    assert len(open_set(tmp_path / "set").entries("validation")) == 1


def test_a_file_that_is_most_of_the_sound_is_split_by_time(tmp_path):
    write(tmp_path / "a.wav", tone(2.0))
    report = prepare(tmp_path / "a.wav", tmp_path / "set", Wishes(sample_rate=RATE))
    found = open_set(tmp_path / "set")
    ((train,), (validation,)) = found.entries("train"), found.entries("validation")
    assert (train.samples, validation.samples) == (28800, 3200)
    assert any("split by time" in note for note in report.notes)
    whole = np.concatenate((found.audio(train), found.audio(validation)), axis=1)
    np.testing.assert_allclose(whole[0], tone(2.0), atol=2**-15)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("set.json", b"{", "damaged"),
        ("set.json", b'{"isobath_set": 99}', "newer Isobath"),
        ("index.jsonl", b"{}\n", "damaged"),
        ("audio-0000.i16", b"\0\0", "ends too early"),
    ],
)
def test_a_damaged_set_is_told(made, name, data, says):
    (made.folder / name).write_bytes(data)
    with pytest.raises(SetError, match=says):
        open_set(made.folder).crop("train", 0, 1000)


def test_an_index_that_points_elsewhere_is_not_believed(made):
    index = made.folder / "index.jsonl"
    index.write_bytes(index.read_bytes().replace(b'"start":0', b'"start":-9'))
    with pytest.raises(SetError, match="lies outside it"):
        open_set(made.folder)


def test_a_folder_that_is_no_set_is_told(tmp_path):
    with pytest.raises(SetError, match="no prepared set"):
        open_set(tmp_path)


def test_a_side_without_sound_is_told(made):
    with pytest.raises(SetError, match="no sound for validation"):
        made.crop("validation", 0, 10)
    with pytest.raises(SetError, match="train and validation, not test"):
        made.entries("test")
