"""Rendering of charts in a checkout with `helm template`, as Argo CD calls it. Nothing is downloaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from anchor_tui.domain.helm.value_layers import HelmSource
from anchor_tui.domain.text_lines import split_lines
from anchor_tui.domain.yaml.document import parse_documents
from anchor_tui.domain.yaml.limits import YamlLimits
from anchor_tui.domain.yaml.nodes import Json, YamlDocumentError

TIMEOUT_S = 60.0
MAX_BYTES = 64 * 1024 * 1024
_OUTPUT_LIMITS = YamlLimits(size=MAX_BYTES, nodes=1_000_000)
"""A chart can render many objects. This takes some seconds, and a command waits for it."""


class HelmError(Exception):
    """The chart cannot be rendered. The message is helm's own."""


def find_helm() -> str | None:
    """Return the path of helm, None if it is not on the PATH."""
    return shutil.which("helm")


def render_chart(helm: str, root: Path, source: HelmSource, files: Sequence[str]) -> list[Json]:
    """Return the manifests that an Application's chart renders. Raises HelmError.

    `files` are its values files in order, as paths in the checkout.
    """
    with tempfile.TemporaryDirectory(prefix="anchor-tui-") as scratch:
        command = [helm, "template", *_list_arguments(root, source, files, Path(scratch))]
        output = _run_helm(command, root, Path(scratch))
    try:
        return [document.value for document in parse_documents(output, "helm template", _OUTPUT_LIMITS)]
    except YamlDocumentError as error:
        raise HelmError(f"the output of helm is not YAML: {error.problem.message}") from error


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
    for api_version in versions if isinstance(versions, list) else ():
        yield from ("--api-versions", str(api_version))


def _write_inline_values(options: Mapping[str, Json], scratch: Path) -> Path | None:
    """Write `valuesObject`, or else `values`, to a file and return its path; None without inline values."""
    values_object, values = options.get("valuesObject"), options.get("values")
    if isinstance(values_object, dict):
        content = json.dumps(values_object)
    else:
        content = values if isinstance(values, str) else ""
    if not content:
        return None
    file = scratch / "values.yaml"
    file.write_text(content, encoding="utf-8")
    return file


def _list_set_options(root: Path, source: HelmSource) -> Iterator[str]:
    for parameter in _list_mappings(source.helm.get("fileParameters")):
        path = root / source.path / str(parameter.get("path"))
        yield from ("--set-file", f"{parameter.get('name')}={path}")
    for parameter in _list_mappings(source.helm.get("parameters")):
        value = parameter.get("value")
        text = value if isinstance(value, str) else "" if value is None else str(value).lower()
        if not text.startswith("{"):
            text = text.replace("\\,", ",").replace(",", "\\,")
        option = "--set-string" if parameter.get("forceString") is True else "--set"
        yield from (option, f"{parameter.get('name')}={text}")


def _list_mappings(value: Json) -> list[dict[str, Json]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _run_helm(command: list[str], root: Path, scratch: Path) -> bytes:
    try:
        process = subprocess.run(  # noqa: S603 - helm itself; values cannot become options
            command, cwd=root, capture_output=True, timeout=TIMEOUT_S, check=False, env=_helm_environment(scratch)
        )
    except subprocess.TimeoutExpired as error:
        raise HelmError(f"helm did not finish within {TIMEOUT_S:g} s") from error
    except OSError as error:
        raise HelmError(f"helm cannot be started: {error.strerror or error}") from error
    if process.returncode != 0:
        lines = [line for line in split_lines(process.stderr.decode("utf-8", "replace")) if line.strip()]
        errors = [line for line in lines if line.startswith("Error:")] or lines
        raise HelmError(" ".join(errors[:3])[:600].replace(f"{root}/", "") or "helm failed without a message")
    if len(process.stdout) > MAX_BYTES:
        raise HelmError(f"the output is larger than {MAX_BYTES // 1024 // 1024} MiB")
    return process.stdout


def _helm_environment(scratch: Path) -> dict[str, str]:
    """Return an environment without the user's helm plugins, repositories and cluster."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HELM_", "KUBE"))}
    return {
        **kept,
        **{f"HELM_{key}_HOME": str(scratch / key.lower()) for key in ("CACHE", "CONFIG", "DATA")},
        "KUBECONFIG": os.devnull,
    }
