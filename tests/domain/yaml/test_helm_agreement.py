"""Agreement with Helm's YAML reader, sigs.k8s.io/yaml. The table is compared with the real helm if it is installed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess

import pytest

from anchor_tui.domain.yaml.document import parse_document, replace_scalars
from anchor_tui.domain.yaml.nodes import YamlDocumentError
from anchor_tui.domain.yaml.scalars import resolve_scalar

HELM = shutil.which("helm")
M = "m: &m {enabled: true, a: 1}\nn: &n {enabled: other, b: 2}\nx: "
REJECTED = object()
AGREED = {
    "a later merge key overrides": (M + "{enabled: false, <<: *m}\n", {"a": 1, "enabled": True}),
    "a later key overrides a merge key": (M + "{<<: *m, enabled: false}\n", {"a": 1, "enabled": False}),
    "every merge key counts": (M + "\n  <<: *m\n  <<: *n\n", {"a": 1, "b": 2, "enabled": "other"}),
    "keys between merge keys": (
        M + "\n  <<: *m\n  enabled: 1\n  a: 5\n  <<: *n\n",
        {"a": 5, "b": 2, "enabled": "other"},
    ),
    "the first of a list of merged mappings": (M + "{<<: [*m, *n]}\n", {"a": 1, "b": 2, "enabled": True}),
    "a list of merged mappings after a key": (
        M + "{enabled: 3, <<: [*n, *m]}\n",
        {"a": 1, "b": 2, "enabled": "other"},
    ),
    "a merge key inside a merged mapping": (M + "{<<: {enabled: 4, <<: *m}, a: 7}\n", {"a": 7, "enabled": True}),
    "a merged list replaces a mapping": ("x: {a: {b: 1}, <<: {a: [2]}}\n", {"a": [2]}),
    "a quoted merge key is a key": ("x: {'<<': {a: 1}}\n", {"<<": {"a": 1}}),
    "a merge key with a tag of a text": ("x: {!!str <<: {a: 1}}\n", {"<<": {"a": 1}}),
    "a merge key with its tag": ("x: {!!merge <<: {a: 1}}\n", {"a": 1}),
    "a merge of an empty list": ("x: {<<: [], a: 1}\n", {"a": 1}),
    "a merge of nothing": ("x: {<<: }\n", REJECTED),
    "a merge of an aliased list": ("s: &s [{a: 1}]\nx: {<<: *s}\n", REJECTED),
    "an alias of a merge key is a key": ("y: &y <<\nx: {*y : {a: 1}}\n", {"<<": {"a": 1}}),
    "an anchor that contains itself": ("y: &y 1\nx: &y {a: *y}\n", REJECTED),
    "another version of YAML": ("%YAML 1.2\n---\nx: 1\n", REJECTED),
    "version 1.1 of YAML": ("%YAML 1.1\n---\nx: 1\n", 1),
    "an unknown directive": ("%FOO 1\n---\nx: 1\n", REJECTED),
    "a null key": ("null: 1\nx: 1\n", REJECTED),
    "a tilde as a key": ("x: {~: 1}\n", REJECTED),
    "an empty key": ("x: 1\n: 1\n", REJECTED),
    "a large number as a key": ("x: {18446744073709551615: 1}\n", REJECTED),
    "numbers as keys": (
        "x: {1e3: a, 1e7: b, 1.50: c, 0x1F: d, 2.0: e, 1000000: f}\n",
        {"1000": "a", "1e+07": "b", "1.5": "c", "31": "d", "2": "e", "1000000": "f"},
    ),
    "an escaped slash": ('x: "a\\/b"\n', REJECTED),
    "an escaped backslash before a slash": ('x: "a\\\\/b"\n', "a\\/b"),
    "half of a character": ('x: "\\ud83d"\n', REJECTED),
    "infinity": ("x: .inf\n", REJECTED),
    "not a number": ("x: [.nan]\n", REJECTED),
    "infinity in quotes": ("x: '.inf'\n", ".inf"),
    "a question mark in a flow mapping": ("x: {u: https://x.example/?a=b}\n", REJECTED),
    "a question mark in a flow list": ("x: [a?b]\n", REJECTED),
    "a question mark outside of flow": ("x: https://x.example/?a=b\n", "https://x.example/?a=b"),
    "a colon in a word of a flow mapping": ("x: {d: sha256:abc, e:, f: 1}\n", {"d": "sha256:abc", "e:": None, "f": 1}),
    "a colon at the start of a word of flow": ("x: [::a]\n", REJECTED),
    "a tag of another type": ("x: !!bool maybe\n", REJECTED),
    "an integer with the tag of a float": ("x: !!float 3\n", 3),
    "a float with the tag of an integer": ("x: !!int 1.5\n", REJECTED),
    "a number with an empty tag": ("x: ! 12\n", "12"),
    "integers beyond 64 bits": ("x: [0xFFFFFFFFFFFFFFFFF, 18446744073709551616]\n", ["0xFFFFFFFFFFFFFFFFF", 2.0**64]),
    "underscores in fractions": ("x: [.1_0, .5_, ._5, 1_.5]\n", [0.1, ".5_", "._5", 1.5]),
    "an empty first document": ("---\n---\nx: 1\n", {}),
    "a byte order mark inside": ("y: 1\n\ufeffx: 1\n", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", AGREED)
def test_a_file_is_read_as_helm_reads_it(name, parser):
    text, expected = AGREED[name]
    if expected is REJECTED or expected == {}:
        with pytest.raises(YamlDocumentError) as caught:
            parse_document(text, "values.yaml")
        assert caught.value.problem.line
    else:
        assert parse_document(text, "values.yaml").value["x"] == expected


@pytest.mark.skipif(HELM is None, reason="helm is not on the PATH: the real reader cannot be asked")
def test_the_real_helm_agrees_with_the_table(tmp_path):
    files, scratch = tmp_path / "chart" / "files", tmp_path / "helm"
    files.mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 0.1.0\n")
    (tmp_path / "chart" / "templates").mkdir()
    template = '# {{ .Files.Get "files/%d" | fromYaml | toJson | b64enc }}\n'
    (tmp_path / "chart" / "templates" / "all.yaml").write_text("".join(template % n for n in range(len(AGREED))))
    for number, (text, _) in enumerate(AGREED.values()):
        (files / str(number)).write_bytes(text.encode())
    homes = {f"HELM_{key}_HOME": str(scratch) for key in ("CACHE", "CONFIG", "DATA")}
    command = [HELM or "", "template", "x", str(tmp_path / "chart")]
    output = subprocess.run(command, capture_output=True, check=True, env={**os.environ, **homes}).stdout.decode()
    answers = [
        json.loads(base64.b64decode(line[2:]), parse_int=float)
        for line in output.split("\n")
        if line.startswith("# ") and ":" not in line
    ]
    assert len(answers) == len(AGREED)
    for (name, (_, expected)), answer in zip(AGREED.items(), answers, strict=True):
        is_rejected = "Error" in answer
        assert is_rejected == (expected is REJECTED), (name, answer)
        if not is_rejected:
            assert answer.get("x", {}) == expected, name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x: {on: 1, 'true': 2}\n", "`true`, as `on`, is in line 1 already"),
        ("x: {1: a, '1': b}\n", "`1` is in line 1 already"),
        ("x: {a: 1, a: 2}\n", "`a` is in line 1 already"),
        ("m: &m {on: 1}\nx: {<<: *m, 'true': 2}\n", "`true` and the merged key `on` are one key in Helm"),
    ],
)
def test_a_key_with_two_spellings_is_ambiguous(text, words, parser):
    """Helm reads one of the two at random, or silently the last."""
    with pytest.raises(YamlDocumentError) as caught:
        parse_document(text, "values.yaml")
    assert words in caught.value.problem.message


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("m: &m {tag: 2}\nimage: {tag: 1, <<: *m}\n", "image.tag", "is overridden by the merge key `<<` in line 2"),
        ("image: {tag: 1, <<: {tag: 2}}\n", "image.tag", "`image.tag` is overridden"),
        ("m: &m {image: {tag: 2}}\nweb:\n  image: {tag: 1}\n  <<: *m\n", "web.image.tag", "`web.image` is overridden"),
        ("m: &m {tag: 2}\nimage: {<<: *m}\n", "image.tag", "is an alias"),
    ],
)  # fmt: skip
def test_an_edit_that_a_merge_key_overrides_is_refused(text, path, words):
    with pytest.raises(YamlDocumentError) as caught:
        replace_scalars(parse_document(text, "values.yaml"), {tuple(path.split(".")): "3"})
    assert words in caught.value.problem.message


def test_an_edit_after_a_merge_key_takes_effect():
    document = parse_document("m: &m {tag: 2}\nimage: {<<: *m, tag: 1}\n", "values.yaml")
    assert replace_scalars(document, {("image", "tag"): "3"}) == "m: &m {tag: 2}\nimage: {<<: *m, tag: 3}\n"


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_lines_are_counted_at_line_feeds_only(separator):
    document = parse_document(f'a: "x{separator} y"  # {separator}b: no\r\nc:\n  d: 1\n', "values.yaml")
    assert (document.get_scalar(("c", "d")).line, document.get_scalar(("c", "d")).column) == (3, 6)
    with pytest.raises(YamlDocumentError) as caught:
        parse_document(f'a: "x{separator}"\nb: [\n', "values.yaml")
    assert caught.value.problem.line == 3
    with pytest.raises(YamlDocumentError) as caught:
        parse_document(f'a: "x{separator}"\nb:\n\tc: 1\n', "values.yaml")
    assert (caught.value.problem.kind, caught.value.problem.line) == ("tab", 3)


@pytest.mark.parametrize("text", ["1000001", "20241123", "1000000"])
def test_a_number_that_a_template_rewrites_is_quoted(text):
    assert resolve_scalar(text) == int(text)
    document = parse_document("tag: 999999\n", "values.yaml")
    assert replace_scalars(document, {("tag",): text}) == f'tag: "{text}"\n'
    unchanged = parse_document(f"tag: {text}\n", "values.yaml")
    assert replace_scalars(unchanged, {("tag",): text}, rendered=True) == f'tag: "{text}"\n'
    assert replace_scalars(unchanged, {("tag",): text}) == f"tag: {text}\n"
