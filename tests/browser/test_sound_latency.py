"""From the pointer to the first changed sample, measured outside the instrument.

A probe, an audio worklet of its own behind the instrument's output, notes when silence ends. The pointer
is moved by the browser's own input path; its time is what the browser stamps on the event. What the
output device adds is not in the figure.
"""

from __future__ import annotations

import statistics

from tests.browser.instrument import Instrument

MOVES = 50

PROBE = """
registerProcessor("probe", class extends AudioWorkletProcessor {
  quiet = 0;
  process([input]) {
    const now = Date.now() + 0.5;
    const x = input[0];
    if (x) for (let i = 0; i < x.length; i++) {
      if (Math.abs(x[i]) < 1e-3) { this.quiet++; continue; }
      if (this.quiet > 0.01 * sampleRate) this.port.postMessage(now + (1000 * i) / sampleRate);
      this.quiet = 0;
    }
    return true;
  }
});
"""

PREPARE = """
i.store.edit("quiet on the left, loud on the right", (piece) => ({
  ...piece,
  voices: piece.voices.map((voice) => ({
    ...voice,
    shaping: { ...voice.shaping, clamp: 0, smoothing_seconds: 0 },
    demonstrations: [[0.1, -12], [0.9, 2]].map(([x, z], k) => ({
      id: `d${k}`, point: [x, 0.5], latent: [z, 0, 0], label: "", colour: "#7fb2ff", weight: 1, muted: false,
    })),
  })),
}));
const fit = () => [...i.store.state.fits.values()][0];
await t.until(() => fit()?.state === "fitted", "the fit");
i.store.set({ listen: "play" });
const { context, connected: { node } } = i.instrument;
await context.audioWorklet.addModule(URL.createObjectURL(new Blob([given], { type: "text/javascript" })));
const probe = new AudioWorkletNode(context, "probe");
node.connect(probe).connect(context.destination);
t.heard = [];
t.moved = [];
probe.port.onmessage = (event) => t.heard.push(event.data);
const note = (event) => t.moved.push([performance.timeOrigin + event.timeStamp, event.clientX]);
addEventListener("pointerrawupdate", note, true);
"""


def test_the_pointer_is_heard_within_ten_milliseconds(measured: Instrument) -> None:
    measured.run(PREPARE, PROBE)
    page = measured.page
    box = page.locator("isobath-pad canvas.live").first.bounding_box()
    assert box is not None
    left, right = box["x"] + 0.1 * box["width"], box["x"] + 0.9 * box["width"]
    y = box["y"] + 0.5 * box["height"]
    page.mouse.move(left, y)
    page.mouse.down()
    for k in range(MOVES):
        page.wait_for_timeout(25 + (k * 5) % 11)
        page.mouse.move(right + k % 7, y)
        page.wait_for_timeout(20 + (k * 7) % 13)
        page.mouse.move(left, y)
    page.mouse.up()
    moved, heard, meters = measured.run("return [t.moved, t.heard, i.instrument.meters]")
    rises = [when for (when, x), (_, before) in zip(moved[1:], moved, strict=False) if x > before + 50]
    delays = sorted(
        d for when in rises if (d := min((h - when for h in heard if h > when), default=1e3)) < 100
    )
    assert len(delays) > 0.7 * MOVES
    median, late = statistics.median(delays), delays[int(0.95 * len(delays))]
    print(
        f"\npointer to changed samples, hop 256: median {median:.1f} ms (goal 10), p95 {late:.1f} ms "
        f"(goal 20); on screen {1000 * meters['latency']:.1f} ms, load {100 * meters['load']:.0f} %, "
        f"{meters['underruns']} underruns"
    )
    # Wide, because the machine that runs this may be busy with anything.
    assert median < 30
    assert late < 100
