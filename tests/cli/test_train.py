"""The command makes an order of its options, and tells what went wrong in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("torch")

from isobath.cli.train import train
from isobath.corpora import open_set
from isobath.errors import SaveError, SetError, UsageError
from isobath.training import run
from tests.training.small import prepared


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("cli"), seconds=1.0)


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[run.Order, run.Plan, str]:
    found: list[Any] = []

    def begin(order: run.Order, made: run.Plan, *_: Any) -> None:
        found.extend((order, made))

    monkeypatch.setattr(run, "begin", begin)
    result = CliRunner().invoke(train, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return found[0], found[1], result.output


def test_options_become_the_course_and_the_shape(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, made, said = asked(
        monkeypatch, str(sounds), "-o", str(tmp_path / "bells"), "--config", "v2_small", "--steps", "7",
        "--phase2-steps", "3", "--batch", "2", "--no-half", "--augment", "pitch, gain", "--dims", "16",
        "--device", "cpu", "--plateau", "4",
    )  # fmt: skip
    course = made.course
    assert (course.steps, course.adversarial_steps, course.batch, course.half) == (7, 3, 2, False)
    assert (course.augment, course.plateau, course.device) == (("pitch", "gain"), 4, "cpu")
    assert (made.shape.dims, made.shape.hop, made.shape.sample_rate) == (16, 512, 16000)
    assert (made.name, made.config) == ("bells", "v2_small")
    assert "Go on with: isobath train" in said
    assert order.start is None


def test_a_model_to_go_on_from_is_found_by_name(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Exception, match=r"Prepare the sounds with --channels 1 --rate 44100"):
        asked(monkeypatch, str(sounds), "-o", str(tmp_path / "run"), "--from", "guitar")
    assert (tmp_path / "run" / "start.safetensors").exists()


def test_a_stop_is_told_to_programs_too(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, said = asked(monkeypatch, str(sounds), "-o", str(tmp_path / "run"), "--json")
    assert json.loads(said)["state"] == "stopped"


def test_what_cannot_be_done_is_a_sentence(sounds: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    for arguments, error in (
        ([str(tmp_path / "nowhere")], SetError),
        ([str(sounds), "--config", "v9"], UsageError),
        ([str(sounds), "--augment", "sparkle"], UsageError),
        ([str(sounds), "--device", "toaster"], UsageError),
        ([str(sounds), "--export"], SaveError),
    ):
        result = runner.invoke(train, [*arguments, "-o", str(tmp_path / "run")])
        assert isinstance(result.exception, error), result.output


def test_every_configuration_can_be_planned_for_the_set(sounds: Path, tmp_path: Path) -> None:
    from isobath.training.configurations import CONFIGURATIONS

    opened = open_set(sounds)
    for name in CONFIGURATIONS:
        made = run.plan(run.Order(sounds, tmp_path / name, name, device="cpu"), opened)
        assert (made.shape.sample_rate, made.shape.channels) == (16000, 1)
