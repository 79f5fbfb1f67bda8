"""Takes over takes while they sound: axes that a hand is on are the performer's, the others the take's."""

from __future__ import annotations

import numpy as np
import pytest

from isobath.engine.live import Live
from isobath.engine.takes import finished
from isobath.models.coder import Model, bundled, load
from isobath.protocol.piece import Axis, Demonstration, Piece, Take, Voice

MODEL = "drums"


def load_model(_: str) -> Model:
    return load(bundled()[MODEL])


def piece(takes: tuple[Take, ...] = ()) -> Piece:
    dims = load_model("").dims
    shown = tuple(
        Demonstration(id=f"{x}{y}", point=(x, y), latent=(2 * x - 1, 2 * y - 1, *[0.0] * (dims - 2)))
        for x in (0.0, 1.0)
        for y in (0.0, 1.0)
    )
    voice = Voice(id="v", model=MODEL, demonstrations=shown)
    axes = (Axis(id="x", name="x"), Axis(id="y", name="y"))
    return Piece(id="p", name="Overdubs", axes=axes, voices=(voice,), takes=takes)


def below(loop: bool = False) -> Take:
    """Half a second: across first, then up."""
    model = load_model("")
    frames = model.sample_rate // (2 * model.hop)
    return Take(
        id="below", name="below", hop=model.hop, sample_rate=model.sample_rate, length=frames,
        axes=("x", "y"), frames=(0, frames // 4, frames // 2), points=((0.1, 0.2), (0.9, 0.2), (0.9, 0.8)),
        seed=7, loop=loop,
    )  # fmt: skip


class Hands:
    """Where the performer is, and what is touched."""

    def __init__(self) -> None:
        self.at, self.on = np.array([0.5, 0.5]), np.array([False, False])

    def live(self, made: Piece) -> Live:
        return Live(made, load_model, lambda: self.at.copy(), touched=lambda: self.on.copy())


def played(live: Live, steps: int) -> np.ndarray:
    return np.concatenate([live.step() for _ in range(steps)], axis=1)


def test_a_hand_takes_its_axis_from_a_take_and_gives_it_back() -> None:
    hands = Hands()
    live = hands.live(piece())
    hands.on[:] = True, False  # it lay there before: it does not count until it moves
    live.play(below(loop=True))
    live.step()
    np.testing.assert_array_equal(live.heard, (0.1, 0.2))
    hands.at[0] = 0.3
    live.step()
    np.testing.assert_array_equal(live.heard, (0.3, 0.2))
    hands.on[:] = False
    live.step()
    np.testing.assert_array_equal(live.heard, (0.1, 0.2))
    live.play(below(loop=True), hands=False)
    hands.on[:] = True
    hands.at[0] = 0.6
    live.step()
    np.testing.assert_array_equal(live.heard, (0.1, 0.2))


@pytest.mark.parametrize("loop", [False, True])
def test_an_overdub_replays_to_the_sample(loop: bool) -> None:
    hands, under = Hands(), below(loop)
    live = hands.live(piece())
    live.record(under.seed, over=under)
    blocks = []
    for step in range(140):  # longer than what lies below
        hands.on[1] = 20 <= step < 60 or step > 120
        hands.at[1] = 0.5 + 0.4 * np.sin(step / 9)
        blocks.append(live.step())
    sound = np.concatenate(blocks, axis=1)
    made = live.recorded("above", "above")
    assert made is not None
    assert (made.axes, made.over, made.loop, made.seed) == (("y",), "below", loop, under.seed)
    assert live.take is None, "what lay below ends with it"
    again = Hands().live(piece())
    again.play(made, (under, made))
    found = played(again, 140)
    # where no hand was on `y` yet, the overdub has the values it had below: they are its own now
    np.testing.assert_array_equal(found, sound)


def test_an_overdub_that_nobody_touched_changes_nothing() -> None:
    raw = Take(
        id="a", name="a", hop=256, sample_rate=44100, length=9, axes=("x", "y"),
        frames=(0, 4), points=((0.1, 0.2, 0.0, 0.0), (0.3, 0.2, 0.0, 0.0)),
    )  # fmt: skip
    made = finished(raw, below())
    assert (made.axes, made.frames, made.points, made.over) == ((), (0,), ((),), "below")
    assert finished(raw, None) is raw


def test_a_latent_that_is_looked_at_is_played_and_left_without_a_step() -> None:
    hands = Hands()
    live = hands.live(piece())
    voice = live.voices[0]
    played(live, 12)
    mapped = voice.said
    assert mapped is not None
    wanted = mapped + 1.0
    live.direct("nobody", wanted.tolist())
    live.direct("v", wanted.tolist())
    steps = []
    for _ in range(12):
        before = live.meant()[0]
        live.step()
        after = live.meant()[0]
        steps.append(np.abs(after - before).max())
    np.testing.assert_allclose(live.meant()[0], wanted)
    assert max(steps) < 0.25, "it is blended in"
    assert voice.trim(hands.at) == 1.0
    live.direct("v", (wanted + 0.5).tolist())
    live.step()
    np.testing.assert_allclose(live.meant()[0], wanted + 0.5)
    live.direct("v", None)
    played(live, 14)
    np.testing.assert_allclose(live.meant()[0], mapped)
