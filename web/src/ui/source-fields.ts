// What can be set of a controller's source by hand: its address, its channel, its pace.

import { html, nothing, type TemplateResult } from "lit";
import type { InputSource } from "../protocol/messages";
import { type Choice, choose, idFor, slider } from "./parts";
import { percent } from "./words";

type Of<K extends InputSource["kind"]> = Extract<InputSource, { kind: K }>;
type Change = (source: InputSource) => void;

const SHAPES: readonly Choice<Of<"clock">["shape"]>[] = [
  { value: "sine", name: "sine" },
  { value: "triangle", name: "triangle" },
  { value: "saw", name: "saw" },
  { value: "square", name: "square" },
  { value: "steps", name: "steps" },
  { value: "walk", name: "random walk" },
];
const DESCRIPTORS: readonly Choice<Of<"sound">["descriptor"]>[] = [
  { value: "loudness", name: "loudness" },
  { value: "pitch", name: "pitch" },
  { value: "brightness", name: "brightness" },
  { value: "onset", name: "onset" },
];
const PARTS: readonly Choice<Of<"orientation">["part"]>[] = [
  { value: "tilt", name: "tilt: top up or down" },
  { value: "roll", name: "roll: left or right side up" },
  { value: "turn", name: "turn: like a compass" },
];
const PEN: readonly Choice<Of<"pen">["part"]>[] = [
  { value: "pressure", name: "pressure" },
  { value: "tilt_x", name: "tilt, sideways" },
  { value: "tilt_y", name: "tilt, up and down" },
  { value: "twist", name: "twist" },
];
const STRINGS: readonly Choice<string>[] = [
  "left, x",
  "left, y",
  "left, length",
  "right, x",
  "right, y",
  "right, length",
].map((name, i) => ({ value: String(i), name }));
const GAMETRAKS: readonly Choice<Of<"hid">["device"]>[] = [
  { value: "gametrak", name: "the first" },
  { value: "gametrak #2", name: "the second" },
];
const MESSAGES: readonly Choice<Of<"midi">["message"]>[] = [
  { value: "control", name: "controller" },
  { value: "control14", name: "controller, fine (14 bits)" },
  { value: "bend", name: "pitch bend" },
  { value: "pressure", name: "pressure" },
  { value: "key_pressure", name: "pressure of a key" },
  { value: "note", name: "note, while it is down" },
  { value: "velocity", name: "how hard a key is struck" },
  { value: "key", name: "which key is down" },
  { value: "nrpn", name: "parameter (NRPN)" },
  { value: "rpn", name: "parameter (RPN)" },
  { value: "program", name: "program" },
];
const UNNUMBERED: ReadonlySet<string> = new Set(["bend", "pressure", "velocity", "key"]);
const DEFAULT_STEPS = [0, 0.25, 0.5, 0.75];
const MOST_STEPS = 64;

export function fieldsOf(key: string, source: InputSource, change: Change): TemplateResult | typeof nothing {
  switch (source.kind) {
    case "osc":
      return html`${words(`address ${key}`, "Address", source.address, (address) =>
        change({ ...source, address: address.startsWith("/") ? address : `/${address}` }),
      )}
      ${whole(`argument ${key}`, "Value", source.argument + 1, 1, 64, (n) => change({ ...source, argument: n - 1 }))}`;
    case "program":
      return words(`program ${key}`, "Name", source.name, (name) => change({ ...source, name }));
    case "midi":
      return midiFields(key, source, change);
    case "gamepad":
      return source.device === ""
        ? nothing
        : html`<p class="hint">
          Only this device.
          <button type="button" class="link" @click=${() => change({ ...source, device: "" })}>any gamepad</button>
        </p>`;
    case "hid":
      return html`${choose(`string ${key}`, "String", STRINGS, String(source.index), (index) =>
        change({ ...source, index: Number(index) }),
      )}
      ${choose(`gametrak ${key}`, "Gametrak", GAMETRAKS, source.device, (device) => change({ ...source, device }))}`;
    case "sound":
      return choose(`descriptor ${key}`, "Listens to", DESCRIPTORS, source.descriptor, (descriptor) =>
        change({ ...source, descriptor }),
      );
    case "orientation":
      return choose(`part ${key}`, "Held", PARTS, source.part, (part) => change({ ...source, part }));
    case "pen":
      return choose(`pen ${key}`, "Pen", PEN, source.part, (part) => change({ ...source, part }));
    case "key":
    case "gesture":
      return nothing;
    case "clock":
      return clockFields(key, source, change);
  }
}

function midiFields(key: string, source: Of<"midi">, change: Change): TemplateResult {
  const channels: Choice<string>[] = [
    { value: "", name: "every channel" },
    { value: "0", name: "that of the newest note (MPE)" },
    ...Array.from({ length: 16 }, (_, i) => ({ value: String(i + 1), name: `channel ${i + 1}` })),
  ];
  const numbered = !UNNUMBERED.has(source.message);
  return html`${choose(`says ${key}`, "Says", MESSAGES, source.message, (message) =>
    change({ ...source, message, number: UNNUMBERED.has(message) ? null : source.number }),
  )}
  ${
    numbered
      ? whole(`number ${key}`, "Number", source.number ?? 0, 0, 16383, (number) =>
          change({ ...source, number }),
        )
      : nothing
  }
  ${choose(
    `channel ${key}`,
    "Channel",
    channels,
    source.channel === null ? "" : String(source.channel),
    (value) => change({ ...source, channel: value === "" ? null : Number(value) }),
  )}
  ${words(`port ${key}`, "Port", source.port, (port) => change({ ...source, port }), "any")}`;
}

function clockFields(key: string, source: Of<"clock">, change: Change): TemplateResult {
  const beats = source.tempo > 0;
  return html`${choose(`shape ${key}`, "Shape", SHAPES, source.shape, (shape) =>
    change({
      ...source,
      shape,
      steps: shape === "steps" && source.steps.length === 0 ? DEFAULT_STEPS : source.steps,
    }),
  )}
  ${slider({
    key: `rate ${key}`,
    name: beats ? "Rounds a beat" : "Rounds a second",
    value: Math.log2(Math.max(source.rate, 1 / 64)),
    min: -6,
    max: 4,
    step: beats ? 1 : 0.05,
    shown:
      source.rate >= 1
        ? String(Math.round(source.rate * 100) / 100)
        : `1/${Math.round(100 / source.rate) / 100}`,
    neutral: -2,
    input: (x) => change({ ...source, rate: 2 ** x }),
  })}
  ${whole(`tempo ${key}`, "Tempo", source.tempo, 0, 400, (tempo) => change({ ...source, tempo }), "0: by the second")}
  ${slider({ key: `phase ${key}`, name: "Ahead", value: source.phase, min: 0, max: 1, shown: percent(source.phase), neutral: 0, input: (phase) => change({ ...source, phase }) })}
  ${
    source.shape !== "steps"
      ? nothing
      : words(`steps ${key}`, "Steps, %", source.steps.map((x) => Math.round(100 * x)).join(" "), (text) => {
          const steps = text
            .split(/[\s,;]+/)
            .map(Number)
            .filter((x) => x >= 0 && x <= 100)
            .slice(0, MOST_STEPS);
          if (steps.length > 0) change({ ...source, steps: steps.map((x) => x / 100) });
        })
  }`;
}

function words(
  key: string,
  name: string,
  value: string,
  change: (value: string) => void,
  placeholder = "",
): TemplateResult {
  const id = idFor(key);
  return html`<div class="field">
    <label for=${id}>${name}</label>
    <input
      id=${id}
      type="text"
      maxlength="200"
      spellcheck="false"
      placeholder=${placeholder}
      .value=${value}
      @change=${(e: Event) => {
        const text = (e.target as HTMLInputElement).value.trim();
        if (text !== "" || placeholder !== "") change(text);
      }}
    />
  </div>`;
}

function whole(
  key: string,
  name: string,
  value: number,
  min: number,
  max: number,
  change: (value: number) => void,
  hint = "",
): TemplateResult {
  const id = idFor(key);
  return html`<div class="field">
    <label for=${id}>${name}</label>
    <input
      id=${id}
      type="number"
      min=${min}
      max=${max}
      title=${hint}
      .value=${String(value)}
      @change=${(e: Event) => {
        const n = (e.target as HTMLInputElement).valueAsNumber;
        if (n >= min && n <= max) change(n);
      }}
    />
  </div>`;
}
