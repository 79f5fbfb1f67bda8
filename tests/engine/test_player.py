"""kernel/player.c and kernel/voice.c: voices come, go, are mixed; however they are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import VOICES, Player
from isobath.errors import UsageError
from isobath.protocol.piece import Master, Shaping

from .loudspeaker import RATE, RAW, Sound, loudspeaker, play, player_of, sine, steer, whistle

SPEAKER = loudspeaker()
WHISTLE, WIDE, SIDES = whistle(), whistle(channels=2, seed=1), loudspeaker(channels=2, hop=48)
LIVELY = Shaping(drift=1.0, drift_seconds=0.05, noise=(0.3,) * 4, smoothing_seconds=0.01)
FADE = RATE // 100


def band() -> Player:
    """Two voices of different hops and channels that move by themselves, guarded and limited."""
    player = Player(RATE)
    player.put(0, WHISTLE)
    player.put(1, WIDE)
    player.put(3, SIDES)
    voices = (
        VoiceControls(LIVELY, 3.0, -0.4),
        VoiceControls(LIVELY, 0.0, 0.7),
        VoiceControls(),
        VoiceControls(RAW),
    )
    player.set(Controls(voices, Master(gain_db=2.0)))
    player.reset(9)
    return player


def cut(player: Player, blocks: list[int]) -> Sound:
    return np.concatenate([player.render(n) for n in blocks], axis=1)


TOTAL = 6000
WHOLE = cut(band(), [TOTAL])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=60))
def test_any_block_size_sounds_the_same(blocks: list[int]) -> None:
    whole = []
    for n in blocks:
        whole.append(min(n, TOTAL - sum(whole)))
    whole.append(TOTAL - sum(whole))
    np.testing.assert_array_equal(cut(band(), [n for n in whole if n > 0]), WHOLE)


def test_single_samples_sound_the_same() -> None:
    np.testing.assert_array_equal(cut(band(), [1] * TOTAL), WHOLE)


def test_the_band_is_worth_hearing() -> None:
    """The tests above compare sound, not silence."""
    assert WHOLE.std(axis=1).min() > 0.01
    assert np.abs(WHOLE[0] - WHOLE[1]).max() > 0.01


def test_the_same_seed_sounds_the_same_and_another_does_not() -> None:
    player = band()
    first = player.render(TOTAL)
    player.reset(9)
    again = player.render(TOTAL)
    np.testing.assert_array_equal(again[:, FADE:], first[:, FADE:])
    player.reset(10)
    assert np.abs(player.render(TOTAL) - first).max() > 0.01


def test_a_single_mono_voice_in_the_middle_is_the_decoder_itself() -> None:
    latents = np.random.default_rng(0).uniform(-0.3, 0.3, (4, 60)).astype(np.float32)
    player = player_of(whistle(loudness=0.2))
    heard = steer(player, latents)
    decoded = whistle(loudness=0.2).decode(latents, seed=1)[0]
    assert np.abs(decoded).max() < 0.8
    for side in heard:
        np.testing.assert_allclose(
            side[FADE + player.delay :], decoded[FADE : len(side) - player.delay], atol=1e-7
        )


def test_a_stereo_voice_keeps_its_sides() -> None:
    sound = np.random.default_rng(1).uniform(-0.4, 0.4, (2, 4800)).astype(np.float32)
    player = player_of(loudspeaker(channels=2))
    heard = play(player, sound)
    np.testing.assert_array_equal(heard[:, FADE + player.delay :], sound[:, FADE : -player.delay])


def test_a_stereo_voice_in_a_mono_player_is_the_mean_of_its_sides() -> None:
    sound = np.random.default_rng(1).uniform(-0.4, 0.4, (2, 4800)).astype(np.float32)
    player = player_of(loudspeaker(channels=2), channels=1)
    heard = play(player, sound)
    assert heard.shape[0] == 1
    np.testing.assert_allclose(
        heard[0, FADE + player.delay :], sound.mean(axis=0)[FADE : -player.delay], atol=1e-7
    )


@pytest.mark.parametrize("pan", [-1.0, -0.5, 0.0, 0.3, 1.0])
def test_pan_keeps_the_power_and_is_one_in_the_middle(pan: float) -> None:
    heard = play(player_of(SPEAKER, pan=pan), sine(1000, 0.2, 0.25))[:, 4800:]
    left, right = np.abs(heard).max(axis=1) / 0.25
    assert left**2 + right**2 == pytest.approx(2.0, rel=0.01)
    if pan == 0:
        assert left == right == pytest.approx(1.0, rel=0.01)
    if abs(pan) == 1:
        assert min(left, right) < 1e-6


def test_voices_add_up() -> None:
    player = Player(RATE)
    for slot in range(VOICES):
        player.put(slot, SPEAKER)
    player.set(Controls((VoiceControls(RAW),) * VOICES, Master(guard_db=0.0)))
    player.reset(1)
    tone = sine(500, 0.1, 0.05)
    parts = []
    for start in range(0, tone.shape[1], 32):
        for slot in range(VOICES):
            player.incoming(slot, tone[0, start : start + 32])
        parts.append(player.render(32))
    assert np.abs(np.concatenate(parts, axis=1)).max() == pytest.approx(VOICES * 0.05, rel=0.01)


def steepest(sound: Sound) -> float:
    return float(np.abs(np.diff(sound, axis=1)).max())


HOP = 120
PERIOD = sine(RATE / HOP, HOP / RATE, 0.4)[0]
TONE = loudspeaker(hop=HOP)
"""Held, it sings 400 Hz: one period is one hop."""


def tone_with(change: str) -> Sound:
    """A tone while something is changed at an awkward moment, in the middle of a hop."""
    player = player_of(TONE)
    player.put(1, TONE)
    player.shape(1, VoiceControls(RAW))
    player.incoming(0, PERIOD)
    player.incoming(1, PERIOD * 0.2)
    before = player.render(4837)
    _change(player, change)
    for slot in player.models:
        player.incoming(slot, PERIOD * (0.2 if slot == 1 else 1.0))
    return np.concatenate([before, player.render(4800)], axis=1)[:, 2400:]


def _change(player: Player, change: str) -> None:
    if change == "take off":
        player.take_off(0)
    elif change == "put on":
        player.put(2, TONE)
        player.shape(2, VoiceControls(RAW))
    elif change == "replace":
        player.put(0, TONE)
    elif change == "take off twice":
        player.put(0, TONE)
        player.take_off(0)
    elif change == "mute":
        player.shape(0, VoiceControls(RAW, muted=True))
    elif change == "pan":
        player.shape(0, VoiceControls(RAW, pan=-1.0))
    elif change == "master":
        player.set(Controls((), Master(gain_db=-40.0, guard_db=0.0)))
    elif change == "reset":
        player.reset(5)


CHANGES = ["take off", "put on", "replace", "take off twice", "mute", "pan", "master", "reset"]


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_clicks(change: str) -> None:
    """Between two samples nothing moves more than the tone itself, or the tone 3 dB up where it is panned."""
    heard = tone_with(change)
    own = 2 * np.pi / HOP * 0.4 * 1.2
    assert steepest(heard) < 1.45 * own


@pytest.mark.parametrize("change", ["take off", "mute"])
def test_what_was_taken_off_is_gone(change: str) -> None:
    heard = tone_with(change)[:, -2400:]
    assert np.abs(heard).max() == pytest.approx(0.4 * 0.2, rel=0.02)


def test_panic_is_silent_within_64_samples_and_stays_so() -> None:
    player = band()
    before = player.render(2000)
    player.panic()
    after = player.render(4000)
    assert np.abs(before[:, -64:]).max() > 0.01
    assert not after[:, 63:].any()
    assert steepest(np.concatenate([before[:, -1:], after], axis=1)) < 2 * steepest(before)


def test_a_reset_ends_the_panic() -> None:
    player = band()
    player.render(500)
    player.panic()
    player.render(500)
    player.reset(9)
    np.testing.assert_array_equal(player.render(TOTAL), WHOLE)


def test_a_broken_decoder_dies_away_and_comes_back() -> None:
    """A model that makes infinity for some latents falls silent for those, and for no longer."""
    player = player_of(loudspeaker(gain=3e38, std=1e3), gain_db=-30.0)
    tone = sine(300, 0.3, 0.3) / 3e38
    parts = []
    for start in range(0, tone.shape[1], 32):
        latent = tone[0, start : start + 32].copy()
        if start == 6400:
            latent[:] = 10.0
        player.incoming(0, latent)
        parts.append(player.render(32))
    heard = np.concatenate(parts, axis=1)
    assert np.isfinite(heard).all()
    assert steepest(heard[:, 960:]) < 2 * steepest(heard[:, 960:6000])
    np.testing.assert_allclose(np.abs(heard[:, -2400:]).max(), 0.3 * 10**-1.5, rtol=0.02)
    assert player.meters().scrubbed > 0


def test_due_counts_down_to_the_next_latent() -> None:
    player = Player(RATE)
    player.put(0, WHISTLE)
    player.put(2, loudspeaker(hop=48))
    player.reset(1)
    assert player.due() == (0, (0, 2))
    assert player.stretch() == 48
    player.render(48)
    assert player.due() == (0, (2,))
    assert player.stretch() == 16
    player.render(16)
    assert player.due() == (0, (0,))
    player.render(5)
    assert player.due() == (27, ())


def test_an_empty_player_is_silent() -> None:
    player = Player(RATE)
    assert player.due()[1] == ()
    assert not player.render(1000).any()


def test_meters_tell_peak_level_and_reduction_since_they_were_read() -> None:
    player = player_of(SPEAKER)
    play(player, np.zeros((1, 960)))
    player.meters()
    play(player, sine(1000, 0.2, 0.5))
    m = player.meters()
    assert m.peak == pytest.approx((0.5, 0.5), rel=0.01)
    assert m.rms[0] == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    assert m.limiter_db == 0
    play(player, sine(1000, 0.1, 5.0))
    assert player.meters().limiter_db == pytest.approx(-20 * np.log10(5.0) - 1.6, abs=0.2)
    play(player, np.zeros((1, 48000)))
    player.meters()
    play(player, np.zeros((1, 480)))
    assert player.meters().peak == (0.0, 0.0)


def test_the_clamp_is_shown_in_the_meters() -> None:
    player = player_of(WHISTLE, shaping=Shaping(smoothing_seconds=0))
    steer(player, np.full((4, 3), 0.1))
    assert player.meters().clamped == 0
    steer(player, np.full((4, 3), 30.0))
    assert 0.9 < player.meters().clamped < 1


@pytest.mark.parametrize("slot", [-1, VOICES])
def test_there_are_eight_voices(slot: int) -> None:
    with pytest.raises(UsageError, match="8 voices"):
        Player(RATE).put(slot, SPEAKER)


@pytest.mark.parametrize(("channels", "rate"), [(0, 48000), (3, 48000), (2, 4000), (2, 400_000)])
def test_a_player_that_cannot_be_is_refused(channels: int, rate: int) -> None:
    with pytest.raises(UsageError, match="1 or 2 channels"):
        Player(rate, channels)


def test_two_players_do_not_share_anything() -> None:
    alone = band().render(TOTAL)
    one, other = band(), player_of(SPEAKER)
    parts = []
    for _ in range(TOTAL // 60):
        parts.append(one.render(60))
        other.render(61)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), alone)
