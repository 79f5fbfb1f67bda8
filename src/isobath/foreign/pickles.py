"""The pickles inside a TorchScript archive, read by a machine that can only build data.

A pickle is a small program for a stack machine, and Python's machine lets it call anything. This one
knows the instructions that TorchScript writes and, of functions, only the handful that stand for
plain data: typed lists and dicts, tensors, devices. Objects become `Node`s; nothing is imported and
nothing is called. An unknown name or instruction ends the reading.

Sizes and nesting are limited; so is sharing, since a pickle of one kilobyte can say "twice the one
before" sixty times.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_OBJECTS = 2_000_000
"""Objects when everything shared is counted as often as it is met."""

DEEPEST = 100
"""Objects inside each other."""

_MARK = object()


class PickleRefused(ValueError):
    """Why a pickle is not read; a part of a sentence."""


@dataclass(eq=False)
class Node:
    """One object of the archive: a module or a plain class, with what it holds."""

    type_name: str
    """As in the program text: `__torch__.some.module.ClassName`."""

    attributes: dict[str, Any] = field(default_factory=dict)
    """Node, ndarray, int, float, bool, str, list, tuple, dict or None, by name."""

    @property
    def kind(self) -> str:
        """The class's own name, without the module it comes from."""
        return self.type_name.rpartition(".")[2]

    def at(self, path: str) -> Any:
        """What lies at `a.b.0.weight`.

        Raises:
            KeyError: nothing does.
        """
        found: Any = self
        for step in path.split("."):
            if not isinstance(found, Node) or step not in found.attributes:
                raise KeyError(path)
            found = found.attributes[step]
        return found

    def nodes(self, prefix: str = "") -> Iterator[tuple[str, Node]]:
        """This node and all nodes below it, with their paths, parents first."""
        yield prefix, self
        for name, value in self.attributes.items():
            if isinstance(value, Node):
                yield from value.nodes(f"{prefix}.{name}" if prefix else name)

    def __repr__(self) -> str:
        return f"<Node {self.type_name}: {', '.join(self.attributes)}>"


@dataclass(frozen=True)
class Storage:
    """A tensor's memory: an entry of the archive, seen as numbers of one type."""

    type_name: str
    key: str
    count: int


@dataclass(frozen=True)
class _Name:
    """A global name that the pickle mentions."""

    module: str
    name: str

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}"


class _Device(str):
    """Where a tensor was; only a word here."""


MakeTensor = Callable[[Storage, int, tuple[int, ...], tuple[int, ...]], Any]
"""(storage, offset, shape, strides in elements) -> the tensor as an array."""


class Machine:
    """Reads one pickle. `make_tensor` turns a storage and a geometry into an array."""

    def __init__(self, data: memoryview, make_tensor: MakeTensor) -> None:
        self._data, self._at, self._make_tensor = data, 0, make_tensor
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The value that the pickle describes.

        Raises:
            PickleRefused: it is damaged, too large, or asks for more than data.
        """
        steps = {ord(code): step for code, step in _STEPS.items()}
        try:
            while True:
                code = self._data[self._at]
                self._at += 1
                if code == ord("."):
                    break
                step = steps.get(code)
                if step is None:
                    raise PickleRefused(f"it uses instruction {code:#04x}, which TorchScript does not write")
                step(self)
                if len(self._stack) > MOST_OBJECTS or len(self._memo) > MOST_OBJECTS:
                    raise PickleRefused(f"it holds more than {MOST_OBJECTS} objects")
            (value,) = self._stack
        except (IndexError, struct.error, TypeError, ValueError, UnicodeDecodeError, KeyError) as error:
            if isinstance(error, PickleRefused):
                raise
            raise PickleRefused("its list of objects is damaged") from error
        if self._at != len(self._data):
            raise PickleRefused("there is more behind its list of objects")
        check_size(value)
        return value

    # What the instructions are made of.

    def _bytes(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._data):
            raise PickleRefused("its list of objects ends too early")
        found = bytes(self._data[self._at : self._at + count])
        self._at += count
        return found

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._bytes(struct.calcsize(layout)))[0]

    def _line(self) -> str:
        end = self._at
        while self._data[end] != 10:
            end += 1
            if end - self._at > 1024:
                raise PickleRefused("a name in it is too long")
        found = bytes(self._data[self._at : end]).decode("ascii")
        self._at = end + 1
        return found

    def _since_mark(self) -> list[Any]:
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise PickleRefused("its list of objects is damaged")
        found = self._stack[at + 1 :]
        del self._stack[at:]
        return found

    def _pop(self) -> Any:
        found = self._stack.pop()
        if found is _MARK:
            raise PickleRefused("its list of objects is damaged")
        return found

    # The instructions.

    def _proto(self) -> None:
        if self._number("<B") not in (2, 3, 4):
            raise PickleRefused("it is a pickle of a kind that TorchScript does not write")

    def _global(self) -> None:
        self._stack.append(_Name(self._line(), self._line()))

    def _put(self, layout: str) -> None:
        if self._stack[-1] is _MARK:
            raise PickleRefused("its list of objects is damaged")
        self._memo[self._number(layout)] = self._stack[-1]

    def _get(self, layout: str) -> None:
        self._stack.append(self._memo[self._number(layout)])

    def _long(self) -> None:
        size = self._number("<B")
        if size > 8:
            raise PickleRefused("it holds a whole number of more than 64 bits")
        self._stack.append(int.from_bytes(self._bytes(size), "little", signed=True))

    def _text(self, layout: str) -> None:
        self._stack.append(self._bytes(self._number(layout)).decode("utf-8"))

    def _tuple(self, count: int) -> None:
        parts = [self._pop() for _ in range(count)]
        self._stack.append(tuple(reversed(parts)))

    def _append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise PickleRefused("its list of objects is damaged")
        target.extend(values)

    def _set(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict or len(pairs) % 2:
            raise PickleRefused("its list of objects is damaged")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str | int | float | bool):
                raise PickleRefused("it has a dict whose keys are neither words nor numbers")
            target[key] = value

    def _append_one(self) -> None:
        value = self._pop()
        self._append([value])

    def _set_one(self) -> None:
        value, key = self._pop(), self._pop()
        self._set([key, value])

    def _new(self) -> None:
        arguments, name = self._pop(), self._pop()
        if not isinstance(name, _Name) or arguments != () or not is_script_type(name.full):
            raise PickleRefused(f"it wants to make {_told(name)}, which is no part of a model")
        self._stack.append(Node(name.full))

    def _build(self) -> None:
        state, target = self._pop(), self._stack[-1]
        if not isinstance(target, Node) or target.attributes:
            raise PickleRefused("its list of objects is damaged")
        if isinstance(state, dict) and all(isinstance(key, str) for key in state):
            target.attributes = state
        else:  # an object that would restore itself by its own program
            target.attributes = {"__state__": state}

    def _reduce(self) -> None:
        arguments, name = self._pop(), self._pop()
        if not isinstance(name, _Name) or type(arguments) is not tuple:
            raise PickleRefused("its list of objects is damaged")
        maker = _MAKERS.get((name.module, name.name))
        if maker is not None:
            self._stack.append(maker(self, *arguments))
        elif is_script_type(name.full):  # a named tuple
            self._stack.append(Node(name.full, {str(i): value for i, value in enumerate(arguments)}))
        else:
            raise PickleRefused(f"it wants to call {_told(name)}, and a model only holds data")

    def _persistent(self) -> None:
        match self._pop():
            case ("storage", _Name("torch", str() as kind), str() as key, str(), int() as count) if (
                count >= 0
            ):
                self._stack.append(Storage(kind, key, count))
            case _:
                raise PickleRefused("it refers to something outside the file")

    def _tensor(
        self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
    ) -> Any:
        if not isinstance(storage, Storage):
            raise PickleRefused("a tensor in it has no memory")
        return self._make_tensor(storage, offset, tuple(shape), tuple(strides))

    def _typed_list(self, values: Any) -> list[Any]:
        return list(values)

    def _tagged(self, value: Any, tag: Any) -> Any:
        if not isinstance(tag, str):
            raise PickleRefused("its list of objects is damaged")
        return value

    def _device(self, name: Any, *_: Any) -> str:
        return _Device(name)

    def _ordered(self, *values: Any) -> dict[Any, Any]:
        if values:
            raise PickleRefused("its list of objects is damaged")
        return {}


_STEPS: dict[str, Callable[[Machine], Any]] = {
    "\x80": Machine._proto,
    "c": Machine._global,
    "q": lambda m: m._put("<B"),
    "r": lambda m: m._put("<I"),
    "h": lambda m: m._get("<B"),
    "j": lambda m: m._get("<I"),
    "(": lambda m: m._stack.append(_MARK),
    ")": lambda m: m._stack.append(()),
    "t": lambda m: m._stack.append(tuple(m._since_mark())),
    "\x85": lambda m: m._tuple(1),
    "\x86": lambda m: m._tuple(2),
    "\x87": lambda m: m._tuple(3),
    "]": lambda m: m._stack.append([]),
    "a": Machine._append_one,
    "e": lambda m: m._append(m._since_mark()),
    "}": lambda m: m._stack.append({}),
    "s": Machine._set_one,
    "u": lambda m: m._set(m._since_mark()),
    "N": lambda m: m._stack.append(None),
    "\x88": lambda m: m._stack.append(True),
    "\x89": lambda m: m._stack.append(False),
    "J": lambda m: m._stack.append(m._number("<i")),
    "K": lambda m: m._stack.append(m._number("<B")),
    "M": lambda m: m._stack.append(m._number("<H")),
    "\x8a": Machine._long,
    "G": lambda m: m._stack.append(m._number(">d")),
    "X": lambda m: m._text("<I"),
    "T": lambda m: m._text("<I"),
    "U": lambda m: m._text("<B"),
    "\x8c": lambda m: m._text("<B"),
    "\x81": Machine._new,
    "b": Machine._build,
    "R": Machine._reduce,
    "Q": Machine._persistent,
}

_MAKERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor_v2"): Machine._tensor,
    ("torch.jit._pickle", "build_intlist"): Machine._typed_list,
    ("torch.jit._pickle", "build_tensorlist"): Machine._typed_list,
    ("torch.jit._pickle", "build_doublelist"): Machine._typed_list,
    ("torch.jit._pickle", "build_boollist"): Machine._typed_list,
    ("torch.jit._pickle", "restore_type_tag"): Machine._tagged,
    ("torch", "device"): Machine._device,
    ("collections", "OrderedDict"): Machine._ordered,
}


def is_script_type(name: str) -> bool:
    """Whether a name is a class that the archive itself must define; torch's built-in ones are not."""
    return name.startswith("__torch__.") and not name.startswith("__torch__.torch.classes.")


def _told(name: Any) -> str:
    return name.full[:80] if isinstance(name, _Name) else "something"


def _parts(value: Any) -> list[Any]:
    """What an object holds; globals and marks have no place in a finished one."""
    match value:
        case Node():
            return list(value.attributes.values())
        case dict() | list() | tuple():
            return list(value.values()) if isinstance(value, dict) else list(value)
        case _Name() | Storage():
            raise PickleRefused("it holds a name where a value should be")
        case _:
            return []


def check_size(value: Any) -> None:
    """Refuse what holds itself, is nested too deeply, or is too much once what is shared is written out.

    Every object is visited once; its full size is the sum of its parts'.
    """
    sizes: dict[int, int] = {}
    open_now: set[int] = set()
    path: list[tuple[Any, Iterator[Any]]] = []

    def enter(each: Any) -> None:
        if len(path) >= DEEPEST:
            raise PickleRefused(f"its objects are nested more than {DEEPEST} deep")
        open_now.add(id(each))
        sizes[id(each)] = 1
        path.append((each, iter(_parts(each))))

    enter(value)
    while path:
        each, rest = path[-1]
        for part in rest:
            if not isinstance(part, Node | dict | list | tuple):
                _parts(part)
                sizes[id(each)] += 1
            elif id(part) in open_now:
                raise PickleRefused("one of its objects holds itself")
            elif id(part) in sizes:
                sizes[id(each)] += sizes[id(part)]
            else:
                enter(part)
                break
        else:
            path.pop()
            open_now.discard(id(each))
            if path:
                sizes[id(path[-1][0])] += sizes[id(each)]
            if sizes[id(each)] > MOST_OBJECTS:
                raise PickleRefused(f"it holds more than {MOST_OBJECTS} objects once all is written out")
