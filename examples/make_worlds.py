"""Makes the example worlds that come with Isobath.

    python examples/make_worlds.py SOUNDSCAPES

SOUNDSCAPES is the folder of the field recordings that the `landscape` model learned from; a few
seconds of each are encoded, and their latents become the demonstrations of the fourth world. What can be
measured of them is added by `python examples/measure.py`.
"""

import sys
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

import isobath
from isobath.engine.voices import settings_of
from isobath.mapping import Settings
from isobath.protocol.piece import (
    Axis,
    Demonstration,
    MappingSettings,
    Output,
    Piece,
    Shaping,
    Take,
    Voice,
)
from isobath.protocol.world import (
    Air,
    Box,
    Carried,
    Cycle,
    Edge,
    Ground,
    Landmark,
    Memory,
    WalkAxes,
    World,
)
from isobath.sound.files import read_audio

HERE = Path(__file__).parents[1] / "src" / "isobath" / "library" / "examples"
REACH = 4.0

EAST, UP, NORTH = Axis(id="east", name="east"), Axis(id="up", name="up"), Axis(id="north", name="north")
ORIGIN = Landmark(id="origin", label="the origin", colour="#e9e4d6")
PIGMENTS = ("#c96f4a", "#d9a441", "#5d8a7d", "#39627f", "#8a5a83", "#e0d6bf", "#2f4f4f", "#b34b5c")


FACING = Axis(id="facing", name="facing", rest=0.0)
NOT_BY_FACING = (Output(), Output(), Output(), Output(axes=()))
"""Three axes are three latents; where one looks is no latent."""


def looking_about(piece: Piece) -> Piece:
    """The same walk with a head that turns: two speakers stay in the north (paper 004, 3.3)."""
    (voice,), (take,), world = piece.voices, piece.takes, piece.world
    assert world is not None
    settings = msgspec.structs.replace(voice.mapping, outputs=NOT_BY_FACING)
    dims = isobath.load(voice.model).dims
    fitted = isobath.fit(np.zeros((0, 4)), np.zeros((0, dims)), settings=settings_of(settings))
    turns = np.round(np.linspace(0.0, 2.0, len(take.points)) % 1.0, 4).tolist()
    return msgspec.structs.replace(
        piece,
        axes=(*piece.axes, FACING),
        voices=(msgspec.structs.replace(voice, mapping=settings, fitted=fitted.to_plain()),),
        takes=(
            msgspec.structs.replace(
                take,
                axes=(*take.axes, FACING.id),
                points=tuple((*point, turn) for point, turn in zip(take.points, turns, strict=True)),
            ),
        ),
        world=msgspec.structs.replace(
            world, axes=msgspec.structs.replace(world.axes, azimuth=FACING.id), placement="turn", spread=120.0
        ),
    )


def one_to_one(id: str, name: str, about: str, model: str, world: World) -> Piece:
    """A soundwalk of the paper: three positions are the first three latents, the rest is 0."""
    loaded = isobath.load(model)
    dims = loaded.dims
    fitted = isobath.fit(
        np.zeros((0, 3)), np.zeros((0, dims)), settings=Settings(algorithm="direct", reach=REACH)
    )
    voice = Voice(
        id=f"{model}-voice",
        model=model,
        gain_db=6.0 if model == "landscape" else 0.0,
        mapping=MappingSettings(algorithm="direct", reach=REACH),
        fitted=fitted.to_plain(),
        shaping=Shaping(smoothing_seconds=0.08, clamp=0.0),
    )
    axes = (EAST, UP, NORTH)
    way = [
        (0.5, 0.5, 0.38),
        (0.5, 0.52, 0.5),
        (0.72, 0.6, 0.62),
        (0.4, 0.3, 0.75),
        (0.2, 0.5, 0.5),
        (0.5, 0.5, 0.5),
    ]
    take = walked(loaded, axes, way, 14.0)
    return Piece(id=id, name=name, about=about, axes=axes, voices=(voice,), world=world, takes=(take,))


def walked(
    model: isobath.Model, axes: tuple[Axis, ...], way: list[tuple[float, ...]], seconds: float
) -> Take:
    """A walk along straight lines between places (one value per axis each), at an even pace."""
    length = int(seconds * model.sample_rate / model.hop)
    frames = range(0, length, 6)
    stops = np.linspace(0, length, len(way))
    points = [
        [float(np.interp(f, stops, [place[i] for place in way])) for i in range(len(axes))] for f in frames
    ]
    return Take(
        id="first-walk",
        name="a first walk",
        hop=model.hop,
        sample_rate=model.sample_rate,
        length=length,
        axes=tuple(axis.id for axis in axes),
        frames=tuple(frames),
        points=tuple(tuple(round(x, 4) for x in point) for point in points),
    )


def bare(landmarks: tuple[Landmark, ...], air: Air) -> World:
    return World(
        axes=WalkAxes(x="east", y="up", z="north"),
        size=(120.0, 120.0, 120.0),
        start=(0.0, 0.0, 14.0),
        landmarks=landmarks,
        stones=False,
        ground=Ground(shown=False),
        air=air,
    )


def bodies(count: int, seed: int) -> tuple[Landmark, ...]:
    """Ellipsoids of many sizes at many distances, where chance puts them (paper 004, 3.2)."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(count):
        away, angle, height = rng.uniform(6, 55), rng.uniform(0, 2 * np.pi), rng.normal(0, 14)
        size = np.exp(rng.normal(0.7, 0.8)) * np.exp(rng.normal(0, 0.35, 3))
        place = (away * np.cos(angle), height, away * np.sin(angle))
        found.append(
            Landmark(
                id=f"body-{i + 1}",
                label=f"body {i + 1}",
                position=tuple(round(float(x), 2) for x in place),  # type: ignore[arg-type]
                size=tuple(round(float(x), 2) for x in size),  # type: ignore[arg-type]
                colour=PIGMENTS[i % len(PIGMENTS)],
            )
        )
    return tuple(found)


# Where each recording stands (east, north), from -1 to 1; the sea lies in the south.
SHORE: dict[str, tuple[float, float]] = {
    "waves": (-0.15, -0.75),
    "wind": (-0.7, -0.45),
    "rain": (0.45, -0.5),
    "leaves": (-0.6, 0.25),
    "forest-ambience": (-0.45, 0.72),
    "birds": (0.05, 0.55),
    "farm": (0.6, 0.7),
    "coffee-shop": (0.72, 0.12),
    "city": (0.85, -0.2),
}
SHORE_MARKS = (
    ("light", (-12.0, 8.0, 64.0), (2.2, 18.0, 2.2), "#f2e8d5", True),
    ("buoy", (30.0, 1.0, 70.0), (2.0, 3.0, 2.0), "#c4502f", False),
    ("hut", (48.0, 1.5, -58.0), (7.0, 5.0, 5.0), "#6d4c3d", False),
    ("tower", (66.0, 11.0, 16.0), (4.0, 24.0, 4.0), "#8d99a6", False),
    ("oak", (-36.0, 5.0, -56.0), (12.0, 10.0, 12.0), "#4f6b4a", False),
)
AT_THE_HUT = Carried(kind="voice", voice="murmur", reference=2.5, rolloff=1.6)
SHORE_BOXES = (
    Box(
        id="in-the-hut",
        label="in the hut",
        position=(48.0, 3.0, -58.0),
        size=(10.0, 8.0, 8.0),
        stands=True,
        fade=5.0,
        wet=0.3,
        decay=0.5,
        brightness=2500.0,
        predelay=0.004,
        filter="low",
        frequency=2200.0,
        shown=False,
    ),
    Box(
        id="below-the-tower",
        label="below the tower",
        position=(66.0, 12.0, 16.0),
        size=(14.0, 30.0, 14.0),
        stands=True,
        fade=9.0,
        wet=0.6,
        decay=5.5,
        brightness=3800.0,
        predelay=0.03,
        shown=False,
    ),
)
AT_HIGH_TIDE = {"waves": "storm", "birds": "owls", "farm": "rain", "coffee-shop": "construction"}


def latent_of(model: isobath.Model, folder: Path, name: str) -> NDArray[np.float64]:
    """The middle of a second that is typical of the recording."""
    path = next(folder.glob(f"{name}.*"))
    sound, rate = read_audio(path)
    if rate != model.sample_rate:
        raise SystemExit(f"{path.name} has {rate} Hz; the model hears {model.sample_rate} Hz.")
    sound = np.broadcast_to(sound, (model.channels, sound.shape[-1]))
    start = sound.shape[1] // 3
    latents = np.asarray(model.encode(sound[:, start : start + 4 * model.sample_rate]), dtype=np.float64)
    return np.asarray(np.median(latents, axis=1))


def shore(folder: Path) -> Piece:
    """The fourth world: learned, with a ground that sounds, a tide, and a memory."""
    model = isobath.load("landscape")
    axes = (
        Axis(id="east", name="east"),
        Axis(id="north", name="north"),
        Axis(id="tide", name="tide", rest=0.0),
        Axis(id="memory", name="memory", rest=0.0),
        FACING,
    )
    shown = []

    def show(
        label: str, sound: str, place: tuple[float, float], tide: float, memory: float, share: float
    ) -> None:
        point = (0.5 + place[0] / 2, 0.5 + place[1] / 2, tide, memory, FACING.rest)
        latent = share * latent_of(model, folder, sound)
        shown.append(
            Demonstration(
                id=f"{label.replace(' ', '-')}-{round(tide)}{round(memory)}",
                point=tuple(round(x, 4) for x in point),
                latent=tuple(round(float(x), 4) for x in latent),
                label=label,
                colour=PIGMENTS[len(shown) % len(PIGMENTS)],
            )
        )

    for name, place in SHORE.items():
        plain = name.split("-")[0]
        show(plain, name, place, 0.0, 0.0, 1.0)
        high = AT_HIGH_TIDE.get(name, name)
        show(f"{high.split('-')[0]} at high tide", high, place, 1.0, 0.0, 1.15)
    for name in ("waves", "leaves", "city", "birds"):
        show(f"{name.split('-')[0]}, worn", name, SHORE[name], 0.5, 1.0, 0.35)
    but_facing = tuple(Output(axes=(0, 1, 2, 3)) for _ in range(model.dims))
    settings = MappingSettings(algorithm="gp", outputs=but_facing)
    points = [each.point for each in shown]
    latents = [each.latent for each in shown]
    fitted = isobath.fit(points, latents, settings=settings_of(settings))
    voice = Voice(
        id="landscape-voice",
        model="landscape",
        demonstrations=tuple(shown),
        mapping=settings,
        fitted=fitted.to_plain(),
        shaping=Shaping(smoothing_seconds=0.25, drift=0.35, drift_seconds=6.0),
    )
    own = MappingSettings(algorithm="direct", outputs=(Output(mode="off"),) * isobath.load("voices").dims)
    nobody = isobath.fit(np.zeros((0, len(axes))), np.zeros((0, len(own.outputs))), settings=settings_of(own))
    murmur = Voice(
        id="murmur",
        model="voices",
        mapping=own,
        fitted=nobody.to_plain(),
        gain_db=5.0,
        seed=7,
        shaping=Shaping(smoothing_seconds=0.3, drift=1.1, drift_seconds=2.5, noise=(), clamp=1.0),
    )
    world = World(
        axes=WalkAxes(x="east", z="north", azimuth=FACING.id),
        size=(160.0, 60.0, 160.0),
        start=(8.0, 1.7, 40.0),
        facing=0.97,
        speed=4.0,
        flying=False,
        landmarks=tuple(
            Landmark(
                id=id,
                label=f"the {id}",
                stands=True,
                position=place,
                size=size,
                colour=colour,
                beacon=lit,
                carries=AT_THE_HUT if id == "hut" else None,
            )
            for id, place, size, colour, lit in SHORE_MARKS
        ),
        cycles=(Cycle(axis="tide", seconds=480.0, light=False),),
        zones=(),
        memory=Memory(axis="memory", cell=5.0, seconds=40.0, forgets=1800.0),
        ground=Ground(height="loudness", colour="loudness", relief=14.0),
        placement="turn",
        spread=140.0,
        boxes=SHORE_BOXES,
        edge=Edge(metres=12.0, known=False),
        air=Air(sky="#cdd8d6", ground="#b8b294", light=1.05, sight=150.0),
    )
    way = [
        (0.55, 0.25, 0.0, 0.0, 0.9),
        (0.42, 0.12, 0.2, 0.0, 0.6),
        (0.2, 0.6, 0.4, 0.0, 0.85),
        (0.5, 0.78, 0.6, 0.1, 0.2),
        (0.79, 0.84, 0.7, 0.0, 0.3),
        (0.88, 0.42, 0.9, 0.0, 0.5),
        (0.7, 0.3, 1.0, 0.0, 0.7),
    ]
    return Piece(
        id="example-walk-4",
        name="The shore",
        about="Twelve places, a tide of eight minutes, and ground that wears where you have walked. "
        "Somebody murmurs at the hut, and the tower echoes. Drop demonstrations of your own.",
        axes=axes,
        voices=(voice, murmur),
        world=world,
        takes=(walked(model, axes, way, 20.0),),
    )


def main(folder: Path) -> None:
    pale = Air(sky="#cfd6d3", ground="#8f9a93", sight=110.0)
    pieces = {
        "walk-1": one_to_one(
            "example-walk-1",
            "Walking into latent sounds",
            "Voices, and nothing to hold on to but one small sphere. Your place is the first three latents. "
            "After Scurto and Postel, section 3.1.",
            "voices",
            bare((ORIGIN,), pale),
        ),
        "walk-2": one_to_one(
            "example-walk-2",
            "Embodying listening",
            "The same voices; ellipsoids stand among them by chance, to walk by while you listen. "
            "After section 3.2.",
            "voices",
            bare((ORIGIN, *bodies(26, 23)), Air(sky="#d9d2c4", ground="#9a8f7d", sight=130.0)),
        ),
        "walk-3": looking_about(
            one_to_one(
                "example-walk-3",
                "Sensing spatialities",
                "Landscapes in stereo. Turning your head turns what you hear. After section 3.3.",
                "landscape",
                bare((ORIGIN,), Air(sky="#b8c7cf", ground="#7c8b84", sight=110.0)),
            )
        ),
        "walk-4": shore(folder),
    }
    for name, piece in pieces.items():
        (HERE / f"{name}.json").write_bytes(msgspec.json.encode(piece) + b"\n")
        print(f"{name}: {piece.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
