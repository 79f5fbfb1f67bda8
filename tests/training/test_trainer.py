"""Two phases, each changing what it should; a resumed run is the same run."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from isobath.errors import ModelMismatch
from isobath.training import losses
from isobath.training.corpus import Recording, Recordings
from isobath.training.settings import Shape
from isobath.training.trainer import Trainer, rate

from .small import BANDS, COURSE, LONG_HOP, SHAPE, STEREO, recording


def weights(module: torch.nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_phase_one_trains_both_coders_and_leaves_the_critic() -> None:
    trainer, sounds = Trainer(SHAPE, COURSE), [recording(SHAPE)]
    before = [weights(m) for m in (trainer.model.encoder, trainer.model.decoder, trainer.discriminator)]
    trainer.train_step(sounds)
    assert not same(before[0], weights(trainer.model.encoder))
    assert not same(before[1], weights(trainer.model.decoder))
    assert same(before[2], weights(trainer.discriminator))


def test_phase_two_freezes_the_encoder_and_wakes_the_critic() -> None:
    course = replace(COURSE, steps=1)
    trainer, sounds = Trainer(SHAPE, course), [recording(SHAPE)]
    trainer.train_step(sounds)
    before = [weights(m) for m in (trainer.model.encoder, trainer.model.decoder, trainer.discriminator)]
    figures = {}
    for _ in range(2):
        figures.update(trainer.train_step(sounds))
    assert same(before[0], weights(trainer.model.encoder))
    assert not same(before[1], weights(trainer.model.decoder))
    assert not same(before[2], weights(trainer.discriminator))
    assert {"critic", "matching", "adversarial"} <= set(figures)


def test_an_interrupted_run_continues_as_if_it_had_not_been(tmp_path: Path) -> None:
    sounds = [recording(SHAPE)]
    whole = Trainer(SHAPE, COURSE)
    curve = [whole.train_step(sounds) for _ in range(7)]
    first = Trainer(SHAPE, COURSE)
    for _ in range(3):
        first.train_step(sounds)
    first.save(tmp_path / "checkpoint.pt")
    second = Trainer(SHAPE, COURSE)
    second.load(tmp_path / "checkpoint.pt")
    rest = [second.train_step(sounds) for _ in range(4)]  # across the change of phase
    assert rest == curve[3:]
    assert same(weights(whole.model), weights(second.model))
    assert same(weights(whole.average), weights(second.average))


def distance(trainer: Trainer, sounds: list[Recording]) -> float:
    """How far the model is from the same four crops."""
    model, course = trainer.model, replace(trainer.course, augment=())
    heard = Recordings(sounds).batch(trainer.shape, course, model.warm, 999, range(4))
    with torch.no_grad():
        mean, _ = model.posterior(model.hear(heard))
        out = model.decode(mean, 0)["audio"]
    skip = model.warm * trainer.shape.hop
    return losses.spectral_distance(out[..., skip:], heard.target[..., skip:], course.scales).item()


@pytest.mark.parametrize(
    ("shape", "share"),
    [(SHAPE, 0.9), (STEREO, 0.9), (BANDS, 0.98), (LONG_HOP, 0.9)],  # bands begin nearer
    ids=["mono", "stereo", "bands", "2048"],
)
def test_a_few_steps_bring_every_shape_nearer_to_its_sounds(shape: Shape, share: float) -> None:
    few = 2 if shape.hop > 1000 else 12
    course = replace(COURSE, steps=30, learning_rate=4e-3, frames=few, augment=())
    trainer, sounds = Trainer(shape, course), [recording(shape, 8.0)]
    before = distance(trainer, sounds)
    for _ in range(30):
        trainer.train_step(sounds)
    assert distance(trainer, sounds) < share * before


def test_less_context_leaves_more_of_a_crop_to_be_measured() -> None:
    whole = Trainer(SHAPE, COURSE)
    short = Trainer(SHAPE, replace(COURSE, context=2))
    assert (whole.warm, short.warm) == (whole.model.warm, 2)
    heard = {}
    for trainer in (whole, short):
        heard[trainer.warm] = trainer.train_step([recording(SHAPE)])["spectral"]
    assert all(math.isfinite(value) for value in heard.values())


def test_half_precision_trains_too() -> None:
    trainer = Trainer(SHAPE, replace(COURSE, half=True))
    figures = trainer.train_step([recording(SHAPE)])
    whole = Trainer(SHAPE, COURSE).train_step([recording(SHAPE)])
    assert figures["spectral"] == pytest.approx(whole["spectral"], rel=0.1)


def test_part_of_a_batch_is_held_when_there_is_room_to_settle() -> None:
    sounds = [recording(SHAPE)]
    roomy = replace(COURSE, frames=48, held_share=0.5)
    assert "held" in Trainer(SHAPE, roomy).train_step(sounds)
    assert "held" not in Trainer(SHAPE, replace(roomy, held_share=0.0)).train_step(sounds)
    assert "held" not in Trainer(SHAPE, COURSE).train_step(sounds)


def test_the_learning_rate_rises_then_falls() -> None:
    course = replace(COURSE, steps=100, warmup=10, learning_rate=1e-3, final_learning_rate=1e-4)
    assert rate(course, 0) < rate(course, 9) <= 1e-3
    assert rate(course, 50) == pytest.approx(5.5e-4, rel=0.02)
    assert rate(course, 100) == rate(course, 5000) == pytest.approx(1e-4)


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    Trainer(SHAPE, COURSE).save(tmp_path / "checkpoint.pt")
    with pytest.raises(ModelMismatch, match="another shape"):
        Trainer(STEREO, COURSE).load(tmp_path / "checkpoint.pt")


def test_a_checkpoint_of_other_tensors_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(BANDS, COURSE)
    state = trainer.state()
    state["model"].pop(next(iter(state["model"])))
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(ModelMismatch, match="earlier Isobath"):
        trainer.load(tmp_path / "checkpoint.pt")
