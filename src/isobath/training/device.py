"""Where to train, and whether there is room for it: looked at before the first step."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from isobath.errors import MemoryShort, UsageError

from . import parallel
from .autoencoder import Model
from .corpus import Batch, crop_frames, look_back
from .settings import AnyShape, Course
from .trainer import Trainer, context


def pick(wish: str = "auto") -> str:
    """`cuda:0`, `mps` or `cpu`: what was asked for, or the best there is.

    Processes that torchrun started on one machine get a graphics card each.

    Raises:
        UsageError: it is not here, or there are more processes than cards.
    """
    kind, _, number = wish.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (number and not (kind == "cuda" and number.isdecimal())):
        raise UsageError(
            f"There is no device {wish}. Choose auto, cpu, cuda, cuda:0, cuda:1 and so on, or mps."
        )
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    if (kind, cards) == ("cuda", 0) or (kind == "mps" and not mps):
        raise UsageError(f"PyTorch finds no {kind} device here. Leave --device out, or give cpu.")
    if kind == "auto":
        kind = "cuda" if cards else "mps" if mps else "cpu"
    if kind == "cuda":
        return _card(cards, number)
    if kind == "mps" and parallel.beside()[1] > 1:
        raise UsageError("Several processes cannot share an mps device. Give --device cpu, or start one.")
    return kind


def _card(cards: int, number: str) -> str:
    """The card of that number; without one this process's own, or the roomiest."""
    own, processes = parallel.beside()
    if number and int(number) >= cards:
        raise UsageError(f"There is no cuda:{number}: this machine has {cards} card(s), counted from 0.")
    if processes == 1:
        return f"cuda:{int(number)}" if number else _roomiest()
    if number or processes > cards:
        raise UsageError(
            f"{processes} processes need a graphics card each, and this machine has {cards}. Give "
            f"--nproc-per-node {cards} and --device cuda, or --device cpu."
        )
    return f"cuda:{own}"


def _roomiest() -> str:
    """The graphics card with the most free memory."""
    free = [torch.cuda.mem_get_info(i)[0] for i in range(torch.cuda.device_count())]
    return f"cuda:{free.index(max(free))}"


def free_bytes(device: str) -> int:
    """Memory that is free there; a large number where nobody can say."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(device)[0])
    if device == "mps":
        return int(torch.mps.recommended_max_memory())
    found = [1 << 62]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [int(text.split()[1]) * 1024 for text in lines if text.startswith("MemAvailable:")]
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        if limit.isdigit():
            found.append(max(0, int(limit) - used))
    except (OSError, ValueError):
        pass
    return min(found)


_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # <malloc.h>


def keep_memory() -> None:
    """Keep what a step gives back for the next one (glibc; elsewhere nothing happens).

    A step takes and gives back the same hundreds of megabytes, which the system otherwise clears
    each time: some 19,000 pages a step of `v2_small`. For processes that do nothing but train.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt") and hasattr(libc, "gnu_get_libc_version"):
        for what, value in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, (1 << 31) - 1), (_TOP_PAD, 1 << 26)):
            libc.mallopt(what, value)


@dataclass(frozen=True)
class Need:
    """What a training takes: bytes whatever the batch, and bytes for each crop heard at once."""

    fixed: int
    each: int

    def total(self, crops: int) -> int:
        """For so many crops at once."""
        return self.fixed + crops * self.each

    def most(self, free: int) -> int:
        """How many crops fit at once."""
        return max(0, int((0.9 * free - self.fixed) // max(self.each, 1)))


class _Hiss:
    """A source of noise, of any length: what is measured is memory."""

    def batch(self, shape: AnyShape, course: Course, warm: int, step: int, share: range) -> Batch:
        """Crops of quiet noise."""
        random = torch.Generator().manual_seed(step)
        length, lead = crop_frames(shape, course, warm) * shape.hop, look_back(shape)
        sound = 0.1 * torch.randn(len(share), shape.channels, lead + length, generator=random)
        return Batch(None, sound[..., lead:], sound, lead)


def need(shape: AnyShape, course: Course) -> Need:
    """What the larger of the two phases takes, from one short crop heard for trial on the CPU.

    Bytes that are remembered for the way back grow with the crop's length and with the number
    of crops; weights are held five times over (their average, gradient and two moments).
    """
    warm = context(Model(shape, 0), course)
    frames = crop_frames(shape, course, warm)
    short = min(frames, warm + max(1, -(-8192 // shape.hop)))
    trial = Trainer(
        shape, replace(course, batch=1, accumulate=1, crop=short * shape.hop, held_share=0.0, device="cpu")
    )
    weights = sum(p.numel() for p in [*trial.model.parameters(), *trial.discriminator.parameters()])
    found = [_remembered(trial)]
    if course.adversarial_steps:
        trial.switch = 0
        found.append(_remembered(trial))
    each = int(1.3 * max(found) * frames / short)
    return Need(fixed=300_000_000 + 20 * weights, each=each)


def _remembered(trial: Trainer) -> int:
    """Bytes of the tensors kept for the way back, each counted once."""
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        trial.hear(_Hiss(), range(1))
    own = {p.untyped_storage().data_ptr() for p in trial.model.parameters()}
    return sum(size for place, size in kept.items() if place not in own)


def check(shape: AnyShape, course: Course, crops: int) -> Need:
    """Refuse what does not fit, with the batch that would. crops: heard at once by this process."""
    found, free = need(shape, course), free_bytes(course.device)
    if course.device == "cpu":
        free //= parallel.beside()[1]  # who trains beside us needs as much
    if found.total(crops) > free:
        raise short_of_memory(course, found, free)
    return found


def short_of_memory(course: Course, found: Need, free: int) -> MemoryShort:
    """The sentence about it."""
    parts = max(1, course.accumulate)
    most = found.most(free)
    way = f"Give --batch {most * parts}" if most else "Choose a smaller configuration"
    if most and most < course.batch:
        way += f", or keep the batch with --accumulate {-(-course.batch // most)}"
    wanted = found.total(-(-course.batch // parts))
    return MemoryShort(
        f"A batch of {course.batch} takes about {wanted / 1e9:.1f} GB on {course.device}, and "
        f"{max(free, 0) / 1e9:.1f} GB are free. {way}."
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether this is the machine running out of memory."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)
