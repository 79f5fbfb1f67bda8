"""The set list: pieces in the order of the evening, kept in a file beside the library."""

from collections.abc import Sequence

import msgspec

from isobath.library.files import write_whole
from isobath.library.home import Home

MOST = 1000
"""Pieces on it."""


def read_set_list(home: Home) -> tuple[str, ...]:
    """Ids of pieces; none where there is no list, or none that can be read."""
    try:
        return msgspec.json.decode(home.set_list.read_bytes(), type=tuple[str, ...])[:MOST]
    except (OSError, msgspec.DecodeError):
        return ()


def change_set_list(home: Home, before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """Keep the list that somebody made of `before`, together with what others did to it meanwhile; the list
    as it is now.

    Raises:
        SaveError: the disk refuses.
    """
    now = merged(read_set_list(home), before, after)[:MOST]
    write_whole(home.set_list, [msgspec.json.encode(now)])
    return now


def merged(now: Sequence[str], before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """`after`, without what others took off `now`, and with what they put there behind its neighbour."""
    gone = set(before) - set(now)
    result = [each for each in dict.fromkeys(after) if each not in gone]
    for index, each in enumerate(now):
        if each in result or each in before:
            continue
        ahead = next((other for other in reversed(now[:index]) if other in result), None)
        result.insert(0 if ahead is None else result.index(ahead) + 1, each)
    return tuple(result)
