"""Other programs' demonstrations, opened and saved by the page's own buttons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isobath.mapping.exchange.arff import read_arff
from tests.browser.conftest import Server
from tests.browser.test_page import Page

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser


def test_demonstrations_come_out_of_a_file_and_go_into_another(
    context, server: Server, tmp_path: Path
) -> None:
    page = Page(context, server)
    try:
        page.start()
        page.page.click("nav.rail [data-panel=demonstrate]")
        before = page.value("isobath.store.state.piece.voices[0].demonstrations.length")
        table = {"points": [[0, 0], [320, 1]], "latents": [[1.0, -1.0], [0.5, 0.25]]}
        (tmp_path / "mine.json").write_text(json.dumps(table))
        page.page.set_input_files("isobath-exchange input[type=file]", str(tmp_path / "mine.json"))
        page.until(f"isobath.store.state.piece.voices[0].demonstrations.length === {before + 2}")
        last = page.value("isobath.store.state.piece.voices[0].demonstrations.at(-1)")
        assert last["point"][:2] == [1, 1]
        assert last["latent"][:2] == [0.5, 0.25]
        with page.page.expect_download() as download:
            page.page.get_by_role("button", name="Save demonstrations").click()
        assert download.value.suggested_filename.endswith(".arff")
        download.value.save_as(tmp_path / "out.arff")
        examples = read_arff("out.arff", (tmp_path / "out.arff").read_text())
        assert len(examples.points) == before + 2
        assert page.errors == []
    finally:
        page.page.close()
