"""Where a world places its sound, in a real browser: turning is heard, and as `isobath render` makes it."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from isobath.engine.rendering import render_piece
from isobath.models.coder import Model
from isobath.protocol.piece import Take
from isobath.protocol.world import Box, Carried, Edge, Ground, Landmark, WalkAxes, World
from tests.browser.instrument import Instrument
from tests.browser.organ import HOP, SAMPLE_RATE, organ

pytestmark = pytest.mark.browser

FADE = int(0.01 * SAMPLE_RATE) + 1
"""Samples over which what sounded before a take fades out."""

SET = """
i.store.edit("a world", (piece) => ({
  ...piece,
  voices: piece.voices.map((voice) => ({
    ...voice,
    shaping: { ...voice.shaping, clamp: 0, hold: [2, 0, 0], held: [1, 1, 1] },
  })),
  world: given,
}));
await t.until(() => i.instrument.spaces.module !== null || given.placement === "none", "the space");
"""


def plain(world: World) -> Any:
    return msgspec.to_builtins(world)


def round_and_on(instrument: Instrument) -> Take:
    """Walking east and turning once to the right."""
    piece, length = instrument.piece, 300
    return Take(
        id="round",
        name="round",
        hop=HOP,
        sample_rate=SAMPLE_RATE,
        length=length,
        axes=tuple(axis.id for axis in piece.axes),
        frames=tuple(range(length)),
        points=tuple((0.5 + 0.3 * i / length, i / length) for i in range(length)),
        seed=3,
    )


def balance_db(audio: NDArray[Any]) -> NDArray[Any]:
    """How much louder the left is than the right, in eighths of the sound."""
    parts = audio[:, : audio.shape[1] // 8 * 8].reshape(2, 8, -1)
    power = np.mean(np.square(parts), axis=2)
    return np.asarray(10 * np.log10(power[0] / power[1]))


def test_turning_round_is_heard_and_as_it_is_rendered(instrument: Instrument) -> None:
    at = Carried(kind="voice", voice=instrument.piece.voices[0].id)
    world = World(
        axes=WalkAxes(x="x", azimuth="y"),
        placement="head",
        landmarks=(Landmark(id="bell", position=(0.0, 0.0, 0.0), size=(2.0, 2.0, 2.0), carries=at),),
        boxes=(Box(id="hall", position=(60.0, 0.0, 0.0), size=(70.0, 20.0, 20.0), decay=1.0),),
        edge=Edge(),
    )
    far_north = msgspec.structs.replace(
        world, landmarks=(), axes=WalkAxes(x="x", azimuth="y"), boxes=(), edge=None, placement="turn"
    )
    take = round_and_on(instrument)
    late = round(instrument.run("return i.instrument.lookAhead * i.instrument.sampleRate"))
    heard = []
    for each in (world, far_north):
        instrument.run(SET, plain(each))
        audio, start = instrument.capture_take(take)
        here = render_piece(instrument.piece, take, lambda _: Model(*organ()))
        there = audio[:, start + late : start + late + here.shape[1]]
        assert np.abs(here).max() > 0.05
        np.testing.assert_allclose(there[:, FADE:], here[:, FADE : there.shape[1]], atol=1e-4)
        heard.append(there)
    left = balance_db(heard[1])
    assert left[1:3].mean() > 5.0  # one looks east: what stands in the north is on the left
    assert left[5:7].mean() < -5.0
    assert instrument.errors == []


def test_a_world_is_given_a_head_and_walls_from_inside_it(instrument: Instrument) -> None:
    page = instrument.page
    bare = World(axes=WalkAxes(x="x", z="y"), flying=False, ground=Ground(shown=False))
    page.set_viewport_size({"width": 640, "height": 480})  # drawn by the processor
    instrument.run(SET, plain(bare))
    page.evaluate("location.hash = '#walk'")
    page.locator("isobath-walk canvas.world").wait_for()
    page.get_by_role("button", name="World G").click()
    panel = page.get_by_role("region", name="The world")
    panel.get_by_label("Does", exact=True).select_option("head")
    panel.get_by_role("button", name="Walls around me").click()
    panel.get_by_role("switch", name="It is heard").press("Space")
    instrument.run("await t.until(() => i.store.state.piece.world.edge !== null, 'an edge')")
    piece = instrument.piece
    assert piece.world is not None
    assert piece.world.placement == "head"
    assert piece.axes[-1].id == piece.world.axes.azimuth
    assert len(piece.world.boxes) == 1
    assert [each.axes for each in piece.voices[0].mapping.outputs] == [(0, 1)] * 3
    page.evaluate("document.querySelector('isobath-walk').walker.look(0.25, 0)")
    instrument.run(
        "await t.until(() => i.performer.values[given] > 0.2, 'a head that has turned')", len(piece.axes) - 1
    )
    audio = instrument.capture("await t.wait(400)")
    assert balance_db(audio).mean() > 1.0  # within walls, where much comes from everywhere
    for _ in range(3):
        instrument.run("i.store.undo()")
    instrument.run("await t.until(() => i.store.state.piece.axes.length === 2, 'what was before')")
    assert instrument.piece.world == bare
    assert instrument.errors == []
