"""The library as one thing."""

import os
from pathlib import Path

import msgspec
import pytest

from isobath.errors import ModelUnknown, PieceUnknown, SaveError
from isobath.library import examples
from isobath.library.home import Home, find_home
from isobath.library.library import Library
from tests.library.pieces import piece


@pytest.fixture
def example(monkeypatch):
    shown = piece(id="example-pad", name="A pad", demonstrations=2)
    monkeypatch.setattr(examples, "_all", lambda: {shown.id: shown})
    return shown


@pytest.mark.usefixtures("example")
def test_examples_are_listed_after_what_one_made(library):
    library.pieces.add(piece(id="mine"))
    assert [(line.id, line.example) for line in library.list()] == [("mine", False), ("example-pad", True)]


def test_an_example_is_opened_as_a_copy_and_stays_as_it_is(library, example):
    own = library.own(example.id)
    assert own != example.id
    copy = library.pieces.read(own)
    assert copy == msgspec.structs.replace(example, id=own)
    library.pieces.change("page", 1, msgspec.structs.replace(copy, about="changed"), "Change")
    assert library.read(example.id).about == ""


def test_an_example_can_be_duplicated_and_exported(library, example):
    assert library.duplicate(example.id).name == "A pad copy"
    assert library.export(example.id, "0.1").startswith(b"PK")


def test_every_example_that_comes_along_is_whole():
    folder = Path(examples.__file__).parent / "examples"
    assert len(examples.examples()) == len(list(folder.glob("*.json")))
    worlds = sorted(line.id for line in examples.examples() if line.world)
    assert worlds == [f"example-walk-{number}" for number in (1, 2, 3, 4)]


def test_a_new_piece_has_a_pad_and_a_voice(library):
    made = library.new("Mine")
    assert (len(made.axes), len(made.pads), len(made.voices)) == (2, 1, 1)


def test_a_new_piece_on_a_model_that_is_not_there_is_refused(library):
    with pytest.raises(ModelUnknown):
        library.new("Mine", "nothing")


def test_a_copy_of_nothing_is_refused(library):
    with pytest.raises(PieceUnknown):
        library.duplicate("nothing")


def test_the_home_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("ISOBATH_HOME", str(tmp_path / "here"))
    assert find_home() == Home(tmp_path / "here")
    monkeypatch.delenv("ISOBATH_HOME")
    assert find_home().root.name == "isobath"


def test_the_home_is_its_owners_alone(home):
    Library.open(home).close()
    assert home.root.stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_made_is_told_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SaveError, match="ISOBATH_HOME"):
        Library.open(Home(tmp_path / "file" / "home"))


def test_uploads_left_over_from_a_crash_are_swept_away(home):
    home.make()
    (home.incoming / "left.part").write_bytes(b"x")
    with Library.open(home):
        assert list(home.incoming.iterdir()) == []


def test_a_home_that_may_only_be_read_is_told_before_anything_is_played(home, monkeypatch):
    Library.open(home).close()
    refused = home.database
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != refused and allowed(path, mode))
    with pytest.raises(SaveError, match=r"may only be read.*ISOBATH_HOME"):
        Library.open(home)
