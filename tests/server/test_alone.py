"""A piece as a folder: whole, alone, and nothing but itself."""

import errno
import io
import json
import zipfile
from pathlib import Path

import msgspec
import pytest

from isobath.errors import SaveError, UsageError
from isobath.library.library import Library
from isobath.protocol.messages import Opened, SoundData
from isobath.protocol.piece import Source
from isobath.server.alone import MARK, as_zip, export_alone, write_folder
from tests.library.modelfiles import model_bytes

INDEX = """<!doctype html><html><head>
    <meta charset="utf-8" />
    <meta name="description" content="Isobath" />
    <title>Isobath</title>
</head></html>
"""


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "assets" / "main-abc.js").write_text("export {};")
    return folder


@pytest.fixture
def library(home):
    home.make()
    (home.models / "whale.safetensors").write_bytes(model_bytes("whale"))
    with Library.open(home) as opened:
        yield opened


def exported(library, page, **change):
    piece = msgspec.structs.replace(library.new("Deep", "whale"), **change)
    return piece, dict(export_alone(library, piece, "0.1.0", page))


def test_everything_the_page_asks_for_is_in_the_folder(library, page):
    piece, files = exported(library, page)
    world = json.loads(files[MARK])
    assert msgspec.convert(world["opened"], type=Opened).piece == piece
    assert [model["name"] for model in world["models"]] == ["whale"]
    parts = {"models/whale/decoder/sent", "models/whale/both/sent"}
    assert set(world["files"]) == {"models/whale", *parts}
    assert all(files[file] for file in world["files"].values())
    assert json.loads(files[world["files"]["models/whale"]])["dims"] == world["models"][0]["dims"]
    assert files["assets/main-abc.js"] == b"export {};"


def test_the_page_is_told_that_it_stands_alone_and_the_name_cannot_break_it(library, page):
    _, files = exported(library, page, name='<script>"', about='a " > quote')
    index = files["index.html"].decode()
    assert f'<meta name="isobath-alone" content="{MARK}" />' in index
    assert "script-src 'self' 'wasm-unsafe-eval'" in index
    assert "<title>&lt;script&gt;&quot; · Isobath</title>" in index
    assert 'content="a &quot; &gt; quote" />' in index
    assert "<script>" not in index


def test_sounds_that_voices_play_with_come_along(library, page, tmp_path):
    import numpy as np
    import soundfile

    sound = tmp_path / "wave.wav"
    soundfile.write(sound, np.sin(np.arange(4410) / 9) / 3, 44100)
    kept = library.sounds.take_in(sound)
    voices = library.new("x", "whale").voices
    heard = msgspec.structs.replace(voices[0], source=Source(kind="sound", sound=kept.id))
    _, files = exported(library, page, voices=(heard,))
    world = json.loads(files[MARK])
    rate = world["models"][0]["sample_rate"]
    data = msgspec.msgpack.decode(files[world["files"][f"sounds/{kept.id}/{rate}"]], type=SoundData)
    assert data.sample_rate == rate
    assert data.samples == pytest.approx(4410 * rate / 44100, abs=2)
    # Beside a voice of another rate the page plays at the higher one, and asks for the sound at that.
    (library.home.models / "quick.safetensors").write_bytes(model_bytes("quick", sample_rate=2 * rate))
    beside = msgspec.structs.replace(voices[0], id="beside", model="quick")
    _, files = exported(library, page, voices=(heard, beside))
    assert f"sounds/{kept.id}/{2 * rate}" in json.loads(files[MARK])["files"]


def no_room():
    raise OSError(errno.ENOSPC, "No space left on device")


def test_an_earlier_export_is_replaced_whole_and_nothing_else_is(library, page, tmp_path, monkeypatch):
    _, files = exported(library, page)
    target = tmp_path / "site"
    write_folder(iter(files.items()), target)
    (target / "left-over").write_text("old")
    write_folder(iter(files.items()), target)
    assert not (target / "left-over").exists()
    assert (target / MARK).is_file()
    other = tmp_path / "photographs"
    other.mkdir()
    (other / "a.jpg").write_text("mine")
    with pytest.raises(SaveError, match="something else"):
        write_folder(iter(files.items()), other)
    assert [each.name for each in other.iterdir()] == ["a.jpg"]

    def broken():
        yield from list(files.items())[:1]
        raise SaveError("the disk is full")

    with pytest.raises(SaveError):
        write_folder(broken(), target)
    assert (target / MARK).is_file()
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".site-")]
    # The last step fails: the earlier export is back where it was.
    rename = Path.rename
    monkeypatch.setattr(
        Path, "rename", lambda self, to: no_room() if self.name == "new" else rename(self, to)
    )
    with pytest.raises(SaveError):
        write_folder(iter(files.items()), target)
    assert (target / MARK).is_file()


def test_a_page_that_was_not_built_is_told(library, tmp_path):
    with pytest.raises(UsageError, match="npm run build"):
        list(export_alone(library, library.new("x", "whale"), "0.1.0", tmp_path))


def test_the_server_hands_it_over_as_a_zip(shared):
    with shared.client() as client:
        id = shared.library.new("Deep", "whale").id
        answer = client.get(f"/pieces/{id}/alone")
    if answer.status_code == 200:  # a page is built here
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert MARK in archive.namelist()
    else:
        assert "npm run build" in answer.json()["sentence"]


def test_the_zip_has_what_the_folder_has(library, page):
    _, files = exported(library, page)
    with zipfile.ZipFile(io.BytesIO(as_zip(iter(files.items())))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
