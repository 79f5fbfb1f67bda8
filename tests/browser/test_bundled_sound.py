"""The bundled models in a real browser: the page and `isobath render` make the same samples of them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext

from isobath.engine.rendering import render_piece
from isobath.library.load import load
from isobath.models.coder import Model
from isobath.protocol.piece import Piece, Take
from tests.browser.conftest import Server
from tests.browser.instrument import Instrument
from tests.browser.test_sound import SETTLED

pytestmark = pytest.mark.browser

FADE = 442
"""Samples over which what sounded before a take fades out."""

DRIFT = """
i.store.edit("off the mean", (piece) => ({
  ...piece,
  voices: piece.voices.map((voice) => ({ ...voice, shaping: { ...voice.shaping, ...given } })),
}));
"""


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Instrument]:
    """A page with nothing open."""
    playing = Instrument(context.new_page(), server.url)
    yield playing
    playing.page.close()


def heard(page: Instrument, take: Take) -> NDArray[np.float64]:
    """What the worklet plays for a take, from its first frame on and without the fade into it."""
    late = round(page.run("return i.instrument.lookAhead * i.instrument.sampleRate"))
    audio, start = page.capture_take(take)
    return audio[:, start + late + FADE :]


def made(piece: Piece, take: Take, model: Model) -> NDArray[np.float32]:
    """What `isobath render` makes of it."""
    return render_piece(piece, take, lambda _: model)[:, FADE:]


@pytest.mark.parametrize("name", ["drums", "guitar", "landscape", "voices"])
def test_a_bundled_model_plays_the_same_samples_on_the_page(page: Instrument, name: str) -> None:
    page.new_piece(name)
    page.start()
    model = load(name)
    latent = model.description.latent
    away = np.array(latent.mean) + np.array(latent.std) * np.resize([0.5, -0.5, 1.0], model.dims)
    shaping = {
        "clamp": 0,
        "held": [1.0] * model.dims,
        "hold": away.tolist(),
        "drift": 0.5,
        "drift_seconds": 0.3,
    }
    page.run(DRIFT, shaping)
    page.run(SETTLED)
    piece = page.piece
    take = Take(
        id="drifting", name="drifting", hop=model.hop, sample_rate=model.sample_rate, length=120,
        axes=tuple(axis.id for axis in piece.axes), frames=(0,), points=((0.5,) * len(piece.axes),), seed=5,
    )  # fmt: skip
    there, here = heard(page, take), made(piece, take, model)
    assert here.std() > 1e-3
    np.testing.assert_allclose(there[:, : here.shape[1]], here[:, : there.shape[1]], atol=1e-4)
    assert page.errors == []


def test_what_is_foreseen_of_the_landscape_is_taken_off_alike(page: Instrument) -> None:
    """The loud part of its walk, once the page has measured what to take off there."""
    page.run(
        "i.link.openPiece('example-walk-3'); await t.until(() => i.store.state.piece?.world, 'the walk');"
    )
    page.start()
    page.run(
        """
        i.store.edit("no placing", (piece) => ({ ...piece, world: { ...piece.world, placement: "none" } }));
        i.store.set({ listen: "play" });
        await t.until(() => i.store.state.piece.voices[0].safety !== null, "the safety map", 25000);
        """
    )
    page.run(SETTLED)
    piece = page.piece
    walk = piece.takes[0]
    first, last = (int(np.searchsorted(walk.frames, frame)) for frame in (800, 950))
    take = msgspec.structs.replace(
        walk,
        length=150,
        frames=tuple(frame - walk.frames[first] for frame in walk.frames[first:last]),
        points=walk.points[first:last],
    )
    there, model = heard(page, take), load("landscape")
    here = made(piece, take, model)
    np.testing.assert_allclose(there[:, : here.shape[1]], here[:, : there.shape[1]], atol=1e-4)
    unforeseen = [msgspec.structs.replace(voice, safety=None) for voice in piece.voices]
    louder = made(msgspec.structs.replace(piece, voices=tuple(unforeseen)), take, model)
    assert np.abs(louder - here).max() > 1e-3
    assert page.errors == []
