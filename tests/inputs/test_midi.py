"""MIDI as cables bring it, and ports of a real JACK server."""

import os
import random
import shutil
import subprocess
import time

import pytest

from isobath.errors import UsageError
from isobath.gesture.board import HOME_SECONDS
from isobath.inputs.hub import Hub
from isobath.inputs.keys import matches, source_of
from isobath.inputs.midi.reading import Reader, Said
from isobath.protocol.controllers import Conditioning, Input, MidiSource, Trigger
from isobath.protocol.piece import Axis, Piece


def read(*data):
    return list(Reader().feed(bytes(data)))


def last(said, channel, message, number):
    return [s.value for s in said if s[:3] == (channel, message, number)][-1]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((0xB0, 7, 127), Said(1, "control", 7, 1.0)),
        ((0xBF, 70, 0), Said(16, "control", 70, 0.0)),
        ((0xE2, 0, 0x40), Said(3, "bend", 0, 0.5)),
        ((0xE2, 0x7F, 0x7F), Said(3, "bend", 0, 1.0)),
        ((0xE2, 0, 0), Said(3, "bend", 0, 0.0)),
        ((0xD0, 127), Said(1, "pressure", 0, 1.0)),
        ((0xA0, 60, 127), Said(1, "key_pressure", 60, 1.0)),
        ((0xC1, 5), Said(2, "program", 5, 1.0)),
        ((0x90, 60, 127), Said(1, "note", 60, 1.0)),
    ],
)
def test_a_message_is_a_value_from_its_least_to_its_most(data, said):
    assert read(*data)[0] == said


def test_fine_halves_make_fourteen_bits():
    said = read(0xB0, 1, 0x40, 33, 0x01, 1, 0x7F, 33, 0x7F)
    assert [s.value for s in said if s.message == "control14"] == [64 / 127, 0x2001 / 16383, 1.0]


def test_parameters_by_number_registered_or_not():
    said = read(0xB0, 99, 1, 98, 2, 6, 0x40, 38, 3, 101, 0, 100, 1, 6, 127)
    assert last(said, 1, "nrpn", 130) == (0x40 << 7 | 3) / 16383
    assert last(said, 1, "rpn", 1) == 1.0
    assert read(0xB0, 101, 127, 100, 127, 6, 5) == [
        Said(1, "control", 6, 5 / 127),
        Said(1, "control14", 6, 5 / 127),
    ]


def test_running_status_real_time_and_exclusive_messages():
    said = read(0xB0, 7, 0, 0xF8, 7, 0xFE, 127, 0xF0, 1, 2, 3, 0xF7, 7, 7)
    assert [s.value for s in said if s.message == "control"] == [0.0, 1.0]


def test_the_newest_note_is_heard_and_then_the_one_before_and_then_none():
    said = read(0x90, 60, 127, 64, 32, 0x80, 64, 0, 0x90, 60, 0)
    velocity = [s for s in said if s.message == "velocity" and s.channel == 1]
    assert velocity == [
        Said(1, "velocity", 60, 1.0),
        Said(1, "velocity", 64, 32 / 127),
        Said(1, "velocity", 64, 0.0, gone=True),
        Said(1, "velocity", 60, 1.0),
        Said(1, "velocity", 60, 0.0, gone=True),
    ]


def test_of_mpe_the_axes_of_the_newest_note_are_channel_0():
    said = read(0xE1, 0, 0x20, 0x91, 60, 100, 0xE1, 0, 0x60, 0x92, 64, 100, 0xE1, 0, 0, 0xB2, 74, 127)
    newest = [s for s in said if s.channel == 0 and s.message in {"bend", "control"}]
    assert [(s.message, round(s.value, 2)) for s in newest] == [
        ("bend", 0.25),
        ("bend", 0.75),
        ("bend", 0.5),
        ("control", 1.0),
    ]
    assert matches(MidiSource(message="bend", channel=0), ("midi", "p", 0, "bend", 0))
    assert not matches(MidiSource(message="bend"), ("midi", "p", 0, "bend", 0))


def test_garbage_is_counted_and_nothing_else():
    dice = random.Random(3)
    reader = Reader()
    for _ in range(300):
        for said in reader.feed(dice.randbytes(50)):
            assert 0.0 <= said.value <= 1.0
            assert 0 <= said.channel <= 16
    assert reader.garbage > 100
    assert list(reader.feed(bytes((0xB0, 7, 127))))[-2:] == [
        Said(1, "control", 7, 1.0),
        Said(1, "control14", 7, 1.0),
    ]


def test_what_is_learned_means_the_same_value():
    for key in (
        ("midi", "Keys MIDI 1 20:0", 3, "control", 7),
        ("midi", "Keys", 1, "velocity", 60),
        ("gamepad", "Pad", "axis", 2),
        ("hid", "gametrak", 5),
        ("osc", "/a/b", 1),
        ("program", "hand"),
    ):
        source = source_of(key)
        assert source is not None
        assert matches(source, key)


PIECE = Piece(
    id="p",
    name="p",
    axes=(Axis(id="x", name="x"), Axis(id="v", name="v", rest=0.0)),
    inputs=(
        Input(id="i", axis="x", source=MidiSource(message="control", number=1)),
        Input(
            id="j",
            axis="v",
            source=MidiSource(message="velocity"),
            conditioning=Conditioning(hold_seconds=0.1),
        ),
    ),
    triggers=(Trigger(id="t", source=MidiSource(message="note", number=36), action="demonstrate"),),
)


@pytest.fixture
def jack():
    """A sound server of our own; MIDI through it needs no sound card and no kernel module."""
    pytest.importorskip("rtmidi", reason="pip install python-rtmidi")
    jackd = shutil.which("jackd")
    if jackd is None:
        pytest.skip("jackd was not found. On Debian or Ubuntu: apt-get install jackd2")
    name = f"isobath-midi-{os.getpid()}"
    environment = {**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"}
    server = subprocess.Popen(
        [jackd, "-n", name, "-r", "-t", "10000", "-d", "dummy", "-r", "48000", "-p", "1024"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    before = os.environ.get("JACK_DEFAULT_SERVER"), os.environ.get("JACK_NO_START_SERVER")
    os.environ["JACK_DEFAULT_SERVER"], os.environ["JACK_NO_START_SERVER"] = name, "1"
    time.sleep(0.5)
    yield server
    for variable, value in zip(("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"), before, strict=True):
        if value is None:
            del os.environ[variable]
        else:
            os.environ[variable] = value
    server.terminate()
    server.wait(10)


def until(true, seconds=8.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_keyboard_is_plugged_in_played_and_pulled_out(jack):
    import rtmidi

    from isobath.inputs.midi.playing import MidiPlaying
    from isobath.inputs.midi.ports import MidiPorts

    hub = Hub()
    at, acted = {}, []
    hub.tell(
        lambda _, axes, values: at.update(zip(axes, values, strict=True)), lambda *what: acted.append(what)
    )
    hub.show(PIECE)
    hub.start()
    ports = None
    end = time.monotonic() + 15
    while ports is None:  # the server takes its time on a busy machine
        try:
            ports = MidiPorts(hub.say, hub.lose, "jack", seconds=0.1)
        except UsageError:
            if jack.poll() is not None or time.monotonic() > end:
                hub.stop()
                pytest.skip("jackd does not start here")
            time.sleep(0.3)
    keyboard = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="keyboard")
    keyboard.open_virtual_port("keys")
    jammed = []
    jam = MidiPlaying(jammed.append, "KEYS", "jack", seconds=0.1)
    until(lambda: any("keys" in name for name in jam.names))
    until(lambda: any("keys" in name for name in ports.names))
    for value in range(128):
        keyboard.send_message([0xB0, 1, value])
    until(lambda: at.get("x") == 1.0)
    keyboard.send_message([0x99, 36, 1])
    until(lambda: acted == [("p", "demonstrate", True)])
    keyboard.send_message([0x99, 36, 0])
    until(lambda: acted[1:] == [("p", "demonstrate", False)])
    keyboard.send_message([0x90, 60, 127])
    until(lambda: at.get("v") == 1.0)
    keyboard.send_message([0x80, 60, 0])
    until(lambda: at.get("v") == 0.0)
    until(lambda: len(jammed) >= 4)
    assert [(said.kind, said.number) for said in jammed[:4]] == [("note", 36)] * 2 + [("note", 60)] * 2
    keyboard.close_port()
    keyboard.delete()
    until(lambda: not ports.names)
    until(lambda: jammed[-1].kind == "lost")
    jam.close()
    until(lambda: at.get("x") == 0.5, 2.0 + HOME_SECONDS + 5.0)
    ports.close()
    hub.stop()
