"""A measured value with its unit: what cards, commands and model files hold."""

from __future__ import annotations

from typing import TypedDict


class Figure(TypedDict):
    """One value and what it is measured in."""

    value: float
    unit: str


Figures = dict[str, Figure]


def figure(value: float, unit: str) -> Figure:
    """Rounded to four places."""
    return {"value": round(float(value), 4), "unit": unit}
