"""Sounds that pieces play with: kept once, to the sample, and taken along."""

import io
import os
import zipfile

import msgspec
import numpy as np
import pytest
import soundfile

from isobath.errors import AudioError, PieceDamaged
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.protocol.piece import Source
from tests.library.pieces import piece

RATE = 44100


@pytest.fixture
def room(library, tmp_path):
    """Writes a file and lets the library take it in."""

    def take_in(wave, rate=RATE, name="a.wav", subtype="PCM_24"):
        path = tmp_path / name
        soundfile.write(path, wave, rate, subtype=subtype)
        return library.sounds.take_in(path)

    return take_in


def noise(seconds=0.5, channels=2, level=0.9):
    return np.random.default_rng(1).uniform(-level, level, (round(RATE * seconds), channels))


def listening(id, input=None):
    """A piece with a voice on a sound, and a take with live input."""
    made = piece(takes=1)
    voice = msgspec.structs.replace(made.voices[0], source=Source(kind="sound", sound=id))
    take = msgspec.structs.replace(made.takes[0], input=input)
    return msgspec.structs.replace(made, voices=(voice,), takes=(take,))


def test_24_bits_come_back_to_the_sample(library, room):
    whole = np.random.default_rng(2).integers(-(2**23), 2**23, (5000, 2), dtype=np.int32)
    kept = room(whole * 256)
    back = library.sounds.load(kept.id, RATE)
    assert (kept.channels, kept.samples, kept.sample_rate) == (2, len(whole), RATE)
    np.testing.assert_array_equal(back.T * 2.0**23, whole)


def test_the_same_sound_is_kept_once(library, room):
    assert room(noise()).id == room(noise(), name="b.wav").id
    assert len(list(library.home.heard.iterdir())) == 1
    assert list(library.home.incoming.iterdir()) == []


def test_floats_beyond_full_scale_are_lowered_not_clipped(library, room):
    kept = room(noise(level=1.0) * 3, name="loud.wav", subtype="FLOAT")
    back = library.sounds.load(kept.id, RATE)
    assert 0.99 < np.abs(back).max() <= 1.0
    np.testing.assert_allclose(back.T, noise(level=1.0) / np.abs(noise(level=1.0)).max(), atol=1e-4)


def test_a_sound_comes_at_any_rate(library, room):
    kept = room(noise(channels=1))
    assert library.sounds.load(kept.id, 48000).shape == (1, round(48000 * 0.5))


def test_loudness_is_told(room):
    tone = np.sin(2 * np.pi * 997 / RATE * np.arange(RATE))
    assert room(tone).loudness == pytest.approx(-3.0, abs=0.1)
    assert room(np.stack([tone, tone], axis=1), name="two.wav").loudness == pytest.approx(-3.0, abs=0.1)
    assert room(np.zeros(RATE), name="none.wav").loudness == -120


@pytest.mark.parametrize("data", [b"", b"no sound", b"RIFF1234WAVEfmt "])
def test_what_is_no_sound_is_refused(library, tmp_path, data):
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(AudioError):
        library.sounds.take_in(tmp_path / "x.wav")
    assert list(library.home.heard.iterdir()) == []


def test_too_long_a_sound_is_refused_with_the_way_out(room):
    with pytest.raises(AudioError, match="isobath transfer"):
        room(np.zeros(8000 * 601, np.float32), rate=8000, subtype="PCM_U8")


def test_a_sound_that_is_not_here_is_told(library):
    with pytest.raises(AudioError, match="not in this library"):
        library.sounds.load("0" * 64, RATE)


def test_sounds_travel_with_the_piece(library, room, quick_folder):
    one, other = room(noise()).id, room(noise(0.3), name="b.wav").id
    data = library.export(library.pieces.add(listening(one, other)).id, "0.1")
    with Library.open(Home(quick_folder / "elsewhere")) as there:
        back, notes = there.import_(io.BytesIO(data))
        assert notes == ()
        assert (back.voices[0].source.sound, back.takes[0].input) == (one, other)
        np.testing.assert_array_equal(there.sounds.load(one, RATE), library.sounds.load(one, RATE))
        assert there.sounds.holds(other)


def test_a_sound_that_is_missing_is_told_and_a_changed_one_refused(library, room):
    kept = room(noise())
    data = library.export(library.pieces.add(listening(kept.id)).id, "0.1")
    library.sounds.path(kept.id).unlink()
    changed, left_out = io.BytesIO(), io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(changed, "w") as to,
        zipfile.ZipFile(left_out, "w") as less,
    ):
        for name in old.namelist():
            to.writestr(name, b"fLaC" if name.startswith("sounds/") else old.read(name))
            if not name.startswith("sounds/"):
                less.writestr(name, old.read(name))
    _, notes = library.import_(left_out)
    assert "sound" in notes[0]
    with pytest.raises(PieceDamaged, match="sound"):
        library.import_(changed)


def test_a_piece_cannot_name_a_file_outside(library):
    with pytest.raises(PieceDamaged, match="no id of a sound"):
        library.pieces.add(listening("../../secret"))
    with pytest.raises(PieceDamaged, match="no id of a sound"):
        library.pieces.add(listening("0" * 64, "/etc/passwd"))


def test_emptying_the_trash_keeps_every_sound_that_a_history_names(library, room):
    used, undone, alone, fresh = (room(noise(0.1 * k), name=f"{k}.wav").id for k in (1, 2, 3, 4))
    kept = library.pieces.add(listening(undone))
    changed = msgspec.structs.replace(listening(None, used), id=kept.id)
    library.pieces.change("page", 1, changed, "Other source")
    trashed = library.pieces.add(listening(alone))
    library.pieces.trash(trashed.id)
    for id in (used, undone, alone):
        os.utime(library.sounds.path(id), (0, 0))
    assert library.empty_trash() == 1
    assert [library.sounds.holds(id) for id in (used, undone, alone, fresh)] == [True, True, False, True]
