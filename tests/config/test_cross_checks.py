"""Checks that involve several keys, or the known action and check ids."""

from __future__ import annotations

import pytest

from anchor_tui.config.usual_keys import UsualKeys
from tests.config.config_files import MINIMAL, check_one_error, list_errors, load_text

INVALID = {
    "[argocd]\nserver = 'http://cd.example.com'": ("argocd.server", "plain http sends the token unencrypted"),
    "[argocd]\ncontext = 'a'\nserver = 'https://a'": ("argocd.context", "both name an address"),
    "[argocd]\nclient_cert = 'cert.pem'": ("argocd.client_cert", "`client_key` is missing"),
    "[argocd]\nclient_key = 'key.pem'": ("argocd.client_key", "`client_cert` is missing"),
    "[servers.eu]\nserver = 'http://x'": ("servers.eu.server", "plain http"),
    "[promotion]\nvia = 'workflow'": ("promotion.workflow", "is missing"),
    "environments = []": ("environments", "is empty"),
    "[[environments]]\nname = 'a'\n[[environments]]\nname = 'a'": (
        "environments.1.name",
        "the name of a previous environment",
    ),
    "[[environments]]\nname = 'a'\nserver = 'eu'": ("environments.0.server", 'found "eu"; accepted: "argocd"'),
    "[[environments]]\nname = 'a'\napplications = ['x']\n[[environments]]\nname = 'b'\napplications = ['x']": (
        "environments.1.applications",
        "x already belongs to the environment a",
    ),
    "[[notify.rules]]\nenvironment='prd'": ("notify.rules.0.environment", 'found "prd"; accepted: "dev"'),
    "[[policy.waivers]]\ncheck='a.b'\nenvironment='qa'\nuntil=2026-12-31\nreason='x'": (
        "policy.waivers.0.environment",
        'found "qa"; accepted: "dev", "staging", "prod"',
    ),
}


@pytest.mark.parametrize("text", INVALID)
def test_keys_that_contradict_each_other_are_an_error(folder, text):
    check_one_error(folder, text, *INVALID[text])


ACTIONS = {
    "sync": UsualKeys(("s",)),
    "promote": UsualKeys(("p",)),
    "rollback": UsualKeys(("b", "slash", "/")),
    "log-follow": UsualKeys(("f",), frozenset({1})),
}


def test_unknown_actions_and_taken_keys_are_errors(folder):
    found = list_errors(folder, MINIMAL + "[keys]\nsynk = 'x'\nsync = 'p'\n", actions=ACTIONS)
    assert found == [
        (4, "keys.synk", "there is no action `synk`; did you mean `sync`?"),
        (5, "keys.sync", '"p" is already the key of promote'),
    ]


@pytest.mark.parametrize("key", ["slash", "/"])
def test_a_key_is_taken_in_every_spelling(folder, key):
    found = list_errors(folder, MINIMAL + f"[keys]\nsync = '{key}'\n", actions=ACTIONS)
    assert found == [(4, "keys.sync", f'"{key}" is already the key of rollback')]


def test_two_actions_may_swap_their_keys(folder):
    swapped = load_text(folder, MINIMAL + "[keys]\nsync = 'p'\npromote = 's'\n", actions=ACTIONS)
    assert swapped.keys == {"sync": "p", "promote": "s"}


def test_unknown_checks_are_errors_if_the_checks_are_known(folder):
    text = MINIMAL + "[policy]\ndisable = ['ci.gren', 'release.pinned']\n"
    found = list_errors(folder, text, checks={"ci.green", "release.pinned"})
    assert found == [(4, "policy.disable.0", "there is no check `ci.gren`; did you mean `ci.green`?")]


def test_actions_of_different_screens_can_share_a_key(folder):
    assert load_text(folder, MINIMAL + "[keys]\nsync = 'f'\n", actions=ACTIONS).keys == {"sync": "f"}
