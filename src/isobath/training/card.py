"""The model card: a model file's own description, as a page a musician can read."""

from __future__ import annotations

from typing import Any

from isobath.evaluation.limits import limits


def _rows(pairs: list[tuple[str, str]]) -> list[str]:
    return ["| | |", "|---|---|", *(f"| {a} | {b} |" for a, b in pairs)]


def _axes(latent: dict[str, Any]) -> list[str]:
    lines = ["| axis | goes with | share of variance | 5 % | median | 95 % |", "|---|---|---|---|---|---|"]
    for i, label in enumerate(latent["labels"]):
        at, values = latent["percentiles"]["at"], latent["percentiles"]["values"][i]
        low, middle, high = (f"{values[at.index(p)]:+.2f}" for p in (5, 50, 95))
        lines.append(
            f"| {i + 1} | {label or '–'} | {100 * latent['explained'][i]:.1f} % | {low} | {middle} | {high} |"
        )
    return lines


def _front(shape: dict[str, Any]) -> str:
    """What the encoder hears and the decoder speaks with."""
    parts = [shape.get("front", "sub-bands")]
    parts += [f"{shape[key]} {key}" for key in ("tones", "bands", "capacity") if shape.get(key)]
    return ", ".join([*parts, *([shape["bottleneck"]] if "bottleneck" in shape else [])])


def _picture(name: str | None) -> list[str]:
    if name is None:
        return []
    words = "Spectrograms: a held-out recording and its reconstruction, another sound and its transfer"
    return [f"![{words}]({name})", ""]


def card(description: dict[str, Any], picture: str | None = None) -> str:
    """Markdown; every figure comes from the file. picture: of what goes in and comes out, beside the page."""
    d, t = description, description["training"]
    course, shape = t["course"], t["shape"]
    phase_one = min(t["steps"], course["steps"])
    crop = course.get("crop") or course["frames"] * d["hop"]
    seconds = t["steps"] * course["batch"] * crop / d["sample_rate"]
    facts = [
        ("sound", f"{d['sample_rate']} Hz, {d['channels']} channel(s)"),
        ("latent", f"{d['dims']} dimensions, one every {d['hop']} samples"),
        ("delay", f"{d['delay']} samples ({1000 * d['delay'] / d['sample_rate']:.1f} ms), encode and decode"),
        ("steps", f"{t['steps']} ({phase_one} spectral, {t['steps'] - phase_one} adversarial)"),
        ("heard in training", f"{seconds / 3600:.1f} hours, from {t['minutes']} minutes of recordings"),
        ("batch", f"{course['batch']} crops of {crop // d['hop']} frames, seed {course['seed']}"),
        ("made", f"{t['date']}, commit {t['commit'][:10]}, {t['machine']}"),
        ("held out", ", ".join(t["held_out"])),
        ("front", _front(shape)),
    ]
    figures = [(k.replace("_", " "), f"{v['value']:g} {v['unit']}") for k, v in d["quality"].items()]
    ends = limits(d["quality"])
    return "\n".join(
        [f"# {d['title']} (`{d['name']}`)", "", d["about"], "",
         f"Licence of the training audio: {d['licence'] or 'not told'}. "
         f"Credit: {d['credit'] or 'not told'}", "",
         "## What it is", "", *_rows(facts), "",
         *_picture(picture),
         "## What it measures", "", "On the held-out recordings, from the exported file.", "",
         *_rows(figures), "",
         *(["## Its limits", "", *(f"- {each}" for each in ends), ""] if ends else []),
         "## Its axes", "", *_axes(d["latent"]), "",
         "## What it was trained on", "", ", ".join(t["files"]) + ".", "",
         *([t["remarks"], ""] if t.get("remarks") else [])]
    )  # fmt: skip
