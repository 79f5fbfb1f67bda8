"""The host's tools as lines in the terminal: `list`, `mute 3`, `remove 3`, `lock`, `edit`, `crowd`."""

import asyncio
import threading
from collections.abc import Callable
from typing import TextIO, cast

from isobath.protocol.room import RoomDo, RoomTool
from isobath.server.rooms import Rooms

HELP = (
    "list; mute NUMBER, unmute NUMBER; remove NUMBER; weigh NUMBER 0..8; lock, unlock; edit, unedit: "
    "walkers may change the piece, or not; crowd, uncrowd: one sound for all, or not."
)
OF_WALKERS = ("mute", "unmute", "remove", "weigh")
OF_ROOMS = ("lock", "unlock", "edit", "unedit", "crowd", "uncrowd")


def obey(rooms: Rooms, line: str) -> str:
    """What a line asks for, and the answer to it."""
    match line.split():
        case []:
            return ""
        case ["list"]:
            return listed(rooms)
        case [word] if word in OF_ROOMS:
            rooms.do(RoomDo(tool=_tool(word), on=not word.startswith("un")))
            return f"{rooms.room.name}: {_now(rooms)}."
        case [word, number, *rest] if word in OF_WALKERS and number.isdecimal():
            return _of_walker(rooms, word, int(number), rest)
        case _:
            return HELP


def _of_walker(rooms: Rooms, word: str, number: int, rest: list[str]) -> str:
    walker = rooms.room.walkers.get(number)
    if walker is None:
        return f"Nobody here has the number {number}. list says who has which."
    weight = 1.0
    if word == "weigh":
        try:
            weight = float(rest[0])
            assert 0.0 <= weight <= 8.0
        except (IndexError, ValueError, AssertionError):
            return "A weight goes from 0 to 8, as in: weigh 3 0.5"
    if word == "remove" and walker.host:
        return f"{walker.name} is a host, and stays."
    rooms.do(RoomDo(tool=_tool(word), walker=number, on=not word.startswith("un"), weight=weight))
    done = {"remove": "is out", "mute": "is muted", "unmute": "is heard again"}
    return f"{walker.name} {done.get(word, f'counts {weight:g}')}."


def _tool(word: str) -> RoomTool:
    return cast(RoomTool, word.removeprefix("un"))


def _now(rooms: Rooms) -> str:
    room = rooms.room
    return ", ".join(
        (
            "locked" if room.locked else "open",
            "walkers may change the piece" if room.editing else "only hosts change the piece",
            "one sound for all" if room.crowd else "everybody their own sound",
        )
    )


def listed(rooms: Rooms) -> str:
    """Everybody, a line each."""
    lines = [f"{rooms.room.name}: {len(rooms.room.walkers)} of {rooms.room.most}; {_now(rooms)}."]
    for walker in sorted(rooms.room.walkers.values(), key=lambda each: each.id):
        marks = [
            word
            for word, holds in (
                ("host", walker.host),
                ("muted", walker.muted),
                ("away", walker.away),
                (f"counts {walker.weight:g}", walker.weight != 1.0),
                (f"{walker.held_back} moves too fast", walker.held_back > 0),
            )
            if holds
        ]
        lines.append(f"{walker.id:5}  {walker.name}" + (f"  ({', '.join(marks)})" if marks else ""))
    if rooms.state.sentence:
        lines.append(rooms.state.sentence)
    figures = rooms.figures
    if figures.dropped or figures.let_go:
        lines.append(
            f"{figures.dropped} messages left out, {figures.let_go} walkers let go for sending too many."
        )
    return "\n".join(lines)


def listen(rooms: Rooms, lines: TextIO, say: Callable[[str], None]) -> None:
    """Obey what is typed, from now on, in the event loop that runs."""
    loop = asyncio.get_running_loop()

    def act(line: str) -> None:
        answer = obey(rooms, line)
        if answer:
            say(answer)

    def read() -> None:
        for line in lines:
            try:
                loop.call_soon_threadsafe(act, line)
            except RuntimeError:
                return  # the server has ended

    threading.Thread(target=read, name="isobath-host", daemon=True).start()
