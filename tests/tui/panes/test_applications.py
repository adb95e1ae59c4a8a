"""The applications pane: which revision is which."""

from __future__ import annotations

from tests.tui.harness import open_app
from tests.values import ago, application, argocd, fresh, readings


async def test_compared_and_synced_revision_are_labelled():
    app = application("anchor-msp-prod", synced_revision="5b1d9c7" + "0" * 33, synced_at=ago(hours=3))
    async with open_app(environment="prod") as ui:
        await ui.show(readings(fresh(argocd(app))))
        assert "COMPARED" in ui.text
        assert "compared with 58c9961 · synced to 5b1d9c7 3 h ago" in ui.text


async def test_the_revisions_of_several_sources_are_shortened():
    revisions = f"{'a' * 40}, {'b' * 40}"
    app = application("anchor-msp-prod", compared_revision=revisions, synced_revision=revisions)
    async with open_app((130, 40), environment="prod") as ui:
        await ui.show(readings(fresh(argocd(app))))
        assert "compared with aaaaaaa, bbbbbbb · synced to aaaaaaa, bbbbbbb" in ui.text
