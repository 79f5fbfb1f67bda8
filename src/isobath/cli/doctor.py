"""`isobath doctor`: what this machine can do, and what is missing."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata, util

import click
import msgspec

from isobath import __version__
from isobath.cli.telling import as_json, print_json, size
from isobath.errors import AudioError, IsobathError

ENOUGH_DISK = 500_000_000
"""Bytes below which the doctor warns."""


class Finding(msgspec.Struct, frozen=True):
    """One line of the report."""

    what: str
    well: bool | None
    """None: neither well nor ill, only told."""
    told: str


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("machine", None, f"{platform.system()} {platform.machine()}, {cores} cores")


def _python() -> Finding:
    return Finding("isobath", None, f"{__version__} on Python {platform.python_version()} ({sys.executable})")


def _kernel() -> Finding:
    from isobath.models import kernel

    able = int(kernel.library().ib_level())
    best = max(level for level in kernel.levels() if level <= able)
    return Finding("sound kernel", True, f"ready, level {best} of this processor's instructions")


def _page() -> Finding:
    from isobath.server.page import static_folder

    folder = static_folder()
    if not (folder / "index.html").is_file():
        return Finding("page", False, "not built; with Node 20 or newer: cd web && npm ci && npm run build")
    wasm = sorted(path.name for path in folder.rglob("*.wasm"))
    if not wasm:
        return Finding("page", False, f"built, but without the WebAssembly kernel ({folder})")
    return Finding("page", True, f"built, with {len(wasm)} WebAssembly kernels")


def _models() -> Finding:
    from isobath.library.home import find_home
    from isobath.library.models import Models

    found = Models(find_home()).all()
    names = ", ".join(each.name for each in found)
    return Finding("models", bool(found), names or "none; import one with: isobath import FILE")


def _library() -> Finding:
    from isobath.library.home import find_home
    from isobath.library.library import Library

    home = find_home()
    with Library.open(home) as library:
        count = len(library.pieces.list())
        if library.notes:
            return Finding("library", False, " ".join(library.notes))
    return Finding("library", True, f"{home.root} ({count} pieces)")


def _disk() -> Finding:
    from isobath.library.home import find_home

    folder = find_home().root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Finding("disk", free > ENOUGH_DISK, f"{size(free)} free")


def _sound_files() -> Finding:
    import soundfile

    return Finding("sound files", True, f"libsndfile {soundfile.__libsndfile_version__}")


def _stage() -> Finding:
    from isobath.outputs.stage.devices import NULL
    from isobath.outputs.stage.hosting import devices

    try:
        found = [each for each in devices() if each.backend != NULL]
    except (AudioError, subprocess.TimeoutExpired) as error:
        return Finding("stage", None, f"the sound system gives no answer ({error})")
    if not found:
        missing = not any(util.find_spec(each) for each in ("sounddevice", "miniaudio"))
        way = "; devices are found by pip install 'isobath[stage]'" if missing else ""
        return Finding("stage", None, f"no sound device here{way}")
    usual = next((each for each in found if each.default), found[0])
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Finding("stage", None, f"{usual.title}{more}; {_priority()}")


def _priority() -> str:
    """Whether threads may go first."""
    if not hasattr(os, "sched_setscheduler"):
        return "the system says who goes first"
    import resource

    limit = getattr(resource, "RLIMIT_RTPRIO", None)
    if limit is not None and resource.getrlimit(limit)[0] == 0 and os.geteuid() != 0:
        return "no real-time priority (rtprio), so a busy machine is heard sooner"
    return "real-time priority is granted"


def _controllers() -> Finding:
    names = {"rtmidi": "MIDI", "sdl2": "gamepads", "mediapipe": "hands"}
    here = [what for module, what in names.items() if util.find_spec(module) is not None]
    gone = [what for what in names.values() if what not in here and what != "hands"]
    told = ", ".join(["OSC", *here])
    missing = f"; {' and '.join(gone)} by pip install 'isobath[stage]'" if gone else ""
    return Finding("controllers", None, told + missing)


def _torch() -> Finding:
    if util.find_spec("torch") is None:
        return Finding(
            "torch",
            None,
            "not installed; only needed to train models and to run those of other programs: "
            "pip install 'isobath[train]'",
        )
    return Finding("torch", None, f"{metadata.version('torch')} (for training and other programs' models)")


def _fences() -> Finding:
    from isobath.foreign.confine import available

    fence = available()
    return Finding("fences", None, fence.warning or "other programs' models run where they can do no harm")


LOOKS: tuple[tuple[str, Callable[[], Finding]], ...] = (
    ("isobath", _python),
    ("machine", _machine),
    ("sound kernel", _kernel),
    ("page", _page),
    ("models", _models),
    ("library", _library),
    ("disk", _disk),
    ("sound files", _sound_files),
    ("stage", _stage),
    ("controllers", _controllers),
    ("torch", _torch),
    ("fences", _fences),
)


def examine() -> Iterator[Finding]:
    """Look at everything; what cannot be looked at is ill."""
    for what, look in LOOKS:
        try:
            yield look()
        except (IsobathError, ImportError, OSError, ValueError) as error:
            yield Finding(what, False, str(error))


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Say what this machine can do, and what is missing. Exits with 1 if something is."""
    found = list(examine())
    if as_json:
        print_json(found)
    else:
        width = max(len(each.what) for each in found)
        for each in found:
            mark = {True: "ok", False: "--", None: "  "}[each.well]
            click.echo(f"{mark}  {each.what.ljust(width)}  {each.told}")
    if any(each.well is False for each in found):
        raise click.exceptions.Exit(1)
