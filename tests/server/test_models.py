"""Models over HTTP, and sounds made latents."""

import io

import msgspec
import numpy as np
import pytest
import soundfile

from isobath.models.coder import Model
from isobath.models.description import read
from isobath.models.prior import write_prior
from isobath.protocol.messages import Encoded, Models, ModelSummary
from isobath.server import models as routes
from tests.library.modelfiles import model_bytes
from tests.models.test_prior import ABOUT, tensors
from tests.server.serving import serving


def tone(seconds=0.5, rate=22050, channels=1):
    t = np.arange(int(seconds * rate)) / rate
    return np.repeat((0.3 * np.sin(2 * np.pi * 220 * t))[:, None], channels, axis=1).astype(np.float32)


def sound_file(audio, rate=22050, kind="WAV"):
    target = io.BytesIO()
    soundfile.write(target, audio, rate, format=kind, subtype="FLOAT" if kind == "WAV" else None)
    return target.getvalue()


@pytest.fixture(scope="module")
def whale(shared):
    return Model(*read(shared.library.models.get("whale").path))


def test_the_list_is_what_the_library_has(shared):
    with shared.client() as client:
        listed = msgspec.json.decode(client.get("/models").content, type=tuple[ModelSummary, ...])
    assert listed == shared.library.playable()
    assert [each for each in listed if not each.bars] == list(shared.library.models.all())


def test_a_description_says_what_the_page_needs(shared, whale):
    with shared.client() as client:
        told = client.get("/models/whale").json()
    assert (told["name"], told["hop"], told["dims"]) == ("whale", whale.hop, whale.dims)
    assert len(told["latent"]["percentiles"]["values"]) == whale.dims
    assert told["loudness"] is None
    assert "decoder" not in told


@pytest.mark.parametrize("part", ["decoder", "encoder"])
def test_the_kernel_gets_the_bytes_it_would_get_here(shared, whale, part):
    with shared.client() as client:
        answer = client.get(f"/models/whale/{part}")
        assert answer.content == whale.blob(encoder=part == "encoder", decoder=part == "decoder")
        again = client.get(f"/models/whale/{part}", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_prior_is_offered_and_sent_where_there_is_one(shared, whale):
    with shared.client() as client:
        assert client.get("/models/whale/prior").status_code == 404
        about = msgspec.structs.replace(ABOUT, model="whale", dims=whale.dims, hop=whale.hop)
        place = shared.library.home.models / "whale.prior"
        try:
            write_prior(place, about, tensors(about))
            assert client.get("/models/whale/prior").content == place.read_bytes()
            assert next(each for each in client.get("/models").json() if each["name"] == "whale")["dreams"]
            place.write_bytes(b"no prior")
            assert "prior" in client.get("/models/whale/prior").json()["sentence"]
        finally:
            place.unlink(missing_ok=True)


def test_a_model_or_part_that_is_not_there_is_told(shared):
    with shared.client() as client:
        assert client.get("/models/piano").status_code == 404
        assert "'piano'" in client.get("/models/piano/decoder").json()["sentence"]
        assert client.get("/models/whale/lid").status_code == 400


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF"])
def test_a_sound_becomes_latents(shared, whale, kind):
    data = sound_file(tone(), kind=kind)
    answer = shared.post("/models/whale/encode?name=tone.wav", data)
    assert answer.status_code == 200
    encoded = msgspec.msgpack.decode(answer.content, type=Encoded)
    latents = np.frombuffer(encoded.latents, "<f4").reshape(encoded.frames, encoded.dims)
    assert (encoded.name, encoded.hop, encoded.truncated) == ("tone.wav", whale.hop, False)
    assert encoded.seconds == pytest.approx(0.5, abs=0.01)
    if kind == "WAV":
        np.testing.assert_array_equal(latents.T, whale.encode(tone().T))


def test_another_rate_and_more_channels_are_brought_to_the_models(shared, whale):
    answer = shared.post("/models/whale/encode", sound_file(tone(1.0, 48000, 2), 48000))
    encoded = msgspec.msgpack.decode(answer.content, type=Encoded)
    assert encoded.frames == pytest.approx(22050 / whale.hop, abs=2)


def test_a_stereo_recording_is_heard_by_a_mono_model_as_its_mean(shared, whale):
    left, right = tone(), 0.5 * tone()
    data = sound_file(np.concatenate([left, right], axis=1))
    encoded = msgspec.msgpack.decode(shared.post("/models/whale/encode", data).content, type=Encoded)
    latents = np.frombuffer(encoded.latents, "<f4").reshape(encoded.frames, encoded.dims)
    np.testing.assert_allclose(latents.T, whale.encode((left + right).T / 2), atol=1e-4)


def test_a_long_sound_is_encoded_from_its_beginning(shared, monkeypatch):
    from isobath.server import listen

    monkeypatch.setattr(listen, "SECONDS", 1.0)
    answer = shared.post("/models/whale/encode", sound_file(tone(3.0)))
    encoded = msgspec.msgpack.decode(answer.content, type=Encoded)
    assert encoded.truncated
    assert encoded.seconds == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (b"", 400, "empty"),
        (b"this is a letter and no sound" * 50, 415, "cannot be read as a sound"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", 415, "cannot be read as a sound"),
        (sound_file(np.zeros((0, 1), np.float32)), 415, "holds no sound"),
        (sound_file(tone(channels=70)), 415, "70 channels"),
    ],
    ids=["0 bytes", "text", "cut off", "0 samples", "70 channels"],
)
def test_what_is_no_sound_is_told(shared, data, status, says):
    answer = shared.post("/models/whale/encode?name=letter.txt", data)
    assert answer.status_code == status
    assert says in answer.json()["sentence"]
    assert list(shared.library.home.incoming.iterdir()) == []


def test_a_sound_with_values_that_are_no_numbers_is_played_without_them(shared):
    audio = tone()
    audio[100:120] = np.nan
    answer = shared.post("/models/whale/encode", sound_file(audio))
    assert np.isfinite(
        np.frombuffer(msgspec.msgpack.decode(answer.content, type=Encoded).latents, "<f4")
    ).all()


@pytest.mark.parametrize("announced", [True, False])
def test_an_upload_that_is_too_large_is_told_and_not_kept(shared, monkeypatch, announced):
    monkeypatch.setattr(routes, "SOUND_BYTES", 200_000)
    whole = b"x" * 3_000_000
    data = whole if announced else (whole[i : i + 65536] for i in range(0, len(whole), 65536))
    answer = shared.post("/models/whale/encode", data)
    assert answer.status_code == 400
    assert "too large" in answer.json()["sentence"]
    assert list(shared.library.home.incoming.iterdir()) == []


def test_an_upload_that_breaks_off_leaves_nothing(shared):
    import socket
    import time

    with socket.create_connection(("127.0.0.1", shared.port)) as plain:
        plain.sendall(
            f"POST /models/whale/encode HTTP/1.1\r\nHost: {shared.host}\r\nOrigin: {shared.origin}\r\n"
            f"Cookie: {shared.cookie}\r\nContent-Type: application/octet-stream\r\n"
            "Content-Length: 100000\r\n\r\nRIFF".encode()
        )
        time.sleep(0.1)
    for _ in range(50):
        if not list(shared.library.home.incoming.iterdir()):
            return
        time.sleep(0.05)
    raise AssertionError("the part was kept")


def test_a_model_can_be_brought_and_every_page_is_told(served):
    with served.page() as page:
        answer = served.post("/models", model_bytes("../narwhal", seed=3))
        assert answer.json()["name"] == "narwhal"
        assert "narwhal" in [model.name for model in page.hear(Models).models]
    with served.client() as client:
        assert client.get("/models/narwhal/decoder").status_code == 200


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x80\x02}q\x00."], ids=["nothing", "zip", "pickle"])
def test_what_is_no_model_is_refused(shared, data):
    answer = shared.post("/models", data)
    assert answer.status_code == 400
    assert answer.json()["sentence"].endswith(".")


def test_a_stereo_model_and_one_without_an_encoder(home, static):
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from isobath.models.description import write
    from tests.models.small_models import small_model

    described, tensors = small_model(channels=2)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.safetensors"
        write(path, msgspec.structs.replace(described, name="mute", encoder=None), tensors)
        mute = path.read_bytes()
    with serving(home, static) as served:
        served.library.models.add(mute)
        assert served.post("/models/mute/encode", sound_file(tone())).status_code == 400
        with served.client() as client:
            assert "no encoder" in client.get("/models/mute/encoder").json()["sentence"]
            assert client.get("/models/mute/decoder").status_code == 200


def test_a_large_model_reaches_the_browser_in_whole_numbers(whale, tmp_path, monkeypatch):
    from types import SimpleNamespace

    from isobath.models.description import write
    from isobath.models.pack import pack
    from isobath.server import models as served

    path = tmp_path / "whale.safetensors"
    write(path, whale.description, whale.tensors)
    found = SimpleNamespace(path=path, summary=None)
    exact, swift = (
        pack(whale.description, whale.tensors, encoder=False, swift=each) for each in (False, True)
    )
    assert served.blob_of(found, "decoder") == exact
    monkeypatch.setattr(served, "SWIFT_BYTES", 1000)
    assert served.blob_of(found, "decoder") == swift
