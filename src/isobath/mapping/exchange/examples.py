"""Examples as other programs keep them: named inputs, named outputs, and gaps where nothing was recorded."""

from dataclasses import dataclass, replace

import numpy as np

from isobath.errors import MappingError
from isobath.mapping.fitting import fit
from isobath.mapping.mapping import Mapping
from isobath.mapping.settings import Output, Settings
from isobath.mapping.terms import Floats


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows of inputs and outputs.

    `targets` holds NaN where a row was not recorded for that output. `classes` has 0 for an output
    of any value and, for one that is a class, the number of classes: it is 0, 1, 2, ... below that (a
    class 0 is Wekinator's "none"). `rounds` numbers the recording
    each row belongs to. `notes` are sentences about what could not be read.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    points: Floats  # (n, inputs)
    targets: Floats  # (n, outputs)
    classes: tuple[int, ...]
    rounds: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def readable(self) -> "Examples":
        """Only the rows whose inputs are all numbers and that were recorded for some output."""
        kept = np.isfinite(self.points).all(axis=1) & np.isfinite(self.targets).any(axis=1)
        rows = np.flatnonzero(kept)
        if len(rows) == len(self.points):
            return self
        gone = len(self.points) - len(rows)
        return replace(
            self,
            points=self.points[rows],
            targets=self.targets[rows],
            rounds=tuple(self.rounds[row] for row in rows),
            notes=(*self.notes, f"{gone} examples hold no numbers to learn from, and are left out."),
        )

    def spans(self) -> Floats:
        """(inputs, 2): 0 and 1 where an input stays between them, otherwise its own lowest and highest."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        ours = (low >= 0) & (high <= 1)
        return np.column_stack([np.where(ours, 0.0, low), np.where(ours, 1.0, high)])


def fit_examples(
    examples: Examples,
    settings: Settings,
    axes: tuple[tuple[int, ...] | None, ...] = (),
    previous: Mapping | None = None,
) -> Mapping:
    """Learn each output from the rows recorded for it.

    Outputs recorded together are learned together. A class is that of the nearest example, as
    Wekinator's default has it. `axes` says per output which inputs it listens to (None: all). An
    output without rows stays at 0, and a sentence says so. Raises MappingError if no output has any.
    """
    groups: dict[tuple[bytes, bool], list[int]] = {}
    known = np.isfinite(examples.targets)
    for index in range(len(examples.outputs)):
        groups.setdefault((known[:, index].tobytes(), examples.classes[index] > 0), []).append(index)
    dims = len(examples.outputs)
    mapping = Mapping(
        settings.algorithm, len(examples.inputs), dims, (True,) * dims, np.zeros(dims), (), errors=()
    )
    missed = np.zeros((len(examples.points), 2))
    for (_, counted), outputs in groups.items():
        rows = known[:, outputs[0]]
        if not rows.any():
            names = ", ".join(examples.outputs[one] for one in outputs)
            mapping = replace(
                mapping, warnings=(*mapping.warnings, f"Nothing was recorded for {names} yet; 0 is sent.")
            )
            continue
        own = replace(
            settings,
            outputs=tuple(Output(axes=axes[one] if one < len(axes) else None) for one in outputs),
        )
        if counted:
            own = replace(own, algorithm="neighbours", neighbours=1)
        learned = fit(
            examples.points[rows],
            examples.targets[rows][:, outputs],
            settings=own,
            previous=None if previous is None else _restricted(previous, outputs),
        )
        mapping = _with(mapping, learned, outputs)
        missed[rows, 0] += len(outputs) * np.square(learned.errors)
        missed[rows, 1] += len(outputs)
    if not mapping.parts:
        raise MappingError("There is nothing to learn from yet. Record an example first.")
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(missed[:, 0] / missed[:, 1])
    return replace(mapping, errors=tuple(errors.tolist()))


def filled(examples: Examples) -> Examples:
    """Every readable row with a number for every output: where a row was not recorded for one, what the
    rows that were say at its place (a Gaussian process; for a class the nearest); 0 where none was."""
    readable = examples.readable()
    known = np.isfinite(readable.targets)
    short = int((~known.all(axis=1)).sum())
    if not short:
        return readable
    learned = fit_examples(readable, Settings())
    note = (
        f"{short} of {len(known)} examples were not recorded for every output; what the others say at their "
        "place is filled in."
    )
    targets = np.where(known, readable.targets, learned(readable.points))
    return replace(readable, targets=targets, notes=(*readable.notes, note))


def _with(mapping: Mapping, learned: Mapping, outputs: list[int]) -> Mapping:
    """`mapping` and the parts of `learned`, whose outputs are called `outputs` here."""
    parts = tuple(
        replace(part, outputs=tuple(outputs[one] for one in part.outputs)) for part in learned.parts
    )
    low, high = mapping.low, mapping.high
    if learned.low is not None and learned.high is not None:
        free = np.full(mapping.dims, 1e9)
        low = -free if low is None else low.copy()
        high = free if high is None else high.copy()
        low[outputs], high[outputs] = learned.low, learned.high
    said = tuple(one for one in learned.warnings if one not in mapping.warnings)
    return replace(mapping, parts=mapping.parts + parts, low=low, high=high, warnings=mapping.warnings + said)


def _restricted(mapping: Mapping, outputs: list[int]) -> Mapping:
    """The parts of a mapping that serve only these outputs, numbered from 0."""
    parts = tuple(
        replace(part, outputs=tuple(outputs.index(one) for one in part.outputs))
        for part in mapping.parts
        if set(part.outputs) <= set(outputs)
    )
    return replace(mapping, parts=parts)
