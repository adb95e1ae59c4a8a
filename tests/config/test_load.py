"""Reading a whole configuration: values, origins, and every error at once with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.load import load_config, parse_config
from anchor_tui.config.model import ApplicationName, ApplicationSelector, ServerConfig
from tests.config.config_files import MINIMAL, list_errors, load_text

WHOLE = """\
engine_id = "anchor-msp"
read_only = false
[argocd]
server = "https://cd.example.com/argo-cd/"
token_env = "CD_TOKEN"
ca_file = "~/ca.pem"
client_cert = "cert.pem"
client_key = "key.pem"
insecure = true
root_path = "/argo-cd"
relist_s = 180
[servers.eu]
context = "cd.eu.example.com"
[servers.local]
server = "http://127.0.0.1:8080"
[servers.plain]
server = "http://cd.internal"
plaintext = true
[github]
ops_repo = "anchor/anchor-msp-ops"
app_repo = "anchor/anchor-msp"
branch = "main"
api_url = "https://github.example.com/api/v3"
token_env = "OPS_TOKEN"
ca_file = ""
poll_s = 30
[status_api]
url = "https://status.example.com/events"
emit = "pipeline"
[promotion]
via = "workflow"
workflow = "promote.yaml"
labels = ["promotion", "ops"]
reviewers = ["alice", "anchor/on-call"]
merge = "auto"
soak_minutes = 15
[chart]
path = "charts/platform"
applications = "argocd"
[release]
version = "spec.version"
[names]
gateway = "gw"
[[environments]]
name = "dev"
[[environments]]
name = "qa"
server = "eu"
applications = ["anchor-qa", "team-a/anchor-qa"]
[[environments]]
name = "prod-eu"
rules = "prod"
tier = "always-on"
protected = false
server = "plain"
applications = { selector = "anchor.dev/environment=prod, tier==web" }
release = "prod-eu.yaml"
values = "prod-eu/values.yaml"
[policy]
disable = ["ci.green"]
auth_modes = ["jwt", "oidc"]
memory_budget = "4Gi"
[[policy.waivers]]
check = "runtime.memory-budget"
environment = "qa"
until = 2026-12-31
reason = "a bigger node comes in January"
[keys]
sync = "S"
"""


def test_a_missing_configuration_names_the_way_out(folder):
    with pytest.raises(ConfigErrors) as caught:
        load_config(None, {}, cwd=folder)
    assert "anchor-tui config init" in str(caught.value)
    assert "[github] ops_repo" in str(caught.value)


@pytest.mark.parametrize("how", ["named", "variable"])
def test_a_named_file_must_exist(folder, how):
    (folder / "anchor-tui.toml").write_text(MINIMAL)
    path, environ = (Path("x.toml"), {}) if how == "named" else (None, {"ANCHOR_TUI_CONFIG": "x.toml"})
    with pytest.raises(ConfigErrors, match="the file does not exist"):
        load_config(path, environ, cwd=folder)


def test_a_folder_instead_of_a_file_is_an_error(folder):
    with pytest.raises(ConfigErrors, match="not a regular file but a folder"):
        load_config(Path("home"), {}, cwd=folder)


def test_text_that_is_not_utf8_is_an_error_with_line(folder):
    (folder / "anchor-tui.toml").write_bytes(b"# a\n# \xff\n")
    with pytest.raises(ConfigErrors, match=r"anchor-tui\.toml:2: not UTF-8"):
        load_config(Path("anchor-tui.toml"), {}, cwd=folder)


def test_byte_order_mark_and_carriage_returns_are_accepted(folder):
    (folder / "anchor-tui.toml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    config = load_config(Path("anchor-tui.toml"), {}, cwd=folder)
    assert config.origins["github.ops_repo"].endswith("anchor-tui.toml:2")


def test_every_key_is_read(folder):
    config = load_text(folder, WHOLE)
    assert config.argocd == ServerConfig(
        server="https://cd.example.com/argo-cd", token_env="CD_TOKEN", ca_file=str(folder / "home" / "ca.pem"),
        client_cert=str(folder / "cert.pem"), client_key=str(folder / "key.pem"), insecure=True, root_path="/argo-cd",
    )  # fmt: skip
    assert [server.name for server in config.servers] == ["eu", "local", "plain"]
    dev, qa, prod = config.environments
    assert (qa.rules, qa.tier, qa.protected, qa.server) == ("staging", "always-on", False, "eu")
    assert qa.applications == (ApplicationName("anchor-qa"), ApplicationName("anchor-qa", "team-a"))
    assert (prod.rules, prod.protected) == ("prod", False)
    assert prod.applications == ApplicationSelector((("anchor.dev/environment", "prod"), ("tier", "web")))
    assert dev.values == "charts/platform/environments/dev/values.yaml"
    assert config.policy.waivers[0].until == date(2026, 12, 31)
    assert config.keys == {"sync": "S"}
    assert [server.name for server in config.servers_in_use] == ["argocd", "eu", "plain"]
    lines = {key: int(place.rsplit(":", 1)[1]) for key, place in config.origins.items()}
    for key, words in {
        "argocd.relist_s": "relist_s = 180",
        "servers.eu.context": "context =",
        "environments.1.applications": "applications = [",
        "environments.2.applications": "applications = {",
        "policy.waivers.0.until": "until =",
        "keys.sync": "sync =",
    }.items():
        assert WHOLE.splitlines()[lines[key] - 1].startswith(words)


def test_the_file_cannot_undo_read_only_of_the_command_line(folder):
    config = load_text(folder, "read_only = false\n" + MINIMAL, read_only=True)
    assert config.read_only
    assert config.origins["read_only"] == "--read-only"


def test_every_error_is_reported_at_once_with_its_line(folder):
    found = list_errors(
        folder,
        """\
        engin_id = "x"
        read_only = "yes"
        [github]
        ops_repo = "anchor"
        poll_s = 1
        [promotion]
        via = "pull"
        [[environments]]
        name = "dev"
        server = "us"
        tier = "sometimes"
        [[environments]]
        protected = 1
        """,
    )
    assert [(line, key) for line, key, _ in found] == [
        (1, "engin_id"),
        (2, "read_only"),
        (4, "github.ops_repo"),
        (5, "github.poll_s"),
        (7, "promotion.via"),
        (10, "environments.0.server"),
        (11, "environments.0.tier"),
        (12, "environments.1.name"),
        (13, "environments.1.protected"),
    ]


def test_an_error_is_one_line_with_its_place(folder):
    with pytest.raises(ConfigErrors) as caught:
        load_text(folder, MINIMAL + '[promotion]\nvia = "pull"\n')
    (error,) = caught.value.errors
    place = f"{folder / 'anchor-tui.toml'}:4"
    assert str(error) == f'{place}: promotion.via: found "pull"; accepted: "pull-request", "workflow"'
    assert (error.found, error.accepted) == ('"pull"', ("pull-request", "workflow"))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[github\n", 1, "not valid TOML"),
        ("a = 1\n\nb = [1,\n", 4, "not valid TOML"),
        ("a = 1\na = 2\n", 2, "not valid TOML"),
        ("a = yes\n", 1, "Invalid value"),
    ],
)
def test_a_syntax_error_has_its_line(folder, text, line, words):
    ((found_line, _, message),) = list_errors(folder, text)
    assert found_line == line
    assert words in message


@pytest.mark.parametrize("text", ["", "engine_id = 'x'\n", "[github]\nbranch = 'main'\n"])
def test_the_ops_repo_is_required(folder, text):
    ((_, key, message),) = list_errors(folder, text)
    assert key == "github.ops_repo"
    assert "is missing" in message


def test_a_text_is_parsed_without_a_file(tmp_path):
    assert parse_config(MINIMAL, tmp_path / "x.toml", {}).github.ops_repo == "anchor/anchor-msp-ops"
