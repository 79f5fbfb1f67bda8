"""The Controllers panel: real bytes from a stubbed MIDI port and gamepad become axes, ranges and buttons."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.browser.conftest import Server
from tests.browser.test_page import PREFERENCES, Page
from tests.inputs.packets import message

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")

pytestmark = pytest.mark.browser

STUBS = """
(() => {
  const ports = new Map();
  const access = { inputs: ports, onstatechange: null };
  const told = () => access.onstatechange?.({});
  window.stub = {
    pads: [],
    plug(id, name) {
      ports.set(id, { id, name, state: "connected", onmidimessage: null });
      told();
    },
    pull(id) {
      ports.get(id).state = "disconnected";
      told();
    },
    send(id, ...bytes) {
      ports.get(id).onmidimessage?.({ data: new Uint8Array(bytes) });
    },
    turn(id, controller, ...values) {
      for (const value of values) this.send(id, 0xb0, controller, value);
    },
  };
  navigator.requestMIDIAccess = async () => access;
  navigator.getGamepads = () => window.stub.pads;
})();
"""

RANGE = "isobath.store.state.piece.inputs[0].conditioning"


@pytest.fixture
def opened(context: Any, server: Server) -> Iterator[Page]:
    """The panel, with nothing connected."""
    preferences = '{"guided": true, "left": null, "right": "controllers"}'
    page = Page(context, server, preferences, STUBS)
    page.page.locator("isobath-controllers h2").wait_for()
    yield page
    assert page.errors == []
    page.page.close()


def wait(opened: Page, milliseconds: int) -> None:
    opened.page.wait_for_timeout(milliseconds)


def test_a_knob_is_learned_calibrated_greyed_and_remembered(opened: Page) -> None:
    page = opened.page
    opened.value("stub.plug('k', 'Little Keys')")
    page.get_by_role("button", name="Learn a controller for", exact=False).first.click()
    page.locator(".waiting-for").wait_for()
    opened.until("isobath.hub.there.get('midi')?.has('Little Keys')")
    wait(opened, 450)
    opened.value("stub.turn('k', 21, 10, 30, 50, 70, 90)")
    opened.until("isobath.store.state.piece.inputs.length === 1")
    axis = "isobath.store.state.piece.axes[0].id"
    opened.value("stub.turn('k', 21, 127)")
    opened.until(f"isobath.performer.at({axis}) === 1")
    page.locator(".input.heard").wait_for()

    page.locator(".input-name").click()
    page.locator("[data-do=calibrate]").click()
    opened.value("for (let k = 0; k < 3; k++) stub.turn('k', 21, 20, 20, 20, 60, 100, 100, 100, 60)")
    page.locator("[data-do=calibrated]").click()
    low, high = opened.value(f"[{RANGE}.lo, {RANGE}.hi]")
    assert 20 / 127 < low < 0.2
    assert 0.75 < high < 100 / 127
    opened.value("stub.turn('k', 21, 100)")
    opened.until(f"isobath.performer.at({axis}) === 1")

    opened.value("stub.pull('k')")
    page.locator(".input.gone").wait_for()
    assert "remembered" in page.locator(".input.gone").inner_text()
    opened.until(f"isobath.performer.at({axis}) === 0.5")  # held, then home
    opened.value("stub.plug('k2', 'Little Keys')")
    page.locator(".input:not(.gone)").wait_for()
    opened.value("stub.turn('k2', 21, 20, 60, 100)")
    opened.until(f"isobath.performer.at({axis}) === 1")

    page.keyboard.press("Escape")
    opened.value("isobath.store.undo()")
    assert opened.value(f"[{RANGE}.lo, {RANGE}.hi]") == [0, 1]
    opened.value("isobath.store.undo()")
    assert opened.value("isobath.store.state.piece.inputs.length") == 0


def test_axes_are_learned_in_a_row_and_a_pedal_demonstrates(opened: Page) -> None:
    page = opened.page
    opened.value("stub.plug('k', 'Little Keys')")
    for _ in range(4):
        page.locator("[data-do=add-axis]").click()
    page.locator("[data-do=learn-all]").click()
    opened.until("isobath.hub.there.get('midi')?.has('Little Keys')")
    for count in range(6):
        wait(opened, 450)
        opened.value(f"stub.turn('k', {70 + count}, 0, 30, 60, 90, 120)")
        opened.until(f"isobath.store.state.piece.inputs.length === {count + 1}")
    controllers = opened.value("isobath.store.state.piece.inputs.map((each) => each.source.number)")
    assert controllers == [70, 71, 72, 73, 74, 75]
    assert opened.value("new Set(isobath.store.state.piece.inputs.map((each) => each.axis)).size") == 6

    page.locator("[data-do=learn-button]").click()
    wait(opened, 450)
    opened.value("stub.send('k', 0x91, 60, 100, 0x81, 60, 0)")
    opened.until("isobath.store.state.piece.triggers.length === 1")
    assert opened.value("isobath.store.state.piece.triggers[0].source.message") == "note"
    opened.value("stub.send('k', 0x91, 60, 100, 0x81, 60, 0)")
    opened.until("isobath.store.state.piece.voices[0].demonstrations.length === 1")

    # A movement of an axis, whatever moves it, is a button as well.
    shake = """
        const [axis] = isobath.store.state.piece.axes;
        for (let look = 0; look < 14; look++) {
          isobath.performer.set(axis.id, 0.5 + 0.4 * Math.sin((1 + look) / 3));
          await new Promise((over) => setTimeout(over, 33));
        }
    """
    page.locator("[data-do=record-movement]").click()
    page.get_by_text("hold still", exact=False).first.wait_for()
    opened.value(f"(async () => {{ {shake} }})()")
    page.get_by_text("1 recording", exact=True).wait_for()
    assert opened.value("isobath.store.state.piece.triggers[1].source.axes.length") == 1
    opened.until("isobath.store.state.connection.unsent === 0")
    for _ in range(8):  # on a busy machine it may be another movement
        opened.value(f"(async () => {{ {shake} }})()")
        wait(opened, 700)
        if opened.value("isobath.store.state.piece.voices[0].demonstrations.length > 1"):
            break
    opened.until("isobath.store.state.piece.voices[0].demonstrations.length > 1")


def test_two_sources_on_one_axis_are_both_shown_and_the_one_heard_is_marked(opened: Page) -> None:
    page = opened.page
    opened.value("stub.pads = [{ index: 0, id: 'Stub Pad', axes: [0, 0], buttons: [] }]")
    page.get_by_text("Stub Pad").wait_for()
    page.locator("[data-do=learn]").first.click()
    wait(opened, 450)
    for x in (0.2, 0.5, 0.8, 1):
        opened.value(f"stub.pads = [{{ ...stub.pads[0], axes: [{x}, 0] }}]")
        wait(opened, 30)
    opened.until("isobath.store.state.piece.inputs.length === 1")
    page.locator("select[aria-label^='Connect']").first.select_option("clock")
    opened.until("isobath.store.state.piece.inputs.length === 2")
    page.locator(".input.heard").first.wait_for()
    assert page.locator(".input").count() == 2
    assert page.locator(".input.heard").count() == 1
    page.locator("select[id]").first.wait_for()
    page.get_by_role("button", name="Pin").first.click()
    assert page.locator(".lane.frozen").count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_panel_is_readable_for_everyone_also_on_a_phone(opened: Page, theme: str) -> None:
    page = opened.page
    opened.value("stub.plug('k', 'Little Keys')")
    page.locator("select[aria-label^='Connect']").first.select_option("osc")
    page.locator("[data-do=learn-button]").click()
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    for width, height in ((1280, 800), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        if not page.locator("isobath-controllers").is_visible():
            page.click("nav.rail [data-panel=controllers]")
            page.locator(".input-name").click()
        page.locator(".input-settings").wait_for()
        wait(opened, 200)
        found = [
            f"{width}: {each['id']}: {each['help']} {[node['target'] for node in each['nodes']][:3]}"
            for each in axe.Axe().run(page).response["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert found == []
        assert opened.value(
            "[...document.querySelectorAll('html, body, .panel')]"
            ".every((e) => e.scrollWidth <= e.clientWidth + 1)"
        )


def test_a_gesture_is_held_and_a_take_is_mimed_to_become_demonstrations(context: Any, server: Server) -> None:
    opened = Page(context, server, first=STUBS)
    page = opened.page
    opened.start()
    for place in ((0.1, 0.2), (0.9, 0.3), (0.5, 0.9)):
        opened.place(*place)
    opened.until_learned()
    page.click("nav.rail [data-panel=demonstrate]")
    hold = page.locator("[data-do=hold]")
    hold.focus()
    page.keyboard.down("Space")
    assert hold.get_attribute("aria-pressed") == "true"
    wait(opened, 500)
    page.keyboard.up("Space")
    opened.until("isobath.store.state.piece.voices[0].demonstrations.length === 4")
    assert "still" in page.locator(".stillness-words").inner_text()

    axes = "isobath.store.state.piece.axes"
    page.keyboard.press("r")
    for k in range(25):
        opened.value(f"isobath.performer.set2({axes}[0].id, {k / 24}, {axes}[1].id, 0.5)")
        wait(opened, 60)
    page.keyboard.press("r")
    opened.until("isobath.store.state.piece.takes.length === 1")

    opened.value(f"isobath.performer.set2({axes}[0].id, 0.5, {axes}[1].id, 0)")
    page.locator("[data-do=mime]").click()
    opened.until("isobath.performer.miming")
    for k in range(25):
        opened.value(f"isobath.performer.set({axes}[1].id, {k / 24})")
        wait(opened, 60)
    wait(opened, 400)  # a busy page is behind
    page.locator(".mime-result").wait_for()
    assert "placed" in page.locator(".mime-result").inner_text()
    assert opened.value("isobath.performer.miming") is False
    points = opened.value("isobath.store.state.piece.voices[0].demonstrations.slice(4).map((d) => d.point)")
    assert len(points) > 3
    assert {round(point[0], 3) for point in points} == {0.5}
    assert points[0][1] < 0.3 < 0.7 < points[-1][1]
    opened.value("isobath.store.undo()")
    assert opened.value("isobath.store.state.piece.voices[0].demonstrations.length") == 4

    # A recording does as well, where the model can hear it: it plays, and it is mimed.
    opened.value("isobath.link.newPiece('mimed', 'drums')")
    opened.until("isobath.store.state.piece.name === 'mimed'")
    noise = (np.random.default_rng(1).uniform(-0.3, 0.3, 44100) * np.linspace(1, 0, 44100)).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, noise, 44100, format="WAV")
    page.locator(".mime-file input").set_input_files(
        {"name": "fall.wav", "mimeType": "audio/wav", "buffer": file.getvalue()}
    )
    page.locator("[data-do=mime-sound]").click(timeout=30_000)
    opened.until("isobath.performer.miming")
    for k in range(12):
        opened.value(f"isobath.performer.set({axes}[1].id, {1 - k / 11})")
        wait(opened, 60)
    opened.until("isobath.store.state.piece.voices[0].demonstrations.length > 2")
    latents = opened.value("isobath.store.state.piece.voices[0].demonstrations.map((d) => d.latent)")
    assert np.ptp(np.array(latents), axis=0).max() > 0.3, "the sound changes, and so do its places"
    assert opened.errors == []
    page.close()


def test_a_program_is_learned_and_calibrated_through_the_server(opened: Page, server: Server) -> None:
    page = opened.page
    page.locator("[data-do=learn]").first.click()
    opened.until("isobath.hub.learning")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.connect(("127.0.0.1", server.osc))

        def say(*values: float) -> None:
            for value in values:
                program.send(message("/panel/hand", "f", value))
                wait(opened, 20)

        say(300.0, 300.0)
        wait(opened, 500)
        for _ in range(20):
            say(100.0, 200.0, 400.0, 700.0, 900.0)
            if opened.value("isobath.store.state.piece.inputs.length === 1"):
                break
        # Its range cannot be known, so it is calibrated at once.
        page.locator(".input-name").click()
        done = page.locator("[data-do=calibrated]")
        seen = page.locator(".waiting-for b")
        for _ in range(40):  # a busy page is behind
            say(100.0, 100.0, 100.0, 500.0, 900.0, 900.0, 900.0, 500.0)
            if done.is_enabled() and float(seen.inner_text().split(" – ")[1]) > 850:
                break
        done.click()
        low, high = opened.value(f"[{RANGE}.lo, {RANGE}.hi]")
        assert 100 <= low < 150
        assert 850 < high <= 900
        say(900.0)
        opened.until("isobath.performer.at(isobath.store.state.piece.axes[0].id) === 1")
        page.locator(".input.heard").wait_for()
        assert "/panel/hand" in page.locator(".input.heard").inner_text()


def test_pen_phone_and_keyboard_are_controllers_too(opened: Page) -> None:
    page = opened.page
    page.context.grant_permissions(["accelerometer", "gyroscope", "magnetometer"])
    at = "isobath.performer.at(isobath.store.state.piece.axes[{}].id)".format
    page.locator("select[aria-label^='Connect']").nth(0).select_option("orientation")
    page.locator("select[aria-label^='Connect']").nth(1).select_option("pen")
    opened.until("isobath.store.state.piece.inputs.length === 2")
    opened.value(
        "for (const beta of [0, 170])"
        " dispatchEvent(new DeviceOrientationEvent('deviceorientation', { alpha: 0, beta, gamma: 0 }))"
    )
    opened.until(f"{at(0)} > 0.9")
    page.context.clear_permissions()
    pen = "{ bubbles: true, pointerType: 'pen', pressure: PRESSURE, buttons: 1, pointerId: 9 }"
    for pressure in (0.2, 0.875):
        given = pen.replace("PRESSURE", str(pressure))
        opened.value(
            "document.querySelector('isobath-surface').dispatchEvent("
            f"new PointerEvent('onpointerrawupdate' in window ? 'pointerrawupdate' : 'pointermove', {given}))"
        )
    opened.until(f"{at(1)} === 0.875")

    page.locator("[data-do=learn-button]").click()
    opened.until("isobath.hub.learning")
    wait(opened, 450)
    page.keyboard.press("d")
    opened.until("isobath.store.state.piece.triggers.length === 1")
    assert page.locator(".trigger").inner_text().startswith("Key D")
    page.keyboard.press("d")
    opened.until("isobath.store.state.piece.voices[0].demonstrations.length === 1")
    # It has another meaning on this page, which it lost.
    assert opened.value(f"JSON.parse(localStorage['{PREFERENCES}']).dangers !== false")
