"""Notes by OSC for a jam, and the machine's notes out."""

import math
import socket
import threading
import time

import pytest

from isobath import symbolic
from isobath.inputs.osc.packets import AT_ONCE, Message
from isobath.inputs.osc.playing import OscPlaying, read_notes
from isobath.outputs.band import Band
from isobath.outputs.osc import OscOutput, encode_mixed
from isobath.server.jam import LiveJam
from isobath.symbolic.jam import JamSettings


def said(address, *values):
    read = read_notes(Message(address, values, AT_ONCE), 0.0)
    return [(each.kind, each.number, round(each.velocity, 3)) for each in read]


def test_notes_hits_and_silence_are_read():
    assert said("/isobath/note", 60, 0.5) == [("note", 60, 0.5)]
    assert said("/isobath/note", 60.0, 127) == [("note", 60, 1.0)]
    assert said("/isobath/note", 60, 0.0) == [("note", 60, 0.0)]
    assert said("/isobath/note", 60) == [("note", 60, 0.8)]
    assert said("/isobath/drum", "Closed-Hi-Hat", 1.0) == [("note", 42, 1.0), ("note", 42, 0.0)]
    assert said("/isobath/drum", 1, 0.25) == [("note", 38, 0.25), ("note", 38, 0.0)]
    assert said("/isobath/off") == [("lost", 0, 0.0)]


@pytest.mark.parametrize(
    "wrong",
    [
        ("/isobath/note",), ("/isobath/note", 128, 0.5), ("/isobath/note", -1, 0.5),
        ("/isobath/note", "c", 0.5),
        ("/isobath/note", 60, math.nan), ("/isobath/note", 60, -1.0), ("/isobath/note", 60, 1000),
        ("/isobath/note", math.inf, 1.0), ("/isobath/drum", 9, 1.0),
        ("/isobath/drum", "cowbell", 1.0),
        ("/isobath/drum", 0, 0.0), ("/isobath/drum", b"x", 1.0), ("/isobath/note", 60, None),
        ("/isobath/note", 1, 2, 3, 4), ("/another", 60, 1.0),
    ],
)  # fmt: skip
def test_what_is_no_note_is_passed_by(wrong):
    assert said(*wrong) == []


def test_packets_come_in_and_the_machine_s_notes_go_out():
    band, came, here = Band("null"), [], threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listens:
        listens.bind(("127.0.0.1", 0))
        listens.settimeout(10.0)
        outlet = OscOutput("127.0.0.1", listens.getsockname()[1])

        def note(event):
            came.append((band.now(), event))
            outlet.say(f"/isobath/{event.who}/{event.kind}", (float(event.pitch), event.velocity))
            here.set()

        settings = JamSettings(mode="lead", bpm=300, bars=1, metronome=False, count_in=0)
        live = LiveJam(symbolic.load("drums-2"), settings, band, seed=1, notes=note)
        heard = OscPlaying(live.hear, "127.0.0.1", 0)
        live.start()
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sends:
                for _ in range(200):
                    sends.sendto(encode_mixed("/isobath/drum", ("kick", 0.5)), heard.address)
                    if live.jam.capture.notes:
                        break
                    time.sleep(0.05)
            assert live.jam.capture.notes[0].pitch == 36
            assert here.wait(10.0)
            assert listens.recv(1000).startswith(b"/isobath/machine/drum\0")
        finally:
            heard.close()
            live.close()
            outlet.close()
    assert all(at >= event.seconds - 1e-6 for at, event in came)
