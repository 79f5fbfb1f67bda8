"""Which addresses a pattern means (OSC 1.0): `?` one sign, `*` any number, `[a-z]` `[!x]` one of these,
`{one,two}` one of these words; none of them reaches over a `/`, except `//`, any number of parts (1.1)."""

from __future__ import annotations

import re
from functools import lru_cache

SIGNS = frozenset("?*[{")
LONGEST = 255


def is_pattern(address: str) -> bool:
    """Whether it may mean several addresses."""
    return not SIGNS.isdisjoint(address) or "//" in address


def matches(pattern: str, address: str) -> bool:
    """Whether a pattern means this address. A pattern that makes no sense means nothing."""
    if pattern == address:
        return True
    if not is_pattern(pattern) or len(pattern) > LONGEST or len(address) > LONGEST:
        return False
    return _match(_parts(pattern), address)


Token = tuple[str, object]


def _match(tokens: tuple[Token, ...], address: str) -> bool:
    """By the set of places that can be reached: never slower than tokens times letters."""
    places = {0}
    for kind, what in tokens:
        found: set[int] = set()
        if kind == "text":
            text = str(what)
            found = {p + len(text) for p in places if address.startswith(text, p)}
        elif kind == "words":
            assert isinstance(what, tuple)
            found = {p + len(w) for p in places for w in what if address.startswith(w, p)}
        elif kind == "one":
            assert isinstance(what, re.Pattern)
            found = {p + 1 for p in places if p < len(address) and what.fullmatch(address[p])}
        else:
            first = min(places, default=len(address) + 1)
            for p in range(first, len(address) + 1):
                if p in places or (p - 1 in found and (kind == "deep" or address[p - 1] != "/")):
                    found.add(p)
            if kind == "deep":
                found = {p for p in found if p == 0 or address[p - 1 : p] == "/"}
        places = found
        if not places:
            return False
    return len(address) in places


@lru_cache(maxsize=512)
def _parts(pattern: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if pattern.startswith("//", at):
            tokens += [("text", "/"), ("deep", None)]
            at += 2
        elif sign == "*":
            tokens.append(("many", None))
            at += 1
        elif sign == "?":
            tokens.append(("one", re.compile(r"[^/]", re.DOTALL)))
            at += 1
        elif sign in "[{":
            end = pattern.find("]" if sign == "[" else "}", at)
            if end < 0:
                return (("text", "\0"),)
            inside = pattern[at + 1 : end]
            tokens.append(("one", _set(inside)) if sign == "[" else ("words", tuple(inside.split(","))))
            at = end + 1
        else:
            end = at
            while end < len(pattern) and pattern[end] not in SIGNS and not pattern.startswith("//", end):
                end += 1
            tokens.append(("text", pattern[at:end]))
            at = end
    return tuple(tokens)


def _set(inside: str) -> re.Pattern[str]:
    """`a-z` is a range, `!` at the beginning turns the meaning round."""
    outside = inside.startswith("!")
    inside = inside[1:] if outside else inside
    wanted = set()
    at = 0
    while at < len(inside):
        if at + 2 < len(inside) and inside[at + 1] == "-":
            wanted |= {chr(code) for code in range(ord(inside[at]), min(ord(inside[at + 2]), 0x2FF) + 1)}
            at += 3
        else:
            wanted.add(inside[at])
            at += 1
    wanted.discard("/")
    letters = "".join(map(re.escape, sorted(wanted)))
    if outside:
        return re.compile(f"[^/{letters}]", re.DOTALL)
    return re.compile(f"[{letters}]" if letters else r"(?!)", re.DOTALL)
