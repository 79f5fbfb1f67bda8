"""Streaming layers of a TorchScript file, written down as operations of our model format.

A walk along the modules of a net, in the order in which they are named. What a streaming
convolution adds to the one it was trained as lies in the file as the sizes of its caches: how
much past it keeps and by how many rows it waits for its neighbours. Both become plain numbers of
the format here (`late`, `add_late`); the caches themselves are not read.

Also counted is how far the streamed sound lags behind the alignment of the training, in samples:
every row that a centred convolution would have looked ahead, and every row of waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.models.description import Operation

from .pickles import Node

Floats = NDArray[np.float32]


class Unfamiliar(ValueError):
    """A part of a net that has no counterpart here; the sentence's middle names it."""


@dataclass(frozen=True)
class Signal:
    """A register on its way: what was done to it that no operation says yet.

    late: rows by which it is to be read late. leaky: it is to be read through the activation.
    samples: of audio in one row. lag: samples behind the training's alignment.
    """

    name: str
    channels: int
    samples: int
    late: int = 0
    leaky: bool = False
    lag: float = 0.0

    def waited(self, rows: int) -> Signal:
        """The same, so many rows later."""
        return replace(self, late=self.late + rows, lag=self.lag + rows * self.samples)


@dataclass
class Tape:
    """One coder's operations and tensors, as they are written."""

    prefix: str
    causal: bool
    operations: list[Operation] = field(default_factory=list)
    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)

    def name(self, what: str) -> str:
        """A name for a tensor of the next operation."""
        return f"{self.prefix}{len(self.operations):03d}_{what}"

    def keep(self, what: str, value: NDArray[Any]) -> str:
        """Store a tensor of the next operation."""
        name = self.name(what)
        self.tensors[name] = np.ascontiguousarray(value, np.float32)
        return name

    def write(self, kind: str, signal: Signal, out: str = "", **fields: Any) -> str:
        """One operation that reads `signal`."""
        out = out or f"{self.prefix}{len(self.operations):03d}"
        fields.setdefault("late", signal.late)
        self.operations.append(Operation(kind=kind, source=signal.name, out=out, **fields))
        return out

    def plain(self, signal: Signal) -> Signal:
        """The signal with its activation written down."""
        if not signal.leaky:
            return signal
        out = self.write("activate", signal, act="leaky")
        return replace(signal, name=out, late=0, leaky=False)

    def activated(self, signal: Signal, act: str, **fields: Any) -> Signal:
        """One curve over every value."""
        signal = self.plain(signal)
        return replace(signal, name=self.write("activate", signal, act=act, **fields), late=0)

    def producer(self, signal: Signal) -> int | None:
        """Index of the operation that wrote a signal, if nothing has read it."""
        if any(signal.name in (o.source, o.add, o.by) for o in self.operations):
            return None
        return next((i for i, o in enumerate(self.operations) if o.out == signal.name), None)


def numbered(node: Node) -> list[Node]:
    """The children of a sequence, in order."""
    keys = sorted((k for k in node.attributes if k.isdigit()), key=int)
    return [node.attributes[k] for k in keys if isinstance(node.attributes[k], Node)]


def child(node: Node, name: str) -> Node:
    """A child that must be there."""
    found = node.attributes.get(name)
    if not isinstance(found, Node):
        raise Unfamiliar(f"{node.kind} without {name}")
    return found


def weight_of(node: Node) -> Floats:
    """A convolution's weight, weight normalisation multiplied out."""
    weight = node.attributes.get("weight")
    if not isinstance(weight, np.ndarray):
        g, v = node.attributes.get("weight_g"), node.attributes.get("weight_v")
        if not (isinstance(g, np.ndarray) and isinstance(v, np.ndarray)):
            raise Unfamiliar(f"{node.kind} without a weight")
        weight = g * v / np.sqrt((np.asarray(v, np.float64) ** 2).sum(axis=(1, 2), keepdims=True))
    if weight.ndim != 3:
        raise Unfamiliar(f"a weight of {weight.ndim} axes")
    return np.asarray(weight, np.float32)


def optional(node: Node, name: str) -> Floats | None:
    """A tensor that may be missing."""
    found = node.attributes.get(name)
    return np.asarray(found, np.float32) if isinstance(found, np.ndarray) else None


def padding_of(node: Node) -> int:
    """Rows that a cache holds."""
    rows = node.attributes.get("padding")
    pad = node.attributes.get("pad")
    if isinstance(pad, np.ndarray) and pad.ndim == 3:
        return int(pad.shape[2])
    if isinstance(rows, int) and 0 <= rows < 1 << 20:
        return rows
    raise Unfamiliar(f"{node.kind} of unknown length")


def aligned(signals: list[Signal]) -> list[Signal]:
    """All as late as the latest."""
    last = max(signal.lag for signal in signals)
    waits = [int(last - signal.lag) // signal.samples for signal in signals]
    return [signal.waited(wait) for signal, wait in zip(signals, waits, strict=True)]


class Walker:
    """Follows a net and writes a tape. `finals(node)` gives a node's fixed values."""

    def __init__(self, tape: Tape, finals: Any) -> None:
        self.tape, self.finals = tape, finals
        self.beside = 0
        """Channels of normal noise that the next convolution hears beside its signal."""

        self.chance = False
        """Whether it is to be heard here too; otherwise it rests at 0, its mean."""

    def number(self, node: Node, name: str) -> int:
        """A fixed size of a convolution, such as its stride."""
        found = self.finals(node).get(name, node.attributes.get(name))
        if isinstance(found, list | tuple) and len(found) == 1:
            found = found[0]
        if not isinstance(found, int) or not 0 < found < 1 << 16:
            raise Unfamiliar(f"{node.kind} whose {name} is {found!r}")
        return found

    def walk(self, node: Node, signal: Signal) -> Signal:
        """One module, whatever it is."""
        step = getattr(self, f"_{node.kind}", None)
        if step is None:
            raise Unfamiliar(node.kind)
        found: Signal = step(node, signal)
        return found

    def chain(self, nodes: list[Node], signal: Signal) -> Signal:
        """Modules one after another."""
        for node in nodes:
            signal = self.walk(node, signal)
        return signal

    def _CachedSequential(self, node: Node, signal: Signal) -> Signal:
        return self.chain(numbered(node), signal)

    _Sequential = _CachedSequential

    def _net(self, node: Node, signal: Signal) -> Signal:
        return self.walk(child(node, "net"), signal)

    _DilatedUnit = _ResidualLayer = _ResidualBlock = _UpsampleLayer = _Encoder = _EncoderV2 = _net

    def _Identity(self, _: Node, signal: Signal) -> Signal:
        return signal

    def _LeakyReLU(self, node: Node, signal: Signal) -> Signal:
        slope = self.finals(node).get("negative_slope", node.attributes.get("negative_slope"))
        if not isinstance(slope, float) or abs(slope - 0.2) > 1e-9:
            raise Unfamiliar(f"LeakyReLU of slope {slope!r}")
        return replace(self.tape.plain(signal), leaky=True)

    def _Snake(self, node: Node, signal: Signal) -> Signal:
        alpha = optional(node, "alpha")
        if alpha is None:
            raise Unfamiliar("Snake without alpha")
        signal = self.tape.plain(signal)
        values = np.broadcast_to(alpha.reshape(-1), (signal.channels,))
        return self.tape.activated(signal, "snake", alpha=self.tape.keep("alpha", values))

    def _Tanh(self, _: Node, signal: Signal) -> Signal:
        return self.tape.activated(signal, "tanh")

    def affine(self, signal: Signal, scale: NDArray[Any], shift: NDArray[Any]) -> Signal:
        """Scale and shift a channel: into the convolution before, if nobody else hears that."""
        signal = self.tape.plain(signal)
        at = self.tape.producer(signal)
        if at is None or self.tape.operations[at].kind != "conv" or signal.late:
            alpha = self.tape.keep("alpha", scale)
            return self.tape.activated(signal, "affine", alpha=alpha, bias=self.tape.keep("bias", shift))
        operation, tensors = self.tape.operations[at], self.tape.tensors
        assert operation.weight is not None
        before = tensors[operation.bias] if operation.bias else np.zeros(signal.channels, np.float32)
        name = operation.bias or operation.weight.replace("weight", "bias")
        tensors[name] = (before * scale + shift).astype(np.float32)
        tensors[operation.weight] = (tensors[operation.weight] * scale[:, None, None]).astype(np.float32)
        self.tape.operations[at] = msgspec.structs.replace(operation, bias=name)
        return signal

    def _BatchNorm1d(self, node: Node, signal: Signal) -> Signal:
        mean, variance = optional(node, "running_mean"), optional(node, "running_var")
        if mean is None or variance is None:
            raise Unfamiliar("BatchNorm1d without statistics")
        gain, shift = optional(node, "weight"), optional(node, "bias")
        epsilon = self.finals(node).get("eps", node.attributes.get("eps", 1e-5))
        scale = 1 / np.sqrt(variance.astype(np.float64) + epsilon)
        scale = scale if gain is None else scale * gain
        offset = -mean * scale if shift is None else shift - mean * scale
        return self.affine(signal, scale, offset)

    def _AdaptiveInstanceNormalization(self, node: Node, signal: Signal) -> Signal:
        """Passes on what it gets until it has learned a source and a target."""
        parts = [optional(node, name) for name in ("mean_x", "std_x", "mean_y", "std_y")]
        counts = [optional(node, name) for name in ("num_update_x", "num_update_y")]
        learned = all(c is not None and c.size and float(c.reshape(-1)[0]) > 0 for c in counts)
        if not learned or any(p is None or p.size == 0 for p in parts):
            return signal
        mean_x, std_x, mean_y, std_y = (np.asarray(p, np.float64)[0].reshape(-1) for p in parts)
        scale = std_y / (std_x + 1e-5)
        return self.affine(signal, scale, mean_y - mean_x * scale)

    # ---- convolutions ----

    def _CachedConv1d(self, node: Node, signal: Signal) -> Signal:
        """late: where its newest tap falls, against ours that hears the newest row of a stride."""
        weight, stride = weight_of(node), self.number(node, "stride")
        dilation, groups = self.number(node, "dilation"), self.number(node, "groups")
        past = padding_of(child(node, "cache"))
        waits = (
            padding_of(child(node, "downsampling_delay")) if "downsampling_delay" in node.attributes else 0
        )
        span = (weight.shape[2] - 1) * dilation
        late = signal.late + stride - 1 + past - span + waits
        fields = {}
        if self.beside and weight.shape[1] == signal.channels + self.beside:
            fields = self._noise_beside(signal, weight[:, signal.channels :])
            weight, self.beside = weight[:, : signal.channels], 0
        if late < 0 or weight.shape[1] * groups != signal.channels:
            raise Unfamiliar(f"CachedConv1d of {weight.shape} taps with {past} rows of past")
        ahead = 0 if self.tape.causal else past - past // 2
        out = self._convolution(
            "conv", node, replace(signal, late=late), weight, stride, dilation, groups, **fields
        )
        lag = signal.lag + (ahead + waits) * signal.samples
        return Signal(out, weight.shape[0], signal.samples * stride, lag=lag)

    def _convolution(
        self,
        kind: str,
        node: Node,
        signal: Signal,
        weight: Floats,
        stride: int,
        dilation: int = 1,
        groups: int = 1,
        **fields: Any,
    ) -> str:
        bias = optional(node, "bias")
        return self.tape.write(
            kind, signal, weight=self.tape.keep("weight", weight),
            bias=None if bias is None else self.tape.keep("bias", bias),
            stride=stride, dilation=dilation, groups=groups, act="leaky" if signal.leaky else None, **fields,
        )  # fmt: skip

    def _noise_beside(self, signal: Signal, weight: Floats) -> dict[str, Any]:
        """What the noise adds to the convolution."""
        if not self.chance:
            return {}
        noise = replace(signal, name=self.tape.write("normal", signal, outputs=weight.shape[1]))
        return {"add": self.tape.write("conv", noise, weight=self.tape.keep("weight", weight))}

    def _CachedConvTranspose1d(self, node: Node, signal: Signal) -> Signal:
        """Its tail is added to the next block, as ours is: kernel 2 x stride."""
        weight, stride = weight_of(node), self.number(node, "stride")
        taps = weight.shape[2]
        if weight.shape[0] != signal.channels or taps > 2 * stride or self.number(node, "groups") != 1:
            raise Unfamiliar(f"CachedConvTranspose1d of {weight.shape} taps at stride {stride}")
        weight = np.pad(weight, ((0, 0), (0, 0), (0, 2 * stride - taps)))
        out = self._convolution("conv_transpose", node, signal, weight, stride)
        samples = signal.samples // stride
        return Signal(out, weight.shape[1], samples, lag=signal.lag + (taps - stride) // 2 * samples)

    # ---- the same of a file that does not stream: it hears the future, we wait for it ----

    def _Conv1d(self, node: Node, signal: Signal) -> Signal:
        """Output n hears up to n·stride + span − left; it is written once that has come in."""
        weight, stride = weight_of(node), self.number(node, "stride")
        dilation, groups = self.number(node, "dilation"), self.number(node, "groups")
        span, left = (weight.shape[2] - 1) * dilation, self.left_padding(node)
        fields = {}
        if self.beside and weight.shape[1] == signal.channels + self.beside:
            fields = self._noise_beside(signal, weight[:, signal.channels :])
            weight, self.beside = weight[:, : signal.channels], 0
        if weight.shape[1] * groups != signal.channels or signal.lag % signal.samples:
            raise Unfamiliar(f"Conv1d of {weight.shape} taps")
        newest = int(signal.lag) // signal.samples + span - left
        frames = max(0, -(-(newest - stride + 1) // stride))
        late = signal.late + stride - 1 + frames * stride - newest
        source = replace(signal, late=late)
        out = self._convolution("conv", node, source, weight, stride, dilation, groups, **fields)
        samples = signal.samples * stride
        return Signal(out, weight.shape[0], samples, lag=frames * samples)

    def left_padding(self, node: Node) -> int:
        """Rows of silence that a convolution puts in front."""
        pad = node.attributes.get("_pad")
        if not isinstance(pad, list | tuple) or not pad:
            pad = self.finals(node).get("padding", (0,))
        if isinstance(pad, list | tuple) and pad and isinstance(pad[0], int) and 0 <= pad[0] < 1 << 20:
            return int(pad[0])
        raise Unfamiliar(f"{node.kind} padded by {pad!r}")

    def _ConvTranspose1d(self, node: Node, signal: Signal) -> Signal:
        """Ours keeps the rows that it cuts off in front."""
        found = self._CachedConvTranspose1d(node, signal)
        return replace(found, lag=signal.lag + self.left_padding(node) * found.samples)

    # ---- branches ----

    def branches(self, node: Node, signal: Signal) -> list[Signal]:
        """Branches that start from one signal, each as late as its file says."""
        signal = self.tape.plain(signal)
        found = [self.walk(branch, signal) for branch in numbered(child(node, "branches"))]
        return self.together(node, found)

    def together(self, node: Node, signals: list[Signal]) -> list[Signal]:
        """Signals that meet: as late as the file's caches make them, or all as the latest."""
        if "paddings" not in node.attributes:
            return aligned(signals)
        waits = [padding_of(each) for each in numbered(child(node, "paddings"))][: len(signals)]
        return [signal.waited(wait) for signal, wait in zip(signals, waits, strict=True)]

    def _Residual(self, node: Node, signal: Signal) -> Signal:
        return self._sum(self.branches(child(node, "aligned"), signal))

    def _ResidualStack(self, node: Node, signal: Signal) -> Signal:
        return self._sum(self.branches(child(node, "net"), signal))

    def _sum(self, signals: list[Signal]) -> Signal:
        """Branches added up: each onto the one that was written last."""
        total = self.tape.plain(signals[0])
        for each in signals[1:]:
            total = self.added(total, self.tape.plain(each))
        return total

    def added(self, a: Signal, b: Signal) -> Signal:
        """a + b, of the lag of a. What was written last adds the other on its way out."""
        if a.channels != b.channels or a.samples != b.samples:
            raise Unfamiliar("branches of different shape")
        lag = a.lag
        order = {o.out: i for i, o in enumerate(self.tape.operations)}
        if order.get(a.name, -1) < order.get(b.name, -1):
            a, b = replace(b, lag=lag), a
        at = self.tape.producer(a)
        operation = None if at is None else self.tape.operations[at]
        able = ("conv", "conv_transpose", "activate", "multiply", "noise")
        if operation is None or at is None or operation.kind not in able or operation.add or a.late:
            out = self.tape.write("activate", a, act="affine", add=b.name, add_late=b.late,
                                  alpha=self.tape.keep("alpha", np.ones(a.channels)))  # fmt: skip
            return replace(a, name=out, late=0, lag=lag)
        self.tape.operations[at] = msgspec.structs.replace(operation, add=b.name, add_late=b.late)
        return replace(a, lag=lag)
