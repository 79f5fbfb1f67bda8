"""Every setting of a piece is documented."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from isobath.protocol import controllers, piece, world

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
STRUCTS = {
    value
    for module in (piece, controllers, world)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, msgspec.Struct)
}
STRUCTS = sorted(STRUCTS, key=lambda each: each.__name__)


def section(heading: str) -> str:
    found = re.search(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/settings.md has no heading for {heading}"
    return found[1]


def rows(struct: str) -> dict[str, str]:
    """The default that the page tells for each setting."""
    told = {}
    for names, default in re.findall(r"^\|([^|]+)\|([^|]*)\|", section(struct), flags=re.MULTILINE):
        settings = re.findall(r"`(\w+)`", names)
        defaults = [each.strip(" `") for each in default.split(",")]
        several = defaults if len(defaults) > 1 else defaults * len(settings)
        told.update(zip(settings, several, strict=False))
    return told


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda each: each.__name__)
def test_every_setting_is_documented_and_no_other(struct: type[msgspec.Struct]) -> None:
    assert set(rows(struct.__name__)) == set(struct.__struct_fields__)


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda each: each.__name__)
def test_numbers_and_switches_have_the_default_that_is_told(struct: type[msgspec.Struct]) -> None:
    told = rows(struct.__name__)
    for field in msgspec.structs.fields(struct):
        default: Any = field.default
        if isinstance(default, bool):
            assert told[field.name] == ("on" if default else "off"), field.name
        elif isinstance(default, int | float) and field.name != "format":
            assert float(told[field.name].replace("−", "-")) == default, field.name


def test_every_variable_of_the_environment_that_is_read_is_documented() -> None:
    root = Path(__file__).parents[2]
    files = [*(root / "src").rglob("*.py"), root / "hatch_build.py", root / "kernel" / "build.py"]
    read = re.compile(r"environ(?:\.get|\.setdefault)?[\[(]\"([A-Z_]+)\"")
    found = {name for path in files for name in read.findall(path.read_text(encoding="utf-8"))}
    found |= set(
        re.findall(r"^VARIABLE = \"(\w+)\"", "\n".join(p.read_text() for p in files), flags=re.MULTILINE)
    )
    told = set(re.findall(r"^\| `([A-Z_]+)`", section("Environment"), flags=re.MULTILINE))
    assert told == found - {"PATH", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
