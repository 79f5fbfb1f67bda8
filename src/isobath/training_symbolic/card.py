"""A finished model with what was measured of it: the file, and a card to read beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isobath.symbolic import measures
from isobath.symbolic.model import About, SymbolicModel
from isobath.training import saving

from . import export
from .evaluation import measure
from .trainer import Trainer


def publish(trainer: Trainer, path: Path, title: str = "", *, quick: bool = False) -> SymbolicModel:
    """Write a twin, measured on its test side unless `quick`, and its card. Raises SaveError."""
    model = export.finish(trainer, path, title=title)
    material = trainer.material
    quality: dict[str, Any] = {}
    if len(material.test) and not quick:
        quality = measure(model, trainer)
        quality["reconstruction"] = measures.reconstruction(model, material.scores.tensors(material.test))
        quality["windows"] = len(material.test)
        model = export.finish(trainer, path, title=title, quality=quality)
    saving.write(path.with_suffix(".md"), card(model.about))
    return model


def card(about: About) -> str:
    """What a model of bars is and how well it does, as Markdown."""
    made, found = about.training, about.quality
    lines = [
        f"# {about.title or about.name}", "",
        f"A model of {about.bars} bars of {about.kind}: {about.dims} dimensions, trained on {made['set']} "
        f"({made['windows']} windows, {made['steps']} steps of one CPU core, {made['seconds'] / 60:.0f} min, "
        f"seed {made['seed']}).",
    ]  # fmt: skip
    if about.credit:
        lines += [
            "",
            f"Learned from: {about.credit}." + (f" Licence: {about.licence}." if about.licence else ""),
        ]
    if not found:
        return "\n".join([*lines, ""])
    errors, smooth, flat = found["reconstruction"], found["smoothness"], found["geometry"]
    lines += [
        "",
        f"Measured on {found['windows']} windows of files it never heard:",
        "",
        "| | |",
        "|---|---|",
    ]
    lines += [f"| wrong {'hits' if about.kind == 'drums' else 'steps'} | {100 * errors['wrong']:.1f} % |"]
    if about.kind == "drums":
        lines += [
            f"| velocity, mean square, all cells | {errors['velocity']:.4f} |",
            f"| offset, mean square, all cells, in steps | {errors['offset']:.4f} |",
        ]
    lines += [
        f"| largest change between 20 points of a line, mean ({smooth['different']:.1f} differ) "
        f"| {smooth['largest']:.2f} |",
        f"| the same of the morph, against an even change / the least possible "
        f"| {smooth['morph_ratio']:.2f} / {smooth['morph_whole']:.2f} |",
        f"| the same of the line taken evenly, against an even change "
        f"| {smooth.get('even_ratio', float('nan')):.2f} |",
        f"| condition number of the Jacobian, median | {flat['condition']:.1f} |",
        f"| latent with decoded distance, r | {flat['distances']:.2f} |",
    ]
    lines += [
        f"| {name}: moved by α of its vector, r of the change / slope against the data's gap "
        f"| {each['change']:.3f} / {each['slope']:.2f} |"
        for name, each in found["steering"].items()
    ]
    lines += [
        f"| {name}: asked for a change of it, r of what is heard / slope / absolute r "
        f"| {each['change']:.3f} / {each['slope']:.2f} / {each['absolute']:.2f} |"
        for name, each in found.get("asking", {}).items()
    ]
    knob = ", ".join(f"{asked}: {got:.1f}" for asked, got in found["changes"].items())
    lines += [f"| changes asked: changes made | {knob} |", ""]
    return "\n".join(lines)
