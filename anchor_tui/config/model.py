"""What the operator configured: frozen values, handed on as an argument, never global.

Reading and checking a file is `anchor_tui.config.load`; this module only says what there is to
configure. Every field carries its own description, so that the checker, `config init`, `config show`
and the JSON Schema are all made from this one place.
"""

# ruff: noqa: ANN401, RUF009 - `described` stands for a field of any type, as `dataclasses.field` does

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

RuleSet = Literal["dev", "staging", "prod"]
Tier = Literal["always-on", "on-demand"]

DEFAULT_SERVER = "argocd"
"""The name of the Argo CD of the `[argocd]` table; `[servers.NAME]` tables bring further names."""


def described(doc: str, default: Any = "", **rules: Any) -> Any:
    """A field with the sentence that explains it to whoever configures it, and what it must keep to.

    `form` names an entry of `anchor_tui.config.patterns`, `minimum` bounds a number, `required` has no default.
    """
    return field(default=default, metadata={"doc": doc, **rules})


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """One Argo CD. `name` is also the id of its source in the snapshot."""

    name: str = DEFAULT_SERVER
    context: str = described("context of the argocd CLI's configuration to take address and token from")
    server: str = described(
        "address, as https://cd.example.com; http only on loopback or with plaintext", form="server-url"
    )
    token_env: str = described("name of the environment variable that holds the token", form="variable")
    ca_file: str = described("PEM file with the certificate authority to trust", form="file")
    client_cert: str = described("PEM file with a client certificate", form="file")
    client_key: str = described("PEM file with the client certificate's key", form="file")
    insecure: bool = described("accept any TLS certificate", False)
    plaintext: bool = described("allow plain http to an address that is not loopback", False)
    root_path: str = described("path below which the server lives, as /argo-cd", form="root-path")
    relist_s: int = described("seconds after which everything is listed anew beside the stream", 180, minimum=10)


@dataclass(frozen=True, slots=True)
class GitHubConfig:
    """Where the ops repo and the app repo live."""

    ops_repo: str = described(
        "the ops repo, as owner/name; the one thing that must be said", form="repository", required=True
    )
    app_repo: str = described("the app repo, as owner/name", form="repository")
    branch: str = described("the branch that Argo CD follows", "main", form="branch")
    api_url: str = described(
        "address of the API; an Enterprise server's is https://HOST/api/v3", "https://api.github.com", form="url"
    )
    token_env: str = described("name of the environment variable that holds the token", form="variable")
    ca_file: str = described("PEM file with the certificate authority to trust", form="file")
    poll_s: int = described("seconds between two readings", 30, minimum=5)


@dataclass(frozen=True, slots=True)
class StatusApiConfig:
    """Where release events are sent."""

    url: str = described("address that events are posted to; default $STATUS_API_URL", form="url")
    emit: Literal["client", "pipeline", "none"] = described("who sends the events", "client")


@dataclass(frozen=True, slots=True)
class PromotionConfig:
    """How a promotion is made."""

    via: Literal["pull-request", "workflow"] = described("what opens the pull request", "pull-request")
    workflow: str = described("file name of the ops repo's promotion workflow", form="workflow")
    labels: tuple[str, ...] = described("labels of the pull request", ("promotion",), form="word")
    reviewers: tuple[str, ...] = described("reviewers of the pull request", (), form="reviewer")
    merge: Literal["manual", "auto"] = described("whether auto-merge is switched on", "manual")
    soak_minutes: int = described(
        "minutes that a release must have been healthy in the environment before", 0, minimum=0
    )


@dataclass(frozen=True, slots=True)
class ChartConfig:
    """Where the chart and the Applications live in the ops repo."""

    path: str = described("folder of the Helm chart", "infra/helm/platform", form="path")
    applications: str = described("folder of the Argo CD Applications", "infra/argocd/applications", form="path")


@dataclass(frozen=True, slots=True)
class ReleaseKeyPaths:
    """Dotted key paths in release.yaml, where they are not the usual ones."""

    version: str = described("key path of the version", form="key-path")
    commit: str = described("key path of the commit", form="key-path")
    released: str = described("key path of the time of release", form="key-path")
    images: str = described("key path of the images, a map or a list", form="key-path")


@dataclass(frozen=True, slots=True)
class DeploymentNames:
    """Names of the Deployments that the rules speak of."""

    gateway: str = described("the gateway's Deployment", "anchor-gateway", form="name")
    web: str = described("the web's Deployment", "anchor-web", form="name")
    outbox_worker: str = described("the outbox worker's Deployment", "anchor-outbox-worker", form="name")
    job_worker: str = described("the job worker's Deployment", "anchor-job-worker", form="name")


@dataclass(frozen=True, slots=True)
class ApplicationName:
    """One named application; without a namespace the server's own is meant."""

    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class ApplicationSelector:
    """All applications with these labels, as `key=value,key=value`."""

    labels: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.labels)


@dataclass(frozen=True, slots=True)
class EnvironmentConfig:
    """One environment, in the order of promotion."""

    name: str = described("its name", form="name", required=True)
    rules: RuleSet = described("which of the rules hold here; default by name, else staging", "staging")
    tier: Tier = described("whether it may be asleep; default by its rules", "on-demand")
    protected: bool = described("confirmations are typed and the frame is red", False)
    server: str = described("name of the Argo CD that serves it; empty is the one of [argocd]", DEFAULT_SERVER)
    applications: tuple[ApplicationName, ...] | ApplicationSelector = described(
        'its applications, by name, "namespace/name" or { selector = "key=value" }', (), form="applications"
    )
    release: str = described("path of its release.yaml in the ops repo", form="path")
    values: str = described("path of its Helm overlay in the ops repo", form="path")


@dataclass(frozen=True, slots=True)
class Waiver:
    """A check that may fail in one environment until a day, and why."""

    check: str = described("id of the check", form="check", required=True)
    environment: str = described("name of the environment", form="name", required=True)
    until: date | None = described(
        "last day on which the waiver holds; one without an end is an error", None, required=True
    )
    reason: str = described("why it is waived", form="word", required=True)


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """What the checks may be told."""

    disable: tuple[str, ...] = described("ids of checks that are not run", (), form="check")
    auth_modes: tuple[str, ...] = described("values of AUTH_MODE that count as authenticated", ("jwt",), form="word")
    memory_budget: str = described("memory that an environment may request", "4Gi", form="quantity")
    waivers: tuple[Waiver, ...] = described("checks that may fail for a while", ())


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, defaults filled in."""

    engine_id: str = described("name of the engine that is operated", "anchor-msp", form="name")
    read_only: bool = described("nothing is ever written", False)
    argocd: ServerConfig = described("the Argo CD", ServerConfig())
    servers: tuple[ServerConfig, ...] = described("further Argo CDs, by name", ())
    github: GitHubConfig = described("the ops repo and the app repo", GitHubConfig())
    status_api: StatusApiConfig = described("where release events are sent", StatusApiConfig())
    promotion: PromotionConfig = described("how a promotion is made", PromotionConfig())
    chart: ChartConfig = described("where the chart and the Applications live", ChartConfig())
    release: ReleaseKeyPaths = described("key paths in release.yaml", ReleaseKeyPaths())
    names: DeploymentNames = described("names of the Deployments", DeploymentNames())
    environments: tuple[EnvironmentConfig, ...] = described("the environments, in the order of promotion", ())
    policy: PolicyConfig = described("what the checks may be told", PolicyConfig())
    keys: Mapping[str, str] = field(
        default_factory=dict, metadata={"doc": "keys other than the usual ones, as action id = key"}
    )
    path: Path | None = None
    """The file this was read from; None where everything is a default."""
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where each value that is no default came from: dotted key path to `file:line`, `$VARIABLE` or an option."""

    @property
    def servers_in_use(self) -> tuple[ServerConfig, ...]:
        """Every Argo CD that an environment needs, the default one first."""
        used = {environment.server for environment in self.environments}
        return tuple(server for server in (self.argocd, *self.servers) if server.name in used)
