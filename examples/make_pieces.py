"""Makes the example pieces that ship with the instrument.

It listens to recordings with the bundled models, picks latents of sounds worth going back to,
places them, learns the mapping and writes a take for each piece. Run it again after a model
has been trained anew:

    python examples/make_pieces.py --guitar GUITAR_ARCHTOP --drums DRUMS_KIT

The folders are those of the model cards (docs/models). Only latents end up in the pieces. Without them,
only the piece with bars is made, whose grooves are written below; then `python examples/measure.py`.
"""

import argparse
import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import soundfile

import isobath
from isobath import symbolic
from isobath.mapping import fit
from isobath.models.coder import Model
from isobath.protocol.piece import Axis, Demonstration, Pad, Piece, Shaping, Take, Tempo, Voice

OUT = Path(__file__).parents[1] / "src/isobath/library/examples"

Place = tuple[float, ...]
Sound = tuple[float, ...]


@dataclass(frozen=True)
class Sounding:
    """A sound, where it lives and what it is called."""

    label: str
    place: Place
    latent: Sound
    colour: str


def hear(model: Model, file: Path, start: float, end: float, skip: float, last: float) -> Sound:
    """The median latent of a recording between `skip` and `last` seconds after `start`.

    A second of what came before is encoded too, so that the encoder has its past.
    """
    rate = model.sample_rate
    before = min(start, 1.0)
    audio, _ = soundfile.read(
        file,
        start=int((start - before) * rate),
        stop=int(min(end, start + last + 0.1) * rate),
        dtype="float32",
    )
    latent = model.encode(audio)
    first, stop = (int((before + t) * rate / model.hop) for t in (skip, last))
    return tuple(round(float(v), 4) for v in np.median(latent[:, first : max(stop, first + 1)], axis=1))


def guitar_notes(model: Model, folder: Path) -> dict[tuple[int, int], dict[str, Sound]]:
    """Latents of labelled single notes, by (MIDI pitch, velocity layer): struck, ringing, fading."""
    notes: dict[tuple[int, int], dict[str, Sound]] = {}
    with (folder / "notes/index.csv").open() as index:
        for row in csv.DictReader(index):
            start, end = float(row["start"]), float(row["end"])
            key = int(row["midi"]), int(row["velocity_layer"])
            if end - start < 2.0 or key in notes:
                continue
            file = folder / "notes" / row["file"]
            notes[key] = {
                "struck": hear(model, file, start, end, 0.06, 0.16),
                "ringing": hear(model, file, start, end, 0.4, 0.7),
                "fading": hear(model, file, start, end, 1.6, 1.9),
            }
    return notes


def drum_hits(model: Model, folder: Path) -> dict[str, Sound]:
    """Latents of the strongest lone hit of each articulation, just after the stroke."""
    with (folder / "hits.csv").open() as index:
        hits = [
            (r["file"], float(r["onset"]), r["articulation"], int(r["velocity"]))
            for r in csv.DictReader(index)
        ]
    hits.sort()
    best: dict[str, tuple[int, str, float]] = {}
    for (file0, t0, _, _), (file, t, name, velocity), (file2, t2, _, _) in zip(
        hits, hits[1:], hits[2:], strict=False
    ):
        alone = file0 == file == file2 and t - t0 > 0.11 and t2 - t > 0.14
        if alone and velocity > best.get(name, (0, "", 0.0))[0]:
            best[name] = (velocity, file, t)
    return {name: hear(model, folder / f, t, t + 1.0, 0.012, 0.05) for name, (_, f, t) in best.items()}


def sine(period: float, phase: float = 0.0) -> Callable[[float], float]:
    """A slow wave between 0 and 1, of seconds."""
    return lambda t: 0.5 + 0.5 * math.sin(2 * math.pi * (t / period + phase))


def take(
    piece: str,
    name: str,
    model: Model,
    axes: Sequence[str],
    seconds: float,
    gesture: Callable[[float], Place],
) -> Take:
    """A gesture written as a function of seconds, kept where it changes."""
    length = int(seconds * model.sample_rate / model.hop)
    rows = [tuple(round(v, 4) for v in gesture(f * model.hop / model.sample_rate)) for f in range(length)]
    kept = [0] + [i + 1 for i, (a, b) in enumerate(pairwise(rows)) if a != b]
    return Take(
        id=f"{piece}-take", name=name, hop=model.hop, sample_rate=model.sample_rate, length=length,
        axes=tuple(axes), frames=tuple(kept), points=tuple(rows[i] for i in kept),
    )  # fmt: skip


def voice(name: str, soundings: Sequence[Sounding], shaping: Shaping | None = None) -> Voice:
    """A voice whose mapping has been learned from the soundings."""
    demonstrations = tuple(
        Demonstration(id=f"{name}-{i}", point=s.place, latent=s.latent, label=s.label, colour=s.colour)
        for i, s in enumerate(soundings)
    )
    points = np.array([s.place for s in soundings])
    latents = np.array([s.latent for s in soundings])
    return Voice(
        id=f"{name}-voice", model=name, demonstrations=demonstrations, shaping=shaping or Shaping(),
        fitted=fit(points, latents).to_plain(),
    )  # fmt: skip


def archtop(model: Model, notes: dict[tuple[int, int], dict[str, Sound]]) -> Piece:
    """Low to high, soft to loud: a guitar that is bowed by the pointer."""
    pitches = (40, 48, 57, 66, 75)
    colours = ("#5b6fd6", "#3f93c9", "#2fa58c", "#c08a2d", "#c4546a")
    names = ("low E", "C", "A", "F sharp", "high E flat")
    rows = (("fading", 1, 0.1, "far "), ("ringing", 3, 0.5, ""), ("struck", 4, 0.9, "struck "))
    soundings = [
        Sounding(prefix + name, ((i + 0.5) / 5, y), notes[pitch, layer][state], colour)
        for i, (pitch, name, colour) in enumerate(zip(pitches, names, colours, strict=True))
        for state, layer, y, prefix in rows
        if (pitch, layer) in notes
    ]
    steps = (0, 2, 1, 3, 2, 4, 3, 1)

    def gesture(t: float) -> Place:
        beat, within = divmod(t / 0.75, 1.0)
        here, there = steps[int(beat) % 8], steps[(int(beat) + 1) % 8]
        glide = max(0.0, (within - 0.8) / 0.2)
        return ((here + (there - here) * glide + 0.5) / 5, 0.9 * (1 - within) ** 1.5 + 0.08)

    axes = (Axis(id="pitch", name="low to high"), Axis(id="force", name="soft to loud", rest=0.1))
    return Piece(
        id="example-archtop", name="Archtop chart",
        about="Fifteen sounds of one guitar: further right is higher, further up is louder. Draw slow lines.",
        axes=axes, pads=(Pad(x="pitch", y="force"),), voices=(voice("guitar", soundings),),
        takes=(take("archtop", "Eight steps", model, ("pitch", "force"), 12.0, gesture),),
    )  # fmt: skip


def kit(model: Model, hits: dict[str, Sound], silence: Sound) -> Piece:
    """A kit laid out around a silent middle: strike by darting out and back."""
    wanted = (
        ("KdrumR", "kick", (0.12, 0.12), "#5b6fd6"), ("Snare", "snare", (0.88, 0.12), "#c4546a"),
        ("HihatClosed", "hi-hat", (0.12, 0.88), "#c08a2d"), ("HihatOpen", "open hat", (0.5, 0.95), "#a58c2f"),
        ("RideR", "ride", (0.88, 0.88), "#2fa58c"), ("Crash", "crash", (0.95, 0.5), "#3f93c9"),
        ("Tom4", "tom", (0.5, 0.05), "#8a5bd6"),
    )  # fmt: skip
    soundings = []
    for articulation, label, place, colour in wanted:
        found = next((name for name in sorted(hits) if name.lower().startswith(articulation.lower())), None)
        if found:
            soundings.append(Sounding(label, place, hits[found], colour))
    quiet = [
        Sounding("silence", p, silence, "#8a949c")
        for p in ((0.5, 0.5), (0.36, 0.5), (0.64, 0.5), (0.5, 0.36), (0.5, 0.64))
    ]
    where = {s.label: s.place for s in soundings}
    bar = ("kick", "hi-hat", "snare", "hi-hat", "kick", "kick", "snare", "open hat")

    def gesture(t: float) -> Place:
        beat, within = divmod(t / 0.3, 1.0)
        struck = where.get(bar[int(beat) % len(bar)])
        if struck is None:
            return (0.5, 0.5)
        reach = max(0.0, min(1.0, 1.15 - 1.5 * within)) ** 1.5  # out at once, back like a decay
        return (0.5 + (struck[0] - 0.5) * reach, 0.5 + (struck[1] - 0.5) * reach)

    axes = (Axis(id="x", name="left to right"), Axis(id="y", name="near to far"))
    return Piece(
        id="example-kit", name="A kit around silence",
        about="Silence in the middle, drums around it. Dart out and back to strike, linger to roll.",
        axes=axes, pads=(Pad(x="x", y="y"),),
        voices=(voice("drums", [*soundings, *quiet], Shaping(smoothing_seconds=0.004)),),
        takes=(take("kit", "A bar of eight", model, ("x", "y"), 9.6, gesture),),
    )  # fmt: skip


def faders(model: Model, notes: dict[tuple[int, int], dict[str, Sound]]) -> Piece:
    """Six faders, six sounds and what lies between them."""
    sounds = (
        ("low, far", (40, 2), "fading"), ("low, struck", (42, 4), "struck"), ("middle", (54, 3), "ringing"),
        ("middle, bright", (60, 4), "struck"), ("high", (69, 3), "ringing"), ("glassy", (78, 4), "struck"),
    )  # fmt: skip
    colours = ("#5b6fd6", "#8a5bd6", "#2fa58c", "#c08a2d", "#3f93c9", "#c4546a")
    rest = notes[40, 1]["fading"]
    soundings = [Sounding("at rest", (0.0,) * 6, rest, "#8a949c")]
    for i, (label, key, state) in enumerate(sounds):
        place = tuple(float(j == i) for j in range(6))
        soundings.append(Sounding(label, place, notes[key][state], colours[i]))
    for i, j in pairwise(range(6)):
        place = tuple(0.8 * float(k in (i, j)) for k in range(6))
        between = tuple(
            round((a + b) / 2, 4)
            for a, b in zip(soundings[i + 1].latent, soundings[j + 1].latent, strict=True)
        )
        soundings.append(Sounding(f"{sounds[i][0]} + {sounds[j][0]}", place, between, "#8a949c"))
    waves = [sine(5.0 + 1.3 * i, 0.13 * i - 0.25) for i in range(6)]

    def tides(t: float) -> Place:
        return tuple(wave(t) ** 2 for wave in waves)

    axes = tuple(Axis(id=f"f{i}", name=label, rest=0.0) for i, (label, _, _) in enumerate(sounds))
    return Piece(
        id="example-faders", name="Six faders",
        about="Each fader leads to one sound of the guitar; together they lead where no fader leads alone.",
        axes=axes, voices=(voice("guitar", soundings),),
        takes=(take("faders", "Tides", model, [a.id for a in axes], 20.0, tides),),
    )  # fmt: skip


def drifting(model: Model, notes: dict[tuple[int, int], dict[str, Sound]]) -> Piece:
    """Four anchorages and a current: leave it alone and it moves."""
    anchors = (
        ("deep", (0.2, 0.2), (40, 4), "ringing", "#5b6fd6"),
        ("warm", (0.8, 0.2), (45, 4), "ringing", "#c4546a"),
        ("clear", (0.2, 0.8), (63, 4), "ringing", "#2fa58c"),
        ("far", (0.8, 0.8), (57, 3), "fading", "#3f93c9"),
    )
    soundings = [
        Sounding(label, place, notes[key][state], colour) for label, place, key, state, colour in anchors
    ]
    x, y = sine(17.0), sine(23.0, 0.25)
    axes = (Axis(id="x", name="x"), Axis(id="y", name="y"))
    return Piece(
        id="example-drifting", name="Drifting",
        about="Four slow sounds and a current that carries the latent about. Hold still and listen.",
        axes=axes, pads=(Pad(x="x", y="y"),),
        voices=(voice("guitar", soundings, Shaping(drift=0.6, drift_seconds=5.0, smoothing_seconds=0.15)),),
        takes=(take("drifting", "A slow round", model, ("x", "y"), 24.0, lambda t: (x(t), y(t))),),
    )  # fmt: skip


KICK, SNARE, HAT, OPEN, LOW, MID, HIGH, CRASH, RIDE = range(9)
GROOVES = (
    ("half time", (0.12, 0.85), "#5b6fd6", {KICK: (0, 3, 16, 19), SNARE: (8, 24), RIDE: range(0, 32, 4)}),
    ("kick and snare", (0.12, 0.15), "#8a5bd6", {KICK: (0, 8, 16, 24), SNARE: (4, 12, 20, 28)}),
    ("four on the floor", (0.5, 0.5), "#2fa58c",
     {KICK: range(0, 32, 4), SNARE: (4, 12, 20, 28), OPEN: range(2, 32, 4)}),
    ("eighths", (0.88, 0.15), "#c08a2d",
     {KICK: (0, 6, 8, 16, 22, 24), SNARE: (4, 12, 20, 28), HAT: range(0, 32, 2)}),
    ("broken", (0.88, 0.85), "#c4546a",
     {KICK: (0, 2, 10, 16, 18, 26), SNARE: (4, 7, 9, 12, 15, 20, 23, 25, 28), HAT: range(0, 32, 2)}),
    ("toms", (0.5, 0.95), "#3f93c9",
     {KICK: (0, 8, 16, 24), HIGH: (2, 3, 18, 19), MID: (6, 7, 22, 23), LOW: (10, 11, 14, 26, 27, 30)}),
)  # fmt: skip
"""Name, place, colour, and the sixteenths of two bars on which each piece of the kit is struck."""
LATE_SIXTEENTHS = 0.06
"""Off the beat a drummer is a little late."""


def struck(model: symbolic.SymbolicModel, steps_of: dict[int, Sequence[int]]) -> Sound:
    """Where a groove lies: loud on the beat, softer between."""
    hits = [
        (step + LATE_SIXTEENTHS * bool(step % 4), piece, 0.85 if step % 4 == 0 else 0.5)
        for piece, steps in steps_of.items()
        for step in steps
    ]
    latent = model.encode(symbolic.drums_of_hits(hits, steps=32))
    return tuple(round(float(v), 4) for v in latent)


def bars(guitar: Model) -> Piece:
    """Grooves and a guitar under one hand: a model of bars and a model of sound in one piece."""
    drums = symbolic.load("drums-2")
    grooves = [Sounding(label, at, struck(drums, steps), tint) for label, at, tint, steps in GROOVES]
    drifting = msgspec.json.decode((OUT / "drifting.json").read_bytes(), type=Piece)
    strings = [
        Sounding(d.label, (float(d.point[0]), float(d.point[1])), tuple(d.latent), d.colour)
        for d in drifting.voices[0].demonstrations
    ]
    tempo = Tempo(bpm=104.0)
    bar = 240.0 / tempo.bpm
    way = [GROOVES[i][1] for i in (1, 3, 2, 0, 5, 4, 2, 1)]

    def gesture(t: float) -> Place:
        at, within = divmod(t / bar, 1.0)
        here, there = way[int(at) % len(way)], way[(int(at) + 1) % len(way)]
        glide = max(0.0, (within - 0.6) / 0.4)
        return tuple(a + (b - a) * glide for a, b in zip(here, there, strict=True))

    beat = msgspec.structs.replace(voice("drums-2", grooves), gain_db=-6.0)
    string = voice("guitar", strings, Shaping(drift=0.4, drift_seconds=4.0, smoothing_seconds=0.2))
    axes = (Axis(id="x", name="few to many"), Axis(id="y", name="straight to broken"))
    return Piece(
        id="example-bars", name="Bars and strings",
        about="A drummer who reads your place once a bar, and a guitar that follows it at once.",
        axes=axes, pads=(Pad(x="x", y="y"),), tempo=tempo,
        voices=(beat, msgspec.structs.replace(string, gain_db=-4.0)),
        takes=(take("bars", "Eight bars", guitar, ("x", "y"), 8 * bar, gesture),),
    )  # fmt: skip


def main() -> None:
    """Write the pieces."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--guitar", type=Path)
    arguments.add_argument("--drums", type=Path)
    given = arguments.parse_args()
    guitar, drums = isobath.load("guitar"), isobath.load("drums")
    OUT.mkdir(parents=True, exist_ok=True)
    if given.guitar and given.drums:
        notes = guitar_notes(guitar, given.guitar)
        silent = drums.encode(np.zeros(drums.sample_rate, np.float32))[:, -1]
        silence = tuple(round(float(v), 4) for v in silent)
        write(archtop(guitar, notes))
        write(kit(drums, drum_hits(drums, given.drums), silence))
        write(faders(guitar, notes))
        write(drifting(guitar, notes))
    write(bars(guitar))


def write(piece: Piece) -> None:
    """One file."""
    file = OUT / f"{piece.id.removeprefix('example-')}.json"
    file.write_bytes(msgspec.json.encode(piece) + b"\n")
    print(f"{file.name}: {file.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
