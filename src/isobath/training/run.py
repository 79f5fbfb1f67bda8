"""A run: one training in one folder, from a prepared set to a model file.

The folder tells everything that others want to know (the page reads it while the training
goes on): `run.json` how far it is, `metrics.jsonl` the figures on the way, `validation.jsonl`
the distances on sound it never learned from, `listen/` clips at each checkpoint,
`checkpoint.pt` to go on from, `best.pt` the best so far, `tensorboard/` where that is
installed, and at the end the model and its card.
"""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor

from isobath import evaluation
from isobath.corpora import Set
from isobath.errors import IsobathError, ModelMismatch, SaveError, UsageError
from isobath.evaluation.distances import SCALES
from isobath.evaluation.recordings import of_set
from isobath.models.coder import load

from . import augment, corpus, device, export, finetune, losses, parallel, reference, saving
from .autoencoder import Model
from .card import card
from .configurations import CONFIGURATIONS, DEFAULT, configuration
from .corpus import Prepared, Recording
from .loop import Witness, line, train
from .settings import AnyShape, Course, Family, course_from, shape_from
from .trainer import Trainer, read_checkpoint

CLIP_SECONDS = 4.0
LISTENED = 3
"""Clips that are written for listening, of those that are measured."""
STATISTICS_MINUTES = 6.0
QUICK_MINUTES = 1.5
"""The same for a model that is wanted at once."""
"""Of training sound that a model's latents are surveyed on when it is exported."""
MEASURED_SECONDS = 60.0
"""Of validation sound that a finished model is measured on; `isobath evaluate` takes more."""
BETTER = 0.995
"""A distance must fall below this share of the best to count as better."""


Speaker = Callable[[dict[str, Any], str], None]
"""Tells a program and a person the same."""


@dataclass(frozen=True)
class Order:
    """What a person asked for. Left out: as the run has it, or the configuration.

    changes: of the course (steps, batch and so on). start: a model or checkpoint to go on from.
    """

    sounds: Path
    out: Path
    config: str | None = None
    name: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    dims: int | None = None
    device: str = "auto"
    start: str | None = None
    fidelity: float = 0.95


@dataclass(frozen=True)
class Plan:
    """What will be done: the order with everything filled in."""

    name: str
    config: str
    shape: AnyShape
    course: Course
    start: finetune.Start | None = None


def plan(order: Order, sounds: Set) -> Plan:
    """From the run's checkpoint if there is one, else from the configuration."""
    told = progress(order.out)
    checkpoint = order.out / "checkpoint.pt"
    start = None
    name = order.name or str(told.get("name") or order.out.resolve().name)
    if checkpoint.exists():
        state = read_checkpoint(checkpoint)
        config = str(told.get("config") or order.config or DEFAULT)
        if order.config and order.config != config:
            raise ModelMismatch(
                f"{order.out} holds a training of the configuration {config}, not {order.config}. "
                "Leave --config out to go on with it, or give another folder."
            )
        shape, course = shape_from(state["shape"]), course_from(state["course"])
    else:
        start = finetune.find(order.start, order.out, order.dims) if order.start else None
        config = order.config or (start and start.config) or _like(start)
        chosen = configuration(config, sounds.channels, sounds.sample_rate)
        shape, course = replace(chosen.shape, dims=order.dims or chosen.shape.dims), chosen.course
        if start:
            shape = start.shape
    if (shape.channels, shape.sample_rate) != (sounds.channels, sounds.sample_rate):
        raise ModelMismatch(
            f"{order.start or order.out} is for {shape.channels} channel(s) at {shape.sample_rate} Hz, and "
            f"the set {sounds.name} has {sounds.channels} at {sounds.sample_rate} Hz. Prepare the sounds "
            f"with --channels {shape.channels} --rate {shape.sample_rate}."
        )
    course = replace(course, **order.changes, device=device.pick(order.device))
    augment.check(course.augment)
    if course.batch % parallel.world():
        raise UsageError(
            f"A batch of {course.batch} cannot be shared by {parallel.world()} processes. "
            f"Give --batch {-(-course.batch // parallel.world()) * parallel.world()}."
        )
    return Plan(name, config, shape, course, start)


def _like(start: finetune.Start | None) -> str:
    """The configuration by whose course a model file goes on: that of its kind."""
    return DEFAULT if start is None or start.shape.front == "spectrum" else "v2_small"


def progress(folder: Path) -> dict[str, Any]:
    """run.json, or nothing."""
    try:
        told: dict[str, Any] = json.loads((folder / "run.json").read_text())
    except (OSError, ValueError):
        return {}
    return told


class Run(Witness):
    """Tells the folder, the terminal and TensorBoard how a training goes."""

    def __init__(self, order: Order, made: Plan, sounds: Set, say: Speaker) -> None:
        super().__init__(order.out)
        self.made, self.say = made, say
        self.clips = validation_clips(sounds, made.shape, made.course.validation_clips)
        told = progress(order.out)
        self.told_last: dict[str, Any] = {
            "name": made.name, "config": made.config, "set": str(order.sounds.resolve()),
            "seed": made.course.seed, "started": told.get("started", time.time()), "pid": os.getpid(),
            "device": made.course.device, "phase1_steps": made.course.steps,
            "phase2_steps": made.course.adversarial_steps, "phase": 1,
            "step": int(told.get("step", 0)), "message": "", "seconds_a_step": told.get("seconds_a_step"),
            "seconds_left": None,
        }  # fmt: skip
        self.board = _board(order.out / "tensorboard")

    def state(self, state: str, message: str = "", **more: Any) -> None:
        """Rewrite run.json."""
        self.told_last.update(state=state, message=message, **more)
        saving.write(self.out / "run.json", json.dumps(self.told_last, indent=1))

    def told(self, trainer: Trainer, figures: dict[str, float], pace: float) -> None:
        """A line of figures, everywhere."""
        now = {"seconds": pace, "time": time.time(), **figures}
        if trainer.skipped:
            now["skipped"] = trainer.skipped
        self.keep("metrics.jsonl", trainer, now)
        self._where(trainer, pace)
        self.say({"step": trainer.step, **now}, line(trainer, figures, pace))
        if self.board:
            for key, value in figures.items():
                self.board.add_scalar(f"train/{key}", value, trainer.step)

    def _where(self, trainer: Trainer, pace: float) -> None:
        self.state(
            "training", step=trainer.step, phase=trainer.phase,
            phase1_steps=trainer.switch, seconds_a_step=pace,
            seconds_left=(trainer.until - trainer.step) * pace,
        )  # fmt: skip

    def checkpoint(self, trainer: Trainer) -> None:
        """Measure on the validation side, write clips, keep the best, see whether phase 2 should begin."""
        started = time.monotonic()
        distances, made = measure(trainer, self.clips)
        distances["seconds"] = time.monotonic() - started
        self.keep("validation.jsonl", trainer, distances)
        self._listen(trainer, made)
        phase = float(trainer.phase)
        best = trainer.best
        if best.get("phase") != phase or distances["distance"] < BETTER * best["distance"]:
            trainer.best = {"phase": phase, "distance": distances["distance"], "step": float(trainer.step)}
            trainer.save(self.out / "best.pt")
        behind = trainer.step - trainer.best["step"]
        patience = trainer.course.plateau * trainer.course.checkpoint_every
        if patience and phase == 1 and behind >= patience:
            trainer.begin_phase_two()
            self.say(
                {"step": trainer.step, "phase": 2},
                f"step {trainer.step}: no nearer for a while, phase 2 begins",
            )
        if self.told_last["seconds_a_step"]:
            self._where(trainer, self.told_last["seconds_a_step"])
        words = ", ".join(f"{k} {v:.4g}" for k, v in distances.items())
        self.say({"step": trainer.step, "validation": distances}, f"step {trainer.step} validation: {words}")
        if self.board:
            for key, value in distances.items():
                self.board.add_scalar(f"validation/{key}", value, trainer.step)

    def _listen(self, trainer: Trainer, made: list[tuple[Tensor, Tensor]]) -> None:
        """Source and reconstruction side by side, in a folder that appears when it is whole."""
        folder = self.out / "listen" / f"{trainer.step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        rate = trainer.shape.sample_rate
        for i, pair in enumerate(made[:LISTENED]):
            for word, sound in zip(("source", "reconstruction"), pair, strict=True):
                clip = io.BytesIO()
                soundfile.write(clip, sound.clamp(-1, 1).numpy().T, rate, format="FLAC")
                saving.write(folder / f"{word}-{i}.flac", clip.getvalue())
                if self.board:
                    mono = sound.mean(dim=0).clamp(-1, 1)
                    self.board.add_audio(f"{word}/{i}", mono[None], trainer.step, sample_rate=rate)


def _board(folder: Path) -> Any:
    """A TensorBoard writer, where that is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    threading.excepthook = _unless_full
    return SummaryWriter(str(folder))


def _unless_full(thread: threading.ExceptHookArgs) -> None:
    """TensorBoard writes in a thread of its own; a full disk is told as a sentence elsewhere."""
    error = thread.exc_value
    if not (isinstance(error, OSError) and error.errno in saving.FULL):
        threading.__excepthook__(thread)


def validation_clips(sounds: Set, shape: AnyShape, count: int) -> list[Tensor]:
    """Stretches of the validation side, evenly spread, (channels, samples); of the training side if there is
    no other."""
    side: Any = "validation" if sounds.samples("validation") else "train"
    whole = sounds.samples(side)
    length = int(CLIP_SECONDS * shape.sample_rate) // shape.hop * shape.hop
    count = max(1, min(count, whole // length))
    starts = [int(whole * i / count) for i in range(count)]
    return [torch.from_numpy(sounds.crop(side, start, length)) for start in starts]


@torch.no_grad()
def measure(trainer: Trainer, clips: list[Tensor]) -> tuple[dict[str, float], list[tuple[Tensor, Tensor]]]:
    """Distances of the averaged model's reconstructions, and the pairs themselves, aligned."""
    model, shape = trainer.average, trainer.shape
    stft, mel, pairs = [], [], []
    for clip in clips:
        front = clip[None].to(trainer.device)
        key = "audio"
        said = model.encoder({key: front}, half=False)
        mean, _ = model.read(said)
        reg = model.decoder({"latent": model.settled(mean)}, seed=0)
        out = reg["audio"][0].float().cpu()[:, shape.delay :]
        source = clip[:, : out.shape[1]]
        pairs.append((source, out))
        stft.append(float(losses.spectral_distance(out[None], source[None], SCALES)))
        difference = losses.log_mel(out, shape.sample_rate) - losses.log_mel(source, shape.sample_rate)
        mel.append(float(difference.abs().mean()) * 20 / np.log(10))
    return {"distance": float(np.mean(stft)), "log_mel_db": float(np.mean(mel))}, pairs


def surveyed(sounds: Set, shape: AnyShape, minutes: float = STATISTICS_MINUTES) -> list[Recording]:
    """Pieces of the training side, some minutes in all, for a model's statistics."""
    encoder = Model(shape, 0).encoder
    piece = int(15 * shape.sample_rate) // shape.hop * shape.hop
    whole = sounds.samples("train")
    count = max(1, min(int(minutes * 4), whole // piece))
    length = min(piece, max(whole, 2 * shape.sample_rate) // shape.hop * shape.hop)
    starts = [int(whole * i / count) for i in range(count)]
    return [corpus.recording(f"{s}", sounds.crop("train", s, length), shape, encoder) for s in starts]


def finish(order: Order, made: Plan, sounds: Set, *, quick: bool = False) -> Path:
    """Export the best checkpoint of the last phase reached: the model and its card. Quickly: with the
    statistics of less sound, and nothing measured."""
    best, last = order.out / "best.pt", order.out / "checkpoint.pt"
    checkpoint = best if best.exists() else last
    if not checkpoint.exists():
        raise SaveError(
            f"{order.out} holds no checkpoint yet. Train first: isobath train {order.sounds} -o {order.out}"
        )
    shape = shape_from(read_checkpoint(checkpoint)["shape"])
    kind = CONFIGURATIONS[made.config].about if made.config in CONFIGURATIONS else made.config
    about = f"Trained on {sounds.name}; {kind}."
    words = export.Words(made.name, made.name, about, licence="", credit="")
    path = order.out / f"{made.name}.safetensors"
    family = isinstance(shape, Family)
    minutes = QUICK_MINUTES if quick else STATISTICS_MINUTES
    export.finish(
        checkpoint, surveyed(sounds, shape, minutes), _names(sounds, "validation"), words, path, made.course,
        fidelity=order.fidelity if family else 1.0, heard=_names(sounds, "train"),
        minutes=sounds.samples("train") / sounds.sample_rate / 60,
    )  # fmt: skip
    if not quick and sounds.samples("validation"):  # figures of sound it learned from would flatter
        heard = of_set(sounds, MEASURED_SECONDS)
        export.add_quality(path, evaluation.measure(load(path), heard).figures)
    saving.write(path.with_suffix(".md"), card(reference.load(path).description))
    return path


def _names(sounds: Set, side: Any) -> list[str]:
    """File names of one side; of very many the first, and how many more."""
    names = list(dict.fromkeys(e.name for e in sounds.entries(side)))
    return names if len(names) <= 200 else [*names[:200], f"and {len(names) - 200} more"]


def begin(order: Order, made: Plan, sounds: Set, say: Speaker) -> Path | None:
    """Train to the end and export; None when it was stopped before (and can be resumed).

    Raises:
        IsobathError: it cannot go on; run.json says why, and the last checkpoint is whole.
    """
    try:
        return _begin(order, made, sounds, say)
    except OSError as error:  # of figures, clips' folders, TensorBoard
        if error.errno not in saving.FULL:
            raise
        raise saving.refused(order.out, error.strerror or str(error)) from error


def _begin(order: Order, made: Plan, sounds: Set, say: Speaker) -> Path | None:
    order.out.mkdir(parents=True, exist_ok=True)
    first = parallel.rank() == 0
    run = Run(order, made, sounds, say) if first else None
    try:
        if run:
            run.state("training")
        crops = -(-len(parallel.share(made.course.batch)) // max(1, made.course.accumulate))
        room = device.check(made.shape, made.course, crops)
        trainer = Trainer(made.shape, made.course)
        if made.start:
            finetune.begin(trainer, made.start)
            if run:
                say({"from": order.start}, made.start.words)
        try:
            train(made.shape, made.course, Prepared(sounds), order.out, run, trainer)
        except KeyboardInterrupt:
            if run:
                run.state("stopped", seconds_left=run.told_last["seconds_left"])
            return None
        except (RuntimeError, MemoryError) as error:
            if not device.out_of_memory(error):
                raise
            free = device.free_bytes(made.course.device)
            smaller = replace(room, each=max(room.each, (free - room.fixed) // max(1, crops) + 1))
            raise device.short_of_memory(made.course, smaller, free) from error
        if not first:
            return None
        assert run
        run.state("training", message="writing the model", seconds_left=0.0)
        path = finish(order, made, sounds)
        run.state("finished", seconds_left=0.0)
        return path
    except IsobathError as error:
        if run:
            run.state("failed", str(error))
        raise
    except KeyboardInterrupt:  # before the first step, or after the last one
        if run:
            run.state("stopped")
        return None
    except BaseException as error:
        if run:
            run.state("failed", f"{type(error).__name__}: {error}")
        raise
    finally:
        if run and run.board:
            run.board.close()
