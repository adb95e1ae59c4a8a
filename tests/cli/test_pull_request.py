"""`anchor-tui pr` on the sandbox: text, documents and errors."""

from __future__ import annotations

import json

import pytest

from tests.services.sandbox_operator import operator_at


@pytest.fixture
def failed_check(cli, tmp_path):
    with operator_at("failed-check", tmp_path) as op:
        yield cli(op)


def test_the_overview_explains_what_blocks_the_merge(failed_check):
    code, out, err = failed_check("pr", "232")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "#232 Promote staging to 1.44.0  OPEN"
    assert "main ← promote/staging-1.44.0 · opened by a-lee 40 min ago · 2 files +" in lines[1]
    assert lines[2] == "staging 1.43.2 → 1.44.0"
    assert lines[3:5] == ["! a reviewer requested changes", "  failed checks: release-contract"]
    assert "  ## Promote 1.44.0 to staging" in lines
    assert "✗ m-ito changes requested" in out
    assert "+version" not in out


def test_the_comments_on_the_code_have_place_and_state(failed_check):
    _, out, _ = failed_check("pr", "232")
    assert (
        "! environments/staging/release.yaml:2 · unresolved · 1 reply · The soak of 1.44.0 in dev is not over." in out
    )
    (line,) = (line for line in out.splitlines() if "release.yaml:2 · unresolved" in line)
    assert "  a-lee, " in line.removeprefix("!")
    assert "values.yaml:3 · resolved, outdated · 1 reply · Please keep the replicas as they are." in out


def test_the_checks_include_the_log_of_a_failed_job(failed_check):
    _, out, _ = failed_check("pr", "#232", "--checks")
    assert "✗ release-contract  failure after" in out
    assert "    ## [error]Process completed with exit code 1." in out.splitlines()


def test_the_diff_shows_every_hunk(failed_check):
    _, out, _ = failed_check("pr", "232", "--diff")
    lines = out.splitlines()
    assert "  -version: 1.43.2" in lines
    assert "  +version: 1.44.0" in lines


def test_a_merged_pull_request_is_shown(failed_check):
    code, out, _ = failed_check("pr", "231")
    assert code == 0
    assert "✓ merged into main by m-ito" in out


@pytest.mark.parametrize("options", [(), ("--diff",)])
def test_the_json_document_contains_every_part(failed_check, options):
    _, out, _ = failed_check("pr", "232", "--checks", "--format", "json", *options)
    document = json.loads(out)
    assert document["schema"] == "anchor-tui/pr/v1"
    assert document["pull_request"]["number"] == 232
    assert document["merge"]["level"] == "blocked"
    assert document["releases"] == [{"environment": "staging", "before": "1.43.2", "after": "1.44.0"}]
    assert ("patch" in document["files"][0]) == bool(options)
    assert document["job_logs"][0]["lines"]
    assert document["problems"] == []


def test_the_yaml_document_has_the_same_schema(failed_check):
    _, out, _ = failed_check("pr", "232", "--format", "yaml")
    assert "schema: anchor-tui/pr/v1" in out.splitlines()


def test_an_unknown_number_is_an_error(failed_check):
    code, out, err = failed_check("pr", "9999")
    assert (code, out) == (3, "")
    assert "anchor/anchor-msp-ops does not have a pull request #9999" in err


@pytest.mark.parametrize("number", ["0", "-1", "abc", "99999999999", "²"])
def test_a_malformed_number_is_refused(failed_check, number):
    code, _, err = failed_check("pr", "--", number)
    assert code == 2
    assert "is not the number of a pull request" in err


def test_a_log_that_is_denied_fails_alone(cli, tmp_path):
    with operator_at("failed-check", tmp_path) as op:
        op.box.faults.add("github:deny=logs")
        code, out, err = cli(op)("pr", "232", "--checks")
    assert code == 3
    assert "#232 Promote staging to 1.44.0" in out
    assert "log of release-contract: 403" in err
    assert "the token needs actions=read" in err
