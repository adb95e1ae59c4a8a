"""`anchor-tui check`: offline, without configuration, in every format."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from anchor_tui.cli import check
from anchor_tui.config.errors import ConfigErrors
from anchor_tui.domain.policy.registry import ALL_CHECKS
from tests.cli.output.hostile_values import assert_harmless
from tests.cli.sarif_schema import SCHEMA
from tests.config.config_files import trust_file
from tests.domain.policy.sample_repo import ROOT

PROD = "infra/helm/platform/environments/prod/values.yaml"


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove helm, configuration and tokens."""
    monkeypatch.setattr("anchor_tui.sources.checkout.reader.find_helm", lambda: None)
    monkeypatch.setattr("anchor_tui.config.discovery.user_config_file", lambda: tmp_path / "none.toml")
    for name in (
        "ANCHOR_TUI_CONFIG",
        "CI",
        "GITHUB_ACTIONS",
        "GITHUB_BASE_REF",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "ARGOCD_AUTH_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANCHOR_TUI_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ops(tmp_path: Path) -> Path:
    root = tmp_path / "ops"
    shutil.copytree(ROOT, root)
    return root


@pytest.fixture
def broken(ops: Path) -> Path:
    """Return a checkout with the URL of a mock, auto-sync without prune, and a waived AUTH_MODE.

    Its configuration is trusted.
    """
    edit(ops, PROD, "https://control.", "http://status-mock.")
    edit(ops, "infra/argocd/applications/prod.yaml", "prune: true", "prune: false")
    edit(ops, PROD, "AUTH_MODE: jwt", "AUTH_MODE: disabled")
    waiver = 'check = "auth.jwt-required"\nenvironment = "prod"\nuntil = 2999-12-31\nreason = "moving, house: 100 %"\n'
    write_trusted_config(ops, f"[[policy.waivers]]\n{waiver}")
    return ops


def write_trusted_config(root: Path, text: str) -> None:
    file = root / "anchor-tui.toml"
    file.write_text(f'[github]\nops_repo = "a/b"\n{text}')
    trust_file(file, root.parent / "state")


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    parser.set_defaults(config=None)
    return check.run(parser.parse_args([str(argument) for argument in arguments]))


@pytest.fixture
def document(capsysbinary: pytest.CaptureFixture[bytes]) -> Any:
    """Return a function that runs the command and returns its stdout."""

    def run_format(path: Path, form: str, code: int | None = None) -> Any:
        exit_code = run(path, "--format", form)
        assert code is None or exit_code == code
        out, error = capsysbinary.readouterr()
        assert all(line.startswith(b"anchor-tui: configuration ") for line in error.splitlines())
        return out.decode()

    return run_format


def test_the_sample_passes_without_configuration(ops: Path, document: Any) -> None:
    text = document(ops, "text", 0)

    assert "0 errors, 0 warnings" in text
    assert "helm is not on the PATH" in text
    assert "prod (prod rules)" in text


def test_failures_come_first_with_their_location(broken: Path, document: Any) -> None:
    lines = document(broken, "text", 1).splitlines()

    start = lines.index("prod (prod rules)")
    assert lines[start + 1].strip() == "✗ mock.control-center-url  git"
    assert lines[start + 3].strip() == f"{PROD}:12"
    assert "waivers, earliest end first" in lines
    assert any("until 2999-12-31" in line for line in lines)


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_an_image_key_is_not_a_workflow_command(ops: Path, document: Any, form: str) -> None:
    key = '"::add-mask::x##[add-path]\\e[31m\\u202e ghp_a1B2a1B2a1B2a1B2a1B2": {repository: x, tag: latest}'
    edit(ops, "environments/prod/release.yaml", "images:\n", f"images:\n  {key}\n")
    assert_harmless(document(ops, form, 1), r"::(error|notice) [^:]*::" if form == "github" else "(?!)")


def test_json_has_the_documented_keys(broken: Path, document: Any) -> None:
    report = json.loads(document(broken, "json", 1))

    assert report["schema"] == "anchor-tui/check/v1"
    assert list(report) == ["schema", "path", "commit", "summary", "findings"]
    assert report["path"] == str(broken)
    assert report["summary"]["error"] == 2
    assert report["summary"]["waived"] == 1
    keys = ["environment", "check", "title", "level", "status", "evidence", "message", "fix", "file", "line"]
    keys += ["column", "resource", "since", "pending", "full_message", "first_seen", "since_pull_request"]
    assert all(list(finding) == keys for finding in report["findings"])
    assert {finding["environment"] for finding in report["findings"]} == {"dev", "staging", "prod", None}
    only_servers = [
        finding for finding in report["findings"] if finding["evidence"] in {"live", "live-spec", "settings", "ci"}
    ]
    assert {finding["status"] for finding in only_servers} == {"skipped"}


def test_sarif_is_valid_and_fingerprints_survive_moved_lines(broken: Path, document: Any) -> None:
    first = json.loads(document(broken, "sarif", 1))
    edit(broken, PROD, "# prod: always on.", "# one line more\n# prod: always on.")
    second = json.loads(document(broken, "sarif", 1))

    jsonschema_rs.validator_for(SCHEMA).validate(first)
    [run_] = first["runs"]
    assert [rule["id"] for rule in run_["tool"]["driver"]["rules"]] == [known.id for known in ALL_CHECKS]
    assert {result["ruleId"] for result in run_["results"]} == {
        "mock.control-center-url",
        "argo.automated-prune",
        "auth.jwt-required",
    }
    assert [result["ruleId"] for result in run_["results"] if "suppressions" in result] == ["auth.jwt-required"]
    prints = [[result["partialFingerprints"] for result in log["runs"][0]["results"]] for log in (first, second)]
    assert prints[0] == prints[1]
    lines = [
        [result["locations"][0]["physicalLocation"]["region"] for result in log["runs"][0]["results"]]
        for log in (first, second)
    ]
    assert lines[0] != lines[1]
    notifications = run_["invocations"][0]["toolExecutionNotifications"]
    assert any("helm is not on the PATH" in notification["message"]["text"] for notification in notifications)


def test_sarif_fingerprints_are_unique(broken: Path, document: Any) -> None:
    edit(broken, "environments/prod/release.yaml", "tag: 1.43.1", "tag: latest")
    [log] = json.loads(document(broken, "sarif"))["runs"]

    prints = [result["partialFingerprints"]["anchorTuiFinding/v1"] for result in log["results"]]
    assert len(set(prints)) == len(prints) > 5


def test_junit_counts_failures_and_unknown_findings(broken: Path, document: Any) -> None:
    tree = ElementTree.fromstring(document(broken, "junit", 1))

    suites = {suite.get("name"): suite for suite in tree}
    assert set(suites) == {"dev", "staging", "prod", "estate"}
    prod = suites["prod"]
    assert prod.get("failures") == str(len(prod.findall(".//failure"))) == "2"
    assert prod.get("skipped") == str(len(prod.findall(".//skipped")))
    assert prod.get("tests") == str(len(prod.findall("testcase")))
    failure = next(element for element in prod.findall(".//failure") if "status-mock" in (element.get("message") or ""))
    assert f"{PROD}:12" in (failure.text or "")


def test_annotations_have_file_and_line(broken: Path, document: Any) -> None:
    lines = document(broken, "github", 1).splitlines()

    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 2
    assert errors[0].startswith(f"::error file={PROD},line=12,col=29,title=prod%3A mock.control-center-url (git)::")
    assert "%0A" in errors[0]
    waived = next(line for line in lines if "is waived" in line)
    assert "100 %25" in waived
    assert sum("helm is not on the PATH" in line for line in lines) == 1
    assert lines[-1].startswith("anchor-tui check: 2 errors")


def test_annotations_are_relative_to_the_top_of_the_repository(tmp_path: Path, broken: Path, document: Any) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not on the PATH")
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "--quiet"), ("add", "ops"), ("commit", "--quiet", "--message", "x")):
        subprocess.run(["git", *settings, *words], cwd=tmp_path, check=True)

    assert f"::error file=ops/{PROD}," in document(broken, "github", 1)


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 0), ("unknown", 1), ("warning,unknown", 1)])
def test_fail_on_selects_the_findings_that_count(ops: Path, fail_on: str, code: int) -> None:
    assert run(ops, "--fail-on", fail_on) == code


def test_a_warning_exits_with_1_only_if_named(ops: Path) -> None:
    edit(ops, "infra/helm/platform/values.yaml", "maxSurge: 0", "maxSurge: 1")
    edit(ops, PROD, "web:\n", "rollout: {maxSurge: 0}\nweb:\n")

    assert run(ops, "--fail-on", "error") == 0
    assert run(ops, "--fail-on", "warning") == 1


def test_an_error_always_exits_with_1(broken: Path) -> None:
    assert run(broken, "--fail-on", "unknown") == run(broken, "--fail-on", "warning") == run(broken) == 1


def test_an_unknown_fail_on_value_is_a_usage_error(ops: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run(ops, "--fail-on", "everything")
    assert ended.value.code == 2


def test_a_trusted_configuration_in_the_checkout_is_used(ops: Path) -> None:
    write_trusted_config(ops, '[policy]\ndisable = ["auth.jwt"]\n')

    with pytest.raises(ConfigErrors, match=r"did you mean `auth\.jwt-required`"):
        run(ops)


def test_environments_come_from_the_configuration(ops: Path, document: Any) -> None:
    for folder in ("environments", "infra/helm/platform/environments"):
        (ops / folder / "prod").rename(ops / folder / "live")
    edit(ops, "infra/argocd/applications/prod.yaml", "environments/prod/", "environments/live/")
    named = '[[environments]]\nname = "live"\nrules = "prod"\napplications = ["anchor-msp-prod"]\n'
    write_trusted_config(ops, named)

    report = json.loads(document(ops, "json", 0))

    assert {finding["environment"] for finding in report["findings"]} == {"live", None}
    assert any(
        finding["status"] == "pass" and finding["check"] == "auth.jwt-required" for finding in report["findings"]
    )


def test_a_folder_without_an_ops_repo_is_a_usage_error(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(tmp_path) == 2
    out, error = capsysbinary.readouterr()
    assert out == b""
    assert b"there is no ops repo" in error


def test_the_report_can_be_written_to_a_file(
    ops: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(ops, "--format", "sarif", "-o", tmp_path / "out.sarif") == 0
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"
    assert capsysbinary.readouterr().out == b""


def test_list_prints_one_line_per_check(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("--list") == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert [line.split()[0] for line in lines] == [known.id for known in ALL_CHECKS]


@pytest.mark.parametrize("check_id", [known.id for known in ALL_CHECKS])
def test_explain_quotes_the_rule(check_id: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("--explain", check_id) == 0
    text = capsysbinary.readouterr().out.decode()
    assert re.search(r"section   docs/gitops\.md, \S", text)
    assert "Rule: " in text
    assert "Fix: " in text


def test_explaining_an_unknown_check_suggests_the_nearest(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("--explain", "release.pined") == 2
    assert b"did you mean release.pinned?" in capsysbinary.readouterr().err


def test_control_characters_break_no_format(ops: Path, document: Any) -> None:
    edit(ops, PROD, "AUTH_MODE: jwt", 'AUTH_MODE: "\\e[31m,::error x<&>\\u0007"')

    assert "\x1b" not in document(ops, "text", 1)
    assert ElementTree.fromstring(document(ops, "junit", 1)) is not None
    assert json.loads(document(ops, "sarif", 1))
    assert sum(line.startswith("::error ") for line in document(ops, "github", 1).splitlines()) == 1


def test_importing_the_command_loads_no_heavy_modules() -> None:
    code = (
        "import sys; import anchor_tui.cli.check; "
        "print([name for name in ('msgspec', 'ruamel', 'dataclasses', 'httpx', 'textual') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT.parents[2])

    assert done.stdout.strip() == b"[]"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", [("--list",), ("--explain", "auth.jwt-required"), ("--format", "text")])
def test_a_failed_write_never_exits_with_success(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "anchor_tui", "check", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert b"cannot write to stdout" in done.stderr
