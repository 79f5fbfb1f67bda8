"""The *Make* page's side of the server: sounds brought, trainings begun and watched, models taken over.

Work on disks and processes is done by the workbench in a thread of its own. While a page looks, or
something is under way, the folders are looked at once a second and pages are told what has changed;
no page ever asks.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from isobath.errors import SaveError, UsageError
from isobath.library.runs import Follower, model_of
from isobath.protocol.making import BringSet, PrepareSet, StartRun
from isobath.protocol.messages import Making, ModelSummary, RunFollowed, WatchMaking
from isobath.server.desk import Desk, Listener
from isobath.server.making_runs import export
from isobath.server.problems import told
from isobath.server.uploads import MEGABYTE, upload
from isobath.server.workbench import COMMAND, Workbench

LOOK_SECONDS = 1.0
"""How often the folders are looked at while a page looks; where none does, a fifth as often."""

RECORDING_BYTES = 2048 * MEGABYTE
BODY_BYTES = 64 * 1024

P = ParamSpec("P")
T = TypeVar("T")
Body = TypeVar("Body", bound=msgspec.Struct)


class MakingWatch:
    """Who looks, at what, and what they were told."""

    def __init__(self, desk: Desk, *, here: bool, command: Sequence[str] = COMMAND) -> None:
        self.desk = desk
        self.bench = Workbench(desk.library.home, here=here, command=command)
        self._bencher = ThreadPoolExecutor(1, "isobath-workbench")
        self._watchers: dict[Listener, str | None] = {}
        self._followers: dict[str, Follower] = {}
        self._told: Making | None = None
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def ask(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the workbench do something, after everything asked before."""
        job = asyncio.get_running_loop().run_in_executor(self._bencher, lambda: act(*args, **kwargs))
        return await asyncio.shield(job)

    # ---------------------------------------------------------------------------- watching

    def start(self) -> None:
        """Look for trainings that went on while the server was away."""
        self._woken.set()
        self._task = asyncio.create_task(self._look_regularly())

    def stop(self) -> None:
        """Look no more. What is under way goes on."""
        if self._task is not None:
            self._task.cancel()
        self._bencher.shutdown(wait=False, cancel_futures=True)

    async def watch(self, listener: Listener, asked: WatchMaking) -> None:
        """A page begins to look, looks at another training, or looks away."""
        if not asked.watching:
            self.forget(listener)
            return
        if listener not in self._watchers:
            self._watchers[listener] = None
            listener.tell(await self.ask(self.bench.look))
        if asked.run is not None:
            follower = self._followers.get(asked.run)
            if follower is None:
                follower = await self.ask(self.bench.runs.follow, asked.run)
            whole = await self.ask(follower.whole)
            listener.tell(whole)  # and only from here on what is added, in this order
            self._followers[asked.run] = follower
        if listener in self._watchers:
            self._watchers[listener] = asked.run
        self._let_go()
        self._woken.set()

    def forget(self, listener: Listener) -> None:
        """A page looks away, or is gone."""
        self._watchers.pop(listener, None)
        self._let_go()

    def _let_go(self) -> None:
        """Followers of trainings that no page looks at any more."""
        for run in set(self._followers) - set(self._watchers.values()):
            del self._followers[run]

    async def _look_regularly(self) -> None:
        while True:
            try:
                busy = await self.ask(self.bench.is_busy)
                if not self._watchers and not busy:
                    self._woken.clear()
                    await self._woken.wait()
                await self._look()
            except Exception as error:  # a folder that cannot be read now may be read in a second
                told(error, "looking at the trainings")
            self._woken.clear()
            with suppress(TimeoutError):
                wait = LOOK_SECONDS if self._watchers else 5.0 * LOOK_SECONDS
                await asyncio.wait_for(self._woken.wait(), wait)

    async def _look(self) -> None:
        now = await self.ask(self.bench.look)
        if now != self._told:
            self._told = now
            for listener in list(self._watchers):
                listener.tell(now)
        for run, follower in list(self._followers.items()):
            added: RunFollowed | None = await self.ask(follower.more)
            if added is not None:
                for listener in [each for each, looks in self._watchers.items() if looks == run]:
                    listener.tell(added)

    async def changed(self) -> None:
        """Something was done: all pages that look are told at once."""
        self._woken.set()
        await self._look()


class MakingRoutes:
    """All routes below /making."""

    def __init__(self, watch: MakingWatch) -> None:
        self._watch = watch
        self._bench = watch.bench
        self._making_models: set[str] = set()

    def routes(self) -> list[Route]:
        """In the order they are tried."""
        return [
            Route("/making/sets", self.bring_set, methods=["POST"]),
            Route("/making/sets/{id}", self.describe_set, methods=["GET"]),
            Route("/making/sets/{id}/sounds", self.bring_sound, methods=["POST"]),
            Route("/making/sets/{id}/prepare", self.prepare, methods=["POST"]),
            Route("/making/sets/{id}/stop", self.stop_set, methods=["POST"]),
            Route("/making/sets/{id}/delete", self.delete_set, methods=["POST"]),
            Route("/making/runs", self.start_run, methods=["POST"]),
            Route("/making/runs/{id}/stop", self.stop_run, methods=["POST"]),
            Route("/making/runs/{id}/resume", self.resume_run, methods=["POST"]),
            Route("/making/runs/{id}/delete", self.delete_run, methods=["POST"]),
            Route("/making/runs/{id}/install", self.install, methods=["POST"]),
            Route("/making/runs/{id}/model", self.model, methods=["GET"]),
            Route("/making/runs/{id}/card", self.card, methods=["GET"]),
            Route("/making/runs/{id}/listen/{step}/{name}", self.listen, methods=["GET"]),
        ]

    async def _done(self, answer: object = None) -> Response:
        await self._watch.changed()
        return Response(msgspec.json.encode(answer), media_type="application/json")

    # -------------------------------------------------------------------------------- sets

    async def bring_set(self, request: Request) -> Response:
        """POST /making/sets: a new set; its id."""
        asked = await _body(request, BringSet)
        return await self._done({"id": await self._watch.ask(self._bench.sets.bring_set, asked)})

    async def describe_set(self, request: Request) -> Response:
        """GET /making/sets/ID: its recordings, what was left out, its picture."""
        found = await self._watch.ask(self._bench.sets.describe, request.path_params["id"])
        return Response(msgspec.json.encode(found), media_type="application/json", headers=_FRESH)

    async def bring_sound(self, request: Request) -> Response:
        """POST /making/sets/ID/sounds?name=FILE: a recording for a set."""
        id, given = request.path_params["id"], request.query_params.get("name", "")
        announced = request.headers.get("content-length", "0")
        await self._watch.ask(self._bench.sets.room_for, id, int(announced) if announced.isdigit() else 0)
        async with upload(request, self._watch.desk.library.home.incoming, RECORDING_BYTES) as part:
            name = await self._watch.ask(self._bench.sets.bring, id, part, given)
        return Response(msgspec.json.encode({"name": name}), media_type="application/json")

    async def prepare(self, request: Request) -> Response:
        """POST /making/sets/ID/prepare: read the recordings of a set."""
        asked = await _body(request, PrepareSet)
        await self._watch.ask(self._bench.sets.prepare, request.path_params["id"], asked)
        return await self._done()

    async def stop_set(self, request: Request) -> Response:
        """POST /making/sets/ID/stop: stop preparing."""
        await self._watch.ask(self._bench.sets.stop, request.path_params["id"])
        return await self._done()

    async def delete_set(self, request: Request) -> Response:
        """POST /making/sets/ID/delete: a set and the recordings brought for it."""
        await self._watch.ask(self._bench.sets.remove, request.path_params["id"])
        return await self._done()

    # -------------------------------------------------------------------------------- runs

    async def start_run(self, request: Request) -> Response:
        """POST /making/runs: a new training; its id."""
        asked = await _body(request, StartRun)
        base = ""
        if asked.base:
            base = str((await self._watch.desk.ask(self._watch.desk.library.models.get, asked.base)).path)
        return await self._done({"id": await self._watch.ask(self._bench.begin, asked, base)})

    async def stop_run(self, request: Request) -> Response:
        """POST /making/runs/ID/stop: save and end; asked again, less patiently."""
        await self._watch.ask(self._bench.runs.stop, request.path_params["id"])
        return await self._done()

    async def resume_run(self, request: Request) -> Response:
        """POST /making/runs/ID/resume: go on with a training."""
        await self._watch.ask(self._bench.resume, request.path_params["id"])
        return await self._done()

    async def delete_run(self, request: Request) -> Response:
        """POST /making/runs/ID/delete: a training with its checkpoints; models taken over stay."""
        await self._watch.ask(self._bench.runs.remove, request.path_params["id"])
        return await self._done()

    async def listen(self, request: Request) -> Response:
        """GET /making/runs/ID/listen/STEP/FILE: what was heard at a checkpoint."""
        given = request.path_params
        path = await self._watch.ask(self._bench.runs.clip, given["id"], given["step"], given["name"])
        return FileResponse(path, media_type="audio/flac", headers={"cache-control": "no-cache"})

    # ------------------------------------------------------------------------------ models

    async def install(self, request: Request) -> Response:
        """POST /making/runs/ID/install: the model of the best checkpoint, made and taken into the library."""
        id = request.path_params["id"]
        made = await self._made(id)
        summary = await self._watch.desk.ask(self._adopt, made)
        await self._watch.ask(self._bench.runs.note_model, id, summary.name)
        await self._watch.desk.tell_models()
        return await self._done(summary)

    def _adopt(self, made: Path) -> ModelSummary:
        """A copy of a model file, taken into the library."""
        library = self._watch.desk.library
        part = None
        try:
            with (
                tempfile.NamedTemporaryFile(dir=library.home.incoming, suffix=".part", delete=False) as part,
                made.open("rb") as source,
            ):
                shutil.copyfileobj(source, part)
        except OSError as error:
            if part is not None:
                Path(part.name).unlink(missing_ok=True)
            raise SaveError(
                f"The model could not be copied ({error.strerror}). Make room, and try again."
            ) from error
        return library.models.adopt(Path(part.name))

    async def _made(self, id: str) -> Path:
        """The model file of a training's best checkpoint, made if it has to be."""
        if id in self._making_models:
            raise UsageError("The model is being made already; it takes a moment.")
        self._making_models.add(id)
        try:
            folder, command = await self._watch.ask(self._bench.runs.exporting, id)
            if command is not None:
                return await asyncio.to_thread(export, command, folder)
            made = model_of(folder)
            assert made is not None
            return made
        finally:
            self._making_models.discard(id)

    async def model(self, request: Request) -> Response:
        """GET /making/runs/ID/model: the model file, to be kept elsewhere."""
        made = await self._made(request.path_params["id"])
        return FileResponse(made, media_type="application/octet-stream", headers=_attached(made.name))

    async def card(self, request: Request) -> Response:
        """GET /making/runs/ID/card: what the model's card says, as plain text; empty if there is none."""
        folder = await self._watch.ask(self._bench.runs.folder, request.path_params["id"])
        made = model_of(folder)
        words = b""
        if made is not None:
            with suppress(OSError):
                words = await asyncio.to_thread(made.with_suffix(".md").read_bytes)
        return Response(words[:200_000], media_type="text/plain; charset=utf-8", headers=_FRESH)


_FRESH = {"cache-control": "no-store"}


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", **_FRESH}


async def _body(request: Request, kind: type[Body]) -> Body:
    """A small JSON body as one of our structs.

    Raises:
        UsageError: it is too large, or not what was asked for.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_BYTES:
            raise UsageError("The page sent more than was asked for. Reload it.")
    try:
        return msgspec.json.decode(bytes(data), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"The page sent something that was not understood ({error}). Reload it.") from error
