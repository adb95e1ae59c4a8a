"""The ops repo's source is loaded when it is first asked."""

from __future__ import annotations

from anchor_tui.services.observe.lazy_github import LazyGitHubSource
from tests.values import fresh, ops_repo


class Made:
    def __init__(self) -> None:
        self.told: list[object] = []

    async def read(self):
        return fresh(ops_repo())

    def compare(self, revisions) -> None:
        self.told.append(tuple(revisions))

    def read_again(self) -> None:
        self.told.append("again")


async def test_it_is_made_once_and_what_it_is_told_before_is_not_needed():
    made: list[Made] = []

    def make():
        made.append(Made())
        return made[-1]

    late = LazyGitHubSource("github", make)
    late.read_again()
    late.set_synced_revisions(["a"])
    assert made == []
    await late.read()
    await late.read()
    late.set_synced_revisions(["b"])
    late.read_again()
    assert [each.told for each in made] == [[("b",), "again"]]
