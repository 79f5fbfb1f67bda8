"""Files of other programs open, tell what they are, and play as streams."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from isobath.errors import ModelDamaged, ModelFailed, ModelMismatch, ModelRefused, UsageError

torch = pytest.importorskip("torch")

from isobath.foreign import facts  # noqa: E402
from isobath.foreign.torchscript import ForeignModel, open_model  # noqa: E402

from . import fixtures, hostile  # noqa: E402


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


@pytest.mark.parametrize("opened", ["rave_23", "not_streaming"], indirect=True)
def test_a_reconstruction_lags_by_the_delay_that_is_told(opened: ForeignModel) -> None:
    burst = np.zeros((opened.channels, 4 * opened.delay // opened.hop * opened.hop + 2048), np.float32)
    burst[:, 640:896] = noise(opened.channels, 256)
    energy = np.square(opened.decode(opened.encode(burst))).sum(axis=0).cumsum()
    middle = int(np.searchsorted(energy, 0.5 * energy[-1]))
    assert abs(middle - 768 - opened.delay) < 2 * opened.hop
    encoder, decoder = opened.encoder(), opened.decoder()
    live = np.concatenate([decoder(encoder(part)) for part in np.split(burst, [640, 1024], axis=1)], axis=1)
    np.testing.assert_allclose(live, opened.decode(opened.encode(burst)), atol=1e-5)


def test_wrong_shapes_are_told(rave: ForeignModel) -> None:
    with pytest.raises(ModelMismatch, match="listens to 4 latent dimensions"):
        rave.decoder()(np.zeros((3, 1), np.float32))
    with pytest.raises(ModelMismatch, match="no method 'dream'"):
        rave.call("dream", np.zeros((3, 1), np.float32))
    with pytest.raises(ModelMismatch, match="no attribute 'colour'"):
        rave.get("colour")


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForeignModel]:
    with open_model(fixtures.save(request.param, tmp_path)) as model:
        yield model


def row(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("opened", [name], indirect=True)


def shape(model: ForeignModel) -> tuple[int, int, int, int]:
    return model.dims, model.hop, model.input_channels, model.channels


@row("rave_1")
def test_rave_1_without_a_list_of_methods(opened: ForeignModel) -> None:
    assert {m.name for m in opened.methods} == {"encode", "encode_amortized", "decode", "forward"}
    assert opened.sample_rate == fixtures.RATE
    assert opened.description.numbers["latent_size"] == 4
    assert opened.tried("encode_amortized").arrays == 2
    sound = noise(1, 512)
    np.testing.assert_allclose(opened.call("encode_amortized", sound), opened.encode(sound), atol=1e-6)
    mean, spread = opened.call_all("encode_amortized", sound)
    assert mean.shape == spread.shape == (4, 8)


@row("rave_1_stereo")
def test_rave_1_in_stereo_has_two_channels_and_its_noise_a_seed(opened: ForeignModel) -> None:
    assert shape(opened) == (4, fixtures.HOP, 1, 2)
    assert opened.tried("decode").random
    latent = opened.encode(noise(1, 512))
    np.testing.assert_array_equal(opened.decode(latent, seed=3), opened.decode(latent, seed=3))
    assert not np.array_equal(opened.decode(latent, seed=3), opened.decode(latent, seed=4))


@row("rave_1_prior")
def test_rave_1_with_a_prior_takes_a_temperature(opened: ForeignModel) -> None:
    latent = opened.call("prior", np.ones((1, 6), np.float32), seed=1)
    assert latent.shape == (4, 6)
    assert opened.decode(latent).shape == (1, 6 * fixtures.HOP)


@pytest.mark.parametrize(
    ("opened", "expected"),
    [("rave_2", (4, 64, 1, 1)), ("rave_2_hop_16", (4, 16, 1, 1)), ("rave_2_wasserstein", (16, 64, 1, 1))],
    indirect=["opened"],
)
def test_rave_2_of_any_hop_and_size(opened: ForeignModel, expected: tuple[int, int, int, int]) -> None:
    assert shape(opened) == expected
    assert opened.attributes == ()
    assert all(tried.streams for tried in opened.description.methods)
    assert len(opened.description.low) == len(opened.description.high) == expected[0]
    assert opened.tried("encode").method.output_labels[0] == "(signal) latent dimension 0"
    assert 0 < opened.delay < 2 * expected[1]


@row("rave_23")
def test_rave_23_gives_scalars_where_lists_are_expected(opened: ForeignModel) -> None:
    assert shape(opened) == (4, fixtures.HOP, 2, 2)
    assert "prior" not in {m.name for m in opened.methods}
    assert opened.get("learn_target") == [False]
    opened.set("learn_target", True)
    assert opened.get("learn_target") == [True]
    with pytest.raises(ModelMismatch, match="does not accept reset_source = True"):
        opened.set("reset_source", True)
    with pytest.raises(ModelMismatch, match="takes 1 values"):
        opened.set("learn_target", True, False)


@row("discrete")
def test_codes_are_rounded_and_stay_within_their_table(opened: ForeignModel) -> None:
    assert opened.description.codes == 37
    latent = opened.encode(noise(1, 512))
    np.testing.assert_array_equal(latent, np.round(latent))
    wild = np.full((3, 4), 1e6, np.float32)
    np.testing.assert_array_equal(opened.decode(wild), opened.decode(np.full((3, 4), 36.2, np.float32)))
    assert np.isfinite(opened.decode(-wild)).all()


@row("discrete_patient")
def test_codes_are_known_by_the_encoder_where_the_decoder_takes_anything(opened: ForeignModel) -> None:
    assert opened.description.codes in (32, 64)


@row("spherical")
def test_angles_are_latents_like_others(opened: ForeignModel) -> None:
    assert shape(opened) == (3, fixtures.HOP, 1, 1)
    assert opened.description.codes == 0
    assert all(-3.15 <= x <= 3.15 for x in (*opened.description.low, *opened.description.high))


@row("fork")
def test_the_fork_with_more_arguments_and_nested_tuples(opened: ForeignModel) -> None:
    assert opened.tried("encode_dist").arrays == 3
    assert opened.call("encode_dist", noise(1, 256)).shape == (8, 4)
    assert [a.shape for a in opened.call_all("encode_dist", noise(1, 256))] == [(4, 4), (4, 4), (1,)]


@row("not_streaming")
def test_an_export_without_memory_is_faded_instead_of_clicking(opened: ForeignModel) -> None:
    assert not any(tried.streams for tried in opened.description.methods)
    assert any("without memory" in note for note in opened.description.notes)
    time = np.arange(1 << 15) / opened.sample_rate
    sound = (0.5 * np.sin(2 * np.pi * 100 * time))[None].astype(np.float32)
    whole = opened.call_all("forward", sound)[0]
    player = opened.player("forward")
    step = 512
    played = np.concatenate(
        [player(sound[:, at : at + step]) for at in range(0, sound.shape[1], step)], axis=1
    )
    late = player.delay
    middle = slice(1 << 13, (1 << 15) - late - 256)
    np.testing.assert_allclose(played[:, late:][:, middle], whole[:, middle], atol=0.02 * np.abs(whole).max())
    rough = np.concatenate(
        [opened.call_all("forward", part)[0] for part in np.split(sound, 64, axis=1)], axis=1
    )
    assert np.abs(np.diff(rough[0, 4096:-4096])).max() > 3 * np.abs(np.diff(played[0, 8192:-4096])).max()


@row("not_streaming_noisy")
def test_missing_memory_is_noticed_under_noise(opened: ForeignModel) -> None:
    assert opened.tried("decode").random
    assert not any(tried.streams for tried in opened.description.methods)


@row("msprior")
def test_a_prior_for_one_voice_runs_for_several(opened: ForeignModel) -> None:
    assert opened.dims == 0
    with pytest.raises(ModelMismatch, match="no method that turns latents into sound"):
        opened.decoder()
    frames = noise(8, 5).reshape(2, 4, 5)
    both = opened.player("forward", batch=2)(frames)
    assert both.shape == (2, 5, 5)
    np.testing.assert_allclose(both[1], opened.call("forward", frames[1]), atol=1e-6)
    opened.set("listen", False)
    opened.set("temperature", 0.0)
    assert np.ptp(opened.call("forward", frames[0])[0]) == 0
    with pytest.raises(ModelMismatch, match="does not accept temperature = -1"):
        opened.set("temperature", -1)
    with pytest.raises(ModelMismatch, match="kind float"):
        opened.set("temperature", "warm")


@row("after_audio")
def test_methods_that_take_one_block_size_alone(opened: ForeignModel) -> None:
    exact = {tried.method.name for tried in opened.description.methods if tried.exact}
    assert exact == {"forward", "structure", "timbre", "diffuse", "decode"}
    assert {t.block for t in opened.description.methods if t.exact} == {4 * fixtures.HOP}
    decoder = opened.decoder(batch=2)
    assert decoder.delay == 3 * fixtures.HOP
    latents = noise(8, 10).reshape(2, 4, 10)
    one = np.concatenate([decoder(latents[:, :, at : at + 1]) for at in range(10)], axis=2)
    two = opened.decoder(batch=2)(latents)
    np.testing.assert_allclose(one, two, atol=1e-6)
    assert opened.call("decode", latents[0]).shape == (1, 10 * fixtures.HOP)
    opened.set("nb_steps", 2)
    assert opened.get("nb_steps") == [2]


@row("after_midi")
def test_notes_are_signals(opened: ForeignModel) -> None:
    assert opened.methods[0].input_labels[:2] == ("pitch 1", "velocity 1")
    notes = np.zeros((7, 2205), np.float32)
    notes[0], notes[1] = 69.0, 127.0
    sound = opened.play("forward", notes)
    assert sound.shape == (1, 2205)
    assert int(np.abs(np.fft.rfft(sound[0])).argmax()) == 44  # 440 Hz in a tenth of a second


@row("vschaos")
def test_words_are_attributes_and_labels_signals(opened: ForeignModel) -> None:
    assert opened.tried("encode").block == 1024
    assert opened.get("inversion_mode") == ["keep_input"]
    opened.set("dimred", "ica", 2)
    assert opened.get("dimred") == ["ica", 2]
    with pytest.raises(ModelMismatch, match="does not accept inversion_mode"):
        opened.set("inversion_mode", "backwards")
    controls = np.zeros((5, 1024), np.float32)
    controls[4, 255] = 2.0  # the last sample of the first frame
    assert not np.allclose(
        opened.play("decode", controls)[:, :256], opened.play("decode", 0 * controls)[:, :256]
    )
    controls[4, 255], controls[4, 254] = 0.0, 2.0
    np.testing.assert_array_equal(opened.play("decode", controls), opened.play("decode", 0 * controls))


@row("looper")
def test_a_looper_keeps_what_it_heard(opened: ForeignModel) -> None:
    sound = noise(1, 1024)
    opened.set("loop_index", 1)
    player = opened.player("forward")
    first, second = player(sound[:, :512]), player(sound[:, 512:])
    np.testing.assert_array_equal(first[1], np.zeros(512))
    np.testing.assert_array_equal(second[1], sound[0, :512])
    opened.set("thru", False)
    assert not player(sound[:, :512])[0].any()
    assert opened.get("auto") == [0, 0.5]


@row("effects")
def test_eight_methods_of_any_ratio_and_all_kinds_of_attributes(opened: ForeignModel) -> None:
    assert len(opened.methods) == 8
    assert opened.sample_rate == fixtures.RATE
    for method in opened.methods:
        frames = noise(method.in_channels, 2048 // method.in_ratio)
        assert opened.call(method.name, frames).shape == (method.out_channels, 2048 // method.out_ratio)
        assert opened.play(method.name, noise(method.in_channels, 2048)).shape == (method.out_channels, 2048)
    opened.set("mixed", "no", 3, 0.25, "hard")
    assert opened.get("mixed") == [False, 3, 0.25, "hard"]
    np.testing.assert_allclose(opened.call("gain", np.ones((1, 64))), 0.25)
    opened.set("curve", [[1.0, 2.0], [3.0, 4.0]])
    assert opened.get("curve") == [{"shape": [2, 2], "numbers": [1.0, 2.0, 3.0, 4.0]}]
    opened.set("sample", noise(1, 300))
    assert opened.get("sample")[0]["shape"] == [1, 300]
    with pytest.raises(ModelMismatch, match="does not accept sealed"):
        opened.set("sealed", 1.0)


@row("heavy")
def test_a_large_file_opens_and_its_voices_share_the_weights(opened: ForeignModel) -> None:
    def resident() -> int:
        return int(Path(f"/proc/{opened.process.pid}/statm").read_text().split()[1]) * 4096

    opened.decoder()
    before = resident()
    voices = opened.decoder(batch=4)
    assert voices(noise(16, 2).reshape(4, 4, 2)).shape == (4, 1, 128)
    assert resident() - before < 40e6  # four copies would be 104 MB


def test_a_file_of_a_newer_torch_is_told(tmp_path: Path) -> None:
    import zipfile

    path = fixtures.save("rave_2", tmp_path)
    newer = tmp_path / "newer.ts"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"999\n" if name.endswith("/version") else old.read(name))
    with pytest.raises(ModelFailed, match="exported by a newer PyTorch"):
        open_model(newer)


def test_what_was_measured_is_kept_and_not_measured_again(rave: ForeignModel, tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(facts.write(rave.description))
    known = facts.read(path)
    assert known == rave.description
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(ModelDamaged.__mro__[1], match="newer Isobath"):
        facts.read(path)


def test_a_model_whose_methods_do_not_work_is_told(tmp_path: Path) -> None:
    path = hostile.save(torch.nn.Tanh(), tmp_path / "mute.ts")
    with pytest.raises(ModelFailed, match="no methods with ratios"):
        open_model(path)


def test_the_gate_stands_before_the_process(tmp_path: Path) -> None:
    path = hostile.save(hostile.Restores(str(tmp_path / "target")), tmp_path / "evil.ts")
    with pytest.raises(ModelRefused):
        open_model(path)
    assert not (tmp_path / "target").exists()


def test_without_torch_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fixtures.save("rave_2", tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'isobath\[train\]'"):
        open_model(path)
