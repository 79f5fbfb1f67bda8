"""Every kind of the RAVE family trains in both phases and becomes a file that the kernel plays,
the same in any blocks: what streams is what is offline, later by the declared delay."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from isobath.models.coder import Model, load
from isobath.training import export, family, reference
from isobath.training.autoencoder import Model as Trained
from isobath.training.coder import analysis, synthesis
from isobath.training.configurations import CONFIGURATIONS
from isobath.training.filterbank import filters
from isobath.training.folding import playable
from isobath.training.settings import Family
from isobath.training.trainer import Trainer

from .small import FAMILY, FAMILY_COURSE, recording

KINDS = {
    "v1": replace(FAMILY, dilations=(), stacks=(1, 3), noise=True, noise_ratios=(4,)),
    "v2": FAMILY,
    "three channels": replace(
        FAMILY, channels=3, noise=True, noise_ratios=(2, 2), noise_bands=6, noise_width=5
    ),
    "v3": replace(FAMILY, activation="snake", normalise=True),
    "discrete": replace(FAMILY, bottleneck="discrete", noise_channels=4),
    "wasserstein": replace(FAMILY, bottleneck="wasserstein", noise_channels=4),
    "spherical": replace(FAMILY, bottleneck="spherical"),
}
COURSE = replace(FAMILY_COURSE, steps=3, adversarial_steps=2, batch=3, learning_rate=2e-3)
WORDS = export.Words("kind", "Kind", "Made for a test.", "CC0-1.0", "nobody")


@pytest.fixture(scope="module", params=KINDS)
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Family, Trainer, Path]:
    shape = KINDS[request.param]
    sounds, folder = [recording(shape, 3.0)], tmp_path_factory.mktemp(request.param)
    trainer = Trainer(shape, COURSE)
    seen = {}
    for _ in range(5):
        seen.update(trainer.train_step(sounds))
        assert all(np.isfinite(list(seen.values())))
    price = {"discrete": "commitment", "wasserstein": "discrepancy"}.get(shape.bottleneck, "divergence")
    wanted = {"spectral", "bands", "adversarial", "matching", "critic"}
    assert wanted <= set(seen)
    assert price in seen or shape.bottleneck == "spherical"
    trainer.save(folder / "checkpoint.pt")
    path = folder / "kind.safetensors"
    export.finish(folder / "checkpoint.pt", sounds, [], WORDS, path, COURSE)
    return shape, trainer, path


def latents(model: Model, frames: int) -> np.ndarray:
    z = np.random.default_rng(1).standard_normal((model.dims, frames)).astype(np.float32)
    return np.clip(0.4 * z, -0.9, 0.9)


def test_the_kernel_plays_the_file_as_pytorch_does(exported: tuple[Family, Trainer, Path]) -> None:
    path = exported[2]
    model, torch_model = load(path), reference.load(path)
    z = latents(model, 40)
    a, b = model.decode(z, seed=3), torch_model.decode(z, seed=3)
    assert np.abs(a - b).max() < 1e-4 * max(1.0, float(np.abs(b).max()))
    sound = recording(exported[0], 1.0, 7).audio.numpy()
    heard, wanted = model.encode(sound), torch_model.encode(sound)
    # A quantiser may choose another code where two are equally near.
    same = np.abs(heard - wanted).max(axis=0) < 1e-3 * max(1.0, float(np.abs(wanted).max()))
    assert same.mean() > (0.95 if exported[0].bottleneck == "discrete" else 0.999)


def test_streaming_is_offline_block_by_block(exported: tuple[Family, Trainer, Path]) -> None:
    model = load(exported[2])
    sound = model.prepare(recording(exported[0], 1.0, 8).audio.numpy())
    frames = sound.shape[1] // model.hop
    ears, voice = model.encoder(), model.decoder(seed=2)
    z = model.encode(sound)
    heard, made = [], []
    start = 0
    for count in (1, 3, 2, 7, 1, 5):
        block = sound[:, start * model.hop : (start + count) * model.hop]
        heard.append(ears(block))
        made.append(voice(heard[-1]))
        start += count
    assert start < frames
    np.testing.assert_array_equal(np.concatenate(heard, axis=1), z[:, :start])
    whole = model.decode(z[:, :start], seed=2)
    np.testing.assert_array_equal(np.concatenate(made, axis=1), whole)


def test_what_is_exported_is_what_was_trained(exported: tuple[Family, Trainer, Path]) -> None:
    shape, trainer, _ = exported
    average = trainer.average
    ears, voice = playable(average)
    sound = recording(shape, 1.0, 9).audio[None]
    with torch.no_grad():
        mean, _ = average.posterior(sound)
        wanted = average.decoder({"latent": average.settled(mean)}, seed=4)["audio"]
        out = voice({"latent": ears({"audio": sound})["mean"]}, seed=4)["audio"]
    torch.testing.assert_close(out, wanted, rtol=1e-3, atol=2e-4)


def test_the_delay_of_the_family_is_that_of_its_filter_bank() -> None:
    down, up = (torch.from_numpy(f.copy()) for f in filters(FAMILY.bands, FAMILY.taps))
    x = torch.randn(1, 1, 4096, generator=torch.Generator().manual_seed(0))
    y = synthesis(analysis(x, down), up)
    source, late = x[..., 500:3000], y[..., 500 + FAMILY.delay : 3000 + FAMILY.delay]
    assert 10 * torch.log10(source.square().mean() / (source - late).square().mean()) > 55


# Weights of all convolutions in the files that acids-rave 2.3.1 writes of each configuration.
PUBLISHED = {
    "v1": (4_832_256, 12_769_472),
    "v2": (16_046_592, 15_467_520),
    "v2_small": (3_940_608, 3_810_816),
    "raspberry": (426_240, 969_008),
    "onnx": (1_373_696, 3_413_600),
    "discrete": (14_277_120, 14_877_696),
    "wasserstein": (14_940_672, 15_541_248),
    "low_latency": (939_520, 3_245_664),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_sizes_are_the_published_ones(name: str) -> None:
    shape = CONFIGURATIONS[name].shape
    assert isinstance(shape, Family)
    with FakeTensorMode(allow_non_fake_inputs=True):  # shapes alone
        random = torch.Generator().manual_seed(0)
        made = (family.encoder(shape, random), family.decoder(shape, random))
    sizes = (sum(w.numel() for w in coder.weights.values() if w.ndim == 3) for coder in made)
    assert tuple(sizes) == PUBLISHED[name]


def test_the_first_generation_learns_its_noise_in_phase_two() -> None:
    shape = replace(KINDS["v1"], noise_late=True)
    trainer, sounds = Trainer(shape, replace(COURSE, steps=1)), [recording(shape, 1.0)]
    decoder = trainer.model.decoder
    names = [o["weight"] for o in decoder.operations if o["out"].startswith("d_n")]
    noise = {name: getattr(decoder, name).detach().clone() for name in names}
    assert noise
    changed = []
    for _ in range(2):
        trainer.train_step(sounds)
        now = dict(decoder.named_parameters())
        changed.append(any(not torch.equal(now[name], was) for name, was in noise.items()))
    assert changed == [False, True]


def test_noise_of_many_bands_in_a_short_frame_is_heard_in_every_band() -> None:
    powers = np.square(family.noise_filters(32, 8)).sum(axis=1)
    assert powers.min() > 0.2 * powers.max()
    flat = family.noise_filters(32, 8).sum(axis=0)  # all bands alike: one impulse
    assert np.abs(flat[4]) > 0.99 * np.abs(flat).sum()


def test_what_was_learned_with_the_batch_is_what_plays_without_it() -> None:
    # A statistic that begins at 1 drowns the 1e-6 of a quiet band for hundreds of steps: the
    # model is right while it learns, and silent when it plays.
    shape = KINDS["v1"]
    quiet = recording(shape, 1.0)
    quiet = replace(quiet, audio=1e-3 * quiet.audio)
    trainer = Trainer(shape, replace(COURSE, steps=99, learning_rate=0.0, final_learning_rate=0.0))
    for _ in range(3):
        trainer.train_step([quiet])
    model = trainer.model.train()
    learning = model.registers(quiet.audio[None])  # by this sound's own statistics
    with torch.no_grad():
        playing = model.registers(quiet.audio[None])
    for o in (o for o in model.encoder.operations if o["op"] == "normalise"):
        levels = learning[o["out"]].std(), playing[o["out"]].std()
        assert 0.3 < levels[1] / levels[0] < 3.0, (o["out"], levels)


def test_a_weight_is_learned_as_direction_and_length() -> None:
    coder = Trained(KINDS["v2"], 0).decoder
    name = next(o["weight"] for o in coder.operations if o["op"] == "conv")
    torch.testing.assert_close(coder.weight(name), coder.get_parameter(name))
    with torch.no_grad():
        coder.get_parameter(name).mul_(7.0)
        coder.get_parameter(f"{name}_length").fill_(2.0)
    lengths = coder.weight(name).flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.full_like(lengths, 2.0))


def test_a_spherical_latent_is_of_length_one_and_a_discrete_one_a_sum_of_codes() -> None:
    mean = torch.randn(2, 4, 9, generator=torch.Generator().manual_seed(0))
    ball = Trained(KINDS["spherical"], 0)
    torch.testing.assert_close(ball.settled(mean).norm(dim=1), torch.ones(2, 9), atol=1e-4, rtol=0)
    books = Trained(KINDS["discrete"], 0)
    assert books.quantiser is not None
    books.quantiser.begin(mean.transpose(1, 2).reshape(-1, 4), torch.Generator().manual_seed(1))
    first, second = books.quantiser.codes
    sums = (first[:, None] + second[None]).reshape(-1, 4)
    found = books.settled(mean).transpose(1, 2).reshape(-1, 4)
    assert torch.cdist(found, sums).min(dim=1).values.max() < 1e-2  # of sums that lie about 1 apart
