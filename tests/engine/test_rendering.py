import json
import os
from pathlib import Path

import numpy as np
import pytest

from isobath.engine import find_take, render_piece, rendering
from isobath.engine.takes import TakeReader
from isobath.engine.voices import voices_of
from isobath.errors import MappingError, ModelMismatch, PieceError
from isobath.protocol.piece import Axis, MappingSettings, Master, Output, Piece, Shaping
from isobath.sound.spectrum import third_octaves

from .loudspeaker import RATE, loudspeaker
from .pieces import AXES, HOP, MODELS, circle, demonstrations, load_model, piece, voice

GOLDEN = Path(__file__).parents[1] / "golden" / "rendering.json"
FADE = RATE // 100


def test_a_take_lasts_its_frames() -> None:
    take = circle(length=123)
    assert render_piece(piece(take=take), take, load_model).shape == (2, 123 * HOP)


def test_a_take_sounds_like_its_path_decoded() -> None:
    """Frame f of the take is heard at sample f * hop: the limiter's delay is taken out."""
    still = voice(shaping=Shaping(smoothing_seconds=0.0, clamp=0.0), gain_db=-20.0)
    take = circle()
    heard = render_piece(piece(still), take, load_model)
    played = voices_of(piece(still), load_model)[0]
    reader = TakeReader(take, AXES, RATE)
    path = np.stack([played.latent(reader(f * HOP)) for f in range(take.length)], axis=1).astype(np.float32)
    decoded = MODELS["whistle"].decode(path, seed=take.seed)
    assert np.abs(heard).max() < 0.2, "too soft for guard and limiter"
    np.testing.assert_allclose(heard[0, FADE:], 0.1 * decoded[0, FADE:], atol=1e-6)


def test_the_same_take_sounds_the_same_and_another_seed_does_not() -> None:
    lively = voice(shaping=Shaping(drift=1.0, drift_seconds=0.1, noise=(0.2,) * 4))
    one, again = (render_piece(piece(lively), circle(), load_model) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    other = circle(seed=5)
    assert np.abs(render_piece(piece(lively, take=other), other, load_model) - one).max() > 0.01


def test_voices_of_different_hops_hear_the_gesture_of_one_moment() -> None:
    MODELS["slow"] = loudspeaker(hop=96)
    two = piece(voice(gain_db=-20.0), voice("slow", demonstrations=demonstrations(dims=96), gain_db=-50.0))
    heard = render_piece(two, circle(), load_model)
    alone = render_piece(piece(voice(gain_db=-20.0)), circle(), load_model)
    slow = render_piece(
        piece(voice("slow", demonstrations=demonstrations(dims=96), gain_db=-50.0)), circle(), load_model
    )
    np.testing.assert_allclose(heard[:, FADE:], alone[:, FADE:] + slow[:, FADE:], atol=1e-5)


def test_a_mapping_kept_in_the_piece_is_used_as_it_is() -> None:
    from isobath.mapping import fit

    shown = demonstrations()
    mapping = fit([d.point for d in shown], [d.latent for d in shown])
    kept = voice(demonstrations=(), fitted=mapping.to_plain())
    np.testing.assert_allclose(
        render_piece(piece(kept), circle(), load_model),
        render_piece(piece(), circle(), load_model),
        atol=1e-5,
    )


def test_side_b_plays_the_other_mapping() -> None:
    other = MappingSettings(algorithm="linear")
    a, b = (
        render_piece(piece(voice(side=side, other=other)), circle(), load_model)  # type: ignore[arg-type]
        for side in ("a", "b")
    )
    assert np.abs(a - b).max() > 1e-3


def test_without_a_mapping_the_sliders_are_heard_and_else_the_mean() -> None:
    silent = voice(demonstrations=())
    held = voice(demonstrations=(), shaping=Shaping(hold=(1.0, -1.0)))
    assert voices_of(piece(silent), load_model)[0].latent(np.zeros(2)).tolist() == [0, 0, 0, 0]
    assert voices_of(piece(held), load_model)[0].latent(np.zeros(2)).tolist() == [1, -1, 0, 0]


def test_dimensions_switched_off_keep_the_slider_and_locked_ones_their_value() -> None:
    outputs = (Output(mode="off"), Output(mode="locked", value=0.75), Output(mode="off"))
    settings = MappingSettings(outputs=outputs)
    played = voices_of(piece(voice(mapping=settings, shaping=Shaping(hold=(2.0,)))), load_model)[0]
    assert played.latent(np.array([0.3, 0.4]))[:3].tolist() == [2.0, 0.75, 0.0]


def test_a_muted_voice_is_silent() -> None:
    assert not render_piece(piece(voice(muted=True)), circle(), load_model).any()


def test_a_long_take_comes_in_blocks_that_add_up() -> None:
    take = circle(length=900)
    work = rendering(piece(take=take), take, load_model)
    blocks = list(work.blocks)
    assert max(block.shape[1] for block in blocks) <= 16384 + 64
    whole = render_piece(piece(take=take), take, load_model)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), whole)


def test_progress_goes_to_one() -> None:
    told: list[float] = []
    render_piece(piece(), circle(length=900), load_model, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_takes_are_found_by_name_or_id_and_the_last_is_the_default() -> None:
    take = circle()
    made = piece(take=take)
    assert find_take(made) is find_take(made, "circle") is find_take(made, "round and round") is take
    with pytest.raises(PieceError, match=r'no take called "x".*"round and round"'):
        find_take(made, "x")


def test_what_does_not_fit_together_is_a_sentence() -> None:
    take = circle()
    with pytest.raises(ModelMismatch, match="4 latent dimensions"):
        render_piece(piece(voice(demonstrations=demonstrations(dims=3))), take, load_model)
    with pytest.raises(PieceError, match="no voices"):
        render_piece(Piece(id="p", name="p", takes=(take,)), take, load_model)
    with pytest.raises(PieceError, match="8 can sound"):
        render_piece(piece(*[voice()] * 9), take, load_model)
    one = Piece(id="p", name="p", axes=(Axis(id="x", name="x"),), voices=(voice(),))
    with pytest.raises(MappingError, match="has 2 axes, but the piece has 1"):
        render_piece(one, take, load_model)


def test_it_sounds_as_it_did() -> None:
    """Golden spectrum. After a change that is meant: ISOBATH_NEW_GOLDEN=1 pytest, and look at the diff."""
    lively = voice(shaping=Shaping(drift=0.5, drift_seconds=0.3, noise=(0.1,) * 4), pan=-0.4)
    wide = voice("wide", shaping=Shaping(held=(1.0,), hold=(1.0,)), gain_db=-3.0, pan=0.3)
    take = circle(length=750)
    made = piece(lively, wide, take=take, master=Master(gain_db=6.0))
    heard = third_octaves(render_piece(made, take, load_model), RATE)
    if os.environ.get("ISOBATH_NEW_GOLDEN"):
        GOLDEN.write_text(json.dumps(np.round(heard, 2).tolist()) + "\n")
    golden = np.asarray(json.loads(GOLDEN.read_text()))
    assert np.abs(heard - golden).max() < 0.1
