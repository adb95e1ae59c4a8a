"""The accounts of the sandbox's GitHub: people, bots, teams and code owners."""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.sandbox.git.objects import GitPerson

ORGANISATION = "anchor"
ACTIONS_BOT = "github-actions[bot]"
"""The account of a workflow's own token."""
QUEUE_BOT = "github-merge-queue[bot]"
BOTS = frozenset({"anchor-bot", ACTIONS_BOT, QUEUE_BOT})

APP_IDS: Mapping[str, int] = {"github-actions": 15_368, "policy-app": 240_117}
"""The apps that report check runs: slug → id."""

ACCOUNTS: dict[str, GitPerson] = {
    login: GitPerson(name, f"{login}@anchor.example", login)
    for login, name in {
        "a-lee": "Ada Lee",
        "m-ito": "Mika Ito",
        "s-okafor": "Sade Okafor",
        "anchor-bot": "anchor-bot",
        "on-call": "On Call",
        "passer-by": "Passer By",
    }.items()
} | {
    login: GitPerson(login, f"{number}+{login}@users.noreply.github.com", login)
    for login, number in {ACTIONS_BOT: 41_898_282, QUEUE_BOT: 118_344_674}.items()
}

COLLABORATORS = frozenset({"a-lee", "m-ito", "s-okafor", "anchor-bot", "on-call"})
"""The accounts that can be asked for a review."""

TEAMS: Mapping[str, str] = {"on-call": "anchor/on-call", "platform": "anchor/platform"}
"""The organisation's teams: slug → combined slug."""

CODE_OWNERS: Mapping[str, str] = {
    "environments/prod/": "anchor/on-call",
    "infra/helm/platform/environments/prod/": "anchor/on-call",
    "infra/argocd/": "anchor/platform",
}
"""Path prefix → owning team, as in .github/CODEOWNERS."""

LABEL_COLOURS = {"promotion": "0e8a16", "rollback": "d93f0b", "bump": "1d76db", "documentation": "0075ca"}
