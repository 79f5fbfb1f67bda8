"""kernel/ear.c and what voice.c and player.c do with it: voices that listen, are fed, meet a performer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import Player
from isobath.errors import ModelMismatch, UsageError
from isobath.protocol.piece import Master, Shaping, Source
from isobath.sound.loudness import k_weighted, loudness_of_energy

from .loudspeaker import RATE, RAW, Sound, listener, loudspeaker, quiet_noise, repeater, sine, whistle

FREE = Master(guard_db=0.0)
FADE = RATE // 100
SPEECH = quiet_noise(-20.0, 1.0)[:, : RATE // 2].astype(np.float32) * 0.1


def listening(source: Source, model=None, shaping: Shaping = RAW, **more) -> Player:  # type: ignore[no-untyped-def]
    player = Player(RATE)
    player.put(0, model or repeater())
    if source.kind != "prior":
        player.listen(0)
    player.set(Controls((VoiceControls(shaping, source=source, **more),), FREE))
    player.reset(1)
    return player


def hears(player: Player, sound: np.ndarray, block: int = 32, slot: int = 0) -> Sound:
    """What comes out while this (1 or 2, samples) comes in."""
    parts = []
    for start in range(0, sound.shape[1], block):
        part = sound[:, start : start + block]
        player.hear(slot, part)
        parts.append(player.render(part.shape[1]))
    return np.concatenate(parts, axis=1)


def late(heard: Sound, sound: np.ndarray, delay: int) -> float:
    """Largest difference from the sound, so much later."""
    return float(np.abs(heard[0, FADE + delay :] - sound[0, FADE : heard.shape[1] - delay]).max())


LIVE = Source(kind="input", match=False)


def test_what_the_source_says_is_known_whatever_the_performer_makes_of_it() -> None:
    instead = Source(kind="input", match=False, manner=("absolute",) * 32)
    player = listening(instead)
    player.incoming(0, np.full(32, 0.25))
    hears(player, SPEECH[:, :64])
    said = player.said(0)
    assert said is not None
    np.testing.assert_allclose(said, SPEECH[0, :32], atol=1e-6)
    np.testing.assert_array_equal(player.latent(0), np.full(32, 0.25, np.float32))
    dreaming = listening(Source(kind="prior"))
    dreaming.give(0, np.arange(32) / 100)
    np.testing.assert_array_equal(dreaming.said(0), np.float32(np.arange(32) / 100))
    assert listening(Source()).said(0) is None


@pytest.mark.parametrize("hop", [16, 24, 32, 100])
def test_what_comes_in_is_heard_a_hop_later(hop: int) -> None:
    player = listening(LIVE, repeater(hop=hop))
    assert late(hears(player, SPEECH, 37), SPEECH, hop + player.delay) < 1e-6


def test_the_dry_sound_waits_for_the_models_delay() -> None:
    player = listening(Source(kind="input", match=False, wet=0.0), repeater(delay=21))
    assert late(hears(player, SPEECH), SPEECH, 32 + 21 + player.delay) < 1e-6


def test_wet_and_dry_add_up() -> None:
    """The repeater's own delay is 0, so half of each is the sound itself."""
    player = listening(Source(kind="input", match=False, wet=0.3))
    assert late(hears(player, SPEECH), SPEECH, 32 + player.delay) < 1e-6


def test_the_gain_counts_for_everything() -> None:
    for wet in (0.0, 1.0):
        player = listening(Source(kind="input", match=False, wet=wet, gain_db=-6.0))
        assert late(hears(player, SPEECH), SPEECH * 10**-0.3, 32 + player.delay) < 1e-6


def test_a_mono_model_hears_the_mean_of_two_sides_and_dry_stays_stereo() -> None:
    sides = np.concatenate([SPEECH, 0.5 * SPEECH[:, ::-1]])
    player = listening(LIVE)
    assert late(hears(player, sides), sides.mean(axis=0, keepdims=True), 32 + player.delay) < 1e-6
    player = listening(Source(kind="input", match=False, wet=0.0))
    heard = hears(player, sides)
    delay = 32 + player.delay
    np.testing.assert_allclose(heard[:, FADE + delay :], sides[:, FADE:-delay], atol=1e-6)


def test_a_stereo_model_keeps_its_sides() -> None:
    sides = np.concatenate([SPEECH, 0.5 * SPEECH[:, ::-1]])
    player = listening(LIVE, repeater(channels=2))
    heard = hears(player, sides)
    delay = 32 + player.delay
    np.testing.assert_allclose(heard[:, FADE + delay :], sides[:, FADE:-delay], atol=1e-6)


# ------------------------------------------------------------------ the performer over the source

MANNERS = ("follow", "absolute", "bias", "scale")


def met(manner: str, amount: float, source: float, performer: float) -> float:
    """Mean 0, deviation 2."""
    return {
        "follow": source,
        "absolute": source + amount * (performer - source),
        "bias": source + amount * performer,
        "scale": source * (1 + amount * performer / 2),
    }[manner]


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 2))
@settings(max_examples=20, deadline=None)
def test_each_dimension_meets_the_performer_in_its_manner(told: float, shown: float, amount: float) -> None:
    source = Source(kind="prior", manner=MANNERS, amount=(amount,) * 4)
    player = listening(source, loudspeaker(hop=32, std=2.0))
    player.give(0, [told] * 32)
    player.incoming(0, [shown] * 32)
    player.render(32)
    wanted = [met(manner, amount, told, shown) for manner in MANNERS] + [told] * 28
    np.testing.assert_allclose(player.latent(0), wanted, atol=1e-5)


def test_a_held_slider_is_the_performer_too() -> None:
    shaping = Shaping(smoothing_seconds=0.0, clamp=0.0, hold=(0.7,), held=(1.0,))
    player = listening(Source(kind="prior", manner=("absolute",)), shaping=shaping)
    player.give(0, [0.2] * 32)
    player.render(32)
    np.testing.assert_allclose(player.latent(0)[:2], [0.7, 0.2], atol=1e-6)


def test_without_a_source_the_performer_is_alone() -> None:
    player = listening(Source(), repeater())
    player.incoming(0, [0.25] * 32)
    hears(player, SPEECH[:, :320])
    np.testing.assert_allclose(player.latent(0), 0.25)


# ------------------------------------------------------------------ loudness


def loud(sound: np.ndarray) -> float:
    """LUFS, mean over channels."""
    return float(loudness_of_energy(np.asarray((k_weighted(sound, RATE) ** 2).mean())))


@pytest.mark.parametrize("level", [-45.0, -23.0, -10.0])
def test_what_comes_in_is_brought_to_the_loudness_of_the_training_set(level: float) -> None:
    target = repeater().match_lufs
    sound = quiet_noise(-20.0, 1.0)
    sound = np.tile(sound * 10 ** ((level - loud(sound)) / 20), 4).astype(np.float32)
    player = listening(Source(kind="input"))
    heard = hears(player, sound, 2048)[:1, 2 * RATE :]
    assert loud(heard) == pytest.approx(target, abs=0.5)
    assert player.heard(0).lufs == pytest.approx(level, abs=0.5)
    assert player.heard(0).match_db == pytest.approx(target - level, abs=0.5)


def test_silence_is_not_brought_up() -> None:
    player = listening(Source(kind="input"))
    hears(player, np.zeros((1, 3 * RATE), np.float32), 512)
    assert player.heard(0).match_db == pytest.approx(0.0, abs=1e-4)


def test_a_pause_keeps_the_gain() -> None:
    sound = np.tile(quiet_noise(-20.0, 1.0), 2).astype(np.float32)
    player = listening(Source(kind="input"))
    hears(player, sound, 512)
    before = player.heard(0).match_db
    hears(player, (sound * 1e-3).astype(np.float32), 512)
    assert player.heard(0).match_db == pytest.approx(before, abs=0.3)


def test_a_sound_of_known_loudness_is_matched_from_its_first_sample() -> None:
    target = repeater().match_lufs
    player = listening(Source(kind="sound", loudness=target + 6.0))
    assert late(hears(player, SPEECH), SPEECH * 10**-0.3, 32 + player.delay) < 1e-6


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_sound_poisons_nothing(wild: float) -> None:
    sound = SPEECH.copy()
    sound[0, 1000:1100] = wild
    player = listening(Source(kind="input", wet=0.5), listener())
    heard = hears(player, sound)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 10 ** (-1 / 20) + 1e-6
    assert np.abs(heard[:, -2000:]).max() > 0


def test_a_model_without_an_encoder_says_so() -> None:
    player = Player(RATE)
    player.put(0, whistle())
    with pytest.raises(ModelMismatch, match="no encoder"):
        player.listen(0)


def test_more_than_the_longest_hop_does_not_come_in_at_once() -> None:
    player = listening(LIVE)
    with pytest.raises(UsageError, match="4096"):
        player.hear(0, np.zeros((1, 5000), np.float32))


# ------------------------------------------------------------------ one voice listens to another


@pytest.mark.parametrize(("singer", "ear"), [(0, 1), (1, 0), (5, 2)])
def test_a_voice_hears_another_one_hop_late_wherever_they_sit(singer: int, ear: int) -> None:
    player = Player(RATE)
    player.put(singer, loudspeaker(hop=48))
    player.put(ear, repeater(hop=32))
    player.listen(ear, singer)
    voices = [VoiceControls()] * 6
    voices[singer] = VoiceControls(RAW, muted=True)  # before gain: heard by the listener alone
    voices[ear] = VoiceControls(RAW, source=Source(kind="voice", match=False))
    player.set(Controls(tuple(voices), FREE))
    player.reset(1)
    sound = sine(440, 0.1, 0.3)
    parts = []
    for start in range(0, sound.shape[1] - 47, 48):
        player.incoming(singer, sound[0, start : start + 48])
        parts.append(player.render(48))
    assert late(np.concatenate(parts, axis=1), sound, 32 + player.delay) < 1e-6


def crowd(seed: int = 9) -> Player:
    """Everyone listens: to the outside, to each other, to themselves; one is fed."""
    player = Player(RATE)
    for slot, model in enumerate((listener(), listener(channels=2, seed=3), repeater(hop=48), whistle())):
        player.put(slot, model)
    player.listen(0)
    player.listen(1, 0)
    player.listen(2, 2)
    lively = Shaping(drift=1.0, drift_seconds=0.05, noise=(0.3,) * 4, smoothing_seconds=0.01)
    player.set(
        Controls(
            (
                VoiceControls(lively, 3.0, -0.4, source=Source(kind="input", wet=0.6)),
                VoiceControls(lively, 0.0, 0.7, source=Source(kind="voice", manner=("bias", "scale"))),
                VoiceControls(RAW, source=Source(kind="voice", match=False, gain_db=-3.0, wet=0.8)),
                VoiceControls(lively, -6.0),
            ),
            Master(gain_db=2.0),
        )
    )
    player.reset(seed)
    player.incoming(2, [0.01] * 48)
    return player


CAME_IN = np.tile(quiet_noise(-15.0, 1.0), 1)[:, :6000].astype(np.float32)


def in_blocks(player: Player, blocks: list[int]) -> Sound:
    parts, at = [], 0
    for n in blocks:
        player.hear(0, CAME_IN[:, at : at + n])
        parts.append(player.render(n))
        at += n
    return np.concatenate(parts, axis=1)


WHOLE = in_blocks(crowd(), [3000, 3000])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=60))
def test_any_block_size_hears_and_sounds_the_same(blocks: list[int]) -> None:
    cuts: list[int] = []
    for n in blocks:
        cuts.append(min(n, 6000 - sum(cuts)))
    rest = 6000 - sum(cuts)
    cuts += [rest // 2, rest - rest // 2]
    np.testing.assert_array_equal(in_blocks(crowd(), [n for n in cuts if n > 0]), WHOLE)


def test_single_samples_hear_and_sound_the_same() -> None:
    np.testing.assert_array_equal(in_blocks(crowd(), [1] * 6000), WHOLE)


def test_the_crowd_is_worth_hearing() -> None:
    assert WHOLE.std() > 0.02
    assert np.abs(in_blocks(crowd(10), [3000, 3000]) - WHOLE).max() > 1e-3


def test_after_a_reset_everything_is_as_at_first() -> None:
    player = crowd()
    in_blocks(player, [700, 1500])
    player.reset(9)
    np.testing.assert_allclose(in_blocks(player, [3000, 3000])[:, FADE:], WHOLE[:, FADE:], atol=1e-6)


# ------------------------------------------------------------------ coming and going


def jumps(sound: Sound) -> float:
    """The largest step from one sample to the next."""
    return float(np.abs(np.diff(sound, axis=1)).max())


@pytest.mark.parametrize("wet", [0.0, 0.5, 1.0])
def test_the_ear_is_closed_and_opened_without_a_click(wet: float) -> None:
    tone = sine(200, 0.5, 0.3).astype(np.float32)
    player = listening(Source(kind="input", match=False, wet=wet))
    before = hears(player, tone[:, :12000])
    player.stop_listening(0)
    player.incoming(0, tone[0, 12000:12032] * 0)
    smooth = jumps(before[:, 2 * FADE :])
    if wet < 1.0:
        after = hears(player, tone[:, 12032:14080])
        model = 0.3 * wet  # the repeater's sound may end where it is: no smoothing, no memory
        assert jumps(np.concatenate([before[:, -10:], after], axis=1)) < 2 * smooth + model
        assert np.abs(after[:, 2 * FADE :]).max() < 1e-6
    player.listen(0)
    again = hears(player, tone[:, 14080:])
    assert np.isfinite(again).all()


def test_wet_and_gain_move_without_a_step() -> None:
    tone = sine(200, 0.5, 0.3).astype(np.float32)
    player = listening(Source(kind="input", match=False, wet=0.0))
    before = hears(player, tone[:, :12000])
    source = Source(kind="input", match=False, wet=0.0, gain_db=-60.0)
    player.set(Controls((VoiceControls(RAW, source=source),), FREE))
    after = hears(player, tone[:, 12000:])
    whole = np.concatenate([before, after], axis=1)[:, 2 * FADE :]
    assert jumps(whole) < 1.5 * jumps(before[:, 2 * FADE :])


# ------------------------------------------------------------------ fed voices


def fed(sound: np.ndarray, missing: set[int], hop: int = 64) -> tuple[Sound, Player]:
    player = Player(RATE)
    player.feed(0, 1, hop)
    player.set(Controls((VoiceControls(),), FREE))
    player.reset(1)
    parts = []
    for k in range(sound.shape[1] // hop):
        assert player.due() == (0, (0,))
        if k not in missing:
            player.fill(0, sound[:, k * hop : (k + 1) * hop])
        parts.append(player.render(hop))
    return np.concatenate(parts, axis=1), player


def test_a_fed_voice_sounds_as_it_is_fed() -> None:
    sound = sine(440, 0.1, 0.3)
    heard, player = fed(sound, set())
    assert late(heard, sound, player.delay) < 1e-6
    assert player.heard(0).underruns == 0


def test_a_hop_that_comes_too_late_is_a_soft_gap_and_counted() -> None:
    sound = sine(440, 0.2, 0.3)
    heard, player = fed(sound, {60, 61, 62})
    assert player.heard(0).underruns == 3
    gap = heard[0, 61 * 64 + player.delay : 63 * 64 + player.delay]
    assert np.abs(gap).max() == 0.0
    assert jumps(heard) < 2 * jumps(heard[:, FADE : 60 * 64])
    assert late(heard[:, 75 * 64 :], sound[:, 75 * 64 :], player.delay) < 1e-6


def test_a_fed_voice_may_be_listened_to() -> None:
    sound = sine(440, 0.1, 0.3)
    player = Player(RATE)
    player.feed(0, 1, 64)
    player.put(1, repeater())
    player.listen(1, 0)
    voice = VoiceControls(RAW, source=Source(kind="voice", match=False))
    player.set(Controls((VoiceControls(muted=True), voice), FREE))
    player.reset(1)
    parts = []
    for start in range(0, sound.shape[1] - 63, 64):
        player.fill(0, sound[:, start : start + 64])
        parts.append(player.render(64))
    assert late(np.concatenate(parts, axis=1), sound, 32 + player.delay) < 1e-6


def test_a_fed_hop_that_is_not_made_of_numbers_is_not_heard() -> None:
    sound = sine(440, 0.1, 0.3)
    sound[0, 2000] = np.nan
    heard, player = fed(sound, set())
    assert np.isfinite(heard).all()
    assert player.meters().scrubbed == 1


def test_the_hop_under_way_can_be_read() -> None:
    """What a server sends to a page that feeds it."""
    player = listening(Source(), repeater(hop=32), gain_db=-12.0)
    player.incoming(0, np.arange(32) / 100)
    player.render(10)
    np.testing.assert_allclose(player.hop(0)[0], np.arange(32) / 100, rtol=1e-6)
