"""What the stage shows beside its sound."""

from __future__ import annotations

import numpy as np
import pytest

from isobath.engine.live import Live
from isobath.models.coder import bundled, load
from isobath.outputs.stage.showing import BYTES, Showing
from isobath.protocol.piece import Axis, Piece, Source, Voice


def test_what_a_worker_shows_is_read_whole() -> None:
    showing = Showing(np.zeros(BYTES, np.uint8))
    assert (len(showing.shown(0).gesture), showing.shown(1).dims) == (0, ())
    gesture, one = np.array([0.25, 0.75]), np.array([1.0, -2.0, 3.0], np.float32)
    showing.show(1, gesture, [one, None], [None, one], [(0.5, -20.0, 3.0), None])
    found = showing.shown(1)
    np.testing.assert_array_equal(found.gesture, gesture)
    assert (found.dims, found.ears) == ((3, 0), ((0.5, -20.0, 3.0), None))
    np.testing.assert_array_equal(found.meant[0], one)
    assert found.said[0] is None
    showing.show(1, gesture, [one], [one], [(0.0, -21.0, 2.0)])
    found = showing.shown(1)
    assert found.said[0] is not None
    assert found.ears[0] == (pytest.approx(0.45), -21.0, 2.0), "a peak falls slowly"
    assert showing.shown(0).dims == (), "the other one's is its own"


def test_a_voice_that_listens_shows_what_it_hears() -> None:
    model = load(bundled()["drums"])
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (1, model.sample_rate)).astype(np.float32)
    heard = Voice(id="v", model="drums", source=Source(kind="sound", sound="s"))
    own = Voice(id="w", model="drums")
    piece = Piece(id="p", name="p", axes=(Axis(id="x", name="x"),), voices=(heard, own))
    live = Live(piece, lambda _: model, lambda: np.array([0.5]), load_sound=lambda *_: noise)
    for _ in range(40):
        live.step()
    said, (ear, nothing) = live.said(), live.ears()
    assert ear is not None
    assert nothing is None
    assert ear[0] == pytest.approx(0.5, abs=0.05)
    assert said[0] is not None
    assert np.ptp(said[0]) > 0.1
    assert said[1] is None
