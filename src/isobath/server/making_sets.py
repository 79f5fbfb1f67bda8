"""Sets of recordings: brought, prepared by a process of its own, described."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from isobath.corpora.index import About
from isobath.errors import SaveError, UsageError
from isobath.library import sets
from isobath.library.home import Home
from isobath.library.orders import FOLDER, SetOrder, name_of_file, names_in, new_id, read_order, write_order
from isobath.protocol.making import BringSet, PrepareSet, SetDetails, SetState, SetSummary
from isobath.server.processes import Processes, ask_to_stop, beside, last_words

ROOM = 512 * 1024 * 1024
"""So much of the disk is left free."""

SET_BYTES = 64 * 1024 * 1024 * 1024
"""Most that is brought through the page for one set."""


class SetBench:
    """All sets of one library. Methods may only be called from one thread."""

    def __init__(self, home: Home, processes: Processes, command: Sequence[str], *, here: bool) -> None:
        self._home = home
        self._processes = processes
        self._command = command
        self._here = here
        self._seen: dict[Path, tuple[int, About | None]] = {}
        self._names: dict[Path, tuple[int, int]] = {}

    def _order(self, folder: Path) -> SetOrder:
        return read_order(beside(folder, ".json"), SetOrder)

    def _keep(self, folder: Path, order: SetOrder) -> None:
        write_order(beside(folder, ".json"), order)

    def _folders(self) -> list[Path]:
        return [self._home.sets / name for name in names_in(self._home.sets)]

    def folder(self, id: str) -> Path:
        """The folder of a set. Raises UsageError if there is none."""
        folder = self._home.sets / id
        if not FOLDER.fullmatch(id) or folder not in self._folders():
            raise UsageError(f"There is no set {id!r} here any more. Reload the page.")
        return folder

    def _works(self, folder: Path, order: SetOrder) -> bool:
        return order.pid > 0 and self._processes.work(folder, order.pid)

    # ----------------------------------------------------------------------------- looking

    @property
    def busy(self) -> bool:
        """A set is being prepared, or its end has not been noted."""
        return any(self._order(folder).pid for folder in self._folders())

    def all(self) -> tuple[SetSummary, ...]:
        """One line per set, the newest first."""
        return tuple(self._summary(folder) for folder in reversed(self._folders()))

    def tend(self) -> None:
        """Note what has ended."""
        for folder in self._folders():
            order = self._order(folder)
            if order.pid and not self._works(folder, order):
                failure = self._failure(folder, self._processes.code(folder, order.pid))
                self._keep(folder, msgspec.structs.replace(order, pid=0, failure=failure))

    def _failure(self, folder: Path, code: int | None) -> str:
        if not code and sets.prepared(folder) is not None:
            return ""
        told = last_words(beside(folder, ".log"))
        return told or "Preparing was stopped before it was done. Prepare it again: what was read is kept."

    def _summary(self, folder: Path) -> SetSummary:
        order = self._order(folder)
        about = self._about(folder)
        under_way = self._works(folder, order)
        own = 0 if order.folder else self._gathered(self._home.sounds / folder.name)
        files, left_out = (about.totals.files, len(about.left_out)) if about else (own, 0)
        return SetSummary(
            id=folder.name,
            name=order.name or folder.name,
            state=self._state(order, prepared=about is not None, under_way=under_way),
            files=files,
            seconds=about.totals.seconds if about else 0.0,
            left_out=left_out,
            sample_rate=about.sample_rate if about else 0,
            channels=about.channels if about else 0,
            waiting=max(0, own - files - left_out) if about else 0,
            share=self._share(folder, order) if under_way else float(about is not None),
            message=order.failure,
            folder=order.folder,
            changed=_moment(folder / "set.json" if about else beside(folder, ".json")),
        )

    def _state(self, order: SetOrder, *, prepared: bool, under_way: bool) -> SetState:
        if under_way:
            return "preparing"
        if prepared:
            return "ready"
        return "failed" if order.failure else "gathering"

    def _about(self, folder: Path) -> About | None:
        """What a prepared set says of itself, read again only if it has changed."""
        state = _stamp(folder / "set.json")
        known = self._seen.get(folder)
        if known is None or known[0] != state:
            known = self._seen[folder] = (state, sets.prepared(folder))
        return known[1]

    def _gathered(self, sounds: Path) -> int:
        """How many recordings lie in a folder of ours, counted again only if one came or went."""
        state = _stamp(sounds)
        known = self._names.get(sounds)
        if known is None or known[0] != state:
            known = self._names[sounds] = (state, len(sets.gathered(sounds)))
        return known[1]

    def _sounds(self, folder: Path, order: SetOrder) -> Path:
        return Path(order.folder) if order.folder else self._home.sounds / folder.name

    def _share(self, folder: Path, order: SetOrder) -> float:
        """How much of a set's preparing is done: recordings read, of those there are."""
        whole = len(sets.gathered(self._sounds(folder, order)))
        return min(0.99, sets.read_so_far(folder) / whole) if whole else 0.0

    def describe(self, id: str) -> SetDetails:
        """All about one set."""
        return sets.details(id, self.folder(id), self._home.sounds / id)

    # ---------------------------------------------------------------------------- bringing

    def bring_set(self, asked: BringSet) -> str:
        """A new set, of a folder or of what will be brought; its id."""
        order = SetOrder(name=asked.name.strip()[:80])
        if asked.folder:
            order = msgspec.structs.replace(order, folder=str(self._folder_asked(asked.folder)))
        id = new_id(order.name, self._home.sets)
        self._keep(self._home.sets / id, order)
        return id

    def _folder_asked(self, given: str) -> Path:
        if not self._here:
            raise UsageError(
                "A folder can only be named where page and server are one machine. Drop the files."
            )
        try:
            folder = Path(given.strip()).expanduser()
            if folder.is_absolute() and folder.is_dir():
                return folder
        except (OSError, RuntimeError, ValueError):
            pass
        raise UsageError(f"There is no folder {given[:120]!r} on this machine. Give its whole path.")

    def room_for(self, id: str, size: int) -> Path:
        """The folder for recordings that are brought, once it is sure that they fit."""
        folder = self.folder(id)
        order = self._order(folder)
        if order.folder:
            raise UsageError(f"This set is made of the folder {order.folder}. Put the recordings there.")
        target = self._home.sounds / id
        try:
            target.mkdir(exist_ok=True, mode=0o700)
            there = sum(each.stat().st_size for each in target.iterdir() if each.is_file())
            free = shutil.disk_usage(target).free
        except OSError as error:
            raise SaveError(f"The recording cannot be taken in ({error.strerror}). Make room.") from error
        if free < size + ROOM:
            raise SaveError(f"The disk has only {free // 2**20} MB left. Make room, and try again.")
        if there + size > SET_BYTES:
            raise UsageError("This set is larger than 64 GB. Make two, or give isobath prepare a folder.")
        return target

    def bring(self, id: str, part: Path, given: str) -> str:
        """Keep an uploaded recording in its set; the name it got. The same file twice is kept once."""
        name = name_of_file(given)
        target = self.room_for(id, 0)
        place, count = target / name, 2
        while place.exists():
            if _same(place, part):
                return place.name
            place = target / f"{Path(name).stem} {count}{Path(name).suffix}"
            count += 1
        try:
            part.replace(place)
        except OSError as error:
            raise SaveError(
                f"{name} could not be kept ({error.strerror}). Make room, and try again."
            ) from error
        return place.name

    # --------------------------------------------------------------------------- preparing

    def prepare(self, id: str, asked: PrepareSet) -> None:
        """Begin to read a set's recordings."""
        folder = self.folder(id)
        order = self._order(folder)
        for other in self._folders():
            theirs = self._order(other)
            if self._works(other, theirs):
                name = theirs.name or other.name
                raise UsageError(f"{name} is being prepared. Wait until it is done, or stop it.")
        sounds = self._sounds(folder, order)
        if not sets.gathered(sounds):
            raise UsageError("There is no recording in this set yet. Drop some first.")
        log = beside(folder, ".log")
        log.unlink(missing_ok=True)
        options = [] if (folder / "set.json").exists() else _options(asked)
        command = [*self._command, "prepare", str(sounds), "-o", str(folder), *options]
        pid = self._processes.start(folder, command, log)
        self._keep(folder, msgspec.structs.replace(order, pid=pid, failure=""))

    def stop(self, id: str) -> None:
        """Stop preparing; what was read is kept."""
        folder = self.folder(id)
        order = self._order(folder)
        if self._works(folder, order):
            ask_to_stop(order.pid, insist=True)  # a kill costs it the recording in hand and no other

    def remove(self, id: str) -> None:
        """Delete a set and the recordings that were brought for it."""
        folder = self.folder(id)
        if self._works(folder, self._order(folder)):
            raise UsageError("This set is being prepared. Stop it first.")
        for place in (folder, self._home.sounds / id):
            shutil.rmtree(place, ignore_errors=True)
        for ending in (".log", ".json"):
            beside(folder, ending).unlink(missing_ok=True)


def _options(asked: PrepareSet) -> list[str]:
    """What was asked for, as `isobath prepare` is told it."""
    options = [f"--rate={asked.sample_rate}", f"--normalise={asked.normalise}"]
    options += ["--remove-silence"] if asked.remove_silence else []
    options += [f"--channels={asked.channels}"] if asked.channels else []
    return options


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _moment(path: Path) -> float:
    return _stamp(path) / 1e9


def _same(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while block := a.read(1 << 20):
            if block != b.read(1 << 20):
                return False
    return True
