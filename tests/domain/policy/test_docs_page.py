"""The generated page docs/policy.md."""

from __future__ import annotations

from pathlib import Path

from anchor_tui.domain.policy.docs_page import render_page
from anchor_tui.domain.policy.registry import ALL_CHECKS, CHECKS_BY_ID


def test_docs_policy_md_is_current() -> None:
    written = (Path(__file__).parents[3] / "docs" / "policy.md").read_text()

    assert written == render_page(), "run: python -m anchor_tui.domain.policy.docs_page > docs/policy.md"


def test_every_check_has_complete_texts() -> None:
    assert len(CHECKS_BY_ID) == len(ALL_CHECKS)
    for check in ALL_CHECKS:
        assert all((check.title, check.section, check.why, check.fix, check.evidence))
