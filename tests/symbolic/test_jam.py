"""A jam in counted time: no bar is missed, nothing drifts, and bad input gets a musical answer."""

from functools import lru_cache

import msgspec
import numpy as np
import pytest

from isobath import symbolic
from isobath.errors import ScoreError, UsageError
from isobath.symbolic.bars import CLASS_OF, Drums
from isobath.symbolic.jam import Answer, Answerer, Ask, Heard, Jam, JamSettings
from isobath.symbolic.jam.capture import Capture, is_silent
from isobath.symbolic.jam.keeping import bars_of, gone_on, kept, last_place, read_session, write_session
from isobath.symbolic.jam.session import MARGIN_SECONDS
from isobath.symbolic.jam.simulating import Simulation

BEAT = [
    *((s, 0.5, 42, 0.6) for s in range(0, 32, 2)),
    *((s, 0.5, 36, 0.9) for s in (0, 7, 16, 24)),
    *((s + 0.1, 0.5, 38, 0.8) for s in (4, 12, 20, 28)),
]


@lru_cache
def model():
    return symbolic.load("drums-2")


class Echo:
    """Thinks nothing: answers with one hit on the first step, numbered by its velocity."""

    def __init__(self):
        self.asked = []

    def answer(self, ask):
        self.asked.append(ask)
        bars = Drums.silence(ask.settings.steps)
        bars.hits[0, 0] = True
        bars.velocity[0, 0] = 0.5
        return Answer(bars)


def simulated(settings, until, line=BEAT, delay=lambda _: 0.0, answerer=None):
    answerer = answerer or Echo()
    jam = Jam("drums", settings)
    simulation = Simulation(jam, {"machine": answerer, "second": answerer}, line, delay)
    simulation.run(until)
    return jam, simulation


@pytest.mark.parametrize("bpm", [40, 120, 240])
def test_ten_minutes_under_stress_miss_no_bar_and_do_not_drift(bpm):
    """Thinking takes what is there: up to all but a thousandth of a second before it is late."""
    rng = np.random.default_rng(bpm)
    budget = 60 / bpm / 8 - MARGIN_SECONDS - 0.006
    phrases = int(10 * bpm / 8)
    settings = JamSettings(bpm=bpm, metronome=False)
    jam, simulation = simulated(
        settings, phrases * 32, delay=lambda _: float(rng.uniform(0, budget)), line=BEAT[:4]
    )
    assert jam.missed == 0
    answers = [e for e in simulation.events if e.who == "machine" and e.kind == "drum"]
    bar = 240 / bpm
    lines = bar + np.arange(1, 2 * len(answers), 2) * 2 * bar  # a bar of count-in, then every second phrase
    assert len(answers) == phrases // 2
    assert np.abs(np.array([e.seconds for e in answers]) - lines).max() < 1e-6
    assert abs(jam.clock.seconds(phrases * 32) - (bar + phrases * 2 * bar)) < 1e-6


def test_a_late_or_crashed_model_repeats_and_the_clock_goes_on():
    late = {3, 4}
    jam, simulation = simulated(
        JamSettings(metronome=False), 32 * 14, delay=lambda ask: 5.0 if ask.number in late else 0.001
    )
    machine = [t for t in jam.turns if t.who == "machine"]
    assert jam.missed == 2
    assert [t.repeated for t in machine] == [n in late for n in range(1, len(machine) + 1)]
    assert len({e.seconds for e in simulation.events if e.who == "machine" and e.kind == "drum"}) == 7

    class Crashed:
        def answer(self, _):
            raise ValueError("no")

    jam, simulation = simulated(JamSettings(metronome=False), 32 * 6, answerer=Crashed())
    assert jam.missed == 3
    assert simulation.failures
    # not even one answer: what the human played comes back
    assert [t.bars.changed(jam.turns[0].bars) for t in jam.turns if t.who == "machine"] == [0, 0, 0]


def test_where_the_answer_is_late_a_draft_of_a_beat_before_is_played():
    echo = Echo()
    line = [*BEAT, (29.0, 0.5, 49, 1.0)]  # a crash in the last beat, of which the draft knows nothing
    jam, simulation = simulated(
        JamSettings(metronome=False), 32 * 6, line, lambda ask: 0.01 if ask.draft else 5.0, echo
    )
    assert (jam.missed, jam.drafted) == (0, 3)
    assert not any(t.repeated for t in jam.turns)
    drafts, answers = ([ask for ask in echo.asked if ask.draft is draft] for draft in (True, False))
    assert [each.number for each in drafts] == [each.number for each in answers] == [1, 2, 3]
    assert all(b.phrase.hits.sum() == a.phrase.hits.sum() + 4 for a, b in zip(drafts, answers, strict=True))
    seconds = [e.seconds for e in simulation.events if e.who == "machine" and e.kind == "drum"]
    lines = [jam.clock.seconds(t.position) for t in jam.turns if t.who == "machine"]
    assert seconds == pytest.approx(lines)


def test_a_draft_is_forgotten():
    answerers = [Answerer(model(), 5), Answerer(model(), 5)]
    ask = Ask(1, "machine", 0.0, JamSettings(), model().decode(model().statistics.phrases[3]))
    answerers[0].answer(msgspec.structs.replace(ask, draft=True))
    first, other = (each.answer(ask) for each in answerers)
    assert np.array_equal(first.place, other.place)


def test_the_modes_have_their_turns():
    def players(mode, phrases=6):
        jam, _ = simulated(JamSettings(mode=mode, metronome=False), 32 * phrases + 1)
        return [(t.who, t.position // 32) for t in jam.turns if t.position < 32 * phrases]

    assert [who for who, _ in players("trade")] == ["human", "machine"] * 3
    assert [who for who, _ in players("lead")] == ["machine", "human"] * 3
    assert [who for who, _ in players("machines")] == ["machine", "second"] * 3
    assert [at for who, at in players("follow") if who == "machine"] == [1, 2, 3, 4, 5]
    assert [at for who, at in players("loop") if who == "machine"] == [1, 2, 3, 4, 5]
    assert [at for who, at in players("morph") if who == "machine"] == [2, 3, 4, 5]


def test_a_loop_is_exactly_what_was_played():
    jam, _ = simulated(JamSettings(mode="loop", metronome=False), 32 * 3)
    first, *others = [t.bars for t in jam.turns]
    assert first.hits.sum() == len(BEAT)
    assert all(np.allclose(first.tensor, each.tensor, atol=1e-4) for each in others)


@pytest.mark.parametrize("bars", [1, 2, 4])
def test_a_real_model_answers_near_the_phrase_and_never_twice_the_same(bars):
    answerer = Answerer(model(), seed=3)
    steps = 16 * bars
    jam, simulation = simulated(
        JamSettings(bars=bars, changed_hits=6, metronome=False), steps * 10, answerer=answerer
    )
    machine = [t for t in jam.turns if t.who == "machine"]
    assert not simulation.failures
    assert jam.missed == 0
    assert len(machine) == 5
    assert all(t.bars.steps == steps and t.place.shape == (-(-bars // 2), model().dims) for t in machine)
    assert len({t.bars.hits.tobytes() for t in machine}) == 5
    human = [t for t in jam.turns if t.who == "human"]
    assert all(t.place is not None for t in human[:-1])


def test_as_many_hits_differ_as_was_asked():
    answerer = Answerer(model(), seed=1)
    phrase = symbolic.drums_of_hits([(at, CLASS_OF[pitch], v) for at, _, pitch, v in BEAT], 32)
    for wanted in (4, 12):
        changed = []
        for _ in range(10):
            ask = Ask(1, "machine", 0.0, JamSettings(changed_hits=wanted), phrase)
            answer = answerer.answer(ask)
            changed.append(model().decode(answer.heard[0]).changed(answer.bars))
        assert np.mean(changed) == pytest.approx(wanted, rel=0.15)


def test_silence_gets_music():
    jam, simulation = simulated(JamSettings(metronome=False), 32 * 4, line=(), answerer=Answerer(model(), 2))
    machine = [t for t in jam.turns if t.who == "machine"]
    assert not simulation.failures
    assert machine
    assert not any(is_silent(t.bars) for t in machine)


def test_bad_notes_harm_nothing():
    roll = [(s / 6.3, 0.1, 38, 0.1 + (s % 9) / 10) for s in range(200)]
    outside = [(2.0, 1.0, 100, 0.9), (3.0, 500.0, 36, 0.7)]  # no drum of the kit; a stuck note
    jam, simulation = simulated(
        JamSettings(metronome=False), 32 * 4, roll + outside, answerer=Answerer(model())
    )
    assert jam.missed == 0
    assert not simulation.failures
    assert jam.capture.unmapped > 0
    assert jam.turns[0].bars.hits[:, 1].sum() == 32
    assert jam.hear(Heard(float("nan"), 38, 0.5)) is None
    assert jam.hear(Heard(1.0, 300, 0.5)) is None
    assert jam.hear(Heard(1.0, 38, 7.0)) is None
    assert jam.capture.refused == 3


def test_a_stuck_note_of_a_melody_ends_with_its_phrase():
    capture = Capture()
    capture.hear(2.0, 64, 0.8)
    melody = capture.bars("melody", 0, 32)
    assert melody.tokens[2] == 64 - 21 + 2
    assert not melody.tokens[3:].any()
    capture.lost(40.0)
    assert capture.notes[0].length == 38.0


def test_an_early_hit_on_the_bar_line_sounds_no_sooner_than_it_was_thought_of():
    class Early(Echo):
        def answer(self, ask):
            bars = super().answer(ask).bars
            bars.offset[0, 0] = 1.0  # half a sixteenth early: where thinking begins
            return Answer(bars)

    jam, simulation = simulated(
        JamSettings(bpm=120, metronome=False), 32 * 4, delay=lambda _: 0.03, answerer=Early()
    )
    hits = [e.seconds for e in simulation.events if e.who == "machine" and e.kind == "drum"]
    line = jam.clock.seconds(32)
    assert line - 0.0625 + 0.03 - 1e-6 <= hits[0] <= line


def test_tempo_changes_in_the_middle_of_a_phrase_keep_the_bars():
    jam = Jam("drums", JamSettings(bpm=120, metronome=False))
    simulation = Simulation(jam, {"machine": Echo()}, BEAT)
    simulation.run(20)
    jam.change(msgspec.structs.replace(jam.settings, bpm=80), simulation._now)
    simulation.run(32 * 4)
    hits = [e.seconds for e in simulation.events if e.who == "machine" and e.kind == "drum"]
    assert hits[0] == pytest.approx(2 + 2 * 2)  # the change waits for the bar line at 32
    assert hits[1] == pytest.approx(2 + 4 + 4 * 3)
    assert jam.missed == 0


def test_settings_out_of_range_are_a_sentence():
    for wrong in ({"bars": 3}, {"bpm": 10}, {"changed_hits": -1}, {"mode": "solo"}, {"lead": 2}):
        with pytest.raises(UsageError):
            JamSettings(**wrong)


def test_a_session_is_kept_and_gone_on_with(tmp_path):
    answerer = Answerer(model(), seed=3)
    jam, _ = simulated(JamSettings(metronome=False), 32 * 4, answerer=answerer)
    session = kept(jam, "drums-2")
    write_session(tmp_path / "jam", session)
    again = read_session(tmp_path / "jam")
    assert [t.who for t in again.turns] == [t.who for t in jam.turns]
    for turn, before in zip(again.turns, jam.turns, strict=True):
        assert bars_of(turn).changed(before.bars) == 0
    assert last_place(again).shape == (1, model().dims)
    human = symbolic.read_midi(tmp_path / "jam" / "human.mid")
    assert len(human.notes) == len(session.played)

    more = gone_on(again, start=100.0)
    Simulation(more, {"machine": answerer}, BEAT).run(again.end + 32 * 3)
    whole = kept(more, "drums-2", again)
    write_session(tmp_path / "jam", whole)
    assert len(read_session(tmp_path / "jam").turns) > len(again.turns)
    assert whole.clock[1].seconds == pytest.approx(2 * 60 / 110 * 2 + again.end * 15 / 110)


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b'{"format": 9}', b"\xff\xfe"])
def test_a_damaged_session_is_a_sentence(tmp_path, text):
    (tmp_path / "jam.json").write_bytes(text)
    with pytest.raises(ScoreError):
        read_session(tmp_path)


@pytest.mark.parametrize("bars", [1, 2, 4])
def test_a_morph_between_phrases_of_different_lengths_is_as_long_as_is_wanted(bars):
    long, short = (Drums.silence(16 * each) for each in (4, 1))
    for each in (long, short):
        each.hits[::4, 0] = True
        each.velocity[::4, 0] = 0.8
    settings = JamSettings(mode="morph", bars=bars)
    for first, last in ((long, short), (short, long)):
        answer = Answerer(model()).answer(Ask(1, "machine", 0.0, settings, first, last, 0.5))
        assert answer.bars.steps == 16 * bars
