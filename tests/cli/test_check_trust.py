"""`anchor-tui check` of a pull request: the pull request must not switch off the checks that are run on it."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.cli import check
from tests.config.config_files import trust_file
from tests.domain.policy.sample_repo import ROOT
from tests.sources.checkout.checkouts import commit_all, run_git

PROD = "infra/helm/platform/environments/prod/values.yaml"
RELEASE = "environments/prod/release.yaml"
APPLICATION = "infra/argocd/applications/prod.yaml"
HEAD = '[github]\nops_repo = "a/b"\n'
DISABLE = f'{HEAD}[policy]\ndisable = ["auth.jwt-required"]\n'
WAIVER = (
    f'{HEAD}[[policy.waivers]]\ncheck = "auth.jwt-required"\nenvironment = "prod"\n'
    'until = 2999-12-31\nreason = "moving"\n'
)


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove helm, configuration and the variables of CI systems."""
    monkeypatch.setattr("anchor_tui.sources.checkout.reader.find_helm", lambda: None)
    monkeypatch.setattr("anchor_tui.config.discovery.user_config_file", lambda: tmp_path / "none.toml")
    for name in ("ANCHOR_TUI_CONFIG", "CI", "GITHUB_ACTIONS", "GITHUB_BASE_REF"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANCHOR_TUI_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")


@pytest.fixture
def ops(tmp_path: Path) -> Path:
    """Return a checkout on the branch "change", which starts at main."""
    root = tmp_path / "ops"
    shutil.copytree(ROOT, root)
    run_git(root, "init", "--quiet")
    commit_all(root)
    run_git(root, "switch", "--quiet", "--create", "change")
    return root


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    parser.set_defaults(config=None)
    return check.run(parser.parse_args([str(argument) for argument in arguments]))


def disable_authentication(root: Path) -> None:
    file = root / PROD
    file.write_text(file.read_text().replace("AUTH_MODE: jwt", "AUTH_MODE: disabled"))


def write_config(root: Path, text: str) -> Path:
    (root / "anchor-tui.toml").write_text(text)
    return root / "anchor-tui.toml"


def find(capsys: pytest.CaptureFixture[str], check_id: str) -> list[dict[str, Any]]:
    report = json.loads(capsys.readouterr().out)
    return [finding for finding in report["findings"] if finding["check"] == check_id]


@pytest.mark.parametrize("place", ["checkout", "working folder"])
@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.usefixtures("in_ci")
def test_ci_uses_no_configuration_of_the_checkout(
    ops: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str, trusted: bool
) -> None:
    disable_authentication(ops)
    file = write_config(ops, DISABLE)
    if trusted:
        trust_file(file, ops.parent / "state")
    if place == "working folder":
        monkeypatch.chdir(ops)
        assert run(".") == 1
    else:
        assert run(ops) == 1
    assert (
        "is not used: in CI, check uses a configuration of the checkout only if --config names it"
        in capsys.readouterr().err
    )


@pytest.mark.usefixtures("in_ci")
def test_ci_uses_no_own_file_inside_the_checkout(ops: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disable_authentication(ops)
    own = ops / "home.toml"
    own.write_text(DISABLE)
    monkeypatch.setattr("anchor_tui.config.discovery.user_config_file", lambda: own)
    assert run(ops) == 1
    own.rename(ops.parent / "home.toml")
    monkeypatch.setattr("anchor_tui.config.discovery.user_config_file", lambda: ops.parent / "home.toml")
    assert run(ops) == 0


def test_an_untrusted_configuration_is_named_and_ignored(ops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disable_authentication(ops)
    file = write_config(ops, DISABLE)
    assert run(ops) == 1
    assert f"{file} is not trusted and was ignored" in capsys.readouterr().err
    trust_file(file, ops.parent / "state")
    assert run(ops, "--base", "none") == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DISABLE, "disables auth.jwt-required"),
        (WAIVER, "waives auth.jwt-required in prod until 2999-12-31"),
        (f'{HEAD}[[environments]]\nname = "dev"\n', "removes the environment staging"),
        (f'{HEAD}[policy]\nauth_modes = ["jwt", "disabled"]\n', "changes policy.auth_modes"),
        (f'{DISABLE[:-2]}, "checkout.configuration"]\n', "disables checkout.configuration"),
    ],
)
@pytest.mark.usefixtures("in_ci")
def test_an_added_configuration_that_relaxes_checks_is_an_error(
    ops: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    disable_authentication(ops)
    assert run(ops, "--config", write_config(ops, text), "--format", "json") == 1
    (finding,) = find(capsys, "checkout.configuration")
    assert (finding["status"], finding["level"], finding["file"]) == ("fail", "error", "anchor-tui.toml")
    assert "anchor-tui.toml differs from main: it " in finding["message"]
    assert words in finding["message"]


def test_the_file_and_its_exceptions_are_printed(ops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_config(ops, DISABLE + WAIVER.removeprefix(HEAD).replace("auth.jwt-required", "release.pinned"))
    run(ops, "--config", file)
    printed = capsys.readouterr().err
    assert f"configuration {file}: disabled: auth.jwt-required; waived: release.pinned in prod" in printed


def test_a_change_that_relaxes_nothing_is_a_warning(ops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(ops, DISABLE)
    commit_all(ops)
    run_git(ops, "branch", "--force", "main")
    file = write_config(ops, HEAD)
    assert run(ops, "--config", file, "--format", "json") == 0
    (finding,) = find(capsys, "checkout.configuration")
    assert (finding["status"], finding["level"]) == ("fail", "warning")


@pytest.mark.parametrize("branch", ["main", "origin/main"])
def test_an_unchanged_configuration_passes(
    ops: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, branch: str
) -> None:
    file = write_config(ops, DISABLE)
    commit_all(ops)
    if branch == "main":
        run_git(ops, "branch", "--force", "main")
    else:
        monkeypatch.setenv("GITHUB_BASE_REF", "main")
        run_git(ops, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert run(ops, "--config", file, "--format", "json") == 0
    (finding,) = find(capsys, "checkout.configuration")
    assert (finding["status"], finding["message"]) == ("pass", f"anchor-tui.toml is the same as on {branch}")


def test_a_newer_base_branch_is_not_a_change(ops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_git(ops, "switch", "--quiet", "main")
    write_config(ops, HEAD)
    commit_all(ops)
    run_git(ops, "switch", "--quiet", "--create", "second")
    run_git(ops, "switch", "--quiet", "main")
    write_config(ops, DISABLE)
    commit_all(ops)
    run_git(ops, "switch", "--quiet", "second")
    run(ops, "--config", ops / "anchor-tui.toml", "--format", "json")
    (finding,) = find(capsys, "checkout.configuration")
    assert finding["status"] == "pass"


@pytest.mark.parametrize("base", ["none", "--help", "main:x"])
def test_an_unknown_base_branch_makes_the_result_unknown(
    ops: Path, capsys: pytest.CaptureFixture[str], base: str
) -> None:
    file = write_config(ops, HEAD)
    run(ops, "--config", file, "--format", "json", f"--base={base}")
    (finding,) = find(capsys, "checkout.configuration")
    assert finding["status"] == "unknown"
    assert "the base branch is not in this clone: fetch it" in finding["message"]


def test_a_configuration_elsewhere_is_not_compared(
    ops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(ops, "--config", write_config(tmp_path, HEAD), "--format", "json") == 0
    (finding,) = find(capsys, "checkout.configuration")
    assert finding["status"] == "skipped"


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        (RELEASE, None, "environments/prod/release.yaml does not exist"),
        (RELEASE, "", "empty"),
        (RELEASE, "a: [", ""),
        (RELEASE, "\0", ""),
        (RELEASE, "version: 1.43.1\n", "contains no images; on main it does"),
        (PROD, None, PROD),
        (PROD, "a: [", ""),
        (APPLICATION, None, "deleted: infra/argocd/applications/prod.yaml"),
        (APPLICATION, "a: [", ""),
    ],
)
@pytest.mark.usefixtures("in_ci")
def test_a_missing_or_broken_file_is_an_error(
    ops: Path, capsys: pytest.CaptureFixture[str], path: str, content: str | None, words: str
) -> None:
    if content is None:
        (ops / path).unlink()
    else:
        (ops / path).write_text(content)
    assert run(ops, "--format", "json") == 1
    found = [finding for finding in find(capsys, "checkout.required-files") if finding["status"] == "fail"]
    assert {finding["environment"] for finding in found} == {"prod"}
    assert any(words in finding["message"] for finding in found)
    assert all(finding["level"] == "error" for finding in found)


def test_a_deleted_environment_is_an_error(ops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (RELEASE, PROD, APPLICATION):
        (ops / path).unlink()
    for folder in ("environments/prod", "infra/helm/platform/environments/prod"):
        (ops / folder).rmdir()
    commit_all(ops)
    assert run(ops, "--format", "json") == 1
    messages = [finding["message"] for finding in find(capsys, "checkout.required-files")]
    assert "environments/prod/release.yaml does not exist" in messages


def test_an_environment_that_never_existed_is_not_required(ops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("environments/staging", "infra/helm/platform/environments/staging"):
        shutil.rmtree(ops / path)
    (ops / "infra/argocd/applications/staging.yaml").unlink()
    shutil.rmtree(ops / ".git")
    assert run(ops, "--format", "json") == 0
    assert run(ops, "--config", write_config(ops, f'{HEAD}[[environments]]\nname = "staging"\n')) == 1


def test_a_release_file_outside_the_checkout_is_an_error(ops: Path) -> None:
    (ops / RELEASE).unlink()
    (ops / RELEASE).symlink_to("/etc/hostname")
    assert run(ops) == 1
