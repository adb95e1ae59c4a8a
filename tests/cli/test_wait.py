"""`anchor-tui wait`: exit codes, progress, and errors that point at a word."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Unavailable
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.services.observe import condition_watch
from tests.cli.process import run_in_process
from tests.config.config_files import write_own_config
from tests.values import NOW, application, argocd, config, fresh, readings

FAILURE = SourceFailure("timeout", "no answer within 5 s")
HEALTHY = build_snapshot(config(), readings(), NOW)
LOST = build_snapshot(config(), readings(repo=Unavailable(FAILURE)), NOW)
DEGRADED = build_snapshot(
    config(),
    readings(
        fresh(argocd(application("anchor-msp-dev"), application("anchor-msp-staging"), application(health="Degraded")))
    ),
    NOW,
)


@pytest.fixture
def follow(folder, monkeypatch):
    """Return a function that sets the snapshots which a wait sees; after the last one its time is over.

    With `step_s`, so many seconds are between two of them.
    """
    write_own_config()

    def set_snapshots(*snapshots, step_s=0.0):
        now_s = [0.0]

        async def follow_snapshots(*_):
            for snapshot in snapshots:
                yield snapshot
                now_s[0] += step_s

        monkeypatch.setattr(condition_watch, "follow_snapshots", follow_snapshots)
        monkeypatch.setattr(condition_watch, "time", SimpleNamespace(monotonic=lambda: now_s[0]))

    return set_snapshots


def wait(capfd, *arguments: str) -> tuple[int, str]:
    """Return exit code and stderr."""
    code = run_in_process("wait", *arguments)
    printed = capfd.readouterr()
    assert printed.out == ""
    return code, printed.err


def test_a_condition_that_holds_ends_the_wait(box, capfd):
    code, err = wait(capfd, "pr 232 open", "and dev healthy", "--timeout", "30s")
    assert code == 0
    assert "waiting for `pr 232 open`: GitHub is loading" in err
    assert err.endswith("anchor-tui: the conditions hold\n")


def test_a_false_condition_times_out_with_one(follow, capfd):
    follow(HEALTHY, DEGRADED, DEGRADED)
    code, err = wait(capfd, "prod/anchor-msp-prod healthy", "dev runs 9.9")
    assert code == 1
    assert err.splitlines() == [
        "anchor-tui: waiting for `dev runs 9.9`: dev has 1.44.0 in git",
        "anchor-tui: waiting for `prod/anchor-msp-prod healthy`: anchor-msp-prod is Degraded (and 1 more)",
        "anchor-tui: timed out waiting for `prod/anchor-msp-prod healthy`: anchor-msp-prod is Degraded",
        "anchor-tui: timed out waiting for `dev runs 9.9`: dev has 1.44.0 in git",
    ]


def test_a_lost_source_times_out_with_three(follow, capfd):
    follow(HEALTHY, LOST)
    assert wait(capfd, "pr 232 merged", "--quiet") == (
        3,
        "anchor-tui: timed out waiting for `pr 232 merged`: GitHub is unavailable\n",
    )


def test_a_known_false_condition_decides_beside_an_unknown_one(follow, capfd):
    follow(LOST)
    assert wait(capfd, "pr 232 merged", "not prod healthy")[0] == 1


def test_the_time_can_end_before_anything_was_read(follow, capfd):
    follow()
    code, err = wait(capfd, "prod healthy")
    assert (code, "nothing was read yet" in err) == (3, True)


def test_a_merged_pull_request_is_read_although_unlisted(box, capfd):
    box.call_in_loop(lambda: box.github_repo.merge_pull_request(232, by="a-lee", time=box.clock.now()))
    code, err = wait(capfd, "pr 232 merged", "--timeout", "30s")
    assert (code, err.splitlines()[-1]) == (0, "anchor-tui: `pr 232 merged` holds")


@pytest.mark.parametrize("text", ["pr 99999 merged", "not pr 99999 merged"])
def test_a_pull_request_that_does_not_exist_is_impossible(box, capfd, text):
    code, err = wait(capfd, text, "--timeout", "30s")
    assert code == 7
    assert "there is no pull request #99999" in err


def test_a_condition_must_hold_for_a_time(follow, capfd):
    follow(HEALTHY, HEALTHY, DEGRADED, HEALTHY, HEALTHY, HEALTHY, step_s=5.0)
    code, err = wait(capfd, "prod healthy", "--for", "10s")
    assert code == 0
    assert [line.removeprefix("anchor-tui: ") for line in err.splitlines()] == [
        "all conditions hold; they must hold for 10 s",
        "waiting for `prod healthy`: anchor-msp-prod is Degraded",
        "all conditions hold; they must hold for 10 s",
        "`prod healthy` holds",
    ]


def test_an_unknown_value_interrupts_the_time(follow, capfd):
    unread = build_snapshot(config(), readings(Unavailable(FAILURE)), NOW)
    follow(HEALTHY, HEALTHY, unread, HEALTHY, HEALTHY, step_s=5.0)
    code, err = wait(capfd, "prod healthy", "--for", "10s")
    assert code == 1
    assert "give a longer --timeout" in err


def test_quiet_prints_nothing_if_the_condition_holds(box, capfd):
    assert wait(capfd, "dev healthy", "--timeout", "30s", "--quiet") == (0, "")


def test_a_missing_token_is_not_waited_for(folder, capfd):
    write_own_config()
    code, err = wait(capfd, "prod healthy", "--timeout", "30s")
    assert code == 2
    assert "no address of Argo CD" in err


def test_an_error_points_at_the_word(folder, capfd):
    write_own_config()
    code, err = wait(capfd, "prod healthy", "prd ok")
    assert code == 2
    assert err.splitlines() == [
        "anchor-tui: there is no environment 'prd'; did you mean prod? There are dev, staging, prod; "
        "a pull request is written as pr NUMBER",
        "anchor-tui:   prod healthy prd ok",
        "anchor-tui:                ^^^",
    ]


def test_a_hostile_condition_is_printed_harmlessly(folder, capfd):
    write_own_config()
    code, err = wait(capfd, "\x1b[31mprod\n::error::x ok")
    assert code == 2
    assert "\x1b" not in err
    assert not any(line.startswith("::") for line in err.splitlines())


def test_for_longer_than_timeout_is_refused(folder, capfd):
    write_own_config()
    code, err = wait(capfd, "prod ok", "--for", "2h", "--timeout", "1h")
    assert code == 2
    assert "--for is longer than --timeout" in err


async def test_a_pull_request_is_not_read_with_every_snapshot(monkeypatch):
    read = []

    class Inspector:
        def __init__(self, _, number):
            self.number = number

        async def read_details(self):
            read.append(self.number)
            return Unavailable(FAILURE)

    monkeypatch.setattr(condition_watch, "PullRequestInspector", Inspector)
    reader = condition_watch._PullRequestReader(None)
    await reader.read((7,))
    await reader.read((7,))
    await reader.read(())
    assert (read, reader.found) == ([7], {})
