"""The layers of an Application's values: their order, their locations, their errors."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from anchor_tui.domain.helm import value_layers
from anchor_tui.domain.helm.value_layers import HelmSource, SourceLocation, ValueLayersError, build_layered_values


def read_file_from(**texts: str) -> Any:
    values = {"c/Chart.yaml": "name: x\n", **{key.replace("__", "/") + ".yaml": text for key, text in texts.items()}}
    return values.get


def read_layers(helm: dict[str, Any], **texts: str) -> Any:
    return build_layered_values(HelmSource("app", "c", helm, "app.yaml"), read_file_from(**texts))


def test_layers_have_the_order_of_argo_cd() -> None:
    texts = {"c__values": "a: 1\nb: 1\nc: 1\nd: 1\n", "c__e": "b: 2\nc: 2\nd: 2\n"}
    helm = {
        "valueFiles": ["e.yaml"],
        "values": "c: 9\n",
        "valuesObject": {"c": 3, "d": 3},
        "parameters": [{"name": "d", "value": "4"}],
    }

    values = read_layers(helm, **texts)

    assert values.merged == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert values.locate(("b",)) == SourceLocation("c/e.yaml", 1, 4)
    assert values.locate(("zzz",)) is None
    assert values.read_paths == ("c", "c/values.yaml", "c/e.yaml", "app.yaml")


def test_null_removes_and_a_missing_key_keeps_chart_values() -> None:
    values = read_layers({"valueFiles": ["e.yaml"]}, c__values="m: {x: 1, z: 2}\nk: 3\n", c__e="m: {x: null}\n")

    assert values.merged == {"m": {"z": 2}, "k": 3}
    assert values.locate(("m", "x")) == SourceLocation("c/e.yaml", 1, 8)


def test_a_missing_file_is_an_error_unless_allowed() -> None:
    with pytest.raises(ValueLayersError, match="does not exist"):
        read_layers({"valueFiles": ["e.yaml"]})

    assert read_layers({"valueFiles": ["e.yaml"], "ignoreMissingValueFiles": True}).merged == {}


def test_a_file_parameter_is_the_text_of_the_file() -> None:
    values = read_layers({"fileParameters": [{"name": "ca", "path": "ca.yaml"}]}, c__ca="PEM")

    assert values.merged == {"ca": "PEM"}


@pytest.mark.parametrize(
    ("helm", "words"),
    [
        ({"valueFiles": ["e.yaml"] * 501}, "helm.valueFiles has more than 500 files"),
        ({"parameters": [{"name": "a", "value": "1"}] * 501}, "helm.parameters has more than 500 items"),
        ({"parameters": [{"name": "a", "value": "{" + "," * 70_000 + "}"}]}, "a list has more than 65536 items"),
        ({"parameters": [{"name": "a." * 5000 + "b", "value": "1"}]}, "more than 100 levels"),
        (
            {"parameters": [{"name": f"a{number}[65535]", "value": "1"} for number in range(100)]},
            "create more than 500,000 items",
        ),
        ({"parameters": [{"name": "a" + "[65535]" * 90, "value": "1"}]}, "create more than 500,000 items"),
    ],
)
def test_an_application_of_great_cost_is_an_error(helm: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueLayersError, match=words) as caught:
        read_layers(helm, c__e="b: 2\n")
    assert caught.value.problem.file == "app.yaml"


def test_a_file_that_is_named_often_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    original = value_layers.parse_documents
    monkeypatch.setattr(value_layers, "parse_documents", lambda *rest: parsed.append(rest[1]) or original(*rest))
    for text in ("often: 1\n", "often: [\n"):
        parsed.clear()
        for _ in range(3):
            with suppress(ValueLayersError):
                read_layers({"valueFiles": ["e.yaml"] * 20}, c__e=text)
        assert parsed.count("c/e.yaml") == 1
