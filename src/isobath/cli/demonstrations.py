"""Demonstrations from files: our JSON, and CSV as any spreadsheet writes it."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import msgspec

from isobath.errors import MappingError
from isobath.protocol.piece import Demonstration

MOST_BYTES = 256 * 1024 * 1024


class _Table(msgspec.Struct, frozen=True):
    """The plainest JSON: two tables, row by row."""

    points: tuple[tuple[float, ...], ...]
    latents: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    muted: tuple[bool, ...] = ()


def read_demonstrations(path: Path) -> tuple[Demonstration, ...]:
    """The demonstrations in a file.

    Raises:
        MappingError: there are none, or they cannot be read.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MappingError(
                f"{path.name} is larger than {MOST_BYTES // 2**20} MB. Thin the recording out first."
            )
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path.name} cannot be read ({error}).") from error
    if text.lstrip()[:1] in {"{", "["}:
        return _from_json(path.name, text)
    return _from_csv(path.name, text)


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
