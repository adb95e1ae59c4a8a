"""Replacing scalars: exactly the intended characters change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.yaml.document import parse_document, replace_scalars
from anchor_tui.domain.yaml.nodes import YamlDocumentError
from anchor_tui.domain.yaml.scalars import resolve_scalar
from tests.domain.yaml.outside_scalars import read_outside_scalars

FILE = """# The release of dev
version: 1.44.0      # by the pipeline
quoted: "1.44.0"
single: '1.44.0'
replicas: 1
enabled: true
flow: {tag: 1.44.0, digest: sha256:abc}
list:
  - a
  -   b
empty:
text: |
  1.44.0
shared: &shared {tag: 1.0}
again: *shared
word: &word x
tagged: !!str 1.0
over:
  <<: *shared
"""


@pytest.mark.parametrize(
    ("path", "text", "written"),
    [
        ("version", "1.45.0", "version: 1.45.0      # by the pipeline"),
        ("version", "1.10", 'version: "1.10"      # by the pipeline'),
        ("version", "true", 'version: "true"      # by the pipeline'),
        ("version", "0755", 'version: "0755"      # by the pipeline'),
        ("version", "0x1F", 'version: "0x1F"      # by the pipeline'),
        ("version", "1e3", 'version: "1e3"      # by the pipeline'),
        ("version", "", 'version: ""      # by the pipeline'),
        ("version", "a # b", 'version: "a # b"      # by the pipeline'),
        ("version", "*x", 'version: "*x"      # by the pipeline'),
        ("version", 'say "é"\n\\', 'version: "say \\"é\\"\\n\\\\"      # by the pipeline'),
        ("version", "x\u2028\U000e0001", 'version: "x\\u2028\\U000e0001"      # by the pipeline'),
        ("quoted", "1.10", 'quoted: "1.10"'),
        ("single", "it's", "single: 'it''s'"),
        ("single", "a\nb", 'single: "a\\nb"'),
        ("replicas", "2", "replicas: 2"),
        ("replicas", "02", 'replicas: "02"'),
        ("replicas", "true", 'replicas: "true"'),
        ("enabled", "false", "enabled: false"),
        ("enabled", "off", 'enabled: "off"'),
        ("flow.tag", "1.45.0", "flow: {tag: 1.45.0, digest: sha256:abc}"),
        ("flow.digest", "a,b", 'flow: {tag: 1.44.0, digest: "a,b"}'),
        ("list.1", "c", "  -   c"),
    ],
)
def test_a_replaced_scalar_keeps_its_quotes_and_its_type(path, text, written, parser):
    document = parse_document(FILE, "f.yaml")
    result = replace_scalars(document, {tuple(path.split(".")): text})
    before, after = FILE.splitlines(), result.split("\n")[:-1]
    changed = [now for was, now in zip(before, after, strict=True) if was != now]
    assert changed == [written]
    assert parse_document(result, "f.yaml").get_scalar(tuple(path.split("."))).text == text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nothing", "`nothing` is missing, and nothing is ever inserted"),
        ("version.x", "`version.x` is missing"),
        ("flow", "is a mapping"),
        ("list", "is a list"),
        ("empty", "is empty, and nothing is ever inserted"),
        ("text", "block of text"),
        ("shared.tag", "has the anchor &shared"),
        ("again", "is an alias"),
        ("again.tag", "is an alias"),
        ("word", "has the anchor &word"),
        ("tagged", "has a tag"),
        ("over.tag", "is an alias"),
    ],
)
def test_shared_and_composite_nodes_are_never_replaced(path, words):
    with pytest.raises(YamlDocumentError) as caught:
        replace_scalars(parse_document(FILE, "f.yaml"), {tuple(path.split(".")): "2"})
    assert words in caught.value.problem.message
    assert caught.value.problem.line


def test_replacing_a_text_with_the_same_text_changes_no_byte():
    document = parse_document("version: 1.10\n", "f.yaml")
    assert replace_scalars(document, {("version",): "1.10"}) == "version: 1.10\n"


KEYS = st.text("abcdefgxyz_-", min_size=1, max_size=6).filter(lambda key: key[0] != "-" and resolve_scalar(key) == key)
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]), max_size=12),
    st.sampled_from(
        ["1.10", "true", "0755", "0x10", "null", "~", "1e3", "a: b", "- x", "# no", "'", '"', "&a", "*a", "{", "%x"]
    ),
)


QUOTED = TEXTS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
SINGLE = TEXTS.map(lambda text: "'" + text.replace("'", "''") + "'")
PLAIN = st.sampled_from(["1.44.0", "1.10", "true", "x", "sha256:abc", "ghcr.io/a/b:1@sha256:c", "12", "a b", "ö"])
VALUES = st.recursive(
    st.one_of(PLAIN, QUOTED, SINGLE),
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, min_size=1, max_size=3), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def _format_lines(value, indent):
    match value:
        case str():
            return [f" {value}   # said"]
        case dict():
            lines = [""]
            for key, item in value.items():
                first, *rest = _format_lines(item, indent + 2)
                lines += [f"{' ' * indent}{key}:{first}", *rest]
            return lines
        case list():
            lines = ["  # a list"]
            for item in value:
                first, *rest = _format_lines(item, indent + 4)
                lines += [f"{' ' * indent}- {first}", *rest]
            return lines
    raise AssertionError(value)


@st.composite
def yaml_files(draw):
    value = draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return draw(st.sampled_from(["", "\ufeff"])) + end.join(["# top", *_format_lines(value, 0)[1:], ""])


@given(yaml_files(), st.data())
def test_exactly_the_intended_scalars_change(text, data):
    document = parse_document(text, "f.yaml")
    scalars = dict(document.iterate_scalars())
    chosen = data.draw(st.lists(st.sampled_from(sorted(scalars, key=str)), unique=True))
    changes = {path: data.draw(TEXTS) for path in chosen}
    result = replace_scalars(document, changes)
    after = dict(parse_document(result, "f.yaml").iterate_scalars())
    assert {path: scalar.text for path, scalar in after.items()} == {
        path: changes.get(path, scalar.text) for path, scalar in scalars.items()
    }
    for path, scalar in scalars.items():
        if path not in changes:
            assert (after[path].value, after[path].style) == (scalar.value, scalar.style)
    back = replace_scalars(parse_document(result, "f.yaml"), {path: scalars[path].text for path in changes})
    assert read_outside_scalars(back) == read_outside_scalars(text)
