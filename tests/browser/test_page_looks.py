"""What can be said of looks by machine: readable by everyone, at every size, in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Server
from tests.browser.instrument import Instrument
from tests.browser.looks import serious
from tests.browser.test_page import PREFERENCES, Page

pytestmark = pytest.mark.browser

THEMES = ("light", "dark")
PANELS = ("explore", "demonstrate", "learn", "play", "keep", "controllers")


@pytest.fixture(scope="module")
def filled(context: Any, server: Server) -> Iterator[Page]:
    """A page with three demonstrations, one of them labelled and selected."""
    opened = Page(context, server)
    opened.start()
    for place in ((0.2, 0.75), (0.75, 0.7), (0.45, 0.2)):
        opened.place(*place)
    opened.until_learned()
    opened.page.keyboard.press("k")
    yield opened
    opened.page.close()


def look_at(opened: Page, width: int, height: int, theme: str, panel: str | None) -> None:
    """One panel open in one theme at one size, after everything has settled."""
    page = opened.page
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    for open_one in page.locator("nav.rail button[aria-expanded=true]").all():
        open_one.click()
    if panel is not None:
        page.click(f"nav.rail [data-panel={panel}]")
        page.locator(f"isobath-{panel} h2").wait_for()
    page.wait_for_timeout(120)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_panel(filled: Page, theme: str) -> None:
    found: list[str] = []
    for panel in PANELS:
        look_at(filled, 1280, 800, theme, panel)
        found += [f"{panel}, {each}" for each in serious(filled.page, theme)]
    assert found == []


def test_axe_finds_nothing_serious_in_look_and_walk(context: Any, server: Server) -> None:
    page = context.new_page()
    played = Instrument(page, server.url)
    played.run(
        "i.link.openPiece('example-walk-2');"
        "await t.until(() => i.store.state.piece?.world?.landmarks.length === 27, 'it')"
    )
    played.start()
    page.set_viewport_size({"width": 640, "height": 420})  # less to draw without a graphics card
    found: list[str] = []
    page.evaluate("location.hash = '#look'")
    page.locator("isobath-look canvas").wait_for()
    found += [f"look, {each}" for each in serious(page, *THEMES)]
    page.evaluate("location.hash = '#walk'")
    page.locator("isobath-walk canvas").first.wait_for()
    for key, what in (("o", "the list of places"), ("g", "what can be built"), ("u", "the way outside")):
        page.keyboard.press(key)
        found += [f"walk, {what}, {each}" for each in serious(page, *THEMES)]
        page.keyboard.press(key)
    page.close()
    assert found == []


@pytest.mark.parametrize("panel", [None, *PANELS])
def test_nothing_scrolls_sideways_on_a_phone(filled: Page, panel: str | None) -> None:
    look_at(filled, 360, 740, "light", panel)
    wide = filled.page.evaluate(
        """[...document.querySelectorAll("html, body, .panel, .stage")].filter(
             (e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.tagName)"""
    )
    assert wide == []
    for figure in ("latency", "load", "underruns"):
        assert filled.page.locator(f"[data-figure={figure}]").is_visible()


@pytest.mark.parametrize("size", [(1280, 800), (2560, 1440), (3840, 2160)])
def test_the_chart_is_the_largest_thing_on_the_page(filled: Page, size: tuple[int, int]) -> None:
    look_at(filled, *size, "dark", "explore")
    chart = filled.page.locator("isobath-pad").first.bounding_box()
    assert chart is not None
    assert chart["width"] * chart["height"] > 0.45 * size[0] * size[1]


def test_the_page_may_be_magnified_twice(filled: Page) -> None:
    look_at(filled, 640, 400, "light", "explore")
    filled.page.locator("[data-do=throw]").scroll_into_view_if_needed()
    assert filled.page.locator("[data-do=throw]").is_visible()
    assert filled.page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


def test_the_colours_are_the_systems_until_one_is_chosen(filled: Page) -> None:
    look_at(filled, 1280, 800, "dark", None)
    assert filled.page.evaluate("document.documentElement.dataset.theme") == "dark"
    filled.page.get_by_role("button", name="Theme: system").click()
    assert filled.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert filled.page.evaluate(f"JSON.parse(localStorage['{PREFERENCES}']).theme") == "light"
