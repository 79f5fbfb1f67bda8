"""A sound becomes a film that others can open, or nothing at all."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from isobath.cli.group import isobath
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.sound.files import read_audio, write_audio

av = pytest.importorskip("av")
pytest.importorskip("PIL")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    t = np.arange(22050) / 22050
    write_audio(tmp_path / "a.wav", (0.4 * np.sin(2 * np.pi * 330 * t))[None].astype(np.float32), 22050)
    return tmp_path / "a.wav"


def run(*args: str) -> tuple[int, str]:
    found = CliRunner().invoke(isobath, list(args))
    return found.exit_code, found.output


@pytest.mark.parametrize("scene", ["isobaths", "sounding", "wake", "tide"])
def test_every_scene_draws_a_picture_that_is_not_blank(scene: str, sound: Path, tmp_path: Path) -> None:
    from PIL import Image

    out = tmp_path / "a.png"
    assert (
        run("draw", str(sound), "-o", str(out), "--scene", scene, "--still", "0.8", "--size", "160x90")[0]
        == 0
    )
    with Image.open(out) as image:
        assert image.size == (160, 90)
        assert len(image.getcolors(20000) or []) > 3


def test_a_film_has_pictures_and_sound_for_as_long_as_the_sound(sound: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    code, said = run("draw", str(sound), "-o", str(out), "--fps", "15", "--size", "64x36")
    assert code == 0, said
    with av.open(str(out)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 15
    with av.open(str(out)) as film:
        samples = sum(frame.samples for frame in film.decode(audio=0))
    assert samples == pytest.approx(22050, abs=2100)
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_wrong_sizes_and_moments_are_sentences(sound: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "a.mp4")
    assert run("draw", str(sound), "-o", out, "--size", "big")[0] == 2
    code, said = run("draw", str(sound), "-o", out, "--size", "33x36")
    assert code != 0
    assert not Path(out).exists()
    code, said = run("draw", str(sound), "-o", str(tmp_path / "a.png"), "--still", "9")
    assert code != 0
    assert "Traceback" not in said
    for wrong in ((out, "--still", "0.1"), (str(tmp_path / "a.png"),)):
        code, said = run("draw", str(sound), "-o", *wrong)
        assert code == 2
        assert "as .png" in said
        assert not Path(wrong[0]).exists()


def test_a_walk_is_drawn_from_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    monkeypatch.setenv("ISOBATH_HOME", str(tmp_path / "home"))
    sizes = []
    for seconds in ("0", "20"):
        out = tmp_path / f"{seconds}.png"
        code, said = run(
            "draw", "example-walk-4", "--walk", "-o", str(out), "--still", seconds, "--size", "160x90"
        )
        assert code == 0, said
        with Image.open(out) as image:
            assert image.size == (160, 90)
            mark = np.abs(np.asarray(image, dtype=int) - (255, 128, 185)).sum(axis=2) < 60
            sizes.append(int(mark.sum()))
    assert sizes[1] > sizes[0] > 0, "the way grows"
    code, said = run("draw", "nothing.wav", "-o", str(tmp_path / "a.png"), "--still", "0")
    assert code != 0
    code, said = run("draw", "example-1", "--walk", "-o", str(tmp_path / "a.png"), "--still", "0")
    assert code != 0


def test_a_walk_becomes_a_film_with_its_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the take, with the sound that `isobath render` makes of it."""
    home = tmp_path / "home"
    monkeypatch.setenv("ISOBATH_HOME", str(home))
    with Library.open(Home(home)) as library:
        whole = library.read("example-walk-1")
        take = msgspec.structs.replace(whole.takes[0], id="short", name="short", length=100)
        library.pieces.add(msgspec.structs.replace(whole, id="filmed", takes=(take,)))
    seconds = take.length * take.hop / take.sample_rate
    out = tmp_path / "walk.mp4"
    code, said = run("draw", "filmed", "--walk", "-o", str(out), "--fps", "15", "--size", "64x36")
    assert code == 0, said
    with av.open(str(out)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(pictures) == pytest.approx(15 * seconds, abs=1.5)
    with av.open(str(out)) as film:
        heard = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in film.decode(audio=0)])
    assert len(heard) == pytest.approx(seconds * take.sample_rate, abs=3000)
    code, said = run("render", "filmed", "-o", str(tmp_path / "walk.wav"))
    assert code == 0, said
    rendered, _ = read_audio(tmp_path / "walk.wav")
    assert rms(heard) == pytest.approx(rms(rendered), rel=0.2)
    assert rms(heard) > 1e-3


def rms(audio: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))


def test_north_is_up_and_the_middle_is_the_middle() -> None:
    from isobath.outputs.drawing.walking import from_above, walked
    from isobath.protocol.piece import Axis, Piece, Take
    from isobath.protocol.world import WalkAxes, World

    world = World(size=(100.0, 10.0, 50.0), axes=WalkAxes(x="e", z="n"))
    piece = Piece(id="p", name="p", axes=(Axis(id="e", name="e"), Axis(id="n", name="n")), world=world)
    rows = ((0.5, 0.5), (1.0, 1.0))
    take = Take(
        id="t", name="t", hop=100, sample_rate=1000, length=20, axes=("e", "n"), frames=(0, 10), points=rows
    )
    way = walked(piece, take)
    assert way.spots.tolist() == [[0.0, 0.0], [50.0, -25.0]]
    last = from_above(way, 5.0, 2.0)[-1].points.mean(axis=0)
    assert last[0] == pytest.approx(1.84, abs=0.01)  # the right edge
    assert last[1] < -0.9  # pictures count downwards
