"""Bodies of requests, taken in piece by piece and never more than agreed."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from isobath.errors import SaveError, UsageError

MEGABYTE = 1024 * 1024

DISCARD_SECONDS = 5.0
"""How long a body that is too large may keep coming before the answer is given regardless."""


@asynccontextmanager
async def upload(request: Request, folder: Path, most: int) -> AsyncIterator[Path]:
    """The request's body as a file of ours, deleted afterwards if it is still there.

    Raises:
        UsageError: it is empty, or larger than `most` bytes.
        SaveError: the disk refuses.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > most:
        await _discard(request)
        raise _too_large(int(announced), most)
    try:
        handle, name = tempfile.mkstemp(suffix=".part", dir=folder)
    except OSError as error:
        raise SaveError(
            f"The file could not be taken in ({error.strerror}). Make room and try again."
        ) from error
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            await _pour(request, file.write, most)
        yield part
    finally:
        part.unlink(missing_ok=True)


async def _pour(request: Request, write: Callable[[bytes], int], most: int) -> None:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            await _discard(request)
            raise _too_large(size, most)
        try:
            write(chunk)
        except OSError as error:
            raise SaveError(
                f"The file could not be taken in ({error.strerror}). Make room and try again."
            ) from error
    if size == 0:
        raise UsageError("The file is empty (0 bytes). Choose another one.")


async def _discard(request: Request) -> None:
    """Let the rest of the body pass, for a while: a browser that is still sending does not see the answer."""
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while (await request.receive()).get("more_body", False):
                pass


def _too_large(size: int, most: int) -> UsageError:
    return UsageError(
        f"The file is too large ({size / MEGABYTE:.0f} MB or more); {most // MEGABYTE} MB is the most. "
        "Cut it, or save it at a lower rate."
    )
