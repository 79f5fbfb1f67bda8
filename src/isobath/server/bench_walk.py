"""Scripted walkers against one server process: what they cost, and how late they see each other.

Each walker comes by the invitation as a browser would, walks a path of its own through the world and hears
where the others are. The height counts the poses, so that whoever is told of one knows when it was sent.
The clients are one other process on the same machine, which takes its share of it.
"""

import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from isobath.errors import UsageError
from isobath.protocol.poses import read_frame, write_pose
from isobath.protocol.room import POSES_PER_SECOND
from isobath.server.rooms import MOST_A_BROWSER, PACKET_BYTES

WORLD = "example-walk-2"
SIZE = 120.0
NEAR = 8.0
"""Metres within which somebody is told of with every tick."""
STEPS = 65_535
START_SECONDS = 60.0


@dataclass(frozen=True)
class WalkFigures:
    """What was measured."""

    walkers: int
    seconds: float
    server_cpu_percent: float
    """Of one core."""
    down_bytes_per_second: float
    """To one walker, headers of TCP and IP included: the mean,"""
    most_down_bytes_per_second: float
    """and of the one who gets most."""
    up_bytes_per_second: float
    others_in_a_frame: float
    near_median_ms: float
    """From a pose sent to a neighbour's page, those within 8 m: half wait for the next tick, 33 ms on
    average."""
    near_p95_ms: float
    all_median_ms: float
    all_p95_ms: float
    ticks_p95_ms: float
    """Between one frame and the next; 67 are meant."""
    lost: int
    """Connections that ended before their time."""


@dataclass
class _Measured:
    """What the clients saw."""

    numbers: dict[int, int] = field(default_factory=dict)
    """Of each id."""
    sent: dict[tuple[int, int], float] = field(default_factory=dict)
    near: list[float] = field(default_factory=list)
    far: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    down: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    up: int = 0
    poses: int = 0
    frames: int = 0
    lost: int = 0
    running: bool = False


def _place(number: int, seconds: float) -> tuple[float, float, float]:
    """x, z as shares and the way one looks: slow curves, each their own, a few metres a second."""
    a, b = 0.021 + 0.00011 * number, 0.017 + 0.00013 * number
    phase = 2.399963 * number
    x = 0.5 + 0.42 * math.sin(2 * math.pi * a * seconds / 2 + phase)
    z = 0.5 + 0.42 * math.sin(2 * math.pi * b * seconds / 2 + 1.7 * phase)
    return x, z, (seconds / 20 + number / 7) % 1.0


async def _walk(
    number: int, address: str, cookie: str, measured: _Measured, until: Callable[[], bool]
) -> None:
    origin = f"http://{urlsplit(address).netloc}"
    async with connect(
        address,
        origin=origin,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie},
        compression=None,
        ping_interval=None,
        open_timeout=START_SECONDS,
    ) as socket:
        join = {"type": "join", "key": f"walker-{number:012d}", "name": f"Walker {number}"}
        await socket.send(json.dumps(join))
        joined = json.loads(await socket.recv())
        if joined["type"] != "joined":
            raise UsageError(joined.get("sentence", "The room did not let a walker in."))
        own = int(joined["you"])
        measured.numbers[own] = number
        listening = asyncio.create_task(_listen(socket, own, measured))
        began, step = time.perf_counter() + number * 0.7 / POSES_PER_SECOND % 1, 0
        with suppress(ConnectionClosed):
            while not until():
                due = began + step / POSES_PER_SECOND
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                now = time.perf_counter()
                x, z, turn = _place(number, now)
                data = write_pose((x, step % STEPS / STEPS, z, turn, 0.0))
                measured.sent[own, step % STEPS] = now
                await socket.send(data)
                if measured.running:
                    measured.up += len(data) + PACKET_BYTES + 4  # a mask
                step += 1
        if listening.done():
            measured.lost += 1
        listening.cancel()


async def _listen(socket: ClientConnection, own: int, measured: _Measured) -> None:
    last = 0.0
    with suppress(ConnectionClosed):
        async for data in socket:
            now = time.perf_counter()
            if not measured.running or not isinstance(data, bytes):
                if measured.running:
                    measured.down[own] += len(data) + PACKET_BYTES
                continue
            measured.down[own] += len(data) + PACKET_BYTES
            measured.frames += 1
            if last:
                measured.gaps.append(now - last)
            last = now
            _, poses, _ = read_frame(data)
            measured.poses += len(poses)
            x, z, _ = _place(measured.numbers[own], now)
            for other, pose in poses.items():
                sent = measured.sent.get((other, round(pose[1] * STEPS)))
                if sent is None:
                    continue
                metres = SIZE * math.hypot(pose[0] - x, pose[2] - z)
                (measured.near if metres < NEAR else measured.far).append(now - sent)


async def _all(invitation: str, walkers: int, seconds: float, begun: Callable[[float], None]) -> _Measured:
    parts = urlsplit(invitation)
    address = f"ws://{parts.netloc}/room"
    cookies = [await asyncio.to_thread(_cookie, invitation) for _ in range(-(-walkers // MOST_A_BROWSER))]
    measured = _Measured()
    end = math.inf

    def over() -> bool:
        return time.perf_counter() > end

    tasks = []
    for number in range(walkers):
        cookie = cookies[number // MOST_A_BROWSER]
        tasks.append(asyncio.create_task(_walk(number, address, cookie, measured, over)))
        await asyncio.sleep(0.01)
    await asyncio.sleep(1.0)
    begun(0.0)
    measured.running = True
    start = time.perf_counter()
    end = start + seconds
    while not over():
        await asyncio.sleep(min(0.5, seconds / 4))
        begun((time.perf_counter() - start) / seconds)
        _forget(measured)
    measured.running = False
    for task in tasks:
        await task
    return measured


def _forget(measured: _Measured) -> None:
    """Poses that everybody who will ever hear of them has heard of."""
    old = time.perf_counter() - 30.0
    for key in [key for key, sent in measured.sent.items() if sent < old]:
        del measured.sent[key]


def _cookie(invitation: str) -> str:
    with urllib.request.urlopen(invitation, timeout=START_SECONDS) as answer:
        return str(answer.headers["set-cookie"]).partition(";")[0]


def _cpu_seconds(process: int) -> float:
    """Of a process and all its threads; 0 where the system does not tell."""
    try:
        with open(f"/proc/{process}/stat") as told:  # noqa: PTH123  not a file
            fields = told.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    walkers: int = 200, minutes: float = 5.0, progress: Callable[[float], None] = lambda _: None
) -> WalkFigures:
    """Let `walkers` walk for `minutes` in a room of a server process with a library of its own."""
    with tempfile.TemporaryDirectory(prefix="isobath-bench-", ignore_cleanup_errors=True) as home:
        command = [sys.executable, "-m", "isobath.cli", "walk", WORLD, "--room", "bench"]
        command += ["--walkers", str(walkers), "--no-browser", "--port", "0", "--midi", "off", "--json"]
        environment = {**os.environ, "ISOBATH_HOME": home}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            told: dict[str, str] = {}
            decoder, text = json.JSONDecoder(), ""
            while "walkers" not in told:
                line = process.stdout.readline()
                if not line:
                    raise UsageError("The server of the benchmark did not start. Try isobath walk --room a.")
                text += line
                with suppress(json.JSONDecodeError):
                    found, used = decoder.raw_decode(text.lstrip())
                    told |= found
                    text = text.lstrip()[used:]
            at, start = [0.0, 0.0, 0.0], [0.0]

            def begun(share: float) -> None:
                if share == 0.0:
                    at[0], start[0] = _cpu_seconds(process.pid), time.perf_counter()
                at[2], at[1] = _cpu_seconds(process.pid), time.perf_counter() - start[0]
                progress(min(1.0, share))

            measured = asyncio.run(_all(told["walkers"], walkers, 60.0 * minutes, begun))
            return _figures(measured, walkers, at[1], 100.0 * (at[2] - at[0]) / at[1])
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _figures(measured: _Measured, walkers: int, seconds: float, cpu: float) -> WalkFigures:
    def ms(found: list[float], share: float) -> float:
        return 1000.0 * float(np.percentile(found, share)) if found else math.nan

    everybody = measured.near + measured.far
    down = list(measured.down.values()) or [0]
    return WalkFigures(
        walkers,
        seconds,
        cpu,
        sum(down) / walkers / seconds,
        max(down) / seconds,
        measured.up / walkers / seconds,
        measured.poses / max(1, measured.frames),
        ms(measured.near, 50),
        ms(measured.near, 95),
        ms(everybody, 50),
        ms(everybody, 95),
        ms(measured.gaps, 95),
        measured.lost,
    )
