"""Values that do not fit their key: each error names the key and what is accepted."""

from __future__ import annotations

import pytest

from anchor_tui.config.errors import ConfigErrors
from tests.config.config_files import MINIMAL, check_one_error, list_errors, load_text

INVALID = {
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
    "[argocd]\nserver = 'https://a:99999'": ("argocd.server", "the port is not a number"),
    "[argocd]\nserver = 'https://a?b=c'": ("argocd.server", "no ?, # or blank"),
    "[argocd]\nserver = 'https://u:secret@a'": ("argocd.server", "found …; an address must not contain a user"),
    "[argocd]\nca_file = 'nowhere.pem'": ("argocd.ca_file", "there is no file"),
    "[argocd]\nca_file = '~/nowhere.pem'": ("argocd.ca_file", "/home/nowhere.pem"),
    "[argocd]\ntoken_env = 'A B'": ("argocd.token_env", "accepted: the name of an environment variable"),
    "[argocd]\nroot_path = 'argo'": ("argocd.root_path", "accepted: a path that begins with /"),
    "argocd = 5": ("argocd", "found 5; accepted: a table"),
    "servers = 5": ("servers", "accepted: tables, as [servers.eu]"),
    "servers = {eu = 5}": ("servers.eu", "found 5; accepted: a table"),
    "[servers.github]": ("servers.github", "the name of another source"),
    "[servers.argocd]": ("servers.argocd", "the name of another source"),
    "[servers.'E U']": ("servers.E U", "accepted: a name of small letters"),
    "[status_api]\nurl = 'http://x'": ("status_api.url", "accepted: https, or http on loopback"),
    "[status_api]\nemit = 'me'": ("status_api.emit", '"client", "pipeline", "none"'),
    "[promotion]\nlabels = 'x'": ("promotion.labels", 'found "x"; accepted: a list'),
    "[promotion]\nlabels = ['x', '']": ("promotion.labels.1", "a text that is not empty"),
    "[promotion]\nlabels = ['x', 5]": ("promotion.labels.1", "found 5; accepted: a text"),
    "[promotion]\nreviewers = ['a b']": ("promotion.reviewers.0", "a team as organisation/team"),
    "[promotion]\nworkflow = '../x'": ("promotion.workflow", "a file name under .github/workflows"),
    "[promotion]\nsoak_minutes = -1": ("promotion.soak_minutes", "a whole number from 0"),
    "[chart]\npath = '/infra'": ("chart.path", "a path inside the ops repo"),
    "[chart]\npath = 'a/../../b'": ("chart.path", "a path inside the ops repo"),
    "[chart]\npath = ''": ("chart.path", "a path inside the ops repo"),
    "[release]\nversion = 'a..b'": ("release.version", "keys with dots between them"),
    "[names]\nweb = 'Web'": ("names.web", "small letters"),
    "environments = 5": ("environments", "found 5; accepted: a list"),
    "environments = [5]": ("environments.0", "found 5; accepted: a table"),
    "[[environments]]\nname = ''": ("environments.0.name", "small letters"),
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
    "[notify]\ndesktop = 'growl'": ("notify.desktop", '"osc777"'),
    "[notify]\nrun = 'notify-send'": ("notify.run", "accepted"),
    "[notify]\nrun = ['']": ("notify.run.0", "a text that is not empty"),
    "[[notify.rules]]\nlevel = 'ok'": ("notify.rules.0.level", '"failing"'),
    "[[notify.rules]]\nrecover = true": ("notify.rules.0.recover", "did you mean `recovery`?"),
    "keys = 5": ("keys", "a table of action id = key"),
    "[keys]\nsync = 5": ("keys.sync", "found 5; accepted: a key"),
    "[keys]\nsync = ' '": ("keys.sync", "accepted: a key"),
}


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_value_names_its_key_and_accepted_values(folder, text):
    check_one_error(folder, text, *INVALID[text])


@pytest.mark.parametrize("text", ['[names]\nweb = "web\\n"', '[promotion]\nworkflow = "a.yaml\\n"'])
def test_a_line_end_after_a_text_is_not_accepted(folder, text):
    ((_, _, message),) = list_errors(folder, MINIMAL + text)
    assert "accepted: " in message


def test_a_required_text_may_not_be_empty(folder):
    check_one_error(folder, "[[environments]]\nname = ''", "environments.0.name", "accepted: small letters")


def test_a_key_without_a_value_may_be_empty(folder):
    assert load_text(folder, MINIMAL + "[argocd]\ntoken_env = ''").argocd.token_env == ""


@pytest.mark.parametrize("token", ["ghp_" + "a" * 36, "github_pat_" + "a" * 30, "eyJhbGciOiJIUzI1NiJ9.e30.x"])
@pytest.mark.parametrize("key", ["token_env", "context", "ca_file", "tokn"])
def test_a_token_in_the_file_is_refused_and_never_printed(folder, token, key):
    with pytest.raises(ConfigErrors) as caught:
        load_text(folder, f'{MINIMAL}[argocd]\n{key} = "{token}"\n')
    assert token not in str(caught.value)
    assert token not in repr(caught.value.errors)
