"""The past: how the ops repo came to be what it is, as pull requests that were merged, and some that wait.

`tell` lays the changes of `HISTORY` and of a scenario in the order of time over the sample repository as it once
was, so that its end is the sample itself, byte for byte, where a scenario adds nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from anchor_tui.sandbox.git.repository import RepositoryError
from anchor_tui.sandbox.github.accounts import ACCOUNTS
from anchor_tui.sandbox.github.pull_requests import CheckConclusion, HostedReview
from anchor_tui.sandbox.github.repository import HostedRepository

DEV, STAGING, PROD = "dev", "staging", "prod"
OVERLAY_PATH = "infra/helm/platform/environments/{}/values.yaml"
RELEASE_PATH = "environments/{}/release.yaml"
RELEASE_SCALARS = re.compile(r"^ *(?:version|commit|released|digest): (\S+)$", re.MULTILINE)
"""What a release.yaml says of a version, in the order of `Version`."""
ReadFile = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class SeedRelease:
    """One version for one environment: both its release.yaml and its overlay move."""

    environment: str
    version: str


@dataclass(frozen=True, slots=True)
class FileEdit:
    """`old` becomes `new` in one file."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class SeedPullRequest:
    """A pull request: opened, and merged `ago` before now; with `merged=False` opened `ago` before now."""

    number: int
    ago: timedelta
    author: str
    content: SeedRelease | FileEdit
    title: str = ""
    branch: str = ""
    open_for: timedelta = timedelta(minutes=25)
    merged_by: str = "m-ito"
    merged: bool = True
    draft: bool = False
    labels: tuple[str, ...] = ()
    approved_by: str | None = None
    checks: CheckConclusion = "SUCCESS"


def _time_ago(days: float = 0, hours: float = 0, minutes: float = 0) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes)


FIRST_VERSION = "1.39.0"
FIRST_COMMIT = _time_ago(days=62)
LATER_VERSIONS = {"1.45.0": "2026-11-23T11:36:52Z"}
"""Versions that only scenarios come to: when each was released."""

HISTORY: tuple[SeedPullRequest, ...] = (
    SeedPullRequest(201, _time_ago(56, 3), "anchor-bot", SeedRelease(DEV, "1.40.0")),
    SeedPullRequest(202, _time_ago(55, 1), "a-lee", SeedRelease(STAGING, "1.40.0")),
    SeedPullRequest(203, _time_ago(53, 5), "anchor-bot", SeedRelease(DEV, "1.40.1")),
    SeedPullRequest(204, _time_ago(52, 2), "m-ito", SeedRelease(STAGING, "1.40.1"), merged_by="a-lee"),
    SeedPullRequest(205, _time_ago(50, 4), "a-lee", SeedRelease(PROD, "1.40.1")),
    SeedPullRequest(
        206,
        _time_ago(47, 6),
        "s-okafor",
        FileEdit("infra/helm/platform/values.yaml", "    limits: {memory: 640Mi}", "    limits: {memory: 768Mi}"),
        title="Raise the gateway's memory limit to 768Mi",
        branch="gateway-memory",
    ),
    SeedPullRequest(207, _time_ago(45, 7), "anchor-bot", SeedRelease(DEV, "1.41.0")),
    SeedPullRequest(208, _time_ago(43, 3), "a-lee", SeedRelease(STAGING, "1.41.0")),
    SeedPullRequest(209, _time_ago(40, 2), "anchor-bot", SeedRelease(DEV, "1.41.1")),
    SeedPullRequest(210, _time_ago(39, 5), "m-ito", SeedRelease(STAGING, "1.41.1"), merged_by="a-lee"),
    SeedPullRequest(211, _time_ago(37, 1), "m-ito", SeedRelease(PROD, "1.41.1"), merged_by="a-lee"),
    SeedPullRequest(212, _time_ago(34, 4), "anchor-bot", SeedRelease(DEV, "1.41.2")),
    SeedPullRequest(213, _time_ago(33, 6), "a-lee", SeedRelease(STAGING, "1.41.2")),
    SeedPullRequest(214, _time_ago(32, 2), "a-lee", SeedRelease(PROD, "1.41.2")),
    SeedPullRequest(215, _time_ago(26, 5), "anchor-bot", SeedRelease(DEV, "1.42.0")),
    SeedPullRequest(216, _time_ago(24, 3), "m-ito", SeedRelease(STAGING, "1.42.0"), merged_by="a-lee"),
    SeedPullRequest(217, _time_ago(22, 6), "a-lee", SeedRelease(PROD, "1.42.0")),
    SeedPullRequest(218, _time_ago(19, 2), "anchor-bot", SeedRelease(DEV, "1.42.1")),
    SeedPullRequest(219, _time_ago(17, 4), "a-lee", SeedRelease(STAGING, "1.42.1")),
    SeedPullRequest(220, _time_ago(12, 5), "anchor-bot", SeedRelease(DEV, "1.43.0")),
    SeedPullRequest(221, _time_ago(10, 3), "m-ito", SeedRelease(STAGING, "1.43.0"), merged_by="a-lee"),
    SeedPullRequest(222, _time_ago(8, 6), "a-lee", SeedRelease(PROD, "1.43.0")),
    SeedPullRequest(223, _time_ago(6, 2), "anchor-bot", SeedRelease(DEV, "1.43.1")),
    SeedPullRequest(224, _time_ago(5, 1), "a-lee", SeedRelease(STAGING, "1.43.1")),
    SeedPullRequest(225, _time_ago(3), "m-ito", SeedRelease(PROD, "1.43.1"), merged_by="a-lee"),
    SeedPullRequest(226, _time_ago(2, 6), "anchor-bot", SeedRelease(DEV, "1.43.2")),
    SeedPullRequest(
        227,
        _time_ago(2, 2),
        "s-okafor",
        FileEdit("README.md", "\n", "\n\nOn-call hand-over: see the wiki, page *Anchor on call*.\n"),
        title="Point the README at the on-call hand-over",
        branch="readme-on-call",
        merged=False,
        draft=True,
        labels=("documentation",),
    ),
    SeedPullRequest(228, _time_ago(1, 1), "a-lee", SeedRelease(STAGING, "1.43.2")),
    SeedPullRequest(
        229,
        _time_ago(hours=20),
        "s-okafor",
        FileEdit(".github/workflows/sync.yaml", "actions/checkout@v3", "actions/checkout@v4"),
        title="Move the sync workflow to actions/checkout@v4",
        branch="checkout-v4",
        merged_by="a-lee",
    ),
    SeedPullRequest(231, _time_ago(hours=2), "a-lee", SeedRelease(DEV, "1.44.0")),
)


@dataclass(frozen=True, slots=True)
class SeedVersion:
    """The scalars of one version, as the files write them."""

    version: str
    commit: str
    released: str
    gateway: str
    web: str

    @property
    def scalars(self) -> tuple[str, ...]:
        """All of them, in one order."""
        return (self.version, self.commit, self.released, self.gateway, self.web)


@cache
def load_sample_files() -> dict[str, str]:
    """The sample ops repo that comes with the package: path → text."""

    def walk(folder: Traversable, prefix: str) -> Iterable[tuple[str, str]]:
        for child in sorted(folder.iterdir(), key=lambda item: item.name):
            if child.is_dir():
                yield from walk(child, f"{prefix}{child.name}/")
            else:
                yield prefix + child.name, child.read_bytes().decode()

    return dict(walk(resources.files("anchor_tui.sandbox").joinpath("ops_repo"), ""))


@cache
def build_versions() -> dict[str, SeedVersion]:
    """Every version of the story: the newest as the sample has them, those before made up, the same each time."""
    known = {}
    for environment in (DEV, STAGING, PROD):
        text = load_sample_files()[RELEASE_PATH.format(environment)]
        found = RELEASE_SCALARS.findall(text)
        known[found[0]] = SeedVersion(*found)
    order = [FIRST_VERSION]
    order += [change.content.version for change in HISTORY if isinstance(change.content, SeedRelease)]
    order = list(dict.fromkeys(order))
    oldest = min(known, key=order.index)
    newest_release = datetime.fromisoformat(known[oldest].released)
    for distance, version in enumerate(reversed(order[: order.index(oldest)]), start=1):
        moment = newest_release - timedelta(days=4, hours=5, minutes=17) * distance
        known[version] = _invent_version(version, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for version, moment_text in LATER_VERSIONS.items():
        known[version] = _invent_version(version, moment_text)
    return known


def _invent_version(version: str, moment: str) -> SeedVersion:
    digests = (hashlib.sha256(f"{name}:{version}".encode()).hexdigest() for name in ("gateway", "web"))
    commit = hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()
    return SeedVersion(version, commit, moment, *(f"sha256:{digest}" for digest in digests))


def read_release(read: ReadFile, environment: str) -> SeedVersion:
    """The version that an environment's release.yaml names."""
    path = RELEASE_PATH.format(environment)
    found = RELEASE_SCALARS.findall(read(path))
    if len(found) != 5:
        raise RepositoryError(f"{path} is no release of two images")
    return SeedVersion(*found)


def read_release_version(read: ReadFile, environment: str) -> str:
    """The name of that version."""
    return read_release(read, environment).version


def _replace_release(read: ReadFile, environment: str, new: SeedVersion) -> dict[str, str]:
    """Both files of an environment at another version: path → text, nothing else in them changed."""
    old, files = read_release(read, environment), {}
    for path in (RELEASE_PATH.format(environment), OVERLAY_PATH.format(environment)):
        files[path] = read(path)
        for old_scalar, new_scalar in zip(old.scalars, new.scalars, strict=True):
            files[path] = files[path].replace(old_scalar, new_scalar)
    return files


def edit_release_files(read: ReadFile, release: SeedRelease) -> dict[str, str]:
    """Both files of an environment at a version of the story."""
    return _replace_release(read, release.environment, build_versions()[release.version])


def edit_promotion_files(read: ReadFile, source: str, to: str, version: str) -> dict[str, str]:
    """Both files of an environment at the version that another has, or at one of the story."""
    there = read_release(read, source)
    if version != there.version and version not in build_versions():
        raise RepositoryError(f"there is no release {version}")
    return _replace_release(read, to, there if version == there.version else build_versions()[version])


def edit_files(what: SeedRelease | FileEdit, read: ReadFile) -> dict[str, str]:
    """What a change writes."""
    if isinstance(what, SeedRelease):
        return edit_release_files(read, what)
    text = read(what.path)
    if what.old not in text:
        raise RepositoryError(f"{what.path} has no {what.old!r}")
    return {what.path: text.replace(what.old, what.new, 1)}


def _build_first_files() -> dict[str, str]:
    """The sample as it was before the history."""
    files = dict(load_sample_files())
    for change in reversed(HISTORY):
        if isinstance(change.content, FileEdit) and change.merged:
            files |= edit_files(
                FileEdit(change.content.path, change.content.new, change.content.old), files.__getitem__
            )
    for environment in (DEV, STAGING, PROD):
        files |= edit_release_files(files.__getitem__, SeedRelease(environment, FIRST_VERSION))
    return files


def commit_first_files(hosted: HostedRepository, now: datetime) -> None:
    """The first commit."""
    hosted.git.commit(
        _build_first_files(),
        "Bring in the platform chart and the environments",
        author=ACCOUNTS["a-lee"],
        time=now - FIRST_COMMIT,
    )


def replay_history(
    hosted: HostedRepository, changes: Iterable[SeedPullRequest], now: datetime, until: Callable[[datetime], None]
) -> None:
    """Let the changes happen, oldest first. `until` is called with each moment before it comes, for those who
    live in the meantime.
    """
    for change in sorted(changes, key=lambda change: change.ago, reverse=True):
        time = now - change.ago
        until(time)
        replay_pull_request(hosted, change, time)


def replay_pull_request(hosted: HostedRepository, change: SeedPullRequest, time: datetime) -> None:
    """One change: its branch, its pull request, and its merge where it is merged at `time`."""
    opened = time - change.open_for if change.merged else time
    what = change.content
    title, branch, labels = change.title, change.branch, change.labels
    if isinstance(what, SeedRelease):
        verb = "Update" if what.environment == DEV else "Promote"
        title = title or f"{verb} {what.environment} to {what.version}"
        branch = branch or f"{'bump' if what.environment == DEV else 'promote'}/{what.environment}-{what.version}"
        labels = labels or ("bump" if what.environment == DEV else "promotion",)
    head = hosted.git.commit(
        edit_files(what, lambda path: hosted.git.read_file(path)),
        title,
        author=ACCOUNTS[change.author],
        time=opened,
        branch=branch,
        start=hosted.git.head,
    )
    if change.checks != "SUCCESS":
        hosted.check_conclusions[head] = change.checks
    pull = hosted.open_pull_request(
        title,
        branch=branch,
        author=change.author,
        time=opened,
        number=change.number,
        draft=change.draft,
        labels=labels,
    )
    approver = change.approved_by or (change.merged_by if change.merged else None)
    if approver and approver != change.author:
        pull.reviews = (HostedReview(approver, "APPROVED", opened + change.open_for * 0.8, head),)
    if change.merged:
        hosted.merge_pull_request(change.number, by=change.merged_by, time=time)
