"""What leaves as MIDI, combined again as a synthesizer does."""

import msgspec
import pytest

from isobath.errors import UsageError
from isobath.outputs import midi
from isobath.outputs.midi import FULL, MidiOutput, fourteen, open_midi
from isobath.outputs.outlet import Outlets
from tests.outputs.test_osc import HEARD

MOVING = msgspec.structs.replace(HEARD, axes=(0.25, 1.0))


class Synth:
    """Combines coarse and fine halves, and counts."""

    def __init__(self):
        self.values, self.notes, self.messages = {}, [], []

    def hear(self, message):
        self.messages.append(tuple(message))
        status, number, value = message
        assert 0 <= number < 128
        assert 0 <= value < 128
        kind, channel = status & 0xF0, status & 15
        if kind == 0xB0:
            self.values[channel, number] = value
        else:
            self.notes.append((kind == 0x90, value))

    def fine(self, channel, number):
        return (self.values[channel, number] << 7 | self.values[channel, number + 32]) / FULL


def test_latents_and_axes_arrive_with_fourteen_bits_and_descriptors_with_seven():
    synth = Synth()
    MidiOutput(synth.hear).send(MOVING)
    for number, latent in enumerate(MOVING.latent):
        assert 8 * synth.fine(0, number) - 4 == pytest.approx(latent, abs=8 / FULL)
    assert [synth.fine(1, 0), synth.fine(1, 1)] == pytest.approx([0.25, 1.0], abs=1 / FULL)
    assert synth.values[2, 7] == pytest.approx(127 * MOVING.loudness, abs=1)
    assert synth.values[2, 74] == pytest.approx(127 * MOVING.brightness, abs=1)
    assert synth.notes == []


def test_only_what_changed_is_sent():
    synth = Synth()
    output = MidiOutput(synth.hear)
    output.send(MOVING)
    before = len(synth.messages)
    output.send(MOVING)
    assert len(synth.messages) == before
    output.send(msgspec.structs.replace(MOVING, latent=(MOVING.latent[0] + 8 / FULL, *MOVING.latent[1:])))
    assert [message[:2] for message in synth.messages[before:]] == [(0xB0, 32)]


def test_an_onset_is_a_note_that_ends():
    synth = Synth()
    output = MidiOutput(synth.hear)
    for onset in (0.5, 0.0, 1.0):
        output.send(msgspec.structs.replace(MOVING, onset=onset))
    output.close()
    assert [on for on, _ in synth.notes] == [True, False, True, False]
    assert synth.notes[0][1] < synth.notes[2][1] == 127


def test_what_is_beyond_is_the_end_and_what_is_no_number_the_middle():
    assert (fourteen(9, -4, 4), fourteen(-9, -4, 4), fourteen(0, -4, 4)) == (FULL, 0, 8192)
    assert fourteen(float("nan"), 0, 1) == 8192
    assert fourteen(float("inf"), 0, 1) == FULL


def test_a_port_that_is_gone_is_told_everything_when_it_is_back():
    synth, there = Synth(), [True]

    def hear(message):
        if not there[0]:
            raise RuntimeError("gone")
        synth.hear(message)

    output = MidiOutput(hear)
    output.send(MOVING)
    everything = len(synth.messages)
    there[0] = False
    output.send(HEARD)
    output.send(msgspec.structs.replace(MOVING, loudness=0.9))
    there[0] = True
    output.send(MOVING)
    assert len(synth.messages) == 2 * everything


def test_several_outputs_are_told_and_closed():
    first, second = Synth(), Synth()
    closed = []
    outlets = Outlets([MidiOutput(each.hear, lambda: closed.append(1)) for each in (first, second)])
    outlets.send(MOVING)
    outlets.close()
    assert first.messages == second.messages
    assert len(closed) == 2


class Rtmidi:
    """As python-rtmidi, with one port and none of one's own, as on Windows."""

    @staticmethod
    def get_compiled_api():
        return [2, 3]

    class MidiOut:
        def __init__(self, api, name):
            if api == 2:
                raise SystemError("no sequencer")
            self.name, self.opened = name, None

        def get_ports(self):
            return ["Midi Through 14:0", "IAC Bus 1"]

        def open_port(self, index, name):
            self.name, self.opened = name, index

        def open_virtual_port(self, name):
            raise NotImplementedError(f"no {name} here")

        def send_message(self, message):
            pass

        def close_port(self):
            pass

        def delete(self):
            pass


def test_a_port_is_found_by_a_part_of_its_name_and_named_where_it_is_not_there(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rtmidi", Rtmidi)
    open_midi("iac").close()
    with pytest.raises(UsageError, match=r'no MIDI port "Live".*"IAC Bus 1"'):
        open_midi("Live")


def test_without_rtmidi_the_way_out_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rtmidi", None)
    with pytest.raises(UsageError, match=r"pip install 'isobath\[stage\]'"):
        open_midi("x")
    assert midi.VIRTUAL == "Isobath"
