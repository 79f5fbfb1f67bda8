"""Outside: a simulated phone walks through a simulated park, and the sound follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import STEADY, Server
from tests.browser.instrument import Instrument

pytestmark = pytest.mark.browser

WALK = "document.querySelector('isobath-walk')"
PARK = {"latitude": 48.8462, "longitude": 2.3372, "accuracy": 3}
METRE = 1 / 111_200  # degrees of latitude


@pytest.fixture
def phone(context: Any, server: Server) -> Iterator[Any]:
    """A page in a browser of its own, which may say where it is."""
    own = context.browser.new_context(
        storage_state=context.storage_state(),
        viewport={"width": 360, "height": 740},
        has_touch=True,
        geolocation=PARK,
        permissions=["geolocation", "accelerometer", "gyroscope", "magnetometer"],
    )
    own.add_init_script(STEADY)
    page = own.new_page()
    played = Instrument(page, server.url)
    played.run(
        "i.link.openPiece('example-walk-1');"
        "await t.until(() => i.store.state.piece?.name === 'Walking into latent sounds', 'it')"
    )
    played.start()
    page.evaluate("location.hash = '#walk'")
    page.locator("isobath-walk canvas.world").wait_for()
    yield played
    own.close()


def go(phone: Instrument, north: float, east: float = 0.0) -> None:
    """The phone is somewhere else, in metres from where it began."""
    place = {
        "latitude": PARK["latitude"] + north * METRE,
        "longitude": PARK["longitude"] + east * METRE / np.cos(np.radians(PARK["latitude"])),
        "accuracy": PARK["accuracy"],
    }
    phone.page.context.set_geolocation(place)
    phone.run(
        f"await t.until(() => Math.abs({WALK}.outside.seen.latitude - given) < 1e-9, 'a position')",
        place["latitude"],
    )


def test_a_park_becomes_the_world_and_the_compass_the_look(phone: Instrument) -> None:
    page = phone.page
    page.get_by_role("button", name="Outside").click()
    panel = page.get_by_role("region", name="Outside")
    panel.get_by_role("button", name="Walk where I walk").click()
    panel.get_by_text("Say where in the world you stand").wait_for()
    panel.get_by_role("button", name="I stand here").click()
    panel.get_by_text("Sure to").wait_for()
    start = phone.piece.world.start  # type: ignore[union-attr]
    for metres in (2, 4, 6, 8, 10):
        go(phone, metres)
        page.wait_for_timeout(120)
    phone.run(f"await t.until(() => {WALK}.walker.pose.z < given - 6, 'ten metres north')", start[2])
    # The place is the gesture, as it is for a walker by hand.
    pose, gesture, size = phone.run(
        f"return [{{...{WALK}.walker.pose}}, Array.from(i.performer.values), i.store.state.piece.world.size]"
    )
    np.testing.assert_allclose(gesture[0], 0.5 + pose["x"] / size[0], atol=0.01)
    np.testing.assert_allclose(gesture[-1], 0.5 - pose["z"] / size[2], atol=0.01)
    held = "{ alpha: 270, beta: 90, gamma: 0, absolute: true }"
    phone.run(
        f"""
        for (let k = 0; k < 20; k++) {{
          dispatchEvent(new DeviceOrientationEvent("deviceorientationabsolute", {held}));
          await t.wait(30);
        }}
        await t.until(() => Math.abs({WALK}.walker.pose.azimuth - 0.25) < 0.02, "a look to the east");
        """
    )
    panel.get_by_role("button", name="I look to its north").click()
    phone.run(f"await t.until(() => {WALK}.walker.pose.azimuth % 1 < 0.02, 'the north of the world')")
    assert page.evaluate(f"{WALK}.outside.trail.length") >= 4
    panel.get_by_role("button", name="Keep in the piece").click()
    phone.run("await t.until(() => i.store.state.piece.world.site !== null, 'the site in the piece')")
    site = phone.piece.world.site  # type: ignore[union-attr]
    assert site is not None
    assert abs(site.turn - 0.25) < 0.02
    assert abs(site.latitude - PARK["latitude"]) < 20 * METRE
    assert phone.errors == []


def test_a_forbidden_place_is_told_and_the_walk_goes_on_by_hand(phone: Instrument) -> None:
    page = phone.page
    page.context.clear_permissions()
    phone.run(
        """
        navigator.geolocation.watchPosition = (_, refused) =>
          (setTimeout(() => refused({ code: 1, PERMISSION_DENIED: 1 }), 10), 1);
        """
    )
    page.get_by_role("button", name="Outside").click()
    page.get_by_role("button", name="Walk where I walk").click()
    page.get_by_text("The browser was told not to say where you are").wait_for()
    page.get_by_role("button", name="Close").first.click()
    page.locator("isobath-walk canvas.world").focus()
    before = page.evaluate(f"{WALK}.walker.pose.z")
    page.keyboard.down("w")
    phone.run(f"await t.until(() => {WALK}.walker.pose.z < given - 0.5, 'half a metre')", before)
    page.keyboard.up("w")


def test_the_sound_comes_back_after_an_interruption(phone: Instrument) -> None:
    """A call, a lock, another app: the context is suspended, then the page is seen again."""
    phone.run(
        """
        await i.instrument.context.suspend();
        await t.until(() => i.instrument.state === "suspended", "silence");
        document.dispatchEvent(new Event("visibilitychange"));
        await t.until(() => i.instrument.state === "running", "the sound again");
        await i.instrument.context.suspend();
        await t.until(() => i.instrument.state === "suspended", "silence again");
        document.dispatchEvent(new Event("resume"));
        await t.until(() => i.instrument.state === "running", "the sound after a freeze");
        """
    )
    # And a touch is enough where the browser insists on one.
    phone.run("await i.instrument.context.suspend()")
    phone.page.touchscreen.tap(180, 60)
    phone.run("await t.until(() => i.instrument.state === 'running', 'sound at a touch')")


def test_the_place_itself_is_heard_at_one_tap(phone: Instrument) -> None:
    phone.run("navigator.mediaDevices.getUserMedia = async () => new MediaStream()")
    page = phone.page
    page.get_by_role("button", name="Outside").click()
    heard = page.get_by_role("switch", name="The place itself is heard")
    heard.click()
    phone.run("await t.until(() => i.store.state.piece.voices[0].source.kind === 'input', 'the microphone')")
    assert set(phone.piece.voices[0].source.manner) == {"bias"}
    heard.click()
    phone.run(
        "await t.until(() => i.store.state.piece.voices[0].source.kind === 'gesture', 'the walk alone')"
    )
