"""`isobath pieces`."""

import json

import pytest

from isobath.library.library import Library
from tests.library.pieces import piece


@pytest.fixture
def kept(home):
    with Library.open(home) as library:
        return library.pieces.add(piece(name="Étude", demonstrations=2, takes=1))


def test_pieces_are_listed(run, kept):
    assert "Étude" in run("pieces", "list").stdout
    (line,) = [each for each in json.loads(run("pieces", "list", "--json").stdout) if not each["example"]]
    assert (line["id"], line["takes"]) == (kept.id, 1)


def test_a_piece_leaves_and_comes_back(run, kept, tmp_path):
    file = tmp_path / "etude.isobath"
    assert run("pieces", "export", "étude", "-o", file).exit_code == 0
    back = json.loads(run("pieces", "import", file, "--json").stdout)
    assert back["name"] == "Étude"
    assert back["id"] != kept.id


def test_the_trash_is_only_a_trash(run, kept):
    assert run("pieces", "trash", "Étude").exit_code == 0
    assert "Étude" not in run("pieces", "list").stdout
    assert "in the trash" in run("pieces", "list", "--trash").stdout
    assert run("pieces", "restore", kept.id).exit_code == 0
    assert "Étude" in run("pieces", "list").stdout


def test_the_trash_is_emptied_only_when_it_is_meant(run, kept, home):
    with Library.open(home) as library:
        gone = library.pieces.add(piece("another", name="Gone", takes=1))
        library.pieces.trash(gone.id)
    asked = run("pieces", "empty-trash")
    assert '"Gone"' in asked.stdout
    assert asked.exit_code == 1
    assert "Gone" in run("pieces", "list", "--trash").stdout
    assert run("pieces", "empty-trash", "--yes").stdout == "1 deleted.\n"
    left = run("pieces", "list", "--trash").stdout
    assert "Gone" not in left
    assert kept.name in left
    assert run("pieces", "empty-trash").stdout == "The trash is empty.\n"


def test_a_piece_that_is_not_there_is_named_with_those_that_are(run, kept):
    result = run("pieces", "export", "nothing")
    assert result.exit_code == 1
    assert '"nothing"' in result.stderr
    assert f'"{kept.name}"' in result.stderr


def test_a_file_that_is_no_piece_is_refused(run, tmp_path):
    (tmp_path / "x.isobath").write_text("hello")
    result = run("pieces", "import", tmp_path / "x.isobath")
    assert result.exit_code == 1
    assert "not an Isobath piece" in result.stderr
