"""Files that are written to cost much: each is refused or read within the limits, whatever it contains."""

from __future__ import annotations

import time

import pytest
import ruamel.yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.domain.yaml.document import parse_document, parse_documents
from anchor_tui.domain.yaml.limits import FILE_LIMITS, MAX_DEPTH, YamlLimits
from anchor_tui.domain.yaml.node_builder import NodeBuilder
from anchor_tui.domain.yaml.nodes import MappingNode, YamlDocumentError, walk_nodes
from anchor_tui.domain.yaml.scalars import resolve_scalar

SIZE = 200_000
LIMITS = YamlLimits(nodes=20_000)
COLON_WORD = "d: {digest: sha256:a}\n"
"""A line that only the pure Python parser reads."""
HANG_S = 10.0
"""No assertion about speed: a limit that fails costs minutes."""


def repeat(text: str, size: int = SIZE) -> str:
    return text * (size // len(text))


HOSTILE = {
    "open lists": ("v: " + repeat("["), "too-deep", 2 * MAX_DEPTH + 10),
    "open mappings": ("v: " + repeat("{"), "too-deep", 2 * MAX_DEPTH + 10),
    "open mappings and lists": ("v: " + repeat("{a: ["), "too-deep", 2 * MAX_DEPTH + 10),
    "open lists on lines": ("v: " + repeat("[\n"), "too-deep", 2 * MAX_DEPTH + 10),
    "list items on one line": (repeat("- "), "too-deep", 2 * MAX_DEPTH + 10),
    "keys on one line": (repeat("? "), "too-deep", 2 * MAX_DEPTH + 10),
    "nested mappings": ("\n".join(" " * i + "a:" for i in range(600)), "too-deep", 4 * MAX_DEPTH + 10),
    "nested lists": ("\n".join(" " * i + "-" for i in range(600)), "too-deep", 4 * MAX_DEPTH + 10),
    "aliases of aliases": (
        "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 1000)),
        "too-deep",
        4 * MAX_DEPTH + 10,
    ),
    "aliases that double": (
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60)),
        "too-large",
        LIMITS.nodes,
    ),
    "merge keys that double": (
        "a0: &a0 {k: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 60)),
        "too-large",
        LIMITS.nodes,
    ),
    "aliases in many documents": (repeat("a: &a [" + "x," * 300 + "]\nb: [*a, *a]\n---\n"), "too-large", LIMITS.nodes),
    "aliases of a long text": ("a: &a " + "1" * 90_000 + "\nb: [" + "*a," * 9000 + "]", "too-large", LIMITS.nodes),
    "tags": ("v: " + repeat("!a "), "malformed-yaml", 10),
    "anchors": ("v: " + repeat("&a "), "malformed-yaml", 10),
    "tag directives": ("".join(f"%TAG !a{i}! b\n" for i in range(9000)) + "--- a", "too-large", 0),
    "many documents": (repeat("--- a\n"), "too-large", LIMITS.nodes),
    "many empty documents": (repeat("---\n"), "too-large", LIMITS.nodes),
    "many values": ("v: [" + repeat("a,", 3 * LIMITS.nodes) + "]", "too-large", LIMITS.nodes),
    "one long word": ("v: " + repeat("a"), None, LIMITS.nodes),
    "one long key": (repeat("a") + ": 1", "malformed-yaml", 10),
    "one long number": ("v: " + repeat("1"), None, LIMITS.nodes),
    "one long escape": ('v: "' + repeat("\\\\") + '"', None, LIMITS.nodes),
    "an open quote": ('v: "' + repeat("a\n "), "malformed-yaml", 10),
    "other line ends": ('v: "\u2028"\n' + "".join(f"k{i}: a\n" for i in range(9000)), None, LIMITS.nodes),
    "many keys with a merge key": (
        "m: &m {z: 1}\nw:\n  <<: *m\n" + "".join(f"  k{i}: a\n" for i in range(9000)),
        None,
        LIMITS.nodes,
    ),
    "fractions as keys": ("".join(f"0.{i}2345678901: a\n" for i in range(30_000)), "too-large", LIMITS.nodes),
    "comments": (repeat("#\n"), None, 2),
}  # fmt: skip


@pytest.fixture
def counted(monkeypatch):
    """The number of nodes that were built."""
    nodes = [0]
    original = NodeBuilder._build_node

    def build(self, *arguments):
        nodes[0] += 1
        return original(self, *arguments)

    monkeypatch.setattr(NodeBuilder, "_build_node", build)
    return nodes


@pytest.mark.parametrize("prefix", ["", COLON_WORD], ids=["libyaml", "pure"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_within_the_limits(name, prefix, counted):
    text, kind, nodes = HOSTILE[name]
    start = time.monotonic()
    try:
        documents = parse_documents(prefix + text, "values.yaml", LIMITS)
    except YamlDocumentError as error:
        problem = error.problem
        assert (problem.file, problem.line is not None) == ("values.yaml", True)
        assert problem.kind == kind or prefix
    else:
        assert kind is None or prefix
        for document in documents:
            assert sum(1 for _ in walk_nodes(document.root)) <= LIMITS.nodes
            assert document.value is not None
    assert counted[0] <= nodes + 20
    assert time.monotonic() - start < HANG_S


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_brackets_are_not_read_ahead_without_limit(opening, monkeypatch):
    """The pure parser reads 1,024 characters ahead before the first event, at a cubic cost."""
    levels = []
    original = ruamel.yaml.scanner.Scanner.fetch_flow_collection_start

    def fetch(self, token, to_push):
        levels.append(self.flow_level)
        original(self, token, to_push)

    monkeypatch.setattr(ruamel.yaml.scanner.Scanner, "fetch_flow_collection_start", fetch)
    with pytest.raises(YamlDocumentError) as caught:
        parse_document(COLON_WORD + "v: " + opening * 5000, "values.yaml")
    assert (caught.value.problem.kind, caught.value.problem.line) == ("too-deep", 2)
    assert max(levels) <= 2 * MAX_DEPTH


def test_too_deep_names_the_position_and_the_way_out():
    with pytest.raises(YamlDocumentError) as caught:
        parse_document("a:\n  b: " + "[" * 101, "environments/dev/values.yaml")
    problem = caught.value.problem
    assert (problem.kind, problem.file, problem.line, problem.column) == (
        "too-deep",
        "environments/dev/values.yaml",
        2,
        105,
    )
    assert "more than 100 levels deep: reduce the nesting" in problem.message


@pytest.mark.parametrize("text", ["# ä\n" * 300_000, b"#\n" * 600_000, "ä" * 600_000])
def test_a_large_file_is_refused_before_it_is_parsed(text, monkeypatch):
    monkeypatch.setattr(ruamel.yaml, "YAML", None)
    with pytest.raises(YamlDocumentError, match="larger than 1,024 KiB: split the file") as caught:
        parse_documents(text, "values.yaml")
    raw = text if isinstance(text, bytes) else text.encode()
    assert caught.value.problem.kind == "too-large"
    assert caught.value.problem.line == raw[: FILE_LIMITS.size].count(b"\n") + 1


def test_a_large_file_with_a_colon_word_asks_for_quotes():
    text = repeat("# comment\n", 300_000) + COLON_WORD
    with pytest.raises(YamlDocumentError, match=r"a word with a colon inside .*: quote it") as caught:
        parse_document(text, "values.yaml")
    assert (caught.value.problem.kind, caught.value.problem.line) == ("too-large", 30_001)
    assert parse_document(text.replace("sha256:a", "'sha256:a'"), "values.yaml").value == {"d": {"digest": "sha256:a"}}


def test_a_parse_ends_when_its_time_has_expired():
    questions = []
    limits = YamlLimits(is_expired=lambda: questions.append(1) or len(questions) == 3)
    with pytest.raises(YamlDocumentError, match="took too long") as caught:
        parse_document("".join(f"k{i}: a\n" for i in range(5000)), "values.yaml", limits=limits)
    assert (caught.value.problem.kind, len(questions)) == ("too-large", 3)
    assert 300 < caught.value.problem.line < 500


@pytest.mark.parametrize("fault", [RecursionError, ValueError, OverflowError, TypeError, KeyError, AttributeError])
def test_a_fault_of_the_parser_is_an_error(fault, monkeypatch):
    def fail(*_arguments):
        raise fault("secret")

    monkeypatch.setattr(NodeBuilder, "_build_node", fail)
    with pytest.raises(YamlDocumentError) as caught:
        parse_document("a: 1\n", "values.yaml")
    assert (caught.value.problem.file, caught.value.problem.line) == ("values.yaml", 1)
    assert fault.__name__ in caught.value.problem.message
    assert "secret" not in caught.value.problem.message


@pytest.mark.parametrize("digits", ["1" * 4301, "-" + "9" * 20_000, "1_" * 3000 + "1"])
def test_a_number_of_thousands_of_digits_is_read(digits):
    value = resolve_scalar(digits)
    assert value == digits  # it is above the largest float, so Helm reads a text
    assert parse_document(f"a: {digits}\n", "values.yaml").value == {"a": digits}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1" * 300, float("1" * 300)),
        ("0x" + "0" * 5000 + "1f", 31),
        ("0" * 5000 + "17", 15),
        ("18446744073709551615", 2**64 - 1),
        ("1e99999", "1e99999"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)  # fmt: skip
def test_odd_scalars_have_the_value_that_helm_reads(text, value):
    assert resolve_scalar(text) == value


def test_a_lone_surrogate_in_a_text_is_an_error():
    with pytest.raises(YamlDocumentError, match=r"U\+D800") as caught:
        parse_document("a: 1\nb: \ud800\n", "values.yaml")
    assert caught.value.problem.line == 2


def test_a_chain_of_merge_keys_is_followed_once(monkeypatch):
    lines = ["a0: &a0 {k: 1}"] + [f"a{i}: &a{i} {{<<: *a{i - 1}}}" for i in range(1, 40)]
    document = parse_document("\n".join(lines), "values.yaml")
    calls = []
    original = MappingNode._find_merged
    monkeypatch.setattr(MappingNode, "_find_merged", lambda self, key: calls.append(key) or original(self, key))
    assert document.get_scalar(("a39", "k")).text == "1"
    assert len(calls) < 200


# --- fuzz ----------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    """[ ] { } ,_ :_ : -_ ?_ &a_ *a <<:_ !t_ !!int_ %YAML_1.1 --- ... ' " | > # \\ a b:_1 0x1 1.5 ~ on sha256:a @ ` * %
    !<tag:yaml.org,2002:null>_ é""".replace("\n", "").split()
).map(lambda piece: piece.replace("_", " ")) | st.sampled_from(
    ["\n", "\n ", "\n  ", "\t", "\r", "\x85", "\u2028", "\ufeff", "\ud800", "\x00", "1" * 50]
)
TEXTS = st.one_of(
    st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join), st.binary(max_size=200),
    st.tuples(PIECES, st.integers(0, 3000)).map(lambda pair: pair[0] * pair[1]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_is_a_document_or_an_error(text):
    try:
        documents = parse_documents(text, "values.yaml")
    except YamlDocumentError as error:
        assert error.problem.file == "values.yaml"  # noqa: PT017 - both outcomes are allowed
        assert "parser cannot read" not in error.problem.message  # noqa: PT017 - a fault would be ours
        return
    for document in documents:
        assert sum(1 for _ in walk_nodes(document.root)) <= LIMITS.nodes
        assert document.value is not None or document.root.line
