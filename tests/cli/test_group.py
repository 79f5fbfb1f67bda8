"""The tree of commands: quick, documented, and clear when something goes wrong."""

import re
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from isobath.cli.group import COMMANDS, isobath
from isobath.mapping import Settings
from isobath.protocol.piece import MappingSettings

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def commands(group=isobath, path="isobath"):
    """Every command with its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def section_of(name):
    """What the reference says below a command's heading."""
    found = re.search(rf"^#+ {re.escape(name)}\n(.*?)(?=^#+ |\Z)", REFERENCE, flags=re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/commands.md has no heading for {name}"
    return found[1]


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_is_documented(name, command):
    section = section_of(name)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for flag in (*parameter.opts, *parameter.secondary_opts):
                assert f"`{flag}`" in section, f"{flag} of {name} is not in docs/reference/commands.md"
        elif parameter.required:
            assert parameter.metavar or parameter.name.upper() in section


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_explains_itself(name, command):
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.opts} of {name}"


def test_nothing_is_documented_that_is_not_there():
    documented = set(re.findall(r"^#+ (isobath .+)$", REFERENCE, flags=re.MULTILINE))
    assert documented == {name for name, _ in commands()}


def test_every_setting_of_a_mapping_is_documented():
    for name in (*Settings.__dataclass_fields__, *MappingSettings.__struct_fields__):
        assert f"`--{name}`" in section_of("isobath fit") or f"`{name}`" in section_of("isobath fit"), name


def test_the_page_and_python_have_the_same_settings():
    assert set(MappingSettings.__struct_fields__) == set(Settings.__dataclass_fields__)


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True)


def test_help_is_instant_and_imports_nothing_heavy():
    heavy = ("numpy", "torch", "starlette", "uvicorn", "soundfile", "sqlite3", "asyncio")
    code = (
        "import sys, click\nfrom isobath.cli.group import isobath\n"
        "isobath(['--help'], standalone_mode=False)\n"
        f"print('HEAVY', [name for name in {heavy!r} if name in sys.modules])"
    )
    python("-c", code)  # writes the byte code
    best = 9.0
    for _ in range(5):
        begun = time.perf_counter()
        result = python("-c", code)
        best = min(best, time.perf_counter() - begun)
    assert "HEAVY []" in result.stdout
    assert best < 0.6  # 0.13 s on a quiet machine


def test_importing_isobath_imports_nothing_else():
    result = python(
        "-c", "import sys, isobath; print(isobath.__version__, 'numpy' in sys.modules, dir(isobath))"
    )
    assert "False" in result.stdout
    assert "load" in result.stdout


def test_what_isobath_does_not_have_is_named():
    import isobath as package

    with pytest.raises(AttributeError, match="isobath has no 'play'"):
        _ = package.play


def test_the_public_face_is_all_there():
    import isobath as package

    for name in package.__all__:
        assert getattr(package, name)


def test_a_command_that_is_not_there_is_wrong_use(run):
    result = run("sing")
    assert result.exit_code == 2
    assert "No such command 'sing'" in result.stderr


def test_a_failure_is_one_sentence_without_a_traceback():
    result = python("-m", "isobath.cli", "info", "piano")
    assert result.returncode == 1
    assert result.stdout == ""
    assert re.fullmatch(r"isobath: There is no model 'piano' in the library\. .+\n", result.stderr)


def test_wrong_use_is_answered_with_2():
    result = python("-m", "isobath.cli", "play", "--host", "192.0.2.1", "--no-browser")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("isobath: Cannot listen on 192.0.2.1")


def test_options_without_a_command_are_those_of_play(run):
    result = run("--port", "nonsense")
    assert result.exit_code == 2
    assert "isobath play" in result.stderr


def test_the_version_is_told(run):
    from isobath import __version__

    assert __version__ in run("--version").stdout


def test_every_command_in_the_table_can_be_imported():
    context = click.Context(isobath)
    assert all(isobath.get_command(context, name) is not None for name in COMMANDS)
