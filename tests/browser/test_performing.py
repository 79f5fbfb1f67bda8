"""Scenes, the stage's keys and learning while one plays: in the page, by keyboard, heard as it is heard."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.browser.instrument import Instrument

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser

TEACH = """
    const { name, points, latents } = given;
    const demonstrations = points.map((point, k) => (
      { id: name + k, point, latent: latents[k], label: "", colour: "#7fb2ff", weight: 1, muted: false }));
    i.store.edit("teach", (p) => ({ ...p, voices: p.voices.map((v) => ({ ...v, demonstrations })) }));
    const fitted = () => i.store.state.piece.voices[0].fitted?.errors.length === points.length
      && [...i.store.state.fits.values()].every((f) => f.state === "fitted");
    await t.until(fitted, "the map");
    i.store.set({ listen: "play" });
"""
PRESS = """
    const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
"""
POINTS = [[0.2, 0.2], [0.8, 0.3], [0.5, 0.8], [0.3, 0.6]]
LOW = [[1.0, -1.0, 0.0], [1.2, 0.5, 0.5], [0.8, -0.5, -0.5], [1.0, 0.0, 0.0]]
HIGH = [[1.5, 1.5, 0.0], [0.5, 1.0, -1.0], [1.0, 2.0, 1.0], [1.2, 1.2, 0.3]]


def shoot(instrument: Instrument, name: str) -> None:
    """Pictures for whoever wants to look at them, in the folder ISOBATH_SHOTS."""
    if folder := os.environ.get("ISOBATH_SHOTS"):
        page = instrument.page
        page.keyboard.press("Escape")
        page.evaluate("document.documentElement.dataset.theme = 'dark'; document.activeElement?.blur()")
        page.keyboard.press("Shift+S")
        page.locator("isobath-stage-bar").wait_for()
        for width, height in ((1280, 800), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(400)
            page.screenshot(path=f"{folder}/{name}-{width}.png")
        page.keyboard.press("Shift+S")


def steepest(sound: np.ndarray) -> float:
    return float(np.abs(np.diff(sound, axis=1)).max())


def ready(instrument: Instrument) -> Instrument:
    instrument.new_piece("organ")
    instrument.start()
    instrument.run(TEACH, {"name": "low", "points": POINTS, "latents": LOW})
    instrument.run("i.performer.setAll([0.2, 0.2]); await t.wait(300);")
    return instrument


def test_scenes_by_keyboard_glide_and_undo(instrument: Instrument) -> None:
    ready(instrument)
    page = instrument.page
    page.keyboard.press("Shift+K")
    instrument.run(TEACH, {"name": "high", "points": POINTS, "latents": HIGH})
    page.keyboard.press("Shift+K")
    scenes = instrument.piece.scenes
    assert [each.name for each in scenes] == ["Scene 1", "Scene 2"]
    instrument.run(
        "const quick = (s) => ({ ...s, morph_seconds: 0.8 });"
        "i.store.edit('time', (p) => ({ ...p, scenes: p.scenes.map(quick) }));"
    )
    here = instrument.capture("await t.wait(300);")
    way = instrument.capture(PRESS + "press('PageUp'); await t.wait(1300);")
    there = instrument.capture("await t.wait(300);")
    assert instrument.piece.scene == scenes[0].id
    assert instrument.piece.voices[0].demonstrations == scenes[0].voices[0].demonstrations
    assert steepest(way) <= 1.05 * max(steepest(here), steepest(there))
    assert np.abs(steepest(here) - steepest(there)) > 0.1 * steepest(there), "the scenes differ"
    # A map that is taken as it is, is not learned again.
    assert instrument.run("return [...i.store.state.fits.values()].every((f) => f.state === 'fitted')")
    page.keyboard.press("Control+z")
    assert instrument.piece.scene == scenes[1].id
    page.keyboard.press("Shift+Digit1")
    assert instrument.piece.scene == scenes[0].id
    page.click("nav.rail [data-panel=play]")
    item = page.locator(f"li[data-scene='{scenes[1].id}']")
    item.locator("input[type=text]").fill("Into the deep")
    item.locator("input[type=text]").press("Enter")
    item.locator("input[type=text]").press("Alt+ArrowUp")
    assert [each.name for each in instrument.piece.scenes] == ["Into the deep", "Scene 1"]
    page.click("[data-do=set-list-add]")
    assert page.locator("li[data-piece]").count() == 1
    shoot(instrument, "play")
    assert instrument.errors == []


def test_learning_while_one_plays_neither_clicks_nor_moves_what_did_not_change(
    instrument: Instrument,
) -> None:
    ready(instrument)
    quiet = instrument.capture("await t.wait(700);")
    before = instrument.run("return [...i.instrument.meters.latent]")
    loud = instrument.capture(
        TEACH + "await t.wait(500);",
        {"name": "more", "points": [*POINTS, [0.9, 0.9]], "latents": [*LOW, [2.0, 2.0, 2.0]]},
    )
    after = instrument.run("return [...i.instrument.meters.latent]")
    assert np.allclose(before, after, atol=1e-3)
    assert steepest(loud) <= 1.02 * steepest(quiet)


def test_frozen_faded_and_locked(instrument: Instrument) -> None:
    ready(instrument)
    page = instrument.page
    instrument.run("document.activeElement?.blur?.();")
    latent = "return [...i.instrument.meters.latent]"
    held = instrument.run(latent)
    page.keyboard.press("h")
    instrument.run("await t.wait(60); i.performer.setAll([0.8, 0.3]); await t.wait(250);")
    assert np.allclose(instrument.run(latent), held, atol=1e-6)
    frozen = instrument.capture("await t.wait(200);")
    let_go = instrument.capture(PRESS + "press('h'); await t.wait(600);")
    free = instrument.capture("await t.wait(300);")
    louder = max(steepest(free), steepest(frozen))
    assert not np.allclose(instrument.run(latent), held, atol=0.1)
    assert steepest(let_go) <= 1.05 * louder
    page.keyboard.press("l")
    assert instrument.run("return i.store.state.stage.locked")
    count = instrument.run("return i.store.state.piece.shelf.length")
    page.keyboard.press("k")
    page.keyboard.press("Control+z")
    assert instrument.run("return i.store.state.piece.shelf.length") == count
    assert len(instrument.piece.voices[0].demonstrations) == len(POINTS)
    assert page.locator("nav.rail[inert]").count() == 1
    page.keyboard.press("l")
    assert instrument.run("return i.store.state.stage.locked")
    page.keyboard.down("l")
    instrument.run("await t.until(() => !i.store.state.stage.locked, 'the lock to open');")
    page.keyboard.up("l")
    page.keyboard.press("Shift+S")
    page.locator("isobath-stage-bar").wait_for()
    instrument.run("i.instrument.fade(0, 0.2); await t.wait(500);")
    silent = instrument.capture("await t.wait(200);")
    assert np.abs(silent).max() < 1e-3
    instrument.run("i.instrument.fade(1, 0.2); await t.wait(1500);")
    assert np.abs(instrument.capture("await t.wait(200);")).max() > 0.01
    assert instrument.errors == []


def test_a_loop_of_a_bar_goes_on_in_time(instrument: Instrument) -> None:
    ready(instrument)
    instrument.run(
        PRESS
        + """
        const tempo = { bpm: 240, beats: 4, synchronised: true, bars: 1 };
        i.store.edit("tempo", (p) => ({ ...p, tempo }));
        await t.wait(50);
        press("r");
        await t.until(() => i.store.state.piece.takes.length === 1, "the bar", 6000);
        await t.until(() => i.instrument.playingTake !== null, "the loop");
        """
    )
    take = instrument.piece.takes[0]
    assert take.loop
    assert take.seconds == pytest.approx(1.0, abs=1e-6)
    assert take.length * take.hop / take.sample_rate == pytest.approx(1.0, abs=0.02)
    assert instrument.errors == []
