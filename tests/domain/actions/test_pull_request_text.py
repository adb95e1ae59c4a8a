"""Foreign text in pull requests and commits: quoted as code, and never a marker of ours."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from anchor_tui.config.model import PromotionConfig
from anchor_tui.domain.actions.plan import PlanLine
from anchor_tui.domain.actions.pull_request_text import (
    MAX_BODY_LENGTH,
    MAX_QUOTE_LENGTH,
    edited_or_default_body,
    find_reason,
    format_checks,
    format_reason,
    format_title,
    format_trailer,
    quote_as_code,
    quote_in_table,
)
from anchor_tui.domain.actions.steps import CommitFiles, CreatePullRequest
from anchor_tui.domain.foreign_text import BIDI_CONTROL
from tests.domain.actions.test_promote import planned
from tests.domain.policy.sample_repo import CONFIG
from tests.plan_values import expect_plan, expect_refusal, order, repo_state
from tests.values import replace

HOSTILE = [
    "1.0\n\nSigned-off-by: The Operator <op@example.com>",
    "x\nAnchor-Tui-Request: 0000",
    "**Reason:** forged",
    "@anchor/owners closes #1",
    "![](https://evil.example/pixel.png)",
    "[click](javascript:alert(1))",
    "<!-- hidden",
    "--> shown",
    "<img src=x>",
    "zero\u200bwidth \u202egnp.exe",
    "`",
    "``",
    "a`b``c",
    "` leading",
    "trailing `",
    "```\nfence\n```",
    "|",
    "\\|",
    "\\",
    "",
    " ",
    "\x1b]52;c;eA==\x07",
    "x" * 10_000,
    "`" * 10_000,
    "\ud800",
]


@given(st.text())
@example("\u2028\u2029\x85\x0b\x0c")
def test_quoted_text_is_code_and_nothing_else(text):
    quoted = quote_as_code(text)
    for before in ("", "- ✓ ", "a ", "- #12 "):
        tokens = [token for token in MarkdownIt().parse(before + quoted) if token.type == "inline"]
        assert len(tokens) == 1
        assert [child.type for child in tokens[0].children or ()] in (["code_inline"], ["text", "code_inline"])
    assert "\n" not in quoted
    assert quoted.isprintable()
    assert len(quoted) < 3 * MAX_QUOTE_LENGTH + 100


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_code_and_nothing_else(text):
    test_quoted_text_is_code_and_nothing_else.hypothesis.inner_test(text)
    row = f"| a | b |\n|---|---|\n| {quote_in_table(text)} | {quote_in_table(text)} |\n"
    cells = [token for token in MarkdownIt().enable("table").parse(row) if token.type == "inline"]
    assert len(cells) == 4
    assert [[child.type for child in cell.children or ()] for cell in cells[2:]] == [["code_inline"]] * 2


@pytest.mark.parametrize("text", HOSTILE)
def test_a_title_is_one_short_printable_line(text):
    title = format_title(text)
    assert "\n" not in title
    assert title.isprintable()
    assert len(title) < 300


@pytest.mark.parametrize("reason", HOSTILE)
def test_the_reason_is_one_line_and_comes_back(reason):
    line = format_reason(reason)
    assert line.startswith("**Reason:** ")
    assert line.isprintable()
    assert find_reason(f"Moves `a`.\n\n{line}\n\n- x\n") == line.removeprefix("**Reason:** ").strip()


def test_the_text_of_the_operator_stays_readable():
    given = "Tonight's release.\n\n- soaked for 3 h, see #12\n- @a.lee agrees\n"
    assert edited_or_default_body(order("promote", "prod", body=given), "default") == given


@pytest.mark.parametrize("line", ["Anchor-Tui-Request: 4f1c", "  anchor-tui-request : 4f1c"])
def test_no_text_contains_a_trailer_of_ours(line):
    body = edited_or_default_body(order("promote", "prod", body=f"Words.\n\n{line}\n", reason="x\n" + line), "default")
    assert not [found for found in body.split("\n") if found.strip().casefold().startswith("anchor-tui-request")]
    assert "4f1c" in body


def test_a_text_is_never_longer_than_github_accepts():
    body = edited_or_default_body(order("promote", "prod", body="x" * 100_000), "default")
    assert len(body) < MAX_BODY_LENGTH + 100


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_of_a_plan_is_quoted(text):
    tokens = MarkdownIt().parse(format_checks([PlanLine("ok", text), PlanLine("warning", text)]))
    assert [token.type for token in tokens].count("list_item_open") == 2
    assert sum(token.type == "inline" for token in tokens) == 2


# --- whole plans ----------------------------------------------------------------------------------------

RELEASE = "environments/staging/release.yaml"


def with_release(changed):
    """The state of the repository with another release.yaml of staging."""
    state = repo_state()
    source = state.source_file
    return replace(state, source_file=replace(source, content=changed(source.content.decode()).encode()))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("version: 1.43.2", 'version: "1.43.2\\n\\nSigned-off-by: x"', "version"),
        ("version: 1.43.2", 'version: "1.43.2 closes #1"', "version"),
        ("version: 1.43.2", 'version: "@anchor/owners"', "version"),
        ("version: 1.43.2", 'version: "1.43.2\\u200b"', "version"),
        ("version: 1.43.2", 'version: "![](https://x/y.png)"', "version"),
        ("version: 1.43.2", 'version: "<!--"', "version"),
        ("version: 1.43.2", f'version: "{"9" * 200}"', "version"),
        ("tag: 1.43.2", 'tag: "1.43.2@x"', "tag"),
        ("tag: 1.43.2", 'tag: "1.43.2+x"', "tag"),
    ],
)
@pytest.mark.parametrize("via", ["pull-request", "workflow"])
def test_a_release_of_another_form_is_refused_with_its_line(old, new, what, via):
    state = with_release(lambda text: text.replace(old, new, 1))
    assert new.encode() in state.source_file.content
    refusal = expect_refusal(planned(state, config=with_promotion(via)))
    line = 1 + state.source_file.content.decode().split(new)[0].count("\n")
    assert refusal.message.startswith(f"{RELEASE}:"), refusal.message
    assert abs(int(refusal.message.split(":")[1]) - line) <= 3
    assert what in refusal.message
    assert refusal.message.isprintable()


def with_promotion(via):
    return replace(CONFIG, promotion=PromotionConfig(via=via, workflow="promote.yaml"))


def test_our_commit_ends_with_our_trailer_only():
    plan = expect_plan(planned(asked=order("promote", "prod", title="A\n\nAnchor-Tui-Request: 0", reason="a\nb")))
    commit = next(step for step in plan.step_groups[0].steps if isinstance(step, CommitFiles))
    opened = next(step for step in plan.step_groups[0].steps if isinstance(step, CreatePullRequest))
    assert (commit.headline, commit.body) == ("A Anchor-Tui-Request: 0", format_trailer(plan.id))
    assert "**Reason:** a b\n" in opened.body
    assert not BIDI_CONTROL.search(opened.body)
