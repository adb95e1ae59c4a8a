"""The configuration: where it is looked up, what it fills in, and every error at once with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from anchor_tui.config.convert import ConfigErrors
from anchor_tui.config.load import load_config, parse_config
from anchor_tui.config.model import ApplicationName, ApplicationSelector, ServerConfig

ONE_LINE = '[github]\nops_repo = "anchor/anchor-msp-ops"\n'
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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder and a home without any configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "home").mkdir()
    for name in ("home/ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("PEM")
    return tmp_path


def given(folder, text, **options):
    (folder / "anchor-tui.toml").write_text(dedent(text))
    return load_config(None, {"HOME": str(folder / "home")}, cwd=folder, **options)


def errors(folder, text, **options):
    """The errors of a configuration, as (line, key path, message)."""
    with pytest.raises(ConfigErrors) as caught:
        given(folder, text, **options)
    return [(error.line, error.key, error.message) for error in caught.value.errors]


def one(folder, text, **options):
    """The one error of a configuration that is otherwise whole."""
    found = errors(folder, ONE_LINE + dedent(text), **options)
    assert len(found) == 1, found
    return found[0]


# --- lookup ----------------------------------------------------------------------------------------


def test_the_named_file_beats_the_variable_beats_the_folder_beats_the_users_own(folder):
    user = folder / "xdg" / "anchor-tui" / "anchor-tui.toml"
    user.parent.mkdir(parents=True)
    files = {
        "named": folder / "a.toml",
        "variable": folder / "b.toml",
        "here": folder / "anchor-tui.toml",
        "user": user,
    }
    for name, file in files.items():
        file.write_text(f'engine_id = "{name}"\n{ONE_LINE}')
    environ = {"ANCHOR_TUI_CONFIG": str(files["variable"])}
    assert load_config(Path("a.toml"), environ, cwd=folder).engine_id == "named"
    assert load_config(None, environ, cwd=folder).engine_id == "variable"
    assert load_config(None, {}, cwd=folder).engine_id == "here"
    files["here"].unlink()
    assert load_config(None, {}, cwd=folder).engine_id == "user"
    assert load_config(None, {}, cwd=folder).path == user


def test_no_configuration_at_all_says_what_to_do(folder):
    with pytest.raises(ConfigErrors) as caught:
        load_config(None, {}, cwd=folder)
    assert "anchor-tui config init" in str(caught.value)
    assert "[github] ops_repo" in str(caught.value)


@pytest.mark.parametrize("how", ["named", "variable"])
def test_a_named_file_that_is_not_there_is_an_error_and_no_other_is_taken(folder, how):
    (folder / "anchor-tui.toml").write_text(ONE_LINE)
    path, environ = (Path("x.toml"), {}) if how == "named" else (None, {"ANCHOR_TUI_CONFIG": "x.toml"})
    with pytest.raises(ConfigErrors, match="there is no such file"):
        load_config(path, environ, cwd=folder)


def test_a_folder_in_the_files_place_is_an_error(folder):
    with pytest.raises(ConfigErrors, match="the file cannot be read"):
        load_config(Path("home"), {}, cwd=folder)


def test_a_file_that_is_not_utf8_is_an_error_with_its_line(folder):
    (folder / "anchor-tui.toml").write_bytes(b"# a\n# \xff\n")
    with pytest.raises(ConfigErrors, match=r"anchor-tui\.toml:2: not UTF-8"):
        load_config(None, {}, cwd=folder)


def test_a_byte_order_mark_and_carriage_returns_do_no_harm(folder):
    (folder / "anchor-tui.toml").write_bytes(b"\xef\xbb\xbf" + ONE_LINE.replace("\n", "\r\n").encode())
    config = load_config(None, {}, cwd=folder)
    assert config.origins["github.ops_repo"].endswith("anchor-tui.toml:2")


# --- what is filled in -----------------------------------------------------------------------------


def test_one_line_is_a_whole_configuration(folder):
    config = given(folder, ONE_LINE)
    dev, staging, prod = config.environments
    assert [str(application) for application in prod.applications] == ["anchor-msp-prod"]
    assert (prod.release, prod.values) == (
        "environments/prod/release.yaml",
        "infra/helm/platform/environments/prod/values.yaml",
    )
    assert [(e.rules, e.tier, e.protected, e.server) for e in (dev, staging, prod)] == [
        ("dev", "on-demand", False, "argocd"),
        ("staging", "on-demand", False, "argocd"),
        ("prod", "always-on", True, "argocd"),
    ]
    assert dict(config.origins) == {"github.ops_repo": f"{folder / 'anchor-tui.toml'}:2"}


def test_everything_that_can_be_said_is_read(folder):
    config = given(folder, WHOLE)
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


def test_environments_that_only_have_a_name_follow_the_rules_of_their_name(folder):
    config = given(folder, ONE_LINE + "".join(f'[[environments]]\nname = "{n}"\n' for n in ("dev", "staging", "prod")))
    assert config.environments == given(folder, ONE_LINE).environments


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('name = "qa"', ("staging", "always-on", False)),
        ('name = "qa"\nrules = "dev"', ("dev", "on-demand", False)),
        ('name = "prod-us"\nrules = "prod"', ("prod", "always-on", True)),
        ('name = "prod"\ntier = "on-demand"\nprotected = false', ("prod", "on-demand", False)),
        ('name = "dev"\nrules = "prod"', ("prod", "always-on", True)),
    ],
)
def test_tier_and_protection_follow_from_the_rules_unless_they_are_said(folder, said, expected):
    (environment,) = given(folder, f"{ONE_LINE}[[environments]]\n{said}\n").environments
    assert (environment.rules, environment.tier, environment.protected) == expected


def test_read_only_from_the_command_line_cannot_be_undone_by_the_file(folder):
    config = given(folder, "read_only = false\n" + ONE_LINE, read_only=True)
    assert config.read_only
    assert config.origins["read_only"] == "--read-only"


# --- errors ----------------------------------------------------------------------------------------


def test_every_error_is_told_at_once_each_on_its_line(folder):
    found = errors(
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


def test_an_error_is_one_line_with_file_line_key_and_what_is_accepted(folder):
    with pytest.raises(ConfigErrors) as caught:
        given(folder, ONE_LINE + '[promotion]\nvia = "pull"\n')
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
def test_a_syntax_error_is_told_with_its_line(folder, text, line, words):
    ((found_line, _, message),) = errors(folder, text)
    assert found_line == line
    assert words in message


@pytest.mark.parametrize("text", ["", "engine_id = 'x'\n", "[github]\nbranch = 'main'\n"])
def test_the_ops_repo_must_be_said(folder, text):
    ((_, key, message),) = errors(folder, text)
    assert key == "github.ops_repo"
    assert "is missing" in message


ONE_WRONG = {
    "[argocd]\ntokenenv = 'X'": ("argocd.tokenenv", "unknown key; did you mean `token_env`?"),
    "[argocd]\nname = 'X'": ("argocd.name", "unknown key; known here: context, "),
    "[chart]\nsoak_minutes = 1": ("chart.soak_minutes", "unknown key; it belongs in [promotion]"),
    "[origins]\na = 1": ("origins", "unknown key"),
    "[argocd]\ninsecure = 1": ("argocd.insecure", "found 1; accepted: true or false"),
    "[argocd]\nrelist_s = 5": ("argocd.relist_s", "found 5; accepted: a whole number from 10"),
    "[argocd]\nrelist_s = true": ("argocd.relist_s", "found true; accepted: a whole number from 10"),
    "[argocd]\nrelist_s = 60.5": ("argocd.relist_s", "found 60.5; accepted: a whole number"),
    "[argocd]\ncontext = 5": ("argocd.context", "found 5; accepted: a text in quotes"),
    "[argocd]\nserver = 'cd.example.com'": ("argocd.server", "accepted: an address, as https://cd.example.com"),
    "[argocd]\nserver = 'https://'": ("argocd.server", "accepted: an address"),
    "[argocd]\nserver = 'https://a:99999'": ("argocd.server", "the port is no number"),
    "[argocd]\nserver = 'https://a?b=c'": ("argocd.server", "no ?, # or blank"),
    "[argocd]\nserver = 'https://u:secret@a'": ("argocd.server", "found …; an address must hold no user"),
    "[argocd]\nserver = 'http://cd.example.com'": ("argocd.server", "plain http sends the token in the clear"),
    "[argocd]\ncontext = 'a'\nserver = 'https://a'": ("argocd.context", "both name an address"),
    "[argocd]\nca_file = 'nowhere.pem'": ("argocd.ca_file", "there is no file"),
    "[argocd]\nca_file = '~/nowhere.pem'": ("argocd.ca_file", "/home/nowhere.pem"),
    "[argocd]\nclient_cert = 'cert.pem'": ("argocd.client_cert", "`client_key` is missing"),
    "[argocd]\nclient_key = 'key.pem'": ("argocd.client_key", "`client_cert` is missing"),
    "[argocd]\ntoken_env = 'A B'": ("argocd.token_env", "accepted: the name of an environment variable"),
    "[argocd]\nroot_path = 'argo'": ("argocd.root_path", "accepted: a path that begins with /"),
    "argocd = 5": ("argocd", "found 5; accepted: a table"),
    "servers = 5": ("servers", "accepted: tables, as [servers.eu]"),
    "servers = {eu = 5}": ("servers.eu", "found 5; accepted: a table"),
    "[servers.github]": ("servers.github", "the name of another source"),
    "[servers.argocd]": ("servers.argocd", "the name of another source"),
    "[servers.'E U']": ("servers.E U", "accepted: a name of small letters"),
    "[servers.eu]\nserver = 'http://x'": ("servers.eu.server", "plain http"),
    "[status_api]\nurl = 'http://x'": ("status_api.url", "accepted: https, or http on loopback"),
    "[status_api]\nemit = 'me'": ("status_api.emit", '"client", "pipeline", "none"'),
    "[promotion]\nlabels = 'x'": ("promotion.labels", 'found "x"; accepted: a list'),
    "[promotion]\nlabels = ['x', '']": ("promotion.labels.1", "a text that is not empty"),
    "[promotion]\nlabels = ['x', 5]": ("promotion.labels.1", "found 5; accepted: a text"),
    "[promotion]\nreviewers = ['a b']": ("promotion.reviewers.0", "a team as organisation/team"),
    "[promotion]\nvia = 'workflow'": ("promotion.workflow", "is missing"),
    "[promotion]\nworkflow = '../x'": ("promotion.workflow", "a file name under .github/workflows"),
    "[promotion]\nsoak_minutes = -1": ("promotion.soak_minutes", "a whole number from 0"),
    "[chart]\npath = '/infra'": ("chart.path", "a path inside the ops repo"),
    "[chart]\npath = 'a/../../b'": ("chart.path", "a path inside the ops repo"),
    "[chart]\npath = ''": ("chart.path", "a path inside the ops repo"),
    "[release]\nversion = 'a..b'": ("release.version", "keys with dots between them"),
    "[names]\nweb = 'Web'": ("names.web", "small letters"),
    "environments = []": ("environments", "is empty"),
    "environments = 5": ("environments", "found 5; accepted: a list"),
    "environments = [5]": ("environments.0", "found 5; accepted: a table"),
    "[[environments]]\nname = ''": ("environments.0.name", "small letters"),
    "[[environments]]\nname = 'a'\n[[environments]]\nname = 'a'": ("environments.1.name", "an environment before"),
    "[[environments]]\nname = 'a'\nserver = 'eu'": ("environments.0.server", 'found "eu"; accepted: "argocd"'),
    "[[environments]]\nname = 'a'\nrules = 'qa'": ("environments.0.rules", '"dev", "staging", "prod"'),
    "[[environments]]\nname = 'a'\nrelease = '/a'": ("environments.0.release", "a path inside the ops repo"),
    "[[environments]]\nname = 'a'\napplications = 'a'": ("environments.0.applications", "accepted: a list of names"),
    "[[environments]]\nname = 'a'\napplications = ['a', 'A/b']": ("environments.0.applications.1", '"namespace/name"'),
    "[[environments]]\nname = 'a'\napplications = [5]": ("environments.0.applications.0", "found 5"),
    "[[environments]]\nname = 'a'\napplications = {selector = 'a in (b)'}": (
        "environments.0.applications.selector",
        'accepted: "key=value"',
    ),
    "[[environments]]\nname = 'a'\napplications = {selector = 'a=b,'}": (
        "environments.0.applications.selector",
        'accepted: "key=value"',
    ),
    "[[environments]]\nname = 'a'\napplications = {selector = 'a=b,a=c'}": (
        "environments.0.applications.selector",
        "each key once",
    ),
    "[[environments]]\nname = 'a'\napplications = {selektor = 'a=b', selector = 'a=b'}": (
        "environments.0.applications.selektor",
        "did you mean `selector`?",
    ),
    "[[environments]]\nname = 'a'\napplications = ['x']\n[[environments]]\nname = 'b'\napplications = ['x']": (
        "environments.1.applications",
        "x belongs to the environment a already",
    ),
    "[policy]\nmemory_budget = '4 GB'": ("policy.memory_budget", "an amount of memory, as 4Gi"),
    "[policy]\ndisable = ['pinned']": ("policy.disable.0", "the id of a check"),
    "[[policy.waivers]]\ncheck='a.b'\nenvironment='prod'\nreason='x'": ("policy.waivers.0.until", "without an end"),
    "[[policy.waivers]]\ncheck='a.b'\nenvironment='prod'\nuntil=2026-12-31": ("policy.waivers.0.reason", "is missing"),
    "[[policy.waivers]]\ncheck='a.b'\nenvironment='prod'\nuntil='2026-12-31'\nreason='x'": (
        "policy.waivers.0.until",
        "a day, as 2026-12-31 without quotes",
    ),
    "[[policy.waivers]]\ncheck='a.b'\nenvironment='prod'\nuntil=2026-12-31T00:00:00Z\nreason='x'": (
        "policy.waivers.0.until",
        "a day",
    ),
    "[[policy.waivers]]\ncheck='a.b'\nenvironment='qa'\nuntil=2026-12-31\nreason='x'": (
        "policy.waivers.0.environment",
        'found "qa"; accepted: "dev", "staging", "prod"',
    ),
    "keys = 5": ("keys", "a table of action id = key"),
    "[keys]\nsync = 5": ("keys.sync", "found 5; accepted: a key"),
    "[keys]\nsync = ' '": ("keys.sync", "accepted: a key"),
}


@pytest.mark.parametrize("text", ONE_WRONG)
def test_what_is_wrong_is_named_by_its_key_with_what_is_accepted(folder, text):
    key, words = ONE_WRONG[text]
    before = text + "\n" + ONE_LINE if "=" in text.splitlines()[0] else ONE_LINE + text
    ((line, found_key, message),) = errors(folder, before)
    assert (found_key, words in message) == (key, True), message
    assert 1 <= line <= len(before.splitlines())


@pytest.mark.parametrize("token", ["ghp_" + "a" * 36, "github_pat_" + "a" * 30, "eyJhbGciOiJIUzI1NiJ9.e30.x"])
@pytest.mark.parametrize("key", ["token_env", "context", "ca_file", "tokn"])
def test_a_token_in_the_file_is_refused_and_never_printed(folder, token, key):
    with pytest.raises(ConfigErrors) as caught:
        given(folder, f'{ONE_LINE}[argocd]\n{key} = "{token}"\n')
    assert token not in str(caught.value)
    assert token not in repr(caught.value.errors)


def test_an_unknown_action_and_a_key_that_is_taken_are_errors(folder):
    actions = {"sync": ("s",), "promote": ("p",), "rollback": ("b", "slash", "/")}
    found = errors(folder, ONE_LINE + "[keys]\nsynk = 'x'\nsync = 'p'\n", actions=actions)
    assert found == [
        (4, "keys.synk", "there is no action `synk`; did you mean `sync`?"),
        (5, "keys.sync", '"p" is the key of promote already'),
    ]
    swapped = given(folder, ONE_LINE + "[keys]\nsync = 'p'\npromote = 's'\n", actions=actions)
    assert swapped.keys == {"sync": "p", "promote": "s"}
    for key in ("slash", "/"):
        found = errors(folder, ONE_LINE + f"[keys]\nsync = '{key}'\n", actions=actions)
        assert found == [(4, "keys.sync", f'"{key}" is the key of rollback already')]


def test_unknown_checks_are_errors_where_the_checks_are_known(folder):
    text = ONE_LINE + "[policy]\ndisable = ['ci.gren', 'release.pinned']\n"
    found = errors(folder, text, checks={"ci.green", "release.pinned"})
    assert found == [(4, "policy.disable.0", "there is no check `ci.gren`; did you mean `ci.green`?")]


def test_read_takes_a_text_without_a_file(tmp_path):
    assert parse_config(ONE_LINE, tmp_path / "x.toml", {}).github.ops_repo == "anchor/anchor-msp-ops"
