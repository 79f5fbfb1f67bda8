"""Files that mean harm, made by torch itself. Each is small, loads, and does its harm when it may."""

from pathlib import Path

import torch
from torch import Tensor, nn


class Restores(nn.Module):
    """Writes a file while it is loaded: the attack of specs/realtime.md (d)."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target
        self.wanted = torch.zeros(4, dtype=torch.uint8)
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))

    @torch.jit.export
    def __getstate__(self):  # type: ignore[no-untyped-def]
        return self.target, self.forward_params, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, Tensor, bool]) -> None:
        self.target = state[0]
        self.forward_params = state[1]
        self.training = state[2]
        self.wanted = torch.from_file(state[0], True, 4, dtype=torch.uint8)
        self.wanted.copy_(torch.tensor([112, 119, 110, 10], dtype=torch.uint8))

    def forward(self, x: Tensor) -> Tensor:
        return x


class Writes(nn.Module):
    """Writes a file when it is played."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))

    def forward(self, x: Tensor) -> Tensor:
        wanted = torch.from_file(self.target, True, 4, dtype=torch.uint8)
        wanted.copy_(torch.tensor([112, 119, 110, 10], dtype=torch.uint8))
        return x + wanted[0]


class Reads(nn.Module):
    """Reads a file of yours when it is played, and gives it out as sound."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))

    def forward(self, x: Tensor) -> Tensor:
        found = torch.from_file(self.target, False, 4, dtype=torch.uint8)
        return x * 0 + found[0].to(x.dtype)


class Saves(nn.Module):
    """Writes a file by the other way that TorchScript has."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))

    def forward(self, x: Tensor) -> Tensor:
        torch.save(x, self.target)
        return x


class Hangs(nn.Module):
    """Gives no answer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))

    def forward(self, x: Tensor) -> Tensor:
        while bool(x.numel() >= 0):
            x = x + 1
        return x


class Swallows(nn.Module):
    """Wants all memory."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.zeros(1 << 40).sum()


class Poisons(nn.Module):
    """Makes what is no sound."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))

    def forward(self, x: Tensor) -> Tensor:
        return x / 0


class Forks(nn.Module):
    """Starts work of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Poisons()
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))

    def forward(self, x: Tensor) -> Tensor:
        later = torch.jit.fork(self.inner, x)
        return torch.jit.wait(later)


def save(module: nn.Module, path: Path) -> Path:
    """Script and write a module."""
    torch.jit.script(module).save(str(path))
    return path
