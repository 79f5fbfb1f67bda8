"""`isobath models`, `info` and `import`: the models on this machine."""

import re
import textwrap
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.telling import Progress, as_json, print_json, print_table, size
from isobath.errors import ModelRefused, UsageError

if TYPE_CHECKING:
    from isobath.foreign.importing import Wishes
    from isobath.library.home import Home
    from isobath.protocol.messages import ModelSummary

LINE = 100
"""Characters in a line."""

MOST_LISTED = 4
"""Names in a list that are told; of more only how many, the first and the last."""


@click.command()
@as_json
def models(as_json: bool) -> None:
    """List the models that can be played here."""
    from isobath.library.home import find_home
    from isobath.library.models import Models

    home = find_home()
    found = Models(home).all()
    foreign = _foreign(home)
    if as_json:
        print_json((*found, *foreign))
        return
    if not found and not foreign:
        click.echo("There are no models here. Import one with: isobath import FILE")
        return
    print_table(
        ("name", "title", "dims", "hop", "rate", "channels", "size", "encodes", "from"),
        [
            (
                m.name,
                m.title,
                m.dims,
                m.hop,
                m.sample_rate,
                m.channels,
                size(m.bytes),
                m.encodes,
                _origin(m),
            )
            for m in (*found, *foreign)
        ],
    )


def _origin(model: "ModelSummary") -> str:
    if model.foreign:
        return "another program"
    return "Isobath" if model.bundled else "you"


def _foreign(home: "Home") -> tuple["ModelSummary", ...]:
    """The models of other programs, where there are any."""
    if not home.models.is_dir() or not any(home.models.glob("*.ts")):
        return ()
    from isobath.library.foreign import ForeignModels, summary_of

    return tuple(summary_of(found.description) for found in ForeignModels(home).all())


@click.command()
@click.argument("model")
@click.option("--hazards", is_flag=True, help="Measure instead where it is loud and where it is rough.")
@as_json
def info(model: str, hazards: bool, as_json: bool) -> None:
    """Tell all about one MODEL: what it is, what it was trained on, how well it does.

    MODEL may be the folder of a prepared set, too.
    """
    if hazards:
        _tell_hazards(model, as_json)
        return
    from isobath.corpora.reading import is_set, open_set
    from isobath.evaluation.limits import limits
    from isobath.library.load import find_foreign, model_path
    from isobath.models.description import describe

    if is_set(Path(model)):
        from isobath.cli.prepare import tell_set

        tell_set(open_set(model), as_json)
        return
    foreign = find_foreign(model)
    if foreign is not None:
        from isobath.cli.foreign import tell

        tell(foreign, as_json=as_json)
        return
    described = describe(model_path(model))
    if as_json:
        print_json(described)
        return
    click.echo(f"{described.title or described.name}\n{described.about}".strip() + "\n")
    delay = 1000.0 * described.delay / described.sample_rate
    hop = 1000.0 * described.hop / described.sample_rate
    rows: list[tuple[str, object]] = [
        ("name", described.name),
        ("sample rate", f"{described.sample_rate} Hz"),
        ("channels", described.channels),
        ("hop", f"{described.hop} samples ({hop:.1f} ms)"),
        ("delay", f"{described.delay} samples ({delay:.1f} ms) through encoder and decoder"),
        ("encoder", "yes" if described.encoder else "no"),
        ("licence", described.licence),
        ("credit", described.credit),
    ]
    _print_facts(rows)
    _print_section("How it was trained", described.training)
    _print_section("How well it does", described.quality)
    ends = limits(described.quality)
    if ends:
        click.echo("\nIts limits")
        for each in ends:
            click.echo(textwrap.fill(each, LINE))
    click.echo(f"\nThe {described.dims} latent dimensions")
    latent = described.latent
    print_table(
        ("", "carries", "share of variance", "low (5 %)", "high (95 %)"),
        [
            (i + 1, label or "–", f"{share:.0%}", *_spread(latent.percentiles.at, values))
            for i, (label, share, values) in enumerate(
                zip(latent.labels, latent.explained, latent.percentiles.values, strict=True)
            )
        ],
    )


def _tell_hazards(name: str, as_json: bool) -> None:
    from isobath.engine import hazards
    from isobath.library.load import Loader

    with closing(Loader()) as load:
        found = hazards.hazards(load(name))
    if as_json:
        print_json(found)
    else:
        click.echo(hazards.report(found), nl=False)


def _print_section(heading: str, facts: dict[str, object]) -> None:
    told = [(key.replace("_", " "), _short(value)) for key, value in facts.items()]
    if told:
        click.echo(f"\n{heading}")
        _print_facts(told)


def _print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Names and what they are, one a line, without those that are nothing; long ones broken at words."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        if value not in ("", None):
            indent = " " * (width + 2)
            click.echo(textwrap.fill(f"{name.ljust(width)}  {value}", LINE, subsequent_indent=indent))


def _short(value: object) -> str:
    """A value as a musician reads it: figures with units, lists counted, tables left to `--json`."""
    match value:
        case {"value": int() | float() as figure, "unit": str() as unit, **others}:
            more = ", ".join(f"{str(key).replace('_', ' ')} {_short(each)}" for key, each in others.items())
            return f"{figure:.4g} {unit}" + (f" ({more})" if more else "")
        case dict():
            return ""
        case list() if len(value) > MOST_LISTED:
            return f"{len(value)}, from {value[0]} to {value[-1]}"
        case list():
            return ", ".join(_short(each) for each in value)
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case str() if re.fullmatch("[0-9a-f]{40}", value):
            return value[:10]
        case None:
            return ""
    return str(value)


def _spread(at: list[float], values: list[float]) -> tuple[float, float]:
    """The 5th and the 95th percentile, or the nearest there are."""
    low = min(range(len(at)), key=lambda i: abs(at[i] - 5.0))
    high = min(range(len(at)), key=lambda i: abs(at[i] - 95.0))
    return round(values[low], 2), round(values[high], 2)


@click.command("import")
@click.argument("model")
@click.option("--dims", type=click.IntRange(1, 128), help="Latent size, up to all the model has.")
@click.option("--name", default="", help="Its name in the library; the file's own by default.")
@click.option("--title", default="", help="Its title.")
@click.option("--chance", is_flag=True, help="Let the latent dimensions left out vary by chance.")
@click.option("--licence", default="", help="Licence of the sounds it was trained on.")
@click.option("--credit", default="", help="Whom to credit for them.")
@click.option("--in-torch", is_flag=True, help="Keep a .ts file as it is, and run it in PyTorch.")
@as_json
def import_model(
    model: str,
    dims: int | None,
    name: str,
    title: str,
    chance: bool,
    licence: str,
    credit: str,
    in_torch: bool,
    as_json: bool,
) -> None:
    """Take a MODEL file (.safetensors, or another program's .ts) into the library.

    A file of RAVE is read as data; any other .ts is kept as it is and runs in PyTorch, confined. With
    --dims, MODEL may also be the name of an imported model, whose latent is cut anew.
    """
    from isobath.foreign.importing import Wishes
    from isobath.library.home import find_home
    from isobath.library.models import Models

    home = find_home()
    home.make()
    models = Models(home)
    wishes = Wishes(name, title, dims, chance, licence, credit)
    path = Path(model)
    if not path.is_file():
        path = models.get(model).path if dims else path
    if not path.is_file():
        raise UsageError(f"There is no file {model}. Give the path of a .safetensors or a .ts file.")
    if path.suffix.lower() == ".ts" or _of_torch(path):
        part = None if in_torch else _from_torchscript(path, wishes, home.incoming)
        if part is None:
            from isobath.cli.foreign import take_in

            take_in(path, name, as_json=as_json)
            return
        summary = models.adopt(part)
    elif dims is not None:
        summary = models.adopt(_cut_anew(path, wishes, home.incoming))
    else:
        summary = models.add(path.read_bytes())
    if as_json:
        print_json(summary)
    else:
        click.echo(f"{summary.title} is now in the library as {summary.name}.")


def _of_torch(path: Path) -> bool:
    """Whether PyTorch wrote the file, by its first bytes: an archive or a pickle, whatever it is called."""
    with path.open("rb") as file:
        first = file.read(9)
    ours = first[8:] == b"{"  # behind the length of its description, which may begin with any byte
    return not ours and (first[:4] == b"PK\x03\x04" or first[:1] == b"\x80")


def _from_torchscript(path: Path, wishes: "Wishes", folder: Path) -> Path | None:
    """A RAVE file, written as a model of ours into `folder`; None for any other kind of file."""
    from isobath.foreign.archive import read
    from isobath.foreign.importing import import_rave
    from isobath.foreign.layers import Unfamiliar
    from isobath.models.description import write

    part = folder / f"{path.stem}.import.part"
    try:
        with Progress("Listening to its latents", 1.0) as progress:
            write(part, *import_rave(read(path), wishes, progress.at))
    except Unfamiliar as error:
        if wishes.dims is not None:
            raise ModelRefused(
                f"{path.name} is not a RAVE model that can be read as data ({error}), so its latent size "
                "cannot be chosen. Import it without --dims."
            ) from error
        return None
    return part


def _cut_anew(path: Path, wishes: "Wishes", folder: Path) -> Path:
    """An imported model with another latent size, written into `folder`."""
    from isobath.foreign.importing import recut
    from isobath.models.description import read, write

    description, tensors = read(path)
    part = folder / f"{path.stem}.import.part"
    with Progress("Listening to its latents", 1.0) as progress:
        write(part, *recut(description, tensors, wishes.dims or description.dims, progress.at))
    return part
