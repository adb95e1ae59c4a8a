"""Our reading of values against the real `helm template`, on generated charts, overlays and parameters.

One chart contains many cases, each below its own key, because each start of helm takes 50 ms.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from anchor_tui.domain.helm.image_fields import format_image_reference
from anchor_tui.domain.helm.overlays import find_overlay_images
from anchor_tui.domain.helm.set_parameters import parse_parameter_name
from anchor_tui.domain.helm.template_values import format_template_value
from anchor_tui.domain.helm.value_layers import HelmSource, LayeredValues, build_layered_values
from anchor_tui.domain.yaml.document import parse_document
from anchor_tui.sources.checkout.helm import find_helm, render_chart

HELM = find_helm()
pytestmark = pytest.mark.skipif(HELM is None, reason="helm is not on the PATH: the real helm cannot be asked")
SETTINGS = settings(
    max_examples=4,
    phases=(Phase.generate,),  # no shrinking: each step would start helm
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
TEMPLATE = """\
values: {{ .Values | toJson | b64enc | quote }}
texts:
{{- range $name, $case := .Values }}
{{- if kindIs "map" $case }}
  {{ $name }}: {{ $case.a | quote | b64enc | quote }}
{{- end }}
{{- end }}
images:
{{- range $name, $case := .Values }}
{{- if kindIs "map" $case }}{{ with $case.image }}{{ if kindIs "map" . }}
  {{ $name }}: "{{ .repository }}{{ if .tag }}:{{ .tag }}{{ end }}{{ if .digest }}@{{ .digest }}{{ end }}"
{{- end }}{{ end }}{{ end }}
{{- end }}
"""
SCALARS = (
    *("null", "~", "true", "False", "yes", "off", "0", "7", "-3", "010", "0x1F", "0b11", "1_000", "1.10", ".5", "1e3"),
    *("1.5e-7", "20241123", "1000000", "9007199254740993", "2024-01-01", "1:30", "x", "'1'", '"true"', "''", "a b"),
    *("'null'", '"\\u00e9"', "1.2.3", "v1", "+5", "1e21", "123456789012345678"),
)
KEYS = st.sampled_from("abcd")


def mapping_text(items: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"


VALUES: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=3).map(mapping_text)
        | st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    ),
    max_leaves=6,
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=3).map(mapping_text)
PARAMETERS = st.tuples(
    st.sampled_from(("a", "b", "a.b", "c.d.a", "d[0]", "d[1].a", r"a\.b")),
    st.sampled_from(
        ("true", "null", "0", "42", "-7", "0755", "1.5", "x y", "", "{a,2}", r"a\,b", "1000000", "yes", "{}")
    ),
    st.booleans(),
)


class Case(NamedTuple):
    """The values of one key: in the chart, in two files, inline, and the parameters below it."""

    chart: str
    files: tuple[str, str]
    inline: str
    parameters: tuple[tuple[str, str, bool], ...]


CASES = st.builds(
    Case,
    MAPPINGS,
    st.tuples(MAPPINGS, MAPPINGS),
    MAPPINGS,
    st.lists(PARAMETERS, max_size=2).map(lambda found: (*found,)),
)


def write_chart(root: Path, **files: str) -> None:
    (root / "c" / "templates").mkdir(parents=True, exist_ok=True)
    (root / "c" / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 0.1.0\n")
    (root / "c" / "templates" / "all.yaml").write_text(TEMPLATE)
    for name, text in files.items():
        (root / "c" / f"{name}.yaml").write_text(text)


def read_ours(root: Path, options: dict[str, Any]) -> LayeredValues:
    def read_file(path: str) -> bytes | None:
        file = root / path
        return file.read_bytes() if file.is_file() else None

    return build_layered_values(HelmSource("x", "c", options), read_file)


def leads_through_mappings(values: Any, path: tuple[str | int, ...]) -> bool:
    """Return whether each value above the end of a path fits its next step. Helm refuses others."""
    for step in path:
        if not isinstance(values, list if isinstance(step, int) else dict):
            return False
        items = dict(enumerate(values)) if isinstance(values, list) else values
        if step not in items:
            return True
        values = items[step]
    return True


def read_both(root: Path, options: dict[str, Any]) -> tuple[LayeredValues, dict[str, Any]]:
    """Return what we read, and the document that helm renders."""
    source = HelmSource("x", "c", options)
    ours = read_ours(root, options)
    (rendered,) = render_chart(HELM or "", root, source, [f"c/{name}" for name in options.get("valueFiles", ())])
    assert isinstance(rendered, dict)
    return ours, rendered


def plain(value: Any) -> Any:
    """Return a value in which 1 and 1.0 are equal, but 1 and true are not."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, bool | str) or value is None else f"number {float(value)!r}"


def lines_of(cases: list[Case], text: Any) -> str:
    return "".join(f"case{number}: {text(case)}\n" for number, case in enumerate(cases)) or "{}\n"


@SETTINGS
@given(st.lists(CASES, min_size=8, max_size=20))
def test_generated_values_are_merged_as_helm_merges_them(tmp_path, cases):
    write_chart(
        tmp_path,
        values=lines_of(cases, lambda case: case.chart),
        one=lines_of(cases, lambda case: case.files[0]),
        two=lines_of(cases, lambda case: case.files[1]),
    )
    options: dict[str, Any] = {
        "valueFiles": ["one.yaml", "two.yaml"],
        "values": lines_of(cases, lambda case: case.inline),
    }
    given_values = read_ours(tmp_path, options).merged
    options["parameters"] = [
        {"name": f"case{number}.{name}", "value": value, "forceString": is_forced}
        for number, case in enumerate(cases)
        for name, value, is_forced in case.parameters
        if leads_through_mappings(given_values, (f"case{number}", *parse_parameter_name(name)))
        and name == case.parameters[0][0]  # a second parameter could lead through the first
    ]
    ours, rendered = read_both(tmp_path, options)
    theirs = json.loads(base64.b64decode(rendered["values"]))
    assert plain(ours.merged) == plain(theirs)
    for name, case in ours.merged.items():
        if isinstance(case, dict) and not isinstance(case.get("a"), dict | list):
            text = json.loads(base64.b64decode(rendered["texts"][name]).decode() or '""')
            assert format_template_value(case.get("a")) == text, name


REPOSITORIES = st.sampled_from(
    ("anchor/web", "ghcr.io/anchor/web", "localhost:5000/web", "registry.example:443/a/b/web", "web")
)
TAGS = st.sampled_from(("1.44.0", "v1", "latest", "sha-9f2c1e0", "1.10", "20241123", ""))
DIGESTS = st.sampled_from(("", f"sha256:{'ab' * 32}", f"sha512:{'0c' * 64}"))
IMAGES = st.fixed_dictionaries({}, optional={"repository": REPOSITORIES, "tag": TAGS, "digest": DIGESTS})


def image_text(image: dict[str, str]) -> str:
    return mapping_text({"image": mapping_text({key: json.dumps(value) for key, value in image.items()})})


@SETTINGS
@given(st.lists(st.tuples(REPOSITORIES, IMAGES, IMAGES), min_size=8, max_size=20))
def test_generated_images_are_those_that_helm_renders(tmp_path, cases):
    charts = [image_text({"repository": repository, **image}) for repository, image, _ in cases]
    overlay = "".join(f"case{number}: {image_text(image)}\n" for number, (_, _, image) in enumerate(cases))
    values = "".join(f"case{number}: {text}\n" for number, text in enumerate(charts))
    write_chart(tmp_path, values=values, one=overlay)
    ours, rendered = read_both(tmp_path, {"valueFiles": ["one.yaml"]})
    found = {
        str(place.path[0]): format_image_reference(place.image.repository, place.image.tag, place.image.digest)
        for place in find_overlay_images(ours.merged, parse_document(overlay, "one.yaml"))
    }
    assert len(found) == sum(bool(image) for _, _, image in cases)
    for name, reference in found.items():
        assert reference == rendered["images"][name]
