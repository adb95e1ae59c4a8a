"""`anchor-tui snapshot`: the document on stdout, and the exit code."""

from __future__ import annotations

import argparse
import io
import json
import logging
import sys

import pytest
from msgspec.structs import replace

from anchor_tui.cli import snapshot as snapshot_command
from anchor_tui.cli.snapshot import FAIL_ON_CONDITIONS, find_exit_code
from anchor_tui.domain.model import Finding, Problem, SourceFailure
from anchor_tui.domain.readings import Loading, Unavailable
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.domain.source_data import HeadCommit
from anchor_tui.services.observe import observer
from anchor_tui.services.snapshot_json import snapshot_from_json
from tests import rich
from tests.cli.process import run_in_process
from tests.config.config_files import MINIMAL, write_own_config
from tests.values import NOW, application, argocd, config, fresh, ops_repo, readings

HEALTHY = build_snapshot(config(), readings(), NOW)
FOUND = Finding("x", "X", "error", "fail", "git", "no")
OTHERS = (application("anchor-msp-dev"), application("anchor-msp-staging"))
SEEN = {
    "failing": readings(fresh(argocd(application(health="Degraded")))),
    "attention": readings(fresh(argocd(*OTHERS, application(sync="OutOfSync")))),
    "unknown": readings(fresh(argocd(*OTHERS, application(sync="Unknown")))),
    "unhealthy": readings(fresh(argocd(application(health="Progressing")))),
    "out-of-sync": readings(fresh(argocd(application(sync="OutOfSync")))),
}


@pytest.fixture
def observed(folder, monkeypatch):
    """Replace the observed snapshot by the only item of the returned list."""
    write_own_config()
    snapshots = [HEALTHY]
    monkeypatch.setattr(observer, "observe_once", lambda *_, **__: snapshots[0])
    return snapshots


@pytest.mark.parametrize("options", [[], ["--format", "json"]])
def test_stdout_contains_only_the_document(observed, capfd, options):
    assert run_in_process("snapshot", *options) == 0
    printed = capfd.readouterr()
    assert snapshot_from_json(printed.out) == HEALTHY
    assert printed.err == ""


@pytest.mark.parametrize("argv", [("--read-only", "snapshot"), ("snapshot", "--read-only")])
def test_options_are_accepted_before_and_after_the_command(folder, monkeypatch, capfd, argv):
    write_own_config()
    seen = []
    monkeypatch.setattr(observer, "observe_once", lambda config, *_, **__: seen.append(config) or HEALTHY)
    assert run_in_process(*argv) == 0
    assert seen[0].read_only
    capfd.readouterr()
    elsewhere = folder / "elsewhere.toml"
    elsewhere.write_text(MINIMAL.replace("anchor-msp-ops", "other"))
    named = ("--config", str(elsewhere))
    assert run_in_process(*((*named, "snapshot") if argv[0] == "snapshot" else ("snapshot", *named))) == 0
    assert seen[1].github.ops_repo == "anchor/other"


def test_text_is_ascii_if_stdout_is_not_utf8(observed, monkeypatch):
    for encoding, is_ascii in (("ascii", True), ("latin-1", True), ("UTF-8", False), ("utf8", False)):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
        assert run_in_process("snapshot", "--format", "text") == 0
        assert raw.getvalue().isascii() is is_ascii
        assert b"anchor-msp" in raw.getvalue()


def test_a_file_is_written_and_stdout_stays_empty(observed, folder, capfd):
    assert run_in_process("snapshot", "-o", "out.json") == 0
    assert snapshot_from_json((folder / "out.json").read_bytes()) == HEALTHY
    assert capfd.readouterr().out == ""
    assert {path.name for path in folder.iterdir()} == {"out.json", "xdg"}


def test_an_unwritable_file_exits_with_2(observed, capfd):
    assert run_in_process("snapshot", "-o", "no/such/folder/out.json") == 2
    assert "cannot write no/such/folder/out.json: No such file or directory" in capfd.readouterr().err


def test_a_full_stdout_exits_with_2(folder, monkeypatch, capfd):
    class Full:
        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

    class Stdout:
        encoding, buffer = "utf-8", Full()

    write_own_config()
    monkeypatch.setattr(observer, "observe_once", lambda *_, **__: HEALTHY)
    monkeypatch.setattr(sys, "stdout", Stdout())
    assert run_in_process("snapshot") == 2
    assert "No space left on device" in capfd.readouterr().err


@pytest.mark.parametrize("word", FAIL_ON_CONDITIONS)
def test_each_condition_of_fail_on_exits_with_1(word):
    found = build_snapshot(config(), SEEN[word], NOW) if word in SEEN else replace(HEALTHY, findings=(FOUND,))
    assert find_exit_code(HEALTHY, (word,)) == 0
    assert find_exit_code(found, (word,)) == 1
    assert find_exit_code(found, ()) == 0


@pytest.mark.parametrize(("found", "worse"), [("attention", 3), ("unknown", 2), ("failing", 1)])
def test_a_level_of_fail_on_includes_the_worse_ones(found, worse):
    snapshot = build_snapshot(config(), SEEN[found], NOW)
    levels = ("failing", "unknown", "attention")
    assert [find_exit_code(snapshot, (level,)) for level in levels] == [
        *[0] * (worse - 1),
        *[1] * (len(levels) - worse + 1),
    ]


def test_a_note_on_the_estate_counts_for_fail_on():
    head = HeadCommit("58c99611d007a6cc61b03fc859cecf01bfcf1e22", "Promote", checks="pending")
    snapshot = build_snapshot(config(), readings(repo=fresh(ops_repo(head=head))), NOW)
    assert find_exit_code(snapshot, ("attention",)) == 1


def test_failed_findings_of_environments_count_but_waived_ones_do_not():
    for status, code in (("fail", 1), ("waived", 0), ("pass", 0), ("unknown", 0)):
        environment = replace(HEALTHY.environments[0], findings=(replace(FOUND, status=status),))
        assert find_exit_code(replace(HEALTHY, environments=(environment,)), ("policy",)) == code


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ([], 1),
        (["timeout"], 3),
        (["unauthenticated"], 3),
        (["credentials"], 2),
        (["timeout", "credentials"], 2),
    ],
)
def test_2_precedes_3_and_3_precedes_1(kinds, code):
    unread = dict(zip(("apps", "repo"), [Unavailable(SourceFailure(kind, "no")) for kind in kinds], strict=False))
    snapshot = build_snapshot(config(), readings(**{"apps": SEEN["failing"].argocd["argocd"], **unread}), NOW)
    assert find_exit_code(snapshot, ("failing", "unhealthy")) == code


def test_a_source_that_is_still_loading_exits_with_3():
    assert find_exit_code(build_snapshot(config(), readings(repo=Loading()), NOW), ()) == 3


def test_no_condition_is_met_without_environments():
    assert find_exit_code(replace(HEALTHY, environments=()), tuple(FAIL_ON_CONDITIONS)) == 0


def test_unread_sources_are_reported_on_stderr_besides_the_document(observed, capfd):
    observed[0] = rich.snapshot()
    assert run_in_process("snapshot", "--fail-on", "failing") == 3
    printed = capfd.readouterr()
    assert snapshot_from_json(printed.out) == rich.snapshot()
    assert printed.err == "anchor-tui: github: https://api.github.com: no answer within 15 s\n"


def test_sources_that_were_cut_are_reported_on_stderr(observed, capfd):
    cut = Problem("argocd", observer.PARTIAL_READING, "only a part was read within 15 s; the rest is unknown")
    observed[0] = replace(HEALTHY, problems=(Problem("argocd", "stream", "no stream"), cut))
    assert run_in_process("snapshot") == 0
    assert capfd.readouterr().err == (
        "anchor-tui: argocd: only a part was read within 15 s; the rest is unknown: use a longer --timeout to read it\n"
    )


@pytest.mark.parametrize(("evidence", "code"), [("none", 2), ("git", 0), ("budget", 0), ("all", 0)])
def test_policy_cannot_be_a_condition_without_checks(observed, capfd, evidence, code):
    observed[0] = HEALTHY
    assert run_in_process("snapshot", "--evidence", evidence, "--fail-on", "failing,policy") == code
    printed = capfd.readouterr()
    assert ("--evidence none" in printed.err) == (code == 2) == (printed.out == "")


def test_without_tokens_the_document_is_printed_with_exit_2(folder, capfd):
    write_own_config('[argocd]\nserver = "https://cd.invalid"\n' + MINIMAL)
    assert run_in_process("snapshot", "--fail-on", "failing") == 2
    printed = capfd.readouterr()
    snapshot = snapshot_from_json(printed.out)
    assert {source.error.kind for source in snapshot.sources if source.error} == {"credentials"}
    assert "no token for https://cd.invalid" in printed.err
    assert "no token for github.com" in printed.err


def test_the_command_has_its_own_defaults():
    parser = argparse.ArgumentParser()
    snapshot_command.add_arguments(parser)
    found = parser.parse_args([])
    assert (found.format, found.fail_on, found.timeout, found.demo) == ("json", (), 15.0, False)


def test_the_sandbox_is_printed_and_stderr_is_empty(box, capfd):
    assert run_in_process("snapshot", "--fail-on", "failing") == 1
    printed = capfd.readouterr()
    snapshot = snapshot_from_json(printed.out)
    assert snapshot.verdict.level == "failing"
    assert printed.err == ""
    assert box.argocd_token not in printed.out
    assert box.github_token not in printed.out


@pytest.mark.parametrize("fault", ["argocd:status=401", "argocd:status=502", "argocd:html", "github:status=401"])
def test_an_unread_source_exits_with_3_besides_the_document(box, capfd, fault):
    box.faults.add(fault)
    assert run_in_process("snapshot", "--fail-on", "failing") == 3
    printed = capfd.readouterr()
    side = fault.partition(":")[0]
    assert snapshot_from_json(printed.out).find_source(side).state == "missing"
    assert printed.err.startswith(f"anchor-tui: {side}: ")
    assert printed.err.count("\n") == 1


def test_an_argocd_cli_context_provides_address_and_token(box, folder, monkeypatch, capfd):
    text = (folder / "box" / "anchor-tui.toml").read_text()
    github = text[text.index("[github]") :]
    (folder / "box" / "anchor-tui.toml").write_text('[argocd]\ncontext = "sandbox"\n' + github)
    monkeypatch.delenv("ARGOCD_AUTH_TOKEN")
    monkeypatch.setenv("ARGOCD_CONFIG_DIR", str(folder / "box" / "argocd-config"))
    assert run_in_process("snapshot") == 0
    assert snapshot_from_json(capfd.readouterr().out).find_source("argocd").url.startswith("http")


def test_log_messages_of_libraries_are_not_printed(box, capfd):
    box.faults.add("github:status=403")
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    assert run_in_process("snapshot") == 3
    printed = capfd.readouterr()
    json.loads(printed.out)
    assert printed.err.count("\n") == 1
