"""Inside a world, by hand: what stands there is dragged by a real pointer, the map learns from where one
stands, zones and time move their axes, and what is near is shown and said."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from isobath.engine.hills import EYES
from isobath.protocol.world import Box, Cycle, Landmark, Memory, WalkAxes, World, Zone
from tests.browser.instrument import Instrument

pytestmark = pytest.mark.browser

WALK = "document.querySelector('isobath-walk')"
WIDTH, HEIGHT = 800, 400
FOCUS = HEIGHT / 2 / math.tan(math.radians(34))
"""Pixels: 68 degrees from the lower edge to the upper one."""

UNDRAWN = """
for (const name of ["drawElements", "drawElementsInstanced", "drawArrays", "drawArraysInstanced"])
  WebGL2RenderingContext.prototype[name] = () => {};
"""
"""The driver here is the processor; nothing of this is about pixels."""


def enter(instrument: Instrument, world: World, more_axes: tuple[str, ...] = ()) -> None:
    """Into that world, with axes beside the two that the place moves."""
    page = instrument.page
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.evaluate(UNDRAWN)
    instrument.run(
        """
        const more = (axes) => given.more.map((id) => ({ ...axes[0], id, name: id, rest: 0 }));
        i.store.edit("a world", (piece) => (
          { ...piece, axes: [...piece.axes, ...more(piece.axes)], world: given.world }));
        """,
        {"world": msgspec.to_builtins(world), "more": more_axes},
    )
    page.evaluate("location.hash = '#walk'")
    page.locator("isobath-walk canvas.world").wait_for()
    instrument.run(f"await t.until(() => {WALK}.walker !== null, 'a walker')")


def seen(pose: dict[str, float], position: tuple[float, float, float]) -> tuple[float, float]:
    """Where on the page a place is seen by who looks north."""
    away = pose["z"] - position[2]
    right, up = position[0] - pose["x"], position[1] - pose["y"]
    return WIDTH / 2 + FOCUS * right / away, HEIGHT / 2 - FOCUS * up / away


THINGS = {
    "landmarks": (2.0, EYES, -12.0),
    "boxes": (6.0, EYES, -14.0),
    "zones": (11.0, EYES, -16.0),
}
"""Apart from each other, and from the panel on the left."""


def test_landmarks_walls_and_zones_are_dragged_by_a_pointer(instrument: Instrument) -> None:
    size = (2.0, 2.0, 2.0)
    world = World(
        axes=WalkAxes(x="x", z="y"),
        start=(0.0, EYES, 0.0),
        landmarks=(Landmark(id="stone", label="a stone", position=THINGS["landmarks"], size=size),),
        boxes=(Box(id="hall", label="a hall", position=THINGS["boxes"], size=size),),
        zones=(Zone(id="mist", label="a mist", position=THINGS["zones"], size=size, axis="mood"),),
    )
    enter(instrument, world, ("mood",))
    mouse = instrument.page.mouse
    pose = instrument.run(f"return {{...{WALK}.walker.pose}}")
    for kind, position in THINGS.items():
        x, y = seen(pose, position)
        before = instrument.run(f"return i.store.state.piece.world.{kind}[0]")
        mouse.click(x, y)
        instrument.run(f"await t.until(() => {WALK}.editing.chosen === given, given)", before["id"])
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 20, y, steps=2)
        mouse.move(x + 40, y, steps=2)
        mouse.up()
        moved = instrument.run(
            f"""
            const now = () => i.store.state.piece.world.{kind}[0].position;
            await t.until(() => now()[0] > given + 0.5, "it where it was dragged");
            return now();
            """,
            position[0],
        )
        metres = 40 / FOCUS * math.dist(position, (pose["x"], pose["y"], pose["z"]))
        assert moved[0] - position[0] == pytest.approx(metres, rel=0.02)
        assert moved[1:] == pytest.approx(list(position[1:]), abs=0.02)
        assert instrument.run(f"return {WALK}.walker.pose.azimuth") == pose["azimuth"], (
            "and nobody looked about"
        )
        instrument.page.keyboard.press("Control+z")  # the whole drag is one step
        instrument.run(
            f"await t.until(() => i.store.state.piece.world.{kind}[0].position[0] === given, 'it back')",
            position[0],
        )
    assert instrument.errors == []


def test_what_is_dropped_where_one_stands_is_heard_there_again(instrument: Instrument) -> None:
    """Two sounds in hand are dropped at two places of the world; the map learns them."""
    enter(instrument, World(axes=WalkAxes(x="x", z="y"), start=(0.0, EYES, 0.0)))
    page = instrument.page
    sounds = {-30.0: [1.5, 0.2, -0.4], 30.0: [0.4, -0.6, 0.8]}
    instrument.run(
        """
        t.heardAt = async (x, wanted) => {
          const view = document.querySelector("isobath-walk");
          view.walker.goTo({ x, z: 0 });
          let heard = [];
          const keep = (event) => { heard = Array.from(event.detail.latent); };
          i.instrument.addEventListener("meters", keep);
          const near = () => heard.length > 0 && heard.every((z, d) => Math.abs(z - wanted[d]) < 0.05);
          await t.until(near, "that sound at that place, not " + heard);
          i.instrument.removeEventListener("meters", keep);
          return [heard, Array.from(i.performer.values)];
        };
        """
    )
    for count, (x, latent) in enumerate(sounds.items(), 1):
        instrument.run(
            f"""
            {WALK}.walker.goTo({{ x: given.x, z: 0 }});
            const {{ state }} = i.store, voice = state.piece.voices[0].id;
            const hand = {{ latent: given.latent, file: null, frame: 0 }};
            i.store.set({{ listen: "explore", explore: new Map(state.explore).set(voice, hand) }});
            await t.until(() => i.performer.at("x") === 0.5 + given.x / 120, "the place");
            """,
            {"x": x, "latent": latent},
        )
        page.locator("isobath-walk canvas.world").focus()
        page.keyboard.press("Enter")
        instrument.run(
            """
            const voice = () => i.store.state.piece.voices[0];
            await t.until(() => voice().demonstrations.length === given
              && voice().fitted?.errors.length === given, "the map");
            """,
            count,
        )
    for x, latent in sounds.items():
        heard, gesture = instrument.run("return t.heardAt(given[0], given[1])", [x, latent])
        np.testing.assert_allclose(heard, latent, atol=0.05)
        assert gesture[0] == pytest.approx(0.5 + x / 120)
    assert instrument.errors == []


SCRIPT = "<img src=x onerror='window.hit = 1'>"


def test_zones_time_memory_and_what_is_near_in_a_world_whose_model_is_missing(instrument: Instrument) -> None:
    world = World(
        axes=WalkAxes(x="x", z="y"),
        start=(0.0, EYES, 0.0),
        landmarks=(Landmark(id="odd", label=SCRIPT, position=(0.0, EYES, -8.0)),),
        zones=(Zone(id="mist", label="the mist", position=(40.0, EYES, 0.0), axis="mood"),),
        cycles=(Cycle(axis="tide", seconds=5.0, wave="triangle"),),
        memory=Memory(axis="worn", seconds=0.4),
    )
    enter(instrument, world, ("mood", "tide", "worn"))
    page = instrument.page
    line = page.locator(".walk-where")
    line.get_by_text(f"{SCRIPT}, 8 metres, ahead", exact=True).wait_for()
    page.keyboard.press("o")
    places = page.get_by_role("dialog", name="Places")
    places.get_by_text(SCRIPT).wait_for()  # letters, and no markup
    places.get_by_role("switch", name="Say what comes near").check()
    said = page.locator("#live")
    said.get_by_text(f"{SCRIPT}, 8 metres, ahead.").wait_for()
    assert page.evaluate("window.hit") is None
    # A zone switches its axis at one step, and the tide goes on whoever stands where.
    mood, tide = instrument.run("return [i.performer.at('mood'), i.performer.at('tide')]")
    assert mood == 0.0
    instrument.run(
        f"""
        {WALK}.walker.goTo({{ x: 42, z: 2 }}); // the middle of a place of four metres
        await t.until(() => i.performer.at("mood") === 1, "the mist");
        await t.until(() => Math.abs(i.performer.at("tide") - given) > 0.02, "the tide");
        await t.until(() => i.performer.at("worn") > 0.5, "a place that knows who stands there");
        {WALK}.walker.goTo({{ x: 20, z: 0 }});
        await t.until(() => i.performer.at("mood") === 0, "clear air");
        await t.until(() => i.performer.at("worn") < 0.5, "ground where nobody was");
        """,
        tide,
    )
    # Looking up becomes an axis from inside the world.
    page.locator("isobath-walk canvas.world").focus()
    page.keyboard.press("g")
    panel = page.get_by_role("region", name="The world")
    panel.get_by_label("Looking up moves").select_option(label="an axis of its own")
    instrument.run(
        f"""
        const world = () => i.store.state.piece.world;
        await t.until(() => world().axes.elevation !== null, "an axis");
        {WALK}.walker.look(0, 0.1);
        await t.until(() => Math.abs(i.performer.at(world().axes.elevation) - 0.7) < 1e-6, "a look up");
        """
    )
    # Whose model is not here is told, over the world, and can be put away.
    lost = "(piece) => ({ ...piece, voices: piece.voices.map((voice) => ({ ...voice, model: 'gone' })) })"
    instrument.run(f"i.store.edit('another model', {lost})")
    notice = page.locator("isobath-walk").get_by_role("alert")
    notice.get_by_text("The model “gone” is not here").wait_for()
    notice.get_by_role("button", name="Dismiss").click()
    notice.wait_for(state="detached")
    line.get_by_text("20 metres, to the left").wait_for()
    instrument.run("i.store.undo(); await t.until(() => i.store.state.connection.unsent === 0, 'it saved')")
    places.get_by_role("switch", name="Say what comes near").uncheck()  # this browser's, and others are in it
    assert instrument.errors == []
