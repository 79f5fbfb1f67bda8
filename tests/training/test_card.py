"""The cards in the documentation are those of the files that are shipped."""

from pathlib import Path

import pytest

from isobath.training import reference
from isobath.training.card import card

ROOT = Path(__file__).parents[2]
BUNDLED = sorted((ROOT / "src/isobath/models/bundled").glob("*.safetensors"))


@pytest.mark.parametrize("path", BUNDLED, ids=lambda p: p.stem)
def test_every_bundled_model_has_the_card_its_file_tells(path: Path) -> None:
    description = reference.load(path).description
    assert (ROOT / "docs/models" / f"{path.stem}.md").read_text() == card(description, f"{path.stem}.png")


@pytest.mark.parametrize("path", BUNDLED, ids=lambda p: p.stem)
def test_every_bundled_model_is_small_credited_and_measured(path: Path) -> None:
    assert path.stat().st_size <= 3_000_000
    d = reference.load(path).description
    assert 4 <= d["dims"] <= 16
    assert d["licence"]
    assert d["credit"]
    assert d["training"]["held_out"]
    assert d["quality"]["silence"]["value"] < -60
    assert "## Its limits" in (ROOT / "docs/models" / f"{path.stem}.md").read_text()
    assert d["delay"] / d["sample_rate"] <= 0.015


def test_the_guitar_keeps_the_pitch_of_notes_it_never_heard() -> None:
    quality = reference.load(ROOT / "src/isobath/models/bundled/guitar.safetensors").description["quality"]
    assert quality["single_notes_recovered"]["value"] >= 80
    assert quality["phrase_notes_recovered"]["value"] >= 80
