"""What a model's reconstruction measures on recordings it never heard.

Every figure is measured on the exported file with the reference coder, source delayed by
the model's declared delay. The same figures go into the file and its card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from . import losses
from .hearing import loudness_and_brightness, pitch
from .reference import Reference

Array = NDArray[np.float32]
Figures = dict[str, dict[str, Any]]
HELD_GROUP = "single"
"""Notes that sound alone and long enough to be held."""
SCALES = (2048, 1024, 512, 256, 128)


@dataclass(frozen=True)
class Note:
    """A labelled note of a held-out recording: seconds and MIDI number."""

    file: str
    start: float
    end: float
    midi: float


def reconstruct(model: Reference, audio: Array, seed: int = 0) -> tuple[Array, Array]:
    """(source, reconstruction), both (channels, samples), aligned by the declared delay."""
    delay = int(model.description["delay"])
    out = model.decode(model.encode(audio), seed)
    length = out.shape[1] - delay
    return audio[:, :length], out[:, delay:]


def _figure(value: float, unit: str) -> dict[str, Any]:
    return {"value": round(float(value), 4), "unit": unit}


def spectra(model: Reference, pairs: list[tuple[Array, Array]]) -> Figures:
    """Multi-resolution spectral distance, log-mel distance and loudness error."""
    rate = int(model.description["sample_rate"])
    stft, mel, loud = [], [], []
    for source, out in pairs:
        a, b = torch.from_numpy(out.copy()), torch.from_numpy(source.copy())
        stft.append(float(losses.spectral_distance(a[None], b[None], SCALES)))
        difference = losses.log_mel(a, rate) - losses.log_mel(b, rate)
        mel.append(float(difference.abs().mean()) * 20 / np.log(10))
        heard, _ = loudness_and_brightness(source, rate)
        made, _ = loudness_and_brightness(out, rate)
        audible = heard > -60.0
        loud.append(float(np.abs(heard - made)[audible].mean()))
    return {
        "stft_distance": _figure(float(np.mean(stft)), "relative error + log difference, mean of 5 scales"),
        "log_mel_distance": _figure(float(np.mean(mel)), "dB"),
        "loudness_error": _figure(float(np.mean(loud)), "dB, frames above -60 dBFS(A)"),
    }


def silence(model: Reference, seconds: float = 2.0) -> Figures:
    """Level of what is made of nothing, after the network has settled (0.3 s)."""
    d = model.description
    audio = np.zeros((d["channels"], int(seconds * d["sample_rate"])), np.float32)
    out = model.decode(model.encode(audio))[:, int(0.3 * d["sample_rate"]) :]
    return {"silence": _figure(10 * np.log10(np.mean(out**2) + 1e-20), "dBFS RMS")}


def movement(model: Reference, bases: int = 8) -> Figures:
    """Log-mel change when one axis goes from -2 to +2, elsewhere at sounding latents."""
    points = model.tensors["loudness_points"]
    loud = points[np.argsort(model.tensors["loudness_db"])[-len(points) // 2 :]]
    chosen = loud[np.linspace(0, len(loud) - 1, bases).astype(int)]
    d, rate = model.description, int(model.description["sample_rate"])
    frames = int(0.5 * rate / d["hop"])
    changes = []
    for axis in range(d["dims"]):
        ends = []
        for value in (-2.0, 2.0):
            z = chosen.copy()
            z[:, axis] = value
            out = model.decode_batch(np.repeat(z[:, :, None], frames, axis=2))
            mel = losses.log_mel(torch.from_numpy(out[:, 0, rate // 5 :].copy()), rate)
            ends.append(mel.mean(dim=2))
        changes.append(float((ends[0] - ends[1]).abs().mean()) * 20 / np.log(10))
    return {
        "movement_least": _figure(min(changes), "dB log-mel change, weakest axis -2..+2"),
        "movement_mean": _figure(float(np.mean(changes)), "dB log-mel change, mean axis -2..+2"),
    }


def buzz(model: Reference, bases: int = 16) -> Figures:
    """How much of a held latent repeats every hop: correlation of the sound with itself one
    hop later, less what the same sound correlates at neighbouring lags by its own pitch."""
    points = model.tensors["loudness_points"]
    order = np.argsort(model.tensors["loudness_db"])[-len(points) // 2 :]
    chosen = points[order[np.linspace(0, len(order) - 1, bases).astype(int)]]
    hop, rate = int(model.description["hop"]), int(model.description["sample_rate"])
    frames = rate // hop
    out = model.decode_batch(np.repeat(chosen[:, :, None], frames, axis=2))[:, 0, rate // 4 :]
    share = [comb_share(x, hop) for x in out]
    return {"hop_buzz": _figure(float(np.mean(share)), "share of energy that repeats every hop")}


def comb_share(audio: NDArray[np.floating[Any]], period: int) -> float:
    """Share of energy that is periodic in `period` samples: energy of the mean period."""
    whole = audio[: len(audio) // period * period].reshape(-1, period).astype(np.float64)
    return float(np.mean(whole.mean(axis=0) ** 2) / (np.mean(whole**2) + 1e-20))


def recovered(model: Reference, made: dict[str, Array], notes: list[Note], cents: float = 50.0) -> Figures:
    """Share of labelled notes whose pitch a tracker finds within `cents` in the reconstruction.

    A note's pitch is the median over its voiced frames from 30 ms after the onset, at most
    one second; at least a fifth of the frames must be voiced.
    """
    rate = int(model.description["sample_rate"])
    hits, errors = 0, []
    for note in notes:
        audio = made[note.file].mean(axis=0)
        start, end = int((note.start + 0.03) * rate), int(min(note.end, note.start + 1.0) * rate)
        hz, _ = pitch(audio[start:end], rate, hop=256)
        voiced = hz[hz > 0]
        if len(voiced) < max(1, len(hz) // 5):
            continue
        error = 1200 * abs(np.log2(float(np.median(voiced)) / 440) + (69 - note.midi) / 12)
        errors.append(error)
        hits += error <= cents
    share = 100 * hits / max(len(notes), 1)
    return {
        "notes_recovered": _figure(share, f"% of {len(notes)} within {cents:.0f} cents"),
        "pitch_error": _figure(float(np.median(errors)) if errors else 1200.0, "cents, median"),
    }


def held_notes(model: Reference, held_out: dict[str, Array], notes: list[Note], at: float = 0.25) -> Figures:
    """Share of labelled notes whose pitch survives being held: the latent `at` seconds after
    the onset, decoded alone for half a second."""
    rate, hop = int(model.description["sample_rate"]), int(model.description["hop"])
    latents = {name: model.encode(audio) for name, audio in held_out.items()}
    frames = int(0.8 * rate / hop)
    hits = 0
    for note in notes:
        z = latents[note.file][:, int((note.start + at) * rate / hop)]
        out = model.decode(np.repeat(z[:, None], frames, axis=1))
        hz, _ = pitch(out[:, int(0.3 * rate) :].mean(axis=0), rate, hop=512)
        voiced = hz[hz > 0]
        if len(voiced) >= max(1, len(hz) // 5):
            hits += abs(12 * np.log2(float(np.median(voiced)) / 440) + 69 - note.midi) <= 0.5
    share = 100 * hits / max(len(notes), 1)
    return {"notes_held": _figure(share, f"% of {len(notes)} in tune when one latent is held")}


def stillness(model: Reference, held_out: dict[str, Array], every: float = 1.0) -> Figures:
    """Log-mel distance between a held latent and the moment it was taken from, audible ones only."""
    rate, hop = int(model.description["sample_rate"]), int(model.description["hop"])
    delay, size = int(model.description["delay"]), 2048
    frames = int(0.5 * rate / hop)
    distances = []
    for audio in held_out.values():
        z = model.encode(audio[:, : 20 * rate])
        picks = np.arange(int(0.5 * rate / hop), z.shape[1] - frames, int(every * rate / hop))
        out = model.decode_batch(np.repeat(z.T[picks][:, :, None], frames, axis=2))[:, :, rate // 4 :]
        for pick, held in zip(picks, out, strict=True):
            middle = pick * hop + hop // 2 - delay
            moment = audio[:, middle - size // 2 : middle + size // 2]
            if np.mean(moment**2) < 1e-6:
                continue
            heard, made = (losses.log_mel(torch.from_numpy(a.copy()), rate) for a in (moment, held))
            gap = heard.mean(dim=2) - 0.5 * torch.log(torch.exp(2 * made).mean(dim=2))
            distances.append(float(gap.abs().mean()) * 20 / np.log(10))
    return {
        "held_log_mel_distance": _figure(float(np.mean(distances or [0.0])), "dB, held against its moment")
    }


def onsets(audio: Array, step: int = 32, span: int = 256) -> Array:
    """Rise of the level, in decibels, every `step` samples: where things begin."""
    energy = np.convolve((audio**2).mean(axis=0), np.ones(span) / span)[: audio.shape[1]]
    level = 10 * np.log10(energy[::step] + 1e-6)
    return np.maximum(np.diff(level), 0.0).astype(np.float32)


def lag(source: Array, out: Array, step: int = 32, furthest: int = 2048) -> int:
    """Samples by which onsets in `out` follow those in `source` (negative: precede)."""
    a, b = onsets(source, step), onsets(out, step)
    length, reach = min(len(a), len(b)), furthest // step
    size = 1 << int(np.ceil(np.log2(2 * length)))
    cross = np.fft.irfft(np.conj(np.fft.rfft(a[:length], size)) * np.fft.rfft(b[:length], size), size)
    around = np.concatenate((cross[-reach:], cross[: reach + 1]))
    return int(np.argmax(around) - reach) * step


def timing(model: Reference, held_out: dict[str, Array]) -> Figures:
    """Measured delay of onsets through encoder and decoder, in milliseconds."""
    rate = int(model.description["sample_rate"])
    lags = [lag(audio, model.decode(model.encode(audio))) for audio in held_out.values()]
    return {"measured_delay": _figure(1000 * float(np.median(lags)) / rate, "ms, onsets in to onsets out")}


def measure(
    model: Reference, held_out: dict[str, Array], notes: dict[str, list[Note]]
) -> Figures:  # fmt: skip
    """All figures. held_out: name -> audio; notes: group name -> its labelled notes."""
    pairs = {name: reconstruct(model, audio) for name, audio in held_out.items()}
    figures = spectra(model, list(pairs.values()))
    made = {name: out for name, (_, out) in pairs.items()}
    source = {name: audio for name, (audio, _) in pairs.items()}
    for group, labelled in notes.items():
        for key, figure in recovered(model, made, labelled).items():
            figures[f"{group}_{key}"] = figure
        ceiling = recovered(model, source, labelled)["notes_recovered"]
        figures[f"{group}_notes_in_source"] = ceiling
        if group == HELD_GROUP:
            figures.update(held_notes(model, held_out, labelled))
    figures.update(timing(model, held_out))
    figures.update(stillness(model, held_out))
    return {**figures, **silence(model), **movement(model), **buzz(model)}
