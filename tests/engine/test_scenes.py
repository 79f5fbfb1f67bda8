"""Scenes: what recalling one does, the way through them, and that nothing clicks on it."""

from typing import Any

import msgspec
import numpy as np
import pytest

from isobath.engine.live import Live, passed_over, prepare
from isobath.engine.morphing import go_over
from isobath.engine.rendering import render_piece
from isobath.engine.scenes import recalled, stations, widened
from isobath.protocol.piece import Demonstration, Piece, Scene, SceneChange, Shaping, Take, Voice
from isobath.types import Audio

from .loudspeaker import RATE
from .pieces import HOP, demonstrations, load_model, piece, voice

STILL = Take(
    id="still", name="still", hop=HOP, sample_rate=RATE, length=400, axes=("x", "y"),
    frames=(0,), points=((0.4, 0.6),),
)  # fmt: skip
BRIGHT = voice(
    demonstrations=tuple(
        Demonstration(id=each.id, point=each.point, latent=tuple(-value for value in each.latent))
        for each in demonstrations()
    ),
    shaping=Shaping(smoothing_seconds=0.01, bias=(0.4, 0.0, 0.0, 0.0)),
    gain_db=-3.0,
)
DARK = Scene(id="dark", name="Dark", morph_seconds=1.0, voices=(voice(),))
LIGHT = Scene(id="light", name="Light", morph_seconds=1.0, voices=(BRIGHT,))
OTHER = Scene(id="other", name="Other", morph_seconds=0.5, voices=(voice("wide"),))


def staged(*changes: SceneChange, take: Take = STILL) -> tuple[Piece, Take]:
    take = msgspec.structs.replace(take, scenes=changes)
    return piece(take=take, scenes=(DARK, LIGHT, OTHER)), take


def largest_step(sound: Audio) -> float:
    return float(np.abs(np.diff(sound.astype(np.float64), axis=1)).max())


def test_recalling_takes_no_voice_away_and_brings_what_is_missing() -> None:
    here, _ = staged()
    there = recalled(here, OTHER)
    assert [(each.id, each.muted) for each in there.voices] == [("whistle", True), ("wide", False)]
    assert there.scene == "other"
    assert there.recalls == here.recalls + 1
    back = recalled(there, DARK)
    assert [(each.id, each.muted) for each in back.voices] == [("whistle", False), ("wide", True)]


def test_a_take_goes_through_its_scenes_with_all_their_voices() -> None:
    here, take = staged(
        SceneChange(frame=90, scene="other", seconds=0.5), SceneChange(frame=0, scene="light")
    )
    way = stations(here, take)
    assert [each.frame for each in way] == [0, 90]
    assert [[each.id for each in station.piece.voices] for station in way] == [["whistle", "wide"]] * 2
    assert way[0].piece.voices[1].muted
    gone = msgspec.structs.replace(take, scenes=(SceneChange(frame=3, scene="nobody"),))
    assert stations(here, gone) == ()


def test_a_take_without_scenes_is_the_same_as_ever() -> None:
    here, take = staged()
    plain = piece(take=take)
    assert np.array_equal(render_piece(here, take, load_model), render_piece(plain, take, load_model))


@pytest.mark.parametrize("scene", ["light", "other"])
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.3])
def test_no_scene_clicks(scene: str, seconds: float) -> None:
    here, take = staged(SceneChange(frame=150, scene=scene, seconds=seconds))
    begins, ends = (
        render_piece(found, found.takes[0], load_model)
        for found in (staged()[0], staged(SceneChange(frame=0, scene=scene))[0])
    )
    natural = max(largest_step(begins), largest_step(ends))
    assert largest_step(render_piece(here, take, load_model)) <= 1.1 * natural


def live_of(*voices: Voice, **more: object) -> Live:
    here = piece(*voices, scenes=(DARK, LIGHT, OTHER), **more)
    return Live(here, load_model, lambda: np.array([0.4, 0.6]))


def play(live: Live, seconds: float) -> Audio:
    blocks, samples = [], 0
    while samples < seconds * live.rate:
        blocks.append(live.step())
        samples += blocks[-1].shape[1]
    return np.concatenate(blocks, axis=1)


def test_a_long_way_is_interrupted_without_a_corner() -> None:
    live = live_of(voice())
    play(live, 0.3)
    live.change(prepare(recalled(live.piece, LIGHT), live))
    before = play(live, 0.45)
    heard = live.latents()[0].copy()
    live.change(prepare(recalled(live.piece, DARK), live))
    live.step()
    assert np.abs(live.latents()[0] - heard).max() < 0.05
    after = play(live, 1.2)
    resting = live_of(voice())
    play(resting, 1.0)
    assert np.allclose(live.latents()[0], resting.latents()[0], atol=1e-3)
    natural = max(largest_step(play(live_of(voice()), 1.0)), largest_step(play(live_of(BRIGHT), 1.0)))
    assert largest_step(np.concatenate([before, after], axis=1)) <= 1.1 * natural


def test_a_change_that_is_prepared_while_another_is_taken_over_keeps_its_mapping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = live_of(voice())
    first = msgspec.structs.replace(live.piece, voices=(BRIGHT,))
    louder = msgspec.structs.replace(BRIGHT, gain_db=-1.0)
    prepared = []

    def meanwhile(*given: Any) -> None:  # another thread, in the middle of the change
        prepared.append(prepare(msgspec.structs.replace(first, voices=(louder,)), live))
        go_over(*given)

    monkeypatch.setattr("isobath.engine.live.go_over", meanwhile)
    one = prepare(first, live)
    live.change(one)
    monkeypatch.undo()
    live.change(prepared[0])
    gesture = np.array([0.4, 0.6])
    newest, meant = live.voices[0].newest, one.voices[0].mapping
    assert newest is not None
    assert meant is not None
    np.testing.assert_array_equal(newest(gesture), meant(gesture))


def test_a_scene_arrives_in_its_time_and_in_a_straight_line() -> None:
    live = live_of(voice())
    play(live, 0.2)
    start = live.latents()[0].copy()
    live.change(prepare(recalled(live.piece, LIGHT), live))
    play(live, 0.5)
    middle = live.latents()[0].copy()
    play(live, 0.6)
    end = live.latents()[0].copy()
    whole = live_of(BRIGHT)
    play(whole, 0.5)
    assert np.allclose(end, whole.latents()[0], atol=1e-3)
    assert np.allclose(middle, (start + end) / 2, atol=0.05)


def test_a_stage_goes_through_a_take_s_scenes_as_rendering_does_and_home_again() -> None:
    here, take = staged(SceneChange(frame=90, scene="light", seconds=0.3), SceneChange(frame=0, scene="dark"))
    here = msgspec.structs.replace(here, voices=(BRIGHT,))
    live = Live(here, load_model, lambda: np.array([0.4, 0.6]))
    way = live.way_of(take)
    assert way is not None
    live.play(take, way=way)
    rendered = render_piece(here, take, load_model)
    heard = play(live, 0.5)[:, live.player.delay :]
    np.testing.assert_array_equal(heard, rendered[:, : heard.shape[1]])
    live.change(prepare(msgspec.structs.replace(here, voices=(voice(gain_db=-6.0),)), live))
    live.stop()
    play(live, 0.4)
    whole = live_of(voice(gain_db=-6.0))
    play(whole, 0.6)
    assert np.allclose(live.latents()[0], whole.latents()[0], atol=1e-3)
    assert live.way_of(staged()[1]) is None
    assert live.way_of(staged(SceneChange(frame=9, scene="other"))[1]) is None, "it lacks that voice"


def test_of_a_take_s_scenes_only_those_that_bring_a_voice_are_passed_over() -> None:
    here, take = staged(
        SceneChange(frame=0, scene="light"),
        SceneChange(frame=60, scene="other", seconds=0.2),
        SceneChange(frame=90, scene="dark", seconds=0.3),
    )
    live = live_of(voice())
    assert passed_over(live.piece, take) == (OTHER,)
    way = live.way_of(take)
    assert way is not None
    assert (way.frames, way.seconds) == ((0, 90), (0.0, 0.3))
    there = recalled(here, OTHER)
    assert passed_over(there, take) == ()


def test_with_all_voices_of_its_way_a_stage_leaves_none_of_a_take_s_scenes_out() -> None:
    here, take = staged(SceneChange(frame=40, scene="other", seconds=0.2), SceneChange(frame=0, scene="dark"))
    wide = widened(here, take)
    assert [(each.id, each.muted) for each in wide.voices] == [("whistle", False), ("wide", True)]
    assert widened(here, STILL) is here
    assert passed_over(wide, take) == ()
    live = Live(wide, load_model, lambda: np.array([0.4, 0.6]))
    live.play(take, way=live.way_of(take))
    rendered = render_piece(here, take, load_model)
    heard = play(live, 0.4)[:, live.player.delay :]
    np.testing.assert_array_equal(heard, rendered[:, : heard.shape[1]])


def test_frozen_latents_stay_and_glide_back() -> None:
    where = np.array([0.2, 0.2])
    live = Live(piece(), load_model, lambda: where.copy())
    play(live, 0.3)
    held = live.latents()[0].copy()
    live.freeze(True)
    where[:] = 0.9
    play(live, 0.3)
    assert np.array_equal(live.latents()[0], held)
    live.freeze(False)
    first = live.step()
    assert np.abs(live.latents()[0] - held).max() < 0.1 * max(1.0, float(np.abs(held).max()))
    sound = play(live, 0.6)
    free = Live(piece(), load_model, lambda: np.array([0.9, 0.9]))
    natural = max(largest_step(play(free, 1.0)), largest_step(play(live_of(voice()), 1.0)))
    assert np.allclose(live.latents()[0], free.latents()[0], atol=1e-3)
    assert largest_step(np.concatenate([first, sound], axis=1)) <= 1.1 * natural


def test_learning_anew_during_play_neither_clicks_nor_moves_what_did_not_change() -> None:
    """Ten demonstrations; another joins far away while the sound rests on one that is exactly met."""
    shown = demonstrations(10)
    at = np.array(shown[0].point)
    more = Demonstration(id="new", point=tuple(1.0 - at), latent=tuple((2.0 * np.ones(4)).tolist()))
    here = piece(voice(demonstrations=shown))
    live = Live(here, load_model, lambda: at.copy())
    quiet = play(live, 1.0)
    before = live.latents()[0].copy()
    taught = msgspec.structs.replace(
        here, voices=(msgspec.structs.replace(here.voices[0], demonstrations=(*shown, more)),)
    )
    live.change(prepare(taught, live))
    moved = 0.0
    blocks = []
    for _ in range(200):
        blocks.append(live.step())
        moved = max(moved, float(np.abs(live.latents()[0] - before).max()))
    assert moved < 1e-3
    assert largest_step(np.concatenate(blocks, axis=1)) <= 1.02 * largest_step(quiet)
