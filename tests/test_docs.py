"""The documents keep their word: links lead somewhere, examples run."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    missing = [target for target, _ in LINK.findall(text) if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/.]+\.py)`", page.read_text())
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for target, _ in LINK.findall(page.read_text()):
            there = (page.parent / target).resolve()
            if there.is_dir():
                waiting += sorted(there.glob("*.md"))
            elif there.suffix == ".md":
                waiting.append(there)
    assert {p.resolve() for p in PAGES} <= {p.resolve() for p in seen}


def test_the_python_of_the_readme_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    random = np.random.default_rng(0)
    names = {
        "audio": 0.1 * random.standard_normal(44100).astype(np.float32),
        "points": random.random((5, 2)),
        "latents": random.standard_normal((5, 8)),
    }
    exec(example, names)
    assert np.isfinite(names["audio"]).all()
    assert names["latent"].shape[0] == 8
