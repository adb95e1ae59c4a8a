"""The applications of each environment: as configured, and the same objects without a change."""

from __future__ import annotations

import random

import pytest

from anchor_tui.config.model import ApplicationName, ApplicationSelector, EnvironmentConfig
from anchor_tui.domain.application_selection import ApplicationSelection
from anchor_tui.domain.source_data import ArgoCDData, ObservedApplication, belongs_to_environment
from tests.values import application

NAMED = EnvironmentConfig(name="named", applications=(ApplicationName("a"), ApplicationName("b", "team")))
LABELLED = EnvironmentConfig(name="labelled", applications=ApplicationSelector((("env", "prod"),)))
ENVIRONMENTS = (NAMED, LABELLED)


def make_data(*observed: ObservedApplication, own_namespace: str | None = "argocd") -> ArgoCDData:
    return ArgoCDData("argocd", "", own_namespace=own_namespace, applications=observed)


def observed(name: str, namespace: str = "argocd", **labels: str) -> ObservedApplication:
    return ObservedApplication(application(name, namespace=namespace), labels)


def make_many(number: int) -> list[ObservedApplication]:
    return [observed(f"app-{index:04}", env="prod") for index in range(number)]


def test_applications_are_selected_by_name_and_by_labels():
    found = ApplicationSelection(ENVIRONMENTS).update(
        make_data(observed("a", env="prod"), observed("b"), observed("b", "team"), observed("c", env="dev"))
    )
    assert [str(app.id) for app in found["named"]] == ["argocd/a", "team/b"]
    assert [str(app.id) for app in found["labelled"]] == ["argocd/a"]


def test_without_a_change_the_selection_is_the_same_object():
    selection = ApplicationSelection(ENVIRONMENTS)
    many = make_many(9)
    before = selection.update(make_data(*many))["labelled"]
    assert selection.update(make_data(*many))["labelled"] is before


def test_a_change_concerns_its_own_environment_only():
    selection = ApplicationSelection(ENVIRONMENTS)
    a, x = observed("a"), observed("x", env="prod")
    before = selection.update(make_data(a, x))
    after = selection.update(make_data(a, observed("x", env="prod")))
    assert after["named"] is before["named"]
    assert after["labelled"] is not before["labelled"]


def test_a_changed_label_moves_an_application():
    selection = ApplicationSelection(ENVIRONMENTS)
    selection.update(make_data(observed("x", env="prod"), observed("y", env="prod")))
    found = selection.update(make_data(observed("x", env="dev"), observed("y", env="prod")))
    assert [app.name for app in found["labelled"]] == ["y"]


def test_a_bare_name_matches_anywhere_until_the_namespace_is_known():
    selection = ApplicationSelection(ENVIRONMENTS)
    elsewhere = observed("a", "elsewhere")
    assert len(selection.update(make_data(elsewhere, own_namespace=None))["named"]) == 1
    assert selection.update(make_data(elsewhere))["named"] == ()


def test_nothing_is_selected_before_the_server_answers():
    assert ApplicationSelection(ENVIRONMENTS).update(None) == {"named": (), "labelled": ()}


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_of_changes_equals_a_new_selection(seed):
    chance = random.Random(seed)
    selection = ApplicationSelection(ENVIRONMENTS)
    for _ in range(30):
        names = sorted(chance.sample("abcdefgh", chance.randint(3, 8)))
        applications = [
            observed(name, chance.choice(["argocd", "team"]), env=chance.choice(["prod", "dev"])) for name in names
        ]
        data = make_data(*applications, own_namespace=chance.choice([None, "argocd"]))
        found = selection.update(data)
        for environment in ENVIRONMENTS:
            assert found[environment.name] == tuple(
                item.application
                for item in applications
                if belongs_to_environment(environment, item.application, item.labels, data.own_namespace)
            )
