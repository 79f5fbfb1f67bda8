"""A library in a folder of its own."""

import os
import tempfile
from pathlib import Path

import pytest

from isobath.library.home import Home
from isobath.library.library import Library


@pytest.fixture
def quick_folder(tmp_path):
    """A folder in memory where there is one: what a flush costs is not what is tested here."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="isobath-test-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def home(quick_folder):
    return Home(quick_folder / "home")


@pytest.fixture
def library(home):
    with Library.open(home) as opened:
        yield opened
