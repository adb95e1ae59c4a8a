"""The names of variables and secrets, and the permissions that are missing to list them."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.domain.source_data import SettingNames
from anchor_tui.sources.errors import Forbidden, InvalidResponse, NotFound, ServerError
from anchor_tui.sources.github.setting_names import read_setting_names
from tests.sources.github.fakes import (
    FakeRestGitHub,
    secrets_page,
    settings_answers,
    variables_page,
)


async def read(client: FakeRestGitHub) -> Any:
    return (await read_setting_names(client, "anchor/anchor-msp-ops"))[0]  # type: ignore[arg-type]


async def test_own_variables_override_those_of_the_organisation():
    found = await read(
        settings_answers(
            **{
                "actions/variables": variables_page(ENGINE_ID="own"),
                "actions/organization-variables": variables_page(ENGINE_ID="shared", OTHER="x"),
                "actions/organization-secrets": secrets_page("STATUS_API_URL"),
            }
        )
    )
    assert found.variables == SettingNames({"ENGINE_ID": "own", "OTHER": "x"})
    assert found.secrets == SettingNames({"STATUS_API_URL": ""})


async def test_settings_of_environments_with_any_name_are_listed():
    environments = {"total_count": 2, "environments": [{"name": "prod"}, {"name": "eu/west 1"}]}
    found = await read(
        settings_answers(
            **{
                "environments": environments,
                "environments/prod/variables": variables_page(ENGINE_ID="anchor-msp"),
                "environments/prod/secrets": secrets_page("STATUS_API_TOKEN"),
                "environments/eu%2Fwest%201/variables": variables_page(),
                "environments/eu%2Fwest%201/secrets": secrets_page(),
            }
        )
    )
    assert found.variables.environments == {"prod": {"ENGINE_ID": "anchor-msp"}, "eu/west 1": {}}
    assert found.secrets.environments["prod"] == {"STATUS_API_TOKEN": ""}
    assert found.secrets.unlisted == ()


async def test_every_page_is_read():
    names = [f"SECRET_{number}" for number in range(70)]

    def page(parameters: Any) -> Any:
        start = (parameters["page"] - 1) * parameters["per_page"]
        return secrets_page(*names[start : start + parameters["per_page"]]) | {"total_count": len(names)}

    found = await read(settings_answers(**{"actions/secrets": page}))
    assert list(found.secrets.repository_wide) == names


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Forbidden("403: no; the token needs secrets=read"), "403: no; the token needs secrets=read"),
        (Forbidden("403: no"), "403: no; the token needs Secrets: read"),
        (NotFound("Not Found"), "Not Found; the token needs Secrets: read"),
        (ServerError("HTTP 502"), "HTTP 502"),
        (InvalidResponse("a page of HTML"), "a page of HTML"),
    ],
)
async def test_a_denied_list_names_the_permission_and_keeps_the_rest(failure, words):
    answers = {"actions/secrets": failure, "actions/variables": variables_page(ENGINE_ID="anchor-msp")}
    found = await read(settings_answers(**answers))
    assert found.secrets.unlisted == (words,)
    assert found.variables == SettingNames({"ENGINE_ID": "anchor-msp"})


@pytest.mark.parametrize("answer", [{"message": "no"}, {"items": []}, {}, {"total_count": 1, "secrets": 3}])
async def test_an_answer_without_a_list_is_the_reason(answer):
    found = await read(settings_answers(**{"actions/secrets": answer}))
    assert found.secrets.unlisted
    assert not found.secrets.repository_wide
