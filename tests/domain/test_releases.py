"""Reading release.yaml in every supported layout."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import dedent

import pytest

from anchor_tui.config.model import ReleaseKeyPaths
from anchor_tui.domain.helm.image_scalars import build_image_changes
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
def test_every_layout_is_read(name):
    release, problems = read_release(document(LAYOUTS[name]), USUAL)
    assert (release.version, release.images, problems) == ("1.10", (API, WEB), ())


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_can_be_changed_to_another_release(name):
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


def test_a_single_image_is_a_release():
    release, _ = read_release(document("version: 1\nimage: ghcr.io/anchor/web:1.10\n"), USUAL)
    assert release.images == (Image("web", "ghcr.io/anchor/web", "1.10"),)
    apart = document("version: 1\nimage: {repository: ghcr.io/anchor/web, tag: 1.10, labels: {a: b}}\n")
    assert read_release(apart, USUAL)[0].images == release.images


def test_version_and_commit_are_texts_and_time_is_utc():
    read = document("version: 1.10\ncommit: 0755\nreleased: 2026-11-20T10:14:07+01:00\nimages: {web: a/web:1}\n")
    release, _ = read_release(read, USUAL)
    assert (release.version, release.commit) == ("1.10", "0755")
    assert release.released == datetime(2026, 11, 20, 9, 14, 7, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z"])
def test_a_time_that_overflows_is_a_problem(text):
    release, problems = read_release(
        document(f"version: 1.0\nreleased: {text}\nimages: {{web: 'a/web:1@{D1}'}}\n"), USUAL
    )
    assert release.released is None
    assert [(problem.kind, problem.line) for problem in problems] == [("bad-time", 2)]


def test_more_images_than_supported_are_one_problem():
    images = "".join(f"  i{number}: a/b{number}:1\n" for number in range(201))
    with pytest.raises(YamlDocumentError, match="has 201 images; 200 are supported") as caught:
        read_release(document(f"version: 1.0\nimages:\n{images}"), USUAL)
    assert caught.value.problem.kind == "release-shape"


def test_a_message_about_a_long_word_is_short():
    with pytest.raises(YamlDocumentError) as caught:
        read_release(document("version: 1.0\nimages: " + "x" * 500_000 + "\n"), USUAL)
    assert len(caught.value.problem.message) < 500
    with pytest.raises(YamlDocumentError) as caught:
        read_release(document("version: 1.0\nimage: {" + "".join(f"k{i}: 1, " for i in range(5000)) + "}\n"), USUAL)
    assert len(caught.value.problem.message) < 1100


@pytest.mark.parametrize("text", ["yesterday", "2026-11-20", "2026-11-20T09:14:07", "''", "12"])
def test_a_time_without_a_zone_is_a_problem(text):
    read = document(f"version: 1.0\nreleased: {text}\nimages: {{web: 'a/web:1@{D1}'}}\n")
    release, problems = read_release(read, USUAL)
    assert release.released is None
    if text != "''":
        assert [(problem.kind, problem.line) for problem in problems] == [("bad-time", 2)]


def test_an_image_without_digest_is_a_problem_with_position():
    _, problems = read_release(document("version: 1\nimages:\n  web: {repository: a/web, tag: 1}\n"), USUAL)
    (problem,) = problems
    assert (problem.kind, problem.line, problem.column) == ("image-without-digest", 3, 8)
    assert "web" in problem.message


def test_no_images_are_a_problem():
    release, problems = read_release(document("version: 1\nimages: ~\n"), USUAL)
    assert release.content_key == "1"
    assert [problem.kind for problem in problems] == ["no-images"]


def test_configured_key_paths_have_precedence():
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
        (
            ReleaseKeyPaths(commit="images"),
            "`images`, configured under [release] for the commit, is a mapping, not one value",
        ),
        (ReleaseKeyPaths(images="a.b"), "`a.b`, configured under [release] for the images, is missing"),
    ],
)
def test_a_missing_configured_key_path_is_an_error(keys, words):
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
def test_an_unsupported_layout_is_an_error_with_position(text, line, words):
    with pytest.raises(YamlDocumentError) as caught:
        read_release(parse_document(text, "f.yaml"), USUAL)
    assert words in caught.value.problem.message
    assert caught.value.problem.line == line


def test_images_without_tags_are_not_a_version():
    read = document(f"images: {{web: {{repository: anchor/web, tag: '{D1}'}}}}\n")
    with pytest.raises(YamlDocumentError, match="no version"):
        locate_release(read, USUAL)
    named = document(f"version: 7\nimages: {{web: {{registry: ghcr.io/anchor, name: web, tag: '{D1}'}}}}\n")
    [image] = read_release(named, USUAL)[0].images
    assert (image.name, image.repository, image.tag, image.digest) == ("web", "ghcr.io/anchor/web", None, D1)
