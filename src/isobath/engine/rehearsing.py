"""A rehearsal: the loudest and roughest places of a piece, and what would stand between them and an ear.

Where the safety maps of the voices say that a place is loud, the piece is played for a moment: from the
nearest demonstration (the performer waits there) straight to it, once with the limiter alone, once with
the guard, once with guard and foresight. Takes are played whole. What is told is momentary loudness
(BS.1770, 400 ms), and its steepest rise within a second, counted from 8 LU under what may sound at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from isobath.engine.controls import Controls
from isobath.engine.foresight import fits_together
from isobath.engine.loop import player_of, sound
from isobath.engine.sources import DreamOf, LoadSound, sources_of
from isobath.engine.surveying import Cancelled, SurveyCancelled, surveyed
from isobath.engine.takes import TakeReader
from isobath.engine.voices import LoadModel, rate_of, voices_of
from isobath.protocol.piece import Piece, SafetyMap, Take, Voice
from isobath.protocol.rehearsal import LoudPlace, Rehearsal, RehearsedRise, RehearsedTake, SteepStep
from isobath.sound.loudness import momentary

Floats = NDArray[np.float64]
Progress = Callable[[float], None]

SURVEY_SHARE = 0.3
"""Of the whole work, as progress tells it."""
FROM_LUFS = -23.0
"""A rise is counted from here: 8 LU under what may sound at once (kernel/guard.h)."""
_STEP_SECONDS = 0.01
_WAIT_SECONDS, _THERE_SECONDS = 1.2, 1.0
_APART = 0.15
"""Places nearer than this to a worse one are not told again."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What stood between the voices and the ear."""

    guard: bool
    foresight: bool


SETTINGS = (
    Settings(guard=False, foresight=False),
    Settings(guard=True, foresight=False),
    Settings(guard=True, foresight=True),
)


def with_safety(
    piece: Piece, load_model: LoadModel, cancelled: Cancelled = lambda: False, anew: bool = False
) -> Piece:
    """The piece with a safety map for every voice that can have one; those that are missing are measured."""
    missing = [each for each in piece.voices if anew or each.safety is None or not fits_together(each.safety)]
    if not missing:
        return piece
    played = voices_of(piece, load_model)
    voices = tuple(
        msgspec.structs.replace(
            voice, safety=surveyed(piece.voices, played, slot, len(piece.axes), cancelled)
        )
        if voice in missing
        else voice
        for slot, voice in enumerate(piece.voices)
    )
    return msgspec.structs.replace(piece, voices=voices)


def rehearse(
    piece: Piece,
    load_model: LoadModel,
    *,
    places: int = 5,
    takes: bool = True,
    load_sound: LoadSound | None = None,
    dream_of: DreamOf | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> Rehearsal:
    """Go through a piece. places: how many of each kind are told and played. progress: is told how far it
    is, 0 to 1.

    Raises SurveyCancelled as soon as `cancelled` says so, some tenths of a second after at most; PieceError,
    ModelError, AudioError or MappingError where its parts do not fit together.
    """
    known = with_safety(piece, load_model, cancelled, anew=True)
    loud = _spots(known, by_loudness=True)[:places]
    rough = _spots(known, by_loudness=False)[:places]
    played = [take for take in known.takes if not take.muted] if takes else []
    whole, done = len(loud) + len(played), itertools.count(1)

    def step() -> None:
        if cancelled():
            raise SurveyCancelled
        if progress is not None:
            progress(1.0 - (1.0 - SURVEY_SHARE) * (1.0 - next(done) / whole))

    if progress is not None:
        progress(SURVEY_SHARE)
    stage = _Stage(known, load_model, load_sound, dream_of)
    told: list[LoudPlace] = []
    for spot in loud:
        told.append(msgspec.structs.replace(spot, jump=stage.jump(_start(known, spot), spot.point)))
        step()
    heard: list[RehearsedTake] = []
    for take in played:
        heard.append(stage.take(take))
        step()
    unknown = [voice.model for voice in known.voices if voice.safety is None]
    return Rehearsal(
        piece=piece.name,
        axes=tuple(axis.name for axis in piece.axes),
        loudest=tuple(told),
        roughest=tuple(rough),
        steps=_steps(known)[:places],
        takes=tuple(heard),
        notes=tuple(
            f"{model} has no safety map: nothing was learned for it, or it plays in bars."
            for model in unknown
        ),
    )


# ------------------------------------------------------------------ what the maps say


def nodes(found: SafetyMap) -> Floats:
    """Where a map was measured (nodes, axes)."""
    if not found.shape:
        return np.array(found.points, dtype=np.float64) / 1000.0
    return np.array(list(itertools.product(*(np.linspace(0.0, 1.0, count) for count in found.shape))))


def _spots(piece: Piece, by_loudness: bool) -> list[LoudPlace]:
    """The worst first, over all voices; places close to a worse one of the same voice are left out."""
    scored: list[tuple[float, LoudPlace]] = []
    for voice in piece.voices:
        found = voice.safety
        if found is None:
            continue
        points = nodes(found)
        score = np.array(found.loudness if by_loudness else found.roughness, dtype=np.float64)
        chosen: list[int] = []
        for i in np.argsort(-score, kind="stable").tolist():
            if all(np.linalg.norm(points[i] - points[k]) >= _APART for k in chosen):
                chosen.append(i)
                scored.append((float(score[i]), _spot(voice, found, points, i)))
            if len(chosen) == 20:
                break
    return [spot for _, spot in sorted(scored, key=lambda each: -each[0])]


def _spot(voice: Voice, found: SafetyMap, points: Floats, i: int) -> LoudPlace:
    return LoudPlace(
        voice=voice.model,
        point=tuple(np.round(points[i], 3).tolist()),
        near=_near(voice, points[i]),
        lufs=found.loudness[i] / 10,
        over_lu=(found.loudness[i] - found.loud_from[i]) / 10,
        asper=found.roughness[i] / 100,
        trim_db=found.trim[i] / 10 * voice.foresight,
    )


def _near(voice: Voice, point: Floats) -> str:
    labelled = [each for each in voice.demonstrations if each.label and len(each.point) == len(point)]
    if not labelled:
        return ""
    return min(labelled, key=lambda each: float(np.linalg.norm(np.array(each.point) - point))).label


def _start(piece: Piece, spot: LoudPlace) -> tuple[float, ...]:
    """Where the performer waits: at the nearest demonstration of any voice, or at rest."""
    here = np.array(spot.point)
    shown = [
        each.point
        for voice in piece.voices
        for each in voice.demonstrations
        if not each.muted and len(each.point) == len(here)
    ]
    if not shown:
        return tuple(axis.rest for axis in piece.axes)
    return min(shown, key=lambda point: float(np.linalg.norm(np.array(point) - here)))


def _steps(piece: Piece) -> tuple[SteepStep, ...]:
    """Neighbouring nodes that differ most, the audible of them."""
    found: list[SteepStep] = []
    for voice in piece.voices:
        safety = voice.safety
        if safety is None or not safety.shape:
            continue
        shape = safety.shape
        loud = np.maximum(np.array(safety.loudness, dtype=np.float64).reshape(shape) / 10, -45.0)
        for axis, count in enumerate(shape):
            rise = np.diff(loud, axis=axis)
            for flat in np.argsort(-np.abs(rise), axis=None)[:3].tolist():
                at = np.unravel_index(flat, rise.shape)
                one = tuple(round(int(k) / (n - 1), 3) for k, n in zip(at, shape, strict=True))
                other = tuple(v + 1 / (count - 1) if a == axis else v for a, v in enumerate(one))
                up = rise[at] > 0
                quiet, louder = (one, other) if up else (other, one)
                found.append(SteepStep(voice=voice.model, quiet=quiet, loud=louder, lu=abs(float(rise[at]))))
    return tuple(sorted(found, key=lambda each: -each.lu))


# ------------------------------------------------------------------ playing


@dataclass
class _Stage:
    """A piece that is played in pieces, nobody hearing it."""

    piece: Piece
    load_model: LoadModel
    load_sound: LoadSound | None
    dream_of: DreamOf | None

    def jump(self, start: Sequence[float], end: Sequence[float]) -> tuple[RehearsedRise, ...]:
        """Wait at one place, then be at another at once."""
        rate, hop = 1000, 10
        wait, there = (round(each * rate / hop) for each in (_WAIT_SECONDS, _THERE_SECONDS))
        take = Take(
            id="rehearsal", name="", hop=hop, sample_rate=rate, length=wait + there,
            axes=tuple(axis.id for axis in self.piece.axes),
            frames=(0, wait), points=(tuple(start), tuple(end)),
        )  # fmt: skip
        return tuple(self._played(take, settings, _WAIT_SECONDS - 0.1)[0] for settings in SETTINGS)

    def take(self, take: Take) -> RehearsedTake:
        """A whole take."""
        played = [self._played(take, settings) for settings in SETTINGS]
        reader = played[0][1]
        rate = rate_of(voices_of(self.piece, self.load_model))
        where = reader(round(played[0][0].at_seconds * rate))
        return RehearsedTake(
            name=take.name or take.id,
            seconds=reader.samples / rate,
            played=tuple(told for told, _ in played),
            point=tuple(np.round(where, 3).tolist()),
        )

    def _played(self, take: Take, settings: Settings, after: float = 0.0) -> tuple[RehearsedRise, TakeReader]:
        piece = self.piece
        if not settings.foresight:
            deaf = tuple(msgspec.structs.replace(voice, foresight=0.0) for voice in piece.voices)
            piece = msgspec.structs.replace(piece, voices=deaf)
        guard_db = (piece.master.guard_db or 8.0) if settings.guard else 0.0
        piece = msgspec.structs.replace(
            piece, master=msgspec.structs.replace(piece.master, guard_db=guard_db)
        )
        voices = voices_of(piece, self.load_model)
        sources = sources_of(piece, take, voices, self.load_sound, self.dream_of)
        player = player_of(voices, Controls.of(piece), 2, sources)
        reader = TakeReader(take, piece.axes, player.sample_rate, piece.takes)
        blocks = []
        lowest = [0.0, 0.0]
        for block in _until(sound(player, voices, reader, take.seed, sources), reader.samples + player.delay):
            blocks.append(block)
            meters = player.meters()
            lowest = [min(lowest[0], meters.guard_db), min(lowest[1], meters.limiter_db)]
        levels = momentary(np.concatenate(blocks, axis=1), player.sample_rate, _STEP_SECONDS)
        rise, at = steepest(levels, round(after / _STEP_SECONDS))
        told = RehearsedRise(
            rise_lu=rise,
            loudest_lufs=float(levels.max(initial=-120.0)),
            at_seconds=at * _STEP_SECONDS,
            guard_db=lowest[0],
            limiter_db=lowest[1],
        )
        return told, reader


def _until(stretches: Iterator[NDArray[np.float32]], samples: int) -> Iterator[NDArray[np.float32]]:
    done = 0
    while done < samples:
        block = next(stretches)
        done += block.shape[1]
        yield block


def steepest(levels: Floats, first: int = 0) -> tuple[float, int]:
    """Largest rise of momentary loudness (10 ms steps) within a second, from `first` on; where it ends."""
    heard = np.maximum(levels, FROM_LUFS)
    second = round(1.0 / _STEP_SECONDS)
    if len(heard) < 2:
        return 0.0, 0
    padded = np.concatenate([np.full(second, np.inf), heard])
    lows = sliding_window_view(padded, second + 1).min(axis=1)
    rises = (heard - lows)[first:]
    at = int(rises.argmax()) if len(rises) else 0
    return (float(rises[at]) if len(rises) else 0.0), at + first


# ------------------------------------------------------------------ telling


def report(found: Rehearsal) -> str:
    """The report as Markdown."""
    lines = [f"# Rehearsal of {found.piece}", ""]
    if found.loudest:
        lines += ["## Loudest places", "", *_spot_table(found, found.loudest, jumps=True), ""]
        lines += [
            "The last three columns: LU that loudness rises within a second when you jump there from the "
            "nearest demonstration, with the limiter alone, with the guard, with guard and foresight.",
            "",
        ]
    if found.roughest:
        lines += ["## Roughest places", "", *_spot_table(found, found.roughest, jumps=False), ""]
    if found.steps:
        lines += [
            "## Steepest steps between neighbouring places",
            "",
            "| voice | from | to | LU |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {each.voice} | {_place(found, each.quiet)} | {_place(found, each.loud)} | {each.lu:.1f} |"
            for each in found.steps
        ]
        lines.append("")
    if found.takes:
        lines += ["## Takes", "", _TAKE_HEAD, "|" + "---|" * 9]
        for take in found.takes:
            last, at = take.played[-1], take.played[0].at_seconds
            row = [take.name, f"{take.seconds:.1f}", f"{last.loudest_lufs:.1f}"]
            row += [f"{at:.1f} s, {_place(found, take.point)}"]
            row += [f"{each.rise_lu:.1f}" for each in take.played]
            row += [f"{last.guard_db:.1f} dB", f"{last.limiter_db:.1f} dB"]
            lines.append("| " + " | ".join(row) + " |")
        lines.append("")
    lines += [f"- {note}" for note in found.notes]
    return "\n".join(lines).rstrip() + "\n"


_TAKE_HEAD = (
    "| take | seconds | loudest LUFS | steepest rise at | limiter | + guard | + foresight "
    "| guard takes | limiter takes |"
)


def _spot_table(found: Rehearsal, spots: Sequence[LoudPlace], jumps: bool) -> list[str]:
    head = ["voice", "place", "near", "LUFS", "over LU", "asper", "foresight"]
    head += ["limiter", "+ guard", "+ foresight"] if jumps else []
    rows = []
    for each in spots:
        row = [each.voice, _place(found, each.point), each.near or "-", f"{each.lufs:.1f}"]
        row += [f"{each.over_lu:+.1f}", f"{each.asper:.2f}", f"{each.trim_db:.1f} dB"]
        row += [f"{told.rise_lu:.1f}" for told in each.jump]
        rows.append("| " + " | ".join(row) + " |")
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *rows]


def _place(found: Rehearsal, point: Sequence[float]) -> str:
    return ", ".join(f"{name} {round(100 * value)}" for name, value in zip(found.axes, point, strict=False))
