"""A live jam: threads, a clock that goes, MIDI in and out without a port."""

import threading
import time

import numpy as np
import pytest

from isobath import symbolic
from isobath.errors import AudioError, ScoreError
from isobath.inputs.midi.playing import MidiSaid, read_message
from isobath.outputs.band import Band
from isobath.server.jam import LiveJam, LiveOptions
from isobath.sound.mixing import Mixer
from isobath.symbolic.jam import JamSettings
from isobath.symbolic.jam.keeping import read_session
from isobath.symbolic.jam.sounding import Sounds


def test_a_live_jam_answers_on_the_bar_line_by_midi(tmp_path):
    band = Band("null")
    sent = []
    live = LiveJam(
        symbolic.load("drums-2"),
        JamSettings(bpm=240, bars=1, metronome=False),
        band,
        LiveOptions(folder=tmp_path, send_clock=True),
        send=lambda message: sent.append((band.now(), message)),
        seed=1,
    )
    live.start()
    clock = live.jam.clock
    for step in range(0, 16, 4):
        time.sleep(max(0.0, clock.seconds(step) - band.now()))
        # stamped when it was struck, as a port does it, however late this thread woke up
        struck = time.monotonic() - (band.now() - clock.seconds(step))
        live.hear(MidiSaid(struck, "note", 36, 0.8))
        live.hear(MidiSaid(struck + 0.001, "note", 36, 0.0))
    time.sleep(max(0.0, clock.seconds(32) - band.now()) + 0.1)
    session = live.close()
    assert [t.who for t in session.turns][:2] == ["human", "machine"]
    assert [n[:2] for n in session.turns[0].notes] == [(s, 0) for s in range(0, 16, 4)]
    answer = session.turns[1]
    assert answer.notes
    notes = [(at, m) for at, m in sent if m[0] == 0x99]
    assert len(notes) >= len(answer.notes)
    begins = min(16 + n[0] - n[3] / 2 for n in answer.notes)
    assert notes[0][0] >= clock.seconds(begins) - 0.002
    ons, offs = ([m[1] for _, m in sent if m[0] == kind] for kind in (0x99, 0x89))
    assert sorted(ons) == sorted(offs)
    assert sum(m == (0xF8,) for _, m in sent) >= 180
    assert len(read_session(tmp_path).turns) == len(session.turns)


def test_a_model_that_hangs_or_fails_stops_nothing():
    live = LiveJam(symbolic.load("drums-2"), JamSettings(bpm=300, bars=1), Band("null"), seed=1)
    free = threading.Event()
    calls = []

    def answer(_ask):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("gone")
        free.wait(20)
        raise RuntimeError("late")

    live.answerers["machine"].answer = answer
    now, begin = live.jam.clock.seconds(0), live.jam.clock.seconds(0)
    while live.jam.clock.position(now) < 16 * 8:
        live.step(now)
        now += 0.004
        time.sleep(0.0001)
    assert now > begin
    assert live.jam.missed == 4
    assert live.failures >= 1
    assert "gone" in live.sentence
    free.set()
    live.close()


def test_bytes_of_midi():
    assert read_message(bytes((0x99, 38, 127)), 1.0) == MidiSaid(1.0, "note", 38, 1.0)
    assert read_message(bytes((0x99, 38, 0)), 1.0).velocity == 0.0
    assert read_message(bytes((0xB0, 123, 0)), 1.0).kind == "lost"
    assert read_message(bytes((0xF2, 1, 1)), 1.0).number == 129
    assert read_message(b"\xf8", 1.0).kind == "tick"
    for nothing in (b"", b"\x90", bytes((0x90, 200, 3)), bytes((0xC0, 5)), b"\xf0\x00\x00\xf7"):
        assert read_message(nothing, 1.0) is None


def test_the_clock_of_a_device_goes_evenly_between_callbacks():
    band = Band("null")
    rng = np.random.default_rng(1)
    errors = []
    for block in range(4000):
        true = block * 256 / 48000
        band.believe(true, 100.0 + true + float(rng.uniform(0, 0.004)))
        if block > 400:
            errors.append(band.of(100.0 + true) - true)
    assert np.ptp(errors) < 0.0002
    assert max(abs(each) for each in errors) < 0.0002  # the least late callback is believed
    band.believe(4000 * 256 / 48000, 100.0 + 4000 * 256 / 48000 + 0.15)  # one that was held up moves nothing
    assert abs(band.of(100.0 + true) - true) < 0.0002
    for block in range(4000, 4300):  # a line that stood still is followed
        band.believe(block * 256 / 48000, 100.5 + block * 256 / 48000)
    assert abs(band.of(100.5 + 22.0) - 22.0) < 1e-6


@pytest.mark.parametrize("rate", [44100, 48000])
def test_sounds_begin_on_their_sample_and_an_open_hat_is_closed(rate):
    from isobath.symbolic.jam import Event

    mixer, sounds = Mixer(rate), Sounds(rate)
    for event in (Event(0.01, "human", "drum", 3, 1.0), Event(0.2, "human", "drum", 2, 0.1)):
        sounds.of(event).put(mixer, event.seconds)
    made = np.concatenate([mixer.mix(64) for _ in range(rate // 2 // 64)], axis=1)
    first = np.flatnonzero(np.abs(made[0]) > 0)[0]
    assert round(0.01 * rate) <= first <= round(0.01 * rate) + 1
    before, after = (np.abs(made[:, round(at * rate) :][:, : rate // 50]).max() for at in (0.17, 0.28))
    assert after < 0.2 * before


def test_a_file_without_drums_is_a_sentence(tmp_path):
    from isobath.cli.jam import _line

    path = tmp_path / "cello.mid"
    path.write_bytes(symbolic.to_midi(symbolic.Melody.of(np.eye(90)[[40] * 16])))
    (tmp_path / "broken.mid").write_bytes(path.read_bytes()[:40])
    with pytest.raises(ScoreError, match="damaged"):
        _line(tmp_path / "broken.mid", "drums")


class Gone:
    """A sound device that has just been pulled out."""

    active = False

    def stop(self):
        raise OSError("gone")

    def close(self):
        raise OSError("gone")


def test_devices_lost_in_the_middle_of_a_bar_stop_nothing(monkeypatch):
    band, sent = Band("null"), []
    band._stream = Gone()

    def send(message):
        sent.append(message)
        raise RuntimeError("The synthesizer was pulled out, too.")

    live = LiveJam(
        symbolic.load("melody"),
        JamSettings(bpm=300, bars=1, metronome=False, count_in=0),
        band,
        seed=1,
        send=send,
    )
    monkeypatch.setattr("isobath.server.jam.LOOK_SECONDS", 0.05)
    tries = []

    def refuse(*_):
        tries.append(band.now())
        if len(tries) < 3:
            raise AudioError("There is no such device.")
        band._stream = type("Back", (), {"active": True, "stop": lambda _: None, "close": lambda _: None})()

    monkeypatch.setattr(band, "_open", refuse)
    live.start()
    clock = live.jam.clock
    time.sleep(max(0.0, clock.seconds(1) - band.now()))
    live.hear(MidiSaid(time.monotonic(), "note", 64, 0.8))
    time.sleep(max(0.0, clock.seconds(6) - band.now()))
    live.hear(MidiSaid(time.monotonic(), "lost"))  # the keyboard was pulled out while a key was down
    time.sleep(max(0.0, clock.seconds(32) - band.now()) + 0.2)
    assert len(tries) == 3
    assert not band.lost
    assert abs(band.mixer.sample / band.mixer.rate - tries[-1]) < 0.2  # the line goes on where the clock is
    session = live.close()
    assert [t.who for t in session.turns][:2] == ["human", "machine"]
    assert 0.0 < session.played[0].length < 20.0
    assert any(m[0] & 0xF0 == 0x90 for m in sent)
