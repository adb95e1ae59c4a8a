"""The generated page docs/diagnosis.md."""

from __future__ import annotations

from pathlib import Path

from anchor_tui.domain.diagnosis.docs_page import render_page

PAGE = Path(__file__).parents[3] / "docs" / "diagnosis.md"


def test_the_page_describes_the_rules() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == render_page(), "run: python -m anchor_tui.domain.diagnosis.docs_page > docs/diagnosis.md"
