"""What axe finds wrong with a page."""

from __future__ import annotations

from typing import Any

import pytest

AT_REST = """document.getAnimations().every(
    (each) => each.playState !== "running" || each.effect.getComputedTiming().endTime === Infinity)"""


def serious(page: Any, *themes: str, within: str | None = None) -> list[str]:
    """Serious and critical violations in each theme, of the whole page or of what a selector finds."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python"
    )
    found = []
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        until(page, f"document.documentElement.dataset.theme === '{theme}'")
        page.wait_for_timeout(50)  # the page draws itself anew
        until(page, AT_REST)  # colours on their way from one theme to the other are not judged
        for violation in axe.Axe().run(page, context=within).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                targets = [node["target"] for node in violation["nodes"]][:3]
                found.append(f"{theme}: {violation['id']}: {violation['help']} {targets}")
    return found


def until(page: Any, condition: str) -> None:
    """Ask until it holds; the page's own rules forbid a script that waits inside it."""
    for _ in range(500):
        if page.evaluate(f"Boolean({condition})"):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"waited in vain for: {condition}")
