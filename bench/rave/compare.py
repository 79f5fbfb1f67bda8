"""Training beside the reference: how many steps a second, and how near after equally many.

The reference (`install.sh`) runs in its own environment, through its own command line; we read the
files it writes. Both are given the same sounds, configuration, batch and crop, and one thread.

    compare.py speed --rave FOLDER --db DB [--config NAME --batch N --samples N --rounds N]
    compare.py train OUT --sounds DIR|SET [--config NAME --batch N --samples N --steps N]
    compare.py decode OUT --held DIR [--rave FOLDER --run RUN | --checkpoint FILE]
    compare.py distances OUT [OUT ...]

`speed` alternates short runs of both: a run of n and one of n + m steps give m steps without the
start. It tells wall time, and processor time, which a busy machine disturbs less. `decode` writes
clips of held-out recordings and their reconstructions, from the mean of the posterior, all latent
dimensions kept. `distances` measures such pairs, ours and theirs alike, each at its best alignment.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

RATE = 44_100
CLIP_SECONDS = 4
WINDOWS = (2048, 1024, 512, 256)


def _environment(folder: Path) -> dict[str, str]:
    path = f"{folder / 'venv/bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}


def reference_run(folder: Path, given: argparse.Namespace, steps: int) -> tuple[float, float]:
    """Wall seconds of one step as the reference's own profile tells, and processor seconds of the run."""
    with tempfile.TemporaryDirectory() as out:
        command = [
            str(folder / "venv/bin/rave"), "train", "--config", given.config, "--db_path", str(given.db),
            "--out_path", out, "--name", "speed", "--max_steps", str(steps), "--val_every", "1000000",
            "--save_every", "1000000", "--batch", str(given.batch), "--n_signal", str(given.samples),
            "--workers", "0", "--noprogress", "--channels", "1",
        ]  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(folder), check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = re.search(r"\|\s*run_training_batch\s*\|\s*([\d.e+-]+)\s*\|\s*(\d+)", done.stdout + done.stderr)
    if told is None:
        raise SystemExit(f"The reference told no times: {(done.stdout + done.stderr)[-300:]}")
    wall = float(told[1]) * int(told[2])
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def our_course(given: argparse.Namespace):
    """The configuration of the same name, with the same batch and crop and no end in sight."""
    from isobath.training.configurations import configuration

    found = configuration(given.config)
    course = replace(found.course, batch=given.batch, crop=given.samples, threads=1, half=given.half)
    return found.shape, course


def our_trainer(given: argparse.Namespace, sounds: Path):
    """A trainer and what it hears: a prepared set, augmented as its course says, or the files of a folder."""
    from isobath.corpora import open_set
    from isobath.training import corpus
    from isobath.training.trainer import Trainer

    shape, course = our_course(given)
    trainer = Trainer(shape, course)
    if (sounds / "set.json").exists():
        return trainer, corpus.Prepared(open_set(sounds))
    files = sorted(p for p in sounds.iterdir() if p.suffix in (".flac", ".wav"))
    recordings = []
    for path in files:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        assert rate == RATE, f"{path} is not at {RATE} Hz"
        recordings.append(corpus.recording(path.stem, audio.T.copy(), shape, trainer.model.encoder))
    return trainer, recordings


def speed(given: argparse.Namespace) -> None:
    """Alternating runs; prints one line each and the medians."""
    from isobath.training.device import keep_memory

    keep_memory()  # as `isobath train` does
    trainer, recordings = our_trainer(given, given.sounds)
    for _ in range(2):
        trainer.train_step(recordings)
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    few, more = 3, 3 + given.steps
    for number in range(given.rounds):
        wall_few, work_few = reference_run(given.rave, given, few)
        wall_more, work_more = reference_run(given.rave, given, more)
        theirs.append(((wall_more - wall_few) / given.steps, (work_more - work_few) / given.steps))
        wall, work = time.perf_counter(), time.process_time()
        for _ in range(given.steps):
            trainer.train_step(recordings)
        wall, work = time.perf_counter() - wall, time.process_time() - work
        ours.append((wall / given.steps, work / given.steps))
        print(f"round {number}: theirs {theirs[-1][0]:.3f} s a step ({theirs[-1][1]:.3f} of processor), "
              f"ours {ours[-1][0]:.3f} ({ours[-1][1]:.3f})", flush=True)  # fmt: skip
    wall = np.median([t[0] / o[0] for t, o in zip(theirs, ours, strict=True)])
    work = np.median([t[1] / o[1] for t, o in zip(theirs, ours, strict=True)])
    load = os.getloadavg()[0]
    print(json.dumps({
        "config": given.config, "batch": given.batch, "samples": given.samples, "half": given.half,
        "ratio_wall": round(float(wall), 2), "ratio_processor": round(float(work), 2),
        "theirs": [float(np.median([x[i] for x in theirs])) for i in (0, 1)],
        "ours": [float(np.median([x[i] for x in ours])) for i in (0, 1)], "load": load,
    }))  # fmt: skip


def train(given: argparse.Namespace) -> None:
    """Our side of equal steps: a checkpoint after `--steps`."""
    given.out.mkdir(parents=True, exist_ok=True)
    trainer, recordings = our_trainer(given, given.sounds)
    if given.clip is not None:
        trainer.course = replace(trainer.course, clip=given.clip)
    if given.rate is not None:
        trainer.course = replace(trainer.course, learning_rate=given.rate)
    if given.warm is not None:
        trainer.model.warm = given.warm
    started, worked = time.time(), time.process_time()
    for step in range(1, given.steps + 1):
        figures = trainer.train_step(recordings)
        if step % 25 == 0:
            told = ", ".join(f"{k} {v:.3g}" for k, v in figures.items())
            print(f"{step} {time.time() - started:.0f} s, {time.process_time() - worked:.0f} s of work: "
                  f"{told}", flush=True)  # fmt: skip
        if step % given.save_every == 0:
            trainer.save(given.out / f"step_{step}.pt")


def held_clips(folder: Path, hop: int = 2048) -> list[tuple[str, np.ndarray]]:
    """Three stretches of each held-out recording, whole hops long, (samples)."""
    length = CLIP_SECONDS * RATE // hop * hop
    found = []
    for path in sorted(folder.iterdir()):
        audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
        for part in range(3):
            start = int((len(audio) - length) * (part + 0.5) / 3)
            found.append((f"{path.stem}-{part}", audio[start : start + length, 0]))
    return found


def decode(given: argparse.Namespace) -> None:
    """Clips and their reconstructions by one of the two, as files."""
    given.out.mkdir(parents=True, exist_ok=True)
    through = _their_model(given) if given.run else _our_model(given)
    for name, clip in held_clips(given.held):
        soundfile.write(given.out / f"{name}.source.wav", clip, RATE, subtype="FLOAT")
        soundfile.write(given.out / f"{name}.made.wav", through(clip), RATE, subtype="FLOAT")


def _our_model(given: argparse.Namespace):
    from isobath.training.settings import course_from, shape_from
    from isobath.training.trainer import Trainer, read_checkpoint

    state = read_checkpoint(given.checkpoint)
    trainer = Trainer(shape_from(state["shape"]), course_from(state["course"]))
    trainer.load(given.checkpoint)
    model = (trainer.model if given.raw else trainer.average).eval()

    @torch.no_grad()
    def through(clip: np.ndarray) -> np.ndarray:
        delay = trainer.shape.delay
        audio = torch.from_numpy(np.pad(clip, (0, 2 * trainer.shape.hop)))[None, None]
        mean, std = model.read(model.encoder({"audio": audio}, half=False))
        torch.manual_seed(1)
        latent = model.settled(mean) + std * torch.randn_like(mean) if given.sample else model.settled(mean)
        out = model.decoder({"latent": latent}, seed=0)["audio"][0, 0].float().numpy()
        return out[delay : delay + len(clip)]

    return through


def _their_model(given: argparse.Namespace):
    """Exported without streaming, every latent dimension kept, its random draws at zero."""
    sys.path.insert(0, str(Path(__file__).parent))
    from export import Pinned

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        run.mkdir()
        (run / "config.gin").write_bytes((given.run / "config.gin").read_bytes())
        state = torch.load(given.checkpoint, map_location="cpu", weights_only=False)
        kept = state["state_dict"]
        dims = kept["latent_pca"].shape[0]
        kept["latent_pca"], kept["latent_mean"] = torch.eye(dims), torch.zeros(dims)
        kept["fidelity"] = torch.zeros(dims)
        kept["fidelity"][-1] = 1.0
        state["optimizer_states"] = []
        torch.save(state, run / "best.ckpt")
        command = [
            str(given.rave / "venv/bin/rave"),
            "export",
            "--run",
            str(run),
            "--output",
            folder,
            "--name",
            "x",
        ]
        subprocess.run(command, capture_output=True, env=_environment(given.rave), check=False)
        model = torch.jit.load(str(next(Path(folder).glob("*.ts")))).eval()
    assert int(model.encode_params[2]) == dims, "the export cut the latent"

    @torch.no_grad()
    def through(clip: np.ndarray) -> np.ndarray:
        torch.manual_seed(1)
        with contextlib.nullcontext() if given.sample else Pinned():
            made = model.decode(model.encode(torch.from_numpy(clip)[None, None]))
        return made[0, 0].numpy()[: len(clip)]

    return through


def _magnitudes(x: Tensor, n: int) -> Tensor:
    window = torch.hann_window(n)
    return torch.stft(x, n, n // 4, window=window, center=False, return_complex=True).abs() * 2 / window.sum()


def distance(made: Tensor, source: Tensor) -> tuple[float, float, float]:
    """Spectral convergence and log-magnitude difference (natural log, floor -100 dB), means over the
    windows; log-mel difference in dB."""
    import librosa

    convergence, logs = [], []
    for n in WINDOWS:
        a, b = _magnitudes(made, n), _magnitudes(source, n)
        convergence.append(float((a - b).norm() / b.norm().clamp(min=1e-6)))
        logs.append(float((torch.log(a + 1e-5) - torch.log(b + 1e-5)).abs().mean()))
    mel = torch.from_numpy(
        librosa.filters.mel(sr=RATE, n_fft=2048, n_mels=80, fmin=40, fmax=16000, norm=None)
    )
    db = [20 * torch.log10((mel @ _magnitudes(x, 2048).square()).sqrt() + 1e-5) for x in (made, source)]
    return float(np.mean(convergence)), float(np.mean(logs)), float((db[0] - db[1]).abs().mean())


def aligned(made: Tensor, source: Tensor, lag: int) -> tuple[Tensor, Tensor]:
    """The two where `made` is heard `lag` samples late, a tenth of a second cut off each end."""
    edge = RATE // 10
    return made[edge + lag : len(made) - edge + lag], source[edge : len(source) - edge]


def distances(given: argparse.Namespace) -> None:
    """One line for each folder: means over its pairs, at the lag that is best for that folder."""
    for folder in given.folders:
        pairs = []
        for path in sorted(folder.glob("*.made.wav")):
            source = path.with_name(path.name.replace(".made.", ".source."))
            pairs.append([torch.from_numpy(soundfile.read(p, dtype="float32")[0]) for p in (path, source)])
        lags = range(-512, 513, 128)
        score = {lag: np.mean([distance(*aligned(*p, lag))[1] for p in pairs[::3]]) for lag in lags}
        lag = min(score, key=lambda lag: score[lag])
        figures = np.mean([distance(*aligned(*p, lag)) for p in pairs], axis=0)
        print(f"{folder.name}: {len(pairs)} clips, lag {lag}, convergence {figures[0]:.4f}, "
              f"log {figures[1]:.4f}, their sum {figures[0] + figures[1]:.4f}, log-mel {figures[2]:.3f} dB",
              flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for word, command in (("speed", speed), ("train", train), ("decode", decode), ("distances", distances)):
        each = commands.add_parser(word)
        each.set_defaults(command=command)
        if word == "distances":
            each.add_argument("folders", nargs="+", type=Path)
            continue
        if word != "speed":
            each.add_argument("out", type=Path)
        each.add_argument("--config", default="raspberry")
        each.add_argument("--batch", type=int, default=2)
        each.add_argument("--samples", type=int, default=131_072)
        each.add_argument("--steps", type=int, default=10)
        each.add_argument("--rounds", type=int, default=3)
        each.add_argument("--save-every", type=int, default=200)
        each.add_argument("--half", action="store_true")
        each.add_argument("--warm", type=int)
        each.add_argument("--clip", type=float)
        each.add_argument("--rate", type=float, help="our learning rate, if not the configuration's")
        each.add_argument("--sample", action="store_true", help="latents drawn from the posterior")
        each.add_argument("--raw", action="store_true", help="our weights themselves, not their average")
        for name in ("rave", "db", "sounds", "held", "run", "checkpoint"):
            each.add_argument(f"--{name}", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.command(given)


if __name__ == "__main__":
    main()
