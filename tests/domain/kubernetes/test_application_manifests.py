"""Applications in git: the sources that refer to each other."""

from __future__ import annotations

import pytest

from anchor_tui.domain.kubernetes.application_manifests import find_helm_source, read_application_manifests

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: prod, namespace: argocd}}
spec:
  sources:
    - repoURL: {chart}
      path: charts/platform
      helm: {{valueFiles: [$values/prod.yaml]}}
    - repoURL: {values}
      ref: values
"""


@pytest.mark.parametrize(
    ("values", "refs"),
    [
        ("https://github.com/anchor/ops", {"values": ""}),
        ("https://github.com/anchor/ops.git", {"values": ""}),
        ("https://GitHub.com/Anchor/Ops.git", {"values": ""}),
        ("https://github.com/anchor/other.git", {}),
        ("git@github.com:anchor/ops.git", {}),
    ],
)
def test_a_reference_ignores_how_the_url_is_written(values, refs):
    text = APPLICATION.format(chart="https://github.com/anchor/ops.git", values=values)
    (application,), problems = read_application_manifests({"prod.yaml": text})
    assert problems == ()
    assert find_helm_source(application).refs == refs


def test_both_spellings_of_an_ssh_url_are_one_repository():
    text = APPLICATION.format(chart="git@github.com:anchor/ops.git", values="ssh://git@github.com/anchor/ops")
    (application,), _ = read_application_manifests({"prod.yaml": text})
    assert find_helm_source(application).refs == {"values": ""}
