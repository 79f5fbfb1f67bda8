"""What the recording button hands over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.browser.conftest import Server
from tests.browser.test_page import Page

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_the_recording_is_a_file_of_the_chosen_kind(
    context, server: Server, tmp_path: Path, kind: str
) -> None:
    page = Page(context, server, f'{{"guided": true, "recording": "{kind}"}}')
    try:
        page.start()
        button = page.page.get_by_role("button", name=kind.upper())
        button.click()
        page.until("isobath.instrument.recordingSound")
        page.page.wait_for_timeout(500)
        with page.page.expect_download() as download:
            button.click()
        file = tmp_path / download.value.suggested_filename
        assert file.suffix == f".{kind}"
        download.value.save_as(file)
        sound, rate = soundfile.read(file)
        assert soundfile.info(file).subtype == "PCM_24"
        assert rate == page.value("isobath.instrument.sampleRate")
        assert len(sound) > 0.3 * rate
        assert np.abs(sound).max() > 1e-3
        assert page.errors == []
    finally:
        page.page.close()
