"""The whole application behind faulty proxies: what the operator reads."""

from __future__ import annotations

from anchor_tui.tui.app import AnchorApp
from tests.chaos.estate import open_estate
from tests.chaos.faults import FAULTS_BY_ID
from tests.tui.harness import AppHarness


async def test_the_screen_names_the_faults_and_their_end(tmp_path):
    with open_estate(tmp_path) as estate:
        app = AnchorApp(estate.reader.config, estate.reader, estate.now)
        async with app.run_test(size=(160, 45)) as pilot:
            ui = AppHarness(app, pilot, estate.reader, estate.reader.config)
            await ui.wait_until(lambda: app.snapshot is not None and not app.snapshot.sources_not_fresh)
            estate.apply((FAULTS_BY_ID["argocd:401"], FAULTS_BY_ID["github:html"]))
            await ui.wait_until(lambda: "401: Bad credentials" in ui.text)
            await ui.wait_until(lambda: "page of HTML" in ui.text)
            assert not [token for token in estate.tokens if token in ui.text]
            estate.clear()
            await ui.wait_until(lambda: "401: Bad credentials" not in ui.text and "page of HTML" not in ui.text)
