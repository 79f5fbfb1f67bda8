"""A model of bars as a voice: bars in time, steered bar by bar, the same in every home of the loop."""

import threading
import time

import msgspec
import numpy as np
import pytest

from isobath import symbolic
from isobath.engine import render_piece
from isobath.engine.apart import Apart
from isobath.engine.controls import VoiceControls
from isobath.engine.live import Live, prepare
from isobath.errors import ModelMismatch
from isobath.library.load import load_voice
from isobath.protocol.piece import (
    Axis,
    BarsPlayed,
    Demonstration,
    Master,
    Piece,
    Source,
    Take,
    Tempo,
    Voice,
)
from isobath.protocol.world import Carried, Landmark, WalkAxes, World
from isobath.sound import pluck
from isobath.symbolic.jam.session import notes_of
from isobath.symbolic.playing import HOP, RATE, PlayedBars

DRUMS = symbolic.load("drums-2")


@pytest.fixture(scope="module")
def played():
    return PlayedBars(DRUMS)


@pytest.fixture(scope="module")
def sounding(played):
    return played.decoder()


def begun(sounding, **played):
    bpm = played.pop("bpm", 120.0)
    sounding.reset()
    sounding.attend(BarsPlayed(**played), bpm)
    return sounding


def puts(monkeypatch):
    """Where sounds are put on the line of samples."""
    from isobath.sound.mixing import Mixer

    at = []
    add = Mixer.add

    def noted(self, sound, sample, **how):
        at.append(sample)
        add(self, sound, sample, **how)

    monkeypatch.setattr(Mixer, "add", noted)
    return at


def hops(sounding, z, seconds):
    count = round(seconds * RATE / HOP)
    return sounding(np.repeat(np.asarray(z, np.float32)[:, None], count, axis=1))


def test_every_hit_sounds_on_its_sample(sounding, monkeypatch):
    begun(sounding)
    at = puts(monkeypatch)
    z = DRUMS.statistics.phrases[5]
    hops(sounding, z, 4.2)
    step = 15.0 * RATE / 120
    expected = sorted(
        max(0.0, note[0]) * step for start in (0, 32) for note in notes_of(DRUMS.decode(z), start)
    )
    expected = [each for each in expected if each < 4.2 * RATE - 2 * step]
    assert np.abs(np.array(sorted(at)[: len(expected)]) - expected).max() <= 1.0


def test_the_place_is_read_anew_at_each_bar_and_the_second_bar_follows_the_first(sounding, monkeypatch):
    begun(sounding)
    at = puts(monkeypatch)
    one, other = DRUMS.statistics.phrases[5], DRUMS.statistics.phrases[60]
    bar = round(2.0 * RATE / HOP)
    hops(sounding, one, 2.0 * (bar - 4) / bar)  # not quite a bar: the next is decided by now
    hops(sounding, other, 2.0)
    step = 15.0 * RATE / 120
    steps = {round(each / step) for each in at if each < 32 * step}
    first = {int(s) for s, _ in zip(*DRUMS.decode(one).hits.nonzero(), strict=True)}
    second = {int(s) for s, _ in zip(*DRUMS.decode(one).hits.nonzero(), strict=True) if s >= 16}
    assert steps <= first | {32}
    assert {each for each in steps if each >= 16} <= second | {32}


@pytest.mark.parametrize("every", ["step", "beat", "bar", "phrase"])
def test_however_often_it_is_read_a_place_that_stands_is_the_same_phrase(sounding, every):
    z = DRUMS.statistics.phrases[9]
    whole = hops(begun(sounding, every="bar"), z, 4.0)
    assert np.array_equal(hops(begun(sounding, every=every), z, 4.0), whole)


def test_another_tempo_goes_on_from_where_it_is(sounding, monkeypatch):
    begun(sounding)
    at = puts(monkeypatch)
    z = DRUMS.statistics.phrases[5]
    hops(sounding, z, 1.0)
    where = sounding._position(sounding._sample)
    sounding.attend(BarsPlayed(), 240.0)
    assert sounding._position(sounding._sample) == pytest.approx(where)
    hops(sounding, z, 2.0)
    assert sounding._position(sounding._sample) == pytest.approx(where + 32.0, abs=0.2)
    assert sorted(at) == at
    sounding.attend(BarsPlayed(), float("nan"))
    hops(sounding, z, 0.1)


def test_where_nobody_waits_a_note_that_is_not_made_yet_is_our_own(monkeypatch):
    model = symbolic.load("melody")
    made, free = [], threading.Event()

    def make(pitch, force, seconds, rate, tune=1.0):
        free.wait(20.0)
        made.append(pitch)
        return pluck.note(pitch, force, seconds, rate, tune)

    monkeypatch.setattr("isobath.symbolic.jam.latent_sounds.note", make)
    sounding = PlayedBars(model, live=True).decoder()
    sounding.attend(BarsPlayed(sounds="latent"), 120.0)
    latent = model.statistics.phrases[0][:, None].repeat(400, axis=1)
    began = time.monotonic()
    assert np.abs(sounding(latent)).max() > 0.01
    assert time.monotonic() - began < 10.0
    assert made == []
    free.set()


def test_a_melody_is_one_line(monkeypatch):
    model = symbolic.load("melody")
    sounding = PlayedBars(model).decoder()
    at = puts(monkeypatch)
    sound = hops(sounding, model.statistics.phrases[5], 2.5)
    assert at
    assert np.abs(sound).max() > 0.05
    assert np.isfinite(sound).all()


def test_it_listens_to_nothing(played):
    with pytest.raises(ModelMismatch, match="cannot listen"):
        Apart(played).set(VoiceControls(source=Source(kind="input")))


def piece(every="bar"):
    points = ((0.1, 0.1), (0.9, 0.9))
    shown = tuple(
        Demonstration(id=str(i), point=p, latent=tuple(float(v) for v in DRUMS.statistics.phrases[20 * i]))
        for i, p in enumerate(points)
    )
    sound = Demonstration(id="s", point=points[1], latent=(0.5,) * 7)
    return Piece(
        id="p",
        name="both",
        axes=(Axis(id="x", name="x"), Axis(id="y", name="y")),
        tempo=Tempo(bpm=150.0),
        voices=(
            Voice(id="sound", model="drums", demonstrations=(sound,)),
            Voice(id="bars", model="drums-2", demonstrations=shown, bars=BarsPlayed(every=every)),
        ),
    )  # fmt: skip


def take(length=500):
    frames = tuple(range(0, length, 50))
    points = tuple((0.1 + 0.8 * i / len(frames),) * 2 for i in range(len(frames)))
    axes = ("x", "y")
    return Take(
        id="t", name="t", hop=256, sample_rate=44100, length=length, axes=axes, frames=frames, points=points
    )


def test_sound_and_bars_play_in_one_piece_and_the_same_each_time(monkeypatch, tmp_path):
    monkeypatch.setenv("ISOBATH_HOME", str(tmp_path))
    both = piece()
    sound = render_piece(both, take(), load_voice)
    assert np.array_equal(sound, render_piece(both, take(), load_voice))
    alone = [
        render_piece(msgspec.structs.replace(both, voices=(voice,)), take(), load_voice)
        for voice in both.voices
    ]
    assert all(np.abs(each).max() > 0.01 for each in alone)
    assert not np.allclose(sound, alone[0])


def test_one_steers_walks_and_hears_bars_from_where_they_stand(monkeypatch, tmp_path):
    monkeypatch.setenv("ISOBATH_HOME", str(tmp_path))
    drummer = Landmark(
        id="stage", position=(-15.0, 1.0, 15.0), carries=Carried(kind="voice", voice="bars", rolloff=4.0)
    )
    world = World(
        axes=WalkAxes(x="x", z="y"),
        size=(40.0, 40.0, 40.0),
        landmarks=(drummer,),
        placement="turn",
    )
    walked = msgspec.structs.replace(piece(), world=world)
    walked = msgspec.structs.replace(walked, master=Master(guard_db=0.0))

    def loud(voices, at):
        stands = msgspec.structs.replace(take(), points=((at, at),), frames=(0,))
        sound = render_piece(msgspec.structs.replace(walked, voices=voices), stands, load_voice)
        return float(np.sqrt(np.mean(sound**2)))

    sound, bars = walked.voices
    near, far = (loud((msgspec.structs.replace(sound, muted=True), bars), at) for at in (0.13, 0.98))
    assert near > 5 * far > 0  # the drummer stands at one corner
    assert loud((sound, bars), 0.13) > near  # and the other voice is everywhere


def test_the_stage_plays_bars_in_the_tempo_that_it_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("ISOBATH_HOME", str(tmp_path))
    alone = msgspec.structs.replace(piece(), voices=piece().voices[1:])
    live = Live(alone, load_voice, lambda: np.array([0.4, 0.4]))
    at = puts(monkeypatch)
    made = [live.step() for _ in range(80)]
    first = len(at)
    live.change(prepare(msgspec.structs.replace(alone, tempo=Tempo(bpm=300.0)), live))
    made += [live.step() for _ in range(80)]
    assert len(at) - first > 1.3 * first  # twice as fast
    assert np.abs(np.concatenate(made, axis=1)).max() > 0.02
