"""A piece as a folder that any web host serves, with no Isobath behind it: the page, the kernel, the
models, the sounds, and one file that says what is where.

The page of such a folder finds `isobath-alone` in its head and plays the server's part itself
(web/src/alone): it opens the piece of `world.json`, keeps what a visitor changes in that browser, and
learns from demonstrations with the lengths that were chosen here. Whoever publishes a folder publishes
what is in it; `credits.txt` says whose models these are.
"""

import hashlib
import html
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from isobath.errors import ModelUnknown, SaveError, UsageError
from isobath.library.bars import summary_of_bars
from isobath.library.exchange import sounds_of
from isobath.library.foreign import ForeignModels
from isobath.library.library import Library
from isobath.library.models import Found
from isobath.library.sounds import Sounds
from isobath.models import description as files
from isobath.models.prior import read_prior
from isobath.models.sending import sent
from isobath.protocol.messages import History, ModelSummary, Opened
from isobath.protocol.piece import Piece, Voice
from isobath.server.guard import POLICY
from isobath.server.models import blob_of, spelled_out
from isobath.server.page import PRESSED, static_folder
from isobath.server.sounds import resampled

MARK = "world/world.json"
"""A folder that has this was exported, and may be exported to again."""

HEAD = '<meta charset="utf-8" />'


class Alone(msgspec.Struct, frozen=True, kw_only=True):
    """`world/world.json`: all that the page asks a server for when it opens."""

    format: int = 1
    isobath: str
    """Version that wrote it."""
    of: str
    """Fingerprint of what was published: another one, and what a visitor changed in the old one is left."""
    opened: Opened
    models: tuple[ModelSummary, ...]
    files: dict[str, str]
    """What a server would answer at a path, and the file that has it."""


def export_alone(
    library: Library, piece: Piece, version: str, static: Path | None = None
) -> Iterator[tuple[str, bytes]]:
    """Every file of the folder: its path there, and its bytes.

    Raises:
        UsageError: the page has not been built, or a model of the piece cannot be played by a page.
        ModelUnknown: a model of the piece is not here.
    """
    folder = static or static_folder()
    if not (folder / "index.html").is_file():
        raise UsageError(
            "The page has not been built, so there is nothing to export. With Node 20 or newer: "
            "cd web && npm ci && npm run build."
        )
    models = _models_of(library, piece)
    world: dict[str, tuple[str, bytes]] = {}
    for name, found in models.items():
        world.update(_model(library, name, found, piece))
    for rate in _rates(models, piece):
        world.update(_sounds(library.sounds, piece, rate))
    alone = _alone(piece, models, version, world)
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        if path.suffix in PRESSED.values():
            continue  # web hosts compress by themselves
        name = path.relative_to(folder).as_posix()
        change = {"index.html": _index, "manifest.webmanifest": _manifest}.get(name)
        yield name, path.read_bytes() if change is None else change(path.read_text(encoding="utf-8"), piece)
    for name, data in world.values():
        yield name, data
    yield "world/credits.txt", _credits(piece, models).encode()
    yield MARK, msgspec.json.encode(alone)


def write_folder(contents: Iterator[tuple[str, bytes]], target: Path) -> int:
    """Put an export at `target`, whole or not at all; an earlier export there is replaced. Bytes written.

    Raises:
        SaveError: something else lies there, or the disk refuses.
    """
    if target.exists() and not (target / MARK).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise SaveError(f"{target} holds something else. Name an empty folder, or one exported to before.")
    total = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as held:
            part, old = Path(held) / "new", Path(held) / "old"
            for name, data in contents:
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                (part / name).write_bytes(data)
                total += len(data)
            if target.exists():
                target.rename(old)
            try:
                part.rename(target)
            except OSError:
                if old.exists():
                    old.rename(target)
                raise
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise SaveError(f"{target} could not be written ({error.strerror or error}).") from error
    return total


def as_zip(contents: Iterator[tuple[str, bytes]]) -> bytes:
    """An export as one archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _voices(piece: Piece) -> Iterator[Voice]:
    yield from piece.voices
    for scene in piece.scenes:
        yield from scene.voices


def _models_of(library: Library, piece: Piece) -> dict[str, Found]:
    """Raises UsageError for one that a page alone cannot play."""
    found: dict[str, Found] = {}
    for voice in _voices(piece):
        if voice.model in found:
            continue
        if library.models.find(voice.model) is None:
            foreign = ForeignModels(library.home, library.models).find(voice.model) is not None
            if foreign or summary_of_bars(voice.model) is not None:
                raise UsageError(
                    f"{voice.model} is a model that only a server can play. Choose another model for "
                    "this voice, or import it: isobath import."
                )
            raise ModelUnknown(
                f"The piece plays {voice.model}, which is not here. Import it, or choose another."
            )
        found[voice.model] = library.models.get(voice.model)
    return found


def _rates(models: dict[str, Found], piece: Piece) -> set[int]:
    """What the page plays at (web/src/state/rate.ts): the highest of the rates of the models that sound; a
    scene that is recalled adds its voices."""
    of = [
        [models[voice.model].summary.sample_rate for voice in voices]
        for voices in (piece.voices, *((*piece.voices, *scene.voices) for scene in piece.scenes))
    ]
    return {max(rates, default=44100) for rates in of}


def _model(
    library: Library, name: str, found: Found, piece: Piece
) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """What a page fetches of a model that the piece calls `name`: its path at the server, and the file."""
    file = f"world/{found.summary.sha256[:16]}"
    yield f"models/{name}", (f"{file}.json", spelled_out(found))
    yield f"models/{name}/decoder/sent", (f"{file}.decoder", sent(blob_of(found, "decoder")))
    if found.summary.encodes:
        yield f"models/{name}/both/sent", (f"{file}.both", sent(blob_of(found, "both")))
    dreams = any(voice.model == name and voice.source.kind == "prior" for voice in _voices(piece))
    prior = library.models.prior(name) if dreams else None
    if prior is not None:
        read_prior(prior)
        yield f"models/{name}/prior", (f"{file}.prior", prior.read_bytes())


def _sounds(sounds: Sounds, piece: Piece, rate: int) -> Iterator[tuple[str, tuple[str, bytes]]]:
    for id in sounds_of(piece):
        if sounds.holds(id):
            yield f"sounds/{id}/{rate}", (f"world/{id[:16]}-{rate}.sound", resampled(sounds, id, rate))


def _alone(
    piece: Piece, models: dict[str, Found], version: str, world: dict[str, tuple[str, bytes]]
) -> Alone:
    return Alone(
        isobath=version,
        of=hashlib.sha256(msgspec.json.encode(piece)).hexdigest()[:16],
        opened=Opened(piece=piece, revision=0, history=History()),
        models=tuple(msgspec.structs.replace(found.summary, name=name) for name, found in models.items()),
        files={path: name for path, (name, _) in world.items()},
    )


def _manifest(text: str, piece: Piece) -> bytes:
    """What a phone calls the page once it is on its home screen."""
    manifest = {**msgspec.json.decode(text.encode()), "name": piece.name, "short_name": piece.name[:24]}
    return msgspec.json.encode(manifest | {"description": piece.about or piece.name})


def _index(page: str, piece: Piece) -> bytes:
    """The page's own index, told that it stands alone."""
    title, about = html.escape(piece.name), html.escape(piece.about or piece.name)
    policy = "; ".join(each for each in POLICY.split("; ") if not each.startswith("frame-ancestors"))
    said = (
        f'{HEAD}\n    <meta http-equiv="Content-Security-Policy" content="{policy}" />'
        f'\n    <meta name="isobath-alone" content="{MARK}" />'
    )
    start, _, rest = page.partition(HEAD)
    page = start + said + rest
    before, _, after = page.partition("<title>")
    page = f"{before}<title>{title} · Isobath</title>{after.partition('</title>')[2]}"
    before, _, after = page.partition('<meta name="description" content="')
    return f'{before}<meta name="description" content="{about}"{after[after.index(chr(34)) + 1 :]}'.encode()


def _credits(piece: Piece, models: dict[str, Found]) -> str:
    lines = [f"{piece.name}: a world made with Isobath.", ""]
    if piece.about:
        lines += [piece.about, ""]
    for found in models.values():
        described, _ = files.read(found.path)
        lines += [
            f"{described.title or found.summary.name}: {described.credit}",
            f"Licence: {described.licence}",
            "",
        ]
    return "\n".join(lines)
