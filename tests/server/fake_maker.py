"""`isobath prepare` and `isobath train` as the server knows them, in a moment and without sound.

python -m tests.server.fake_maker train SET -o RUN --name=NAME   writes a run folder
python -m tests.server.fake_maker prepare DIR -o SET             writes a prepared set

A training takes FAKE_STEPS steps of FAKE_SECONDS seconds (of FAKE_FIRST_SECONDS until it was stopped for
the first time, so that there is time to stop it); SIGINT finishes the step, saves, exits 0. A
name with `fail` in it fails with a sentence, one with `die` dies without a word.
"""

import io
import json
import math
import os
import signal
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import soundfile

from isobath.corpora.index import VERSION, About, File, LeftOut, Totals, line
from isobath.corpora.options import Options
from tests.library.modelfiles import model_bytes

STEPS = int(os.environ.get("FAKE_STEPS", "40"))
SECONDS = float(os.environ.get("FAKE_SECONDS", "0.02"))
FIRST_SECONDS = float(os.environ.get("FAKE_FIRST_SECONDS", SECONDS))
SWITCH = STEPS // 2
EVERY = 5
CHECKPOINT = 10
RATE = 22050


def tone(seconds, hz, dirt=0.0):
    t = np.arange(int(seconds * RATE)) / RATE
    rough = dirt * np.random.default_rng(1).standard_normal(len(t))
    return 0.3 * np.sin(2 * np.pi * hz * t) * np.exp(-2 * (t % 0.5)) + 0.1 * rough


def flac(audio):
    target = io.BytesIO()
    soundfile.write(target, audio, RATE, format="FLAC")
    return target.getvalue()


def replace(path, data):
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def figures(step):
    spectral = 0.7 + 15 * math.exp(-step / (0.12 * STEPS)) + 0.05 * math.sin(step)
    found = {"step": step, "phase": 1 + (step > SWITCH), "seconds": SECONDS, "time": time.time()}
    found |= {"spectral": spectral, "divergence": 30 + 100 / (1 + step)}
    return found | ({"adversarial": 2.0 - step / STEPS} if step > SWITCH else {})


class Run:
    def __init__(self, source, folder, name):
        self.folder, self.name, self.source = folder, name, source
        folder.mkdir(parents=True, exist_ok=True)
        saved = folder / "checkpoint.pt"
        self.step = int(saved.read_text()) if saved.exists() else 0
        self.pace = SECONDS if saved.exists() else FIRST_SECONDS
        self.asked = False
        signal.signal(signal.SIGINT, lambda *_: setattr(self, "asked", True))

    def tell(self, state, message=""):
        told = {
            "name": self.name, "config": "instrument", "set": str(self.source), "seed": 1,
            "started": time.time(), "phase": 1 + (self.step > SWITCH), "step": self.step,
            "phase1_steps": SWITCH, "phase2_steps": STEPS - SWITCH, "state": state, "message": message,
            "pid": os.getpid(), "device": "cpu", "seconds_a_step": SECONDS,
            "seconds_left": SECONDS * (STEPS - self.step),
        }  # fmt: skip
        replace(self.folder / "run.json", json.dumps(told).encode())

    def line(self, name, values):
        with (self.folder / name).open("a") as file:
            file.write(json.dumps(values) + "\n")

    def save(self):
        replace(self.folder / "checkpoint.pt", str(self.step).encode())
        replace(self.folder / "best.pt", str(self.step).encode())
        heard = self.folder / "listen" / f"{self.step:06d}"
        heard.mkdir(parents=True, exist_ok=True)
        for pair, hz in enumerate((220, 330)):
            (heard / f"source-{pair}.flac").write_bytes(flac(tone(1.0, hz)))
            dirty = flac(tone(1.0, hz, dirt=1.5 - self.step / STEPS))
            (heard / f"reconstruction-{pair}.flac").write_bytes(dirty)
        self.line("validation.jsonl", {"step": self.step, "phase": 1, "stft": 1 + 8 / (1 + self.step)})

    def train(self):
        self.tell("training")
        while self.step < STEPS and not self.asked:
            time.sleep(self.pace)
            self.step += 1
            if self.step % EVERY == 0:
                self.line("metrics.jsonl", figures(self.step))
                self.tell("training")
            if self.step % CHECKPOINT == 0:
                self.save()
            if "slow to begin" in self.name and self.asked:
                self.tell("failed", "KeyboardInterrupt: ")
                sys.exit(1)
            if "die" in self.name:
                os._exit(3)
            if "fail" in self.name:
                self.tell("failed", "The set holds no sound.")
                print("isobath: The set holds no sound. Bring recordings.", file=sys.stderr)
                sys.exit(1)
        if self.step % CHECKPOINT:
            self.save()
        if self.step >= STEPS:
            self.export()
        self.tell("finished" if self.step >= STEPS else "stopped")

    def export(self):
        replace(self.folder / f"{self.name}.safetensors", model_bytes(self.name, seed=self.step))
        (self.folder / f"{self.name}.md").write_text(f"# {self.name}\n\nMulti-resolution STFT: 0.71.\n")


def prepare(source, folder):
    names = sorted(each for each in source.iterdir() if each.is_file())
    folder.mkdir(parents=True, exist_ok=True)
    entries, left_out, sound = [], [], []
    for each in names:
        time.sleep(SECONDS)
        try:
            audio, _ = soundfile.read(each, dtype="int16")
        except soundfile.LibsndfileError:
            left_out.append(LeftOut(each.name, "it is not an audio file"))
            continue
        start = sum(len(part) for part in sound)
        sound.append(audio if audio.ndim == 1 else audio[:, 0])
        split = "validation" if len(entries) % 5 == 4 else "train"
        entry = File(
            name=each.name, sha="", bytes=1, modified_ns=1, source_rate=RATE, source_channels=1,
            seconds=len(audio) / RATE, samples=len(audio), shard=0, start=start, split=split,
        )  # fmt: skip
        entries.append(entry)
        with (folder / "journal.jsonl").open("ab") as file:
            file.write(line(entry))
    if not entries:
        sys.exit("isobath: None of these files is a sound. Bring WAV, FLAC, OGG or MP3.")
    (folder / "audio-0000.i16").write_bytes(np.concatenate(sound).astype("<i2").tobytes())
    (folder / "index.jsonl").write_bytes(b"".join(line(each) for each in entries))
    about = About(
        VERSION, RATE, 1, str(source), Options(), finished=True, left_out=left_out,
        totals=Totals(files=len(entries), seconds=sum(each.seconds for each in entries)),
    )  # fmt: skip
    replace(folder / "set.json", msgspec.json.encode(about))


def main(arguments):
    what, source, _, folder, *options = arguments
    if what == "prepare":
        prepare(Path(source), Path(folder))
        return
    name = next(each.partition("=")[2] for each in options if each.startswith("--name="))
    run = Run(Path(source), Path(folder), name)
    if "--export" in options:
        run.export()
    else:
        run.train()


if __name__ == "__main__":
    main(sys.argv[1:])
