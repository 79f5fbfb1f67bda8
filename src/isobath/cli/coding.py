"""`isobath encode` and `decode`: between sounds and latents, as files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.telling import as_json, print_json

if TYPE_CHECKING:
    from isobath.types import Latent


@click.command()
@click.argument("sound", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-m", "--model", required=True, help="Name or file of the model.")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Latents to write (.npy).",
)
@as_json
def encode(sound: Path, model: str, out: Path, as_json: bool) -> None:
    """Turn a SOUND file into latents: a NumPy array of (dims, frames), float32."""
    import io

    import numpy as np

    from isobath.library.files import write_whole
    from isobath.library.load import load_any
    from isobath.sound.files import read_audio

    coder = load_any(model)
    audio, sample_rate = read_audio(sound)
    latent = coder.encode(audio, sample_rate)
    target = io.BytesIO()
    np.save(target, latent)
    write_whole(out, [target.getvalue()])
    if as_json:
        print_json({"out": str(out), "dims": latent.shape[0], "frames": latent.shape[1], "hop": coder.hop})
    else:
        click.echo(f"{latent.shape[0]} dimensions, {latent.shape[1]} frames of {coder.hop} samples: {out}")


@click.command()
@click.argument("latents", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-m", "--model", required=True, help="Name or file of the model.")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sound to write (.wav, .flac).",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of the model's noise."
)
@as_json
def decode(latents: Path, model: str, out: Path, seed: int, as_json: bool) -> None:
    """Turn LATENTS (a .npy file of (dims, frames)) into a sound file."""
    from isobath.library.load import load_any
    from isobath.sound.files import write_audio

    coder = load_any(model)
    latent = _read_latents(latents)
    audio = coder.decode(latent, seed=seed)
    write_audio(out, audio, coder.sample_rate)
    seconds = audio.shape[1] / coder.sample_rate
    if as_json:
        print_json({"out": str(out), "seconds": seconds, "sample_rate": coder.sample_rate})
    else:
        click.echo(f"{seconds:.2f} s at {coder.sample_rate} Hz: {out}")


def _read_latents(path: Path) -> "Latent":
    """The array in a .npy file, from a stranger.

    Raises:
        AudioError: it is no such file, or holds no frames of real numbers.
    """
    import numpy as np

    from isobath.errors import AudioError

    try:
        found = np.load(path, allow_pickle=False, mmap_mode="r")  # a header may claim any size
        if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
            raise ValueError("it is not one array of numbers")
        if found.ndim != 2 or found.shape[1] == 0:
            raise ValueError(f"its shape is {found.shape} instead of (dims, frames)")
        with np.errstate(over="ignore"):
            latent = np.asarray(found, dtype=np.float32)
        if not np.all(np.isfinite(latent)):
            raise ValueError("it contains values that are not numbers")
        return latent
    except (OSError, ValueError, EOFError, OverflowError, MemoryError) as error:
        raise AudioError(
            f"{path.name} cannot be read as latents: {error}. Write it with: isobath encode"
        ) from error
