"""Another program's message, the page's axis, and a demonstration at the push of a button."""

from __future__ import annotations

import socket

import pytest

from tests.browser.conftest import Server
from tests.browser.instrument import Instrument
from tests.inputs.packets import message

pytestmark = pytest.mark.browser


def test_a_program_moves_the_page_and_a_button_demonstrates(instrument: Instrument, server: Server) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.connect(("127.0.0.1", server.osc))
        program.send(message("/isobath/axes", "ff", 0.25, 0.75))
        instrument.run(
            "await t.until(() => i.performer.values.join() === '0.25,0.75', 'the gesture', 10000);"
        )
        instrument.run(
            "i.performer.touch(i.store.state.piece.axes[0].id); i.performer.set2"
            "(i.store.state.piece.axes[0].id, 0.1, '', 0);"
        )
        program.send(message("/isobath/axes", "ff", 0.5, 0.5))
        instrument.run("await t.until(() => i.performer.values[1] === 0.5, 'the other axis', 10000);")
        assert instrument.run("return i.performer.values[0];") == 0.1
        instrument.run("i.performer.release(i.store.state.piece.axes[0].id);")
        program.send(message("/isobath/hold", "i", 1))
        program.send(message("/isobath/axis/1", "f", 0.875))
        instrument.run("await t.until(() => i.performer.values[0] === 0.875, 'a glide', 10000);")
        instrument.run("await t.wait(700);")
        program.send(message("/isobath/hold", "i", 0))
        point = instrument.run(
            """
            const shown = () => i.store.state.piece.voices[0].demonstrations;
            await t.until(() => shown().length === 1, "a demonstration", 10000);
            return shown()[0].point;
            """
        )
    assert point[0] == pytest.approx(0.875, abs=0.05)
    assert point[1] == 0.5
    assert instrument.errors == []


def test_a_gamepad_that_the_page_reads_moves_an_axis_and_rests_when_it_is_pulled_out(
    instrument: Instrument,
) -> None:
    found = instrument.run(
        """
        let pads = [{ index: 0, id: "Stub", axes: [0, 0], buttons: [{ value: 0 }] }];
        navigator.getGamepads = () => pads;
        const axis = i.store.state.piece.axes[1].id;
        const source = { kind: "gamepad", part: "axis", index: 1, device: "stub" };
        const conditioning = {
          lo: 0, hi: 1, invert: true, deadzone: 0.1, deadzone_at: 0.5, curve: 0, cutoff_hz: 0, beta: 4,
          slew_seconds: 0, hold_seconds: 0, silence_seconds: 0,
        };
        i.store.edit("bind", (piece) => ({
          ...piece, inputs: [{ id: "s", axis, source, conditioning, muted: false }],
        }));
        await t.wait(100);
        pads = [{ ...pads[0], axes: [0, 1] }];
        await t.until(() => i.performer.at(axis) === 0, "the stick", 10000);
        pads = [{ ...pads[0], axes: [0, 0.05] }];
        await t.until(() => i.performer.at(axis) === 0.5, "the deadzone", 10000);
        pads = [{ ...pads[0], axes: [0, -1] }];
        await t.until(() => i.performer.at(axis) === 1, "the other end", 10000);
        pads = [null];
        await t.until(() => i.performer.at(axis) === 0.5, "rest", 10000);
        return i.performer.at(i.store.state.piece.axes[0].id);
        """
    )
    assert found == 0.5
    assert instrument.errors == []
