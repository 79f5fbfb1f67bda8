"""How the bundled models were made, stage by stage, so that they can be made again.

    python -m isobath.training.bundled guitar CORPORA RUN

trains from the folder of corpora into the folder RUN (continuing what is there) and
exports, measures and describes the model beside its checkpoint.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from isobath.corpora.filtering import Filter, high_pass
from isobath.evaluation import Note, measure, recordings
from isobath.evaluation import Recording as Clip
from isobath.models.coder import load

from . import corpus, export, reference
from .autoencoder import Model
from .card import card
from .corpus import Recording
from .loop import train
from .settings import SHAPES, Course, Shape


@dataclass(frozen=True)
class Stage:
    """A course up to some step, and how much more often some files are heard in it."""

    course: Course
    favoured: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one bundled model. axes: principal axes kept, all by default."""

    words: export.Words
    patterns: tuple[str, ...]
    held_out: tuple[str, ...]
    stages: tuple[Stage, ...]
    shape: Shape = SHAPES["instrument"]
    axes: int | None = None


_FIRST = Course(
    batch=12, steps=10500, adversarial_steps=0, beta=1e-3, held_share=0.0, threads=1, checkpoint_every=250
)
_LATER = replace(_FIRST, held_share=0.25, learning_rate=2e-3, final_learning_rate=5e-5, wave_weight=1.0)

GUITAR = Recipe(
    words=export.Words(
        name="guitar",
        title="Archtop guitar",
        about="One archtop guitar, single notes and Bach phrases: pitch, loudness and brightness under "
        "your hands.",
        licence="CC0-1.0",
        credit="Samples: Karoryfer Lecolds (player D. Smolken), shinyguitar, CC0 1.0",
        remarks="Until step 4500 every step measured all six scales, from then on every other one in turn. "
        "Single notes were heard three times as often from step 10500 on. Latents were held in a quarter "
        "of each batch from step 12500 on.",
    ),
    patterns=("guitar_archtop/notes/*.flac", "guitar_archtop/phrases/*.flac"),
    held_out=("notes_09.flac", "notes_10.flac", "BWV1007_2_allemande_plus7.flac"),
    stages=(
        Stage(_FIRST),
        Stage(replace(_FIRST, steps=12500), "notes_", 3.0),
        Stage(replace(_LATER, steps=14700), "notes_", 3.0),
    ),
)

DRUMS = Recipe(
    words=export.Words(
        name="drums",
        title="Drum kit",
        about="An acoustic drum kit played by people: kick, snare, toms and cymbals as one space.",
        licence="CC-BY-4.0",
        credit="MuldjordKit by Lars Muldjord, CC BY 4.0. Groove MIDI Dataset: Gillick, Roberts, Engel, "
        "Eck, Bamman, ICML 2019, CC BY 4.0",
        remarks="The price of the network's own waveform rose from 0.05 to 3 at step 5250 and to 40 at "
        "step 9000; latents were held in a third of each batch from step 5750 on.",
    ),
    patterns=("drums_kit/*.flac",),
    held_out=("12_pop_132bpm.flac",),
    axes=7,  # the eighth could hardly be heard
    stages=(
        Stage(replace(_FIRST, steps=5750)),
        Stage(replace(_LATER, steps=9000, learning_rate=1e-3, wave_weight=3.0, held_share=0.34)),
        Stage(replace(_LATER, steps=10600, learning_rate=1.5e-3, wave_weight=40.0, held_share=0.34)),
    ),
)

_HELD_SCENES = ("birds", "rain", "waves", "construction", "farm", "leaves")

VOICES = Recipe(
    words=export.Words(
        name="voices",
        title="Voices",
        about="Three people reading aloud: vowels, breath and consonants as one space, without words.",
        licence="CC0-1.0",
        credit="rhasspy voice datasets: Kerstin (German), Nathalie (Dutch), flemishguy (Flemish), CC0 1.0",
        remarks="Latents were held in a quarter of each batch from step 6000 on. One of the three voices "
        "was recorded at 24 kHz and has nothing above 12 kHz.",
    ),
    patterns=("voices/*.flac",),
    held_out=("kerstin_de_f_10.flac", "nathalie_nl_f_08.flac", "flemishguy_nl_m_24k_05.flac"),
    stages=(Stage(replace(_FIRST, steps=6000)), Stage(replace(_LATER, steps=9200))),
    shape=replace(SHAPES["instrument"], dims=12, cycles=18.0, longest=4096),
)

LANDSCAPE = Recipe(
    words=export.Words(
        name="landscape",
        title="Landscape",
        about="Water, wind, birds, animals and streets, recorded outdoors in stereo.",
        licence="CC-BY-4.0",
        credit="Freesound: kvgarlic 156826 and felix.blume 217506 and titi2 567523 (CC0); alex36917 524605, "
        "Luftrum 48412, gezortenplotz 44796, digifishmusic 41739 (CC BY); Tomlija 98024 (CC BY 3.0); "
        "juskiddink 78955, Benboncan 63220 (CC BY 4.0). SoundBible: stephan 1664 (public domain). Free "
        "Sounds Library: relaxing-forest-ambience (CC BY 4.0). Edited by Porrumentzio and Peter Leconte",
        remarks="Everything below 25 Hz was taken out first, and the last 14 s of six recordings were held "
        "out. Latents were held in a quarter of each batch from step 5000 on.",
    ),
    patterns=("landscape/*.flac",),
    held_out=tuple(f"{name}_held.flac" for name in _HELD_SCENES),
    stages=(Stage(replace(_FIRST, steps=5000)), Stage(replace(_LATER, steps=7200))),
    shape=replace(SHAPES["instrument"], channels=2, dims=12, tones=192, bins_per_octave=18),
)

RECIPES = {"guitar": GUITAR, "drums": DRUMS, "voices": VOICES, "landscape": LANDSCAPE}


def cut_landscape(corpora: Path) -> None:
    """Write CORPORA/landscape from CORPORA/soundscape_stereo: high-passed, six ends held out."""
    folder = corpora / "landscape"
    folder.mkdir(exist_ok=True)
    for path in sorted((corpora / "soundscape_stereo").iterdir()):
        if path.suffix not in (".ogg", ".mp3"):
            continue
        audio = Filter(high_pass(25.0, 44100), 2).push(corpus.read(path, 44100, 2))
        ends = 14 * 44100 if path.stem in _HELD_SCENES else 0
        parts = {"": audio[:, : audio.shape[1] - ends], "_held": audio[:, audio.shape[1] - ends :]}
        for name, part in parts.items():
            if part.shape[1]:
                soundfile.write(folder / f"{path.stem}{name}.flac", part.T, 44100, subtype="PCM_16")


def files(recipe: Recipe, corpora: Path) -> tuple[list[Path], list[Path]]:
    """Training files and held-out files."""
    found = [path for pattern in recipe.patterns for path in sorted(corpora.glob(pattern))]
    kept = [path for path in found if path.name in recipe.held_out]
    return [path for path in found if path not in kept], kept


def heard_for_measuring(recipe: Recipe, kept: list[Path], corpora: Path) -> Iterator[Clip]:
    """The held-out recordings with what their corpora say of them."""
    tables = (
        ("guitar_archtop/notes/index.csv", "single", "start", "end"),
        ("guitar_archtop/phrases/notes.csv", "phrase", "onset", "offset"),
    )
    said = {} if recipe is not GUITAR else _labels(corpora, tables)
    for path in kept:
        group, rows = said.get(path.name, ("", ()))
        for clip in recordings.of_files([path]):
            at = clip.start
            inside = [n for n in rows if at <= n.start < at + clip.seconds]
            moved = tuple(Note(n.start - at, n.end - at, n.midi) for n in inside)
            yield replace(clip, notes=moved or None, group=group)


def _labels(
    corpora: Path, tables: tuple[tuple[str, str, str, str], ...]
) -> dict[str, tuple[str, list[Note]]]:
    found: dict[str, tuple[str, list[Note]]] = {}
    for table, group, start, end in tables:
        with (corpora / table).open() as lines:
            for row in csv.DictReader(lines):
                note = Note(float(row[start]), float(row[end]), float(row["midi"]))
                found.setdefault(row["file"], (group, []))[1].append(note)
    return found


def _favour(recordings: list[Recording], stage: Stage) -> list[Recording]:
    if not stage.favoured:
        return recordings
    return [replace(r, weight=stage.weight if r.name.startswith(stage.favoured) else 1.0) for r in recordings]


def make(recipe: Recipe, corpora: Path, run: Path, stages: bool = True) -> Path:
    """Train (or only export, with `stages` false), measure and describe; returns the model file."""
    if recipe is LANDSCAPE and not (corpora / "landscape").is_dir():
        cut_landscape(corpora)
    heard, kept = files(recipe, corpora)
    shape, course = recipe.shape, recipe.stages[-1].course
    encoder = Model(shape, course.seed).encoder
    listened = [corpus.listen(path, shape, encoder) for path in heard]
    for stage in recipe.stages if stages else ():
        train(shape, stage.course, _favour(listened, stage), run)
    path = run / f"{recipe.words.name}.safetensors"
    export.finish(
        run / "checkpoint.pt",
        listened,
        list(recipe.held_out),
        recipe.words,
        path,
        course,
        axes=recipe.axes,
    )
    heard_out = heard_for_measuring(recipe, kept, corpora)
    export.add_quality(path, measure(load(path), heard_out).figures)
    path.with_suffix(".md").write_text(card(reference.load(path).description, f"{recipe.words.name}.png"))
    return path


if __name__ == "__main__":
    print(make(RECIPES[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3])))
