"""Two devices of one name are two."""

import sys
import threading

import pytest

from isobath.inputs.alike import means_device, told_apart
from isobath.inputs.gametrak import Finder, Gametrak
from isobath.inputs.hub import Hub
from isobath.inputs.keys import matches, source_of, words_for
from isobath.inputs.midi.ports import MidiPorts
from isobath.protocol.controllers import GamepadSource
from tests.inputs.test_devices import Fake, report, until


@pytest.mark.parametrize(
    ("name", "taken", "called"),
    [
        ("Pad", [], "Pad"),
        ("Pad", ["Other"], "Pad"),
        ("Pad", ["Pad"], "Pad #2"),
        ("Pad", ["Pad", "Pad #2"], "Pad #3"),
        ("Pad", ["Pad #2"], "Pad"),
        ("Keys:Keys 1 24:0", ["Keys:Keys 1 20:0"], "Keys:Keys 1 #2"),
        ("Keys:Keys 2 24:1", ["Keys:Keys 1 24:0"], "Keys:Keys 2 24:1"),
    ],
)
def test_the_second_of_a_name_is_called_so(name, taken, called):
    assert told_apart(name, taken) == called


@pytest.mark.parametrize(
    ("wanted", "means"),
    [
        ("", {"Pad", "Pad #2", "Pad X 20:0"}),
        ("pad", {"Pad", "Pad X 20:0"}),
        ("Pad #2", {"Pad #2"}),
        ("pa", {"Pad", "Pad #2", "Pad X 20:0"}),
        ("Pad X", {"Pad X 20:0"}),
        ("Pad #3", set()),
        ("pa #2", {"Pad #2"}),
    ],
)
def test_a_whole_name_is_the_first_and_a_part_of_it_all(wanted, means):
    assert {each for each in ("Pad", "Pad #2", "Pad X 20:0") if means_device(wanted, each)} == means


class Alike:
    """python-rtmidi on a system that gives equal ports equal names."""

    API_UNSPECIFIED = API_LINUX_ALSA = API_UNIX_JACK = API_MACOSX_CORE = API_WINDOWS_MM = 0
    there = ("one",)
    """What each port is, all of them called Knobs."""
    lines = {}  # noqa: RUF012  filled by the test

    class MidiIn:
        def __init__(self, *_, **__):
            self.device = ""

        def get_ports(self):
            return ["Knobs"] * len(Alike.there)

        def ignore_types(self, **_):
            pass

        def set_callback(self, callback):
            self.callback = callback

        def open_port(self, index, name):  # noqa: ARG002
            self.device = Alike.there[index]
            Alike.lines[self.device] = self

        def cancel_callback(self):
            pass

        def close_port(self):
            Alike.lines.pop(self.device, None)

        def delete(self):
            pass


def test_two_equal_midi_controllers_both_play_and_are_told_apart(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmidi", Alike)
    said, gone = [], []
    ports = MidiPorts(lambda key, value: said.append((key, value)), gone.extend, seconds=0.02)
    until(lambda: ports.names == ("Knobs",))

    def turn(device, value):
        Alike.lines[device].callback(([0xB0, 77, value], 0.0))
        return said[-1][0]

    first = turn("one", 64)
    monkeypatch.setattr(Alike, "there", ("one", "two"))
    until(lambda: ports.names == ("Knobs", "Knobs #2"))
    assert gone == [], "the first goes on although the second came"
    assert turn("one", 65) == first
    second = turn("two", 66)
    assert second[1] == "Knobs #2"
    assert "Knobs #2" in words_for(second)
    assert [matches(source_of(first), key) for key in (first, second)] == [True, False]
    assert [matches(source_of(second), key) for key in (first, second)] == [False, True]
    monkeypatch.setattr(Alike, "there", ("two",))
    until(lambda: ports.names == ("Knobs",))
    assert gone == [second], "of two that are the same the one that is left plays as the first"
    assert turn("two", 67) == first
    ports.close()
    assert gone == [second, first]


def test_two_equal_gamepads_are_two():
    sdl2 = pytest.importorskip("sdl2", reason="pip install pysdl2 pysdl2-dll")
    from isobath.inputs.gamepads import Gamepads

    said = []
    pads = Gamepads(lambda key, _: said.append(key), lambda _: None)
    try:
        kind = sdl2.SDL_JOYSTICK_TYPE_GAMECONTROLLER
        first, second = (sdl2.SDL_JoystickAttachVirtual(kind, 2, 2, 0) for _ in range(2))
        until(lambda: len(pads.names) == 2)
        name, other = pads.names
        assert other == f"{name} #2"
        pad = sdl2.SDL_JoystickOpen(second)
        until(lambda: sdl2.SDL_JoystickSetVirtualAxis(pad, 0, 32767 - len(said)) == 0 and said)
        assert said[0] == ("gamepad", other, "axis", 0)
        source = source_of(said[0])
        assert isinstance(source, GamepadSource)
        assert not matches(source, ("gamepad", name, "axis", 0))
        sdl2.SDL_JoystickClose(pad)
        sdl2.SDL_JoystickDetachVirtual(second)
        sdl2.SDL_JoystickDetachVirtual(first)
        until(lambda: pads.names == ())
    finally:
        pads.close()


def test_two_gametraks_are_two():
    hub, said, lock = Hub(), {}, threading.Lock()

    def say(key, value):
        with lock:
            said[key] = value

    fakes = [Fake([report(4095, 1, 1, 1, 1, 1)] * 2), Fake([report(1, 4095, 1, 1, 1, 1)] * 2)]
    waiting = list(fakes)
    gametrak = Gametrak(say, hub.lose, lambda: waiting.pop(0) if waiting else None, seconds=0.01)
    until(lambda: len(said) == 12)
    assert gametrak.names == ("gametrak", "gametrak #2")
    assert said["hid", "gametrak", 0] == said["hid", "gametrak #2", 1] == 1.0
    key = ("hid", "gametrak #2", 1)
    assert words_for(key) == "Gametrak #2 left y"
    assert matches(source_of(key), key)
    assert not matches(source_of(key), ("hid", "gametrak", 1))
    fakes[0].out.set()
    until(lambda: gametrak.names == ("gametrak #2",))
    fakes[1].out.set()
    gametrak.close()


def test_each_gametrak_is_found_once_until_it_is_closed(tmp_path):
    devices = tmp_path / "dev"
    devices.mkdir()
    for number, identity in enumerate(("000014B7:00000982", "0000046D:0000C52B", "000014B7:00000982")):
        listed = tmp_path / "sys" / f"hidraw{number}" / "device"
        listed.mkdir(parents=True)
        (listed / "uevent").write_text(f"HID_ID=0003:{identity}\n")
        (devices / f"hidraw{number}").write_bytes(report(number, 1, 1, 1, 1, 1))
    find = Finder(tmp_path / "sys", devices)
    first, second = find(), find()
    assert [each.read(16)[0] for each in (first, second)] == [0, 2]
    assert find() is None
    assert first.read(16) == b""
    first.close()
    again = find()
    assert again.read(16)[0] == 0
    again.close()
    second.close()
