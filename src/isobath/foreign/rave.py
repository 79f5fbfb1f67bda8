"""RAVE files (`.ts`) as models of ours: read as data, written as operations.

    archive = read(Path("darbouka.ts"))
    if recognised(archive):
        imported = convert(archive, dims=8)

Every published generation is known by the names and shapes of its parts: the first (loudness,
residual stacks), the second (amplitude modulation, dilated units), causal or not, with shaped
noise or without, stereo, Snake, codes, angles, Wasserstein's noise channels. What the file does by
chance (sampling the posterior, filling cut dimensions with noise) happens here at its mean, so that
a model plays the same twice; `chance=True` keeps the cut dimensions random, from the voice's seed.

Streaming is kept to the row: latents and sound come out as late as from the file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.errors import ModelMismatch
from isobath.models.description import MOST_DIMS, Operation, Tensors

from .archive import Archive
from .layers import (
    Signal,
    Tape,
    Unfamiliar,
    Walker,
    aligned,
    child,
    numbered,
    optional,
    padding_of,
    weight_of,
)  # fmt: skip
from .pickles import Node

BASIS = "latent_basis"
"""Tensor (D, D): all principal axes of the file, so that a size can be chosen again later."""

CENTRE = "latent_centre"
"""Tensor (D): the mean that the axes start from."""


MOST_WIDE = 4096
"""Of a latent before its axes are cut, and of a bank's bands."""

MOST_TAPS = 1 << 14
MOST_GAINS = 1024


@dataclass(frozen=True)
class Imported:
    """A model made from a file, without statistics yet (`isobath.foreign.survey`)."""

    sample_rate: int
    channels: int
    hop: int
    dims: int
    most_dims: int
    delay: int
    latent: str
    """`continuous`, `codes` or `angles`."""

    encoder: list[Operation]
    decoder: list[Operation]
    tensors: Tensors
    generation: str
    fidelity: list[float]
    """Share of variance that the first axes explain together, if the file says so."""


def find(archive: Archive) -> Node | None:
    """The part of a file that is a RAVE: itself, or inside a model with a prior."""
    for _, node in archive.root.nodes():
        parts = [node.attributes.get(name) for name in ("pqmf", "encoder", "decoder")]
        if all(isinstance(part, Node) for part in parts):
            return node
    return None


def convert(archive: Archive, dims: int | None = None, *, chance: bool = False) -> Imported:
    """The file's two coders as operations.

    dims: latent size, up to all that the file holds; by default what it was exported with.
    chance: the dimensions left out vary by chance instead of resting at their mean.

    Raises:
        Unfamiliar: it has a part that is not known here; nothing is guessed.
        ModelMismatch: it has not so many dimensions.
    """
    root = find(archive)
    if root is None:
        raise Unfamiliar("no filter bank, encoder and decoder side by side")
    try:
        return _Conversion(archive, root, dims, chance).run()
    except (ArithmeticError, AssertionError, LookupError, TypeError, RecursionError) as error:
        raise Unfamiliar(f"parts that do not fit together ({type(error).__name__})") from error
    except ValueError as error:
        if isinstance(error, Unfamiliar):
            raise
        raise Unfamiliar("numbers that do not fit together") from error


def _whole(node: Node, names: tuple[str, ...], low: int, high: int) -> int:
    """An integer attribute under one of these names; tensors of one element count."""
    for name in names:
        found = node.attributes.get(name)
        if isinstance(found, np.ndarray) and found.size == 1:
            found = int(found.reshape(-1)[0])
        if isinstance(found, int) and low <= found <= high:
            return int(found)
    raise Unfamiliar(f"{node.kind} without {names[0]}")


class _Conversion:
    """One file on its way."""

    def __init__(self, archive: Archive, root: Node, dims: int | None, chance: bool) -> None:
        self.archive, self.root, self.wanted, self.chance = archive, root, dims, chance
        self.bank, self.encoder, self.decoder = (child(root, n) for n in ("pqmf", "encoder", "decoder"))
        conv = child(self.bank, "forward_conv")
        self.streams = "cache" in conv.attributes
        self.causal = self._causal(conv)
        self.counted = 0
        """Samples of the filter bank's looking ahead that the encoder's frames wait for as well, so
        that latents of a file that does not stream keep its grid of frames."""
        self.sample_rate = self._rate()
        self.channels = self._channels()
        self.bands = weight_of(child(self.bank, "forward_conv")).shape[0]

    def _rate(self) -> int:
        """The rate that the nets were trained at; what a file resamples, the instrument resamples."""
        resampler = self.root.attributes.get("resampler")
        if isinstance(resampler, Node):
            return _whole(resampler, ("model_sr",), 4000, 400_000)
        return _whole(self.root, ("sr", "sampling_rate"), 4000, 400_000)

    def _causal(self, conv: Node) -> bool:
        """Whether nothing was allowed to hear the future."""
        if self.streams:
            return bool(conv.attributes.get("cumulative_delay", 1) == 0)
        pad = conv.attributes.get("_pad")
        return isinstance(pad, list | tuple) and bool(list(pad[1:]) == [0])

    def _past(self, conv: Node) -> int:
        """Rows of past of a filter bank's convolution; one that does not stream keeps all its span."""
        return padding_of(child(conv, "cache")) if self.streams else weight_of(conv).shape[2] - 1

    def _channels(self) -> int:
        found = self.root.attributes.get("n_channels", 1)
        return found if isinstance(found, int) and 1 <= found <= 64 else 1

    def _walker(self, prefix: str) -> Walker:
        return Walker(Tape(prefix, self.causal), self.archive.finals)

    def run(self) -> Imported:
        listens, sounds = self._walker("e"), self._walker("d")
        top = self._listen(listens)
        hop = top.samples
        latent = Latent(self, top.channels)
        latent.encode(listens, top)
        start = latent.decode(sounds, hop)
        audio = self._sound(sounds, start)
        bank = bank_delay(listens.tape, sounds.tape)
        return Imported(
            sample_rate=self.sample_rate, channels=self.channels, hop=hop, dims=latent.dims,
            most_dims=latent.most, delay=round(top.lag - self.counted + audio.lag) + bank, latent=latent.kind,
            encoder=_needed(listens.tape, "mean"), decoder=_needed(sounds.tape, "audio"),
            tensors={**_used(listens.tape, "mean"), **_used(sounds.tape, "audio"), **latent.kept},
            generation=self._generation(), fidelity=latent.fidelity(),
        )  # fmt: skip

    def _generation(self) -> str:
        kinds = {node.kind for _, node in self.root.nodes()}
        words = ["RAVE v1" if "ResidualStack" in kinds else "RAVE v3" if "Snake" in kinds else "RAVE v2"]
        named = {"DiscreteEncoder": "discrete", "SphericalEncoder": "spherical"}
        named |= {"WasserteinEncoder": "Wasserstein", "WassersteinEncoder": "Wasserstein"}
        words += [word for kind, word in named.items() if kind in kinds]
        words += ["causal"] if self.causal else []
        words += [f"{self.channels} channels"] if self.channels > 1 else []
        return ", ".join(words)

    # ---- the filter bank ----

    def _listen(self, walker: Walker) -> Signal:
        """Audio to the encoder's last rows."""
        conv = child(self.bank, "forward_conv")
        weight, past = weight_of(conv), self._past(conv)
        bands, one, taps = weight.shape
        if one != 1 or walker.number(conv, "stride") != bands or not 2 <= bands <= MOST_WIDE:
            raise Unfamiliar(f"a filter bank of {weight.shape} taps")
        if max(taps, past) > MOST_TAPS or not np.any(weight):
            raise Unfamiliar(f"a filter bank of {weight.shape} taps")
        filters = weight[:, 0, ::-1]  # newest first
        used = np.flatnonzero(np.any(filters != 0, axis=0))
        first, last = int(used[0]), int(used[-1]) + 1
        filters = np.pad(filters[:, first:last], ((0, 0), (0, (first - last) % bands)))
        late = bands - 1 + past - (taps - 1) + first
        out = walker.tape.write(
            "analysis", Signal("audio", self.channels, 1), late=late, alternate=True,
            filters=walker.tape.keep("filters", filters * _signs(bands)),
        )  # fmt: skip
        self.counted = 0 if self.streams or self.causal else past - past // 2
        signal = Signal(out, bands * self.channels, bands, lag=self.counted)
        encoder = child(self.encoder, "encoder") if "encoder" in self.encoder.attributes else self.encoder
        return walker.tape.plain(walker.walk(encoder, signal))

    def _synthesis(self, walker: Walker, signal: Signal) -> Signal:
        """Sub-bands to audio: one row of `bands` samples a row, newest band last in the file."""
        conv = child(self.bank, "inverse_conv")
        weight, past = weight_of(conv), self._past(conv)
        if max(weight.shape[2], past) > MOST_TAPS or not np.any(weight):
            raise Unfamiliar("a filter bank of too many taps, or none")
        if weight.shape[:2] != (self.bands, self.bands) or signal.channels != self.bands * self.channels:
            raise Unfamiliar(f"a filter bank of {weight.shape} taps")
        phases = weight[::-1, :, ::-1]  # by sample of the row, band, rows ago
        used = np.flatnonzero(np.any(phases != 0, axis=(0, 1)))
        first, last = int(used[0]), int(used[-1]) + 1
        filters = phases[:, :, first:last].transpose(1, 2, 0).reshape(self.bands, -1)
        late = past - (weight.shape[2] - 1) + first
        if late < 0:
            raise Unfamiliar(f"a filter bank of {weight.shape} taps")
        out = walker.tape.write(
            "synthesis", signal, out="audio", late=signal.late + late, alternate=True,
            filters=walker.tape.keep("filters", filters * _signs(self.bands) ** (1 + signal.late + late)),
        )  # fmt: skip
        return Signal(out, self.channels, 1, lag=signal.lag)

    # ---- the decoder's end ----

    def _sound(self, walker: Walker, signal: Signal) -> Signal:
        decoder = self.decoder
        top = walker.walk(child(decoder, "net"), signal)
        rows = self._first(walker, top) if "synth" in decoder.attributes else self._second(walker, top)
        return self._synthesis(walker, walker.tape.plain(rows))

    def _first(self, walker: Walker, top: Signal) -> Signal:
        """The first generation: tanh(wave) times loudness, and noise once it was trained."""
        tape, synth = walker.tape, child(self.decoder, "synth")
        branches = numbered(child(synth, "branches"))
        if len(branches) not in (2, 3):
            raise Unfamiliar(f"{len(branches)} branches of sound")
        top = tape.plain(top)
        found = [walker.walk(branch, top) for branch in branches[:2]]
        if len(branches) == 3 and self._warmed():
            found.append(self._noise(walker, branches[2], top))
        wave, loud, *rest = walker.together(synth, found)
        wave, loud = tape.activated(wave, "tanh"), tape.activated(loud, "gate")
        fields: dict[str, Any] = {"add": rest[0].name, "add_late": rest[0].late} if rest else {}
        out = tape.write("multiply", wave, by=loud.name, **fields)
        return replace(wave, name=out, late=0)

    def _warmed(self) -> bool:
        if not self.decoder.attributes.get("use_noise", True):
            return False
        warmed = self.decoder.attributes.get("warmed_up")
        return not (isinstance(warmed, np.ndarray) and warmed.size == 1 and int(warmed.reshape(-1)[0]) == 0)

    def _second(self, walker: Walker, top: Signal) -> Signal:
        """The second generation: wave times its own gate, noise, tanh."""
        tape, decoder = walker.tape, self.decoder
        modulated = bool(decoder.attributes.get("amplitude_modulation", False))
        top, noise = tape.plain(top), None
        module = decoder.attributes.get("noise_module")
        if isinstance(module, Node):
            noise = self._noise(walker, module, top)
        wave_module = decoder.attributes.get("waveform_module")
        wave = walker.walk(wave_module, top) if isinstance(wave_module, Node) else top
        if modulated:
            wave, gate = self._halves(walker, wave)
            gate = tape.activated(gate, "sigmoid")
            out = tape.write("multiply", wave, by=gate.name, by_late=gate.late)
            wave = replace(wave, name=out, late=0)
        if noise is not None:
            wave, noise = (wave, noise) if self.streams else aligned([wave, noise])
            wave = walker.added(wave, tape.plain(noise))
        return tape.activated(wave, "tanh")

    def _halves(self, walker: Walker, wave: Signal) -> tuple[Signal, Signal]:
        """The convolution just written, cut into its first and its second half of outputs."""
        tape = walker.tape
        at, half = tape.producer(wave), wave.channels // 2
        operation = None if at is None else tape.operations[at]
        if (
            operation is None
            or at is None
            or operation.kind != "conv"
            or operation.add
            or operation.groups > 1
        ):
            raise Unfamiliar("a wave and its gate that are no convolution")
        tape.operations.pop(at)
        weight = tape.tensors.pop(operation.weight or "")
        bias = tape.tensors.pop(operation.bias) if operation.bias else None
        made = []
        for part in (slice(0, half), slice(half, None)):
            source = Signal(operation.source, weight.shape[1], wave.samples, operation.late)
            out = tape.write(
                "conv", source, weight=tape.keep("weight", weight[part]), act=operation.act,
                bias=None if bias is None else tape.keep("bias", bias[part]),
                stride=operation.stride, dilation=operation.dilation,
            )  # fmt: skip
            made.append(replace(wave, name=out, channels=half))
        return made[0], made[1]

    def _noise(self, walker: Walker, node: Node, top: Signal) -> Signal:
        """Band gains every few rows, and the noise that they shape."""
        tape = walker.tape
        signal = tape.plain(walker.walk(child(node, "net"), top))
        frame = _whole(node, ("target_size",), 1, 4096)
        bands = self.bands * self.channels
        gains, samples = signal.channels // bands, frame * top.samples
        if signal.channels % bands or not 2 <= gains <= MOST_GAINS or signal.samples != samples:
            raise Unfamiliar(f"noise of {signal.channels} gains every {frame} rows")
        signal = walker.affine(signal, np.ones(signal.channels), np.full(signal.channels, -5.0))
        filters = tape.keep("filters", noise_filters(gains, frame))
        out = tape.write("noise", signal, filters=filters)
        return Signal(out, bands, top.samples, lag=signal.lag)


def bank_delay(listens: Tape, sounds: Tape) -> int:
    """Samples by which a sound comes late through both filter banks alone: where an impulse peaks.

    The training aligns sub-bands, so this comes on top of what the nets wait for.
    """
    into = next(o for o in listens.operations if o.kind == "analysis")
    back = next(o for o in sounds.operations if o.kind == "synthesis")
    h, f = listens.tensors[into.filters or ""], sounds.tensors[back.filters or ""]
    bands, taps = h.shape
    rows = (into.late + taps + bands * back.late + f.shape[1]) // bands + 2
    at, band = bands // 2, np.arange(bands)
    x = np.zeros(into.late + taps + rows * bands)
    x[into.late + taps + at] = 1.0
    out = np.zeros(rows * bands)
    for t in range(rows):
        end, start = taps + (t + 1) * bands, (t + back.late) * bands
        turns = band % 2 * (t % 2 + (t + back.late) % 2)  # alternating, on the way in and out
        row = (h @ x[end - taps : end][::-1]) * (-1.0) ** turns
        room = out[start : start + f.shape[1]]
        room += (row @ f)[: len(room)]
    return int(np.abs(out).argmax() - at)


def noise_filters(gains: int, frame: int) -> NDArray[np.float64]:
    """(gains, frame): the response to each gain alone. Gains are a spectrum, real and even; its
    inverse transform is centred, windowed (Hann) and laid into a frame with its centre at 0."""
    size = 2 * (gains - 1)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / max(size, 1))
    response = np.roll(np.fft.irfft(np.eye(gains), size, axis=1), size // 2, axis=1) * window
    laid = np.zeros((gains, frame))
    laid[:, : min(size, frame)] = response[:, :frame]
    return np.roll(laid, -(size // 2), axis=1)


def _signs(bands: int) -> NDArray[np.float32]:
    """The file turns odd bands in even rows, our format in odd ones."""
    return np.where(np.arange(bands) % 2, -1.0, 1.0).astype(np.float32)[:, None]


def _needed(tape: Tape, end: str) -> list[Operation]:
    """The operations that `end` depends on."""
    wanted, kept = {end}, []
    for operation in reversed(tape.operations):
        if operation.out in wanted:
            wanted |= {n for n in (operation.source, operation.add, operation.by) if n}
            kept.append(operation)
    return kept[::-1]


_TENSORS = ("weight", "bias", "filters", "alpha", "codes")


def _used(tape: Tape, end: str) -> Tensors:
    names = {getattr(o, field) for o in _needed(tape, end) for field in _TENSORS}
    return {name: value for name, value in tape.tensors.items() if name in names}


class Latent:
    """What lies between the coders: principal axes, codes or angles."""

    def __init__(self, conversion: _Conversion, outputs: int) -> None:
        self.root, self.wanted, self.chance = conversion.root, conversion.wanted, conversion.chance
        self.node = conversion.encoder
        self.kept: Tensors = {}
        self.kind = {"DiscreteEncoder": "codes", "SphericalEncoder": "angles"}.get(
            self.node.kind, "continuous"
        )
        self.codes = self._codes() if self.kind == "codes" else None
        self.basis, self.centre = self._axes(outputs)
        self.size = len(self.centre) if self.kind == "continuous" else outputs
        self.most = self._most(outputs)
        self.dims = self._chosen()

    def _codes(self) -> NDArray[np.float32]:
        layers = numbered(child(child(self.node, "rvq"), "layers"))
        books = [optional(child(layer, "_codebook"), "embed") for layer in layers]
        found = [book for book in books if book is not None and book.ndim == 2]
        if not 1 <= len(found) <= MOST_DIMS or len(found) < len(books):
            raise Unfamiliar(f"{len(books)} books of codes")
        return np.stack(found)

    def _axes(self, outputs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        basis, centre = optional(self.root, "latent_pca"), optional(self.root, "latent_mean")
        if self.node.kind in ("VariationalEncoder", "Encoder"):  # a mean, and a deviation behind it
            if basis is not None and centre is not None and basis.shape == (outputs // 2, outputs // 2):
                return basis, centre.reshape(outputs // 2)
            outputs //= 2
        if outputs > MOST_WIDE:
            raise Unfamiliar(f"a latent of {outputs} dimensions")
        return np.eye(outputs, dtype=np.float32), np.zeros(outputs, np.float32)

    def _most(self, outputs: int) -> int:
        if self.codes is not None:
            return len(self.codes)
        return outputs - 1 if self.kind == "angles" else min(self.size, MOST_DIMS)

    def _chosen(self) -> int:
        if self.wanted is None:
            if self.kind != "continuous":
                return self.most
            return min(_whole(self.root, ("latent_size",), 1, 4096), self.most)
        if not 1 <= self.wanted <= self.most or (self.kind == "angles" and self.wanted != self.most):
            choice = f"{self.most}" if self.kind == "angles" else f"1 to {self.most}"
            raise ModelMismatch(
                f"This model's latent has {self.most} dimensions; {self.wanted} cannot be chosen. "
                f"Choose {choice}."
            )
        return self.wanted

    def fidelity(self) -> list[float]:
        """What the file says its axes explain, of those that are kept."""
        found = optional(self.root, "fidelity")
        if self.kind != "continuous" or found is None or len(found) != self.size or found.max() <= 0:
            return []
        return [float(x) for x in found[: self.dims]]

    def encode(self, walker: Walker, top: Signal) -> None:
        """The encoder's last rows to `mean`."""
        tape = walker.tape
        if self.codes is not None:
            tape.write("quantize", top, out="mean", codes=tape.keep("codes", self.codes[: self.dims]))
        elif self.kind == "angles":
            tape.write("angles", top, out="mean")
        else:
            source = _first_outputs(walker, top, self.size)
            weight = self.basis[: self.dims]
            tape.write(
                "conv", source, out="mean", weight=tape.keep("weight", weight[:, :, None]),
                bias=tape.keep("bias", -weight @ self.centre),
            )  # fmt: skip
            self.kept = {BASIS: self.basis, CENTRE: self.centre}

    def decode(self, walker: Walker, hop: int) -> Signal:
        """`latent` to what the decoder's net starts from."""
        tape = walker.tape
        latent = Signal("latent", self.dims, hop)
        if self.codes is not None:
            out = tape.write("lookup", latent, codes=tape.keep("codes", self.codes[: self.dims]))
            size = self.codes.shape[2]
        elif self.kind == "angles":
            out, size = tape.write("sphere", latent), self.dims + 1
        else:
            out, size = self._turned_back(tape, latent)
        walker.beside, walker.chance = self._beside(), self.chance
        return Signal(out, size, hop)

    def _beside(self) -> int:
        """Channels of noise that the decoder's first convolution hears beside the latent."""
        found = self.node.attributes.get("noise_augmentation", 0)
        return found if isinstance(found, int) and 0 <= found <= 4096 else 0

    def _turned_back(self, tape: Tape, latent: Signal) -> tuple[str, int]:
        """Principal axes to the decoder's own; axes left out rest at 0, or vary."""
        fields: dict[str, Any] = {}
        if self.chance and self.dims < self.size:
            rest = tape.write("normal", latent, outputs=self.size - self.dims)
            fields["add"] = tape.write(
                "conv", Signal(rest, self.size - self.dims, latent.samples),
                weight=tape.keep("weight", self.basis[self.dims :].T[:, :, None]),
            )  # fmt: skip
        out = tape.write(
            "conv", latent, weight=tape.keep("weight", self.basis[: self.dims].T[:, :, None]),
            bias=tape.keep("bias", self.centre), **fields,
        )  # fmt: skip
        return out, self.size


def _first_outputs(walker: Walker, top: Signal, size: int) -> Signal:
    """The first outputs of the convolution just written: the mean, without the deviation.

    In two groups, the mean hears only the first half of what comes before, so only that is kept.
    """
    tape = walker.tape
    if top.channels == size:
        return top
    operation = _narrowed(tape, top.name, size)
    if operation.groups > 1:
        if top.channels // operation.groups != size:
            raise Unfamiliar(f"a mean of {size} in {operation.groups} groups of {top.channels}")
        inner = tape.tensors[operation.weight or ""].shape[1]
        _narrowed(tape, operation.source, inner)
        at = tape.operations.index(operation)
        tape.operations[at] = msgspec.structs.replace(operation, groups=1)
    return replace(top, channels=size)


def _narrowed(tape: Tape, name: str, size: int) -> Operation:
    """The convolution that writes a register, with only its first outputs left."""
    readers = [o for o in tape.operations if name in (o.source, o.add, o.by)]
    operation = next((o for o in tape.operations if o.out == name), None)
    if operation is None or operation.kind != "conv" or operation.add or len(readers) > 1:
        raise Unfamiliar("a mean and a deviation that are no convolution")
    for tensor in (operation.weight, operation.bias):
        if tensor:
            tape.tensors[tensor] = np.ascontiguousarray(tape.tensors[tensor][:size])
    return operation
