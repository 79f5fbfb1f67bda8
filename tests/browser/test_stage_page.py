"""The page as the control of a stage: its own sound is silent, and hands, takes and panic reach the device.

The stage plays on a clock here instead of a device (`null`), with the real processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import soundfile

from tests.browser.instrument import HELPERS, Instrument
from tests.browser.test_performing import TEACH

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser

SETTINGS = '{"device": "null", "block": 512, "ahead": 512, "spare": false}'
POINTS = [[0.1, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.9]]
LATENTS = [[-1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [2.0, 1.0, 0.0]]
START = "i.instrument.startStage({ device: 'null', rate: 0, block: 512, ahead: 512, spare: false });"


@contextmanager
def staged(instrument: Instrument, start: Callable[[], object]) -> Iterator[None]:
    """With a stage that plays; ended however that goes. Fails with what the stage says is the matter."""
    told = "i.instrument.stage.sentence"
    before = instrument.run(f"return {told}")
    start()
    try:
        instrument.run(
            f"await t.until(() => i.instrument.onStage || {told} !== given, 'the stage', 60000);"
            f"await t.until(() => i.instrument.onStage || {told}, 'the stage, or why not', 60000);",
            before,
        )
        assert instrument.run("return i.instrument.onStage"), instrument.run(f"return {told}")
        yield
    finally:
        instrument.run(
            "if (i.instrument.onStage) i.instrument.stopStage();"
            "await t.until(() => !i.instrument.onStage, 'the end of it', 15000);"
        )


def test_the_stage_is_started_played_and_ended_from_the_page(instrument: Instrument) -> None:
    page = instrument.page
    page.evaluate("(settings) => localStorage.setItem('isobath.stage', settings)", SETTINGS)
    page.reload()  # the panel may be there already, with the settings before
    page.evaluate(HELPERS)
    instrument.run("await t.until(() => i?.store.state.connection.state === 'online', 'the server', 15000);")
    instrument.new_piece("organ")
    instrument.start()
    instrument.run(TEACH, {"name": "far", "points": POINTS, "latents": LATENTS})
    instrument.open_panel("play")
    with staged(instrument, lambda: page.locator("[data-do=start-stage]").click()):
        page.locator("[data-do=stop-stage]").wait_for()
        assert page.locator("[data-stage]").get_attribute("data-stage") == "playing"
        assert "512" in page.locator(".stage-figures").inner_text()

        # The page's own sound has ended, and yet it is played.
        silent = instrument.run(
            "return [i.instrument.onStage, i.instrument.context === null, i.instrument.state]"
        )
        assert silent == [True, True, "running"]

        # Hands reach it: what the decoder on the stage is given follows the map.
        instrument.run(
            "i.instrument.addEventListener('meters', (e) => { window.heard = e.detail; });"
            "i.performer.setAll([0.9, 0.1]);"
            "await t.until(() => window.heard?.latent[0] > 1.5, 'the stage at the right');"
            "i.performer.setAll([0.1, 0.9]);"
            "await t.until(() => window.heard.latent[0] < -0.5, 'the stage at the left');"
            "await t.until(() => window.heard.peak[0] > 0.001, 'sound on the stage');"
        )

        # A take is recorded there and lands in the piece; it plays there, too.
        take = page.locator("[data-do=record-take]")
        take.click()
        instrument.run("await t.wait(300); i.performer.setAll([0.9, 0.9]); await t.wait(500);")
        take.click()
        instrument.run(
            "await t.until(() => i.store.state.piece.takes.length === 1, 'the take');"
            "i.performer.setAll([0.1, 0.1]);"
            "await t.until(() => window.heard.latent[0] < -0.5, 'the hand');"
        )
        (kept,) = instrument.piece.takes
        assert kept.length * kept.hop / kept.sample_rate > 0.5
        page.get_by_role("button", name="Play take 1").click()
        instrument.run("await t.until(() => window.heard.latent[0] > 1.5, 'the take on the stage');")

        # Over it, another: the axis that a hand is on is the hand's, the other the take's.
        instrument.run(
            "i.performer.setAll([0.1, 0.1]);"
            "i.store.edit('loop', (p) => ({ ...p, takes: p.takes.map((t) => ({ ...t, loop: true })) }));"
            "i.instrument.playTake(i.store.state.piece.takes[0], true);"
            "await t.until(() => i.store.state.takes.playing !== null, 'the take');"
        )
        take.click()
        instrument.run(
            "await t.until(() => i.instrument.stage.recording, 'the overdub');"
            "const up = i.store.state.piece.axes[1].id; i.performer.touch(up); i.performer.set(up, 0.3);"
            "await t.until(() => Math.abs(window.heard.gesture[1] - 0.3) < 1e-6, 'the hand');"
            "await t.until(() => Math.abs(window.heard.gesture[0] - 0.9) < 1e-6, 'the take');"
            "i.performer.release(up);"
        )
        take.click()
        instrument.run("await t.until(() => i.store.state.piece.takes.length === 2, 'the overdub, kept');")
        below, above = instrument.piece.takes
        assert (above.over, above.axes) == (below.id, (instrument.piece.axes[1].id,))

        # On the bar: a recording of one bar begins and ends by itself, and goes on as its loop.
        instrument.run(
            "i.store.edit('bar', (p) => ({ ...p,"
            " tempo: { ...p.tempo, bpm: 240, beats: 2, synchronised: true, bars: 1 } }));"
        )
        take.click()
        instrument.run(
            "await t.until(() => i.store.state.piece.takes.length === 3, 'one bar');"
            "const bar = i.store.state.piece.takes[2];"
            "await t.until(() => i.instrument.stage.take === bar.id, 'its loop');"
            "i.instrument.stopPlaying();"
            "i.store.edit('free', (p) => ({ ...p, tempo: { ...p.tempo, synchronised: false } }));"
            "const beat = window.heard.beat;"
            "await t.until(() => window.heard.beat > beat + 1, 'the beat');"
        )
        bar = instrument.piece.takes[2]
        assert (bar.seconds, bar.loop) == (0.5, True)

        # What is seen: a spectrum, and the sound in hand, which the stage plays.
        instrument.run(
            "const bins = new Float32Array(1024); i.performer.setAll([0.9, 0.1]);"
            "const loudest = () => { i.instrument.spectrum(bins); return Math.max(...bins); };"
            "await t.until(() => loudest() > -80 && loudest() <= 0, 'its spectrum');"
        )
        page.locator("[data-panel=explore]").click()
        page.locator("[data-do=throw]").click()
        instrument.run(
            "const wanted = [...i.store.state.explore.values()][0].latent;"
            "await t.until(() => wanted.every((x, d) => Math.abs(window.heard.performer[d] - x) < 1e-3),"
            " 'the sound in hand');"
        )
        page.keyboard.press("p")
        page.locator("[data-panel=play]").click()
        instrument.run(
            "i.performer.setAll([0.9, 0.1]);"
            "await t.until(() => window.heard.latent[0] > 1.5, 'the map again');"
        )

        # Held there, and faded out.
        page.keyboard.press("h")
        instrument.run(
            "i.instrument.stopPlaying();"
            "await t.until(() => i.instrument.stage.frozen, 'held'); await t.wait(300);"
            "const before = window.heard.latent[0];"
            "i.performer.setAll([0.1, 0.1]); await t.wait(400);"
            "if (Math.abs(window.heard.latent[0] - before) > 1e-3) throw new Error('it moved');"
        )
        page.keyboard.press("h")
        instrument.run("await t.until(() => window.heard.latent[0] < -0.5, 'the hand again');")
        instrument.run(
            "i.performer.setAll([0.9, 0.1]);"
            "await t.until(() => window.heard.latent[0] > 1.5 && window.heard.peak[0] > 0.001, 'right');"
        )
        instrument.run("i.instrument.fade(0, 0.1); await t.until(() => window.heard.rms[0] < 1e-5, 'faded');")
        instrument.run("await t.until(() => i.store.state.stage.faded, 'every page shows it');")
        instrument.run("i.instrument.fade(1, 0.1); await t.until(() => window.heard.peak[0] > 0.001, 'in');")

        # The page's own button records it, and the file lands where its recordings land.
        page.keyboard.press("Shift+R")
        instrument.run("await t.until(() => i.instrument.stage.sound, 'the recording'); await t.wait(400);")
        with page.expect_download() as landed:
            page.keyboard.press("Shift+R")
        kept, rate = soundfile.read(landed.value.path())
        assert (landed.value.suggested_filename[-4:], rate) == (".wav", 44100)
        assert len(kept) > 0.2 * rate
        assert abs(kept).max() > 1e-3
        instrument.run("await t.until(() => !i.instrument.recordingSound, 'the end of it');")

        # Panic is silence there.
        page.keyboard.press(".")
        instrument.run("await t.until(() => window.heard.rms[0] < 1e-5, 'silence');")
        page.keyboard.press(".")
        instrument.run("await t.until(() => window.heard.peak[0] > 0.001, 'sound again');")
        page.locator("[data-do=stop-stage]").click()
        page.locator("[data-do=start-stage]").wait_for(timeout=15_000)
    instrument.run("await t.until(() => i.instrument.context?.state === 'running', 'its own sound');")
    assert instrument.errors == []


def test_a_page_opened_later_is_the_control_too(instrument: Instrument) -> None:
    page = instrument.page
    with staged(instrument, lambda: instrument.run(START)):
        page.reload()
        page.evaluate(HELPERS)
        instrument.run("await t.until(() => i?.instrument.onStage, 'the stage, known', 15000);")
        assert page.locator("isobath-start button").count() == 0


def test_the_stage_is_listened_to_in_the_browser(instrument: Instrument) -> None:
    page = instrument.page
    instrument.new_piece("organ")
    instrument.run(TEACH, {"name": "far", "points": POINTS, "latents": LATENTS})
    instrument.open_panel("play")
    ear = page.locator("[data-ear]")
    with staged(instrument, lambda: instrument.run(START)):
        ear.get_by_role("switch").wait_for()
        assert ear.get_attribute("data-ear") == "off", "only for who wants it"
        ear.get_by_role("switch").check()
        ear.get_by_text("ms after the device").wait_for(timeout=30_000)
        instrument.run(
            "i.performer.setAll([0.9, 0.1]);"
            "await t.until(() => i.instrument.ear.peak > 0.001, 'the stage in this browser', 15000);"
        )
        ear.get_by_role("switch").uncheck()
        ear.get_by_text("Off: the sound").wait_for()
        ear.get_by_role("switch").check()
        ear.get_by_text("ms after the device").wait_for(timeout=30_000)
    assert instrument.run("return i.instrument.ear.state") == "off"
    assert instrument.errors == []
