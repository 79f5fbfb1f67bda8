"""Two performers on one piece, in two browsers: each sees the other and who has an axis; and one set list."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Server
from tests.browser.instrument import Instrument

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser


def shoot(page: Page, name: str) -> None:
    """Pictures for whoever wants to look at them, in the folder ISOBATH_SHOTS."""
    if folder := os.environ.get("ISOBATH_SHOTS"):
        for width, height in ((1280, 800), (360, 740)):
            page.set_viewport_size({"width": width, "height": height})
            for theme in ("light", "dark"):
                page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
                page.evaluate("window.dispatchEvent(new Event('resize'))")
                page.wait_for_timeout(400)
                page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png")


def test_two_performers_see_each_other_and_share_axes_and_set_list(
    instrument: Instrument, context: BrowserContext, server: Server
) -> None:
    here = instrument
    assert context.browser is not None
    own = context.browser.new_context(
        viewport={"width": 900, "height": 700}, storage_state=context.storage_state()
    )
    chosen = '{"performer": "<i>Ada</i> Lovelace", "right": "play"}'
    own.add_init_script(f"localStorage.setItem('isobath.preferences', '{chosen}')")
    there = Instrument(own.new_page(), f"{server.url}?piece={here.piece.id}")

    # The name is letters, and there is nothing else in it.
    shown = here.page.locator("isobath-company li")
    shown.get_by_text("<i>Ada</i> Lovela").wait_for()
    there.page.locator("isobath-company li", has_text="Performer 1").wait_for()

    # Her hand is seen where it is, with what it moves; it does not move here.
    there.run("i.performer.touch('x'); i.performer.set('x', 0.9);")
    shown.locator(".hint", has_text="x").wait_for()
    here.run("await t.until(() => i.performers.others[0].point?.[0] === 0.9, 'her hand');")
    assert here.run("return i.performer.at('x')") == 0.5

    # Two hands on one axis: who came first is told.
    here.run("i.performer.touch('x');")
    here.page.locator("isobath-company .caution", has_text="has x").wait_for()
    shoot(here.page, "in-the-way")
    here.run("i.performer.release('x');")

    # Together, her hand moves the axis here, and that is not taken for a hand of one's own.
    if here.page.locator("isobath-performers").count() == 0:
        here.page.locator("[data-panel=play]").click()
    here.page.locator("isobath-performers input[type=text]").wait_for()
    here.page.get_by_label("Others’ hands move my axes").check()
    there.run("i.performer.set('x', 0.7);")
    here.run("await t.until(() => Math.abs(i.performer.at('x') - 0.7) < 1e-9, 'her hand here');")
    assert there.run("return i.performers.others[0].axes") == []
    shoot(here.page, "company")
    there.run("i.performer.release('x');")

    # The set list is there on the other device, and after a reload.
    here.page.locator("[data-do=set-list-add]").click()
    there.page.locator(f"[data-piece='{here.piece.id}']").wait_for()
    there.page.reload()
    there.page.locator(f"[data-piece='{here.piece.id}']").wait_for()
    entry = there.page.locator(f"[data-piece='{here.piece.id}']")  # other tests' pieces may be in it, too
    entry.get_by_label("Take a test off the set list").click()
    here.page.locator(f"[data-piece='{here.piece.id}']").wait_for(state="detached")
    assert not here.errors
    own.close()
    # What was chosen here is this browser's, and other tests are in it.
    here.run("localStorage.removeItem('isobath.preferences')")
