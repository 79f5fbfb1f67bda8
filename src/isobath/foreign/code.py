"""The program text in a TorchScript archive, parsed and never run.

TorchScript prints a narrow subset of Python. Two parsers may disagree about the rest of Python (what
ends a line, what is a comment, which prefixes a string may have), and a text that means one thing
to the reader here and another to torch could smuggle a call past the gate. So a scanner goes first: plain
ASCII, simple strings, no comments, no continuation lines, no statements that TorchScript does not
print. It also bounds nesting, because Python's own parser recurses.
"""

from __future__ import annotations

import ast
import re
from typing import Any

DEEPEST = 120
"""Brackets, operators and dots inside each other in one expression."""

_TOKEN = re.compile(
    r"""(?P<space>[ ]+)
      | (?P<newline>\n)
      | (?P<string>"(?:[^"\\\n]|\\["'\\abfnrtv0-7]|\\x[0-9a-fA-F]{2})*"
                 | '(?:[^'\\\n]|\\["'\\abfnrtv0-7]|\\x[0-9a-fA-F]{2})*')
      | (?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?j?|\.[0-9]+(?:[eE][+-]?[0-9]+)?j?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<open>[(\[{])
      | (?P<close>[)\]}])
      | (?P<comma>[,:=])
      | (?P<operator>->|\*\*|//|<<|>>|[=!<>]=|[-+*/%<>&|^~.])""",
    re.VERBOSE,
)
_WORDS = {"not", "if", "else", "and", "or", "in", "is"}
_REFUSED = {
    "lambda",
    "elif",
    "async",
    "await",
    "yield",
    "exec",
    "eval",
    "global",
    "nonlocal",
    "try",
    "except",
    "finally",
    "from",
    "match",
}


class CodeRefused(ValueError):
    """Why a program text is not looked at any further; a part of a sentence."""


def scan(path: str, text: str) -> None:
    """Refuse a text that another parser could read differently, or that is nested too deeply."""
    if not text.isascii():
        raise CodeRefused(f"its program text {path} holds letters that TorchScript does not write")
    at, line, size = 0, 1, len(text)
    pending = [0]
    total = 0
    previous = ""
    while at < size:
        found = _TOKEN.match(text, at)
        if found is None:
            raise CodeRefused(
                f"its program text {path} holds {text[at]!r} in line {line}, which TorchScript never writes"
            )
        kind, token = found.lastgroup, found.group()
        at = found.end()
        if kind == "newline":
            line += 1
            if len(pending) == 1:
                total, pending = 0, [0]
        elif kind == "open":
            pending.append(0)
            total += 1
        elif kind == "close":
            if len(pending) == 1:
                raise CodeRefused(f"its program text {path} closes a bracket in line {line} that is not open")
            total -= pending.pop() + 1
        elif kind == "comma":
            total -= pending[-1]
            pending[-1] = 0
        elif kind == "operator" or token in _WORDS:
            pending[-1] += 1
            total += 1
        elif kind == "name" and token in _REFUSED and previous != ".":
            raise CodeRefused(
                f"its program text {path} uses {token!r} in line {line}, which TorchScript never writes"
            )
        elif kind == "string" and previous in ("name", "string"):  # prefixes; joined and tripled strings
            raise CodeRefused(
                f"its program text {path} has a string in line {line} as TorchScript never writes it"
            )
        if total > DEEPEST:
            raise CodeRefused(f"its program text {path} is nested more than {DEEPEST} deep in line {line}")
        if kind != "space":
            previous = "." if token == "." else str(kind)


def parse(path: str, text: str) -> ast.Module:
    """The text as a tree.

    Raises:
        CodeRefused: it is no plain TorchScript.
    """
    scan(path, text)
    try:
        return ast.parse(text, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CodeRefused(f"its program text {path} cannot be parsed") from error


def classes(path: str, text: str) -> dict[str, ast.ClassDef]:
    """The classes in a text, by the names that the list of objects has for them."""
    module = path.removesuffix(".py").replace("/", ".")
    tree = parse(path, text)
    return {f"{module}.{each.name}": each for each in tree.body if isinstance(each, ast.ClassDef)}


def final_values(found: ast.ClassDef) -> dict[str, Any]:
    """`name : Final[type] = value` of a class, where the value is a plain one."""
    values: dict[str, Any] = {}
    for each in found.body:
        match each:
            case ast.AnnAssign(
                target=ast.Name(id=name),
                annotation=ast.Subscript(value=ast.Name(id="Final")),
                value=ast.expr() as value,
            ):
                try:
                    values[name] = ast.literal_eval(value)
                except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                    continue
    return values
