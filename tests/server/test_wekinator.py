"""A patch made for Wekinator plays the page."""

import socket
from contextlib import contextmanager

import msgspec
import numpy as np
import pytest

from isobath.errors import UsageError
from isobath.inputs.osc.packets import AT_ONCE, Message, read_packet
from isobath.mapping import fit
from isobath.protocol.controllers import Conditioning, Input, OscSource, Trigger
from isobath.protocol.messages import Acted, Change, Saved
from isobath.server.controllers import Controllers
from isobath.server.wekinator import WekinatorDoor, Wide
from tests.inputs.packets import message
from tests.mapping.exchange import projects
from tests.server.serving import serving
from tests.server.test_controllers import where

POINTS, LATENTS = [[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]], [[1.0, 2.0], [2.0, 3.0], [0.0, -1.0]]


@contextmanager
def playing(home, static):
    """A page, its patch's sender, and what the patch hears."""
    controllers, told = Controllers(), []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patch:
        patch.bind(("127.0.0.1", 0))
        patch.settimeout(10)
        door = WekinatorDoor(controllers, told.append, ("127.0.0.1", 0), patch.getsockname())
        try:
            with serving(home, static, controllers=controllers) as served, served.page() as page:
                yield page, lambda *words: patch.sendto(message(*words), door.receiver.address), patch, told
        finally:
            door.close()


def heard(patch):
    return [(one.address, one.values) for one in read_packet(patch.recv(65536))]


def test_its_inputs_move_the_axes_and_the_map_leaves_as_its_outputs(home, static):
    with playing(home, static) as (page, send, patch, told):
        piece = page.welcome.opened.piece
        x, y = (axis.id for axis in piece.axes)
        send("/wek/inputs", "ff", 0.25, 0.5)
        where(page, x, 0.25)
        voice = msgspec.structs.replace(piece.voices[0], fitted=fit(POINTS, LATENTS).to_plain())
        learned = msgspec.structs.replace(piece, voices=(voice, *piece.voices[1:]))
        page.ask(Change(number=1, piece=learned, label="Learn"), Saved)
        send("/wek/inputs", "fi", 1.0, 0)
        ((address, values),) = heard(patch)
        assert address == "/wek/outputs"
        np.testing.assert_allclose(values, LATENTS[1], atol=1e-3)
        send("/wekinator/control/stopRunning", "")
        send("/wek/inputs", "ff", 0.0, 0.0)
        send("/wekinator/control/train", "")
        assert heard(patch) == [("/wekinator/status/done-training", ())]
        send("/wekinator/control/startRecording", "")
        assert page.hear(Acted) == Acted(action="demonstrate", begins=True)
        for _ in range(2):
            send("/wekinator/control/deleteAllExamples", "")
            ((address, (what, _)),) = heard(patch)
            assert (address, what) == ("/isobath/refused", "/wekinator/control/deleteAllExamples")
        assert len(told) == 1
        bound = msgspec.structs.replace(
            learned,
            inputs=(
                Input(
                    id="i",
                    axis=y,
                    source=OscSource(address="/wek/inputs", argument=0),
                    conditioning=Conditioning(lo=0.0, hi=640.0),
                ),
            ),
        )
        page.ask(Change(number=2, piece=bound, label="Bind"), Saved)
        send("/wek/inputs", "ff", 160.0, 0.0)
        where(page, y, 0.25)


def test_a_wide_range_is_brought_to_the_axis_and_a_narrow_one_is_left():
    wide = Wide()
    assert wide.scaled([0.25, 0.5]) == [0.25, 0.5]
    assert wide.scaled([640.0, 1.0]) == [1.0, 1.0]
    assert wide.scaled([320.0, -1.0]) == [0.5, 0.0]
    assert wide.scaled([320.0, float("nan")])[1] != 0.0
    assert wide.scaled([0.0, 0.0, 0.5]) == pytest.approx([0.0, 0.5, 0.5])


def test_two_cannot_stand_in_for_wekinator():
    first = WekinatorDoor(Controllers(), print, ("127.0.0.1", 0))
    with pytest.raises(UsageError, match="Is Wekinator running"):
        WekinatorDoor(Controllers(), print, first.receiver.address)
    first.close()


def test_a_recorded_gesture_fires_a_trigger_of_the_piece(home, static, tmp_path):
    wave = [(t / 20, 0.5 + 0.4 * np.sin(t / 3.2)) for t in range(21)]
    controllers, told = Controllers(), []
    kept = tmp_path / "gestures.json"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patch:
        patch.bind(("127.0.0.1", 0))
        patch.settimeout(10)
        there = (("127.0.0.1", 0), patch.getsockname(), kept)
        door = WekinatorDoor(controllers, told.append, *there)
        try:
            with serving(home, static, controllers=controllers) as served, served.page() as page:
                piece = page.welcome.opened.piece
                next_ = Trigger(id="t", source=OscSource(address="/output_1"), action="next")
                page.ask(
                    Change(number=1, piece=msgspec.structs.replace(piece, triggers=(next_,)), label="Bind"),
                    Saved,
                )
                for point in ("start", *wave, "stop", *wave, *[wave[-1]] * 8):
                    if isinstance(point, str):
                        words = (1,) if point == "start" else ()
                        address = f"/wekinator/control/{point}DtwRecording"
                        door.take(Message(address, words, AT_ONCE))
                    else:
                        door.take(Message("/wek/inputs", point, AT_ONCE))
                acted = page.hear(Acted)
                assert (acted.action, acted.begins) == ("next", True)
                assert heard(patch) == [("/output_1", ())]
        finally:
            door.close()
        again = WekinatorDoor(Controllers(), told.append, *there)
        again.close()
        assert again.gestures.recorded == 1


def test_a_wekinator_project_brings_its_gestures(tmp_path):
    path = [[0.1 * i, 0.5] for i in range(6)]
    files = projects.files([projects.GESTURES]) | {
        "current/models/model1.xml": projects.recordings([[path, path], [[[0.5, 0.1 * i] for i in range(6)]]])
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    door = WekinatorDoor(Controllers(), lambda _: None, ("127.0.0.1", 0), ("127.0.0.1", 9), tmp_path)
    door.close()
    assert door.gestures.names == ("output_1", "output_2")
    assert door.gestures.recorded == 3
