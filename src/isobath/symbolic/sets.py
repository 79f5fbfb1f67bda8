"""A set of scores to train on: one folder, `score.json` and `steps.npz`, and the windows cut from it.

Whole pieces are kept, on the grid; windows of 1, 2 or 4 bars are cut when they are asked for, a bar
apart. Sides (train, validation, test) are drawn by file, so that no bar of a test piece was ever
learned from; by window, as paper 003 does, they overlap and are kept for comparison.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.errors import ScoreError
from isobath.models.description import write_whole
from isobath.symbolic.bars import (
    DRUM_VALUES,
    STEPS_PER_BAR,
    TOKENS,
    Bars,
    Drums,
    Melody,
)  # fmt: skip
from isobath.symbolic.pieces import Left, Piece

VERSION = 1
Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = ("train", "validation", "test")
HELD_SHARE = 0.1
"""Share of the validation side and of the test side."""


class Entry(msgspec.Struct, frozen=True):
    """A piece of the set. start, steps: where it is in the set's steps."""

    name: str
    start: int
    steps: int
    bar_steps: int = 16
    bpm: float = 120.0
    labels: dict[str, str] = {}


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a set of scores is. kind: drums or melody. left_out: (name, why)."""

    version: int
    name: str
    kind: str
    credit: str = ""
    licence: str = ""
    steps: int = 0
    notes: int = 0
    entries: list[Entry] = []
    left_out: list[tuple[str, str]] = []


@dataclass(frozen=True)
class Windows:
    """Windows of one side: first steps in the set, and the piece each is of.

    shifts: semitones that each is moved by (melodies; zeros otherwise).
    """

    starts: NDArray[np.int64]
    pieces: NDArray[np.int64]
    shifts: NDArray[np.int64]
    steps: int

    def __len__(self) -> int:
        return len(self.starts)

    def only(self, which: NDArray[Any]) -> Windows:
        """Those of them."""
        return Windows(self.starts[which], self.pieces[which], self.shifts[which], self.steps)


class ScoreSet:
    """An opened set; read-only."""

    def __init__(self, about: About, arrays: dict[str, NDArray[Any]]) -> None:
        self.about = about
        self._arrays = arrays

    @property
    def kind(self) -> str:
        """drums or melody."""
        return self.about.kind

    @property
    def values(self) -> int:
        """Values of a step."""
        return DRUM_VALUES if self.kind == "drums" else TOKENS

    @cached_property
    def frames(self) -> NDArray[np.float32]:
        """Drums: (steps, 27), the whole set."""
        velocity = self._arrays["velocity"].astype(np.float32) / 127
        return np.concatenate([velocity > 0, velocity, self._arrays["offset"]], axis=1).astype(np.float32)

    @property
    def tokens(self) -> NDArray[np.uint8]:
        """Melodies: (steps,), the whole set."""
        return self._arrays["tokens"]

    def piece(self, entry: Entry) -> Bars:
        """A whole piece."""
        part = slice(entry.start, entry.start + entry.steps)
        return Drums.of(self.frames[part]) if self.kind == "drums" else Melody(self.tokens[part])

    def tensors(self, windows: Windows) -> NDArray[np.float32]:
        """(n, steps, values) of windows."""
        rows = windows.starts[:, None] + np.arange(windows.steps)
        if self.kind == "drums":
            return np.asarray(self.frames[rows])
        tokens = self.tokens[rows].astype(np.int64)
        tokens = np.where(tokens >= 2, tokens + windows.shifts[:, None], tokens)
        return np.asarray(np.eye(TOKENS, dtype=np.float32)[tokens])

    def all_windows(self, bars: int) -> Windows:
        """Every window of so many bars that has a note, a bar of its piece apart."""
        steps = bars * STEPS_PER_BAR
        starts, pieces = [], []
        for i, entry in enumerate(self.about.entries):
            found = np.arange(0, entry.steps - steps + 1, entry.bar_steps) + entry.start
            starts.append(found)
            pieces.append(np.full(len(found), i))
        first = np.concatenate([*starts, np.zeros(0, np.int64)]).astype(np.int64)
        of = np.concatenate([*pieces, np.zeros(0, np.int64)]).astype(np.int64)
        if self.kind == "drums":
            per_step = (self._arrays["velocity"] > 0).any(axis=1)
        else:
            per_step = self.tokens >= 2
        before = np.concatenate([[0], np.cumsum(per_step)])
        kept = before[first + steps] > before[first] if len(first) else np.zeros(0, bool)
        return Windows(first[kept], of[kept], np.zeros(int(kept.sum()), np.int64), steps)

    def windows(self, bars: int, side: Side, by: Literal["file", "window"] = "file") -> Windows:
        """The windows of a side, drawn by file or by window; always the same."""
        every = self.all_windows(bars)
        if by == "file":
            sides = np.array(sides_of([e.name for e in self.about.entries]))
            return every.only(sides[every.pieces] == SIDES.index(side))
        order = np.random.default_rng(0).permutation(len(every))
        held = round(HELD_SHARE * len(every))
        cuts = {"test": order[:held], "validation": order[held : 2 * held], "train": order[2 * held :]}
        return every.only(np.sort(cuts[side]))

    def transposed(self, windows: Windows, most: int = 88) -> Windows:
        """Melodies: every window in every transposition that stays on the piano, `most` semitones away."""
        rows = windows.starts[:, None] + np.arange(windows.steps)
        tokens = self.tokens[rows].astype(np.int64)
        low = np.where(tokens >= 2, tokens, TOKENS).min(axis=1)
        high = np.where(tokens >= 2, tokens, 0).max(axis=1)
        down, up = np.maximum(2 - low, -most), np.minimum(TOKENS - 1 - high, most)
        counts = up - down + 1
        which = np.repeat(np.arange(len(windows)), counts)
        shifts = np.concatenate([np.arange(d, u + 1) for d, u in zip(down, up, strict=True)])
        found = windows.only(which)
        return Windows(found.starts, found.pieces, shifts, windows.steps)


def sides_of(names: list[str]) -> list[int]:
    """The side (index into SIDES) of each file, from its name alone: a tenth each is held."""
    order = sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).hexdigest())
    held = max(1, round(HELD_SHARE * len(names))) if len(names) >= 3 else 0
    sides = [0] * len(names)
    for rank, i in enumerate(order):
        sides[i] = 2 if rank < held else 1 if rank < 2 * held else 0
    return sides


def write_set(
    folder: Path, name: str, kind: str, pieces: Iterable[Piece | Left], credit: str = "", licence: str = ""
) -> About:
    """Make a set of pieces in `folder`.

    Raises:
        ScoreError: not one piece can be used.
        SaveError: the disk refuses.
    """
    kept: list[Piece] = []
    left: list[tuple[str, str]] = []
    for found in pieces:
        if isinstance(found, Piece):
            kept.append(found)
        else:
            left.append((found.name, found.why))
    if not kept:
        why = f" The first, {left[0][0]}: {left[0][1]}." if left else ""
        raise ScoreError(f"None of {len(left)} files can be used as {kind}.{why}")
    entries, at = [], 0
    for piece in kept:
        entries.append(
            Entry(piece.name, at, piece.bars.steps, piece.bar_steps, round(piece.bpm, 3), piece.labels)
        )
        at += piece.bars.steps
    arrays = _packed(kept)
    notes = int((arrays["velocity"] > 0).sum() if kind == "drums" else (arrays["tokens"] >= 2).sum())
    about = About(
        version=VERSION, name=name, kind=kind, credit=credit, licence=licence, steps=at, notes=notes,
        entries=entries, left_out=left,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_whole(folder / "steps.npz", buffer.getvalue())
    write_whole(folder / "score.json", msgspec.json.format(msgspec.json.encode(about), indent=1))
    return about


def _packed(kept: list[Piece]) -> dict[str, NDArray[Any]]:
    drums = [p.bars for p in kept if isinstance(p.bars, Drums)]
    if drums:
        velocity = np.concatenate([d.velocity for d in drums])
        return {
            "velocity": np.rint(velocity * 127).astype(np.uint8),
            "offset": np.concatenate([d.offset for d in drums]),
        }
    return {"tokens": np.concatenate([p.bars.tokens for p in kept if isinstance(p.bars, Melody)])}


def open_scores(folder: Path) -> ScoreSet:
    """A set that `isobath score prepare` made.

    Raises:
        ScoreError: missing, damaged or newer.
    """
    try:
        about = msgspec.json.decode((folder / "score.json").read_bytes(), type=About)
        if about.version > VERSION:
            raise ScoreError(f"{folder.name} was written by a newer Isobath. Update: pip install -U isobath")
        with np.load(folder / "steps.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        sizes = {
            "drums": {"velocity": (about.steps, 9), "offset": (about.steps, 9)},
            "melody": {"tokens": (about.steps,)},
        }
        if {k: v.shape for k, v in arrays.items()} != sizes.get(about.kind):
            raise ValueError("its steps are not those it tells of")
        if any(e.start < 0 or e.steps < 0 or e.start + e.steps > about.steps for e in about.entries):
            raise ValueError("a piece lies outside it")
    except FileNotFoundError as error:
        raise ScoreError(f"There is no set of scores at {folder}. Make one: isobath score prepare") from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise ScoreError(
            f"{folder.name} is not a whole set of scores ({error}). Prepare it again."
        ) from error
    return ScoreSet(about, arrays)
