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
from anchor_tui.domain.policy.check import Check, Grade, Told, fails, holds, unclear
from anchor_tui.domain.policy.facts import Before, Facts, ReleaseFile, take
from anchor_tui.domain.policy.found_images import FoundImage, found_images
from anchor_tui.domain.policy.mocks import MOCKS
from anchor_tui.domain.yaml.nodes import format_key_path

MOVING = frozenset({"latest", "main", "master", "head", "edge", "stable", "nightly", "canary", "develop", "trunk"})


def _reference(image: Image) -> ImageReference:
    return ImageReference(
        canonicalize_repository(image.repository), image.tag, image.digest.lower() if image.digest else None
    )


# --- aligned -------------------------------------------------------------------------------------------


def _aligned(facts: Facts, evidence: EvidenceKind) -> Iterator[Told]:
    release = take(facts.release)
    if not release.release.images:
        yield unclear(f"{release.file} names no images: looked for `images` at the top and under `spec`")
        return
    wanted = {reference.repository: reference for reference in map(_reference, release.release.images)}
    if evidence == "git":
        yield from _with_values(take(facts.values), release, wanted)
    else:
        yield from _with_manifests(facts, evidence, release, wanted)


def _with_values(
    every: tuple[LayeredValues, ...], release: ReleaseFile, wanted: Mapping[str, ImageReference]
) -> Iterator[Told]:
    images = [image for laid in every for image in found_images(laid)]
    for image in images:
        reference = image.reference
        if reference.repository in wanted:
            yield _agreement(image, wanted[reference.repository], release)
        elif _is_ours(image, wanted) and not image.of_chart:
            message = (
                f"{reference.repository} is in the values (`{format_key_path(image.path)}`) and not in {release.file}"
            )
            yield fails(message, image.place, fix=f"add it to {release.file}, or take it out of the values")
    named = {image.reference.repository for image in images}
    if not named & set(wanted):
        yield unclear(f"none of the images of {release.file} can be made out in the values")
        return
    for each in release.release.images:
        if canonicalize_repository(each.repository) not in named:
            message = f"{each.name} of {release.file} ({each.repository}) is in none of the values"
            yield fails(message, release.places.get(each.name))


def _is_ours(image: FoundImage, wanted: Mapping[str, ImageReference]) -> bool:
    """Whether an image comes from where the release's own images come from, and is no mock."""
    folders = {get_repository_folder(repository) for repository in wanted}
    return get_repository_folder(image.reference.repository) in folders and image.reference.repository_name not in MOCKS


def _agreement(image: FoundImage, wanted: ImageReference, release: ReleaseFile) -> Told:
    found, name = image.reference, image.reference.repository_name
    same_tag = not found.tag or not wanted.tag or found.tag == wanted.tag
    same = is_same_image(found, wanted) or (wanted.digest is None and found.tag == wanted.tag)
    if same and same_tag:
        return holds(f"{name} is {found.version} in both", image.place)
    if not found.tag and not (found.digest and wanted.digest):
        reason = f"{name} has {found.version} in the values; the chart's templates may fill it in"
        return unclear(reason, image.place)
    where = image.place.file if image.place else "the values"
    hint = ""
    if not same_tag and found.tag and _is_number(found.tag):
        hint = f'; a tag without quotes is a number to Helm: write "{wanted.tag}"'
    message = f"{name}: {where} says {found.version}, {release.file} says {wanted.version}{hint}"
    return fails(message, image.place)


def _is_number(tag: str) -> bool:
    try:
        float(tag)
    except ValueError:
        return False
    return True


def _with_manifests(
    facts: Facts, evidence: EvidenceKind, release: ReleaseFile, wanted: Mapping[str, ImageReference]
) -> Iterator[Told]:
    manifests = facts.manifests(evidence)
    level = _level_of_live(facts) if evidence == "live" else None
    says = "runs" if evidence == "live" else "renders"
    seen: set[str] = set()
    for name, reference in _running(manifests):
        expected = wanted.get(reference.repository)
        if expected is None:
            continue
        seen.add(reference.repository)
        if is_same_image(reference, expected) or (expected.digest is None and reference.tag == expected.tag):
            yield holds(
                f"{name} {says} {reference.repository_name} {reference.version}, as {release.file} says", None, name
            )
        elif reference.tag is None and reference.digest and expected.digest is None:
            yield unclear(
                f"{name} {says} {reference.repository_name} by its digest, which {release.file} does not say",
                None,
                name,
            )
        else:
            message = (
                f"{name} {says} {reference.repository_name} {reference.version}, {release.file} says {expected.version}"
            )
            yield fails(message, None, name, level=level)
    for each in release.release.images:
        if canonicalize_repository(each.repository) in seen:
            continue
        message = f"no workload {says} {each.name} of {release.file} ({each.repository})"
        yield (
            fails(message, release.places.get(each.name), level=level)
            if manifests.is_complete and manifests.workloads
            else unclear(message)
        )


def _level_of_live(facts: Facts) -> Grade | None:
    """A cluster that is on its way is a warning: the sync has not come through yet."""
    if not isinstance(facts.live_spec, tuple):
        return None
    moving = any(
        each.sync == "OutOfSync" or each.health == "Progressing" or (each.operation and each.operation.is_running)
        for each in facts.live_spec
    )
    return "warning" if moving else None


def _running(manifests: Manifests) -> Iterator[tuple[str, ImageReference]]:
    for workload in manifests.workloads:
        if workload.resource.stale:
            continue  # argo.no-stale-resources tells of it
        for container in workload.containers:
            try:
                yield str(workload), parse_image_reference(container.image)
            except ValueError:
                continue


# --- pinned --------------------------------------------------------------------------------------------


def _pinned(facts: Facts, _evidence: EvidenceKind) -> Iterator[Told]:
    release = take(facts.release)
    for image in release.release.images:
        place = release.places.get(image.name)
        if image.tag and is_moving(image.tag):
            yield fails(f"{image.name} has the tag {image.tag}, which moves", place)
        elif not image.digest:
            yield fails(f"{image.name} has no digest: its tag {image.tag or 'latest'} may move", place)
        else:
            yield holds(f"{image.name} is {_reference(image).version}", place)
    if not release.release.images:
        yield unclear(f"{release.file} names no images: looked for `images` at the top and under `spec`")


def is_moving(tag: str) -> bool:
    """Whether a tag is a name that is given anew with each build: one without a digit, or `main-…latest`."""
    word = tag.lower()
    return word in MOVING or word.endswith(("-latest", "-main")) or not any(char.isdigit() for char in word)


# --- order ---------------------------------------------------------------------------------------------


def _order(facts: Facts, _evidence: EvidenceKind) -> Iterator[Told]:
    release, before = take(facts.release), take(facts.before)
    had = {_content(image) for past in before.history if past.release for image in past.release.images}
    for image in release.release.images:
        place = release.places.get(image.name)
        if _content(image) in had:
            yield holds(f"{before.environment} has had {image.name} {_reference(image).version}", place)
        else:
            yield _never(image, release.release.version, before, place)
    if not release.release.images:
        yield unclear(f"{release.file} names no images: looked for `images` at the top and under `spec`")


def _content(image: Image) -> tuple[str, str | None]:
    return canonicalize_repository(image.repository), image.digest or image.tag


def _never(image: Image, version: str, before: Before, place: SourceLocation | None) -> Told:
    untold = f"whether {before.environment} has had {version} cannot be told"
    unread = sum(past.release is None for past in before.history)
    if not before.whole:
        return unclear(f"{untold}: {before.ends or 'its history ends too early'}", place)
    if before.began and _content(image) in {_content(each) for each in before.began.images}:
        return unclear(f"{untold}: it was here already when the history of {before.environment} begins", place)
    if unread:
        return unclear(f"{untold}: {unread} of its past releases cannot be read", place)
    return fails(f"{before.environment} never had {image.name} {_reference(image).version}", place)


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
        judge=_aligned,
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
        judge=_pinned,
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
        judge=_order,
    ),
)
