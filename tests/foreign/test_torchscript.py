"""Files of other programs open, tell what they are, and play as streams."""

from collections.abc import Iterator

import numpy as np
import pytest

from isobath.errors import ModelMismatch

torch = pytest.importorskip("torch")

from isobath.foreign.torchscript import ForeignModel, open_model  # noqa: E402

from . import fixtures  # noqa: E402


@pytest.fixture(scope="module")
def rave(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignModel]:
    with open_model(fixtures.save("rave_2", tmp_path_factory.mktemp("foreign"))) as model:
        yield model


def noise(channels: int, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, count)).astype(np.float32)


def test_it_has_the_face_of_our_own_models(rave: ForeignModel) -> None:
    assert (rave.name, rave.dims, rave.hop, rave.channels) == ("rave_2", 4, fixtures.HOP, 1)
    assert rave.sample_rate == fixtures.RATE
    assert rave.can_encode
    latent = rave.encode(noise(1, 1000))
    assert latent.shape == (4, -(-1000 // fixtures.HOP))
    assert rave.decode(latent).shape == (1, latent.shape[1] * fixtures.HOP)
    assert len(rave.loudness[0]) == 0


def test_streams_are_the_same_however_they_are_cut(rave: ForeignModel) -> None:
    sound = noise(1, 40 * fixtures.HOP)
    whole = rave.encoder()(sound)
    encoder = rave.encoder()
    cut = [
        encoder(part) for part in np.split(sound, [fixtures.HOP, 5 * fixtures.HOP, 6 * fixtures.HOP], axis=1)
    ]
    np.testing.assert_allclose(np.concatenate(cut, axis=1), whole, atol=1e-6)


def test_voices_of_a_batch_keep_their_own_past(rave: ForeignModel) -> None:
    latents = noise(2 * 4, 6).reshape(2, 4, 6)
    both = rave.decoder(batch=2)
    together = np.concatenate([both(latents[:, :, :3]), both(latents[:, :, 3:])], axis=2)
    for voice in range(2):
        np.testing.assert_allclose(together[voice], rave.decoder()(latents[voice]), atol=1e-6)


def test_a_copy_goes_on_from_the_same_past(rave: ForeignModel) -> None:
    latent = noise(4, 6)
    decoder = rave.decoder()
    decoder(latent)
    other = decoder.copy()
    np.testing.assert_array_equal(decoder(latent), other(latent))
    decoder.reset()
    assert not np.allclose(decoder(latent), other(latent))


def test_wrong_shapes_are_told(rave: ForeignModel) -> None:
    with pytest.raises(ModelMismatch, match="listens to 4 latent dimensions"):
        rave.decoder()(np.zeros((3, 1), np.float32))
    with pytest.raises(ModelMismatch, match="no method 'dream'"):
        rave.call("dream", np.zeros((3, 1), np.float32))
    with pytest.raises(ModelMismatch, match="no attribute 'colour'"):
        rave.get("colour")
