"""Two pages change a piece at once: both changes in one piece.

What only one of the two changed is taken from there, field by field and, in lists of things that have an id,
thing by thing. What both changed is as the later one left it. What one took away and the other changed stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from isobath.protocol.piece import Piece


def merged(base: Piece, mine: Piece, theirs: Piece) -> Piece:
    """`theirs`, with what became of `base` in `mine`; the later one, `mine`, where the two do not fit."""
    found: Piece = _merged(base, mine, theirs)
    fits = all(len(each.point) == len(found.axes) for voice in found.voices for each in voice.demonstrations)
    return found if fits else mine


def _merged(base: Any, mine: Any, theirs: Any) -> Any:
    if mine is theirs or mine == theirs or base == theirs:
        return mine
    if base == mine:
        return theirs
    if isinstance(mine, msgspec.Struct) and type(base) is type(mine) is type(theirs):
        names = mine.__struct_fields__
        values = {
            name: _merged(getattr(base, name), getattr(mine, name), getattr(theirs, name)) for name in names
        }
        return type(mine)(**values)
    if all(_named(each) for each in (base, mine, theirs)):
        return _list(base, mine, theirs)
    return mine


def _named(values: Any) -> bool:
    return isinstance(values, tuple) and all(hasattr(each, "id") for each in values)


def _list(base: Sequence[Any], mine: Sequence[Any], theirs: Sequence[Any]) -> tuple[Any, ...]:
    """In the order of mine; what only theirs has comes behind what it stood behind."""
    before = {each.id: each for each in base}
    other = {each.id: each for each in theirs}
    found: list[Any] = []
    for each in mine:
        if each.id in other and each.id in before:
            found.append(_merged(before[each.id], each, other[each.id]))
        elif each.id in other or each.id not in before or before[each.id] != each:
            found.append(each)
    own = {each.id for each in mine}
    for at, each in enumerate(theirs):
        if each.id in own or (each.id in before and before[each.id] == each):
            continue
        ahead = {earlier.id for earlier in theirs[:at]}
        places = [i for i, there in enumerate(found) if there.id in ahead]
        found.insert(places[-1] + 1 if places else 0, each)
    return tuple(found)
