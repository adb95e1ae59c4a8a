"""The configuration as frozen values. They are passed as arguments and never kept globally.

Each key carries its description and its constraints. The converter, `config init`, `config show` and the JSON Schema
are all derived from them. Reading a file is in `anchor_tui.config.load`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from anchor_tui.config.patterns import (
    BRANCH,
    CHECK_ID,
    FILE,
    KEY_PATH,
    MEMORY,
    NAME,
    NOT_BLANK,
    REPO_PATH,
    REPOSITORY,
    REVIEWER,
    ROOT_PATH,
    SERVER_URL,
    URL,
    VARIABLE,
    WORKFLOW_FILE,
    TextPattern,
)

RuleSet = Literal["dev", "staging", "prod"]
Tier = Literal["always-on", "on-demand"]

MAX_NUMBER = 10_000_000
"""The largest number of seconds or minutes; a timer does not accept every number."""
DEFAULT_SERVER = "argocd"
"""Name of the Argo CD in the `[argocd]` table. `[servers.NAME]` tables define further names."""


def key(
    description: str, text: TextPattern | None = None, *, minimum: int | None = None, required: bool = False
) -> Meta:
    """Describe a key of the file for the operator, with the constraints of its value.

    A `required` key must be in the file. The default of any other key is always accepted, even if it does not match
    `text`.
    """
    extra = {"text": text, "required": required}
    if minimum is not None:
        return Meta(description=description, ge=minimum, le=MAX_NUMBER, extra=extra)
    return Meta(description=description, pattern=text.whole if text else None, extra=extra)


Word = Annotated[str, key("", NOT_BLANK)]
Reviewer = Annotated[str, key("", REVIEWER)]
CheckId = Annotated[str, key("", CHECK_ID)]


class ServerConfig(msgspec.Struct, frozen=True):
    """One Argo CD. `name` is also the id of its source in the snapshot."""

    name: str = DEFAULT_SERVER
    context: Annotated[str, key("context of the argocd CLI's configuration to take address and token from")] = ""
    server: Annotated[
        str, key("address, as https://cd.example.com; http only on loopback or with plaintext", SERVER_URL)
    ] = ""
    token_env: Annotated[str, key("name of the environment variable that contains the token", VARIABLE)] = ""
    ca_file: Annotated[str, key("PEM file with the certificate authority to trust", FILE)] = ""
    client_cert: Annotated[str, key("PEM file with a client certificate", FILE)] = ""
    client_key: Annotated[str, key("PEM file with the client certificate's key", FILE)] = ""
    insecure: Annotated[bool, key("accept any TLS certificate")] = False
    plaintext: Annotated[bool, key("allow plain http to an address that is not loopback")] = False
    root_path: Annotated[str, key("path of the server below its host, as /argo-cd", ROOT_PATH)] = ""
    relist_s: Annotated[int, key("seconds between two full lists, besides the stream", minimum=10)] = 180
    max_response_mb: Annotated[int, key("largest answer that is read, in MiB after decompression", minimum=1)] = 64

    @property
    def max_response_bytes(self) -> int:
        """The largest answer that is read, in bytes."""
        return self.max_response_mb * 1024 * 1024


class GitHubConfig(msgspec.Struct, frozen=True):
    """The ops repo and the app repo on GitHub."""

    ops_repo: Annotated[str, key("the ops repo, as owner/name; the only required key", REPOSITORY, required=True)] = ""
    app_repo: Annotated[str, key("the app repo, as owner/name", REPOSITORY)] = ""
    branch: Annotated[str, key("the branch that Argo CD follows", BRANCH)] = "main"
    api_url: Annotated[str, key("address of the API; an Enterprise server's is https://HOST/api/v3", URL)] = (
        "https://api.github.com"
    )
    token_env: Annotated[str, key("name of the environment variable that contains the token", VARIABLE)] = ""
    ca_file: Annotated[str, key("PEM file with the certificate authority to trust", FILE)] = ""
    poll_s: Annotated[int, key("seconds between two polls", minimum=5)] = 30
    max_response_mb: Annotated[int, key("largest answer that is read, in MiB after decompression", minimum=1)] = 64

    @property
    def max_response_bytes(self) -> int:
        """The largest answer that is read, in bytes."""
        return self.max_response_mb * 1024 * 1024


class StatusApiConfig(msgspec.Struct, frozen=True):
    """The receiver of release events."""

    url: Annotated[str, key("address that events are posted to; default $STATUS_API_URL", URL)] = ""
    emit: Annotated[Literal["client", "pipeline", "none"], key("sender of the events")] = "client"


class PromotionConfig(msgspec.Struct, frozen=True):
    """Settings of promotions."""

    via: Annotated[Literal["pull-request", "workflow"], key("what opens the pull request")] = "pull-request"
    workflow: Annotated[str, key("file name of the ops repo's promotion workflow", WORKFLOW_FILE)] = ""
    labels: Annotated[tuple[Word, ...], key("labels of the pull request")] = ("promotion",)
    reviewers: Annotated[tuple[Reviewer, ...], key("reviewers of the pull request")] = ()
    merge: Annotated[Literal["manual", "auto"], key("auto enables auto-merge")] = "manual"
    soak_minutes: Annotated[
        int, key("minutes that a release must have been healthy in the previous environment", minimum=0)
    ] = 0


class ChartConfig(msgspec.Struct, frozen=True):
    """Folders of the chart and the Applications in the ops repo."""

    path: Annotated[str, key("folder of the Helm chart", REPO_PATH)] = "infra/helm/platform"
    applications: Annotated[str, key("folder of the Argo CD Applications", REPO_PATH)] = "infra/argocd/applications"


class ReleaseKeyPaths(msgspec.Struct, frozen=True):
    """Dotted key paths in release.yaml; empty means the usual ones."""

    version: Annotated[str, key("key path of the version", KEY_PATH)] = ""
    commit: Annotated[str, key("key path of the commit", KEY_PATH)] = ""
    released: Annotated[str, key("key path of the time of release", KEY_PATH)] = ""
    images: Annotated[str, key("key path of the images, a map or a list", KEY_PATH)] = ""


class DeploymentNames(msgspec.Struct, frozen=True):
    """Names of the Deployments that the checks refer to."""

    gateway: Annotated[str, key("the gateway's Deployment", NAME)] = "anchor-gateway"
    web: Annotated[str, key("the web's Deployment", NAME)] = "anchor-web"
    outbox_worker: Annotated[str, key("the outbox worker's Deployment", NAME)] = "anchor-outbox-worker"
    job_worker: Annotated[str, key("the job worker's Deployment", NAME)] = "anchor-job-worker"


class ApplicationName(msgspec.Struct, frozen=True):
    """An application by name. Without a namespace, it is in the namespace of its Argo CD."""

    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class ApplicationSelector(msgspec.Struct, frozen=True):
    """All applications with these labels. Its text is `key=value,key=value`."""

    labels: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return ",".join(f"{label}={value}" for label, value in self.labels)


Applications: TypeAlias = tuple[ApplicationName, ...] | ApplicationSelector


class EnvironmentConfig(msgspec.Struct, frozen=True):
    """One environment, in the order of promotion."""

    name: Annotated[str, key("its name", NAME, required=True)] = ""
    rules: Annotated[RuleSet, key("rule set that applies; default by name, else staging")] = "staging"
    tier: Annotated[Tier, key("on-demand environments may be asleep; default by the rules")] = "on-demand"
    protected: Annotated[bool, key("confirmations are typed and the frame is red")] = False
    server: Annotated[str, key("name of the Argo CD that serves it; empty means the one of [argocd]")] = DEFAULT_SERVER
    applications: Annotated[
        Applications, key('its applications, by name, "namespace/name" or { selector = "key=value" }')
    ] = ()
    release: Annotated[str, key("path of its release.yaml in the ops repo", REPO_PATH)] = ""
    values: Annotated[str, key("path of its Helm overlay in the ops repo", REPO_PATH)] = ""


class Waiver(msgspec.Struct, frozen=True):
    """A check that may fail in one environment until a day, with the reason."""

    check: Annotated[str, key("id of the check", CHECK_ID, required=True)] = ""
    environment: Annotated[str, key("name of the environment", NAME, required=True)] = ""
    until: Annotated[date | None, key("last day of the waiver; a waiver without an end is an error", required=True)] = (
        None
    )
    reason: Annotated[str, key("reason for the waiver", NOT_BLANK, required=True)] = ""


class PolicyConfig(msgspec.Struct, frozen=True):
    """Settings of the checks."""

    disable: Annotated[tuple[CheckId, ...], key("ids of checks that are not run")] = ()
    auth_modes: Annotated[tuple[Word, ...], key("values of AUTH_MODE that count as authenticated")] = ("jwt",)
    memory_budget: Annotated[str, key("memory that an environment may request", MEMORY)] = "4Gi"
    evidence_budget: Annotated[
        int, key("applications of an Argo CD whose manifests are read, the most important first", minimum=0)
    ] = 100
    evidence_s: Annotated[
        int, key("seconds that a command reads manifests and causes of failures; the screen has no limit", minimum=1)
    ] = 10
    waivers: Annotated[tuple[Waiver, ...], key("checks that may fail for a while")] = ()


class HistoryConfig(msgspec.Struct, frozen=True):
    """Settings of the history file and of the last known good release."""

    keep_days: Annotated[int, key("days that a recorded change is kept; 0 turns the history off", minimum=0)] = 90
    soak_minutes: Annotated[
        int,
        key(
            "minutes that a release must be observed Synced and Healthy to count as known good; promotions have "
            "a soak_minutes of their own",
            minimum=0,
        ),
    ] = 10

    @property
    def is_on(self) -> bool:
        """True if changes are recorded."""
        return self.keep_days > 0


class NotificationRule(msgspec.Struct, frozen=True):
    """Changes of a verdict that are notified."""

    environment: Annotated[str, key("name of the environment; empty means every one", NAME)] = ""
    level: Annotated[
        Literal["attention", "unknown", "violation", "failing"], key("the mildest verdict that is notified")
    ] = "failing"
    recovery: Annotated[bool, key("notify also when the verdict is better again")] = False


class NotifyConfig(msgspec.Struct, frozen=True):
    """Notifications, at most one a minute for each rule."""

    desktop: Annotated[
        Literal["", "bell", "osc9", "osc99", "osc777"],
        key("escape sequence that the terminal shows as a notification; empty means none"),
    ] = ""
    run: Annotated[
        tuple[Word, ...],
        key("command and arguments, run without a shell; a title and a text are appended. It gets no tokens"),
    ] = ()
    rules: Annotated[tuple[NotificationRule, ...], key("what is notified; without a rule, every failing verdict")] = ()

    @property
    def is_enabled(self) -> bool:
        """True if notifications are sent."""
        return bool(self.desktop or self.run)

    @property
    def rules_in_use(self) -> tuple[NotificationRule, ...]:
        """The rules, or the usual one."""
        return self.rules or (NotificationRule(),)


class Config(msgspec.Struct, frozen=True):
    """The whole configuration, defaults filled in."""

    engine_id: Annotated[str, key("name of the operated engine", NAME)] = "anchor-msp"
    read_only: Annotated[bool, key("never write anything")] = False
    argocd: Annotated[ServerConfig, key("the Argo CD")] = ServerConfig()
    servers: Annotated[tuple[ServerConfig, ...], key("further Argo CDs, by name")] = ()
    github: Annotated[GitHubConfig, key("the ops repo and the app repo", required=True)] = GitHubConfig()
    status_api: Annotated[StatusApiConfig, key("receiver of release events")] = StatusApiConfig()
    promotion: Annotated[PromotionConfig, key("settings of promotions")] = PromotionConfig()
    chart: Annotated[ChartConfig, key("folders of the chart and the Applications")] = ChartConfig()
    release: Annotated[ReleaseKeyPaths, key("key paths in release.yaml")] = ReleaseKeyPaths()
    names: Annotated[DeploymentNames, key("names of the Deployments")] = DeploymentNames()
    environments: Annotated[tuple[EnvironmentConfig, ...], key("the environments, in the order of promotion")] = ()
    policy: Annotated[PolicyConfig, key("settings of the checks")] = PolicyConfig()
    history: Annotated[HistoryConfig, key("settings of the history and of the last known good release")] = (
        HistoryConfig()
    )
    notify: Annotated[NotifyConfig, key("notifications about changes of verdicts; off by default")] = NotifyConfig()
    keys: Annotated[Mapping[str, str], key("other keys than the usual ones, as action id = key")] = msgspec.field(
        default_factory=dict
    )
    path: Path | None = None
    """The file that was read; None if everything is a default."""
    path_origin: str = ""
    """The reason why this file was read, for display."""
    ignored_path: Path | None = None
    """A file in the working folder that is not trusted and was ignored."""
    origins: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Origin of each value that is not a default: dotted key path to `file:line`, `$VARIABLE` or an option."""

    @property
    def servers_in_use(self) -> tuple[ServerConfig, ...]:
        """Every Argo CD that an environment refers to, the default one first."""
        used = {environment.server for environment in self.environments}
        return tuple(server for server in (self.argocd, *self.servers) if server.name in used)
