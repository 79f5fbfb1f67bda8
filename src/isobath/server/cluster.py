"""Many rooms over the processes and machines of a Ray cluster: each in an actor of its own, spread out,
begun anew elsewhere when its machine is lost.

A room needs nothing of the others: it has a library of its own with the one piece in it, listens on a port
of its machine, and its walkers come there directly. Ray is asked where it may run and whether it still
does, and carries no pose.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isobath import __version__
from isobath.errors import UsageError
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.server.rooms import RoomAsked
from isobath.server.run import Doorway, Links, open_phone_door, serve

if TYPE_CHECKING:
    from types import ModuleType

START_SECONDS = 120.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Plan:
    """One room."""

    name: str
    piece: bytes
    """As `Library.export` has it."""
    most: int = 200
    editing: bool = False
    opened: bool = False
    """Walkers come from the network, by the encrypted door."""
    host: str | None = None
    """Where it listens; None: the address by which the cluster knows its machine."""


@dataclass(frozen=True)
class Place:
    """Where a room is now."""

    name: str
    machine: str
    host: str
    """The link for the host, used up by one browser."""
    walkers: str
    """The invitation."""


class RoomActor:
    """Runs in a process of the cluster."""

    def __init__(self, plan: Plan) -> None:
        ray = need_ray()
        node = str(ray.get_runtime_context().get_node_id())
        self._plan, self._machine = plan, f"{socket.gethostname()} ({node[:8]})"
        self._links: Links | None = None
        self._invitation: Links | None = None
        self._invited = threading.Event()
        self._failure = ""
        home = Home(Path(tempfile.mkdtemp(prefix="isobath-room-")))
        home.make()
        library = Library.open(home)
        self._piece = library.import_(BytesIO(plan.piece))[0].id
        library.close()
        threading.Thread(target=self._serve, args=(home, plan.host or _address(ray)), daemon=True).start()

    def _serve(self, home: Home, address: str) -> None:
        plan = self._plan
        try:
            phone = open_phone_door(home, address, 0) if plan.opened else None
            serve(
                home,
                Doorway("127.0.0.1" if phone is not None else address, 0),
                __version__,
                lambda links, _: self._renewed(links),
                self._renewed,
                phone=phone,
                wanted=lambda _: f"&piece={self._piece}&way=walk",
                room=lambda _: RoomAsked(plan.name, self._piece, plan.most, plan.editing),
                invited=self._invite,
            )
        except Exception as error:  # whatever it is, the person who asked for the room is told
            self._failure = str(error)
            self._invited.set()

    def _renewed(self, links: Links) -> None:
        self._links = links

    def _invite(self, links: Links) -> None:
        self._invitation = links
        self._invited.set()

    def place(self) -> Place:
        """Where this room is, once it is.

        Raises:
            UsageError: it could not be opened.
        """
        if not self._invited.wait(START_SECONDS) or self._links is None or self._invitation is None:
            raise UsageError(
                f'The room "{self._plan.name}" did not open on {self._machine}. {self._failure}'.rstrip()
            )
        return Place(self._plan.name, self._machine, self._links.widest, self._invitation.widest)


def need_ray() -> ModuleType:
    """Ray.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "Rooms over several processes and machines need Ray. Install it with: "
            "pip install 'isobath[cluster]'"
        ) from error
    return ray  # type: ignore[no-any-return]


def _address(ray: ModuleType) -> str:
    """By which the cluster knows this machine."""
    return str(ray.util.get_node_ip_address())


class Cluster:
    """The rooms that were opened, until `close`."""

    def __init__(self, plans: Sequence[Plan], address: str | None = None) -> None:
        """Open a room for each plan.

        address: of a cluster that runs, `auto` for the one this machine belongs to; None: processes of this
        machine alone. Raises UsageError where Ray is missing or the cluster is not reached.
        """
        self._ray: Any = need_ray()
        try:
            self._ray.init(
                address=address, ignore_reinit_error=True, log_to_driver=False, include_dashboard=False
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UsageError(
                f"No Ray cluster answers at {address}. Start one with: ray start --head"
            ) from error
        remote = self._ray.remote(RoomActor).options(
            num_cpus=1, max_restarts=-1, max_task_retries=-1, scheduling_strategy="SPREAD"
        )
        self._actors = {plan.name: remote.remote(plan) for plan in plans}

    def places(self) -> dict[str, Place | str]:
        """Where each room is now, or a sentence why it is nowhere."""
        asked = {name: actor.place.remote() for name, actor in self._actors.items()}
        found: dict[str, Place | str] = {}
        end = time.monotonic() + START_SECONDS + ANSWER_SECONDS
        for name, answer in asked.items():
            try:
                found[name] = self._ray.get(answer, timeout=max(0.1, end - time.monotonic()))
            except self._ray.exceptions.RayTaskError as error:
                found[name] = str(error.cause)
            except self._ray.exceptions.RayError:
                found[name] = f'The room "{name}" finds no machine. Add one to the cluster.'
        return found

    def close(self) -> None:
        """End the rooms and leave the cluster."""
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._ray.shutdown()
