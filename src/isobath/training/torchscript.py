"""A model as a TorchScript file that hosts of the nn~ contract play, in Max, Pure Data and elsewhere.

The same operations as docs/model-format.md, each a small module that streams and counts as the kernel does
(`scripted.py`), so that the file plays the kernel's own samples (`isobath.models.null`). Only plain, old
operations are used, no FFT and no double precision, so that old libtorch and GPUs without doubles
load it, too.

The contract, from public descriptions: for each method a tensor `<method>_params` of
[inputs, input ratio, outputs, output ratio], lists `<method>_input_labels` and `_output_labels`,
`get_methods()`, and for each attribute `<attr>_params`, `get_<attr>()` and `set_<attr>()`, which
answers 0 where the value was taken.
"""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Tuple  # noqa: UP035  TorchScript reads these annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from isobath.errors import ModelDamaged, ModelMismatch, SaveError
from isobath.models.coder import Model
from isobath.models.description import Operation
from isobath.models.null import SEED, Null, compared

from .scripted import (
    Activation,
    Amplitude,
    Analysis,
    Angles,
    Convolution,
    Hearing,
    Lookup,
    Multiplying,
    Normal,
    Past,
    Quantizing,
    ShapedNoise,
    Sphere,
    Synthesis,
    Tones,
    Upsampling,
)  # fmt: skip

HOST_SAMPLES, HOST_BATCHES = 8192, (1, 4)
"""What a host tries when it opens a file."""


class Step(nn.Module):
    """One operation among the registers: reads late, plays, adds late."""

    def __init__(self, o: Operation, does: nn.Module, late: Past, add_late: Past) -> None:
        super().__init__()
        self.source, self.out, self.by = o.source, o.out, o.by or o.source
        self.adds, self.add = bool(o.add), o.add or o.source
        self.does, self.late, self.add_late = does, late, add_late

    def forward(self, registers: Dict[str, Tensor]) -> Tensor:  # noqa: UP006
        """The register `out`."""
        x = registers[self.source]
        x = self.late(x)[:, :, : x.size(2)]
        y: Tensor = self.does(x, registers[self.by])
        if self.adds:
            y = y + self.add_late(registers[self.add])[:, :, : y.size(2)]
        return y

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.late.restart(batch)
        self.add_late.restart(batch)
        self.does.restart(batch)  # type: ignore[operator]

    def sow(self, seed: int) -> None:
        """Take a seed for what is random."""
        self.does.sow(seed)  # type: ignore[operator]


class Coder(nn.Module):
    """All operations of one side of a model; begins again when the batch changes."""

    def __init__(self, model: Model, encoder: bool) -> None:
        super().__init__()
        operations = (model.description.encoder or []) if encoder else model.description.decoder
        self.start, self.end = ("audio", "mean") if encoder else ("latent", "audio")
        self.batch = 1
        channels = {self.start: model.channels if encoder else model.dims}
        rows = {self.start: model.hop if encoder else 1}
        steps = []
        for o in operations:
            if encoder and o.out == "deviation":
                continue  # hosts play means
            does = _made(model, o, channels, rows)
            add_late = Past(channels[o.add], o.add_late) if o.add else Past(1, 0)
            steps.append(Step(o, does, Past(channels[o.source], o.late), add_late))
        self.steps = nn.ModuleList(steps)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, rows of the first register) -> that of the last."""
        if x.size(0) != self.batch:
            self.restart(x.size(0))
        registers: Dict[str, Tensor] = {}  # noqa: UP006
        registers[self.start] = x
        for step in self.steps:
            registers[step.out] = step(registers)  # type: ignore[index]
        return registers[self.end]

    def restart(self, batch: int) -> None:
        """Forget the past."""
        self.batch = batch
        for step in self.steps:
            step.restart(batch)  # type: ignore[operator]

    def sow(self, seed: int) -> None:
        """Take a seed for what is random."""
        for step in self.steps:
            step.sow(seed)  # type: ignore[operator]


def _made(model: Model, o: Operation, channels: dict[str, int], rows: dict[str, int]) -> nn.Module:
    """The module of one operation; notes the channels and rows of what it writes."""

    def tensor(name: str | None) -> Tensor:
        array: NDArray[Any] = model.tensors[name or ""]
        return torch.from_numpy(array.astype(np.int64 if array.dtype.kind in "ui" else np.float32))

    def maybe(name: str | None) -> Tensor | None:
        return tensor(name) if name else None

    wide, many = channels[o.source], rows[o.source]
    made: nn.Module
    if o.kind in ("conv", "conv_transpose"):
        weight, bias = tensor(o.weight), maybe(o.bias)
        if o.kind == "conv":
            made, wide, many = Convolution(o, weight, bias), weight.shape[0], many // o.stride
        else:
            made, wide, many = Upsampling(o, weight, bias), weight.shape[1], many * o.stride
    elif o.kind == "amplitude":
        wide = wide // (3 if o.noise else 2)
        made = Amplitude(wide, o.noise)
    elif o.kind in ("synthesis", "analysis"):
        filters = tensor(o.filters)
        bands = filters.shape[0]
        if o.kind == "synthesis":
            wide, many = wide // bands, many * bands
            made = Synthesis(o, filters, wide)
        else:
            made, wide, many = Analysis(o, filters, wide), wide * bands, many // bands
    elif o.kind == "tones":
        increments = tensor(o.increments)
        wide = wide // len(increments)
        made, many = Tones(increments, tensor(o.offsets), model.hop // many, wide), model.hop
    elif o.kind == "spectrum":
        lengths = tensor(o.lengths)
        made = Hearing(o, tensor(o.frequencies), lengths, model.sample_rate, wide)
        wide, many = wide * len(lengths), many // o.step
    elif o.kind == "activate":
        made = Activation(o, maybe(o.alpha), maybe(o.bias))
    elif o.kind == "multiply":
        by = o.by or ""
        made = Multiplying(channels[by], wide, many // rows[by], o.by_late)
    elif o.kind == "noise":
        filters = tensor(o.filters)
        wide = wide // filters.shape[0]
        made, many = ShapedNoise(filters, wide), many * filters.shape[1]
    elif o.kind == "normal":
        made, wide = Normal(o.outputs), o.outputs
    elif o.kind in ("quantize", "lookup"):
        codes = tensor(o.codes)
        made = Quantizing(codes) if o.kind == "quantize" else Lookup(codes)
        wide = codes.shape[0] if o.kind == "quantize" else codes.shape[2]
    elif o.kind in ("sphere", "angles"):
        made = Sphere() if o.kind == "sphere" else Angles()
        wide += 1 if o.kind == "sphere" else -1
    else:
        raise ModelMismatch(f"{model.name} uses the operation {o.kind}, which cannot be exported yet.")
    channels[o.out], rows[o.out] = wide, many
    return made


def params(model: Model) -> dict[str, list[int]]:
    """Of each method: inputs, input ratio, outputs, output ratio. A ratio is samples a value."""
    found = {}
    if model.can_encode:
        found["encode"] = [model.channels, 1, model.dims, model.hop]
    found["decode"] = [model.dims, model.hop, model.channels, 1]
    if model.can_encode:
        found["forward"] = [model.channels, 1, model.channels, 1]
    return found


class Decoding(nn.Module):
    """A model that only plays latents, as the contract wants it."""

    decode_params: Tensor
    seed_params: Tensor
    reset_params: Tensor
    decode_input_labels: List[str]  # noqa: UP006
    decode_output_labels: List[str]  # noqa: UP006

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.decoder = Coder(model, encoder=False)
        self.sampling_rate = self.sr = model.sample_rate
        self.latent_size, self.n_channels, self.hop = model.dims, model.channels, model.hop
        self.seed = 0
        self.isobath = json.dumps(_said(model))
        for method, numbers in params(model).items():
            self.register_buffer(f"{method}_params", torch.tensor(numbers))
        self.register_buffer("seed_params", torch.tensor([1]))
        self.register_buffer("reset_params", torch.tensor([0]))
        self.decode_input_labels = _latent_labels(model)
        self.decode_output_labels = _audio_labels(model, "decoded")

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        """Latents (batch, dims, frames) -> sound (batch, channels, frames * hop)."""
        y: Tensor = self.decoder(z)
        return y

    def forward(self, z: Tensor) -> Tensor:
        """The same; TorchScript wants a forward."""
        return self.decode(z)

    @torch.jit.export
    def get_methods(self) -> List[str]:  # noqa: UP006
        """What can be called."""
        return ["decode"]

    @torch.jit.export
    def get_attributes(self) -> List[str]:  # noqa: UP006
        """What can be set."""
        return ["seed", "reset"]

    @torch.jit.export
    def get_seed(self) -> Tuple[int]:  # noqa: UP006
        """Of the model's noise."""
        return (self.seed,)

    @torch.jit.export
    def set_seed(self, seed: int) -> int:
        """Another seed, other noise."""
        self.seed = seed & 0xFFFFFFFF
        self.decoder.sow(self.seed)
        return 0

    @torch.jit.export
    def get_reset(self) -> Tuple[bool]:  # noqa: UP006
        """Always no."""
        return (False,)

    @torch.jit.export
    def set_reset(self, reset: bool) -> int:
        """Forget the past, as if it was just loaded."""
        if reset:
            self.decoder.restart(self.decoder.batch)
        return 0


class Playing(Decoding):
    """A model that listens, too."""

    encode_params: Tensor
    forward_params: Tensor
    encode_input_labels: List[str]  # noqa: UP006
    encode_output_labels: List[str]  # noqa: UP006
    forward_input_labels: List[str]  # noqa: UP006
    forward_output_labels: List[str]  # noqa: UP006

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.encoder = Coder(model, encoder=True)
        self.encode_input_labels = self.forward_input_labels = _audio_labels(model, "audio")
        self.encode_output_labels = _latent_labels(model)
        self.forward_output_labels = _audio_labels(model, "reconstructed")

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        """Sound (batch, channels, frames * hop) -> latents (batch, dims, frames)."""
        y: Tensor = self.encoder(x)
        return y

    def forward(self, x: Tensor) -> Tensor:
        """Sound -> sound, `delay` samples late."""
        return self.decode(self.encode(x))

    @torch.jit.export
    def get_methods(self) -> List[str]:  # noqa: UP006
        """What can be called."""
        return ["encode", "decode", "forward"]

    @torch.jit.export
    def set_reset(self, reset: bool) -> int:
        """Forget the past, as if it was just loaded."""
        if reset:
            self.decoder.restart(self.decoder.batch)
            self.encoder.restart(self.encoder.batch)
        return 0


def _latent_labels(model: Model) -> list[str]:
    labels = model.description.latent.labels
    return [f"(signal) latent {i + 1}{f': {label}' if label else ''}" for i, label in enumerate(labels)]


def _audio_labels(model: Model, what: str) -> list[str]:
    names = {1: [""], 2: [" left", " right"]}.get(
        model.channels, [f" channel {c + 1}" for c in range(model.channels)]
    )
    return [f"(signal) {what}{name}" for name in names]


def _said(model: Model) -> dict[str, Any]:
    """What the file says of itself beyond the contract, as JSON in its attribute `isobath`."""
    d = model.description
    return {
        "name": d.name, "title": d.title, "about": d.about, "licence": d.licence, "credit": d.credit,
        "sample_rate": d.sample_rate, "channels": d.channels, "hop": d.hop, "dims": d.dims, "delay": d.delay,
        "labels": d.latent.labels, "mean": d.latent.mean, "std": d.latent.std,
    }  # fmt: skip


def scripted(model: Model) -> torch.jit.ScriptModule:
    """The model as a TorchScript module, silent so far."""
    module = Playing(model) if model.can_encode else Decoding(model)
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    made: torch.jit.ScriptModule = torch.jit.script(module.eval())
    return made


def write(model: Model, path: Path) -> Null:
    """Write the module as a file, whole and tried, or not at all.

    Raises:
        ModelDamaged: what was written does not play what the kernel plays.
        SaveError: the disk refuses.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    data = scripted(model).save_to_buffer()  # torch's own writing ends the process where a disk is full
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        null = torchscript_null(model, partial)
        partial.replace(path)
    except OSError as error:
        raise SaveError(
            f"{path} could not be written ({error.strerror}). Make room, or choose another place."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return null


def torchscript_null(model: Model, path: Path) -> Null:
    """Open a TorchScript file as a host does, and compare it.

    Raises:
        ModelDamaged: a method's answer has another shape than its params say, or it differs.
    """
    module: Any = torch.jit.load(str(path))  # type: ignore[no-untyped-call]
    # Optimising takes seconds for each block size and changes rounding at most.
    with torch.no_grad(), torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
        register(model, module)
        module.set_seed(SEED)
        module.set_reset(True)
        encode = (lambda x: module.encode(torch.from_numpy(x)).numpy()) if model.can_encode else None
        return compared(model, lambda z: module.decode(torch.from_numpy(z)).numpy(), encode)


def register(model: Model, module: Any) -> None:
    """Call every method as a host does when it opens a file.

    Raises:
        ModelDamaged: an answer has another shape than the params say.
    """
    for method in module.get_methods():
        inputs, input_ratio, outputs, output_ratio = getattr(module, f"{method}_params").tolist()
        samples = max(HOST_SAMPLES, model.hop)
        for batch in HOST_BATCHES:
            answer = getattr(module, method)(torch.zeros(batch, inputs, samples // input_ratio))
            wanted = (batch, outputs, samples // output_ratio)
            if tuple(answer.shape) != wanted:
                raise ModelDamaged(
                    f"The export of {model.name} does not work: {method} answers {tuple(answer.shape)} "
                    f"instead of {wanted}. Please report it with the model."
                )
