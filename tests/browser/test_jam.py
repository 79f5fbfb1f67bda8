"""A jam in a real browser: two bars on the pads, and the answer's sound on the next bar line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import Server
from tests.browser.looks import serious

pytestmark = pytest.mark.browser

JAM = "document.querySelector('isobath-jam')"
BLOCK = 128
ROUNDS = 3
ANSWERS = f"{JAM}.jam.turns.filter((turn) => turn.who === 'machine').length"
HEARD = f"""async () => {{
  const {{ jam, player }} = {JAM};
  const {{ seconds, left, right, late }} = await player.band.stopRecording();
  const rate = player.band.context.sampleRate;
  const turn = jam.turns.findLast((each) => each.who === "machine");
  const line = jam.clock.seconds(turn.position);
  const first = Math.min(...turn.phrase.hits.map(({{ step, offset }}) => Math.max(0, step - offset / 2)));
  const from = Math.max(0, Math.round((line - 0.15 - seconds) * rate));
  let onset = from;
  while (onset < left.length && Math.abs(left[onset]) + Math.abs(right[onset]) <= 1e-4) onset++;
  return {{
    late, rate, line, first: jam.clock.seconds(turn.position + first),
    due: player.scheduled.find((each) => each > line - 0.2), position: turn.position,
    quiet: from > 0 && onset > from, onset: onset < left.length ? seconds + onset / rate : -1,
  }};
}}"""
"""What was heard around the newest answer: when it began, and when it should have."""

STAND_STILL = f"""() => {{
  const {{ jam, player }} = {JAM};
  const line = jam.clock.seconds(jam.playing.position + jam.playing.steps);
  const wait = 1000 * (line - player.band.context.currentTime) - 150;
  setTimeout(() => {{ for (const end = performance.now() + 600; performance.now() < end; ); }}, wait);
}}"""
"""The page does nothing from before the bar line until after it."""


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
    page.set_viewport_size({"width": 900, "height": 640})  # less to draw without a graphics card
    page.get_by_role("button", name="Count in").wait_for()
    yield page
    page.close()


def tempo(page: Any, bpm: int) -> None:
    page.get_by_label("Tempo").fill(str(bpm))
    page.get_by_label("Tempo").press("Tab")


def play_a_bar(page: Any, first: int) -> None:
    """Some hits early in the phrase, so that they have faded before the answer: the kick low on its pad,
    which is hard, the hi-hat on the computer's keys."""
    until(page, f"{JAM}.jam.playing?.position === {first}")
    kick = page.locator(".jam-pads [data-piece='0']").bounding_box()
    page.mouse.move(kick["x"] + kick["width"] / 2, kick["y"] + 0.9 * kick["height"])
    early = True
    while early:
        page.mouse.down()
        page.mouse.up()
        page.keyboard.press("l")
        page.wait_for_timeout(120)
        early = page.evaluate(f"{JAM}.jam.clock.position({JAM}.player.now) < {first + 8}")


def test_two_bars_on_the_pads_are_answered_on_the_next_bar_line(jam: Any) -> None:
    tempo(jam, 110)
    jam.get_by_text("Click", exact=True).click()
    jam.get_by_role("button", name="Count in").click()
    until(jam, f"{JAM}.jam?.playing")
    before = 0
    for number in range(ROUNDS):
        first = 64 * number
        play_a_bar(jam, first)
        jam.evaluate(f"{JAM}.player.band.record()")
        until(jam, f"{ANSWERS} > {number}")
        jam.wait_for_timeout(900)
        told = jam.evaluate(HEARD)
        assert told["position"] == first + 32
        if told["late"] == before:  # where the page stood still by itself, the next round is judged
            break
        before = told["late"]
    else:
        raise AssertionError(f"The page's thread stood still before each of {ROUNDS} bar lines.")
    assert told["quiet"]
    assert abs(told["onset"] - told["due"]) <= BLOCK / told["rate"]
    human = jam.evaluate(f"{JAM}.jam.turns.find((turn) => turn.seen.length > 0)")
    assert human["who"] == "human"
    forces = {hit["piece"]: round(hit["velocity"], 1) for hit in human["phrase"]["hits"]}
    assert forces == {0: 0.9, 2: 0.8}  # 0.3 at the top of a pad to 1 below; 0.75 of a key

    # a page that stands still over the bar line: the answer that was asked ahead begins on it all the same
    play_a_bar(jam, first + 64)
    until(jam, f"{JAM}.jam.foreseen")
    jam.evaluate(f"{JAM}.player.band.record()")
    jam.evaluate(STAND_STILL)
    until(jam, f"{ANSWERS} > {number + 1}")
    jam.wait_for_timeout(600)
    told = jam.evaluate(HEARD)
    assert told["quiet"]
    assert abs(told["onset"] - told["first"]) <= BLOCK / told["rate"]


def distances_are_the_latent_s(page: Any, space: str) -> None:
    """From wherever it is seen: at right angles, and across and up as many pixels a unit as is said."""
    for turn in (0.0, 0.13):
        columns, pixels = page.evaluate(
            f"""(() => {{
              const {{ cloud }} = {space};
              cloud.turn({turn}, {turn});
              cloud.draw();
              const from = cloud.seen([0, 0, 0]);
              const column = (spot) => {{
                const at = cloud.seen(spot);
                return [at.x - from.x, at.y - from.y];
              }};
              return [[[1, 0, 0], [0, 1, 0], [0, 0, 1]].map(column), cloud.pixelsPerUnit];
            }})()"""
        )
        seen = np.array(columns).T / pixels
        np.testing.assert_allclose(seen @ seen.T, np.eye(2), atol=1e-4)


def hear_a_point(page: Any) -> None:
    """Click on a training phrase where the view has it."""
    space = "document.querySelector('isobath-jam-space')"
    until(page, f"{space}.cloud && {space}.space")
    # A view that is left gives its context back, and draws with another when it is back.
    assert page.evaluate(
        f"""(() => {{
          const view = {space};
          const [place, next, drawn] = [view.parentNode, view.nextSibling, view.canvas.getContext("webgl2")];
          view.remove();
          const lost = drawn.isContextLost();
          place.insertBefore(view, next);
          return lost;
        }})()"""
    )
    until(page, f"{space}.cloud && !{space}.canvas.getContext('webgl2').isContextLost()")
    page.wait_for_timeout(100)
    distances_are_the_latent_s(page, space)
    x, y = page.evaluate(
        f"""(() => {{
          const {{ cloud, space, canvas }} = {space};
          const {{ left, top }} = canvas.getBoundingClientRect();
          const at = cloud.seen(space.phrases[7]);
          return [left + at.x, top + at.y];
        }})()"""
    )
    page.mouse.click(x, y)
    until(page, f"{JAM}.player.audition !== null && {JAM}.heard !== null")
    page.get_by_role("button", name="Phrase 1, you").click()
    until(page, f"{JAM}.heard?.kind !== 'phrase'")


def test_axe_finds_nothing_serious_in_a_jam(jam: Any) -> None:
    jam.set_viewport_size({"width": 1000, "height": 700})
    assert serious(jam, "light", "dark", within="isobath-jam") == []
    jam.get_by_role("radio", name="Melody").check()
    jam.get_by_role("button", name="Sessions").click()
    jam.get_by_role("heading", name="Sessions").wait_for()
    assert serious(jam, "light", "dark", within="isobath-jam") == []
    jam.set_viewport_size({"width": 360, "height": 740})
    assert jam.evaluate(f"{JAM}.scrollWidth <= {JAM}.clientWidth + 1")


def test_a_notice_is_read_in_a_jam_too(jam: Any) -> None:
    jam.evaluate("isobath.store.set({ notice: { kind: 'error', sentence: 'Nobody can hear this.' } })")
    told = jam.locator("isobath-jam").get_by_role("alert")
    told.wait_for()
    assert told.inner_text().strip() == "Nobody can hear this."
    told.get_by_role("button", name="Dismiss").click()
    told.wait_for(state="detached")


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
    midi = jam.request.get(row.get_by_role("link", name="MIDI of both").evaluate("(link) => link.href"))
    assert midi.body().startswith(b"MThd")
    row.get_by_role("button", name="Rename").click()
    jam.locator(".jam-name").fill("Evening")
    jam.locator(".jam-name").press("Enter")
    row.get_by_text("Evening", exact=True).wait_for()
    row.get_by_role("button", name="Open").click()
    until(jam, f"{JAM}.player.session?.name === 'Evening'")
    hear_a_point(jam)
    jam.get_by_role("button", name="Go on").click()
    until(jam, f"{JAM}.jam?.playing && {JAM}.jam.turns.length > 0")
    seen = "every((turn) => turn.seen.length === turn.place.length)"
    went_on = jam.evaluate(f"[{JAM}.player.id, {JAM}.jam.turns[0].position, {JAM}.player.turns.{seen}]")
    assert went_on[0] == id
    assert went_on[1] >= 64
    assert went_on[1] % 16 == 0
    assert went_on[2]


def test_models_of_sound_play_the_drums(jam: Any) -> None:
    jam.get_by_role("button", name="Count in").click()
    until(jam, f"{JAM}.player.band !== null")
    jam.get_by_label("You play a").select_option("model")
    made = f"[...{JAM}.player.band.made.keys()].filter((key) => key.startsWith('model human ')).length === 9"
    until(jam, made, 40.0)
    assert jam.evaluate(f"{JAM}.player.latent") == ["human"]
    jam.evaluate(f"() => {JAM}.player.band.record()")
    jam.keyboard.press("k")
    jam.wait_for_timeout(300)
    peak = jam.evaluate(
        f"""async () => {{
          const {{ left }} = await {JAM}.player.band.stopRecording();
          return Math.max(...left.map(Math.abs));
        }}"""
    )
    assert peak > 0.02
