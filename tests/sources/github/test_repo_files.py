"""The files of the ops repo: releases, overlays, and why one cannot be read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from anchor_tui.config.model import ReleaseKeyPaths
from anchor_tui.sources.github import repo_files
from anchor_tui.sources.github.conversion import to_utc
from anchor_tui.sources.github.response import GraphQLResponse
from tests.sources.github.fakes import (
    FakeGitHub,
    commit_node,
    denied_error,
    make_source,
    poll_response,
    tree_entry,
)
from tests.values import config

HEAD = "version: 1.43.1\nimages:\n  gateway:\n    repository: ghcr.io/anchor/gateway\n    tag: 1.43.1\n"


GOOD = HEAD + f"    digest: sha256:{'0' * 64}\n"


async def prod_release(content: str | None, **blob):
    file = tree_entry(content)
    if file is not None:
        file["object"] |= blob
    data = poll_response(commit_node(e2Release=file))
    found = (await make_source(config(), FakeGitHub(Poll=data)).read()).value.environments["prod"]
    return found.release, found.problems


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD, "\ufeff" + GOOD + "\n\n# end\n"])
async def test_line_ends_and_a_byte_order_mark_make_no_difference(text):
    found, problems = await prod_release(text)
    assert (found.version, found.images[0].tag, problems) == ("1.43.1", "1.43.1", ())


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        (GOOD + "version: 1.44.0\n", "duplicate-key", 7),
        (GOOD.replace("    tag", "\ttag"), "tab", 5),
        (GOOD.replace("version: 1.43.1", "version: [1.43.1"), "malformed-yaml", 2),
        (GOOD.replace("\n", "\r\n") + "version: x\r\n", "duplicate-key", 7),
        ("\ufeff" + GOOD + "version: x\n", "duplicate-key", 7),
        (GOOD.replace("tag: 1.43.1", "tag: *nothing"), "malformed-yaml", 5),
        ("", "empty-file", 1),
        ("# only words\n", "empty-file", 1),
        ("- 1.43.1\n", "not-a-mapping", 1),
        (GOOD + "---\nversion: 2\n", "several-documents", 8),
        ("commit: abc\n", "release-shape", 1),
    ],
)
async def test_a_malformed_release_is_a_problem_with_file_and_line(text, kind, line):
    found, problems = await prod_release(text)
    assert found is None
    (problem,) = problems
    assert (problem.kind, problem.file, problem.line) == (kind, "environments/prod/release.yaml", line)
    assert str(problem).startswith(f"environments/prod/release.yaml:{line}: ")


@pytest.mark.parametrize(
    ("text", "kind", "line"), [(HEAD, "image-without-digest", 4), ("version: 1.43.1\n", "no-images", 1)]
)
async def test_an_incomplete_release_is_read_with_a_problem(text, kind, line):
    found, problems = await prod_release(text)
    assert found.version == "1.43.1"
    assert [(problem.kind, problem.line) for problem in problems] == [(kind, line)]


async def test_a_yaml_alias_is_resolved():
    text = GOOD.replace("version: 1.43.1", "version: &v 1.43.1").replace("tag: 1.43.1", "tag: *v")
    found, _ = await prod_release(text)
    assert found.images[0].tag == "1.43.1"


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        ({"isBinary": True, "text": None}, "not a text file"),
        ({"text": None, "isBinary": None}, "not a text file"),
        ({"isTruncated": True, "byteSize": 600_000}, "too large to be read (600,000 bytes)"),
    ],
)
async def test_an_unreadable_file_is_a_problem_with_the_reason(blob, words):
    found, (problem,) = await prod_release(GOOD, **blob)
    assert (found, problem.kind, words in problem.message) == (None, "unreadable-file", True)


async def test_a_missing_file_is_a_problem():
    found, (problem,) = await prod_release(None)
    assert (found, problem.kind, problem.file) == (None, "missing-file", "environments/prod/release.yaml")


async def test_a_folder_is_not_a_text_file():
    data = poll_response(commit_node(e2Release={"oid": "f" * 40, "object": {}}))
    found = (await make_source(config(), FakeGitHub(Poll=data)).read()).value.environments["prod"]
    assert found.problems[0].kind == "unreadable-file"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a: 1\na: 2\n", "duplicate-key"),
        ("- a\n", "not-a-mapping"),
        ("a: [\n", "malformed-yaml"),
        (None, "missing-file"),
    ],
)
async def test_an_unreadable_overlay_is_its_environments_problem(text, kind):
    data = poll_response(commit_node(e2Values=tree_entry(text)))
    found = (await make_source(config(), FakeGitHub(Poll=data)).read()).value.environments
    assert [problem.kind for problem in found["prod"].problems] == [kind]
    assert found["dev"].problems == ()


async def test_a_chart_needs_no_values_but_valid_ones():
    assert (await make_source(config(), FakeGitHub(Poll=poll_response())).read()).problems == ()
    broken = poll_response(commit_node(chartValues=tree_entry("a: 1\na: 2\n")))
    (problem,) = (await make_source(config(), FakeGitHub(Poll=broken)).read()).problems
    assert (problem.file, problem.line) == ("infra/helm/platform/values.yaml", 2)


async def test_the_configuration_can_name_the_key_paths():
    text = GOOD.replace("version: 1.43.1\n", "meta:\n  ours: 7.7.7\n", 1)
    data = poll_response(commit_node(e2Release=tree_entry(text)))
    configured = replace(config(), release=ReleaseKeyPaths(version="meta.ours"))
    found = (await make_source(configured, FakeGitHub(Poll=data)).read()).value.environments["prod"]
    assert found.release.version == "7.7.7"


async def test_a_denied_file_is_not_reported_missing():
    errors = tuple(denied_error("repository", "ref", "target", f"e{number}Release") for number in range(3))
    data = poll_response(commit_node("a" * 40, None, None, None))
    reading = await make_source(config(), FakeGitHub(Poll=GraphQLResponse(data, errors))).read()
    problems = reading.value.environments["prod"].problems
    assert [
        (problem.kind, problem.message) for problem in problems if problem.file == "environments/prod/release.yaml"
    ] == [("denied", "the token may not read it")]
    assert sum(problem.kind == "denied" and problem.subject.startswith("GitHub: ") for problem in reading.problems) == 1


async def test_a_hostile_release_is_a_problem_with_kind_and_line():
    found, problems = await prod_release(GOOD + "more: " + "[" * 16_000)
    assert found is None
    assert [(problem.kind, problem.file, problem.line) for problem in problems] == [
        ("too-deep", "environments/prod/release.yaml", 7)
    ]


async def test_a_parse_has_a_limit_of_processor_time(monkeypatch):
    monkeypatch.setattr(repo_files, "PARSE_LIMIT_S", -1.0)
    _, problems = await prod_release(GOOD + "".join(f"slow{number}: 1\n" for number in range(500)))
    assert [problem.kind for problem in problems] == ["too-large"]
    assert "took too long" in problems[0].message


@pytest.mark.parametrize("fault", [RecursionError, OverflowError, ValueError])
async def test_a_fault_in_one_file_leaves_the_others(fault, monkeypatch):
    original = repo_files._parse_text

    def parse(text, path):
        if path == "environments/prod/release.yaml":
            raise fault("secret")
        return original(text, path)

    monkeypatch.setattr(repo_files, "_parse_text", parse)
    content = GOOD + f"# {fault.__name__}\n"
    reading = await make_source(
        config(), FakeGitHub(Poll=poll_response(commit_node(e2Release=tree_entry(content))))
    ).read()
    problem = reading.value.environments["prod"].problems[0]
    assert (problem.kind, problem.file) == ("unreadable-file", "environments/prod/release.yaml")
    assert fault.__name__ in problem.message
    assert "secret" not in problem.message
    assert reading.value.environments["dev"].release is not None


@pytest.mark.parametrize("offset", [timedelta(hours=14), timedelta(hours=-12)])
@pytest.mark.parametrize(("year", "known"), [(1, False), (9999, False), (2026, True)])
def test_the_time_of_a_commit_never_overflows(year, known, offset):
    for day, month in ((1, 1), (31, 12)):
        found = to_utc(datetime(year, month, day, 12, tzinfo=timezone(offset)))
        assert (found is not None) == known
        assert found is None or found - timedelta(days=365) < found + timedelta(days=365)
