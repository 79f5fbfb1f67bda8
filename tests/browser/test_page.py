"""The page as a musician uses it: with the mouse, with the keyboard, on a phone, for the first time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Server

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser

PREFERENCES = "isobath.preferences"


class Page:
    """One page with a new, empty piece."""

    def __init__(
        self, context: Any, server: Server, preferences: str = '{"guided": true}', first: str = ""
    ) -> None:
        """first: a script that runs before the page's own."""
        self.page = context.new_page()
        if first:
            self.page.add_init_script(first)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.add_init_script(
            f"if (!sessionStorage.begun) localStorage.setItem('{PREFERENCES}', '{preferences}');"
            "sessionStorage.begun = 'yes'"
        )
        self.page.goto(server.url)
        self.until(
            "window.isobath?.store.state.connection.state === 'online' && isobath.store.state.piece !== null"
        )
        before = self.value("isobath.store.state.piece.id")
        self.value("isobath.link.newPiece('A test', 'organ')")
        self.until(f"isobath.store.state.piece.id !== '{before}'")
        self.until("isobath.store.state.descriptions.has('organ')")

    def value(self, script: str) -> Any:
        return self.page.evaluate(script)

    def until(self, condition: str) -> None:
        """Ask until it holds; the page's own rules forbid a script that waits inside it."""
        for _ in range(500):
            if self.value(f"Boolean({condition})"):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"waited in vain for: {condition}")

    def start(self) -> None:
        self.page.click(".start-button")
        self.until("isobath.instrument.state === 'running'")

    def on_chart(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a place on the chart, y upwards."""
        box = self.page.locator(".water").first.bounding_box()
        assert box is not None
        return box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]

    def place(self, x: float, y: float) -> None:
        """Throw a sound and click it onto the chart."""
        count = len(self.demonstrations)
        self.page.click("[data-do=throw]")
        self.page.mouse.click(*self.on_chart(x, y))
        self.until(f"isobath.store.state.piece.voices[0].demonstrations.length === {count + 1}")

    @property
    def demonstrations(self) -> list[dict[str, Any]]:
        return self.value("isobath.store.state.piece.voices[0].demonstrations")  # type: ignore[no-any-return]

    def until_learned(self) -> None:
        count = len(self.demonstrations)
        self.until(
            "(() => { const v = isobath.store.state.piece.voices[0];"
            "const f = isobath.store.state.fits.get(`${v.id}:a`);"
            f"return f?.state === 'fitted' && !f.stale && f.errors.size === {count}; }})()"
        )


@pytest.fixture
def page(context: Any, server: Server) -> Iterator[Page]:
    """A page on a new piece; no error may have been thrown in it."""
    opened = Page(context, server)
    yield opened
    errors = opened.errors
    opened.page.close()
    assert errors == []


def test_three_sounds_are_placed_by_clicking_learned_and_heard_again_where_they_were_placed(
    page: Page,
) -> None:
    page.start()
    places = [(0.2, 0.75), (0.75, 0.7), (0.45, 0.2)]
    for place in places:
        page.place(*place)
    page.until_learned()
    assert page.page.locator(".sounding").count() == 3
    for (x, y), demonstration in zip(places, page.demonstrations, strict=True):
        assert demonstration["point"] == pytest.approx([x, y], abs=0.005)
    # A press on the first sounding goes there; what is then heard is what was placed.
    page.value(
        "isobath.store.edit('no clamp', p => ({...p, voices: p.voices.map("
        "v => ({...v, shaping: {...v.shaping, clamp: 0}}))}))"
    )
    page.page.mouse.click(*page.on_chart(*places[0]))
    heard: list[float] = []
    for _ in range(40):
        page.page.wait_for_timeout(50)
        heard = page.value("Array.from(document.querySelector('isobath-page').app.meters.latent)")
        if heard == pytest.approx(page.demonstrations[0]["latent"], abs=0.02):
            return
    assert heard == pytest.approx(page.demonstrations[0]["latent"], abs=0.02)


def test_pressing_and_moving_steers_the_vessel_and_leaves_demonstrations_alone(page: Page) -> None:
    page.start()
    page.place(0.2, 0.2)
    page.place(0.8, 0.8)
    before = page.demonstrations
    page.page.mouse.move(*page.on_chart(0.5, 0.5))
    page.page.mouse.down()
    page.page.mouse.move(*page.on_chart(0.6, 0.35), steps=5)
    page.page.mouse.up()
    assert page.value("Array.from(isobath.performer.values)") == pytest.approx([0.6, 0.35], abs=0.005)
    assert page.demonstrations == before


def test_a_sounding_is_dragged_and_one_undo_takes_the_drag_back(page: Page) -> None:
    page.start()
    page.place(0.3, 0.3)
    page.place(0.7, 0.7)
    page.page.mouse.move(*page.on_chart(0.3, 0.3))
    page.page.mouse.down()
    page.page.mouse.move(*page.on_chart(0.4, 0.6), steps=12)
    page.page.mouse.up()
    assert page.demonstrations[0]["point"] == pytest.approx([0.4, 0.6], abs=0.01)
    page.page.keyboard.press("Control+z")
    assert page.demonstrations[0]["point"] == pytest.approx([0.3, 0.3], abs=0.01)
    page.page.keyboard.press("Control+Shift+Z")
    assert page.demonstrations[0]["point"] == pytest.approx([0.4, 0.6], abs=0.01)


def test_everything_from_start_to_delete_works_without_a_pointer(page: Page) -> None:
    keys = page.page.keyboard
    page.page.focus(".start-button")
    keys.press("Enter")
    page.until("isobath.instrument.state === 'running'")
    page.page.focus(".water")
    keys.press("t")
    for _ in range(5):
        keys.press("ArrowRight")
    keys.press("Enter")
    keys.press("t")
    for _ in range(10):
        keys.press("ArrowUp")
    keys.press("Enter")
    points = [d["point"] for d in page.demonstrations]
    assert points[0] == pytest.approx([0.6, 0.5], abs=1e-6)
    assert points[1] == pytest.approx([0.6, 0.7], abs=1e-6)
    keys.press("Tab")
    assert page.value("document.activeElement.className.includes('sounding')")
    keys.press("ArrowLeft")
    assert page.demonstrations[0]["point"] == pytest.approx([0.58, 0.5], abs=1e-6)
    keys.press("m")
    assert page.demonstrations[0]["muted"] is True
    keys.press("Delete")
    page.until("isobath.store.state.piece.voices[0].demonstrations.length === 1")
    keys.press("Control+z")
    assert len(page.demonstrations) == 2
    keys.press("?")
    page.page.locator("dialog.sheet").wait_for()
    keys.press("Escape")
    page.page.locator("dialog.sheet").wait_for(state="hidden")


def test_moves_of_the_vessel_are_said_to_a_screen_reader(page: Page) -> None:
    page.page.focus(".water")
    page.page.keyboard.press("ArrowRight")
    page.until("document.querySelector('#live').textContent.includes('52')")


def test_labels_colours_and_weights_are_given_in_the_list(page: Page) -> None:
    page.start()
    page.place(0.3, 0.3)
    page.page.click("nav.rail [data-panel=demonstrate]")
    label = page.page.get_by_label("Label of demonstration 1")
    label.fill("bright and loud")
    page.page.get_by_role("button", name="Colour 4").click()
    page.page.get_by_label("Weight").fill("2")
    (only,) = page.demonstrations
    assert (only["label"], only["colour"], only["weight"]) == ("bright and loud", "#f48fb1", 2)
    assert page.page.locator(".sounding .label").inner_text() == "bright and loud"
    page.page.get_by_role("button", name="Duplicate").click()
    assert len(page.demonstrations) == 2


def test_two_methods_are_compared_on_the_same_demonstrations(page: Page) -> None:
    page.start()
    for place in ((0.2, 0.2), (0.8, 0.3), (0.5, 0.8)):
        page.place(*place)
    page.page.click("nav.rail [data-panel=learn]")
    page.page.click("[data-do=compare]")
    page.until("isobath.store.state.piece.voices[0].side === 'b'")
    page.until(
        "[...isobath.store.state.fits.entries()].some(([k, f]) => k.endsWith(':b') && f.state === 'fitted')"
    )
    algorithms = page.value(
        "(v => [v.mapping.algorithm, v.other.algorithm])(isobath.store.state.piece.voices[0])"
    )
    assert algorithms == ["gp", "perceptron"]
    page.page.keyboard.press("b")
    page.until("isobath.store.state.piece.voices[0].side === 'a'")


def test_a_take_is_recorded_and_replayed_from_the_page(page: Page) -> None:
    page.start()
    page.place(0.2, 0.2)
    page.page.keyboard.press("r")
    page.until("isobath.instrument.recordingTake")
    page.page.mouse.move(*page.on_chart(0.4, 0.5))
    page.page.mouse.down()
    page.page.mouse.move(*page.on_chart(0.7, 0.5), steps=10)
    page.page.mouse.up()
    page.page.keyboard.press("r")
    page.until("isobath.store.state.piece.takes.length === 1")
    page.page.click("nav.rail [data-panel=play]")
    page.page.get_by_role("button", name="Play take 1").click()
    page.until("isobath.store.state.takes.playing !== null")
    page.page.get_by_role("button", name="Stop take 1").click()
    page.until("isobath.store.state.takes.playing === null")


def test_the_guided_start_ends_with_a_map_of_ones_own(context: Any, server: Server) -> None:
    opened = Page(context, server)
    page = opened.page
    page.evaluate(f"localStorage.setItem('{PREFERENCES}', '{{\"guide\": 0}}')")
    page.reload()
    opened.until("window.isobath?.store.state.piece !== null && isobath.store.state.descriptions.size > 0")
    page.get_by_role("button", name="Show me").press("Enter")
    page.get_by_role("heading", name="Start the sound").wait_for()
    opened.start()
    page.get_by_role("heading", name="Find a sound").wait_for()
    for place in ((0.65, 0.5), (0.8, 0.7), (0.6, 0.85)):
        opened.place(*place)
    page.get_by_role("heading", name="Play", exact=True).first.wait_for()
    page.mouse.move(*opened.on_chart(0.9, 0.5))  # where no demonstration is taken by the hand
    page.mouse.down()
    for k in range(80):
        page.mouse.move(*opened.on_chart(0.7 + 0.2 * math.cos(k / 4), 0.5 + 0.3 * math.sin(k / 4)))
    page.mouse.up()
    page.get_by_role("heading", name="This map is yours").wait_for()
    page.get_by_role("button", name="Play on").click()
    assert page.locator(".guide-card").count() == 0
    assert page.evaluate(f"JSON.parse(localStorage['{PREFERENCES}']).guided") is True
    page.close()


def test_nothing_is_fetched_from_anywhere_else(context: Any, server: Server) -> None:
    seen: list[str] = []
    listener = lambda request: seen.append(request.url)  # noqa: E731
    context.on("request", listener)
    opened = Page(context, server)
    opened.start()
    opened.page.click("nav.rail [data-panel=keep]")
    opened.page.wait_for_timeout(300)
    context.remove_listener("request", listener)
    opened.page.close()
    assert seen
    assert [url for url in seen if not url.startswith((server.url, "blob:", "data:"))] == []


def test_a_piece_put_in_the_trash_makes_way_for_another_and_comes_back(page: Page) -> None:
    gone = page.value("isobath.store.state.piece.id")
    page.page.click("nav.rail [data-panel=keep]")
    page.page.locator(".piece.current").get_by_role("button", name="to the trash").click()
    page.until(f"isobath.store.state.piece.id !== '{gone}'")
    listed = f"isobath.store.state.pieces.find(p => p.id === '{gone}')?.trashed"
    page.until(f"{listed} === true")
    page.page.get_by_role("button", name="Bring back").first.click()
    page.until(f"{listed} === false")


def test_without_a_pad_each_fader_shows_what_it_would_reach(page: Page) -> None:
    page.start()
    for place in ((0.2, 0.2), (0.8, 0.3), (0.5, 0.8)):
        page.place(*place)
    page.until_learned()
    page.value("isobath.store.edit('no pad', p => ({...p, pads: []}))")
    page.until("document.querySelectorAll('.faders.alone .fader').length === 2")
    page.until(
        "[...document.querySelectorAll('.fader canvas')].every(c => {"
        "const d = c.getContext('2d').getImageData(0, 0, 1, c.height).data;"
        "return c.height > 8 && d[3] === 255 && d.slice(0, 3).join() !== d.slice(-4, -1).join(); })"
    )
