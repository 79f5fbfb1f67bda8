"""What walkers may be called, and which colour they have."""

import unicodedata

LONGEST = 40

COLOURS = (
    "#d9a441",
    "#5b8fb9",
    "#c8694e",
    "#6d9f71",
    "#a879b0",
    "#4fa3a0",
    "#c9848f",
    "#8d8f4a",
    "#7286c9",
    "#b98a5e",
    "#5f9e8f",
    "#b0708f",
)
"""Calm, and apart from each other; walkers take them in turn."""


def tidy(name: str, number: int, otherwise: str = "walker") -> str:
    """A name that fits on one line: no signs that control or turn the writing, no runs of spaces, LONGEST
    characters. Markup is left as the letters it is; whoever shows a name shows it as text."""
    plain = unicodedata.normalize("NFC", name)
    kept = "".join(" " if each.isspace() else each for each in plain if _seen(each) or each.isspace())
    words = " ".join(kept.split())[:LONGEST].strip()
    return words or f"{otherwise} {number}"


def _seen(sign: str) -> bool:
    """Whether a sign is there to be seen: marks that stack beyond reason are kept to letters elsewhere."""
    return unicodedata.category(sign)[0] != "C"


def colour_of(number: int) -> str:
    """The colour of a walker by its number."""
    return COLOURS[number % len(COLOURS)]
