"""A model that is there already goes on learning: a run's, or any file's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from isobath.errors import ModelDamaged, ModelMismatch, ModelUnknown
from isobath.models.coder import load
from isobath.training import export, finetune
from isobath.training.settings import AnyShape
from isobath.training.trainer import Trainer

from .small import COURSE, FAMILY, FAMILY_COURSE, SHAPE, recording

KINDS = {
    "instrument": SHAPE,
    "discrete": replace(FAMILY, bottleneck="discrete", noise_channels=2),
    "spherical": replace(FAMILY, bottleneck="spherical", noise=True, noise_ratios=(4,)),
    "v3": replace(FAMILY, activation="snake", normalise=True),
}
WORDS = export.Words("more", "More", "", "", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_file_begins_as_it_was_and_goes_on_learning(kind: str, tmp_path: Path) -> None:
    shape = KINDS[kind]
    export.random_model(tmp_path / "old.safetensors", shape, 3)
    start = finetune.find(str(tmp_path / "old.safetensors"), tmp_path / "run", None)
    course = replace(
        COURSE if kind == "instrument" else FAMILY_COURSE, steps=2, adversarial_steps=1, beta=1e-6
    )
    trainer, sounds = Trainer(start.shape, course), [recording(shape, 3.0)]
    old, sound = load(tmp_path / "old.safetensors"), recording(shape, 1.0, 4).audio
    with torch.no_grad():
        mean = trainer.model.encoder({"audio": sound[None]})["mean"][0].numpy()
    near = np.abs(mean - old.encode(sound.numpy())).max(axis=0) < 2e-3
    assert near.mean() > 0.95
    before = [p.detach().clone() for p in trainer.model.decoder.parameters()]
    for _ in range(3):
        figures = trainer.train_step(sounds)
        assert np.isfinite(list(figures.values())).all()
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.model.decoder.parameters(), strict=True))
    trainer.save(tmp_path / "run" / "checkpoint.pt")
    again = Trainer(start.shape, course)
    again.load(tmp_path / "run" / "checkpoint.pt")
    export.finish(tmp_path / "run" / "checkpoint.pt", sounds, [], WORDS, tmp_path / "new.safetensors", course)
    new = load(tmp_path / "new.safetensors")
    assert np.isfinite(new.decode(new.encode(sound.numpy()))).all()


@pytest.mark.parametrize("dims", [2, 6])
def test_a_latent_is_cut_or_grown(dims: int, tmp_path: Path) -> None:
    export.random_model(tmp_path / "old.safetensors", SHAPE, 3)
    Trainer(SHAPE, COURSE).save(tmp_path / "checkpoint.pt")
    shapes: list[AnyShape] = []
    for name in ("old.safetensors", "checkpoint.pt"):
        start = finetune.find(str(tmp_path / name), tmp_path / "run", dims)
        trainer = Trainer(start.shape, COURSE)
        finetune.begin(trainer, start)
        trainer.train_step([recording(SHAPE)])
        shapes.append(start.shape)
    assert [s.dims for s in shapes] == [dims, dims]


def test_another_run_gives_its_weights_and_its_configuration(tmp_path: Path) -> None:
    first = Trainer(SHAPE, COURSE)
    first.train_step([recording(SHAPE)])
    (tmp_path / "one").mkdir()
    first.save(tmp_path / "one" / "checkpoint.pt")
    (tmp_path / "one" / "run.json").write_text('{"config": "instrument"}')
    start = finetune.find(str(tmp_path / "one"), tmp_path / "two", None)
    assert (start.shape, start.config) == (SHAPE, "instrument")
    second = Trainer(SHAPE, replace(COURSE, frozen_encoder=True))
    finetune.begin(second, start)
    for a, b in zip(first.average.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)
    second.train_step([recording(SHAPE, seed=9)])
    for a, b in zip(first.average.encoder.parameters(), second.model.encoder.parameters(), strict=True):
        assert torch.equal(a, b)  # frozen


def test_what_cannot_be_gone_on_from_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="to go on from"):
        finetune.find(str(tmp_path / "nowhere"), tmp_path / "run", None)
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    (tmp_path / "x.ts").write_bytes(b"PK")
    with pytest.raises(ModelMismatch, match=r"isobath import .*x\.ts"):
        finetune.find(str(tmp_path / "x.ts"), tmp_path / "run", None)
    with pytest.raises(ModelDamaged, match=r"bad\.safetensors is not a whole model"):
        finetune.find(str(tmp_path / "bad.safetensors"), tmp_path / "run", None)
    export.random_model(tmp_path / "ball.safetensors", replace(FAMILY, bottleneck="spherical"), 1)
    with pytest.raises(ModelMismatch, match="Leave --dims out"):
        finetune.find(str(tmp_path / "ball.safetensors"), tmp_path / "run", 2)
