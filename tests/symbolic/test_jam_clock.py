"""The clock of a jam: exact, led by another machine, tapped.

The page follows a MIDI clock as we do: tests/golden/midi-clock.json holds both to it, and
`python -m tests.symbolic.test_jam_clock` writes it anew.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from isobath.errors import UsageError
from isobath.symbolic.jam import BarClock, ClockFollower, Tap

GOLDEN = Path(__file__).parents[1] / "golden" / "midi-clock.json"


def golden():
    """A tempo with jitter, another one, and what the clock that is led along does at each beat."""
    rng = np.random.default_rng(3)
    follower, clock = ClockFollower(), BarClock(120, count_in_bars=0)
    follower.start()
    at, ticks, led = 1.0, [], []
    for n in range(288):
        at += 2.5 / (117 if n < 150 else 93)
        ticks.append(round(at + float(rng.uniform(0, 0.002)), 6))
        follower.hear(ticks[-1])
        if follower.tick % 24 == 0:
            follower.lead(clock, ticks[-1])
            led.append([clock.position(ticks[-1] + 0.1), clock.bpm(ticks[-1]), follower.bpm])
    return {"ticks": ticks, "led": [[round(v, 9) for v in row] for row in led]}


def test_the_page_is_led_as_we_are():
    assert json.loads(GOLDEN.read_text()) == golden()


def test_nothing_is_steered_before_the_count_in():
    clock = BarClock(120, start=5.0)
    clock.steer(40.0, 6.0, now=4.0)
    assert len(clock.stretches) == 1
    for _ in range(2):
        clock.steer(0.0, 7.5, now=6.0)
    assert [(s.position, s.seconds) for s in clock.stretches] == [(-16.0, 5.0), (-8.0, 6.0)]
    assert clock.seconds(0.0) == pytest.approx(7.5)


@pytest.mark.parametrize("bpm", [40, 120, 300])
def test_positions_and_seconds_are_each_others_inverse_for_ten_minutes(bpm):
    clock = BarClock(bpm, start=3.0, count_in_bars=2)
    assert clock.position(3.0) == -32
    for seconds in np.linspace(3, 603, 997):
        assert clock.seconds(clock.position(seconds)) == pytest.approx(seconds, abs=1e-9)
    assert clock.seconds(16 * 10 * bpm / 4) == pytest.approx(3 + 2 * 240 / bpm + 600, abs=1e-9)


def test_another_tempo_begins_at_the_bar_line_and_the_last_word_counts():
    clock = BarClock(120, count_in_bars=0)
    assert clock.change(60, now=1.0) == 16
    assert clock.change(240, now=1.5) == 16
    assert clock.seconds(16) == 2.0
    assert clock.seconds(32) == 3.0
    assert clock.bpm(1.9) == 120
    for wrong in (39, 301, float("nan")):
        with pytest.raises(UsageError):
            clock.change(wrong, now=3.0)


def test_taps_give_a_tempo_and_one_slip_changes_little():
    tap = Tap()
    said = [tap.tap(at) for at in (0.0, 0.5, 1.0, 1.62, 2.0)]
    assert said[0] is None
    assert said[2] == 120
    assert abs(said[-1] - 120) < 15
    assert tap.tap(9.0) is None
    assert tap.tap(9.0001) == 300


def test_ticks_go_out_in_time():
    clock = BarClock(150, count_in_bars=1)
    ticks = [t for a in np.arange(0, 20, 0.013) for t in clock.ticks(a, a + 0.013)]
    assert len(ticks) == len(set(ticks))
    assert ticks[0] == pytest.approx(1.6)
    assert np.diff(ticks) == pytest.approx(60 / 150 / 24)


@pytest.mark.parametrize("bpm", [40, 121.7, 240])
def test_a_clock_led_by_midi_stays_within_a_millisecond_for_ten_minutes(bpm):
    """Ticks come with 1 ms of jitter, as USB brings them."""
    rng = np.random.default_rng(1)
    period = 2.5 / bpm
    follower, clock = ClockFollower(), BarClock(120, count_in_bars=0)
    follower.start()
    off = []
    for n in range(int(600 / period)):
        at = 5 + n * period
        heard = at + float(rng.uniform(0, 0.001))
        follower.hear(heard)
        if follower.tick % 24 == 0:
            follower.lead(clock, heard)
            if n > 96 * 4:
                off.append(clock.seconds(n / 6) - at)
    assert np.ptp(off) < 0.001
    assert follower.bpm == pytest.approx(bpm, rel=0.005)


def test_a_clock_that_goes_already_leads_and_one_that_starts_anew_has_its_bars_anew():
    follower, clock = ClockFollower(), BarClock(120, start=3.0)
    at = 0.0
    for n in range(24 * 40):
        if n == 24 * 20:
            follower.start()
            started = at
        follower.hear(at)
        if follower.tick % 24 == 0:
            follower.lead(clock, at)
        if n == 24 * 19:
            assert clock.bpm(at) == pytest.approx(100, rel=0.01)
        at += 2.5 / 100
    bars = clock.position(started + 4 * 2.4) / 16
    assert bars == pytest.approx(round(bars), abs=0.01)
    positions = [clock.position(t) for t in np.linspace(3, at, 2000)]
    assert np.all(np.diff(positions) > 0)


def test_a_jump_of_tempo_is_followed_and_a_stop_keeps_the_tempo():
    follower, clock = ClockFollower(), BarClock(120, count_in_bars=0)
    follower.start()
    at = 0.0
    for n in range(400):
        at += 2.5 / (120 if n < 200 else 75)
        follower.hear(at)
        if follower.tick % 24 == 0:
            follower.lead(clock, at)
    assert follower.bpm == pytest.approx(75, rel=0.01)
    assert clock.bpm(at) == pytest.approx(75, rel=0.03)
    follower.stop()
    before = clock.bpm(at)
    follower.hear(at + 1)
    follower.lead(clock, at + 3)
    assert clock.bpm(at + 3) == before
    positions = [clock.position(t) for t in np.linspace(0, at + 5, 2000)]
    assert np.all(np.diff(positions) > 0)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden()) + "\n")
