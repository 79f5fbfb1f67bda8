"""*Make* as a person goes through it: sounds dropped, a training begun, watched, listened to, and played.

The trainer only pretends (tests/server/fake_maker.py), so that all of it takes seconds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Server
from tests.browser.looks import serious, until
from tests.server.fake_maker import flac, tone

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser

THEMES = ("dark", "light")


@pytest.fixture(scope="module")
def making(context: Any) -> Iterator[Any]:
    """A page of a library of its own, whose trainings take two seconds."""
    environment = pytest.MonkeyPatch()
    environment.setenv("FAKE_STEPS", "100")
    environment.setenv("FAKE_SECONDS", "0.02")
    environment.setenv("FAKE_FIRST_SECONDS", "0.4")
    with tempfile.TemporaryDirectory(prefix="isobath-make-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder), "tests.browser.making_play")
        link = server.start()
        page = context.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.add_init_script("localStorage.setItem('isobath.preferences', '{\"guided\": true}')")
        page.goto(link)
        page.wait_for_selector("isobath-page", state="attached")
        until(page, "window.isobath?.store.state.piece !== null")
        yield page
        page.context.close()
        server.stop()
    environment.undo()


def test_from_recordings_to_a_voice_of_a_new_piece(making: Any) -> None:
    page = making
    before = page.evaluate("isobath.store.state.piece.id")

    # There and back by keyboard; the instrument stays what it was.
    page.keyboard.press("6")
    page.get_by_role("heading", name="New set of recordings").wait_for()
    page.keyboard.press("t")  # a shortcut of the instrument, which must not be heard here
    assert page.locator("main:visible").count() == 1
    assert page.locator("nav.rail [aria-current=page]").inner_text() == "Make"
    assert serious(page, *THEMES) == []

    # Sounds.
    page.get_by_label("Name", exact=True).fill("Rain on a roof")
    files = [
        {"name": f"{hz}.flac", "mimeType": "audio/flac", "buffer": flac(tone(2, hz))} for hz in (220, 330)
    ]
    files.append({"name": "broken.wav", "mimeType": "audio/wav", "buffer": b"this is no sound"})
    files.append({"name": "notes.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"})
    page.get_by_label("Choose files").set_input_files(files)
    page.get_by_role("button", name="Prepare").click()
    page.get_by_role("heading", name="Left out").wait_for()
    assert page.locator(".left-out dt").inner_text() == "broken.wav"
    assert "notes.pdf is no sound" in page.locator(".caution li").inner_text()
    assert page.locator(".make-head p").inner_text().startswith("4 s · 2 recordings · mono · 22.05 kHz")
    until(page, "document.querySelector('canvas.set-strip').getContext('2d').getImageData(0, 0, 1, 1)")

    # Training: begun, stopped, resumed.
    page.get_by_text("The RAVE family").click()
    page.get_by_label("RAVE 2").check()
    assert "46 days" in page.locator("isobath-make-begin").inner_text()
    page.get_by_label("Instrument", exact=False).first.check()
    assert serious(page, *THEMES) == []
    page.get_by_role("button", name="Start the training").click()
    page.get_by_text("of 100").first.wait_for()
    assert "#make/run/" in page.url
    until(page, "document.querySelector('isobath-make-curves')?.followed.curves.has('spectral')")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Resume").wait_for()
    assert serious(page, *THEMES) == []
    page.get_by_role("button", name="Resume").click()
    page.locator(".facts dd", has_text="finished").wait_for()
    until(page, "document.querySelector('isobath-make-curves').followed.curves.has('adversarial')")
    needle = page.get_by_label("Read the curves at a step")
    needle.focus()
    page.keyboard.press("ArrowLeft")
    assert "Spectral distance" in needle.get_attribute("aria-valuetext")
    assert "Spectral distance: from" in page.locator(".course-part .hint").inner_text()

    # Listening: both at the same place, and an earlier checkpoint.
    page.get_by_role("button", name="Hear the source").click()
    until(page, "Number(document.querySelector('.seek').value) > 0.01")
    page.get_by_role("button", name="Hear the reconstruction").click()
    page.get_by_role("button", name="Stop the reconstruction").wait_for()
    page.get_by_label("Checkpoint").press("ArrowLeft")
    until(page, "document.querySelector('.checkpoint-field output').textContent.includes('90')")
    page.get_by_role("button", name="Stop the reconstruction").click()
    assert serious(page, *THEMES) == []

    # Play it.
    page.locator("[data-do=play-it]").first.click()
    until(page, f"location.hash === '' && isobath.store.state.piece.id !== '{before}'")
    piece = page.evaluate("isobath.store.state.piece")
    assert piece["name"] == "Rain on a roof"
    assert "Rain-on-a-roof" in piece["voices"][0]["model"]
    page.locator("isobath-pad").first.wait_for()
    assert page.errors == []


def test_on_a_phone_one_thing_is_shown_after_the_other_and_nothing_scrolls_sideways(making: Any) -> None:
    page = making
    page.set_viewport_size({"width": 360, "height": 740})
    page.locator("nav.rail [href='#make']").click()
    page.get_by_role("heading", name="Trainings").wait_for()
    page.locator(".make-detail").wait_for(state="hidden")
    assert serious(page, *THEMES) == []
    for entry in (0, 1):
        page.locator(".entry").nth(entry).click()
        page.locator(".make-detail h2").wait_for()
        page.wait_for_timeout(150)
        wide = page.evaluate(
            """[...document.querySelectorAll("html, body, .make-detail, .make-list")].filter(
                 (e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.tagName)"""
        )
        assert wide == []
        page.locator(".make-list").wait_for(state="hidden")
        page.locator(".back").click()
        page.get_by_role("heading", name="Trainings").wait_for()
    page.keyboard.press("1")
    until(page, "location.hash === ''")
    assert page.errors == []
