"""The applications that environments refer to."""

from __future__ import annotations

from anchor_tui.domain.model import Application
from anchor_tui.sources.argocd.application_filter import ApplicationFilter
from tests.sources.argocd.fakes import SELECTED, make_environment_configs


def make_filter(*names: str, own_namespace: str | None = "argocd") -> ApplicationFilter:
    application_filter = ApplicationFilter(make_environment_configs({"prod": names, "staging": names}))
    application_filter.own_namespace = own_namespace
    return application_filter


def test_a_bare_name_means_the_own_namespace():
    application_filter = make_filter("web")
    assert application_filter.is_wanted(Application("argocd", "argocd", "web"), {})
    assert not application_filter.is_wanted(Application("argocd", "team-a", "web"), {})


def test_names_without_a_matching_application_are_listed_once():
    application_filter = make_filter("web", "team-a/web", "worker")
    unmatched = application_filter.names_without([Application("argocd", "team-a", "web")])
    assert [(name.namespace, name.name) for name in unmatched] == [("", "web"), ("", "worker")]


def test_a_selector_matches_labels():
    application_filter = ApplicationFilter(make_environment_configs(SELECTED))
    assert application_filter.uses_selectors
    assert application_filter.is_wanted(Application("argocd", "argocd", "web"), {"env": "prod", "tier": "1"})
    assert not application_filter.is_wanted(Application("argocd", "argocd", "web"), {"env": "dev"})
