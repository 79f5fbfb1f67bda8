"""How good a model of bars is: paper 003's figure 2 and tables 1 and 2, and what they leave out.

Everything is measured on bars that were never learned from, with posterior means, and hits are what
is over a half. What the paper leaves open is measured both ways (docs/paper-003.md says which is which).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.symbolic.attributes import OF_KIND, attributes
from isobath.symbolic.model import CALIBRATED, SymbolicModel
from isobath.symbolic.morphing import budget, schedule

Floats = NDArray[np.floating[Any]]
PAIRS = 1000
POINTS = 20
MOVED = 5000
ASKED = 800
_PIECE = 512
_BASES = 192
_WORST_RESPONSE = 5.0


def in_pieces(work: Callable[[Any], Any], rows: Any) -> Any:
    """A function over many rows, a few at a time."""
    return np.concatenate([np.asarray(work(rows[i : i + _PIECE])) for i in range(0, len(rows), _PIECE)])


def encoded(model: SymbolicModel, tensors: Floats) -> NDArray[np.float32]:
    """Posterior means, (n, dims)."""
    return np.asarray(in_pieces(lambda part: model.encode_tensors(part)[0], tensors))


def heard(model: SymbolicModel, z: Floats) -> NDArray[np.float64]:
    """Attributes of what is played at places (n, dims), (n, attributes)."""
    return np.asarray(
        in_pieces(lambda rows: attributes(model.kind, model.sounding(model.decode_soft(rows))), z)
    )


def reconstruction(model: SymbolicModel, tensors: Floats) -> dict[str, float]:
    """Table 1's columns, mean and deviation over windows.

    wrong: hits, or steps. velocity, offset: mean square over all cells, offset in -0.5..0.5; and over
    hits alone.
    """
    rows = []
    for i in range(0, len(tensors), _PIECE):
        x = tensors[i : i + _PIECE]
        rows.append(_errors(model.kind, model.decode_soft(model.encode_tensors(x)[0]), x))
    names = rows[0]
    each = {name: np.concatenate([row[name] for row in rows]) for name in names}
    found = {name: float(np.nanmean(v)) for name, v in each.items()}
    return found | {f"{name}_deviation": float(np.nanstd(v)) for name, v in each.items()}


def _errors(kind: str, soft: Floats, x: Floats) -> dict[str, Floats]:
    if kind == "melody":
        return {"wrong": (soft.argmax(-1) != x.argmax(-1)).mean(1)}
    hits = x[..., :9] > 0.5
    velocity = (soft[..., 9:18] - x[..., 9:18]) ** 2
    offset = ((soft[..., 18:] - x[..., 18:]) / 2) ** 2
    count = np.maximum(hits.sum((1, 2)), 1)
    return {
        "wrong": ((soft[..., :9] > 0.5) != hits).mean((1, 2)),
        "velocity": velocity.mean((1, 2)), "offset": offset.mean((1, 2)),
        "velocity_of_hits": (velocity * hits).sum((1, 2)) / count,
        "offset_of_hits": (offset * hits).sum((1, 2)) / count,
    }  # fmt: skip


def smoothness(model: SymbolicModel, z: Floats, seed: int = 0, pairs: int = PAIRS) -> dict[str, Any]:
    """Figure 2: the largest change between two of 20 points on a line, over random pairs.

    different: H, hits that the ends differ in; ratio: largest / (H / 19), 1 for a perfectly even
    change; path: changes along the line / H; even, even_ratio: largest and ratio where the points of the
    line are those of `model.places`; morph, morph_ratio: of the shipped morph, and morph_whole: against
    the least that whole hits allow, ⌈H / 19⌉. quartiles: of the largest change.
    """
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(z), pairs)
    last = (first + rng.integers(1, max(2, len(z)), pairs)) % len(z)
    share = np.linspace(0, 1, POINTS, dtype=np.float32)[:, None]
    hops, evens, paths, different, morphs, whole = [], [], [], [], [], []
    for a, b in zip(first, last, strict=True):
        soft = model.decode_soft((1 - share) * z[a] + share * z[b])
        pattern = model.pattern(soft).reshape(POINTS, -1)
        h = int(np.count_nonzero(pattern[0] != pattern[-1]))
        if not h:
            continue
        step = np.count_nonzero(np.diff(pattern.astype(int), axis=0), axis=1)
        soft = model.decode_soft(model.places(z[a], z[b], POINTS))
        pattern = model.pattern(soft).reshape(POINTS, -1)
        sure = (soft[..., :9] if model.kind == "drums" else soft.max(-1)).reshape(POINTS, -1)
        largest = _largest(schedule(pattern, sure))
        assert largest <= budget(h, POINTS)
        hops.append(step.max())
        evens.append(_largest(pattern))
        paths.append(step.sum() / h)
        different.append(h)
        morphs.append(largest)
        whole.append(np.ceil(h / (POINTS - 1)))
    if not hops:  # a decoder that ignores its latent
        hops, evens, paths, different, morphs, whole = [0], [0], [1.0], [1], [0], [1.0]
    hop, even, far, morph = (np.array(each, float) for each in (hops, evens, different, morphs))
    return {
        "largest": float(hop.mean()), "largest_deviation": float(hop.std()),
        "quartiles": [float(q) for q in np.quantile(hop, (0.0, 0.25, 0.5, 0.75, 1.0))],
        "different": float(far.mean()), "ratio": float((hop / (far / (POINTS - 1))).mean()),
        "ratio_of_means": float(hop.mean() / (far.mean() / (POINTS - 1))), "path": float(np.mean(paths)),
        "even": float(even.mean()), "even_ratio": float((even / (far / (POINTS - 1))).mean()),
        "morph": float(morph.mean()), "morph_ratio": float((morph / (far / (POINTS - 1))).mean()),
        "morph_whole": float((morph / np.array(whole)).mean()),
    }  # fmt: skip


def _largest(patterns: NDArray[Any]) -> int:
    """Changes from one to the next, at most."""
    return int(np.count_nonzero(patterns[1:] != patterns[:-1], axis=1).max())


def geometry(model: SymbolicModel, z: Floats, seed: int = 0, points: int = 200) -> dict[str, float]:
    """How near the decoder is to keeping distances.

    condition: median condition number of the Jacobian at mixed points; magnification: deviation of
    log √(tr G / dims); distances: r between latent and decoded distances of pairs of windows.
    """
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, len(z), (2, points))
    alpha = rng.random((points, 1)).astype(np.float32)
    at = (1 - alpha) * z[a] + alpha * z[b]
    conditions, sizes = [], []
    step = np.float32(0.02 * z.std())
    axes = step * np.eye(model.dims, dtype=np.float32)
    for each in at:
        decoded = model.decode_soft(np.concatenate([each + axes, each - axes])).reshape(2 * model.dims, -1)
        jacobian = (decoded[: model.dims] - decoded[model.dims :]) / (2 * step)
        values = np.linalg.svd(jacobian.astype(np.float64), compute_uv=False)
        conditions.append(values[0] / max(values[-1], 1e-12))
        sizes.append(np.log(np.sqrt((values**2).mean())))
    i, j = rng.integers(0, len(z), (2, 2000))
    near = np.linalg.norm(z[i] - z[j], axis=1)
    decoded_i = in_pieces(model.decode_soft, z[i]).reshape(len(i), -1)
    decoded_j = in_pieces(model.decode_soft, z[j]).reshape(len(j), -1)
    far = np.linalg.norm(decoded_i - decoded_j, axis=1)
    return {
        "condition": float(np.median(conditions)), "magnification": float(np.std(sizes)),
        "distances": correlation(near, far),
    }  # fmt: skip


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's r; 0 where one does not vary."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 0 else 0.0


def steering(
    model: SymbolicModel, z: Floats, told: Floats, seed: int = 0, count: int = MOVED
) -> dict[str, dict[str, float]]:
    """Table 2: moving by α of an attribute's vector, α in -1..1, and how the attribute answers.

    z: latents of test windows; told: attributes of training windows, (n, attributes), whose quartile
    gap is what a vector promises. absolute: r(α, attribute); change: r(α, attribute less that of the
    base point); mean_base: from the mean base point; ceiling: absolute r of an answer that is exactly
    α·gap; slope: the answer's slope as a share of the gap. Points that leave the training range of
    an axis are drawn again.
    """
    rng = np.random.default_rng(seed)
    statistics = model.statistics
    base_truth = heard(model, z)
    found = {}
    for index, name in enumerate(OF_KIND[model.kind]):
        vector = statistics.vectors[index]
        gap = _gap(told[:, index])
        which, alpha = _inside(z, vector, statistics.low, statistics.high, rng, count)
        moved = z[which] + alpha[:, None] * vector
        if len(alpha) < 3:  # every place is at the edge
            found[name] = dict.fromkeys(_READINGS, 0.0)
            continue
        promised = max(gap, 1e-9)
        answer = heard(model, moved)[:, index]
        base = base_truth[which, index]
        line = statistics.mean + np.linspace(-1, 1, 201, dtype=np.float32)[:, None] * vector
        on_line = heard(model, line)[:, index]
        found[name] = {
            "absolute": correlation(alpha, answer), "change": correlation(alpha, answer - base),
            "mean_base": correlation(np.linspace(-1, 1, 201), on_line),
            "ceiling": correlation(alpha, base + alpha * gap),
            "slope": float(np.polyfit(alpha, answer - base, 1)[0] / promised), "kept": float(len(alpha)),
        }  # fmt: skip
    return found


def asking(
    model: SymbolicModel, z: Floats, told: Floats, seed: int = 0, count: int = ASKED
) -> dict[str, dict[str, float]]:
    """The same of the knob, `model.moved`: asked for α of the data's gap, α in -1..1, how the attribute
    answers, and by how much the others move though nobody asked (`stray`, of their deviations).

    Readings as in `steering`. What nothing learned from has, such as fewer than no onsets, is not asked
    for; kept: the share of asks that are left.
    """
    rng = np.random.default_rng(seed)
    base = heard(model, z)
    deviation = np.maximum(model.statistics.attribute_deviation, 1e-9)
    found = {}
    for index, name in enumerate(OF_KIND[model.kind]):
        gap = _gap(told[:, index])
        which = rng.integers(0, len(z), count)
        alpha = rng.uniform(-1, 1, count)
        wanted = base[which, index] + alpha * gap
        can = (wanted >= told[:, index].min()) & (wanted <= told[:, index].max())
        if np.count_nonzero(can) < 3:
            found[name] = dict.fromkeys(("absolute", "change", "ceiling", "slope", "stray", "kept"), 0.0)
            continue
        which, alpha = which[can], alpha[can]
        moved = np.stack(
            [model.moved(z[i], **{name: float(a * gap)}) for i, a in zip(which, alpha, strict=True)]
        )
        change = heard(model, moved) - base[which]
        others = np.delete(change / deviation, index, axis=1)
        answer = base[which, index] + change[:, index]
        found[name] = {
            "absolute": correlation(alpha, answer), "change": correlation(alpha, change[:, index]),
            "ceiling": correlation(alpha, base[which, index] + alpha * gap),
            "slope": float(np.polyfit(alpha, change[:, index], 1)[0] / max(gap, 1e-9)),
            "stray": float(np.sqrt((others**2).mean())), "kept": float(can.mean()),
        }  # fmt: skip
    return found


def _gap(values: Floats) -> float:
    """From the mean of the lower quarter to that of the upper."""
    low, high = np.quantile(values, (0.25, 0.75))
    return float(values[values >= high].mean() - values[values <= low].mean())


_READINGS = ("absolute", "change", "mean_base", "ceiling", "slope", "kept")


def _inside(
    z: Floats, vector: Floats, low: Floats, high: Floats, rng: np.random.Generator, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Base points and α whose moved points stay within the training range of every axis."""
    which: list[Any] = []
    alphas: list[Any] = []
    kept = 0
    for _ in range(200):
        i = rng.integers(0, len(z), count)
        a = rng.uniform(-1, 1, count).astype(np.float32)
        moved = z[i] + a[:, None] * vector
        good = ((moved >= low) & (moved <= high)).all(axis=1)
        which.append(i[good])
        alphas.append(a[good])
        kept += int(good.sum())
        if kept >= count:
            break
    return np.concatenate(which)[:count], np.concatenate(alphas)[:count]


def changes(model: SymbolicModel, z: Floats, seed: int = 0, each: int = 150) -> dict[int, float]:
    """What the knob of changed hits gives: asked -> mean that differs, over phrases and directions."""
    rng = np.random.default_rng(seed)
    found = {}
    for asked in (1, 2, 4, 8, 12, 16, 20):
        counts = []
        for _ in range(each):
            here = z[rng.integers(0, len(z))]
            there = model.sample_near(here, rng, changed_hits=asked)
            pattern = model.pattern(model.decode_soft(np.stack([here, there])))
            counts.append(np.count_nonzero(pattern[0] != pattern[1]))
        found[asked] = float(np.mean(counts))
    return found


def response(model: SymbolicModel, z: Floats, points: int = 200, rounds: int = 3) -> NDArray[np.float32]:
    """How attributes answer when the head is asked for one unit of one of them, (attributes, attributes).

    Row: what answers; column: what was asked. From moves of a deviation to either side of places
    z, some rounds of it, as answers grow with the move; the unit matrix where there is no answer to
    speak of.
    """
    deviation = model.statistics.attribute_deviation.astype(np.float64)
    bases = z[np.random.default_rng(0).permutation(len(z))[:points]]
    found = np.eye(len(deviation))
    for _ in range(rounds):
        answer = _answer(model.responding(found), bases, deviation)
        scaled = answer * deviation[None, :] / deviation[:, None]
        if not np.isfinite(scaled).all() or np.linalg.cond(scaled) > _WORST_RESPONSE:
            return np.eye(len(deviation), dtype=np.float32)
        found = answer @ found
    return found.astype(np.float32)


def _answer(model: SymbolicModel, bases: Floats, amounts: Floats) -> Floats:
    columns = []
    for name, amount in zip(model.about.attributes, amounts, strict=True):
        up, down = (heard(model, bases + model.towards(**{name: float(by)})) for by in (amount, -amount))
        columns.append((up - down).mean(0) / (2 * amount))
    return np.stack(columns, axis=1)


def calibration(model: SymbolicModel, latents: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """How many hits differ, on average, so far away: radii and mean counts, both rising."""
    rng = np.random.default_rng(0)
    bases = latents[rng.permutation(len(latents))[:_BASES]]
    directions = rng.standard_normal(bases.shape).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    whole = float(np.sqrt((latents.std(0) ** 2).sum()))
    radii = np.geomspace(0.02, 3.0, CALIBRATED) * whole
    here = model.pattern(model.decode_soft(bases))
    changes = [
        np.count_nonzero(model.pattern(model.decode_soft(bases + np.float32(r) * directions)) != here)
        / len(bases)
        for r in radii
    ]
    rising = np.maximum.accumulate(np.array(changes)) + 1e-6 * np.arange(CALIBRATED)
    return {"calibrated_radius": radii, "calibrated_changes": rising}
