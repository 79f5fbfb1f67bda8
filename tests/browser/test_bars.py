"""A voice on a model of bars in the page, beside one of sound: both are heard, as they are rendered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import fftconvolve

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


def heard_of(heard: NDArray[np.floating], wanted: NDArray[np.floating], size: int = 2048) -> dict[int, bool]:
    """Of every piece of what is wanted that is not silence: whether it was heard, to the sample, where it
    belongs or up to a second later. (Where the ring catches up the sound jumps; a piece without a jump is
    that of the rendering.)"""
    found = {}
    for start in range(0, len(wanted) - size, size):
        part = wanted[start : start + size]
        room = heard[start : start + size + 44100]
        if np.abs(part).max() < 1e-3 or len(room) < size:
            continue
        energy = fftconvolve(room**2, np.ones(size), "valid")
        at = int(np.argmin(energy - 2 * fftconvolve(room, part[::-1], "valid")))  # where they differ least
        found[start] = bool(np.abs(room[at : at + size] - part).max() < 1e-3)
    assert len(found) > 5
    return found


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
    heard: dict[int, bool] = {}
    for _attempt in range(6):  # a busy machine is late now here, now there; the margin grows
        sound, start = page.capture_take(TAKE)
        found = heard_of(sound.mean(axis=0)[start:], wanted)
        heard = {piece: heard.get(piece, False) or found.get(piece, False) for piece in heard | found}
        if np.mean(list(heard.values())) > 0.5:
            return
    raise AssertionError(f"heard of {len(heard)} pieces: {sum(heard.values())}")
