"""A world as a folder: served by nothing but a file server, and it sounds as it is rendered."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from isobath.engine.rendering import render_piece
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.mapping import Mapping
from isobath.models.coder import load
from isobath.protocol.messages import Fit, Fitted
from isobath.protocol.piece import Piece
from isobath.server.alone import export_alone, write_folder
from isobath.server.learn import learn
from tests.browser.conftest import STEADY, need_page
from tests.browser.instrument import HELPERS, Instrument

pytestmark = pytest.mark.browser

WALK = "document.querySelector('isobath-walk')"
SHORE = "example-walk-4"
NO_WEBGL = """
const usual = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : usual.call(this, kind, ...rest);
};
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Python's own file server, which knows nothing of Isobath."""

    def log_message(self, format: str, *args: Any) -> None:
        """Not at all."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    """The shore, published."""
    need_page()
    home = tmp_path_factory.mktemp("home")
    target: Path = tmp_path_factory.mktemp("site") / "shore"
    with Library.open(Home(home)) as library:
        write_folder(export_alone(library, library.read(SHORE), "0.1.0"), target)
    return target


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where it is served, in a folder of a host."""
    serve = functools.partial(Quiet, directory=str(folder.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/shore/"
        server.shutdown()


@pytest.fixture
def visitor(context: Any, address: str) -> Iterator[Instrument]:
    """Somebody who was given the address."""
    own = context.browser.new_context(viewport={"width": 640, "height": 480})
    own.add_init_script(STEADY)
    page = own.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    played = Instrument(page, f"{address}#play")  # without the world, which a processor draws slowly
    played.asked = asked  # type: ignore[attr-defined]
    played.start()
    yield played
    own.close()


def test_a_published_world_opens_and_sounds_as_it_is_rendered(visitor: Instrument, address: str) -> None:
    page = visitor.page
    assert page.title() == "The shore · Isobath"
    whole = visitor.piece.takes[0]
    take = msgspec.structs.replace(whole, length=172)
    heard, start = visitor.capture_take(take)
    rendered = render_piece(visitor.piece, take, load)
    delay = round(visitor.run("return i.instrument.lookAhead * i.instrument.sampleRate"))
    played = heard[:, start + delay : start + delay + rendered.shape[1]]
    assert np.abs(rendered).max() > 0.01
    np.testing.assert_allclose(played[:, 600:], rendered[:, 600:], atol=1e-3)
    page.goto(address)
    page.locator("isobath-walk canvas.world").wait_for()
    assert all(each.startswith((address, "data:", "blob:")) for each in visitor.asked)  # type: ignore[attr-defined]
    assert visitor.errors == []


def test_a_walk_in_the_address_is_walked_along(visitor: Instrument) -> None:
    page = visitor.page
    page.add_init_script(NO_WEBGL)  # the plan is drawn at once; the world takes a processor seconds
    page.goto(page.url.partition("#")[0] + "#walk")
    page.reload()
    page.locator("isobath-walk canvas.plan").wait_for()
    page.evaluate(HELPERS)
    page.evaluate("void (navigator.clipboard.writeText = async () => { throw new Error(); })")
    page.get_by_role("button", name="Share the walk").click()
    visitor.run("await t.until(() => location.hash.startsWith('#walk='), 'the link', 30000)")
    page.reload()
    again = Instrument(page, page.url)
    assert again.run("return i.store.state.takes.playing") is None
    again.start()
    again.run("await t.until(() => i.store.state.takes.playing !== null, 'a walk of its own accord', 30000)")
    page.get_by_role("button", name="Stop the replay").wait_for()
    assert len(again.piece.takes) == len(visitor.piece.takes), "nothing is added to the piece"


def test_once_loaded_it_opens_without_a_network_and_an_update_is_not_missed(
    visitor: Instrument, folder: Path
) -> None:
    page = visitor.page
    visitor.run("await t.until(() => navigator.serviceWorker.controller !== null, 'its keeper', 30000)")
    visitor.run(
        """
        const kept = async () => (await Promise.all((await caches.keys()).map(async (name) =>
          (await (await caches.open(name)).keys()).map((each) => each.url)))).flat();
        let all = [];
        const wanted = ["world/world.json", ".decoder", "/assets/", "/shore/"];
        const many = (shape) => all.filter((url) => shape.test(url)).length;
        const models = i.store.state.models.length; // each is two files, and comes in its own time
        const there = () => wanted.every((each) => all.some((url) => url.includes(each)))
          && many(/\\.decoder$/) >= models && many(/world\\/[0-9a-f]{16}\\.json$/) >= models;
        const looking = setInterval(async () => { all = await kept(); }, 200);
        await t.until(there, "everything kept", 30000);
        clearInterval(looking);
        """
    )
    page.context.set_offline(True)
    page.reload()
    again = Instrument(page, page.url)
    again.start()
    assert again.piece.name == "The shore"
    page.context.set_offline(False)
    mark = folder / "world" / "world.json"
    published = mark.read_text(encoding="utf-8")
    try:
        mark.write_text(published.replace('"name":"The shore"', '"name":"The other shore"'), encoding="utf-8")
        page.reload()
        again = Instrument(page, page.url)
        assert again.piece.name == "The other shore"
    finally:
        mark.write_text(published, encoding="utf-8")


def test_what_a_visitor_demonstrates_is_learned_here_and_stays_in_the_browser(visitor: Instrument) -> None:
    page = visitor.page
    before = visitor.piece
    point = [0.41, 0.62, 0.3, 0.1, 0.5]
    visitor.run(
        """
        i.performer.setAll(given);
        const first = (voice, k) => k > 0 ? voice : ({ ...voice,
          demonstrations: [...voice.demonstrations, { id: "new", point: given, label: "mine", weight: 1,
            latent: voice.demonstrations[0].latent.map((x, d) => x + d / 5), colour: "#7fb2ff",
            muted: false }],
        });
        i.store.edit("demonstrate", (piece) => ({ ...piece, voices: piece.voices.map(first) }));
        """,
        point,
    )
    count = len(before.voices[0].demonstrations) + 1
    visitor.run(
        """
        const voice = () => i.store.state.piece.voices[0];
        await t.until(() => voice().demonstrations.length === given && voice().fitted.errors.length === given
          && i.store.state.fits.get(voice().id + ":a").state === "fitted", "what was learned");
        """,
        count,
    )
    piece = visitor.piece
    voice = piece.voices[0]
    told = learn(
        Fit(
            request=1,
            settings=voice.mapping,
            axes=len(piece.axes),
            dims=len(voice.demonstrations[0].latent),
            demonstrations=voice.demonstrations,
            kept=before.voices[0].fitted,
        )
    )
    assert isinstance(told, Fitted)
    places = np.random.default_rng(1).random((50, len(piece.axes)))
    assert voice.fitted is not None
    here, there = Mapping.from_plain(voice.fitted), Mapping.from_plain(told.mapping)
    np.testing.assert_allclose(here(places), there(places), atol=1e-5)
    # It is there again when the page is.
    visitor.run("await t.wait(600)")
    page.reload()
    again = Instrument(page, page.url)
    assert len(again.piece.voices[0].demonstrations) == count
    # And gone when one wants it gone.
    page.locator("[data-panel=keep]").click()
    with page.expect_navigation():
        page.get_by_role("button", name="As it was published").click()
    fresh = Instrument(page, page.url)
    assert len(fresh.piece.voices[0].demonstrations) == count - 1
    assert msgspec.convert(msgspec.to_builtins(fresh.piece), type=Piece).name == "The shore"
