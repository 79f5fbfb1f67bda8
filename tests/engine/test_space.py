"""What a world does to the sound: placing, distance, boxes, the edge (kernel/space)."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy import signal

from isobath.engine.hills import EYES, Hills
from isobath.engine.rendering import render_piece
from isobath.engine.space import FLOATS, SOUNDS, Posing, Space, is_placed, settings_of, sounding
from isobath.models.coder import Model
from isobath.protocol.piece import Piece, Shaping, Take, Voice
from isobath.protocol.world import Box, Carried, Edge, Ground, Landmark, LandSurvey, WalkAxes, World
from tests.browser.organ import HOP, SAMPLE_RATE, organ

from .spaces import (
    AXES,
    HERE,
    RATE,
    Floats,
    Pose,
    forget,
    level_db,
    noise,
    play,
    played,
    settings,
    sine,
    space,
    standing,
    world,
)

AROUND = np.linspace(0.0, 1.0, 17)
SETTLED = 4800


def facing(turns: float) -> Pose:
    return (0.0, 0.0, 0.0, turns, 0.0)


# ------------------------------------------------------------------------------ turning the head


def test_a_place_that_asks_for_nothing_changes_nothing() -> None:
    rows = np.concatenate([noise(960), noise(960, seed=4)])
    np.testing.assert_array_equal(played(world(), rows, facing(0.3)), rows[0] + rows[1])
    assert not is_placed(world())
    assert is_placed(world(placement="turn"))


@pytest.mark.parametrize("side", ["l", "r"])
def test_turning_keeps_the_power_of_each_speaker(side: str) -> None:
    row = sine(150.0, 9600)  # below what is duller behind
    row[0, "rl".index(side)] = 0
    for turns in AROUND:
        out = played(world(placement="turn"), row, facing(turns))[:, SETTLED:]
        power = 10 * np.log10(np.mean(np.square(out)) * 2)
        assert power == pytest.approx(10 * np.log10(0.3**2 / 2), abs=0.1)


def test_turning_leaves_the_sound_where_it_was_in_the_world() -> None:
    rows = noise(9600)
    left, right = (level_db(each[SETTLED:]) for each in played(world(placement="turn"), rows, facing(0.25)))
    assert left > right + 6  # it stands in the north, and one looks east
    left, right = (level_db(each[SETTLED:]) for each in played(world(placement="turn"), rows, facing(0.75)))
    assert right > left + 6
    wide = played(world(placement="turn", spread=180.0), rows, facing(0.0))
    np.testing.assert_allclose(wide, rows[0], atol=1e-6)


@pytest.mark.parametrize("placement", ["turn", "head"])
def test_nothing_vanishes_on_one_loudspeaker(placement: str) -> None:
    rows = noise(9600, "mono")
    there = [
        level_db(played(world(placement=placement), rows, facing(t))[:, SETTLED:].mean(axis=0))
        for t in AROUND
    ]
    assert max(there) - min(there) < 7.0
    assert min(there) > level_db(rows[0, 0]) - 6.0


def test_what_lies_behind_is_duller_on_one_loudspeaker_too() -> None:
    rows = noise(9600, "mono")
    ahead, behind = (
        played(world(placement="turn"), rows, facing(t))[:, SETTLED:].mean(axis=0) for t in (0.0, 0.5)
    )
    high = signal.butter(4, 5000, "high", fs=RATE, output="sos")
    fall = level_db(signal.sosfilt(high, ahead)) - level_db(signal.sosfilt(high, behind))
    assert fall > 3.0


def late_by(out: Floats) -> float:
    """Samples by which the left ear hears it later, from 7 to 15 kHz, where the shadow delays nothing."""
    spectra = np.fft.rfft(out[:, SETTLED:] * np.hanning(out.shape[1] - SETTLED))
    frequency = np.fft.rfftfreq(out.shape[1] - SETTLED, 1 / RATE)
    band = (frequency > 7000) & (frequency < 15000)
    cross = np.zeros_like(spectra[0])
    cross[band] = (spectra[0] * np.conj(spectra[1]))[band]
    found = np.fft.irfft(cross, 16 * (out.shape[1] - SETTLED))
    found = np.concatenate([found[-16 * 64 :], found[: 16 * 64]])
    return (int(np.argmax(found)) - 16 * 64) / 16


def sphere_delay(cosine: float) -> float:
    angle = np.arccos(np.clip(cosine, -1, 1))
    return 0.0875 / 343 * RATE * (-cosine if cosine >= 0 else angle - np.pi / 2)


@pytest.mark.parametrize("degrees", [0, 20, 45, 70, 90])
def test_the_ears_hear_at_woodworths_delays(degrees: int) -> None:
    angle = np.radians(degrees)
    there = standing((float(10 * np.sin(angle)), 0.0, float(-10 * np.cos(angle))), rolloff=0.0)
    out = played(world(placement="head", landmarks=(there,)), noise(SETTLED + 16384, "mono"))
    ears = [
        np.cos(np.radians(10)) * s * np.sin(angle) - np.sin(np.radians(10)) * np.cos(angle) for s in (-1, 1)
    ]
    expected = sphere_delay(ears[0]) - sphere_delay(ears[1])
    assert late_by(out) == pytest.approx(expected, abs=1.0)
    woodworth = 0.0875 / 343 * RATE * (angle + np.sin(angle))
    assert expected == pytest.approx(woodworth, abs=2.5)  # whose ears sit on the middle
    if degrees:
        near, far = level_db(out[1, SETTLED:]), level_db(out[0, SETTLED:])
        assert near - far > degrees / 12


def test_all_ways_of_placing_are_about_as_loud() -> None:
    rows = noise(RATE // 5)
    low = signal.butter(2, 4000, fs=RATE, output="sos")
    rows = signal.sosfilt(low, rows).astype(np.float32)
    levels = [
        np.mean([level_db(played(world(placement=p), rows, facing(t))[:, SETTLED:]) for t in AROUND[:-1:2]])
        for p in ("none", "turn", "head")
    ]
    assert max(levels) - min(levels) < 1.5


@pytest.mark.parametrize("placement", ["turn", "head"])
@pytest.mark.parametrize("speed", [0.5, 8.0, 1e9])
def test_no_head_is_fast_enough_to_click(placement: str, speed: float) -> None:
    rows = sine(440.0, RATE // 2)
    made = world(placement=placement)

    def turning(sample: int) -> Pose:
        frame = sample // 240  # poses come 200 times a second
        turns = frame / 200 * speed if speed < 1e6 else (frame // 20 % 2) * 0.5
        return facing(turns % 1.0)

    still = max(float(np.abs(np.diff(played(made, rows, facing(t)))).max()) for t in (0.0, 0.25, 0.5))
    moved = played(made, rows, turning)
    assert np.abs(np.diff(moved)).max() < 1.5 * still
    smooth = signal.butter(6, 4000, "high", fs=RATE, output="sos")
    assert level_db(signal.sosfilt(smooth, moved)[:, 2400:]) < -60


def test_the_seam_of_the_compass_is_none() -> None:
    rows = noise(9600)
    made = world(placement="turn")
    one = played(made, rows, lambda at: facing(0.99 if at < SETTLED else 0.01))
    other = played(made, rows, lambda at: facing(0.99 if at < SETTLED else 1.01))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_however_it_is_cut_the_same_comes_out() -> None:
    boxes = (Box(id="b", size=(6.0, 6.0, 6.0), wet=0.5, filter="low"),)
    made = world(
        placement="head", boxes=boxes, edge=Edge(metres=20.0), landmarks=(standing((3.0, 0.0, 4.0)),)
    )
    rows = noise(4800)

    def walking(at: int) -> Pose:
        step = at // 480
        return (step * 1.0, 0.0, step * -1.5, step * 0.07, 0.01 * step)

    whole = played(made, rows, walking)
    np.testing.assert_array_equal(whole, played(made, rows, walking, cuts=(16, 7, 1, 13)))


def test_a_space_that_comes_while_something_sounds_does_not_click() -> None:
    rows = sine(300.0, RATE // 4)
    made = space(world(placement="head", landmarks=(standing((30.0, 0.0, 0.0)),)))
    out = play(made, rows)
    np.testing.assert_allclose(out[:, 0], rows[0, :, 0], atol=1e-3)
    assert np.abs(np.diff(out)).max() < 1.4 * np.abs(np.diff(rows)).max()
    assert level_db(out[:, -2400:]) < level_db(rows) - 10


def test_cells_that_do_not_begin_with_the_players_are_none_the_worse() -> None:
    made = world(placement="turn", landmarks=(standing((3.0, 0.0, 4.0)),), edge=Edge(metres=60.0))
    rows = noise(4800)
    ways = []
    for first in (16, 7):
        there = space(made)
        forget(there)
        head = play(there, rows[:, :, :first], (2.0, 0.0, 0.0, 0.1, 0.0))
        ways.append(
            np.concatenate([head, play(there, rows[:, :, first:], (2.0, 0.0, 0.0, 0.1, 0.0))], axis=1)
        )
    np.testing.assert_array_equal(ways[0], ways[1])


# ------------------------------------------------------------------------------ distance


@pytest.mark.parametrize("placement", ["none", "turn", "head"])
def test_distance_takes_off_what_it_says(placement: str) -> None:
    rows = sine(200.0, 9600)
    levels = []
    for metres in (2.0, 4.0, 8.0, 16.0, 64.0):
        there = standing((0.0, 0.0, -metres), reference=4.0, rolloff=1.0)
        levels.append(level_db(played(world(placement=placement, landmarks=(there,)), rows)[:, SETTLED:]))
    expected = [0.0, 0.0, 20 * np.log10(4 / 8), 20 * np.log10(4 / 16), 20 * np.log10(4 / 64)]
    np.testing.assert_allclose(np.array(levels) - levels[0], expected, atol=0.15)


def test_a_walk_through_a_wide_landmark_has_no_jump() -> None:
    made = world(placement="turn", landmarks=(standing((0.0, 0.0, 0.0), size=6.0),))
    out = played(made, sine(200.0, RATE), lambda at: (-8.0 + 16.0 * at / RATE, 0.0, 0.3, 0.0, 0.0))
    left, right = (np.sqrt(np.mean(np.square(each.reshape(-1, 480)), axis=1)) for each in out)
    assert np.abs(np.diff(left)).max() < 0.02
    assert np.abs(np.diff(right)).max() < 0.02
    assert right[10] > 2 * left[10]  # it lies in the east at first
    assert left[-10] > 2 * right[-10]


def test_a_part_of_the_pose_that_no_axis_knows_counts_for_nothing() -> None:
    here = msgspec.structs.replace(world().axes, y=None)
    there = standing((0.0, 50.0, -2.0), reference=2.0)
    rows = sine(200.0, 9600)
    out = played(world(axes=here, landmarks=(there,)), rows, (0.0, 3.0, 0.0, 0.0, 0.0))
    assert level_db(out[:, SETTLED:]) == pytest.approx(level_db(rows[:, :, SETTLED:]), abs=0.1)


# ------------------------------------------------------------------------------ sounds of landmarks


def carrying(count: int, apart: float = 5.0) -> tuple[Landmark, ...]:
    return tuple(
        Landmark(
            id=str(i),
            position=(0.0, 0.0, -apart * (i + 1)),
            carries=Carried(sound=f"{i:064d}", reference=1.0),
        )
        for i in range(count)
    )


def test_a_sound_is_looped_from_the_reset_on() -> None:
    made = space(world(landmarks=carrying(1, 0.5)), voices=0)
    audio = noise(4800)[0]
    made.sound(0, audio)
    forget(made)
    silent = np.zeros((1, 2, 12000), np.float32)
    out = play(made, silent)
    cross = 1200
    round = 4800 - cross
    np.testing.assert_allclose(out[:, cross:round], audio[:, cross:round], atol=1e-6)
    np.testing.assert_allclose(out[:, round : 2 * round], out[:, 2 * round : 3 * round], atol=1e-6)
    forget(made)
    np.testing.assert_array_equal(play(made, silent), out)


def test_the_eight_loudest_of_sixteen_are_heard() -> None:
    marks = carrying(SOUNDS + 2)
    assert len(sounding(world(landmarks=marks))) == SOUNDS
    made = space(world(landmarks=marks), voices=0)
    for number in range(SOUNDS):
        made.sound(number, sine(300.0 + 100 * number, RATE // 4)[0])
    forget(made)
    out = play(made, np.zeros((1, 2, RATE // 2), np.float32))[0, RATE // 4 :]
    heard = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    loud = [heard[round((300 + 100 * n) * len(out) / RATE)] for n in range(SOUNDS)]
    assert made.meters().sounds == 8
    assert min(loud[:8]) > 20 * max(loud[8:])


def test_a_sound_that_goes_fades_and_its_memory_is_left_alone() -> None:
    made = space(world(landmarks=carrying(1, 0.5)), voices=0)
    made.sound(0, sine(200.0, 24000)[0])
    forget(made)
    silent = np.zeros((1, 2, 4800), np.float32)
    before = play(made, silent)
    made.sound(0, None)
    after = play(made, silent)
    joined = np.concatenate([before, after], axis=1)
    assert np.abs(np.diff(joined[:, 2400:])).max() < 1.3 * np.abs(np.diff(sine(200.0, 4800))).max()
    assert np.abs(after[:, 600:]).max() < 1e-4


# ------------------------------------------------------------------------------ boxes


def spectrum_db(out: Floats, hertz: float) -> float:
    frequency, power = signal.welch(out[0, SETTLED:], RATE, nperseg=4096)
    return float(10 * np.log10(power[np.argmin(np.abs(frequency - hertz))]))


@pytest.mark.parametrize(
    ("kind", "through", "held"),
    [("low", (100, 300), (8000,)), ("high", (8000,), (100,)), ("band", (900,), (60, 12000))],
)
def test_a_box_lets_through_what_it_says(kind: str, through: tuple[int, ...], held: tuple[int, ...]) -> None:
    rows = noise(RATE)
    box = Box(id="b", wet=0.0, filter=kind, frequency=900.0)  # type: ignore[arg-type]
    plain = played(world(), rows)
    inside, outside = (played(world(boxes=(box,)), rows, (x, 0.0, 0.0, 0.0, 0.0)) for x in (0.0, 50.0))
    np.testing.assert_array_equal(outside, plain)
    for hertz in through:
        assert abs(spectrum_db(inside, hertz) - spectrum_db(plain, hertz)) < 2.5
    for hertz in held:
        assert spectrum_db(inside, hertz) < spectrum_db(plain, hertz) - 14


@pytest.mark.parametrize("decay", [0.8, 2.5])
def test_a_box_dies_away_as_long_as_it_says(decay: float) -> None:
    samples = int(RATE * decay * 1.2)
    rows = np.zeros((1, 2, samples), np.float32)
    rows[0, :, :4800] = noise(4800)[0]
    box = Box(id="b", wet=1.0, decay=decay, brightness=20000.0, predelay=0.0)
    out = played(world(boxes=(box,)), rows)
    left = np.cumsum(np.square(out[0, ::-1].astype(np.float64)))[::-1]
    db = 10 * np.log10(left / left[4800])
    at = [4800 + int(np.argmax(db[4800:] < -level)) for level in (5, 35)]
    assert (at[1] - at[0]) / RATE * 2 == pytest.approx(decay, rel=0.15)
    both = out[:, 9600:24000]
    assert abs(np.corrcoef(both)[0, 1]) < 0.3  # it comes from everywhere
    assert level_db(played(world(boxes=(box,)), noise(RATE))[:, RATE // 2 :]) == pytest.approx(
        level_db(noise(RATE)), abs=2.0
    )


def test_walking_in_is_a_crossfade_and_behind_one_it_is_gone() -> None:
    box = Box(id="b", size=(10.0, 10.0, 10.0), fade=6.0, wet=0.6, filter="low", frequency=500.0)
    rows = sine(300.0, RATE)
    out = played(world(boxes=(box,)), rows, lambda at: (20.0 - 60.0 * at / RATE, 0.0, 0.0, 0.0, 0.0))
    assert np.abs(np.diff(out)).max() < 2 * np.abs(np.diff(rows)).max()
    np.testing.assert_array_equal(out[:, -2400:], rows[0, :, -2400:])


def test_boxes_that_overlap_share_one_reverberation() -> None:
    boxes = tuple(Box(id=str(i), wet=1.0, decay=decay) for i, decay in enumerate((0.5, 8.0)))
    made = space(world(boxes=boxes))
    forget(made)
    play(made, noise(9600))
    assert made.meters().wet == pytest.approx(1.0, abs=1e-3)
    assert made.meters().filtered == pytest.approx(0.0)


# ------------------------------------------------------------------------------ the edge


def centroid(x: Floats) -> float:
    frequency, power = signal.welch(x[0], RATE, nperseg=4096)
    return float((frequency * power).sum() / power.sum())


def test_the_end_of_the_world_is_quieter_and_darker() -> None:
    made = world(size=(120.0, 60.0, 120.0), edge=Edge(metres=10.0, hum_db=-100.0))
    rows = noise(RATE // 2)
    inside, begun, end, beyond = (
        played(made, rows, (x, 0.0, 0.0, 0.0, 0.0))[:, SETTLED:] for x in (45.0, 55.0, 60.0, 90.0)
    )
    np.testing.assert_array_equal(inside, rows[0, :, SETTLED:])
    assert level_db(inside) > level_db(begun) > level_db(end) + 6
    assert level_db(inside) - level_db(end) > 18
    assert centroid(inside) > 2 * centroid(begun) > 4 * centroid(end)
    np.testing.assert_allclose(end, beyond, atol=1e-5)


def test_the_end_has_a_tone_of_its_own() -> None:
    made = world(edge=Edge(metres=10.0, hum_db=-36.0))
    silent = np.zeros((1, 2, RATE), np.float32)
    out = played(made, silent, (60.0, 0.0, 0.0, 0.0, 0.0))[:, SETTLED:]
    assert -46 < level_db(out) < -38
    assert np.abs(played(made, silent)).max() == 0.0


def beyond(radius: float, known: bool) -> float:
    """How loud (dB) the organ is where its latent lies so far out, in a world that tells of it or not."""
    shaping = Shaping(smoothing_seconds=0.0, clamp=0.0, hold=(radius, 0.0, 0.0), held=(1, 1, 1))
    piece = Piece(
        id="p",
        name="p",
        axes=AXES,
        voices=(Voice(id="v0", model="organ", shaping=shaping, gain_db=-24.0),),  # below the guard
        world=world(edge=Edge(metres=0.0, known=known, hum_db=-100.0)),
    )
    take = Take(
        id="t",
        name="t",
        hop=HOP,
        sample_rate=SAMPLE_RATE,
        length=100,
        axes=("east",),
        frames=(0,),
        points=((0.5,),),
    )
    return level_db(render_piece(piece, take, lambda _: Model(*organ()))[:, SETTLED:])


def test_where_the_model_knows_no_further_is_an_end_as_well() -> None:
    """The "invisible barrier" of paper 004, section 3.2; the organ knows four deviations from its mean."""
    assert beyond(3.5, True) == pytest.approx(beyond(3.5, False), abs=1e-3)
    assert beyond(6.0, True) < beyond(6.0, False) - 10


# ------------------------------------------------------------------------------ what cannot be


def test_nonsense_is_held_off() -> None:
    made = space()
    values = settings(world())
    values[::3] = np.nan
    values[1::3] = 1e30
    made.set(values)
    forget(made)
    poses = [(np.nan,) * 5, (np.inf, -np.inf, 1e30, 1e30, -1e30), HERE]
    out = play(made, noise(4800), lambda at: poses[at // 16 % 3])
    assert np.isfinite(out).all()


def test_one_channel_hears_both() -> None:
    made = Space(1, RATE)
    made.set(settings(world(placement="turn")))
    forget(made)
    rows = noise(4800, "mono")
    out = play(made, rows, facing(0.3), channels=1)
    assert out.shape == (1, 4800)
    assert level_db(out) > level_db(rows) - 4


def test_a_gesture_is_a_pose() -> None:
    posing = Posing(World(axes=world().axes, size=(100.0, 40.0, 200.0)), AXES)
    np.testing.assert_allclose(
        posing(np.array([0.6, 0.5, 1.0, 0.25, 0.75])), [10, 0, -100, 0.25, 0.125], rtol=1e-6
    )
    lost = Posing(World(axes=world().axes, ground=Ground(shown=False)), AXES[:1])
    assert lost(np.array([0.5])).tolist() == [0.0] * 5


HILLS = json.loads((Path(__file__).parents[1] / "golden" / "hills.json").read_text())
"""Heights of a ground; the page's are held against them, too (web/src/state/space.test.ts)."""


def hilly(**more) -> World:  # type: ignore[no-untyped-def]
    land = LandSurvey(columns=HILLS["columns"], rows=HILLS["rows"], loudness=tuple(HILLS["loudness"]))
    ground = Ground(height="loudness", relief=HILLS["relief"])
    return World(size=tuple(HILLS["size"]), ground=ground, land=land, **more)


def test_what_stands_on_a_hill_is_heard_from_there_and_so_does_the_walker_stand() -> None:
    hills = Hills(hilly())
    for x, z, height in HILLS["places"]:
        assert hills(x, z) == pytest.approx(height, abs=1e-5)
    axes = WalkAxes(x="east", z="north")
    x, z, height = HILLS["places"][3]
    assert height > 3.0
    there = msgspec.structs.replace(standing((x, 2.0, z)), stands=True)
    walls = Box(id="b", position=(x, 3.0, z), stands=True)
    of = hilly(axes=axes, landmarks=(there,), boxes=(walls,))
    told = settings(of)
    np.testing.assert_allclose(told[11:14], [x, 2.0 + height, z], rtol=1e-6)
    assert told[202 + 1] == pytest.approx(3.0 + height, rel=1e-6)
    pose = Posing(of, AXES)(np.array([0.5 + x / 100.0, 0.0, 0.5 - z / 80.0, 0.0, 0.0]))
    np.testing.assert_allclose(pose[:3], [x, height + EYES, z], rtol=1e-5)


def test_every_setting_is_told() -> None:
    piece = Piece(id="p", name="p", axes=AXES, world=world(boxes=(Box(id="b"),)))
    told = settings_of(piece, 0.02)
    assert told.shape == (FLOATS,)
    assert told[9] == 1.0


# ------------------------------------------------------------------------------ the page's module

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "kernel" / "wasm" / "isobath-space.wasm"
NODE = shutil.which("node")


def played_by(module: Path, folder: Path) -> Floats:
    """A walk by a world that has everything, as a module for the page plays it."""
    command = [NODE or "node", str(Path(__file__).parent / "play_space.mjs")]
    command += [str(ROOT / "kernel" / "wasm" / "isobath.simd.wasm"), str(module), str(folder)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.float32).reshape(-1, 2, 16).transpose(1, 0, 2).reshape(2, -1)


@pytest.mark.skipif(NODE is None, reason="Node is not installed: the browser's kernel cannot be run here")
def test_the_pages_module_plays_the_same(tmp_path: Path) -> None:
    made = world(
        placement="head",
        landmarks=(standing((5.0, 0.0, -9.0), size=3.0), *carrying(3)),
        boxes=(Box(id="b", position=(12.0, 0.0, -12.0), filter="band", wet=0.5),),
        edge=Edge(metres=40.0),
    )
    samples = 16 * 1500
    rows = noise(samples)
    sounds = [noise(3000, seed=n)[0] for n in range(3)]
    poses = [(at / 800, 0.1, -at / 700, at / 30000, 0.02) for at in range(0, samples, 16)]
    native = space(made)
    for number, sound in enumerate(sounds):
        native.sound(number, sound)
    forget(native)
    here = play(native, rows, lambda at: poses[at // 16])
    assert here.std() > 0.01
    (tmp_path / "rows.f32").write_bytes(rows.tobytes())
    for number, sound in enumerate(sounds):
        (tmp_path / f"{number}.f32").write_bytes(sound.tobytes())
    told = {"rate": RATE, "settings": settings(made).tolist(), "sounds": 3, "poses": poses}
    (tmp_path / "script.json").write_text(json.dumps(told))
    np.testing.assert_allclose(played_by(MODULE, tmp_path), here, atol=1e-5)

    spec = importlib.util.spec_from_file_location("kernel_build", ROOT / "kernel" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    try:
        fresh = builder.build_space(tmp_path)
    except (builder.NoCompiler, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine does not build for the browser: {error}")
    np.testing.assert_allclose(played_by(fresh, tmp_path), here, atol=1e-5)


def test_the_page_fetches_a_small_module_for_it() -> None:
    assert MODULE.stat().st_size <= 32 * 1024
