"""A jam that is kept: a folder with both parts as MIDI, and all the rest as `jam.json`.

It can be opened, gone on with, and made into sound. Nothing of it is trusted when it is read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from isobath.errors import ScoreError
from isobath.models.description import write_whole
from isobath.symbolic.bars import CLASSES, PITCHES, TOKENS, Bars, Drums, Melody
from isobath.symbolic.jam.capture import Played
from isobath.symbolic.jam.clock import BarClock, Stretch
from isobath.symbolic.jam.session import Jam, notes_of
from isobath.symbolic.jam.settings import Event, JamSettings, Turn, Who
from isobath.symbolic.midi import DRUM_CHANNEL, TICKS_PER_QUARTER, Note, midi_bytes

FILE = "jam.json"
FORMAT = 1
LARGEST_FILE = 64 << 20
MOST_STEPS = 64
FURTHEST = float(1 << 20)
"""Sixteenths; a day at 180 beats a minute."""
TICKS_PER_STEP = TICKS_PER_QUARTER // 4
LEAD_IN_STEPS = 16
"""A bar before the first bar line, for what comes early."""
CHANNELS: dict[Who, int] = {"human": 0, "machine": 1, "second": 2}


class KeptTurn(msgspec.Struct, frozen=True):
    """A phrase. notes: [step, class, velocity, offset] of drums; tokens of a melody."""

    who: Who
    position: float
    steps: int
    notes: list[tuple[int, int, float, float]] = []
    tokens: list[int] = []
    place: list[list[float]] | None = None
    repeated: bool = False


class KeptJam(msgspec.Struct, frozen=True, kw_only=True):
    """A whole session. played: what the human played, as it was; clock: tempi from its beginning."""

    format: int
    model: str
    kind: str
    settings: JamSettings
    clock: list[Stretch]
    played: list[Played]
    turns: list[KeptTurn]
    missed: int = 0
    name: str = ""
    latent: list[Who] = []
    """Players whose instruments are models of sound."""

    @property
    def end(self) -> float:
        """Position after the last phrase."""
        return max((turn.position + turn.steps for turn in self.turns), default=0.0)


class Snapshot(msgspec.Struct, frozen=True):
    """What is kept of a jam, as it was at a moment: quick to take, to be written elsewhere."""

    kind: str
    settings: JamSettings
    stretches: tuple[Stretch, ...]
    notes: tuple[Played, ...]
    turns: list[Turn]
    missed: int


def snapshot(jam: Jam) -> Snapshot:
    """A jam as it is now."""
    stretches, notes = jam.clock.stretches, jam.capture.notes
    return Snapshot(jam.kind, jam.settings, stretches, notes, list(jam.turns), jam.missed)


def kept(jam: Jam | Snapshot, model: str, before: KeptJam | None = None) -> KeptJam:
    """A session as it is now; with what was kept of it before, where it goes on."""
    jam = snapshot(jam) if isinstance(jam, Jam) else jam
    stretches = list(jam.stretches)
    earlier = before.clock if before is not None else []
    if before is not None:
        shift = clock_of(before).seconds(stretches[0].position) - stretches[0].seconds
        stretches = [Stretch(s.position, s.seconds + shift, s.bpm) for s in stretches]
    else:
        start = stretches[0].seconds
        stretches = [Stretch(s.position, s.seconds - start, s.bpm) for s in stretches]
    return KeptJam(
        format=FORMAT,
        model=model,
        kind=jam.kind,
        settings=jam.settings,
        clock=[*earlier, *stretches],
        played=[*(before.played if before else ()), *jam.notes],
        turns=[*(before.turns if before else ()), *map(kept_turn, jam.turns)],
        missed=jam.missed + (before.missed if before else 0),
        name=before.name if before else "",
        latent=before.latent if before else [],
    )


def gone_on(session: KeptJam, start: float, settings: JamSettings | None = None) -> Jam:
    """A jam that goes on where a session ended, after a count-in."""
    settings = settings or session.settings
    begin = 16 * (math.ceil(session.end / 16) + settings.count_in)
    return Jam(session.kind, settings, start, begin=begin)


def last_place(session: KeptJam, who: Who = "machine") -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Where this player was last, (parts, dims); (0, 0) where that is not known."""
    for turn in reversed(session.turns):
        if turn.who == who and turn.place:
            return np.asarray(turn.place, np.float32)
    return np.zeros((0, 0), np.float32)


def clock_of(session: KeptJam) -> BarClock:
    """Its clock; second 0 is the beginning of its count-in."""
    clock = BarClock(session.settings.bpm)
    clock.recall(session.clock)
    return clock


def kept_turn(turn: Turn) -> KeptTurn:
    """A phrase as it is written."""
    place = None if turn.place is None else [[round(float(v), 5) for v in row] for row in turn.place]
    bars = turn.bars
    if isinstance(bars, Melody):
        return KeptTurn(turn.who, turn.position, bars.steps, [], bars.tokens.tolist(), place, turn.repeated)
    notes = [
        (int(s), int(c), round(float(bars.velocity[s, c]), 4), round(float(bars.offset[s, c]), 4))
        for s, c in zip(*bars.hits.nonzero(), strict=True)
    ]
    return KeptTurn(turn.who, turn.position, bars.steps, notes, [], place, turn.repeated)


def bars_of(turn: KeptTurn) -> Bars:
    """The phrase."""
    if turn.tokens:
        return Melody(np.asarray(turn.tokens, np.uint8))
    bars = Drums.silence(turn.steps)
    for step, piece, velocity, offset in turn.notes:
        bars.hits[step, piece] = True
        bars.velocity[step, piece], bars.offset[step, piece] = velocity, offset
    return bars


# ------------------------------------------------------------------------------------- the folder


def write_session(folder: Path, session: KeptJam) -> None:
    """A session on the disk: jam.json, human.mid, machine.mid and both.mid. Raises SaveError."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, msgspec.json.encode(session))
    for name, parts in (
        ("human", {"human"}), ("machine", {"machine", "second"}), ("both", {"human", "machine", "second"}),
    ):  # fmt: skip
        write_whole(folder / f"{name}.mid", session_midi(session, parts))


def read_session(folder: Path) -> KeptJam:
    """A session that was kept. Raises ScoreError where it is none, damaged or newer."""
    path = folder / FILE if folder.is_dir() else folder
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ScoreError(f"{path} has {path.stat().st_size} bytes; no jam is so large.")
        data = path.read_bytes()
    except OSError as error:
        raise ScoreError(f"There is no jam in {folder} ({error.strerror}).") from error
    try:
        if msgspec.json.decode(data, type=dict).get("format", 0) > FORMAT:
            raise ScoreError(f"{path} was written by a newer Isobath. Update: pip install -U isobath")
        session = msgspec.json.decode(data, type=KeptJam)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ScoreError(f"{path} is no whole jam ({error}).") from error
    check(session, str(path))
    return session


def check(session: KeptJam, called: str) -> None:
    """Whether it can be played, whoever wrote it. Raises ScoreError."""

    def damaged(what: str) -> ScoreError:
        return ScoreError(f"{called} is damaged: {what}.")

    if session.kind not in {"drums", "melody"}:
        raise damaged(f"it is of {session.kind}")
    places = [(s.position, s.seconds) for s in session.clock]
    if not places or any(a >= b for a, b in itertools.pairwise(places)):
        raise damaged("its clock goes backwards")
    if any(
        not 1.0 <= s.bpm <= 1000.0 or abs(s.position) > FURTHEST or not 0.0 <= s.seconds <= FURTHEST
        for s in session.clock
    ):
        raise damaged("its tempo is none")
    if any(
        not 0 <= n.pitch <= 127 or not 0 <= n.velocity <= 1 or max(abs(n.position), n.length) > FURTHEST
        for n in session.played
    ):
        raise damaged("a note is none")
    for turn in session.turns:
        if not 0 < turn.steps <= MOST_STEPS or abs(turn.position) > FURTHEST:
            raise damaged(f"a phrase has {turn.steps} sixteenths")
        if any(not (0 <= s < turn.steps and 0 <= c < len(CLASSES)) for s, c, _, _ in turn.notes):
            raise damaged("a hit lies outside its phrase")
        if any(not (0 <= v <= 1 and -1 <= o <= 1) for _, _, v, o in turn.notes):
            raise damaged("a hit is none")
        place = turn.place or []
        if any(len(row) != len(place[0]) or any(abs(v) > FURTHEST for v in row) for row in place):
            raise damaged("a place is none")
        if len(turn.tokens) not in (0, turn.steps) or any(not 0 <= t < TOKENS for t in turn.tokens):
            raise damaged("a melody is not of its phrase")


# --------------------------------------------------------------------------------- MIDI and sound


def session_midi(session: KeptJam, parts: Iterable[Who | str] = ("human", "machine", "second")) -> bytes:
    """A MIDI file of these parts: the human's as it was played, the machine's as it sounded."""
    wanted = set(parts)
    notes = _machine_notes(session, wanted)
    if "human" in wanted:
        notes += [_played_note(each, session.kind) for each in session.played if each.velocity > 0]
    tempi = [(_tick(s.position), s.bpm) for s in session.clock if _tick(s.position) > 0]
    return midi_bytes(
        [n for n in notes if n.start >= 0],
        bpm=session.clock[0].bpm,
        tempi=tempi,
        end=max(0, _tick(session.end)),
        title="Isobath jam",
    )


def _tick(position: float) -> int:
    return round((position + LEAD_IN_STEPS) * TICKS_PER_STEP)


def _played_note(note: Played, kind: str) -> Note:
    length = round((note.length if note.length > 0 else 1.0) * TICKS_PER_STEP)
    loud = max(1, min(127, round(note.velocity * 127)))
    channel = DRUM_CHANNEL if kind == "drums" else CHANNELS["human"]
    return Note(max(0, _tick(note.position)), max(1, length), note.pitch, loud, channel)


def _machine_notes(session: KeptJam, wanted: set[Who | str]) -> list[Note]:
    notes = []
    for turn in session.turns:
        if turn.who == "human" or turn.who not in wanted:
            continue
        for position, kind, pitch, velocity, length in notes_of(bars_of(turn), turn.position):
            drum = kind == "drum"
            notes.append(
                Note(
                    max(0, _tick(position)),
                    max(1, round(length * TICKS_PER_STEP)),
                    PITCHES[pitch][0] if drum else pitch,
                    max(1, min(127, round(velocity * 127))),
                    DRUM_CHANNEL if drum else CHANNELS[turn.who],
                )
            )
    return notes


def session_events(session: KeptJam) -> list[Event]:
    """Everything that sounded, without the click, in seconds from the beginning of the count-in."""
    clock = clock_of(session)
    events = []
    for note in session.played:
        at = clock.seconds(note.position)
        if session.kind == "drums":
            pieces = [i for i, pitches in enumerate(PITCHES) if note.pitch in pitches]
            events += [Event(at, "human", "drum", piece, note.velocity) for piece in pieces]
        else:
            length = clock.seconds(note.position + max(0.1, note.length)) - at
            events.append(Event(at, "human", "note", note.pitch, note.velocity, length))
    for turn in session.turns:
        if turn.who == "human":
            continue
        for position, kind, pitch, velocity, length in notes_of(bars_of(turn), turn.position):
            at = clock.seconds(position)
            lasts = clock.seconds(position + length) - at
            events.append(Event(at, turn.who, kind, pitch, velocity, lasts))
    return sorted(events, key=lambda event: event.seconds)
