"""The version that the cluster runs."""

from __future__ import annotations

import pytest

from anchor_tui.domain.live_release import describe_versions, list_live_versions
from anchor_tui.domain.model import Environment, Image, Level, Verdict
from tests.values import application, release

REPOSITORY = "ghcr.io/anchor/anchor-gateway"
OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def _environment(image: Image, *live: str) -> Environment:
    return Environment(
        name="prod",
        rules="prod",
        tier="always-on",
        protected=True,
        source="argocd",
        verdict=Verdict(Level.OK),
        release=release("1.44.0", images=(image,)),
        applications=(application(images=live),),
    )


@pytest.mark.parametrize(
    ("tag", "digest", "live", "versions"),
    [
        ("1.44.0", NEW, f"{REPOSITORY}:1.44.0@{NEW}", ()),
        ("1.44.0", NEW, f"{REPOSITORY}:1.43.2@{OLD}", ("1.43.2",)),
        ("1.44.0", NEW, f"{REPOSITORY}:1.43.2", ("1.43.2",)),
        ("1.44.0", NEW, f"{REPOSITORY}:1.44.0", ()),
        ("1.44.0", NEW, f"{REPOSITORY}:1.44.0@{OLD}", ("1.44.0@sha256:000000000000…",)),
        ("1.44.0", None, f"{REPOSITORY}@{OLD}", ()),
        (None, NEW, f"{REPOSITORY}@{OLD}", ("@sha256:000000000000…",)),
        ("1.44.0", NEW, "ghcr.io/anchor/other:1.43.2", ()),
        ("1.44.0", NEW, "not a reference", ()),
    ],
)
def test_the_live_version_is_reported_if_it_differs(tag, digest, live, versions):
    image = Image("gateway", REPOSITORY, tag, digest)
    assert list_live_versions(_environment(image, live)) == versions


def test_a_rollout_has_both_versions():
    image = Image("gateway", REPOSITORY, "1.44.0", None)
    live = (f"{REPOSITORY}:1.43.2", f"{REPOSITORY}:1.44.0")
    assert list_live_versions(_environment(image, *live)) == ("1.43.2", "1.44.0")


def test_docker_hub_images_are_compared_by_their_full_name():
    image = Image("cache", "redis", "8", None)
    assert list_live_versions(_environment(image, "docker.io/library/redis:7")) == ("7",)


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        (("1.44.0",), "1.44.0"),
        (("1.43.2",), "git 1.44.0 · live 1.43.2"),
        (("1", "2", "3", "4"), "git 1.44.0 · live 1, 2 and 2 more"),
    ],
)
def test_both_versions_are_named_when_they_differ(tags, text):
    image = Image("gateway", REPOSITORY, "1.44.0", None)
    assert describe_versions(_environment(image, *(f"{REPOSITORY}:{tag}" for tag in tags))) == text
