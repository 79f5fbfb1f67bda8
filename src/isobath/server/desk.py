"""What all connections share: the library, its one writing thread, and the pages that are here.

The library is asked in a thread of its own, one request after another, so that a slow disk never
stops a message and the order of operations is the order of their arrival.
"""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar, cast

from isobath.engine.scenes import neighbour, recalled
from isobath.errors import PieceError
from isobath.inputs.midi.clock import Beat
from isobath.library.foreign import ForeignModels
from isobath.library.library import Library
from isobath.library.set_list import change_set_list
from isobath.outputs.outlet import Outlet
from isobath.protocol.controllers import Action
from isobath.protocol.messages import (
    Acted,
    BeatHeard,
    FromServer,
    Mime,
    Mimed,
    Models,
    PieceChanged,
    Pieces,
    SetListNow,
)
from isobath.protocol.performers import HandSeen
from isobath.protocol.piece import Piece
from isobath.server.controllers import Controllers
from isobath.server.crowds import Crowds
from isobath.server.mime import mime
from isobath.server.performers import Performers
from isobath.server.rooms import RoomAsked, Rooms, pose_teller
from isobath.server.stage import Stage
from isobath.server.stage_telling import StageTeller
from isobath.server.survey import GIVING_WAY, KeptModels, low_priority_pool

ECHO_SECONDS = 0.15
"""How long changes are gathered before other pages are told."""

IN_EACH = frozenset[Action](("freeze", "fade", "play"))
"""What happens in each page that sounds by itself; everything else is done by one, or it were done twice."""

P = ParamSpec("P")
T = TypeVar("T")


if TYPE_CHECKING:
    from isobath.models.coder import Model


class Listener(Protocol):
    """A page that can be told something."""

    page: str
    piece: str | None

    def tell(self, message: FromServer) -> None:
        """Put a message in line; never waits."""

    def move(self, axes: Sequence[str], values: Sequence[float]) -> None:
        """Tell where axes are; what is still in line is told at once with it."""

    def see(self, hands: Sequence[HandSeen]) -> None:
        """Tell where others' hands are; what is still in line is told at once with it."""


class Echo:
    """Tells pages what others did to the piece they have open: the newest state, a few times a second.
    A drag on one page would otherwise send the other a whole history with every pixel."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._changes: dict[str, dict[Listener | None, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, piece: str, by: Listener | None, label: str) -> None:
        """A piece was changed by a page, or by none that has it open."""
        listening = [each for each in self._desk.listeners if each.piece == piece and each is not by]
        if piece in self._changes:
            self._changes[piece][by] = label
        elif listening:
            self._changes[piece] = {by: label}
            task = asyncio.create_task(self._tell(piece))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell(self, piece: str) -> None:
        await asyncio.sleep(ECHO_SECONDS)
        changes = self._changes.pop(piece)
        with suppress(PieceError):
            opened = await self._desk.ask(self._desk.library.pieces.look, piece)
            for listener in [each for each in self._desk.listeners if each.piece == piece]:
                foreign = [(by, label) for by, label in changes.items() if by is not listener]
                if foreign:
                    by, label = foreign[-1]
                    page = "" if by is None else by.page
                    listener.tell(PieceChanged(opened=opened, label=label, page=page, at=time.time()))


class Desk:
    """One per server."""

    def __init__(
        self,
        library: Library,
        version: str,
        osc: Outlet | None = None,
        controllers: Controllers | None = None,
        stage: Stage | None = None,
    ) -> None:
        self.library = library
        self.version = version
        self.osc = osc
        """Where what is heard goes; None: it stays here."""
        self.controllers = Controllers() if controllers is None else controllers
        self.stage = Stage(self._rate_of) if stage is None else stage
        self.stage.keep = lambda data: library.sounds.adopt_bytes(data).id
        self.controllers.watchers.append(self.stage.changed)
        self._steps: set[asyncio.Task[None]] = set()
        self._stepping = asyncio.Lock()
        """From one scene to the next goes one at a time."""
        self.rooms: Rooms | None = None
        """Where others walk."""
        self._teller = None if osc is None else StageTeller(osc)
        if self._teller is not None:
            self.stage.followers.append(self._teller.follow)
            if self.stage.engine is not None:
                self._teller.follow(self.stage.engine)
        self.listeners: set[Listener] = set()
        self.performers = Performers()
        self.echo = Echo(self)
        self._told: set[str] = set()
        self.fits = ThreadPoolExecutor(2, "isobath-fit")
        self.surveys = low_priority_pool()
        self.rehearsals = low_priority_pool()
        self.load_model = KeptModels(self.load_to_measure)
        """For surveys alone, in their thread."""
        self._librarian = ThreadPoolExecutor(1, "isobath-library")

    def _load(self, name: str) -> "Model":
        from isobath.library.bars import played_bars
        from isobath.models.coder import load

        found = self.library.models.find(name)
        bars = played_bars(name) if found is None else None
        if bars is not None:
            return cast("Model", bars)  # has the same face
        return load(self.library.models.get(name).path)

    def load_to_measure(self, name: str) -> "Model":
        """Also one of another program, in a process that gives way to everything."""
        from isobath.foreign.torchscript import open_model

        found = ForeignModels(self.library.home, self.library.models).find(name)
        if found is None or self.library.models.find(name) is not None:
            return self._load(name)
        model = open_model(found.path, found.description)
        model.process.start()
        if hasattr(os, "setpriority"):
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, model.process.pid, GIVING_WAY)
        return cast("Model", model)  # has the same face

    def _rate_of(self, name: str) -> int:
        """Hz of a model that can be a voice. Raises ModelUnknown."""
        for model in self.library.playable():
            if model.name == name:
                return model.sample_rate
        return self.library.models.get(name).summary.sample_rate

    def notes_for(self, page: str) -> tuple[str, ...]:
        """What happened when the library was opened, told once to each page."""
        first = page not in self._told
        self._told.add(page)
        return self.library.notes if first else ()

    def open_room(self, asked: RoomAsked, invitation: Callable[[], str]) -> None:
        """Let others walk in the world of a piece. Raises PieceError."""
        piece = self.library.pieces.read(asked.piece)
        rooms = Rooms(asked, piece, invitation, pose_teller(self.osc))
        rooms.crowd = Crowds(piece, lambda name: str(self.library.models.get(name).path))
        self.controllers.watchers.append(rooms.changed)
        self.rooms = rooms

    async def ask(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the library do something, after everything asked before. Once begun it is finished,
        even if nobody waits for it any more."""
        job = asyncio.get_running_loop().run_in_executor(self._librarian, lambda: act(*args, **kwargs))
        return await asyncio.shield(job)

    async def tell_pieces(self) -> None:
        """Tell every page that the list of pieces reads differently."""
        if self.listeners:
            message = Pieces(pieces=await self.ask(self.library.list))
            for listener in list(self.listeners):
                listener.tell(message)

    async def change_set_list(self, before: Sequence[str], pieces: Sequence[str]) -> None:
        """Keep another set list, and tell every page."""
        kept = await self.ask(change_set_list, self.library.home, before, pieces)
        for listener in list(self.listeners):
            listener.tell(SetListNow(pieces=kept))

    async def tell_models(self) -> None:
        """Tell every page that there is another model."""
        self.load_model.forget()
        message = Models(models=await self.ask(self.library.playable))
        for listener in list(self.listeners):
            listener.tell(message)

    def tell_stage(self) -> None:
        """Tell every page whether the stage plays: who has its piece open is silent meanwhile."""
        for listener in list(self.listeners):
            listener.tell(self.stage.now)

    async def attend(self) -> None:
        """Let controllers move the pieces that pages have open, and no others."""
        open_now = {each.piece for each in self.listeners if each.piece is not None}
        if self.stage.plays is not None:
            open_now.add(self.stage.plays)
        for piece in self.controllers.only(open_now):
            with suppress(PieceError):
                self.controllers.show(await self.ask(self.library.pieces.read, piece))

    async def mime(self, piece: Piece, asked: Mime) -> Mimed:
        """Demonstrations of what a page mimed."""
        return await asyncio.get_running_loop().run_in_executor(self.fits, mime, piece, asked, self._load)

    def move(self, piece: str, axes: Sequence[str], values: Sequence[float]) -> None:
        """Controllers moved axes of a piece."""
        for listener in self.listeners:
            if listener.piece == piece:
                listener.move(axes, values)

    def act(self, piece: str, action: Action, begins: bool) -> None:
        """A controller wants something to happen."""
        first, staged = self.performers.first(piece), piece == self.stage.plays
        for listener in self.listeners:
            everybody = action == "panic" or (action in IN_EACH and not staged)
            if listener is first or (everybody and listener.piece == piece):
                listener.tell(Acted(action=action, begins=begins))
        if begins and first is None and piece == self.stage.plays and action in ("next", "previous"):
            step = asyncio.create_task(self._go_to_scene(piece, 1 if action == "next" else -1))
            self._steps.add(step)
            step.add_done_callback(self._steps.discard)

    async def _go_to_scene(self, piece: str, step: int) -> None:
        """A scene on, or back, on a stage that no page shows; kept, so that a page opened later is there."""
        async with self._stepping:
            with suppress(PieceError):
                before = await self.ask(self.library.pieces.read, piece)
                scene = neighbour(before, step)
                if scene is None:
                    return
                after, number = recalled(before, scene), time.time_ns() // 1000
                change = self.library.pieces.change
                applied = await self.ask(change, "stage", number, after, f"go to {scene.name}")
                self.controllers.changed(after)
                if applied.listed:
                    await self.tell_pieces()

    def beat(self, heard: Beat) -> None:
        """A clock's beat came in: for every page."""
        for listener in self.listeners:
            listener.tell(BeatHeard(bpm=heard.bpm, beat=heard.number, starts=heard.starts))

    def close(self) -> None:
        """Finish what was begun, then close the library."""
        self.controllers.close()
        self.fits.shutdown(wait=False, cancel_futures=True)
        self.surveys.shutdown(wait=False, cancel_futures=True)
        self.rehearsals.shutdown(wait=False, cancel_futures=True)
        self._librarian.shutdown(wait=True)
        self.library.close()
        if self._teller is not None:
            self._teller.end()
        if self.osc is not None:
            self.osc.close()
