"""All figures of a model on some recordings, one recording in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.errors import UsageError
from isobath.types import Audio, Latent

from . import axes as axis_measures
from . import frechet, held, notes, onsets
from .axes import Axis
from .distances import decibels, log_mel, spectral_distance
from .figures import Figure, Figures, figure
from .hearing import loudness_and_brightness
from .player import Player, reconstruct
from .recordings import Recording

__all__ = ["Evaluation", "Figure", "Figures", "measure"]

Floats = NDArray[np.floating[Any]]
Progress = Callable[[float], None]
"""Called with the seconds of sound that are done."""
_AUDIBLE_DB = -60.0
_BASES = 12
_SIZES_SECONDS = 8.0
"""How much of each recording is decoded again for each latent size."""


@dataclass(frozen=True)
class Evaluation:
    """figures: by name. axes: what each latent dimension carries. sizes: log-mel distance in dB when
    only the first so many dimensions are kept, the others at their mean."""

    figures: Figures
    axes: list[Axis]
    sizes: dict[int, float]


@dataclass
class _NoteCents:
    """Of labelled notes, how far they are out of tune; None where no pitch was found."""

    source: list[float | None] = field(default_factory=list)
    made: list[float | None] = field(default_factory=list)
    held: list[float | None] = field(default_factory=list)


@dataclass
class _Gathered:
    stft: list[float] = field(default_factory=list)
    mel: list[float] = field(default_factory=list)
    loudness: list[float] = field(default_factory=list)
    frame_cents: list[Floats] = field(default_factory=list)
    note_cents: dict[str, _NoteCents] = field(default_factory=dict)
    hits: dict[str, list[int]] = field(default_factory=lambda: {"source": [0, 0, 0], "made": [0, 0, 0]})
    labelled: bool = False
    embedded: list[tuple[Floats, Floats]] = field(default_factory=list)
    still: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    latents: list[Floats] = field(default_factory=list)
    qualities: list[dict[str, Floats]] = field(default_factory=list)
    sizes: dict[int, list[float]] = field(default_factory=dict)


def measure(model: Player, recordings: Iterable[Recording], progress: Progress | None = None) -> Evaluation:
    """Everything, on recordings the model has not heard.

    Raises:
        UsageError: there was no recording.
    """
    found, seconds = _Gathered(), 0.0
    for recording in recordings:
        _listen(model, recording, found)
        seconds += recording.seconds
        if progress is not None:
            progress(seconds)
    if not found.stft:
        raise UsageError(
            "There is no sound to evaluate on: the set has no validation side, or its recordings are "
            "too short or hold nothing. Prepare more files."
        )
    latents = np.concatenate(found.latents)
    qualities = {k: np.concatenate([q[k] for q in found.qualities]) for k in axis_measures.QUALITIES}
    figures = _figures(model, found)
    bases = _sounding(latents, qualities["loudness"])
    figures.update(held.silence(model))
    figures.update(held.buzz(model, bases))
    axes = _axes(model, latents, qualities, bases)
    changes = [axis.moves_mel_db for axis in axes]
    figures["movement_least"] = figure(min(changes), "dB log-mel change, weakest axis -2..+2")
    figures["movement_mean"] = figure(float(np.mean(changes)), "dB log-mel change, mean axis -2..+2")
    return Evaluation(figures, axes, {n: round(float(np.mean(d)), 3) for n, d in sorted(found.sizes.items())})


def _listen(model: Player, recording: Recording, found: _Gathered) -> None:
    audio = model.prepare(recording.audio, recording.sample_rate)
    source, out, latent = reconstruct(model, audio)
    rate = model.sample_rate
    found.stft.append(spectral_distance(out, source))
    found.mel.append(decibels(log_mel(out, rate) - log_mel(source, rate)))
    true, _ = loudness_and_brightness(source, rate)
    made, _ = loudness_and_brightness(out, rate)
    audible = true > _AUDIBLE_DB
    if audible.any():
        found.loudness.append(float(np.abs(true - made)[audible].mean()))
    _listen_to_notes(model, recording, source, out, latent, found)
    _listen_to_onsets(recording, source, out, rate, found)
    found.embedded.append((frechet.embed(source, rate), frechet.embed(out, rate)))
    found.still.extend(held.stillness(model, source, latent))
    found.latents.append(latent.T)
    found.qualities.append(axis_measures.heard(source, rate, model.hop, latent.shape[1], model.delay))
    _resize(model, source, latent, found)


def _listen_to_notes(
    model: Player, recording: Recording, source: Audio, out: Audio, latent: Latent, found: _Gathered
) -> None:
    if recording.notes is None:
        found.frame_cents.append(notes.frame_errors(source, out, model.sample_rate))
        return
    cents = found.note_cents.setdefault(recording.group, _NoteCents())
    for note in notes.alone(recording.notes):
        cents.source.append(notes.error_cents(source, model.sample_rate, note))
        cents.made.append(notes.error_cents(out, model.sample_rate, note))
    cents.held.extend(notes.held_errors(model, recording, latent))


def _listen_to_onsets(recording: Recording, source: Audio, out: Audio, rate: int, found: _Gathered) -> None:
    in_source = onsets.onsets(source, rate)
    truth = in_source if recording.hits is None else onsets.merged(recording.hits)
    found.labelled |= recording.hits is not None
    for which, heard in (("source", in_source), ("made", onsets.onsets(out, rate))):
        hits = onsets.matches(truth, heard)
        for i, count in enumerate((hits, len(truth), len(heard))):
            found.hits[which][i] += count
    if len(in_source):
        found.lags.append(_lag(onsets.flux(source, rate), onsets.flux(out, rate)) * 256 / rate)


def _lag(a: Floats, b: Floats, reach: int = 64) -> float:
    """Frames by which b follows a, to a fraction."""
    n = min(len(a), len(b))
    cross = np.array(
        [
            np.dot(a[max(0, -k) : n - max(0, k)], b[max(0, k) : n - max(0, -k)])
            for k in range(-reach, reach + 1)
        ]
    )
    k = int(np.clip(np.argmax(cross), 1, len(cross) - 2))
    bend = cross[k - 1] - 2 * cross[k] + cross[k + 1]
    return k - reach + (0.5 * (cross[k - 1] - cross[k + 1]) / bend if bend < 0 else 0.0)


def _resize(model: Player, source: Audio, latent: Latent, found: _Gathered) -> None:
    """The same recording from the first dimensions alone."""
    samples = min(source.shape[1], int(_SIZES_SECONDS * model.sample_rate))
    frames = -(-(samples + model.delay) // model.hop)
    if frames > latent.shape[1]:
        frames, samples = latent.shape[1], latent.shape[1] * model.hop - model.delay
    if samples < 2048:
        return
    mean = latent.mean(axis=1, keepdims=True)
    true = log_mel(source[:, :samples], model.sample_rate)
    for size in _sizes(model.dims):
        z = np.where(np.arange(model.dims)[:, None] < size, latent[:, :frames], mean).astype(np.float32)
        out = model.decode(z)[:, model.delay : model.delay + samples]
        found.sizes.setdefault(size, []).append(decibels(log_mel(out, model.sample_rate) - true))


def _sizes(dims: int) -> list[int]:
    return sorted({n for n in (1, 2, 4, 8, 16, 32, 64) if n < dims} | {dims})


def _sounding(latents: Floats, level: Floats) -> Floats:
    """Latents of audible moments, spread over all of them (n, dims)."""
    audible = np.flatnonzero(level > max(_AUDIBLE_DB, float(np.median(level)) - 1.0))
    chosen = audible if len(audible) else np.arange(len(latents))
    bases: Floats = latents[chosen[np.linspace(0, len(chosen) - 1, _BASES).astype(int)]]
    return bases


def _axes(model: Player, latents: Floats, qualities: dict[str, Floats], bases: Floats) -> list[Axis]:
    goes = axis_measures.correlations(latents, qualities)
    moves = axis_measures.moved(model, bases, latents.mean(axis=0), latents.std(axis=0))
    return [
        Axis(i + 1, {k: round(v, 3) for k, v in each.items()}, *(round(x, 3) for x in change))
        for i, (each, change) in enumerate(zip(goes, moves, strict=True))
    ]


def _figures(model: Player, found: _Gathered) -> Figures:
    figures = {
        "stft_distance": figure(
            float(np.mean(found.stft)), "relative error + log difference, mean of 5 scales"
        ),
        "log_mel_distance": figure(float(np.mean(found.mel)), "dB"),
        "loudness_error": figure(float(np.mean(found.loudness or [0.0])), "dB, frames above -60 dBFS(A)"),
    }
    figures.update(_pitch_figures(found))
    figures.update(_onset_figures(found))
    figures.update(_frechet_figures(found))
    figures["held_log_mel_distance"] = figure(
        float(np.mean(found.still or [0.0])), "dB, held against its moment"
    )
    late = 1000 * (float(np.median(found.lags or [0.0])) + model.delay / model.sample_rate)
    figures["measured_delay"] = figure(late, "ms, onsets in to onsets out")
    figures["declared_delay"] = figure(1000 * model.delay / model.sample_rate, "ms")
    return figures


def _share(cents: list[float | None]) -> float:
    return 100 * sum(c is not None and c <= notes.CENTS for c in cents) / max(1, len(cents))


def _note_figures(group: str, cents: _NoteCents) -> Figures:
    before = f"{group}_" if group else ""
    unit = f"% of {len(cents.made)} labelled notes within {notes.CENTS:.0f} cents"
    known = [c for c in cents.made if c is not None]
    figures = {
        f"{before}notes_recovered": figure(_share(cents.made), unit),
        f"{before}notes_in_source": figure(_share(cents.source), unit),
        f"{before}pitch_error": figure(float(np.median(known)) if known else 1200.0, "cents, median"),
    }
    if cents.held:
        unit = f"% of {len(cents.held)} in tune when one latent is held"
        figures[f"{before}notes_held"] = figure(_share(cents.held), unit)
    return figures


def _pitch_figures(found: _Gathered) -> Figures:
    figures: Figures = {}
    for group, cents in found.note_cents.items():
        if cents.made:
            figures.update(_note_figures(group, cents))
    frames = np.concatenate(found.frame_cents) if found.frame_cents else np.zeros(0)
    if len(frames) >= 20:
        figures["pitch_accuracy"] = figure(
            100 * float(np.mean(frames <= notes.CENTS)),
            f"% of {len(frames)} pitched frames within {notes.CENTS:.0f} cents",
        )
    return figures


def _onset_figures(found: _Gathered) -> Figures:
    what = "labelled hits" if found.labelled else "onsets heard in the source"
    hits, truth, made = found.hits["made"]
    figures = {"onset_f": figure(onsets.f_measure(hits, truth, made), f"F-measure at 50 ms, {truth} {what}")}
    if found.labelled:
        hits, truth, heard = found.hits["source"]
        figures["onset_f_in_source"] = figure(onsets.f_measure(hits, truth, heard), "the same for the source")
    return figures


def _frechet_figures(found: _Gathered) -> Figures:
    source = np.concatenate([a for a, _ in found.embedded])
    out = np.concatenate([b for _, b in found.embedded])
    figures = {"frechet_distance": figure(frechet.distance(source, out), f"{len(source)} windows of 1 s")}
    if len(source) >= 8:
        figures["frechet_of_halves"] = figure(
            frechet.distance(source[::2], source[1::2]), "between every other window of the source"
        )
    return figures
