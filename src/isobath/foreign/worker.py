"""The confined process that runs another program's model. The one file here that imports torch.

It starts with nothing: an empty environment, two pipes and a piece of shared memory (`nursery.py` says
how). It fences itself in (`confine.py`), and only then takes the model's bytes from the pipe.
The compiled graphs are held against the list of operations before any of them runs.

Every voice has a copy of the model of its own, because such models keep their past inside; the
copies share their weights. The past of the random numbers belongs to the copy, too.
"""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from . import wire
from .confine import confine, die_with_parent, threads
from .nursery import shared_memory
from .operations import GRAPH_PRIM, allowed

MEMORY = 3 << 30
"""Bytes that a model may take, beside six times the size of its file."""

KINDS = ("bool", "int", "float", "str", "tensor", "buffer")
"""What the numbers 0 to 5 in `<attribute>_params` mean."""

NUMBERS = (
    "sr", "sampling_rate", "sample_rate", "latent_size", "full_latent_size", "max_batch_size", "n_channels",
    "target_channels", "min_buffer_size", "stereo", "zs_channels", "ae_ratio", "chunk_size", "block_size",
)  # fmt: skip
"""Names under which exporting programs leave plain numbers."""

MOST_INSTANCES = 64
MOST_NUMBERS_OF_ATTRIBUTE = 1 << 18


@dataclass
class Instance:
    """A copy of the model with its own past."""

    module: Any
    random: Any


def library_folders() -> list[Path]:
    """What may still be read: the libraries' folders and a few facts on the machine."""
    prefixes = {Path(p) for p in (sys.prefix, sys.base_prefix)}
    found = [Path(__file__).parent]
    for entry in sys.path:
        path = Path(entry)
        packages = path.name in ("site-packages", "dist-packages", "lib-dynload")
        if entry and (packages or any(path.is_relative_to(prefix) and path != prefix for prefix in prefixes)):
            found.append(path)
    found += [
        Path(p) for p in ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/proc/cpuinfo")
    ]
    found += [Path(p) for p in ("/proc/meminfo", "/sys/devices/system/cpu", "/sys/devices/system/node")]
    return [path for path in found if path.exists()]


def alone(area: int, parent: int) -> None:
    """A confined process started from nothing, with requests on standard input."""
    die_with_parent()
    if os.getppid() != parent:
        return
    source, target = os.dup(0), os.dup(1)
    _import()
    _serve(source, target, area)


def nursery() -> None:
    """The helper that has imported torch and makes confined processes by forking, until its input ends."""
    _import()
    children: set[int] = set()
    given: list[int] = []
    while True:
        line = _line()
        match line.split():
            case ["birth"]:
                given = [*os.pipe(), *os.pipe(), shared_memory()]
                answers, answering, requests, requesting, area = given
                me = os.getpid()
                pid = os.fork()
                if pid == 0:
                    _born(me, requests, answering, area)
                children.add(pid)
                _tell(f"{pid} {answers} {requesting} {area}")
            case ["taken"]:
                for handle in given:
                    os.close(handle)
                given = []
                _tell("")
            case ["end", number] if int(number) in children:
                children.discard(int(number))
                _tell(str(_ended(int(number))))
            case _:
                os._exit(0)  # the children end with this process


def _born(parent: int, requests: int, answering: int, area: int) -> None:
    """The life of a forked process."""
    try:
        die_with_parent()
        if os.getppid() == parent:
            for handle in {int(p.name) for p in Path("/proc/self/fd").iterdir()} - {
                0,
                1,
                2,
                requests,
                answering,
                area,
            }:
                with contextlib.suppress(OSError):
                    os.close(handle)
            _serve(requests, answering, area)
    finally:
        os._exit(0)


def _ended(pid: int) -> int:
    """How a child ended; it is killed if it has not."""
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        os.kill(pid, 9)
        status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status)


def _line() -> str:
    found = b""
    while not found.endswith(b"\n"):
        part = os.read(0, 1)
        if not part:
            return ""
        found += part
    return found.decode()


def _tell(words: str) -> None:
    os.write(1, f"{words}\n".encode())


def _import() -> None:
    import ctypes

    import torch

    with contextlib.suppress(AttributeError, OSError):
        # Large blocks go back to the system when they are freed (M_MMAP_THRESHOLD): the weights of a new
        # voice are copied before they are shared, and would otherwise leave holes of their size.
        ctypes.CDLL(None).mallopt(-3, 1 << 22)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    with contextlib.suppress(AttributeError):  # no pauses for compiling anew while playing
        torch._C._set_graph_executor_optimize(False)


def _serve(requests: int, answering: int, area: int) -> None:
    """Fence in, take the model, answer until the pipe closes."""
    import torch

    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # what a model prints cannot get among the answers
        os.dup2(nothing, number)
    source, target = os.fdopen(requests, "rb", buffering=0), os.fdopen(answering, "wb", buffering=0)
    shared = mmap.mmap(area, 2 * wire.AREA)
    os.close(area)
    first = _next(source)
    if not isinstance(first, wire.Load):
        return
    single = threads() == 1
    fence = confine(library_folders(), MEMORY + 6 * first.size)
    data = _read(source, first.size)
    try:
        torch.set_num_threads(first.threads)
        desk = Desk(data, shared)
        facts = desk.facts(fence.files and single, fence.calls, fence.limits)
    except BaseException as error:  # torch raises much, and there is no other listener
        _say(target, wire.Failed(_short(error)))
        return
    del data
    _say(target, facts)
    with contextlib.suppress(EOFError):
        while True:
            _say(target, desk.answer(_next(source)))


def _read(source: BinaryIO, size: int) -> bytes:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        count = source.readinto(view[at:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        at += count
    return bytes(data)


def _next(source: BinaryIO) -> wire.Request:
    return wire.request(_read(source, wire.length(_read(source, 4))))


def _say(target: BinaryIO, answer: wire.Answer) -> None:
    text = memoryview(wire.packed(answer))
    while text:
        text = text[target.write(text) :]


def _short(error: BaseException) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    wanted = [line for line in lines if line.startswith(("RuntimeError:", "ValueError:", "Exception:"))]
    text = (wanted or lines or [type(error).__name__])[-1]
    return text.removeprefix("RuntimeError: ")[:300]


class Desk:
    """Answers requests about one model."""

    def __init__(self, data: bytes, shared: mmap.mmap) -> None:
        import torch

        self._torch = torch
        self._module: Any = torch.jit.load(  # type: ignore[no-untyped-call]
            io.BytesIO(data), map_location="cpu"
        )
        self._module.eval()
        for parameter in self._module.parameters():
            parameter.requires_grad_(False)
        check_graphs(self._module)
        self._shared = shared
        self._area = np.frombuffer(shared, np.float32)
        self._instances: dict[int, Instance] = {}
        self._count = 0
        self._attributes: dict[str, wire.Attribute] = {}

    def facts(self, files: bool, calls: bool, limited: bool) -> wire.Facts:
        """What the model says of itself."""
        methods, notes = find_methods(self._module)
        attributes = find_attributes(self._module, {m.name for m in methods})
        self._attributes = {a.name: a for a in attributes}
        return wire.Facts(
            methods=tuple(methods),
            attributes=tuple(attributes),
            numbers=find_numbers(self._module),
            files_fenced=files,
            calls_fenced=calls,
            limited=limited,
            torch=str(self._torch.__version__),
            notes=tuple(notes),
        )

    def answer(self, request: wire.Request) -> wire.Answer:
        """Do what is asked, or say why not."""
        try:
            match request:
                case wire.Call():
                    return self._call(request)
                case wire.Open():
                    return self._open(request)
                case wire.Close(instance=number):
                    self._instances.pop(number, None)
                    return wire.Done()
                case wire.Get(instance=number, name=name):
                    return wire.Value(self._get(self._instances[number].module, name))
                case wire.Set():
                    return self._set(self._instances[request.instance].module, request.name, request.values)
            return wire.Failed("this was not expected")
        except MemoryError:
            return wire.Failed("it wanted more memory than it may have")
        except BaseException as error:  # a model may raise anything
            return wire.Failed(_short(error))

    def _call(self, request: wire.Call) -> wire.Called:
        torch, instance = self._torch, self._instances[request.instance]
        count = request.shape[0] * request.shape[1] * request.shape[2]
        if not 0 <= count <= wire.AREA // 4:
            raise ValueError("this block is too large")
        block = torch.from_numpy(self._area[:count].reshape(request.shape).copy())
        if request.seed is None:
            torch.set_rng_state(instance.random)
        else:
            torch.manual_seed(request.seed)
        start = time.perf_counter()
        result = getattr(instance.module, request.method)(block)
        seconds = time.perf_counter() - start
        instance.random = torch.get_rng_state()
        at, shapes = wire.AREA // 4, []
        for part in flat(result):
            if part.is_complex():
                raise ValueError("it makes complex numbers")
            values = part.detach().to("cpu", torch.float32).contiguous().numpy()
            if at + values.size > 2 * wire.AREA // 4:
                raise ValueError("it makes more than fits")
            self._area[at : at + values.size] = values.ravel()
            at += values.size
            shapes.append(values.shape)
        return wire.Called(tuple(shapes), seconds)

    def _open(self, request: wire.Open) -> wire.Opened:
        if len(self._instances) >= MOST_INSTANCES:
            raise ValueError(f"it has {MOST_INSTANCES} voices, and that is the most")
        torch = self._torch
        like = None if request.like is None else self._instances[request.like]
        module = (like.module if like else self._module).__deepcopy__({})
        for own, common in zip(module.parameters(), self._module.parameters(), strict=True):
            own.data = common.data  # weights are shared; the past lies in buffers
        if like:
            random = like.random.clone()
        else:
            torch.manual_seed(request.seed)
            random = torch.get_rng_state()
        self._count += 1
        self._instances[self._count] = Instance(module, random)
        return wire.Opened(self._count)

    def _get(self, module: Any, name: str) -> list[Any]:
        getter = getattr(module, f"get_{name}", None)
        if getter is not None:
            found = getter()
        else:
            found = getattr(module, name)
        values = list(found) if isinstance(found, list | tuple) else [found]
        return [plain(value) for value in values]

    def _set(self, module: Any, name: str, values: list[Any]) -> wire.Done:
        known = self._attributes[name]
        given = [self._typed(kind, value) for kind, value in zip(known.kinds, values, strict=True)]
        setter = getattr(module, f"set_{name}", None)
        if setter is not None:
            answer = setter(*given)
        elif "buffer" in known.kinds and hasattr(module, "set_buffer_attribute"):
            names = [n for n in module.get_buffer_attributes() if str(n).partition("#")[0] == name]
            answers = [module.set_buffer_attribute(n, v, 0) for n, v in zip(names, given, strict=True)]
            answer = max((int(a) for a in answers if a is not None), default=0)
        else:
            raise ValueError("it has no way to set this")
        return wire.Done(accepted=answer is None or int(answer) == 0)

    def _typed(self, kind: str, value: Any) -> Any:
        match kind:
            case "bool":
                return bool(value)
            case "int":
                return int(value)
            case "float":
                return float(value)
            case "str":
                return str(value)
        values = np.asarray(value["numbers"], np.float32).reshape(value["shape"])
        return self._torch.from_numpy(values)


def flat(result: Any) -> Iterator[Any]:
    """The tensors in whatever a method returns, tuples in tuples included."""
    import torch

    if isinstance(result, torch.Tensor):
        yield result
    elif isinstance(result, tuple | list):
        for part in result:
            yield from flat(part)
    elif isinstance(result, dict):
        for part in result.values():
            yield from flat(part)
    elif isinstance(result, bool | int | float):
        yield torch.tensor([float(result)])


def plain(value: Any) -> Any:
    """A value of an attribute as JSON has it."""
    import torch

    if isinstance(value, torch.Tensor):
        if value.numel() > MOST_NUMBERS_OF_ATTRIBUTE:
            raise ValueError("this attribute is too large to show")
        values = value.detach().to("cpu", torch.float64)
        return {"shape": list(values.shape), "numbers": values.flatten().tolist()}
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return str(value)


def check_graphs(module: Any) -> None:
    """Refuse a compiled program with an operation that is not on the list."""
    seen: set[str] = set()
    graphs = [module._c._get_method(name).inlined_graph for name in module._c._method_names()]
    waiting: list[Any] = list(graphs)  # nodes die with their graph
    while waiting:
        for node in waiting.pop().nodes():
            seen.add(node.kind())
            waiting.extend(node.blocks())
            if node.hasAttribute("Subgraph"):
                graphs.append(node.g("Subgraph"))
                waiting.append(graphs[-1])
    for kind in seen:
        space, _, name = kind.partition("::")
        if not ((space == "aten" and allowed(name)) or (space == "prim" and name in GRAPH_PRIM)):
            raise ValueError(f"it uses {kind}, which is not on the list of what models may do")


def _tensor(module: Any, name: str) -> list[float] | None:
    """A small tensor of the module as numbers."""
    import torch

    found = getattr(module, name, None)
    if isinstance(found, torch.Tensor) and found.numel() <= 64:
        return [float(x) for x in found.flatten().tolist()]
    return None


def _words(module: Any, name: str) -> tuple[str, ...]:
    found = getattr(module, name, None)
    if isinstance(found, list | tuple) and len(found) <= 4096:
        return tuple(str(word)[:80] for word in found)
    return ()


def find_methods(module: Any) -> tuple[list[wire.Method], list[str]]:
    """The methods that take and give sound or latents, with their ratios.

    A file says so by `get_methods`; an older one only has four numbers `<method>_params` for each.
    """
    notes: list[str] = []
    if hasattr(module, "get_methods"):
        names = [str(name) for name in module.get_methods()]
    else:
        own = set(module._c._method_names())
        suffix = "_params"
        held = [name for name, _ in module.named_buffers(recurse=False)] + list(dir(module))
        names = sorted({n.removesuffix(suffix) for n in held if n.endswith(suffix)} & own)
        notes.append("It does not list its methods; they were found by their ratios.")
    methods = []
    for name in names[:64]:
        numbers = _tensor(module, f"{name}_params")
        if numbers is None or len(numbers) != 4 or not hasattr(module, name):
            notes.append(f"Its method {name} has no ratios and is left out.")
            continue
        channels_in, ratio_in, channels_out, ratio_out = (int(x) for x in numbers)
        if min(channels_in, channels_out) < 0 or min(ratio_in, ratio_out) < 1 or max(numbers) > 1 << 22:
            notes.append(f"Its method {name} has impossible ratios and is left out.")
            continue
        methods.append(
            wire.Method(
                name,
                channels_in,
                ratio_in,
                channels_out,
                ratio_out,
                _words(module, f"{name}_input_labels"),
                _words(module, f"{name}_output_labels"),
            )
        )
    return methods, notes


def find_attributes(module: Any, methods: set[str]) -> list[wire.Attribute]:
    """The settings of a model, with the kinds of their values."""
    if hasattr(module, "get_attributes"):
        names = [str(name) for name in module.get_attributes()]
    else:
        names = sorted(n.removesuffix("_params") for n in dir(module) if n.endswith("_params"))
        names = [n for n in names if hasattr(module, f"set_{n}")]
    found = []
    for name in names[:256]:
        codes = _tensor(module, f"{name}_params")
        if name == "none" or name in methods or codes is None:
            continue
        if not all(0 <= code < len(KINDS) for code in codes):
            continue
        kinds = tuple(KINDS[int(code)] for code in codes)
        writable = hasattr(module, f"set_{name}") or (
            "buffer" in kinds and hasattr(module, "set_buffer_attribute")
        )
        readable = hasattr(module, f"get_{name}") or hasattr(module, name)
        found.append(wire.Attribute(name, kinds, readable, writable))
    return found


def find_numbers(module: Any) -> dict[str, float]:
    """Plain numbers that exporting programs leave in a model."""
    import torch

    found: dict[str, float] = {}
    for name in NUMBERS:
        value = getattr(module, name, None)
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            value = value.item()
        if isinstance(value, bool | int | float):
            found[name] = float(value)
    if "sr" not in found and hasattr(module, "get_sample_rate"):
        with contextlib.suppress(Exception):
            value = module.get_sample_rate()
            value = value[0] if isinstance(value, list | tuple) else value
            found["sr"] = float(value)
    return found
