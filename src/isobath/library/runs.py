"""A training's folder, read along while another process writes it.

`run.json` says how far it has come, `metrics.jsonl` and `validation.jsonl` hold one line of figures
each time some were taken, `listen/STEP/` what was heard at a checkpoint. Nothing here trusts what it
reads: a folder may be half written, damaged, or another program's.
"""

import math
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from isobath.protocol.making import Checkpoint, Curve
from isobath.protocol.messages import RunFollowed

STEP = re.compile(r"[0-9]{1,9}")
CLIP = re.compile(r"(source|reconstruction)-([0-9]{1,2})\.flac")

BESIDE = frozenset({"step", "phase", "seconds", "time"})
"""Of a line of figures, what is not drawn."""

ROWS = 4000
"""So many lines are sent to a page; of more, means of neighbours."""

READ_BYTES = 64 * 1024 * 1024
"""So much of a file of figures is read at once."""

RUN_BYTES = 1024 * 1024
"""A larger run.json is not ours."""

QUIET_SECONDS = 20 * 60.0
"""A training that is not this machine's to ask and has written nothing for so long has ended."""


@dataclass(frozen=True)
class Progress:
    """What `run.json` says."""

    name: str = ""
    config: str = ""
    set: str = ""
    base: str = ""
    started: float = 0.0
    phase: int = 1
    step: int = 0
    phase1_steps: int = 0
    phase2_steps: int = 0
    state: str = ""
    """training, stopped, finished or failed."""
    message: str = ""
    pid: int = 0
    device: str = ""
    seconds_a_step: float = 0.0
    seconds_left: float = 0.0
    written: float = 0.0
    """When the file was written, as seconds since 1970."""


def read_plain(path: Path, most: int = RUN_BYTES) -> dict[str, Any] | None:
    """A small JSON file of ours as plain values; None where there is none, or another thing."""
    try:
        if path.stat().st_size > most:
            return None
        data = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def number(value: Any) -> float:
    """A finite number, or 0."""
    plain = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if plain else 0.0


def text(value: Any, most: int = 400) -> str:
    """A string, or nothing."""
    return value[:most] if isinstance(value, str) else ""


def read_progress(folder: Path) -> Progress | None:
    """How far a training has come; None if nothing was written down yet."""
    path = folder / "run.json"
    data = read_plain(path)
    if data is None:
        return None
    try:
        written = path.stat().st_mtime
    except OSError:
        written = time.time()
    return Progress(
        name=text(data.get("name")),
        config=text(data.get("config")),
        set=text(data.get("set")),
        base=text(data.get("base")),
        started=number(data.get("started")),
        phase=2 if number(data.get("phase")) >= 2 else 1,
        step=max(0, int(number(data.get("step")))),
        phase1_steps=max(0, int(number(data.get("phase1_steps")))),
        phase2_steps=max(0, int(number(data.get("phase2_steps")))),
        state=text(data.get("state")),
        message=text(data.get("message")),
        pid=int(number(data.get("pid"))),
        device=text(data.get("device")),
        seconds_a_step=max(0.0, number(data.get("seconds_a_step"))),
        seconds_left=max(0.0, number(data.get("seconds_left"))),
        written=written,
    )


def is_saved(folder: Path) -> bool:
    """Whether there is a checkpoint to go on from."""
    return (folder / "checkpoint.pt").is_file() or (folder / "best.pt").is_file()


def checkpoints(folder: Path) -> tuple[Checkpoint, ...]:
    """What can be listened to, the earliest first. A pair counts once both its files are there."""
    found = []
    try:
        steps = [each for each in (folder / "listen").iterdir() if STEP.fullmatch(each.name)]
        for each in sorted(steps, key=lambda step: int(step.name)):
            names = {file.name for file in each.iterdir()}
            pairs = 0
            while {f"source-{pairs}.flac", f"reconstruction-{pairs}.flac"} <= names:
                pairs += 1
            if pairs > 0:
                found.append(Checkpoint(step=int(each.name), pairs=pairs))
    except OSError:
        pass
    return tuple(found)


def clip(folder: Path, step: str, name: str) -> Path | None:
    """One file to listen to; None if there is none of this name."""
    if not STEP.fullmatch(step) or not CLIP.fullmatch(name):
        return None
    try:
        steps = [each for each in (folder / "listen").iterdir() if STEP.fullmatch(each.name)]
    except OSError:
        return None
    found = next((each / name for each in steps if int(each.name) == int(step)), None)
    return found if found is not None and found.is_file() and not found.is_symlink() else None


def model_of(folder: Path) -> Path | None:
    """The newest model that was made of a training."""
    try:
        made = [each for each in folder.glob("*.safetensors") if each.is_file()]
        return max(made, key=lambda each: each.stat().st_mtime, default=None)
    except OSError:
        return None


@dataclass
class Lines:
    """A file of JSON lines that grows. A line is read once it is whole."""

    path: Path
    _at: int = 0

    def new(self) -> tuple[bool, list[dict[str, Any]]]:
        """What was added since last time; True before it if the file was begun again, and is read whole."""
        try:
            size = self.path.stat().st_size
            anew = size < self._at
            if anew:
                self._at = 0
            if size == self._at:
                return anew, []
            with self.path.open("rb") as file:
                file.seek(self._at)
                data = file.read(READ_BYTES)
        except OSError:
            return False, []
        whole = data[: data.rfind(b"\n") + 1]
        self._at += len(whole)
        rows = []
        for line in whole.splitlines():
            try:
                row = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if isinstance(row, dict) and "step" in row:
                rows.append(row)
        return anew, rows


@dataclass
class Figures:
    """The lines of a training in the order of their steps: what a resumed training does again takes the
    place of what it did before."""

    path: Path
    rows: list[dict[str, Any]] = field(default_factory=list)
    _lines: Lines | None = None

    def more(self) -> tuple[bool, list[dict[str, Any]]]:
        """New rows; True before them if all rows have changed and are given again."""
        if self._lines is None:
            self._lines = Lines(self.path)
        anew, added = self._lines.new()
        if anew:
            self.rows.clear()
        for row in added:
            if self.rows and number(row["step"]) <= number(self.rows[-1]["step"]):
                anew = True
                while self.rows and number(self.rows[-1]["step"]) >= number(row["step"]):
                    self.rows.pop()
            self.rows.append(row)
        return anew, (self.rows if anew else added)


def curves(rows: list[dict[str, Any]], most: int = ROWS) -> tuple[Curve, ...]:
    """Rows of figures as curves, one for each figure, in the order in which they first appear."""
    steps: dict[str, list[float]] = {}
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            if name not in BESIDE and plain and math.isfinite(value):
                steps.setdefault(name[:60], []).append(number(row["step"]))
                values.setdefault(name[:60], []).append(float(value))
    return tuple(
        Curve(name=name, steps=_thinned(steps[name], most), values=_thinned(values[name], most))
        for name in steps
    )


def _thinned(numbers: list[float], most: int) -> tuple[float, ...]:
    """At most so many: means of as many neighbours as it takes."""
    width = -(-len(numbers) // most)
    if width <= 1:
        return tuple(numbers)
    parts = [numbers[at : at + width] for at in range(0, len(numbers), width)]
    return tuple(sum(part) / len(part) for part in parts)


class Follower:
    """Reads a training's figures along."""

    def __init__(self, run: str, folder: Path) -> None:
        self._run = run
        self._folder = folder
        self._metrics = Figures(folder / "metrics.jsonl")
        self._validation = Figures(folder / "validation.jsonl")
        self._heard: tuple[Checkpoint, ...] = ()
        self.more()

    def whole(self) -> RunFollowed:
        """All there is, for a page that begins to look."""
        return RunFollowed(
            run=self._run,
            anew=True,
            curves=curves(self._metrics.rows),
            validation=curves(self._validation.rows),
            checkpoints=self._heard,
        )

    def more(self) -> RunFollowed | None:
        """What was added since last time; None if nothing was."""
        anew, metrics = self._metrics.more()
        again, validation = self._validation.more()
        heard = checkpoints(self._folder)
        changed, self._heard = heard != self._heard, heard
        if anew or again:
            return self.whole()
        if not (metrics or validation or changed):
            return None
        return RunFollowed(
            run=self._run,
            anew=False,
            curves=curves(metrics),
            validation=curves(validation),
            checkpoints=heard if changed else None,
        )
