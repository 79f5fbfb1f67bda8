"""What a trained latent space looks like, and turning it so that it is good to play.

Posterior means of the training set give principal components; the rotation and the
scaling to unit variance are folded into the encoder's last and the decoder's first
convolution. Every axis is signed so that up is louder or, failing that, brighter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isobath.evaluation.hearing import loudness_and_brightness, pitch
from isobath.sound.loudness import Gated

from .coder import Coder
from .corpus import Recording, front_operation
from .plan import Operation
from .spectrum import compress

Floats = NDArray[np.floating[Any]]
LEVELS = (0, 1, 5, 25, 50, 75, 95, 99, 100)


@torch.no_grad()
def means(encoder: Coder, recording: Recording) -> Floats:
    """Posterior means of one recording, (frames, dims)."""
    if recording.power is not None and front_operation(encoder) is not None:
        channels, bins = recording.audio.shape[0], recording.power.shape[1]
        front = compress(torch.exp(recording.power.float())).T[None]
        assert front.shape[1] in (bins, channels * bins)
        reg = encoder({"front": front}, skip_front=True)
    else:
        reg = encoder({"audio": recording.audio[None]})
    return np.asarray(reg["mean"][0].T.double().numpy())


def heard(recording: Recording, hop: int, sample_rate: int, delay: int) -> tuple[Floats, ...]:
    """Level (dB), centroid (Hz) and pitch (MIDI, nan where none) around each latent frame."""
    audio = recording.audio.numpy()
    frames = audio.shape[1] // hop
    size = max(1024, hop)
    padded = np.pad(audio, ((0, 0), (delay + size // 2, size)))
    level, centroid = loudness_and_brightness(padded, sample_rate, size, hop)
    every = max(1, 16384 // hop)  # pitch is slow to track and only labels the axes
    hz, _ = pitch(audio.mean(axis=0), sample_rate, hop * every)
    with np.errstate(divide="ignore"):
        midi = np.where(hz > 0, 69 + 12 * np.log2(np.maximum(hz, 1e-9) / 440), np.nan)
    midi = np.repeat(midi, every)[:frames]
    midi = np.pad(midi, (0, frames - len(midi)), constant_values=np.nan)
    return level[:frames], centroid[:frames], midi


def principal(z: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, whitening A with A (z - mean) of unit covariance, and variance shares, largest first."""
    mean = z.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(z.T).reshape(z.shape[1], -1))
    order = np.argsort(values)[::-1]
    values, vectors = np.maximum(values[order], 1e-8), vectors[:, order]
    return mean, (vectors / np.sqrt(values)).T, values / values.sum()


def _correlation(a: Floats, b: Floats) -> float:
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < 32 or a[known].std() < 1e-9 or b[known].std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a[known], b[known])[0, 1])


TELLING = 0.3
"""Correlation from which on a name helps more than it misleads."""


def name_axes(z: Floats, level: Floats, centroid: Floats, midi: Floats) -> tuple[Floats, list[str]]:
    """Signs (dims) and labels: what each axis goes with most (`loudness +0.92`), "" for nothing much."""
    loud = level > -70.0
    signs, labels = np.ones(z.shape[1]), []
    for i in range(z.shape[1]):
        with_level = _correlation(z[:, i], level)
        with_light = _correlation(z[loud, i], np.log(np.maximum(centroid[loud], 20.0)))
        with_pitch = _correlation(z[loud, i], midi[loud])
        lead = with_level if abs(with_level) >= 0.25 else with_light
        signs[i] = -1.0 if lead < 0 else 1.0
        named = {"loudness": with_level, "brightness": with_light, "pitch": with_pitch}
        best = max(named, key=lambda k: abs(named[k]))
        labels.append(f"{best} {signs[i] * named[best]:+.2f}" if abs(named[best]) >= TELLING else "")
    return signs, labels


def _bias(coder: Coder, o: Operation) -> torch.nn.Parameter:
    """A convolution's bias; one of zeros is made where there is none."""
    if not o.get("bias"):
        o["bias"] = f"{o['weight']}_bias"
        zeros = torch.zeros(getattr(coder, o["weight"]).shape[0])
        coder.register_parameter(o["bias"], torch.nn.Parameter(zeros))
    return coder.get_parameter(o["bias"])


def fold(encoder: Coder, decoder: Coder, mean: Floats, whitening: Floats) -> None:
    """New latent = whitening (old - mean), written into the two convolutions that meet it.

    A whitening of fewer rows keeps that many axes; the others rest at their mean.
    """
    last = next(o for o in encoder.operations if o["out"] == "mean")
    a, m = torch.from_numpy(whitening).float(), torch.from_numpy(mean).float()
    weight, bias = getattr(encoder, last["weight"]), _bias(encoder, last)
    weight.data = torch.einsum("ij,jck->ick", a, weight.data)
    bias.data = a @ (bias.data - m)
    back = torch.from_numpy(np.linalg.pinv(whitening)).float()
    for o in decoder.operations:
        if o["in"] == "latent" and o["op"] == "conv":
            weight, bias = getattr(decoder, o["weight"]), _bias(decoder, o)
            bias.data = bias.data + torch.einsum("ojk,j->o", weight.data, m)
            weight.data = torch.einsum("ojk,ji->oik", weight.data, back)


def _listed(x: Any) -> Any:
    return np.round(np.asarray(x), 6).tolist()


def summary(z: Floats, explained: Floats, labels: list[str]) -> dict[str, Any]:
    """The `latent` entry of a description, from rotated means (frames, dims)."""
    mean, covariance = z.mean(axis=0), np.cov(z.T).reshape(z.shape[1], -1)
    away = z - mean
    distance = np.sqrt(np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away))
    return {
        "mean": _listed(mean), "std": _listed(z.std(axis=0)), "covariance": _listed(covariance),
        "percentiles": {"at": list(LEVELS), "values": _listed(np.percentile(z, LEVELS, axis=0).T)},
        "explained": _listed(explained), "labels": labels,
        "known_radius": float(np.percentile(distance, 99)),
    }  # fmt: skip


def representatives(z: Floats, count: int, seed: int) -> Floats:
    """Latents that cover the training set: centres of a few rounds of k-means."""
    rng = np.random.default_rng(seed)
    some = z[rng.choice(len(z), min(len(z), 12000), replace=False)]
    centres = some[rng.choice(len(some), min(count, len(some)), replace=False)]
    for _ in range(8):
        near = (some**2).sum(1)[:, None] - 2 * some @ centres.T + (centres**2).sum(1)
        owner = near.argmin(axis=1)
        for i in range(len(centres)):
            mine = some[owner == i]
            if len(mine):
                centres[i] = mine.mean(axis=0)
    return centres


@torch.no_grad()
def held_loudness(
    decoder: Coder, points: Floats, hop: int, sample_rate: int, seconds: float = 0.4
) -> tuple[Floats, Floats]:
    """Hold each latent; level (dBFS RMS, A-weighted) and centroid (Hz) once it has settled."""
    frames = int(np.ceil(seconds * sample_rate / hop))
    levels, lights = np.zeros(len(points)), np.zeros(len(points))
    for start in range(0, len(points), 32):
        z = torch.from_numpy(points[start : start + 32]).float()
        out = decoder({"latent": z[:, :, None].repeat(1, 1, frames)}, seed=0)["audio"].numpy()
        for i, audio in enumerate(out):
            tail = audio[:, audio.shape[1] // 2 :]
            level, light = loudness_and_brightness(tail, sample_rate, 2048, 1024)
            levels[start + i] = 10 * np.log10(np.mean(10 ** (level / 10)))
            lights[start + i] = float(np.median(light))
    return levels, lights


def training_loudness(recordings: list[Recording], sample_rate: int) -> dict[str, Any] | None:
    """How loud the training sounds are together; None where they are silent. A sound to be encoded is
    brought there (paper 002, section 5)."""
    gated = Gated(sample_rate)
    for each in recordings:
        for start in range(0, each.audio.shape[1], 30 * sample_rate):
            gated.hear(each.audio[:, start : start + 30 * sample_rate].numpy())
    levels = gated.momentary()
    if not (levels > -70.0).any():
        return None
    at = [5.0, 25.0, 50.0, 75.0, 95.0]
    return {
        "integrated": gated.integrated(),
        "at": at,
        "momentary": np.percentile(levels[levels > -70.0], at).tolist(),
    }
