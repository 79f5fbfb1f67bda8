"""The server goes and comes back; the instrument plays on, says so, and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import STEADY, Server
from tests.browser.instrument import Instrument

RENAME = """
i.store.edit("rename an axis", (piece) => ({
  ...piece,
  axes: piece.axes.map((axis, k) => (k === 0 ? { ...axis, name: given } : axis)),
}));
"""
SAVED = "await t.until(() => i.store.state.connection.unsent === 0, 'everything to be saved');"


@pytest.fixture
def frail(context: BrowserContext, home: Path) -> Iterator[tuple[Instrument, Server, BrowserContext]]:
    """A page at a server of its own, which may be ended."""
    own = Server(home / "frail")
    (own.home / "models").mkdir(parents=True, exist_ok=True)
    (own.home / "models" / "organ.safetensors").write_bytes(
        (home / "models" / "organ.safetensors").read_bytes()
    )
    link = own.start()
    assert context.browser is not None
    visitor = context.browser.new_context()
    visitor.add_init_script(STEADY)
    page = visitor.new_page()
    page.goto(link)
    page.wait_for_selector("isobath-page", state="attached")
    page.close()
    playing = Instrument(visitor.new_page(), own.url)
    playing.new_piece("organ")
    playing.start()
    yield playing, own, visitor
    visitor.close()
    own.stop()


def test_without_the_server_it_plays_on_says_so_and_sends_everything_later(
    frail: tuple[Instrument, Server, BrowserContext],
) -> None:
    playing, own, visitor = frail
    playing.run("i.instrument.setLatent(0, [2, 0, 0]);")
    own.stop()
    playing.run("await t.until(() => i.store.state.connection.state === 'offline', 'the loss');")
    levels = []
    while len(levels) < 5 and max(levels, default=0.0) <= 0.01:  # a busy machine may be silent for a moment
        # asked for anew: a page that is late with what it knew of the piece takes the sound in hand back
        heard = playing.capture("i.instrument.setLatent(0, [2, 0, 0]); await t.wait(400)")
        levels.append(float(np.sqrt((heard[:, -4410:] ** 2).mean())))
    assert max(levels) > 0.01, f"it must play on: {levels}"
    assert "play on" in playing.run("return i.store.state.connection.sentence")
    playing.run(RENAME, "wind")
    assert playing.run("return i.store.state.connection.unsent") > 0
    own.start()
    playing.run("await t.until(() => i.store.state.connection.state === 'online', 'the return');")
    playing.run(SAVED)
    again = Instrument(visitor.new_page(), f"{own.url}?piece={playing.piece.id}")
    assert again.piece.axes[0].name == "wind"
    again.run("i.store.undo(); " + SAVED)
    playing.run("await t.until(() => i.store.state.piece.axes[0].name === 'x', 'the undo made elsewhere');")
    assert playing.errors == []
    assert again.errors == []


def test_a_page_closed_while_the_server_was_away_loses_nothing(
    frail: tuple[Instrument, Server, BrowserContext],
) -> None:
    playing, own, visitor = frail
    id = playing.piece.id
    own.stop()
    playing.run("await t.until(() => i.store.state.connection.state === 'offline', 'the loss');")
    playing.run(RENAME + "await t.wait(300);", "water")
    playing.page.close()
    own.start()
    again = Instrument(visitor.new_page(), f"{own.url}?piece={id}")
    assert again.piece.axes[0].name == "water"


def test_a_second_page_on_the_same_piece_follows_and_says_so(
    context: BrowserContext, server: Server, instrument: Instrument
) -> None:
    instrument.run(SAVED)
    other = Instrument(context.new_page(), f"{server.url}?piece={instrument.piece.id}")
    assert other.piece.id == instrument.piece.id
    other.run(RENAME, "depth")
    instrument.run("await t.until(() => i.store.state.piece.axes[0].name === 'depth', 'the other page');")
    assert "Another page" in instrument.run("return i.store.state.notice.sentence")
    instrument.run(RENAME, "height")
    other.run("await t.until(() => i.store.state.piece.axes[0].name === 'height', 'this page');")
    other.page.close()
