"""Edits an environment's release.yaml and overlay to contain another release, with minimal changes.

The version, commit, time, and each image's tag and digest change. Nothing is inserted or removed: the edit is refused
if a scalar is missing or the sets of images differ.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.plan import FileDiff, Refusal
from anchor_tui.domain.actions.release_selection import ReleaseMove
from anchor_tui.domain.actions.repo_state import RepoFile, RepoState
from anchor_tui.domain.helm.image_fields import is_named_in
from anchor_tui.domain.helm.image_scalars import ImageScalarPaths, build_image_changes
from anchor_tui.domain.helm.overlays import HelmValues, find_overlay_images, find_unclear_images, read_values_file
from anchor_tui.domain.kubernetes.image_references import canonicalize_repository
from anchor_tui.domain.model import Image, ValueObject
from anchor_tui.domain.policy.evidence.facts import MissingEvidence, NotApplicable
from anchor_tui.domain.policy.evidence.git import GitEvidence
from anchor_tui.domain.release_form import check_release_form
from anchor_tui.domain.releases import locate_release
from anchor_tui.domain.text_lines import split_lines
from anchor_tui.domain.yaml.document import YamlDocument, parse_document, replace_scalars
from anchor_tui.domain.yaml.nodes import KeyPath, YamlDocumentError, format_key_path


class ReleaseEdit(ValueObject, frozen=True):
    """The changed files: new content by path."""

    contents: Mapping[str, bytes]
    images: tuple[tuple[Image, Image], ...]
    """(before, after) of each image of the release."""


def edit_release(
    move: ReleaseMove, repo_state: RepoState, config: Config, in_git: GitEvidence | None
) -> ReleaseEdit | Refusal:
    """Return the new content of the environment's two files, or why the edit is not possible."""
    subject = move.environment.name
    try:
        return _edit_files(move, repo_state, config, in_git)
    except YamlDocumentError as error:
        return _document_refusal(subject, error)
    except UnicodeDecodeError:
        return Refusal(subject, "not-utf8", "one of its files is not UTF-8: change it by hand")


def release_form_refusal(move: ReleaseMove, repo_state: RepoState, config: Config) -> Refusal | None:
    """Return a refusal if a version, a tag or a name of the release to move does not have the permitted form."""
    source = repo_state.source_file
    if source is None:
        return Refusal(move.environment.name, "missing-file", f"the release of {move.source.name} could not be read")
    try:
        check_release_form(parse_document(source.content, source.path), config.release)
    except YamlDocumentError as error:
        return _document_refusal(move.environment.name, error)
    except UnicodeDecodeError:
        return Refusal(move.environment.name, "not-utf8", f"{source.path} is not UTF-8: change it by hand")
    return None


def _document_refusal(subject: str, error: YamlDocumentError) -> Refusal:
    problem = error.problem
    where = f"{problem.file}:{problem.line}: " if problem.line else f"{problem.file}: "
    return Refusal(subject, problem.kind, f"{where}{problem.message}")


def _edit_files(
    move: ReleaseMove, repo_state: RepoState, config: Config, in_git: GitEvidence | None
) -> ReleaseEdit | Refusal:
    subject = move.environment.name
    release, overlay = repo_state.files.get(move.environment.release), repo_state.files.get(move.environment.values)
    for path, file in ((move.environment.release, release), (move.environment.values, overlay)):
        if file is None:
            return Refusal(subject, "missing-file", f"{path} is not on the branch, and no file is ever created")
    if repo_state.source_file is None or release is None or overlay is None:
        return Refusal(subject, "missing-file", f"the release of {move.source.name} could not be read")
    target = parse_document(release.content, release.path)
    source = parse_document(repo_state.source_file.content, repo_state.source_file.path)
    check_release_form(source, config.release)
    images = _images_by_repository(source, config)
    places = locate_release(target, config.release).images
    own = {canonicalize_repository(known_place.image.repository) for known_place in places}
    if own != images.keys():
        return Refusal(subject, "other-images", _image_set_difference(own, set(images), release.path))
    changes = dict(_scalar_changes(target, source, config))
    for place in places:
        changes |= build_image_changes(target, place, images[canonicalize_repository(place.image.repository)])
    new_release = replace_scalars(target, changes).encode()
    new_overlay = _edit_overlay(parse_document(overlay.content, overlay.path), images, in_git, move)
    if isinstance(new_overlay, Refusal):
        return new_overlay
    contents = {release.path: new_release, overlay.path: new_overlay}
    moved = tuple(
        (known_place.image, images[canonicalize_repository(known_place.image.repository)]) for known_place in places
    )
    changed = {path: content for path, content in contents.items() if content != repo_state.files[path].content}
    return ReleaseEdit(changed, moved)


def _images_by_repository(source: YamlDocument, config: Config) -> dict[str, Image]:
    """Return the images of the release by repository. Raises DocumentError if a repository has two versions."""
    found: dict[str, Image] = {}
    for place in locate_release(source, config.release).images:
        repository = canonicalize_repository(place.image.repository)
        other = found.setdefault(repository, place.image)
        if (other.tag, other.digest) != (place.image.tag, place.image.digest):
            message = f"{repository} is listed twice with different versions"
            source.fail("release-shape", message, source.find(place.path))
    return found


def _image_set_difference(own: set[str], other: set[str], path: str) -> str:
    parts = [
        *(f"it contains {', '.join(sorted(own - other))}, the release does not" for _ in [0] if own - other),
        *(f"the release contains {', '.join(sorted(other - own))}, it does not" for _ in [0] if other - own),
    ]
    return f"{path} lists other images than the release: {'; '.join(parts)}. Align them by hand once"


def _scalar_changes(target: YamlDocument, source: YamlDocument, config: Config) -> Iterator[tuple[KeyPath, str]]:
    """Yield the version, commit and time of the source, character by character."""
    ours, theirs = locate_release(target, config.release), locate_release(source, config.release)
    for name in ("version", "commit", "released"):
        place: KeyPath | None = getattr(ours, name)
        other: KeyPath | None = getattr(theirs, name)
        if place is None and other is None:
            continue
        if other is None:
            assert place is not None
            target.fail(
                "missing-key",
                f"the release to move has no {name}, so `{format_key_path(place)}` would stay and be wrong",
                target.find(place),
            )
        text = source.get_scalar(other).text
        if place is None:
            target.fail("missing-key", f"there is no {name} to change to {text}, and no key is ever inserted")
        yield place, text


def _edit_overlay(
    document: YamlDocument, images: Mapping[str, Image], in_git: GitEvidence | None, move: ReleaseMove
) -> bytes | Refusal:
    """Return the overlay with every reference to one of the images changed."""
    merged = _merged_values(document, in_git)
    found: list[tuple[ImageScalarPaths, str]] = []
    for place in find_overlay_images(merged, document):
        matching = _matching_repositories(place, images)
        if len(matching) > 1:
            message = f"`{format_key_path(place.path)}` may be {' or '.join(matching)}: change it by hand"
            document.fail("overlay-image", message, document.find(place.path))
        found += [(place, repository) for repository in matching]
    lacking = images.keys() - {repository for place, repository in found if place.image.tag or place.image.digest}
    for form in find_unclear_images(merged, document):
        if any(is_named_in(form.text, repository) for repository in images):
            message = f"`{format_key_path(form.path)}` has a form that is not understood: {form.reason}"
            document.fail("overlay-image", message, document.find(form.path))
    if lacking:
        message = (
            f"{document.file} does not reference {', '.join(sorted(lacking))}, so it cannot match the release. "
            "No key is ever inserted: add the reference by hand once"
        )
        return Refusal(move.environment.name, "overlay-image", message)
    changes: dict[KeyPath, str] = {}
    for place, repository in found:
        changes |= _image_place_changes(document, place, images[repository])
    return replace_scalars(document, changes, rendered=True).encode()


def _matching_repositories(place: ImageScalarPaths, images: Mapping[str, Image]) -> list[str]:
    """Return the repositories of the release that an image of the overlay may have."""
    possible = map(canonicalize_repository, (place.image.repository, *place.other_repositories))
    return [repository for repository in dict.fromkeys(possible) if repository in images]


def _image_place_changes(document: YamlDocument, place: ImageScalarPaths, image: Image) -> dict[KeyPath, str]:
    """Return the changes at one reference. A reference without a tag or digest does not get one."""
    reference = Image(
        image.name,
        image.repository,
        image.tag if place.image.tag is not None else None,
        image.digest if place.image.digest is not None else None,
    )
    return build_image_changes(document, place, reference)


def _merged_values(document: YamlDocument, in_git: GitEvidence | None) -> HelmValues:
    """Return the merged values: they contain the repository if the overlay does not."""
    if in_git is None or isinstance(in_git.values, MissingEvidence | NotApplicable):
        return read_values_file(document)
    laid = in_git.values
    own = [values for values in laid if any(layer.file == document.file for layer in values.layers)]
    return (own or list(laid))[0].merged


def file_diffs(edited: ReleaseEdit, files: Mapping[str, RepoFile]) -> tuple[FileDiff, ...]:
    """Return the unified diff of each file."""
    found = []
    for path, content in sorted(edited.contents.items()):
        before, after = (split_lines(raw.decode("utf-8-sig"), keep_ends=True) for raw in (files[path].content, content))
        lines = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}")
        found.append(FileDiff(path, "".join(line if line.endswith("\n") else line + "\n" for line in lines)))
    return tuple(found)
