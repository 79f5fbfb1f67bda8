"""`isobath wekinator`: in Wekinator's place, without a window and without sound."""

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from isobath.cli.telling import as_json, print_json
from isobath.protocol.piece import Algorithm

if TYPE_CHECKING:
    from isobath.inputs.wekinator import Wekinator
    from isobath.mapping.exchange.wekinator import Project

SAVE_SECONDS = 5.0


@click.command()
@click.argument("project", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--inputs", type=click.IntRange(1, 1024), help="Default: as many as come first.")
@click.option("--outputs", type=click.IntRange(1, 1024), help="Default: 5, or as many as are set first.")
@click.option("--in", "in_", metavar="[HOST:]PORT", help="Where inputs come in. Default: 6448, this machine.")
@click.option("--out", metavar="HOST:PORT", help="Where outputs go. Default: 127.0.0.1:12000.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of a project to keep examples in.",
)
@click.option(
    "--files",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder in which messages may open projects and read and write files. Default: none.",
)
@click.option(
    "--algorithm",
    type=click.Choice([one for one in get_args(Algorithm) if one != "direct"]),
    default="gp",
    show_default=True,
    help="How to learn.",
)
@click.option("--trust", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="1: exact.")
@click.option("--run", "run_now", is_flag=True, help="Learn what the project holds, and run at once.")
@as_json
def wekinator(
    project: Path | None,
    inputs: int | None,
    outputs: int | None,
    in_: str | None,
    out: str | None,
    save: Path | None,
    files: Path | None,
    algorithm: Algorithm,
    trust: float,
    run_now: bool,
    as_json: bool,
) -> None:
    """Do what Wekinator does for a patch that speaks to it.

    PROJECT is a project of Wekinator: its folder, its .wekproj, or a zip. Without one, recording
    begins empty. Listens on Wekinator's port and sends to Wekinator's, until Ctrl-C.
    """
    from isobath.errors import UsageError
    from isobath.inputs.osc.receiver import OscReceiver, read_doorway
    from isobath.inputs.wekinator import BUNDLE_PORT, CONTROL, Wekinator
    from isobath.inputs.wekinator_files import Folder
    from isobath.mapping import Settings
    from isobath.outputs.osc import OscOutput, read_address

    opened = _project(project, inputs, outputs)
    where = read_address(out) if out is not None else (opened.host, opened.out_port)
    output = OscOutput(*where)
    bundles = OscOutput(where[0], BUNDLE_PORT)
    keeper = _Keeper(save)
    engine = Wekinator(
        opened,
        output.say,
        lambda sentence: click.echo(sentence, err=True),
        Settings(algorithm=algorithm, trust=trust),
        fixed=(project is not None or inputs is not None, project is not None or outputs is not None),
        files=None if files is None else Folder(files, _write),
        send_bundle=bundles.say,
        leave=lambda: keeper.leave(engine),
    )
    if run_now:
        if opened.examples is not None or not engine.gestures.recorded:
            engine.take(CONTROL + "train", ())
            engine.settle()
        engine.take(CONTROL + "startRunning", ())
    try:
        receiver = OscReceiver(
            *(read_doorway(in_) if in_ is not None else ("127.0.0.1", opened.in_port)),
            lambda message: engine.take(message.address, message.values),
        )
    except UsageError as error:
        output.close()
        bundles.close()
        raise UsageError(str(error).replace("--osc-in", "--in")) from error
    try:
        _told(receiver.address, where, engine, as_json)
        _wait(engine, keeper)
    finally:
        receiver.close()
        engine.settle()
        keeper.keep(engine)
        output.close()
        bundles.close()


def _project(path: Path | None, inputs: int | None, outputs: int | None) -> "Project":
    from isobath.mapping.exchange.wekinator import Project, ProjectOutput, open_project

    if path is not None:
        project = open_project(path)
        for note in project.notes:
            click.echo(note, err=True)
        return project
    return Project(
        "isobath",
        tuple(f"inputs-{i + 1}" for i in range(inputs or 5)),
        tuple(ProjectOutput(f"outputs-{i + 1}") for i in range(outputs or 5)),
    )


def _told(listens: tuple[str, int], sends: tuple[str, int], engine: "Wekinator", as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "listens": list(listens),
                "sends": list(sends),
                "inputs": list(engine.project.inputs),
                "outputs": [one.name for one in engine.project.outputs],
                "examples": len(engine.examples.points),
                "gestures": list(engine.gestures.names),
            }
        )
    else:
        click.echo(
            f"Listens on {listens[0]}:{listens[1]} for {engine.project.in_address}, sends "
            f"{engine.project.out_address} to {sends[0]}:{sends[1]}. {len(engine.examples.points)} examples."
        )
    sys.stdout.flush()


def _wait(engine: "Wekinator", keeper: "_Keeper") -> None:
    """Until Ctrl-C or SIGTERM; examples are saved meanwhile."""
    ended = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        while not ended.wait(SAVE_SECONDS if keeper.folder is not None else None):
            keeper.keep(engine)
    except KeyboardInterrupt:
        pass


class _Keeper:
    """Keeps the project that it was started with; what a message opens later has a folder of its own."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._left = False
        self._lock = threading.Lock()

    def keep(self, engine: "Wekinator") -> None:
        """Save what is not saved yet."""
        with self._lock:
            if not self._left:
                _save(engine, self.folder)

    def leave(self, engine: "Wekinator") -> None:
        """Save for the last time: another project is opened."""
        with self._lock:
            if self._left:
                return
            _save(engine, self.folder)
            self._left = True
        if self.folder is not None:
            click.echo(f"{self.folder} is kept as it is; --save saves no other project.", err=True)


def _write(path: Path, data: bytes) -> None:
    from isobath.library.files import write_whole

    write_whole(path, [data])


def _save(engine: "Wekinator", folder: Path | None) -> None:
    """The project as it is now, where a folder was given and something is not saved yet."""
    from dataclasses import replace

    import msgspec

    from isobath.cli.demonstrations import write_files
    from isobath.mapping.exchange.wekinator import write_project

    if folder is None or engine.saved.is_set():
        return
    engine.saved.set()
    gestures = engine.gestures
    kept = msgspec.json.encode(gestures.file) if gestures.recorded else None
    project = replace(engine.project, name=folder.name, examples=engine.examples, gestures=kept)
    files = write_project(project)
    write_files(folder, {folder / inside: data for inside, data in files.items()})
