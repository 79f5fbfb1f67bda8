"""How the terminal speaks: tables for people, JSON for programs, progress for those who wait."""

import sys
import time
from collections.abc import Iterable, Sequence

import click
import msgspec

as_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
"""The option that every command with an answer has."""


def print_json(answer: object) -> None:
    """An answer for a program, on stdout."""
    text = msgspec.json.format(msgspec.json.encode(answer, enc_hook=str), indent=2)
    click.echo(text.decode())


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as they need to be; numbers to the right."""
    body = [[_cell(value) for value in row] for row in rows]
    rights = [all(_is_number(row[i]) for row in body) and bool(body) for i in range(len(head))]
    widths = [max(len(line[i]) for line in [list(head), *body]) for i in range(len(head))]
    for line in [list(head), *body]:
        cells = zip(line, widths, rights, strict=True)
        click.echo("  ".join(c.rjust(w) if right else c.ljust(w) for c, w, right in cells).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in {"", "-"}
    return True


def size(count: int) -> str:
    """Bytes as a person reads them."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} GB"


class Progress:
    """A line on stderr with the time left, where someone is looking; nothing otherwise."""

    def __init__(self, what: str, whole: float, quiet: bool = False) -> None:
        self._what = what
        self._whole = max(whole, 1e-9)
        self._shown = not quiet and sys.stderr.isatty()
        self._started = time.monotonic()
        self._last = 0.0
        self._wide = 0

    def at(self, done: float) -> None:
        """Say how far it is, ten times a second at most."""
        now = time.monotonic()
        if not self._shown or (now - self._last < 0.1 and done < self._whole):
            return
        self._last = now
        share = min(1.0, done / self._whole)
        left = (now - self._started) * (1.0 / share - 1.0) if share > 0 else 0.0
        click.echo(f"\r{self._what}: {share:4.0%}, {left:.0f} s left   ", nl=False, err=True)

    def say(self, doing: str) -> None:
        """Say what is being done, where its length is not known."""
        if self._shown:
            line = f"{self._what}: {doing}"
            click.echo(f"\r{line.ljust(self._wide)}", nl=False, err=True)
            self._wide = len(line)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo("\r" + " " * max(self._wide, len(self._what) + 30) + "\r", nl=False, err=True)
