"""A jam in a real browser: two bars on the pads, and the answer's sound on the next bar line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Server
from tests.browser.looks import serious

pytestmark = pytest.mark.browser

JAM = "document.querySelector('isobath-jam')"
BLOCK = 128
ROUNDS = 3
ONSET = f"""async () => {{
  const {{ jam, player }} = {JAM};
  const {{ seconds, left, right, late }} = await player.band.stopRecording();
  const rate = player.band.context.sampleRate;
  const turn = jam.turns.findLast((each) => each.who === "machine");
  const line = jam.clock.seconds(turn.position);
  const due = player.scheduled.find((each) => each > line - 0.2);
  const from = Math.max(0, Math.round((line - 0.15 - seconds) * rate));
  const loud = (i) => Math.abs(left[i]) + Math.abs(right[i]) > 1e-4;
  let onset = from;
  while (onset < left.length && !loud(onset)) onset++;
  return {{
    late, rate, line, due, position: turn.position, heard: onset < left.length,
    quiet: from > 0 && onset > from, onset: seconds + onset / rate, hits: turn.phrase.hits.length,
  }};
}}"""


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
    page.evaluate("localStorage.removeItem('isobath.jam')")
    page.get_by_role("link", name="Jam", exact=True).click()
    page.get_by_role("button", name="Count in").wait_for()
    yield page
    page.close()


def tempo(page: Any, bpm: int) -> None:
    page.get_by_label("Tempo").fill(str(bpm))
    page.get_by_label("Tempo").press("Tab")


def test_two_bars_on_the_pads_are_answered_on_the_next_bar_line(jam: Any) -> None:
    tempo(jam, 100)
    jam.get_by_text("Click", exact=True).click()
    jam.get_by_role("button", name="Count in").click()
    until(jam, f"{JAM}.jam?.playing")
    # what is played fades before the answer
    while jam.evaluate(f"{JAM}.jam.clock.position({JAM}.player.now) < 16"):
        for key in "jl":
            jam.keyboard.press(key)
        jam.wait_for_timeout(150)
    before = 0
    for number in range(ROUNDS):
        jam.evaluate(f"{JAM}.player.band.record()")
        until(jam, f"{JAM}.jam.turns.filter((turn) => turn.who === 'machine').length > {number}")
        jam.wait_for_timeout(900)
        told = jam.evaluate(ONSET)
        assert told["position"] == 32 * (2 * number + 1)
        assert told["hits"] > 0
        if (
            told["late"] == before
        ):  # a machine that stood still for so long told the sound too late to judge it
            break
        before = told["late"]
    else:
        raise AssertionError(f"The page's thread stood still before each of {ROUNDS} bar lines.")
    assert told["heard"]
    assert told["quiet"]
    assert abs(told["onset"] - told["due"]) <= BLOCK / told["rate"]
    assert told["due"] <= told["line"] + 60 / 100 / 4 * 31
    human = jam.evaluate(f"{JAM}.jam.turns[0]")
    assert human["who"] == "human"
    assert len(human["phrase"]["hits"]) >= 4
    assert len(human["seen"]) == len(human["place"]) == 1


def test_axe_finds_nothing_serious_in_a_jam(jam: Any) -> None:
    jam.set_viewport_size({"width": 1000, "height": 700})
    assert serious(jam, "light", "dark", within="isobath-jam") == []
    jam.get_by_role("radio", name="Melody").check()
    jam.get_by_role("button", name="Sessions").click()
    jam.get_by_role("heading", name="Sessions").wait_for()
    assert serious(jam, "light", "dark", within="isobath-jam") == []
    jam.set_viewport_size({"width": 360, "height": 740})
    assert jam.evaluate(f"{JAM}.scrollWidth <= {JAM}.clientWidth + 1")


def test_a_melody_is_answered_kept_and_gone_on_with(jam: Any) -> None:
    jam.get_by_role("radio", name="Melody").check()
    tempo(jam, 240)
    jam.get_by_role("button", name="Count in").click()
    until(jam, f"{JAM}.jam?.playing")
    for code in ("a", "d", "g"):
        jam.keyboard.down(code)
        jam.wait_for_timeout(100)
        jam.keyboard.up(code)
    until(jam, f"{JAM}.jam.turns.some((turn) => turn.who === 'machine')")
    onsets = {token + 19 for token in jam.evaluate(f"{JAM}.jam.turns[0].phrase.tokens") if token >= 2}
    assert onsets
    assert onsets <= {60, 64, 67}
    jam.get_by_role("button", name="Stop").click()
    id = jam.evaluate(f"{JAM}.player.id")
    jam.get_by_role("button", name="Sessions").click()
    row = jam.locator(".jam-sessions li[aria-current]")
    row.wait_for()
    midi = jam.request.get(row.get_by_role("link", name="MIDI").evaluate("(link) => link.href"))
    assert midi.body().startswith(b"MThd")
    row.get_by_role("button", name="Open").click()
    jam.get_by_role("button", name="Go on").click()
    until(jam, f"{JAM}.jam?.playing && {JAM}.jam.turns.length > 0")
    seen = "every((turn) => turn.seen.length === turn.place.length)"
    went_on = jam.evaluate(f"[{JAM}.player.id, {JAM}.jam.turns[0].position, {JAM}.player.turns.{seen}]")
    assert went_on[0] == id
    assert went_on[1] >= 64
    assert went_on[1] % 16 == 0
    assert went_on[2]
