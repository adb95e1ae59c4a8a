"""Checks of the release contract: equal images in release.yaml and workloads, pinned, promoted in order."""

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
from anchor_tui.domain.policy.evidence.image_discovery import (
    ImageInValues,
    UnclearImage,
    find_images,
    find_mention,
    find_unclear_images,
)
from anchor_tui.domain.yaml.nodes import format_key_path

MOVING_TAGS = frozenset({"latest", "main", "master", "head", "edge", "stable", "nightly", "canary", "develop", "trunk"})


def _image_reference(image: Image) -> ImageReference:
    return ImageReference(
        canonicalize_repository(image.repository), image.tag, image.digest.lower() if image.digest else None
    )


def _without_images(release: ReleaseFile) -> CheckOutcome:
    return unknown(f"{release.file} contains no images: searched `images` at the top level and under `spec`")


# --- contract ------------------------------------------------------------------------------------------


def _check_contract(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    release = require(facts.release)
    if not release.release.images:
        yield _without_images(release)
        return
    expected = {reference.repository: reference for reference in map(_image_reference, release.release.images)}
    if evidence == "git":
        yield from _compare_with_values(require(facts.values), release, expected)
    else:
        yield from _compare_with_manifests(facts, evidence, release, expected)


def _compare_with_values(
    all_values: tuple[LayeredValues, ...], release: ReleaseFile, expected: Mapping[str, ImageReference]
) -> Iterator[CheckOutcome]:
    found: set[str] = set()
    for image in (image for values in all_values for image in find_images(values)):
        possible = (image.reference.repository, *image.other_repositories)
        matching = [repository for repository in possible if repository in expected]
        found.update(matching)
        key = format_key_path(image.path)
        if len(matching) == 1:
            yield _compare_image(image, expected[matching[0]], release)
        elif matching:
            yield unknown(f"`{key}` may be {' or '.join(matching)}: the chart's templates decide", image.location)
        elif _is_own_image(image, expected) and image.sets_version and not image.is_chart_default:
            message = f"{image.reference.repository} is in the values (`{key}`) but not in {release.file}"
            yield failed(message, image.location, fix=f"add it to {release.file}, or remove it from the values")
    lacking = [entry for entry in release.release.images if canonicalize_repository(entry.repository) not in found]
    unclear = [image for values in all_values for image in find_unclear_images(values)]
    for image_form in unclear:
        named = [entry for entry in release.release.images if image_form.has_repository and image_form.may_be(entry)]
        if named and not any(image_form.may_be(entry) for entry in lacking):
            yield _unknown_form(named[0], image_form)
    for entry in lacking:
        forms = (form for form in unclear if form.may_be(entry))
        mentions = (mention for values in all_values if (mention := find_mention(values, entry)) is not None)
        if (form := next(forms, None) or next(mentions, None)) is not None:
            yield _unknown_form(entry, form)
        elif found:
            message = f"{entry.name} of {release.file} ({entry.repository}) is not in the values"
            yield failed(message, release.locations.get(entry.name))
    if not found:
        yield unknown(f"found none of the images of {release.file} in the values")


def _unknown_form(image: Image, form: UnclearImage) -> CheckOutcome:
    key = format_key_path(form.path) or "the values"
    return unknown(f"{image.name}: `{key}` has a form that is not understood: {form.reason}", form.location)


def _is_own_image(image: ImageInValues, expected: Mapping[str, ImageReference]) -> bool:
    """Return True if an image is in a registry folder of the release's images and is not a mock."""
    folders = {get_repository_folder(repository) for repository in expected}
    reference = image.reference
    return get_repository_folder(reference.repository) in folders and reference.repository_name not in MOCKS


def _compare_image(image: ImageInValues, expected: ImageReference, release: ReleaseFile) -> CheckOutcome:
    found, name = image.reference, image.reference.repository_name
    same_tag = not found.tag or not expected.tag or found.tag == expected.tag
    same_image = is_same_image(found, expected) or (expected.digest is None and found.tag == expected.tag)
    if same_image and same_tag:
        return passed(f"{name} is {found.version} in both files", image.location)
    if not found.tag and not (found.digest and expected.digest):
        reason = f"{name} has {found.version} in the values; the chart's templates may set the version"
        return unknown(reason, image.location)
    file = image.location.file if image.location else "the values"
    hint = ""
    if not same_tag and found.tag and _is_number(found.tag):
        hint = f'; a tag without quotes is a number in Helm: write "{expected.tag}"'
    message = f"{name}: {found.version} in {file}, {expected.version} in {release.file}{hint}"
    return failed(message, image.location)


def _is_number(tag: str) -> bool:
    try:
        float(tag)
    except ValueError:
        return False
    return True


def _compare_with_manifests(
    facts: Facts, evidence: EvidenceKind, release: ReleaseFile, expected: Mapping[str, ImageReference]
) -> Iterator[CheckOutcome]:
    manifests = facts.require_manifests(evidence)
    facts.require_same_commit(evidence)
    level = _live_level(facts) if evidence == "live" else None
    verb = "runs" if evidence == "live" else "renders"
    repositories: set[str] = set()
    for workload, image in _list_images(manifests):
        contract = expected.get(image.repository)
        if contract is None:
            continue
        repositories.add(image.repository)
        text = f"{workload} {verb} {image.repository_name}"
        if is_same_image(image, contract) or (contract.digest is None and image.tag == contract.tag):
            yield passed(f"{text} {image.version}, as in {release.file}", None, workload)
        elif image.tag is None and image.digest and contract.digest is None:
            yield unknown(f"{text} by digest, but {release.file} has no digest", None, workload)
        else:
            message = f"{text} {image.version}, but {release.file} has {contract.version}"
            yield failed(message, None, workload, level=level)
    for entry in release.release.images:
        if canonicalize_repository(entry.repository) in repositories:
            continue
        message = f"no workload {verb} {entry.name} of {release.file} ({entry.repository})"
        if manifests.is_complete and manifests.workloads:
            yield failed(message, release.locations.get(entry.name), level=level)
        else:
            yield unknown(message)


def _live_level(facts: Facts) -> FindingLevel | None:
    """Return `warning` while an application is being synced or rolled out, otherwise None."""
    if not isinstance(facts.live_spec, tuple):
        return None
    is_changing = any(
        application.sync == "OutOfSync"
        or application.health == "Progressing"
        or (application.operation and application.operation.is_running)
        for application in facts.live_spec
    )
    return "warning" if is_changing else None


def _list_images(manifests: Manifests) -> Iterator[tuple[str, ImageReference]]:
    """Yield (workload, image) of each container; argo.no-stale-resources reports stale workloads."""
    for workload in manifests.workloads:
        if workload.resource.stale:
            continue
        for container in workload.containers:
            try:
                yield str(workload), parse_image_reference(container.image)
            except ValueError:
                continue


# --- pinned --------------------------------------------------------------------------------------------


def _check_pinned(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    release = require(facts.release)
    for image in release.release.images:
        location = release.locations.get(image.name)
        if image.tag and is_moving_tag(image.tag):
            yield failed(f"{image.name} has the moving tag {image.tag}", location)
        elif not image.digest:
            yield failed(f"{image.name} has no digest: its tag {image.tag or 'latest'} may move", location)
        else:
            yield passed(f"{image.name} is {_image_reference(image).version}", location)
    if not release.release.images:
        yield _without_images(release)


def is_moving_tag(tag: str) -> bool:
    """Return True for a tag that each build reuses: one without a digit, or one that ends in -latest or -main."""
    word = tag.lower()
    return word in MOVING_TAGS or word.endswith(("-latest", "-main")) or not any(char.isdigit() for char in word)


# --- order ---------------------------------------------------------------------------------------------


def _check_order(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    release, upstream = require(facts.release), require(facts.upstream)
    promoted = {_image_identity(image) for past in upstream.history if past.release for image in past.release.images}
    for image in release.release.images:
        location = release.locations.get(image.name)
        if _image_identity(image) in promoted:
            yield passed(f"{upstream.environment} had {image.name} {_image_reference(image).version}", location)
        else:
            yield _missing_upstream(image, release.release.version, upstream, location)
    if not release.release.images:
        yield _without_images(release)


def _image_identity(image: Image) -> tuple[str, str | None]:
    return canonicalize_repository(image.repository), image.digest or image.tag


def _missing_upstream(
    image: Image, version: str, upstream: UpstreamHistory, location: SourceLocation | None
) -> CheckOutcome:
    environment, initial = upstream.environment, upstream.initial_release
    question = f"unknown if {environment} had {version}"
    unreadable = sum(past.release is None for past in upstream.history)
    if not upstream.complete:
        return unknown(f"{question}: {upstream.incomplete_reason or 'its history is incomplete'}", location)
    if initial and _image_identity(image) in map(_image_identity, initial.images):
        return unknown(f"{question}: it was already here when the history of {environment} starts", location)
    if unreadable:
        return unknown(f"{question}: {unreadable} of its past releases cannot be read", location)
    return failed(f"{environment} never had {image.name} {_image_reference(image).version}", location)


_PROMOTION = "Promotion model"
CHECKS = (
    Check(
        id="release.contract-aligned",
        title="Workloads match the release contract",
        level="error",
        rules=("dev", "staging", "prod"),
        evidence=("git", "rendered", "live"),
        section=_PROMOTION,
        why="Ops sync workflow validates release contract alignment with Helm overlays.",
        fix="set the same tag and digest in release.yaml and in the overlay",
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
        fix="set the version tag and the digest of each image in release.yaml",
        evaluate=_check_pinned,
    ),
    Check(
        id="release.order",
        title="Released in the previous environment first",
        level="warning",
        rules=("staging", "prod"),
        evidence=("git",),
        section=_PROMOTION,
        why="Ops promotion workflow creates PRs for `dev -> staging -> prod`.",
        fix="promote through the previous environment",
        evaluate=_check_order,
    ),
)
