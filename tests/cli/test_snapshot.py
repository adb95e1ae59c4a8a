"""`anchor-tui snapshot`: the document on stdout and nothing else, and what the exit code says."""

from __future__ import annotations

import argparse
import io
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from anchor_tui.__main__ import run_command_line as main_run
from anchor_tui.cli import snapshot as module
from anchor_tui.cli.output import streams
from anchor_tui.cli.output.streams import replace_file
from anchor_tui.cli.snapshot import FAIL_ON_CONDITIONS, find_exit_code
from anchor_tui.domain.model import Finding, Loading, SourceFailure, Unavailable
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.sandbox.command import write_configuration
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.services.observe import observer
from anchor_tui.services.snapshot_json import snapshot_from_json
from tests import rich
from tests.cli.process import anchor_tui
from tests.values import NOW, application, argocd, config, fresh, readings

ONE_LINE = '[github]\nops_repo = "anchor/anchor-msp-ops"\n'
WELL = build_snapshot(config(), readings(), NOW)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to be in, and nothing of the developer's own around it."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("ARGOCD", "GH_", "GITHUB_", "ANCHOR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("ARGOCD_CONFIG_DIR", str(tmp_path / "argocd"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def observed(folder, monkeypatch):
    """What is observed, whatever is configured."""
    (folder / "anchor-tui.toml").write_text(ONE_LINE)
    told = [WELL]
    monkeypatch.setattr(observer, "observe_once", lambda *_: told[0])
    return told


def main(*argv: str) -> int:
    """The exit code of the command, in this process."""
    try:
        return main_run(list(argv))
    except SystemExit as ended:
        return int(ended.code or 0)


# --- the document ------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--format", "json"]])
def test_stdout_holds_the_document_and_nothing_else(observed, capfd, options):
    assert main("snapshot", *options) == 0
    said = capfd.readouterr()
    assert snapshot_from_json(said.out) == WELL
    assert said.err == ""


@pytest.mark.parametrize("argv", [("--read-only", "snapshot"), ("snapshot", "--read-only")])
def test_options_may_stand_before_the_command_or_after_it(folder, monkeypatch, capfd, argv):
    (folder / "anchor-tui.toml").write_text(ONE_LINE)
    seen = []
    monkeypatch.setattr(observer, "observe_once", lambda config, *_: seen.append(config) or WELL)
    assert main(*argv) == 0
    assert seen[0].read_only
    capfd.readouterr()
    elsewhere = folder / "elsewhere.toml"
    elsewhere.write_text(ONE_LINE.replace("anchor-msp-ops", "other"))
    named = ("--config", str(elsewhere))
    assert main(*((*named, "snapshot") if argv[0] == "snapshot" else ("snapshot", *named))) == 0
    assert seen[1].github.ops_repo == "anchor/other"


def test_text_on_a_stdout_that_has_no_more_than_ascii_is_ascii(observed, monkeypatch):
    for encoding, is_ascii in (("ascii", True), ("latin-1", True), ("UTF-8", False), ("utf8", False)):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
        assert main("snapshot", "--format", "text") == 0
        assert raw.getvalue().isascii() is is_ascii
        assert b"anchor-msp" in raw.getvalue()


# --- -o ----------------------------------------------------------------------------------------------


def test_a_file_is_written_and_stdout_stays_empty(observed, folder, capfd):
    assert main("snapshot", "-o", "out.json") == 0
    assert snapshot_from_json((folder / "out.json").read_bytes()) == WELL
    assert capfd.readouterr().out == ""
    assert {path.name for path in folder.iterdir()} == {"out.json", "anchor-tui.toml"}


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_crash_in_the_middle_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, moment):
    target = tmp_path / "out.json"
    target.write_text("old")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(*((os, "fsync", crash) if moment == "fsync" else (Path, "replace", crash)))
    with pytest.raises(KeyboardInterrupt):
        replace_file(target, b"new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_keeps_its_mode_and_a_link_stays_one(tmp_path):
    target, link = tmp_path / "out.json", tmp_path / "link.json"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    replace_file(link, b"new")
    assert (target.read_text(), link.is_symlink(), stat.S_IMODE(target.stat().st_mode)) == ("new", True, 0o640)


def test_a_file_that_cannot_be_written_is_said_and_exits_2(observed, capfd):
    assert main("snapshot", "-o", "no/such/folder/out.json") == 2
    assert "cannot write no/such/folder/out.json: No such file or directory" in capfd.readouterr().err


def test_a_stdout_that_is_full_is_said_and_exits_2(folder, monkeypatch, capfd):
    class Full:
        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

    class Stdout:
        encoding, buffer = "utf-8", Full()

    (folder / "anchor-tui.toml").write_text(ONE_LINE)
    monkeypatch.setattr(observer, "observe_once", lambda *_: WELL)
    monkeypatch.setattr(sys, "stdout", Stdout())
    assert main("snapshot") == 2
    assert "No space left on device" in capfd.readouterr().err


# --- exit codes --------------------------------------------------------------------------------------

FOUND = Finding("x", "X", "error", "fail", "git", "no")
OTHERS = (application("anchor-msp-dev"), application("anchor-msp-staging"))
SEEN = {
    "failing": readings(fresh(argocd(application(health="Degraded")))),
    "attention": readings(fresh(argocd(*OTHERS, application(sync="OutOfSync")))),
    "unknown": readings(fresh(argocd(*OTHERS, application(sync="Unknown")))),
    "unhealthy": readings(fresh(argocd(application(health="Progressing")))),
    "out-of-sync": readings(fresh(argocd(application(sync="OutOfSync")))),
}


@pytest.mark.parametrize("word", FAIL_ON_CONDITIONS)
def test_what_fail_on_names_exits_1_where_it_is_found_and_0_where_it_is_not(word):
    found = build_snapshot(config(), SEEN[word], NOW) if word in SEEN else replace(WELL, findings=(FOUND,))
    assert find_exit_code(WELL, (word,)) == 0
    assert find_exit_code(found, (word,)) == 1
    assert find_exit_code(found, ()) == 0


def test_a_finding_of_an_environment_counts_too_and_a_waived_one_does_not():
    for status, code in (("fail", 1), ("waived", 0), ("pass", 0), ("unknown", 0)):
        environment = replace(WELL.environments[0], findings=(replace(FOUND, status=status),))
        assert find_exit_code(replace(WELL, environments=(environment,)), ("policy",)) == code


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
def test_where_several_codes_hold_it_is_2_then_3_then_1(kinds, code):
    unread = dict(zip(("apps", "repo"), [Unavailable(SourceFailure(kind, "no")) for kind in kinds], strict=False))
    snapshot = build_snapshot(config(), readings(**{"apps": SEEN["failing"].argocd["argocd"], **unread}), NOW)
    assert find_exit_code(snapshot, ("failing", "unhealthy")) == code


def test_a_source_that_is_still_asked_was_not_read():
    assert find_exit_code(build_snapshot(config(), readings(repo=Loading()), NOW), ()) == 3


def test_what_could_not_be_read_is_said_on_stderr_and_the_document_printed(observed, capfd):
    observed[0] = rich.snapshot()
    assert main("snapshot", "--fail-on", "failing") == 3
    said = capfd.readouterr()
    assert snapshot_from_json(said.out) == rich.snapshot()
    assert said.err == "anchor-tui: github: https://api.github.com: no answer within 15 s\n"


# --- usage and configuration -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["snapshot", "--format", "docx"], "invalid choice: 'docx'"),
        (["snapshot", "--fail-on", "failing,splendid"], "'splendid' is none of failing, attention"),
        (["snapshot", "--timeout", "0"], "'0' is no number of seconds"),
        (["snapshot", "--timeout", "nan"], "'nan' is no number of seconds"),
        (["snapshot", "--timeout", "soon"], "'soon' is no number of seconds"),
        (["snapshot", "more"], "unrecognized arguments: more"),
        (["snapshot", "--form", "json"], "unrecognized arguments: --form json"),
        (["fly"], "invalid choice: 'fly'"),
        (["--splendid"], "unrecognized arguments: --splendid"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_accepted(folder, capfd, argv, words):
    assert main(*argv) == 2
    said = capfd.readouterr()
    assert words in said.err
    assert said.out == ""


def test_an_unknown_environment_is_named_with_those_there_are(folder, capfd):
    (folder / "anchor-tui.toml").write_text(ONE_LINE)
    assert main("--environment", "qa") == 2
    assert "there is no environment 'qa'; there are dev, staging, prod" in capfd.readouterr().err


def test_without_a_configuration_it_exits_2_and_says_the_way_out(folder, capfd):
    assert main("snapshot") == 2
    said = capfd.readouterr()
    assert "config init" in said.err
    assert said.out == ""


def test_every_error_of_the_configuration_is_told_at_once_with_its_line(folder, capfd):
    (folder / "anchor-tui.toml").write_text('read_only = "yes"\n[github]\nops_repo = "anchor"\npoll_s = 1\n')
    assert main("snapshot") == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    for line, number in zip(sorted(lines), (1, 3, 4), strict=True):
        assert f"anchor-tui.toml:{number}" in line


def test_without_any_token_it_exits_2_and_the_document_is_printed_all_the_same(folder, capfd):
    (folder / "anchor-tui.toml").write_text('[argocd]\nserver = "https://cd.invalid"\n' + ONE_LINE)
    assert main("snapshot", "--fail-on", "failing") == 2
    said = capfd.readouterr()
    snapshot = snapshot_from_json(said.out)
    assert {each.error.kind for each in snapshot.sources if each.error} == {"credentials"}
    assert "no token for https://cd.invalid" in said.err
    assert "no token for github.com" in said.err


def test_the_parser_of_the_command_knows_its_own_defaults():
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    found = parser.parse_args([])
    assert (found.format, found.fail_on, found.timeout, found.demo) == ("json", (), 15.0, False)


# --- over real sockets -------------------------------------------------------------------------------


@pytest.fixture
def box(folder, monkeypatch):
    with run_sandbox_in_thread("incident") as box:
        write_configuration(box, folder / "box")
        monkeypatch.setenv("ARGOCD_AUTH_TOKEN", box.argocd_token)
        monkeypatch.setenv("GITHUB_TOKEN", box.github_token)
        monkeypatch.chdir(folder / "box")
        yield box


def test_the_embedded_estate_is_printed_and_stderr_is_silent(box, capfd):
    assert main("snapshot", "--fail-on", "failing") == 1
    said = capfd.readouterr()
    snapshot = snapshot_from_json(said.out)
    assert snapshot.verdict.level == "failing"
    assert said.err == ""
    assert box.argocd_token not in said.out
    assert box.github_token not in said.out


@pytest.mark.parametrize("fault", ["argocd:status=401", "argocd:status=502", "argocd:html", "github:status=401"])
def test_a_source_that_could_not_be_read_exits_3_and_the_document_is_printed(box, capfd, fault):
    box.faults.add(fault)
    assert main("snapshot", "--fail-on", "failing") == 3
    said = capfd.readouterr()
    side = fault.partition(":")[0]
    assert snapshot_from_json(said.out).find_source(side).state == "missing"
    assert said.err.startswith(f"anchor-tui: {side}: ")
    assert said.err.count("\n") == 1


def test_an_argocd_cli_context_gives_address_and_token(box, folder, monkeypatch, capfd):
    text = (folder / "box" / "anchor-tui.toml").read_text()
    github = text[text.index("[github]") :]
    (folder / "box" / "anchor-tui.toml").write_text('[argocd]\ncontext = "sandbox"\n' + github)
    monkeypatch.delenv("ARGOCD_AUTH_TOKEN")
    monkeypatch.setenv("ARGOCD_CONFIG_DIR", str(folder / "box" / "argocd-config"))
    assert main("snapshot") == 0
    assert snapshot_from_json(capfd.readouterr().out).find_source("argocd").url.startswith("http")


# --- processes ---------------------------------------------------------------------------------------


def test_the_servers_alone_and_a_snapshot_of_them_as_separate_processes(tmp_path):
    import signal
    import subprocess

    from tests.cli.process import surroundings

    box = tmp_path / "box"
    servers = subprocess.Popen(
        [sys.executable, "-m", "anchor_tui", "sandbox", "serve", "--scenario", "incident", "--write", str(box)],
        env=surroundings(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        told = json.loads(servers.stdout.readline())
        tokens = dict(
            line.removeprefix("export ").replace("'", "").split("=", 1)
            for line in (box / "env").read_text().splitlines()
        )
        done = anchor_tui("snapshot", "--config", told["config"], "--fail-on", "failing", home=tmp_path, environ=tokens)
        assert (done.returncode, done.stderr) == (1, b"")
        assert snapshot_from_json(done.stdout).verdict.level == "failing"
    finally:
        servers.send_signal(signal.SIGTERM)
        _, err = servers.communicate(timeout=20)
    assert (servers.returncode, err) == (0, b"")


def test_the_demo_is_printed_without_any_configuration(tmp_path):
    done = anchor_tui("snapshot", "--demo", "--format", "text", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "anchor-msp" in done.stdout.decode()


def test_a_reader_that_has_had_enough_is_no_traceback(tmp_path):
    (tmp_path / "anchor-tui.toml").write_text(ONE_LINE)
    reading, writing = os.pipe()
    os.close(reading)
    code = "import anchor_tui.services.observe.observer as o\nfrom tests import rich\no.observe_once = lambda *_: rich.snapshot()\n"
    try:
        done = anchor_tui("snapshot", home=tmp_path, code=code, stdout=writing)
    finally:
        os.close(writing)
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert done.returncode in {0, 3}


LOADED = """
import os, sys
end = os._exit
def tell(code):
    print(*sys.modules, file=sys.stderr, flush=True)
    end(code)
os._exit = tell
"""
"""The process ends by `os._exit`, which no `atexit` sees."""


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_load_nothing_heavy(tmp_path, argument):
    code = "import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
    done = anchor_tui(argument, home=tmp_path, code=code)
    loaded = set(done.stderr.decode().split())
    assert done.returncode == 0
    assert b"anchor-tui" in done.stdout
    assert "anchor_tui.__main__" in loaded
    heavy = {"textual", "rich", "httpx", "msgspec", "github", "ruamel", "asyncio", "requests", "starlette", "dulwich"}
    assert not loaded & heavy


def test_a_snapshot_loads_no_screen_and_no_sandbox(tmp_path):
    with run_sandbox_in_thread("steady") as box:
        write_configuration(box, tmp_path / "box")
        tokens = {"ARGOCD_AUTH_TOKEN": box.argocd_token, "GITHUB_TOKEN": box.github_token}
        config = str(tmp_path / "box" / "anchor-tui.toml")
        # click is only installed with the demo extra; httpx loads its own command line, and rich, if it is there.
        code = f"import sys\nsys.modules['click'] = None\n{LOADED}"
        done = anchor_tui("snapshot", "--config", config, home=tmp_path, code=code, environ=tokens)
    loaded = set(done.stderr.decode().split())
    assert done.returncode == 0
    assert {"httpx", "msgspec"} <= loaded
    unwanted = {"textual", "rich", "github", "requests", "urllib3", "jwt"}
    assert not [name for name in loaded if name.split(".")[0] in unwanted or ".sandbox." in name]


def test_noise_of_the_libraries_stays_out_of_stdout_and_stderr(box, capfd):
    import logging

    box.faults.add("github:status=403")
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    assert main("snapshot") == 3
    said = capfd.readouterr()
    json.loads(said.out)
    assert said.err.count("\n") == 1


def test_a_complaint_with_foreign_text_is_one_line_without_escapes(capsys):
    streams.print_error("argocd: \x1b[2J\x1b]0;owned\x07HTTP 500: \x9b31mboom\nanchor-tui: all is well")
    assert capsys.readouterr().err == "anchor-tui: argocd: HTTP 500: 31mboom anchor-tui: all is well\n"


def test_the_complaint_about_a_closed_stderr_is_no_error(monkeypatch):
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    streams.print_error("nobody hears it")


def test_an_estate_without_environments_fails_on_nothing():
    assert find_exit_code(replace(WELL, environments=()), tuple(FAIL_ON_CONDITIONS)) == 0
