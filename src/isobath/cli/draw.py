"""`isobath draw`: a sound as a film or a picture, in the scenes of the page's Look."""

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.telling import Progress, as_json, print_json
from isobath.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCENES = ("isobaths", "sounding", "wake", "tide")
MOST_PIXELS = 4096


def _size(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int]:  # noqa: ARG001
    found = re.fullmatch(r"(\d+)x(\d+)", value)
    if found is None:
        raise click.BadParameter(f"{value} is no size. Write it as 1920x1080.")
    width, height = int(found[1]), int(found[2])
    if not (16 <= width <= MOST_PIXELS and 16 <= height <= MOST_PIXELS):
        raise click.BadParameter(f"{value} is outside 16 to {MOST_PIXELS} pixels.")
    return width, height


@click.command()
@click.argument("sound", metavar="SOUND", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Film (.mp4) or, with --still, picture (.png) to write.",
)
@click.option(
    "--scene", type=click.Choice(SCENES), default="isobaths", show_default=True, help="What is drawn."
)
@click.option(
    "--size", callback=_size, default="1920x1080", show_default=True, help="Width x height in pixels."
)
@click.option(
    "--fps", type=click.Choice(["15", "30"]), default="30", show_default=True, help="Pictures a second."
)
@click.option(
    "--theme", type=click.Choice(["light", "dark"]), default="dark", show_default=True, help="Colours."
)
@click.option("--gain", type=click.FloatRange(0.3, 3.0), default=1.0, show_default=True, help="Exaggeration.")
@click.option("-m", "--model", help="Model whose latents the sound is shown as (scene wake).")
@click.option("--still", type=click.FloatRange(0.0), help="One picture, this many seconds into the sound.")
@click.option("--walk", is_flag=True, help="SOUND is a piece with a world: draw a walk in it from above.")
@click.option("-t", "--take", help="With --walk: name or id of the take. Default: the one recorded last.")
@as_json
def draw(
    sound: Path,
    out: Path,
    scene: str,
    size: tuple[int, int],
    fps: str,
    theme: str,
    gain: float,
    model: str | None,
    still: float | None,
    walk: bool,
    take: str | None,
    as_json: bool,
) -> None:
    """Draw SOUND, a recording or a rendered take; or, with --walk, a walk from above."""
    if (out.suffix.lower() == ".png") != (still is not None):
        raise UsageError(
            f"A picture (--still) is written as .png and a film as .mp4. Choose another name than {out.name}."
        )
    if walk:
        seconds = _draw_walk(str(sound), take, out, size, int(fps), theme, still, quiet=as_json)
        _tell("walk", out, size, seconds, still, as_json=as_json)
        return
    if not sound.is_file():
        raise UsageError(f"There is no sound file {sound}. With --walk a piece is drawn, by its name.")
    from isobath.outputs.drawing import SCENES as DRAWN
    from isobath.outputs.drawing import Moment
    from isobath.outputs.drawing.filming import PALETTES, Film, picture
    from isobath.sound.descriptors import SNAPSHOTS_A_SECOND, Descriptors, spectra
    from isobath.sound.files import open_sound, read_blocks

    with open_sound(sound) as file:
        rate, seconds, channels = file.samplerate, file.frames / file.samplerate, min(2, file.channels)
    if still is not None and still > seconds:
        raise UsageError(f"{sound.name} lasts {seconds:.1f} s; there is no picture of it at {still:g} s.")
    descriptors = Descriptors(rate)
    latents = _latents(sound, model)
    heard = spectra((block for block, _ in read_blocks(sound)), rate)
    every = SNAPSHOTS_A_SECOND // int(fps)

    def pictures(until: float) -> Iterator["Moment"]:
        for spectrum in heard:
            descriptors.hear(spectrum, next(latents))
            past = tuple(descriptors.past)
            yield Moment(past, descriptors.count, size[0] / size[1], gain)
            if descriptors.count >= until * SNAPSHOTS_A_SECOND:
                return

    if still is not None:
        moments = deque(pictures(max(still, 1 / SNAPSHOTS_A_SECOND)), maxlen=1)
        if not moments:
            raise UsageError(f"{sound.name} is too short to be drawn.")
        _save(picture(DRAWN[scene](moments[0]), PALETTES[theme], *size), out)
    else:
        sounds = (block[:channels] for block, _ in read_blocks(sound))
        with (
            Progress(f"{scene}", seconds, quiet=as_json) as progress,
            Film(out, *size, int(fps), rate, channels) as film,
        ):
            done = 0.0
            for moment in pictures(seconds):
                if moment.count % every == 0:
                    film.show(picture(DRAWN[scene](moment), PALETTES[theme], *size))
                now = moment.count / SNAPSHOTS_A_SECOND
                while done < now and (block := next(sounds, None)) is not None:
                    film.sound(block)
                    done += block.shape[1] / rate
                progress.at(now)
            for block in sounds:
                film.sound(block)
    _tell(scene, out, size, seconds, still, as_json=as_json)


def _tell(
    scene: str, out: Path, size: tuple[int, int], seconds: float, still: float | None, *, as_json: bool
) -> None:
    if as_json:
        print_json({"out": str(out), "scene": scene, "seconds": seconds, "width": size[0], "height": size[1]})
    else:
        click.echo(f"{scene}, {seconds if still is None else still:.1f} s: {out}")


def _draw_walk(
    piece: str,
    take: str | None,
    out: Path,
    size: tuple[int, int],
    fps: int,
    theme: str,
    still: float | None,
    *,
    quiet: bool,
) -> float:
    """A walk from above, as a picture or with its sound as a film; its seconds."""
    from contextlib import closing

    from isobath.cli.render import open_piece
    from isobath.engine import find_take, rendering
    from isobath.engine.dreaming import dreams
    from isobath.library.home import find_home
    from isobath.library.load import load_prior
    from isobath.library.sounds import Sounds
    from isobath.outputs.drawing.filming import PALETTES, Film, picture
    from isobath.outputs.drawing.walking import from_above, walked

    found, load_model = open_piece(piece)
    with closing(load_model):
        chosen = find_take(found, take)
        way = walked(found, chosen)
        seconds = chosen.length * chosen.hop / chosen.sample_rate
        aspect = size[0] / size[1]
        if still is not None:
            _save(picture(from_above(way, still, aspect), PALETTES[theme], *size), out)
            return seconds
        sounds = Sounds(find_home()).load
        work = rendering(found, chosen, load_model, load_sound=sounds, dream_of=dreams(load_prior))
        with (
            Progress(f'"{chosen.name}"', seconds, quiet=quiet) as progress,
            Film(out, *size, fps, work.sample_rate, work.channels) as film,
        ):
            done = shown = 0
            for block in work.blocks:
                film.sound(block)
                done += block.shape[1]
                while shown / fps < done / work.sample_rate:
                    film.show(picture(from_above(way, shown / fps, aspect), PALETTES[theme], *size))
                    shown += 1
                progress.at(done / work.sample_rate)
    return seconds


def _latents(sound: Path, model: str | None) -> Iterator["NDArray[np.float64]"]:
    """The latent of each snapshot, in deviations; nothing where no model was named."""
    import numpy as np

    from isobath.sound.descriptors import SNAPSHOTS_A_SECOND

    if model is None:
        while True:
            yield np.zeros(0)
    from isobath.library.load import load
    from isobath.sound.files import read_audio

    coder = load(model)
    latent = coder.encode(*read_audio(sound))
    mean, std = (
        np.asarray(x)[:, None] for x in (coder.description.latent.mean, coder.description.latent.std)
    )
    z = (latent - mean) / np.maximum(std, 1e-6)
    step = coder.sample_rate / coder.hop / SNAPSHOTS_A_SECOND
    at = 0
    while True:
        yield z[:, min(z.shape[1] - 1, int(at * step))].astype(np.float64)
        at += 1


def _save(image: object, out: Path) -> None:
    from io import BytesIO

    from isobath.library.files import write_whole

    data = BytesIO()
    image.save(data, format="PNG")  # type: ignore[attr-defined]
    write_whole(out, [data.getvalue()])
