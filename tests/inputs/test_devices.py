"""Clocks, gamepads, a Gametrak, and sound as controller."""

import math
import struct
import sys
import threading
import time
from itertools import pairwise
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from isobath.gesture.clock import place
from isobath.inputs import hearing as listening
from isobath.inputs.gametrak import Gametrak, read_report
from isobath.inputs.hearing import Hearing, SoundIn
from isobath.inputs.hub import Hub
from isobath.inputs.midi.watching import MidiWatch
from isobath.protocol.controllers import ClockSource, Conditioning, GamepadSource, HidSource, Input
from isobath.protocol.piece import Axis, Piece
from isobath.sound.pitch import pitch
from isobath.sound.pitch import place as place_of_pitch

PIECE = Piece(id="p", name="p", axes=(Axis(id="x", name="x"), Axis(id="y", name="y")))

HOME, HELD = Conditioning(hold_seconds=0.0), Conditioning(hold_seconds=-1.0)


def until(true, seconds=8.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


# ---------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(
    ("shape", "places"),
    [
        ("sine", [0.0, 0.5, 1.0, 0.5]),
        ("triangle", [0.0, 0.5, 1.0, 0.5]),
        ("saw", [0.0, 0.25, 0.5, 0.75]),
        ("square", [0.0, 0.0, 1.0, 1.0]),
        ("steps", [0.1, 0.2, 0.3, 1.0]),
    ],
)
def test_a_wave_is_where_it_should_be_in_every_round(shape, places):
    for rounds in (0, 3, -2):
        found = [place(shape, rounds + i / 4, (0.1, 0.2, 0.3, 4.0)) for i in range(4)]
        assert found == pytest.approx(places)
    assert place("steps", 0.3) == 0.5
    assert place("sine", math.nan) == 0.5


def test_a_walk_is_smooth_wide_and_the_same_for_the_same_seed():
    walk = [place("walk", i / 50, seed=3) for i in range(5000)]
    assert max(abs(b - a) for a, b in pairwise(walk)) < 0.04
    assert min(walk) < 0.05
    assert max(walk) > 0.95
    assert walk == [place("walk", i / 50, seed=3) for i in range(5000)]
    assert walk != [place("walk", i / 50, seed=4) for i in range(5000)]


def test_a_clock_moves_its_axis_and_does_not_jump_when_its_rate_is_changed():
    now = [0.0]
    hub = Hub(lambda: now[0])
    path = []
    hub.tell(lambda *told: path.extend(told[2]), lambda *_: None)

    def play(rate, seconds):
        source = ClockSource(shape="sine", rate=rate, tempo=120.0)
        hub.show(msgspec.structs.replace(PIECE, inputs=(Input(id="c", axis="x", source=source),)))
        for _ in range(round(seconds / 0.005)):
            now[0] += 0.005
            assert hub.step(now[0]) == 0.0

    play(0.25, 4.0)
    play(1.0, 1.0)
    steps = [abs(b - a) for a, b in pairwise(path[40:])]
    assert max(steps) < 0.04
    assert max(path) == pytest.approx(1.0, abs=0.01)
    assert min(path[200:]) == pytest.approx(0.0, abs=0.01)


# -------------------------------------------------------------------------------- gametrak


def report(*values, buttons=0):
    return struct.pack("<6HHH", *values, buttons, 0)


class Fake:
    """A device that says what it is told to, until it is pulled out."""

    def __init__(self, reports):
        self.reports = list(reports)
        self.out = threading.Event()

    def read(self, size):
        if self.reports:
            return self.reports.pop(0)[:size]
        self.out.wait(5)
        raise OSError("pulled out")

    def close(self):
        pass


def test_a_report_is_six_axes():
    assert read_report(report(0, 4095, 819, 1, 2, 3))[:3] == (0.0, 1.0, 0.2)
    assert read_report(b"Gametrak") is None
    assert read_report(report(0, 0, 0, 0, 0, 0)) is None
    assert read_report(report(65535, 0, 0, 0, 0, 0)) is None
    assert read_report(b"") is None


def test_a_gametrak_moves_axes_and_rests_when_it_is_pulled_out():
    hub, at = Hub(), {}
    hub.tell(lambda _, axes, values: at.update(zip(axes, values, strict=True)), lambda *_: None)
    hub.show(
        msgspec.structs.replace(
            PIECE,
            inputs=(
                Input(
                    id="l", axis="x", source=HidSource(index=2), conditioning=Conditioning(hold_seconds=0.0)
                ),
                Input(
                    id="r", axis="y", source=HidSource(index=3), conditioning=Conditioning(hold_seconds=-1)
                ),
            ),
        )
    )
    hub.start()
    fake = Fake([b"Gametrak\0\0\0\0\0\0\0\0"] + [report(1, 1, 40 * i, 4095, 1, 1) for i in range(100)])
    found = [fake]
    gametrak = Gametrak(hub.say, hub.lose, lambda: found.pop() if found else None, seconds=0.01)
    until(lambda: at.get("y") == 1.0 and at.get("x", 0) > 0.95)
    assert gametrak.names == ("gametrak",)
    assert gametrak.garbage == 1
    fake.out.set()
    until(lambda: at["x"] == 0.5)
    assert at["y"] == 1.0
    gametrak.close()
    hub.stop()


# -------------------------------------------------------------------------------- gamepads


def test_a_virtual_gamepad_is_plugged_in_moved_and_pulled_out():
    sdl2 = pytest.importorskip("sdl2", reason="pip install pysdl2 pysdl2-dll")
    from isobath.inputs.gamepads import Gamepads

    hub, at = Hub(), {}
    hub.tell(lambda _, axes, values: at.update(zip(axes, values, strict=True)), lambda *_: None)
    hub.show(
        msgspec.structs.replace(
            PIECE,
            inputs=(
                Input(
                    id="s",
                    axis="x",
                    source=GamepadSource(part="axis", index=1),
                    conditioning=Conditioning(deadzone=0.1, hold_seconds=0.0),
                ),
                Input(id="b", axis="y", source=GamepadSource(part="button", index=0)),
            ),
        )
    )
    hub.start()
    pads = Gamepads(hub.say, hub.lose)
    try:
        index = sdl2.SDL_JoystickAttachVirtual(sdl2.SDL_JOYSTICK_TYPE_GAMECONTROLLER, 2, 2, 0)
        assert index >= 0
        until(lambda: pads.names)
        pad = sdl2.SDL_JoystickOpen(index)
        time.sleep(0.05)
        sdl2.SDL_JoystickSetVirtualAxis(pad, 1, 32767)
        sdl2.SDL_JoystickSetVirtualButton(pad, 0, 1)
        until(lambda: at.get("x") == 1.0 and at.get("y") == 1.0)
        sdl2.SDL_JoystickSetVirtualAxis(pad, 1, 900)
        until(lambda: at["x"] == 0.5)
        sdl2.SDL_JoystickSetVirtualAxis(pad, 1, -32768)
        until(lambda: at["x"] == 0.0)
        sdl2.SDL_JoystickClose(pad)
        sdl2.SDL_JoystickDetachVirtual(index)
        until(lambda: at["x"] == 0.5)
        assert pads.names == ()
    finally:
        pads.close()
        hub.stop()


# ----------------------------------------------------------------------------------- sound


@pytest.mark.parametrize("hz", [60.0, 110.0, 440.0, 987.0, 1500.0])
def test_the_pitch_of_a_tone_is_its_pitch(hz):
    t = np.arange(2618) / 48000
    tone = sum(np.sin(2 * np.pi * hz * k * t + k) / k for k in range(1, 6))
    assert pitch(0.1 * tone, 48000) == pytest.approx(hz, rel=0.01)


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(0).normal(size=2618)
    assert pitch(noise, 48000) is None
    assert pitch(np.zeros(2618), 48000) is None
    assert place_of_pitch(55.0) == 0.0
    assert place_of_pitch(220.0) == pytest.approx(0.4)


def test_a_sound_says_how_loud_bright_and_high_it_is_and_when_it_begins():
    said = []
    hearing = Hearing(lambda key, value: said.append((key[1], value)), 48000)
    t = np.arange(48000) / 48000
    quiet, low = np.zeros(48000), 0.3 * np.sign(np.sin(2 * np.pi * 220 * t))
    high = 0.3 * np.sin(2 * np.pi * 880 * t)
    told = []
    for sound in (quiet, low, high):
        said.clear()
        for block in np.split(sound.astype(np.float32), 375):
            hearing.hear(block[None])
        names = ("loudness", "brightness", "onset", "pitch")
        told.append({name: [v for n, v in said if n == name] for name in names})
    silence, square, sine = told
    assert len(silence["loudness"]) == 30
    assert max(silence["loudness"]) == 0.0
    assert silence["pitch"] == []
    assert max(square["onset"]) > 0.2
    assert square["onset"][-1] == 0.0
    assert square["loudness"][-1] > 0.5
    assert square["pitch"][-1] == pytest.approx(0.4, abs=0.01)
    assert sine["pitch"][-1] == pytest.approx(0.8, abs=0.01)
    hearing.hear(np.full((1, 4800), np.nan, np.float32))
    assert all(math.isfinite(value) for _, value in said)


class FakeSound:
    """sounddevice with one input, which comes and goes."""

    there = True
    streams = ()

    def query_devices(self, device, kind):  # noqa: ARG002
        if not self.there:
            raise ValueError("no such device")
        return {"name": "Microphone", "default_samplerate": 48000.0}

    def InputStream(self, *, callback, **_):
        stream = SimpleNamespace(start=lambda: None, abort=lambda: None, closed=False, callback=callback)
        stream.close = lambda: setattr(stream, "closed", True)
        self.streams = (*self.streams, stream)
        return stream


def test_a_sound_device_that_goes_lets_go_of_its_axes_and_is_heard_again_once_it_is_back(monkeypatch):
    fake = FakeSound()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(listening, "SILENT_SECONDS", 0.2)
    said, gone = [], []
    sound = SoundIn(lambda key, _: said.append(key), gone.extend)

    def come():
        fake.streams[-1].callback(np.zeros((4800, 1), np.float32), 4800, None, None)

    come()
    until(lambda: said)
    fake.there = False
    until(lambda: sound.lost)
    assert ("sound", "loudness") in gone
    assert fake.streams[0].closed
    fake.there = True
    until(lambda: len(fake.streams) > 1)
    said.clear()
    come()
    until(lambda: said)
    until(lambda: not sound.lost or gone.count(("sound", "loudness")) > 1)
    sound.close()
    assert fake.streams[-1].closed


class FakeMidi:
    """python-rtmidi with three ports, of which another program has the first for itself."""

    API_UNSPECIFIED = API_LINUX_ALSA = API_UNIX_JACK = API_MACOSX_CORE = API_WINDOWS_MM = 0
    there = ("taken", "keys", "pads")

    class MidiIn:
        def __init__(self, *_, **__):
            self.deleted = False

        def get_ports(self):
            return list(FakeMidi.there)

        def ignore_types(self, **_):
            pass

        def set_callback(self, callback):
            self.callback = callback

        def open_port(self, index, name):  # noqa: ARG002
            if FakeMidi.there[index] == "taken":
                raise RuntimeError("busy")

        def cancel_callback(self):
            pass

        def close_port(self):
            raise RuntimeError("there is no such port any more")

        def delete(self):
            self.deleted = True


def test_a_midi_port_that_cannot_be_opened_or_closed_keeps_nothing_from_the_others(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmidi", FakeMidi)
    gone = []
    watch = MidiWatch(lambda _: lambda _: None, gone.append, way_out="leave it", seconds=0.02)
    until(lambda: watch.names == ("keys", "pads"))
    monkeypatch.setattr(FakeMidi, "there", ("taken", "pads"))
    until(lambda: gone == ["keys"])
    watch.close()
    assert gone == ["keys", "pads"]
