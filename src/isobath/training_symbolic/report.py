"""Paper 003's figure 2 and tables 1 and 2, its numbers beside ours, from finished runs alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isobath.symbolic.attributes import OF_KIND
from isobath.training import saving

from .evaluation import CASES, PLANNED, VARIANTS, Run, plan

Found = dict[Run, dict[str, Any]]

PAPER_1 = {
    ("drums-4", "density", 0.1): ("0.039 ± 0.023", "0.051 ± 0.031"),
    ("drums-4", "velocity", 0.1): ("0.0116 ± 0.0080", "0.0151 ± 0.0123"),
    ("drums-4", "offset", 0.1): ("0.0039 ± 0.0022", "0.0042 ± 0.0024"),
    ("drums-4", "density", 0.5): ("0.064 ± 0.030", "0.094 ± 0.037"),
    ("drums-4", "velocity", 0.5): ("0.0195 ± 0.0116", "0.0286 ± 0.0163"),
    ("drums-4", "offset", 0.5): ("0.0050 ± 0.0027", "0.0058 ± 0.0031"),
    ("piano-2", "density", 0.5): ("0.195 ± 0.093", "0.234 ± 0.222"),
    ("piano-2", "pitch", 0.5): ("0.165 ± 0.099", "0.431 ± 0.088"),
    ("cello-4", "density", 0.5): ("0.145 ± 0.183", "0.616 ± 0.194"),
    ("cello-4", "pitch", 0.5): ("0.117 ± 0.165", "0.560 ± 0.211"),
}
"""Table 1 as printed: FM-Music-VAE, MusicVAE."""
PAPER_2 = {
    ("drums-2", "density"): (0.89, 0.50), ("drums-2", "velocity"): (0.84, 0.27),
    ("drums-2", "offset"): (0.69, 0.21), ("drums-4", "density"): (0.89, 0.73),
    ("drums-4", "velocity"): (0.87, 0.31), ("drums-4", "offset"): (0.72, 0.59),
    ("piano-2", "density"): (0.89, 0.37), ("piano-2", "pitch"): (0.77, 0.42),
    ("cello-4", "density"): (0.91, 0.79), ("cello-4", "pitch"): (0.81, 0.60),
}  # fmt: skip
"""Table 2 as printed: FM-Music-VAE, MusicVAE of as many dimensions."""
_COLUMN = {"density": "wrong", "pitch": "wrong", "velocity": "velocity", "offset": "offset"}


def _of(found: Found, case: str, variant: str, **which: Any) -> list[dict[str, Any]]:
    wanted = {"split": "file", "attribute": "", "held": 0.0} | which
    return [
        value
        for run, value in found.items()
        if run.case == case
        and run.variant == variant
        and all(getattr(run, k) == v for k, v in wanted.items())
    ]


def _mean(runs: Sequence[dict[str, Any]], form: str, *keys: str) -> str:
    """The mean over seeds of a measured number, with their deviation where there are several."""
    if not runs:
        return "-"
    values = [v for run in runs if not np.isnan(v := _number(run, keys))]
    if not values:
        return "-"
    shown = format(float(np.mean(values)), form)
    return f"{shown} (± {format(float(np.std(values)), form)})" if len(values) > 1 else shown


def _number(run: Any, keys: Sequence[str]) -> float:
    for key in keys:
        run = run.get(key, {})
    return float(run) if isinstance(run, int | float) else float("nan")


Table = tuple[str, list[str], list[list[str]]]


def figure_2(found: Found) -> Table:
    """Smoothness with its scale-free companions."""
    head = ["data", "model", "seeds", "largest step, mean", "± windows", "H", "largest / (H/19)", "path / H",
            "taken evenly / (H/19)", "morph / (H/19)", "morph / least", "wrong"]  # fmt: skip
    shown = {"largest": ".2f", "largest_deviation": ".2f", "different": ".1f", "ratio": ".2f",
             "path": ".2f", "even_ratio": ".2f", "morph_ratio": ".2f", "morph_whole": ".2f"}  # fmt: skip
    rows = []
    for case in CASES:
        for variant in VARIANTS:
            runs = _of(found, case.name, variant)
            if runs:
                values = [_mean(runs, form, "smoothness", key) for key, form in shown.items()]
                wrong = _mean(runs, ".4f", "reconstruction", "wrong")
                rows.append([case.name, variant, str(len(runs)), *values, wrong])
    return "Figure 2: smoothness of 1000 lines of 20 points", head, rows


def table_1(found: Found) -> Table:
    """Errors in the middle of an attribute that was never learned from."""
    head = ["data", "held", "attribute", "goal", "paper FM", "paper MusicVAE", "ours", "ours ± windows",
            "baseline", "seeds"]  # fmt: skip
    rows = []
    for (case, attribute, held), (flat, plain) in PAPER_1.items():
        column = _COLUMN[attribute]
        form = ".3f" if column == "wrong" else ".4f"
        ours, base = (
            _of(found, case, v, split="window", attribute=attribute, held=held) for v in ("ours", "baseline")
        )
        errors = [
            _mean(runs, form, "reconstruction", key)
            for runs, key in ((ours, column), (ours, f"{column}_deviation"), (base, column))
        ]
        of = f"{round(100 * held)} %"
        goal = f"{_GOALS_1[case, attribute, held]:g}"
        rows.append([case, of, attribute, goal, flat, plain, *errors, f"{len(ours)}, {len(base)}"])
    return "Table 1: the middle of an attribute", head, rows


def table_2(found: Found) -> Table:
    """Correlations of attribute vectors, in every reading."""
    head = ["data", "attribute", "goal: absolute, change", "paper FM", "paper MusicVAE", "model", "seeds",
            "absolute r", "its ceiling", "change r", "from mean base", "slope / gap",
            "knob: absolute r", "its ceiling", "change r", "slope"]  # fmt: skip
    keys = ("absolute", "ceiling", "change", "mean_base", "slope")
    asked = ("absolute", "ceiling", "change", "slope")
    rows = []
    for case in CASES:
        for attribute in OF_KIND[case.configuration.shape.kind]:
            paper = [f"{r:.2f}" for r in PAPER_2[case.name, attribute]]
            kind = case.configuration.shape.kind
            goals_of = (_GOALS_ABSOLUTE[kind].get(attribute), _GOALS_2[kind].get(attribute))
            goal = ", ".join("-" if each is None else f"{each:.2f}" for each in goals_of)
            for variant in VARIANTS:
                runs = _of(found, case.name, variant)
                if runs:
                    values = [_mean(runs, ".3f", "steering", attribute, key) for key in keys]
                    values += [_mean(runs, ".3f", "asking", attribute, key) for key in asked]
                    rows.append([case.name, attribute, goal, *paper, variant, str(len(runs)), *values])
    return "Table 2: attribute vectors", head, rows


def geometry(found: Found) -> Table:
    """What the paper does not measure: how flat it is, both splits, and the knob of changed hits."""
    head = ["data", "model", "split", "seeds", "cond(J), median", "sd log magnification", "r of distances",
            "changed: asked 4, 8, 16", "wrong", "velocity", "offset"]  # fmt: skip
    shapes = {"condition": ".1f", "magnification": ".2f", "distances": ".2f"}
    rows = []
    for case in CASES:
        for variant in VARIANTS:
            for split in ("file", "window"):
                runs = _of(found, case.name, variant, split=split)
                if not runs:
                    continue
                values = [_mean(runs, form, "geometry", key) for key, form in shapes.items()]
                values.append(", ".join(_mean(runs, ".1f", "changes", asked) for asked in ("4", "8", "16")))
                values += [_mean(runs, ".4f", "reconstruction", k) for k in ("wrong", "velocity", "offset")]
                rows.append([case.name, variant, split, str(len(runs)), *values])
    return "Geometry, and errors by file and by window", head, rows


_GOALS_1 = {
    ("drums-4", "density", 0.1): 0.035, ("drums-4", "velocity", 0.1): 0.0110,
    ("drums-4", "offset", 0.1): 0.0039, ("drums-4", "density", 0.5): 0.055,
    ("drums-4", "velocity", 0.5): 0.0175, ("drums-4", "offset", 0.5): 0.0050,
    ("piano-2", "density", 0.5): 0.17, ("piano-2", "pitch", 0.5): 0.15,
    ("cello-4", "density", 0.5): 0.13, ("cello-4", "pitch", 0.5): 0.11,
}  # fmt: skip
_GOALS_2 = {
    "drums": {"density": 0.95, "velocity": 0.96, "offset": 0.98},
    "melody": {"density": 0.95, "pitch": 0.95},
}
_GOALS_ABSOLUTE: dict[str, dict[str, float]] = {
    "drums": {"density": 0.75, "velocity": 0.80, "offset": 0.90}, "melody": {}
}  # fmt: skip


def goals(found: Found) -> Table:
    """What `ours` was to reach, and what it reached; what was not reached is bold."""
    head = ["goal", *(case.name for case in CASES)]
    rows = [["seeds of what is above table 1", *(str(len(_of(found, case.name, "ours"))) for case in CASES)]]
    for what, most, keys, form in (
        ("median cond(J), at most 4", 4.0, ("geometry", "condition"), ".1f"),
        ("sd of log magnification, at most 0.15", 0.15, ("geometry", "magnification"), ".2f"),
        ("latent with decoded distance, r at least 0.95", -0.95, ("geometry", "distances"), ".3f"),
        ("largest step against an even change, at most 2.5", 2.5, ("smoothness", "ratio"), ".2f"),
        ("the same, the line taken evenly, at most 2.5", 2.5, ("smoothness", "even_ratio"), ".2f"),
        (
            "the morph's against the least of whole changes, at most 1.3",
            1.3,
            ("smoothness", "morph_whole"),
            ".2f",
        ),
    ):
        measured = [_values(found, case.name, "ours", keys) for case in CASES]
        rows.append([what, *(_reached(each, most, form) for each in measured)])
    rows.append(["largest step against baseline's, at most 0.85", *(_smoother(found, c.name) for c in CASES)])
    rows.append(["wrong, ours against baseline's", *(_as_right(found, c.name) for c in CASES)])
    for attribute in ("density", "velocity", "offset", "pitch"):
        row = [f"attribute vector of {attribute}, r of the change"]
        for case in CASES:
            least = _GOALS_2[case.configuration.shape.kind].get(attribute)
            values = _values(found, case.name, "ours", ("steering", attribute, "change"))
            row.append(_reached(values, -least, ".3f") if least else "")
        rows.append(row)
    for reading, words, goals_of in (
        ("change", "r of the change", _GOALS_2), ("absolute", "absolute r", _GOALS_ABSOLUTE)
    ):  # fmt: skip
        for attribute in ("density", "velocity", "offset", "pitch"):
            row = [f"knob of {attribute}, {words}"]
            for case in CASES:
                goal = goals_of[case.configuration.shape.kind].get(attribute)
                values = _values(found, case.name, "ours", ("asking", attribute, reading))
                row.append(_reached(values, -goal, ".3f") if goal else "")
            rows += [row] if any(row[1:]) else []
    for attribute, held in dict.fromkeys((a, h) for _, a, h in PAPER_1):
        row = [f"table 1, {attribute}, {round(100 * held)} % held"]
        for case in CASES:
            most = _GOALS_1.get((case.name, attribute, held), 0.0)
            which = {"split": "window", "attribute": attribute, "held": held}
            values = _values(found, case.name, "ours", ("reconstruction", _COLUMN[attribute]), **which)
            row.append(f"{_reached(values, most, '.4f')} (at most {most:g})" if most else "")
        rows.append(row)
    return "Goals, and what `ours` reached", head, rows


def _values(found: Found, case: str, model: str, keys: Sequence[str], **which: Any) -> list[float]:
    every = [_number(run, keys) for run in _of(found, case, model, **which)]
    return [value for value in every if not np.isnan(value)]


def _reached(values: Sequence[float], goal: float, form: str = ".2f") -> str:
    """The mean of values; bold above a goal, or below one that is given with a minus."""
    if not values:
        return "-"
    mean = float(np.mean(values))
    missed = mean > goal if goal > 0 else mean < -goal
    return f"**{mean:{form}}**" if missed else f"{mean:{form}}"


def _against(found: Found, case: str, keys: Sequence[str]) -> list[float]:
    ours, base = (_values(found, case, model, keys) for model in ("ours", "baseline"))
    return [float(np.mean(ours) / np.mean(base))] if ours and base else []


def _smoother(found: Found, case: str) -> str:
    return _reached(_against(found, case, ("smoothness", "largest")), 0.85)


def _as_right(found: Found, case: str) -> str:
    values = _against(found, case, ("reconstruction", "wrong"))
    return f"{values[0]:.2f}" if values else "-"


def tables(found: Found) -> list[Table]:
    """All of them."""
    return [goals(found), figure_2(found), table_1(found), table_2(found), geometry(found)]


def write(found: Found, folder: Path) -> list[Path]:
    """The tables as Markdown, and figure 2 and tables 1 and 2 as pictures. Raises SaveError."""
    done = sum(run in found for run in plan())
    intro = f"{PLANNED} {done} of {len(plan())} are finished; each row says how many seeds it has."
    text = "\n\n".join([intro, *(_markdown(each) for each in tables(found))])
    saving.write(folder / "tables.md", text + "\n")
    pictures = {"figure-2.svg": picture(found), "table-1.svg": plot_1(found), "table-2.svg": plot_2(found)}
    for name, drawn in pictures.items():
        saving.write(folder / name, drawn)
    return [folder / name for name in ("tables.md", *pictures)]


def _markdown(table: Table) -> str:
    title, head, rows = table
    lines = [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


_COLOURS = {"ours": "#1f6f8b", "baseline": "#b5651d", "paper-objective": "#5b8c5a", "no-flat": "#7a6c9d",
            "normal-prior": "#999999"}  # fmt: skip


def picture(found: Found) -> str:
    """Figure 2 as SVG: quartiles of the largest step, a box for each model, a panel for each data set."""
    wide, high, margin = 210, 220, 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide * len(CASES) + 20}" height="{high + 104}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for i, case in enumerate(CASES):
        boxes = [
            (v, np.mean([run["smoothness"]["quartiles"] for run in runs], axis=0))
            for v in VARIANTS
            if (runs := _of(found, case.name, v))
        ]
        top = max([1.0, *(float(q[4]) for _, q in boxes)])
        left = i * wide + margin
        parts.append(f'<text x="{left}" y="16" font-weight="bold">{case.name}</text>')
        for tick in np.linspace(0, top, 5):
            y = 24 + high * (1 - tick / top)
            parts.append(
                f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.0f}</text>'
                f'<line x1="{left}" x2="{left + wide - margin - 8}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            )
        for k, (name, q) in enumerate(boxes):
            parts.append(_box(left + 16 + k * 31, [24 + high * (1 - float(v) / top) for v in q], name))
    return "\n".join([*parts, "</svg>\n"])


def _box(x: float, y: list[float], name: str) -> str:
    colour = _COLOURS[name]
    return (
        f'<line x1="{x}" x2="{x}" y1="{y[4]:.1f}" y2="{y[0]:.1f}" stroke="{colour}"/>'
        f'<rect x="{x - 9}" width="18" y="{y[3]:.1f}" height="{max(1.0, y[1] - y[3]):.1f}" fill="{colour}" '
        f'fill-opacity="0.35" stroke="{colour}"/>'
        f'<path d="M{x - 9} {y[2]:.1f}h18" stroke="{colour}" stroke-width="2"/>'
        f'<text transform="translate({x + 4},252) rotate(50)" fill="{colour}">{name}</text>'
    )


_PAPER_FM, _PAPER_VAE = "paper FM", "paper MusicVAE"
_DOTS = {
    _PAPER_FM: "#333333", _PAPER_VAE: "#aaaaaa", "ours": "#1f6f8b", "ours, the knob": "#c2185b",
    "baseline": "#b5651d",
}  # fmt: skip
Row = tuple[str, dict[str, float]]


def plot_1(found: Found) -> str:
    """Table 1 as SVG: each error as a share of what the paper's own model has there."""
    rows: list[Row] = []
    for (case, attribute, held), (flat, plain) in PAPER_1.items():
        whole = float(flat.split()[0])
        points = {_PAPER_FM: 1.0, _PAPER_VAE: float(plain.split()[0]) / whole}
        for model in ("ours", "baseline"):
            which = {"split": "window", "attribute": attribute, "held": held}
            values = _values(found, case, model, ("reconstruction", _COLUMN[attribute]), **which)
            points |= {model: float(np.mean(values)) / whole} if values else {}
        rows.append((f"{case}, {attribute}, {round(100 * held)} %", points))
    return dots("Table 1: error in the middle of an attribute, the paper's = 1", rows, 5.0)


def plot_2(found: Found) -> str:
    """Table 2 as SVG: absolute r of every attribute's vector, and of the knob."""
    rows: list[Row] = []
    for (case, attribute), (flat, plain) in PAPER_2.items():
        points = {_PAPER_FM: flat, _PAPER_VAE: plain}
        for name, model, measure in (
            ("ours", "ours", "steering"), ("ours, the knob", "ours", "asking"),
            ("baseline", "baseline", "steering"),
        ):  # fmt: skip
            values = _values(found, case, model, (measure, attribute, "absolute"))
            points |= {name: float(np.mean(values))} if values else {}
        rows.append((f"{case}, {attribute}", points))
    return dots("Table 2: absolute r of moving along an attribute", rows, 1.0)


def dots(title: str, rows: Sequence[Row], most: float) -> str:
    """Named values of several rows as dots on lines from 0 to `most`, SVG. What is more lies at the end."""
    left, wide, high = 170, 420, 26
    below = 52 + high * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + wide + 30}" height="{below + 40}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="18" font-weight="bold">{title}</text>',
    ]
    for tick in np.linspace(0, most, 6):
        x = left + wide * tick / most
        parts.append(
            f'<path d="M{x:.1f} 34V{below - 16}" stroke="#ddd"/>'
            f'<text x="{x:.1f}" y="{below - 4}" text-anchor="middle">{tick:g}</text>'
        )
    for i, (label, points) in enumerate(rows):
        y = 48 + high * i
        parts.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{label}</text>')
        parts += [
            f'<circle cx="{left + wide * min(value, most) / most:.1f}" cy="{y}" r="4.5" fill="{_DOTS[name]}" '
            'fill-opacity="0.85"/>'
            for name, value in points.items()
        ]
    used = [name for name in _DOTS if any(name in points for _, points in rows)]
    for i, name in enumerate(used):
        x, colour = 14 + 115 * i, _DOTS[name]
        parts.append(
            f'<circle cx="{x}" cy="{below + 20}" r="4.5" fill="{colour}"/>'
            f'<text x="{x + 9}" y="{below + 24}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])
