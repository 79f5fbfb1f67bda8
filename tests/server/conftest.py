"""One server for all tests that leave it as they found it; a fresh one for the others."""

import os
import tempfile
from pathlib import Path

import pytest

from isobath.library.home import Home
from tests.library.modelfiles import model_bytes
from tests.server.serving import serving


def _memory():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="isobath-test-", dir=_memory()) as folder:
        yield Home(Path(folder) / "home")


def _with_model(home):
    home.make()
    (home.models / "whale.safetensors").write_bytes(model_bytes("whale"))
    return home


@pytest.fixture(scope="session")
def static():
    with tempfile.TemporaryDirectory(prefix="isobath-test-") as folder:
        page = Path(folder)
        (page / "assets").mkdir()
        (page / "index.html").write_text("<!doctype html><title>the page</title>")
        (page / "assets" / "main-abc.js").write_text("export {};")
        (page / "assets" / "kernel-abc.wasm").write_bytes(b"\0asm\1\0\0\0")
        yield page


@pytest.fixture(scope="session")
def shared(static):
    with tempfile.TemporaryDirectory(prefix="isobath-test-", dir=_memory()) as folder:
        home = _with_model(Home(Path(folder) / "home"))
        with serving(home, static) as served:
            yield served


@pytest.fixture
def served(home, static):
    with serving(_with_model(home), static) as served:
        yield served
