"""The pages look as in the docs, at both sizes; the pictures there are the snapshots."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from daw_tui.screens import takes
from tests.tui.pictures import SIZES, STAGES, picture, sample_json

PICTURES = Path(__file__).parents[2] / "docs" / "screens"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", STAGES)
def test_the_page_looks_as_in_the_docs(name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takes, "run_json", sample_json)
    monkeypatch.setenv("TZ", "UTC")
    seen = asyncio.run(picture(STAGES[name], size))
    wanted = (PICTURES / f"{name}-{size[0]}x{size[1]}.svg").read_text(encoding="utf-8")
    assert seen == wanted, "look at what changed, then: python -m tests.tui.pictures docs/screens"
