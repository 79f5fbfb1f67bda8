"""A walk in a real browser: the place steers the sound."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from isobath.mapping import Mapping
from tests.browser.conftest import Server
from tests.browser.instrument import Instrument

pytestmark = pytest.mark.browser

SMALL = {"width": 640, "height": 400}
"""The processor draws the world here."""
WALK = "document.querySelector('isobath-walk')"


@pytest.fixture
def walk(context: Any, server: Server) -> Any:
    page = context.new_page()
    page.set_viewport_size(SMALL)
    played = Instrument(page, server.url)
    played.run(
        "i.link.openPiece('example-walk-2');"
        "await t.until(() => i.store.state.piece?.world?.landmarks.length === 27, 'it')"
    )
    played.start()
    page.evaluate("location.hash = '#walk'")
    page.locator("isobath-walk canvas").wait_for()
    yield played
    page.close()


def test_the_place_is_the_latent(walk: Instrument) -> None:
    page = walk.page
    page.locator("isobath-walk canvas").focus()
    start = page.evaluate(f"({{...{WALK}.walker.pose}})")
    page.keyboard.down("w")
    walk.run(f"await t.until(() => {WALK}.walker.pose.z < given - 1, 'a metre')", start["z"])
    page.keyboard.up("w")
    walk.run(f"await t.until(() => {WALK}.walker.speed === 0, 'a walker at rest')")
    page.wait_for_timeout(900)  # the smoothing comes to rest after the body
    pose = page.evaluate(f"({{...{WALK}.walker.pose}})")
    assert pose["z"] < start["z"] - 1.0
    gesture = page.evaluate("Array.from(window.isobath.performer.values)")
    size = walk.piece.world.size  # type: ignore[union-attr]
    expected = [0.5 + pose["x"] / size[0], 0.5 + pose["y"] / size[1], 0.5 - pose["z"] / size[2]]
    np.testing.assert_allclose(gesture, expected, atol=1e-9)
    latent = walk.run(
        """
        let heard = null;
        const keep = (event) => { heard = Array.from(event.detail.latent); };
        i.instrument.addEventListener("meters", keep, { once: true });
        await t.until(() => heard !== null, "meters");
        return heard;
        """
    )
    fitted = walk.piece.voices[0].fitted
    assert fitted is not None
    np.testing.assert_allclose(latent, Mapping.from_plain(fitted)(gesture), atol=2e-3)
    assert page.evaluate(f"{WALK}.frameMs") < 30
    assert walk.errors == []


TAKEN_AWAY = """
const { scene, walker } = document.querySelector("isobath-walk"), { brush } = scene, { gl } = brush;
const picture = () => {
  scene.draw(walker.pose);
  const pixels = new Uint8Array(4 * gl.drawingBufferWidth * gl.drawingBufferHeight);
  gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  return [brush.calls, new Set(pixels).size, pixels.reduce((sum, x) => (31 * sum + x) | 0, 0)];
};
const before = picture(), taken = gl.getExtension("WEBGL_lose_context");
taken.loseContext();
await t.until(() => gl.isContextLost(), "a context that is taken away");
scene.draw(walker.pose);
await t.wait(50);
taken.restoreContext();
await t.until(() => !gl.isContextLost() && brush.era === 1, "a context that is back");
return [before, picture()];
"""


def test_a_picture_that_is_taken_away_comes_back_as_it_was(walk: Instrument) -> None:
    """Browsers take the graphics away from pages when they run short of them."""
    before, after = walk.run(TAKEN_AWAY)
    assert before == after
    assert before[0] >= 3
    assert before[1] > 20, "shades of a world, and no empty canvas"
    assert walk.errors == []


def test_a_demonstration_is_dropped_where_one_stands_and_a_landmark_ahead(walk: Instrument) -> None:
    page = walk.page
    page.locator("isobath-walk canvas").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("l")
    walk.run("await t.until(() => i.store.state.piece.voices[0].demonstrations.length === 1, 'it')")
    piece = walk.piece
    assert piece.world is not None
    np.testing.assert_allclose(
        piece.voices[0].demonstrations[0].point, page.evaluate("Array.from(window.isobath.performer.values)")
    )
    assert piece.world.landmarks[-1].label == "landmark 28"
    page.keyboard.press("o")
    assert page.get_by_role("dialog", name="Places").get_by_role("button").count() > 20
    for _ in ("the list", "the landmark in hand", "the walk"):
        page.keyboard.press("Escape")
    page.locator("isobath-walk").wait_for(state="detached")


def test_the_three_experiences_open_and_sound_different(context: Any, server: Server) -> None:
    """After paper 004, section 3: the first two share their sound, the third has another."""
    page = context.new_page()
    page.set_viewport_size(SMALL)
    played = Instrument(page, server.url)
    spectra = []
    for number in (1, 2, 3):
        played.run(
            """
            const { instrument } = i, put = instrument.setVoice;
            t.put = 0;
            instrument.setVoice = (...all) => put.apply(instrument, all).then(() => { t.put++; });
            i.link.openPiece(`example-walk-${given}`);
            await t.until(() => i.store.state.piece?.name !== undefined && i.store.state.piece.world !== null
              && i.store.state.piece.world.landmarks.length === [0, 1, 27, 1][given], "the world");
            """,
            number,
        )
        if number == 1:
            played.start()
        page.evaluate("location.hash = '#walk'")
        page.locator("isobath-walk canvas").wait_for()
        if number == 3:
            played.run("await t.until(() => t.put > 0, 'the model of landscapes')")
        take = played.piece.takes[0]
        short = msgspec.structs.replace(take, length=take.length // 8)
        audio, start = played.capture_take(short)
        spectrum = np.abs(np.fft.rfft(audio[0][start : start + 44_100] * np.hanning(44_100)))
        spectra.append(spectrum / np.linalg.norm(spectrum))
        page.evaluate("location.hash = ''")
        page.locator("isobath-walk").wait_for(state="detached")
    assert spectra[0] @ spectra[1] > 0.9
    assert spectra[0] @ spectra[2] < 0.8
    assert played.errors == []
    page.close()
