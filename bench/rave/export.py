"""Real files of the reference, with random weights at a sensible scale, for the null tests.

    FOLDER/venv/bin/python bench/rave/export.py FOLDER OUT [NAME ...]

FOLDER is where `install.sh` put the reference. Each NAME becomes OUT/NAME.ts (the file as the
reference's own `export` wrote it), OUT/NAME.npz (three seconds of sound and what the file makes
of it, with every random draw replaced by zero) and OUT/NAME.keys.txt (its methods, attributes and
tensors). The reference is only run; what is read are the files it writes.

The weights of a freshly initialised model are drawn anew, so that neither latents nor sound vanish
or clip.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

RATE = 44_100
SECONDS = 3.0


@dataclass(frozen=True)
class Kind:
    """One file: which configurations and settings the reference is given for it."""

    configs: tuple[str, ...]
    channels: int = 1
    streaming: bool = True
    settings: tuple[str, ...] = ()
    run: str = ""
    """The kind whose run this one shares, where only the export differs."""

    levels: tuple[float, float] = (1.0, 1.0)
    """Factors on the encoder's and the decoder's last layer; found by measuring where they are 1."""


BRAVE = (
    "CAPACITY=32",
    "RATIOS=[2,2,2,1]",
    "pqmf.CachedPQMF.attenuation=40",
    "blocks.Generator.use_noise=False",
    "blocks.ResidualStack.dilations_list=[[3,1],[9,1],[27,1],[36,1]]",
)

KINDS = {
    "v2_small": Kind(("v2_small",), levels=(6.8, 0.29)),
    "brave": Kind(("v1", "causal"), settings=BRAVE, levels=(1.0, 0.122)),
    "raspberry": Kind(("raspberry",), levels=(1.0, 0.158)),
    "v1": Kind(("v1",), levels=(1.0, 0.183)),
    "v2": Kind(("v2",), levels=(6.7, 0.3)),
    "v2_offline": Kind(("v2",), streaming=False, run="v2", levels=(6.7, 0.3)),
    "v2_small_causal": Kind(("v2_small", "causal")),
    "v2_causal": Kind(("v2", "causal")),
    "v2_noise": Kind(("v2", "noise")),
    "v2_stereo": Kind(("v2",), channels=2),
    "onnx": Kind(("onnx",)),
    "discrete": Kind(("discrete",)),
    "wasserstein": Kind(("v2", "wasserstein")),
    "v3": Kind(("v3",)),
}


class Pinned(TorchDispatchMode):
    """Every random draw becomes a constant: zero for normal noise, the middle for uniform noise.

    TorchScript's operations pass here too, so a file needs no change to be pinned.
    """

    def __init__(self) -> None:
        super().__init__()
        self.draws: dict[str, int] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        name = str(func)
        if any(word in name for word in ("rand", "normal", "uniform")):
            self.draws[name] = self.draws.get(name, 0) + 1
            normal = "randn" in name or "normal" in name
            out.fill_(0.0 if normal else 0.5)
        return out


def environment(folder: Path) -> dict[str, str]:
    """The reference's own programs first; no GPU, so that every machine writes the same."""
    path = f"{folder / 'venv/bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}


def rave(folder: Path, name: str, *words: str) -> None:
    """One command of the reference; its output goes to FOLDER/logs."""
    log = folder / "logs" / f"{name}.{words[0]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(folder / "venv/bin/rave"), *words]
    with log.open("w") as file:
        # Whether the file it was to write is there is what counts.
        subprocess.run(command, stdout=file, stderr=file, env=environment(folder), timeout=400, check=False)


_BUILD = """
import sys, gin, rave, torch
out, channels, configs, settings = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(), sys.argv[4:]
files = [rave.__path__[0] + "/configs/" + c + ".gin" for c in configs]
gin.parse_config_files_and_bindings(files, settings)
torch.manual_seed(1)
state = rave.RAVE(n_channels=channels).state_dict()
more = f"\\nmodel.RAVE.n_channels = {channels}\\n" if channels > 1 else ""  # it keeps no count of them
open(out + "/config.gin", "w").write(gin.config_str() + more)
torch.save({"state_dict": state, "epoch": 1, "global_step": 1,
            "pytorch-lightning_version": "1.9.0"}, out + "/best.ckpt")
"""
"""Run by the reference's own Python: a run folder as its training would leave one at the start."""


def run_folder(folder: Path, name: str, kind: Kind) -> Path:
    """The run of a kind, `config.gin` and a checkpoint, made when it is not there."""
    run = folder / "fresh" / name
    if not (run / "best.ckpt").exists():
        run.mkdir(parents=True, exist_ok=True)
        log = folder / "logs" / f"{name}.build.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        words = [str(run), str(kind.channels), " ".join(kind.configs), *kind.settings]
        command = [sys.executable, "-W", "ignore", "-c", _BUILD, *words]
        with log.open("w") as file:
            done = subprocess.run(command, stdout=file, stderr=file, env=environment(folder), check=False)
        if done.returncode:
            raise SystemExit(f"{name}: the reference builds no such model; see {log}.")
    return run


def _rows(key: str, v: Tensor) -> float:
    """The norm of each row of a weight-normed convolution that keeps a signal's level."""
    first, second, width = v.shape
    upsampling = key.startswith("decoder") and ".synth" not in key and width % 2 == 0
    if ".synth.branches.1." in key:  # loudness: far from its limit
        return 0.4
    if upsampling and first == 2 * second:  # a transposed convolution: rows are its inputs
        gain = 1.4 / math.sqrt(2 * first)
        return gain * math.sqrt(second * width)
    return 0.7 if ".aligned." in key else 1.4


def rescale(state: dict[str, Tensor], encoder: float, decoder: float) -> None:
    """Weights drawn afresh, layer by layer, so that levels neither vanish nor explode."""
    draw = torch.Generator().manual_seed(1)

    def normal(shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=draw)

    last = [k for k in state if k.startswith("encoder.") and k.endswith(("weight_g", "weight"))]
    for key, value in state.items():
        if not key.startswith(("encoder.", "decoder.")) or not value.is_floating_point():
            continue
        if key.endswith("weight_v"):
            state[key] = normal(value.shape)
            wanted = _rows(key, value)
            state[key[:-1] + "g"] = torch.full_like(state[key[:-1] + "g"], wanted)
        elif key.endswith("running_var"):
            state[key] = 0.5 + torch.rand(value.shape, generator=draw)
        elif key.endswith(("running_mean", "bias")):
            state[key] = normal(value.shape) * 0.1
        elif key.endswith("weight") and value.ndim == 1:
            state[key] = 1.0 + 0.1 * normal(value.shape)
        elif key.endswith("weight") and value.ndim == 3:
            state[key] = normal(value.shape) * 1.4 / math.sqrt(value.shape[1] * value.shape[2])
        elif "codebook" in key or key.endswith("embed"):
            state[key] = normal(value.shape)
    for key in last:
        if state[key].ndim == 3 and key == last[-1]:
            state[key] = state[key] * encoder
    _level(state, decoder)
    _analysis(state, normal)


def _level(state: dict[str, Tensor], decoder: float) -> None:
    """The decoder's output level: its last weight-normed layer that makes sub-bands."""
    keys = [k for k in state if k.startswith("decoder.") and k.endswith("weight_g") and "noise" not in k]
    final = [k for k in keys if "synth.branches.0" in k or "waveform" in k] or keys[-1:]
    for key in final:
        state[key] = state[key] * decoder


def _analysis(state: dict[str, Tensor], normal) -> None:
    """A latent analysis that is no identity: turned axes, a mean, 16 of the dimensions kept."""
    if "latent_pca" not in state:
        return
    dims = state["latent_pca"].shape[0]
    state["latent_pca"] = torch.linalg.qr(normal(torch.Size((dims, dims))))[0].contiguous()
    state["latent_mean"] = normal(torch.Size((dims,))) * 0.1
    state["fidelity"] = 1.0 - torch.exp(-(torch.arange(dims) + 1.0) / 4.0)
    state["fidelity"][-1] = 1.0


def export(folder: Path, out: Path, name: str, encoder: float, decoder: float) -> Path:
    """One file as the reference's own command writes it, from weights at these levels."""
    kind = KINDS[name]
    run = run_folder(folder, kind.run or name, kind)
    path = run / "best.ckpt"
    checkpoint = torch.load(path, map_location="cpu", weights_only=False)
    rescale(checkpoint["state_dict"], encoder, decoder)
    torch.save(checkpoint, path)
    there = folder / "exported"
    there.mkdir(exist_ok=True)
    words = ["--streaming"] if kind.streaming else []
    words += ["--channels", str(kind.channels)] if kind.channels > 1 else []
    rave(folder, name, "export", "--run", str(run), "--output", str(there), "--name", name, *words)
    written = [p for p in there.glob("*.ts") if p.stem in (name, f"{name}_streaming")]
    if not written:
        raise SystemExit(f"{name}: the reference exported nothing; see {folder}/logs/{name}.export.log.")
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{name}.ts"
    written[0].replace(target)
    return target


def sound(channels: int, samples: int) -> np.ndarray:
    """Sliding tones, plucks and noise, (channels, samples), the same every time."""
    draw = np.random.default_rng(7)
    t = np.arange(samples) / RATE
    out = np.zeros((channels, samples), np.float32)
    for channel in range(channels):
        tone = 0.2 * np.sin(2 * np.pi * (110 * (channel + 1) * t + 60 * t**2))
        pluck = sum(
            (t > at) * np.exp(-6 * np.maximum(t - at, 0)) * np.sin(2 * np.pi * f * t) * 0.25
            for at, f in zip(draw.uniform(0, SECONDS, 8), draw.uniform(150, 3000, 8), strict=True)
        )
        out[channel] = tone + pluck + 0.02 * draw.normal(size=samples)
    return out


def blocks(path: Path, method: str, x: Tensor, size: int) -> Tensor:
    """A method of a freshly loaded file over (1, rows, time), `size` steps of time a call."""
    model = torch.jit.load(str(path), map_location="cpu").eval()
    call = getattr(model, method)
    with torch.no_grad():
        for key, value in model.named_buffers():
            if key.endswith((".pad", ".cache")):  # the export leaves what its own trials played
                value.zero_()
        return torch.cat([call(part) for part in x.split(size, dim=-1)], dim=-1)


def measure(path: Path, streaming: bool) -> dict[str, np.ndarray]:
    """What the file makes of the test sound, noise pinned; streaming files block by block."""
    model = torch.jit.load(str(path), map_location="cpu")
    encode, decode = model.encode_params.tolist(), model.decode_params.tolist()
    hop = encode[3]
    frames = int(SECONDS * RATE) // hop
    audio = torch.from_numpy(sound(encode[0], frames * hop))[None]
    whole = 10**9
    with Pinned() as pin:
        latent = blocks(path, "encode", audio, hop if streaming else whole)
        # A spherical encoder has no angle for the silence that a stream begins with.
        decoded = blocks(path, "decode", latent.nan_to_num(), 1 if streaming else whole)
        forward = blocks(path, "forward", audio, hop if streaming else whole)
    return {
        "audio": audio[0].numpy(), "latent": latent[0].numpy(), "decoded": decoded[0].numpy(),
        "forward": forward[0].numpy(), "hop": np.array(hop), "encode_params": np.array(encode),
        "decode_params": np.array(decode), "streaming": np.array(streaming),
        "draws": np.array(sorted(f"{k} x{v}" for k, v in pin.draws.items())),
    }  # fmt: skip


def describe(path: Path, found: dict[str, np.ndarray]) -> str:
    """Methods, attributes and tensors of a file, a line each."""
    model = torch.jit.load(str(path), map_location="cpu")
    lines = [f"file {path.name} {path.stat().st_size} bytes", f"draws {', '.join(found['draws'])}"]
    lines += [f"method {m} {getattr(model, m + '_params').tolist()}" for m in model.get_methods()]
    if hasattr(model, "get_attributes"):
        lines.append(f"attributes {model.get_attributes()}")
    state = model.state_dict()
    for key, value in state.items():
        small = f" {value.flatten().tolist()}" if value.numel() <= 8 else ""
        lines.append(f"tensor {key} {tuple(value.shape)} {value.dtype}{small}")
    buffers = {k for k, _ in model.named_buffers()} - set(state)
    for key, value in model.named_buffers():
        if key in buffers:
            lines.append(f"buffer-not-in-state {key} {tuple(value.shape)} {value.dtype}")
    lines += [
        f"delay {name}.{attribute} {getattr(module, attribute)}"
        for name, module in model.named_modules()
        for attribute in ("cumulative_delay", "future_compensation")
        if hasattr(module, attribute)
    ]
    return "\n".join(lines) + "\n"


def make(folder: Path, out: Path, name: str) -> None:
    """One kind, exported, levelled once against what came out, and measured."""
    encoder, decoder = KINDS[name].levels
    for attempt in range(2):
        path = export(folder, out, name, encoder, decoder)
        found = measure(path, KINDS[name].streaming)
        latent, level = float(found["latent"].std()), float(found["decoded"].std())
        print(f"{name}: latent {latent:.3g}, sound {level:.3g}, peak {np.abs(found['decoded']).max():.3g}")
        sys.stdout.flush()
        if attempt == 1 or (0.02 <= level <= 0.3 and 0.2 <= latent <= 3):
            break
        encoder *= min(max(0.8 / max(latent, 1e-6), 1e-3), 1e3) if not 0.2 <= latent <= 3 else 1.0
        decoder *= min(max(0.1 / max(level, 1e-6), 1e-3), 1e3)
    np.savez(out / f"{name}.npz", **found)
    (out / f"{name}.keys.txt").write_text(describe(path, found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(KINDS)}; all when none is given")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.names or KINDS:
        try:
            make(given.folder.resolve(), given.out.resolve(), name)
        except (SystemExit, Exception) as error:
            print(f"{name}: {error}")


if __name__ == "__main__":
    main()
