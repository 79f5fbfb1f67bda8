"""What a walk costs: bytes that a walker fetches, script and draw calls of a full world, pose to sound."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from isobath.server.page import static_folder
from tests.browser.conftest import Server
from tests.browser.instrument import Instrument

pytestmark = pytest.mark.browser

TINY = {"width": 160, "height": 120}
"""Pixels are drawn by the processor here."""


def test_all_that_a_walker_fetches_is_small(context: BrowserContext, server: Server) -> None:
    """From the address to the sound: the page as it travels, fonts and all, and the model apart."""
    page, complaints = context.new_page(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.set_viewport_size(TINY)
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def came(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["response"]["url"].removeprefix(server.url)

    def whole(event: dict[str, Any]) -> None:
        if event["requestId"] in addresses:
            sizes[addresses[event["requestId"]]] = int(event["encodedDataLength"])

    network.on("Network.responseReceived", came)
    network.on("Network.loadingFinished", whole)
    played = Instrument(page, server.url + "?piece=example-walk-1#walk")
    played.run("await t.until(() => i.store.state.piece?.world, 'a world')")
    page.locator("isobath-walk canvas.world").wait_for()
    played.start()
    played.run("await t.until(() => document.querySelector('isobath-walk').frameMs > 0, 'a frame')")
    page.wait_for_timeout(500)
    page.close()
    assert complaints == [], "shaders, above all: web/slim-three.ts leaves parts of them out"
    models = [size for name, size in sizes.items() if name.endswith("/sent")]
    parts = {name: size for name, size in sizes.items() if name.startswith("assets/") or name == "icon.svg"}
    # The worklet's own fetch is nobody's to see; the largest of that name is the player.
    players = (static_folder() / "assets").glob("processor-*.js.br")
    parts["assets/processor"] = max(path.stat().st_size for path in players)
    for name, size in sorted(parts.items(), key=lambda each: -each[1]):
        print(f"{size / 1000:8.1f} kB {name}")
    print(f"page {sum(parts.values()) / 1000:.0f} kB in {len(parts)} files, model {models[0] / 1e6:.2f} MB")
    assert len(models) == 1
    assert models[0] <= 1_620_000
    assert sum(parts.values()) <= 320_000
