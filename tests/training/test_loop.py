"""A run ends where it should, and an interruption loses nothing."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from isobath.errors import UsageError
from isobath.training import loop, parallel
from isobath.training.corpus import Recording
from isobath.training.loop import train
from isobath.training.trainer import Trainer

from .small import COURSE, SHAPE, recording


def test_training_ends_where_the_course_ends_and_says_how_it_went(tmp_path: Path) -> None:
    trainer = train(SHAPE, COURSE, [recording(SHAPE)], tmp_path)
    assert trainer.step == COURSE.steps + COURSE.adversarial_steps
    assert (tmp_path / "checkpoint.pt").exists()
    assert not (tmp_path / "checkpoint.partial").exists()
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 4


def test_ctrl_c_saves_a_whole_step_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = replace(COURSE, steps=6, checkpoint_every=100)
    step = Trainer.train_step

    def pressed(self: Trainer, recordings: list[Recording]) -> dict[str, float]:
        if self.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, recordings)

    monkeypatch.setattr(Trainer, "train_step", pressed)
    with pytest.raises(KeyboardInterrupt):
        train(SHAPE, course, [recording(SHAPE)], tmp_path)
    again = Trainer(SHAPE, course)
    again.load(tmp_path / "checkpoint.pt")
    assert again.step == 3


def test_processes_agree_by_the_step_and_not_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared: list[int] = []
    saved: list[int] = []
    monkeypatch.setattr(Trainer, "share_switch", lambda self: shared.append(self.step))
    monkeypatch.setattr(Trainer, "save", lambda self, _: saved.append(self.step))
    monkeypatch.setattr(loop, "LONGEST_UNSAVED", -1.0)  # this one's clock says so at every step
    course = replace(COURSE, steps=4, adversarial_steps=0)
    train(SHAPE, course, [recording(SHAPE)], tmp_path)
    assert saved == [1, 2, 3, 4, 4]
    assert shared == [2, 4]


def test_processes_that_are_not_at_the_same_step_do_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "alike", lambda *_: False)
    with pytest.raises(UsageError, match="all machines share"):
        train(SHAPE, COURSE, [recording(SHAPE)], tmp_path)
