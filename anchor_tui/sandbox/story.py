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

from anchor_tui.sandbox.accounts import ACCOUNTS
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.pulls import Conclusion, Review
from anchor_tui.sandbox.repository import RepositoryError

DEV, STAGING, PROD = "dev", "staging", "prod"
OVERLAY = "infra/helm/platform/environments/{}/values.yaml"
RELEASE = "environments/{}/release.yaml"
SCALARS = re.compile(r"^ *(?:version|commit|released|digest): (\S+)$", re.MULTILINE)
"""What a release.yaml says of a version, in the order of `Version`."""
Read = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Release:
    """One version for one environment: both its release.yaml and its overlay move."""

    environment: str
    version: str


@dataclass(frozen=True, slots=True)
class Edit:
    """`old` becomes `new` in one file."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """A pull request: opened, and merged `ago` before now; with `merged=False` opened `ago` before now."""

    number: int
    ago: timedelta
    author: str
    what: Release | Edit
    title: str = ""
    branch: str = ""
    took: timedelta = timedelta(minutes=25)
    merged_by: str = "m.ito"
    merged: bool = True
    draft: bool = False
    labels: tuple[str, ...] = ()
    approved_by: str | None = None
    checks: Conclusion = "SUCCESS"


def _ago(days: float = 0, hours: float = 0, minutes: float = 0) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes)


FIRST_VERSION = "1.39.0"
FIRST_COMMIT = _ago(days=62)
NEXT = {"1.45.0": "2026-11-23T11:36:52Z"}
"""Versions that only scenarios come to: when each was released."""

HISTORY: tuple[Change, ...] = (
    Change(201, _ago(56, 3), "anchor-bot", Release(DEV, "1.40.0")),
    Change(202, _ago(55, 1), "a.lee", Release(STAGING, "1.40.0")),
    Change(203, _ago(53, 5), "anchor-bot", Release(DEV, "1.40.1")),
    Change(204, _ago(52, 2), "m.ito", Release(STAGING, "1.40.1"), merged_by="a.lee"),
    Change(205, _ago(50, 4), "a.lee", Release(PROD, "1.40.1")),
    Change(
        206,
        _ago(47, 6),
        "s.okafor",
        Edit("infra/helm/platform/values.yaml", "    limits: {memory: 640Mi}", "    limits: {memory: 768Mi}"),
        title="Raise the gateway's memory limit to 768Mi",
        branch="gateway-memory",
    ),
    Change(207, _ago(45, 7), "anchor-bot", Release(DEV, "1.41.0")),
    Change(208, _ago(43, 3), "a.lee", Release(STAGING, "1.41.0")),
    Change(209, _ago(40, 2), "anchor-bot", Release(DEV, "1.41.1")),
    Change(210, _ago(39, 5), "m.ito", Release(STAGING, "1.41.1"), merged_by="a.lee"),
    Change(211, _ago(37, 1), "m.ito", Release(PROD, "1.41.1"), merged_by="a.lee"),
    Change(212, _ago(34, 4), "anchor-bot", Release(DEV, "1.41.2")),
    Change(213, _ago(33, 6), "a.lee", Release(STAGING, "1.41.2")),
    Change(214, _ago(32, 2), "a.lee", Release(PROD, "1.41.2")),
    Change(215, _ago(26, 5), "anchor-bot", Release(DEV, "1.42.0")),
    Change(216, _ago(24, 3), "m.ito", Release(STAGING, "1.42.0"), merged_by="a.lee"),
    Change(217, _ago(22, 6), "a.lee", Release(PROD, "1.42.0")),
    Change(218, _ago(19, 2), "anchor-bot", Release(DEV, "1.42.1")),
    Change(219, _ago(17, 4), "a.lee", Release(STAGING, "1.42.1")),
    Change(220, _ago(12, 5), "anchor-bot", Release(DEV, "1.43.0")),
    Change(221, _ago(10, 3), "m.ito", Release(STAGING, "1.43.0"), merged_by="a.lee"),
    Change(222, _ago(8, 6), "a.lee", Release(PROD, "1.43.0")),
    Change(223, _ago(6, 2), "anchor-bot", Release(DEV, "1.43.1")),
    Change(224, _ago(5, 1), "a.lee", Release(STAGING, "1.43.1")),
    Change(225, _ago(3), "m.ito", Release(PROD, "1.43.1"), merged_by="a.lee"),
    Change(226, _ago(2, 6), "anchor-bot", Release(DEV, "1.43.2")),
    Change(
        227,
        _ago(2, 2),
        "s.okafor",
        Edit("README.md", "\n", "\n\nOn-call hand-over: see the wiki, page *Anchor on call*.\n"),
        title="Point the README at the on-call hand-over",
        branch="readme-on-call",
        merged=False,
        draft=True,
        labels=("documentation",),
    ),
    Change(228, _ago(1, 1), "a.lee", Release(STAGING, "1.43.2")),
    Change(
        229,
        _ago(hours=20),
        "s.okafor",
        Edit(".github/workflows/sync.yaml", "actions/checkout@v3", "actions/checkout@v4"),
        title="Move the sync workflow to actions/checkout@v4",
        branch="checkout-v4",
        merged_by="a.lee",
    ),
    Change(231, _ago(hours=2), "a.lee", Release(DEV, "1.44.0")),
)


@dataclass(frozen=True, slots=True)
class Version:
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
def sample() -> dict[str, str]:
    """The sample ops repo that comes with the package: path → text."""

    def walk(folder: Traversable, prefix: str) -> Iterable[tuple[str, str]]:
        for child in sorted(folder.iterdir(), key=lambda item: item.name):
            if child.is_dir():
                yield from walk(child, f"{prefix}{child.name}/")
            else:
                yield prefix + child.name, child.read_bytes().decode()

    return dict(walk(resources.files("anchor_tui.sandbox").joinpath("ops_repo"), ""))


@cache
def versions() -> dict[str, Version]:
    """Every version of the story: the newest as the sample has them, those before made up, the same each time."""
    known = {}
    for environment in (DEV, STAGING, PROD):
        text = sample()[RELEASE.format(environment)]
        found = SCALARS.findall(text)
        known[found[0]] = Version(*found)
    order = [FIRST_VERSION]
    order += [change.what.version for change in HISTORY if isinstance(change.what, Release)]
    order = list(dict.fromkeys(order))
    oldest = min(known, key=order.index)
    newest_release = datetime.fromisoformat(known[oldest].released)
    for distance, version in enumerate(reversed(order[: order.index(oldest)]), start=1):
        moment = newest_release - timedelta(days=4, hours=5, minutes=17) * distance
        known[version] = _made_up(version, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for version, moment_text in NEXT.items():
        known[version] = _made_up(version, moment_text)
    return known


def _made_up(version: str, moment: str) -> Version:
    digests = (hashlib.sha256(f"{name}:{version}".encode()).hexdigest() for name in ("gateway", "web"))
    commit = hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()
    return Version(version, commit, moment, *(f"sha256:{digest}" for digest in digests))


def released(read: Read, environment: str) -> Version:
    """The version that an environment's release.yaml names."""
    path = RELEASE.format(environment)
    found = SCALARS.findall(read(path))
    if len(found) != 5:
        raise RepositoryError(f"{path} is no release of two images")
    return Version(*found)


def release_version(read: Read, environment: str) -> str:
    """The name of that version."""
    return released(read, environment).version


def _at(read: Read, environment: str, new: Version) -> dict[str, str]:
    """Both files of an environment at another version: path → text, nothing else in them changed."""
    old, files = released(read, environment), {}
    for path in (RELEASE.format(environment), OVERLAY.format(environment)):
        files[path] = read(path)
        for old_scalar, new_scalar in zip(old.scalars, new.scalars, strict=True):
            files[path] = files[path].replace(old_scalar, new_scalar)
    return files


def release_files(read: Read, release: Release) -> dict[str, str]:
    """Both files of an environment at a version of the story."""
    return _at(read, release.environment, versions()[release.version])


def promotion_files(read: Read, source: str, to: str, version: str) -> dict[str, str]:
    """Both files of an environment at the version that another has, or at one of the story."""
    there = released(read, source)
    if version != there.version and version not in versions():
        raise RepositoryError(f"there is no release {version}")
    return _at(read, to, there if version == there.version else versions()[version])


def files_of(what: Release | Edit, read: Read) -> dict[str, str]:
    """What a change writes."""
    if isinstance(what, Release):
        return release_files(read, what)
    text = read(what.path)
    if what.old not in text:
        raise RepositoryError(f"{what.path} has no {what.old!r}")
    return {what.path: text.replace(what.old, what.new, 1)}


def _first_files() -> dict[str, str]:
    """The sample as it was before the history."""
    files = dict(sample())
    for change in reversed(HISTORY):
        if isinstance(change.what, Edit) and change.merged:
            files |= files_of(Edit(change.what.path, change.what.new, change.what.old), files.__getitem__)
    for environment in (DEV, STAGING, PROD):
        files |= release_files(files.__getitem__, Release(environment, FIRST_VERSION))
    return files


def begin(hosted: HostedRepository, now: datetime) -> None:
    """The first commit."""
    hosted.git.commit(
        _first_files(),
        "Bring in the platform chart and the environments",
        author=ACCOUNTS["a.lee"],
        time=now - FIRST_COMMIT,
    )


def tell(hosted: HostedRepository, changes: Iterable[Change], now: datetime, until: Callable[[datetime], None]) -> None:
    """Let the changes happen, oldest first. `until` is called with each moment before it comes, for those who
    live in the meantime.
    """
    for change in sorted(changes, key=lambda change: change.ago, reverse=True):
        time = now - change.ago
        until(time)
        happen(hosted, change, time)


def happen(hosted: HostedRepository, change: Change, time: datetime) -> None:
    """One change: its branch, its pull request, and its merge where it is merged at `time`."""
    opened = time - change.took if change.merged else time
    what = change.what
    title, branch, labels = change.title, change.branch, change.labels
    if isinstance(what, Release):
        verb = "Update" if what.environment == DEV else "Promote"
        title = title or f"{verb} {what.environment} to {what.version}"
        branch = branch or f"{'bump' if what.environment == DEV else 'promote'}/{what.environment}-{what.version}"
        labels = labels or ("bump" if what.environment == DEV else "promotion",)
    head = hosted.git.commit(
        files_of(what, lambda path: hosted.git.read(path)),
        title,
        author=ACCOUNTS[change.author],
        time=opened,
        branch=branch,
        start=hosted.git.head,
    )
    if change.checks != "SUCCESS":
        hosted.conclusions[head] = change.checks
    pull = hosted.open_pull(
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
        pull.reviews = (Review(approver, "APPROVED", opened + change.took * 0.8, head),)
    if change.merged:
        hosted.merge_pull(change.number, by=change.merged_by, time=time)
