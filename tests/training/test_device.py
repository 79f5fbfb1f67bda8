"""A device is there or it is a sentence; processes beside each other have a card each."""

import pytest
import torch

from isobath.errors import MemoryShort, UsageError
from isobath.training import device, parallel

from .small import COURSE, SHAPE


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
