"""One page and its socket: every message it may send, and what is done about it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from isobath.library.set_list import read_set_list
from isobath.library.standing import Applied
from isobath.protocol.connection import Connection, Refused, write
from isobath.protocol.messages import (
    PROTOCOL,
    CalibrateInputs,
    CallMe,
    Change,
    ChangeSetList,
    DeletePiece,
    DoOnStage,
    DuplicatePiece,
    ExploreOnStage,
    Fit,
    FreezeAxes,
    FromPage,
    FromServer,
    Heard,
    Hello,
    ListPieces,
    Mime,
    Moved,
    MoveOnStage,
    NewPiece,
    NoticeController,
    Opened,
    OpenPiece,
    PieceChanged,
    PieceOpened,
    Pieces,
    Ping,
    Pong,
    Problem,
    Redo,
    Rehearse,
    RenamePiece,
    RestorePiece,
    Saved,
    ShowHand,
    ShowMovement,
    StageTook,
    StartStage,
    StopStage,
    Survey,
    SurveyLand,
    Undo,
    WatchControllers,
    WatchMaking,
    WatchStage,
    Welcome,
)
from isobath.protocol.performers import HandSeen
from isobath.protocol.room import RoomHere
from isobath.server.desk import Desk
from isobath.server.hands import Hands
from isobath.server.learn import Learner
from isobath.server.making import MakingWatch
from isobath.server.performers import told_once
from isobath.server.problems import told
from isobath.server.rehearsals import Rehearser
from isobath.server.survey import Surveyor
from isobath.server.views import Views

WAITING_MESSAGES = 2000
"""A page that lets so many messages lie unread is let go; it comes back and is told the state."""

_LINE = 32
"""Messages of a page that may wait for one that takes long; further ones are left unread."""


def _waits_for_nothing(event: FromPage) -> bool:
    """Hands, and what must not wait until the library has done what was asked before."""
    if isinstance(event, DoOnStage):
        return event.action in ("panic", "freeze", "thaw", "fade")
    return isinstance(event, MoveOnStage)


def _begins(event: FromPage) -> bool:
    """Whether it lets the stage sound."""
    return isinstance(event, DoOnStage) and event.action in ("play", "record", "begin")


class Session:
    """From the first byte of a socket to its last."""

    def __init__(self, socket: WebSocket, desk: Desk, making: MakingWatch) -> None:
        self.page = ""
        self.piece: str | None = None
        self._socket = socket
        self._desk = desk
        self._library = desk.library
        self._making = making
        self._connection = Connection()
        self._line: asyncio.Queue[tuple[FromPage | Refused, int] | None] = asyncio.Queue(_LINE)
        """What was said and is not done yet, each with how often there had been a panic before."""
        self._panics = 0
        self._out: asyncio.Queue[FromServer | Callable[[], FromServer]] = asyncio.Queue()
        """What is called: where axes and hands are, as it is when its turn comes."""
        self._moves: dict[str, float] = {}
        self._hands_seen: dict[int, HandSeen] = {}
        self._greeted = False
        self._views = Views()
        self._learner = Learner(desk.fits, self._answer)
        self._surveyor = Surveyor(desk.surveys, desk.load_model, self._answer)
        self._rehearser = Rehearser(desk.rehearsals, self.tell)
        self._hands = Hands(self, desk.controllers)

    # -------------------------------------------------------------------------------- talking

    def tell(self, message: FromServer) -> None:
        """Put a message in line; never waits."""
        opened = getattr(message, "opened", None)
        if isinstance(opened, Opened):
            message = msgspec.structs.replace(message, opened=self._views.told(opened))
        self._out.put_nowait(message)

    def move(self, axes: Sequence[str], values: Sequence[float]) -> None:
        """Tell where axes are; what is still in line is told at once with it, so that a page that reads
        slowly hears of the newest."""
        if not self._greeted:
            return
        waiting = bool(self._moves)
        self._moves.update(zip(axes, values, strict=True))
        if not waiting:
            self._out.put_nowait(self._moved)

    def see(self, hands: Sequence[HandSeen]) -> None:
        """Tell where others' hands are, as `move` does."""
        waiting = bool(self._hands_seen)
        self._hands_seen.update((each.number, each) for each in hands)
        if hands and not waiting:
            self._out.put_nowait(lambda: told_once(self._hands_seen))

    def _moved(self) -> Moved:
        moves, self._moves = self._moves, {}
        return Moved(axes=tuple(moves), values=tuple(moves.values()))

    async def _answer(self, message: FromServer) -> None:
        self.tell(message)

    async def run(self) -> None:
        """Talk until either side ends it."""
        await self._socket.accept()
        sender = asyncio.create_task(self._send())
        self._desk.listeners.add(self)
        try:
            await self._listen()
            await self._drain()
        except WebSocketDisconnect:
            pass
        finally:
            self._desk.listeners.discard(self)
            self._desk.performers.leave(self)
            self._making.forget(self)
            self._desk.stage.forget(self)
            self._learner.stop()
            self._surveyor.stop()
            self._rehearser.stop()
            self._hands.stop()
            sender.cancel()
            await self._desk.attend()  # it may fail, or be cancelled with the server: nothing is left then
            if self._socket.application_state is WebSocketState.CONNECTED:
                with suppress(RuntimeError, WebSocketDisconnect, OSError):
                    await self._socket.close(1008 if self._connection.over else 1000)

    async def _send(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError, OSError):
            while True:
                message = await self._out.get()
                await self._socket.send_bytes(write(message() if callable(message) else message))
                self._out.task_done()

    async def _drain(self) -> None:
        """Let the last answer out before the door closes."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._out.join(), 1.0)

    async def _listen(self) -> None:
        obedient = asyncio.create_task(self._obey())
        try:
            with suppress(WebSocketDisconnect):
                await self._receive()
            await self._line.put(None)
            await obedient  # what was said before the end is done
        finally:
            obedient.cancel()

    async def _receive(self) -> None:
        while not self._connection.over and self._out.qsize() < WAITING_MESSAGES:
            frame = await self._socket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            data = frame.get("bytes")
            event = self._connection.refuse_text() if data is None else self._connection.receive(data)
            if self._greeted and not isinstance(event, Refused) and _waits_for_nothing(event):
                self._panics += isinstance(event, DoOnStage) and event.action == "panic"
                await self._act(event)
            else:
                await self._line.put((event, self._panics))
            if self._connection.wait > 0.0:
                await asyncio.sleep(self._connection.wait)

    async def _obey(self) -> None:
        """One thing after another, as it was said."""
        while (said := await self._line.get()) is not None:
            event, panics = said
            if isinstance(event, Refused):
                self.tell(event.answer)
            elif panics == self._panics or not _begins(event):  # what was to sound before a panic is silent
                await self._act(event)

    async def _act(self, message: FromPage) -> None:
        try:
            await self._acts[type(message)](self, message)
        except Exception as error:  # one message that fails must not end the conversation
            sentence, kind = told(error, f"answering {type(message).__name__}")
            request, number = getattr(message, "request", None), getattr(message, "number", None)
            self.tell(Problem(sentence=sentence, kind=kind, request=request, number=number))

    # ------------------------------------------------------------------------------- greeting

    async def _hello(self, hello: Hello) -> None:
        self.page = hello.page
        library = self._library
        opened, first, notes = await self._desk.ask(self._first_piece, hello)
        self.piece = hello.piece if opened is None else opened.piece.id
        await self._desk.attend()
        self._greeted = True
        self.tell(
            Welcome(
                version=self._desk.version,
                protocol=PROTOCOL,
                acknowledged=await self._desk.ask(library.pieces.acknowledged, hello.page),
                models=await self._desk.ask(library.playable),
                pieces=await self._desk.ask(library.list),
                opened=opened,
                first_run=first,
                notes=(*self._desk.notes_for(hello.page), *notes),
                osc=self._desk.osc is not None,
                reads=self._desk.controllers.reads,
                room=self._room(),
                set_list=await self._desk.ask(read_set_list, self._library.home),
            )
        )
        if self._desk.stage.plays is not None:
            self.tell(self._desk.stage.now)
        self._enter()

    def _enter(self) -> None:
        """Take part in the piece that is open, where its axes are."""
        self._desk.performers.enter(self)
        axes, values = self._desk.stage.where(self.piece or "")
        if axes:
            self.move(axes, values)
        self._tell_left()

    def _tell_left(self) -> None:
        """Hand over what the stage recorded for a page that is gone."""
        for take in self._desk.stage.left(self.piece or ""):
            self.tell(StageTook(take=take, left=True))

    def _room(self) -> RoomHere | None:
        rooms = self._desk.rooms
        return None if rooms is None else rooms.here(guest=False)

    def _first_piece(self, hello: Hello) -> tuple[Opened | None, bool, tuple[str, ...]]:
        """What the page gets to begin with; whether nothing was here before; what to say about it."""
        library = self._library
        wanted = hello.piece
        notes: tuple[str, ...] = ()
        if wanted is not None:
            wanted = library.own(wanted)
            if library.pieces.holds(wanted):
                same = hello.revision is not None and library.pieces.revision(wanted) == hello.revision
                return (None if same else library.pieces.open(wanted)), False, ()
            if hello.revision is not None:  # made while the connection was away; it is about to be sent
                return None, False, ()
            notes = (f"There is no piece {wanted} in the library, so the last one played was opened.",)
        last = library.pieces.last_played()
        if last is not None:
            return library.pieces.open(last), False, notes
        return library.pieces.open(library.new("My first piece").id), True, notes

    # -------------------------------------------------------------------------------- history

    async def _change(self, change: Change) -> None:
        applied = await self._desk.ask(
            self._library.pieces.change,
            self.page,
            change.number,
            change.piece,
            change.label,
            joins=change.joins,
            base=self._views.base(change),
            diverged=self._views.diverged,
        )
        self._views.sent(change, applied.merged is not None)
        self._desk.controllers.changed(applied.merged or change.piece)
        self.tell(Saved(number=change.number, revision=applied.revision))
        if applied.merged is not None:
            opened = await self._desk.ask(self._library.pieces.look, change.piece.id)
            self.tell(PieceChanged(opened=opened, label=change.label, page=self.page, at=time.time()))
        await self._pass_on(change.piece.id, applied)

    async def _undo(self, message: Undo) -> None:
        await self._step(message)

    async def _redo(self, message: Redo) -> None:
        await self._step(message)

    async def _step(self, message: Undo | Redo) -> None:
        pieces = self._library.pieces
        way: Literal["undo", "redo"] = "undo" if isinstance(message, Undo) else "redo"
        applied = await self._desk.ask(pieces.step, way, self.page, message.number, message.id, message.piece)
        if message.piece is None:
            opened = await self._desk.ask(pieces.open, message.id)
            self._desk.controllers.changed(opened.piece)
            self.tell(PieceOpened(opened=opened, number=message.number))
        else:
            self._desk.controllers.changed(message.piece)
            self.tell(Saved(number=message.number, revision=applied.revision))
            self._views.stepped(message.piece)
        await self._pass_on(message.id, applied)

    async def _pass_on(self, piece: str, applied: Applied) -> None:
        """Tell the other pages on this piece, and all pages if the list has changed."""
        if applied.repeated:
            return
        self._desk.echo.note(piece, self, applied.label)
        if applied.listed:
            await self._desk.tell_pieces()

    # --------------------------------------------------------------------------------- pieces

    async def _open(self, piece: str, request: int) -> None:
        opened = await self._desk.ask(self._library.pieces.open, piece)
        self.piece = piece
        await self._desk.attend()
        self.tell(PieceOpened(opened=opened, request=request))
        self._enter()

    async def _open_piece(self, message: OpenPiece) -> None:
        piece = await self._desk.ask(self._library.own, message.id)
        await self._open(piece, message.request)
        if piece != message.id:
            await self._desk.tell_pieces()

    async def _new_piece(self, message: NewPiece) -> None:
        piece = await self._desk.ask(self._library.new, message.name, message.model)
        await self._open(piece.id, message.request)
        await self._desk.tell_pieces()

    async def _duplicate_piece(self, message: DuplicatePiece) -> None:
        piece = await self._desk.ask(self._library.duplicate, message.id, message.name)
        await self._open(piece.id, message.request)
        await self._desk.tell_pieces()

    async def _rename_piece(self, message: RenamePiece) -> None:
        applied = await self._desk.ask(self._library.pieces.rename, self.page, message.id, message.name)
        await self._list(message.request)
        self._desk.echo.note(message.id, None, applied.label)
        await self._desk.tell_pieces()

    async def _delete_piece(self, message: DeletePiece) -> None:
        await self._desk.ask(self._library.pieces.trash, message.id)
        await self._list(message.request)
        await self._desk.tell_pieces()

    async def _restore_piece(self, message: RestorePiece) -> None:
        await self._desk.ask(self._library.pieces.restore, message.id)
        await self._list(message.request)
        await self._desk.tell_pieces()

    async def _list_pieces(self, message: ListPieces) -> None:
        await self._list(message.request, trash=message.trash)

    async def _list(self, request: int, *, trash: bool = False) -> None:
        pieces = await self._desk.ask(self._library.list, trash=trash)
        self.tell(Pieces(pieces=pieces, request=request))

    # ----------------------------------------------------------------------------- the others

    async def _fit(self, fit: Fit) -> None:
        self._learner.ask(fit)

    async def _survey(self, survey: Survey | SurveyLand) -> None:
        self._surveyor.ask(survey)

    async def _rehearse(self, message: Rehearse) -> None:
        if not message.on:
            self._rehearser.stop()
            return
        piece = await self._desk.ask(self._library.pieces.read, self.piece or "")
        self._rehearser.ask(message.request, piece, message.takes)

    async def _watch_making(self, message: WatchMaking) -> None:
        await self._making.watch(self, message)

    async def _heard(self, heard: Heard) -> None:
        if self._desk.osc is not None:
            self._desk.osc.send(heard)

    # ---------------------------------------------------------------------------- the stage

    async def _watch_stage(self, message: WatchStage) -> None:
        await self._desk.stage.watch(self, message.watching)
        if message.watching:
            self._tell_left()

    async def _start_stage(self, message: StartStage) -> None:
        stage, piece = self._desk.stage, await self._desk.ask(self._library.pieces.read, self.piece or "")
        try:
            await stage.ask(lambda: stage.open(piece, message.settings))
        finally:
            self._desk.tell_stage()
        await self._desk.attend()

    async def _stop_stage(self, _: StopStage) -> None:
        await self._desk.stage.ask(self._desk.stage.close)
        self._desk.tell_stage()

    async def _do_on_stage(self, message: DoOnStage) -> None:
        self._desk.stage.do(message, self)

    async def _move_on_stage(self, message: MoveOnStage) -> None:
        if self.piece is not None:
            axes, values = self._desk.performers.own(self, message.axes, message.values)
            for axis, value in zip(axes, values, strict=True):
                if axis in message.hands:  # whatever controller had it must move again, not tremble
                    self._desk.controllers.hub.hand(self.piece, axis, value)
            self._desk.stage.gesture(self.piece, axes, values, message.hands, self)

    async def _explore_on_stage(self, message: ExploreOnStage) -> None:
        if self.piece is not None:
            self._desk.stage.explore(self.piece, message, self)

    # ----------------------------------------------------------------------- other performers

    async def _call_me(self, message: CallMe) -> None:
        self._desk.performers.rename(self, message.name)

    async def _show_hand(self, message: ShowHand) -> None:
        self._desk.performers.show(self, message.axes, message.point)

    async def _show_movement(self, message: ShowMovement) -> None:
        if self.piece is not None:
            axes, values = self._desk.performers.own(self, message.axes, message.values)
            movements = self._desk.controllers.hub.movements
            movements.told(self.piece, axes, values, recording=message.recording)

    async def _change_set_list(self, message: ChangeSetList) -> None:
        await self._desk.change_set_list(message.before, message.pieces)

    async def _ping(self, ping: Ping) -> None:
        self.tell(Pong(sent=ping.sent))

    # --------------------------------------------------------------------------- controllers

    async def _watch_controllers(self, message: WatchControllers) -> None:
        self._hands.watch(message.watching)

    async def _notice(self, message: NoticeController) -> None:
        self._hands.notice(message)

    async def _calibrate(self, message: CalibrateInputs) -> None:
        self._hands.calibrate(message)

    async def _freeze(self, message: FreezeAxes) -> None:
        if self.piece is not None:
            self._desk.controllers.freeze(self.piece, message.axes, message.on)

    async def _mime(self, message: Mime) -> None:
        piece = await self._desk.ask(self._library.pieces.read, self.piece or "")
        self.tell(await self._desk.mime(piece, message))

    _acts: dict[type, Callable[["Session", Any], Awaitable[None]]] = {  # noqa: RUF012  never changed
        Hello: _hello,
        Change: _change,
        Undo: _undo,
        Redo: _redo,
        OpenPiece: _open_piece,
        NewPiece: _new_piece,
        DuplicatePiece: _duplicate_piece,
        RenamePiece: _rename_piece,
        DeletePiece: _delete_piece,
        RestorePiece: _restore_piece,
        ListPieces: _list_pieces,
        Fit: _fit,
        Survey: _survey,
        SurveyLand: _survey,
        Rehearse: _rehearse,
        WatchMaking: _watch_making,
        Heard: _heard,
        WatchControllers: _watch_controllers,
        NoticeController: _notice,
        CalibrateInputs: _calibrate,
        FreezeAxes: _freeze,
        Mime: _mime,
        WatchStage: _watch_stage,
        StartStage: _start_stage,
        StopStage: _stop_stage,
        DoOnStage: _do_on_stage,
        MoveOnStage: _move_on_stage,
        ExploreOnStage: _explore_on_stage,
        CallMe: _call_me,
        ShowHand: _show_hand,
        ShowMovement: _show_movement,
        ChangeSetList: _change_set_list,
        Ping: _ping,
    }
