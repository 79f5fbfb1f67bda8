"""XML as elements and text, and nothing that could do harm: no document types, so no entities to expand."""

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from isobath.errors import MappingError

MOST_DEPTH = 32


@dataclass
class Node:
    """An element: its children in order and the text in it."""

    tag: str
    children: list["Node"] = field(default_factory=list)
    words: str = ""

    def child(self, tag: str) -> "Node":
        """The first of this name; an empty one where there is none."""
        return next((one for one in self.children if one.tag == tag), Node(tag))

    def text(self, tag: str) -> str:
        """Text of the first child of this name."""
        return self.child(tag).words.strip()


def read_xml(name: str, data: bytes) -> Node:
    """Elements and text. A document type, and so any entity of its own, is refused. Raises MappingError."""
    root = Node("")
    open_: list[Node] = [root]

    def start(tag: str, _: dict[str, str]) -> None:
        if len(open_) > MOST_DEPTH:
            raise MappingError(f"{name} is nested more than {MOST_DEPTH} deep, which none is.")
        node = Node(tag)
        open_[-1].children.append(node)
        open_.append(node)

    def end(_: str) -> None:
        open_.pop()

    def words(text: str) -> None:
        open_[-1].words += text

    def refuse(*_: Any) -> None:
        raise MappingError(f"{name} declares a document type. Wekinator writes no such file; it is not read.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise MappingError(f"{name} is no whole XML file ({error}).") from error
    return root.children[0] if root.children else root


def number_of(text: str, otherwise: float) -> float:
    """A number in words, or another where it is none or absurd."""
    try:
        value = float(text)
    except ValueError:
        return otherwise
    return value if abs(value) < 1e9 else otherwise
