"""Demonstrations from files: our JSON, CSV as any spreadsheet writes it, and other programs' own.

Of Wekinator a project (folder, `.wekproj`, zip) or an ARFF file; of FluCoMa two data sets, or a
regressor that is already trained.
"""

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from isobath.errors import MappingError
from isobath.mapping import Mapping
from isobath.mapping.exchange import flucoma
from isobath.mapping.exchange.arff import read_arff, write_arff
from isobath.mapping.exchange.examples import Examples, filled
from isobath.mapping.exchange.wekinator import open_project, project_of, read_zip, write_project
from isobath.protocol.piece import Demonstration

MOST_BYTES = 256 * 1024 * 1024


class _Table(msgspec.Struct, frozen=True):
    """The plainest JSON: two tables, row by row."""

    points: tuple[tuple[float, ...], ...]
    latents: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    muted: tuple[bool, ...] = ()


Kind = Literal["csv", "json", "arff", "wekinator", "flucoma"]


@dataclass(frozen=True)
class Found:
    """What a file holds: demonstrations, as Isobath keeps them or with gaps; or a map already trained."""

    demonstrations: tuple[Demonstration, ...] = ()
    examples: Examples | None = None
    trained: Mapping | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Companions:
    """Files that belong to the one that is read.

    `outputs`: how many of an ARFF file's last columns are outputs. `targets`: the data set of
    FluCoMa with the outputs. `before`, `behind`: the scalers in front of and behind a regressor.
    """

    outputs: int | None = None
    targets: Path | None = None
    before: Path | None = None
    behind: Path | None = None


def find_demonstrations(path: Path, beside: Companions | None = None) -> Found:
    """What there is to learn from in a file or folder.

    Raises:
        MappingError: there is nothing, or it cannot be read.
    """
    beside = beside or Companions()
    if path.is_dir() or path.suffix.lower() in {".wekproj", ".zip"}:
        project = open_project(path)
        if project.examples is None and project.trained is None:
            raise MappingError(" ".join(project.notes) or f"{path.name} holds no examples.")
        return Found(examples=project.examples, trained=project.trained, notes=project.notes)
    return _find_text(path.name, _text(path), beside)


def find_in(name: str, data: bytes, outputs: int | None = None) -> Found:
    """What there is to learn from in a file that came in: as above, and a zip of FluCoMa's `inputs.json`
    and `outputs.json`.

    Raises:
        MappingError: there is nothing, or it cannot be read.
    """
    if data[:4] == b"PK\x03\x04":
        sets = _sets_in(name, data)
        if sets is not None:
            examples = flucoma.join(*sets)
            return Found(examples=examples, notes=examples.notes)
        project = read_zip(name, data)
        if project.examples is None and project.trained is None:
            raise MappingError(" ".join(project.notes) or f"{name} holds no examples.")
        return Found(examples=project.examples, trained=project.trained, notes=project.notes)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError(f"{name} is neither a zip nor text ({error}).") from error
    return _find_text(name, text, Companions(outputs))


def _sets_in(name: str, data: bytes) -> tuple[flucoma.DataSet, flucoma.DataSet] | None:
    """FluCoMa's data sets in a zip; None where there are none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = {Path(one).name: one for one in archive.namelist()}
            if not {"inputs.json", "outputs.json"} <= found.keys():
                return None
            texts = {}
            for each in ("inputs.json", "outputs.json"):
                with archive.open(found[each]) as file:
                    texts[each] = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise MappingError(f"{name} is no zip that can be read ({error}).") from error
    if any(len(text) > MOST_BYTES for text in texts.values()):
        raise MappingError(f"{name} is larger than {MOST_BYTES // 2**20} MB once unpacked.")
    points, targets = (flucoma.read_dataset(one, flucoma.parse(one, text)) for one, text in texts.items())
    return points, targets


def _find_text(name: str, text: str, beside: Companions) -> Found:
    if name.lower().endswith(".arff") or text.lstrip()[:9].lower() == "@relation":
        examples = read_arff(name, text, beside.outputs)
        return Found(examples=examples, notes=examples.notes)
    if text.lstrip()[:1] == "{":
        found = _of_flucoma(name, text, beside)
        if found is not None:
            return found
    return Found(read_text(name, text))


def files_for(kind: Kind, name: str, examples: Examples) -> tuple[dict[str, bytes], list[str]]:
    """Examples as another program's files, by their names in a folder, and what to say about them.

    Raises:
        MappingError: there are none.
    """
    if kind == "arff":
        return {f"{name}.arff": write_arff(examples).encode()}, []
    if kind == "wekinator":
        return write_project(project_of(name, examples)), [
            "Wekinator keeps what it trained as Java objects; open the project there and train."
        ]
    whole = filled(examples)
    if not len(whole.points):
        raise MappingError(f"{name} would be empty: there are no examples to write.")
    notes = [one for one in whole.notes if one not in examples.notes]
    if kind == "flucoma":
        return {
            "inputs.json": flucoma.write_dataset(whole.points),
            "outputs.json": flucoma.write_dataset(whole.targets),
            "inputs-normalize.json": flucoma.write_normalize(whole.points),
            "outputs-normalize.json": flucoma.write_normalize(whole.targets),
        }, notes
    if kind == "csv":
        return {f"{name}.csv": _csv(whole)}, notes
    tables = {"points": whole.points.tolist(), "latents": whole.targets.tolist()}
    return {f"{name}.json": msgspec.json.encode(tables)}, notes


def _csv(examples: Examples) -> bytes:
    axes, dims = examples.points.shape[1], examples.targets.shape[1]
    head = [f"axis{i + 1}" for i in range(axes)] + [f"latent{i + 1}" for i in range(dims)]
    rows = (
        ",".join(repr(value) for value in (*point, *target))
        for point, target in zip(examples.points.tolist(), examples.targets.tolist(), strict=True)
    )
    return ("\n".join([",".join(head), *rows]) + "\n").encode()


def _of_flucoma(name: str, text: str, beside: Companions) -> Found | None:
    """None where it is JSON of another kind."""
    try:
        data = flucoma.parse(name, text)
    except MappingError:
        return None  # our own reader says what is wrong
    kind = flucoma.kind_of(data)
    if kind == "regressor":
        before, behind = (_scaler(one) if one else None for one in (beside.before, beside.behind))
        return Found(trained=flucoma.read_regressor(name, data, before, behind))
    if kind == "scaler":
        raise MappingError(
            f"{name} is a scaler of FluCoMa. Give it beside a regressor, as --before or --behind."
        )
    if kind == "dataset":
        if beside.targets is None:
            raise MappingError(
                f"{name} is a data set of FluCoMa with inputs only. Give the one with the outputs: --targets."
            )
        other = flucoma.read_dataset(
            beside.targets.name, flucoma.parse(beside.targets.name, _text(beside.targets))
        )
        examples = flucoma.join(flucoma.read_dataset(name, data), other)
        return Found(examples=examples, notes=examples.notes)
    return None


def _scaler(path: Path) -> flucoma.Scaler:
    return flucoma.read_scaler(path.name, flucoma.parse(path.name, _text(path)))


def examples_of(shown: Sequence[Demonstration]) -> Examples:
    """Demonstrations as other programs take them: those that are not muted.

    Raises:
        MappingError: none is left, or they do not have the same number of axes and dimensions.
    """
    heard = [one for one in shown if not one.muted]
    sizes = {(len(one.point), len(one.latent)) for one in heard}
    finite = all(np.isfinite((*one.point, *one.latent)).all() for one in heard)
    if len(sizes) == 1 and not finite:
        raise MappingError("A demonstration holds a value that is not a number. Delete it first.")
    if len(sizes) != 1:
        raise MappingError(
            "There are no demonstrations that sound." if not sizes else "The demonstrations differ in size."
        )
    ((axes, dims),) = sizes
    return Examples(
        tuple(f"inputs-{i + 1}" for i in range(axes)),
        tuple(f"outputs-{i + 1}" for i in range(dims)),
        np.array([one.point for one in heard]).reshape(len(heard), axes),
        np.array([one.latent for one in heard]).reshape(len(heard), dims),
        (0,) * dims,
        (1,) * len(heard),
    )


def demonstrations_of(examples: Examples) -> tuple[Demonstration, ...]:
    """Whole examples as demonstrations, their inputs as they are."""
    return tuple(
        Demonstration(id=str(i + 1), point=tuple(point), latent=tuple(target))
        for i, (point, target) in enumerate(
            zip(examples.points.tolist(), examples.targets.tolist(), strict=True)
        )
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MappingError(
                f"{path.name} is larger than {MOST_BYTES // 2**20} MB. Thin the recording out first."
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path.name} cannot be read ({error}).") from error


def read_demonstrations(path: Path) -> tuple[Demonstration, ...]:
    """The demonstrations in a file.

    Raises:
        MappingError: there are none, or they cannot be read.
    """
    return read_text(path.name, _text(path))


def read_text(name: str, text: str) -> tuple[Demonstration, ...]:
    """The demonstrations in our JSON or in CSV. Raises MappingError."""
    if text.lstrip()[:1] in {"{", "["}:
        return _from_json(name, text)
    return _from_csv(name, text)


def _from_json(name: str, text: str) -> tuple[Demonstration, ...]:
    try:
        data: Any = msgspec.json.decode(text)
        if isinstance(data, dict) and "voices" in data:
            data = (data["voices"] or [{}])[0].get("demonstrations", [])
        if isinstance(data, dict) and "demonstrations" in data:
            data = data["demonstrations"]
        if isinstance(data, list):
            numbered = [{"id": str(i + 1), **each} for i, each in enumerate(data)]
            return msgspec.convert(numbered, type=tuple[Demonstration, ...])
        return _from_table(name, msgspec.convert(data, type=_Table))
    except (msgspec.MsgspecError, TypeError, AttributeError, RecursionError) as error:
        raise MappingError(
            f"{name} holds no demonstrations ({error}). It should be an object with `points` and `latents`, "
            "or a list of objects with `point` and `latent`."
        ) from error


def _from_table(name: str, table: _Table) -> tuple[Demonstration, ...]:
    count = len(table.points)
    for what in ("latents", "labels", "weights", "muted"):
        found = len(getattr(table, what))
        if found != count and (found or what == "latents"):
            raise MappingError(f"{name} has {count} points but {found} {what}. Give one for each point.")
    return tuple(
        Demonstration(
            id=str(i + 1),
            point=point,
            latent=table.latents[i],
            label=table.labels[i] if table.labels else "",
            weight=table.weights[i] if table.weights else 1.0,
            muted=table.muted[i] if table.muted else False,
        )
        for i, point in enumerate(table.points)
    )


def _from_csv(name: str, text: str) -> tuple[Demonstration, ...]:
    first = text.split("\n", 1)[0]
    semicolons = ";" in first and "," not in first  # where the comma is the decimal point, as spreadsheets do
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=";" if semicolons else ","))
    except csv.Error as error:
        raise MappingError(f"{name} cannot be read as a table ({error}).") from error
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise MappingError(f"{name} is empty.")
    head = [cell.strip().lower() for cell in rows[0]]
    axes = [i for i, cell in enumerate(head) if cell.startswith("axis")]
    dims = [i for i, cell in enumerate(head) if cell.startswith("latent")]
    if not axes or not dims:
        raise MappingError(
            f"{name} needs a first line that names its columns: axis1, axis2, ... and latent1, latent2, ..."
        )
    if semicolons:
        rows[1:] = [[_with_point(cell) for cell in row] for row in rows[1:]]
    return tuple(_row(name, number, head, row, axes, dims) for number, row in enumerate(rows[1:], start=1))


def _with_point(cell: str) -> str:
    """A number with a decimal point; anything else as it is."""
    return cell.replace(",", ".") if re.fullmatch(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*", cell) else cell


def _row(
    name: str, number: int, head: list[str], row: list[str], axes: list[int], dims: list[int]
) -> Demonstration:
    """Raises MappingError for a row that is too short or holds something else than numbers."""

    def cell(what: str) -> str:
        return row[head.index(what)].strip() if what in head and head.index(what) < len(row) else ""

    if len(row) <= max(*axes, *dims):
        raise MappingError(
            f"{name}, line {number + 1}, has {len(row)} columns; "
            f"the first line names {max(*axes, *dims) + 1} that are needed."
        )
    try:
        return Demonstration(
            id=str(number),
            point=tuple(float(row[i]) for i in axes),
            latent=tuple(float(row[i]) for i in dims),
            label=cell("label"),
            weight=float(cell("weight") or 1.0),
            muted=cell("muted").lower() in {"1", "true", "yes"},
        )
    except ValueError as error:
        raise MappingError(f"{name}, line {number + 1}, cannot be read as numbers ({error}).") from error
