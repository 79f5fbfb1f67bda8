"""Weka's attribute-relation files, as Wekinator keeps its examples in (https://waikato.github.io/weka-wiki).

Dense rows of numbers and of classes; what a row has no value for is `?`. Nothing here trusts the
file: it is read line by line, within limits, and whatever does not fit is a sentence.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from isobath.errors import MappingError
from isobath.mapping.exchange.examples import Examples

MOST_ATTRIBUTES = 4096
MOST_ROWS = 1_000_000
ABOUT = ("id", "time", "training round")
"""Columns that Wekinator keeps about each example and does not learn from."""
LARGEST = 1e12

_NAME = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+)\s*(.*)$""", re.DOTALL)


@dataclass(frozen=True)
class Attribute:
    """A column: numbers (`classes` empty), named classes, or `other` (dates and text)."""

    name: str
    classes: tuple[str, ...] = ()
    other: bool = False


def read_arff(
    name: str,
    text: str,
    outputs: Sequence[str] | int | None = None,
    inputs: Sequence[str] | None = None,
) -> Examples:
    """The examples in a file. `outputs` names the output columns, or says how many of the last ones are.

    None: those called outputs-1, outputs-2, ... or latent1, latent2, ... `inputs` names the inputs;
    None: all other columns but those that Wekinator keeps about each example. Raises MappingError.
    """
    attributes, lines = _head(name, text)
    columns = [i for i, one in enumerate(attributes) if not (one.other or one.name.lower() in ABOUT)]
    chosen = _outputs(name, attributes, columns, outputs)
    heard = (
        [i for i in columns if i not in chosen]
        if inputs is None
        else _outputs(name, attributes, columns, list(inputs))
    )
    for i in heard:
        if attributes[i].classes:
            raise MappingError(
                f"{name} has the classes {', '.join(attributes[i].classes[:4])} as input "
                f'"{attributes[i].name}". An input is a number; if this is an output, name it as one.'
            )
    if not heard:
        raise MappingError(
            f"{name} has no inputs, only {len(chosen)} outputs. Say which columns are outputs."
        )
    rows = [_row(name, number, line, attributes) for number, line in lines]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(attributes))
    rounds = next((i for i, one in enumerate(attributes) if one.name.lower() == "training round"), None)
    return Examples(
        tuple(attributes[i].name for i in heard),
        tuple(attributes[i].name for i in chosen),
        table[:, heard],
        table[:, chosen],
        tuple(len(attributes[i].classes) for i in chosen),
        tuple(0 if rounds is None or not math.isfinite(v := row[rounds]) else int(v) for row in rows),
    )


def _head(name: str, text: str) -> tuple[list[Attribute], list[tuple[int, str]]]:
    attributes: list[Attribute] = []
    lines: list[tuple[int, str]] = []
    data = False
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("%"):
            continue
        if data:
            lines.append((number, line))
            if len(lines) > MOST_ROWS:
                raise MappingError(f"{name} has more than {MOST_ROWS} rows. Thin the recording out first.")
            continue
        word, _, rest = line.partition(" ") if " " in line else line.partition("\t")
        keyword = word.lower()
        if keyword == "@attribute":
            attributes.append(_attribute(name, number, rest))
            if len(attributes) > MOST_ATTRIBUTES:
                raise MappingError(f"{name} has more than {MOST_ATTRIBUTES} columns.")
        elif keyword == "@data":
            data = True
        elif keyword != "@relation":
            raise MappingError(f'{name}, line {number}, is no line of an ARFF file ("{line[:40]}").')
    if not data or not attributes:
        raise MappingError(f"{name} is no whole ARFF file: it has no @attribute or no @data line.")
    return attributes, lines


def _attribute(name: str, number: int, rest: str) -> Attribute:
    found = _NAME.match(rest)
    if found is None or not found[2].strip():
        raise MappingError(f"{name}, line {number}, has an @attribute without a name or a kind.")
    label, kind = unquote(found[1]), found[2].strip()
    if kind.startswith("{"):
        if not kind.endswith("}"):
            raise MappingError(f"{name}, line {number}, has classes without a closing brace.")
        classes = tuple(unquote(one) for one in _split(kind[1:-1]))
        return Attribute(label, classes=tuple(dict.fromkeys(classes)))
    word = kind.split(None, 1)[0].lower()
    if word in {"numeric", "real", "integer"}:
        return Attribute(label)
    if word in {"date", "string"}:
        return Attribute(label, other=True)
    raise MappingError(f'{name}, line {number}, has a column of kind "{kind[:40]}", which cannot be read.')


def unquote(token: str) -> str:
    """Without quotes and their backslashes."""
    token = token.strip()
    if len(token) > 1 and token[0] == token[-1] and token[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    return token


def _split(line: str) -> list[str]:
    """At commas that stand outside quotes."""
    if "'" not in line and '"' not in line:
        return [cell.strip() for cell in line.split(",")]
    cells: list[str] = []
    start, within, escaped = 0, "", False
    for at, letter in enumerate(line):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = bool(within)
        elif within:
            within = "" if letter == within else within
        elif letter in "'\"":
            within = letter
        elif letter == ",":
            cells.append(line[start:at].strip())
            start = at + 1
    return [*cells, line[start:].strip()]


def _row(name: str, number: int, line: str, attributes: list[Attribute]) -> list[float]:
    if line.startswith("{"):
        raise MappingError(f"{name}, line {number}, is a sparse row. Save the file with whole rows.")
    cells = _split(line)
    if len(cells) != len(attributes):
        raise MappingError(
            f"{name}, line {number}, has {len(cells)} values, but there are {len(attributes)} columns."
        )
    return [_value(name, number, cell, one) for cell, one in zip(cells, attributes, strict=True)]


def _value(name: str, number: int, cell: str, attribute: Attribute) -> float:
    if cell == "?" or attribute.other:
        return math.nan
    word = unquote(cell)
    try:
        value = float(word)
    except ValueError:
        if word in attribute.classes:
            return float(attribute.classes.index(word))
        raise MappingError(
            f'{name}, line {number}, has "{word[:40]}" as "{attribute.name}", no number to learn from.'
        ) from None
    if attribute.classes and word not in attribute.classes:
        raise MappingError(f'{name}, line {number}, has the unknown class {word} as "{attribute.name}".')
    if abs(value) > LARGEST:
        return math.nan
    return value


def _outputs(
    name: str, attributes: list[Attribute], columns: list[int], wanted: Sequence[str] | int | None
) -> list[int]:
    by_name = {attributes[i].name: i for i in columns}
    if isinstance(wanted, int):
        if not 0 < wanted < len(columns):
            raise MappingError(
                f"{name} has {len(columns)} columns to learn from; {wanted} of them cannot be outputs."
            )
        return columns[-wanted:]
    if wanted is None:
        chosen = [i for i in columns if re.fullmatch(r"(outputs-|latent)\d+", attributes[i].name)]
        if not chosen:
            raise MappingError(
                f"{name} does not say which of its {len(columns)} columns are outputs. Say how many of the "
                "last ones are: --outputs 2."
            )
        return chosen
    missing = [one for one in wanted if one not in by_name]
    if missing:
        raise MappingError(f'{name} has no column "{missing[0]}". It has: {", ".join(by_name)[:200]}.')
    return [by_name[one] for one in wanted]


def write_arff(examples: Examples) -> str:
    """The file as Wekinator writes its own, ready to be opened there."""
    lines = ["@relation dataset", "", "@attribute ID numeric"]
    lines += ["@attribute Time date 'yyyy/MM/dd HH:mm:ss:SSS'", "@attribute 'Training round' numeric"]
    lines += [f"@attribute {quote(one)} numeric" for one in examples.inputs]
    for label, classes in zip(examples.outputs, examples.classes, strict=True):
        kind = "numeric" if not classes else "{" + ",".join(str(i) for i in range(classes)) + "}"
        lines.append(f"@attribute {quote(label)} {kind}")
    lines += ["", "@data"]
    now = datetime.now(UTC)
    stamp = now.strftime("%Y/%m/%d %H:%M:%S:") + f"{now.microsecond // 1000:03d}"
    for number, (point, target) in enumerate(zip(examples.points, examples.targets, strict=True), start=1):
        cells = [str(number), f"'{stamp}'", str(examples.rounds[number - 1])]
        cells += [_written(value) for value in point]
        cells += [
            _written(value) if not classes or not math.isfinite(value) else str(int(value))
            for value, classes in zip(target, examples.classes, strict=True)
        ]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _written(value: float) -> str:
    if not math.isfinite(value):
        return "?"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def quote(label: str) -> str:
    """A name as ARFF has it: quoted where it holds anything but letters, digits and a few signs."""
    if re.fullmatch(r"[A-Za-z0-9_.\-/]+", label):
        return label
    escaped = re.sub(r"[\r\n\t]", " ", label).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
