"""Pictures for the model cards: what goes in and what comes out, as spectrograms.

    python examples/picture_models.py --sounds FOLDER -o docs/models

FOLDER holds the corpora and held-out clips that docs/models/*.md name. Needs matplotlib and Pillow. Left, a
recording the model has not heard and its reconstruction; right, another sound and its transfer.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt
from PIL import Image

from isobath.evaluation.distances import magnitudes
from isobath.models.coder import Model, load
from isobath.sound.files import read_audio

SECONDS = 5.0
CLIPS = {
    "guitar": (
        "guitar_archtop/phrases/BWV1007_2_allemande_plus7.flac", 8.0,
        "heldout/trumpet_sorohanro_06.ogg", 0.5,
    ),
    "drums": ("drums_kit/12_pop_132bpm.flac", 10.0, "heldout/sonicpi_loop_tabla.flac", 0.0),
    "voices": ("voices/kerstin_de_f_10.flac", 4.0, "heldout/song_voice_guitar_karissa_hobbs.ogg", 4.0),
    "landscape": ("soundscape_stereo/birds.ogg", 118.0, "heldout/whale_glacier_bay_nps.ogg", 0.0),
}  # fmt: skip
"""For each model: a held-out stretch of its own kind, and a sound of another."""


def stretch(model: Model, path: Path, start: float) -> np.ndarray:
    """Some seconds of a file, as the model hears them."""
    audio, rate = read_audio(path, limit_seconds=start + SECONDS)
    return model.prepare(audio[:, int(start * rate) :], rate)


def played(model: Model, audio: np.ndarray) -> np.ndarray:
    """What the model makes of it, without its delay."""
    padded = np.pad(audio, ((0, 0), (0, model.hop * 4)))
    return model.decode(model.encode(padded))[:, model.delay : model.delay + audio.shape[1]]


def show(axes: plt.Axes, audio: np.ndarray, rate: int, title: str, top: float) -> None:
    """A spectrogram on a logarithmic scale of frequency, 70 dB deep below `top`."""
    size = 2048
    level = 20 * np.log10(magnitudes(audio, size).mean(axis=0).T + 1e-7)
    seconds = np.arange(level.shape[1] + 1) * (size // 4) / rate
    hz = np.fft.rfftfreq(size, 1 / rate)
    edges = np.append(hz, hz[-1] + hz[1]) - hz[1] / 2
    axes.pcolormesh(
        seconds, np.maximum(edges, 20), level, cmap="sea", vmin=top - 70, vmax=top, rasterized=True
    )
    axes.set(yscale="log", ylim=(60, 16000), xlim=(0, seconds[-1]))
    axes.set_yticks([100, 1000, 10000], ["100 Hz", "1 kHz", "10 kHz"])
    axes.set_title(title, loc="left", fontsize=9)
    axes.tick_params(labelsize=8, length=2)


def picture(name: str, sounds: Path, out: Path) -> None:
    """Four spectrograms of one model."""
    own, own_start, other, other_start = CLIPS[name]
    model = load(name)
    figure, panels = plt.subplots(2, 2, figsize=(9, 5), dpi=90, layout="constrained", sharey=True)
    for column, (file, start, words) in enumerate(
        ((own, own_start, "its reconstruction"), (other, other_start, f"as {name}"))
    ):
        audio = stretch(model, sounds / file, start)
        made = played(model, audio)
        top = 20 * np.log10(max(np.abs(magnitudes(x, 2048)).max() for x in (audio, made)))
        show(panels[0, column], audio, model.sample_rate, f"{Path(file).stem}, from {start:g} s", top)
        show(panels[1, column], made, model.sample_rate, words, top)
        panels[1, column].set_xlabel("seconds", fontsize=8)
    figure.canvas.draw()
    drawn = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    drawn.quantize(64).save(out / f"{name}.png", optimize=True)
    plt.close(figure)


def main() -> None:
    """All of them, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("names", nargs="*", default=list(CLIPS))
    asked = parser.parse_args()
    sea = ["#08131a", "#10303f", "#1d5a70", "#4b93a3", "#a9cfce", "#f7f4e8"]
    mpl.colormaps.register(mpl.colors.LinearSegmentedColormap.from_list("sea", sea))
    for name in asked.names:
        picture(name, asked.sounds, asked.out)


if __name__ == "__main__":
    main()
