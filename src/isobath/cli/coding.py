"""`isobath encode` and `decode`: between sounds and latents, as files."""

from pathlib import Path

import click

from isobath.cli.telling import as_json, print_json


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
    from isobath.library.load import load
    from isobath.sound.files import read_audio

    coder = load(model)
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
    import numpy as np

    from isobath.errors import UsageError
    from isobath.library.load import load
    from isobath.sound.files import write_audio

    coder = load(model)
    try:
        latent = np.asarray(np.load(latents, allow_pickle=False), dtype=np.float32)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(
            f"{latents.name} holds no latents ({error}). Write it with: isobath encode"
        ) from error
    audio = coder.decode(latent, seed=seed)
    write_audio(out, audio, coder.sample_rate)
    seconds = audio.shape[1] / coder.sample_rate
    if as_json:
        print_json({"out": str(out), "seconds": seconds, "sample_rate": coder.sample_rate})
    else:
        click.echo(f"{seconds:.2f} s at {coder.sample_rate} Hz: {out}")
