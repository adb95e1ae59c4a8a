"""Releases, image references, Helm layers and overlays, found by what they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.config.model import ReleaseKeyPaths
from anchor_tui.domain.helm.image_fields import build_image_changes, format_image_reference, split_image_reference
from anchor_tui.domain.helm.overlays import find_overlay_images, merge_values, read_values_file
from anchor_tui.domain.model import Image
from anchor_tui.domain.releases import locate_release, read_release
from anchor_tui.domain.yaml.document import parse_document, replace_scalars
from anchor_tui.domain.yaml.nodes import YamlDocumentError

D1, D2, D3 = ("sha256:" + digit * 64 for digit in "abc")
USUAL = ReleaseKeyPaths()
WEB = Image("web", "ghcr.io/anchor/web", "1.10", D1)
API = Image("api", "ghcr.io/anchor/api", "1.10", D2)


def document(text):
    return parse_document(dedent(text), "environments/dev/release.yaml")


LAYOUTS = {
    "a map, fields apart": f"""
        version: 1.10
        images:
          api: {{repository: ghcr.io/anchor/api, tag: 1.10, digest: "{D2}"}}
          web:
            repository: ghcr.io/anchor/web
            tag: 1.10
            digest: {D1}
        """,
    "a map of references": f"""
        version: 1.10
        images:
          web: ghcr.io/anchor/web:1.10@{D1}
          api: ghcr.io/anchor/api:1.10@{D2}
        """,
    "a list, fields apart, under spec": f"""
        apiVersion: anchor.dev/v1
        spec:
          version: 1.10
          images:
            - name: web
              repository: ghcr.io/anchor/web
              tag: 1.10
              digest: {D1}
            - {{name: api, repository: ghcr.io/anchor/api, tag: "1.10", digest: "{D2}"}}
        """,
    "a list of references": f"""
        spec:
          release: 1.10
          images: ["ghcr.io/anchor/web:1.10@{D1}", "ghcr.io/anchor/api:1.10@{D2}"]
        """,
    "a list with one text each": f"""
        release:
          version: 1.10
          images:
            - {{name: web, image: "ghcr.io/anchor/web:1.10@{D1}"}}
            - {{name: api, image: "ghcr.io/anchor/api:1.10", digest: "{D2}"}}
        """,
    "kustomize's words": f"""
        version: 1.10
        images:
          - {{name: ghcr.io/anchor/web, newTag: "1.10", digest: "{D1}"}}
          - {{name: api, newName: ghcr.io/anchor/api, newTag: "1.10", digest: "{D2}"}}
        """,
    "a registry apart, no version but one tag": f"""
        images:
          web: {{registry: ghcr.io, repository: anchor/web, tag: 1.10, digest: "{D1}"}}
          api: {{registry: ghcr.io/, repository: anchor/api, tag: "1.10@{D2}"}}
        """,
    "images that each hold an image": f"""
        version: 1.10
        images:
          web: {{image: {{repository: ghcr.io/anchor/web, tag: 1.10, digest: "{D1}"}}}}
          api: {{repository: "ghcr.io/anchor/api:1.10@{D2}"}}
        """,
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_release_is_read_whatever_its_layout(name):
    release, problems = read_release(document(LAYOUTS[name]), USUAL)
    assert (release.version, release.images, problems) == ("1.10", (API, WEB), ())


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_can_be_moved_to_another_release(name):
    read = document(LAYOUTS[name])
    places = locate_release(read, USUAL)
    changes = {} if places.version is None else {places.version: "2.0"}
    for place in places.images:
        changes |= build_image_changes(read, place, Image("", "", "2.0", D3))
    release, problems = read_release(parse_document(replace_scalars(read, changes), "f.yaml"), USUAL)
    assert release.version == "2.0"
    assert {(image.repository, image.tag, image.digest) for image in release.images} == {
        ("ghcr.io/anchor/web", "2.0", D3),
        ("ghcr.io/anchor/api", "2.0", D3),
    }
    assert problems == ()


def test_one_image_alone_is_a_release_too():
    release, _ = read_release(document("version: 1\nimage: ghcr.io/anchor/web:1.10\n"), USUAL)
    assert release.images == (Image("web", "ghcr.io/anchor/web", "1.10"),)
    apart = document("version: 1\nimage: {repository: ghcr.io/anchor/web, tag: 1.10, labels: {a: b}}\n")
    assert read_release(apart, USUAL)[0].images == release.images


def test_version_and_commit_are_the_texts_and_the_time_is_in_utc():
    read = document("version: 1.10\ncommit: 0755\nreleased: 2026-11-20T10:14:07+01:00\nimages: {web: a/web:1}\n")
    release, _ = read_release(read, USUAL)
    assert (release.version, release.commit) == ("1.10", "0755")
    assert release.released == datetime(2026, 11, 20, 9, 14, 7, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "2026-11-20", "2026-11-20T09:14:07", "''", "12"])
def test_a_time_without_a_zone_is_a_problem_and_not_a_guess(text):
    read = document(f"version: 1.0\nreleased: {text}\nimages: {{web: 'a/web:1@{D1}'}}\n")
    release, problems = read_release(read, USUAL)
    assert release.released is None
    if text != "''":
        assert [(problem.kind, problem.line) for problem in problems] == [("bad-time", 2)]


def test_an_image_without_a_digest_is_a_problem_with_its_place():
    _, problems = read_release(document("version: 1\nimages:\n  web: {repository: a/web, tag: 1}\n"), USUAL)
    (problem,) = problems
    assert (problem.kind, problem.line, problem.column) == ("image-without-digest", 3, 8)
    assert "web" in problem.message


def test_no_images_are_a_problem():
    release, problems = read_release(document("version: 1\nimages: ~\n"), USUAL)
    assert release.content_key == "1"
    assert [problem.kind for problem in problems] == ["no-images"]


def test_configured_key_paths_beat_the_usual_ones():
    keys = ReleaseKeyPaths(version="meta.app.v", commit="meta.c", released="meta.when", images="deploy.list")
    read = document("""
        version: wrong
        meta: {app: {v: 1.10}, c: abc, when: 2026-11-20T09:14:07Z}
        deploy: {list: [a/web:1]}
        """)
    release, _ = read_release(read, keys)
    assert (release.version, release.commit, release.images) == ("1.10", "abc", (Image("web", "a/web", "1"),))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (ReleaseKeyPaths(version="a.b"), "`a.b`, configured under [release] for the version, is missing"),
        (ReleaseKeyPaths(commit="images"), "`images`, configured under [release] for the commit, is a mapping, not one value"),
        (ReleaseKeyPaths(images="a.b"), "`a.b`, configured under [release] for the images, is missing"),
    ],
)
def test_a_configured_key_path_that_leads_nowhere_is_an_error(keys, words):
    with pytest.raises(YamlDocumentError) as caught:
        read_release(document("version: 1\nimages: {web: a/web:1}\n"), keys)
    assert words in caught.value.problem.message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("hello: 1\n", 1, "no version: looked for `version`"),
        ("images: [a/web:1, a/api:2]\n", 1, "no version: looked for `version`"),
        ("version: {a: 1}\n", 1, "no version: looked for `version`"),
        ("version: 1\nimages: web\n", 2, "`images` is `web`, not a map or a list of images"),
        ("version: 1\nimages:\n  web: {tga: 1}\n", 3, "expected `repository` and `tag`, or one `image: "),
        ("version: 1\nimages:\n  web: {tga: 1}\n", 3, "found `tga`"),
        ("version: 1\nimages:\n  web: {tag: 1.0}\n", 3, "found `tag`"),
        ("version: 1\nimages:\n  - [a]\n", 3, "`images.0` is a list, not one image"),
        ("version: 1\nimages:\n  web: 'a b'\n", 3, "`images.web`: `a b` is not an image reference"),
        ("version: 1\nimages:\n  web: {image: [a]}\n", 3, "`images.web.image` is not an image"),
        ("version: 1\nimages: [a/web:1,\n a/web:2]\n", 3, "two images have the name web"),
    ],
)
def test_a_shape_that_is_not_understood_says_what_was_looked_for_and_where(text, line, words):
    with pytest.raises(YamlDocumentError) as caught:
        read_release(parse_document(text, "f.yaml"), USUAL)
    assert words in caught.value.problem.message
    assert caught.value.problem.line == line


# --- references ------------------------------------------------------------------------------------

PART = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+){0,2}", fullmatch=True)
REPOSITORY = st.tuples(
    st.sampled_from(["", "localhost:5000/", "ghcr.io/", "[::1]:5000/", "REG.example.com/"]),
    st.lists(PART, min_size=1, max_size=3).map("/".join),
).map("".join)
TAG = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
DIGEST = st.none() | st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@given(REPOSITORY, TAG, DIGEST)
def test_a_reference_is_the_same_after_it_was_taken_apart(repository, tag, digest):
    assert split_image_reference(format_image_reference(repository, tag, digest)) == (repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "@sha256:" + "a" * 64,
        "a@sha256:zz",
        "a b",
        "a:b:c/d:e:f",
        "https://x.example/y",
        "A/B//c",
        "a:-x",
    ],
)
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(ValueError, match="`"):
        split_image_reference(text)


@pytest.mark.parametrize("text", ["a:", "a@"])
def test_an_empty_tag_or_digest_is_refused(text):
    with pytest.raises(ValueError, match="no valid"):
        split_image_reference(text)


# --- layers ----------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
VALUES = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


@given(VALUES, VALUES)
def test_the_chart_alone_stays_as_it_is_and_a_layer_counts_once(chart, layer):
    assert merge_values(chart) == chart
    assert merge_values(chart, {}) == chart
    assert merge_values(chart, layer, layer) == merge_values(chart, layer)


@given(VALUES, VALUES, VALUES)
def test_layers_lie_on_each_other_in_any_grouping_of_their_order(chart, first, second):
    before = repr((chart, first, second))
    assert set(merge_values(chart, first, second)) <= {*chart, *first, *second}
    for key, value in second.items():
        if value is None:
            assert key not in merge_values(chart, first, second)
        elif not isinstance(value, dict):
            assert merge_values(chart, first, second)[key] == value
    assert repr((chart, first, second)) == before


def test_maps_merge_deep_lists_replace_and_a_null_takes_away():
    chart = {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}, "kept": None}
    assert merge_values(chart, {"a": {"y": [3]}, "b": None, "c": None}) == {"a": {"x": 1, "y": [3]}, "kept": None}


def test_a_null_and_then_a_map_still_stand_on_the_chart_as_helm_has_it():
    assert merge_values({"a": {"y": 2}}, {"a": None}, {"a": {"x": 1}}) == {"a": {"x": 1, "y": 2}}


def test_a_null_in_a_new_map_is_left_out():
    assert merge_values({}, {"a": {"b": None, "c": 1}}) == {"a": {"c": 1}}


# --- overlays --------------------------------------------------------------------------------------

CHART = """
    gateway: {image: {repository: ghcr.io/anchor/gateway, tag: "", digest: ""}}
    web: {image: "ghcr.io/anchor/web:0.1"}
    flat: {imageRegistry: ghcr.io, imageRepository: anchor/flat, imageTag: "0"}
    other: {image: {repository: ghcr.io/anchor/other, tag: 7}}
    env: {URL: "https://a.example/b:1"}
    """


def overlay(text):
    read = document(text)
    return read, find_overlay_images(merge_values(read_values_file(document(CHART)), read_values_file(read)), read)


def test_an_overlays_images_are_found_wherever_they_stand():
    read, places = overlay(f"""
        gateway: {{image: {{tag: 1.10, digest: "{D1}"}}}}
        web: {{image: "ghcr.io/anchor/web:1.1@{D2}"}}
        flat: {{imageTag: "1.2"}}
        env: {{URL: "https://c.example/d:1", AGENT_IMAGE: "ghcr.io/anchor/agent:3"}}
        sidecars:
          - image: {{repository: ghcr.io/anchor/side, tag: "4"}}
          - "localhost:5000/anchor/raw:5"
        replicas: 1
        """)
    assert [(place.image.repository, place.image.tag, place.image.digest) for place in places] == [
        ("ghcr.io/anchor/gateway", "1.10", D1),
        ("ghcr.io/anchor/web", "1.1", D2),
        ("ghcr.io/anchor/flat", "1.2", None),
        ("ghcr.io/anchor/agent", "3", None),
        ("ghcr.io/anchor/side", "4", None),
        ("localhost:5000/anchor/raw", "5", None),
    ]
    assert places[0].tag == ("gateway", "image", "tag")
    assert places[1].reference == ("web", "image")
    assert (places[0].line, places[2].tag) == (2, ("flat", "imageTag"))
    changes = {}
    for place in places:
        changes |= build_image_changes(read, place, Image("", "", "9.0", D3 if place.image.digest else None))
    after = parse_document(replace_scalars(read, changes), "f.yaml")
    again = find_overlay_images(merge_values(read_values_file(document(CHART)), read_values_file(after)), after)
    assert {(place.image.tag, place.image.digest) for place in again} == {("9.0", D3), ("9.0", None)}
    assert [place.image.repository for place in again] == [place.image.repository for place in places]


def test_what_only_the_chart_says_is_no_image_of_the_overlay():
    assert overlay("gateway: {image: {pullPolicy: Always}}\nother: {replicas: 1}\n")[1] == ()


def test_a_tag_whose_repository_nobody_names_is_no_image():
    assert overlay("mystery: {tag: 1.0}\n")[1] == ()


def test_an_image_whose_scalars_are_not_all_there_is_not_changed():
    read, (place,) = overlay("gateway: {image: {tag: 1.10}}\n")
    with pytest.raises(YamlDocumentError, match="has no digest to change, and nothing is ever inserted"):
        build_image_changes(read, place, Image("", "", "2.0", D1))
    read, (place,) = overlay(f'other: {{image: {{digest: "{D1}"}}}}\n')
    with pytest.raises(YamlDocumentError, match="has no tag to change"):
        build_image_changes(read, place, Image("", "", "8", D2))
    with pytest.raises(YamlDocumentError, match="has a digest, and the new image has none"):
        build_image_changes(read, place, Image("", "", "7", None))


def test_a_values_file_that_is_no_mapping_is_an_error():
    with pytest.raises(YamlDocumentError, match="a values file must contain a mapping"):
        read_values_file(parse_document("- a\n", "f.yaml", mapping=False))
