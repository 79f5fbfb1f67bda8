"""Another program's model as a voice: brought by a page, listed, described, streamed, and outlived."""

import io
import os
import signal

import msgspec
import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")

from isobath.engine.apart import Apart  # noqa: E402
from isobath.engine.controls import VoiceControls  # noqa: E402
from isobath.library.foreign import ForeignModels  # noqa: E402
from isobath.mapping import fit  # noqa: E402
from isobath.protocol.messages import Encoded, Survey, Surveyed  # noqa: E402
from isobath.protocol.piece import Demonstration, Shaping, Voice  # noqa: E402
from isobath.protocol.stream import Begin, Control, Latents, Trouble  # noqa: E402
from tests.foreign import fixtures, hostile  # noqa: E402
from tests.server.test_streams import children_of, path_of, pumps, voice_of, wait_for  # noqa: E402

pytestmark = pytest.mark.skipif(os.name == "nt", reason="foreign models do not run on Windows yet")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return fixtures.save("rave_2", tmp_path_factory.mktemp("foreign"))


@pytest.fixture
def brought(served, file):
    answer = served.post("/models?name=..%2Fmy%20rave.ts", file.read_bytes())
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_page_brings_a_model_and_plays_it(served, brought):
    assert brought["foreign"]
    assert brought["name"] == "my-rave"
    assert "runs apart" in brought["sentence"]
    with served.page() as page:
        assert [m.name for m in page.welcome.models if m.foreign] == ["my-rave"]
    with served.client() as client:
        about = client.get("/models/my-rave").json()
        assert about["runs_apart"]
        assert about["dims"] == len(about["latent"]["mean"]) == 4
        assert client.get("/models/whale").json()["parameters"] > 0
        assert client.get("/models/my-rave/decoder").status_code == 404

    latents = path_of(4, 30)
    shaping = Shaping(bias=(0.5,) * 4)
    with ForeignModels(served.library.home).open("my-rave") as model:
        offline = Apart(model)
        offline.set(VoiceControls(shaping))
        offline.reset(3)
        wanted = [offline.hop(z) for z in latents]
    with voice_of(served, "my-rave") as voice:
        voice.say(Control(shaping=shaping))
        voice.say(Begin(epoch=1, seed=3))
        voice.ask(*(Latents(1, k, z) for k, z in enumerate(latents)))
        made = voice.sound(30)
        assert all(np.array_equal(hop.audio, each) for hop, each in zip(made, wanted, strict=True))

        for worker in wait_for(_workers):  # its process dies: one sentence, and it sounds again
            os.kill(worker, signal.SIGKILL)
        voice.ask(Latents(1, 30, latents[0]))
        trouble = voice.hear()
        assert isinstance(trouble, Trouble)
        assert "stopped by itself" in trouble.sentence
        voice.ask(Latents(1, 31, latents[0]))
        assert voice.hear().frame == 31
    wait_for(lambda: not _workers())


def _workers():
    """Processes that hold a model: the children of the helpers of all pumps."""
    return {w for pump in pumps() for helper in children_of(pump) for w in children_of(helper)}


@pytest.mark.usefixtures("brought")
def test_a_sound_becomes_latents_of_a_foreign_model(served):
    wav = io.BytesIO()
    soundfile.write(wav, 0.1 * np.ones(2205), 22050, format="WAV")
    answer = served.post("/models/my-rave/encode", wav.getvalue())
    assert answer.status_code == 200, answer.text
    found = msgspec.msgpack.decode(answer.content, type=Encoded)
    assert found.dims == 4
    assert found.frames > 0


def test_a_hostile_model_is_refused_in_one_sentence(served, tmp_path):
    path = hostile.save(hostile.Writes(str(tmp_path / "target")), tmp_path / "evil.ts")
    answer = served.post("/models?name=evil.ts", path.read_bytes())
    assert answer.status_code == 400
    assert "evil.ts is not opened" in answer.json()["sentence"]
    assert not (tmp_path / "target").exists()
    assert not list(served.library.home.incoming.iterdir())


@pytest.mark.usefixtures("brought")
def test_a_new_piece_may_begin_on_it(served):
    piece = served.library.new("apart", "my-rave")
    assert piece.voices[0].model == "my-rave"
    with served.client() as client:
        file = client.get(f"/pieces/{piece.id}/export").content
    assert served.post("/pieces/import", file).json()["notes"] == []


@pytest.mark.usefixtures("brought")
def test_its_loudness_over_the_surface_is_measured_and_nothing_is_left_running(served):
    before = len(_workers())
    shown = tuple(
        Demonstration(id=str(i), point=(x,), latent=(z,) * 4)
        for i, (x, z) in enumerate(((0.1, 0.0), (0.9, 2.0)))
    )
    mapping = fit([d.point for d in shown], [d.latent for d in shown]).to_plain()
    voice = Voice(id="v", model="my-rave", demonstrations=shown, fitted=mapping)
    with served.page() as page:
        answer = page.ask(Survey(request=1, axes=1, voice="v", voices=(voice,)), Surveyed)
        assert answer.sentence == ""
        assert len(answer.safety.loudness) == 17
    assert len(wait_for(lambda: len(_workers()) <= before and ["none more"])) == 1
