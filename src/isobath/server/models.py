"""Models over HTTP: what they say about themselves, the kernel's bytes, and sounds made latents."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isobath.errors import ModelMismatch, ModelUnknown
from isobath.foreign.facts import Description as Foreign
from isobath.foreign.torchscript import ForeignModel, open_model
from isobath.library.arriving import Arrived, is_torchscript, take_in
from isobath.library.bars import played_bars, summary_of_bars
from isobath.library.foreign import ForeignModels, FoundForeign
from isobath.library.models import Found
from isobath.models import description as files
from isobath.models.coder import USUAL_LUFS, Model, match_lufs
from isobath.models.pack import pack
from isobath.models.prior import read_prior
from isobath.models.sending import sent
from isobath.protocol.messages import Encoded, ModelSummary
from isobath.server.desk import Desk
from isobath.server.listen import read_sound
from isobath.server.uploads import MEGABYTE, upload
from isobath.symbolic.playing import PlayedBars

SOUND_BYTES = 64 * MEGABYTE
MODEL_BYTES = 256 * MEGABYTE
SWIFT_BYTES = 16 * MEGABYTE
"""Of a model's file; the browser plays a larger one in whole numbers, in half the memory and time."""
KEPT = 6
"""Blobs and models kept in memory."""


HAZARDS_KEPT = 32
"""Reports on models that are kept."""


class Cache:
    """The few things made last, by name. Safe to use from several threads."""

    def __init__(self, most: int = KEPT) -> None:
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """The thing of this name, made if it is not there."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            made = self._kept[name] = make()
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return made


def spelled_out(found: Found) -> bytes:
    """A model's description with its loudness map in full, as JSON."""
    described, tensors = files.read(found.path)
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(described))
    data["name"] = found.summary.name
    data.pop("encoder", None)
    data.pop("decoder", None)
    names = described.loudness
    levels = tensors.get(names.db, np.zeros(0)) if names is not None else np.zeros(0)
    data["match_lufs"] = match_lufs(described, levels)
    data["can_encode"] = bool(described.encoder)
    data["runs_apart"] = False
    data["parameters"] = _parameters(described, tensors)
    if names is not None and all(each in tensors for each in (names.points, names.db, names.brightness)):
        data["loudness"] = {
            "points": np.round(tensors[names.points].astype(float), 4).tolist(),
            "db": np.round(tensors[names.db].astype(float), 2).tolist(),
            "brightness": np.round(tensors[names.brightness].astype(float), 1).tolist(),
        }
    else:
        data["loudness"] = None
    return msgspec.json.encode(data)


def _hazards(load: Callable[[str], Model], name: str) -> bytes:
    from isobath.engine.hazards import hazards

    model = load(name)
    try:
        return msgspec.json.encode(hazards(model))
    finally:
        if isinstance(model, ForeignModel):
            model.close()


def _parameters(described: files.Description, tensors: files.Tensors) -> int:
    """Numbers that the decoder multiplies with, each counted once."""
    names = {each for o in described.decoder for each in (o.weight, o.bias, o.alpha, o.codes) if each}
    return sum(int(tensors[name].size) for name in sorted(names) if name in tensors)


def _spelled_out_foreign(described: Foreign) -> bytes:
    """What is known of another program's model, in the words of ours."""
    return msgspec.json.encode(
        {
            "format": 2,
            "name": described.name,
            "title": described.name,
            "about": "A model of another program, run apart in PyTorch.",
            "sample_rate": described.sample_rate,
            "channels": described.channels,
            "hop": described.hop,
            "dims": described.dims,
            "delay": described.delay,
            "latent": described.latent,
            "loudness": None,
            "match_lufs": USUAL_LUFS,
            "can_encode": bool(described.encode),
            "runs_apart": True,
            "parameters": 0,
            "licence": "",
            "credit": "",
            "training": {},
            "quality": {},
        }
    )


def _spelled_out_bars(played: PlayedBars, summary: ModelSummary) -> bytes:
    """What is known of a model of bars, in the words of models of sound."""
    told: dict[str, Any] = msgspec.to_builtins(summary)
    del told["encodes"], told["foreign"], told["dreams"], told["bundled"], told["bytes"], told["sha256"]
    return msgspec.json.encode(
        told
        | {
            "format": 2,
            "latent": played.description.latent,
            "loudness": None,
            "match_lufs": USUAL_LUFS,
            "can_encode": False,
            "runs_apart": True,
            "parameters": 0,
            "training": {},
            "quality": {},
        }
    )


def blob_of(found: Found, part: str) -> bytes:
    described, tensors = files.read(found.path)
    if part != "decoder" and not described.encoder:
        raise ModelMismatch(
            f"{found.summary.name} has no encoder: it can play latents, but not listen to sound."
        )
    swift = found.path.stat().st_size > SWIFT_BYTES
    return pack(described, tensors, encoder=part != "decoder", decoder=part != "encoder", swift=swift)


def _part(request: Request) -> str:
    part = str(request.path_params["part"])
    if part not in {"decoder", "encoder", "both"}:
        raise ModelMismatch(f"A model has a decoder and an encoder, but no {part!r}.")
    return part


def _told(arrived: Arrived) -> bytes:
    """A model's line in the list, and the sentence about its file."""
    data = msgspec.to_builtins(arrived.summary)
    return msgspec.json.encode({**data, "sentence": arrived.sentence})


def _checked(path: Path) -> bytes:
    """A prior file, once it has been read without fault."""
    read_prior(path)
    return path.read_bytes()


def _encode_apart(path: Path, found: FoundForeign, name: str) -> bytes:
    with open_model(found.path, found.description) as model:
        return _encode(path, model, name)


def _encode(path: Path, model: "Model | ForeignModel", name: str) -> bytes:
    sound = read_sound(path, model.channels)
    latent = model.encode(sound.audio, sound.sample_rate)
    return msgspec.msgpack.encode(
        Encoded(
            name=name,
            dims=model.dims,
            frames=latent.shape[1],
            hop=model.hop,
            sample_rate=model.sample_rate,
            seconds=sound.audio.shape[1] / sound.sample_rate,
            truncated=sound.truncated,
            latents=np.ascontiguousarray(latent.T, dtype="<f4").tobytes(),
        )
    )


class ModelRoutes:
    """All routes below /models."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cache = Cache()
        self._hazards = Cache(HAZARDS_KEPT)
        self._listening = asyncio.Semaphore(1)
        self._trying = asyncio.Semaphore(1)

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/models", self.all, methods=["GET"]),
            Route("/models", self.add, methods=["POST"]),
            Route("/models/{name}", self.describe, methods=["GET"]),
            Route("/models/{name}/encode", self.encode, methods=["POST"]),
            Route("/models/{name}/prior", self.prior, methods=["GET"]),
            Route("/models/{name}/hazards", self.hazards, methods=["GET"]),
            Route("/models/{name}/{part}", self.blob, methods=["GET"]),
            Route("/models/{name}/{part}/sent", self.sent, methods=["GET"]),
        ]

    async def all(self, request: Request) -> Response:  # noqa: ARG002
        """GET /models: one line per model."""
        models = await self._desk.ask(self._desk.library.playable)
        return Response(msgspec.json.encode(models), media_type="application/json")

    async def add(self, request: Request) -> Response:
        """POST /models?name=FILE: take in a .safetensors model, or another program's .ts.

        What is a program is tried, which takes a while: not in the library's thread, and one at a time.
        """
        library = self._desk.library
        called = request.query_params.get("name", "")[:200]
        async with upload(request, library.home.incoming, MODEL_BYTES) as part:
            if is_torchscript(part):
                async with self._trying:
                    arrived = await asyncio.to_thread(take_in, library.home, library.models, part, called)
            else:
                arrived = await self._desk.ask(take_in, library.home, library.models, part)
        await self._desk.tell_models()
        return Response(_told(arrived), media_type="application/json")

    def _foreign(self, name: str) -> FoundForeign | None:
        """Another program's model, unless one of ours has the name."""
        library = self._desk.library
        if library.models.find(name) is not None:
            return None
        return ForeignModels(library.home, library.models).find(name)

    async def _find(self, request: Request) -> Found:
        return await self._desk.ask(self._desk.library.models.get, request.path_params["name"])

    async def describe(self, request: Request) -> Response:
        """GET /models/NAME: the description, loudness map included."""
        foreign = await self._desk.ask(self._foreign, request.path_params["name"])
        if foreign is not None:
            body = _spelled_out_foreign(foreign.description)
            return Response(body, media_type="application/json", headers={"cache-control": "no-cache"})
        name = request.path_params["name"]
        summary = summary_of_bars(name)
        if summary is not None and self._desk.library.models.find(name) is None:
            played = played_bars(name)
            assert played is not None
            body = _spelled_out_bars(played, summary)
            return Response(body, media_type="application/json", headers={"cache-control": "no-cache"})
        return await self._made(request, "described", spelled_out, "application/json")

    async def blob(self, request: Request) -> Response:
        """GET /models/NAME/decoder, /encoder, or /both for a voice that listens: what the kernel reads."""
        part = _part(request)
        return await self._made(request, part, lambda found: blob_of(found, part), "application/octet-stream")

    async def sent(self, request: Request) -> Response:
        """GET /models/NAME/decoder/sent, and so on: the same, smaller, for the page to unpack."""
        part = _part(request)
        return await self._made(
            request, f"{part}-sent", lambda found: sent(blob_of(found, part)), "application/octet-stream"
        )

    async def prior(self, request: Request) -> Response:
        """GET /models/NAME/prior: the model's prior file."""
        name = request.path_params["name"]
        path = await self._desk.ask(self._desk.library.models.prior, name)
        if path is None:
            raise ModelUnknown(
                f"{name} has no prior, so it cannot dream yet. Train one with: isobath prior {name} SET"
            )
        body = await asyncio.to_thread(_checked, path)
        headers = {"cache-control": "no-cache"}
        return Response(body, media_type="application/octet-stream", headers=headers)

    async def hazards(self, request: Request) -> Response:
        """GET /models/NAME/hazards: where it is loud and where it is rough, measured when there is time."""
        name = request.path_params["name"]
        foreign = await self._desk.ask(self._foreign, name)
        sha256 = name if foreign is not None else (await self._find(request)).summary.sha256
        body = await asyncio.get_running_loop().run_in_executor(
            self._desk.rehearsals,
            lambda: self._hazards.get(f"{sha256}-{name}", lambda: _hazards(self._desk.load_to_measure, name)),
        )
        return Response(body, media_type="application/json", headers={"cache-control": "no-cache"})

    async def _made(self, request: Request, part: str, make: Callable[[Found], bytes], kind: str) -> Response:
        """Something made from a model's file, once; a browser that has it already is told so."""
        found = await self._find(request)
        tag = f'"{found.summary.sha256[:32]}-{part}-{self._desk.version}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        name = f"{found.summary.sha256}-{part}-{found.summary.name}"
        body = await asyncio.to_thread(self._cache.get, name, lambda: make(found))
        return Response(body, media_type=kind, headers=headers)

    async def encode(self, request: Request) -> Response:
        """POST /models/NAME/encode?name=FILE: a sound in, its latents out."""
        foreign = await self._desk.ask(self._foreign, request.path_params["name"])
        shown = request.query_params.get("name", "sound")[:200]
        async with upload(request, self._desk.library.home.incoming, SOUND_BYTES) as part, self._listening:
            if foreign is not None:
                body = await asyncio.to_thread(_encode_apart, part, foreign, shown)
            else:
                found = await self._find(request)
                model = await asyncio.to_thread(
                    self._cache.get, f"{found.summary.sha256}-model", lambda: Model(*files.read(found.path))
                )
                body = await asyncio.to_thread(_encode, part, model, shown)
        return Response(body, media_type="application/vnd.msgpack")
