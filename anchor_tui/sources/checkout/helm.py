"""`helm template` over a checkout: what a chart renders, as Argo CD would call it. Nothing is fetched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from anchor_tui.domain.helm.value_layers import HelmSource
from anchor_tui.domain.yaml.document import parse_documents
from anchor_tui.domain.yaml.nodes import Json, YamlDocumentError

TIMEOUT_S = 60.0
MAX_BYTES = 64 * 1024 * 1024


class HelmError(Exception):
    """The chart does not render; the message is helm's own."""


def find_helm() -> str | None:
    """The helm on the PATH, if there is one."""
    return shutil.which("helm")


def render_chart(helm: str, root: Path, source: HelmSource, files: Sequence[str]) -> list[Json]:
    """The manifests that an Application's chart renders; HelmError where it does not.

    `files` are its values files in their order, as paths in the checkout.
    """
    with tempfile.TemporaryDirectory(prefix="anchor-tui-") as scratch:
        command = [helm, "template", *_list_arguments(root, source, files, Path(scratch))]
        said = _run_helm(command, root, Path(scratch))
    try:
        return [document.value for document in parse_documents(said, "helm template")]
    except YamlDocumentError as error:
        raise HelmError(f"what helm renders is no YAML: {error.problem.message}") from error


def _list_arguments(root: Path, source: HelmSource, files: Sequence[str], scratch: Path) -> Iterator[str]:
    options = source.helm
    name = options.get("releaseName")
    yield name if isinstance(name, str) and name else source.application
    yield str(root / source.path)
    namespace = options.get("namespace") or source.namespace
    if isinstance(namespace, str) and namespace:
        yield from ("--namespace", namespace)
    for file in files:
        yield from ("--values", str(root / file))
    if (inline := _write_inline_values(options, scratch)) is not None:
        yield from ("--values", str(inline))
    yield from _list_set_options(root, source)
    if isinstance(version := options.get("kubeVersion"), str) and version:
        yield from ("--kube-version", version)
    versions = options.get("apiVersions")
    for each in versions if isinstance(versions, list) else ():
        yield from ("--api-versions", str(each))


def _write_inline_values(options: object, scratch: Path) -> Path | None:
    """`valuesObject`, or else `values`, in a file of their own."""
    given = options if isinstance(options, dict) else {}
    whole, text = given.get("valuesObject"), given.get("values")
    content = json.dumps(whole) if isinstance(whole, dict) else text if isinstance(text, str) else ""
    if not content:
        return None
    file = scratch / "values.yaml"
    file.write_text(content, encoding="utf-8")
    return file


def _list_set_options(root: Path, source: HelmSource) -> Iterator[str]:
    for key in ("fileParameters", "parameters"):
        given = source.helm.get(key)
        for each in given if isinstance(given, list) else ():
            if not isinstance(each, dict):
                continue
            name, value = str(each.get("name")), each.get("value")
            if key == "fileParameters":
                yield from ("--set-file", f"{name}={root / source.path / str(each.get('path'))}")
                continue
            text = value if isinstance(value, str) else "" if value is None else str(value).lower()
            if not text.startswith("{"):
                text = text.replace("\\,", ",").replace(",", "\\,")
            yield from ("--set-string" if each.get("forceString") is True else "--set", f"{name}={text}")


def _run_helm(command: list[str], root: Path, scratch: Path) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - helm itself, and values that are no options of its
            command, cwd=root, capture_output=True, timeout=TIMEOUT_S, check=False, env=_helm_environment(scratch)
        )
    except subprocess.TimeoutExpired as error:
        raise HelmError(f"helm gave no answer within {TIMEOUT_S:g} s") from error
    except OSError as error:
        raise HelmError(f"helm cannot be started: {error.strerror or error}") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        told = [line for line in lines if line.startswith("Error:")] or lines
        raise HelmError(" ".join(told[:3])[:600].replace(f"{root}/", "") or "helm failed without a word")
    if len(done.stdout) > MAX_BYTES:
        raise HelmError(f"it renders more than {MAX_BYTES // 1024 // 1024} MiB")
    return done.stdout


def _helm_environment(scratch: Path) -> dict[str, str]:
    """A helm of its own: no plugins, no repositories, no cluster of whoever runs this."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HELM_", "KUBE"))}
    return {
        **kept,
        **{f"HELM_{key}_HOME": str(scratch / key.lower()) for key in ("CACHE", "CONFIG", "DATA")},
        "KUBECONFIG": os.devnull,
    }
