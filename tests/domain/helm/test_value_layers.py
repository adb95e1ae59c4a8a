"""The layers of an Application's values: their order, their locations, their errors."""

from __future__ import annotations

from typing import Any

import pytest

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
