"""Recorded gestures of Wekinator's projects, read by the shape of what it serialised."""

import json
import math

from isobath.errors import MappingError
from isobath.mapping.exchange.elements import Node, number_of, read_xml

JAVA_OBJECT = b"\xac\xed"
MOST_GESTURES = 64


def read_recordings(data: bytes | None, names: list[str]) -> bytes | None:
    """Recordings of gestures as Isobath keeps them, from the model that Wekinator serialised; None: no such.

    It lists, gesture by gesture, examples with a `timeSeries` whose points have `measurements`.
    """
    if data is None or data[:2] == JAVA_OBJECT:
        return None
    try:
        found = _first(read_xml("model1.xml", data), "allExamples")
    except MappingError:
        return None
    gestures = []
    for number, listed in enumerate(found.children[:MOST_GESTURES]):
        paths = [_path(one) for one in listed.children]
        name = names[number] if number < len(names) else f"output_{number + 1}"
        gestures.append({"name": name, "examples": [path for path in paths if path]})
    sizes = {len(point) for each in gestures for path in each["examples"] for point in path}
    if len(sizes) != 1:
        return None
    return json.dumps({"inputs": sizes.pop(), "gestures": gestures}).encode()


def _first(node: Node, tag: str) -> Node:
    """The first element of this name anywhere below; an empty one where there is none."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if here.tag == tag:
            return here
        waiting += reversed(here.children)
    return Node(tag)


def _path(example: Node) -> list[list[float]]:
    points = example.child("timeSeries").child("tsArray").children
    path = [
        [number_of(one.words, math.nan) for one in point.child("measurements").children] for point in points
    ]
    whole = all(math.isfinite(value) for point in path for value in point)
    return path if whole and len({len(point) for point in path}) == 1 else []
