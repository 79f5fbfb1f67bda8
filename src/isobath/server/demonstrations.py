"""Demonstrations over HTTP: out of another program's file, and into one."""

from dataclasses import replace

import msgspec
import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isobath.errors import MappingError, UsageError
from isobath.library.reading import Kind, demonstrations_of, examples_of, files_for, find_in
from isobath.mapping import Mapping
from isobath.mapping.borrowed import even
from isobath.mapping.exchange.examples import Examples, filled
from isobath.mapping.exchange.wekinator import zipped
from isobath.protocol.piece import Demonstration, MappingData
from isobath.server.desk import Desk
from isobath.server.uploads import MEGABYTE, upload

FILE_BYTES = 64 * MEGABYTE
ASKED = 64
"""Places at which a map that is trained already is asked."""
MOST = 2000
"""Demonstrations that a page takes; of more, one in so many."""


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of POST /demonstrations/import."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()
    """Per axis, which inputs are its ends, 0 and 1."""
    demonstrations: tuple[Demonstration, ...] = ()
    trained: MappingData | None = None
    """A map that was trained already, over the axes."""
    notes: tuple[str, ...] = ()


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /demonstrations/export."""

    demonstrations: tuple[Demonstration, ...]


class DemonstrationRoutes:
    """All routes below /demonstrations."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/demonstrations/import", self.import_, methods=["POST"]),
            Route("/demonstrations/export", self.export, methods=["POST"]),
        ]

    async def import_(self, request: Request) -> Response:
        """POST /demonstrations/import?name=FILE[&outputs=N]: a file in, demonstrations out, nothing kept."""
        name = request.query_params.get("name", "the file")[:200]
        count = request.query_params.get("outputs", "")
        if count and not (count.isascii() and count.isdigit() and 0 < int(count[:6]) <= 4096):
            raise UsageError(f'There cannot be "{count[:20]}" outputs; give a number from 1 to 4096.')
        async with upload(request, self._desk.library.home.incoming, FILE_BYTES) as part:
            data = await run_in_threadpool(part.read_bytes)
        answer = await run_in_threadpool(bring, name, data, int(count) if count else None)
        return Response(msgspec.json.encode(answer), media_type="application/json")

    async def export(self, request: Request) -> Response:
        """POST /demonstrations/export?to=KIND[&name=NAME]: demonstrations in, another program's file out."""
        try:
            kind: Kind = msgspec.convert(request.query_params.get("to", ""), Kind)
        except msgspec.ValidationError as error:
            raise UsageError("Demonstrations leave as csv, json, arff, wekinator or flucoma.") from error
        name = "".join(c for c in request.query_params.get("name", "") if c.isalnum() or c in " -_")[
            :80
        ].strip()
        async with upload(request, self._desk.library.home.incoming, FILE_BYTES) as part:
            data = await run_in_threadpool(part.read_bytes)
        file, content = await run_in_threadpool(take_out, kind, name or "demonstrations", data)
        shown = file.encode("ascii", "replace").decode().replace("?", "_")
        headers = {"content-disposition": f'attachment; filename="{shown}"', "cache-control": "no-store"}
        return Response(content, media_type="application/octet-stream", headers=headers)


def bring(name: str, data: bytes, outputs: int | None) -> Brought:
    """What is in a file, its inputs brought to 0..1. Raises MappingError."""
    found = find_in(name, data, outputs)
    examples = None if found.examples is None else filled(_thinned(found.examples.readable()))
    shown = found.demonstrations if examples is None else demonstrations_of(examples)
    if not shown:
        if found.trained is None:
            raise MappingError(f"{name} holds no demonstrations.")
        return _asked(name, found.trained, found.notes)
    examples = examples or examples_of(shown)
    spans = examples.spans()
    low, reach = spans[:, 0], spans[:, 1] - spans[:, 0]
    reach = np.where(reach == 0.0, 1.0, reach)
    return Brought(
        inputs=examples.inputs,
        outputs=examples.outputs,
        spans=tuple((float(a), float(b)) for a, b in spans),
        demonstrations=tuple(
            msgspec.structs.replace(one, point=tuple(((np.array(one.point) - low) / reach).tolist()))
            for one in shown
        ),
        trained=None if found.trained is None else found.trained.over(low, reach).to_plain(),
        notes=tuple(dict.fromkeys((*found.notes, *examples.notes))),
    )


def _asked(name: str, trained: Mapping, notes: tuple[str, ...]) -> Brought:
    """What a trained map gives at places spread over its inputs, as demonstrations."""
    places = even(ASKED, trained.axes)
    note = f"{name} is trained already: what it gives at {ASKED} places is taken as demonstrations."
    return Brought(
        inputs=tuple(f"inputs-{i + 1}" for i in range(trained.axes)),
        outputs=tuple(f"outputs-{i + 1}" for i in range(trained.dims)),
        spans=((0.0, 1.0),) * trained.axes,
        demonstrations=tuple(
            Demonstration(id=str(i + 1), point=tuple(point), latent=tuple(latent))
            for i, (point, latent) in enumerate(zip(places.tolist(), trained(places).tolist(), strict=True))
        ),
        trained=trained.to_plain(),
        notes=(*notes, note),
    )


def _thinned(examples: Examples) -> Examples:
    """At most `MOST` of them, evenly."""
    step = -(-len(examples.points) // MOST)
    if step <= 1:
        return examples
    note = f"There are {len(examples.points)} examples; one in {step} is taken."
    return replace(
        examples,
        points=examples.points[::step],
        targets=examples.targets[::step],
        rounds=examples.rounds[::step],
        notes=(*examples.notes, note),
    )


def take_out(kind: Kind, name: str, data: bytes) -> tuple[str, bytes]:
    """Name and content of a file with these demonstrations. Raises MappingError, UsageError."""
    try:
        shown = msgspec.json.decode(data, type=Shown).demonstrations
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"These are no demonstrations to write ({error}).") from error
    files, _ = files_for(kind, name, examples_of(shown))
    if len(files) > 1:
        return f"{name}.zip", zipped(name, files)
    return next(iter(files.items()))
