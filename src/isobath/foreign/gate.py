"""The gate: may this program be run at all?

The program text of the archive is parsed, never run, and every name in it is held against a list of
what models need (`operations.py`). Calls go to that list, to functions and classes that the archive
itself defines, or to a few conversions; a method call must name a method that the archive defines.
Objects may not restore themselves by a program of their own (`__setstate__`), which torch would run
while loading: that is how a file of 2.6 kB writes another one before anything was asked of it.

This is one of two defences. What passes runs in a confined process (`worker.py`), where the compiled
graphs are held against the same list again.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from isobath.errors import ModelRefused

from .archive import Archive, Node
from .code import CodeRefused, parse
from .operations import PRIM, allowed, names

CONVERSIONS = names(
    """
    annotate unchecked_cast uninitialized int float bool str complex getattr hasattr isinstance len range
    print abs min max round ord chr list tuple dict sum any all sorted zip enumerate reversed slice super
    divmod pow hash bin oct hex
    """
)
"""Names that may be called plainly."""

ROOTS = frozenset({"torch", "ops", "__torch__"})

DUNDERS = names(
    """
    __init__ __len__ __getitem__ __setitem__ __contains__ __call__ __iter__ __next__ __enter__ __exit__
    __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __add__ __sub__ __mul__ __neg__ __new__
    """
)
"""Methods with a meaning to TorchScript that a class may define; `__setstate__` is none of them."""

RESERVED = names("save load from_file to_here fork wait set_data backward record_stream")
"""Names that methods may not have, because a tensor would answer to them with something not allowed."""

_BASES = frozenset({"Module", "NamedTuple", "Enum", "Interface", "ModuleInterface", "object"})

_SYNTAX = tuple(
    getattr(ast, name)
    for name in names(
        """
        Module ClassDef FunctionDef arguments arg AnnAssign Assign AugAssign Expr Return If While For Raise
        Assert Pass Break Continue Name Attribute Call Constant Tuple List Dict Subscript Slice BinOp UnaryOp
        Compare BoolOp IfExp keyword Starred With withitem Delete Import alias operator unaryop cmpop boolop
        expr_context
        """
    )
)

_SHORT = re.compile(r"_\d+")
"""What TorchScript calls its own intermediate values: a function of the archive may be one."""


@dataclass(frozen=True)
class Passed:
    """What the gate saw of a program that may run."""

    operations: tuple[str, ...]
    """Names of torch that it uses, `torch.conv1d`, in order."""

    classes: int
    """How many classes it defines."""


@dataclass
class _Known:
    """What the archive defines itself."""

    types: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)


def check(archive: Archive) -> Passed:
    """Let a program pass, or not.

    Raises:
        ModelRefused: it uses a name that no model needs, or is not plain TorchScript.
    """
    try:
        trees = {path: parse(path, text) for path, text in archive.code.items()}
        known = _Known()
        for path, tree in trees.items():
            _collect(path, tree, known)
        _check_objects(archive, known)
        for path, tree in trees.items():
            _Reader(path, known).read(tree)
    except CodeRefused as error:
        raise ModelRefused(
            f"{archive.path.name} is not opened: {error}. No model of sound needs that, so the file may mean "
            "harm; if you trust who made it, ask for an export without it."
        ) from error
    except RecursionError as error:
        raise ModelRefused(f"{archive.path.name} is not opened: its program is nested too deeply.") from error
    return Passed(tuple(sorted(known.used)), len(known.types))


def _collect(path: str, tree: ast.Module, known: _Known) -> None:
    module = path.removesuffix(".py").replace("/", ".")
    if not (module == "__torch__" or module.startswith("__torch__.")):
        raise CodeRefused(f"its program text {path} lies outside __torch__")
    for each in tree.body:
        match each:
            case ast.ClassDef(name=name, body=body):
                known.types.add(f"{module}.{name}")
                known.methods.update(m.name for m in body if isinstance(m, ast.FunctionDef))
            case ast.FunctionDef(name=name):
                known.functions.add(f"{module}.{name}")
            case ast.Assign(targets=[ast.Name(id="op_version_set")], value=ast.Constant()) | ast.Import():
                pass
            case _:
                raise CodeRefused(
                    f"its program text {path} does something while it is read (line {each.lineno})"
                )
    forbidden = {m for m in known.methods if m in RESERVED or (_has_meaning(m) and m not in DUNDERS)}
    if forbidden:
        raise CodeRefused(
            f"it defines {min(forbidden)}, which could run before anything is asked of the model"
        )


def _has_meaning(method: str) -> bool:
    """Whether others may call a method by itself. `__name_getter` is how properties are written."""
    return method.startswith("__") and method.endswith("__")


def _check_objects(archive: Archive, known: _Known) -> None:
    """Objects of classes that the archive defines, and of no others."""
    waiting: list[object] = [archive.root, archive.constants]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or not isinstance(each, Node | list | tuple | dict):
            continue
        seen.add(id(each))
        if isinstance(each, Node):
            if each.type_name not in known.types:
                raise CodeRefused(f"it holds an object of {each.type_name[:80]}, which it does not define")
            if "__state__" in each.attributes:
                raise CodeRefused(
                    f"its {each.type_name[:80]} wants to restore itself by a program of its own"
                )
            waiting.extend(each.attributes.values())
        else:
            waiting.extend(each.values() if isinstance(each, dict) else each)


class _Reader:
    """Reads one program text, statement by statement."""

    def __init__(self, path: str, known: _Known) -> None:
        self._path, self._known = path, known
        self._short: set[str] = set()

    def read(self, node: ast.AST) -> None:
        """Accept a node and all below it, or raise."""
        if not isinstance(node, _SYNTAX):
            self._refuse(node, f"uses {type(node).__name__}, which TorchScript never writes")
        match node:
            case ast.Call():
                self._call(node)
                return
            case ast.Attribute():
                self._attribute(node)
                return
            case ast.Name(id=name) if name in ROOTS or (name.startswith("__") and not self._harmless(name)):
                self._refuse(node, f"uses {name} as a value")
            case ast.ClassDef():
                self._class(node)
            case ast.FunctionDef():
                self._function(node)
            case ast.arg(arg=name) if name in ROOTS:
                self._refuse(node, f"renames {name}")
            case ast.Import(names=names) if any(
                not n.name.startswith("__torch__") or n.asname for n in names
            ):
                self._refuse(node, f"imports {names[0].name}")
        for child in ast.iter_child_nodes(node):
            self.read(child)

    def _harmless(self, name: str) -> bool:
        return name in (
            "__parameters__",
            "__buffers__",
            "__annotations__",
            "__attributes__",
        ) or name.startswith("__torch")

    def _refuse(self, node: ast.AST, why: str) -> None:
        raise CodeRefused(f"its program ({self._path}, line {getattr(node, 'lineno', '?')}) {why}")

    def _class(self, node: ast.ClassDef) -> None:
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if len(bases) != len(node.bases) or not bases <= _BASES or node.keywords or node.decorator_list:
            self._refuse(node, f"has a class {node.name} of an unknown kind")

    def _function(self, node: ast.FunctionDef) -> None:
        within = [each for each in ast.walk(node) if isinstance(each, ast.FunctionDef | ast.ClassDef)]
        if node.decorator_list or len(within) > 1:
            self._refuse(node, f"has a function {node.name} of an unknown kind")
        self._short = {
            target.id
            for each in ast.walk(node)
            if isinstance(each, ast.Assign) and dotted(each.value) in self._known.functions
            for target in each.targets
            if isinstance(target, ast.Name) and _SHORT.fullmatch(target.id)
        }

    def _attribute(self, node: ast.Attribute) -> None:
        """A dotted name that is not called, or something's attribute."""
        name = dotted(node)
        root = name.partition(".")[0] if name else ""
        if root == "__torch__":
            if name not in self._known.types and name not in self._known.functions:
                self._refuse(node, f"mentions {name}, which it does not define")
        elif root in ROOTS:
            self._operation(node, name)
        elif node.attr.startswith("__"):
            self._refuse(node, f"reaches for {node.attr}")
        elif not name:
            self.read(node.value)

    def _operation(self, node: ast.AST, name: str) -> None:
        root, _, rest = name.partition(".")
        space, _, last = rest.partition(".")
        known = (
            (root == "torch" and allowed(rest))
            or (root == "ops" and space == "prim" and last in PRIM)
            or (root == "ops" and space == "aten" and allowed(last))
        )
        if not known:
            self._refuse(node, f"calls {name}, which is not on the list of what models may do")
        self._known.used.add(name)

    def _call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Name(id=name):
                if name not in CONVERSIONS and name not in self._short:
                    self._refuse(node, f"calls {name}")
            case ast.Attribute(value=value, attr=attr):
                self._called(node.func, value, attr)
            case _:
                self._refuse(node, "calls something that has no name")
        for part in (*node.args, *node.keywords):
            self.read(part)

    def _called(self, node: ast.Attribute, value: ast.expr, attr: str) -> None:
        name = dotted(node)
        root = name.partition(".")[0] if name else ""
        if root == "__torch__":
            base = name.removesuffix(".__new__")
            if base not in self._known.types and name not in self._known.functions:
                self._refuse(node, f"calls {name}, which it does not define")
        elif root in ROOTS:
            self._operation(node, name)
        elif attr not in self._known.methods:
            self._refuse(node, f"calls a method {attr}, which it does not define")
        else:
            self.read(value)


def dotted(node: ast.expr) -> str:
    """`a.b.c` as a word; empty for anything that is more than names and dots."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def operations_of(archive: Archive) -> Iterator[str]:
    """Every dotted name of torch in the program, allowed or not, for reports."""
    for path, text in archive.code.items():
        for node in ast.walk(parse(path, text)):
            if isinstance(node, ast.Attribute) and dotted(node).partition(".")[0] in ("torch", "ops"):
                yield dotted(node)
