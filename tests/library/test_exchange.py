"""A piece leaves as one file and comes back the same, whatever a stranger put into the file."""

import io
import json
import zipfile

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isobath.errors import IsobathError, PieceDamaged, PieceNewer
from isobath.library import exchange
from isobath.library.home import Home
from isobath.library.library import Library
from tests.library.modelfiles import model_bytes
from tests.library.pieces import piece


def archive(**entries):
    """A zip of these entries; `__` in a name stands for a dot, `_S_` for a slash."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in entries.items():
            out.writestr(name.replace("_S_", "/").replace("__", "."), data)
    target.seek(0)
    return target


def test_a_piece_comes_back_as_it_left(library):
    kept = library.pieces.add(piece(demonstrations=3, takes=2, fitted={"format": 1, "bias": [0.1, 1 / 3]}))
    data = library.export(kept.id, "0.1")
    library.pieces.erase(kept.id)
    back, _ = library.import_(io.BytesIO(data))
    assert back == kept


def test_a_piece_that_is_here_already_comes_in_beside_itself(library):
    kept = library.pieces.add(piece())
    back, _ = library.import_(io.BytesIO(library.export(kept.id, "0.1")))
    assert back.id != kept.id
    assert len(library.pieces.list()) == 2


def test_a_whole_document_has_the_models_that_come_with_isobath_too(library):
    bundled = next(model for model in library.models.all() if model.bundled)
    kept = library.pieces.add(piece(model=bundled.name))
    for whole in (False, True):
        with zipfile.ZipFile(io.BytesIO(library.export(kept.id, "0.1", whole=whole))) as file:
            assert (f"models/{bundled.sha256}.safetensors" in file.namelist()) == whole
    back, notes = library.import_(io.BytesIO(library.export(kept.id, "0.1", whole=True)))
    assert back.voices[0].model == bundled.name
    assert notes == ()


def test_a_model_of_ones_own_travels_along(library, quick_folder):
    name = library.models.add(model_bytes("whale")).name
    kept = library.pieces.add(piece(model=name))
    data = library.export(kept.id, "0.1")
    with Library.open(Home(quick_folder / "elsewhere")) as other:
        back, notes = other.import_(io.BytesIO(data))
        assert notes == ()
        assert (
            other.models.get(back.voices[0].model).summary.sha256 == library.models.get(name).summary.sha256
        )


def test_a_model_whose_name_is_taken_by_another_gets_a_new_one_and_the_piece_knows(library, quick_folder):
    name = library.models.add(model_bytes("whale")).name
    data = library.export(library.pieces.add(piece(model=name)).id, "0.1")
    with Library.open(Home(quick_folder / "elsewhere")) as other:
        other.models.add(model_bytes("whale", seed=7))
        back, _ = other.import_(io.BytesIO(data))
        played = back.voices[0].model
        assert played != "whale"
        assert other.models.get(played).summary.sha256 == library.models.get(name).summary.sha256


def test_a_model_that_is_missing_is_named(library):
    data = library.export(library.pieces.add(piece(model="nowhere")).id, "0.1")
    _, notes = library.import_(io.BytesIO(data))
    assert "nowhere" in notes[0]


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (io.BytesIO(b""), "not an Isobath piece"),
        (io.BytesIO(b"RIFF....WAVE"), "not an Isobath piece"),
        (archive(readme__txt="hello"), "no piece.json"),
        (archive(piece__json="[1, 2"), "cannot be read"),
        (archive(piece__json='{"id": 3}'), "cannot be read"),
        (archive(piece__json='{"id": "a", "name": "b"}', manifest__json="nonsense"), "manifest"),
        (archive(**{f"f{i}": "x" for i in range(exchange.ENTRIES + 1)}), "entries"),
        (archive(piece__json='{"id": "../../x", "name": "b"}'), "no usable id"),
        (archive(piece__json='{"id": "a", "name": "b", "master": {"gain_db": 1e999}}'), "cannot be read"),
    ],
)
def test_what_is_no_piece_is_refused_with_a_sentence(library, file, says):
    with pytest.raises(PieceDamaged, match=says):
        library.import_(file)
    assert library.pieces.list() == ()


def test_a_piece_from_a_newer_isobath_is_refused_even_if_it_makes_no_sense_here(library):
    with pytest.raises(PieceNewer, match="newer Isobath"):
        library.import_(archive(piece__json='{"format": 7, "name": "Later", "shape": "unknown"}'))


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(library, monkeypatch):
    monkeypatch.setattr(exchange, "PIECE_BYTES", 2_000_000)
    bomb = archive(piece__json=b" " * 50_000_000)
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(PieceDamaged, match="unpacks to more than"):
        library.import_(bomb)


def test_entries_that_name_paths_write_nothing(library, quick_folder):
    before = set(quick_folder.rglob("*"))
    good = msgspec.json.encode(piece())
    manifest = json.dumps({"models": [{"name": "m", "sha256": "../../evil", "embedded": True}]})
    file = archive(
        **{"piece.json": good, "manifest.json": manifest, "models/../../evil.safetensors": "x", "/etc/x": "x"}
    )
    with pytest.raises(PieceDamaged, match="damaged"):
        library.import_(file)
    assert set(quick_folder.rglob("*")) == before


def test_an_embedded_model_that_is_none_is_left_out_and_the_piece_still_opens(library):
    import hashlib

    fake = b"not a model at all"
    sha = hashlib.sha256(fake).hexdigest()
    manifest = json.dumps({"models": [{"name": "m", "sha256": sha, "embedded": True}]})
    file = archive(
        **{
            "piece.json": msgspec.json.encode(piece(model="m")),
            "manifest.json": manifest,
            f"models/{sha}.safetensors": fake,
        }
    )
    back, notes = library.import_(file)
    assert library.pieces.read(back.id).name == "Piece"
    assert "left out" in notes[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_damaged_anywhere_is_refused_or_read_but_never_stumbled_over(library, data):
    whole = bytearray(
        archive(piece__json=msgspec.json.encode(piece(takes=1)), manifest__json="{}").getvalue()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(whole)))
    try:
        library.import_(io.BytesIO(bytes(whole[:cut])))
    except IsobathError as error:
        sentence = str(error)
    else:
        sentence = "It was read."
    assert sentence.endswith(".")
