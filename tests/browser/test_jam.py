"""A jam in a real browser: two bars on the pads, and the answer's sound on the next bar line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

JAM = "document.querySelector('isobath-jam')"


def until(page: Any, truth: str, seconds: float = 20.0) -> None:
    """Wait for something to be true in the page, whose policy lets nobody evaluate strings there."""
    end = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({truth})"):
        assert time.monotonic() < end, f"This did not come true: {truth}"
        page.wait_for_timeout(20)


@pytest.fixture
def jam(context: Any, server: Server) -> Iterator[Any]:
    page = context.new_page()
    page.goto(server.url)
    page.evaluate("location.hash = '#jam'")
    page.get_by_role("button", name="Count in").wait_for()
    yield page
    page.close()


def test_two_bars_on_the_pads_are_answered_on_the_next_bar_line(jam: Any) -> None:
    jam.get_by_label("Tempo").fill("200")
    jam.get_by_label("Tempo").press("Tab")
    jam.get_by_role("button", name="Count in").click()
    until(jam, f"{JAM}.jam?.playing")
    for key in "jlkljlkl":
        jam.keyboard.press(key)
        jam.wait_for_timeout(120)
    until(jam, f"{JAM}.jam.turns.some((turn) => turn.who === 'machine')")
    until(jam, f"{JAM}.scheduled.length > 0")
    told = jam.evaluate(
        f"""(() => {{
          const {{ jam, scheduled, band }} = {JAM};
          const turn = jam.turns.find((each) => each.who === "machine");
          const first = turn.phrase.hits.map((hit) => turn.position + hit.step - hit.offset / 2);
          return {{
            human: jam.turns[0].phrase.hits.length,
            position: turn.position,
            due: jam.clock.seconds(Math.min(...first)),
            first: scheduled[0],
            state: band.context.state,
          }};
        }})()"""
    )
    assert told["state"] == "running"
    assert told["human"] >= 4
    assert told["position"] == 32
    assert told["due"] - 1e-6 <= told["first"] <= told["due"] + 0.08
