"""Several processes training one model, as `torchrun` starts them.

Each hears its share of every batch; what is learned is added up before it is applied, so
that n processes take the steps one would have taken. gloo on CPU, nccl on CUDA.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as functional
from torch import Tensor


def begin(device: str) -> None:
    """Join the others, if `torchrun` started us; its variables say who and where they are."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        if device.startswith("cuda"):
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")


def beside() -> tuple[int, int]:
    """Which of torchrun's processes on this machine this is, and how many they are."""
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return int(os.environ.get("LOCAL_RANK", "0")), here


def end() -> None:
    """Part."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def together() -> bool:
    """Whether there are others."""
    return dist.is_available() and dist.is_initialized()


def world() -> int:
    """How many processes there are."""
    return dist.get_world_size() if together() else 1


def rank() -> int:
    """Which of them this is; 0 writes the files."""
    return dist.get_rank() if together() else 0


def share(batch: int) -> range:
    """Which crops of a batch this process hears."""
    each = batch // world()
    return range(rank() * each, (rank() + 1) * each)


def add_up(*tensors: Tensor) -> None:
    """Sum over all processes, in place."""
    if together():
        for tensor in tensors:
            dist.all_reduce(tensor)


def mean_of_all(values: Tensor) -> Tensor:
    """The mean of a tensor's values and of the other processes', who have as many each: ()."""
    mean = values.mean()
    add_up(mean)
    return mean / world()


def from_first(tensor: Tensor) -> None:
    """The first process's value, in place."""
    if together():
        dist.broadcast(tensor, 0)


def add_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Sum gradients over all processes, in one message."""
    if not together():
        return
    grads = []
    for p in parameters:
        if p.grad is None:  # what this process heard did not reach it; another's may have
            p.grad = torch.zeros_like(p)
        grads.append(p.grad)
    flat = torch.cat([g.reshape(-1) for g in grads])
    dist.all_reduce(flat)
    start = 0
    for g in grads:
        g.copy_(flat[start : start + g.numel()].view_as(g))
        start += g.numel()


def gathered(points: Tensor) -> Tensor:
    """Everyone's rows, in order of rank, without gradient."""
    if not together():
        return points.detach()
    found = [torch.empty_like(points) for _ in range(world())]
    dist.all_gather(found, points.detach().contiguous())
    return torch.cat(found)


def gathered_live(points: Tensor) -> Tensor:
    """Everyone's rows; ours still carry a gradient, so that gradients summed are the whole."""
    if not together():
        return points
    found = list(gathered(points).chunk(world()))
    found[rank()] = points
    return torch.cat(found)


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance a channel of everyone's (batch, channels, rows), with gradient."""
    sums = torch.stack((x.sum(dim=(0, 2)), x.square().sum(dim=(0, 2))))
    if together():
        summed: Callable[[Tensor], Tensor] = functional.all_reduce
        sums = summed(sums)
    mean, square = sums / (x.shape[0] * x.shape[2] * world())
    return mean, (square - mean.square()).clamp_min(0.0)


def agreed(flag: bool, device: torch.device) -> bool:
    """Whether any process says yes."""
    if not together():
        return flag
    said = torch.tensor(float(flag), device=device)
    dist.all_reduce(said)
    return bool(said > 0)


def alike(number: int, device: torch.device) -> bool:
    """Whether all processes say the same number."""
    if not together():
        return True
    ends = torch.tensor([number, -number], device=device)
    dist.all_reduce(ends, dist.ReduceOp.MAX)
    return bool(ends[0] == -ends[1])


def wait() -> None:
    """Until all are here."""
    if together():
        dist.barrier()
