"""A jam: whose turn it is, what is asked of the model and when, and what sounds.

No thread, no socket, no waiting: it is told the time and what was played, and tells what is to sound and
what is to be thought of. Thinking begins half a sixteenth before a bar line, when the phrase before it is
whole. What has not come by the bar line is not waited for: a draft is played, thought of a beat before in
answer to what there was by then; where there is none, the last answer again. The clock goes on. A note is
told a little before it is due, with its time; nobody schedules on arrival.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Literal

from isobath.symbolic.bars import CLASS_OF, LOWEST_PITCH, OFF, STEPS_PER_BAR, Bars, Drums, Melody
from isobath.symbolic.jam.capture import Capture, is_silent
from isobath.symbolic.jam.clock import BarClock
from isobath.symbolic.jam.settings import Answer, Ask, Event, Heard, JamSettings, Mode, Turn, Who

MARGIN_SECONDS = 0.008
"""Before the bar line, what is not there yet is late."""
HORIZON_SECONDS = 0.05
"""Notes are told so long before they are due."""
ENCODE_STEPS = 0.5
"""Before the bar line, the phrase is whole."""
STEPS_PER_BEAT = 4
DRAFT_STEPS, DRAFT_SECONDS, MOST_DRAFT_STEPS = 4.5, 0.5, 12.5
"""Before the bar line a draft is asked for: a beat and a little, or half a second where that is more."""
MELODY_VELOCITY = 0.75

_Kind = Literal["drum", "note"]
NoteOf = tuple[float, _Kind, int, float, float]
"""Position, kind, pitch or class, velocity, length in sixteenths."""
_Note = tuple[float, int, Who, _Kind, int, float, float]
"""Position, order, who, kind, pitch, velocity, length in sixteenths."""


class Jam:
    """One session."""

    def __init__(
        self,
        kind: str,
        settings: JamSettings | None = None,
        start: float = 0.0,
        spare: Bars | None = None,
        begin: int = 0,
    ) -> None:
        """kind: drums or melody. start: seconds at which the count-in begins. spare: played when the very
        first answer is late. begin: bar line after the count-in, over 0 where a session goes on."""
        self.kind = kind
        self.settings = settings or JamSettings()
        self.clock = BarClock(self.settings.bpm, start, self.settings.count_in, begin)
        self.capture = Capture()
        self.turns: list[Turn] = []
        self.missed = 0
        """Answers that did not come in time."""
        self.drafted = 0
        """Those for which a draft was played."""
        self._notes: list[_Note] = []
        self._order = 0
        self._click = begin - STEPS_PER_BAR * self.settings.count_in
        self._begins = begin
        self._phrase: tuple[float, int, tuple[Who, ...]] | None = None
        """Position, steps and players of the phrase that is played."""
        self._next = float(begin)
        self._asked: dict[Who, Ask] = {}
        self._given: dict[Who, Answer] = {}
        self._drafting: dict[Who, Ask] | None = None
        """Drafts that were asked for; None: not yet for this phrase."""
        self._drafts: dict[Who, Answer] = {}
        self._players: tuple[Who, ...] | None = None
        """Of the next phrase, once that is decided."""
        self._last: dict[Who, Answer] = {}
        self._spare = spare
        self._number = 0
        self._kept: list[Bars] = []
        """The human's last two phrases with anything in them."""
        self._morphed = 0

    # ---------------------------------------------------------------------------- from outside

    def change(self, settings: JamSettings, now: float) -> None:
        """Other settings: the tempo from the next bar line, the rest from the next phrase that is decided."""
        if settings.bpm != self.settings.bpm:
            self.clock.change(settings.bpm, now)
        self.settings = settings

    def hear(self, heard: Heard) -> Event | None:
        """The human plays, or lets go; returns what sounds at once."""
        played = self.capture.hear(self.clock.position(heard.seconds), heard.pitch, heard.velocity)
        if played is None:
            return None
        if self.kind == "drums":
            piece = CLASS_OF.get(heard.pitch)
            return None if piece is None else Event(heard.seconds, "human", "drum", piece, heard.velocity)
        return Event(heard.seconds, "human", "note", heard.pitch, heard.velocity, 0.4)

    def give(self, ask: Ask, answer: Answer | None, now: float) -> bool:
        """An answer came, or none will (the model failed). Whether it came in time."""
        if answer is not None and ask.draft and (self._drafting or {}).get(ask.who) is ask:
            self._drafts[ask.who] = answer
            return True
        if answer is None or self._asked.get(ask.who) is not ask:
            return False
        if ask.who in self._given or self._players is None:
            return False
        self._given[ask.who] = answer
        self._play(ask.who, answer, now, repeated=False)
        return True

    @property
    def coming(self) -> tuple[float, int, tuple[Who, ...]] | None:
        """Position, sixteenths and players of the next phrase, once that is decided."""
        return None if self._players is None else (self._next, self.settings.steps, self._players)

    @property
    def playing(self) -> tuple[float, int, tuple[Who, ...]] | None:
        """Position, sixteenths and players of the phrase that is played."""
        return self._phrase

    def wants(self) -> float:
        """Seconds at which `advance` has something to decide at the latest."""
        step = self._next if self._players is not None else self._next - ENCODE_STEPS
        if self._drafting is None:
            return min(self._draft_at(), self._soonest() - HORIZON_SECONDS)
        due = self.clock.seconds(step) - (MARGIN_SECONDS if self._players is not None else 0.0)
        return min(due, self._soonest() - HORIZON_SECONDS)

    def _soonest(self) -> float:
        click = self.clock.seconds(self._click)
        return min(click, self.clock.seconds(self._notes[0][0])) if self._notes else click

    def advance(self, now: float) -> tuple[list[Event], list[Ask]]:
        """It is now so late: what is to sound up to a horizon, and what is to be thought of."""
        asks: list[Ask] = []
        while True:
            if self._drafting is None and now >= self._draft_at():
                asks += self._draft()
            if self._players is None:
                if now < self.clock.seconds(self._next - ENCODE_STEPS):
                    break
                asks += self._decide(now)
            if now < self.clock.seconds(self._next) - MARGIN_SECONDS:
                break
            self._begin(now)
        drafting = self._drafting or {}
        wanted = [ask for ask in asks if (drafting if ask.draft else self._asked).get(ask.who) is ask]
        return self._due(now), wanted

    def silence(self, now: float) -> None:
        """Panic: nothing that was to come sounds, and no note is held."""
        self._notes.clear()
        self.capture.lost(self.clock.position(now))

    # ------------------------------------------------------------------------------- the turns

    def _decide(self, now: float) -> list[Ask]:
        """The phrase is whole: keep it, see whose the next one is, and ask for it."""
        phrase = None
        if self._phrase is not None and "human" in self._phrase[2]:
            position, steps, _ = self._phrase
            phrase = self.capture.bars(self.kind, position, steps)
            self.turns.append(Turn("human", position, phrase))
            if not is_silent(phrase):
                self._kept = [*self._kept[-1:], phrase]
        before = self._phrase[2] if self._phrase is not None else ()
        self._players = self._whose(self.settings.mode, before)
        self._asked, self._given = {}, {}
        others = [who for who in self._players if who != "human"]
        if self.settings.mode == "loop" and self._kept:
            for who in others:
                self._given[who] = Answer(self._kept[-1])
                self._play(who, self._given[who], now, repeated=False)
            return []
        self._asked = {who: self._ask(who, phrase) for who in others}
        return list(self._asked.values())

    def _draft_at(self) -> float:
        line = self.clock.seconds(self._next)
        earliest = self.clock.seconds(self._next - MOST_DRAFT_STEPS)
        return max(earliest, min(self.clock.seconds(self._next - DRAFT_STEPS), line - DRAFT_SECONDS))

    def _draft(self) -> list[Ask]:
        """A beat before the line: what is answered if the whole phrase cannot be in time."""
        self._drafting, self._drafts = {}, {}
        if self.settings.mode in {"loop", "morph"}:
            return []
        before = self._phrase[2] if self._phrase is not None else ()
        phrase = None
        if self._phrase is not None and "human" in before:
            phrase = self.capture.bars(self.kind, *self._phrase[:2])
        others = [who for who in self._whose(self.settings.mode, before) if who != "human"]
        self._drafting = {who: self._ask(who, phrase, draft=True) for who in others}
        return list(self._drafting.values())

    def _whose(self, mode: Mode, before: tuple[Who, ...]) -> tuple[Who, ...]:
        if mode == "machines":
            return ("second",) if before == ("machine",) else ("machine",)
        if mode == "follow":
            return ("human", "machine") if before else ("human",)
        if mode in {"loop", "morph"}:
            wanted = 1 if mode == "loop" else 2
            return ("human", "machine") if len(self._kept) >= wanted else ("human",)
        if not before:
            return ("machine",) if mode == "lead" else ("human",)
        return ("human",) if "machine" in before or "second" in before else ("machine",)

    def _ask(self, who: Who, phrase: Bars | None, *, draft: bool = False) -> Ask:
        number = self._number + 1  # a draft has that of the answer it stands for
        self._number = self._number if draft else number
        due = self.clock.seconds(self._next) - MARGIN_SECONDS
        settings = self.settings
        if settings.mode == "machines":
            other: Who = "second" if who == "machine" else "machine"
            phrase = self._last[other].bars if other in self._last else None
        if settings.mode == "morph" and len(self._kept) == 2:
            return Ask(number, who, due, settings, self._kept[0], self._kept[1], self._share())
        return Ask(number, who, due, settings, phrase, draft=draft)

    def _share(self) -> float:
        """How far between the ends the next phrase of a morph is: there and back."""
        last = self.settings.morph_phrases - 1
        at = self._morphed % (2 * last)
        self._morphed += 1
        return (at if at <= last else 2 * last - at) / last

    def _begin(self, now: float) -> None:
        """The bar line is here: what did not come is replaced by its draft, or by what was played before."""
        assert self._players is not None
        for who in self._players:
            if who == "human" or who in self._given:
                continue
            draft = self._drafts.get(who)
            self.missed, self.drafted = self.missed + (draft is None), self.drafted + (draft is not None)
            self._play(who, draft or self._instead(who), now, repeated=draft is None)
        self._drafting, self._drafts = None, {}
        self._phrase = (self._next, self.settings.steps, self._players)
        self._next += self.settings.steps
        self._players = None

    def _instead(self, who: Who) -> Answer:
        if who in self._last:
            return self._last[who]
        if self._kept:
            return Answer(self._kept[-1])
        return Answer(self._spare) if self._spare is not None else Answer(_silence(self.kind))

    def _play(self, who: Who, answer: Answer, now: float, *, repeated: bool) -> None:
        self._last[who] = answer
        self.turns.append(Turn(who, self._next, answer.bars, answer.place, repeated))
        if answer.heard is not None:
            self._placed(answer)
        first = self.clock.position(now)
        for position, kind, pitch, velocity, length in notes_of(answer.bars, self._next):
            self._order += 1
            # an early first hit may be due before it could be thought of: as early as there is
            heapq.heappush(
                self._notes,
                (max(position, min(first, self._next)), self._order, who, kind, pitch, velocity, length),
            )

    def _placed(self, answer: Answer) -> None:
        """The human's phrase, now that it is known where it lies."""
        for at in range(len(self.turns) - 2, max(-1, len(self.turns) - 4), -1):
            turn = self.turns[at]
            if turn.who == "human":
                self.turns[at] = Turn("human", turn.position, turn.bars, answer.heard)
                return

    # ------------------------------------------------------------------------------- the sound

    def _due(self, now: float) -> list[Event]:
        events = []
        until = now + HORIZON_SECONDS
        while self.clock.seconds(self._click) <= until:
            beat = self._click % STEPS_PER_BAR == 0
            if self.settings.metronome or self._click < self._begins:
                at = self.clock.seconds(self._click)
                events.append(Event(at, "machine", "click", int(beat), 0.8 if beat else 0.5))
            self._click += STEPS_PER_BEAT
        while self._notes and self.clock.seconds(self._notes[0][0]) <= until:
            position, _, who, kind, pitch, velocity, length = heapq.heappop(self._notes)
            at = self.clock.seconds(position)
            lasts = self.clock.seconds(position + length) - at
            events.append(Event(at, who, kind, pitch, velocity, lasts))
        return events


def _silence(kind: str) -> Bars:
    return Drums.silence(STEPS_PER_BAR) if kind == "drums" else Melody.silence(STEPS_PER_BAR)


def notes_of(bars: Bars, start: float) -> Iterable[NoteOf]:
    """(position, kind, pitch or class, velocity, length) of a phrase that begins at a position."""
    if isinstance(bars, Drums):
        for step, piece in zip(*bars.hits.nonzero(), strict=True):
            at = start + step - float(bars.offset[step, piece]) / 2
            yield at, "drum", int(piece), float(bars.velocity[step, piece]), 0.5
        return
    began, pitch = 0, -1
    for step, token in enumerate([*bars.tokens.tolist(), OFF]):
        if token == 0:
            continue
        if pitch >= 0:
            yield start + began, "note", pitch, MELODY_VELOCITY, float(step - began)
        began, pitch = step, token - 2 + LOWEST_PITCH if token >= 2 else -1
