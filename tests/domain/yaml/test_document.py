"""Parsing YAML yaml_files: positions, aliases, and the errors of unreadable yaml_files."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.yaml.document import parse_document, parse_documents, replace_scalars
from anchor_tui.domain.yaml.nodes import MappingNode, ScalarNode, YamlDocumentError

UNREADABLE = {
    "not UTF-8": (b"a: 1\nb: \xff\n", "not-utf8", 2, 4, "save the file as UTF-8"),
    "UTF-16": ("a: 1".encode("utf-16"), "not-utf8", 1, 1, "save the file as UTF-8"),
    "a control character": (b"a: 1\nb: x\x01\n", "malformed-yaml", 2, 5, "U+0001"),
    "a tab in the indentation": (b"a:\n\tb: 1\n", "tab", 2, 1, "spaces only"),
    "a tab before a list item": (b"a:\n  \t- b\n", "tab", 2, 3, "spaces only"),
    "an open list": (b"a: [1\nb: 2\n", "malformed-yaml", 2, 2, "flow sequence"),
    "an open quote": (b'a: "x\nb: 1\n', "malformed-yaml", 3, 1, "quoted scalar that begins in line 1"),
    "two colons": (b"a: b: c\n", "malformed-yaml", 1, 5, "not valid YAML"),
    "an alias of nothing": (b"a: *b\n", "malformed-yaml", 1, 4, "no `&b` comes before it"),
    "a merge of a word": (b"a: x\n<<: b\n", "malformed-yaml", 2, 1, "`<<` accepts only a mapping"),
    "a list as a key": (b"? [a]\n: b\n", "malformed-yaml", 1, 3, "cannot be a key"),
    "a key twice": (b"a:\n  b: 1\n  b: 2\n", "duplicate-key", 3, 3, "is in line 2 already"),
    "nothing": (b"", "empty-file", 1, 1, "empty"),
    "a comment alone": (b"# a\n", "empty-file", 1, 1, "empty"),
    "dashes alone": (b"---\n", "empty-file", 1, 1, "empty"),
    "two documents": (b"a: 1\n---\nb: 2\n", "several-documents", 3, 1, "without `---`"),
    "a list at the top": (b"- a\n", "not-a-mapping", 1, 1, "not a list"),
    "a word at the top": (b"\nhello\n", "not-a-mapping", 2, 1, "not `hello`"),
    "a very deep list": (b"a: " + b"[" * 200 + b"]" * 200, "too-deep", 1, 104, "levels deep"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_has_a_position_and_advice(name, parser):
    raw, kind, line, column, words = UNREADABLE[name]
    with pytest.raises(YamlDocumentError) as caught:
        parse_document(raw, "environments/dev/release.yaml")
    problem = caught.value.problem
    assert (problem.kind, problem.file, problem.line) == (kind, "environments/dev/release.yaml", line)
    assert words in problem.message
    if name != "an open list":  # the parsers stop one token apart
        assert problem.column == column


def test_the_expansion_of_aliases_is_limited():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(YamlDocumentError, match="expand to more than"):
        parse_document("\n".join(lines), "f.yaml")


def test_positions_of_scalars_start_at_one(parser):
    document = parse_document("# ä\nspec:\n  tag: '1.10'  # why\n  list: [a, \"b\"]\n", "f.yaml")
    tag = document.get_scalar(("spec", "tag"))
    assert (tag.text, tag.line, tag.column, tag.style) == ("1.10", 3, 8, "single")
    assert document.text[tag.start : tag.end] == "'1.10'"
    assert [(path, scalar.text) for path, scalar in document.iterate_scalars()] == [
        (("spec", "tag"), "1.10"),
        (("spec", "list", 0), "a"),
        (("spec", "list", 1), "b"),
    ]
    assert document.find(("spec", "list", "1")) == document.find(("spec", "list", 1))
    assert document.find(("spec", "list", 2)) is None
    assert document.find(("spec", "tag", "x")) is None


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_positions_with_byte_order_mark_and_carriage_returns(bom, end, parser):
    document = parse_document((bom + end.join(["a: 1", "b: 😀", "c:", "  d: x", ""])).encode(), "f.yaml")
    places = {path[-1]: (scalar.line, scalar.column) for path, scalar in document.iterate_scalars()}
    assert places == {"a": (1, 4), "b": (2, 4), "d": (4, 6)}
    assert all(document.text[scalar.start : scalar.end] == scalar.text for _, scalar in document.iterate_scalars())


def test_a_missing_key_is_an_error_with_its_path():
    document = parse_document("a: {b: 1}\n", "f.yaml")
    with pytest.raises(YamlDocumentError, match=r"`a\.c` is missing"):
        document.get_scalar(("a", "c"))
    with pytest.raises(YamlDocumentError, match="`a` is a mapping, not one value"):
        document.get_scalar(("a",))


def test_a_digest_in_a_flow_mapping_is_read():
    assert parse_document("image: {digest: sha256:abc, tag: 1.0}\n", "f").value == {
        "image": {"digest": "sha256:abc", "tag": 1.0}
    }


def test_aliases_and_merge_keys_are_read_and_noted():
    document = parse_document("x: &x {tag: 1.10, z: 1}\na: *x\nb:\n  <<: *x\n  z: 2\n", "f.yaml")
    assert document.value == {"x": {"tag": 1.1, "z": 1}, "a": {"tag": 1.1, "z": 1}, "b": {"tag": 1.1, "z": 2}}
    assert [(note.line, note.kind) for note in document.notes] == [(2, "yaml-alias"), (4, "yaml-alias")]
    assert document.get_scalar(("b", "tag")).is_alias
    assert document.get_scalar(("a", "tag")).is_alias
    assert not document.get_scalar(("b", "z")).is_alias


def test_the_first_of_several_merged_mappings_has_precedence():
    document = parse_document("x: &x {k: 1}\ny: &y {k: 2, l: 3}\nb: {<<: [*x, *y]}\n", "f.yaml")
    assert document.value["b"] == {"k": 1, "l": 3}
    assert document.get_scalar(("b", "k")).text == "1"


def test_several_documents_are_read_without_the_empty_ones():
    documents = parse_documents("---\na: 1\n---\n# nothing\n---\nb: 2\n", "f.yaml")
    assert [document.value for document in documents] == [{"a": 1}, {"b": 2}]
    assert replace_scalars(documents[1], {("b",): "3"}) == "---\na: 1\n---\n# nothing\n---\nb: 3\n"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_reason(text):
    try:
        documents = parse_documents(text, "f.yaml")
    except YamlDocumentError as error:
        assert error.problem.message  # noqa: PT017 - both outcomes are allowed, any other exception is not
        return
    for document in documents:
        assert document.source == text
        assert isinstance(document.root.line, int)
        list(document.iterate_scalars())
        assert document.value is not None or isinstance(document.root, ScalarNode)


def test_three_hundred_lines_are_parsed_in_milliseconds():
    pytest.importorskip("_ruamel_yaml")
    text = "".join(f"service{i}:\n  image:\n    repository: ghcr.io/a/b{i}\n    tag: 1.{i}.0 # x\n" for i in range(75))
    parse_document(text, "warm.yaml")
    best = math.inf
    for _ in range(5):
        start = time.perf_counter()
        document = parse_document(text, "f.yaml")
        best = min(best, time.perf_counter() - start)
    assert isinstance(document.root, MappingNode)
    assert len(document.root.entries) == 75
    assert best < 0.03
