"""Ten minutes of a real jam on a busy machine: bars missed, drift, and how late notes are.

    nice python bench/jam/long_session.py --bpm 120 --minutes 10 [--stress 2]

Everything is as in `isobath jam`: the thread that keeps time, the thread that thinks, the mixer. Only the
sound device is a thread that takes 256 samples at a time by the system's clock, and the human a thread that
plays a groove by it, late and early by some milliseconds. Against that clock, which no part of the jam
counts along with, the ticks of the MIDI clock that the jam sends are held: drift is how much further off the
last half minute is than the first, by the earliest twentieth of their ticks, for a tick may be late and is
never early. --stress: so many processes that do nothing but count, meanwhile.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import statistics
import threading
import time
from typing import Any

import numpy as np

from isobath import symbolic
from isobath.inputs.midi.playing import MidiSaid
from isobath.inputs.urgent import hurry
from isobath.outputs.band import BLOCK, RATE, Band
from isobath.outputs.stage import priority
from isobath.server.jam import LiveJam, LiveOptions
from isobath.symbolic.jam import Event, JamSettings

GROOVE = ((0, 36), (4, 38), (8, 36), (10, 36), (12, 38), *((s, 42) for s in range(0, 16, 2)))


class Device(Band):
    """A band whose device is a thread with the system's clock."""

    def __init__(self) -> None:
        super().__init__("null")
        self._stream: Any = self
        self.active = True
        self._going = True
        self.worst = 0.0
        self._thread = threading.Thread(target=self._pull, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._going = False

    def _pull(self) -> None:
        priority.hurry(20)  # as the threads of sound devices do
        out = np.zeros((BLOCK, 2), np.float32)
        began, block = time.monotonic(), 0
        while self._going:
            wait = began + block * BLOCK / RATE - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.worst = max(self.worst, -wait)
            self._fill(out, BLOCK, None, None)
            block += 1


class Told(LiveJam):
    """A live jam that counts what it puts on the line of samples after its time."""

    late = 0

    def _put(self, event: Event, seconds: float) -> None:
        if event.who == "machine" and event.seconds * RATE < self.band.mixer.sample:
            self.late += 1
        super()._put(event, seconds)


def count() -> None:
    while True:
        pass


def play(live: LiveJam, going: threading.Event) -> None:
    """The human's bars, by the clock that is heard, and never quite on it."""
    hurry()
    rng = random.Random(1)
    clock, bar = live.jam.clock, 0
    while going.is_set():
        for step, pitch in sorted(GROOVE):
            at = clock.seconds(16 * bar + step) + rng.gauss(0.0, 0.004)
            while going.is_set() and live.band.now() < at:
                time.sleep(min(0.05, max(0.001, at - live.band.now())))
            coming = live.jam.playing
            if coming is not None and "human" in coming[2]:
                live.hear(MidiSaid(time.monotonic(), "note", pitch, rng.uniform(0.4, 1.0)))
                live.hear(MidiSaid(time.monotonic(), "note", pitch, 0.0))
        bar += 1


def main() -> None:
    """Print what was measured as JSON."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--bpm", type=float, default=120.0)
    ask.add_argument("--minutes", type=float, default=10.0)
    ask.add_argument("--model", default="drums-2")
    ask.add_argument("--bars", type=int, default=2)
    ask.add_argument("--stress", type=int, default=0)
    asked = ask.parse_args()
    stress = [multiprocessing.Process(target=count, daemon=True) for _ in range(asked.stress)]
    for each in stress:
        each.start()
    band = Device()
    time.sleep(0.5)
    sent: list[tuple[float, int]] = []
    live = Told(
        symbolic.load(asked.model),
        JamSettings(bpm=asked.bpm, bars=asked.bars),
        band,
        LiveOptions(send_clock=True),
        send=lambda message: sent.append((time.monotonic(), message[0])),
        seed=1,
    )
    began = time.monotonic()
    first = band.monotonic(live.jam.clock.seconds(0.0))
    loads: list[float] = []
    going = threading.Event()
    going.set()
    live.start()
    human = threading.Thread(target=play, args=(live, going), daemon=True)
    human.start()
    while time.monotonic() < first + 60 * asked.minutes + 0.5:
        loads.append(os.getloadavg()[0])
        time.sleep(1.0)
    going.clear()
    human.join(2.0)
    session = live.close()
    band.close()
    ticks = [at for at, kind in sent if kind == 0xF8]
    off = [1000 * (at - first - n * 60.0 / asked.bpm / 24) for n, at in enumerate(ticks)]
    few = min(len(off) // 3, round(asked.bpm * 24 / 2))
    notes = sum(len(turn.notes) or sum(t >= 2 for t in turn.tokens) for turn in session.turns)
    print(
        json.dumps(
            {
                "bpm": asked.bpm, "bars": asked.bars, "model": asked.model,
                "minutes": round((time.monotonic() - began) / 60, 2),
                "phrases": len(session.turns), "notes": notes,
                "repeated": session.missed, "drafted": live.jam.drafted,
                "ticks": len(ticks), "ticks_expected": round(asked.bpm * 24 * asked.minutes),
                "drift_ms": round(float(np.percentile(off[-few:], 5) - np.percentile(off[:few], 5)), 3),
                "tick_late_ms": {
                    "median": round(float(np.median(off)), 3),
                    "p99": round(float(np.percentile(off, 99)), 3),
                    "max": round(max(off), 3),
                },
                "sounds_late": live.late, "device_worst_ms": round(1000 * band.worst, 1),
                "load": [round(min(loads), 1), round(statistics.mean(loads), 1), round(max(loads), 1)],
                "stress": asked.stress, "failures": live.failures,
            }
        )
    )  # fmt: skip
    for each in stress:
        each.terminate()


if __name__ == "__main__":
    main()
