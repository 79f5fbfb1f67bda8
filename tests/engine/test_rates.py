"""Voices whose models have other rates than the player: on time, clean, and the same however they are cut."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import Player
from isobath.engine.resampling import Resampler
from isobath.engine.sources import Brought
from isobath.errors import ModelMismatch
from isobath.protocol.piece import Master, Shaping, Source

from .loudspeaker import RAW, Sound, loudspeaker, repeater, whistle

FREE = Master(guard_db=0.0)
LIVE = Source(kind="input", match=False)
PAIRS = [(16000, 48000), (44100, 48000), (48000, 44100), (16000, 44100), (96000, 44100), (22050, 8000)]


def sine(hz: float, rate: int, seconds: float = 0.25) -> Sound:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate))[None].astype(np.float32)


def due_at(frame: int, hop: int, rate: int, to: int) -> int:
    return -(-frame * hop * to // rate)


def speaks(player: Player, model_sound: Sound, hop: int, rate: int, block: Callable[[], int]) -> Sound:
    """A loudspeaker on slot 0 given these samples, frame by frame; checks every due moment."""
    parts, at, frame, frames = [], 0, 0, model_sound.shape[1] // hop
    while True:
        wait, voices = player.due()
        if wait == 0:
            if frame == frames:
                return np.concatenate(parts, axis=1)
            assert voices == (0,)
            assert at == due_at(frame, hop, rate, player.sample_rate)
            player.incoming(0, model_sound[0, frame * hop : (frame + 1) * hop])
            frame += 1
        n = min(player.stretch(), block())
        parts.append(player.render(n))
        at += n


def loud(rate: int, to: int, hop: int = 32) -> Player:
    player = Player(to)
    player.put(0, loudspeaker(hop=hop, rate=rate))
    player.set(Controls((VoiceControls(RAW),), FREE))
    player.reset(1)
    return player


@pytest.mark.parametrize(("rate", "to"), PAIRS)
@pytest.mark.parametrize("hop", [32, 100])
def test_a_model_of_another_rate_is_resampled_and_on_time(rate: int, to: int, hop: int) -> None:
    player, sound = loud(rate, to, hop), sine(440, rate)
    heard = speaks(player, sound, hop, rate, lambda: 10000)
    expected = Resampler(rate, to, 1)(sound)
    assert player.late(0) == Resampler(rate, to, 1).delay
    start, delay = to // 50 + player.late(0), player.delay
    n = min(heard.shape[1] - delay, expected.shape[1]) - start
    np.testing.assert_allclose(
        heard[0, start + delay : start + delay + n], expected[0, start : start + n], atol=1e-6
    )


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(PAIRS))
def test_the_same_samples_however_they_are_rendered(seed: int, pair: tuple[int, int]) -> None:
    rate, to = pair
    dice = np.random.default_rng(seed)
    sound = sine(440, rate, 0.1)
    whole = speaks(loud(rate, to, 48), sound, 48, rate, lambda: 10000)
    cut = speaks(loud(rate, to, 48), sound, 48, rate, lambda: int(dice.integers(1, 60)))
    assert np.array_equal(whole, cut)


def test_a_reset_makes_the_same_again() -> None:
    player, sound = loud(16000, 44100), sine(440, 16000, 0.1)
    first = speaks(player, sound, 32, 16000, lambda: 10000)
    player.reset(1)
    again = speaks(player, sound, 32, 16000, lambda: 77)
    start = 441 * 2
    np.testing.assert_array_equal(first[:, start:], again[:, start:])


def hears(player: Player, sound: Sound, block: int = 32) -> Sound:
    parts = []
    for start in range(0, sound.shape[1], block):
        part = sound[:, start : start + block]
        player.hear(0, part)
        parts.append(player.render(part.shape[1]))
    return np.concatenate(parts, axis=1)


def listening(rate: int, to: int, wet: float = 1.0, hop: int = 32) -> Player:
    player = Player(to)
    player.put(0, repeater(hop=hop, rate=rate))
    player.listen(0)
    player.set(Controls((VoiceControls(RAW, source=Source(kind="input", match=False, wet=wet)),), FREE))
    player.reset(1)
    return player


def phase_of(sound: Sound, hz: float, rate: int, start: int) -> tuple[float, float]:
    """Amplitude, and samples after its beginning at which this tone stands."""
    part = sound[0, start:].astype(np.float64)
    at = 2 * np.pi * hz * (start + np.arange(part.size)) / rate
    parts = np.stack([np.sin(at), np.cos(at)], axis=1)
    found, *_ = np.linalg.lstsq(parts, part, rcond=None)
    return float(np.hypot(*found)), float(np.arctan2(-found[1], found[0]) / (2 * np.pi) % 1.0 * rate / hz)


@pytest.mark.parametrize(("rate", "to"), PAIRS)
@pytest.mark.parametrize("hop", [32, 100])
def test_what_was_resampled_both_ways_meets_the_dry_sound(rate: int, to: int, hop: int) -> None:
    """One tone, all wet and all dry: the same moment, far below a sample."""
    hz = 40.0  # its period is longer than any delay here
    sound = sine(hz, to, 0.5)
    wet, dry = (hears(listening(rate, to, share, hop), sound) for share in (1.0, 0.0))
    start = to // 4
    (loudness, wet_late), (level, dry_late) = (phase_of(each, hz, to, start) for each in (wet, dry))
    assert loudness == pytest.approx(0.3, rel=1e-3)
    assert level == pytest.approx(0.3, rel=1e-3)
    assert wet_late == pytest.approx(dry_late, abs=0.01)
    longest = 32 * to / min(rate, to)
    assert dry_late == pytest.approx(
        hop * to / rate + 2 * longest + listening(rate, to).delay, abs=4 + to / rate
    )


@pytest.mark.parametrize(("rate", "to"), PAIRS)
def test_an_ear_opened_within_a_hop_joins_the_same_time(rate: int, to: int) -> None:
    sound = sine(40.0, to, 0.5)
    whole = hears(listening(rate, to, 1.0, 100), sound, 37)
    player = listening(rate, to, 1.0, 100)
    cut = 37 * 21
    hears(player, sound[:, :cut], 37)
    player.stop_listening(0)
    player.listen(0)
    player.set(Controls((VoiceControls(RAW, source=LIVE),), FREE))
    later = hears(player, sound[:, cut:], 37)
    start = to // 4
    np.testing.assert_allclose(later[0, start - cut :], whole[0, start:], atol=2e-4)


def test_voices_of_other_rates_listen_to_each_other() -> None:
    """48 kHz speaks, 16 kHz repeats it, 44.1 kHz repeats that."""
    player = Player(48000)
    player.put(0, loudspeaker(hop=32))
    player.put(1, repeater(hop=64, rate=16000))
    player.put(2, repeater(hop=50, rate=44100))
    player.listen(1, 0)
    player.listen(2, 1)
    voice = VoiceControls(RAW, source=Source(kind="voice", match=False))
    muted = VoiceControls(RAW, muted=True)
    player.set(Controls((muted, VoiceControls(RAW, muted=True, source=voice.source), voice), FREE))
    player.reset(1)
    sound, parts = sine(500.0, 48000, 0.4), []
    for start in range(0, sound.shape[1], 32):
        player.incoming(0, sound[0, start : start + 32])
        parts.append(player.render(32))
    loudness, _ = phase_of(np.concatenate(parts, axis=1), 500.0, 48000, 9600)
    assert loudness == pytest.approx(0.3, rel=1e-3)


def test_a_fed_voice_of_another_rate() -> None:
    rate, to, hop = 16000, 48000, 80
    player = Player(to)
    player.feed(0, 1, hop, rate)
    player.set(Controls((VoiceControls(),), FREE))
    player.reset(1)
    sound, parts, at = sine(440, rate), [], 0
    for frame in range(sound.shape[1] // hop):
        assert player.due() == (0, (0,))
        assert at == due_at(frame, hop, rate, to)
        player.fill(0, sound[:, frame * hop : (frame + 1) * hop])
        n = player.stretch()
        parts.append(player.render(n))
        at += n
    heard, expected = np.concatenate(parts, axis=1), Resampler(rate, to, 1)(sound)
    start, delay = 960 + player.late(0), player.delay
    n = min(heard.shape[1] - delay, expected.shape[1]) - start
    np.testing.assert_allclose(heard[0, start + delay :][:n], expected[0, start:][:n], atol=1e-6)
    gap = player.render(2000)
    assert np.abs(gap[:, -500:]).max() < 1e-5
    assert np.abs(np.diff(gap)).max() < 0.1


def test_a_voice_that_comes_and_goes_does_not_click() -> None:
    player, sound = loud(16000, 48000), sine(200, 16000, 0.2)
    before = speaks(player, sound, 32, 16000, lambda: 10000)
    player.put(0, whistle(rate=44100))
    between = player.render(4800)
    player.take_off(0)
    after = player.render(4800)
    whole = np.concatenate([before, between, after], axis=1)
    assert np.isfinite(whole).all()
    assert np.abs(np.diff(before[:, 960:])).max() < 0.02
    assert np.abs(np.diff(np.concatenate([before[:, -96:], between[:, :960]], axis=1))).max() < 0.05
    assert np.abs(after[:, -1000:]).max() == 0.0


def test_equal_rates_are_not_late() -> None:
    player = Player(48000)
    player.put(0, whistle())
    player.put(1, whistle(rate=44100))
    assert player.late(0) == 0
    assert player.late(1) == 35


def test_a_rate_that_no_player_has_is_refused() -> None:
    with pytest.raises(ModelMismatch, match=r"4000 Hz.*8000 to 192000 Hz"):
        Player(48000).put(0, whistle(rate=4000))


def test_shaping_keeps_its_time() -> None:
    """Smoothing is in seconds: the same at any rate of the player."""
    levels = []
    for to in (16000, 48000):
        player = Player(to)
        player.put(0, loudspeaker(hop=32, rate=16000))
        player.set(Controls((VoiceControls(Shaping(smoothing_seconds=0.05, clamp=0.0)),), FREE))
        player.reset(1)
        player.incoming(0, np.zeros(32))
        player.render(player.stretch())
        player.incoming(0, np.full(32, 0.2))
        done = 0
        while done < to // 20:
            n = player.stretch()
            player.render(n)
            done += n
        levels.append(float(player.latent(0)[0]))
    assert levels[0] == pytest.approx(levels[1], rel=1e-6)


def test_what_a_voice_made_apart_hears_is_brought_to_its_rate() -> None:
    sound = np.repeat(sine(440.0, 48000, 0.3), 2, axis=0)
    brought = Brought(lambda start, samples: sound[:, start : start + samples], 48000, 16000)
    parts = [brought(start, 80) for start in range(0, 4000, 80)]
    expected = Resampler(48000, 16000, 2)(sound)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), expected[:, :4000])
    np.testing.assert_array_equal(brought(0, 80), parts[0])
