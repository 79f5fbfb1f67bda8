"""A run: from a prepared set to a model, and everything a folder tells on the way."""

import json
import math
import os
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from isobath.corpora import Set, Wishes, open_set, prepare
from isobath.errors import MemoryShort, ModelMismatch, ModelNewer, SaveError
from isobath.models.coder import load
from isobath.training import configurations, device, run, saving
from isobath.training.configurations import Configuration
from isobath.training.corpus import Batch, Prepared, Source
from isobath.training.run import Order
from isobath.training.settings import shape_from
from isobath.training.trainer import Trainer, read_checkpoint

from .small import COURSE, SHAPE, prepared


class Board:
    """What TensorBoard is told: names of curves and sounds, with the steps they were told at."""

    def __init__(self) -> None:
        self.scalars: dict[str, list[int]] = {}
        self.sounds: dict[str, list[int]] = {}
        self.closed = False

    def add_scalar(self, name: str, value: float, step: int) -> None:
        assert math.isfinite(value)
        self.scalars.setdefault(name, []).append(step)

    def add_audio(self, name: str, sound: torch.Tensor, step: int, sample_rate: int) -> None:
        assert sample_rate == SHAPE.sample_rate
        assert sound.shape[0] == 1 <= sound.shape[1]
        self.sounds.setdefault(name, []).append(step)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    tiny = Configuration("tiny", "for tests", SHAPE, replace(COURSE, validation_clips=1))
    monkeypatch.setitem(configurations.CONFIGURATIONS, "tiny", tiny)
    monkeypatch.setattr(run, "CLIP_SECONDS", 0.5)
    monkeypatch.setattr(run, "_board", lambda _: None)
    if "ends_in_a_model" not in request.node.name:  # measured once is enough
        monkeypatch.setattr(run.evaluation, "measure", lambda *_: SimpleNamespace(figures={}))


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("prepared"))


def trained(order: Order, said: list[dict[str, Any]] | None = None) -> Path | None:
    opened = open_set(order.sounds)
    lines = [] if said is None else said
    return run.begin(order, run.plan(order, opened), opened, lambda fact, _: lines.append(fact))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in path.read_text().splitlines()]


def test_a_run_ends_in_a_model_that_plays_and_tells_all_on_the_way(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[dict[str, Any]] = []
    board = Board()
    monkeypatch.setattr(run, "_board", lambda _: board)
    path = trained(
        Order(sounds, tmp_path / "run", "tiny", "bells", {"steps": 3, "adversarial_steps": 1}), said
    )
    assert path == tmp_path / "run" / "bells.safetensors"
    model = load(path)
    assert model.name == "bells"
    assert model.description.training["steps"] == 4
    assert path.with_suffix(".md").read_text().startswith("# bells")
    told = run.progress(tmp_path / "run")
    assert (told["state"], told["step"], told["phase"], told["config"]) == ("finished", 4, 2, "tiny")
    assert (told["phase1_steps"], told["phase2_steps"], told["pid"]) == (3, 1, os.getpid())
    figures = lines(tmp_path / "run" / "metrics.jsonl")
    assert [f["step"] for f in figures] == [2, 4]
    assert [f["phase"] for f in figures] == [1, 2]
    assert {"seconds", "time", "spectral", "loss"} <= set(figures[0])
    distances = lines(tmp_path / "run" / "validation.jsonl")
    assert [d["step"] for d in distances] == [2, 4]
    assert all(d["distance"] > 0 and d["log_mel_db"] > 0 for d in distances)
    clips = sorted((tmp_path / "run" / "listen" / "000002").iterdir())
    assert [c.name for c in clips] == ["reconstruction-0.flac", "source-0.flac"]
    audio, rate = soundfile.read(clips[0])
    assert rate == SHAPE.sample_rate
    assert abs(len(audio) - 0.5 * rate) < 1000
    assert (tmp_path / "run" / "best.pt").exists()
    assert any("validation" in fact for fact in said)
    assert board.scalars["train/spectral"] == board.scalars["validation/distance"] == [2, 4]
    assert board.sounds == {"source/0": [2, 4], "reconstruction/0": [2, 4]}
    assert board.closed


def test_a_stopped_run_goes_on_where_it_was_and_hears_what_it_would_have(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"steps": 5, "adversarial_steps": 0}
    curves: dict[str, list[float]] = {"whole": [], "parts": []}
    step, now = Trainer.train_step, "whole"

    def counted(self: Trainer, source: Source) -> dict[str, float]:
        if now == "parts" and len(curves[now]) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        figures = step(self, source)
        curves[now].append(figures["loss"])
        return figures

    monkeypatch.setattr(Trainer, "train_step", counted)
    trained(Order(sounds, tmp_path / "whole", "tiny", changes=changes))
    now = "parts"
    assert trained(Order(sounds, tmp_path / "run", "tiny", changes=changes)) is None
    told = run.progress(tmp_path / "run")
    assert (told["state"], told["step"]) == ("stopped", 3)
    assert trained(Order(sounds, tmp_path / "run")) is not None  # settings are remembered
    assert curves["parts"] == curves["whole"]


def test_a_killed_run_goes_on_from_its_last_checkpoint(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing in the program takes notice of it, as of a SIGKILL."""

    changes = {"steps": 5, "adversarial_steps": 0}
    curve: list[float] = []
    step, last = Trainer.train_step, 3

    def counted(self: Trainer, source: Source) -> dict[str, float]:
        if len(curve) == last:
            raise Killed
        figures = step(self, source)
        curve.append(figures["loss"])
        return figures

    monkeypatch.setattr(Trainer, "train_step", counted)
    with pytest.raises(Killed):
        trained(Order(sounds, tmp_path / "run", "tiny", changes=changes))
    last = 4
    with pytest.raises(Killed):
        trained(Order(sounds, tmp_path / "run"))
    assert curve[3] == curve[2]  # the checkpoint is of step 2: the third is taken again


def test_a_run_of_another_configuration_or_of_another_set_is_not_gone_on_with(
    sounds: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    Trainer(SHAPE, COURSE).save(tmp_path / "run" / "checkpoint.pt")
    (tmp_path / "run" / "run.json").write_text('{"config": "tiny"}')
    with pytest.raises(ModelMismatch, match="configuration tiny, not v2"):
        run.plan(Order(sounds, tmp_path / "run", "v2"), open_set(sounds))
    other = prepared(tmp_path / "other", replace(SHAPE, channels=2), 1.0)
    with pytest.raises(ModelMismatch, match="--channels 1 --rate 16000"):
        run.plan(Order(other, tmp_path / "run"), open_set(other))


def test_a_checkpoint_of_a_newer_version_is_told_as_such(tmp_path: Path) -> None:
    trainer = Trainer(SHAPE, COURSE)
    state = {**trainer.state(), "version": 99}
    import torch

    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(ModelNewer, match="newer Isobath"):
        read_checkpoint(tmp_path / "checkpoint.pt")
    with pytest.raises(ModelNewer, match="does not know antigravity"):
        shape_from({**state["shape"], "antigravity": 1})


def test_what_does_not_fit_is_refused_before_the_first_step_with_a_batch_that_does(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = device.need(SHAPE, COURSE)
    monkeypatch.setattr(device, "free_bytes", lambda _: int((needed.fixed + 5.5 * needed.each) / 0.9))
    with pytest.raises(MemoryShort, match=r"A batch of 64 takes about .* Give --batch \d"):
        trained(Order(sounds, tmp_path / "run", "tiny", changes={"batch": 64}))
    told = run.progress(tmp_path / "run")
    assert told["state"] == "failed"
    assert "are free" in told["message"]


def test_phase_two_begins_when_nothing_gets_nearer(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "measure", lambda *_: ({"distance": 1.0}, []))
    monkeypatch.setattr(run, "finish", lambda *_: tmp_path / "x")
    changes = {"steps": 50, "adversarial_steps": 1, "plateau": 2, "checkpoint_every": 1}
    trained(Order(sounds, tmp_path / "run", "tiny", changes=changes))
    told = run.progress(tmp_path / "run")
    assert (told["step"], told["phase1_steps"], told["phase"]) == (4, 3, 2)


def test_crops_come_from_the_disk_by_seed_step_and_number_only(sounds: Path) -> None:
    opened: Set = open_set(sounds)
    whole = Prepared(opened).batch(SHAPE, COURSE, 2, 7, range(4))
    half = Prepared(opened).batch(SHAPE, COURSE, 2, 7, range(2, 4))
    assert whole.audio is not None
    assert half.audio is not None
    assert (whole.audio[2:] == half.audio).all()
    assert (whole.target[2:] == half.target).all()
    later = Prepared(opened).batch(SHAPE, COURSE, 2, 8, range(4))
    assert not (whole.target == later.target).all()
    # The aim is the sound, `delay` samples late.
    skip = whole.lead - SHAPE.delay
    assert (whole.target == whole.audio[..., skip : skip + whole.target.shape[-1]]).all()


def test_a_full_disk_is_told_and_the_last_checkpoint_stays(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Order(sounds, tmp_path / "run", "tiny", changes={"steps": 2, "adversarial_steps": 0})
    trained(order)
    before = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    sync = os.fsync

    def full(handle: int) -> None:
        if os.fstat(handle).st_size > 20_000:  # a checkpoint, not run.json
            raise OSError(28, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match="No space left on device"):
        trained(replace(order, changes={"steps": 4}))
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == before
    assert "make room" in run.progress(tmp_path / "run")["message"]
    assert not list((tmp_path / "run").glob(".*.partial"))


def test_a_disk_that_takes_no_figures_is_a_sentence_too(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run.Run, "keep", full)
    with pytest.raises(SaveError, match=r"run could not be written .*make room"):
        trained(Order(sounds, tmp_path / "run", "tiny"))
    assert run.progress(tmp_path / "run")["state"] == "failed"
    with pytest.raises(SaveError, match="is the disk full"), saving.whole(tmp_path / "x"):
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 28096 vs 28048")


def test_running_out_of_memory_is_told_with_a_batch_that_fits(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(Trainer, "train_step", burst)
    monkeypatch.setattr(device, "free_bytes", lambda _: 10**9)
    with pytest.raises(MemoryShort, match=r"--batch|smaller configuration"):
        trained(Order(sounds, tmp_path / "run", "tiny"))


def test_broken_silent_clipped_and_short_sounds_do_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    rate = SHAPE.sample_rate
    noise = np.random.default_rng(0).standard_normal(rate * 2).astype(np.float32)
    broken = noise.copy()
    broken[100:200] = np.nan
    broken[300] = np.inf
    given = {"clipped": 50 * noise, "broken": broken, "silent": 0 * noise, "short": 0.1 * noise[: rate // 4]}
    for name, sound in given.items():
        soundfile.write(folder / f"{name}.wav", sound, rate, subtype="FLOAT")
    prepare(folder, tmp_path / "set", Wishes(sample_rate=rate, channels=1))
    order = Order(tmp_path / "set", tmp_path / "run", "tiny", changes={"steps": 4, "adversarial_steps": 2})
    path = trained(order)
    assert path is not None
    for each in lines(tmp_path / "run" / "metrics.jsonl"):
        assert all(math.isfinite(v) for v in each.values())
    assert np.isfinite(load(path).decode(np.zeros((SHAPE.dims, 20), np.float32))).all()


def test_a_gradient_that_is_no_number_is_skipped_and_counted(sounds: Path) -> None:
    trainer, source = Trainer(SHAPE, COURSE), Prepared(open_set(sounds))

    class Bad:
        def batch(self, *asked: Any) -> Batch:
            heard = source.batch(*asked)
            assert heard.audio is not None
            return replace(heard, audio=heard.audio * float("nan"))

    before = [p.detach().clone() for p in trainer.model.parameters()]
    trainer.train_step(Bad())
    assert trainer.skipped == 1
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True))
    trainer.train_step(source)
    assert trainer.skipped == 1
