"""A device is there or it is a sentence; processes beside each other have a card each."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from isobath.errors import MemoryShort, UsageError
from isobath.training import device, parallel
from isobath.training.trainer import Trainer

from .small import COURSE, FAMILY, FAMILY_COURSE, SHAPE, STEREO


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Two graphics cards, the second with more room; no mps."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda i: ((1, 5)[i], 9))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    return monkeypatch


def started(machine: pytest.MonkeyPatch, rank: int, world: int) -> None:
    """As torchrun starts processes on one machine."""
    machine.setenv("LOCAL_RANK", str(rank))
    machine.setenv("LOCAL_WORLD_SIZE", str(world))


@pytest.mark.usefixtures("machine")
def test_the_roomiest_card_is_taken_or_the_one_that_is_named() -> None:
    assert [device.pick(wish) for wish in ("auto", "cuda", "cuda:0", "cpu")] == [
        "cuda:1", "cuda:1", "cuda:0", "cpu",
    ]  # fmt: skip


@pytest.mark.parametrize("wish", ["auto", "cuda"])
def test_processes_on_one_machine_have_a_card_each(machine: pytest.MonkeyPatch, wish: str) -> None:
    found = []
    for rank in range(2):
        started(machine, rank, 2)
        found.append(device.pick(wish))
    assert found == ["cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    ("wish", "world", "says"),
    [
        ("cuda:2", 1, "has 2 card"),
        ("cuda:x", 1, "no device cuda:x"),
        ("cpu:1", 1, "no device cpu:1"),
        ("mps", 1, "no mps device here"),
        ("auto", 3, "--nproc-per-node 2"),
        ("cuda:1", 2, "a graphics card each"),
    ],
)
def test_what_is_not_there_is_a_sentence(
    machine: pytest.MonkeyPatch, wish: str, world: int, says: str
) -> None:
    started(machine, 0, world)
    with pytest.raises(UsageError, match=says):
        device.pick(wish)


def test_without_a_card_training_is_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (torch.cuda, torch.backends.mps):
        monkeypatch.setattr(kind, "is_available", lambda: False)
    assert device.pick("auto") == "cpu"
    for wish in ("cuda", "cuda:0", "mps"):
        with pytest.raises(UsageError, match="Leave --device out, or give cpu"):
            device.pick(wish)


def test_who_trains_beside_us_needs_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = device.Need(fixed=1000, each=10)
    monkeypatch.setattr(device, "need", lambda *_: needed)
    monkeypatch.setattr(device, "free_bytes", lambda _: 1999)
    assert device.check(SHAPE, COURSE, 1) == needed
    monkeypatch.setattr(parallel, "beside", lambda: (0, 2))
    with pytest.raises(MemoryShort):
        device.check(SHAPE, COURSE, 1)


KINDS = {
    "instrument": (STEREO, replace(COURSE, held_share=0.5, frames=60)),
    "v1": (replace(FAMILY, dilations=(), noise=True, noise_ratios=(4,)), FAMILY_COURSE),
    "v3": (
        replace(FAMILY, activation="snake", normalise=True),
        replace(FAMILY_COURSE, critics=("periods", "bands")),
    ),
    "discrete": (replace(FAMILY, bottleneck="discrete", noise_channels=4), FAMILY_COURSE),
    "wasserstein": (replace(FAMILY, bottleneck="wasserstein", noise_channels=4), FAMILY_COURSE),
    "spherical": (replace(FAMILY, bottleneck="spherical"), FAMILY_COURSE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_leaves_nothing_behind_on_the_processor(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On torch's device without numbers, which meets no tensor of another one, as a graphics card."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # it has no half precision
    shape, course = KINDS[kind]
    trainer = Trainer(shape, replace(course, batch=2, device="meta"))
    # A quantiser that learns must look at numbers; in phase 2 it does not.
    for trainer.switch in (0,) if kind == "discrete" else (9, 0):
        figures = trainer.hear(device._Hiss(), range(2))
        assert ("critic" in figures) == trainer.adversarial
        assert {str(value.device) for value in figures.values()} == {"meta"}
    latent = torch.zeros(1, shape.dims, 8, device="meta")
    played = trainer.average.decoder({"latent": latent}, seed=3)["audio"]  # as at a checkpoint
    assert played.device.type == "meta"
