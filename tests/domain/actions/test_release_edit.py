"""A release moved into hand-written files: exactly the intended scalars change, or a refusal names the location."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.actions.release_edit import ReleaseEdit, edit_release, file_diffs
from anchor_tui.domain.actions.release_selection import ReleaseMove
from anchor_tui.domain.actions.repo_state import RepoState
from anchor_tui.domain.helm.image_fields import format_image_reference
from anchor_tui.domain.helm.overlays import find_overlay_images, read_values_file
from anchor_tui.domain.kubernetes.image_references import canonicalize_repository
from anchor_tui.domain.policy.evidence.facts_builder import read_repo_evidence
from anchor_tui.domain.releases import read_release
from anchor_tui.domain.yaml.document import parse_document
from anchor_tui.domain.yaml.scalars import format_plain_value
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.domain.yaml.outside_scalars import read_outside_scalars
from tests.plan_values import expect_refusal, file, repo, repo_state, sample_release

DEV, STAGING, PROD = CONFIG.environments
MOVE = ReleaseMove(PROD, STAGING, sample_release("staging", 16))
RELEASE, OVERLAY = PROD.release, PROD.values
REPOSITORIES = {"gateway": "ghcr.io/anchor/anchor-gateway", "web": "ghcr.io/anchor/anchor-web", "jobs": "anchor/jobs"}
OLD, NEW = ("sha256:" + digit * 64 for digit in "ab")


def workbench(source: str | bytes, release: str | bytes, overlay: str | bytes) -> RepoState:
    return RepoState(
        repo(),
        files={RELEASE: file(RELEASE, release), OVERLAY: file(OVERLAY, overlay)},
        source_file=file(STAGING.release, source),
    )


def moved(source, release, overlay) -> ReleaseEdit | Refusal:
    return edit_release(MOVE, workbench(source, release, overlay), CONFIG, None)


# --- the sample ---------------------------------------------------------------------------------------


def test_the_sample_moves_with_images_found_by_the_chart():
    bench_ = repo_state()
    edited = edit_release(MOVE, bench_, CONFIG, read_repo_evidence(CONFIG, bench_.repo)["prod"])
    assert isinstance(edited, ReleaseEdit)
    for path in (RELEASE, OVERLAY):
        theirs = sample()[path.replace("prod", "staging")]
        before, after = sample()[path].splitlines(), edited.contents[path].decode().splitlines()
        changed = [(was, now) for was, now in zip(before, after, strict=True) if was != now]
        assert len(changed) == (7 if path == RELEASE else 4)
        assert all(now.split("#")[0].strip() in theirs for _, now in changed)
    assert [(old.tag, new.tag) for old, new in edited.images] == [("1.43.1", "1.43.2")] * 2


def test_the_diff_shows_what_changes_and_three_lines_around_it():
    bench_ = repo_state()
    edited = edit_release(MOVE, bench_, CONFIG, read_repo_evidence(CONFIG, bench_.repo)["prod"])
    assert isinstance(edited, ReleaseEdit)
    shown = file_diffs(edited, bench_.files)
    assert [each.path for each in shown] == sorted([RELEASE, OVERLAY])
    assert shown[0].text.startswith(f"--- a/{RELEASE}\n+++ b/{RELEASE}\n@@ ")
    assert "\n-version: 1.43.1\n" in shown[0].text
    assert "\n+version: 1.43.2\n" in shown[0].text
    assert sum(line.startswith("+") for line in shown[0].text.splitlines()) == 8


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_diff_handles_a_missing_last_line_end(end):
    release = f"images:\n  web: anchor/web:1@{OLD}\nversion: 1" + end
    source = f"images:\n  web: anchor/web:2@{NEW}\nversion: 2\n"
    bench_ = workbench(source, release, f"image: anchor/web:1@{OLD}")
    edited = edit_release(MOVE, bench_, CONFIG, None)
    assert isinstance(edited, ReleaseEdit)
    assert all(each.text.endswith("\n") for each in file_diffs(edited, bench_.files))
    assert edited.contents[RELEASE].decode().endswith("version: 2" + end)


@pytest.mark.parametrize("separator", ["\x85", "\u2028"])
def test_a_diff_counts_lines_as_git_does(separator):
    release = f'notes: "a{separator}b"\nversion: 1\nimages:\n  web: anchor/web:1@{OLD}\n'
    bench_ = workbench(f"version: 2\nimages:\n  web: anchor/web:1@{OLD}\n", release, f"image: anchor/web:1@{OLD}\n")
    edited = edit_release(MOVE, bench_, CONFIG, None)
    assert isinstance(edited, ReleaseEdit)
    [shown] = file_diffs(edited, bench_.files)
    assert "\n@@ -1,4 +1,4 @@\n" in shown.text
    assert f'\n notes: "a{separator}b"\n-version: 1\n+version: 2\n' in shown.text


def test_a_file_with_the_release_already_is_unchanged():
    source = f"version: 2\nimages:\n  web: anchor/web:2@{NEW}\n"
    edited = moved(source, source.replace("version: 2", "version: 1"), f"image: anchor/web:2@{NEW}\n")
    assert isinstance(edited, ReleaseEdit)
    assert list(edited.contents) == [RELEASE]
    assert moved(source, source, f"image: anchor/web:2@{NEW}\n").contents == {}


def test_an_image_without_digest_gets_no_digest():
    source = f"version: 2\nimages:\n  web: anchor/web:2@{NEW}\n"
    overlay = "web: {image: {repository: anchor/web, tag: 1}}\nother: anchor/web:1\n"
    edited = moved(source, source.replace(": 2", ": 1").replace(":2@", ":1@"), overlay)
    assert edited.contents[OVERLAY].decode() == "web: {image: {repository: anchor/web, tag: 2}}\nother: anchor/web:2\n"


PINNED = {
    "a tag that is a digest": ("{repository: anchor/web, tag: OLD}", "{repository: anchor/web, tag: NEW}"),
    "a digest after an at sign": ("{repository: anchor/web, tag: '@OLD'}", "{repository: anchor/web, tag: '@NEW'}"),
    "a tag and a digest": ("{name: anchor/web, tag: 1@OLD}", "{name: anchor/web, tag: 2@NEW}"),
    "a repository with a digest": ("{repository: anchor/web@OLD}", "{repository: anchor/web@NEW}"),
    "a repository with the algorithm": (
        "{repository: anchor/web@sha256, tag: 'HEXOLD'}",
        "{repository: anchor/web@sha256, tag: 'HEXNEW'}",
    ),
    "a digest with an at sign": (
        "{repository: anchor/web, digest: '@OLD'}",
        "{repository: anchor/web, digest: '@NEW'}",
    ),
    "a name": ("{name: anchor/web, tag: 1, digest: OLD}", "{name: anchor/web, tag: 2, digest: NEW}"),
    "a registry": (
        "{registry: docker.io, repository: anchor/web, tag: 1}",
        "{registry: docker.io, repository: anchor/web, tag: 2}",
    ),
}


def with_digests(text):
    for name, digest in (("OLD", OLD), ("NEW", NEW)):
        text = text.replace("HEX" + name, digest.partition(":")[2]).replace(name, digest)
    return text


@pytest.mark.parametrize("name", PINNED)
def test_an_edit_keeps_the_form_of_the_image(name):
    before, after = (with_digests(f"web: {{image: {text}}}\n") for text in PINNED[name])
    edited = moved(SOURCE, GOOD, before)
    assert isinstance(edited, ReleaseEdit), edited.message
    assert edited.contents[OVERLAY].decode() == after


def test_a_global_registry_identifies_the_image():
    overlay = "global: {imageRegistry: ghcr.io}\nweb: {image: {registry: docker.io, repository: anchor/web, tag: 1}}\n"
    for repository in ("ghcr.io/anchor/web", "docker.io/anchor/web"):
        source, release = (text.replace("anchor/web", repository) for text in (SOURCE, GOOD))
        edited = moved(source, release, overlay)
        assert isinstance(edited, ReleaseEdit), edited.message
        assert edited.contents[OVERLAY].decode() == overlay.replace("tag: 1", "tag: 2")


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        ("web: {image: {repository: anchor/web, tag: '{{ .Values.v }}'}}\n", "is a template"),
        (f"web: {{image: {{repository: anchor/web, tag: {OLD}, digest: {NEW}}}}}\n", "are two digests"),
        ("web: {image: '{{ .Values.registry }}/anchor/web:1'}\n", "is a template"),
    ],
)
def test_a_form_that_is_not_understood_is_refused(overlay, words):
    refusal = expect_refusal(moved(SOURCE, GOOD, LAID + overlay.replace("web:", "more:", 1)))
    assert refusal.message.startswith(f"{OVERLAY}:3: `more.image` has a form that is not understood: ")
    assert words in refusal.message


@pytest.mark.parametrize(("old", "new"), [("999999", "1000001"), ("1.9", "1.10"), ("1000001", "1000001")])
def test_a_number_is_quoted_for_the_template(old, new):
    source, release = SOURCE.replace("tag: 2", f'tag: "{new}"'), GOOD.replace("tag: 1", f'tag: "{old}"')
    edited = moved(source, release, LAID.replace("tag: 1", f"tag: {old}"))
    assert isinstance(edited, ReleaseEdit), edited.message
    assert f'tag: "{new}", digest: {NEW}' in edited.contents[OVERLAY].decode()


@pytest.mark.parametrize("nothing", ["null", "~", '""', "''"])
def test_an_empty_tag_beside_a_digest_stays_empty(nothing):
    overlay = f"web: {{image: {{repository: anchor/web, tag: {nothing}, digest: {OLD}}}}}\n"
    assert moved(SOURCE, GOOD, overlay).contents[OVERLAY].decode() == overlay.replace(OLD, NEW)


def test_every_occurrence_of_the_image_moves_and_no_other():
    source = f"version: 2\nimages:\n  web: docker.io/anchor/web:2@{NEW}\n"
    release = f"version: 1\nimages:\n  web: anchor/web:1@{OLD}\n"
    overlay = f"a: [anchor/web:1@{OLD}, 'anchor/other:1', redis:1]\nb: {{c: \"anchor/web:1@{OLD}\"}}\n"
    edited = moved(source, release, overlay)
    assert edited.contents[OVERLAY].decode() == overlay.replace(f"anchor/web:1@{OLD}", f"anchor/web:2@{NEW}")
    assert edited.contents[RELEASE].decode() == f"version: 2\nimages:\n  web: anchor/web:2@{NEW}\n"


# --- any files ----------------------------------------------------------------------------------------

TAGS = st.sampled_from(["1.44.0", "1.10", "007", "1.0e3", "true", "null", "on", "0x1F", "1_0", "9f2c1e0", "1.2.3-rc.1"])
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda text: f"sha256:{text}")
COMMITS = st.sampled_from(["0755123", "9f2c1e0d5a7b4c3e8f6a1b2c3d4e5f60718293a4", "1234567", "12345e7"])
TIMES = st.sampled_from(["2026-11-20T09:14:07Z", "2026-01-02T03:04:05+01:00"])
STYLES = st.sampled_from(["plain", "single", "double"])
COMMENTS = st.sampled_from(["", "   # written by the pipeline", " # ä: 'x' \"y\""])


class Leaf:
    """A scalar as it is written; `new` is what it should say afterwards, where it should change."""

    def __init__(self, text, style, comment="", new=None):
        quote = {"plain": "", "single": "'", "double": '"'}[style]
        self.written = f"{quote}{text}{quote}{comment}"
        self.new = new


def written(value, indent, step, path, wanted):
    """The lines of a value below its key, and into `wanted` what is meant to change."""
    if isinstance(value, Leaf):
        if value.new is not None:
            wanted[path] = value.new
        return [f" {value.written}"]
    lines = [""]
    if isinstance(value, str):  # lines of our own
        return [f" {value}"]
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        head = f"{key}:" if isinstance(value, dict) else "-"
        first, *rest = written(item, indent + step, step, (*path, key), wanted)
        if head == "-" and not first and rest:  # the first key beside the dash
            first, rest = " " * (step - 1) + rest[0].lstrip(), rest[1:]
        lines += [f"{' ' * indent}{head}{first}", *rest]
    return lines


NOISE = [
    {},
    {"shared": "&shared {a: 1, b: [x, y]}", "again": "*shared"},
    {"base": "&base {replicas: 1}", "over": "{<<: *base, replicas: 2}"},
    {"text": Leaf("version: 1.0 # no", "double")},
    {"release-notes": "|\n  version: 9\n  tag: 9"},
]


def tag_leaf(draw, old, new, *, keeps_nothing):
    """A plain `null` sets no tag: an overlay keeps an empty tag beside its digest."""
    style = draw(STYLES)
    says_nothing = keeps_nothing and style == "plain" and old == "null"
    return Leaf(old, style, draw(COMMENTS), None if says_nothing else new)


def entry(draw, name, old, new, *, keyed, overlay=False):
    """One image: its fields apart, in one text, or both; with what should change in it."""
    repository = REPOSITORIES[name]
    leaf = lambda text, now=None: Leaf(text, draw(STYLES), draw(COMMENTS), now)  # noqa: E731
    label = {} if keyed else {"name": leaf(name)}
    whole = format_image_reference(repository, *old), format_image_reference(repository, *new)
    match draw(st.integers(0, 3)):
        case 0:
            return label | {
                "repository": leaf(repository),
                "tag": tag_leaf(draw, old[0], new[0], keeps_nothing=overlay),
                "digest": leaf(old[1], new[1]),
            }
        case 1:
            return leaf(*whole) if keyed else label | {"image": leaf(*whole)}
        case 2:
            image = leaf(
                format_image_reference(repository, old[0], None), format_image_reference(repository, new[0], None)
            )
            return label | {"image": image, "digest": leaf(old[1], new[1])}
        case _:
            registry, _, rest = repository.partition("/") if "." in repository else ("docker.io", "", repository)
            tag = leaf("@".join(old), "@".join(new))
            return label | {"registry": leaf(registry), "repository": leaf(rest), "tag": tag}


def as_text(draw, value, wanted, *, flow_end=""):
    end = draw(st.sampled_from(["\n", "\r\n"]))
    step = draw(st.sampled_from([2, 4]))
    lines = written(value, 0, step, (), wanted)[1:]
    text = end.join(["# by hand, and by the pipelines: ä", *lines, flow_end]).replace("\r\n", "\n").replace("\n", end)
    return draw(st.sampled_from(["", "\ufeff"])) + text


@st.composite
def files(draw):
    """A release that is moved, and the two files that it is moved into, with what should change in each."""
    names = draw(st.lists(st.sampled_from(sorted(REPOSITORIES)), min_size=1, unique=True))
    olds = {name: (draw(TAGS), draw(DIGESTS)) for name in names}
    news = {name: (draw(TAGS.filter(lambda tag: tag != "null")), draw(DIGESTS)) for name in names}
    facts = {
        key: (draw(kind), draw(kind)) for key, kind in (("version", TAGS), ("commit", COMMITS), ("released", TIMES))
    }
    source = [f'{key}: "{new}"' for key, (_, new) in facts.items()]
    source += ["images:", *(f"  {name}: {REPOSITORIES[name]}:{tag}@{digest}" for name, (tag, digest) in news.items())]

    keyed = draw(st.booleans())
    made = {name: entry(draw, name, olds[name], news[name], keyed=keyed) for name in draw(st.permutations(names))}
    styles = {
        key: draw(STYLES) if old != "null" else "double" for key, (old, _) in facts.items()
    }  # null is not a version
    body = {key: Leaf(old, styles[key], draw(COMMENTS), new) for key, (old, new) in facts.items()}
    body["images"] = made if keyed else list(made.values())
    body = {key: body[key] for key in draw(st.permutations(sorted(body)))}
    base = draw(st.sampled_from([(), ("spec",), ("release",), ("spec", "release")]))
    for key in reversed(base):
        body = {key: body}
    noise = draw(st.sampled_from(NOISE))
    release_wanted, overlay_wanted = {}, {}
    release = as_text(draw, {**noise, **body}, release_wanted)

    overlay = {}
    for name in names:
        made = entry(draw, name, olds[name], news[name], keyed=True, overlay=True)
        overlay[name] = {"image": made, "replicas": "2"} if isinstance(made, Leaf) else {"image": made}
    overlay["other"] = {"image": "redis:7", "tag": Leaf("1.44.0", "plain")}
    return (
        "\n".join([*source, ""]),
        (release, release_wanted),
        (as_text(draw, {**overlay, **draw(st.sampled_from(NOISE))}, overlay_wanted), overlay_wanted),
        news,
        facts,
    )


@given(files())
def test_a_move_changes_only_the_intended_scalars(given_):
    source, (release, release_wanted), (overlay, overlay_wanted), news, facts = given_
    edited = moved(source, release, overlay)
    assert isinstance(edited, ReleaseEdit), str(edited)
    for path, before, wanted in ((RELEASE, release, release_wanted), (OVERLAY, overlay, overlay_wanted)):
        after = edited.contents.get(path, before.encode()).decode()
        old, new = (
            dict(parse_document(before, path).iterate_scalars()),
            dict(parse_document(after, path).iterate_scalars()),
        )
        assert list(old) == list(new)
        for key, scalar in old.items():
            assert new[key].text == wanted.get(key, scalar.text)
            is_rendered = path == OVERLAY and key in wanted
            if is_rendered and format_plain_value(scalar.value) != scalar.text == new[key].text:
                assert new[key].value == scalar.text, "a template writes the tag and not another number"
            elif new[key].text == scalar.text or scalar.style != "plain":
                assert new[key].style == scalar.style
            else:
                assert isinstance(new[key].value, str) or type(new[key].value) is type(scalar.value)
        assert read_outside_scalars(before) == read_outside_scalars(after)

    moved_release, _ = read_release(
        parse_document(edited.contents.get(RELEASE, release.encode()), RELEASE), CONFIG.release
    )
    assert moved_release.version == facts["version"][1]
    assert moved_release.commit == facts["commit"][1]
    document = parse_document(edited.contents.get(OVERLAY, overlay.encode()), OVERLAY)
    said = {canonicalize_repository(each.repository): (each.tag, each.digest) for each in moved_release.images}
    assert said == {canonicalize_repository(REPOSITORIES[name]): new for name, new in news.items()}
    for place in find_overlay_images(read_values_file(document), document):
        if expected := said.get(canonicalize_repository(place.image.repository)):
            assert place.image.digest == expected[1]
            assert place.image.tag in {expected[0], None}, "a tag that says nothing goes on saying nothing"


# --- refusals -----------------------------------------------------------------------------------------

SOURCE = f"version: 2\ncommit: abc\nimages:\n  web: {{repository: anchor/web, tag: 2, digest: {NEW}}}\n"
GOOD = f"version: 1\ncommit: abd\nimages:\n  web: {{repository: anchor/web, tag: 1, digest: {OLD}}}\n"
LAID = f"web:\n  image: {{repository: anchor/web, tag: 1, digest: {OLD}}}\n"
REFUSED = {
    "no digest in the release": (
        SOURCE,
        GOOD.replace(f", digest: {OLD}", ""),
        LAID,
        f"{RELEASE}:4: `images.web` has no digest to change",
    ),
    "no digest in what is moved": (
        SOURCE.replace(f", digest: {NEW}", ""),
        GOOD,
        LAID,
        f"{RELEASE}:4: `images.web` has a digest, and the new image does not",
    ),
    "no tag in what is moved": (
        SOURCE.replace("tag: 2, ", ""),
        GOOD,
        LAID,
        f"{RELEASE}:4: `images.web` has a tag, and the new image does not",
    ),
    "no commit in the release": (
        SOURCE,
        GOOD.replace("commit: abd\n", ""),
        LAID,
        f"{RELEASE}:1: there is no commit to change to abc, and no key is ever inserted",
    ),
    "no commit in what is moved": (
        SOURCE.replace("commit: abc\n", ""),
        GOOD,
        LAID,
        f"{RELEASE}:2: the release to move has no commit, so `commit` would stay and be wrong",
    ),
    "no version in what is moved": (
        SOURCE.replace("version: 2\n", ""),
        GOOD,
        LAID,
        f"{RELEASE}:1: the release to move has no version",
    ),
    "an image more": (
        SOURCE,
        GOOD + f"  jobs: anchor/jobs:1@{OLD}\n",
        LAID,
        f"{RELEASE} lists other images than the release: it contains docker.io/anchor/jobs, the release does not",
    ),
    "an image less": (
        SOURCE + f"  jobs: anchor/jobs:1@{OLD}\n",
        GOOD,
        LAID,
        f"{RELEASE} lists other images than the release: the release contains docker.io/anchor/jobs, it does not",
    ),
    "another image": (
        SOURCE,
        GOOD.replace("anchor/web", "anchor/site"),
        LAID,
        "it contains docker.io/anchor/site, the release does not; the release contains docker.io/anchor/web, it does",
    ),
    "one image twice with other tags in what is moved": (
        SOURCE + f"  worker: anchor/web:3@{OLD}\n",
        GOOD + f"  worker: anchor/web:1@{OLD}\n",
        LAID,
        f"{STAGING.release}:5: docker.io/anchor/web is listed twice with different versions",
    ),
    "an overlay without the image": (
        SOURCE,
        GOOD,
        LAID.replace("anchor/web", "anchor/site"),
        f"{OVERLAY} does not reference docker.io/anchor/web",
    ),
    "an overlay that names the image and says nothing of it": (
        SOURCE,
        GOOD,
        "web: {image: {repository: anchor/web, tag: null, digest: ''}}\n",
        f"{OVERLAY} does not reference docker.io/anchor/web",
    ),
    "an overlay that says nothing of an image": (SOURCE, GOOD, "replicas: 1\n", f"{OVERLAY} does not reference"),
    "an alias in the release": (
        SOURCE,
        GOOD.replace("version: 1", "x: &v 1\nversion: *v"),
        LAID,
        f"{RELEASE}:2: `version` is an alias",
    ),
    "an anchor in the release": (
        SOURCE,
        GOOD.replace("tag: 1", "tag: &t 1"),
        LAID,
        f"{RELEASE}:4: `images.web.tag` has",
    ),
    "an anchor around the image": (SOURCE, GOOD.replace("web: {", "web: &w {"), LAID, f"{RELEASE}:4: `images.web` has"),
    "a merged image in the overlay": (
        SOURCE,
        GOOD,
        f"x: &w {{repository: anchor/web, tag: 1, digest: {OLD}}}\nweb: {{image: {{<<: *w, pull: Always}}}}\n",
        f"{OVERLAY}:",
    ),
    "a tag that a merge key overrides": (
        SOURCE,
        GOOD,
        f"x: &w {{tag: 7}}\nweb: {{image: {{repository: anchor/web, tag: 1, digest: {OLD}, <<: *w}}}}\n",
        f"{OVERLAY}:2: `web.image.tag` is overridden by the merge key `<<` in line 2",
    ),
    "an alias in the overlay": (
        SOURCE,
        GOOD,
        f"d: &d {OLD}\n" + LAID.replace(OLD, "*d"),
        f"{OVERLAY}:3: `web.image.digest` is an alias",
    ),
    "a block of text": (
        SOURCE,
        GOOD.replace("version: 1", "version: |-\n  1"),
        LAID,
        f"{RELEASE}:1: `version` is a block",
    ),
    "a tag of YAML": (
        SOURCE,
        GOOD.replace("version: 1", "version: !!str 1"),
        LAID,
        f"{RELEASE}:1: `version` has a tag",
    ),
    "a release that is no YAML": (SOURCE, GOOD + "  x: [\n", LAID, f"{RELEASE}:"),
    "an overlay that is no YAML": (SOURCE, GOOD, LAID + "  x: [\n", f"{OVERLAY}:"),
    "what is moved is no YAML": (SOURCE + "  x: [\n", GOOD, LAID, f"{STAGING.release}:"),
    "a key twice": (SOURCE, GOOD + "version: 3\n", LAID, f"{RELEASE}:5: "),
    "a list at the top of the overlay": (SOURCE, GOOD, "- a\n", f"{OVERLAY}:1: "),
    "not UTF-8": (SOURCE, GOOD.encode() + b"# \xff\n", LAID, f"{RELEASE}:5: not UTF-8"),
    "an overlay that is not UTF-8": (SOURCE, GOOD, LAID.encode() + b"# \xff\n", f"{OVERLAY}:3: not UTF-8"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_moved_so_is_refused_with_its_place(name):
    source, release, overlay, words = REFUSED[name]
    refusal = expect_refusal(moved(source, release, overlay))
    assert refusal.message.startswith(words) or words in refusal.message
    assert refusal.subject == "prod"
    assert not refusal.already_done


def test_the_same_move_without_those_faults_goes_through():
    """So that each refusal above is about its fault."""
    edited = moved(SOURCE, GOOD, LAID)
    assert isinstance(edited, ReleaseEdit)
    assert edited.contents[RELEASE].decode() == SOURCE
    assert edited.contents[OVERLAY].decode() == LAID.replace("tag: 1", "tag: 2").replace(OLD, NEW)


def test_one_image_in_two_equal_places_moves_in_both():
    edited = moved(SOURCE + f"  worker: anchor/web:2@{NEW}\n", GOOD + f"  worker: anchor/web:1@{OLD}\n", LAID)
    assert isinstance(edited, ReleaseEdit)
    assert edited.contents[RELEASE].decode() == SOURCE + f"  worker: anchor/web:2@{NEW}\n"


@pytest.mark.parametrize("path", [RELEASE, OVERLAY])
def test_a_missing_file_is_not_created(path):
    found = workbench(SOURCE, GOOD, LAID)
    files_ = {name: each for name, each in found.files.items() if name != path}
    refusal = expect_refusal(
        edit_release(MOVE, RepoState(found.repo, files=files_, source_file=found.source_file), CONFIG, None)
    )
    assert (refusal.kind, refusal.message) == (
        "missing-file",
        f"{path} is not on the branch, and no file is ever created",
    )


def test_an_unreadable_release_refuses_the_move():
    found = workbench(SOURCE, GOOD, LAID)
    refusal = expect_refusal(edit_release(MOVE, RepoState(found.repo, files=found.files), CONFIG, None))
    assert (refusal.kind, refusal.message) == ("missing-file", "the release of staging could not be read")


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_moved_or_refused_in_words(release, overlay):
    try:
        release.encode(), overlay.encode()
    except UnicodeEncodeError:
        return
    found = moved(SOURCE, release, overlay)
    assert isinstance(found, ReleaseEdit) or found.message
