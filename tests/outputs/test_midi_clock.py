"""MIDI clock out: when each message leaves, on a clock of the test's own."""

from contextlib import suppress

import pytest

from isobath.errors import UsageError
from isobath.inputs.midi.clock import Beat, Follower
from isobath.outputs.midi_clock import CONTINUE, START, STOP, TICK, Beating, MidiClock, Told, Waiting


class Cable:
    """What leaves, and when."""

    def __init__(self):
        self.now, self.sent = 0.0, []
        self.beating = Beating(lambda message: self.sent.append((round(self.now, 6), *message)), 0.0)

    def until(self, end, late=0.0):
        while self.beating.due + late < end:
            self.now = max(self.now, self.beating.due + late)
            self.beating.beat(self.now)
        self.now = end

    def obey(self, *told):
        self.beating.obey(Told(*told), self.now)

    def ticks(self):
        return [at for at, status in self.sent if status == TICK]


def test_twenty_four_ticks_a_beat_whose_lateness_does_not_add_up():
    cable = Cable()
    cable.obey("tempo", 120.0)
    cable.until(10.0, late=0.003)
    assert len(cable.ticks()) == 480
    assert cable.ticks()[-1] == pytest.approx(479 / 48 + 0.003, abs=1e-5)
    assert max(cable.beating.late) == pytest.approx(0.003)


def test_a_tempo_holds_from_the_next_tick_on():
    cable = Cable()
    cable.until(1.0)
    cable.obey("tempo", 60.0)
    cable.until(2.0)
    cable.obey("tempo", 1e9)
    cable.until(3.0)
    counts = [sum(second <= at < second + 1 for at in cable.ticks()) for second in range(3)]
    assert counts[0] == 48
    assert counts[1] == pytest.approx(24, abs=1)
    assert counts[2] == pytest.approx(120, abs=1), "300 beats a minute at most"


def test_whoever_follows_hears_beats_from_the_start():
    cable, heard = Cable(), []
    follower = Follower(heard.append)
    cable.until(0.7)
    cable.obey("start")
    cable.until(3.2)
    cable.obey("stop")
    cable.until(4.0)
    cable.obey("continue")
    cable.until(5.0)
    for at, status in cable.sent:
        follower.feed(status, at)
    began = next(i for i, each in enumerate(heard) if each.starts)
    assert [each.number for each in heard[began:]] == list(range(len(heard) - began))
    assert heard[began] == Beat(pytest.approx(120, abs=2), 0, True)
    order = [status for _, status in cable.sent if status != TICK]
    assert order == [START, STOP, CONTINUE]
    started = next(at for at, status in cable.sent if status == START)
    assert min(at for at in cable.ticks() if at > started) == pytest.approx(started + 0.001)


def test_a_machine_that_slept_does_not_catch_up():
    cable = Cable()
    cable.until(1.0)
    cable.now = 60.0
    cable.beating.beat(60.0)
    assert cable.beating.due == pytest.approx(60.0 + 1 / 48)


@pytest.mark.parametrize("grain", [0.0156, 0.0001])
def test_ticks_are_in_time_where_sleeps_are_coarse(grain):
    cable = Cable()

    def sleep(seconds):  # a system that wakes sleepers only so often
        cable.now += seconds
        if seconds > 0.0:
            cable.now = (cable.now // grain + 1.0) * grain

    def clock():
        cable.now += 1e-5
        return cable.now

    waiting = Waiting(sleep, clock, most=0.016)
    while cable.now < 10.0:
        if cable.now >= cable.beating.due:
            cable.beating.beat(cable.now)
        else:
            waiting.towards(cable.beating.due)
    late = cable.beating.late[48:]
    assert len(late) > 400
    assert max(late) < 0.001


def test_what_wakes_a_sleeper_is_no_lateness():
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds / 2

    waiting = Waiting(sleep, lambda: now[0], most=0.016)
    for _ in range(40):
        waiting.towards(now[0] + 0.02)
    assert slept == [pytest.approx(0.02)] * 40


def test_a_port_that_is_not_there_stops_nobody(monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-is-called-so")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with suppress(UsageError):  # a system may make ports when they are asked for
        clock = MidiClock("Nothing of this name")
        clock.stop()
        clock.close()
