"""The tree of commands. Each is imported only when it is asked for, so that help is instant."""

import importlib
import sys
from typing import Any, NoReturn

import click

from isobath import __version__
from isobath.errors import IsobathError, UsageError

COMMANDS = {
    "play": "isobath.cli.play:play",
    "walk": "isobath.cli.walk:walk",
    "rooms": "isobath.cli.rooms:rooms",
    "stage": "isobath.cli.stage:stage",
    "jam": "isobath.cli.jam:jam",
    "models": "isobath.cli.models:models",
    "info": "isobath.cli.models:info",
    "import": "isobath.cli.models:import_model",
    "prepare": "isobath.cli.prepare:prepare",
    "export": "isobath.cli.export:export",
    "train": "isobath.cli.train:train",
    "evaluate": "isobath.cli.evaluate:evaluate",
    "prior": "isobath.cli.prior:prior",
    "generate": "isobath.cli.prior:generate",
    "score": "isobath.cli.score:score",
    "pieces": "isobath.cli.pieces:pieces",
    "export-world": "isobath.cli.world:export_world",
    "render": "isobath.cli.render:render",
    "rehearse": "isobath.cli.rehearse:rehearse",
    "transfer": "isobath.cli.transfer:transfer",
    "draw": "isobath.cli.draw:draw",
    "fit": "isobath.cli.fit:fit",
    "demonstrations": "isobath.cli.demonstrations:demonstrations",
    "wekinator": "isobath.cli.wekinator:wekinator",
    "hands": "isobath.cli.hands:hands",
    "encode": "isobath.cli.coding:encode",
    "decode": "isobath.cli.coding:decode",
    "bench": "isobath.cli.bench:bench",
    "doctor": "isobath.cli.doctor:doctor",
}
"""Each command and where it is written, in the order they are shown."""


class Tree(click.Group):
    """Imports a command on demand; `isobath` alone, or with `play`'s options, plays."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name."""
        where = COMMANDS.get(cmd_name)
        if where is None:
            return None
        module, _, name = where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`isobath --port 5000` means `isobath play --port 5000`."""
        ours = {"--help", "-h", "--version"}
        if not args or (args[0].startswith("-") and args[0] not in ours):
            args = ["play", *args]
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run; tell errors of our own as a sentence on stderr."""
        try:
            return super().main(*args, **kwargs)
        except IsobathError as error:
            _tell(error)
        except BrokenPipeError:  # `isobath models | head`
            sys.stderr.close()
            sys.exit(0)


def _tell(error: IsobathError) -> NoReturn:
    click.echo(f"isobath: {error}", err=True)
    sys.exit(2 if isinstance(error, UsageError) else 1)


@click.group(cls=Tree, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="isobath")
def isobath() -> None:
    """A playable instrument for latent models of sound.

    Without a command, opens the instrument in the browser.
    """
