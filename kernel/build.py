"""Build the kernel: `python kernel/build.py native | wasm | sanitize | all`.

`wasm --check` builds nothing that is kept: it plays the committed files beside a fresh build and
beside the native kernel, and fails where they differ in what they do (bytes differ from compiler
to compiler).

Every `kernel/*.c`, `kernel/space/*.c` and `kernel/learn/*.c` becomes one library. Natively there is one for
each level of processor (x86-64-v2, v3, v4, and v4 with VNNI as level 5; a single one elsewhere), put where
the package looks for them; the best is chosen when it is loaded. For the browser there are two of
`kernel/*.c`: plain SIMD and relaxed SIMD. `kernel/space/*.c` is a module of its own there, `isobath-
space.wasm`, fetched for a world. It lies in the memory of the first (from SPACE_AT on, which the page
leaves free) and is called through its table. Its stack is the lower end of the first one's, which never
goes so deep.

The system's C compiler is used where there is one, `ziglang` from PyPI where there is none.
Used alike by hand, by the build hook (`hatch_build.py`) and by the continuous checks.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

KERNEL = Path(__file__).resolve().parent
ROOT = KERNEL.parent
NATIVE = ROOT / "src" / "isobath" / "models" / "native"
WASM = KERNEL / "wasm"
MEMORY = str(KERNEL / "freestanding" / "memory.c")
COMMON = [
    "-std=gnu11",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-Wall",
    "-Wextra",
]
X86_LEVELS = {2: ("x86-64-v2",), 3: ("x86-64-v3",), 4: ("x86-64-v4",), 5: ("x86-64-v4", "avx512vnni")}
PAGE_STACK = 1 << 18
SPACE_STACK = 1 << 14
SPACE_AT = 1 << 19
"""Where the second module's own data lies; SPACE_END in web/src/audio/space.ts is behind it."""


class NoCompiler(Exception):
    """Nothing on this machine can compile C."""


def sources() -> list[Path]:
    """Of the page's first module, which every piece needs."""
    return sorted(KERNEL.glob("*.c"))


def space_sources() -> list[Path]:
    """Of its second one, which only worlds need."""
    return sorted(KERNEL.glob("space/*.c"))


def learning_sources() -> list[Path]:
    """Of what only training needs: native alone."""
    return sorted(KERNEL.glob("learn/*.c"))


def native_sources() -> list[Path]:
    """Of the libraries for Python."""
    return [*sources(), *space_sources(), *learning_sources()]


def headers() -> list[Path]:
    return sorted([*KERNEL.glob("*.h"), *KERNEL.glob("space/*.h"), *KERNEL.glob("learn/*.h")])


def system_compiler() -> list[str] | None:
    """The C compiler of the system, or what the environment variable CC names."""
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        if name and shutil.which(name.split()[0]):
            return name.split()
    return None


def zig() -> list[str] | None:
    """Zig's C compiler from PyPI (`ziglang`), if it is installed here."""
    if importlib.util.find_spec("ziglang") is None:
        return None
    return [sys.executable, "-m", "ziglang", "cc"]


def native_compiler() -> list[str]:
    command = system_compiler() or zig()
    if command is None:
        raise NoCompiler("No C compiler was found. Install one (gcc, clang), or: pip install ziglang")
    return command


def page_compiler() -> tuple[list[str], bool]:
    """Something that compiles for WebAssembly, and whether it is Zig."""
    for clang in ("clang", "clang-21", "clang-20", "clang-19", "clang-18", "clang-17"):
        version = clang.removeprefix("clang")
        if shutil.which(clang) and (shutil.which("wasm-ld" + version) or shutil.which("wasm-ld")):
            return [clang], False
    command = zig()
    if command is None:
        raise NoCompiler("Building for the browser takes clang with wasm-ld, or: pip install ziglang")
    return command, True


def is_x86() -> bool:
    return platform.machine().lower() in ("x86_64", "amd64")


def library_suffix() -> str:
    return {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


def library_name(level: int) -> str:
    return f"isobath-kernel-{level}{library_suffix()}"


def run(command: Sequence[str]) -> None:
    subprocess.run(list(command), check=True)


def together(jobs: Sequence[Sequence[str]]) -> None:
    """Run commands side by side, as many as there are processors."""
    width = max(1, os.cpu_count() or 1)
    for start in range(0, len(jobs), width):
        started = [subprocess.Popen(list(job)) for job in jobs[start : start + width]]
        failed = [process.args for process in started if process.wait() != 0]
        if failed:
            raise subprocess.CalledProcessError(1, failed[0])


def level_flags(level: int, using_zig: bool) -> list[str]:
    if not is_x86():
        return []
    name, *more = X86_LEVELS[level]
    if using_zig:
        return ["-mcpu=" + "+".join([name.replace("-", "_"), *more])]
    return [f"-march={name}", *(f"-m{each}" for each in more)]


def native_is_built(to: Path = NATIVE) -> bool:
    """Whether every library is there and newer than all it is made from."""
    targets = [to / library_name(level) for level in (X86_LEVELS if is_x86() else [1])]
    if not all(target.is_file() for target in targets):
        return False
    made = min(target.stat().st_mtime for target in targets)
    return all(path.stat().st_mtime <= made for path in [*native_sources(), *headers(), Path(__file__)])


def native_is_ready(to: Path = NATIVE) -> bool:
    """Whether the libraries are built and this machine can load them: those that came in an archive
    may be another system's under the same name."""
    if not native_is_built(to):
        return False
    try:
        ctypes.CDLL(str(to / library_name(min(X86_LEVELS) if is_x86() else 1)))
    except OSError:
        return False
    return True


def build_native(to: Path = NATIVE) -> list[Path]:
    """One library per level of processor; returns their paths."""
    command = native_compiler()
    using_zig = "ziglang" in command
    to.mkdir(parents=True, exist_ok=True)
    made, jobs = [], []
    for level in X86_LEVELS if is_x86() else [1]:
        target = to / library_name(level)
        position = [] if sys.platform == "win32" else ["-fPIC"]
        flags = ["-O3", *COMMON, *position, "-shared", "-g0", *level_flags(level, using_zig)]
        partial = target.with_suffix(f".{os.getpid()}")
        jobs.append([*command, *flags, "-o", str(partial), *map(str, native_sources())])
        made.append(target)
    together(jobs)
    for target in made:
        target.with_suffix(f".{os.getpid()}").replace(target)
    return made


RESAMPLING = {f"ib_resampler_{name}" for name in ("bytes", "init", "reset", "run")}
"""What the page needs of resample.h: the rest would only make its file larger."""


def declared(*headers: str) -> set[str]:
    """Every function that these public headers declare."""
    names: set[str] = set()
    for header in headers:
        text = re.sub(r"/\*.*?\*/", "", (KERNEL / header).read_text(), flags=re.S)
        names.update(re.findall(r"\b(ib_\w+)\s*\(", re.sub(r"typedef[^;{]*;", "", text)))
    return names


def exported_names() -> list[str]:
    """Every function the page's two public headers declare, and some of a third."""
    return sorted(declared("isobath.h", "player.h") | RESAMPLING)


def build_wasm(to: Path = WASM) -> list[Path]:
    """`isobath.simd.wasm` and `isobath.relaxed.wasm`, where the page takes them from."""
    command, using_zig = page_compiler()
    to.mkdir(parents=True, exist_ok=True)
    target = ["-target", "wasm32-freestanding"] if using_zig else ["--target=wasm32", "-nostdlib"]
    if using_zig:
        target.append("-nostdlib")
    link = [
        "-Wl,--no-entry",
        "-Wl,--export=__heap_base",
        f"-Wl,-z,stack-size={PAGE_STACK}",
        "-Wl,--strip-all",
    ]
    table = ["-Wl,--export-table", "-Wl,--growable-table"]
    link += [*table, *(f"-Wl,--export={name}" for name in exported_names() if defined(name))]
    made, jobs = [], []
    for name, flags in {
        "isobath.simd.wasm": ["-msimd128"],
        "isobath.relaxed.wasm": ["-msimd128", "-mrelaxed-simd"],
    }.items():
        made.append(to / name)
        more = ["-mbulk-memory", f"-I{KERNEL / 'freestanding'}"]
        jobs.append(
            [
                *command,
                *target,
                "-O2",
                "-fno-unroll-loops",  # smaller, and no slower
                *COMMON,
                *flags,
                *more,
                *link,
                "-o",
                str(to / name),
                *map(str, sources()),
                MEMORY,
            ]
        )
    together(jobs)
    return made


def build_space(to: Path = WASM) -> Path:
    """`isobath-space.wasm`, where the page takes it from."""
    command, using_zig = page_compiler()
    to.mkdir(parents=True, exist_ok=True)
    made = to / "isobath-space.wasm"
    target = ["-target", "wasm32-freestanding"] if using_zig else ["--target=wasm32"]
    target.append("-nostdlib")
    run([*command, *target, *space_flags(), "-o", str(made), *map(str, space_sources()), MEMORY])
    return made


def space_flags() -> list[str]:
    """How the second module is made: into memory that is there, beside what lies in it."""
    return [
        "-O2",
        "-fno-unroll-loops",
        *COMMON,
        "-msimd128",
        "-mbulk-memory",
        f"-I{KERNEL / 'freestanding'}",
        "-Wl,--no-entry",
        "-Wl,--import-memory",
        f"-Wl,--global-base={SPACE_AT}",
        f"-Wl,-z,stack-size={SPACE_STACK}",
        "-Wl,--export=__heap_base",
        "-Wl,--strip-all",
        *(f"-Wl,--export={name}" for name in sorted(declared("space/space.h"))),
    ]


def defined(name: str) -> bool:
    """Whether a declared function already has a body somewhere."""
    pattern = re.compile(rf"\b{name}\s*\([^;{{]*\)\s*\{{")
    return any(pattern.search(path.read_text()) for path in sources())


def build_sanitize(to: Path = ROOT / "build" / "sanitize") -> Path:
    """The driver of tests/kernel under the address and undefined-behaviour sanitizers."""
    command = native_compiler()
    to.mkdir(parents=True, exist_ok=True)
    target = to / "driver"
    flags = [
        "-std=gnu11",
        "-O1",
        "-g1",  # lines are told, and it is made in two thirds of the time
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        f"-I{KERNEL}",
    ]
    flags += level_flags(3, False) if is_x86() else []
    run(
        [
            *command,
            *flags,
            "-o",
            str(target),
            *map(str, [*sources(), *space_sources()]),
            str(ROOT / "tests" / "kernel" / "driver.c"),
            "-lm",
        ]
    )
    return target


COMPARISONS = ("tests/kernel/test_wasm.py", "tests/engine/test_wasm.py", "tests/engine/test_space.py")
"""What plays the browser's kernel beside the native one, and the committed files beside fresh ones."""


def check_wasm() -> None:
    """Compare what the committed files do. Says so where this machine cannot compile for the browser."""
    if not native_is_built():
        build_native()
    run([sys.executable, "-m", "pytest", "-q", "-rs", *(str(ROOT / each) for each in COMPARISONS)])


TARGETS: dict[str, list[Callable[[], object]]] = {
    "native": [build_native],
    "wasm": [build_wasm, build_space],
    "sanitize": [build_sanitize],
    "all": [build_native, build_wasm, build_space],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--check", action="store_true", help="wasm: compare the committed files, keep none")
    chosen = parser.parse_args()
    if chosen.check and chosen.target != "wasm":
        parser.error("--check goes with wasm")
    try:
        for build in [check_wasm] if chosen.check else TARGETS[chosen.target]:
            print(build() or "done")
    except NoCompiler as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"This failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
