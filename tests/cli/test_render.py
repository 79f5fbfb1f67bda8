"""`isobath render`."""

import json

import msgspec
import numpy as np
import pytest
import soundfile

from isobath.library.library import Library
from isobath.models.coder import bundled, load
from isobath.models.prior import write_prior
from isobath.protocol.piece import Source
from tests.library.pieces import piece, take
from tests.models.test_prior import ABOUT, tensors


@pytest.fixture
def model():
    return load(next(iter(bundled())))


@pytest.fixture
def kept(home, model):
    """A piece on a bundled model with two demonstrations and two takes of half a second."""
    from isobath.mapping import fit

    shown = piece(name="Étude", model=model.name, demonstrations=2)
    latents = [[-1.0] * model.dims, [1.0] * model.dims]
    demonstrations = tuple(
        msgspec.structs.replace(each, latent=tuple(latents[i]))
        for i, each in enumerate(shown.voices[0].demonstrations)
    )
    mapping = fit([each.point for each in demonstrations], latents).to_plain()
    voice = msgspec.structs.replace(shown.voices[0], demonstrations=demonstrations, fitted=mapping)
    takes = tuple(msgspec.structs.replace(take(name, 80), name=name) for name in ("first", "second"))
    with Library.open(home) as library:
        return library.pieces.add(msgspec.structs.replace(shown, voices=(voice,), takes=takes))


def test_a_take_becomes_a_file_and_the_same_file_every_time(run, kept, tmp_path, model):
    answer = json.loads(run("render", "Étude", "-o", tmp_path / "a.wav", "--json").stdout)
    assert (answer["take"], answer["sample_rate"]) == ("second", model.sample_rate)
    run("render", kept.id, "--take", "second", "-o", tmp_path / "b.wav")
    a, rate = soundfile.read(tmp_path / "a.wav")
    b, _ = soundfile.read(tmp_path / "b.wav")
    np.testing.assert_array_equal(a, b)
    assert len(a) / rate == pytest.approx(answer["seconds"])
    assert 1e-3 < np.abs(a).max() <= 10 ** (-1 / 20)


def test_a_piece_file_is_rendered_without_being_kept(run, home, kept, tmp_path):
    run("pieces", "export", kept.id, "-o", tmp_path / "etude.isobath")
    run("pieces", "trash", kept.id)
    result = run("render", tmp_path / "etude.isobath", "-o", tmp_path / "a.flac")
    assert result.exit_code == 0, result.stderr
    assert soundfile.info(tmp_path / "a.flac").subtype == "PCM_24"
    with Library.open(home) as library:
        assert library.pieces.list() == ()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nothing", "-o", "a.wav"), '"nothing"'),
        (("Étude", "-t", "third", "-o", "a.wav"), "first"),
        (("Étude", "-o", "a.mp3"), ".wav or .flac"),
        (("Étude", "-o", "nowhere/a.wav"), "nowhere"),
    ],
)
@pytest.mark.usefixtures("kept")
def test_what_cannot_be_rendered_is_told(run, monkeypatch, tmp_path, arguments, says):
    monkeypatch.chdir(tmp_path)
    result = run("render", *arguments)
    assert result.exit_code == 1
    assert says in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_voice_that_dreams_is_rendered_and_one_that_cannot_is_told(run, home, kept, tmp_path, model):
    with Library.open(home) as library:
        shown = library.read(kept.id)
        voice = msgspec.structs.replace(shown.voices[0], source=Source(kind="prior", seed=5))
        again = library.pieces.add(msgspec.structs.replace(shown, name="Dream", voices=(voice,)))
    (home.models / f"{model.name}.prior").write_bytes(b"no prior")
    refused = run("render", again.id, "-o", tmp_path / "a.wav")
    assert refused.exit_code != 0
    assert "not a whole prior" in refused.stderr
    about = msgspec.structs.replace(ABOUT, model=model.name, dims=model.dims, hop=model.hop)
    write_prior(home.models / f"{model.name}.prior", about, tensors(about))
    result = run("render", again.id, "-o", tmp_path / "a.wav")
    assert result.exit_code == 0, result.stderr
    run("render", kept.id, "-o", tmp_path / "b.wav")
    dreamt, mapped = (soundfile.read(tmp_path / name)[0] for name in ("a.wav", "b.wav"))
    assert np.abs(dreamt).max() > 1e-3
    assert np.abs(dreamt - mapped).max() > 1e-3
