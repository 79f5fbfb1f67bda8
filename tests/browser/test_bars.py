"""A voice on a model of bars in the page, beside one of sound: both are heard, as they are rendered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from isobath.engine import render_piece
from isobath.library.load import load_voice
from isobath.protocol.piece import Take
from tests.browser.conftest import Server
from tests.browser.instrument import Instrument

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

TAKE = Take(
    id="t",
    name="bars",
    hop=512,
    sample_rate=44100,
    length=260,
    axes=("x", "y"),
    frames=(0, 120),
    points=((0.2, 0.2), (0.8, 0.7)),
    seed=3,
)
STREAMING = "i.instrument.streamOf(0)?.state === 'playing' && i.instrument.streamOf(0).delay !== null"


@pytest.fixture(scope="module")
def page(context: BrowserContext, server: Server) -> Iterator[Instrument]:
    """A page with a piece of one voice on drums-2."""
    tab = context.new_page()
    playing = Instrument(tab, server.url)
    playing.new_piece("drums-2")
    playing.start()
    playing.run(f"await t.until(() => {STREAMING}, 'the voice', 30000);")
    yield playing
    tab.close()


def near(heard: NDArray[np.floating], wanted: NDArray[np.floating], size: int = 2048) -> float:
    """How many of the pieces of what is wanted are in what was heard, wherever they are."""
    found = []
    for start in range(0, len(wanted) - size, size):
        part = wanted[start : start + size]
        if np.abs(part).max() < 1e-3:
            continue
        room = heard[start : start + size + 22050]
        if len(room) < size:
            continue
        at = int(np.argmax(np.correlate(room, part, "valid")))
        found.append(np.abs(room[at : at + size] - part).max() < 1e-3)
    assert len(found) > 5
    return float(np.mean(found))


def test_a_take_of_bars_sounds_as_it_is_rendered(page: Instrument) -> None:
    page.run(
        """
        i.store.set({ listen: "play" });
        const mapping = { ...i.store.state.piece.voices[0].mapping, algorithm: "direct", reach: 2 };
        i.store.edit("test", (p) => ({ ...p, tempo: { ...p.tempo, bpm: 180 },
          voices: p.voices.map((v) => ({ ...v, mapping, bars: { ...v.bars, every: "beat" } })) }));
        await t.wait(400);
        """
    )
    piece = page.piece
    assert (piece.tempo.bpm, piece.voices[0].bars.every) == (180.0, "beat")
    wanted = render_piece(piece, TAKE, load_voice).mean(axis=0)
    for attempt in range(6):  # a busy machine may be late in the middle; the margin grows
        heard, start = page.capture_take(TAKE)
        # where the ring catches up it jumps; between jumps the samples are those of the rendering
        if near(heard.mean(axis=0)[start:], wanted) > 0.5:
            return
        assert attempt < 5
