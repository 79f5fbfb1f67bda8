"""Runs commands in this process, against a library of their own."""

import os
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from isobath.cli.group import isobath
from isobath.library.home import Home


@pytest.fixture
def home(monkeypatch):
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="isobath-test-", dir=memory) as folder:
        monkeypatch.setenv("ISOBATH_HOME", folder)
        yield Home(Path(folder))


@pytest.fixture
def run(home):  # noqa: ARG001  the commands find it in the environment
    """`run("models", "--json")` gives the result: exit_code, stdout, stderr."""

    def run(*arguments):
        return CliRunner().invoke(isobath, [str(each) for each in arguments], prog_name="isobath")

    return run
