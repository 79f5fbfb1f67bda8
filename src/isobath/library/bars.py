"""Models of bars as voices: those that came with Isobath, under their names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from isobath.errors import IsobathError
from isobath.library.files import sha256_of
from isobath.protocol.messages import ModelSummary
from isobath.symbolic import BUNDLED, load
from isobath.symbolic.model import symbolic_path
from isobath.symbolic.playing import PlayedBars


@lru_cache(maxsize=8)
def _opened(name: str) -> tuple[PlayedBars, ModelSummary]:
    model, path = load(name), symbolic_path(name)
    played = PlayedBars(model)
    about = model.about
    what = "Phrases of drums" if model.kind == "drums" else "Melodies"
    bars = "a bar" if about.bars == 1 else f"{about.bars} bars"
    summary = ModelSummary(
        name=name,
        title=about.title or name,
        about=f"{what}, {bars} long, played as notes in the tempo of the piece.",
        sample_rate=played.sample_rate,
        channels=played.channels,
        hop=played.hop,
        dims=played.dims,
        delay=played.delay,
        encodes=False,
        bundled=True,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        licence=about.licence,
        credit=about.credit,
        bars=model.kind,  # type: ignore[arg-type]
    )
    return played, summary


def played_bars(name: str) -> PlayedBars | None:
    """A model of bars as a voice plays it; None where no bundled one has the name."""
    return _opened(name)[0] if name in BUNDLED else None


def summary_of_bars(name: str) -> ModelSummary | None:
    """Its line in the list."""
    return _opened(name)[1] if name in BUNDLED else None


def bars_path(name: str) -> Path | None:
    """Its file."""
    return symbolic_path(name) if name in BUNDLED else None


def bars_listed() -> tuple[ModelSummary, ...]:
    """Every one that opens."""
    found = []
    for name in BUNDLED:
        try:
            found.append(_opened(name)[1])
        except IsobathError:
            continue
    return tuple(found)
