"""The help of every command: a summary for the list of commands, a description, and examples."""

from __future__ import annotations

from typing import NamedTuple


class CommandHelp(NamedTuple):
    """The help texts of one command. `reference` follows the examples."""

    summary: str
    description: str
    examples: tuple[str, ...]
    reference: str = ""

    @property
    def epilog(self) -> str:
        """The text after the options."""
        examples = "\n".join(f"  anchor-tui {example}" for example in self.examples)
        return f"examples:\n{examples}" + (f"\n\n{self.reference}" if self.reference else "")


EXIT_CODES = """\
exit codes:
  0  success
  1  --fail-on found something, or a condition of `wait` is false at the end of its time; of `diff`: something differs
  2  wrong usage, invalid configuration, or no token
  3  a source could not be read
  4  refused: read-only, not confirmed, a precondition failed, or the plan has drifted
  5  the action failed
  6  the outcome of the action is unknown
  7  a condition of `wait` cannot become true any more
  70  an internal error in anchor-tui; the message names a report
  130  interrupted with ctrl+c
  128+n  signal n ended the process, as 143 for SIGTERM"""

SANDBOX_REFERENCE = """\
use the servers in another terminal:
  . /tmp/box/env && anchor-tui --config /tmp/box/anchor-tui.toml

faults, each SIDE:KIND[=VALUE][,times=N][,path=PREFIX][,method=METHOD][,operation=MUTATION]
SIDE is argocd, github or status; MUTATION is a GraphQL mutation, such as createCommitOnBranch:
  latency=SECONDS        delay each response
  status=STATUS          respond with 401, 403, 404, 429, 500, 502, 503 or 504, with the body of the real server
  secondary-limit        403 with retry-after, as GitHub's secondary rate limit
  invalid-token          the token is revoked
  html                   the login page of a proxy, with status 200
  truncated              the body ends in the middle, with status 200
  reset                  the connection is reset; reset=after: after the request was carried out
  hang                   no response at all; hang=after: the request is carried out nevertheless
  duplicate              the request is carried out twice, and the second response is returned
  dead-stream            argocd: a stream sends nothing after its first events
  cut-stream             argocd: a stream ends after its first event
  next-line              argocd: messages in a stream contain U+0085
  cold-cache             argocd: manifests and trees fail after 60 s; cold-cache=SECONDS: after SECONDS
  forbidden=APPLICATION  argocd: one application that the token may not see
  deny=FIELD             github: a GraphQL field that the token may not see, such as contexts"""

WAIT_REFERENCE = """\
conditions, joined by `and` or side by side:
  ENV ok                the verdict of the environment is ok
  ENV no-failures       the verdict is known and not failing
  ENV healthy           every application that is not asleep is Healthy
  ENV synced            every application that is not asleep is Synced
  ENV runs VERSION      git has the version, and no image of the release is another one in the cluster
  ENV/APP healthy       one application; also ENV/APP synced
  pr NUMBER merged      also open, closed (merged or not), mergeable (no draft, no conflicts), checks passed
  not CONDITION         the state is known and another one
Data that is stale or unknown satisfies no condition, not even one with `not`.

exit codes:
  0  the conditions hold, all at the same time
  1  the time is over, and a condition is known to be false
  2  wrong usage, invalid configuration, or no token
  3  the time is over, and a condition is unknown: a source could not be read
  7  a condition cannot become true any more, such as `pr 232 merged` after it was closed"""

_CONFIRMATION = """\
Without --yes or --confirm, the command prints the plan and does nothing."""

HELP_BY_COMMAND = {
    "": CommandHelp(
        "",
        "Watch and operate a GitOps estate: Argo CD, the ops repo and its policy.\nWithout a command: open the screen.",
        (
            "--environment prod",
            "--read-only --config staging.toml",
            "--record recording",
            "--replay 'recording@03:12'",
            "snapshot --format text",
        ),
        EXIT_CODES,
    ),
    "demo": CommandHelp(
        "open the screen on embedded servers; nothing else is needed",
        "Open the screen on embedded servers: an Argo CD, a GitHub and a status API on this machine.\n"
        "No configuration and no token is needed. The servers end with the screen.",
        ("demo", "demo --scenario incident --read-only", "demo --scenario incident --record recording"),
    ),
    "snapshot": CommandHelp(
        "print one observation, without a screen",
        "Read every source once and print the state of all environments.\n"
        "The document is printed even if a source cannot be read; the exit code is then 3.",
        ("snapshot --format text", "snapshot --fail-on failing,unknown -o snapshot.json", "snapshot --demo"),
    ),
    "watch": CommandHelp(
        "print one line for each change",
        "Print the present state, each line marked with `=`, then one line for each change, marked with `~`, until\n"
        "ctrl+c. A source that is lost is one line. What it makes unknown is not a change.",
        ("watch", "watch prod --kind verdict,release", "watch --format jsonl --for 20m"),
    ),
    "wait": CommandHelp(
        "wait until conditions hold, for pipelines",
        "Wait until all conditions hold at the same time. The reason for waiting is printed on stderr when it changes.",
        (
            "wait 'prod healthy' --timeout 20m",
            "wait 'staging runs 1.44.0' 'staging healthy' --for 2m",
            "wait 'pr 232 merged' --quiet",
            "wait 'prod ok and not dev synced'",
        ),
        WAIT_REFERENCE,
    ),
    "diff": CommandHelp(
        "compare two snapshots: documents, or recordings at a time",
        "Print what differs between two snapshots: releases, verdicts and their reasons, applications, findings and\n"
        "pull requests. Ages are not compared. The exit code is 0 if nothing differs and 1 if something does.",
        (
            "diff before.json after.json",
            "diff 'recording@2026-11-30 03:12' recording --format markdown",
            "diff monday.json.gz - --format json",
        ),
    ),
    "app": CommandHelp(
        "explain one application: cause, tree, events, logs, diff, history",
        "Print the inside of one application. Without a view: its state and the cause of its failure.\n"
        "--why exits with 0 if a cause is found and with 1 if there is none.",
        (
            "app prod --why",
            "app anchor-msp-prod --logs --previous --grep error",
            "app prod --logs --follow",
            "app prod --diff --format json",
        ),
    ),
    "pr": CommandHelp(
        "show one pull request: merge state, checks, reviews, files, diff",
        "Print one pull request of the ops repo, open or not. A part that cannot be read is named on stderr;\n"
        "the exit code is then 3.",
        ("pr 232", "pr 232 --checks", "pr 232 --diff --format json"),
    ),
    "check": CommandHelp(
        "check the policy on a checkout of the ops repo, offline",
        "Check the policy on a checkout of the ops repo. No network and no token is needed.\n"
        "In CI, no configuration of the checkout is used unless --config names it. Missing files are errors.",
        (
            "check ../anchor-msp-ops --fail-on warning",
            "check --format sarif -o policy.sarif",
            "check --config anchor-tui.toml --base origin/main",
            "check --explain release.pinned",
        ),
    ),
    "refresh": CommandHelp(
        "let Argo CD compare again",
        "Let Argo CD compare the applications with git again.\nNothing in the cluster changes, unless auto-sync does.",
        ("refresh staging", "refresh argocd/anchor-msp-dev --wait"),
    ),
    "hard-refresh": CommandHelp(
        "let Argo CD compare again, without its cache of manifests",
        "Let Argo CD render the manifests again, without its cache, and compare them with the cluster.",
        ("hard-refresh staging", "hard-refresh dev staging --wait --timeout 120"),
    ),
    "sync": CommandHelp(
        "let Argo CD apply what is in git",
        f"Let Argo CD apply the manifests in git to the cluster.\n{_CONFIRMATION}",
        ("sync staging --dry-run", "sync dev --yes --wait", "sync prod --confirm prod --reason 'hotfix 1.44.1'"),
    ),
    "hard-refresh-prune": CommandHelp(
        "hard refresh, then sync with prune: deletes what is no longer in git",
        f"Hard refresh, then sync with prune. Deletes the resources that are no longer in git.\n{_CONFIRMATION}",
        ("hard-refresh-prune staging --dry-run", "hard-refresh-prune staging --confirm 2 --wait"),
    ),
    "terminate": CommandHelp(
        "end the running operation",
        f"End the running operation of Argo CD. Resources that are already applied stay applied.\n{_CONFIRMATION}",
        ("terminate staging --yes", "terminate anchor-msp-prod --confirm anchor-msp-prod --reason 'stuck hook'"),
    ),
    "resource": CommandHelp(
        "run an action of one resource: restart, resume, scale, retry; or delete a pod",
        "Run an action that Argo CD offers for one resource, such as the restart of a Deployment, or delete a pod,\n"
        f"which its workload creates again. --list prints what is offered.\n{_CONFIRMATION}",
        (
            "resource anchor-msp-dev Deployment/anchor-web --list",
            "resource anchor-msp-dev Deployment/anchor-web restart --yes --wait",
            "resource anchor-msp-dev Deployment/anchor-web scale --param replicas=3 --dry-run",
            "resource anchor-msp-prod Pod/anchor-web-5d8f-x2 --delete --confirm 'prod 1' --reason 'stuck'",
        ),
    ),
    "promote": CommandHelp(
        "open the pull request that moves a release into an environment",
        f"Open the pull request that moves a release into an environment.\n{_CONFIRMATION}",
        ("promote staging --dry-run", "promote prod --version 1.43.2 --confirm prod --reason 'release day' --wait"),
    ),
    "rollback": CommandHelp(
        "open the pull request that returns to an earlier release",
        "Open the pull request that returns an environment to an earlier release. --merge also merges it.\n"
        f"{_CONFIRMATION}",
        (
            "rollback staging --to 1.43.1 --yes",
            "rollback prod --to 1.43.1 --confirm prod --reason 'errors in checkout'",
            "rollback prod --to 1.43.1 --merge --confirm prod --reason 'errors in checkout'",
        ),
    ),
    "merge": CommandHelp(
        "merge the pull request of a promotion, a rollback or a fix",
        "Merge the pull request of a promotion, a rollback or a fix by the rules of the repository: directly, with\n"
        f"auto-merge, or through the merge queue.\n{_CONFIRMATION}",
        ("merge 232 --dry-run", "merge 232 --yes --wait"),
    ),
    "fix": CommandHelp(
        "open the pull request that fixes a failed check",
        "Open the pull request that corrects the value which a check found wrong: a switch is flipped, and the\n"
        f"address of a service is set to the last correct one in git.\n{_CONFIRMATION}",
        (
            "fix staging argo.automated-prune --yes",
            "fix prod mock.workloads-absent --confirm prod --reason 'cut over'",
            "fix prod mock.control-center-url --confirm prod --reason 'cut over'",
        ),
        "`mend` is an older name of this command.",
    ),
    "cutover": CommandHelp(
        "the no-mock cutover: its checklist and its last step",
        f"Check the list of the no-mock cutover and do its last step.\n{_CONFIRMATION}",
        ("cutover --dry-run", "cutover --confirm prod --reason 'mocks are replaced'"),
    ),
    "metrics": CommandHelp(
        "print the delivery metrics of each environment from the history",
        "Print deployment frequency, lead time, change failure rate and time to restore of each environment, as\n"
        "recorded by the screen on this machine. No network and no token is needed. Fewer than five events are\n"
        "too few, and events that were not watched are left out: see docs/metrics.md.",
        ("metrics", "metrics prod --window 90d", "metrics --format markdown -o delivery.md"),
    ),
    "incident": CommandHelp(
        "list incidents, and print the hand-over of one",
        "Without ID: list the incidents of this machine. With the number of an incident, or `last`: print its\n"
        "hand-over, that is impact, timeline, actions, pull requests and open items. Nothing is read from the\n"
        "network: the hand-over contains what the screen has recorded. `start TITLE`, `note TEXT` and `end` do what\n"
        "the screen does with `i` and `n`.",
        (
            "incident",
            "incident last",
            "incident 12 --format markdown",
            "incident start 'gateway is down'",
            "incident note 'the rollback is open, waiting for its checks'",
            "incident end",
        ),
    ),
    "history": CommandHelp(
        "list the recorded changes: releases, syncs, health, findings, pull requests, actions",
        "Print the recorded changes with their causes, newest first. Only the history file is read: no server is\n"
        "asked and no token is needed. Times without observation are lines of their own.",
        (
            "history",
            "history prod --since 2h",
            "history --kind release,health --since 2026-11-29T02:00 --until 2026-11-29T07:00",
            "history --application anchor-msp-prod --format csv -o prod.csv",
        ),
    ),
    "audit": CommandHelp(
        "list the actions of this machine with their outcomes",
        "List the actions that were started on this machine with their outcomes, newest last. With --resolve,\n"
        "acknowledge an outcome that is unknown, for example after a crash; nothing is sent. With --resume,\n"
        "show what an interrupted plan left to do, and do it with --yes or --confirm.",
        (
            "audit",
            "audit --steps",
            "audit --format json",
            "audit --resolve 4f1c0a2b --reason 'it was applied'",
            "audit --resume 4f1c0a2b --confirm prod",
        ),
    ),
    "config": CommandHelp(
        "write, show, trust or describe the configuration",
        "Write a configuration file, show the effective configuration, trust a file, or print the JSON Schema.",
        ("config init --ops-repo anchor/anchor-msp-ops", "config trust", "config show"),
    ),
    "config init": CommandHelp(
        "write a commented configuration file",
        "Write a configuration file with every key, its description and its default.\n"
        "Only the ops repo is set, if it is given; every other key is a comment. An existing file is not replaced.",
        ("config init --ops-repo anchor/anchor-msp-ops", "config init ~/.config/anchor-tui/"),
    ),
    "config show": CommandHelp(
        "show the effective configuration with the origin of each value",
        "Check the configuration and print every value in use with its origin, as TOML.",
        ("config show", "config show --config staging.toml"),
    ),
    "config path": CommandHelp(
        "print the configuration file in use, and the reason why it is trusted",
        "Print the path of the configuration file in use. The reason for its use is printed on stderr.",
        ("config path", "config path --config staging.toml"),
    ),
    "config trust": CommandHelp(
        "trust a configuration file in a working folder, until it changes",
        "Trust a configuration file, so that it is used in its folder without --config. A configuration decides which\n"
        "token is sent to which server: read the file first. A changed file is not trusted any more.",
        ("config trust", "config trust ../anchor-msp-ops"),
    ),
    "config untrust": CommandHelp(
        "trust a configuration file no longer",
        "Trust a configuration file no longer. It is ignored from now on, unless --config names it.",
        ("config untrust", "config untrust ../anchor-msp-ops/anchor-tui.toml"),
    ),
    "config schema": CommandHelp(
        "print the JSON Schema of the configuration file",
        "Print the JSON Schema of the configuration file, or of the document that `anchor-tui snapshot` or\n"
        "`anchor-tui diff`, `anchor-tui incident ID --format json` or `anchor-tui history` prints.",
        (
            "config schema",
            "config schema --snapshot",
            "config schema --diff",
            "config schema --incident",
            "config schema --history",
        ),
    ),
    "sandbox": CommandHelp(
        "serve the embedded servers without a screen",
        "Serve an Argo CD, a GitHub and a status API on this machine, for tests and for practice.",
        ("sandbox serve", "sandbox serve --scenario incident --write /tmp/box"),
    ),
    "sandbox serve": CommandHelp(
        "serve an Argo CD, a GitHub and a status API on loopback, until SIGTERM",
        "Serve an Argo CD, a GitHub and a status API on loopback. When all of them listen, one JSON line on\n"
        "stdout contains their addresses and tokens. SIGTERM or SIGINT ends the servers.",
        (
            "sandbox serve --scenario incident --write /tmp/box",
            "sandbox serve --fault argocd:latency=0.3 --fault github:status=503,times=2",
            "sandbox serve --scenario scale-5000 --storm 200 --fault argocd:cold-cache --write /tmp/box",
        ),
        SANDBOX_REFERENCE,
    ),
}
"""The help of each command by its name; the empty name is `anchor-tui` itself."""
