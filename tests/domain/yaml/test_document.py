"""YAML documents: what is read, what is refused, and edits that touch nothing else."""

from __future__ import annotations

import math
import time

import pytest
import ruamel.yaml
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.yaml.document import parse_document, parse_documents, replace_scalars
from anchor_tui.domain.yaml.nodes import MappingNode, ScalarNode, YamlDocumentError
from anchor_tui.domain.yaml.scalars import resolve_scalar
from tests.domain.yaml.outside_scalars import outside

BAD = {
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
    "a very deep list": (b"a: " + b"[" * 200 + b"]" * 200, "malformed-yaml", 1, 104, "levels deep"),
}


@pytest.fixture(params=["libyaml", "pure"])
def parser(request, monkeypatch):
    """Both parsers: the C one where there is a wheel of it, the pure one elsewhere."""
    if request.param == "pure":
        original = ruamel.yaml.YAML
        monkeypatch.setattr(ruamel.yaml, "YAML", lambda typ, pure=True: original(typ=typ, pure=True))
    return request.param


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_says_where_and_what_to_do(name, parser):
    raw, kind, line, column, words = BAD[name]
    with pytest.raises(YamlDocumentError) as caught:
        parse_document(raw, "environments/dev/release.yaml")
    problem = caught.value.problem
    assert (problem.kind, problem.file, problem.line) == (kind, "environments/dev/release.yaml", line)
    assert words in problem.message
    if name != "an open list":  # the parsers stop one token apart
        assert problem.column == column


def test_aliases_may_not_grow_without_bound():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(YamlDocumentError, match="expand to more than"):
        parse_document("\n".join(lines), "f.yaml")


def test_every_scalar_has_its_place_counted_from_one(parser):
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
def test_places_are_right_after_a_byte_order_mark_and_with_carriage_returns(bom, end, parser):
    document = parse_document((bom + end.join(["a: 1", "b: 😀", "c:", "  d: x", ""])).encode(), "f.yaml")
    places = {path[-1]: (scalar.line, scalar.column) for path, scalar in document.iterate_scalars()}
    assert places == {"a": (1, 4), "b": (2, 4), "d": (4, 6)}
    assert all(document.text[scalar.start : scalar.end] == scalar.text for _, scalar in document.iterate_scalars())


def test_a_missing_key_is_an_error_that_names_it():
    document = parse_document("a: {b: 1}\n", "f.yaml")
    with pytest.raises(YamlDocumentError, match=r"`a\.c` is missing"):
        document.get_scalar(("a", "c"))
    with pytest.raises(YamlDocumentError, match="`a` is a mapping, not one value"):
        document.get_scalar(("a",))


def test_a_reference_between_braces_is_read_as_helm_reads_it():
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


def test_of_several_merged_mappings_the_first_wins():
    document = parse_document("x: &x {k: 1}\ny: &y {k: 2, l: 3}\nb: {<<: [*x, *y]}\n", "f.yaml")
    assert document.value["b"] == {"k": 1, "l": 3}
    assert document.get_scalar(("b", "k")).text == "1"


def test_several_documents_are_read_where_they_are_wanted_and_empty_ones_left_out():
    documents = parse_documents("---\na: 1\n---\n# nothing\n---\nb: 2\n", "f.yaml")
    assert [document.value for document in documents] == [{"a": 1}, {"b": 2}]
    assert replace_scalars(documents[1], {("b",): "3"}) == "---\na: 1\n---\n# nothing\n---\nb: 3\n"


MEANT = {
    "1.10": 1.1, "1.44.0": "1.44.0", "0755": 493, "0o17": 15, "0x1F": 31, "0b101": 5, "08": 8.0, "-12": -12,
    "1_000": 1000, "1e3": 1000.0, ".5": 0.5, "1.": 1.0, "on": True, "y": True, "No": False, "off": False, "yEs": "yEs",
    "~": None, "Null": None, "nUll": "nUll", "": None, ".inf": math.inf, "-.inf": -math.inf, "1e999": "1e999",
    "2026-11-20": "2026-11-20", "2026-11-20T09:14:07Z": "2026-11-20T09:14:07Z", "12:30": "12:30", "+1": 1, "-": "-",
    "9f2c1e0": "9f2c1e0", "123e4567": "123e4567", "18446744073709551616": 1.8446744073709552e19, "sha256:1": "sha256:1",
}  # fmt: skip


@pytest.mark.parametrize("text", MEANT)
def test_a_plain_word_means_what_go_takes_it_for(text):
    assert resolve_scalar(text) == MEANT[text]
    assert type(resolve_scalar(text)) is type(MEANT[text])


def test_not_a_number_is_a_number():
    assert isinstance(resolve_scalar(".nan"), float)


def test_quotes_and_tags_decide_over_the_looks():
    document = parse_document('a: "1.10"\nb: !!str 1.10\nc: !!int "7"\nd: !Ref x\non: {1.5: x, 7: w, ~: z}\n', "f.yaml")
    assert document.value == {
        "a": "1.10",
        "b": "1.10",
        "c": 7,
        "d": "x",
        "true": {"1.5": "x", "7": "w", "~": "z"},
    }


# --- splice ----------------------------------------------------------------------------------------

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
def test_a_changed_scalar_keeps_its_quotes_and_gets_some_where_its_type_would_change(path, text, written, parser):
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
def test_what_stands_elsewhere_too_or_is_no_plain_value_is_never_changed(path, words):
    with pytest.raises(YamlDocumentError) as caught:
        replace_scalars(parse_document(FILE, "f.yaml"), {tuple(path.split(".")): "2"})
    assert words in caught.value.problem.message
    assert caught.value.problem.line


def test_the_same_text_again_changes_no_byte():
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


def _lines(value, indent):
    match value:
        case str():
            return [f" {value}   # said"]
        case dict():
            lines = [""]
            for key, item in value.items():
                first, *rest = _lines(item, indent + 2)
                lines += [f"{' ' * indent}{key}:{first}", *rest]
            return lines
        case list():
            lines = ["  # a list"]
            for item in value:
                first, *rest = _lines(item, indent + 4)
                lines += [f"{' ' * indent}- {first}", *rest]
            return lines
    raise AssertionError(value)


@st.composite
def files(draw):
    value = draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return draw(st.sampled_from(["", "\ufeff"])) + end.join(["# top", *_lines(value, 0)[1:], ""])


@given(files(), st.data())
def test_splice_changes_exactly_the_intended_scalars(text, data):
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
    assert outside(back) == outside(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        documents = parse_documents(text, "f.yaml")
    except YamlDocumentError as error:
        assert error.problem.message  # noqa: PT017 - either is fine, but never anything else
        return
    for document in documents:
        assert document.source == text
        assert isinstance(document.root.line, int)
        list(document.iterate_scalars())
        assert document.value is not None or isinstance(document.root, ScalarNode)


def test_three_hundred_lines_are_read_in_a_few_milliseconds():
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
