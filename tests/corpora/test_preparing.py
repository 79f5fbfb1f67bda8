"""A folder of sounds becomes a set: whatever is in it, and however often it is asked for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from isobath.corpora import Wishes, open_set, prepare
from isobath.corpora import index as on_disk
from isobath.corpora.index import JOURNAL
from isobath.errors import SaveError, SetError
from tests.corpora.sounds import RATE, noise, tone, write

PLAIN = Wishes(sample_rate=RATE)


@pytest.fixture
def folder(tmp_path):
    for i in range(6):
        write(tmp_path / "in" / f"{i}.wav", noise(0.5 + 0.1 * i, i))
    return tmp_path / "in"


def why(report, name):
    (found,) = [each.why for each in report.left_out if each.name == name]
    return found


def test_sixteen_bits_come_back_bit_for_bit(folder, tmp_path):
    prepare(folder, tmp_path / "set", PLAIN)
    found = open_set(tmp_path / "set")
    assert (found.sample_rate, found.channels) == (RATE, 1)
    entries = found.entries("train") + found.entries("validation")
    assert sorted(e.name for e in entries) == [f"{i}.wav" for i in range(6)]
    for entry in entries:
        source, _ = soundfile.read(folder / entry.name, dtype="float32")
        np.testing.assert_array_equal(found.audio(entry)[0], source)


def test_a_set_of_the_same_sounds_is_the_same(folder, tmp_path):
    for out in ("a", "b"):
        prepare(folder, tmp_path / out, PLAIN)
    for each in (tmp_path / "a").glob("*.[ij]*"):
        if each.name != "set.json":
            assert each.read_bytes() == (tmp_path / "b" / each.name).read_bytes()


def test_any_rate_and_channel_count_becomes_one(tmp_path):
    rates = {"a.wav": (44100, 1), "b.flac": (22050, 2), "c.ogg": (48000, 2), "d.mp3": (32000, 2)}
    for name, (rate, channels) in rates.items():
        write(tmp_path / "in" / name, np.tile(tone(1.0, 500, rate)[:, None], channels), rate)
    prepare(tmp_path / "in", tmp_path / "set", Wishes(sample_rate=RATE, validation=0))
    found = open_set(tmp_path / "set")
    assert found.channels == 2  # three of four seconds of sound have two
    for entry in found.entries("train"):
        audio = found.audio(entry)
        assert audio.shape[0] == 2
        assert entry.samples == pytest.approx(RATE, abs=0.12 * RATE)  # MP3 pads
        spectrum = np.abs(np.fft.rfft(audio[0], 1 << 15))
        assert np.argmax(spectrum) * RATE / (1 << 15) == pytest.approx(500, abs=2)
        assert audio.max() == pytest.approx(0.5, abs=0.08)


def test_resampling_block_by_block_is_resampling_at_once(tmp_path):
    import soxr

    sound = noise(5.0, 1, 44100, 0.5)
    write(tmp_path / "in.wav", sound, 44100, "FLOAT")
    prepare(tmp_path / "in.wav", tmp_path / "set", Wishes(sample_rate=RATE, validation=0))
    found = open_set(tmp_path / "set")
    expected = soxr.resample(sound.astype(np.float32), 44100, RATE, "HQ")
    (entry,) = found.entries("train")
    assert entry.samples == len(expected)
    np.testing.assert_allclose(found.audio(entry)[0], expected, atol=2**-15)


def test_what_is_no_sound_is_told_and_the_rest_is_kept(folder, tmp_path):
    bad = noise(0.5, 9)
    bad[1000] = np.nan
    write(folder / "nan.wav", bad, subtype="FLOAT")
    write(folder / "silent.wav", np.zeros(RATE))
    write(folder / "brief.wav", tone(0.005))
    write(folder / "empty.wav", np.zeros(0))
    write(folder / "six.wav", np.zeros((RATE, 6)) + tone(1.0)[:, None])
    write(folder / "deep" / "copy.wav", noise(0.5, 0))
    (folder / "text.wav").write_text("no sound at all")
    (folder / "nothing.wav").touch()
    (folder / "cover.jpg").write_bytes(b"\xff\xd8")
    (folder / "._0.wav").write_bytes(b"Mac OS X")
    report = prepare(folder, tmp_path / "set", Wishes(sample_rate=RATE, channels=2))
    assert len(report.done) == 6
    assert "first at 0.06 s" in why(report, "nan.wav")
    assert "silent" in why(report, "silent.wav")
    assert "5.0 ms long" in why(report, "brief.wav")
    assert "no sound (0 samples)" in why(report, "empty.wav")
    assert "--channels 6" in why(report, "six.wav")
    assert why(report, "deep/copy.wav") == "it is a copy of 0.wav" or why(report, "0.wav")
    assert "cannot be read as a sound" in why(report, "text.wav")
    assert "0 bytes" in why(report, "nothing.wav")
    assert len(report.left_out) == 8
    assert open_set(tmp_path / "set").about.totals.files == 6


def test_a_file_that_breaks_off_is_taken_as_far_as_it_goes(tmp_path):
    path = write(tmp_path / "in" / "a.flac", noise(8.0, 1))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    report = prepare(tmp_path / "in", tmp_path / "set", PLAIN)
    assert "its header says 8.0 s" in report.notes[-1]
    assert 3.0 < open_set(tmp_path / "set").about.totals.seconds < 8.0


def test_clipping_is_worth_a_word(tmp_path):
    write(tmp_path / "in" / "loud.wav", np.clip(tone(1.0, level=2.0), -1, 1))
    write(tmp_path / "in" / "over.wav", tone(1.0, 300, level=2.0), subtype="FLOAT")
    report = prepare(tmp_path / "in", tmp_path / "set", PLAIN)
    assert any(note.startswith("loud.wav: clipped in") for note in report.notes)
    assert any("over.wav: reaches 6.0 dB over full scale" in note for note in report.notes)
    assert open_set(tmp_path / "set").about.totals.peak_db == pytest.approx(6.0, abs=0.1)


def test_nothing_is_done_twice(folder, tmp_path):
    first = prepare(folder, tmp_path / "set", PLAIN)
    index = (tmp_path / "set" / "index.jsonl").read_bytes()
    again = prepare(folder, tmp_path / "set")
    assert (len(first.done), len(again.done), again.unchanged) == (6, 0, 6)
    assert (tmp_path / "set" / "index.jsonl").read_bytes() == index
    os.utime(folder / "0.wav")  # touched, not changed
    assert prepare(folder, tmp_path / "set").unchanged == 6


def test_new_changed_and_removed_files_are_noticed(folder, tmp_path):
    prepare(folder, tmp_path / "set", PLAIN)
    sides = {f.name: f.split for f in open_set(tmp_path / "set").files}
    (folder / "0.wav").unlink()
    write(folder / "1.wav", noise(0.3, 77))
    write(folder / "new.wav", noise(0.4, 78))
    report = prepare(folder, tmp_path / "set")
    assert (report.done, report.unchanged, report.gone) == (["1.wav", "new.wav"], 4, ["0.wav"])
    found = open_set(tmp_path / "set")
    names = [f.name for f in found.files]
    assert names == ["1.wav", "2.wav", "3.wav", "4.wav", "5.wav", "new.wav"]
    assert all(f.split == sides[f.name] for f in found.files if f.name in "2.wav 3.wav 4.wav 5.wav")
    assert found.about.totals.unused_seconds == pytest.approx(0.5 + 0.6)
    entry = next(e for e in found.entries("train") + found.entries("validation") if e.name == "1.wav")
    source, _ = soundfile.read(folder / "1.wav", dtype="float32")
    np.testing.assert_array_equal(found.audio(entry)[0], source)


def test_a_set_is_made_one_way(folder, tmp_path):
    prepare(folder, tmp_path / "set", PLAIN)
    with pytest.raises(SetError, match="made with sample-rate 16000, not 8000"):
        prepare(folder, tmp_path / "set", Wishes(sample_rate=8000))
    write(tmp_path / "other" / "a.wav", noise(0.3, 3))
    with pytest.raises(SetError, match="nothing of it is in"):
        prepare(tmp_path / "other", tmp_path / "set")


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (Wishes(sample_rate=100), "sample-rate is 100"),
        (Wishes(channels=0), "channels is 0"),
        (Wishes(high_pass_hz=20000), "high-pass-hz is 20000"),
        (Wishes(validation=0.9), "validation is 0.9"),
    ],
)
def test_an_option_out_of_range_is_told(folder, tmp_path, wish, says):
    with pytest.raises(SetError, match=says):
        prepare(folder, tmp_path / "set", wish)


def test_a_folder_without_sound_is_told(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").touch()
    with pytest.raises(SetError, match=r"no sound in .* \(1 other files\)"):
        prepare(tmp_path / "in", tmp_path / "set")
    with pytest.raises(SetError, match="is not there"):
        prepare(tmp_path / "nowhere", tmp_path / "set")


def test_a_full_disk_loses_nothing(folder, tmp_path, monkeypatch):
    from isobath.corpora import shards

    whole = shards.Writer.append
    heard = 0

    def full(self, audio):
        nonlocal heard
        heard += audio.shape[1]
        if heard > 2.0 * RATE:
            raise on_disk.refused(self.folder, OSError(28, "No space left on device"))
        whole(self, audio)

    monkeypatch.setattr(shards.Writer, "append", full)
    with pytest.raises(SaveError, match=r"No space left on device.*Every file that was done is kept"):
        prepare(folder, tmp_path / "set", PLAIN)
    monkeypatch.undo()
    report = prepare(folder, tmp_path / "set")
    assert (report.unchanged, len(report.done)) == (3, 3)
    for entry in (found := open_set(tmp_path / "set")).entries("train"):
        source, _ = soundfile.read(folder / entry.name, dtype="float32")
        np.testing.assert_array_equal(found.audio(entry)[0], source)


def test_a_kill_loses_at_most_the_file_in_hand(tmp_path):
    for i in range(16):
        write(tmp_path / "in" / f"{i:02}.wav", noise(4.0, i, 44100), 44100)
    script = (
        "from pathlib import Path; from isobath.corpora import *; "
        f"prepare(Path({str(tmp_path / 'in')!r}), Path({str(tmp_path / 'set')!r}), Wishes(sample_rate=48000))"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    journal = tmp_path / "set" / JOURNAL
    until = time.monotonic() + 30
    while time.monotonic() < until and not (journal.exists() and journal.read_bytes().count(b"\n") > 3):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = journal.read_bytes().count(b"\n")
    with pytest.raises(SetError, match=r"is not finished\. Go on with: isobath prepare"):
        open_set(tmp_path / "set")
    with journal.open("ab") as file:
        file.write(b'{"name":"torn')
    with (tmp_path / "set" / "audio-0000.i16").open("ab") as file:
        file.write(b"\1" * 4001)
    report = prepare(tmp_path / "in", tmp_path / "set")
    assert report.unchanged >= done > 3
    assert report.unchanged + len(report.done) == 16
    prepare(tmp_path / "in", tmp_path / "at once", Wishes(sample_rate=48000))
    shard = Path("audio-0000.i16")
    assert (tmp_path / "set" / shard).read_bytes() == (tmp_path / "at once" / shard).read_bytes()


def test_two_preparations_of_one_set_do_not_meet(folder, tmp_path):
    from isobath.corpora.locking import locked

    (tmp_path / "set").mkdir()
    with locked(tmp_path / "set"), pytest.raises(SetError, match="another process"):
        prepare(folder, tmp_path / "set", PLAIN)


def test_a_film_or_m4a_is_decoded_by_pyav(tmp_path):
    av = pytest.importorskip("av")
    (tmp_path / "in").mkdir()
    with av.open(str(tmp_path / "in" / "a.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="stereo")
        sound = np.tile(tone(2.0, 500, 44100), (2, 1)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
        frame.sample_rate = 44100
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    prepare(tmp_path / "in", tmp_path / "set", Wishes(sample_rate=RATE, validation=0))
    found = open_set(tmp_path / "set")
    (entry,) = found.entries("train")
    assert found.channels == 2
    assert entry.samples == pytest.approx(2 * RATE, abs=0.1 * RATE)
    assert np.abs(found.audio(entry)).max() == pytest.approx(0.5, abs=0.05)


def test_without_pyav_one_sentence_says_what_to_install(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (folder / "a.m4a").write_bytes(b"\0\0\0 ftypM4A ")
    report = prepare(folder, tmp_path / "set", PLAIN)
    assert "pip install 'isobath[media]'" in why(report, "a.m4a")


def test_normalising_brings_every_file_to_one_level(tmp_path):
    for i, level in enumerate((0.06, 0.2, 0.9)):
        write(tmp_path / "in" / f"{i}.wav", noise(2.0, i, level=level))
    write(tmp_path / "in" / "hush.wav", noise(2.0, 5, level=0.001))
    peaks, loudness = {}, {}
    for way in ("peak", "loudness"):
        prepare(tmp_path / "in", tmp_path / way, Wishes(sample_rate=RATE, normalise=way))
        files = open_set(tmp_path / way).files
        peaks[way] = {f.name: f.peak_db for f in files}
        loudness[way] = {f.name: f.loudness_lufs for f in files}
    for name in ("0.wav", "1.wav", "2.wav"):
        assert peaks["peak"][name] == pytest.approx(-1, abs=0.05)
        assert loudness["loudness"][name] == pytest.approx(-18, abs=0.3)
    assert peaks["peak"]["hush.wav"] == pytest.approx(-60 + 30, abs=0.2)  # not more than 30 dB


def test_a_high_pass_takes_the_rumble_and_leaves_the_rest(tmp_path):
    write(tmp_path / "in" / "a.wav", tone(4.0, 8) + tone(4.0, 200, level=0.25))
    prepare(tmp_path / "in", tmp_path / "set", Wishes(sample_rate=RATE, high_pass_hz=25.0, validation=0))
    found = open_set(tmp_path / "set")
    spectrum = np.abs(np.fft.rfft(found.audio(found.entries("train")[0])[0][RATE : 3 * RATE])) / RATE
    assert spectrum[16] < 0.5 * 10 ** (-36 / 20)
    assert spectrum[400] == pytest.approx(0.25, rel=0.01)
