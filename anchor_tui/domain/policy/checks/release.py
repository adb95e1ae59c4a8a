"""The release contract: release.yaml and what runs name the same images, pinned, in the order of promotion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation
from anchor_tui.domain.kubernetes.image_references import (
    ImageReference,
    canonicalize_repository,
    get_repository_folder,
    is_same_image,
    parse_image_reference,
)
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import EvidenceKind, Image
from anchor_tui.domain.policy.check import Check, CheckOutcome, FindingLevel, failed, passed, unknown
from anchor_tui.domain.policy.checks.mocks import MOCKS
from anchor_tui.domain.policy.evidence.facts import Facts, ReleaseFile, UpstreamHistory, require
from anchor_tui.domain.policy.evidence.image_discovery import ImageInValues, find_images
from anchor_tui.domain.yaml.nodes import format_key_path

MOVING_TAGS = frozenset({"latest", "main", "master", "head", "edge", "stable", "nightly", "canary", "develop", "trunk"})


def _image_reference(image: Image) -> ImageReference:
    return ImageReference(
        canonicalize_repository(image.repository), image.tag, image.digest.lower() if image.digest else None
    )


# --- aligned -------------------------------------------------------------------------------------------


def _check_contract(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    release = require(facts.release)
    if not release.release.images:
        yield unknown(f"{release.file} names no images: looked for `images` at the top and under `spec`")
        return
    wanted = {reference.repository: reference for reference in map(_image_reference, release.release.images)}
    if evidence == "git":
        yield from _compare_with_values(require(facts.values), release, wanted)
    else:
        yield from _compare_with_manifests(facts, evidence, release, wanted)


def _compare_with_values(
    every: tuple[LayeredValues, ...], release: ReleaseFile, wanted: Mapping[str, ImageReference]
) -> Iterator[CheckOutcome]:
    images = [image for laid in every for image in find_images(laid)]
    for image in images:
        reference = image.reference
        if reference.repository in wanted:
            yield _compare_image(image, wanted[reference.repository], release)
        elif _is_own_image(image, wanted) and not image.is_chart_default:
            message = (
                f"{reference.repository} is in the values (`{format_key_path(image.path)}`) and not in {release.file}"
            )
            yield failed(message, image.place, fix=f"add it to {release.file}, or take it out of the values")
    named = {image.reference.repository for image in images}
    if not named & set(wanted):
        yield unknown(f"none of the images of {release.file} can be made out in the values")
        return
    for each in release.release.images:
        if canonicalize_repository(each.repository) not in named:
            message = f"{each.name} of {release.file} ({each.repository}) is in none of the values"
            yield failed(message, release.places.get(each.name))


def _is_own_image(image: ImageInValues, wanted: Mapping[str, ImageReference]) -> bool:
    """Whether an image comes from where the release's own images come from, and is no mock."""
    folders = {get_repository_folder(repository) for repository in wanted}
    return get_repository_folder(image.reference.repository) in folders and image.reference.repository_name not in MOCKS


def _compare_image(image: ImageInValues, wanted: ImageReference, release: ReleaseFile) -> CheckOutcome:
    found, name = image.reference, image.reference.repository_name
    same_tag = not found.tag or not wanted.tag or found.tag == wanted.tag
    same = is_same_image(found, wanted) or (wanted.digest is None and found.tag == wanted.tag)
    if same and same_tag:
        return passed(f"{name} is {found.version} in both", image.place)
    if not found.tag and not (found.digest and wanted.digest):
        reason = f"{name} has {found.version} in the values; the chart's templates may fill it in"
        return unknown(reason, image.place)
    where = image.place.file if image.place else "the values"
    hint = ""
    if not same_tag and found.tag and _is_number(found.tag):
        hint = f'; a tag without quotes is a number to Helm: write "{wanted.tag}"'
    message = f"{name}: {where} says {found.version}, {release.file} says {wanted.version}{hint}"
    return failed(message, image.place)


def _is_number(tag: str) -> bool:
    try:
        float(tag)
    except ValueError:
        return False
    return True


def _compare_with_manifests(
    facts: Facts, evidence: EvidenceKind, release: ReleaseFile, wanted: Mapping[str, ImageReference]
) -> Iterator[CheckOutcome]:
    manifests = facts.manifests(evidence)
    level = _live_level(facts) if evidence == "live" else None
    says = "runs" if evidence == "live" else "renders"
    seen: set[str] = set()
    for name, reference in _list_running_images(manifests):
        expected = wanted.get(reference.repository)
        if expected is None:
            continue
        seen.add(reference.repository)
        if is_same_image(reference, expected) or (expected.digest is None and reference.tag == expected.tag):
            yield passed(
                f"{name} {says} {reference.repository_name} {reference.version}, as {release.file} says", None, name
            )
        elif reference.tag is None and reference.digest and expected.digest is None:
            yield unknown(
                f"{name} {says} {reference.repository_name} by its digest, which {release.file} does not say",
                None,
                name,
            )
        else:
            message = (
                f"{name} {says} {reference.repository_name} {reference.version}, {release.file} says {expected.version}"
            )
            yield failed(message, None, name, level=level)
    for each in release.release.images:
        if canonicalize_repository(each.repository) in seen:
            continue
        message = f"no workload {says} {each.name} of {release.file} ({each.repository})"
        yield (
            failed(message, release.places.get(each.name), level=level)
            if manifests.is_complete and manifests.workloads
            else unknown(message)
        )


def _live_level(facts: Facts) -> FindingLevel | None:
    """A cluster that is on its way is a warning: the sync has not come through yet."""
    if not isinstance(facts.live_spec, tuple):
        return None
    moving = any(
        each.sync == "OutOfSync" or each.health == "Progressing" or (each.operation and each.operation.is_running)
        for each in facts.live_spec
    )
    return "warning" if moving else None


def _list_running_images(manifests: Manifests) -> Iterator[tuple[str, ImageReference]]:
    for workload in manifests.workloads:
        if workload.resource.stale:
            continue  # argo.no-stale-resources tells of it
        for container in workload.containers:
            try:
                yield str(workload), parse_image_reference(container.image)
            except ValueError:
                continue


# --- pinned --------------------------------------------------------------------------------------------


def _check_pinned(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    release = require(facts.release)
    for image in release.release.images:
        place = release.places.get(image.name)
        if image.tag and is_moving_tag(image.tag):
            yield failed(f"{image.name} has the tag {image.tag}, which moves", place)
        elif not image.digest:
            yield failed(f"{image.name} has no digest: its tag {image.tag or 'latest'} may move", place)
        else:
            yield passed(f"{image.name} is {_image_reference(image).version}", place)
    if not release.release.images:
        yield unknown(f"{release.file} names no images: looked for `images` at the top and under `spec`")


def is_moving_tag(tag: str) -> bool:
    """Whether a tag is a name that is given anew with each build: one without a digit, or `main-…latest`."""
    word = tag.lower()
    return word in MOVING_TAGS or word.endswith(("-latest", "-main")) or not any(char.isdigit() for char in word)


# --- order ---------------------------------------------------------------------------------------------


def _check_order(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    release, before = require(facts.release), require(facts.before)
    had = {_image_identity(image) for past in before.history if past.release for image in past.release.images}
    for image in release.release.images:
        place = release.places.get(image.name)
        if _image_identity(image) in had:
            yield passed(f"{before.environment} has had {image.name} {_image_reference(image).version}", place)
        else:
            yield _missing_upstream(image, release.release.version, before, place)
    if not release.release.images:
        yield unknown(f"{release.file} names no images: looked for `images` at the top and under `spec`")


def _image_identity(image: Image) -> tuple[str, str | None]:
    return canonicalize_repository(image.repository), image.digest or image.tag


def _missing_upstream(
    image: Image, version: str, before: UpstreamHistory, place: SourceLocation | None
) -> CheckOutcome:
    untold = f"whether {before.environment} has had {version} cannot be told"
    unread = sum(past.release is None for past in before.history)
    if not before.complete:
        return unknown(f"{untold}: {before.incomplete_reason or 'its history ends too early'}", place)
    if before.initial_release and _image_identity(image) in {
        _image_identity(each) for each in before.initial_release.images
    }:
        return unknown(f"{untold}: it was here already when the history of {before.environment} begins", place)
    if unread:
        return unknown(f"{untold}: {unread} of its past releases cannot be read", place)
    return failed(f"{before.environment} never had {image.name} {_image_reference(image).version}", place)


_PROMOTION = "Promotion model"
CHECKS = (
    Check(
        id="release.contract-aligned",
        title="What runs is what the release contract says",
        level="error",
        rules=("dev", "staging", "prod"),
        evidence=("git", "rendered", "live"),
        section=_PROMOTION,
        why="Ops sync workflow validates release contract alignment with Helm overlays.",
        fix="make release.yaml and the overlay name the same tag and digest",
        evaluate=_check_contract,
    ),
    Check(
        id="release.pinned",
        title="Images are pinned",
        level="error",
        rules=("staging", "prod"),
        evidence=("git",),
        section=_PROMOTION,
        why="App workflow opens ops PR updating `environments/dev/release.yaml`. … Revert environment values PR "
        "to prior image tag.",
        fix="give each image of release.yaml its version's tag and its digest",
        evaluate=_check_pinned,
    ),
    Check(
        id="release.order",
        title="The environment before has had it",
        level="warning",
        rules=("staging", "prod"),
        evidence=("git",),
        section=_PROMOTION,
        why="Ops promotion workflow creates PRs for `dev -> staging -> prod`.",
        fix="promote through the environment before",
        evaluate=_check_order,
    ),
)
